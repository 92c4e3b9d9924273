// The loop over libuv: its life, its clock, posts from other threads, signals.
//
// One round of libuv goes: timers, prepare, wait for input and output, check. Here prepare flushes
// what was written to streams since the last round (many small writes leave as one), and check
// gives each running task a slice. While a task runs or a stream is dirty an idle handle is active,
// which makes the wait a mere look: input, output and timers get their turn between any two
// slices. Zero-time timers would not do: libuv 1.44 runs those until none is left.
#include "loop/loop.h"
#include "loop/private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"

struct signal_handler {
	uv_signal_t uv;
	struct list link; // in loop.signals
	struct loop *loop;
	loop_fn *fn;
	void *arg;
};

static void must(int error, const char *what)
{
	if (error < 0)
		die("loop: %s: %s", what, uv_strerror(error));
}

// --- posts -------------------------------------------------------------------------------------

void post_queue(struct loop *l, struct post *p)
{
	turn_enter();
	pthread_mutex_lock(&l->lock);
	if (list_empty(&p->link))
		list_add(&l->posts, &p->link);
	pthread_mutex_unlock(&l->lock);
	if (!loop_detached())
		uv_async_send(&l->async);
	turn_leave();
}

void post_remove(struct loop *l, struct post *p)
{
	pthread_mutex_lock(&l->lock);
	list_remove(&p->link);
	pthread_mutex_unlock(&l->lock);
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	struct post *p = MEM_NEW(struct post);
	list_init(&p->link);
	p->fn = fn;
	p->arg = arg;
	p->owned = true;
	post_queue(l, p);
}

static struct post *post_next(struct loop *l)
{
	struct post *p = NULL;

	pthread_mutex_lock(&l->lock);
	if (!list_empty(&l->posts_now)) {
		p = LIST_ENTRY(l->posts_now.next, struct post, link);
		list_remove(&p->link);
	}
	pthread_mutex_unlock(&l->lock);
	return p;
}

// Runs what was posted before this moment; what the functions post themselves waits a round.
void posts_turn(struct loop *l)
{
	struct post *p;

	pthread_mutex_lock(&l->lock);
	list_move_all(&l->posts, &l->posts_now);
	pthread_mutex_unlock(&l->lock);
	while ((p = post_next(l))) {
		loop_fn *fn = p->fn;
		void *arg = p->arg;
		if (p->owned)
			mem_free(p);
		fn(arg);
	}
}

static void on_async(uv_async_t *async)
{
	struct loop *l = async->data;
	turn_take(l);
	posts_turn(l);
}

// --- the round ---------------------------------------------------------------------------------

static void on_idle(uv_idle_t *idle)
{
	// Its being active is all that matters.
}

// A round is measured from the end of a wait to the beginning of the next. The end is known to libuv
// alone, which keeps whole milliseconds.
static void round_begins(struct loop *l)
{
	uint64_t woke = loop_now(l);

	l->woke_at = woke > l->waited_at ? woke : l->waited_at;
}

static void round_ends(struct loop *l)
{
	uint64_t now = loop_clock(), took = l->woke_at ? now - l->woke_at : 0;

	if (took > atomic_load_explicit(&l->longest, memory_order_relaxed))
		atomic_store_explicit(&l->longest, took, memory_order_relaxed);
	l->waited_at = now;
}

uint64_t loop_longest_round(struct loop *l)
{
	return atomic_exchange_explicit(&l->longest, 0, memory_order_relaxed);
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct loop *l = prepare->data;
	turn_take(l);
	l->round++;
	streams_flush(l);
	loop_idle_update(l);
	round_ends(l);
	turn_drop(l);
}

static void on_check(uv_check_t *check)
{
	struct loop *l = check->data;
	round_begins(l);
	turn_take(l);
	tasks_run(l);
	loop_idle_update(l);
}

void loop_idle_update(struct loop *l)
{
	if (loop_detached())
		return;
	if (list_empty(&l->tasks) && list_empty(&l->tasks_now) && list_empty(&l->dirty))
		uv_idle_stop(&l->idle);
	else
		uv_idle_start(&l->idle, on_idle);
}

// --- life --------------------------------------------------------------------------------------

static void seed(struct loop *l)
{
	uint64_t entropy;
	if (getrandom(&entropy, sizeof(entropy), 0) != sizeof(entropy))
		entropy = uv_hrtime();
	random_seed(&l->random, entropy);
}

