// See speaker/audit.h. Table by table, over all shards: a comparison of the rib that stands with the
// one that was made anew, and the differences told with the names that the speaker has for things.
#include "speaker/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "speaker/audit_private.h"
#include "speaker/worker.h"

#define FREE_LABELS (1u << 18) // what ribs and the exchange give by themselves begins here

const char *audit_kind_name(enum audit_kind kind)
{
	static const char *const names[] = {
		"verdict",      "best path",    "load sharing", "suppression",       "membership",
		"announcement", "import given", "export given", "targets asked for", "counters"};

	return kind < AUDIT_KINDS ? names[kind] : "";
}

uint64_t audit_differences(const struct audit *a)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < AUDIT_KINDS; i++)
		sum += a->differences[i];
	return sum;
}

void audit_free(struct audit *a)
{
	mem_free(a->rows);
	*a = (struct audit){0};
}

void audit_passed(struct audit_run *r, uint32_t *left)
{
	uint32_t step = *left < AUDIT_STEP ? *left : AUDIT_STEP;

	*left -= step;
	r->done += step;
	if (r->o->progress && r->total)
		r->o->progress(r->o->arg,
			       (unsigned)(r->done < r->total ? r->done * 100 / r->total : 99));
}

// --- rows -----------------------------------------------------------------------------------------
static bool wanted(const struct audit_run *r, unsigned instance, unsigned i)
{
	return r->o->families >> i & 1 &&
	       (!r->o->wants || r->o->wants(r->o->arg, (uint16_t)instance, af_list[i]));
}

static struct audit_row *row_find(struct audit *a, unsigned instance, unsigned i)
{
	for (unsigned k = 0; k < a->row_count; k++)
		if (a->rows[k].instance == instance && a->rows[k].family == i)
			return &a->rows[k];
	return NULL;
}

static struct audit_row *row_of(struct audit *a, unsigned instance, unsigned i)
{
	struct audit_row *row = row_find(a, instance, i);

	if (row)
		return row;
	a->rows = mem_resize(a->rows, (a->row_count + 1) * sizeof(*a->rows));
	row = &a->rows[a->row_count++];
	*row = (struct audit_row){.instance = (uint16_t)instance, .family = (uint8_t)i};
	return row;
}

static int compare_rows(const void *a, const void *b)
{
	const struct audit_row *x = a, *y = b;

	return x->instance != y->instance ? (int)x->instance - (int)y->instance
					  : (int)x->family - (int)y->family;
}

// --- differences ----------------------------------------------------------------------------------
static void tell(struct audit_run *r, struct audit_row *row, const struct audit_difference *d)
{
	row->differences++;
	r->ret->differences[d->kind]++;
	if (r->o->found)
		r->o->found(r->o->arg, d);
}

static void on_route(void *arg, const struct compare_difference *route)
{
	struct audit_run *r = arg;
	struct audit_difference d = {
		.kind = (enum audit_kind)route->kind,
		.instance = r->row->instance,
		.af = route->af,
		.peer = route->peer < RIB_PEERS_MAX ? r->speaker->by_number[route->peer] : NULL,
		.route = route,
		.rib = r->stands,
	};

	tell(r, r->row, &d);
}

void audit_given(struct audit_run *r, enum audit_kind kind, const struct speaker_peer *p,
		 unsigned i)
{
	struct audit_difference d = {
		.kind = kind, .instance = p->instance, .af = af_list[i], .peer = p};

	if (wanted(r, p->instance, i))
		tell(r, row_of(r->ret, p->instance, i), &d);
}

static bool same_targets(struct membership *a, struct membership *b)
{
	const struct policy_target *x, *y;
	unsigned n = a ? membership_targets(a, &x) : 0, m = b ? membership_targets(b, &y) : 0;

	if (n != m)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (x[i].bits != y[i].bits || memcmp(x[i].target, y[i].target, 8) != 0)
			return false;
	return true;
}

static void compare_asked(struct audit_run *r)
{
	const struct af *af = af_memberships();

	for (size_t k = 0; af && r->families & af_bit(af) && k < r->speaker->peers.count; k++) {
		const struct speaker_peer *p = r->speaker->peers.item[k];

		if (!same_targets(p->membership, r->asked[p->number]))
			audit_given(r, AUDIT_ASKED, p, af_index(af));
	}
}

