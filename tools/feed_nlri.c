// NLRI of all families, in bytes and in text. See feed_nlri.h. RFC 4271 4.3, 4364 4.3.4, 4684 4, 6514 4.
#include "feed_nlri.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VPN_BITS = 88 }; // of label and distinguisher, counted in an NLRI's length

static unsigned bytes_of(unsigned bits)
{
	return (bits + 7) / 8;
}

static uint32_t blob_number(const struct prefix *p)
{
	uint32_t n;

	memcpy(&n, p->b, sizeof(n));
	return n;
}

static void blob_prefix(struct blobs *blobs, const uint8_t *nlri, size_t n, struct prefix *ret)
{
	uint32_t id = blob_add(blobs, nlri, n);

	*ret = (struct prefix){.len = nlri[0]};
	memcpy(ret->b, &id, sizeof(id));
}

// --- bytes ----------------------------------------------------------------------------------------
static bool typed_next(struct cursor *c, struct blobs *blobs, struct prefix *ret)
{
	const uint8_t *start = c->p;

	cursor_u8(c);
	cursor_take(c, cursor_u8(c));
	if (c->error)
		return false;
	blob_prefix(blobs, start, (size_t)(c->p - start), ret);
	return true;
}

bool nlri_next(struct cursor *c, int family, struct blobs *blobs, struct prefix *ret)
{
	const struct feed_family *f = &feed_families[family];
	unsigned bits;

	if (f->kind == NLRI_TYPED)
		return typed_next(c, blobs, ret);
	*ret = (struct prefix){.len = 0};
	bits = cursor_u8(c);
	if (f->kind == NLRI_VPN) {
		cursor_take(c, 3);
		const uint8_t *rd = cursor_take(c, 8);
		if (!rd || bits < VPN_BITS)
			return false;
		memcpy(ret->rd, rd, 8);
		bits -= VPN_BITS;
	}
	if (bits > f->bytes * 8u || (f->kind == NLRI_TARGET && bits && bits < 32))
		return false;
	const uint8_t *b = cursor_take(c, bytes_of(bits));
	if (!b)
		return false;
	memcpy(ret->b, b, bytes_of(bits));
	if (bits % 8)
		ret->b[bits / 8] &= (uint8_t)(0xff00 >> bits % 8);
	ret->len = (uint8_t)bits;
	return true;
}

size_t nlri_size(int family, const struct blobs *blobs, const struct prefix *p)
{
	size_t n;

	switch (feed_families[family].kind) {
	case NLRI_TYPED:
		blob_get(blobs, blob_number(p), &n);
		return n;
	case NLRI_VPN:
		return 12 + bytes_of(p->len);
	default:
		return 1 + bytes_of(p->len);
	}
}

static uint32_t label_of(const struct prefix *p)
{
	return 16 + ((uint32_t)p->rd[5] << 16 | (uint32_t)p->rd[6] << 8 | p->rd[7]) % 1000000;
}

void nlri_put(struct buf *b, int family, const struct blobs *blobs, const struct prefix *p,
	      bool withdraw)
{
	enum nlri_kind kind = feed_families[family].kind;
	size_t n;

	if (kind == NLRI_TYPED) {
		const uint8_t *nlri = blob_get(blobs, blob_number(p), &n);
		buf_put(b, nlri, n);
		return;
	}
	buf_u8(b, (uint8_t)(p->len + (kind == NLRI_VPN ? VPN_BITS : 0)));
	if (kind == NLRI_VPN) {
		uint32_t label = withdraw ? 0x800000 : label_of(p) << 4 | 1;
		buf_u8(b, (uint8_t)(label >> 16));
		buf_u16(b, (uint16_t)label);
		buf_put(b, p->rd, 8);
	}
	buf_put(b, p->b, bytes_of(p->len));
}

// --- text -----------------------------------------------------------------------------------------
bool target_parse(const char *text, uint8_t sub_type, uint8_t ret[8])
{
	const char *colon = strrchr(text, ':');
	char head[32], *end;
	struct in_addr a;

	if (!colon || (size_t)(colon - text) >= sizeof(head))
		return false;
	memcpy(head, text, (size_t)(colon - text));
	head[colon - text] = 0;
	unsigned long number = strtoul(colon + 1, &end, 10), as = strtoul(head, NULL, 10);
	if (end == colon + 1)
		return false;
	bool address = inet_pton(AF_INET, head, &a) == 1, narrow = !address && as < 65536;
	uint32_t top = address ? ntohl(a.s_addr) : (uint32_t)as;
	ret[0] = address ? 1 : narrow ? 0 : 2;
	ret[1] = sub_type;
	uint64_t value = narrow ? (uint64_t)as << 32 | (uint32_t)number
				: (uint64_t)top << 16 | (uint16_t)number;
	for (unsigned i = 0; i < 6; i++)
		ret[2 + i] = (uint8_t)(value >> (40 - 8 * i));
	return true;
}

