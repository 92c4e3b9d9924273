// Statements about a peer or a group in one address family: whether it is spoken, policies, what is
// kept, what is sent. They stand in the families' views; those of the classic family can be typed
// in the BGP view too.
#include "model/peer.h"

#include <string.h>

static struct peer_family *family_of(const struct taking *t)
{
	return &t->peer->config.family[af_index(t->af)];
}

static struct family_take *names_of(const struct taking *t)
{
	return &t->peer->family[af_index(t->af)];
}

// --- enable -----------------------------------------------------------------------------------------
static void take_enable(struct taking *t, const struct conf_line *l)
{
	names_of(t)->enabled = !l->undo;
}
const struct meaning means_enable = {.take = take_enable};

// Would a new peer of that address speak the family by itself? In a VPN instance: the family in
// whose view it is made.
bool enabled_by_default(const struct scope *s, const struct af *af, const char *peer)
{
	const struct conf_node *view = s->instance ? scope_family(s, af) : NULL;
	struct ip ip;

	if (s->instance)
		return peer_line(view, peer, &means_as) || peer_line(view, peer, &means_member);
	return af->props & AF_DEFAULT_ON && ip_parse(peer, &ip) && af->prefix_bits == ip.bits;
}

// Does a group say that the peer speaks the family?
static bool enabled_by_group(const struct scope *s, const char *peer, const struct af *af)
{
	const struct conf_node *view = scope_family(s, af);
	const char *group = group_of(view, peer);
	const struct conf_line *of_group;

	if (!group)
		group = scope_group(s, peer);
	of_group = group ? peer_line(view, group, &means_enable) : NULL;
	return of_group && !of_group->undo;
}

static struct conf_line *enable_line(const char *peer, const struct row *row, bool undo)
{
	struct ip ip = {0};
	const char *param = "group-name";

	if (ip_parse(peer, &ip))
		param = ip.bits == 32 ? "ipv4-address" : "ipv6-address";
	const struct conf_word words[] = {
		{"peer", NULL, false, false},
		{peer, param, strpbrk(peer, " #!") != NULL, false},
		{"enable", NULL, false, false},
	};
	return conf_line_new(row, undo, words, 3);
}

// `undo peer X enable` is kept where the peer would speak the family otherwise.
static bool apply_enable(struct conf_edit *e)
{
	const char *peer = line_peer(e->line);
	const struct af *af = edit_family(e);

	if (!e->undo) {
		conf_set(e->tree, e->path, e->line);
		return true;
	}
	conf_remove(e->tree, e->path, e->line);
	struct scope s = edit_scope(e);
	if (e->loading || !af || enabled_by_default(&s, af, peer) ||
	    enabled_by_group(&s, peer, af)) {
		struct conf_line *stored = enable_line(peer, e->line->row, true);
		conf_set(e->tree, e->path, stored);
		conf_line_unref(stored);
	}
	return true;
}

// `peer G enable` in one family after the other is no reset of anyone who speaks it already.
static const char *ask_enable(struct conf_edit *e)
{
	const struct conf_node *view = conf_edit_view(e);
	const struct conf_line *l = peer_line(view, line_peer(e->line), &means_enable);
	struct scope s = edit_scope(e);
	bool now = l ? !l->undo
		     : s.instance && enabled_by_default(&s, edit_family(e), line_peer(e->line));

	return now == e->undo && edit_live(e) ? ASK_RESET : NULL;
}

static bool off_by_default(const struct conf_node *bgp, const struct af *af)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_order(&it, bgp, ORDER_INSTANCE);

	while (n && !(n->line->undo && meaning_of(n->line->row)->af == af))
		n = conf_next(&it);
	return n != NULL;
}

// --- policies and filters -----------------------------------------------------------------------------
static void take_route_policy(struct taking *t, const struct conf_line *l)
{
	names_of(t)->route_policy[conf_has(l, "import")] = conf_value(l, "policy-name");
}

static void take_path_filter(struct taking *t, const struct conf_line *l)
{
	const char *name = conf_value(l, "as-path-filter-number");

	if (!name)
		name = conf_value(l, "as-path-filter-name");
	names_of(t)->path_filter[conf_has(l, "import")] = name;
}

