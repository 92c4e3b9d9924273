// Inside cli/: rows, compiled. Made once at start, constant afterwards but for the matcher's
// scratch memory, which one match at a time uses.
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "cli/cli.h"

// --- a grammar as a tree -------------------------------------------------------------------------
enum gkind {
	G_KEYWORD,
	G_PARAM,
	G_SEQUENCE, // all, in order
	G_ONE,      // one of
	G_MAYBE,    // none or one of
	G_ANY,      // each at most once in any order, at least min of them
	G_REPEAT,   // the one child, 1 to max times
};
#define GRAMMAR_NEST_MAX 20
struct gnode {
	enum gkind kind;
	const char *word;          // keyword, or name of the parameter
	const struct param *param; // NULL unless G_PARAM
	bool value;                // word: no part of the identity
	bool empty;                // can match no word at all
	unsigned min, max;
	struct gnode **child;
	unsigned children, nest; // nest: levels of groups inside
};
extern const struct gnode gnode_undo; // the keyword `undo`
// Reads the notation (row.h). Dies on a mistake, naming the row: it is a mistake in this program.
struct gnode *notation_parse(struct grammar *g, const struct row *row, const char *text);
// The undo form: the same with the value words optional.
struct gnode *notation_undo(struct grammar *g, const struct gnode *of);
const char *notation_next(const char *text, char separator,
			  char **ret_part); // part is the caller's

// --- views ---------------------------------------------------------------------------------------
struct gview;
struct gentry { // one form that a line can have in a view
	const struct row *row;
	const struct gnode *root;
	bool undo;  // root is what follows `undo`
	bool outer; // of the view's `also`: stored below that line
	unsigned number;
};
struct gbucket { // all forms that begin with one keyword
	const char *keyword;
	struct vec entries; // struct gentry
};
struct gview {
	const struct view *view;
	struct gview *parent, *also;
	struct conf_line *also_line; // owned
	struct vec buckets;          // struct gbucket
};

struct matcher;
struct grammar {
	const struct cli_schema *schema;
	struct arena memory; // all nodes and entries
	struct vec views;    // struct gview
	struct gview *user, *system;
	struct vec params; // struct param that the notation defined on the spot
	struct matcher *matcher;
	unsigned entries;
};
struct gview *grammar_view(const struct grammar *g, const char *name);        // NULL
const struct param *grammar_param(const struct grammar *g, const char *name); // NULL: a keyword
const char *grammar_help(const struct grammar *g,
			 const struct gnode *atom);     // "" when there is none
bool words_contain(const char *list, const char *word); // list: words with blanks between
