// Address families: what a family is and nothing about what is done with it.
//
// One file a family (af/ipv4_unicast.c ...) defines one `const struct af`; its name in the list of
// af/meson.build makes it known. Outside this room no line names an AFI, a SAFI or a family:
// behaviour follows the property bits. All functions are pure.
//
// A key (struct af_key) is what the route table compares: fixed size per family, unused bytes zero,
// so that two routes are the same route exactly when their keys' bytes are equal.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"

#define AF_KEY_MAX 80
#define AF_MAX     16 // families at most: sets of families are bits of a uint16_t

enum af_prop {
	AF_PREFIX = 1 << 0, // the key holds an IP prefix: filters on prefixes apply to it
	AF_CLASSIC =
		1
		<< 1, // may ride in the NLRI and NEXT_HOP fields of RFC 4271 rather than RFC 4760 attributes
	AF_DEFAULT_ON =
		1 << 2,        // a new peer speaks it without a command (unless `undo default ...`)
	AF_ORIGINATE = 1 << 3, // network, aggregate, default route
	AF_NH_LINK_LOCAL =
		1 << 4, // next hop may carry a link-local address behind the global one (RFC 2545)
	AF_WIDE = 1 << 5,    // 128-bit prefixes
	AF_UNICAST = 1 << 6, // unicast forwarding: addresses that are multicast make no sense in it
	AF_LIKE_CLASSIC =
		1 << 7,       // refreshed together with the classic family by a plain `refresh bgp`
	AF_INSTANCE = 1 << 8, // peers of a VPN instance can speak it
	AF_LABELED = 1 << 9,  // an NLRI carries an MPLS label, which is no part of the key
	AF_TARGETED =
		1 << 10, // routes go where their route targets say: import into instances, and to
			 // peers by the memberships that they announced
	AF_MEMBERSHIP = 1 << 11, // routes are memberships in route targets (RFC 4684)
	AF_NH_RD = 1 << 12,  // next hop has a route distinguisher of zero in front (RFC 4364 4.3.2)
	AF_NH_ANY = 1 << 13, // next hop of either width, whatever the AFI
	AF_TYPED =
		1
		<< 14, // NLRI of several types: route_type tells, unknown ones are left out (RFC 7606 5.4)
	AF_SELECT_NARROW =
		1 << 15, // `refresh bgp` and `reset bgp` name its peers by IPv4 address only
	AF_SELECT_NARROW_INSTANCE = 1 << 16, // and those of a VPN instance
};

// A type of NLRI (AF_TYPED) as displays name it.
struct af_type {
	uint8_t type;
	const char *title;  // "Intra-AS I-PMSI A-D"
	const char *fields; // what its text has behind the distinguisher: "Originator IP Addr"
};

// What a walk over a field of NLRI found (struct af, nlri_check).
struct af_check {
	unsigned count; // NLRI in the field
	bool senseless; // at least one of them is senseless()
	bool unknown;   // at least one of them is of a type that is not known (AF_TYPED)
};

struct af_key {
	uint8_t b[AF_KEY_MAX];
};

struct af {
	const char *name;   // "ipv4-unicast": JSON, logs, tests
	const char *title;  // "IPv4 Unicast": displays
	const char *view;   // statement that enters its view: "ipv4-family unicast"
	const char *prompt; // view's prompt suffix: "af-ipv4"
	const char *
		selector; // word after `display bgp`, `refresh bgp`, `reset bgp`: "", "ipv6", "multicast"
	uint16_t afi;
	uint8_t safi;
	uint8_t key_size;    // bytes of struct af_key in use: a multiple of 4
	uint8_t prefix_bits; // 32 or 128; 0 without AF_PREFIX
	uint32_t props;      // enum af_prop
	uint8_t order;       // of the families in configuration and displays
	uint8_t index;       // place in af_list: filled from the generated enum af_index_of

