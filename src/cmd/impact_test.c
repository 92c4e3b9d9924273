// Impacts: the page, JSON and samples from figures made up, then whole boxes in simulated time: what is
// foretold is what the commit does, filters, errors, cancelling, two operators, rollback.
#include "box/box.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "cmd/impact.h"
#include "conf/history.h"

static struct box *a, *b, *c;

static int set_up(void **state)
{
	sim_new(9);
	a = box_new("10.0.0.1");
	b = box_new("10.0.0.2");
	c = box_new("10.0.0.3");
	box_configure(a, "ip ip-prefix TEN index 10 permit 10.1.0.0 16\n"
			 "route-policy IN permit node 10\nquit\n"
			 "bgp 100\nrouter-id 10.0.0.1\npeer 10.0.0.2 as-number 200\n"
			 "peer 10.0.0.3 as-number 300\nipv4-family unicast\n"
			 "peer 10.0.0.2 route-policy IN import\npeer 10.0.0.2 keep-all-routes");
	box_configure(b, "bgp 200\nrouter-id 10.0.0.2\npeer 10.0.0.1 as-number 100\n"
			 "network 10.1.0.0 16\nnetwork 10.2.0.0 16");
	box_configure(c, "bgp 300\nrouter-id 10.0.0.3\npeer 10.0.0.1 as-number 100");
	sim_run_for(120 * SIM_SECOND);
	return 0;
}

static int tear_down(void **state)
{
	box_free(a);
	box_free(b);
	box_free(c);
	assert_int_equal(sim_free(), 0);
	return 0;
}

static struct ip address_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

// --- made up ------------------------------------------------------------------------------------------
static struct impact *made_up(void)
{
	struct impact *i = MEM_NEW(struct impact);

	conf_tree_init(&i->tree);
	i->config = speaker_config_ref((struct speaker_config *)speaker_running(a->app.speaker));
	i->upon = 7;
	i->microseconds = 41234;
	i->row_count = 3;
	i->rows = mem_zero(3 * sizeof *i->rows);
	for (unsigned k = 0; k < 3; k++) {
		i->rows[k].row.family = (uint8_t)af_index(af_classic());
		i->rows[k].row.peer = k ? (uint16_t)k : RIB_NO_PEER;
	}
	i->rows[0].row.count[LEDGER_BEST_NEW] = 1190;
	i->rows[0].row.count[LEDGER_BEST_CHANGED] = 34;
	i->rows[0].row.changed_by[ATTR_LOCAL_PREF] = 34;
	i->rows[1].address = address_of("10.0.0.2");
	i->rows[1].row.count[LEDGER_ACCEPTED] = 1200;
	i->rows[1].row.count[LEDGER_CHANGED] = 34;
	i->rows[1].row.changed_by[0] = 3;
	i->rows[1].row.changed_by[ATTR_LOCAL_PREF] = 34;
	i->rows[2].address = address_of("10.0.0.3");
	i->rows[2].row.count[LEDGER_ANNOUNCED] = 1190;
	i->rows[2].row.count[LEDGER_WITHDRAWN] = 8;
	i->unknown = mem_zero(sizeof *i->unknown);
	i->unknown_count = 1;
	i->unknown[0] = (struct impact_unknown){.address = address_of("10.0.0.2"),
						.af = af_classic(),
						.unkept = 3101,
						.asked = true};
	impact_total(i, &(struct impact_filter){0}, i->total);
	return i;
}

static void expect(const char *at, const char *const *want)
{
	const char *text = at;

	for (; *want; want++) {
		const char *found = strstr(at, *want);
		if (!found)
			fail_msg("no \"%s\" in\n%s", *want, text);
		at = found + strlen(*want);
	}
}
#define EXPECT(text, ...) expect(text, (const char *const[]){__VA_ARGS__, NULL})

