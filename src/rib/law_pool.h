// Routes that all cases of the law draw from: attribute sets and prefixes of some families, made
// once. Part of no program.
#pragma once

#include "rib/world.h"

#define LAW_FAMILIES 5
#define LAW_LABELED  2 // the one whose NLRI have labels
#define LAW_PREFIXES 24
#define LAW_SETS     28

struct law_pool {
	struct fixture fixture;                         // owns what the sets point at
	struct buf sets[LAW_FAMILIES][LAW_SETS];        // canonical bytes
	uint32_t labels[LAW_SETS];                      // that each comes with, where there are any
	struct attrs own_sets[LAW_FAMILIES][LAW_SETS];  // of routes that we originate
	struct attrs lent_sets[LAW_FAMILIES][LAW_SETS]; // of routes that another table lends
	struct af_key keys[LAW_FAMILIES][LAW_PREFIXES];
};

// The classic one, one of wide prefixes, the one that exchanges routes with the classic one, and
// memberships, one of several types of NLRI.
const struct af *law_family(unsigned f);
void law_pool_make(struct law_pool *pool);
void law_pool_drop(struct law_pool *pool);
