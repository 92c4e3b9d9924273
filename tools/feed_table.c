// Numbers for prefixes and attribute sets, and tables made of them. See feed_table.h.
//
// Both maps use open addressing with linear probing at a load of at most one half. The prefix map
// keeps hash bits beside the number, so that a probe touches the key only when it very likely fits.
#include "feed_table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

const struct feed_family feed_families[FEED_FAMILIES] = {
	{"ipv4-unicast", 1, 1, 4},
	{"ipv6-unicast", 2, 1, 16},
	{"ipv4-multicast", 1, 2, 4},
	{"ipv6-multicast", 2, 2, 16},
	{"vpnv4", 1, 128, 4, NLRI_VPN},
	{"vpnv6", 2, 128, 16, NLRI_VPN},
	{"vpn-target", 1, 132, 12, NLRI_TARGET},
	{"mvpn", 1, 5, 4, NLRI_TYPED},
	{"mvpn6", 2, 5, 16, NLRI_TYPED},
};

int family_by_name(const char *name)
{
	for (int i = 0; i < FEED_FAMILIES; i++)
		if (strcmp(feed_families[i].name, name) == 0)
			return i;
	return -1;
}

int family_by_code(unsigned afi, unsigned safi)
{
	for (int i = 0; i < FEED_FAMILIES; i++)
		if (feed_families[i].afi == afi && feed_families[i].safi == safi)
			return i;
	return -1;
}

bool prefix_parse(const char *text, int *ret_bytes, struct prefix *ret)
{
	char address[64];
	const char *slash = strchr(text, '/');
	struct prefix p = {.len = 0};
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = 0;
	int bytes = strchr(address, ':') ? 16 : 4;
	if (inet_pton(bytes == 4 ? AF_INET : AF_INET6, address, p.b) != 1)
		return false;
	char *end = NULL;
	unsigned long len = slash ? strtoul(slash + 1, &end, 10) : (unsigned)bytes * 8;
	if ((slash && (end == slash + 1 || *end)) || len > (unsigned)bytes * 8)
		return false;
	p.len = (uint8_t)len;
	for (unsigned i = p.len; i < 128; i++)
		p.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	*ret_bytes = bytes;
	*ret = p;
	return true;
}

const char *prefix_text(const struct prefix *p, unsigned bytes, char out[64])
{
	if (!inet_ntop(bytes == 4 ? AF_INET : AF_INET6, p->b, out, 48))
		out[0] = 0;
	sprintf(out + strlen(out), "/%u", p->len);
	return out;
}

// --- prefixes -----------------------------------------------------------------------------------

uint64_t prefix_hash(const struct prefix *p)
{
	uint64_t hi, lo, rd;
	memcpy(&hi, p->b, 8);
	memcpy(&lo, p->b + 8, 8);
	memcpy(&rd, p->rd, 8);
	if (rd)
		hi ^= hash_number(rd);
	return hash_number(hi ^ hash_number(lo + p->len * UINT64_C(0x9e3779b97f4a7c15)));
}

static bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && memcmp(a->b, b->b, 16) == 0 && memcmp(a->rd, b->rd, 8) == 0;
}

uint32_t dict_find(const struct dict *d, const struct prefix *p, uint64_t hash)
{
	if (!d->slots)
		return FEED_NONE;
	uint32_t tag = (uint32_t)(hash >> 32);
	for (uint32_t i = (uint32_t)hash & d->mask; d->slots[i]; i = (i + 1) & d->mask) {
		uint32_t number = (uint32_t)(d->slots[i] >> 32) - 1;
		if ((uint32_t)d->slots[i] == tag && prefix_equal(&d->keys[number], p))
			return number;
	}
	return FEED_NONE;
}

static void dict_place(struct dict *d, uint32_t number, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & d->mask;
	while (d->slots[i])
		i = (i + 1) & d->mask;
	d->slots[i] = (uint64_t)(number + 1) << 32 | (uint32_t)(hash >> 32);
}

static void dict_grow(struct dict *d)
{
	d->cap = d->cap ? d->cap * 2 : 1024;
	d->keys = mem_resize(d->keys, d->cap * sizeof(*d->keys));
	mem_free(d->slots);
	d->mask = d->cap * 2 - 1;
	d->slots = mem_zero((size_t)d->cap * 2 * sizeof(*d->slots));
	for (uint32_t i = 0; i < d->count; i++)
		dict_place(d, i, prefix_hash(&d->keys[i]));
}

uint32_t dict_add(struct dict *d, const struct prefix *p, uint64_t hash)
{
	uint32_t number = dict_find(d, p, hash);
	if (number != FEED_NONE)
		return number;
	if (d->count == d->cap)
		dict_grow(d);
	number = d->count++;
	d->keys[number] = *p;
	dict_place(d, number, hash);
	return number;
}

// --- attribute sets -----------------------------------------------------------------------------

const uint8_t *attribute_find(const uint8_t *p, size_t n, uint8_t type, size_t *ret_len)
{
	const uint8_t *end = p + n;
	while (end - p >= 3) {
		size_t head = p[0] & 0x10 ? 4 : 3;
		if ((size_t)(end - p) < head)
			return NULL;
		size_t len = head == 4 ? (size_t)(p[2] << 8 | p[3]) : p[2];
		if ((size_t)(end - p) - head < len)
			return NULL;
		if (p[1] == type) {
			*ret_len = len;
			return p + head;
		}
		p += head + len;
	}
	return NULL;
}

