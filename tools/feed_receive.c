// What a peer tells us: counted, checked for form, and held per prefix.
//
// An UPDATE is read in two steps. First its frame: withdrawn routes, attributes, prefixes, MP_REACH_NLRI
// and MP_UNREACH_NLRI are located and checked (RFC 4271 section 6.3 for lengths; a fault counts as
// malformed and drops the session). Then the prefixes are looked up, in small batches so that the
// look-ups' cache misses overlap. Attributes are interned once an UPDATE; with `light` only the
// watched communities are noted.
#include "feed_peer.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "feed_nlri.h"

enum { BATCH = 16 };

struct parts {
	struct cursor withdrawn, prefixes, reach, unreach;
	const uint8_t *attributes;
	size_t attributes_len;
	int reach_family, unreach_family; // -1: none, -2: a family that we do not know
	struct buf kept;                  // attributes with MP_REACH_NLRI made a NEXT_HOP
};

// Attributes as we hold them: MP_REACH_NLRI becomes a NEXT_HOP of its next hop, MP_UNREACH_NLRI goes.
static bool parts_attributes(struct parts *u, struct cursor c)
{
	while (cursor_left(&c)) {
		const uint8_t *start = c.p;
		uint8_t flags = cursor_u8(&c), type = cursor_u8(&c);
		struct cursor v = cursor_cut(&c, flags & 0x10 ? cursor_u16(&c) : cursor_u8(&c));
		if (c.error)
			return false;
		if (type != 14 && type != 15) {
			buf_put(&u->kept, start, (size_t)(c.p - start));
			continue;
		}
		unsigned afi = cursor_u16(&v), safi = cursor_u8(&v);
		int family = family_by_code(afi, safi);
		if (type == 14) {
			uint8_t n = cursor_u8(&v);
			const uint8_t *next_hop = cursor_take(&v, n);
			cursor_u8(&v);
			if (v.error)
				return false;
			buf_u8(&u->kept, 0x40);
			buf_u8(&u->kept, 3);
			buf_u8(&u->kept, n);
			buf_put(&u->kept, next_hop, n);
			u->reach = v;
			u->reach_family = family < 0 ? -2 : family;
		} else {
			if (v.error)
				return false;
			u->unreach = v;
			u->unreach_family = family < 0 ? -2 : family;
		}
	}
	return true;
}

static bool parts_read(struct parts *u, const uint8_t *body, size_t n)
{
	struct cursor c = cursor_of(body, n);
	u->reach_family = u->unreach_family = -1;
	u->withdrawn = cursor_cut(&c, cursor_u16(&c));
	struct cursor attributes = cursor_cut(&c, cursor_u16(&c));
	u->prefixes = c;
	u->attributes = attributes.p;
	u->attributes_len = cursor_left(&attributes);
	if (c.error)
		return false;
	// The common UPDATE, with classic prefixes only, is held as it came.
	size_t skip;
	if (!attribute_find(u->attributes, u->attributes_len, 14, &skip) &&
	    !attribute_find(u->attributes, u->attributes_len, 15, &skip))
		return true;
	if (!parts_attributes(u, attributes))
		return false;
	u->attributes = u->kept.data;
	u->attributes_len = u->kept.len;
	return true;
}

static struct held *holding_at(struct holding *h, uint32_t id)
{
	if (id >= h->size) {
		uint32_t size = h->size ? h->size : 1024;
		while (size <= id)
			size *= 2;
		h->item = mem_resize(h->item, size * sizeof(*h->item));
		memset(h->item + h->size, 0, (size - h->size) * sizeof(*h->item));
		h->size = size;
	}
	return &h->item[id];
}

static void marks_count(struct holding *h, uint8_t marks, uint64_t by)
{
	for (; marks; marks &= (uint8_t)(marks - 1))
		h->with_mark[__builtin_ctz(marks)] += by;
}

static void held_remove(struct holding *h, struct held *e)
{
	if (!e->attr)
		return;
	e->attr = 0;
	h->count--;
	marks_count(h, e->marks, UINT64_MAX);
	e->marks = 0;
}

struct announcement {
	uint32_t attr;
	uint8_t marks;
	bool whole; // attributes are held, so equal content can be told
};

static void held_announce(struct peer *p, struct holding *h, struct held *e,
			  const struct announcement *a)
{
	h->seen_count += e->seen < h->mark_epoch;
	e->seen = p->feed->epoch & 0xffffff;
	if (!e->attr)
		h->count++;
	else if (a->whole && e->attr == a->attr)
		p->received.repeated++;
	e->attr = a->attr;
	if (e->marks != a->marks) {
		marks_count(h, e->marks, UINT64_MAX);
		marks_count(h, a->marks, 1);
		e->marks = a->marks;
	}
}

// The sequence number of a probe stands in a community 64998:n.
static void probe_read(struct feed *f, const struct parts *u)
{
	size_t len;
	const uint8_t *c = attribute_find(u->attributes, u->attributes_len, 8, &len);
	for (size_t i = 0; c && i + 4 <= len; i += 4)
		if ((c[i] << 8 | c[i + 1]) == 64998)
			probe_arrived(f, (uint32_t)(c[i + 2] << 8 | c[i + 3]));
}

