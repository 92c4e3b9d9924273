// Reading a whole configuration text. Lines are entered like typed ones, but no question is asked,
// commands are no statements, and a `#` that stands alone leaves the views inside its column, as the
// printed form means it. Errors are collected; a line with an error is left out and reading goes on.
//
// Behind a line `!afresh commit ...` the text goes on as differences (conf_diff_text): each line
// with its sign, by which it is put in or taken out as it stands, since it was checked when it
// was committed.
#include <string.h>

#include "base/mem.h"
#include "cli/enter.h"

struct loader {
	struct grammar *g;
	struct place place;
	struct conf_tree *tree;
	struct buf *errors;
	struct buf message;
	const char *name;
	unsigned line_number, error_count;
	bool changes; // the text goes on as differences
	struct conf_diff
		*diff; // they are noted here and the tree is left alone; NULL: they are carried out
	bool pasted;   // by somebody: what they put in is entered like typed statements
	// Of a difference: taken out, unless the next line puts the same statement in otherwise, which
	// then keeps what is below it.
	struct conf_line *taken; // NULL: none
	unsigned taken_level;
	void *app;
};

static void load_error(struct loader *l, unsigned column, const char *text)
{
	// Errors name a place in the file; one hostile file shall not fill the memory with them.
	if (l->error_count++ < 1000)
		buf_format(l->errors, "%s:%u:%u: %s\n", l->name, l->line_number, column + 1, text);
}

// "found at '^' position" says nothing without a caret.
static void load_match_error(struct loader *l, unsigned indent, const struct match *m)
{
	const char *text = match_error(m->status);
	const char *caret = strstr(text, " found at '^' position.");
	char *plain = caret ? mem_format("%.*s.", (int)(caret - text), text) : mem_text(text);

	load_error(l, m->status == MATCH_UNREADABLE ? indent : m->column, plain);
	mem_free(plain);
}

static void load_messages(struct loader *l, unsigned indent)
{
	char *save = NULL, *text = (char *)l->message.data;

	for (char *one = text ? strtok_r(text, "\n", &save) : NULL; one;
	     one = strtok_r(NULL, "\n", &save))
		load_error(l, indent, one);
	buf_clear(&l->message);
}

static void load_statement(struct loader *l, const char *line, unsigned indent)
{
	struct statement_context c = {.grammar = l->g,
				      .place = &l->place,
				      .tree = l->tree,
				      .message = &l->message,
				      .app = l->app,
				      .loading = true};
	struct statement s;
	struct match m;
	unsigned depth;

	if (!place_match(l->g, &l->place, line, &m, &depth)) {
		load_match_error(l, indent, &m);
		return;
	}
	if (m.entry->row->run) {
		load_error(l, indent, "Error: This command is not part of a configuration.");
		conf_line_unref(m.line);
		return;
	}
	buf_clear(&l->message);
	bool done = statement_begin(&s, &c, &m, depth) && statement_apply(&s);
	if (!done && !l->message.len)
		buf_text(&l->message, "Error: The statement was refused.\n");
	if (!done)
		load_messages(l, indent);
	statement_end(&s);
}

static void take_out(struct loader *l)
{
	struct conf_path view = l->place.path; // borrowed

	if (!l->taken)
		return;
	view.depth = l->taken_level;
	conf_remove(l->tree, &view, l->taken);
	conf_line_unref(l->taken);
	l->taken = NULL;
}

// Is what is put in the statement that was just taken out, with another value?
static bool replaces_taken(const struct loader *l, const struct conf_line *put)
{
	const struct conf_node *n = conf_find(conf_at(l->tree, &l->place.path), put);

	return n && conf_line_equal(n->line, l->taken);
}

static void put_in(struct loader *l, const struct conf_line *line)
{
	if (l->taken && replaces_taken(l, line)) {
		conf_line_unref(l->taken);
		l->taken = NULL;
	}
	take_out(l);
	if (!l->pasted)
		conf_set(l->tree, &l->place.path, line);
}

// A history holds only what was committed once; what somebody pastes may be anything.
static bool pasted_fits(struct loader *l, char sign, const struct match *m)
{
	const char *text = NULL;

	if (m->entry->row->run)
		text = "Error: This command is not part of a configuration.";
	else if (sign == ' ' && !m->entry->row->enters)
		text = "Error: This is no line of a difference.";
	else if (sign == ' ' && !conf_find(conf_at(l->tree, &l->place.path), m->line))
		text = "Error: There is no such view.";
	if (text)
		load_error(l, 2, text);
	return !text;
}

