// The state machine edge by edge (RFC 4271 section 8.2.2): each event in each state, with the
// NOTIFICATION it calls for. Names carry the rule of the RFC checklist.
#include "unit/sess_rig.h"

#include <errno.h>
#include <string.h>

// --- up ---------------------------------------------------------------------------------------------

static void test_active_way_up(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);

	assert_string_equal(buf_cstr(&r->trace), "Connect OpenSent OpenConfirm Established ");
	assert_int_equal(r->established, 1);
	assert_true(r->negotiated.initiated_by_us);
	assert_int_equal(r->negotiated.remote_port, 179);
	assert_int_equal(l->in_type[BGP_NOTIFICATION], 0);
	assert_string_equal(sess_last_event(r->s), "RecvKeepalive");
	assert_int_equal(sess_last_state(r->s), SESS_OPENCONFIRM);
	assert_int_equal(sess_number(r->s), 1);
	assert_int_equal(sess_get_counters(r->s)->out[BGP_OPEN], 1);
	assert_int_equal(sess_get_counters(r->s)->in[0], 2);
	rig_free(r);
}

static void test_G35_passive_way_up(void **state)
{
	struct rig *r = rig_new(true);
	struct open o = rig_open(r);

	rig_listen(r);
	rig_door(r);
	sess_start(r->s);
	sim_run_for(100 * SIM_SECOND);
	assert_int_equal(r->line_count, 0); // it does not connect
	rig_assert(r, SESS_ACTIVE);
	struct line *l = rig_dial(r);
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	line_open(l, &o);
	line_keepalive(l);
	rig_settle(r);
	assert_string_equal(buf_cstr(&r->trace), "Active OpenSent OpenConfirm Established ");
	assert_false(r->negotiated.initiated_by_us);
	rig_free(r);
}

static void test_refused_then_active_then_again(void **state)
{
	struct rig *r = rig_new(false);

	sess_start(r->s);
	rig_settle(r);
	rig_assert(r, SESS_ACTIVE);
	sim_run_for(20 * SIM_SECOND); // 24 s is the least that jitter leaves of 32
	assert_string_equal(buf_cstr(&r->trace), "Connect Active ");
	sim_run_for(13 * SIM_SECOND);
	assert_string_equal(buf_cstr(&r->trace), "Connect Active Connect Active ");
	rig_listen(r);
	sim_run_for(33 * SIM_SECOND);
	rig_assert(r, SESS_OPENSENT);
	assert_int_equal(r->downs, 0);
	rig_free(r);
}

static void test_connect_retry_in_connect(void **state)
{
	struct rig *r = rig_new(false);

	rig_listen(r);
	sim_set_down("10.0.0.1", "10.0.0.2", true);
	sess_start(r->s);
	sim_run_for(10 * SIM_SECOND);
	rig_assert(r, SESS_CONNECT);
	sim_set_down("10.0.0.1", "10.0.0.2", false); // the attempt under way is lost all the same
	sim_run_for(23 * SIM_SECOND);
	rig_assert(r, SESS_OPENSENT);
	rig_free(r);
}

static void test_incoming_in_active(void **state)
{
	struct rig *r = rig_new(false);

	rig_door(r);
	sess_start(r->s);
	rig_settle(r);
	rig_assert(r, SESS_ACTIVE);
	rig_dial(r);
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	sim_run_for(100 * SIM_SECOND); // the retry timer was stopped
	assert_string_equal(buf_cstr(&r->trace), "Connect Active OpenSent ");
	rig_free(r);
}

// --- ManualStop ---------------------------------------------------------------------------------------

static void test_Q1_stop_in_each_state(void **state)
{
	for (unsigned i = SESS_OPENSENT; i <= SESS_ESTABLISHED; i++) {
		struct rig *r = rig_new(false);
		struct line *l = rig_to(r, i);
		sess_stop(r->s, CEASE_DECONFIGURED, NULL);
		rig_assert(r, SESS_IDLE);
		rig_settle(r);
		line_assert_notified(r, l, BGP_ERROR_CEASE, CEASE_DECONFIGURED);
		assert_int_equal(r->downs, 1);
		assert_int_equal(r->down.cause, DOWN_ADMIN);
		assert_int_equal(r->down.was_established, i == SESS_ESTABLISHED);
		sim_run_for(200 * SIM_SECOND);
		rig_assert(r, SESS_IDLE); // and stays
		sess_start(r->s);
		rig_settle(r);
		rig_assert(r, SESS_OPENSENT);
		rig_free(r);
	}
}

