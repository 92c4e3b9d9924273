// The engine of soft reset: turns requests into jobs and drives each to its end. Control thread.
//
//   request -> job (one per peer, family, direction; a later request merges into it)
//           -> walk over what is stored (an order to the drives of all shards, shared by jobs)
//           -> ROUTE-REFRESH, then routes until EoRR, quiet or the time limit
//           -> report
//
// The engine never touches a session: its ports have no call that could (invariant 1).
#pragma once

#include "loop/loop.h"
#include "soft/drive.h"
#include "soft/soft.h"

// What lies above, filled by speaker/. All are called on the control thread.
struct soft_ports {
	void (*order)(void *arg,
		      const struct soft_order
			      *o); // to every shard, in order with everything else sent there
	void (*ask)(void *arg, uint16_t peer, const struct af *af); // send ROUTE-REFRESH
	void (*resend)(
		void *arg, uint16_t peer,
		const struct af *af); // send the whole Adj-RIB-Out again; soft_resent follows
	void (*expire)(
		void *arg, uint16_t peer,
		const struct af
			*af); // EoRR never came: end the refresh in the ribs; soft_swept follows
	void (*counts)(void *arg, uint16_t peer, const struct af *af, struct rib_counts *ret);
	void *arg;
	// Optional: a request has begun this job, or merged into it (within soft_start); it has ended.
	void (*started)(void *arg, const struct soft_job *j);
	void (*ended)(void *arg, const struct soft_job *j);
};

struct soft_request {
	uint16_t peer; // RIB_NO_PEER: the whole family
	struct ip address;
	uint16_t instance;         // 0: public
	const char *instance_name; // copied; NULL: public
	bool lent; // without peer: routes that are lent to the instance (import) or by it
	const struct af *af;
	bool import;
	enum soft_means means;
	bool walk;     // over what is stored
	bool again;    // walk: judge all, whatever their generation
	bool ask;      // import: ask for what is not stored
	bool enhanced; // ask: the peer will mark the end (RFC 7313)
	bool resend;   // export: send everything again
	bool quiet;    // of the finished ones only the last of its peer and family is kept
	uint32_t generation;
	const char *origin; // copied
};

struct soft;
struct soft *soft_new(struct loop *l, const struct soft_ports *ports, unsigned shards);
void soft_free(struct soft *s);
void soft_set_limit(struct soft *s, uint32_t seconds); // stale_limit; 0: no limit
// Walks start at the loop's next turn, so that requests of one commit share them.
void soft_start(struct soft *s, const struct soft_request *r);
void soft_wake(struct soft *s); // in a copy of the process: its task has been stopped

// --- what happened ----------------------------------------------------------------------------
void soft_answered(struct soft *s,
		   const struct soft_answer *a);    // of a shard; a->peers stays the caller's
void soft_peer_down(struct soft *s, uint16_t peer); // its refreshes are over, its jobs void
void soft_instance_gone(struct soft *s,
			uint16_t instance); // its jobs are void; its peers have gone
void soft_update(struct soft *s, uint16_t peer, const struct af *af,
		 unsigned routes);                               // an UPDATE with so many announced
void soft_sent(struct soft *s, uint16_t peer, unsigned updates); // UPDATEs handed to a session
void soft_refresh_begin(struct soft *s, uint16_t peer, const struct af *af); // BoRR received
void soft_refresh_end(struct soft *s, uint16_t peer,
		      const struct af *af); // EoRR received; handed on to the ribs
void soft_swept(struct soft *s, uint16_t peer, const struct af *af,
		unsigned removed); // ribs have removed what was stale
void soft_resent(struct soft *s, uint16_t peer,
		 const struct af *af); // everything has been sent again

// --- looking ------------------------------------------------------------------------------------
unsigned soft_jobs(struct soft *s,
		   const struct soft_job ***ret); // newest first; array good until the next call
unsigned soft_running(const struct soft *s);      // jobs that are not finished
