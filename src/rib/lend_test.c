// Routes that another table lends: they stand side by side under their distinguishers, meet the
// decision like any others, in whatever order they came; and the owner is told of moves, from within
// which it may lend on.
#include "rib/inside.h"
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static const char *const v4 = "ipv4-unicast";
static const char *const net = "10.0.0.0/8";

static int open_world(void **state)
{
	world_open(&w);
	return 0;
}

static int close_world(void **state)
{
	world_close(&w);
	return 0;
}

struct table_view {
	unsigned count;
	uint16_t best_peer;
	uint8_t best_rd;
	uint32_t best_label;
};

static bool note(void *arg, const struct rib_route *r)
{
	struct table_view *v = arg;

	v->count++;
	if (r->best) {
		v->best_peer = r->peer;
		v->best_rd = r->installed->local.rd[7];
		v->best_label = r->installed->local.label;
	}
	return true;
}

static struct table_view look(void)
{
	struct table_view v = {.best_peer = RIB_NO_PEER};
	const struct rib_query q = {.af = world_af(v4), .view = RIB_VIEW_LOC};
	struct buf trouble = {0};

	inside_check(w.rib, &trouble);
	assert_string_equal(buf_cstr(&trouble), "");
	buf_free(&trouble);
	rib_read(w.rib, &q, note, &v);
	return v;
}

static void test_side_by_side(void **state)
{
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_lend(&w, v4, net, 2,
		   "path=65009 nh=10.9.0.1 source=ibgp originator=9.9.9.2 label=20");
	world_lend(&w, v4, net, 1,
		   "path=65009 nh=10.9.0.1 source=ibgp originator=9.9.9.1 label=10");
	world_lend(&w, v4, net, 3, "path=65009,65010 nh=10.9.0.1 source=ibgp originator=9.9.9.0");
	struct table_view v = look();
	assert_int_equal(v.count, 3);
	assert_int_equal(v.best_peer, RIB_LENT);
	assert_int_equal(v.best_rd, 1);
	assert_int_equal(v.best_label, 10);
	// another one under the same distinguisher takes its place
	world_lend(&w, v4, net, 1, "path=65009,65010 nh=10.9.0.1 source=ibgp originator=9.9.9.1");
	v = look();
	assert_int_equal(v.count, 3);
	assert_int_equal(v.best_rd, 2);
	world_work(&w);
	assert_int_equal(world_believed(&w, 1), 1);
	world_lend(&w, v4, net, 2, NULL);
	world_lend(&w, v4, net, 7, NULL); // was never there
	v = look();
	assert_int_equal(v.count, 2);
	assert_int_equal(v.best_rd, 3);
	world_lend(&w, v4, net, 1, NULL);
	world_lend(&w, v4, net, 3, NULL);
	world_work(&w);
	assert_int_equal(look().count, 0);
	assert_int_equal(world_believed(&w, 1), 0);
}

// Equal in all but the distinguisher, and beside the paths of peers.
static void test_order(void **state)
{
	static const char *const same = "path=65009 nh=10.9.0.1 source=ebgp originator=10.0.0.3";

	for (unsigned turn = 0; turn < 6; turn++) {
		world_rib(&w);
		world_peer(&w, 2, SOURCE_EBGP);
		for (unsigned i = 0; i < 3; i++) {
			unsigned which = (turn & 1 ? 2 - i : i) + turn / 2;
			if (which % 3 == 0)
				world_tell(&w, 2, v4, net, "path=65009 nh=10.9.0.1");
			else
				world_lend(&w, v4, net, which % 3, same);
		}
		struct table_view v = look();
		assert_int_equal(v.count, 3);
		assert_int_equal(v.best_peer, 2); // peers before what is lent
		world_tell(&w, 2, v4, net, NULL);
		v = look();
		assert_int_equal(v.best_rd, 1);
		world_work(&w);
		assert_int_equal(look().count, 2);
	}
}