static void target_text(const uint8_t t[8], uint8_t kind, char *out, size_t size)
{
	uint32_t top = (uint32_t)t[2] << 24 | (uint32_t)t[3] << 16 | (uint32_t)t[4] << 8 | t[5];
	unsigned low = (unsigned)t[6] << 8 | t[7];

	if (kind == 0)
		snprintf(out, size, "%u:%u", top >> 16, (top & 0xffff) << 16 | low);
	else if (kind == 1)
		snprintf(out, size, "%u.%u.%u.%u:%u", t[2], t[3], t[4], t[5], low);
	else
		snprintf(out, size, "%u:%u", top, low);
}

static bool membership_parse(const char *text, struct prefix *ret)
{
	uint8_t target[8];
	unsigned as, bits = 96;
	int used;

	*ret = (struct prefix){.len = 0};
	if (strcmp(text, "default") == 0)
		return true;
	if (sscanf(text, "%u,%n", &as, &used) != 1 || !target_parse(text + used, 2, target))
		return false;
	const char *slash = strchr(text, '/');
	if (slash && (sscanf(slash, "/%u", &bits) != 1 || bits < 32 || bits > 96))
		return false;
	for (unsigned i = 0; i < 4; i++)
		ret->b[i] = (uint8_t)(as >> (24 - 8 * i));
	memcpy(ret->b + 4, target, 8);
	for (unsigned i = bits; i < 96; i++)
		ret->b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	ret->len = (uint8_t)bits;
	return true;
}

static bool typed_parse(struct blobs *blobs, const char *text, struct prefix *ret)
{
	uint8_t b[257];
	unsigned n = 0, v;

	for (; sscanf(text, "%2x", &v) == 1 && text[1] && n < sizeof(b); text += 2)
		b[n++] = (uint8_t)v;
	if (*text || n < 2 || b[1] != n - 2)
		return false;
	blob_prefix(blobs, b, n, ret);
	return true;
}

static bool vpn_parse(const char *text, unsigned bytes, struct prefix *ret)
{
	const char *comma = strchr(text, ',');
	char rd[40];
	uint8_t target[8];
	int found;

	if (!comma || (size_t)(comma - text) >= sizeof(rd) ||
	    !prefix_parse(comma + 1, &found, ret) || (unsigned)found != bytes)
		return false;
	memcpy(rd, text, (size_t)(comma - text));
	rd[comma - text] = 0;
	if (!target_parse(rd, 0, target))
		return false;
	ret->rd[1] = target[0];
	memcpy(ret->rd + 2, target + 2, 6);
	return true;
}

bool nlri_parse(int family, struct blobs *blobs, const char *text, struct prefix *ret)
{
	const struct feed_family *f = &feed_families[family];
	int bytes;

	switch (f->kind) {
	case NLRI_TYPED:
		return typed_parse(blobs, text, ret);
	case NLRI_TARGET:
		return membership_parse(text, ret);
	case NLRI_VPN:
		return vpn_parse(text, f->bytes, ret);
	default:
		return prefix_parse(text, &bytes, ret) && bytes == f->bytes;
	}
}

static void typed_text(const struct blobs *blobs, const struct prefix *p, char out[256])
{
	size_t n;
	const uint8_t *b = blob_get(blobs, blob_number(p), &n);

	for (size_t i = 0; i < n && 2 * i + 2 < 256; i++)
		sprintf(out + 2 * i, "%02x", b[i]);
}

static void membership_text(const struct prefix *p, char out[256])
{
	uint32_t as = (uint32_t)p->b[0] << 24 | (uint32_t)p->b[1] << 16 | (uint32_t)p->b[2] << 8 |
		      p->b[3];
	char target[40];

	target_text(p->b + 4, p->b[4], target, sizeof(target));
	if (!p->len)
		strcpy(out, "default");
	else if (p->len == 96)
		sprintf(out, "%u,%s", as, target);
	else
		sprintf(out, "%u,%s/%u", as, target, p->len);
}

const char *nlri_text(int family, const struct blobs *blobs, const struct prefix *p, char out[256])
{
	const struct feed_family *f = &feed_families[family];

	switch (f->kind) {
	case NLRI_TYPED:
		typed_text(blobs, p, out);
		break;
	case NLRI_TARGET:
		membership_text(p, out);
		break;
	case NLRI_VPN:
		target_text(p->rd, p->rd[1], out, 64);
		strcat(out, ",");
		prefix_text(p, f->bytes, out + strlen(out));
		break;
	default:
		prefix_text(p, f->bytes, out);
	}
	return out;
}
