// What a change of an import policy puts in doubt, and what vouches for the rest: generations that
// routes show, counts of sweeps, changes that add up, options that change along with a policy. The same of
// route targets, and of what groups of peers are told.
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static const char *const v4 = "ipv4-unicast";

#define BLOCK "10.1.0.0/16 10.2.0.0/16"
#define REST  "20.1.0.0/16 20.2.0.0/16 20.3.0.0/16"
#define A     "path=65001 nh=10.0.0.1"
#define A1    A " rt=1:1"
#define A2    A " rt=1:2"

// p: everything as it is; q: the block is refused; r: the second half of it; s: a cost for all.
static int setup(void **state)
{
	world_open(&w);
	world_peer(&w, 0, SOURCE_EBGP);
	world_peer(&w, 1, SOURCE_EBGP);
	fixture_config(&w.policy, "ip ip-prefix l permit 10.0.0.0 8 less-equal 32\n"
				  "ip ip-prefix m permit 10.2.0.0 16\n"
				  "route-policy p permit node 10\n"
				  "route-policy q deny node 5\nif-match ip-prefix l\n"
				  "route-policy q permit node 10\n"
				  "route-policy r deny node 5\nif-match ip-prefix m\n"
				  "route-policy r permit node 10\n"
				  "route-policy s permit node 10\napply cost 9\n");
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	return 0;
}

static void give_program(struct policy_program *p, bool keep_all)
{
	struct rib_import in = world_import(&w, 0, SOURCE_EBGP);

	in.program = p;
	in.keep_all = keep_all;
	rib_peer_import(w.rib, 0, world_af(v4), &in, w.generation);
	policy_program_unref(in.program);
}

static void give(const char *policy)
{
	struct rib_import in = world_import(&w, 0, SOURCE_EBGP);

	give_program(fixture_program(&w.policy, v4, true, policy), in.keep_all);
}

// The policy behind a stage of targets 1:1 (bit 0) to 1:8.
static struct policy_program *asking(bool import, const char *policy, unsigned targets)
{
	struct policy_program *plain = fixture_program(&w.policy, v4, import, policy), *p;
	struct policy_target t[8];
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++)
		if (targets >> i & 1)
			t[n++] = (struct policy_target){
				.target = {0, 2, 0, 1, 0, 0, 0, (uint8_t)(i + 1)}, .bits = 64};
	p = policy_program_constrain(w.policy.store, plain, t, n);
	policy_program_unref(plain);
	return p;
}

static void ask(const char *policy, unsigned targets)
{
	w.generation++;
	give_program(asking(true, policy, targets), true);
}

static void give_next(const char *policy)
{
	w.generation++;
	give(policy);
}

static struct sweep *begin(uint32_t generation)
{
	const uint64_t peers[RIB_PEERS_MAX / 64] = {1};

	return sweep_new(w.rib, SWEEP_IMPORT, world_af(v4), peers, generation);
}

static bool never(void *arg)
{
	return false;
}

static struct sweep_counts finish(struct sweep *s)
{
	struct sweep_counts c;

	while (sweep_step(s, never, NULL))
		;
	sweep_peer_counts(s, 0, &c);
	sweep_free(s);
	world_work(&w);
	return c;
}

static struct sweep_counts sweep(void)
{
	return finish(begin(w.generation));
}

static void tell(const char *prefixes, const char *attrs)
{
	world_tell(&w, 0, v4, prefixes, attrs);
	world_work(&w);
}

static void start(void)
{
	give_next("p");
	tell(BLOCK, A);
	tell(REST, A);
}

static bool add_generation(void *arg, const struct rib_route *route)
{
	unsigned *of = arg;

	of[route->generation < 8 ? route->generation : 7]++;
	return true;
}

// How many of the stored routes show a generation.
static unsigned of_generation(uint32_t generation)
{
	const struct rib_query q = {.af = world_af(v4), .view = RIB_VIEW_RECEIVED, .peer = 0};
	unsigned of[8] = {0};

	rib_read(w.rib, &q, add_generation, of);
	return of[generation];
}

static struct rib_counts counts(void)
{
	struct rib_counts c;

	rib_peer_counts(w.rib, 0, world_af(v4), &c);
	return c;
}

static void test_all_are_vouched_for(void **state)
{
	start();
	give_next("q");
	assert_int_equal(of_generation(w.generation), 0);
	struct sweep_counts c = sweep();
	assert_int_equal(c.seen, 5);
	assert_int_equal(c.changed, 2);
	assert_int_equal(c.newly_rejected, 2);
	assert_int_equal(of_generation(w.generation), 5);
	assert_int_equal(world_believed(&w, 1), 3);
	give_next("p");
	c = sweep();
	assert_int_equal(c.seen, 5);
	assert_int_equal(c.newly_accepted, 2);
	assert_int_equal(of_generation(w.generation), 5);
	assert_int_equal(world_believed(&w, 1), 5);
}

