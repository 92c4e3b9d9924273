// Statements of the BGP views about VPN routes and their memberships: which of them are taken in at
// all, which are told to whom, and `vpn-instance V` with the router ID of an instance.
// RFC 4364 section 4.3; RFC 4684 sections 3 and 6.
#include "model/private.h"

#include <string.h>

static struct view_take *view_of(const struct taking *t)
{
	return &t->build->view[af_index(t->af)];
}

static void take_any_target(struct taking *t, const struct conf_line *l)
{
	view_of(t)->any_target = l->undo;
}

static void take_filter(struct taking *t, const struct conf_line *l)
{
	const char *name = conf_value(l, "extcommunity-filter-number");

	view_of(t)->ext_community_filter = name ? name : conf_value(l, "extcommunity-filter-name");
}

static void take_orf(struct taking *t, const struct conf_line *l)
{
	view_of(t)->orf = true;
}

static void take_constraint(struct taking *t, const struct conf_line *l)
{
	view_of(t)->no_constraint = conf_has(l, "disable");
}

static void take_external_paths(struct taking *t, const struct conf_line *l)
{
	struct family_config *f = &t->build->instance->family[af_index(t->af)];

	f->options.external_paths = (uint32_t)conf_number(l, "path-count", 1);
}

static void take_wait(struct taking *t, const struct conf_line *l)
{
	t->build->config->membership_wait = (uint32_t)conf_number(l, "wait-time", 60);
}

static void take_router_id(struct taking *t, const struct conf_line *l)
{
	struct ip ip;

	if (ip_parse(conf_value(l, "ipv4-address"), &ip))
		t->build->instance->router_id = ip_to_u32(&ip);
}

static const char *ask_undo_view(struct conf_edit *e)
{
	return e->undo && conf_find(conf_edit_view(e), e->line)
		       ? "Warning: All the configurations in the VPN instance view of BGP will be "
			 "deleted. Continue? [Y/N]:"
		       : NULL;
}

// A statement of the views with a tag. The rank is the place among them.
#define VIEW(tag, place, ...)                                                                 \
	{                                                                                     \
		.views = tag, .order = ORDER_INSTANCE, .rank = place, .level = 2, __VA_ARGS__ \
	}

static const struct row rows[] = {
	{.views = "bgp",
	 .grammar = "vpn-instance vpn-instance-name",
	 .enters = "bgp-instance",
	 .help = "Enters the view of a VPN instance, in which its peers and groups are made for all "
		 "address families.",
	 .order = ORDER_VPN,
	 .level = 2,
	 .flags = ROW_BLOCK,
	 .effect = EFFECT_SESSION,
	 .check = check_instance,
	 .question = ask_undo_view,
	 .more = MEANS(0)},
	{.views = "bgp-instance af-peers",
	 .grammar = "router-id ipv4-address",
	 .value = "ipv4-address",
	 .help = "Sets the router ID of the VPN instance; else it is that of the BGP view.",
	 .order = ORDER_VPN_ROUTER_ID,
	 .level = 2,
	 .effect = EVERYTHING,
	 .check = check_not_zero,
	 .question = ask_any,
	 .more = MEANS(.take = take_router_id)},
	VIEW("af-targeted", 90, .grammar = "policy vpn-target",
	     .help = "Accepts only routes that some VPN instance takes in by its route targets. "
		     "Reflection to clients lifts it.",
	     .flags = ROW_DEFAULT_ON, .effect = IMPORTS, .more = MEANS(.take = take_any_target)),
	VIEW("af-targeted", 91,
	     .grammar =
		     "rr-filter { extcommunity-filter-number<1-399> | extcommunity-filter-name }",
	     .value = "extcommunity-filter-number extcommunity-filter-name",
	     .help = "Accepts only routes whose route targets an extended community filter permits.",
	     .effect = IMPORTS, .check = check_names, .more = MEANS(.take = take_filter)),
	VIEW("af-typed", 92, .grammar = "vpn-orf enable",
	     .help = "Sends peers only routes with route targets in which they announced membership.",
	     .effect = EFFECT_EXPORT, .more = MEANS(.take = take_orf)),
	VIEW("af-membership", 90, .grammar = "constraint-rt-filter { enable | disable }",
	     .value = "enable disable", .standard = "enable",
	     .help = "Lets the memberships that peers announced limit the VPN routes that they are "
		     "sent.",
	     .effect = EFFECT_EXPORT, .more = MEANS(.take = take_constraint)),
	VIEW("af-membership", 91, .grammar = "external-path path-count<1-255>",
	     .value = "path-count", .standard = "1",
	     .help = "Sets of how many external peers an equal membership counts.",
	     .effect = EFFECT_EXPORT, .more = MEANS(.take = take_external_paths)),
	VIEW("af-membership", 92, .grammar = "timer wait-for-eor wait-time<0-3000>",
	     .value = "wait-time", .standard = "60",
	     .help = "Sets how long the first VPN routes wait for the end of a peer's memberships, "
		     "in seconds.",
	     .more = MEANS(.take = take_wait)),
};
const struct row_table vpn_family_rows = {rows, sizeof(rows) / sizeof(rows[0])};
