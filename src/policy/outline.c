// Walking a program without knowing the key.
//
// The walk stands at a place (stage, node, alternative). What attributes alone decide is decided at
// once; a test of the key splits the walk in two, each with the answer noted, so that the same
// test asked again further on is no new question. Branches that end alike are joined. The number of
// tests is bounded: goto can double the tree at each node.
// Attributes change during the walk only where something later may look at them (goto next-node,
// a further stage).
#include "policy/outline.h"

#include <string.h>

// An answer given on the way to a place.
struct answer {
	const struct answer *before;
	const struct key_test *test;
	bool yes;
};

struct place {
	unsigned stage, node;
	unsigned clause; // 0: the node has not been looked at; else one more than the place in it
	const struct attrs *attrs;
	uint32_t tag;
	const struct effect *effects;
	const struct answer *answers;
	unsigned answer_count;
};

struct walk {
	const struct policy_program *program;
	const struct policy_context *context;
	struct arena *arena;
	struct match_scratch scratch;
	unsigned tests, visits;
};

enum {
	ANSWERS_SEARCHED = 64, // how far back: a longer look would cost more than it saves
	VISITS_MAX = 1u << 17, // nodes looked at, for programs that ask much after many tests
};

static const struct outline rejected = {.accept = false};

static struct route_state state_of(struct walk *w, const struct place *at)
{
	return (struct route_state){.program = w->program,
				    .context = w->context,
				    .attrs = (struct attrs *)at->attrs,
				    .tag = at->tag,
				    .arena = w->arena,
				    .scratch = &w->scratch};
}

// -1: not asked on this way.
static int answer_known(const struct place *at, const struct key_test *t)
{
	const struct answer *x = at->answers;

	for (unsigned i = 0; x && i < ANSWERS_SEARCHED; i++, x = x->before)
		if (x->test == t)
			return x->yes;
	return -1;
}

static struct place place_after(struct walk *w, const struct place *at, const struct key_test *t,
				bool yes)
{
	struct place next = *at;
	struct answer *x = arena_alloc(w->arena, sizeof(*x));

	*x = (struct answer){at->answers, t, yes};
	next.answers = x;
	return next;
}

// The node at the place has matched. false: the program ends here with a rejection.
static bool node_matched(struct walk *w, struct place *at, const struct policy_node *n)
{
	if (!n->permit)
		return false;
	bool last = n->next == NODE_DONE;
	bool looked_at = !last || at->stage + 1 < w->program->count;
	if (n->apply_count) {
		struct effect *e = arena_alloc(w->arena, sizeof(*e));
		*e = (struct effect){at->effects, n};
		at->effects = e;
	}
	if (n->apply_count && looked_at) {
		struct route_state s = state_of(w, at);
		s.attrs = arena_copy(w->arena, at->attrs, sizeof(*at->attrs));
		node_apply(&s, n);
		at->attrs = s.attrs;
		at->tag = s.tag;
	}
	at->clause = 0;
	if (last) {
		at->stage++;
		at->node = 0;
		at->tag = 0;
	} else {
		at->node = n->next;
	}
	return true;
}

// Whether everything in the node but tests of the key matches.
static bool node_statics(struct walk *w, const struct place *at, const struct policy_node *n)
{
	struct route_state s = state_of(w, at);

	for (unsigned i = 0; i < n->clause_count;) {
		bool any = false, test = false;
		unsigned first = i;
		for (; i < n->clause_count && clause_same_kind(&n->clauses[first], &n->clauses[i]);
		     i++) {
			if (clause_is_test(w->program, &n->clauses[i]))
				test = true;
			else
				any = any || clause_matches(&s, &n->clauses[i]);
		}
		if (!any && !test)
			return false;
	}
	return true;
}

bool node_is_untested(const struct policy_program *p, const struct policy_node *n)
{
	bool test = false;

	for (unsigned i = 0; i < n->clause_count; i++) {
		const struct clause *c = &n->clauses[i];
		if (c->kind != MATCH_PREFIX)
			continue;
		if (clause_is_test(p, c))
			test = true;
		else if (c->always && c->wide == (p->af->prefix_bits == 128))
			return true;
	}
	return !test;
}

enum outcome { OUTCOME_TEST, OUTCOME_REJECT, OUTCOME_ACCEPT };

// Where the clauses behind those of one kind begin. *ret_open: some alternative holds whatever the
// key is. Those are the ones that are no tests: beside tests, filters that are not there; and where
// there are no tests, node_statics has found that one of them matches.
static unsigned kind_end(const struct policy_program *p, const struct policy_node *n,
			 unsigned first, bool *ret_open)
{
	unsigned i = first;

	*ret_open = false;
	for (; i < n->clause_count && clause_same_kind(&n->clauses[first], &n->clauses[i]); i++)
		*ret_open = *ret_open || !clause_is_test(p, &n->clauses[i]);
	return i;
}

