// Communities: set operations and text, of every width.
#include "attr/attr.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static const unsigned widths[] = {4, 8, 12, 20};

// Sets are checked against a bitmap: a value is its number in the last octet.
static struct span random_values(struct random *r, unsigned width, bool in[32])
{
	unsigned count = random_below(r, 24);
	uint8_t *p = arena_zero(&arena, count * width + 1);

	memset(in, 0, 32 * sizeof(*in));
	for (unsigned i = 0; i < count; i++) {
		unsigned v = random_below(r, 32);
		in[v] = true;
		p[i * width + width - 1] = (uint8_t)v;
	}
	return (struct span){.p = p, .len = count * width};
}

static void assert_set(struct span got, unsigned width, const bool in[32])
{
	size_t at = 0;

	for (unsigned v = 0; v < 32; v++) {
		if (!in[v])
			continue;
		assert_true(at < got.len);
		assert_int_equal(got.p[at + width - 1], v);
		at += width;
	}
	assert_int_equal(at, got.len);
}

static bool drop_odd(const uint8_t *value, void *arg)
{
	return value[*(unsigned *)arg - 1] % 2;
}

static void test_sets(void **state)
{
	struct random r;

	random_seed(&r, 11);
	for (unsigned i = 0; i < 4000; i++) {
		unsigned width = widths[i % 4];
		bool in[2][32], both[32], even[32];
		struct span x = random_values(&r, width, in[0]),
			    y = random_values(&r, width, in[1]);

		x = communities_sorted(&arena, x.p, x.len, width);
		y = communities_sorted(&arena, y.p, y.len, width);
		assert_set(x, width, in[0]);
		assert_ptr_equal(communities_sorted(&arena, x.p, x.len, width).p, x.p);
		for (unsigned v = 0; v < 32; v++) {
			uint8_t value[20] = {0};
			struct attr a = {.value = x.p, .len = (uint16_t)x.len};

			value[width - 1] = (uint8_t)v;
			assert_int_equal(communities_have(&a, width, value), in[0][v]);
			both[v] = in[0][v] || in[1][v];
			even[v] = in[0][v] && v % 2 == 0;
		}
		assert_set(communities_union(&arena, x, y, width), width, both);
		assert_set(communities_without(&arena, x, width, drop_odd, &width), width, even);
		arena_reset(&arena);
	}
	assert_false(communities_have(NULL, 4, (const uint8_t[4]){0}));
}

static void assert_text(void (*print)(struct buf *, const uint8_t *), const uint8_t *value,
			const char *want)
{
	struct buf b = {0};

	print(&b, value);
	assert_string_equal(buf_cstr(&b), want);
	buf_free(&b);
}

static void test_community_text(void **state)
{
	static const struct {
		const char *in, *out;
	} good[] = {
		{"100:1", "100:1"},          {"65535:65535", "65535:65535"},
		{"0:0", "internet"},         {"internet", "internet"},
		{"no-export", "no-export"},  {"no-advertise", "no-advertise"},
		{"6553601", "100:1"},        {"no-export-subconfed", "no-export-subconfed"},
		{"4294967041", "no-export"},
	};
	static const char *const bad[] = {"",        "1:",    ":1",        "1:65536",
					  "65536:1", "1:2:3", "1 : 2",     "no-expo",
					  "-1:2",    "1:2 ",  "4294967296"};
	uint8_t value[4];

	for (unsigned i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(community_parse(good[i].in, value));
		assert_text(community_text, value, good[i].out);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(community_parse(bad[i], value));
}

static void test_P6_large_community_text(void **state)
{
	static const char *const good[] = {"0:0:0", "1:2:3", "4294967295:4294967295:4294967295"};
	static const char *const bad[] = {"1:2", "1:2:3:4", "1:2:", "4294967296:1:1", "a:b:c", ""};
	uint8_t value[12];

	for (unsigned i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(large_community_parse(good[i], value));
		assert_text(large_community_text, value, good[i]);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(large_community_parse(bad[i], value));
}

static void test_ext_community_text(void **state)
{
	static const struct {
		const char *in;
		uint8_t bytes[8];
		const char *out;
	} good[] = {
		{"1:1", {0, 2, 0, 1, 0, 0, 0, 1}, "RT <1 : 1>"},
		{"65535:4294967295",
		 {0, 2, 255, 255, 255, 255, 255, 255},
		 "RT <65535 : 4294967295>"},
		{"10.0.0.1:7", {1, 2, 10, 0, 0, 1, 0, 7}, "RT <10.0.0.1 : 7>"},
		{"70000:7", {2, 2, 0, 1, 0x11, 0x70, 0, 7}, "RT <70000 : 7>"},
		{"1.4464:7", {2, 2, 0, 1, 0x11, 0x70, 0, 7}, "RT <70000 : 7>"},
	};
	static const char *const bad[] = {"",
					  "1",
					  "1:",
					  ":1",
					  "70000:65536",
					  "10.0.0.1:65536",
					  "10.0.0:1",
					  "1:4294967296",
					  "x:1",
					  "::1:1"};
	static const uint8_t unknown[8] = {0x9f, 2, 3, 4, 5, 6, 7, 8};
	uint8_t value[8];

	for (unsigned i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(ext_community_parse_rt(good[i].in, value));
		assert_memory_equal(value, good[i].bytes, 8);
		assert_text(ext_community_text, value, good[i].out);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(ext_community_parse_rt(bad[i], value));
	assert_true(ext_community_parse_soo("1:2", value));
	assert_text(ext_community_text, value, "SoO <1 : 2>");
	assert_true(ext_community_parse_soo("10.0.0.1:2", value));
	assert_text(ext_community_text, value, "SoO <10.0.0.1 : 2>");
	assert_true(ext_community_parse_soo("70000:2", value));
	assert_text(ext_community_text, value, "SoO <70000 : 2>");
	assert_text(ext_community_text, unknown, "9f02030405060708");
}

// RFC 6514 6, 7: only the forms that the RFC gives them have a name.
static void test_F16_source_as_and_route_import(void **state)
{
	static const struct {
		uint8_t bytes[8];
		const char *out;
	} values[] = {
		{{0x00, 0x09, 0, 100, 0, 0, 0, 0}, "Source AS <100 : 0>"},
		{{0x02, 0x09, 0, 1, 0x11, 0x70, 0, 0}, "Source AS <70000 : 0>"},
		{{0x01, 0x09, 10, 0, 0, 1, 0, 0}, "01090a0000010000"},
		{{0x01, 0x0b, 10, 0, 0, 1, 0, 7}, "VRF Route Import <10.0.0.1 : 7>"},
		{{0x00, 0x0b, 0, 100, 0, 0, 0, 7}, "000b006400000007"},
	};

	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++)
		assert_text(ext_community_text, values[i].bytes, values[i].out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_community_text),
		cmocka_unit_test(test_P6_large_community_text),
		cmocka_unit_test(test_ext_community_text),
		cmocka_unit_test(test_F16_source_as_and_route_import),
	};

	arena_init(&arena, 4096);
	int failed = cmocka_run_group_tests_name("attr communities", tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
