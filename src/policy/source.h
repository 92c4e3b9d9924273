// What was typed about policy, as plain lists: configuration rows fill it, policy_compile reads it.
//
// The way: policy_source_new -> for each configured object policy_source_filter or
// policy_source_node, then its rules and clauses -> policy_compile -> policy_source_free. Nothing
// of the source is kept by what was compiled from it. Every list and text lives in the source's
// arena: callers free nothing, and texts handed in are copied. The order of calls does not matter:
// compiling sorts rules by index, nodes by number and clauses by kind; of two rules of one filter
// with the same index, and of two nodes of one number, the later stands.
//
// Names are the texts of the command line, numbers included ("10", "2000"): one name space for each
// enum filter_kind. Values are checked by the parsers of attr/ when compiling; a row that wants to
// refuse a bad word at once calls the same parser (source_regex_check, community_parse ...).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/map.h"

// --- named filters -----------------------------------------------------------------------------
enum filter_kind {
	FILTER_PREFIX,          // ip ip-prefix
	FILTER_PREFIX_WIDE,     // ip ipv6-prefix
	FILTER_ACL,             // basic ACL, 2000-2999 or named
	FILTER_ACL_WIDE,        // the same for 128-bit addresses: acl ipv6
	FILTER_PATH,            // ip as-path-filter
	FILTER_COMMUNITY,       // ip community-filter {1-99|100-199|basic|advanced}
	FILTER_LARGE_COMMUNITY, // ip large-community-filter {basic|advanced}
	FILTER_EXT_COMMUNITY,   // ip extcommunity-filter {1-199|200-399|basic|advanced}: route
				// targets
	FILTER_SOO,             // ip extcommunity-list soo {basic|advanced}
	FILTER_RD,              // ip rd-filter: route distinguishers, and parts of them
	SET_COMMUNITY, // ip community-list: values for apply; one rule without verdict per line
	SET_LARGE_COMMUNITY, // ip large-community-list
	FILTER_KINDS,
};

const char *filter_kind_words(enum filter_kind kind); // "ip ip-prefix"

struct source_words {
	const char **word;
	unsigned count, cap;
};

struct source_rule {
	struct source_rule *next;
	uint32_t index; // lowest first; an ACL's rule number
	bool permit;
	// prefixes: address LENGTH [ match-network ] [ greater-equal n ] [ less-equal n ]
	// ACL: address and wildcard (a set bit is not compared); wildcard.bits 0: any source
	struct ip address, wildcard;
	uint8_t length;
	int16_t greater_equal, less_equal; // -1: not given
	bool match_network;
	// basic filters and sets: the values as typed ("100:1", "internet", "1:2:3"; RT and SoO
	// without the word rt or soo). A route must carry all of them; none: every route matches.
	// rd-filter: any of them will do; `*` in the last field or in both is any value.
	struct source_words words;
	bool strict;       // community-filter: `internet strict-match`
	const char *regex; // as-path-filter and advanced filters
};

struct source_filter {
	struct source_filter *next;
	enum filter_kind kind;
	const char *name;
	const char *description; // NULL: none; no part of what is compiled
	bool advanced;           // rules hold regex instead of words
	struct source_rule *first, **tail;
	unsigned count;
};

// --- route-policies
// -------------------------------------------------------------------------------- One clause each;
// several of one kind (and width) in a node are alternatives, clauses of different kinds must all
// match.
enum match_kind {
	MATCH_PREFIX,        // acl, ip-prefix; wide: ipv6 address
	MATCH_NEXT_HOP,      // ip next-hop; wide: ipv6 next-hop
	MATCH_ROUTE_SOURCE,  // ip route-source; wide: ipv6 route-source
	MATCH_GROUP_ADDRESS, // ip group-address
	MATCH_PATH_FILTER,   // as-path-filter {N&<1-16>|NAME}: names
	MATCH_PATH_LENGTH,   // as-path length: low, high
	MATCH_COMMUNITY, // community-filter: names; whole (of the clause: one clause per filter)
	MATCH_LARGE_COMMUNITY, // large-community-filter: names; whole
	MATCH_EXT_COMMUNITY,   // extcommunity-filter: names
	MATCH_SOO,             // extcommunity-list soo: names
	MATCH_COST,            // low, high
	MATCH_PREFERENCE,      // low = high
	MATCH_TAG,             // low = high
	MATCH_PROTOCOL,        // low: bits of enum match_protocol
	MATCH_ROUTE_TYPE,      // low: enum match_route_type
	MATCH_KEY_TYPE,        // route-type mvpn: low: bits of NLRI types
	MATCH_RD,              // rd-filter: names
	MATCH_RPKI,            // low: enum match_rpki
	MATCH_INTERFACE,       // names: interfaces
	MATCH_MPLS_LABEL,      // the route has a label
	MATCH_KINDS,
};

enum match_protocol {
	PROTOCOL_DIRECT = 1 << 0,
	PROTOCOL_STATIC = 1 << 1,
	PROTOCOL_ISIS = 1 << 2,
	PROTOCOL_BGP = 1 << 3,
	PROTOCOL_OSPF = 1 << 4,
	PROTOCOL_RIP = 1 << 5,
	PROTOCOL_UNR = 1 << 6,
	PROTOCOL_OSPFV3 = 1 << 7,
	PROTOCOL_RIPNG = 1 << 8,
};
enum match_route_type {
	ROUTE_TYPE_IBGP,
	ROUTE_TYPE_EBGP,
	ROUTE_TYPE_OTHER
}; // OTHER: of an IGP; no BGP route
enum match_rpki { RPKI_VALID, RPKI_INVALID, RPKI_NOT_FOUND };

