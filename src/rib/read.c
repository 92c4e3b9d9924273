// Reading the tables: displays, exports, tests. Nothing is copied: sets are pointed at while the
// visitor looks. A walk goes by number of destination, so it has no order and can be taken up
// again after the table has changed.
#include "rib/decide.h"
#include "rib/explain.h"
#include "rib/group.h"

#include "base/ip.h"
#include "base/mem.h"

#include <string.h>

struct reading {
	struct family *family;
	const struct rib_query *q;
	rib_visit *fn;
	void *arg;
	bool stopped;
	uint32_t *order; // paths of the destination at hand
	unsigned cap;
};

uint64_t rib_epoch_time(const struct rib *r, uint32_t epoch)
{
	int64_t t = r->epoch_zero + epoch;

	if (!r->timed)
		return 0;
	t = t < r->now ? t : r->now;
	return t > 0 ? (uint64_t)t * 1000000 : 0;
}

static bool is_within(const struct af *af, const struct af_key *key, const struct af_key *within)
{
	unsigned bits, least;
	const uint8_t *wide;

	if (!within)
		return true;
	if (!(af->props & AF_PREFIX))
		return false;
	wide = af->prefix(within, &least);
	const uint8_t *p = af->prefix(key, &bits);
	return bits >= least && bits_equal(p, wide, least);
}

static void visit(struct reading *x, const struct rib_route *route)
{
	if (!x->stopped && !x->fn(x->arg, route))
		x->stopped = true;
}

static struct rib_route route_of(struct reading *x, const struct destination *d)
{
	struct rib_route route = {.af = x->family->af, .peer = RIB_NO_PEER};

	memcpy(route.key.b, d->key, x->family->af->key_size);
	return route;
}

// --- paths ----------------------------------------------------------------------------------------
static struct member *source_of(const struct family *f, uint16_t peer)
{
	struct rib_peer *p = rib_peer(f->rib, peer);

	return p ? p->members[af_index(f->af)] : NULL;
}

static bool is_shown(const struct reading *x, const struct path *p)
{
	struct member *m = source_of(x->family, p->peer);

	if (m && p->epoch < m->purge_before)
		return false; // only the purge has yet to see that it is gone
	switch (x->q->view) {
	case RIB_VIEW_LOC:
		return p->attr != 0;
	case RIB_VIEW_RECEIVED:
		return p->peer == x->q->peer;
	case RIB_VIEW_ACCEPTED:
		return p->peer == x->q->peer && p->attr;
	case RIB_VIEW_NOT_ACCEPTED:
		return p->peer == x->q->peer && !p->attr;
	case RIB_VIEW_ALL:
		return true;
	default:
		break;
	}
	return false;
}

static void show_path(struct reading *x, const struct destination *d, const struct path *p,
		      unsigned index, unsigned count)
{
	struct family *f = x->family;
	struct member *m = source_of(f, p->peer);
	const struct path *best = table_best(&f->table, d);
	struct rib_route route = route_of(x, d);

	if (m) {
		route.peer = p->peer;
		route.received = attr_at(&f->attrs, p->attr_in);
		route.loop = !p->attr && import_is_loop(m, route.received);
		route.stale = p->epoch < m->stale_before;
	}
	if (p->peer == RIB_LENT)
		route.peer = RIB_LENT;
	route.installed = p->attr ? attr_at(&f->attrs, p->attr) : NULL;
	route.best = p == best;
	route.select = route.best ||
		       (f->options->max_paths > 1 && best && p->attr && decide_equal(f, best, p));
	route.suppressed = route.best && d->info & DESTINATION_SUPPRESSED;
	route.generation = member_generation(m, p);
	route.changed_at = rib_epoch_time(f->rib, p->epoch);
	route.path_index = index;
	route.path_count = count;
	visit(x, &route);
}

static unsigned sort_paths(struct reading *x, const struct destination *d)
{
	const struct table *t = &x->family->table;
	unsigned count = 0;

	for (uint32_t p = d->first; p; p = table_path(t, p)->next)
		count++;
	if (count > x->cap) {
		x->cap = count * 2;
		x->order = mem_resize(x->order, x->cap * sizeof(*x->order));
	}
	if (count == 1)
		x->order[0] = d->first;
	else if (count)
		decide_order(x->family, d, x->order, count);
	return count;
}

static void read_paths(struct reading *x, const struct destination *d)
{
	const struct table *t = &x->family->table;
	unsigned count = sort_paths(x, d);

	for (unsigned i = 0; i < count && !x->stopped; i++) {
		const struct path *p = table_path(t, x->order[i]);
		if (is_shown(x, p))
			show_path(x, d, p, i, count);
	}
}

