// Where two programs may differ: a set of prefixes outside of which both surely give the same
// verdict for every list of attributes. It follows from the text of the two alone. A route-policy
// that got a node with a test of the prefix in front, lost one, or had one edited, and a prefix
// list with one more line, differ in a few blocks of addresses; most other edits differ everywhere.
//
// So a change of policy need not look at the routes outside: their verdicts stand (policy/memo.h
// takes over what was known of them, rib/sweep.h passes them by).
//
// A difference is a plain value. It has room for so many blocks; more of them are drawn together,
// which only makes it larger. Too large is slow, too small would be wrong.
#pragma once

#include "policy/policy.h"

#define DIFFERENCE_BLOCKS 16

// Prefixes whose address lies from first to last and whose length from low to high. Of an address
// the leading 64 bits, the first bit highest.
struct difference_block {
	uint64_t first, last;
	uint8_t low, high;
};

struct difference { // all zero: nowhere
	unsigned count;
	struct difference_block blocks[DIFFERENCE_BLOCKS]; // ascending, no address in two of them
};

// Of two programs for one family and direction, run with the same policy_context. NULL stands for
// a program that nothing is known of.
void difference_of(const struct policy_program *a, const struct policy_program *b,
		   struct difference *ret);
void difference_everywhere(struct difference *ret);
bool difference_is_everywhere(const struct difference *d);
void difference_add(struct difference *d, const struct difference *other); // both together

static inline uint64_t difference_address(const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits < 64 ? bits / 8 : 8;
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)b[i] << (56 - 8 * i);
	return v;
}

// In keys without a prefix nothing can be told apart.
static inline bool difference_has(const struct difference *d, const struct af *af,
				  const struct af_key *key)
{
	unsigned length;

	if (!d->count || !af->prefix_bits)
		return d->count;
	const uint8_t *b = af->prefix(key, &length);
	uint64_t address =
		af->prefix_bits == 32 ? difference_address(b, 32) : difference_address(b, 64);
	for (unsigned i = 0; i < d->count && d->blocks[i].first <= address; i++)
		if (address <= d->blocks[i].last)
			return length >= d->blocks[i].low && length <= d->blocks[i].high;
	return false;
}
