// display bgp ... routing-table ... explain: why the routes of a destination are as they are, in short
// lines or as JSON. show.c finds the destinations; here each is asked about and printed.
#pragma once

#include "cmd/scope.h"
#include "speaker/explain.h"

struct explain_ask; // one display, with its candidate configuration

// The words `explain [ peer ADDRESS ] [ candidate ]` of the line. NULL after cli_error.
struct explain_ask *explain_ask_new(struct cli_call *c, const struct scope *s);
void explain_ask_free(struct explain_ask *a); // also while a question is under way; NULL is allowed
// Asks about one destination; prints, then calls done.
void explain_ask_start(struct explain_ask *a, const struct place *place, const struct af_key *key,
		       void (*done)(void *arg), void *arg);

// --- how an answer looks (explain_text.c, explain_json.c) -------------------------------------------
struct explain_view {
	struct app *app;
	const struct speaker_config *config; // that was asked about
	const struct policy_source *source;  // its policies, for the names in their clauses
	const struct place *place;
	const struct af_key *key;
	const struct explanation *answer;
	bool candidate;
};
void explain_text(struct buf *b, const struct explain_view *v);
struct json_t *explain_json(const struct explain_view *v);
// Where a route is from, and who a neighbour is: "10.0.0.1", "local", "another table".
void explain_peer(struct buf *b, const struct explain_view *v, uint16_t peer);
// "route-policy p" of that peer and direction; other stages by their statement.
void explain_stage(struct buf *b, const struct explain_view *v, const struct policy_step *step,
		   uint16_t peer, bool import);
// "if-match ip-prefix p1", as it was typed where that can be told.
void explain_clause(struct buf *b, const struct explain_view *v, const struct policy_step *step,
		    uint16_t peer, bool import);
const char *explain_instance(const struct explain_view *v, unsigned number); // "" not there
