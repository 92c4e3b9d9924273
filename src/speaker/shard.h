// A rib shard behind messages. The control thread sends what is to be done, in order; the shard's
// thread (or, with no threads, a task on the control loop) does it in slices and sends back what
// came of it. Nothing but messages passes between the two, so both arrangements are one code.
//
// Memory: a message belongs to its receiver, with everything it points at that is marked owned.
#pragma once

#include <pthread.h>

#include "base/buf.h"
#include "base/list.h"
#include "loop/loop.h"
#include "rib/ledger.h"
#include "soft/drive.h"
#include "speaker/shard_explain.h"
#include "speaker/speaker.h"

enum shard_kind {
	// to the shard
	// every message names the instance; those about a peer, the peer's
	SHARD_OPTIONS, // options, af, number = generation
	SHARD_LINK,    // af (inner), tie: what ties the instance to the VPN tables from now on
	SHARD_LIMIT,   // af, limit: what the table may hold from now on
	SHARD_INSTANCE_GONE, // the instance's rib goes, with all that it lent
	SHARD_BEGIN,         // peer, af: the first dump waits no longer
	SHARD_FENCE, // peer, number = session: comes back as it went, behind what came of all before
	SHARD_IMPORT,        // peer, af, import, number = generation
	SHARD_EXPORT,        // peer, af, export, number = generation
	SHARD_UP,            // peer, session, number = its number
	SHARD_DOWN,          // peer
	SHARD_REMOVE,        // peer
	SHARD_BATCH,         // bytes: routes of many UPDATEs
	SHARD_ORIGINATE,     // af, origin
	SHARD_AGGREGATES,    // af, aggregates
	SHARD_REFRESH_BEGIN, // peer, af: BoRR received
	SHARD_REFRESH_END,   // peer, af: EoRR received; answered by SHARD_SWEPT
	SHARD_RESEND,        // peer, af: ROUTE-REFRESH received; ends in marks
	SHARD_CREDIT,        // peer, number = session, bytes_count
	SHARD_ORDER,         // order
	SHARD_READ,          // read
	SHARD_READ_MORE,     // number = read: one batch has been taken
	SHARD_READ_STOP,     // number = read
	SHARD_EXPLAIN,       // explain, number: comes back in the answer
	SHARD_LEDGER_OPEN,   // ledger, number: of all ribs, from the next message on
	SHARD_LEDGER_CLOSE,  // number: when all is at rest; answered by SHARD_LEDGER
	SHARD_QUIT,
	// from the shard
	SHARD_TAKEN,     // bytes_count of batches have been worked off
	SHARD_DELIVERY,  // delivery
	SHARD_MARK,      // peer, af, number = session, mark
	SHARD_ANSWER,    // answer to an order
	SHARD_MEMBER,    // peer, af, member: a membership counts, or does no longer
	SHARD_SWEPT,     // peer, af, number = session, bytes_count = routes removed
	SHARD_ROWS,      // rows; number = read
	SHARD_COUNTS,    // counts
	SHARD_EXPLAINED, // explanation (NULL: no such instance); number
	SHARD_LEDGER,    // ledgers, number
	SHARD_GONE,      // the last message of all
};

struct shard_origin {
	struct af_key key;
	bool withdrawn;
	struct attrs attrs; // values point into bytes
	struct buf bytes;   // owned
};

struct shard_membership {
	struct af_key key;
	bool counts;
};

struct shard_aggregates {
	struct rib_aggregate *list; // owned, with a reference on each program
	unsigned count;
};

struct shard_read {
	uint32_t id;
	struct rib_query query; // exact and within point at the two keys below
	struct af_key exact, within;
	bool (*filter)(void *arg, const struct rib_route *r); // runs in the shard's thread
	void *filter_arg;
};

// What the ledgers of a shard's ribs found.
struct shard_ledger {
	uint16_t instance;
	struct ledger_report *report; // owned
};
struct shard_ledgers {
	struct shard_ledger *list; // owned
	unsigned count;
	bool lost; // a rib went before it had told
};

// A stretch of an answer: whole destinations in the order of their keys.
struct shard_rows {
	struct rib_route *rows; // in arena, with copies of the attribute sets
	unsigned count;
	bool last;
	struct arena arena;
};

struct shard_counts_row {
	uint16_t peer;
	struct rib_counts counts[AF_MAX];
};

struct shard_totals {
	uint16_t instance;
	struct rib_totals totals[AF_MAX];
};

// Of what has changed since the last time.
struct shard_counts {
	struct shard_totals *instances; // owned; ascending by number
	unsigned instance_count;
	struct shard_counts_row *rows; // owned
	unsigned count;
};

