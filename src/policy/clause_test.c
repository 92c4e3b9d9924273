// Every if-match and apply clause, nodes and goto: each case runs the program node by node and by
// partial evaluation, which must agree.
#include "policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

#define PREFIX "10.1.0.0/16"

// Whether a route passes a policy with one permit node of these clauses.
static bool passes(const char *clauses, const char *attrs)
{
	fixture_lines(&f, "ip ip-prefix ten permit 10.0.0.0 8 less-equal 32\n"
			  "ip ip-prefix eleven permit 11.0.0.0 8 less-equal 32\n"
			  "ip ip-prefix host permit 10.0.0.1 32\n"
			  "ip ip-prefix zero permit 0.0.0.0 0\n"
			  "ip ip-prefix peer permit 192.0.2.1 32\n"
			  "ip ipv6-prefix six permit 2001:db8:: 32 less-equal 128\n"
			  "acl 2000 rule 5 permit 10.0.0.0 0.255.255.255\n"
			  "acl 2001\n"
			  "acl6 2002 rule 5 permit 2001:db8:: ::ffff:ffff:ffff:ffff:ffff:ffff\n"
			  "ip as-path-filter 1 permit ^100\n"
			  "ip as-path-filter 2 permit ^200\n"
			  "ip community-filter basic 1 permit 1:1\n"
			  "ip community-filter basic 2 permit 2:2\n"
			  "ip large-community-filter basic l permit 1:2:3\n"
			  "ip ext-community-filter basic e permit 1:1\n"
			  "ip soo-filter basic s permit 1:1\n"
			  "route-policy p permit node 10\n");
	fixture_lines(&f, clauses);
	if (!fixture_compile(&f))
		fail_msg("%s", f.complaint);
	return strcmp(fixture_run(&f, "p", "ipv4-unicast", PREFIX, attrs), "rejected") != 0;
}

static bool passes_wide(const char *clauses, const char *attrs)
{
	passes(clauses, attrs);
	return strcmp(fixture_run(&f, "p", "ipv6-unicast", "2001:db8:1::/48", attrs), "rejected") !=
	       0;
}

// What one permit node with these applies makes of a route.
static const char *applied(const char *applies, const char *attrs)
{
	fixture_lines(&f, "ip community-filter basic del permit 1:1\n"
			  "ip community-filter basic del permit 2:2\n"
			  "ip community-filter advanced re permit ^3:\n"
			  "ip community-list cl 7:7 8:8\n"
			  "ip large-community-list ll 7:7:7\n"
			  "route-policy p permit node 10\n");
	fixture_lines(&f, applies);
	if (!fixture_compile(&f))
		fail_msg("%s", f.complaint);
	return fixture_run(&f, "p", "ipv4-unicast", PREFIX, attrs);
}

// --- if-match -----------------------------------------------------------------------------------
static void test_match_prefix(void **state)
{
	assert_true(passes("", ""));
	assert_true(passes("if-match ip-prefix ten", ""));
	assert_false(passes("if-match ip-prefix eleven", ""));
	assert_true(passes("if-match ip-prefix eleven\nif-match ip-prefix ten", ""));
	assert_true(passes("if-match acl 2000", ""));
	assert_false(passes("if-match acl 2001", ""));
	assert_true(passes("if-match acl 2999", "")); // an ACL that is not there
	assert_true(passes("if-match ip-prefix eleven\nif-match acl 2999", ""));
}

static void test_match_width(void **state)
{
	assert_true(passes("if-match ipv6 address prefix-list six", ""));
	assert_true(passes_wide("if-match ip-prefix eleven", ""));
	assert_true(passes_wide("if-match ipv6 address prefix-list six", ""));
	assert_true(passes_wide("if-match ipv6 address acl 2002", ""));
	assert_false(
		passes("if-match ipv6 address prefix-list six\nif-match ip-prefix eleven", ""));
	assert_true(passes_wide("if-match ipv6 next-hop prefix-list six", "nh=2001:db8::1"));
	assert_false(passes_wide("if-match ipv6 next-hop prefix-list six", "nh=2001:db9::1"));
	assert_true(passes_wide("if-match ip next-hop ip-prefix host", "nh=2001:db9::1"));
	assert_true(passes("if-match ipv6 next-hop prefix-list six", "nh=10.0.0.1"));
}

