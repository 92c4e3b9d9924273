// What the families of labelled VPN prefixes have in common (RFC 4364 4.3.4, RFC 4659 3.2, RFC 8277
// 2.2): one octet of length in bits, a label of 3 octets, a route distinguisher of 8, and then as
// few octets as hold the prefix. One label only: nobody here announces the capability for more.
//
// Key: the distinguisher (8 bytes), the address (4 or 16), the prefix's length (1), zeroes up to a
// multiple of 4. So keys of one prefix under two distinguishers are two routes (RFC 4364 4.1), and
// displays go by distinguisher first. The label is no part of it.
#pragma once

#include "af/af.h"
#include "af/rd.h"

#define VPN_PREFIX4_KEY 16
#define VPN_PREFIX6_KEY 28

bool vpn_prefix4_nlri_get(struct cursor *c, struct af_key *ret);
bool vpn_prefix6_nlri_get(struct cursor *c, struct af_key *ret);
bool vpn_prefix4_nlri_check(const uint8_t *p, size_t n, struct af_check *ret);
bool vpn_prefix6_nlri_check(const uint8_t *p, size_t n, struct af_check *ret);
void vpn_prefix4_nlri_put(struct buf *b, const struct af_key *key);
void vpn_prefix6_nlri_put(struct buf *b, const struct af_key *key);
unsigned vpn_prefix4_nlri_size(const struct af_key *key);
unsigned vpn_prefix6_nlri_size(const struct af_key *key);
const uint8_t *vpn_prefix4_prefix(const struct af_key *key, unsigned *ret_bits);
const uint8_t *vpn_prefix6_prefix(const struct af_key *key, unsigned *ret_bits);
void vpn_prefix4_from_prefix(const struct ip *address, unsigned length, struct af_key *ret);
void vpn_prefix6_from_prefix(const struct ip *address, unsigned length, struct af_key *ret);
void vpn_prefix4_text_put(struct buf *b, const struct af_key *key); // "100:1 10.0.0.0/24"
void vpn_prefix6_text_put(struct buf *b, const struct af_key *key);
bool vpn_prefix4_text_get(const char *text, struct af_key *ret);
bool vpn_prefix6_text_get(const char *text, struct af_key *ret);
int vpn_prefix4_compare(const struct af_key *a, const struct af_key *b);
int vpn_prefix6_compare(const struct af_key *a, const struct af_key *b);
bool vpn_prefix4_senseless(const struct af_key *key);
bool vpn_prefix6_senseless(const struct af_key *key);
void vpn_prefix4_to_inner(const struct af_key *key, struct af_key *ret);
void vpn_prefix6_to_inner(const struct af_key *key, struct af_key *ret);
void vpn_prefix4_from_inner(const struct af_key *key, const uint8_t rd[RD_SIZE],
			    struct af_key *ret);
void vpn_prefix6_from_inner(const struct af_key *key, const uint8_t rd[RD_SIZE],
			    struct af_key *ret);
const uint8_t *vpn_prefix_rd(const struct af_key *key);

// Labels of RFC 8277 2.2 and 2.4, for NLRI whose first octet is a length.
uint32_t vpn_label_get(const uint8_t *nlri);
void vpn_label_put(uint8_t *nlri, uint32_t label);
void vpn_label_withdraw(uint8_t *nlri);
