// Programs: the stages that one binding names, in their order, as one interned object.
//
// Its content is the numbers of the stages' objects and what else can make it act differently: the
// family where a stage looks at keys or may do so, the direction only when a clause depends on it.
// So bindings that do the same share a program, and with it everything that is computed per program.
#include "policy/program.h"

#include "base/mem.h"
#include "policy/snapshot.h"

struct binder {
	struct policy_program program; // in the making
	const struct policy_snapshot *snapshot;
};

static void stage_add(struct binder *b, enum stage_kind kind, const char *name,
		      struct object *object)
{
	struct policy_program *p = &b->program;

	p->stages[p->count++] = (struct stage){kind, name, object_ref(object)};
}

static enum stage_kind stage_of(enum filter_kind kind)
{
	switch (kind) {
	case FILTER_EXT_COMMUNITY:
		return STAGE_VALUES;
	case FILTER_PATH:
		return STAGE_PATH;
	case FILTER_KINDS:
		return STAGE_POLICY;
	default:
		return STAGE_ADDRESS;
	}
}

// One name of a binding; missing names reject or are passed over.
static void stage_bind(struct binder *b, enum filter_kind kind, const char *statement,
		       const char *name)
{
	const struct policy_snapshot *n = b->snapshot;

	if (!name)
		return;
	struct object *o = n ? map_get(&n->by_name[kind], name) : NULL;
	bool lenient =
		(n && n->nonexistent_allowed) || kind == FILTER_ACL || kind == FILTER_ACL_WIDE;
	if (!o && !lenient)
		stage_add(b, STAGE_REJECT, statement, NULL);
	else if (o)
		stage_add(b, stage_of(kind), statement, o);
}

// Targets of which one stands for any route ask for nothing.
static void stage_targets(struct binder *b, struct policy_store *s,
			  const struct policy_target *targets, unsigned count)
{
	if (targets_are_all(targets, count))
		return;
	struct object *o = targets_compile(s, targets, count);
	stage_add(b, STAGE_TARGETS, "vpn-target", o);
	object_unref(o);
}

static void program_destroy(struct object *o)
{
	struct policy_program *p = (struct policy_program *)o;

	for (unsigned i = 0; i < p->count; i++)
		object_unref(p->stages[i].object);
	mem_free(p);
}

// What the stages ask for together. A program that never asks for its family has none.
static void program_summarize(struct policy_program *p)
{
	bool asks_family = false;

	for (unsigned i = 0; i < p->count; i++) {
		const struct stage *s = &p->stages[i];
		bool policy = s->kind == STAGE_POLICY;
		const struct route_policy *r = policy ? (struct route_policy *)s->object : NULL;
		asks_family = asks_family || policy || s->kind == STAGE_ADDRESS;
		p->asks_attributes = p->asks_attributes || s->kind == STAGE_PATH ||
				     s->kind == STAGE_TARGETS || s->kind == STAGE_VALUES ||
				     (r && r->asks_attributes);
		p->uses_peer =
			p->uses_peer || (r && (r->applies_peer || (r->asks_source && p->import)));
		p->directed = p->directed || p->uses_peer || (r && r->asks_source);
	}
	if (!asks_family)
		p->af = NULL;
}

static struct hash128 program_content(const struct policy_program *p)
{
	struct buf b = {0};

	buf_u32(&b, OBJECT_PROGRAM);
	for (unsigned i = 0; i < p->count; i++) {
		buf_u8(&b, (uint8_t)p->stages[i].kind);
		buf_u64(&b, p->stages[i].object ? p->stages[i].object->number : 0);
	}
	buf_u8(&b, p->af ? (uint8_t)(af_index(p->af) + 1) : 0);
	buf_u8(&b, p->directed ? 1 + p->import : 0);
	struct hash128 h = hash_wide(b.data, b.len);
	buf_free(&b);
	return h;
}

// The program with the binder's stages, whose references it takes over.
static struct policy_program *program_intern(struct binder *b, struct policy_store *s)
{
	program_summarize(&b->program);
	struct hash128 content = program_content(&b->program);
	struct policy_program *p = (struct policy_program *)object_find(s, content);
	if (p) {
		for (unsigned i = 0; i < b->program.count; i++)
			object_unref(b->program.stages[i].object);
		return p;
	}
	p = mem_copy(&b->program, sizeof(b->program));
	object_add(s, &p->object, OBJECT_PROGRAM, content, program_destroy);
	return p;
}

