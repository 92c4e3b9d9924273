// Communities of every width: sorted runs of fixed-size values, compared as bytes in network
// order. Received values are sorted and made unique once (RFC 8092 3 demands it of large ones, for
// the others order has no meaning either: RFC 1997, RFC 4360), so that equal sets are equal bytes
// and set operations are merges. Text is VRP's.
#include "attr/attr.h"

#include "af/rd.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

bool communities_have(const struct attr *a, unsigned width, const uint8_t *value)
{
	size_t low = 0, high = a ? a->len / width : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(a->value + middle * width, value, width);

		if (!order)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int compare_values(const void *a, const void *b, void *width)
{
	return memcmp(a, b, *(const unsigned *)width);
}

static bool is_sorted(const uint8_t *p, size_t n, unsigned width)
{
	for (size_t at = width; at < n; at += width)
		if (memcmp(p + at - width, p + at, width) >= 0)
			return false;
	return true;
}

struct span communities_sorted(struct arena *a, const uint8_t *p, size_t n, unsigned width)
{
	n -= n % width;
	if (is_sorted(p, n, width))
		return (struct span){.p = p, .len = n};

	uint8_t *copy = arena_copy(a, p, n);
	size_t kept = width;
	qsort_r(copy, n / width, width, compare_values, &width);
	for (size_t at = width; at < n; at += width) {
		if (!memcmp(copy + kept - width, copy + at, width))
			continue;
		memmove(copy + kept, copy + at, width);
		kept += width;
	}
	return (struct span){.p = copy, .len = kept};
}

struct span communities_union(struct arena *a, struct span x, struct span y, unsigned width)
{
	if (!x.len)
		return y;
	if (!y.len)
		return x;
	uint8_t *start = arena_alloc(a, x.len + y.len), *p = start;
	while (x.len || y.len) {
		int order = !x.len ? 1 : !y.len ? -1 : memcmp(x.p, y.p, width);

		memcpy(p, order <= 0 ? x.p : y.p, width);
		p += width;
		if (order <= 0)
			x = (struct span){.p = x.p + width, .len = x.len - width};
		if (order >= 0)
			y = (struct span){.p = y.p + width, .len = y.len - width};
	}
	return (struct span){.p = start, .len = (size_t)(p - start)};
}

struct span communities_without(struct arena *a, struct span x, unsigned width,
				bool (*drop)(const uint8_t *value, void *arg), void *arg)
{
	uint8_t *start = arena_alloc(a, x.len ? x.len : 1), *p = start;

	for (size_t at = 0; at + width <= x.len; at += width) {
		if (drop(x.p + at, arg))
			continue;
		memcpy(p, x.p + at, width);
		p += width;
	}
	return (struct span){.p = start, .len = (size_t)(p - start)};
}

// --- text --------------------------------------------------------------------------------------

static uint16_t load_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t load_u32(const uint8_t *p)
{
	return (uint32_t)load_u16(p) << 16 | load_u16(p + 2);
}

static void store_u16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void store_u32(uint8_t *p, uint32_t v)
{
	store_u16(p, v >> 16);
	store_u16(p + 2, v);
}

static const struct {
	uint32_t value;
	const char *word;
} well_known[] = {
	{(uint32_t)COMMUNITY_INTERNET, "internet"},
	{(uint32_t)COMMUNITY_NO_EXPORT, "no-export"},
	{(uint32_t)COMMUNITY_NO_ADVERTISE, "no-advertise"},
	{(uint32_t)COMMUNITY_NO_EXPORT_SUBCONFED, "no-export-subconfed"},
};
#define WELL_KNOWN_COUNT (sizeof(well_known) / sizeof(well_known[0]))

void community_text(struct buf *b, const uint8_t *value)
{
	for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++) {
		if (well_known[i].value == load_u32(value)) {
			buf_text(b, well_known[i].word);
			return;
		}
	}
	buf_format(b, "%u:%u", load_u16(value), load_u16(value + 2));
}