struct source_match {
	struct source_match *next;
	enum match_kind kind;
	bool wide;  // the clause is of the `ipv6 ...` form
	bool acl;   // of the four address kinds: names an ACL, not a prefix list
	bool whole; // whole-match
	bool sort;  // sort-match: values are always sorted here, so it changes nothing
	struct source_words names;
	uint32_t low, high; // bounds, both included
};

// Clauses take effect in this order within a node, whatever the order of configuration.
enum apply_kind {
	APPLY_PATH, // mode ADDITIVE, OVERWRITE, DELETE, NONE (`none overwrite`); numbers
	APPLY_COMMUNITY_DELETE, // comm-filter {N|NAME} delete: words = filter names
	APPLY_COMMUNITY, // mode SET, ADDITIVE, NONE; words = values, lists = names of SET_COMMUNITY
	APPLY_LARGE_COMMUNITY, // mode ADDITIVE, OVERWRITE, DELETE, NONE; words, lists
	APPLY_ROUTE_TARGET,    // mode SET, ADDITIVE; words
	APPLY_SOO,             // mode ADDITIVE; words
	APPLY_COST,            // mode SET, PLUS, MINUS, INHERIT, NONE; number
	APPLY_COST_TYPE,       // words[0]; no effect without an IGP
	APPLY_LOCAL_PREF,      // mode SET, PLUS, MINUS; number
	APPLY_PREFERRED_VALUE, // number
	APPLY_PREFERENCE,      // number
	APPLY_ORIGIN,          // number: enum attr_origin; as: of `egp AS`
	APPLY_TAG,             // number
	APPLY_NEXT_HOP,        // wide; mode SET (address), PEER, BLACKHOLE
	APPLY_MPLS_LABEL,      // no effect here
	APPLY_DAMPENING,       // numbers: half-life, reuse, suppress, ceiling; no effect here
	APPLY_KINDS,
};

enum apply_mode {
	MODE_SET,
	MODE_ADDITIVE,
	MODE_OVERWRITE,
	MODE_DELETE,
	MODE_NONE,
	MODE_PLUS,
	MODE_MINUS,
	MODE_INHERIT,
	MODE_PEER,
	MODE_BLACKHOLE,
};

struct source_apply {
	struct source_apply *next;
	enum apply_kind kind;
	enum apply_mode mode;
	bool wide;
	uint32_t number, as;
	struct ip address;
	struct source_words words, lists;
	uint32_t *numbers; // AS numbers in the order of typing
	unsigned number_count, number_cap;
};

enum node_goto { GOTO_NONE, GOTO_NEXT, GOTO_NODE }; // `goto next-node`, `goto next-node N`

struct source_node {
	struct source_node *next;
	uint32_t number;
	bool permit;
	const char *description;
	struct source_match *matches, **match_tail;
	struct source_apply *applies, **apply_tail;
	enum node_goto go;
	uint32_t go_number;
};

struct source_policy {
	struct source_policy *next;
	const char *name;
	const char *description;
	struct source_node *first, **tail;
};

struct policy_source {
	// `route-policy nonexistent-config-check disable`: a filter that is named but not there
	// matches every route. Otherwise naming it is a complaint. (An ACL that is not there always
	// matches.)
	bool nonexistent_allowed;
	struct arena arena; // owns everything below
	struct source_filter *filters, **filter_tail;
	struct source_policy *policies, **policy_tail;
	struct map by_name[FILTER_KINDS + 1]; // last one: policies
};

struct policy_source *policy_source_new(void);
void policy_source_free(struct policy_source *s); // NULL is allowed
const char *policy_source_text(struct policy_source *s,
			       const char *text); // copy in the arena; NULL stays NULL

// The filter of that name, made if it is not there yet.
struct source_filter *policy_source_filter(struct policy_source *s, enum filter_kind kind,
					   const char *name);
// Another rule at its end, zeroed but for greater_equal and less_equal = -1; the caller fills it.
struct source_rule *policy_source_rule(struct policy_source *s, struct source_filter *f,
				       uint32_t index, bool permit);
struct source_policy *policy_source_policy(struct policy_source *s,
					   const char *name); // the same for policies
struct source_node *policy_source_node(struct policy_source *s, struct source_policy *p,
				       uint32_t number, bool permit);
struct source_match *policy_source_match(struct policy_source *s, struct source_node *n,
					 enum match_kind kind);
struct source_apply *policy_source_apply(struct policy_source *s, struct source_node *n,
					 enum apply_kind kind);
void policy_source_word(struct policy_source *s, struct source_words *w,
			const char *word); // appends a copy
void policy_source_number(struct policy_source *s, struct source_apply *a,
			  uint32_t number); // appends

// Whether a regular expression compiles (VRP's `_` included); false: why says what is wrong with it
// (POLICY_WHY_MAX is always enough room).
#define POLICY_WHY_MAX 160
bool source_regex_check(const char *regex, char *why, size_t size);
// Whether the text is a value of an rd-filter; its one form is put at the end of out.
bool source_rd_pattern(const char *text, struct buf *out);
