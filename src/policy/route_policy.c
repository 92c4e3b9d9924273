// Compiling a route-policy: nodes by number, clauses by kind, applies by the order of their effect.
//
// goto next-node: the place of the node to go on with. `goto next-node N` without a node N means
// the first one behind it; when there is none the route matches nothing more and is denied.
// A deny node's applies and goto mean nothing and are left out of the content.
#include "policy/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/snapshot.h"

struct filling {
	struct compile *c;
	struct policy_snapshot *snapshot;
	struct route_policy *policy;
	bool nonexistent_allowed;
	uint32_t node;
};

// Which filters the names of a clause are; FILTER_KINDS: its kind has none.
static enum filter_kind clause_filters(const struct source_match *m)
{
	switch (m->kind) {
	case MATCH_PREFIX:
	case MATCH_NEXT_HOP:
	case MATCH_ROUTE_SOURCE:
	case MATCH_GROUP_ADDRESS:
		if (m->acl)
			return m->wide ? FILTER_ACL_WIDE : FILTER_ACL;
		return m->wide ? FILTER_PREFIX_WIDE : FILTER_PREFIX;
	case MATCH_PATH_FILTER:
		return FILTER_PATH;
	case MATCH_COMMUNITY:
		return FILTER_COMMUNITY;
	case MATCH_LARGE_COMMUNITY:
		return FILTER_LARGE_COMMUNITY;
	case MATCH_EXT_COMMUNITY:
		return FILTER_EXT_COMMUNITY;
	case MATCH_SOO:
		return FILTER_SOO;
	case MATCH_RD:
		return FILTER_RD;
	default:
		return FILTER_KINDS;
	}
}

static unsigned clauses_of(const struct source_match *m)
{
	return clause_filters(m) == FILTER_KINDS ? 1 : m->names.count;
}

static void clause_named(struct filling *f, struct clause *c, enum filter_kind kind,
			 const char *name)
{
	c->filter = object_ref(snapshot_find(f->snapshot, kind, name));
	if (c->filter)
		return;
	c->always = true;
	if (!f->nonexistent_allowed && kind != FILTER_ACL && kind != FILTER_ACL_WIDE)
		compile_complain(f->c, "node %u: %s %s does not exist", f->node,
				 filter_kind_words(kind), name);
}

// The alternatives of one statement, one clause for each name. Returns their number.
static unsigned clause_compile(struct filling *f, const struct source_match *m, struct clause *ret)
{
	enum filter_kind kind = clause_filters(m);
	unsigned count = clauses_of(m);

	for (unsigned i = 0; i < count; i++) {
		struct clause *c = &ret[i];
		*c = (struct clause){.kind = m->kind, .wide = m->wide, .whole = m->whole};
		if (kind != FILTER_KINDS) {
			clause_named(f, c, kind, m->names.word[i]);
		} else {
			c->wide = false;
			c->low = m->low;
			c->high = m->high;
			if (m->kind == MATCH_KEY_TYPE)
				c->filter = type_test_compile(f->c->store, m->low);
		}
	}
	if (m->kind != MATCH_PREFIX)
		f->policy->asks_attributes = true;
	if (m->kind == MATCH_ROUTE_SOURCE)
		f->policy->asks_source = true;
	return count;
}

// Stable insertion: the clauses of a node are few, and those of one kind keep their order.
static void clauses_sort(struct clause *c, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct clause x = c[i];
		unsigned at = i;
		while (at && (c[at - 1].kind > x.kind ||
			      (c[at - 1].kind == x.kind && c[at - 1].wide > x.wide))) {
			c[at] = c[at - 1];
			at--;
		}
		c[at] = x;
	}
}

// --- which one was it ---------------------------------------------------------------------------------
static const struct source_node *source_node(const struct policy_source *s, const char *policy,
					     uint32_t number)
{
	const struct source_policy *p = map_get(&s->by_name[FILTER_KINDS], policy);
	const struct source_node *found = NULL;

	for (const struct source_node *n = p ? p->first : NULL; n; n = n->next)
		if (n->number == number)
			found = n; // of two the later one stands
	return found;
}

