// Configuration as text, in VRP's form: one blank per level, `#` between blocks, `return` at the
// end. Statements of equal order that open no view stand together; a `#` parts all others at the
// top, and stands inside a view before each block (ROW_BLOCK).
#include "conf/conf.h"

#include <string.h>

static void put_separator(struct buf *out, unsigned level)
{
	buf_format(out, "%*s#\n", (int)level, "");
}

static bool parted(const struct conf_node *before, const struct conf_node *n, unsigned level)
{
	const struct row *row = n->line->row;

	if (level)
		return row->flags & ROW_BLOCK;
	return !before || row->enters || before->line->row->enters ||
	       row->order != before->line->row->order;
}

void conf_print_view(const struct conf_node *view, unsigned level, struct buf *out)
{
	const struct conf_node *before = NULL;
	struct conf_iter it;

	if (view->line) {
		memset(buf_extend(out, level), ' ', level);
		conf_line_text(view->line, out);
		buf_put(out, "\n", 1);
		level++;
	}
	for (const struct conf_node *n = conf_first(&it, view); n; n = conf_next(&it)) {
		if (parted(before, n, level))
			put_separator(out, level);
		conf_print_view(n, level, out);
		before = n;
	}
}

void conf_printer_begin(struct conf_printer *p, const struct conf_tree *t)
{
	*p = (struct conf_printer){.tree = conf_tree_clone(t)};
	p->next = conf_first(&p->it, p->tree.root);
}

bool conf_printer_some(struct conf_printer *p, size_t bytes, struct buf *out)
{
	size_t enough = out->len + bytes;

	for (; p->next && out->len < enough; p->next = conf_next(&p->it)) {
		if (p->want && !p->want(p->arg, p->next))
			continue;
		if (parted(p->before, p->next, 0))
			put_separator(out, 0);
		conf_print_view(p->next, 0, out);
		p->before = p->next;
	}
	if (!p->next && !p->ended) {
		buf_text(out, "#\nreturn\n");
		p->ended = true;
	}
	return !p->ended;
}

void conf_printer_end(struct conf_printer *p)
{
	conf_tree_free(&p->tree);
}

void conf_print(const struct conf_tree *t, struct buf *out)
{
	struct conf_printer p;

	conf_printer_begin(&p, t);
	conf_printer_some(&p, SIZE_MAX - out->len, out);
	conf_printer_end(&p);
}
