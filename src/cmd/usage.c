// Counting what nodes match: one walk of the tables for each peer that has the policy on import and
// for each update group that has it on export, in slices in the rib threads. The walk's observer
// counts atomically: several threads call it. A walk that is under way cannot be called back, so a
// display that is broken off lets it run to its end and is freed then.
#include "cmd/usage.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"

#define LINES_SHOWN 50 // of users

struct node_count {
	uint32_t node;
	bool permit;
	atomic_uint_least64_t matched[2]; // export, import
};

struct use { // a walk
	uint16_t peer, instance;
	const struct af *af;
	bool import;
	uint32_t group;
};

struct usage;
struct meter {
	struct usage *usage;
	bool import;
};

struct usage {
	struct cli_call *call; // NULL: nobody waits any more
	struct app *app;
	char name[202];
	bool users; // they are shown too
	struct conf_tree tree;
	struct policy_source *source;
	struct node_count *nodes;
	unsigned node_count;
	atomic_uint_least64_t routes[2];
	struct use *uses;
	unsigned use_count, at, members; // members: peers and families that have it on export
	struct meter meters[2];
	struct policy_observer observers[2];
};

static void usage_free(struct usage *u)
{
	policy_source_free(u->source);
	conf_tree_free(&u->tree);
	mem_free(u->nodes);
	mem_free(u->uses);
	mem_free(u);
}

// --- counting -------------------------------------------------------------------------------------
// In the rib threads.
static void on_step(void *arg, const struct policy_step *step)
{
	const struct meter *m = arg;
	struct usage *u = m->usage;

	if (strcmp(step->stage, "route-policy") != 0 || step->clause)
		return;
	if (step->end)
		atomic_fetch_add(&u->routes[m->import], 1);
	for (unsigned i = 0; !step->end && step->matched && i < u->node_count; i++)
		if (u->nodes[i].node == step->node)
			atomic_fetch_add(&u->nodes[i].matched[m->import], 1);
}

static uint64_t matches(struct usage *u, uint32_t node, int import)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < u->node_count; i++)
		if (u->nodes[i].node == node)
			n = atomic_load(&u->nodes[i].matched[import]);
	return n;
}

static bool counted_already(const struct usage *u, const struct use *x)
{
	for (unsigned i = 0; !x->import && i < u->use_count; i++)
		if (!u->uses[i].import && u->uses[i].instance == x->instance &&
		    u->uses[i].af == x->af && u->uses[i].group == x->group)
			return true;
	return false;
}

static void add_use(struct usage *u, const struct speaker_peer *p, unsigned f, bool import)
{
	struct use x = {.peer = speaker_peer_number(p),
			.instance = speaker_peer_config(p)->instance,
			.af = af_list[f],
			.import = import};
	struct rib_counts counts;

	speaker_peer_counts(u->app->speaker, x.peer, x.af, &counts);
	x.group = counts.group;
	u->members += !import;
	if (counted_already(u, &x))
		return;
	u->uses = mem_resize(u->uses, (u->use_count + 1) * sizeof(*u->uses));
	u->uses[u->use_count++] = x;
}

static void find_uses(struct usage *u)
{
	struct speaker *s = u->app->speaker;

	for (unsigned i = 0; i < speaker_peer_count(s); i++) {
		const struct speaker_peer *p = speaker_peer_at(s, i);
		const struct peer_config *c = speaker_peer_config(p);
		for (unsigned f = 0; f < af_count; f++) {
			const struct peer_family *x = &c->family[f];
			if (x->enabled && !strcmp(x->import_policy, u->name))
				add_use(u, p, f, true);
			if (x->enabled && !strcmp(x->export_policy, u->name))
				add_use(u, p, f, false);
		}
	}
}

static bool is_node(const struct usage *u, const struct conf_line *l)
{
	return !strcmp(conf_line_word(l, 0), "route-policy") && conf_after(l, "node") &&
	       !strcmp(conf_line_word(l, 1), u->name);
}

