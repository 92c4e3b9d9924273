// A group's Adj-RIB-Out: the outcome of the best path, compared with the entry. Equal outcome, no
// change, and nobody hears of it. What differs moves to the end of the order of change.
//
// One entry stands for all members, but not quite: a route is not told to the peer that it came
// from, nor to the one that is its next hop (RFC 4271 5.1.3, 9.1.3). Messages leave them out
// (rib/encode.h). What remains is the moment when that exception moves: the entry's new source may
// have been told the old path, and its old source has not been told what stays the same for all
// others. Such a member is owed the destination by itself (rib/owed.c).
//
// What each member believes is always: the entry, or nothing where the entry is not for it; unless
// it is owed the destination or has yet to read the entry in the log.
#include "rib/group.h"

#include "base/hash.h"
#include "rib/ledger_note.h"
#include "rib/membership.h"

// --- exceptions -----------------------------------------------------------------------------------
static struct ip next_hop_address(const struct attr_set *set)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *hop = set->bytes + set->nexthop_at + 3;

	if (set->nexthop_size == 3 + 4)
		return ip_from_bytes(hop, 32);
	if (set->nexthop_size < 3 + 16)
		return (struct ip){0};
	for (unsigned i = 0; i < sizeof(mapped); i++)
		if (hop[i] != mapped[i])
			return ip_from_bytes(hop, 128);
	return ip_from_bytes(hop + 12, 32);
}

// Runs of entries have the same set: the last answer is remembered.
uint16_t group_next_hop_member(struct update_group *g, uint32_t attr)
{
	if (attr == g->near_attr)
		return g->near_peer;
	struct ip hop = next_hop_address(attr_at(&g->family->attrs, attr));
	struct member *m = NULL;

	if (hop.bits && !ip_equal(&hop, &g->key.local))
		m = map_get_number(&g->addresses, hash_bytes(&hop.b, hop.bits / 8));
	if (m && !ip_equal(&m->peer->session.remote, &hop))
		m = NULL;
	g->near_attr = attr;
	g->near_peer = m ? m->peer->number : RIB_NO_PEER;
	return g->near_peer;
}

enum rib_bar entry_bar(struct update_group *g, const struct adj_out_entry *e, uint16_t peer)
{
	if (!e->attr)
		return BAR_NO_PATH;
	if (e->peer == peer)
		return BAR_SPLIT_HORIZON;
	return group_next_hop_member(g, e->attr) == peer ? BAR_NEXT_HOP : BAR_NONE;
}

static bool entry_is_for(struct update_group *g, const struct adj_out_entry *e, uint16_t peer)
{
	return !entry_bar(g, e, peer);
}

bool member_wants(struct member *m, const struct adj_out_entry *e)
{
	return entry_is_for(m->group, e, m->peer->number);
}

uint32_t member_advertised(const struct member *m)
{
	const struct adj_out *a = &m->group->out;
	uint16_t peer = m->peer->number;

	return a->announced - (peer < a->sourced_count ? a->sourced[peer] : 0);
}

static struct member *member_of(const struct update_group *g, uint16_t peer)
{
	if (!group_has(g, peer))
		return NULL;
	return g->family->rib->peers[peer]->members[af_index(g->family->af)];
}

// The member that the new entry is not for: it may believe what the old one said, or have yet to
// read that there is nothing any more.
static void owe_excluded(struct update_group *g, uint32_t n, const struct adj_out_entry *old,
			 uint16_t peer)
{
	struct member *m = member_of(g, peer);

	if (!m)
		return;
	if (old->attr ? entry_is_for(g, old, peer)
		      : old->peer != peer && adj_out_unread(&g->out, old, m->cursor))
		member_owe(m, n);
}

// --- entries --------------------------------------------------------------------------------------
static void append(struct update_group *g, uint32_t n, struct adj_out_entry *e)
{
	adj_out_append(&g->out, n, e);
	if (!g->busy) {
		g->busy = true;
		rib_wake(g->family->rib);
	}
}

static void withdraw(struct update_group *g, uint32_t n, struct adj_out_entry *e)
{
	struct family *f = g->family;
	bool unheard = e->flags & ADJ_OUT_FRESH && adj_out_unread(&g->out, e, g->read_to);

	adj_out_count(&g->out, n, e->peer, -1);
	family_forget(f, e->attr);
	e->attr = 0;
	e->flags = 0;
	if (unheard) {
		*e = (struct adj_out_entry){0};
		return;
	}
	destination_hold(f, n);
	append(g, n, e);
}

static void announce(struct update_group *g, uint32_t n, struct adj_out_entry *e, uint32_t attr,
		     uint16_t peer)
{
	struct family *f = g->family;
	struct adj_out_entry old = *e;
	uint16_t near = group_next_hop_member(g, attr);

	owe_excluded(g, n, &old, peer);
	if (near != RIB_NO_PEER && near != peer)
		owe_excluded(g, n, &old, near);
	attr_ref(&f->attrs, attr);
	e->attr = attr;
	e->peer = peer;
	if (old.attr) {
		adj_out_count(&g->out, n, old.peer, -1);
		family_forget(f, old.attr);
		if (!adj_out_unread(&g->out, e, g->read_to))
			e->flags = 0;
	} else {
		e->flags = old.position ? 0 : ADJ_OUT_FRESH;
		if (old.position)
			destination_release(f, n);
	}
	adj_out_count(&g->out, n, peer, 1);
	append(g, n, e);
}

