// For the tests of this room: the ribs of one shard, public and of instances, wired by an exchange as
// the speaker does it. Peers of rib n have numbers from 16 * n on. Part of no program.
#pragma once

#include "policy/fixture.h"
#include "rib/rib.h"
#include "vpn/exchange.h"

#define TOWN_RIBS  8
#define TOWN_PEERS 16 // a rib

struct town;
struct house { // a rib and its number
	struct town *town;
	uint16_t number;
	struct rib *rib; // NULL: not there
	uint64_t lent;   // moves seen
};

struct town {
	struct fixture policy;
	struct exchange *exchange;
	struct house houses[TOWN_RIBS];
	struct policy_program *open;
};

// What a link is made of: lists of targets like "1:1 2:2", names of route-policies; NULL: none.
struct town_link {
	const char *rd, *targets, *communities, *import, *export;
	bool takes_own, label_per_route;
	uint32_t label;
};

void town_open(struct town *t);
void town_close(struct town *t);
void town_found(struct town *t);                // exchange and public rib only; town_open does it
void town_raze(struct town *t);                 // all but the policies
void town_build(struct town *t, unsigned n);    // an instance's rib
void town_demolish(struct town *t, unsigned n); // the exchange first, then the rib
void town_link(struct town *t, unsigned n, const char *inner,
	       const struct town_link *l);                                 // NULL: none
void town_peer(struct town *t, unsigned n, unsigned peer, uint8_t source); // is up from now on
// prefix as in af->text_get; attrs as in policy/fixture.h, NULL: withdrawn.
void town_tell(struct town *t, unsigned peer, const char *af, const char *prefix,
	       const char *attrs);
void town_originate(struct town *t, unsigned n, const char *af, const char *prefix,
		    const char *attrs);
void town_work(struct town *t); // what the ribs have to do
void town_walk(struct town *t, unsigned n, const char *inner, bool import,
	       struct sweep_counts *ret); // to its end
// The best path of a destination as "PEER ATTRIBUTES", "lent RD ATTRIBUTES"; "" none. In the arena.
const char *town_best(struct town *t, unsigned n, const char *af, const char *prefix);
unsigned town_count(struct town *t, unsigned n, const char *af);     // paths
unsigned town_lent(struct town *t, unsigned n, const struct af *af); // of them lent
// All paths of all tables, a line each, sorted. Labels of single routes depend on who came first:
// they are shown as one.
void town_dump_all(struct town *t, struct buf *b);
void town_check_labels(struct town *t); // of single routes: no two alike
