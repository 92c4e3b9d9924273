// What peers have sent and a rib has stored, told once more to another rib: the received sets as
// they came, in the order of the table and not of their arrival, since no outcome depends on that.
// Routes of our own, aggregates and what is lent are not told: the other rib has to come to them by
// itself. For an audit (rib/compare.h).
#pragma once

#include "rib/rib.h"

struct replay;
// The peers of `to` are up, and have their imports. Both ribs belong to the caller.
struct replay *replay_new(struct rib *from, struct rib *to, const struct af *af);
bool replay_step(struct replay *p,
		 uint32_t destinations);        // so many more; true: there is more to tell
uint64_t replay_routes(const struct replay *p); // told so far
void replay_free(struct replay *p);
