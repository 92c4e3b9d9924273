// Prefix lists, compiled for lists of a hundred thousand entries: a route costs one hash probe for
// each distinct length in the list, not a walk. Short lists are walked.
//
// An entry compares the first `compare` bits and wants the route's length between low and high:
//	A LEN                         length exactly LEN
//	... greater-equal g           g to the full width
//	... less-equal l              LEN to l
//	0.0.0.0 LEN (LEN > 0)         any address, lengths as above: VRP takes the zero address as "any"
//	0.0.0.0 LEN match-network     the address is meant: routes inside 0.0.0.0/LEN
// The lowest index that fits decides; none: denied. An entry that no route can fit is left out.
#include "policy/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	uint64_t hi, lo;
	uint32_t next; // of the same address and compare, ascending; rank + 1, 0: none
	uint8_t compare, low, high;
	bool permit;
};

struct length {
	uint8_t compare, low, high; // of all its entries
	uint32_t first;             // lowest rank among them
};

struct prefix_list {
	struct key_test test;
	uint32_t count, mask; // slots - 1
	unsigned length_count;
	struct length lengths[129]; // by `first`
	uint32_t *slots;            // rank + 1 of the first entry of a key
	struct entry *entries;      // in order of index: the rank is the place
};

struct prefix_words prefix_words_of(const uint8_t *b, unsigned bits, unsigned length)
{
	struct prefix_words p = {.length = length};

	if (bits == 32) { // the usual case, in one load
		p.hi = (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
		       (uint64_t)b[3] << 32;
		return p;
	}
	for (unsigned i = 0; i < bits / 8; i++) {
		if (i < 8)
			p.hi |= (uint64_t)b[i] << (56 - 8 * i);
		else
			p.lo |= (uint64_t)b[i] << (120 - 8 * i);
	}
	return p;
}

void prefix_words_mask(struct prefix_words *p, unsigned bits)
{
	p->hi &= bits >= 64 ? UINT64_MAX : bits ? UINT64_MAX << (64 - bits) : 0;
	p->lo &= bits >= 128 ? UINT64_MAX : bits > 64 ? UINT64_MAX << (128 - bits) : 0;
}

static uint32_t key_hash(uint64_t hi, uint64_t lo, unsigned compare)
{
	uint64_t h = hi ^ compare;

	if (lo)
		h ^= hash_number(lo);
	return (uint32_t)hash_number(h);
}

// Slot of the key, or the empty one where it would go.
static uint32_t slot_of(const struct prefix_list *l, uint64_t hi, uint64_t lo, unsigned compare)
{
	uint32_t at = key_hash(hi, lo, compare) & l->mask;

	for (;; at = (at + 1) & l->mask) {
		if (!l->slots[at])
			return at;
		const struct entry *e = &l->entries[l->slots[at] - 1];
		if (e->hi == hi && e->lo == lo && e->compare == compare)
			return at;
	}
}

#define FEW 8 // entries: asked one after another, which costs less than a hash

static bool few_permit(const struct prefix_list *l, const struct prefix_words *p)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const struct entry *e = &l->entries[i];
		if (p->length < e->low || p->length > e->high)
			continue;
		struct prefix_words masked = {.hi = p->hi, .lo = p->lo};
		prefix_words_mask(&masked, e->compare);
		if (masked.hi == e->hi && masked.lo == e->lo)
			return e->permit;
	}
	return false;
}

static bool prefix_list_permits(const struct key_test *t, const struct prefix_words *p)
{
	const struct prefix_list *l = (const struct prefix_list *)t;
	uint32_t best = UINT32_MAX;

	if (l->count <= FEW)
		return few_permit(l, p);
	for (unsigned i = 0; i < l->length_count && l->lengths[i].first < best; i++) {
		const struct length *n = &l->lengths[i];
		if (p->length < n->low || p->length > n->high)
			continue;
		struct prefix_words masked = {.hi = p->hi, .lo = p->lo};
		prefix_words_mask(&masked, n->compare);
		uint32_t at = l->slots[slot_of(l, masked.hi, masked.lo, n->compare)];
		while (at && at - 1 < best) {
			const struct entry *e = &l->entries[at - 1];
			if (p->length >= e->low && p->length <= e->high) {
				best = at - 1;
				break;
			}
			at = e->next;
		}
	}
	return best != UINT32_MAX && l->entries[best].permit;
}

static struct prefix_rule prefix_list_rule(const struct key_test *t, uint32_t i)
{
	const struct entry *e = &((const struct prefix_list *)t)->entries[i];
	struct prefix_words mask = {UINT64_MAX, UINT64_MAX, 0};