static void take_acl(struct taking *t, const struct conf_line *l)
{
	const char *name = conf_value(l, "acl-number");

	if (!name)
		name = conf_value(l, "acl-name");
	names_of(t)->acl[conf_has(l, "import")] = name;
}

static void take_prefix_list(struct taking *t, const struct conf_line *l)
{
	const char *name = conf_value(l, "ip-prefix-name");

	if (!name)
		name = conf_value(l, "ipv6-prefix-name");
	names_of(t)->prefix_list[conf_has(l, "import")] = name;
}

// --- import -------------------------------------------------------------------------------------------
static void take_keep_all(struct taking *t, const struct conf_line *l)
{
	family_of(t)->keep_own = true;
}

static void take_discard_ext(struct taking *t, const struct conf_line *l)
{
	family_of(t)->import.discard_ext_community = true;
}

static void take_as_loop(struct taking *t, const struct conf_line *l)
{
	family_of(t)->import.allow_as_loop = (uint8_t)conf_number(l, "loop-count", 1);
}

static void take_cluster_loop(struct taking *t, const struct conf_line *l)
{
	family_of(t)->import.allow_cluster_loop = (uint8_t)conf_number(l, "loop-count", 1);
}

static void take_site(struct taking *t, const struct conf_line *l)
{
	struct peer_family *f = family_of(t);

	f->import.has_site =
		ext_community_parse_soo(conf_value(l, "site-of-origin"), f->import.site);
	f->export.has_site = f->import.has_site;
	memcpy(f->export.site, f->import.site, sizeof(f->export.site));
}

static void take_preferred_value(struct taking *t, const struct conf_line *l)
{
	family_of(t)->import.preferred_value = (uint16_t)conf_number(l, "preferred-number", 0);
}

static void take_public_import(struct taking *t, const struct conf_line *l)
{
	family_of(t)->import.public_as_only =
		conf_has(l, "force") ? RIB_PUBLIC_AS_FORCE : RIB_PUBLIC_AS_PLAIN;
}

static void take_route_limit(struct taking *t, const struct conf_line *l)
{
	struct peer_family *f = family_of(t);

	f->route_limit = (uint32_t)conf_number(l, "route-count", 0);
	f->route_limit_percent = (uint8_t)conf_number(l, "percentage", 75);
	f->route_limit_accepted = conf_has(l, "accept-prefix");
	f->route_limit_alert_only = conf_has(l, "alert-only");
	f->route_limit_idle_forever = conf_has(l, "idle-forever");
	f->route_limit_idle = (uint16_t)conf_number(l, "idle-minutes", 0);
}

// --- export -------------------------------------------------------------------------------------------
static void take_next_hop(struct taking *t, const struct conf_line *l)
{
	family_of(t)->export.next_hop =
		conf_has(l, "next-hop-local") ? NEXT_HOP_LOCAL : NEXT_HOP_INVARIABLE;
}

static bool check_next_hop(struct conf_edit *e)
{
	const char *other =
		conf_has(e->line, "next-hop-local") ? "next-hop-invariable" : "next-hop-local";
	struct conf_iter it;
	const struct conf_node *n;

	if (!check_peer(e))
		return false;
	n = conf_first_object(&it, conf_edit_view(e), ORDER_PEER, line_peer(e->line));
	for (; n && !e->undo; n = conf_next(&it)) {
		if (conf_has(n->line, other))
			return conf_refuse(e, "Error: The configuration conflicts with peer %s.",
					   other);
	}
	return true;
}

static void take_reflect_client(struct taking *t, const struct conf_line *l)
{
	names_of(t)->client = true;
}
const struct meaning means_client = {.take = take_reflect_client};

static void take_route_server(struct taking *t, const struct conf_line *l)
{
	names_of(t)->route_server = true;
}

static void take_interval(struct taking *t, const struct conf_line *l)
{
	family_of(t)->update_interval = (uint16_t)conf_number(l, "interval-seconds", 0);
}

static void take_community(struct taking *t, const struct conf_line *l)
{
	struct rib_export *x = &family_of(t)->export;

	x->community |= conf_has(l, "advertise-community");
	x->large_community |= conf_has(l, "advertise-large-community");
	x->ext_community |= conf_has(l, "advertise-ext-community");
}

