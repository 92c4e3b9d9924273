// Unit tests of bgpfeed: what it sends and what it reads must agree, tables must have the promised
// shape, dumps must be read whole or as far as they go. No sockets: messages pass through memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "feed_nlri.h"
#include "feed_peer.h"
#include "feed_text.h"

static struct feed *feed_new(void)
{
	struct feed *f = MEM_NEW(struct feed);
	f->epoch = 1;
	for (int i = 0; i < FEED_FAMILIES; i++)
		f->tables[i].bytes = feed_families[i].bytes;
	return f;
}

static struct peer *receiver(struct feed *f, bool light)
{
	struct peer_options o = {.as = 65002, .families = 15, .light = light};
	struct peer *p = peer_new(f, &o);
	p->families = 15;
	p->state = PEER_ESTABLISHED;
	p->as4 = true;
	return p;
}

// Lets a receiver read a run of messages; every one must be a well-formed UPDATE.
static void receive_all(struct peer *p, const struct buf *b)
{
	for (size_t at = 0; at < b->len;) {
		const uint8_t *m = b->data + at;
		size_t n = (size_t)(m[16] << 8 | m[17]);
		assert_true(n >= 19 && n <= 4096 && at + n <= b->len);
		assert_int_equal(m[18], MSG_UPDATE);
		assert_true(receive_update(p, m + 19, n - 19));
		at += n;
	}
}

