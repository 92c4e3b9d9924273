// What the simulation promises beyond loop.h: the same seed gives the same run, bytes arrive cut at
// random but whole and in order, windows fill, links fail, and time is only what passed.
#include "sim/sim.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/hash.h"

#define A "10.0.0.1"
#define B "10.0.0.2"

struct host {
	struct loop *loop;
	struct listener *listener;
	struct stream *stream;
	struct buf got;
	int connected, closed; // 1: not told
	uint64_t trace;        // of the sizes and times of reads
	uint64_t when;         // of the last event
	unsigned reads;
};

static void on_connected(void *arg, int error)
{
	struct host *h = arg;
	h->connected = error;
	h->when = loop_now(h->loop);
}

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	struct host *h = arg;
	uint64_t fact[2] = {n, loop_now(h->loop)};
	h->trace = hash_more(h->trace, fact, sizeof(fact));
	h->when = fact[1];
	h->reads++;
	buf_put(&h->got, p, n);
}

static void on_closed(void *arg, int error)
{
	struct host *h = arg;
	h->closed = error;
	h->when = loop_now(h->loop);
	stream_free(h->stream);
	h->stream = NULL;
}

static const struct stream_ops ops = {on_connected, on_read, on_closed, NULL};

static void on_accept(void *arg, struct stream *s)
{
	struct host *h = arg;
	h->stream = s;
	stream_set_ops(s, &ops, h);
}

static struct host a, b;

static void host_open(struct host *h, const char *address)
{
	*h = (struct host){.connected = 1, .closed = 1};
	h->loop = loop_new();
	sim_set_address(h->loop, address);
}

static void host_close(struct host *h)
{
	stream_free(h->stream);
	listener_free(h->listener);
	loop_free(h->loop);
	buf_free(&h->got);
}

static void open_world(uint64_t seed)
{
	struct tcp_options o = {.port = 179};
	int error = 0;
	sim_new(seed);
	host_open(&a, A);
	host_open(&b, B);
	b.listener = listener_tcp(b.loop, &o, on_accept, &b, &error);
	assert_non_null(b.listener);
}

static void connect_a(void)
{
	struct tcp_options o = {.port = 179};
	int error = 0;
	ip_parse(B, &o.remote);
	a.stream = stream_connect(a.loop, &o, &ops, &a, &error);
	assert_non_null(a.stream);
}

static void close_world(void)
{
	host_close(&a);
	host_close(&b);
	assert_int_equal(sim_free(), 0);
}

static void wildcards_and_latency(void **state)
{
	open_world(1);
	sim_set_latency(A, B, 10 * SIM_MS);
	struct tcp_options o = {.port = 179};
	int error = 0;
	a.listener = listener_tcp(a.loop, &o, on_accept, &a, &error); // another host: no conflict
	assert_non_null(a.listener);
	assert_null(listener_tcp(a.loop, &o, on_accept, &a, &error));
	assert_int_equal(error, -EADDRINUSE);
	uint64_t begin = sim_now();
	connect_a();
	assert_false(sim_idle());
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(a.connected, 0);
	assert_int_equal(a.when - begin, 20 * SIM_MS);
	assert_non_null(b.stream);
	struct ip from = stream_remote(b.stream, NULL);
	assert_int_equal(ip_to_u32(&from), 0x0a000001);
	assert_int_equal(sim_connections(A, B), 1);
	begin = sim_now();
	stream_write(a.stream, "x", 1);
	sim_settle(SIM_SECOND);
	assert_in_range(b.when - begin, 10 * SIM_MS, 10 * SIM_MS + 2);
	assert_int_equal(sim_link(A, B)->bytes, 1);
	begin = sim_now();
	sim_run_for(3600 * SIM_SECOND);
	assert_int_equal(sim_now() - begin, 3600 * SIM_SECOND);
	close_world();
}

static uint64_t chatter(uint64_t seed)
{
	open_world(seed);
	connect_a();
	sim_settle(SIM_SECOND);
	sim_link(A, B)->jitter = 300;
	for (unsigned i = 0; i < 300; i++) {
		char text[64];
		int n = snprintf(text, sizeof(text), "%u %llu|", i,
				 (unsigned long long)loop_random(a.loop));
		stream_write(a.stream, text, (size_t)n);
		sim_run_for(i % 7 * 100);
	}
	sim_settle(SIM_SECOND);
	unsigned bars = 0;
	const char *p = buf_cstr(&b.got);
	for (; (p = strchr(p, '|')); p++)
		bars++;
	assert_int_equal(bars, 300);
	assert_true(b.reads > 50);
	uint64_t result = hash_more(b.trace, b.got.data, b.got.len);
	close_world();
	return result;
}

static void same_seed_same_run(void **state)
{
	assert_int_equal(chatter(5), chatter(5));
	assert_int_not_equal(chatter(5), chatter(6));
}

static void window_and_rate(void **state)
{
	static uint8_t data[100000];
	open_world(2);
	connect_a();
	sim_settle(SIM_SECOND);
	sim_set_window(A, B, 1000);
	stream_pause(b.stream, true);
	stream_write(a.stream, data, sizeof(data));
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(stream_unsent(a.stream), 99000);
	stream_pause(b.stream, false);
	assert_true(sim_settle(10 * SIM_SECOND));
	assert_int_equal(b.got.len, 100000);
	assert_int_equal(stream_unsent(a.stream), 0);
	sim_link(A, B)->bytes_per_second = 100000;
	sim_set_window(A, B, 1000000);
	uint64_t begin = sim_now();
	stream_write(a.stream, data, sizeof(data));
	assert_true(sim_settle(10 * SIM_SECOND));
	assert_int_equal(b.got.len, 200000);
	assert_in_range(sim_now() - begin, SIM_SECOND, SIM_SECOND + 100 * SIM_MS);
	close_world();
}

