// Clauses about what keys hold besides prefixes, and about what only VPN routes have: rd-filter,
// route-type mvpn, mpls-label, sites of origin. Each case runs node by node and by partial
// evaluation, which must agree.
#include "policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "af/rd.h"
#include "policy/object.h"

static struct fixture f;

static int setup(void **state)
{
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	fixture_close(&f);
	return 0;
}

static bool filter_permits(const char *rules, const char *rd)
{
	char key_text[64];

	fixture_config(&f, rules);
	snprintf(key_text, sizeof(key_text), "%s 10.0.0.0/8", rd);
	struct af_key key = fixture_key("vpnv4", key_text);
	struct policy_route route = {.af = fixture_af("vpnv4"), .key = &key};
	return policy_filter_permits(f.snapshot, FILTER_RD, "1", false, &route);
}

static void test_patterns(void **state)
{
	assert_true(filter_permits("ip rd-filter 1 permit 100:1", "100:1"));
	assert_false(filter_permits("ip rd-filter 1 permit 100:1", "100:2"));
	assert_false(filter_permits("ip rd-filter 1 permit 100:1", "101:1"));
	assert_true(filter_permits("ip rd-filter 1 permit 100:1 100:2 200:9", "200:9"));
	assert_true(filter_permits("ip rd-filter 1 permit 100:*", "100:0"));
	assert_true(filter_permits("ip rd-filter 1 permit 100:*", "100:4294967295"));
	assert_false(filter_permits("ip rd-filter 1 permit 100:*", "101:0"));
	assert_true(filter_permits("ip rd-filter 1 permit 10.0.0.1:*", "10.0.0.1:65535"));
	assert_false(filter_permits("ip rd-filter 1 permit 10.0.0.1:*", "10.0.0.2:65535"));
	assert_true(filter_permits("ip rd-filter 1 permit 70000:*", "70000:7"));
	assert_false(filter_permits("ip rd-filter 1 permit 70000:*", "70001:7"));
	assert_false(filter_permits("ip rd-filter 1 permit 100:*", "0.100:7")); // another form
	assert_true(filter_permits("ip rd-filter 1 permit 0.100:*", "0.100:7"));
	assert_true(filter_permits("ip rd-filter 1 permit *:*", "10.0.0.2:3"));
	assert_true(filter_permits("ip rd-filter 1 permit *:*", "0x0009000000000001"));
	assert_false(filter_permits("ip rd-filter 2 permit *:*", "100:1")); // not there
}

static void test_order_of_rules(void **state)
{
	const char *const rules = "ip rd-filter 1 index 20 permit 100:*\n"
				  "ip rd-filter 1 index 10 deny 100:1 100:2";

	assert_false(filter_permits(rules, "100:2"));
	assert_true(filter_permits(rules, "100:3"));
	assert_false(filter_permits(rules, "200:1")); // by no rule: denied
}

static const char *canonical(const char *text)
{
	static char result[64];
	struct buf b = {0};
	bool good = source_rd_pattern(text, &b);

	snprintf(result, sizeof(result), "%s", good ? buf_cstr(&b) : "refused");
	buf_free(&b);
	return result;
}

static void test_texts(void **state)
{
	assert_string_equal(canonical("100:1"), "100:1");
	assert_string_equal(canonical("0100:01"), "100:1");
	assert_string_equal(canonical("100:*"), "100:*");
	assert_string_equal(canonical("1.1:*"), "65537:*");
	assert_string_equal(canonical("0.100:*"), "0.100:*");
	assert_string_equal(canonical("10.0.0.1:*"), "10.0.0.1:*");
	assert_string_equal(canonical("*:*"), "*:*");
	static const char *const bad[] = {
		"",       "*",   ":*",     "100",      "100:", "*:1",    "100:1*",
		"100:**", "x:*", "100*:1", "10.0.0:*", "0x*",  "0x00:*", "70000:65536"};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (strcmp(canonical(bad[i]), "refused") != 0)
			fail_msg("accepted: %s", bad[i]);
	char *deep = test_malloc(70001);
	memset(deep, '1', 70000);
	strcpy(deep + 69998, ":*");
	assert_string_equal(canonical(deep), "refused");
	test_free(deep);

	fixture_lines(&f, "ip rd-filter 1 permit 100:1 100:x");
	assert_false(fixture_compile(&f));
	assert_string_equal(f.complaint, "ip rd-filter 1: \"100:x\" is no such value");
}

