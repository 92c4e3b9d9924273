// Copies of the process, held against both implementations of loop.h: what was waiting comes true in
// the copy, nothing else does, and the parent hears how it went. What fails in the copy is told to
// the parent, for the test runner must not go on in there.
#include "loop/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

#define BIG (5 * 1024 * 1024)

// What one copy told.
struct ear {
	struct child *child;
	struct buf heard;
	int ended; // -1: not yet; else good
	unsigned reads;
};

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	struct ear *e = arg;
	buf_put(&e->heard, p, n);
	e->reads++;
}

static void on_end(void *arg, bool good)
{
	struct ear *e = arg;
	e->ended = good;
	child_free(e->child);
	e->child = NULL;
}

static const struct child_ops ops = {.on_read = on_read, .on_end = on_end};

static void nothing(void *arg)
{
}

static void ear_start(struct ear *e, struct loop *l, loop_fn *fn, void *arg)
{
	int error = 0;
	*e = (struct ear){.ended = -1};
	e->child = child_new(l, fn, arg, &ops, e, &error);
	assert_non_null(e->child);
}

static void ear_wait(struct ear *e, struct loop *l)
{
	struct timer *t = timer_new(l, nothing, NULL); // no round waits for ever
	uint64_t end = loop_clock() + 20000000;
	while (e->ended < 0 && loop_clock() < end) {
		timer_start(t, 10000);
		loop_run_once(l);
	}
	timer_free(t);
}

// Runs the function in a copy. What it says must be these words.
static void expect(struct loop *l, loop_fn *fn, void *arg, const char *words, bool good)
{
	struct ear e;
	ear_start(&e, l, fn, arg);
	ear_wait(&e, l);
	assert_string_equal(buf_cstr(&e.heard), words);
	assert_int_equal(e.ended, good);
	buf_free(&e.heard);
}

static void tell(const char *words)
{
	child_tell(words, strlen(words));
}

