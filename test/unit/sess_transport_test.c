// What lies below the messages: the output queue and its water marks, KEEPALIVEs behind it, MD5
// and GTSM, IPv6, and the log. Names carry the rule of the RFC checklist.
#include "unit/sess_rig.h"

#include <string.h>

#include "base/log.h"

#define CHUNK (32 * 1024)

// --- output -------------------------------------------------------------------------------------------

static uint8_t chunk[CHUNK]; // of eight messages

static void fill_chunk(void)
{
	struct buf b = {0};
	static const uint8_t body[4096 - BGP_HEADER];

	while (b.len < CHUNK) {
		size_t begin = b.len;
		message_begin(&b, BGP_UPDATE);
		buf_put(&b, body, sizeof(body));
		message_end(&b, begin);
	}
	memcpy(chunk, b.data, CHUNK);
	buf_free(&b);
}

static void released(void *arg)
{
	++*(unsigned *)arg;
}

static unsigned write_chunks(struct rig *r, unsigned *count)
{
	unsigned n = 0;

	while (sess_room(r->s) >= CHUNK) {
		sess_send_shared(r->s, chunk, CHUNK, 8, released, count);
		n++;
	}
	return n;
}

static void test_slow_reader(void **state)
{
	struct rig *r = rig_new(false);
	unsigned count = 0, n;

	fill_chunk();
	sim_set_window("10.0.0.1", "10.0.0.2", 100000);
	struct line *l = rig_to(r, SESS_ESTABLISHED);
	stream_pause(l->stream, true);
	n = write_chunks(r, &count);
	for (unsigned i = 0; i < 5; i++) {
		rig_settle(r);
		n += write_chunks(r, &count);
	}
	assert_in_range(n, 4, 12);
	assert_int_equal(sess_room(r->s), 0);
	assert_true(count < n);
	r->drained = 0;
	sim_run_for(5 * SIM_SECOND);
	assert_int_equal(r->drained, 0);
	stream_pause(l->stream, false);
	sim_run_for(SIM_SECOND);
	assert_true(r->drained > 0);
	assert_true(sess_room(r->s) > CHUNK);
	assert_int_equal(count, n);
	assert_int_equal(l->in_type[BGP_UPDATE], 8 * n);
	assert_int_equal(sess_get_counters(r->s)->out[BGP_UPDATE], 8 * n);
	rig_free(r);
}

static void test_chunks_are_released_when_it_ends(void **state)
{
	struct rig *r = rig_new(false);
	unsigned count = 0, n;

	fill_chunk();
	sim_set_window("10.0.0.1", "10.0.0.2", 10000);
	struct line *l = rig_to(r, SESS_ESTABLISHED);
	stream_pause(l->stream, true);
	n = write_chunks(r, &count);
	rig_settle(r);
	sess_stop(r->s, CEASE_RESET, NULL);
	sess_send_shared(r->s, chunk, CHUNK, 8, released, &count); // too late: released at once
	sess_send(r->s, chunk, CHUNK);
	assert_int_equal(sess_room(r->s), 0);
	sim_run_for(2 * SIM_SECOND);
	assert_int_equal(count, n + 1);
	rig_free(r);
}

// The queue is always full, the line takes 200 kB a second: KEEPALIVEs are written on time and come
// as soon as what stood before them.
static void test_keepalive_behind_a_full_queue(void **state)
{
	struct rig *r = rig_new(false);
	struct open o = rig_open(r);
	unsigned count = 0;

	fill_chunk();
	sim_link("10.0.0.1", "10.0.0.2")->bytes_per_second = 200000;
	sim_set_window("10.0.0.1", "10.0.0.2", 65536);
	struct line *l = rig_to(r, SESS_OPENSENT);
	o.hold_time = 9;
	line_open(l, &o);
	for (unsigned i = 0; i < 300; i++) {
		if (i % 10 == 0)
			line_keepalive(l);
		sim_run_for(100 * SIM_MS);
		write_chunks(r, &count);
	}
	rig_assert(r, SESS_ESTABLISHED);
	const struct sess_counters *n = sess_get_counters(r->s);
	assert_true(l->bytes > 5 * 200000);
	assert_true(l->longest < 6 * SIM_SECOND);
	assert_true(n->worst_keepalive_delay < 10 * SIM_MS);
	assert_in_range(n->worst_keepalive_wait, 1, 3 * SIM_SECOND);
	print_message("late by %lu us, in the queue for %lu us, gap at the peer %lu us\n",
		      (unsigned long)n->worst_keepalive_delay,
		      (unsigned long)n->worst_keepalive_wait, (unsigned long)l->longest);
	rig_free(r);
}

static void test_messages_are_counted(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);

	fill_chunk();
	sess_send(r->s, chunk, 3 * 4096);
	line_update(l);
	rig_settle(r);
	const struct sess_counters *n = sess_get_counters(r->s);
	assert_int_equal(n->out[BGP_UPDATE], 3);
	assert_int_equal(n->out[0], 5); // and OPEN and KEEPALIVE
	assert_int_equal(n->in[BGP_UPDATE], 1);
	assert_true(n->last_update_out > 0 && n->last_update_in > 0 && n->last_keepalive_in > 0);
	assert_int_equal(l->in_type[BGP_UPDATE], 3);
	rig_free(r);
}

// --- MD5 and GTSM -------------------------------------------------------------------------------------

static const struct ip near_ip = {.bits = 32, .b = {10, 0, 0, 1}};

