// MCAST-VPN NLRI as bytes and text. A value whose length is none of its type's is malformed (RFC
// 7606 5.3); a type that is not known, also as the route key of a leaf, is no error: its length tells
// where the next NLRI begins, and it is left out (RFC 7606 5.4). Nothing here owns memory.
//
// The layouts stand in one table, a string of fields per type; checking, printing and reading go
// along it. Each function stands once with the width as a parameter, as in af/prefix.c.
#include "af/mvpn_nlri.h"

#include "base/text.h"
#include "af/rd.h"

#include <string.h>

#define HEADER        2 // type and length
#define TYPE_LEAF     4
#define TYPE_ACTIVE   5
#define TYPE_MAX      7
#define ROUTE_KEY_MAX 3 // a leaf answers a route of type 1, 2 or 3

// Fields: d distinguisher, n AS number, a customer address behind its length, w the same or the
// wildcard, k route key, o originator (always last).
static const char *const layouts[TYPE_MAX + 1] = {NULL, "do",  "dn",   "dwwo",
						  "ko", "daa", "dnaa", "dnaa"};

enum verdict { MALFORMED, UNKNOWN, SOUND };

// --- bytes ----------------------------------------------------------------------------------------

static enum verdict value_check(unsigned type, struct cursor c, unsigned width);

static enum verdict field_check(char field, struct cursor *c, unsigned width)
{
	unsigned bits, type;

	switch (field) {
	case 'd':
		cursor_take(c, RD_SIZE);
		break;
	case 'n':
		cursor_take(c, 4);
		break;
	case 'a':
	case 'w':
		bits = cursor_u8(c);
		cursor_take(c, bits / 8);
		if (bits != width * 8 && (bits || field == 'a'))
			return MALFORMED;
		break;
	case 'k':
		type = cursor_u8(c);
		struct cursor inner = cursor_cut(c, cursor_u8(c));
		if (c->error)
			return MALFORMED;
		return type && type <= ROUTE_KEY_MAX ? value_check(type, inner, width) : UNKNOWN;
	default:
		cursor_take(c, cursor_left(c) == 4 ? 4 : 16);
		break;
	}
	return c->error ? MALFORMED : SOUND;
}

static enum verdict value_check(unsigned type, struct cursor c, unsigned width)
{
	if (!type || type > TYPE_MAX)
		return UNKNOWN;
	for (const char *field = layouts[type]; *field; field++) {
		enum verdict verdict = field_check(*field, &c, width);

		if (verdict != SOUND)
			return verdict;
	}
	return cursor_left(&c) ? MALFORMED : SOUND;
}

static inline enum verdict nlri_take(struct cursor *c, struct span *ret, unsigned width)
{
	const uint8_t *start = c->p;
	unsigned type = cursor_u8(c);
	struct cursor value = cursor_cut(c, cursor_u8(c));

	if (c->error)
		return MALFORMED;
	*ret = (struct span){.p = start, .len = (size_t)(c->p - start)};
	return value_check(type, value, width);
}

static inline bool nlri_get(struct cursor *c, struct af_key *ret, unsigned width)
{
	struct span nlri;
	enum verdict verdict = nlri_take(c, &nlri, width);

	if (verdict == MALFORMED)
		return false;
	*ret = (struct af_key){0};
	if (verdict == SOUND)
		memcpy(ret->b, nlri.p, nlri.len);
	return true;
}

bool mvpn4_nlri_get(struct cursor *c, struct af_key *ret)
{
	return nlri_get(c, ret, 4);
}

bool mvpn6_nlri_get(struct cursor *c, struct af_key *ret)
{
	return nlri_get(c, ret, 16);
}

// SSM: 232.0.0.0/8 (RFC 4607), FF3x::/32. Of a whole NLRI, which begins at p.
static inline bool is_ssm_active(const uint8_t *p, unsigned width)
{
	const uint8_t *group = p + HEADER + RD_SIZE + 1 + width + 1;

	if (p[0] != TYPE_ACTIVE)
		return false;
	if (width == 4)
		return group[0] == 232;
	return group[0] == 0xff && group[1] >> 4 == 3 && !group[2] && !group[3];
}

