// See rib/compare.h. Walks over the destinations of what stands and finds each in the other rib by its
// key; then over those of the other that were not met. A path is known by its peer, a lent one by its
// distinguisher.
#include "rib/compare.h"

#include <string.h>

#include "base/mem.h"
#include "rib/compare_private.h"
#include "rib/decide.h"

#define SOURCES (RIB_PEERS_MAX + 2u) // peers, our own routes, aggregates

bool rib_has_family(const struct rib *r, const struct af *af)
{
	return r && r->families[af_index(af)];
}

struct comparison *comparison_new(struct rib *stands, struct rib *ought, const struct af *af,
				  const struct compare_options *o)
{
	struct comparison *c = MEM_NEW(struct comparison);

	c->stands = rib_family(stands, af);
	c->ought = rib_family(ought, af);
	c->o = *o;
	family_settle(c->stands);
	family_settle(c->ought);
	set_pairs_init(&c->sets, c->stands, c->ought, o->free_labels);
	c->next = c->next_more = 1;
	c->met = mem_zero((c->ought->table.destinations.end / 64 + 1) * sizeof(*c->met));
	c->at = mem_zero(SOURCES * sizeof(*c->at));
	parties_make(c);
	return c;
}

void comparison_free(struct comparison *c)
{
	parties_free(c);
	set_pairs_free(&c->sets);
	mem_free(c->met);
	mem_free(c->at);
	mem_free(c->lent);
	mem_free(c);
}

void comparison_counts(const struct comparison *c, struct compare_counts *ret)
{
	*ret = c->counts;
}

void compare_found(struct comparison *c, struct compare_difference *d, const struct af_key *key)
{
	c->counts.differences[d->kind]++;
	d->af = c->stands->af;
	d->key = key;
	if (c->o.found)
		c->o.found(c->o.arg, d);
}

// --- paths ----------------------------------------------------------------------------------------
static const struct destination *destination_of(const struct family *f, uint32_t n)
{
	return n ? table_at(&f->table, n) : NULL;
}

static uint32_t first_of(const struct destination *d)
{
	return d ? d->first : 0;
}

static const struct attr_set *set_of(const struct family *f, const struct path *p)
{
	return p && p->attr ? attr_at(&f->attrs, p->attr) : NULL;
}

static const uint8_t *rd_of(const struct family *f, const struct path *p)
{
	return p && p->peer == RIB_LENT ? attr_at(&f->attrs, p->attr)->local.rd : NULL;
}

// A path of an ended session, which the purge would take.
static bool is_dead(const struct family *f, const struct path *p)
{
	const struct member *m = rib_member(f->rib, p->peer, f->af);

	return m && p->epoch < m->purge_before;
}

static uint32_t *at_of(struct comparison *c, const struct path *p)
{
	return &c->at[p->peer < RIB_PEERS_MAX ? p->peer
					      : RIB_PEERS_MAX + (p->peer == RIB_AGGREGATE)];
}

// The paths of ought by who they come from, while one destination is looked at.
static void place_paths(struct comparison *c, const struct destination *d)
{
	c->lent_count = 0;
	for (uint32_t n = first_of(d); n; n = table_path(&c->ought->table, n)->next) {
		const struct path *p = table_path(&c->ought->table, n);
		if (p->peer != RIB_LENT) {
			*at_of(c, p) = n;
			continue;
		}
		if (c->lent_count == c->lent_cap) {
			c->lent_cap = c->lent_cap ? c->lent_cap * 2 : 16;
			c->lent = mem_resize(c->lent, c->lent_cap * sizeof(*c->lent));
		}
		c->lent[c->lent_count++] = n;
	}
}

