// AS paths: counting, editing, and the two number widths of RFC 6793.
#include "attr/attr.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

// A path from its text: "100 200 {300 400} (65001) [65002]". A bar starts a new sequence.
static struct span path(const char *text)
{
	static const char brackets[] = " { ([";
	uint8_t *p = arena_zero(&arena, 4096), *start = p, *head = NULL;

	for (bool fresh = true; *text;) {
		const char *bracket = *text == ' ' ? NULL : strchr(brackets + 1, *text);
		if (bracket || fresh) {
			head = p;
			*p++ = bracket ? (uint8_t)(bracket - brackets) : AS_SEQUENCE;
			*p++ = 0;
			fresh = false;
			text += bracket ? 1 : 0;
		}
		char *end;
		uint32_t as = (uint32_t)strtoul(text, &end, 10);
		for (unsigned i = 0; i < 4; i++)
			*p++ = (uint8_t)(as >> (24 - 8 * i));
		head[1]++;
		text = end;
		while (*text && strchr("})]| ", *text))
			fresh |= *text++ != ' ';
	}
	return (struct span){.p = start, .len = (size_t)(p - start)};
}

static void assert_path(struct span got, const char *want)
{
	struct span s = path(want);

	assert_int_equal(got.len, s.len);
	if (s.len)
		assert_memory_equal(got.p, s.p, s.len);
}

static void test_counting(void **state)
{
	static const struct {
		const char *path, *text;
		unsigned length;
		uint32_t neighbor, origin;
	} cases[] = {
		{"", "", 0, 0, 0},
		{"100 200 300", "100 200 300", 3, 100, 300},
		{"100 {200 300}", "100 {200 300}", 2, 100, 0},
		{"{200 300}", "{200 300}", 1, 0, 0},
		{"(65001 65002) 100 200", "(65001 65002) 100 200", 2, 100, 200},
		{"(65001) [65002 65003]", "(65001) [65002 65003]", 0, 0, 0},
		{"100|200", "100 200", 2, 100, 200},
		{"4200000000", "4200000000", 1, 4200000000, 4200000000},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span s = path(cases[i].path);
		struct buf b = {0};

		as_path_text(&b, s.p, s.len);
		assert_string_equal(buf_cstr(&b), cases[i].text);
		assert_int_equal(as_path_length(s.p, s.len), cases[i].length);
		assert_int_equal(as_path_neighbor(s.p, s.len), cases[i].neighbor);
		assert_int_equal(as_path_origin(s.p, s.len), cases[i].origin);
		buf_free(&b);
	}
	struct span s = path("(5) 5 6 {5 7}");
	assert_int_equal(as_path_count(s.p, s.len, 5), 3);
	assert_int_equal(as_path_count(s.p, s.len, 8), 0);
	assert_true(as_path_has_confed(s.p, s.len));
	s = path("5 6");
	assert_false(as_path_has_confed(s.p, s.len));
}

static void test_G14_prepend_opens_a_segment_when_full(void **state)
{
	struct span s = path("");

	assert_path(as_path_prepend(&arena, s.p, s.len, 9, 1, AS_SEQUENCE), "9");
	assert_path(as_path_prepend(&arena, s.p, s.len, 9, 0, AS_SEQUENCE), "");
	s = path("1 2");
	assert_path(as_path_prepend(&arena, s.p, s.len, 9, 3, AS_SEQUENCE), "9 9 9 1 2");
	assert_path(as_path_prepend(&arena, s.p, s.len, 9, 1, AS_CONFED_SEQUENCE), "(9) 1 2");
	s = path("{1 2}");
	assert_path(as_path_prepend(&arena, s.p, s.len, 9, 1, AS_SEQUENCE), "9|{1 2}");

	s = path("");
	for (unsigned n = 1; n <= 600; n++) {
		bool confed;
		s = as_path_prepend(&arena, s.p, s.len, n, 1, AS_SEQUENCE);
		assert_true(as_path_valid(s.p, s.len, 4, &confed));
		assert_int_equal(as_path_length(s.p, s.len), n);
		assert_int_equal(as_path_neighbor(s.p, s.len), n);
	}
	assert_int_equal(s.p[1], 600 - 2 * 255);
	s = as_path_prepend(&arena, s.p, s.len, 7, 600, AS_SEQUENCE);
	assert_int_equal(as_path_length(s.p, s.len), 1200);
	assert_int_equal(as_path_count(s.p, s.len, 7), 601);
	assert_int_equal(as_path_origin(s.p, s.len), 1);
}

static bool is_even(uint32_t as, void *arg)
{
	return as % 2 == 0;
}

