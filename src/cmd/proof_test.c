// Records of commits and refreshes (cmd/proof.h) on two boxes in simulated time: what became of the
// session between them, by whom it ended, and what was heard of NOTIFICATIONs and KEEPALIVEs.
#include "box/box.h"

#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "cmd/proof.h"

static struct box *a, *b;

static void settle(void)
{
	sim_run_for(3 * SIM_SECOND);
}

static int set_up(void **state)
{
	sim_new(11);
	a = box_new("10.0.0.1");
	b = box_new("10.0.0.2");
	box_configure(a, "bgp 100\nrouter-id 10.0.0.1\npeer 10.0.0.2 as-number 200\n"
			 "ipv4-family unicast\npeer 10.0.0.2 keep-all-routes");
	box_configure(b, "bgp 200\nrouter-id 10.0.0.2\npeer 10.0.0.1 as-number 100\n"
			 "network 10.1.0.0 16\nnetwork 10.2.0.0 16");
	sim_run_for(60 * SIM_SECOND);
	assert_int_equal(sess_get_state(speaker_peer_session(speaker_peer_at(a->app.speaker, 0))),
			 SESS_ESTABLISHED);
	return 0;
}

static int tear_down(void **state)
{
	box_free(a);
	box_free(b);
	assert_int_equal(sim_free(), 0);
	return 0;
}

static const struct proof *newest(void)
{
	return proofs_get(&a->app, 0)->proof;
}

static void expect_fates(unsigned kept, unsigned reset, unsigned lost, unsigned new)
{
	const struct proof *p = newest();

	assert_true(p->over);
	assert_int_equal(proof_count(p, PROOF_KEPT), kept);
	assert_int_equal(proof_count(p, PROOF_RESET), reset);
	assert_int_equal(proof_count(p, PROOF_LOST), lost);
	assert_int_equal(proof_count(p, PROOF_NEW), new);
}

static void policy(const char *lines)
{
	box_configure(a, lines);
	box_configure(a, "bgp 100\nipv4-family unicast\npeer 10.0.0.2 route-policy P import");
}

// --- sessions -----------------------------------------------------------------------------------------
static void test_kept(void **state)
{
	unsigned before = proofs_count(&a->app);

	policy("route-policy P permit node 10\napply preferred-value 7");
	assert_int_equal(proofs_count(&a->app), before + 2);
	assert_false(newest()->over);
	settle();
	expect_fates(1, 0, 0, 0);
	const struct proof *p = newest();
	assert_int_equal(p->job_count, 1);
	assert_int_equal(p->counts.changed, 2);
	assert_int_equal(proof_peers(p), 1);
	assert_int_equal(p->sent + p->received, 0);
	assert_true(p->sessions[0].before.number && p->sessions[0].before.local_port);
	assert_int_equal(p->sessions[0].before.number, p->sessions[0].after.number);
	assert_int_equal(p->sessions[0].before.since, p->sessions[0].after.since);
	assert_true(p->ended >= p->began && p->ended_clock - p->began_clock < 3 * SIM_SECOND);
}

// Its end waits for the session, which the other side needs a while for.
static void test_reset_by_commit(void **state)
{
	uint32_t number;

	box_configure(a, "bgp 100\npeer 10.0.0.2 timer keepalive 20 hold 60");
	number = proofs_get(&a->app, 0)->commit;
	sim_run_for(500 * SIM_MS);
	assert_false(newest()->over);
	sim_run_for(60 * SIM_SECOND);
	expect_fates(0, 1, 0, 0);
	const struct proof *p = newest();
	const struct proof_session *x = &p->sessions[0];
	char by[32];
	snprintf(by, sizeof by, "commit %u", number);
	assert_string_equal(x->end->by, by);
	assert_string_equal(x->end->why, "Other Configuration Change");
	assert_true(x->after.number > x->before.number);
	assert_int_equal(p->sent, 1);
	assert_int_equal(p->notifications[0].code, 6);
	assert_int_equal(p->notifications[0].subcode, 6);
	assert_true(p->ended_clock - p->began_clock > 500 * SIM_MS);
	box_configure(a, "bgp 100\nundo peer 10.0.0.2");
	settle();
	expect_fates(0, 1, 0, 0);
	assert_string_equal(newest()->sessions[0].end->why, "Peer De-configured");
	assert_int_equal(newest()->sessions[0].after.number, 0);
}

