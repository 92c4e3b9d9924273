// `check bgp tables`: the audit (speaker/audit.h) in a copy of the process, and what is remembered of it.
//
//   line -> places -> rehearsal without a configuration (a copy of the process) -> speaker_audit
//        -> findings in words, figures of tables -> the terminal, the log, a record
//
// Any number of checks may be under way; each has its copy. A record stays for display for as long as
// the process lives, the last ones only; the sums of all stay.
#pragma once

#include "cmd/scope.h"
#include "speaker/audit.h"

#define AUDIT_RECORDS  16
#define AUDIT_FINDINGS 20 // told of each check, where nothing else was typed

enum audit_state { AUDIT_RUNS, AUDIT_DONE, AUDIT_LEFT, AUDIT_DIED };

struct audit_table { // of a record
	struct audit_row row;
	char instance[INSTANCE_NAME_MAX]; // "": public
};

// One that was found, in words.
struct audit_finding {
	char *text; // lines; owned
	char *json; // owned
};

struct audit_record {
	unsigned number;
	enum audit_state state;
	int64_t started;       // microseconds since 1970
	uint64_t began;        // the same, monotonic
	uint64_t microseconds; // that it took
	uint32_t commit;       // that ran
	char user[64];
	char subject[96];           // what was asked for: "all tables"
	struct audit_table *tables; // owned
	unsigned table_count;
	uint64_t replayed; // routes
	uint64_t differences[AUDIT_KINDS];
	struct audit_finding *findings; // owned; the first ones
	unsigned finding_count;
	uint64_t memory; // bytes that the copy had for itself in the end; 0: not known
};

// Since the process began: what a monitor looks at.
struct audit_counts {
	uint64_t checks;      // that came to their end,
	uint64_t bad_checks;  // those of them that found something,
	uint64_t differences; // and how much all have found
};
void audit_counts(const struct app *a, struct audit_counts *ret);

struct audits; // of struct app
void audits_free(struct app *a);
uint64_t audit_record_differences(const struct audit_record *r);
// The newest record first; NULL: no more.
const struct audit_record *audit_record_at(const struct app *a, unsigned i);
struct audit_record *audit_record_new(struct app *a);          // the oldest one may go for it
void audit_record_drop(struct app *a, struct audit_record *r); // it has not begun
void audit_record_end(struct app *a, struct audit_record *r, enum audit_state state);

// --- words (audit_words.c) ------------------------------------------------------------------------
// In the copy: one finding; log: lines that say all that is needed to come to it again.
struct audit_words {
	struct buf text, json, log;
};
void audit_words(struct app *a, const struct audit_difference *d, struct audit_words *ret);
void audit_words_free(struct audit_words *w);

// --- pages (audit_show.c) ---------------------------------------------------------------------------
void audit_text_end(struct buf *out, const struct audit_record *r); // tables and sums
void audit_text_findings(struct buf *out, const struct audit_record *r);
struct json_t *audit_record_json(const struct audit_record *r);

extern const struct template_table audit_templates;
extern const struct row_table audit_table, audit_show_table;
