// Copies of a process whose threads are busy, over the real loop: whenever it is copied, nothing that
// one thread has sent to another is lost or half-done in the copy; and what the parent does to its
// own files is not held up by a copy that lives.
#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

#define THREADS  3
#define CHILDREN 50

struct hub;
// A thread that does nothing but work, send, and answer. Numbers go to the hub and come back.
struct worker {
	struct hub *hub;
	struct loop *loop;
	pthread_t thread;
	struct channel *in;
	struct task *task;
	uintptr_t sent, returned;
	void *memory[64]; // allocated and freed all the time
	bool wrong;
};

struct hub {
	struct loop *loop;
	struct channel *in[THREADS];
	struct worker worker[THREADS];
	uintptr_t received[THREADS];
	bool wrong;
	struct timer *next;
	struct child *child;
	struct buf heard;
	unsigned children, good;
};

static void at_hub(struct hub *h, unsigned which, uintptr_t message)
{
	h->wrong |= message != ++h->received[which];
	channel_send(h->worker[which].in, (void *)message);
}

static void at_hub0(void *arg, void *message)
{
	at_hub(arg, 0, (uintptr_t)message);
}

static void at_hub1(void *arg, void *message)
{
	at_hub(arg, 1, (uintptr_t)message);
}

static void at_hub2(void *arg, void *message)
{
	at_hub(arg, 2, (uintptr_t)message);
}

static void at_worker(void *arg, void *message)
{
	struct worker *w = arg;
	w->wrong |= (uintptr_t)message != ++w->returned;
}

static bool work(void *arg)
{
	struct worker *w = arg;
	struct channel *to = w->hub->in[w - w->hub->worker];
	for (unsigned i = 0; i < 200; i++) {
		void **p = &w->memory[i % 64];
		mem_free(*p);
		*p = mem_alloc(16 + (w->sent * 31 + i) % 5000);
		if (!channel_full(to))
			channel_send(to, (void *)++w->sent);
	}
	return true;
}

static void *thread_main(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void say(const char *what, uint64_t number)
{
	char text[100];
	int n = snprintf(text, sizeof text, "%s %ju; ", what, (uintmax_t)number);
	child_tell(text, (size_t)n);
}

// Nobody works any more; what is on its way arrives, and all accounts must agree.
static void balance(void *arg)
{
	struct hub *h = arg;
	while (child_turn())
		;
	if (h->wrong)
		say("the hub got a wrong number", h->wrong);
	for (unsigned i = 0; i < THREADS; i++) {
		struct worker *w = &h->worker[i];
		if (w->wrong || w->sent != h->received[i] || w->sent != w->returned)
			say("lost by worker", i);
		for (unsigned k = 0; k < 64; k++)
			mem_free(w->memory[k]);
	}
}

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	buf_put(&((struct hub *)arg)->heard, p, n);
}

static void on_end(void *arg, bool good)
{
	struct hub *h = arg;
	child_free(h->child);
	h->child = NULL;
	h->good += good;
	if (h->children == CHILDREN)
		loop_stop(h->loop);
	else
		timer_start(h->next, 1000);
}

static void copy(void *arg)
{
	static const struct child_ops ops = {.on_read = on_read, .on_end = on_end};
	struct hub *h = arg;
	int error = 0;
	h->children++;
	h->child = child_new(h->loop, balance, h, &ops, h, &error);
	if (!h->child)
		loop_stop(h->loop);
}

static void stop_thread(void *arg)
{
	struct worker *w = arg;
	task_free(w->task);
	loop_stop(w->loop);
}

static void worker_start(struct hub *h, unsigned i)
{
	static channel_fn *const at[THREADS] = {at_hub0, at_hub1, at_hub2};
	struct worker *w = &h->worker[i];
	w->hub = h;
	w->loop = loop_new();
	w->in = channel_new(w->loop, 1000, at_worker, w);
	h->in[i] = channel_new(h->loop, 1000, at[i], h);
	w->task = task_new(w->loop, work, w);
	task_start(w->task);
	pthread_create(&w->thread, NULL, thread_main, w->loop);
}

