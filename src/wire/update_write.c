// Writing UPDATE messages. A writer packs keys that share one attribute set, and opens and closes
// messages as they fill up: MP_REACH_NLRI comes first (RFC 7606 5.1) and so grows in front of the
// attributes, which are added when the message is closed (tail); the classic form has them in
// front of its NLRI. Messages are whole when update_end returns, and never longer than max: what
// does not fit alone is counted and left out (RFC 4271 9.2, RFC 8654 4).
#include "wire/wire_private.h"

#include "attr/set.h"

#include <string.h>

#define NONE SIZE_MAX

// Octets of an MP attribute's header with the extended length that may turn out to be needed.
#define MP_HEADER 4

// --- attributes -----------------------------------------------------------------------------------

// RFC 6793 4.2.2: 2-byte numbers for an old speaker, and beside them the true ones where needed.
static void narrow(struct attrs *as, struct arena *scratch)
{
	const struct attr *path = attrs_find(as, ATTR_AS_PATH);
	const struct attr *aggregator = attrs_find(as, ATTR_AGGREGATOR);
	const uint8_t wide = ATTR_OPTIONAL | ATTR_TRANSITIVE;

	if (path) {
		bool needed;
		struct span plain = as_path_without_confed(scratch, path->value, path->len);
		struct span old = as_path_narrow(scratch, path->value, path->len, &needed);

		attrs_put(as, ATTR_AS_PATH, path->flags, old.p, old.len);
		if (needed)
			attrs_put(as, ATTR_AS4_PATH, wide, plain.p, plain.len);
	}
	if (aggregator && aggregator->len == 8) {
		const uint8_t *value = aggregator->value;
		bool needed = value[0] || value[1];
		uint8_t *old = arena_copy(scratch, value + 2, 6);

		if (needed) {
			old[0] = BGP_AS_TRANS >> 8;
			old[1] = BGP_AS_TRANS & 0xff;
		}
		attrs_put(as, ATTR_AGGREGATOR, aggregator->flags, old, 6);
		if (needed)
			attrs_put(as, ATTR_AS4_AGGREGATOR, wide, value, 8);
	}
}

void attributes_encode(struct buf *b, const struct attrs *as, bool as4, struct arena *scratch)
{
	struct attrs out = *as;

	attrs_drop(&out, ATTR_NEXT_HOP);
	if (!as4)
		narrow(&out, scratch);
	attrs_encode(b, &out);
}

// --- messages -------------------------------------------------------------------------------------

static bool is_classic(const struct update_writer *w)
{
	return w->classic && (w->withdraw || w->next_hop.len == 4);
}

void update_begin(struct update_writer *w, struct buf *b, const struct af *af, unsigned max,
		  bool classic)
{
	*w = (struct update_writer){.b = b,
				    .af = af,
				    .max = max,
				    .classic = classic && af->props & AF_CLASSIC,
				    .begin = NONE};
}

// Where NEXT_HOP belongs among the attributes: ascending order (RFC 4271 5).
static size_t next_hop_place(struct span attributes)
{
	size_t at = 0;

	while (at + 3 <= attributes.len && attributes.p[at + 1] < ATTR_NEXT_HOP) {
		const uint8_t *p = attributes.p + at;

		if (p[0] & ATTR_EXTENDED)
			at += at + 4 <= attributes.len ? 4u + (size_t)(p[2] << 8 | p[3]) : 4u;
		else
			at += 3u + p[2];
	}
	return at < attributes.len ? at : attributes.len;
}

static void open_classic(struct update_writer *w)
{
	struct buf *b = w->b;
	size_t place = next_hop_place(w->attributes);

	buf_u16(b, 0);
	buf_u16(b, (uint16_t)(w->attributes.len + 3 + w->next_hop.len));
	buf_put(b, w->attributes.p, place);
	buf_u8(b, ATTR_TRANSITIVE);
	buf_u8(b, ATTR_NEXT_HOP);
	buf_u8(b, (uint8_t)w->next_hop.len);
	buf_put(b, w->next_hop.p, w->next_hop.len);
	buf_put(b, w->attributes.p + place, w->attributes.len - place);
	w->tail = 0;
}

// The addresses of the next hop, each behind a distinguisher of zero where the family has it so
// (RFC 4364 4.3.2, RFC 4659 3.2.1).
static void put_next_hop(struct update_writer *w)
{
	static const uint8_t zero[NEXT_HOP_RD];
	size_t front = w->af->props & AF_NH_RD ? NEXT_HOP_RD : 0;
	size_t length_at = w->b->len, width = w->next_hop.len < 16 ? w->next_hop.len : 16;

	buf_u8(w->b, 0);
	for (size_t at = 0; at < w->next_hop.len; at += width) {
		buf_put(w->b, zero, front);
		buf_put(w->b, w->next_hop.p + at, width);
	}
	buf_set_u8(w->b, length_at, (uint8_t)(w->b->len - length_at - 1));
}

