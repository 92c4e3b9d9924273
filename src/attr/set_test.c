// Interned sets: equal lists have equal numbers, references end sets, and the index survives any
// order of making and dropping.
#include "attr/set.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

// A list that is a function of its number.
static void list_of(unsigned n, struct attrs *ret)
{
	uint8_t *big = arena_zero(&arena, 300);

	attrs_clear(ret);
	attrs_put_u8(ret, &arena, ATTR_ORIGIN, n % 3);
	attrs_put_u32(ret, &arena, ATTR_MED, n / 7);
	attrs_put_u32(ret, &arena, ATTR_NEXT_HOP, 0x0a000000 + n % 5);
	if (n % 2)
		attrs_put_u32(ret, &arena, ATTR_LOCAL_PREF, n % 100);
	if (n % 11 == 0)
		attrs_put(ret, 240, 0xc0, big, 300); // needs the extended length
	ret->local.source = SOURCE_EBGP;
	ret->local.originator = n % 13;
}

static void test_equal_lists_are_one_set(void **state)
{
	struct attr_table t;
	uint32_t ids[1000];
	struct attrs as, open;

	attr_table_init(&t);
	for (unsigned n = 0; n < 1000; n++) {
		list_of(n, &as);
		ids[n] = attr_intern(&t, &as);
		assert_true(ids[n] != 0);
	}
	for (unsigned n = 0; n < 1000; n++) {
		list_of(n, &as);
		assert_int_equal(attr_intern(&t, &as), ids[n]);
		const struct attr_set *s = attr_at(&t, ids[n]);
		assert_int_equal(s->id, ids[n]);
		attr_open(s, &open);
		assert_int_equal(open.count, as.count);
		for (unsigned i = 0; i < as.count; i++) {
			assert_int_equal(open.a[i].type, as.a[i].type);
			assert_int_equal(open.a[i].flags, as.a[i].flags);
			assert_int_equal(open.a[i].len, as.a[i].len);
			assert_memory_equal(open.a[i].value, as.a[i].value, as.a[i].len);
		}
		assert_int_equal(attr_intern(&t, &open), ids[n]);
		assert_int_equal(attr_intern_bytes(&t, s->bytes, s->len, &s->local), ids[n]);
	}
	assert_true(attr_table_bytes(&t) > t.bytes);
	attr_table_free(&t);
}

static void test_empty_list(void **state)
{
	struct attr_table t;
	struct attrs as, open;

	attr_table_init(&t);
	attrs_clear(&as);
	uint32_t id = attr_intern(&t, &as);
	assert_int_equal(attr_intern(&t, &as), id);
	assert_int_equal(attr_intern_bytes(&t, NULL, 0, &as.local), id);
	attr_open(attr_at(&t, id), &open);
	assert_int_equal(open.count, 0);
	attr_table_free(&t);
}

static void test_local_part_counts(void **state)
{
	struct attr_table t;
	struct attrs as;
	uint32_t ids[8];

	attr_table_init(&t);
	for (unsigned i = 0; i < 8; i++) {
		list_of(1, &as);
		as.local = (struct attr_local){.source = i == 1,
					       .aggregated = i == 2,
					       .preferred_value = i == 3,
					       .originator = i == 4,
					       .preference = i == 5,
					       .label = i == 6,
					       .rd = {[7] = i == 7}};
		ids[i] = attr_intern(&t, &as);
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(ids[k], ids[i]);
	}
	attr_table_free(&t);
}

static unsigned freed;

static void count_freed(void *arg, uint32_t id)
{
	struct attr_table *t = arg;

	assert_non_null(attr_at(t, id)); // still there while memos forget it
	freed++;
}

// Random making and dropping against plain counts.
static void test_references(void **state)
{
	enum { LISTS = 3000 };
	static uint32_t ids[LISTS], refs[LISTS];
	struct attr_table t;
	struct attrs as;
	struct random r;
	unsigned alive = 0;

	random_seed(&r, 9);
	attr_table_init(&t);
	t.on_free = count_freed;
	t.on_free_arg = &t;
	for (unsigned i = 0; i < 100000; i++) {
		// Phases of growing and of shrinking, so that the index is full and empty in turn.
		unsigned n = random_below(&r, LISTS);
		bool make = random_below(&r, 10) < (i / 20000 % 2 ? 2u : 8u);

		if (make) {
			list_of(n, &as);
			uint32_t id = attr_intern(&t, &as);
			if (refs[n])
				assert_int_equal(id, ids[n]);
			alive += !refs[n];
			ids[n] = id;
			refs[n]++;
		} else if (refs[n]) {
			attr_unref(&t, ids[n]);
			alive -= !--refs[n];
		}
		assert_int_equal(t.count, alive);
		arena_reset(&arena);
	}
	for (unsigned n = 0; n < LISTS; n++) {
		if (refs[n])
			assert_int_equal(attr_at(&t, ids[n])->refs, refs[n]);
		while (refs[n]) {
			attr_unref(&t, ids[n]);
			refs[n]--;
		}
	}
	assert_int_equal(t.count, 0);
	assert_int_equal(t.bytes, 0);
	for (unsigned p = 0; p < ATTR_PARTS; p++)
		for (uint32_t i = 0; i < t.part[p].cap; i++)
			assert_int_equal(t.part[p].slots[i], 0);
	assert_true(t.end <= LISTS + 1);
	assert_true(freed > 0);
	attr_unref(&t, 0);
	attr_table_free(&t);
}

