// From changed destinations to messages. Private to rib/.
//
// A window is a handful of destinations with the set that each is announced with (0: withdrawn).
// The encoder puts those with the same set next to each other, announcements ahead of withdrawals,
// and writes UPDATE messages that hold one set each, or several that differ in the label only. The
// result is a parcel: one chunk of bytes for all peers of a group, and the stretches of it that are
// not for the peer they name.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct attr_set;
struct attr_table;
struct af_key;
struct update_group;
struct rib_chunk;
struct member;

struct window_item {
	uint32_t destination, attr;
	uint32_t next; // in the same bucket
	uint16_t tag;  // member that it is not for; RIB_NO_PEER: for all
};

struct window_bucket {
	uint32_t attr, head, tail;
	uint16_t tag;
};

struct stretch {
	uint16_t peer;
	uint32_t from, to; // bytes
	uint32_t updates, announced, withdrawn;
};

struct parcel {
	struct rib_chunk *chunk; // one reference; NULL: nothing to send
	uint32_t updates, announced, withdrawn;
	struct stretch *stretches; // ascending; owned
	unsigned stretch_count;
	uint64_t from, to; // what it covers: positions in the log, or chunks of entries
	uint64_t at;       // end of the log when it was made
	uint32_t living;   // places of the log that it was made from
};

struct encoder {
	struct window_item *items;
	uint32_t count, cap;
	struct window_bucket *buckets;
	uint32_t bucket_count, bucket_cap;
	uint32_t *index, index_cap, index_room; // buckets by set and tag: place + 1
	struct stretch *stretches;
	uint32_t stretch_count, stretch_cap;
	const struct attr_table *labeled; // of the window's family if its NLRI carry labels
	struct buf out, attributes;
	struct arena arena;
};

void encoder_init(struct encoder *e);
void encoder_free(struct encoder *e);
void encoder_add(struct encoder *e, uint32_t destination, uint32_t attr, uint16_t tag);
// Messages for what was added, which is forgotten. only: the single receiver, or NULL; then no
// stretches are needed.
void encoder_finish(struct encoder *e, struct update_group *g, const struct member *only,
		    struct parcel *ret);
// Whether a message to the group has room for the route (the same rule, for explanations).
bool encoder_fits(struct encoder *e, struct update_group *g, const struct attr_set *set,
		  const struct af_key *key);
void parcel_clear(struct parcel *p);

// --- chunk.c ------------------------------------------------------------------------------------------
struct rib_chunk *rib_chunk_new(const uint8_t *p, size_t n);
struct rib_chunk *rib_chunk_ref(struct rib_chunk *c);
// Hands the parcel to the owner, but for the stretches that are not the member's.
void parcel_deliver(const struct parcel *p, struct member *m);
