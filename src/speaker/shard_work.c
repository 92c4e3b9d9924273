// The shard's side: a rib, the messages for it, the walks of soft reset and the readings of its
// tables, worked off in slices on one loop. In each round messages come first (live routes), then
// what the rib owes its peers, then a slice of a walk and of each reading; every part ends by the
// clock, so that no part keeps another waiting for long and none starves.
//
// Counters of peers are told to the control thread when the shard falls idle, and now and then
// while it is busy: nobody ever looks into a rib from outside.
#include "speaker/shard.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"

#define SLICE_US        2000
#define COUNTS_EVERY_US 50000
#define SETTLE_CHECK_US 50000

struct worker {
	struct worker_options o;
	struct loop *loop;
	struct rib *rib;
	struct drive *drive;
	struct task *task;
	struct timer *counts_timer;
	struct timer
		*settle_timer; // walks are over, and peers without credit are still owed messages
	struct list queue;     // messages to be worked off
	size_t batch_at;       // bytes done of the first one, when it is a batch
	struct vec readings;
	uint64_t counts_at; // when counters were last told
	bool changed;       // since then
	bool quit, rib_busy;
	uint32_t sessions[RIB_PEERS_MAX]; // number of the session that each peer's routes belong to
	bool known[RIB_PEERS_MAX];
};

// --- deadlines ----------------------------------------------------------------------------------
static bool time_over(void *arg)
{
	return loop_clock() >= *(uint64_t *)arg;
}

// --- what the rib says ----------------------------------------------------------------------------
static void rib_deliver(void *arg, struct rib_delivery *d)
{
	struct worker *w = arg;
	struct shard_message *m = shard_message_new(SHARD_DELIVERY);

	m->peer = d->peer;
	m->number = d->session;
	m->delivery = *d;
	w->o.send(w->o.arg, m);
}

static void rib_marks(void *arg, uint16_t peer, uint32_t session, const struct af *af,
		      enum rib_mark mark)
{
	struct worker *w = arg;
	struct shard_message *m = shard_message_new(SHARD_MARK);

	m->peer = peer;
	m->number = session;
	m->af = af;
	m->mark = mark;
	w->o.send(w->o.arg, m);
}

static void rib_wakes(void *arg)
{
	struct worker *w = arg;

	task_start(w->task);
}

static void drive_says(void *arg, struct soft_answer *a)
{
	struct worker *w = arg;
	struct shard_message *m = shard_message_new(SHARD_ANSWER);

	m->answer = *a;
	m->answer.shard = w->o.index;
	w->o.send(w->o.arg, m);
}

// --- counters -------------------------------------------------------------------------------------
static void counts_row(struct worker *w, uint16_t peer, struct shard_counts_row *row)
{
	row->peer = peer;
	for (unsigned i = 0; i < af_count; i++)
		rib_peer_counts(w->rib, peer, af_list[i], &row->counts[i]);
}

static void tell_counts(struct worker *w)
{
	struct shard_message *m = shard_message_new(SHARD_COUNTS);
	struct shard_counts *c = m->counts = MEM_NEW(struct shard_counts);
	unsigned cap = 0;

	for (unsigned i = 0; i < RIB_PEERS_MAX; i++)
		cap += w->known[i];
	c->rows = cap ? mem_zero(cap * sizeof(*c->rows)) : NULL;
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++) {
		if (w->known[i])
			counts_row(w, (uint16_t)i, &c->rows[c->count++]);
	}
	c->instances = MEM_NEW(struct shard_totals);
	c->instance_count = 1;
	for (unsigned i = 0; i < af_count; i++)
		rib_totals(w->rib, af_list[i], &c->instances[0].totals[i]);
	w->counts_at = loop_clock();
	w->changed = false;
	timer_stop(w->counts_timer);
	w->o.send(w->o.arg, m);
}

static void counts_due(void *arg)
{
	tell_counts(arg);
}

static void counts_when_due(struct worker *w, uint64_t now)
{
	if (!w->changed)
		return;
	if (now - w->counts_at >= COUNTS_EVERY_US)
		tell_counts(w);
	else if (!timer_running(w->counts_timer))
		timer_start(w->counts_timer, COUNTS_EVERY_US - (now - w->counts_at));
}

// --- messages -------------------------------------------------------------------------------------
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
		rib_update(w->rib, head.peer, af_list[head.af], head.withdrawn ? NULL : &attributes,
			   &nlri);
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

static void do_up(struct worker *w, const struct shard_message *m)
{
	w->sessions[m->peer] = m->number;
	rib_peer_up(w->rib, m->peer, m->number, &m->session);
}

static void do_remove(struct worker *w, const struct shard_message *m)
{
	w->sessions[m->peer] = 0;
	w->known[m->peer] = false;
	rib_peer_remove(w->rib, m->peer);
}

static void do_refresh_end(struct worker *w, const struct shard_message *m)
{
	struct shard_message *swept = shard_message_new(SHARD_SWEPT);

	swept->peer = m->peer;
	swept->af = m->af;
	swept->number = m->number;
	swept->bytes_count = rib_refresh_end(w->rib, m->peer, m->af);
	tell_counts(w); // before: whoever closes a job looks at them
	w->o.send(w->o.arg, swept);
}