static void test_stop_before_a_connection(void **state)
{
	struct rig *r = rig_new(false);

	sim_set_down("10.0.0.1", "10.0.0.2", true);
	sess_stop(r->s, CEASE_SHUTDOWN, NULL); // Idle: nothing
	sess_start(r->s);
	rig_assert(r, SESS_CONNECT);
	sess_stop(r->s, CEASE_SHUTDOWN, NULL);
	rig_assert(r, SESS_IDLE);
	sim_set_down("10.0.0.1", "10.0.0.2", false);
	sess_start(r->s);
	rig_settle(r);
	rig_assert(r, SESS_ACTIVE);
	sess_stop(r->s, CEASE_SHUTDOWN, NULL);
	rig_assert(r, SESS_IDLE);
	assert_int_equal(r->downs, 0);
	rig_free(r);
}

static void test_Q2_shutdown_text(void **state)
{
	static const uint8_t subcodes[] = {CEASE_SHUTDOWN, CEASE_RESET, CEASE_CONFIG_CHANGE};

	for (unsigned i = 0; i < 3; i++) {
		struct rig *r = rig_new(false);
		struct line *l = rig_to(r, SESS_ESTABLISHED);
		sess_stop(r->s, subcodes[i], "see you");
		rig_settle(r);
		line_assert_notified(r, l, BGP_ERROR_CEASE, subcodes[i]);
		if (subcodes[i] == CEASE_CONFIG_CHANGE) {
			assert_int_equal(l->data.len, 0);
		} else {
			assert_int_equal(l->data.len, 8);
			assert_memory_equal(l->data.data, "\7see you", 8);
		}
		rig_free(r);
	}
}

static void test_reset_starts_again(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);

	sess_reset(r->s, CEASE_RESET, NULL);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_CEASE, CEASE_RESET);
	rig_assert(r, SESS_IDLE);
	sim_run_for(SIM_SECOND);
	rig_assert(r, SESS_OPENSENT);
	assert_int_equal(r->downs, 1);
	line_notify(rig_line(r), BGP_ERROR_OPEN, 2);
	rig_settle(r);
	rig_assert(r, SESS_IDLE);
	sess_reset(r->s, CEASE_RESET, NULL); // nothing to close: at once
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	rig_free(r);
}

static void test_shutdown_by_configuration(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);

	r->config.shutdown = true;
	sess_configure(r->s, &r->config);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_CEASE, CEASE_SHUTDOWN);
	sess_start(r->s);
	sim_run_for(100 * SIM_SECOND);
	rig_assert(r, SESS_IDLE);
	r->config.shutdown = false;
	sess_configure(r->s, &r->config);
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	rig_free(r);
}

// --- messages out of place -------------------------------------------------------------------------------

struct misplaced {
	enum sess_state state;
	uint8_t type, subcode;
};

static void send_any(struct line *l, const struct open *o, uint8_t type)
{
	if (type == BGP_OPEN)
		line_open(l, o);
	else if (type == BGP_UPDATE)
		line_update(l);
	else if (type == BGP_KEEPALIVE)
		line_keepalive(l);
	else
		line_refresh(l, af_classic()->afi, 0, af_classic()->safi, 0);
}

