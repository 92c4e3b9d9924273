// The drive: carries out the walks of soft reset inside one rib's thread, one after the other, in
// slices between live updates. An order names peers of one family and what is to be judged again;
// all jobs of a commit that touch the family share one order, so each route is visited once. Every
// shard gets every order and answers for its own part.
//
// A walk that has passed the last route is done only when the rib has also worked off what the
// walk made dirty (drive_settle), so that a job that reports done leaves nothing behind it.
#pragma once

#include "rib/sweep.h"
#include "soft/soft.h"

#define PEER_WORDS (RIB_PEERS_MAX / 64)

struct soft_order {
	uint32_t number;   // given by the engine; unique
	uint16_t instance; // whose tables
	bool lent; // what the VPN tables lend to it (import), or it to them: not a sweep of the rib
	bool import; // lent: which of the two
	enum sweep_kind kind;
	const struct af *af;
	uint32_t generation;        // verdicts of this or a newer one stand; 0: judge all again
	uint64_t peers[PEER_WORDS]; // a bit per peer
};

struct soft_peer_counts {
	uint16_t peer;
	struct sweep_counts counts;
};

// One shard's word about an order: progress, or its end.
struct soft_answer {
	uint32_t order;
	unsigned shard;
	unsigned percent;
	bool done;
	uint64_t longest_slice;         // microseconds
	struct sweep_counts total;      // of all peers
	struct soft_peer_counts *peers; // owned (mem_free); one for each peer of the order
	unsigned peer_count;
};

static inline bool peer_bit_get(const uint64_t *set, uint16_t peer)
{
	return set[peer / 64] >> (peer % 64) & 1;
}

static inline void peer_bit_set(uint64_t *set, uint16_t peer)
{
	set[peer / 64] |= UINT64_C(1) << (peer % 64);
}

struct drive;
typedef void drive_report(void *arg, struct soft_answer *a); // a->peers is the receiver's; a is not
struct drive *drive_new(struct rib *r, drive_report *report, void *arg);
void drive_free(struct drive *d);
void drive_start(struct drive *d, const struct soft_order *o); // copied; waits its turn
// One slice. now: microseconds, monotonic, for pacing of progress reports. True: more to do.
bool drive_step(struct drive *d, rib_deadline *over, void *over_arg, uint64_t now);
void drive_slice(struct drive *d,
		 uint64_t us); // how long the last slice took, measured by the caller
// The rib has nothing left to do or to deliver (idle), or is still at it: finished walks report their
// end when it is idle, or a second after their last route when live traffic never lets it be, or a
// peer takes nothing.
void drive_settle(struct drive *d, bool idle, uint64_t now);
bool drive_busy(const struct drive *d); // orders waiting, walking or settling
bool drive_walking(const struct drive *d);
