// Refreshes: answers to ROUTE-REFRESH, marks (RFC 4724, RFC 7313), the sweep after EoRR, sessions
// that end and begin.
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// More than fit in several windows: this test is built with tiny limits (rib/limits.h).
#define MANY 240

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

static void peers(unsigned n)
{
	world_rib(&w);
	for (unsigned i = 0; i < n; i++)
		world_peer(&w, (uint16_t)i, SOURCE_EBGP);
	world_reset_counts(&w);
}

static void tell(uint16_t peer, const char *prefixes, const char *attrs)
{
	world_tell(&w, peer, v4, prefixes, attrs);
}

static void many(unsigned n)
{
	static const char *const attrs[] = {A, B};

	for (unsigned half = 0; half < 2; half++) {
		struct buf nlri = {0}, bytes = {0};
		struct attrs as;
		fixture_attrs(&w.policy, attrs[half], &as);
		attrs_encode(&bytes, &as);
		for (unsigned i = half; i < n; i += 2) {
			buf_u8(&nlri, 24);
			buf_u8(&nlri, 10);
			buf_u8(&nlri, (uint8_t)(i / 256));
			buf_u8(&nlri, (uint8_t)i);
		}
		struct span a = {bytes.data, bytes.len}, s = {nlri.data, nlri.len};
		rib_update(w.rib, 0, world_af(v4), &a, &s);
		buf_free(&nlri);
		buf_free(&bytes);
	}
}

static void no_trouble(void)
{
	struct buf b = {0};

	world_check(&w, &b);
	if (b.len)
		fail_msg("%s", buf_cstr(&b));
}

static struct rib_counts counts(uint16_t peer)
{
	struct rib_counts c;

	rib_peer_counts(w.rib, peer, world_af(v4), &c);
	return c;
}

static bool once(void *arg)
{
	return (*(int *)arg)-- <= 0;
}

// N1: End-of-RIB for every family, also for an empty table, and without any credit.
static void test_end_of_rib(void **state)
{
	struct buf all = {0};

	peers(1);
	for (unsigned i = 0; i < af_count; i++)
		buf_format(&all, "%s end-of-rib\n", af_list[i]->name);
	for (unsigned i = 0; i < af_count; i++) { // each once, in any order
		char mark[64];
		snprintf(mark, sizeof(mark), "%s end-of-rib\n", af_list[i]->name);
		assert_non_null(strstr(buf_cstr(&w.peers[0].marks), mark));
	}
	assert_int_equal(w.peers[0].marks.len, all.len);
	buf_free(&all);
	world_down(&w, 0);
	world_up(&w, 0, v4);
	rib_credit(w.rib, 0, 0);
	world_work(&w);
	assert_string_equal(buf_cstr(&w.peers[0].marks), "ipv4-unicast end-of-rib\n");
}

static void test_answer(void **state) // B6, C2, C3
{
	peers(2);
	many(MANY);
	world_work(&w);
	buf_clear(&w.peers[1].marks);
	world_reset_counts(&w);
	rib_refresh_answer(w.rib, 1, world_af(v4));
	world_work(&w);
	assert_int_equal(w.peers[1].announced, MANY);
	assert_int_equal(w.peers[1].withdrawn, 0);
	assert_true(w.peers[1].updates < MANY);
	assert_string_equal(buf_cstr(&w.peers[1].marks), "ipv4-unicast begin\nipv4-unicast end\n");
	no_trouble();
}

static void test_no_marks_without_enhanced_refresh(void **state) // C4
{
	peers(2);
	world_down(&w, 1);
	w.peers[1].traits.enhanced_refresh = false;
	world_up(&w, 1, v4);
	many(10);
	world_work(&w);
	buf_clear(&w.peers[1].marks);
	rib_refresh_answer(w.rib, 1, world_af(v4));
	world_work(&w);
	assert_int_equal(w.peers[1].announced, 20);
	assert_string_equal(buf_cstr(&w.peers[1].marks), "");
	w.peers[1].traits.enhanced_refresh = true;
}

// B13: a second request during the answer is not lost: after it everything is sent once more.
static void test_answer_begins_again(void **state)
{
	int steps = 0;

	peers(2);
	many(MANY);
	world_work(&w);
	buf_clear(&w.peers[1].marks);
	world_reset_counts(&w);
	rib_refresh_answer(w.rib, 1, world_af(v4));
	rib_work(w.rib, once, &steps);
	uint64_t before = w.peers[1].announced;
	assert_true(before > 0 && before < MANY);
	rib_refresh_answer(w.rib, 1, world_af(v4));
	world_work(&w);
	assert_int_equal(w.peers[1].announced - before, MANY);
	assert_string_equal(buf_cstr(&w.peers[1].marks),
			    "ipv4-unicast begin\nipv4-unicast begin\nipv4-unicast end\n");
}

