// Policy: named filters and route-policies, compiled, interned by content, run by partial
// evaluation. Pure: knows attribute sets and prefixes, no peers and no tables.
//
// The way of a policy: configuration rows fill a struct policy_source (policy/source.h: plain
// lists of what was typed) -> policy_compile makes an immutable snapshot of named objects ->
// policy_program binds those that one peer, family and direction uses into a program. Objects and
// programs are interned by content in a store: when nothing that a program can see has changed,
// at any depth, the pointer is the same as before.
// Running a program on an attribute set gives a residual: either a final verdict, or a short tree
// of tests on the key whose leaves are verdicts. policy/memo.h remembers residuals per set.
//
// Store, snapshots and compilation belong to the control thread. Compiled objects are immutable;
// their counts are atomic, so programs may be handed to rib threads and dropped there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "af/af.h"
#include "attr/attr.h"
#include "base/arena.h"
#include "policy/source.h"

struct policy_store;
struct policy_snapshot;
struct policy_program;

struct policy_store *policy_store_new(void);
void policy_store_free(struct policy_store *s);

// Problems found while compiling (a regular expression that does not parse, a name that does not
// exist): one call of the sink each.
typedef void policy_complaint(void *arg, const char *object, const char *text);
struct policy_snapshot *policy_compile(struct policy_store *s, const struct policy_source *source,
				       policy_complaint *sink, void *arg); // NULL after a complaint
struct policy_snapshot *policy_snapshot_ref(struct policy_snapshot *n);
void policy_snapshot_unref(struct policy_snapshot *n);
bool policy_snapshot_has(const struct policy_snapshot *n, enum filter_kind kind, const char *name);
bool policy_snapshot_has_policy(const struct policy_snapshot *n, const char *name);
// Whether a named filter permits a route: of addresses (prefix lists, ACLs) its key's prefix, of
// distinguishers (rd-filter) its key's or, without one, that of attrs->local, of
// other kinds its attributes (whole: exactly the filter's values). What the kind does not ask for
// may be NULL. A filter that is not there permits nothing. For displays.
struct policy_route {
	const struct af *af;
	const struct af_key *key;
	const struct attrs *attrs;
};
bool policy_filter_permits(const struct policy_snapshot *n, enum filter_kind kind, const char *name,
			   bool whole, const struct policy_route *route);

// A route target, or all that begin with so many bits of one: 64 one target, 0 any route, also one
// without a target. Extended communities that are no route targets never count.
struct policy_target {
	uint8_t target[8];
	uint8_t bits; // at most 64
};

// What one direction of one peer and family names, in the order in which it is asked; every stage
// must permit. NULL: not configured.
struct policy_binding {
	const struct af *af;
	bool import;
	// Routes must carry one of these targets (in any order, quickest if sorted; copied).
	// constrained false: not asked. constrained and no target: nothing passes.
	const struct policy_target *targets;
	unsigned target_count;
	bool constrained;
	const char *ext_community_filter;        // rr-filter
	const char *acl;                         // filter-policy
	const char *prefix_list;                 // ip-prefix / ipv6-prefix
	const char *path_filter;                 // as-path-filter
	const char *view_acl, *view_prefix_list; // filter-policy of the family view
	const char *route_policy;
	const char *view_route_policy; // e.g. of `network ... route-policy`
};

// The program of a binding, with a reference for the caller. Never NULL: an empty binding gives
// the program that accepts everything unchanged. A name that does not exist rejects everything
// where VRP's nonexistent-config-check would have refused the configuration; where that check is
// disabled (policy_source.nonexistent_allowed), and for ACLs, it lets everything pass, as VRP does.
// The snapshot may be NULL: then no name exists.
struct policy_program *policy_program(struct policy_store *s, struct policy_snapshot *n,
				      const struct policy_binding *b);
// The same program behind a stage that lets only routes with one of the targets pass: what
// policy_program would give for its binding with these targets. So targets that it has already are
// replaced, and when one of them stands for any route, what comes is p without such a stage. A
// reference for the caller.
struct policy_program *policy_program_constrain(struct policy_store *s, struct policy_program *p,
						const struct policy_target *targets,
						unsigned count);
