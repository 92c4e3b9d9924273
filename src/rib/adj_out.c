// Memory of an Adj-RIB-Out: chunks of entries by destination number, made when first needed, and
// the segments of its log. What entries mean (references on sets, holds on destinations) is the
// group's business (rib/group.c); here they are only kept and ordered.
#include "rib/adj_out.h"

#include <string.h>

#include "base/mem.h"
#include "rib/rib.h"

void adj_out_init(struct adj_out *a)
{
	*a = (struct adj_out){.start = 1, .end = 1};
}

void adj_out_free(struct adj_out *a)
{
	for (uint32_t i = 0; i < a->chunk_count; i++)
		mem_free(a->chunks[i]);
	for (uint32_t i = 0; i < a->segment_count; i++)
		mem_free(a->segments[i]);
	mem_free(a->chunks);
	mem_free(a->segments);
	mem_free(a->sourced);
	*a = (struct adj_out){.start = 1, .end = 1};
}

struct adj_out_entry *adj_out_make(struct adj_out *a, uint32_t n)
{
	uint32_t chunk = n >> ADJ_OUT_CHUNK_BITS;

	if (chunk >= a->chunk_count) {
		uint32_t count = chunk + 1 > a->chunk_count * 2 ? chunk + 1 : a->chunk_count * 2;

		a->chunks = mem_resize(a->chunks, count * sizeof(struct adj_out_chunk *));
		memset(a->chunks + a->chunk_count, 0,
		       (count - a->chunk_count) * sizeof(struct adj_out_chunk *));
		a->chunk_count = count;
	}
	if (!a->chunks[chunk])
		a->chunks[chunk] = mem_zero(sizeof(struct adj_out_chunk));
	return &a->chunks[chunk]->entry[n & (ADJ_OUT_CHUNK - 1)];
}

static uint32_t *log_slot(struct adj_out *a, uint64_t position)
{
	uint64_t segment = (position >> ADJ_OUT_SEGMENT_BITS) - a->first_segment;

	if (segment == a->segment_count) {
		if (a->segment_count == a->segment_cap) {
			a->segment_cap = a->segment_cap ? a->segment_cap * 2 : 4;
			a->segments = mem_resize(a->segments, a->segment_cap * sizeof(uint32_t *));
		}
		a->segments[a->segment_count++] = mem_alloc(ADJ_OUT_SEGMENT * sizeof(uint32_t));
	}
	return &a->segments[segment][position & (ADJ_OUT_SEGMENT - 1)];
}

// Returns the entry's new position. The place whose lower half is zero stays empty: zero in an
// entry means that it is not in the log.
uint64_t adj_out_append(struct adj_out *a, uint32_t n, struct adj_out_entry *e)
{
	if (!(uint32_t)a->end)
		*log_slot(a, a->end++) = 0;
	uint64_t position = a->end++;

	*log_slot(a, position) = n;
	e->position = (uint32_t)position;
	a->chunks[n >> ADJ_OUT_CHUNK_BITS]->changed_at = a->end;
	return position;
}

void adj_out_cut(struct adj_out *a, uint64_t start)
{
	uint64_t first = start >> ADJ_OUT_SEGMENT_BITS;
	uint32_t gone = 0;

	a->start = start;
	while (gone < a->segment_count && a->first_segment + gone < first)
		mem_free(a->segments[gone++]);
	if (start == a->end)
		while (gone < a->segment_count)
			mem_free(a->segments[gone++]);
	if (gone) {
		a->segment_count -= gone;
		memmove(a->segments, a->segments + gone, a->segment_count * sizeof(uint32_t *));
	}
	a->first_segment = first;
}

// Keeps the numbers of announced entries, in all, by chunk and by source.
void adj_out_count(struct adj_out *a, uint32_t n, uint16_t peer, int by)
{
	a->announced += (uint32_t)by;
	a->chunks[n >> ADJ_OUT_CHUNK_BITS]->announced += (uint32_t)by;
	if (peer >= RIB_PEERS_MAX)
		return; // ours
	if (peer >= a->sourced_count) {
		uint32_t count =
			peer + 1u > a->sourced_count * 2 ? peer + 1u : a->sourced_count * 2;

		a->sourced = mem_resize(a->sourced, count * sizeof(uint32_t));
		memset(a->sourced + a->sourced_count, 0,
		       (count - a->sourced_count) * sizeof(uint32_t));
		a->sourced_count = count;
	}
	a->sourced[peer] += (uint32_t)by;
}

void adj_out_copy(struct adj_out *to, const struct adj_out *from)
{
	*to = *from;
	to->chunks = mem_zero((from->chunk_count + 1) * sizeof(struct adj_out_chunk *));
	for (uint32_t i = 0; i < from->chunk_count; i++)
		if (from->chunks[i])
			to->chunks[i] = mem_copy(from->chunks[i], sizeof(struct adj_out_chunk));
	to->segment_cap = from->segment_count;
	to->segments = mem_zero((from->segment_count + 1) * sizeof(uint32_t *));
	for (uint32_t i = 0; i < from->segment_count; i++)
		to->segments[i] = mem_copy(from->segments[i], ADJ_OUT_SEGMENT * sizeof(uint32_t));
	to->sourced = mem_zero((from->sourced_count + 1) * sizeof(uint32_t));
	if (from->sourced_count)
		memcpy(to->sourced, from->sourced, from->sourced_count * sizeof(uint32_t));
}

size_t adj_out_bytes(const struct adj_out *a)
{
	size_t n = (size_t)a->segment_count * ADJ_OUT_SEGMENT * sizeof(uint32_t) +
		   a->segment_cap * sizeof(uint32_t *) + a->sourced_count * sizeof(uint32_t) +
		   a->chunk_count * sizeof(struct adj_out_chunk *);

	for (uint32_t i = 0; i < a->chunk_count; i++)
		if (a->chunks[i])
			n += sizeof(struct adj_out_chunk);
	return n;
}
