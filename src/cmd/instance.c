// display ip vpn-instance [ V | verbose [ V ] ]: the VPN instances that run, in VRP's layout. What
// was configured is read from the statements, numbers and labels from what runs.
#include "cmd/scope.h"

#include <string.h>

#include <jansson.h>

static bool has_family(const struct instance_config *i, const struct af *af)
{
	return i->number != INSTANCE_PUBLIC && i->families & af_bit(af);
}

// The families that make an instance what it is: those of its forwarding.
static bool is_main(const struct af *af)
{
	return af->props & AF_INSTANCE && af->props & AF_UNICAST;
}

// "IPv4" of "IPv4 Unicast".
static int kind_size(const struct af *af)
{
	return (int)strcspn(af->title, " ");
}

// --- what was configured ----------------------------------------------------------------------------
static const struct conf_node *instance_node(const struct conf_tree *t, const char *name)
{
	struct conf_iter it;
	for (const struct conf_node *n = conf_first(&it, t->root); n; n = conf_next(&it)) {
		const char *here = conf_value(n->line, "vpn-instance-name");
		if (n->line->row->enters && here && !strcmp(here, name))
			return n;
	}
	return NULL;
}

static const struct conf_node *family_view(const struct conf_node *instance, const struct af *af)
{
	struct conf_iter it;
	for (const struct conf_node *n = instance ? conf_first(&it, instance) : NULL; n;
	     n = conf_next(&it))
		if (n->line->row->enters &&
		    !strcmp(conf_line_word(n->line, 0), af->instance_selector))
			return n;
	return NULL;
}

static const char *description_of(const struct conf_node *instance)
{
	struct conf_iter it;
	for (const struct conf_node *n = instance ? conf_first(&it, instance) : NULL; n;
	     n = conf_next(&it)) {
		const char *text = conf_value(n->line, "description-text");
		if (text)
			return text;
	}
	return NULL;
}

// Values of a parameter in all lines that have that keyword, as a JSON list.
static json_t *values_of(const struct conf_node *view, const char *keyword, const char *param)
{
	json_t *list = json_array();
	struct conf_iter it;
	for (const struct conf_node *n = view ? conf_first(&it, view) : NULL; n;
	     n = conf_next(&it)) {
		const char *value = conf_value(n->line, param);
		if (value && conf_has(n->line, keyword))
			json_array_append_new(list, json_string(value));
	}
	return list;
}

// What limits the tables of a family and what has come of it.
static json_t *limits_json(struct app *a, uint16_t instance, const struct af *af)
{
	static const char *const kinds[] = {"routes", "prefixes"};
	json_t *list = json_array();
	struct speaker_limit l;
	for (unsigned k = 0; k < LIMIT_KINDS; k++)
		if (speaker_limit(a->speaker, instance, af, k, &l))
			json_array_append_new(
				list,
				json_pack("{s:s, s:I, s:I, s:b, s:I, s:I, s:b}", "of", kinds[k],
					  "limit", (json_int_t)l.most, "percent",
					  (json_int_t)l.percent, "simply_alert", (int)l.alert_only,
					  "held", (json_int_t)l.held, "turned_away",
					  (json_int_t)l.refused, "full", (int)l.full));
	return list;
}

// --- one instance as JSON, from which the text is made ----------------------------------------------
static json_t *family_json(struct app *a, const struct instance_config *i,
			   const struct conf_node *instance, const struct af *af)
{
	const struct vpn_link *link = &i->link[af_index(af)];
	const struct conf_node *view = family_view(instance, af);
	struct rib_totals totals;
	struct buf rd = {0};
	if (link->present)
		rd_put(&rd, link->rd);
	speaker_totals(a->speaker, i->number, af, &totals);
	json_t *o = json_pack(
		"{s:s, s:s, s:I, s:s, s:I, s:o, s:o, s:o, s:o}", "family", af->name,
		"route_distinguisher", buf_cstr(&rd), "prefixes", (json_int_t)totals.destinations,
		"label_policy", link->label_per_route ? "per route" : "per instance", "label",
		(json_int_t)link->label, "export_targets",
		values_of(view, "export-extcommunity", "route-target"), "import_targets",
		values_of(view, "import-extcommunity", "route-target"), "export_policy",
		values_of(view, "export", "policy-name"), "import_policy",
		values_of(view, "import", "policy-name"));
	json_object_set_new(o, "limits", limits_json(a, i->number, af));
	buf_free(&rd);
	return o;
}

