// Aggregation: RFC 4271 9.2.2.2, with VRP's words. Each aggregate counts the best routes that lie
// below it and that its origin policy accepts, by attribute set: what it looks like is a function
// of those sets, so a change of one route below costs a count, and the attributes are worked out
// once per round of work, whatever the order of the changes.
//
// A route is suppressed (kept from all peers) while an aggregate above it stands that says so.
// New configuration is taken over in two walks over the destinations: one that counts, during
// which routes that the walk has yet to reach are left to it, and one that marks what is
// suppressed. The marking is repeated when an aggregate with an origin policy comes or goes, as
// then routes that did not contribute change with it.
#include "rib/aggregate.h"

#include <string.h>

#include "base/mem.h"
#include "rib/group.h"

// --- the list -------------------------------------------------------------------------------------
static struct policy_program *ref(struct policy_program *p)
{
	return p ? policy_program_ref(p) : NULL;
}

static void unref(struct policy_program *p)
{
	if (p)
		policy_program_unref(p);
}

static struct memo *memo_of(struct family *f, struct policy_program *program)
{
	const struct policy_context x = {0};
	const struct memo_ops ops = {0};

	return program ? memo_new(&f->attrs, program, &x, &ops) : NULL;
}

static struct aggregate *aggregate_new(struct family *f, const struct rib_aggregate *with)
{
	struct aggregate *a = MEM_NEW(struct aggregate);

	a->with = *with;
	ref(with->attribute_policy);
	ref(with->origin_policy);
	ref(with->suppress_policy);
	f->af->prefix(&with->key, &a->bits);
	a->origin = memo_of(f, with->origin_policy);
	a->suppress = memo_of(f, with->suppress_policy);
	map_init_number(&a->contributors);
	return a;
}

static void drop_memo(struct memo **m)
{
	struct memo *old = *m;

	*m = NULL; // sets that go now need not be told to it
	if (old)
		memo_free(old);
}

static void aggregate_drop(struct family *f, struct aggregate *a)
{
	struct map_iter it = map_iter(&a->contributors);

	while (map_next(&it))
		family_forget(f, (uint32_t)it.number);
	drop_memo(&a->origin);
	drop_memo(&a->suppress);
	unref(a->with.attribute_policy);
	unref(a->with.origin_policy);
	unref(a->with.suppress_policy);
	map_free(&a->contributors);
	mem_free(a);
}

static bool same(const struct family *f, const struct rib_aggregate *a,
		 const struct rib_aggregate *b)
{
	return !memcmp(a->key.b, b->key.b, f->af->key_size) && a->as_set == b->as_set &&
	       a->detail_suppressed == b->detail_suppressed &&
	       a->attribute_policy == b->attribute_policy && a->origin_policy == b->origin_policy &&
	       a->suppress_policy == b->suppress_policy;
}

static bool same_list(const struct family *f, const struct rib_aggregate *list, unsigned count)
{
	const struct aggregation *g = f->aggregation;

	if (!g || g->count != count)
		return !g && !count;
	for (unsigned i = 0; i < count; i++)
		if (!same(f, &g->list[i]->with, &list[i]))
			return false;
	return true;
}

static struct aggregate *find(const struct family *f, const struct aggregation *g,
			      const struct af_key *key)
{
	struct aggregate *a = map_get_number(&g->by_key, af_key_hash(f->af, key));

	return a && !memcmp(a->with.key.b, key->b, f->af->key_size) ? a : NULL;
}

static void take_path(struct family *f, const struct af_key *key)
{
	uint32_t n = table_find(&f->table, key, af_key_hash(f->af, key));

	if (!n)
		return;
	struct change c = destination_begin(f, n);
	if (path_take(&c, RIB_AGGREGATE))
		destination_end(&c);
}

