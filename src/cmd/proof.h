// Records of what was done to routes, and the proof of what became of sessions meanwhile: one for each
// commit and each `refresh bgp`, numbered, the last hundred. They live in memory; what a commit was
// planned and found to do is in the history of commits besides, and stays there.
#pragma once

#include "cmd/commit.h"
#include "speaker/proof.h"

struct proof_record {
	uint32_t number;
	uint32_t commit;     // number of the commit; 0: a refresh
	char *what;          // owned: "commit 12 by admin", "refresh bgp 10.0.0.1 import"
	char *said;          // owned: the plan, or what the refresh told; NULL: nothing
	struct proof *proof; // owned
};

// Begins a record. What the speaker does up to proof_started is its; said is added to it (NULL: nothing).
void proof_commit(struct app *a, const struct conf_commit *record, const char *plan);
void proof_refresh(struct cli_call *c);
void proof_started(struct app *a, const char *said);
void proof_drop(struct app *a); // instead of proof_started: nothing came of it
void proofs_free(struct app *a);
unsigned proofs_count(const struct app *a);
const struct proof_record *proofs_get(const struct app *a, unsigned i);       // newest first
const struct proof_record *proofs_find(const struct app *a, uint64_t number); // NULL

// --- words (proof_show.c) -------------------------------------------------------------------------
void proof_head(struct buf *b);
void proof_row(struct buf *b, const struct proof_record *r);
void proof_text(struct buf *b, struct app *a, const struct proof_record *r);
struct json_t *proof_json(struct app *a, const struct proof_record *r, bool verbose);
struct json_t *job_json(const struct soft_job *j); // job.c
