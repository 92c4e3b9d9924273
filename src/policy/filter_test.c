// Named filters by themselves: prefix lists against a plain reading of the same entries, access
// lists, regular expressions (hostile ones too), AS paths, communities of all widths.
#include "policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/regex.h"

static struct fixture f;

static bool address_permits(enum filter_kind kind, const char *name, const char *af,
			    const char *prefix)
{
	struct af_key key = fixture_key(af, prefix);

	struct policy_route route = {.af = fixture_af(af), .key = &key};

	return policy_filter_permits(f.snapshot, kind, name, false, &route);
}

static bool attrs_permit(enum filter_kind kind, const char *name, const char *attrs, bool whole)
{
	struct attrs as;

	fixture_attrs(&f, attrs, &as);
	return policy_filter_permits(f.snapshot, kind, name, whole,
				     &(struct policy_route){.attrs = &as});
}

static bool list(const char *name, const char *prefix)
{
	return address_permits(FILTER_PREFIX, name, "ipv4-unicast", prefix);
}

static bool wide_list(const char *name, const char *prefix)
{
	return address_permits(FILTER_PREFIX_WIDE, name, "ipv6-unicast", prefix);
}

// --- prefix lists -------------------------------------------------------------------------------
static void test_prefix_lengths(void **state)
{
	fixture_open(&f);
	fixture_config(&f, "ip ip-prefix exact permit 10.0.0.0 8\n"
			   "ip ip-prefix ge permit 10.0.0.0 8 greater-equal 24\n"
			   "ip ip-prefix le permit 10.0.0.0 8 less-equal 16\n"
			   "ip ip-prefix both permit 10.0.0.0 8 greater-equal 16 less-equal 24\n"
			   "ip ip-prefix host permit 10.1.2.3 8\n"
			   "ip ipv6-prefix six permit 2001:db8:: 32 less-equal 48\n");
	assert_true(list("exact", "10.0.0.0/8"));
	assert_false(list("exact", "10.0.0.0/9"));
	assert_false(list("exact", "11.0.0.0/8"));
	assert_false(list("exact", "0.0.0.0/0"));
	assert_false(list("ge", "10.0.0.0/8"));
	assert_false(list("ge", "10.1.0.0/23"));
	assert_true(list("ge", "10.1.0.0/24"));
	assert_true(list("ge", "10.1.0.1/32"));
	assert_true(list("le", "10.0.0.0/8"));
	assert_true(list("le", "10.1.0.0/16"));
	assert_false(list("le", "10.1.0.0/17"));
	assert_false(list("both", "10.0.0.0/15"));
	assert_true(list("both", "10.9.0.0/16"));
	assert_true(list("both", "10.9.9.0/24"));
	assert_false(list("both", "10.9.9.0/25"));
	assert_true(list("host", "10.0.0.0/8")); // bits behind the length do not count
	assert_true(wide_list("six", "2001:db8::/32"));
	assert_true(wide_list("six", "2001:db8:1::/48"));
	assert_false(wide_list("six", "2001:db8:1::/49"));
	assert_false(wide_list("six", "2001:db9::/32"));
	assert_false(address_permits(FILTER_PREFIX_WIDE, "six", "ipv4-unicast", "10.0.0.0/8"));
	fixture_close(&f);
}

static void test_prefix_zero_address_and_order(void **state)
{
	fixture_open(&f);
	fixture_config(&f, "ip ip-prefix any8 permit 0.0.0.0 8\n"
			   "ip ip-prefix net8 permit 0.0.0.0 8 match-network less-equal 32\n"
			   "ip ip-prefix default permit 0.0.0.0 0\n"
			   "ip ip-prefix all permit 0.0.0.0 0 less-equal 32\n"
			   "ip ip-prefix order index 20 permit 10.0.0.0 8 less-equal 32\n"
			   "ip ip-prefix order index 10 deny 10.1.0.0 16 less-equal 24\n"
			   "ip ip-prefix order index 5 permit 10.1.1.0 24\n"
			   "ip ip-prefix twice index 5 permit 10.1.1.0 24\n"
			   "ip ip-prefix twice index 5 permit 10.2.2.0 24\n");
	assert_true(list("any8", "10.0.0.0/8"));
	assert_true(list("any8", "0.0.0.0/8"));
	assert_false(list("any8", "10.0.0.0/9"));
	assert_true(list("net8", "0.1.0.0/16"));
	assert_false(list("net8", "10.0.0.0/8"));
	assert_true(list("default", "0.0.0.0/0"));
	assert_false(list("default", "10.0.0.0/8"));
	assert_true(list("all", "0.0.0.0/0"));
	assert_true(list("all", "192.0.2.1/32"));
	assert_true(list("order", "10.1.1.0/24"));
	assert_false(list("order", "10.1.2.0/24"));
	assert_true(list("order", "10.1.2.0/25"));
	assert_false(list("order", "192.0.2.0/24"));
	assert_false(list("twice", "10.1.1.0/24"));
	assert_true(list("twice", "10.2.2.0/24"));
	fixture_close(&f);
}

