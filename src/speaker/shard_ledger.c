// Ledgers of a shard's ribs (rib/ledger.h): opened by one message for all of them, and closed by
// another one as soon as what came before has been worked off: routes of sessions that went are removed
// in slices, aggregates are made in slices, and no job stands for either. Live routes that never let
// the ribs rest put it off for ten seconds.
//
// A rib that is made meanwhile begins with nothing, and one that goes ends with nothing: it is emptied by
// what empties tables anyway (its peers and its networks have gone before it, what was lent to it
// and by it is taken back by walks) and tells its sums before it is freed (instances_end). If
// its instance comes back earlier than that, its figures are lost, and the answer says so.
#include "speaker/worker.h"

#include "base/mem.h"

#define REST_MAX_US 10000000

bool ledgers_are_open(const struct worker *w)
{
	return w->ledgers.state == LEDGERS_OPEN || w->ledgers.state == LEDGERS_RESTING;
}

// --- one rib ----------------------------------------------------------------------------------------
void instance_ledger_begin(struct instance *i)
{
	if (ledgers_are_open(i->worker))
		rib_ledger_open(i->rib, &i->worker->ledgers.options);
}

bool instance_ledger_close(struct instance *i)
{
	if (!rib_ledger_close(i->rib))
		return false;
	i->awaited = true;
	i->worker->ledgers.awaited++;
	instance_wake(i);
	return true;
}

static void tell(struct worker *w)
{
	struct ledgers *l = &w->ledgers;
	struct shard_message *m = shard_message_new(SHARD_LEDGER);

	m->number = l->number;
	m->ledgers = l->told;
	*l = (struct ledgers){0};
	w->o.send(w->o.arg, m);
}

static void summed(struct worker *w)
{
	if (w->ledgers.state == LEDGERS_SUMMING && !w->ledgers.awaited)
		tell(w);
}

void instance_ledger_told(struct instance *i, struct ledger_report *report)
{
	struct ledgers *l = &i->worker->ledgers;

	if (!i->awaited) {
		ledger_report_free(report);
		return;
	}
	if (l->told.count == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		l->told.list = mem_resize(l->told.list, l->cap * sizeof(*l->told.list));
	}
	l->told.list[l->told.count++] = (struct shard_ledger){i->number, report};
	i->awaited = false;
	l->awaited--;
	summed(i->worker);
}

void instance_ledger_lost(struct instance *i)
{
	struct ledgers *l = &i->worker->ledgers;

	if (l->state == LEDGERS_NONE)
		return;
	if (i->awaited) {
		i->awaited = false;
		l->awaited--;
		l->told.lost = true;
		summed(i->worker);
	} else if (ledgers_are_open(i->worker) && rib_ledger_close(i->rib)) {
		l->told.lost = true;
	}
}

// --- all of them --------------------------------------------------------------------------------------
void ledgers_open(struct worker *w, const struct shard_message *m)
{
	w->ledgers.state = LEDGERS_OPEN;
	w->ledgers.number = m->number;
	w->ledgers.options = m->ledger;
	for (unsigned k = 0; k < INSTANCES_MAX; k++) {
		if (w->instances[k])
			instance_ledger_begin(w->instances[k]);
	}
}

void ledgers_close(struct worker *w, const struct shard_message *m)
{
	if (w->ledgers.state != LEDGERS_OPEN || w->ledgers.number != m->number)
		return;
	w->ledgers.state = LEDGERS_RESTING;
	w->ledgers.latest = loop_clock() + REST_MAX_US;
}

static void close_all(struct worker *w)
{
	w->ledgers.state = LEDGERS_SUMMING;
	for (unsigned k = 0; k < INSTANCES_MAX; k++) {
		if (w->instances[k] && !w->instances[k]->awaited)
			instance_ledger_close(w->instances[k]);
	}
	summed(w);
}

static bool at_rest(const struct worker *w)
{
	return list_empty(&w->queue) && list_empty(&w->awake) && list_empty(&w->ending) &&
	       !instances_walking(w) && !lendings_walking(w);
}

void ledgers_turn(struct worker *w)
{
	if (w->ledgers.state == LEDGERS_RESTING &&
	    (at_rest(w) || loop_clock() >= w->ledgers.latest))
		close_all(w);
}

// What comes behind must not be noted by those that end, nor missed by those that begin.
bool ledgers_hold_back(struct worker *w)
{
	if (w->ledgers.state == LEDGERS_RESTING)
		close_all(w);
	return w->ledgers.state == LEDGERS_SUMMING;
}

void ledgers_free(struct worker *w)
{
	for (unsigned i = 0; i < w->ledgers.told.count; i++)
		ledger_report_free(w->ledgers.told.list[i].report);
	mem_free(w->ledgers.told.list);
	w->ledgers = (struct ledgers){0};
}
