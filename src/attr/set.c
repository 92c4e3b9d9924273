// Interning of attribute sets. The way of a list: written once as canonical bytes into the table's
// scratch buffer, hashed once, looked up in an open-addressing index whose slots hold the upper
// half of the hash next to the number, so that a walk over slots touches no set but the right one;
// one comparison of bytes decides. Only a set that is new costs an allocation and the reading of
// what the decision needs (attr_set's fields).
//
// The index has linear probing and at most three quarters of its slots in use; removal shifts the
// slots behind back, so that there are no tombstones. A slot's place follows from the half of the
// hash that stands in it: growing reads nothing but slots. It is cut into parts that grow by half, each
// by itself and no two at the same size, so that a few more sets never cost the growth of the whole.
//
// The table owns the sets; a set lives while its references do. One thread.
#include "attr/set.h"

#include "base/hash.h"
#include "base/mem.h"

#include <endian.h>
#include <string.h>

#define SLOTS_FIRST  8u
#define SLOTS_SECOND 96u // and as many more as the part's number

void attr_table_init(struct attr_table *t)
{
	*t = (struct attr_table){.end = 1};
}

void attr_table_free(struct attr_table *t)
{
	for (uint32_t id = 1; id < t->end; id++)
		mem_free(t->sets[id]);
	mem_free(t->sets);
	mem_free(t->marks);
	for (unsigned i = 0; i < ATTR_PARTS; i++)
		mem_free(t->part[i].slots);
	mem_free(t->free_ids);
	buf_free(&t->scratch);
	*t = (struct attr_table){.end = 1};
}

size_t attr_table_bytes(const struct attr_table *t)
{
	size_t slots = 0;

	for (unsigned i = 0; i < ATTR_PARTS; i++)
		slots += t->part[i].cap;
	return t->bytes + t->cap * (sizeof(*t->sets) + sizeof(*t->marks)) +
	       slots * sizeof(uint64_t) + t->free_cap * sizeof(*t->free_ids) + t->scratch.cap;
}

// --- index -------------------------------------------------------------------------------------

static uint64_t slot_of(uint64_t hash, uint32_t id)
{
	return (hash & ~(uint64_t)UINT32_MAX) | id;
}

static struct attr_part *part_of(struct attr_table *t, uint64_t hash)
{
	return &t->part[hash >> (64 - ATTR_PART_BITS)];
}

// The bits behind those that chose the part, scaled, so that a part may have any size.
static uint32_t slot_home(const struct attr_part *p, uint64_t slot)
{
	uint32_t bits = (uint32_t)(slot >> (32 - ATTR_PART_BITS));

	return (uint32_t)((uint64_t)bits * p->cap >> 32);
}

static uint32_t slot_next(const struct attr_part *p, uint32_t at)
{
	return at + 1 == p->cap ? 0 : at + 1;
}

static uint32_t slot_distance(const struct attr_part *p, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + p->cap - from;
}

static void slot_insert(struct attr_part *p, uint64_t slot)
{
	uint32_t at = slot_home(p, slot);

	while (p->slots[at])
		at = slot_next(p, at);
	p->slots[at] = slot;
}

static void part_grow(struct attr_part *p, uint32_t number)
{
	struct attr_part old = *p;

	p->cap = !old.cap ? SLOTS_FIRST : old.cap + old.cap / 2;
	if (old.cap == SLOTS_FIRST)
		p->cap = SLOTS_SECOND + number;
	p->slots = mem_zero(p->cap * sizeof(*p->slots));
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.slots[i])
			slot_insert(p, old.slots[i]);
	mem_free(old.slots);
}

static void index_add(struct attr_table *t, uint64_t slot)
{
	struct attr_part *p = part_of(t, slot);

	if ((uint64_t)(p->used + 1) * 4 > (uint64_t)p->cap * 3)
		part_grow(p, (uint32_t)(p - t->part));
	slot_insert(p, slot);
	p->used++;
}

static void index_remove(struct attr_table *t, uint64_t slot)
{
	struct attr_part *p = part_of(t, slot);
	uint32_t hole = slot_home(p, slot);

	while (p->slots[hole] != slot)
		hole = slot_next(p, hole);
	for (uint32_t at = slot_next(p, hole); p->slots[at]; at = slot_next(p, at)) {
		// A slot may move into the hole unless its home lies behind the hole.
		if (slot_distance(p, slot_home(p, p->slots[at]), at) < slot_distance(p, hole, at))
			continue;
		p->slots[hole] = p->slots[at];
		hole = at;
	}
	p->slots[hole] = 0;
	p->used--;
}

