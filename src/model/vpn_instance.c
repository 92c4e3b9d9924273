// `ip vpn-instance V`: the instances, and in the views of their families what ties their tables to
// the public VPN routes: distinguisher, route targets, policies, labels, limits; and the multicast
// routes that they originate, which without a multicast routing protocol have to be named here.
// RFC 4364 sections 4.2, 4.3; RFC 6514 sections 4, 11 and 14.
#include "model/private.h"

#include <stdio.h>
#include <string.h>

#include "af/rd.h"
#include "base/mem.h"
#include "base/text.h"

// --- ip vpn-instance V ------------------------------------------------------------------------------
static bool check_name(struct conf_edit *e)
{
	const char *name = conf_value(e->line, "vpn-instance-name");

	if (strcmp(name, "_public_") == 0)
		return conf_refuse(e, "Error: A VPN instance cannot have the name _public_.");
	return !e->undo || e->loading || vpn_node(e->tree, name) ||
	       conf_refuse(e, "Error: The VPN instance does not exist.");
}

static const char *ask_undo_instance(struct conf_edit *e)
{
	return e->undo ? "Warning: All the configurations in the VPN instance will be deleted. "
			 "Continue? [Y/N]:"
		       : NULL;
}

bool check_instance(struct conf_edit *e)
{
	return e->undo || e->loading ||
	       vpn_node(e->tree, conf_value(e->line, "vpn-instance-name")) ||
	       conf_refuse(e, "Error: The VPN instance does not exist.");
}

// --- route-distinguisher ----------------------------------------------------------------------------
static bool line_distinguisher(const struct conf_line *l, uint8_t ret[RD_SIZE])
{
	const char *text = conf_value(l, "route-distinguisher");

	return text && rd_get(text, ret);
}

// Does a family of that instance have the distinguisher?
static bool instance_has(const struct conf_node *instance, const uint8_t rd[RD_SIZE])
{
	struct conf_iter outer, inner;
	uint8_t other[RD_SIZE];

	for (const struct conf_node *n = conf_first(&outer, instance); n; n = conf_next(&outer)) {
		const struct conf_node *line = conf_first_order(&inner, n, ORDER_DISTINGUISHER);
		if (line && line_distinguisher(line->line, other) &&
		    memcmp(rd, other, RD_SIZE) == 0)
			return true;
	}
	return false;
}

static const char *distinguisher_owner(const struct conf_tree *t, const uint8_t rd[RD_SIZE],
				       const char *but)
{
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_order(&it, t->root, ORDER_VPN_INSTANCE); n;
	     n = conf_next(&it)) {
		const char *name = conf_value(n->line, "vpn-instance-name");
		if (strcmp(name, but) != 0 && instance_has(n, rd))
			return name;
	}
	return NULL;
}

// The families of one instance may share one; instances may not.
static bool check_distinguisher(struct conf_edit *e)
{
	uint8_t rd[RD_SIZE];
	const char *owner;

	if (e->undo || e->loading || !line_distinguisher(e->line, rd))
		return true;
	owner = distinguisher_owner(e->tree, rd, path_instance(e->path));
	return !owner || conf_refuse(e,
				     "Error: The route distinguisher already exists in the VPN "
				     "instance %s.",
				     owner);
}

// The first word of the family's title: IPv4.
static const char *ask_distinguisher(struct conf_edit *e)
{
	static char text[160];
	const struct af *af = edit_family(e);

	if (!e->undo || !conf_find_row(conf_edit_view(e), e->line->row))
		return NULL;
	snprintf(text, sizeof(text),
		 "Warning: All the VPN targets in the VPN instance %.*s address family will be "
		 "deleted. Continue? [Y/N]:",
		 (int)strcspn(af->title, " "), af->title);
	return text;
}

static void remove_targets(struct conf_edit *e)
{
	struct conf_tree before = conf_tree_clone(e->tree);
	struct conf_iter it;

	for (const struct conf_node *n =
		     conf_first_order(&it, conf_at(&before, e->path), ORDER_TARGET);
	     n; n = conf_next(&it))
		conf_remove(e->tree, e->path, n->line);
	conf_tree_free(&before);
}

