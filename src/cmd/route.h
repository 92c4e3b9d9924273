// One route as the displays show it: filled once (route_record_fill), printed as a table row, as a
// block (wide prefixes), in detail, or as JSON.
#pragma once

#include "cmd/scope.h"

struct route_record {
	const struct place *place; // whose table
	const struct af *af;       // the place's
	struct buf prefix;         // "10.0.0.0/8": what stands in the column Network
	struct buf key;            // the whole text of the key; empty with AF_PREFIX
	struct buf group; // heading that it stands under: distinguisher, or origin AS; empty: none
	struct buf path, communities, large, extended, next_hop, pmsi, clusters;
	struct ip peer; // bits 0: ours, or lent
	uint32_t peer_router_id;
	bool valid, best, internal, stale, suppressed, local, has_med, has_local_pref;
	bool lent;             // from another table: of an instance, or of VPN routes
	bool ours;             // made here, or exported by an instance of ours
	uint8_t from[RD_SIZE]; // lent to an instance: the distinguisher that it has there
	bool labeled;          // label means something
	uint32_t label;
	uint32_t med, local_pref, preferred;
	uint8_t origin;
	unsigned type; // AF_TYPED
	uint32_t generation, originator;
	int64_t changed_at; // microseconds since 1970; 0: not known
	uint64_t age;       // microseconds since then
	unsigned path_index, path_count;
	bool same_prefix; // as the row before: its column stays blank
};

void route_record_fill(struct app *a, const struct place *place, struct route_record *ret,
		       const struct rib_route *route, enum rib_view view);
void route_record_free(struct route_record *r);
struct json_t *route_json(const struct route_record *r);
// What a key has behind type and distinguisher, joined by colons; of a membership its target.
void route_fields(struct buf *b, const struct af *af, const struct af_key *key);
const struct af_type *route_type_row(const struct af *af, unsigned type); // NULL
void route_row_head(struct buf *b, const struct af *af, unsigned type);
void route_row(struct buf *b, const struct route_record *r);
void route_detail(struct buf *b, const struct route_record *r);

// Filters of displays (`community ...`, `as-path-filter ...`, `regular-expression ...`): made from
// the words of the line; NULL in *ret: none was given. false after cli_error.
struct route_filter;
bool route_filter_new(struct cli_call *c, struct route_filter **ret);
bool route_filter_matches(struct route_filter *f, const struct rib_route *route,
			  enum rib_view view);
void route_filter_free(struct route_filter *f);
const struct attr_set *route_set(const struct rib_route *route,
				 enum rib_view view); // what that view shows
