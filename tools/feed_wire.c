// BGP messages as bgpfeed writes them. See feed_wire.h.
//
// An UPDATE is built in three parts: the attributes of the set, made once (attributes_put); the place
// where prefixes go, behind them or inside MP_REACH_NLRI, which then stands first (RFC 7606 section
// 5.1); and the prefixes, until the message is full.
#include "feed_wire.h"

#include <string.h>

#include "base/hash.h"
#include "feed_nlri.h"

static size_t message_begin(struct buf *b, uint8_t type)
{
	size_t at = b->len;
	memset(buf_extend(b, 16), 0xff, 16);
	buf_u16(b, 0);
	buf_u8(b, type);
	return at;
}

static void message_end(struct buf *b, size_t at)
{
	buf_set_u16(b, at + 16, (uint16_t)(b->len - at));
}

static void capability(struct buf *b, uint8_t code, const void *p, uint8_t n)
{
	buf_u8(b, code);
	buf_u8(b, n);
	buf_put(b, p, n);
}

void wire_open(struct buf *b, const struct wire_open *o)
{
	size_t at = message_begin(b, MSG_OPEN);
	buf_u8(b, 4);
	buf_u16(b, o->as > 65535 ? AS_TRANS : (uint16_t)o->as);
	buf_u16(b, o->hold);
	buf_put(b, &o->router_id, 4);
	size_t length = b->len;
	buf_u8(b, 0);
	if (o->capabilities) {
		buf_u8(b, 2);
		buf_u8(b, 0);
		for (int f = 0; f < FEED_FAMILIES; f++) {
			const uint8_t mp[4] = {0, (uint8_t)feed_families[f].afi, 0,
					       feed_families[f].safi};
			if (o->families & 1u << f)
				capability(b, 1, mp, 4);
		}
		if (o->refresh)
			capability(b, 2, NULL, 0);
		if (o->enhanced)
			capability(b, 70, NULL, 0);
		if (o->extended)
			capability(b, 6, NULL, 0);
		if (o->as4) {
			buf_u8(b, 65);
			buf_u8(b, 4);
			buf_u32(b, o->as);
		}
		buf_set_u8(b, length + 2, (uint8_t)(b->len - length - 3));
		buf_set_u8(b, length, (uint8_t)(b->len - length - 1));
	}
	message_end(b, at);
}

void wire_keepalive(struct buf *b)
{
	message_end(b, message_begin(b, MSG_KEEPALIVE));
}

void wire_notification(struct buf *b, uint8_t code, uint8_t subcode, const void *data, size_t n)
{
	size_t at = message_begin(b, MSG_NOTIFICATION);
	buf_u8(b, code);
	buf_u8(b, subcode);
	buf_put(b, data, n);
	message_end(b, at);
}

void wire_refresh(struct buf *b, int family, uint8_t subtype)
{
	size_t at = message_begin(b, MSG_REFRESH);
	buf_u16(b, feed_families[family].afi);
	buf_u8(b, subtype);
	buf_u8(b, feed_families[family].safi);
	message_end(b, at);
}

void wire_end_of_rib(struct buf *b, int family)
{
	size_t at = message_begin(b, MSG_UPDATE);
	buf_u16(b, 0);
	if (family == 0) { // RFC 4724 section 2: for IPv4 unicast, an empty UPDATE
		buf_u16(b, 0);
	} else {
		buf_u16(b, 6);
		buf_put(b, "\x80\x0f\x03", 3);
		buf_u16(b, feed_families[family].afi);
		buf_u8(b, feed_families[family].safi);
	}
	message_end(b, at);
}

// --- attributes ---------------------------------------------------------------------------------

static void attribute(struct buf *b, uint8_t flags, uint8_t type, const uint8_t *p, size_t n)
{
	buf_u8(b, n > 255 ? flags | 0x10 : flags);
	buf_u8(b, type);
	if (n > 255)
		buf_u16(b, (uint16_t)n);
	else
		buf_u8(b, (uint8_t)n);
	buf_put(b, p, n);
}

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Puts `times` times the peer's AS in front: into the first segment if it is a sequence with room.
static void path_prepend(struct buf *out, const uint8_t *p, size_t n, uint32_t as, unsigned times)
{
	bool join = n >= 2 && p[0] == 2 && p[1] + times <= 255;
	if (times) {
		buf_u8(out, 2);
		buf_u8(out, (uint8_t)(times + (join ? p[1] : 0)));
		for (unsigned i = 0; i < times; i++)
			buf_u32(out, as);
	}
	size_t from = join && times ? 2 : 0;
	if (n > from)
		buf_put(out, p + from, n - from);
}

