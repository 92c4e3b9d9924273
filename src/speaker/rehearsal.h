// A rehearsal: a copy of this process (child_new) takes a configuration over for good, in its own
// memory, with the code of a commit, and tells what came of it. The process itself goes on and
// notices nothing but that some of its memory is shared for a while.
//
// What had been received before the copy was made is worked off first; then the ledgers are opened,
// the configuration is applied, and when nothing is left to do they are closed. No session hears
// anything, no time passes and nobody answers: ROUTE-REFRESH remains unanswered, a session that is
// reset stays down.
//
// No timer is due in the copy. What each would have done:
//   hold, keepalive, connect retry, idle hold (sess/)   sessions neither come nor go by themselves
//   restart after route-limit, VRF devices (speaker/)   the same
//   route-update-interval                               delivers later: what is to be told stands
//   membership_wait                                     VPN routes wait on: their peer has no figures
//   end of a refresh that nobody marks, stale routes    jobs that have asked stay; stale ones stay
//   counters (shard_counts.c)                           told whenever a shard falls idle
//   walks that wait for peers without credit            over as soon as the routes have been visited
//   limits (limit.c, route-limit)                       looked at once, when all else is at rest
// Which routes a table at its limit turns away depends on who comes first (rib/limit.h), so there
// figures may differ from what comes.
#pragma once

#include "speaker/measure.h"

struct rehearsal;
struct rehearsal_want {
	struct speaker_config
		*next; // counted for as long as it takes; NULL: nothing is applied (audit)
	struct ledger_options options;
	// In the copy, when all is at rest. It says what the parent is to hear by rehearsal_tell, and may
	// do with the speaker as it likes: nobody will see it. m NULL: next was.
	void (*tell)(void *arg, struct speaker *s, const struct measure *m);
	// In the parent.
	void (*progress)(void *arg, unsigned percent); // optional
	void (*heard)(void *arg, uint8_t kind, const uint8_t *p,
		      size_t n); // one rehearsal_tell, whole
	// Last: the rehearsal is gone when it returns; nothing of the caller's is. false: it died.
	void (*done)(void *arg, bool good);
	void *arg;
};
// NULL: the copy could not be made (memory, limits of processes), and *ret_error is -errno.
struct rehearsal *rehearsal_start(struct speaker *s, const struct rehearsal_want *w,
				  int *ret_error);
void rehearsal_cancel(struct rehearsal *r); // no callback afterwards; NULL is allowed
// In the copy. kind: of the caller's own.
void rehearsal_tell(uint8_t kind, const void *p, size_t n);
void rehearsal_percent(unsigned percent);
// In the copy: works until nothing is left to do.
void rehearsal_settle(struct speaker *s);
