// What neighbours are to believe, there and here. Peers share Adj-RIBs-Out, so those that are together in
// both ribs are compared once (a party): only where two entries differ each peer is looked at, since
// a route is not for whom it came from or whose address is its next hop (rib/route.c).
#include "rib/compare_private.h"

#include "base/mem.h"

struct party_place {
	uint16_t peer;
	struct member *stands, *ought; // NULL, or in no group
};

// --- parties --------------------------------------------------------------------------------------
static struct party *party_of(struct comparison *c, struct update_group *stands,
			      struct update_group *ought)
{
	for (size_t i = 0; i < c->parties.count; i++) {
		struct party *p = c->parties.item[i];
		if (p->stands == stands && p->ought == ought)
			return p;
	}
	struct party *p = MEM_NEW(struct party);
	p->stands = stands;
	p->ought = ought;
	vec_add(&c->parties, p);
	return p;
}

void parties_make(struct comparison *c)
{
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++) {
		struct member *m = rib_member(c->stands->rib, (uint16_t)i, c->stands->af);
		struct member *n = rib_member(c->ought->rib, (uint16_t)i, c->ought->af);
		struct update_group *g = m ? m->group : NULL, *h = n ? n->group : NULL;

		if (!g && !h)
			continue;
		struct party_place *place = MEM_NEW(struct party_place);
		*place = (struct party_place){
			.peer = (uint16_t)i, .stands = g ? m : NULL, .ought = h ? n : NULL};
		vec_add(&party_of(c, g, h)->places, place);
	}
}

void parties_free(struct comparison *c)
{
	while (c->parties.count) {
		struct party *p = vec_pop(&c->parties);
		while (p->places.count)
			mem_free(vec_pop(&p->places));
		vec_free(&p->places);
		mem_free(p);
	}
	vec_free(&c->parties);
}

// --- entries --------------------------------------------------------------------------------------
static const struct adj_out_entry *entry_of(const struct update_group *g, uint32_t n)
{
	const struct adj_out_entry *e = g && n ? adj_out_find(&g->out, n) : NULL;

	return e && e->attr ? e : NULL;
}

static uint32_t believed(struct member *m, const struct adj_out_entry *e)
{
	return m && e && member_wants(m, e) ? e->attr : 0;
}

static const struct attr_set *set_of(const struct family *f, uint32_t attr)
{
	return attr ? attr_at(&f->attrs, attr) : NULL;
}

static void compare_place(struct comparison *c, const struct party_place *x,
			  const struct adj_out_entry *e, const struct adj_out_entry *f,
			  const struct af_key *key)
{
	uint32_t a = believed(x->stands, e), b = believed(x->ought, f);
	struct compare_difference d = {
		.kind = COMPARE_TOLD,
		.peer = x->peer,
		.stands = {.set = set_of(c->stands, a), .peer = e ? e->peer : RIB_NO_PEER},
		.ought = {.set = set_of(c->ought, b), .peer = f ? f->peer : RIB_NO_PEER},
	};

	c->counts.announcements += a != 0;
	if (!sets_same(&c->sets, a, b, true))
		compare_found(c, &d, key);
}

static void compare_party(struct comparison *c, const struct party *p, uint32_t n, uint32_t m,
			  const struct af_key *key)
{
	const struct adj_out_entry *e = entry_of(p->stands, n), *f = entry_of(p->ought, m);

	if (!e && !f)
		return;
	if (e && f && e->peer == f->peer && sets_same(&c->sets, e->attr, f->attr, true)) {
		c->counts.announcements += p->places.count - group_has(p->stands, e->peer);
		return;
	}
	for (size_t i = 0; i < p->places.count; i++)
		compare_place(c, p->places.item[i], e, f, key);
}

void compare_told(struct comparison *c, uint32_t n, uint32_t m, const struct af_key *key)
{
	for (size_t i = 0; i < c->parties.count; i++)
		compare_party(c, c->parties.item[i], n, m, key);
}
