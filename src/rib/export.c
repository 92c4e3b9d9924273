// Export: how a best path's attributes look to an update group. Remembered per set in the group's
// memo (policy/memo.h), in three steps:
//   before  who may be told at all: RFC 4271 9.2 and RFC 4456 section 6 (internal routes), RFC 1997
//           (well-known communities)
//   policy  sees the route as it stands in the Loc-RIB, with LOCAL_PREF made explicit
//   after   what leaving towards this kind of peer does: RFC 4271 5.1, RFC 5065, RFC 4456 section 8,
//           RFC 4360 section 6, and VRP's per-peer words
//
// A value that the policy has set is told from one that came with the route by where it lies: the
// latter still lies in the set's own bytes. MULTI_EXIT_DISC of a neighbouring AS does not leave
// (5.1.4) and the next hop becomes ours (5.1.3) unless the policy has set them. A route whose NLRI
// carries a label takes that of the peer along, or gets one of ours together with our next hop
// (rib/label.h).
#include "rib/group.h"

#include <string.h>

#include "base/mem.h"
#include "rib/label.h"

struct leaving {
	struct update_group *group;
	const struct rib_export *e;
	const struct rib_options *o;
	const struct attr_set *set;
	struct attrs *as;
	struct arena *a;
};

static bool is_internal(uint8_t source)
{
	return source == SOURCE_IBGP || source == SOURCE_IBGP_CLIENT;
}

static bool is_reflected(const struct leaving *x)
{
	return is_internal(x->set->local.source) && is_internal(x->e->kind);
}

// --- before ---------------------------------------------------------------------------------------
static bool may_reflect(const struct leaving *x)
{
	bool from_client = x->set->local.source == SOURCE_IBGP_CLIENT;
	bool to_client = x->e->kind == SOURCE_IBGP_CLIENT;

	if (from_client && to_client)
		return x->o->reflect_between_clients;
	return from_client || to_client;
}

// RFC 4364 section 7: what comes from a site does not go back there by another link.
static bool is_from_site(const struct rib_export *e, const struct attrs *as)
{
	const struct attr *a = e->has_site ? attrs_find(as, ATTR_EXT_COMMUNITY) : NULL;

	return a && communities_have(a, 8, e->site);
}

static enum rib_bar bar_of_community(const struct leaving *x)
{
	const struct attr_set *set = x->set;

	if (set->has & ATTR_HAS_NO_ADVERTISE)
		return BAR_NO_ADVERTISE;
	if (x->e->kind == SOURCE_EBGP && set->has & ATTR_HAS_NO_EXPORT)
		return BAR_NO_EXPORT;
	if ((x->e->kind == SOURCE_EBGP || x->e->kind == SOURCE_CONFED) &&
	    set->has & ATTR_HAS_NO_EXPORT_SUBCONFED)
		return BAR_NO_EXPORT_SUBCONFED;
	return BAR_NONE;
}

enum rib_bar export_before(struct update_group *g, const struct attr_set *set, struct attrs *as,
			   struct arena *a)
{
	struct leaving x = {.group = g, .e = &g->key.export, .o = g->family->options, .set = set};
	enum rib_bar bar = bar_of_community(&x);

	if (bar)
		return bar;
	if (is_reflected(&x) && !may_reflect(&x))
		return BAR_REFLECTION;
	if (is_from_site(x.e, as))
		return BAR_SITE;
	if (!(set->has & ATTR_HAS_LOCAL_PREF) && x.e->kind != SOURCE_EBGP)
		attrs_put_u32(as, a, ATTR_LOCAL_PREF,
			      x.o->default_local_pref ? x.o->default_local_pref : set->local_pref);
	if (set->local.source == SOURCE_LOCAL && !(set->has & ATTR_HAS_MED) && x.o->default_med)
		attrs_put_u32(as, a, ATTR_MED, x.o->default_med);
	return BAR_NONE;
}

static bool before(void *arg, const struct attr_set *set, struct attrs *as, struct arena *a)
{
	return !export_before(arg, set, as, a);
}

// --- after: AS_PATH -------------------------------------------------------------------------------
struct private_numbers {
	uint32_t spared;   // the peer's own AS
	bool leading_only; // stop at the first public one
	bool public_seen;
};

static bool keep_public(uint32_t as, void *arg)
{
	struct private_numbers *p = arg;

	if (rib_as_is_private(as) && as != p->spared && !(p->leading_only && p->public_seen))
		return false;
	p->public_seen = p->public_seen || !rib_as_is_private(as);
	return true;
}

static bool any_public(const uint8_t *p, size_t n)
{
	struct cursor c = cursor_of(p, n), numbers;
	uint8_t segment;

	while (as_path_next(&c, &segment, &numbers))
		while (cursor_left(&numbers))
			if (!rib_as_is_private(cursor_u32(&numbers)))
				return true;
	return false;
}

