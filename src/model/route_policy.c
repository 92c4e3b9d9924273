// Route-policies: `route-policy P { permit | deny } node N` and the clauses of its view.
//
// if-match clauses of different kinds must all hold; filters named in several clauses of one kind
// are alternatives. One clause of a kind replaces the former where it compares an address or a
// number, and adds to it where it names filters.
// apply clauses: one of each kind.
#include "model/private.h"

#include <string.h>

#include "base/text.h"
#include "model/peer.h"

// --- nodes ------------------------------------------------------------------------------------------
static void take_node(struct taking *t, const struct conf_line *l)
{
	struct source_policy *p = policy_source_policy(t->source, conf_value(l, "policy-name"));

	t->node = policy_source_node(t->source, p, (uint32_t)conf_number(l, "node-number", 0),
				     conf_has(l, "permit"));
}

static void take_description(struct taking *t, const struct conf_line *l)
{
	t->node->description = policy_source_text(t->source, conf_value(l, "description-text"));
}

static void take_goto(struct taking *t, const struct conf_line *l)
{
	const char *number = conf_value(l, "node-number");

	t->node->go = number ? GOTO_NODE : GOTO_NEXT;
	t->node->go_number = (uint32_t)conf_number(l, "node-number", 0);
}

// Only forwards, or a route would go round for ever.
static bool check_goto(struct conf_edit *e)
{
	const struct conf_line *view = e->path->at[e->path->depth - 1];
	uint64_t own = conf_number(view, "node-number", 0);

	if (!e->undo && conf_value(e->line, "node-number") &&
	    conf_number(e->line, "node-number", 0) <= own)
		return conf_refuse(e, "Error: The next node must have a larger number than this.");
	return true;
}

// --- if-match ---------------------------------------------------------------------------------------
static struct source_match *match_add(struct taking *t, enum match_kind kind)
{
	return policy_source_match(t->source, t->node, kind);
}

// Filters: every word of one of the parameters.
static void match_names(struct taking *t, const struct conf_line *l, struct source_match *m)
{
	unsigned kind;

	for (unsigned i = 0; i < l->words; i++) {
		const char *param = l->param[i];
		if (param && (name_kind(param, &kind) || strncmp(param, "acl-", 4) == 0))
			policy_source_word(t->source, &m->names, conf_line_word(l, i));
	}
}

static void take_match_address(struct taking *t, const struct conf_line *l)
{
	enum match_kind kind = MATCH_PREFIX;

	if (conf_has(l, "next-hop"))
		kind = MATCH_NEXT_HOP;
	else if (conf_has(l, "route-source"))
		kind = MATCH_ROUTE_SOURCE;
	else if (conf_has(l, "group-address"))
		kind = MATCH_GROUP_ADDRESS;
	struct source_match *m = match_add(t, kind);
	m->wide = conf_has(l, "ipv6");
	m->acl = conf_has(l, "acl");
	match_names(t, l, m);
}

static void take_match_path(struct taking *t, const struct conf_line *l)
{
	match_names(t, l, match_add(t, MATCH_PATH_FILTER));
}

static void take_match_large(struct taking *t, const struct conf_line *l)
{
	struct source_match *m = match_add(t, MATCH_LARGE_COMMUNITY);

	m->whole = conf_has(l, "whole-match");
	match_names(t, l, m);
}

static void take_match_ext(struct taking *t, const struct conf_line *l)
{
	match_names(t, l, match_add(t, MATCH_EXT_COMMUNITY));
}

static void take_match_rd(struct taking *t, const struct conf_line *l)
{
	match_names(t, l, match_add(t, MATCH_RD));
}

static void take_match_label(struct taking *t, const struct conf_line *l)
{
	(void)l;
	match_add(t, MATCH_MPLS_LABEL);
}