static void links_fail(void **state)
{
	open_world(3);
	sim_link(A, B)->refuse = true;
	connect_a();
	sim_settle(SIM_SECOND);
	assert_int_equal(a.connected, -ECONNREFUSED);
	stream_free(a.stream);
	sim_link(A, B)->refuse = false;
	sim_set_down(A, B, true);
	connect_a();
	a.connected = 1;
	sim_run_for(60 * SIM_SECOND);
	assert_int_equal(a.connected, 1);
	assert_true(sim_idle());
	sim_run_for(100 * SIM_SECOND);
	assert_int_equal(a.connected, -ETIMEDOUT);
	stream_free(a.stream);
	sim_set_down(A, B, false);
	connect_a();
	sim_settle(SIM_SECOND);
	assert_int_equal(a.connected, 0);
	sim_set_down(A, B, true);
	stream_write(a.stream, "late", 4);
	sim_run_for(60 * SIM_SECOND);
	assert_int_equal(b.got.len, 0);
	sim_set_down(A, B, false);
	sim_settle(SIM_SECOND);
	assert_string_equal(buf_cstr(&b.got), "late");
	assert_int_equal(sim_reset(A, B), 1);
	sim_settle(SIM_SECOND);
	assert_int_equal(a.closed, -ECONNRESET);
	assert_int_equal(b.closed, -ECONNRESET);
	assert_int_equal(sim_connections(A, B), 0);
	close_world();
}

static void drops_silently(void **state)
{
	struct tcp_options o = {.port = 179, .md5_password = "wrong"};
	struct ip from;
	int error = 0;
	open_world(4);
	ip_parse(A, &from);
	ip_parse(B, &o.remote);
	listener_set_md5(b.listener, &from, "right");
	a.stream = stream_connect(a.loop, &o, &ops, &a, &error);
	sim_run_for(200 * SIM_SECOND);
	assert_int_equal(a.connected, -ETIMEDOUT);
	stream_free(a.stream);
	o.md5_password = "right";
	o.ttl = 255;
	a.connected = 1;
	a.stream = stream_connect(a.loop, &o, &ops, &a, &error);
	sim_settle(SIM_SECOND);
	assert_int_equal(a.connected, 0);
	o.min_ttl = 255;
	stream_set_limits(b.stream, &o);
	stream_write(a.stream, "near", 4);
	sim_settle(SIM_SECOND);
	assert_int_equal(b.got.len, 4);
	sim_link(A, B)->hops = 1;
	stream_write(a.stream, "far", 3);
	sim_run_for(SIM_SECOND);
	assert_int_equal(b.got.len, 4);
	close_world();
}

static void listener_goes_while_connecting(void **state)
{
	for (uint64_t us = 0; us <= 4000; us += 500) {
		open_world(5);
		connect_a();
		sim_run_for(us);
		listener_free(b.listener);
		b.listener = NULL;
		sim_settle(SIM_SECOND);
		if (us < 1000)
			assert_int_equal(a.connected, -ECONNREFUSED);
		else
			assert_true(a.connected == 0 && (a.closed == 0) == (b.stream == NULL));
		close_world();
	}
}

static void tap(void *arg, const struct ip *from, const struct ip *to, const uint8_t *p, size_t n)
{
	struct buf *seen = arg;
	buf_put(seen, p, n);
}

static void taps_and_leaks(void **state)
{
	struct buf seen = {0};
	open_world(6);
	sim_set_tap(tap, &seen);
	connect_a();
	stream_write(a.stream, "before it is connected", 22);
	sim_settle(SIM_SECOND);
	assert_string_equal(buf_cstr(&seen), "before it is connected");
	assert_string_equal(buf_cstr(&b.got), "before it is connected");
	buf_free(&seen);
	a.stream = NULL; // forgotten
	host_close(&a);
	host_close(&b);
	assert_int_equal(sim_free(), 1);
}

static void count(void *arg)
{
	++*(unsigned *)arg;
}

static void signals_and_timers(void **state)
{
	unsigned n = 0, fired = 0;
	open_world(7);
	loop_on_signal(a.loop, 15, count, &n);
	sim_signal(a.loop, 15);
	sim_signal(a.loop, 1);
	sim_signal(b.loop, 15);
	struct timer *t = timer_new(a.loop, count, &fired);
	timer_start(t, 5 * SIM_SECOND);
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(n, 1);
	assert_int_equal(fired, 0);
	sim_run_until(6 * SIM_SECOND - 1);
	assert_int_equal(fired, 0);
	assert_int_equal(timer_left(t), 1);
	sim_run_for(1);
	assert_int_equal(fired, 1);
	timer_free(t);
	close_world();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wildcards_and_latency),
		cmocka_unit_test(same_seed_same_run),
		cmocka_unit_test(window_and_rate),
		cmocka_unit_test(links_fail),
		cmocka_unit_test(drops_silently),
		cmocka_unit_test(listener_goes_while_connecting),
		cmocka_unit_test(taps_and_leaks),
		cmocka_unit_test(signals_and_timers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
