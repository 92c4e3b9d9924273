// BGP messages as bgpfeed writes them (RFC 4271 section 4, 4760, 2918, 7313, 6793). An encoder of its
// own, apart from the speaker's: what both understand alike has been read twice.
#pragma once

#include "feed_table.h"

enum { MSG_OPEN = 1, MSG_UPDATE, MSG_NOTIFICATION, MSG_KEEPALIVE, MSG_REFRESH };
enum { REFRESH_PLAIN, REFRESH_BORR, REFRESH_EORR };
enum { WIRE_HEADER = 19, WIRE_MAX = 4096, WIRE_MAX_EXTENDED = 65535, AS_TRANS = 23456 };

struct wire_open {
	uint32_t as, router_id; // router_id in network order
	uint16_t hold;
	unsigned families; // bits by family index
	bool capabilities, refresh, enhanced, as4, extended;
};

// How a peer writes attribute sets: what it puts in front of paths, its next hops, its limits.
struct wire_style {
	uint32_t as;
	bool ibgp, as4;
	unsigned variant; // peers with different variants send different paths
	uint8_t next_hop4[4], next_hop6[16];
	size_t max;                // of a message
	const struct blobs *blobs; // where NLRI of several types stand
};

void wire_open(struct buf *b, const struct wire_open *o);
void wire_keepalive(struct buf *b);
void wire_notification(struct buf *b, uint8_t code, uint8_t subcode, const void *data, size_t n);
void wire_refresh(struct buf *b, int family, uint8_t subtype);
void wire_end_of_rib(struct buf *b, int family);

// One attribute set and its prefixes: as many UPDATEs as they need. Prefixes whose skip byte is set
// are left out. verbatim: the set is sent as it is, without the peer's AS in front;
// a NEXT_HOP in it (4 or 16 bytes) replaces the peer's. Returns the number of UPDATEs.
struct wire_set {
	const uint8_t *attributes;
	size_t len;
	uint64_t salt; // of the set, for variants
	bool verbatim;
};
struct wire_prefixes {
	const struct prefix *item;
	const uint8_t *skip; // by place; may be NULL
	uint32_t count;
};
unsigned wire_announce(struct buf *b, const struct wire_style *s, int family,
		       const struct wire_set *set, struct wire_prefixes prefixes);
unsigned wire_withdraw(struct buf *b, const struct wire_style *s, int family,
		       const struct prefix *prefixes, uint32_t count);
