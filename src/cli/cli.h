// The command line: rows in, matched lines out; sessions of operators; independent of transport.
//
//   grammar      rows of every room, compiled: match, help, completion, cli_load
//   cli          grammar + configuration store + what the commands work on
//   cli_session  one terminal or script: view, candidate, question, running command, history
//   cli_link     (link.h) a session at the end of a connection: bytes in, bytes out
//
// A transport (a link, a test) gives a session lines and gets text back through ops.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/conf.h"

struct grammar;
struct cli;
struct cli_session;

// --- set-up --------------------------------------------------------------------------------------
struct row_table { // one topic
	const struct row *rows;
	unsigned count;
};
struct cli_schema {
	const struct row_table *tables;
	unsigned table_count;
	const struct view *views; // "user" and "system" are built in
	unsigned view_count;
	const struct param *params; // besides those built in (param.c)
	unsigned param_count;
	const struct word_help *helps;
	unsigned help_count;
};
// Compiles; dies with row and reason when a row is wrong (a unit test in model/ calls it). The
// schema must outlive it. cli/'s own rows are in it already (builtin.c): system-view, quit, return,
// run, display this, display current-configuration, display configuration candidate, clear and
// refresh configuration candidate, screen-length, display history-command, terminal words.
struct grammar *grammar_new(const struct cli_schema *schema);
void grammar_free(struct grammar *g);

struct cli_setup {
	struct grammar *grammar;
	struct conf_store *store;
	void *app;                           // for the commands: the speaker, the model
	const char *(*host_name)(void *app); // sysname of the running configuration
	// What `commit` does; also run by `quit` with changes, and in one-stage mode.
	void (*commit)(struct cli_call *c);
	void (*session_ended)(void *app, struct cli_session *s); // it is freed next; NULL
};
struct cli *cli_new(const struct cli_setup *setup);
void cli_free(struct cli *c); // sessions first

// Parses a whole configuration text into a tree that starts empty. All errors are collected, a line
// each: "name:12:5: Error: Unrecognized command.". Returns their number.
unsigned cli_load(struct grammar *g, const char *text, size_t n, const char *name, void *app,
		  struct conf_tree *ret, struct buf *errors);
// The same upon a tree that is there: its lines as if typed, or those of a difference (as
// conf_diff_text has it). After an error the tree is half done: give a clone.
unsigned cli_load_merge(struct grammar *g, const struct buf *text, const char *name, void *app,
			struct conf_tree *t, struct buf *errors);
unsigned cli_load_changes(struct grammar *g, const struct buf *text, const char *name,
			  struct conf_tree *t, struct buf *errors);
// A difference as such, which can be carried out either way. ret is to be freed in any case.
unsigned cli_load_difference(struct grammar *g, const struct buf *text, const char *name,
			     struct conf_diff *ret, struct buf *errors);
// A difference that somebody has pasted: what it puts in is checked as if typed.
unsigned cli_load_pasted(struct grammar *g, const struct buf *text, const char *name, void *app,
			 struct conf_tree *t, struct buf *errors);

// --- sessions ------------------------------------------------------------------------------------
struct cli_session_ops {
	void (*output)(void *arg, const char *text, size_t n);
	// Ready for the next line (in a script too, where it is not shown). May call
	// cli_session_line, but a transport with many lines waiting should do that from its own
	// loop, not from in here.
	void (*prompt)(void *arg, const char *prompt);
	void (*question)(void *arg, const char *question); // the next line is its answer
	// The line given is done: 0, or 1 after an error. Comes before the prompt.
	void (*status)(void *arg, int status);
	void (*page)(void *arg, unsigned lines); // screen-length; 0: no pager. May be NULL
	// Much is still unsent: commands wait for cli_session_drained. May be NULL.
	bool (*full)(void *arg);
	void (*closed)(void *arg); // quit from the user view; free the session later, not inside
	// How far a command is: a line that is shown in place and gone with whatever comes next.
	// Terminals only. May be NULL
	void (*progress)(void *arg, const char *text);
};
struct cli_session_mode {
	const char *user; // shown in lists
	bool script;      // questions are answered with yes
	bool json;        // display commands give JSON
	uint8_t level;    // privilege, 3: all
};
struct cli_session *cli_session_new(struct cli *c, const struct cli_session_mode *mode,
				    const struct cli_session_ops *ops, void *arg);
