// Compiling the schema: every row becomes one entry per view that it names (and one more for its
// undo form), found by its first keyword. Views that take in the statements of another one
// (`also`) get entries for those too. Whatever is wrong with a row ends the program at start, with
// the row and the reason.
#include "cli/grammar.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/builtin.h"
#include "cli/match.h"
#include "cli/param.h"

static const struct view view_user = {.name = "user", .prompt = ""};
static const struct view view_system = {.name = "system", .parent = "user", .prompt = ""};

struct gview *grammar_view(const struct grammar *g, const char *name)
{
	for (size_t i = 0; i < g->views.count; i++) {
		struct gview *v = g->views.item[i];
		if (strcmp(v->view->name, name) == 0)
			return v;
	}
	return NULL;
}

const struct param *grammar_param(const struct grammar *g, const char *name)
{
	for (unsigned i = 0; i < g->schema->param_count; i++)
		if (strcmp(g->schema->params[i].name, name) == 0)
			return &g->schema->params[i];
	for (const struct param *p = builtin_params; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return param_builtin(name);
}

const char *grammar_help(const struct grammar *g, const struct gnode *atom)
{
	for (unsigned i = 0; i < g->schema->help_count; i++)
		if (strcmp(g->schema->helps[i].word, atom->word) == 0)
			return g->schema->helps[i].help;
	const char *help = atom->param ? NULL : builtin_help(atom->word);
	// A keyword is often called as the parameter behind it: `as-number as-number`.
	const struct param *p = atom->param ? atom->param : grammar_param(g, atom->word);
	if (help && *help)
		return help;
	return p && p->help ? p->help : "";
}

static void add_view(struct grammar *g, const struct view *view)
{
	if (grammar_view(g, view->name))
		die("view \"%s\" stands in the schema twice", view->name);
	struct gview *v = arena_zero(&g->memory, sizeof(*v));
	v->view = view;
	vec_add(&g->views, v);
}

static struct gview *need_view(const struct grammar *g, const char *name, const char *user)
{
	struct gview *v = grammar_view(g, name);

	if (!v)
		die("\"%s\" names the view \"%s\", which does not exist", user, name);
	return v;
}

static bool row_in_view(const struct row *row, const struct gview *v)
{
	const char *tag = v->view->tags;
	char *word;

	if (words_contain(row->views, "*") || words_contain(row->views, v->view->name))
		return true;
	if (words_contain(row->views, "config") && strcmp(v->view->name, "user") != 0)
		return true;
	while (tag && (tag = notation_next(tag, ' ', &word))) {
		bool found = words_contain(row->views, word);
		mem_free(word);
		if (found)
			return true;
	}
	return false;
}

static struct gbucket *bucket_of(struct grammar *g, struct gview *v, const char *keyword)
{
	for (size_t i = 0; i < v->buckets.count; i++) {
		struct gbucket *b = v->buckets.item[i];
		if (strcmp(b->keyword, keyword) == 0)
			return b;
	}
	struct gbucket *b = arena_zero(&g->memory, sizeof(*b));
	b->keyword = keyword;
	vec_add(&v->buckets, b);
	return b;
}

// Enters the entry under every keyword with which it can begin.
static void add_by_first(struct grammar *g, struct gview *v, struct gentry *e,
			 const struct gnode *n)
{
	if (n->kind == G_PARAM)
		die("row \"%s\" begins with a parameter", e->row->grammar);
	if (n->kind == G_KEYWORD) {
		struct gbucket *b = bucket_of(g, v, n->word);
		if (!b->entries.count || b->entries.item[b->entries.count - 1] != e)
			vec_add(&b->entries, e);
		return;
	}
	for (unsigned i = 0; i < n->children; i++) {
		add_by_first(g, v, e, n->child[i]);
		if (n->kind == G_SEQUENCE && !n->child[i]->empty)
			return;
	}
}

static void add_entry(struct grammar *g, struct gview *v, const struct row *row,
		      const struct gnode *root, bool undo)
{
	struct gentry *e = arena_zero(&g->memory, sizeof(*e));

	*e = (struct gentry){.row = row, .root = root, .undo = undo, .number = g->entries++};
	if (undo)
		vec_add(&bucket_of(g, v, "undo")->entries, e);
	else
		add_by_first(g, v, e, root);
}

static void check_row(const struct grammar *g, const struct row *row)
{
	const char *views = row->views;
	char *word;

	if (!row->views || !row->grammar)
		die("row \"%s\" has no views or no grammar", row->grammar ? row->grammar : "");
	if (row->enters)
		need_view(g, row->enters, row->grammar);
	while ((views = notation_next(views, ' ', &word))) {
		bool known = strcmp(word, "*") == 0 || strcmp(word, "config") == 0 ||
			     grammar_view(g, word);
		for (size_t i = 0; i < g->views.count && !known; i++)
			known = words_contain(((struct gview *)g->views.item[i])->view->tags, word);
		if (!known)
			die("row \"%s\" names \"%s\", which is no view and no tag", row->grammar,
			    word);
		mem_free(word);
	}
}

static void collect_words(const struct gnode *n, struct buf *out)
{
	if (n->word && n->value)
		buf_format(out, "%s ", n->word);
	for (unsigned i = 0; i < n->children; i++)
		collect_words(n->child[i], out);
}

// Every word that the row lists as value must have been met in its grammar.
static void check_value(const struct row *row, const struct buf *met)
{
	const char *list = row->value;
	char *word;

	while (list && (list = notation_next(list, ' ', &word))) {
		size_t stars = strspn(word, "*");
		word[strlen(word) - stars] = '\0';
		if (!words_contain(buf_cstr(met), word + stars))
			die("row \"%s\": value word \"%s\" is none of its words", row->grammar,
			    word);
		mem_free(word);
	}
}

static void add_row(struct grammar *g, const struct row *row)
{
	bool action = strncmp(row->grammar, "undo ", 5) == 0;
	const char *texts[2] = {row->grammar, row->undo}, *rest;
	struct vec forms[2] = {{0}, {0}}; // as they stand, undone
	struct buf met = {0};
	char *part;

	check_row(g, row);
	for (unsigned undo = 0; undo < 2; undo++)
		for (rest = texts[undo]; rest && (rest = notation_next(rest, ';', &part));) {
			vec_add(&forms[undo], notation_parse(g, row, part));
			mem_free(part);
		}
	for (size_t i = 0; i < forms[0].count; i++) {
		collect_words(forms[0].item[i], &met);
		if (!row->undo && !row->run && !action)
			vec_add(&forms[1], notation_undo(g, forms[0].item[i]));
	}
	check_value(row, &met);
	buf_free(&met);
	for (size_t v = 0; v < g->views.count; v++) {
		if (!row_in_view(row, g->views.item[v]))
			continue;
		for (unsigned undo = 0; undo < 2; undo++)
			for (size_t i = 0; i < forms[undo].count; i++)
				add_entry(g, g->views.item[v], row, forms[undo].item[i], undo);
	}
	vec_free(&forms[0]);
	vec_free(&forms[1]);
}

// Takes the statements of the other view in, behind the view's own.
static void take_in(struct grammar *g, struct gview *v)
{
	const struct gview *from = v->also;

	for (size_t i = 0; i < from->buckets.count; i++) {
		const struct gbucket *b = from->buckets.item[i];
		struct gbucket *to = bucket_of(g, v, b->keyword);
		for (size_t k = 0; k < b->entries.count; k++) {
			const struct gentry *e = b->entries.item[k];
			if (e->row->run || e->outer)
				continue;
			struct gentry *copy = arena_copy(&g->memory, e, sizeof(*e));
			copy->outer = true;
			vec_add(&to->entries, copy);
		}
	}
}

static void link_views(struct grammar *g)
{
	for (size_t i = 0; i < g->views.count; i++) {
		struct gview *v = g->views.item[i];
		if (v != g->user)
			v->parent = v->view->parent ? need_view(g, v->view->parent, v->view->name)
						    : g->system;
		if (v->view->also)
			v->also = need_view(g, v->view->also, v->view->name);
	}
	for (size_t i = 0; i < g->views.count; i++) {
		struct gview *v = g->views.item[i];
		unsigned depth = 0;
		for (const struct gview *up = v; up != g->user; up = up->parent)
			if (depth++ > CONF_DEPTH_MAX - 1)
				die("view \"%s\" is nested too deeply, or in itself",
				    v->view->name);
	}
}

static void link_also(struct grammar *g)
{
	for (size_t i = 0; i < g->views.count; i++) {
		struct gview *v = g->views.item[i];
		struct match m;
		if (!v->also)
			continue;
		if (!match_line(g, v, v->view->also_line, MATCH_OWN, &m))
			die("view \"%s\": \"%s\" is no line of it", v->view->name,
			    v->view->also_line);
		v->also_line = m.line;
	}
	for (size_t i = 0; i < g->views.count; i++)
		if (((struct gview *)g->views.item[i])->also)
			take_in(g, g->views.item[i]);
}

struct grammar *grammar_new(const struct cli_schema *schema)
{
	struct grammar *g = MEM_NEW(struct grammar);
	const struct row_table *own = builtin_rows();

	g->schema = schema;
	arena_init(&g->memory, 1 << 16);
	g->matcher = matcher_new();
	add_view(g, &view_user);
	add_view(g, &view_system);
	for (unsigned i = 0; i < schema->view_count; i++)
		add_view(g, &schema->views[i]);
	g->user = g->views.item[0];
	g->system = g->views.item[1];
	link_views(g);
	for (unsigned i = 0; i < own->count; i++)
		add_row(g, &own->rows[i]);
	for (unsigned t = 0; t < schema->table_count; t++)
		for (unsigned i = 0; i < schema->tables[t].count; i++)
			add_row(g, &schema->tables[t].rows[i]);
	link_also(g);
	return g;
}

void grammar_free(struct grammar *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->views.count; i++) {
		struct gview *v = g->views.item[i];
		for (size_t b = 0; b < v->buckets.count; b++)
			vec_free(&((struct gbucket *)v->buckets.item[b])->entries);
		vec_free(&v->buckets);
		conf_line_unref(v->also_line);
	}
	vec_free(&g->views);
	vec_free(&g->params);
	matcher_free(g->matcher);
	arena_free(&g->memory);
	mem_free(g);
}
