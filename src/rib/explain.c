// An explanation's first half: the paths of the destination, each brought in once more before the
// operator's eyes, and the decision among what came in. The second half is explain_out.c.
#include "rib/explain.h"

#include "rib/explain_private.h"

#include <string.h>

#include "base/mem.h"

void explain_tell(struct explaining *x, const struct rib_explain_item *item)
{
	struct rib_explain_item told = *item;

	if (told.peer == RIB_AGGREGATE)
		told.peer = RIB_NO_PEER;
	if (told.other == RIB_AGGREGATE)
		told.other = RIB_NO_PEER;
	x->sink(x->arg, &told);
}

const struct rib_explain_peer *explain_candidate(const struct explaining *x, uint16_t peer)
{
	const struct rib_explain_config *c = x->want->candidate;

	for (unsigned i = 0; c && i < c->count; i++)
		if (c->peers[i].peer == peer)
			return &c->peers[i];
	return NULL;
}

static const struct destination *destination_of(const struct explaining *x)
{
	return x->number ? table_at(&x->family->table, x->number) : NULL;
}

// --- a policy ---------------------------------------------------------------------------------------
static void on_step(void *arg, const struct policy_step *step)
{
	explain_tell(arg, &(struct rib_explain_item){.kind = EXPLAIN_STEP, .step = *step});
}

static void on_applied(void *arg, const struct policy_step *node, const struct attrs *as)
{
	struct explaining *x = arg;

	buf_clear(&x->text);
	explain_difference(&x->text, &x->seen, as);
	x->seen = *as;
	explain_tell(x, &(struct rib_explain_item){
				.kind = EXPLAIN_APPLY, .step = *node, .text = buf_cstr(&x->text)});
}

bool explain_policy(struct explaining *x, const struct policy_program *program,
		    const struct policy_context *context, struct attrs *as)
{
	const struct policy_observer observer = {.step = on_step, .arg = x, .applied = on_applied};

	x->seen = *as;
	return policy_explain(program, context, &x->want->key, as, &x->arena, &observer);
}

// --- one path ---------------------------------------------------------------------------------------
static void tell_check(struct explaining *x, enum rib_bar bar, const struct attrs *was,
		       const struct attrs *is)
{
	buf_clear(&x->text);
	if (!bar)
		explain_difference(&x->text, was, is);
	explain_tell(x, &(struct rib_explain_item){
				.kind = EXPLAIN_CHECK, .bar = bar, .text = buf_cstr(&x->text)});
}

static enum rib_bar bring_in(struct explaining *x, const struct member *m,
			     const struct attr_set *received, struct attrs *as)
{
	struct policy_context context = import_context(m->import);
	enum rib_bar bar = import_bar(m, received);
	struct attrs was;

	attr_open(received, as);
	was = *as;
	if (!bar)
		bar = import_before(m->import, received, as, &x->arena);
	tell_check(x, bar, &was, as);
	if (bar)
		return bar;
	return explain_policy(x, m->import->with.program, &context, as) ? BAR_NONE : BAR_POLICY;
}

// As the question has it: what runs, or the candidate in its place. Attributes may point into the
// latter, and are used after the return.
static enum rib_bar import_again(struct explaining *x, const struct member *m,
				 const struct attr_set *received, struct attrs *as)
{
	const struct rib_explain_peer *c = explain_candidate(x, m->peer->number);
	struct member as_if = *m;

	if (!x->want->candidate && m->import)
		return bring_in(x, m, received, as);
	as_if.import = arena_zero(&x->arena, sizeof(*as_if.import));
	as_if.import->family = x->family;
	if (c)
		as_if.import->with = as_if.in = c->in;
	return bring_in(x, &as_if, received, as);
}

static void take_part(struct explaining *x, uint32_t path, uint32_t attr, uint16_t peer)
{
	if (x->count == x->cap) {
		x->cap = x->cap ? x->cap * 2 : 16;
		x->paths = mem_resize(x->paths, x->cap * sizeof(*x->paths));
	}
	x->paths[x->count++] = (struct decide_candidate){
		.set = attr_at(&x->family->attrs, attr), .path = path, .peer = peer};
}

