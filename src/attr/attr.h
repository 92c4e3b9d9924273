// Path attributes: one row a type, one form for all uses.
//
// struct attrs is the open form: a list sorted by type whose values are spans into somebody's
// memory (a message, an arena, an interned set). Parsing yields it, policy edits it, interning
// (attr/set.h) turns it into an immutable numbered set, encoding writes it.
// Canonical form of values: AS numbers in 4 bytes; the next hop of every family as type 3 with
// 4, 16 or 32 bytes (MP_REACH_NLRI is never an entry); communities sorted, without duplicates.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"

enum attr_type {
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_MED = 4,
	ATTR_LOCAL_PREF = 5,
	ATTR_ATOMIC_AGGREGATE = 6,
	ATTR_AGGREGATOR = 7, // canonical: 8 bytes, AS in 4
	ATTR_COMMUNITY = 8,
	ATTR_ORIGINATOR_ID = 9,
	ATTR_CLUSTER_LIST = 10,
	ATTR_MP_REACH = 14,
	ATTR_MP_UNREACH = 15,
	ATTR_EXT_COMMUNITY = 16,
	ATTR_AS4_PATH = 17,
	ATTR_AS4_AGGREGATOR = 18,
	ATTR_PMSI_TUNNEL = 22,
	ATTR_IPV6_EXT_COMMUNITY = 25,
	ATTR_PE_DISTINGUISHER_LABELS = 27,
	ATTR_LARGE_COMMUNITY = 32,
	ATTR_ATTR_SET = 128,
};

enum attr_flag {
	ATTR_OPTIONAL = 0x80,
	ATTR_TRANSITIVE = 0x40,
	ATTR_PARTIAL = 0x20,
	ATTR_EXTENDED = 0x10
};

enum attr_origin { ORIGIN_IGP, ORIGIN_EGP, ORIGIN_INCOMPLETE };

#define ATTRS_MAX 64    // types in one list
#define AS_TRANS  23456 // stands for a number that does not fit 2 bytes (RFC 6793)

struct attr {
	uint8_t type, flags; // flags without ATTR_EXTENDED
	uint16_t len;
	const uint8_t *value;
};

// Where a route came from, as far as decision and export care. Part of an interned set, so that
// everything else about a route's fate is a function of its set alone.
enum route_source {
	SOURCE_NONE,
	SOURCE_EBGP,
	SOURCE_CONFED, // external confederation peer
	SOURCE_IBGP,
	SOURCE_IBGP_CLIENT, // reflector client
	SOURCE_LOCAL,       // network, aggregate, default route
};

// What is known of a route besides its wire attributes. Zero for a set as received.
struct attr_local {
	uint8_t source;           // enum route_source
	uint8_t aggregated;       // 1: made by `aggregate`
	uint16_t preferred_value; // VRP's PrefVal; the higher wins before anything else
	uint32_t
		originator; // router identifier of the peer it came from: identity for reflection and for tie-breaks; 0 for local
	uint32_t preference; // protocol preference (255 by default), of kernel routes later
	uint32_t label;      // MPLS label of the NLRI (20 bits); 0 in families without
	uint8_t rd
		[8]; // of a route that another table lends: the distinguisher under which it stands there
};

struct attrs {
	uint8_t count;
	struct attr a[ATTRS_MAX]; // ascending by type
	struct attr_local local;
};

void attrs_clear(struct attrs *as);
const struct attr *attrs_find(const struct attrs *as, uint8_t type); // NULL: absent
bool attrs_put(
	struct attrs *as, uint8_t type, uint8_t flags, const void *value,
	size_t len); // replaces; value is not copied; false: list is full, or len above 65535
void attrs_drop(struct attrs *as, uint8_t type);
bool attrs_u32(const struct attrs *as, uint8_t type,
	       uint32_t *ret); // of 4-byte values (MED, LOCAL_PREF, ORIGINATOR_ID)
void attrs_put_u32(struct attrs *as, struct arena *a, uint8_t type, uint32_t v);
void attrs_put_u8(struct attrs *as, struct arena *a, uint8_t type, uint8_t v);

// --- rows -----------------------------------------------------------------------------------------
// What RFC 7606 says to do with an attribute that is malformed.
enum attr_fault { ATTR_FAULT_NONE, ATTR_FAULT_DISCARD, ATTR_FAULT_WITHDRAW, ATTR_FAULT_RESET };

struct attr_context {
	bool as4;      // AS numbers are 4 bytes wide on this session (RFC 6793)
	bool internal; // iBGP or confederation-internal
	bool confed;   // peer is in our confederation: AS_CONFED segments are legal
};

enum attr_scope {
	ATTR_SCOPE_ANY,
	ATTR_SCOPE_CONFED, // means nothing outside the AS or confederation: ignored when it comes from there
	ATTR_SCOPE_AS, // the same for the AS (or member AS) itself
};

