// The kinds of parameters, one function each, and the parameters that VRP's manuals name
// everywhere. model/ adds its own to them in its schema.
#include "cli/param.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/ip.h"
#include "base/text.h"

static const struct param builtin[] = {
	{"ipv4-address", PARAM_IPV4, 0, 0, "IPv4 address"},
	{"ipv6-address", PARAM_IPV6, 0, 0, "IPv6 address"},
	{"mask", PARAM_MASK, 0, 32, "IPv4 mask or its length"},
	{"mask-length", PARAM_LENGTH, 0, 32, "Length of the mask"},
	{"prefix-length", PARAM_INTEGER, 0, 128, "Length of the prefix"},
	{"as-number", PARAM_AS, 0, 0, "AS number, plain or as x.y"},
	{"group-name", PARAM_NAME, 1, 47, "Name of a peer group"},
	{"policy-name", PARAM_NAME, 1, 200, "Name of a route-policy"},
	{"route-policy-name", PARAM_NAME, 1, 200, "Name of a route-policy"},
	{"ip-prefix-name", PARAM_NAME, 1, 169, "Name of an address prefix list"},
	{"ipv6-prefix-name", PARAM_NAME, 1, 169, "Name of an IPv6 address prefix list"},
	{"as-path-filter-name", PARAM_NAME, 1, 51, "Name of an AS_Path filter"},
	{"community-filter-name", PARAM_NAME, 1, 51, "Name of a community filter"},
	{"extcommunity-filter-name", PARAM_NAME, 1, 51, "Name of an extended community filter"},
	{"large-community-filter-name", PARAM_NAME, 1, 51, "Name of a large community filter"},
	{"acl-name", PARAM_NAME, 1, 64, "Name of an ACL"},
	{"vpn-instance-name", PARAM_NAME, 1, 31, "Name of a VPN instance"},
	{"interface-name", PARAM_NAME, 1, 63, "Name of an interface"},
	{"host-name", PARAM_NAME, 1, 48, "Name of this device"},
	{"label", PARAM_NAME, 1, 256, "Label of a commit"},
	{"description-text", PARAM_TEXT, 1, 255, "Description, to the end of the line"},
	{"text", PARAM_TEXT, 1, 3000, "Text, to the end of the line"},
	{"password", PARAM_NAME, 1, 255, "Password"},
	{"regular-expression", PARAM_REGEX, 1, 1024, "Regular expression"},
	{"community-number", PARAM_COMMUNITY, 0, 0, "Community, aa:nn or as one number"},
	{"large-community", PARAM_LARGE, 0, 0, "Large community, aa:bb:cc"},
	{"route-target", PARAM_RT, 0, 0, "Route target"},
	{"route-distinguisher", PARAM_RT, 0, 0, "Route distinguisher"},
};

const struct param *param_builtin(const char *name)
{
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		if (strcmp(builtin[i].name, name) == 0)
			return &builtin[i];
	return NULL;
}

static bool accept_integer(const struct param *p, const char *word, struct buf *out)
{
	uint64_t v;

	if (strlen(word) > 20 || !text_number(word, p->min, p->max, &v))
		return false;
	buf_format(out, "%" PRIu64, v);
	return true;
}

// A name must not look like an address: in `peer X` the two stand for different things.
static bool accept_name(const struct param *p, const char *word, struct buf *out)
{
	size_t n = strlen(word);
	struct ip ip;

	if (n < p->min || n > p->max || ip_parse(word, &ip))
		return false;
	buf_put(out, word, n);
	return true;
}

static bool accept_text(const struct param *p, const char *word, struct buf *out)
{
	size_t n = strlen(word);

	// One pair of quotes around the whole is no part of it.
	if (n >= 2 && word[0] == '"' && memchr(word + 1, '"', n - 1) == word + n - 1) {
		word++;
		n -= 2;
		while (n && word[0] == ' ') {
			word++;
			n--;
		}
		while (n && word[n - 1] == ' ')
			n--;
	}
	if (n < p->min || n > p->max)
		return false;
	buf_put(out, word, n);
	return true;
}

static bool accept_regex(const struct param *p, const char *word, struct buf *out)
{
	size_t n = strlen(word), at;
	int error;

	if (n < p->min || n > p->max)
		return false;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)word, n, 0, &error, &at, NULL);
	if (!code)
		return false;
	pcre2_code_free(code);
	buf_put(out, word, n);
	return true;
}

static bool accept_ip(const char *word, unsigned bits, struct buf *out)
{
	char text[IP_TEXT_MAX];
	struct ip ip;

	if (!ip_parse(word, &ip) || ip.bits != bits)
		return false;
	buf_text(out, ip_text(&ip, text));
	return true;
}

static bool accept_mask(const char *word, bool dotted, struct buf *out)
{
	char text[IP_TEXT_MAX];
	bool contiguous = true;
	struct ip ip;
	uint64_t length;

	if (ip_parse(word, &ip) && ip.bits == 32)
		length = ip_prefix_length(&ip, &contiguous);
	else if (!text_number(word, 0, 32, &length))
		return false;
	if (!contiguous)
		return false;
	ip = ip_from_u32(UINT32_MAX);
	ip_mask(&ip, (unsigned)length);
	if (dotted)
		buf_text(out, ip_text(&ip, text));
	else
		buf_format(out, "%u", (unsigned)length);
	return true;
}