static void test_editing(void **state)
{
	struct span s = path("(65001) 100 [65002] 200 {300 301}");

	assert_path(as_path_without_confed(&arena, s.p, s.len), "100|200|{300 301}");
	s = path("1 2 {3 5} 4");
	assert_path(as_path_filter(&arena, s.p, s.len, is_even, NULL), "2|4");
	assert_path(as_path_replace(&arena, s.p, s.len, 2, 70000), "1 70000 {3 5} 4");
}

static void test_M4_narrow(void **state)
{
	static const uint8_t mapped[] = {2, 2, 0, 100, 0x5b, 0xa0};
	struct span s = path("100 70000");
	bool needed;

	struct span narrow = as_path_narrow(&arena, s.p, s.len, &needed);
	assert_true(needed);
	assert_int_equal(narrow.len, sizeof(mapped));
	assert_memory_equal(narrow.p, mapped, sizeof(mapped));
	s = path("100 200");
	narrow = as_path_narrow(&arena, s.p, s.len, &needed);
	assert_false(needed);
	assert_path(as_path_widen(&arena, narrow.p, narrow.len), "100 200");
	s = path("(70000) 100");
	as_path_narrow(&arena, s.p, s.len, &needed);
	assert_false(needed); // M5: AS4_PATH would not carry it
}

static void test_M7_merge(void **state)
{
	static const struct {
		const char *as_path, *as4_path, *merged;
	} cases[] = {
		{"23456 23456", "70000 70001", "70000 70001"},
		{"100 23456 23456", "70000 70001", "100 70000 70001"},
		{"100 200", "1 2 3", "100 200"}, // shorter than AS4_PATH: ignored
		{"100 23456 {1 2}", "70000 {1 2}", "100 70000 {1 2}"},
		{"100 {5 6} 23456", "70000", "100 {5 6} 70000"},
		{"(65001) 100 23456", "70000", "(65001) 100 70000"},
		{"(65001) 23456", "70000", "(65001) 70000"},
		{"100 [65001] 23456", "70000", "100 [65001] 70000"},
		{"100 23456", "(65009) 70000", "100 70000"},
		{"100 200", "", "100 200"},
		{"{23456}", "{70000}", "{70000}"},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_path(as_path_merge(&arena, path(cases[i].as_path), path(cases[i].as4_path)),
			    cases[i].merged);
}

static void test_H22_validity(void **state)
{
	static const struct {
		uint8_t bytes[12];
		unsigned len;
		bool valid;
	} cases[] = {
		{{0}, 0, true},
		{{2, 1, 0, 0, 0, 1}, 6, true},
		{{2, 1, 0, 0, 0, 0}, 6, false},    // AS 0
		{{2, 0}, 2, false},                // empty segment
		{{0, 1, 0, 0, 0, 1}, 6, false},    // type 0
		{{5, 1, 0, 0, 0, 1}, 6, false},    // type 5
		{{2, 2, 0, 0, 0, 1}, 6, false},    // over the end
		{{2}, 1, false},                   // half a header
		{{2, 1, 0, 0, 0, 1, 2}, 7, false}, // half a second header
		{{1, 1, 0, 0, 0, 1, 4, 1, 0, 0, 0, 2}, 12, true},
	};
	bool confed;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(as_path_valid(cases[i].bytes, cases[i].len, 4, &confed),
				 cases[i].valid);
	assert_true(as_path_valid((const uint8_t[]){2, 1, 0, 7}, 4, 2, &confed));
	assert_false(as_path_valid((const uint8_t[]){2, 1, 0, 0}, 4, 2, &confed));
}

// Nothing reads over the end, whatever the bytes (the sanitizers look on).
static void test_random_bytes(void **state)
{
	struct random r;

	random_seed(&r, 4);
	for (unsigned i = 0; i < 20000; i++) {
		size_t n = random_below(&r, 40);
		uint8_t *p = malloc(n ? n : 1);
		bool confed;
		struct buf b = {0};

		for (size_t k = 0; k < n; k++)
			p[k] = (uint8_t)random_below(&r, 6);
		as_path_length(p, n);
		as_path_neighbor(p, n);
		as_path_origin(p, n);
		as_path_text(&b, p, n);
		as_path_widen(&arena, p, n);
		as_path_narrow(&arena, p, n, &confed);
		struct span s = as_path_prepend(&arena, p, n, 1, 2, AS_SEQUENCE);
		if (as_path_valid(p, n, 4, &confed)) {
			assert_true(as_path_valid(s.p, s.len, 4, &confed));
			s = as_path_merge(&arena, s, (struct span){p, n});
			assert_true(as_path_valid(s.p, s.len, 4, &confed));
		}
		buf_free(&b);
		free(p);
		arena_reset(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_G14_prepend_opens_a_segment_when_full),
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_M4_narrow),
		cmocka_unit_test(test_M7_merge),
		cmocka_unit_test(test_H22_validity),
		cmocka_unit_test(test_random_bytes),
	};

	arena_init(&arena, 4096);
	int failed = cmocka_run_group_tests_name("attr path", tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
