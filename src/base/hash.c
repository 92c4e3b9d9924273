// Hashing by xxHash's XXH3: one place that knows the library, so that every table hashes alike.
#include "base/hash.h"

#include <xxhash.h>

uint64_t hash_bytes(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

uint64_t hash_more(uint64_t seed, const void *p, size_t n)
{
	return XXH3_64bits_withSeed(p, n, seed);
}

struct hash128 hash_wide(const void *p, size_t n)
{
	XXH128_hash_t h = XXH3_128bits(p, n);
	return (struct hash128){.lo = h.low64, .hi = h.high64};
}
