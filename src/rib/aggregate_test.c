// Aggregation: what the aggregate looks like, when it stands, what it suppresses.
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static const char *const v4 = "ipv4-unicast";

static int setup(void **state)
{
	world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	return 0;
}

static void peers(void)
{
	world_rib(&w);
	for (uint16_t i = 0; i < 3; i++)
		world_peer(&w, i, SOURCE_EBGP);
}

static void aggregate(struct rib_aggregate a)
{
	assert_true(world_af(v4)->text_get("10.0.0.0/8", &a.key));
	rib_set_aggregates(w.rib, world_af(v4), &a, 1);
	world_work(&w);
}

static void tell(uint16_t peer, const char *prefixes, const char *attrs)
{
	world_tell(&w, peer, v4, prefixes, attrs);
	world_work(&w);
}

static const char *belief(const char *prefix)
{
	return world_belief(&w, 2, v4, prefix);
}

static void test_stands_while_something_is_below(void **state)
{
	peers();
	tell(0, "10.1.0.0/16", "origin=0 path=65001,7 nh=10.9.9.9");
	aggregate((struct rib_aggregate){0});
	assert_non_null(strstr(belief("10.0.0.0/8"), "path=65000 nh=10.0.0.254"));
	assert_non_null(strstr(belief("10.0.0.0/8"), "6= 7=0000fde80a0000fe")); // ATOMIC_AGGREGATE
	assert_string_not_equal(belief("10.1.0.0/16"), "");
	tell(1, "10.2.0.0/16", "origin=2 path=65002 nh=10.9.9.9");
	assert_non_null(strstr(belief("10.0.0.0/8"), "origin=2"));
	tell(1, "10.2.0.0/16", NULL);
	assert_non_null(strstr(belief("10.0.0.0/8"), "origin=0"));
	tell(0, "10.1.0.0/16", NULL);
	assert_string_equal(belief("10.0.0.0/8"), "");
	tell(0, "10.0.0.0/8", "origin=0 path=65001 nh=10.9.9.9"); // not below itself
	assert_non_null(strstr(belief("10.0.0.0/8"), "path=65000 65001"));
	rib_set_aggregates(w.rib, world_af(v4), NULL, 0);
	world_work(&w);
}

static void test_as_set(void **state)
{
	peers();
	tell(0, "10.1.0.0/16", "origin=0 path=65001,7,8 nh=10.9.9.9 comm=1:1");
	tell(1, "10.2.0.0/16", "origin=0 path=65001,7,9,{3,4} nh=10.9.9.9 comm=2:2");
	aggregate((struct rib_aggregate){.as_set = true});
	assert_non_null(strstr(belief("10.0.0.0/8"), "path=65000 65001 7 {3 4 8 9}"));
	assert_non_null(strstr(belief("10.0.0.0/8"), "comm=1:1;2:2"));
	assert_null(strstr(belief("10.0.0.0/8"), " 6="));
	tell(1, "10.2.0.0/16", NULL);
	assert_non_null(strstr(belief("10.0.0.0/8"), "path=65000 65001 7 8 "));
}

static void test_detail_suppressed(void **state)
{
	peers();
	tell(0, "10.1.0.0/16 11.0.0.0/8", "origin=0 path=65001 nh=10.9.9.9");
	assert_string_not_equal(belief("10.1.0.0/16"), "");
	aggregate((struct rib_aggregate){.detail_suppressed = true});
	assert_string_equal(belief("10.1.0.0/16"), "");
	assert_string_not_equal(belief("10.0.0.0/8"), "");
	assert_string_not_equal(belief("11.0.0.0/8"), "");
	aggregate((struct rib_aggregate){.detail_suppressed = false});
	assert_string_not_equal(belief("10.1.0.0/16"), "");
	rib_set_aggregates(w.rib, world_af(v4), NULL, 0);
	world_work(&w);
	assert_string_equal(belief("10.0.0.0/8"), "");
}

static void test_policies(void **state)
{
	peers();
	fixture_config(&w.policy, "ip ip-prefix l permit 10.1.0.0 16\n"
				  "route-policy origin permit node 10\nif-match ip-prefix l\n"
				  "route-policy attr permit node 10\napply community 5:5\n");
	struct policy_program *origin = fixture_program(&w.policy, v4, true, "origin");
	struct policy_program *attr = fixture_program(&w.policy, v4, true, "attr");
	tell(0, "10.1.0.0/16 10.2.0.0/16", "origin=0 path=65001 nh=10.9.9.9");
	aggregate((struct rib_aggregate){
		.origin_policy = origin, .suppress_policy = origin, .attribute_policy = attr});
	assert_non_null(strstr(belief("10.0.0.0/8"), "comm=5:5"));
	assert_string_equal(belief("10.1.0.0/16"), "");
	assert_string_not_equal(belief("10.2.0.0/16"), "");
	tell(0, "10.1.0.0/16", NULL); // 10.2.0.0/16 does not make it stand
	assert_string_equal(belief("10.0.0.0/8"), "");
	policy_program_unref(origin);
	policy_program_unref(attr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stands_while_something_is_below),
		cmocka_unit_test(test_as_set),
		cmocka_unit_test(test_detail_suppressed),
		cmocka_unit_test(test_policies),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
