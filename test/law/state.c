// From steps to a configuration: objects are made from their seeds, bindings refer to them by name,
// and the whole is compiled afresh for every commit, as model/ would do it.
#include "law.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "policy/source.h"

void law_address(unsigned peer, char out[IP_TEXT_MAX])
{
	snprintf(out, IP_TEXT_MAX, "10.0.1.%u", peer + 1);
}

unsigned law_instance(long flags)
{
	return (unsigned)flags / PEER_INSTANCE % (1 + LAW_INSTANCES);
}

uint16_t law_inner_families(void)
{
	uint16_t set = 0;

	for (unsigned i = 0; i < af_count; i++) {
		if (af_list[i]->props & AF_INSTANCE || af_list[i]->inner == af_list[i])
			set |= af_bit(af_list[i]);
	}
	return set;
}

uint16_t law_peer_families(long flags)
{
	uint16_t set = 0;

	for (unsigned i = 0; i < af_count; i++) {
		if (!law_instance(flags) || af_list[i]->props & AF_INSTANCE)
			set |= af_bit(af_list[i]);
	}
	return set;
}

static void target_bytes(unsigned index, uint8_t ret[8])
{
	const uint8_t target[8] = {0, 2, 0, 100, 0, 0, 0, (uint8_t)(1 + index)};

	memcpy(ret, target, 8);
}

static void distinguisher(unsigned administrator, unsigned number, uint8_t ret[8])
{
	const uint8_t rd[8] = {0, 0, 0, (uint8_t)administrator, 0, 0, 0, (uint8_t)number};

	memcpy(ret, rd, 8);
}

// The default, each target with our AS and with another, and one prefix of targets.
static void member_key(const struct af *af, unsigned index, struct af_key *ret)
{
	uint8_t target[8];

	target_bytes((index + LAW_TARGETS - 1) % LAW_TARGETS, target);
	if (!index)
		af->from_target(target, 0, 0, ret);
	else
		af->from_target(target, index > 2 * LAW_TARGETS ? 32 : 64,
				index > LAW_TARGETS ? 65101 : LAW_AS, ret);
}

// What the family itself shows, but for what makes no sense.
static void sample_key(const struct af *af, unsigned index, struct af_key *ret)
{
	unsigned n = 0;

	while (af->samples[n])
		n++;
	do
		af->text_get(af->samples[index++ % n], ret);
	while (af->senseless(ret));
}

// Prefixes of one nest each, under two distinguishers, which instances use too.
static void vpn_key(const struct af *af, unsigned index, struct af_key *ret)
{
	struct af_key inner = {0};
	uint8_t rd[8];

	distinguisher(100, 1 + index / 5, rd);
	law_key(af->inner, 2 * (index % 5), &inner);
	af->from_inner(&inner, rd, ret);
}

// Ten prefixes that nest: 0 is the default route, 1 to 3 cover 4 to 9. Those of one nest share their
// leading bits, so they are in one shard; different nests may be in different ones.
static void prefix_key(const struct af *af, unsigned index, struct af_key *ret)
{
	struct ip ip = {.bits = af->prefix_bits};

	unsigned nest = index <= 3 ? index : 1 + index % 3;
	unsigned length = 0;
	bool wide = af->prefix_bits == 128;

	if (index) {
		ip.b[0] = wide ? 0x20 : (uint8_t)(10 + nest);
		ip.b[1] = (uint8_t)nest;
		ip.b[wide ? 7 : 2] = index <= 3 ? 0 : (uint8_t)index;
		length = index <= 3 ? (wide ? 48 : 16) : (wide ? 64 : 24);
	}
	af->from_prefix(&ip, length, ret);
}

void law_key(const struct af *af, unsigned index, struct af_key *ret)
{
	if (af->props & AF_MEMBERSHIP)
		member_key(af, index, ret);
	else if (!(af->props & AF_PREFIX))
		sample_key(af, index, ret);
	else if (af->inner)
		vpn_key(af, index, ret);
	else
		prefix_key(af, index, ret);
}

