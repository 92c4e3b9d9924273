// One shard of the route tables, share-nothing: Adj-RIB-In, import, decision, Loc-RIB, export,
// Adj-RIB-Out of every family, and the encoding of what each peer is owed. It is driven from
// outside by the calls below, in one thread, and has no clock and no socket of its own; long work
// is done by rib_work in slices. Peers are small numbers given by the owner (below RIB_PEERS_MAX).
//
//   rib_update -> Adj-RIB-In -> import memo -> decide -> Loc-RIB -> export memo of each group
//              -> Adj-RIB-Out in order of change -> cursor of each peer -> chunk of messages
//
// Ownership: programs and configurations are reference-counted values of the caller's; attribute
// sets, memos, tables and groups are the rib's. RFC 4271 sections 3.2, 9; RFC 7313 section 4.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "af/af.h"
#include "attr/set.h"
#include "policy/policy.h"
#include "rib/config.h"

#define RIB_PEERS_MAX 4096
#define RIB_NO_PEER   UINT16_MAX                   // source of what we originate ourselves
#define RIB_LENT      ((uint16_t)(UINT16_MAX - 2)) // source of what another rib lends (rib_lend)

// --- outbox -------------------------------------------------------------------------------------------
// Encoded messages for one peer. bytes belong to the chunk; the chunk is counted (atomically: it
// may be released from another thread). Some messages may not be meant for this peer: parts lists
// the stretches that are.
struct rib_chunk;
const uint8_t *rib_chunk_bytes(const struct rib_chunk *c, size_t *ret_size);
void rib_chunk_unref(struct rib_chunk *c);

struct rib_part {
	uint32_t from, to;
}; // byte offsets

struct rib_delivery {
	uint16_t peer;
	uint32_t session;        // number given in rib_peer_up: a stale one is dropped by the owner
	struct rib_chunk *chunk; // one reference for the receiver
	struct rib_part *parts;  // owned by the receiver (mem_free); NULL: the whole chunk
	unsigned part_count;
	uint32_t updates;              // UPDATE messages in it
	uint32_t announced, withdrawn; // NLRI in it
};

struct ledger_report;

struct rib_move {
	const struct af_key *key; // good until the call returns
	uint32_t number;
	const struct attr_set *before, *after;
	uint16_t peer_before, peer_after;
};

enum rib_mark { RIB_MARK_END_OF_RIB, RIB_MARK_REFRESH_BEGIN, RIB_MARK_REFRESH_END };

// From within these calls only rib_credit may be called; from within moved, rib_lend too.
struct rib_ops {
	void (*deliver)(void *arg, struct rib_delivery *d); // contents are the receiver's; d is not
	// In order with deliveries: the peer's cursor has passed the point (its shard of it).
	void (*mark)(void *arg, uint16_t peer, uint32_t session, const struct af *af,
		     enum rib_mark mark);
	void (*wake)(void *arg); // rib_work has something to do again
	void *arg;
	// Of AF_TARGETED families and, in an instance's rib, of their inner ones; NULL: nobody wants to
	// know. Another best path, or the same with other attributes; sets as they stand in the Loc-RIB,
	// NULL: none, good until the call returns; peers: who they came from. While the best path is a
	// lent one, also when it stays and another path changes, which may be the best that was not lent
	// (rib_best_own). The last act of the change: other routes of this or another rib may be lent
	// from within it. number: of the destination (rib_best).
	void (*moved)(void *arg, const struct af *af, const struct rib_move *m);
	// Of AF_MEMBERSHIP families: from now on the membership of that peer counts, or does no longer:
	// it is accepted, and of external ones among the first options.external_paths (RFC 4684 3).
	void (*member)(void *arg, uint16_t peer, const struct af *af, const struct af_key *key,
		       bool counts);
	// The sums of a closed ledger (rib/ledger.h), the receiver's; from within rib_work only. NULL:
	// nobody wants to know.
	void (*ledger)(void *arg, struct ledger_report *report);
};

struct rib;
struct rib *rib_new(const struct rib_ops *ops);
void rib_free(struct rib *r);
// Labels of ours that this rib may put in the place of peers' ones: so many from the first on, 2^18
// from 2^18 on when nobody says anything. Ribs of several shards need ranges of their own. Before
// any route.
void rib_set_labels(struct rib *r, uint32_t first, uint32_t count);
void rib_set_options(struct rib *r, const struct af *af,
		     const struct rib_options *o); // af NULL: of every family

