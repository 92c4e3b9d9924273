// One peer's conversation: the finite state machine of RFC 4271 section 8 with its timers, TCP in
// and out, collision, negotiation, and the messages themselves. Knows messages, not tables: what a
// message means for routes is the owner's business (struct sess_ops).
//
// A session owns its timers and connections (at most two while a collision is being resolved).
// Everything runs in the loop of its creator. Callbacks may call any function of the session,
// sess_free included: after that no callback comes any more.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "af/af.h"
#include "base/ip.h"
#include "loop/loop.h"
#include "wire/wire.h"

enum sess_state {
	SESS_IDLE,
	SESS_CONNECT,
	SESS_ACTIVE,
	SESS_OPENSENT,
	SESS_OPENCONFIRM,
	SESS_ESTABLISHED
};
const char *sess_state_text(enum sess_state s); // "Established"

// What is negotiated or fixed when a connection is made. A change of any of it needs a new session,
// save for what only rules how connections come about: connect_retry, idle_hold, passive and
// active_only, which sess_config_equal therefore leaves out. (Take a new one over by
// sess_configure in any case.)
struct sess_config {
	struct ip remote, local; // local bits 0: the kernel's choice
	uint16_t remote_port, listen_port;
	char interface[16];
	uint32_t local_as;  // that we say in OPEN (own, fake, confederation id)
	uint32_t remote_as; // 0: any that sess_ops.accept_as allows (dynamic groups)
	uint32_t router_id;
	uint32_t real_local_as;        // member AS inside a confederation; else equal to local_as
	bool internal, confed;         // iBGP; peer is in our confederation
	uint16_t families;             // enabled, bits
	uint16_t hold_time, keepalive; // seconds, configured
	uint16_t min_hold_time; // a smaller one of the peer (but 0) is refused by 2/6; 0: off
	uint16_t connect_retry; // seconds
	bool refresh, as4, conventional, extended_message, enhanced_refresh, graceful_restart;
	bool passive, active_only; // listen-only, connect-only
	bool shutdown;             // `ignore`: stays Idle(Admin)
	uint8_t ttl;               // ebgp-max-hop; 0: 1 for eBGP, default for iBGP
	uint8_t gtsm_hops;         // valid-ttl-hops: 0 off, else 1-255
	char password[128];        // MD5; "" none
	uint16_t
		idle_hold; // seconds in Idle after a failure, doubled by each further one up to connect_retry; 0: 1
};
bool sess_config_equal(const struct sess_config *a, const struct sess_config *b);

struct sess_negotiated {
	struct capabilities received, sent;
	uint16_t families; // both sides
	uint16_t extended_next_hop;
	uint32_t remote_as, remote_router_id;
	uint16_t hold_time, keepalive; // seconds; 0: none
	bool as4, refresh, enhanced_refresh, extended_message;
	unsigned max_message;
	struct ip local, remote;
	uint16_t local_port, remote_port;
	bool initiated_by_us;
};

enum sess_down_cause {
	DOWN_TRANSPORT,
	DOWN_HOLD_TIMER,
	DOWN_NOTIFICATION_SENT,
	DOWN_NOTIFICATION_RECEIVED,
	DOWN_ADMIN,
};

struct sess_down {
	enum sess_down_cause cause;
	uint8_t code, subcode; // of the NOTIFICATION, if any
	bool was_established;
	const char *text; // for the log; the callee copies
};

struct sess;
struct sess_ops {
	void (*on_established)(void *arg, struct sess *s, const struct sess_negotiated *n);
	// Messages in order. p is a whole message with header, already framed and counted; decoding
	// UPDATE bodies is the owner's call (update_decode with sess_update_context).
	void (*on_update)(void *arg, struct sess *s, const uint8_t *p, size_t n);
	void (*on_refresh)(void *arg, struct sess *s,
			   const struct refresh *r); // known family, subtype 0-2
	// The last connection that had reached OpenSent is gone. One that only lost a collision while
	// the other goes on is not reported.
	void (*on_down)(void *arg, struct sess *s, const struct sess_down *d);
	void (*on_drained)(
		void *arg,
		struct sess *s); // output is below the low-water mark: more may be written
	void (*on_state)(void *arg, struct sess *s, enum sess_state from,
			 enum sess_state to); // displays, log
	// Only with remote_as 0: is this number one of those configured? NULL: all are.
	bool (*accept_as)(void *arg, struct sess *s, uint32_t as);
	// For who keeps records (optional, and they leave the session as it is). A NOTIFICATION, on
	// whatever connection with the peer. A KEEPALIVE, so many microseconds after it was due: when it
	// is written, and (left) when the kernel has taken it, behind what was queued before.
	void (*on_notification)(void *arg, struct sess *s, bool sent, uint8_t code,
				uint8_t subcode);
	void (*on_keepalive)(void *arg, struct sess *s, uint64_t late, bool left);
};

