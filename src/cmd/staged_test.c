// commit staged as an operator meets it: by percent, by name, by itself; what is refused; every way
// back; and that no neighbour loses its session over it.
#include "box/box.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "conf/history.h"

#define NEIGHBOURS 4

static struct box *a, *neighbour[NEIGHBOURS];
static struct buf terminal_text; // file-scope: what the terminal below shows

static int set_up(void **state)
{
	struct buf lines = {0};

	sim_new(7);
	a = box_new("10.0.0.1");
	buf_text(&lines, "route-policy IN permit node 10\nbgp 100\n");
	for (unsigned i = 0; i < NEIGHBOURS; i++)
		buf_format(&lines,
			   "peer 10.0.0.%u as-number %u\npeer 10.0.0.%u route-policy IN import\n",
			   i + 2, 200 + i, i + 2);
	box_configure(a, buf_cstr(&lines));
	for (unsigned i = 0; i < NEIGHBOURS; i++) {
		char text[100];

		snprintf(text, sizeof text, "10.0.0.%u", i + 2);
		neighbour[i] = box_new(text);
		snprintf(text, sizeof text,
			 "bgp %u\npeer 10.0.0.1 as-number 100\nnetwork 10.%u.0.0 16", 200 + i,
			 i + 1);
		box_configure(neighbour[i], text);
	}
	sim_run_for(120 * SIM_SECOND);
	buf_free(&lines);
	return 0;
}

static unsigned sessions_lost(void)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < speaker_peer_count(a->app.speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(a->app.speaker, i);

		lost += sess_get_counters(speaker_peer_session(p))->established_count != 1;
	}
	return lost;
}

static int tear_down(void **state)
{
	assert_int_equal(sessions_lost(), 0);
	for (unsigned i = 0; i < NEIGHBOURS; i++)
		box_free(neighbour[i]);
	box_free(a);
	buf_free(&terminal_text);
	assert_int_equal(sim_free(), 0);
	return 0;
}

// Which neighbours' routes have the new preference: one bit each.
static unsigned changed(void)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < NEIGHBOURS; i++) {
		char line[80];

		snprintf(line, sizeof line, "display bgp routing-table 10.%u.0.0 16", i + 1);
		if (strstr(box_run(a, line), "localpref 300"))
			bits |= 1u << i;
	}
	return bits;
}

static void edit(void)
{
	box_run(a, "system-view");
	box_run(a, "route-policy IN permit node 10");
	box_run(a, "apply local-preference 300");
	assert_int_equal(a->status, 0);
}

static void settle(void)
{
	sim_run_for(5 * SIM_SECOND);
}

// --- ways through -------------------------------------------------------------------------------------
static void test_percent(void **state)
{
	edit();
	box_expect(a, "commit staged percent 50 description first half", "Info: Plan: 2 steps",
		   "peer 10.0.0.2", "peer 10.0.0.3",
		   "Info: Staged: 2 of 4 peers have the new policies: 10.0.0.2, 10.0.0.3.\n"
		   "The next peers get them by commit; abort staged takes all of it back.\n",
		   NULL);
	settle();
	assert_int_equal(changed(), 3);
	box_expect(a, "display configuration staged status", "Staged status: ACTIVE\n",
		   "Stage: 1\nNext stage: by commit\nPeers with the new policies: 2\n"
		   "  10.0.0.2\n  10.0.0.3\nPeers with the old policies: 2\n"
		   "  10.0.0.4\n  10.0.0.5\n",
		   NULL);
	box_expect(a, "display configuration commit list verbose 1", "Type: STAGED\n",
		   "Description: first half\n", "Trial: not confirmed (staged: 2 of 4 peers)\n",
		   NULL);
	box_expect(a, "commit", "Info: Plan: 2 steps", "peer 10.0.0.4",
		   "Info: All of 4 peers have the new policies; the staged commit is complete.\n",
		   NULL);
	settle();
	assert_int_equal(changed(), 15);
	box_expect(a, "display configuration staged status", "Staged status: INACTIVE\n", NULL);
	box_expect(a, "display configuration commit list verbose 1",
		   "Description: stage 2 of commit 1000000002\n", NULL);
	assert_null(strstr(box_run(a, "display configuration commit list"), "*"));
	cmd_stop(&a->app);
	cmd_start(&a->app); // nothing waits any more
	assert_int_equal(conf_store_number(a->app.store), 3);
}

