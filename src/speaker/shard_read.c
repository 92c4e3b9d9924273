// Reading a shard's tables for somebody on the control thread, in two steps. First the keys of all
// destinations that have something to show are collected, in runs that are each sorted; then the
// runs are merged and each destination is looked up again and its routes copied into batches, in
// the order of keys. So an answer is sorted, no step is long, no route is held longer than the
// batch it rides in, and a table that changes meanwhile does no harm: a destination that has gone
// is left out. At most READ_WINDOW batches are on their way at a time.
#include "speaker/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define RUN_KEYS    16384
#define BATCH_ROWS  256
#define READ_WINDOW 4
#define COLLECT     1024 // destinations between two looks at the clock

struct run_keys {
	uint8_t *keys; // count keys of key_size bytes
	unsigned count, at;
};

struct reading {
	struct rib *rib; // NULL: it has gone, and nothing more is in it
	struct shard_read *read;
	const struct af *af;
	struct run_keys *runs;
	unsigned run_count, run_cap;
	unsigned heap_count; // runs not used up, in front
	bool collected, over;
	uint32_t position;       // of the walk that collects
	unsigned window;         // batches that may still be sent
	struct shard_rows *rows; // being filled
	unsigned row_cap;
	const struct attr_set *copied_from, *copied; // the last set that was copied into rows
};

struct reading *reading_new(struct rib *rib, struct shard_read *read)
{
	struct reading *r = MEM_NEW(struct reading);

	r->rib = rib;
	r->read = read;
	r->af = read->query.af;
	r->window = READ_WINDOW;
	return r;
}

static void rows_drop(struct shard_rows *rows)
{
	if (!rows)
		return;
	arena_free(&rows->arena);
	mem_free(rows);
}

void reading_free(struct reading *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->run_count; i++)
		mem_free(r->runs[i].keys);
	mem_free(r->runs);
	mem_free(r->read);
	rows_drop(r->rows);
	mem_free(r);
}

uint32_t reading_id(const struct reading *r)
{
	return r->read->id;
}

bool reading_over(const struct reading *r)
{
	return r->over;
}

void reading_more(struct reading *r)
{
	r->window++;
}

void reading_gone(struct reading *r, const struct rib *rib)
{
	if (r->rib == rib)
		r->rib = NULL;
}

// --- collecting keys ------------------------------------------------------------------------------
// Functions of a family read key_size bytes of a key and no more.
static int keys_compare(const void *a, const void *b, void *arg)
{
	const struct reading *r = arg;

	return r->af->compare(a, b);
}

static void run_sort(struct reading *r, struct run_keys *run)
{
	qsort_r(run->keys, run->count, r->af->key_size, keys_compare, r);
}

static struct run_keys *run_open(struct reading *r)
{
	struct run_keys *run = r->run_count ? &r->runs[r->run_count - 1] : NULL;

	if (run && run->count < RUN_KEYS)
		return run;
	if (run)
		run_sort(r, run);
	if (r->run_count == r->run_cap) {
		r->run_cap = r->run_cap ? r->run_cap * 2 : 8;
		r->runs = mem_resize(r->runs, r->run_cap * sizeof(*r->runs));
	}
	run = &r->runs[r->run_count++];
	*run = (struct run_keys){.keys = mem_alloc((size_t)RUN_KEYS * r->af->key_size)};
	return run;
}

static bool wanted(const struct reading *r, const struct rib_route *route)
{
	return !r->read->filter || r->read->filter(r->read->filter_arg, route);
}

// All paths of a destination come together: its key is taken once.
static bool collect(void *arg, const struct rib_route *route)
{
	struct reading *r = arg;
	struct run_keys *run;
	uint8_t size = r->af->key_size;

	if (!wanted(r, route))
		return true;
	run = r->run_count ? &r->runs[r->run_count - 1] : NULL;
	if (run && run->count &&
	    !memcmp(run->keys + (size_t)(run->count - 1) * size, route->key.b, size))
		return true;
	run = run_open(r);
	memcpy(run->keys + (size_t)run->count++ * size, route->key.b, size);
	return true;
}

// --- merging --------------------------------------------------------------------------------------
// The runs are a heap by the key that each shows next; one that is used up leaves it.
static bool run_before(const struct reading *r, const struct run_keys *a, const struct run_keys *b)
{
	uint8_t size = r->af->key_size;

	return keys_compare(a->keys + (size_t)a->at * size, b->keys + (size_t)b->at * size,
			    (void *)r) < 0;
}