static void test_page(void **state)
{
	struct impact *i = made_up();
	struct impact_view v = {.impact = i};
	struct buf out = {0};

	impact_text(&out, &a->app, &v);
	EXPECT(buf_cstr(&out), " Impact upon commit 1000000007, worked out in 0.041 s\n",
	       "  Sessions reset : none\n",
	       "  Routes         : 1200 newly accepted, 0 newly rejected, 34 changed, 0 lost\n",
	       "  Best paths     : 1190 new, 0 gone, 0 moved, 34 changed\n",
	       "  To peers       : 1190 announced, 0 announced again, 8 withdrawn\n",
	       "\n IPv4 Unicast:\n",
	       "  From peer          Accepted   Rejected    Changed       Lost   Changed by\n"
	       "   10.0.0.2              1200          0         34          0   pref-val 3, "
	       "localpref 34\n",
	       "  Best paths              New       Gone      Moved    Changed   Changed by\n"
	       "                         1190          0          0         34   localpref 34\n",
	       "  To peer           Announced      Again  Withdrawn   Again for\n"
	       "   10.0.0.3              1190          0          8\n",
	       "\n Not known: routes turned away before, and not kept\n",
	       "   10.0.0.2, IPv4 Unicast ", "3101   ROUTE-REFRESH, at commit\n");
	buf_clear(&out);
	v.filter = (struct impact_filter){.has_peer = true, .peer = address_of("10.0.0.3")};
	impact_text(&out, &a->app, &v);
	EXPECT(buf_cstr(&out), "  Shown          : peer 10.0.0.3\n",
	       "  Routes         : 0 newly accepted, ", "  To peers       : 1190 announced, ");
	assert_null(strstr(buf_cstr(&out), "From peer"));
	assert_null(strstr(buf_cstr(&out), "Best paths"));
	buf_free(&out);
	impact_free(i);
}

static void test_json(void **state)
{
	struct impact *i = made_up();
	const struct impact_view v = {.impact = i};
	json_t *o = impact_json(&a->app, &v);
	json_t *peer = json_array_get(json_object_get(o, "peers"), 0);
	json_t *by = json_object_get(peer, "changed_by");

	assert_int_equal(json_integer_value(json_object_get(o, "upon")), 1000000007);
	assert_int_equal(json_array_size(json_object_get(o, "peers")), 2);
	assert_int_equal(json_array_size(json_object_get(o, "tables")), 1);
	assert_string_equal(json_string_value(json_object_get(peer, "peer")), "10.0.0.2");
	assert_int_equal(json_integer_value(json_object_get(peer, "newly_accepted")), 1200);
	assert_int_equal(json_object_size(by), 2);
	assert_int_equal(json_integer_value(json_object_get(by, "local_preference")), 34);
	json_t *totals = json_object_get(o, "totals");
	assert_int_equal(json_integer_value(json_object_get(totals, "withdrawn")), 8);
	json_t *unknown = json_array_get(json_object_get(o, "unknown"), 0);
	assert_int_equal(json_integer_value(json_object_get(unknown, "turned_away")), 3101);
	json_decref(o);
	impact_free(i);
}

static struct impact *sampled; // file-scope: where the samples below are put

static void take(const struct buf *sample)
{
	struct impact_sample one;

	assert_true(impact_sample_read(sample->data, sample->len, &one));
	sampled->samples = mem_resize(sampled->samples,
				      (sampled->sample_count + 1) * sizeof *sampled->samples);
	sampled->samples[sampled->sample_count++] = one;
	// No part of it alone is one.
	for (size_t n = 0; n < sample->len; n++)
		assert_false(impact_sample_read(sample->data, n, &one));
}

static struct attr_set *set_of(struct attr_table *t, struct arena *arena, uint32_t preference)
{
	static const uint8_t path[] = {AS_SEQUENCE, 1, 0, 0, 0, 200};
	struct attrs as;

	attrs_clear(&as);
	attrs_put_u8(&as, arena, ATTR_ORIGIN, ORIGIN_IGP);
	attrs_put(&as, ATTR_AS_PATH, 0x40, path, sizeof path);
	if (preference)
		attrs_put_u32(&as, arena, ATTR_LOCAL_PREF, preference);
	return attr_at(t, attr_intern(t, &as));
}

