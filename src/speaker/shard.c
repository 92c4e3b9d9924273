// The control thread's end of a shard: its channels, its thread, and the batch in which the routes
// of many UPDATEs are collected, since one message for each would cost more than the routes do.
// A batch is handed over when it is full, when the loop's round ends (the speaker's flush task), or
// when any other message is sent: so the order of everything toward a shard is the order of calls.
#include "speaker/shard.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define BATCH_BYTES (64 * 1024)
#define INBOX_HIGH  1024
#define OUTBOX_HIGH 4096
#define RETURN_US   2000

struct shard_message *shard_message_new(enum shard_kind kind)
{
	struct shard_message *m = MEM_NEW(struct shard_message);

	m->kind = kind;
	list_init(&m->link);
	return m;
}

static void program_drop(struct policy_program *p)
{
	if (p)
		policy_program_unref(p);
}

static void origin_free(struct shard_origin *o)
{
	buf_free(&o->bytes);
	mem_free(o);
}

static void aggregates_free(struct shard_aggregates *a)
{
	for (unsigned i = 0; i < a->count; i++) {
		program_drop(a->list[i].attribute_policy);
		program_drop(a->list[i].origin_policy);
		program_drop(a->list[i].suppress_policy);
	}
	mem_free(a->list);
}

static void counts_free(struct shard_counts *c)
{
	if (!c)
		return;
	mem_free(c->instances);
	mem_free(c->rows);
	mem_free(c);
}

static void ledgers_drop(struct shard_ledgers *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (l->list[i].report)
			ledger_report_free(l->list[i].report);
	}
	mem_free(l->list);
}

static void rows_free(struct shard_rows *r)
{
	if (!r)
		return;
	arena_free(&r->arena);
	mem_free(r);
}

void shard_message_free(struct shard_message *m)
{
	switch (m->kind) {
	case SHARD_OPTIONS:
		mem_free((void *)m->options.confederation_members);
		break;
	case SHARD_LINK:
		vpn_link_clear(&m->tie);
		break;
	case SHARD_LIMIT:
		rib_room_unref(m->limit.room);
		break;
	case SHARD_IMPORT:
		program_drop(m->import.program);
		break;
	case SHARD_EXPORT:
		program_drop(m->export.program);
		program_drop(m->export.default_route_program);
		break;
	case SHARD_BATCH:
		buf_free(&m->bytes);
		break;
	case SHARD_ORIGINATE:
		origin_free(m->origin);
		break;
	case SHARD_AGGREGATES:
		aggregates_free(&m->aggregates);
		break;
	case SHARD_ORDER:
		mem_free(m->order);
		break;
	case SHARD_READ:
		mem_free(m->read);
		break;
	case SHARD_DELIVERY:
		if (m->delivery.chunk)
			rib_chunk_unref(m->delivery.chunk);
		mem_free(m->delivery.parts);
		break;
	case SHARD_ANSWER:
		mem_free(m->answer.peers);
		break;
	case SHARD_ROWS:
		rows_free(m->rows);
		break;
	case SHARD_COUNTS:
		counts_free(m->counts);
		break;
	case SHARD_EXPLAIN:
		explain_order_free(m->explain);
		break;
	case SHARD_EXPLAINED:
		explanation_free(m->explanation);
		break;
	case SHARD_LEDGER:
		ledgers_drop(&m->ledgers);
		break;
	default:
		break;
	}
	mem_free(m);
}

static void *shard_thread(void *arg)
{
	loop_run(arg);
	return NULL;
}

// One message of the worker, on the control thread.
static void pass_on(void *arg, void *message)
{
	struct shard *s = arg;
	struct shard_message *m = message;

	if (m->kind == SHARD_GONE)
		s->gone = true;
	else
		s->received(s->arg, s, m);
	shard_message_free(m);
}

static bool return_some(void *arg)
{
	struct shard *s = arg;
	uint64_t until = loop_clock() + RETURN_US;

	while (!list_empty(&s->returned)) {
		struct shard_message *m = LIST_ENTRY(s->returned.next, struct shard_message, link);

		list_remove(&m->link);
		pass_on(s, m);
		if (loop_clock() >= until)
			break;
	}
	return !list_empty(&s->returned);
}