// In an instance: what was learned here, before what was lent; and which of its own is the best
// depends on nothing that was lent.
static void test_own_best(void **state)
{
	struct af_key key;
	uint16_t peer;

	rib_set_instance(w.rib);
	world_peer(&w, 1, SOURCE_EBGP);
	world_peer(&w, 2, SOURCE_EBGP);
	world_tell(&w, 1, v4, net, "path=65009 nh=10.9.0.1 med=10");
	world_tell(&w, 2, v4, net, "path=65008 nh=10.9.0.1");
	assert_int_equal(look().best_peer, 1);
	// MED takes nothing away for the sake of a lent one
	world_lend(&w, v4, net, 1, "path=65009 nh=10.9.0.1 source=local med=5");
	assert_int_equal(look().best_peer, 1);
	assert_non_null(rib_best_own(w.rib, world_af(v4), 1, &key, &peer));
	assert_int_equal(peer, 1);
	world_lend(&w, v4, net, 1, "path=65009 nh=10.9.0.1 source=local med=5 lp=200");
	assert_int_equal(look().best_peer, RIB_LENT);
	assert_non_null(rib_best_own(w.rib, world_af(v4), 1, &key, &peer));
	assert_int_equal(peer, 1);
	world_tell(&w, 1, v4, net, NULL);
	assert_non_null(rib_best_own(w.rib, world_af(v4), 1, &key, &peer));
	assert_int_equal(peer, 2);
	world_tell(&w, 2, v4, net, NULL);
	assert_null(rib_best_own(w.rib, world_af(v4), 1, &key, &peer));
}

static void test_best_by_number(void **state)
{
	struct af_key key;
	uint16_t peer;

	assert_null(rib_best(w.rib, world_af(v4), 0, &key, &peer));
	assert_null(rib_best(w.rib, world_af(v4), 1, &key, &peer));
	assert_null(rib_best(w.rib, world_af(v4), 1u << 30, &key, &peer));
	world_lend(&w, v4, net, 1, "path=65009 nh=10.9.0.1 source=ibgp label=77");
	const struct attr_set *set = rib_best(w.rib, world_af(v4), 1, &key, &peer);
	assert_non_null(set);
	assert_int_equal(set->local.label, 77);
	assert_int_equal(peer, RIB_LENT);
	struct af_key is = fixture_key(v4, net);
	assert_memory_equal(&is, &key, sizeof(key));
	world_lend(&w, v4, net, 1, NULL);
	assert_null(rib_best(w.rib, world_af(v4), 1, &key, &peer));
}

// --- moves ----------------------------------------------------------------------------------------
static unsigned moves, depth;

// Lends each route on under the next prefix until the last: changes nest as deep as that.
static void lend_on(struct world *world, const struct af *af, const struct rib_move *m)
{
	struct af_key next = *m->key;
	const uint8_t rd[8] = {[7] = (uint8_t)(m->key->b[1] + 1)};
	struct attrs as;

	assert_non_null(m->after ? m->after : m->before);
	moves++;
	if (m->key->b[1] == 40)
		return;
	depth++;
	next.b[1]++;
	if (m->after)
		attr_open(m->after, &as);
	rib_lend(world->rib, af, &next, rd, m->after ? &as : NULL);
	// what we were told about is still there
	if (m->after)
		assert_true(m->after->refs > 0);
	if (m->before)
		assert_true(m->before->refs > 0);
	assert_int_equal(m->key->b[1] + 1, next.b[1]);
	depth--;
}

static void test_moves_nest(void **state)
{
	if (!af_outer(world_af(v4)))
		skip();
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_peer(&w, 2, SOURCE_IBGP_CLIENT);
	rib_set_instance(w.rib);
	w.moved = lend_on;
	moves = 0;
	world_tell(&w, 2, v4, "10.0.0.0/16", "path=65009 nh=10.9.0.1");
	assert_int_equal(moves, 41);
	assert_int_equal(look().count, 41);
	world_tell(&w, 2, v4, "10.0.0.0/16", "path=65008 nh=10.9.0.1");
	assert_int_equal(moves, 82);
	world_work(&w);
	assert_int_equal(world_believed(&w, 1), 41);
	assert_int_equal(world_believed(&w, 2), 40);
	// from within a purge too
	world_down(&w, 2);
	world_work(&w);
	assert_int_equal(moves, 123);
	assert_int_equal(look().count, 0);
	assert_int_equal(world_believed(&w, 1), 0);
	assert_int_equal(depth, 0);
	w.moved = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_side_by_side, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_order, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_own_best, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_best_by_number, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_moves_nest, open_world, close_world)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