static void test_summary(void **state)
{
	static const uint8_t path[] = {3, 1, 0, 0, 0, 5, 2, 2, 0, 0, 0, 7, 0, 0, 0, 9};
	static const uint8_t communities[] = {0, 1, 0, 1, 255, 255, 255, 1, 255, 255, 255, 3};
	static const uint8_t clusters[] = {1, 1, 1, 1, 2, 2, 2, 2};
	static const uint8_t next_hop[16] = {0x20, 1};
	struct attr_table t;
	struct attrs as;

	attr_table_init(&t);
	attrs_clear(&as);
	as.local.originator = 77;
	attrs_put_u8(&as, &arena, ATTR_ORIGIN, ORIGIN_EGP);
	const struct attr_set *s = attr_at(&t, attr_intern(&t, &as));
	assert_int_equal(s->local_pref, 100);
	assert_int_equal(s->med, 0);
	assert_int_equal(s->has, 0);
	assert_int_equal(s->origin, ORIGIN_EGP);
	assert_int_equal(s->originator, 77);
	assert_int_equal(s->nexthop_size, 0);
	assert_int_equal(s->nexthop_at, s->len);

	attrs_put(&as, ATTR_AS_PATH, 0x40, path, sizeof(path));
	attrs_put(&as, ATTR_NEXT_HOP, 0x40, next_hop, sizeof(next_hop));
	attrs_put(&as, ATTR_COMMUNITY, 0xc0, communities, sizeof(communities));
	attrs_put(&as, ATTR_CLUSTER_LIST, 0x80, clusters, sizeof(clusters));
	attrs_put_u32(&as, &arena, ATTR_MED, 5);
	attrs_put_u32(&as, &arena, ATTR_LOCAL_PREF, 200);
	attrs_put_u32(&as, &arena, ATTR_ORIGINATOR_ID, 42);
	s = attr_at(&t, attr_intern(&t, &as));
	assert_int_equal(s->local_pref, 200);
	assert_int_equal(s->med, 5);
	assert_int_equal(s->path_length, 2);
	assert_int_equal(s->neighbor_as, 7);
	assert_int_equal(s->origin_as, 9);
	assert_int_equal(s->cluster_length, 2);
	assert_int_equal(s->originator, 42);
	assert_int_equal(s->has, ATTR_HAS_MED | ATTR_HAS_LOCAL_PREF | ATTR_HAS_NO_EXPORT |
					 ATTR_HAS_NO_EXPORT_SUBCONFED | ATTR_HAS_ORIGINATOR |
					 ATTR_HAS_CONFED_PATH);
	assert_int_equal(s->nexthop_size, 3 + 16);
	assert_int_equal(s->bytes[s->nexthop_at + 1], ATTR_NEXT_HOP);
	assert_memory_equal(s->bytes + s->nexthop_at + 3, next_hop, 16);
	attr_table_free(&t);
}

// The mark of a set has a bit for each of its extended communities, be its number an old one or not.
static void test_marks(void **state)
{
	static const uint8_t values[] = {0, 2, 0, 1, 0, 0, 0, 5, 0, 2, 0, 1, 0, 0, 0, 77};
	struct attr_table t;
	struct attrs as;

	attr_table_init(&t);
	for (unsigned n = 0; n < 2; n++) {
		list_of(n, &as);
		attr_intern(&t, &as);
	}
	attr_unref(&t, 1); // and is given again, while the last number is another one
	for (unsigned count = 0; count < 3; count++) {
		uint32_t mark = 0;
		attrs_clear(&as);
		if (count)
			attrs_put(&as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, values,
				  8 * count);
		if (count > 0)
			mark |= attr_mark(UINT64_C(0x0002000100000005));
		if (count > 1)
			mark |= attr_mark(UINT64_C(0x000200010000004d));
		uint32_t id = attr_intern(&t, &as);
		assert_int_equal(id, 1);
		assert_int_equal(t.marks[id], mark);
		attr_unref(&t, id);
	}
	attr_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_lists_are_one_set),
		cmocka_unit_test(test_empty_list),
		cmocka_unit_test(test_local_part_counts),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_marks),
	};

	arena_init(&arena, 65536);
	int failed = cmocka_run_group_tests_name("attr set", tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
