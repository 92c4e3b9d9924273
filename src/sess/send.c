// Messages going out: OPEN, KEEPALIVE, NOTIFICATION (with the shutdown communication of RFC 9003),
// ROUTE-REFRESH with its marks (RFC 2918, RFC 7313), and what the owner writes. All of it goes into
// the stream's one queue, so order is the order of calls. A KEEPALIVE queues behind the chunks that
// wait; how long it had to is measured.
#include "sess/sess_private.h"

// --- the session's own ---------------------------------------------------------------------------

static void tell_notification(struct sess *s, uint8_t code, uint8_t subcode)
{
	if (s->ops->on_notification)
		s->ops->on_notification(s->arg, s, true, code, subcode);
}

static void write_scratch(struct conn *c, enum bgp_type type)
{
	struct sess *s = c->sess;

	s->counters.out[0]++;
	s->counters.out[type]++;
	transport_write(c, s->scratch.data, s->scratch.len);
	buf_clear(&s->scratch);
}

void send_open(struct conn *c)
{
	struct sess *s = c->sess;

	c->bare = s->bare;
	negotiate_offer(&s->config, s->bare, &c->offered);
	buf_clear(&s->scratch);
	open_encode(&s->scratch, &c->offered);
	write_scratch(c, BGP_OPEN);
}

void send_measure(struct conn *c)
{
	struct sess_counters *n = &c->sess->counters;

	if (!c->waiting_end || c->written - stream_unsent(c->stream) < c->waiting_end)
		return;
	uint64_t now = loop_clock(), wait = now > c->waiting_due ? now - c->waiting_due : 0;
	c->waiting_end = 0;
	if (wait > n->worst_keepalive_wait)
		n->worst_keepalive_wait = wait;
	if (c->sess->ops->on_keepalive)
		c->sess->ops->on_keepalive(c->sess->arg, c->sess, wait, true);
}

uint64_t sess_keepalive_owed(const struct sess *s)
{
	const struct conn *c = s->main;
	uint64_t due = c->waiting_end ? c->waiting_due : c->keepalive_due, now = loop_clock();

	if (c->state != SESS_ESTABLISHED || !c->negotiated.keepalive)
		return 0;
	return now > due ? now - due : 0;
}

void send_keepalive(struct conn *c)
{
	struct sess *s = c->sess;

	buf_clear(&s->scratch);
	keepalive_encode(&s->scratch);
	write_scratch(c, BGP_KEEPALIVE);
	send_measure(c);
	if (!c->waiting_end && c->state == SESS_ESTABLISHED) { // one at a time is watched
		c->waiting_end = c->written;
		c->waiting_due = c->keepalive_due;
	}
}

void send_notification(struct conn *c, const struct fault *f)
{
	struct sess *s = c->sess;
	unsigned max = c->state >= SESS_OPENCONFIRM ? c->negotiated.max_message : BGP_MAX;

	buf_clear(&s->scratch);
	notification_encode(&s->scratch, f->code, f->subcode, f->data.p, f->data.len, max);
	write_scratch(c, BGP_NOTIFICATION);
	report_notification(c, true, f->code, f->subcode, f->data, f->text);
	tell_notification(s, f->code, f->subcode);
}

void send_cease(struct sess *s, struct stream *stream, uint8_t subcode)
{
	buf_clear(&s->scratch);
	notification_encode(&s->scratch, BGP_ERROR_CEASE, subcode, NULL, 0, BGP_MAX);
	stream_write(stream, s->scratch.data, s->scratch.len);
	stream_finish(stream);
	tell_notification(s, BGP_ERROR_CEASE, subcode);
}

struct fault send_cease_fault(struct sess *s, uint8_t subcode, const char *text)
{
	struct fault f = {.code = BGP_ERROR_CEASE, .subcode = subcode};

	if (!text || !*text || (subcode != CEASE_SHUTDOWN && subcode != CEASE_RESET))
		return f;
	buf_clear(&s->scratch);
	shutdown_data(&s->scratch, text);
	f.data.len = s->scratch.len;
	f.data.p = arena_copy(&s->arena, s->scratch.data, s->scratch.len);
	return f;
}

// --- the owner's --------------------------------------------------------------------------------------------

void sess_fail(struct sess *s, const struct fault *f)
{
	struct fsm_event e = {
		.type = f->code == BGP_ERROR_CEASE ? EVENT_AUTOMATIC_STOP : EVENT_UPDATE_ERROR,
		.fault = *f,
		.text = f->text,
	};

	if (!f->code || s->main->state != SESS_ESTABLISHED)
		return;
	sess_enter(s);
	fsm_event(s->main, &e);
	sess_leave(s);
}

static void count_messages(struct sess *s, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at + BGP_HEADER <= n;) {
		size_t length = (size_t)(p[at + 16] << 8 | p[at + 17]);
		uint8_t type = p[at + 18];
		if (length < BGP_HEADER || type > BGP_ROUTE_REFRESH)
			return;
		s->counters.out[0]++;
		s->counters.out[type]++;
		if (type == BGP_UPDATE)
			s->counters.last_update_out = loop_wall(s->loop);
		at += length;
	}
}

void sess_send(struct sess *s, const uint8_t *p, size_t n)
{
	struct conn *c = s->main;

	if (c->state != SESS_ESTABLISHED || s->freed)
		return;
	count_messages(s, p, n);
	transport_write(c, p, n);
	send_measure(c);
}

void sess_send_shared(struct sess *s, const uint8_t *p, size_t n, unsigned updates,
		      loop_fn *release, void *arg)
{
	struct conn *c = s->main;

	if (c->state != SESS_ESTABLISHED || s->freed) {
		release(arg);
		return;
	}
	s->counters.out[0] += updates;
	s->counters.out[BGP_UPDATE] += updates;
	s->counters.last_update_out = loop_wall(s->loop);
	c->written += n;
	stream_write_shared(c->stream, p, n, release, arg);
	send_measure(c);
}

size_t sess_room(const struct sess *s)
{
	if (s->main->state != SESS_ESTABLISHED || s->freed)
		return 0;
	size_t unsent = stream_unsent(s->main->stream);
	return unsent < OUTPUT_LOW ? OUTPUT_HIGH - unsent : 0;
}

void sess_send_refresh(struct sess *s, const struct af *af, enum refresh_subtype subtype)
{
	const struct sess_negotiated *n = sess_get_negotiated(s);
	struct sess_counters *count = &s->counters;

	if (!n || s->freed || !(n->families & af_bit(af)) || !n->refresh ||
	    (subtype != REFRESH_REQUEST && !n->enhanced_refresh))
		return;
	buf_clear(&s->scratch);
	refresh_encode(&s->scratch, af, subtype);
	write_scratch(s->main, BGP_ROUTE_REFRESH);
	count->last_refresh_out = loop_wall(s->loop);
	count->refresh_out++;
	if (subtype == REFRESH_BEGIN)
		count->borr_out++;
	else if (subtype == REFRESH_END)
		count->eorr_out++;
}
