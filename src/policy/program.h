// Compiled route-policies and programs. Private to policy/.
//
// A route-policy is an array of nodes by number; a node an array of clauses by kind, of which those
// of one kind and width are alternatives, and an array of applies in the order in which they take
// effect. A program is the row of stages that one binding names.
#pragma once

#include "policy/filter.h"

struct clause {
	enum match_kind kind;
	bool wide, whole;
	bool always; // names a filter that is not there: every route matches
	uint32_t low, high;
	struct object *filter; // counted; NULL for kinds without
	// Only while a source is asked for a clause: objects of one content have many names.
	const char *name;
};

struct apply {
	enum apply_kind kind;
	enum apply_mode mode;
	bool wide;
	uint32_t number;
	struct span values;      // communities: sorted values
	const uint32_t *numbers; // AS numbers
	unsigned count;          // of numbers, of filters
	struct object **filters; // counted: of APPLY_COMMUNITY_DELETE
	struct ip address;
};

#define NODE_DONE UINT32_MAX // a match ends the policy; else the place of the node asked next

struct policy_node {
	uint32_t number;
	bool permit;
	uint32_t next;
	unsigned clause_count, apply_count;
	struct clause *clauses; // by kind and width
	struct apply *applies;
	struct hash128 effect; // content of the applies: equal effects have equal hashes
};

struct route_policy {
	struct object object;
	struct arena arena; // owns nodes, clauses, applies
	unsigned count;
	struct policy_node *nodes; // by number
	bool asks_attributes;      // some clause looks at more than the prefix
	bool asks_source;          // if-match route-source
	bool applies_peer;         // apply next-hop peer-address
};

enum stage_kind {
	STAGE_TARGETS, // targets.c
	STAGE_VALUES,  // a filter of extended communities
	STAGE_ADDRESS,
	STAGE_PATH,
	STAGE_POLICY,
	STAGE_REJECT,
};

struct stage {
	enum stage_kind kind;
	const char *name;      // of the statement, for explanations: static text
	struct object *object; // counted; NULL for STAGE_REJECT
};

#define STAGES_MAX 9

struct policy_program {
	struct object object;
	const struct af *af; // NULL where no stage asks for it
	bool import, uses_peer;
	bool directed;        // import and export differ
	bool asks_attributes; // the shape of the residual depends on attributes, not on prefixes only
	unsigned count;
	struct stage stages[STAGES_MAX];
};

struct object *route_policy_compile(struct compile *c, struct policy_snapshot *n,
				    const struct source_policy *p, bool nonexistent_allowed);
void apply_compile(struct compile *c, struct policy_snapshot *n, const struct source_apply *s,
		   struct arena *a, struct apply *ret);
void apply_content(const struct apply *a, struct buf *b); // what makes it differ from others

// The object of that name, without a reference, or NULL.
struct object *snapshot_find(const struct policy_snapshot *n, enum filter_kind kind,
			     const char *name);

// What a program looks at while it runs on one route.
struct route_state {
	const struct policy_program *program;
	const struct policy_context *context;
	struct attrs *attrs;
	uint32_t tag; // of `apply tag`: no attribute, but later nodes may ask for it
	struct arena *arena;
	struct match_scratch *scratch;
};

// Whether the clause is one that only the key can answer for this program; then its filter is
// the test.
bool clause_is_test(const struct policy_program *p, const struct clause *c);
// What a stage says of which attributes alone decide: targets, values, AS path.
bool stage_matches(const struct stage *s, const struct attrs *as, struct match_scratch *scratch);
// The answer of any other clause.
bool clause_matches(const struct route_state *s, const struct clause *c);
bool clause_same_kind(const struct clause *a, const struct clause *b);
const char *clause_name(const struct clause *c); // static text: "if-match as-path-filter"
// All applies of a node.
void node_apply(struct route_state *s, const struct policy_node *n);
// Attributes that an UPDATE could not hold are refused (the length of a set has 16 bits).
bool attrs_fit(const struct attrs *as);
