// A case that is being played: what play.c and foretell.c share.
#pragma once

#include "law.h"

#define SPEAKER "10.0.0.1"

struct game {
	const struct scenario *scenario;
	struct outcome *out;
	struct law_state state; // the candidate configuration
	struct policy_store *store;
	struct loop *loop, *players_loop;
	struct speaker *speaker;
	struct player player[LAW_PEERS];
	unsigned allowed[LAW_PEERS]; // sessions that may have been made
	unsigned players;
	uint32_t generation;
	struct law_state base; // of the last whole commit (stages.c)
	bool whole, staged;    // there was one; what runs is a stage behind it
	long mask;             // whose
	uint64_t clock_cost;   // of a look at it, microseconds
	bool reading;
	bool foretell;    // rehearsed commits are
	uint64_t touched; // kinds of steps since the last commit, by bits
	bool lists_only;  // objects among them were lists
	bool audits;      // in copies, behind steps
	struct random audit_dice;
};

void complain(struct game *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
void game_begin(struct game *g, bool final_only);
void game_end(struct game *g);
struct speaker_config *game_config(struct game *g); // stages.c: the candidate, or the stage of it
void game_stages(struct game *g, const struct law_step *t);
struct player *player_of(struct game *g, long peer);     // NULL: none
struct speaker_peer *peer_of(struct game *g, long peer); // NULL: not configured
uint16_t instance_of_player(const struct game *g, long peer);
void allow_planned(struct game *g, const struct soft_plan *plan);
bool is_up(struct speaker_peer *p); // NULL: no
void listen_all(struct game *g);    // no player is paused
void come_to_rest(struct game *g);
void write_tables(struct game *g);  // to out->tables, all of them
void foretell(struct game *g);      // rehearses the candidate, commits it, and compares
void audit_tables(struct game *g);  // at rest
void audit_in_copy(struct game *g); // whatever is under way