static struct wire_style style_of(bool as4)
{
	struct wire_style s = {.as = 4200000001, .as4 = as4, .max = 4096};
	memcpy(s.next_hop4, "\xc0\0\2\1", 4);
	memcpy(s.next_hop6, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	return s;
}

static void announce_table(struct feed *f, int family, const struct wire_style *s, struct buf *out)
{
	struct table *t = &f->tables[family];
	for (uint32_t g = 0; g < t->group_count; g++) {
		struct wire_set set = {.salt = g};
		set.attributes = blob_get(&f->blobs, t->groups[g].attr, &set.len);
		wire_announce(out, s, family, &set,
			      (struct wire_prefixes){t->dict.keys + t->groups[g].first, NULL,
						     t->groups[g].count});
	}
}

static void feed_free(struct feed *f)
{
	for (unsigned i = 0; i < f->peer_count; i++) {
		for (int k = 0; k < FEED_FAMILIES; k++)
			mem_free(f->peers[i]->holding[k].item);
		buf_free(&f->peers[i]->out);
		mem_free(f->peers[i]->in);
		mem_free(f->peers[i]);
	}
	for (int i = 0; i < FEED_FAMILIES; i++) {
		struct table *t = &f->tables[i];
		mem_free(t->dict.keys);
		mem_free(t->dict.slots);
		mem_free(t->groups);
		mem_free(t->group_of);
		mem_free(t->flags);
	}
	buf_free(&f->blobs.bytes);
	mem_free(f->blobs.item);
	mem_free(f->blobs.slots);
	mem_free(f->peers);
	mem_free(f);
}

static void test_shape(void **state)
{
	struct feed *f = feed_new();
	table_synthesize(&f->tables[0], &f->blobs, 0, &(struct synth_size){50000, 0, 7});
	const struct table *t = &f->tables[0];
	unsigned long24 = 0, largest = 0;
	assert_int_equal(t->routes, 50000);
	assert_int_equal(t->block_count, 500);
	assert_true(t->tagged_count > 480 && t->tagged_count <= 500);
	assert_true(t->group_count > 5000 && t->group_count < 8000);
	for (uint32_t i = 0; i < t->routes; i++)
		long24 += t->dict.keys[i].len == 24;
	assert_true(long24 > 28000 && long24 < 34000);
	for (uint32_t g = 0; g < t->group_count; g++)
		largest = t->groups[g].count > largest ? t->groups[g].count : largest;
	assert_true(largest > 200);
	feed_free(f);
}

static void test_same_seed_same_table(void **state)
{
	struct feed *a = feed_new(), *b = feed_new(), *c = feed_new();
	table_synthesize(&a->tables[1], &a->blobs, 1, &(struct synth_size){3000, 0, 5});
	table_synthesize(&b->tables[1], &b->blobs, 1, &(struct synth_size){3000, 0, 5});
	table_synthesize(&c->tables[1], &c->blobs, 1, &(struct synth_size){3000, 0, 6});
	size_t n = 3000 * sizeof(struct prefix);
	assert_memory_equal(a->tables[1].dict.keys, b->tables[1].dict.keys, n);
	assert_int_equal(a->blobs.bytes.len, b->blobs.bytes.len);
	assert_memory_equal(a->blobs.bytes.data, b->blobs.bytes.data, a->blobs.bytes.len);
	assert_int_not_equal(memcmp(a->tables[1].dict.keys, c->tables[1].dict.keys, n), 0);
	feed_free(a);
	feed_free(b);
	feed_free(c);
}

static void test_sent_is_received(void **state)
{
	for (int family = 0; family < FEED_FAMILIES; family++) {
		if (feed_families[family].kind > NLRI_VPN)
			continue; // no synthetic tables of these
		struct feed *f = feed_new();
		struct buf out = {0};
		struct wire_style s = style_of(true);
		f->blobs.watched[f->blobs.watched_count++] = 64999u << 16 | 77;
		table_synthesize(&f->tables[family], &f->blobs, family,
				 &(struct synth_size){2000, 10, 3});
		struct peer *p = receiver(f, family % 2);
		announce_table(f, family, &s, &out);
		receive_all(p, &out);
		assert_int_equal(p->holding[family].count, 2000);
		assert_int_equal(p->received.announced, 2000);
		assert_int_equal(p->holding[family].with_mark[0], f->tables[family].tagged_count);
		buf_clear(&out);
		wire_withdraw(&out, &s, family, f->tables[family].dict.keys, 2000);
		receive_all(p, &out);
		assert_int_equal(p->holding[family].count, 0);
		assert_int_equal(p->holding[family].with_mark[0], 0);
		assert_int_equal(p->received.malformed, 0);
		buf_free(&out);
		feed_free(f);
	}
}

// The slices of all feeders together are the table, and no route is in two of them.
static void test_slices(void **state)
{
	struct feed *f = feed_new();
	struct peer *listener = receiver(f, true);
	table_synthesize(&f->tables[0], &f->blobs, 0, &(struct synth_size){20000, 0, 3});
	for (unsigned i = 0; i < 7; i++) {
		struct peer_options o = {
			.as = 65010 + i, .families = 1, .feed = true, .slice = i, .slices = 7};
		struct peer *p = peer_new(f, &o);
		p->as4 = true;
		sender_prepare(p);
		struct sender *s = &p->sender[0];
		for (uint32_t c = 0; c < s->chunk_count; c++) {
			uint64_t before = listener->holding[0].count;
			receive_all(listener, &s->chunks[c].bytes);
			assert_int_equal(listener->holding[0].count - before, s->chunks[c].routes);
			buf_free(&s->chunks[c].bytes);
		}
		mem_free(s->chunks);
	}
	assert_int_equal(listener->holding[0].count, 20000);
	feed_free(f);
}

static void test_nlri_in_text_and_bytes(void **state)
{
	static const struct {
		int family;
		const char *text;
		size_t size;
	} cases[] = {
		{0, "10.0.0.0/8", 2},
		{1, "2001:db8::/32", 5},
		{4, "100:1,10.9.0.0/16", 14},
		{4, "192.0.2.1:7,0.0.0.0/0", 12},
		{5, "70000:1,2001:db8::/48", 18},
		{6, "default", 1},
		{6, "100,100:1", 13},
		{6, "100,192.0.2.1:1/64", 9},
		{7, "010c000000640000000101020304", 14},
	};
	struct blobs blobs = {0};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct prefix p, again;
		struct buf b = {0};
		char text[256];
		int family = cases[i].family;
		assert_true(nlri_parse(family, &blobs, cases[i].text, &p));
		nlri_put(&b, family, &blobs, &p, i % 2);
		assert_int_equal(b.len, cases[i].size);
		assert_int_equal(nlri_size(family, &blobs, &p), cases[i].size);
		struct cursor c = cursor_of(b.data, b.len);
		assert_true(nlri_next(&c, family, &blobs, &again));
		assert_int_equal(cursor_left(&c), 0);
		assert_int_equal(prefix_hash(&p), prefix_hash(&again));
		if (family != 6 || !strstr(cases[i].text, "/64"))
			assert_string_equal(nlri_text(family, &blobs, &again, text), cases[i].text);
		for (size_t n = 0; n < b.len; n++) {
			c = cursor_of(b.data, n);
			assert_false(nlri_next(&c, family, &blobs, &again));
		}
		buf_free(&b);
	}
	struct prefix p;
	assert_false(nlri_parse(4, &blobs, "10.0.0.0/8", &p));
	assert_false(nlri_parse(7, &blobs, "010c00", &p));
	assert_false(nlri_parse(6, &blobs, "100,100:1/20", &p));
	buf_free(&blobs.bytes);
	mem_free(blobs.item);
	mem_free(blobs.slots);
}

