// What the owner of a rib says about it, its peers and their sessions: values that are copied. Equal
// contents are equal configuration; programs are interned by content, so their pointers tell. Part
// of rib/rib.h, which everybody includes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "policy/policy.h"

// Everything of the instance that decides a route's fate. A change of it is followed by sweeps.
struct rib_options {
	uint32_t local_as, router_id, cluster_id;
	uint32_t confederation_id; // 0: none. Then local_as is the member AS
	const uint32_t *confederation_members;
	unsigned confederation_member_count; // sorted; copied
	bool reflect_between_clients;
	uint32_t default_local_pref, default_med;
	bool as_path_ignore, med_none_as_maximum, compare_different_as_med, med_confederation,
		router_id_ignore;
	unsigned as_path_limit; // longer AS paths are not accepted; 0: off
	uint32_t max_paths;     // load balancing: shown as "select"; 1
	uint32_t
		external_paths; // AF_MEMBERSHIP: so many external paths of a membership count; 0 is 1
};

// Import side of one peer and family. Equal contents = equal import: two such values are compared
// by rib_import_equal, so a change that touches none of it costs nothing.
struct rib_import {
	struct policy_program *program; // counted
	uint8_t source;                 // enum route_source
	bool keep_all;                  // keep what the policy rejects
	bool check_first_as;
	bool discard_ext_community;
	uint8_t allow_as_loop; // own AS may occur this many times
	uint16_t preferred_value;
	uint8_t public_as_only; // import: remove private AS numbers
	uint32_t peer_as;
	uint32_t fake_as;      // also ours towards this peer; 0: none
	struct ip peer, local; // only when the program uses them, else zero
	uint32_t route_limit;  // 0: none; counted by the owner
	bool has_site;         // routes get the site of origin (RFC 4364 section 7)
	uint8_t site[8];
	uint8_t allow_cluster_loop; // own cluster may occur this many times
};

// Export side. Peers with equal values (and equal session traits) form one group.
struct rib_export {
	struct policy_program *program; // counted
	uint8_t kind; // enum route_source seen from the other side: SOURCE_EBGP, _CONFED, _IBGP, _IBGP_CLIENT
	uint8_t next_hop;                               // enum rib_next_hop
	bool community, large_community, ext_community; // advertise-...
	uint8_t public_as_only;                         // enum rib_public_as; 0: off
	bool route_server;  // transparent: no own AS, next hop and MED kept
	bool substitute_as; // replace the peer's AS by ours
	bool default_route; // default-route-advertise
	struct policy_program *default_route_program; // counted, NULL none
	uint32_t local_as;    // to prepend: own, confederation id or fake AS
	uint32_t prepend_too; // second AS to prepend (fake-as with prepend-global-as); 0 none
	uint32_t peer_as;
	struct ip peer, local; // local: for next-hop-self; peer only when the program uses it
	bool independent;      // update-group-independent: never shares
	bool has_site;         // routes with this site of origin are not sent there
	uint8_t site[8];
};

// How private AS numbers (RFC 6996) leave the AS_PATH: a mode, and what goes with it.
enum rib_public_as {
	RIB_PUBLIC_AS_PLAIN = 1,   // removed when there are no public ones beside them
	RIB_PUBLIC_AS_FORCE = 2,   // all
	RIB_PUBLIC_AS_LIMITED = 3, // those in front of the first public one
	RIB_PUBLIC_AS_MODE = 15,
	RIB_PUBLIC_AS_REPLACE = 16, // replaced by local_as instead
	RIB_PUBLIC_AS_PEER_TOO =
		32, // also where it is the peer's own AS, which is spared otherwise
};

enum rib_next_hop { NEXT_HOP_DEFAULT, NEXT_HOP_LOCAL, NEXT_HOP_INVARIABLE };

// Traits of the session that decide how messages look: part of the group's identity too.
struct rib_session {
	uint16_t families; // negotiated, bits
	uint16_t extended_next_hop;
	bool as4, refresh, enhanced_refresh;
	unsigned max_message;    // 4096 or 65535
	uint32_t router_id;      // the peer's
	struct ip local, remote; // of the connection
	uint16_t waiting;        // families whose first dump waits for rib_peer_begin
};

bool rib_import_equal(const struct rib_import *a, const struct rib_import *b);
bool rib_export_equal(const struct rib_export *a, const struct rib_export *b);