static void open_uv(struct loop *l)
{
	// A peer that has closed must be an error of a write, not the end of the process; and a child's
	// end must be there to be learned, whatever we were started with.
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	must(uv_loop_init(&l->uv), "a new loop");
	must(uv_async_init(&l->uv, &l->async, on_async), "wake-up handle");
	uv_prepare_init(&l->uv, &l->prepare);
	uv_check_init(&l->uv, &l->check);
	uv_idle_init(&l->uv, &l->idle);
	l->async.data = l->prepare.data = l->check.data = l->idle.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_check_start(&l->check, on_check);
}

struct loop *loop_new(void)
{
	struct loop *l = MEM_NEW(struct loop);

	turn_enter();
	if (!loop_detached())
		open_uv(l);
	pthread_mutex_init(&l->lock, NULL);
	list_init(&l->posts);
	list_init(&l->posts_now);
	list_init(&l->tasks);
	list_init(&l->tasks_now);
	list_init(&l->dirty);
	list_init(&l->finishing);
	list_init(&l->dying);
	list_init(&l->signals);
	seed(l);
	all_loops_add(l);
	turn_leave();
	return l;
}

static void signal_closed(uv_handle_t *handle)
{
	mem_free(LIST_ENTRY((uv_signal_t *)handle, struct signal_handler, uv));
}

void loop_reset_signals(struct loop *l)
{
	for (struct list *i = l->signals.next; i != &l->signals; i = i->next)
		signal(LIST_ENTRY(i, struct signal_handler, link)->uv.signum, SIG_DFL);
}

static void drop_signals(struct loop *l)
{
	while (!list_empty(&l->signals)) {
		struct signal_handler *h = LIST_ENTRY(l->signals.next, struct signal_handler, link);
		list_remove(&h->link);
		uv_close((uv_handle_t *)&h->uv, signal_closed);
	}
}

static void drop_posts(struct loop *l)
{
	struct post *p;

	list_move_all(&l->posts, &l->posts_now);
	while ((p = post_next(l)))
		if (p->owned)
			mem_free(p);
}

// false: something of it lives on.
static bool close_uv(struct loop *l)
{
	// Each of the finishing has a timer of a second, and the dying have been killed.
	while (!list_empty(&l->finishing) || !list_empty(&l->dying))
		uv_run(&l->uv, UV_RUN_ONCE);
	turn_take(l);
	drop_signals(l);
	uv_close((uv_handle_t *)&l->async, NULL);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_close((uv_handle_t *)&l->idle, NULL);
	for (int i = 0; i < 4; i++) // handles are gone a round after they were closed
		uv_run(&l->uv, UV_RUN_NOWAIT);
	turn_take(l);
	bool closed = uv_loop_close(&l->uv) != UV_EBUSY;
	turn_drop(l);
	return closed;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	bool closed = loop_detached() || close_uv(l);
	turn_enter();
	drop_posts(l);
	if (closed) {
		all_loops_remove(l);
		pthread_mutex_destroy(&l->lock);
		mem_free(l->read_buffer);
		mem_free(l);
	} else {
		log_warning("loop: freed while timers, tasks or streams of it live on");
	}
	turn_leave();
}

static void run(struct loop *l, uv_run_mode mode)
{
	if (loop_detached()) {
		while (child_turn() && mode == UV_RUN_DEFAULT)
			;
		return;
	}
	uv_run(&l->uv, mode);
	turn_drop(l);
}

void loop_run(struct loop *l)
{
	run(l, UV_RUN_DEFAULT);
}

void loop_run_once(struct loop *l)
{
	run(l, UV_RUN_ONCE);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

// --- clock -------------------------------------------------------------------------------------

uint64_t loop_now(struct loop *l)
{
	return loop_detached() ? detached_clock() : uv_now(&l->uv) * 1000;
}

uint64_t loop_clock(void)
{
	return uv_hrtime() / 1000;
}

int64_t loop_wall(struct loop *l)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t loop_random(struct loop *l)
{
	return random_next(&l->random);
}

// --- signals -----------------------------------------------------------------------------------

static void on_signal(uv_signal_t *uv, int number)
{
	struct signal_handler *h = LIST_ENTRY(uv, struct signal_handler, uv);
	turn_take(h->loop);
	h->fn(h->arg);
}

void loop_on_signal(struct loop *l, int number, loop_fn *fn, void *arg)
{
	if (loop_detached())
		return;
	struct signal_handler *h = MEM_NEW(struct signal_handler);
	h->loop = l;
	h->fn = fn;
	h->arg = arg;
	uv_signal_init(&l->uv, &h->uv);
	must(uv_signal_start(&h->uv, on_signal, number), "signal handler");
	list_add(&l->signals, &h->link);
}