// The same words from another source: only the two of them hear of it.
static void change_source(struct update_group *g, uint32_t n, struct adj_out_entry *e,
			  uint16_t peer)
{
	uint16_t old = e->peer;

	adj_out_count(&g->out, n, old, -1);
	adj_out_count(&g->out, n, peer, 1);
	e->peer = peer;
	uint16_t near = group_next_hop_member(g, e->attr);
	if (group_has(g, old) && old != near)
		member_owe(member_of(g, old), n);
	if (group_has(g, peer) && peer != near)
		member_owe(member_of(g, peer), n);
}

static inline uint32_t outcome_of(struct update_group *g, uint32_t n, const struct destination *d,
				  const struct path *best, uint16_t *ret_peer)
{
	if (n == g->default_destination) {
		*ret_peer = RIB_NO_PEER;
		return g->default_attr;
	}
	if (!best || d->info & DESTINATION_SUPPRESSED || !g->memo)
		return 0;
	return memo_verdict(g->memo, best->attr, g->family->af, destination_key(d));
}

static uint32_t membership_outcome(struct update_group *g, uint32_t n, uint16_t *ret_peer)
{
	const struct destination *d = table_at(&g->family->table, n);
	const struct path *best = table_best(&g->family->table, d);

	best = membership_told(g, d, best, ret_peer);
	return outcome_of(g, n, d, best, ret_peer);
}

uint32_t group_outcome(struct update_group *g, uint32_t n, uint16_t *ret_peer)
{
	struct family *f = g->family;

	if (f->memberships)
		return membership_outcome(g, n, ret_peer);
	const struct destination *d = table_at(&f->table, n);
	const struct path *best = table_best(&f->table, d);
	*ret_peer = best ? best->peer : RIB_NO_PEER;
	return outcome_of(g, n, d, best, ret_peer);
}

// While the group is being filled nobody has been told anything: entries are made in place.
void group_fill_entry(struct update_group *g, uint32_t n)
{
	uint16_t peer;
	uint32_t attr = group_outcome(g, n, &peer);

	if (!attr)
		return;
	struct adj_out_entry *e = adj_out_make(&g->out, n);
	e->attr = attr_ref(&g->family->attrs, attr);
	e->peer = peer;
	adj_out_count(&g->out, n, peer, 1);
}

bool group_route(struct update_group *g, uint32_t n)
{
	struct adj_out_entry *e;
	uint16_t peer;

	if (g->filling && n >= g->fill_next && n < g->fill_end)
		return false; // the fill will come to it
	uint32_t attr = group_outcome(g, n, &peer);
	e = attr ? adj_out_make(&g->out, n) : adj_out_find(&g->out, n);
	if (!e || (e->attr == attr && (!attr || e->peer == peer)))
		return false;
	note_entry(g, n, e);
	if (e->attr == attr)
		change_source(g, n, e, peer);
	else if (attr)
		announce(g, n, e, attr, peer);
	else
		withdraw(g, n, e);
	return true;
}

// --- the log's beginning --------------------------------------------------------------------------
// A place that every member has passed: the entry is out of the log, and what was withdrawn has
// been withdrawn from all.
static void pass_place(struct update_group *g, uint64_t position)
{
	uint32_t n = adj_out_at(&g->out, position);
	struct adj_out_entry *e = n ? adj_out_find(&g->out, n) : NULL;

	if (!e || e->position != (uint32_t)position)
		return;
	e->position = 0;
	e->flags = 0;
	if (!e->attr) {
		*e = (struct adj_out_entry){0};
		destination_release(g->family, n);
	}
}

void group_cut(struct update_group *g)
{
	struct adj_out *a = &g->out;
	uint64_t least = a->end;

	for (size_t i = 0; i < g->members.count; i++) {
		const struct member *m = g->members.item[i];
		if (m->cursor < least)
			least = m->cursor;
	}
	for (uint64_t p = a->start; p < least; p++)
		pass_place(g, p);
	if (least > a->start)
		adj_out_cut(a, least);
}

// A member that does not read would let the log grow with every change of the others. When it is
// much longer than the table it could describe, who lags is owed its living places one by one.
void group_squeeze(struct update_group *g)
{
	struct adj_out *a = &g->out;

	if (a->end - a->start <
	    LOG_SLACK + (uint64_t)g->family->table.destinations.end * LOG_PLACES)
		return;
	for (size_t i = 0; i < g->members.count; i++) {
		struct member *m = g->members.item[i];
		if (a->end - m->cursor < LOG_SLACK / 2)
			continue;
		for (uint64_t p = m->cursor; p < a->end; p++) {
			uint32_t n = adj_out_at(a, p);
			const struct adj_out_entry *e = n ? adj_out_find(a, n) : NULL;
			if (e && e->position == (uint32_t)p && !dump_skips(m, n, e))
				member_owe(m, n);
		}
		m->cursor = a->end;
	}
	group_cut(g);
}
