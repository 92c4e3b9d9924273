// Comparing two programs stage by stage, node by node, list by list.
//
// Three steps down. Programs: stages of one kind are compared in their order; a filter on prefixes
// that only one program has is compared with one that lets everything pass. Of sets of route targets
// that both have, those are taken that are in one of them alone (difference_targets.c). Route-policies: nodes
// of one number that are alike but for their tests of the prefix are compared by these tests; any
// other node must have such tests, and where none of them permits the prefix the node is passed by
// as if it were not there. Lists: rules at the head and at the tail that both have are left out;
// what lies in no rule of the rest gets the same answer from both.
#include "policy/difference.h"

#include "base/mem.h"
#include "policy/outline.h"

#define BITS_MAX 128 // of a prefix length: any

struct comparison {
	const struct policy_program *a, *b;
	unsigned bits; // of the family's addresses
	struct difference *out;
};

// --- blocks ------------------------------------------------------------------------------------
static const struct difference_block everything = {0, UINT64_MAX, 0, BITS_MAX};

void difference_everywhere(struct difference *ret)
{
	*ret = (struct difference){.count = 1, .blocks = {everything}};
}

bool difference_is_everywhere(const struct difference *d)
{
	const struct difference_block *b = &d->blocks[0];

	return d->count && !b->first && b->last == UINT64_MAX && !b->low && b->high == BITS_MAX;
}

bool difference_is_nowhere(const struct difference *d)
{
	return !d->count && !d->target_count;
}

static struct difference_block block_around(const struct difference_block *x,
					    const struct difference_block *y)
{
	return (struct difference_block){
		.first = x->first < y->first ? x->first : y->first,
		.last = x->last > y->last ? x->last : y->last,
		.low = x->low < y->low ? x->low : y->low,
		.high = x->high > y->high ? x->high : y->high,
	};
}

// Enters a block that shares no address with any that is there. When there is no room the two with
// the smallest gap between them become one.
static void block_insert(struct difference *d, const struct difference_block *new)
{
	struct difference_block all[DIFFERENCE_BLOCKS + 1];
	unsigned n = 0, near = 0;

	while (n < d->count && d->blocks[n].first < new->first) {
		all[n] = d->blocks[n];
		n++;
	}
	all[n] = *new;
	for (; n < d->count; n++)
		all[n + 1] = d->blocks[n];
	n++;
	for (unsigned i = 1; n > DIFFERENCE_BLOCKS && i + 1 < n; i++)
		if (all[i + 1].first - all[i].last < all[near + 1].first - all[near].last)
			near = i;
	d->count = 0;
	for (unsigned i = 0; i < n; i++) {
		if (n > DIFFERENCE_BLOCKS && i == near) {
			d->blocks[d->count++] = block_around(&all[i], &all[i + 1]);
			i++;
		} else {
			d->blocks[d->count++] = all[i];
		}
	}
}

static void block_add(struct difference *d, const struct difference_block *b)
{
	struct difference_block new = *b;
	unsigned kept = 0;

	for (unsigned i = 0; i < d->count; i++) {
		const struct difference_block *x = &d->blocks[i];
		if (x->first <= new.first &&new.last <= x->last &&
		    x->low <= new.low &&new.high <= x->high)
			return;
	}
	// What the block grows by lies in a block that was there, so one pass finds all.
	for (unsigned i = 0; i < d->count; i++) {
		if (d->blocks[i].first <= b->last && b->first <= d->blocks[i].last)
			new = block_around(&new, &d->blocks[i]);
		else
			d->blocks[kept++] = d->blocks[i];
	}
	d->count = kept;
	block_insert(d, &new);
}

void difference_add(struct difference *d, const struct difference *other)
{
	for (unsigned i = 0; i < other->count; i++)
		block_add(d, &other->blocks[i]);
	for (unsigned i = 0; i < other->target_count; i++)
		difference_add_targets(d, &other->targets[i]);
}