static void test_match_addresses(void **state)
{
	assert_true(passes("if-match ip next-hop ip-prefix host", "nh=10.0.0.1"));
	assert_false(passes("if-match ip next-hop ip-prefix host", "nh=10.0.0.2"));
	assert_false(passes("if-match ip next-hop ip-prefix host", ""));
	assert_true(passes("if-match ip next-hop acl 2000", "nh=10.0.0.2"));
	assert_true(passes("if-match ip next-hop ip-prefix zero", "nh=0.0.0.0"));
	assert_true(passes("if-match ip route-source ip-prefix peer", ""));
	assert_false(passes("if-match ip route-source ip-prefix host", ""));
	assert_false(passes("if-match ip group-address ip-prefix ten", ""));
	assert_true(passes_wide("if-match ip route-source ip-prefix host", ""));
}

static void test_match_path(void **state)
{
	assert_true(passes("if-match as-path-filter 1", "path=100"));
	assert_false(passes("if-match as-path-filter 1", "path=200"));
	assert_true(passes("if-match as-path-filter 1 2", "path=200"));
	assert_true(passes("if-match as-path-filter 1\nif-match as-path-filter 2", "path=200"));
	assert_true(passes("if-match as-path length 2", "path=200,300"));
	assert_false(passes("if-match as-path length 2", "path=200"));
	assert_true(
		passes("if-match as-path length greater-equal 2 less-equal 3", "path=1,2,{3,4,5}"));
	assert_false(
		passes("if-match as-path length greater-equal 4 less-equal 5", "path=1,2,{3,4,5}"));
	assert_false(passes("if-match as-path-filter 1\nif-match ip-prefix eleven", "path=100"));
}

static void test_match_communities(void **state)
{
	assert_true(passes("if-match community-filter 1 2", "comm=2:2;3:3"));
	assert_false(passes("if-match community-filter 1 2", "comm=3:3"));
	assert_true(passes("if-match community-filter 1 whole-match", "comm=1:1"));
	assert_false(passes("if-match community-filter 1 whole-match", "comm=1:1;2:2"));
	assert_true(passes("if-match community-filter 1 whole-match\nif-match community-filter 2",
			   "comm=1:1;2:2"));
	assert_true(passes("if-match community-filter 1 sort-match", "comm=1:1;2:2"));
	assert_true(passes("if-match large-community-filter l", "large=1:2:3;1:2:4"));
	assert_false(passes("if-match large-community-filter l whole-match", "large=1:2:3;1:2:4"));
	assert_true(passes("if-match ext-community-filter e", "rt=1:1"));
	assert_false(passes("if-match ext-community-filter e", "soo=1:1"));
	assert_true(passes("if-match soo-filter s", "soo=1:1"));
}

static void test_match_numbers(void **state)
{
	assert_true(passes("if-match cost 5", "med=5"));
	assert_false(passes("if-match cost 5", "med=6"));
	assert_true(passes("if-match cost 0", ""));
	assert_true(passes("if-match cost greater-equal 5 less-equal 7", "med=7"));
	assert_false(passes("if-match cost greater-equal 5 less-equal 7", "med=8"));
	assert_true(passes("if-match cost 5\nif-match cost 6", "med=6"));
	assert_true(passes("if-match preference 255", ""));
	assert_true(passes("if-match preference 60", "pref=60"));
	assert_true(passes("if-match tag 0", ""));
	assert_false(passes("if-match tag 1", ""));
}

static void test_match_rest(void **state)
{
	assert_true(passes("if-match protocol bgp", ""));
	assert_false(passes("if-match protocol ospf", ""));
	assert_true(passes("if-match route-type ebgp", "source=ebgp"));
	assert_true(passes("if-match route-type ebgp", "source=confed"));
	assert_false(passes("if-match route-type ebgp", "source=ibgp"));
	assert_true(passes("if-match route-type ibgp", "source=client"));
	assert_false(passes("if-match route-type ibgp", "source=local"));
	assert_false(passes("if-match route-type internal", "source=ibgp"));
	assert_true(passes("if-match rpki not-found", ""));
	assert_false(passes("if-match rpki valid", ""));
	assert_false(passes("if-match interface GigabitEthernet0/0/1", ""));
	assert_false(passes("if-match mpls-label", ""));
}

