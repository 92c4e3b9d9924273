// The ribs of one shard, one for each instance. A rib that has nothing to do costs nothing: those
// that have stand in lists, and each round gives them a slice in turn, beginning with the one whose
// turn it was not the last time.
//
// A walk that is over reports its end when what it caused has been delivered. Ribs of one shard lend
// each other routes, so what a walk of one causes may be another's work: all of them are waited for.
#include "speaker/worker.h"

#include "base/mem.h"
#include "vpn/exchange.h"

// --- what a rib says --------------------------------------------------------------------------------
static void rib_deliver(void *arg, struct rib_delivery *d)
{
	struct instance *i = arg;
	struct shard_message *m = shard_message_new(SHARD_DELIVERY);

	m->instance = i->number;
	m->peer = d->peer;
	m->number = d->session;
	m->delivery = *d;
	i->worker->o.send(i->worker->o.arg, m);
}

static void rib_marks(void *arg, uint16_t peer, uint32_t session, const struct af *af,
		      enum rib_mark mark)
{
	struct instance *i = arg;
	struct shard_message *m = shard_message_new(SHARD_MARK);

	m->instance = i->number;
	m->peer = peer;
	m->number = session;
	m->af = af;
	m->mark = mark;
	i->worker->o.send(i->worker->o.arg, m);
}

static void rib_wakes(void *arg)
{
	instance_wake(arg);
}

static void rib_moved(void *arg, const struct af *af, const struct rib_move *m)
{
	struct instance *i = arg;

	exchange_moved(i->worker->exchange, i->number, af, m);
}

static void rib_member(void *arg, uint16_t peer, const struct af *af, const struct af_key *key,
		       bool counts)
{
	struct instance *i = arg;
	struct shard_message *m = shard_message_new(SHARD_MEMBER);

	m->instance = i->number;
	m->peer = peer;
	m->af = af;
	m->number = i->worker->sessions[peer];
	m->member = (struct shard_membership){.key = *key, .counts = counts};
	i->worker->o.send(i->worker->o.arg, m);
}

static void rib_ledger(void *arg, struct ledger_report *report)
{
	instance_ledger_told(arg, report);
}

static void drive_says(void *arg, struct soft_answer *a)
{
	struct instance *i = arg;

	worker_answer(i->worker, a);
}

// Each shard has a part of the labels that stand for those of peers (rib/label.h).
static void share_labels(struct instance *i)
{
	const uint32_t first = 1u << 18, all = 1u << 18;
	unsigned count = i->worker->o.count ? i->worker->o.count : 1;

	rib_set_labels(i->rib, first + i->worker->o.index * (all / count), all / count);
}

// --- making and ending ------------------------------------------------------------------------------
static struct instance *instance_new(struct worker *w, uint16_t number)
{
	struct instance *i = MEM_NEW(struct instance);
	struct rib_ops ops = {
		.deliver = rib_deliver,
		.mark = rib_marks,
		.wake = rib_wakes,
		.moved = rib_moved,
		.member = rib_member,
		.ledger = rib_ledger,
		.arg = i,
	};

	i->worker = w;
	i->number = number;
	list_init(&i->link);
	list_init(&i->walking);
	list_init(&i->owing);
	list_init(&i->ending);
	i->rib = rib_new(&ops);
	share_labels(i);
	instance_ledger_begin(i);
	exchange_rib(w->exchange, number, i->rib);
	w->instances[number] = i;
	return i;
}

struct instance *instance_find(const struct worker *w, uint16_t number)
{
	struct instance *i = w->instances[number];

	return i && !i->dying ? i : NULL;
}

struct instance *instance_of(struct worker *w, uint16_t number)
{
	struct instance *i = instance_find(w, number);

	if (i)
		return i;
	if (w->instances[number])
		instance_free(w->instances[number]); // back before it was gone
	return instance_new(w, number);
}

void instance_free(struct instance *i)
{
	struct worker *w = i->worker;

	instance_ledger_lost(i);
	lendings_gone(w, i->number);
	if (w->exchange)
		exchange_rib(w->exchange, i->number, NULL);
	list_remove(&i->link);
	list_remove(&i->walking);
	list_remove(&i->owing);
	list_remove(&i->ending);
	drive_free(i->drive);
	rib_free(i->rib);
	w->instances[i->number] = NULL;
	mem_free(i);
}

