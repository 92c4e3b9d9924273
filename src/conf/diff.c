// Differences between two versions of a tree, in time by what differs: both treaps are walked in
// order at once, as two stacks of what is still to come, whose entries are whole subtrees until
// somebody must look inside. Subtrees that both sides share are dropped unseen. Shared subtrees
// meet each other because of two unlike subtrees the one with the higher priority is opened first:
// priorities depend on keys alone, so both sides open along the same lines.
#include "conf/conf.h"

#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "conf/key.h"

struct item {
	const struct conf_node *node;
	bool whole; // the subtree; otherwise the statement alone
};
struct side {
	struct item *items;
	size_t count, cap;
};
struct differ {
	struct conf_diff *diff; // NULL: only whether there is any
	struct conf_path path;
	bool found;
};

static void differ_view(struct differ *d, const struct conf_node *a, const struct conf_node *b);

static void side_push(struct side *s, const struct conf_node *n, bool whole)
{
	if (!n)
		return;
	if (s->count == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 32;
		s->items = mem_resize(s->items, s->cap * sizeof(*s->items));
	}
	s->items[s->count++] = (struct item){n, whole};
}

static void side_open(struct side *s)
{
	const struct conf_node *n = s->items[--s->count].node;

	side_push(s, n->right, true);
	side_push(s, n, false);
	side_push(s, n->left, true);
}

static void diff_note(struct conf_diff *diff, const struct conf_path *view,
		      const struct conf_line *before, const struct conf_line *after)
{
	if (diff->count == diff->cap) {
		diff->cap = diff->cap ? 2 * diff->cap : 16;
		diff->changes = mem_resize(diff->changes, diff->cap * sizeof(*diff->changes));
	}
	struct conf_change *c = &diff->changes[diff->count++];
	*c = (struct conf_change){.kind = !before  ? CONF_ADDED
					  : !after ? CONF_REMOVED
						   : CONF_REPLACED,
				  .before = before ? conf_line_ref(before) : NULL,
				  .after = after ? conf_line_ref(after) : NULL};
	conf_path_copy(&c->path, view);
}

static void differ_note(struct differ *d, const struct conf_line *before,
			const struct conf_line *after)
{
	d->found = true;
	if (d->diff)
		diff_note(d->diff, &d->path, before, after);
}

// One statement of either side, or the same of both; and what is below.
static void differ_statement(struct differ *d, const struct conf_node *a, const struct conf_node *b)
{
	const struct conf_line *before = a ? a->line : NULL, *after = b ? b->line : NULL;
	const struct conf_node *below_a = a ? a->children : NULL;
	const struct conf_node *below_b = b ? b->children : NULL;

	if (!a)
		differ_note(d, NULL, after);
	else if (!b)
		differ_note(d, before, NULL);
	else if (!conf_line_equal(before, after))
		differ_note(d, before, after);
	if (below_a == below_b)
		return;
	conf_path_enter(&d->path, after ? after : before);
	differ_view(d, below_a, below_b);
	conf_path_leave(&d->path, d->path.depth - 1);
}

// Opens what must be looked into; false: both tops are single statements (or one side is empty).
static bool differ_open(struct side *a, struct side *b)
{
	struct item *x = a->count ? &a->items[a->count - 1] : NULL;
	struct item *y = b->count ? &b->items[b->count - 1] : NULL;
	bool open_x = x && x->whole, open_y = y && y->whole;

	if (open_x && open_y && x->node->priority != y->node->priority) {
		open_x = x->node->priority > y->node->priority;
		open_y = !open_x;
	}
	if (open_x)
		side_open(a);
	if (open_y)
		side_open(b);
	return open_x || open_y;
}

static void differ_step(struct differ *d, struct side *a, struct side *b)
{
	const struct conf_node *x = a->count ? a->items[a->count - 1].node : NULL;
	const struct conf_node *y = b->count ? b->items[b->count - 1].node : NULL;
	int order = 0;

	if (x && y && x == y && a->items[a->count - 1].whole == b->items[b->count - 1].whole) {
		a->count--;
		b->count--;
		return;
	}
	if (differ_open(a, b))
		return;
	if (x && y)
		order = conf_line_compare(x->line, conf_line_key(y->line), y->line->key_size);
	if (x && (!y || order <= 0))
		a->count--;
	if (y && (!x || order >= 0))
		b->count--;
	differ_statement(d, !x || order > 0 ? NULL : x, !y || order < 0 ? NULL : y);
}