// C13: asked for before End-of-RIB: that comes first, then the answer.
static void test_asked_for_too_early(void **state)
{
	peers(1);
	many(MANY);
	world_peer(&w, 1, SOURCE_EBGP);
	world_down(&w, 1);
	world_up(&w, 1, v4);
	int steps = 0;
	rib_work(w.rib, once, &steps);
	rib_refresh_answer(w.rib, 1, world_af(v4));
	assert_string_equal(buf_cstr(&w.peers[1].marks), "");
	world_work(&w);
	assert_string_equal(buf_cstr(&w.peers[1].marks),
			    "ipv4-unicast end-of-rib\nipv4-unicast begin\nipv4-unicast end\n");
}

// Askers at one time are one walk: they share what is made, also those who come later.
static void test_askers_share(void **state)
{
	int steps = 0;

	peers(7);
	many(MANY);
	world_work(&w);
	world_reset_counts(&w);
	for (uint16_t i = 1; i <= 3; i++)
		rib_refresh_answer(w.rib, i, world_af(v4));
	rib_work(w.rib, once, &steps);
	for (uint16_t i = 4; i <= 6; i++)
		rib_refresh_answer(w.rib, i, world_af(v4));
	world_work(&w);
	for (uint16_t i = 1; i <= 6; i++) {
		assert_int_equal(w.peers[i].announced, MANY);
		assert_true(w.peers[i].deliveries >= 2);
	}
	assert_true(w.chunks <= w.peers[1].deliveries + 2);
	no_trouble();
}

// C5, B12: during a long answer routes change, go and come; each is right at its end, and the
// withdrawal is not lost.
static void test_changes_during_answer(void **state)
{
	int steps = 0;

	peers(2);
	many(MANY);
	world_work(&w);
	rib_refresh_answer(w.rib, 1, world_af(v4));
	rib_work(w.rib, once, &steps);
	tell(0, "10.0.0.0/24 10.0.170.0/24 10.0.1.0/24", NULL);
	tell(0, "10.0.2.0/24 10.0.177.0/24", "origin=0 path=65001,9 nh=10.9.9.9");
	tell(0, "10.200.0.0/24", A);
	world_work(&w);
	assert_int_equal(world_believed(&w, 1), MANY - 3 + 1);
	no_trouble();
}