static void drop_aggregation(struct family *f, struct aggregation *g)
{
	for (unsigned i = 0; g && i < g->count; i++)
		aggregate_drop(f, g->list[i]);
	if (g) {
		map_free(&g->by_key);
		mem_free(g->list);
		mem_free(g);
	}
	family_release(f);
}

void rib_set_aggregates(struct rib *r, const struct af *af, const struct rib_aggregate *list,
			unsigned count)
{
	struct family *f = rib_family(r, af);
	struct aggregation *old = f->aggregation, *g;

	if (!(af->props & AF_PREFIX) || same_list(f, list, count))
		return;
	family_settle(f);
	g = MEM_NEW(struct aggregation);
	map_init_number(&g->by_key);
	g->list = mem_zero((count + 1) * sizeof(struct aggregate *));
	g->next = 1;
	for (unsigned i = 0; i < count; i++) {
		if (find(f, g, &list[i].key))
			continue;
		struct aggregate *a = aggregate_new(f, &list[i]);
		g->list[g->count++] = a;
		g->lengths[a->bits / 64] |= UINT64_C(1) << a->bits % 64;
		map_put_number(&g->by_key, af_key_hash(af, &a->with.key), a);
	}
	f->aggregation = g;
	for (unsigned i = 0; old && i < old->count; i++)
		if (!find(f, g, &old->list[i]->with.key))
			take_path(f, &old->list[i]->with.key);
	drop_aggregation(f, old);
	rib_wake(r);
}

void aggregate_free(struct family *f)
{
	drop_aggregation(f, f->aggregation);
	f->aggregation = NULL;
}

void aggregate_forget(struct family *f, uint32_t attr)
{
	const struct aggregation *g = f->aggregation;

	for (unsigned i = 0; i < g->count; i++) {
		if (g->list[i]->origin)
			memo_forget(g->list[i]->origin, attr);
		if (g->list[i]->suppress)
			memo_forget(g->list[i]->suppress, attr);
	}
}

// --- routes below ---------------------------------------------------------------------------------
// Aggregates strictly above a prefix, one a call: *length runs downwards from its own.
static struct aggregate *next_above(const struct family *f, const struct af_key *key,
				    unsigned *length)
{
	const struct aggregation *g = f->aggregation;
	unsigned bits;
	const uint8_t *p = f->af->prefix(key, &bits);
	struct ip address = ip_from_bytes(p, f->af->prefix_bits);

	while (*length > 0) {
		struct af_key above = {0};
		--*length;
		if (!(g->lengths[*length / 64] >> *length % 64 & 1))
			continue;
		f->af->from_prefix(&address, *length, &above);
		struct aggregate *a = find(f, g, &above);
		if (a)
			return a;
	}
	return NULL;
}

static unsigned length_of(const struct family *f, const struct af_key *key)
{
	unsigned bits;

	f->af->prefix(key, &bits);
	return bits;
}

static void count_contributor(struct family *f, struct aggregate *a, uint32_t attr, int by)
{
	uintptr_t n = (uintptr_t)map_get_number(&a->contributors, attr);

	if (by > 0 && !n)
		attr_ref(&f->attrs, attr);
	n += (uintptr_t)by;
	if (n)
		map_put_number(&a->contributors, attr, (void *)n);
	else
		map_remove_number(&a->contributors, attr);
	if (!n)
		family_forget(f, attr);
	if (!n || (by > 0 && n == 1))
		a->dirty = f->aggregation->dirty = true;
	a->count += (uint32_t)by;
	bool came_or_went = !a->count || (by > 0 && a->count == 1);
	if (came_or_went && a->origin && (a->suppress || a->with.detail_suppressed) &&
	    f->aggregation->phase != AGGREGATION_COUNTING) {
		f->aggregation->phase = AGGREGATION_MARKING;
		f->aggregation->next = 1;
	}
}

static void contribute(struct family *f, const struct af_key *key, uint32_t attr, int by)
{
	unsigned length = length_of(f, key);
	struct aggregate *a;

	while (attr && (a = next_above(f, key, &length)))
		if (!a->origin || memo_verdict(a->origin, attr, f->af, key))
			count_contributor(f, a, attr, by);
}

