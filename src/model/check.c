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

bool check_peer(struct conf_edit *e)
{
	const char *name = line_peer(e->line);
	struct scope s = edit_scope(e);

	if (e->loading || scope_has(&s, name))
		return check_names(e);
	return conf_refuse(e, name_is_address(name) ? "Error: The peer does not exist."
						    : "Error: The peer group does not exist.");
}

// --- is it alive? -----------------------------------------------------------------------------
static struct model_host *edit_host(const struct conf_edit *e)
{
	struct model_host *host = e->app;

	return host && host->peer_established ? host : NULL;
}

static bool address_live(struct model_host *host, const struct scope *s, const char *text)
{
	uint16_t instance = 0;
	struct ip ip;

	if (s->instance)
		instance = model_instance_number(host->model, s->instance);
	return ip_parse(text, &ip) && host->peer_established(host, instance, &ip);
}

// A member of the group; of no group in particular: any peer.
static bool member_live(struct model_host *host, const struct scope *s, const char *group)
{
	struct conf_iter it;

	for (unsigned i = 0; i < SCOPE_VIEWS; i++) {
		const struct conf_node *n = conf_first_order(&it, scope_peers(s, i), ORDER_PEER);
		for (; n; n = conf_next(&it)) {
			const char *of = n->line->row->more == &means_member
						 ? conf_value(n->line, "group-name")
						 : NULL;
			if (group && (!of || strcmp(of, group) != 0))
				continue;
			if (address_live(host, s, line_peer(n->line)))
				return true;
		}
	}
	return false;
}

bool edit_live(const struct conf_edit *e)
{
	struct model_host *host = edit_host(e);
	const char *name = line_peer(e->line);
	struct scope s = edit_scope(e);

	if (!host || !name)
		return false;
	return name_is_address(name) ? address_live(host, &s, name) : member_live(host, &s, name);
}

bool edit_any_live(const struct conf_edit *e)
{
	struct model_host *host = edit_host(e);
	struct scope s = edit_scope(e);
	struct conf_iter it;
	bool live = host && member_live(host, &s, NULL);

	if (!host || live || s.instance)
		return live;
	for (const struct conf_node *n = conf_first_order(&it, e->tree->root, ORDER_VPN_INSTANCE);
	     n && !live; n = conf_next(&it)) {
		s.instance = conf_value(n->line, "vpn-instance-name");
		live = member_live(host, &s, NULL);
	}
	return live;
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
	return edit_live(e) && changes(e) ? ASK_RESET : NULL;
}

const char *ask_parameter(struct conf_edit *e)
{
	return edit_live(e) && changes(e) ? ASK_PARAMETER : NULL;
}

const char *ask_any(struct conf_edit *e)
{
	return edit_any_live(e) ? ASK_PARAMETER : NULL;
}