void state_init(struct law_state *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		for (unsigned k = 0; k < OBJECT_KINDS; k++)
			s->peer[i].bind[0][k] = s->peer[i].bind[1][k] = -1;
		s->peer[i].option[OPTION_COMMUNITY] = 1;
		s->peer[i].option[OPTION_FIRST_AS] = 1;
	}
	s->global[GLOBAL_LOCAL_PREF] = 100;
	s->global[GLOBAL_REFLECT] = 1;
	s->global[GLOBAL_VPN_TARGET] = 1;
	s->global[GLOBAL_EXTERNAL] = 1;
	for (unsigned i = 0; i <= LAW_INSTANCES; i++) {
		s->instance[i].link[LINK_IMPORT] = s->instance[i].link[LINK_EXPORT] = -1;
		memset(s->network[i], -1, sizeof(s->network[i]));
		memset(s->aggregate[i], -1, sizeof(s->aggregate[i]));
	}
}

static void step_peer(struct law_state *s, const struct law_step *t)
{
	struct law_peer *p = &s->peer[t->a[0]];

	p->known = p->present = true;
	p->as = (uint32_t)t->a[1];
	p->flags = t->a[2];
	p->families = (uint16_t)t->a[3] & law_peer_families(p->flags);
}

static bool in_range(long v, long n)
{
	return v >= 0 && v < n;
}

static void step_origin(struct law_state *s, const struct law_step *t)
{
	const long *a = t->a;

	if (!in_range(a[0], af_count) || !in_range(a[1], LAW_KEYS) ||
	    !in_range(a[3], 1 + LAW_INSTANCES))
		return;
	if (t->kind == STEP_NETWORK)
		s->network[a[3]][a[0]][a[1]] = a[2];
	else
		s->aggregate[a[3]][a[0]][a[1]] = a[2];
}

static void step_instance(struct law_state *s, const struct law_step *t)
{
	const long *a = t->a;
	struct law_instance *n = &s->instance[a[0] & 3];

	if (!in_range(a[0] - 1, LAW_INSTANCES))
		return;
	if (t->kind == STEP_INSTANCE)
		n->families = (uint16_t)a[1] & law_inner_families();
	else if (t->kind == STEP_TARGETS)
		n->targets[a[1] & 1] = (uint16_t)a[2] & ((1u << LAW_TARGETS) - 1);
	else if (in_range(a[1], LINK_KINDS))
		n->link[a[1]] = a[2];
}

void state_step(struct law_state *s, const struct law_step *t)
{
	const long *a = t->a;

	if (t->kind == STEP_PEER && in_range(a[0], LAW_PEERS))
		step_peer(s, t);
	else if (t->kind == STEP_OBJECT && in_range(a[0], OBJECT_KINDS) &&
		 in_range(a[1], LAW_OBJECTS))
		s->object[a[0]][a[1]] = a[2];
	else if (t->kind == STEP_BIND && in_range(a[0], LAW_PEERS) && in_range(a[2], OBJECT_KINDS))
		s->peer[a[0]].bind[a[1] & 1][a[2]] = a[3];
	else if (t->kind == STEP_KEEP && a[0] < 0)
		s->keep_all = a[1];
	else if (t->kind == STEP_KEEP && in_range(a[0], LAW_PEERS))
		s->peer[a[0]].keep = a[1];
	else if (t->kind == STEP_OPTION && in_range(a[0], LAW_PEERS) &&
		 in_range(a[1], OPTION_KINDS))
		s->peer[a[0]].option[a[1]] = a[2];
	else if (t->kind == STEP_GLOBAL && in_range(a[0], GLOBAL_KINDS))
		s->global[a[0]] = a[1];
	else if (t->kind == STEP_NETWORK || t->kind == STEP_AGGREGATE)
		step_origin(s, t);
	else if (t->kind == STEP_INSTANCE || t->kind == STEP_TARGETS || t->kind == STEP_LINK)
		step_instance(s, t);
	else if (t->kind == STEP_PRESENT && in_range(a[0], LAW_PEERS))
		s->peer[a[0]].present = a[1] && s->peer[a[0]].known;
}

// --- objects --------------------------------------------------------------------------------------
static const char *object_name(char out[16], unsigned kind, long index)
{
	static const char letters[OBJECT_KINDS] = {'p', 'c', '1', 'r'};

	if (kind == OBJECT_PATH || kind == OBJECT_COMMUNITY)
		snprintf(out, 16, "%ld", index + 1);
	else
		snprintf(out, 16, "%c%ld", letters[kind], index);
	return out;
}

