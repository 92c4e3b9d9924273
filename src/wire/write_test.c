// What this speaker puts on the wire, octet by octet where the octets are the rule. That it can be
// read again is tested by the vectors and the fuzz targets (test/wire, test/fuzz).
#include "wire/wire_private.h"

#include "attr/set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct buf out;
static struct arena arena;

static int setup(void **state)
{
	arena_init(&arena, 4096);
	return 0;
}

static int teardown(void **state)
{
	buf_free(&out);
	arena_free(&arena);
	return 0;
}

// The contents of the message at out.data, its header checked (RFC 4271 4.1).
static struct span body_at(size_t at, enum bgp_type type)
{
	struct fault fault = {0};
	int n = frame_length(out.data + at, out.len - at, BGP_MAX_EXTENDED, &fault);

	assert_in_range(n, BGP_HEADER, out.len - at);
	assert_int_equal(out.data[at + 18], type);
	return (struct span){.p = out.data + at + BGP_HEADER, .len = (size_t)n - BGP_HEADER};
}

static void assert_body(enum bgp_type type, const void *want, size_t n)
{
	struct span body = body_at(0, type);

	assert_int_equal(body.len + BGP_HEADER, out.len);
	assert_int_equal(body.len, n);
	assert_memory_equal(body.p, want, n);
}

static void test_G1_keepalive(void **state)
{
	keepalive_encode(&out);
	assert_body(BGP_KEEPALIVE, "", 0);
}

static void test_B8_refresh(void **state)
{
	static const uint8_t request[] = {0, 2, 0, 1};

	refresh_encode(&out, af_by_name("ipv6-unicast"), REFRESH_REQUEST);
	assert_int_equal(out.len, 23);
	assert_body(BGP_ROUTE_REFRESH, request, sizeof(request));
}

static void test_C2_C3_refresh_marks(void **state)
{
	static const uint8_t begin[] = {0, 1, 1, 2};

	refresh_encode(&out, af_by_name("ipv4-multicast"), REFRESH_BEGIN);
	assert_body(BGP_ROUTE_REFRESH, begin, sizeof(begin));
	refresh_encode(&out, af_by_name("ipv4-unicast"), REFRESH_END);
	assert_int_equal(out.data[23 + 21], REFRESH_END);
}

// --- OPEN ---------------------------------------------------------------------------------------------

static struct open open_of(uint32_t as)
{
	return (struct open){.version = 4, .as = as, .hold_time = 180, .router_id = 0x0a000001};
}

static void test_J3_conventional_open(void **state)
{
	static const uint8_t want[] = {4, 0, 100, 0, 180, 10, 0, 0, 1, 0};
	struct open o = open_of(100);

	o.caps.refresh = true;
	o.caps.conventional = true;
	open_encode(&out, &o);
	assert_body(BGP_OPEN, want, sizeof(want));
}

static void test_A10_B2_C1_open_capabilities(void **state)
{
	static const uint8_t want[] = {4,  0, 100, 0,   180, 10,  0, 0, 1,
				       30, 2, 28,  1,   4,   0,   1, 0, 1, // MP: 1/1
				       1,  4, 0,   2,   0,   1,            // MP: 2/1
				       2,  0,                              // route refresh
				       6,  0,                              // extended message
				       64, 2, 0,   120,                    // graceful restart
				       65, 4, 0,   0,   0,   100,          // AS
				       70, 0};                             // enhanced refresh
	struct open o = open_of(100);

	o.caps = (struct capabilities){.refresh = true,
				       .enhanced_refresh = true,
				       .extended_message = true,
				       .as4 = true,
				       .graceful_restart = true,
				       .graceful_time = 120};
	o.caps.families = af_bit(af_by_name("ipv4-unicast")) | af_bit(af_by_name("ipv6-unicast"));
	open_encode(&out, &o);
	assert_body(BGP_OPEN, want, sizeof(want));
}

static void test_M10_as_trans(void **state)
{
	struct open o = open_of(70000);

	o.caps.as4 = true;
	open_encode(&out, &o);
	struct span body = body_at(0, BGP_OPEN);
	assert_int_equal(body.p[1] << 8 | body.p[2], BGP_AS_TRANS);
	static const uint8_t capability[] = {8, 2, 6, 65, 4, 0, 1, 0x11, 0x70};
	assert_memory_equal(body.p + 9, capability, sizeof(capability));
}

