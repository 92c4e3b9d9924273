// Walking a view in order. The stack holds the nodes whose turn is still to come, the next one on
// top; what hangs to the right of a node is taken up when the node is handed out. A treap deeper
// than the stack (which takes crafted keys) only costs a search: the lowest entries are dropped,
// and found again by key when the stack runs empty.
#include "conf/conf.h"

#include <string.h>

#include "conf/key.h"

static void iter_push(struct conf_iter *it, const struct conf_node *n)
{
	if (it->depth == CONF_ITER_DEPTH) {
		it->depth = CONF_ITER_DEPTH / 2;
		memmove(it->stack, it->stack + CONF_ITER_DEPTH - it->depth,
			it->depth * sizeof(it->stack[0]));
		it->dropped = true;
	}
	it->stack[it->depth++] = n;
}

static void iter_descend(struct conf_iter *it, const struct conf_node *n)
{
	for (; n; n = n->left)
		iter_push(it, n);
}

// Puts what comes at the key (after: behind it) and later on the stack.
static void iter_seek(struct conf_iter *it, const uint8_t *key, size_t size, bool after)
{
	const struct conf_node *n = it->root;

	it->depth = 0;
	it->dropped = false;
	while (n) {
		int order = conf_line_compare(n->line, key, size);
		if (order > 0 || (!order && !after)) {
			iter_push(it, n);
			n = n->left;
		} else {
			n = n->right;
		}
	}
}

const struct conf_node *conf_next(struct conf_iter *it)
{
	if (!it->depth && it->dropped)
		iter_seek(it, conf_line_key(it->last->line), it->last->line->key_size, true);
	if (!it->depth)
		return NULL;
	const struct conf_node *n = it->stack[--it->depth];
	if (it->bound_size && (n->line->key_size < it->bound_size ||
			       memcmp(conf_line_key(n->line), it->bound, it->bound_size) != 0)) {
		it->depth = 0;
		it->dropped = false;
		return NULL;
	}
	it->last = n;
	iter_descend(it, n->right);
	return n;
}

const struct conf_node *conf_first(struct conf_iter *it, const struct conf_node *parent)
{
	*it = (struct conf_iter){.root = parent ? parent->children : NULL};
	iter_descend(it, it->root);
	return conf_next(it);
}

static const struct conf_node *first_bound(struct conf_iter *it, const struct conf_node *parent,
					   const struct buf *bound)
{
	*it = (struct conf_iter){.root = parent ? parent->children : NULL};
	iter_seek(it, bound->data, bound->len, false);
	if (!it->depth)
		return NULL;
	// The bound is kept as the beginning of the first key itself, if that begins so.
	const struct conf_line *first = it->stack[it->depth - 1]->line;
	if (first->key_size < bound->len ||
	    memcmp(conf_line_key(first), bound->data, bound->len) != 0) {
		it->depth = 0;
		return NULL;
	}
	it->bound = conf_line_key(first);
	it->bound_size = (uint16_t)bound->len;
	return conf_next(it);
}

const struct conf_node *conf_first_object(struct conf_iter *it, const struct conf_node *parent,
					  unsigned order, const char *object)
{
	struct buf bound = {0};

	conf_key_object(&bound, order, object);
	const struct conf_node *n = first_bound(it, parent, &bound);
	buf_free(&bound);
	return n;
}

const struct conf_node *conf_first_order(struct conf_iter *it, const struct conf_node *parent,
					 unsigned order)
{
	struct buf bound = {0};

	buf_u16(&bound, (uint16_t)order);
	const struct conf_node *n = first_bound(it, parent, &bound);
	buf_free(&bound);
	return n;
}

const struct conf_node *conf_last_object(const struct conf_node *parent, unsigned order,
					 const char *object)
{
	const struct conf_node *found = NULL;
	struct buf bound = {0};

	conf_key_object(&bound, order, object);
	for (const struct conf_node *n = parent ? parent->children : NULL; n;) {
		size_t size = n->line->key_size < bound.len ? n->line->key_size : bound.len;
		int side = memcmp(conf_line_key(n->line), bound.data, size);
		if (!side && size == bound.len)
			found = n;
		n = side > 0 ? n->left : n->right;
	}
	buf_free(&bound);
	return found;
}

const struct conf_node *conf_find_row(const struct conf_node *parent, const struct row *row)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_order(&it, parent, row->order);

	while (n && n->line->row != row)
		n = conf_next(&it);
	return n;
}