static void clause_words(const struct clause *c, struct buf *b)
{
	if (c->kind == MATCH_PREFIX && c->low) // an ACL: which the filter would have told
		buf_text(b, c->wide ? "ipv6 address acl" : "acl");
	else
		buf_text(b, clause_name(c));
	if (c->name)
		buf_format(b, " %s", c->name);
	else if (c->kind == MATCH_COST || c->kind == MATCH_PATH_LENGTH ||
		 c->kind == MATCH_PREFERENCE || c->kind == MATCH_TAG)
		buf_format(b, c->low == c->high ? " %u" : " %u to %u", c->low, c->high);
	if (c->whole)
		buf_text(b, " whole-match");
}

bool policy_source_clause(const struct policy_source *s, const char *policy, uint32_t number,
			  uint32_t place, struct buf *ret)
{
	const struct source_node *node = source_node(s, policy, number);
	unsigned count = 0, at = 0;

	for (const struct source_match *m = node ? node->matches : NULL; m; m = m->next)
		count += clauses_of(m);
	if (place >= count)
		return false;
	struct clause *all = mem_zero(count * sizeof(*all));
	for (const struct source_match *m = node->matches; m; m = m->next)
		for (unsigned i = 0; i < clauses_of(m); i++, at++) {
			bool named = clause_filters(m) != FILTER_KINDS;
			all[at] = (struct clause){.kind = m->kind,
						  .wide = named && m->wide,
						  .whole = m->whole,
						  .low = named ? m->acl : m->low,
						  .high = m->high,
						  .name = named ? m->names.word[i] : NULL};
		}
	clauses_sort(all, count);
	clause_words(&all[place], ret);
	mem_free(all);
	return true;
}

static void applies_sort(struct apply *a, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct apply x = a[i];
		unsigned at = i;
		while (at && a[at - 1].kind > x.kind) {
			a[at] = a[at - 1];
			at--;
		}
		a[at] = x;
	}
}

static void node_compile(struct filling *f, const struct source_node *s, struct policy_node *n)
{
	struct arena *a = &f->policy->arena;
	unsigned count = 0;
	struct buf b = {0};

	f->node = s->number;
	*n = (struct policy_node){.number = s->number, .permit = s->permit};
	for (const struct source_match *m = s->matches; m; m = m->next)
		count += clauses_of(m);
	n->clauses = arena_zero(a, (count + 1) * sizeof(struct clause));
	for (const struct source_match *m = s->matches; m; m = m->next)
		n->clause_count += clause_compile(f, m, &n->clauses[n->clause_count]);
	clauses_sort(n->clauses, n->clause_count);

	count = 0;
	for (const struct source_apply *x = s->applies; x; x = x->next)
		count++;
	n->applies = arena_zero(a, (count + 1) * sizeof(struct apply));
	for (const struct source_apply *x = s->applies; x && s->permit; x = x->next) {
		apply_compile(f->c, f->snapshot, x, a, &n->applies[n->apply_count++]);
		if (x->kind == APPLY_NEXT_HOP && x->mode == MODE_PEER)
			f->policy->applies_peer = true;
	}
	applies_sort(n->applies, n->apply_count);
	for (unsigned i = 0; i < n->apply_count; i++)
		apply_content(&n->applies[i], &b);
	n->effect = hash_wide(b.data, b.len);
	buf_free(&b);
}

struct ranked {
	const struct source_node *node;
	unsigned place;
};

static int node_order(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->node->number != y->node->number)
		return x->node->number < y->node->number ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

