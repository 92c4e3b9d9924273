// What a pipeline (checks before, a policy program, changes after) makes of each attribute set of
// one table, remembered by the set's number: a re-evaluation is a table look-up per route.
// Owned by one rib; not shared.
// Leaves are carried out and interned when the first route reaches them, not before.
//
// The result for a set is a final verdict or an index into a table of residual trees whose leaves
// are set numbers. The memo holds one reference on each set that it can yield. When a set leaves
// the attribute table, memo_forget drops what was remembered for it.
#pragma once

#include "attr/set.h"
#include "policy/policy.h"

#define MEMO_REJECT 0u // verdict "rejected"; anything else is the number of a set

struct memo_ops {
	// Before the program; may edit (values into the arena), but adds no route target. false:
	// rejected.
	bool (*before)(void *arg, const struct attr_set *set, struct attrs *inout, struct arena *a);
	// After each accepting leaf. false: rejected.
	bool (*after)(void *arg, const struct attr_set *set, struct attrs *inout, struct arena *a);
	void *arg;
	// What the two calls do, as a number: memos whose ops have the same number, but for 0, do the
	// same. Lets memo_agree answer without carrying anything out; 0: not known.
	uint64_t number;
};

struct memo;
struct memo *memo_new(struct attr_table *t, struct policy_program *program,
		      const struct policy_context *x,
		      const struct memo_ops *ops); // takes a reference on the program
void memo_free(struct memo *m);
// The verdict for a route: MEMO_REJECT or a set number (no reference for the caller; it lives at
// least until the memo forgets it or is freed).
uint32_t memo_verdict(struct memo *m, uint32_t attr_id, const struct af *af,
		      const struct af_key *key);
// The same question put to two memos of one table (and one family): true when they surely agree for
// every prefix.
bool memo_agree(struct memo *a, struct memo *b, uint32_t attr_id);
// Takes over an older memo whose ops do the same (the caller knows). Owned from now on.
// Where the two programs differ for some routes only (policy/difference.h) the older memo stays
// below the new one and answers for all others; so does its own foundation instead of it when that
// is as good, as when a change is taken back. Otherwise a leaf that does what a leaf of the older
// one did is looked up there instead of carried out, until memo_shed has let go of it.
// A program that asks for the peer inherits nothing.
void memo_inherit(struct memo *m, struct memo *older);
bool memo_shed(struct memo *m); // one piece of what was inherited; true: there is more
// The verdict if it is the same for every prefix; false: it is not.
bool memo_final(struct memo *m, uint32_t attr_id, uint32_t *ret_verdict);
void memo_forget(struct memo *m, uint32_t attr_id);
size_t memo_bytes(const struct memo *m);
