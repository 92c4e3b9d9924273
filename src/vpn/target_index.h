// Which destinations of a VPN table carry a route target, and who takes in what carries it. One
// index a family, owned by the exchange. RFC 4364 section 4.3.1.
//
// The destinations of a target are a hash set of their numbers: 4 bytes a slot, at most 85 in 100 of
// them in use, no stale entries. Slots are in the order of the hash, so that growing is one pass
// over both arrays. A target stays while somebody carries it or asks for it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

struct tie;

// Who asks for a target: now, or did since its last walk, so that something may stand with it.
struct taker {
	struct tie *tie;
	bool now;
};

struct target {
	uint64_t value;
	uint32_t *slots; // numbers of destinations, 0: empty; owned
	uint32_t cap, count;
	uint32_t taker_count, taker_cap;
	struct taker *takers; // owned
};

struct target_index {
	struct map targets; // by value: struct target, owned
	size_t places, slots;
};

void target_index_init(struct target_index *x);
void target_index_free(struct target_index *x);
struct target *target_find(const struct target_index *x, uint64_t value); // NULL: unknown
void target_add(struct target_index *x, uint64_t value, uint32_t number); // there already: nothing
void target_remove(struct target_index *x, uint64_t value, uint32_t number);
void target_take(struct target_index *x, uint64_t value,
		 const struct taker *taker); // replaces the tie's
void target_leave(struct target_index *x, uint64_t value, const struct tie *tie);
size_t target_index_bytes(const struct target_index *x);

static inline uint64_t target_value(const uint8_t b[8])
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | b[i];
	return v;
}
