// The guard of a commit: its impact is worked out first, and what passes a limit refuses it. Limits
// are those of the line (`commit guard ...`) and those that stand in the configuration that runs
// (`commit-guard ...`); all of them hold.
//
//   tree -> impact (a copy of the process) -> judged -> committed, or refused with the figures
//             └ meanwhile somebody changed what runs: upon that, from the beginning
//
// Meanwhile others cannot commit, and Ctrl+C leaves everything as it was.
#pragma once

#include "cmd/commit.h"
#include "cmd/impact.h"
#include "model/guard.h"

struct guard_limits_pair {
	struct guard_limits line, standing;
};
struct guarded {
	bool (*barred)(struct cli_call *c); // it may not be committed by now: after cli_error, true
	// Makes the tree anew upon what runs by now. false after the error has been printed.
	bool (*renew)(struct cli_call *c, struct conf_tree *ret);
	// Commits it. words: for the record, what the guard found; NULL: nobody asked it.
	void (*go)(struct cli_call *c, const struct conf_tree *tree, const char *words);
	// Last, once, whatever came, also after Ctrl+C; NULL: nothing is to be done.
	void (*end)(struct cli_call *c);
};
// Takes the tree. Without limits, or with the word `force`, it goes at once; otherwise when its
// impact has been found to be within them, and the call is ended by cli_done. true: that is so.
bool guard_run(struct cli_call *c, struct conf_tree *tree, const struct guarded *ops);
// The limits that hold for the line; false: there are none, or they are overridden.
bool guard_limits_of(const struct cli_call *c, struct guard_limits_pair *ret);

// Lines of what passes a limit, each with what was found and what is allowed. false: nothing does,
// and *within says in one line what was found.
bool guard_judge(const struct impact *i, const struct guard_limits_pair *limits, struct buf *passed,
		 struct buf *within);

// --- afterwards, during a trial (watch.c) -------------------------------------------------------------
// What the tables hold is looked at once a second, and compared with what they held before.
struct watch;
struct watch *watch_new(struct app *a, const struct guard_limits_pair *limits);
void watch_start(struct watch *w); // has been applied; ends the trial when a limit is passed
void watch_free(struct watch *w);  // NULL is allowed