// The source's nodes by number; of two with the same number the later one.
static const struct source_node **nodes_sorted(const struct source_policy *p, struct arena *a,
					       unsigned *ret_count)
{
	unsigned n = 0, kept = 0;

	for (const struct source_node *s = p->first; s; s = s->next)
		n++;
	struct ranked *all = arena_alloc(a, (n + 1) * sizeof(*all));
	const struct source_node **nodes = arena_alloc(a, (n + 1) * sizeof(*nodes));
	n = 0;
	for (const struct source_node *s = p->first; s; s = s->next, n++)
		all[n] = (struct ranked){s, n};
	qsort(all, n, sizeof(*all), node_order);
	for (unsigned i = 0; i < n; i++)
		if (i + 1 == n || all[i + 1].node->number != all[i].node->number)
			nodes[kept++] = all[i].node;
	*ret_count = kept;
	return nodes;
}

static void gotos_compile(struct route_policy *p, const struct source_node **nodes)
{
	for (unsigned i = 0; i < p->count; i++) {
		struct policy_node *n = &p->nodes[i];
		n->next = NODE_DONE;
		if (nodes[i]->go == GOTO_NONE || !n->permit)
			continue;
		n->next = i + 1;
		if (nodes[i]->go == GOTO_NODE)
			while (n->next < p->count && p->nodes[n->next].number < nodes[i]->go_number)
				n->next++;
	}
}

static struct hash128 policy_content(const struct route_policy *p)
{
	struct buf b = {0};

	buf_u32(&b, OBJECT_POLICY);
	for (unsigned i = 0; i < p->count; i++) {
		const struct policy_node *n = &p->nodes[i];
		buf_u32(&b, n->number);
		buf_u8(&b, n->permit);
		buf_u32(&b, n->next);
		buf_put(&b, &n->effect, sizeof(n->effect));
		buf_u32(&b, n->clause_count);
		for (unsigned k = 0; k < n->clause_count; k++) {
			const struct clause *c = &n->clauses[k];
			buf_u8(&b, (uint8_t)c->kind);
			buf_u8(&b, (uint8_t)(c->wide | c->whole << 1 | c->always << 2));
			buf_u32(&b, c->low);
			buf_u32(&b, c->high);
			buf_u64(&b, c->filter ? c->filter->number : 0);
		}
	}
	struct hash128 h = hash_wide(b.data, b.len);
	buf_free(&b);
	return h;
}

static void route_policy_destroy(struct object *o)
{
	struct route_policy *p = (struct route_policy *)o;

	for (unsigned i = 0; i < p->count; i++) {
		struct policy_node *n = &p->nodes[i];
		for (unsigned k = 0; k < n->clause_count; k++)
			object_unref(n->clauses[k].filter);
		for (unsigned k = 0; k < n->apply_count; k++)
			for (unsigned j = 0; n->applies[k].filters && j < n->applies[k].count; j++)
				object_unref(n->applies[k].filters[j]);
	}
	arena_free(&p->arena);
	mem_free(p);
}

struct object *route_policy_compile(struct compile *c, struct policy_snapshot *n,
				    const struct source_policy *s, bool nonexistent_allowed)
{
	struct route_policy *p = MEM_NEW(struct route_policy);
	struct filling f = {
		.c = c, .snapshot = n, .policy = p, .nonexistent_allowed = nonexistent_allowed};

	arena_init(&p->arena, 4096);
	const struct source_node **nodes = nodes_sorted(s, &p->arena, &p->count);
	p->nodes = arena_zero(&p->arena, (p->count + 1) * sizeof(struct policy_node));
	for (unsigned i = 0; i < p->count; i++)
		node_compile(&f, nodes[i], &p->nodes[i]);
	gotos_compile(p, nodes);

	struct hash128 content = policy_content(p);
	struct object *o = c->failed ? NULL : object_find(c->store, content);
	if (o || c->failed) {
		route_policy_destroy(&p->object);
		return o;
	}
	object_add(c->store, &p->object, OBJECT_POLICY, content, route_policy_destroy);
	return &p->object;
}