static void test_named(void **state)
{
	edit();
	box_refuses(a, "commit staged peer 10.0.0.77",
		    "Error: The policies of peer 10.0.0.77 do not change, or there is no such");
	box_expect(a, "commit staged peer 10.0.0.5 10.0.0.3 persist word",
		   "Info: Staged: 2 of 4 peers have the new policies: 10.0.0.3, 10.0.0.5.\n", NULL);
	settle();
	assert_int_equal(changed(), 10);
	box_run(a, "sysname X");
	box_refuses(a, "commit", "Error: A staged commit is under way: go on with it by commit");
	box_run(a, "clear configuration candidate");
	box_refuses(a, "commit trial", "Error: A staged commit is under way");
	box_refuses(a, "run rollback configuration last 1", "Error: A staged commit is under way");
	box_expect(a, "commit", "Info: All of 4 peers", NULL);
	settle();
	assert_int_equal(changed(), 15);
}

static void test_interval(void **state)
{
	edit();
	box_expect(a, "commit staged percent 25 interval 30",
		   "The next peers get them in 30 seconds, or by commit; abort staged ", NULL);
	settle();
	assert_int_equal(changed(), 1);
	box_expect(a, "display configuration staged status", "Next stage in (sec): 2", NULL);
	sim_run_for(30 * SIM_SECOND);
	assert_int_equal(changed(), 3);
	json_t *o = json_loads(box_json(a, "display configuration staged status"), 0, NULL);
	assert_int_equal(json_array_size(json_object_get(o, "changed")), 2);
	assert_int_equal(json_integer_value(json_object_get(o, "stage")), 2);
	json_decref(o);
	sim_run_for(70 * SIM_SECOND);
	assert_int_equal(changed(), 15);
	assert_int_equal(conf_store_number(a->app.store), 5);
	box_expect(a, "display configuration staged status", "INACTIVE", NULL);
}

// All at once is allowed: it is over with its first stage.
static void test_all_at_once(void **state)
{
	edit();
	box_expect(a, "commit staged percent 100", "Info: All of 4 peers", NULL);
	settle();
	assert_int_equal(changed(), 15);
	assert_null(strstr(box_run(a, "display configuration commit list"), "*"));
}

// --- ways back ----------------------------------------------------------------------------------------
static void expect_old(void)
{
	settle();
	assert_int_equal(changed(), 0);
	assert_null(strstr(box_run(a, "display current-configuration"), "local-preference"));
	box_expect(a, "display configuration staged status", "INACTIVE", NULL);
}

static void test_abort(void **state)
{
	edit();
	box_refuses(a, "abort staged", "Error: No staged commit is under way.");
	box_run(a, "commit staged percent 25");
	box_run(a, "commit");
	settle();
	assert_int_equal(changed(), 3);
	box_refuses(a, "abort trial", "Error: The system is not in the trial configuration mode.");
	box_expect(a, "abort staged", "Info: Plan: 2 steps",
		   "Info: The staged configuration rollback succeeded.\n", NULL);
	expect_old();
	box_expect(a, "display configuration commit list verbose 1", "Type: STAGED-ROLLBACK\n",
		   "Description: it was aborted\n", NULL);
	edit();
	box_run(a, "commit staged percent 25");
	box_run(a, "abort");
	expect_old();
}

static void test_restart(void **state)
{
	edit();
	box_run(a, "commit staged percent 25 persist word");
	box_run(a, "commit");
	settle();
	cmd_stop(&a->app); // as when the process ends
	assert_int_equal(changed(), 3);
	cmd_start(&a->app);
	expect_old();
	box_expect(a, "display configuration commit list verbose 1",
		   "Description: the daemon was restarted\n", NULL);
}

