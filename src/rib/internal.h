// The inside of a rib: peers, families, and the one way by which a destination changes. Private
// to rib/.
//
//   destination_begin -> paths are added, changed, removed (rib/path.c) -> destination_end:
//   decide -> best moved? -> each update group: export memo -> Adj-RIB-Out (rib/group.c)
//
// Glossary. Destination, path: rib/table.h. Member: a peer's part in one family. Update group:
// peers to which the same is told. Epoch: a count that rises with time and with every refresh or
// end of a session; a path carries that of its arrival, so "older than" needs no marks.
#pragma once

#include "attr/set.h"
#include "base/vec.h"
#include "policy/difference.h"
#include "policy/memo.h"
#include "rib/bar.h"
#include "rib/encode.h"
#include "rib/limit.h"
#include "rib/limits.h"
#include "rib/rib.h"
#include "rib/table.h"

#define RIB_AGGREGATE ((uint16_t)(RIB_NO_PEER - 1)) // source of what `aggregate` makes

struct member;
struct update_group;
struct aggregation;
struct label_table;
struct ledger;
struct family_ledger;

// Everything of rib_import that import needs, once for all peers that have it in common.
struct import {
	struct rib_import with; // program counted
	struct family *family;
	struct memo *memo; // NULL until asked
	uint32_t users;
	uint64_t before;              // number of a program of before; 0: none
	struct difference difference; // between it and this one
};

struct rib_peer {
	uint16_t number;
	bool up;
	uint32_t session_number;
	struct rib_session session;
	int64_t credit; // bytes that may still be delivered
	struct member *members[AF_MAX];
};

// What limits a family's table (limit.c).
struct family_limit {
	struct rib_limit with; // the room counted
	uint32_t trim_next;    // destinations below it are still to be trimmed; 0: none
};

struct family {
	struct rib *rib;
	const struct af *af;
	const struct rib_options *options; // in rib
	struct table table;
	struct attr_table attrs;
	struct vec imports; // struct import
	struct vec groups;  // struct update_group, with members
	struct vec dying;   // groups without members, being taken apart
	uint32_t group_numbers;
	uint32_t moving;                 // members whose export is no longer that of their group
	bool twins;                      // two groups may have the same key
	bool tells_moved;                // to rib_ops.moved
	bool memberships;                // AF_MEMBERSHIP
	struct aggregation *aggregation; // NULL: none configured
	uint32_t *gone;                  // sets to be released when the change at hand is through
	uint32_t gone_count, gone_cap;
	bool purging, purge_wrapped;     // walk that removes dead paths, once round:
	uint32_t purge_next, purge_stop; // destinations
	uint32_t destinations;           // with at least one path
	uint32_t held[LIMIT_KINDS];      // accepted paths, destinations with one
	struct family_limit *limit;      // NULL: none
	struct family_ledger *ledger;    // open; NULL: none is (rib/ledger_note.h)
	struct family_ledger *closing;   // closed, its sums not done yet; NULL: none
};

struct rib {
	struct rib_ops ops;
	struct rib_options options[AF_MAX]; // by af_index; confederation_members owned
	struct family *families[AF_MAX];
	struct rib_peer *peers[RIB_PEERS_MAX];
	uint32_t epoch;
	bool timed;                       // the owner has told the time
	int64_t now, epoch_zero;          // seconds; time of epoch 0
	bool of_instance;                 // rib_set_instance
	bool awake;                       // the owner knows that there is work
	bool woken;                       // once more since rib_work began
	uint32_t label_first, label_room; // labels that we may give
	struct label_table *labels;       // NULL: none given yet
	struct ledger *ledger, *closing;  // as in the families
	struct vec reports;               // struct ledger_report, still to be told
	struct encoder encoder;
	struct arena arena; // of hooks and explanations: reset by who uses it
};

// --- rib.c ----------------------------------------------------------------------------------------
struct family *rib_family(struct rib *r, const struct af *af); // made when first asked
void rib_wake(struct rib *r);
static inline struct rib_peer *rib_peer(const struct rib *r, uint16_t peer)
{
	return peer < RIB_PEERS_MAX ? r->peers[peer] : NULL;
}
struct member *rib_member(const struct rib *r, uint16_t peer, const struct af *af); // NULL: none

// --- path.c ---------------------------------------------------------------------------------------
struct change {
	struct family *family;
	uint32_t number;
	struct destination *destination;
	uint32_t old_attr; // of the best path before
	uint16_t old_peer;
	bool had_paths;
	struct sweep_counts *judged; // where it is counted as judged on arrival; NULL: nowhere
	uint32_t
		added; // path that came behind the best one, if nothing else changed; 0: decide anew
};
struct change destination_begin(struct family *f, uint32_t n);
bool destination_end(struct change *c); // true: another best path, or with other attributes
// The path of a peer in it, 0: none; *ret_prev: the one before it, 0: it is the first. One call of
// path_put, several of path_take or path_judge make up a change; false: nothing to decide.
uint32_t destination_path(const struct family *f, const struct destination *d, uint16_t peer,
			  uint32_t *ret_prev);
