// Compiled named filters. Private to policy/.
//
// Three shapes: tests of keys (prefix lists, ACLs, rd-filters), tests of AS paths, tests of sets of
// values (communities, large and extended ones). Each is an interned, immutable object; its compile
// function returns it with a reference, or NULL after a complaint.
#pragma once

#include "attr/attr.h"
#include "base/cursor.h"
#include "policy/object.h"
#include "policy/policy.h"
#include "policy/regex.h"
#include "policy/source.h"

// Where complaints go while one source is compiled.
struct compile {
	struct policy_store *store;
	policy_complaint *sink;
	void *arg;
	const char *object; // that is compiled now: "ip ip-prefix p1"
	bool failed;
};
void compile_complain(struct compile *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// The rules of a filter by index, of equal indexes the last one: an array in the arena.
struct source_rule **rules_sorted(const struct source_filter *f, struct arena *a,
				  unsigned *ret_count);

// --- keys --------------------------------------------------------------------------------------
// An address as two numbers, first bit of the address = highest bit of hi; zero where a key holds
// no prefix. The whole key for tests that ask for more.
struct prefix_words {
	uint64_t hi, lo;
	unsigned length;
	const struct af *af; // NULL: an address by itself
	const struct af_key *key;
};

// One line of such a list: fits prefixes that agree with hi and lo in the bits of the masks and
// whose length lies from low to high.
struct prefix_rule {
	uint64_t hi, lo, mask_hi, mask_lo;
	uint8_t low, high;
	bool permit;
};

struct key_test {
	struct object object;
	bool (*permits)(const struct key_test *t, const struct prefix_words *p);
	// What it is made of, for comparisons: the first rule that fits decides; none: denied.
	uint32_t rules;
	struct prefix_rule (*rule)(const struct key_test *t, uint32_t i);
};

struct prefix_words prefix_words_of(const uint8_t *b, unsigned bits, unsigned length);
static inline struct prefix_words prefix_words_of_key(const struct af *af, const struct af_key *key)
{
	struct prefix_words p = {.af = af, .key = key};

	if (!af->prefix_bits)
		return p;
	const uint8_t *b = af->prefix(key, &p.length);
	if (af->prefix_bits == 32) { // the usual case, in one load
		p.hi = (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
		       (uint64_t)b[3] << 32;
		return p;
	}
	struct prefix_words w = prefix_words_of(b, af->prefix_bits, p.length);
	p.hi = w.hi;
	p.lo = w.lo;
	return p;
}
void prefix_words_mask(struct prefix_words *p, unsigned bits); // zeroes what lies behind
struct object *prefix_list_compile(struct compile *c, const struct source_filter *f);
struct object *acl_compile(struct compile *c, const struct source_filter *f);
struct object *rd_filter_compile(struct compile *c, const struct source_filter *f);
bool rd_filter_permits(const struct object *o, const uint8_t rd[8]); // one that stands in no key
// Whether a route is of one of the types (bit n: type n).
struct object *type_test_compile(struct policy_store *s, uint32_t types);

// --- AS paths and values -----------------------------------------------------------------------
// Working memory while a route's attributes are asked; starts zeroed.
struct match_scratch {
	struct buf text;
	const uint8_t *path; // whose text stands in `text`; NULL: none
	size_t path_size;
	struct regex_scratch regex;
};
void match_scratch_free(struct match_scratch *s);

struct object *path_filter_compile(struct compile *c, const struct source_filter *f);
bool path_filter_permits(const struct object *o, struct span path, struct match_scratch *s);

struct object *value_filter_compile(struct compile *c, const struct source_filter *f);
unsigned value_width(enum filter_kind kind); // bytes of one value: 4, 8, 12
uint8_t value_attribute(enum filter_kind kind);
// values: sorted, as in an attribute; whole: exactly the rule's values and no other.
bool value_filter_permits(const struct object *o, struct span values, bool whole,
			  struct match_scratch *s);
// Extended communities that are route targets, in the three forms of RFC 4360 and RFC 5668.
static inline bool is_route_target(const uint8_t *v)
{
	return (v[0] & 0xBF) <= 2 && v[1] == 2;
}

static inline bool is_site_of_origin(const uint8_t *v)
{
	return (v[0] & 0xBF) <= 2 && v[1] == 3;
}

// Sets of route targets: interned, with a reference for the caller.
struct object *targets_compile(struct policy_store *s, const struct policy_target *targets,
			       unsigned count);
bool targets_permit(const struct object *o, struct span values); // extended communities
bool targets_within(const struct object *inner, const struct object *outer);
// Ranges of targets, as numbers, that one of the two has and the other one has not.
void targets_differ(const struct object *a, const struct object *b,
		    void (*sink)(void *arg, uint64_t first, uint64_t last), void *arg);
// Whether one of them stands for any route, be it without a target.
bool targets_are_all(const struct policy_target *targets, unsigned count);

struct object *value_set_compile(struct compile *c, const struct source_filter *f);
struct span value_set_values(const struct object *o);
// Reads words of a kind; values come sorted, in the arena. false after a complaint.
bool values_parse(struct compile *c, enum filter_kind kind, const struct source_words *w,
		  struct arena *a, struct span *ret);
