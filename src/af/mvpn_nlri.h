// MCAST-VPN NLRI (RFC 6514 4), for both widths of customer addresses: one octet of route type, one
// of length, and a value by type:
//
//   1 Intra-AS I-PMSI A-D   RD, originator
//   2 Inter-AS I-PMSI A-D   RD, source AS
//   3 S-PMSI A-D            RD, source, group, originator; either may be the wildcard (RFC 6625)
//   4 Leaf A-D              a whole NLRI of type 1, 2 or 3, originator
//   5 Source Active A-D     RD, source, group
//   6 Shared Tree Join      RD, source AS, rendezvous point, group
//   7 Source Tree Join      RD, source AS, source, group
//
// Source and group stand behind their length in bits. Originators are addresses of PEs and of either
// width, as the length tells; customer addresses have the family's width.
//
// Key: the NLRI octet for octet, zeroes behind.
#pragma once

#include "af/af.h"

#define MVPN4_KEY 56 // a leaf of an S-PMSI, both originators IPv6: 2 + (2 + 34) + 16, rounded up
#define MVPN6_KEY 80

bool mvpn4_nlri_get(struct cursor *c, struct af_key *ret);
bool mvpn6_nlri_get(struct cursor *c, struct af_key *ret);
bool mvpn4_nlri_check(const uint8_t *p, size_t n, struct af_check *ret);
bool mvpn6_nlri_check(const uint8_t *p, size_t n, struct af_check *ret);
void mvpn_nlri_put(struct buf *b, const struct af_key *key);
unsigned mvpn_nlri_size(const struct af_key *key);
// "1 100:1 10.0.0.1", "3 100:1 * 225.1.1.1 10.0.0.1", "4 [2 100:1 65000] 10.0.0.2": the type and its
// fields in order.
void mvpn4_text_put(struct buf *b, const struct af_key *key);
void mvpn6_text_put(struct buf *b, const struct af_key *key);
bool mvpn4_text_get(const char *text, struct af_key *ret);
bool mvpn6_text_get(const char *text, struct af_key *ret);
// By type, then by distinguisher: displays have a heading for each type.
int mvpn_compare(const struct af_key *a, const struct af_key *b);
bool mvpn4_senseless(const struct af_key *key); // RFC 6514 4.5: Source Active of an SSM group
bool mvpn6_senseless(const struct af_key *key);
const uint8_t *mvpn_rd(const struct af_key *key);
void mvpn_to_inner(const struct af_key *key, struct af_key *ret);
void mvpn_from_inner(const struct af_key *key, const uint8_t rd[8], struct af_key *ret);
unsigned mvpn_route_type(const struct af_key *key);
extern const struct af_type mvpn_types[];
