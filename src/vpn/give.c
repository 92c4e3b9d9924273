// From an instance into the VPN table: the best path that was not lent to it leaves under the link's
// distinguisher, as a route of this speaker. What it carries then:
//   - route targets that a CE has set are taken off (RFC 4364 4.3.1: a CE may set no others than it
//     is allowed to, and none is configured to be); a site of origin and the rest stay
//   - the link's communities are put on: export targets, and those of RFC 6514 section 7. A route of
//     ours that says where it goes (a C-multicast route goes to one PE, RFC 6514 11.1.3) keeps its
//     own targets instead
//   - then the instance's export policy runs: `apply extcommunity rt` puts other targets in the
//     place of the export targets, with `additive` it adds to them, as in VRP
//   - what of the link's communities are no targets no policy takes away
//   - PrefVal, ORIGINATOR_ID and CLUSTER_LIST mean nothing beyond the instance
//
// An older distinguisher may by now be another instance's: what stands under it then is that one's.
#include "vpn/private.h"

#include <string.h>

#include "base/mem.h"

// --- attributes -------------------------------------------------------------------------------------
static bool drops_target(const uint8_t *v, void *arg)
{
	return is_vpn_target(v);
}

static struct span values_of(const struct attrs *as)
{
	const struct attr *a = attrs_find(as, ATTR_EXT_COMMUNITY);

	return a ? (struct span){a->value, a->len} : (struct span){0};
}

static void values_put(struct attrs *as, struct span v)
{
	if (v.len && v.len <= UINT16_MAX)
		attrs_put(as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, v.p, v.len);
	else if (!v.len)
		attrs_drop(as, ATTR_EXT_COMMUNITY);
}

static struct span link_values(const struct vpn_link *l)
{
	return (struct span){(const uint8_t *)l->communities, l->community_count * 8};
}

static bool has_targets(struct span v)
{
	for (size_t at = 0; at + 8 <= v.len; at += 8)
		if (is_vpn_target(v.p + at))
			return true;
	return false;
}

enum rib_bar tie_let_out(const struct tie *t, const struct af_key *key, struct attrs *as,
			 const struct policy_observer *observer)
{
	static const struct policy_context nobody;
	struct arena *a = &t->exchange->arena;
	struct span put = link_values(&t->link), had = values_of(as);

	if (as->local.source == SOURCE_LOCAL && !as->local.aggregated && has_targets(had))
		put = communities_without(a, put, 8, drops_target, NULL);
	else if (had.len)
		had = communities_without(a, had, 8, drops_target, NULL);
	values_put(as, communities_union(a, had, put, 8));
	attrs_drop(as, ATTR_ORIGINATOR_ID);
	attrs_drop(as, ATTR_CLUSTER_LIST);
	as->local = (struct attr_local){.source = SOURCE_LOCAL, .preference = as->local.preference};
	if (!t->link.export)
		return BAR_NONE;
	memcpy(as->local.rd, t->link.rd, 8); // an rd-filter may ask for it
	if (!policy_explain(t->link.export, &nobody, key, as, a, observer))
		return BAR_POLICY;
	if (put.len)
		put = communities_without(a, put, 8, drops_target, NULL);
	values_put(as, communities_union(a, values_of(as), put, 8));
	return BAR_NONE;
}

static uint32_t label_for(struct tie *t, const struct af_key *key)
{
	uint32_t label = t->link.label_per_route ? label_of(t, key) : 0;

	return label ? label : t->link.label;
}

// --- lending ----------------------------------------------------------------------------------------
static enum rib_lending lend(struct tie *t, const struct af_key *key, const uint8_t rd[8],
			     const struct attrs *as)
{
	struct rib *r = exchange_public(t->exchange);
	struct af_key outer;

	if (!r)
		return LENDING_EQUAL;
	t->outer->from_inner(key, rd, &outer);
	return rib_lend(r, t->outer, &outer, rd, as);
}

static enum rib_lending give(struct tie *t, const struct af_key *key, const struct attr_set *set)
{
	struct attrs as;
	bool out = false;

	if (set && t->link.present) {
		attr_open(set, &as);
		out = !tie_let_out(t, key, &as, NULL);
	}
	if (out)
		as.local.label = label_for(t, key);
	t->gave = t->gave || out;
	enum rib_lending lending = LENDING_EQUAL;
	if (t->link.present)
		lending = lend(t, key, t->link.rd, out ? &as : NULL);
	if (!out || !t->link.label_per_route)
		label_release(t, key);
	return lending;
}

// --- older distinguishers ---------------------------------------------------------------------------
static struct tie *owner_of(const struct exchange *x, const struct af *inner, const uint8_t rd[8])
{
	for (unsigned i = 0; i < x->place_count; i++) {
		struct tie *t = x->places[i] ? x->places[i]->ties[af_index(inner)] : NULL;
		if (t && t->rib && t->link.present && !memcmp(t->link.rd, rd, 8))
			return t;
	}
	return NULL;
}

static void give_own(struct tie *t, const struct af_key *key)
{
	uint32_t number = rib_number(t->rib, t->inner, key);
	struct af_key same;
	uint16_t peer;

	give(t, key, rib_best_own(t->rib, t->inner, number, &same, &peer));
}

static enum rib_lending take_back(struct tie *t, const struct af_key *key, const uint8_t rd[8])
{
	struct tie *owner = owner_of(t->exchange, t->inner, rd);

	if (!owner)
		return lend(t, key, rd, NULL);
	give_own(owner, key);
	return LENDING_EQUAL;
}

enum rib_lending tie_give(struct tie *t, const struct af_key *key, const struct attr_set *set)
{
	bool gone = false;

	if (!set && !t->gave)
		return LENDING_EQUAL;
	for (unsigned i = 0; i < t->rd_count; i++)
		gone |= take_back(t, key, t->rds[i]) == LENDING_GONE;
	enum rib_lending lending = give(t, key, set);
	if (!gone || lending == LENDING_CHANGED)
		return lending;
	return lending == LENDING_EQUAL ? LENDING_GONE : LENDING_CHANGED;
}

void tie_give_nothing(struct tie *t)
{
	uint32_t end = t->rib ? rib_numbers(t->rib, t->inner) : 0;
	struct af_key key;
	uint16_t peer;

	for (uint32_t n = 1; t->gave && n < end; n++) {
		if (!rib_best_own(t->rib, t->inner, n, &key, &peer))
			continue;
		tie_give(t, &key, NULL);
		arena_reset(&t->exchange->arena);
	}
	tie_settle_rds(t);
	t->gave = false;
}

void tie_settle_rds(struct tie *t)
{
	mem_free(t->rds);
	t->rds = NULL;
	t->rd_count = 0;
}