static struct span replace_private(struct leaving *x, struct span path, struct private_numbers *p)
{
	uint8_t *copy = arena_copy(x->a, path.p, path.len);
	struct cursor c = cursor_of(copy, path.len), numbers;
	uint8_t segment;

	while (as_path_next(&c, &segment, &numbers)) {
		while (cursor_left(&numbers)) {
			uint8_t *at = copy + (numbers.p - copy);
			if (keep_public(cursor_u32(&numbers), p))
				continue;
			for (unsigned i = 0; i < 4; i++)
				at[i] = (uint8_t)(x->e->local_as >> (24 - 8 * i));
		}
	}
	return (struct span){.p = copy, .len = path.len};
}

static struct span public_only(struct leaving *x, struct span path)
{
	uint8_t mode = x->e->public_as_only & RIB_PUBLIC_AS_MODE;
	struct private_numbers p = {.leading_only = mode == RIB_PUBLIC_AS_LIMITED};

	if (!mode || (mode == RIB_PUBLIC_AS_PLAIN && any_public(path.p, path.len)))
		return path;
	if (!(x->e->public_as_only & RIB_PUBLIC_AS_PEER_TOO))
		p.spared = x->e->peer_as;
	if (x->e->public_as_only & RIB_PUBLIC_AS_REPLACE)
		return replace_private(x, path, &p);
	return as_path_filter(x->a, path.p, path.len, keep_public, &p);
}

static void leave_path(struct leaving *x)
{
	const struct attr *a = attrs_find(x->as, ATTR_AS_PATH);
	struct span path = {0};
	const struct rib_export *e = x->e;

	if (a)
		path = (struct span){.p = a->value, .len = a->len};
	if (e->kind == SOURCE_EBGP) {
		if (as_path_has_confed(path.p, path.len))
			path = as_path_without_confed(x->a, path.p, path.len);
		if (e->substitute_as)
			path = as_path_replace(x->a, path.p, path.len, e->peer_as, e->local_as);
		path = public_only(x, path);
	}
	if ((e->kind == SOURCE_EBGP && !e->route_server) || e->kind == SOURCE_CONFED) {
		uint8_t segment = e->kind == SOURCE_CONFED ? AS_CONFED_SEQUENCE : AS_SEQUENCE;
		if (e->prepend_too)
			path = as_path_prepend(x->a, path.p, path.len, e->prepend_too, 1, segment);
		path = as_path_prepend(x->a, path.p, path.len, e->local_as, 1, segment);
	}
	attrs_put(x->as, ATTR_AS_PATH, ATTR_TRANSITIVE, path.p, path.len);
}

// --- after: next hop ------------------------------------------------------------------------------
static bool set_by_policy(const struct leaving *x, const struct attr *a)
{
	return a->value < x->set->bytes || a->value >= x->set->bytes + x->set->len;
}

static bool all_zero(const struct attr *a)
{
	for (unsigned i = 0; i < a->len; i++)
		if (a->value[i])
			return false;
	return true;
}

static uint32_t props(const struct leaving *x)
{
	return x->group->family->af->props;
}

// A family of 32-bit prefixes takes a 4-byte next hop, and a 16-byte one when that was agreed on
// (RFC 8950); one of 128-bit prefixes 16 bytes. Some do not care (AF_NH_ANY).
static bool next_hop_possible(const struct leaving *x, const struct attr *a)
{
	if (props(x) & AF_NH_ANY)
		return true;
	if (props(x) & AF_WIDE)
		return a->len >= 16;
	return a->len == 4 || x->group->key.extended_next_hop;
}

// Lent by another table, whose next hops mean nothing in this one.
static bool is_lent(const struct leaving *x)
{
	static const uint8_t none[sizeof(x->set->local.rd)];

	return memcmp(x->set->local.rd, none, sizeof(none)) != 0;
}

// RFC 4684 3.2 (i): a membership that is told to a client is our own wish towards it, so that not
// even the client it came from throws it away.
static bool asks_client(const struct leaving *x)
{
	return props(x) & AF_MEMBERSHIP && x->e->kind == SOURCE_IBGP_CLIENT;
}

static bool next_hop_stays(const struct leaving *x, const struct attr *hop)
{
	bool typed = props(x) & AF_TYPED;

	if (!hop || all_zero(hop) || !next_hop_possible(x, hop) || asks_client(x))
		return false;
	if (set_by_policy(x, hop))
		return true;
	if (typed && (is_reflected(x) ||
		      (x->set->local.source == SOURCE_LOCAL && x->e->kind != SOURCE_EBGP)))
		return true; // RFC 6514 9.1.1 and 9.2.3.4: it is part of what the route says
	if (is_lent(x) && !typed)
		return false;
	if (x->set->local.source == SOURCE_LOCAL)
		return x->e->next_hop == NEXT_HOP_INVARIABLE;
	if (x->e->next_hop == NEXT_HOP_INVARIABLE || x->e->route_server)
		return true;
	if (x->e->kind == SOURCE_EBGP)
		return false;
	return x->e->next_hop == NEXT_HOP_DEFAULT || is_reflected(x);
}