static void open_mp(struct update_writer *w)
{
	struct buf *b = w->b;

	buf_u16(b, 0);
	buf_u16(b, 0);
	w->length_at = b->len + 2;
	buf_u8(b, ATTR_OPTIONAL | ATTR_EXTENDED);
	buf_u8(b, w->withdraw ? ATTR_MP_UNREACH : ATTR_MP_REACH);
	buf_u16(b, 0);
	buf_u16(b, w->af->afi);
	buf_u8(b, w->af->safi);
	w->tail = 0;
	if (w->withdraw)
		return;
	put_next_hop(w);
	buf_u8(b, 0); // reserved
	w->tail = w->attributes.len;
}

static void open_message(struct update_writer *w)
{
	w->begin = w->b->len;
	message_begin(w->b, BGP_UPDATE);
	if (!is_classic(w)) {
		open_mp(w);
	} else if (w->withdraw) {
		w->length_at = w->b->len;
		buf_u16(w->b, 0);
		w->tail = 2;
	} else {
		open_classic(w);
	}
}

// Fills in the attribute's length; up to 255 the short form has to be used (RFC 4271 4.3).
static void close_mp(struct update_writer *w)
{
	struct buf *b = w->b;
	size_t value = w->length_at + 2, length = b->len - value;

	if (length > UINT8_MAX) {
		buf_set_u16(b, w->length_at, (uint16_t)length);
	} else {
		buf_set_u8(b, w->length_at - 2, ATTR_OPTIONAL);
		buf_set_u8(b, w->length_at, (uint8_t)length);
		memmove(b->data + value - 1, b->data + value, length + 1); // with buf's final zero
		b->len--;
	}
	if (!w->withdraw)
		buf_put(b, w->attributes.p, w->attributes.len);
	size_t total_at = w->begin + BGP_HEADER + 2;
	buf_set_u16(b, total_at, (uint16_t)(b->len - total_at - 2));
}

static void close_message(struct update_writer *w)
{
	if (w->begin == NONE)
		return;
	if (!is_classic(w)) {
		close_mp(w);
	} else if (w->withdraw) {
		buf_set_u16(w->b, w->length_at, (uint16_t)(w->b->len - w->length_at - 2));
		buf_u16(w->b, 0);
	}
	message_end(w->b, w->begin);
	w->begin = NONE;
	w->messages++;
}

static void abandon_message(struct update_writer *w)
{
	w->b->len = w->begin;
	w->b->data[w->begin] = 0;
	w->begin = NONE;
}

void update_set(struct update_writer *w, struct span attributes, struct span next_hop)
{
	close_message(w);
	w->attributes = attributes;
	w->next_hop = next_hop;
	w->withdraw = false;
}

void update_set_withdraw(struct update_writer *w)
{
	close_message(w);
	w->withdraw = true;
}

static bool fits(const struct update_writer *w, size_t size)
{
	return w->b->len - w->begin + w->tail + size <= w->max;
}

void update_key(struct update_writer *w, const struct af_key *key)
{
	size_t size = w->af->nlri_size(key);

	if (w->begin != NONE && !fits(w, size))
		close_message(w);
	if (w->begin == NONE) {
		open_message(w);
		if (!fits(w, size)) {
			abandon_message(w);
			w->too_long++;
			return;
		}
	}
	size_t at = w->b->len;
	w->af->nlri_put(w->b, key);
	if (w->af->props & AF_LABELED && w->withdraw)
		w->af->label_withdraw(w->b->data + at);
	else if (w->af->props & AF_LABELED)
		w->af->label_put(w->b->data + at, w->label);
	w->keys++;
}

void update_end(struct update_writer *w)
{
	close_message(w);
}

void end_of_rib_encode(struct buf *b, const struct af *af)
{
	size_t begin = b->len;

	message_begin(b, BGP_UPDATE);
	buf_u16(b, 0);
	if (af->props & AF_CLASSIC) {
		buf_u16(b, 0);
	} else {
		buf_u16(b, 6);
		buf_u8(b, ATTR_OPTIONAL);
		buf_u8(b, ATTR_MP_UNREACH);
		buf_u8(b, 3);
		buf_u16(b, af->afi);
		buf_u8(b, af->safi);
	}
	message_end(b, begin);
}