static void do_read(struct worker *w, struct shard_message *m)
{
	vec_add(&w->readings, reading_new(w->rib, m->read));
	m->read = NULL;
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

static void do_peer_message(struct worker *w, const struct shard_message *m)
{
	w->known[m->peer] = true;
	switch (m->kind) {
	case SHARD_IMPORT:
		rib_peer_import(w->rib, m->peer, m->af, &m->import, m->number);
		break;
	case SHARD_EXPORT:
		rib_peer_export(w->rib, m->peer, m->af, &m->export, m->number);
		break;
	case SHARD_UP:
		do_up(w, m);
		break;
	case SHARD_DOWN:
		w->sessions[m->peer] = 0;
		rib_peer_down(w->rib, m->peer);
		break;
	case SHARD_REMOVE:
		do_remove(w, m);
		break;
	case SHARD_REFRESH_BEGIN:
		rib_refresh_begin(w->rib, m->peer, m->af);
		break;
	case SHARD_REFRESH_END:
		do_refresh_end(w, m);
		break;
	case SHARD_RESEND:
		rib_refresh_answer(w->rib, m->peer, m->af);
		break;
	case SHARD_CREDIT:
		if (w->sessions[m->peer] == m->number)
			rib_credit(w->rib, m->peer, m->bytes_count);
		break;
	default:
		break;
	}
}

static void do_message(struct worker *w, struct shard_message *m)
{
	switch (m->kind) {
	case SHARD_OPTIONS:
		if (m->af == af_classic()) // the rib knows one set of options for all families
			rib_set_options(w->rib, &m->options, m->number);
		break;
	case SHARD_ORIGINATE:
		rib_originate(w->rib, m->af, &m->origin->key,
			      m->origin->withdrawn ? NULL : &m->origin->attrs);
		break;
	case SHARD_AGGREGATES:
		rib_set_aggregates(w->rib, m->af, m->aggregates.list, m->aggregates.count);
		break;
	case SHARD_ORDER:
		drive_start(w->drive, m->order);
		break;
	case SHARD_READ:
		do_read(w, m);
		break;
	case SHARD_READ_MORE:
	case SHARD_READ_STOP:
		do_read_more(w, m, m->kind == SHARD_READ_STOP);
		break;
	case SHARD_QUIT:
		w->quit = true;
		break;
	default:
		do_peer_message(w, m);
		break;
	}
}

static void messages_step(struct worker *w, uint64_t until)
{
	while (!list_empty(&w->queue) && !w->quit) {
		struct shard_message *m = LIST_ENTRY(w->queue.next, struct shard_message, link);

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

	if (m->kind == SHARD_CREDIT && m->number && w->sessions[m->peer] == m->number) {
		rib_credit(w->rib, m->peer, m->bytes_count);
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

		more |= reading_step(r, &w->o, time_over, &until);
		if (reading_over(r)) {
			vec_remove(&w->readings, i);
			reading_free(r);
		} else {
			i++;
		}
	}
	return more;
}

// Live routes have precedence: a walk gets half as long while some are waiting.
static bool walk_step(struct worker *w)
{
	uint64_t begin, until;
	bool more;

	if (!drive_walking(w->drive))
		return false;
	begin = loop_clock();
	until = begin + (list_empty(&w->queue) ? SLICE_US : SLICE_US / 2);
	more = drive_step(w->drive, time_over, &until, begin);
	drive_slice(w->drive, loop_clock() - begin);
	return more;
}

static void worker_quits(struct worker *w)
{
	w->o.send(w->o.arg, shard_message_new(SHARD_GONE));
	loop_stop(w->loop);
}

// A walk that is over reports its end when what it caused has been delivered: it waits for the rib,
// and for peers that have no credit at the moment (a bounded time: drive.h). true: work goes on.
static bool walks_settle(struct worker *w, bool walked, uint64_t now)
{
	bool busy = walked || w->rib_busy || !list_empty(&w->queue);

	if (!drive_busy(w->drive))
		return false;
	drive_settle(w->drive, !busy && !rib_owes(w->rib), now);
	if (!drive_busy(w->drive))
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

static bool worker_turn(void *arg)
{
	struct worker *w = arg;
	uint64_t until = loop_clock() + SLICE_US, now;
	bool more, walked;

	w->changed = true;
	rib_set_time(w->rib, (uint64_t)loop_wall(w->loop));
	messages_step(w, until);
	if (w->quit) {
		worker_quits(w);
		return false;
	}
	until = loop_clock() + SLICE_US;
	w->rib_busy = rib_work(w->rib, time_over, &until);
	walked = drive_walking(w->drive); // the rib has yet to work off what came of it
	more = walk_step(w) || w->rib_busy;
	more |= readings_step(w);
	now = loop_clock();
	more |= walks_settle(w, walked, now);
	more |= !list_empty(&w->queue);
	counts_when_due(w, now);
	return more;
}

struct worker *worker_new(struct loop *l, const struct worker_options *o)
{
	struct worker *w = MEM_NEW(struct worker);
	struct rib_ops ops = {rib_deliver, rib_marks, rib_wakes, w};

	w->o = *o;
	w->loop = l;
	list_init(&w->queue);
	w->task = task_new(l, worker_turn, w);
	w->counts_timer = timer_new(l, counts_due, w);
	w->settle_timer = timer_new(l, settle_due, w);
	w->rib = rib_new(&ops);
	w->drive = drive_new(w->rib, drive_says, w);
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
	drive_free(w->drive);
	rib_free(w->rib);
	timer_free(w->counts_timer);
	timer_free(w->settle_timer);
	task_free(w->task);
	mem_free(w);
}

struct rib *worker_rib(struct worker *w)
{
	return w->rib;
}

bool worker_idle(const struct worker *w)
{
	return list_empty(&w->queue) && !w->readings.count && !w->rib_busy && !drive_busy(w->drive);
}
