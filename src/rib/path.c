// How a destination changes: between destination_begin and destination_end paths come, change and
// go; then the decision is made once, and what moved is put before the update groups. References
// on sets that the change gives up are kept until it is through, so that no number is given to
// another set while it is still compared with.
//
// Who takes part in the exchange of routes between tables is told of a move last of all, and may lend
// routes to this or another table from there: each of these is a change of its own.
//
// A destination lives while it has a path or a hold. Holds stand for promises to withdraw it: a
// tombstone in a group's log, a single debt to a member; and for a default route that we make up.
#include <string.h>

#include "base/mem.h"
#include "rib/decide.h"
#include "rib/ledger_note.h"
#include "rib/membership.h"

void family_forget(struct family *f, uint32_t attr)
{
	if (!attr)
		return;
	if (f->gone_count == f->gone_cap) {
		f->gone_cap = f->gone_cap ? f->gone_cap * 2 : 64;
		f->gone = mem_resize(f->gone, f->gone_cap * sizeof(*f->gone));
	}
	f->gone[f->gone_count++] = attr;
}

void family_release(struct family *f)
{
	while (f->gone_count)
		attr_unref(&f->attrs, f->gone[--f->gone_count]);
}

// --- holds ----------------------------------------------------------------------------------------
void destination_hold(struct family *f, uint32_t n)
{
	table_at(&f->table, n)->info += DESTINATION_HOLD;
}

static void remove_unneeded(struct family *f, uint32_t n)
{
	const struct destination *d = table_at(&f->table, n);

	if (!d->first && d->info < DESTINATION_HOLD)
		table_remove(&f->table, n);
}

void destination_release(struct family *f, uint32_t n)
{
	table_at(&f->table, n)->info -= DESTINATION_HOLD;
	remove_unneeded(f, n);
}

// --- paths ----------------------------------------------------------------------------------------
uint32_t destination_path(const struct family *f, const struct destination *d, uint16_t peer,
			  uint32_t *ret_prev)
{
	uint32_t prev = 0, n = d->first;

	while (n) {
		const struct path *p = table_path(&f->table, n);
		if (p->peer == peer)
			break;
		prev = n;
		n = p->next;
	}
	*ret_prev = prev;
	return n;
}

// The path lent under a distinguisher.
uint32_t destination_lent_path(const struct family *f, const struct destination *d,
			       const uint8_t rd[8], uint32_t *ret_prev)
{
	uint32_t prev = 0, n = d->first;

	while (n) {
		const struct path *p = table_path(&f->table, n);
		if (p->peer == RIB_LENT && !memcmp(attr_at(&f->attrs, p->attr)->local.rd, rd, 8))
			break;
		prev = n;
		n = p->next;
	}
	*ret_prev = prev;
	return n;
}

// A path that is no longer what it was in its peer's counts.
static void count_age(struct member *m, const struct path *p)
{
	if (p->epoch < m->purge_before)
		m->dead--;
	else if (p->epoch < m->stale_before)
		m->stale--;
}

static struct member *source_of(const struct family *f, uint16_t peer)
{
	struct rib_peer *p = rib_peer(f->rib, peer);

	return p ? p->members[af_index(f->af)] : NULL;
}

bool path_judge(struct change *c, struct path *p, uint32_t attr, uint32_t generation)
{
	struct family *f = c->family;
	struct member *m = source_of(f, p->peer);

	p->generation = generation;
	if (p->attr == attr)
		return false;
	note_verdict(f, c->number, p);
	if (m && !p->attr)
		m->accepted++;
	else if (m && !attr)
		m->accepted--;
	if (!p->attr != !attr)
		limit_count(f, LIMIT_ROUTES, attr ? 1 : -1);
	attr_ref(&f->attrs, attr);
	family_forget(f, p->attr);
	p->attr = attr;
	return true;
}

static void path_add(struct change *c, uint16_t peer, uint32_t attr_in, uint32_t attr,
		     uint32_t generation)
{
	struct family *f = c->family;
	struct destination *d = c->destination;
	uint32_t n = pool_take(&f->table.paths);
	struct path *p = table_path(&f->table, n);
	struct member *m = source_of(f, peer);

	*p = (struct path){.attr_in = attr_ref(&f->attrs, attr_in),
			   .attr = attr_ref(&f->attrs, attr),
			   .generation = generation,
			   .epoch = f->rib->epoch,
			   .peer = peer};
	note_arrival(f, c->number, p);
	if (d->first) {
		struct path *first = table_path(&f->table, d->first);
		p->next = first->next;
		first->next = n;
		c->added = n;
	} else {
		d->first = n;
	}
	if (attr)
		limit_count(f, LIMIT_ROUTES, 1);
	if (m) {
		m->received++;
		m->accepted += attr != 0;
	}
}