// Takes it out of its place, so that what is left in the end has no counterpart. NULL: there is none.
static const struct path *counterpart(struct comparison *c, const struct path *p)
{
	const struct table *t = &c->ought->table;
	uint32_t n = 0;

	if (p->peer != RIB_LENT) {
		n = *at_of(c, p);
		*at_of(c, p) = 0;
	}
	for (unsigned i = 0; p->peer == RIB_LENT && i < c->lent_count && !n; i++) {
		const struct path *q = table_path(t, c->lent[i]);
		if (memcmp(rd_of(c->stands, p), rd_of(c->ought, q), 8) != 0)
			continue;
		n = c->lent[i];
		c->lent[i] = c->lent[--c->lent_count];
	}
	return n ? table_path(t, n) : NULL;
}

static void path_differs(struct comparison *c, enum compare_kind kind, const struct path *p,
			 const struct path *q, const struct af_key *key)
{
	const uint8_t *rd = p ? rd_of(c->stands, p) : rd_of(c->ought, q);
	struct compare_difference d = {
		.kind = kind,
		.peer = p ? p->peer : q->peer,
		.rd = rd,
		.generation = p ? p->generation : 0,
		.stands = {.set = set_of(c->stands, p),
			   .peer = p ? p->peer : RIB_NO_PEER,
			   .rd = rd},
		.ought = {.set = set_of(c->ought, q), .peer = q ? q->peer : RIB_NO_PEER, .rd = rd},
	};

	if (kind == COMPARE_COUNTS) {
		d.stands.yes = p && p->flags & PATH_COUNTS;
		d.ought.yes = q && q->flags & PATH_COUNTS;
	}
	compare_found(c, &d, key);
}

// Whether what was turned away is stored does not matter.
static void compare_path(struct comparison *c, const struct path *p, const struct path *q,
			 const struct af_key *key)
{
	bool lent = (p ? p : q)->peer == RIB_LENT;

	c->counts.paths++;
	if (!sets_same(&c->sets, p ? p->attr : 0, q ? q->attr : 0, lent))
		path_differs(c, COMPARE_VERDICT, p, q, key);
	if (((p ? p->flags : 0) ^ (q ? q->flags : 0)) & PATH_COUNTS)
		path_differs(c, COMPARE_COUNTS, p, q, key);
}

static bool shares(struct family *f, const struct destination *d, const struct path *p)
{
	const struct path *best = table_best(&f->table, d);

	return f->options->max_paths > 1 && best && p->attr && decide_equal(f, best, p);
}

static void compare_select(struct comparison *c, const struct destination *d,
			   const struct destination *e, const struct path *p, const struct path *q,
			   const struct af_key *key)
{
	bool a = shares(c->stands, d, p), b = shares(c->ought, e, q);
	struct compare_difference x = {.kind = COMPARE_SELECT,
				       .peer = p->peer,
				       .rd = rd_of(c->stands, p),
				       .stands = {.set = set_of(c->stands, p), .yes = a},
				       .ought = {.set = set_of(c->ought, q), .yes = b}};

	if (a != b)
		compare_found(c, &x, key);
}

static void compare_paths(struct comparison *c, const struct destination *d,
			  const struct destination *e, const struct af_key *key)
{
	const struct table *t = &c->stands->table;
	bool select = c->stands->options->max_paths > 1 || c->ought->options->max_paths > 1;

	place_paths(c, e);
	for (uint32_t n = first_of(d); n; n = table_path(t, n)->next) {
		const struct path *p = table_path(t, n);
		if (is_dead(c->stands, p))
			continue;
		const struct path *q = counterpart(c, p);
		compare_path(c, p, q, key);
		if (select && q)
			compare_select(c, d, e, p, q, key);
	}
	for (uint32_t n = first_of(e); n; n = table_path(&c->ought->table, n)->next) {
		const struct path *q = table_path(&c->ought->table, n);
		if (q->peer == RIB_LENT || !*at_of(c, q))
			continue;
		*at_of(c, q) = 0;
		compare_path(c, NULL, q, key);
	}
	for (unsigned i = 0; i < c->lent_count; i++)
		compare_path(c, NULL, table_path(&c->ought->table, c->lent[i]), key);
}

