// Filters of route displays. A filter is a route-policy of one node, made of what was typed and
// compiled by the policy room like any other: a display filters exactly as a policy would.
#include "cmd/route.h"

#include <string.h>

#include "base/mem.h"

#define FILTER_NAME "\001display" // cannot be typed, so it meets no name of the configuration

struct route_filter {
	struct policy_program *program;
	struct policy_snapshot *snapshot;
	struct arena arena;
};

static void complain(void *arg, const char *object, const char *text)
{
	struct cli_call *c = arg;
	if (strstr(object, FILTER_NAME))
		cli_error(c, "%s", text);
	else
		cli_error(c, "%s: %s", object, text);
}

static void match_by_name(struct policy_source *s, struct source_node *n, enum match_kind kind,
			  const char *name, bool whole)
{
	struct source_match *m = policy_source_match(s, n, kind);
	policy_source_word(s, &m->names, name);
	m->whole = whole;
}

// Communities as typed: a basic filter with one rule that asks for all of them.
static void match_communities(struct cli_call *c, struct policy_source *s, struct source_node *n)
{
	static const char *const words[] = {"internet", "no-advertise", "no-export",
					    "no-export-subconfed"};
	const char *values[32];
	struct source_filter *f = policy_source_filter(s, FILTER_COMMUNITY, FILTER_NAME);
	struct source_rule *rule = policy_source_rule(s, f, 10, true);
	unsigned count = conf_values(c->line, "community-number", values, 32);
	for (unsigned i = 0; i < count && i < 32; i++)
		policy_source_word(s, &rule->words, values[i]);
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (conf_has(c->line, words[i]))
			policy_source_word(s, &rule->words, words[i]);
	match_by_name(s, n, MATCH_COMMUNITY, FILTER_NAME, conf_has(c->line, "whole-match"));
}

static bool filter_typed(struct cli_call *c, struct policy_source *s, struct source_node *n)
{
	const char *name;
	if ((name = conf_after(c->line, "as-path-filter"))) {
		match_by_name(s, n, MATCH_PATH_FILTER, name, false);
	} else if ((name = conf_after(c->line, "regular-expression"))) {
		struct source_filter *f = policy_source_filter(s, FILTER_PATH, FILTER_NAME);
		policy_source_rule(s, f, 10, true)->regex = policy_source_text(s, name);
		match_by_name(s, n, MATCH_PATH_FILTER, FILTER_NAME, false);
	} else if ((name = conf_after(c->line, "community-filter"))) {
		match_by_name(s, n, MATCH_COMMUNITY, name, conf_has(c->line, "whole-match"));
	} else if (conf_has(c->line, "community")) {
		match_communities(c, s, n);
	} else {
		return false;
	}
	return true;
}

bool route_filter_new(struct cli_call *c, struct route_filter **ret)
{
	struct app *a = app_of(c);
	struct policy_source *s = model_policy_source(conf_store_running(a->store));
	struct source_policy *policy = policy_source_policy(s, FILTER_NAME);
	struct source_node *node = policy_source_node(s, policy, 10, true);
	bool ok = true;
	*ret = NULL;
	if (filter_typed(c, s, node)) {
		struct policy_store *store = speaker_running(a->speaker)->store;
		struct policy_snapshot *snapshot = policy_compile(store, s, complain, c);
		ok = snapshot != NULL;
		if (ok) {
			struct policy_binding b = {
				.af = call_family(c), .import = true, .route_policy = FILTER_NAME};
			*ret = MEM_NEW(struct route_filter);
			(*ret)->snapshot = snapshot;
			(*ret)->program = policy_program(store, snapshot, &b);
			arena_init(&(*ret)->arena, 4096);
		}
	}
	policy_source_free(s);
	return ok;
}

bool route_filter_matches(struct route_filter *f, const struct rib_route *route, enum rib_view view)
{
	static const struct policy_context nobody;
	const struct attr_set *set = route_set(route, view);
	if (!f)
		return true;
	if (!set)
		return false;
	struct attrs as;
	attr_open(set, &as);
	arena_reset(&f->arena);
	return policy_run_route(f->program, &nobody, &route->key, &as, &f->arena);
}

void route_filter_free(struct route_filter *f)
{
	if (!f)
		return;
	policy_program_unref(f->program);
	policy_snapshot_unref(f->snapshot);
	arena_free(&f->arena);
	mem_free(f);
}
