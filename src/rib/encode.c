// The encoder: sorts a window's destinations into buckets of one set (and one member that must not
// see them), writes a run of UPDATE messages for each bucket, announcements before withdrawals, and
// notes which stretches of bytes are not for whom (rib/encode.h). All memory is scratch that stays
// with the rib; only the parcel leaves.
//
// RFC 4271 9.2: what does not fit in a message is not sent, and withdrawn if it had been. RFC 8654
// section 4. RFC 4271 5.1.3: a route is not told to the peer that is its next hop.
#include "rib/encode.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "rib/group.h"
#include "wire/wire.h"

void encoder_init(struct encoder *e)
{
	*e = (struct encoder){0};
	arena_init(&e->arena, 8192);
}

void encoder_free(struct encoder *e)
{
	mem_free(e->items);
	mem_free(e->buckets);
	mem_free(e->index);
	mem_free(e->stretches);
	buf_free(&e->out);
	buf_free(&e->attributes);
	arena_free(&e->arena);
}

void encoder_add(struct encoder *e, uint32_t destination, uint32_t attr, uint16_t tag)
{
	if (e->count == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 256;
		e->items = mem_resize(e->items, e->cap * sizeof(*e->items));
	}
	e->items[e->count++] =
		(struct window_item){.destination = destination, .attr = attr, .tag = tag};
}

// --- buckets --------------------------------------------------------------------------------------
// Sets of a labeled family that differ in the label alone go together: it stands in the NLRI.
static bool goes_with(const struct encoder *e, uint32_t a, uint32_t b)
{
	if (a == b || !a || !b || !e->labeled)
		return a == b;
	const struct attr_set *x = attr_at(e->labeled, a), *y = attr_at(e->labeled, b);
	return x->len == y->len && !memcmp(x->bytes, y->bytes, x->len);
}

static uint64_t bucket_hash(const struct encoder *e, uint32_t attr, uint16_t tag)
{
	if (attr && e->labeled) {
		const struct attr_set *set = attr_at(e->labeled, attr);
		return hash_more(tag, set->bytes, set->len);
	}
	return hash_number((uint64_t)tag << 32 | attr);
}

static uint32_t *bucket_slot(struct encoder *e, uint32_t attr, uint16_t tag)
{
	uint32_t mask = e->index_cap - 1;
	uint32_t at = (uint32_t)bucket_hash(e, attr, tag) & mask;

	for (; e->index[at]; at = (at + 1) & mask) {
		const struct window_bucket *b = &e->buckets[e->index[at] - 1];
		if (goes_with(e, b->attr, attr) && b->tag == tag)
			break;
	}
	return &e->index[at];
}

static uint32_t bucket_new(struct encoder *e, uint32_t attr, uint16_t tag)
{
	if (e->bucket_count == e->bucket_cap) {
		e->bucket_cap = e->bucket_cap ? e->bucket_cap * 2 : 64;
		e->buckets = mem_resize(e->buckets, e->bucket_cap * sizeof(*e->buckets));
	}
	e->buckets[e->bucket_count] = (struct window_bucket){
		.attr = attr, .tag = tag, .head = UINT32_MAX, .tail = UINT32_MAX};
	return e->bucket_count++;
}

// Room for a bucket an item and, when nothing fits in a message, one more for its withdrawal.
static void index_clear(struct encoder *e)
{
	uint32_t cap = 64;

	while (cap < e->count * 4)
		cap *= 2;
	if (cap > e->index_room) {
		mem_free(e->index);
		e->index = mem_alloc(cap * sizeof(*e->index));
		e->index_room = cap;
	}
	e->index_cap = cap;
	memset(e->index, 0, cap * sizeof(*e->index));
}

static void bucket_append(struct encoder *e, uint32_t bucket, uint32_t item)
{
	struct window_bucket *b = &e->buckets[bucket];

	e->items[item].next = UINT32_MAX;
	if (b->tail == UINT32_MAX)
		b->head = item;
	else
		e->items[b->tail].next = item;
	b->tail = item;
}

