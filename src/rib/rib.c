// One shard as a whole: its families, its options, and the order of its work. rib_work lets the
// deliveries go first, because they are what others wait for; then come the walks that tidy up.
#include "rib/rib.h"

#include <string.h>

#include "base/mem.h"
#include "rib/label.h"
#include "rib/ledger_note.h"

// --- families -------------------------------------------------------------------------------------
// Only sets as they are sent have been asked for their next hop.
static void near_forget(struct family *f, uint32_t attr)
{
	for (size_t i = 0; i < f->groups.count; i++) {
		struct update_group *g = f->groups.item[i];
		if (g->near_attr == attr)
			g->near_attr = 0;
	}
}

// A set goes: nobody may remember a verdict for its number. Sets as they are sent carry nothing of
// where they came from; no memo is ever asked about them.
static void set_leaves(void *arg, uint32_t attr)
{
	struct family *f = arg;
	const struct attr_local *local = &attr_at(&f->attrs, attr)->local;

	if (local->source == SOURCE_NONE && !local->originator) {
		near_forget(f, attr);
		return;
	}
	for (size_t i = 0; i < f->imports.count; i++) {
		struct import *import = f->imports.item[i];
		if (import->memo)
			memo_forget(import->memo, attr);
	}
	for (size_t i = 0; i < f->groups.count; i++) {
		struct update_group *g = f->groups.item[i];
		if (g->memo)
			memo_forget(g->memo, attr);
	}
	if (f->aggregation)
		aggregate_forget(f, attr);
}

// The public table of an inner family takes no part in the exchange.
static void family_tells(struct family *f)
{
	const struct rib *r = f->rib;

	f->tells_moved =
		r->ops.moved && (f->af->props & AF_TARGETED || (r->of_instance && af_outer(f->af)));
}

struct family *rib_family(struct rib *r, const struct af *af)
{
	struct family **f = &r->families[af_index(af)];

	if (*f)
		return *f;
	*f = MEM_NEW(struct family);
	(*f)->rib = r;
	(*f)->af = af;
	(*f)->options = &r->options[af_index(af)];
	table_init(&(*f)->table, af);
	attr_table_init(&(*f)->attrs);
	(*f)->attrs.on_free = set_leaves;
	(*f)->attrs.on_free_arg = *f;
	(*f)->memberships = af->props & AF_MEMBERSHIP;
	family_tells(*f);
	if (r->ledger)
		ledger_begin(*f);
	return *f;
}

static void members_free(struct rib_peer *p, unsigned family)
{
	struct member *m = p->members[family];

	if (!m)
		return;
	mem_free(m->owed.bits);
	dump_clear(m);
	import_drop(m->import);
	rib_export_clear(&m->out);
	mem_free(m);
	p->members[family] = NULL;
}

static void family_free(struct rib *r, unsigned index)
{
	struct family *f = r->families[index];

	if (!f)
		return;
	f->attrs.on_free = NULL;
	aggregate_free(f);
	while (f->groups.count)
		group_free(vec_pop(&f->groups));
	while (f->dying.count)
		group_free(vec_pop(&f->dying));
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		if (r->peers[i])
			members_free(r->peers[i], index);
	vec_free(&f->groups);
	vec_free(&f->dying);
	vec_free(&f->imports);
	mem_free(f->gone);
	limit_end(f);
	family_ledger_free(f->ledger);
	family_ledger_free(f->closing);
	attr_table_free(&f->attrs);
	table_free(&f->table);
	mem_free(f);
}

// --- the rib --------------------------------------------------------------------------------------
struct rib *rib_new(const struct rib_ops *ops)
{
	struct rib *r = MEM_NEW(struct rib);

	r->ops = *ops;
	r->epoch = 1;
	for (unsigned i = 0; i < AF_MAX; i++)
		r->options[i].default_local_pref = 100;
	r->label_first = r->label_room = 1u << 18;
	encoder_init(&r->encoder);
	arena_init(&r->arena, 8192);
	return r;
}

void rib_free(struct rib *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < AF_MAX; i++) {
		family_free(r, i);
		mem_free((void *)r->options[i].confederation_members);
	}
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		mem_free(r->peers[i]);
	ledger_free(r);
	label_table_free(r->labels);
	encoder_free(&r->encoder);
	arena_free(&r->arena);
	mem_free(r);
}

static void options_take(struct rib *r, unsigned i, const struct rib_options *o)
{
	struct rib_options *mine = &r->options[i];
	void *old = (void *)mine->confederation_members;

	if (rib_options_equal(mine, o))
		return;
	*mine = *o;
	mine->confederation_members = NULL;
	if (o->confederation_member_count)
		mine->confederation_members = mem_copy(
			o->confederation_members, o->confederation_member_count * sizeof(uint32_t));
	mem_free(old);
	if (!r->families[i])
		return;
	family_settle(r->families[i]);
	import_outdate(r->families[i]);
	group_outdate(r->families[i]);
}

void rib_set_options(struct rib *r, const struct af *af, const struct rib_options *o)
{
	for (unsigned i = 0; i < AF_MAX; i++)
		if (!af || i == af_index(af))
			options_take(r, i, o);
}

void rib_set_instance(struct rib *r)
{
	r->of_instance = true;
	for (unsigned i = 0; i < AF_MAX; i++)
		if (r->families[i])
			family_tells(r->families[i]);
}

// Epochs are seconds, but for those that refreshes and ends of sessions take from the future.
void rib_set_time(struct rib *r, uint64_t microseconds)
{
	r->now = (int64_t)(microseconds / 1000000);
	if (!r->timed)
		r->epoch_zero = r->now - r->epoch;
	r->timed = true;
	if (r->now > r->epoch_zero + r->epoch)
		r->epoch = (uint32_t)(r->now - r->epoch_zero);
}

// --- work -----------------------------------------------------------------------------------------
void rib_wake(struct rib *r)
{
	r->woken = true;
	if (r->awake)
		return;
	r->awake = true;
	if (r->ops.wake)
		r->ops.wake(r->ops.arg);
}

static bool deliver(struct family *f, rib_deadline *over, void *arg)
{
	for (size_t i = 0; i < f->groups.count; i++) {
		struct update_group *g = f->groups.item[i];
		if (g->busy && group_deliver(g, over, arg))
			return true;
		while (g->filling) {
			if (group_fill(g, over, arg) || group_deliver(g, over, arg))
				return true;
		}
	}
	return false;
}

static bool family_work(struct family *f, rib_deadline *over, void *arg)
{
	family_settle(f);
	if (deliver(f, over, arg) || purge_work(f, over, arg) || limit_work(f, over, arg))
		return true;
	if (f->aggregation && aggregate_work(f, over, arg))
		return true;
	if (f->twins && !ledger_is_under_way(f))
		group_unite(f);
	while (f->dying.count)
		if (group_dismantle(f->dying.item[0], over, arg))
			return true;
	for (size_t i = 0; i < f->groups.count; i++) {
		const struct update_group *g = f->groups.item[i];
		if (g->busy)
			return true;
	}
	return false;
}

bool rib_work(struct rib *r, rib_deadline *over, void *arg)
{
	bool more = false;

	r->awake = true;
	r->woken = false;
	for (unsigned i = 0; i < AF_MAX; i++)
		if (r->families[i] && family_work(r->families[i], over, arg))
			more = true;
	if ((r->closing || r->reports.count) && ledger_work(r, over, arg))
		more = true;
	more = more || r->woken; // a family may have given work to one before it
	r->awake = more;
	return more;
}