static void make_prefix_rule(struct source_rule *rule, struct random *r, bool wide)
{
	const struct af *af = NULL;
	struct af_key key = {0};
	unsigned bits;

	for (unsigned i = 0; i < af_count && !af; i++) {
		if (af_list[i]->props & AF_ORIGINATE && (af_list[i]->prefix_bits == 128) == wide)
			af = af_list[i];
	}
	law_key(af, random_below(r, LAW_KEYS), &key);
	rule->address = ip_from_bytes((uint8_t[16]){0}, wide ? 128 : 32);
	const uint8_t *p = af->prefix(&key, &bits);
	memcpy(rule->address.b, p, (bits + 7) / 8);
	rule->length = (uint8_t)bits;
	if (random_below(r, 2))
		rule->less_equal = wide ? 128 : 32;
}

// A prefix list of the same name for both widths, over the law's keys.
static void make_prefix(struct policy_source *src, const char *name, uint32_t seed, bool wide)
{
	struct source_filter *f =
		policy_source_filter(src, wide ? FILTER_PREFIX_WIDE : FILTER_PREFIX, name);
	struct random r;

	random_seed(&r, seed);
	for (unsigned i = 0, n = 1 + random_below(&r, 3); i < n; i++) {
		struct source_rule *rule =
			policy_source_rule(src, f, 10 * (i + 1), random_below(&r, 4) != 0);
		make_prefix_rule(rule, &r, wide);
	}
}

static void make_community(struct policy_source *src, const char *name, uint32_t seed)
{
	struct source_filter *f = policy_source_filter(src, FILTER_COMMUNITY, name);
	struct random r;
	char word[16];

	random_seed(&r, seed);
	for (unsigned i = 0, n = 1 + random_below(&r, 2); i < n; i++) {
		struct source_rule *rule =
			policy_source_rule(src, f, 10 * (i + 1), random_below(&r, 4) != 0);

		for (unsigned k = 0, words = 1 + random_below(&r, 2); k < words; k++) {
			snprintf(word, sizeof(word), "100:%u", 1 + random_below(&r, 4));
			policy_source_word(src, &rule->words, word);
		}
	}
}

// Values for policies to apply, under the name of the filter: both change with one object.
static void make_set(struct policy_source *src, const char *name, uint32_t seed)
{
	struct source_filter *f = policy_source_filter(src, SET_COMMUNITY, name);
	struct source_rule *rule = policy_source_rule(src, f, 10, true);
	char word[16];

	for (unsigned i = 0; i <= seed % 2; i++) {
		snprintf(word, sizeof(word), "100:%u", 1 + (seed / 2 + i) % 5);
		policy_source_word(src, &rule->words, word);
	}
}

// One rule more, somewhere in the list.
static void edit_prefix(struct policy_source *src, const char *name, uint32_t edit, bool wide)
{
	struct source_filter *f =
		policy_source_filter(src, wide ? FILTER_PREFIX_WIDE : FILTER_PREFIX, name);
	struct random r;

	random_seed(&r, edit);
	struct source_rule *rule =
		policy_source_rule(src, f, 5 + 10 * random_below(&r, 4), random_below(&r, 3) != 0);
	make_prefix_rule(rule, &r, wide);
}

static void make_path(struct policy_source *src, const char *name, uint32_t seed)
{
	static const char *const regex[] = {"_65101_", "^65102_", "_7$",
					    "_65103_", ".*",      "_64512_"};
	struct source_filter *f = policy_source_filter(src, FILTER_PATH, name);
	struct random r;

	random_seed(&r, seed);
	for (unsigned i = 0, n = 1 + random_below(&r, 2); i < n; i++) {
		struct source_rule *rule =
			policy_source_rule(src, f, 10 * (i + 1), random_below(&r, 3) != 0);

		rule->regex = policy_source_text(src, regex[random_below(&r, 6)]);
	}
}

static void make_match(struct policy_source *src, struct source_node *node, struct random *r)
{
	static const enum match_kind choice[] = {
		MATCH_PREFIX, MATCH_COMMUNITY, MATCH_PATH_FILTER, MATCH_COST, MATCH_PATH_LENGTH,
	};
	static const unsigned object[] = {OBJECT_PREFIX, OBJECT_COMMUNITY, OBJECT_PATH};
	unsigned which = random_below(r, 5);
	struct source_match *m = policy_source_match(src, node, choice[which]);
	char name[16];

	if (which < 3)
		policy_source_word(src, &m->names,
				   object_name(name, object[which], random_below(r, LAW_OBJECTS)));
	if (choice[which] == MATCH_PREFIX)
		m->wide = random_below(r, 4) == 0;
	if (choice[which] == MATCH_COST)
		m->low = m->high = random_below(r, 3) * 10;
	if (choice[which] == MATCH_PATH_LENGTH)
		m->high = 1 + random_below(r, 4);
}

