// The law (soft equals hard): after any sequence of changes of configuration, refreshes and live
// routes has come to rest, every table is what it would be if all had begun with the final
// configuration and the final routes.
//
//   scenario.c  a case as text: one step a line, so that shrinking is leaving lines out
//   state.c     what a scenario's steps make of the configuration
//   play.c      runs a case in the simulation, or its end state alone, and writes all tables down
//   foretell.c  rehearses commits of a case and compares what was foretold with what came
//   law.c       many cases, comparison, shrinking
//
//   audited.c   audits at the end of each case, and in the middle of them: they must find nothing
#pragma once

#include "base/buf.h"
#include "base/random.h"
#include "player.h"
#include "speaker/speaker.h"

#define LAW_PEERS    5
#define LAW_KEYS     10
#define LAW_ARGS     5
#define LAW_OBJECTS  5 // of each kind
#define LAW_NETWORKS 3
#define LAW_AS       65000

#define LAW_INSTANCES 3 // numbers 1 to 3; 0 is the public one
#define LAW_TARGETS   4 // route targets 100:1 to 100:4

// --- scenario.c -----------------------------------------------------------------------------------
enum step_kind {
	STEP_PEER,      // peer as flags families: of the case itself, first lines. flags: PEER_...
	STEP_CLOCK,     // cost of a look at the clock (microseconds), bytes on their way: likewise
	STEP_SHARDS,    // number of rib shards: likewise
	STEP_ANNOUNCE,  // peer family key variant
	STEP_WITHDRAW,  // peer family key
	STEP_BULK,      // peer family count variant
	STEP_OBJECT,    // kind index seed
	STEP_BIND,      // peer direction kind index (-1: none)
	STEP_KEEP,      // peer (-1: all peers) 0|1
	STEP_OPTION,    // peer which value
	STEP_GLOBAL,    // which value
	STEP_NETWORK,   // family key variant (-1: none) instance
	STEP_AGGREGATE, // family key flags (-1: none) instance
	STEP_INSTANCE,  // instance families (0: it is not there)
	STEP_TARGETS,   // instance import(1)|export(0) set
	STEP_LINK,      // instance which value
	STEP_PRESENT,   // peer 0|1
	STEP_COMMIT,
	STEP_STAGE,    // peers (bits): a commit for them alone
	STEP_REHEARSE, // what a commit would do, then the commit
	STEP_REFRESH,  // peer (-1: all) import(1)|export(0) families
	STEP_RESET,    // peer
	STEP_ASK,      // peer family: it sends a ROUTE-REFRESH
	STEP_RESEND, // peer family dropped: it refreshes unasked, leaving out the keys of the bits
	STEP_FLAP,   // peer: it breaks the connection
	STEP_PAUSE,  // peer 0|1
	STEP_RUN,    // microseconds
	STEP_KINDS,
};

struct law_step {
	enum step_kind kind;
	long a[LAW_ARGS];
};

struct scenario {
	uint64_t seed; // of the simulation
	struct law_step *steps;
	unsigned count, cap;
};

enum {
	PEER_REFRESH = 1,
	PEER_ENHANCED = 2,
	PEER_CLIENT = 4,
	PEER_SILENT = 8,    // tells no end of its memberships
	PEER_INSTANCE = 16, // times the number of its instance
};

const char *step_word(enum step_kind kind);
void scenario_free(struct scenario *s);
void scenario_add(struct scenario *s, const struct law_step *step);
void scenario_generate(struct scenario *s, uint64_t seed); // peers, policies, routes, then changes
void scenario_rehearse(struct scenario *s); // makes some of its commits rehearsed ones
void scenario_stage(struct scenario *s);    // some of its commits become stages (stages.c)
void scenario_print(const struct scenario *s, struct buf *b);
bool scenario_parse(struct scenario *s, const char *text, unsigned *ret_line);
bool step_is_setup(
	const struct law_step *step); // part of the case itself: not left out when shrinking