// Asks the node's alternatives about the key, from the place on, kind by kind. False: one of them
// is a new question, *ret_test.
static bool node_tested(struct walk *w, struct place *at, const struct policy_node *n,
			bool *ret_matched, const struct key_test **ret_test)
{
	*ret_matched = false;
	while (at->clause <= n->clause_count) {
		bool open;
		unsigned end = kind_end(w->program, n, at->clause - 1, &open);
		int known = open;
		for (; !known && at->clause <= end; at->clause += !known) {
			*ret_test = (const struct key_test *)n->clauses[at->clause - 1].filter;
			known = answer_known(at, *ret_test);
			if (known < 0)
				return false;
		}
		if (!known)
			return true;
		at->clause = end + 1;
	}
	*ret_matched = true;
	return true;
}

// Goes on in a route-policy stage until a new test (then *ret_test, with the place at its clause),
// the stage's end or a rejection.
static enum outcome policy_advance(struct walk *w, struct place *at,
				   const struct key_test **ret_test)
{
	const struct route_policy *r =
		(const struct route_policy *)w->program->stages[at->stage].object;
	unsigned stage = at->stage;

	while (at->stage == stage) {
		if (at->node >= r->count)
			return OUTCOME_REJECT;
		const struct policy_node *n = &r->nodes[at->node];
		bool fresh = !at->clause, matched;
		w->visits += fresh;
		if (fresh && !node_statics(w, at, n)) {
			at->node++;
			continue;
		}
		at->clause += fresh;
		if (!node_tested(w, at, n, &matched, ret_test))
			return OUTCOME_TEST;
		if (!matched) {
			at->node++;
			at->clause = 0;
		} else if (!node_matched(w, at, n)) {
			return OUTCOME_REJECT;
		}
	}
	return OUTCOME_ACCEPT;
}

static enum outcome advance(struct walk *w, struct place *at, const struct key_test **ret_test)
{
	while (at->stage < w->program->count) {
		const struct stage *s = &w->program->stages[at->stage];
		enum outcome o = OUTCOME_ACCEPT;
		int known;

		switch (s->kind) {
		case STAGE_REJECT:
			return OUTCOME_REJECT;
		case STAGE_TARGETS:
		case STAGE_VALUES:
		case STAGE_PATH:
			if (!stage_matches(s, at->attrs, &w->scratch))
				return OUTCOME_REJECT;
			at->stage++;
			break;
		case STAGE_ADDRESS:
			*ret_test = (const struct key_test *)s->object;
			known = answer_known(at, *ret_test);
			if (known < 1)
				return known < 0 ? OUTCOME_TEST : OUTCOME_REJECT;
			at->stage++;
			break;
		case STAGE_POLICY:
			o = policy_advance(w, at, ret_test);
			break;
		}
		if (o != OUTCOME_ACCEPT)
			return o;
	}
	return OUTCOME_ACCEPT;
}

static bool effects_equal(const struct effect *a, const struct effect *b)
{
	while (a && b && a->node == b->node) {
		a = a->before;
		b = b->before;
	}
	return !a && !b;
}

static bool leaves_equal(const struct outline *a, const struct outline *b)
{
	return !a->test && !b->test && a->accept == b->accept &&
	       (!a->accept || effects_equal(a->effects, b->effects));
}

static const struct outline *outline_walk(struct walk *w, struct place at)
{
	const struct key_test *t = NULL;
	enum outcome o = advance(w, &at, &t);

	if (o == OUTCOME_REJECT)
		return &rejected;
	struct outline *x = arena_zero(w->arena, sizeof(*x));
	if (o == OUTCOME_ACCEPT) {
		x->accept = true;
		x->effects = at.effects;
		return x;
	}
	if (w->tests++ >= RESIDUAL_NODES_MAX || w->visits > VISITS_MAX)
		return NULL;
	// Either side finds the answer noted when it comes to the same place again.
	x->test = t;
	x->yes = outline_walk(w, place_after(w, &at, t, true));
	x->no = x->yes ? outline_walk(w, place_after(w, &at, t, false)) : NULL;
	if (!x->yes || !x->no)
		return NULL;
	return leaves_equal(x->yes, x->no) ? x->yes : x;
}

const struct outline *policy_outline(const struct policy_program *p, const struct policy_context *x,
				     const struct attrs *in, struct arena *a)
{
	struct walk w = {.program = p, .context = x, .arena = a};
	const struct outline *o = outline_walk(&w, (struct place){.attrs = in});

	match_scratch_free(&w.scratch);
	return o;
}

const struct policy_node **effects_list(const struct effect *e, struct arena *a,
					unsigned *ret_count)
{
	unsigned n = 0;

	for (const struct effect *x = e; x; x = x->before)
		n++;
	const struct policy_node **list = arena_alloc(a, (n + 1) * sizeof(*list));
	*ret_count = n;
	for (const struct effect *x = e; x; x = x->before)
		list[--n] = x->node;
	return list;
}

bool effects_apply(const struct policy_program *p, const struct policy_context *x,
		   const struct policy_node *const *nodes, unsigned count, struct attrs *inout,
		   struct arena *a)
{
	struct match_scratch scratch = {0};
	struct route_state s = {
		.program = p, .context = x, .attrs = inout, .arena = a, .scratch = &scratch};

	for (unsigned i = 0; i < count; i++)
		node_apply(&s, nodes[i]);
	match_scratch_free(&scratch);
	return attrs_fit(inout);
}