// --- what is exempt -------------------------------------------------------------------------------
static bool turns_away(const struct speaker *s, uint16_t instance, unsigned i)
{
	struct speaker_limit l;

	for (unsigned kind = 0; kind < LIMIT_KINDS; kind++)
		if (speaker_limit(s, instance, af_list[i], kind, &l) && l.refused)
			return true;
	return false;
}

// An aggregate over what such a table lends is no function of what was received either.
static void exempt_aggregates(struct audit_run *r, unsigned i)
{
	const struct speaker_config *c = r->speaker->config;

	for (unsigned k = 0; k < c->instance_count; k++) {
		const struct instance_config *n = &c->instances[k];
		if (n->link[i].present && n->family[i].aggregate_count)
			r->exempt[n->number] |= (uint16_t)(1u << i);
	}
}

static void exempt_find(struct audit_run *r)
{
	const struct speaker_config *c = r->speaker->config;
	bool any[AF_MAX] = {false};

	r->exempt = mem_zero(INSTANCES_MAX * sizeof(*r->exempt));
	for (unsigned k = 0; k < c->instance_count; k++) {
		for (unsigned i = 0; i < af_count; i++) {
			if (!turns_away(r->speaker, c->instances[k].number, i))
				continue;
			r->exempt[c->instances[k].number] |= (uint16_t)(1u << i);
			any[i] = true;
		}
	}
	for (unsigned i = 0; i < af_count; i++)
		if (any[i])
			exempt_aggregates(r, i);
}

// Distinguishers under which exempt tables lend; the caller's.
static unsigned exempt_distinguishers(const struct audit_run *r, const struct af *af,
				      uint8_t (**ret)[8])
{
	const struct speaker_config *c = r->speaker->config;
	unsigned n = 0, inner = af_index(af->inner ? af->inner : af);

	*ret = NULL;
	for (unsigned k = 0; k < c->instance_count; k++) {
		const struct instance_config *x = &c->instances[k];
		if (!(r->exempt[x->number] >> inner & 1) || !x->link[inner].present)
			continue;
		*ret = mem_resize(*ret, (n + 1) * sizeof(**ret));
		memcpy((*ret)[n++], x->link[inner].rd, 8);
	}
	return n;
}

// --- tables ---------------------------------------------------------------------------------------
static void counts_add(struct compare_counts *to, const struct compare_counts *c)
{
	to->destinations += c->destinations;
	to->paths += c->paths;
	to->announcements += c->announcements;
	to->exempt += c->exempt;
	for (unsigned i = 0; i < COMPARE_KINDS; i++)
		to->differences[i] += c->differences[i];
}

static struct rib *or_empty(struct audit_run *r, struct rib *rib)
{
	static const struct rib_ops nobody;

	if (rib)
		return rib;
	if (!r->empty)
		r->empty = rib_new(&nobody);
	return r->empty;
}

// What limits of peers and displays go by. Where tables differ their counters do, too.
static void compare_counters(struct audit_run *r, struct rib *ought, const struct af *af)
{
	for (size_t k = 0; k < r->speaker->peers.count; k++) {
		const struct speaker_peer *p = r->speaker->peers.item[k];
		struct rib_counts a, b;

		if (p->instance != r->row->instance || !peer_established(p))
			continue;
		rib_peer_counts(r->stands, p->number, af, &a);
		rib_peer_counts(ought, p->number, af, &b);
		if (a.accepted != b.accepted || a.best != b.best || a.advertised != b.advertised)
			audit_given(r, AUDIT_COUNTERS, p, af_index(af));
	}
}

static void compare_ribs(struct audit_run *r, struct rib *stands, struct rib *ought,
			 const struct compare_options *o, const struct af *af)
{
	struct comparison *c;
	struct compare_counts counts;
	uint64_t before = r->row->differences;
	uint32_t left;

	r->stands = or_empty(r, stands);
	ought = or_empty(r, ought);
	left = rib_numbers(r->stands, af);
	c = comparison_new(r->stands, ought, af, o);
	while (comparison_step(c, AUDIT_STEP))
		audit_passed(r, &left);
	audit_passed(r, &left);
	comparison_counts(c, &counts);
	counts_add(&r->row->counts, &counts);
	comparison_free(c);
	if (!counts.exempt && r->row->differences == before)
		compare_counters(r, ought, af);
}