static void test_G47_md5_outgoing(void **state)
{
	struct rig *r = rig_new(false);

	strcpy(r->config.password, "secret");
	rig_rebuild(r);
	rig_listen(r);
	listener_set_md5(r->listener, &near_ip, "another");
	sess_start(r->s);
	sim_run_for(10 * SIM_SECOND);
	assert_int_equal(r->line_count, 0);
	sess_stop(r->s, CEASE_SHUTDOWN, NULL);
	listener_set_md5(r->listener, &near_ip, "secret");
	rig_to(r, SESS_ESTABLISHED);
	rig_free(r);
}

static void test_G47_md5_incoming(void **state)
{
	struct rig *r = rig_new(true);

	rig_door(r);
	assert_int_equal(sess_door_password(r->door, &r->config.remote, "secret"), 0);
	sess_start(r->s);
	struct line *l = rig_dial(r); // without a key
	sim_run_for(10 * SIM_SECOND);
	assert_false(l->connected);
	assert_int_equal(sess_door_password(r->door, &r->config.remote, ""), 0);
	l = rig_dial(r);
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	rig_free(r);
}

static void gtsm(unsigned hops, bool reached)
{
	struct rig *r = rig_new(true);
	struct open o = rig_open(r);

	r->config.gtsm_hops = 2; // the peer is at most one router away
	rig_rebuild(r);
	sim_link("10.0.0.1", "10.0.0.2")->hops = (uint8_t)hops;
	rig_door(r);
	sess_start(r->s);
	struct line *l = rig_dial(r); // sends with 255
	line_open(l, &o);
	rig_settle(r);
	rig_assert(r, reached ? SESS_OPENCONFIRM : SESS_OPENSENT);
	rig_free(r);
}

static void test_gtsm(void **state)
{
	gtsm(0, true);
	gtsm(1, true);
	gtsm(2, false); // what it sends is dropped
}

static void test_gtsm_outgoing(void **state)
{
	struct rig *r = rig_new(false);

	r->config.gtsm_hops = 1;
	rig_rebuild(r);
	rig_listen(r); // answers with the usual 64
	sess_start(r->s);
	sim_run_for(10 * SIM_SECOND);
	rig_assert(r, SESS_CONNECT);
	rig_free(r);
}

// --- IPv6 ---------------------------------------------------------------------------------------------

static void test_ipv6(void **state)
{
	for (unsigned passive = 0; passive < 2; passive++) {
		struct rig *r = rig_new(passive);
		struct open o = rig_open(r);
		ip_parse("fd00::2", &r->config.remote);
		ip_parse("fd00::1", &r->config.local);
		rig_rebuild(r);
		rig_door(r);
		if (!passive)
			rig_listen(r);
		sess_start(r->s);
		if (passive)
			rig_dial(r);
		rig_settle(r);
		struct line *l = rig_line(r);
		line_open(l, &o);
		line_keepalive(l);
		rig_settle(r);
		rig_assert(r, SESS_ESTABLISHED);
		assert_int_equal(r->negotiated.remote.bits, 128);
		rig_free(r);
	}
}

// --- the log --------------------------------------------------------------------------------------------

static struct buf logged;

static void keep(enum log_level level, const char *line, void *arg)
{
	buf_text(&logged, line);
	buf_u8(&logged, '\n');
}

static unsigned occurrences(const char *word)
{
	unsigned n = 0;

	for (const char *p = buf_cstr(&logged); (p = strstr(p, word)); p++)
		n++;
	return n;
}

static void test_Q5_log(void **state)
{
	struct rig *r = rig_new(false);

	log_set_sink(keep, NULL);
	struct line *l = rig_to(r, SESS_ESTABLISHED);
	assert_int_equal(occurrences("peer 10.0.0.2: OpenConfirm -> Established"), 1);
	line_message(l, BGP_NOTIFICATION, "\6\2\12bye\nforged", 13);
	rig_settle(r);
	assert_int_equal(occurrences("NOTIFICATION received 6/2 (CEASE, Administrative Shutdown)"),
			 1);
	assert_int_equal(occurrences("\nforged"), 0);
	assert_int_equal(occurrences(": bye?forged data 0a"), 1);
	assert_int_equal(occurrences("6279650a666f72676564"), 1); // the data, in hex
	rig_free(r);
	buf_free(&logged);
}

static void test_H16_malformed_in_hex(void **state)
{
	struct rig *r = rig_new(false);
	uint8_t p[4096];

	log_set_sink(keep, NULL);
	rig_to(r, SESS_ESTABLISHED);
	memset(p, 0xab, sizeof(p));
	sess_log_message(r->s, "malformed UPDATE", p, sizeof(p));
	assert_int_equal(occurrences("malformed UPDATE"), 4);
	assert_int_equal(occurrences("ab"), sizeof(p) + occurrences("Estab"));
	for (unsigned i = 0; i < 1000; i++) // a flood of them does not fill the log
		sess_log_message(r->s, "malformed", p, 10);
	assert_true(occurrences("malformed") < 30);
	rig_free(r);
	buf_free(&logged);
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_slow_reader),
		T(test_chunks_are_released_when_it_ends),
		T(test_keepalive_behind_a_full_queue),
		T(test_messages_are_counted),
		T(test_G47_md5_outgoing),
		T(test_G47_md5_incoming),
		T(test_gtsm),
		T(test_gtsm_outgoing),
		T(test_ipv6),
		T(test_Q5_log),
		T(test_H16_malformed_in_hex),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
