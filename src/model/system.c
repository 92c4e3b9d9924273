// Statements of the system view that belong to no other topic.
#include "model/private.h"

#include <string.h>

static void take_router_id(struct taking *t, const struct conf_line *l)
{
	ip_parse(conf_value(l, "ipv4-address"), &t->build->router_id);
}

// VRP clients take host names of these characters only.
static bool check_sysname(struct conf_edit *e)
{
	const char *name = conf_value(e->line, "host-name");

	if (!e->undo && name &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		return conf_refuse(e, "Error: A host name has letters, digits, and . _ - only.");
	return true;
}

const char *model_host_name(const struct conf_tree *t)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_order(&it, t->root, ORDER_SYSNAME);

	return n ? conf_value(n->line, "host-name") : "Afresh";
}

bool check_not_zero(struct conf_edit *e)
{
	const char *address = conf_value(e->line, "ipv4-address");

	if (!e->undo && address && strcmp(address, "0.0.0.0") == 0)
		return conf_refuse(e, "Error: A router ID must not be 0.0.0.0.");
	return true;
}

static const struct row rows[] = {
	{.views = "system",
	 .grammar = "sysname host-name",
	 .value = "host-name",
	 .help = "Names this device in prompts.",
	 .order = ORDER_SYSNAME,
	 .level = 2,
	 .check = check_sysname,
	 .more = MEANS(0)},
	{.views = "system",
	 .grammar = "router id ipv4-address",
	 .value = "ipv4-address",
	 .help = "Sets the router ID where the BGP view sets none.",
	 .order = ORDER_ROUTER_ID,
	 .level = 2,
	 .effect = EFFECT_SESSION | EFFECT_IMPORT | EFFECT_DECIDE | EFFECT_EXPORT | EFFECT_ASK |
		   EFFECT_PENDING,
	 .check = check_not_zero,
	 .more = MEANS(.take = take_router_id)},
};
const struct row_table system_rows = {rows, sizeof(rows) / sizeof(rows[0])};
