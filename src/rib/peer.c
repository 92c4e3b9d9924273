// Peers: configuration, session up and down, refreshes in both directions, counts. A peer's part in
// a family (struct member) is made when it is first configured and stays; what a removed peer leaves
// behind is empty and used again with its number.
//
// Refresh from the peer (RFC 7313 section 4): BoRR raises the epoch, so that all paths of before are
// older than stale_before; a path received again carries the new epoch; EoRR declares what is
// older dead, retained rejected paths included. A second BoRR makes everything stale again; an
// EoRR without BoRR removes nothing.
#include "rib/group.h"

#include "base/log.h"
#include "base/mem.h"

static struct rib_peer *peer_make(struct rib *r, uint16_t number)
{
	if (number >= RIB_PEERS_MAX)
		die("rib: peer %u, numbers end below %d", number, RIB_PEERS_MAX);
	if (!r->peers[number]) {
		r->peers[number] = MEM_NEW(struct rib_peer);
		r->peers[number]->number = number;
	}
	return r->peers[number];
}

struct member *rib_member(const struct rib *r, uint16_t peer, const struct af *af)
{
	struct rib_peer *p = rib_peer(r, peer);

	return p ? p->members[af_index(af)] : NULL;
}

static struct member *member_make(struct rib *r, uint16_t number, const struct af *af)
{
	struct rib_peer *p = peer_make(r, number);
	struct member **m = &p->members[af_index(af)];

	if (!*m) {
		*m = MEM_NEW(struct member);
		(*m)->peer = p;
		(*m)->family = rib_family(r, af);
		(*m)->era_least = 1;
		(*m)->era = 2;
	}
	return *m;
}

static void join_if_ready(struct member *m)
{
	const struct rib_peer *p = m->peer;
	uint16_t ready = p->session.families & (uint16_t)~p->session.waiting;

	if (p->up && !m->group && m->has_export && ready & af_bit(m->family->af))
		group_join(m);
}

// --- configuration --------------------------------------------------------------------------------
void rib_peer_import(struct rib *r, uint16_t peer, const struct af *af, const struct rib_import *in,
		     uint32_t generation)
{
	struct member *m = member_make(r, peer, af);
	struct import *old = m->import;

	m->import = import_share(m->family, in);
	import_doubt(m, old, in, generation);
	import_succeed(m->import, old);
	import_drop(old);
	m->in = *in; // the program lives with the import
	if (m->generation != generation)
		m->fresh = m->again = (struct sweep_counts){0};
	m->generation = generation;
}

void rib_peer_export(struct rib *r, uint16_t peer, const struct af *af,
		     const struct rib_export *out, uint32_t generation)
{
	struct member *m = member_make(r, peer, af);

	if (m->has_export && rib_export_equal(&m->out, out))
		return;
	rib_export_copy(&m->out, out);
	m->has_export = true;
	if (m->group && !m->moving) {
		m->moving = true;
		m->family->moving++;
		rib_wake(r);
	}
	join_if_ready(m);
}

// --- sessions -------------------------------------------------------------------------------------
void rib_peer_up(struct rib *r, uint16_t peer, uint32_t session, const struct rib_session *s)
{
	struct rib_peer *p = peer_make(r, peer);

	if (p->up)
		rib_peer_down(r, peer);
	p->up = true;
	p->session_number = session;
	p->session = *s;
	p->credit = 0;
	for (unsigned i = 0; i < af_count; i++) {
		struct member *m = p->members[i];
		if (!m)
			continue;
		m->unkept = 0;
		family_settle(m->family);
		join_if_ready(m);
	}
}

void rib_peer_begin(struct rib *r, uint16_t peer, const struct af *af)
{
	struct rib_peer *p = rib_peer(r, peer);
	struct member *m = rib_member(r, peer, af);

	if (!p || !p->up)
		return;
	p->session.waiting &= (uint16_t)~af_bit(af);
	if (!m)
		return;
	family_settle(m->family);
	join_if_ready(m);
}

