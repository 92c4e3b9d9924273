// The exchange explained (vpn/explain.h): each tie is asked once more, with somebody listening.
#include "vpn/explain.h"

#include "vpn/private.h"

#include <string.h>

struct telling {
	struct exchange *x;
	const struct rib_explain_want *want;
	const struct exchange_candidate *candidate;
	rib_explain_sink *sink;
	void *arg;
	struct attrs seen;
	struct buf text;
};

static void on_step(void *arg, const struct policy_step *step)
{
	const struct telling *t = arg;

	t->sink(t->arg, &(struct rib_explain_item){.kind = EXPLAIN_STEP, .step = *step});
}

static void on_applied(void *arg, const struct policy_step *node, const struct attrs *as)
{
	struct telling *t = arg;

	buf_clear(&t->text);
	explain_difference(&t->text, &t->seen, as);
	t->seen = *as;
	t->sink(t->arg, &(struct rib_explain_item){
				.kind = EXPLAIN_APPLY, .step = *node, .text = buf_cstr(&t->text)});
}

// The tie as the question has it. What it owns stays the other one's.
static struct tie as_asked(const struct telling *t, const struct tie *tie, uint16_t instance)
{
	static const struct vpn_link none;
	struct tie as_if = *tie;

	if (!t->candidate)
		return as_if;
	const struct vpn_link *link = t->candidate->link(t->candidate->arg, instance, tie->inner);
	as_if.link = link ? *link : none;
	return as_if;
}

// --- what is lent ---------------------------------------------------------------------------------
struct search {
	const uint8_t *rd;
	bool found;
};

static bool is_it(void *arg, const struct rib_route *route)
{
	struct search *s = arg;

	s->found |= route->peer == RIB_LENT && route->installed &&
		    !memcmp(route->installed->local.rd, s->rd, 8);
	return !s->found;
}

static bool is_lent(struct rib *r, const struct af *af, const struct af_key *key,
		    const uint8_t rd[8])
{
	struct search s = {.rd = rd};
	const struct rib_query q = {.af = af, .view = RIB_VIEW_LOC, .exact = key};

	if (r)
		rib_read(r, &q, is_it, &s);
	return s.found;
}

static void tell_table(struct telling *t, uint16_t table, enum rib_bar bar, const struct attrs *as,
		       bool lent)
{
	buf_clear(&t->text);
	if (!bar)
		explain_attributes(&t->text, as);
	t->sink(t->arg, &(struct rib_explain_item){.kind = EXPLAIN_TABLE,
						   .number = table,
						   .bar = bar,
						   .text = buf_cstr(&t->text),
						   .stands = lent == !bar});
	arena_reset(&t->x->arena);
}

// --- both ways ------------------------------------------------------------------------------------
static void taken_by(struct telling *t, uint16_t instance, const struct tie *tie,
		     const struct vpn_route *r)
{
	static const uint8_t no_rd[8];
	const struct policy_observer observer = {.step = on_step, .arg = t, .applied = on_applied};
	struct tie as_if = as_asked(t, tie, instance);
	struct attrs as = {0};
	struct af_key inner;

	if (r->set)
		attr_open(r->set, &t->seen);
	tie->outer->to_inner(r->key, &inner);
	enum rib_bar bar = tie_let_in(&as_if, r, &inner, &as, &observer);
	const uint8_t *rd = tie->outer->rd ? tie->outer->rd(r->key) : no_rd;
	tell_table(t, instance, bar, &as, is_lent(tie->rib, tie->inner, &inner, rd));
}

static void explain_taking(struct telling *t)
{
	const struct af *af = t->want->af;
	struct rib *r = exchange_public(t->x);
	struct af_key key = t->want->key, same;
	struct vpn_route route = {.key = &key, .peer = RIB_NO_PEER};

	route.set = rib_best(r, af, rib_number(r, af, &key), &same, &route.peer);
	for (unsigned i = 1; route.set && i < t->x->place_count; i++) {
		const struct tie *tie = exchange_tie(t->x, (uint16_t)i, af->inner);
		if (tie && tie->outer == af)
			taken_by(t, (uint16_t)i, tie, &route);
	}
}

static void explain_giving(struct telling *t, uint16_t instance, const struct tie *tie)
{
	const struct policy_observer observer = {.step = on_step, .arg = t, .applied = on_applied};
	struct tie as_if = as_asked(t, tie, instance);
	struct attrs as = {0};
	struct af_key same, outer;
	enum rib_bar bar = BAR_NO_LINK;
	uint16_t peer;

	const struct attr_set *set =
		rib_best_own(tie->rib, tie->inner, rib_number(tie->rib, tie->inner, &t->want->key),
			     &same, &peer);
	if (as_if.link.present && !set)
		bar = BAR_NOT_OWN;
	if (as_if.link.present && set) {
		attr_open(set, &as);
		t->seen = as;
		bar = tie_let_out(&as_if, &t->want->key, &as, &observer);
	}
	tie->outer->from_inner(&t->want->key, tie->link.rd, &outer);
	tell_table(t, 0, bar, &as,
		   is_lent(exchange_public(t->x), tie->outer, &outer, tie->link.rd));
}

void exchange_explain(struct exchange *x, uint16_t instance, const struct rib_explain_want *want,
		      const struct exchange_candidate *candidate, rib_explain_sink *sink, void *arg)
{
	struct telling t = {.x = x, .want = want, .candidate = candidate, .sink = sink, .arg = arg};

	if (!instance && want->af->inner && exchange_public(x)) {
		explain_taking(&t);
	} else if (instance) {
		const struct tie *tie = exchange_tie(x, instance, want->af);
		if (tie && tie->rib && tie->outer && exchange_public(x))
			explain_giving(&t, instance, tie);
	}
	buf_free(&t.text);
}
