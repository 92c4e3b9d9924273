// Noting, and letting go of what was noted (rib/ledger_note.h). The hooks stand where a path's
// verdict, the best path or an entry changes; they cost a test while no ledger is open.
#include "rib/ledger.h"

#include "rib/ledger_note.h"

#include <string.h>

#include "base/mem.h"

// --- lists of notes -------------------------------------------------------------------------------
// Room for every number that is in use, and some more, so that few additions make it grow.
static uint32_t room_for(const struct family *f, uint32_t n)
{
	uint32_t end = f->table.destinations.end;

	return (n < end ? end : n + 1) + end / 4 + 64;
}

static void cover(const struct family *f, struct notes *t, uint32_t n)
{
	uint32_t words = room_for(f, n) / 64 + 1;

	t->bits = mem_resize(t->bits, words * sizeof(*t->bits));
	memset(t->bits + t->words, 0, (words - t->words) * sizeof(*t->bits));
	t->words = words;
}

static void notes_init(struct notes *t)
{
	*t = (struct notes){.next = 1};
	pool_init(&t->list, sizeof(struct note));
}

static void notes_clear(struct notes *t)
{
	pool_free_all(&t->list);
	mem_free(t->bits);
}

void notes_free(struct notes *t)
{
	if (!t)
		return;
	notes_clear(t);
	mem_free(t);
}

// false: it was marked already.
static bool mark(struct family *f, struct notes *t, uint32_t n)
{
	uint64_t bit = UINT64_C(1) << n % 64;

	if (n / 64 >= t->words)
		cover(f, t, n);
	if (t->bits[n / 64] & bit)
		return false;
	t->bits[n / 64] |= bit;
	return true;
}

static void append(struct family *f, struct notes *t, uint32_t n, uint32_t attr, uint16_t peer)
{
	struct note *note = pool_at(&t->list, pool_take(&t->list));
	*note = (struct note){.number = n, .attr = attr_ref(&f->attrs, attr), .peer = peer};
	destination_hold(f, n);
}

struct notes *notes_copy(struct family *f, const struct notes *t)
{
	struct notes *copy;

	if (!t)
		return NULL;
	copy = MEM_NEW(struct notes);
	notes_init(copy);
	for (uint32_t i = t->next; i < t->list.end; i++) {
		const struct note *note = pool_at(&t->list, i);
		if (mark(f, copy, note->number))
			append(f, copy, note->number, note->attr, note->peer);
	}
	return copy;
}

bool notes_shed(struct family *f, struct notes **t)
{
	struct notes *notes = *t;

	if (!notes)
		return false;
	for (unsigned i = 0; i < SLICE && notes->next < notes->list.end; i++) {
		const struct note *note = pool_at(&notes->list, notes->next++);
		notes->bits[note->number / 64] &= ~(UINT64_C(1) << note->number % 64);
		attr_unref(&f->attrs, note->attr);
		destination_release(f, note->number);
	}
	if (notes->next < notes->list.end)
		return true;
	notes_free(notes);
	*t = NULL;
	return false;
}

// --- verdicts -------------------------------------------------------------------------------------
static uint32_t head_of(const struct family_ledger *l, uint32_t n)
{
	return n < l->head_count ? l->heads[n] : 0;
}

static struct verdict_note *find_verdict(const struct family_ledger *l, uint32_t n, uint16_t peer)
{
	for (uint32_t i = head_of(l, n); i;) {
		struct verdict_note *v = pool_at(&l->verdicts, i);
		if (v->peer == peer)
			return v;
		i = v->next;
	}
	return NULL;
}

static void add_verdict(struct family *f, uint32_t n, struct path *p, uint32_t attr)
{
	struct family_ledger *l = f->ledger;

	if (n >= l->head_count) {
		uint32_t count = room_for(f, n);
		l->heads = mem_resize(l->heads, count * sizeof(*l->heads));
		memset(l->heads + l->head_count, 0, (count - l->head_count) * sizeof(*l->heads));
		l->head_count = count;
	}
	uint32_t i = pool_take(&l->verdicts);
	struct verdict_note *v = pool_at(&l->verdicts, i);
	*v = (struct verdict_note){.next = l->heads[n],
				   .number = n,
				   .attr = attr_ref(&f->attrs, attr),
				   .peer = p->peer};
	l->heads[n] = i;
	p->flags |= PATH_NOTED;
	destination_hold(f, n);
}

