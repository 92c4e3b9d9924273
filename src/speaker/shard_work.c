// The shard's side: ribs, the messages for them, the walks of soft reset and the readings of their
// tables, worked off in slices on one loop. In each round messages come first (live routes), then
// what the ribs owe their peers, then a slice of a walk and of each reading; every part ends by the
// clock, so that no part keeps another waiting for long and none starves.
#include "speaker/worker.h"

#include <string.h>

#include "base/mem.h"
#include "vpn/exchange.h"

#define SETTLE_CHECK_US 50000

bool worker_time_over(void *until)
{
	return loop_clock() >= *(uint64_t *)until;
}

void worker_answer(struct worker *w, struct soft_answer *a)
{
	struct shard_message *m = shard_message_new(SHARD_ANSWER);

	m->answer = *a;
	m->answer.shard = w->o.index;
	w->o.send(w->o.arg, m);
}

// --- messages -------------------------------------------------------------------------------------
static void batch_routes(struct instance *i, const struct batch_record *head,
			 const struct span *attributes, const struct span *nlri)
{
	if (!i)
		return;
	instance_wake(i);
	rib_update(i->rib, head->peer, af_list[head->af], head->withdrawn ? NULL : attributes,
		   nlri);
}

// Records of a batch until time is over; true when all are done.
static bool batch_step(struct worker *w, struct shard_message *m, uint64_t until)
{
	while (w->batch_at < m->bytes.len) {
		struct batch_record head;
		const uint8_t *p = m->bytes.data + w->batch_at;
		struct span attributes, nlri;

		memcpy(&head, p, sizeof(head));
		attributes = (struct span){p + sizeof(head), head.attributes};
		nlri = (struct span){p + sizeof(head) + head.attributes, head.nlri};
		batch_routes(w->home[head.peer], &head, &attributes, &nlri);
		w->batch_at += sizeof(head) + head.attributes + head.nlri;
		if (loop_clock() >= until)
			break;
	}
	return w->batch_at >= m->bytes.len;
}

static void batch_done(struct worker *w, const struct shard_message *m)
{
	struct shard_message *taken = shard_message_new(SHARD_TAKEN);

	taken->bytes_count = m->bytes.len;
	w->batch_at = 0;
	w->o.send(w->o.arg, taken);
}

static void do_remove(struct worker *w, struct instance *i, const struct shard_message *m)
{
	w->sessions[m->peer] = 0;
	w->home[m->peer] = NULL;
	rib_peer_remove(i->rib, m->peer);
}

static void do_refresh_end(struct worker *w, struct instance *i, const struct shard_message *m)
{
	struct shard_message *swept = shard_message_new(SHARD_SWEPT);

	swept->peer = m->peer;
	swept->af = m->af;
	swept->number = m->number;
	swept->bytes_count = rib_refresh_end(i->rib, m->peer, m->af);
	counts_tell(w); // before: whoever closes a job looks at them
	w->o.send(w->o.arg, swept);
}

// An order or a reader whose instance has gone meanwhile gets an end, and nothing else.
static void do_order(struct worker *w, const struct shard_message *m)
{
	struct instance *i = instance_find(w, m->order->instance);
	struct soft_answer nothing = {.order = m->order->number, .percent = 100, .done = true};

	if (!i)
		worker_answer(w, &nothing);
	else if (m->order->lent)
		lending_start(w, m->order);
	else
		instance_order(i, m->order);
}

static void do_read(struct worker *w, struct shard_message *m)
{
	const struct instance *i = instance_find(w, m->instance);

	vec_add(&w->readings, reading_new(i ? i->rib : NULL, m->read));
	m->read = NULL;
}

static void do_explain(struct worker *w, const struct shard_message *m)
{
	struct shard_message *back = shard_message_new(SHARD_EXPLAINED);
	struct instance *i = instance_find(w, m->instance);

	back->number = m->number;
	back->explanation =
		explain_carry_out(m->explain, i ? i->rib : NULL, w->exchange, m->instance);
	w->o.send(w->o.arg, back);
}

static void do_read_more(struct worker *w, const struct shard_message *m, bool stop)
{
	for (size_t i = 0; i < w->readings.count; i++) {
		struct reading *r = w->readings.item[i];

		if (reading_id(r) != m->number)
			continue;
		if (!stop) {
			reading_more(r);
			return;
		}
		vec_remove(&w->readings, i);
		reading_free(r);
		return;
	}
}

static void do_fence(struct worker *w, const struct shard_message *m)
{
	struct shard_message *back = shard_message_new(SHARD_FENCE);

	back->instance = m->instance;
	back->peer = m->peer;
	back->number = m->number;
	w->o.send(w->o.arg, back);
}

