// The decision process, step by step (G40): two paths that differ in one step only, told in both
// orders; the winner must be the same. Then deterministic MED, and what the options change.
#include "rib/decide.h"
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static const char *const v4 = "ipv4-unicast";

static bool note_best(void *arg, const struct rib_route *r)
{
	if (r->best)
		*(unsigned *)arg = r->peer;
	return true;
}

static unsigned best(void)
{
	unsigned peer = 999;
	struct af_key key = {0};

	world_af(v4)->text_get("10.0.0.0/8", &key);
	const struct rib_query q = {.af = world_af(v4), .view = RIB_VIEW_LOC, .exact = &key};
	rib_read(w.rib, &q, note_best, &peer);
	return peer;
}

struct says {
	uint16_t peer;
	uint8_t kind;
	const char *attrs;
};

// Every order of telling gives the same winner.
static unsigned winner(const struct says *s, unsigned n)
{
	unsigned first = 999;

	for (unsigned turn = 0; turn < n * 2; turn++) {
		world_rib(&w);
		for (unsigned i = 0; i < n; i++)
			world_peer(&w, s[i].peer, s[i].kind);
		for (unsigned i = 0; i < n; i++) {
			unsigned at = turn < n ? (i + turn) % n : (2 * n - i + turn) % n;
			world_tell(&w, s[at].peer, v4, "10.0.0.0/8", s[at].attrs);
		}
		if (first == 999)
			first = best();
		assert_int_equal(best(), first);
	}
	return first;
}

static unsigned duel(const char *a, const char *b)
{
	const struct says s[] = {{0, SOURCE_EBGP, a}, {1, SOURCE_EBGP, b}};

	return winner(s, 2);
}

#define BASE "origin=0 nh=10.9.9.9 path=65001,65020 "

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

static void test_steps(void **state)
{
	struct says internal[] = {{0, SOURCE_IBGP, BASE "lp=100"}, {1, SOURCE_IBGP, BASE "lp=200"}};

	assert_int_equal(winner(internal, 2), 1); // local preference
	assert_int_equal(duel("origin=0 nh=1.1.1.1 path=1,2,3", "origin=0 nh=1.1.1.1 path=1,2"), 1);
	assert_int_equal(
		duel("origin=0 nh=1.1.1.1 path=1,{2,3,4}", "origin=0 nh=1.1.1.1 path=1,2,3"),
		0); // a set counts one
	assert_int_equal(duel("origin=2 nh=1.1.1.1 path=1", "origin=1 nh=1.1.1.1 path=1"), 1);
	assert_int_equal(duel(BASE "med=20", BASE "med=10"), 1);
	assert_int_equal(duel(BASE "med=20", BASE), 1); // no MED counts as 0
	assert_int_equal(duel(BASE, BASE), 0);          // lower identifier
	const struct says kinds[] = {{0, SOURCE_IBGP, BASE}, {1, SOURCE_EBGP, BASE}};
	assert_int_equal(winner(kinds, 2), 1); // EBGP before IBGP
	const struct says confed[] = {{0, SOURCE_CONFED, BASE}, {1, SOURCE_EBGP, BASE}};
	assert_int_equal(winner(confed, 2), 1); // a confederation peer is internal here
	const struct says members[] = {{1, SOURCE_CONFED, BASE}, {0, SOURCE_IBGP, BASE}};
	assert_int_equal(winner(members, 2), 0); // and equal to IBGP
	const struct says originators[] = {{0, SOURCE_IBGP, BASE "originator-id=9.9.9.9"},
					   {1, SOURCE_IBGP, BASE "originator-id=8.8.8.8"}};
	assert_int_equal(winner(originators, 2), 1);
}

static void test_preferred_value_and_own_routes(void **state)
{
	world_rib(&w);
	world_peer(&w, 0, SOURCE_EBGP);
	world_peer(&w, 1, SOURCE_EBGP);
	struct rib_import in = world_import(&w, 1, SOURCE_EBGP);
	in.preferred_value = 5;
	rib_peer_import(w.rib, 1, world_af(v4), &in, 2);
	world_tell(&w, 0, v4, "10.0.0.0/8", "origin=0 nh=1.1.1.1 path=1");
	world_tell(&w, 1, v4, "10.0.0.0/8", "origin=2 nh=1.1.1.1 path=1,2,3,4");
	assert_int_equal(best(), 1);
	world_originate(&w, v4, "10.0.0.0/8", "origin=0 path=");
	assert_int_equal(best(), 1); // preferred value comes even before what is ours
	in.preferred_value = 0;
	rib_peer_import(w.rib, 1, world_af(v4), &in, 3);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_int_equal(best(), RIB_NO_PEER);
	world_originate(&w, v4, "10.0.0.0/8", NULL);
	assert_int_equal(best(), 0);
}