static void test_prefix_bad_values_complain(void **state)
{
	fixture_open(&f);
	fixture_lines(&f, "ip ip-prefix a permit 10.0.0.0 33");
	assert_false(fixture_compile(&f));
	assert_string_equal(f.complaint,
			    "ip ip-prefix a: index 10: the address or a length is not possible");
	fixture_lines(&f, "ip ipv6-prefix a permit 10.0.0.0 8");
	assert_false(fixture_compile(&f));
	fixture_lines(&f, "ip ip-prefix a permit 10.0.0.0 8 greater-equal 40");
	assert_false(fixture_compile(&f));
	fixture_close(&f);
}

struct plain {
	uint32_t address;
	uint8_t length, low, high;
	bool any, permit;
};

static bool plain_permits(const struct plain *e, unsigned n, uint32_t address, unsigned length)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t mask = e[i].any || !e[i].length ? 0 : UINT32_MAX << (32 - e[i].length);
		if (((address ^ e[i].address) & mask) == 0 && length >= e[i].low &&
		    length <= e[i].high)
			return e[i].permit;
	}
	return false;
}

// Small address space, so that entries overlap in every way.
static unsigned random_list(struct random *r, struct source_filter *s, struct plain *e)
{
	unsigned n = 1 + random_below(r, 40);

	for (unsigned i = 0; i < n; i++) {
		struct source_rule *rule =
			policy_source_rule(f.source, s, i + 1, random_below(r, 2));
		unsigned length = random_below(r, 7);
		uint32_t address = (uint32_t)random_below(r, 8) << 29;
		bool network = random_below(r, 2);
		*rule = (struct source_rule){.index = i + 1,
					     .permit = rule->permit,
					     .address = ip_from_u32(address),
					     .length = (uint8_t)length,
					     .match_network = network,
					     .greater_equal = -1,
					     .less_equal = -1};
		e[i] = (struct plain){address,         (uint8_t)length,      (uint8_t)length,
				      (uint8_t)length, !address && !network, rule->permit};
		if (random_below(r, 2)) {
			rule->greater_equal = (int16_t)random_below(r, 8);
			e[i].low = rule->greater_equal > (int)length ? (uint8_t)rule->greater_equal
								     : (uint8_t)length;
			e[i].high = 32;
		}
		if (random_below(r, 2)) {
			rule->less_equal = (int16_t)random_below(r, 9);
			e[i].high = (uint8_t)rule->less_equal;
		}
	}
	return n;
}

static void test_prefix_random_against_plain(void **state)
{
	struct random r;
	struct plain e[64];
	const struct af *af = fixture_af("ipv4-unicast");

	random_seed(&r, 7);
	fixture_open(&f);
	for (unsigned round = 0; round < 300; round++) {
		unsigned n = random_list(&r, policy_source_filter(f.source, FILTER_PREFIX, "x"), e);
		assert_true(fixture_compile(&f));
		for (unsigned length = 0; length <= 8; length++)
			for (uint32_t a = 0; a < 1u << (length < 5 ? length : 5); a++) {
				uint32_t address =
					length ? a << (32 - (length < 5 ? length : 5)) : 0;
				struct ip ip = ip_from_u32(address);
				struct af_key key;
				af->from_prefix(&ip, length, &key);
				bool expected = plain_permits(e, n, address, length);
				if (policy_filter_permits(f.snapshot, FILTER_PREFIX, "x", false,
							  &(struct policy_route){af, &key, NULL}) !=
				    expected)
					fail_msg("seed 7 round %u: %08x/%u", round, address,
						 length);
			}
	}
	fixture_close(&f);
}

