// Lists of attributes, and what every row promises: asked of each, a new attribute is under test
// as soon as its word stands in the list. The grades of RFC 7606 section 7 stand here as a table.
#include "attr/attr.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static void test_list(void **state)
{
	struct attrs as;
	struct random r;
	uint8_t values[256];
	bool there[256] = {0};

	random_seed(&r, 3);
	attrs_clear(&as);
	for (unsigned i = 0; i < 5000; i++) {
		uint8_t type = (uint8_t)random_below(&r, 80);

		if (random_below(&r, 3)) {
			values[type] = (uint8_t)i;
			bool room = there[type] || as.count < ATTRS_MAX;
			assert_int_equal(attrs_put(&as, type, 0xff, &values[type], 1), room);
			there[type] |= room;
		} else {
			attrs_drop(&as, type);
			there[type] = false;
		}
		unsigned count = 0;
		for (unsigned t = 0; t < 256; t++) {
			const struct attr *a = attrs_find(&as, (uint8_t)t);

			assert_int_equal(!!a, there[t]);
			count += there[t];
			if (a)
				assert_ptr_equal(a->value, &values[t]);
			if (a)
				assert_int_equal(a->flags, 0xff & ~ATTR_EXTENDED);
		}
		assert_int_equal(as.count, count);
		for (unsigned k = 1; k < as.count; k++)
			assert_true(as.a[k - 1].type < as.a[k].type);
	}
	assert_false(attrs_put(&as, 1, 0, values, 65536));
}

static void test_numbers(void **state)
{
	struct attrs as;
	uint32_t v = 0;

	attrs_clear(&as);
	assert_false(attrs_u32(&as, ATTR_MED, &v));
	attrs_put_u32(&as, &arena, ATTR_MED, 0x01020304);
	attrs_put_u32(&as, &arena, ATTR_LOCAL_PREF, UINT32_MAX);
	attrs_put_u8(&as, &arena, ATTR_ORIGIN, ORIGIN_EGP);
	assert_true(attrs_u32(&as, ATTR_MED, &v));
	assert_int_equal(v, 0x01020304);
	assert_int_equal(attrs_find(&as, ATTR_MED)->flags, ATTR_OPTIONAL);
	assert_int_equal(attrs_find(&as, ATTR_LOCAL_PREF)->flags, ATTR_TRANSITIVE);
	assert_false(attrs_u32(&as, ATTR_ORIGIN, &v));
	assert_int_equal(as.a[0].type, ATTR_ORIGIN);
}

static enum attr_fault grade(uint8_t type, uint8_t flags, const uint8_t *value, size_t len,
			     struct attr_context x, struct attr *ret)
{
	uint8_t subcode = 0;

	*ret = (struct attr){.type = type, .flags = flags, .len = (uint16_t)len, .value = value};
	enum attr_fault fault = attr_grade(attr_row(type), &x, ret, &arena, &subcode);
	if (fault)
		assert_in_range(subcode, 4, 11);
	return fault;
}

// RFC 7606 section 7 by length: which lengths up to 41 each attribute takes, all octets being 1,
// and what becomes of the others. A letter an attribute: N none is wrong, D discard, W withdraw.
static void test_H17_H18_H19_lengths(void **state)
{
	static const struct {
		uint8_t type, step, exact; // good: multiples of step but 0, or exactly `exact`
		enum attr_fault otherwise;
	} rows[] = {
		{ATTR_ORIGIN, 0, 1, ATTR_FAULT_WITHDRAW},
		{ATTR_NEXT_HOP, 0, 4, ATTR_FAULT_WITHDRAW},
		{ATTR_MED, 0, 4, ATTR_FAULT_WITHDRAW},
		{ATTR_LOCAL_PREF, 0, 4, ATTR_FAULT_WITHDRAW},
		{ATTR_ATOMIC_AGGREGATE, 0, 0, ATTR_FAULT_DISCARD},
		{ATTR_AGGREGATOR, 0, 8, ATTR_FAULT_DISCARD},
		{ATTR_COMMUNITY, 4, 0, ATTR_FAULT_WITHDRAW},
		{ATTR_ORIGINATOR_ID, 0, 4, ATTR_FAULT_WITHDRAW},
		{ATTR_CLUSTER_LIST, 4, 0, ATTR_FAULT_WITHDRAW},
		{ATTR_EXT_COMMUNITY, 8, 0, ATTR_FAULT_WITHDRAW},
		{ATTR_AS4_AGGREGATOR, 0, 8, ATTR_FAULT_DISCARD},
		{ATTR_IPV6_EXT_COMMUNITY, 20, 0, ATTR_FAULT_WITHDRAW},
		{ATTR_LARGE_COMMUNITY, 12, 0, ATTR_FAULT_WITHDRAW},
	};
	uint8_t ones[64];

	memset(ones, 1, sizeof(ones));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct attr_row *row = attr_row(rows[i].type);

		for (unsigned len = 0; len <= 41; len++) {
			bool good = rows[i].step ? len && len % rows[i].step == 0
						 : len == rows[i].exact;
			struct attr a;
			struct attr_context x = {.as4 = true, .internal = true};

			assert_int_equal(grade(row->type, row->flags, ones, len, x, &a),
					 good ? ATTR_FAULT_NONE : rows[i].otherwise);
		}
	}
}

