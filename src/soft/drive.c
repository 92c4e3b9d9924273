// Carries out the walks of soft reset in one rib's thread. Orders stand in a list in the order of
// their arrival; only the first that still has routes to visit is walked. One whose walk is over
// waits, still in the list, for the rib to work off what became dirty, then reports its end.
//
// The drive owns its orders and their sweeps. It may be freed at any moment: a sweep that stops
// half way leaves valid tables (invariant 6), the rest of the verdicts is merely older.
#include "soft/drive.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"

#define REPORT_EVERY_US 100000
#define SETTLE_MAX_US   1000000

struct walk {
	struct list link;
	struct soft_order order;
	struct sweep *sweep; // NULL: not begun
	bool over;           // the last route has been visited
	uint64_t over_at, reported_at;
	uint64_t longest_slice;
};

struct drive {
	struct rib *rib;
	drive_report *report;
	void *arg;
	struct list walks;
	struct walk *current; // walked in the last slice: its measure is still to come
};

struct drive *drive_new(struct rib *r, drive_report *report, void *arg)
{
	struct drive *d = MEM_NEW(struct drive);

	d->rib = r;
	d->report = report;
	d->arg = arg;
	list_init(&d->walks);
	return d;
}

static void walk_free(struct walk *w)
{
	list_remove(&w->link);
	if (w->sweep)
		sweep_free(w->sweep);
	mem_free(w);
}

void drive_free(struct drive *d)
{
	if (!d)
		return;
	while (!list_empty(&d->walks))
		walk_free(LIST_ENTRY(d->walks.next, struct walk, link));
	mem_free(d);
}

void drive_start(struct drive *d, const struct soft_order *o)
{
	struct walk *w = MEM_NEW(struct walk);

	w->order = *o;
	list_add(&d->walks, &w->link);
}

static unsigned order_peers(const struct soft_order *o)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PEER_WORDS; i++)
		n += (unsigned)__builtin_popcountll(o->peers[i]);
	return n;
}

static void walk_report(struct drive *d, struct walk *w, bool done)
{
	struct soft_answer a = {
		.order = w->order.number,
		.done = done,
		.longest_slice = w->longest_slice,
		.percent = w->over ? 100 : sweep_percent(w->sweep),
	};
	unsigned n = order_peers(&w->order);

	sweep_counts(w->sweep, &a.total);
	a.peers = n ? mem_zero(n * sizeof(*a.peers)) : NULL;
	for (unsigned i = 0; i < PEER_WORDS; i++) {
		for (uint64_t bits = w->order.peers[i]; bits; bits &= bits - 1) {
			struct soft_peer_counts *c = &a.peers[a.peer_count++];

			c->peer = (uint16_t)(i * 64 + (unsigned)__builtin_ctzll(bits));
			sweep_peer_counts(w->sweep, c->peer, &c->counts);
		}
	}
	d->report(d->arg, &a);
}

static struct walk *walk_next(const struct drive *d)
{
	for (struct list *l = d->walks.next; l != &d->walks; l = l->next) {
		struct walk *w = LIST_ENTRY(l, struct walk, link);

		if (!w->over)
			return w;
	}
	return NULL;
}

bool drive_step(struct drive *d, rib_deadline *over, void *over_arg, uint64_t now)
{
	struct walk *w = walk_next(d);

	d->current = w;
	if (!w)
		return false;
	if (!w->sweep) {
		w->sweep = sweep_new(d->rib, w->order.kind, w->order.af, w->order.peers,
				     w->order.generation);
		w->reported_at = now;
	}
	if (!sweep_step(w->sweep, over, over_arg)) {
		w->over = true;
		w->over_at = now;
	} else if (now - w->reported_at >= REPORT_EVERY_US) {
		w->reported_at = now;
		walk_report(d, w, false);
	}
	return walk_next(d) != NULL;
}

void drive_slice(struct drive *d, uint64_t us)
{
	if (d->current && us > d->current->longest_slice)
		d->current->longest_slice = us;
}

void drive_settle(struct drive *d, bool idle, uint64_t now)
{
	for (struct list *l = d->walks.next, *next; l != &d->walks; l = next) {
		struct walk *w = LIST_ENTRY(l, struct walk, link);

		next = l->next;
		if (!w->over || (!idle && now - w->over_at < SETTLE_MAX_US))
			continue;
		walk_report(d, w, true);
		if (d->current == w)
			d->current = NULL;
		walk_free(w);
	}
}

bool drive_busy(const struct drive *d)
{
	return !list_empty(&d->walks);
}

bool drive_walking(const struct drive *d)
{
	return walk_next(d) != NULL;
}
