// See rib/replay.h. Destinations lie in the order in which they first came, so neighbours in the table
// often came in one message: what one peer sent with one set of attributes is collected into runs, one
// open run a peer, and a run is told like an UPDATE.
//
// Stale routes of a refresh that has not ended are told: they count until its end. Dead ones, which
// only the purge has yet to see, are not.
#include "rib/replay.h"

#include "rib/group.h"

#include "base/mem.h"

#define RUN_BYTES 4096u

struct replay_run {
	const struct attr_set *set; // NULL: the run is empty
	struct buf nlri;
};

struct replay {
	struct family *from;
	struct rib *to;
	uint32_t next; // destination
	uint64_t routes;
	struct replay_run runs[RIB_PEERS_MAX];
};

struct replay *replay_new(struct rib *from, struct rib *to, const struct af *af)
{
	struct replay *p = MEM_NEW(struct replay);

	p->from = rib_family(from, af);
	p->to = to;
	p->next = 1;
	return p;
}

void replay_free(struct replay *p)
{
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		buf_free(&p->runs[i].nlri);
	mem_free(p);
}

uint64_t replay_routes(const struct replay *p)
{
	return p->routes;
}

static void run_tell(struct replay *p, uint16_t peer)
{
	struct replay_run *run = &p->runs[peer];

	if (!run->set)
		return;
	struct span attributes = {run->set->bytes, run->set->len};
	struct span nlri = {run->nlri.data, run->nlri.len};
	rib_update(p->to, peer, p->from->af, &attributes, &nlri);
	run->set = NULL;
	buf_clear(&run->nlri);
}

static void run_add(struct replay *p, const struct path *path, const struct af_key *key)
{
	const struct af *af = p->from->af;
	const struct attr_set *set = attr_at(&p->from->attrs, path->attr_in);
	struct replay_run *run = &p->runs[path->peer];

	if (run->set != set || run->nlri.len >= RUN_BYTES)
		run_tell(p, path->peer);
	run->set = set;
	size_t at = run->nlri.len;
	af->nlri_put(&run->nlri, key);
	if (af->props & AF_LABELED)
		af->label_put(run->nlri.data + at, set->local.label);
	p->routes++;
}

static void tell_destination(struct replay *p, uint32_t n)
{
	const struct family *f = p->from;
	const struct destination *d = table_at(&f->table, n);

	if (!(d->info & DESTINATION_LIVE))
		return;
	for (uint32_t i = d->first; i; i = table_path(&f->table, i)->next) {
		const struct path *path = table_path(&f->table, i);
		const struct member *m = rib_member(f->rib, path->peer, f->af);
		if (m && path->epoch >= m->purge_before)
			run_add(p, path, destination_key(d));
	}
}

bool replay_step(struct replay *p, uint32_t destinations)
{
	uint32_t end = p->from->table.destinations.end;

	for (; destinations && p->next < end; p->next++, destinations--)
		tell_destination(p, p->next);
	if (p->next < end)
		return true;
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		run_tell(p, (uint16_t)i);
	return false;
}
