// Timers and tasks of a loop.
//
// A timer is due a number of microseconds after the call that starts it. libuv counts from the
// beginning of the round instead, which after a long slice lies in the past, so the difference is
// added here. (Moving libuv's clock forward would let a short timer that restarts itself run for
// ever within one round.)
//
// The tasks that run stand in a ring. A round moves them to a second one and takes them back one by
// one, each before its function is called, so that the function may free or stop any of them.
#include "loop/loop.h"
#include "loop/private.h"

#include "base/mem.h"

struct timer {
	uv_timer_t uv;
	struct loop *loop;
	bool running;
	uint64_t due; // on loop_clock
	loop_fn *fn;
	void *arg;
};

struct task {
	struct loop *loop;
	struct list link; // in loop.tasks or loop.tasks_now while it runs
	bool running;
	bool again; // started anew within its own function
	task_fn *fn;
	void *arg;
};

// In a copy no time passes.
static uint64_t clock_of_timers(void)
{
	return loop_detached() ? detached_clock() : loop_clock();
}

struct timer *timer_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct timer *t = MEM_NEW(struct timer);

	if (!loop_detached())
		uv_timer_init(&l->uv, &t->uv);
	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	return t;
}

static void timer_closed(uv_handle_t *handle)
{
	mem_free(LIST_ENTRY((uv_timer_t *)handle, struct timer, uv));
}

void timer_free(struct timer *t)
{
	if (t && loop_detached())
		mem_free(t); // libuv's heap still points at it, but nobody goes there
	else if (t)
		uv_close((uv_handle_t *)&t->uv, timer_closed);
}

static void on_timer(uv_timer_t *uv)
{
	struct timer *t = LIST_ENTRY(uv, struct timer, uv);
	turn_take(t->loop);
	t->running = false;
	t->fn(t->arg);
}

void timer_start(struct timer *t, uint64_t us)
{
	t->running = true;
	t->due = clock_of_timers() + us;
	if (loop_detached())
		return;
	uint64_t round_began = uv_now(t->uv.loop) * 1000;
	uint64_t ms = t->due > round_began ? (t->due - round_began + 999) / 1000 : 1;
	uv_timer_start(&t->uv, on_timer, ms ? ms : 1, 0);
}

void timer_stop(struct timer *t)
{
	t->running = false;
	if (!loop_detached())
		uv_timer_stop(&t->uv);
}

bool timer_running(const struct timer *t)
{
	return t->running;
}

uint64_t timer_left(const struct timer *t)
{
	uint64_t now = clock_of_timers();
	return timer_running(t) && t->due > now ? t->due - now : 0;
}

// --- tasks -------------------------------------------------------------------------------------

struct task *task_new(struct loop *l, task_fn *fn, void *arg)
{
	struct task *t = MEM_NEW(struct task);

	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	list_init(&t->link);
	return t;
}

void task_free(struct task *t)
{
	if (!t)
		return;
	task_stop(t);
	if (t->loop->current == t)
		t->loop->current = NULL;
	mem_free(t);
}

void task_start(struct task *t)
{
	t->again = true;
	if (t->running)
		return;
	t->running = true;
	list_add(&t->loop->tasks, &t->link);
	loop_idle_update(t->loop);
}

void task_stop(struct task *t)
{
	t->again = false;
	if (!t->running)
		return;
	t->running = false;
	list_remove(&t->link);
	loop_idle_update(t->loop);
}

bool task_running(const struct task *t)
{
	return t->running;
}

static void task_run(struct loop *l, struct task *t)
{
	l->current = t;
	t->again = false;
	bool more = t->fn(t->arg);
	if (l->current && !more && !t->again)
		task_stop(t);
	l->current = NULL;
}

void tasks_detach(struct loop *l)
{
	list_move_all(&l->tasks_now, &l->tasks);
	while (!list_empty(&l->tasks))
		task_stop(LIST_ENTRY(l->tasks.next, struct task, link));
	l->current = NULL;
}

void tasks_run(struct loop *l)
{
	list_move_all(&l->tasks, &l->tasks_now);
	while (!list_empty(&l->tasks_now)) {
		struct task *t = LIST_ENTRY(l->tasks_now.next, struct task, link);
		list_remove(&t->link);
		list_add(&l->tasks, &t->link);
		task_run(l, t);
	}
}