static void test_old_speaker_gets_as_trans(void **state)
{
	struct feed *f = feed_new();
	struct buf out = {0}, attributes = {0}, json = {0};
	struct wire_style s = style_of(false);
	struct prefix prefix;
	int bytes;
	char *words[] = {"as-path", "70000 3 {4 5}", "aggregator", "80000:192.0.2.9"};
	assert_true(prefix_parse("203.0.113.0/24", &bytes, &prefix));
	assert_null(attributes_parse(&attributes, words, 4, 0));
	const struct wire_set set = {.attributes = attributes.data, .len = attributes.len};
	assert_int_equal(wire_announce(&out, &s, 0, &set, (struct wire_prefixes){&prefix, NULL, 1}),
			 1);
	struct peer *p = receiver(f, false);
	receive_all(p, &out);
	size_t n;
	uint32_t id = dict_find(&f->tables[0].dict, &prefix, prefix_hash(&prefix));
	const uint8_t *got = blob_get(&f->blobs, p->holding[0].item[id].attr, &n);
	attributes_json(&json, got, n, false);
	assert_string_equal(buf_cstr(&json),
			    "{\"origin\":\"igp\",\"as_path\":\"23456 23456 3 {4 5}\","
			    "\"next_hop\":\"192.0.2.1\",\"aggregator\":\"23456:192.0.2.9\","
			    "\"as4_path\":\"4200000001 70000 3 {4 5}\","
			    "\"as4_aggregator\":\"80000:192.0.2.9\"}");
	buf_free(&out);
	buf_free(&attributes);
	buf_free(&json);
	feed_free(f);
}

static void test_words_to_attributes(void **state)
{
	struct buf b = {0}, json = {0};
	char *words[] = {"origin",
			 "egp",
			 "as-path",
			 "none",
			 "next-hop",
			 "2001:db8::1",
			 "med",
			 "9",
			 "local-pref",
			 "200",
			 "atomic",
			 "community",
			 "1:2 no-export",
			 "large",
			 "1:2:3",
			 "originator",
			 "192.0.2.1",
			 "cluster",
			 "192.0.2.2 192.0.2.3"};
	assert_null(attributes_parse(&b, words, 19, 65001));
	attributes_json(&json, b.data, b.len, true);
	assert_string_equal(
		buf_cstr(&json),
		"{\"origin\":\"egp\",\"as_path\":\"\",\"next_hop\":\"2001:db8::1\",\"med\":9,"
		"\"local_pref\":200,\"atomic_aggregate\":true,\"communities\":[\"1:2\",\"65535:65281\"],"
		"\"originator\":\"192.0.2.1\",\"cluster_list\":[\"192.0.2.2\",\"192.0.2.3\"],"
		"\"large_communities\":[\"1:2:3\"]}");
	char *bad[] = {"med", "x"}, *unknown[] = {"colour", "red"}, *missing[] = {"med"};
	buf_clear(&b);
	assert_non_null(attributes_parse(&b, bad, 2, 0));
	assert_non_null(attributes_parse(&b, unknown, 2, 0));
	assert_non_null(attributes_parse(&b, missing, 1, 0));
	buf_free(&b);
	buf_free(&json);
}

static void test_malformed_updates(void **state)
{
	static const struct {
		const char *hex;
		bool good;
	} cases[] = {
		{"00000000", true},                       // End-of-RIB
		{"000000", false},                        // attribute length missing
		{"00050000", false},                      // withdrawn length beyond the end
		{"0000ffff", false},                      // attributes beyond the end
		{"0001210000", false},                    // prefix length 33
		{"000218010000", false},                  // prefix cut short
		{"0000000918c0", false},                  // attributes cut short
		{"00000004400101", false},                // attribute cut short
		{"00000006800f03000101", true},           // End-of-RIB of MP_UNREACH_NLRI
		{"00000007900f0004000101210000", false},  // length of MP_UNREACH_NLRI beyond
		{"0000000a800e070001010400000000", false} // MP_REACH_NLRI without its reserved byte
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct feed *f = feed_new();
		struct peer *p = receiver(f, false);
		struct buf b = {0};
		assert_true(hex_parse(&b, cases[i].hex));
		if (receive_update(p, b.data, b.len) != cases[i].good)
			fail_msg("%s", cases[i].hex);
		buf_free(&b);
		feed_free(f);
	}
}

