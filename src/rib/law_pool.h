// Routes that all cases of the law draw from: attribute sets and prefixes of two families, made
// once. Part of no program.
#pragma once

#include "rib/world.h"

#define LAW_FAMILIES 2
#define LAW_PREFIXES 24
#define LAW_SETS     28

struct law_pool {
	struct fixture fixture; // owns what the sets point at
	struct buf sets[LAW_FAMILIES][LAW_SETS];       // canonical bytes
	struct attrs own_sets[LAW_FAMILIES][LAW_SETS]; // of routes that we originate
	struct af_key keys[LAW_FAMILIES][LAW_PREFIXES];
};

const struct af *law_family(unsigned f); // the classic one, and one of wide prefixes
void law_pool_make(struct law_pool *pool);
void law_pool_drop(struct law_pool *pool);