static void fill_buckets(struct encoder *e)
{
	uint32_t last = UINT32_MAX;

	index_clear(e);
	e->bucket_count = 0;
	for (uint32_t i = 0; i < e->count; i++) {
		const struct window_item *w = &e->items[i];
		if (last == UINT32_MAX || e->buckets[last].attr != w->attr ||
		    e->buckets[last].tag != w->tag) {
			uint32_t *slot = bucket_slot(e, w->attr, w->tag);
			if (!*slot)
				*slot = bucket_new(e, w->attr, w->tag) + 1;
			last = *slot - 1;
		}
		bucket_append(e, last, i);
	}
}

// --- messages -------------------------------------------------------------------------------------
struct writing {
	struct encoder *e;
	struct update_group *g;
	struct update_writer w;
	struct parcel *parcel;
	bool stretches; // needed
};

static void stretch_add(struct writing *x, struct stretch s)
{
	struct encoder *e = x->e;
	struct stretch *last = e->stretch_count ? &e->stretches[e->stretch_count - 1] : NULL;

	if (last && last->peer == s.peer && last->to == s.from) {
		last->to = s.to;
		last->updates += s.updates;
		last->announced += s.announced;
		last->withdrawn += s.withdrawn;
		return;
	}
	if (e->stretch_count == e->stretch_cap) {
		e->stretch_cap = e->stretch_cap ? e->stretch_cap * 2 : 64;
		e->stretches = mem_resize(e->stretches, e->stretch_cap * sizeof(*e->stretches));
	}
	e->stretches[e->stretch_count++] = s;
}

static const struct af_key *item_key(const struct writing *x, const struct window_item *i)
{
	return destination_key(table_at(&x->g->family->table, i->destination));
}

static void write_keys(struct writing *x, const struct window_bucket *b)
{
	for (uint32_t i = b->head; i != UINT32_MAX; i = x->e->items[i].next) {
		const struct window_item *item = &x->e->items[i];
		if (x->e->labeled && b->attr)
			x->w.label = attr_at(x->e->labeled, item->attr)->local.label;
		update_key(&x->w, item_key(x, item));
	}
}

// The set's bytes without NEXT_HOP, which has its own place.
static struct span wire_attributes(struct writing *x, const struct attr_set *set)
{
	struct buf *b = &x->e->attributes;
	uint32_t behind = set->nexthop_at + set->nexthop_size;

	buf_clear(b);
	if (x->g->key.as4) {
		buf_put(b, set->bytes, set->nexthop_at);
		buf_put(b, set->bytes + behind, set->len - behind);
	} else {
		struct attrs open;
		attr_open(set, &open);
		arena_reset(&x->e->arena);
		attributes_encode(b, &open, false, &x->e->arena);
	}
	return (struct span){.p = b->data, .len = b->len};
}

// Lengths, MP_REACH_NLRI, next hop with its distinguishers.
static size_t message_frame(const struct update_group *g)
{
	return BGP_HEADER + 4 + 4 + 5 + 32 + (g->family->af->props & AF_NH_RD ? 16 : 0);
}

bool encoder_fits(struct encoder *e, struct update_group *g, const struct attr_set *set,
		  const struct af_key *key)
{
	struct writing x = {.e = e, .g = g};

	return message_frame(g) + wire_attributes(&x, set).len + g->family->af->nlri_size(key) <=
	       g->key.max_message;
}