static void make_apply(struct policy_source *src, struct source_node *node, struct random *r)
{
	static const enum apply_kind choice[] = {
		APPLY_LOCAL_PREF, APPLY_COST,   APPLY_COMMUNITY,
		APPLY_PATH,       APPLY_ORIGIN, APPLY_PREFERRED_VALUE,
	};
	struct source_apply *a = policy_source_apply(src, node, choice[random_below(r, 6)]);
	char word[16];

	a->number = random_below(r, 3) * 50;
	if (a->kind == APPLY_ORIGIN)
		a->number = random_below(r, 2) ? ORIGIN_IGP : ORIGIN_INCOMPLETE;
	if (a->kind == APPLY_COST && random_below(r, 2))
		a->mode = MODE_PLUS;
	if (a->kind == APPLY_COMMUNITY) {
		a->mode = random_below(r, 3) ? MODE_ADDITIVE : MODE_NONE;
		snprintf(word, sizeof(word), "100:%u", 1 + random_below(r, 5));
		if (a->mode == MODE_ADDITIVE)
			policy_source_word(src, &a->words, word);
	}
	if (a->kind == APPLY_PATH) {
		a->mode = MODE_ADDITIVE;
		policy_source_number(src, a, 65101 + random_below(r, 3));
	}
}

// A node in front of all others whose applying is told by lists: deletes what one filter permits, adds
// what a list has.
static void add_lists(struct policy_source *src, struct source_policy *p, struct random *r)
{
	struct source_node *node = policy_source_node(src, p, 2, true);
	struct source_apply *a;
	char name[16];

	if (random_below(r, 2)) {
		a = policy_source_apply(src, node, APPLY_COMMUNITY_DELETE);
		object_name(name, OBJECT_COMMUNITY, random_below(r, LAW_OBJECTS));
		policy_source_word(src, &a->words, name);
	}
	a = policy_source_apply(src, node, APPLY_COMMUNITY);
	a->mode = MODE_ADDITIVE;
	object_name(name, OBJECT_COMMUNITY, random_below(r, LAW_OBJECTS));
	policy_source_word(src, &a->lists, name);
	if (random_below(r, 2))
		make_match(src, node, r);
	node->go = GOTO_NEXT;
}

static void make_policy(struct policy_source *src, const char *name, uint32_t seed)
{
	struct source_policy *p = policy_source_policy(src, name);
	struct random r;

	random_seed(&r, seed);
	for (unsigned i = 0, n = 1 + random_below(&r, 3); i < n; i++) {
		struct source_node *node =
			policy_source_node(src, p, 10 * (i + 1), random_below(&r, 4) != 0);

		for (unsigned k = random_below(&r, 3); k--;)
			make_match(src, node, &r);
		for (unsigned k = random_below(&r, 3); k--;)
			make_apply(src, node, &r);
		if (!random_below(&r, 5))
			node->go = GOTO_NEXT;
	}
	if (seed % 4 == 3)
		add_lists(src, p, &r);
}

// One node more, with a test of the prefix: in front, between two, behind.
static void edit_policy(struct policy_source *src, const char *name, uint32_t edit)
{
	struct source_policy *p = policy_source_policy(src, name);
	struct random r;
	char list[16];

	random_seed(&r, edit);
	struct source_node *node =
		policy_source_node(src, p, 5 + 10 * random_below(&r, 4), random_below(&r, 3) != 0);
	struct source_match *m = policy_source_match(src, node, MATCH_PREFIX);
	policy_source_word(src, &m->names,
			   object_name(list, OBJECT_PREFIX, random_below(&r, LAW_OBJECTS)));
	for (unsigned k = random_below(&r, 3); k--;)
		make_apply(src, node, &r);
	if (!random_below(&r, 4))
		make_match(src, node, &r);
	if (!random_below(&r, 4))
		node->go = GOTO_NEXT;
}

static void edit_object(struct policy_source *src, unsigned kind, const char *name, uint32_t edit)
{
	if (kind == OBJECT_PREFIX) {
		edit_prefix(src, name, edit, false);
		edit_prefix(src, name, edit, true);
	} else if (kind == OBJECT_POLICY) {
		edit_policy(src, name, edit);
	}
}