static void tell_path(struct explaining *x, uint16_t peer, const struct attr_set *set)
{
	struct attrs as;

	attr_open(set, &as);
	buf_clear(&x->text);
	explain_attributes(&x->text, &as);
	explain_tell(x, &(struct rib_explain_item){
				.kind = EXPLAIN_PATH, .peer = peer, .text = buf_cstr(&x->text)});
}

static void tell_verdict(struct explaining *x, const struct rib_explain_item *item, uint32_t attr)
{
	struct rib_explain_item told = *item;
	struct attrs as;

	buf_clear(&x->text);
	if (attr) {
		attr_open(attr_at(&x->family->attrs, attr), &as);
		explain_attributes(&x->text, &as);
	}
	told.kind = EXPLAIN_VERDICT;
	told.text = buf_cstr(&x->text);
	explain_tell(x, &told);
}

// Ours, or another table's: it meets no import policy here.
static void own_path(struct explaining *x, uint32_t number, const struct path *p)
{
	if (!p->attr)
		return;
	tell_path(x, p->peer, attr_at(&x->family->attrs, p->attr));
	tell_verdict(x, &(struct rib_explain_item){.peer = p->peer, .stands = true}, p->attr);
	take_part(x, number, attr_ref(&x->family->attrs, p->attr), p->peer);
}

// By the limit that stands, also where the question is about a candidate.
static bool is_turned_away(const struct explaining *x, const struct path *p)
{
	const struct family *f = x->family;

	return f->limit && !p->attr &&
	       !limit_has_room(f, rib_number(f->rib, f->af, &x->want->key), 0);
}

static void peer_path(struct explaining *x, uint32_t number, const struct path *p,
		      const struct member *m)
{
	struct attr_table *t = &x->family->attrs;
	struct attrs as;
	uint32_t attr = 0;

	tell_path(x, p->peer, attr_at(t, p->attr_in));
	enum rib_bar bar = import_again(x, m, attr_at(t, p->attr_in), &as);
	if (!bar && is_turned_away(x, p))
		bar = BAR_LIMIT;
	if (!bar)
		attr = attr_intern(t, &as);
	tell_verdict(
		x,
		&(struct rib_explain_item){.peer = p->peer, .bar = bar, .stands = attr == p->attr},
		attr);
	if (attr)
		take_part(x, number, attr, p->peer);
	arena_reset(&x->arena);
}

static void one_path(struct explaining *x, uint32_t number)
{
	const struct path *p = table_path(&x->family->table, number);
	const struct member *m = rib_member(x->rib, p->peer, x->family->af);

	if (p->peer >= RIB_PEERS_MAX)
		own_path(x, number, p);
	else if (m && p->epoch >= m->purge_before)
		peer_path(x, number, p, m);
}

void explain_import_run(struct family *f, uint16_t peer, uint32_t n,
			const struct policy_observer *observer)
{
	const struct destination *d = table_at(&f->table, n);
	struct member *m = rib_member(f->rib, peer, f->af);
	struct arena *a = &f->rib->arena;
	struct attrs as;
	uint32_t prev;

	uint32_t number = m && m->import ? destination_path(f, d, peer, &prev) : 0;
	const struct path *p = number ? table_path(&f->table, number) : NULL;
	if (!p || p->epoch < m->purge_before)
		return;
	const struct attr_set *received = attr_at(&f->attrs, p->attr_in);
	const struct policy_context context = import_context(m->import);
	struct af_key key = {0};
	memcpy(key.b, d->key, f->af->key_size);
	arena_reset(a);
	attr_open(received, &as);
	if (!import_bar(m, received) && !import_before(m->import, received, &as, a))
		policy_explain(m->import->with.program, &context, &key, &as, a, observer);
}

// --- what nobody can know -----------------------------------------------------------------------------
static bool may_reject(const struct explaining *x, const struct member *m)
{
	if (!m->import || m->in.keep_all || !m->in.program)
		return false;
	return m->in.check_first_as || x->running->as_path_limit ||
	       !policy_program_is_open(m->in.program);
}