	// One NLRI from the cursor. false: malformed (RFC 7606 5.3): the cursor is then of no use.
	bool (*nlri_get)(struct cursor *c, struct af_key *ret);
	// A whole field of them in one pass: false if nlri_get would fail anywhere in it.
	bool (*nlri_check)(const uint8_t *p, size_t n, struct af_check *ret);
	void (*nlri_put)(struct buf *b, const struct af_key *key);
	unsigned (*nlri_size)(const struct af_key *key); // bytes that nlri_put writes
	// The prefix inside the key, at the same place in all keys; *ret_bits its length. Only with AF_PREFIX.
	const uint8_t *(*prefix)(const struct af_key *key, unsigned *ret_bits);
	void (*from_prefix)(const struct ip *address, unsigned length, struct af_key *ret); // masks
	// Text both ways: "10.0.0.0/8". text_get is for tests and tools; the command line has its own forms.
	void (*text_put)(struct buf *b, const struct af_key *key);
	bool (*text_get)(const char *text, struct af_key *ret);
	int (*compare)(const struct af_key *a, const struct af_key *b); // order of displays
	bool (*senseless)(
		const struct af_key
			*key); // well-formed but of no meaning here (RFC 4271 6.3): log and ignore

	// --- what only some families have; NULL or 0 in the others ---
	// In a VPN instance (AF_INSTANCE): statement of its view and prompt, each followed by the name
	// of the instance; words of `refresh bgp vpn-instance NAME ...`.
	const char *instance_view;     // "ipv4-family vpn-instance"
	const char *instance_prompt;   // "-bgp-" of "-bgp-vpna"
	const char *instance_selector; // "ipv4-family"
	// AF_LABELED: the label of an NLRI as nlri_get takes it and nlri_put writes it (with label 0).
	uint32_t (*label_get)(
		const uint8_t *nlri); // 20 bits; bottom-of-stack is not looked at (RFC 8277 2.2)
	void (*label_put)(uint8_t *nlri, uint32_t label); // with bottom of stack set
	void (*label_withdraw)(uint8_t *nlri);            // the value of withdrawals, 0x800000
	const uint8_t *(*rd)(const struct af_key *key);   // 8 bytes: the route distinguisher
	// AF_TARGETED: the family of the instances' tables with which routes are exchanged (it may be
	// this one), and keys both ways.
	const struct af *inner;
	void (*to_inner)(const struct af_key *key, struct af_key *ret);
	void (*from_inner)(const struct af_key *key, const uint8_t rd[8], struct af_key *ret);
	// AF_TYPED. An NLRI of a type that is not known is no error: it is read as the key of zeroes,
	// whose type is 0, and left out (RFC 7606 5.4).
	unsigned (*route_type)(const struct af_key *key);
	const char *const
		*samples; // keys as text that together show every form, NULL at the end: for tests
	const struct af_type *types; // AF_TYPED: ascending; ends with a title of NULL
	const char *reset_word;      // of `reset bgp WORD all`, where selector is empty: "ipv4"
	// AF_MEMBERSHIP: which targets it means: those that begin with *ret_bits (0 to 64) bits of
	// target; *ret_as: origin AS, 0 in the default. And back.
	void (*target)(const struct af_key *key, uint8_t target[8], unsigned *ret_bits,
		       uint32_t *ret_as);
	void (*from_target)(const uint8_t target[8], unsigned bits, uint32_t as,
			    struct af_key *ret);
};

extern const struct af *const af_list[]; // by index; af_count of them, in the order of the list
extern const unsigned af_count;

static inline unsigned af_index(const struct af *af)
{
	return af->index;
}
const struct af *af_by_code(uint16_t afi, uint8_t safi); // NULL: not known
const struct af *af_by_name(const char *name);
const struct af *af_by_selector(const char *selector); // "" is the classic one
const struct af *af_classic(void);
const struct af *af_outer(
	const struct af *inner);       // the one that exchanges routes with it; NULL: none
const struct af *af_memberships(void); // the AF_MEMBERSHIP one; NULL: none

// Address family numbers of plain addresses, as next hops of RFC 8950 name them.
unsigned af_address_bits(uint16_t afi);  // 32 or 128; 0: neither
uint16_t af_address_code(unsigned bits); // of 32 or 128

static inline uint16_t af_bit(const struct af *af)
{
	return (uint16_t)(1u << af_index(af));
}
uint64_t af_key_hash(const struct af *af, const struct af_key *key);
