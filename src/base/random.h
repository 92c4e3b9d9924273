// Small deterministic generator (xoshiro256**), for jitter and for tests that print their seed.
#pragma once

#include <stdint.h>

struct random {
	uint64_t s[4];
};

void random_seed(struct random *r, uint64_t seed);
uint64_t random_next(struct random *r);
uint32_t random_below(struct random *r, uint32_t n); // 0 <= result < n; n > 0
