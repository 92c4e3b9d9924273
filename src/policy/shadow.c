// Nodes of a route-policy that no route ever comes to, as far as the text alone tells: an earlier
// node that ends the policy holds whenever this one would. Where a node before it goes on to another
// one (goto), attributes change on the way and nodes are passed over: then nothing is said.
#include "policy/policy.h"

#include <string.h>

static bool names_equal(const struct source_words *a, unsigned i, const struct source_match *b)
{
	for (unsigned k = 0; k < b->names.count; k++)
		if (!strcmp(a->word[i], b->names.word[k]))
			return true;
	return false;
}

static bool same_kind(const struct source_match *a, const struct source_match *b)
{
	return a->kind == b->kind && a->wide == b->wide;
}

// Whether each alternative that `m` gives is one of those that the node has of this kind.
static bool covered(const struct source_match *m, const struct source_node *by)
{
	for (const struct source_match *o = by->matches; o; o = o->next) {
		if (!same_kind(o, m) || o->acl != m->acl || o->whole != m->whole)
			continue;
		if (!m->names.count && !o->names.count && m->low == o->low && m->high == o->high)
			return true;
		bool all = m->names.count;
		for (unsigned i = 0; i < m->names.count; i++)
			all = all && names_equal(&m->names, i, o);
		if (all)
			return true;
	}
	return false;
}

// Whatever fits `node` fits `by`: each kind that `by` asks about is asked about by `node` too, with no
// other alternatives.
static bool implies(const struct source_node *node, const struct source_node *by)
{
	for (const struct source_match *m = by->matches; m; m = m->next) {
		bool asked = false;
		for (const struct source_match *o = node->matches; o; o = o->next) {
			if (!same_kind(o, m))
				continue;
			asked = true;
			if (!covered(o, by))
				return false;
		}
		if (!asked)
			return false;
	}
	return true;
}

bool policy_source_shadow(const struct policy_source *s, const char *policy, uint32_t number,
			  uint32_t *ret_by)
{
	const struct source_policy *p = map_get(&s->by_name[FILTER_KINDS], policy);
	const struct source_node *node = NULL, *by = NULL;

	for (const struct source_node *n = p ? p->first : NULL; n; n = n->next)
		if (n->number == number)
			node = n;
	for (const struct source_node *n = node ? p->first : NULL; n; n = n->next) {
		if (n->number >= number)
			continue;
		if (n->permit && n->go != GOTO_NONE)
			return false;
		if (implies(node, n) && (!by || n->number < by->number))
			by = n;
	}
	if (by)
		*ret_by = by->number;
	return by;
}