static void differ_view(struct differ *d, const struct conf_node *a, const struct conf_node *b)
{
	struct side x = {0}, y = {0};

	side_push(&x, a, true);
	side_push(&y, b, true);
	while ((x.count || y.count) && (d->diff || !d->found))
		differ_step(d, &x, &y);
	mem_free(x.items);
	mem_free(y.items);
}

static bool differ_run(struct conf_diff *diff, const struct conf_tree *before,
		       const struct conf_tree *after)
{
	struct differ d = {.diff = diff};

	if (before->root->children != after->root->children)
		differ_view(&d, before->root->children, after->root->children);
	return d.found;
}

void conf_diff(const struct conf_tree *before, const struct conf_tree *after, struct conf_diff *ret)
{
	*ret = (struct conf_diff){0};
	differ_run(ret, before, after);
}

bool conf_tree_equal(const struct conf_tree *a, const struct conf_tree *b)
{
	return !differ_run(NULL, a, b);
}

void conf_diff_free(struct conf_diff *d)
{
	for (size_t i = 0; i < d->count; i++) {
		conf_path_leave(&d->changes[i].path, 0);
		conf_line_unref((struct conf_line *)d->changes[i].before);
		conf_line_unref((struct conf_line *)d->changes[i].after);
	}
	mem_free(d->changes);
	*d = (struct conf_diff){0};
}

void conf_diff_turn(struct conf_diff *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct conf_change *c = &d->changes[i];
		const struct conf_line *before = c->before;
		c->before = c->after;
		c->after = before;
		if (c->kind != CONF_REPLACED)
			c->kind = c->kind == CONF_ADDED ? CONF_REMOVED : CONF_ADDED;
	}
}

static bool key_same(const struct conf_line *a, const struct conf_line *b)
{
	return !conf_line_compare(a, conf_line_key(b), b->key_size);
}

static bool replaces(const struct conf_change *old, const struct conf_path *view,
		     const struct conf_line *after)
{
	if (old->kind != CONF_REMOVED || old->path.depth != view->depth ||
	    !key_same(old->before, after))
		return false;
	for (unsigned i = 0; i < view->depth; i++)
		if (!key_same(old->path.at[i], view->at[i]))
			return false;
	return true;
}

void conf_diff_add(struct conf_diff *d, const struct conf_path *view,
		   const struct conf_line *before, const struct conf_line *after)
{
	struct conf_change *last = d->count ? &d->changes[d->count - 1] : NULL;

	if (after && last && replaces(last, view, after)) {
		last->kind = CONF_REPLACED;
		last->after = conf_line_ref(after);
	} else {
		diff_note(d, view, before, after);
	}
}

static void put_line(struct buf *out, const char *sign, unsigned level, const struct conf_line *l)
{
	buf_format(out, "%s%*s", sign, (int)level, "");
	conf_line_text(l, out);
	buf_text(out, "\n");
}

// Opens the views that lead to a change, as far as the change before has not done so already.
static void put_views(struct buf *out, const struct conf_path *open, unsigned open_depth,
		      const struct conf_path *p)
{
	unsigned same = 0;

	while (same < open_depth && same < p->depth &&
	       !conf_line_compare(open->at[same], conf_line_key(p->at[same]),
				  p->at[same]->key_size))
		same++;
	if (!same && (open_depth > 1 || (open_depth && p->depth)))
		buf_text(out, "  #\n");
	for (unsigned i = same; i < p->depth; i++)
		put_line(out, "  ", i, p->at[i]);
}

void conf_diff_text(const struct conf_diff *d, struct buf *out)
{
	struct conf_path open = {0}; // of the change before, and the statement itself: borrowed

	for (size_t i = 0; i < d->count; i++) {
		const struct conf_change *c = &d->changes[i];
		put_views(out, &open, open.depth, &c->path);
		if (c->before)
			put_line(out, "- ", c->path.depth, c->before);
		if (c->after)
			put_line(out, "+ ", c->path.depth, c->after);
		open = c->path;
		if (open.depth < CONF_DEPTH_MAX)
			open.at[open.depth++] =
				(struct conf_line *)(c->after ? c->after : c->before);
	}
	if (d->count)
		buf_text(out, "  #\n");
}
