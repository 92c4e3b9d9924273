// Interned attribute sets: each distinct list of attributes stands once in a table and is known by
// a 32-bit number. Sets are immutable and counted; the number is given out again when the last
// reference goes. One table belongs to one rib (thread); nothing here is shared.
//
// Memory of a set: struct attr_set, then len canonical wire bytes (flags, type, length, value ...
// ascending by type), ready to be copied into UPDATE messages.
#pragma once

#include "attr/attr.h"
#include "base/hash.h"
#include "base/pool.h"

struct attr_set {
	uint64_t hash;
	uint32_t refs;
	uint32_t id;
	uint32_t len; // of bytes
	uint32_t
		nexthop_at; // offset of the whole NEXT_HOP attribute (header included) in bytes; len when absent
	uint8_t nexthop_size; // its size with header; 0 when absent
	uint8_t origin;       // enum attr_origin
	uint16_t path_length; // as the decision counts
	uint32_t local_pref;  // 100 is put here when absent (LOCAL_PREF itself stays absent)
	uint32_t med;         // 0 when absent
	uint32_t neighbor_as, origin_as;
	uint16_t cluster_length; // cluster ids in CLUSTER_LIST
	uint8_t has;             // enum attr_has
	uint8_t unused;
	uint32_t
		originator; // ORIGINATOR_ID if present, else local.originator: the identifier of tie-breaks
	struct attr_local local;
	uint8_t bytes[];
};

enum attr_has {
	ATTR_HAS_MED = 1,
	ATTR_HAS_LOCAL_PREF = 2,
	ATTR_HAS_NO_EXPORT = 4,
	ATTR_HAS_NO_ADVERTISE = 8,
	ATTR_HAS_NO_EXPORT_SUBCONFED = 16,
	ATTR_HAS_ORIGINATOR = 32,
	ATTR_HAS_CONFED_PATH = 64,
};

#define ATTR_PART_BITS 6
#define ATTR_PARTS     (1u << ATTR_PART_BITS)

struct attr_part {
	uint64_t *slots; // upper half of the hash, id; 0 is empty
	uint32_t cap, used;
};

struct attr_table {
	struct attr_set **sets; // by id; id 0 is never given out
	uint32_t *marks;        // by id: attr_mark of its extended communities, together
	uint32_t end, cap, count;
	struct attr_part part[ATTR_PARTS]; // index, by the highest bits of the hash
	uint32_t *free_ids, free_count, free_cap;
	size_t bytes;                            // memory of all sets
	void (*on_free)(void *arg, uint32_t id); // before a number becomes free: memos forget it
	void *on_free_arg;
	struct buf scratch; // canonical bytes of the list being interned
};

void attr_table_init(struct attr_table *t);
void attr_table_free(struct attr_table *t);
// The set equal to the list, with one reference for the caller; made if it is not there yet.
uint32_t attr_intern(struct attr_table *t, const struct attrs *as);
// The same from canonical bytes (as a set of another table or a message batch holds them).
uint32_t attr_intern_bytes(struct attr_table *t, const uint8_t *p, size_t n,
			   const struct attr_local *local);
void attr_unref(struct attr_table *t, uint32_t id); // 0 is allowed
// The open form of a set: values point into the set and live as long as it.
void attr_open(const struct attr_set *set, struct attrs *ret);
size_t attr_table_bytes(const struct attr_table *t);
// Canonical bytes of a list, appended (what attr_intern_bytes takes).
void attrs_encode(struct buf *b, const struct attrs *as);

// One bit of 32 for an extended community (eight octets, the first one highest). A set whose mark lacks
// it surely does not carry the community: most sets need not be read.
static inline uint32_t attr_mark(uint64_t community)
{
	return UINT32_C(1) << (hash_number(community) & 31);
}

static inline struct attr_set *attr_at(const struct attr_table *t, uint32_t id)
{
	return t->sets[id];
}

static inline uint32_t attr_ref(struct attr_table *t, uint32_t id)
{
	if (id)
		t->sets[id]->refs++;
	return id;
}
