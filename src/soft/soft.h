// Soft reset: makes the tables true again after something changed, without hurting anyone.
// Invariants, each with a test of its number (soft/soft_test.c, test/law):
//  1. No soft work changes a session's state, and none becomes a reset by itself.
//  2. Each stored verdict carries the generation that gave it, or that vouched for it.
//  3. A route learned during a sweep is judged by the newest program only.
//  4. An equal outcome sends nothing.
//  5. When a job reports done, no verdict of an older generation is reachable in its scope.
//  6. Stopping between two slices, at any point, leaves valid tables.
//  7. Two changes in a row end as if only the last had happened: requests merge.
//  8. A refresh whose end marker is missing ends by its time limit, and removes only what was not
//     sent again.
//  9. A refresh asked for during a refresh is not lost.
//
// A plan (struct soft_plan) is a list of effects per peer and family. A job is one peer, family and
// direction on its way; means are chosen when it starts. Ports let soft ask for what lies above it.
#pragma once

#include "rib/sweep.h"

enum soft_effect {
	EFFECT_NONE = 0,
	EFFECT_DECIDE = 1 << 0,  // choose best paths again
	EFFECT_EXPORT = 1 << 1,  // run export again
	EFFECT_IMPORT = 1 << 2,  // run import again on what is stored
	EFFECT_ASK = 1 << 3,     // needs routes that were never stored: ROUTE-REFRESH
	EFFECT_SESSION = 1 << 4, // needs a new session, and the statement's meaning includes it
	EFFECT_PENDING =
		1 << 5, // would need routes that only a new session brings; not done by itself
	EFFECT_AGAIN = 1 << 6, // with IMPORT: judge all, whatever their generation
};

enum soft_means {
	MEANS_RETAINED,
	MEANS_ACCEPTED,
	MEANS_REFRESH,
	MEANS_PENDING,
	MEANS_EXPORT,
	MEANS_DECIDE
};
const char *soft_means_text(enum soft_means m); // "retained routes", "ROUTE-REFRESH", ...

struct soft_step {         // one line of a plan
	uint16_t peer;     // RIB_NO_PEER: instance-wide; import and export then are of what the
			   // VPN tables lend to the instance and it to them
	uint16_t instance; // number of the VPN instance; 0: the public one
	char instance_name[32]; // "" public
	struct ip address;
	const struct af *af; // NULL: all
	unsigned effects;
	enum soft_means means; // of the import part
	uint64_t routes;       // stored that it touches
	char why[96];          // "route-policy IN changed", "capability route-refresh"
};

struct soft_plan {
	struct soft_step *steps; // owned (soft_plan_free)
	unsigned count, cap;
};
void soft_plan_add(struct soft_plan *p,
		   const struct soft_step *step); // merges with an equal peer and family
void soft_plan_free(struct soft_plan *p);

enum soft_state { JOB_WAITING, JOB_ASKED, JOB_RUNNING, JOB_DONE, JOB_PENDING, JOB_CANCELLED };
const char *soft_state_text(enum soft_state s);

struct soft_job {
	uint32_t number;
	uint16_t peer;
	struct ip address;      // RIB_NO_PEER: the whole family, or what is lent
	bool lent;              // by the VPN tables to the instance (import), or by it to them
	uint16_t instance;      // number; 0: public
	char instance_name[32]; // "" public
	const struct af *af;
	bool import;
	enum soft_means means;
	enum soft_state state;
	char origin[32]; // "commit 12", "refresh bgp", "keep-all-routes"
	uint32_t generation;
	unsigned percent;
	// seen: distinct routes that it concerned, as far as can be told: those that were stored, and
	// judged again or proven to keep their verdict, and those that came new; no fewer than the
	// peer sent again when it was asked.
	// The rest by the outcome of each: of the walk, or of its arrival where that came first.
	struct sweep_counts counts;
	uint64_t messages;       // UPDATEs sent because of it (export), or received (refresh)
	uint64_t started, ended; // wall microseconds
	uint64_t longest_slice;  // microseconds
	uint32_t sessions_reset; // 0
	uint32_t merged;         // later requests that this one swallowed
	char note[96];           // what the reader must know besides; "" nothing
};
