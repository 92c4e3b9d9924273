// Configuration as text, in VRP's form: one blank per level, `#` between blocks, `return` at the
// end. Statements of equal order that open no view stand together; a `#` parts all others at the
// top, and stands inside a view before each block (ROW_BLOCK).
#include "conf/conf.h"

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
		buf_format(out, "%*s", (int)level, "");
		conf_line_text(view->line, out);
		buf_text(out, "\n");
		level++;
	}
	for (const struct conf_node *n = conf_first(&it, view); n; n = conf_next(&it)) {
		if (parted(before, n, level))
			put_separator(out, level);
		conf_print_view(n, level, out);
		before = n;
	}
}

void conf_print(const struct conf_tree *t, struct buf *out)
{
	conf_print_view(t->root, 0, out);
	buf_text(out, "#\nreturn\n");
}
