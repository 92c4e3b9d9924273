// Two connections at once, and connections that come in when they should not (RFC 4271 6.8).
// Names carry the rule of the RFC checklist.
#include "unit/sess_rig.h"

#include "base/log.h"

// A session in OpenConfirm over a connection that it made itself, and a second one from the peer
// in OpenSent.
static struct rig *collision(uint32_t router_id, struct line **ours, struct line **theirs)
{
	struct rig *r = rig_new(false);

	r->config.router_id = router_id;
	rig_rebuild(r);
	rig_door(r);
	*ours = rig_to(r, SESS_OPENCONFIRM);
	*theirs = rig_dial(r);
	rig_settle(r);
	assert_int_equal((*theirs)->in_type[BGP_OPEN], 1);
	rig_assert(r, SESS_OPENCONFIRM);
	return r;
}

static void assert_stands_on(struct rig *r, struct line *stays, struct line *goes)
{
	line_assert_notified(r, goes, BGP_ERROR_CEASE, CEASE_COLLISION);
	assert_false(stays->closed);
	if (sess_get_state(r->s) != SESS_ESTABLISHED)
		line_keepalive(stays);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(r->downs, 0);
	assert_int_equal(r->established, 1);
	// The display does not go back and forth.
	assert_string_equal(buf_cstr(&r->trace) + r->trace.len - 33,
			    "OpenSent OpenConfirm Established ");
}

static void test_G33_peer_is_higher(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000001, &ours, &theirs);
	struct open o = rig_open(r);

	line_open(theirs, &o);
	rig_settle(r);
	assert_stands_on(r, theirs, ours);
	assert_false(r->negotiated.initiated_by_us);
	rig_free(r);
}

static void test_G33_we_are_higher(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000003, &ours, &theirs);
	struct open o = rig_open(r);

	line_open(theirs, &o);
	rig_settle(r);
	assert_stands_on(r, ours, theirs);
	assert_true(r->negotiated.initiated_by_us);
	rig_free(r);
}

// RFC 6286 2.3: with equal identifiers the larger AS number decides.
static void test_H23_equal_identifiers(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000002, &ours, &theirs);
	struct open o = rig_open(r);

	line_open(theirs, &o); // 65002 against 65001
	rig_settle(r);
	assert_stands_on(r, theirs, ours);
	rig_free(r);
}

// The OPEN on the peer's connection comes first.
static void test_G33_other_order(void **state)
{
	for (unsigned higher = 0; higher < 2; higher++) {
		struct rig *r = rig_new(false);
		struct open o = rig_open(r);
		r->config.router_id = higher ? 0x0a000003 : 0x0a000001;
		rig_rebuild(r);
		rig_door(r);
		struct line *ours = rig_to(r, SESS_OPENSENT);
		struct line *theirs = rig_dial(r);
		rig_settle(r);
		line_open(theirs, &o);
		rig_settle(r);
		rig_assert(r, SESS_OPENCONFIRM);
		line_open(ours, &o);
		rig_settle(r);
		if (higher)
			assert_stands_on(r, ours, theirs);
		else
			assert_stands_on(r, theirs, ours);
		rig_free(r);
	}
}

static void test_G34_established_stays(void **state)
{
	struct rig *r = rig_new(false);

	rig_door(r);
	struct line *l = rig_to(r, SESS_ESTABLISHED);
	for (unsigned i = 0; i < 5; i++) {
		struct line *second = rig_dial(r);
		rig_settle(r);
		line_assert_notified(r, second, BGP_ERROR_CEASE, CEASE_COLLISION);
		assert_int_equal(second->in_type[BGP_OPEN], 0);
	}
	assert_false(l->closed);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(sess_get_counters(r->s)->refused, 5);
	rig_free(r);
}

// --- a KEEPALIVE before it is decided --------------------------------------------------------------------

static void test_keepalive_on_the_loser_waits(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000001, &ours, &theirs);
	struct open o = rig_open(r);

	line_keepalive(ours);
	rig_settle(r);
	rig_assert(r, SESS_OPENCONFIRM);
	line_open(theirs, &o);
	rig_settle(r);
	assert_stands_on(r, theirs, ours);
	rig_free(r);
}

