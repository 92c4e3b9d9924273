// NLRI that are IP prefixes, for both address widths. Bytes come from a message, are checked once
// (a length beyond the address or beyond the field is malformed, RFC 7606 5.3) and become a key
// whose bits behind the length are zero, whatever the peer put there (RFC 4271 4.3: their value
// is irrelevant). Nothing here owns memory.
//
// Each function stands once with the width as a parameter; the compiler specialises it in the
// two that a family's table names.
#include "af/prefix.h"

#include "base/text.h"

#include <string.h>

static inline unsigned bytes_of(unsigned bits)
{
	return (bits + 7) / 8;
}

static inline bool nlri_get(struct cursor *c, struct af_key *ret, unsigned width)
{
	unsigned length = cursor_u8(c), bytes = bytes_of(length);
	const uint8_t *p = cursor_take(c, bytes);

	if (!p || length > width * 8)
		return false;
	*ret = (struct af_key){0};
	memcpy(ret->b, p, bytes);
	if (length % 8)
		ret->b[bytes - 1] &= (uint8_t)(0xff00 >> length % 8);
	ret->b[width] = (uint8_t)length;
	return true;
}

bool prefix4_nlri_get(struct cursor *c, struct af_key *ret)
{
	return nlri_get(c, ret, 4);
}

bool prefix6_nlri_get(struct cursor *c, struct af_key *ret)
{
	return nlri_get(c, ret, 16);
}

static inline void nlri_put(struct buf *b, const struct af_key *key, unsigned width)
{
	unsigned length = key->b[width], bytes = bytes_of(length);
	uint8_t *p = buf_extend(b, 1 + bytes);

	p[0] = (uint8_t)length;
	memcpy(p + 1, key->b, bytes);
}

void prefix4_nlri_put(struct buf *b, const struct af_key *key)
{
	nlri_put(b, key, 4);
}

void prefix6_nlri_put(struct buf *b, const struct af_key *key)
{
	nlri_put(b, key, 16);
}

unsigned prefix4_nlri_size(const struct af_key *key)
{
	return 1 + bytes_of(key->b[4]);
}

unsigned prefix6_nlri_size(const struct af_key *key)
{
	return 1 + bytes_of(key->b[16]);
}

const uint8_t *prefix4_prefix(const struct af_key *key, unsigned *ret_bits)
{
	*ret_bits = key->b[4];
	return key->b;
}

const uint8_t *prefix6_prefix(const struct af_key *key, unsigned *ret_bits)
{
	*ret_bits = key->b[16];
	return key->b;
}

static inline void from_prefix(const struct ip *address, unsigned length, struct af_key *ret,
			       unsigned width)
{
	struct ip ip = *address;

	if (length > width * 8)
		length = width * 8;
	ip_mask(&ip, length);
	*ret = (struct af_key){0};
	memcpy(ret->b, ip.b, width);
	ret->b[width] = (uint8_t)length;
}

void prefix4_from_prefix(const struct ip *address, unsigned length, struct af_key *ret)
{
	from_prefix(address, length, ret, 4);
}

void prefix6_from_prefix(const struct ip *address, unsigned length, struct af_key *ret)
{
	from_prefix(address, length, ret, 16);
}

static inline void text_put(struct buf *b, const struct af_key *key, unsigned width)
{
	struct ip ip = ip_from_bytes(key->b, width * 8);

	ip_put(b, &ip);
	buf_format(b, "/%u", key->b[width]);
}

void prefix4_text_put(struct buf *b, const struct af_key *key)
{
	text_put(b, key, 4);
}

void prefix6_text_put(struct buf *b, const struct af_key *key)
{
	text_put(b, key, 16);
}

static bool text_get(const char *text, struct af_key *ret, unsigned width)
{
	char address[IP_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : 0;
	struct ip ip;
	uint64_t length;

	if (!slash || n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = 0;
	if (!ip_parse(address, &ip) || ip.bits != width * 8)
		return false;
	if (!text_number(slash + 1, 0, width * 8, &length))
		return false;
	from_prefix(&ip, (unsigned)length, ret, width);
	return true;
}

bool prefix4_text_get(const char *text, struct af_key *ret)
{
	return text_get(text, ret, 4);
}

bool prefix6_text_get(const char *text, struct af_key *ret)
{
	return text_get(text, ret, 16);
}

// By address, then the shorter prefix first: address and length stand in the key in that order.
int prefix4_compare(const struct af_key *a, const struct af_key *b)
{
	return memcmp(a->b, b->b, 4 + 1);
}

int prefix6_compare(const struct af_key *a, const struct af_key *b)
{
	return memcmp(a->b, b->b, 16 + 1);
}

bool prefix4_senseless_unicast(const struct af_key *key)
{
	return prefix4_is_multicast(key->b, key->b[4]);
}

bool prefix6_senseless_unicast(const struct af_key *key)
{
	return prefix6_is_unroutable(key->b, key->b[16]);
}

bool prefix_senseless_never(const struct af_key *key)
{
	(void)key;
	return false;
}

static inline bool check(const uint8_t *p, size_t n, struct af_check *ret, unsigned width,
			 bool (*senseless)(const uint8_t *p, unsigned length))
{
	const uint8_t *end = p + n;

	*ret = (struct af_check){0};
	while (p < end) {
		unsigned length = *p++, bytes = bytes_of(length);

		if (length > width * 8 || (size_t)(end - p) < bytes)
			return false;
		if (senseless && senseless(p, length))
			ret->senseless = true;
		p += bytes;
		ret->count++;
	}
	return true;
}

bool prefix4_check_unicast(const uint8_t *p, size_t n, struct af_check *ret)
{
	return check(p, n, ret, 4, prefix4_is_multicast);
}

bool prefix6_check_unicast(const uint8_t *p, size_t n, struct af_check *ret)
{
	return check(p, n, ret, 16, prefix6_is_unroutable);
}

bool prefix4_check_any(const uint8_t *p, size_t n, struct af_check *ret)
{
	return check(p, n, ret, 4, NULL);
}
