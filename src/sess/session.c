// The session as an object: making and freeing it, its configuration, the operator's start, stop
// and reset (ManualStart and ManualStop of RFC 4271 8.1.2), and what displays ask of it. All that
// happens by itself is in the other files of the room.
#include "sess/sess_private.h"

#include <string.h>

#include "base/mem.h"

// --- entries -----------------------------------------------------------------------------------------

static void destroy(struct sess *s)
{
	for (unsigned i = 0; i < 2; i++) {
		struct conn *c = &s->conns[i];
		timer_free(c->connect_retry);
		timer_free(c->hold);
		timer_free(c->keepalive);
		buf_free(&c->input);
	}
	timer_free(s->idle_hold);
	timer_free(s->settle);
	buf_free(&s->scratch);
	arena_free(&s->arena);
	mem_free(s);
}

void sess_enter(struct sess *s)
{
	s->depth++;
}

void sess_leave(struct sess *s)
{
	if (--s->depth)
		return;
	if (s->freed)
		destroy(s);
	else
		arena_reset(&s->arena);
}

struct conn *conn_other(const struct conn *c)
{
	struct sess *s = c->sess;

	return c == &s->conns[0] ? &s->conns[1] : &s->conns[0];
}

bool sess_enabled(const struct sess *s)
{
	return s->wanted && !s->config.shutdown && !s->freed;
}

bool bucket_take(double *left, uint64_t *at, uint64_t now, double rate, double burst)
{
	*left += (double)(now - *at) / (double)SECOND * rate;
	*at = now;
	if (*left > burst)
		*left = burst;
	if (*left < 1)
		return false;
	*left -= 1;
	return true;
}

uint64_t sess_jitter(struct sess *s, uint64_t us)
{
	return us - us / 4 * (loop_random(s->loop) % 1025) / 1024;
}

static void unpark(struct sess *s)
{
	if (s->parked)
		stream_free(s->parked);
	s->parked = NULL;
}

// --- life ------------------------------------------------------------------------------------------------

static void on_idle_hold(void *arg)
{
	struct sess *s = arg;

	sess_enter(s);
	if (sess_enabled(s) && s->main->state == SESS_IDLE)
		fsm_simple(s->main, EVENT_IDLE_HOLD_EXPIRES);
	sess_leave(s);
}

// The winner's OPEN has not come in time: the connection that is ready takes over.
static void on_settle(void *arg)
{
	struct sess *s = arg;

	sess_enter(s);
	for (unsigned i = 0; i < 2; i++) {
		struct conn *c = &s->conns[i];
		if (c->confirmed && c->state == SESS_OPENCONFIRM) {
			fsm_simple(c, EVENT_KEEPALIVE);
			break;
		}
	}
	sess_leave(s);
}

static void name_peer(struct sess *s)
{
	char text[IP_TEXT_MAX];
	size_t n = strlen(ip_text(&s->config.remote, text));

	memcpy(s->name, text, n + 1);
	if (s->config.interface[0] && ip_is_link_local(&s->config.remote)) {
		s->name[n++] = '%';
		memcpy(s->name + n, s->config.interface, sizeof(s->config.interface));
		s->name[n + sizeof(s->config.interface) - 1] = '\0';
	}
}

struct sess *sess_new(struct loop *l, const struct sess_config *c, const struct sess_ops *ops,
		      void *arg)
{
	struct sess *s = MEM_NEW(struct sess);

	s->loop = l;
	s->config = *c;
	s->ops = ops;
	s->arg = arg;
	s->main = &s->conns[0];
	s->changed_at = loop_now(l);
	s->accepts.left = s->lines.left = 1000; // cut to the burst when first used
	s->accepts.at = s->lines.at = s->changed_at;
	s->idle_hold = timer_new(l, on_idle_hold, s);
	s->settle = timer_new(l, on_settle, s);
	arena_init(&s->arena, 4096);
	name_peer(s);
	for (unsigned i = 0; i < 2; i++) {
		s->conns[i].sess = s;
		timers_new(&s->conns[i]);
	}
	return s;
}

void sess_free(struct sess *s)
{
	if (!s || s->freed)
		return;
	sess_enter(s);
	s->freed = true;
	conn_drop(&s->conns[0]);
	conn_drop(&s->conns[1]);
	timer_stop(s->idle_hold);
	timer_stop(s->settle);
	unpark(s);
	sess_leave(s);
}

