// The sums of a closed ledger: each note is compared with what stands now, counted, and let go.
// Family by family, verdicts first, then best paths, then group after group.
//
// What a group is told is counted once for all of its members. At most four of them may have to
// believe something else: those that the old or the new entry came from, and those that are its
// next hop. They are counted by what differs. So many members of a group cost no more walks than
// one; and samples go round to those members only that have not got enough of them yet.
#include "rib/ledger_note.h"

#include "base/mem.h"

#define TOLD_CLASSES (LEDGER_CLASSES - LEDGER_ANNOUNCED)
#define NO_CLASS     LEDGER_CLASSES
#define EXCEPTIONS   4u

struct sum_row {
	struct ledger_row row;
	unsigned sampled[LEDGER_CLASSES];
};

// Runs of notes have the same two sets.
struct near {
	uint32_t attr; // 0: none
	uint16_t peer; // its next hop
};

struct ledger_sums {
	struct sum_row *rows[RIB_PEERS_MAX + 1]; // of peers; the last one of the table
	uint32_t verdict;                        // the next one
	struct update_group *group;              // at hand, or NULL
	struct ledger_row told;                  // to every member of it
	struct vec hungry[TOLD_CLASSES];         // struct sum_row: members that lack samples
	struct near near[2];                     // of the last note: before, after
};

static struct ledger *ledger_of(const struct family *f)
{
	return f->rib->closing;
}

static struct sum_row *row_of(const struct family *f, uint16_t peer)
{
	struct sum_row **row = &f->closing->sums->rows[peer < RIB_PEERS_MAX ? peer : RIB_PEERS_MAX];

	if (!*row) {
		*row = MEM_NEW(struct sum_row);
		(*row)->row.peer = peer < RIB_PEERS_MAX ? peer : RIB_NO_PEER;
		(*row)->row.family = (uint8_t)af_index(f->af);
	}
	return *row;
}

static bool is_within(const struct family *f, uint32_t n)
{
	const struct ledger_options *o = &ledger_of(f)->options;
	unsigned bits;

	if (!o->within.bits)
		return true;
	if (!(f->af->props & AF_PREFIX) || f->af->prefix_bits != o->within.bits)
		return false;
	const uint8_t *p = f->af->prefix(destination_key(table_at(&f->table, n)), &bits);
	return bits >= o->within_bits && bits_equal(p, o->within.b, o->within_bits);
}

static bool is_counted(const struct family *f, uint32_t n)
{
	return !ledger_of(f)->unseen && is_within(f, n);
}

// --- counting -------------------------------------------------------------------------------------
static bool has_traits(enum ledger_class class)
{
	return class == LEDGER_CHANGED || class == LEDGER_BEST_CHANGED ||
	       class == LEDGER_REANNOUNCED;
}

// by: 1, or the wrapped -1 for one that was counted with all others.
static void count(struct ledger *l, struct ledger_row *row, const struct ledger_event *e,
		  uint32_t by)
{
	uint32_t *traits = e->class == LEDGER_REANNOUNCED ? row->reannounced_by : row->changed_by;

	row->count[e->class] += (uint64_t)(int32_t)by;
	if (!has_traits(e->class))
		return;
	for (uint64_t t = ledger_event_traits(l, e); t; t &= t - 1)
		traits[__builtin_ctzll(t)] += by;
}

static bool is_watched(const struct ledger *l, const struct sum_row *row,
		       const struct ledger_event *e)
{
	const struct ledger_options *o = &l->options;
	struct af_key key = {0};

	if (!o->watched || row->row.peer != RIB_NO_PEER ||
	    (e->class != LEDGER_BEST_GONE && e->class != LEDGER_BEST_MOVED))
		return false;
	memcpy(key.b, table_at(&e->family->table, e->number)->key, e->family->af->key_size);
	return o->watched(o->watched_arg, e->family->af, &key);
}

// true: it has got enough of them.
static bool sample(struct ledger *l, struct sum_row *row, struct ledger_event *e)
{
	bool watched = is_watched(l, row, e);

	if (row->sampled[e->class] < l->options.samples || watched) {
		ledger_add_sample(l, e, row->row.peer);
		l->samples[l->sample_count - 1].watched = watched;
		row->sampled[e->class]++;
	}
	return row->sampled[e->class] >= l->options.samples;
}