// Numbers between colons, the last one ended by the end of the text: how many, 0 if it is not that.
static unsigned colon_numbers(const char *text, unsigned count, uint64_t max, uint32_t *ret)
{
	for (unsigned i = 0; i < count; i++) {
		char number[16];
		size_t n = strcspn(text, ":");
		uint64_t v;

		if (n >= sizeof(number) || (text[n] == ':') != (i + 1 < count))
			return 0;
		memcpy(number, text, n);
		number[n] = 0;
		if (!text_number(number, 0, max, &v))
			return 0;
		ret[i] = (uint32_t)v;
		text += n + 1;
	}
	return count;
}

bool community_parse(const char *text, uint8_t ret[4])
{
	uint32_t part[2];
	uint64_t v;

	for (unsigned i = 0; i < WELL_KNOWN_COUNT; i++) {
		if (!strcmp(text, well_known[i].word)) {
			store_u32(ret, well_known[i].value);
			return true;
		}
	}
	if (text_number(text, 0, UINT32_MAX, &v)) {
		store_u32(ret, (uint32_t)v);
		return true;
	}
	if (!colon_numbers(text, 2, UINT16_MAX, part))
		return false;
	store_u16(ret, part[0]);
	store_u16(ret + 2, part[1]);
	return true;
}

void large_community_text(struct buf *b, const uint8_t *value)
{
	buf_format(b, "%u:%u:%u", load_u32(value), load_u32(value + 4), load_u32(value + 8));
}

bool large_community_parse(const char *text, uint8_t ret[12])
{
	uint32_t part[3];

	if (!colon_numbers(text, 3, UINT32_MAX, part))
		return false;
	for (unsigned i = 0; i < 3; i++)
		store_u32(ret + 4 * i, part[i]);
	return true;
}

// RFC 4360 3 and RFC 5668: forms of a value by the high octet of its type. RFC 6514 6, 7: the AS and
// the VRF of a multicast source.
enum ext_form { EXT_AS2 = 0, EXT_ADDRESS = 1, EXT_AS4 = 2 };
enum ext_subtype {
	EXT_ROUTE_TARGET = 0x02,
	EXT_ROUTE_ORIGIN = 0x03,
	EXT_SOURCE_AS = 0x09,
	EXT_ROUTE_IMPORT = 0x0b,
};
#define EXT_NON_TRANSITIVE 0x40

// What a value of that form and subtype is called; NULL: nothing that has a text.
static const char *ext_name(unsigned form, unsigned subtype)
{
	if (form > EXT_AS4)
		return NULL;
	switch (subtype) {
	case EXT_ROUTE_TARGET:
		return "RT";
	case EXT_ROUTE_ORIGIN:
		return "SoO";
	case EXT_SOURCE_AS:
		return form == EXT_ADDRESS ? NULL : "Source AS";
	case EXT_ROUTE_IMPORT:
		return form == EXT_ADDRESS ? "VRF Route Import" : NULL;
	default:
		return NULL;
	}
}

void ext_community_text(struct buf *b, const uint8_t *value)
{
	unsigned form = value[0] & ~EXT_NON_TRANSITIVE;
	const char *name = ext_name(form, value[1]);
	struct ip ip;

	if (!name) {
		buf_hex(b, value, 8);
		return;
	}
	buf_format(b, "%s <", name);
	switch ((enum ext_form)form) {
	case EXT_AS2:
		buf_format(b, "%u : %u>", load_u16(value + 2), load_u32(value + 4));
		break;
	case EXT_ADDRESS:
		ip = ip_from_bytes(value + 2, 32);
		ip_put(b, &ip);
		buf_format(b, " : %u>", load_u16(value + 6));
		break;
	case EXT_AS4:
		buf_format(b, "%u : %u>", load_u32(value + 2), load_u16(value + 6));
		break;
	}
}

// Written like a route distinguisher of the same forms.
static bool ext_community_parse(const char *text, uint8_t subtype, uint8_t ret[8])
{
	uint8_t rd[RD_SIZE];

	if (!rd_get(text, rd) || !rd_has_form(rd) || !strncmp(text, "0x", 2))
		return false;
	ret[0] = rd[1];
	ret[1] = subtype;
	memcpy(ret + 2, rd + 2, 6);
	return true;
}

bool ext_community_parse_rt(const char *text, uint8_t ret[8])
{
	return ext_community_parse(text, EXT_ROUTE_TARGET, ret);
}

bool ext_community_parse_soo(const char *text, uint8_t ret[8])
{
	return ext_community_parse(text, EXT_ROUTE_ORIGIN, ret);
}