// A line of a difference: two columns of sign, then the statement at its level's column.
static void load_change(struct loader *l, const char *line)
{
	size_t size = strlen(line);
	unsigned level = 0;
	struct match m;

	while (level + 2 < size && line[level + 2] == ' ')
		level++;
	if (line[0] != '+' || level != l->taken_level)
		take_out(l);
	if (strcmp(line, "  #") == 0)
		return;
	place_leave(&l->place, level + 1);
	if (size < 2 || !strchr("+- ", line[0]) || level + 1 != l->place.depth) {
		load_error(l, 0, "Error: This is no line of a difference.");
		return;
	}
	if (!match_line(l->g, l->place.view[level], line + 2, MATCH_OWN, &m)) {
		m.column += 2;
		load_match_error(l, 2, &m);
		return;
	}
	if (l->pasted && !pasted_fits(l, line[0], &m)) {
		conf_line_unref(m.line);
		return;
	}
	struct conf_line *stored = match_stored(&m);
	if (l->diff) {
		if (line[0] != ' ')
			conf_diff_add(l->diff, &l->place.path, line[0] == '-' ? stored : NULL,
				      line[0] == '-' ? NULL : stored);
	} else if (line[0] == '+') {
		put_in(l, stored);
		if (l->pasted) {
			conf_line_unref(stored);
			load_statement(l, line + 2, 2);
			return;
		}
	} else if (line[0] == '-') {
		l->taken = conf_line_ref(stored);
		l->taken_level = level;
	}
	if (stored->row->enters && l->place.depth < CONF_DEPTH_MAX)
		place_enter(l->g, &l->place, stored);
	conf_line_unref(stored);
}

static void load_line(struct loader *l, const char *line)
{
	if (strncmp(line, "!afresh commit ", 15) == 0 && l->line_number > 1) {
		l->changes = true;
		take_out(l);
		place_leave(&l->place, 1);
		return;
	}
	if (l->changes) {
		load_change(l, line);
		return;
	}
	unsigned indent = (unsigned)strspn(line, " \t");
	const char *text = line + indent;

	if (strcmp(text, "#") == 0) {
		place_leave(&l->place, indent + 1);
	} else if (!*text || *text == '#' || *text == '!') {
		return;
	} else if (strcmp(text, "quit") == 0) {
		place_leave(&l->place, l->place.depth - 1);
	} else if (strcmp(text, "return") == 0) {
		place_leave(&l->place, 1);
	} else if (strcmp(text, "system-view") != 0) {
		load_statement(l, line, indent);
	}
}

// One line as a text of its own. Zero bytes inside would hide what follows them.
static char *take_line(const char *text, size_t size)
{
	while (size && strchr(" \t\r", text[size - 1]) && text[size - 1])
		size--;
	char *line = mem_text_n(text, size);
	for (size_t i = 0; i < size; i++)
		if (!text[i])
			line[i] = '\x01'; // a control character: refused as such
	return line;
}

static unsigned load_text(struct loader *l, const char *text, size_t n)
{
	place_init(&l->place, l->g);
	for (size_t at = 0; at < n;) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t size = end ? (size_t)(end - text) - at : n - at;
		char *line = take_line(text + at, size);
		l->line_number++;
		load_line(l, line);
		mem_free(line);
		at += size + 1;
	}
	take_out(l);
	if (l->error_count > 1000)
		buf_format(l->errors, "%s: %u errors in all\n", l->name, l->error_count);
	place_free(&l->place);
	buf_free(&l->message);
	return l->error_count;
}

unsigned cli_load(struct grammar *g, const char *text, size_t n, const char *name, void *app,
		  struct conf_tree *ret, struct buf *errors)
{
	struct loader l = {.g = g, .tree = ret, .errors = errors, .name = name, .app = app};

	conf_tree_init(ret);
	return load_text(&l, text, n);
}

unsigned cli_load_merge(struct grammar *g, const struct buf *text, const char *name, void *app,
			struct conf_tree *t, struct buf *errors)
{
	struct loader l = {.g = g, .tree = t, .errors = errors, .name = name, .app = app};

	return load_text(&l, buf_cstr(text), text->len);
}

unsigned cli_load_pasted(struct grammar *g, const struct buf *text, const char *name, void *app,
			 struct conf_tree *t, struct buf *errors)
{
	struct loader l = {.g = g,
			   .tree = t,
			   .errors = errors,
			   .name = name,
			   .app = app,
			   .changes = true,
			   .pasted = true};

	return load_text(&l, buf_cstr(text), text->len);
}

unsigned cli_load_difference(struct grammar *g, const struct buf *text, const char *name,
			     struct conf_diff *ret, struct buf *errors)
{
	struct loader l = {.g = g, .diff = ret, .errors = errors, .name = name, .changes = true};

	*ret = (struct conf_diff){0};
	return load_text(&l, buf_cstr(text), text->len);
}

unsigned cli_load_changes(struct grammar *g, const struct buf *text, const char *name,
			  struct conf_tree *t, struct buf *errors)
{
	struct loader l = {.g = g, .tree = t, .errors = errors, .name = name, .changes = true};

	return load_text(&l, buf_cstr(text), text->len);
}
