// The simulated clock. One heap holds everything that will happen, ordered by time and then by the order in
// which it was asked for. A round is: all that is due, then one slice of each running task, loop by
// loop; then the clock moves to the next event. The world is at file scope because loop_new has no
// argument by which it could be told.
#include "sim/sim.h"
#include "sim/world.h"

#include "base/mem.h"

static struct world *the_world;

struct world *world(void)
{
	if (!the_world)
		sim_new(1);
	return the_world;
}

void sim_new(uint64_t seed)
{
	if (the_world)
		sim_free();
	struct world *w = MEM_NEW(struct world);
	the_world = w;
	w->now = w->round = SIM_SECOND;
	w->slice = 100;
	w->clock_cost = 20;
	random_seed(&w->network, seed);
	random_seed(&w->program, seed ^ UINT64_C(0x5851f42d4c957f2d));
	list_init(&w->loops);
	list_init(&w->loops_done);
	list_init(&w->posts);
	network_init(w);
}

unsigned sim_free(void)
{
	struct world *w = the_world;

	if (!w)
		return 0;
	network_free(w);
	posts_free(w, NULL);
	unsigned left = w->objects;
	vec_free(&w->heap);
	mem_free(w);
	the_world = NULL;
	return left;
}

uint64_t sim_now(void)
{
	return world()->now;
}

void sim_set_slice(uint64_t us)
{
	world()->slice = us ? us : 1;
}

void sim_set_clock_cost(uint64_t us)
{
	world()->clock_cost = us;
}

// --- events: a binary heap that knows where each member stands -----------------------------------

static bool earlier(const struct event *a, const struct event *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void place(struct world *w, size_t at, struct event *e)
{
	w->heap.item[at - 1] = e;
	e->at = at;
}

static struct event *member(struct world *w, size_t at)
{
	return w->heap.item[at - 1];
}

static void sift(struct world *w, struct event *e)
{
	size_t at = e->at, child;

	for (; at > 1 && earlier(e, member(w, at / 2)); at /= 2)
		place(w, at, member(w, at / 2));
	while ((child = at * 2) <= w->heap.count) {
		if (child < w->heap.count && earlier(member(w, child + 1), member(w, child)))
			child++;
		if (!earlier(member(w, child), e))
			break;
		place(w, at, member(w, child));
		at = child;
	}
	place(w, at, e);
}

void event_drop(struct event *e)
{
	struct world *w = the_world;

	if (!e->at)
		return;
	struct event *last = vec_pop(&w->heap);
	if (last != e) {
		place(w, e->at, last);
		sift(w, last);
	}
	e->at = 0;
	w->busy -= !e->idle;
}

// Nothing but messages in a copy of the process; no timers while they are frozen.
static bool does_not_happen(const struct world *w, const struct event *e)
{
	return (w->detached && !e->message) || (w->frozen && e->idle);
}

void event_queue(struct event *e, uint64_t due)
{
	struct world *w = the_world;

	event_drop(e);
	e->due = does_not_happen(w, e) ? due + NEVER : due;
	e->order = w->order++;
	vec_add(&w->heap, e);
	e->at = w->heap.count;
	w->busy += !e->idle;
	sift(w, e);
}

// --- running -----------------------------------------------------------------------------------------

static struct event *first_event(struct world *w)
{
	return w->heap.count ? member(w, 1) : NULL;
}

// Due by the beginning of the round: what gets due while they run is for the next one.
static bool run_events(struct world *w)
{
	struct event *e;
	bool any = false;

	while ((e = first_event(w)) && e->due <= w->round) {
		event_drop(e);
		e->fn(e);
		any = true;
	}
	return any;
}

bool loops_run_tasks(struct world *w)
{
	bool any = false;

	while (!list_empty(&w->loops)) { // a task may free its loop or another
		struct list *first = w->loops.next;
		list_remove(first);
		list_add(&w->loops_done, first);
		any |= tasks_run(LIST_ENTRY(first, struct loop, link));
	}
	list_move_all(&w->loops_done, &w->loops);
	if (any && w->now < w->round + w->slice)
		w->now = w->round + w->slice;
	return any;
}

static bool round_run(struct world *w)
{
	w->round = w->now;
	bool any = run_events(w);
	return loops_run_tasks(w) || any;
}

// One round at the time of the next thing to do, if that is not after the limit.
static bool step(struct world *w, uint64_t limit)
{
	if (round_run(w))
		return true;
	struct event *e = first_event(w);
	if (!e || e->due > limit)
		return false;
	if (w->now < e->due)
		w->now = e->due;
	return true;
}

// --- what does not happen for now --------------------------------------------------------------------

// Queues everything anew, in its order.
static void queue_again(struct world *w)
{
	struct vec events = w->heap;

	w->heap = (struct vec){0};
	w->busy = 0;
	for (size_t i = 0; i < events.count; i++) {
		struct event *e = events.item[i];
		uint64_t order = e->order;
		e->at = 0;
		event_queue(e, e->due % NEVER);
		e->order = order;
		sift(w, e);
	}
	vec_free(&events);
}

void sim_freeze_timers(bool freeze)
{
	struct world *w = world();

	w->frozen = freeze;
	queue_again(w);
}

void world_detach(void)
{
	struct world *w = world();

	w->detached = true;
	queue_again(w);
	list_move_all(&w->loops_done, &w->loops);
	for (struct list *l = w->loops.next; l != &w->loops; l = l->next)
		tasks_detach(LIST_ENTRY(l, struct loop, link));
	if (w->delivering)
		channel_detach(w->delivering);
	w->delivering = NULL;
}

void messages_run(void)
{
	struct world *w = world();
	uint64_t now = w->order;
	struct event *e;

	while ((e = first_event(w)) && e->message && e->order < now) {
		event_drop(e);
		e->fn(e);
	}
}

bool messages_waiting(void)
{
	struct event *e = first_event(world());
	return e && e->message;
}

// --- running, from outside -----------------------------------------------------------------------------

void sim_run_until(uint64_t us)
{
	struct world *w = world();

	while (w->now < us && step(w, us))
		;
	if (w->now < us)
		w->now = us;
	w->round = w->now;
	run_events(w);
}

void sim_run_for(uint64_t us)
{
	sim_run_until(world()->now + us);
}

bool sim_idle(void)
{
	struct world *w = world();
	struct event *e = first_event(w);

	if (w->busy || (e && e->due <= w->now))
		return false;
	for (struct list *l = w->loops.next; l != &w->loops; l = l->next)
		if (!list_empty(&LIST_ENTRY(l, struct loop, link)->tasks))
			return false;
	return true;
}

bool sim_settle(uint64_t at_most)
{
	struct world *w = world();
	uint64_t limit = w->now + at_most;

	while (!sim_idle()) {
		if (w->now > limit || !step(w, limit))
			return false;
	}
	return true;
}

void loop_run(struct loop *l)
{
	l->stopped = false;
	while (!l->stopped && step(world(), UINT64_MAX))
		;
}

void loop_run_once(struct loop *l)
{
	struct world *w = world();
	struct event *e = first_event(w);

	if (round_run(w) || !e)
		return;
	w->now = e->due;
	round_run(w);
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
