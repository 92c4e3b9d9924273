// What the session says to each message that is wrong or unusual: headers, OPEN and its optional
// parameters, ROUTE-REFRESH. Octet by octet; names carry the rule of the RFC checklist.
#include "unit/sess_rig.h"

#include <string.h>

// --- headers -----------------------------------------------------------------------------------------

static struct rig *header(enum sess_state state, uint8_t first, uint16_t length, uint8_t type,
			  struct line **ret_line)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, state);
	uint8_t p[64];

	memset(p, 0xff, 16);
	memset(p + 16, 0, sizeof(p) - 16);
	p[5] = first;
	p[16] = (uint8_t)(length >> 8);
	p[17] = (uint8_t)length;
	p[18] = type;
	line_send(l, p, sizeof(p));
	rig_settle(r);
	*ret_line = l;
	rig_assert(r, SESS_IDLE);
	return r;
}

static void test_G22_marker(void **state)
{
	struct line *l;

	for (unsigned i = SESS_OPENSENT; i <= SESS_ESTABLISHED; i++) {
		struct rig *r = header(i, 0xfe, 19, BGP_KEEPALIVE, &l);
		line_assert_notified(r, l, BGP_ERROR_HEADER, 1);
		rig_free(r);
	}
}

static void test_G22_length(void **state)
{
	static const struct {
		uint16_t length;
		uint8_t type;
	} cases[] = {
		{0, BGP_UPDATE},  {18, BGP_KEEPALIVE},    {20, BGP_KEEPALIVE}, {28, BGP_OPEN},
		{22, BGP_UPDATE}, {20, BGP_NOTIFICATION}, {4097, BGP_OPEN},
	};
	struct line *l;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *r = header(SESS_ESTABLISHED, 0xff, cases[i].length, cases[i].type, &l);
		line_assert_notified(r, l, BGP_ERROR_HEADER, 2);
		assert_int_equal(l->data.len, 2);
		assert_int_equal(l->data.data[0] << 8 | l->data.data[1], cases[i].length);
		rig_free(r);
	}
}

static void test_G22_B15_type(void **state)
{
	static const uint8_t types[] = {0, 6, 128, 255};
	struct line *l;

	for (unsigned i = 0; i < sizeof(types); i++) {
		struct rig *r = header(SESS_ESTABLISHED, 0xff, 23, types[i], &l);
		line_assert_notified(r, l, BGP_ERROR_HEADER, 3);
		assert_int_equal(l->data.len, 1);
		assert_int_equal(l->data.data[0], types[i]);
		rig_free(r);
	}
}

static void send_long_update(struct line *l, size_t n)
{
	static uint8_t body[BGP_MAX_EXTENDED];

	line_message(l, BGP_UPDATE, body, n - BGP_HEADER);
}

static void test_O1_O2_long_messages(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_ESTABLISHED);

	assert_int_equal(r->negotiated.max_message, BGP_MAX_EXTENDED);
	send_long_update(l, BGP_MAX_EXTENDED);
	send_long_update(l, 4097);
	sim_run_for(SIM_SECOND);
	assert_int_equal(r->updates, 2);
	assert_int_equal(r->update_bytes, BGP_MAX_EXTENDED + 4097);
	rig_free(r);

	r = rig_new(false);
	r->config.extended_message = false;
	rig_rebuild(r);
	l = rig_to(r, SESS_ESTABLISHED);
	send_long_update(l, 4096);
	rig_settle(r);
	assert_int_equal(r->updates, 1);
	send_long_update(l, 4097);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_HEADER, 2);
	rig_free(r);
}

// --- OPEN ------------------------------------------------------------------------------------------------

// Version 4, AS 65002, hold time 90, identifier 10.0.0.2; then these optional parameters.
static void send_open_octets(struct line *l, const char *parameters, size_t n)
{
	uint8_t body[512] = {4, 0xfd, 0xea, 0, 90, 10, 0, 0, 2, (uint8_t)n};

	memcpy(body + 10, parameters, n);
	line_message(l, BGP_OPEN, body, 10 + n);
}

#define SEND_OPEN(l, parameters) send_open_octets(l, parameters, sizeof(parameters) - 1)

static void assert_open_refused(struct open o, uint8_t subcode)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);

	line_open(l, &o);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_OPEN, subcode);
	assert_int_equal(r->down.code, BGP_ERROR_OPEN);
	assert_false(r->down.was_established);
	rig_free(r);
}

static void test_G23_H22_H23_open_refused(void **state)
{
	struct rig *r = rig_new(false);
	struct open good = rig_open(r), o;

	rig_free(r);
	o = good;
	o.as = o.caps.as4_number = 65003;
	assert_open_refused(o, 2);
	o = good;
	o.as = 0;
	assert_open_refused(o, 2);
	o = good;
	o.router_id = 0;
	assert_open_refused(o, 3);
	o = good;
	o.hold_time = 2;
	assert_open_refused(o, 6);
}