#define CHECK(condition)                       \
	do {                                   \
		if (!(condition))              \
			tell(#condition "; "); \
	} while (0)

// --- how it ends --------------------------------------------------------------------------------------

static void say_hello(void *arg)
{
	CHECK(loop_detached());
	tell("hello");
}

static void say_and_die(void *arg)
{
	tell("so far");
	kill(getpid(), *(int *)arg);
	for (;;)
		pause();
}

static void say_and_fail(void *arg)
{
	tell("so far");
	_exit(3);
}

static void ends(void **state)
{
	struct loop *l = loop_new();
	int killed = SIGKILL, stopped = SIGTERM, interrupted = SIGINT, own = SIGUSR1;
	loop_on_signal(l, SIGTERM, nothing, NULL);
	loop_on_signal(l, SIGUSR1, nothing, NULL);
	assert_false(loop_detached());
	expect(l, say_hello, NULL, "hello", true);
	expect(l, nothing, NULL, "", true);
	expect(l, say_and_fail, NULL, "so far", false);
	expect(l, say_and_die, &killed, "so far", false);
	expect(l, say_and_die, &stopped, "so far", false);
	expect(l, say_and_die, &interrupted, "so far", false);
	expect(l, say_and_die, &own, "so far", false);
	loop_free(l);
}

static void say_much(void *arg)
{
	uint8_t *p = mem_alloc(BIG);
	for (size_t i = 0; i < BIG; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	child_tell(p, BIG);
}

static void tells_much(void **state)
{
	struct loop *l = loop_new();
	struct ear e;
	ear_start(&e, l, say_much, NULL);
	ear_wait(&e, l);
	assert_int_equal(e.ended, true);
	assert_int_equal(e.heard.len, BIG);
	for (size_t i = 0; i < BIG; i++)
		if (e.heard.data[i] != (uint8_t)(i * 7 + i / 251))
			fail_msg("byte %zu is another one", i);
	buf_free(&e.heard);
	loop_free(l);
}

// --- what works in there ------------------------------------------------------------------------------

struct bench {
	struct loop *loop;
	struct timer *early, *late;
	struct task *task, *other;
	struct channel *channel;
	struct listener *listener;
	struct stream *stream;
	unsigned fired, slices, posted, released;
	uintptr_t received;
	bool copy_now; // on the next message
	struct ear ear;
};

static void count(void *arg)
{
	++*(unsigned *)arg;
}

static bool slice(void *arg)
{
	struct bench *b = arg;
	return ++b->slices < 5;
}

static void in_copy(void *arg)
{
	struct bench *b = arg;
	struct stream_ops none = {0};
	struct tcp_options o = {.port = 7};
	int error = 0;
	CHECK(!task_running(b->task) && b->slices == 0);
	task_start(b->task);
	CHECK(task_running(b->task) && !timer_running(b->late));
	CHECK(timer_running(b->early) && timer_left(b->early) > 500000);
	timer_start(b->late, 1000);
	CHECK(timer_running(b->late) && timer_left(b->late) == 1000);
	timer_stop(b->early);
	CHECK(!timer_running(b->early) && !timer_left(b->early));
	timer_free(b->early);
	uint64_t now = loop_now(b->loop);
	loop_post(b->loop, count, &b->posted);
	ip_parse("127.0.0.1", &o.remote);
	struct stream *s = stream_connect(b->loop, &o, &none, NULL, &error);
	CHECK(s);
	stream_write(s, "to nobody", 9);
	stream_write_shared(s, "either", 6, count, &b->released);
	CHECK(stream_unsent(s) == 15 && b->released == 1);
	stream_pause(s, true);
	stream_finish(s);
	struct listener *n = listener_tcp(b->loop, &o, NULL, NULL, &error);
	CHECK(n && !listener_set_md5(n, &o.remote, "word") && listener_port(n) == 7);
	listener_free(n);
	while (child_turn())
		;
	CHECK(b->posted == 2 && b->slices == 5 && b->fired == 0 && b->received == 3);
	CHECK(!task_running(b->task) && timer_running(b->late) && loop_now(b->loop) == now);
	channel_send(b->channel, (void *)4);
	CHECK(child_turn() == false && b->received == 4);
	child_free(b->ear.child);
	CHECK(!child_new(b->loop, nothing, NULL, &ops, NULL, &error) && error < 0);
	loop_run(b->loop);
	timer_free(b->late);
	task_free(b->task);
	channel_free(b->channel);
	listener_free(b->listener);
	loop_free(b->loop);
	tell("done");
}

static void on_message(void *arg, void *message)
{
	struct bench *b = arg;
	b->received++;
	if (b->received != (uintptr_t)message)
		b->received = 1000;
	if (b->copy_now && b->received == 1)
		ear_start(&b->ear, b->loop, in_copy, b);
}

static void bench_open(struct bench *b)
{
	*b = (struct bench){.loop = loop_new()};
	struct tcp_options o = {0};
	int error = 0;
	b->early = timer_new(b->loop, count, &b->fired);
	b->late = timer_new(b->loop, count, &b->fired);
	b->task = task_new(b->loop, slice, b);
	b->channel = channel_new(b->loop, 10, on_message, b);
	b->listener = listener_tcp(b->loop, &o, NULL, NULL, &error);
	timer_start(b->early, 1000000);
	assert_non_null(b->listener);
	loop_post(b->loop, count, &b->posted);
	for (uintptr_t i = 1; i <= 3; i++)
		channel_send(b->channel, (void *)i);
}

static void bench_close(struct bench *b)
{
	timer_free(b->early);
	timer_free(b->late);
	task_free(b->task);
	channel_free(b->channel);
	listener_free(b->listener);
	loop_free(b->loop);
}

static void what_waits_comes_true(void **state)
{
	struct bench b;
	bench_open(&b);
	task_start(b.task);
	expect(b.loop, in_copy, &b, "done", true);
	assert_int_equal(b.received, 3);
	bench_close(&b);
}

// The copy is made while a channel delivers: the rest of what it had taken is not lost.
static void within_a_delivery(void **state)
{
	struct bench b;
	bench_open(&b);
	b.copy_now = true;
	b.ear.ended = -1;
	ear_wait(&b.ear, b.loop);
	assert_string_equal(buf_cstr(&b.ear.heard), "done");
	assert_int_equal(b.ear.ended, true);
	assert_int_equal(b.received, 3);
	buf_free(&b.ear.heard);
	bench_close(&b);
}

static bool copying_slice(void *arg)
{
	struct bench *b = arg;
	if (!b->ear.child && b->ear.ended < 0)
		ear_start(&b->ear, b->loop, in_copy, b);
	return false;
}

static void within_a_task(void **state)
{
	struct bench b;
	bench_open(&b);
	b.ear.ended = -1;
	b.other = task_new(b.loop, copying_slice, &b);
	task_start(b.other);
	ear_wait(&b.ear, b.loop);
	assert_string_equal(buf_cstr(&b.ear.heard), "done");
	buf_free(&b.ear.heard);
	task_free(b.other);
	bench_close(&b);
}

// --- who ends it --------------------------------------------------------------------------------------

static void free_early(void *arg, const uint8_t *p, size_t n)
{
	struct ear *e = arg;
	e->reads++;
	child_free(e->child);
	e->child = NULL;
}

static void freed_early(void **state)
{
	static const struct child_ops early = {.on_read = free_early, .on_end = on_end};
	struct loop *l = loop_new();
	struct ear e = {.ended = -1};
	int error = 0;
	e.child = child_new(l, say_much, NULL, &early, &e, &error);
	struct timer *t = timer_new(l, nothing, NULL);
	for (int i = 0; i < 2000 && e.child; i++) {
		timer_start(t, 1000);
		loop_run_once(l);
	}
	assert_int_equal(e.reads, 1);
	for (int i = 0; i < 5; i++)
		child_free(child_new(l, say_much, NULL, &early, &e, &error));
	timer_free(t);
	loop_free(l);
	assert_int_equal(e.ended, -1);
	assert_int_equal(e.reads, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(tells_much),
		cmocka_unit_test(what_waits_comes_true),
		cmocka_unit_test(within_a_delivery),
		cmocka_unit_test(within_a_task),
		cmocka_unit_test(freed_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
