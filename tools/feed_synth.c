// A synthetic routing table with the shape of the global one: prefix lengths in its proportions, half
// of the longer prefixes inside shorter ones, neighbouring prefixes often under one attribute set,
// a heavy-tailed number of prefixes per set (mean 8), AS paths of 1 to 6 numbers (the feeding
// peer's own comes in front), communities, large communities, MED and aggregators.
// One route in a hundred lies in 44.0.0.0/8 and in no other table part, one in a hundred carries the
// community 64999:77: the two scopes that a partial policy change can have, in one place or scattered.
#include "feed_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct share {
	uint8_t len;
	uint16_t permille;
};
static const struct share shares4[] = {
	{24, 612}, {23, 100}, {22, 110}, {21, 52}, {20, 46}, {19, 27}, {18, 16},
	{17, 10},  {16, 15},  {15, 4},   {14, 3},  {13, 2},  {12, 2},  {11, 1},
};
static const struct share shares6[] = {
	{48, 470}, {32, 130}, {44, 90}, {40, 90}, {36, 50}, {29, 40},
	{47, 30},  {46, 40},  {45, 20}, {42, 20}, {38, 10}, {33, 10},
};

struct synth {
	struct random r;
	bool v6;
	const struct share *shares;
	size_t share_count;
	struct dict seen; // prefixes made so far
	struct entry *entries;
	uint32_t count;
	uint32_t origin_as_count;
	uint32_t instance; // of VPN routes; 0: none
};

static double synth_unit(struct synth *s)
{
	return (double)((random_next(&s->r) >> 11) + 1) / 9007199254740993.0; // 0 < x <= 1
}

static uint8_t synth_length(struct synth *s)
{
	uint32_t x = random_below(&s->r, 1000);
	for (size_t i = 0; i < s->share_count; i++) {
		if (x < s->shares[i].permille)
			return s->shares[i].len;
		x -= s->shares[i].permille;
	}
	return s->shares[0].len;
}

static bool synth_usable4(const uint8_t b[4])
{
	return b[0] >= 1 && b[0] <= 223 && b[0] != 10 && b[0] != 44 && b[0] != 127 &&
	       !(b[0] == 100 && b[1] >= 64 && b[1] < 128) && !(b[0] == 169 && b[1] == 254) &&
	       !(b[0] == 172 && b[1] >= 16 && b[1] < 32) && !(b[0] == 192 && b[1] == 168) &&
	       !(b[0] == 192 && b[1] == 0) &&
	       !(b[0] == 198 && (b[1] == 18 || b[1] == 19 || b[1] == 51)) &&
	       !(b[0] == 203 && b[1] == 0);
}

static void prefix_cut(struct prefix *p, uint8_t len)
{
	p->len = len;
	for (unsigned i = len; i < 128; i++)
		p->b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
}

// Random bits behind the first `from` ones of p, up to `len`.
static void synth_fill(struct synth *s, struct prefix *p, uint8_t from, uint8_t len)
{
	for (unsigned i = from; i < len; i++) {
		uint8_t bit = (uint8_t)(0x80u >> i % 8);
		p->b[i / 8] =
			(uint8_t)(random_below(&s->r, 2) ? p->b[i / 8] | bit : p->b[i / 8] & ~bit);
	}
	prefix_cut(p, len);
}

static struct prefix synth_fresh(struct synth *s, uint8_t len)
{
	static const uint8_t blocks6[][2] = {{0x20, 0x01}, {0x24, 0x00}, {0x26, 0x00},
					     {0x28, 0x00}, {0x2a, 0x00}, {0x2c, 0x00}};
	struct prefix p = {.len = 0};
	if (s->v6) {
		unsigned i = random_below(&s->r, 6);
		memcpy(p.b, blocks6[i], 2);
		synth_fill(s, &p, i == 0 ? 16 : 12, len);
		if (i == 0 && (p.b[2] == 0 || p.b[2] == 0x0d)) // 2001:0::, 2001:db8::
			p.b[2] = 4;
		return p;
	}
	do
		synth_fill(s, &p, 0, len);
	while (!synth_usable4(p.b));
	return p;
}

