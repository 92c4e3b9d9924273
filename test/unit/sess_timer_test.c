// Time: hold, keepalive, the rest in Idle and its growth. Names carry the rule of the RFC checklist.
#include "unit/sess_rig.h"

#include <string.h>

static struct rig *standing(uint16_t hold, struct line **ret_line)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);
	struct open o = rig_open(r);

	o.hold_time = hold;
	line_open(l, &o);
	line_keepalive(l);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	*ret_line = l;
	return r;
}

static void test_G31_hold_timer(void **state)
{
	struct line *l;
	struct rig *r = standing(9, &l);

	sim_run_for(8500 * SIM_MS);
	rig_assert(r, SESS_ESTABLISHED);
	sim_run_for(SIM_SECOND);
	line_assert_notified(r, l, BGP_ERROR_HOLD, 0);
	rig_assert(r, SESS_IDLE);
	assert_int_equal(r->down.cause, DOWN_HOLD_TIMER);
	assert_string_equal(sess_last_event(r->s), "HTTimerExpired");
	rig_free(r);
}

static void test_hold_is_restarted(void **state)
{
	struct line *l;
	struct rig *r = standing(9, &l);

	for (unsigned i = 0; i < 20; i++) {
		sim_run_for(8 * SIM_SECOND);
		if (i % 2)
			line_keepalive(l);
		else
			line_update(l);
	}
	rig_assert(r, SESS_ESTABLISHED);
	sim_run_for(8 * SIM_SECOND);
	line_refresh(l, af_classic()->afi, 0, af_classic()->safi, 0); // is neither of the two
	sim_run_for(2 * SIM_SECOND);
	assert_int_equal(l->code, BGP_ERROR_HOLD);
	rig_free(r);
}

// A peer that sends an octet a second is as good as silent.
static void test_G31_in_the_middle_of_a_message(void **state)
{
	struct line *l;
	struct rig *r = standing(9, &l);
	uint8_t p[100];

	memset(p, 0xff, 16);
	memset(p + 16, 0, sizeof(p) - 16);
	p[17] = sizeof(p);
	p[18] = BGP_UPDATE;
	for (unsigned i = 0; i < 10; i++) {
		line_send(l, p + i, 1);
		sim_run_for(SIM_SECOND);
	}
	line_assert_notified(r, l, BGP_ERROR_HOLD, 0);
	rig_free(r);
}

static void test_open_sent_is_bounded(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);

	sim_run_for(239 * SIM_SECOND);
	rig_assert(r, SESS_OPENSENT);
	sim_run_for(1200 * SIM_MS);
	line_assert_notified(r, l, BGP_ERROR_HOLD, 0);
	rig_assert(r, SESS_IDLE);
	rig_free(r);
}

static void test_open_confirm_is_bounded(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENCONFIRM);

	sim_run_for(91 * SIM_SECOND);
	line_assert_notified(r, l, BGP_ERROR_HOLD, 0);
	assert_true(l->in_type[BGP_KEEPALIVE] >= 3); // they go out in OpenConfirm too
	rig_free(r);
}

static void test_G3_hold_time_zero(void **state)
{
	struct line *l;
	struct rig *r = standing(0, &l);

	sim_run_for(1000 * SIM_SECOND);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(l->in_type[BGP_KEEPALIVE], 1); // the one that confirms the OPEN
	rig_free(r);
}

static void keep_alive(struct rig *r, struct line *l, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		sim_run_for(SIM_SECOND);
		line_keepalive(l);
	}
	rig_assert(r, SESS_ESTABLISHED);
}

static void test_G4_not_more_than_one_a_second(void **state)
{
	struct line *l;
	struct rig *r = standing(3, &l);

	keep_alive(r, l, 100);
	assert_in_range(l->in_type[BGP_KEEPALIVE], 95, 102);
	assert_true(l->shortest >= SIM_SECOND - 5 * SIM_MS); // the line's own jitter
	rig_free(r);
}

static void test_G5_a_third_with_jitter(void **state)
{
	struct line *l;
	struct rig *r = standing(30, &l);

	keep_alive(r, l, 1000);
	assert_in_range(l->in_type[BGP_KEEPALIVE], 105, 132);
	assert_in_range(l->shortest, 7490 * SIM_MS, 8500 * SIM_MS);
	assert_in_range(l->longest, 9000 * SIM_MS, 10010 * SIM_MS);
	assert_true(sess_get_counters(r->s)->worst_keepalive_delay < 5 * SIM_MS);
	rig_free(r);
}