uint32_t destination_lent_path(const struct family *f, const struct destination *d,
			       const uint8_t rd[8], uint32_t *ret_prev); // the one lent under it
bool path_put(struct change *c, uint16_t peer, uint32_t attr_in, uint32_t attr,
	      uint32_t generation);
bool path_take(struct change *c, uint16_t peer); // removes it
// The same for a lent path: which one is told by the distinguisher, which is part of the set.
enum rib_lending path_lend(struct change *c, uint32_t attr);
bool path_take_lent(struct change *c, const uint8_t rd[8]);
bool path_reject(struct change *c, uint16_t peer, uint32_t generation); // arrived, not to be kept
bool path_turn_away(struct change *c, uint16_t peer); // stored, judged again, and not to be kept
bool path_judge(struct change *c, struct path *p, uint32_t attr, uint32_t generation);
void destination_hold(struct family *f, uint32_t n);
void destination_release(struct family *f, uint32_t n);
void family_forget(struct family *f, uint32_t attr);   // a reference, released by family_release
void family_release(struct family *f);                 // the change is through
void destination_export(struct family *f, uint32_t n); // puts the best path before every group
void destination_tell(struct family *f, uint32_t n);   // rib_ops.moved, though nothing has

// --- import.c -------------------------------------------------------------------------------------
struct import *import_share(struct family *f, const struct rib_import *in);
void import_drop(struct import *i);    // NULL is allowed
void import_outdate(struct family *f); // options changed: forget all verdicts
// The member goes from its import and m->in to m->import and next: what stored verdicts that puts in doubt.
void import_doubt(struct member *m, const struct import *old, const struct rib_import *next,
		  uint32_t generation);
void import_succeed(struct import *next, struct import *old); // before import_drop(old)
bool import_shed(struct family *f); // what was taken over, piece by piece; true: there is more
uint32_t import_verdict(struct member *m, uint32_t attr_in, const struct af_key *key);
// true: it is this verdict for every prefix
bool import_final(struct member *m, uint32_t attr_in, uint32_t *ret_verdict);
// What bars a set before the policy: by what the peer is; by what its import is (may edit).
enum rib_bar import_bar(const struct member *m, const struct attr_set *received);
enum rib_bar import_before(const struct import *i, const struct attr_set *set, struct attrs *as,
			   struct arena *a);
struct policy_context import_context(const struct import *i);
bool import_is_loop(struct member *m, const struct attr_set *received);
struct attr_local import_local(const struct member *m); // of sets as received

// --- config.c -------------------------------------------------------------------------------------
void rib_import_copy(struct rib_import *to, const struct rib_import *from); // counts the program
void rib_import_clear(struct rib_import *in);
void rib_export_copy(struct rib_export *to, const struct rib_export *from);
void rib_export_clear(struct rib_export *out);
bool rib_as_is_private(uint32_t as);
bool rib_options_equal(const struct rib_options *a, const struct rib_options *b);

// --- read.c ---------------------------------------------------------------------------------------
uint64_t rib_epoch_time(const struct rib *r, uint32_t epoch); // microseconds; 0: not known

// --- explain.c, explain_out.c: the peer's policy, run on what it sent or would be told --------------
void explain_import_run(struct family *f, uint16_t peer, uint32_t n,
			const struct policy_observer *observer);
void explain_export_run(struct family *f, uint16_t peer, uint32_t n,
			const struct policy_observer *observer);

// --- purge.c --------------------------------------------------------------------------------------
void purge_start(struct family *f);
bool purge_work(struct family *f, rib_deadline *over, void *arg); // true: more to do

// --- limit.c --------------------------------------------------------------------------------------
void limit_tell(struct family *f, enum rib_limit_kind kind, int by); // the room
static inline void limit_count(struct family *f, enum rib_limit_kind kind, int by)
{
	f->held[kind] += (uint32_t)by;
	if (f->limit)
		limit_tell(f, kind, by);
}
// Of a limited family: is there a place for the route? n: its destination, path: its own there, 0: not
// there yet. false: it is turned away, and counted so.
bool limit_admits(struct family *f, uint32_t n, uint32_t path);
bool limit_has_room(const struct family *f, uint32_t n, uint32_t path); // the same, not counted
void limit_end(struct family *f);
bool limit_work(struct family *f, rib_deadline *over, void *arg); // true: more to do

// --- aggregate.c ----------------------------------------------------------------------------------
void aggregate_best_moved(struct family *f, uint32_t n, uint32_t old_attr, const struct path *best);
bool aggregate_work(struct family *f, rib_deadline *over, void *arg);
void aggregate_free(struct family *f);
void aggregate_forget(struct family *f, uint32_t attr); // a set leaves the table