static void test_Q6_B10_misplaced_messages(void **state)
{
	static const struct misplaced cases[] = {
		{SESS_OPENSENT, BGP_UPDATE, 1},        {SESS_OPENSENT, BGP_KEEPALIVE, 1},
		{SESS_OPENSENT, BGP_ROUTE_REFRESH, 1}, {SESS_OPENCONFIRM, BGP_OPEN, 2},
		{SESS_OPENCONFIRM, BGP_UPDATE, 2},     {SESS_OPENCONFIRM, BGP_ROUTE_REFRESH, 2},
		{SESS_ESTABLISHED, BGP_OPEN, 3},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *r = rig_new(false);
		struct line *l = rig_to(r, cases[i].state);
		struct open o = rig_open(r);
		send_any(l, &o, cases[i].type);
		rig_settle(r);
		line_assert_notified(r, l, BGP_ERROR_FSM, cases[i].subcode);
		assert_int_equal(l->data.len, 1);
		assert_int_equal(l->data.data[0], cases[i].type);
		rig_assert(r, SESS_IDLE);
		assert_int_equal(r->down.cause, DOWN_NOTIFICATION_SENT);
		assert_int_equal(r->updates + r->refreshes, 0);
		rig_free(r);
	}
}

// --- NOTIFICATION received -------------------------------------------------------------------------------

static void test_G30_no_answer_to_notification(void **state)
{
	for (unsigned i = SESS_OPENSENT; i <= SESS_ESTABLISHED; i++) {
		struct rig *r = rig_new(false);
		struct line *l = rig_to(r, i);
		line_notify(l, 99, 77);
		rig_settle(r);
		assert_int_equal(l->in_type[BGP_NOTIFICATION], 0);
		assert_true(l->closed);
		rig_assert(r, SESS_IDLE);
		assert_int_equal(r->down.cause, DOWN_NOTIFICATION_RECEIVED);
		assert_int_equal(r->down.code, 99);
		assert_int_equal(r->down.subcode, 77);
		rig_free(r);
	}
}

static void test_version_notification(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);

	line_notify(l, BGP_ERROR_OPEN, 1);
	rig_settle(r);
	assert_true(l->closed);
	assert_int_equal(l->in_type[BGP_NOTIFICATION], 0);
	rig_assert(r, SESS_IDLE);
	rig_free(r);
}

// --- the transport ----------------------------------------------------------------------------------------

static void test_transport_lost(void **state)
{
	for (unsigned i = SESS_OPENSENT; i <= SESS_ESTABLISHED; i++) {
		struct rig *r = rig_new(false);
		struct line *l = rig_to(r, i);
		line_close(l);
		rig_settle(r);
		rig_assert(r, i == SESS_OPENSENT ? SESS_ACTIVE : SESS_IDLE);
		assert_int_equal(r->downs, 1);
		assert_int_equal(r->down.cause, DOWN_TRANSPORT);
		assert_int_equal(sess_get_counters(r->s)->drops, i == SESS_ESTABLISHED);
		sim_run_for(33 * SIM_SECOND); // and comes back by itself
		rig_assert(r, SESS_OPENSENT);
		rig_free(r);
	}
}

// --- errors found by the owner ------------------------------------------------------------------------------

static void test_G24_owner_fault(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);
	struct fault none = {0}, f = {.code = BGP_ERROR_UPDATE,
				      .subcode = 1,
				      .data = {(const uint8_t *)"abc", 3},
				      .text = "malformed"};

	sess_fail(r->s, &none);
	rig_assert(r, SESS_ESTABLISHED);
	sess_fail(r->s, &f);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_UPDATE, 1);
	assert_memory_equal(l->data.data, "abc", 3);
	assert_true(r->down.was_established);
	assert_string_equal(r->down_text, "malformed");
	rig_free(r);
}

static void fail_with_cease(struct rig *r)
{
	struct fault f = {.code = BGP_ERROR_CEASE, .subcode = CEASE_MAX_PREFIXES};

	sess_fail(r->s, &f);
}

static void test_G32_prefix_limit(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);

	r->during_update = fail_with_cease;
	line_update(l);
	line_update(l); // is not delivered any more
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_CEASE, CEASE_MAX_PREFIXES);
	assert_int_equal(r->updates, 1);
	rig_free(r);
}

static void free_it(struct rig *r)
{
	sess_free(r->s);
	r->s = NULL;
}