void instance_end(struct instance *i)
{
	struct worker *w = i->worker;

	i->dying = true;
	list_remove(&i->walking);
	drive_free(i->drive);
	i->drive = NULL;
	for (unsigned k = 0; k < af_count; k++)
		exchange_link(w->exchange, i->number, af_list[k], NULL);
	lendings_take_back(i);
}

void instance_passed(struct instance *i)
{
	struct worker *w = i->worker;

	if (!ledgers_are_open(w) && !i->awaited) {
		instance_free(i);
		return;
	}
	list_add(&w->ending, &i->ending);
	instance_wake(i);
}

// Empty, and its sums told.
bool instances_end(struct worker *w)
{
	for (struct list *l = w->ending.next, *next; l != &w->ending; l = next) {
		struct instance *i = LIST_ENTRY(l, struct instance, ending);

		next = l->next;
		if (list_empty(&i->link) && !i->awaited && !instance_ledger_close(i))
			instance_free(i);
	}
	return !list_empty(&w->ending);
}

// --- slices -----------------------------------------------------------------------------------------
// A rib that sleeps does not look at the time.
void instance_wake(struct instance *i)
{
	struct worker *w = i->worker;

	counts_touch(i);
	if (list_empty(&i->link)) {
		rib_set_time(i->rib, (uint64_t)loop_wall(w->loop));
		list_add(&w->awake, &i->link);
	}
	task_start(w->task);
}

static void instance_work(struct instance *i, uint64_t *until)
{
	struct worker *w = i->worker;

	list_remove(&i->link); // what wakes it meanwhile is seen
	rib_set_time(i->rib, (uint64_t)loop_wall(w->loop));
	counts_touch(i);
	if (rib_work(i->rib, worker_time_over, until)) {
		list_remove(&i->link);
		list_add(&w->awake, &i->link);
	}
	list_remove(&i->owing);
	if (rib_owes(i->rib))
		list_add(&w->owing, &i->owing);
}

// One at least, and each at most once a round.
bool instances_work(struct worker *w)
{
	uint64_t until = loop_clock() + SLICE_US;
	struct list *last = w->awake.prev;

	while (!list_empty(&w->awake)) {
		struct list *first = w->awake.next;

		instance_work(LIST_ENTRY(first, struct instance, link), &until);
		if (first == last || worker_time_over(&until))
			break;
	}
	return !list_empty(&w->awake);
}

void instance_order(struct instance *i, const struct soft_order *o)
{
	struct worker *w = i->worker;

	if (!i->drive)
		i->drive = drive_new(i->rib, drive_says, i);
	drive_start(i->drive, o);
	if (list_empty(&i->walking))
		list_add(&w->walking, &i->walking);
}

bool instances_walking(const struct worker *w)
{
	for (const struct list *l = w->walking.next; l != &w->walking; l = l->next) {
		if (drive_walking(LIST_ENTRY(l, struct instance, walking)->drive))
			return true;
	}
	return false;
}

static struct instance *walker_next(const struct worker *w)
{
	for (struct list *l = w->walking.next; l != &w->walking; l = l->next) {
		struct instance *i = LIST_ENTRY(l, struct instance, walking);

		if (drive_walking(i->drive))
			return i;
	}
	return NULL;
}

// Live routes have precedence: a walk gets half as long while some are waiting. Short walks share
// a slice.
bool instances_walk(struct worker *w)
{
	uint64_t begin = 0, until = 0;
	struct instance *i;

	while ((i = walker_next(w))) {
		list_remove(&i->walking); // the others first, next time
		list_add(&w->walking, &i->walking);
		begin = loop_clock();
		if (!until)
			until = begin + (list_empty(&w->queue) ? SLICE_US : SLICE_US / 2);
		drive_step(i->drive, worker_time_over, &until, begin);
		drive_slice(i->drive, loop_clock() - begin);
		instance_wake(i);
		if (worker_time_over(&until))
			break;
	}
	return i != NULL;
}

// --- coming to rest -----------------------------------------------------------------------------------
bool instances_owe(struct worker *w)
{
	return !list_empty(&w->owing);
}

void instances_settle(struct worker *w, bool idle, uint64_t now)
{
	for (struct list *l = w->walking.next, *next; l != &w->walking; l = next) {
		struct instance *i = LIST_ENTRY(l, struct instance, walking);

		next = l->next;
		drive_settle(i->drive, idle, now);
		if (!drive_busy(i->drive))
			list_remove(&i->walking);
	}
}
