// Proof: what a commit or a refresh did to sessions, told by what happened and not by what was meant.
// A proof looks at all Established sessions when it begins and when it is over, and in between hears
// of every session that ends, every NOTIFICATION, every KEEPALIVE with its lateness, and every job
// that was begun for it. A session is the same one if its number, its ports and the moment when it
// was established are.
//
//   speaker_proof_begin -> (what the change does in this turn) -> speaker_proof_started
//        -> ... jobs end, sessions that the change has reset come up again ... -> over
//
// Everything in it is plain and may be read at any time; figures are final once it is over. Several
// may be under way: each has its own jobs, and all see what happens to sessions. Control thread only.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/vec.h"
#include "sess/sess.h"
#include "soft/drive.h"
#include "speaker/speaker.h"

#define PROOF_JOBS          256 // of one proof that are kept one by one; sums are of all
#define PROOF_NOTIFICATIONS 64  // likewise
#define PROOF_WAIT          30  // seconds at most that sessions it has reset are waited for

// One Established period.
struct proof_identity {
	uint32_t number;    // grows over all sessions of the speaker; 0: not up
	uint32_t router_id; // of the peer
	uint16_t local_port, remote_port;
	int64_t established; // microseconds since 1970
	uint64_t since;      // the same moment, monotonic
};

struct proof_end { // of a session
	int64_t at;
	unsigned session; // place among the proof's
	bool mine;        // the change of this proof ended it
	char by[32]; // what was being carried out: "commit 12", "reset bgp"; "": it ended by itself
	char why[96]; // "hold timer expired", "NOTIFICATION received 6/4 (...)"
};

enum proof_fate { PROOF_KEPT, PROOF_RESET, PROOF_LOST, PROOF_NEW, PROOF_FATES };
const char *proof_fate_text(enum proof_fate f); // "the same", "reset by it", "lost", "new"

struct proof_session {
	uint16_t instance;
	char instance_name[INSTANCE_NAME_MAX]; // "" public
	struct ip address;
	struct proof_identity before, after;
	const struct proof_end *end; // of the one before; NULL: it is up
};

struct proof_notification {
	int64_t at;
	uint16_t instance;
	struct ip address;
	bool sent;
	uint8_t code, subcode;
};

struct proof {
	struct list link;        // in speaker.proofs while it is under way
	struct speaker *speaker; // NULL: gone, or over
	char origin[32];         // of its jobs: "commit 12"
	bool started, over;
	int64_t began,
		ended; // microseconds since 1970; ended: when the last that it waited for had ended
	uint64_t began_clock, ended_clock; // the same, monotonic
	struct proof_session *sessions;    // owned; by instance, then address
	unsigned session_count;
	struct vec ends;  // struct proof_end, owned: of sessions that were up when it began
	unsigned flapped; // sessions that came up and ended while it was under way
	struct proof_notification *notifications; // owned; the first PROOF_NOTIFICATIONS
	uint64_t sent, received;                  // NOTIFICATIONs, all of them
	uint64_t updates_sent, updates_received;  // meanwhile, whatever for, over all peers
	uint64_t keepalives;                      // sent
	uint64_t
		keepalive_delay; // microseconds: the worst, from when it was due until it was written,
	uint64_t keepalive_left;  // and until the kernel had it
	struct ip keepalive_peer; // of the worst of either; bits 0: none was late
	uint64_t control_round;   // longest of the control loop, microseconds
	uint64_t rib_round;       // and of the rib threads; 0 where there are none
	// jobs
	struct map open;       // by number: those that have not ended
	unsigned job_count;    // begun or joined
	struct soft_job *jobs; // owned; the first PROOF_JOBS that have ended
	unsigned jobs_kept;
	unsigned jobs_pending, jobs_cancelled;
	struct sweep_counts counts; // of all that have ended
	uint64_t longest_slice;     // of walks, microseconds
	uint64_t peers[PEER_WORDS]; // bits: whom its jobs are about
};

// What is started from now on, in this turn, is its: jobs, and sessions that are reset.
struct proof *speaker_proof_begin(struct speaker *s, const char *origin);
void speaker_proof_started(struct proof *p); // nothing more will be
void speaker_proof_free(struct proof *p);    // at any time, also when the speaker is gone
enum proof_fate proof_fate(const struct proof_session *x);
unsigned proof_count(const struct proof *p, enum proof_fate f); // sessions
unsigned proof_peers(const struct proof *p);                    // that its jobs are about
