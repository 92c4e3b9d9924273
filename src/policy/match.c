// if-match clauses on a route's attributes. Only the key is not asked here: clauses about what a
// family's keys hold are left to the caller as tests.
//
// Clauses of the `ip` form let routes of wide families pass and those of the `ipv6` form the
// others. What this speaker's routes never have (outgoing interfaces, group addresses, IGP
// route types) never matches, and neither does what a family's routes do not have: distinguishers,
// types, labels. A route that another table lends keeps the distinguisher it has there. Origin validation has no data: every state is not-found.
#include "policy/program.h"

#include <string.h>

#include "af/rd.h"

static struct span value_of(const struct attrs *as, uint8_t type)
{
	const struct attr *a = attrs_find(as, type);

	return a ? (struct span){a->value, a->len} : (struct span){0};
}

bool stage_matches(const struct stage *s, const struct attrs *as, struct match_scratch *scratch)
{
	if (s->kind == STAGE_TARGETS)
		return targets_permit(s->object, value_of(as, ATTR_EXT_COMMUNITY));
	if (s->kind == STAGE_VALUES)
		return value_filter_permits(s->object, value_of(as, ATTR_EXT_COMMUNITY), false,
					    scratch);
	return path_filter_permits(s->object, value_of(as, ATTR_AS_PATH), scratch);
}

static bool other_width(const struct policy_program *p, const struct clause *c)
{
	return c->wide != (p->af->prefix_bits == 128);
}

bool clause_is_test(const struct policy_program *p, const struct clause *c)
{
	if (c->always)
		return false;
	switch (c->kind) {
	case MATCH_PREFIX:
		return p->af->prefix_bits && !other_width(p, c);
	case MATCH_RD:
		return p->af->rd;
	case MATCH_KEY_TYPE:
		return p->af->route_type;
	default:
		return false;
	}
}

bool clause_same_kind(const struct clause *a, const struct clause *b)
{
	return a->kind == b->kind && a->wide == b->wide;
}

// An address as a filter sees it: of full length, but the zero address has length 0.
static bool address_permitted(const struct clause *c, const struct ip *ip)
{
	const struct key_test *t = (const struct key_test *)c->filter;

	if (ip->bits != (c->wide ? 128 : 32))
		return false;
	struct prefix_words p = prefix_words_of(ip->b, ip->bits, ip_is_zero(ip) ? 0 : ip->bits);
	return t->permits(t, &p);
}

static bool next_hop_matches(const struct route_state *s, const struct clause *c)
{
	struct span v = value_of(s->attrs, ATTR_NEXT_HOP);

	if (v.len != 4 && v.len != 16 && v.len != 32) // 32: the global address comes first
		return false;
	struct ip ip = ip_from_bytes(v.p, v.len == 4 ? 32 : 128);
	return address_permitted(c, &ip);
}

// Who advertised the route: on import the peer; on export the peer that it was learned from, known
// by its router identifier only.
static bool source_matches(const struct route_state *s, const struct clause *c)
{
	struct ip ip =
		s->program->import ? s->context->peer : ip_from_u32(s->attrs->local.originator);

	return address_permitted(c, &ip);
}

static bool address_matches(const struct route_state *s, const struct clause *c)
{
	if (other_width(s->program, c))
		return true;
	if (c->kind == MATCH_GROUP_ADDRESS)
		return false;
	if (c->always)
		return true;
	return c->kind == MATCH_NEXT_HOP ? next_hop_matches(s, c) : source_matches(s, c);
}

static bool route_type_matches(const struct route_state *s, const struct clause *c)
{
	switch (s->attrs->local.source) {
	case SOURCE_EBGP:
	case SOURCE_CONFED:
		return c->low == ROUTE_TYPE_EBGP;
	case SOURCE_IBGP:
	case SOURCE_IBGP_CLIENT:
		return c->low == ROUTE_TYPE_IBGP;
	default:
		return false;
	}
}

static bool within(const struct clause *c, uint32_t v)
{
	return v >= c->low && v <= c->high;
}

