// Who takes part in the exchange of one shard, what ties them, and what is done when a best path
// moves (vpn/exchange.h). A move of the VPN table becomes a list of errands first, from the index of
// targets, and then these are run: each may make routes move again, in an instance and from there in
// the VPN table. It ends there, because what an instance gives depends on nothing that it takes.
#include "vpn/exchange.h"

#include "vpn/private.h"

#include <string.h>

#include "base/mem.h"

struct exchange *exchange_new(unsigned shard, unsigned shards)
{
	struct exchange *x = MEM_NEW(struct exchange);

	x->shard = shard;
	x->shards = shards ? shards : 1;
	arena_init(&x->arena, 4096);
	return x;
}

// --- who there is ---------------------------------------------------------------------------------
struct tie *exchange_tie(const struct exchange *x, uint16_t instance, const struct af *inner)
{
	const struct place *p = instance < x->place_count ? x->places[instance] : NULL;

	return p ? p->ties[af_index(inner)] : NULL;
}

struct rib *exchange_public(const struct exchange *x)
{
	return x->place_count && x->places[0] ? x->places[0]->rib : NULL;
}

struct target_index *exchange_index(struct exchange *x, const struct af *outer)
{
	struct target_index **i = &x->indexes[af_index(outer)];

	if (!*i) {
		*i = MEM_NEW(struct target_index);
		target_index_init(*i);
	}
	return *i;
}

struct place *exchange_place(struct exchange *x, uint16_t instance)
{
	if (instance >= x->place_count) {
		x->places = mem_resize(x->places, (instance + 1u) * sizeof(*x->places));
		for (unsigned i = x->place_count; i <= instance; i++)
			x->places[i] = NULL;
		x->place_count = instance + 1u;
	}
	if (!x->places[instance])
		x->places[instance] = MEM_NEW(struct place);
	return x->places[instance];
}

static void place_free(struct place *p, bool give_back)
{
	for (unsigned i = 0; i < AF_MAX; i++)
		if (p->ties[i])
			tie_cut(p->ties[i]);
	for (unsigned i = 0; i < AF_MAX && give_back; i++)
		if (p->ties[i])
			tie_give_nothing(p->ties[i]);
	for (unsigned i = 0; i < AF_MAX; i++)
		if (p->ties[i])
			tie_free(p->ties[i]);
	mem_free(p);
}

void exchange_rib(struct exchange *x, uint16_t instance, struct rib *r)
{
	struct place *p = instance < x->place_count ? x->places[instance] : NULL;

	if (p && (p->rib ? p->rib != r : !r)) {
		place_free(p, instance != 0);
		x->places[instance] = NULL;
	}
	if (!r)
		return;
	p = exchange_place(x, instance);
	p->rib = r;
	if (instance)
		rib_set_instance(r);
	for (unsigned i = 0; i < AF_MAX; i++)
		if (p->ties[i])
			p->ties[i]->rib = r;
}

void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	for (unsigned i = 0; i < x->place_count; i++)
		if (x->places[i])
			place_free(x->places[i], false);
	for (unsigned i = 0; i < AF_MAX; i++)
		if (x->indexes[i]) {
			target_index_free(x->indexes[i]);
			mem_free(x->indexes[i]);
		}
	mem_free(x->places);
	mem_free(x->errands);
	mem_free(x->labels_free);
	arena_free(&x->arena);
	mem_free(x);
}

// --- moves ------------------------------------------------------------------------------------------
static void errand_add(struct exchange *x, struct tie *t)
{
	if (t->stamp == x->stamps)
		return;
	t->stamp = x->stamps;
	if (x->errand_count == x->errand_cap) {
		x->errand_cap = x->errand_cap ? x->errand_cap * 2 : 64;
		x->errands = mem_resize(x->errands, x->errand_cap * sizeof(*x->errands));
	}
	x->errands[x->errand_count++] = t;
}

static bool carries(struct span values, const uint8_t *target)
{
	for (size_t at = 0; at + 8 <= values.len; at += 8)
		if (!memcmp(values.p + at, target, 8))
			return true;
	return false;
}