static void do_gone(struct worker *w, uint16_t number)
{
	struct instance *i = instance_find(w, number);

	if (!i)
		return;
	for (size_t k = 0; k < w->readings.count; k++)
		reading_gone(w->readings.item[k], i->rib);
	for (unsigned k = 0; k < RIB_PEERS_MAX; k++) {
		if (w->home[k] != i)
			continue;
		w->home[k] = NULL;
		w->sessions[k] = 0;
	}
	instance_end(i);
}

static void do_peer_message(struct worker *w, struct instance *i, const struct shard_message *m)
{
	struct rib *rib = i->rib;

	w->home[m->peer] = i;
	switch (m->kind) {
	case SHARD_IMPORT:
		rib_peer_import(rib, m->peer, m->af, &m->import, m->number);
		break;
	case SHARD_EXPORT:
		rib_peer_export(rib, m->peer, m->af, &m->export, m->number);
		break;
	case SHARD_UP:
		w->sessions[m->peer] = m->number;
		rib_peer_up(rib, m->peer, m->number, &m->session);
		break;
	case SHARD_BEGIN:
		rib_peer_begin(rib, m->peer, m->af);
		break;
	case SHARD_DOWN:
		w->sessions[m->peer] = 0;
		rib_peer_down(rib, m->peer);
		break;
	case SHARD_REMOVE:
		do_remove(w, i, m);
		break;
	case SHARD_REFRESH_BEGIN:
		rib_refresh_begin(rib, m->peer, m->af);
		break;
	case SHARD_REFRESH_END:
		do_refresh_end(w, i, m);
		break;
	case SHARD_RESEND:
		rib_refresh_answer(rib, m->peer, m->af);
		break;
	case SHARD_CREDIT:
		if (w->sessions[m->peer] == m->number)
			rib_credit(rib, m->peer, m->bytes_count);
		break;
	default:
		break;
	}
}

// What names an instance that is not there yet makes it.
static void do_instance_message(struct worker *w, struct shard_message *m)
{
	struct instance *i = instance_of(w, m->instance);

	instance_wake(i);
	switch (m->kind) {
	case SHARD_OPTIONS:
		rib_set_options(i->rib, m->af, &m->options);
		break;
	case SHARD_LINK:
		exchange_link(w->exchange, i->number, m->af, m->tie.present ? &m->tie : NULL);
		break;
	case SHARD_LIMIT:
		rib_set_limit(i->rib, m->af, &m->limit);
		break;
	case SHARD_ORIGINATE:
		rib_originate(i->rib, m->af, &m->origin->key,
			      m->origin->withdrawn ? NULL : &m->origin->attrs);
		break;
	case SHARD_AGGREGATES:
		rib_set_aggregates(i->rib, m->af, m->aggregates.list, m->aggregates.count);
		break;
	default:
		do_peer_message(w, i, m);
		break;
	}
}

static void do_message(struct worker *w, struct shard_message *m)
{
	switch (m->kind) {
	case SHARD_INSTANCE_GONE:
		do_gone(w, m->instance);
		break;
	case SHARD_ORDER:
		do_order(w, m);
		break;
	case SHARD_READ:
		do_read(w, m);
		break;
	case SHARD_EXPLAIN:
		do_explain(w, m);
		break;
	case SHARD_READ_MORE:
	case SHARD_READ_STOP:
		do_read_more(w, m, m->kind == SHARD_READ_STOP);
		break;
	case SHARD_FENCE:
		do_fence(w, m);
		break;
	case SHARD_LEDGER_OPEN:
		ledgers_open(w, m);
		break;
	case SHARD_LEDGER_CLOSE:
		ledgers_close(w, m);
		break;
	case SHARD_QUIT:
		w->quit = true;
		break;
	default:
		do_instance_message(w, m);
		break;
	}
}

static void messages_step(struct worker *w, uint64_t until)
{
	while (!list_empty(&w->queue) && !w->quit) {
		struct shard_message *m = LIST_ENTRY(w->queue.next, struct shard_message, link);

		if (m->kind == SHARD_LEDGER_OPEN && ledgers_hold_back(w))
			return;
		if (m->kind == SHARD_BATCH) {
			if (!batch_step(w, m, until))
				return;
			batch_done(w, m);
		} else {
			do_message(w, m);
		}
		list_remove(&m->link);
		shard_message_free(m);
		if (loop_clock() >= until)
			return;
	}
}