// As bgpq4 writes them: a hundred thousand exact entries. The time is the point: a walk over the
// entries would take minutes.
static void test_prefix_large_list(void **state)
{
	const struct af *af = fixture_af("ipv4-unicast");
	clock_t start = clock();
	unsigned hits = 0;

	fixture_open(&f);
	struct source_filter *s = policy_source_filter(f.source, FILTER_PREFIX, "big");
	for (uint32_t i = 0; i < 100000; i++) {
		struct source_rule *r = policy_source_rule(f.source, s, i + 1, true);
		r->address = ip_from_u32(0x0a000000 + (i << 8));
		r->length = (uint8_t)(24 - i % 3);
	}
	assert_true(fixture_compile(&f));
	for (uint32_t i = 0; i < 200000; i++) {
		struct ip ip = ip_from_u32(0x0a000000 + (i << 8));
		struct af_key key;
		af->from_prefix(&ip, 24, &key);
		hits += policy_filter_permits(f.snapshot, FILTER_PREFIX, "big", false,
					      &(struct policy_route){af, &key, NULL});
	}
	assert_int_equal(hits, 33334);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 5);
	fixture_close(&f);
}

// --- access lists -------------------------------------------------------------------------------
static void test_acl(void **state)
{
	fixture_open(&f);
	fixture_config(&f, "acl 2000 rule 10 permit 10.0.0.0 0.255.255.255\n"
			   "acl 2000 rule 5 deny 10.1.0.0 0.0.255.255\n"
			   "acl 2001 rule 5 permit\n"
			   "acl 2002\n"
			   "acl odd rule 5 permit 10.0.1.0 0.255.0.255\n"
			   "acl6 2003 rule 5 permit 2001:db8:: ::ffff:ffff:ffff:ffff:ffff\n");
	assert_true(address_permits(FILTER_ACL, "2000", "ipv4-unicast", "10.2.0.0/16"));
	assert_true(address_permits(FILTER_ACL, "2000", "ipv4-unicast", "10.0.0.0/8"));
	assert_false(address_permits(FILTER_ACL, "2000", "ipv4-unicast", "10.1.0.0/24"));
	assert_false(address_permits(FILTER_ACL, "2000", "ipv4-unicast", "11.0.0.0/8"));
	assert_true(address_permits(FILTER_ACL, "2001", "ipv4-unicast", "11.0.0.0/8"));
	assert_false(address_permits(FILTER_ACL, "2002", "ipv4-unicast", "11.0.0.0/8"));
	assert_true(address_permits(FILTER_ACL, "odd", "ipv4-unicast", "10.9.1.0/24"));
	assert_false(address_permits(FILTER_ACL, "odd", "ipv4-unicast", "10.9.2.0/24"));
	assert_false(address_permits(FILTER_ACL, "none", "ipv4-unicast", "10.9.2.0/24"));
	assert_true(address_permits(FILTER_ACL_WIDE, "2003", "ipv6-unicast", "2001:db8:0::/48"));
	assert_false(address_permits(FILTER_ACL_WIDE, "2003", "ipv6-unicast", "2001:db9::/32"));
	fixture_close(&f);
}

// --- regular expressions ------------------------------------------------------------------------
static bool matches(const char *pattern, const char *text)
{
	char why[POLICY_WHY_MAX];
	struct regex_scratch s = {0};
	struct regex *r = regex_new(pattern, why, sizeof(why));

	if (!r)
		fail_msg("%s: %s", pattern, why);
	bool hit = regex_matches(r, text, strlen(text), &s);
	regex_free(r);
	regex_scratch_free(&s);
	return hit;
}