// Our own address in the width of the family. 128-bit prefixes over an IPv4 session take the
// IPv4-mapped form of the session's address (RFC 4659 3.2.1.2); 32-bit ones over an IPv6 session
// without RFC 8950 have nothing better than the router identifier (a policy may set a true next
// hop).
static void put_own_next_hop(struct leaving *x)
{
	const struct ip *own = &x->group->key.local;
	bool any = props(x) & AF_NH_ANY, wide = props(x) & AF_WIDE;
	uint8_t b[16] = {0};
	unsigned n = 16;

	if (own->bits == 128 && (any || wide || x->group->key.extended_next_hop)) {
		memcpy(b, own->b, 16);
	} else if (wide && !any) {
		b[10] = b[11] = 0xff;
		memcpy(b + 12, own->b, 4);
	} else {
		struct ip id = ip_from_u32(x->o->router_id);
		memcpy(b, own->bits == 32 ? own->b : id.b, n = 4);
	}
	attrs_put(x->as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, arena_copy(x->a, b, n), n);
}

// Traffic for a label that a peer gave comes to us from now on (RFC 4364 section 10 b). What is our
// own carries a label of ours already.
static bool leave_label(struct leaving *x)
{
	const struct attr_set *set = x->set;
	struct span hop = {0};

	if (!(props(x) & AF_LABELED) || set->local.source == SOURCE_LOCAL)
		return true;
	if (set->nexthop_size > 3)
		hop = (struct span){.p = set->bytes + set->nexthop_at + 3,
				    .len = set->nexthop_size - 3u};
	x->as->local.label = label_of_ours(x->group->family->rib, hop, set->local.label);
	return x->as->local.label != 0;
}

// false: there is no label left.
static bool leave_next_hop(struct leaving *x)
{
	const struct attr *hop = attrs_find(x->as, ATTR_NEXT_HOP);

	if (!next_hop_stays(x, hop)) {
		put_own_next_hop(x);
		return leave_label(x);
	}
	if (hop->len == 32) // the link-local one means nothing farther on (RFC 2545 section 3)
		attrs_put(x->as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, hop->value, 16);
	return true;
}

// --- after: the rest ------------------------------------------------------------------------------
static void leave_reflection(struct leaving *x)
{
	uint32_t own = x->o->cluster_id ? x->o->cluster_id : x->o->router_id;
	const struct attr *old = attrs_find(x->as, ATTR_CLUSTER_LIST);
	size_t n = old ? old->len : 0;

	if (asks_client(x))
		attrs_put_u32(x->as, x->a, ATTR_ORIGINATOR_ID, x->o->router_id);
	if (!is_reflected(x))
		return;
	if (!attrs_find(x->as, ATTR_ORIGINATOR_ID))
		attrs_put_u32(x->as, x->a, ATTR_ORIGINATOR_ID, x->set->originator);
	uint8_t *list = arena_alloc(x->a, n + 4);
	for (unsigned i = 0; i < 4; i++)
		list[i] = (uint8_t)(own >> (24 - 8 * i));
	if (old)
		memcpy(list + 4, old->value, n);
	attrs_put(x->as, ATTR_CLUSTER_LIST, ATTR_OPTIONAL, list, n + 4);
}

static bool is_non_transitive(const uint8_t *value, void *arg)
{
	return value[0] & 0x40;
}

static void leave_ext_community(struct leaving *x, uint8_t type, unsigned width)
{
	const struct attr *a = attrs_find(x->as, type);

	if (!a)
		return;
	if (!x->e->ext_community && !(props(x) & AF_TARGETED)) {
		attrs_drop(x->as, type);
	} else if (x->e->kind == SOURCE_EBGP) {
		struct span all = {.p = a->value, .len = a->len};
		struct span s = communities_without(x->a, all, width, is_non_transitive, NULL);
		if (!s.len)
			attrs_drop(x->as, type);
		else if (s.len != all.len)
			attrs_put(x->as, type, a->flags, s.p, s.len);
	}
}

static void leave_communities(struct leaving *x)
{
	if (!x->e->community)
		attrs_drop(x->as, ATTR_COMMUNITY);
	if (!x->e->large_community)
		attrs_drop(x->as, ATTR_LARGE_COMMUNITY);
	leave_ext_community(x, ATTR_EXT_COMMUNITY, 8);
	leave_ext_community(x, ATTR_IPV6_EXT_COMMUNITY, 20);
}

