// For the tests of commands: whole boxes, each with a speaker and a command line, in one simulated
// network. Lines are typed as by a script; what they print is given back.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "cmd/app.h"
#include "sim/sim.h"

struct box {
	struct app app;
	struct cli_schema schema;
	struct loop *loop;
	struct cli_session *session, *json; // the second one asks for JSON
	struct buf out;
	int status;
};

struct box *box_new(const char *address); // after sim_new
void box_free(struct box *b);
// Types a line, lets the world run until it is done, and returns what it printed; good until the
// next one. box->status is 1 after an error.
const char *box_run(struct box *b, const char *line);
const char *box_json(struct box *b, const char *line);
void box_configure(struct box *b,
		   const char *lines); // from the user view, committed; fails the test on errors
// What `?` shows behind that much of a line.
const char *box_help(struct box *b, const char *line);
// Fails the test unless the output of the line has each of these in this order; NULL ends the list.
void box_expect(struct box *b, const char *line, ...) __attribute__((sentinel));
void box_refuses(struct box *b, const char *line, const char *error);