static bool number_matches(const struct route_state *s, const struct clause *c)
{
	struct span path = value_of(s->attrs, ATTR_AS_PATH);
	uint32_t med = 0;

	switch (c->kind) {
	case MATCH_PATH_LENGTH:
		return within(c, as_path_length(path.p, path.len));
	case MATCH_COST:
		attrs_u32(s->attrs, ATTR_MED, &med);
		return within(c, med);
	case MATCH_PREFERENCE:
		return within(c, s->attrs->local.preference ? s->attrs->local.preference : 255);
	default:
		return within(c, s->tag);
	}
}

static bool lent_matches(const struct route_state *s, const struct clause *c)
{
	static const uint8_t none[RD_SIZE];
	const uint8_t *rd = s->attrs->local.rd;

	return memcmp(rd, none, RD_SIZE) != 0 && rd_filter_permits(c->filter, rd);
}

bool clause_matches(const struct route_state *s, const struct clause *c)
{
	switch (c->kind) {
	case MATCH_PREFIX:
		return !clause_is_test(s->program, c); // of the other width, or always
	case MATCH_RD:
		return c->always || lent_matches(s, c);
	case MATCH_NEXT_HOP:
	case MATCH_ROUTE_SOURCE:
	case MATCH_GROUP_ADDRESS:
		return address_matches(s, c);
	case MATCH_PATH_FILTER:
		return c->always ||
		       path_filter_permits(c->filter, value_of(s->attrs, ATTR_AS_PATH), s->scratch);
	case MATCH_COMMUNITY:
		return c->always ||
		       value_filter_permits(c->filter, value_of(s->attrs, ATTR_COMMUNITY), c->whole,
					    s->scratch);
	case MATCH_LARGE_COMMUNITY:
		return c->always ||
		       value_filter_permits(c->filter, value_of(s->attrs, ATTR_LARGE_COMMUNITY),
					    c->whole, s->scratch);
	case MATCH_EXT_COMMUNITY:
	case MATCH_SOO:
		return c->always ||
		       value_filter_permits(c->filter, value_of(s->attrs, ATTR_EXT_COMMUNITY),
					    c->whole, s->scratch);
	case MATCH_PATH_LENGTH:
	case MATCH_COST:
	case MATCH_PREFERENCE:
	case MATCH_TAG:
		return number_matches(s, c);
	case MATCH_PROTOCOL:
		return c->low & PROTOCOL_BGP;
	case MATCH_ROUTE_TYPE:
		return route_type_matches(s, c);
	case MATCH_RPKI:
		return c->low == RPKI_NOT_FOUND;
	case MATCH_MPLS_LABEL:
		return s->attrs->local.label;
	case MATCH_KEY_TYPE:
	case MATCH_INTERFACE:
	case MATCH_KINDS:
		break;
	}
	return false;
}

const char *clause_name(const struct clause *c)
{
	static const char *const names[MATCH_KINDS] = {
		[MATCH_NEXT_HOP] = "next-hop",
		[MATCH_ROUTE_SOURCE] = "route-source",
		[MATCH_GROUP_ADDRESS] = "group-address",
		[MATCH_PATH_FILTER] = "as-path-filter",
		[MATCH_PATH_LENGTH] = "as-path length",
		[MATCH_COMMUNITY] = "community-filter",
		[MATCH_LARGE_COMMUNITY] = "large-community-filter",
		[MATCH_EXT_COMMUNITY] = "extcommunity-filter",
		[MATCH_SOO] = "extcommunity-list soo",
		[MATCH_COST] = "cost",
		[MATCH_PREFERENCE] = "preference",
		[MATCH_TAG] = "tag",
		[MATCH_PROTOCOL] = "protocol",
		[MATCH_ROUTE_TYPE] = "route-type",
		[MATCH_KEY_TYPE] = "route-type mvpn",
		[MATCH_RD] = "rd-filter",
		[MATCH_RPKI] = "rpki origin-as-validation",
		[MATCH_INTERFACE] = "interface",
		[MATCH_MPLS_LABEL] = "mpls-label",
	};

	if (c->kind == MATCH_PREFIX) {
		if (c->filter && c->filter->kind == OBJECT_ACL)
			return c->wide ? "ipv6 address acl" : "acl";
		return c->wide ? "ipv6 address prefix-list" : "ip-prefix";
	}
	return names[c->kind];
}
