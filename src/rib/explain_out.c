// An explanation's second half: each neighbour, and whether it is told of the best path. What a
// group is told is found once for all its members; what is each member's own (where the route came
// from, who is its next hop) is asked for each.
#include "rib/explain_private.h"

#include <string.h>

#include "base/mem.h"
#include "rib/membership.h"

// What members of a group are told.
struct outcome {
	const struct update_group *group; // as it runs
	struct group_key key;             // as the question has it
	uint16_t first;                   // peer for which it was found
	uint32_t attr;                    // as sent, counted; 0: nothing
	uint16_t source;
	enum rib_bar bar;
};

struct telling {
	struct explaining *x;
	struct outcome *outcomes;
	unsigned count, cap;
};

static void tell_told(struct explaining *x, uint16_t peer, enum rib_bar bar)
{
	explain_tell(x, &(struct rib_explain_item){.kind = EXPLAIN_TOLD,
						   .peer = peer,
						   .bar = bar,
						   .text = "",
						   .stands = true});
}

// --- what a group is told -----------------------------------------------------------------------------
static void tell_changes(struct explaining *x, enum rib_bar bar, const struct attrs *was,
			 const struct attrs *is)
{
	buf_clear(&x->text);
	if (!bar)
		explain_difference(&x->text, was, is);
	explain_tell(x, &(struct rib_explain_item){
				.kind = EXPLAIN_CHECK, .bar = bar, .text = buf_cstr(&x->text)});
}

static enum rib_bar bring_out(struct explaining *x, struct update_group *g,
			      const struct attr_set *set, struct attrs *as)
{
	struct policy_context context = export_context(g);
	struct attrs was;

	attr_open(set, as);
	was = *as;
	enum rib_bar bar = export_before(g, set, as, &x->arena);
	tell_changes(x, bar, &was, as);
	if (bar)
		return bar;
	if (!explain_policy(x, g->key.export.program, &context, as))
		return BAR_POLICY;
	was = *as;
	bar = export_after(g, set, as, &x->arena);
	tell_changes(x, bar, &was, as);
	return bar;
}

// The path that the group hears of: the best one, or of memberships maybe another.
static const struct decide_candidate *path_told(struct explaining *x, struct update_group *g,
						uint16_t *ret_source)
{
	const struct table *t = &x->family->table;
	const struct path *told = x->best ? table_path(t, x->best) : NULL;

	*ret_source = told ? told->peer : RIB_NO_PEER;
	if (x->family->memberships && x->number)
		told = membership_told(g, table_at(t, x->number), told, ret_source);
	for (unsigned i = 0; told && i < x->count; i++)
		if (table_path(t, x->paths[i].path) == told)
			return &x->paths[i];
	return NULL;
}

static void find_default(struct explaining *x, struct update_group *g, struct outcome *o)
{
	explain_tell(x, &(struct rib_explain_item){.kind = EXPLAIN_DEFAULT});
	o->source = RIB_NO_PEER;
	o->attr = export_default_attr(g, &x->want->key);
	o->bar = o->attr ? BAR_NONE : BAR_POLICY;
}

static bool is_default(const struct explaining *x, const struct update_group *g)
{
	struct af_key key = {0};

	return g->key.export.default_route && export_default_key(x->family->af, &key) &&
	       !x->family->af->compare(&key, &x->want->key);
}

static void find_outcome(struct explaining *x, struct update_group *g, struct outcome *o)
{
	const struct table *t = &x->family->table;
	struct attrs as;

	if (!g->key.export.program) {
		o->bar = BAR_NO_EXPORT_POLICY;
		return;
	}
	if (is_default(x, g)) {
		find_default(x, g, o);
		return;
	}
	const struct decide_candidate *told = path_told(x, g, &o->source);
	if (!told)
		o->bar = BAR_NO_PATH;
	else if (table_at(t, x->number)->info & DESTINATION_SUPPRESSED)
		o->bar = BAR_SUPPRESSED;
	else
		o->bar = bring_out(x, g, told->set, &as);
	if (!o->bar)
		o->attr = attr_intern(&x->family->attrs, &as);
	arena_reset(&x->arena);
}

static const struct outcome *known_outcome(const struct telling *t, const struct member *m,
					   const struct group_key *key)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->outcomes[i].group == m->group && group_key_equal(&t->outcomes[i].key, key))
			return &t->outcomes[i];
	return NULL;
}

static const struct outcome *outcome_for(struct telling *t, const struct member *m,
					 struct update_group *as_if)
{
	const struct outcome *known = known_outcome(t, m, &as_if->key);

	if (known) {
		explain_tell(t->x, &(struct rib_explain_item){.kind = EXPLAIN_SAME,
							      .peer = m->peer->number,
							      .other = known->first});
		return known;
	}
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 8;
		t->outcomes = mem_resize(t->outcomes, t->cap * sizeof(*t->outcomes));
	}
	struct outcome *o = &t->outcomes[t->count++];
	*o = (struct outcome){.group = m->group,
			      .key = as_if->key,
			      .first = m->peer->number,
			      .source = RIB_NO_PEER};
	find_outcome(t->x, as_if, o);
	return o;
}