// Credit is the one thing whose order among the routes does not matter: it must not wait behind
// them, or output would stand still while input floods.
void worker_inbox(void *worker, void *message)
{
	struct worker *w = worker;
	struct shard_message *m = message;

	if (m->kind == SHARD_CREDIT && m->number && w->sessions[m->peer] == m->number &&
	    w->home[m->peer]) {
		instance_wake(w->home[m->peer]);
		rib_credit(w->home[m->peer]->rib, m->peer, m->bytes_count);
		shard_message_free(m);
	} else {
		list_add(&w->queue, &m->link);
	}
	task_start(w->task);
}

// --- the round ------------------------------------------------------------------------------------
static bool readings_step(struct worker *w)
{
	bool more = false;

	for (size_t i = 0; i < w->readings.count;) {
		struct reading *r = w->readings.item[i];
		uint64_t until = loop_clock() + SLICE_US;

		more |= reading_step(r, &w->o, worker_time_over, &until);
		if (reading_over(r)) {
			vec_remove(&w->readings, i);
			reading_free(r);
		} else {
			i++;
		}
	}
	return more;
}

static void worker_quits(struct worker *w)
{
	w->o.send(w->o.arg, shard_message_new(SHARD_GONE));
	loop_stop(w->loop);
}

// A walk that is over reports its end when what it caused has been delivered: it waits for the ribs,
// and for peers that have no credit at the moment (a bounded time: drive.h; no time in a copy of the
// process, whose peers take nothing). true: work goes on.
static bool walks_settle(struct worker *w, uint64_t now)
{
	bool busy = instances_walking(w) || lendings_walking(w) || !list_empty(&w->awake) ||
		    !list_empty(&w->queue);
	bool idle = !busy && (loop_detached() || !instances_owe(w));

	if (list_empty(&w->walking) && list_empty(&w->lendings))
		return false;
	instances_settle(w, idle, now);
	lendings_settle(w, idle, now);
	if (list_empty(&w->walking) && list_empty(&w->lendings))
		return false;
	if (!busy && !timer_running(w->settle_timer))
		timer_start(w->settle_timer, SETTLE_CHECK_US);
	return busy;
}

static void settle_due(void *arg)
{
	struct worker *w = arg;

	task_start(w->task);
}

static void counts_due(void *arg)
{
	counts_tell(arg);
}

static bool worker_turn(void *arg)
{
	struct worker *w = arg;
	uint64_t now;
	bool more;

	messages_step(w, loop_clock() + SLICE_US);
	if (w->quit) {
		worker_quits(w);
		return false;
	}
	more = instances_work(w);
	more |= instances_walk(w);
	more |= lendings_step(w);
	more |= readings_step(w);
	more |= instances_end(w);
	ledgers_turn(w);
	now = loop_clock();
	more |= walks_settle(w, now);
	more |= !list_empty(&w->queue) || !list_empty(&w->awake);
	counts_when_due(w, now, more);
	return more;
}

void worker_finish(struct worker *w)
{
	while (worker_turn(w)) {
	}
}

struct worker *worker_new(struct loop *l, const struct worker_options *o)
{
	struct worker *w = MEM_NEW(struct worker);

	w->o = *o;
	w->loop = l;
	list_init(&w->queue);
	list_init(&w->awake);
	list_init(&w->walking);
	list_init(&w->owing);
	list_init(&w->lendings);
	list_init(&w->ending);
	w->exchange = exchange_new(o->index, o->count);
	w->task = task_new(l, worker_turn, w);
	w->counts_timer = timer_new(l, counts_due, w);
	w->settle_timer = timer_new(l, settle_due, w);
	instance_of(w, INSTANCE_PUBLIC);
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->readings.count; i++)
		reading_free(w->readings.item[i]);
	vec_free(&w->readings);
	while (!list_empty(&w->queue)) {
		struct shard_message *m = LIST_ENTRY(w->queue.next, struct shard_message, link);

		list_remove(&m->link);
		shard_message_free(m);
	}
	ledgers_free(w);
	lendings_free(w);
	exchange_free(w->exchange);
	w->exchange = NULL;
	for (unsigned i = INSTANCES_MAX; i--;) { // the public one last of all
		if (w->instances[i])
			instance_free(w->instances[i]);
	}
	timer_free(w->counts_timer);
	timer_free(w->settle_timer);
	task_free(w->task);
	mem_free(w);
}

struct rib *worker_rib(struct worker *w, uint16_t instance)
{
	struct instance *i = instance_find(w, instance);

	return i ? i->rib : NULL;
}

bool worker_idle(const struct worker *w)
{
	return list_empty(&w->queue) && !w->readings.count && list_empty(&w->awake) &&
	       list_empty(&w->walking) && list_empty(&w->lendings) && list_empty(&w->ending);
}

void worker_wake(struct worker *w)
{
	task_start(w->task);
}
