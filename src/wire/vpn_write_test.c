// What this speaker puts on the wire for VPN families, octet by octet: next hops with and without a
// distinguisher, labels, withdrawals. Keys come as text, so that the octets here are the only ones.
#include "wire/wire_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// Pieces of expected bodies, in hex.
#define NH4        "c0000201"
#define NH6        "20010db8000000000000000000000001"
#define NH6LL      "fe800000000000000000000000000001"
#define NO_RD      "0000000000000000"
#define RD         "0000006400000001" // 100:1
#define ATTRIBUTES "40010100"         // ORIGIN alone stands for them: the writer copies

static const uint8_t attributes[] = {0x40, 1, 1, 0}, nh4[] = {192, 0, 2, 1};
// A global address and behind it a link-local one.
static const uint8_t nh6[] = {0x20, 1,    0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
			      0xfe, 0x80, 0,   0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const struct span attribute_bytes = {attributes, sizeof(attributes)};
static const struct span hop4 = {nh4, 4}, hop6 = {nh6, 16}, hop6_both = {nh6, 32}, withdrawn;
static struct buf out;

static int teardown(void **state)
{
	buf_free(&out);
	return 0;
}

// Writes the keys (text, NULL at the end) in one message; next hop of length 0: withdrawn.
static void write_keys(const char *family, struct span next_hop, uint32_t label,
		       const char *const *keys)
{
	const struct af *af = af_by_name(family);
	struct update_writer w;

	buf_clear(&out);
	update_begin(&w, &out, af, BGP_MAX, true);
	if (next_hop.len)
		update_set(&w, attribute_bytes, next_hop);
	else
		update_set_withdraw(&w);
	w.label = label;
	for (; *keys; keys++) {
		struct af_key key;

		assert_true(af->text_get(*keys, &key));
		update_key(&w, &key);
	}
	update_end(&w);
	assert_int_equal(w.messages, 1);
}

static void assert_body(const char *want)
{
	struct buf hex = {0};

	assert_true(out.len >= BGP_HEADER);
	assert_int_equal(out.data[BGP_HEADER - 1], BGP_UPDATE);
	buf_hex(&hex, out.data + BGP_HEADER, out.len - BGP_HEADER);
	assert_string_equal(buf_cstr(&hex), want);
	buf_free(&hex);
}

// Label 1000 with bottom of stack.
static void test_K5_K6_announcement(void **state)
{
	write_keys("vpnv4", hop4, 1000,
		   (const char *const[]){"100:1 10.0.0.0/8", "10.0.0.1:5 10.1.128.0/24", NULL});
	assert_body("00000034800e2d"
		    "0001800c" NO_RD NH4 "00"
		    "60003e81" RD "0a"
		    "70003e8100010a00000100050a0180" ATTRIBUTES);
}

static void test_K6_withdrawal(void **state)
{
	write_keys("vpnv4", withdrawn, 1000, (const char *const[]){"100:1 10.0.0.0/8", NULL});
	assert_body("00000013800f10"
		    "000180"
		    "60800000" RD "0a");
}

static void test_K5_over_ipv6(void **state)
{
	write_keys("vpnv4", hop6, 16, (const char *const[]){"100:1 0.0.0.0/0", NULL});
	assert_body("00000030800e29"
		    "00018018" NO_RD NH6 "00"
		    "58000101" RD ATTRIBUTES);
}

static void test_K10_announcements(void **state)
{
	static const char *const keys[] = {"100:1 2001:DB8::/32", NULL};

	write_keys("vpnv6", hop6, 0xfffff, keys);
	assert_body("00000034800e2d"
		    "00028018" NO_RD NH6 "00"
		    "78fffff1" RD "20010db8" ATTRIBUTES);
	write_keys("vpnv6", hop6_both, 0xfffff, keys);
	assert_body("0000004c800e45"
		    "00028030" NO_RD NH6 NO_RD NH6LL "00"
		    "78fffff1" RD "20010db8" ATTRIBUTES);
}

static void test_E1_memberships(void **state)
{
	write_keys("vpn-target", hop4, 0, (const char *const[]){"100 RT<100:1>", "default", NULL});
	assert_body("0000001e800e17"
		    "00018404" NH4 "00"
		    "60000000640002006400000001"
		    "00" ATTRIBUTES);
}

// A leaf goes out with its whole route key.
static void test_F1_F6_multicast(void **state)
{
	write_keys("mvpn", hop4, 0,
		   (const char *const[]){"1 100:1 10.0.0.1", "4 [2 100:1 65000] 10.0.0.2", NULL});
	assert_body("00000032800e2b"
		    "00010504" NH4 "00"
		    "010c" RD "0a000001"
		    "0412020c" RD "0000fde80a000002" ATTRIBUTES);
}

// E7, N1: the mark of each family, which is never the classic one's.
static void test_E7_end_of_rib(void **state)
{
	for (unsigned i = 0; i < af_count; i++) {
		const struct af *af = af_list[i];
		char want[32];

		if (af->props & AF_CLASSIC)
			continue;
		snprintf(want, sizeof(want), "00000006800f03%04x%02x", af->afi, af->safi);
		buf_clear(&out);
		end_of_rib_encode(&out, af);
		assert_body(want);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_K5_K6_announcement), TEST(test_K6_withdrawal),
		TEST(test_K5_over_ipv6),       TEST(test_K10_announcements),
		TEST(test_E1_memberships),     TEST(test_F1_F6_multicast),
		TEST(test_E7_end_of_rib),
	};

	return cmocka_run_group_tests_name("wire: VPN families", tests, NULL, NULL);
}
