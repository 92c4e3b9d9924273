// Hashing of bytes (xxHash). 64 bits for tables, 128 where equality of contents is meant.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct hash128 {
	uint64_t lo, hi;
};

uint64_t hash_bytes(const void *p, size_t n);
uint64_t hash_more(uint64_t seed, const void *p, size_t n);
struct hash128 hash_wide(const void *p, size_t n);

// Mixes a number so that all bits of the result depend on all bits of it (splitmix64's finish).
static inline uint64_t hash_number(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}