static struct prefix synth_block(struct synth *s)
{
	struct prefix p = {.b = {44}};
	uint32_t x = random_below(&s->r, 100);
	synth_fill(s, &p, 8, x < 70 ? 24 : x < 85 ? 23 : x < 95 ? 22 : 20);
	return p;
}

// More-specifics sit inside a prefix made shortly before, so neighbours tend to share a set later.
static struct prefix synth_prefix(struct synth *s)
{
	uint8_t len = synth_length(s);
	if (s->count > 16 && random_below(&s->r, 2) == 0) {
		for (int attempt = 0; attempt < 4; attempt++) {
			struct prefix p = s->entries[random_below(&s->r, s->count)].prefix;
			if (p.len + 1 < len && len - p.len <= 12 && p.b[0] != 44) {
				synth_fill(s, &p, p.len, len);
				return p;
			}
		}
	}
	return synth_fresh(s, len);
}

static void synth_prefixes(struct synth *s, uint32_t routes)
{
	uint32_t block = s->v6 ? 0 : routes / 100;
	if (block > 60000)
		block = 60000;
	while (s->count < routes) {
		struct prefix p = s->count < block ? synth_block(s) : synth_prefix(s);
		uint32_t before = s->seen.count;
		dict_add(&s->seen, &p, prefix_hash(&p));
		if (s->seen.count != before)
			s->entries[s->count++].prefix = p;
	}
}

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = memcmp(x->prefix.b, y->prefix.b, 16);
	return c ? c : x->prefix.len - y->prefix.len;
}

// Runs of one to eight neighbours stay together while the runs are shuffled.
static void synth_shuffle(struct synth *s)
{
	qsort(s->entries, s->count, sizeof(*s->entries), entry_compare);
	uint32_t *start = mem_alloc((s->count + 1) * sizeof(uint32_t)), n = 0;
	for (uint32_t i = 0; i < s->count; i += 1 + random_below(&s->r, 8))
		start[n++] = i;
	start[n] = s->count;
	uint32_t *order = mem_alloc((n + 1) * sizeof(uint32_t));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = random_below(&s->r, i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	struct entry *out = mem_alloc((s->count + 1) * sizeof(*out));
	uint32_t at = 0;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = start[order[i]]; k < s->count && k < start[order[i] + 1]; k++)
			out[at++] = s->entries[k];
	mem_free(s->entries);
	mem_free(start);
	mem_free(order);
	s->entries = out;
}

// --- attributes ---------------------------------------------------------------------------------

static void synth_path(struct synth *s, struct buf *b)
{
	static const uint8_t lengths[16] = {1, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 6, 2};
	unsigned n = lengths[random_below(&s->r, 16)];
	uint32_t origin = random_below(&s->r, s->origin_as_count);
	origin = origin % 5 == 0 ? 7000 + origin % 50000 : 131072 + origin * 5;
	buf_u8(b, 0x40);
	buf_u8(b, 2);
	buf_u8(b, (uint8_t)(2 + 4 * n));
	buf_u8(b, 2);
	buf_u8(b, (uint8_t)n);
	for (unsigned i = 0; i + 1 < n; i++)
		buf_u32(b, i == 0 ? 1001 + random_below(&s->r, 16) * 97
				  : 3000 + random_below(&s->r, 400) * 9);
	buf_u32(b, origin);
}

static void synth_communities(struct synth *s, struct buf *b, bool tag)
{
	unsigned n = random_below(&s->r, 100) < 62 ? 1 + random_below(&s->r, 9) : 0;
	if (n + tag) {
		buf_u8(b, 0xc0);
		buf_u8(b, 8);
		buf_u8(b, (uint8_t)(4 * (n + tag)));
	}
	uint32_t base = (1001 + random_below(&s->r, 16) * 97) << 16;
	for (unsigned i = 0; i < n; i++)
		buf_u32(b, base + i * 100 + random_below(&s->r, 100));
	if (tag)
		buf_u32(b, 64999u << 16 | 77);
}

