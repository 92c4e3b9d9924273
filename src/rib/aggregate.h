// `aggregate`: routes that stand for the more specific ones below them. Private to rib/.
#pragma once

#include "base/map.h"
#include "rib/internal.h"

struct aggregate {
	struct rib_aggregate with;      // programs counted
	unsigned bits;                  // length of the prefix
	struct memo *origin, *suppress; // of the policies; NULL: none
	struct map contributors; // set number -> count, as a pointer; a reference on each set
	uint32_t count;          // best routes that contribute
	bool dirty;              // what it is made of has changed
};

enum aggregation_phase { AGGREGATION_COUNTING, AGGREGATION_MARKING, AGGREGATION_STEADY };

struct aggregation {
	struct aggregate **list;
	unsigned count;
	struct map by_key;   // hash of key -> struct aggregate
	uint64_t lengths[3]; // bits: lengths of prefix in use
	enum aggregation_phase phase;
	uint32_t next; // destination, of a walk
	bool dirty;    // one of them is
};

// The attributes that follow from the contributors and the aggregate's own policy, with a
// reference; 0: the policy rejects it.
uint32_t aggregate_attributes(struct family *f, struct aggregate *a);
