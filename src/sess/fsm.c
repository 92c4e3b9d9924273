// The finite state machine of RFC 4271 section 8, one for each connection: a table of what each
// event does in each state, and the actions. Every change of state goes through enter(), which
// knows the legal edges:
//
//   Idle ---start---> Connect <--retry timer--> Active ---incoming TCP---+
//     |  (passive) ---------------------------->  ^                      |
//     |                  |                        | TCP fails            v
//     |                  +------- TCP is up ------+-----------------> OpenSent
//     |                                                                  | OPEN
//     |<-- every failure, after it a rest that grows (IdleHoldTimer) --- OpenConfirm
//     |                                                                  | KEEPALIVE
//     |<---------------------------------------------------------------- Established
//
// Where we differ from the letter, and why:
//  - An attempt to connect that fails leads to Active and not to Idle (8.2.2, Connect, event 18):
//    in Idle we would refuse the peer's own attempt. DelayOpen, for which the RFC keeps that edge,
//    is not used.
//  - A NOTIFICATION is never answered by one (6.4), not even in OpenSent (8.2.2, event 25).
//  - Messages out of place are answered by the subcodes of RFC 6608.
//  - The keepalive timer runs on when an UPDATE is sent: its beat is steady and can be measured.
#include "sess/sess_private.h"

#include "base/log.h"

typedef void action_fn(struct conn *c, const struct fsm_event *e);

// --- states and timers --------------------------------------------------------------------------

static void enter(struct conn *c, enum sess_state next)
{
	static const uint8_t legal[] = {
		[SESS_IDLE] = 1 << SESS_CONNECT | 1 << SESS_ACTIVE,
		[SESS_CONNECT] = 1 << SESS_IDLE | 1 << SESS_ACTIVE | 1 << SESS_OPENSENT,
		[SESS_ACTIVE] = 1 << SESS_IDLE | 1 << SESS_CONNECT | 1 << SESS_OPENSENT,
		[SESS_OPENSENT] = 1 << SESS_IDLE | 1 << SESS_ACTIVE | 1 << SESS_OPENCONFIRM,
		[SESS_OPENCONFIRM] = 1 << SESS_IDLE | 1 << SESS_ESTABLISHED,
		[SESS_ESTABLISHED] = 1 << SESS_IDLE,
	};

	if (next != c->state && !(legal[c->state] & 1u << next))
		die("sess: peer %s: no edge from %s to %s", c->sess->name,
		    sess_state_text(c->state), sess_state_text(next));
	c->state = next;
}

static void close_conn(struct conn *c, bool finish)
{
	transport_close(c, finish);
	timer_stop(c->connect_retry);
	timer_stop(c->hold);
	timer_stop(c->keepalive);
	buf_clear(&c->input);
	c->confirmed = c->hold_grace = false;
	c->waiting_end = 0;
	c->life++;
	if (c->bare)
		c->sess->bare = c->bare = false;
}

void conn_drop(struct conn *c)
{
	close_conn(c, false);
	if (c->state != SESS_IDLE)
		enter(c, SESS_IDLE);
}

void fsm_publish(struct sess *s)
{
	struct conn *other = conn_other(s->main);
	enum sess_state from = s->shown;

	if (other->state != SESS_IDLE &&
	    (s->main->state == SESS_IDLE ||
	     (other->state >= SESS_OPENSENT && other->state > s->main->state)))
		s->main = other;
	if (s->main->state == from || s->freed)
		return;
	s->shown = s->main->state;
	s->last_state = from;
	s->changed_at = loop_now(s->loop);
	report_state(s, from, s->shown);
	if (s->ops->on_state)
		s->ops->on_state(s->arg, s, from, s->shown);
}

// --- ends ------------------------------------------------------------------------------------------------

static void count_end(struct conn *c)
{
	struct sess *s = c->sess;

	if (c->state != SESS_ESTABLISHED)
		return;
	s->counters.drops++;
	s->paused = false;
	if (loop_now(s->loop) - s->counters.up_since >= STEADY)
		s->failures = 0;
}

// Nobody goes on: a while in Idle, or in Active until we try again. A peer that takes connections
// and drops them is not tried at full speed, nor only after the whole retry time.
static void rest(struct conn *c)
{
	struct sess *s = c->sess;

	s->failures++;
	if (c->state == SESS_IDLE)
		timer_wait_in_idle(s);
	else if (!s->mute && !s->config.passive)
		timer_start(c->connect_retry, timer_rest(s));
}

