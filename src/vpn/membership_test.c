// Memberships of one peer and the list of targets made of them: RFC 4684 (E5, E9 and E16 of the list
// of rules).
#include "vpn/membership.h"

#include "af/rd.h"
#include "attr/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct membership *m;

static int begin(void **state)
{
	m = membership_new();
	return 0;
}

static int end(void **state)
{
	membership_free(m);
	return 0;
}

static bool set(const char *target, unsigned bits, uint32_t as, bool counts)
{
	const struct af *af = af_memberships();
	uint8_t bytes[8] = {0};
	struct af_key key;

	assert_non_null(af);
	assert_true(!*target || ext_community_parse_rt(target, bytes));
	af->from_target(bytes, bits, as, &key);
	return membership_set(m, af, &key, counts);
}

// "RT <1 : 1>/64 ..."
static const char *list(void)
{
	static char text[512];
	const struct policy_target *targets;
	unsigned n = membership_targets(m, &targets);

	text[0] = 0;
	for (unsigned i = 0; i < n; i++) {
		size_t used = strlen(text);
		uint64_t v = 0;
		for (unsigned b = 0; b < 8; b++)
			v = v << 8 | targets[i].target[b];
		snprintf(text + used, sizeof(text) - used, "%s%016lx/%u", used ? " " : "",
			 (unsigned long)v, targets[i].bits);
	}
	return text;
}

static void e5_targets_and_the_default(void **state)
{
	assert_string_equal(list(), "");
	assert_true(set("2:2", 64, 100, true));
	assert_true(set("1:1", 64, 100, true));
	assert_string_equal(list(), "0002000100000001/64 0002000200000002/64");
	assert_false(set("1:1", 64, 100, true)); // said twice
	assert_true(set("", 0, 0, true));
	assert_string_equal(list(), "0000000000000000/0");
	assert_false(set("3:3", 64, 100, true)); // the default has it already
	assert_true(set("", 0, 0, false));
	assert_string_equal(list(), "0002000100000001/64 0002000200000002/64 0002000300000003/64");
	assert_true(set("2:2", 64, 100, false));
	assert_false(set("2:2", 64, 100, false));
	assert_string_equal(list(), "0002000100000001/64 0002000300000003/64");
	membership_clear(m);
	assert_string_equal(list(), "");
}

static void e9_one_target_of_several_origins(void **state)
{
	assert_true(set("1:1", 64, 100, true));
	assert_false(set("1:1", 64, 200, true));
	assert_string_equal(list(), "0002000100000001/64");
	assert_false(set("1:1", 64, 100, false));
	assert_string_equal(list(), "0002000100000001/64");
	assert_true(set("1:1", 64, 200, false));
	assert_string_equal(list(), "");
}

static void e16_targets_that_begin_alike(void **state)
{
	assert_true(set("1:5", 64, 100, true));
	assert_true(set("1:0", 32, 100, true)); // all of administrator 1
	assert_string_equal(list(), "0002000100000000/32");
	assert_false(set("1:6", 48, 100, true));
	assert_true(set("2:0", 32, 100, true));
	assert_string_equal(list(), "0002000100000000/32 0002000200000000/32");
	assert_true(set("1:0", 32, 100, false));
	assert_string_equal(list(), "0002000100000000/48 0002000200000000/32");
	assert_true(set("2:0", 31, 100, true)); // lengths that end within an octet
	assert_string_equal(list(), "0002000100000000/48 0002000200000000/31");
	assert_false(set("3:9", 64, 100, true));
	assert_true(set("0:0", 13, 100, true));
	assert_string_equal(list(), "0000000000000000/13");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(e5_targets_and_the_default),
		TEST(e9_one_target_of_several_origins),
		TEST(e16_targets_that_begin_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