static void test_stale_routes_are_swept(void **state) // C7, C8, C9
{
	peers(2);
	tell(0, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8", A);
	world_tell(&w, 0, "ipv4-multicast", "10.0.0.0/8", A);
	world_work(&w);
	world_reset_counts(&w);
	rib_refresh_begin(w.rib, 0, world_af(v4));
	assert_int_equal(counts(0).stale, 3);
	tell(0, "11.0.0.0/8", A);
	tell(0, "13.0.0.0/8", B);
	assert_int_equal(counts(0).stale, 2);
	assert_int_equal(rib_refresh_end(w.rib, 0, world_af(v4)), 2);
	world_work(&w);
	assert_int_equal(counts(0).received, 2);
	assert_int_equal(counts(0).stale, 0);
	assert_int_equal(counts(0).withdrawn_by_sweep, 2);
	assert_int_equal(w.peers[1].withdrawn, 2);
	assert_int_equal(w.peers[1].announced, 1); // what came again did not flap
	assert_string_not_equal(world_belief(&w, 1, "ipv4-multicast", "10.0.0.0/8"), "");
	assert_int_equal(rib_refresh_end(w.rib, 0, world_af(v4)), 0); // C10
	world_work(&w);
	assert_int_equal(counts(0).received, 2);
	no_trouble();
}

static void test_second_begin_marks_again(void **state) // C20
{
	peers(2);
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	rib_refresh_begin(w.rib, 0, world_af(v4));
	tell(0, "10.0.0.0/8", A);
	rib_refresh_begin(w.rib, 0, world_af(v4));
	tell(0, "11.0.0.0/8", A);
	assert_int_equal(rib_refresh_end(w.rib, 0, world_af(v4)), 1);
	world_work(&w);
	assert_string_equal(world_belief(&w, 1, v4, "10.0.0.0/8"), "");
	assert_string_not_equal(world_belief(&w, 1, v4, "11.0.0.0/8"), "");
}

// What is rejected and not kept is in no count: it may be accepted or withdrawn unnoticed later.
static void test_rejected_unkept_is_not_counted(void **state)
{
	struct rib_import in;

	peers(2);
	fixture_config(&w.policy, "route-policy p deny node 10\n");
	in = world_import(&w, 0, SOURCE_EBGP);
	in.keep_all = false;
	in.program = fixture_program(&w.policy, v4, true, "p");
	tell(0, "10.0.0.0/8", A);
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	assert_int_equal(counts(0).received, 0);
	assert_int_equal(counts(0).rejected, 0);
	policy_program_unref(in.program);
	in.program = w.open;
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	assert_int_equal(counts(0).received, 2);
	assert_int_equal(counts(0).accepted, 2);
	assert_int_equal(counts(0).rejected, 0);
	world_work(&w);
	no_trouble();
}

static void test_rejected_routes_are_swept_too(void **state) // C22
{
	struct rib_import in;

	peers(2);
	fixture_config(&w.policy, "ip ip-prefix l permit 10.0.0.0 8\n"
				  "route-policy p deny node 10\nif-match ip-prefix l\n"
				  "route-policy p permit node 20\n");
	in = world_import(&w, 0, SOURCE_EBGP);
	in.program = fixture_program(&w.policy, v4, true, "p");
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	world_work(&w);
	assert_int_equal(counts(0).rejected, 1);
	rib_refresh_begin(w.rib, 0, world_af(v4));
	tell(0, "11.0.0.0/8", A);
	rib_refresh_end(w.rib, 0, world_af(v4));
	world_work(&w);
	policy_program_unref(in.program);
	in.program = w.open;
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_string_equal(world_belief(&w, 1, v4, "10.0.0.0/8"), "");
	assert_string_not_equal(world_belief(&w, 1, v4, "11.0.0.0/8"), "");
}

// C21, G36: routes go with the session; what the next session sends is not taken for the old.
static void test_session_ends_and_begins(void **state)
{
	peers(2);
	tell(0, "10.0.0.0/8 11.0.0.0/8", A);
	world_work(&w);
	world_reset_counts(&w);
	rib_refresh_begin(w.rib, 0, world_af(v4));
	world_down(&w, 0);
	world_up(&w, 0, NULL);
	tell(0, "11.0.0.0/8", A);
	tell(0, "12.0.0.0/8", A);
	assert_int_equal(counts(0).received, 2);
	assert_int_equal(counts(0).stale, 0);
	world_work(&w);
	assert_int_equal(w.peers[1].withdrawn, 1);
	assert_int_equal(w.peers[1].announced, 1);
	assert_int_equal(counts(0).received, 2);
	no_trouble();
	rib_peer_remove(w.rib, 0);
	w.peers[0].up = false;
	world_work(&w);
	assert_int_equal(world_believed(&w, 1), 0);
}

static void test_keep_all_routes(void **state) // A1, A2, A3, A16
{
	struct rib_import in;

	peers(2);
	fixture_config(&w.policy, "route-policy p deny node 10\n"
				  "route-policy q permit node 10\napply community 1:1 additive\n"
				  "route-policy r permit node 10\napply community 2:2 additive\n");
	in = world_import(&w, 0, SOURCE_EBGP);
	struct policy_program *deny = fixture_program(&w.policy, v4, true, "p");
	struct policy_program *one = fixture_program(&w.policy, v4, true, "q");
	struct policy_program *two = fixture_program(&w.policy, v4, true, "r");
	in.program = deny;
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	tell(0, "10.0.0.0/8", A);
	world_work(&w);
	assert_int_equal(world_believed(&w, 1), 0);
	in.program = one;
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_non_null(strstr(world_belief(&w, 1, v4, "10.0.0.0/8"), "comm=1:1"));
	in.program = two; // policies do not pile up
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_non_null(strstr(world_belief(&w, 1, v4, "10.0.0.0/8"), "comm=2:2"));
	in.program = deny;
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_int_equal(counts(0).received, 1);
	in.keep_all = false;
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_int_equal(counts(0).received, 0);
	in.program = one;
	rib_peer_import(w.rib, 0, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_int_equal(world_believed(&w, 1), 0);
	policy_program_unref(deny);
	policy_program_unref(one);
	policy_program_unref(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_of_rib),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_no_marks_without_enhanced_refresh),
		cmocka_unit_test(test_answer_begins_again),
		cmocka_unit_test(test_asked_for_too_early),
		cmocka_unit_test(test_askers_share),
		cmocka_unit_test(test_changes_during_answer),
		cmocka_unit_test(test_stale_routes_are_swept),
		cmocka_unit_test(test_second_begin_marks_again),
		cmocka_unit_test(test_rejected_unkept_is_not_counted),
		cmocka_unit_test(test_rejected_routes_are_swept_too),
		cmocka_unit_test(test_session_ends_and_begins),
		cmocka_unit_test(test_keep_all_routes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
