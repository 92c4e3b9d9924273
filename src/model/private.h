// What the files of model/ share: the meaning of a row, the state of a compilation, and the places
// of statements in their views.
//
//   topic file: static rows, each with .more = &(struct meaning){.take = ...}
//   compile.c:  walks the tree; calls take for each line with the struct taking that fits its view
#pragma once

#include "base/map.h"
#include "conf/conf.h"
#include "model/model.h"
#include "model/scope.h"
#include "soft/soft.h"

// --- places of statements (struct row, order and rank) -----------------------------------------
enum system_order {
	ORDER_SYSNAME = 10,
	ORDER_ROUTER_ID = 20,
	ORDER_GUARD = 25,
	ORDER_NONEXISTENT = 30,
	ORDER_ACL = 100,
	ORDER_ACL_WIDE = 110,
	ORDER_PREFIX = 200,
	ORDER_PREFIX_WIDE = 210,
	ORDER_PATH = 220,
	ORDER_COMMUNITY = 230,
	ORDER_EXT_COMMUNITY = 240,
	ORDER_SOO = 250,
	ORDER_LARGE_COMMUNITY = 260,
	ORDER_RD = 265,
	ORDER_COMMUNITY_LIST = 270,
	ORDER_LARGE_COMMUNITY_LIST = 280,
	ORDER_ROUTE_POLICY = 300,
	ORDER_VPN_INSTANCE = 350,
	ORDER_BGP = 400,
};
enum bgp_order { // of the BGP view and the families' views
	ORDER_VPN_ROUTER_ID = 5,
	ORDER_INSTANCE = 10,
	ORDER_GROUP = 80,
	ORDER_ORIGIN = 90, // network, aggregate
	ORDER_PEER = 100,
	ORDER_FAMILY = 1000,     // and the family's own order
	ORDER_VPN = 2000,        // vpn-instance V
	ORDER_VPN_FAMILY = 2010, // of VPN instances, and the family's own order
};
enum vpn_order { // of the views of `ip vpn-instance`
	ORDER_VPN_DESCRIPTION = 10,
	ORDER_DISTINGUISHER = 20,
	ORDER_TARGET = 30,
	ORDER_VPN_OPTION = 40,
	ORDER_MVPN = 50,
	ORDER_VPN_AF = 1000, // and the family's own order
};
enum peer_rank { RANK_AS, RANK_ENABLE, RANK_MEMBER, RANK_REST };

// --- the model -------------------------------------------------------------------------------------
struct model {
	struct policy_store *store;
	struct ip own_id; // the router ID found on an interface, once it was needed; stays the same
	// The policies last compiled, and out of which tree: an edit elsewhere does not compile them
	// again.
	struct conf_tree policy_tree;
	struct policy_snapshot *snapshot;
	// Numbers of VPN instances: that of a name is its place and 1. A name that is gone gives its
	// number up only when there is no other left.
	struct instance_name *instances;
	unsigned instance_count;
	struct map instance_numbers; // by name
	uint64_t compilations;
};
struct instance_name {
	char name[INSTANCE_NAME_MAX];
	uint64_t used; // by which compilation last
};
// 0: there are too many.
uint16_t model_instance_number(struct model *m, const char *name);

// What a change of an import policy, of an export policy, of a policy of unknown use can lead to.
#define IMPORTS        (EFFECT_IMPORT | EFFECT_ASK | EFFECT_PENDING)
#define POLICY_EFFECTS (IMPORTS | EFFECT_EXPORT)
#define EVERYTHING     (POLICY_EFFECTS | EFFECT_SESSION | EFFECT_DECIDE)

// --- compiling ------------------------------------------------------------------------------------
// The statements of one peer, or of a group for its members, in one family: what they name.
struct family_take {
	const char *acl[2], *prefix_list[2], *path_filter[2], *route_policy[2]; // [import]
	const char *default_policy;
	int8_t enabled; // 1, 0; -1: not said
	bool route_server, client;
};
struct peer_take {
	struct peer_config config;
	struct family_take family[AF_MAX];
	int8_t check_first_as; // -1: as the instance
	bool prepend_own;      // fake-as ... prepend-global-as
	uint32_t fake_as, as;
};
// What one family's view names.
struct view_take {
	const char *acl[2], *prefix_list[2];
	const char *ext_community_filter; // rr-filter
	bool any_target;                  // undo policy vpn-target
	bool has_clients;                 // of this reflector
	bool orf;                         // vpn-orf enable
	bool no_constraint;               // constraint-rt-filter disable
};
// What a family of `ip vpn-instance` names.
struct link_take {
	const char *policy[2]; // [import]
	bool multicast;        // mvpn
};

// The targets by which instances take in VPN routes of a family.
struct target_list {
	uint8_t (*values)[8]; // owned, as the next
	struct policy_target *targets;
	unsigned count;
};

