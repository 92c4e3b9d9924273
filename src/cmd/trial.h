// Inside cmd/: a configuration that runs and may still be taken back: a trial (trial.c), or a commit
// in stages on its way (staged.c). There is one at a time.
#pragma once

#include "cmd/commit.h"

struct staged;
struct trial {
	struct app *app;
	struct timer *timer;   // of a trial its end, of stages the next one
	unsigned session;      // that made it
	char *user, *persist;  // owned; persist NULL: it ends with the session
	uint32_t before;       // number of the commit to go back to
	struct staged *staged; // owned; NULL: a trial
	struct watch *watch;   // of its guard; owned; NULL: none
	char *ending; // why it is to be rolled back, which the disk refused; owned; NULL: it is not
};
// The one that is there, or a new one: from now on of this session, with the line's persist word.
struct trial *trial_take(struct cli_call *c, uint32_t before);
// Its records wait no more, and it is over. false: they cannot be written; nothing has changed.
bool trial_settle(struct app *a, struct buf *error);
// Rolled back, without anybody to tell: the log gets it, and what the disk refuses is tried again.
void trial_end(struct app *a, const char *why);

// --- staged.c ---------------------------------------------------------------------------------------
void staged_free(struct staged *s); // NULL is allowed
void staged_due(struct app *a);     // the interval is over
