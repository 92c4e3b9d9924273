// A tree of statements becomes a struct speaker_config. In this order: names that are used must
// exist; filters and policies are compiled; then the instance, the families, groups and peers. All
// errors are collected, a line each; with any of them there is no result.
//
// The work is proportional to the tree, except that filters and policies, which may have hundreds of
// thousands of entries, are compiled again only when one of their statements has changed.
#include "model/private.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/peer.h"

#define ERRORS_SHOWN 1000

void build_error(struct build *b, const char *format, ...)
{
	va_list ap;

	if (b->error_count++ >= ERRORS_SHOWN)
		return;
	buf_text(b->errors, "Error: ");
	va_start(ap, format);
	buf_vformat(b->errors, format, ap);
	va_end(ap);
	buf_text(b->errors, "\n");
}

static void take(struct taking *t, const struct conf_line *l)
{
	if (meaning_of(l->row)->take)
		meaning_of(l->row)->take(t, l);
}

void take_order(struct taking *t, const struct conf_node *view, unsigned order)
{
	struct conf_iter it;

	for (const struct conf_node *n = conf_first_order(&it, view, order); n; n = conf_next(&it))
		take(t, n->line);
}

// --- policies ---------------------------------------------------------------------------------------
static bool is_policy(const struct conf_line *l)
{
	return l->row->order >= ORDER_NONEXISTENT && l->row->order <= ORDER_ROUTE_POLICY;
}

struct policy_source *model_policy_source(const struct conf_tree *t)
{
	struct policy_source *s = policy_source_new();
	struct taking taking = {.source = s};
	struct conf_iter outer, inner;

	s->nonexistent_allowed = !names_checked(t);
	for (const struct conf_node *n = conf_first(&outer, t->root); n; n = conf_next(&outer)) {
		if (!is_policy(n->line))
			continue;
		take(&taking, n->line);
		for (const struct conf_node *c = conf_first(&inner, n); c; c = conf_next(&inner))
			take(&taking, c->line);
	}
	return s;
}

static void complain(void *arg, const char *object, const char *text)
{
	build_error(arg, "%s: %s.", object, text);
}

// Whether a statement of a filter or a policy differs between the trees.
static bool policies_differ(const struct conf_tree *a, const struct conf_tree *b)
{
	struct conf_diff d = {0};
	bool differ = false;

	if (!a->root)
		return true;
	conf_diff(a, b, &d);
	for (size_t i = 0; i < d.count && !differ; i++) {
		const struct conf_change *c = &d.changes[i];
		const struct conf_line *l = c->path.depth ? c->path.at[0]
					    : c->after    ? c->after
							  : c->before;
		differ = is_policy(l);
	}
	conf_diff_free(&d);
	return differ;
}

static struct policy_snapshot *compile_policies(struct build *b)
{
	struct model *m = b->model;
	struct policy_source *s;
	struct policy_snapshot *n;

	if (m->snapshot && !policies_differ(&m->policy_tree, b->tree))
		return policy_snapshot_ref(m->snapshot);
	s = model_policy_source(b->tree);
	policy_source_node(s, policy_source_policy(s, POLICY_NOTHING), 0, false);
	n = policy_compile(m->store, s, complain, b);
	policy_source_free(s);
	if (!n)
		return NULL;
	policy_snapshot_unref(m->snapshot);
	if (m->policy_tree.root)
		conf_tree_free(&m->policy_tree);
	m->snapshot = policy_snapshot_ref(n);
	m->policy_tree = conf_tree_clone(b->tree);
	return n;
}

// --- the instance -----------------------------------------------------------------------------------
// The highest IPv4 address of an interface, those of the loopback last; as VRP does where nothing
// is configured.
static struct ip find_router_id(void)
{
	struct ifaddrs *list = NULL;
	struct ip best = ip_from_u32(0x7f000001);
	bool best_is_loopback = true;

	if (getifaddrs(&list) != 0)
		return best;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP))
			continue;
		const struct sockaddr_in *in =
			(const struct sockaddr_in *)(const void *)i->ifa_addr;
		struct ip ip = ip_from_u32(ntohl(in->sin_addr.s_addr));
		bool loopback = ip.b[0] == 127;
		if (loopback > best_is_loopback ||
		    (loopback == best_is_loopback && ip_compare(&ip, &best) <= 0))
			continue;
		best = ip;
		best_is_loopback = loopback;
	}
	freeifaddrs(list);
	return best;
}

static void choose_router_id(struct build *b)
{
	if (ip_is_zero(&b->router_id)) {
		if (!b->model->own_id.bits)
			b->model->own_id = find_router_id();
		b->router_id = b->model->own_id;
	}
	b->config->router_id = ip_to_u32(&b->router_id);
}

static void set_defaults(struct build *b)
{
	struct sess_config *s = &b->defaults.config.session;

	b->check_first_as = true;
	b->options = (struct rib_options){
		.default_local_pref = 100,
		.max_paths = 1,
		.reflect_between_clients = true,
	};
	*s = (struct sess_config){
		.remote_port = 179,
		.hold_time = 180,
		.keepalive = 60,
		.connect_retry = 32,
		.refresh = true,
		.as4 = true,
		.extended_message = true,
		.enhanced_refresh = true,
	};
	b->defaults.check_first_as = -1;
	b->defaults.config.log_changes = true;
	for (unsigned i = 0; i < af_count; i++)
		b->defaults.family[i].enabled = -1;
}