static uint64_t hash_set(const uint8_t *p, size_t n, const struct attr_local *l)
{
	uint64_t what = (uint64_t)l->originator << 32 | l->preference;
	uint64_t how = (uint64_t)l->label << 32 | (uint64_t)l->source << 24 |
		       (uint64_t)l->aggregated << 16 | l->preferred_value;
	uint64_t rd;

	memcpy(&rd, l->rd, sizeof(rd));
	return hash_more(hash_number(what ^ rd << 1) ^ hash_number(how + 1), p, n);
}

static bool local_equal(const struct attr_local *a, const struct attr_local *b)
{
	return a->source == b->source && a->aggregated == b->aggregated &&
	       a->preferred_value == b->preferred_value && a->originator == b->originator &&
	       a->preference == b->preference && a->label == b->label &&
	       !memcmp(a->rd, b->rd, sizeof(a->rd));
}

static struct attr_set *find(struct attr_table *t, uint64_t hash, struct span bytes,
			     const struct attr_local *local)
{
	const struct attr_part *p = part_of(t, hash);

	if (!p->cap)
		return NULL;
	for (uint32_t at = slot_home(p, hash); p->slots[at]; at = slot_next(p, at)) {
		if (p->slots[at] >> 32 != hash >> 32)
			continue;
		struct attr_set *s = t->sets[(uint32_t)p->slots[at]];
		if (s->hash == hash && s->len == bytes.len && local_equal(&s->local, local) &&
		    !memcmp(s->bytes, bytes.p, bytes.len))
			return s;
	}
	return NULL;
}

// --- sets --------------------------------------------------------------------------------------

static size_t header_size(const uint8_t *p)
{
	return p[0] & ATTR_EXTENDED ? 4 : 3;
}

static uint8_t has_communities(const struct attr *a)
{
	static const struct {
		uint8_t value[4], has;
	} known[] = {
		{{0xff, 0xff, 0xff, 0x01}, ATTR_HAS_NO_EXPORT},
		{{0xff, 0xff, 0xff, 0x02}, ATTR_HAS_NO_ADVERTISE},
		{{0xff, 0xff, 0xff, 0x03}, ATTR_HAS_NO_EXPORT_SUBCONFED},
	};
	uint8_t has = 0;

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (communities_have(a, 4, known[i].value))
			has |= known[i].has;
	return has;
}

// Reads what the decision asks of the set, once. Absent values are what RFC 4271 and VRP take.
static void summarise(struct attr_set *s, const struct attrs *as)
{
	const struct attr *a;

	s->local_pref = 100;
	s->origin = ORIGIN_INCOMPLETE;
	s->nexthop_at = s->len;
	s->originator = s->local.originator;
	if (attrs_u32(as, ATTR_MED, &s->med))
		s->has |= ATTR_HAS_MED;
	if (attrs_u32(as, ATTR_LOCAL_PREF, &s->local_pref))
		s->has |= ATTR_HAS_LOCAL_PREF;
	if (attrs_u32(as, ATTR_ORIGINATOR_ID, &s->originator))
		s->has |= ATTR_HAS_ORIGINATOR;
	if ((a = attrs_find(as, ATTR_ORIGIN)) && a->len == 1)
		s->origin = a->value[0];
	if ((a = attrs_find(as, ATTR_CLUSTER_LIST)))
		s->cluster_length = a->len / 4;
	if ((a = attrs_find(as, ATTR_COMMUNITY)))
		s->has |= has_communities(a);
	if ((a = attrs_find(as, ATTR_NEXT_HOP))) {
		s->nexthop_at = (uint32_t)(a->value - s->bytes - 3);
		s->nexthop_size = (uint8_t)(a->len + 3);
	}
	if ((a = attrs_find(as, ATTR_AS_PATH))) {
		unsigned length = as_path_length(a->value, a->len);

		s->path_length = (uint16_t)(length > UINT16_MAX ? UINT16_MAX : length);
		s->neighbor_as = as_path_neighbor(a->value, a->len);
		s->origin_as = as_path_origin(a->value, a->len);
		if (as_path_has_confed(a->value, a->len))
			s->has |= ATTR_HAS_CONFED_PATH;
	}
}

