// The neighbours that bgpfeed plays, and what each of them sends, receives and counts.
//
// Data flow: peer_turn() reads bytes from the socket, receive_*() counts and holds what they say;
// peer_send() writes, at message boundaries, what stands in `out`, then chunks of the table while a
// pass over a family is under way. A chunk is a run of table groups encoded once and kept; a route
// that a user changed (struct overlay) makes its chunk be encoded anew before it is next sent, so
// that an answer to ROUTE-REFRESH always tells the present state.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "feed_wire.h"

struct feed;

enum peer_state {
	PEER_DOWN,
	PEER_IDLE,
	PEER_CONNECT,
	PEER_OPEN_SENT,
	PEER_OPEN_CONFIRM,
	PEER_ESTABLISHED
};

struct peer_options {
	char name[32];
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} local, remote;
	uint32_t as, router_id;
	uint16_t hold;
	unsigned families; // bits by family index
	unsigned variant;
	unsigned slice, slices; // what of each table it feeds; slices 0: all
	bool feed, passive, held_start, probe;
	bool capabilities, refresh, enhanced, as4, extended, end_of_rib;
	bool light; // hold marks only, not attributes
	uint8_t next_hop4[4], next_hop6[16];
	uint32_t retry_ms;
	uint32_t receive_buffer; // bytes, 0: system's
	struct prefix probe_prefix;
	bool start_down;
};

// One prefix as a peer told it, by prefix number.
struct held {
	uint32_t attr;                 // blob; 0: not held. With `light`, 1
	uint32_t seen : 24, marks : 8; // epoch of the last announcement; watched communities
};

struct holding { // one family's
	struct held *item;
	uint32_t size;
	uint64_t count, with_mark[FEED_MARKS], seen_count;
	uint32_t sweep_epoch; // of the last BoRR; 0: none open
	uint32_t mark_epoch;  // seen_count counts prefixes announced since
};

struct counters {
	uint64_t updates, announced, withdrawn, bytes, keepalives, opens, notifications, refreshes,
		borr, eorr, end_of_rib, swept, malformed,
		repeated; // repeated: announced with equal content
	uint64_t refreshes_by_family[FEED_FAMILIES];
};

// What a user changed in one family of what the peer sends, by prefix number.
struct overlay {
	uint8_t *hidden; // 1: the table's route is not sent
	uint32_t *own;   // blob sent instead, verbatim; 0: none
	uint32_t size;
};

struct chunk {
	uint32_t first_group, group_count;
	struct buf bytes;
	uint32_t updates, routes;
	bool built;
};

struct sender { // one family's
	struct overlay overlay;
	struct chunk *chunks;
	uint32_t chunk_count;
	bool active, again, answer; // a pass is on, another is due, it answers a ROUTE-REFRESH
	bool held;                  // waits for the command `feed`
	uint32_t next;
	uint64_t passes, started, ended; // microseconds
};

struct gap { // longest time between two of something
	uint64_t last, longest;
};

struct peer {
	struct peer_options o;
	struct feed *feed;
	enum peer_state state;
	int fd, listen_fd;
	uint32_t watched; // epoll events of fd
	uint64_t retry_at, hold_at, keepalive_at, established_at, first_update, last_update,
		last_pass_end;
	uint64_t established_count, drop_count;
	uint16_t hold;     // negotiated, seconds
	unsigned families; // negotiated
	bool refresh, enhanced, as4, extended, paused, want_write;
	uint32_t remote_as;
	char last_error[160];        // why the session was last lost
	char last_notification[128]; // received: code/subcode and data in hex
	uint8_t *in;
	size_t in_len;
	struct buf out;
	size_t out_at;
	struct chunk *chunk; // being sent
	size_t chunk_at;
	struct wire_style style;
	struct sender sender[FEED_FAMILIES];
	struct holding holding[FEED_FAMILIES];
	struct counters received, sent;
	struct gap keepalive_gap;
	uint32_t churn_per_second;
	uint64_t churn_due; // microseconds
	struct random churn_random;
	uint64_t update_trace; // UPDATEs of the table since the last mark (measure)
};

// --- sessions (feed_session.c) ------------------------------------------------------------------
struct peer *peer_new(struct feed *f,
		      const struct peer_options *o); // dies with a text when impossible
void peer_up(struct peer *p);                        // begins to connect or accept
void peer_drop(struct peer *p, uint64_t retry_us, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
void peer_notify(struct peer *p, uint8_t code, uint8_t subcode, const void *data, size_t n);
void peer_down(struct peer *p); // no session until peer_up
void peer_event(struct peer *p, uint32_t events);
void peer_accept(struct peer *p);
void peer_timers(struct peer *p);
void peer_watch(struct peer *p);             // tells epoll what it waits for
void peer_pause(struct peer *p, bool pause); // reading
const char *peer_state_text(const struct peer *p);

// --- sending (feed_send.c) ----------------------------------------------------------------------
void sender_open(struct peer *p); // the session came up: style, first passes
void sender_pass(struct peer *p, int family, bool answer); // sends the family's routes (again)
void sender_prepare(struct peer *p);                       // encodes all chunks now
bool sender_busy(const struct peer *p);
void peer_send(struct peer *p); // writes what the socket takes
// Announces with a blob (0: the table's own set; false when the table has none), or withdraws.
bool sender_announce(struct peer *p, int family, const struct prefix *prefix, uint32_t attr);
void sender_withdraw(struct peer *p, int family, const struct prefix *prefix);
void sender_churn(struct peer *p);

// --- receiving (feed_receive.c) -----------------------------------------------------------------
bool receive_update(struct peer *p, const uint8_t *body, size_t n); // false: malformed
void receive_refresh(struct peer *p, const uint8_t *body, size_t n);
void receive_closed(struct peer *p);                  // all routes of the peer are gone
void holding_mark(struct holding *h, struct feed *f); // counts what is seen from now on

// --- the whole ----------------------------------------------------------------------
struct measure;
struct control;
struct feed {
	struct table tables[FEED_FAMILIES];
	struct blobs blobs;
	struct peer **peers;
	unsigned peer_count;
	int epoll;
	uint64_t now, started;   // microseconds, monotonic
	uint32_t epoch;          // 24 bits, for struct held
	struct measure *measure; // NULL: none under way
	struct control *control;
	uint64_t probe_hash;             // of the probe's prefix; 0: no probe
	uint64_t probe_sent[65536];      // by sequence number
	uint32_t probe_next, probe_last; // next to send; last that arrived
	uint64_t probe_due, probe_interval;
	uint64_t probe_longest; // of those that arrived since the last mark
	uint64_t probe_count;
	uint32_t *probe_times; // latencies since the last mark, owned
	uint32_t probe_time_count, probe_time_cap;
	const char *json_path; // --json
	bool quit;
};
uint64_t feed_clock(void);
struct peer *feed_peer(struct feed *f, const char *name); // NULL
bool peer_named(const struct peer *p, const char *name);  // NAME, or the beginning of it with a *
void probe_arrived(struct feed *f, uint32_t sequence);
