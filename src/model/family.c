// What a family's view says about all of its routes: what we originate, how the best path is
// chosen, filters of all peers.
#include "model/private.h"

#include <string.h>

#include "base/mem.h"
#include "model/peer.h"

static struct family_config *family_of(const struct taking *t)
{
	return &t->build->instance->family[af_index(t->af)];
}

// In the BGP view: of the instance, which the families copy.
static struct rib_options *options_of(const struct taking *t)
{
	return t->af ? &family_of(t)->options : &t->build->options;
}

// --- network and aggregate --------------------------------------------------------------------------
// The prefix of a statement. Without a mask: the natural one of the address' class.
static bool line_prefix(const struct conf_line *l, struct ip *ret, unsigned *ret_length)
{
	const char *text = conf_value(l, "ipv4-address"), *mask = conf_value(l, "mask");
	struct ip ip;
	bool contiguous;

	if (!text) {
		text = conf_value(l, "ipv6-address");
		*ret_length = (unsigned)conf_number(l, "prefix-length", 128);
		return text && ip_parse(text, ret);
	}
	if (!ip_parse(text, ret))
		return false;
	*ret_length = ret->b[0] < 128 ? 8 : ret->b[0] < 192 ? 16 : 24;
	if (mask && ip_parse(mask, &ip))
		*ret_length = ip_prefix_length(&ip, &contiguous);
	return true;
}

static bool check_prefix(struct conf_edit *e)
{
	struct ip ip, masked;
	unsigned length = 0;

	if (e->undo || !line_prefix(e->line, &ip, &length))
		return true;
	masked = ip;
	ip_mask(&masked, length);
	if (!ip_equal(&ip, &masked))
		return conf_refuse(e, "Error: The destination address and mask do not match.");
	return check_names(e);
}

// The natural mask is written out.
static bool apply_network(struct conf_edit *e)
{
	struct buf line = {0};
	struct ip ip, mask = ip_from_u32(UINT32_MAX);
	char text[IP_TEXT_MAX], mask_text[IP_TEXT_MAX];
	unsigned length;
	const char *policy = conf_value(e->line, "policy-name");

	if (conf_value(e->line, "mask") || !line_prefix(e->line, &ip, &length))
		return conf_edit_default(e);
	ip_mask(&mask, length);
	buf_format(&line, "%snetwork %s %s", e->undo ? "undo " : "", ip_text(&ip, text),
		   ip_text(&mask, mask_text));
	if (policy) {
		buf_text(&line, " route-policy ");
		text_name(&line, policy);
	}
	bool done = conf_edit_type(e, buf_cstr(&line));
	buf_free(&line);
	return done;
}

// The policy that stands behind a keyword of a statement that names several.
static struct policy_program *program_after(struct taking *t, const struct conf_line *l,
					    const char *keyword)
{
	return family_program(t->build, t->af, conf_after(l, keyword));
}

struct policy_program *family_program(struct build *b, const struct af *af, const char *policy)
{
	const struct policy_binding binding = {.af = af, .view_route_policy = policy};

	return policy ? policy_program(b->model->store, b->snapshot, &binding) : NULL;
}

struct origin_config *origin_add(struct family_config *f, const struct af_key *key)
{
	if (!(f->network_count & (f->network_count - 1))) // a power of two: full
		f->networks =
			mem_resize(f->networks, (f->network_count ? 2 * f->network_count : 1) *
							sizeof(*f->networks));
	struct origin_config *o = &f->networks[f->network_count++];
	*o = (struct origin_config){.key = *key};
	return o;
}

void origin_carry(struct origin_config *o, const struct attrs *as)
{
	struct buf bytes = {0};

	attrs_encode(&bytes, as);
	o->attributes = mem_alloc(bytes.len + 1);
	memcpy(o->attributes, buf_cstr(&bytes), bytes.len); // there may be none
	o->attributes_size = bytes.len;
	buf_free(&bytes);
}

static void take_network(struct taking *t, const struct conf_line *l)
{
	struct af_key key;
	struct ip ip;
	unsigned length = 0;

	if (!line_prefix(l, &ip, &length))
		return;
	t->af->from_prefix(&ip, length, &key);
	origin_add(family_of(t), &key)->program = program_after(t, l, "route-policy");
}