static void take_public_only(struct taking *t, const struct conf_line *l)
{
	unsigned mode = RIB_PUBLIC_AS_PLAIN;

	if (conf_has(l, "force"))
		mode = RIB_PUBLIC_AS_FORCE;
	if (conf_has(l, "limited"))
		mode = RIB_PUBLIC_AS_LIMITED;
	if (conf_has(l, "replace"))
		mode |= RIB_PUBLIC_AS_REPLACE;
	if (conf_has(l, "include-peer-as"))
		mode |= RIB_PUBLIC_AS_PEER_TOO;
	family_of(t)->export.public_as_only = (uint8_t)mode;
}

static void take_default_route(struct taking *t, const struct conf_line *l)
{
	family_of(t)->export.default_route = true;
	names_of(t)->default_policy = conf_value(l, "policy-name");
}

static void take_substitute_as(struct taking *t, const struct conf_line *l)
{
	family_of(t)->export.substitute_as = true;
}

static void take_independent(struct taking *t, const struct conf_line *l)
{
	family_of(t)->export.independent = !conf_has(l, "disable");
}

// A statement about a peer or a group in a family: of every family, or of those with a tag.
#define FAMILY_CHECKED(tag, checker, ...)                                         \
	{                                                                         \
		.views = tag, .order = ORDER_PEER, .rank = RANK_REST, .level = 2, \
		.check = checker, __VA_ARGS__                                     \
	}
#define FAMILY_IN(tag, ...) FAMILY_CHECKED(tag, check_peer, __VA_ARGS__)
#define FAMILY(...)         FAMILY_IN("af", __VA_ARGS__)