static void test_J6_J10_long_parameters(void **state)
{
	uint8_t capabilities[600] = {0};

	parameters_encode(&out, (struct span){.p = capabilities, .len = 252});
	assert_int_equal(out.data[0], 254); // still the old form
	assert_int_equal(out.len, 255);
	buf_clear(&out);
	parameters_encode(&out, (struct span){.p = capabilities, .len = 253});
	static const uint8_t head[] = {255, 255, 1, 0, 2, 0, 253};
	assert_memory_equal(out.data, head, sizeof(head));
	assert_int_equal(out.len, 4 + 3 + 253);
	buf_clear(&out);
	parameters_encode(&out, (struct span){.p = capabilities, .len = 600});
	assert_int_not_equal(out.data[0], 0);
	assert_int_equal(out.data[2] << 8 | out.data[3], 603);
}

static void test_RFC8950_capability(void **state)
{
	static const uint8_t want[] = {10, 2, 8, 5, 6, 0, 1, 0, 1, 0, 2};
	struct open o = open_of(100);

	o.caps.extended_next_hop = af_bit(af_classic());
	open_encode(&out, &o);
	assert_memory_equal(body_at(0, BGP_OPEN).p + 9, want, sizeof(want));
}

// --- NOTIFICATION -------------------------------------------------------------------------------------

static void test_O5_notification_is_cut(void **state)
{
	uint8_t data[5000] = {0};

	notification_encode(&out, BGP_ERROR_UPDATE, 9, data, sizeof(data), BGP_MAX);
	assert_int_equal(out.len, BGP_MAX);
	buf_clear(&out);
	notification_encode(&out, BGP_ERROR_UPDATE, 9, data, sizeof(data), BGP_MAX_EXTENDED);
	assert_int_equal(out.len, 5021);
}

static void test_Q2_Q4_shutdown_text(void **state)
{
	char text[300];

	shutdown_data(&out, "bye");
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.data, "\3bye", 4);
	buf_clear(&out);
	memset(text, 'a', sizeof(text));
	text[299] = 0;
	shutdown_data(&out, text);
	assert_int_equal(out.len, 129);
	buf_clear(&out);
	memcpy(text + 127, "\xc3\xa4", 2); // the limit falls inside a character
	shutdown_data(&out, text);
	assert_int_equal(out.len, 128);
	buf_clear(&out);
	shutdown_data(&out, "");
	assert_int_equal(out.len, 0);
	shutdown_data(&out, "\xff");
	assert_int_equal(out.len, 0);
}

static void test_Q1_Q6_texts(void **state)
{
	assert_string_equal(bgp_error_text(6), "CEASE");
	assert_string_equal(bgp_suberror_text(6, 4), "Administrative Reset");
	assert_string_equal(bgp_suberror_text(6, 6), "Other Configuration Change");
	assert_string_equal(bgp_suberror_text(5, 3),
			    "Receive Unexpected Message in Established State");
	assert_string_equal(bgp_suberror_text(4, 0), "Unspecific");
	assert_string_equal(bgp_error_text(0), "UNKNOWN ERROR");
	assert_string_equal(bgp_error_text(255), "UNKNOWN ERROR");
	assert_string_equal(bgp_suberror_text(6, 200), "Unknown");
}

// --- UPDATE -------------------------------------------------------------------------------------------

static const uint8_t nh4[] = {192, 0, 2, 1};
static const uint8_t nh6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};

#define SPAN(array) ((struct span){.p = (array), .len = sizeof(array)})

static struct af_key key_of(const struct af *af, const char *text)
{
	struct af_key key;

	assert_true(af->text_get(text, &key));
	return key;
}

// ORIGIN, AS_PATH 100, MED 5.
static struct span some_attributes(bool as4)
{
	static const uint8_t path[] = {2, 1, 0, 0, 0, 100};
	struct buf b = {0};
	struct attrs as;

