// The inside of a comparison (rib/compare.h). Private to rib/.
//
//   compare.c      destinations and their paths
//   compare_out.c  what neighbours are to believe
//   compare_set.c  are two sets the same?
#pragma once

#include "base/map.h"
#include "rib/compare.h"
#include "rib/group.h"

// Sets of two tables. What has been found equal is remembered by number.
struct set_pairs {
	const struct attr_table *a, *b;
	uint32_t *same; // by number in a: number in b; owned
	uint32_t free_labels;
	struct map labels[2]; // given labels of a and what they are in b, and the other way round
};

void set_pairs_init(struct set_pairs *s, const struct family *a, const struct family *b,
		    uint32_t free_labels);
void set_pairs_free(struct set_pairs *s);
// given: a label may be one of ours.
bool sets_same(struct set_pairs *s, uint32_t a, uint32_t b, bool given);

// Peers that were in one group there and are in one here.
struct party {
	struct update_group *stands, *ought; // NULL: in none
	struct vec places;                   // struct party_place, owned
};

struct comparison {
	struct family *stands, *ought;
	struct compare_options o;
	struct compare_counts counts;
	struct set_pairs sets;
	struct vec parties;       // struct party, owned
	uint64_t *met;            // a bit for each destination of ought that stands has too; owned
	uint32_t next, next_more; // destination of stands, then of ought
	uint32_t *at;             // by source: path of ought in the destination at hand; owned
	uint32_t *lent;           // those of ought that are lent; owned
	unsigned lent_count, lent_cap;
};

void compare_found(struct comparison *c, struct compare_difference *d, const struct af_key *key);
// --- compare_out.c --------------------------------------------------------------------------------
void parties_make(struct comparison *c);
void parties_free(struct comparison *c);
// Destination by its numbers; 0: it is not there.
void compare_told(struct comparison *c, uint32_t n, uint32_t m, const struct af_key *key);
