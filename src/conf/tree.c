// Trees: per view a treap of its statements, ordered by key, with priorities that are hashes of
// the keys, so that equal sets of statements have equal shape. A node belongs to one tree version
// or to several; a change owns (copies where shared) the nodes on the way from the root and
// nothing else. Depth is logarithmic, so recursion over a treap is shallow; depth of views is at
// most CONF_DEPTH_MAX.
#include "conf/conf.h"

#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/key.h"

static struct conf_node *node_new(const struct conf_line *l)
{
	struct conf_node *n = MEM_NEW(struct conf_node);

	n->refs = 1;
	n->count = 1;
	if (l) {
		n->line = conf_line_ref(l);
		n->priority = hash_bytes(conf_line_key(l), l->key_size);
	}
	return n;
}

static struct conf_node *node_ref(struct conf_node *n)
{
	if (n)
		n->refs++;
	return n;
}

void conf_node_unref(struct conf_node *n)
{
	if (!n || --n->refs)
		return;
	conf_node_unref(n->left);
	conf_node_unref(n->right);
	conf_node_unref(n->children);
	conf_line_unref((struct conf_line *)n->line);
	mem_free(n);
}

// The node for the caller alone: itself, or a copy in exchange for the caller's reference.
static struct conf_node *node_own(struct conf_node *n)
{
	if (n->refs == 1)
		return n;
	struct conf_node *copy = MEM_NEW(struct conf_node);
	*copy = *n;
	copy->refs = 1;
	copy->line = n->line ? conf_line_ref(n->line) : NULL;
	node_ref(copy->left);
	node_ref(copy->right);
	node_ref(copy->children);
	n->refs--;
	return copy;
}

static uint32_t count_of(const struct conf_node *n)
{
	return n ? n->count : 0;
}

static void node_update(struct conf_node *n)
{
	n->count = 1 + count_of(n->left) + count_of(n->right);
}

static int node_compare(const struct conf_node *n, const struct conf_line *l)
{
	return conf_line_compare(n->line, conf_line_key(l), l->key_size);
}

static bool node_above(const struct conf_node *a, const struct conf_node *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return conf_line_compare(a->line, conf_line_key(b->line), b->line->key_size) < 0;
}

// Adds a line that is not in the treap. Takes over the reference on t, returns one.
static struct conf_node *treap_add(struct conf_node *t, const struct conf_line *l)
{
	if (!t)
		return node_new(l);
	t = node_own(t);
	if (node_compare(t, l) > 0) {
		t->left = treap_add(t->left, l);
		if (node_above(t->left, t)) {
			struct conf_node *up = t->left;
			t->left = up->right;
			node_update(t);
			up->right = t;
			t = up;
		}
	} else {
		t->right = treap_add(t->right, l);
		if (node_above(t->right, t)) {
			struct conf_node *up = t->right;
			t->right = up->left;
			node_update(t);
			up->left = t;
			t = up;
		}
	}
	node_update(t);
	return t;
}

// One treap of two, all keys of a below those of b. Takes over both references.
static struct conf_node *treap_join(struct conf_node *a, struct conf_node *b)
{
	if (!a || !b)
		return a ? a : b;
	if (node_above(a, b)) {
		a = node_own(a);
		a->right = treap_join(a->right, b);
		node_update(a);
		return a;
	}
	b = node_own(b);
	b->left = treap_join(a, b->left);
	node_update(b);
	return b;
}

// Removes a line that is in the treap.
static struct conf_node *treap_drop(struct conf_node *t, const struct conf_line *l)
{
	int order = node_compare(t, l);

	if (!order) {
		struct conf_node *rest = treap_join(node_ref(t->left), node_ref(t->right));
		conf_node_unref(t);
		return rest;
	}
	t = node_own(t);
	if (order > 0)
		t->left = treap_drop(t->left, l);
	else
		t->right = treap_drop(t->right, l);
	node_update(t);
	return t;
}

static struct conf_node *treap_find(struct conf_node *t, const struct conf_line *l)
{
	while (t) {
		int order = node_compare(t, l);
		if (!order)
			return t;
		t = order > 0 ? t->left : t->right;
	}
	return NULL;
}

