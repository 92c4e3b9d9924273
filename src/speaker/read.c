// Reads of the tables, as their reader on the control thread sees them: every shard sends the part
// of the answer that it holds in the order of keys (shard_read.c); here the parts are merged into
// one order and handed on in stretches. Each batch taken lets its shard send another.
#include "speaker/private.h"

#include "base/list.h"
#include "base/mem.h"

struct read_part {
	struct vec batches; // struct shard_rows, in order
	unsigned at;        // row of the first batch that is next
	bool ended;         // the last batch has come
};

struct speaker_read {
	struct speaker *speaker;
	uint32_t id;
	const struct af *af;
	bool (*rows)(void *arg, const struct rib_route *r, unsigned n);
	void (*done)(void *arg, bool complete);
	void *arg;
	struct read_part *parts; // by shard
	bool paused, handing;    // handing: inside rows()
	bool cancelled;
};

static void rows_free(struct shard_rows *r)
{
	arena_free(&r->arena);
	mem_free(r);
}

static void read_free(struct speaker_read *r)
{
	struct speaker *s = r->speaker;

	vec_drop(&s->reads, r);
	for (unsigned i = 0; i < s->shard_count; i++) {
		struct read_part *part = &r->parts[i];

		for (size_t k = 0; k < part->batches.count; k++)
			rows_free(part->batches.item[k]);
		vec_free(&part->batches);
	}
	mem_free(r->parts);
	mem_free(r);
}

static void read_tell(struct speaker_read *r, unsigned shard, enum shard_kind kind)
{
	struct shard_message *m = shard_message_new(kind);

	m->number = r->id;
	shard_send(r->speaker->shards[shard], m);
}

static struct shard_read *read_order(uint32_t id, const struct rib_query *q,
				     bool (*filter)(void *arg, const struct rib_route *r),
				     void *arg)
{
	struct shard_read *order = MEM_NEW(struct shard_read);

	order->id = id;
	order->query = *q;
	order->filter = filter;
	order->filter_arg = arg;
	if (q->exact) {
		order->exact = *q->exact;
		order->query.exact = &order->exact;
	}
	if (q->within) {
		order->within = *q->within;
		order->query.within = &order->within;
	}
	return order;
}

struct speaker_read *speaker_read_start(struct speaker *s, uint16_t instance,
					const struct rib_query *q,
					bool (*filter)(void *arg, const struct rib_route *r),
					bool (*rows)(void *arg, const struct rib_route *r,
						     unsigned n),
					void (*done)(void *arg, bool complete), void *arg)
{
	struct speaker_read *r = MEM_NEW(struct speaker_read);

	r->speaker = s;
	r->id = ++s->last_read;
	r->af = q->af;
	r->rows = rows;
	r->done = done;
	r->arg = arg;
	r->parts = mem_zero(s->shard_count * sizeof(*r->parts));
	vec_add(&s->reads, r);
	for (unsigned i = 0; i < s->shard_count; i++) {
		struct shard_message *m = shard_message_new(SHARD_READ);

		m->instance = instance;
		m->read = read_order(r->id, q, filter, arg);
		shard_send(s->shards[i], m);
	}
	return r;
}

void speaker_read_cancel(struct speaker_read *r)
{
	if (!r || r->cancelled)
		return;
	for (unsigned i = 0; i < r->speaker->shard_count; i++) {
		if (!r->parts[i].ended)
			read_tell(r, i, SHARD_READ_STOP);
	}
	r->cancelled = true;
	if (!r->handing)
		read_free(r);
}

// --- merging --------------------------------------------------------------------------------------------
// Drops what has been handed on; the shard may send as much again.
static void part_advance(struct speaker_read *r, unsigned shard)
{
	struct read_part *part = &r->parts[shard];

	while (part->batches.count) {
		struct shard_rows *first = part->batches.item[0];

		if (part->at < first->count)
			return;
		vec_remove(&part->batches, 0);
		part->at = 0;
		if (!first->last)
			read_tell(r, shard, SHARD_READ_MORE);
		rows_free(first);
	}
}

static const struct rib_route *part_head(const struct read_part *part)
{
	const struct shard_rows *first = part->batches.count ? part->batches.item[0] : NULL;

	return first && part->at < first->count ? &first->rows[part->at] : NULL;
}

// The shard whose head is next; -1: one that has not ended has nothing here; -2: all are through.
static int next_shard(const struct speaker_read *r)
{
	const struct rib_route *best = NULL;
	int shard = -2;

	for (unsigned i = 0; i < r->speaker->shard_count; i++) {
		const struct rib_route *head = part_head(&r->parts[i]);

		if (!head && !r->parts[i].ended)
			return -1;
		if (head && (!best || r->af->compare(&head->key, &best->key) < 0)) {
			best = head;
			shard = (int)i;
		}
	}
	return shard;
}

// How many rows of that shard come before any other shard's head.
static unsigned stretch(const struct speaker_read *r, unsigned shard)
{
	const struct read_part *part = &r->parts[shard];
	const struct shard_rows *first = part->batches.item[0];
	unsigned n = first->count - part->at;

	for (unsigned i = 0; i < r->speaker->shard_count; i++) {
		const struct rib_route *other = i == shard ? NULL : part_head(&r->parts[i]);

		for (unsigned k = 0; other && k < n; k++) {
			if (r->af->compare(&first->rows[part->at + k].key, &other->key) > 0)
				n = k;
		}
	}
	return n;
}

static void read_hand_on(struct speaker_read *r)
{
	int shard;

	while (!r->paused && (shard = next_shard(r)) >= 0) {
		struct read_part *part = &r->parts[shard];
		const struct rib_route *head = part_head(part);
		unsigned n = stretch(r, (unsigned)shard);
		bool more;

		r->handing = true;
		more = r->rows(r->arg, head, n);
		r->handing = false;
		if (r->cancelled) {
			read_free(r);
			return;
		}
		part->at += n;
		part_advance(r, (unsigned)shard);
		if (!more) {
			void (*done)(void *arg, bool complete) = r->done;
			void *arg = r->arg;

			speaker_read_cancel(r);
			done(arg, false);
			return;
		}
	}
	if (!r->paused && next_shard(r) == -2) {
		void (*done)(void *arg, bool complete) = r->done;
		void *arg = r->arg;

		read_free(r);
		done(arg, true);
	}
}

void speaker_read_pause(struct speaker_read *r, bool pause)
{
	r->paused = pause;
	if (!pause && !r->handing)
		read_hand_on(r);
}

void read_received(struct speaker *s, unsigned shard, struct shard_message *m)
{
	for (size_t i = 0; i < s->reads.count; i++) {
		struct speaker_read *r = s->reads.item[i];
		struct read_part *part = &r->parts[shard];

		if (r->id != m->number)
			continue;
		vec_add(&part->batches, m->rows);
		part->ended = m->rows->last;
		m->rows = NULL;
		part_advance(r, shard);
		read_hand_on(r);
		return;
	}
}
