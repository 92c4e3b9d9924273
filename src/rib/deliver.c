// Deliveries: each member with credit gets one parcel a turn, until all have what they are owed or
// the time is over. A parcel made from the log is handed to all members that stand at its
// beginning; one that lacks credit at that moment may find it in the group's small cache later.
// The members' positions are kept apart no longer than need be: a parcel ends where another member
// stands.
#include "rib/group.h"

#include "base/mem.h"

// --- cache ----------------------------------------------------------------------------------------
const struct parcel *cache_put(struct parcel *cache, unsigned *next, struct parcel *p)
{
	struct parcel *place = &cache[*next];

	*next = (*next + 1) % GROUP_CACHE;
	parcel_clear(place);
	*place = *p;
	return place;
}

void group_cache_clear(struct update_group *g)
{
	for (unsigned i = 0; i < GROUP_CACHE; i++) {
		parcel_clear(&g->log_cache[i]);
		parcel_clear(&g->dump_cache[i]);
	}
}

// --- sizes ----------------------------------------------------------------------------------------
void group_learn_size(struct update_group *g, uint32_t items, size_t bytes)
{
	uint32_t each = (uint32_t)(bytes * 16 / items);

	if (items >= 64)
		g->item_bytes = (g->item_bytes * 3 + (each ? each : 1)) / 4;
}

uint32_t group_window(const struct update_group *g)
{
	uint32_t n = WINDOW_BYTES * 16 / (g->item_bytes ? g->item_bytes : 1);

	return n < WINDOW_ITEMS_LEAST ? WINDOW_ITEMS_LEAST : n > WINDOW_ITEMS ? WINDOW_ITEMS : n;
}

// --- log ------------------------------------------------------------------------------------------
static bool reads_log_alone(const struct member *m)
{
	return m->dump.sent_at != NULL;
}

static bool reads_along(const struct member *m, uint64_t from)
{
	return m->cursor == from && !reads_log_alone(m) && m->peer->credit > 0;
}

// Living places from here on, up to a window of them; returns where it ended.
static uint64_t collect(struct update_group *g, uint64_t from, uint64_t end, struct member *only)
{
	struct encoder *e = &g->family->rib->encoder;
	uint32_t most = group_window(g);
	uint64_t p = from;

	for (; p < end && e->count < most; p++) {
		uint32_t n = adj_out_at(&g->out, p);
		const struct adj_out_entry *entry = n ? adj_out_find(&g->out, n) : NULL;
		if (!entry || entry->position != (uint32_t)p)
			continue;
		if (!only) {
			encoder_add(e, n, entry->attr,
				    group_has(g, entry->peer) ? entry->peer : RIB_NO_PEER);
			continue;
		}
		if (dump_skips(only, n, entry))
			continue;
		if (entry->attr ? member_wants(only, entry) : entry->peer != only->peer->number)
			encoder_add(e, n, entry->attr, RIB_NO_PEER);
	}
	return p;
}

static bool log_alone(struct member *m)
{
	struct update_group *g = m->group;
	struct parcel p;

	uint64_t to = collect(g, m->cursor, g->out.end, m);
	encoder_finish(&g->family->rib->encoder, g, m, &p);
	g->read_to = g->out.end;
	m->cursor = to;
	parcel_deliver(&p, m);
	parcel_clear(&p);
	return true;
}

// How many places are living; they only ever die, so as many as before are the same as before.
static uint32_t living(const struct update_group *g, uint64_t from, uint64_t to)
{
	uint32_t count = 0;

	for (uint64_t p = from; p < to; p++) {
		uint32_t n = adj_out_at(&g->out, p);
		const struct adj_out_entry *e = n ? adj_out_find(&g->out, n) : NULL;
		count += e && e->position == (uint32_t)p;
	}
	return count;
}

static const struct parcel *find_cached(const struct update_group *g, uint64_t from)
{
	for (unsigned i = 0; i < GROUP_CACHE; i++) {
		const struct parcel *p = &g->log_cache[i];
		if (p->to && p->from == from &&
		    (p->at == g->out.end || living(g, from, p->to) == p->living))
			return p;
	}
	return NULL;
}