// All prefixes behind the cursor: announced with *a, or withdrawn when a is NULL.
static bool prefixes_apply(struct peer *p, int family, struct cursor c,
			   const struct announcement *a, const struct parts *u)
{
	struct holding *h = &p->holding[family];
	struct dict *d = &p->feed->tables[family].dict;
	while (cursor_left(&c)) {
		struct prefix prefix[BATCH];
		uint64_t hash[BATCH];
		unsigned n = 0;
		for (; n < BATCH && cursor_left(&c); n++) {
			if (!nlri_next(&c, family, &p->feed->blobs, &prefix[n]))
				return false;
			hash[n] = prefix_hash(&prefix[n]);
			dict_prefetch(d, hash[n]);
		}
		for (unsigned i = 0; i < n; i++) {
			if (hash[i] == p->feed->probe_hash) {
				if (a)
					probe_read(p->feed, u);
				continue;
			}
			struct held *e = holding_at(h, dict_add(d, &prefix[i], hash[i]));
			if (a)
				held_announce(p, h, e, a);
			else
				held_remove(h, e);
			p->received.announced += a != NULL;
			p->received.withdrawn += a == NULL;
			p->last_update = p->feed->now;
		}
	}
	return true;
}

static bool parts_apply(struct peer *p, struct parts *u)
{
	struct feed *f = p->feed;
	struct announcement a = {.attr = 1, .whole = !p->o.light};
	bool good = true, announces = cursor_left(&u->prefixes) || u->reach_family >= 0;
	if (announces && p->o.light) {
		a.marks = blob_marks(&f->blobs, u->attributes, u->attributes_len);
	} else if (announces) {
		a.attr = blob_add(&f->blobs, u->attributes, u->attributes_len);
		a.marks = f->blobs.item[a.attr].marks;
	}
	if (cursor_left(&u->withdrawn))
		good &= prefixes_apply(p, 0, u->withdrawn, NULL, u);
	if (u->unreach_family >= 0)
		good &= prefixes_apply(p, u->unreach_family, u->unreach, NULL, u);
	if (cursor_left(&u->prefixes))
		good &= prefixes_apply(p, 0, u->prefixes, &a, u);
	if (u->reach_family >= 0)
		good &= prefixes_apply(p, u->reach_family, u->reach, &a, u);
	return good;
}

bool receive_update(struct peer *p, const uint8_t *body, size_t n)
{
	struct parts u = {0};
	bool good = parts_read(&u, body, n);
	bool classic_empty = n == 4 && good;
	bool mp_empty = good && u.unreach_family >= 0 && !cursor_left(&u.unreach) &&
			u.reach_family == -1 && u.attributes_len == 0 && !cursor_left(&u.prefixes);
	p->received.updates++;
	if (classic_empty || mp_empty) {
		p->received.end_of_rib++;
	} else if (good) {
		uint64_t before = p->last_update;
		p->last_update = 0;
		good = parts_apply(p, &u);
		if (p->last_update)
			p->update_trace++;
		else
			p->last_update = before;
		if (!p->first_update)
			p->first_update = p->last_update;
	}
	buf_free(&u.kept);
	if (!good)
		p->received.malformed++;
	return good;
}

static uint32_t epoch_next(struct feed *f)
{
	f->epoch = (f->epoch + 1) & 0xffffff;
	if (!f->epoch)
		f->epoch = 1;
	return f->epoch;
}

void holding_mark(struct holding *h, struct feed *f)
{
	h->mark_epoch = epoch_next(f);
	h->seen_count = 0;
}

// RFC 7313 section 4: what was not sent again between BoRR and EoRR is gone.
static void refresh_sweep(struct peer *p, int family)
{
	struct holding *h = &p->holding[family];
	if (!h->sweep_epoch)
		return;
	for (uint32_t id = 0; id < h->size; id++)
		if (h->item[id].attr && h->item[id].seen < h->sweep_epoch) {
			held_remove(h, &h->item[id]);
			p->received.swept++;
		}
	h->sweep_epoch = 0;
}

void receive_refresh(struct peer *p, const uint8_t *body, size_t n)
{
	struct cursor c = cursor_of(body, n);
	unsigned afi = cursor_u16(&c), subtype = cursor_u8(&c), safi = cursor_u8(&c);
	int family = family_by_code(afi, safi);
	if (c.error || family < 0 || !(p->families & 1u << family))
		return;
	if (subtype == REFRESH_PLAIN || !p->enhanced) {
		p->received.refreshes++;
		p->received.refreshes_by_family[family]++;
		sender_pass(p, family, true);
	} else if (subtype == REFRESH_BORR) {
		p->received.borr++;
		p->holding[family].sweep_epoch = epoch_next(p->feed);
	} else if (subtype == REFRESH_EORR) {
		p->received.eorr++;
		refresh_sweep(p, family);
	}
}

void receive_closed(struct peer *p)
{
	for (int f = 0; f < FEED_FAMILIES; f++) {
		struct holding *h = &p->holding[f];
		if (h->size)
			memset(h->item, 0, h->size * sizeof(*h->item));
		*h = (struct holding){.item = h->item, .size = h->size};
	}
}
