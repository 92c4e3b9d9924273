// NLRI that are VPN prefixes with a label, for both address widths. The length octet counts label,
// distinguisher and prefix: fewer bits than the first two, or more than the address has, are
// malformed (RFC 7606 5.3). On receipt the label's last 4 bits are not looked at: with one label
// there is nothing that bottom-of-stack could tell (RFC 8277 2.2). Nothing here owns memory.
//
// Each function stands once with the width as a parameter, as in af/prefix.c.
#include "af/vpn_prefix.h"

#include "af/prefix.h"

#include <string.h>

#define LABEL_SIZE 3
// Octets of an NLRI behind its length and in front of its prefix, and their bits.
#define FRONT      (LABEL_SIZE + RD_SIZE)
#define FRONT_BITS (FRONT * 8u)

static inline unsigned bytes_of(unsigned bits)
{
	return (bits + 7) / 8;
}

static inline bool nlri_get(struct cursor *c, struct af_key *ret, unsigned width)
{
	unsigned bits = cursor_u8(c);
	const uint8_t *p = cursor_take(c, bytes_of(bits));

	if (!p || bits < FRONT_BITS || bits > FRONT_BITS + width * 8)
		return false;
	unsigned length = bits - FRONT_BITS, bytes = bytes_of(length);
	*ret = (struct af_key){0};
	memcpy(ret->b, p + LABEL_SIZE, RD_SIZE + bytes);
	if (length % 8)
		ret->b[RD_SIZE + bytes - 1] &= (uint8_t)(0xff00 >> length % 8);
	ret->b[RD_SIZE + width] = (uint8_t)length;
	return true;
}

bool vpn_prefix4_nlri_get(struct cursor *c, struct af_key *ret)
{
	return nlri_get(c, ret, 4);
}

bool vpn_prefix6_nlri_get(struct cursor *c, struct af_key *ret)
{
	return nlri_get(c, ret, 16);
}

static inline bool check(const uint8_t *p, size_t n, struct af_check *ret, unsigned width,
			 bool (*senseless)(const uint8_t *p, unsigned length))
{
	const uint8_t *end = p + n;

	*ret = (struct af_check){0};
	while (p < end) {
		unsigned bits = *p++, bytes = bytes_of(bits);

		if (bits < FRONT_BITS || bits > FRONT_BITS + width * 8 || (size_t)(end - p) < bytes)
			return false;
		if (senseless(p + FRONT, bits - FRONT_BITS))
			ret->senseless = true;
		p += bytes;
		ret->count++;
	}
	return true;
}

bool vpn_prefix4_nlri_check(const uint8_t *p, size_t n, struct af_check *ret)
{
	return check(p, n, ret, 4, prefix4_is_multicast);
}

bool vpn_prefix6_nlri_check(const uint8_t *p, size_t n, struct af_check *ret)
{
	return check(p, n, ret, 16, prefix6_is_unroutable);
}

static inline unsigned length_of(const struct af_key *key, unsigned width)
{
	return key->b[RD_SIZE + width];
}

static inline void nlri_put(struct buf *b, const struct af_key *key, unsigned width)
{
	unsigned length = length_of(key, width), bytes = bytes_of(length);
	uint8_t *p = buf_extend(b, 1 + FRONT + bytes);

	p[0] = (uint8_t)(FRONT_BITS + length);
	vpn_label_put(p, 0);
	memcpy(p + 1 + LABEL_SIZE, key->b, RD_SIZE + bytes);
}

void vpn_prefix4_nlri_put(struct buf *b, const struct af_key *key)
{
	nlri_put(b, key, 4);
}

void vpn_prefix6_nlri_put(struct buf *b, const struct af_key *key)
{
	nlri_put(b, key, 16);
}

unsigned vpn_prefix4_nlri_size(const struct af_key *key)
{
	return 1 + FRONT + bytes_of(length_of(key, 4));
}

unsigned vpn_prefix6_nlri_size(const struct af_key *key)
{
	return 1 + FRONT + bytes_of(length_of(key, 16));
}

const uint8_t *vpn_prefix4_prefix(const struct af_key *key, unsigned *ret_bits)
{
	*ret_bits = length_of(key, 4);
	return key->b + RD_SIZE;
}

const uint8_t *vpn_prefix6_prefix(const struct af_key *key, unsigned *ret_bits)
{
	*ret_bits = length_of(key, 16);
	return key->b + RD_SIZE;
}

const uint8_t *vpn_prefix_rd(const struct af_key *key)
{
	return key->b;
}

// --- keys of the plain families and back ----------------------------------------------------------
// Their keys (af/prefix.h) are these without the distinguisher.

