// Inside cli/: a typed line against the forms of a view, word by word.
#pragma once

#include "base/text.h"
#include "cli/grammar.h"

#define LINE_MAX_SIZE 3100 // characters of one command line, as in VRP

enum match_status {
	MATCH_DONE,
	MATCH_UNRECOGNIZED,
	MATCH_INCOMPLETE,
	MATCH_AMBIGUOUS,
	MATCH_WRONG,      // parameter
	MATCH_TOO_MANY,   // parameters
	MATCH_UNREADABLE, // too long, a quote without end, control characters
};
enum match_scope {
	MATCH_ALL, // the view's own forms and those of its `also`
	MATCH_OWN, // its own only
};
struct match {
	enum match_status status;
	unsigned column;            // of the error in the line, from 0
	const struct gentry *entry; // MATCH_DONE
	struct conf_line *line;     // MATCH_DONE: the caller's reference
};
struct matcher *matcher_new(void);
void matcher_free(struct matcher *m);
// One match at a time per grammar; true: MATCH_DONE.
bool match_line(struct grammar *g, const struct gview *v, const char *line, enum match_scope scope,
		struct match *ret);
// The line of a match as it stands in a tree; takes the match's reference over.
struct conf_line *match_stored(struct match *m);
const char *match_error(enum match_status status); // "Error: ..." without newline

// --- for help and completion --------------------------------------------------------------------
struct reach { // an atom that can come next
	const struct gentry *entry;
	const struct gnode *atom;
	const struct frame *then; // what follows the atom
	const struct hit *before; // how it was come to
};
struct reach_set {
	struct reach *items;
	unsigned count, cap;
	bool complete; // the line can end here
};
// What can follow the words of the line (all of them; a partial last one is left out by the
// caller). Valid until the next match. false: the words do not match.
bool match_reach(struct grammar *g, const struct gview *v, const char *line,
		 const struct reach_set **ret, struct match *ret_error);
