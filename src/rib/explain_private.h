// What the two halves of an explanation share (rib/explain.h). Private to rib/.
#pragma once

#include "rib/decide.h"
#include "rib/explain.h"
#include "rib/group.h"

struct explained_path {
	uint32_t attr; // explained verdict, counted; 0: rejected
	uint16_t peer;
};

struct explaining {
	struct rib *rib;
	struct family *family;
	const struct rib_options *running; // of the family; in it are the candidate's meanwhile
	const struct rib_explain_want *want;
	rib_explain_sink *sink;
	void *arg;
	uint32_t number;                // of the destination; 0: there is none
	struct decide_candidate *paths; // usable ones
	unsigned count, cap;
	uint32_t best;      // of the table's paths, by the explanation; 0: none
	uint32_t best_attr; // explained, counted by paths
	uint16_t best_peer;
	struct attrs seen; // as the last step left them
	struct arena arena;
	struct buf text, second;
};

void explain_tell(struct explaining *x, const struct rib_explain_item *item);
// The candidate's word for a peer. NULL: none, or there is no candidate.
const struct rib_explain_peer *explain_candidate(const struct explaining *x, uint16_t peer);
// Runs a policy and tells of each step.
bool explain_policy(struct explaining *x, const struct policy_program *program,
		    const struct policy_context *context, struct attrs *as);
void explain_neighbors(struct explaining *x);