static void test_regex_language(void **state)
{
	assert_true(matches("^$", ""));
	assert_false(matches("^$", "100"));
	assert_true(matches("_100_", "100"));
	assert_true(matches("_100_", "200 100 300"));
	assert_false(matches("_100_", "1000 2100"));
	assert_true(matches("_100_", "200 {100 300}"));
	assert_true(matches("_100_", "(100) 5"));
	assert_true(matches("_100$", "200 100"));
	assert_true(matches("^100_", "100 200"));
	assert_false(matches("^100_", "1001 200"));
	assert_true(matches("^(100|200)( [0-9]+){1,2}$", "200 5 7"));
	assert_false(matches("^(100|200)( [0-9]+){1,2}$", "200 5 7 9"));
	assert_true(matches("[_]", "a_b")); // a class takes it as it is
	assert_true(matches("\\{1", "{1}"));
	assert_false(matches("1.3", "1\n"));
	assert_true(matches("10+ 2?3", "1000 3"));
	assert_true(source_regex_check("65[0-9]*", (char[POLICY_WHY_MAX]){0}, POLICY_WHY_MAX));
}

static void test_regex_refusals(void **state)
{
	static const char *const bad[] = {"(",   "[1", "*1",  "(?=1)", "(*FAIL)", "(1)\\1",
					  "a++", "\\", "\\K", "\\C",   "(?R)",    "1{3,2}"};
	char why[POLICY_WHY_MAX];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why[0] = 0;
		if (source_regex_check(bad[i], why, sizeof(why)))
			fail_msg("accepted: %s", bad[i]);
		assert_true(why[0] != 0);
	}
	char *deep = test_malloc(60001);
	memset(deep, '(', 60000);
	deep[60000] = 0;
	assert_false(source_regex_check(deep, why, sizeof(why)));
	test_free(deep);
}

static void test_regex_hostile_is_bounded(void **state)
{
	static const char *const hostile[] = {"(1*)*2", "(1|11)*$x", "(([0-9]* ?)*)*x",
					      "1*1*1*1*1*1*1*x", "(.*)(.*)(.*)(.*)y"};
	struct buf text = {0};
	clock_t start = clock();

	for (unsigned i = 0; i < 60000; i++)
		buf_text(&text, "1");
	for (unsigned i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		assert_false(matches(hostile[i], "1111111111111111111111111111111111111111111"));
		assert_false(matches(hostile[i], buf_cstr(&text)));
	}
	// The linear matcher finds what the first one gave up on.
	buf_text(&text, "x");
	assert_true(matches("(([0-9]* ?)*)*x", buf_cstr(&text)));
	assert_true(matches("(1|11)*1x$", "1111111111111111111111111111111111111111111x"));
	buf_free(&text);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 10);
}

// --- AS paths and communities -------------------------------------------------------------------
static void test_path_filter(void **state)
{
	fixture_open(&f);
	fixture_config(&f, "ip as-path-filter 1 index 20 permit ^100\n"
			   "ip as-path-filter 1 index 10 deny _300_\n"
			   "ip as-path-filter own permit ^$\n"
			   "ip as-path-filter set permit \"\\{300 400\\}\"\n");
	assert_true(attrs_permit(FILTER_PATH, "1", "path=100,200", false));
	assert_false(attrs_permit(FILTER_PATH, "1", "path=100,300", false));
	assert_false(attrs_permit(FILTER_PATH, "1", "path=200,100", false));
	assert_true(attrs_permit(FILTER_PATH, "own", "path=", false));
	assert_true(attrs_permit(FILTER_PATH, "own", "med=1", false));
	assert_false(attrs_permit(FILTER_PATH, "own", "path=1", false));
	assert_true(attrs_permit(FILTER_PATH, "set", "path=100,{300,400}", false));
	assert_true(attrs_permit(FILTER_PATH, "1", "path=100,4200000000", false));
	fixture_lines(&f, "ip as-path-filter bad permit (1");
	assert_false(fixture_compile(&f));
	fixture_close(&f);
}