static void find_nodes(struct usage *u)
{
	struct conf_iter it;

	for (const struct conf_node *n = conf_first(&it, u->tree.root); n; n = conf_next(&it)) {
		if (!is_node(u, n->line))
			continue;
		u->nodes = mem_resize(u->nodes, (u->node_count + 1) * sizeof(*u->nodes));
		struct node_count *to = &u->nodes[u->node_count++];
		memset(to, 0, sizeof(*to));
		to->node = (uint32_t)conf_number_after(n->line, "node", 0);
		to->permit = !conf_has(n->line, "deny");
	}
}

// --- users ------------------------------------------------------------------------------------------
struct users {
	struct usage *usage;
	struct buf *text;
	json_t *list;
	unsigned count;
};

static bool names_policy(const struct usage *u, const struct conf_line *l)
{
	for (unsigned i = 1; i < l->words; i++) {
		const char *before = conf_line_word(l, i - 1);
		size_t n = strlen(before);
		if (!strcmp(conf_line_word(l, i), u->name) && n >= 6 &&
		    !strcmp(before + n - 6, "policy"))
			return true;
	}
	return false;
}

static void add_user(struct users *x, const char *views, const struct conf_line *l)
{
	struct buf line = {0};

	conf_line_text(l, &line);
	json_array_append_new(x->list,
			      json_pack("{s:s, s:s}", "view", views, "statement", buf_cstr(&line)));
	if (x->count++ < LINES_SHOWN)
		buf_format(x->text, "    %s%s%s\n", views, *views ? " / " : "", buf_cstr(&line));
	buf_free(&line);
}

static void find_users(struct users *x, const struct conf_node *view, const char *views)
{
	struct conf_iter it;

	for (const struct conf_node *n = conf_first(&it, view); n; n = conf_next(&it)) {
		struct buf inner = {0};
		if (!is_node(x->usage, n->line) && names_policy(x->usage, n->line))
			add_user(x, views, n->line);
		if (!conf_first(&(struct conf_iter){0}, n))
			continue;
		buf_format(&inner, "%s%s", views, *views ? " / " : "");
		conf_line_text(n->line, &inner);
		find_users(x, n, buf_cstr(&inner));
		buf_free(&inner);
	}
}

// --- showing --------------------------------------------------------------------------------------
static void show_shadow(struct usage *u, uint32_t node, struct buf *b, json_t *o)
{
	uint32_t by;

	if (!policy_source_shadow(u->source, u->name, node, &by))
		return;
	buf_format(b, "    never matches: node %u comes first for every such route\n", by);
	json_object_set_new(o, "never_matches_because_of_node", json_integer(by));
}