static void collect_takers(struct exchange *x, struct target_index *index, struct span after,
			   struct span before, uint32_t number)
{
	for (size_t at = 0; at + 8 <= after.len; at += 8) {
		uint64_t value = target_value(after.p + at);
		if (!is_vpn_target(after.p + at))
			continue;
		if (!carries(before, after.p + at))
			target_add(index, value, number);
		const struct target *t = target_find(index, value);
		for (uint32_t i = 0; i < t->taker_count; i++)
			if (t->takers[i].now)
				errand_add(x, t->takers[i].tie);
	}
}

static void collect_leavers(struct exchange *x, struct target_index *index, struct span after,
			    struct span before, uint32_t number)
{
	for (size_t at = 0; at + 8 <= before.len; at += 8) {
		uint64_t value = target_value(before.p + at);
		if (!is_vpn_target(before.p + at))
			continue;
		const struct target *t = target_find(index, value);
		for (uint32_t i = 0; t && i < t->taker_count; i++)
			errand_add(x, t->takers[i].tie);
		if (!carries(after, before.p + at))
			target_remove(index, value, number);
	}
}

static void count_live(struct tie *t, bool import, enum rib_lending lending)
{
	struct sweep_counts *c = &t->live[import];

	c->changed += lending != LENDING_EQUAL;
	c->newly_accepted += lending == LENDING_NEW;
	c->newly_rejected += lending == LENDING_GONE;
}

static void outer_moved(struct exchange *x, const struct af *outer, const struct rib_move *m)
{
	struct target_index *index = exchange_index(x, outer);
	struct span before = vpn_communities(m->before), after = vpn_communities(m->after);
	unsigned first = x->errand_count;

	if (m->before == m->after && m->peer_before == m->peer_after)
		return; // only a path behind the best one
	uint64_t stamp = ++x->stamps;
	x->best_moved++;
	collect_takers(x, index, after, before, m->number);
	collect_leavers(x, index, after, before, m->number);
	unsigned last = x->errand_count;
	for (unsigned i = first; i < last; i++) {
		struct vpn_route r = {.key = m->key, .set = m->after, .peer = m->peer_after};
		struct af_key same;
		if (x->stamps != stamp) // an errand may have moved this very route
			r.set = rib_best(exchange_public(x), outer, m->number, &same, &r.peer);
		count_live(x->errands[i], true, tie_take(x->errands[i], &r));
	}
	x->errand_count = first;
}

// Nothing stood there before: so nothing was given, and unless there is something now there is
// nothing to do.
static void inner_moved(struct tie *t, const struct rib_move *m)
{
	struct af_key key;
	uint16_t peer;
	const struct attr_set *own = rib_best_own(t->rib, t->inner, m->number, &key, &peer);

	t->best_moved += m->before != m->after || m->peer_before != m->peer_after;
	if (own || m->before)
		count_live(t, false, tie_give(t, m->key, own));
}

void exchange_moved(struct exchange *x, uint16_t instance, const struct af *af,
		    const struct rib_move *m)
{
	struct tie *t;

	if (!instance && af->props & AF_TARGETED) {
		outer_moved(x, af, m);
	} else {
		t = instance ? exchange_tie(x, instance, af) : NULL;
		if (!t || !t->rib)
			return;
		inner_moved(t, m);
	}
	arena_reset(&x->arena);
}

void exchange_live_counts(const struct exchange *x, uint16_t instance, const struct af *inner,
			  bool import, struct sweep_counts *ret)
{
	const struct tie *t = exchange_tie(x, instance, inner);

	*ret = t ? t->live[import] : (struct sweep_counts){0};
}

void exchange_totals(const struct exchange *x, struct exchange_totals *ret)
{
	*ret = (struct exchange_totals){0};
	for (unsigned i = 0; i < AF_MAX; i++) {
		const struct target_index *index = x->indexes[i];
		if (!index)
			continue;
		ret->targets += index->targets.count;
		ret->places += (uint32_t)index->places;
		ret->bytes += target_index_bytes(index);
	}
}
