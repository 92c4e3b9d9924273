// How much the table of one family takes in: so many routes, so many prefixes, over the ribs of all
// shards together. What is beyond is turned away: a route that a peer announces or that another
// table lends and that is not there yet. A route that is there may change. What this speaker
// originates or aggregates itself counts, and is never turned away.
//
//   shard 0 --+
//   shard 1 --+--> room: what all of them hold, what they have turned away --> the owner looks
//
// Leading bits of prefixes decide about shards, so a limit cannot be divided among them beforehand,
// and grants by message would make a full table of what is none. So the room is the one thing that
// ribs of several threads share and that changes: four counts, no lock. Two shards that take the
// last place at the same moment both get it, so there may be as many more as there are shards less
// one. A family without limit has no room and pays one comparison.
//
// What is turned away is stored as rejected where the peer's routes are all kept, and not at all
// otherwise; bringing it back is up to the owner: a sweep that judges all again, a walk of what is
// lent, ROUTE-REFRESH. While something is turned away, what the table holds depends on the order
// of arrival: it is the one exemption from the law that it does not.
#pragma once

#include "rib/rib.h"

enum rib_limit_kind { LIMIT_ROUTES, LIMIT_PREFIXES, LIMIT_KINDS };

struct rib_room;
struct rib_room *rib_room_new(void); // one reference; counted atomically
struct rib_room *rib_room_ref(struct rib_room *room);
void rib_room_unref(struct rib_room *room); // NULL is allowed

struct rib_room_counts {
	uint32_t held[LIMIT_KINDS];    // routes that import let in; prefixes with such a route
	uint64_t refused[LIMIT_KINDS]; // times that the limit turned one away; only rises
};
void rib_room_read(const struct rib_room *room, struct rib_room_counts *ret); // from any thread

struct rib_limit {
	struct rib_room *room;      // shared by the ribs that are limited together; NULL: no limit
	uint32_t most[LIMIT_KINDS]; // 0: counted, and all taken in
	bool trim; // prefixes beyond the limit that are there already are turned away too
};
// Takes a reference on the room of its own. Trimming is done by rib_work.
void rib_set_limit(struct rib *r, const struct af *af, const struct rib_limit *l);