	attrs_clear(&as);
	attrs_put_u8(&as, &arena, ATTR_ORIGIN, ORIGIN_IGP);
	attrs_put(&as, ATTR_AS_PATH, ATTR_TRANSITIVE, path, sizeof(path));
	attrs_put(&as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, nh4, 4);
	attrs_put_u32(&as, &arena, ATTR_MED, 5);
	attributes_encode(&b, &as, as4, &arena);
	struct span s = {.p = arena_copy(&arena, b.data, b.len), .len = b.len};
	buf_free(&b);
	return s;
}

static void test_G9_classic_announcement(void **state)
{
	static const uint8_t want[] = {0, 0, 0,    27, 0x40, 1,   1,    0, 0x40, 2,   6,
				       2, 1, 0,    0,  0,    100, 0x40, 3, 4,    192, 0,
				       2, 1, 0x80, 4,  4,    0,   0,    0, 5,    8,   10};
	const struct af *af = af_classic();
	struct af_key key = key_of(af, "10.0.0.0/8");
	struct update_writer w;

	update_begin(&w, &out, af, BGP_MAX, true);
	update_set(&w, some_attributes(true), SPAN(nh4));
	update_key(&w, &key);
	update_end(&w);
	assert_body(BGP_UPDATE, want, sizeof(want));
	assert_int_equal(w.messages, 1);
	assert_int_equal(w.keys, 1);
}

static void test_H11_reach_comes_first(void **state)
{
	static const uint8_t want[] = {0x80, 14, 26, 0,    2, 1,   16,   0x20, 1, 0xd, 0xb8,
				       0,    0,  0,  0,    0, 0,   0,    0,    0, 0,   0,
				       1,    0,  32, 0x20, 1, 0xd, 0xb8, 0x40, 1, 1,   0};
	const struct af *af = af_by_name("ipv6-unicast");
	struct af_key key = key_of(af, "2001:db8::/32");
	struct update_writer w;

	update_begin(&w, &out, af, BGP_MAX, true);
	update_set(&w, some_attributes(true), SPAN(nh6));
	update_key(&w, &key);
	update_end(&w);
	struct span body = body_at(0, BGP_UPDATE);
	assert_int_equal(body.p[2] << 8 | body.p[3], body.len - 4);
	assert_memory_equal(body.p + 4, want, sizeof(want));
	assert_int_equal(body.len, 4 + 29 + some_attributes(true).len);
}

static void test_withdrawals(void **state)
{
	static const uint8_t classic[] = {0, 4, 8, 10, 8, 11, 0, 0};
	static const uint8_t mp[] = {0, 0, 0, 11, 0x80, 15, 8, 0, 2, 1, 32, 0x20, 1, 0xd, 0xb8};
	const struct af *six = af_by_name("ipv6-unicast");
	struct af_key keys[] = {key_of(af_classic(), "10.0.0.0/8"),
				key_of(af_classic(), "11.0.0.0/8"), key_of(six, "2001:db8::/32")};
	struct update_writer w;

	update_begin(&w, &out, af_classic(), BGP_MAX, true);
	update_set_withdraw(&w);
	update_key(&w, &keys[0]);
	update_key(&w, &keys[1]);
	update_end(&w);
	assert_body(BGP_UPDATE, classic, sizeof(classic));
	buf_clear(&out);
	update_begin(&w, &out, six, BGP_MAX, true);
	update_set_withdraw(&w);
	update_key(&w, &keys[2]);
	update_end(&w);
	assert_body(BGP_UPDATE, mp, sizeof(mp));
}

static void test_N1_end_of_rib(void **state)
{
	static const uint8_t mp[] = {0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1};

	end_of_rib_encode(&out, af_classic());
	assert_body(BGP_UPDATE, "\0\0\0", 4);
	buf_clear(&out);
	end_of_rib_encode(&out, af_by_name("ipv6-unicast"));
	assert_body(BGP_UPDATE, mp, sizeof(mp));
}

// An IPv4 family over an IPv6 next hop goes by MP_REACH_NLRI, whatever the caller asked (RFC 8950).
static void test_RFC8950_is_never_classic(void **state)
{
	struct af_key key = key_of(af_classic(), "10.0.0.0/8");
	struct update_writer w;

	update_begin(&w, &out, af_classic(), BGP_MAX, true);
	update_set(&w, some_attributes(true), SPAN(nh6));
	update_key(&w, &key);
	update_end(&w);
	assert_int_equal(body_at(0, BGP_UPDATE).p[5], ATTR_MP_REACH);
}