static void test_samples(void **state)
{
	struct attr_table t;
	struct arena arena = {0};
	attr_table_init(&t);
	const struct attr_set *plain = set_of(&t, &arena, 0), *high = set_of(&t, &arena, 300);
	struct measure_sample samples[4] = {
		{.sample = {.class = LEDGER_BEST_MOVED,
			    .peer = RIB_NO_PEER,
			    .peer_before = 1,
			    .peer_after = 2,
			    .before = plain,
			    .after = high}},
		{.address = address_of("10.0.0.2"),
		 .sample = {.class = LEDGER_ACCEPTED, .after = high}},
		{.address = address_of("10.0.0.2"),
		 .sample = {.class = LEDGER_CHANGED, .before = high, .after = plain}},
		{.address = address_of("10.0.0.2"),
		 .sample = {.class = LEDGER_CHANGED, .before = plain, .after = high}},
	};
	struct measure_name names[] = {
		{0}, {0, address_of("10.0.0.2")}, {0, address_of("10.0.0.3")}};
	const struct measure m = {
		.samples = samples, .sample_count = 4, .names = names, .name_count = 3};
	const struct impact_want w = {.shown = 1};
	struct buf out = {0};

	for (unsigned k = 0; k < 4; k++) {
		samples[k].sample.af = af_classic();
		assert_true(af_classic()->text_get("10.7.0.0/16", &samples[k].sample.key));
	}
	sampled = made_up();
	impact_samples_tell(&m, &w, take);
	assert_int_equal(sampled->sample_count, 3); // one of each class
	const struct impact_view v = {.impact = sampled, .samples = 5};
	impact_text(&out, &a->app, &v);
	EXPECT(buf_cstr(&out), "\n IPv4 Unicast, newly accepted (1 of 1200):\n",
	       "   10.7.0.0/16         10.0.0.2         origin igp, AS-path 200, localpref 300\n",
	       " IPv4 Unicast, accepted with other attributes (1 of 34):\n",
	       "   10.7.0.0/16         10.0.0.2         localpref 300 -> none\n",
	       " IPv4 Unicast, best path moved (1 of 0):\n",
	       "   10.7.0.0/16         10.0.0.2 -> 10.0.0.3  localpref none -> 300\n");
	json_t *o = impact_json(&a->app, &v);
	json_t *first = json_array_get(json_object_get(o, "samples"), 0);
	json_t *after = json_object_get(first, "after");
	assert_string_equal(json_string_value(json_object_get(first, "class")), "best_moved");
	assert_int_equal(json_integer_value(json_object_get(after, "local_preference")), 300);
	json_decref(o);
	buf_free(&out);
	impact_free(sampled);
	arena_free(&arena);
	attr_table_free(&t);
}

// --- whole boxes --------------------------------------------------------------------------------------
#define IMPACT "display configuration candidate impact"

static void narrow(void)
{
	box_run(a, "system-view");
	box_run(a, "route-policy IN permit node 10");
	box_run(a, "if-match ip-prefix TEN");
	box_run(a, "apply local-preference 150");
	assert_int_equal(a->status, 0);
}