// Both are one program but for the route targets that they ask for.
bool policy_programs_kindred(const struct policy_program *a, const struct policy_program *b);
// Kindred, and `to` permits no route that `from` does not.
bool policy_program_narrows(const struct policy_program *from, const struct policy_program *to);
struct policy_program *policy_program_ref(struct policy_program *p);
void policy_program_unref(struct policy_program *p);
// Unique for the life of the store: for logs and memos.
uint64_t policy_program_number(const struct policy_program *p);
// Depends on struct policy_context's addresses.
bool policy_program_uses_peer(const struct policy_program *p);
// Accepts everything unchanged.
bool policy_program_is_open(const struct policy_program *p);

// The clause that policy_step.place counts to in a node of a source, as it was typed ("ip-prefix p1"),
// appended. false: the source has no such clause.
bool policy_source_clause(const struct policy_source *s, const char *policy, uint32_t node,
			  uint32_t place, struct buf *ret);

// Whether no route ever matches that node, because one before it ends the policy for all that would:
// *ret_by is its number. By the text alone: what filters contain is not compared.
bool policy_source_shadow(const struct policy_source *s, const char *policy, uint32_t node,
			  uint32_t *ret_by);

// What a route's surroundings are, as far as clauses ask. Only read when policy_program_uses_peer.
struct policy_context {
	struct ip peer, local;      // `if-match ip route-source`, `apply ... next-hop peer-address`
	uint32_t peer_as, local_as; // no clause asks for them; kept for completeness
};

// RESIDUAL_ROUTE: the tree would be too large (RESIDUAL_NODES_MAX): ask policy_run_route for each
// route.
enum residual_kind { RESIDUAL_REJECT, RESIDUAL_ACCEPT, RESIDUAL_TEST, RESIDUAL_ROUTE };
#define RESIDUAL_NODES_MAX 4096
// A compiled condition on the key (prefix list, basic ACL, rd-filter, types): immutable, part of the
// program.
struct key_test;
struct residual {
	enum residual_kind kind;
	struct attrs *attrs;         // ACCEPT: the route's attributes afterwards
	const struct key_test *test; // TEST
	const struct residual *yes, *no;
};
// Runs the program on attributes whose key is not known yet. Result and new values live in the
// arena; attrs of the result may point into `in` as well. Accepting with no change returns a list
// equal to `in`.
const struct residual *policy_run(const struct policy_program *p, const struct policy_context *x,
				  const struct attrs *in, struct arena *a);
bool key_test_matches(const struct key_test *t, const struct af *af, const struct af_key *key);
// The whole run for one route, node by node, without partial evaluation: the oracle of the tests
// and the base of explanations. false: rejected.
bool policy_run_route(const struct policy_program *p, const struct policy_context *x,
		      const struct af_key *key, struct attrs *inout, struct arena *a);

// The same, telling what happened on the way: one call for each stage, clause and node, in order.
struct policy_step {
	// "vpn-target", "rr-filter", "filter-policy", "ip-prefix", "as-path-filter", "route-policy"
	const char *stage;
	// "ip-prefix", "cost": of an if-match; NULL: of the whole node, or of the stage's end
	const char *clause;
	uint32_t node;  // number; meaningless at the stage's end
	uint32_t place; // of a clause: within its node, from 0
	bool matched;   // clause, node or filter
	bool permit;    // of a node: what it says; of a stage's end: the outcome
	bool end;       // last step of this stage
};
struct policy_observer {
	void (*step)(void *arg, const struct policy_step *step);
	void *arg;
	// What a node that permits has made of the attributes; good until it returns. NULL is allowed.
	void (*applied)(void *arg, const struct policy_step *node, const struct attrs *as);
};
bool policy_explain(const struct policy_program *p, const struct policy_context *x,
		    const struct af_key *key, struct attrs *inout, struct arena *a,
		    const struct policy_observer *observer); // NULL is allowed