static void test_G23_version(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);
	uint8_t body[] = {3, 0xfd, 0xea, 0, 90, 10, 0, 0, 2, 0};

	line_message(l, BGP_OPEN, body, sizeof(body));
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_OPEN, 1);
	assert_int_equal(l->data.len, 2);
	assert_memory_equal(l->data.data, "\0\4", 2);
	rig_free(r);
}

static void assert_parameters(const char *p, size_t n, int subcode)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);

	send_open_octets(l, p, n);
	rig_settle(r);
	if (subcode < 0)
		rig_assert(r, SESS_OPENCONFIRM);
	else
		line_assert_notified(r, l, BGP_ERROR_OPEN, (uint8_t)subcode);
	rig_free(r);
}

#define GOOD(parameters)         assert_parameters(parameters, sizeof(parameters) - 1, -1)
#define BAD(parameters, subcode) assert_parameters(parameters, sizeof(parameters) - 1, subcode)

static void test_J1_unknown_capability(void **state)
{
	GOOD("\x02\x05\xc8\x03"
	     "abc");
}

static void test_J2_repeated(void **state)
{
	GOOD("\x02\x02\x02\x00\x02\x02\x02\x00\x02\x06\x41\x04\x00\x00\xfd\xea");
	GOOD("\x02\x04\x02\x00\x02\x00");
}

static void test_G23_optional_parameters(void **state)
{
	BAD("\x01\x00", 4);     // authentication, long gone
	BAD("\x02\x09\x02", 0); // overruns
	BAD("\x02", 0);
}

static void test_J7_J9_extended_form(void **state)
{
	GOOD("\xff\x00\x05\x02\x00\x02\x02\x00");
}

static void test_H22_as4_zero(void **state)
{
	BAD("\x02\x06\x41\x04\x00\x00\x00\x00", 2);
}

static void test_J8_type_255_elsewhere(void **state)
{
	BAD("\x02\x02\x02\x00\xff\x00", 4);
}

static void test_J6_J10_ours(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);

	assert_int_equal(l->last.data[18], BGP_OPEN);
	assert_int_equal(l->last.data[28], l->last.len - 29); // the old form: it is short
	assert_int_not_equal(l->last.data[29], 255);
	assert_true(l->open.caps.refresh && l->open.caps.enhanced_refresh); // A10, B2, C1
	assert_int_equal(l->open.caps.as4_number, 65001);
	rig_free(r);
}

static void test_M10_as_trans(void **state)
{
	struct rig *r = rig_new(false);

	r->config.local_as = r->config.real_local_as = 4200000000;
	rig_rebuild(r);
	struct line *l = rig_to(r, SESS_OPENSENT);
	assert_int_equal(l->last.data[20] << 8 | l->last.data[21], BGP_AS_TRANS);
	assert_int_equal(l->open.as, 4200000000);
	rig_free(r);
}

static void test_N2_last_graceful_restart_counts(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);

	SEND_OPEN(l, "\x02\x08\x40\x02\x00\x07\x40\x02\x80\x09");
	rig_settle(r);
	line_keepalive(l);
	rig_settle(r);
	assert_true(r->negotiated.received.graceful_restart);
	assert_true(r->negotiated.received.graceful_restarting);
	assert_int_equal(r->negotiated.received.graceful_time, 9);
	rig_free(r);
}

static void test_J3_again_without_capabilities(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);

	assert_true(l->open.caps.multiprotocol);
	line_notify(l, BGP_ERROR_OPEN, 4);
	sim_run_for(1500 * SIM_MS);
	l = rig_line(r);
	assert_int_equal(r->line_count, 2);
	assert_int_equal(l->last.len, 29); // no optional parameter at all
	SEND_OPEN(l, "");
	line_keepalive(l);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(r->negotiated.families, af_bit(af_classic()));
	assert_false(r->negotiated.as4 || r->negotiated.refresh);
	line_close(l); // next time the peer may be another: with capabilities
	sim_run_for(4 * SIM_SECOND);
	assert_int_equal(r->line_count, 3);
	assert_true(rig_line(r)->open.caps.multiprotocol);
	rig_free(r);
}

static void test_J5_not_again_after_2_7(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);
	struct open o = rig_open(r);

	rig_door(r);
	line_notify(l, BGP_ERROR_OPEN, 7);
	sim_run_for(300 * SIM_SECOND);
	assert_int_equal(r->line_count, 1); // we do not connect
	l = rig_dial(r);                    // but the peer may
	line_open(l, &o);
	line_keepalive(l);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	rig_free(r);
}

