// Limits: what is beyond them is turned away, whoever it comes from; what is there may change; ribs
// that share a room share its places; and the counts are those of the table at every moment.
#include "rib/limit.h"

#include "rib/inside.h"
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct world w;
static struct rib_room *room;
static const char *const v4 = "ipv4-unicast";
static const char *const plain = "path=65009 nh=10.9.0.1";
static const char *const foreign = "path=65009 nh=10.9.0.1 source=ibgp originator=9.9.9.1";

static int open_world(void **state)
{
	world_open(&w);
	room = rib_room_new();
	return 0;
}

static int close_world(void **state)
{
	world_close(&w);
	rib_room_unref(room);
	return 0;
}

static void limit(uint32_t routes, uint32_t prefixes, bool trim)
{
	const struct rib_limit l = {.room = room,
				    .most = {[LIMIT_ROUTES] = routes, [LIMIT_PREFIXES] = prefixes},
				    .trim = trim};

	rib_set_limit(w.rib, world_af(v4), &l);
}

static bool count_path(void *arg, const struct rib_route *r)
{
	*(unsigned *)arg += r->installed != NULL;
	return true;
}

static unsigned installed(struct rib *r)
{
	const struct rib_query q = {.af = world_af(v4), .view = RIB_VIEW_LOC};
	unsigned count = 0;

	rib_read(r, &q, count_path, &count);
	return count;
}

static struct rib_room_counts look(void)
{
	struct rib_room_counts counts;
	struct buf trouble = {0};

	inside_check(w.rib, &trouble);
	world_work(&w);
	world_check(&w, &trouble);
	assert_string_equal(buf_cstr(&trouble), "");
	buf_free(&trouble);
	rib_room_read(room, &counts);
	return counts;
}

static void expect(uint32_t routes, uint32_t prefixes, uint64_t no_route, uint64_t no_prefix)
{
	struct rib_room_counts counts = look();

	assert_int_equal(counts.held[LIMIT_ROUTES], routes);
	assert_int_equal(counts.held[LIMIT_PREFIXES], prefixes);
	assert_int_equal(counts.refused[LIMIT_ROUTES], no_route);
	assert_int_equal(counts.refused[LIMIT_PREFIXES], no_prefix);
}

static void keep_all(uint16_t peer, bool keeps)
{
	struct rib_import in = world_import(&w, peer, SOURCE_EBGP);

	in.keep_all = keeps;
	rib_peer_import(w.rib, peer, world_af(v4), &in, ++w.generation);
}

static bool never(void *arg)
{
	return false;
}

static void test_routes(void **state)
{
	world_peer(&w, 1, SOURCE_EBGP);
	world_peer(&w, 2, SOURCE_EBGP);
	world_tell(&w, 1, v4, "10.0.0.0/8", plain);
	limit(2, 0, false);
	expect(1, 1, 0, 0); // what was there counts
	world_tell(&w, 2, v4, "10.0.0.0/8 11.0.0.0/8", plain);
	expect(2, 1, 1, 0);
	world_tell(&w, 2, v4, "10.0.0.0/8", "path=65008 nh=10.9.0.1"); // a route that changes
	expect(2, 1, 1, 0);
	world_lend(&w, v4, "10.0.0.0/8", 1, foreign);
	world_lend(&w, v4, "12.0.0.0/8", 1, foreign);
	expect(2, 1, 3, 0);
	world_lend(&w, v4, "12.0.0.0/8", 1, NULL);            // was not taken
	world_originate(&w, v4, "13.0.0.0/8", "nh=10.9.0.1"); // ours is never turned away
	expect(3, 2, 3, 0);
	world_tell(&w, 1, v4, "10.0.0.0/8", NULL);
	world_originate(&w, v4, "13.0.0.0/8", NULL);
	expect(1, 1, 3, 0);
	world_lend(&w, v4, "12.0.0.0/8", 1, foreign);
	expect(2, 2, 3, 0);
	world_down(&w, 2);
	world_work(&w);
	expect(1, 1, 3, 0);
	world_lend(&w, v4, "12.0.0.0/8", 1, NULL);
	expect(0, 0, 3, 0);
}