static void build_instance(struct build *b)
{
	struct taking t = {.build = b};
	struct rib_options *o = &b->options;

	take_order(&t, b->tree->root, ORDER_ROUTER_ID);
	if (b->bgp) {
		take(&t, b->bgp->line);
		take_order(&t, b->bgp, ORDER_INSTANCE);
	}
	choose_router_id(b);
	o->local_as = b->config->as;
	o->router_id = b->config->router_id;
	b->config->keep_all = b->keep_all;
	b->config->confederation_members = b->members; // owned from now on
	if (o->confederation_id) {
		o->confederation_members = b->members;
		o->confederation_member_count = b->member_count;
	}
}

static bool has_clients(const struct conf_node *view)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_order(&it, view, ORDER_PEER);

	while (n && n->line->row->more != &means_client)
		n = conf_next(&it);
	return n != NULL;
}

static void build_families(struct build *b)
{
	struct rib_options options = b->options;

	options.router_id = b->instance->router_id;
	memset(b->view, 0, sizeof(b->view));
	for (unsigned i = 0; i < af_count; i++) {
		struct taking t = {.build = b, .af = af_list[i]};
		const struct conf_node *view = scope_family(&b->scope, af_list[i]);

		b->instance->family[i].options = options;
		if (!view)
			continue;
		b->instance->families |= af_bit(af_list[i]);
		take_order(&t, view, ORDER_INSTANCE);
		take_order(&t, view, ORDER_ORIGIN);
		b->view[i].has_clients = has_clients(view);
	}
}

static void build_public(struct build *b)
{
	b->scope = scope_of(b->tree, NULL);
	b->instance = &b->config->instances[0];
	b->instance->router_id = b->config->router_id;
	build_families(b);
	for (unsigned i = 0; i < af_count; i++)
		b->instance->families |= af_bit(af_list[i]);
	build_vpn(b);
	build_peers(b);
}

static void build_scope(struct build *b, struct instance_config *c)
{
	struct taking t = {.build = b};

	b->scope = scope_of(b->tree, c->name);
	if (!map_get(&b->viewed, c->name))
		b->scope.bgp = NULL; // nothing is to be found there
	b->instance = c;
	for (unsigned i = 0; i < SCOPE_VIEWS; i++)
		take_order(&t, scope_peers(&b->scope, i), ORDER_VPN_ROUTER_ID);
	build_families(b);
	build_peers(b);
}

static int compare_peers(const void *a, const void *b)
{
	const struct peer_config *x = a, *y = b;

	if (x->instance != y->instance)
		return x->instance < y->instance ? -1 : 1;
	return ip_compare(&x->address, &y->address);
}

// The public tables first: what is built for them the instances' peers need.
static void build_scopes(struct build *b)
{
	struct speaker_config *c = b->config;

	build_public(b);
	for (unsigned i = 1; i < c->instance_count; i++)
		build_scope(b, &c->instances[i]);
	if (c->peer_count)
		qsort(c->peers, c->peer_count, sizeof(*c->peers), compare_peers);
	if (c->peer_count > RIB_PEERS_MAX)
		build_error(b, "There are more than %u peers.", RIB_PEERS_MAX);
}

struct speaker_config *model_compile(struct model *m, const struct conf_tree *t,
				     uint32_t generation, struct buf *errors)
{
	struct build b = {.model = m, .tree = t, .bgp = bgp_node(t), .errors = errors};

	b.config = speaker_config_new();
	b.config->generation = generation;
	b.config->store = m->store;
	snprintf(b.config->sysname, sizeof(b.config->sysname), "%s", model_host_name(t));
	build_check_names(&b);
	b.config->policy = b.snapshot = b.error_count ? NULL : compile_policies(&b);
	set_defaults(&b);
	build_instance(&b);
	build_instances(&b);
	if (b.bgp)
		build_scopes(&b);
	build_vpn_free(&b);
	if (b.error_count <= ERRORS_SHOWN && b.error_count) {
		speaker_config_unref(b.config);
		return NULL;
	}
	if (b.error_count) {
		buf_format(errors, "Error: %u errors in all.\n", b.error_count);
		speaker_config_unref(b.config);
		return NULL;
	}
	return b.config;
}

// --- the model --------------------------------------------------------------------------------------
struct model *model_new(void)
{
	struct model *m = MEM_NEW(struct model);

	m->store = policy_store_new();
	map_init_text(&m->instance_numbers);
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	policy_snapshot_unref(m->snapshot);
	if (m->policy_tree.root)
		conf_tree_free(&m->policy_tree);
	policy_store_free(m->store);
	mem_free(m->instances);
	map_free(&m->instance_numbers);
	mem_free(m);
}

void model_schema(struct cli_schema *ret)
{
	static struct row_table tables[14]; // the last one is made of the families
	unsigned n = 0;

	tables[n++] = system_rows;
	tables[n++] = guard_rows;
	tables[n++] = acl_rows;
	tables[n++] = prefix_list_rows;
	tables[n++] = filter_rows;
	tables[n++] = route_policy_rows;
	tables[n++] = vpn_instance_rows;
	tables[n++] = bgp_rows;
	tables[n++] = group_rows;
	tables[n++] = peer_session_rows;
	tables[n++] = peer_family_rows;
	tables[n++] = family_rows;
	tables[n++] = vpn_family_rows;
	family_entry_rows(&tables[n++]);
	*ret = (struct cli_schema){
		.tables = tables,
		.table_count = n,
		.views = NULL,
		.params = model_params,
		.param_count = model_param_count,
	};
	ret->views = model_views(&ret->view_count);
	ret->helps = model_helps(&ret->help_count);
}
