// Update groups: what is shared, what is sent and, above all, what is not: packing, equal outcomes,
// split horizon, tombstones, slow readers, exports that change for some or for all.
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static const char *const v4 = "ipv4-unicast";

#define A "origin=0 path=65001 nh=10.9.9.9"
#define B "origin=0 path=65001,7 nh=10.9.9.9"

static int setup(void **state)
{
	world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	return 0;
}

static void feeders_and_listeners(unsigned feeders, unsigned listeners)
{
	world_rib(&w);
	for (unsigned i = 0; i < feeders + listeners; i++)
		world_peer(&w, (uint16_t)i, SOURCE_EBGP);
	world_reset_counts(&w);
}

static void tell(uint16_t peer, const char *prefixes, const char *attrs)
{
	world_tell(&w, peer, v4, prefixes, attrs);
}

static const char *belief(uint16_t peer, const char *prefix)
{
	return world_belief(&w, peer, v4, prefix);
}

static void no_trouble(void)
{
	struct buf b = {0};

	world_check(&w, &b);
	if (b.len)
		fail_msg("%s", buf_cstr(&b));
}

static struct rib_totals totals(void)
{
	struct rib_totals t;

	rib_totals(w.rib, world_af(v4), &t);
	return t;
}

// Prefixes of two sets, told in turns: two messages, and what is withdrawn comes behind.
static void test_packing(void **state)
{
	feeders_and_listeners(1, 1);
	tell(0, "9.0.0.0/8", A);
	world_work(&w);
	world_reset_counts(&w);
	for (unsigned i = 0; i < 40; i++) {
		char prefix[32];
		snprintf(prefix, sizeof(prefix), "10.0.%u.0/24", i);
		tell(0, prefix, i % 2 ? A : B);
	}
	tell(0, "9.0.0.0/8", NULL);
	world_work(&w);
	assert_int_equal(w.peers[1].announced, 40);
	assert_int_equal(w.peers[1].withdrawn, 1);
	assert_int_equal(w.peers[1].updates, 3);
	no_trouble();
}

// A prefix that changes several times before it is sent is sent once, as it is at last; one that
// comes and goes is not sent at all.
static void test_last_state_wins(void **state)
{
	feeders_and_listeners(1, 1);
	tell(0, "10.0.0.0/8", A);
	tell(0, "10.0.0.0/8", B);
	tell(0, "10.0.0.0/8", A);
	tell(0, "11.0.0.0/8", A);
	tell(0, "11.0.0.0/8", NULL);
	world_work(&w);
	assert_int_equal(w.peers[1].announced, 1);
	assert_int_equal(w.peers[1].withdrawn, 0);
	assert_int_equal(totals().destinations, 1);
}

static void test_equal_outcome_no_message(void **state)
{
	struct sweep_counts c;
	struct rib_import in;

	feeders_and_listeners(1, 1);
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	tell(0, "12.0.0.0/8", B);
	world_work(&w);
	world_reset_counts(&w);
	tell(0, "10.0.0.0/8", A); // told again
	fixture_config(&w.policy,
		       "ip ip-prefix l permit 12.0.0.0 8\n"
		       "route-policy p permit node 10\nif-match ip-prefix l\napply origin 2\n"
		       "route-policy p permit node 20\n"
		       "route-policy q permit node 10\napply preferred-value 9\n");
	in = world_import(&w, 0, SOURCE_EBGP);
	in.program = fixture_program(&w.policy, v4, true, "p");
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, &c);
	assert_int_equal(c.seen, 3);
	assert_int_equal(c.changed, 1);
	assert_int_equal(w.peers[1].updates, 1); // one prefix, one UPDATE
	assert_int_equal(w.peers[1].announced, 1);
	policy_program_unref(in.program);
	in.program = w.open;
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	world_reset_counts(&w);
	// Best paths change inside, nothing of it leaves.
	in.program = fixture_program(&w.policy, v4, true, "q");
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, &c);
	assert_int_equal(c.changed, 3);
	assert_int_equal(w.peers[1].updates, 0);
	world_sweep(&w, SWEEP_EXPORT, v4, 0, &c);
	world_sweep(&w, SWEEP_DECIDE, v4, 0, &c);
	assert_int_equal(w.peers[1].updates, 0);
	policy_program_unref(in.program);
	no_trouble();
}

static void test_peers_share_bytes(void **state)
{
	struct rib_counts a, b;

	feeders_and_listeners(1, 4);
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	world_work(&w);
	assert_int_equal(w.chunks, 1);
	for (uint16_t i = 1; i <= 4; i++) {
		assert_int_equal(w.peers[i].deliveries, 1);
		assert_int_equal(world_believed(&w, i), 2);
	}
	assert_int_equal(w.peers[0].deliveries, 0); // nothing of it is for the source
	rib_peer_counts(w.rib, 1, world_af(v4), &a);
	rib_peer_counts(w.rib, 4, world_af(v4), &b);
	assert_int_equal(a.group, b.group);
	assert_int_equal(a.advertised, 2);
	rib_peer_counts(w.rib, 0, world_af(v4), &a);
	assert_int_equal(a.advertised, 0);
	assert_int_equal(a.best, 2);
}

