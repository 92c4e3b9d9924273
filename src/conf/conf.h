// Statement trees. A tree is persistent: cloning costs nothing, changing a clone copies only the
// way to what changes (a treap by key, so that a view of a million lines is as quick as a small
// one, and two versions are compared by skipping what they share). Lines are immutable and counted.
// Single-threaded: everything here belongs to the control thread.
//
// Order of lines in a view: row order, object (first parameter of the identity: names, then
// numbers, then addresses, each by value), rank, then the rest of the identity, numbers by value.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"
#include "conf/row.h"

// --- lines ---------------------------------------------------------------------------------------
// One statement as stored: keywords in full, parameters in their stored form, words in the order of
// the row. Made by cli/ when it matches a typed line, or by conf_line_new.
struct conf_line {
	const struct row *row;
	uint32_t refs;
	uint16_t words, key_size;
	bool undo; // the stored form is `undo ...` (ROW_DEFAULT_ON)
	// Per word the name of its parameter, NULL for a keyword; behind them the key (identity
	// and place in the view, compared bytewise) and the words.
	const char *param[];
};
struct conf_word {
	const char *text;
	const char *param; // NULL: keyword
	bool quoted;       // printed in double quotes
	bool value;        // no part of the identity
};
// Copies the words; the names of parameters must live as long as the line.
struct conf_line *conf_line_new(const struct row *row, bool undo, const struct conf_word *words,
				unsigned n);
struct conf_line *conf_line_undone(const struct conf_line *l); // a copy, stored as `undo ...`
struct conf_line *conf_line_ref(const struct conf_line *l);
void conf_line_unref(struct conf_line *l); // NULL is allowed
bool conf_line_equal(const struct conf_line *a, const struct conf_line *b);
void conf_line_text(const struct conf_line *l, struct buf *out);   // no indentation, no newline
const char *conf_line_word(const struct conf_line *l, unsigned i); // NULL past the end
bool conf_line_is_value(const struct conf_line *l, unsigned i);

bool conf_has(const struct conf_line *l, const char *keyword);        // was that keyword typed?
const char *conf_value(const struct conf_line *l, const char *param); // its first word; NULL
// The words of a parameter, at most max of them; returns how many there are.
unsigned conf_values(const struct conf_line *l, const char *param, const char **ret, unsigned max);
const char *conf_after(const struct conf_line *l, const char *keyword); // the word behind it; NULL
// A number: of a parameter, or behind a keyword (`hold 180`); otherwise `otherwise`.
uint64_t conf_number(const struct conf_line *l, const char *param, uint64_t otherwise);
uint64_t conf_number_after(const struct conf_line *l, const char *keyword, uint64_t otherwise);

// --- trees ---------------------------------------------------------------------------------------
struct conf_node {                      // read only outside conf/
	const struct conf_line *line;   // NULL at the root
	struct conf_node *children;     // root of their treap; walk with conf_first
	struct conf_node *left, *right; // in the treap of its siblings
	uint64_t priority;
	uint32_t refs, count; // count: statements in this treap
};
struct conf_tree {
	struct conf_node *root; // the system view; never NULL
};
void conf_tree_init(struct conf_tree *t);
struct conf_tree conf_tree_clone(const struct conf_tree *t);
void conf_tree_free(struct conf_tree *t);
bool conf_tree_same(const struct conf_tree *a, const struct conf_tree *b);  // the same version
bool conf_tree_equal(const struct conf_tree *a, const struct conf_tree *b); // no difference

// Walking the statements of a view in order; the tree must not change meanwhile (clone it first).
//   struct conf_iter it;
//   for (const struct conf_node *n = conf_first(&it, parent); n; n = conf_next(&it))
#define CONF_ITER_DEPTH 64
struct conf_iter {
	const struct conf_node *root, *last;
	const struct conf_node *stack[CONF_ITER_DEPTH];
	unsigned depth;
	const uint8_t *bound; // stop at the first key that does not begin so
	uint16_t bound_size;
	bool dropped; // the stack was too small: found again by key
};
const struct conf_node *conf_first(struct conf_iter *it, const struct conf_node *parent);
const struct conf_node *conf_next(struct conf_iter *it);
// Only statements of that order.
const struct conf_node *conf_first_order(struct conf_iter *it, const struct conf_node *parent,
					 unsigned order);