// The worker's way out, in its own thread.
static void worker_sends(void *arg, struct shard_message *m)
{
	struct shard *s = arg;

	if (s->threaded) {
		channel_send(s->outbox, m);
		return;
	}
	list_add(&s->returned, &m->link);
	task_start(s->returner);
}

struct shard *shard_new(struct loop *control, unsigned index, unsigned count, bool threaded,
			void (*received)(void *arg, struct shard *s, struct shard_message *m),
			void *arg)
{
	struct shard *s = MEM_NEW(struct shard);
	struct worker_options o = {.index = index, .count = count, .send = worker_sends, .arg = s};

	s->index = index;
	s->threaded = threaded;
	s->control = control;
	s->received = received;
	s->arg = arg;
	list_init(&s->returned);
	s->loop = threaded ? loop_new() : control;
	s->worker = worker_new(s->loop, &o);
	if (!threaded) {
		s->returner = task_new(control, return_some, s);
		return s;
	}
	s->outbox = channel_new(control, OUTBOX_HIGH, pass_on, s);
	s->inbox = channel_new(s->loop, INBOX_HIGH, worker_inbox, s->worker);
	if (pthread_create(&s->thread, NULL, shard_thread, s->loop))
		die("rib thread %u could not be started", index);
	return s;
}

static void hand_over(struct shard *s, struct shard_message *m)
{
	if (s->instead)
		worker_inbox(s->instead, m);
	else if (s->threaded)
		channel_send(s->inbox, m);
	else
		worker_inbox(s->worker, m);
}

void shard_divert(struct shard *s, struct worker *w)
{
	s->instead = w;
}

void shard_flush(struct shard *s)
{
	struct shard_message *m;

	if (!s->batch.len)
		return;
	m = shard_message_new(SHARD_BATCH);
	m->bytes = s->batch;
	s->batch = (struct buf){0};
	s->in_flight += m->bytes.len;
	hand_over(s, m);
}

void shard_send(struct shard *s, struct shard_message *m)
{
	shard_flush(s);
	hand_over(s, m);
}

void shard_routes(struct shard *s, const struct batch_record *head, const struct span *attributes,
		  const struct span *nlri)
{
	if (!s->batch.data)
		buf_room(&s->batch, 4096);
	buf_put(&s->batch, head, sizeof(*head));
	if (head->attributes)
		buf_put(&s->batch, attributes->p, attributes->len);
	buf_put(&s->batch, nlri->p, nlri->len);
	if (s->batch.len >= BATCH_BYTES)
		shard_flush(s);
}

void shard_wake(struct shard *s)
{
	worker_wake(s->worker);
	if (s->returner)
		task_start(s->returner);
}

void shard_take_counts(struct shard *s, const struct shard_counts *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		struct shard_counts_row **row = &s->rows[c->rows[i].peer];

		if (!*row)
			*row = MEM_NEW(struct shard_counts_row);
		**row = c->rows[i];
	}
	for (unsigned i = 0; i < c->instance_count; i++) {
		struct shard_totals **totals = &s->totals[c->instances[i].instance];

		if (!*totals)
			*totals = MEM_NEW(struct shard_totals);
		**totals = c->instances[i];
	}
}

void shard_forget_peer(struct shard *s, uint16_t peer)
{
	mem_free(s->rows[peer]);
	s->rows[peer] = NULL;
}

void shard_forget_instance(struct shard *s, uint16_t instance)
{
	mem_free(s->totals[instance]);
	s->totals[instance] = NULL;
}

// A thread that ends says so last of all: what it sent before is received until then, so that
// nothing is left in the channels.
void shard_free(struct shard *s)
{
	if (!s)
		return;
	if (s->threaded) {
		channel_send(s->inbox, shard_message_new(SHARD_QUIT));
		while (!s->gone)
			loop_run_once(s->control);
		pthread_join(s->thread, NULL);
		channel_free(s->inbox);
		channel_free(s->outbox);
	}
	worker_free(s->worker);
	while (!list_empty(&s->returned)) {
		struct shard_message *m = LIST_ENTRY(s->returned.next, struct shard_message, link);

		list_remove(&m->link);
		shard_message_free(m);
	}
	task_free(s->returner);
	if (s->threaded)
		loop_free(s->loop);
	buf_free(&s->batch);
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		mem_free(s->rows[i]);
	for (unsigned i = 0; i < INSTANCES_MAX; i++)
		mem_free(s->totals[i]);
	mem_free(s);
}