static void test_missing_filters(void **state)
{
	fixture_lines(&f, "route-policy p permit node 10\nif-match ip-prefix nothing");
	assert_false(fixture_compile(&f));
	assert_string_equal(f.complaint,
			    "route-policy p: node 10: ip ip-prefix nothing does not exist");
	fixture_lines(&f, "route-policy p permit node 10\nif-match as-path-filter nothing");
	f.source->nonexistent_allowed = true;
	assert_true(fixture_compile(&f));
	assert_string_equal(fixture_run(&f, "p", "ipv4-unicast", PREFIX, "path=1"), "path=1");
	// A policy that is not there: rejects by default, passes where names need not exist.
	assert_string_equal(fixture_run(&f, "q", "ipv4-unicast", PREFIX, "path=1"), "path=1");
	fixture_config(&f, "route-policy p permit node 10");
	assert_string_equal(fixture_run(&f, "q", "ipv4-unicast", PREFIX, "path=1"), "rejected");
	fixture_lines(&f, "route-policy p permit node 10\napply comm-filter nothing delete");
	assert_false(fixture_compile(&f));
	fixture_lines(&f, "route-policy p permit node 10\napply community list nothing");
	assert_false(fixture_compile(&f));
}

// --- apply --------------------------------------------------------------------------------------
static void test_apply_path(void **state)
{
	assert_string_equal(applied("apply as-path 1 2 additive", "path=100"), "path=1 2 100");
	assert_string_equal(applied("apply as-path 1 2 additive", ""), "path=1 2");
	assert_string_equal(applied("apply as-path 1 2 overwrite", "path=100,{5}"), "path=1 2");
	assert_string_equal(applied("apply as-path 100 7 delete", "path=100,8,7,100"), "path=8");
	assert_string_equal(applied("apply as-path none overwrite", "path=100"), "path=");
	assert_string_equal(applied("apply as-path 5 delete", ""), "");
	assert_string_equal(applied("apply as-path 4200000000 additive", "path=1"),
			    "path=4200000000 1");
}

static void test_apply_community(void **state)
{
	assert_string_equal(applied("apply community 1:1 no-export", "comm=5:5"),
			    "comm=1:1;no-export");
	assert_string_equal(applied("apply community 1:1 additive", "comm=5:5"), "comm=1:1;5:5");
	assert_string_equal(applied("apply community 1:1 additive", "comm=1:1"), "comm=1:1");
	assert_string_equal(applied("apply community none", "comm=5:5"), "");
	assert_string_equal(applied("apply community list cl", "comm=5:5"), "comm=7:7;8:8");
	assert_string_equal(applied("apply community list cl additive", "comm=5:5"),
			    "comm=5:5;7:7;8:8");
	assert_string_equal(applied("apply comm-filter del delete", "comm=1:1;2:2;3:3"),
			    "comm=3:3");
	assert_string_equal(applied("apply comm-filter re delete", "comm=1:1;3:3;3:4"), "comm=1:1");
	assert_string_equal(applied("apply comm-filter del delete", "comm=1:1"), "");
	assert_string_equal(applied("apply comm-filter del delete", ""), "");
	// Deleting comes first, however it was typed.
	assert_string_equal(applied("apply community 1:1 additive\napply comm-filter del delete",
				    "comm=1:1;3:3"),
			    "comm=1:1;3:3");
}