struct shard_message {
	struct list link;
	enum shard_kind kind;
	uint16_t instance;
	uint16_t peer;
	const struct af *af;
	uint32_t number;
	size_t bytes_count;
	union {
		struct rib_options options; // confederation_members: owned
		struct rib_import import;   // a reference on the program
		struct rib_export export;   // a reference on both programs
		struct rib_session session;
		struct rib_limit limit; // a reference on the room
		struct vpn_link tie;    // lists owned, a reference on the programs
		struct shard_membership member;
		struct buf bytes;
		struct shard_origin *origin; // owned
		struct shard_aggregates aggregates;
		struct soft_order *order; // owned
		struct shard_read *read;  // owned
		struct rib_delivery delivery;
		enum rib_mark mark;
		struct soft_answer answer;
		struct shard_rows *rows;         // owned
		struct shard_counts *counts;     // owned
		struct explain_order *explain;   // owned
		struct explanation *explanation; // owned
		struct ledger_options ledger;
		struct shard_ledgers ledgers;
	};
};

struct shard_message *shard_message_new(enum shard_kind kind);
void shard_message_free(struct shard_message *m); // with everything owned

// --- batches: SHARD_BATCH's bytes are records: this head, attributes, NLRI -----------------------
struct batch_record {
	uint32_t attributes, nlri; // bytes
	uint16_t peer;
	uint8_t af; // af_index
	uint8_t withdrawn;
};

// --- the shard's side (worker.h, shard_read.c) ----------------------------------------------------
struct worker;
typedef void shard_sink(void *arg, struct shard_message *m); // takes the message
struct worker_options {
	unsigned index, count; // of the shards
	shard_sink *send;      // toward the control thread
	void *arg;
};
struct worker *worker_new(struct loop *l, const struct worker_options *o);
void worker_free(struct worker *w);
void worker_inbox(void *worker, void *message); // channel_fn of its inbox
void worker_wake(struct worker *w);
// Only of one that runs on the caller's own loop: a rib (NULL: no such instance), and whether
// nothing is queued and nothing under way.
struct rib *worker_rib(struct worker *w, uint16_t instance);
bool worker_idle(const struct worker *w);
void worker_finish(struct worker *w); // works until nothing is left, however long it takes

struct reading;
struct reading *reading_new(struct rib *r, struct shard_read *read); // owns read
void reading_free(struct reading *r);
bool reading_step(struct reading *r, const struct worker_options *o, rib_deadline *over,
		  void *over_arg);                           // true: more to do now
void reading_more(struct reading *r);                        // one batch has been taken
void reading_gone(struct reading *r, const struct rib *rib); // if it reads that one, that is all
uint32_t reading_id(const struct reading *r);
bool reading_over(const struct reading *r);

// --- the control thread's side (shard.c) -----------------------------------------------------------
struct shard {
	unsigned index;
	struct worker *worker;
	struct worker *instead;         // shard_divert; NULL: none
	struct channel *inbox, *outbox; // threaded
	struct loop *control, *loop;    // loop: its own, when threaded
	bool threaded, gone;
	pthread_t thread;
	struct list returned; // not threaded: messages from the worker; passed on by a task
	struct task *returner;
	void (*received)(void *arg, struct shard *s,
			 struct shard_message *m); // m is freed afterwards
	void *arg;
	struct buf batch;                             // being collected
	size_t in_flight;                             // bytes of batches not yet worked off
	struct shard_counts_row *rows[RIB_PEERS_MAX]; // by peer, as last told; NULL: not yet
	struct shard_totals *totals[INSTANCES_MAX];   // by instance
};

struct shard *shard_new(struct loop *control, unsigned index, unsigned count, bool threaded,
			void (*received)(void *arg, struct shard *s, struct shard_message *m),
			void *arg);
void shard_free(struct shard *s);                          // waits for the thread to end
void shard_send(struct shard *s, struct shard_message *m); // behind everything collected so far
// From now on another worker gets, at once and in this thread, what is sent; NULL: no longer. The
// shard's own is at rest meanwhile.
void shard_divert(struct shard *s, struct worker *w);
void shard_flush(struct shard *s); // hands over the batch
void shard_routes(struct shard *s, const struct batch_record *head, const struct span *attributes,
		  const struct span *nlri); // appends to the batch
void shard_wake(struct shard *s);           // in a copy of the process: its tasks have been stopped
void shard_take_counts(struct shard *s, const struct shard_counts *c);
void shard_forget_peer(struct shard *s, uint16_t peer); // its counters
void shard_forget_instance(struct shard *s, uint16_t instance);