static bool log_shared(struct member *m)
{
	struct update_group *g = m->group;
	uint64_t from = m->cursor, end = g->out.end;
	unsigned along = 0, others = 0;
	struct parcel p;

	for (size_t i = 0; i < g->members.count; i++) {
		const struct member *other = g->members.item[i];
		along += reads_along(other, from);
		others += other->cursor <= from && !reads_log_alone(other);
		if (other->cursor > from && other->cursor < end)
			end = other->cursor;
	}
	// who lags alone gets messages that are packed anew
	const struct parcel *cached = others > 1 ? find_cached(g, from) : NULL;
	if (cached) {
		m->cursor = cached->to;
		parcel_deliver(cached, m);
		return true;
	}
	struct member *only = others > 1 ? NULL : m;
	uint64_t to = collect(g, from, end, only);
	uint32_t count = g->family->rib->encoder.count;
	encoder_finish(&g->family->rib->encoder, g, only, &p);
	p.at = g->read_to = g->out.end;
	p.living = count;
	p.from = from;
	p.to = to;
	for (size_t i = 0; i < g->members.count && along; i++) {
		struct member *other = g->members.item[i];
		if (!reads_along(other, from))
			continue;
		other->cursor = to;
		parcel_deliver(&p, other);
		along--;
		others--;
	}
	if (others && p.chunk)
		cache_put(g->log_cache, &g->log_cache_next, &p);
	else
		parcel_clear(&p);
	return true;
}

// --- single debts ---------------------------------------------------------------------------------
// The debt is in the part of the log that the member has yet to read.
static bool log_will_tell(struct member *m, uint32_t n, const struct adj_out_entry *e)
{
	return adj_out_unread(&m->group->out, e, m->cursor) && !dump_skips(m, n, e) &&
	       (e->attr ? member_wants(m, e) : e->peer != m->peer->number);
}

static bool owed_turn(struct member *m)
{
	struct update_group *g = m->group;
	struct encoder *e = &g->family->rib->encoder;
	uint32_t window = group_window(g), done = 0, n;
	uint32_t most = m->owed.count < window ? m->owed.count : window;
	uint32_t *numbers = mem_alloc(most * sizeof(*numbers));
	struct parcel p;

	while (done < most && (n = owed_next(m))) {
		const struct adj_out_entry *entry = adj_out_find(&g->out, n);
		bool wants = entry && member_wants(m, entry);
		if (!entry || !log_will_tell(m, n, entry))
			encoder_add(e, n, wants ? entry->attr : 0, RIB_NO_PEER);
		// its hold stays until the messages are made
		destination_hold(m->family, n);
		numbers[done++] = n;
		owed_done(m, n);
	}
	encoder_finish(e, g, m, &p);
	while (done)
		destination_release(m->family, numbers[--done]);
	mem_free(numbers);
	g->read_to = g->out.end;
	parcel_deliver(&p, m);
	parcel_clear(&p);
	return true;
}

// --- turns ----------------------------------------------------------------------------------------
static bool log_turn(struct member *m)
{
	if (m->cursor == m->group->out.end)
		return false;
	return reads_log_alone(m) ? log_alone(m) : log_shared(m);
}

// One parcel at most. false: the member can do nothing now.
static bool member_turn(struct member *m)
{
	bool marked = dump_finish(m);

	if (m->peer->credit <= 0)
		return marked;
	if ((m->owed.count && owed_turn(m)) || log_turn(m))
		return true;
	return (m->dump.active && dump_turn(m)) || marked;
}

static bool dumping(const struct update_group *g)
{
	for (size_t i = 0; i < g->members.count; i++) {
		const struct member *m = g->members.item[i];
		if (m->dump.active)
			return true;
	}
	return false;
}

bool group_deliver(struct update_group *g, rib_deadline *over, void *arg)
{
	bool progress = true, stopped = false;

	while (progress && !stopped) {
		progress = false;
		for (size_t i = 0; i < g->members.count && !stopped; i++) {
			if (!member_turn(g->members.item[i]))
				continue;
			progress = true;
			stopped = over(arg);
		}
	}
	group_cut(g);
	group_squeeze(g);
	if (!stopped)
		g->busy = false;
	if (!stopped && g->out.start == g->out.end && !dumping(g))
		group_cache_clear(g);
	return stopped;
}
