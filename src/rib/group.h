// Update groups and their members. Private to rib/.
//
// A group is the set of peers that are told the same: equal export configuration and a session of
// equal traits. It has one Adj-RIB-Out. A member is a peer in one family: its import, its counts,
// and what it is still owed:
//   cursor  everything in the group's log from here on
//   dump    the whole Adj-RIB-Out, by number of destination: after session up or ROUTE-REFRESH
//   owed    single destinations whose truth for this member changed while the entry did not
#pragma once

#include "rib/adj_out.h"
#include "rib/internal.h"

struct group_key {
	struct rib_export export; // program counted; fields without effect are zero
	struct ip local;          // own address of the session: next hop
	unsigned max_message;
	bool as4, extended_next_hop;
	uint16_t only; // independent: the one peer; RIB_NO_PEER: shared
};

#define GROUP_CACHE 4

struct notes;

struct update_group {
	struct family *family;
	uint32_t number;
	struct group_key key;
	struct memo *memo;
	uint32_t serial; // rises with every new program
	bool dirty;      // entries of an older program may be there until a sweep has passed,
	struct difference doubt; // for these routes
	bool busy;               // a member may be owed something that it has credit for
	bool filling;            // entries from fill_next up to fill_end are still to be made
	uint32_t fill_next, fill_end;
	uint32_t default_destination, default_attr; // of default-route-advertise; 0: none
	struct adj_out out;
	uint64_t read_to; // end of the log when anybody was last told anything
	struct vec members;
	uint64_t is_member[RIB_PEERS_MAX / 64];
	struct map addresses; // of members: hash -> struct member
	uint32_t near_attr;   // last answer of group_next_hop_member; 0: none yet
	uint16_t near_peer;
	struct parcel log_cache[GROUP_CACHE], dump_cache[GROUP_CACHE];
	unsigned log_cache_next, dump_cache_next;
	uint32_t item_bytes; // bytes per destination lately, in sixteenths
	uint32_t dismantle_next;
	struct notes *notes; // of entries, for the ledger (rib/ledger_note.h); NULL: none
};

struct dump {
	bool active;
	bool first;     // after session up: ends with End-of-RIB
	bool again;     // a refresh was asked for during the first dump
	uint32_t range; // chunks of entries to send
	uint32_t next, left;
	uint64_t *
		sent_at; // by chunk: end of the log when it was sent, 0: not yet. NULL: none needed
	uint64_t filter_to; // when done: positions from here on were appended later
};

struct owed {
	uint64_t *bits; // by number of destination
	uint32_t words, count, next;
};

struct member {
	struct rib_peer *peer;
	struct family *family;
	struct rib_import in;  // program not counted: import has it
	struct import *import; // NULL: not configured
	uint32_t generation;   // of import
	// Stored verdicts that carry an older generation than `vouched` are as good as of that one,
	// and all of them are as good as of `generation` for routes outside of `doubt`.
	uint32_t vouched, doubt_serial;
	struct difference doubt;
	struct rib_export out;
	bool has_export, moving;
	bool measured;              // in its group since the ledger was opened
	struct update_group *group; // NULL: session not up
	uint64_t cursor;
	struct dump dump;
	struct owed owed;
	uint32_t stale_before; // epoch of the last BoRR; 0: no refresh under way
	uint32_t purge_before; // paths of older epochs are dead: they wait for the purge
	uint32_t received, accepted, best, stale, dead;
	uint64_t withdrawn_by_sweep;
	uint64_t unkept; // struct rib_counts
	// For the ledger: a BoRR begins another era. What was turned away, and not stored, in one before
	// era_least has not been said again when all that there is had to be.
	uint16_t era, era_least;
	struct sweep_counts fresh, again; // of this generation: struct rib_counts
};

// The generation that a verdict may show.
static inline uint32_t member_generation(const struct member *m, const struct path *p)
{
	return m && p->generation < m->vouched ? m->vouched : p->generation;
}

