// IP addresses of both versions as values: bits is 32 or 128, or 0 for "none". Bytes behind the
// address are zero, so that two addresses are equal when their bytes are.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;

#define IP_TEXT_MAX 48

struct ip {
	uint8_t bits; // 0, 32 or 128
	uint8_t b[16];
};

bool ip_parse(const char *text, struct ip *ret);          // either version; false leaves *ret alone
struct ip ip_from_bytes(const uint8_t *b, unsigned bits); // bits 32 or 128
struct ip ip_from_u32(uint32_t v);                        // host order value of an IPv4 address
uint32_t ip_to_u32(const struct ip *ip);                  // 0 unless 32 bits
bool ip_equal(const struct ip *a, const struct ip *b);
int ip_compare(const struct ip *a, const struct ip *b); // IPv4 first, then by value
bool ip_is_zero(const struct ip *ip);                   // none, or all bytes zero
bool ip_is_link_local(const struct ip *ip);             // FE80::/10: needs an interface beside it
const char *ip_text(
	const struct ip *ip,
	char out[IP_TEXT_MAX]); // "-" for none; IPv6 in RFC 5952 form, upper-case digits as VRP shows
void ip_put(struct buf *b, const struct ip *ip);
unsigned ip_prefix_length(const struct ip *mask, bool *contiguous); // of a mask such as 255.255.0.0
void ip_mask(struct ip *ip, unsigned length);                       // zeroes the bits behind length
bool bits_equal(const uint8_t *a, const uint8_t *b,
		unsigned bits); // first bits of two byte strings
