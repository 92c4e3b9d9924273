// What the log hears of a session: one line a change of state, one a NOTIFICATION in either
// direction with its names and data, and messages that are not well-formed, in hex (RFC 7606
// section 6). Lines about what a peer may repeat at will are bounded in number, so that a hostile
// one cannot fill the log. Foreign text is escaped by base/log (RFC 9003 section 6).
#include "sess/sess_private.h"

#include "base/log.h"

#define HEX_LINE    1024 // bytes of a message in one line of the log
#define LINES_BURST 20
#define LINES_RATE  (1.0 / 6) // messages a second

const char *sess_state_text(enum sess_state state)
{
	static const char *const texts[] = {"Idle",     "Connect",     "Active",
					    "OpenSent", "OpenConfirm", "Established"};
	return state <= SESS_ESTABLISHED ? texts[state] : "?";
}

// VRP's words, as far as it has one.
const char *sess_event_text(enum fsm_event_type e)
{
	static const char *const texts[EVENT_COUNT] = {
		[EVENT_NONE] = "None",
		[EVENT_MANUAL_START] = "Start",
		[EVENT_MANUAL_STOP] = "Stop",
		[EVENT_AUTOMATIC_START] = "Start",
		[EVENT_MANUAL_START_PASSIVE] = "Start",
		[EVENT_AUTOMATIC_START_PASSIVE] = "Start",
		[EVENT_AUTOMATIC_START_DAMP] = "Start",
		[EVENT_AUTOMATIC_START_DAMP_PASSIVE] = "Start",
		[EVENT_AUTOMATIC_STOP] = "Stop",
		[EVENT_CONNECT_RETRY_EXPIRES] = "CRTimerExpired",
		[EVENT_HOLD_EXPIRES] = "HTTimerExpired",
		[EVENT_KEEPALIVE_EXPIRES] = "KATimerExpired",
		[EVENT_DELAY_OPEN_EXPIRES] = "DOTimerExpired",
		[EVENT_IDLE_HOLD_EXPIRES] = "IHTimerExpired",
		[EVENT_TCP_VALID] = "TCPConnRequest",
		[EVENT_TCP_CR_INVALID] = "TCPConnInvalid",
		[EVENT_TCP_CR_ACKED] = "TCPConnOpen",
		[EVENT_TCP_CONFIRMED] = "TCPConnOpen",
		[EVENT_TCP_FAILS] = "TCPConnClosed",
		[EVENT_OPEN] = "RecvOpen",
		[EVENT_OPEN_DELAYED] = "RecvOpen",
		[EVENT_HEADER_ERROR] = "HeaderError",
		[EVENT_OPEN_ERROR] = "OpenError",
		[EVENT_COLLISION_DUMP] = "CollisionDump",
		[EVENT_NOTIFICATION_VERSION] = "RecvNotification",
		[EVENT_NOTIFICATION] = "RecvNotification",
		[EVENT_KEEPALIVE] = "RecvKeepalive",
		[EVENT_UPDATE] = "RecvUpdate",
		[EVENT_UPDATE_ERROR] = "UpdateError",
		[EVENT_REFRESH] = "RecvRouteRefresh",
	};
	return e < EVENT_COUNT ? texts[e] : "?";
}

void report_state(const struct sess *s, enum sess_state from, enum sess_state to)
{
	log_info("peer %s: %s -> %s (%s)", s->name, sess_state_text(from), sess_state_text(to),
		 sess_event_text(s->last_event));
}

void report_notification(const struct conn *c, bool sent, uint8_t code, uint8_t subcode,
			 struct span data, const char *text)
{
	struct buf b = {0};

	buf_format(&b, "peer %s: NOTIFICATION %s %u/%u (%s", c->sess->name,
		   sent ? "sent" : "received", code, subcode, bgp_error_text(code));
	const char *name = bgp_suberror_text(code, subcode);
	if (name && *name)
		buf_format(&b, ", %s", name);
	buf_text(&b, ")");
	if (text && *text)
		buf_format(&b, ": %s", text);
	if (data.len) {
		buf_text(&b, " data ");
		buf_hex(&b, data.p, data.len > HEX_LINE ? HEX_LINE : data.len);
	}
	bool collision = code == BGP_ERROR_CEASE && subcode == CEASE_COLLISION; // nothing is wrong
	log_line(collision ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "%s", buf_cstr(&b));
	buf_free(&b);
}

void sess_log_message(struct sess *s, const char *what, const uint8_t *p, size_t n)
{
	if (!bucket_take(&s->lines.left, &s->lines.at, loop_now(s->loop), LINES_RATE,
			 LINES_BURST)) {
		s->lines_dropped++;
		return;
	}
	if (s->lines_dropped)
		log_warning("peer %s: %llu messages that were not well-formed are not shown",
			    s->name, (unsigned long long)s->lines_dropped);
	s->lines_dropped = 0;
	struct buf b = {0};
	for (size_t at = 0; at < n || !at; at += HEX_LINE) {
		buf_clear(&b);
		buf_hex(&b, p + at, n - at > HEX_LINE ? HEX_LINE : n - at);
		if (n <= HEX_LINE)
			log_warning("peer %s: %s: %s", s->name, what, buf_cstr(&b));
		else
			log_warning("peer %s: %s, bytes from %zu of %zu: %s", s->name, what, at, n,
				    buf_cstr(&b));
	}
	buf_free(&b);
}
