// apply clauses: what they do to a route's attributes, and how they are compiled.
//
// New values go into the run's arena; nothing of the old list is written to. Sums stop at the ends
// of their range. Values that grow beyond what an attribute can hold (65535 bytes) leave the
// attribute as it was.
// No effect on BGP routes of this speaker: cost-type, mpls-label, dampening, and the
// next hop blackhole (there is no forwarding table to discard in). RFC 4271, 1997, 4360, 8092.
#include "policy/program.h"

#include <string.h>

enum {
	WELL_KNOWN = ATTR_TRANSITIVE,
	OPTIONAL_TRANSITIVE = ATTR_OPTIONAL | ATTR_TRANSITIVE,
	DEFAULT_LOCAL_PREF = 100, // what a route without the attribute counts as
};

static struct span value_of(const struct attrs *as, uint8_t type)
{
	const struct attr *a = attrs_find(as, type);

	return a ? (struct span){a->value, a->len} : (struct span){0};
}

static uint32_t number_changed(enum apply_mode mode, uint32_t old, uint32_t by)
{
	if (mode == MODE_PLUS)
		return old > UINT32_MAX - by ? UINT32_MAX : old + by;
	if (mode == MODE_MINUS)
		return old < by ? 0 : old - by;
	return by;
}

// --- AS path -----------------------------------------------------------------------------------
static bool not_listed(uint32_t as, void *arg)
{
	const struct apply *a = arg;

	for (unsigned i = 0; i < a->count; i++)
		if (a->numbers[i] == as)
			return false;
	return true;
}

static void path_apply(struct route_state *s, const struct apply *a)
{
	struct span path = value_of(s->attrs, ATTR_AS_PATH);

	if (a->mode == MODE_DELETE) {
		if (!path.len)
			return;
		path = as_path_filter(s->arena, path.p, path.len, not_listed, (void *)a);
	} else {
		if (a->mode != MODE_ADDITIVE)
			path = (struct span){0};
		// From the last one, so that they stand in the order in which they were typed.
		for (unsigned i = a->mode == MODE_NONE ? 0 : a->count; i-- > 0;)
			path = as_path_prepend(s->arena, path.p, path.len, a->numbers[i], 1,
					       AS_SEQUENCE);
	}
	if (path.len <= UINT16_MAX)
		attrs_put(s->attrs, ATTR_AS_PATH, WELL_KNOWN,
			  path.len ? path.p : (const uint8_t *)"", path.len);
}

// --- values ------------------------------------------------------------------------------------
static void values_put(struct route_state *s, uint8_t type, struct span v)
{
	const struct attr *old = attrs_find(s->attrs, type);
	uint8_t partial = old ? old->flags & ATTR_PARTIAL : 0; // once set it stays: RFC 4271 5

	if (!v.len)
		attrs_drop(s->attrs, type);
	else if (v.len <= UINT16_MAX)
		attrs_put(s->attrs, type, OPTIONAL_TRANSITIVE | partial, v.p, v.len);
}

struct dropping {
	const struct apply *apply;
	struct match_scratch *scratch;
	struct attr listed;
	unsigned width;
};

static bool deleted_by_filter(const uint8_t *value, void *arg)
{
	struct dropping *d = arg;

	for (unsigned i = 0; i < d->apply->count; i++)
		if (value_filter_permits(d->apply->filters[i], (struct span){value, 4}, false,
					 d->scratch))
			return true;
	return false;
}

static bool is_listed(const uint8_t *value, void *arg)
{
	struct dropping *d = arg;

	return communities_have(&d->listed, d->width, value);
}

static bool drops_target(const uint8_t *v, void *arg)
{
	(void)arg;
	return is_route_target(v);
}

static void community_delete(struct route_state *s, const struct apply *a)
{
	struct span v = value_of(s->attrs, ATTR_COMMUNITY);
	struct dropping d = {.apply = a, .scratch = s->scratch};

	if (v.len)
		values_put(s, ATTR_COMMUNITY,
			   communities_without(s->arena, v, 4, deleted_by_filter, &d));
}

