// Peers and groups: the lines about them become peer_config and group_config with final values.
// Inheritance is by order: what the instance says, then the lines of the group, then the peer's
// own; the later one stands. In a family the group is the one that `peer X group G` names in its
// view, else that of the BGP view.
#include "model/peer.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

// Either those about the session, or those of the family.
static void take_lines(struct taking *t, const struct conf_node *view, const char *object)
{
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_object(&it, view, ORDER_PEER, object); n;
	     n = conf_next(&it)) {
		const struct meaning *m = meaning_of(n->line->row);
		if (m->take && m->session == !t->af)
			m->take(t, n->line);
	}
}

// All that is said about it, the group's part first.
static void take_peer(struct taking *t, const char *name, const char *group)
{
	const struct scope *s = &t->build->scope;

	for (unsigned i = 0; i < SCOPE_VIEWS && group; i++)
		take_lines(t, scope_peers(s, i), group);
	for (unsigned i = 0; i < SCOPE_VIEWS; i++)
		take_lines(t, scope_peers(s, i), name);
	for (unsigned i = 0; i < af_count; i++) {
		const struct conf_node *view = scope_family(s, af_list[i]);
		const char *of = view ? group_of(view, name) : NULL;
		t->af = af_list[i];
		if (of || group)
			take_lines(t, view, of ? of : group);
		take_lines(t, view, name);
	}
	t->af = NULL;
}

// --- what follows from it ---------------------------------------------------------------------------
static bool is_member(const struct build *b, uint32_t as)
{
	for (unsigned i = 0; i < b->member_count; i++) {
		if (b->members[i] == as)
			return true;
	}
	return false;
}

static void finish_session(struct build *b, struct peer_take *p, const char *name)
{
	struct sess_config *s = &p->config.session;
	uint32_t own = b->config->as, id = b->options.confederation_id;

	s->remote_as = p->as;
	s->real_local_as = own;
	s->router_id = b->instance->router_id;
	s->internal = p->as ? p->as == own : s->internal;
	s->confed = id && (s->internal || s->confed || is_member(b, p->as));
	s->local_as = s->internal || s->confed || !id ? own : id;
	if (p->fake_as) {
		if (s->internal || s->confed)
			build_error(b, "The peer %s is not external: fake-as is for EBGP peers.",
				    name);
		s->local_as = p->fake_as;
	}
	s->shutdown = s->shutdown || b->shutdown;
}

static uint8_t source_of(struct build *b, const struct peer_take *p, unsigned i, const char *name)
{
	const struct sess_config *s = &p->config.session;

	if (!s->internal && p->family[i].client)
		build_error(b, "The peer %s is not internal: reflect-client is for IBGP peers.",
			    name);
	if (s->internal)
		return p->family[i].client ? SOURCE_IBGP_CLIENT : SOURCE_IBGP;
	return s->confed ? SOURCE_CONFED : SOURCE_EBGP;
}

// EBGP without a policy where one is required: nothing passes (RFC 8212).
static const char *policy_or_nothing(const struct build *b, const struct policy_binding *x,
				     bool external)
{
	bool any = x->acl || x->prefix_list || x->path_filter || x->view_acl ||
		   x->view_prefix_list || x->ext_community_filter || x->route_policy;

	return !any && external && b->config->policy_required ? POLICY_NOTHING : x->route_policy;
}

static struct policy_program *program_of(struct build *b, const struct peer_take *p, unsigned i,
					 bool import)
{
	const struct family_take *f = &p->family[i];
	struct policy_binding x = {
		.af = af_list[i],
		.import = import,
		.acl = f->acl[import],
		.prefix_list = f->prefix_list[import],
		.path_filter = f->path_filter[import],
		.view_acl = b->view[i].acl[import],
		.view_prefix_list = b->view[i].prefix_list[import],
		.route_policy = f->route_policy[import],
	};

	if (import && x.af->props & AF_TARGETED) {
		x.constrained = !b->view[i].any_target && !b->view[i].has_clients;
		x.targets = x.constrained ? b->targets[i].targets : NULL;
		x.target_count = x.constrained ? b->targets[i].count : 0;
		x.ext_community_filter = b->view[i].ext_community_filter;
	}
	x.route_policy = policy_or_nothing(b, &x, p->config.family[i].import.source == SOURCE_EBGP);
	return policy_program(b->model->store, b->snapshot, &x);
}