static void count_alone(struct ledger *l, struct sum_row *row, struct ledger_event *e)
{
	if (e->class == NO_CLASS)
		return;
	count(l, &row->row, e, 1);
	sample(l, row, e);
}

static void let_go(struct family *f, uint32_t n, uint32_t attr)
{
	attr_unref(&f->attrs, attr);
	destination_release(f, n);
}

// --- best paths -----------------------------------------------------------------------------------
static enum ledger_class class_of_best(const struct ledger_event *e)
{
	if (!e->before || !e->after)
		return e->after ? LEDGER_BEST_NEW : e->before ? LEDGER_BEST_GONE : NO_CLASS;
	if (e->peer_before != e->peer_after)
		return LEDGER_BEST_MOVED;
	return e->before != e->after ? LEDGER_BEST_CHANGED : NO_CLASS;
}

// What it was.
static void sum_best_path(struct family *f, uint32_t n, uint32_t attr, uint16_t peer)
{
	const struct path *best = table_best(&f->table, table_at(&f->table, n));
	struct ledger_event e = {.family = f,
				 .number = n,
				 .before = attr,
				 .after = best ? best->attr : 0,
				 .peer_before = peer,
				 .peer_after = best ? best->peer : RIB_NO_PEER};

	e.class = class_of_best(&e);
	if (e.class != NO_CLASS && is_counted(f, n))
		count_alone(ledger_of(f), row_of(f, RIB_NO_PEER), &e);
}

static bool sum_best(struct family *f)
{
	struct notes *t = &f->closing->best;

	for (unsigned i = 0; i < SLICE && t->next < t->list.end; i++) {
		const struct note *was = pool_at(&t->list, t->next++);
		sum_best_path(f, was->number, was->attr, was->peer);
		let_go(f, was->number, was->attr);
	}
	return t->next < t->list.end;
}

// --- verdicts -------------------------------------------------------------------------------------
static bool is_turned_away(const struct family *f, const struct verdict_note *v)
{
	return v->rejected && v->rejected >= rib_member(f->rib, v->peer, f->af)->era_least;
}

static enum ledger_class class_of_verdict(const struct family *f, const struct verdict_note *v,
					  const struct path *p)
{
	uint32_t attr = p ? p->attr : 0;

	if (attr == v->attr)
		return NO_CLASS;
	if (attr)
		return v->attr ? LEDGER_CHANGED : LEDGER_ACCEPTED;
	return p || is_turned_away(f, v) ? LEDGER_REJECTED : LEDGER_LOST;
}

static void sum_verdict(struct family *f, const struct verdict_note *v)
{
	uint32_t prev, n = destination_path(f, table_at(&f->table, v->number), v->peer, &prev);
	struct path *p = n ? table_path(&f->table, n) : NULL;
	struct ledger_event e = {.family = f,
				 .class = class_of_verdict(f, v, p),
				 .number = v->number,
				 .before = v->attr,
				 .after = p ? p->attr : 0,
				 .peer_before = v->peer,
				 .peer_after = v->peer};

	if (p)
		p->flags &= (uint16_t)~PATH_NOTED;
	if (e.class != NO_CLASS && is_counted(f, v->number))
		count_alone(ledger_of(f), row_of(f, v->peer), &e);
	if (v->best)
		sum_best_path(f, v->number, v->attr, v->peer);
	let_go(f, v->number, v->attr);
}

static bool sum_verdicts(struct family *f)
{
	struct pool *list = &f->closing->verdicts;
	uint32_t *next = &f->closing->sums->verdict;

	for (unsigned i = 0; i < SLICE && *next < list->end; i++)
		sum_verdict(f, pool_at(list, (*next)++));
	return *next < list->end;
}

// --- entries --------------------------------------------------------------------------------------
static struct member *measured(const struct update_group *g, uint16_t peer)
{
	struct member *m =
		group_has(g, peer) ? rib_member(g->family->rib, peer, g->family->af) : NULL;

	return m && m->measured ? m : NULL;
}

static unsigned add_exception(const struct update_group *g, uint16_t *list, unsigned n,
			      uint16_t peer)
{
	if (peer == RIB_NO_PEER || !measured(g, peer))
		return n;
	for (unsigned i = 0; i < n; i++)
		if (list[i] == peer)
			return n;
	list[n] = peer;
	return n + 1;
}

