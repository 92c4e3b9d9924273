// What bgpfeed knows about prefixes, attribute sets and tables. All of it is shared by every peer of
// the process: a prefix has one number per family (struct dict), an attribute set one number
// (struct blobs), and a table is groups of consecutive prefix numbers under one attribute set.
// A blob is path attributes as they stand in an UPDATE (RFC 4271 section 4.3), ascending by type,
// AS numbers of 4 bytes, without NEXT_HOP, MP_REACH_NLRI and MP_UNREACH_NLRI unless a user set one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/random.h"

enum { FEED_FAMILIES = 9, FEED_MARKS = 8 };
#define FEED_NONE UINT32_MAX

// What an NLRI is: a prefix; one with label and distinguisher (RFC 4364); origin AS and route target
// (RFC 4684); type, length, value (RFC 6514).
enum nlri_kind { NLRI_PREFIX, NLRI_VPN, NLRI_TARGET, NLRI_TYPED };
struct feed_family {
	const char *name;
	uint16_t afi;
	uint8_t safi;
	uint8_t bytes; // of an address
	enum nlri_kind kind;
};
extern const struct feed_family feed_families[FEED_FAMILIES];
int family_by_name(const char *name);            // index, -1: none
int family_by_code(unsigned afi, unsigned safi); // index, -1: none

struct prefix {
	uint8_t b[16]; // bits behind len are zero
	uint8_t len;
	uint8_t rd[8]; // of VPN routes; zero elsewhere
};
bool prefix_parse(const char *text, int *ret_bytes, struct prefix *ret); // 4 or 16 bytes
const char *prefix_text(const struct prefix *p, unsigned bytes, char out[64]);

// --- prefixes to numbers ------------------------------------------------------------------------
struct dict {
	struct prefix *keys; // by number
	uint32_t count, cap;
	uint64_t *slots; // number + 1 in the upper half, hash bits in the lower
	uint32_t mask;
};
uint64_t prefix_hash(const struct prefix *p);
uint32_t dict_find(const struct dict *d, const struct prefix *p, uint64_t hash); // FEED_NONE
uint32_t dict_add(struct dict *d, const struct prefix *p, uint64_t hash);        // finds or adds
static inline void dict_prefetch(const struct dict *d, uint64_t hash)
{
	if (d->slots)
		__builtin_prefetch(&d->slots[hash & d->mask]);
}

// --- attribute sets to numbers ------------------------------------------------------------------
struct blob {
	uint64_t at;
	uint32_t len;
	uint8_t marks; // bit k: carries the k-th watched community
};
struct blobs {
	struct buf bytes;
	struct blob *item; // by number; 0 is none
	uint32_t count, cap;
	uint32_t *slots;
	uint32_t mask;
	uint32_t watched[FEED_MARKS]; // communities
	unsigned watched_count;
};
uint32_t blob_add(struct blobs *b, const void *p, size_t n); // finds or adds; never 0
const uint8_t *blob_get(const struct blobs *b, uint32_t id, size_t *ret_len);
uint8_t blob_marks(const struct blobs *b, const uint8_t *attributes, size_t n);
// First attribute of that type: its value, or NULL. Stops quietly at malformed bytes.
const uint8_t *attribute_find(const uint8_t *p, size_t n, uint8_t type, size_t *ret_len);

// --- tables -------------------------------------------------------------------------------------
enum { ROUTE_BLOCK = 1, ROUTE_TAGGED = 2 }; // within 44.0.0.0/8; carries 64999:77

struct group {
	uint32_t attr, first, count; // prefixes first .. first + count - 1
};
struct table {
	uint8_t bytes;    // of an address; set by the caller of table_build
	struct dict dict; // the table's own routes first, what peers send behind them
	struct group *groups;
	uint32_t group_count;
	uint32_t routes;
	uint32_t *group_of; // by prefix number
	uint8_t *flags;     // ROUTE_*
	uint32_t block_count, tagged_count;
};
struct entry {
	struct prefix prefix;
	uint32_t attr;
};
// Sorts n entries into groups (order of groups: first appearance) and adds them to an empty table.
void table_build(struct table *t, const struct entry *entries, uint32_t n,
		 const struct blobs *blobs);
// A synthetic table whose shape is the global one's; equal arguments give equal tables. VPN routes
// are spread over so many instances: distinguisher and route target 65000:1, 65000:2 ...
struct synth_size {
	uint32_t routes, instances;
	uint64_t seed;
};
void table_synthesize(struct table *t, struct blobs *blobs, int family,
		      const struct synth_size *size);
// The routes of one peer (an index of the peer table, or -1: the peer with most routes) of an MRT
// dump (RFC 6396 TABLE_DUMP or TABLE_DUMP_V2; plain, gzip or bzip2), for all families at once.
// A file cut short gives what it holds. Returns NULL, or an error text that the caller frees.
char *table_from_mrt(struct table tables[FEED_FAMILIES], struct blobs *blobs, const char *path,
		     int peer);