static bool apply_distinguisher(struct conf_edit *e)
{
	bool was = conf_find_row(conf_edit_view(e), e->line->row) != NULL;

	if (!conf_edit_default(e))
		return false;
	if (e->undo && was)
		remove_targets(e);
	return true;
}

static void take_distinguisher(struct taking *t, const struct conf_line *l)
{
	t->link->present = line_distinguisher(l, t->link->rd);
}

// --- vpn-target -------------------------------------------------------------------------------------
#define TARGETS_MAX 8 // on one line
static const char *const directions[] = {"export-extcommunity", "import-extcommunity"};

// Each target and direction is a statement of its own.
static bool apply_target(struct conf_edit *e)
{
	const char *target[TARGETS_MAX];
	unsigned n = conf_values(e->line, "route-target", target, TARGETS_MAX);
	bool done = true, either = true;

	if (e->undo && conf_has(e->line, "all")) {
		remove_targets(e);
		return true;
	}
	for (unsigned d = 0; d < 2; d++)
		either = either && !conf_has(e->line, directions[d]);
	for (unsigned i = 0; i < n && i < TARGETS_MAX; i++) {
		for (unsigned d = 0; d < 2 && done; d++) {
			if (!either && !conf_has(e->line, directions[d]))
				continue;
			char *line = mem_format("%svpn-target %s %s", e->undo ? "undo " : "",
						target[i], directions[d]);
			done = conf_edit_type(e, line);
			mem_free(line);
		}
	}
	return done;
}

void value_add(uint8_t (**list)[8], unsigned *count, const uint8_t value[8])
{
	if (!(*count & (*count - 1))) // a power of two: full
		*list = mem_resize(*list, (*count ? 2 * *count : 1) * sizeof(**list));
	memcpy((*list)[(*count)++], value, 8);
}

static void take_target(struct taking *t, const struct conf_line *l)
{
	struct vpn_link *k = t->link;
	uint8_t value[8];

	if (!ext_community_parse_rt(conf_value(l, "route-target"), value))
		return;
	if (conf_has(l, directions[0]))
		value_add(&k->communities, &k->community_count, value);
	if (conf_has(l, directions[1]))
		value_add(&k->targets, &k->target_count, value);
}

// --- what else there is -----------------------------------------------------------------------------
static void take_policy(struct taking *t, const struct conf_line *l)
{
	t->names->policy[conf_has(l, "import")] = conf_value(l, "policy-name");
}

static void take_label(struct taking *t, const struct conf_line *l)
{
	t->link->label_per_route = conf_has(l, "per-route");
}

static void take_limit(struct taking *t, const struct conf_line *l)
{
	unsigned i = af_index(t->af);
	bool routes = conf_has(l, "routing-table");
	uint32_t *limit = routes ? t->instance->route_limit : t->instance->prefix_limit;
	uint8_t *percent =
		routes ? t->instance->route_limit_percent : t->instance->prefix_limit_percent;

	limit[i] = (uint32_t)conf_number(l, "limit-count", 0);
	percent[i] = (uint8_t)conf_number(l, "percentage", 0);
	if (!routes)
		t->instance->prefix_limit_keeps[i] = conf_has(l, "route-unchanged");
}

// --- multicast --------------------------------------------------------------------------------------
static void take_multicast(struct taking *t, const struct conf_line *l)
{
	t->names->multicast = true;
}

static const char *source_text(const struct conf_line *l)
{
	const char *text = conf_value(l, "source-ipv4-address");

	return text ? text : conf_value(l, "source-ipv6-address");
}

static const char *group_text(const struct conf_line *l)
{
	const char *text = conf_value(l, "ipv4-address");

	return text ? text : conf_value(l, "ipv6-address");
}

// The key of what the line originates; rd: the instance's own.
static bool line_key(const struct conf_line *l, const struct af *typed, const uint8_t *rd,
		     struct af_key *ret)
{
	struct buf text = {0};
	uint8_t upstream[RD_SIZE];
	uint32_t as = 0;