// RFC 6793 section 4.2.2: toward an old speaker AS_PATH has 2-byte numbers with AS_TRANS where they
// do not fit; the true path then follows as AS4_PATH.
static bool path_narrow(struct buf *out, const uint8_t *p, size_t n)
{
	bool wide = false;
	for (const uint8_t *end = p + n; end - p >= 2;) {
		unsigned count = p[1];
		buf_put(out, p, 2);
		p += 2;
		for (; count && end - p >= 4; count--, p += 4) {
			uint32_t as = u32_at(p);
			wide |= as > 65535;
			buf_u16(out, as > 65535 ? AS_TRANS : (uint16_t)as);
		}
	}
	return wide;
}

static void path_put(struct buf *b, const struct wire_style *s, const struct wire_set *set,
		     const uint8_t *p, size_t n, struct buf *as4_path)
{
	struct buf path = {0};
	unsigned times = s->ibgp ? 0 : 1;
	if (s->variant && !s->ibgp)
		times += (unsigned)(hash_number(set->salt * 64 + s->variant) % 3);
	path_prepend(&path, p, n, s->as, set->verbatim ? 0 : times);
	if (s->as4) {
		attribute(b, 0x40, 2, path.data, path.len);
	} else {
		struct buf narrow = {0};
		if (path_narrow(&narrow, path.data, path.len))
			buf_put(as4_path, path.data, path.len);
		attribute(b, 0x40, 2, narrow.data, narrow.len);
		buf_free(&narrow);
	}
	buf_free(&path);
}

static void aggregator_put(struct buf *b, const struct wire_style *s, uint8_t flags,
			   const uint8_t *p, size_t n, const uint8_t **as4_aggregator)
{
	uint8_t old[6];
	if (s->as4 || n != 8) {
		attribute(b, flags, 7, p, n);
		return;
	}
	uint32_t as = u32_at(p);
	uint16_t narrow = as > 65535 ? AS_TRANS : (uint16_t)as;
	old[0] = (uint8_t)(narrow >> 8);
	old[1] = (uint8_t)narrow;
	memcpy(old + 2, p + 4, 4);
	attribute(b, flags, 7, old, 6);
	if (as > 65535)
		*as4_aggregator = p;
}

// The set's attributes in this peer's words. next_hop4 NULL: the next hop stands in MP_REACH_NLRI.
static void attributes_put(struct buf *b, const struct wire_style *s, const struct wire_set *set,
			   const uint8_t *next_hop4)
{
	struct buf as4_path = {0};
	const uint8_t *as4_aggregator = NULL, *p = set->attributes, *end = p + set->len;
	bool preferred = !s->ibgp || set->verbatim;
	while (end - p >= 3) {
		size_t head = p[0] & 0x10 ? 4 : 3;
		size_t n = head == 4 ? (size_t)(p[2] << 8 | p[3]) : p[2];
		uint8_t flags = p[0], type = p[1];
		const uint8_t *v = p + head;
		p = v + n;
		if (next_hop4 && type > 3) {
			attribute(b, 0x40, 3, next_hop4, 4);
			next_hop4 = NULL;
		}
		if (!preferred && type > 5) {
			attribute(b, 0x40, 5, (const uint8_t *)"\0\0\0\x64", 4);
			preferred = true;
		}
		if (type == 2)
			path_put(b, s, set, v, n, &as4_path);
		else if (type == 7)
			aggregator_put(b, s, flags, v, n, &as4_aggregator);
		else if (type != 3)
			buf_put(b, v - head, n + head);
	}
	if (next_hop4)
		attribute(b, 0x40, 3, next_hop4, 4);
	if (!preferred)
		attribute(b, 0x40, 5, (const uint8_t *)"\0\0\0\x64", 4);
	if (as4_path.len)
		attribute(b, 0xc0, 17, as4_path.data, as4_path.len);
	if (as4_aggregator)
		attribute(b, 0xc0, 18, as4_aggregator, 8);
	buf_free(&as4_path);
}

// --- prefixes -----------------------------------------------------------------------------------

struct put {
	const struct blobs *blobs;
	int family;
	bool withdraw;
};

