// What ties a table of a VPN instance to the public table of VPN routes: what the instance takes in
// and what its own routes carry when they leave. Immutable while a configuration runs.
// RFC 4364 section 4.3; RFC 4659; RFC 6514 section 7.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

// Of one instance and one inner family (struct af, inner). Lists are sorted, without duplicates.
struct vpn_link {
	bool present;   // the instance has this family and a route distinguisher
	bool takes_own; // also routes under its own distinguisher (they came from elsewhere)
	uint8_t rd[8];
	uint32_t label;        // of all routes that leave; 0 where the outer family has none
	bool label_per_route;  // apply-label per-route: each has one of its own instead
	uint8_t (*targets)[8]; // takes in what carries one of them; owned
	unsigned target_count;
	uint8_t (*communities)[8]; // extended communities that leaving routes get; owned
	unsigned community_count;
	struct policy_program *import, *export; // of the instance; counted; NULL: everything passes
};

void vpn_link_clear(struct vpn_link *l); // frees the lists, releases the programs
void vpn_link_copy(struct vpn_link *to, const struct vpn_link *from);
// What of the two directions differs.
bool vpn_link_import_equal(const struct vpn_link *a, const struct vpn_link *b);
bool vpn_link_export_equal(const struct vpn_link *a, const struct vpn_link *b);
