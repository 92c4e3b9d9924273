// Inside cli/: where a terminal (or a file being read) stands, and entering statements there.
#pragma once

#include "cli/match.h"

struct place {
	const struct gview *view[CONF_DEPTH_MAX]; // from the system view inwards
	unsigned depth;                           // of view: 1 in the system view
	struct conf_path path;                    // depth - 1 lines
};
void place_init(struct place *p, const struct grammar *g);
void place_leave(struct place *p, unsigned depth); // down to that many views; at least 1
// Into the view that the line opens; p->depth < CONF_DEPTH_MAX.
void place_enter(const struct grammar *g, struct place *p, const struct conf_line *l);
void place_free(struct place *p);
// Matches a line here, or else in the views above. *ret_depth: how many views deep it belongs.
bool place_match(struct grammar *g, const struct place *p, const char *line, struct match *ret,
		 unsigned *ret_depth);
// The part of the prompt that names the view.
void place_prompt(const struct place *p, struct buf *out);

// A statement on its way into a tree. Its place may change meanwhile only by statement_apply.
struct statement {
	struct conf_edit edit;
	struct match match; // owns the line
	struct grammar *grammar;
	struct place *place;
	unsigned depth;        // of the view it belongs to
	struct conf_path path; // where it is stored
};
struct statement_context {
	struct grammar *grammar;
	struct place *place;
	struct conf_tree *tree;
	struct buf *message;
	void *app;
	bool loading;
};
// Takes over m's line. false: refused by its check.
bool statement_begin(struct statement *s, const struct statement_context *c, const struct match *m,
		     unsigned depth);
// Changes the tree; then the place is the view that the statement belongs to, or the one it opens.
// All or nothing; false: refused.
bool statement_apply(struct statement *s);
void statement_end(struct statement *s);
