// What a configuration would do, before anybody commits to it: a rehearsal's figures and samples, in
// words. One way for the display, the guard, rollback and `load`.
//
//   tree -> compile -> plan -> rehearsal (a copy of the process applies it) -> struct impact
//
// The impact that was last worked out is remembered with the configuration and the commit that it
// was worked out for and upon: a commit of just that carries it into its record, measures what it
// does itself and tells both.
#pragma once

#include "cmd/app.h"
#include "speaker/rehearsal.h"

struct impact_want {
	const struct conf_tree *tree; // as a commit would make it; cloned
	struct ledger_options options;
};

struct impact {
	struct conf_tree tree;          // what it is of (clone, owned)
	uint32_t upon;                  // number of the commit that ran
	struct ledger_options options;
	struct soft_plan plan;          // sessions that would be reset are steps of it
	struct measure_row *rows;       // owned
	unsigned row_count;
	uint64_t total[LEDGER_CLASSES];
	uint64_t accepted;              // routes accepted now, and
	uint64_t best;                  // best paths now: what a limit in percent is of
	uint64_t advertised;            // entries told to neighbours now, summed over them
	struct buf samples, samples_json; // rendered in the copy
	struct buf protected_lost;      // best paths that would go or move within the prefixes asked for (guard)
	uint64_t microseconds;          // that it took
};
void impact_free(struct impact *i);

struct impact_run;
struct impact_ops {
	void (*progress)(void *arg, unsigned percent); // optional
	// The impact is the receiver's. NULL: error says why, as a line "Error: ...".
	void (*done)(void *arg, struct impact *i, const char *error);
	void *arg;
};
// NULL after an error has been put into `errors` (does not compile, no memory). done comes later.
struct impact_run *impact_start(struct app *a, const struct impact_want *w,
				const struct impact_ops *ops, struct buf *errors);
void impact_cancel(struct impact_run *r); // no callback afterwards

// --- remembering ----------------------------------------------------------------------------------
void impact_remember(struct app *a, struct impact *i); // takes it; the one before is freed
// The one that was worked out for just this tree, upon what runs now, for all prefixes; NULL: none.
const struct impact *impact_known(const struct app *a, const struct conf_tree *tree);
void impact_forget(struct app *a);

// --- words ----------------------------------------------------------------------------------------
struct impact_view {
	const struct impact *impact;
	bool has_peer, has_family;     // show these alone
	struct ip peer;
	uint16_t families;             // bits
};
void impact_text(struct buf *out, struct app *a, const struct impact_view *v);
struct json_t *impact_json(struct app *a, const struct impact_view *v);
void impact_summary(struct buf *out, const uint64_t total[LEDGER_CLASSES]); // one paragraph: reports, records, guard