static void worker_stop(struct hub *h, unsigned i)
{
	struct worker *w = &h->worker[i];
	loop_post(w->loop, stop_thread, w);
	pthread_join(w->thread, NULL);
	channel_free(w->in);
	channel_free(h->in[i]);
	for (unsigned k = 0; k < 64; k++)
		mem_free(w->memory[k]);
	loop_free(w->loop);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void busy_threads(void **state)
{
	struct hub h = {.loop = loop_new()};
	h.next = timer_new(h.loop, copy, &h);
	for (unsigned i = 0; i < THREADS; i++)
		worker_start(&h, i);
	timer_start(h.next, 1000);
	loop_run(h.loop);
	for (unsigned i = 0; i < THREADS; i++)
		worker_stop(&h, i);
	assert_int_equal(h.children, CHILDREN);
	assert_string_equal(buf_cstr(&h.heard), "");
	assert_int_equal(h.good, CHILDREN);
	assert_false(h.wrong);
	assert_true(h.received[0] > 1000);
	assert_int_equal(waitpid(-1, NULL, 0), -1); // no zombie is left
	assert_int_equal(errno, ECHILD);
	timer_free(h.next);
	buf_free(&h.heard);
	loop_free(h.loop);
}

#ifndef __SANITIZE_THREAD__
// Loops come and go elsewhere meanwhile.
static void *restless(void *arg)
{
	while (!atomic_load((atomic_bool *)arg)) {
		struct loop *l = loop_new();
		loop_post(l, stop, l);
		loop_run(l);
		loop_free(l);
	}
	return NULL;
}

static void hello(void *arg)
{
	loop_run(arg); // in a copy: until nothing is left
	child_tell("hello", 5);
}

static void loops_come_and_go(void **state)
{
	static const struct child_ops ops = {.on_read = on_read, .on_end = on_end};
	struct hub h = {.loop = loop_new()};
	atomic_bool enough = false;
	pthread_t thread;
	int error = 0;
	h.next = timer_new(h.loop, copy, &h); // never due: the loop stops first
	pthread_create(&thread, NULL, restless, &enough);
	for (h.children = CHILDREN; h.good < CHILDREN && !error;) {
		unsigned before = h.good;
		h.child = child_new(h.loop, hello, h.loop, &ops, &h, &error);
		error = h.child ? 0 : error;
		loop_run(h.loop);
		error |= h.good == before;
	}
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
	assert_int_equal(error, 0);
	assert_int_equal(h.heard.len, 5 * CHILDREN);
	timer_free(h.next);
	buf_free(&h.heard);
	loop_free(h.loop);
}

#endif

// --- files of the parent ------------------------------------------------------------------------------

struct line {
	struct loop *loop;
	struct listener *listener;
	struct stream *near, *far;
	struct child *child;
	struct timer *watchdog;
	uint64_t closed_at, freed_at;
	unsigned heard;
	bool died;
};

static void on_far_closed(void *arg, int error)
{
	struct line *n = arg;
	n->closed_at = loop_clock();
	stream_free(n->far);
	n->far = NULL;
	loop_stop(n->loop);
}

static void on_far(void *arg, struct stream *s)
{
	static const struct stream_ops ops = {.on_closed = on_far_closed};
	struct line *n = arg;
	n->far = s;
	stream_set_ops(s, &ops, n);
	loop_stop(n->loop);
}

static void on_copy_read(void *arg, const uint8_t *p, size_t size)
{
	struct line *n = arg;
	n->heard += (unsigned)size;
	loop_stop(n->loop);
}

static void on_copy_end(void *arg, bool good)
{
	((struct line *)arg)->died = true;
}

static void stay(void *arg)
{
	struct line *n = arg;
	stream_free(n->near); // is nobody's business but the copy's
	stream_free(n->far);
	listener_free(n->listener);
	child_tell("x", 1);
	for (;;)
		pause();
}

static void closing_is_closing(void **state)
{
	static const struct child_ops ops = {.on_read = on_copy_read, .on_end = on_copy_end};
	static const struct stream_ops none = {0};
	struct line n = {.loop = loop_new()};
	struct tcp_options o = {0};
	int error = 0;
	ip_parse("127.0.0.1", &o.local);
	o.remote = o.local;
	n.watchdog = timer_new(n.loop, stop, n.loop);
	timer_start(n.watchdog, 10000000);
	n.listener = listener_tcp(n.loop, &o, on_far, &n, &error);
	o.port = listener_port(n.listener);
	n.near = stream_connect(n.loop, &o, &none, &n, &error);
	loop_run(n.loop);
	n.child = child_new(n.loop, stay, &n, &ops, &n, &error);
	loop_run(n.loop);
	assert_int_equal(n.heard, 1);
	assert_true(n.far && !n.closed_at); // the copy has freed it: nobody noticed
	stream_free(n.near);
	n.freed_at = loop_clock();
	loop_run(n.loop);
	assert_true(n.closed_at && n.closed_at - n.freed_at < 1000000);
	assert_false(n.died);
	uint64_t before = loop_clock();
	child_free(n.child);
	assert_true(loop_clock() - before < 1000000);
	listener_free(n.listener);
	timer_free(n.watchdog);
	loop_free(n.loop);
	assert_false(n.died);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_threads),
#ifndef __SANITIZE_THREAD__
		// libuv closes files behind ThreadSanitizer's back: a number that one thread has after
		// another looks like a race
		cmocka_unit_test(loops_come_and_go),
#endif
		cmocka_unit_test(closing_is_closing),
	};
	alarm(60); // a copy that was made at the wrong moment waits for ever
	return cmocka_run_group_tests(tests, NULL, NULL);
}
