// Scopes: the public tables, or those of one VPN instance, as places of peers and groups. Names and
// addresses of one scope mean nothing in another.
#pragma once

#include "conf/conf.h"
#include "af/af.h"

struct meaning;

struct scope {
	const struct conf_node *bgp; // NULL: not configured
	const char *instance;        // NULL: public
};
struct scope scope_of(const struct conf_tree *t, const char *instance);
struct scope edit_scope(const struct conf_edit *e);
const char *path_instance(const struct conf_path *p); // NULL: none
// The view of a family; NULL: nothing is configured in it.
const struct conf_node *scope_family(const struct scope *s, const struct af *af);
// The views in which peers and groups are made, by number: the outermost, then those of families.
#define SCOPE_VIEWS (1 + af_count)
const struct conf_node *scope_peers(const struct scope *s, unsigned i); // NULL: not there
// In those views: the first line with that meaning about a peer.
const struct conf_line *scope_line(const struct scope *s, const char *peer,
				   const struct meaning *m);
const char *scope_group(const struct scope *s, const char *peer); // of which group it is; NULL
const struct conf_node *scope_group_node(const struct scope *s,
					 const char *name); // `group G`; NULL
bool scope_has(const struct scope *s, const char *name);    // the peer, or the group
const struct conf_node *vpn_node(const struct conf_tree *t,
				 const char *instance); // ip vpn-instance
// The AF_TYPED family of VPN routes beside that family of an instance; NULL.
const struct af *typed_family(const struct af *inner);