// --- the operator ------------------------------------------------------------------------------------------

void sess_start(struct sess *s)
{
	s->wanted = true;
	s->mute = false;
	if (!sess_enabled(s) || s->main->state != SESS_IDLE)
		return;
	sess_enter(s);
	s->failures = 0;
	fsm_simple(s->main, s->config.passive ? EVENT_MANUAL_START_PASSIVE : EVENT_MANUAL_START);
	sess_leave(s);
}

static void stop(struct sess *s, uint8_t cease_subcode, const char *text)
{
	struct fsm_event e = {.type = EVENT_MANUAL_STOP,
			      .fault = send_cease_fault(s, cease_subcode, text),
			      .text = bgp_suberror_text(BGP_ERROR_CEASE, cease_subcode)};
	struct conn *last = s->main;

	s->failures = 0;
	timer_stop(s->idle_hold);
	unpark(s);
	fsm_event(conn_other(last), &e);
	fsm_event(last, &e);
}

void sess_stop(struct sess *s, uint8_t cease_subcode, const char *text)
{
	sess_enter(s);
	s->wanted = false;
	stop(s, cease_subcode, text);
	sess_leave(s);
}

void sess_reset(struct sess *s, uint8_t cease_subcode, const char *text)
{
	bool opened = s->main->state >= SESS_OPENSENT;

	sess_enter(s);
	s->wanted = true;
	s->mute = false;
	stop(s, cease_subcode, text); // what it tells the owner may stop or start it again
	if (!sess_enabled(s) || s->main->state != SESS_IDLE || timer_running(s->idle_hold))
		; // it has
	else if (opened)
		timer_wait_in_idle(s); // the peer needs a moment too
	else
		fsm_simple(s->main, EVENT_AUTOMATIC_START);
	sess_leave(s);
}

// A connection that is only being tried is tried anew with the new values.
static void retry_now(struct sess *s)
{
	if (s->main->state == SESS_CONNECT || s->main->state == SESS_ACTIVE)
		fsm_simple(s->main, EVENT_CONNECT_RETRY_EXPIRES);
	else if (s->main->state == SESS_IDLE && !timer_running(s->idle_hold))
		fsm_simple(s->main, EVENT_AUTOMATIC_START);
}

void sess_configure(struct sess *s, const struct sess_config *c)
{
	bool same = sess_config_equal(&s->config, c) && s->config.passive == c->passive &&
		    s->config.active_only == c->active_only &&
		    s->config.connect_retry == c->connect_retry;

	sess_enter(s);
	s->config = *c;
	name_peer(s);
	if (c->shutdown)
		stop(s, CEASE_SHUTDOWN, "shut down by configuration");
	else if (!same && sess_enabled(s)) {
		s->mute = false;
		retry_now(s);
	}
	sess_leave(s);
}

// --- looking ---------------------------------------------------------------------------------------------

const struct sess_config *sess_get_config(const struct sess *s)
{
	return &s->config;
}

enum sess_state sess_get_state(const struct sess *s)
{
	return s->main->state;
}

const struct sess_negotiated *sess_get_negotiated(const struct sess *s)
{
	return s->main->state == SESS_ESTABLISHED ? &s->main->negotiated : NULL;
}

const struct sess_counters *sess_get_counters(const struct sess *s)
{
	return &s->counters;
}

const char *sess_last_event(const struct sess *s)
{
	return sess_event_text(s->last_event);
}

enum sess_state sess_last_state(const struct sess *s)
{
	return s->last_state;
}

uint64_t sess_up_time(const struct sess *s)
{
	return loop_now(s->loop) - s->changed_at;
}

uint32_t sess_number(const struct sess *s)
{
	return s->number;
}

void sess_update_context(const struct sess *s, struct update_context *ret)
{
	const struct sess_negotiated *n = &s->main->negotiated;

	*ret = (struct update_context){
		.attr = {.as4 = n->as4,
			 .internal = s->config.internal || s->config.confed,
			 .confed = s->config.confed},
		.families = n->families,
		.extended_next_hop = n->extended_next_hop,
		.local = n->local,
		.remote = n->remote,
	};
}

void sess_end_of_rib(struct sess *s, const struct af *af)
{
	s->ended_ribs |= af_bit(af);
}
