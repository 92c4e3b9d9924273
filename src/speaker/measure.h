// What a change does, in all shards and tables together: their ledgers (rib/ledger.h) opened in one
// stretch of messages, closed in another, and added up. Control thread only.
#pragma once

#include "rib/ledger.h"
#include "speaker/speaker.h"

// A row of a table's or a peer's, with what names it. Plain: good to be sent through a pipe to a
// copy of this process.
struct measure_row {
	uint16_t instance;
	struct ip address;     // of the peer; bits 0: of the table
	struct ledger_row row; // row.peer RIB_NO_PEER: of the table
};
struct measure_sample {
	uint16_t instance;
	struct ip address;
	struct ledger_sample sample; // sets belong to the measure
};
struct measure_name {
	uint16_t instance;
	struct ip address; // bits 0: nobody
};
struct measure {
	struct measure_row
		*rows; // ascending by instance, family, then the table before peers by address
	unsigned row_count;
	struct measure_sample *samples; // in that order too, then by class, then by key
	unsigned sample_count;
	bool overtaken; // another one began before this one was closed: figures are of both
	bool lost;      // an instance that went came back before it had told: its own are missing
	struct measure_name *names; // by number of the peer: who had it last while this was open
	unsigned name_count;
	struct ledger_report **reports; // own what samples point at
	unsigned report_count;
};
void measure_free(struct measure *m);
// Are the figures the same? Samples do not count.
bool measure_equal(const struct measure *a, const struct measure *b);
void measure_total(const struct measure *m, uint64_t ret[LEDGER_CLASSES]); // over all rows
// Who samples mean by a number, also those that have gone. NULL: nobody; ours.
const struct measure_name *measure_name(const struct measure *m, uint16_t peer);

// From now on, before whatever is sent to the shards next. One that is open is overtaken: it goes
// on, by its own options, and its end is the end of both.
void speaker_measure_begin(struct speaker *s, const struct ledger_options *o);
// Up to now, and what of it the shards have still to work off (a second of it at most, where live
// routes never let them rest): sessions that went, aggregates. Jobs are the caller's to wait for. done
// gets the measure (the receiver's) when all shards have told. false: none is open.
bool speaker_measure_end(struct speaker *s, void (*done)(void *arg, struct measure *m), void *arg);
void speaker_measure_cancel(struct speaker *s); // no callback afterwards
