// NLRI of all families, in bytes and in text. What is no more than a prefix is one (struct prefix);
// VPN routes have a distinguisher besides; NLRI of several types (RFC 6514) are kept octet for
// octet among the blobs, and the prefix holds their number.
#pragma once

#include "base/cursor.h"
#include "feed_table.h"

// The next NLRI of a field; false: malformed. Labels are read over (RFC 8277: one).
bool nlri_next(struct cursor *c, int family, struct blobs *blobs, struct prefix *ret);
size_t nlri_size(int family, const struct blobs *blobs, const struct prefix *p);
// withdraw: with the label of withdrawals. Otherwise VPN routes carry a label made of their
// distinguisher, as of one that has a label for each VPN instance.
void nlri_put(struct buf *b, int family, const struct blobs *blobs, const struct prefix *p,
	      bool withdraw);
// "10.0.0.0/8"; VPN "100:1,10.0.0.0/8"; memberships "100,100:1", "100,100:1/64", "default"; others the
// whole NLRI in hex.
bool nlri_parse(int family, struct blobs *blobs, const char *text, struct prefix *ret);
const char *nlri_text(int family, const struct blobs *blobs, const struct prefix *p, char out[256]);
// A route target (or its like) of "100:1", "192.0.2.1:1", "70000:1" as 8 octets; the same bytes but for the
// first two are a distinguisher.
bool target_parse(const char *text, uint8_t sub_type, uint8_t ret[8]);
