// What the files of the room share. Not for other rooms.
//
// A session (struct sess) is a peer; a conn is one TCP connection of it, or the attempt at one,
// with the finite state machine of RFC 4271 section 8 (which is per connection: 8.2.1). There are
// two places for connections. `main` points at the one whose state is the session's; the other is
// in use only while two connections exist and their collision is not decided (collide.c).
//
//   stream bytes -> transport.c -> receive.c -> fsm_event -> fsm.c -> send.c -> stream
//                                     |                        |
//                                     +-- negotiate.c          +-- report.c (log), struct sess_ops
//
// Every entry from outside (public functions, timers, streams) stands between sess_enter and
// sess_leave, so that a session freed by a callback lives until the outermost entry is left.
#pragma once

#include "sess/sess.h"

#include "base/arena.h"
#include "base/buf.h"

#define SECOND UINT64_C(1000000)

#define OPEN_HOLD   (240 * SECOND) // in OpenSent: "a large value", RFC 4271 8.2.2
#define HOLD_GRACE  (SECOND / 10)  // what waits in the socket is read before the peer is given up
#define STEADY      (60 * SECOND) // an Established period as long as this forgives earlier failures
#define SETTLE      (3 * SECOND)  // longest wait for the other connection's OPEN in a collision
#define OUTPUT_HIGH (256 * 1024)  // bytes of output that a session takes
#define OUTPUT_LOW  (64 * 1024)   // above it the peer is slow: wait until it has drained
#define BGP_PORT    179

// Numbers and names are those of RFC 4271 section 8.1; the last is of RFC 2918.
enum fsm_event_type {
	EVENT_NONE,
	EVENT_MANUAL_START,
	EVENT_MANUAL_STOP,
	EVENT_AUTOMATIC_START,
	EVENT_MANUAL_START_PASSIVE,
	EVENT_AUTOMATIC_START_PASSIVE,
	EVENT_AUTOMATIC_START_DAMP,
	EVENT_AUTOMATIC_START_DAMP_PASSIVE,
	EVENT_AUTOMATIC_STOP,
	EVENT_CONNECT_RETRY_EXPIRES,
	EVENT_HOLD_EXPIRES,
	EVENT_KEEPALIVE_EXPIRES,
	EVENT_DELAY_OPEN_EXPIRES,
	EVENT_IDLE_HOLD_EXPIRES,
	EVENT_TCP_VALID,
	EVENT_TCP_CR_INVALID,
	EVENT_TCP_CR_ACKED,
	EVENT_TCP_CONFIRMED,
	EVENT_TCP_FAILS,
	EVENT_OPEN,
	EVENT_OPEN_DELAYED,
	EVENT_HEADER_ERROR,
	EVENT_OPEN_ERROR,
	EVENT_COLLISION_DUMP,
	EVENT_NOTIFICATION_VERSION,
	EVENT_NOTIFICATION,
	EVENT_KEEPALIVE,
	EVENT_UPDATE,
	EVENT_UPDATE_ERROR,
	EVENT_REFRESH,
	EVENT_COUNT,
};

struct fsm_event {
	enum fsm_event_type type;
	struct fault
		fault; // the NOTIFICATION to send, if the event ends the connection; code 0: none
	uint8_t code, subcode;  // of the NOTIFICATION received
	const char *text;       // for log and on_down; NULL: the event's name
	const uint8_t *message; // that the event is; length in size
	size_t size;
};

struct conn {
	struct sess *sess;
	enum sess_state state;
	bool outgoing;         // initiated by us
	bool bare;             // our OPEN went without capabilities
	bool confirmed;        // KEEPALIVE came, but the collision is not decided (collide.c)
	bool hold_grace;       // the hold timer has expired once, input is being read
	uint32_t life;         // grows when the connection ends
	struct stream *stream; // owned; NULL: none
	struct timer *connect_retry, *hold, *keepalive;
	struct buf input;                  // bytes of a message that is not complete
	unsigned max_input;                // length of messages that we take
	struct open offered;               // our OPEN
	struct sess_negotiated negotiated; // from OpenConfirm on
	uint64_t hold_time;                // microseconds; 0: none
	uint64_t heard;                    // loop_now of the last KEEPALIVE or UPDATE
	uint64_t keepalive_due;            // loop_clock
	uint64_t written;                  // bytes so far
	uint64_t waiting_end, waiting_due; // of a KEEPALIVE that waits in the queue; end 0: none
};