static void test_display(void **state)
{
	narrow();
	box_expect(a, IMPACT, " Impact upon commit 1000000001, ", "  Sessions reset : none\n",
		   "  Routes         : 0 newly accepted, 1 newly rejected, 1 changed, 0 lost\n",
		   "  Best paths     : 0 new, 1 gone, 0 moved, 1 changed\n",
		   "  To peers       : 0 announced, 0 announced again, 1 withdrawn\n",
		   "\n IPv4 Unicast:\n", "   10.0.0.2 ", "localpref 1\n", "   10.0.0.3 ",
		   " newly rejected (1 of 1):\n", "   10.2.0.0/16         10.0.0.2 ",
		   "accepted with other attributes (1 of 1):\n", "localpref none -> 150\n", NULL);
	box_expect(a, IMPACT " peer 10.0.0.3 sample 0", "Shown          : peer 10.0.0.3\n",
		   "1 withdrawn\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "10.2.0.0"));
	box_expect(a, IMPACT " prefix 10.1.0.0 16", "  Within         : 10.1.0.0/16\n",
		   "0 newly rejected, 1 changed", NULL);
	box_expect(a, IMPACT " ipv6", "  Shown          : IPv6 Unicast\n", "0 newly rejected, 0",
		   NULL);
	box_refuses(a, IMPACT " peer 10.0.0.9", "Error: The peer does not exist.");
	box_refuses(a, IMPACT " vpn-instance none", "Error: The VPN instance does not exist.");
	// Nothing has changed.
	box_expect(c, "display bgp routing-table", "10.2.0.0/16", NULL);
	box_expect(a, "display configuration candidate changes", "apply local-preference 150",
		   NULL);
}

static uint64_t figure(const char *name)
{
	json_t *o = json_loads(box_json(a, IMPACT), 0, NULL);
	json_t *v = json_object_get(json_object_get(o, "totals"), name);
	uint64_t n = json_is_integer(v) ? (uint64_t)json_integer_value(v) : UINT64_MAX;

	json_decref(o);
	return n;
}

static void test_json_of_a_box(void **state)
{
	box_json(a, "system-view");
	assert_int_equal(figure("newly_rejected"), 0);
	box_json(a, "route-policy IN permit node 10");
	box_json(a, "if-match ip-prefix TEN");
	assert_int_equal(figure("newly_rejected"), 1);
	assert_int_equal(figure("withdrawn"), 1);
	assert_int_equal(figure("changed"), 0);
}

static void test_comes_true(void **state)
{
	narrow();
	box_run(a, IMPACT);
	box_run(a, "commit");
	sim_run_for(5 * SIM_SECOND);
	box_expect(a, "display configuration commit list verbose 1", "        Impact:\n",
		   "1 newly rejected, 1 changed", "        Report:\n          Foretold:\n",
		   "            Routes: 0 newly accepted, 1 newly rejected, 1 changed, 0 lost\n",
		   "          Came:\n",
		   "            Routes: 0 newly accepted, 1 newly rejected, 1 changed, 0 lost\n",
		   "          Equal: yes, in every table and for every peer.\n",
		   "          Jobs: ", NULL);
	box_run(a, "return");
	assert_null(strstr(box_run(c, "display bgp routing-table"), "10.2.0.0"));
	// Another tree than the one that was looked at is not foretold.
	box_run(a, "system-view");
	box_run(a, "route-policy IN permit node 10");
	box_run(a, "apply local-preference 160");
	box_run(a, IMPACT);
	box_run(a, "apply local-preference 170");
	box_run(a, "commit");
	sim_run_for(5 * SIM_SECOND);
	assert_null(strstr(box_run(a, "display configuration commit list verbose 1"), "Foretold"));
}

static void test_overtaken(void **state)
{
	narrow();
	box_run(a, IMPACT);
	box_run(a, "commit");
	box_run(a, "apply local-preference 170");
	box_run(a, "commit"); // no time has passed
	sim_run_for(5 * SIM_SECOND);
	box_expect(a, "display configuration commit list verbose 2", "2) CommitId: 1000000002\n",
		   "Foretold:\n", "What came was not measured: another commit followed at once.\n",
		   NULL);
	// And what is foretold of the next one comes true again.
	box_run(a, "apply local-preference 180");
	box_run(a, IMPACT);
	box_run(a, "commit");
	sim_run_for(5 * SIM_SECOND);
	box_expect(a, "display configuration commit list verbose 1", "Equal: yes", NULL);
}

static void test_sessions(void **state)
{
	box_run(a, "system-view");
	box_run(a, "bgp 100");
	box_run(a, "undo peer 10.0.0.2");
	box_expect(a, IMPACT, "  Sessions reset : 1\n", "    10.0.0.2 ", "peer removed\n",
		   "0 newly rejected, 0 changed, 2 lost\n", "2 gone", "2 withdrawn\n", NULL);
	box_run(a, "commit");
	sim_run_for(5 * SIM_SECOND);
	box_expect(a, "display configuration commit list verbose 1", "Equal: yes", NULL);
}

static void test_without_bgp(void **state)
{
	box_run(a, "system-view");
	box_run(a, "undo bgp");
	box_expect(a, IMPACT, "  Sessions reset : 2\n", "2 lost\n", NULL);
	box_run(a, "commit");
	sim_run_for(5 * SIM_SECOND);
	box_run(a, "bgp 100");
	box_run(a, "peer 10.0.0.2 as-number 200");
	box_expect(a, IMPACT, "  Sessions reset : none\n", "0 newly accepted", NULL);
}

static void test_errors(void **state)
{
	box_run(a, "system-view");
	box_expect(a, IMPACT, "Info: No configuration changes.\n", NULL);
	box_run(a, "undo ip ip-prefix TEN");
	box_run(a, "route-policy IN permit node 10");
	box_run(a, "if-match ip-prefix TEN");
	box_run(a, "return");
	box_run(a, "system-view");
	box_run(a, "undo route-policy IN");
	box_run(a, IMPACT);
	assert_int_equal(a->status, 1);
	assert_non_null(strstr(buf_cstr(&a->out), "Error: "));
}

// --- terminals ----------------------------------------------------------------------------------------
struct terminal {
	struct cli_session *session;
	struct buf text;
	int status, prompts;
};

static void on_output(void *arg, const char *text, size_t n)
{
	buf_put(&((struct terminal *)arg)->text, text, n);
}

static void on_text(void *arg, const char *text)
{
	struct terminal *t = arg;

	buf_text(&t->text, text);
	t->prompts++;
}

static void on_progress(void *arg, const char *text)
{
}

static void on_status(void *arg, int status)
{
	((struct terminal *)arg)->status = status;
}

static void on_closed(void *arg)
{
}

static void terminal_open(struct terminal *t)
{
	static const struct cli_session_ops ops = {.output = on_output,
						   .prompt = on_text,
						   .question = on_text,
						   .status = on_status,
						   .progress = on_progress,
						   .closed = on_closed};
	const struct cli_session_mode mode = {.user = "other", .level = 3};

	*t = (struct terminal){0};
	t->session = cli_session_new(a->app.cli, &mode, &ops, t);
	cli_session_start(t->session);
}

static void begin(struct terminal *t, const char *line)
{
	buf_clear(&t->text);
	cli_session_line(t->session, line);
}

static const char *finish(struct terminal *t)
{
	for (unsigned i = 0;
	     i < 1000 && cli_session_busy(t->session) && !strstr(buf_cstr(&t->text), "[Y/N]:"); i++)
		sim_run_for(10 * SIM_MS);
	return buf_cstr(&t->text);
}

static const char *type(struct terminal *t, const char *line)
{
	begin(t, line);
	return finish(t);
}

static void terminal_close(struct terminal *t)
{
	cli_session_free(t->session);
	buf_free(&t->text);
}

static void test_two_operators(void **state)
{
	struct terminal one, two;

	terminal_open(&one);
	terminal_open(&two);
	type(&one, "system-view");
	type(&two, "system-view");
	type(&one, "route-policy IN deny node 5");
	type(&two, "route-policy IN permit node 10");
	type(&two, "apply local-preference 170");
	begin(&one, IMPACT);
	begin(&two, IMPACT);
	EXPECT(finish(&one), "0 newly accepted, 2 newly rejected, 0 changed");
	EXPECT(finish(&two), "0 newly accepted, 0 newly rejected, 2 changed");
	terminal_close(&one);
	terminal_close(&two);
}

static void test_cancelled(void **state)
{
	struct terminal one;

	terminal_open(&one);
	type(&one, "system-view");
	type(&one, "route-policy IN deny node 5");
	begin(&one, IMPACT);
	if (cli_session_busy(one.session)) {
		cli_session_interrupt(one.session);
		assert_false(cli_session_busy(one.session));
		assert_null(strstr(buf_cstr(&one.text), "Impact"));
	}
	EXPECT(type(&one, IMPACT), "2 newly rejected");
	// And with the session itself.
	begin(&one, IMPACT);
	terminal_close(&one);
	sim_run_for(5 * SIM_SECOND);
}

static void test_rollback(void **state)
{
	struct terminal one;

	narrow();
	box_run(a, "commit");
	box_run(a, "return");
	sim_run_for(5 * SIM_SECOND);
	terminal_open(&one);
	EXPECT(type(&one, "rollback configuration last 1"), " Impact upon commit 1000000002, ",
	       "1 newly accepted, 0 newly rejected, 1 changed", "1 announced",
	       "Warning: This operation will revert configuration changes to the previous status. "
	       "Continue? [Y/N]:");
	type(&one, "n");
	assert_int_equal(conf_store_number(a->app.store), 2);
	begin(&one, "rollback configuration last 1");
	cli_session_interrupt(one.session); // while it is worked out, or asked
	sim_run_for(SIM_SECOND);
	assert_false(cli_session_busy(one.session));
	assert_int_equal(conf_store_number(a->app.store), 2);
	type(&one, "rollback configuration last 1");
	EXPECT(type(&one, "y"), "Configuration rollback succeeded.");
	sim_run_for(5 * SIM_SECOND);
	box_expect(a, "display configuration commit list verbose 1", "Type: ROLLBACK\n",
		   "        Impact:\n", "1 newly accepted", "Equal: yes", NULL);
	terminal_close(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_samples, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_display, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json_of_a_box, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_comes_true, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overtaken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sessions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_bgp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_operators, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rollback, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