	if (conf_has(l, "source-active")) {
		buf_text(&text, "5 ");
		rd_put(&text, rd);
	} else {
		buf_text(&text, conf_has(l, "shared-tree") ? "6 " : "7 ");
		if (line_distinguisher(l, upstream))
			rd_put(&text, upstream);
		text_as_number(conf_value(l, "as-number"), &as);
		buf_format(&text, " %u", as);
	}
	buf_format(&text, " %s %s", source_text(l), group_text(l));
	bool good = typed->text_get(buf_cstr(&text), ret);
	buf_free(&text);
	return good;
}

static bool check_addresses(struct conf_edit *e)
{
	static const uint8_t no_rd[RD_SIZE];
	const struct af *af = edit_family(e);
	struct ip source, group;
	struct af_key key;

	if (e->undo || !ip_parse(source_text(e->line), &source) ||
	    !ip_parse(group_text(e->line), &group))
		return true;
	if (source.bits != af->prefix_bits || group.bits != af->prefix_bits)
		return conf_refuse(e, "Error: The addresses are not of this address family.");
	if (group.bits == 32 ? group.b[0] >> 4 != 14 : group.b[0] != 0xff)
		return conf_refuse(e, "Error: The group address is not a multicast address.");
	if (line_key(e->line, typed_family(af), no_rd, &key) && typed_family(af)->senseless(&key))
		return conf_refuse(e, "Error: There are no Source Active routes for groups of "
				      "source-specific multicast.");
	return true;
}

// A join goes to the one instance that it names; Source Active routes go where all routes of the
// instance go, by vpn_link.communities.
static void take_multicast_route(struct taking *t, const struct conf_line *l)
{
	const struct af *typed = typed_family(t->af);
	const char *target = conf_value(l, "route-target");
	struct af_key key;
	struct attrs as;
	uint8_t value[8];

	if (!line_key(l, typed, t->link->rd, &key))
		return;
	struct origin_config *o = origin_add(&t->instance->family[af_index(typed)], &key);
	attrs_clear(&as);
	if (target && ext_community_parse_rt(target, value))
		attrs_put(&as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, value,
			  sizeof(value));
	origin_carry(o, &as);
}

#define UPSTREAM                                                                            \
	"**route-distinguisher** route-distinguisher source-as as-number **route-target** " \
	"route-target"
// A statement of the families' views. The rank is the place among those of its order.
#define VPN(tag, place, at, ...)                                                  \
	{                                                                         \
		.views = tag, .order = place, .rank = at, .level = 2, __VA_ARGS__ \
	}
#define LIMIT(at, words, over, values, text)                                       \
	VPN("vpn-af", ORDER_VPN_OPTION, at,                                        \
	    .grammar = words " limit-count<1-4294967295> { percentage<1-100>" over \
			     " | simply-alert }",                                  \
	    .value = "limit-count percentage simply-alert" values, .help = text,   \
	    .effect = IMPORTS, .more = MEANS(.take = take_limit))
#define MULTICAST(words, more_words, values, text)                                             \
	VPN("vpn-af-typed", ORDER_MVPN, 0,                                                     \
	    .grammar = "mvpn " words " { source-ipv4-address | source-ipv6-address } group { " \
		       "ipv4-address | ipv6-address }" more_words,                             \
	    .value = values, .help = text, .flags = ROW_EXTENSION, .check = check_addresses,   \
	    .more = MEANS(.take = take_multicast_route))
#define JOIN_HELP                                                                                \
	"Originates a C-multicast route toward the PE at which the source is or the rendezvous " \
	"point: with the distinguisher and the AS number of its route, and as route target its " \
	"VRF Route Import. Takes effect with mvpn."
#define ACTIVE_HELP "Originates a Source Active A-D route. Takes effect with mvpn."