struct sess {
	struct loop *loop;
	struct sess_config config;
	const struct sess_ops *ops;
	void *arg;
	char name[IP_TEXT_MAX + 17]; // of the peer, for the log
	struct conn conns[2];
	struct conn *main;
	enum sess_state shown, last_state;
	enum fsm_event_type last_event;
	uint64_t changed_at; // loop_now of the last change of state
	uint32_t number;
	bool wanted; // started by the owner
	bool mute;   // after 2/7 we do not connect again by ourselves (RFC 5492 section 3)
	bool bare;   // after 2/4 the next OPEN goes without capabilities
	bool paused; // reading
	bool freed;
	unsigned depth;    // entries that have not been left
	unsigned failures; // in a row: ConnectRetryCounter
	struct timer *idle_hold, *settle;
	struct stream *parked; // came while we rested in Idle: taken when that is over
	uint16_t ended_ribs;   // families whose End-of-RIB came
	struct {
		double left;
		uint64_t at;
	} accepts, lines; // token buckets: incoming connections, logged messages
	uint64_t lines_dropped;
	struct buf scratch; // for messages being made
	struct arena arena; // for messages being read
	struct sess_counters counters;
};

// --- session.c ------------------------------------------------------------------------------------
void sess_enter(struct sess *s);
void sess_leave(struct sess *s); // may free
struct conn *conn_other(const struct conn *c);
bool sess_enabled(const struct sess *s); // started and not shut down
bool bucket_take(double *left, uint64_t *at, uint64_t now, double rate, double burst);
uint64_t sess_jitter(struct sess *s, uint64_t us); // 75 to 100 percent of it (RFC 4271 section 10)
const char *sess_event_text(enum fsm_event_type e);

// --- fsm.c ------------------------------------------------------------------------------------------
void fsm_event(struct conn *c, const struct fsm_event *e);
void fsm_simple(struct conn *c, enum fsm_event_type type);
void fsm_publish(struct sess *s); // chooses main; tells of a new state
void conn_drop(struct conn *c);   // without a word to anybody

// --- timers.c ---------------------------------------------------------------------------------------
void timers_new(struct conn *c);                    // makes them
uint64_t timer_rest(struct sess *s);                // microseconds; grows from failure to failure
void timer_wait_in_idle(struct sess *s);            // starts the idle hold timer
void timer_set_hold(struct conn *c, uint64_t hold); // counts from now on; 0: no hold timer
void timer_heard(struct conn *c);                   // a KEEPALIVE or an UPDATE came
void timer_start_keepalive(struct conn *c);
void timer_start_connect_retry(struct conn *c);

// --- collide.c -----------------------------------------------------------------------------------------
bool collide_loses(const struct conn *c); // whose OPEN has come, against one in OpenConfirm
void collide_win(struct conn *c);         // that one goes
bool collide_undecided(struct conn *c);   // c would lose, but the winner's OPEN has not come
bool collide_take_parked(struct conn *c);

// --- transport.c -----------------------------------------------------------------------------------------
int transport_dial(struct conn *c); // 0 or -errno
int transport_adopt(struct conn *c,
		    struct stream *stream);        // 0 or -errno: stream stays the caller's
void transport_close(struct conn *c, bool finish); // finish: what is written still leaves
void transport_write(struct conn *c, const void *p, size_t n);

// --- negotiate.c ---------------------------------------------------------------------------------------------
void negotiate_offer(const struct sess_config *cf, bool bare, struct open *ret);
// Judges the peer's OPEN against ours. False: *ret_fault; its data lies in the arena.
bool negotiate(const struct sess_config *cf, const struct open *offered,
	       const struct open *received, struct arena *a, struct sess_negotiated *ret,
	       struct fault *ret_fault);

// --- receive.c -------------------------------------------------------------------------------------------------
void receive_message(struct conn *c, const uint8_t *p, size_t n); // framed
void receive_refresh(struct conn *c, const uint8_t *p, size_t n); // in Established
void receive_broken(struct conn *c, const struct fault *f, const uint8_t *p, size_t n); // no frame

// --- send.c -----------------------------------------------------------------------------------------------------
void send_open(struct conn *c);
void send_keepalive(struct conn *c);
void send_notification(struct conn *c, const struct fault *f);
void send_cease(struct sess *s, struct stream *stream,
		uint8_t subcode); // refuses a connection, and ends it
struct fault send_cease_fault(struct sess *s, uint8_t subcode,
			      const char *text); // data in the arena
void send_measure(struct conn *c);               // has the waiting KEEPALIVE left?

// --- report.c ------------------------------------------------------------------------------------------------
void report_state(const struct sess *s, enum sess_state from, enum sess_state to);
void report_notification(const struct conn *c, bool sent, uint8_t code, uint8_t subcode,
			 struct span data, const char *text);