static void test_prefixes(void **state)
{
	world_peer(&w, 1, SOURCE_EBGP);
	world_peer(&w, 2, SOURCE_EBGP);
	limit(0, 2, false);
	world_tell(&w, 1, v4, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8", plain);
	expect(2, 2, 0, 1);
	world_tell(&w, 2, v4, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8", plain); // prefixes, not routes
	expect(4, 2, 0, 2);
	world_lend(&w, v4, "11.0.0.0/8", 1, foreign);
	world_lend(&w, v4, "13.0.0.0/8", 1, foreign);
	expect(5, 2, 0, 3);
	world_lend(&w, v4, "11.0.0.0/8", 1, NULL);
	world_tell(&w, 1, v4, "10.0.0.0/8", NULL);
	world_tell(&w, 1, v4, "12.0.0.0/8", plain); // 10/8 has another path
	expect(3, 2, 0, 4);
	world_tell(&w, 2, v4, "10.0.0.0/8", NULL);
	world_tell(&w, 1, v4, "12.0.0.0/8", plain);
	expect(3, 2, 0, 4);
	world_work(&w);
	assert_int_equal(world_believed(&w, 2), 2);
}

// What is turned away of a peer whose routes are kept is stored, and comes in by a walk.
static void test_kept(void **state)
{
	struct rib_counts counts;

	world_peer(&w, 1, SOURCE_EBGP);
	keep_all(1, true);
	limit(0, 1, false);
	world_tell(&w, 1, v4, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8", plain);
	expect(1, 1, 0, 2);
	rib_peer_counts(w.rib, 1, world_af(v4), &counts);
	assert_int_equal(counts.received, 3);
	assert_int_equal(counts.rejected, 2);
	limit(0, 2, false);
	uint64_t peers[RIB_PEERS_MAX / 64] = {1u << 1};
	struct sweep *s = sweep_new(w.rib, SWEEP_IMPORT, world_af(v4), peers, 0);
	while (sweep_step(s, never, NULL))
		;
	sweep_free(s);
	expect(2, 2, 0, 3);
	const struct rib_limit none = {0};
	rib_set_limit(w.rib, world_af(v4), &none);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_int_equal(look().held[LIMIT_ROUTES], 0); // the rib has left the room
	assert_int_equal(installed(w.rib), 3);
}

// A smaller limit: with trim the excess goes, but never what is ours; without it all stays.
static void test_trim(void **state)
{
	world_peer(&w, 1, SOURCE_EBGP);
	world_peer(&w, 2, SOURCE_EBGP);
	keep_all(2, true);
	limit(0, 0, false);
	world_originate(&w, v4, "9.0.0.0/8", "nh=10.9.0.1");
	world_tell(&w, 1, v4, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8 13.0.0.0/8", plain);
	world_tell(&w, 2, v4, "11.0.0.0/8 13.0.0.0/8", plain);
	world_lend(&w, v4, "13.0.0.0/8", 1, foreign);
	world_lend(&w, v4, "13.0.0.0/8", 2, foreign);
	expect(9, 5, 0, 0);
	limit(0, 3, false);
	world_work(&w);
	expect(9, 5, 0, 0);
	limit(0, 3, true);
	world_work(&w);
	expect(4, 3, 0, 2);
	limit(0, 1, true);
	world_work(&w);
	expect(1, 1, 0, 4);
	assert_int_equal(world_believed(&w, 1), 1);
	limit(0, 4, true);
	world_work(&w);
	expect(1, 1, 0, 4);
}

// Two ribs as of two shards: together they hold as much as the limit says.
static void test_shared(void **state)
{
	const struct rib_limit l = {.room = room, .most = {[LIMIT_PREFIXES] = 3}};
	const struct rib_ops ops = {0};
	struct rib *other = rib_new(&ops);
	struct rib *mine = w.rib;

	rib_set_limit(mine, world_af(v4), &l);
	rib_set_limit(other, world_af(v4), &l);
	world_lend(&w, v4, "10.0.0.0/8", 1, foreign);
	world_lend(&w, v4, "11.0.0.0/8", 1, foreign);
	w.rib = other;
	world_lend(&w, v4, "12.0.0.0/8", 1, foreign);
	world_lend(&w, v4, "13.0.0.0/8", 1, foreign);
	w.rib = mine;
	expect(3, 3, 0, 1);
	world_lend(&w, v4, "14.0.0.0/8", 1, foreign);
	expect(3, 3, 0, 2);
	rib_free(other);
	expect(2, 2, 0, 2);
	world_lend(&w, v4, "14.0.0.0/8", 1, foreign);
	expect(3, 3, 0, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_routes, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_prefixes, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_kept, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_trim, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_shared, open_world, close_world)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