// Whether a route passes a policy with one permit node of these clauses.
static bool passes(const char *clauses, const char *af, const char *key, const char *attrs)
{
	fixture_lines(&f, "ip ip-prefix ten permit 10.0.0.0 8 less-equal 32\n"
			  "ip ip-prefix eleven permit 11.0.0.0 8 less-equal 32\n"
			  "ip rd-filter 1 permit 100:1\n"
			  "ip rd-filter 2 permit 200:*\n"
			  "ip soo-filter basic s permit 1:1\n"
			  "ip ext-community-filter basic e permit 1:1\n"
			  "route-policy p permit node 10\n");
	fixture_lines(&f, clauses);
	if (!fixture_compile(&f))
		fail_msg("%s", f.complaint);
	return strcmp(fixture_run(&f, "p", af, key, attrs), "rejected") != 0;
}

static bool vpn_passes(const char *clauses, const char *attrs)
{
	return passes(clauses, "vpnv4", "100:1 10.1.0.0/16", attrs);
}

static void test_match_distinguisher(void **state)
{
	assert_true(vpn_passes("if-match rd-filter 1", ""));
	assert_false(vpn_passes("if-match rd-filter 2", ""));
	assert_true(vpn_passes("if-match rd-filter 2\nif-match rd-filter 1", ""));
	// One that is not there: refused, or it matches every route.
	fixture_lines(&f, "route-policy p permit node 10\nif-match rd-filter 9");
	assert_false(fixture_compile(&f));
	assert_string_equal(f.complaint, "route-policy p: node 10: ip rd-filter 9 does not exist");
	f.source->nonexistent_allowed = true;
	assert_true(vpn_passes("if-match rd-filter 9\nif-match rd-filter 2", ""));
}

// Kinds are all asked, alternatives of one kind are alternatives.
static void test_match_with_prefixes(void **state)
{
	assert_true(vpn_passes("if-match rd-filter 1\nif-match ip-prefix ten", ""));
	assert_false(vpn_passes("if-match rd-filter 2\nif-match ip-prefix ten", ""));
	assert_false(vpn_passes("if-match rd-filter 1\nif-match ip-prefix eleven", ""));
	assert_true(vpn_passes("if-match rd-filter 2\nif-match ip-prefix eleven\n"
			       "if-match rd-filter 1\nif-match ip-prefix ten",
			       ""));
	assert_false(vpn_passes("if-match rd-filter 2\nif-match ip-prefix eleven\n"
				"if-match ip-prefix ten",
				""));
	// An access list that is not there permits any prefix, but no distinguisher.
	assert_false(vpn_passes("if-match rd-filter 2\nif-match acl 2999", ""));
	assert_true(vpn_passes("if-match rd-filter 1\nif-match ip-prefix eleven\n"
			       "if-match acl 2999\nif-match cost 0",
			       ""));
}

// A route without a distinguisher matches no filter; a lent one has that of its VPN route.
static void test_routes_without_distinguisher(void **state)
{
	assert_false(passes("if-match rd-filter 1", "ipv4-unicast", "10.0.0.0/8", ""));
	assert_true(passes("if-match rd-filter 1", "ipv4-unicast", "10.0.0.0/8", "rd=100:1"));
	assert_false(passes("if-match rd-filter 1", "ipv4-unicast", "10.0.0.0/8", "rd=100:2"));
	assert_true(passes("if-match rd-filter 2\nif-match ip-prefix ten", "ipv4-unicast",
			   "10.0.0.0/8", "rd=200:2"));
	// In the VPN table the key counts.
	assert_false(vpn_passes("if-match rd-filter 2", "rd=200:1"));
}