static inline bool check(const uint8_t *p, size_t n, struct af_check *ret, unsigned width)
{
	struct cursor c = cursor_of(p, n);

	*ret = (struct af_check){0};
	while (cursor_left(&c)) {
		struct span nlri;

		switch (nlri_take(&c, &nlri, width)) {
		case MALFORMED:
			return false;
		case UNKNOWN:
			ret->unknown = true;
			break;
		case SOUND:
			ret->senseless |= is_ssm_active(nlri.p, width);
			break;
		}
		ret->count++;
	}
	return true;
}

bool mvpn4_nlri_check(const uint8_t *p, size_t n, struct af_check *ret)
{
	return check(p, n, ret, 4);
}

bool mvpn6_nlri_check(const uint8_t *p, size_t n, struct af_check *ret)
{
	return check(p, n, ret, 16);
}

unsigned mvpn_nlri_size(const struct af_key *key)
{
	return HEADER + key->b[1];
}

void mvpn_nlri_put(struct buf *b, const struct af_key *key)
{
	buf_put(b, key->b, mvpn_nlri_size(key));
}

bool mvpn4_senseless(const struct af_key *key)
{
	return is_ssm_active(key->b, 4);
}

bool mvpn6_senseless(const struct af_key *key)
{
	return is_ssm_active(key->b, 16);
}

unsigned mvpn_route_type(const struct af_key *key)
{
	return key->b[0];
}

// That of a leaf is the one of its route key.
const uint8_t *mvpn_rd(const struct af_key *key)
{
	return key->b + (key->b[0] == TYPE_LEAF ? 2 * HEADER : HEADER);
}

int mvpn_compare(const struct af_key *a, const struct af_key *b)
{
	int order = (int)mvpn_route_type(a) - (int)mvpn_route_type(b);

	if (!order)
		order = memcmp(mvpn_rd(a), mvpn_rd(b), RD_SIZE);
	return order ? order : memcmp(a->b, b->b, AF_KEY_MAX);
}

const struct af_type mvpn_types[] = {
	{1, "Intra-AS I-PMSI A-D", "Originator IP Addr"},
	{2, "Inter-AS I-PMSI A-D", "AS Number"},
	{3, "S-PMSI A-D", "C-S:C-G:Originator IP Addr"},
	{4, "Leaf A-D", "Route Key:Originator IP Addr"},
	{5, "Source Active A-D", "C-S:C-G"},
	{6, "Shared Tree Join", "AS Number:C-RP:C-G"},
	{7, "Source Tree Join", "AS Number:C-S:C-G"},
	{0},
};

// An instance holds its routes under the same key: the distinguisher of a join is that of the route
// toward the source, and so another PE's.
void mvpn_to_inner(const struct af_key *key, struct af_key *ret)
{
	*ret = *key;
}

void mvpn_from_inner(const struct af_key *key, const uint8_t rd[RD_SIZE], struct af_key *ret)
{
	*ret = *key;
}

// --- text ---------------------------------------------------------------------------------------

static void address_put(struct buf *b, const uint8_t *p, size_t n)
{
	struct ip ip;

	if (!n) {
		buf_u8(b, '*');
		return;
	}
	ip = ip_from_bytes(p, (unsigned)n * 8);
	ip_put(b, &ip);
}

// Of a whole NLRI that has been checked.
static void nlri_text(struct buf *b, const uint8_t *p, unsigned width)
{
	struct cursor c = cursor_of(p + HEADER, p[1]);
	size_t n;

	buf_format(b, "%u", p[0]);
	for (const char *field = layouts[p[0]]; *field; field++) {
		buf_u8(b, ' ');
		switch (*field) {
		case 'd':
			rd_put(b, cursor_take(&c, RD_SIZE));
			break;
		case 'n':
			buf_format(b, "%u", cursor_u32(&c));
			break;
		case 'a':
		case 'w':
			n = cursor_u8(&c) / 8u;
			address_put(b, cursor_take(&c, n), n);
			break;
		case 'k':
			buf_u8(b, '[');
			nlri_text(b, c.p, width);
			buf_u8(b, ']');
			cursor_take(&c, HEADER + c.p[1]);
			break;
		default:
			address_put(b, c.p, cursor_left(&c));
			break;
		}
	}
}

