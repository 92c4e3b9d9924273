// Connections of the peer coming in, and what happens when there are two at once (RFC 4271 6.8).
//
// The one that the side with the higher identifier has initiated stays; of two with equal
// identifiers the side with the higher AS number counts (RFC 6286 section 2.3). It is decided when
// an OPEN comes on one connection while the other is in OpenConfirm. If both were initiated by the
// peer, the newer one stays: a speaker that opens a second one has lost the first.
//
// Two speakers decide at different moments, and each could close the connection that the other
// keeps. So a KEEPALIVE does not yet establish a connection that would lose while the winner's OPEN
// is on its way: it is remembered (c->confirmed), and counts as soon as the other connection has
// gone, the peer shows by any further message that it has decided, or SETTLE is over.
//
// A peer costs at most two connections and one that waits while we rest in Idle; new ones are taken
// at a bounded rate. An Established session is not disturbed: the new connection gets Cease 6/7.
#include "sess/sess_private.h"

#include "base/log.h"

#define ACCEPT_RATE  2 // connections a second
#define ACCEPT_BURST 20

// --- deciding -----------------------------------------------------------------------------------------

static bool ours_wins(const struct conn *c)
{
	const struct sess_negotiated *n = &c->negotiated;

	if (c->offered.router_id != n->remote_router_id)
		return c->offered.router_id > n->remote_router_id;
	return c->offered.as > n->remote_as;
}

bool collide_loses(const struct conn *c)
{
	const struct conn *other = conn_other(c);

	return other->state == SESS_OPENCONFIRM && c->outgoing != other->outgoing &&
	       c->outgoing != ours_wins(c);
}

void collide_win(struct conn *c)
{
	struct conn *other = conn_other(c);

	if (other->state != SESS_OPENCONFIRM)
		return;
	other->confirmed = false;
	fsm_simple(other, EVENT_COLLISION_DUMP);
}

bool collide_undecided(struct conn *c)
{
	struct conn *other = conn_other(c);

	return other->state == SESS_OPENSENT && other->outgoing != c->outgoing &&
	       c->outgoing != ours_wins(c);
}

// --- coming in ---------------------------------------------------------------------------------------------

static bool adopt(struct conn *c, struct stream *stream)
{
	if (transport_adopt(c, stream))
		return false;
	fsm_simple(c, EVENT_TCP_CONFIRMED);
	return true;
}

// A second machine beside the one that is under way: as if it had been listening (Active).
static bool adopt_second(struct conn *c, struct stream *stream)
{
	if (c->state != SESS_IDLE || transport_adopt(c, stream))
		return false;
	c->state = SESS_ACTIVE;
	fsm_simple(c, EVENT_TCP_CONFIRMED);
	return true;
}

// While we rest in Idle the peer waits with us, one connection at most; its bytes stay in the
// socket. A newer one takes the place: the peer has given the older one up.
static bool park(struct sess *s, struct stream *stream)
{
	if (!timer_running(s->idle_hold))
		return false;
	if (s->parked)
		stream_free(s->parked);
	s->parked = stream;
	return true;
}

bool collide_take_parked(struct conn *c)
{
	struct sess *s = c->sess;
	struct stream *stream = s->parked;

	s->parked = NULL;
	if (!stream)
		return false;
	if (adopt_second(c, stream))
		return true;
	stream_free(stream);
	return false;
}

static bool take(struct sess *s, struct stream *stream)
{
	struct conn *c = s->main;

	switch (c->state) {
	case SESS_IDLE:
		return park(s, stream);
	case SESS_ACTIVE:
		return adopt(c, stream);
	case SESS_ESTABLISHED:
		send_cease(s, stream, CEASE_COLLISION);
		return true;
	default:
		return adopt_second(conn_other(c), stream);
	}
}

bool sess_accept(struct sess *s, struct stream *stream)
{
	bool taken = false;

	sess_enter(s);
	if (!bucket_take(&s->accepts.left, &s->accepts.at, loop_now(s->loop), ACCEPT_RATE,
			 ACCEPT_BURST)) {
		s->counters.refused++;
	} else if (!sess_enabled(s) || s->config.active_only) {
		s->counters.refused++;
		send_cease(s, stream, CEASE_REJECTED);
		taken = true;
	} else {
		taken = take(s, stream);
		s->counters.refused += !taken || s->main->state == SESS_ESTABLISHED;
	}
	sess_leave(s);
	return taken;
}
