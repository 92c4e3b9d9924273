// VPN instances compiled: their numbers, the links of their tables to the VPN routes, the multicast
// routes that they originate, the memberships that follow from their import targets.
//
// A family of `ip vpn-instance` gives up to two links: that of its own table, and with `mvpn` that
// of the multicast VPN routes beside it, with the same distinguisher and targets. Routes of the first
// then say where multicast joins have to go (Source AS, VRF Route Import), and the second takes in
// what is sent there (RFC 6514 sections 6, 7).
#include "model/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af/rd.h"
#include "base/mem.h"
#include "model/peer.h"

#define LABEL_FIRST 16 // below are the reserved ones (RFC 3032)

// --- numbers ----------------------------------------------------------------------------------------
// One that was never given, or the one that has been without use for longest; NULL: all are in use.
static struct instance_name *number_take(struct model *m)
{
	struct instance_name *oldest = m->instances;

	if (m->instance_count < INSTANCES_MAX - 1) {
		m->instances =
			mem_resize(m->instances, (m->instance_count + 1) * sizeof(*m->instances));
		return &m->instances[m->instance_count++];
	}
	for (unsigned i = 1; i < m->instance_count; i++)
		if (m->instances[i].used < oldest->used)
			oldest = &m->instances[i];
	if (oldest->used == m->compilations)
		return NULL;
	map_remove(&m->instance_numbers, oldest->name);
	return oldest;
}

uint16_t model_instance_number(struct model *m, const char *name)
{
	uintptr_t number = (uintptr_t)map_get(&m->instance_numbers, name);
	struct instance_name *n = number ? &m->instances[number - 1] : number_take(m);

	if (!n)
		return 0;
	n->used = m->compilations;
	if (!number) {
		snprintf(n->name, sizeof(n->name), "%s", name);
		number = (uintptr_t)(n - m->instances + 1);
		map_put(&m->instance_numbers, name, (void *)number);
	}
	return (uint16_t)number;
}