static const struct row rows[] = {
	{.views = "af",
	 .grammar = PEER "enable",
	 .help = "Speaks this address family with the peer or the members of the group.",
	 .order = ORDER_PEER,
	 .rank = RANK_ENABLE,
	 .level = 2,
	 .effect = EFFECT_SESSION,
	 .check = check_peer,
	 .question = ask_enable,
	 .apply = apply_enable,
	 .more = &means_enable},
	FAMILY(.grammar = PEER "route-policy policy-name { import | export }",
	       .value = "policy-name", .help = "Applies a route-policy to the routes of a peer.",
	       .effect = IMPORTS | EFFECT_EXPORT, .more = MEANS(.take = take_route_policy)),
	FAMILY(.grammar =
		       PEER "as-path-filter { as-path-filter-number<1-256> | as-path-filter-name } "
			    "{ import | export }",
	       .value = "as-path-filter-number as-path-filter-name",
	       .help = "Lets only routes pass whose AS path an AS_Path filter permits.",
	       .effect = IMPORTS | EFFECT_EXPORT, .more = MEANS(.take = take_path_filter)),
	FAMILY_IN("af-narrow", .grammar = PEER "ip-prefix ip-prefix-name { import | export }",
		  .value = "ip-prefix-name",
		  .help = "Lets only routes pass that an address prefix list permits.",
		  .effect = IMPORTS | EFFECT_EXPORT, .more = MEANS(.take = take_prefix_list)),
	FAMILY_IN("af-wide", .grammar = PEER "ipv6-prefix ipv6-prefix-name { import | export }",
		  .value = "ipv6-prefix-name",
		  .help = "Lets only routes pass that an IPv6 address prefix list permits.",
		  .effect = IMPORTS | EFFECT_EXPORT, .more = MEANS(.take = take_prefix_list)),
	FAMILY_IN("af-narrow",
		  .grammar =
			  PEER "filter-policy { acl-number<2000-2999> | **acl-name** acl-name } { "
			       "import | export }",
		  .value = "acl-number acl-name **acl-name**",
		  .help = "Lets only routes pass whose address a basic ACL permits.",
		  .effect = IMPORTS | EFFECT_EXPORT, .more = MEANS(.take = take_acl)),
	FAMILY_IN("af-wide",
		  .grammar = PEER "filter-policy { acl-number<2000-2999> | acl6-name acl-name } { "
				  "import | export }",
		  .value = "acl-number acl-name acl6-name",
		  .help = "Lets only routes pass whose address a basic IPv6 ACL permits.",
		  .effect = IMPORTS | EFFECT_EXPORT, .more = MEANS(.take = take_acl)),
	FAMILY_IN("af-prefix", .grammar = PEER "keep-all-routes",
		  .help = "Keeps all routes that the peer sends, those too that the import policy "
			  "rejects. The first time it resets the session of a peer without route "
			  "refresh.",
		  .effect = EFFECT_SESSION | EFFECT_ASK | EFFECT_IMPORT,
		  .more = MEANS(.take = take_keep_all)),
	FAMILY_IN("af-plain", .grammar = PEER "discard-ext-community",
		  .help = "Removes the extended communities of routes received.", .effect = IMPORTS,
		  .more = MEANS(.take = take_discard_ext)),
	FAMILY_IN(
		"af-prefix af-membership", .grammar = PEER "allow-as-loop [ loop-count<1-10> ]",
		.value = "loop-count",
		.help = "Accepts routes in whose AS path our own AS number occurs up to that often; "
			"once when no number is given.",
		.effect = IMPORTS, .more = MEANS(.take = take_as_loop)),
	FAMILY_IN("af-prefix af-membership",
		  .grammar = PEER "preferred-value preferred-number<0-65535>",
		  .value = "preferred-number", .standard = "0",
		  .help = "Gives routes received that preferred value; the highest wins before all "
			  "else.",
		  .effect = IMPORTS, .more = MEANS(.take = take_preferred_value)),
	FAMILY_IN(
		"af-prefix af-membership", .grammar = PEER "public-as-only import [ force ]",
		.value = "force",
		.help = "Removes private AS numbers from the AS path of routes received: with force "
			"even beside public ones.",
		.effect = IMPORTS, .more = MEANS(.take = take_public_import)),
	FAMILY(.grammar = PEER "route-limit [ accept-prefix ] route-count<1-4294967295> [ "
			       "percentage<1-100> ] [ alert-only | idle-forever | idle-timeout "
			       "idle-minutes<1-1200> ]",
	       .value = "accept-prefix route-count percentage alert-only idle-forever idle-timeout "
			"idle-minutes",
	       .help = "Ends the session, or only warns, when the peer sends more routes than "
		       "that.",
	       .more = MEANS(.take = take_route_limit)),
	FAMILY_CHECKED("af-prefix af-typed", check_next_hop, .grammar = PEER "next-hop-local",
		       .help = "Makes our own address the next hop of routes sent to IBGP peers.",
		       .effect = EFFECT_EXPORT, .more = MEANS(.take = take_next_hop)),
	FAMILY_CHECKED("af-prefix-public", check_next_hop, .grammar = PEER "next-hop-invariable",
		       .help = "Leaves the next hop of routes sent as it is.",
		       .effect = EFFECT_EXPORT, .more = MEANS(.take = take_next_hop)),
	FAMILY(.grammar = PEER "reflect-client", .help = "Reflects routes to and from the peer.",
	       .effect = IMPORTS | EFFECT_EXPORT, .more = &means_client),
	FAMILY_IN("af-plain", .grammar = PEER "route-server-client",
		  .help = "Passes routes on to the peer with AS path, next hop and MED unchanged.",
		  .effect = EFFECT_EXPORT, .more = MEANS(.take = take_route_server)),
	FAMILY(.grammar = PEER "route-update-interval interval-seconds<0-600>",
	       .value = "interval-seconds", .standard = "0",
	       .help = "Sets the least time between updates to the peer, in seconds; 0, the "
		       "default, sends at once.",
	       .more = MEANS(.take = take_interval)),
	FAMILY(.grammar = PEER "advertise-community", .help = "Sends communities to the peer.",
	       .effect = EFFECT_EXPORT, .more = MEANS(.take = take_community)),
	FAMILY(.grammar = PEER "advertise-large-community",
	       .help = "Sends large communities to the peer.", .effect = EFFECT_EXPORT,
	       .more = MEANS(.take = take_community)),
	FAMILY_IN("af-plain", .grammar = PEER "advertise-ext-community",
		  .help = "Sends extended communities to the peer.", .effect = EFFECT_EXPORT,
		  .more = MEANS(.take = take_community)),
	FAMILY_IN(
		"af-prefix af-membership",
		.grammar =
			PEER "public-as-only [ force [ replace ] [ include-peer-as ] | limited [ "
			     "replace ] [ include-peer-as ] ]",
		.value = "force limited replace include-peer-as",
		.help = "Removes private AS numbers from the AS path of routes sent: with force "
			"even beside public ones, with limited those in front of the first public "
			"one.",
		.effect = EFFECT_EXPORT, .more = MEANS(.take = take_public_only)),
	FAMILY_IN("af-plain", .grammar = PEER "substitute-as",
		  .help = "Replaces the peer's AS number in the AS path by our own.",
		  .effect = EFFECT_EXPORT, .more = MEANS(.take = take_substitute_as)),
	FAMILY_IN("af-prefix af-typed",
		  .grammar = PEER "update-group-independent [ enable | disable ]",
		  .value = "enable disable", .help = "Gives the peer an update group of its own.",
		  .effect = EFFECT_EXPORT, .more = MEANS(.take = take_independent)),
	FAMILY_IN("af-originate",
		  .grammar = PEER "default-route-advertise [ route-policy policy-name ]",
		  .value = "route-policy policy-name",
		  .help = "Sends the peer a default route, with what the route-policy applies.",
		  .effect = EFFECT_EXPORT, .more = MEANS(.take = take_default_route)),
	FAMILY_IN(
		"af-membership", .grammar = PEER "default-route-advertise",
		.help = "Sends the peer the membership in all route targets, so that it sends all "
			"its VPN routes.",
		.effect = EFFECT_EXPORT, .more = MEANS(.take = take_default_route)),
	FAMILY_IN(
		"af-membership", .grammar = PEER "allow-cluster-loop [ loop-count<1-10> ]",
		.value = "loop-count",
		.help = "Accepts routes in whose cluster list our own cluster ID occurs up to that "
			"often; once when no number is given.",
		.effect = IMPORTS, .more = MEANS(.take = take_cluster_loop)),
	FAMILY_IN(
		"af-peers", .grammar = PEER "**soo** site-of-origin", .value = "site-of-origin",
		.help = "Marks routes of the peer with that site of origin, and sends it none that "
			"carry it.",
		.effect = IMPORTS | EFFECT_EXPORT, .more = MEANS(.take = take_site)),
};
const struct row_table peer_family_rows = {rows, sizeof(rows) / sizeof(rows[0])};

