// What the callbacks of a row can do with the candidate, and what happens to a statement when its
// row has no callback of its own: a typed line is stored (a value at its default removes the
// statement instead), an undone one removes every statement of its row in that view whose words
// agree with those typed.
#include "conf/conf.h"

#include <stdarg.h>
#include <string.h>

#include "conf/key.h"

bool conf_refuse(struct conf_edit *e, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vformat(e->message, format, ap);
	va_end(ap);
	buf_text(e->message, "\n");
	return false;
}

bool conf_edit_type(struct conf_edit *e, const char *line)
{
	return e->type(e, line);
}

const struct conf_node *conf_edit_view(const struct conf_edit *e)
{
	return conf_at(e->tree, e->path);
}

const struct conf_node *conf_edit_parent(const struct conf_edit *e, unsigned up)
{
	struct conf_path p = *e->path; // borrows the counts

	p.depth = up < p.depth ? p.depth - up : 0;
	return conf_at(e->tree, &p);
}

// Do the value words say what holds by default anyway?
static bool is_standard(const struct conf_line *l)
{
	struct buf value = {0};
	bool same;

	if (!l->row->standard)
		return false;
	for (unsigned i = 0; i < l->words; i++)
		if (conf_line_is_value(l, i))
			buf_format(&value, "%s%s", value.len ? " " : "", conf_line_word(l, i));
	same = strcmp(buf_cstr(&value), l->row->standard) == 0;
	buf_free(&value);
	return same;
}

static bool has_word(const struct conf_line *l, const char *word, const char *param)
{
	const char *values[64];

	if (!param)
		return conf_has(l, word);
	unsigned n = conf_values(l, param, values, 64);
	for (unsigned i = 0; i < n && i < 64; i++)
		if (strcmp(values[i], word) == 0)
			return true;
	return false;
}

// Is every word that was typed a word of the statement too? Value words count only where asked.
static bool agrees(const struct conf_line *l, const struct conf_line *typed, bool with_value)
{
	if (l->row != typed->row)
		return false;
	for (unsigned i = 0; i < typed->words; i++)
		if ((with_value || !conf_line_is_value(typed, i)) &&
		    !has_word(l, conf_line_word(typed, i), typed->param[i]))
			return false;
	return true;
}

// The object that was typed: the first parameter that is no value; NULL: none.
static const char *object_of(const struct conf_line *l)
{
	for (unsigned i = 0; i < l->words; i++)
		if (l->param[i] && !conf_line_is_value(l, i))
			return conf_line_word(l, i);
	return NULL;
}

static void remove_agreeing(struct conf_edit *e, bool *ret_value_differs)
{
	struct conf_tree before = conf_tree_clone(e->tree);
	const struct conf_node *view = conf_at(&before, e->path), *n;
	const char *object = object_of(e->line);
	struct conf_iter it;
	bool removed = false, differs = false;

	n = object ? conf_first_object(&it, view, e->line->row->order, object)
		   : conf_first_order(&it, view, e->line->row->order);
	for (; n; n = conf_next(&it)) {
		if (agrees(n->line, e->line, true))
			removed |= conf_remove(e->tree, e->path, n->line);
		else
			differs |= agrees(n->line, e->line, false);
	}
	*ret_value_differs = differs && !removed;
	conf_tree_free(&before);
}

static bool undo_default(struct conf_edit *e)
{
	const struct conf_node *n = conf_find(conf_edit_view(e), e->line);
	bool differs;

	// Nearly always the identity is typed in full, and the statement is found by its key.
	if (n && agrees(n->line, e->line, true)) {
		conf_remove(e->tree, e->path, n->line);
		return true;
	}
	remove_agreeing(e, &differs);
	if (differs)
		return conf_refuse(e, "Error: The specified configuration does not exist.");
	return true;
}

static bool default_on(struct conf_edit *e)
{
	const struct conf_line *l = e->line;

	if (!e->undo) {
		conf_remove(e->tree, e->path, l);
		return true;
	}
	struct conf_line *stored = conf_line_undone(l);
	conf_set(e->tree, e->path, stored);
	conf_line_unref(stored);
	return true;
}

bool conf_edit_default(struct conf_edit *e)
{
	if (e->line->row->flags & ROW_IGNORED)
		return true;
	if (e->line->row->flags & ROW_DEFAULT_ON)
		return default_on(e);
	if (e->undo)
		return undo_default(e);
	if (is_standard(e->line))
		conf_remove(e->tree, e->path, e->line);
	else
		conf_set(e->tree, e->path, e->line);
	return true;
}
