// A scripted neighbour in the simulation: speaks just enough BGP (through wire/) to announce a small
// table, to answer ROUTE-REFRESH, and to remember what it has been told. It connects by itself to
// the speaker's address, again and again, and never sends a NOTIFICATION. Hold time 0: no
// keepalives, so that a simulated hour costs nothing.
#pragma once

#include "af/af.h"
#include "attr/attr.h"
#include "attr/set.h"
#include "base/buf.h"
#include "base/map.h"
#include "loop/loop.h"
#include "wire/wire.h"

#define PLAYER_ROUTES 16 // per family

struct player_route {
	bool used;
	struct af_key key;
	uint32_t variant; // what player_attrs makes attributes of
};

// Many routes with one set of attributes, in as few messages as possible.
struct player_bulk {
	unsigned count; // 0: none
	uint32_t variant;
};

struct player_told {
	struct af_key key;
	struct buf attrs; // canonical; next hop included
	bool stale;
};

struct player {
	struct loop *loop;
	struct ip address, remote;
	uint32_t as, peer_as, router_id;
	uint16_t families;
	bool refresh, enhanced;
	bool silent;  // tells no end of its memberships
	bool targets; // its routes carry route targets also where it need not be
	bool wanted;  // shall be connected
	bool established;
	unsigned established_count;
	bool paused;
	uint64_t answer_delay; // of ROUTE-REFRESH, microseconds
	uint16_t answers;      // families whose refresh is waiting for its answer
	struct player_route route[AF_MAX][PLAYER_ROUTES];
	struct player_bulk bulk[AF_MAX];
	struct player_told *told[AF_MAX]; // owned
	unsigned told_count[AF_MAX], told_cap[AF_MAX];
	struct map told_places[AF_MAX]; // hash of the key -> 1 + place
	uint16_t end_of_rib;            // families whose End-of-RIB came in this session
	unsigned updates_in, announced_in, withdrawn_in, refresh_in, borr_in, eorr_in,
		notifications_in;
	unsigned redundant_in; // announcements equal to what it had been told, outside a refresh
	uint16_t refreshing;   // families between BoRR and EoRR
	const char *complaint; // protocol error that it saw; NULL: none

	struct stream *stream;
	struct timer *retry, *answer;
	struct buf in, out;
	struct arena scratch;
};

void player_init(struct player *p, struct loop *l, const char *address, const char *remote);
void player_free(struct player *p);
void player_connect(struct player *p); // from now on
void player_disconnect(
	struct player *p); // breaks the connection; `wanted` decides whether it comes back
void player_pause(struct player *p, bool pause);
void player_announce(struct player *p, const struct af *af, const struct af_key *key,
		     uint32_t variant);
void player_withdraw(struct player *p, const struct af *af, const struct af_key *key);
void player_bulk(struct player *p, const struct af *af, unsigned count,
		 uint32_t variant); // instead of those before
void player_bulk_key(const struct af *af, unsigned index, struct af_key *ret);
void player_forget(struct player *p, const struct af *af,
		   const struct af_key *key); // out of its table, without a word
void player_refresh(struct player *p,
		    const struct af *af); // sends all again, between BoRR and EoRR if enhanced
void player_ask(struct player *p, const struct af *af); // sends a ROUTE-REFRESH
bool player_wants_answering(const struct player *p);    // an answer of its own is still to be sent
const struct player_told *player_find_told(const struct player *p, const struct af *af,
					   const struct af_key *key);

// Attributes of a variant, without the next hop, and the next hop that goes with it.
void player_attrs(const struct player *p, const struct af *af, uint32_t variant, struct attrs *ret,
		  struct span *ret_next_hop, struct arena *a);