// A route has arrived and been judged. old: what was stored of it, NULL: nothing.
static void count_arrival(struct change *c, struct member *m, const struct path *old, uint32_t attr,
			  uint32_t generation)
{
	if (old && old->epoch < m->purge_before)
		old = NULL; // of an ended session, or not sent again
	uint32_t before = old ? old->attr : 0;
	bool fresh = !old || (member_generation(m, old) < generation &&
			      member_doubts(m, old, destination_key(c->destination)));
	struct sweep_counts *to = fresh ? &m->fresh : &m->again;

	to->seen += fresh;
	to->changed += before != attr;
	to->newly_accepted += !before && attr;
	to->newly_rejected += before && !attr;
	c->judged = to;
}

// n: the path that is there, 0: none.
static bool put(struct change *c, uint32_t n, uint16_t peer, uint32_t attr_in, uint32_t attr,
		uint32_t generation)
{
	struct family *f = c->family;
	struct member *m = source_of(f, peer);

	if (m)
		count_arrival(c, m, n ? table_path(&f->table, n) : NULL, attr, generation);
	if (!n) {
		path_add(c, peer, attr_in, attr, generation);
		return true;
	}
	struct path *p = table_path(&f->table, n);
	// what counted was of an ended session
	bool anew = f->memberships && m && p->epoch < m->purge_before && membership_uncount(c, p);
	if (m)
		count_age(m, p);
	if (p->attr_in != attr_in ||
	    (m && (p->epoch < m->purge_before || p->epoch < m->stale_before)))
		p->epoch = f->rib->epoch;
	if (p->attr_in != attr_in) {
		attr_ref(&f->attrs, attr_in);
		family_forget(f, p->attr_in);
		p->attr_in = attr_in;
	}
	return path_judge(c, p, attr, generation) || anew;
}

bool path_put(struct change *c, uint16_t peer, uint32_t attr_in, uint32_t attr, uint32_t generation)
{
	uint32_t prev, n = destination_path(c->family, c->destination, peer, &prev);

	return put(c, n, peer, attr_in, attr, generation);
}

enum rib_lending path_lend(struct change *c, uint32_t attr)
{
	const struct family *f = c->family;
	const uint8_t *rd = attr_at(&f->attrs, attr)->local.rd;
	uint32_t prev, n = destination_lent_path(f, c->destination, rd, &prev);

	if (n && table_path(&f->table, n)->attr == attr)
		return LENDING_EQUAL;
	put(c, n, RIB_LENT, attr, attr, UINT32_MAX);
	return n ? LENDING_CHANGED : LENDING_NEW;
}

static void take(struct change *c, uint32_t n, uint32_t prev)
{
	struct family *f = c->family;
	struct path *p = table_path(&f->table, n);
	struct member *m = source_of(f, p->peer);

	note_verdict(f, c->number, p);
	if (f->memberships)
		membership_uncount(c, p);
	if (m) {
		count_age(m, p);
		m->received--;
		m->accepted -= p->attr != 0;
	}
	if (p->attr)
		limit_count(f, LIMIT_ROUTES, -1);
	if (prev)
		table_path(&f->table, prev)->next = p->next;
	else
		c->destination->first = p->next;
	family_forget(f, p->attr_in);
	family_forget(f, p->attr);
	pool_give(&f->table.paths, n);
}

bool path_take(struct change *c, uint16_t peer)
{
	uint32_t prev, n = destination_path(c->family, c->destination, peer, &prev);

	if (n)
		take(c, n, prev);
	else
		note_absent(c->family, c->number, peer, 0);
	return n != 0;
}

bool path_take_lent(struct change *c, const uint8_t rd[8])
{
	uint32_t prev, n = destination_lent_path(c->family, c->destination, rd, &prev);

	if (n)
		take(c, n, prev);
	return n != 0;
}