static void test_peer_has_decided_for_the_loser(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000001, &ours, &theirs);

	line_keepalive(ours);
	line_update(ours);
	rig_settle(r);
	assert_int_equal(r->updates, 1);
	assert_stands_on(r, ours, theirs);
	rig_free(r);
}

static void test_winner_closes(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000001, &ours, &theirs);

	line_keepalive(ours);
	rig_settle(r);
	line_notify(theirs, BGP_ERROR_CEASE, CEASE_COLLISION);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(r->downs, 0);
	rig_free(r);
}

static void test_winner_says_nothing(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000001, &ours, &theirs);

	line_keepalive(ours);
	sim_run_for(2500 * SIM_MS);
	rig_assert(r, SESS_OPENCONFIRM);
	sim_run_for(SIM_SECOND);
	assert_stands_on(r, ours, theirs);
	rig_free(r);
}

static void test_winner_of_ours_needs_no_wait(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000003, &ours, &theirs);

	line_keepalive(ours);
	rig_settle(r);
	assert_stands_on(r, ours, theirs);
	rig_free(r);
}

static void test_stop_with_two_connections(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000001, &ours, &theirs);

	line_keepalive(ours);
	rig_settle(r);
	sess_stop(r->s, CEASE_SHUTDOWN, NULL);
	rig_settle(r);
	line_assert_notified(r, ours, BGP_ERROR_CEASE, CEASE_SHUTDOWN);
	line_assert_notified(r, theirs, BGP_ERROR_CEASE, CEASE_SHUTDOWN);
	assert_int_equal(r->downs, 1);
	assert_int_equal(r->established, 0);
	rig_free(r);
}

static void test_one_fails_the_other_goes_on(void **state)
{
	struct line *ours, *theirs;
	struct rig *r = collision(0x0a000001, &ours, &theirs);
	struct open o = rig_open(r);

	line_send(ours, "garbage that is long enough", 27);
	rig_settle(r);
	assert_int_equal(ours->code, BGP_ERROR_HEADER);
	rig_assert(r, SESS_OPENSENT);
	line_open(theirs, &o);
	line_keepalive(theirs);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	rig_free(r);
}

// --- from the same side ------------------------------------------------------------------------------------

static void test_newer_of_two_incoming_stays(void **state)
{
	struct rig *r = rig_new(true);
	struct open o = rig_open(r);

	rig_door(r);
	sess_start(r->s);
	struct line *first = rig_dial(r);
	rig_settle(r);
	line_open(first, &o);
	rig_settle(r);
	rig_assert(r, SESS_OPENCONFIRM);
	struct line *second = rig_dial(r);
	rig_settle(r);
	struct line *third = rig_dial(r);
	rig_settle(r);
	assert_true(third->closed); // one current, one pending
	assert_int_equal(third->in_type[0], 0);
	line_open(second, &o);
	rig_settle(r);
	assert_stands_on(r, second, first);
	rig_free(r);
}

static void test_incoming_while_our_attempt_hangs(void **state)
{
	struct rig *r = rig_new(false);
	struct open o = rig_open(r);

	rig_listen(r);
	listener_set_md5(r->listener, &(struct ip){.bits = 32, .b = {10, 0, 0, 1}}, "key");
	rig_door(r);
	sess_start(r->s);
	rig_settle(r);
	rig_assert(r, SESS_CONNECT);
	struct line *l = rig_dial(r);
	rig_settle(r);
	rig_assert(r, SESS_OPENSENT);
	sim_run_for(60 * SIM_SECOND); // the attempt's retry timer
	rig_assert(r, SESS_OPENSENT);
	line_open(l, &o);
	line_keepalive(l);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	assert_int_equal(r->line_count, 1);
	rig_free(r);
}

static void test_incoming_fails_while_our_attempt_hangs(void **state)
{
	struct rig *r = rig_new(false);

	sim_set_latency("10.0.0.1", "10.0.0.2", 50 * SIM_MS);
	rig_listen(r);
	listener_set_md5(r->listener, &(struct ip){.bits = 32, .b = {10, 0, 0, 1}}, "key");
	rig_door(r);
	sess_start(r->s);
	struct line *l = rig_dial(r);
	sim_run_for(SIM_SECOND);
	rig_assert(r, SESS_OPENSENT);
	line_close(l);
	sim_run_for(SIM_SECOND);
	rig_assert(r, SESS_CONNECT); // the attempt still runs
	assert_int_equal(r->downs, 1);
	rig_free(r);
}