// MED is compared within a neighbouring AS only, and the outcome does not depend on who came first:
// a loses to b by MED, b to c and c to a by other steps.
static void test_deterministic_med(void **state)
{
	const struct says s[] = {{0, SOURCE_EBGP, "origin=0 nh=1.1.1.1 path=7,9 med=20"},
				 {1, SOURCE_EBGP, "origin=0 nh=1.1.1.1 path=8,9 med=50"},
				 {2, SOURCE_EBGP, "origin=0 nh=1.1.1.1 path=7,9 med=10"}};

	assert_int_equal(winner(s, 3), 1);
	w.options.compare_different_as_med = true;
	assert_int_equal(winner(s, 3), 2);
	w.options.compare_different_as_med = false;
	// The eliminator goes: what it had beaten is back.
	world_rib(&w);
	for (unsigned i = 0; i < 3; i++) {
		world_peer(&w, s[i].peer, s[i].kind);
		world_tell(&w, s[i].peer, v4, "10.0.0.0/8", s[i].attrs);
	}
	assert_int_equal(best(), 1);
	world_tell(&w, 2, v4, "10.0.0.0/8", NULL);
	assert_int_equal(best(), 0);
}

static void test_options(void **state)
{
	w.options.med_none_as_maximum = true;
	assert_int_equal(duel(BASE, BASE "med=10"), 1);
	w.options.med_none_as_maximum = false;
	w.options.as_path_ignore = true;
	assert_int_equal(duel("origin=0 nh=1.1.1.1 path=1,2", "origin=0 nh=1.1.1.1 path=1"), 0);
	w.options.as_path_ignore = false;
	w.options.router_id_ignore = true;
	const struct says s[] = {{0, SOURCE_IBGP, BASE "originator-id=9.9.9.9"},
				 {1, SOURCE_IBGP, BASE "originator-id=8.8.8.8"}};
	assert_int_equal(winner(s, 2), 0); // by address
	w.options.router_id_ignore = false;
}

static unsigned winner_by(const struct af *options_of)
{
	struct rib_options o = w.options;

	o.as_path_ignore = true;
	world_rib(&w);
	rib_set_options(w.rib, options_of, &o);
	world_peer(&w, 0, SOURCE_EBGP);
	world_peer(&w, 1, SOURCE_EBGP);
	world_tell(&w, 0, v4, "10.0.0.0/8", "origin=0 nh=1.1.1.1 path=1,2");
	world_tell(&w, 1, v4, "10.0.0.0/8", "origin=0 nh=1.1.1.1 path=1");
	return best();
}

static void test_options_of_one_family(void **state)
{
	assert_int_equal(winner_by(world_af("ipv6-unicast")), 1);
	assert_int_equal(winner_by(world_af(v4)), 0);
	assert_int_equal(winner_by(NULL), 0);
}

static void test_many_paths(void **state)
{
	world_rib(&w);
	for (uint16_t i = 0; i < WORLD_PEERS; i++)
		world_peer(&w, i, SOURCE_EBGP);
	for (uint16_t i = 0; i < WORLD_PEERS; i++) {
		char text[64];
		snprintf(text, sizeof(text), "origin=0 nh=1.1.1.1 path=%u,9 med=%u", 1 + i % 3,
			 12u - i);
		world_tell(&w, i, v4, "10.0.0.0/8", text);
	}
	assert_int_equal(best(), 9); // best of its AS by MED, lowest identifier of the three
	world_tell(&w, 9, v4, "10.0.0.0/8", NULL);
	assert_int_equal(best(), 6);
}

static void test_steps_have_names(void **state)
{
	unsigned n = 0;

	while (decide_step(n))
		n++;
	assert_int_equal(n, 12);
	assert_string_equal(decide_step(0)->name, "preferred-value");
	assert_string_equal(decide_step(10)->name, "peer-address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_preferred_value_and_own_routes),
		cmocka_unit_test(test_deterministic_med),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_of_one_family),
		cmocka_unit_test(test_many_paths),
		cmocka_unit_test(test_steps_have_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