// RFC 4271 section 5: optional transitive attributes that we do not know pass with the Partial bit;
// non-transitive ones do not leave the AS.
static void leave_optional(struct leaving *x)
{
	struct attrs *as = x->as;

	for (unsigned i = as->count; i-- > 0;) {
		struct attr *a = &as->a[i];
		if (!(a->flags & ATTR_OPTIONAL))
			continue;
		if (a->flags & ATTR_TRANSITIVE) {
			if (!attr_row(a->type))
				a->flags |= ATTR_PARTIAL;
		} else if (x->e->kind == SOURCE_EBGP && a->type != ATTR_MED) {
			attrs_drop(as, a->type);
		}
	}
}

static void leave_med(struct leaving *x)
{
	const struct attr *med = attrs_find(x->as, ATTR_MED);

	if (med && x->e->kind == SOURCE_EBGP && !x->e->route_server &&
	    x->set->local.source != SOURCE_LOCAL && !set_by_policy(x, med))
		attrs_drop(x->as, ATTR_MED);
}

enum rib_bar export_after(struct update_group *g, const struct attr_set *set, struct attrs *as,
			  struct arena *a)
{
	struct leaving x = {.group = g,
			    .e = &g->key.export,
			    .o = g->family->options,
			    .set = set,
			    .as = as,
			    .a = a};

	leave_med(&x);
	leave_reflection(&x);
	leave_path(&x);
	if (!leave_next_hop(&x))
		return BAR_NO_LABEL;
	leave_communities(&x);
	leave_optional(&x);
	if (x.e->kind == SOURCE_EBGP)
		attrs_drop(as, ATTR_LOCAL_PREF);
	if (!attrs_find(as, ATTR_ORIGIN))
		attrs_put_u8(as, a, ATTR_ORIGIN, ORIGIN_INCOMPLETE);
	as->local = (struct attr_local){.label = props(&x) & AF_LABELED ? as->local.label : 0};
	return BAR_NONE;
}

static bool after(void *arg, const struct attr_set *set, struct attrs *as, struct arena *a)
{
	return !export_after(arg, set, as, a);
}

struct policy_context export_context(const struct update_group *g)
{
	const struct rib_export *e = &g->key.export;

	return (struct policy_context){.peer = e->peer,
				       .local = g->key.local,
				       .peer_as = e->peer_as,
				       .local_as = e->local_as};
}

struct memo *export_memo(struct update_group *g)
{
	const struct memo_ops ops = {.before = before, .after = after, .arg = g};
	struct policy_context x = export_context(g);

	return memo_new(&g->family->attrs, g->key.export.program, &x, &ops);
}

// --- default-route-advertise ----------------------------------------------------------------------
uint32_t export_default_attr(struct update_group *g, const struct af_key *key)
{
	static const uint8_t igp = ORIGIN_IGP;
	struct attr_table *t = &g->family->attrs;
	struct arena *a = &g->family->rib->arena;
	struct policy_program *program = g->key.export.default_route_program;
	struct policy_context x = export_context(g);
	struct attrs as = {.local.source = SOURCE_LOCAL};

	arena_reset(a);
	attrs_put(&as, ATTR_ORIGIN, ATTR_TRANSITIVE, &igp, 1);
	attrs_put(&as, ATTR_AS_PATH, ATTR_TRANSITIVE, NULL, 0);
	uint32_t base = attr_intern(t, &as), out = 0;
	attr_open(attr_at(t, base), &as);
	bool told = before(g, attr_at(t, base), &as, a);
	if (told && program)
		told = policy_run_route(program, &x, key, &as, a);
	if (told && after(g, attr_at(t, base), &as, a))
		out = attr_intern(t, &as);
	attr_unref(t, base);
	return out;
}

// The route to everywhere; of memberships, the one in all targets (RFC 4684 section 5).
bool export_default_key(const struct af *af, struct af_key *ret)
{
	static const uint8_t any[8];
	struct ip zero = {.bits = af->prefix_bits};

	if (af->props & AF_MEMBERSHIP)
		af->from_target(any, 0, 0, ret);
	else if (af->props & AF_ORIGINATE && af->props & AF_PREFIX)
		af->from_prefix(&zero, 0, ret);
	else
		return false;
	return true;
}

void export_default(struct update_group *g)
{
	struct family *f = g->family;
	uint32_t old = g->default_destination;
	struct af_key key = {0};

	family_forget(f, g->default_attr);
	g->default_attr = g->default_destination = 0;
	if (g->key.export.default_route && export_default_key(f->af, &key)) {
		g->default_destination = table_add(&f->table, &key, af_key_hash(f->af, &key));
		g->default_attr = export_default_attr(g, &key);
		destination_hold(f, g->default_destination);
	}
	if (old)
		group_route(g, old);
	if (g->default_destination && g->default_destination != old)
		group_route(g, g->default_destination);
	if (old)
		destination_release(f, old);
}