uint8_t blob_marks(const struct blobs *b, const uint8_t *attributes, size_t n)
{
	uint8_t marks = 0;
	size_t len;
	const uint8_t *c = b->watched_count ? attribute_find(attributes, n, 8, &len) : NULL;
	if (!c)
		return 0;
	for (size_t i = 0; i + 4 <= len; i += 4) {
		uint32_t v;
		memcpy(&v, c + i, 4);
		v = ntohl(v);
		for (unsigned k = 0; k < b->watched_count; k++)
			marks |= (uint8_t)((v == b->watched[k]) << k);
	}
	return marks;
}

static void blobs_grow(struct blobs *b)
{
	b->cap = b->cap ? b->cap * 2 : 1024;
	b->item = mem_resize(b->item, b->cap * sizeof(*b->item));
	mem_free(b->slots);
	b->mask = b->cap * 2 - 1;
	b->slots = mem_zero((size_t)b->cap * 2 * sizeof(*b->slots));
	for (uint32_t id = 1; id < b->count; id++) {
		uint64_t h = hash_bytes(b->bytes.data + b->item[id].at, b->item[id].len);
		uint32_t i = (uint32_t)h & b->mask;
		while (b->slots[i])
			i = (i + 1) & b->mask;
		b->slots[i] = id;
	}
	if (!b->count) {
		b->item[0] = (struct blob){0};
		b->count = 1;
	}
}

uint32_t blob_add(struct blobs *b, const void *p, size_t n)
{
	if (b->count == b->cap)
		blobs_grow(b);
	uint32_t i = (uint32_t)hash_bytes(p, n) & b->mask;
	for (; b->slots[i]; i = (i + 1) & b->mask) {
		const struct blob *it = &b->item[b->slots[i]];
		if (it->len == n && (n == 0 || memcmp(b->bytes.data + it->at, p, n) == 0))
			return b->slots[i];
	}
	uint32_t id = b->count++;
	b->slots[i] = id;
	b->item[id] = (struct blob){.at = b->bytes.len, .len = (uint32_t)n};
	buf_put(&b->bytes, p, n);
	b->item[id].marks = blob_marks(b, p, n);
	return id;
}

const uint8_t *blob_get(const struct blobs *b, uint32_t id, size_t *ret_len)
{
	*ret_len = b->item[id].len;
	return b->bytes.data + b->item[id].at;
}

// --- tables -------------------------------------------------------------------------------------

static bool blob_tagged(const struct blobs *blobs, uint32_t attr)
{
	static const uint8_t tag[4] = {64999 >> 8, 64999 & 255, 0, 77};
	size_t n, len;
	const uint8_t *p = blob_get(blobs, attr, &n), *c = attribute_find(p, n, 8, &len);
	for (size_t i = 0; c && i + 4 <= len; i += 4)
		if (memcmp(c + i, tag, 4) == 0)
			return true;
	return false;
}

static void table_flags(struct table *t, const struct blobs *blobs)
{
	t->flags = mem_zero(t->routes + 1);
	t->group_of = mem_zero((t->routes + 1) * sizeof(*t->group_of));
	for (uint32_t g = 0; g < t->group_count; g++) {
		bool tagged = blob_tagged(blobs, t->groups[g].attr);
		for (uint32_t k = 0; k < t->groups[g].count; k++) {
			uint32_t id = t->groups[g].first + k;
			const struct prefix *p = &t->dict.keys[id];
			bool block = t->bytes == 4 && p->b[0] == 44 && p->len >= 8;
			t->group_of[id] = g;
			t->flags[id] = (block ? ROUTE_BLOCK : 0) | (tagged ? ROUTE_TAGGED : 0);
			t->block_count += block;
			t->tagged_count += tagged;
		}
	}
}

void table_build(struct table *t, const struct entry *entries, uint32_t n,
		 const struct blobs *blobs)
{
	uint32_t *group_by_attr = mem_zero((blobs->count + 1) * sizeof(uint32_t)); // number + 1
	uint32_t *next = mem_alloc(((size_t)n + 1) * sizeof(uint32_t));
	uint32_t *order = mem_alloc(((size_t)n + 1) * sizeof(uint32_t));
	t->groups = mem_zero(((size_t)n + 1) * sizeof(*t->groups));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t *g = &group_by_attr[entries[i].attr];
		if (!*g) {
			*g = ++t->group_count;
			t->groups[*g - 1].attr = entries[i].attr;
		}
		t->groups[*g - 1].count++;
	}
	uint32_t at = 0;
	for (uint32_t g = 0; g < t->group_count; g++) {
		next[g] = at;
		at += t->groups[g].count;
	}
	for (uint32_t i = 0; i < n; i++)
		order[next[group_by_attr[entries[i].attr] - 1]++] = i;
	at = 0;
	for (uint32_t g = 0; g < t->group_count; g++) {
		uint32_t count = t->groups[g].count;
		t->groups[g].first = t->dict.count;
		for (uint32_t k = 0; k < count; k++) { // a prefix given twice counts once
			const struct prefix *p = &entries[order[at++]].prefix;
			dict_add(&t->dict, p, prefix_hash(p));
		}
		t->groups[g].count = t->dict.count - t->groups[g].first;
	}
	t->routes = t->dict.count;
	table_flags(t, blobs);
	mem_free(group_by_attr);
	mem_free(next);
	mem_free(order);
}