static void test_sweep_after_eorr(void **state)
{
	struct feed *f = feed_new();
	struct buf out = {0};
	struct wire_style s = style_of(true);
	table_synthesize(&f->tables[0], &f->blobs, 0, &(struct synth_size){100, 0, 3});
	struct peer *p = receiver(f, true);
	p->enhanced = true;
	announce_table(f, 0, &s, &out);
	receive_all(p, &out);
	receive_refresh(p, (const uint8_t *)"\0\1\1\1", 4);
	buf_clear(&out);
	const struct table *t = &f->tables[0];
	struct wire_set set = {0};
	set.attributes = blob_get(&f->blobs, t->groups[0].attr, &set.len);
	wire_announce(&out, &s, 0, &set, (struct wire_prefixes){t->dict.keys, NULL, 60});
	receive_all(p, &out);
	assert_int_equal(p->holding[0].count, 100);
	receive_refresh(p, (const uint8_t *)"\0\1\2\1", 4);
	assert_int_equal(p->holding[0].count, 60);
	assert_int_equal(p->received.swept, 40);
	buf_free(&out);
	feed_free(f);
}

// --- dumps --------------------------------------------------------------------------------------

static void mrt_record_put(struct buf *b, uint16_t type, uint16_t subtype, const struct buf *body)
{
	buf_u32(b, 1700000000);
	buf_u16(b, type);
	buf_u16(b, subtype);
	buf_u32(b, (uint32_t)body->len);
	buf_put(b, body->data, body->len);
}

// Two prefixes; peer 1 has both, peer 0 the first only.
static void dump_v2(struct buf *b)
{
	struct buf body = {0};
	static const char attributes[] = "\x40\1\1\0\x40\2\6\2\1\0\1\x11\x70\x40\3\4\xc0\0\2\1";
	size_t n = sizeof(attributes) - 1;
	buf_put(&body, "\1\1\1\1\0\0\0\0", 8);
	mrt_record_put(b, 13, 1, &body);
	for (uint8_t i = 0; i < 2; i++) {
		buf_clear(&body);
		buf_u32(&body, i);
		buf_put(&body, "\x18\xcb\0", 3);
		buf_u8(&body, (uint8_t)(113 + i));
		buf_u16(&body, i == 0 ? 2 : 1);
		for (uint16_t peer = i; peer < 2; peer++) {
			buf_u16(&body, peer);
			buf_u32(&body, 0);
			buf_u16(&body, (uint16_t)n);
			buf_put(&body, attributes, n);
		}
		mrt_record_put(b, 13, 2, &body);
	}
	buf_free(&body);
}

static void dump_write(const char *path, const struct buf *b, size_t n)
{
	gzFile gz = gzopen(path, "wb");
	assert_non_null(gz);
	assert_int_equal(gzwrite(gz, b->data, (unsigned)n), (int)n);
	gzclose(gz);
}

static void test_mrt(void **state)
{
	char path[] = "/tmp/feed-test-XXXXXX";
	int fd = mkstemp(path);
	struct buf b = {0};
	size_t n;
	assert_true(fd >= 0);
	close(fd);
	dump_v2(&b);
	struct feed *f = feed_new();
	dump_write(path, &b, b.len);
	assert_null(table_from_mrt(f->tables, &f->blobs, path, -1)); // the peer with most: 1
	assert_int_equal(f->tables[0].routes, 2);
	const uint8_t *p = blob_get(&f->blobs, f->tables[0].groups[0].attr, &n);
	assert_memory_equal(p, "\x40\1\1\0\x40\2\6\2\1\0\1\x11\x70", 13);
	assert_int_equal(n, 13); // NEXT_HOP is the hop's own
	feed_free(f);

	f = feed_new(); // cut short: what it holds
	dump_write(path, &b, b.len - 5);
	assert_null(table_from_mrt(f->tables, &f->blobs, path, 0));
	assert_int_equal(f->tables[0].routes, 1);
	feed_free(f);

	f = feed_new();
	dump_write(path, &b, 5);
	char *error = table_from_mrt(f->tables, &f->blobs, path, -1);
	assert_non_null(error);
	free(error);
	feed_free(f);
	unlink(path);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_same_seed_same_table),
		cmocka_unit_test(test_sent_is_received),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_nlri_in_text_and_bytes),
		cmocka_unit_test(test_old_speaker_gets_as_trans),
		cmocka_unit_test(test_words_to_attributes),
		cmocka_unit_test(test_malformed_updates),
		cmocka_unit_test(test_sweep_after_eorr),
		cmocka_unit_test(test_mrt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