static void tell_unknown(struct explaining *x)
{
	const struct destination *d = destination_of(x);
	uint32_t prev;

	for (uint16_t i = 0; i < RIB_PEERS_MAX; i++) {
		const struct member *m = rib_member(x->rib, i, x->family->af);
		if (!m || !m->group || !may_reject(x, m) ||
		    (d && destination_path(x->family, d, i, &prev)))
			continue;
		explain_tell(x, &(struct rib_explain_item){.kind = EXPLAIN_UNKNOWN, .peer = i});
	}
}

// --- the decision ---------------------------------------------------------------------------------
static const struct decide_candidate *path_of(const struct explaining *x, uint32_t path)
{
	for (unsigned i = 0; i < x->count; i++)
		if (x->paths[i].path == path)
			return &x->paths[i];
	return NULL;
}

static void tell_loss(struct explaining *x, const struct decide_loss *l)
{
	const struct decide_candidate *lost = path_of(x, l->path), *to = path_of(x, l->to);
	const struct decide_step *step = decide_step(l->step);

	buf_clear(&x->text);
	buf_clear(&x->second);
	decide_value(x->family, l->step, to, &x->text);
	decide_value(x->family, l->step, lost, &x->second);
	explain_tell(x, &(struct rib_explain_item){.kind = EXPLAIN_LOSS,
						   .peer = lost->peer,
						   .other = to->peer,
						   .number = l->step,
						   .name = step ? step->name : "equal",
						   .rule = step ? step->text : "equal in all steps",
						   .text = buf_cstr(&x->text),
						   .second = buf_cstr(&x->second)});
}

static void tell_best(struct explaining *x)
{
	const struct destination *d = destination_of(x);
	const struct path *stored = d ? table_best(&x->family->table, d) : NULL;
	uint32_t there = stored ? d->first : 0;

	if (!x->count) {
		explain_tell(x, &(struct rib_explain_item){.kind = EXPLAIN_BEST,
							   .peer = RIB_NO_PEER,
							   .stands = !there});
		return;
	}
	struct decide_loss *losses = mem_alloc(x->count * sizeof(*losses));
	struct decide_candidate *c = mem_copy(x->paths, x->count * sizeof(*c));
	x->best = decide_best(x->family, c, x->count, losses);
	mem_free(c);
	const struct decide_candidate *best = path_of(x, x->best);
	x->best_attr = best->set->id;
	x->best_peer = best->peer;
	explain_tell(x, &(struct rib_explain_item){.kind = EXPLAIN_BEST,
						   .peer = best->peer,
						   .number = x->count,
						   .stands = there == x->best});
	for (unsigned i = 0; i + 1 < x->count; i++)
		tell_loss(x, &losses[i]);
	mem_free(losses);
}

void rib_explain(struct rib *r, const struct rib_explain_want *want, rib_explain_sink *sink,
		 void *arg)
{
	struct explaining x = {.rib = r,
			       .family = rib_family(r, want->af),
			       .want = want,
			       .sink = sink,
			       .arg = arg,
			       .best_peer = RIB_NO_PEER};
	struct table *t = &x.family->table;

	family_settle(x.family);
	x.running = x.family->options;
	if (want->candidate) // for as long as this call
		x.family->options = &want->candidate->options;
	arena_init(&x.arena, 4096);
	x.number = table_find(t, &want->key, af_key_hash(want->af, &want->key));
	for (uint32_t p = x.number ? table_at(t, x.number)->first : 0; p;
	     p = table_path(t, p)->next)
		one_path(&x, p);
	tell_unknown(&x);
	tell_best(&x);
	explain_neighbors(&x);
	for (unsigned i = 0; i < x.count; i++)
		attr_unref(&x.family->attrs, x.paths[i].set->id);
	x.family->options = x.running;
	mem_free(x.paths);
	arena_free(&x.arena);
	buf_free(&x.text);
	buf_free(&x.second);
}