static void test_apply_wide_communities(void **state)
{
	assert_string_equal(applied("apply large-community 1:1:1 additive", "large=2:2:2"),
			    "large=1:1:1;2:2:2");
	assert_string_equal(applied("apply large-community 1:1:1 overwrite", "large=2:2:2"),
			    "large=1:1:1");
	assert_string_equal(applied("apply large-community 1:1:1 delete", "large=2:2:2;1:1:1"),
			    "large=2:2:2");
	assert_string_equal(applied("apply large-community none", "large=2:2:2"), "");
	assert_string_equal(applied("apply large-community list ll overwrite", "large=2:2:2"),
			    "large=7:7:7");
	assert_string_equal(applied("apply rt 1:1", "rt=2:2 soo=3:3"),
			    "ext=RT <1 : 1>;SoO <3 : 3>");
	assert_string_equal(applied("apply rt 1:1 additive", "rt=2:2"),
			    "ext=RT <1 : 1>;RT <2 : 2>");
	assert_string_equal(applied("apply soo 4:4 additive", "rt=2:2"),
			    "ext=RT <2 : 2>;SoO <4 : 4>");
}

static void test_apply_numbers(void **state)
{
	assert_string_equal(applied("apply cost 5", ""), "med=5");
	assert_string_equal(applied("apply cost + 5", "med=10"), "med=15");
	assert_string_equal(applied("apply cost - 5", "med=10"), "med=5");
	assert_string_equal(applied("apply cost - 50", "med=10"), "med=0");
	assert_string_equal(applied("apply cost + 4294967295", "med=10"), "med=4294967295");
	assert_string_equal(applied("apply cost none", "med=10"), "");
	assert_string_equal(applied("apply cost inherit", "med=10"), "med=10");
	assert_string_equal(applied("apply local-preference 200", ""), "lp=200");
	assert_string_equal(applied("apply local-preference + 10", ""), "lp=110");
	assert_string_equal(applied("apply local-preference - 10", "lp=50"), "lp=40");
	assert_string_equal(applied("apply preferred-value 300", ""), " value=300");
	assert_string_equal(applied("apply preference 20", ""), " pref=20");
	assert_string_equal(applied("apply origin 2", "origin=0"), "origin=2");
	assert_string_equal(applied("apply tag 7\napply mpls-label\napply dampening 15\n"
				    "apply cost-type internal",
				    "med=1"),
			    "med=1");
}

static void test_apply_next_hop(void **state)
{
	assert_string_equal(applied("apply ip-address next-hop 10.9.9.9", "nh=10.0.0.1"),
			    "nh=10.9.9.9");
	assert_string_equal(applied("apply ip-address next-hop peer-address", "nh=10.0.0.1"),
			    "nh=192.0.2.1");
	assert_string_equal(applied("apply ip-address next-hop blackhole", "nh=10.0.0.1"),
			    "nh=10.0.0.1");
	assert_string_equal(applied("apply ipv6 next-hop 2001:db8::9", "nh=10.0.0.1"),
			    "nh=10.0.0.1");
	assert_string_equal(fixture_run(&f, "p", "ipv6-unicast", "2001:db8::/32", "nh=2001:db8::1"),
			    "nh=2001:DB8::9");
	// On export the peer's neighbour is us.
	applied("apply ip-address next-hop peer-address", "");
	struct policy_program *p = fixture_program(&f, "ipv4-unicast", false, "p");
	struct af_key key = fixture_key("ipv4-unicast", PREFIX);
	struct attrs as;
	fixture_attrs(&f, "nh=10.0.0.1", &as);
	assert_true(policy_program_uses_peer(p));
	assert_true(policy_run_route(p, &fixture_context, &key, &as, &f.arena));
	assert_string_equal(fixture_text(&f, &as), "nh=192.0.2.2");
	policy_program_unref(p);
}

static void test_apply_overflow_is_refused(void **state)
{
	uint8_t *big = arena_zero(&f.arena, 40000);
	struct attrs as;
	struct af_key key = fixture_key("ipv4-unicast", PREFIX);

	fixture_config(&f, "route-policy p permit node 10\napply local-preference 5");
	struct policy_program *p = fixture_program(&f, "ipv4-unicast", true, "p");
	attrs_clear(&as);
	attrs_put(&as, 200, 0xC0, big, 40000);
	attrs_put(&as, 201, 0xC0, big, 25521);
	assert_false(policy_run_route(p, &fixture_context, &key, &as, &f.arena));
	policy_program_unref(p);
}

// --- nodes --------------------------------------------------------------------------------------
static const char *run(const char *prefix, const char *attrs)
{
	return fixture_run(&f, "p", "ipv4-unicast", prefix, attrs);
}