void ledger_note_verdict(struct family *f, uint32_t n, struct path *p)
{
	add_verdict(f, n, p, p->attr);
}

// There was none before, unless one has gone and come again.
void ledger_note_arrival(struct family *f, uint32_t n, struct path *p)
{
	struct verdict_note *v = find_verdict(f->ledger, n, p->peer);

	if (v) {
		v->rejected = 0;
		p->flags |= PATH_NOTED;
	} else if (p->attr) {
		add_verdict(f, n, p, 0);
	}
}

void ledger_note_absent(struct family *f, uint32_t n, uint16_t peer, uint16_t rejected)
{
	struct verdict_note *v = find_verdict(f->ledger, n, peer);

	if (v)
		v->rejected = rejected & 0x7fff;
}

// --- best paths and entries -----------------------------------------------------------------------
void ledger_note_best(struct family *f, uint32_t n, uint32_t attr, uint16_t peer)
{
	struct family_ledger *l = f->ledger;

	if (!mark(f, &l->best, n))
		return;
	uint32_t head = head_of(l, n);
	struct verdict_note *v = head ? pool_at(&l->verdicts, head) : NULL;
	if (v && attr && v->attr == attr && v->peer == peer)
		v->best = true;
	else
		append(f, &l->best, n, attr, peer);
}

void ledger_note_entry(struct update_group *g, uint32_t n, const struct adj_out_entry *e)
{
	if (!g->notes) {
		g->notes = MEM_NEW(struct notes);
		notes_init(g->notes);
	}
	if (mark(g->family, g->notes, n))
		append(g->family, g->notes, n, e->attr, e->peer);
}

// --- opening and closing --------------------------------------------------------------------------
static void begin_member(struct member *m)
{
	if (!m)
		return;
	m->measured = m->group && !m->group->filling;
	m->era_least = 1;
	m->era = 2; // of what is stale the one before
}

static void begin_family(struct family *f)
{
	struct family_ledger *l = MEM_NEW(struct family_ledger);

	notes_init(&l->best);
	pool_init(&l->verdicts, sizeof(struct verdict_note));
	f->ledger = l;
}

void ledger_begin(struct family *f)
{
	begin_family(f);
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		begin_member(rib_member(f->rib, (uint16_t)i, f->af));
}

// There may be a thousand ribs, most of them with few peers: one look at each possible peer.
static void begin_families(struct rib *r)
{
	for (unsigned i = 0; i < AF_MAX; i++)
		if (r->families[i])
			begin_family(r->families[i]);
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		for (unsigned k = 0; r->peers[i] && k < AF_MAX; k++)
			begin_member(r->peers[i]->members[k]);
}

void rib_ledger_open(struct rib *r, const struct ledger_options *o)
{
	ledger_finish(r);
	if (r->ledger) {
		r->ledger->unseen = true;
		rib_ledger_close(r);
		ledger_finish(r);
	}
	r->ledger = MEM_NEW(struct ledger);
	r->ledger->options = *o;
	arena_init(&r->ledger->arena, 16384);
	begin_families(r);
}

bool rib_ledger_close(struct rib *r)
{
	if (!r->ledger)
		return false;
	r->closing = r->ledger;
	r->ledger = NULL;
	for (unsigned i = 0; i < AF_MAX; i++) {
		struct family *f = r->families[i];
		if (!f)
			continue;
		f->closing = f->ledger;
		f->ledger = NULL;
	}
	rib_wake(r);
	return true;
}

// --- memory ---------------------------------------------------------------------------------------
void family_ledger_free(struct family_ledger *l)
{
	if (!l)
		return;
	ledger_sums_free(l->sums);
	notes_clear(&l->best);
	pool_free_all(&l->verdicts);
	mem_free(l->heads);
	mem_free(l);
}

void ledger_free_one(struct ledger *l)
{
	if (!l)
		return;
	arena_free(&l->arena);
	mem_free(l->traits);
	mem_free(l->samples);
	mem_free(l->rows);
	mem_free(l);
}

void ledger_free(struct rib *r)
{
	ledger_free_one(r->ledger);
	ledger_free_one(r->closing);
	while (r->reports.count)
		ledger_report_free(vec_pop(&r->reports));
	vec_free(&r->reports);
}