static void take_aggregate(struct taking *t, const struct conf_line *l)
{
	struct family_config *f = family_of(t);
	struct ip ip;
	unsigned length = 0;

	if (!line_prefix(l, &ip, &length))
		return;
	f->aggregates =
		mem_resize(f->aggregates, (f->aggregate_count + 1) * sizeof(*f->aggregates));
	struct rib_aggregate *a = &f->aggregates[f->aggregate_count++];
	*a = (struct rib_aggregate){
		.as_set = conf_has(l, "as-set"),
		.detail_suppressed = conf_has(l, "detail-suppressed"),
		.attribute_policy = program_after(t, l, "attribute-policy"),
		.origin_policy = program_after(t, l, "origin-policy"),
		.suppress_policy = program_after(t, l, "suppress-policy"),
	};
	t->af->from_prefix(&ip, length, &a->key);
}

// --- filters of all peers ---------------------------------------------------------------------------
static void take_filter(struct taking *t, const struct conf_line *l)
{
	struct view_take *v = &t->build->view[af_index(t->af)];
	bool import = conf_has(l, "import");
	const char *acl = conf_value(l, "acl-number"), *list = conf_value(l, "ip-prefix-name");

	v->acl[import] = acl ? acl : conf_value(l, "acl-name");
	v->prefix_list[import] = list ? list : conf_value(l, "ipv6-prefix-name");
}

// --- the decision -----------------------------------------------------------------------------------
static void take_bestroute(struct taking *t, const struct conf_line *l)
{
	struct rib_options *o = options_of(t);

	o->as_path_ignore |= conf_has(l, "as-path-ignore");
	o->med_none_as_maximum |= conf_has(l, "med-none-as-maximum");
	o->med_confederation |= conf_has(l, "med-confederation");
	o->router_id_ignore |= conf_has(l, "router-id-ignore");
}

static void take_compare_med(struct taking *t, const struct conf_line *l)
{
	options_of(t)->compare_different_as_med = true;
}

static void take_balancing(struct taking *t, const struct conf_line *l)
{
	options_of(t)->max_paths = (uint32_t)conf_number(l, "path-count", 1);
}

static void take_default_value(struct taking *t, const struct conf_line *l)
{
	if (conf_has(l, "local-preference"))
		options_of(t)->default_local_pref = (uint32_t)conf_number(l, "default-value", 100);
	else
		options_of(t)->default_med = (uint32_t)conf_number(l, "default-value", 0);
}

// --- reflection -------------------------------------------------------------------------------------
static void take_between(struct taking *t, const struct conf_line *l)
{
	options_of(t)->reflect_between_clients = !l->undo;
}

static void take_cluster(struct taking *t, const struct conf_line *l)
{
	const char *address = conf_value(l, "ipv4-address");
	struct ip ip;

	options_of(t)->cluster_id = (uint32_t)conf_number(l, "cluster-number", 0);
	if (address && ip_parse(address, &ip))
		options_of(t)->cluster_id = ip_to_u32(&ip);
}

static bool take_nothing(struct conf_edit *e)
{
	return true;
}

#define POLICIES                                                                     \
	"as-set | detail-suppressed | attribute-policy policy-name | origin-policy " \
	"policy-name | suppress-policy policy-name"
#define POLICY_WORDS                                                           \
	"as-set detail-suppressed attribute-policy policy-name origin-policy " \
	"suppress-policy"
// A statement of the views with a tag. The rank is the place among them.
#define VIEW(tag, place, ...)                                                                 \
	{                                                                                     \
		.views = tag, .order = ORDER_INSTANCE, .rank = place, .level = 2, __VA_ARGS__ \
	}
#define FILTER(tag, words, values)                                                                    \
	VIEW(tag, 200, .grammar = "filter-policy { " words " } { import | export }",                  \
	     .value = values,                                                                         \
	     .help = "Lets only routes pass whose address an ACL or a prefix list permits, from and " \
		     "to all peers.",                                                                 \
	     .effect = IMPORTS | EFFECT_EXPORT, .check = check_names,                                 \
	     .more = MEANS(.take = take_filter))

