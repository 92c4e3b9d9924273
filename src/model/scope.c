// Finding what a scope holds (model/scope.h). Public peers are made in the BGP view; those of an
// instance in its `vpn-instance V` view, or in that of one of its unicast families: all these views
// together hold what is said about them.
#include "model/scope.h"

#include <string.h>

#include "model/peer.h"
#include "model/private.h"

const char *path_instance(const struct conf_path *p)
{
	const char *name = NULL;

	for (unsigned i = 0; i < p->depth && !name; i++)
		name = conf_value(p->at[i], "vpn-instance-name");
	return name;
}

struct scope scope_of(const struct conf_tree *t, const char *instance)
{
	return (struct scope){.bgp = bgp_node(t), .instance = instance};
}

struct scope edit_scope(const struct conf_edit *e)
{
	return scope_of(e->tree, path_instance(e->path));
}

const struct conf_node *scope_family(const struct scope *s, const struct af *af)
{
	struct conf_iter it;

	if (!s->bgp)
		return NULL;
	if (s->instance)
		return conf_first_object(&it, s->bgp, ORDER_VPN_FAMILY + af->order, s->instance);
	return conf_first_order(&it, s->bgp, ORDER_FAMILY + af->order);
}

const struct conf_node *scope_peers(const struct scope *s, unsigned i)
{
	struct conf_iter it;

	if (!s->instance || !s->bgp)
		return i ? NULL : s->bgp;
	if (!i)
		return conf_first_object(&it, s->bgp, ORDER_VPN, s->instance);
	return af_list[i - 1]->props & AF_UNICAST ? scope_family(s, af_list[i - 1]) : NULL;
}

const struct conf_line *scope_line(const struct scope *s, const char *peer, const struct meaning *m)
{
	const struct conf_line *l = NULL;

	for (unsigned i = 0; i < SCOPE_VIEWS && !l; i++)
		l = peer_line(scope_peers(s, i), peer, m);
	return l;
}

const char *scope_group(const struct scope *s, const char *peer)
{
	const struct conf_line *l = scope_line(s, peer, &means_member);

	return l ? conf_value(l, "group-name") : NULL;
}

const struct conf_node *scope_group_node(const struct scope *s, const char *name)
{
	const struct conf_node *n = NULL;
	struct conf_iter it;

	for (unsigned i = 0; i < SCOPE_VIEWS && !n; i++)
		n = conf_first_object(&it, scope_peers(s, i), ORDER_GROUP, name);
	return n;
}

bool scope_has(const struct scope *s, const char *name)
{
	if (!name_is_address(name))
		return scope_group_node(s, name);
	return scope_line(s, name, &means_as) || scope_line(s, name, &means_member);
}

const struct conf_node *vpn_node(const struct conf_tree *t, const char *instance)
{
	struct conf_iter it;

	return conf_first_object(&it, t->root, ORDER_VPN_INSTANCE, instance);
}

const struct af *typed_family(const struct af *inner)
{
	for (unsigned i = 0; i < af_count; i++) {
		const struct af *af = af_list[i];
		if (af->props & AF_TYPED && af->props & AF_TARGETED && af->afi == inner->afi)
			return af;
	}
	return NULL;
}
