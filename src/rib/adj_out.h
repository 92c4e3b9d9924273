// Adj-RIB-Out of one update group: what its peers are to believe, and the order in which it last
// changed. Private to rib/.
//
// An entry stands at the destination's number. The order of change is a log of destination
// numbers: an entry that changes is appended, and the place where it stood before goes dead (the
// entry names its only living place). So a route stands in the order once, moving it costs one
// append, and a peer's cursor is a position in the log. What every cursor has passed is cut off:
// when nobody lags, the log is empty. A dump needs no log: it walks the entries by number.
//
// A withdrawn entry stays in the log as a tombstone (attr 0) and holds its destination until it
// is cut off.
#pragma once

#include "rib/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADJ_OUT_CHUNK   (1u << ADJ_OUT_CHUNK_BITS)
#define ADJ_OUT_SEGMENT (1u << ADJ_OUT_SEGMENT_BITS)

enum adj_out_flag {
	ADJ_OUT_FRESH = 1, // before its place in the log nobody had been told anything of it
};

struct adj_out_entry {
	uint32_t attr;     // set as it is sent; 0: nothing announced
	uint32_t position; // lower half of its living place in the log; 0: not in the log
	uint16_t peer;     // source of the path: not told to that peer
	uint16_t flags;
};

struct adj_out_chunk {
	uint64_t changed_at; // end of the log after the last change of one of them
	uint32_t announced;
	struct adj_out_entry entry[ADJ_OUT_CHUNK];
};

struct adj_out {
	struct adj_out_chunk **chunks; // by number of destination; NULL: nothing there yet
	uint32_t chunk_count;
	uint32_t announced;
	uint32_t *sourced; // entries announced by source, [sourced_count]
	uint32_t sourced_count;

	uint32_t **segments; // of the log; first one holds position first_segment << BITS
	uint32_t segment_count, segment_cap;
	uint64_t first_segment;
	uint64_t start, end; // positions in the log: start <= cursor <= end
};

void adj_out_init(struct adj_out *a);
void adj_out_free(struct adj_out *a); // memory only: references and holds are the group's
struct adj_out_entry *adj_out_make(struct adj_out *a, uint32_t n); // the entry, made if need be
uint64_t adj_out_append(struct adj_out *a, uint32_t n, struct adj_out_entry *e);
void adj_out_cut(struct adj_out *a, uint64_t start); // drops segments that lie before
void adj_out_count(struct adj_out *a, uint32_t n, uint16_t peer, int by);
void adj_out_copy(struct adj_out *to, const struct adj_out *from);
size_t adj_out_bytes(const struct adj_out *a);

static inline struct adj_out_chunk *adj_out_chunk(const struct adj_out *a, uint32_t chunk)
{
	return chunk < a->chunk_count ? a->chunks[chunk] : NULL;
}

static inline struct adj_out_entry *adj_out_find(const struct adj_out *a, uint32_t n)
{
	struct adj_out_chunk *c = adj_out_chunk(a, n >> ADJ_OUT_CHUNK_BITS);

	return c ? &c->entry[n & (ADJ_OUT_CHUNK - 1)] : NULL;
}

// Destination at a position of the log.
static inline uint32_t adj_out_at(const struct adj_out *a, uint64_t position)
{
	uint64_t segment = (position >> ADJ_OUT_SEGMENT_BITS) - a->first_segment;

	return a->segments[segment][position & (ADJ_OUT_SEGMENT - 1)];
}

// Position of an entry that is in the log.
static inline uint64_t adj_out_position(const struct adj_out *a, const struct adj_out_entry *e)
{
	return a->start + (uint32_t)(e->position - (uint32_t)a->start);
}

// Whether the entry is in the log at or behind the cursor.
static inline bool adj_out_unread(const struct adj_out *a, const struct adj_out_entry *e,
				  uint64_t cursor)
{
	return e->position && adj_out_position(a, e) >= cursor;
}