// The source moves from one member to another while the words stay the same: only these two hear.
static void test_split_horizon(void **state)
{
	feeders_and_listeners(2, 2);
	tell(1, "10.0.0.0/8", A);
	world_work(&w);
	assert_string_not_equal(belief(0, "10.0.0.0/8"), "");
	assert_string_equal(belief(1, "10.0.0.0/8"), "");
	world_reset_counts(&w);
	tell(0, "10.0.0.0/8", A); // lower identifier: the new best path, with the same words
	world_work(&w);
	assert_string_equal(belief(0, "10.0.0.0/8"), "");
	assert_string_not_equal(belief(1, "10.0.0.0/8"), "");
	assert_int_equal(w.peers[0].withdrawn, 1);
	assert_int_equal(w.peers[1].announced, 1);
	assert_int_equal(w.peers[2].updates + w.peers[3].updates, 0);
	world_reset_counts(&w);
	tell(1, "10.0.0.0/8", B); // not the best
	world_work(&w);
	assert_int_equal(w.peers[1].updates, 0);
	tell(0, "10.0.0.0/8", NULL); // now it is, with other words
	world_work(&w);
	assert_string_equal(belief(1, "10.0.0.0/8"), "");
	assert_string_not_equal(belief(0, "10.0.0.0/8"), "");
	assert_int_equal(w.peers[2].announced, 1);
	no_trouble();
	tell(1, "10.0.0.0/8", NULL);
	world_work(&w);
	assert_int_equal(world_believed(&w, 0) + world_believed(&w, 2), 0);
	assert_int_equal(totals().destinations, 0);
}

// A withdrawal waits for the slowest, and the number of the destination with it.
static void test_tombstones_and_slow_reader(void **state)
{
	feeders_and_listeners(1, 2);
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	world_work(&w);
	rib_credit(w.rib, 2, 0);
	tell(0, "10.0.0.0/8", NULL);
	tell(0, "12.0.0.0/8", B);
	world_work(&w);
	assert_string_equal(belief(1, "10.0.0.0/8"), "");
	assert_string_not_equal(belief(2, "10.0.0.0/8"), "");
	tell(0, "13.0.0.0/8", B);
	tell(0, "11.0.0.0/8", B);
	world_work(&w);
	tell(0, "11.0.0.0/8", A); // back to what the slow one believes
	world_work(&w);
	world_reset_counts(&w);
	rib_credit(w.rib, 2, SIZE_MAX);
	world_work(&w);
	assert_int_equal(w.peers[2].withdrawn, 1);
	assert_int_equal(w.peers[2].announced, 3);
	assert_int_equal(w.peers[2].updates, 3); // two sets and the withdrawal
	assert_string_equal(belief(2, "10.0.0.0/8"), "");
	no_trouble();
}

// A stalled reader costs no queue: however often others' routes change, it is sent each once.
static void test_stalled_reader_and_churn(void **state)
{
	feeders_and_listeners(1, 2);
	rib_credit(w.rib, 2, 0);
	for (unsigned i = 0; i < 100000; i++) {
		tell(0, i % 3 ? "10.0.0.0/8" : "11.0.0.0/8", i % 2 ? A : B);
		if (i % 16 == 0)
			world_work(&w);
	}
	world_work(&w);
	assert_true(totals().bytes_out < 1 << 20);
	world_reset_counts(&w);
	rib_credit(w.rib, 2, SIZE_MAX);
	world_work(&w);
	assert_int_equal(w.peers[2].announced, 2);
	no_trouble();
}

static void test_credit_bounds_what_is_made(void **state)
{
	feeders_and_listeners(1, 1);
	rib_credit(w.rib, 1, 0);
	for (unsigned i = 0; i < 20000; i++) {
		char prefix[32];
		snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", i / 256, i % 256);
		tell(0, prefix, i % 7 ? A : B);
	}
	world_work(&w);
	assert_int_equal(w.peers[1].bytes, 0);
	for (unsigned turn = 1; world_believed(&w, 1) < 20000; turn++) {
		uint64_t before = w.peers[1].bytes;
		rib_credit(w.rib, 1, 1);
		world_work(&w);
		assert_true(w.peers[1].bytes > before);
		assert_true(w.peers[1].bytes - before < 2 * 262144);
		assert_true(turn < 100);
	}
	no_trouble();
}

// --- exports that change ----------------------------------------------------------------------------
static struct rib_export with_policy(uint16_t peer, const char *policy)
{
	struct rib_export out = world_export(&w, peer, SOURCE_EBGP);

	out.program = fixture_program(&w.policy, v4, false, policy);
	return out;
}