// --- asking ------------------------------------------------------------------------------------
// The first block that does not end before the address.
static unsigned block_at(const struct difference *d, uint64_t address)
{
	unsigned i = 0;

	while (i < d->count && d->blocks[i].last < address)
		i++;
	return i;
}

bool difference_has(const struct difference *d, const struct af *af, const struct af_key *key)
{
	unsigned length;

	if (!d->count || !af->prefix_bits)
		return d->count;
	const uint8_t *b = af->prefix(key, &length);
	uint64_t address = difference_address(b, af->prefix_bits);
	unsigned i = block_at(d, address);
	return i < d->count && d->blocks[i].first <= address && length >= d->blocks[i].low &&
	       length <= d->blocks[i].high;
}

struct difference_scan difference_scan(const struct difference *d, const struct af *af,
				       const struct attr_table *sets)
{
	static const struct af_key any;
	struct difference_scan x = {.difference = d, .af = af, .sets = sets, .marks = d->marks};
	unsigned length;

	if (af->prefix_bits)
		x.place = (unsigned)(af->prefix(&any, &length) - any.b);
	x.size = d->count ? 0 : UINT64_MAX;
	return x;
}

bool difference_scan_look(struct difference_scan *x, const struct af_key *key)
{
	const struct difference *d = x->difference;

	if (!x->af->prefix_bits || !d->count)
		return d->count;
	uint64_t address = difference_address(key->b + x->place, x->af->prefix_bits);
	unsigned i = block_at(d, address);
	if (i < d->count && d->blocks[i].first <= address)
		return difference_has(d, x->af, key);
	x->first = i ? d->blocks[i - 1].last + 1 : 0;
	x->size = (i < d->count ? d->blocks[i].first : UINT64_MAX) - x->first;
	return false;
}

// --- lists -------------------------------------------------------------------------------------
// A list that permits every prefix, as a partner for one that is missing.
static struct prefix_rule rule_of_all(const struct key_test *t, uint32_t i)
{
	return (struct prefix_rule){.high = BITS_MAX, .permit = true};
}

static const struct key_test permits_all = {.rules = 1, .rule = rule_of_all};
static const struct key_test permits_none = {.rule = rule_of_all};

static struct prefix_rule rule_at(const struct comparison *c, const struct key_test *t, uint32_t i)
{
	struct prefix_rule r = t->rule(t, i);

	if (r.high >= c->bits)
		r.high = BITS_MAX;
	return r;
}

static bool rules_equal(const struct comparison *c, const struct key_test *a, uint32_t i,
			const struct key_test *b, uint32_t k)
{
	struct prefix_rule x = rule_at(c, a, i), y = rule_at(c, b, k);

	return x.hi == y.hi && x.lo == y.lo && x.mask_hi == y.mask_hi && x.mask_lo == y.mask_lo &&
	       x.low == y.low && x.high == y.high && x.permit == y.permit;
}

static struct difference_block rule_block(const struct prefix_rule *r)
{
	unsigned n = r->mask_hi == UINT64_MAX ? 64 : (unsigned)__builtin_clzll(~r->mask_hi);
	uint64_t lead = n ? UINT64_MAX << (64 - n) : 0; // bits that are compared, up to a gap

	return (struct difference_block){r->hi & lead, (r->hi & lead) | ~lead, r->low, r->high};
}

// Rules of a list between head and tail. Where nothing follows that both lists have, the answer
// outside is "denied" in any case, so that rules that deny make no difference.
static void add_rules(struct comparison *c, const struct key_test *t, uint32_t head, uint32_t tail)
{
	for (uint32_t i = head; i < t->rules - tail; i++) {
		struct prefix_rule r = rule_at(c, t, i);
		struct difference_block b = rule_block(&r);
		if (tail || r.permit)
			block_add(c->out, &b);
	}
}

