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

#include <endian.h>
#include <string.h>

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

// In keys without a prefix nothing can be told apart.
bool difference_has(const struct difference *d, const struct af *af, const struct af_key *key);

// The same question for many keys of one family, most of which lie outside. Neighbours in memory
// are mostly neighbours by address, so the gap that the last one lay in is tried first.
struct difference_scan {
	const struct difference *difference; // must stay as it is
	const struct af *af;
	unsigned place;       // of the address in a key
	uint64_t first, size; // of the gap
};

struct difference_scan difference_scan(const struct difference *d, const struct af *af);
bool difference_scan_look(struct difference_scan *x, const struct af_key *key); // out of the gap

static inline uint64_t difference_address(const uint8_t *b, unsigned bits)
{
	uint64_t v = 0;

	if (bits == 32) {
		uint32_t half;
		memcpy(&half, b, sizeof(half));
		return (uint64_t)be32toh(half) << 32;
	}
	if (bits == 128)
		memcpy(&v, b, sizeof(v));
	return be64toh(v);
}

static inline bool difference_scan_has(struct difference_scan *x, const struct af_key *key)
{
	uint64_t address = difference_address(key->b + x->place, x->af->prefix_bits);

	return address - x->first >= x->size && difference_scan_look(x, key);
}