struct policy_program *policy_program(struct policy_store *s, struct policy_snapshot *n,
				      const struct policy_binding *b)
{
	struct binder make = {.program = {.af = b->af, .import = b->import}, .snapshot = n};
	bool wide = b->af && b->af->prefix_bits == 128;
	enum filter_kind acl = wide ? FILTER_ACL_WIDE : FILTER_ACL;
	enum filter_kind list = wide ? FILTER_PREFIX_WIDE : FILTER_PREFIX;
	const char *list_word = wide ? "ipv6-prefix" : "ip-prefix";

	if (b->constrained)
		stage_targets(&make, s, b->targets, b->target_count);
	stage_bind(&make, FILTER_EXT_COMMUNITY, "rr-filter", b->ext_community_filter);
	if (b->af && b->af->prefix_bits) {
		stage_bind(&make, acl, "filter-policy", b->acl);
		stage_bind(&make, list, list_word, b->prefix_list);
	}
	stage_bind(&make, FILTER_PATH, "as-path-filter", b->path_filter);
	if (b->af && b->af->prefix_bits) {
		stage_bind(&make, acl, "filter-policy", b->view_acl);
		stage_bind(&make, list, "filter-policy", b->view_prefix_list);
	}
	stage_bind(&make, FILTER_KINDS, "route-policy", b->route_policy);
	stage_bind(&make, FILTER_KINDS, "route-policy", b->view_route_policy);
	return program_intern(&make, s);
}

struct policy_program *policy_program_constrain(struct policy_store *s, struct policy_program *p,
						const struct policy_target *targets, unsigned count)
{
	struct binder make = {.program = {.af = p->af, .import = p->import}};

	stage_targets(&make, s, targets, count);
	for (unsigned i = 0; i < p->count; i++) {
		const struct stage *x = &p->stages[i];
		if (x->kind != STAGE_TARGETS)
			stage_add(&make, x->kind, x->name, x->object);
	}
	return program_intern(&make, s);
}

// The stage of targets comes first; NULL: any will do.
static const struct object *targets_of(const struct policy_program *p)
{
	return p->count && p->stages[0].kind == STAGE_TARGETS ? p->stages[0].object : NULL;
}

bool policy_programs_kindred(const struct policy_program *a, const struct policy_program *b)
{
	unsigned i = targets_of(a) != NULL, k = targets_of(b) != NULL;

	if (a->count - i != b->count - k)
		return false;
	for (; i < a->count; i++, k++)
		if (a->stages[i].kind != b->stages[k].kind ||
		    a->stages[i].object != b->stages[k].object)
			return false;
	return true;
}

bool policy_program_narrows(const struct policy_program *from, const struct policy_program *to)
{
	const struct object *outer = targets_of(from), *inner = targets_of(to);

	return policy_programs_kindred(from, to) &&
	       (!outer || (inner && targets_within(inner, outer)));
}

struct policy_program *policy_program_ref(struct policy_program *p)
{
	return object_ref(p);
}

void policy_program_unref(struct policy_program *p)
{
	object_unref(p);
}

uint64_t policy_program_number(const struct policy_program *p)
{
	return p->object.number;
}

bool policy_program_uses_peer(const struct policy_program *p)
{
	return p->uses_peer;
}

bool policy_program_is_open(const struct policy_program *p)
{
	return !p->count;
}

bool policy_filter_permits(const struct policy_snapshot *n, enum filter_kind kind, const char *name,
			   bool whole, const struct policy_route *route)
{
	const struct object *o = snapshot_find(n, kind, name);
	struct match_scratch scratch = {0};
	bool permits = false;

	if (!o)
		return false;
	if (o->kind == OBJECT_RD_FILTER)
		return route->af->rd
			       ? key_test_matches((const struct key_test *)o, route->af, route->key)
			       : route->attrs && rd_filter_permits(o, route->attrs->local.rd);
	if (o->kind == OBJECT_PREFIX_LIST || o->kind == OBJECT_ACL) {
		bool wide = kind == FILTER_PREFIX_WIDE || kind == FILTER_ACL_WIDE;
		return route->af->prefix_bits == (wide ? 128 : 32) &&
		       key_test_matches((const struct key_test *)o, route->af, route->key);
	}
	uint8_t type = o->kind == OBJECT_PATH_FILTER ? ATTR_AS_PATH : value_attribute(kind);
	const struct attr *a = attrs_find(route->attrs, type);
	struct span v = a ? (struct span){a->value, a->len} : (struct span){0};
	if (o->kind == OBJECT_PATH_FILTER)
		permits = path_filter_permits(o, v, &scratch);
	else if (o->kind == OBJECT_VALUE_FILTER)
		permits = value_filter_permits(o, v, whole, &scratch);
	match_scratch_free(&scratch);
	return permits;
}
