// What a configuration would do, before anybody commits to it: a rehearsal's figures and samples, in
// words. One way for the display, the guard, rollback and `load`.
//
//   tree -> compile -> plan -> rehearsal (a copy of the process applies it) -> struct impact
//
// The impact that was last worked out is remembered with the configuration and the commit that it
// was worked out for and upon: a commit of just that carries it into its record, measures what it
// does itself and tells both.
//
//   impact.c         the run, remembering       impact_sample.c  routes in words, in the copy
//   impact_text.c    the page                   impact_json.c    the same as JSON
//   impact_show.c    display configuration candidate impact
#pragma once

#include "cmd/app.h"
#include "speaker/rehearsal.h"

// Which part of it is meant. Zero: all.
struct impact_filter {
	bool has_peer, has_instance, has_family;
	struct ip peer;
	uint16_t instance; // number; without has_instance a peer is one of the public instance
	uint16_t families; // bits
};

struct impact_want {
	const struct conf_tree *tree; // as a commit would make it; cloned
	struct ledger_options options;
	unsigned shown;              // samples of each table and class that are put into words
	struct impact_filter filter; // of these alone
	// In the copy, besides: what it puts into `ret` arrives as protected_lost. NULL: nothing.
	void (*tell)(void *arg, struct speaker *s, const struct measure *m, struct buf *ret);
	void *tell_arg;
};

// A route before and after, in words. Written in the copy, which has both.
struct impact_sample {
	uint16_t instance;
	uint8_t family, class;            // af_index, enum ledger_class
	struct ip address;                // of the peer; bits 0: of the table
	char *prefix, *who, *what, *json; // owned; who: whose path, or to whom
};

// What cannot be known: a peer whose import changes, and that does not keep what it rejects.
struct impact_unknown {
	uint16_t instance;
	struct ip address;
	const struct af *af;
	uint64_t unkept; // routes turned away since the session began
	bool asked;      // ROUTE-REFRESH will tell; else only a new session would
};

struct impact {
	struct conf_tree tree;         // what it is of (clone, owned)
	struct speaker_config *config; // the same, compiled; counted
	uint32_t upon;                 // number of the commit that ran
	struct ledger_options options;
	struct soft_plan plan;    // sessions that would be reset are steps of it
	struct measure_row *rows; // owned
	unsigned row_count;
	uint64_t total[LEDGER_CLASSES];
	uint64_t accepted;   // routes of peers accepted now, and
	uint64_t best;       // best paths in all tables now: what a limit in percent is of
	uint64_t advertised; // entries told to neighbours now, summed over them
	struct impact_sample *samples; // owned
	unsigned sample_count;
	struct impact_unknown *unknown; // owned
	unsigned unknown_count;
	struct buf protected_lost; // what want.tell wrote (guard)
	uint64_t microseconds;     // that it took
};
void impact_free(struct impact *i); // NULL is allowed

struct impact_run;
struct impact_ops {
	void (*progress)(void *arg, unsigned percent); // optional
	// The impact is the receiver's. NULL: error says why, as a line "Error: ...". The run is over.
	void (*done)(void *arg, struct impact *i, const char *error);
	void *arg;
};
// NULL after an error has been put into `errors` (does not compile, no memory). done comes later.
struct impact_run *impact_start(struct app *a, const struct impact_want *w,
				const struct impact_ops *ops, struct buf *errors);
void impact_cancel(struct impact_run *r); // no callback afterwards; NULL is allowed

// --- remembering ----------------------------------------------------------------------------------
void impact_remember(struct app *a, struct impact *i); // takes it; the one before is freed
// The one that was worked out for just this tree, upon what runs now, for all prefixes; NULL: none.
const struct impact *impact_known(const struct app *a, const struct conf_tree *tree);
void impact_forget(struct app *a);

// --- words ----------------------------------------------------------------------------------------
struct impact_view {
	const struct impact *impact;
	struct impact_filter filter; // show these alone
	unsigned samples;            // at most of each table and class
};
void impact_text(struct buf *out, struct app *a, const struct impact_view *v);
struct json_t *impact_json(struct app *a, const struct impact_view *v);
// One paragraph: reports, records, guard. Begins at the line's start, ends with a newline.
void impact_summary(struct buf *out, const uint64_t total[LEDGER_CLASSES]);

bool impact_filter_has(const struct impact_filter *f, uint16_t instance, unsigned family,
		       const struct ip *address);
// Of the rows that the filter has.
void impact_total(const struct impact *i, const struct impact_filter *f,
		  uint64_t ret[LEDGER_CLASSES]);
const char *impact_class(enum ledger_class class);      // "newly accepted"
const char *impact_class_name(enum ledger_class class); // "newly_accepted": JSON
const char *impact_instance(const struct impact *i, struct app *a, uint16_t number); // "": public
// Attributes by the bits of ledger_traits; NULL: none of that number.
const char *impact_trait(unsigned trait);      // "localpref": as displays of routes have it
const char *impact_trait_name(unsigned trait); // "local_preference": JSON

// --- samples (impact_sample.c) ----------------------------------------------------------------------
// In the copy. Puts what the filter has into words, at most so many of each table and class, and of
// all together: with a thousand VPN instances nobody reads each.
#define IMPACT_SAMPLES_MOST 2000
void impact_samples_tell(const struct measure *m, const struct impact_want *w,
			 void (*tell)(const struct buf *sample));
// In the process: what came. false: it is none.
bool impact_sample_read(const uint8_t *p, size_t n, struct impact_sample *ret);
void impact_sample_free(struct impact_sample *s);

// --- for a command (impact_show.c) ------------------------------------------------------------------
// A run whose progress a terminal sees. done may print and must end the call, or ask; impact is its.
struct impact_ask;
typedef void impact_answer(struct cli_call *c, struct impact *i, const char *error);
struct impact_ask *impact_ask_start(struct cli_call *c, const struct impact_want *w,
				    impact_answer *done, struct buf *errors); // NULL after an error
void impact_ask_cancel(struct impact_ask *a); // done will not be called; NULL is allowed
#define IMPACT_SAMPLES 5                      // of each class, where nothing else was typed