void explain_export_run(struct family *f, uint16_t peer, uint32_t n,
			const struct policy_observer *observer)
{
	const struct destination *d = table_at(&f->table, n);
	const struct path *best = table_best(&f->table, d);
	struct member *m = rib_member(f->rib, peer, f->af);
	struct arena *a = &f->rib->arena;
	struct af_key key = {0};
	struct attrs as;

	if (!best || !m || !m->group || !m->group->key.export.program ||
	    d->info & DESTINATION_SUPPRESSED || n == m->group->default_destination)
		return;
	const struct attr_set *set = attr_at(&f->attrs, best->attr);
	const struct policy_context context = export_context(m->group);
	memcpy(key.b, d->key, f->af->key_size);
	arena_reset(a);
	attr_open(set, &as);
	if (!export_before(m->group, set, &as, a))
		policy_explain(m->group->key.export.program, &context, &key, &as, a, observer);
}

// --- what a member is told ----------------------------------------------------------------------------
static enum rib_bar bar_of_member(struct explaining *x, struct update_group *g,
				  const struct outcome *o, uint16_t peer)
{
	const struct adj_out_entry entry = {.attr = o->attr, .peer = o->source};
	const struct attr_set *set;

	if (o->bar)
		return o->bar;
	enum rib_bar bar = entry_bar(g, &entry, peer);
	if (bar)
		return bar;
	set = attr_at(&x->family->attrs, o->attr);
	return encoder_fits(&x->rib->encoder, g, set, &x->want->key) ? BAR_NONE : BAR_TOO_LONG;
}

static bool is_owed(const struct member *m, uint32_t n, const struct adj_out_entry *e)
{
	if (m->dump.active || (e && adj_out_unread(&m->group->out, e, m->cursor)))
		return true;
	return n / 64 < m->owed.words && m->owed.bits[n / 64] >> n % 64 & 1;
}

static void tell_outcome(struct explaining *x, const struct member *m, struct update_group *as_if,
			 const struct outcome *o)
{
	const struct adj_out_entry *e = x->number ? adj_out_find(&m->group->out, x->number) : NULL;
	struct rib_explain_item told = {.kind = EXPLAIN_TOLD,
					.peer = m->peer->number,
					.other = o->source,
					.bar = bar_of_member(x, as_if, o, m->peer->number)};
	struct attrs as;

	buf_clear(&x->text);
	if (!told.bar) {
		attr_open(attr_at(&x->family->attrs, o->attr), &as);
		explain_attributes(&x->text, &as);
	}
	told.text = buf_cstr(&x->text);
	told.stands = o->attr == (e ? e->attr : 0) && (!o->attr || e->peer == o->source);
	told.waits = is_owed(m, x->number, e);
	explain_tell(x, &told);
}

static void member_neighbor(struct telling *t, struct member *m)
{
	const struct rib_explain_peer *c = explain_candidate(t->x, m->peer->number);
	struct update_group *as_if = mem_copy(m->group, sizeof(*m->group));

	if (t->x->want->candidate) {
		struct member next = *m;
		next.out = c ? c->out : (struct rib_export){.kind = m->out.kind};
		as_if->key = group_key_of(&next);
		as_if->near_attr = 0;
	}
	const struct outcome *o = outcome_for(t, m, as_if);
	tell_outcome(t->x, m, as_if, o);
	mem_free(as_if);
}

static void one_neighbor(struct telling *t, struct rib_peer *p)
{
	struct explaining *x = t->x;
	struct member *m = p->members[af_index(x->family->af)];

	if (!m && x->want->peer != p->number)
		return; // has nothing to do with the family
	explain_tell(x, &(struct rib_explain_item){.kind = EXPLAIN_NEIGHBOR,
						   .peer = p->number,
						   .other = x->best_peer});
	if (!m)
		tell_told(x, p->number, BAR_NO_EXPORT_POLICY);
	else if (!p->up)
		tell_told(x, p->number, BAR_NO_SESSION);
	else if (!m->group)
		tell_told(x, p->number, BAR_NO_FAMILY);
	else
		member_neighbor(t, m);
}

void explain_neighbors(struct explaining *x)
{
	struct telling t = {.x = x};

	for (uint16_t i = 0; i < RIB_PEERS_MAX; i++) {
		struct rib_peer *p = rib_peer(x->rib, i);
		if (p && (x->want->peer == RIB_NO_PEER || x->want->peer == i))
			one_neighbor(&t, p);
	}
	for (unsigned i = 0; i < t.count; i++)
		attr_unref(&x->family->attrs, t.outcomes[i].attr);
	mem_free(t.outcomes);
}