static const struct row rows[] = {
	VIEW("af", 1, .grammar = "undo synchronization",
	     .help = "Accepted and not kept: there is no IGP to wait for.", .flags = ROW_IGNORED,
	     .apply = take_nothing, .more = MEANS(0)),
	VIEW("bgp af", 110,
	     .grammar = "default { local-preference | med } default-value<0-4294967295>",
	     .value = "default-value",
	     .help = "Sets the LOCAL_PREF of routes that have none, or the MED of routes that we "
		     "originate.",
	     .effect = EFFECT_DECIDE | EFFECT_EXPORT, .more = MEANS(.take = take_default_value)),
	VIEW("af", 120,
	     .grammar = "bestroute { as-path-ignore | med-none-as-maximum | med-confederation | "
			"router-id-ignore }",
	     .help = "Changes a step of the choice of the best path.", .effect = EFFECT_DECIDE,
	     .more = MEANS(.take = take_bestroute)),
	VIEW("af", 121, .grammar = "compare-different-as-med",
	     .help = "Compares the MED of routes of different neighbouring ASs too.",
	     .effect = EFFECT_DECIDE, .more = MEANS(.take = take_compare_med)),
	VIEW("af", 122, .grammar = "deterministic-med",
	     .help = "Accepted and not kept: the choice never depends on the order of arrival "
		     "here.",
	     .flags = ROW_IGNORED, .more = MEANS(0)),
	VIEW("af", 130, .grammar = "maximum load-balancing path-count<1-128>",
	     .value = "path-count", .standard = "1",
	     .help = "Marks up to that many paths of equal worth as selected.",
	     .effect = EFFECT_DECIDE, .more = MEANS(.take = take_balancing)),
	VIEW("af", 140, .grammar = "reflect between-clients",
	     .help = "Reflects routes of one client to the others.", .flags = ROW_DEFAULT_ON,
	     .effect = EFFECT_EXPORT, .more = MEANS(.take = take_between)),
	VIEW("bgp af", 141,
	     .grammar = "reflector cluster-id { cluster-number<1-4294967295> | ipv4-address }",
	     .value = "cluster-number ipv4-address",
	     .help = "Sets the cluster ID of this route reflector; else it is the router ID.",
	     .effect = IMPORTS | EFFECT_DECIDE | EFFECT_EXPORT,
	     .more = MEANS(.take = take_cluster)),
	FILTER("af-narrow",
	       "acl-number<2000-2999> | **acl-name** acl-name | ip-prefix ip-prefix-name",
	       "acl-number acl-name **acl-name** ip-prefix ip-prefix-name"),
	FILTER("af-wide",
	       "acl-number<2000-2999> | acl6-name acl-name | ipv6-prefix ipv6-prefix-name",
	       "acl-number acl-name acl6-name ipv6-prefix ipv6-prefix-name"),
	{.views = "af-originate-narrow",
	 .grammar = "network ipv4-address [ mask ] [ route-policy policy-name ]",
	 .value = "route-policy policy-name",
	 .help = "Originates a route.",
	 .order = ORDER_ORIGIN,
	 .level = 2,
	 .check = check_prefix,
	 .apply = apply_network,
	 .more = MEANS(.take = take_network)},
	{.views = "af-originate-wide",
	 .grammar = "network ipv6-address prefix-length [ route-policy policy-name ]",
	 .value = "route-policy policy-name",
	 .help = "Originates a route.",
	 .order = ORDER_ORIGIN,
	 .level = 2,
	 .check = check_prefix,
	 .more = MEANS(.take = take_network)},
	{.views = "af-originate-narrow",
	 .grammar = "aggregate ipv4-address mask [ " POLICIES " ]*",
	 .value = POLICY_WORDS,
	 .help = "Originates a route for all routes within it, if there is any.",
	 .order = ORDER_ORIGIN,
	 .rank = 1,
	 .level = 2,
	 .check = check_prefix,
	 .more = MEANS(.take = take_aggregate)},
	{.views = "af-originate-wide",
	 .grammar = "aggregate ipv6-address prefix-length [ " POLICIES " ]*",
	 .value = POLICY_WORDS,
	 .help = "Originates a route for all routes within it, if there is any.",
	 .order = ORDER_ORIGIN,
	 .rank = 1,
	 .level = 2,
	 .check = check_prefix,
	 .more = MEANS(.take = take_aggregate)},
};
const struct row_table family_rows = {rows, sizeof(rows) / sizeof(rows[0])};