// The tables are a VPN instance's: what is lent to them stands behind what they learn themselves.
void rib_set_instance(struct rib *r);

// The time (microseconds since 1970), told about once a second: paths remember when they changed.
// Optional: without it rib_route.changed_at is 0.
void rib_set_time(struct rib *r, uint64_t microseconds);

// --- peers ----------------------------------------------------------------------------------------------
// Configuration of a peer and family; before or after the session is up. Live routes meet the new
// import and export at once; routes stored before are re-evaluated by a sweep (rib/sweep.h), which
// the owner starts. Taking over a new export moves the peer to another group with its private set.
void rib_peer_import(struct rib *r, uint16_t peer, const struct af *af, const struct rib_import *in,
		     uint32_t generation);
void rib_peer_export(struct rib *r, uint16_t peer, const struct af *af,
		     const struct rib_export *out, uint32_t generation);
void rib_peer_up(struct rib *r, uint16_t peer, uint32_t session,
		 const struct rib_session *s); // first dump starts
void rib_peer_begin(struct rib *r, uint16_t peer,
		    const struct af *af); // waited long enough: the first dump starts
void rib_peer_down(
	struct rib *r,
	uint16_t peer); // routes of it go (in slices: rib_work); safe to bring up again at once
void rib_peer_remove(struct rib *r, uint16_t peer); // down and forgotten

// --- routes ---------------------------------------------------------------------------------------------
// Routes from a peer, in order. attributes: canonical bytes without NEXT_HOP-dependence (one set),
// as attrs_encode writes them; NULL withdraws. nlri: checked wire bytes of the family.
void rib_update(struct rib *r, uint16_t peer, const struct af *af, const struct span *attributes,
		const struct span *nlri);
void rib_originate(struct rib *r, const struct af *af, const struct af_key *key,
		   const struct attrs *as); // NULL: no longer
// A route of another rib's table, known here by its key and its distinguisher there: several of one
// key may stand side by side. It meets no import policy. as: with its local part, source included;
// local.rd is set here. NULL: it is lent no longer.
enum rib_lending { LENDING_EQUAL, LENDING_NEW, LENDING_CHANGED, LENDING_GONE }; // what came of it
enum rib_lending rib_lend(struct rib *r, const struct af *af, const struct af_key *key,
			  const uint8_t rd[8], const struct attrs *as);
// The best path of a destination by its number, as told by rib_ops.moved: its key and its set.
// NULL: there is none now (numbers are given out again).
const struct attr_set *rib_best(struct rib *r, const struct af *af, uint32_t number,
				struct af_key *ret_key, uint16_t *ret_peer);
// The same among the paths that were not lent, as if the others were not there: what a table lends
// depends on nothing that is lent to it, so there are no circles.
// NULL also where an aggregate suppresses the destination.
const struct attr_set *rib_best_own(struct rib *r, const struct af *af, uint32_t number,
				    struct af_key *ret_key, uint16_t *ret_peer);
uint32_t rib_numbers(struct rib *r, const struct af *af); // of destinations are below this, from 1
uint32_t rib_number(struct rib *r, const struct af *af,
		    const struct af_key *key); // of a destination; 0: none
void rib_refresh_begin(struct rib *r, uint16_t peer, const struct af *af); // BoRR received
uint32_t rib_refresh_end(struct rib *r, uint16_t peer,
			 const struct af *af); // EoRR: sweeps what is older; routes removed
void rib_refresh_answer(
	struct rib *r, uint16_t peer,
	const struct af
		*af); // ROUTE-REFRESH received: a cursor move, BoRR/EoRR marks when enhanced

// --- aggregation ------------------------------------------------------------------------------------------
// Each rib aggregates what it holds: with several shards the routes below one aggregate have to be
// in one of them.
struct rib_aggregate {
	struct af_key key;
	bool as_set, detail_suppressed;
	struct policy_program *attribute_policy, *origin_policy,
		*suppress_policy; // counted, NULL none
};
void rib_set_aggregates(struct rib *r, const struct af *af, const struct rib_aggregate *list,
			unsigned count);

