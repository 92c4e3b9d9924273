// `check bgp tables` as an operator sees it: nothing to find, tables that are chosen, a damaged table that
// is found, told, logged and remembered, two at once, one that is left.
#include "box/box.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/audit.h"
#include "rib/group.h"
#include "speaker/private.h"
#include "speaker/worker.h"

static struct box *a, *b;
static struct buf logged;

static const char ours[] = "sysname A\n"
			   "ip vpn-instance red\nipv4-family\nroute-distinguisher 100:1\n"
			   "vpn-target 1:1\nquit\nquit\n"
			   "bgp 100\nrouter-id 10.0.0.1\npeer 10.0.0.2 as-number 200\n"
			   "ipv4-family unicast\nnetwork 10.9.0.0 16\nquit\n"
			   "ipv4-family vpnv4\npeer 10.0.0.2 enable\nquit\n"
			   "ipv4-family vpn-instance red\nnetwork 10.8.0.0 16";
static const char theirs[] = "sysname B\nbgp 200\nrouter-id 10.0.0.2\npeer 10.0.0.1 as-number 100\n"
			     "ipv4-family unicast\nnetwork 10.1.0.0 16\nnetwork 10.2.0.0 16\nquit\n"
			     "ipv4-family vpnv4\npeer 10.0.0.1 enable";

static void note(enum log_level level, const char *line, void *arg)
{
	if (level == LOG_LEVEL_ERROR)
		buf_format(&logged, "%s\n", line);
}

static int set_up(void **state)
{
	sim_new(5);
	a = box_new("10.0.0.1");
	b = box_new("10.0.0.2");
	box_configure(a, ours);
	box_configure(b, theirs);
	sim_run_for(120 * SIM_SECOND);
	log_set_sink(note, NULL);
	buf_clear(&logged);
	return 0;
}

static int tear_down(void **state)
{
	box_free(a);
	box_free(b);
	assert_int_equal(sim_free(), 0);
	buf_free(&logged);
	return 0;
}

static void test_nothing(void **state)
{
	box_expect(a, "check bgp tables", "Table ", "Destinations      Paths Announcements",
		   " IPv4 Unicast                                        3          3", " VPNv4",
		   " IPv4 Unicast, vpn-instance red ",
		   " Tables checked: 3; 5 destinations, 5 paths, 2 announcements; differences: 0\n",
		   " From 2 routes as received, commit 1, worked out in ", NULL);
	assert_int_equal(a->status, 0);
	assert_null(strstr(buf_cstr(&a->out), "Not checked"));
	assert_string_equal(buf_cstr(&logged), "");
	box_expect(a, "display bgp tables check",
		   " Checks finished: 1; with differences: 0; differences in all: 0\n", "  No. ",
		   "    1  20", "tester", "1            0  all tables, finished\n", NULL);
	box_expect(a, "display bgp tables check verbose", "Tables checked: 3", NULL);
}

static void test_some_tables(void **state)
{
	box_expect(a, "check bgp tables ipv4", " Tables checked: 1; 3 destinations", NULL);
	box_expect(a, "check bgp tables vpnv4", "VPNv4", "vpn-instance red",
		   " Tables checked: 2; 2 destinations", NULL);
	box_expect(a, "check bgp tables vpn-instance red", " Tables checked: 1; 1 destinations",
		   NULL);
	box_expect(a, "check bgp tables vpnv4 vpn-instance red", " Tables checked: 1; 1 destin",
		   NULL);
	box_expect(a, "check bgp tables ipv6", " Tables checked: 0; 0 destinations", NULL);
	box_expect(a, "display bgp tables check", "VPNv4 Unicast of vpn-instance red, finished\n",
		   "all tables of vpn-instance red, finished\n", "IPv4 Unicast, finished\n", NULL);
	box_refuses(a, "check bgp tables vpn-instance blue", "The VPN instance does not exist.");
	box_refuses(a, "check bgp tables ipv6 vpn-instance red",
		    "The VPN instance does not have this address family.");
	box_expect(a, "display bgp tables check", " Checks finished: 5; ", NULL);
}

// The best path that B was told of, gone from its Adj-RIB-Out and from that alone.
static void damage(void)
{
	const struct af *af = af_classic();
	struct rib *rib = worker_rib(a->app.speaker->shards[0]->worker, INSTANCE_PUBLIC);
	struct speaker_peer *p = speaker_peer_at(a->app.speaker, 0);
	struct af_key key = {0};

	assert_true(af->text_get("10.9.0.0/16", &key));
	struct member *m = rib_member(rib, speaker_peer_number(p), af);
	struct adj_out_entry *e = adj_out_find(&m->group->out, rib_number(rib, af, &key));
	assert_true(e && e->attr);
	e->attr = 0;
	assert_true(af->text_get("10.1.0.0/16", &key));
	struct family *f = rib_family(rib, af);
	table_path(&f->table, table_at(&f->table, rib_number(rib, af, &key))->first)->attr = 0;
}

