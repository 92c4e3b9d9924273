// Walks over what the ribs of one shard lend each other, in slices between live updates: one order
// each, one after the other in turn. Like a walk of soft reset, one that has passed its last route
// reports its end when what it caused has been worked off and delivered, in whatever rib (drive.h).
#include "speaker/worker.h"

#include "base/mem.h"
#include "vpn/exchange.h"

#define REPORT_EVERY_US 100000
#define SETTLE_MAX_US   1000000

struct lending {
	struct list link;           // in worker.lendings
	struct soft_order order;    // number 0: of our own accord, for an instance that goes
	struct exchange_walk *walk; // NULL: not begun
	struct sweep_counts live;   // as moves had it when the order came
	bool over;
	uint64_t over_at, reported_at, longest_slice;
};

void lending_start(struct worker *w, const struct soft_order *o)
{
	struct lending *l = MEM_NEW(struct lending);

	l->order = *o;
	exchange_live_counts(w->exchange, o->instance, o->af, o->import, &l->live);
	list_add(&w->lendings, &l->link);
}

static void lending_free(struct lending *l)
{
	list_remove(&l->link);
	if (l->walk)
		exchange_walk_free(l->walk);
	mem_free(l);
}

// What the same change of configuration let in or out elsewhere, in a peer's import say, and was lent
// as it moved, belongs to the order as well.
static void add_live(struct worker *w, const struct lending *l, struct sweep_counts *to)
{
	struct sweep_counts now;

	exchange_live_counts(w->exchange, l->order.instance, l->order.af, l->order.import, &now);
	to->changed += now.changed - l->live.changed;
	to->newly_accepted += now.newly_accepted - l->live.newly_accepted;
	to->newly_rejected += now.newly_rejected - l->live.newly_rejected;
	if (to->seen < to->changed)
		to->seen = to->changed;
}

static void lending_report(struct worker *w, const struct lending *l, bool done)
{
	struct soft_answer a = {
		.order = l->order.number,
		.done = done,
		.longest_slice = l->longest_slice,
		.percent = l->over ? 100 : exchange_walk_percent(l->walk),
	};

	exchange_walk_counts(l->walk, &a.total);
	add_live(w, l, &a.total);
	worker_answer(w, &a);
}

static struct lending *lending_next(const struct worker *w)
{
	for (struct list *l = w->lendings.next; l != &w->lendings; l = l->next) {
		struct lending *n = LIST_ENTRY(l, struct lending, link);

		if (!n->over)
			return n;
	}
	return NULL;
}

bool lendings_walking(const struct worker *w)
{
	return lending_next(w) != NULL;
}

// The last walk of an instance that goes ends it.
static void taken_back(struct worker *w, struct lending *done)
{
	uint16_t instance = done->order.instance;

	lending_free(done);
	for (struct list *l = w->lendings.next; l != &w->lendings; l = l->next) {
		if (LIST_ENTRY(l, struct lending, link)->order.instance == instance)
			return;
	}
	instance_passed(w->instances[instance]);
}

static void lending_step(struct worker *w, struct lending *l, uint64_t *until)
{
	uint64_t begin = loop_clock(), now;

	if (!l->walk) {
		l->walk = exchange_walk_new(w->exchange, l->order.instance, l->order.af,
					    l->order.import, !l->order.generation);
		l->reported_at = begin;
	}
	l->over = !exchange_walk_step(l->walk, worker_time_over, until);
	now = loop_clock();
	if (now - begin > l->longest_slice)
		l->longest_slice = now - begin;
	if (l->over && !l->order.number) {
		taken_back(w, l);
	} else if (l->over) {
		l->over_at = now;
	} else if (l->order.number && now - l->reported_at >= REPORT_EVERY_US) {
		l->reported_at = now;
		lending_report(w, l, false);
	}
}

// Live routes have precedence: half as long while some are waiting. Short walks share a slice.
bool lendings_step(struct worker *w)
{
	uint64_t until = loop_clock() + (list_empty(&w->queue) ? SLICE_US : SLICE_US / 2);
	struct lending *l;

	while ((l = lending_next(w))) {
		list_remove(&l->link); // the others first, next time
		list_add(&w->lendings, &l->link);
		lending_step(w, l, &until);
		if (worker_time_over(&until))
			break;
	}
	return l != NULL;
}

void lendings_settle(struct worker *w, bool idle, uint64_t now)
{
	for (struct list *l = w->lendings.next, *next; l != &w->lendings; l = next) {
		struct lending *n = LIST_ENTRY(l, struct lending, link);

		next = l->next;
		if (!n->over || (!idle && now - n->over_at < SETTLE_MAX_US))
			continue;
		lending_report(w, n, true);
		lending_free(n);
	}
}

void lendings_gone(struct worker *w, uint16_t instance)
{
	for (struct list *l = w->lendings.next, *next; l != &w->lendings; l = next) {
		struct lending *n = LIST_ENTRY(l, struct lending, link);

		next = l->next;
		if (n->order.instance == instance)
			lending_free(n);
	}
}

// What is lent to it goes with it; but if somebody counts, it is taken back as well.
void lendings_take_back(struct instance *i)
{
	struct soft_order o = {.instance = i->number, .lent = true};
	bool any = false, counted = ledgers_are_open(i->worker);

	lendings_gone(i->worker, i->number);
	for (unsigned k = 0; k < af_count; k++) {
		o.af = af_list[k];
		if (!af_outer(o.af))
			continue;
		o.import = false;
		lending_start(i->worker, &o);
		o.import = true;
		if (counted)
			lending_start(i->worker, &o);
		any = true;
	}
	if (!any)
		instance_passed(i);
}

void lendings_free(struct worker *w)
{
	while (!list_empty(&w->lendings))
		lending_free(LIST_ENTRY(w->lendings.next, struct lending, link));
}