static void test_nodes(void **state)
{
	fixture_config(&f,
		       "ip ip-prefix ten permit 10.0.0.0 8 less-equal 32\n"
		       "ip ip-prefix eleven permit 11.0.0.0 8 less-equal 32\n"
		       "route-policy p permit node 30\napply cost 30\n"
		       "route-policy p permit node 10\nif-match ip-prefix ten\n"
		       "if-match cost 5\napply cost 10\n"
		       "route-policy p deny node 20\nif-match ip-prefix eleven\napply cost 9\n");
	assert_string_equal(run("10.0.0.0/8", "med=5"), "med=10");
	assert_string_equal(run("10.0.0.0/8", "med=6"), "med=30");
	assert_string_equal(run("11.0.0.0/8", "med=5"), "rejected");
	assert_string_equal(run("12.0.0.0/8", "med=5"), "med=30");
	fixture_config(&f, "ip ip-prefix ten permit 10.0.0.0 8 less-equal 32\n"
			   "route-policy p permit node 10\nif-match ip-prefix ten\n");
	assert_string_equal(run("12.0.0.0/8", "med=5"), "rejected");
	fixture_config(&f, "route-policy p permit node 10\napply cost 1\n"
			   "route-policy p permit node 10\napply cost 2\n");
	assert_string_equal(run("12.0.0.0/8", ""), "med=2");
}

static void test_goto(void **state)
{
	const char *lists = "ip ip-prefix ten permit 10.0.0.0 8 less-equal 32\n"
			    "ip community-filter basic new permit 1:1\n";

	// Later nodes see what earlier ones applied; the same prefix test is not asked twice.
	fixture_lines(&f, lists);
	fixture_config(&f, "route-policy p permit node 10\nif-match ip-prefix ten\n"
			   "apply community 1:1\ngoto next-node\n"
			   "route-policy p deny node 20\nif-match community-filter new\n"
			   "if-match cost 9\n"
			   "route-policy p permit node 30\nif-match ip-prefix ten\n"
			   "if-match community-filter new\napply cost 7\n"
			   "route-policy p permit node 40\napply cost 8\n");
	assert_string_equal(run("10.0.0.0/8", ""), "med=7 comm=1:1");
	assert_string_equal(run("10.0.0.0/8", "med=9"), "rejected");
	assert_string_equal(run("11.0.0.0/8", "med=9"), "med=8");

	fixture_config(&f, "route-policy p permit node 10\napply tag 5\ngoto next-node 25\n"
			   "route-policy p permit node 20\napply cost 20\n"
			   "route-policy p permit node 30\nif-match tag 5\napply cost 30\n");
	assert_string_equal(run("10.0.0.0/8", ""), "med=30");

	// Nothing behind: the route matches no node any more.
	fixture_config(&f, "route-policy p permit node 10\napply cost 1\ngoto next-node 50\n"
			   "route-policy p permit node 20\n");
	assert_string_equal(run("10.0.0.0/8", ""), "rejected");
	fixture_config(&f, "route-policy p permit node 10\napply cost 1\ngoto next-node\n");
	assert_string_equal(run("10.0.0.0/8", ""), "rejected");

	// A deny node's goto means nothing.
	fixture_config(&f, "route-policy p deny node 10\ngoto next-node\n"
			   "route-policy p permit node 20\n");
	assert_string_equal(run("10.0.0.0/8", ""), "rejected");
}

