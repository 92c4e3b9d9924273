// `?` and Tab. Both ask the same thing: which words can come after these? A last word without a
// blank behind it is partial and narrows the keywords; a view that cannot make sense of the
// line hands on to the views around it, as entering does.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/param.h"
#include "cli/session.h"

struct choice {
	char *left; // keyword or shape; owned
	const char *help;
	bool keyword;
};
struct choices {
	struct vec list; // struct choice
	bool complete;
	struct match error;
};

static int choice_order(const void *a, const void *b)
{
	const struct choice *x = *(void *const *)a, *y = *(void *const *)b;

	if (x->keyword != y->keyword)
		return x->keyword ? -1 : 1;
	return strcmp(x->left, y->left);
}

static void choice_add(struct choices *c, const char *left, const char *help, bool keyword)
{
	for (size_t i = 0; i < c->list.count; i++) {
		const struct choice *one = c->list.item[i];
		if (one->keyword == keyword && strcmp(one->left, left) == 0)
			return;
	}
	struct choice *one = MEM_NEW(struct choice);
	*one = (struct choice){mem_text(left), help, keyword};
	vec_add(&c->list, one);
}

static void choices_free(struct choices *c)
{
	for (size_t i = 0; i < c->list.count; i++) {
		struct choice *one = c->list.item[i];
		mem_free(one->left);
		mem_free(one);
	}
	vec_free(&c->list);
}

static void add_reach(const struct cli_session *s, struct choices *c, const struct reach *r,
		      const char *partial)
{
	const struct row *row = r->entry->row;
	const char *help = grammar_help(s->cli->setup.grammar, r->atom);
	struct buf shape = {0};

	if (row->flags & ROW_HIDDEN || row->level > s->mode.level)
		return;
	if (!r->atom->param) {
		if (text_is_prefix_nocase(partial, r->atom->word))
			choice_add(c, r->atom->word, help, true);
		return;
	}
	if (*partial)
		return;
	param_shape(r->atom->param, &shape);
	choice_add(c, buf_cstr(&shape), help, false);
	buf_free(&shape);
}

static bool look(const struct cli_session *s, const struct gview *v, const char *words,
		 const char *partial, struct choices *c)
{
	const struct reach_set *set;
	struct match error;

	if (!match_reach(s->cli->setup.grammar, v, words, &set, &error)) {
		if (!c->error.status || error.column > c->error.column)
			c->error = error;
		return false;
	}
	for (unsigned i = 0; i < set->count; i++)
		add_reach(s, c, &set->items[i], partial);
	c->complete = set->complete && !*partial;
	return c->list.count || c->complete;
}

static void add_filters(struct choices *c, const char *partial)
{
	static const char *const names[][2] = {{"begin", "From the first line that matches on"},
					       {"count", "Count the lines"},
					       {"exclude", "Lines that do not match"},
					       {"include", "Lines that match"},
					       {"no-more", "Do not page"}};

	for (unsigned i = 0; i < 5; i++)
		if (text_is_prefix_nocase(partial, names[i][0]))
			choice_add(c, names[i][0], names[i][1], true);
}

// Finds what can stand at the end of line; *ret_begin: where its last, partial word begins.
static void choices_find(const struct cli_session *s, const char *line, struct choices *c,
			 size_t *ret_begin)
{
	size_t n = strlen(line), begin = n;

	while (begin && !strchr(" \t", line[begin - 1]))
		begin--;
	*ret_begin = begin;
	char *words = mem_text_n(line, begin);
	const char *partial = line + begin;
	size_t used = begin;
	while (used && strchr(" \t", words[used - 1]))
		used--;
	if (used > 1 && words[used - 1] == '|' && strchr(" \t", words[used - 2]))
		add_filters(c, partial);
	else if (!s->config)
		look(s, s->cli->setup.grammar->user, words, partial, c);
	else
		for (unsigned depth = s->place.depth; depth; depth--)
			if (look(s, s->place.view[depth - 1], words, partial, c))
				break;
	mem_free(words);
	if (c->list.count)
		qsort(c->list.item, c->list.count, sizeof(void *), choice_order);
}

static void put_error(struct cli_session *s, const char *line, const struct choices *c,
		      struct buf *out)
{
	enum match_status status = c->error.status ? c->error.status : MATCH_UNRECOGNIZED;
	size_t column = c->error.status ? c->error.column : 0;
	struct buf prompt = {0};

	if (!c->error.status)
		for (column = strlen(line); column && !strchr(" \t", line[column - 1]); column--)
			;
	session_prompt_text(s, &prompt);
	buf_format(out, "%*s^\n%s\n", (int)(prompt.len + column), "", match_error(status));
	buf_free(&prompt);
}

void cli_session_help(struct cli_session *s, const char *line, struct buf *out)
{
	struct choices c = {0};
	size_t begin, width = 0;

	choices_find(s, line, &c, &begin);
	if (!c.list.count && !c.complete) {
		put_error(s, line, &c, out);
		choices_free(&c);
		return;
	}
	if (!line[strspn(line, " \t")])
		buf_text(out, s->config ? "Current view commands:\n" : "User view commands:\n");
	for (size_t i = 0; i < c.list.count; i++) {
		size_t n = strlen(((struct choice *)c.list.item[i])->left);
		if (n > width && n <= 32)
			width = n;
	}
	for (size_t i = 0; i < c.list.count; i++) {
		const struct choice *one = c.list.item[i];
		if (*one->help)
			buf_format(out, "  %-*s  %s\n", (int)width, one->left, one->help);
		else
			buf_format(out, "  %s\n", one->left);
	}
	if (c.complete)
		buf_text(out, "  <cr>\n");
	choices_free(&c);
}

void cli_session_complete(struct cli_session *s, const char *line, struct buf *ret_words,
			  size_t *ret_begin)
{
	struct choices c = {0};

	choices_find(s, line, &c, ret_begin);
	for (size_t i = 0; i < c.list.count; i++) {
		const struct choice *one = c.list.item[i];
		if (one->keyword)
			buf_format(ret_words, "%s\n", one->left);
	}
	choices_free(&c);
}