static void make_object(struct policy_source *src, unsigned kind, unsigned index, long value)
{
	// One that was never configured exists all the same: a name without an object is refused.
	uint32_t base = (uint32_t)(value % LAW_EDIT), edit = (uint32_t)(value / LAW_EDIT);
	uint32_t seed = base ? base : 7 * kind + index + 1;
	char name[16];

	object_name(name, kind, index);
	switch (kind) {
	case OBJECT_PREFIX:
		make_prefix(src, name, seed, false);
		make_prefix(src, name, seed, true);
		break;
	case OBJECT_COMMUNITY:
		make_community(src, name, seed);
		make_set(src, name, seed);
		break;
	case OBJECT_PATH:
		make_path(src, name, seed);
		break;
	default:
		make_policy(src, name, seed);
		break;
	}
	if (edit)
		edit_object(src, kind, name, edit);
}

static void complain(void *arg, const char *object, const char *text)
{
	die("law: %s: %s", object, text);
}

static struct policy_snapshot *compile(const struct law_state *s, struct policy_store *store)
{
	struct policy_source *src = policy_source_new();
	struct policy_snapshot *n;

	for (unsigned kind = 0; kind < OBJECT_KINDS; kind++) {
		for (unsigned i = 0; i < LAW_OBJECTS; i++)
			make_object(src, kind, i, s->object[kind][i]);
	}
	n = policy_compile(store, src, complain, NULL);
	policy_source_free(src);
	return n;
}

// --- instances ------------------------------------------------------------------------------------
static unsigned import_targets(const struct law_state *s)
{
	unsigned set = 0;

	for (unsigned i = 1; i <= LAW_INSTANCES; i++) {
		if (s->instance[i].families)
			set |= s->instance[i].targets[1];
	}
	return set;
}

static unsigned target_list(unsigned set, uint8_t (**ret)[8])
{
	unsigned n = 0;

	*ret = set ? mem_zero(LAW_TARGETS * sizeof(**ret)) : NULL;
	for (unsigned i = 0; i < LAW_TARGETS; i++) {
		if (set >> i & 1)
			target_bytes(i, (*ret)[n++]);
	}
	return n;
}

static struct policy_program *instance_policy(const struct speaker_config *c, long index,
					      const struct af *af, bool import)
{
	struct policy_binding b = {.af = af, .import = import};
	char name[16];

	if (!in_range(index, LAW_OBJECTS))
		return NULL;
	b.route_policy = object_name(name, OBJECT_POLICY, index);
	return policy_program(c->store, c->policy, &b);
}

static void fill_link(const struct law_instance *n, unsigned number, const struct speaker_config *c,
		      const struct af *af, struct vpn_link *l)
{
	l->present = true;
	l->takes_own = n->link[LINK_OWN];
	distinguisher(n->link[LINK_RD] ? 200 : 100, number, l->rd);
	l->label = af_outer(af)->props & AF_LABELED ? 16 + number : 0;
	l->label_per_route = n->link[LINK_PER_ROUTE];
	l->target_count = target_list(n->targets[1], &l->targets);
	l->community_count = target_list(n->targets[0], &l->communities);
	l->import = instance_policy(c, n->link[LINK_IMPORT], af, true);
	l->export = instance_policy(c, n->link[LINK_EXPORT], af, false);
}

// Our own memberships: what the instances take in.
static void fill_memberships(const struct law_state *s, struct family_config *f,
			     const struct af *af)
{
	unsigned set = import_targets(s);
	uint8_t target[8];

	for (unsigned i = 0; i < LAW_TARGETS; i++) {
		if (!(set >> i & 1))
			continue;
		target_bytes(i, target);
		af->from_target(target, 64, LAW_AS, &f->networks[f->network_count++].key);
	}
}

// --- peers ----------------------------------------------------------------------------------------
// Reflection to clients needs all VPN routes (RFC 4364 4.3.3).
static bool takes_all(const struct law_state *s, const struct af *af)
{
	bool all = !s->global[GLOBAL_VPN_TARGET];

	for (unsigned i = 0; i < LAW_PEERS; i++)
		all |= s->peer[i].present && s->peer[i].flags & PEER_CLIENT &&
		       s->peer[i].families & af_bit(af);
	return all;
}

