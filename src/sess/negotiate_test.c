// OPEN against OPEN, without a connection. Names carry the rule of the RFC checklist.
#include "sess/sess_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct arena arena;
static struct sess_config config;
static struct open ours, theirs;
static struct sess_negotiated result;
static struct fault fault;

static int setup(void **state)
{
	arena_init(&arena, 1024);
	config = (struct sess_config){
		.remote = ip_from_u32(2),
		.local_as = 65001,
		.real_local_as = 65001,
		.remote_as = 65002,
		.router_id = 1,
		.families = 3,
		.hold_time = 180,
		.keepalive = 60,
		.refresh = true,
		.as4 = true,
		.extended_message = true,
		.enhanced_refresh = true,
	};
	theirs = (struct open){
		.version = 4,
		.as = 65002,
		.hold_time = 90,
		.router_id = 2,
		.caps = {.multiprotocol = true,
			 .families = 3,
			 .refresh = true,
			 .enhanced_refresh = true,
			 .extended_message = true,
			 .as4 = true},
	};
	return 0;
}

static int teardown(void **state)
{
	arena_free(&arena);
	return 0;
}

static bool meet(void)
{
	negotiate_offer(&config, false, &ours);
	return negotiate(&config, &ours, &theirs, &arena, &result, &fault);
}

static void assert_refused(uint8_t subcode)
{
	assert_false(meet());
	assert_int_equal(fault.code, BGP_ERROR_OPEN);
	assert_int_equal(fault.subcode, subcode);
	assert_non_null(fault.text);
}

static void test_agreed(void **state)
{
	assert_true(meet());
	assert_int_equal(fault.code, 0);
	assert_int_equal(result.families, 3);
	assert_true(result.as4 && result.refresh && result.enhanced_refresh);
	assert_int_equal(result.max_message, BGP_MAX_EXTENDED);
	assert_int_equal(result.remote_as, 65002);
	assert_int_equal(result.remote_router_id, 2);
}

static void test_G2_hold_time(void **state)
{
	assert_true(meet());
	assert_int_equal(result.hold_time, 90); // the smaller one
	theirs.hold_time = 300;
	assert_true(meet());
	assert_int_equal(result.hold_time, 180);
	for (theirs.hold_time = 1; theirs.hold_time <= 2; theirs.hold_time++)
		assert_refused(6);
	assert_true(meet()); // 3
	assert_int_equal(result.keepalive, 1);
}

static void test_G3_hold_time_zero(void **state)
{
	theirs.hold_time = 0;
	assert_true(meet());
	assert_int_equal(result.hold_time, 0);
	assert_int_equal(result.keepalive, 0);
	config.hold_time = 0;
	theirs.hold_time = 90;
	assert_true(meet());
	assert_int_equal(result.keepalive, 0);
}

static void test_G5_keepalive_a_third(void **state)
{
	assert_true(meet());
	assert_int_equal(result.keepalive, 30);
	config.keepalive = 10;
	assert_true(meet());
	assert_int_equal(result.keepalive, 10);
	config.keepalive = 60; // would be too slow
	assert_true(meet());
	assert_int_equal(result.keepalive, 30);
}

static void test_min_hold_time(void **state)
{
	config.min_hold_time = 91;
	assert_refused(6);
	config.min_hold_time = 90;
	assert_true(meet());
	theirs.hold_time = 0;
	assert_true(meet());
}

static void test_G23_version(void **state)
{
	theirs.version = 3;
	assert_refused(1);
	assert_int_equal(fault.data.len, 2);
	assert_memory_equal(fault.data.p, "\0\4", 2);
}

static void test_G23_peer_as(void **state)
{
	theirs.as = 65003;
	assert_refused(2);
}

static void test_H22_as_zero(void **state)
{
	theirs.as = 0;
	assert_refused(2);
	config.remote_as = 0;
	assert_refused(2);
}

static void test_any_as(void **state)
{
	config.remote_as = 0;
	assert_true(meet());
	theirs.as = 65001; // ours, but the peer is external
	assert_refused(2);
	config.internal = true;
	assert_true(meet());
	theirs.as = 65002;
	assert_refused(2);
}

