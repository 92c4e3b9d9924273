// Numbered objects of one size in chunks that never move: the number (u32, from 1; 0 is "none")
// is half a pointer's size, and a walk in the order of numbers runs through memory forward.
// Freed numbers are given out again, last freed first. Not thread-safe: one owner.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define POOL_CHUNK_BITS 12
#define POOL_CHUNK      (1u << POOL_CHUNK_BITS)

struct pool {
	uint8_t **chunks;
	uint32_t chunk_count, chunk_cap;
	uint32_t size;      // of one object, at least 4, rounded up to 4
	uint32_t end;       // numbers below this one have been given out at some time
	uint32_t free_head; // linked through the first 4 bytes of freed objects
	uint32_t used;      // objects alive
};

void pool_init(struct pool *p, size_t size);
void pool_free_all(struct pool *p);
uint32_t pool_take(struct pool *p); // contents are zeroed
void pool_give(struct pool *p, uint32_t n);
size_t pool_bytes(const struct pool *p);

// The object of number n (1 <= n < p->end).
static inline void *pool_at(const struct pool *p, uint32_t n)
{
	return p->chunks[n >> POOL_CHUNK_BITS] + (size_t)(n & (POOL_CHUNK - 1)) * p->size;
}