static bool accept_as(const char *word, struct buf *out)
{
	uint32_t as;

	if (!text_as_number(word, &as))
		return false;
	buf_text(out, word);
	return true;
}

// Splits at colons into at most 3 parts that fit 31 characters; 0: cannot.
static unsigned split_colons(const char *word, char part[3][32])
{
	unsigned n = 0;

	for (;;) {
		size_t size = strcspn(word, ":");
		if (n == 3 || size > 31)
			return 0;
		memcpy(part[n], word, size);
		part[n++][size] = '\0';
		if (!word[size])
			return n;
		word += size + 1;
	}
}

static bool accept_community(const char *word, struct buf *out)
{
	char part[3][32];
	uint64_t high, low;
	unsigned n = split_colons(word, part);

	if (n == 1 && text_number(part[0], 0, UINT32_MAX, &low)) {
		high = low >> 16;
		low &= 0xffff;
	} else if (n != 2 || !text_number(part[0], 0, UINT16_MAX, &high) ||
		   !text_number(part[1], 0, UINT16_MAX, &low)) {
		return false;
	}
	buf_format(out, "%" PRIu64 ":%" PRIu64, high, low);
	return true;
}

static bool accept_large(const char *word, struct buf *out)
{
	char part[3][32];
	uint64_t v[3];

	if (split_colons(word, part) != 3)
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (!text_number(part[i], 0, UINT32_MAX, &v[i]))
			return false;
	buf_format(out, "%" PRIu64 ":%" PRIu64 ":%" PRIu64, v[0], v[1], v[2]);
	return true;
}

// AS2:nn4, A4:nn2, AS4:nn2, x.y:nn2.
static bool accept_rt(const char *word, struct buf *out)
{
	char part[3][32];
	uint64_t v, as;
	uint32_t dotted;
	struct ip ip;

	if (split_colons(word, part) != 2 || !text_number(part[1], 0, UINT32_MAX, &v))
		return false;
	if (text_number(part[0], 0, UINT16_MAX, &as)) {
		buf_format(out, "%" PRIu64 ":%" PRIu64, as, v);
		return true;
	}
	if (v > UINT16_MAX ||
	    !((ip_parse(part[0], &ip) && ip.bits == 32) || text_as_number(part[0], &dotted)))
		return false;
	buf_format(out, "%s:%" PRIu64, part[0], v);
	return true;
}

bool param_accept(const struct param *p, const char *word, struct buf *ret_stored)
{
	switch (p->kind) {
	case PARAM_INTEGER:
		return accept_integer(p, word, ret_stored);
	case PARAM_NAME:
		return accept_name(p, word, ret_stored);
	case PARAM_TEXT:
		return accept_text(p, word, ret_stored);
	case PARAM_REGEX:
		return accept_regex(p, word, ret_stored);
	case PARAM_IPV4:
		return accept_ip(word, 32, ret_stored);
	case PARAM_IPV6:
		return accept_ip(word, 128, ret_stored);
	case PARAM_MASK:
	case PARAM_LENGTH:
		return accept_mask(word, p->kind == PARAM_MASK, ret_stored);
	case PARAM_AS:
		return accept_as(word, ret_stored);
	case PARAM_COMMUNITY:
		return accept_community(word, ret_stored);
	case PARAM_LARGE:
		return accept_large(word, ret_stored);
	case PARAM_RT:
		return accept_rt(word, ret_stored);
	case PARAM_CUSTOM:
		return p->accept(word, ret_stored);
	}
	return false;
}

void param_shape(const struct param *p, struct buf *out)
{
	static const char *const fixed[] = {
		[PARAM_IPV4] = "X.X.X.X",
		[PARAM_IPV6] = "X:X::X:X",
		[PARAM_MASK] = "X.X.X.X or INTEGER<0-32>",
		[PARAM_LENGTH] = "INTEGER<0-32>",
		[PARAM_AS] = "<1-4294967295>|<1-65535>.<0-65535>",
		[PARAM_COMMUNITY] = "INTEGER<0-65535>:INTEGER<0-65535>|INTEGER<0-4294967295>",
		[PARAM_LARGE] = "aa:bb:cc",
		[PARAM_RT] = "ASN:nn or IP-address:nn",
		[PARAM_CUSTOM] = "VALUE",
	};

	if (p->shape)
		buf_text(out, p->shape);
	else if (p->kind == PARAM_INTEGER)
		buf_format(out, "INTEGER<%" PRIu64 "-%" PRIu64 ">", p->min, p->max);
	else if (p->kind == PARAM_TEXT)
		buf_format(out, "TEXT<%" PRIu64 "-%" PRIu64 ">", p->min, p->max);
	else if (p->kind == PARAM_NAME || p->kind == PARAM_REGEX)
		buf_format(out, "STRING<%" PRIu64 "-%" PRIu64 ">", p->min, p->max);
	else
		buf_text(out, fixed[p->kind]);
}