static void synth_large(struct synth *s, struct buf *b)
{
	if (random_below(&s->r, 100) < 12) {
		unsigned large = 1 + random_below(&s->r, 4);
		buf_u8(b, 0xc0);
		buf_u8(b, 32);
		buf_u8(b, (uint8_t)(12 * large));
		for (unsigned i = 0; i < large; i++) {
			buf_u32(b, 131072 + random_below(&s->r, 5000));
			buf_u32(b, i + 1);
			buf_u32(b, random_below(&s->r, 1000));
		}
	}
}

static void synth_targets(struct synth *s, struct buf *b)
{
	if (!s->instance)
		return;
	buf_put(b, "\xc0\x10\x08\0\x02", 5);
	buf_u16(b, 65000);
	buf_u32(b, s->instance);
}

static void synth_distinguish(const struct synth *s, struct prefix *p)
{
	const uint8_t rd[8] = {0,
			       0,
			       65000 >> 8,
			       65000 & 255,
			       (uint8_t)(s->instance >> 24),
			       (uint8_t)(s->instance >> 16),
			       (uint8_t)(s->instance >> 8),
			       (uint8_t)s->instance};

	if (s->instance)
		memcpy(p->rd, rd, sizeof(rd));
}

static void synth_attributes(struct synth *s, struct buf *b, bool tag)
{
	uint32_t x = random_below(&s->r, 100);
	buf_clear(b);
	buf_put(b, "\x40\x01\x01", 3);
	buf_u8(b, x < 88 ? 0 : x < 90 ? 1 : 2);
	synth_path(s, b);
	if (random_below(&s->r, 100) < 18) {
		buf_put(b, "\x80\x04\x04", 3);
		buf_u32(b, random_below(&s->r, 4) ? random_below(&s->r, 200) : 0);
	}
	if (random_below(&s->r, 100) < 3) {
		if (random_below(&s->r, 2))
			buf_put(b, "\x40\x06\x00", 3);
		buf_put(b, "\xc0\x07\x08", 3);
		buf_u32(b, 131072 + random_below(&s->r, 50000));
		buf_u32(b, 0xc6336400u + random_below(&s->r, 250)); // 198.51.100.x
	}
	synth_communities(s, b, tag);
	synth_targets(s, b);
	synth_large(s, b);
}

void table_synthesize(struct table *t, struct blobs *blobs, int family,
		      const struct synth_size *size)
{
	uint32_t routes = size->routes;
	uint32_t instances = feed_families[family].kind == NLRI_VPN ? size->instances : 0;
	struct synth s = {.v6 = feed_families[family].bytes == 16,
			  .origin_as_count = routes / 14 + 1};
	struct buf b = {0};
	random_seed(&s.r, size->seed * 31 + (uint64_t)family);
	s.shares = s.v6 ? shares6 : shares4;
	s.share_count =
		s.v6 ? sizeof(shares6) / sizeof(*shares6) : sizeof(shares4) / sizeof(*shares4);
	s.entries = mem_alloc(((size_t)routes + 1) * sizeof(*s.entries));
	synth_prefixes(&s, routes);
	synth_shuffle(&s);
	uint32_t tagged = 0, goal = routes / 100;
	for (uint32_t at = 0; at < routes;) {
		uint32_t n =
			(uint32_t)fmin(1700, 1 / synth_unit(&s)); // mean of floor(1/u), cut here: 8
		n = n < routes - at ? n : routes - at;
		// Tags are spread evenly over the table: a set gets one while fewer than due have one.
		bool tag = tagged < goal && n <= 16 && n <= goal - tagged &&
			   (uint64_t)tagged * routes < (uint64_t)goal * at;
		tagged += tag ? n : 0;
		s.instance = instances ? s.instance % instances + 1 : 0;
		synth_attributes(&s, &b, tag);
		uint32_t attr = blob_add(blobs, b.data, b.len);
		while (n--) {
			synth_distinguish(&s, &s.entries[at].prefix);
			s.entries[at++].attr = attr;
		}
	}
	t->bytes = feed_families[family].bytes;
	table_build(t, s.entries, routes, blobs);
	buf_free(&b);
	mem_free(s.entries);
	mem_free(s.seen.keys);
	mem_free(s.seen.slots);
}