static void compare_table(struct audit_run *r, unsigned instance, unsigned i)
{
	struct speaker *s = r->speaker;
	uint64_t began = loop_clock();
	uint8_t(*exempt)[8];
	struct compare_options o = {
		.found = on_route,
		.arg = r,
		.free_labels = FREE_LABELS,
		.exempt_count = exempt_distinguishers(r, af_list[i], &exempt),
	};

	o.exempt = exempt;
	for (unsigned k = 0; k < s->shard_count; k++) {
		struct rib *stands = worker_rib(s->shards[k]->worker, (uint16_t)instance);
		struct rib *ought = worker_rib(r->anew[k], (uint16_t)instance);

		if (!rib_has_family(stands, af_list[i]) && !rib_has_family(ought, af_list[i]))
			continue;
		r->row = row_of(r->ret, instance, i);
		r->row->exempt = r->exempt[instance] >> i & 1;
		if (!r->row->exempt)
			compare_ribs(r, stands, ought, &o, af_list[i]);
		r->row->microseconds = loop_clock() - began;
	}
	mem_free(exempt);
}

static bool has_tables(const struct audit_run *r, unsigned instance)
{
	for (unsigned k = 0; k < r->speaker->shard_count; k++)
		if (worker_rib(r->speaker->shards[k]->worker, (uint16_t)instance) ||
		    worker_rib(r->anew[k], (uint16_t)instance))
			return true;
	return false;
}

static void compare_tables(struct audit_run *r)
{
	for (unsigned instance = 0; instance < INSTANCES_MAX; instance++) {
		if (!has_tables(r, instance))
			continue;
		for (unsigned i = 0; i < af_count; i++)
			if (wanted(r, instance, i))
				compare_table(r, instance, i);
	}
}

static void drop_idle_rows(struct audit *a)
{
	unsigned n = 0;

	for (unsigned k = 0; k < a->row_count; k++) {
		const struct audit_row *row = &a->rows[k];
		if (row->exempt || row->differences || row->counts.destinations ||
		    row->counts.announcements || row->counts.exempt)
			a->rows[n++] = *row;
	}
	a->row_count = n;
	if (n)
		qsort(a->rows, n, sizeof(*a->rows), compare_rows);
}

// --- all of it ------------------------------------------------------------------------------------
// Tables that exchange routes belong together, and all that goes by memberships depends on them.
static uint16_t family_closure(uint16_t families)
{
	uint16_t all = families;

	for (unsigned i = 0; i < af_count; i++) {
		const struct af *af = af_list[i], *outer = af_outer(af);
		uint16_t pair = af_bit(af) | (outer ? af_bit(outer) : 0);

		if (families & pair)
			all |= pair;
	}
	for (unsigned i = 0; i < af_count; i++)
		if (all >> i & 1 && af_list[i]->props & AF_TARGETED && af_memberships())
			all |= af_bit(af_memberships());
	return all;
}

static uint64_t destinations(const struct audit_run *r)
{
	const struct speaker *s = r->speaker;
	uint64_t sum = 0;

	for (unsigned k = 0; k < s->shard_count; k++) {
		for (unsigned number = 0; number < INSTANCES_MAX; number++) {
			struct rib *rib = worker_rib(s->shards[k]->worker, (uint16_t)number);

			for (unsigned i = 0; rib && i < af_count; i++)
				if (rib_has_family(rib, af_list[i]))
					sum += (uint64_t)rib_numbers(rib, af_list[i]) *
					       ((r->families >> i & 1) + wanted(r, number, i));
		}
	}
	return sum;
}

static void run_end(struct audit_run *r)
{
	for (unsigned i = 0; i < r->speaker->shard_count; i++)
		worker_free(r->anew[i]);
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		membership_free(r->asked[i]);
	rib_free(r->empty);
	mem_free(r->anew);
	mem_free(r->exempt);
	mem_free(r);
}

void speaker_audit(struct speaker *s, const struct audit_options *o, struct audit *ret)
{
	struct audit_run *r;

	*ret = (struct audit){0};
	if (!s->config)
		return;
	r = MEM_NEW(struct audit_run);
	r->speaker = s;
	r->o = o;
	r->ret = ret;
	r->families = family_closure(o->families);
	r->total = destinations(r);
	exempt_find(r);
	audit_build(r);
	compare_asked(r);
	compare_tables(r);
	drop_idle_rows(ret);
	run_end(r);
}
