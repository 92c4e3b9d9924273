// The decision process: which path of a destination is best, and why. Private to rib/ but for the
// names of the steps, which displays and the manual show.
#pragma once

#include "rib/internal.h"

struct decide_step {
	const char *name, *text;
};

// A path that takes part: what a table has, or what somebody asks about.
struct decide_candidate {
	const struct attr_set *set;
	uint32_t path; // number of its own: in the table, or the asker's
	uint16_t peer;
};

// How one of them lost: in which step, and to whom. Deterministic MED: to one of its own
// neighbouring AS, which need not be the best in the end.
struct decide_loss {
	uint32_t path, to;
	unsigned step;
};

void decide(struct family *f, struct destination *d); // best path to the front
// The same after nothing but one path behind the best one came.
void decide_added(struct family *f, struct destination *d, uint32_t path);
// The best path among some of them; 0: there is none.
uint32_t decide_among(const struct family *f, const struct destination *d,
		      bool (*is_one)(const struct family *f, const struct path *p));
// The same among those that were not lent.
uint32_t decide_own(const struct family *f, const struct destination *d);
// The best of n (at least one), by the same steps as everything here, which use up c. losses, of all
// others: n - 1 places.
uint32_t decide_best(const struct family *f, struct decide_candidate *c, unsigned n,
		     struct decide_loss *losses);
// What a step looks at, as text: "LOCAL_PREF 200".
void decide_value(const struct family *f, unsigned step, const struct decide_candidate *c,
		  struct buf *ret);
// Numbers of all paths, best first; count of them.
void decide_order(struct family *f, const struct destination *d, uint32_t *paths, unsigned count);
bool decide_equal(struct family *f, const struct path *a, const struct path *b); // share the load
// Number of the first step in which the one beats the other; the number of steps when in none.
unsigned decide_why(struct family *f, const struct path *better, const struct path *worse);
const struct decide_step *decide_step(unsigned i); // NULL behind the last