static void test_J4_nothing_in_common(void **state)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);
	struct open o = rig_open(r);
	const struct af *af = af_classic();

	o.caps.families = (uint16_t)~af_bit(af) & 3;
	line_open(l, &o);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_OPEN, 7);
	assert_int_equal(l->data.len, 6);
	assert_int_equal(l->data.data[0], CAPABILITY_MP);
	assert_int_equal(l->data.data[3], af->afi);
	assert_int_equal(l->data.data[5], af->safi);
	sim_run_for(300 * SIM_SECOND);
	assert_int_equal(r->line_count, 1);
	sess_start(r->s); // the operator, in Idle or not
	sess_reset(r->s, CEASE_RESET, NULL);
	sim_run_for(2 * SIM_SECOND);
	assert_int_equal(r->line_count, 2);
	rig_free(r);
}

static void test_listen_as(void **state)
{
	struct rig *r = rig_new(false);

	r->config.remote_as = 0;
	r->allowed_as = 65002;
	rig_rebuild(r);
	rig_to(r, SESS_ESTABLISHED);
	assert_int_equal(r->asked_as, 1);
	assert_int_equal(r->negotiated.remote_as, 65002);
	rig_free(r);

	r = rig_new(false);
	r->config.remote_as = 0;
	r->allowed_as = 65003;
	rig_rebuild(r);
	struct line *l = rig_to(r, SESS_OPENSENT);
	struct open o = rig_open(r);
	line_open(l, &o);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_OPEN, 2);
	rig_free(r);
}

// --- ROUTE-REFRESH ---------------------------------------------------------------------------------------

static struct rig *refreshing(bool refresh, bool enhanced, bool graceful, struct line **ret_line)
{
	struct rig *r = rig_new(false);
	struct line *l = rig_to(r, SESS_OPENSENT);
	struct open o = rig_open(r);

	o.caps.refresh = refresh;
	o.caps.enhanced_refresh = enhanced;
	o.caps.graceful_restart = graceful;
	line_open(l, &o);
	line_keepalive(l);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	*ret_line = l;
	return r;
}

static void send_refresh(struct line *l, uint8_t subtype, size_t more)
{
	line_refresh(l, af_classic()->afi, subtype, af_classic()->safi, more);
}

static void test_B5_unknown_and_unnegotiated_families(void **state)
{
	struct line *l;
	struct rig *r = refreshing(true, true, false, &l);

	line_refresh(l, 9999, 0, 77, 0);
	for (unsigned i = 0; i < af_count; i++)
		if (af_list[i] != af_classic())
			line_refresh(l, af_list[i]->afi, 0, af_list[i]->safi, 0);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(r->refreshes, 0);
	send_refresh(l, 0, 0);
	rig_settle(r);
	assert_int_equal(r->refreshes, 1);
	assert_ptr_equal(r->refresh.af, af_classic());
	assert_int_equal(sess_get_counters(r->s)->refresh_in, af_count + 1);
	rig_free(r);
}

static void test_B7_reserved_octet(void **state)
{
	struct line *l;
	struct rig *r = refreshing(true, false, false, &l);

	send_refresh(l, 0x77, 0);
	send_refresh(l, REFRESH_BEGIN, 0);
	rig_settle(r);
	assert_int_equal(r->refreshes, 2);
	assert_int_equal(r->refresh.subtype, REFRESH_REQUEST);
	rig_free(r);
}

static void test_C15_C16_bad_length(void **state)
{
	static const size_t more[] = {1, 2, 4073, 20000};

	for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		for (uint8_t subtype = 1; subtype <= 2; subtype++) {
			struct line *l;
			struct rig *r = refreshing(true, true, false, &l);
			send_refresh(l, subtype, more[i]);
			rig_settle(r);
			line_assert_notified(r, l, BGP_ERROR_REFRESH, 1);
			assert_int_equal(l->data.len, 23 + more[i]); // the whole message
			assert_int_equal(l->data.data[18], BGP_ROUTE_REFRESH);
			assert_int_equal(r->refreshes, 0);
			rig_free(r);
		}
	}
}

static void test_C15_short_body(void **state)
{
	struct line *l;
	struct rig *r = refreshing(true, true, false, &l);

	line_message(l, BGP_ROUTE_REFRESH, "\0\1\1", 3);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_REFRESH, 1);
	assert_int_equal(l->data.len, 22);
	rig_free(r);
}

