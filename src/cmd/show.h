// A display of routes under way: which tables it reads, what of them it shows, and how far it is.
//
//   scope -> sections, one a table (or one a destination, in detail)
//   each section is counted, then each is printed: VRP puts the numbers first
//
// Rows come sorted by key, in batches, and are printed as they come: memory does not grow with the
// table, a slow terminal holds the reading back, and Ctrl+C leaves it.
#pragma once

#include "base/map.h"
#include "cmd/explain.h"
#include "cmd/route.h"

enum show_phase { SHOW_COUNT, SHOW_PRINT, SHOW_TOLD };

#define SHOW_TYPES 16 // of routes at most that headings count

struct section {
	struct place place;
	enum rib_view view;
	uint16_t peer; // of the per-peer views; RIB_NO_PEER
	bool one;      // only the destination exact
	bool collect;  // what matches becomes a section for each destination
	bool inside;   // only what is in within
	struct af_key exact, within;
	int shorter; // length to try when there is nothing; -1: no more
	unsigned count, best;
	unsigned groups; // distinguishers
	unsigned types[SHOW_TYPES];
};

// What of a table is meant, besides what the query says.
struct show_want {
	bool by_rd, by_as, by_target, covering;
	uint8_t rd[RD_SIZE], target[8];
	uint32_t as;
	unsigned type;      // 0: all
	const char *fields; // as route_fields has them; NULL: all. Of the line's words
	struct ip address;  // covering: prefixes that contain it,
	int bits;           // of this length; -1: of any, the longest of each distinguisher
};

struct show {
	struct cli_call *call;
	struct scope scope;
	enum show_phase phase;
	struct section *sections;
	unsigned section_count, at;
	struct show_want want;
	struct route_filter *filter;
	bool statistics, brief, detail, first, stopped;
	bool waiting;         // for room on the terminal, between two explanations
	bool by_peer;         // what a peer sent or was told
	unsigned asked, told; // detail: peers looked at, and those that have been told the prefix
	uint16_t asking;      // number of the one looked at
	struct map seen;      // distinguishers of the section, where they do not come in order
	struct speaker_read *read;
	struct explain_ask *explain; // instead of the routes; NULL: not asked for
	struct buf last, group;      // prefix and heading of the row before
	unsigned type;               // of the row before
	struct buf out;
};

// The line's words -> show; shows nothing yet. NULL after cli_error.
struct show *show_new(struct cli_call *c);
void show_free(struct show *s);
void show_add(struct show *s, const struct place *place); // a section: all of a table
void show_begin(struct show *s); // the show owns itself from here; answers in the end by cli_done
unsigned show_total(const struct show *s, unsigned *ret_best);
bool show_wants(const struct show *s, const struct rib_route *route);

// --- headings (show_head.c) ---------------------------------------------------------------------
void head_all(struct show *s);                              // legend, or who we are
void head_section(struct show *s, const struct section *x); // title and numbers of a table
// Headings between the rows of a table, when the next one begins a group.
void head_group(struct show *s, const struct section *x, const struct route_record *r);
void head_statistics(struct show *s);
void head_brief(struct show *s);
