// Sets of route targets: the stage that lets only routes with one of them pass. RFC 4364 4.3.1 (on
// import, the targets of the VPN instances), RFC 4684 4 and 6 (on export, those that the peer asks
// for, which may be prefixes of targets).
//
// A target is a number of 64 bits and a prefix of targets a range of numbers. Ranges that overlap
// or follow on each other are made one, so two sets that mean the same have the same content, and
// an answer is one binary search for each target of the route, prefixes or not.
// Only route targets are looked at, no other extended communities.
#include "policy/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct range {
	uint64_t low, high; // both included
};

struct targets {
	struct object object;
	unsigned count;
	struct range ranges[]; // ascending, with gaps between them
};

static uint64_t number_of(const uint8_t *v)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 8; i++)
		n = n << 8 | v[i];
	return n;
}

// The first range that begins behind the number.
static unsigned range_behind(const struct targets *t, uint64_t n)
{
	unsigned low = 0, high = t->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (t->ranges[middle].low <= n)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool number_within(const struct targets *t, uint64_t n)
{
	unsigned i = range_behind(t, n);

	return i && n <= t->ranges[i - 1].high;
}

bool targets_permit(const struct object *o, struct span values)
{
	const struct targets *t = (const struct targets *)o;

	for (size_t i = 0; i + 8 <= values.len; i += 8)
		if (is_route_target(values.p + i) && number_within(t, number_of(values.p + i)))
			return true;
	return false;
}

static bool range_within(const struct targets *t, const struct range *r)
{
	for (unsigned i = 0; i < t->count && t->ranges[i].low <= r->low; i++)
		if (r->high <= t->ranges[i].high)
			return true;
	return false;
}

bool targets_within(const struct object *inner, const struct object *outer)
{
	const struct targets *x = (const struct targets *)inner;

	for (unsigned i = 0; i < x->count; i++)
		if (!range_within((const struct targets *)outer, &x->ranges[i]))
			return false;
	return true;
}

// What of the range is not in the set.
static void range_outside(struct range r, const struct targets *t,
			  void (*sink)(void *arg, uint64_t first, uint64_t last), void *arg)
{
	unsigned i = range_behind(t, r.low);

	if (i && t->ranges[i - 1].high >= r.low)
		i--;
	for (; i < t->count && t->ranges[i].low <= r.high; i++) {
		if (t->ranges[i].low > r.low)
			sink(arg, r.low, t->ranges[i].low - 1);
		if (t->ranges[i].high >= r.high)
			return;
		r.low = t->ranges[i].high + 1;
	}
	sink(arg, r.low, r.high);
}

void targets_differ(const struct object *a, const struct object *b,
		    void (*sink)(void *arg, uint64_t first, uint64_t last), void *arg)
{
	const struct targets *x = (const struct targets *)a, *y = (const struct targets *)b;

	for (unsigned i = 0; i < x->count; i++)
		range_outside(x->ranges[i], y, sink, arg);
	for (unsigned i = 0; i < y->count; i++)
		range_outside(y->ranges[i], x, sink, arg);
}

// --- compiling ---------------------------------------------------------------------------------
static int range_order(const void *a, const void *b)
{
	uint64_t x = ((const struct range *)a)->low, y = ((const struct range *)b)->low;

	return x < y ? -1 : x > y;
}

static struct range range_of(const struct policy_target *t)
{
	uint64_t rest = t->bits < 64 ? UINT64_MAX >> t->bits : 0;
	uint64_t n = number_of(t->target);

	return (struct range){n & ~rest, n | rest};
}

// Sorts, and joins what touches. Returns how many are left.
static unsigned ranges_join(struct range *r, unsigned count)
{
	unsigned kept = 0;
	bool sorted = true;

	for (unsigned i = 1; i < count && sorted; i++)
		sorted = r[i - 1].low <= r[i].low;
	if (!sorted)
		qsort(r, count, sizeof(*r), range_order);
	for (unsigned i = 0; i < count; i++) {
		struct range *last = kept ? &r[kept - 1] : NULL;
		if (!last || (last->high != UINT64_MAX && r[i].low > last->high + 1))
			r[kept++] = r[i];
		else if (r[i].high > last->high)
			last->high = r[i].high;
	}
	return kept;
}

bool targets_are_all(const struct policy_target *targets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!targets[i].bits)
			return true;
	return false;
}

static void targets_destroy(struct object *o)
{
	mem_free(o);
}

struct object *targets_compile(struct policy_store *s, const struct policy_target *targets,
			       unsigned count)
{
	struct targets *t = mem_zero(sizeof(*t) + count * sizeof(struct range));

	for (unsigned i = 0; i < count; i++)
		t->ranges[i] = range_of(&targets[i]);
	t->count = ranges_join(t->ranges, count);

	struct hash128 content = hash_wide(t->ranges, t->count * sizeof(struct range));
	content.lo ^= hash_number(OBJECT_TARGETS);
	struct object *o = object_find(s, content);
	if (o) {
		mem_free(t);
		return o;
	}
	t = mem_resize(t, sizeof(*t) + t->count * sizeof(struct range));
	object_add(s, &t->object, OBJECT_TARGETS, content, targets_destroy);
	return &t->object;
}