static void test_C17_unknown_subtypes(void **state)
{
	static const uint8_t subtypes[] = {3, 254, 255};
	struct line *l;
	struct rig *r = refreshing(true, true, false, &l);

	for (unsigned i = 0; i < sizeof(subtypes); i++)
		send_refresh(l, subtypes[i], i);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(r->refreshes, 0);
	rig_free(r);
}

static void test_C18_only_when_enhanced(void **state)
{
	struct line *l;
	struct rig *r = refreshing(true, false, false, &l);

	send_refresh(l, REFRESH_BEGIN, 1);
	rig_settle(r);
	assert_int_equal(l->in_type[BGP_NOTIFICATION], 0);
	rig_assert(r, SESS_ESTABLISHED);
	rig_free(r);
}

static void test_C14_before_end_of_rib(void **state)
{
	struct line *l;
	struct rig *r = refreshing(true, true, true, &l);

	send_refresh(l, REFRESH_BEGIN, 0);
	rig_settle(r);
	assert_int_equal(r->refreshes, 0);
	send_refresh(l, REFRESH_REQUEST, 0); // only BoRR waits
	rig_settle(r);
	assert_int_equal(r->refreshes, 1);
	sess_end_of_rib(r->s, af_classic());
	send_refresh(l, REFRESH_BEGIN, 0);
	rig_settle(r);
	assert_int_equal(r->refreshes, 2);
	assert_int_equal(r->refresh.subtype, REFRESH_BEGIN);
	assert_int_equal(sess_get_counters(r->s)->borr_in, 2);
	rig_free(r);
}

static void test_B3_B4_B8_C4_what_we_send(void **state)
{
	struct line *l;
	const struct af *classic = af_classic(), *other = af_list[af_list[0] == classic];
	struct rig *r = refreshing(true, false, false, &l);

	sess_send_refresh(r->s, other, REFRESH_REQUEST); // not negotiated
	sess_send_refresh(r->s, classic, REFRESH_BEGIN); // capability 70 did not come
	sess_send_refresh(r->s, classic, REFRESH_END);
	rig_settle(r);
	assert_int_equal(l->in_type[BGP_ROUTE_REFRESH], 0);
	sess_send_refresh(r->s, classic, REFRESH_REQUEST);
	rig_settle(r);
	assert_int_equal(l->in_type[BGP_ROUTE_REFRESH], 1);
	assert_int_equal(l->last.len, 23);
	assert_int_equal(l->last.data[21], 0);
	rig_free(r);

	r = refreshing(false, true, false, &l);
	for (unsigned i = 0; i < 3; i++)
		sess_send_refresh(r->s, classic, i);
	rig_settle(r);
	assert_int_equal(l->in_type[BGP_ROUTE_REFRESH], 0);
	rig_free(r);

	r = refreshing(true, true, false, &l);
	for (unsigned i = 0; i < 3; i++)
		sess_send_refresh(r->s, classic, i);
	rig_settle(r);
	assert_int_equal(l->in_type[BGP_ROUTE_REFRESH], 3);
	assert_int_equal(sess_get_counters(r->s)->borr_out, 1);
	assert_int_equal(sess_get_counters(r->s)->eorr_out, 1);
	rig_free(r);
}

static void test_refresh_that_we_did_not_offer(void **state)
{
	struct rig *r = rig_new(false);

	r->config.refresh = false;
	rig_rebuild(r);
	struct line *l = rig_to(r, SESS_ESTABLISHED);
	assert_false(l->open.caps.refresh); // A10
	send_refresh(l, 0, 0);
	rig_settle(r);
	assert_int_equal(r->refreshes, 0);
	rig_assert(r, SESS_ESTABLISHED);
	rig_free(r);
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_G22_marker),
		T(test_G22_length),
		T(test_G22_B15_type),
		T(test_O1_O2_long_messages),
		T(test_G23_H22_H23_open_refused),
		T(test_G23_version),
		T(test_J1_unknown_capability),
		T(test_J2_repeated),
		T(test_G23_optional_parameters),
		T(test_J7_J9_extended_form),
		T(test_H22_as4_zero),
		T(test_J8_type_255_elsewhere),
		T(test_J6_J10_ours),
		T(test_M10_as_trans),
		T(test_N2_last_graceful_restart_counts),
		T(test_J3_again_without_capabilities),
		T(test_J5_not_again_after_2_7),
		T(test_J4_nothing_in_common),
		T(test_listen_as),
		T(test_B5_unknown_and_unnegotiated_families),
		T(test_B7_reserved_octet),
		T(test_C15_C16_bad_length),
		T(test_C15_short_body),
		T(test_C17_unknown_subtypes),
		T(test_C18_only_when_enhanced),
		T(test_C14_before_end_of_rib),
		T(test_B3_B4_B8_C4_what_we_send),
		T(test_refresh_that_we_did_not_offer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
