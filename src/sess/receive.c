// Messages coming in: counted, read as far as the session must understand them, and turned into
// events of the state machine. UPDATE is not looked into here. A message that is not well-formed is
// logged whole, in hex; the reaction is the fault's NOTIFICATION, or none where the RFC says to
// ignore (RFC 2918 section 4, RFC 7313 sections 4 and 5).
#include "sess/sess_private.h"

// --- OPEN ---------------------------------------------------------------------------------------------

static void receive_open(struct conn *c, struct fsm_event *e)
{
	struct sess *s = c->sess;
	struct open o;
	struct fault f = {0};

	if (c->state == SESS_OPENSENT) {
		bool good = open_decode(e->message, e->size, &s->arena, &o, &f) &&
			    negotiate(&s->config, &c->offered, &o, &s->arena, &c->negotiated, &f);
		if (good && !s->config.remote_as && s->ops->accept_as &&
		    !s->ops->accept_as(s->arg, s, o.as)) {
			f = (struct fault){.code = BGP_ERROR_OPEN, .subcode = 2};
			f.text = "AS number is none of those configured";
			good = false;
		}
		if (!good) {
			sess_log_message(s, f.text ? f.text : "OPEN refused", e->message, e->size);
			e->type = EVENT_OPEN_ERROR;
			e->fault = f;
			e->text = f.text;
			if (f.code == BGP_ERROR_OPEN && f.subcode == 7)
				s->mute = true;
		}
	}
	fsm_event(c, e);
}

// --- NOTIFICATION -----------------------------------------------------------------------------------------

static void receive_notification(struct conn *c, struct fsm_event *e)
{
	struct notification n = {0};

	if (!notification_decode(e->message, e->size, &n))
		sess_log_message(c->sess, "malformed NOTIFICATION", e->message, e->size);
	report_notification(c, false, n.code, n.subcode, n.data, n.shutdown_text);
	if (c->sess->ops->on_notification)
		c->sess->ops->on_notification(c->sess->arg, c->sess, false, n.code, n.subcode);
	if (n.code == BGP_ERROR_OPEN && n.subcode == 1)
		e->type = EVENT_NOTIFICATION_VERSION;
	e->code = n.code;
	e->subcode = n.subcode;
	e->text = bgp_suberror_text(n.code, n.subcode);
	if (!e->text || !*e->text)
		e->text = bgp_error_text(n.code);
	fsm_event(c, e);
}

// --- ROUTE-REFRESH -----------------------------------------------------------------------------------------

// Why a refresh is to be ignored; NULL: it is not.
static const char *refresh_objection(const struct conn *c, const struct refresh *r)
{
	const struct sess_negotiated *n = &c->negotiated;
	const struct sess *s = c->sess;

	if (!n->sent.refresh)
		return "ROUTE-REFRESH ignored: we have not offered it";
	if (!r->af || !(n->families & af_bit(r->af)))
		return "ROUTE-REFRESH ignored: its family is not negotiated";
	if (r->subtype > REFRESH_END)
		return "ROUTE-REFRESH ignored: subtype unknown";
	if (r->subtype == REFRESH_BEGIN && n->received.graceful_restart &&
	    !(s->ended_ribs & af_bit(r->af)))
		return "BoRR ignored: it came before the End-of-RIB";
	return NULL;
}

void receive_refresh(struct conn *c, const uint8_t *p, size_t n)
{
	struct sess *s = c->sess;
	struct refresh r = {0};
	struct fsm_event e = {.type = EVENT_UPDATE_ERROR};

	if (!refresh_decode(p, n, c->negotiated.enhanced_refresh, &r, &e.fault)) {
		e.text = e.fault.text;
		sess_log_message(s, "malformed ROUTE-REFRESH", p, n);
		fsm_event(c, &e);
		return;
	}
	s->counters.refresh_in++;
	s->counters.last_refresh_in = loop_wall(s->loop);
	if (!c->negotiated.enhanced_refresh)
		r.subtype = REFRESH_REQUEST; // a reserved octet, to be ignored (RFC 2918 section 3)
	if (r.subtype == REFRESH_BEGIN)
		s->counters.borr_in++;
	else if (r.subtype == REFRESH_END)
		s->counters.eorr_in++;
	const char *objection = refresh_objection(c, &r);
	if (objection)
		sess_log_message(s, objection, p, n);
	else
		s->ops->on_refresh(s->arg, s, &r);
}

// --- all of them ----------------------------------------------------------------------------------------------

void receive_broken(struct conn *c, const struct fault *f, const uint8_t *p, size_t n)
{
	struct fsm_event e = {.type = EVENT_HEADER_ERROR, .fault = *f, .text = f->text};

	sess_log_message(c->sess, f->text ? f->text : "malformed header", p,
			 n < BGP_HEADER ? n : BGP_HEADER);
	fsm_event(c, &e);
}

static void count_message(struct sess *s, uint8_t type)
{
	s->counters.in[0]++;
	s->counters.in[type]++;
	if (type == BGP_KEEPALIVE)
		s->counters.last_keepalive_in = loop_wall(s->loop);
}

void receive_message(struct conn *c, const uint8_t *p, size_t n)
{
	uint8_t type = p[BGP_HEADER - 1];
	struct fsm_event e = {.message = p, .size = n};
	struct fault f = {.code = BGP_ERROR_HEADER, .subcode = 3, .data = {p + BGP_HEADER - 1, 1}};

	if (!type || type > BGP_ROUTE_REFRESH) {
		receive_broken(c, &f, p, n);
		return;
	}
	count_message(c->sess, type);
	// More on a connection whose fate hangs in a collision: the peer has decided for it.
	if (c->confirmed && type != BGP_NOTIFICATION)
		fsm_simple(c, EVENT_KEEPALIVE);
	switch (type) {
	case BGP_OPEN:
		e.type = EVENT_OPEN;
		receive_open(c, &e);
		break;
	case BGP_NOTIFICATION:
		e.type = EVENT_NOTIFICATION;
		receive_notification(c, &e);
		break;
	case BGP_UPDATE:
		e.type = EVENT_UPDATE;
		fsm_event(c, &e);
		break;
	case BGP_KEEPALIVE:
		e.type = EVENT_KEEPALIVE;
		fsm_event(c, &e);
		break;
	default:
		e.type = EVENT_REFRESH;
		fsm_event(c, &e);
	}
}
