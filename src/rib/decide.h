// The decision process: which path of a destination is best, and why. Private to rib/ but for the
// names of the steps, which displays and the manual show.
#pragma once

#include "rib/internal.h"

struct decide_step {
	const char *name, *text;
};

void decide(struct family *f, struct destination *d); // best path to the front
// The same after nothing but one path behind the best one came.
void decide_added(struct family *f, struct destination *d, uint32_t path);
// The best path among some of them; 0: there is none.
uint32_t decide_among(const struct family *f, const struct destination *d,
		      bool (*is_one)(const struct family *f, const struct path *p));
// The same among those that were not lent.
uint32_t decide_own(const struct family *f, const struct destination *d);
// Numbers of all paths, best first; count of them.
void decide_order(struct family *f, const struct destination *d, uint32_t *paths, unsigned count);
bool decide_equal(struct family *f, const struct path *a, const struct path *b); // share the load
// Number of the first step in which the one beats the other; the number of steps when in none.
unsigned decide_why(struct family *f, const struct path *better, const struct path *worse);
const struct decide_step *decide_step(unsigned i); // NULL behind the last