static uint32_t mark_of(const struct attrs *as)
{
	const struct attr *a = attrs_find(as, ATTR_EXT_COMMUNITY);
	uint32_t mark = 0;

	for (unsigned at = 0; a && at + 8 <= a->len; at += 8) {
		uint64_t community;
		memcpy(&community, a->value + at, sizeof(community));
		mark |= attr_mark(be64toh(community));
	}
	return mark;
}

static uint32_t take_id(struct attr_table *t)
{
	if (t->free_count)
		return t->free_ids[--t->free_count];
	if (t->end >= t->cap) {
		t->cap = t->cap ? t->cap * 2 : 256;
		t->sets = mem_resize(t->sets, t->cap * sizeof(*t->sets));
		t->marks = mem_resize(t->marks, t->cap * sizeof(*t->marks));
		t->sets[0] = NULL;
		t->marks[0] = 0;
	}
	return t->end++;
}

static struct attr_set *set_new(struct attr_table *t, uint64_t hash, struct span bytes,
				const struct attr_local *local)
{
	struct attr_set *s = mem_alloc(sizeof(*s) + bytes.len);
	struct attrs open;

	*s = (struct attr_set){
		.hash = hash, .len = (uint32_t)bytes.len, .id = take_id(t), .local = *local};
	if (bytes.len)
		memcpy(s->bytes, bytes.p, bytes.len);
	attr_open(s, &open);
	summarise(s, &open);
	t->sets[s->id] = s;
	t->marks[s->id] = mark_of(&open);
	index_add(t, slot_of(hash, s->id));
	t->count++;
	t->bytes += sizeof(*s) + bytes.len;
	return s;
}

uint32_t attr_intern_bytes(struct attr_table *t, const uint8_t *p, size_t n,
			   const struct attr_local *local)
{
	struct span bytes = {.p = n ? p : (const uint8_t *)"",
			     .len = n}; // an empty list has no memory
	uint64_t hash = hash_set(bytes.p, n, local);
	struct attr_set *s = find(t, hash, bytes, local);

	if (!s)
		s = set_new(t, hash, bytes, local);
	s->refs++;
	return s->id;
}

uint32_t attr_intern(struct attr_table *t, const struct attrs *as)
{
	buf_clear(&t->scratch);
	attrs_encode(&t->scratch, as);
	return attr_intern_bytes(t, t->scratch.data, t->scratch.len, &as->local);
}

static void give_id(struct attr_table *t, uint32_t id)
{
	if (t->free_count == t->free_cap) {
		t->free_cap = t->free_cap ? t->free_cap * 2 : 64;
		t->free_ids = mem_resize(t->free_ids, t->free_cap * sizeof(*t->free_ids));
	}
	t->free_ids[t->free_count++] = id;
}

void attr_unref(struct attr_table *t, uint32_t id)
{
	struct attr_set *s = id ? t->sets[id] : NULL;

	if (!s || --s->refs)
		return;
	if (t->on_free)
		t->on_free(t->on_free_arg, id);
	index_remove(t, slot_of(s->hash, id));
	t->sets[id] = NULL;
	t->count--;
	t->bytes -= sizeof(*s) + s->len;
	mem_free(s);
	give_id(t, id);
}

void attr_open(const struct attr_set *set, struct attrs *ret)
{
	const uint8_t *p = set->bytes, *end = p + set->len;

	ret->count = 0;
	ret->local = set->local;
	while (p < end && ret->count < ATTRS_MAX) {
		size_t header = header_size(p);
		uint16_t len = header == 4 ? (uint16_t)(p[2] << 8 | p[3]) : p[2];

		ret->a[ret->count++] = (struct attr){.type = p[1],
						     .flags = p[0] & (uint8_t)~ATTR_EXTENDED,
						     .len = len,
						     .value = p + header};
		p += header + len;
	}
}

void attrs_encode(struct buf *b, const struct attrs *as)
{
	for (unsigned i = 0; i < as->count; i++) {
		const struct attr *a = &as->a[i];
		size_t header = a->len > UINT8_MAX ? 4 : 3;
		uint8_t *p = buf_extend(b, header + a->len);

		p[0] = a->flags | (header == 4 ? ATTR_EXTENDED : 0);
		p[1] = a->type;
		if (header == 4)
			p[2] = (uint8_t)(a->len >> 8);
		p[header - 1] = (uint8_t)a->len;
		if (a->len)
			memcpy(p + header, a->value, a->len);
	}
}
