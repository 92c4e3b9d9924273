// The inside of the exchange. Private to vpn/.
//
// Glossary. Place: an instance with its rib. Tie: one family of an instance and its link to the VPN
// table of that family (outer). Take: from the VPN table into the instance. Give: from the instance
// into the VPN table. Own: of a tie, what its instance gave; of an instance, what was not lent to it.
//
//   exchange.c  who there is, and what moved           tie.c           links
//   take.c      one VPN route into one instance        give.c          one instance's route out
//   walk.c      both, over all that is concerned       label.c         labels of single routes
//   target_index.c  who carries a target, who asks for it
//
// What stands lent may be of an older link, until a walk has passed. So a tie remembers sets that only
// grow between walks: the targets for which something may have been taken (reach), those of them that
// a walk has to look at (doubt), and the distinguishers under which something may have been given
// (rds). A route that goes is looked for under all of them; whatever comes meets the newest link only.
// A link that is put back to what it was is no reason to forget: routes moved in between.
#pragma once

#include "base/arena.h"
#include "rib/bar.h"
#include "rib/rib.h"
#include "vpn/exchange.h"
#include "vpn/target_index.h"

struct label_book;

struct vpn_targets {        // sorted, without duplicates
	uint8_t (*list)[8]; // owned
	unsigned count;
};

struct tie {
	struct exchange *exchange;
	struct rib *rib; // NULL: not there yet
	const struct af *inner, *outer;
	struct vpn_link link; // the present one
	struct vpn_targets
		reach; // of all links since the last import walk, the present one included
	struct vpn_targets doubt; // of them in which two links since then differ
	uint8_t (*rds)[8]; // of all links since the last export walk, but for the present one
	unsigned rd_count;
	uint32_t version;            // of the link
	uint64_t serial;             // never given twice
	bool gave;                   // ever
	uint64_t best_moved;         // of the instance's table
	struct sweep_counts live[2]; // what moves have changed, apart from walks: [import]
	struct label_book *labels;   // NULL: none
	uint64_t stamp;              // of the last list of ties that it is in
};

struct place {
	struct rib *rib;
	struct tie *ties[AF_MAX]; // by index of the inner family; owned
};

struct exchange {
	struct place **places; // by number; owned
	unsigned place_count;
	struct target_index
		*indexes[AF_MAX]; // by index of the outer family; NULL: nothing moved there
	uint64_t serials, stamps;
	uint64_t best_moved;  // of the VPN tables
	struct tie **errands; // whom a move concerns; a stack: moves may be nested; owned
	unsigned errand_count, errand_cap;
	struct arena arena; // of one route on its way: nothing of it is kept
	unsigned shard, shards;
	uint32_t labels_taken; // of those that are this shard's
	uint32_t *labels_free; // owned; first given back, first given out
	unsigned labels_free_count, labels_free_cap;
};

// --- exchange.c -----------------------------------------------------------------------------------
struct place *exchange_place(struct exchange *x, uint16_t instance); // made when it is not there
struct tie *exchange_tie(const struct exchange *x, uint16_t instance,
			 const struct af *inner);      // NULL
struct rib *exchange_public(const struct exchange *x); // NULL: not there
struct target_index *exchange_index(struct exchange *x, const struct af *outer);

// --- tie.c ----------------------------------------------------------------------------------------
bool is_vpn_target(const uint8_t b[8]);                  // a route target (RFC 4360, 5668)
struct span vpn_communities(const struct attr_set *set); // its extended communities; NULL: none
bool vpn_targets_have(const struct vpn_targets *t, const uint8_t target[8]);
bool vpn_targets_meet(const struct vpn_targets *t, const struct attr_set *set);
void vpn_targets_add(struct vpn_targets *t, uint8_t (*list)[8], unsigned count);
void tie_settle_targets(struct tie *t); // nothing stands of older links any more
void tie_cut(struct tie *t);            // no link any more, and nothing comes in
void tie_free(struct tie *t);

// --- take.c ---------------------------------------------------------------------------------------
// A best path of the VPN table; NULL: there is none any more, or nothing that the link names.
struct vpn_route {
	const struct af_key *key; // in the VPN table
	const struct attr_set *set;
	uint16_t peer;
};
enum rib_bar tie_let_in(const struct tie *t, const struct vpn_route *r, const struct af_key *inner,
			struct attrs *ret, const struct policy_observer *observer);
enum rib_lending tie_take(struct tie *t, const struct vpn_route *r);

// --- give.c ---------------------------------------------------------------------------------------
// key: in the instance's table; set NULL: it has none of its own any more.
// as: of a best path that was not lent; edited.
enum rib_bar tie_let_out(const struct tie *t, const struct af_key *key, struct attrs *as,
			 const struct policy_observer *observer);
enum rib_lending tie_give(struct tie *t, const struct af_key *key, const struct attr_set *set);
void tie_give_nothing(struct tie *t); // takes back all that it gave
void tie_settle_rds(struct tie *t);   // nothing stands of older links any more

// --- label.c --------------------------------------------------------------------------------------
// The label of a route that leaves, the same while it is kept; 0: none is left.
uint32_t label_of(struct tie *t, const struct af_key *key);
void label_release(struct tie *t, const struct af_key *key); // has none: nothing happens
void label_book_free(struct tie *t);
