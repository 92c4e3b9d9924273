// The route targets of a difference (policy/difference.h): a few ranges of numbers, and a word of marks
// that passes by most of the sets that carry none of them, unread.
#include "policy/difference.h"

#include "policy/filter.h"

#define SPELLED 32 // a range of more targets than that is taken to have every mark

// --- ranges ------------------------------------------------------------------------------------
static bool touches(const struct difference_range *x, const struct difference_range *y)
{
	bool before = x->last < y->first && y->first - x->last > 1;

	return !before && !(y->last < x->first && x->first - y->last > 1);
}

// Enters a range that touches none that is there.
static void range_insert(struct difference *d, const struct difference_range *new)
{
	unsigned i = d->target_count++;

	for (; i && d->targets[i - 1].first > new->first; i--)
		d->targets[i] = d->targets[i - 1];
	d->targets[i] = *new;
}

static uint64_t gap_behind(const struct difference *d, unsigned i)
{
	return d->targets[i + 1].first - d->targets[i].last;
}

// The two with the smallest gap between them become one.
static void draw_together(struct difference *d)
{
	unsigned near = 0;

	for (unsigned i = 1; i + 1 < d->target_count; i++)
		if (gap_behind(d, i) < gap_behind(d, near))
			near = i;
	d->targets[near].last = d->targets[near + 1].last;
	d->target_count--;
	for (unsigned i = near + 1; i < d->target_count; i++)
		d->targets[i] = d->targets[i + 1];
}

static uint32_t marks_of(const struct difference *d)
{
	uint32_t marks = 0;

	for (unsigned i = 0; i < d->target_count; i++) {
		const struct difference_range *r = &d->targets[i];
		if (r->last - r->first >= SPELLED)
			return UINT32_MAX;
		for (uint64_t n = 0; n <= r->last - r->first; n++)
			marks |= attr_mark(r->first + n);
	}
	return marks;
}

void difference_add_targets(struct difference *d, const struct difference_range *targets)
{
	struct difference_range new = *targets;
	unsigned kept = 0;

	// They are apart from each other, so what joins one of them touches none of the others but
	// through the new one.
	for (unsigned i = 0; i < d->target_count; i++) {
		const struct difference_range *x = &d->targets[i];
		if (touches(x, targets)) {
			new.first = x->first < new.first ? x->first : new.first;
			new.last = x->last > new.last ? x->last : new.last;
		} else {
			d->targets[kept++] = *x;
		}
	}
	d->target_count = kept;
	range_insert(d, &new);
	if (d->target_count > DIFFERENCE_TARGETS)
		draw_together(d);
	d->marks = marks_of(d);
}

// --- asking ------------------------------------------------------------------------------------
static bool has_number(const struct difference *d, uint64_t n)
{
	for (unsigned i = 0; i < d->target_count && d->targets[i].first <= n; i++)
		if (n <= d->targets[i].last)
			return true;
	return false;
}

bool difference_has_target(const struct difference *d, const struct attr_set *set)
{
	struct attrs as;

	attr_open(set, &as);
	const struct attr *a = attrs_find(&as, ATTR_EXT_COMMUNITY);
	for (unsigned at = 0; a && at + 8 <= a->len; at += 8) {
		uint64_t n;
		memcpy(&n, a->value + at, sizeof(n));
		if (is_route_target(a->value + at) && has_number(d, be64toh(n)))
			return true;
	}
	return false;
}

bool difference_scan_read(struct difference_scan *x, uint32_t id)
{
	if (id != x->near_set) {
		x->near_set = id;
		x->near_has = difference_has_target(x->difference, attr_at(x->sets, id));
	}
	return x->near_has;
}