struct tally {
	unsigned messages, announced, withdrawn;
	size_t shortest_but_last;
};

// Reads all messages of out, each whole and at most max long.
static struct tally read_all(size_t max)
{
	struct update_context x = {.attr.as4 = true, .families = 0xffff};
	struct tally t = {.shortest_but_last = SIZE_MAX};

	for (size_t at = 0; at < out.len;) {
		struct span body = body_at(at, BGP_UPDATE);
		size_t n = body.len + BGP_HEADER;
		struct update u;

		assert_true(n <= max);
		update_decode(out.data + at, n, &x, &arena, &u);
		assert_int_equal(u.verdict, UPDATE_OK);
		assert_null(u.trouble);
		for (unsigned i = 0; i < u.run_count; i++)
			*(u.runs[i].withdrawn ? &t.withdrawn : &t.announced) += u.runs[i].count;
		t.messages++;
		at += n;
		if (at < out.len && n < t.shortest_but_last)
			t.shortest_but_last = n;
	}
	return t;
}

// Messages are filled to the brim in every form: what is left over is less than a key.
static void one_packing(const struct af *af, unsigned max, bool withdraw, bool classic)
{
	enum { KEYS = 40000 };
	struct update_writer w;
	unsigned longest = 0;

	buf_clear(&out);
	update_begin(&w, &out, af, max, classic);
	if (withdraw)
		update_set_withdraw(&w);
	else if (af->props & AF_WIDE)
		update_set(&w, some_attributes(true), SPAN(nh6));
	else
		update_set(&w, some_attributes(true), SPAN(nh4));
	for (unsigned i = 0; i < KEYS; i++) {
		struct ip ip = ip_from_bytes(
			(const uint8_t[16]){10, 1, (uint8_t)(i >> 8), (uint8_t)i}, af->prefix_bits);
		struct af_key key;

		af->from_prefix(&ip, i % (af->prefix_bits + 1u), &key);
		if (af->nlri_size(&key) > longest)
			longest = af->nlri_size(&key);
		update_key(&w, &key);
	}
	update_end(&w);
	struct tally t = read_all(max);
	assert_int_equal(withdraw ? t.withdrawn : t.announced, KEYS);
	assert_int_equal(t.messages, w.messages);
	assert_int_equal(w.keys, KEYS);
	assert_int_equal(w.too_long, 0);
	if (t.messages > 1)
		assert_true(t.shortest_but_last > max - longest - 1);
	arena_reset(&arena);
}

static void test_packing(void **state)
{
	static const unsigned sizes[] = {200, 300, BGP_MAX, BGP_MAX_EXTENDED};

	for (unsigned i = 0; i < af_count; i++)
		for (unsigned s = 0; s < 4; s++)
			for (unsigned form = 0; form < 4; form++)
				if (af_list[i]->props & AF_PREFIX)
					one_packing(af_list[i], sizes[s], form & 1, form & 2);
}

static void test_new_set_new_message(void **state)
{
	struct af_key key = key_of(af_classic(), "10.0.0.0/8");
	struct update_writer w;

	update_begin(&w, &out, af_classic(), BGP_MAX, true);
	for (unsigned i = 0; i < 6; i++) {
		if (i % 2)
			update_set_withdraw(&w);
		else
			update_set(&w, some_attributes(true), SPAN(nh4));
		update_key(&w, &key);
	}
	update_set_withdraw(&w); // without a key: no message
	update_end(&w);
	struct tally t = read_all(BGP_MAX);
	assert_int_equal(t.messages, 6);
	assert_int_equal(t.announced, 3);
	assert_int_equal(t.withdrawn, 3);
}