// A peer that never comes back is waited for, for a bounded time.
static void test_reset_and_not_back(void **state)
{
	box_configure(a, "bgp 100\npeer 10.0.0.2 timer keepalive 20 hold 60");
	sim_set_down("10.0.0.1", "10.0.0.2", true);
	sim_run_for((PROOF_WAIT - 2) * SIM_SECOND);
	assert_false(newest()->over);
	sim_run_for(4 * SIM_SECOND);
	expect_fates(0, 1, 0, 0);
	assert_int_equal(newest()->sessions[0].after.number, 0);
	assert_true(newest()->ended_clock - newest()->began_clock <
		    SIM_SECOND); // it had done its part
}

// Shut down by the commit: nothing is waited for.
static void test_shut_down(void **state)
{
	box_configure(a, "bgp 100\npeer 10.0.0.2 ignore");
	sim_run_for(SIM_SECOND);
	expect_fates(0, 1, 0, 0);
	box_configure(a, "bgp 100\nundo peer 10.0.0.2 ignore");
	sim_run_for(SIM_SECOND);
	assert_int_equal(newest()->sessions ? newest()->session_count : 0,
			 0); // it had ended by then
}

// The record is kept open by a peer that is asked and does not answer.
static void hold_open(void)
{
	box_configure(a, "bgp 100\nundo keep-all-routes\nipv4-family unicast\n"
			 "undo peer 10.0.0.2 keep-all-routes");
	box_configure(b, "bgp 200\nundo peer 10.0.0.1 capability-advertise enhanced-route-refresh");
	sim_run_for(60 * SIM_SECOND);
	box_run(a, "refresh bgp 10.0.0.2 import");
	sim_run_for(SIM_SECOND);
	assert_false(newest()->over);
}

static void test_lost(void **state)
{
	hold_open();
	assert_int_equal(sim_reset("10.0.0.1", "10.0.0.2"), 1);
	settle();
	expect_fates(0, 0, 1, 0);
	const struct proof_session *x = &newest()->sessions[0];
	assert_string_equal(x->end->by, "");
	assert_true(x->end->why[0]);
	assert_false(x->end->mine);
	assert_int_equal(newest()->jobs_cancelled, 1);
	char line[80];
	snprintf(line, sizeof line, "display bgp refresh history %u verbose",
		 proofs_get(&a->app, 0)->number);
	box_expect(a, line, ": refresh bgp 10.0.0.2 import\n", "1 lost",
		   "     Peer 10.0.0.2: lost\n", " by itself or the peer: ", "       now down\n",
		   NULL);
}

static void test_reset_by_hand(void **state)
{
	hold_open();
	box_run(a, "reset bgp 10.0.0.2");
	settle();
	expect_fates(0, 0, 1, 0);
	assert_string_equal(newest()->sessions[0].end->by, "reset bgp");
	assert_int_equal(newest()->sent, 1);
}

static void test_came_up_meanwhile(void **state)
{
	struct box *third = box_new("10.0.0.3");

	box_configure(third, "bgp 300\nrouter-id 10.0.0.3\npeer 10.0.0.1 as-number 100");
	hold_open();
	box_configure(a, "bgp 100\npeer 10.0.0.3 as-number 300");
	sim_run_for(15 * SIM_SECOND);
	const struct proof *p = proofs_get(&a->app, 1)->proof; // the refresh
	assert_true(p->over);
	assert_int_equal(proof_count(p, PROOF_KEPT), 1);
	assert_int_equal(proof_count(p, PROOF_NEW), 1);
	assert_int_equal(p->sessions[1].before.number, 0);
	assert_true(p->sessions[1].after.number);
	hold_open();
	sim_reset("10.0.0.1", "10.0.0.3"); // and one that comes and goes
	sim_run_for(1500 * SIM_MS);
	sim_reset("10.0.0.1", "10.0.0.3");
	sim_run_for(15 * SIM_SECOND);
	p = newest();
	assert_true(p->over);
	assert_int_equal(p->flapped, 1);
	assert_int_equal(proof_count(p, PROOF_LOST), 1);
	box_free(third);
}