bool path_reject(struct change *c, uint16_t peer, uint32_t generation)
{
	uint32_t prev, n = destination_path(c->family, c->destination, peer, &prev);
	struct member *m = source_of(c->family, peer);
	const struct path *p = n ? table_path(&c->family->table, n) : NULL;

	if (m && p && p->epoch >= m->purge_before)
		count_arrival(c, m, p, 0, generation);
	if (p)
		take(c, n, prev);
	note_absent(c->family, c->number, peer, m ? m->era : 0);
	return p;
}

bool path_turn_away(struct change *c, uint16_t peer)
{
	uint32_t prev, n = destination_path(c->family, c->destination, peer, &prev);
	struct member *m = source_of(c->family, peer);
	const struct path *p = n ? table_path(&c->family->table, n) : NULL;
	uint16_t era = 0;

	if (!p)
		return false;
	// What was dead has gone already, and what is stale has not been said since.
	if (m && p->epoch >= m->purge_before) {
		era = p->epoch < m->stale_before ? m->era - 1 : m->era;
		m->unkept++;
	}
	take(c, n, prev);
	note_absent(c->family, c->number, peer, era);
	return true;
}

// --- the change -----------------------------------------------------------------------------------
struct change destination_begin(struct family *f, uint32_t n)
{
	struct destination *d = table_at(&f->table, n);
	const struct path *best = table_best(&f->table, d);

	return (struct change){.family = f,
			       .number = n,
			       .destination = d,
			       .old_attr = best ? best->attr : 0,
			       .old_peer = best ? best->peer : RIB_NO_PEER,
			       .had_paths = d->first != 0};
}

void destination_export(struct family *f, uint32_t n)
{
	for (size_t i = 0; i < f->groups.count; i++)
		group_route(f->groups.item[i], n);
}

static void count_best(struct family *f, uint16_t peer, int by)
{
	struct member *m = source_of(f, peer);

	if (m)
		m->best += (uint32_t)by;
}

// The owner may lend routes from within the call, so nothing of the change may be under way any
// more; what it is told about stays until it returns.
static void tell_moved(struct change *c, uint32_t attr, uint16_t peer)
{
	struct family *f = c->family;
	struct af_key key = {0};
	const struct rib_move m = {.key = &key,
				   .number = c->number,
				   .before = c->old_attr ? attr_at(&f->attrs, c->old_attr) : NULL,
				   .after = attr ? attr_at(&f->attrs, attr) : NULL,
				   .peer_before = c->old_peer,
				   .peer_after = peer};

	memcpy(key.b, c->destination->key, f->af->key_size);
	attr_ref(&f->attrs, c->old_attr);
	attr_ref(&f->attrs, attr);
	destination_hold(f, c->number);
	family_release(f);
	f->rib->ops.moved(f->rib->ops.arg, f->af, &m);
	attr_unref(&f->attrs, c->old_attr);
	attr_unref(&f->attrs, attr);
	destination_release(f, c->number);
}

void destination_tell(struct family *f, uint32_t n)
{
	struct change c = destination_begin(f, n);

	if (f->tells_moved)
		tell_moved(&c, c.old_attr, c.old_peer);
}

bool destination_end(struct change *c)
{
	struct family *f = c->family;
	struct destination *d = c->destination;

	if (c->added)
		decide_added(f, d, c->added);
	else
		decide(f, d);
	const struct path *best = table_best(&f->table, d);
	uint32_t attr = best ? best->attr : 0;
	uint16_t peer = best ? best->peer : RIB_NO_PEER;
	bool moved = attr != c->old_attr || (attr && peer != c->old_peer);

	f->destinations += (d->first != 0) - c->had_paths;
	if (moved) {
		note_best(f, c->number, c->old_attr, c->old_peer);
		if (c->judged)
			c->judged->best_moved++;
		if (!attr != !c->old_attr)
			limit_count(f, LIMIT_PREFIXES, attr ? 1 : -1);
		if (c->old_attr)
			count_best(f, c->old_peer, -1);
		if (attr)
			count_best(f, peer, 1);
		if (f->aggregation)
			aggregate_best_moved(f, c->number, c->old_attr, best);
	}
	if (moved || f->memberships)
		destination_export(f, c->number);
	if (f->memberships)
		membership_count(c);
	if (f->tells_moved && (moved || (attr && peer == RIB_LENT))) {
		tell_moved(c, attr, peer);
		return moved;
	}
	remove_unneeded(f, c->number);
	family_release(f);
	return moved;
}