static void test_match_types(void **state)
{
	static const char *const keys[] = {"1 100:1 10.0.0.1",
					   "3 100:1 10.1.1.1 225.1.1.1 10.0.0.1",
					   "5 100:1 10.1.1.1 225.1.1.1"};
	static const bool first[] = {true, false, false}, odd[] = {true, true, false};

	for (unsigned i = 0; i < 3; i++) {
		const char *k = keys[i];
		assert_int_equal(passes("if-match route-type mvpn 1", "mvpn", k, ""), first[i]);
		assert_int_equal(passes("if-match route-type mvpn 1 3", "mvpn", k, ""), odd[i]);
		assert_int_equal(passes("if-match route-type mvpn 5 7", "mvpn", k, ""), i == 2);
		assert_int_equal(passes("if-match route-type mvpn 1\nif-match route-type mvpn 3",
					"mvpn", k, ""),
				 odd[i]);
		assert_int_equal(
			passes("if-match route-type mvpn 1 3\nif-match rd-filter 1", "mvpn", k, ""),
			odd[i]);
		assert_false(passes("if-match route-type mvpn 1 3 5\nif-match rd-filter 2", "mvpn",
				    k, ""));
		// Prefixes are not asked of routes without one.
		assert_true(
			passes("if-match ip-prefix eleven\nif-match rd-filter 1", "mvpn", k, ""));
	}
	assert_false(vpn_passes("if-match route-type mvpn 1 2 3 4 5 6 7", ""));
	assert_true(passes("if-match route-type mvpn 1\nif-match route-type ebgp", "mvpn", keys[0],
			   "source=ebgp"));
	assert_false(passes("if-match route-type mvpn 1\nif-match route-type ebgp", "mvpn", keys[0],
			    "source=ibgp"));
}

static void test_labels(void **state)
{
	assert_true(vpn_passes("if-match mpls-label", "label=16"));
	assert_false(vpn_passes("if-match mpls-label", ""));
	assert_true(vpn_passes("apply mpls-label", "label=16"));
	assert_string_equal(fixture_run(&f, "p", "vpnv4", "100:1 10.1.0.0/16", "med=1 label=16"),
			    "med=1");
}

static const char *applied(const char *applies, const char *attrs)
{
	fixture_lines(&f, "route-policy p permit node 10\n");
	fixture_lines(&f, applies);
	assert_true(fixture_compile(&f));
	return fixture_run(&f, "p", "vpnv4", "100:1 10.1.0.0/16", attrs);
}

static void test_extended_communities_of_vpn_routes(void **state)
{
	assert_true(vpn_passes("if-match soo-filter s", "rt=5:5 soo=1:1"));
	assert_false(vpn_passes("if-match soo-filter s", "rt=1:1 soo=5:5"));
	assert_true(vpn_passes("if-match ext-community-filter e\nif-match soo-filter s",
			       "rt=1:1;2:2 soo=1:1"));
	// Targets are replaced by targets and by nothing else.
	assert_string_equal(applied("apply rt 7:7 8:8", "rt=1:1;70000:5;10.0.0.1:5 soo=1:1"),
			    "ext=RT <7 : 7>;RT <8 : 8>;SoO <1 : 1>");
	assert_string_equal(applied("apply rt 7:7 additive", "rt=1:1 soo=1:1"),
			    "ext=RT <1 : 1>;RT <7 : 7>;SoO <1 : 1>");
	assert_string_equal(applied("apply soo 7:7 additive", "rt=1:1 soo=1:1"),
			    "ext=RT <1 : 1>;SoO <1 : 1>;SoO <7 : 7>");
}

static void test_identity(void **state)
{
	static const struct {
		const char *lines;
		bool same;
	} cases[] = {
		{"ip rd-filter 1 index 5 permit 0100:* 200:1", true},
		{"ip rd-filter 1 permit 100:*\nip rd-filter 1 permit 200:1", true},
		{"ip rd-filter 1 permit 100:*", false},
		{"ip rd-filter 1 permit 100:0 200:1", false},
		{"ip rd-filter 1 permit 100:* 200:2", false},
		{"ip rd-filter 1 deny 100:* 200:1", false},
	};
	char lines[256];

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fixture_config(&f, "ip rd-filter 1 permit 100:* 200:1\n"
				   "route-policy p permit node 10\nif-match rd-filter 1\n"
				   "if-match route-type mvpn 1 3");
		struct policy_program *p = fixture_program(&f, "vpnv4", true, "p");
		snprintf(lines, sizeof(lines),
			 "%s\nroute-policy p permit node 10\nif-match rd-filter 1\n"
			 "if-match route-type mvpn 3 1",
			 cases[i].lines);
		fixture_config(&f, lines);
		struct policy_program *q = fixture_program(&f, "vpnv4", true, "p");
		assert_int_equal(p == q, cases[i].same);
		policy_program_unref(p);
		policy_program_unref(q);
	}
	fixture_config(&f, "");
	assert_int_equal(store_object_count(f.store), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_patterns),
		CASE(test_order_of_rules),
		CASE(test_texts),
		CASE(test_match_distinguisher),
		CASE(test_match_with_prefixes),
		CASE(test_routes_without_distinguisher),
		CASE(test_match_types),
		CASE(test_labels),
		CASE(test_extended_communities_of_vpn_routes),
		CASE(test_identity),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
