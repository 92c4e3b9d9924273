// From the plain form to a snapshot: every named object, interned. A snapshot is a table of names
// for each kind; what stands behind a name is shared with all other snapshots in which nothing that
// it depends on has changed. Filters come first, in an order that has no cycles: filters and sets
// know nothing of each other, route-policies name both.
#include "policy/filter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "policy/program.h"
#include "policy/snapshot.h"

void compile_complain(struct compile *c, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	c->failed = true;
	if (c->sink)
		c->sink(c->arg, c->object, text);
}

struct ranked {
	struct source_rule *rule;
	unsigned place;
};

static int rule_order(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rule->index != y->rule->index)
		return x->rule->index < y->rule->index ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

struct source_rule **rules_sorted(const struct source_filter *f, struct arena *a,
				  unsigned *ret_count)
{
	struct ranked *all = arena_alloc(a, (f->count + 1) * sizeof(*all));
	struct source_rule **rules = arena_alloc(a, (f->count + 1) * sizeof(*rules));
	unsigned n = 0, kept = 0;
	bool sorted = true;

	for (struct source_rule *r = f->first; r; r = r->next) {
		all[n] = (struct ranked){r, n};
		sorted = sorted && (!n || all[n - 1].rule->index <= r->index);
		n++;
	}
	if (!sorted)
		qsort(all, n, sizeof(*all), rule_order);
	for (unsigned i = 0; i < n; i++)
		if (i + 1 == n || all[i + 1].rule->index != all[i].rule->index)
			rules[kept++] = all[i].rule;
	*ret_count = kept;
	return rules;
}

static struct object *filter_compile(struct compile *c, const struct source_filter *f)
{
	switch (f->kind) {
	case FILTER_PREFIX:
	case FILTER_PREFIX_WIDE:
		return prefix_list_compile(c, f);
	case FILTER_ACL:
	case FILTER_ACL_WIDE:
		return acl_compile(c, f);
	case FILTER_PATH:
		return path_filter_compile(c, f);
	case FILTER_RD:
		return rd_filter_compile(c, f);
	case SET_COMMUNITY:
	case SET_LARGE_COMMUNITY:
		return value_set_compile(c, f);
	case FILTER_COMMUNITY:
	case FILTER_LARGE_COMMUNITY:
	case FILTER_EXT_COMMUNITY:
	case FILTER_SOO:
		return value_filter_compile(c, f);
	case FILTER_KINDS:
		break;
	}
	return NULL;
}

static const char *const kind_words[FILTER_KINDS] = {
	[FILTER_PREFIX] = "ip ip-prefix",
	[FILTER_PREFIX_WIDE] = "ip ipv6-prefix",
	[FILTER_ACL] = "acl",
	[FILTER_ACL_WIDE] = "acl ipv6",
	[FILTER_PATH] = "ip as-path-filter",
	[FILTER_COMMUNITY] = "ip community-filter",
	[FILTER_LARGE_COMMUNITY] = "ip large-community-filter",
	[FILTER_EXT_COMMUNITY] = "ip extcommunity-filter",
	[FILTER_SOO] = "ip extcommunity-list soo",
	[FILTER_RD] = "ip rd-filter",
	[SET_COMMUNITY] = "ip community-list",
	[SET_LARGE_COMMUNITY] = "ip large-community-list",
};

const char *filter_kind_words(enum filter_kind kind)
{
	return kind_words[kind];
}

static void snapshot_put(struct policy_snapshot *n, unsigned kind, const char *name,
			 struct object *o)
{
	if (o)
		object_unref(map_put(&n->by_name[kind], name, o));
}

struct policy_snapshot *policy_compile(struct policy_store *s, const struct policy_source *source,
				       policy_complaint *sink, void *arg)
{
	struct policy_snapshot *n = MEM_NEW(struct policy_snapshot);
	struct compile c = {.store = s, .sink = sink, .arg = arg};
	bool failed = false;
	char title[256];

	n->refs = 1;
	n->nonexistent_allowed = source->nonexistent_allowed;
	for (unsigned i = 0; i <= FILTER_KINDS; i++)
		map_init_text(&n->by_name[i]);
	c.object = title;
	for (const struct source_filter *f = source->filters; f; f = f->next) {
		snprintf(title, sizeof(title), "%s %s", kind_words[f->kind], f->name);
		c.failed = false;
		snapshot_put(n, f->kind, f->name, filter_compile(&c, f));
		failed = failed || c.failed;
	}
	for (const struct source_policy *p = source->policies; p; p = p->next) {
		snprintf(title, sizeof(title), "route-policy %s", p->name);
		c.failed = false;
		snapshot_put(n, FILTER_KINDS, p->name,
			     route_policy_compile(&c, n, p, source->nonexistent_allowed));
		failed = failed || c.failed;
	}
	if (failed) {
		policy_snapshot_unref(n);
		return NULL;
	}
	return n;
}

struct policy_snapshot *policy_snapshot_ref(struct policy_snapshot *n)
{
	if (n)
		n->refs++;
	return n;
}

void policy_snapshot_unref(struct policy_snapshot *n)
{
	if (!n || --n->refs)
		return;
	for (unsigned i = 0; i <= FILTER_KINDS; i++) {
		struct map_iter it = map_iter(&n->by_name[i]);
		while (map_next(&it))
			object_unref(it.value);
		map_free(&n->by_name[i]);
	}
	mem_free(n);
}

struct object *snapshot_find(const struct policy_snapshot *n, enum filter_kind kind,
			     const char *name)
{
	return n ? map_get(&n->by_name[kind], name) : NULL;
}

bool policy_snapshot_has(const struct policy_snapshot *n, enum filter_kind kind, const char *name)
{
	return snapshot_find(n, kind, name) != NULL;
}

bool policy_snapshot_has_policy(const struct policy_snapshot *n, const char *name)
{
	return n && map_get(&n->by_name[FILTER_KINDS], name) != NULL;
}
