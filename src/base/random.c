// xoshiro256** by Blackman and Vigna (public domain algorithm), seeded through splitmix64 as its
// authors advise. Not for secrets.
#include "base/random.h"

#include "base/hash.h"

void random_seed(struct random *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		r->s[i] = hash_number(seed);
	}
}

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

uint64_t random_next(struct random *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint32_t random_below(struct random *r, uint32_t n)
{
	// Multiplying instead of a remainder: the bias is below n / 2^32, of no account here.
	return (uint32_t)((random_next(r) >> 32) * n >> 32);
}