static json_t *show_nodes(struct usage *u, struct buf *b)
{
	json_t *list = json_array();
	struct conf_iter it;

	for (const struct conf_node *n = conf_first(&it, u->tree.root); n; n = conf_next(&it)) {
		if (!is_node(u, n->line))
			continue;
		uint32_t node = (uint32_t)conf_number_after(n->line, "node", 0);
		uint64_t in = matches(u, node, true), out = matches(u, node, false);
		json_t *o = policy_node_json(n);
		struct buf counts = {0};
		json_object_set_new(o, "matched_counts", json_integer((json_int_t)(in + out)));
		json_object_set_new(o, "matched_import", json_integer((json_int_t)in));
		json_object_set_new(o, "matched_export", json_integer((json_int_t)out));
		buf_format(&counts, " (matched counts: %lu)", (unsigned long)(in + out));
		if (!u->users) {
			policy_node_show(b, n, buf_cstr(&counts));
		} else {
			buf_format(b, "  %s : %u%s, import %lu, export %lu\n",
				   conf_has(n->line, "deny") ? "deny" : "permit", node,
				   buf_cstr(&counts), (unsigned long)in, (unsigned long)out);
			show_shadow(u, node, b, o);
		}
		buf_free(&counts);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *show_users(struct usage *u, struct buf *b)
{
	struct users x = {.usage = u, .text = b, .list = json_array()};

	buf_text(b, "  Named by:\n");
	find_users(&x, u->tree.root, "");
	if (!x.count)
		buf_text(b, "    nothing\n");
	else if (x.count > LINES_SHOWN)
		buf_format(b, "    ... %u in all\n", x.count);
	unsigned imports = 0, groups = 0;
	for (unsigned i = 0; i < u->use_count; i++) {
		imports += u->uses[i].import;
		groups += !u->uses[i].import;
	}
	buf_format(b,
		   "  In force: import of %u peer%s and famil%s (%lu routes judged), export of %u"
		   " in %u update group%s (%lu routes judged)\n",
		   imports, imports == 1 ? "" : "s", imports == 1 ? "y" : "ies",
		   (unsigned long)atomic_load(&u->routes[1]), u->members, groups,
		   groups == 1 ? "" : "s", (unsigned long)atomic_load(&u->routes[0]));
	return x.list;
}

static void print(struct usage *u)
{
	struct cli_call *c = u->call;
	struct buf b = {0};
	json_t *all = json_object();

	buf_format(&b, "Route-policy : %s\n", u->name);
	if (u->users)
		json_object_set_new(all, "named_by", show_users(u, &b));
	json_object_set_new(all, "nodes", show_nodes(u, &b));
	if (c->json) {
		buf_clear(&b);
		json_object_set_new(all, "name", json_string(u->name));
		show_json(&b, all);
		buf_u8(&b, '\n');
	} else {
		json_decref(all);
	}
	cli_write(c, buf_cstr(&b), b.len);
	buf_free(&b);
}

// --- the way --------------------------------------------------------------------------------------
static bool no_rows(void *arg, const struct rib_route *r, unsigned n)
{
	return true;
}

static void usage_next(struct usage *u);

static void walked(void *arg, bool complete)
{
	usage_next(arg);
}

static void usage_next(struct usage *u)
{
	struct cli_call *c = u->call;

	if (c && u->at < u->use_count) {
		const struct use *x = &u->uses[u->at++];
		const struct rib_query q = {.af = x->af,
					    .view = x->import ? RIB_VIEW_IMPORTING
							      : RIB_VIEW_EXPORTING,
					    .peer = x->peer,
					    .observer = &u->observers[x->import]};
		speaker_read_start(u->app->speaker, x->instance, &q, NULL, no_rows, walked, u);
		return;
	}
	if (c)
		print(u);
	usage_free(u);
	if (c) {
		c->data = NULL;
		cli_done(c);
	}
}

static void broken_off(struct cli_call *c)
{
	struct usage *u = c->data;

	if (u)
		u->call = NULL;
	c->data = NULL;
}

static void display(struct cli_call *c, bool users)
{
	struct usage *u = MEM_NEW(struct usage);

	u->call = c;
	u->app = app_of(c);
	u->users = users;
	snprintf(u->name, sizeof(u->name), "%s", conf_value(c->line, "policy-name"));
	u->tree = conf_tree_clone(conf_store_running(u->app->store));
	u->source = model_policy_source(&u->tree);
	for (int i = 0; i < 2; i++) {
		u->meters[i] = (struct meter){.usage = u, .import = i};
		u->observers[i] = (struct policy_observer){.step = on_step, .arg = &u->meters[i]};
	}
	find_nodes(u);
	if (!u->node_count) {
		cli_error(c, "The route-policy does not exist.");
		usage_free(u);
		return;
	}
	find_uses(u);
	c->data = u;
	cli_later(c, broken_off);
	usage_next(u);
}

void display_policy_counted(struct cli_call *c)
{
	display(c, false);
}

void display_policy_usage(struct cli_call *c)
{
	display(c, true);
}