// Ends the connection: NOTIFICATION if the event has one, then `next`, unless the other connection
// goes on in its place. The owner hears of it last.
static void end(struct conn *c, const struct fsm_event *e, enum sess_down_cause cause,
		enum sess_state next)
{
	struct sess *s = c->sess;
	struct conn *other = conn_other(c);
	bool opened = c->state >= SESS_OPENSENT, tell = opened && e->fault.code;
	struct sess_down down = {
		.cause = cause,
		.code = tell ? e->fault.code : e->code,
		.subcode = tell ? e->fault.subcode : e->subcode,
		.was_established = c->state == SESS_ESTABLISHED,
		.text = e->text ? e->text : sess_event_text(e->type),
	};

	if (tell)
		send_notification(c, &e->fault);
	count_end(c);
	close_conn(c, tell);
	if (other->state == SESS_CONNECT && e->type != EVENT_TCP_FAILS)
		conn_drop(other);
	bool replaced = other->state != SESS_IDLE, carried = other->state >= SESS_OPENSENT;
	enter(c, replaced ? SESS_IDLE : next);
	if (!replaced && e->type != EVENT_MANUAL_STOP)
		rest(c);
	if (other->confirmed && e->type != EVENT_MANUAL_STOP)
		fsm_simple(other, EVENT_KEEPALIVE);
	fsm_publish(s);
	if (opened && !carried && !s->freed && s->ops->on_down)
		s->ops->on_down(s->arg, s, &down);
}

static void act_stop(struct conn *c, const struct fsm_event *e)
{
	end(c, e, DOWN_ADMIN, SESS_IDLE);
}

static void act_fault(struct conn *c, const struct fsm_event *e)
{
	end(c, e, DOWN_NOTIFICATION_SENT, SESS_IDLE);
}

static void act_hold(struct conn *c, const struct fsm_event *e)
{
	struct fsm_event with = *e;

	with.fault.code = BGP_ERROR_HOLD;
	with.text = "hold timer expired";
	end(c, &with, DOWN_HOLD_TIMER, SESS_IDLE);
}

static void act_lost(struct conn *c, const struct fsm_event *e)
{
	end(c, e, DOWN_TRANSPORT, c->state == SESS_OPENSENT ? SESS_ACTIVE : SESS_IDLE);
}

// RFC 6608 section 4: the subcode tells the state, the data is the type of the message.
static void act_unexpected(struct conn *c, const struct fsm_event *e)
{
	struct fsm_event with = *e;

	with.fault = (struct fault){.code = BGP_ERROR_FSM};
	with.fault.subcode = (uint8_t)(c->state - SESS_OPENSENT + 1);
	if (e->message)
		with.fault.data = (struct span){e->message + BGP_HEADER - 1, 1};
	with.text = "message out of place";
	end(c, &with, DOWN_NOTIFICATION_SENT, SESS_IDLE);
}

static void act_notified(struct conn *c, const struct fsm_event *e)
{
	struct sess *s = c->sess;

	// RFC 5492 section 3: a peer that knows no optional parameters is asked again without. That
	// leaves the classic family only.
	if (e->code == BGP_ERROR_OPEN && e->subcode == 4 && !c->offered.caps.conventional &&
	    (s->config.families & af_bit(af_classic())))
		s->bare = true;
	if (e->code == BGP_ERROR_OPEN && e->subcode == 7)
		s->mute = true;
	end(c, e, DOWN_NOTIFICATION_RECEIVED, SESS_IDLE);
}

// --- ways up ------------------------------------------------------------------------------------------------

static void dial(struct conn *c)
{
	if (c->state != SESS_CONNECT || c->sess->freed)
		return; // the owner has stopped it
	timer_start_connect_retry(c);
	if (transport_dial(c))
		fsm_simple(c, EVENT_TCP_FAILS);
}

static void listen_or_dial(struct conn *c)
{
	struct sess *s = c->sess;
	bool quiet = s->mute || s->config.passive;

	enter(c, quiet ? SESS_ACTIVE : SESS_CONNECT);
	fsm_publish(s);
	dial(c);
}

static void act_begin(struct conn *c, const struct fsm_event *e)
{
	timer_stop(c->sess->idle_hold);
	if (!collide_take_parked(c))
		listen_or_dial(c);
}

