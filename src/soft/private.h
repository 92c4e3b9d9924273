// What the files of soft/ share: the engine's state. job.c keeps the registry, engine.c takes
// requests and runs walks, refresh.c follows ROUTE-REFRESH and what answers it.
#pragma once

#include "base/list.h"
#include "base/vec.h"
#include "soft/engine.h"

#define JOBS_KEPT      256 // finished ones
#define QUIET_US       5000000 // a refresh whose end nobody marks is over after so long without an UPDATE
#define QUIET_CHECK_US 1000000

// The last word of one shard about a run.
struct shard_word {
	unsigned percent;
	bool done;
	struct sweep_counts total;
	struct soft_peer_counts *peers;
	unsigned peer_count;
};

// An order on its way through the shards. At most one runs and one waits per instance, family and
// kind.
struct run {
	struct list link; // in soft.running or soft.waiting
	struct soft_order order;
	bool sent;
	struct run *behind; // waits for this one to end; NULL: for nothing but the next turn
	unsigned done;      // shards
	uint64_t longest_slice;
	struct shard_word *words; // by shard
};

struct job {
	struct soft_job pub;
	struct list link;         // in soft.active
	struct run *run;          // walk that it waits for; NULL: none
	struct run *next;         // and the one after that: asked for while the first was running
	struct sweep_counts base; // of walks and answers that are over
	struct rib_counts before; // when the peer was asked: what arrived since is the answer's
	bool quiet;               // takes the place of the last quiet one like it when it is over
	bool walks; // has had a walk: what that judged is not counted again on arrival
	struct soft *soft;
	bool asked; // ROUTE-REFRESH sent, its end not seen
	bool ask_again;
	bool begun; // BoRR came since then
	bool enhanced;
	bool unanswered; // the time limit passed
	bool resending, resend_again;
	bool pending;                 // ends as pending
	uint64_t asked_at, update_at; // monotonic
	uint64_t expected;            // routes that the peer had sent when it was asked
	uint64_t seen;                // routes received since
	uint64_t answered;            // the most that an answer held, that is over
	struct timer *timer;          // checks quiet and limit while asked
};

// A refresh that a peer has begun (BoRR) and not ended.
struct arrival {
	struct list link; // in soft.arrivals
	struct soft *soft;
	uint16_t peer;
	const struct af *af;
	struct timer *timer; // NULL: no limit
};

struct soft {
	struct loop *loop;
	struct soft_ports ports;
	unsigned shards;
	uint32_t limit; // seconds
	struct task *starter;
	struct list running, waiting; // struct run
	struct list active;           // newest first
	struct list arrivals;
	struct job *finished[JOBS_KEPT]; // ring; finished_end is where the next one goes
	unsigned finished_end, finished_count;
	struct vec shown;
	uint32_t last_job, last_order;
};

// job.c
struct job *job_new(struct soft *s, const struct soft_request *r);
struct job *job_find(struct soft *s, uint16_t peer, const struct af *af,
		     bool import); // active one of that peer, or NULL
struct job *job_find_like(struct soft *s, const struct soft_request *r); // active one to merge with
struct job *job_find_pending(struct soft *s, uint16_t peer, const struct af *af);
void job_end(struct job *j, enum soft_state state,
	     const char *note); // moves it to the finished ones
void job_free(struct job *j);
void job_rename(struct job *j, const char *origin); // somebody asks for what went on quietly
void job_note(struct job *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

// engine.c
void counts_add(struct sweep_counts *to, const struct sweep_counts *c);
void job_settle(struct job *j); // ends it when nothing is left to wait for; else shows its state

// refresh.c
void refresh_ask(struct job *j);
void refresh_outdate(struct job *j, uint32_t generation); // before the job takes that generation
void refresh_cancel_peer(struct soft *s, uint16_t peer);
void refresh_free_all(struct soft *s);
