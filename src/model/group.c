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

static const struct conf_line *group_line(const struct conf_edit *e, const char *name)
{
	struct scope s = edit_scope(e);
	const struct conf_node *n = scope_group_node(&s, name);

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
	const struct conf_line *there = group_line(e, name);

	if (e->undo)
		return there || e->loading ||
		       conf_refuse(e, "Error: The peer group does not exist.");
	if (there && (strcmp(group_type(there), group_type(e->line)) != 0 ||
		      conf_has(there, "listen") != conf_has(e->line, "listen")))
		return conf_refuse(e, "Error: The peer group %s already exists with another type.",
				   name);
	return true;
}

static void view_path(const struct conf_edit *e, const struct scope *s,
		      const struct conf_node *view, struct conf_path *ret)
{
	*ret = (struct conf_path){.depth = 0};
	conf_path_enter(ret, e->path->at[0]);
	if (view != s->bgp)
		conf_path_enter(ret, view->line);
}

static void forget_in(struct conf_edit *e, const struct scope *s, const struct conf_node *view,
		      const char *name)
{
	struct conf_path path;
	struct conf_iter it;

	if (!view)
		return;
	view_path(e, s, view, &path);
	for (const struct conf_node *n = conf_first_object(&it, view, ORDER_PEER, name); n;
	     n = conf_next(&it))
		conf_remove(e->tree, &path, n->line);
	conf_path_leave(&path, 0);
}

void peer_forget(struct conf_edit *e, const char *name)
{
	struct conf_tree before = conf_tree_clone(e->tree);
	struct scope s = scope_of(&before, path_instance(e->path));

	for (unsigned i = 0; i < SCOPE_VIEWS; i++)
		forget_in(e, &s, scope_peers(&s, i), name);
	for (unsigned i = 0; i < af_count; i++)
		forget_in(e, &s, scope_family(&s, af_list[i]), name);
	conf_tree_free(&before);
}

static void forget_members(struct conf_edit *e, const struct conf_node *view, const char *group)
{
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_order(&it, view, ORDER_PEER); n;
	     n = conf_next(&it)) {
		if (n->line->row->more == &means_member &&
		    strcmp(conf_value(n->line, "group-name"), group) == 0)
			peer_forget(e, line_peer(n->line));
	}
}

static void remove_group(struct conf_edit *e, const struct scope *s, const struct conf_node *view,
			 const char *name)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_object(&it, view, ORDER_GROUP, name);
	struct conf_path path;

	if (!n)
		return;
	view_path(e, s, view, &path);
	conf_remove(e->tree, &path, n->line);
	conf_path_leave(&path, 0);
}

// A group goes with its members, as in VRP, whichever view of a VPN instance it stands in.
static bool undo_group(struct conf_edit *e, const char *name)
{
	struct conf_tree before = conf_tree_clone(e->tree);
	struct scope s = scope_of(&before, path_instance(e->path));

	for (unsigned i = 0; i < SCOPE_VIEWS; i++)
		forget_members(e, scope_peers(&s, i), name);
	peer_forget(e, name);
	for (unsigned i = 0; i < SCOPE_VIEWS; i++)
		remove_group(e, &s, scope_peers(&s, i), name);
	conf_tree_free(&before);
	return true;
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
	return e->undo && group_line(e, conf_value(e->line, "group-name"))
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
	struct scope s = edit_scope(e);
	const struct conf_line *g = group_line(e, group);
	const struct conf_line *own = scope_line(&s, name, &means_as);
	bool internal = strcmp(group_type(g), "internal") == 0;
	const struct conf_line *of_group = scope_line(&s, group, &means_as);
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
	text_as_number(conf_value(s.bgp->line, "as-number"), &ours);
	if (own && ((of_group && mine != theirs) || internal != (mine == ours)))
		return conf_refuse(e, "Error: The AS number of the peer does not fit the peer "
				      "group.");
	return true;
}

static bool check_member(struct conf_edit *e)
{
	const char *name = line_peer(e->line), *group = conf_value(e->line, "group-name");
	struct scope s = edit_scope(e);

	if (e->loading)
		return true;
	if (e->undo)
		return scope_has(&s, name) || conf_refuse(e, "Error: The peer does not exist.");
	if (!scope_group_node(&s, group))
		return conf_refuse(e, "Error: The peer group does not exist.");
	return check_new_member(e, name, group);
}

// Without an AS number of its own a peer that leaves its group is gone.
static bool apply_member(struct conf_edit *e)
{
	const char *name = line_peer(e->line);
	struct scope s = edit_scope(e);
	bool was = scope_has(&s, name);

	if (!conf_edit_default(e))
		return false;
	if (!e->undo && !was)
		peer_enable_new(e, name);
	s = edit_scope(e);
	if (e->undo && !scope_has(&s, name))
		peer_forget(e, name);
	return true;
}

static bool check_family_member(struct conf_edit *e)
{
	const char *group = conf_value(e->line, "group-name");
	struct scope s = edit_scope(e);

	if (e->loading)
		return true;
	if (!scope_has(&s, line_peer(e->line)))
		return conf_refuse(e, "Error: The peer does not exist.");
	if (!e->undo && !scope_group_node(&s, group))
		return conf_refuse(e, "Error: The peer group does not exist.");
	return true;
}

static const char *ask_member(struct conf_edit *e)
{
	return ask_reset(e);
}

const struct meaning means_member = {.take = NULL, .session = true};

#define GROUP_HELP "Creates a peer group: of IBGP peers unless external is said"

static const struct row rows[] = {
	{.views = "bgp bgp-instance",
	 .grammar = "group group-name [ listen [ internal | external | confederation-external ] | "
		    "internal | external ]",
	 .value = "listen internal external confederation-external",
	 .help = GROUP_HELP ", of dynamic peers with listen.",
	 .order = ORDER_GROUP,
	 .level = 2,
	 .effect = EFFECT_SESSION,
	 .check = check_group,
	 .question = ask_group,
	 .apply = apply_group,
	 .more = MEANS(.session = true, .take = take_group)},
	{.views = "af-peers",
	 .grammar = "group group-name [ internal | external ]",
	 .value = "internal external",
	 .help = GROUP_HELP ".",
	 .order = ORDER_GROUP,
	 .level = 2,
	 .effect = EFFECT_SESSION,
	 .check = check_group,
	 .question = ask_group,
	 .apply = apply_group,
	 .more = MEANS(.session = true, .take = take_group)},
	{.views = "bgp bgp-instance af-peers",
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
	{.views = "af-member",
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
