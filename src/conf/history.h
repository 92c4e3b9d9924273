// The history: who changed what, when and why; and the configurations of the last commits, to go
// back to. It belongs to the store, which adds a record before a commit takes effect:
//
//   STATE-DIR/history.journal   one record a commit, in order: its words, then its difference from
//                               the commit before, or the whole configuration; and amendments
//                               (a label, a report) of records before
//
// A record of a commit that the running configuration does not know is one that never came to be,
// and is cut off at start, like a torn end. The last CONF_HISTORY_KEPT commits and somewhat more
// keep their configuration; older ones are listed until there are CONF_HISTORY_LISTED.
//
// Trees are kept in memory: versions share what they have in common. Those from before the start
// are read from the file when they are first asked for: from what runs back by differences, which takes
// time by what differs, or else on from an older whole configuration.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/conf.h"

#define CONF_HISTORY_KEPT   80
#define CONF_HISTORY_LISTED 1000
#define CONF_COMMIT_FIRST   1000000000u // added to a commit's number, it is what operators see

enum conf_commit_word {
	COMMIT_USER,
	COMMIT_FROM, // VTY 3
	COMMIT_TYPE, // CLI, ROLLBACK, TRIAL, STARTUP
	COMMIT_LABEL,
	COMMIT_DESCRIPTION,
	COMMIT_PLAN,    // lines
	COMMIT_IMPACT,  // lines
	COMMIT_REPORT,  // lines
	COMMIT_TRIAL,   // while it waits to be confirmed: what of it must be known after a restart
	COMMIT_CLEARED, // not listed any more
	COMMIT_GUARD,   // what it found, or that it was overridden
	COMMIT_WORDS
};
struct conf_commit {
	uint32_t number;
	int64_t time;             // microseconds since 1970
	char *word[COMMIT_WORDS]; // NULL: none
};

struct conf_history;
struct conf_history *conf_store_history(struct conf_store *s);
// How text is read: a whole configuration, or a difference upon t. false: it cannot be, errors say
// why, and t is half done. Without a reader only trees of this process are there.
struct conf_reader {
	bool (*read)(void *arg, const struct buf *text, bool difference, struct conf_tree *t,
		     struct buf *errors);
	// A difference by itself, for the way back from what runs: that is shorter than the way from the
	// whole of an older one. NULL: there is only the way on.
	bool (*read_difference)(void *arg, const struct buf *text, struct conf_diff *ret,
				struct buf *errors);
	void *arg;
};
void conf_history_set_reader(struct conf_history *h, const struct conf_reader *r);

// The commits that are listed, newest first. They are good until the next commit or change.
unsigned conf_history_count(const struct conf_history *h);
const struct conf_commit *conf_history_get(const struct conf_history *h, unsigned i); // NULL
const struct conf_commit *conf_history_find(const struct conf_history *h, uint32_t number);
const struct conf_commit *conf_history_labelled(const struct conf_history *h, const char *label);
// The configuration as it was behind that commit, or the one that the first began from (its number
// less one). A clone. false: "Error: ..." says why not.
bool conf_history_tree(struct conf_history *h, uint32_t number, struct conf_tree *ret,
		       struct buf *error);
// Sets or (NULL) removes a word, durably. false: nothing changed.
bool conf_history_amend(struct conf_history *h, uint32_t number, enum conf_commit_word what,
			const char *text, struct buf *error);