static void values_apply(struct route_state *s, const struct apply *a, uint8_t type, unsigned width)
{
	struct span old = value_of(s->attrs, type), v = a->values;

	if (a->mode == MODE_NONE) {
		v = (struct span){0};
	} else if (a->mode == MODE_ADDITIVE) {
		v = communities_union(s->arena, old, v, width);
	} else if (a->mode == MODE_DELETE) {
		struct dropping d = {.width = width};
		if (!old.len)
			return;
		d.listed = (struct attr){.value = v.p, .len = (uint16_t)v.len};
		v = communities_without(s->arena, old, width, is_listed, &d);
	}
	values_put(s, type, v);
}

// Route targets replace route targets only: other extended communities stay.
static void ext_community_apply(struct route_state *s, const struct apply *a)
{
	struct span old = value_of(s->attrs, ATTR_EXT_COMMUNITY);

	if (a->kind == APPLY_ROUTE_TARGET && a->mode != MODE_ADDITIVE && old.len)
		old = communities_without(s->arena, old, 8, drops_target, NULL);
	values_put(s, ATTR_EXT_COMMUNITY, communities_union(s->arena, old, a->values, 8));
}

// --- the rest ----------------------------------------------------------------------------------
static void cost_apply(struct route_state *s, const struct apply *a)
{
	uint32_t med = 0;

	bool present = attrs_u32(s->attrs, ATTR_MED, &med);
	if (a->mode == MODE_NONE) {
		attrs_drop(s->attrs, ATTR_MED);
		return;
	}
	if (a->mode == MODE_INHERIT) {
		// The same value, but put by policy: export to another AS takes away only a MED
		// that no policy has put there, which it sees by where the value lies.
		if (present)
			attrs_put_u32(s->attrs, s->arena, ATTR_MED, med);
		return;
	}
	attrs_put_u32(s->attrs, s->arena, ATTR_MED, number_changed(a->mode, med, a->number));
}

static void local_pref_apply(struct route_state *s, const struct apply *a)
{
	uint32_t v = DEFAULT_LOCAL_PREF;

	attrs_u32(s->attrs, ATTR_LOCAL_PREF, &v);
	attrs_put_u32(s->attrs, s->arena, ATTR_LOCAL_PREF, number_changed(a->mode, v, a->number));
}

// peer-address is the other end's address on import and our own end's on export: in both cases
// the neighbour that the receiver of the route will use.
static void next_hop_apply(struct route_state *s, const struct apply *a)
{
	struct ip ip = a->address;

	if (a->wide != (s->program->af->prefix_bits == 128) || a->mode == MODE_BLACKHOLE)
		return;
	if (a->mode == MODE_PEER)
		ip = s->program->import ? s->context->peer : s->context->local;
	if (!ip.bits)
		return;
	attrs_put(s->attrs, ATTR_NEXT_HOP, WELL_KNOWN, arena_copy(s->arena, ip.b, ip.bits / 8),
		  ip.bits / 8);
}

static void apply_run(struct route_state *s, const struct apply *a)
{
	switch (a->kind) {
	case APPLY_PATH:
		path_apply(s, a);
		break;
	case APPLY_COMMUNITY_DELETE:
		community_delete(s, a);
		break;
	case APPLY_COMMUNITY:
		values_apply(s, a, ATTR_COMMUNITY, 4);
		break;
	case APPLY_LARGE_COMMUNITY:
		values_apply(s, a, ATTR_LARGE_COMMUNITY, 12);
		break;
	case APPLY_ROUTE_TARGET:
	case APPLY_SOO:
		ext_community_apply(s, a);
		break;
	case APPLY_COST:
		cost_apply(s, a);
		break;
	case APPLY_LOCAL_PREF:
		local_pref_apply(s, a);
		break;
	case APPLY_PREFERRED_VALUE:
		s->attrs->local.preferred_value = (uint16_t)a->number;
		break;
	case APPLY_PREFERENCE:
		s->attrs->local.preference = a->number;
		break;
	case APPLY_ORIGIN:
		attrs_put_u8(s->attrs, s->arena, ATTR_ORIGIN, (uint8_t)a->number);
		break;
	case APPLY_TAG:
		s->tag = a->number;
		break;
	case APPLY_NEXT_HOP:
		next_hop_apply(s, a);
		break;
	case APPLY_COST_TYPE:
	case APPLY_MPLS_LABEL:
	case APPLY_DAMPENING:
	case APPLY_KINDS:
		break;
	}
}