// Types of NLRI: each a word by itself.
static void take_match_key_type(struct taking *t, const struct conf_line *l)
{
	struct source_match *m = match_add(t, MATCH_KEY_TYPE);

	for (unsigned i = 3; i < l->words; i++)
		m->low |= 1u << (conf_line_word(l, i)[0] - '0');
}

static void take_match_soo(struct taking *t, const struct conf_line *l)
{
	match_names(t, l, match_add(t, MATCH_SOO));
}

// Each filter has its own whole-match or sort-match behind it: one clause per filter.
static void take_match_community(struct taking *t, const struct conf_line *l)
{
	struct source_match *m = NULL;
	unsigned kind;

	for (unsigned i = 0; i < l->words; i++) {
		const char *word = conf_line_word(l, i);
		if (l->param[i] && name_kind(l->param[i], &kind)) {
			m = match_add(t, MATCH_COMMUNITY);
			policy_source_word(t->source, &m->names, word);
		} else if (m) {
			m->whole |= strcmp(word, "whole-match") == 0;
			m->sort |= strcmp(word, "sort-match") == 0;
		}
	}
}

static void take_match_number(struct taking *t, const struct conf_line *l)
{
	enum match_kind kind = MATCH_COST;

	if (conf_has(l, "length"))
		kind = MATCH_PATH_LENGTH;
	else if (conf_has(l, "preference"))
		kind = MATCH_PREFERENCE;
	else if (conf_has(l, "tag"))
		kind = MATCH_TAG;
	struct source_match *m = match_add(t, kind);
	uint32_t exact = (uint32_t)conf_number(l, "exact-value", 0);
	m->low = (uint32_t)conf_number(l, "least-value", exact);
	m->high = (uint32_t)conf_number(l, "most-value",
					conf_has(l, "greater-equal") ? UINT32_MAX : exact);
}

static bool check_bounds(struct conf_edit *e)
{
	uint64_t low = conf_number(e->line, "least-value", 0);

	if (!e->undo && conf_number(e->line, "most-value", UINT64_MAX) < low)
		return conf_refuse(e, "Error: The upper bound is below the lower one.");
	return true;
}

static void take_match_protocol(struct taking *t, const struct conf_line *l)
{
	static const struct {
		const char *word;
		uint32_t bit;
	} protocols[] = {
		{"direct", PROTOCOL_DIRECT}, {"static", PROTOCOL_STATIC}, {"isis", PROTOCOL_ISIS},
		{"bgp", PROTOCOL_BGP},       {"ospf", PROTOCOL_OSPF},     {"rip", PROTOCOL_RIP},
		{"unr", PROTOCOL_UNR},       {"ospfv3", PROTOCOL_OSPFV3}, {"ripng", PROTOCOL_RIPNG},
	};
	struct source_match *m = match_add(t, MATCH_PROTOCOL);

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (conf_has(l, protocols[i].word))
			m->low |= protocols[i].bit;
	}
}

static void take_match_type(struct taking *t, const struct conf_line *l)
{
	struct source_match *m = match_add(t, MATCH_ROUTE_TYPE);

	m->low = ROUTE_TYPE_OTHER;
	if (conf_has(l, "ibgp"))
		m->low = ROUTE_TYPE_IBGP;
	if (conf_has(l, "ebgp"))
		m->low = ROUTE_TYPE_EBGP;
}

// --- apply ------------------------------------------------------------------------------------------
static struct source_apply *apply_add(struct taking *t, enum apply_kind kind)
{
	return policy_source_apply(t->source, t->node, kind);
}

static enum apply_mode mode_of(const struct conf_line *l, enum apply_mode otherwise)
{
	if (conf_has(l, "none"))
		return MODE_NONE;
	if (conf_has(l, "additive"))
		return MODE_ADDITIVE;
	if (conf_has(l, "overwrite"))
		return MODE_OVERWRITE;
	if (conf_has(l, "delete"))
		return MODE_DELETE;
	if (conf_has(l, "inherit"))
		return MODE_INHERIT;
	if (conf_has(l, "peer-address"))
		return MODE_PEER;
	if (conf_has(l, "blackhole"))
		return MODE_BLACKHOLE;
	if (conf_has(l, "+"))
		return MODE_PLUS;
	if (conf_has(l, "-"))
		return MODE_MINUS;
	return otherwise;
}