static inline void from_inner(const struct af_key *key, const uint8_t rd[RD_SIZE],
			      struct af_key *ret, unsigned width)
{
	struct af_key made = {0};

	memcpy(made.b, rd, RD_SIZE);
	memcpy(made.b + RD_SIZE, key->b, width + 1);
	*ret = made;
}

void vpn_prefix4_from_inner(const struct af_key *key, const uint8_t rd[RD_SIZE], struct af_key *ret)
{
	from_inner(key, rd, ret, 4);
}

void vpn_prefix6_from_inner(const struct af_key *key, const uint8_t rd[RD_SIZE], struct af_key *ret)
{
	from_inner(key, rd, ret, 16);
}

static inline void to_inner(const struct af_key *key, struct af_key *ret, unsigned width)
{
	struct af_key made = {0};

	memcpy(made.b, key->b + RD_SIZE, width + 1);
	*ret = made;
}

void vpn_prefix4_to_inner(const struct af_key *key, struct af_key *ret)
{
	to_inner(key, ret, 4);
}

void vpn_prefix6_to_inner(const struct af_key *key, struct af_key *ret)
{
	to_inner(key, ret, 16);
}

static const uint8_t no_rd[RD_SIZE];

void vpn_prefix4_from_prefix(const struct ip *address, unsigned length, struct af_key *ret)
{
	struct af_key plain;

	prefix4_from_prefix(address, length, &plain);
	from_inner(&plain, no_rd, ret, 4);
}

void vpn_prefix6_from_prefix(const struct ip *address, unsigned length, struct af_key *ret)
{
	struct af_key plain;

	prefix6_from_prefix(address, length, &plain);
	from_inner(&plain, no_rd, ret, 16);
}

bool vpn_prefix4_senseless(const struct af_key *key)
{
	return prefix4_is_multicast(key->b + RD_SIZE, length_of(key, 4));
}

bool vpn_prefix6_senseless(const struct af_key *key)
{
	return prefix6_is_unroutable(key->b + RD_SIZE, length_of(key, 16));
}

// --- text ---------------------------------------------------------------------------------------

void vpn_prefix4_text_put(struct buf *b, const struct af_key *key)
{
	struct af_key plain;

	rd_put(b, key->b);
	buf_u8(b, ' ');
	to_inner(key, &plain, 4);
	prefix4_text_put(b, &plain);
}

void vpn_prefix6_text_put(struct buf *b, const struct af_key *key)
{
	struct af_key plain;

	rd_put(b, key->b);
	buf_u8(b, ' ');
	to_inner(key, &plain, 16);
	prefix6_text_put(b, &plain);
}

static bool text_get(const char *text, struct af_key *ret, unsigned width)
{
	char rd_text[RD_TEXT_MAX];
	const char *blank = strchr(text, ' ');
	size_t n = blank ? (size_t)(blank - text) : 0;
	uint8_t rd[RD_SIZE];
	struct af_key plain;

	if (!blank || n >= sizeof(rd_text))
		return false;
	memcpy(rd_text, text, n);
	rd_text[n] = 0;
	if (!rd_get(rd_text, rd))
		return false;
	if (!(width == 4 ? prefix4_text_get : prefix6_text_get)(blank + 1, &plain))
		return false;
	from_inner(&plain, rd, ret, width);
	return true;
}

bool vpn_prefix4_text_get(const char *text, struct af_key *ret)
{
	return text_get(text, ret, 4);
}

bool vpn_prefix6_text_get(const char *text, struct af_key *ret)
{
	return text_get(text, ret, 16);
}

// By distinguisher, address, then the shorter prefix first: they stand in the key in that order.
int vpn_prefix4_compare(const struct af_key *a, const struct af_key *b)
{
	return memcmp(a->b, b->b, RD_SIZE + 4 + 1);
}

int vpn_prefix6_compare(const struct af_key *a, const struct af_key *b)
{
	return memcmp(a->b, b->b, RD_SIZE + 16 + 1);
}

// --- labels -------------------------------------------------------------------------------------

uint32_t vpn_label_get(const uint8_t *nlri)
{
	return (uint32_t)nlri[1] << 12 | (uint32_t)nlri[2] << 4 | (uint32_t)nlri[3] >> 4;
}

void vpn_label_put(uint8_t *nlri, uint32_t label)
{
	nlri[1] = (uint8_t)(label >> 12);
	nlri[2] = (uint8_t)(label >> 4);
	nlri[3] = (uint8_t)(label << 4 | 1);
}

// RFC 8277 2.4: the value that old implementations wait for.
void vpn_label_withdraw(uint8_t *nlri)
{
	nlri[1] = 0x80;
	nlri[2] = 0;
	nlri[3] = 0;
}