void node_apply(struct route_state *s, const struct policy_node *n)
{
	for (unsigned i = 0; i < n->apply_count; i++)
		apply_run(s, &n->applies[i]);
}

bool attrs_fit(const struct attrs *as)
{
	size_t n = 0;

	for (unsigned i = 0; i < as->count; i++)
		n += as->a[i].len + (as->a[i].len > 255 ? 4u : 3u);
	return n <= UINT16_MAX;
}

// --- compiling ---------------------------------------------------------------------------------
static enum filter_kind value_kind(enum apply_kind kind)
{
	switch (kind) {
	case APPLY_LARGE_COMMUNITY:
		return SET_LARGE_COMMUNITY;
	case APPLY_ROUTE_TARGET:
		return FILTER_EXT_COMMUNITY;
	case APPLY_SOO:
		return FILTER_SOO;
	default:
		return SET_COMMUNITY;
	}
}

static void values_compile(struct compile *c, struct policy_snapshot *n,
			   const struct source_apply *s, struct arena *a, struct apply *ret)
{
	enum filter_kind kind = value_kind(s->kind);

	values_parse(c, kind, &s->words, a, &ret->values);
	for (unsigned i = 0; i < s->lists.count; i++) {
		const struct object *o = snapshot_find(n, kind, s->lists.word[i]);
		if (o)
			ret->values = communities_union(a, ret->values, value_set_values(o),
							value_width(kind));
		else
			compile_complain(c, "the list %s does not exist", s->lists.word[i]);
	}
	if (ret->values.len > UINT16_MAX)
		compile_complain(c, "more values than an attribute can hold");
	else if (ret->values.len) // a list may go while the policy stays
		ret->values.p = arena_copy(a, ret->values.p, ret->values.len);
}

static void filters_compile(struct compile *c, struct policy_snapshot *n,
			    const struct source_apply *s, struct arena *a, struct apply *ret)
{
	ret->filters = arena_zero(a, (s->words.count + 1) * sizeof(struct object *));
	for (unsigned i = 0; i < s->words.count; i++) {
		struct object *o = snapshot_find(n, FILTER_COMMUNITY, s->words.word[i]);
		if (o)
			ret->filters[ret->count++] = object_ref(o);
		else
			compile_complain(c, "the community filter %s does not exist",
					 s->words.word[i]);
	}
}

void apply_compile(struct compile *c, struct policy_snapshot *n, const struct source_apply *s,
		   struct arena *a, struct apply *ret)
{
	*ret = (struct apply){.kind = s->kind, .mode = s->mode};
	switch (s->kind) {
	case APPLY_COMMUNITY_DELETE:
		filters_compile(c, n, s, a, ret);
		break;
	case APPLY_COMMUNITY:
	case APPLY_LARGE_COMMUNITY:
	case APPLY_ROUTE_TARGET:
	case APPLY_SOO:
		values_compile(c, n, s, a, ret);
		break;
	case APPLY_PATH:
		ret->count = s->number_count;
		if (s->number_count)
			ret->numbers =
				arena_copy(a, s->numbers, s->number_count * sizeof(uint32_t));
		break;
	case APPLY_NEXT_HOP:
		ret->wide = s->wide;
		ret->address = s->address;
		if (s->mode == MODE_SET && s->address.bits != (s->wide ? 128 : 32))
			compile_complain(c, "the next hop is of the other version");
		break;
	case APPLY_ORIGIN:
		ret->number = s->number;
		if (s->number > ORIGIN_INCOMPLETE)
			compile_complain(c, "no such origin");
		break;
	default:
		ret->number = s->number;
	}
}

void apply_content(const struct apply *a, struct buf *b)
{
	buf_u8(b, (uint8_t)a->kind);
	buf_u8(b, (uint8_t)a->mode);
	buf_u8(b, a->wide);
	buf_u32(b, a->number);
	buf_put(b, &a->address, sizeof(a->address));
	buf_u32(b, (uint32_t)a->values.len);
	if (a->values.len)
		buf_put(b, a->values.p, a->values.len);
	buf_u32(b, a->count);
	for (unsigned i = 0; i < a->count; i++) {
		if (a->filters)
			buf_u64(b, a->filters[i]->number);
		else
			buf_u32(b, a->numbers[i]);
	}
}