// RFC 4271 9.2, RFC 8654 4: a route that does not fit a message is left out and counted.
static void test_G44_O3_too_long(void **state)
{
	struct af_key key = key_of(af_classic(), "10.0.0.0/8");
	uint8_t *communities = arena_zero(&arena, 4800);
	struct update_writer w;
	struct attrs as;
	struct buf b = {0};

	attrs_clear(&as);
	attrs_put(&as, ATTR_COMMUNITY, 0xc0, communities, 4800);
	attributes_encode(&b, &as, true, &arena);
	for (unsigned form = 0; form < 2; form++) {
		update_begin(&w, &out, af_classic(), BGP_MAX, form);
		update_set(&w, (struct span){b.data, b.len}, SPAN(nh4));
		update_key(&w, &key);
		update_key(&w, &key);
		update_end(&w);
		assert_int_equal(w.too_long, 2);
		assert_int_equal(w.messages, 0);
		assert_int_equal(out.len, 0);
		update_begin(&w, &out, af_classic(), BGP_MAX_EXTENDED, form);
		update_set(&w, (struct span){b.data, b.len}, SPAN(nh4));
		update_key(&w, &key);
		update_end(&w);
		assert_int_equal(w.too_long, 0);
		assert_int_equal(w.messages, 1);
		buf_clear(&out);
	}
	buf_free(&b);
}

static void assert_attributes(const struct attrs *as, bool as4, const uint8_t *want, size_t n)
{
	buf_clear(&out);
	attributes_encode(&out, as, as4, &arena);
	assert_int_equal(out.len, n);
	assert_memory_equal(out.data, want, n);
}

static void test_M2_M4_M6_attributes(void **state)
{
	static const uint8_t path[] = {3, 1, 0, 0, 0xfd, 0xe9, 2, 2, 0, 1, 0x11, 0x70, 0, 0, 0, 7};
	static const uint8_t aggregator[] = {0, 1, 0x11, 0x70, 10, 0, 0, 1};
	static const uint8_t small_path[] = {2, 1, 0, 0, 0, 7}, small[] = {0, 0, 0, 7, 10, 0, 0, 1};
	static const uint8_t new[] = {0x40, 2, 16,   3,    1, 0,    0,    0xfd, 0xe9, 2, 2,
				      0,    1, 0x11, 0x70, 0, 0,    0,    7, // AS_PATH
				      0xc0, 7, 8,    0,    1, 0x11, 0x70, 10,   0,    0, 1};
	static const uint8_t old[] = {0x40, 2,    10, 3, 1,    0xfd, 0xe9, 2, 2, 0x5b, 0xa0, 0,
				      7,    0xc0, 7,  6, 0x5b, 0xa0, 10,   0, 0, 1,    0xc0, 17,
				      10,   2,    2,  0, 1,    0x11, 0x70, 0, 0, 0,    7,    0xc0,
				      18,   8,    0,  1, 0x11, 0x70, 10,   0, 0, 1};
	static const uint8_t old_small[] = {0x40, 2, 4, 2, 1, 0, 7, 0xc0, 7, 6, 0, 7, 10, 0, 0, 1};
	struct attrs as;

	attrs_clear(&as);
	attrs_put(&as, ATTR_AS_PATH, 0x40, path, sizeof(path));
	attrs_put(&as, ATTR_NEXT_HOP, 0x40, nh4, 4);
	attrs_put(&as, ATTR_AGGREGATOR, 0xc0, aggregator, sizeof(aggregator));
	assert_attributes(&as, true, new, sizeof(new));
	assert_attributes(&as, false, old, sizeof(old)); // M5: no confederation in AS4_PATH
	attrs_put(&as, ATTR_AS_PATH, 0x40, small_path, sizeof(small_path));
	attrs_put(&as, ATTR_AGGREGATOR, 0xc0, small, sizeof(small));
	assert_attributes(&as, false, old_small, sizeof(old_small));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_G1_keepalive),
		TEST(test_B8_refresh),
		TEST(test_C2_C3_refresh_marks),
		TEST(test_J3_conventional_open),
		TEST(test_A10_B2_C1_open_capabilities),
		TEST(test_M10_as_trans),
		TEST(test_J6_J10_long_parameters),
		TEST(test_RFC8950_capability),
		TEST(test_O5_notification_is_cut),
		TEST(test_Q2_Q4_shutdown_text),
		TEST(test_Q1_Q6_texts),
		TEST(test_G9_classic_announcement),
		TEST(test_H11_reach_comes_first),
		TEST(test_withdrawals),
		TEST(test_N1_end_of_rib),
		TEST(test_RFC8950_is_never_classic),
		TEST(test_packing),
		TEST(test_new_set_new_message),
		TEST(test_G44_O3_too_long),
		TEST(test_M2_M4_M6_attributes),
	};

	return cmocka_run_group_tests_name("wire write", tests, NULL, NULL);
}