// Only statements of that order about that object: all lines `peer 10.1.1.2 ...` of a view.
const struct conf_node *conf_first_object(struct conf_iter *it, const struct conf_node *parent,
					  unsigned order, const char *object);
// The last of those (the highest index of a list, say); NULL: none.
const struct conf_node *conf_last_object(const struct conf_node *parent, unsigned order,
					 const char *object);
// The statement with the same identity; NULL.
const struct conf_node *conf_find(const struct conf_node *parent, const struct conf_line *l);
// First statement of the row in that view; NULL. To walk over all of one row: conf_first_order, and
// look at n->line->row.
const struct conf_node *conf_find_row(const struct conf_node *parent, const struct row *row);

// A place: the lines of the views from the system view (depth 0) inwards.
#define CONF_DEPTH_MAX 8
struct conf_path {
	struct conf_line *at[CONF_DEPTH_MAX]; // counted
	unsigned depth;
};
void conf_path_enter(struct conf_path *p, const struct conf_line *l);    // takes a reference
void conf_path_leave(struct conf_path *p, unsigned depth);               // down to that depth
void conf_path_copy(struct conf_path *to, const struct conf_path *from); // `to` is not looked at
const struct conf_node *conf_at(const struct conf_tree *t, const struct conf_path *p); // NULL

// Changes. true: something changed. Ancestors that are missing are made; a statement that replaces
// another of the same identity keeps its children; one that is removed takes them along.
bool conf_set(struct conf_tree *t, const struct conf_path *p, const struct conf_line *l);
bool conf_remove(struct conf_tree *t, const struct conf_path *p, const struct conf_line *l);
// Removes every statement below p for which fn says so, at any depth, each with its children.
unsigned conf_remove_if(struct conf_tree *t, const struct conf_path *p,
			bool (*fn)(void *arg, const struct conf_node *n), void *arg);

// --- what a row's callbacks see ------------------------------------------------------------------
struct conf_edit {
	struct conf_tree *tree;       // the candidate
	struct conf_path *path;       // the view in which the line is stored
	const struct conf_line *line; // as it would be stored; with undo: the words behind `undo`
	bool undo;
	bool loading; // a whole file: references forward are judged at its end (model's compile)
	void *app;    // what the rooms above gave to cli_new
	struct buf *message; // "Error: ..." of a refusal, or "Info: ..." lines
	bool (*type)(struct conf_edit *e, const char *line); // see conf_edit_type
	void *typist;                                        // of type
};
bool conf_refuse(struct conf_edit *e, const char *format, ...) // returns false
	__attribute__((format(printf, 2, 3)));
// Matches and stores (or undoes) another line in the same view, without its check and apply: how an
// apply expands one typed line into what is stored. false: does not match.
bool conf_edit_type(struct conf_edit *e, const char *line);
bool conf_edit_default(struct conf_edit *e); // what would have happened without an apply
const struct conf_node *conf_edit_view(const struct conf_edit *e); // NULL: not there yet
const struct conf_node *conf_edit_parent(const struct conf_edit *e, unsigned up); // views around it

// --- differences and candidates ------------------------------------------------------------------
enum conf_change_kind { CONF_ADDED, CONF_REMOVED, CONF_REPLACED };
struct conf_change {
	enum conf_change_kind kind;
	struct conf_path path;                  // of the view
	const struct conf_line *before, *after; // NULL for added / removed
};
struct conf_diff { // in printing order; every statement by itself, parents before children
	struct conf_change *changes;
	size_t count, cap;
};
// Takes time by what differs, not by what is there.
void conf_diff(const struct conf_tree *before, const struct conf_tree *after,
	       struct conf_diff *ret);
