// Peer groups: `group G`, and `peer X group G` in the BGP view and in the families' views. Inheritance
// itself is resolved when the tree is compiled (compile_peer.c): what a member does not say itself
// it has from its group; in a family from the group that is named there, else from that of the BGP
// view.
#include "model/peer.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void text_name(struct buf *b, const char *name)
{
	const char *quote = strpbrk(name, " #!") ? "\"" : "";

	buf_format(b, "%s%s%s", quote, name, quote);
}

static const struct conf_line *group_line(const struct conf_tree *t, const char *name)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_object(&it, bgp_node(t), ORDER_GROUP, name);

	return n ? n->line : NULL;
}

static const char *group_type(const struct conf_line *l)
{
	if (conf_has(l, "confederation-external"))
		return "confederation-external";
	return conf_has(l, "external") ? "external" : "internal";
}

// --- group G ------------------------------------------------------------------------------------
static bool check_group(struct conf_edit *e)
{
	const char *name = conf_value(e->line, "group-name");
	const struct conf_line *there = group_line(e->tree, name);

	if (e->undo)
		return there || e->loading ||
		       conf_refuse(e, "Error: The peer group does not exist.");
	if (there && (strcmp(group_type(there), group_type(e->line)) != 0 ||
		      conf_has(there, "listen") != conf_has(e->line, "listen")))
		return conf_refuse(e, "Error: The peer group %s already exists with another type.",
				   name);
	return true;
}

struct forgetting {
	const char *name;
};

static bool is_about(void *arg, const struct conf_node *n)
{
	const struct forgetting *f = arg;

	return n->line->row->order == ORDER_PEER && n->line->words > 1 &&
	       strcmp(line_peer(n->line), f->name) == 0;
}

void peer_forget(struct conf_edit *e, const char *name)
{
	struct forgetting f = {name};
	struct conf_path bgp = *e->path; // borrows the counts

	bgp.depth = bgp.depth ? 1 : 0;
	conf_remove_if(e->tree, &bgp, is_about, &f);
}

// A group goes with its members, as in VRP.
static bool undo_group(struct conf_edit *e, const char *name)
{
	struct conf_tree before = conf_tree_clone(e->tree);
	const struct conf_node *bgp = bgp_node(&before);
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_order(&it, bgp, ORDER_PEER); n;
	     n = conf_next(&it)) {
		if (n->line->row->more == &means_member &&
		    strcmp(conf_value(n->line, "group-name"), name) == 0)
			peer_forget(e, line_peer(n->line));
	}
	peer_forget(e, name);
	conf_tree_free(&before);
	return conf_edit_default(e);
}

static bool apply_group(struct conf_edit *e)
{
	const char *name = conf_value(e->line, "group-name");
	struct buf line = {0};

	if (e->undo)
		return undo_group(e, name);
	buf_text(&line, "group ");
	text_name(&line, name);
	buf_format(&line, "%s %s", conf_has(e->line, "listen") ? " listen" : "",
		   group_type(e->line));
	bool done = conf_edit_type(e, buf_cstr(&line));
	buf_free(&line);
	return done;
}

static const char *ask_group(struct conf_edit *e)
{
	return e->undo && group_line(e->tree, conf_value(e->line, "group-name"))
		       ? "Warning: The peer group and its members will be deleted. Continue? [Y/N]:"
		       : NULL;
}

static void take_group(struct taking *t, const struct conf_line *l)
{
	struct group_config *g = t->group;

	snprintf(g->name, sizeof(g->name), "%s", conf_value(l, "group-name"));
	g->listen = conf_has(l, "listen");
	g->internal = conf_has(l, "internal") ||
		      !(conf_has(l, "external") || conf_has(l, "confederation-external"));
	g->external = conf_has(l, "external");
}

