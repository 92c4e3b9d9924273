// Entering statements: find the view they belong to, ask the row, change the tree, open the view.
// A line that is not valid in the current view is tried in the views around it, innermost first,
// there without the statements which that view takes in from others: so `ipv6-family unicast`
// needs no `quit` before it, but a wrong line never lands in a family it was not typed in.
#include "cli/enter.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

void place_init(struct place *p, const struct grammar *g)
{
	*p = (struct place){.depth = 1};
	p->view[0] = g->system;
}

void place_leave(struct place *p, unsigned depth)
{
	if (depth < 1)
		depth = 1;
	if (p->depth > depth)
		p->depth = depth;
	conf_path_leave(&p->path, p->depth - 1);
}

void place_enter(const struct grammar *g, struct place *p, const struct conf_line *l)
{
	p->view[p->depth++] = grammar_view(g, l->row->enters);
	conf_path_enter(&p->path, l);
}

void place_free(struct place *p)
{
	conf_path_leave(&p->path, 0);
}

// Where the word stands that says what the line is about: the first, or that behind `undo`.
static size_t subject_column(const char *line)
{
	size_t at = strspn(line, " \t");

	if (strncmp(line + at, "undo", 4) == 0 && strchr(" \t", line[at + 4]))
		at += 4 + strspn(line + at + 4, " \t");
	return at;
}

// Does the line begin, behind `undo`, with a word (or the beginning of one) that this view keeps?
static bool stays_here(const struct view *v, const char *line)
{
	const char *subject = line + subject_column(line), *list = v->stays;
	size_t size = strcspn(subject, " \t");

	for (; size && list && *list; list += strcspn(list, " "), list += strspn(list, " ")) {
		if (strncasecmp(list, subject, size) == 0 && strcspn(list, " ") >= size)
			return true;
	}
	return false;
}

// Only what cannot be meant here is looked for further up. Of two families whose names begin so,
// `ip` is no abbreviation, if a view further up knows the word itself.
static bool is_foreign(const struct match *m, const char *line)
{
	return m->status == MATCH_UNRECOGNIZED || m->status == MATCH_WRONG ||
	       m->status == MATCH_TOO_MANY ||
	       (m->status == MATCH_AMBIGUOUS && m->column == subject_column(line));
}

bool place_match(struct grammar *g, const struct place *p, const char *line, struct match *ret,
		 unsigned *ret_depth)
{
	*ret_depth = p->depth;
	if (match_line(g, p->view[p->depth - 1], line, MATCH_ALL, ret))
		return true;
	if (!is_foreign(ret, line) || stays_here(p->view[p->depth - 1]->view, line))
		return false;
	for (unsigned depth = p->depth - 1; depth; depth--) {
		struct match outer;
		if (match_line(g, p->view[depth - 1], line, MATCH_OWN, &outer)) {
			*ret = outer;
			*ret_depth = depth;
			return true;
		}
		// The view that understood most of the line reports the error.
		if (outer.status != MATCH_UNREADABLE && outer.column > ret->column)
			*ret = outer;
	}
	return false;
}

// The value of a parameter in the statements that led here, the last first.
static const char *place_value(const struct place *p, const char *param)
{
	const char *value = NULL;

	for (unsigned i = p->depth - 1; i-- > 0 && !value;)
		value = conf_value(p->path.at[i], param);
	return value;
}

void place_prompt(const struct place *p, struct buf *out)
{
	const char *t = p->view[p->depth - 1]->view->prompt;

	while (t && *t) {
		const char *end = *t == '{' ? strchr(t, '}') : NULL;
		if (!end) {
			buf_put(out, t++, 1);
			continue;
		}
		char *param = mem_text_n(t + 1, (size_t)(end - t) - 1);
		const char *value = place_value(p, param);
		buf_text(out, value ? value : "");
		mem_free(param);
		t = end + 1;
	}
}

// conf_edit.type: another line, in the same view, straight into the tree.
static bool type_line(struct conf_edit *e, const char *line)
{
	struct statement *s = e->typist;
	const struct gview *view = s->place->view[s->depth - 1];
	struct conf_path path = *e->path; // borrowed
	struct conf_edit typed = *e;
	struct match m;

	if (s->match.entry->outer)
		view = view->also;
	if (!match_line(s->grammar, view, line, MATCH_ALL, &m))
		return false;
	if (m.entry->row->run) {
		conf_line_unref(m.line);
		return false;
	}
	// The other line may be one that its view takes in from a further view.
	if (m.entry->outer && path.depth < CONF_DEPTH_MAX)
		path.at[path.depth++] = view->also_line;
	typed.path = &path;
	typed.line = m.line;
	typed.undo = m.entry->undo;
	bool done = conf_edit_default(&typed);
	conf_line_unref(m.line);
	return done;
}

bool statement_begin(struct statement *s, const struct statement_context *c, const struct match *m,
		     unsigned depth)
{
	*s = (struct statement){
		.match = *m, .grammar = c->grammar, .place = c->place, .depth = depth};
	conf_path_copy(&s->path, &c->place->path);
	conf_path_leave(&s->path, depth - 1);
	if (m->entry->outer)
		conf_path_enter(&s->path, c->place->view[depth - 1]->also_line);
	s->edit = (struct conf_edit){.tree = c->tree,
				     .line = m->line,
				     .undo = m->entry->undo,
				     .loading = c->loading,
				     .app = c->app,
				     .message = c->message,
				     .type = type_line};
	s->edit.path = &s->path;
	s->edit.typist = s;
	return !m->entry->row->check || m->entry->row->check(&s->edit);
}

bool statement_apply(struct statement *s)
{
	const struct row *row = s->match.entry->row;
	struct conf_tree before = {0};
	bool keep = row->apply && !s->edit.loading; // a file with an error is dropped whole
	bool done;

	// The statement may have been moved since it began, by the one who holds it.
	s->edit.path = &s->path;
	s->edit.typist = s;
	if (keep)
		before = conf_tree_clone(s->edit.tree);
	done = row->apply ? row->apply(&s->edit) : conf_edit_default(&s->edit);
	if (keep && !done) { // nothing of it stays
		conf_tree_free(s->edit.tree);
		*s->edit.tree = before;
	} else if (keep) {
		conf_tree_free(&before);
	}
	if (!done)
		return false;
	place_leave(s->place, s->depth);
	if (row->enters && !s->match.entry->undo && s->place->depth < CONF_DEPTH_MAX)
		place_enter(s->grammar, s->place, s->match.line);
	return true;
}

void statement_end(struct statement *s)
{
	conf_path_leave(&s->path, 0);
	conf_line_unref(s->match.line);
	s->match.line = NULL;
}