static void change(uint16_t peer, const char *policy)
{
	struct rib_export out = with_policy(peer, policy);

	rib_peer_export(w.rib, peer, world_af(v4), &out, ++w.generation);
	policy_program_unref(out.program);
}

static void test_export_changes_for_all(void **state)
{
	struct sweep_counts c;
	unsigned groups;

	feeders_and_listeners(1, 4);
	fixture_config(&w.policy,
		       "ip ip-prefix l permit 12.0.0.0 8\n"
		       "route-policy p permit node 10\nif-match ip-prefix l\napply cost 3\n"
		       "route-policy p permit node 20\n");
	tell(0, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8", A);
	world_work(&w);
	groups = totals().groups;
	world_reset_counts(&w);
	for (uint16_t i = 0; i <= 4; i++)
		change(i, "p");
	world_sweep(&w, SWEEP_EXPORT, v4, 0, &c);
	assert_int_equal(totals().groups, groups); // the group itself has changed
	assert_int_equal(c.changed, 1);
	for (uint16_t i = 1; i <= 4; i++) {
		assert_int_equal(w.peers[i].announced, 1);
		assert_non_null(strstr(belief(i, "12.0.0.0/8"), "med=3"));
	}
	assert_int_equal(w.chunks, 1); // and made one message for all
	no_trouble();
}

static void test_export_changes_for_one_and_back(void **state)
{
	unsigned groups;

	feeders_and_listeners(1, 3);
	fixture_config(&w.policy, "ip ip-prefix l permit 12.0.0.0 8\n"
				  "route-policy p deny node 10\nif-match ip-prefix l\n"
				  "route-policy p permit node 20\n");
	tell(0, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8", A);
	world_work(&w);
	groups = totals().groups;
	world_reset_counts(&w);
	change(2, "p");
	world_sweep(&w, SWEEP_EXPORT, v4, 1 << 2, NULL);
	assert_int_equal(totals().groups, groups + 1);
	assert_int_equal(w.peers[2].withdrawn, 1);
	assert_int_equal(w.peers[2].announced, 0);
	assert_int_equal(w.peers[1].updates + w.peers[3].updates, 0);
	struct rib_export out = world_export(&w, 2, SOURCE_EBGP);
	rib_peer_export(w.rib, 2, world_af(v4), &out, ++w.generation);
	world_sweep(&w, SWEEP_EXPORT, v4, 1 << 2, NULL);
	assert_int_equal(totals().groups, groups); // united with the others again
	assert_int_equal(w.peers[2].announced, 1);
	assert_int_equal(w.peers[1].updates + w.peers[3].updates, 0);
	no_trouble();
}

// What was still owed when the export changed goes along.
static void test_debts_go_along(void **state)
{
	feeders_and_listeners(1, 2);
	fixture_config(&w.policy, "route-policy p permit node 10\napply cost 3\n");
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	world_work(&w);
	rib_credit(w.rib, 2, 0);
	tell(0, "10.0.0.0/8", NULL);
	tell(0, "12.0.0.0/8", A);
	world_work(&w);
	change(2, "p");
	world_sweep(&w, SWEEP_EXPORT, v4, 1 << 2, NULL);
	world_reset_counts(&w);
	rib_credit(w.rib, 2, SIZE_MAX);
	world_work(&w);
	assert_int_equal(w.peers[2].withdrawn, 1);
	assert_int_equal(w.peers[2].announced, 2);
	assert_int_equal(w.peers[2].updates, 2);
	assert_non_null(strstr(belief(2, "12.0.0.0/8"), "med=3"));
	no_trouble();
}

static void test_independent_shares_nothing(void **state)
{
	struct rib_counts a, b;

	feeders_and_listeners(1, 2);
	struct rib_export out = world_export(&w, 2, SOURCE_EBGP);
	out.independent = true;
	rib_peer_export(w.rib, 2, world_af(v4), &out, ++w.generation);
	world_sweep(&w, SWEEP_EXPORT, v4, 1 << 2, NULL);
	tell(0, "10.0.0.0/8", A);
	world_work(&w);
	rib_peer_counts(w.rib, 1, world_af(v4), &a);
	rib_peer_counts(w.rib, 2, world_af(v4), &b);
	assert_int_not_equal(a.group, b.group);
	assert_int_equal(w.chunks, 2);
	no_trouble();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packing),
		cmocka_unit_test(test_last_state_wins),
		cmocka_unit_test(test_equal_outcome_no_message),
		cmocka_unit_test(test_peers_share_bytes),
		cmocka_unit_test(test_split_horizon),
		cmocka_unit_test(test_tombstones_and_slow_reader),
		cmocka_unit_test(test_stalled_reader_and_churn),
		cmocka_unit_test(test_credit_bounds_what_is_made),
		cmocka_unit_test(test_export_changes_for_all),
		cmocka_unit_test(test_export_changes_for_one_and_back),
		cmocka_unit_test(test_debts_go_along),
		cmocka_unit_test(test_independent_shares_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