	prefix_words_mask(&mask, e->compare);
	return (struct prefix_rule){.hi = e->hi,
				    .lo = e->lo,
				    .mask_hi = mask.hi,
				    .mask_lo = mask.lo,
				    .low = e->low,
				    .high = e->high,
				    .permit = e->permit};
}

// --- compiling ---------------------------------------------------------------------------------
static bool entry_of(struct compile *c, const struct source_rule *r, unsigned bits,
		     struct entry *ret)
{
	if (r->address.bits != bits || r->length > bits || r->greater_equal > (int)bits ||
	    r->less_equal > (int)bits) {
		compile_complain(c, "index %u: the address or a length is not possible", r->index);
		return false;
	}
	struct prefix_words p = prefix_words_of(r->address.b, bits, r->length);
	bool any = ip_is_zero(&r->address) && !r->match_network;

	memset(ret, 0, sizeof(*ret));
	ret->compare = any ? 0 : r->length;
	prefix_words_mask(&p, ret->compare);
	ret->hi = p.hi;
	ret->lo = p.lo;
	ret->low = r->length;
	ret->high = r->length;
	if (r->greater_equal >= 0) {
		if (r->greater_equal > r->length)
			ret->low = (uint8_t)r->greater_equal;
		ret->high = (uint8_t)bits;
	}
	if (r->less_equal >= 0)
		ret->high = (uint8_t)r->less_equal;
	ret->permit = r->permit;
	return true;
}

static int length_order(const void *a, const void *b)
{
	uint32_t x = ((const struct length *)a)->first, y = ((const struct length *)b)->first;

	return x < y ? -1 : x > y;
}

static void list_index(struct prefix_list *l)
{
	uint32_t cap = 4;
	struct length by_compare[129];

	while (cap < 2 * l->count)
		cap *= 2;
	l->mask = cap - 1;
	l->slots = mem_zero(cap * sizeof(uint32_t));
	memset(by_compare, 0, sizeof(by_compare));
	for (uint32_t i = 0; i < l->count; i++) {
		struct entry *e = &l->entries[i];
		struct length *n = &by_compare[e->compare];
		if (!n->high && !n->first)
			*n = (struct length){e->compare, e->low, e->high, i + 1};
		n->low = e->low < n->low ? e->low : n->low;
		n->high = e->high > n->high ? e->high : n->high;

		uint32_t *link = &l->slots[slot_of(l, e->hi, e->lo, e->compare)];
		bool repeated = false;
		for (; *link && !repeated; link = &l->entries[*link - 1].next)
			repeated = l->entries[*link - 1].low <= e->low &&
				   l->entries[*link - 1].high >= e->high;
		if (!repeated) // else an entry of lower index answers for all that it could
			*link = i + 1;
	}
	for (unsigned i = 0; i <= 128; i++)
		if (by_compare[i].first) {
			l->lengths[l->length_count] = by_compare[i];
			l->lengths[l->length_count++].first--;
		}
	qsort(l->lengths, l->length_count, sizeof(struct length), length_order);
}

static void prefix_list_destroy(struct object *o)
{
	struct prefix_list *l = (struct prefix_list *)o;

	mem_free(l->slots);
	mem_free(l->entries);
	mem_free(l);
}

struct object *prefix_list_compile(struct compile *c, const struct source_filter *f)
{
	unsigned bits = f->kind == FILTER_PREFIX_WIDE ? 128 : 32, rule_count;
	struct arena a;

	arena_init(&a, 65536);
	struct source_rule **rules = rules_sorted(f, &a, &rule_count);
	struct entry *entries = mem_alloc((rule_count + 1) * sizeof(*entries));
	uint32_t count = 0;
	for (unsigned i = 0; i < rule_count; i++) {
		if (!entry_of(c, rules[i], bits, &entries[count]))
			break;
		if (entries[count].low <= entries[count].high)
			count++;
	}
	arena_free(&a);

	uint64_t seed = hash_number(OBJECT_PREFIX_LIST + bits * 256);
	struct hash128 content = hash_wide(entries, count * sizeof(*entries));
	content.lo ^= seed;
	struct object *o = c->failed ? NULL : object_find(c->store, content);
	if (o || c->failed) {
		mem_free(entries);
		return o;
	}
	struct prefix_list *l = MEM_NEW(struct prefix_list);
	l->entries = mem_resize(entries, (count + 1) * sizeof(*entries));
	l->count = count;
	l->test.permits = prefix_list_permits;
	l->test.rules = count;
	l->test.rule = prefix_list_rule;
	list_index(l);
	object_add(c->store, &l->test.object, OBJECT_PREFIX_LIST, content, prefix_list_destroy);
	return &l->test.object;
}