// --- work -------------------------------------------------------------------------------------------------
// What may be sent to a peer: the owner grants bytes as its socket takes them. Nothing is produced
// for a peer without credit: a slow peer costs a cursor, not a queue.
void rib_credit(struct rib *r, uint16_t peer, size_t bytes); // sets, does not add
// Works for about `microseconds` (by the clock function given at rib_new's time: loop_clock is not
// known here, so the caller passes deadline checks): returns true if there is more to do.
typedef bool rib_deadline(void *arg); // true: time is over
bool rib_work(struct rib *r, rib_deadline *over, void *arg);
bool rib_owes(const struct rib *r); // something is still to be delivered, be it for want of credit

// --- reading (displays, export, tests) ------------------------------------------------------------------------
struct rib_route { // one path of one destination, as shown
	const struct af *af;
	struct af_key key;
	uint16_t peer;                    // RIB_NO_PEER: ours
	const struct attr_set *received;  // as received; NULL when there is none
	const struct attr_set *installed; // after import; NULL: rejected, or not usable
	const struct attr_set *sent;      // Adj-RIB-Out views
	bool best, select, stale, suppressed,
		loop; // select: would share the load with the best; loop: AS or cluster loop, kept out of the decision
	uint32_t generation; // that gave the verdict or vouched for it
	uint64_t
		changed_at; // owner's time (microseconds since 1970) when this path last changed; 0 unknown
	unsigned path_index, path_count; // within the destination, best first
};

enum rib_view {
	RIB_VIEW_LOC,
	RIB_VIEW_RECEIVED,
	RIB_VIEW_ACCEPTED,
	RIB_VIEW_NOT_ACCEPTED,
	RIB_VIEW_ADVERTISED,
	RIB_VIEW_ALL, // every path, rejected ones too
	// Nothing is shown: observer hears the peer's policy run on each route that it sent and that
	// is stored, and on each that it would be told of.
	RIB_VIEW_IMPORTING,
	RIB_VIEW_EXPORTING
};
struct rib_query {
	const struct af *af;
	enum rib_view view;
	uint16_t peer;                          // of the per-peer views
	const struct af_key *exact;             // one destination; NULL all
	const struct af_key *within;            // longer-prefixes
	const struct policy_observer *observer; // of the last two views; called in the rib's thread
};
// Calls fn for each matching route (all paths of a destination together, best first), in no order.
// fn returns false to stop. The table must not change meanwhile: callers copy what they keep.
typedef bool rib_visit(void *arg, const struct rib_route *route);
void rib_read(struct rib *r, const struct rib_query *q, rib_visit *fn, void *arg);
// The same in slices, between which the table may change: about `destinations` of them from
// *position on (0 at first). Returns false when the end has been reached or fn said so.
bool rib_read_slice(struct rib *r, const struct rib_query *q, uint32_t *position,
		    uint32_t destinations, rib_visit *fn, void *arg);

// What came of judging routes: by a sweep (rib/sweep.h), or as they arrive.
struct sweep_counts {
	// Routes, import view; export: outcomes. seen: those that were judged, and those that a sweep
	// passed by because the change of the program cannot concern them (policy/difference.h).
	uint64_t seen, changed, newly_accepted, newly_rejected;
	uint64_t best_moved;
	uint64_t passed; // of those seen: the ones passed by
};

struct rib_counts { // of one peer and family; all O(1)
	// received: stored; accepted + rejected are the same routes. What was rejected and is not
	// kept is in none of them: whether it still exists, or came in since, nobody can tell.
	uint32_t received, accepted, rejected, best, advertised, stale;
	uint64_t withdrawn_by_sweep;
	// Routes that were rejected and not kept, as they came or when they were judged again, since the
	// session began or the peer last began to send everything again (BoRR): an announcement that
	// was repeated counts again.
	uint64_t unkept;
	uint32_t group; // number of the export group
	// Routes judged on arrival since the import got its generation. fresh: those that this
	// generation had not judged yet, and those that came in new, so that a sweep of the same
	// generation and these count each stored route once. again: judged by it before, now with
	// another outcome (seen is 0). What is rejected without having been stored is in neither.
	uint32_t generation;
	struct sweep_counts fresh, again;
};
void rib_peer_counts(struct rib *r, uint16_t peer, const struct af *af, struct rib_counts *ret);
struct rib_totals {
	uint32_t destinations, best, paths, attribute_sets, groups;
	size_t bytes_routes, bytes_sets, bytes_out, bytes_memo;
};
void rib_totals(struct rib *r, const struct af *af, struct rib_totals *ret);
