// Channels and posts between threads, over the real loop: order, no loss, and holding back.
#include "loop/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#define MESSAGES 200000

// Numbers go there and come back.
struct side {
	struct loop *loop;
	struct channel *in;
	struct side *other;
	struct task *task;
	uintptr_t sent, received;
	bool echo;
	unsigned full;
};

static void on_message(void *arg, void *message)
{
	struct side *s = arg;
	assert_int_equal((uintptr_t)message, s->received + 1);
	s->received++;
	if (s->echo)
		channel_send(s->other->in, message);
	else if (s->received == MESSAGES)
		loop_stop(s->loop);
}

static bool on_slice(void *arg)
{
	struct side *s = arg;
	for (int i = 0; i < 1000 && s->sent < MESSAGES; i++) {
		if (channel_full(s->other->in)) {
			s->full++;
			return true;
		}
		channel_send(s->other->in, (void *)++s->sent);
	}
	return s->sent < MESSAGES;
}

static void *thread_main(void *arg)
{
	loop_run(((struct side *)arg)->loop);
	return NULL;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void there_and_back(void **state)
{
	struct side here = {0}, there = {.echo = true};
	pthread_t thread;
	here.loop = loop_new();
	there.loop = loop_new();
	here.other = &there;
	there.other = &here;
	here.in = channel_new(here.loop, 1000, on_message, &here);
	there.in = channel_new(there.loop, 1000, on_message, &there);
	here.task = task_new(here.loop, on_slice, &here);
	task_start(here.task);
	pthread_create(&thread, NULL, thread_main, &there);
	loop_run(here.loop);
	assert_int_equal(here.received, MESSAGES);
	assert_int_equal(there.received, MESSAGES);
	loop_post(there.loop, stop, there.loop);
	pthread_join(thread, NULL);
	assert_int_equal(channel_waiting(there.in), 0);
	channel_free(here.in);
	channel_free(there.in);
	task_free(here.task);
	loop_free(here.loop);
	loop_free(there.loop);
}

static void signals(void **state)
{
	struct loop *l = loop_new();
	loop_on_signal(l, SIGUSR1, stop, l);
	kill(getpid(), SIGUSR1);
	loop_run(l);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(signals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
