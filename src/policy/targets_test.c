// The stages that look at route targets: sets of them against a plain reading, prefixes, identity,
// programs that are constrained later, rr-filter.
#include "policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/object.h"

static struct fixture f;

static int setup(void **state)
{
	fixture_open(&f);
	fixture_config(&f, "ip ext-community-filter basic 10 permit 1:1\n"
			   "ip ext-community-filter basic 10 permit 2:2\n"
			   "route-policy p permit node 10\napply rt 9:9\napply cost 5");
	return 0;
}

static int teardown(void **state)
{
	fixture_close(&f);
	return 0;
}

static struct policy_target target(const char *text, unsigned bits)
{
	struct policy_target t = {.bits = (uint8_t)bits};

	assert_true(ext_community_parse_rt(text, t.target));
	return t;
}

static struct policy_program *constrained(const struct policy_target *t, unsigned count,
					  const char *policy)
{
	struct policy_binding b = {.af = fixture_af("ipv4-unicast"),
				   .import = true,
				   .constrained = true,
				   .targets = t,
				   .target_count = count,
				   .route_policy = policy};

	return policy_program(f.store, f.snapshot, &b);
}

static bool passes_attrs(const struct policy_program *p, const struct attrs *in)
{
	struct af_key key = fixture_key("ipv4-unicast", "10.0.0.0/8");
	struct attrs as = *in;
	bool permit = policy_run_route(p, &fixture_context, &key, &as, &f.arena);
	const struct residual *r = policy_run(p, &fixture_context, in, &f.arena);

	assert_int_equal(r->kind, permit ? RESIDUAL_ACCEPT : RESIDUAL_REJECT); // no tree
	return permit;
}

static bool passes(const struct policy_program *p, const char *attrs)
{
	struct attrs as;

	fixture_attrs(&f, attrs, &as);
	return passes_attrs(p, &as);
}

// Whether a set of one or two targets lets the route pass.
static bool set_passes(struct policy_target a, const struct policy_target *b, const char *attrs)
{
	struct policy_target t[2] = {a, b ? *b : a};
	struct policy_program *p = constrained(t, b ? 2 : 1, NULL);
	bool permit = passes(p, attrs);

	assert_false(policy_program_is_open(p) && a.bits);
	policy_program_unref(p);
	return permit;
}

static void test_one_of_the_targets(void **state)
{
	struct policy_target other = target("70000:5", 64), address = target("10.0.0.1:7", 64);

	assert_true(set_passes(target("1:1", 64), NULL, "rt=1:1"));
	assert_true(set_passes(target("1:1", 64), NULL, "rt=0:5;1:1;7:7"));
	assert_false(set_passes(target("1:1", 64), NULL, "rt=1:2"));
	assert_false(set_passes(target("1:1", 64), NULL, "rt=1:0"));
	assert_false(set_passes(target("1:1", 64), NULL, "med=1"));
	assert_false(set_passes(target("1:1", 64), NULL, "soo=1:1"));
	assert_true(set_passes(target("1:1", 64), &other, "rt=70000:5"));
	assert_false(set_passes(target("1:1", 64), &other, "rt=70000:6"));
	assert_true(set_passes(target("1:1", 64), &address, "soo=1:1 rt=10.0.0.1:7"));

	// Nothing asked for: nothing passes.
	struct policy_program *none = constrained(NULL, 0, NULL);
	assert_false(policy_program_is_open(none));
	assert_false(passes(none, "rt=1:1"));
	assert_false(passes(none, "med=1"));
	policy_program_unref(none);
}

// RFC 4684 4: a membership is a prefix of a target.
static void test_prefixes_of_targets(void **state)
{
	struct policy_target exact = target("5:5", 64);

	assert_true(set_passes(target("1:0", 32), &exact, "rt=1:77"));
	assert_true(set_passes(target("1:99", 32), NULL, "rt=1:77")); // bits behind do not count
	assert_false(set_passes(target("1:0", 32), &exact, "rt=2:77"));
	assert_true(set_passes(target("1:0", 32), &exact, "rt=5:5"));
	assert_true(set_passes(target("1:256", 56), NULL, "rt=1:511"));
	assert_false(set_passes(target("1:256", 56), NULL, "rt=1:512"));
	assert_false(set_passes(target("1:256", 56), NULL, "rt=1:255"));
	// A short prefix holds other communities, too: only route targets count.
	assert_true(set_passes(target("1:1", 8), NULL, "rt=1000:1"));
	assert_false(set_passes(target("1:1", 8), NULL, "soo=1:1"));
	assert_false(set_passes(target("1:1", 8), NULL, "rt=70000:1"));
	assert_true(set_passes(target("1:1", 1), NULL, "rt=70000:1"));
	// None at all: any route.
	assert_true(set_passes(target("1:1", 0), NULL, "soo=1:1"));
	assert_true(set_passes(target("1:1", 0), NULL, ""));
}

