// What the tests of soft/ stand on: a real rib with a drive, an engine whose ports lead to it, two
// neighbours in one family, and programs that accept all, refuse one half of the prefixes, or change
// attributes. Time is simulated, slices are counted.
#pragma once

#include "loop/loop.h"
#include "soft/engine.h"

#define RIG_PEERS  4
#define RIG_ROUTES 2000

enum rig_program {
	PROGRAM_OPEN,   // accepts everything unchanged
	PROGRAM_NONE,   // refuses everything
	PROGRAM_HALF,   // refuses prefixes with an even number
	PROGRAM_PREFER, // accepts everything, sets LOCAL_PREF 200
	PROGRAM_SAME,   // other words than PROGRAM_PREFER, same outcome
	PROGRAMS,
};

struct rig {
	struct loop *loop;
	struct rib *rib;
	struct drive *drive;
	struct soft *soft;
	struct policy_store *store;
	struct policy_snapshot *snapshot;
	struct policy_program *program[2][PROGRAMS]; // [import]
	const struct af *af;
	unsigned slice; // checks of the deadline that a slice may last
	unsigned left;
	unsigned orders, asks, resends, expired;
	uint16_t asked_peer;
	unsigned updates[RIG_PEERS], announced[RIG_PEERS],
		withdrawn[RIG_PEERS]; // delivered since rig_forget
	unsigned marks[RIG_PEERS];    // ends of answers
	uint32_t session[RIG_PEERS];
	bool wrong_session;
	unsigned counts_calls;
};

void rig_open(struct rig *g);
void rig_close(struct rig *g);
void rig_forget(struct rig *g); // deliveries so far
void rig_up(struct rig *g, uint16_t peer);
void rig_import(struct rig *g, uint16_t peer, enum rig_program p, bool keep_all,
		uint32_t generation);
void rig_export(struct rig *g, uint16_t peer, enum rig_program p, uint32_t generation);
void rig_announce(struct rig *g, uint16_t peer, unsigned route, unsigned variant);
bool rig_step(struct rig *g); // one round: rib, one slice of a walk; true: more to do
void rig_run(struct rig *g);  // until nothing is left to do
struct soft_request rig_request(const struct rig *g, uint16_t peer, bool import,
				enum soft_means means, uint32_t generation);
const struct soft_job *rig_job(struct rig *g, unsigned i); // newest first
// Routes of a peer: stored, accepted; and the oldest generation among the verdicts.
struct rig_table {
	unsigned received, accepted;
	uint32_t oldest;
	unsigned of[8];
	uint32_t preferred;
};
struct rig_table rig_read(struct rig *g, uint16_t peer);
