// Memberships in route targets, AFI 1 SAFI 132 (RFC 4684 4): a prefix of 0 to 96 bits over an origin
// AS (4 octets) and a route target (8). The one of no bits is the default: every target. Otherwise
// the AS is whole: 1 to 31 bits are malformed, and so are more than 96. The next hop is of either
// width.
//
// Key: AS and target (12 bytes), zero behind the length; the length (1), zeroes up to 16.
#include "af/af.h"

#include "base/text.h"
#include "af/af_index.h"
#include "af/rd.h"

#include <string.h>

#define AS_BITS     32
#define TARGET_SIZE 8
#define VALUE_SIZE  12
#define VALUE_BITS  96
#define LENGTH_AT   VALUE_SIZE

#define SUBTYPE_ROUTE_TARGET 2 // RFC 4360 4

static bool length_is_sound(unsigned length)
{
	return !length || (length >= AS_BITS && length <= VALUE_BITS);
}

// value: as many octets as the length needs, or more.
static void key_of(const uint8_t *value, unsigned length, struct af_key *ret)
{
	unsigned bytes = (length + 7) / 8;

	*ret = (struct af_key){0};
	if (bytes)
		memcpy(ret->b, value, bytes);
	if (length % 8)
		ret->b[bytes - 1] &= (uint8_t)(0xff00 >> length % 8);
	ret->b[LENGTH_AT] = (uint8_t)length;
}

static bool nlri_get(struct cursor *c, struct af_key *ret)
{
	unsigned length = cursor_u8(c);
	const uint8_t *p = cursor_take(c, (length + 7) / 8);

	if (!p || !length_is_sound(length))
		return false;
	key_of(p, length, ret);
	return true;
}

static bool nlri_check(const uint8_t *p, size_t n, struct af_check *ret)
{
	const uint8_t *end = p + n;

	*ret = (struct af_check){0};
	while (p < end) {
		unsigned length = *p++, bytes = (length + 7) / 8;

		if (!length_is_sound(length) || (size_t)(end - p) < bytes)
			return false;
		p += bytes;
		ret->count++;
	}
	return true;
}

static unsigned nlri_size(const struct af_key *key)
{
	return 1 + (key->b[LENGTH_AT] + 7u) / 8;
}

static void nlri_put(struct buf *b, const struct af_key *key)
{
	buf_u8(b, key->b[LENGTH_AT]);
	buf_put(b, key->b, nlri_size(key) - 1);
}

// By origin AS, target, then the shorter one first: they stand in the key in that order.
static int compare(const struct af_key *a, const struct af_key *b)
{
	return memcmp(a->b, b->b, VALUE_SIZE + 1);
}

static bool senseless(const struct af_key *key)
{
	return false;
}

static void target(const struct af_key *key, uint8_t ret[TARGET_SIZE], unsigned *ret_bits,
		   uint32_t *ret_as)
{
	struct cursor c = cursor_of(key->b, VALUE_SIZE);
	unsigned length = key->b[LENGTH_AT];

	*ret_as = cursor_u32(&c);
	*ret_bits = length > AS_BITS ? length - AS_BITS : 0;
	memcpy(ret, c.p, TARGET_SIZE);
}

static void from_target(const uint8_t value[TARGET_SIZE], unsigned bits, uint32_t as,
			struct af_key *ret)
{
	uint8_t whole[VALUE_SIZE] = {(uint8_t)(as >> 24), (uint8_t)(as >> 16), (uint8_t)(as >> 8),
				     (uint8_t)as};

	if (bits > VALUE_BITS - AS_BITS)
		bits = VALUE_BITS - AS_BITS;
	memcpy(whole + 4, value, TARGET_SIZE);
	key_of(whole, as || bits ? AS_BITS + bits : 0, ret);
}

// --- text: "default", "100 RT<1:1>", "100 RT<1:0>/64" ---------------------------------------------
// A target of the three usual types (RFC 4360, RFC 5668) reads as a distinguisher of that type; any
// other is hex.

static void text_put(struct buf *b, const struct af_key *key)
{
	uint8_t value[TARGET_SIZE];
	unsigned bits;
	uint32_t as;

	if (!key->b[LENGTH_AT]) {
		buf_text(b, "default");
		return;
	}
	target(key, value, &bits, &as);
	buf_format(b, "%u RT<", as);
	const uint8_t alike[RD_SIZE] = {0,        value[0], value[2], value[3],
					value[4], value[5], value[6], value[7]};
	if (value[1] == SUBTYPE_ROUTE_TARGET && rd_has_form(alike)) {
		rd_put(b, alike);
	} else {
		buf_text(b, "0x");
		buf_hex(b, value, TARGET_SIZE);
	}
	buf_u8(b, '>');
	if (key->b[LENGTH_AT] != VALUE_BITS)
		buf_format(b, "/%u", key->b[LENGTH_AT]);
}

static bool target_get(const char *text, size_t n, uint8_t ret[TARGET_SIZE])
{
	char copy[RD_TEXT_MAX];

	if (n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n] = 0;
	if (!rd_get(copy, ret))
		return false;
	if (strncmp(copy, "0x", 2)) {
		ret[0] = ret[1]; // rd_get's type is below 256
		ret[1] = SUBTYPE_ROUTE_TARGET;
	}
	return true;
}

static bool text_get(const char *text, struct af_key *ret)
{
	const char *blank = strchr(text, ' '), *end = strrchr(text, '>');
	size_t n = blank ? (size_t)(blank - text) : 0;
	uint64_t as, length = VALUE_BITS;
	uint8_t value[TARGET_SIZE];
	char number[16];

	if (!strcmp(text, "default")) {
		*ret = (struct af_key){0};
		return true;
	}
	if (!blank || !end || n >= sizeof(number) || strncmp(blank, " RT<", 4) || end < blank + 4)
		return false;
	memcpy(number, text, n);
	number[n] = 0;
	if (!text_number(number, 0, UINT32_MAX, &as))
		return false;
	if (!target_get(blank + 4, (size_t)(end - blank - 4), value))
		return false;
	if (end[1] && (end[1] != '/' || !text_number(end + 2, AS_BITS, VALUE_BITS, &length)))
		return false;
	uint8_t whole[VALUE_SIZE] = {(uint8_t)(as >> 24), (uint8_t)(as >> 16), (uint8_t)(as >> 8),
				     (uint8_t)as};
	memcpy(whole + 4, value, TARGET_SIZE);
	key_of(whole, (unsigned)length, ret);
	return true;
}

static const char *const samples[] = {"default",
				      "100 RT<1:1>",
				      "65536 RT<10.0.0.1:5>",
				      "100 RT<65536:7>",
				      "100 RT<0.5:7>",
				      "100 RT<0x0103000100000001>",
				      "100 RT<65000:0>/64",
				      "0 RT<0x0000000000000000>/32",
				      NULL};

const struct af af_vpn_target = {
	.name = "vpn-target",
	.title = "VPN-Target",
	.view = "ipv4-family vpn-target",
	.prompt = "af-vpn-target",
	.selector = "vpn-target",
	.afi = 1,
	.safi = 132,
	.key_size = 16,
	.props = AF_MEMBERSHIP | AF_NH_ANY,
	.order = 40,
	.index = AF_INDEX_vpn_target,
	.nlri_get = nlri_get,
	.nlri_check = nlri_check,
	.nlri_put = nlri_put,
	.nlri_size = nlri_size,
	.text_put = text_put,
	.text_get = text_get,
	.compare = compare,
	.senseless = senseless,
	.samples = samples,
	.target = target,
	.from_target = from_target,
};
