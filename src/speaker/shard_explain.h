// An explanation on its way to a shard and back. Part of shard.h's messages.
#pragma once

#include "speaker/config.h"
#include "speaker/explain.h"

struct candidate_link {
	uint16_t instance;
	struct vpn_link link; // lists owned, a reference on the programs
};

// Everything in it is its own: copies, and a reference on each program.
struct explain_order {
	struct rib_explain_want want; // candidate: NULL, or config
	struct rib_explain_config config;
	struct rib_explain_peer *peers;
	struct candidate_link *links; // of the family's inner one; ascending by instance
	unsigned link_count;
};

void explain_order_free(struct explain_order *o);
void explanation_free(struct explanation *e); // NULL is allowed

struct exchange;
// In the shard. rib NULL: gone, and so is the answer.
struct explanation *explain_carry_out(const struct explain_order *o, struct rib *rib,
				      struct exchange *x, uint16_t instance);
