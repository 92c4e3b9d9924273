// The ledger: what a change does to the tables of a rib, net. While it is open, whatever a path's
// verdict, a best path or an entry of an Adj-RIB-Out was before its first change is noted; at its
// end each note is compared with what stands then. So something that went away and came back
// counts as nothing, in whatever order and however often it moved, and the cost is that of what
// changed. It is opened in a copy of the process, to tell what a commit would do, and in the
// process itself, to tell what it did: the same figures from the same code.
//
// A destination that is noted keeps its number, and a set that is noted keeps its own, until the
// ledger is closed. Update groups are not brought together meanwhile.
//
// The tables count as they stand, not as they will: a route of an ended session is there until the
// purge has come to it. Who wants the whole of a change closes when the rib is at rest.
//
// What a peer is to believe counts while its session lasts: a peer whose session (or family of it)
// came up after the opening, was still having its Adj-RIB-Out filled then, or went down before the
// close has no figures of that side. So a session that the change itself resets has none, be it up
// again or not.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "rib/rib.h"

enum ledger_class {
	// of a peer: verdicts on what it sent
	LEDGER_ACCEPTED, // newly: stored but rejected before, or not there
	LEDGER_REJECTED, // accepted before; stored as rejected now, or turned away and not stored.
	// What was not accepted before, new routes too, is in no class when rejected
	LEDGER_CHANGED, // accepted before and after, with other attributes
	LEDGER_LOST,    // accepted before, and gone with its session, its peer or its announcement
	// of a table: best paths
	LEDGER_BEST_NEW,
	LEDGER_BEST_GONE,
	LEDGER_BEST_MOVED,   // to another peer
	LEDGER_BEST_CHANGED, // the same peer's, with other attributes
	// of a peer: what it is to believe, exceptions (split horizon, own next hop) accounted for
	LEDGER_ANNOUNCED,   // newly
	LEDGER_REANNOUNCED, // with other attributes
	LEDGER_WITHDRAWN,
	LEDGER_CLASSES
};

#define LEDGER_TRAITS 64 // by type of attribute; 0: PrefVal; 14: label; those above: 63

struct ledger_options {
	unsigned samples;    // at most of each class, peer and family; 0: none
	struct ip within;    // bits 0: everything; else only prefixes within this one,
	uint8_t within_bits; // of this length
	// Best paths that go or move are samples, whatever their number, where this says so. Asked by
	// the thread of the rib; it changes nothing. NULL: none.
	bool (*watched)(const void *arg, const struct af *af, const struct af_key *key);
	const void *watched_arg;
};

// Of a peer (or, number RIB_NO_PEER, of the table itself) in a family. Plain numbers: good to be
// copied anywhere.
struct ledger_row {
	uint16_t peer;
	uint8_t family; // af_index
	uint64_t count[LEDGER_CLASSES];
	uint32_t changed_by
		[LEDGER_TRAITS]; // LEDGER_CHANGED and, of a table, LEDGER_BEST_CHANGED: routes
	uint32_t reannounced_by[LEDGER_TRAITS]; // in which the attribute is another one
};

struct ledger_sample {
	enum ledger_class class;
	uint16_t peer; // RIB_NO_PEER: of the table
	const struct af *af;
	struct af_key key;
	uint16_t peer_before, peer_after; // whose path, of a table's; RIB_NO_PEER: ours, or none
	const struct attr_set *before, *after; // copies in the report's arena; NULL: none
	bool watched;                          // given whatever the number of samples
};

struct ledger_report {
	struct ledger_row *
		rows; // in arena; ascending by family, then by peer; those without figures are left out
	unsigned row_count;
	struct ledger_sample *
		samples; // ascending by family, peer, class, key: the first by number of destination
	unsigned sample_count;
	struct arena arena;
};
void ledger_report_free(struct ledger_report *r); // NULL is allowed

// Opens it for all families of the rib. One that is open is closed unseen first, at once; so are
// the sums done of one that is closed, the report of which is told by the next rib_work.
void rib_ledger_open(struct rib *r, const struct ledger_options *o);
// What is noted stands; rib_work does the sums, in slices, and gives the report to rib_ops.ledger.
// Nothing is noted any more after this: what was noted and changes again before its turn in the
// sums is told as it is then. false: none is open.
bool rib_ledger_close(struct rib *r);
// Bits by trait in which two sets differ (LEDGER_TRAITS).
uint64_t ledger_traits(const struct attr_set *a, const struct attr_set *b);
