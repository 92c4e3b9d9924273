// What loop.h promises, held against both of its implementations: this file is built twice, with
// the real loop and with the simulated one. Sockets are on the loopback address and on free ports.
#include "loop/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

#define BIG (4 * 1024 * 1024)

// Two ends of one connection as the tests see them.
struct end {
	struct stream *stream;
	struct buf got;
	int connected; // 1: not called; else what was told
	int closed;    // the same
	unsigned drained, reads;
};

struct room {
	struct loop *loop;
	struct timer *watchdog;
	struct listener *listener;
	struct end client, server;
	bool timed_out;
};

static void on_watchdog(void *arg)
{
	struct room *r = arg;
	r->timed_out = true;
	loop_stop(r->loop);
}

static void on_connected(void *arg, int error)
{
	((struct end *)arg)->connected = error;
}

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	struct end *e = arg;
	buf_put(&e->got, p, n);
	e->reads++;
}

static void on_closed(void *arg, int error)
{
	struct end *e = arg;
	e->closed = error;
	stream_free(e->stream);
	e->stream = NULL;
}

static void on_drained(void *arg)
{
	((struct end *)arg)->drained++;
}

static const struct stream_ops ops = {on_connected, on_read, on_closed, on_drained};

static void on_accept(void *arg, struct stream *s)
{
	struct room *r = arg;
	r->server.stream = s;
	stream_set_ops(s, &ops, &r->server);
}

static void room_open(struct room *r)
{
	*r = (struct room){.client = {.connected = 1, .closed = 1},
			   .server = {.connected = 1, .closed = 1}};
	r->loop = loop_new();
	r->watchdog = timer_new(r->loop, on_watchdog, r);
}

static void room_close(struct room *r)
{
	timer_free(r->watchdog);
	stream_free(r->client.stream);
	stream_free(r->server.stream);
	listener_free(r->listener);
	loop_free(r->loop);
	buf_free(&r->client.got);
	buf_free(&r->server.got);
}

