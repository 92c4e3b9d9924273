// What the files of a shard's side share: the worker and the ribs that it holds, one for each
// instance. Everything here runs in the shard's thread.
//
//   shard_work.c      messages and the round
//   shard_instance.c  the ribs: making, waking, slices, settling, ending
//   shard_lent.c      walks over what ribs lend each other
//   shard_counts.c    counters, told to the control thread
//   shard_ledger.c    figures of a change, told to the control thread
#pragma once

#include "base/vec.h"
#include "speaker/shard.h"

#define SLICE_US 2000

struct exchange;
struct worker;

// One instance's rib. Made when the first message names it; the public one with the worker.
struct instance {
	struct worker *worker;
	uint16_t number;
	struct rib *rib;
	struct drive *drive; // NULL: no order has come yet
	struct list link;    // in worker.awake; alone: nothing to do
	struct list walking; // in worker.walking: the drive has orders
	struct list owing;   // in worker.owing: idle, but somebody is still owed messages
	bool changed;        // counters, since they were last told
	bool dying;          // gone for everybody but the walks that take back what it lent
	struct list ending;  // in worker.ending: these have passed, and its ledger is still open
	bool awaited;        // its ledger is closed, and the sums have not come
};

enum ledgers_state { LEDGERS_NONE, LEDGERS_OPEN, LEDGERS_RESTING, LEDGERS_SUMMING };

// Of all ribs: one measure (speaker/measure.h).
struct ledgers {
	enum ledgers_state state;
	uint32_t number;
	struct ledger_options options;
	uint64_t latest;           // resting: closed then in any case
	unsigned awaited;          // ribs whose sums have not come
	struct shard_ledgers told; // that have
	unsigned cap;
};

struct worker {
	struct worker_options o;
	struct loop *loop;
	struct instance *instances[INSTANCES_MAX]; // by number
	struct exchange *exchange;
	struct list awake, walking, owing;
	struct list ending; // instances that have gone, and have still to tell what went with them
	struct ledgers ledgers;
	struct list lendings; // walks of what is lent
	struct task *task;
	struct timer *counts_timer;
	struct timer
		*settle_timer; // walks are over, and peers without credit are still owed messages
	struct list queue;     // messages to be worked off
	size_t batch_at;       // bytes done of the first one, when it is a batch
	struct vec readings;
	uint64_t counts_at; // when counters were last told
	bool changed;       // since then: some instance
	bool quit;
	uint32_t sessions[RIB_PEERS_MAX]; // number of the session that each peer's routes belong to
	struct instance *home[RIB_PEERS_MAX]; // whose peer it is; NULL: not known
};

bool worker_time_over(void *until); // rib_deadline; until: uint64_t, of loop_clock
void worker_answer(struct worker *w, struct soft_answer *a); // toward the control thread

// --- shard_instance.c -----------------------------------------------------------------------------
// NULL: not there, or dying. Then: made if there is none.
struct instance *instance_find(const struct worker *w, uint16_t number);
struct instance *instance_of(struct worker *w, uint16_t number);
void instance_free(struct instance *i); // with its rib; what it still lends goes at once
void instance_end(struct instance *i);  // the same in slices; its peers are gone
void instance_wake(struct instance *i); // something was done to its rib
void instance_order(struct instance *i, const struct soft_order *o);
void instance_passed(struct instance *i); // its walks have: goes as soon as it can
bool instances_end(struct worker *w);     // true: more to do
// Slices, in turn for those that have something to do. True: more to do now.
bool instances_work(struct worker *w);
bool instances_walk(struct worker *w);
bool instances_walking(const struct worker *w); // routes are still to be visited
bool instances_owe(struct worker *w);           // somebody is owed messages
void instances_settle(struct worker *w, bool idle, uint64_t now);

// --- shard_lent.c ---------------------------------------------------------------------------------
void lending_start(struct worker *w, const struct soft_order *o);
bool lendings_step(struct worker *w); // a slice; true: more to do
bool lendings_walking(const struct worker *w);
void lendings_settle(struct worker *w, bool idle, uint64_t now);
void lendings_gone(struct worker *w, uint16_t instance); // those of an instance that goes
void lendings_take_back(struct instance *i);             // then frees it
void lendings_free(struct worker *w);

// --- shard_counts.c -------------------------------------------------------------------------------
void counts_tell(struct worker *w);
void counts_when_due(struct worker *w, uint64_t now, bool busy);
void counts_touch(struct instance *i); // its counters may have changed

// --- shard_ledger.c -------------------------------------------------------------------------------
void ledgers_open(struct worker *w, const struct shard_message *m);
void ledgers_close(struct worker *w, const struct shard_message *m);
bool ledgers_are_open(const struct worker *w);
bool ledgers_hold_back(struct worker *w); // others cannot be opened yet
void ledgers_turn(struct worker *w);      // closes them when all is at rest
void ledgers_free(struct worker *w);
void instance_ledger_begin(struct instance *i); // a new rib, and ledgers are open
bool instance_ledger_close(struct instance *i); // false: it is not open
void instance_ledger_told(struct instance *i, struct ledger_report *report);
void instance_ledger_lost(struct instance *i); // the rib goes, whatever its ledger holds