static void take_apply_path(struct taking *t, const struct conf_line *l)
{
	struct source_apply *a = apply_add(t, APPLY_PATH);
	uint32_t as;

	a->mode = mode_of(l, MODE_OVERWRITE);
	for (unsigned i = 0; i < l->words; i++) {
		if (l->param[i] && text_as_number(conf_line_word(l, i), &as))
			policy_source_number(t->source, a, as);
	}
}

static void take_apply_comm_filter(struct taking *t, const struct conf_line *l)
{
	struct source_apply *a = apply_add(t, APPLY_COMMUNITY_DELETE);
	const char *name = conf_value(l, "community-filter-number");

	policy_source_word(t->source, &a->words,
			   name ? name : conf_value(l, "community-filter-name"));
}

static void take_apply_values(struct taking *t, const struct conf_line *l)
{
	bool large = conf_has(l, "large-community") || conf_has(l, "large-community-list");
	struct source_apply *a = apply_add(t, large ? APPLY_LARGE_COMMUNITY : APPLY_COMMUNITY);
	const char *list =
		conf_value(l, large ? "large-community-list-name" : "community-list-name");

	a->mode = mode_of(l, large ? MODE_OVERWRITE : MODE_SET);
	if (list)
		policy_source_word(t->source, &a->lists, list);
	else
		take_values(t, l, 2, &a->words);
}

static void take_apply_ext(struct taking *t, const struct conf_line *l)
{
	struct source_apply *a = apply_add(t, conf_has(l, "soo") ? APPLY_SOO : APPLY_ROUTE_TARGET);

	a->mode = mode_of(l, MODE_SET);
	take_values(t, l, 2, &a->words);
}

static void take_apply_label(struct taking *t, const struct conf_line *l)
{
	(void)l;
	apply_add(t, APPLY_MPLS_LABEL);
}

static void take_apply_number(struct taking *t, const struct conf_line *l)
{
	static const struct {
		const char *word;
		enum apply_kind kind;
	} kinds[] = {
		{"cost", APPLY_COST},
		{"local-preference", APPLY_LOCAL_PREF},
		{"preferred-value", APPLY_PREFERRED_VALUE},
		{"preference", APPLY_PREFERENCE},
		{"tag", APPLY_TAG},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(conf_line_word(l, 1), kinds[i].word) != 0)
			continue;
		struct source_apply *a = apply_add(t, kinds[i].kind);
		a->mode = mode_of(l, MODE_SET);
		a->number = (uint32_t)conf_number(l, "apply-value", 0);
	}
}

static void take_apply_origin(struct taking *t, const struct conf_line *l)
{
	struct source_apply *a = apply_add(t, APPLY_ORIGIN);

	a->number = ORIGIN_IGP;
	if (conf_has(l, "incomplete"))
		a->number = ORIGIN_INCOMPLETE;
	if (conf_has(l, "egp")) {
		a->number = ORIGIN_EGP;
		text_as_number(conf_value(l, "as-number"), &a->as);
	}
}

static void take_apply_next_hop(struct taking *t, const struct conf_line *l)
{
	struct source_apply *a = apply_add(t, APPLY_NEXT_HOP);
	const char *address = conf_value(l, "ipv4-address");

	a->wide = conf_has(l, "ipv6");
	a->mode = mode_of(l, MODE_SET);
	if (!address)
		address = conf_value(l, "ipv6-address");
	if (address)
		ip_parse(address, &a->address);
}

