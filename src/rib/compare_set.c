// Are two sets of different tables the same? Bytes and everything that is known of the route besides
// them; but labels that a rib has given by itself need only stand for each other, among routes of
// the same next hop, whose labels they are (RFC 3107 section 3).
#include "rib/compare_private.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

void set_pairs_init(struct set_pairs *s, const struct family *a, const struct family *b,
		    uint32_t free_labels)
{
	*s = (struct set_pairs){.a = &a->attrs, .b = &b->attrs, .free_labels = free_labels};
	s->same = mem_zero((a->attrs.end + 1) * sizeof(*s->same));
	map_init_number(&s->labels[0]);
	map_init_number(&s->labels[1]);
}

void set_pairs_free(struct set_pairs *s)
{
	mem_free(s->same);
	map_free(&s->labels[0]);
	map_free(&s->labels[1]);
}

static uint64_t label_place(const struct attr_set *set)
{
	return hash_more(set->local.label, set->bytes + set->nexthop_at, set->nexthop_size);
}

static bool stands_for(struct map *m, uint64_t from, uint32_t label)
{
	uintptr_t known = (uintptr_t)map_get_number(m, from);

	if (!known)
		map_put_number(m, from, (void *)(uintptr_t)(label + 1u));
	return !known || known == label + 1u;
}

static bool labels_same(struct set_pairs *s, const struct attr_set *a, const struct attr_set *b,
			bool given)
{
	uint32_t x = a->local.label, y = b->local.label;

	if (!given || x < s->free_labels || y < s->free_labels)
		return x == y;
	return stands_for(&s->labels[0], label_place(a), y) &&
	       stands_for(&s->labels[1], label_place(b), x);
}

static bool locals_same(const struct attr_local *a, const struct attr_local *b)
{
	return a->source == b->source && a->aggregated == b->aggregated &&
	       a->preferred_value == b->preferred_value && a->originator == b->originator &&
	       a->preference == b->preference && !memcmp(a->rd, b->rd, sizeof(a->rd));
}

bool sets_same(struct set_pairs *s, uint32_t a, uint32_t b, bool given)
{
	if (!a || !b)
		return a == b;
	if (s->same[a] == b)
		return true;
	const struct attr_set *x = attr_at(s->a, a), *y = attr_at(s->b, b);
	if (x->len != y->len || memcmp(x->bytes, y->bytes, x->len) != 0 ||
	    !locals_same(&x->local, &y->local) || !labels_same(s, x, y, given))
		return false;
	s->same[a] = b;
	return true;
}
