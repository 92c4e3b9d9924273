// IP addresses and the strict readers of text.
#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void ip_texts(void **state)
{
	static const char *const same[] = {
		"0.0.0.0",
		"255.255.255.255",
		"10.1.2.3",
		"::",
		"::1",
		"1::",
		"2001:DB8::1",
		"2001:DB8:0:1::",
		"2001:DB8:0:1:1:1:1:1",
		"FE80::1:0:0:ABCD",
		"1:0:0:2::3",
		"::FFFF:10.1.2.3",
		"::FFFF:0.0.0.0",
		"FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF",
	};
	static const char *const changed[][2] = {
		{"2001:db8:0:0:1:0:0:1",
		 "2001:DB8::1:0:0:1"}, // RFC 5952 4.2.3: the first of equal runs
		{"2001:db8:0:1:1:1:1:1", "2001:DB8:0:1:1:1:1:1"}, // 4.2.2: not a single group
		{"2001:0db8::0001", "2001:DB8::1"},
		{"0:0:1:0:0:0:0:1", "0:0:1::1"},
		{"::1.2.3.4", "::102:304"},
	};
	static const char *const wrong[] = {
		"",         "1.2.3", "1.2.3.4.5", "256.1.1.1",  "1.2.3.4 ", " 1.2.3.4",
		"01.2.3.4", ":::",   "1::2::3",   "fe80::1%lo", "12345::",  "1.2.3.4/8"};
	char text[IP_TEXT_MAX];
	struct ip ip;

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		assert_true(ip_parse(same[i], &ip));
		assert_string_equal(ip_text(&ip, text), same[i]);
	}
	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++) {
		assert_true(ip_parse(changed[i][0], &ip));
		assert_string_equal(ip_text(&ip, text), changed[i][1]);
	}
	struct ip before = ip;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(ip_parse(wrong[i], &ip));
	assert_memory_equal(&before, &ip, sizeof(ip));
	ip = (struct ip){0};
	assert_string_equal(ip_text(&ip, text), "-");
}

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_true(ip_parse(text, &ip));
	return ip;
}

static void ip_values(void **state)
{
	struct ip a = ip_of("10.0.0.1"), b = ip_of("10.0.0.2"), c = ip_of("::"), none = {0};
	assert_int_equal(ip_to_u32(&a), 0x0a000001);
	assert_int_equal(ip_to_u32(&c), 0);
	struct ip again = ip_from_u32(0x0a000001);
	assert_true(ip_equal(&a, &again));
	assert_true(ip_compare(&a, &b) < 0 && ip_compare(&b, &c) < 0 && ip_compare(&c, &a) > 0);
	assert_true(ip_is_zero(&c) && ip_is_zero(&none) && !ip_is_zero(&a));
	assert_false(ip_equal(&c, &none));
	struct ip link = ip_of("febf::1"), global = ip_of("fec0::1"), four = ip_of("254.128.0.1");
	assert_true(ip_is_link_local(&link));
	assert_false(ip_is_link_local(&global));
	assert_false(ip_is_link_local(&four));
	struct buf text = {0};
	ip_put(&text, &a);
	assert_string_equal(buf_cstr(&text), "10.0.0.1");
	buf_free(&text);
}

static void ip_masks(void **state)
{
	bool contiguous;
	for (unsigned length = 0; length <= 128; length++) {
		struct ip ip = ip_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
		ip_mask(&ip, length);
		assert_int_equal(ip_prefix_length(&ip, &contiguous), length);
		assert_true(contiguous);
	}
	struct ip ip = ip_of("255.255.0.0");
	assert_int_equal(ip_prefix_length(&ip, &contiguous), 16);
	assert_true(contiguous);
	ip = ip_of("255.0.255.0");
	ip_prefix_length(&ip, &contiguous);
	assert_false(contiguous);
	ip = ip_of("10.1.255.3");
	ip_mask(&ip, 17);
	struct ip masked = ip_of("10.1.128.0");
	assert_true(ip_equal(&ip, &masked));
	ip_mask(&ip, 200);
	assert_true(ip_equal(&ip, &masked));
	assert_true(bits_equal((const uint8_t *)"\xab\xc0", (const uint8_t *)"\xab\xff", 10));
	assert_false(bits_equal((const uint8_t *)"\xab\xc0", (const uint8_t *)"\xab\xff", 11));
	assert_true(bits_equal((const uint8_t *)"a", (const uint8_t *)"b", 0));
}