static void finish_import(struct build *b, struct peer_take *p, unsigned i)
{
	struct rib_import *in = &p->config.family[i].import;

	in->keep_all = b->keep_all || p->config.family[i].keep_own;
	in->check_first_as = in->source == SOURCE_EBGP &&
			     (p->check_first_as < 0 ? b->check_first_as : p->check_first_as);
	in->peer_as = p->as;
	in->fake_as = p->fake_as;
	in->program = program_of(b, p, i, true);
	if (policy_program_uses_peer(in->program))
		in->peer = p->config.address;
}

static void finish_export(struct build *b, struct peer_take *p, unsigned i)
{
	struct rib_export *out = &p->config.family[i].export;
	const struct sess_config *s = &p->config.session;
	uint32_t id = b->options.confederation_id;

	out->route_server = p->family[i].route_server;
	out->local_as = s->local_as;
	if (af_list[i]->props & (AF_TARGETED | AF_MEMBERSHIP))
		out->ext_community = true; // nothing would come of them without
	if (p->fake_as && p->prepend_own)
		out->prepend_too = id ? id : b->config->as;
	// Only where it matters, so that peers of several ASs can share a group.
	if (out->substitute_as || out->public_as_only)
		out->peer_as = p->as;
	out->program = program_of(b, p, i, false);
	if (policy_program_uses_peer(out->program))
		out->peer = p->config.address;
	if (out->default_route)
		out->default_route_program =
			family_program(b, af_list[i], p->family[i].default_policy);
}

static void copy_name(char *to, size_t size, const char *name)
{
	snprintf(to, size, "%s", name ? name : "");
}

static void finish_family(struct build *b, struct peer_take *p, unsigned i, const char *name)
{
	struct peer_family *f = &p->config.family[i];

	f->enabled = p->family[i].enabled > 0;
	f->import.source = f->export.kind = source_of(b, p, i, name);
	finish_import(b, p, i);
	finish_export(b, p, i);
	copy_name(f->import_policy, sizeof(f->import_policy), p->family[i].route_policy[1]);
	copy_name(f->export_policy, sizeof(f->export_policy), p->family[i].route_policy[0]);
	if (f->enabled)
		p->config.session.families |= af_bit(af_list[i]);
}

// A family about which nothing is said: on for peers of its kind of address, if it is one of those; in
// a VPN instance for those that were made in its view.
static void default_family(struct build *b, struct peer_take *p, unsigned i, const char *name,
			   unsigned bits)
{
	const struct af *af = af_list[i];

	if (p->family[i].enabled >= 0)
		return;
	if (b->scope.instance)
		p->family[i].enabled = enabled_by_default(&b->scope, af, name);
	else
		p->family[i].enabled = af->props & AF_DEFAULT_ON && !b->off_by_default[i] &&
				       af->prefix_bits == bits;
}

static void finish(struct build *b, struct peer_take *p, const char *name, unsigned bits)
{
	p->config.instance = b->instance->number;
	finish_session(b, p, name);
	for (unsigned i = 0; i < af_count; i++) {
		default_family(b, p, i, name, bits);
		finish_family(b, p, i, name);
	}
	// Without a family there is nothing to speak of.
	if (!p->config.session.families)
		p->config.session.shutdown = true;
}

// --- groups -----------------------------------------------------------------------------------------
// The kind of address that dynamic members have; 0: of both kinds, or none.
static unsigned listen_bits(const struct group_config *g)
{
	unsigned bits = g->listen_net_count ? g->listen_net[0].net.bits : 0;

	for (unsigned i = 1; i < g->listen_net_count; i++) {
		if (g->listen_net[i].net.bits != bits)
			return 0;
	}
	return bits;
}

static void build_group(struct build *b, const struct conf_line *l, struct group_config *g)
{
	struct peer_take p = b->defaults;
	struct taking t = {.build = b, .peer = &p, .group = g};
	const char *name = conf_value(l, "group-name");

	meaning_of(l->row)->take(&t, l);
	take_peer(&t, name, NULL);
	if (g->internal)
		g->as = p.as = b->config->as;
	if (g->as && g->internal != (g->as == b->config->as))
		build_error(b, "The AS number of the peer group %s does not fit its type.", name);
	p.config.session.internal = g->internal;
	p.config.session.confed = !g->internal && !g->external;
	finish(b, &p, name, listen_bits(g));
	copy_name(p.config.group, sizeof(p.config.group), name);
	g->template_peer = p.config;
}