static bool is_suppressed(struct family *f, const struct af_key *key, uint32_t attr)
{
	unsigned length = length_of(f, key);
	struct aggregate *a;

	while (attr && (a = next_above(f, key, &length)))
		if (a->count && (a->with.detail_suppressed ||
				 (a->suppress && memo_verdict(a->suppress, attr, f->af, key))))
			return true;
	return false;
}

// true: it is another than before.
static bool mark_destination(struct family *f, uint32_t n)
{
	struct destination *d = table_at(&f->table, n);
	const struct path *best = table_best(&f->table, d);
	uint32_t old = d->info;

	d->info &= ~(uint32_t)DESTINATION_SUPPRESSED;
	if (best && is_suppressed(f, destination_key(d), best->attr))
		d->info |= DESTINATION_SUPPRESSED;
	return d->info != old;
}

void aggregate_best_moved(struct family *f, uint32_t n, uint32_t old_attr, const struct path *best)
{
	struct aggregation *g = f->aggregation;
	const struct af_key *key = destination_key(table_at(&f->table, n));

	if (g->phase != AGGREGATION_COUNTING || n < g->next) {
		if (best)
			contribute(f, key, best->attr, 1);
		contribute(f, key, old_attr, -1);
	}
	mark_destination(f, n);
	if (g->dirty)
		rib_wake(f->rib);
}

// --- work -----------------------------------------------------------------------------------------
static void walk_one(struct family *f, uint32_t n)
{
	const struct destination *d = table_at(&f->table, n);
	const struct path *best = table_best(&f->table, d);

	if (f->aggregation->phase == AGGREGATION_COUNTING) {
		contribute(f, destination_key(d), best ? best->attr : 0, 1);
	} else if (mark_destination(f, n)) {
		destination_export(f, n);
		destination_tell(f, n); // what is suppressed is lent to nobody
	}
}

static bool walk(struct family *f, rib_deadline *over, void *arg)
{
	struct aggregation *g = f->aggregation;

	while (g->next < f->table.destinations.end) {
		if (over(arg))
			return true;
		for (unsigned i = 0; i < SLICE && g->next < f->table.destinations.end;
		     i++, g->next++)
			if (table_at(&f->table, g->next)->info & DESTINATION_LIVE)
				walk_one(f, g->next);
		family_release(f);
	}
	g->next = 1;
	if (g->phase == AGGREGATION_COUNTING) {
		g->phase = AGGREGATION_MARKING;
		for (unsigned i = 0; i < g->count; i++)
			g->list[i]->dirty = g->dirty = true;
	} else {
		g->phase = AGGREGATION_STEADY;
	}
	return false;
}

static void make_route(struct family *f, struct aggregate *a)
{
	const struct af_key *key = &a->with.key;
	uint32_t attr = a->count ? aggregate_attributes(f, a) : 0;

	a->dirty = false;
	if (!attr) {
		take_path(f, key);
		return;
	}
	struct change c = destination_begin(f, table_add(&f->table, key, af_key_hash(f->af, key)));
	if (path_put(&c, RIB_AGGREGATE, attr, attr, UINT32_MAX))
		destination_end(&c);
	family_forget(f, attr);
	family_release(f);
}

bool aggregate_work(struct family *f, rib_deadline *over, void *arg)
{
	struct aggregation *g = f->aggregation;

	while (g->phase != AGGREGATION_STEADY)
		if (walk(f, over, arg))
			return true;
	while (g->dirty) {
		g->dirty = false; // making one may dirty one above it
		for (unsigned i = 0; i < g->count; i++)
			if (g->list[i]->dirty)
				make_route(f, g->list[i]);
	}
	if (g->phase != AGGREGATION_STEADY)
		return true;
	if (!g->count)
		aggregate_free(f);
	return false;
}
