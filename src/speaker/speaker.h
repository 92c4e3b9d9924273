// The instance: peers, their sessions, the rib shards, soft-reset jobs. The only room that knows
// all rooms below; commands and configuration speak to it. Control thread only.
#pragma once

#include "rib/limit.h"
#include "rib/sweep.h"
#include "soft/soft.h"
#include "speaker/config.h"

struct speaker;
struct speaker_options {
	struct ip listen;       // bits 0: all addresses
	uint16_t port;          // 179
	unsigned rib_threads;   // 0: inline
	unsigned inline_shards; // with rib_threads 0: how many; 0: one (tests)
};
struct speaker *speaker_new(struct loop *l, const struct speaker_options *o);
int speaker_listen(struct speaker *s); // 0 or -errno
void speaker_free(struct speaker *s);  // Cease to all
struct loop *speaker_loop(struct speaker *s);

// --- configuration ------------------------------------------------------------------------------
const struct speaker_config *speaker_running(const struct speaker *s);
// What taking over `next` would do, per peer and family; changes nothing.
void speaker_plan(struct speaker *s, const struct speaker_config *next, struct soft_plan *ret);
// Takes over; starts the jobs of the plan. Takes its own reference.
void speaker_apply(struct speaker *s, struct speaker_config *next, const struct soft_plan *plan);

// --- commands -------------------------------------------------------------------------------------
enum speaker_select {
	SELECT_ALL,
	SELECT_PEER,
	SELECT_GROUP,
	SELECT_EXTERNAL,
	SELECT_INTERNAL,
	SELECT_AS
};
struct speaker_selector {
	enum speaker_select kind;
	struct ip peer;
	char group[PEER_NAME_MAX];
	uint32_t as;
	uint16_t families; // bits of the command's families
	uint16_t instance; // whose peers
};
enum speaker_answer { ANSWER_OK, ANSWER_NO_BGP, ANSWER_NO_PEER, ANSWER_NO_GROUP };
// notes: a line each for the operator ("Info: ...").
enum speaker_answer speaker_refresh(struct speaker *s, const struct speaker_selector *sel,
				    bool import, const char *who, struct buf *notes);
enum speaker_answer speaker_reset(struct speaker *s, const struct speaker_selector *sel,
				  struct buf *notes);

// --- looking --------------------------------------------------------------------------------------------
struct speaker_peer;                                  // valid until the next turn of the loop
unsigned speaker_peer_count(const struct speaker *s); // of all instances
struct speaker_peer *speaker_peer_at(struct speaker *s,
				     unsigned i); // ascending by instance, then by address
struct speaker_peer *speaker_peer_find(struct speaker *s, uint16_t instance,
				       const struct ip *address);
const struct peer_config *speaker_peer_config(const struct speaker_peer *p);
struct sess *speaker_peer_session(const struct speaker_peer *p);
uint16_t speaker_peer_number(const struct speaker_peer *p);
struct membership *speaker_peer_membership(
	const struct speaker_peer
		*p); // what narrows its VPN routes (vpn/membership.h); NULL: nothing is known of it
struct speaker_peer *speaker_peer_by_number(struct speaker *s,
					    uint16_t number); // NULL: ours, or gone
struct peer_event {
	int64_t at;
	bool up;
	uint8_t code, subcode;
	bool sent;
};
unsigned speaker_peer_events(const struct speaker_peer *p,
			     const struct peer_event **ret); // newest first, at most 16

// Reads of the tables run in the rib threads, sliced; results come back in batches on the control
// thread: rows(arg, routes, n) returns false to stop; done(arg, complete) ends it. Cancel at any time.
struct speaker_read;
struct speaker_read *speaker_read_start(struct speaker *s, uint16_t instance,
					const struct rib_query *q,
					bool (*filter)(void *arg, const struct rib_route *r),
					bool (*rows)(void *arg, const struct rib_route *r,
						     unsigned n),
					void (*done)(void *arg, bool complete), void *arg);
// Routes come in the order of their keys (af->compare), whole destinations together, best path
// first. filter may be NULL; it runs in the rib threads: it may read what arg points at, change
// nothing. Without a filter's consent a path is not part of the answer.
void speaker_read_cancel(struct speaker_read *r); // no callback afterwards; also from within rows
void speaker_read_pause(
	struct speaker_read *r,
	bool pause); // the reader cannot take more now; resuming may call rows at once
void speaker_peer_counts(struct speaker *s, uint16_t peer, const struct af *af,
			 struct rib_counts *ret);
struct speaker_limit {
	uint32_t most;   // as configured; 0: no limit
	uint8_t percent; // from which on there is a warning
	bool alert_only; // nothing is turned away
	bool full;     // more than the limit (alert_only), or at it and not below 95 percent since
	uint32_t held; // accepted routes, or prefixes that have one
	uint64_t refused; // times that a route was turned away since what was turned away came back
};
// A limit of a VPN instance's table; false: there is none.
bool speaker_limit(const struct speaker *s, uint16_t instance, const struct af *af,
		   enum rib_limit_kind kind, struct speaker_limit *ret);
void speaker_totals(struct speaker *s, uint16_t instance, const struct af *af,
		    struct rib_totals *ret);
// Jobs, newest first.
unsigned speaker_jobs(struct speaker *s,
		      const struct soft_job ***ret); // array good until the next call
bool speaker_quiet(
	const struct speaker
		*s); // no routes queued and no soft reset under way (tests, scripts that wait)
