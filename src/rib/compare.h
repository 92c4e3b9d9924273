// Two ribs held against each other by what they contain, destination by destination: one that
// stands, and one that ought to be equal, because it was built anew with the same configuration and
// told the same routes (rib/replay.h). Numbers of destinations, paths, sets and groups differ between
// the two and do not matter; nor does who was told when, generations, ages and staleness.
//
// What is compared, in both directions: the verdict on each path, the best path, which others share
// the load, what an aggregate suppresses, which memberships count, and what each neighbour is to
// believe (RFC 4271 3.2: Adj-RIBs-In, Loc-RIB, Adj-RIBs-Out).
//
// Labels that a rib gives by itself depend on who came first (rib/label.h, vpn/label.c): two of them are
// held to be the same as long as one stands for the other everywhere.
#pragma once

#include "rib/rib.h"

enum compare_kind {
	COMPARE_VERDICT,    // of a path: its installed set
	COMPARE_BEST,       // whose path is the best
	COMPARE_SELECT,     // of a path: shares the load with the best one
	COMPARE_SUPPRESSED, // the best path is kept from all
	COMPARE_COUNTS,     // of a path: the membership counts
	COMPARE_TOLD,       // to a neighbour
	COMPARE_KINDS
};

// One of the two, as to what differs.
struct compare_side {
	const struct attr_set *set; // installed, or as it is sent; NULL: none
	uint16_t peer;              // COMPARE_BEST: whose
	const uint8_t *rd;          // of a lent path; else NULL
	bool yes;                   // COMPARE_SELECT, _SUPPRESSED, _COUNTS
};

struct compare_difference {
	enum compare_kind kind;
	const struct af *af;
	const struct af_key *key;
	uint16_t
		peer; // COMPARE_TOLD: who is told; else whose path it is, RIB_NO_PEER: ours, RIB_LENT
	const uint8_t *rd;   // of a lent path; else NULL
	uint32_t generation; // of the verdict that stands; 0: there is none
	struct compare_side stands, ought;
};

struct compare_options {
	void (*found)(void *arg, const struct compare_difference *d); // good until it returns
	void *arg;
	uint32_t free_labels; // from here on labels are given by order of arrival
	// Distinguishers of tables that are no function of what was received (rib/limit.h). Destinations with
	// a path that one of them lends are not compared.
	uint8_t (*exempt)[8]; // the caller's for as long as it takes
	unsigned exempt_count;
};

struct compare_counts {
	uint64_t destinations, paths;
	uint64_t announcements; // to each neighbour one
	uint64_t exempt;        // destinations that were not compared
	uint64_t differences[COMPARE_KINDS];
};

// Has the family ever been spoken of? Asking does not make it; NULL is allowed.
bool rib_has_family(const struct rib *r, const struct af *af);

struct comparison;
// Both are at rest: nothing is queued, no walk is under way. They must not change meanwhile.
struct comparison *comparison_new(struct rib *stands, struct rib *ought, const struct af *af,
				  const struct compare_options *o);
bool comparison_step(struct comparison *c, uint32_t destinations); // true: there are more
void comparison_counts(const struct comparison *c, struct compare_counts *ret);
void comparison_free(struct comparison *c);
