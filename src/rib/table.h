// Destinations of one family and the paths that lead to them. Private to rib/.
//
// A destination is a number: a place in a pool that holds its key and the head of its list of
// paths. The index finds the number of a key. It is cut into many small tables, so that growing
// one is a matter of microseconds, and its slots are numbers with a few bits of the hash in
// front, so that a probe rarely touches a destination other than the right one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "af/af.h"
#include "base/pool.h"

#define TABLE_PARTS       256u
#define TABLE_NUMBER_BITS 26 // destinations in one table; the rest of a slot is the tag
#define TABLE_NUMBER_MAX  ((1u << TABLE_NUMBER_BITS) - 2)

// One path of one destination: what a peer told us, and what import made of it.
struct path {
	uint32_t next;    // path of the same destination
	uint32_t attr_in; // set as received
	uint32_t attr;    // set after import; 0: rejected
	uint32_t
		generation; // that gave the verdict; one of its peer may vouch for it (rib/group.h)
	uint32_t epoch;     // when it was received (struct rib, epoch)
	uint16_t peer;      // RIB_NO_PEER: originated, RIB_AGGREGATE: aggregated here
	uint16_t flags;     // enum path_flag
};

enum path_flag {
	PATH_COUNTS = 1, // a membership about which the owner has been told (rib/membership.h)
	PATH_NOTED = 2,  // the ledger knows the verdict that it had (rib/ledger_note.h)
};

enum destination_info {
	DESTINATION_LIVE = 1,
	DESTINATION_SUPPRESSED = 2, // by an aggregate: not advertised
	DESTINATION_HOLD = 4,       // one hold, counted in the bits from here upwards
};

// When the list of paths is not empty and its head is not rejected, the head is the best path.
struct destination {
	uint32_t first; // the pool's list of free numbers runs through this word
	uint32_t info;  // enum destination_info; 0: not in use
	uint8_t key[];  // af->key_size bytes: what a struct af_key begins with
};

struct table_part {
	uint32_t *slots; // tag and number; 0 empty
	uint32_t cap, used, removed;
};

struct table {
	const struct af *af;
	struct pool destinations, paths;
	struct table_part part[TABLE_PARTS];
};

void table_init(struct table *t, const struct af *af);
void table_free(struct table *t);
uint32_t table_find(const struct table *t, const struct af_key *key, uint64_t hash); // 0: none
uint32_t table_add(struct table *t, const struct af_key *key, uint64_t hash); // found or made
void table_remove(struct table *t, uint32_t n); // has neither paths nor holds
size_t table_bytes(const struct table *t);

static inline struct destination *table_at(const struct table *t, uint32_t n)
{
	return pool_at(&t->destinations, n);
}

// Functions of a family read key_size bytes of a key and no more.
static inline const struct af_key *destination_key(const struct destination *d)
{
	return (const struct af_key *)d->key;
}

static inline struct path *table_path(const struct table *t, uint32_t n)
{
	return pool_at(&t->paths, n);
}

// The best path or NULL.
static inline struct path *table_best(const struct table *t, const struct destination *d)
{
	struct path *p = d->first ? table_path(t, d->first) : NULL;

	return p && p->attr ? p : NULL;
}

static inline struct table_part *table_part(const struct table *t, uint64_t hash)
{
	return (struct table_part *)&t->part[hash & (TABLE_PARTS - 1)];
}

// Place in the part: the middle 32 bits of the hash, scaled, so that a part may have any size.
static inline uint32_t table_home(const struct table_part *p, uint64_t hash)
{
	return (uint32_t)((uint64_t)(uint32_t)(hash >> 16) * p->cap >> 32);
}

static inline void table_prefetch_slot(const struct table *t, uint64_t hash)
{
	const struct table_part *p = table_part(t, hash);

	if (p->cap)
		__builtin_prefetch(&p->slots[table_home(p, hash)]);
}
// The destination that the first slot names, if it is likely to be the right one.
void table_prefetch_destination(const struct table *t, uint64_t hash);
