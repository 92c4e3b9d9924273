// Counters of peers and instances are told to the control thread when the shard falls idle, and now
// and then while it is busy: nobody ever looks into a rib from outside. Told is what belongs to
// instances in which something was done since the last time. In a copy of the process, where no time
// passes, they are told whenever it falls idle.
#include "speaker/worker.h"

#include "base/mem.h"

#define COUNTS_EVERY_US 50000

void counts_touch(struct instance *i)
{
	i->changed = i->worker->changed = true;
}

static void counts_row(const struct instance *i, uint16_t peer, struct shard_counts_row *row)
{
	row->peer = peer;
	for (unsigned k = 0; k < af_count; k++)
		rib_peer_counts(i->rib, peer, af_list[k], &row->counts[k]);
}

static bool told(const struct worker *w, unsigned peer)
{
	return w->home[peer] && w->home[peer]->changed;
}

static void put_peers(struct worker *w, struct shard_counts *c)
{
	unsigned cap = 0;

	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		cap += told(w, i);
	c->rows = cap ? mem_zero(cap * sizeof(*c->rows)) : NULL;
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++) {
		if (told(w, i))
			counts_row(w->home[i], (uint16_t)i, &c->rows[c->count++]);
	}
}

static void put_totals(struct instance *i, struct shard_totals *ret)
{
	ret->instance = i->number;
	for (unsigned k = 0; k < af_count; k++)
		rib_totals(i->rib, af_list[k], &ret->totals[k]);
	i->changed = false;
}

static bool told_totals(const struct worker *w, unsigned number)
{
	const struct instance *i = instance_find(w, (uint16_t)number);

	return i && i->changed;
}

static void put_instances(struct worker *w, struct shard_counts *c)
{
	unsigned cap = 0;

	for (unsigned i = 0; i < INSTANCES_MAX; i++)
		cap += told_totals(w, i);
	c->instances = cap ? mem_zero(cap * sizeof(*c->instances)) : NULL;
	for (unsigned i = 0; i < INSTANCES_MAX; i++) {
		if (told_totals(w, i))
			put_totals(w->instances[i], &c->instances[c->instance_count++]);
	}
}

void counts_tell(struct worker *w)
{
	struct shard_message *m = shard_message_new(SHARD_COUNTS);

	m->counts = MEM_NEW(struct shard_counts);
	put_peers(w, m->counts);
	put_instances(w, m->counts);
	w->counts_at = loop_clock();
	w->changed = false;
	timer_stop(w->counts_timer);
	w->o.send(w->o.arg, m);
}

void counts_when_due(struct worker *w, uint64_t now, bool busy)
{
	if (!w->changed)
		return;
	if (now - w->counts_at >= COUNTS_EVERY_US || (!busy && loop_detached()))
		counts_tell(w);
	else if (!timer_running(w->counts_timer))
		timer_start(w->counts_timer, COUNTS_EVERY_US - (now - w->counts_at));
}