static void member_down(struct member *m)
{
	group_leave(m);
	m->purge_before = m->family->rib->epoch;
	m->era_least = ++m->era;
	m->stale_before = 0;
	m->stale = 0;
	m->dead = m->received;
	if (m->dead)
		purge_start(m->family);
}

void rib_peer_down(struct rib *r, uint16_t peer)
{
	struct rib_peer *p = rib_peer(r, peer);

	if (!p || !p->up)
		return;
	p->up = false;
	r->epoch++;
	for (unsigned i = 0; i < af_count; i++) {
		if (!p->members[i])
			continue;
		family_settle(p->members[i]->family);
		member_down(p->members[i]);
	}
}

void rib_peer_remove(struct rib *r, uint16_t peer)
{
	struct rib_peer *p = rib_peer(r, peer);

	if (!p)
		return;
	rib_peer_down(r, peer);
	for (unsigned i = 0; i < af_count; i++) {
		struct member *m = p->members[i];
		if (!m)
			continue;
		import_drop(m->import);
		m->import = NULL;
		m->in = (struct rib_import){0};
		rib_export_clear(&m->out);
		m->has_export = false;
		m->withdrawn_by_sweep = 0;
	}
}

// --- refresh --------------------------------------------------------------------------------------
void rib_refresh_begin(struct rib *r, uint16_t peer, const struct af *af)
{
	struct member *m = rib_member(r, peer, af);

	if (!m || !m->peer->up)
		return;
	m->stale_before = ++r->epoch;
	m->stale = m->received - m->dead;
	m->unkept = 0;
	m->era++;
}

uint32_t rib_refresh_end(struct rib *r, uint16_t peer, const struct af *af)
{
	struct member *m = rib_member(r, peer, af);

	if (!m || !m->stale_before)
		return 0;
	uint32_t gone = m->stale;
	m->era_least = m->era;
	m->purge_before = m->stale_before;
	m->stale_before = 0;
	m->stale = 0;
	m->dead += gone;
	m->withdrawn_by_sweep += gone;
	if (gone)
		purge_start(m->family);
	return gone;
}

void rib_refresh_answer(struct rib *r, uint16_t peer, const struct af *af)
{
	struct member *m = rib_member(r, peer, af);

	if (!m)
		return;
	family_settle(m->family);
	if (m->group)
		dump_refresh(m);
}

static bool is_owed(const struct member *m)
{
	return m && m->group &&
	       (m->cursor != m->group->out.end || m->dump.sent_at || m->owed.count);
}

bool rib_owes(const struct rib *r)
{
	for (unsigned i = 0; i < af_count; i++) {
		const struct family *f = r->families[i];
		for (size_t k = 0; f && k < f->groups.count; k++) {
			const struct update_group *g = f->groups.item[k];
			for (size_t n = 0; n < g->members.count; n++)
				if (is_owed(g->members.item[n]))
					return true;
		}
	}
	return false;
}

void rib_credit(struct rib *r, uint16_t peer, size_t bytes)
{
	struct rib_peer *p = rib_peer(r, peer);

	if (!p || !p->up)
		return;
	p->credit = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
	if (!bytes)
		return;
	for (unsigned i = 0; i < af_count; i++) {
		struct member *m = p->members[i];
		if (is_owed(m)) {
			m->group->busy = true;
			rib_wake(r);
		}
	}
}

// --- counts ---------------------------------------------------------------------------------------
void rib_peer_counts(struct rib *r, uint16_t peer, const struct af *af, struct rib_counts *ret)
{
	struct member *m = rib_member(r, peer, af);

	*ret = (struct rib_counts){0};
	if (!m)
		return;
	family_settle(m->family);
	uint32_t held = m->received - m->dead;
	ret->accepted = m->accepted < held ? m->accepted : held;
	ret->rejected = held - ret->accepted;
	ret->received = held;
	ret->best = m->best;
	ret->stale = m->stale;
	ret->withdrawn_by_sweep = m->withdrawn_by_sweep;
	ret->unkept = m->unkept;
	ret->generation = m->generation;
	ret->fresh = m->fresh;
	ret->again = m->again;
	if (m->group) {
		ret->advertised = member_advertised(m);
		ret->group = m->group->number;
	}
}