static void test_H23_identifier(void **state)
{
	theirs.router_id = 0;
	assert_refused(3);
	theirs.router_id = 1; // equal to ours: wrong on iBGP only
	assert_true(meet());
	config.internal = true;
	config.remote_as = theirs.as = 65001;
	assert_refused(3);
	theirs.router_id = 0xffffffff;
	assert_true(meet());
}

static void test_J4_nothing_in_common(void **state)
{
	theirs.caps.families = 4;
	assert_refused(7);
	assert_int_equal(fault.data.len, 12); // one Multiprotocol capability a family
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *p = fault.data.p + 6 * i;
		assert_int_equal(p[0], CAPABILITY_MP);
		assert_int_equal(p[1], 4);
		assert_int_equal(p[2] << 8 | p[3], af_list[i]->afi);
		assert_int_equal(p[5], af_list[i]->safi);
	}
}

static void test_I5_one_family_shared(void **state)
{
	theirs.caps.families = 2 | 4;
	assert_true(meet());
	assert_int_equal(result.families, 2);
}

static void test_no_capability_means_classic(void **state)
{
	theirs.caps = (struct capabilities){0};
	assert_true(meet());
	assert_int_equal(result.families, af_bit(af_classic()));
	assert_false(result.refresh || result.as4 || result.enhanced_refresh);
	assert_int_equal(result.max_message, BGP_MAX);
	config.families = (uint16_t)~af_bit(af_classic()) & 7;
	assert_refused(7);
}

static void test_B2_C1_M1_offer(void **state)
{
	negotiate_offer(&config, false, &ours);
	assert_true(ours.caps.refresh && ours.caps.enhanced_refresh && ours.caps.as4);
	assert_true(ours.caps.multiprotocol && !ours.caps.conventional);
	assert_int_equal(ours.caps.families, 3);
	assert_int_equal(ours.caps.as4_number, 65001);
	assert_true(ours.caps.graceful_restart); // End-of-RIB will come
	config.refresh = false;                  // RFC 7313 needs RFC 2918
	negotiate_offer(&config, false, &ours);
	assert_false(ours.caps.refresh || ours.caps.enhanced_refresh);
	assert_false(ours.caps.graceful_restart);
}

static void test_conventional_offer(void **state)
{
	config.conventional = true;
	assert_true(meet());
	assert_true(ours.caps.conventional && !ours.caps.refresh && !ours.caps.as4);
	assert_int_equal(result.families, af_bit(af_classic()));
}

static void test_B3_refresh_needs_both(void **state)
{
	theirs.caps.refresh = false;
	assert_true(meet());
	assert_false(result.refresh || result.enhanced_refresh);
	theirs.caps.refresh = true;
	theirs.caps.enhanced_refresh = false;
	assert_true(meet());
	assert_true(result.refresh && !result.enhanced_refresh);
}

static void test_extended_next_hop(void **state)
{
	uint8_t address[16] = {0xfd, [15] = 2};

	negotiate_offer(&config, false, &ours);
	assert_int_equal(ours.caps.extended_next_hop, 0);
	config.remote = ip_from_bytes(address, 128);
	theirs.caps.extended_next_hop = 0xffff;
	assert_true(meet());
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(result.extended_next_hop >> i & 1, !(af_list[i]->props & AF_WIDE));
}

static void test_config_equal(void **state)
{
	struct sess_config other = config;

	other.connect_retry++;
	other.idle_hold++;
	other.passive = true;
	assert_true(sess_config_equal(&config, &other));
	other = config;
	other.password[0] = 'x';
	assert_false(sess_config_equal(&config, &other));
	other = config;
	other.families ^= 1;
	assert_false(sess_config_equal(&config, &other));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_agreed),
		T(test_G2_hold_time),
		T(test_G3_hold_time_zero),
		T(test_G5_keepalive_a_third),
		T(test_min_hold_time),
		T(test_G23_version),
		T(test_G23_peer_as),
		T(test_H22_as_zero),
		T(test_any_as),
		T(test_H23_identifier),
		T(test_J4_nothing_in_common),
		T(test_I5_one_family_shared),
		T(test_no_capability_means_classic),
		T(test_B2_C1_M1_offer),
		T(test_conventional_offer),
		T(test_B3_refresh_needs_both),
		T(test_extended_next_hop),
		T(test_config_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
