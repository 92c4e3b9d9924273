// The plain form of what was typed: making its objects. Everything lives in one arena, so that
// throwing a configuration away is one call and filling it costs no care about ownership.
#include "policy/source.h"

#include <string.h>

#include "base/mem.h"

struct policy_source *policy_source_new(void)
{
	struct policy_source *s = MEM_NEW(struct policy_source);

	arena_init(&s->arena, 65536);
	s->filter_tail = &s->filters;
	s->policy_tail = &s->policies;
	for (unsigned i = 0; i <= FILTER_KINDS; i++)
		map_init_text(&s->by_name[i]);
	return s;
}

void policy_source_free(struct policy_source *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i <= FILTER_KINDS; i++)
		map_free(&s->by_name[i]);
	arena_free(&s->arena);
	mem_free(s);
}

const char *policy_source_text(struct policy_source *s, const char *text)
{
	return text ? arena_text(&s->arena, text) : NULL;
}

struct source_filter *policy_source_filter(struct policy_source *s, enum filter_kind kind,
					   const char *name)
{
	struct source_filter *f = map_get(&s->by_name[kind], name);

	if (f)
		return f;
	f = arena_zero(&s->arena, sizeof(*f));
	f->kind = kind;
	f->name = arena_text(&s->arena, name);
	f->tail = &f->first;
	*s->filter_tail = f;
	s->filter_tail = &f->next;
	map_put(&s->by_name[kind], name, f);
	return f;
}

struct source_rule *policy_source_rule(struct policy_source *s, struct source_filter *f,
				       uint32_t index, bool permit)
{
	struct source_rule *r = arena_zero(&s->arena, sizeof(*r));

	r->index = index;
	r->permit = permit;
	r->greater_equal = r->less_equal = -1;
	*f->tail = r;
	f->tail = &r->next;
	f->count++;
	return r;
}

struct source_policy *policy_source_policy(struct policy_source *s, const char *name)
{
	struct source_policy *p = map_get(&s->by_name[FILTER_KINDS], name);

	if (p)
		return p;
	p = arena_zero(&s->arena, sizeof(*p));
	p->name = arena_text(&s->arena, name);
	p->tail = &p->first;
	*s->policy_tail = p;
	s->policy_tail = &p->next;
	map_put(&s->by_name[FILTER_KINDS], name, p);
	return p;
}

struct source_node *policy_source_node(struct policy_source *s, struct source_policy *p,
				       uint32_t number, bool permit)
{
	struct source_node *n = arena_zero(&s->arena, sizeof(*n));

	n->number = number;
	n->permit = permit;
	n->match_tail = &n->matches;
	n->apply_tail = &n->applies;
	*p->tail = n;
	p->tail = &n->next;
	return n;
}

struct source_match *policy_source_match(struct policy_source *s, struct source_node *n,
					 enum match_kind kind)
{
	struct source_match *m = arena_zero(&s->arena, sizeof(*m));

	m->kind = kind;
	*n->match_tail = m;
	n->match_tail = &m->next;
	return m;
}

struct source_apply *policy_source_apply(struct policy_source *s, struct source_node *n,
					 enum apply_kind kind)
{
	struct source_apply *a = arena_zero(&s->arena, sizeof(*a));

	a->kind = kind;
	*n->apply_tail = a;
	n->apply_tail = &a->next;
	return a;
}

void policy_source_word(struct policy_source *s, struct source_words *w, const char *word)
{
	if (w->count == w->cap) {
		unsigned cap = w->cap ? w->cap * 2 : 4;
		const char **grown = arena_alloc(&s->arena, cap * sizeof(*grown));

		if (w->count)
			memcpy(grown, w->word, w->count * sizeof(*grown));
		w->word = grown;
		w->cap = cap;
	}
	w->word[w->count++] = arena_text(&s->arena, word);
}

void policy_source_number(struct policy_source *s, struct source_apply *a, uint32_t number)
{
	if (a->number_count == a->number_cap) {
		unsigned cap = a->number_cap ? a->number_cap * 2 : 4;
		uint32_t *grown = arena_alloc(&s->arena, cap * sizeof(*grown));

		if (a->number_count)
			memcpy(grown, a->numbers, a->number_count * sizeof(*grown));
		a->numbers = grown;
		a->number_cap = cap;
	}
	a->numbers[a->number_count++] = number;
}