void conf_diff_apply(const struct conf_diff *d, struct conf_tree *t);
void conf_diff_free(struct conf_diff *d);
void conf_diff_turn(struct conf_diff *d); // the way back
// One line of a difference that is read: a statement taken out (before) or put in (after), the other
// being NULL. What is put in right behind a statement with the same key, in its place, replaces it.
void conf_diff_add(struct conf_diff *d, const struct conf_path *view,
		   const struct conf_line *before, const struct conf_line *after);
// "+ " and "- " lines below the views they stand in, which are marked with blanks.
void conf_diff_text(const struct conf_diff *d, struct buf *out);

struct conf_candidate {
	struct conf_tree base; // running when it began
	struct conf_tree tree; // as edited
};
void conf_candidate_begin(struct conf_candidate *c, const struct conf_tree *running);
bool conf_candidate_dirty(const struct conf_candidate *c); // differs from its base
// What was edited, laid upon running as it is now; ret is a new tree. false: someone else has
// changed the same statement since; conflict then holds our lines, with their views.
bool conf_candidate_merge(const struct conf_candidate *c, const struct conf_tree *running,
			  struct conf_tree *ret, struct buf *conflict);
void conf_candidate_free(struct conf_candidate *c);

// --- text ----------------------------------------------------------------------------------------
// VRP's form: one blank per level, # between blocks, return at the end. Reading text needs the
// grammar: cli_load (cli/cli.h).
void conf_print(const struct conf_tree *t, struct buf *out);
void conf_print_view(const struct conf_node *n, unsigned level, struct buf *out); // with its line
// The same in portions: nobody waits while a large configuration is printed.
struct conf_printer {
	struct conf_tree tree; // a clone
	struct conf_iter it;
	const struct conf_node *next, *before;
	bool ended;
	bool (*want)(void *arg, const struct conf_node *n); // at the top; NULL: all
	void *arg;
};
void conf_printer_begin(struct conf_printer *p, const struct conf_tree *t);
// At least that many bytes more, unless it ends before. false: that was the end.
bool conf_printer_some(struct conf_printer *p, size_t bytes, struct buf *out);
void conf_printer_end(struct conf_printer *p);

// --- the store: what runs, on disk ---------------------------------------------------------------
// STATE-DIR/running.cfg holds a configuration with the hash of the file it began from, and
// STATE-DIR/commits.journal the differences of the commits since. Every commit is on disk before
// the new configuration is applied (file and directory synchronised), so a crash at any instant
// leaves the old or the new one. `save` writes the running configuration to the -f file, atomically
// too, and records its hash. At start running.cfg with its journal wins if it began from the -f
// file as that is now (commits not saved survive a crash); if the -f file was edited by hand since,
// or running.cfg is missing or torn, the -f file wins.
struct conf_store;
// Either may be NULL: nothing is kept there.
struct conf_store *conf_store_open(const char *state_dir, const char *config_file);
void conf_store_free(struct conf_store *s);
// Text to start from, for cli_load; name is for messages. No file at all: empty text.
// false: cannot be read (error says why).
bool conf_store_startup(struct conf_store *s, struct buf *ret_text, const char **ret_name,
			struct buf *error);
// What was parsed from it runs now; brings the state directory into order.
void conf_store_start(struct conf_store *s, const struct conf_tree *t);
const struct conf_tree *conf_store_running(const struct conf_store *s);
uint32_t conf_store_number(const struct conf_store *s); // of the last commit
// Writes, then takes over. false: nothing changed, error has "Error: ..." with the reason.
bool conf_store_commit(struct conf_store *s, const struct conf_tree *next, struct buf *error);
struct conf_commit; // the same with a record of it in the history (history.h)
bool conf_store_commit_as(struct conf_store *s, const struct conf_tree *next,
			  const struct conf_commit *record, struct buf *error);
bool conf_store_save(struct conf_store *s, const char *path, struct buf *error); // NULL: -f file
bool conf_read_file(const char *path, struct buf *ret, struct buf *error);
// A file of the caller's, atomically and durably.
bool conf_write_file(const char *path, const void *p, size_t n, struct buf *error);
