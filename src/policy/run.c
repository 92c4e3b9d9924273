// Running a program: on one route node by node (the plain meaning, from which explanations are
// told), and on attributes without a prefix (the outline with its leaves carried out).
// The two ways share the clauses and applies, not the walk: tests compare one with the other.
#include "policy/outline.h"

#include "base/mem.h"

bool key_test_matches(const struct key_test *t, const struct af *af, const struct af_key *key)
{
	struct prefix_words p = prefix_words_of_key(af, key);

	return t->permits(t, &p);
}

// --- without a prefix --------------------------------------------------------------------------
static const struct residual *residual_of(const struct policy_program *p,
					  const struct policy_context *x, const struct attrs *in,
					  const struct outline *o, struct arena *a)
{
	struct residual *r = arena_zero(a, sizeof(*r));

	if (o->test) {
		r->kind = RESIDUAL_TEST;
		r->test = o->test;
		r->yes = residual_of(p, x, in, o->yes, a);
		r->no = residual_of(p, x, in, o->no, a);
	} else if (o->accept) {
		unsigned count;
		const struct policy_node **nodes = effects_list(o->effects, a, &count);
		r->attrs = arena_copy(a, in, sizeof(*in));
		r->kind = effects_apply(p, x, nodes, count, r->attrs, a) ? RESIDUAL_ACCEPT
									 : RESIDUAL_REJECT;
	}
	return r;
}

const struct residual *policy_run(const struct policy_program *p, const struct policy_context *x,
				  const struct attrs *in, struct arena *a)
{
	const struct outline *o = policy_outline(p, x, in, a);

	if (o)
		return residual_of(p, x, in, o, a);
	struct residual *r = arena_zero(a, sizeof(*r));
	r->kind = RESIDUAL_ROUTE;
	return r;
}

// --- one route ---------------------------------------------------------------------------------
struct run {
	struct route_state state;
	const struct af_key *key;
	const struct stage *stage;
	const struct policy_observer *observer; // NULL: nobody listens
};

static void observe(struct run *r, struct policy_step step)
{
	step.stage = r->stage->name;
	if (r->observer)
		r->observer->step(r->observer->arg, &step);
}

static bool clause_holds(struct run *r, const struct clause *c)
{
	const struct policy_program *p = r->state.program;

	if (clause_is_test(p, c))
		return key_test_matches((const struct key_test *)c->filter, p->af, r->key);
	return clause_matches(&r->state, c);
}

static bool node_holds(struct run *r, const struct policy_node *n)
{
	bool all = true;

	for (unsigned i = 0; i < n->clause_count && (all || r->observer);) {
		bool any = false;
		unsigned first = i;
		for (; i < n->clause_count && clause_same_kind(&n->clauses[first], &n->clauses[i]);
		     i++) {
			bool holds = clause_holds(r, &n->clauses[i]);
			observe(r, (struct policy_step){.clause = clause_name(&n->clauses[i]),
							.node = n->number,
							.place = i,
							.matched = holds,
							.permit = n->permit});
			any = any || holds;
		}
		all = all && any;
	}
	observe(r, (struct policy_step){.node = n->number, .matched = all, .permit = n->permit});
	return all;
}

static void observe_applied(struct run *r, const struct policy_node *n)
{
	const struct policy_step step = {
		.stage = r->stage->name, .node = n->number, .matched = true, .permit = true};

	if (r->observer && r->observer->applied)
		r->observer->applied(r->observer->arg, &step, r->state.attrs);
}

static bool policy_stage(struct run *r, const struct route_policy *policy)
{
	unsigned at = 0;

	r->state.tag = 0;
	while (at < policy->count) {
		const struct policy_node *n = &policy->nodes[at];
		if (!node_holds(r, n)) {
			at++;
			continue;
		}
		if (!n->permit)
			return false;
		node_apply(&r->state, n);
		observe_applied(r, n);
		if (n->next == NODE_DONE)
			return true;
		at = n->next;
	}
	return false;
}

static bool stage_permits(struct run *r)
{
	const struct policy_program *p = r->state.program;
	const struct object *o = r->stage->object;

	switch (r->stage->kind) {
	case STAGE_ADDRESS:
		return key_test_matches((const struct key_test *)o, p->af, r->key);
	case STAGE_TARGETS:
	case STAGE_VALUES:
	case STAGE_PATH:
		return stage_matches(r->stage, r->state.attrs, r->state.scratch);
	case STAGE_POLICY:
		return policy_stage(r, (const struct route_policy *)o);
	case STAGE_REJECT:
		break;
	}
	return false;
}

bool policy_explain(const struct policy_program *p, const struct policy_context *x,
		    const struct af_key *key, struct attrs *inout, struct arena *a,
		    const struct policy_observer *observer)
{
	struct match_scratch scratch = {0};
	struct run r = {.state = {.program = p,
				  .context = x,
				  .attrs = inout,
				  .arena = a,
				  .scratch = &scratch},
			.key = key,
			.observer = observer};
	bool permit = true;

	for (unsigned i = 0; i < p->count && permit; i++) {
		r.stage = &p->stages[i];
		permit = stage_permits(&r);
		observe(&r, (struct policy_step){.matched = permit, .permit = permit, .end = true});
	}
	match_scratch_free(&scratch);
	return permit && attrs_fit(inout);
}

bool policy_run_route(const struct policy_program *p, const struct policy_context *x,
		      const struct af_key *key, struct attrs *inout, struct arena *a)
{
	return policy_explain(p, x, key, inout, a, NULL);
}
