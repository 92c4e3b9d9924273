// What ties one family of an instance to its VPN table: the link, and what may still stand of the
// links before it (vpn/private.h).
#include "vpn/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/filter.h"

// --- lists of targets -------------------------------------------------------------------------------
bool is_vpn_target(const uint8_t b[8])
{
	return is_route_target(b);
}

struct span vpn_communities(const struct attr_set *set)
{
	struct attrs as;

	if (!set)
		return (struct span){0};
	attr_open(set, &as);
	const struct attr *a = attrs_find(&as, ATTR_EXT_COMMUNITY);
	return a ? (struct span){a->value, a->len} : (struct span){0};
}

static int compare_targets(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

bool vpn_targets_have(const struct vpn_targets *t, const uint8_t target[8])
{
	return t->count && bsearch(target, t->list, t->count, 8, compare_targets);
}

bool vpn_targets_meet(const struct vpn_targets *t, const struct attr_set *set)
{
	struct span v = vpn_communities(set);

	for (size_t at = 0; at + 8 <= v.len; at += 8)
		if (is_vpn_target(v.p + at) && vpn_targets_have(t, v.p + at))
			return true;
	return false;
}

void vpn_targets_add(struct vpn_targets *t, uint8_t (*list)[8], unsigned count)
{
	unsigned kept = 0;

	if (!count)
		return;
	t->list = mem_resize(t->list, (t->count + count) * sizeof(*t->list));
	memcpy(t->list + t->count, list, count * sizeof(*list));
	t->count += count;
	qsort(t->list, t->count, sizeof(*t->list), compare_targets);
	for (unsigned i = 0; i < t->count; i++)
		if (!kept || memcmp(t->list[i], t->list[kept - 1], 8) != 0)
			memmove(t->list[kept++], t->list[i], 8);
	t->count = kept;
}

// --- ties -------------------------------------------------------------------------------------------
static void subscribe(struct tie *t)
{
	struct target_index *index = exchange_index(t->exchange, t->outer);
	const struct vpn_targets now = {t->link.targets, t->link.target_count};

	for (unsigned i = 0; i < t->reach.count; i++) {
		const uint8_t *target = t->reach.list[i];
		const struct taker taker = {
			.tie = t, .now = t->link.present && vpn_targets_have(&now, target)};
		target_take(index, target_value(target), &taker);
	}
}

static void unsubscribe(struct tie *t)
{
	struct target_index *index = exchange_index(t->exchange, t->outer);

	for (unsigned i = 0; i < t->reach.count; i++)
		target_leave(index, target_value(t->reach.list[i]), t);
}

void tie_settle_targets(struct tie *t)
{
	unsubscribe(t);
	mem_free(t->reach.list);
	t->reach = (struct vpn_targets){0};
	mem_free(t->doubt.list);
	t->doubt = (struct vpn_targets){0};
	if (t->link.present)
		vpn_targets_add(&t->reach, t->link.targets, t->link.target_count);
	subscribe(t);
}

static struct tie *tie_new(struct exchange *x, struct place *p, const struct af *inner)
{
	struct tie *t = MEM_NEW(struct tie);

	t->exchange = x;
	t->rib = p->rib;
	t->inner = inner;
	t->outer = af_outer(inner);
	t->serial = ++x->serials;
	p->ties[af_index(inner)] = t;
	return t;
}

void tie_free(struct tie *t)
{
	unsubscribe(t);
	vpn_link_clear(&t->link);
	mem_free(t->reach.list);
	mem_free(t->doubt.list);
	mem_free(t->rds);
	label_book_free(t);
	mem_free(t);
}

// --- links ------------------------------------------------------------------------------------------
static void rds_remember(struct tie *t, const struct vpn_link *old)
{
	unsigned kept = 0;

	if (old->present) {
		t->rds = mem_resize(t->rds, (t->rd_count + 1) * sizeof(*t->rds));
		memcpy(t->rds[t->rd_count++], old->rd, 8);
	}
	for (unsigned i = 0; i < t->rd_count; i++) {
		bool twice = t->link.present && !memcmp(t->rds[i], t->link.rd, 8);
		for (unsigned j = 0; j < kept; j++)
			twice = twice || !memcmp(t->rds[i], t->rds[j], 8);
		if (!twice)
			memmove(t->rds[kept++], t->rds[i], 8);
	}
	t->rd_count = kept;
}

// From now on the instance has no link, and what it gave stands under distinguishers of the past.
void tie_cut(struct tie *t)
{
	struct vpn_link old = t->link;

	t->link = (struct vpn_link){0};
	rds_remember(t, &old);
	vpn_link_clear(&old);
	unsubscribe(t); // nor does anything come in
}

// Differ in nothing of the import but the targets.
static bool same_frame(const struct vpn_link *a, const struct vpn_link *b)
{
	return a->present && b->present && a->takes_own == b->takes_own && a->import == b->import &&
	       !memcmp(a->rd, b->rd, sizeof(a->rd));
}

// Of a list of targets those that are not in the other one; but where nothing carries a target now,
// nothing stands for it, and what comes later meets the new link.
static void doubt_missing(struct tie *t, const struct vpn_targets *in,
			  const struct vpn_targets *from)
{
	const struct target_index *index = exchange_index(t->exchange, t->outer);
	uint8_t(*list)[8] = mem_alloc((in->count + 1) * sizeof(*list));
	unsigned count = 0;

	for (unsigned i = 0; i < in->count; i++) {
		const struct target *target = target_find(index, target_value(in->list[i]));
		if (target && target->count && !vpn_targets_have(from, in->list[i]))
			memcpy(list[count++], in->list[i], sizeof(*list));
	}
	vpn_targets_add(&t->doubt, list, count);
	mem_free(list);
}

static void doubt(struct tie *t, const struct vpn_link *old)
{
	static const struct vpn_targets none;
	const struct vpn_targets before = {old->targets, old->target_count};
	const struct vpn_targets now = {t->link.targets, t->link.target_count};

	if (t->link.present)
		vpn_targets_add(&t->reach, now.list, now.count);
	if (!same_frame(old, &t->link)) {
		doubt_missing(t, &t->reach, &none);
		return;
	}
	doubt_missing(t, &now, &before);
	doubt_missing(t, &before, &now);
}

void exchange_link(struct exchange *x, uint16_t instance, const struct af *inner,
		   const struct vpn_link *link)
{
	static const struct vpn_link none;
	struct tie *t = exchange_tie(x, instance, inner);
	struct vpn_link old;

	link = link ? link : &none;
	if (!instance || !af_outer(inner) || (!t && !link->present))
		return;
	if (!t)
		t = tie_new(x, exchange_place(x, instance), inner);
	if (vpn_link_import_equal(&t->link, link) && vpn_link_export_equal(&t->link, link))
		return;
	old = t->link;
	vpn_link_copy(&t->link, link);
	rds_remember(t, &old);
	doubt(t, &old);
	vpn_link_clear(&old);
	subscribe(t);
	t->version++;
}
