// What an aggregate looks like (RFC 4271 9.2.2.2): ORIGIN is the worst of its routes'; AS_PATH is
// empty, or with `as-set` what all paths begin with and then an AS_SET of the rest; ATOMIC_AGGREGATE
// tells when numbers were left out; communities of all routes go along with `as-set`. All of it is
// a function of the set of contributors, not of their order.
#include "rib/aggregate.h"

#include <stdlib.h>
#include <string.h>

#include "rib/group.h"

struct gathering {
	struct family *family;
	struct arena *arena;
	uint32_t *common; // numbers that all paths begin with
	unsigned common_count;
	bool any, more; // more: some path has numbers behind the common ones, or a set
	uint32_t *others;
	unsigned other_count, other_cap;
	struct span community, large_community, ext_community;
	uint8_t origin;
	bool atomic; // one of them had lost numbers already
};

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void add_other(struct gathering *g, uint32_t as)
{
	if (g->other_count == g->other_cap) {
		unsigned cap = g->other_cap ? g->other_cap * 2 : 64;
		uint32_t *more = arena_alloc(g->arena, cap * sizeof(*more));
		if (g->other_count)
			memcpy(more, g->others, g->other_count * sizeof(*more));
		g->others = more;
		g->other_cap = cap;
	}
	g->others[g->other_count++] = as;
}

// Numbers of the path in order; *ret_leading of them before the first set.
static unsigned read_path(struct gathering *g, const struct attr *path, uint32_t **ret,
			  unsigned *ret_leading)
{
	struct cursor c = {0}, numbers;
	unsigned n = 0, leading = UINT32_MAX;
	uint8_t segment;

	*ret = arena_alloc(g->arena, (path ? path->len : 0) + 4u);
	if (path)
		c = cursor_of(path->value, path->len);
	while (as_path_next(&c, &segment, &numbers)) {
		if (segment == AS_CONFED_SEQUENCE || segment == AS_CONFED_SET)
			continue;
		if (segment == AS_SET && leading == UINT32_MAX)
			leading = n;
		while (cursor_left(&numbers))
			(*ret)[n++] = cursor_u32(&numbers);
	}
	*ret_leading = leading < n ? leading : n;
	return n;
}

static void gather_path(struct gathering *g, const struct attr *path)
{
	uint32_t *numbers;
	unsigned leading, n = read_path(g, path, &numbers, &leading), same = 0;

	if (!g->any) {
		g->common = numbers;
		g->common_count = leading;
	}
	while (same < g->common_count && same < leading && g->common[same] == numbers[same])
		same++;
	for (unsigned i = same; i < g->common_count; i++)
		add_other(g, g->common[i]);
	for (unsigned i = same; i < n; i++)
		add_other(g, numbers[i]);
	g->common_count = same;
	g->any = true;
}

static void gather_values(struct gathering *g, const struct attrs *as, uint8_t type,
			  struct span *all, unsigned width)
{
	const struct attr *a = attrs_find(as, type);

	if (a)
		*all = communities_union(g->arena, *all, (struct span){a->value, a->len}, width);
}

static void gather(struct gathering *g, const struct attr_set *set)
{
	struct attrs as;

	attr_open(set, &as);
	if (set->origin > g->origin)
		g->origin = set->origin;
	g->atomic = g->atomic || attrs_find(&as, ATTR_ATOMIC_AGGREGATE);
	gather_path(g, attrs_find(&as, ATTR_AS_PATH));
	gather_values(g, &as, ATTR_COMMUNITY, &g->community, 4);
	gather_values(g, &as, ATTR_LARGE_COMMUNITY, &g->large_community, 12);
	gather_values(g, &as, ATTR_EXT_COMMUNITY, &g->ext_community, 8);
}

// --- making it ------------------------------------------------------------------------------------
static void put_segments(struct buf *b, uint8_t segment, const uint32_t *numbers, unsigned n)
{
	for (unsigned at = 0; at < n; at += 255) {
		unsigned count = n - at < 255 ? n - at : 255;
		buf_u8(b, segment);
		buf_u8(b, (uint8_t)count);
		for (unsigned i = 0; i < count; i++)
			buf_u32(b, numbers[at + i]);
	}
}

static struct span join_path(struct gathering *g)
{
	struct buf b = {0};
	unsigned distinct = 0;

	if (g->other_count)
		qsort(g->others, g->other_count, sizeof(*g->others), compare_numbers);
	for (unsigned i = 0; i < g->other_count; i++) {
		bool leading = false;
		for (unsigned j = 0; j < g->common_count; j++)
			leading = leading || g->common[j] == g->others[i];
		if (!leading && (!distinct || g->others[distinct - 1] != g->others[i]))
			g->others[distinct++] = g->others[i];
	}
	put_segments(&b, AS_SEQUENCE, g->common, g->common_count);
	put_segments(&b, AS_SET, g->others, distinct);
	struct span s = {.p = arena_copy(g->arena, b.data, b.len), .len = b.len};
	buf_free(&b);
	return s;
}

static void put_values(struct attrs *as, uint8_t type, const struct span *s)
{
	if (s->len && s->len <= UINT16_MAX)
		attrs_put(as, type, ATTR_OPTIONAL | ATTR_TRANSITIVE, s->p, s->len);
}

static void put_aggregator(struct attrs *as, struct arena *a, const struct rib_options *o)
{
	uint32_t number = o->confederation_id ? o->confederation_id : o->local_as;
	uint8_t b[8];

	for (unsigned i = 0; i < 4; i++) {
		b[i] = (uint8_t)(number >> (24 - 8 * i));
		b[4 + i] = (uint8_t)(o->router_id >> (24 - 8 * i));
	}
	attrs_put(as, ATTR_AGGREGATOR, ATTR_OPTIONAL | ATTR_TRANSITIVE, arena_copy(a, b, 8), 8);
}

uint32_t aggregate_attributes(struct family *f, struct aggregate *a)
{
	const struct policy_context x = {.local_as = f->options->local_as};
	struct gathering g = {.family = f, .arena = &f->rib->arena};
	struct map_iter it = map_iter(&a->contributors);
	struct attrs as = {.local = {.source = SOURCE_LOCAL, .aggregated = 1, .preference = 255}};

	arena_reset(g.arena);
	while (map_next(&it))
		gather(&g, attr_at(&f->attrs, (uint32_t)it.number));
	struct span path = {0};
	bool lost = g.common_count || g.other_count;
	if (a->with.as_set) {
		path = join_path(&g);
		lost = false;
		put_values(&as, ATTR_COMMUNITY, &g.community);
		put_values(&as, ATTR_LARGE_COMMUNITY, &g.large_community);
		put_values(&as, ATTR_EXT_COMMUNITY, &g.ext_community);
	}
	attrs_put_u8(&as, g.arena, ATTR_ORIGIN, g.origin);
	attrs_put(&as, ATTR_AS_PATH, ATTR_TRANSITIVE, path.p, path.len);
	if (lost || g.atomic)
		attrs_put(&as, ATTR_ATOMIC_AGGREGATE, ATTR_TRANSITIVE, NULL, 0);
	put_aggregator(&as, g.arena, f->options);
	if (a->with.attribute_policy &&
	    !policy_run_route(a->with.attribute_policy, &x, &a->with.key, &as, g.arena))
		return 0;
	return attr_intern(&f->attrs, &as);
}