// Whether the change of the import that no walk has followed yet concerns the path.
static inline bool member_doubts(const struct member *m, const struct path *p,
				 const struct af_key *key)
{
	return difference_has_set(&m->doubt, &m->family->attrs, p->attr_in) ||
	       difference_has(&m->doubt, m->family->af, key);
}

// --- group.c ------------------------------------------------------------------------------------------
struct group_key group_key_of(const struct member *m); // by its configuration and session
bool group_key_equal(const struct group_key *a, const struct group_key *b);
void group_join(struct member *m);   // session is up: joins or makes the group; first dump begins
void group_leave(struct member *m);  // what it was owed is forgotten
void group_settle(struct family *f); // moves members whose export changed
void group_unite(struct family *f);  // brings groups of the same key together
bool group_fill(struct update_group *g, rib_deadline *over, void *arg);      // true: more to do
bool group_dismantle(struct update_group *g, rib_deadline *over, void *arg); // false: freed
void group_free(struct update_group *g); // at once, references and all
void group_outdate(struct family *f);    // options changed: new programs for all

static inline bool group_has(const struct update_group *g, uint16_t peer)
{
	return peer < RIB_PEERS_MAX && g->is_member[peer / 64] >> peer % 64 & 1;
}

static inline void family_settle(struct family *f)
{
	if (f->moving)
		group_settle(f);
}

// --- route.c: Adj-RIB-Out -----------------------------------------------------------------------------
// The outcome of the best path for the group, as a set number.
uint32_t group_outcome(struct update_group *g, uint32_t n, uint16_t *ret_peer);
void group_fill_entry(struct update_group *g, uint32_t n); // destination in use, entry empty
// Makes the entry what it should be. true: it changed.
bool group_route(struct update_group *g, uint32_t n);
void group_cut(struct update_group *g);     // cuts off what every member has passed
void group_squeeze(struct update_group *g); // keeps the log within bounds
uint16_t group_next_hop_member(struct update_group *g, uint32_t attr); // RIB_NO_PEER: none
// Why a member is not to believe the entry.
enum rib_bar entry_bar(struct update_group *g, const struct adj_out_entry *e, uint16_t peer);
bool member_wants(struct member *m, const struct adj_out_entry *e); // is to believe the entry
uint32_t member_advertised(const struct member *m);

// --- owed.c -------------------------------------------------------------------------------------------
void member_owe(struct member *m, uint32_t n);
void owed_done(struct member *m, uint32_t n);
uint32_t owed_next(struct member *m); // 0: none
void owed_clear(struct member *m);

// --- dump.c -------------------------------------------------------------------------------------------
void dump_start(struct member *m, bool first);
void dump_clear(struct member *m);
void dump_refresh(struct member *m); // ROUTE-REFRESH received
// The entry's place in the log is not to be sent.
bool dump_skips(const struct member *m, uint32_t n, const struct adj_out_entry *e);
bool dump_finish(struct member *m); // true: a dump ended, marks are out
bool dump_turn(struct member *m);   // one parcel; false: cannot go on now

// --- deliver.c ----------------------------------------------------------------------------------------
bool group_deliver(struct update_group *g, rib_deadline *over, void *arg); // true: more to do
void group_cache_clear(struct update_group *g);
const struct parcel *cache_put(struct parcel *cache, unsigned *next, struct parcel *p);
void group_learn_size(struct update_group *g, uint32_t items, size_t bytes);
uint32_t group_window(const struct update_group *g); // destinations for one parcel

// --- export.c -----------------------------------------------------------------------------------------
struct memo *export_memo(struct update_group *g);
// The two ends of it, around the policy; may edit.
enum rib_bar export_before(struct update_group *g, const struct attr_set *set, struct attrs *as,
			   struct arena *a);
enum rib_bar export_after(struct update_group *g, const struct attr_set *set, struct attrs *as,
			  struct arena *a);
struct policy_context export_context(const struct update_group *g);
// The route of default-route-advertise, and as the group is told it: counted, 0: it is not.
bool export_default_key(const struct af *af, struct af_key *ret);
uint32_t export_default_attr(struct update_group *g, const struct af_key *key);
void export_default(struct update_group *g); // default_destination and default_attr anew