// Keys that fit in no message with these attributes go to the end: there they are withdrawn.
static void drop_too_long(struct writing *x, struct window_bucket *b, size_t attributes)
{
	const size_t frame = message_frame(x->g);
	struct window_bucket fitting = {.head = UINT32_MAX, .tail = UINT32_MAX};
	struct encoder *e = x->e;

	if (frame + attributes + AF_KEY_MAX <= x->g->key.max_message)
		return;
	uint32_t place = (uint32_t)(b - e->buckets);
	uint32_t *slot = bucket_slot(e, 0, b->tag);
	if (!*slot)
		*slot = bucket_new(e, 0, b->tag) + 1;
	uint32_t gone = *slot - 1, next;
	for (uint32_t i = e->buckets[place].head; i != UINT32_MAX; i = next) {
		unsigned size = x->g->family->af->nlri_size(item_key(x, &e->items[i]));
		next = e->items[i].next;
		if (frame + attributes + size > x->g->key.max_message) {
			bucket_append(e, gone, i);
			continue;
		}
		if (fitting.tail == UINT32_MAX)
			fitting.head = i;
		else
			e->items[fitting.tail].next = i;
		fitting.tail = i;
		e->items[i].next = UINT32_MAX;
	}
	e->buckets[place].head = fitting.head;
	e->buckets[place].tail = fitting.tail;
}

static void note_stretches(struct writing *x, uint16_t tag, uint16_t near, struct stretch s)
{
	if (!x->stretches || s.from == s.to)
		return;
	if (tag != RIB_NO_PEER) {
		s.peer = tag;
		stretch_add(x, s);
	}
	if (near != RIB_NO_PEER && near != tag) {
		s.peer = near;
		stretch_add(x, s);
	}
}

static void write_bucket(struct writing *x, uint32_t bucket)
{
	struct update_writer *w = &x->w;
	struct stretch s = {
		.from = (uint32_t)w->b->len, .updates = w->messages, .announced = w->keys};
	uint32_t attr = x->e->buckets[bucket].attr;
	uint16_t near = RIB_NO_PEER;

	if (attr) {
		const struct attr_set *set = attr_at(&x->g->family->attrs, attr);
		struct span a = wire_attributes(x, set), hop = {0};

		if (set->nexthop_size > 3)
			hop = (struct span){.p = set->bytes + set->nexthop_at + 3,
					    .len = set->nexthop_size - 3u};
		drop_too_long(x, &x->e->buckets[bucket], a.len);
		if (x->stretches)
			near = group_next_hop_member(x->g, attr);
		update_set(w, a, hop);
	} else {
		update_set_withdraw(w);
	}
	write_keys(x, &x->e->buckets[bucket]);
	update_end(w);
	s.to = (uint32_t)w->b->len;
	s.updates = w->messages - s.updates;
	uint32_t keys = w->keys - s.announced;
	s.announced = attr ? keys : 0;
	s.withdrawn = attr ? 0 : keys;
	x->parcel->announced += s.announced;
	x->parcel->withdrawn += s.withdrawn;
	note_stretches(x, x->e->buckets[bucket].tag, near, s);
}

void encoder_finish(struct encoder *e, struct update_group *g, const struct member *only,
		    struct parcel *ret)
{
	struct writing x = {.e = e, .g = g, .parcel = ret, .stretches = !only};

	*ret = (struct parcel){0};
	if (!e->count)
		return;
	e->labeled = g->family->af->props & AF_LABELED ? &g->family->attrs : NULL;
	fill_buckets(e);
	buf_clear(&e->out);
	e->stretch_count = 0;
	update_begin(&x.w, &e->out, g->family->af, g->key.max_message, true);
	for (uint32_t i = 0; i < e->bucket_count; i++)
		if (e->buckets[i].attr)
			write_bucket(&x, i);
	for (uint32_t i = 0; i < e->bucket_count; i++)
		if (!e->buckets[i].attr)
			write_bucket(&x, i);
	ret->updates = x.w.messages;
	group_learn_size(g, e->count, e->out.len);
	if (e->out.len)
		ret->chunk = rib_chunk_new(e->out.data, e->out.len);
	if (e->stretch_count) {
		ret->stretches = mem_copy(e->stretches, e->stretch_count * sizeof(*e->stretches));
		ret->stretch_count = e->stretch_count;
	}
	e->count = 0;
}

void parcel_clear(struct parcel *p)
{
	rib_chunk_unref(p->chunk);
	mem_free(p->stretches);
	*p = (struct parcel){0};
}
