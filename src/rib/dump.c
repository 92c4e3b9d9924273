// A dump: the whole Adj-RIB-Out for one member, after its session came up or as the answer to a
// ROUTE-REFRESH (RFC 2918 section 4). It walks the entries by number, a few chunks a parcel, while
// changes go on reaching the member by the log. Who starts while another member of the group is on
// its way joins it where it is and goes round: ten askers at once are one walk.
//
// A chunk that was sent says everything up to the end of the log at that moment; of what the log
// holds for it, only later places are sent. In the first dump places of chunks still to come are
// not sent at all: the dump will tell. In an answer to a refresh they are, because the peer has
// been told before; and withdrawals are sent wherever they stand, as they come by no other way.
//
// Marks (RFC 4724 section 2, RFC 7313 section 4): End-of-RIB ends the first dump, also an empty
// one. Towards a peer with enhanced refresh BoRR begins every other dump and EoRR ends it. No dump
// but the first begins before End-of-RIB is out; one asked for meanwhile starts then. One asked
// for during another starts that again from where it is.
#include "rib/group.h"

#include "base/mem.h"

static void mark(struct member *m, enum rib_mark mark)
{
	struct rib *r = m->family->rib;

	r->ops.mark(r->ops.arg, m->peer->number, m->peer->session_number, m->family->af, mark);
}

// Where another member's walk is now.
static uint32_t company(const struct member *m)
{
	const struct vec *all = &m->group->members;

	for (size_t i = 0; i < all->count; i++) {
		const struct member *other = all->item[i];
		if (other != m && other->dump.active && other->dump.next < m->dump.range)
			return other->dump.next;
	}
	return 0;
}

void dump_start(struct member *m, bool first)
{
	struct dump *d = &m->dump;

	mem_free(d->sent_at);
	*d = (struct dump){.active = true, .first = first};
	d->range = (m->family->table.destinations.end + ADJ_OUT_CHUNK - 1) >> ADJ_OUT_CHUNK_BITS;
	d->sent_at = mem_zero((d->range + 1) * sizeof(*d->sent_at));
	d->left = d->range;
	d->next = company(m);
	m->group->busy = true;
	if (!first && m->peer->session.enhanced_refresh)
		mark(m, RIB_MARK_REFRESH_BEGIN);
}

void dump_clear(struct member *m)
{
	mem_free(m->dump.sent_at);
	m->dump = (struct dump){0};
}

void dump_refresh(struct member *m)
{
	if (m->dump.active && m->dump.first)
		m->dump.again = true;
	else
		dump_start(m, false);
	rib_wake(m->family->rib);
}

bool dump_skips(const struct member *m, uint32_t n, const struct adj_out_entry *e)
{
	const struct dump *d = &m->dump;
	uint32_t chunk = n >> ADJ_OUT_CHUNK_BITS;
	uint64_t position = adj_out_position(&m->group->out, e);

	if (!d->sent_at || chunk >= d->range || (!e->attr && !d->first))
		return false;
	if (d->sent_at[chunk])
		return position < d->sent_at[chunk];
	return d->first;
}

// --- parcels --------------------------------------------------------------------------------------
static bool is_filled(const struct update_group *g, uint32_t chunk)
{
	return !g->filling || g->fill_next >= (chunk + 1) << ADJ_OUT_CHUNK_BITS;
}

static bool has_entries(const struct update_group *g, uint32_t chunk)
{
	const struct adj_out_chunk *c = adj_out_chunk(&g->out, chunk);

	return c && c->announced;
}

static void pass_chunk(struct dump *d, uint64_t at)
{
	d->sent_at[d->next++] = at;
	d->left--;
	if (d->next == d->range)
		d->next = 0;
}

// Chunks without a route cost neither bytes nor credit.
static void pass_empty(struct member *m)
{
	struct dump *d = &m->dump;

	while (d->left && is_filled(m->group, d->next) && !has_entries(m->group, d->next))
		pass_chunk(d, m->group->out.end);
}

