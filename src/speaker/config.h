// A configuration snapshot as the speaker runs it: compiled, immutable, one reference count.
// model/ builds it from the statement tree; speaker_plan compares two of them and speaker_apply
// takes the new one over. Group inheritance is resolved here already: peers carry final values.
#pragma once

#include "policy/policy.h"
#include "rib/rib.h"
#include "sess/sess.h"
#include "vpn/link.h"

#define PEER_NAME_MAX     48
#define INSTANCE_NAME_MAX 32 // with the NUL
#define INSTANCE_PUBLIC   0  // number of the instance that is no VPN
#define INSTANCES_MAX     4096

// One peer (or the template of a dynamic group) in one family.
struct peer_family {
	bool enabled;
	struct rib_import import; // source, peer addresses included
	struct rib_export export;
	bool keep_own; // `peer X keep-all-routes` itself; import.keep_all is the effective value
	uint32_t route_limit;
	uint8_t route_limit_percent;
	bool route_limit_alert_only, route_limit_idle_forever;
	uint16_t route_limit_idle;
	bool route_limit_accepted;                   // counts accepted ones only
	uint16_t update_interval;                    // seconds; 0: at once
	char import_policy[202], export_policy[202]; // names, for displays; "" none
};

struct peer_config {
	struct ip address;
	uint16_t instance;         // number
	char group[PEER_NAME_MAX]; // "" none
	char description[256];
	struct sess_config session;
	struct peer_family family[AF_MAX]; // by af_index
	bool log_changes;
	bool dynamic;  // made from a listen range at run time
	uint32_t line; // order of configuration
};

struct group_config {
	char name[PEER_NAME_MAX];
	bool internal, external, listen;
	uint32_t as; // 0: not specified
	struct {
		struct ip net;
		uint8_t length;
	} listen_net[16];
	unsigned listen_net_count;
	uint32_t listen_as[32];
	unsigned listen_as_count;
	uint32_t listen_as_from, listen_as_to;
	struct peer_config template_peer; // what a dynamic member gets
	struct peer_config
		*ahead; // what these get instead, in the middle of a commit in stages (stage.h);
	struct ip *ahead_members;
	unsigned ahead_count; // owned, as ahead; NULL: none
};

struct origin_config { // network statements, and what else we originate
	struct af_key key;
	struct policy_program *program; // counted; NULL none
	uint8_t *attributes;    // canonical bytes (attrs_encode) that it carries besides those of
	size_t attributes_size; // a network, in their place where they have the type; owned
};

struct family_config {
	struct origin_config *networks;
	unsigned network_count;
	struct rib_aggregate *aggregates;
	unsigned aggregate_count;
	struct rib_options options; // per family copies: bestroute options differ by view
	bool constrained;           // AF_TARGETED: peers get what their memberships ask for
};

// The public tables, or those of one VPN instance.
struct instance_config {
	char name
		[INSTANCE_NAME_MAX]; // "": public; also the VRF device to bind to, where there is one
	uint16_t number;             // stays with the name while the process lives; 0: public
	uint32_t router_id;
	uint16_t families; // bits that the instance has; of the public one all
	struct family_config family[AF_MAX];
	struct vpn_link link[AF_MAX];  // by index of the inner family
	uint32_t route_limit[AF_MAX];  // routing-table limit; 0: none
	uint32_t prefix_limit[AF_MAX]; // prefix limit; 0: none
	uint8_t route_limit_percent[AF_MAX], prefix_limit_percent[AF_MAX]; // 0: simply-alert
	bool prefix_limit_keeps[AF_MAX]; // route-unchanged: what is there stays under a smaller one
};

struct speaker_config {
	unsigned refs;
	uint32_t generation; // number of the commit
	bool present;        // `bgp AS` is configured
	uint32_t as, router_id;
	char sysname[64];
	bool keep_all;        // global keep-all-routes
	bool policy_required; // ebgp-policy-required (RFC 8212), extension
	uint32_t
		stale_limit; // seconds that stale routes of a refresh without EoRR stay; default 360
	uint32_t dynamic_session_limit;
	struct peer_config *peers;
	unsigned peer_count; // ascending by instance, then by address
	struct group_config *groups;
	unsigned group_count;
	struct instance_config *instances;
	unsigned instance_count; // [0] the public one, the others ascending by name
	bool constrain; // constraint-rt-filter; memberships are spoken and limit what is sent
	uint32_t
		membership_wait; // seconds that VPN routes wait for the End-of-RIB of memberships; default 60
	uint32_t *confederation_members; // owned; every family's options may point at it
	struct policy_snapshot *policy;  // counted
	struct policy_store *store;      // for programs of dynamic peers; not owned
};

// The lists (peers, groups, networks, aggregates, confederation_members) are made with base/mem.h
// by whoever fills the configuration; it owns them, and one reference on every program in them.
struct speaker_config *speaker_config_new(
	void); // one reference; the public instance, all else zero but limits
struct speaker_config *speaker_config_ref(struct speaker_config *c);
void speaker_config_unref(struct speaker_config *c); // NULL is allowed
void peer_config_hold(
	struct peer_config *c); // takes a reference on each program in it: after copying one
void peer_config_release(struct peer_config *c); // gives them back
const struct peer_config *speaker_config_peer(const struct speaker_config *c, uint16_t instance,
					      const struct ip *address); // NULL
const struct instance_config *speaker_config_instance(const struct speaker_config *c,
						      const char *name); // "": public; NULL
const struct instance_config *speaker_config_instance_numbered(const struct speaker_config *c,
							       uint16_t number); // NULL
// The same, by its place in another configuration: most are at the same place, or not far from it.
const struct instance_config *speaker_config_instance_near(const struct speaker_config *c,
							   uint16_t number, unsigned place);
const struct group_config *speaker_config_group(const struct speaker_config *c,
						const char *name); // public
// Groups are of the view that they stand in: of one instance (template_peer.instance).
const struct group_config *speaker_config_group_in(const struct speaker_config *c,
						   uint16_t instance, const char *name);