// `peer X enable`, or its undo, in the public family's view, unless something is said there already.
static void enable_store(struct conf_edit *e, const char *peer, const struct af *af, bool undo)
{
	struct scope s = scope_of(e->tree, NULL);
	const struct conf_node *view = scope_family(&s, af);
	struct conf_path path;

	if (!view && conf_edit_type(e, af->view)) {
		s = scope_of(e->tree, NULL);
		view = scope_family(&s, af);
	}
	if (!view || peer_line(view, peer, &means_enable))
		return;
	struct conf_line *l = enable_line(peer, &rows[0], undo);
	conf_path_copy(&path, e->path);
	conf_path_enter(&path, view->line);
	conf_set(e->tree, &path, l);
	conf_path_leave(&path, 0);
	conf_line_unref(l);
}

void peer_enable_new(struct conf_edit *e, const char *peer)
{
	for (unsigned i = 0; i < af_count; i++) {
		struct scope s = edit_scope(e);
		if (!s.instance && enabled_by_default(&s, af_list[i], peer) &&
		    !off_by_default(s.bgp, af_list[i]))
			enable_store(e, peer, af_list[i], false);
	}
}

static bool makes_peer(const struct conf_line *l)
{
	return l->row->more == &means_as || l->row->more == &means_member;
}

void peers_enable_again(struct conf_edit *e)
{
	struct conf_tree before = conf_tree_clone(e->tree);
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_order(&it, bgp_node(&before), ORDER_PEER); n;
	     n = conf_next(&it)) {
		if (makes_peer(n->line))
			peer_enable_new(e, line_peer(n->line));
	}
	conf_tree_free(&before);
}

void peers_stay_off(struct conf_edit *e, const struct af *af)
{
	struct conf_tree before = conf_tree_clone(e->tree);
	struct scope s = scope_of(&before, NULL);
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_order(&it, s.bgp, ORDER_PEER);
	     n && off_by_default(s.bgp, af); n = conf_next(&it)) {
		const char *peer = line_peer(n->line);
		if (makes_peer(n->line) && enabled_by_default(&s, af, peer) &&
		    !enabled_by_group(&s, peer, af))
			enable_store(e, peer, af, true);
	}
	conf_tree_free(&before);
}