// RFC 7606 3 (c) and (f): the Optional and Transitive bits, one wrong at a time; others do not count.
static void test_H1_flags(void **state)
{
	uint8_t value[] = {2, 1, 0, 0, 0, 1, 0, 0};

	for (unsigned i = 0; attr_rows[i]; i++) {
		const struct attr_row *row = attr_rows[i];
		enum attr_fault want = ATTR_FAULT_WITHDRAW;
		struct attr a;

		if (row->type == ATTR_MP_REACH || row->type == ATTR_MP_UNREACH)
			want = ATTR_FAULT_RESET;
		if (row->type == ATTR_ATOMIC_AGGREGATE || row->type == ATTR_AGGREGATOR ||
		    row->type == ATTR_AS4_PATH || row->type == ATTR_AS4_AGGREGATOR)
			want = ATTR_FAULT_DISCARD;
		struct attr_context x = {.as4 = true, .internal = true};
		for (unsigned wrong = 0x40; wrong <= 0xc0; wrong += 0x40)
			assert_int_equal(
				grade(row->type, row->flags ^ (uint8_t)wrong, value, 6, x, &a),
				want);
	}
	struct attr a;
	struct attr_context x = {.as4 = true};
	assert_int_equal(grade(ATTR_MED, 0xbf, value, 4, x, &a), ATTR_FAULT_NONE); // G6
	assert_int_equal(a.flags, ATTR_OPTIONAL);
	assert_int_equal(grade(ATTR_COMMUNITY, 0xef, value, 4, x, &a), ATTR_FAULT_NONE);
	assert_int_equal(a.flags, ATTR_OPTIONAL | ATTR_TRANSITIVE | ATTR_PARTIAL); // G11
}

static void test_H18_scope(void **state)
{
	struct attr_context external = {0}, internal = {.internal = true},
			    confed = {.confed = true};

	assert_false(attr_in_scope(attr_row(ATTR_LOCAL_PREF), &external));
	assert_true(attr_in_scope(attr_row(ATTR_LOCAL_PREF), &confed));
	assert_true(attr_in_scope(attr_row(ATTR_LOCAL_PREF), &internal));
	assert_false(attr_in_scope(attr_row(ATTR_ORIGINATOR_ID), &external));
	assert_false(attr_in_scope(attr_row(ATTR_ORIGINATOR_ID), &confed));
	assert_false(attr_in_scope(attr_row(ATTR_CLUSTER_LIST), &confed));
	assert_true(attr_in_scope(attr_row(ATTR_CLUSTER_LIST), &internal));
	assert_true(attr_in_scope(attr_row(ATTR_MED), &external));
}

static void test_canonical_forms(void **state)
{
	static const uint8_t path2[] = {2, 2, 0, 1, 0, 2}, path4[] = {2, 2, 0, 0, 0, 1, 0, 0, 0, 2};
	static const uint8_t aggregator2[] = {0, 7, 10, 0, 0, 1};
	static const uint8_t aggregator4[] = {0, 0, 0, 7, 10, 0, 0, 1};
	static const uint8_t communities[] = {0, 2, 0, 1, 0, 1, 0, 1, 0, 2, 0, 1};
	static const uint8_t sorted[] = {0, 1, 0, 1, 0, 2, 0, 1};
	struct attr a;

	assert_int_equal(grade(ATTR_AS_PATH, 0x40, path2, 6, (struct attr_context){0}, &a), 0);
	assert_int_equal(a.len, sizeof(path4));
	assert_memory_equal(a.value, path4, sizeof(path4));
	assert_int_equal(grade(ATTR_AGGREGATOR, 0xc0, aggregator2, 6, (struct attr_context){0}, &a),
			 0);
	assert_int_equal(a.len, sizeof(aggregator4));
	assert_memory_equal(a.value, aggregator4, sizeof(aggregator4));
	assert_int_equal(grade(ATTR_COMMUNITY, 0xc0, communities, 12, (struct attr_context){0}, &a),
			 0);
	assert_int_equal(a.len, sizeof(sorted));
	assert_memory_equal(a.value, sorted, sizeof(sorted));
}