static void test_freed_by_its_owner(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);

	r->during_update = free_it;
	line_update(l);
	line_update(l);
	rig_settle(r);
	assert_int_equal(r->updates, 1);
	assert_int_equal(r->downs, 0);
	assert_true(l->closed);
	rig_free(r);

	r = rig_new(false);
	l = rig_to(r, SESS_ESTABLISHED);
	r->during_down = free_it;
	line_notify(l, BGP_ERROR_CEASE, CEASE_SHUTDOWN);
	rig_settle(r);
	assert_int_equal(r->downs, 1);
	rig_free(r);
}

static void start_it(struct rig *r)
{
	sess_start(r->s);
}

static void test_started_by_its_owner_when_down(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);

	r->during_down = start_it;
	line_close(l);
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	rig_free(r);
}

// --- looking, and what cannot work ---------------------------------------------------------------

static void test_looking(void **state)
{
	struct rig *r = rig_new(false);
	struct update_context x;

	assert_null(sess_get_negotiated(r->s));
	assert_string_equal(sess_last_event(r->s), "None");
	rig_to(r, SESS_ESTABLISHED);
	sim_run_for(5 * SIM_SECOND);
	assert_in_range(sess_up_time(r->s), 5 * SIM_SECOND, 6 * SIM_SECOND);
	sess_update_context(r->s, &x);
	assert_true(x.attr.as4 && !x.attr.internal && !x.attr.confed);
	assert_int_equal(x.families, r->config.families);
	assert_true(ip_equal(&x.remote, &r->config.remote));
	assert_int_equal(ip_to_u32(&x.local), 0x0a000001);
	assert_int_equal(sess_get_config(r->s)->remote_as, 65002);
	sess_configure(r->s, &r->config); // nothing new: nothing happens
	sess_start(r->s);
	rig_assert(r, SESS_ESTABLISHED);
	rig_free(r);
}

static void test_cannot_even_try(void **state)
{
	struct rig *r = rig_new(false);

	ip_parse("fd00::1", &r->config.local); // for a neighbour with an IPv4 address
	rig_rebuild(r);
	sess_start(r->s);
	rig_assert(r, SESS_ACTIVE);
	sim_run_for(33 * SIM_SECOND);
	rig_assert(r, SESS_ACTIVE);
	r->config.local = (struct ip){0};
	sess_configure(r->s, &r->config);
	rig_listen(r);
	sim_run_for(33 * SIM_SECOND);
	rig_assert(r, SESS_OPENSENT);
	rig_free(r);
}

static void test_door(void **state)
{
	struct rig *r = rig_new(true);
	struct ip any = {0}, one = ip_from_u32(0x0a000001), six = {.bits = 128};
	int error = 0;

	rig_door(r);
	assert_null(sess_door_new(r->near, &(struct sess_place){.local = any, .port = 179}, NULL, r,
				  &error));
	assert_int_equal(error, -EADDRINUSE);
	struct sess_door *d = sess_door_new(
		r->near, &(struct sess_place){.local = one, .port = 1790}, NULL, r, &error);
	assert_non_null(d);
	assert_int_equal(sess_door_password(d, &six, "x"), -EAFNOSUPPORT);
	sess_door_free(d);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_active_way_up),
		cmocka_unit_test(test_G35_passive_way_up),
		cmocka_unit_test(test_refused_then_active_then_again),
		cmocka_unit_test(test_connect_retry_in_connect),
		cmocka_unit_test(test_incoming_in_active),
		cmocka_unit_test(test_Q1_stop_in_each_state),
		cmocka_unit_test(test_stop_before_a_connection),
		cmocka_unit_test(test_Q2_shutdown_text),
		cmocka_unit_test(test_reset_starts_again),
		cmocka_unit_test(test_shutdown_by_configuration),
		cmocka_unit_test(test_Q6_B10_misplaced_messages),
		cmocka_unit_test(test_G30_no_answer_to_notification),
		cmocka_unit_test(test_version_notification),
		cmocka_unit_test(test_transport_lost),
		cmocka_unit_test(test_G24_owner_fault),
		cmocka_unit_test(test_G32_prefix_limit),
		cmocka_unit_test(test_freed_by_its_owner),
		cmocka_unit_test(test_started_by_its_owner_when_down),
		cmocka_unit_test(test_looking),
		cmocka_unit_test(test_cannot_even_try),
		cmocka_unit_test(test_door),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
