// What a ledger's sums are made of: which attributes differ, samples, rows, and the report that takes
// them along (rib/ledger.h).
#include "rib/ledger_note.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// --- traits ---------------------------------------------------------------------------------------
static uint64_t trait(unsigned type)
{
	return UINT64_C(1) << (type < LEDGER_TRAITS - 1 ? type : LEDGER_TRAITS - 1);
}

static bool attr_equal(const struct attr *a, const struct attr *b)
{
	return a->flags == b->flags && a->len == b->len && !memcmp(a->value, b->value, a->len);
}

uint64_t ledger_traits(const struct attr_set *a, const struct attr_set *b)
{
	struct attrs x, y;
	uint64_t traits = 0;
	unsigned i = 0, k = 0;

	attr_open(a, &x);
	attr_open(b, &y);
	while (i < x.count || k < y.count) {
		if (k == y.count || (i < x.count && x.a[i].type < y.a[k].type)) {
			traits |= trait(x.a[i++].type);
		} else if (i == x.count || y.a[k].type < x.a[i].type) {
			traits |= trait(y.a[k++].type);
		} else {
			if (!attr_equal(&x.a[i], &y.a[k]))
				traits |= trait(x.a[i].type);
			i++, k++;
		}
	}
	if (a->local.preferred_value != b->local.preferred_value)
		traits |= trait(0);
	if (a->local.label != b->local.label)
		traits |= trait(ATTR_MP_REACH);
	return traits;
}

// Routes that stood with one set mostly stand with one set again.
uint64_t ledger_event_traits(struct ledger *l, const struct ledger_event *e)
{
	const struct attr_table *t = &e->family->attrs;
	struct trait_memo *m;

	if (!l->traits)
		l->traits = mem_zero(TRAIT_MEMOS * sizeof(*l->traits));
	m = &l->traits[(e->before * 31 + e->after) & (TRAIT_MEMOS - 1)];
	if (m->before != e->before || m->after != e->after)
		*m = (struct trait_memo){
			e->before, e->after,
			ledger_traits(attr_at(t, e->before), attr_at(t, e->after))};
	return m->traits;
}

void ledger_forget_traits(struct ledger *l)
{
	if (l->traits)
		memset(l->traits, 0, TRAIT_MEMOS * sizeof(*l->traits));
}

// --- samples --------------------------------------------------------------------------------------
static const struct attr_set *copy_of(struct ledger *l, const struct family *f, uint32_t attr)
{
	const struct attr_set *set = attr ? attr_at(&f->attrs, attr) : NULL;

	return set ? arena_copy(&l->arena, set, sizeof(*set) + set->len) : NULL;
}

void ledger_add_sample(struct ledger *l, struct ledger_event *e, uint16_t peer)
{
	const struct family *f = e->family;

	if (!e->before_copy)
		e->before_copy = copy_of(l, f, e->before);
	if (!e->after_copy)
		e->after_copy = copy_of(l, f, e->after);
	if (l->sample_count == l->sample_cap) {
		l->sample_cap = l->sample_cap ? l->sample_cap * 2 : 64;
		l->samples = mem_resize(l->samples, l->sample_cap * sizeof(*l->samples));
	}
	struct ledger_sample *s = &l->samples[l->sample_count++];
	*s = (struct ledger_sample){.class = e->class,
				    .peer = peer,
				    .af = f->af,
				    .peer_before = RIB_NO_PEER,
				    .peer_after = RIB_NO_PEER,
				    .before = e->before_copy,
				    .after = e->after_copy};
	memcpy(s->key.b, table_at(&f->table, e->number)->key, f->af->key_size);
	if (peer != RIB_NO_PEER)
		return;
	s->peer_before = e->before ? e->peer_before : RIB_NO_PEER;
	s->peer_after = e->after ? e->peer_after : RIB_NO_PEER;
}

static int compare_samples(const void *a, const void *b)
{
	const struct ledger_sample *x = a, *y = b;

	if (x->af != y->af)
		return af_index(x->af) < af_index(y->af) ? -1 : 1;
	if (x->peer != y->peer)
		return x->peer < y->peer ? -1 : 1;
	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return x->af->compare(&x->key, &y->key);
}

// --- rows, report ---------------------------------------------------------------------------------
static bool has_figures(const struct ledger_row *row)
{
	for (unsigned i = 0; i < LEDGER_CLASSES; i++)
		if (row->count[i])
			return true;
	return false;
}

void ledger_add_row(struct ledger *l, const struct ledger_row *row)
{
	if (!has_figures(row))
		return;
	if (l->row_count == l->row_cap) {
		l->row_cap = l->row_cap ? l->row_cap * 2 : 16;
		l->rows = mem_resize(l->rows, l->row_cap * sizeof(*l->rows));
	}
	l->rows[l->row_count++] = *row;
}

struct ledger_report *ledger_make_report(struct ledger *l)
{
	struct ledger_report *r = MEM_NEW(struct ledger_report);

	if (l->sample_count)
		qsort(l->samples, l->sample_count, sizeof(*l->samples), compare_samples);
	r->row_count = l->row_count;
	if (l->row_count)
		r->rows = arena_copy(&l->arena, l->rows, l->row_count * sizeof(*l->rows));
	r->sample_count = l->sample_count;
	if (l->sample_count)
		r->samples =
			arena_copy(&l->arena, l->samples, l->sample_count * sizeof(*l->samples));
	r->arena = l->arena;
	arena_init(&l->arena, 256);
	return r;
}

void ledger_report_free(struct ledger_report *r)
{
	if (!r)
		return;
	arena_free(&r->arena);
	mem_free(r);
}