static struct policy_program *program_of(const struct law_state *s, const struct speaker_config *c,
					 const struct law_peer *p, const struct af *af, bool import)
{
	struct policy_target targets[LAW_TARGETS];
	unsigned set = import_targets(s);
	char name[OBJECT_KINDS][16];
	const char *given[OBJECT_KINDS] = {0};
	struct policy_binding b = {.af = af, .import = import};

	for (unsigned k = 0; k < OBJECT_KINDS; k++) {
		if (in_range(p->bind[import][k], LAW_OBJECTS))
			given[k] = object_name(name[k], k, p->bind[import][k]);
	}
	b.prefix_list = given[OBJECT_PREFIX];
	b.path_filter = given[OBJECT_PATH];
	b.route_policy = given[OBJECT_POLICY];
	if (import && af->props & AF_TARGETED && !takes_all(s, af)) {
		b.constrained = true;
		b.targets = targets;
		for (unsigned i = 0; i < LAW_TARGETS; i++) {
			targets[b.target_count].bits = 64;
			target_bytes(i, targets[b.target_count].target);
			b.target_count += set >> i & 1;
		}
	}
	return policy_program(c->store, c->policy, &b);
}

static uint8_t source_of(const struct law_peer *p)
{
	if (p->as != LAW_AS)
		return SOURCE_EBGP;
	return p->flags & PEER_CLIENT ? SOURCE_IBGP_CLIENT : SOURCE_IBGP;
}

static uint16_t peer_families(const struct law_state *s, const struct law_peer *p)
{
	unsigned instance = law_instance(p->flags);

	return instance ? p->families & s->instance[instance].families : p->families;
}

static void fill_family(const struct law_state *s, const struct law_peer *p,
			struct speaker_config *c, struct peer_config *to, unsigned i)
{
	struct peer_family *f = &to->family[i];

	f->enabled = peer_families(s, p) >> i & 1;
	f->keep_own = p->keep;
	f->import = (struct rib_import){
		.program = program_of(s, c, p, af_list[i], true),
		.source = source_of(p),
		.keep_all = p->keep || s->keep_all,
		.check_first_as = p->option[OPTION_FIRST_AS],
		.allow_as_loop = (uint8_t)p->option[OPTION_ALLOW_LOOP],
		.preferred_value = (uint16_t)p->option[OPTION_PREFERRED_VALUE],
		.peer_as = p->as,
	};
	f->export = (struct rib_export){
		.program = program_of(s, c, p, af_list[i], false),
		.kind = source_of(p),
		.next_hop = (uint8_t)p->option[OPTION_NEXT_HOP], // enum rib_next_hop
		.community = p->option[OPTION_COMMUNITY],
		.default_route = p->option[OPTION_DEFAULT_ROUTE] &&
				 af_list[i]->props & (AF_ORIGINATE | AF_MEMBERSHIP),
		.independent = p->option[OPTION_INDEPENDENT],
		.route_server = p->option[OPTION_ROUTE_SERVER],
		.public_as_only = (uint8_t)p->option[OPTION_PUBLIC_AS], // enum rib_public_as
		.substitute_as = p->option[OPTION_SUBSTITUTE],
		.local_as = LAW_AS,
		.peer_as = p->as,
	};
	if (!p->option[OPTION_SITE])
		return;
	f->import.has_site = f->export.has_site = true;
	f->import.site[1] = 3; // a site of origin (RFC 4364 7)
	f->import.site[7] = (uint8_t)p->option[OPTION_SITE];
	memcpy(f->export.site, f->import.site, sizeof(f->export.site));
}

static void fill_peer(const struct law_state *s, unsigned i, struct speaker_config *c)
{
	const struct law_peer *p = &s->peer[i];
	struct peer_config *to = &c->peers[c->peer_count++];
	char text[IP_TEXT_MAX];

	law_address(p->alias ? p->alias - 1 : i, text);
	ip_parse(text, &to->address);
	to->instance = (uint16_t)law_instance(p->flags);
	to->session = (struct sess_config){
		.remote = to->address,
		.remote_port = 179,
		.listen_port = 179,
		.local_as = LAW_AS,
		.real_local_as = LAW_AS,
		.remote_as = p->as,
		.router_id = c->router_id,
		.internal = p->as == LAW_AS,
		.families = peer_families(s, p),
		.hold_time = 180,
		.keepalive = 60,
		.connect_retry = 32,
		.refresh = true,
		.enhanced_refresh = true,
		.as4 = true,
		.passive = true,
		.idle_hold = 1,
	};
	ip_parse("10.0.0.1", &to->session.local);
	for (unsigned k = 0; k < af_count; k++)
		fill_family(s, p, c, to, k);
}