static void test_random_against_plain(void **state)
{
	struct random r;

	random_seed(&r, 11);
	for (unsigned round = 0; round < 400; round++) {
		struct policy_target t[8];
		unsigned n = random_below(&r, 8);
		bool all = false;
		for (unsigned i = 0; i < n; i++) {
			t[i] = (struct policy_target){.target = {0, 2, 0, 1}};
			t[i].target[7] = (uint8_t)random_below(&r, 16);
			t[i].bits = random_below(&r, 40) ? (uint8_t)(58 + random_below(&r, 7)) : 0;
			all = all || !t[i].bits;
		}
		struct policy_program *p = constrained(t, n, NULL);
		for (unsigned v = 0; v < 32; v++) {
			const uint8_t value[8] = {0, 2, 0, 1, 0, 0, 0, (uint8_t)v};
			struct attrs as;
			bool expected = all;
			for (unsigned i = 0; i < n && !expected; i++)
				expected = !((t[i].target[7] ^ v) >> (64 - t[i].bits));
			attrs_clear(&as);
			attrs_put(&as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, value,
				  8);
			if (passes_attrs(p, &as) != expected)
				fail_msg("seed 11 round %u value %u", round, v);
		}
		policy_program_unref(p);
	}
}

static void test_equal_sets_are_one_program(void **state)
{
	const struct policy_target abc[] = {target("1:1", 64), target("1:2", 64),
					    target("7:7", 64)};
	const struct policy_target cab[] = {target("7:7", 64), target("1:1", 64), target("1:2", 64),
					    target("7:7", 64)};
	const struct policy_target wide[] = {target("1:1", 32), target("7:7", 64),
					     target("1:5", 64)};
	struct policy_program *p = constrained(abc, 3, "p"), *q = constrained(cab, 4, "p");
	struct policy_program *r = constrained(abc, 2, "p"), *s = constrained(wide, 3, "p");
	struct policy_program *t = constrained(wide, 2, "p");

	assert_ptr_equal(p, q);
	assert_ptr_not_equal(p, r);
	assert_ptr_not_equal(p, s);
	assert_ptr_equal(s, t); // covered by the prefix
	policy_program_unref(p);
	policy_program_unref(q);
	policy_program_unref(r);
	policy_program_unref(s);
	policy_program_unref(t);
}

static bool narrows(const struct policy_target *from, unsigned from_count, const char *from_policy,
		    const struct policy_target *to, unsigned to_count, const char *to_policy)
{
	struct policy_program *a = constrained(from, from_count, from_policy),
			      *b = constrained(to, to_count, to_policy);
	bool answer = policy_program_narrows(a, b);

	assert_int_equal(policy_programs_kindred(a, b), policy_programs_kindred(b, a));
	policy_program_unref(a);
	policy_program_unref(b);
	return answer;
}

// What was turned away can come in only when there are more targets.
static void test_fewer_targets_narrow(void **state)
{
	const struct policy_target t[] = {target("1:1", 64), target("2:2", 64), target("3:3", 64)};
	const struct policy_target any = {.bits = 0}, block = target("2:0", 32);

	assert_true(narrows(t, 3, "p", t, 2, "p"));
	assert_true(narrows(t, 2, "p", t, 2, "p"));
	assert_true(narrows(t, 2, "p", t, 0, "p"));
	assert_true(narrows(&any, 1, "p", t, 2, "p"));
	assert_true(narrows(&block, 1, NULL, &t[1], 1, NULL));
	assert_false(narrows(t, 2, "p", t, 3, "p"));
	assert_false(narrows(t, 2, "p", &t[1], 2, "p"));
	assert_false(narrows(t, 2, "p", &any, 1, "p"));
	assert_false(narrows(&t[1], 1, NULL, &block, 1, NULL));
	assert_false(narrows(t, 3, "p", t, 2, NULL));
	assert_false(narrows(t, 3, NULL, t, 2, "p"));
}