static void act_retry(struct conn *c, const struct fsm_event *e)
{
	close_conn(c, false);
	if (conn_other(c)->state != SESS_IDLE)
		enter(c, SESS_IDLE); // the peer has connected meanwhile
	else
		listen_or_dial(c);
}

static void act_not_connected(struct conn *c, const struct fsm_event *e)
{
	bool alone = conn_other(c)->state == SESS_IDLE;

	close_conn(c, false);
	enter(c, alone ? SESS_ACTIVE : SESS_IDLE);
	if (alone && !c->sess->mute && !c->sess->config.passive)
		timer_start_connect_retry(c);
	if (e->text)
		log_info("peer %s: no connection: %s", c->sess->name, e->text);
	fsm_publish(c->sess);
}

static void act_connected(struct conn *c, const struct fsm_event *e)
{
	timer_stop(c->connect_retry);
	enter(c, SESS_OPENSENT);
	c->max_input = BGP_MAX;
	timer_set_hold(c, OPEN_HOLD);
	send_open(c);
	fsm_publish(c->sess);
}

// The OPEN was found good, and c->negotiated is filled.
static void act_opened(struct conn *c, const struct fsm_event *e)
{
	struct sess_negotiated *n = &c->negotiated;

	if (collide_loses(c)) {
		fsm_simple(c, EVENT_COLLISION_DUMP);
		return;
	}
	n->local = stream_local(c->stream, &n->local_port);
	n->remote = stream_remote(c->stream, &n->remote_port);
	n->initiated_by_us = c->outgoing;
	if (c->offered.caps.extended_message)
		c->max_input =
			BGP_MAX_EXTENDED; // who says it can read it must (RFC 8654 section 4)
	enter(c, SESS_OPENCONFIRM);
	timer_set_hold(c, n->hold_time * SECOND);
	send_keepalive(c);
	timer_start_keepalive(c);
	collide_win(c);
	fsm_publish(c->sess);
}

static void establish(struct conn *c)
{
	struct sess *s = c->sess;
	struct conn *other = conn_other(c);

	timer_stop(s->settle);
	c->confirmed = false;
	if (other->state >= SESS_OPENSENT)
		fsm_simple(other, EVENT_COLLISION_DUMP);
	else if (other->state != SESS_IDLE)
		conn_drop(other);
	enter(c, SESS_ESTABLISHED);
	timer_heard(c);
	s->number++;
	s->mute = s->paused = false;
	s->ended_ribs = 0;
	s->counters.established_count++;
	s->counters.established_at = loop_wall(s->loop);
	s->counters.up_since = loop_now(s->loop);
	fsm_publish(s);
	if (c->state == SESS_ESTABLISHED && !s->freed && s->ops->on_established)
		s->ops->on_established(s->arg, s, &c->negotiated);
}

static void act_confirmed(struct conn *c, const struct fsm_event *e)
{
	timer_heard(c);
	if (c->confirmed || !collide_undecided(c)) {
		establish(c);
	} else {
		c->confirmed = true;
		timer_start(c->sess->settle, SETTLE);
	}
}

// --- while it stands ----------------------------------------------------------------------------------------

static void act_keepalive_due(struct conn *c, const struct fsm_event *e)
{
	uint64_t now = loop_clock(), late = now > c->keepalive_due ? now - c->keepalive_due : 0;

	if (late > c->sess->counters.worst_keepalive_delay)
		c->sess->counters.worst_keepalive_delay = late;
	send_keepalive(c);
	timer_start_keepalive(c);
	if (c->state == SESS_ESTABLISHED && c->sess->ops->on_keepalive)
		c->sess->ops->on_keepalive(c->sess->arg, c->sess, late, false);
}

static void act_heard(struct conn *c, const struct fsm_event *e)
{
	timer_heard(c);
}

static void act_update(struct conn *c, const struct fsm_event *e)
{
	struct sess *s = c->sess;

	timer_heard(c);
	s->counters.last_update_in = loop_wall(s->loop);
	s->ops->on_update(s->arg, s, e->message, e->size);
}

static void act_refresh(struct conn *c, const struct fsm_event *e)
{
	receive_refresh(c, e->message, e->size);
}

// --- the table --------------------------------------------------------------------------------------------

