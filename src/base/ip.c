// IP addresses as values. Text of IPv6 follows RFC 5952 (longest run of zeros shortened, the first
// of equal ones, never a single group; IPv4-mapped addresses end in dotted form), but with
// upper-case digits, which is how the command line this speaks shows them.
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

bool ip_parse(const char *text, struct ip *ret)
{
	struct ip ip = {0};

	if (inet_pton(AF_INET, text, ip.b) == 1)
		ip.bits = 32;
	else if (inet_pton(AF_INET6, text, ip.b) == 1)
		ip.bits = 128;
	else
		return false;
	*ret = ip;
	return true;
}

struct ip ip_from_bytes(const uint8_t *b, unsigned bits)
{
	struct ip ip = {.bits = (uint8_t)bits};
	memcpy(ip.b, b, bits / 8);
	return ip;
}

struct ip ip_from_u32(uint32_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	return ip_from_bytes(b, 32);
}

uint32_t ip_to_u32(const struct ip *ip)
{
	if (ip->bits != 32)
		return 0;
	return (uint32_t)ip->b[0] << 24 | (uint32_t)ip->b[1] << 16 | (uint32_t)ip->b[2] << 8 |
	       ip->b[3];
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return ip_compare(a, b) == 0;
}

int ip_compare(const struct ip *a, const struct ip *b)
{
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ip_is_zero(const struct ip *ip)
{
	static const uint8_t zero[16];
	return !memcmp(ip->b, zero, sizeof(zero));
}

bool ip_is_link_local(const struct ip *ip)
{
	return ip->bits == 128 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

static unsigned group(const struct ip *ip, int i)
{
	return (unsigned)(ip->b[2 * i] << 8 | ip->b[2 * i + 1]);
}

// The longest run of at least two zero groups among the first n; *ret_length 0: there is none.
static int zero_run(const struct ip *ip, int n, int *ret_length)
{
	int best = 0;

	*ret_length = 1;
	for (int i = 0; i < n;) {
		int start = i;
		while (i < n && !group(ip, i))
			i++;
		if (i - start > *ret_length) {
			best = start;
			*ret_length = i - start;
		}
		if (i == start)
			i++;
	}
	if (*ret_length == 1)
		*ret_length = 0;
	return best;
}

static void text_v4(const uint8_t *b, char *out, size_t size)
{
	snprintf(out, size, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

static void text_v6(const struct ip *ip, char out[IP_TEXT_MAX])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool dotted = !memcmp(ip->b, mapped, sizeof(mapped));
	int groups = dotted ? 6 : 8, run_length;
	int run = zero_run(ip, groups, &run_length);
	size_t at = 0;

	for (int i = 0; i < groups; i++) {
		if (run_length && i == run) {
			at += (size_t)snprintf(out + at, IP_TEXT_MAX - at, "::");
			i += run_length - 1;
			continue;
		}
		const char *colon = i && out[at - 1] != ':' ? ":" : "";
		at += (size_t)snprintf(out + at, IP_TEXT_MAX - at, "%s%X", colon, group(ip, i));
	}
	if (dotted) {
		out[at++] = ':';
		text_v4(ip->b + 12, out + at, IP_TEXT_MAX - at);
	}
}

const char *ip_text(const struct ip *ip, char out[IP_TEXT_MAX])
{
	if (ip->bits == 32)
		text_v4(ip->b, out, IP_TEXT_MAX);
	else if (ip->bits == 128)
		text_v6(ip, out);
	else
		snprintf(out, IP_TEXT_MAX, "-");
	return out;
}

void ip_put(struct buf *b, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	buf_text(b, ip_text(ip, text));
}

unsigned ip_prefix_length(const struct ip *mask, bool *contiguous)
{
	unsigned length = 0;

	while (length < mask->bits && mask->b[length / 8] & 0x80 >> length % 8)
		length++;
	struct ip same = *mask;
	ip_mask(&same, length);
	*contiguous = ip_equal(&same, mask);
	return length;
}

void ip_mask(struct ip *ip, unsigned length)
{
	if (length >= ip->bits)
		return;
	unsigned whole = length / 8;
	if (length % 8)
		ip->b[whole++] &= (uint8_t)(0xff00 >> length % 8);
	memset(ip->b + whole, 0, sizeof(ip->b) - whole);
}

bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (whole && memcmp(a, b, whole))
		return false;
	return !rest || !((a[whole] ^ b[whole]) & 0xff00 >> rest & 0xff);
}
