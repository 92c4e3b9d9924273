// For the tests of this room: configurations and routes as text, in the command line's words, so
// that a test reads like a transcript. Part of no program.
#pragma once

#include "attr/set.h"
#include "base/random.h"
#include "policy/memo.h"
#include "policy/source.h"

struct fixture {
	struct policy_store *store;
	struct policy_source *source; // of the lines read since the last snapshot
	struct policy_snapshot *snapshot;
	struct arena arena;
	unsigned complaints;
	char complaint[512];          // the last one
	struct source_policy *policy; // that lines belong to
	struct source_node *node;
};

void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);
// Lines separated by newlines. Words as on the command line, but:
//	acl NAME rule N permit|deny [ADDRESS WILDCARD]      (acl6 for the wide form)
//	ip {community|large-community|ext-community|soo}-filter {basic|advanced} NAME [index N] ...
//	ip {community|large-community}-list NAME VALUES
//	ip rd-filter NAME [index N] permit|deny VALUES
// An unknown word ends the test.
void fixture_lines(struct fixture *f, const char *lines);
// Compiles what was read; the snapshot replaces the last one unless there were complaints.
bool fixture_compile(struct fixture *f);
// Both, starting afresh.
void fixture_config(struct fixture *f, const char *lines);
struct policy_program *fixture_program(struct fixture *f, const char *af, bool import,
				       const char *route_policy);

// "path=100,{1,2} nh=10.0.0.1 med=5 lp=100 origin=igp comm=1:1;2:2 large=1:1:1 rt=1:1 soo=1:1
// source=ebgp pref=10 value=3 originator=1.1.1.1 label=16 rd=100:1"
void fixture_attrs(struct fixture *f, const char *text, struct attrs *ret);
const char *fixture_text(struct fixture *f, const struct attrs *as); // the same form
const struct af *fixture_af(const char *name);
struct af_key fixture_key(const char *af, const char *prefix);
// Runs a route-policy on one route, both ways, which must agree; the result as text, or "rejected".
const char *fixture_run(struct fixture *f, const char *policy, const char *af, const char *prefix,
			const char *attrs);
extern const struct policy_context fixture_context; // peer 192.0.2.1, local 192.0.2.2