struct attr_row {
	uint8_t type, flags; // flags that the RFC prescribes
	uint8_t scope;       // enum attr_scope
	uint8_t subcode; // RFC 4271 6.3: of a malformed value, should the session have to end for it
	uint16_t size;   // octets of the value; 0: parse looks at the length
	bool multiple;   // ... or any multiple of size but zero
	const char *name; // "AS_PATH": logs, JSON
	enum attr_fault on_flags,
		on_length; // RFC 7606 reaction to wrong flags / malformed contents
	// Checks and canonicalises a value of the right size: may put bytes into the arena, changes
	// a->value and a->len only. ATTR_FAULT_NONE: fine. NULL: nothing more to check.
	enum attr_fault (*parse)(const struct attr_context *x, struct attr *a, struct arena *arena);
	void (*text)(struct buf *b, const struct attr *a); // as VRP shows it
	const char *rfc;                                   // clause that rules it
};

extern const struct attr_row
	*const attr_rows[]; // NULL-terminated; one file each, listed in attr/meson.build
const struct attr_row *attr_row(uint8_t type); // NULL: not known
// Is an attribute of this scope meant for a peer of this kind?
bool attr_in_scope(const struct attr_row *row, const struct attr_context *x);
// Grades a received attribute by its row (flags, size, contents) and makes it canonical.
// *ret_subcode: of the RFC 4271 6.3 NOTIFICATION, should the session have to end for it.
enum attr_fault attr_grade(const struct attr_row *row, const struct attr_context *x, struct attr *a,
			   struct arena *arena, uint8_t *ret_subcode);
void attr_text(struct buf *b, const struct attr *a); // by its row; hex when the type is not known

// --- AS paths (canonical: 4-byte AS numbers) --------------------------------------------------------
enum as_segment { AS_SET = 1, AS_SEQUENCE = 2, AS_CONFED_SEQUENCE = 3, AS_CONFED_SET = 4 };

unsigned as_path_length(const uint8_t *p,
			size_t n); // as the decision counts: a set is 1, confed segments 0
uint32_t as_path_neighbor(const uint8_t *p,
			  size_t n); // first AS of the first non-confed sequence; 0: none
uint32_t as_path_origin(const uint8_t *p,
			size_t n); // last AS of a final sequence; 0: none or a set
unsigned as_path_count(const uint8_t *p, size_t n,
		       uint32_t as); // occurrences, confed segments included
bool as_path_has_confed(const uint8_t *p, size_t n);
struct span as_path_prepend(struct arena *a, const uint8_t *p, size_t n, uint32_t as,
			    unsigned times, uint8_t segment);
struct span as_path_without_confed(struct arena *a, const uint8_t *p,
				   size_t n); // RFC 5065: when leaving the confederation
struct span as_path_filter(struct arena *a, const uint8_t *p, size_t n,
			   bool (*keep)(uint32_t as, void *arg), void *arg);
struct span as_path_replace(struct arena *a, const uint8_t *p, size_t n, uint32_t from,
			    uint32_t to);
void as_path_text(struct buf *b, const uint8_t *p,
		  size_t n); // "100 200 {300 400} (65001 65002) [..]"; "" when empty
struct span as_path_narrow(struct arena *a, const uint8_t *p, size_t n,
			   bool *ret_needs_as4); // 2-byte form with AS_TRANS (RFC 6793)
// RFC 6793 4.2.3: the true path out of AS_PATH (already widened) and AS4_PATH.
struct span as_path_merge(struct arena *a, struct span as_path, struct span as4_path);
// Is the wire form (width 2 or 4) sound? RFC 7606 7.2 and RFC 7607: known types, no empty segment,
// nothing over the end, no AS 0. *ret_confed: there are AS_CONFED segments.
bool as_path_valid(const uint8_t *p, size_t n, unsigned width, bool *ret_confed);
struct span as_path_widen(struct arena *a, const uint8_t *p, size_t n); // of a valid 2-byte form
unsigned as_path_next(struct cursor *c, uint8_t *ret_segment,
		      struct cursor *ret_numbers); // count of the next segment; 0 at the end

// --- communities ---------------------------------------------------------------------------------
enum community_well_known {
	COMMUNITY_INTERNET = 0,
	COMMUNITY_NO_EXPORT = (int)0xFFFFFF01,
	COMMUNITY_NO_ADVERTISE = (int)0xFFFFFF02,
	COMMUNITY_NO_EXPORT_SUBCONFED = (int)0xFFFFFF03,
};
bool communities_have(const struct attr *a, unsigned width,
		      const uint8_t *value); // sorted values of width bytes (4, 8, 12)
struct span communities_sorted(struct arena *a, const uint8_t *p, size_t n,
			       unsigned width); // sorted, unique
struct span communities_union(struct arena *a, struct span x, struct span y, unsigned width);
struct span communities_without(struct arena *a, struct span x, unsigned width,
				bool (*drop)(const uint8_t *value, void *arg), void *arg);
void community_text(struct buf *b, const uint8_t *value); // "65000:1", "no-export"
bool community_parse(const char *text, uint8_t ret[4]);   // aa:nn, a number, or a well-known word
void large_community_text(struct buf *b, const uint8_t *value); // "a:b:c"
bool large_community_parse(const char *text, uint8_t ret[12]);
void ext_community_text(
	struct buf *b,
	const uint8_t *
		value); // "RT <1 : 1>", "SoO <..>", "Source AS <..>", "VRF Route Import <..>", else hex
bool ext_community_parse_rt(const char *text, uint8_t ret[8]); // AS2:nn4, A4:nn2, AS4:nn2, x.y:nn2
bool ext_community_parse_soo(const char *text, uint8_t ret[8]);