static void test_error_ends_our_attempt_too(void **state)
{
	struct rig *r = rig_new(false);

	sim_set_latency("10.0.0.1", "10.0.0.2", 50 * SIM_MS);
	rig_listen(r);
	listener_set_md5(r->listener, &(struct ip){.bits = 32, .b = {10, 0, 0, 1}}, "key");
	rig_door(r);
	sess_start(r->s);
	struct line *l = rig_dial(r);
	sim_run_for(SIM_SECOND);
	line_notify(l, BGP_ERROR_OPEN, 2);
	sim_run_for(200 * SIM_MS);
	rig_assert(r, SESS_IDLE);
	assert_int_equal(r->down.cause, DOWN_NOTIFICATION_RECEIVED);
	rig_free(r);
}

// --- refused -------------------------------------------------------------------------------------------------

static void test_Q1_rejected(void **state)
{
	struct rig *r = rig_new(false);

	r->config.active_only = true;
	rig_rebuild(r);
	rig_door(r);
	sess_start(r->s);
	rig_settle(r);
	struct line *l = rig_dial(r);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_CEASE, CEASE_REJECTED);
	sess_stop(r->s, CEASE_SHUTDOWN, NULL);
	l = rig_dial(r);
	rig_settle(r);
	line_assert_notified(r, l, BGP_ERROR_CEASE, CEASE_REJECTED);
	rig_free(r);
}

static void test_stranger_is_closed_without_a_word(void **state)
{
	struct rig *r = rig_new(true);

	rig_door(r);
	sess_start(r->s);
	r->config.remote = ip_from_u32(0x0a000009); // from another address
	sess_configure(r->s, &r->config);
	r->config.remote = ip_from_u32(0x0a000002);
	struct sess *s = r->s;
	r->s = NULL;
	struct line *l = rig_dial(r);
	rig_settle(r);
	assert_true(l->closed);
	assert_int_equal(l->bytes, 0);
	r->s = s;
	rig_free(r);
}

// A connection that comes while the session rests in Idle waits for the end of the rest.
static void test_incoming_waits_in_idle(void **state)
{
	struct rig *r = rig_new(true);
	struct open o = rig_open(r);

	r->config.idle_hold = 10;
	rig_rebuild(r);
	rig_door(r);
	sess_start(r->s);
	struct line *l = rig_dial(r);
	rig_settle(r);
	line_notify(l, BGP_ERROR_OPEN, 2);
	rig_settle(r);
	rig_assert(r, SESS_IDLE);
	l = rig_dial(r);
	line_open(l, &o);
	sim_run_for(5 * SIM_SECOND);
	rig_assert(r, SESS_IDLE);
	assert_false(l->closed);
	struct line *newer = rig_dial(r);
	line_open(newer, &o);
	rig_settle(r);
	assert_true(l->closed); // one place to wait
	sim_run_for(6 * SIM_SECOND);
	rig_assert(r, SESS_OPENCONFIRM);
	line_keepalive(newer);
	rig_settle(r);
	rig_assert(r, SESS_ESTABLISHED);
	rig_free(r);
}

static void test_flood_of_connections(void **state)
{
	struct rig *r = rig_new(false);

	rig_door(r);
	struct line *l = rig_to(r, SESS_ESTABLISHED);
	unsigned answered = 0;
	for (unsigned i = 0; i < RIG_LINES - 1; i++) {
		rig_dial(r);
		sim_run_for(10 * SIM_MS);
	}
	rig_settle(r);
	for (unsigned i = 1; i < r->line_count; i++) {
		assert_true(r->lines[i].closed);
		answered += r->lines[i].in_type[BGP_NOTIFICATION];
	}
	assert_in_range(answered, 20, 22); // the rest is closed without a word
	assert_int_equal(sess_get_counters(r->s)->refused, RIG_LINES - 1);
	assert_false(l->closed);
	rig_free(r);
}