static uint16_t near_of(struct update_group *g, struct near *near, uint32_t attr)
{
	if (near->attr != attr)
		*near = (struct near){attr, group_next_hop_member(g, attr)};
	return near->peer;
}

static unsigned find_exceptions(struct update_group *g, struct near *near,
				const struct adj_out_entry *both, uint16_t *list)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		if (!both[i].attr)
			continue;
		n = add_exception(g, list, n, both[i].peer);
		n = add_exception(g, list, n, near_of(g, &near[i], both[i].attr));
	}
	return n;
}

static enum ledger_class class_of_told(uint32_t before, uint32_t after)
{
	if (before == after)
		return NO_CLASS;
	if (before && after)
		return LEDGER_REANNOUNCED;
	return after ? LEDGER_ANNOUNCED : LEDGER_WITHDRAWN;
}

static bool is_among(const uint16_t *list, unsigned n, uint16_t peer)
{
	while (n--)
		if (list[n] == peer)
			return true;
	return false;
}

static void feed(struct ledger *l, struct ledger_sums *s, struct ledger_event *e,
		 const uint16_t *except, unsigned n)
{
	struct vec *hungry = &s->hungry[e->class - LEDGER_ANNOUNCED];

	for (size_t i = hungry->count; i-- > 0;) {
		struct sum_row *row = hungry->item[i];
		if (!is_among(except, n, row->row.peer) && sample(l, row, e))
			vec_remove(hungry, i);
	}
}

// What one of the exceptions is to believe instead.
static void count_exception(struct family *f, const struct ledger_event *shared,
			    const struct adj_out_entry *both, uint16_t peer)
{
	struct ledger *l = ledger_of(f);
	struct update_group *g = f->closing->sums->group;
	struct sum_row *row = row_of(f, peer);
	struct ledger_event own = *shared;

	if (shared->class != NO_CLASS)
		count(l, &row->row, shared, UINT32_MAX);
	own.before = entry_bar(g, &both[0], peer) ? 0 : both[0].attr;
	own.after = entry_bar(g, &both[1], peer) ? 0 : both[1].attr;
	own.class = class_of_told(own.before, own.after);
	own.before_copy = own.after_copy = NULL;
	count_alone(l, row, &own);
}

static void sum_entry(struct family *f, struct ledger_sums *s, const struct note *was)
{
	struct update_group *g = s->group;
	const struct adj_out_entry *now = adj_out_find(&g->out, was->number);
	const struct adj_out_entry both[2] = {
		{.attr = was->attr, .peer = was->peer},
		{.attr = now ? now->attr : 0, .peer = now ? now->peer : RIB_NO_PEER}};
	struct ledger_event e = {.family = f,
				 .class = class_of_told(both[0].attr, both[1].attr),
				 .number = was->number,
				 .before = both[0].attr,
				 .after = both[1].attr,
				 .peer_before = both[0].peer,
				 .peer_after = both[1].peer};
	uint16_t except[EXCEPTIONS];

	if (e.class == NO_CLASS && both[0].peer == both[1].peer)
		return;
	unsigned n = find_exceptions(g, s->near, both, except);
	if (e.class != NO_CLASS) {
		count(ledger_of(f), &s->told, &e, 1);
		feed(ledger_of(f), s, &e, except, n);
	}
	while (n)
		count_exception(f, &e, both, except[--n]);
}

static bool any_measured(const struct update_group *g)
{
	for (size_t i = 0; i < g->members.count; i++)
		if (((const struct member *)g->members.item[i])->measured)
			return true;
	return false;
}

static void begin_group(struct family *f, struct update_group *g)
{
	struct ledger_sums *s = f->closing->sums;

	s->group = g;
	s->told = (struct ledger_row){0};
	for (size_t i = 0; i < g->members.count; i++) {
		const struct member *m = g->members.item[i];
		if (!m->measured)
			continue;
		struct sum_row *row = row_of(f, m->peer->number);
		for (unsigned c = 0; c < TOLD_CLASSES && ledger_of(f)->options.samples; c++)
			vec_add(&s->hungry[c], row);
	}
}

static void add_told(struct ledger_row *to, const struct ledger_row *told)
{
	for (unsigned i = 0; i < LEDGER_CLASSES; i++)
		to->count[i] += told->count[i];
	for (unsigned i = 0; i < LEDGER_TRAITS; i++)
		to->reannounced_by[i] += told->reannounced_by[i];
}

