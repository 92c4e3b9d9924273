// For tests only: a session under test on one simulated host, and on another a peer that does
// exactly what the test says, octet by octet.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "sess/sess.h"
#include "sim/sim.h"

#define RIG_LINES 64

// A connection as the peer sees it, and what came over it.
struct line {
	struct stream *stream;         // NULL: closed
	bool connected, closed, quiet; // quiet: takes what comes without reading it
	struct buf in;
	unsigned in_type[6];   // messages by type
	struct open open;      // the session's OPEN
	uint8_t code, subcode; // of its NOTIFICATION
	struct buf data;
	struct buf last;                            // message
	uint64_t last_keepalive, shortest, longest; // between KEEPALIVEs
	uint64_t bytes;
};

struct rig {
	struct loop *near, *far;
	struct sess_config config;
	struct sess *s;
	struct sess_door *door;
	struct listener *listener;
	struct line lines[RIG_LINES];
	unsigned line_count;
	struct arena arena;
	// what the session told its owner
	struct buf trace; // states by name, each followed by a blank
	unsigned established, downs, updates, refreshes, drained, asked_as;
	struct sess_down down;
	char down_text[128];
	struct sess_negotiated negotiated;
	struct refresh refresh;
	size_t update_bytes;
	void (*during_update)(struct rig *r);
	void (*during_down)(struct rig *r);
	uint32_t allowed_as;
};

struct rig *rig_new(bool passive); // remote 10.0.0.2 AS 65002, local 10.0.0.1 AS 65001; not started
void rig_rebuild(struct rig *r);   // the session anew, from r->config
void rig_free(struct rig *r);      // nothing may be left over
void rig_door(struct rig *r);      // the session can be connected to
void rig_listen(struct rig *r);    // the peer can be connected to
struct line *rig_dial(struct rig *r); // the peer connects; line 1 ms later
struct line *rig_line(struct rig *r); // the newest
void rig_settle(struct rig *r);
struct open rig_open(
	const struct rig *r); // of the peer: AS 65002, 10.0.0.2, hold time 90, the classic family
struct line *rig_to(struct rig *r,
		    enum sess_state state); // from Idle up to it, the session dialling
void rig_assert(struct rig *r, enum sess_state state);

void line_send(struct line *l, const void *p, size_t n);
void line_open(struct line *l, const struct open *o);
void line_keepalive(struct line *l);
void line_update(struct line *l); // End-of-RIB of the classic family: the shortest
void line_notify(struct line *l, uint8_t code, uint8_t subcode);
void line_refresh(struct line *l, uint16_t afi, uint8_t subtype, uint8_t safi, size_t more);
void line_message(struct line *l, uint8_t type, const void *body, size_t n);
void line_close(struct line *l);
void line_assert_notified(struct rig *r, const struct line *l, uint8_t code, uint8_t subcode);
