// The exchange of routes between the ribs of one shard: the public one, which holds the VPN tables,
// and one for each VPN instance. One exchange per shard, in the shard's thread; it owns its index
// and copies of the links, not the ribs.
//
//   VPN table: best path moved -> instances that its targets name -> import policy -> lent to the
//              instance's table under its inner key
//   instance's table: best path moved, and it was not lent -> export policy, targets, label
//              -> lent to the VPN table under distinguisher and key
//
// A route that was lent is not lent on, so there are no circles. A route under the instance's own
// distinguisher that the instance itself lent is not taken back.
// Nor does it keep an instance from giving what it has itself: it gives the best of its own paths
// (rib_best_own), also while a lent one is better. So the outcome depends on no order of arrival.
// After a change of links a walk passes over what is concerned and nothing else: an index tells which
// VPN routes carry a target. RFC 4364 section 4.3.
#pragma once

#include "rib/rib.h"
#include "vpn/link.h"

struct exchange;
// Labels of single routes are taken from 2^19 upwards: those that are `shard` modulo `shards`.
struct exchange *exchange_new(unsigned shard, unsigned shards);
void exchange_free(struct exchange *x);

// The rib of an instance (0: the public one, first of all, while it has no VPN routes yet). NULL: it
// is gone, and with it all that it lent, at once; the caller frees the rib afterwards. The other way
// round, exchange_free goes before the ribs do.
void exchange_rib(struct exchange *x, uint16_t instance, struct rib *r);
// From now on moved routes meet this link (copied; NULL: none any more). What stands is made true
// by walks, one for each direction in which it differs. An inner family that exchanges routes with
// none is ignored.
void exchange_link(struct exchange *x, uint16_t instance, const struct af *inner,
		   const struct vpn_link *link);
// rib_ops.moved of the instance's rib.
void exchange_moved(struct exchange *x, uint16_t instance, const struct af *af,
		    const struct rib_move *m);

// --- making what stands true --------------------------------------------------------------------
// A walk: import: routes of the VPN table that carry a target in which links since the last finished
// walk differ; when anything else of the import differed, or again is set, those that carry any target
// of these links. Export: all routes of the instance's table.
// Counts are of routes: what is lent now and was not is newly accepted, the other way round newly
// rejected. best_moved: in the instance's table, or the VPN table (export).
// Owned by the caller. Survives any change of tables and links between its slices.
struct exchange_walk;
struct exchange_walk *exchange_walk_new(struct exchange *x, uint16_t instance,
					const struct af *inner, bool import, bool again);
bool exchange_walk_step(struct exchange_walk *w, rib_deadline *over, void *arg); // true: more to do
void exchange_walk_counts(const struct exchange_walk *w,
			  struct sweep_counts *ret); // seen: routes looked at
unsigned exchange_walk_percent(const struct exchange_walk *w);
void exchange_walk_free(struct exchange_walk *w);

// What routes that moved by themselves have changed so far, apart from walks; it only grows. A route that
// a new import policy of a peer lets in is lent as it comes: the walk after it finds nothing to do.
void exchange_live_counts(const struct exchange *x, uint16_t instance, const struct af *inner,
			  bool import, struct sweep_counts *ret);

struct exchange_totals {
	uint32_t targets; // that somebody carries or asks for
	uint32_t places;  // of destinations under targets
	size_t bytes;     // of both
};
void exchange_totals(const struct exchange *x, struct exchange_totals *ret);
