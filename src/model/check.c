// What rows ask of the candidate before they let a statement in: is the peer there, is it alive, in
// which family's view are we. A whole file is judged at its end instead, by compile.c, since it may
// name things before it defines them.
#include "model/private.h"

#include <string.h>

#include "model/peer.h"

const struct conf_node *bgp_node(const struct conf_tree *t)
{
	struct conf_iter it;

	return conf_first_order(&it, t->root, ORDER_BGP);
}

const struct conf_node *family_node(const struct conf_node *bgp, const struct af *af)
{
	struct conf_iter it;

	return conf_first_order(&it, bgp, ORDER_FAMILY + af->order);
}

const struct af *edit_family(const struct conf_edit *e)
{
	const struct conf_line *view = e->path->depth ? e->path->at[e->path->depth - 1] : NULL;

	return view && view->row->more ? meaning_of(view->row)->af : NULL;
}

const char *line_peer(const struct conf_line *l)
{
	return conf_line_word(l, 1);
}

bool name_is_address(const char *name)
{
	struct ip ip;

	return ip_parse(name, &ip);
}

const struct conf_line *peer_line(const struct conf_node *view, const char *peer,
				  const struct meaning *m)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_object(&it, view, ORDER_PEER, peer);

	while (n && n->line->row->more != m)
		n = conf_next(&it);
	return n ? n->line : NULL;
}

const char *group_of(const struct conf_node *view, const char *peer)
{
	const struct conf_line *l = peer_line(view, peer, &means_member);

	return l ? conf_value(l, "group-name") : NULL;
}

bool group_is_there(const struct conf_tree *t, const char *name)
{
	struct conf_iter it;

	return conf_first_object(&it, bgp_node(t), ORDER_GROUP, name) != NULL;
}

bool peer_is_there(const struct conf_tree *t, const char *name)
{
	const struct conf_node *bgp = bgp_node(t);

	if (!name_is_address(name))
		return group_is_there(t, name);
	return peer_line(bgp, name, &means_as) || peer_line(bgp, name, &means_member);
}

bool check_peer(struct conf_edit *e)
{
	const char *name = line_peer(e->line);

	if (e->loading || peer_is_there(e->tree, name))
		return check_names(e);
	return conf_refuse(e, name_is_address(name) ? "Error: The peer does not exist."
						    : "Error: The peer group does not exist.");
}

// --- is it alive? -----------------------------------------------------------------------------
static bool address_live(struct model_host *host, const char *text)
{
	struct ip ip;

	return ip_parse(text, &ip) && host->peer_established(host, &ip);
}

static bool member_live(const struct conf_edit *e, struct model_host *host, const char *group)
{
	const struct conf_node *bgp = bgp_node(e->tree);
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_order(&it, bgp, ORDER_PEER); n;
	     n = conf_next(&it)) {
		const char *of = n->line->row->more == &means_member
					 ? conf_value(n->line, "group-name")
					 : NULL;
		if (of && strcmp(of, group) == 0 && address_live(host, line_peer(n->line)))
			return true;
	}
	return false;
}

bool edit_live(const struct conf_edit *e)
{
	struct model_host *host = e->app;
	const char *name = line_peer(e->line);

	if (!host || !host->peer_established || !name)
		return false;
	return name_is_address(name) ? address_live(host, name) : member_live(e, host, name);
}

// Does the statement say something new? One that holds by default is stored only when undone.
static bool changes(const struct conf_edit *e)
{
	const struct conf_node *n = conf_find(conf_edit_view(e), e->line);

	if (e->line->row->flags & ROW_DEFAULT_ON)
		return e->undo ? !n || !n->line->undo : n && n->line->undo;
	return e->undo ? n != NULL : !n || !conf_line_equal(n->line, e->line);
}

const char *ask_reset(struct conf_edit *e)
{
	return edit_live(e) && changes(e)
		       ? "Warning: This operation will reset the peer session. Continue? [Y/N]:"
		       : NULL;
}

const char *ask_parameter(struct conf_edit *e)
{
	return edit_live(e) && changes(e) ? "Warning: Changing the parameter in this command "
					    "resets the peer session. Continue? [Y/N]:"
					  : NULL;
}
