// What tests of rehearsals, stages and audits stand on: a speaker in the simulation, the law's scripted neighbours
// (test/law/player.h) and configurations, and the one thing that all of these tests do: a change is
// foretold, made, and compared with what came of it, while the process notices nothing of the former.
#pragma once

#include "law.h"
#include "speaker/rehearsal.h"

struct theatre {
	struct loop *loop, *there; // the speaker's, the neighbours'
	struct speaker *speaker;
	struct policy_store *store;
	struct law_state state;
	struct player peer[LAW_PEERS];
	uint32_t generation;
	struct ledger_options options;
	struct measure foretold; // rows alone
	struct measure *came;    // NULL: not yet
	struct buf tables;       // as the copy had them in the end
	unsigned ends, percent;  // of rehearsals
	bool good;
};

void theatre_open(struct theatre *t, unsigned shards);
void theatre_close(struct theatre *t);
// The candidate, which begins with nothing.
void theatre_set(struct theatre *t, enum step_kind kind, long a, long b, long c, long d);
struct speaker_config *theatre_config(struct theatre *t); // caller's
// Neighbour i: AS, PEER_* flags, families. It connects as soon as it is let.
void theatre_neighbour(struct theatre *t, unsigned i, uint32_t as, long flags, uint16_t families);
void theatre_announce(struct theatre *t, unsigned i, const struct af *af, unsigned key,
		      uint32_t variant);

void theatre_commit(struct theatre *t, struct speaker_config *next); // takes the reference
void theatre_settle(struct theatre *t);                              // 20 seconds
struct rehearsal *theatre_start(struct theatre *t, struct speaker_config *next);
void theatre_foretell(struct theatre *t,
		      struct speaker_config *next); // and the process notices nothing
void theatre_measure(struct theatre *t, struct speaker_config *next); // commits it and measures
void theatre_compare(struct theatre *t, struct speaker_config *next); // both, and both say the same
void theatre_change(struct theatre *t);                               // the same of the candidate

// Of what was foretold. i: the neighbour's number, or -1: the table.
const struct ledger_row *theatre_row(const struct theatre *t, unsigned instance,
				     const struct af *af, int i);
