// The audit: the law on the live router. Everything is worked out anew from the configuration that
// runs and from the routes as they were received, in tables beside those that stand, and the two are
// compared: each verdict, best path, share of the load, suppression, lent route, label, membership that
// counts, and what each neighbour is to believe (RFC 4271 3.2). What differs either way is a fault of
// this program: normally there is none.
//
//   the shards' ribs --replay--> ribs of fresh workers, configured as at a start --compare--> differences
//
// It takes the whole time that it takes and needs as much memory as the tables once more, so it is
// done in a copy of the process (speaker/rehearsal.h) that has worked off what was queued.
//
// Exempt is what is no function of what was received: the table of an instance whose limit has turned
// routes away (rib/limit.h), and destinations with a route that such a table lends. Routes that were
// turned away and not stored, for whatever reason, cannot be missed; jobs that stand pending are about
// those alone. Stale routes of a refresh under way count as received.
#pragma once

#include "rib/compare.h"
#include "speaker/speaker.h"

enum audit_kind {
	// up to COMPARE_KINDS: rib/compare.h
	AUDIT_IMPORT =
		COMPARE_KINDS, // the import that the shards were given for a peer is another one
	AUDIT_EXPORT,          // the same of its export,
	AUDIT_ASKED,           // of the route targets that a peer has asked for,
	AUDIT_COUNTERS,        // of its counters, though the tables are equal
	AUDIT_KINDS
};

struct audit_difference {
	enum audit_kind kind;
	uint16_t instance;
	const struct af *af;
	const struct speaker_peer *peer;        // whose path it is, or who is told; NULL: nobody's
	const struct compare_difference *route; // NULL with the kinds of this room
	struct rib *rib;                        // in which it stands
};

struct audit_row { // of a table. Plain
	uint16_t instance;
	uint8_t family; // af_index
	bool exempt;    // not compared, as it turns routes away
	struct compare_counts counts;
	uint64_t differences; // of all kinds, those of the peers of this table among them
	uint64_t microseconds;
};

struct audit {
	struct audit_row
		*rows; // ascending by instance, then by family; tables without a route are left out
	unsigned row_count;
	uint64_t replayed; // routes
	uint64_t differences[AUDIT_KINDS];
};

struct audit_options {
	uint16_t families; // bits: those that have a table to compare
	// Is this one of them? NULL: all tables of these families are.
	bool (*wants)(void *arg, uint16_t instance, const struct af *af);
	void (*found)(void *arg,
		      const struct audit_difference *d); // good until it returns; optional
	void (*progress)(void *arg, unsigned percent);   // optional
	void *arg;
};

// The speaker is at rest, no thread of it runs, and time may pass. Nothing of it changes.
void speaker_audit(struct speaker *s, const struct audit_options *o, struct audit *ret);
void audit_free(struct audit *a);
uint64_t audit_differences(const struct audit *a);
const char *audit_kind_name(enum audit_kind kind); // "verdict", "best path" ...