void cli_session_free(struct cli_session *s);  // cancels what runs; its candidate is lost
void cli_session_start(struct cli_session *s); // first prompt
// A line, or the answer to a question. Dropped while a command runs: wait for the prompt.
void cli_session_line(struct cli_session *s, const char *line);
void cli_session_interrupt(struct cli_session *s); // Ctrl+C: leaves the command or the question
void cli_session_return(struct cli_session *s);    // Ctrl+Z
void cli_session_drained(struct cli_session *s);   // the transport has room again
// What `?` shows behind line.
void cli_session_help(struct cli_session *s, const char *line, struct buf *out);
// Tab: the words, one per line, that can stand at the end of line (its last, partial word
// included), and where that word begins.
void cli_session_complete(struct cli_session *s, const char *line, struct buf *ret_words,
			  size_t *ret_begin);
// `configuration exclusive`: the number of another session that holds the lock; 0: none does.
unsigned cli_locked(const struct cli_session *s);
#define CLI_LOCKED "The configuration is locked by other user. [Session ID = %u]"
bool cli_session_busy(const struct cli_session *s);                  // a command runs
struct conf_candidate *cli_session_candidate(struct cli_session *s); // NULL: user view
struct cli *cli_session_cli(struct cli_session *s);
const char *cli_session_user(const struct cli_session *s);
unsigned cli_session_number(const struct cli_session *s);
struct conf_store *cli_store(struct cli *c);
void *cli_app(struct cli *c);
struct grammar *cli_grammar(struct cli *c);

// --- commands: what a row's run() works with -----------------------------------------------------
// A command is over when run() returns, unless it called cli_later; then it goes on until cli_done.
// The call stays valid until then, or until cancel(call) was called (Ctrl+C, lost terminal),
// whichever is first: after cli_done, outside run(), the call is gone.
struct cli_call {
	struct cli_session *session;
	const struct row *row;
	const struct conf_line *line; // the words: conf_value, conf_has
	bool undo;                    // typed with `undo` (rows that have an undo grammar)
	bool json;
	void *app;
	void *data; // the command's own
	void (*cancel)(struct cli_call *c);
	void (*resume)(struct cli_call *c); // room again after cli_full
};
void cli_print(struct cli_call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_write(struct cli_call *c, const char *text, size_t n); // whole lines or parts of lines
// Prints "Error: ..." past the output filters and makes the status 1.
void cli_error(struct cli_call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_failed(struct cli_call *c); // status 1; the text has been printed
// How far it is, for a terminal where text is shown: past the output filters. "": nothing any more.
void cli_progress(struct cli_call *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cli_later(struct cli_call *c, void (*cancel)(struct cli_call *c));
void cli_done(struct cli_call *c);
bool cli_full(const struct cli_call *c); // the terminal is slow: please wait for resume
// Asks; done(call, yes) comes when it is answered, at once in a script. Implies cli_later; done
// must call cli_done.
void cli_ask(struct cli_call *c, const char *question, void (*done)(struct cli_call *c, bool yes));
// The lines that follow are the command's until cli_done; line gets each as it was typed. name stands
// in the prompt, where a view's would. Implies cli_later.
void cli_take_lines(struct cli_call *c, const char *name,
		    void (*line)(struct cli_call *c, const char *text),
		    void (*cancel)(struct cli_call *c));
bool cli_interactive(const struct cli_call *c);           // a terminal, not a script
struct conf_candidate *cli_candidate(struct cli_call *c); // the session's; NULL: user view
void cli_candidate_restart(struct cli_call *c); // begins anew from what runs now (after commit)
void cli_view_reset(struct cli_call *c);        // to the system view