static void test_stages(void **state)
{
	struct policy_binding b = {.af = fixture_af("ipv4-unicast"),
				   .import = true,
				   .acl = "2000",
				   .prefix_list = "ten",
				   .path_filter = "1",
				   .view_prefix_list = "short",
				   .route_policy = "p",
				   .view_route_policy = "q"};
	static const struct {
		const char *prefix, *attrs, *result;
	} cases[] = {
		{"10.1.0.0/16", "path=100", "path=100 med=2 lp=1"},
		{"10.1.0.0/16", "path=200", NULL},
		{"10.2.0.0/16", "path=100", NULL}, // acl
		{"10.1.0.0/24", "path=100", NULL}, // view_prefix_list
		{"12.0.0.0/16", "path=100", NULL}, // prefix_list
		{"10.1.0.0/17", "path=100", "path=100 med=3 lp=1"},
	};

	fixture_config(&f, "acl 2000 rule 1 deny 10.2.0.0 0.0.255.255\nacl 2000 rule 2 permit\n"
			   "ip ip-prefix ten permit 10.0.0.0 8 less-equal 32\n"
			   "ip ip-prefix short permit 0.0.0.0 0 less-equal 20\n"
			   "ip ip-prefix sixteen permit 0.0.0.0 0 greater-equal 16 less-equal 16\n"
			   "ip as-path-filter 1 permit ^100\n"
			   "route-policy p permit node 10\napply local-preference 1\n"
			   "apply cost + 1\n"
			   "route-policy q permit node 10\nif-match ip-prefix sixteen\n"
			   "if-match cost 1\napply cost 2\n"
			   "route-policy q permit node 20\nif-match cost 1\napply cost 3\n");
	struct policy_program *p = policy_program(f.store, f.snapshot, &b);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct af_key key = fixture_key("ipv4-unicast", cases[i].prefix);
		struct attrs in, as;
		fixture_attrs(&f, cases[i].attrs, &in);
		as = in;
		bool ok = policy_run_route(p, &fixture_context, &key, &as, &f.arena);
		const struct residual *r = policy_run(p, &fixture_context, &in, &f.arena);
		while (r->kind == RESIDUAL_TEST)
			r = key_test_matches(r->test, b.af, &key) ? r->yes : r->no;
		assert_int_equal(ok, cases[i].result != NULL);
		assert_int_equal(r->kind, ok ? RESIDUAL_ACCEPT : RESIDUAL_REJECT);
		if (ok) {
			assert_string_equal(fixture_text(&f, &as), cases[i].result);
			assert_string_equal(fixture_text(&f, r->attrs), cases[i].result);
		}
	}
	policy_program_unref(p);
}

struct story {
	struct buf b;
};

static void tell(void *arg, const struct policy_step *step)
{
	struct story *s = arg;

	buf_format(&s->b, "%s", step->stage);
	if (step->node)
		buf_format(&s->b, " node %u", step->node);
	if (step->clause)
		buf_format(&s->b, " %s", step->clause);
	buf_format(&s->b, "%s%s%s\n", step->matched ? " yes" : " no", step->permit ? "" : " deny",
		   step->end ? " end" : "");
}

static void test_explain(void **state)
{
	struct story s = {0};
	struct attrs as;
	struct af_key key = fixture_key("ipv4-unicast", PREFIX);

	fixture_config(&f, "ip ip-prefix ten permit 10.0.0.0 8 less-equal 32\n"
			   "route-policy p deny node 10\nif-match ip-prefix ten\nif-match cost 5\n"
			   "route-policy p permit node 20\n");
	struct policy_program *p = fixture_program(&f, "ipv4-unicast", true, "p");
	fixture_attrs(&f, "med=6", &as);
	assert_true(policy_explain(p, &fixture_context, &key, &as, &f.arena,
				   &(struct policy_observer){tell, &s}));
	assert_string_equal(buf_cstr(&s.b), "route-policy node 10 ip-prefix yes deny\n"
					    "route-policy node 10 cost no deny\n"
					    "route-policy node 10 no deny\n"
					    "route-policy node 20 yes\n"
					    "route-policy yes end\n");
	buf_free(&s.b);
	policy_program_unref(p);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_match_prefix),
		CASE(test_match_width),
		CASE(test_match_addresses),
		CASE(test_match_path),
		CASE(test_match_communities),
		CASE(test_match_numbers),
		CASE(test_match_rest),
		CASE(test_missing_filters),
		CASE(test_apply_path),
		CASE(test_apply_community),
		CASE(test_apply_wide_communities),
		CASE(test_apply_numbers),
		CASE(test_apply_next_hop),
		CASE(test_apply_overflow_is_refused),
		CASE(test_nodes),
		CASE(test_goto),
		CASE(test_stages),
		CASE(test_explain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