// --- two sessions against each other --------------------------------------------------------------------------

struct side {
	struct loop *loop;
	struct sess *s;
	struct sess_door *door;
	unsigned established, downs;
};

static void side_established(void *arg, struct sess *s, const struct sess_negotiated *n)
{
	((struct side *)arg)->established++;
}

static void side_down(void *arg, struct sess *s, const struct sess_down *d)
{
	((struct side *)arg)->downs++;
}

static void side_update(void *arg, struct sess *s, const uint8_t *p, size_t n)
{
}

static struct sess *side_find(void *arg, const struct ip *remote, const struct ip *local)
{
	return ((struct side *)arg)->s;
}

static void side_open(struct side *d, uint32_t own, uint32_t other, const char *text,
		      const char *text6)
{
	static const struct sess_ops ops = {
		.on_established = side_established, .on_update = side_update, .on_down = side_down};
	struct sess_config c = {.remote = ip_from_u32(other),
				.local_as = own & 0xff,
				.real_local_as = own & 0xff,
				.remote_as = other & 0xff,
				.router_id = own,
				.families = af_bit(af_classic()),
				.hold_time = 90,
				.keepalive = 30,
				.connect_retry = 32,
				.as4 = true};
	struct ip any = {0};
	int error = 0;

	*d = (struct side){.loop = loop_new()};
	sim_set_address(d->loop, text);
	sim_set_address(d->loop, text6);
	d->s = sess_new(d->loop, &c, &ops, d);
	d->door = sess_door_new(d->loop, &(struct sess_place){.local = any, .port = 179}, side_find,
				d, &error);
	assert_int_equal(error, 0);
}

static void side_close(struct side *d)
{
	sess_free(d->s);
	sess_door_free(d->door);
	loop_free(d->loop);
}

static void on_both(struct side *a, struct side *b, uint64_t seed, unsigned *downs)
{
	sim_new(seed);
	struct sim_link *path = sim_link("10.0.0.1", "10.0.0.2");
	path->latency = 1 + seed * 7919 % (30 * SIM_MS);
	path->jitter = path->latency / 2;
	side_open(a, 0x0a000001, 0x0a000002, "10.0.0.1", "fd00::1");
	side_open(b, 0x0a000002, 0x0a000001, "10.0.0.2", "fd00::2");
	sess_start(a->s);
	sim_run_for(seed * 104729 % (3 * path->latency + 1));
	sess_start(b->s);
	sim_run_for(40 * SIM_SECOND);
	assert_int_equal(sess_get_state(a->s), SESS_ESTABLISHED);
	assert_int_equal(sess_get_state(b->s), SESS_ESTABLISHED);
	*downs += a->downs + b->downs;
	sim_run_for(10 * SIM_SECOND);
	assert_int_equal(a->established + b->established, 2);
	side_close(a);
	side_close(b);
	assert_int_equal(sim_free(), 0);
}

// In every order of events both sides end on the same connection, and at the first try.
static void test_G33_both_at_once(void **state)
{
	struct side a, b;
	unsigned downs = 0;

	log_set_level(LOG_LEVEL_WARNING);
	for (uint64_t seed = 1; seed <= 1000; seed++)
		on_both(&a, &b, seed, &downs);
	assert_int_equal(downs, 0);
}

#define T(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_G33_peer_is_higher),
		T(test_G33_we_are_higher),
		T(test_H23_equal_identifiers),
		T(test_G33_other_order),
		T(test_G34_established_stays),
		T(test_keepalive_on_the_loser_waits),
		T(test_peer_has_decided_for_the_loser),
		T(test_winner_closes),
		T(test_winner_says_nothing),
		T(test_winner_of_ours_needs_no_wait),
		T(test_stop_with_two_connections),
		T(test_one_fails_the_other_goes_on),
		T(test_newer_of_two_incoming_stays),
		T(test_incoming_while_our_attempt_hangs),
		T(test_incoming_fails_while_our_attempt_hangs),
		T(test_error_ends_our_attempt_too),
		T(test_Q1_rejected),
		T(test_stranger_is_closed_without_a_word),
		T(test_incoming_waits_in_idle),
		T(test_flood_of_connections),
		T(test_G33_both_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