// Turns the loop until the condition holds; a second at most.
#define UNTIL(r, condition)                                           \
	do {                                                          \
		(r)->timed_out = false;                               \
		timer_start((r)->watchdog, 1500000);                  \
		while (!(condition) && !(r)->timed_out)               \
			loop_run_once((r)->loop);                     \
		timer_stop((r)->watchdog);                            \
		if ((r)->timed_out)                                   \
			fail_msg("%s did not come true", #condition); \
	} while (0)

static struct tcp_options loopback(uint16_t port)
{
	struct tcp_options o = {.port = port};
	ip_parse("127.0.0.1", &o.local);
	o.remote = o.local;
	return o;
}

static void room_listen(struct room *r)
{
	struct tcp_options o = loopback(0);
	int error = 0;
	r->listener = listener_tcp(r->loop, &o, on_accept, r, &error);
	assert_int_equal(error, 0);
	assert_non_null(r->listener);
}

static void room_connect(struct room *r)
{
	room_listen(r);
	struct tcp_options o = loopback(listener_port(r->listener));
	int error = 0;
	r->client.stream = stream_connect(r->loop, &o, &ops, &r->client, &error);
	assert_non_null(r->client.stream);
	UNTIL(r, r->client.connected == 0 && r->server.stream);
}

// --- timers and tasks ------------------------------------------------------------------------------

static char order[16];

static void note_a(void *arg)
{
	strcat(order, "a");
}

static void note_b(void *arg)
{
	strcat(order, "b");
	timer_free(*(struct timer **)arg);
	*(struct timer **)arg = NULL;
}

static void timers(void **state)
{
	struct room r;
	room_open(&r);
	struct timer *b = NULL;
	struct timer *a = timer_new(r.loop, note_a, NULL);
	struct timer *never = timer_new(r.loop, note_a, NULL);
	b = timer_new(r.loop, note_b, &b);
	uint64_t begin = loop_clock();

	order[0] = '\0';
	timer_start(a, 30000);
	timer_start(b, 10000);
	timer_start(never, 5000);
	assert_true(timer_running(never));
	timer_stop(never);
	assert_false(timer_running(never));
	assert_int_equal(timer_left(never), 0);
	assert_in_range(timer_left(a), 1, 30000);
	UNTIL(&r, strlen(order) == 2);
	assert_string_equal(order, "ba");
	assert_true(loop_clock() - begin >= 29000);
	assert_null(b);
	assert_false(timer_running(a));
	timer_free(a);
	timer_free(never);
	room_close(&r);
}

struct work {
	struct task *task;
	unsigned slices, limit, ticks;
	struct timer *timer;
};

static bool on_slice(void *arg)
{
	struct work *w = arg;
	uint64_t begin = loop_clock();

	while (loop_clock() - begin < 2000)
		;
	return ++w->slices < w->limit;
}

static void on_tick(void *arg)
{
	struct work *w = arg;
	w->ticks++;
	timer_start(w->timer, 1000);
}

static void tasks_between_timers(void **state)
{
	struct room r;
	room_open(&r);
	struct work one = {.limit = 20}, two = {.limit = 10};
	one.task = task_new(r.loop, on_slice, &one);
	two.task = task_new(r.loop, on_slice, &two);
	one.timer = timer_new(r.loop, on_tick, &one);
	timer_start(one.timer, 1000);
	task_start(one.task);
	task_start(two.task);
	UNTIL(&r, two.slices == 10);
	assert_in_range(one.slices, 9, 11);
	assert_false(task_running(two.task));
	UNTIL(&r, one.slices == 20);
	assert_in_range(one.ticks, 12, 60); // a timer of 1 ms between slices of 2 ms and more
	assert_false(task_running(one.task));
	task_free(one.task);
	task_free(two.task);
	timer_free(one.timer);
	room_close(&r);
}

// Two slices of 2 ms make a round of 4 ms; time spent in waiting is none.
static void rounds_are_measured(void **state)
{
	struct room r;
	room_open(&r);
	struct work one = {.limit = 3}, two = {.limit = 3}, idle = {0};
	one.task = task_new(r.loop, on_slice, &one);
	two.task = task_new(r.loop, on_slice, &two);
	idle.timer = timer_new(r.loop, on_tick, &idle);
	task_start(one.task);
	task_start(two.task);
	UNTIL(&r, two.slices == 3 && one.slices == 3);
	timer_start(idle.timer, 1000);
	UNTIL(&r, idle.ticks == 1); // the last round has ended when the next one waits
	assert_in_range(loop_longest_round(r.loop), 3900, 200000);
	UNTIL(&r, idle.ticks == 20);
	assert_true(loop_longest_round(r.loop) < 15000);
	assert_int_equal(loop_longest_round(r.loop), 0);
	task_free(one.task);
	task_free(two.task);
	timer_free(idle.timer);
	room_close(&r);
}

static bool free_itself(void *arg)
{
	struct work *w = arg;
	w->slices++;
	task_free(w->task);
	w->task = NULL;
	return true;
}

static bool start_itself(void *arg)
{
	struct work *w = arg;
	if (++w->slices < 3)
		task_start(w->task);
	return false;
}

static void tasks_free_and_start_within(void **state)
{
	struct room r;
	room_open(&r);
	struct work one = {0}, two = {0};
	one.task = task_new(r.loop, free_itself, &one);
	two.task = task_new(r.loop, start_itself, &two);
	task_start(one.task);
	task_start(two.task);
	UNTIL(&r, one.slices == 1 && two.slices == 3);
	assert_false(task_running(two.task));
	task_free(two.task);
	room_close(&r);
}

static void count_post(void *arg)
{
	++*(unsigned *)arg;
}

static void posts(void **state)
{
	struct room r;
	room_open(&r);
	unsigned n = 0;
	for (int i = 0; i < 100; i++)
		loop_post(r.loop, count_post, &n);
	assert_int_equal(n, 0);
	UNTIL(&r, n == 100);
	room_close(&r);
}

// --- streams ----------------------------------------------------------------------------------------

static void tcp_talk(void **state)
{
	struct room r;
	uint16_t port, other;
	room_open(&r);
	room_connect(&r);
	struct ip ip = stream_remote(r.client.stream, &port);
	assert_int_equal(port, listener_port(r.listener));
	assert_int_equal(ip_to_u32(&ip), 0x7f000001);
	stream_local(r.client.stream, &port);
	stream_remote(r.server.stream, &other);
	assert_int_equal(port, other);
	stream_write(r.client.stream, "hello ", 6);
	stream_write(r.client.stream, "there", 5);
	stream_write(r.server.stream, "yes?", 4);
	UNTIL(&r, r.server.got.len == 11 && r.client.got.len == 4 && r.client.drained);
	assert_string_equal(buf_cstr(&r.server.got), "hello there");
	assert_int_equal(stream_unsent(r.client.stream), 0);
	stream_free(r.client.stream);
	r.client.stream = NULL;
	UNTIL(&r, r.server.closed != 1);
	assert_int_equal(r.server.closed, 0);
	room_close(&r);
}

static void tcp_refused(void **state)
{
	struct room r;
	int error = 0;
	room_open(&r);
	room_listen(&r);
	struct tcp_options o = loopback(listener_port(r.listener));
	listener_free(r.listener);
	r.listener = NULL;
	r.client.stream = stream_connect(r.loop, &o, &ops, &r.client, &error);
	assert_non_null(r.client.stream);
	UNTIL(&r, r.client.connected != 1);
	assert_int_equal(r.client.connected, -ECONNREFUSED);
	o.remote.bits = 0;
	assert_null(stream_connect(r.loop, &o, &ops, &r.client, &error));
	assert_true(error < 0);
	room_close(&r);
}

static void release(void *arg)
{
	++*(unsigned *)arg;
}

static void shared_and_paused(void **state)
{
	struct room r;
	unsigned released = 0;
	uint8_t *big = mem_alloc(BIG);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (uint8_t)(i * 7 + (i >> 9));
	room_open(&r);
	room_connect(&r);
	stream_pause(r.server.stream, true);
	for (int round = 0; round < 4; round++)
		for (size_t i = 0; i < 64; i++) {
			stream_write_shared(r.client.stream, big + i * (BIG / 64), BIG / 64,
					    release, &released);
			stream_write(r.client.stream, "-", 1);
		}
	size_t all = 4 * (BIG + 64);
	for (int i = 0; i < 20; i++) { // lets it run against the wall
		timer_start(r.watchdog, 2000);
		loop_run_once(r.loop);
	}
	assert_int_equal(r.server.got.len, 0);
	assert_true(stream_unsent(r.client.stream) > 0);
	assert_true(released < 256);
	assert_int_equal(r.client.drained, 0);
	stream_pause(r.server.stream, false);
	UNTIL(&r, r.server.got.len == all && r.client.drained);
	assert_int_equal(released, 256);
	assert_int_equal(stream_unsent(r.client.stream), 0);
	const uint8_t *p = r.server.got.data;
	for (int i = 0; i < 256; i++, p += BIG / 64 + 1) {
		assert_memory_equal(p, big + (size_t)(i % 64) * (BIG / 64), BIG / 64);
		assert_int_equal(p[BIG / 64], '-');
	}
	room_close(&r);
	mem_free(big);
}

static void free_releases(void **state)
{
	struct room r;
	unsigned released = 0;
	uint8_t *big = mem_zero(BIG);
	room_open(&r);
	room_connect(&r);
	stream_pause(r.server.stream, true);
	for (int i = 0; i < 8; i++)
		stream_write_shared(r.client.stream, big, BIG, release, &released);
	loop_run_once(r.loop);
	stream_free(r.client.stream);
	r.client.stream = NULL;
	assert_int_equal(released, 8);
	room_close(&r);
	mem_free(big);
}

static void finish_delivers(void **state)
{
	struct room r;
	room_open(&r);
	room_connect(&r);
	stream_pause(r.server.stream, true);
	stream_write(r.client.stream, "this will never be read", 23);
	UNTIL(&r, r.client.drained);
	uint8_t *text = mem_zero(300000);
	stream_write(r.server.stream, text, 300000);
	stream_finish(r.server.stream);
	r.server.stream = NULL;
	UNTIL(&r, r.client.closed != 1);
	assert_int_equal(r.client.closed, 0);
	assert_int_equal(r.client.got.len, 300000);
	mem_free(text);
	room_close(&r);
}

static void write_to_closed(void **state)
{
	struct room r;
	room_open(&r);
	room_connect(&r);
	stream_write(r.server.stream, "last words", 10);
	UNTIL(&r, r.server.drained);
	stream_free(r.server.stream);
	r.server.stream = NULL;
	for (int i = 0; i < 50 && r.client.stream; i++) {
		stream_write(r.client.stream, "anybody?", 8);
		timer_start(r.watchdog, 1000);
		loop_run_once(r.loop);
	}
	UNTIL(&r, r.client.closed != 1);
	assert_string_equal(buf_cstr(&r.client.got), "last words");
	room_close(&r);
}

static void unix_talk(void **state)
{
	struct room r;
	char path[64];
	int error = 0;
	snprintf(path, sizeof(path), "/tmp/loop-test-%d.sock", (int)getpid());
	room_open(&r);
	for (int i = 0; i < 2; i++) { // the second time over whatever the first left
		r.listener = listener_local(r.loop, path, on_accept, &r, &error);
		assert_non_null(r.listener);
		r.client.stream = stream_connect_local(r.loop, path, &ops, &r.client, &error);
		assert_non_null(r.client.stream);
		stream_write(r.client.stream, "early", 5);
		UNTIL(&r, r.server.got.len == 5 && r.server.stream);
		assert_int_equal(r.client.connected, 0);
		struct ip ip = stream_remote(r.server.stream, NULL);
		assert_int_equal(ip.bits, 0);
		stream_free(r.client.stream);
		r.client.stream = NULL;
		UNTIL(&r, r.server.closed == 0);
		listener_free(r.listener);
		r.listener = NULL;
		buf_clear(&r.server.got);
		r.server.closed = r.client.connected = 1;
	}
	r.client.stream = stream_connect_local(r.loop, path, &ops, &r.client, &error);
	if (r.client.stream)
		UNTIL(&r, r.client.connected != 1);
	assert_true(r.client.stream ? r.client.connected < 0 : error < 0);
	room_close(&r);
}

static void both_versions_on_one_port(void **state)
{
	struct room r;
	int error = 0;
	room_open(&r);
	struct tcp_options o = {0};
	ip_parse("0.0.0.0", &o.local);
	r.listener = listener_tcp(r.loop, &o, on_accept, &r, &error);
	assert_non_null(r.listener);
	o.port = listener_port(r.listener);
	ip_parse("::", &o.local);
	struct listener *six = listener_tcp(r.loop, &o, on_accept, &r, &error);
	if (!six && error == -EAFNOSUPPORT)
		print_message("no IPv6 here\n");
	else
		assert_non_null(six);
	o.local.bits = 0;
	ip_parse("::1", &o.remote);
	r.client.stream = six ? stream_connect(r.loop, &o, &ops, &r.client, &error) : NULL;
	if (r.client.stream)
		UNTIL(&r, r.client.connected != 1 && (r.client.connected || r.server.stream));
	listener_free(six);
	room_close(&r);
}

static void md5_keys(void **state)
{
	struct room r;
	int error = 0;
	room_open(&r);
	room_listen(&r);
	struct tcp_options o = loopback(listener_port(r.listener));
	error = listener_set_md5(r.listener, &o.local, "right");
	if (error) {
		print_message("no TCP MD5 here: %s\n", strerror(-error));
		room_close(&r);
		return;
	}
	o.md5_password = "wrong";
	r.client.stream = stream_connect(r.loop, &o, &ops, &r.client, &error);
	assert_non_null(r.client.stream);
	timer_start(r.watchdog, 300000);
	while (!r.timed_out)
		loop_run_once(r.loop);
	assert_int_equal(r.client.connected, 1);
	stream_free(r.client.stream);
	o.md5_password = "right";
	r.client.stream = stream_connect(r.loop, &o, &ops, &r.client, &error);
	UNTIL(&r, r.client.connected != 1 && r.server.stream);
	assert_int_equal(r.client.connected, 0);
	assert_int_equal(listener_set_md5(r.listener, &o.local, NULL), 0);
	assert_int_equal(listener_set_md5(r.listener, &o.local, NULL), 0);
	room_close(&r);
}

static void ttl_security(void **state)
{
	struct room r;
	int error = 0;
	room_open(&r);
	room_listen(&r);
	struct tcp_options o = loopback(listener_port(r.listener));
	o.ttl = 255;
	r.client.stream = stream_connect(r.loop, &o, &ops, &r.client, &error);
	UNTIL(&r, r.client.connected != 1 && r.server.stream);
	o.min_ttl = 255;
	assert_int_equal(stream_set_limits(r.server.stream, &o), 0);
	stream_write(r.client.stream, "near", 4);
	UNTIL(&r, r.server.got.len == 4);
	room_close(&r);
}

// --- channels ---------------------------------------------------------------------------------------

struct sink {
	struct channel *channel;
	uintptr_t next;
};

static void on_message(void *arg, void *message)
{
	struct sink *s = arg;
	assert_int_equal((uintptr_t)message, s->next);
	s->next++;
}

static void channel_in_one_loop(void **state)
{
	struct room r;
	struct sink s = {.next = 1};
	room_open(&r);
	s.channel = channel_new(r.loop, 10, on_message, &s);
	for (uintptr_t i = 1; i <= 10; i++)
		channel_send(s.channel, (void *)i);
	assert_false(channel_full(s.channel));
	channel_send(s.channel, (void *)11);
	assert_true(channel_full(s.channel));
	assert_int_equal(s.next, 1);
	UNTIL(&r, s.next == 12);
	assert_int_equal(channel_waiting(s.channel), 0);
	channel_free(s.channel);
	room_close(&r);
}

static void free_channel(void *arg, void *message)
{
	struct sink *s = arg;
	s->next++;
	channel_free(s->channel);
}

static void channel_freed_within(void **state)
{
	struct room r;
	struct sink s = {0};
	room_open(&r);
	s.channel = channel_new(r.loop, 10, free_channel, &s);
	channel_send(s.channel, &r);
	channel_send(s.channel, &r);
	UNTIL(&r, s.next);
	assert_int_equal(s.next, 1);
	room_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers),
		cmocka_unit_test(tasks_between_timers),
		cmocka_unit_test(rounds_are_measured),
		cmocka_unit_test(tasks_free_and_start_within),
		cmocka_unit_test(posts),
		cmocka_unit_test(tcp_talk),
		cmocka_unit_test(tcp_refused),
		cmocka_unit_test(shared_and_paused),
		cmocka_unit_test(free_releases),
		cmocka_unit_test(finish_delivers),
		cmocka_unit_test(write_to_closed),
		cmocka_unit_test(unix_talk),
		cmocka_unit_test(both_versions_on_one_port),
		cmocka_unit_test(md5_keys),
		cmocka_unit_test(ttl_security),
		cmocka_unit_test(channel_in_one_loop),
		cmocka_unit_test(channel_freed_within),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