// The node of a line that is in the treap, owned together with the way to it.
static struct conf_node *treap_own(struct conf_node **slot, const struct conf_line *l)
{
	for (;;) {
		*slot = node_own(*slot);
		int order = node_compare(*slot, l);
		if (!order)
			return *slot;
		slot = order > 0 ? &(*slot)->left : &(*slot)->right;
	}
}

void conf_tree_init(struct conf_tree *t)
{
	t->root = node_new(NULL);
}

struct conf_tree conf_tree_clone(const struct conf_tree *t)
{
	return (struct conf_tree){.root = node_ref(t->root)};
}

void conf_tree_free(struct conf_tree *t)
{
	conf_node_unref(t->root);
	t->root = NULL;
}

bool conf_tree_same(const struct conf_tree *a, const struct conf_tree *b)
{
	return a->root == b->root;
}

void conf_path_enter(struct conf_path *p, const struct conf_line *l)
{
	if (p->depth == CONF_DEPTH_MAX)
		die("configuration: views nested deeper than %d", CONF_DEPTH_MAX);
	p->at[p->depth++] = conf_line_ref(l);
}

void conf_path_leave(struct conf_path *p, unsigned depth)
{
	while (p->depth > depth)
		conf_line_unref(p->at[--p->depth]);
}

void conf_path_copy(struct conf_path *to, const struct conf_path *from)
{
	to->depth = 0;
	for (unsigned i = 0; i < from->depth; i++)
		conf_path_enter(to, from->at[i]);
}

const struct conf_node *conf_find(const struct conf_node *parent, const struct conf_line *l)
{
	return parent ? treap_find(parent->children, l) : NULL;
}

const struct conf_node *conf_at(const struct conf_tree *t, const struct conf_path *p)
{
	const struct conf_node *n = t->root;

	for (unsigned i = 0; i < p->depth && n; i++)
		n = conf_find(n, p->at[i]);
	return n;
}

// The view's node, owned; ancestors that are missing are made.
static struct conf_node *view_own(struct conf_tree *t, const struct conf_path *p)
{
	t->root = node_own(t->root);
	struct conf_node *n = t->root;
	for (unsigned i = 0; i < p->depth; i++) {
		if (!treap_find(n->children, p->at[i]))
			n->children = treap_add(n->children, p->at[i]);
		n = treap_own(&n->children, p->at[i]);
	}
	return n;
}

bool conf_set(struct conf_tree *t, const struct conf_path *p, const struct conf_line *l)
{
	const struct conf_node *old = conf_find(conf_at(t, p), l);

	if (old && conf_line_equal(old->line, l))
		return false;
	struct conf_node *view = view_own(t, p);
	if (!old) {
		view->children = treap_add(view->children, l);
		return true;
	}
	struct conf_node *n = treap_own(&view->children, l);
	conf_line_unref((struct conf_line *)n->line);
	n->line = conf_line_ref(l);
	return true;
}

bool conf_remove(struct conf_tree *t, const struct conf_path *p, const struct conf_line *l)
{
	if (!conf_find(conf_at(t, p), l))
		return false;
	struct conf_node *view = view_own(t, p);
	view->children = treap_drop(view->children, l);
	return true;
}

unsigned conf_remove_if(struct conf_tree *t, const struct conf_path *p,
			bool (*fn)(void *arg, const struct conf_node *n), void *arg)
{
	struct conf_tree before = conf_tree_clone(t); // what is walked must not change
	struct conf_path below;
	struct conf_iter it;
	unsigned removed = 0;

	for (const struct conf_node *n = conf_first(&it, conf_at(&before, p)); n;
	     n = conf_next(&it)) {
		if (fn(arg, n)) {
			removed += conf_remove(t, p, n->line);
		} else if (n->children) {
			conf_path_copy(&below, p);
			conf_path_enter(&below, n->line);
			removed += conf_remove_if(t, &below, fn, arg);
			conf_path_leave(&below, 0);
		}
	}
	conf_tree_free(&before);
	return removed;
}
