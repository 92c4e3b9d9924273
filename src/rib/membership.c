// Memberships (rib/membership.h). Not the best path alone says who wants a target's routes: of internal
// peers all paths count (RFC 4684 3.2), of external ones the first few in order of decision (3.1).
// A path that counts is marked, so that the owner hears of changes and nothing else.
//
// A reflector tells its clients of a membership as its own wish, even the client that it came from
// (3.2 (i)), and a client's membership to non-clients, be it the best path or not (3.2 (ii)).
#include "rib/membership.h"

#include <string.h>

#include "base/mem.h"
#include "rib/decide.h"

static const struct attr_set *set_of(const struct family *f, const struct path *p)
{
	return attr_at(&f->attrs, p->attr);
}

// --- what counts ----------------------------------------------------------------------------------
static void tell(struct change *c, const struct path *p, bool counts)
{
	const struct rib_ops *ops = &c->family->rib->ops;
	struct af_key key = {0};

	memcpy(key.b, c->destination->key, c->family->af->key_size);
	ops->member(ops->arg, p->peer, c->family->af, &key, counts);
}

static void mark(struct change *c, struct path *p, bool counts)
{
	if (counts == (bool)(p->flags & PATH_COUNTS))
		return;
	p->flags ^= PATH_COUNTS;
	tell(c, p, counts);
}

bool membership_uncount(struct change *c, struct path *p)
{
	bool counted = p->flags & PATH_COUNTS;

	mark(c, p, false);
	return counted;
}

void membership_count(struct change *c)
{
	struct family *f = c->family;
	uint32_t most = f->options->external_paths, external = 0;
	unsigned count = 0;

	if (!f->rib->ops.member || !c->destination->first)
		return;
	for (uint32_t p = c->destination->first; p; p = table_path(&f->table, p)->next)
		count++;
	uint32_t *order = mem_alloc(count * sizeof(*order));
	decide_order(f, c->destination, order, count);
	for (unsigned i = 0; i < count; i++) {
		struct path *p = table_path(&f->table, order[i]);
		bool counts = p->attr && p->peer < RIB_PEERS_MAX;
		if (counts && set_of(f, p)->local.source == SOURCE_EBGP)
			counts = external++ < (most ? most : 1);
		mark(c, p, counts);
	}
	mem_free(order);
}

// --- what is told ---------------------------------------------------------------------------------
static bool is_of_client(const struct family *f, const struct path *p)
{
	return set_of(f, p)->local.source == SOURCE_IBGP_CLIENT;
}

const struct path *membership_told(const struct update_group *g, const struct destination *d,
				   const struct path *best, uint16_t *ret_peer)
{
	const struct family *f = g->family;

	if (best && g->key.export.kind == SOURCE_IBGP &&
	    set_of(f, best)->local.source == SOURCE_IBGP) {
		uint32_t other = decide_among(f, d, is_of_client);
		if (other)
			best = table_path(&f->table, other);
	}
	*ret_peer = best && g->key.export.kind != SOURCE_IBGP_CLIENT ? best->peer : RIB_NO_PEER;
	return best;
}