#define ACL_OR(list) "{ acl { acl-number<2000-2999> | acl-name } | " list " }"
#define VALUE_OR_RANGE                                                             \
	"{ exact-value<0-4294967295> | greater-equal least-value<0-4294967295> [ " \
	"less-equal most-value<0-4294967295> ] | less-equal most-value<0-4294967295> }"
#define RANGE_WORDS "exact-value greater-equal least-value less-equal most-value"
// A clause of a node; order of the kinds as VRP shows them.
#define CLAUSE(place, ...)                                                                     \
	{                                                                                      \
		.views = "route-policy", .order = place, .level = 2, .effect = POLICY_EFFECTS, \
		__VA_ARGS__                                                                    \
	}
#define MATCH(place, taker, ...) \
	CLAUSE(place, .check = check_names, .more = MEANS(.take = taker), __VA_ARGS__)
#define APPLY(place, taker, ...) \
	CLAUSE(place, .check = check_names, .more = MEANS(.take = taker), __VA_ARGS__)

static const struct row rows[] = {
	{.views = "system",
	 .grammar = "route-policy policy-name { permit | deny } node node-number<0-65535>",
	 .value = "permit deny",
	 .undo = "route-policy policy-name [ permit | deny ] [ node node-number<0-65535> ]",
	 .enters = "route-policy",
	 .help = "Enters a node of a route-policy. Nodes are tried by number; a route that none "
		 "matches is denied.",
	 .order = ORDER_ROUTE_POLICY,
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .more = MEANS(.take = take_node)},
	{.views = "system",
	 .grammar = "route-policy nonexistent-config-check { enable | disable }",
	 .value = "enable disable",
	 .undo = "route-policy nonexistent-config-check",
	 .standard = "enable",
	 .help = "Refuses names of filters and route-policies that do not exist, or lets them match "
		 "every route.",
	 .order = ORDER_NONEXISTENT,
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .more = MEANS(0)},
	{.views = "route-policy",
	 .grammar = "description description-text",
	 .value = "description-text",
	 .help = "Describes the node.",
	 .order = 10,
	 .level = 2,
	 .more = MEANS(.take = take_description)},
	MATCH(20, take_match_address, .grammar = "if-match " ACL_OR("ip-prefix ip-prefix-name"),
	      .value = "acl acl-number acl-name ip-prefix ip-prefix-name",
	      .undo = "if-match { acl [ acl-number<2000-2999> | acl-name ] | ip-prefix [ "
		      "ip-prefix-name ] }",
	      .help = "Matches IPv4 routes by address."),
	MATCH(21, take_match_address,
	      .grammar = "if-match ip { next-hop | route-source | group-address } " ACL_OR(
		      "ip-prefix ip-prefix-name"),
	      .value = "acl acl-number acl-name ip-prefix ip-prefix-name",
	      .help = "Matches by the next hop, by the neighbour it came from, or by the group "
		      "address."),
	MATCH(22, take_match_address,
	      .grammar = "if-match ipv6 { address | next-hop | route-source } " ACL_OR(
		      "prefix-list ipv6-prefix-name"),
	      .value = "acl acl-number acl-name prefix-list ipv6-prefix-name",
	      .help = "Matches IPv6 routes by address, or any by an IPv6 next hop or neighbour."),
	MATCH(23, take_match_path,
	      .grammar = "if-match as-path-filter { { as-path-filter-number<1-256> }&<1-16> | "
			 "as-path-filter-name }",
	      .undo = "if-match as-path-filter [ { as-path-filter-number<1-256> }&<1-16> | "
		      "as-path-filter-name ]",
	      .help = "Matches routes whose AS path one of the filters permits."),
	CLAUSE(24, .grammar = "if-match as-path length " VALUE_OR_RANGE, .value = RANGE_WORDS,
	       .help = "Matches routes by the length of their AS path.", .check = check_bounds,
	       .more = MEANS(.take = take_match_number)),
	MATCH(25, take_match_community,
	      .grammar =
		      "if-match community-filter { { community-filter-number<1-199> [ whole-match "
		      "| sort-match ] }&<1-16> | community-filter-name [ whole-match | sort-match ] "
		      "}",
	      .undo = "if-match community-filter [ { community-filter-number<1-199> [ whole-match "
		      "| sort-match ] }&<1-16> | community-filter-name [ whole-match | sort-match ] "
		      "]",
	      .help = "Matches routes whose communities one of the filters permits; with whole-match "
		      "a basic filter must name all communities of the route."),
	MATCH(26, take_match_large,
	      .grammar =
		      "if-match large-community-filter large-community-filter-name [ whole-match "
		      "]",
	      .value = "whole-match",
	      .help = "Matches routes whose large communities the filter permits."),
	MATCH(27, take_match_ext,
	      .grammar =
		      "if-match extcommunity-filter { { extcommunity-filter-number<1-399> }&<1-16> "
		      "| extcommunity-filter-name }",
	      .undo = "if-match extcommunity-filter [ { extcommunity-filter-number<1-399> }&<1-16> "
		      "| extcommunity-filter-name ]",
	      .help = "Matches routes whose route targets one of the filters permits."),
	MATCH(28, take_match_soo, .grammar = "if-match extcommunity-list soo soo-list-name",
	      .help = "Matches routes whose site of origin the list permits."),
	CLAUSE(29, .grammar = "if-match cost " VALUE_OR_RANGE, .value = RANGE_WORDS,
	       .help = "Matches routes by their MED.", .check = check_bounds,
	       .more = MEANS(.take = take_match_number)),
	CLAUSE(30, .grammar = "if-match preference exact-value<1-255>", .value = "exact-value",
	       .help = "Matches routes by their preference.",
	       .more = MEANS(.take = take_match_number)),
	CLAUSE(31, .grammar = "if-match tag exact-value<0-4294967295>", .value = "exact-value",
	       .help = "Matches routes by the tag that an earlier node has applied.",
	       .more = MEANS(.take = take_match_number)),
	CLAUSE(32,
	       .grammar = "if-match protocol { direct | static | isis | bgp | ospf | rip | unr | "
			  "ospfv3 | ripng }*",
	       .value = "direct static isis bgp ospf rip unr ospfv3 ripng",
	       .help = "Matches routes by the protocol they come from: BGP for all that peers send.",
	       .more = MEANS(.take = take_match_protocol)),
	CLAUSE(33,
	       .grammar = "if-match route-type { ibgp | ebgp | internal | external-type1 | "
			  "external-type2 | external-type1or2 | is-is-level-1 | is-is-level-2 | "
			  "nssa-external-type1 | nssa-external-type2 | nssa-external-type1or2 }",
	       .help = "Matches routes by where they come from; types of other protocols match no "
		       "BGP route.",
	       .more = MEANS(.take = take_match_type)),
	CLAUSE(34, .grammar = "if-match route-type mvpn { 1 | 2 | 3 | 4 | 5 | 6 | 7 }*",
	       .value = "1 2 3 4 5 6 7",
	       .help = "Matches MVPN routes by their type (RFC 6514), and no other routes.",
	       .more = MEANS(.take = take_match_key_type)),
	MATCH(35, take_match_rd, .grammar = "if-match rd-filter rd-filter-number<1-1024>",
	      .help = "Matches routes whose route distinguisher the filter permits. In a VPN instance "
		      "a route has that of the VPN route it was imported from; a route without one "
		      "matches no filter."),
	CLAUSE(36, .grammar = "if-match mpls-label",
	       .help = "Matches routes that have an MPLS label.",
	       .more = MEANS(.take = take_match_label)),
	APPLY(40, take_apply_path,
	      .grammar =
		      "apply as-path { { as-number }&<1-128> { additive | overwrite | delete } | "
		      "none overwrite }",
	      .value = "as-number additive overwrite delete none",
	      .help = "Prepends AS numbers, replaces the AS path by them, or removes them from it."),
	APPLY(41, take_apply_comm_filter,
	      .grammar =
		      "apply comm-filter { community-filter-number<1-199> | community-filter-name "
		      "} delete",
	      .value = "community-filter-number community-filter-name delete",
	      .help = "Removes the communities that the filter permits."),
	APPLY(42, take_apply_values,
	      .grammar =
		      "apply community { { community-number | internet | no-advertise | no-export "
		      "| no-export-subconfed }&<1-32> [ additive ] | none | community-list "
		      "community-list-name [ additive ] }",
	      .value = "community-number internet no-advertise no-export no-export-subconfed none "
		       "community-list community-list-name additive",
	      .help = "Sets the communities, or adds to them."),
	APPLY(43, take_apply_values,
	      .grammar = "apply **large-community** { { large-community }&<1-16> { additive | "
			 "overwrite | delete } | none };apply large-community-list "
			 "large-community-list-name { additive | overwrite | delete }",
	      .value = "*large-community* large-community-list-name additive overwrite delete none",
	      .help = "Sets, adds or removes large communities."),
	APPLY(44, take_apply_ext,
	      .grammar = "apply extcommunity { rt route-target }&<1-16> [ additive ]",
	      .value = "rt route-target additive", .undo = "apply extcommunity rt [ route-target ]",
	      .help = "Sets the route targets, or adds to them."),
	APPLY(45, take_apply_ext,
	      .grammar = "apply extcommunity soo site-of-origin&<1-16> additive",
	      .value = "site-of-origin additive", .help = "Adds sites of origin."),
	APPLY(46, take_apply_number,
	      .grammar = "apply cost { [ + | - ] apply-value<0-4294967295> | inherit | none }",
	      .value = "+ - apply-value inherit none",
	      .help = "Sets the MED, adds to it or subtracts from it, or removes it."),
	APPLY(47, take_apply_number,
	      .grammar = "apply local-preference [ + | - ] apply-value<0-4294967295>",
	      .value = "+ - apply-value",
	      .help = "Sets the local preference, adds to it or subtracts from it."),
	APPLY(48, take_apply_number, .grammar = "apply preferred-value apply-value<0-65535>",
	      .value = "apply-value",
	      .help = "Sets the preferred value; the highest wins before all else."),
	APPLY(49, take_apply_number, .grammar = "apply preference apply-value<1-255>",
	      .value = "apply-value", .help = "Sets the preference."),
	APPLY(50, take_apply_origin, .grammar = "apply origin { igp | egp as-number | incomplete }",
	      .value = "igp egp as-number incomplete", .help = "Sets the origin."),
	APPLY(51, take_apply_number, .grammar = "apply tag apply-value<0-4294967295>",
	      .value = "apply-value", .help = "Sets the tag, for later nodes."),
	APPLY(52, take_apply_next_hop,
	      .grammar = "apply ip-address next-hop { ipv4-address | peer-address }",
	      .value = "ipv4-address peer-address", .help = "Sets the next hop of IPv4 routes."),
	APPLY(53, take_apply_next_hop,
	      .grammar = "apply ipv6 next-hop { ipv6-address | peer-address }",
	      .value = "ipv6-address peer-address", .help = "Sets the next hop of IPv6 routes."),
	CLAUSE(54, .grammar = "apply mpls-label",
	       .help = "Has no effect: VPN routes have a label in any case, and other routes are sent "
		       "in families without.",
	       .more = MEANS(.take = take_apply_label)),
	CLAUSE(60, .grammar = "goto next-node [ node-number<0-65535> ]", .value = "node-number",
	       .help = "Goes on with the next node, or with that node, when this one has matched.",
	       .check = check_goto, .more = MEANS(.take = take_goto)),
};
const struct row_table route_policy_rows = {rows, sizeof(rows) / sizeof(rows[0])};