bool dump_finish(struct member *m)
{
	struct dump *d = &m->dump;

	if (d->active)
		pass_empty(m);
	if (d->sent_at && !d->active && m->cursor >= d->filter_to)
		dump_clear(m);
	if (!d->active || d->left)
		return false;
	d->active = false;
	d->filter_to = m->group->out.end;
	if (d->first)
		mark(m, RIB_MARK_END_OF_RIB);
	else if (m->peer->session.enhanced_refresh)
		mark(m, RIB_MARK_REFRESH_END);
	if (d->again)
		dump_start(m, false);
	return true;
}

// Members that can take the same chunks in the same step.
static bool goes_along(const struct member *m, uint32_t from, uint32_t to)
{
	const struct dump *d = &m->dump;

	return d->active && d->next == from && to - from <= d->left && to <= d->range &&
	       m->peer->credit > 0;
}

static uint32_t window_end(const struct member *m)
{
	const struct dump *d = &m->dump;
	uint32_t most = group_window(m->group) >> ADJ_OUT_CHUNK_BITS, to = d->next + 1;

	while (to - d->next < most && to < d->range && to - d->next < d->left &&
	       is_filled(m->group, to))
		to++;
	return to;
}

static void collect(struct update_group *g, uint32_t from, uint32_t to, struct member *only)
{
	struct encoder *e = &g->family->rib->encoder;

	for (uint32_t chunk = from; chunk < to; chunk++) {
		const struct adj_out_chunk *c = adj_out_chunk(&g->out, chunk);
		for (uint32_t i = 0; c && c->announced && i < ADJ_OUT_CHUNK; i++) {
			const struct adj_out_entry *entry = &c->entry[i];
			if (!entry->attr || (only && !member_wants(only, entry)))
				continue;
			encoder_add(e, chunk << ADJ_OUT_CHUNK_BITS | i, entry->attr,
				    !only && group_has(g, entry->peer) ? entry->peer : RIB_NO_PEER);
		}
	}
}

static bool has_changed(const struct update_group *g, const struct parcel *p)
{
	for (uint64_t c = p->from; c < p->to; c++) {
		const struct adj_out_chunk *chunk = adj_out_chunk(&g->out, (uint32_t)c);
		if (chunk && chunk->changed_at > p->at)
			return true;
	}
	return false;
}

static const struct parcel *find_cached(const struct member *m)
{
	const struct dump *d = &m->dump;

	for (unsigned i = 0; i < GROUP_CACHE; i++) {
		const struct parcel *p = &m->group->dump_cache[i];
		if (p->to && p->from == d->next && p->to - p->from <= d->left &&
		    p->to <= d->range && !has_changed(m->group, p))
			return p;
	}
	return NULL;
}

static void hand_out(const struct parcel *p, struct member *m)
{
	for (uint64_t c = p->from; c < p->to; c++)
		pass_chunk(&m->dump, p->at);
	parcel_deliver(p, m);
}

bool dump_turn(struct member *m)
{
	struct update_group *g = m->group;
	struct member *only = m;
	unsigned along = 0, later = 0;

	if (!m->dump.left || !is_filled(g, m->dump.next))
		return false;
	const struct parcel *cached = find_cached(m);
	if (cached) {
		hand_out(cached, m);
		return true;
	}
	uint32_t from = m->dump.next, to = window_end(m);
	for (size_t i = 0; i < g->members.count; i++) {
		const struct member *other = g->members.item[i];
		along += goes_along(other, from, to);
		later += other->dump.active && from < other->dump.range &&
			 !other->dump.sent_at[from];
	}
	if (later > 1)
		only = NULL;
	struct parcel p;
	collect(g, from, to, only);
	encoder_finish(&g->family->rib->encoder, g, only, &p);
	p.from = from;
	p.to = to;
	p.at = g->read_to = g->out.end;
	for (size_t i = 0; i < g->members.count && along; i++) {
		struct member *other = g->members.item[i];
		if (!goes_along(other, from, to))
			continue;
		hand_out(&p, other);
		along--;
		later--;
	}
	if (later && !only)
		cache_put(g->dump_cache, &g->dump_cache_next, &p);
	else
		parcel_clear(&p);
	return true;
}