static void test_paused_reading(void **state)
{
	struct line *l;
	struct rig *r = standing(9, &l);

	sess_pause_reading(r->s, true);
	for (unsigned i = 0; i < 100; i++) {
		line_keepalive(l);
		line_update(l);
		sim_run_for(SIM_SECOND);
	}
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(r->updates, 0);
	assert_true(l->in_type[BGP_KEEPALIVE] > 30);
	sess_pause_reading(r->s, false);
	sim_run_for(5 * SIM_SECOND);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(r->updates, 100);
	sim_run_for(10 * SIM_SECOND); // and counts again
	line_assert_notified(r, l, BGP_ERROR_HOLD, 0);
	rig_free(r);
}

// When the timer expires, what waits in the socket is read before the peer is given up: it may be
// us who are late.
static void test_read_before_giving_up(void **state)
{
	struct line *l;
	struct rig *r = standing(9, &l);

	sim_run_for(8950 * SIM_MS); // it was heard a tenth of a second before that
	line_keepalive(l);
	sim_run_for(8 * SIM_SECOND);
	rig_assert(r, SESS_ESTABLISHED);
	rig_free(r);
}

// --- the rest in Idle ----------------------------------------------------------------------------------

// How long until the session tries again after the peer has spoiled the connection.
static uint64_t rest(struct rig *r)
{
	struct line *l = rig_line(r);
	unsigned before = r->line_count;
	uint64_t began;

	line_notify(l, BGP_ERROR_OPEN, 2);
	rig_settle(r);
	rig_assert(r, SESS_IDLE);
	began = sim_now() - 100 * SIM_MS;
	while (r->line_count == before)
		sim_run_for(10 * SIM_MS);
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	return sim_now() - began - 100 * SIM_MS;
}

static void test_rest_grows(void **state)
{
	static const unsigned expected[] = {1, 2, 4, 8, 16, 32, 32};
	struct rig *r = rig_new(false);

	rig_to(r, SESS_OPENSENT);
	for (unsigned i = 0; i < 7; i++) {
		uint64_t us = rest(r);
		assert_in_range(us, expected[i] * 750 * SIM_MS,
				expected[i] * SIM_SECOND + 50 * SIM_MS);
	}
	sess_stop(r->s, CEASE_SHUTDOWN, NULL); // the operator starts afresh
	sess_start(r->s);
	rig_settle(r);
	assert_in_range(rest(r), 750 * SIM_MS, 1050 * SIM_MS);
	rig_free(r);
}

static void test_rest_is_forgiven_by_a_steady_session(void **state)
{
	struct line *l;
	struct rig *r = standing(90, &l);
	struct open o = rig_open(r);

	line_close(l);
	sim_run_for(1200 * SIM_MS);
	rest(r);
	rest(r);
	l = rig_line(r);
	line_open(l, &o);
	line_keepalive(l);
	sim_run_for(61 * SIM_SECOND);
	rig_assert(r, SESS_ESTABLISHED);
	line_close(l);
	sim_run_for(1200 * SIM_MS);
	rig_assert(r, SESS_OPENSENT);
	rig_free(r);
}

static void test_idle_hold_configured(void **state)
{
	struct rig *r = rig_new(false);

	r->config.idle_hold = 10;
	r->config.connect_retry = 5;
	rig_rebuild(r);
	rig_to(r, SESS_OPENSENT);
	assert_in_range(rest(r), 7500 * SIM_MS, 10050 * SIM_MS);
	assert_in_range(rest(r), 7500 * SIM_MS, 10050 * SIM_MS);
	rig_free(r);
}

static void test_new_configuration_is_tried_at_once(void **state)
{
	struct rig *r = rig_new(false);

	r->config.remote_port = 1790; // where nobody listens
	rig_rebuild(r);
	sess_start(r->s);
	rig_settle(r);
	rig_assert(r, SESS_ACTIVE);
	r->config.remote_port = 179;
	rig_listen(r);
	sess_configure(r->s, &r->config);
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	rig_free(r);
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_G31_hold_timer),
		T(test_hold_is_restarted),
		T(test_G31_in_the_middle_of_a_message),
		T(test_open_sent_is_bounded),
		T(test_open_confirm_is_bounded),
		T(test_G3_hold_time_zero),
		T(test_G4_not_more_than_one_a_second),
		T(test_G5_a_third_with_jitter),
		T(test_paused_reading),
		T(test_read_before_giving_up),
		T(test_rest_grows),
		T(test_rest_is_forgiven_by_a_steady_session),
		T(test_idle_hold_configured),
		T(test_new_configuration_is_tried_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