// --- state.c --------------------------------------------------------------------------------------
#define LAW_EDIT 10000000l
enum { OBJECT_PREFIX, OBJECT_COMMUNITY, OBJECT_PATH, OBJECT_POLICY, OBJECT_KINDS };
enum {
	OPTION_PREFERRED_VALUE,
	OPTION_ALLOW_LOOP,
	OPTION_NEXT_HOP,
	OPTION_COMMUNITY,
	OPTION_DEFAULT_ROUTE,
	OPTION_FIRST_AS,
	OPTION_INDEPENDENT,
	OPTION_ROUTE_SERVER,
	OPTION_PUBLIC_AS,
	OPTION_SUBSTITUTE,
	OPTION_SITE,
	OPTION_KINDS,
};
enum {
	GLOBAL_PATH_IGNORE,
	GLOBAL_LOCAL_PREF,
	GLOBAL_MED_MAXIMUM,
	GLOBAL_PATH_LIMIT,
	GLOBAL_COMPARE_MED,
	GLOBAL_REFLECT,
	GLOBAL_CONSTRAIN,
	GLOBAL_VPN_TARGET,
	GLOBAL_EXTERNAL,
	GLOBAL_KINDS,
};
enum { LINK_RD, LINK_IMPORT, LINK_EXPORT, LINK_PER_ROUTE, LINK_OWN, LINK_KINDS };

struct law_peer {
	bool known, present;
	unsigned alias; // 0, or 1 + the peer whose address it has too, in another instance
	uint32_t as;
	long flags;
	uint16_t families;
	bool keep;
	long bind[2][OBJECT_KINDS]; // [import]: index or -1
	long option[OPTION_KINDS];
};

struct law_instance {
	uint16_t families;   // 0: it is not there
	uint16_t targets[2]; // [import]: bits
	long link[LINK_KINDS];
};

struct law_state {
	struct law_peer peer[LAW_PEERS];
	// Seeds, 0: never configured; above them in multiples of LAW_EDIT the seed of a small change.
	long object[OBJECT_KINDS][LAW_OBJECTS];
	long global[GLOBAL_KINDS];
	struct law_instance instance[1 + LAW_INSTANCES];     // the first is not used
	long network[1 + LAW_INSTANCES][AF_MAX][LAW_KEYS];   // variant; -1: none
	long aggregate[1 + LAW_INSTANCES][AF_MAX][LAW_KEYS]; // flags; -1: none
	bool keep_all;
};

void state_init(struct law_state *s);
void state_step(struct law_state *s,
		const struct law_step *step); // steps that change it; others do nothing
void law_key(const struct af *af, unsigned index, struct af_key *ret);
uint16_t law_inner_families(void);      // that an instance can have
uint16_t law_peer_families(long flags); // that a peer in its instance can speak
unsigned law_instance(long flags);      // of a peer
void law_address(unsigned peer, char out[IP_TEXT_MAX]);
struct speaker_config *state_config(const struct law_state *s, struct policy_store *store,
				    uint32_t generation);

// --- play.c ---------------------------------------------------------------------------------------
struct outcome {
	struct buf tables;    // every table, as text
	struct buf complaint; // what was wrong whatever the tables say; empty: nothing
	unsigned commits, jobs, resets, stages;
	uint64_t routes;
	uint64_t audited;             // paths and announcements
	unsigned rehearsals, changes; // and those with figures
	unsigned after[STEP_KINDS];   // of the latter: how many come after such a step
	unsigned lists; // of the latter: those of nothing but lists that policies name
};

// final_only: the configuration and the routes that the scenario ends with, from the start.
void law_play(const struct scenario *s, bool final_only, struct outcome *ret);
// Impact equals effect (foretell.c): at each rehearsed commit, what was foretold came.
void law_foretell(const struct scenario *s, struct outcome *ret);
// Audits in copies behind one step in four (audited.c).
void law_audited(const struct scenario *s, struct outcome *ret);
void outcome_free(struct outcome *o);