// Events that are not named do nothing in that state (Idle) or cannot occur.
static action_fn *const table[][EVENT_COUNT] = {
	[SESS_IDLE] =
		{
			[EVENT_MANUAL_START] = act_begin,
			[EVENT_AUTOMATIC_START] = act_begin,
			[EVENT_MANUAL_START_PASSIVE] = act_begin,
			[EVENT_AUTOMATIC_START_PASSIVE] = act_begin,
			[EVENT_AUTOMATIC_START_DAMP] = act_begin,
			[EVENT_AUTOMATIC_START_DAMP_PASSIVE] = act_begin,
			[EVENT_IDLE_HOLD_EXPIRES] = act_begin,
		},
	[SESS_CONNECT] =
		{
			[EVENT_MANUAL_STOP] = act_stop,
			[EVENT_AUTOMATIC_STOP] = act_fault,
			[EVENT_CONNECT_RETRY_EXPIRES] = act_retry,
			[EVENT_TCP_CR_ACKED] = act_connected,
			[EVENT_TCP_CONFIRMED] = act_connected,
			[EVENT_TCP_FAILS] = act_not_connected,
		},
	[SESS_ACTIVE] =
		{
			[EVENT_MANUAL_STOP] = act_stop,
			[EVENT_AUTOMATIC_STOP] = act_fault,
			[EVENT_CONNECT_RETRY_EXPIRES] = act_retry,
			[EVENT_TCP_CR_ACKED] = act_connected,
			[EVENT_TCP_CONFIRMED] = act_connected,
		},
	[SESS_OPENSENT] =
		{
			[EVENT_MANUAL_STOP] = act_stop,
			[EVENT_AUTOMATIC_STOP] = act_fault,
			[EVENT_HOLD_EXPIRES] = act_hold,
			[EVENT_TCP_FAILS] = act_lost,
			[EVENT_OPEN] = act_opened,
			[EVENT_HEADER_ERROR] = act_fault,
			[EVENT_OPEN_ERROR] = act_fault,
			[EVENT_COLLISION_DUMP] = act_fault,
			[EVENT_NOTIFICATION_VERSION] = act_notified,
			[EVENT_NOTIFICATION] = act_notified,
			[EVENT_KEEPALIVE] = act_unexpected,
			[EVENT_UPDATE] = act_unexpected,
			[EVENT_REFRESH] = act_unexpected,
		},
	[SESS_OPENCONFIRM] =
		{
			[EVENT_MANUAL_STOP] = act_stop,
			[EVENT_AUTOMATIC_STOP] = act_fault,
			[EVENT_HOLD_EXPIRES] = act_hold,
			[EVENT_KEEPALIVE_EXPIRES] = act_keepalive_due,
			[EVENT_TCP_FAILS] = act_lost,
			[EVENT_OPEN] = act_unexpected,
			[EVENT_HEADER_ERROR] = act_fault,
			[EVENT_COLLISION_DUMP] = act_fault,
			[EVENT_NOTIFICATION_VERSION] = act_notified,
			[EVENT_NOTIFICATION] = act_notified,
			[EVENT_KEEPALIVE] = act_confirmed,
			[EVENT_UPDATE] = act_unexpected,
			[EVENT_REFRESH] = act_unexpected,
		},
	[SESS_ESTABLISHED] =
		{
			[EVENT_MANUAL_STOP] = act_stop,
			[EVENT_AUTOMATIC_STOP] = act_fault,
			[EVENT_HOLD_EXPIRES] = act_hold,
			[EVENT_KEEPALIVE_EXPIRES] = act_keepalive_due,
			[EVENT_TCP_FAILS] = act_lost,
			[EVENT_OPEN] = act_unexpected,
			[EVENT_HEADER_ERROR] = act_fault,
			[EVENT_NOTIFICATION_VERSION] = act_notified,
			[EVENT_NOTIFICATION] = act_notified,
			[EVENT_KEEPALIVE] = act_heard,
			[EVENT_UPDATE] = act_update,
			[EVENT_REFRESH] = act_refresh,
			[EVENT_UPDATE_ERROR] = act_fault,
		},
};

void fsm_event(struct conn *c, const struct fsm_event *e)
{
	action_fn *act = table[c->state][e->type];

	if (!act || c->sess->freed)
		return;
	c->sess->last_event = e->type;
	act(c, e);
}

void fsm_simple(struct conn *c, enum fsm_event_type type)
{
	struct fsm_event e = {.type = type};

	if (type == EVENT_COLLISION_DUMP) {
		e.fault = (struct fault){.code = BGP_ERROR_CEASE, .subcode = CEASE_COLLISION};
		e.text = "lost a connection collision";
	}
	fsm_event(c, &e);
}
