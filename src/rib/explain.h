// Why one destination's routes are as they are: for each path what it met on its way in, which path
// is best and why each other is not, and for each neighbour whether it is told, what, or why not. The
// same functions answer that carry routes through (import_before, policy_explain, decide_best,
// export_before, export_after, entry_bar, encoder_fits); each answer is compared with what stands,
// and says so when it does not agree, as while a walk has yet to come by.
//
// With a candidate the same is asked of another configuration; nothing changes.
#pragma once

#include "rib/bar.h"
#include "rib/rib.h"

// A peer as a configuration has it. Programs: the asker's, good until the call returns.
struct rib_explain_peer {
	uint16_t peer;
	struct rib_import in;  // program NULL: gives no routes of the family
	struct rib_export out; // program NULL: is given none
};

struct rib_explain_config {
	struct rib_options options;
	const struct rib_explain_peer
		*peers; // ascending by peer; who is not there is not configured
	unsigned count;
};

struct rib_explain_want {
	const struct af *af;
	struct af_key key;
	uint16_t peer; // the one neighbour asked about; RIB_NO_PEER: all
	const struct rib_explain_config *candidate; // NULL: what runs
};

// What is told, in this order: each path (PATH, then what it met, then VERDICT), UNKNOWN peers, BEST
// and a LOSS for each other, then each neighbour (NEIGHBOR, what the route met, TOLD).
enum rib_explain {
	EXPLAIN_PATH,    // peer: its source; text: as received
	EXPLAIN_CHECK,   // bar: of the checks around the policy; text: what they changed, or NULL
	EXPLAIN_STEP,    // step
	EXPLAIN_APPLY,   // step: of the node; text: what it changed, "" nothing
	EXPLAIN_VERDICT, // bar; text: what is installed; stands
	EXPLAIN_UNKNOWN, // peer: nothing of it is stored, and what its import rejects is not kept
	EXPLAIN_BEST,    // peer; number: of usable paths; 0: there is none; stands
	EXPLAIN_LOSS, // peer lost to other; name, rule: of the step; text, second: the two values, other's first
	EXPLAIN_NEIGHBOR, // peer: is looked at; other: source of the route
	EXPLAIN_SAME,    // peer: is told what other is told (one update group), before its own TOLD
	EXPLAIN_DEFAULT, // it is the route of default-route-advertise
	EXPLAIN_TOLD,    // peer; bar; text: as sent; stands
	// between tables (vpn/explain.h), behind what it met
	EXPLAIN_TABLE, // number: of the instance that takes it, 0: the VPN tables; bar; text: as lent; stands
};

struct rib_explain_item {
	enum rib_explain kind;
	uint16_t peer, other;
	enum rib_bar bar;
	bool stands; // agrees with what the table holds. Of a candidate: is what holds today too
	bool waits;  // TOLD: the peer has yet to hear of it
	unsigned number;
	struct policy_step step;
	const char *name, *rule;   // static
	const char *text, *second; // good until the sink returns
};

typedef void rib_explain_sink(void *arg, const struct rib_explain_item *item);
void rib_explain(struct rib *r, const struct rib_explain_want *want, rib_explain_sink *sink,
		 void *arg);

// Attributes in words: "AS_PATH 100 200, ORIGIN IGP"; what differs: "LOCAL_PREF 100 -> 200".
void explain_attributes(struct buf *b, const struct attrs *as);
void explain_difference(struct buf *b, const struct attrs *before, const struct attrs *after);