static void test_damage(void **state)
{
	damage();
	box_expect(a, "check bgp tables",
		   " IPv4 Unicast 10.9.0.0/16: announcement, peer 10.0.0.2\n"
		   "   stands       : nothing announced\n",
		   " IPv4 Unicast 10.1.0.0/16: verdict, peer 10.0.0.2\n"
		   "   stands       : not accepted\n"
		   "   ought to be  : ORIGIN igp, AS_PATH 200, NEXT_HOP 10.0.0.2\n"
		   "   paths        : 1\n",
		   " IPv4 Unicast 10.1.0.0/16: best path\n   stands       : none\n",
		   "differences: 3\n", "   verdict                : 1\n",
		   "   best path              : 1\n", "   announcement           : 1\n", NULL);
	const char *log = buf_cstr(&logged);
	assert_non_null(strstr(log,
			       "tables check: IPv4 Unicast 10.1.0.0/16: verdict, peer 10.0.0.2 "
			       "is not what it ought to be; commit 1, generation "));
	assert_non_null(
		strstr(log, "tables check: IPv4 Unicast 10.1.0.0/16, stands: not accepted"));
	assert_non_null(
		strstr(log, "ought to be: ORIGIN igp, AS_PATH 200, NEXT_HOP 10.0.0.2 4001"));
	assert_non_null(strstr(log, "10.1.0.0/16, received from peer 10.0.0.2: 40010100"));
	assert_non_null(strstr(log, "tables check 1: 3 differences in all, commit 1\n"));
	box_expect(a, "display bgp tables check",
		   " Checks finished: 1; with differences: 1; differences in all: 3\n",
		   "3  all tables, finished\n", NULL);
	box_expect(a, "display bgp tables check verbose",
		   " IPv4 Unicast 10.9.0.0/16: announcement, peer 10.0.0.2\n", NULL);
	struct audit_counts n;
	audit_counts(&a->app, &n);
	assert_int_equal(n.checks, 1);
	assert_int_equal(n.bad_checks, 1);
	assert_int_equal(n.differences, 3);
	// fewer are told, all are counted
	box_expect(a, "check bgp tables sample 0", "differences: 3\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "stands"));
}

static void test_json(void **state)
{
	damage();
	json_t *o = json_loads(box_json(a, "check bgp tables sample 2"), 0, NULL);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "differences")), 3);
	assert_int_equal(json_integer_value(json_object_get(o, "routes")), 2);
	assert_true(json_integer_value(json_object_get(o, "memory")) > 0);
	assert_int_equal(json_array_size(json_object_get(o, "tables")), 3);
	json_t *found = json_object_get(o, "findings");
	assert_int_equal(json_array_size(found), 2);
	json_t *one = json_array_get(found, 1);
	assert_string_equal(json_string_value(json_object_get(one, "kind")), "verdict");
	assert_string_equal(json_string_value(json_object_get(one, "prefix")), "10.1.0.0/16");
	assert_string_equal(json_string_value(json_object_get(one, "of")), "peer 10.0.0.2");
	assert_int_equal(json_array_size(json_object_get(one, "received")), 1);
	assert_non_null(json_object_get(json_object_get(one, "ought"), "set"));
	json_decref(o);
	o = json_loads(box_json(a, "display bgp tables check"), 0, NULL);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "with_differences")), 1);
	assert_int_equal(json_array_size(json_object_get(o, "checks")), 1);
	json_decref(o);
}

static void test_two_at_once(void **state)
{
	buf_clear(&a->out);
	cli_session_line(a->session, "check bgp tables");
	cli_session_line(a->json, "check bgp tables vpnv4");
	assert_true(cli_session_busy(a->session) && cli_session_busy(a->json));
	sim_run_for(SIM_SECOND);
	assert_false(cli_session_busy(a->session) || cli_session_busy(a->json));
	box_expect(a, "display bgp tables check", "Checks finished: 2", "VPNv4 Unicast, finished\n",
		   "all tables, finished\n", NULL);
}

static void test_left(void **state)
{
	cli_session_line(a->session, "check bgp tables");
	box_json(a, "display bgp tables check");
	assert_non_null(strstr(buf_cstr(&a->out), "\"state\":\"running\""));
	sim_run_for(SIM_SECOND);
	cli_session_line(a->session, "check bgp tables");
	cli_session_interrupt(a->session);
	assert_false(cli_session_busy(a->session));
	sim_run_for(SIM_SECOND);
	box_expect(a, "display bgp tables check", "Checks finished: 1",
		   "-  all tables, interrupted\n", "0  all tables, finished\n", NULL);
}

// The last ones are remembered, and the sums of all.
static void test_many(void **state)
{
	for (unsigned i = 0; i < AUDIT_RECORDS + 3; i++)
		box_run(a, "check bgp tables ipv6");
	box_expect(a, "display bgp tables check", "Checks finished: 19;", "   19  ", "    4  ",
		   NULL);
	assert_null(strstr(buf_cstr(&a->out), "    3  "));
}

static void test_without_bgp(void **state)
{
	struct box *c = box_new("10.0.0.3");

	box_refuses(c, "check bgp tables", "BGP is not configured.");
	box_expect(c, "display bgp tables check", "Checks finished: 0", NULL);
	box_free(c);
}

int main(void)
{
#define IN_BOXES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_BOXES(test_nothing), IN_BOXES(test_some_tables), IN_BOXES(test_damage),
		IN_BOXES(test_json),    IN_BOXES(test_two_at_once), IN_BOXES(test_left),
		IN_BOXES(test_many),    IN_BOXES(test_without_bgp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
