// Memberships in route targets as a table: what is special about them (RFC 4684 3). Private to rib/.
#pragma once

#include "rib/group.h"

// The decision has been made: tells rib_ops.member which paths count that did not, or the reverse.
void membership_count(struct change *c);
// The path goes, or what it stood for has gone: it counts no longer. true: it did.
bool membership_uncount(struct change *c, struct path *p);
// What a group is told instead of the best path, and whom it counts as coming from.
const struct path *membership_told(const struct update_group *g, const struct destination *d,
				   const struct path *best, uint16_t *ret_peer);
