// Looking into a rib while it works, for tests (rib/inside.h).
#include "rib/inside.h"

#include "rib/ledger_note.h"

// Inner truth at any moment: entries of a group that needs no sweep are its outcomes, and holds
// are as many as there are reasons for them.
static void check_group(struct update_group *g, struct buf *trouble)
{
	struct family *f = g->family;

	for (uint32_t n = 1; n < f->table.destinations.end && !g->dirty; n++) {
		const struct adj_out_entry *e = adj_out_find(&g->out, n);
		uint16_t peer;
		if (!(table_at(&f->table, n)->info & DESTINATION_LIVE))
			continue;
		if (g->filling && n >= g->fill_next && n < g->fill_end)
			continue;
		uint32_t attr = group_outcome(g, n, &peer);
		if ((e ? e->attr : 0) != attr || (attr && e->peer != peer))
			buf_format(trouble, "group %u, destination %u: entry %u, outcome %u\n",
				   g->number, n, e ? e->attr : 0, attr);
	}
}

// Notes of verdicts are found by destination, all others have a bit.
static unsigned noted_by(const struct family_ledger *l, uint32_t n)
{
	unsigned count = notes_have(&l->best, n);

	for (uint32_t at = n < l->head_count ? l->heads[n] : 0; at;) {
		const struct verdict_note *v = pool_at(&l->verdicts, at);
		count += !v->best; // that stands for two
		at = v->next;
	}
	return count;
}

// Of a ledger that is open; that of one whose sums are under way are let go one after another.
static unsigned reasons(const struct family *f, uint32_t n)
{
	unsigned count = f->ledger ? noted_by(f->ledger, n) : 0;

	for (size_t i = 0; i < f->groups.count + f->dying.count; i++) {
		const struct update_group *g = i < f->groups.count
						       ? f->groups.item[i]
						       : f->dying.item[i - f->groups.count];
		const struct adj_out_entry *e = adj_out_find(&g->out, n);
		count += e && !e->attr && e->position;
		count += g->default_destination == n;
		count += notes_have(g->notes, n);
		for (size_t k = 0; k < g->members.count; k++) {
			const struct owed *o = &((const struct member *)g->members.item[k])->owed;
			count += n / 64 < o->words && (o->bits[n / 64] >> n % 64 & 1);
		}
	}
	return count;
}

static void check_held(const struct family *f, struct buf *trouble)
{
	uint32_t paths = 0, prefixes = 0;

	for (uint32_t n = 1; n < f->table.destinations.end; n++) {
		const struct destination *d = table_at(&f->table, n);
		if (!(d->info & DESTINATION_LIVE))
			continue;
		prefixes += table_best(&f->table, d) != NULL;
		for (uint32_t p = d->first; p; p = table_path(&f->table, p)->next)
			paths += table_path(&f->table, p)->attr != 0;
	}
	if (f->held[LIMIT_ROUTES] != paths || f->held[LIMIT_PREFIXES] != prefixes)
		buf_format(trouble, "%s: %u paths in %u destinations, counted %u in %u\n",
			   f->af->name, paths, prefixes, f->held[LIMIT_ROUTES],
			   f->held[LIMIT_PREFIXES]);
}

void inside_check(struct rib *r, struct buf *trouble)
{
	for (unsigned i = 0; i < af_count; i++) {
		struct family *f = r->families[i];
		if (!f)
			continue;
		family_settle(f);
		for (size_t k = 0; k < f->groups.count; k++)
			check_group(f->groups.item[k], trouble);
		check_held(f, trouble);
		for (uint32_t n = 1; n < f->table.destinations.end; n++) {
			uint32_t info = table_at(&f->table, n)->info;
			if (f->closing || !(info & DESTINATION_LIVE))
				continue;
			if (info / DESTINATION_HOLD != reasons(f, n))
				buf_format(trouble, "destination %u: %u holds, %u reasons\n", n,
					   info / DESTINATION_HOLD, reasons(f, n));
		}
	}
}
