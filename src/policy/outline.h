// Partial evaluation: what a program makes of attributes whose key is not known. Private to
// policy/.
//
// An outline is a tree of tests of the key whose leaves say "rejected" or name the nodes whose applies
// make up the result. Applies at the leaves are not carried out: most leaves of most attribute
// sets are never reached by a route, and nobody should pay for them.
#pragma once

#include "policy/program.h"

// The nodes with applies that a route passed, last one first.
struct effect {
	const struct effect *before;
	const struct policy_node *node;
};

struct outline {
	const struct key_test *test; // NULL: a leaf
	const struct outline *yes, *no;
	bool accept;                  // leaf
	const struct effect *effects; // leaf
};

// In the arena; NULL: the tree would pass RESIDUAL_NODES_MAX tests.
const struct outline *policy_outline(const struct policy_program *p, const struct policy_context *x,
				     const struct attrs *in, struct arena *a);
// Carries out a leaf's applies, first one first. false: the result does not fit an UPDATE.
bool effects_apply(const struct policy_program *p, const struct policy_context *x,
		   const struct policy_node *const *nodes, unsigned count, struct attrs *inout,
		   struct arena *a);
// The nodes of a chain in order of execution, in the arena.
const struct policy_node **effects_list(const struct effect *e, struct arena *a,
					unsigned *ret_count);
// Whether some alternative about the prefix holds whatever the prefix is, or there is none.
bool node_is_untested(const struct policy_program *p, const struct policy_node *n);
