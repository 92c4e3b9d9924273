// Names: which parameters of statements are names of filters and route-policies, whether what they
// name is there, and who uses what is not. A statement that defines something stands in the system
// view; all statements below it that carry such a parameter use it. An ACL that does not exist
// permits everything in VRP, so ACLs are not looked for; nothing is while `route-policy
// nonexistent-config-check disable` stands.
#include "model/private.h"

#include <string.h>

static const struct {
	const char *param;
	unsigned kind;
} params[] = {
	{"policy-name", KIND_POLICY},
	{"ip-prefix-name", FILTER_PREFIX},
	{"ipv6-prefix-name", FILTER_PREFIX_WIDE},
	{"as-path-filter-number", FILTER_PATH},
	{"as-path-filter-name", FILTER_PATH},
	{"community-filter-number", FILTER_COMMUNITY},
	{"community-filter-name", FILTER_COMMUNITY},
	{"extcommunity-filter-number", FILTER_EXT_COMMUNITY},
	{"extcommunity-filter-name", FILTER_EXT_COMMUNITY},
	{"large-community-filter-name", FILTER_LARGE_COMMUNITY},
	{"soo-list-name", FILTER_SOO},
	{"rd-filter-number", FILTER_RD},
	{"community-list-name", SET_COMMUNITY},
	{"large-community-list-name", SET_LARGE_COMMUNITY},
};

static const struct {
	unsigned order;
	const char *words;
} kinds[] = {
	[FILTER_PREFIX] = {ORDER_PREFIX, "address prefix list"},
	[FILTER_PREFIX_WIDE] = {ORDER_PREFIX_WIDE, "IPv6 address prefix list"},
	[FILTER_ACL] = {ORDER_ACL, "ACL"},
	[FILTER_ACL_WIDE] = {ORDER_ACL_WIDE, "IPv6 ACL"},
	[FILTER_PATH] = {ORDER_PATH, "AS_Path filter"},
	[FILTER_COMMUNITY] = {ORDER_COMMUNITY, "community filter"},
	[FILTER_LARGE_COMMUNITY] = {ORDER_LARGE_COMMUNITY, "large community filter"},
	[FILTER_EXT_COMMUNITY] = {ORDER_EXT_COMMUNITY, "extended community filter"},
	[FILTER_SOO] = {ORDER_SOO, "extended community list"},
	[FILTER_RD] = {ORDER_RD, "RD filter"},
	[SET_COMMUNITY] = {ORDER_COMMUNITY_LIST, "community list"},
	[SET_LARGE_COMMUNITY] = {ORDER_LARGE_COMMUNITY_LIST, "large community list"},
	[KIND_POLICY] = {ORDER_ROUTE_POLICY, "route-policy"},
};

const char *kind_words(unsigned kind)
{
	return kinds[kind].words;
}

bool name_kind(const char *param, unsigned *ret_kind)
{
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		if (strcmp(params[i].param, param) == 0) {
			*ret_kind = params[i].kind;
			return true;
		}
	}
	return false;
}

bool name_exists(const struct conf_tree *t, unsigned kind, const char *name)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_object(&it, t->root, kinds[kind].order, name);

	// A description alone makes no list.
	while (n && !meaning_of(n->line->row)->take)
		n = conf_next(&it);
	return n != NULL;
}

bool names_checked(const struct conf_tree *t)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_order(&it, t->root, ORDER_NONEXISTENT);

	return !n || !conf_has(n->line, "disable");
}

// The first word of the line that names something that is not there; NULL.
static const char *missing_name(const struct conf_tree *t, const struct conf_line *l,
				unsigned *ret_kind)
{
	for (unsigned i = 0; i < l->words; i++) {
		const char *name = conf_line_word(l, i);
		if (l->param[i] && name_kind(l->param[i], ret_kind) &&
		    !name_exists(t, *ret_kind, name))
			return name;
	}
	return NULL;
}

bool check_names(struct conf_edit *e)
{
	unsigned kind;
	const char *name;

	if (e->undo || e->loading || !names_checked(e->tree))
		return true;
	name = missing_name(e->tree, e->line, &kind);
	return !name || conf_refuse(e, "Error: The %s %s does not exist.", kind_words(kind), name);
}

// --- the whole tree ---------------------------------------------------------------------------
// Lines to the place, joined by ", ".
static void view_text(struct buf *out, const struct conf_path *views)
{
	for (unsigned i = 0; i < views->depth; i++) {
		conf_line_text(views->at[i], out);
		buf_text(out, ", ");
	}
}

static void check_view(struct build *b, const struct conf_node *view, struct conf_path *path)
{
	struct conf_iter it;
	const char *name;
	unsigned kind;

	conf_path_enter(path, view->line);
	for (const struct conf_node *n = conf_first(&it, view); n; n = conf_next(&it)) {
		name = missing_name(b->tree, n->line, &kind);
		if (name) {
			struct buf user = {0};
			view_text(&user, path);
			conf_line_text(n->line, &user);
			build_error(b, "The %s %s does not exist, but is used by: %s",
				    kind_words(kind), name, buf_cstr(&user));
			buf_free(&user);
		}
		if (n->children)
			check_view(b, n, path);
	}
	conf_path_leave(path, path->depth - 1);
}

void build_check_names(struct build *b)
{
	struct conf_path path = {.depth = 0};
	struct conf_iter it;

	if (!names_checked(b->tree))
		return;
	build_check_guard(b);
	for (const struct conf_node *n = conf_first(&it, b->tree->root); n; n = conf_next(&it)) {
		if (n->children)
			check_view(b, n, &path);
	}
}