static void test_constrained_later(void **state)
{
	const struct policy_target a[] = {target("1:1", 64)}, b[] = {target("2:2", 64)};
	const struct policy_target any[] = {target("1:1", 64), target("1:1", 0)};
	struct policy_program *plain = fixture_program(&f, "ipv4-unicast", true, "p");
	struct policy_program *open = fixture_program(&f, "ipv6-unicast", true, NULL);
	struct policy_program *first = constrained(a, 1, "p");
	uint32_t objects = store_object_count(f.store);
	struct policy_program *p = policy_program_constrain(f.store, plain, a, 1);

	assert_ptr_equal(p, first);
	assert_int_equal(store_object_count(f.store), objects);
	assert_true(passes(p, "rt=1:1"));
	assert_false(passes(p, "rt=9:9")); // what the policy puts does not count
	policy_program_unref(first);

	// Again: the latest targets stand.
	struct policy_program *q = policy_program_constrain(f.store, p, b, 1);
	assert_true(passes(q, "rt=2:2"));
	assert_false(passes(q, "rt=1:1"));
	struct policy_program *back = policy_program_constrain(f.store, q, a, 1);
	assert_ptr_equal(back, p);
	policy_program_unref(back);
	// For any route: the program itself.
	back = policy_program_constrain(f.store, q, any, 2);
	assert_ptr_equal(back, plain);
	policy_program_unref(back);
	back = policy_program_constrain(f.store, plain, any, 2);
	assert_ptr_equal(back, plain);
	policy_program_unref(back);
	policy_program_unref(p);
	policy_program_unref(q);
	policy_program_unref(plain);

	// The open program belongs to no family, and neither does what becomes of it.
	p = policy_program_constrain(f.store, open, b, 1);
	q = constrained(b, 1, NULL);
	assert_ptr_equal(p, q);
	assert_false(policy_program_is_open(p));
	assert_false(policy_program_uses_peer(p));
	policy_program_unref(q);
	policy_program_unref(open);
	policy_snapshot_unref(f.snapshot);
	f.snapshot = NULL;
	assert_int_equal(store_object_count(f.store), 2);
	policy_program_unref(p);
	assert_int_equal(store_object_count(f.store), 0);
}

struct told {
	char text[256];
	size_t n;
};

static void tell(void *arg, const struct policy_step *s)
{
	struct told *t = arg;

	if (s->end)
		t->n += (size_t)snprintf(t->text + t->n, sizeof(t->text) - t->n, "%s:%s ", s->stage,
					 s->permit ? "permit" : "deny");
}

static const char *explained(const struct policy_program *p, const char *attrs)
{
	struct af_key key = fixture_key("ipv4-unicast", "10.0.0.0/8");
	static struct told told;
	struct attrs as;

	told = (struct told){.n = 0};
	fixture_attrs(&f, attrs, &as);
	policy_explain(p, &fixture_context, &key, &as, &f.arena,
		       &(struct policy_observer){tell, &told});
	return told.text;
}

static void test_reflector_filter_and_explanations(void **state)
{
	const struct policy_target a[] = {target("1:1", 64), target("3:3", 64)};
	struct policy_binding b = {.af = fixture_af("ipv4-unicast"),
				   .import = true,
				   .targets = a,
				   .target_count = 2,
				   .ext_community_filter = "10",
				   .route_policy = "p"};
	struct policy_program *p = policy_program(f.store, f.snapshot, &b);

	assert_string_equal(explained(p, "rt=2:2"), "rr-filter:permit route-policy:permit ");
	assert_string_equal(explained(p, "rt=3:3"), "rr-filter:deny ");
	assert_true(passes(p, "rt=1:1;5:5"));
	policy_program_unref(p);
	b.constrained = true;
	p = policy_program(f.store, f.snapshot, &b);
	assert_string_equal(explained(p, "rt=1:1"),
			    "vpn-target:permit rr-filter:permit route-policy:permit ");
	assert_string_equal(explained(p, "rt=2:2"), "vpn-target:deny ");
	assert_string_equal(explained(p, "rt=3:3"), "vpn-target:permit rr-filter:deny ");
	policy_program_unref(p);
	b.ext_community_filter = "11";
	p = policy_program(f.store, f.snapshot, &b);
	assert_false(passes(p, "rt=1:1"));
	policy_program_unref(p);
}

// A reflector's union: thousands of targets, each route with a few.
static void test_thousands_of_targets(void **state)
{
	struct policy_target *t = test_malloc(50000 * sizeof(*t));
	clock_t start = clock();
	unsigned hits = 0;

	for (uint32_t i = 0; i < 50000; i++) {
		uint32_t n = i * 7919 % 50000 * 2; // out of order
		t[i] = (struct policy_target){.target = {0, 2, 0, 1, 0, (uint8_t)(n >> 16),
							 (uint8_t)(n >> 8), (uint8_t)n},
					      .bits = 64};
	}
	struct policy_program *p = constrained(t, 50000, NULL);
	struct policy_program *q = constrained(t, 50000, NULL);
	assert_ptr_equal(p, q);
	for (uint32_t n = 0; n < 120000; n++) {
		const uint8_t v[8] = {0,         2, 0, 1, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				      (uint8_t)n};
		struct af_key key = {0};
		struct attrs as;
		attrs_clear(&as);
		attrs_put(&as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, v, 8);
		hits += policy_run_route(p, &fixture_context, &key, &as, &f.arena);
	}
	assert_int_equal(hits, 50000);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2);
	policy_program_unref(p);
	policy_program_unref(q);
	test_free(t);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_one_of_the_targets),
		CASE(test_prefixes_of_targets),
		CASE(test_random_against_plain),
		CASE(test_equal_sets_are_one_program),
		CASE(test_fewer_targets_narrow),
		CASE(test_constrained_later),
		CASE(test_reflector_filter_and_explanations),
		CASE(test_thousands_of_targets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
