// From a VPN table into an instance: a best path that carries one of the link's targets, and that the
// import policy lets pass, is lent to the instance's table under its inner key. Source, originator,
// targets and well-known communities stay as they are: for the decision a route of an internal peer
// stays one. RFC 4364 section 4.3.1.
#include "vpn/private.h"

#include <string.h>

static const uint8_t no_rd[8];

static const uint8_t *rd_of(const struct tie *t, const struct af_key *key)
{
	return t->outer->rd ? t->outer->rd(key) : no_rd;
}

// What the instance itself gave never comes back; what others gave under its distinguisher only if
// the link says so.
static enum rib_bar unwelcome(const struct tie *t, const struct vpn_route *r)
{
	const uint8_t *own = t->link.rd;

	if (r->peer == RIB_LENT && !memcmp(r->set->local.rd, own, 8))
		return BAR_OWN_ROUTE;
	if (!t->link.takes_own && !memcmp(rd_of(t, r->key), own, 8))
		return BAR_OWN_DISTINGUISHER;
	return BAR_NONE;
}

static enum rib_bar not_named(const struct tie *t, const struct attr_set *set)
{
	const struct vpn_targets targets = {t->link.targets, t->link.target_count};

	if (!t->link.present)
		return BAR_NO_LINK;
	return vpn_targets_meet(&targets, set) ? BAR_NONE : BAR_NO_TARGET;
}

enum rib_bar tie_let_in(const struct tie *t, const struct vpn_route *r, const struct af_key *inner,
			struct attrs *ret, const struct policy_observer *observer)
{
	static const struct policy_context nobody;
	enum rib_bar bar = r->set ? not_named(t, r->set) : BAR_NO_PATH;

	if (!bar)
		bar = unwelcome(t, r);
	if (bar)
		return bar;
	attr_open(r->set, ret);
	memcpy(ret->local.rd, rd_of(t, r->key), 8); // an rd-filter may ask for it
	if (t->link.import &&
	    !policy_explain(t->link.import, &nobody, inner, ret, &t->exchange->arena, observer))
		return BAR_POLICY;
	return BAR_NONE;
}

enum rib_lending tie_take(struct tie *t, const struct vpn_route *r)
{
	struct attrs as;
	struct af_key inner;

	if (!t->rib)
		return LENDING_EQUAL;
	t->outer->to_inner(r->key, &inner);
	bool in = !tie_let_in(t, r, &inner, &as, NULL);
	return rib_lend(t->rib, t->inner, &inner, rd_of(t, r->key), in ? &as : NULL);
}
