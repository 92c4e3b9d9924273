// What an open ledger has noted (rib/ledger.h), and how. Private to rib/.
//
//   a change of a path, a best path, an entry -> first one? -> note (ledger.c)
//   rib_ledger_close -> each note against what stands -> rows, samples -> report (ledger_sum.c)
//
// Notes of best paths and of entries are lists, with a bit for each destination that is noted; the
// former are the family's, the latter their group's and go where the group goes. Verdicts are
// noted by path: a path says itself that it is noted, and a list by destination finds what was
// noted of one that has gone. A note has a reference on its set and a hold on its destination.
#pragma once

#include "base/pool.h"
#include "rib/group.h"
#include "rib/ledger.h"

struct note {
	uint32_t number, attr; // destination; set as it was, 0: none
	uint16_t peer, unused;
};

struct notes {
	struct pool list;
	uint64_t *bits; // by number of destination
	uint32_t words;
	uint32_t next; // those before have been let go
};

struct verdict_note {
	uint32_t next; // of the same destination
	uint32_t number, attr;
	uint16_t peer;
	uint16_t best : 1; // it was the best path too, so that there is no note of that one
	uint16_t
		rejected : 15; // era of the member in which it was last turned away, not to be stored
};

struct ledger_sums;

// A family's part.
struct family_ledger {
	struct notes best;
	struct pool verdicts;
	uint32_t *heads; // by number of destination: its verdicts
	uint32_t head_count;
	struct ledger_sums *sums; // NULL: not begun
};

struct trait_memo {
	uint32_t before, after; // 0: none
	uint64_t traits;
};
#define TRAIT_MEMOS 1024u // a power of two

struct ledger {
	struct ledger_options options;
	bool unseen;     // closed without being told
	unsigned family; // the sums are at
	struct arena arena;
	struct ledger_sample *samples;
	unsigned sample_count, sample_cap;
	struct ledger_row *rows;
	unsigned row_count, row_cap;
	// Of this family and slice, since numbers are given out again: TRAIT_MEMOS; NULL: not asked yet.
	struct trait_memo *traits;
};

// What came of a note.
struct ledger_event {
	struct family *family;
	enum ledger_class class;
	uint32_t number, before, after; // sets
	uint16_t peer_before, peer_after;
	const struct attr_set *before_copy, *after_copy; // NULL: not made yet
};

// --- ledger.c -------------------------------------------------------------------------------------
void ledger_begin(struct family *f); // of a rib with an open ledger
void ledger_note_verdict(struct family *f, uint32_t n, struct path *p);
void ledger_note_arrival(struct family *f, uint32_t n, struct path *p);
void ledger_note_absent(struct family *f, uint32_t n, uint16_t peer, uint16_t rejected);
void ledger_note_best(struct family *f, uint32_t n, uint32_t attr, uint16_t peer);
void ledger_note_entry(struct update_group *g, uint32_t n, const struct adj_out_entry *e);
struct notes *notes_copy(struct family *f, const struct notes *t); // NULL of NULL
bool notes_shed(struct family *f, struct notes **t); // some of them let go; false: that was all
void notes_free(struct notes *t);                    // memory only; NULL is allowed
void ledger_free(struct rib *r);                     // memory only
void ledger_free_one(struct ledger *l);              // NULL is allowed
void family_ledger_free(struct family_ledger *l);    // the same; NULL is allowed

// --- ledger_sum.c ---------------------------------------------------------------------------------
bool ledger_work(struct rib *r, rib_deadline *over, void *arg); // of a closed one; true: more to do
void ledger_finish(struct rib *r);                              // all of it, but for telling
void ledger_sums_free(struct ledger_sums *s);                   // NULL is allowed

// --- ledger_report.c ------------------------------------------------------------------------------
uint64_t ledger_event_traits(struct ledger *l, const struct ledger_event *e);
void ledger_forget_traits(struct ledger *l); // remembered for pairs of numbers
void ledger_add_sample(struct ledger *l, struct ledger_event *e, uint16_t peer);
void ledger_add_row(struct ledger *l, const struct ledger_row *row); // unless it has no figures
struct ledger_report *ledger_make_report(struct ledger *l);          // takes the arena

// --- where something changes ----------------------------------------------------------------------
// The path's verdict is about to change, or the path to go.
static inline void note_verdict(struct family *f, uint32_t n, struct path *p)
{
	if (f->ledger && p->peer < RIB_PEERS_MAX && !(p->flags & PATH_NOTED))
		ledger_note_verdict(f, n, p);
}

// The path has come.
static inline void note_arrival(struct family *f, uint32_t n, struct path *p)
{
	if (f->ledger && p->peer < RIB_PEERS_MAX)
		ledger_note_arrival(f, n, p);
}

// There is no path of the peer's: turned away in that era of it, or (0) withdrawn.
static inline void note_absent(struct family *f, uint32_t n, uint16_t peer, uint16_t era)
{
	if (f->ledger && peer < RIB_PEERS_MAX)
		ledger_note_absent(f, n, peer, era);
}

// Another best path, or the same with other attributes: as it was.
static inline void note_best(struct family *f, uint32_t n, uint32_t attr, uint16_t peer)
{
	if (f->ledger)
		ledger_note_best(f, n, attr, peer);
}

// The entry is about to change.
static inline void note_entry(struct update_group *g, uint32_t n, const struct adj_out_entry *e)
{
	if (g->family->ledger)
		ledger_note_entry(g, n, e);
}

// Who is in which group is about to change, so the sums cannot wait.
static inline void ledger_hurry(struct family *f)
{
	if (f->closing)
		ledger_finish(f->rib);
}

static inline bool ledger_is_under_way(const struct family *f)
{
	return f->ledger || f->closing;
}

static inline bool notes_have(const struct notes *t, uint32_t n)
{
	return t && n / 64 < t->words && t->bits[n / 64] >> n % 64 & 1;
}