static void fill_options(const struct law_state *s, struct rib_options *o)
{
	*o = (struct rib_options){
		.local_as = LAW_AS,
		.router_id = 0x0a000001,
		.reflect_between_clients = s->global[GLOBAL_REFLECT],
		.default_local_pref = (uint32_t)s->global[GLOBAL_LOCAL_PREF],
		.as_path_ignore = s->global[GLOBAL_PATH_IGNORE],
		.med_none_as_maximum = s->global[GLOBAL_MED_MAXIMUM],
		.compare_different_as_med = s->global[GLOBAL_COMPARE_MED],
		.as_path_limit = (unsigned)s->global[GLOBAL_PATH_LIMIT],
		.max_paths = 1,
		.external_paths = (uint32_t)s->global[GLOBAL_EXTERNAL],
	};
}

static void fill_origins(const struct law_state *s, struct family_config *f, unsigned instance,
			 unsigned i)
{
	const struct af *af = af_list[i];
	bool own = af->props & AF_ORIGINATE || (instance && af->inner == af);

	f->networks = mem_zero(LAW_KEYS * sizeof(*f->networks));
	f->aggregates = mem_zero(LAW_KEYS * sizeof(*f->aggregates));
	for (unsigned k = 0; k < LAW_KEYS; k++) {
		if (own && s->network[instance][i][k] >= 0)
			law_key(af_list[i], k, &f->networks[f->network_count++].key);
		if (af->props & AF_ORIGINATE && s->aggregate[instance][i][k] >= 0) {
			struct rib_aggregate *a = &f->aggregates[f->aggregate_count++];

			law_key(af_list[i], k, &a->key);
			a->as_set = s->aggregate[instance][i][k] & 1;
			a->detail_suppressed = s->aggregate[instance][i][k] & 2;
		}
	}
}

static void fill_instance(const struct law_state *s, const struct speaker_config *c,
			  struct instance_config *to, unsigned number)
{
	const struct law_instance *n = &s->instance[number];

	to->number = (uint16_t)number;
	to->router_id = c->router_id;
	to->families = number ? n->families : UINT16_MAX;
	if (number)
		snprintf(to->name, sizeof(to->name), "vpn%u", number);
	for (unsigned i = 0; i < af_count; i++) {
		const struct af *af = af_list[i];

		fill_options(s, &to->family[i].options);
		if (!(to->families >> i & 1))
			continue;
		fill_origins(s, &to->family[i], number, i);
		to->family[i].constrained = af->props & AF_TARGETED;
		if (!number && af->props & AF_MEMBERSHIP)
			fill_memberships(s, &to->family[i], af);
		if (number && af_outer(af))
			fill_link(n, number, c, af, &to->link[i]);
	}
}

struct speaker_config *state_config(const struct law_state *s, struct policy_store *store,
				    uint32_t generation)
{
	struct speaker_config *c = speaker_config_new();

	c->generation = generation;
	c->present = true;
	c->as = LAW_AS;
	c->router_id = 0x0a000001;
	c->keep_all = s->keep_all;
	c->store = store;
	c->policy = compile(s, store);
	c->peers = mem_zero(LAW_PEERS * sizeof(*c->peers));
	c->instances = mem_resize(c->instances, (1 + LAW_INSTANCES) * sizeof(*c->instances));
	memset(c->instances, 0, (1 + LAW_INSTANCES) * sizeof(*c->instances));
	c->constrain = s->global[GLOBAL_CONSTRAIN];
	c->membership_wait = 2;
	for (unsigned instance = 0; instance <= LAW_INSTANCES; instance++) {
		for (unsigned i = 0; i < LAW_PEERS; i++) { // ascending by instance
			if (s->peer[i].present && law_instance(s->peer[i].flags) == instance &&
			    peer_families(s, &s->peer[i]))
				fill_peer(s, i, c);
		}
		if (!instance)
			fill_instance(s, c, &c->instances[0], 0);
		else if (s->instance[instance].families)
			fill_instance(s, c, &c->instances[c->instance_count++], instance);
	}
	return c;
}
