// What the tests of model/ share: configurations from text, typed lines, and what became of them.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "model/model.h"

struct fixture {
	struct model_host host; // first: given to the rows as app
	struct cli_schema schema;
	struct grammar *grammar;
	struct conf_tree tree; // of the last fixture_load
	struct speaker_config *config;
	struct buf errors;
	struct conf_store *store;
	struct cli *cli;
	struct cli_session *session;
	struct buf output;    // of fixture_type since the last call
	struct buf candidate; // of fixture_candidate
	struct buf prompt;    // the last one
	int status;
};
struct fixture *fixture_new(void);      // its session is a script: questions are answered with yes
struct fixture *fixture_terminal(void); // its session is a terminal; questions go to output
void fixture_free(struct fixture *f);
// Loads and compiles a text. false: errors says why.
bool fixture_load(struct fixture *f, const char *text);
void fixture_good(struct fixture *f, const char *text); // the same, or the test fails
// The peer in the compiled configuration.
const struct peer_config *fixture_peer(struct fixture *f, const char *address);
// Types lines (separated by newlines) at a terminal of its own that starts in the user view, whose
// candidate is at once what runs. Returns the status of the last line.
int fixture_type(struct fixture *f, const char *lines);
// The candidate as text; valid until the next call.
const char *fixture_candidate(struct fixture *f);
