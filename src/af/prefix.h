// What the families whose NLRI is a plain IP prefix have in common (RFC 4271 4.3, RFC 4760 5):
// one octet of length in bits, then as few octets as hold them. A family file points its table
// at the functions of its width.
//
// Key: the address (4 or 16 bytes), the length (1), zeroes up to a multiple of 4.
#pragma once

#include "af/af.h"

#define PREFIX4_KEY 8
#define PREFIX6_KEY 20

bool prefix4_nlri_get(struct cursor *c, struct af_key *ret);
bool prefix6_nlri_get(struct cursor *c, struct af_key *ret);
void prefix4_nlri_put(struct buf *b, const struct af_key *key);
void prefix6_nlri_put(struct buf *b, const struct af_key *key);
unsigned prefix4_nlri_size(const struct af_key *key);
unsigned prefix6_nlri_size(const struct af_key *key);
const uint8_t *prefix4_prefix(const struct af_key *key, unsigned *ret_bits);
const uint8_t *prefix6_prefix(const struct af_key *key, unsigned *ret_bits);
void prefix4_from_prefix(const struct ip *address, unsigned length, struct af_key *ret);
void prefix6_from_prefix(const struct ip *address, unsigned length, struct af_key *ret);
void prefix4_text_put(struct buf *b, const struct af_key *key);
void prefix6_text_put(struct buf *b, const struct af_key *key);
bool prefix4_text_get(const char *text, struct af_key *ret);
bool prefix6_text_get(const char *text, struct af_key *ret);
int prefix4_compare(const struct af_key *a, const struct af_key *b);
int prefix6_compare(const struct af_key *a, const struct af_key *b);

// The check of a field comes in two kinds: where multicast addresses are senseless, and where
// every prefix has a meaning.
bool prefix4_check_unicast(const uint8_t *p, size_t n, struct af_check *ret);
bool prefix6_check_unicast(const uint8_t *p, size_t n, struct af_check *ret);
bool prefix4_check_any(const uint8_t *p, size_t n, struct af_check *ret);
bool prefix4_senseless_unicast(const struct af_key *key);
bool prefix6_senseless_unicast(const struct af_key *key);
bool prefix_senseless_never(const struct af_key *key);

// Multicast groups have no place in a unicast table (RFC 4271 6.3). The bytes may be those of a
// key or of a message: with a length of at least the bits tested, the first octet is there.
static inline bool prefix4_is_multicast(const uint8_t *p, unsigned length)
{
	return length >= 4 && (p[0] & 0xf0) == 0xe0;
}

// Multicast, or link-local: neither is ever routed (RFC 4291 2.5.6, 2.7).
static inline bool prefix6_is_unroutable(const uint8_t *p, unsigned length)
{
	return (length >= 8 && p[0] == 0xff) ||
	       (length >= 10 && p[0] == 0xfe && (p[1] & 0xc0) == 0x80);
}