static struct group_config *find_group(const struct build *b, const char *name)
{
	for (unsigned i = 0; i < b->config->group_count; i++) {
		struct group_config *g = &b->config->groups[i];
		if (g->template_peer.instance == b->instance->number && strcmp(g->name, name) == 0)
			return g;
	}
	return NULL;
}

static void build_groups(struct build *b, const struct conf_node *view)
{
	struct speaker_config *c = b->config;
	struct conf_iter it;
	unsigned count = 0;

	for (const struct conf_node *n = conf_first_order(&it, view, ORDER_GROUP); n;
	     n = conf_next(&it))
		count++;
	if (!count)
		return;
	c->groups = mem_resize(c->groups, (c->group_count + count) * sizeof(*c->groups));
	for (const struct conf_node *n = conf_first_order(&it, view, ORDER_GROUP); n;
	     n = conf_next(&it)) {
		struct group_config *g = &c->groups[c->group_count++];
		*g = (struct group_config){.as = 0};
		build_group(b, n->line, g);
	}
}

// --- peers ------------------------------------------------------------------------------------------
static void build_peer(struct build *b, const char *name, struct peer_config *ret)
{
	struct peer_take p = b->defaults;
	struct taking t = {.build = b, .peer = &p};
	const char *group = scope_group(&b->scope, name);
	const struct group_config *g = group ? find_group(b, group) : NULL;

	ip_parse(name, &p.config.address);
	p.config.session.remote = p.config.address;
	copy_name(p.config.group, sizeof(p.config.group), group);
	take_peer(&t, name, group);
	if (group && !g)
		build_error(b, "The peer group %s does not exist, but peer %s is a member of it.",
			    group, name);
	if (g && !p.as)
		p.as = g->as;
	if (!p.as)
		build_error(b, "The peer %s has no AS number.", name);
	if (g && ((g->as && p.as != g->as) || g->internal != (p.as == b->config->as)))
		build_error(b, "The AS number of the peer %s does not fit the peer group %s.", name,
			    group);
	finish(b, &p, name, p.config.address.bits);
	*ret = p.config;
}

// Lines about somebody who is not there; only a file that was loaded can have them.
static void check_objects(struct build *b, const struct conf_node *view)
{
	const char *last = "";
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_order(&it, view, ORDER_PEER); n;
	     n = conf_next(&it)) {
		const char *name = line_peer(n->line);
		if (strcmp(name, last) == 0)
			continue;
		last = name;
		if (!scope_has(&b->scope, name)) {
			struct buf text = {0};
			conf_line_text(n->line, &text);
			build_error(b, "The peer%s %s does not exist, but is named by: %s",
				    name_is_address(name) ? "" : " group", name, buf_cstr(&text));
			buf_free(&text);
		}
	}
}

static bool makes_peer(const struct conf_line *l)
{
	return (l->row->more == &means_as || l->row->more == &means_member) &&
	       name_is_address(line_peer(l));
}

// Was it made in an earlier view of the scope?
static bool made_before(const struct build *b, unsigned view, const char *name)
{
	for (unsigned i = 0; i < view; i++) {
		const struct conf_node *n = scope_peers(&b->scope, i);
		if (peer_line(n, name, &means_as) || peer_line(n, name, &means_member))
			return true;
	}
	return false;
}

static void build_view(struct build *b, unsigned view)
{
	struct speaker_config *c = b->config;
	const char *last = "";
	struct conf_iter it;

	for (const struct conf_node *n =
		     conf_first_order(&it, scope_peers(&b->scope, view), ORDER_PEER);
	     n; n = conf_next(&it)) {
		const char *name = line_peer(n->line);
		if (!makes_peer(n->line) || strcmp(name, last) == 0 || made_before(b, view, name))
			continue;
		last = name;
		if (!(c->peer_count & (c->peer_count - 1))) // a power of two: full
			c->peers = mem_resize(c->peers, (c->peer_count ? 2 * c->peer_count : 1) *
								sizeof(*c->peers));
		build_peer(b, name, &c->peers[c->peer_count]);
		c->peers[c->peer_count].line = c->peer_count;
		c->peer_count++;
	}
}

void build_peers(struct build *b)
{
	for (unsigned i = 0; i < SCOPE_VIEWS; i++)
		build_groups(b, scope_peers(&b->scope, i));
	check_objects(b, scope_peers(&b->scope, 0));
	for (unsigned i = 0; i < af_count; i++)
		check_objects(b, scope_family(&b->scope, af_list[i]));
	for (unsigned i = 0; i < SCOPE_VIEWS; i++)
		build_view(b, i);
}