static void end_group(struct family *f)
{
	struct ledger_sums *s = f->closing->sums;
	struct update_group *g = s->group;

	for (size_t i = 0; i < g->members.count; i++) {
		const struct member *m = g->members.item[i];
		if (m->measured)
			add_told(&row_of(f, m->peer->number)->row, &s->told);
	}
	for (unsigned c = 0; c < TOLD_CLASSES; c++)
		vec_clear(&s->hungry[c]);
	notes_free(g->notes);
	g->notes = NULL;
	s->group = NULL;
}

static void sum_group(struct family *f)
{
	struct ledger_sums *s = f->closing->sums;
	struct notes *t = s->group->notes;

	s->near[0] = s->near[1] = (struct near){0}; // numbers are given out again
	for (unsigned i = 0; i < SLICE && t->next < t->list.end; i++) {
		const struct note *was = pool_at(&t->list, t->next++);
		if (is_counted(f, was->number))
			sum_entry(f, s, was);
		let_go(f, was->number, was->attr);
	}
	if (t->next == t->list.end)
		end_group(f);
}

// A group that nobody measured is in has nobody to be told about.
static bool sum_entries(struct family *f)
{
	struct ledger_sums *s = f->closing->sums;

	for (size_t i = 0; !s->group && i < f->groups.count; i++) {
		struct update_group *g = f->groups.item[i];
		if (!g->notes)
			continue;
		if (!any_measured(g)) {
			notes_shed(f, &g->notes);
			return true;
		}
		begin_group(f, g);
	}
	if (!s->group)
		return false;
	sum_group(f);
	return true;
}

// --- all of it ------------------------------------------------------------------------------------
void ledger_sums_free(struct ledger_sums *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i <= RIB_PEERS_MAX; i++)
		mem_free(s->rows[i]);
	for (unsigned c = 0; c < TOLD_CLASSES; c++)
		vec_free(&s->hungry[c]);
	mem_free(s);
}

static bool has_notes(const struct family *f)
{
	const struct family_ledger *l = f->closing;
	bool any = l->verdicts.end > 1 || l->best.list.end > 1;

	for (size_t i = 0; !any && i < f->groups.count; i++)
		any = ((const struct update_group *)f->groups.item[i])->notes;
	return any;
}

// A slice of the family's notes; false: those were the last.
static bool sum_some(struct family *f)
{
	struct family_ledger *l = f->closing;

	if (!l->sums && !has_notes(f))
		return false;
	if (!l->sums) {
		l->sums = MEM_NEW(struct ledger_sums);
		l->sums->verdict = 1;
	}
	return sum_verdicts(f) || sum_best(f) || sum_entries(f);
}

static void end_family(struct family *f)
{
	const struct ledger_sums *s = f->closing->sums;

	for (unsigned i = 0; s && i <= RIB_PEERS_MAX; i++)
		if (s->rows[i])
			ledger_add_row(ledger_of(f), &s->rows[i]->row);
	family_ledger_free(f->closing);
	f->closing = NULL;
	rib_wake(f->rib); // groups may be brought together again
}

static bool sum_families(struct rib *r, rib_deadline *over, void *arg)
{
	struct ledger *l = r->closing;

	for (; l->family < AF_MAX; l->family++) {
		struct family *f = r->families[l->family];
		if (!f || !f->closing)
			continue;
		ledger_forget_traits(l);
		while (sum_some(f))
			if (over(arg))
				return true;
		end_family(f);
	}
	r->closing = NULL;
	if (!l->unseen && r->ops.ledger)
		vec_add(&r->reports, ledger_make_report(l));
	ledger_free_one(l);
	return false;
}

static bool never(void *arg)
{
	return false;
}

void ledger_finish(struct rib *r)
{
	if (!r->closing)
		return;
	sum_families(r, never, NULL);
	rib_wake(r);
}

bool ledger_work(struct rib *r, rib_deadline *over, void *arg)
{
	bool more = r->closing && sum_families(r, over, arg);

	while (r->reports.count) {
		struct ledger_report *report = r->reports.item[0];
		vec_remove(&r->reports, 0);
		r->ops.ledger(r->ops.arg, report);
	}
	return more;
}