// --- beats --------------------------------------------------------------------------------------------
static void test_keepalives(void **state)
{
	box_configure(a, "bgp 100\npeer 10.0.0.2 timer keepalive 1 hold 3");
	sim_run_for(60 * SIM_SECOND);
	hold_open();
	sim_run_for(10 * SIM_SECOND);
	const struct proof *p = newest();
	assert_true(p->over);
	assert_in_range(p->keepalives, 4, 12);
	assert_true(p->keepalive_delay < 20 * SIM_MS);
	assert_in_range(p->keepalive_left, p->keepalive_delay, 20 * SIM_MS);
	assert_true(p->keepalive_peer.bits == 32);
	assert_true(p->control_round);
}

// --- records ------------------------------------------------------------------------------------------
static void test_bounds(void **state)
{
	box_refuses(a, "refresh bgp 10.9.9.9 import", "The peer does not exist.");
	unsigned before = proofs_count(&a->app);
	uint32_t number = proofs_get(&a->app, 0)->number;
	for (unsigned i = 0; i < 120; i++)
		box_run(a, "refresh bgp all export");
	assert_int_equal(before, number);
	assert_int_equal(proofs_count(&a->app), 100);
	assert_int_equal(proofs_get(&a->app, 0)->number, number + 120);
	assert_null(proofs_find(&a->app, 1));
	settle();
	for (unsigned i = 0; i < 100; i++)
		assert_true(proofs_get(&a->app, i)->proof->over);
	// Requests that merge are one job, and all of their records tell of it.
	assert_int_equal(newest()->job_count, 1);
	assert_int_equal(newest()->jobs_kept, 1);
	box_refuses(a, "display bgp refresh history 1 verbose", "The record does not exist.");
}

static void test_words(void **state)
{
	policy("route-policy P permit node 10\napply preferred-value 9");
	settle();
	char line[80];
	snprintf(line, sizeof line, "display bgp refresh history %u verbose",
		 proofs_get(&a->app, 0)->number);
	box_expect(a, line, " by tester\n", "   Began            : ", "   Time             : 0.",
		   "   Plan:\n     Info: Plan: 1 step; sessions that will be reset: 0.\n",
		   "   Jobs             : 1, pending: 0, cancelled: 0\n",
		   "   Routes           : 2 seen, 2 changed, 0 newly accepted, 0 newly rejected\n",
		   "     Job ", ": peer 10.0.0.2, IPv4 Unicast, import: done, retained routes;",
		   "   NOTIFICATIONs    : 0 sent, 0 received\n",
		   "   KEEPALIVEs       : ", "   Longest slice    : walks ",
		   "   Sessions         : 1 up before, 1 after; "
		   "1 the same, 0 reset by it, 0 lost, 0 new\n",
		   "     Peer 10.0.0.2: the same\n", "       number ",
		   ", router ID 10.0.0.2, ports ", NULL);
	box_expect(a, "display bgp refresh history", " Records: ", " No.    Began ", " commit ",
		   " by tester\n", NULL);
	json_t *o = json_loads(box_json(a, line), 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(o, "sessions_kept")), 1);
	assert_int_equal(json_array_size(json_object_get(o, "report")), 1);
	json_t *x = json_array_get(json_object_get(o, "sessions"), 0);
	assert_string_equal(json_string_value(json_object_get(x, "fate")), "kept");
	assert_true(json_equal(json_object_get(x, "before"), json_object_get(x, "after")));
	json_decref(o);
	box_refuses(a, "display bgp refresh history 0 verbose", "Error: ");
}

// The speaker may go first; records that are under way then stay as they are.
static void test_order_of_ends(void **state)
{
	struct app *app = &a->app;

	box_run(a, "refresh bgp all export");
	assert_false(newest()->over);
	struct proof *p = speaker_proof_begin(app->speaker, "nobody");
	speaker_proof_free(p);
	p = speaker_proof_begin(b->app.speaker, "nobody");
	tear_down(NULL);
	assert_null(p->speaker);
	speaker_proof_started(p);
	speaker_proof_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reset_by_commit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reset_and_not_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shut_down, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reset_by_hand, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_came_up_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keepalives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
		cmocka_unit_test_setup(test_order_of_ends, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