static json_t *instance_json(struct app *a, const struct instance_config *i,
			     const struct conf_tree *tree)
{
	const struct conf_node *node = instance_node(tree, i->name);
	const char *description = description_of(node);
	struct buf id = {0};
	json_t *families = json_array();
	for (unsigned f = 0; f < af_count; f++)
		if (has_family(i, af_list[f]) && is_main(af_list[f]))
			json_array_append_new(families, family_json(a, i, node, af_list[f]));
	show_router_id(&id, i->router_id);
	json_t *o =
		json_pack("{s:s, s:I, s:s, s:o}", "instance", i->name, "number",
			  (json_int_t)i->number, "router_id", buf_cstr(&id), "families", families);
	if (description)
		json_object_set_new(o, "description", json_string(description));
	buf_free(&id);
	return o;
}

// --- text -------------------------------------------------------------------------------------------
static const char *text_at(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : "";
}

static void put_values(struct buf *b, const char *title, const json_t *list)
{
	if (!json_array_size(list))
		return;
	buf_format(b, "  %s :", title);
	for (size_t i = 0; i < json_array_size(list); i++)
		buf_format(b, " %s", json_string_value(json_array_get(list, i)));
	buf_u8(b, '\n');
}

static json_int_t number_at(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static void put_limit(struct buf *b, const json_t *o)
{
	bool prefixes = text_at(o, "of")[0] == 'p', full = json_is_true(json_object_get(o, "full"));
	const char *kind = prefixes ? "Prefixes" : "Routes";
	buf_format(b, "  Maximum %s Limit : %lld\n", kind, (long long)number_at(o, "limit"));
	if (json_is_true(json_object_get(o, "simply_alert"))) {
		buf_format(b, "  Current %s : %lld%s\n", kind, (long long)number_at(o, "held"),
			   full ? ", more than the limit" : "");
		return;
	}
	buf_format(b, "  Threshold %s Limit : %lld%%\n", kind, (long long)number_at(o, "percent"));
	buf_format(b, "  Current %s : %lld%s, turned away : %lld\n", kind,
		   (long long)number_at(o, "held"), full ? ", full" : "",
		   (long long)number_at(o, "turned_away"));
}

static void put_family(struct buf *b, const json_t *o)
{
	const struct af *af = af_by_name(text_at(o, "family"));
	const char *rd = text_at(o, "route_distinguisher");
	buf_format(b, " Address family %s\n", af->props & AF_WIDE ? "ipv6" : "ipv4");
	buf_text(b, "  Vrf Status : UP\n");
	if (rd[0])
		buf_format(b, "  Route Distinguisher : %s\n", rd);
	put_values(b, "Export VPN Targets", json_object_get(o, "export_targets"));
	put_values(b, "Import VPN Targets", json_object_get(o, "import_targets"));
	buf_format(b, "  Label Policy : label %s\n", text_at(o, "label_policy"));
	if (!strcmp(text_at(o, "label_policy"), "per instance"))
		buf_format(b, "  Per-Instance Label : %d\n",
			   (int)json_integer_value(json_object_get(o, "label")));
	put_values(b, "Import Route Policy", json_object_get(o, "import_policy"));
	put_values(b, "Export Route Policy", json_object_get(o, "export_policy"));
	const json_t *limits = json_object_get(o, "limits");
	for (size_t i = 0; i < json_array_size(limits); i++)
		put_limit(b, json_array_get(limits, i));
}

static void put_instance(struct buf *b, const json_t *o)
{
	const json_t *families = json_object_get(o, "families");
	buf_format(b, "\n VPN-Instance Name and ID : %s, %d\n", text_at(o, "instance"),
		   (int)json_integer_value(json_object_get(o, "number")));
	if (text_at(o, "description")[0])
		buf_format(b, "  Description : %s\n", text_at(o, "description"));
	for (size_t i = 0; i < json_array_size(families); i++)
		put_family(b, json_array_get(families, i));
}

static void put_rows(struct buf *b, const json_t *o)
{
	const json_t *families = json_object_get(o, "families");
	for (size_t i = 0; i < json_array_size(families); i++) {
		const json_t *f = json_array_get(families, i);
		const struct af *af = af_by_name(text_at(f, "family"));
		buf_format(b, "  %-31s %-21s %.*s\n", text_at(o, "instance"),
			   text_at(f, "route_distinguisher"), kind_size(af), af->title);
	}
	if (!json_array_size(families))
		buf_format(b, "  %s\n", text_at(o, "instance"));
}

static void put_totals(struct buf *b, const struct speaker_config *config)
{
	buf_format(b, " Total VPN-Instances configured      : %u\n", config->instance_count - 1);
	for (unsigned f = 0; f < af_count; f++) {
		unsigned n = 0;
		if (!is_main(af_list[f]))
			continue;
		for (unsigned i = 0; i < config->instance_count; i++)
			n += has_family(&config->instances[i], af_list[f]);
		buf_format(b, " Total %.*s VPN-Instances configured : %u\n", kind_size(af_list[f]),
			   af_list[f]->title, n);
	}
}

static json_t *instances_json(struct app *a, const char *only)
{
	const struct speaker_config *config = speaker_running(a->speaker);
	struct conf_tree tree = conf_tree_clone(conf_store_running(a->store));
	json_t *list = json_array();
	for (unsigned i = 0; config && i < config->instance_count; i++) {
		const struct instance_config *here = &config->instances[i];
		if (here->number != INSTANCE_PUBLIC && (!only || !strcmp(only, here->name)))
			json_array_append_new(list, instance_json(a, here, &tree));
	}
	conf_tree_free(&tree);
	return list;
}

static void instances_text(struct cli_call *c, struct buf *b, const json_t *list)
{
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	bool verbose = conf_has(c->line, "verbose"), one = conf_value(c->line, "vpn-instance-name");
	if (config && !one)
		put_totals(b, config);
	if (!verbose)
		buf_format(b, "%s  %-31s %-21s %s\n", one ? "" : "\n", "VPN-Instance Name", "RD",
			   "Address-family");
	for (size_t i = 0; i < json_array_size(list); i++)
		(verbose ? put_instance : put_rows)(b, json_array_get(list, i));
}

static void display_instances(struct cli_call *c)
{
	const char *only = conf_value(c->line, "vpn-instance-name");
	struct buf out = {0};
	json_t *list = instances_json(app_of(c), only);
	if (only && !json_array_size(list)) {
		cli_error(c, "The VPN instance does not exist.");
	} else if (c->json) {
		show_json(&out, json_pack("{s:O}", "instances", list));
		buf_u8(&out, '\n');
	} else {
		instances_text(c, &out, list);
	}
	json_decref(list);
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "display ip vpn-instance [ vpn-instance-name ]",
	 .help = "Shows VPN instances and their route distinguishers.",
	 .level = 1,
	 .run = display_instances},
	{.views = "*",
	 .grammar = "display ip vpn-instance verbose [ vpn-instance-name ]",
	 .help = "Shows VPN instances in detail.",
	 .level = 1,
	 .run = display_instances},
};
const struct row_table instance_table = {rows, sizeof rows / sizeof *rows};