// --- the decision ---------------------------------------------------------------------------------
static const struct path *best_of(const struct family *f, const struct destination *d)
{
	return d ? table_best(&f->table, d) : NULL;
}

static bool same_source(struct comparison *c, const struct path *p, const struct path *q)
{
	if (!p || !q)
		return p == q;
	return p->peer == q->peer &&
	       (p->peer != RIB_LENT || !memcmp(rd_of(c->stands, p), rd_of(c->ought, q), 8));
}

static struct compare_side best_side(const struct family *f, const struct destination *d)
{
	const struct path *best = best_of(f, d);

	return (struct compare_side){.set = set_of(f, best),
				     .peer = best ? best->peer : RIB_NO_PEER,
				     .rd = rd_of(f, best),
				     .yes = best && d->info & DESTINATION_SUPPRESSED};
}

static void compare_best(struct comparison *c, const struct destination *d,
			 const struct destination *e, const struct af_key *key)
{
	const struct path *best = best_of(c->stands, d);
	struct compare_difference x = {.kind = COMPARE_BEST,
				       .peer = best ? best->peer : RIB_NO_PEER,
				       .rd = rd_of(c->stands, best),
				       .generation = best ? best->generation : 0,
				       .stands = best_side(c->stands, d),
				       .ought = best_side(c->ought, e)};

	if (!same_source(c, best, best_of(c->ought, e))) {
		compare_found(c, &x, key);
	} else if (x.stands.yes != x.ought.yes) {
		x.kind = COMPARE_SUPPRESSED;
		compare_found(c, &x, key);
	}
}

// --- destinations ---------------------------------------------------------------------------------
static bool lends(const struct comparison *c, const struct family *f, const struct destination *d)
{
	for (uint32_t n = first_of(d); n; n = table_path(&f->table, n)->next) {
		const uint8_t *rd = rd_of(f, table_path(&f->table, n));
		for (unsigned i = 0; rd && i < c->o.exempt_count; i++)
			if (!memcmp(rd, c->o.exempt[i], 8))
				return true;
	}
	return false;
}

// n, m: its numbers there and here; 0: it is not there. One of the two is.
static void compare_destination(struct comparison *c, uint32_t n, uint32_t m)
{
	const struct destination *d = destination_of(c->stands, n),
				 *e = destination_of(c->ought, m);
	struct af_key key = {0};

	memcpy(key.b, d ? d->key : e->key, c->stands->af->key_size);
	if (c->o.exempt_count && (lends(c, c->stands, d) || lends(c, c->ought, e))) {
		c->counts.exempt++;
		return;
	}
	c->counts.destinations += first_of(d) || first_of(e);
	compare_paths(c, d, e, &key);
	compare_best(c, d, e, &key);
	compare_told(c, n, m, &key);
}

static bool is_live(const struct family *f, uint32_t n)
{
	return table_at(&f->table, n)->info & DESTINATION_LIVE;
}

static void step_stands(struct comparison *c, uint32_t n)
{
	const struct table *t = &c->stands->table;

	if (!is_live(c->stands, n))
		return;
	const struct af_key *key = destination_key(table_at(t, n));
	uint32_t m = table_find(&c->ought->table, key, af_key_hash(t->af, key));
	if (m)
		c->met[m / 64] |= UINT64_C(1) << m % 64;
	compare_destination(c, n, m);
}

static void step_ought(struct comparison *c, uint32_t m)
{
	if (is_live(c->ought, m) && !(c->met[m / 64] >> m % 64 & 1))
		compare_destination(c, 0, m);
}

bool comparison_step(struct comparison *c, uint32_t destinations)
{
	uint32_t end = c->stands->table.destinations.end;
	uint32_t end_more = c->ought->table.destinations.end;

	for (; destinations && c->next < end; destinations--)
		step_stands(c, c->next++);
	for (; destinations && c->next_more < end_more; destinations--)
		step_ought(c, c->next_more++);
	return c->next < end || c->next_more < end_more;
}