static void compare_tests(struct comparison *c, const struct key_test *a, const struct key_test *b)
{
	uint32_t least = a->rules < b->rules ? a->rules : b->rules, head = 0, tail = 0;

	if (a == b)
		return;
	if (!a->rule || !b->rule) { // no list of prefixes
		difference_everywhere(c->out);
		return;
	}
	while (head < least && rules_equal(c, a, head, b, head))
		head++;
	while (head + tail < least &&
	       rules_equal(c, a, a->rules - 1 - tail, b, b->rules - 1 - tail))
		tail++;
	add_rules(c, a, head, tail);
	add_rules(c, b, head, tail);
}

// --- nodes -------------------------------------------------------------------------------------
static const struct key_test *clause_test(const struct policy_program *p, const struct clause *c)
{
	bool test = c->kind == MATCH_PREFIX && clause_is_test(p, c);

	return test ? (const struct key_test *)c->filter : NULL;
}

static bool node_asks(const struct policy_program *p, const struct policy_node *n,
		      const struct key_test *t)
{
	for (unsigned i = 0; i < n->clause_count; i++)
		if (clause_test(p, &n->clauses[i]) == t)
			return true;
	return false;
}

// The node's only test; NULL: it has several or none.
static const struct key_test *node_test(const struct policy_program *p, const struct policy_node *n)
{
	const struct key_test *found = NULL;

	for (unsigned i = 0; i < n->clause_count; i++) {
		const struct key_test *t = clause_test(p, &n->clauses[i]);
		if (t && found)
			return NULL;
		found = t ? t : found;
	}
	return found;
}

static const struct clause *clause_beside(const struct policy_node *n, unsigned *at)
{
	while (*at < n->clause_count && n->clauses[*at].kind == MATCH_PREFIX)
		++*at;
	return *at < n->clause_count ? &n->clauses[(*at)++] : NULL;
}

// The same but for number, tests of the prefix and goto.
static bool nodes_alike(const struct policy_node *x, const struct policy_node *y)
{
	unsigned i = 0, k = 0;

	if (x->permit != y->permit || x->effect.lo != y->effect.lo || x->effect.hi != y->effect.hi)
		return false;
	for (;;) {
		const struct clause *c = clause_beside(x, &i), *d = clause_beside(y, &k);
		if (!c || !d)
			return !c && !d;
		if (c->kind != d->kind || c->wide != d->wide || c->whole != d->whole ||
		    c->always != d->always || c->low != d->low || c->high != d->high ||
		    c->filter != d->filter)
			return false;
	}
}

// Where the node may match. other: a node whose tests do not count, or NULL.
static void add_node(struct comparison *c, const struct policy_program *p,
		     const struct policy_node *n, const struct policy_program *q,
		     const struct policy_node *other)
{
	if (node_is_untested(p, n)) {
		difference_everywhere(c->out);
		return;
	}
	for (unsigned i = 0; i < n->clause_count; i++) {
		const struct key_test *t = clause_test(p, &n->clauses[i]);
		if (t && !(other && node_asks(q, other, t)))
			compare_tests(c, t, &permits_none);
	}
}

// Two nodes that are alike but for their tests.
static void compare_nodes(struct comparison *c, const struct policy_node *x,
			  const struct policy_node *y)
{
	bool all = node_is_untested(c->a, x), any = node_is_untested(c->b, y);
	const struct key_test *s = all ? &permits_all : node_test(c->a, x);
	const struct key_test *t = any ? &permits_all : node_test(c->b, y);

	if (all && any)
		return;
	if (s && t) {
		compare_tests(c, s, t);
	} else {
		add_node(c, c->a, x, c->b, y);
		add_node(c, c->b, y, c->a, x);
	}
}

// --- route-policies ----------------------------------------------------------------------------
// Number of the node to which the way leads from here, past those that only one policy has.
static int64_t landing(const struct route_policy *r, const bool *shared, uint32_t at)
{
	if (at == NODE_DONE)
		return -1;
	while (at < r->count && !shared[at])
		at++;
	return at < r->count ? (int64_t)r->nodes[at].number : -2;
}