// Routes that come between the change and the walk are counted where they were judged.
static void test_each_route_is_counted_once(void **state)
{
	start();
	give_next("q");
	tell("10.1.0.0/16 20.1.0.0/16 20.9.0.0/16", A);
	assert_int_equal(counts().fresh.seen, 2); // in doubt, and new
	assert_int_equal(counts().fresh.changed, 2);
	struct sweep_counts c = sweep();
	assert_int_equal(c.seen + counts().fresh.seen, 6);
	assert_int_equal(c.changed, 1);
	tell("20.2.0.0/16", "path=65001 nh=10.0.0.1 med=4");
	assert_int_equal(counts().again.changed, 1);
	assert_int_equal(counts().fresh.seen, 2);
}

// Several changes before a walk: all that any of them put in doubt is judged.
static void test_doubts_add_up(void **state)
{
	start();
	give_next("r");
	give_next("q");
	give_next("r");
	struct sweep_counts c = sweep();
	assert_int_equal(c.changed, 1);
	assert_int_equal(world_believed(&w, 1), 4);
	assert_string_equal(world_belief(&w, 1, v4, "10.2.0.0/16"), "");
	give_next("s");
	give_next("p");
	c = sweep();
	assert_int_equal(c.changed, 1);
	assert_int_equal(c.seen, 5);
	assert_int_equal(world_believed(&w, 1), 5);
}

// A change while a walk is on its way is left to the next walk, and is not forgotten.
static void test_change_during_a_walk(void **state)
{
	start();
	give_next("r");
	struct sweep *first = begin(w.generation);
	give_next("s");
	finish(first);
	assert_int_equal(of_generation(w.generation), 1); // r's prefix, judged by s
	struct sweep_counts c = sweep();
	assert_int_equal(c.seen, 4);
	assert_int_equal(of_generation(w.generation), 5);
	struct buf trouble = {0};
	world_check(&w, &trouble);
	assert_int_equal(trouble.len, 0);
	buf_free(&trouble);
}

// Options that change in the same commit concern all routes, whatever the policies say.
static void test_options_along_with_a_policy(void **state)
{
	struct rib_options o = w.options;

	start();
	w.generation++;
	o.as_path_limit = 1;
	tell("20.1.0.0/16", "path=65001,5 nh=10.0.0.1");
	rib_set_options(w.rib, NULL, &o);
	give("q");
	struct sweep_counts c = sweep();
	assert_int_equal(c.newly_rejected, 3);
	assert_int_equal(world_believed(&w, 1), 2);
}

// Without routes there is nothing to doubt; a peer that comes again starts afresh.
static void test_new_peer(void **state)
{
	start();
	give_next("q");
	world_down(&w, 0);
	world_work(&w);
	give_next("s");
	world_up(&w, 0, v4);
	tell(BLOCK, A);
	assert_int_equal(of_generation(w.generation), 2);
	struct sweep_counts c = sweep();
	assert_int_equal(c.seen, 0);
	rib_peer_remove(w.rib, 0);
	world_work(&w);
	w.peers[0].up = false;
	w.generation = 1;
	world_peer(&w, 0, SOURCE_EBGP);
	tell(REST, A);
	assert_int_equal(of_generation(1), 3);
	give_next("q");
	tell(BLOCK, A);
	assert_int_equal(world_believed(&w, 1), 3);
}

// The same for an update group: of what is told, only the block is looked at; equal outcomes say
// nothing.
static void test_export(void **state)
{
	const uint64_t peers[RIB_PEERS_MAX / 64] = {2};
	struct rib_export out = world_export(&w, 1, SOURCE_EBGP);
	struct sweep_counts c;

	start();
	world_reset_counts(&w);
	for (unsigned i = 0; i < 2; i++) {
		out.program = fixture_program(&w.policy, v4, false, i ? "p" : "q");
		rib_peer_export(w.rib, 1, world_af(v4), &out, ++w.generation);
		policy_program_unref(out.program);
		struct sweep *s = sweep_new(w.rib, SWEEP_EXPORT, world_af(v4), peers, w.generation);
		while (sweep_step(s, never, NULL))
			;
		sweep_counts(s, &c);
		sweep_free(s);
		world_work(&w);
		assert_int_equal(c.seen, 5);
		if (i) {
			assert_int_equal(c.newly_accepted, 2);
			assert_int_equal(w.peers[1].announced, 2);
		}
		assert_int_equal(world_believed(&w, 1), i ? 5 : 3);
	}
}

