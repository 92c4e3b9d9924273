// Making a configuration the running one: the one way of commit, rollback and the end of a trial.
#pragma once

#include "cmd/app.h"
#include "conf/history.h"

// Compile -> plan -> record and configuration on disk -> applied. The record's words but number,
// time and plan are the caller's, and stay so. out gets the plan, or the errors. false: nothing
// has changed.
bool commit_make(struct app *a, const struct conf_tree *tree, const struct conf_commit *record,
		 struct buf *out);
// The same with what the speaker is to run, made by the caller for the number of the next commit.
bool commit_take_over(struct app *a, struct speaker_config *next, const struct conf_tree *tree,
		      const struct conf_commit *record, struct buf *out);
// User, where from, and type of a record of this session's. commit_words_free afterwards.
void commit_words(const struct cli_call *c, const char *type, struct conf_commit *ret);
void commit_words_free(struct conf_commit *r);
// Locked by another session, or another one's trial waits, or its commit is under way: after
// cli_error, true.
bool commit_barred(struct cli_call *c);
bool guard_barred(struct cli_call *c); // guard.c: the last of these
// The candidate as commit would make it, for looking at. false after the error.
bool commit_candidate_tree(struct cli_call *c, struct conf_tree *ret);

// --- the line's words about the history (history.c) -------------------------------------------------
// The commit of commit-id or label; NULL after cli_error.
const struct conf_commit *commit_named(struct cli_call *c);
bool commit_before_last(struct cli_call *c, uint32_t *ret); // number before the last commit-count
bool commit_tree(struct cli_call *c, uint32_t number,
		 struct conf_tree *ret); // false after the error
void show_changes(struct cli_call *c, const struct conf_tree *before,
		  const struct conf_tree *after);
// Not all digits, and nobody else's; false after cli_error.
bool label_is_good(struct cli_call *c, const char *label);

// --- reports (report.c) ---------------------------------------------------------------------------
struct report;
void report_expect(struct app *a, uint32_t number); // that commit's jobs have been started
void report_free(struct app *a);
void report_job(struct buf *out, const struct soft_job *j); // its line

// --- what a commit did, beside what was foretold of it (effect.c) ----------------------------------
struct impact;
struct effect;
// Right before that commit is applied. known: of just that commit; NULL: nothing was foretold.
void effect_begin(struct app *a, uint32_t number, const struct impact *known);
bool effect_pending(const struct app *a); // one is being measured: effect_look now and then
bool effect_waits(struct app *a, uint32_t number); // that commit's is
void effect_look(struct app *a);
// Both, and whether they are equal, if it was foretold and is not being measured; forgotten then.
void effect_put(struct app *a, uint32_t number, struct buf *out);
void effect_free(struct app *a);

// --- trial (trial.c) ------------------------------------------------------------------------------
struct trial;
bool trial_active(const struct app *a);
bool trial_is_ours(const struct cli_call *c); // of this session, or its persist word was typed
// Words for the record of a trial commit: how long, and its persist word. NULL: no trial is meant.
char *trial_words(const struct cli_call *c); // caller owns
// A trial commit has been made: what ran before it is what it goes back to.
struct watch; // of guard.h; taken; NULL: nothing is watched
void trial_begin(struct cli_call *c, uint32_t before, struct watch *watch);
bool trial_confirm(struct cli_call *c); // false after the error has been printed
void trial_resume(struct app *a);       // after a start: one that waited is rolled back
void trial_session_ended(void *app, struct cli_session *s);
void trial_free(struct app *a); // leaves what runs; the next start rolls it back

// --- commits in stages (staged.c) -------------------------------------------------------------------
bool staged_active(const struct app *a);
// The line's `commit staged ...` of that tree: its first stage. The record's words are the caller's.
bool staged_begin(struct cli_call *c, const struct conf_tree *tree, struct conf_commit *record);
void staged_go_on(struct cli_call *c); // `commit` while it is on its way: the next stage
// A line that cannot be meant while one is on its way, or a staged commit during a trial: after
// cli_error, true.
bool staged_barred(struct cli_call *c);