static void text_put(struct buf *b, const struct af_key *key, unsigned width)
{
	if (mvpn_route_type(key))
		nlri_text(b, key->b, width);
}

void mvpn4_text_put(struct buf *b, const struct af_key *key)
{
	text_put(b, key, 4);
}

void mvpn6_text_put(struct buf *b, const struct af_key *key)
{
	text_put(b, key, 16);
}

// The next word of *text, up to a blank, a closing bracket or the end; false: empty or too long.
static bool word_get(const char **text, char ret[IP_TEXT_MAX])
{
	size_t n = strcspn(*text, " ]");

	if (!n || n >= IP_TEXT_MAX)
		return false;
	memcpy(ret, *text, n);
	ret[n] = 0;
	*text += n;
	return true;
}

// Appends an address; bits: 0 either width. With its length in front, if asked for.
static bool address_get(struct buf *b, const char *word, unsigned bits, bool with_length)
{
	struct ip ip;

	if (!ip_parse(word, &ip) || (bits && ip.bits != bits))
		return false;
	if (with_length)
		buf_u8(b, ip.bits);
	buf_put(b, ip.b, ip.bits / 8);
	return true;
}

static bool nlri_parse(struct buf *b, const char **text, unsigned width, unsigned type_max);

static bool field_get(char field, struct buf *b, const char **text, unsigned width)
{
	char word[IP_TEXT_MAX];
	uint8_t rd[RD_SIZE];
	uint64_t number;

	if (field == 'k') {
		if (*(*text)++ != '[' || !nlri_parse(b, text, width, ROUTE_KEY_MAX))
			return false;
		return *(*text)++ == ']';
	}
	if (!word_get(text, word))
		return false;
	switch (field) {
	case 'd':
		if (!rd_get(word, rd))
			return false;
		buf_put(b, rd, RD_SIZE);
		return true;
	case 'n':
		if (!text_number(word, 0, UINT32_MAX, &number))
			return false;
		buf_u32(b, (uint32_t)number);
		return true;
	case 'w':
		if (!strcmp(word, "*")) {
			buf_u8(b, 0);
			return true;
		}
		return address_get(b, word, width * 8, true);
	case 'a':
		return address_get(b, word, width * 8, true);
	default:
		return address_get(b, word, 0, false);
	}
}

// Appends the NLRI that *text begins with.
static bool nlri_parse(struct buf *b, const char **text, unsigned width, unsigned type_max)
{
	size_t start = b->len;
	char word[IP_TEXT_MAX];
	uint64_t type;

	if (!word_get(text, word) || !text_number(word, 1, type_max, &type))
		return false;
	buf_u8(b, (uint8_t)type);
	buf_u8(b, 0);
	for (const char *field = layouts[type]; *field; field++)
		if (*(*text)++ != ' ' || !field_get(*field, b, text, width))
			return false;
	buf_set_u8(b, start + 1, (uint8_t)(b->len - start - HEADER));
	return true;
}

static bool text_get(const char *text, struct af_key *ret, unsigned width)
{
	struct buf b = {0};
	bool done = nlri_parse(&b, &text, width, TYPE_MAX) && !*text;

	if (done) {
		struct cursor c = cursor_of(b.data, b.len);

		done = nlri_get(&c, ret, width) && mvpn_route_type(ret);
	}
	buf_free(&b);
	return done;
}

bool mvpn4_text_get(const char *text, struct af_key *ret)
{
	return text_get(text, ret, 4);
}

bool mvpn6_text_get(const char *text, struct af_key *ret)
{
	return text_get(text, ret, 16);
}