// Appends prefixes from *at on while the message stays within max.
static void prefixes_put(struct buf *b, size_t limit, const struct put *put,
			 const struct wire_prefixes *x, uint32_t *at)
{
	for (; *at < x->count; ++*at) {
		const struct prefix *p = &x->item[*at];
		if (x->skip && x->skip[*at])
			continue;
		if (b->len + nlri_size(put->family, put->blobs, p) > limit)
			return;
		nlri_put(b, put->family, put->blobs, p, put->withdraw);
	}
}

// MP_REACH_NLRI up to its prefixes; returns where its length stands.
static size_t reach_begin(struct buf *b, int family, const uint8_t *next_hop, uint8_t next_hop_len)
{
	buf_put(b, "\x90\x0e", 2);
	size_t at = b->len;
	buf_u16(b, 0);
	buf_u16(b, feed_families[family].afi);
	buf_u8(b, feed_families[family].safi);
	buf_u8(b, next_hop_len);
	buf_put(b, next_hop, next_hop_len);
	buf_u8(b, 0);
	return at;
}

static bool any_left(const struct wire_prefixes *x, uint32_t at)
{
	while (at < x->count && x->skip && x->skip[at])
		at++;
	return at < x->count;
}

unsigned wire_announce(struct buf *b, const struct wire_style *s, int family,
		       const struct wire_set *set, struct wire_prefixes prefixes)
{
	struct buf attributes = {0};
	size_t n = 0;
	const uint8_t *own =
		set->verbatim ? attribute_find(set->attributes, set->len, 3, &n) : NULL;
	const struct put put = {.blobs = s->blobs, .family = family};
	bool v6 = feed_families[family].bytes == 16 && feed_families[family].kind != NLRI_TYPED;
	const uint8_t *next_hop = own ? own : v6 ? s->next_hop6 : s->next_hop4;
	uint8_t next_hop_len = (uint8_t)(own ? n : v6 ? 16 : 4), with_rd[24] = {0};
	bool mp = family != 0 || next_hop_len != 4;
	if (feed_families[family].kind == NLRI_VPN && next_hop_len <= 16) {
		memcpy(with_rd + 8, next_hop,
		       next_hop_len); // RFC 4364 4.3.2: a distinguisher of zero
		next_hop = with_rd;
		next_hop_len = (uint8_t)(next_hop_len + 8);
	}
	unsigned updates = 0;
	attributes_put(&attributes, s, set, mp ? NULL : next_hop);
	if (attributes.len + 160 > s->max)
		prefixes.count = 0;
	for (uint32_t at = 0; any_left(&prefixes, at);) {
		size_t start = message_begin(b, MSG_UPDATE), length = 0, limit = start + s->max;
		uint32_t before = at;
		buf_u16(b, 0);
		size_t total = b->len;
		buf_u16(b, 0);
		if (mp) {
			length = reach_begin(b, family, next_hop, next_hop_len);
			prefixes_put(b, limit - attributes.len, &put, &prefixes, &at);
			buf_set_u16(b, length, (uint16_t)(b->len - length - 2));
		}
		buf_put(b, attributes.data, attributes.len);
		buf_set_u16(b, total, (uint16_t)(b->len - total - 2));
		if (!mp)
			prefixes_put(b, limit, &put, &prefixes, &at);
		message_end(b, start);
		updates++;
		if (at == before) { // too long for even one prefix
			b->len = start;
			updates--;
			break;
		}
	}
	buf_free(&attributes);
	return updates;
}

unsigned wire_withdraw(struct buf *b, const struct wire_style *s, int family,
		       const struct prefix *prefixes, uint32_t count)
{
	const struct wire_prefixes all = {.item = prefixes, .count = count};
	const struct put put = {.blobs = s->blobs, .family = family, .withdraw = true};
	unsigned updates = 0;
	for (uint32_t at = 0; at < count; updates++) {
		size_t start = message_begin(b, MSG_UPDATE), length = b->len;
		size_t limit = start + (s->max < 60000 ? s->max : 60000);
		buf_u16(b, 0);
		if (family == 0) {
			prefixes_put(b, limit - 2, &put, &all, &at);
			buf_set_u16(b, length, (uint16_t)(b->len - length - 2));
			buf_u16(b, 0);
		} else {
			length = b->len;
			buf_u16(b, 0);
			buf_put(b, "\x90\x0f\0\0", 4);
			buf_u16(b, feed_families[family].afi);
			buf_u8(b, feed_families[family].safi);
			prefixes_put(b, limit, &put, &all, &at);
			buf_set_u16(b, length, (uint16_t)(b->len - length - 2));
			buf_set_u16(b, length + 4, (uint16_t)(b->len - length - 6));
		}
		message_end(b, start);
	}
	return updates;
}