struct sess_counters {
	uint64_t in[6], out[6]; // by enum bgp_type; [0] total
	uint64_t refresh_in, refresh_out;
	uint64_t borr_in, eorr_in, borr_out, eorr_out;
	uint32_t established_count; // "BGP Peer Up count"
	uint32_t drops;
	int64_t established_at, last_keepalive_in, last_update_in, last_update_out, last_refresh_in,
		last_refresh_out;       // wall microseconds; 0 never
	uint64_t up_since;              // monotonic
	uint64_t worst_keepalive_delay; // microseconds later than it was due
	uint64_t
		worst_keepalive_wait; // microseconds from due until it had left this process, behind what was queued
	uint64_t refused; // incoming connections
};

struct sess *sess_new(struct loop *l, const struct sess_config *c, const struct sess_ops *ops,
		      void *arg);
void sess_free(struct sess *s);  // Cease if needed is the caller's matter (sess_stop)
void sess_start(struct sess *s); // ManualStart; with `shutdown` it waits until that is taken back
void sess_stop(struct sess *s, uint8_t cease_subcode,
	       const char *text); // ManualStop: NOTIFICATION Cease; stays Idle
void sess_reset(struct sess *s, uint8_t cease_subcode,
		const char *text); // stop, and start again by itself
void sess_configure(
	struct sess *s,
	const struct sess_config
		*c); // takes effect with the next connection; timers such as connect-retry at once
const struct sess_config *sess_get_config(const struct sess *s);
// An incoming connection for this peer. False: refused, the caller frees it. (Some refusals are
// told to the peer by a Cease; then true, and the stream is taken care of.)
bool sess_accept(struct sess *s, struct stream *stream);
enum sess_state sess_get_state(const struct sess *s);
const struct sess_negotiated *sess_get_negotiated(const struct sess *s); // NULL unless Established
const struct sess_counters *sess_get_counters(const struct sess *s);
const char *sess_last_event(const struct sess *s); // "RecvKeepalive": VRP's words
enum sess_state sess_last_state(const struct sess *s);
uint64_t sess_up_time(
	const struct sess *s); // microseconds; in other states time since the last change
uint32_t sess_number(const struct sess *s); // of the Established period; grows
// Established: a KEEPALIVE that should have left by now, and has not: how many microseconds ago. 0: none.
uint64_t sess_keepalive_owed(const struct sess *s);

void sess_update_context(const struct sess *s, struct update_context *ret);
// Ends the session with a NOTIFICATION (faults found by the owner, e.g. in UPDATE bodies).
void sess_fail(struct sess *s, const struct fault *f);
// The owner found the End-of-RIB of a family in an UPDATE: until then BoRR of a peer that restarts
// gracefully is ignored (RFC 7313 section 4).
void sess_end_of_rib(struct sess *s, const struct af *af);
// Logs a message that is not well-formed, whole and in hex (RFC 7606 section 6), a bounded number
// of them a minute. what: "malformed UPDATE: ORIGIN has a bad length".
void sess_log_message(struct sess *s, const char *what, const uint8_t *p, size_t n);

// Output, Established only (else ignored). Whole messages.
void sess_send(struct sess *s, const uint8_t *p, size_t n);
void sess_send_shared(struct sess *s, const uint8_t *p, size_t n, unsigned updates,
		      loop_fn *release, void *arg);
size_t sess_room(
	const struct sess
		*s); // bytes that may be written before the peer is "slow"; 0: wait for on_drained
// Sends nothing if the family is not negotiated or the peer cannot read that subtype.
void sess_send_refresh(struct sess *s, const struct af *af, enum refresh_subtype subtype);
// A rib that is behind: TCP pushes back. The hold timer rests meanwhile. What has been read already
// is still delivered (at most one read of the socket).
void sess_pause_reading(struct sess *s, bool pause);

// --- the door -----------------------------------------------------------------------------------
// Listens and gives each incoming connection to the session that the finder names (NULL: closed
// without a word). local with bits 0: all addresses of both versions, IPv6 where there is any.
struct sess_door;
typedef struct sess *sess_find(void *arg, const struct ip *remote, const struct ip *local);
struct sess_place {
	struct ip local;
	uint16_t port;
	char interface[16]; // device to be bound to; "" none
};
struct sess_door *sess_door_new(struct loop *l, const struct sess_place *at, sess_find *find,
				void *arg, int *ret_error);
int sess_door_password(struct sess_door *d, const struct ip *peer,
		       const char *password); // "" or NULL: none; 0 or -errno
void sess_door_free(struct sess_door *d);