struct taking;
struct build {
	struct model *model;
	const struct conf_tree *tree;
	const struct conf_node *bgp; // NULL: not configured
	struct buf *errors;
	unsigned error_count;
	struct policy_snapshot *snapshot;
	struct speaker_config *config;
	struct scope scope;               // that is being built, with
	struct instance_config *instance; // what comes of it, and
	struct view_take view[AF_MAX];    // what its families' views name
	struct target_list targets[AF_MAX];
	struct map viewed;          // names of the VPN instances that have a view of BGP
	struct peer_take defaults;  // of the instance, for peers and groups
	struct rib_options options; // of the instance, for the families
	struct ip router_id;
	bool keep_all, check_first_as, shutdown;
	bool off_by_default[AF_MAX]; // undo default ...
	uint32_t *members;
	unsigned member_count;
};
void take_order(struct taking *t, const struct conf_node *view, unsigned order);
// One more route of ours (family.c), and attributes that it carries.
struct origin_config *origin_add(struct family_config *f, const struct af_key *key);
void origin_carry(struct origin_config *o, const struct attrs *as);
// The program of a route-policy of ours (network, aggregate, default route); NULL for none.
struct policy_program *family_program(struct build *b, const struct af *af, const char *policy);
void build_error(struct build *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

// What a statement is compiled into: what is there depends on its view.
struct taking {
	struct build *build;          // NULL while only the policy is read
	struct policy_source *source; // filters and policies
	struct source_filter *filter; // in the view of a filter
	struct source_node *node;     // in the view of a route-policy
	struct peer_take *peer;       // statements about a peer or a group
	struct group_config *group;   // ... about a group
	struct vpn_link *link;        // of a family in `ip vpn-instance`
	struct link_take *names;
	struct instance_config *instance; // ip vpn-instance
	const struct af *af;              // in the view of a family
};

// struct row, more: what model knows of a row besides.
struct meaning {
	void (*take)(struct taking *t, const struct conf_line *l); // NULL: means nothing by itself
	const struct af *af;                                       // of a row made per family
	bool session;                                              // about a peer, not in a family
	const char *canonical; // alias rows: what is stored instead
};
#define MEANS(...) (&(const struct meaning){__VA_ARGS__})
static inline const struct meaning *meaning_of(const struct row *row)
{
	return row->more;
}

// --- topics ---------------------------------------------------------------------------------------
extern const struct row_table system_rows, acl_rows, prefix_list_rows, filter_rows,
	route_policy_rows, vpn_instance_rows, bgp_rows, group_rows, peer_session_rows,
	peer_family_rows, family_rows, vpn_family_rows, guard_rows;
extern const struct param model_params[];
extern const unsigned model_param_count;

const struct word_help *model_helps(unsigned *ret_count);
// views.c
const struct view *model_views(unsigned *ret_count);
void family_entry_rows(struct row_table *ret); // `ipv4-family unicast` and the like, `default ...`

// --- helpers of the rows' checks (check.c) -----------------------------------------------------------
const struct conf_node *bgp_node(const struct conf_tree *t);
const struct af *edit_family(const struct conf_edit *e); // of the view in which the line is stored
const char *line_peer(const struct conf_line *l);        // address or group name of a `peer` line
bool name_is_address(const char *name);
bool check_peer(struct conf_edit *e);  // the peer or group exists, and all that the line names
bool check_names(struct conf_edit *e); // what the line names exists
// The first line of a row with that meaning about that peer; NULL.
const struct conf_line *peer_line(const struct conf_node *view, const char *peer,
				  const struct meaning *m);
const char *group_of(const struct conf_node *view, const char *peer); // `peer X group G`; NULL
bool edit_live(const struct conf_edit *e);     // the peer (or a member of the group) is Established
bool edit_any_live(const struct conf_edit *e); // some peer of the scope; in the BGP view: of all
// Questions of statements that end the session of a live peer.
#define ASK_RESET "Warning: This operation will reset the peer session. Continue? [Y/N]:"
#define ASK_PARAMETER                                                               \
	"Warning: Changing the parameter in this command resets the peer session. " \
	"Continue? [Y/N]:"
const char *ask_any(struct conf_edit *e); // of statements about all peers
const char *ask_reset(struct conf_edit *e);
const char *ask_parameter(struct conf_edit *e);

void text_name(struct buf *b, const char *name); // in quotes where it needs them
// Entries of filters (filters.c): typed without an index they come behind the last of that name.
bool apply_indexed(struct conf_edit *e, const char *name);
// The value words of a line from its word number `from` on.
void take_values(struct taking *t, const struct conf_line *l, unsigned from,
		 struct source_words *to);
bool check_not_zero(struct conf_edit *e);     // a router ID
bool check_timer_values(struct conf_edit *e); // keepalive against hold

// names.c: which parameters are names of filters and policies
#define KIND_POLICY FILTER_KINDS
bool name_kind(const char *param, unsigned *ret_kind); // enum filter_kind, or KIND_POLICY
bool name_exists(const struct conf_tree *t, unsigned kind, const char *name);
const char *kind_words(unsigned kind);         // "route-policy", "address prefix list"
bool names_checked(const struct conf_tree *t); // route-policy nonexistent-config-check
void build_check_names(struct build *b);       // an error for each name that does not exist

// compile_vpn.c
void build_instances(struct build *b); // ip vpn-instance: b->config->instances, with their links
void build_vpn(struct build *b);       // of the public families' views: constraints, memberships
void build_vpn_free(struct build *b);

// guard.c
bool accept_guard_limit(const char *word, struct buf *ret_stored);
void build_check_guard(struct build *b); // an error if the list that it names does not exist

// vpn_instance.c
bool check_instance(struct conf_edit *e); // the VPN instance that the line names exists
void value_add(uint8_t (**list)[8], unsigned *count, const uint8_t value[8]);