// --- lists of values ----------------------------------------------------------------------------
static int compare_values(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

static unsigned values_sort(uint8_t (*list)[8], unsigned count)
{
	unsigned kept = 0;

	if (count)
		qsort(list, count, 8, compare_values);
	for (unsigned i = 0; i < count; i++) {
		if (!kept || memcmp(list[kept - 1], list[i], 8) != 0)
			memmove(list[kept++], list[i], 8);
	}
	return kept;
}

static void link_sort(struct vpn_link *l)
{
	l->target_count = values_sort(l->targets, l->target_count);
	l->community_count = values_sort(l->communities, l->community_count);
}

// --- multicast --------------------------------------------------------------------------------------
enum { // extended communities: type and subtype
	SOURCE_AS = 0x0009,
	SOURCE_AS_4 = 0x0209,
	VRF_ROUTE_IMPORT = 0x010b,
	TARGET_OF_ADDRESS = 0x0102,
};

static void value_of_address(uint8_t ret[8], unsigned type, uint32_t address, uint16_t number)
{
	const uint8_t bytes[8] = {(uint8_t)(type >> 8),     (uint8_t)type,
				  (uint8_t)(address >> 24), (uint8_t)(address >> 16),
				  (uint8_t)(address >> 8),  (uint8_t)address,
				  (uint8_t)(number >> 8),   (uint8_t)number};

	memcpy(ret, bytes, sizeof(bytes));
}

static void value_of_as(uint8_t ret[8], uint32_t as)
{
	if (as > UINT16_MAX)
		value_of_address(ret, SOURCE_AS_4, as, 0);
	else
		value_of_address(ret, SOURCE_AS, as << 16, 0);
}

#define TUNNEL_INGRESS_REPLICATION 6 // RFC 6514 section 5

// The Intra-AS I-PMSI A-D route: this PE takes part, and wants copies sent to it under that label.
static void originate_pmsi(struct build *b, struct instance_config *c, const struct af *typed,
			   uint32_t label)
{
	uint32_t id = b->config->router_id;
	const struct ip self = ip_from_u32(id);
	const uint8_t tunnel[9] = {0,
				   TUNNEL_INGRESS_REPLICATION,
				   (uint8_t)(label >> 12),
				   (uint8_t)(label >> 4),
				   (uint8_t)(label << 4),
				   self.b[0],
				   self.b[1],
				   self.b[2],
				   self.b[3]};
	struct buf text = {0};
	struct af_key key;
	struct attrs as;

	buf_text(&text, "1 ");
	rd_put(&text, c->link[af_index(typed)].rd);
	buf_u8(&text, ' ');
	ip_put(&text, &self);
	if (typed->text_get(buf_cstr(&text), &key)) {
		attrs_clear(&as);
		attrs_put(&as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, self.b, 4);
		attrs_put(&as, ATTR_PMSI_TUNNEL, ATTR_OPTIONAL | ATTR_TRANSITIVE, tunnel,
			  sizeof(tunnel));
		origin_carry(origin_add(&c->family[af_index(typed)], &key), &as);
	}
	buf_free(&text);
}

static void link_multicast(struct build *b, struct instance_config *c, struct vpn_link *unicast,
			   const struct af *typed)
{
	struct vpn_link *l = &c->link[af_index(typed)];
	uint32_t id = b->config->router_id;
	uint8_t value[8];

	vpn_link_copy(l, unicast);
	l->label = 0;
	l->label_per_route = false;
	c->families |= af_bit(typed);
	value_of_address(value, TARGET_OF_ADDRESS, id, c->number);
	value_add(&l->targets, &l->target_count, value);
	value_of_address(value, VRF_ROUTE_IMPORT, id, c->number);
	value_add(&unicast->communities, &unicast->community_count, value);
	value_of_as(value, b->config->as);
	value_add(&unicast->communities, &unicast->community_count, value);
	link_sort(l);
	link_sort(unicast);
	originate_pmsi(b, c, typed, LABEL_FIRST + c->number);
}

// --- links ------------------------------------------------------------------------------------------
static struct policy_program *link_program(struct build *b, const struct af *inner,
					   const char *policy, bool import)
{
	const struct policy_binding binding = {
		.af = inner, .import = import, .route_policy = policy};

	return policy ? policy_program(b->model->store, b->snapshot, &binding) : NULL;
}

static void build_link(struct build *b, struct instance_config *c, const struct conf_node *view,
		       const struct af *inner)
{
	struct vpn_link *l = &c->link[af_index(inner)];
	const struct af *typed = typed_family(inner);
	struct link_take names = {0};
	struct taking t = {.build = b, .instance = c, .link = l, .names = &names, .af = inner};

	c->families |= af_bit(inner);
	take_order(&t, view, ORDER_DISTINGUISHER);
	take_order(&t, view, ORDER_TARGET);
	take_order(&t, view, ORDER_VPN_OPTION);
	l->takes_own = true;
	l->label = LABEL_FIRST + c->number;
	link_sort(l);
	if (typed && names.multicast && l->present) {
		link_multicast(b, c, l, typed);
		take_order(&t, view, ORDER_MVPN);
	}
	l->import = link_program(b, inner, names.policy[1], true);
	l->export = link_program(b, inner, names.policy[0], false);
}

static void build_links(struct build *b, struct instance_config *c, const struct conf_node *n)
{
	struct conf_iter it;

	for (unsigned i = 0; i < af_count; i++) {
		const struct af *af = af_list[i];
		const struct conf_node *view;
		if (!(af->props & AF_INSTANCE) || !af_outer(af))
			continue;
		view = conf_first_order(&it, n, ORDER_VPN_AF + af->order);
		if (view)
			build_link(b, c, view, af);
	}
}

// --- instances ----------------------------------------------------------------------------------
static int compare_instances(const void *a, const void *b)
{
	const struct instance_config *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void name_instances(struct build *b)
{
	struct speaker_config *c = b->config;
	struct conf_iter it;
	unsigned count = 1;

	for (const struct conf_node *n = conf_first_order(&it, b->tree->root, ORDER_VPN_INSTANCE);
	     n; n = conf_next(&it))
		count++;
	c->instances = mem_resize(c->instances, count * sizeof(*c->instances));
	for (const struct conf_node *n = conf_first_order(&it, b->tree->root, ORDER_VPN_INSTANCE);
	     n; n = conf_next(&it)) {
		struct instance_config *i = &c->instances[c->instance_count++];
		*i = (struct instance_config){.router_id = c->router_id};
		strncpy(i->name, conf_value(n->line, "vpn-instance-name"), sizeof(i->name) - 1);
		i->number = model_instance_number(b->model, i->name);
		if (!i->number)
			build_error(b, "There are more than %u VPN instances.", INSTANCES_MAX - 1);
	}
	qsort(c->instances + 1, c->instance_count - 1, sizeof(*c->instances), compare_instances);
}

struct owner {
	uint8_t rd[RD_SIZE];
	const char *name;
};

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	int order = memcmp(x->rd, y->rd, sizeof(x->rd));

	return order ? order : strcmp(x->name, y->name);
}

static void check_distinguishers(struct build *b)
{
	const struct speaker_config *c = b->config;
	struct owner *list = mem_zero((c->instance_count * af_count + 1) * sizeof(*list));
	unsigned count = 0;

	for (unsigned i = 1; i < c->instance_count; i++) {
		for (unsigned k = 0; k < af_count; k++) {
			if (!c->instances[i].link[k].present)
				continue;
			memcpy(list[count].rd, c->instances[i].link[k].rd, RD_SIZE);
			list[count++].name = c->instances[i].name;
		}
	}
	qsort(list, count, sizeof(*list), compare_owners);
	for (unsigned i = 1; i < count; i++) {
		struct buf text = {0};
		if (memcmp(list[i - 1].rd, list[i].rd, RD_SIZE) != 0 ||
		    strcmp(list[i - 1].name, list[i].name) == 0)
			continue;
		rd_put(&text, list[i].rd);
		build_error(b, "The VPN instances %s and %s have the same route distinguisher %s.",
			    list[i - 1].name, list[i].name, buf_cstr(&text));
		buf_free(&text);
	}
	mem_free(list);
}

// Views of BGP for instances, and for such as are gone.
static void check_views(struct build *b)
{
	struct conf_iter it;

	map_init_text(&b->viewed);
	for (const struct conf_node *n = conf_first(&it, b->bgp); n; n = conf_next(&it)) {
		const char *name = n->line->row->order >= ORDER_VPN
					   ? conf_value(n->line, "vpn-instance-name")
					   : NULL;
		if (name)
			map_put(&b->viewed, name, b);
		if (!name || vpn_node(b->tree, name))
			continue;
		struct buf text = {0};
		conf_line_text(b->bgp->line, &text);
		buf_text(&text, ", ");
		conf_line_text(n->line, &text);
		build_error(b, "The VPN instance %s does not exist, but is used by: %s", name,
			    buf_cstr(&text));
		buf_free(&text);
	}
}

// The import targets of all instances for the routes of a family.
static void collect_targets(struct build *b, const struct af *af, struct target_list *ret)
{
	const struct speaker_config *c = b->config;

	for (unsigned i = 1; i < c->instance_count; i++) {
		const struct vpn_link *l = &c->instances[i].link[af_index(af->inner)];
		for (unsigned k = 0; l->present && k < l->target_count; k++)
			value_add(&ret->values, &ret->count, l->targets[k]);
	}
	ret->count = values_sort(ret->values, ret->count);
	ret->targets = mem_zero((ret->count + 1) * sizeof(*ret->targets));
	for (unsigned i = 0; i < ret->count; i++) {
		memcpy(ret->targets[i].target, ret->values[i], 8);
		ret->targets[i].bits = 64;
	}
}

void build_instances(struct build *b)
{
	struct speaker_config *c = b->config;

	b->model->compilations++;
	name_instances(b);
	for (unsigned i = 1; i < c->instance_count; i++)
		build_links(b, &c->instances[i], vpn_node(b->tree, c->instances[i].name));
	check_distinguishers(b);
	check_views(b);
	for (unsigned i = 0; i < af_count; i++) {
		if (af_list[i]->props & AF_TARGETED)
			collect_targets(b, af_list[i], &b->targets[i]);
	}
}

// --- memberships ------------------------------------------------------------------------------------
// One for each target by which VPN routes of a family in use are taken in (RFC 4684 section 3).
static void originate_memberships(struct build *b, const struct af *af)
{
	uint8_t(*values)[8] = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < af_count; i++) {
		if (!(af_list[i]->props & AF_TARGETED) || !scope_family(&b->scope, af_list[i]))
			continue;
		for (unsigned k = 0; k < b->targets[i].count; k++)
			value_add(&values, &count, b->targets[i].values[k]);
	}
	count = values_sort(values, count);
	for (unsigned i = 0; i < count; i++) {
		struct af_key key;
		af->from_target(values[i], 64, b->config->as, &key);
		origin_add(&b->instance->family[af_index(af)], &key);
	}
	mem_free(values);
}

void build_vpn(struct build *b)
{
	for (unsigned i = 0; i < af_count; i++) {
		const struct af *af = af_list[i];
		struct family_config *f = &b->instance->family[i];
		if (af->props & AF_TARGETED)
			f->constrained = af->props & AF_LABELED || b->view[i].orf;
		if (!(af->props & AF_MEMBERSHIP) || !scope_family(&b->scope, af))
			continue;
		b->config->constrain = !b->view[i].no_constraint;
		originate_memberships(b, af);
	}
}

void build_vpn_free(struct build *b)
{
	for (unsigned i = 0; i < af_count; i++) {
		mem_free(b->targets[i].values);
		mem_free(b->targets[i].targets);
	}
	map_free(&b->viewed);
}
