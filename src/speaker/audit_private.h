// What the files of an audit share (speaker/audit.h).
//
//   audit_build.c  workers beside the shards' own: configured, and told what peers have sent
//   audit.c        the two sides compared
#pragma once

#include "speaker/audit.h"
#include "speaker/private.h"

#define AUDIT_STEP 4096u // destinations

struct audit_run {
	struct speaker *speaker;
	const struct audit_options *o;
	struct audit *ret;
	uint16_t families;    // bits: those that the ones to compare depend on, and these
	struct worker **anew; // by shard; owned
	struct membership *asked[RIB_PEERS_MAX]; // by peer: what counts anew; owned; NULL: nothing
	uint16_t *exempt;                        // by instance: bits of families; owned
	uint64_t done, total;  // destinations that have been passed by, twice each
	struct audit_row *row; // at hand
	struct rib *stands;    // likewise
	struct rib *empty;     // for a table that one side has not got; owned
};

void audit_build(struct audit_run *r);
void audit_passed(struct audit_run *r, uint32_t *left); // a step of what is left of a table
// What was given to the shards for a peer against what they would be given now.
void audit_given(struct audit_run *r, enum audit_kind kind, const struct speaker_peer *p,
		 unsigned i);
