// Outlines in the form in which a memo keeps them: flat, shared by all attribute sets whose outline
// has the same shape, and comparable between memos by content. Private to policy/.
#pragma once

#include "policy/outline.h"

#define SKELETON_REJECT INT32_MIN

struct skeleton_node {
	const struct key_test *test;
	int32_t yes, no; // a node's place; ~place of a slot; SKELETON_REJECT
};

// A leaf: the nodes whose applies make the result, first one first. None: unchanged.
struct skeleton_slot {
	unsigned count;
	const struct policy_node **nodes;
	struct hash128 effects; // what they do
};

struct skeleton {
	struct skeleton *next;  // in a table's bucket
	struct hash128 content; // tests and effects by what they do: equal across programs
	unsigned number;        // in its table, from 1
	int32_t root;
	unsigned node_count, slot_count;
	struct skeleton_node *nodes;
	struct skeleton_slot *slots;
};

// The skeletons of one memo. They point into its program and live as long as the table.
struct skeleton_table {
	struct arena arena;
	struct skeleton *buckets[256];
	struct skeleton **numbered; // by number - 1; owned
	unsigned count;
	size_t bytes;
};

void skeleton_table_init(struct skeleton_table *t);
void skeleton_table_free(struct skeleton_table *t);
// scratch: memory that may go after the call.
struct skeleton *skeleton_of(struct skeleton_table *t, const struct policy_program *p,
			     const struct outline *o, struct arena *scratch);

static inline const struct skeleton *skeleton_numbered(const struct skeleton_table *t,
						       unsigned number)
{
	return t->numbered[number - 1];
}

// The leaf that a prefix leads to.
static inline int32_t skeleton_walk(const struct skeleton *s, const struct prefix_words *p)
{
	int32_t at = s->root;

	while (at >= 0) {
		const struct skeleton_node *n = &s->nodes[at];
		at = n->test->permits(n->test, p) ? n->yes : n->no;
	}
	return at;
}