// --- Adj-RIB-Out ----------------------------------------------------------------------------------
static void read_advertised(struct reading *x, uint32_t n)
{
	struct family *f = x->family;
	struct member *m = source_of(f, x->q->peer);
	const struct adj_out_entry *e = m && m->group ? adj_out_find(&m->group->out, n) : NULL;
	struct rib_route route = route_of(x, table_at(&f->table, n));
	const struct path *best = table_best(&f->table, table_at(&f->table, n));

	if (!e || !e->attr || !member_wants(m, e))
		return;
	route.sent = attr_at(&f->attrs, e->attr);
	route.best = true;
	route.path_count = 1;
	if (e->peer < RIB_PEERS_MAX)
		route.peer = e->peer;
	if (best && f->memberships && n != m->group->default_destination &&
	    m->group->key.export.kind == SOURCE_IBGP_CLIENT && best->peer < RIB_PEERS_MAX)
		route.peer = best->peer; // told in our own name (rib/membership.h)
	if (best && (best->peer == e->peer || best->peer == route.peer)) {
		route.installed = attr_at(&f->attrs, best->attr);
		route.changed_at = rib_epoch_time(f->rib, best->epoch);
		route.generation = member_generation(source_of(f, best->peer), best);
	}
	visit(x, &route);
}

static void read_destination(struct reading *x, uint32_t n)
{
	const struct destination *d = table_at(&x->family->table, n);

	if (!(d->info & DESTINATION_LIVE))
		return;
	if (!is_within(x->family->af, destination_key(d), x->q->within))
		return;
	if (x->q->view == RIB_VIEW_ADVERTISED)
		read_advertised(x, n);
	else if (x->q->view == RIB_VIEW_IMPORTING)
		explain_import_run(x->family, x->q->peer, n, x->q->observer);
	else if (x->q->view == RIB_VIEW_EXPORTING)
		explain_export_run(x->family, x->q->peer, n, x->q->observer);
	else
		read_paths(x, d);
}

bool rib_read_slice(struct rib *r, const struct rib_query *q, uint32_t *position,
		    uint32_t destinations, rib_visit *fn, void *arg)
{
	struct reading x = {.family = rib_family(r, q->af), .q = q, .fn = fn, .arg = arg};
	const struct table *t = &x.family->table;
	uint32_t n = *position ? *position : 1;

	family_settle(x.family);
	if (q->exact) {
		n = table_find(t, q->exact, af_key_hash(q->af, q->exact));
		if (n)
			read_destination(&x, n);
		mem_free(x.order);
		return false;
	}
	for (; destinations && n < t->destinations.end && !x.stopped; n++, destinations--)
		read_destination(&x, n);
	*position = n;
	mem_free(x.order);
	return n < t->destinations.end && !x.stopped;
}

void rib_read(struct rib *r, const struct rib_query *q, rib_visit *fn, void *arg)
{
	uint32_t position = 0;

	rib_read_slice(r, q, &position, UINT32_MAX, fn, arg);
}

static const struct destination *destination_numbered(const struct family *f, uint32_t number)
{
	if (!number || number >= f->table.destinations.end)
		return NULL;
	const struct destination *d = table_at(&f->table, number);
	return d->info & DESTINATION_LIVE ? d : NULL;
}

static const struct attr_set *read_path(const struct family *f, const struct destination *d,
					const struct path *p, struct af_key *ret_key,
					uint16_t *ret_peer)
{
	*ret_key = (struct af_key){0};
	memcpy(ret_key->b, d->key, f->af->key_size);
	*ret_peer = p->peer;
	return attr_at(&f->attrs, p->attr);
}

const struct attr_set *rib_best(struct rib *r, const struct af *af, uint32_t number,
				struct af_key *ret_key, uint16_t *ret_peer)
{
	const struct family *f = rib_family(r, af);
	const struct destination *d = destination_numbered(f, number);
	const struct path *best = d ? table_best(&f->table, d) : NULL;

	return best ? read_path(f, d, best, ret_key, ret_peer) : NULL;
}

const struct attr_set *rib_best_own(struct rib *r, const struct af *af, uint32_t number,
				    struct af_key *ret_key, uint16_t *ret_peer)
{
	const struct family *f = rib_family(r, af);
	const struct destination *d = destination_numbered(f, number);
	uint32_t best = d && !(d->info & DESTINATION_SUPPRESSED) ? decide_own(f, d) : 0;

	return best ? read_path(f, d, table_path(&f->table, best), ret_key, ret_peer) : NULL;
}

uint32_t rib_numbers(struct rib *r, const struct af *af)
{
	return rib_family(r, af)->table.destinations.end;
}

uint32_t rib_number(struct rib *r, const struct af *af, const struct af_key *key)
{
	return table_find(&rib_family(r, af)->table, key, af_key_hash(af, key));
}

// --- totals ---------------------------------------------------------------------------------------
void rib_totals(struct rib *r, const struct af *af, struct rib_totals *ret)
{
	struct family *f = rib_family(r, af);

	family_settle(f);
	*ret = (struct rib_totals){.destinations = f->destinations,
				   .best = f->held[LIMIT_PREFIXES],
				   .paths = f->table.paths.used,
				   .attribute_sets = f->attrs.count,
				   .groups = (uint32_t)f->groups.count,
				   .bytes_routes = table_bytes(&f->table),
				   .bytes_sets = attr_table_bytes(&f->attrs)};
	for (size_t i = 0; i < f->imports.count; i++) {
		const struct import *import = f->imports.item[i];
		ret->bytes_memo += import->memo ? memo_bytes(import->memo) : 0;
	}
	for (size_t i = 0; i < f->groups.count; i++) {
		const struct update_group *g = f->groups.item[i];
		ret->bytes_out += adj_out_bytes(&g->out);
		ret->bytes_memo += g->memo ? memo_bytes(g->memo) : 0;
	}
}
