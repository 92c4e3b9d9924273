// Where two programs may differ: prefixes and route targets. A route whose prefix is not among the
// ones, and which carries none of the others, surely gets the same verdict from both. It follows from
// the text of the two alone. A route-policy that got a node with a test of the prefix in front, lost
// one, or had one edited, and a prefix list with one more line, differ in a few blocks of addresses;
// an instance that imports one more target, or a peer that asks for one more (policy_target),
// makes a difference for what carries it; most other edits differ everywhere.
//
// So a change of policy need not look at the routes outside: their verdicts stand (policy/memo.h
// takes over what was known of them, rib/sweep.h passes them by).
//
// A route carries what its set of attributes does before the program runs. So whoever edits a set
// ahead of the program (struct memo_ops) may take targets away, but not add any.
//
// A difference is a plain value. It has room for so many blocks and ranges of targets; more of them
// are drawn together, which only makes it larger. Too large is slow, too small would be wrong.
#pragma once

#include "attr/set.h"
#include "policy/policy.h"

#include <endian.h>
#include <string.h>

#define DIFFERENCE_BLOCKS  16
#define DIFFERENCE_TARGETS 16

// Prefixes whose address lies from first to last and whose length from low to high. Of an address
// the leading 64 bits, the first bit highest.
struct difference_block {
	uint64_t first, last;
	uint8_t low, high;
};

// Route targets as numbers, first octet highest: from first to last.
struct difference_range {
	uint64_t first, last;
};

struct difference { // all zero: nowhere
	unsigned count, target_count;
	struct difference_block blocks[DIFFERENCE_BLOCKS]; // ascending, no address in two of them
	// Ascending, no target in two of them; the last place is for one that is being added.
	struct difference_range targets[DIFFERENCE_TARGETS + 1];
	uint32_t marks; // of sets that may carry one of the targets: attr_mark
};

// Of two programs for one family and direction, run with the same policy_context. NULL stands for
// a program that nothing is known of.
void difference_of(const struct policy_program *a, const struct policy_program *b,
		   struct difference *ret);
void difference_everywhere(struct difference *ret);
bool difference_is_everywhere(const struct difference *d);
bool difference_is_nowhere(const struct difference *d);
void difference_add(struct difference *d, const struct difference *other); // both together
void difference_add_targets(struct difference *d, const struct difference_range *targets);

// The prefix is among those of the difference. In keys without one nothing can be told apart.
bool difference_has(const struct difference *d, const struct af *af, const struct af_key *key);
// The set carries one of its targets.
bool difference_has_target(const struct difference *d, const struct attr_set *set);
static inline bool difference_has_set(const struct difference *d, const struct attr_table *t,
				      uint32_t id)
{
	return d->marks && t->marks[id] & d->marks && difference_has_target(d, attr_at(t, id));
}

// The same questions for many routes of one family, most of which lie outside. Neighbours in memory
// are mostly neighbours by address, so the gap that the last one lay in is tried first; and many have
// a set in common, so the last answer about one is kept.
struct difference_scan {
	const struct difference *difference; // must stay as it is
	const struct af *af;
	const struct attr_table *sets;
	unsigned place;       // of the address in a key
	uint64_t first, size; // of the gap
	uint32_t marks;       // of the difference
	uint32_t near_set;    // 0: none
	bool near_has;
};

// Good as long as no set that it was asked about gives its number to another one.
struct difference_scan difference_scan(const struct difference *d, const struct af *af,
				       const struct attr_table *sets);
bool difference_scan_look(struct difference_scan *x, const struct af_key *key); // out of the gap
bool difference_scan_read(struct difference_scan *x, uint32_t id);              // may carry one

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

static inline bool difference_scan_has_set(struct difference_scan *x, uint32_t id)
{
	return x->sets->marks[id] & x->marks && difference_scan_read(x, id);
}