static void compare_ways(struct comparison *c, const struct route_policy *a, const bool *shared_a,
			 const struct route_policy *b, const bool *shared_b)
{
	for (uint32_t i = 0, k = 0; i < a->count; i++) {
		if (!shared_a[i])
			continue;
		while (!shared_b[k])
			k++;
		if (landing(a, shared_a, a->nodes[i].next) !=
		    landing(b, shared_b, b->nodes[k].next)) {
			add_node(c, c->a, &a->nodes[i], NULL, NULL);
			add_node(c, c->b, &b->nodes[k], NULL, NULL);
		}
		k++;
	}
}

static void compare_policies(struct comparison *c, const struct route_policy *a,
			     const struct route_policy *b)
{
	bool *shared_a = mem_zero(a->count + 1), *shared_b = mem_zero(b->count + 1);
	uint32_t i = 0, k = 0;

	while ((i < a->count || k < b->count) && !difference_is_everywhere(c->out)) {
		const struct policy_node *x = i < a->count ? &a->nodes[i] : NULL;
		const struct policy_node *y = k < b->count ? &b->nodes[k] : NULL;
		if (x && y && x->number == y->number && nodes_alike(x, y)) {
			compare_nodes(c, x, y);
			shared_a[i++] = shared_b[k++] = true;
		} else if (x && (!y || x->number <= y->number)) {
			add_node(c, c->a, x, NULL, NULL);
			i++;
		} else {
			add_node(c, c->b, y, NULL, NULL);
			k++;
		}
	}
	if (!difference_is_everywhere(c->out))
		compare_ways(c, a, shared_a, b, shared_b);
	mem_free(shared_a);
	mem_free(shared_b);
}

// --- programs ----------------------------------------------------------------------------------
static void add_range(void *difference, uint64_t first, uint64_t last)
{
	difference_add_targets(difference, &(struct difference_range){first, last});
}

static void compare_stages(struct comparison *c, const struct stage *x, const struct stage *y)
{
	if (x->object == y->object)
		return;
	if (x->kind == STAGE_ADDRESS)
		compare_tests(c, (const struct key_test *)x->object,
			      (const struct key_test *)y->object);
	else if (x->kind == STAGE_POLICY)
		compare_policies(c, (const struct route_policy *)x->object,
				 (const struct route_policy *)y->object);
	else if (x->kind == STAGE_TARGETS)
		targets_differ(x->object, y->object, add_range, c->out);
	else
		difference_everywhere(c->out);
}

void difference_of(const struct policy_program *a, const struct policy_program *b,
		   struct difference *ret)
{
	struct comparison c = {.a = a, .b = b, .out = ret};
	unsigned i = 0, k = 0;

	*ret = (struct difference){0};
	if (a == b && a)
		return;
	if (!a || !b || a->uses_peer != b->uses_peer) {
		difference_everywhere(ret);
		return;
	}
	c.bits = a->af ? a->af->prefix_bits : b->af ? b->af->prefix_bits : 0;
	while ((i < a->count || k < b->count) && !difference_is_everywhere(ret)) {
		const struct stage *x = i < a->count ? &a->stages[i] : NULL;
		const struct stage *y = k < b->count ? &b->stages[k] : NULL;
		if (x && y && x->kind == y->kind) {
			compare_stages(&c, x, y);
			i++;
			k++;
		} else if (x && x->kind == STAGE_ADDRESS) {
			compare_tests(&c, (const struct key_test *)x->object, &permits_all);
			i++;
		} else if (y && y->kind == STAGE_ADDRESS) {
			compare_tests(&c, (const struct key_test *)y->object, &permits_all);
			k++;
		} else {
			difference_everywhere(ret);
		}
	}
}
