// A configuration snapshot as the speaker runs it: compiled, immutable, one reference count.
// model/ builds it from the statement tree; speaker_plan compares two of them and speaker_apply
// takes the new one over. Group inheritance is resolved here already: peers carry final values.
#pragma once

#include "policy/policy.h"
#include "rib/rib.h"
#include "sess/sess.h"

#define PEER_NAME_MAX 48

// One peer (or the template of a dynamic group) in one family.
struct peer_family {
	bool enabled;
	struct rib_import import;       // source, peer addresses included
	struct rib_export export;
	bool keep_own;                  // `peer X keep-all-routes` itself; import.keep_all is the effective value
	uint32_t route_limit; uint8_t route_limit_percent; bool route_limit_alert_only, route_limit_idle_forever;
	uint16_t route_limit_idle; bool route_limit_accepted; // counts accepted ones only
	uint16_t update_interval;       // seconds; 0: at once
	char import_policy[202], export_policy[202]; // names, for displays; "" none
};

struct peer_config {
	struct ip address;
	char group[PEER_NAME_MAX];      // "" none
	char description[256];
	struct sess_config session;
	struct peer_family family[AF_MAX]; // by af_index
	bool log_changes;
	bool dynamic;                   // made from a listen range at run time
	uint32_t line;                  // order of configuration
};

struct group_config {
	char name[PEER_NAME_MAX];
	bool internal, external, listen;
	uint32_t as;                    // 0: not specified
	struct { struct ip net; uint8_t length; } listen_net[16]; unsigned listen_net_count;
	uint32_t listen_as[32]; unsigned listen_as_count;
	uint32_t listen_as_from, listen_as_to;
	struct peer_config template_peer; // what a dynamic member gets
};

struct origin_config {                  // network statements
	struct af_key key;
	struct policy_program *program; // counted; NULL none
};

struct family_config {
	struct origin_config *networks; unsigned network_count;
	struct rib_aggregate *aggregates; unsigned aggregate_count;
	struct rib_options options;     // per family copies: bestroute options differ by view
};

struct speaker_config {
	unsigned refs;
	uint32_t generation;            // number of the commit
	bool present;                   // `bgp AS` is configured
	uint32_t as, router_id;
	char sysname[64];
	bool keep_all;                  // global keep-all-routes
	bool policy_required;           // ebgp-policy-required (RFC 8212), extension
	uint32_t stale_limit;           // seconds that stale routes of a refresh without EoRR stay; default 360
	uint32_t dynamic_session_limit;
	struct peer_config *peers; unsigned peer_count;   // ascending by address
	struct group_config *groups; unsigned group_count;
	struct family_config family[AF_MAX];
	uint32_t *confederation_members; // owned; every family's options may point at it
	struct policy_snapshot *policy; // counted
	struct policy_store *store;     // for programs of dynamic peers; not owned
};

// The lists (peers, groups, networks, aggregates, confederation_members) are made with base/mem.h
// by whoever fills the configuration; it owns them, and one reference on every program in them.
struct speaker_config *speaker_config_new(void); // one reference; everything zero but stale_limit
struct speaker_config *speaker_config_ref(struct speaker_config *c);
void speaker_config_unref(struct speaker_config *c); // NULL is allowed
void peer_config_hold(struct peer_config *c);    // takes a reference on each program in it: after copying one
void peer_config_release(struct peer_config *c); // gives them back
const struct peer_config *speaker_config_peer(const struct speaker_config *c, const struct ip *address); // NULL
const struct group_config *speaker_config_group(const struct speaker_config *c, const char *name);