static const struct row rows[] = {
	{.views = "system",
	 .grammar = "ip vpn-instance vpn-instance-name",
	 .enters = "vpn-instance",
	 .help = "Creates a VPN instance and enters its view. It is bound to the VRF device of the "
		 "same name, where there is one.",
	 .order = ORDER_VPN_INSTANCE,
	 .level = 2,
	 .effect = EFFECT_SESSION,
	 .check = check_name,
	 .question = ask_undo_instance,
	 .more = MEANS(0)},
	{.views = "vpn-instance",
	 .grammar = "description description-text",
	 .value = "description-text",
	 .help = "Describes the VPN instance.",
	 .order = ORDER_VPN_DESCRIPTION,
	 .level = 2,
	 .more = MEANS(0)},
	VPN("vpn-af", ORDER_DISTINGUISHER, 0,
	    .grammar = "**route-distinguisher** route-distinguisher",
	    .value = "route-distinguisher",
	    .help = "Gives the instance's routes the distinguisher under which they become VPN "
		    "routes. Undone, it takes the route targets along.",
	    .effect = IMPORTS | EFFECT_EXPORT, .check = check_distinguisher,
	    .question = ask_distinguisher, .apply = apply_distinguisher,
	    .more = MEANS(.take = take_distinguisher)),
	VPN("vpn-af", ORDER_TARGET, 0,
	    .grammar = "vpn-target route-target&<1-8> [ both | export-extcommunity | "
		       "import-extcommunity ]",
	    .undo = "vpn-target { all | route-target&<1-8> [ both | export-extcommunity | "
		    "import-extcommunity ] }",
	    .help = "Gives routes that leave the instance those route targets, and takes in VPN "
		    "routes that carry one of them; both unless a direction is said. Several "
		    "statements add up.",
	    .effect = IMPORTS | EFFECT_EXPORT, .apply = apply_target,
	    .more = MEANS(.take = take_target)),
	VPN("vpn-af", ORDER_VPN_OPTION, 0,
	    .grammar = "{ import | export } route-policy policy-name", .value = "policy-name",
	    .help = "Applies a route-policy to VPN routes that the instance takes in, or to its "
		    "routes that leave it.",
	    .effect = EFFECT_IMPORT | EFFECT_EXPORT, .check = check_names,
	    .more = MEANS(.take = take_policy)),
	VPN("vpn-af", ORDER_VPN_OPTION, 1, .grammar = "apply-label { per-instance | per-route }",
	    .value = "per-instance per-route", .standard = "per-instance",
	    .help = "Gives all routes that leave the instance one label, or each one of its own.",
	    .effect = EFFECT_EXPORT, .more = MEANS(.take = take_label)),
	LIMIT(2, "prefix limit", " [ route-unchanged ]", " route-unchanged",
	      "The instance's table takes in no more prefixes than that: routes of further ones are "
	      "turned away, from peers and VPN routes alike, until less than 95 percent are there or "
	      "the limit is raised; then they come back without a new session. Logs a warning at that "
	      "percentage and at the limit. With simply-alert it warns beyond the limit and turns "
	      "nothing away. A limit below what is there removes the rest, with route-unchanged it "
	      "does not."),
	LIMIT(3, "routing-table limit", "", "",
	      "As prefix limit, of routes: a prefix may have several. A limit below what is there "
	      "removes nothing."),
	VPN("vpn-af-typed", ORDER_VPN_OPTION, 4, .grammar = "mvpn",
	    .help = "Makes the instance part of a multicast VPN: originates an Intra-AS I-PMSI "
		    "A-D route with ingress replication, and takes in multicast VPN routes.",
	    .effect = IMPORTS | EFFECT_EXPORT, .more = MEANS(.take = take_multicast)),
	VPN("vpn-af-typed", ORDER_VPN_OPTION, 5, .grammar = "multicast routing-enable",
	    .help = "Accepted and not kept: there is no multicast forwarding here.",
	    .flags = ROW_IGNORED, .more = MEANS(0)),
	MULTICAST("join source-tree", " " UPSTREAM, UPSTREAM, JOIN_HELP),
	MULTICAST("join shared-tree", " " UPSTREAM, UPSTREAM, JOIN_HELP),
	MULTICAST("source-active", "", NULL, ACTIVE_HELP),
};
const struct row_table vpn_instance_rows = {rows, sizeof(rows) / sizeof(rows[0])};
