// The table of labels of ours (rib/label.h): pairs by hash with linear probing, a bit for each label
// that is given out. When it has doubled since, sets of all labelled families are looked through
// and pairs whose label none of them carries are dropped. RFC 4364 section 10, RFC 3107.
#include "rib/label.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "rib/limits.h"

#define REFUSED_MOST 4096u // before unused ones are looked for again

struct label_pair {
	uint8_t next_hop[32];
	uint32_t size;  // bytes of it
	uint32_t label; // the peer's
	uint32_t ours;  // 0: the place is free
};

struct label_table {
	struct label_pair *pairs;
	uint32_t count, cap; // cap: a power of two
	uint32_t limit;      // pairs, to look for unused ones at
	uint32_t refused;    // since all labels have been given
	uint64_t *given;     // a bit for each label from the first one on
};

void label_table_free(struct label_table *t)
{
	if (!t)
		return;
	mem_free(t->pairs);
	mem_free(t->given);
	mem_free(t);
}

uint32_t label_count(const struct rib *r)
{
	return r->labels ? r->labels->count : 0;
}

static uint64_t hash_pair(const struct label_pair *p)
{
	return hash_more(p->label, p->next_hop, p->size);
}

static bool same_pair(const struct label_pair *a, const struct label_pair *b)
{
	return a->label == b->label && a->size == b->size &&
	       !memcmp(a->next_hop, b->next_hop, a->size);
}

// Where the pair is, or would be.
static struct label_pair *place_of(struct label_table *t, const struct label_pair *p)
{
	uint32_t at = (uint32_t)hash_pair(p) & (t->cap - 1);

	while (t->pairs[at].ours && !same_pair(&t->pairs[at], p))
		at = (at + 1) & (t->cap - 1);
	return &t->pairs[at];
}

// --- unused ones ----------------------------------------------------------------------------------
static bool in_range(const struct rib *r, uint32_t label)
{
	return label >= r->label_first && label - r->label_first < r->label_room;
}

static void mark_used(struct rib *r, const struct family *f, uint64_t *used)
{
	for (uint32_t id = 1; id < f->attrs.end; id++) {
		const struct attr_set *set = f->attrs.sets[id];
		if (!set || set->local.source || set->local.originator)
			continue; // not as it is sent
		if (!in_range(r, set->local.label))
			continue;
		uint32_t bit = set->local.label - r->label_first;
		used[bit / 64] |= UINT64_C(1) << bit % 64;
	}
}

static size_t bits_size(const struct rib *r)
{
	return (r->label_room / 64 + 1) * sizeof(uint64_t);
}

static bool is_used(const struct rib *r, const uint64_t *used, uint32_t label)
{
	uint32_t bit = label - r->label_first;

	return used[bit / 64] >> bit % 64 & 1;
}

// Those that stay go to new places, with room for as many again.
static void drop_unused(struct rib *r)
{
	struct label_table *t = r->labels;
	struct label_table old = *t;
	uint64_t *used = mem_zero(bits_size(r));

	for (unsigned i = 0; i < AF_MAX; i++)
		if (r->families[i] && r->families[i]->af->props & AF_LABELED)
			mark_used(r, r->families[i], used);
	t->count = 0;
	for (uint32_t i = 0; i < old.cap; i++)
		t->count += old.pairs[i].ours && is_used(r, used, old.pairs[i].ours);
	t->limit = t->count * 2 > LABELS_LEAST ? t->count * 2 : LABELS_LEAST;
	t->cap = 1;
	while (t->cap < t->limit * 2)
		t->cap *= 2;
	t->pairs = mem_zero(t->cap * sizeof(*t->pairs));
	t->given = used;
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.pairs[i].ours && is_used(r, used, old.pairs[i].ours))
			*place_of(t, &old.pairs[i]) = old.pairs[i];
	mem_free(old.pairs);
	mem_free(old.given);
}

// --- giving ---------------------------------------------------------------------------------------
// The first that is free from the given one onwards, once round.
static uint32_t take_free(struct rib *r, uint32_t from)
{
	uint64_t *given = r->labels->given;

	for (uint32_t n = 0, at = from; n < r->label_room; n++) {
		if (!(given[at / 64] >> at % 64 & 1)) {
			given[at / 64] |= UINT64_C(1) << at % 64;
			return r->label_first + at;
		}
		at = at + 1 < r->label_room ? at + 1 : 0;
	}
	return 0;
}

uint32_t label_of_ours(struct rib *r, struct span next_hop, uint32_t label)
{
	struct label_pair pair = {.size = (uint32_t)next_hop.len, .label = label};

	if (next_hop.len > sizeof(pair.next_hop))
		return 0;
	if (next_hop.len)
		memcpy(pair.next_hop, next_hop.p, next_hop.len);
	if (!r->labels) {
		r->labels = MEM_NEW(struct label_table);
		drop_unused(r);
	}
	struct label_pair *p = place_of(r->labels, &pair);
	if (p->ours)
		return p->ours;
	bool full = r->labels->count == r->label_room;
	if (full ? r->labels->refused++ % REFUSED_MOST == 0 : r->labels->count == r->labels->limit)
		drop_unused(r);
	if (r->labels->count == r->label_room)
		return 0;
	p = place_of(r->labels, &pair);
	pair.ours = take_free(r, (uint32_t)((hash_pair(&pair) >> 32) % r->label_room));
	if (pair.ours) {
		*p = pair;
		r->labels->count++;
	}
	return pair.ours;
}

void rib_set_labels(struct rib *r, uint32_t first, uint32_t count)
{
	label_table_free(r->labels);
	r->labels = NULL;
	r->label_first = first;
	r->label_room = count ? count : 1;
}