static void test_text(void **state)
{
	static const struct {
		uint8_t type, len, value[12];
		const char *text;
	} cases[] = {
		{ATTR_ORIGIN, 1, {2}, "incomplete"},
		{ATTR_AS_PATH, 6, {2, 1, 0, 0, 0, 9}, "9"},
		{ATTR_NEXT_HOP, 4, {10, 0, 0, 1}, "10.0.0.1"},
		{ATTR_MED, 4, {0, 0, 1, 0}, "256"},
		{ATTR_AGGREGATOR, 8, {0, 0, 0, 9, 10, 0, 0, 1}, "9 10.0.0.1"},
		{ATTR_COMMUNITY, 8, {0, 1, 0, 1, 255, 255, 255, 1}, "<1:1>, <no-export>"},
		{ATTR_EXT_COMMUNITY, 8, {0, 2, 0, 1, 0, 0, 0, 1}, "RT <1 : 1>"},
		{ATTR_LARGE_COMMUNITY, 12, {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, "<1:2:3>"},
		{ATTR_ORIGINATOR_ID, 4, {1, 2, 3, 4}, "1.2.3.4"},
		{ATTR_CLUSTER_LIST, 8, {1, 1, 1, 1, 2, 2, 2, 2}, "1.1.1.1, 2.2.2.2"},
		{240, 3, {1, 2, 0xab}, "0102ab"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct attr a = {
			.type = cases[i].type, .len = cases[i].len, .value = cases[i].value};
		struct buf b = {0};

		attr_text(&b, &a);
		assert_string_equal(buf_cstr(&b), cases[i].text);
		buf_free(&b);
	}
}

// Random values of every row: what is accepted stays accepted, unchanged, once it is canonical.
static void test_random_values(void **state)
{
	struct random r;

	random_seed(&r, 5);
	for (unsigned i = 0; i < 60000; i++) {
		const struct attr_row *row = attr_rows[random_below(&r, 19)];
		size_t n = random_below(&r, 45);
		uint8_t *p = malloc(n ? n : 1); // of the exact size, for the sanitizers
		struct attr_context x = {.as4 = random_below(&r, 2), .confed = random_below(&r, 2)};
		struct attr a, again;
		struct buf b = {0};

		for (size_t k = 0; k < n; k++)
			p[k] = (uint8_t)random_below(&r, random_below(&r, 8) ? 5 : 256);
		if (grade(row->type, row->flags, p, n, x, &a) == ATTR_FAULT_NONE) {
			x.as4 = true;
			assert_int_equal(grade(row->type, row->flags, a.value, a.len, x, &again),
					 0);
			assert_int_equal(again.len, a.len);
			assert_memory_equal(again.value, a.value, a.len);
			attr_text(&b, &a);
		}
		buf_free(&b);
		free(p);
		arena_reset(&arena);
	}
}

static void test_rows(void **state)
{
	unsigned count = 0;

	for (; attr_rows[count]; count++) {
		assert_ptr_equal(attr_row(attr_rows[count]->type), attr_rows[count]);
		assert_non_null(attr_rows[count]->name);
		assert_non_null(attr_rows[count]->rfc);
	}
	assert_int_equal(count, 20);
	assert_null(attr_row(0));
	assert_null(attr_row(255));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_H17_H18_H19_lengths),
		cmocka_unit_test(test_H1_flags),
		cmocka_unit_test(test_H18_scope),
		cmocka_unit_test(test_canonical_forms),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_random_values),
		cmocka_unit_test(test_rows),
	};

	arena_init(&arena, 4096);
	int failed = cmocka_run_group_tests_name("attr list", tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