static void heap_sink(struct reading *r, unsigned at)
{
	for (unsigned child; (child = at * 2 + 1) < r->heap_count; at = child) {
		struct run_keys run = r->runs[at];

		if (child + 1 < r->heap_count &&
		    run_before(r, &r->runs[child + 1], &r->runs[child]))
			child++;
		if (!run_before(r, &r->runs[child], &run))
			return;
		r->runs[at] = r->runs[child];
		r->runs[child] = run;
	}
}

static void heap_build(struct reading *r)
{
	r->heap_count = r->run_count;
	for (unsigned i = r->heap_count / 2; i--;)
		heap_sink(r, i);
}

static bool next_key(struct reading *r, struct af_key *ret)
{
	struct run_keys *first = r->runs;
	uint8_t size = r->af->key_size;

	if (!r->heap_count)
		return false;
	*ret = (struct af_key){0};
	memcpy(ret->b, first->keys + (size_t)first->at++ * size, size);
	if (first->at == first->count) {
		struct run_keys used = *first;

		*first = r->runs[--r->heap_count];
		r->runs[r->heap_count] = used;
	}
	heap_sink(r, 0);
	return true;
}

// --- rows -----------------------------------------------------------------------------------------
static const struct attr_set *set_copy(struct reading *r, const struct attr_set *set)
{
	if (!set)
		return NULL;
	if (set != r->copied_from) {
		r->copied_from = set;
		r->copied = arena_copy(&r->rows->arena, set, sizeof(*set) + set->len);
	}
	return r->copied;
}

static bool take_row(void *arg, const struct rib_route *route)
{
	struct reading *r = arg;
	struct shard_rows *rows = r->rows;
	struct rib_route *to;

	if (!wanted(r, route))
		return true;
	if (rows->count == r->row_cap) {
		struct rib_route *old = rows->rows;

		r->row_cap = r->row_cap ? r->row_cap * 2 : BATCH_ROWS + 16;
		rows->rows = arena_alloc(&rows->arena, r->row_cap * sizeof(*rows->rows));
		if (rows->count)
			memcpy(rows->rows, old, rows->count * sizeof(*old));
	}
	to = &rows->rows[rows->count++];
	*to = *route;
	to->received = set_copy(r, route->received);
	to->installed = set_copy(r, route->installed);
	to->sent = set_copy(r, route->sent);
	return true;
}

static void rows_open(struct reading *r)
{
	if (r->rows)
		return;
	r->rows = MEM_NEW(struct shard_rows);
	arena_init(&r->rows->arena, 64 * 1024);
	r->row_cap = 0;
	r->copied_from = NULL;
}

static void rows_send(struct reading *r, const struct worker_options *o, bool last)
{
	struct shard_message *m = shard_message_new(SHARD_ROWS);

	rows_open(r);
	r->rows->last = last;
	m->number = r->read->id;
	m->rows = r->rows;
	r->rows = NULL;
	r->over = last;
	r->window--;
	o->send(o->arg, m);
}

// Destinations that come while keys are collected may be missed, as if they had come afterwards.
static bool collect_step(struct reading *r, rib_deadline *over, void *over_arg)
{
	while (r->rib &&
	       rib_read_slice(r->rib, &r->read->query, &r->position, COLLECT, collect, r)) {
		if (over(over_arg))
			return true;
	}
	if (r->run_count)
		run_sort(r, &r->runs[r->run_count - 1]);
	heap_build(r);
	r->collected = true;
	return true;
}

bool reading_step(struct reading *r, const struct worker_options *o, rib_deadline *over,
		  void *over_arg)
{
	struct rib_query one = r->read->query;
	struct af_key key;

	if (!r->collected)
		return collect_step(r, over, over_arg);
	one.exact = &key;
	one.within = NULL;
	while (r->window) {
		rows_open(r);
		if (!r->rib || !next_key(r, &key)) {
			rows_send(r, o, true);
			return false;
		}
		rib_read(r->rib, &one, take_row, r);
		r->copied_from = NULL; // sets may go and come again before the next step
		if (r->rows->count >= BATCH_ROWS)
			rows_send(r, o, false);
		if (over(over_arg))
			return true;
	}
	return false;
}