static void numbers(void **state)
{
	static const char *const wrong[] = {"",
					    "-1",
					    "+1",
					    " 1",
					    "1 ",
					    "0x1",
					    "1.",
					    "4",
					    "101",
					    "18446744073709551616",
					    "99999999999999999999999"};
	uint64_t v = 77;
	uint32_t as;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(text_number(wrong[i], 5, 100, &v));
	assert_int_equal(v, 77);
	assert_true(text_number("5", 5, 100, &v) && v == 5);
	assert_true(text_number("18446744073709551615", 0, UINT64_MAX, &v) && v == UINT64_MAX);
	assert_true(text_as_number("4294967295", &as) && as == UINT32_MAX);
	assert_true(text_as_number("1.0", &as) && as == 65536);
	assert_true(text_as_number("65535.65535", &as) && as == UINT32_MAX);
	static const char *const no_as[] = {
		"0",  "4294967296", "0.5",   "1.65536", "65536.0",
		"1.", ".1",         "1.2.3", "a",       "0000000000001.1"};
	for (size_t i = 0; i < sizeof(no_as) / sizeof(*no_as); i++)
		assert_false(text_as_number(no_as[i], &as));
}

static void words_alike(void **state)
{
	assert_true(text_is_prefix_nocase("Peer", "pEERs"));
	assert_true(text_is_prefix_nocase("", "x"));
	assert_false(text_is_prefix_nocase("peers", "peer"));
	assert_true(text_equal_nocase("AbC", "aBc"));
	assert_false(text_equal_nocase("ab", "abc"));
	assert_false(text_equal_nocase("[", "{")); // differ in the bit of case only
}

static bool utf8(const char *s)
{
	return text_is_utf8((const uint8_t *)s, strlen(s));
}

static void utf8_strict(void **state)
{
	assert_true(utf8("plain") && utf8("") && utf8("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
	static const char *const wrong[] = {"\x80",
					    "\xc0\x80",
					    "\xc1\xbf",
					    "\xe0\x80\x80",
					    "\xed\xa0\x80",
					    "\xf0\x80\x80\x80",
					    "\xf4\x90\x80\x80",
					    "\xf5\x80\x80\x80",
					    "\xc3",
					    "\xe2\x82",
					    "\xc3(",
					    "\xff"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(utf8(wrong[i]));
}

static void splitting(void **state)
{
	struct arena a;
	struct text_word *w;
	arena_init(&a, 256);
	assert_int_equal(text_split(&a, "", &w), 0);
	assert_int_equal(text_split(&a, " \t ", &w), 0);
	assert_int_equal(text_split(&a, "  peer 10.1.1.1\tdescription \"two  words\" \"\" x", &w),
			 6);
	assert_string_equal(w[0].text, "peer");
	assert_int_equal(w[0].column, 2);
	assert_string_equal(w[3].text, "two  words");
	assert_true(w[3].quoted && !w[2].quoted && w[4].quoted);
	assert_int_equal(w[3].column, 28);
	assert_string_equal(w[4].text, "");
	assert_string_equal(w[5].text, "x");
	assert_int_equal(text_split(&a, "a\"b c\"d", &w), 1);
	assert_string_equal(w[0].text, "ab cd");
	assert_int_equal(text_split(&a, "no \"end", &w), -1);
	assert_int_equal(text_split(&a, "a b c d", &w), 4);
	assert_string_equal(w[3].text, "d");
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_texts),    cmocka_unit_test(ip_values),
		cmocka_unit_test(ip_masks),    cmocka_unit_test(numbers),
		cmocka_unit_test(words_alike), cmocka_unit_test(utf8_strict),
		cmocka_unit_test(splitting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
