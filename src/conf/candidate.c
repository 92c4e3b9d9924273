// Candidates: two versions of the tree, running as it was when the candidate began and the tree as
// edited since. What the operator did is the difference between them; on commit that difference is
// laid upon running as it is by then. If somebody else has meanwhile changed one of the same
// statements to something else, or removed the view that one of them stands in, the merge is
// refused and says which: nothing is decided silently.
#include "conf/conf.h"

#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "conf/key.h"

void conf_candidate_begin(struct conf_candidate *c, const struct conf_tree *running)
{
	c->base = conf_tree_clone(running);
	c->tree = conf_tree_clone(running);
}

void conf_candidate_free(struct conf_candidate *c)
{
	conf_tree_free(&c->base);
	conf_tree_free(&c->tree);
}

bool conf_candidate_dirty(const struct conf_candidate *c)
{
	return !conf_tree_equal(&c->base, &c->tree);
}

// One number for a place: the keys that lead to it.
static uint64_t place_hash(const struct conf_path *p, unsigned depth, const struct conf_line *l)
{
	uint64_t h = 0;

	for (unsigned i = 0; i < depth; i++)
		h = hash_more(h, conf_line_key(p->at[i]), p->at[i]->key_size);
	return l ? hash_more(h, conf_line_key(l), l->key_size) : h;
}

static void index_changes(struct map *m, const struct conf_diff *d)
{
	map_init_number(m);
	for (size_t i = 0; i < d->count; i++) {
		const struct conf_change *c = &d->changes[i];
		const struct conf_line *l = c->after ? c->after : c->before;
		map_put_number(m, place_hash(&c->path, c->path.depth, l), &d->changes[i]);
	}
}

static bool lines_agree(const struct conf_line *a, const struct conf_line *b)
{
	return a && b ? conf_line_equal(a, b) : a == b;
}

// Has the other side, in its changes, touched the statement otherwise, or removed a view around it?
static bool conflicts(const struct conf_change *c, const struct map *other)
{
	const struct conf_line *l = c->after ? c->after : c->before;
	const struct conf_change *theirs =
		map_get_number(other, place_hash(&c->path, c->path.depth, l));

	if (theirs && !lines_agree(c->after, theirs->after))
		return true;
	if (!c->after)
		return false; // gone either way
	for (unsigned depth = 1; depth <= c->path.depth; depth++) {
		theirs = map_get_number(other, place_hash(&c->path, depth, NULL));
		if (theirs && !theirs->after)
			return true;
	}
	return false;
}

static void put_conflict(struct buf *out, const struct conf_change *c)
{
	for (unsigned i = 0; i < c->path.depth; i++) {
		buf_format(out, "%*s", (int)i, "");
		conf_line_text(c->path.at[i], out);
		buf_text(out, "\n");
	}
	buf_format(out, "%*s%s", (int)c->path.depth, "",
		   c->after || c->before->undo ? "" : "undo ");
	conf_line_text(c->after ? c->after : c->before, out);
	buf_text(out, "\n");
}

static bool find_conflicts(const struct conf_diff *ours, const struct conf_diff *theirs,
			   struct buf *out)
{
	struct map our_index, their_index;
	bool found = false;

	index_changes(&our_index, ours);
	index_changes(&their_index, theirs);
	for (size_t i = 0; i < ours->count; i++) {
		if (conflicts(&ours->changes[i], &their_index)) {
			put_conflict(out, &ours->changes[i]);
			found = true;
		}
	}
	// What they added to a view that we remove: theirs is shown, since nothing of ours names it.
	for (size_t i = 0; i < theirs->count && !found; i++) {
		if (conflicts(&theirs->changes[i], &our_index)) {
			put_conflict(out, &theirs->changes[i]);
			found = true;
		}
	}
	map_free(&our_index);
	map_free(&their_index);
	return found;
}

void conf_diff_apply(const struct conf_diff *d, struct conf_tree *t)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct conf_change *c = &d->changes[i];
		if (c->after)
			conf_set(t, &c->path, c->after);
		else
			conf_remove(t, &c->path, c->before);
	}
}

bool conf_candidate_merge(const struct conf_candidate *c, const struct conf_tree *running,
			  struct conf_tree *ret, struct buf *conflict)
{
	struct conf_diff ours, theirs;
	bool refused;

	if (conf_tree_same(&c->base, running)) {
		*ret = conf_tree_clone(&c->tree);
		return true;
	}
	conf_diff(&c->base, &c->tree, &ours);
	conf_diff(&c->base, running, &theirs);
	refused = find_conflicts(&ours, &theirs, conflict);
	if (!refused) {
		*ret = conf_tree_clone(running);
		conf_diff_apply(&ours, ret);
	}
	conf_diff_free(&ours);
	conf_diff_free(&theirs);
	return !refused;
}