// Of route targets: what carries one that came or went is judged, all others are vouched for.
static void test_targets(void **state)
{
	ask("p", 1);
	tell(BLOCK, A1);
	tell("20.1.0.0/16 20.2.0.0/16", A2);
	tell("20.3.0.0/16 20.4.0.0/16", A " rt=1:3;1:1");
	tell("20.5.0.0/16", A);
	assert_int_equal(world_believed(&w, 1), 4);
	ask("p", 3);
	tell("20.2.0.0/16 20.4.0.0/16 20.9.0.0/16", A2);
	assert_int_equal(counts().fresh.seen, 2); // in doubt, and new
	assert_int_equal(counts().fresh.newly_accepted, 2);
	assert_int_equal(counts().again.changed, 1); // 20.4.0.0/16 carried another one
	struct sweep_counts c = sweep();
	assert_int_equal(c.seen + counts().fresh.seen, 8);
	assert_int_equal(c.seen - c.passed, 1); // judged
	assert_int_equal(c.changed, 1);
	assert_int_equal(c.newly_accepted, 1);
	assert_int_equal(of_generation(w.generation), 8);
	assert_int_equal(world_believed(&w, 1), 7);
	ask("p", 2);
	ask("q", 6); // the block goes anyway; what carries the third comes
	c = sweep();
	assert_int_equal(c.seen, 8);
	assert_int_equal(c.passed, 5);
	assert_int_equal(c.newly_rejected, 2);
	assert_int_equal(c.newly_accepted, 0);
	assert_int_equal(world_believed(&w, 1), 5);
	ask("p", 0);
	c = sweep();
	assert_int_equal(c.newly_rejected, 5);
	assert_int_equal(world_believed(&w, 1), 0);
}

// Changes of targets before a walk, one taken back, and one while it is on its way.
static void test_targets_add_up(void **state)
{
	ask("p", 1);
	tell(BLOCK, A1);
	tell(REST, A2);
	ask("p", 3);
	ask("p", 2);
	struct sweep *first = begin(w.generation);
	ask("p", 1);
	finish(first);
	sweep();
	assert_int_equal(world_believed(&w, 1), 2);
	ask("p", 3);
	ask("p", 2);
	struct sweep_counts c = sweep();
	assert_int_equal(c.newly_accepted, 3);
	assert_int_equal(c.newly_rejected, 2);
	struct buf trouble = {0};
	world_check(&w, &trouble);
	assert_int_equal(trouble.len, 0);
	buf_free(&trouble);
}

static void tell_targets(uint16_t peer, unsigned targets)
{
	struct rib_export out = world_export(&w, peer, SOURCE_EBGP);

	out.program = asking(false, "p", targets);
	rib_peer_export(w.rib, peer, world_af(v4), &out, w.generation);
	policy_program_unref(out.program);
}

static struct sweep_counts export_sweep(uint16_t peer)
{
	const uint64_t peers[RIB_PEERS_MAX / 64] = {UINT64_C(1) << peer};
	struct sweep *s = sweep_new(w.rib, SWEEP_EXPORT, world_af(v4), peers, w.generation);
	struct sweep_counts c;

	while (sweep_step(s, never, NULL))
		;
	sweep_peer_counts(s, peer, &c);
	sweep_free(s);
	world_work(&w);
	return c;
}

// Peers of one group ask for other targets, all of them, or one that leaves with a copy; also one that
// leaves before a walk has followed the change of all.
static void test_targets_of_a_group(void **state)
{
	world_peer(&w, 2, SOURCE_EBGP);
	w.generation++;
	tell_targets(1, 1);
	tell_targets(2, 1);
	tell(BLOCK, A1);
	tell(REST, A2);
	export_sweep(1);
	assert_int_equal(world_believed(&w, 1), 2);
	w.generation++;
	tell_targets(1, 3);
	tell_targets(2, 3);
	tell("20.8.0.0/16", A2);
	world_work(&w);
	tell_targets(2, 7); // while the others are still to be told of the second
	struct sweep_counts c = export_sweep(2);
	assert_int_equal(c.seen, 6);
	assert_int_equal(c.passed, 2);
	assert_int_equal(c.newly_accepted, 3);
	export_sweep(1);
	assert_int_equal(world_believed(&w, 1), 6);
	assert_int_equal(world_believed(&w, 2), 6);
	w.generation++;
	world_reset_counts(&w);
	tell_targets(2, 2);
	c = export_sweep(2);
	assert_int_equal(c.passed, 4); // what carries the first goes
	assert_int_equal(c.newly_rejected, 2);
	assert_int_equal(w.peers[2].withdrawn, 2);
	assert_int_equal(w.peers[2].announced + w.peers[1].announced + w.peers[1].withdrawn, 0);
	struct buf trouble = {0};
	world_check(&w, &trouble);
	assert_int_equal(trouble.len, 0);
	buf_free(&trouble);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_are_vouched_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_route_is_counted_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_doubts_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_during_a_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_options_along_with_a_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_export, setup, teardown),
		cmocka_unit_test_setup_teardown(test_targets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_targets_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_targets_of_a_group, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