static void on_output(void *arg, const char *text, size_t n)
{
	buf_put(&terminal_text, text, n);
}

static void on_text(void *arg, const char *text)
{
	buf_text(&terminal_text, text);
}

static void on_status(void *arg, int status)
{
}

static void on_closed(void *arg)
{
}

static const char *terminal_type(struct cli_session *s, const char *line)
{
	buf_clear(&terminal_text);
	cli_session_line(s, line);
	return buf_cstr(&terminal_text);
}

static void test_of_a_session(void **state)
{
	static const struct cli_session_ops ops = {.output = on_output,
						   .prompt = on_text,
						   .question = on_text,
						   .status = on_status,
						   .closed = on_closed};
	const struct cli_session_mode mode = {.user = "other", .level = 3, .script = true};
	struct cli_session *s = cli_session_new(a->app.cli, &mode, &ops, NULL);

	cli_session_start(s);
	terminal_type(s, "system-view");
	terminal_type(s, "route-policy IN permit node 10");
	terminal_type(s, "apply local-preference 300");
	assert_non_null(strstr(terminal_type(s, "commit staged percent 25"), "Staged: 1 of 4"));
	settle();
	assert_int_equal(changed(), 1);
	box_run(a, "system-view");
	box_run(a, "sysname X");
	box_refuses(a, "commit", "Error: A staged commit of another user is under way.");
	box_refuses(a, "abort staged", "Error: The staged configuration is that of another user.");
	box_run(a, "clear configuration candidate");
	box_run(a, "return");
	cli_session_free(s);
	expect_old();
	box_expect(a, "display configuration commit list verbose 1",
		   "Description: its session has ended\n", NULL);
}

// --- what is refused ------------------------------------------------------------------------------------
static void refuses(const char *lines, const char *what)
{
	char *copy = mem_text(lines), *save = NULL;
	uint32_t number = conf_store_number(a->app.store);

	edit();
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		box_run(a, l);
		assert_int_equal(a->status, 0);
	}
	box_refuses(a, "commit staged percent 50", what);
	assert_int_equal(conf_store_number(a->app.store), number);
	box_run(a, "clear configuration candidate");
	box_run(a, "return");
	mem_free(copy);
	expect_old();
}

static void test_refused(void **state)
{
#define ONLY "Error: Only import and export policies of peers can be committed in stages, not "
	refuses("quit\nsysname X", ONLY "sysname.");
	refuses("quit\nbgp 100\npeer 10.0.0.9 as-number 900", ONLY "the new peer 10.0.0.9.");
	refuses("quit\nbgp 100\nundo peer 10.0.0.5", ONLY "the removal of peer 10.0.0.5.");
	refuses("quit\nbgp 100\npeer 10.0.0.5 timer keepalive 10 hold 30",
		ONLY "the session of peer 10.0.0.5.");
	refuses("quit\nbgp 100\npeer 10.0.0.5 keep-all-routes",
		ONLY "keep-all-routes of peer 10.0.0.5.");
	refuses("quit\nbgp 100\nnetwork 10.77.0.0 16", ONLY "a network of IPv4 Unicast.");
	refuses("quit\nbgp 100\naggregate 10.0.0.0 8", ONLY "an aggregate of IPv4 Unicast.");
	refuses("quit\nbgp 100\nbestroute as-path-ignore", ONLY "an option of IPv4 Unicast.");
	refuses("quit\nip vpn-instance red", ONLY "a VPN instance that comes or goes.");
	refuses("quit\nbgp 100\ngroup G external", ONLY "a peer group that comes or goes.");
	box_run(a, "system-view");
	box_run(a, "route-policy UNUSED permit node 10");
	box_refuses(a, "commit staged percent 50",
		    "Error: The policies of no peer change: there are no stages.");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_percent),      CASE(test_named),   CASE(test_interval),
		CASE(test_all_at_once),  CASE(test_abort),   CASE(test_restart),
		CASE(test_of_a_session), CASE(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