// --- peer X group G -------------------------------------------------------------------------------
static bool check_new_member(struct conf_edit *e, const char *name, const char *group)
{
	const struct conf_node *bgp = bgp_node(e->tree);
	const struct conf_line *g = group_line(e->tree, group);
	const struct conf_line *own = peer_line(bgp, name, &means_as);
	bool internal = strcmp(group_type(g), "internal") == 0;
	const struct conf_line *of_group = peer_line(bgp, group, &means_as);
	uint32_t mine = 0, theirs = 0, ours = 0;

	if (conf_has(g, "listen"))
		return conf_refuse(e, "Error: The peer group %s takes dynamic peers only.", group);
	if (!own && !internal && !of_group)
		return conf_refuse(e, "Error: The peer has no AS number, and neither has the peer "
				      "group.");
	if (own)
		text_as_number(conf_value(own, "as-number"), &mine);
	if (of_group)
		text_as_number(conf_value(of_group, "as-number"), &theirs);
	text_as_number(conf_value(bgp->line, "as-number"), &ours);
	if (own && ((of_group && mine != theirs) || internal != (mine == ours)))
		return conf_refuse(e, "Error: The AS number of the peer does not fit the peer "
				      "group.");
	return true;
}

static bool check_member(struct conf_edit *e)
{
	const char *name = line_peer(e->line), *group = conf_value(e->line, "group-name");

	if (e->loading)
		return true;
	if (e->undo)
		return peer_is_there(e->tree, name) ||
		       conf_refuse(e, "Error: The peer does not exist.");
	if (!group_is_there(e->tree, group))
		return conf_refuse(e, "Error: The peer group does not exist.");
	return check_new_member(e, name, group);
}

// Without an AS number of its own a peer that leaves its group is gone.
static bool apply_member(struct conf_edit *e)
{
	const char *name = line_peer(e->line);
	bool was = peer_is_there(e->tree, name);

	if (!conf_edit_default(e))
		return false;
	if (!e->undo && !was)
		peer_enable_new(e, name);
	if (e->undo && !peer_is_there(e->tree, name))
		peer_forget(e, name);
	return true;
}

static bool check_family_member(struct conf_edit *e)
{
	const char *group = conf_value(e->line, "group-name");

	if (e->loading)
		return true;
	if (!peer_is_there(e->tree, line_peer(e->line)))
		return conf_refuse(e, "Error: The peer does not exist.");
	if (!e->undo && !group_is_there(e->tree, group))
		return conf_refuse(e, "Error: The peer group does not exist.");
	return true;
}

static const char *ask_member(struct conf_edit *e)
{
	return ask_reset(e);
}

const struct meaning means_member = {.take = NULL};

static const struct row rows[] = {
	{.views = "bgp",
	 .grammar = "group group-name [ listen [ internal | external | confederation-external ] | "
		    "internal | external ]",
	 .value = "listen internal external confederation-external",
	 .help = "Creates a peer group: of IBGP peers unless external is said, of dynamic peers with "
		 "listen.",
	 .order = ORDER_GROUP,
	 .level = 2,
	 .effect = EFFECT_SESSION,
	 .check = check_group,
	 .question = ask_group,
	 .apply = apply_group,
	 .more = MEANS(.take = take_group)},
	{.views = "bgp",
	 .grammar = "peer { ipv4-address | ipv6-address } group group-name",
	 .value = "group-name",
	 .help = "Makes a peer a member of a group, and creates it with the AS number of the group "
		 "if need be.",
	 .order = ORDER_PEER,
	 .rank = RANK_MEMBER,
	 .level = 2,
	 .effect = EFFECT_SESSION | EFFECT_IMPORT | EFFECT_EXPORT | EFFECT_ASK | EFFECT_PENDING,
	 .check = check_member,
	 .question = ask_member,
	 .apply = apply_member,
	 .more = &means_member},
	{.views = "af",
	 .grammar = "peer { ipv4-address | ipv6-address } group group-name",
	 .value = "group-name",
	 .help = "Lets a peer have what it does not say itself in this address family from that "
		 "group.",
	 .order = ORDER_PEER,
	 .rank = RANK_MEMBER,
	 .level = 2,
	 .effect = EFFECT_SESSION | EFFECT_IMPORT | EFFECT_EXPORT | EFFECT_ASK | EFFECT_PENDING,
	 .check = check_family_member,
	 .question = ask_member,
	 .more = &means_member},
};
const struct row_table group_rows = {rows, sizeof(rows) / sizeof(rows[0])};
