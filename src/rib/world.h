// For the tests of this room: a rib with peers around it that read what they are sent. Each
// message is decoded and believed, so that a test can ask what a neighbour would have in its
// table. Part of no program.
#pragma once

#include "base/map.h"
#include "policy/fixture.h"
#include "rib/ledger.h"
#include "rib/rib.h"
#include "rib/sweep.h"
#include "wire/wire.h"

#define WORLD_PEERS 12

struct believer {
	struct world *world;
	uint16_t number;
	bool up;
	uint32_t session;
	struct rib_session traits;
	uint8_t kind;           // enum route_source: what it is to us
	struct map routes;      // "family prefix" -> attributes as text, owned
	struct map memberships; // "family key" -> not NULL: those that count
	struct buf marks;       // "ipv4-unicast end-of-rib\n" ...
	uint64_t updates, announced, withdrawn;
	uint64_t repeated; // announced what it had been told already
	uint64_t idle;     // withdrawn what it had not been told
	uint64_t bytes, deliveries;
};

struct world {
	struct fixture policy;
	struct rib *rib;
	struct rib_options options;
	struct believer peers[WORLD_PEERS];
	struct policy_program *open;
	uint32_t generation, sessions;
	struct arena arena;
	struct rib_chunk *last_chunk; // counted: the last one that was delivered
	unsigned chunks;              // different ones in a row
	struct ledger_report *report; // the last one
	void (*moved)(struct world *w, const struct af *af, const struct rib_move *m); // NULL: none
};

void world_open(struct world *w);
void world_close(struct world *w);
struct rib *world_rib(struct world *w); // another rib whose deliveries come here; frees the old one
const struct af *world_af(const char *name);

// --- configuration with sensible values: AS 65001 + peer for external ones ------------------------
struct rib_import world_import(const struct world *w, uint16_t peer, uint8_t kind);
struct rib_export world_export(const struct world *w, uint16_t peer, uint8_t kind);
// Both, accepting everything, and the session with unlimited credit.
void world_peer(struct world *w, uint16_t peer, uint8_t kind);
void world_up(struct world *w, uint16_t peer, const char *families);
void world_down(struct world *w, uint16_t peer);
struct ip world_address(uint16_t peer); // 10.0.0.1 + peer; ours is 10.0.0.254

// --- routes -------------------------------------------------------------------------------------------
// prefixes: separated by blanks; by commas in families whose keys have blanks in them. attrs as in policy/fixture.h, and originator-id=ADDRESS,
// cluster-list=ADDRESS,... label=NUMBER and, behind path=, confed=AS; NULL: withdraw. Of what is
// lent: source= and originator= too.
void world_tell(struct world *w, uint16_t peer, const char *af, const char *prefixes,
		const char *attrs);
void world_originate(struct world *w, const char *af, const char *prefix, const char *attrs);
void world_lend(struct world *w, const char *af, const char *prefix, unsigned rd,
		const char *attrs);
// Closes the ledger, at rest, and returns what it tells; the world's. NULL: none was open.
const struct ledger_report *world_ledger(struct world *w);
void world_work(struct world *w); // until there is no more to do
// Re-evaluates the peers in the mask (0: all) with a new generation after configuration changed.
void world_sweep(struct world *w, enum sweep_kind kind, const char *af, uint64_t peers,
		 struct sweep_counts *ret); // ret may be NULL

// --- questions ----------------------------------------------------------------------------------------
// What a peer believes of a prefix, "" when nothing.
const char *world_belief(struct world *w, uint16_t peer, const char *af, const char *prefix);
long world_label(struct world *w, uint16_t peer, const char *af, const char *prefix); // -1: none
unsigned world_believed(const struct world *w, uint16_t peer); // number of routes
// The whole table, sorted: every view of every peer, what each believes, counts.
void world_dump(struct world *w, struct buf *b);
// Views and beliefs agree; the counts are those of the views. Appends what is wrong.
void world_check(struct world *w, struct buf *trouble);
void world_reset_counts(struct world *w);
