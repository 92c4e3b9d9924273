// The timers of a session (RFC 4271 sections 8.1.3, 10): ConnectRetry, Hold and Keepalive of each
// connection, and the rest in Idle (IdleHold) after a failure, which doubles from one failure to the
// next. All but the hold timer have the jitter of section 10. What they do when they expire is the
// state machine's matter (fsm.c); here is when they do.
#include "sess/sess_private.h"

uint64_t timer_rest(struct sess *s)
{
	uint64_t base = s->config.idle_hold ? s->config.idle_hold : 1;
	uint64_t most = s->config.connect_retry > base ? s->config.connect_retry : base;
	unsigned doubled = s->failures > 1 ? s->failures - 1 : 0;
	uint64_t seconds = doubled < 16 ? base << doubled : most;

	return sess_jitter(s, (seconds < most ? seconds : most) * SECOND);
}

void timer_wait_in_idle(struct sess *s)
{
	if (sess_enabled(s))
		timer_start(s->idle_hold, timer_rest(s));
}

void timer_set_hold(struct conn *c, uint64_t hold)
{
	c->heard = loop_now(c->sess->loop);
	c->hold_time = hold;
	c->hold_grace = false;
	if (hold)
		timer_start(c->hold, hold);
	else
		timer_stop(c->hold);
}

void timer_heard(struct conn *c)
{
	c->heard = loop_now(c->sess->loop);
	c->hold_grace = false;
}

// The timer is not started anew by each message: it looks here when it was heard last. Before the
// peer is given up, one more round of the loop reads what may wait in the socket: we may be late.
static void on_hold(void *arg)
{
	struct conn *c = arg;
	struct sess *s = c->sess;
	uint64_t now = loop_now(s->loop), due = c->heard + c->hold_time;

	sess_enter(s);
	if (c->state == SESS_ESTABLISHED && s->paused)
		; // starts again when reading goes on
	else if (now < due)
		timer_start(c->hold, due - now);
	else if (!c->hold_grace) {
		c->hold_grace = true;
		timer_start(c->hold, HOLD_GRACE);
	} else {
		fsm_simple(c, EVENT_HOLD_EXPIRES);
	}
	sess_leave(s);
}

void timer_start_keepalive(struct conn *c)
{
	uint64_t us = sess_jitter(c->sess, c->negotiated.keepalive * SECOND);

	if (!c->negotiated.keepalive)
		return;
	if (us < SECOND)
		us = SECOND; // RFC 4271 4.4: not more often
	c->keepalive_due = loop_clock() + us;
	timer_start(c->keepalive, us);
}

static void on_keepalive(void *arg)
{
	struct conn *c = arg;

	sess_enter(c->sess);
	fsm_simple(c, EVENT_KEEPALIVE_EXPIRES);
	sess_leave(c->sess);
}

static void on_connect_retry(void *arg)
{
	struct conn *c = arg;

	sess_enter(c->sess);
	fsm_simple(c, EVENT_CONNECT_RETRY_EXPIRES);
	sess_leave(c->sess);
}

void timers_new(struct conn *c)
{
	struct loop *l = c->sess->loop;

	c->connect_retry = timer_new(l, on_connect_retry, c);
	c->hold = timer_new(l, on_hold, c);
	c->keepalive = timer_new(l, on_keepalive, c);
}

void timer_start_connect_retry(struct conn *c)
{
	uint64_t seconds = c->sess->config.connect_retry;

	timer_start(c->connect_retry, sess_jitter(c->sess, (seconds ? seconds : 1) * SECOND));
}

void sess_pause_reading(struct sess *s, bool pause)
{
	struct conn *c = s->main;

	if (c->state != SESS_ESTABLISHED || s->paused == pause)
		return;
	s->paused = pause;
	stream_pause(c->stream, pause);
	if (!pause)
		timer_set_hold(c, c->hold_time);
}