static void test_community_filter(void **state)
{
	fixture_open(&f);
	fixture_config(&f, "ip community-filter basic b permit 1:1 2:2\n"
			   "ip community-filter basic b deny 3:3\n"
			   "ip community-filter basic b permit no-export\n"
			   "ip community-filter basic any permit internet\n"
			   "ip community-filter basic strict permit internet strict-match\n"
			   "ip community-filter basic none permit\n"
			   "ip community-filter advanced a permit ^100:.*_no-export$\n");
	assert_true(attrs_permit(FILTER_COMMUNITY, "b", "comm=1:1;2:2", false));
	assert_true(attrs_permit(FILTER_COMMUNITY, "b", "comm=1:1;2:2;9:9", false));
	assert_false(attrs_permit(FILTER_COMMUNITY, "b", "comm=1:1", false));
	assert_true(attrs_permit(FILTER_COMMUNITY, "b", "comm=1:1;2:2", true));
	assert_false(attrs_permit(FILTER_COMMUNITY, "b", "comm=1:1;2:2;9:9", true));
	assert_false(attrs_permit(FILTER_COMMUNITY, "b", "comm=3:3;no-export", false));
	assert_true(attrs_permit(FILTER_COMMUNITY, "b", "comm=4:3;no-export", false));
	assert_false(attrs_permit(FILTER_COMMUNITY, "b", "med=1", false));
	assert_true(attrs_permit(FILTER_COMMUNITY, "any", "med=1", false));
	assert_false(attrs_permit(FILTER_COMMUNITY, "strict", "comm=1:1", false));
	assert_true(attrs_permit(FILTER_COMMUNITY, "strict", "comm=1:1;internet", false));
	assert_true(attrs_permit(FILTER_COMMUNITY, "none", "comm=1:1", false));
	assert_false(attrs_permit(FILTER_COMMUNITY, "none", "comm=1:1", true));
	assert_true(attrs_permit(FILTER_COMMUNITY, "none", "med=1", true));
	assert_true(attrs_permit(FILTER_COMMUNITY, "a", "comm=no-export;100:5", false));
	assert_false(attrs_permit(FILTER_COMMUNITY, "a", "comm=100:5", false));
	fixture_lines(&f, "ip community-filter basic bad permit 1:x");
	assert_false(fixture_compile(&f));
	fixture_lines(&f, "ip community-filter advanced bad permit [");
	assert_false(fixture_compile(&f));
	fixture_close(&f);
}

static void test_wide_community_filters(void **state)
{
	fixture_open(&f);
	fixture_config(&f, "ip large-community-filter basic l permit 1:2:3 4:5:6\n"
			   "ip large-community-filter advanced la permit _9:[0-9]+:9_\n"
			   "ip ext-community-filter basic e permit 1:1\n"
			   "ip ext-community-filter advanced ea permit \"RT <7 :\"\n"
			   "ip soo-filter basic s permit 1:1\n");
	assert_true(attrs_permit(FILTER_LARGE_COMMUNITY, "l", "large=4:5:6;1:2:3", true));
	assert_false(attrs_permit(FILTER_LARGE_COMMUNITY, "l", "large=1:2:3", false));
	assert_true(attrs_permit(FILTER_LARGE_COMMUNITY, "la", "large=4:5:6;9:77:9", false));
	assert_true(attrs_permit(FILTER_EXT_COMMUNITY, "e", "rt=1:1;2:2 soo=3:3", false));
	assert_false(attrs_permit(FILTER_EXT_COMMUNITY, "e", "rt=1:1;2:2", true));
	assert_true(attrs_permit(FILTER_EXT_COMMUNITY, "e", "rt=1:1 soo=3:3", true));
	assert_false(attrs_permit(FILTER_EXT_COMMUNITY, "e", "soo=1:1", false));
	assert_true(attrs_permit(FILTER_EXT_COMMUNITY, "ea", "rt=7:1", false));
	assert_false(attrs_permit(FILTER_EXT_COMMUNITY, "ea", "soo=7:1", false));
	assert_true(attrs_permit(FILTER_SOO, "s", "rt=2:2 soo=1:1", false));
	assert_false(attrs_permit(FILTER_SOO, "s", "rt=1:1", false));
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix_lengths),
		cmocka_unit_test(test_prefix_zero_address_and_order),
		cmocka_unit_test(test_prefix_bad_values_complain),
		cmocka_unit_test(test_prefix_random_against_plain),
		cmocka_unit_test(test_prefix_large_list),
		cmocka_unit_test(test_acl),
		cmocka_unit_test(test_regex_language),
		cmocka_unit_test(test_regex_refusals),
		cmocka_unit_test(test_regex_hostile_is_bounded),
		cmocka_unit_test(test_path_filter),
		cmocka_unit_test(test_community_filter),
		cmocka_unit_test(test_wide_community_filters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
