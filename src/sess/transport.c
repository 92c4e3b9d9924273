// The connection object's lower half: a stream, the cutting of its bytes into messages (RFC 4271
// 4.1, 6.1), and the count of what goes out.
//
// A message that lies whole in the bytes just read is handed on where it lies; only one that is
// cut by the end of a read is put together in c->input. Output is the stream's queue; how much of
// it a session takes is a matter of water marks: above OUTPUT_LOW the peer counts as slow and the
// owner is told when all has left (on_drained); no more than OUTPUT_HIGH is asked for at once. The
// kernel's own buffer is full at that moment, so the line never runs dry.
//
// The stream is the conn's from transport_dial or transport_adopt to transport_close. Callbacks of
// the owner may end the connection at any time: c->life tells.
#include "sess/sess_private.h"

#include <string.h>

#include "base/log.h"

// --- input -------------------------------------------------------------------------------------------

// Takes the bytes of at most one message from the front; returns their number.
static size_t take(struct conn *c, const uint8_t *p, size_t n)
{
	struct fault f = {0};
	int length = frame_length(p, n, c->max_input, &f);

	if (length < 0) {
		receive_broken(c, &f, p, n);
		return n;
	}
	if (!length || (size_t)length > n) {
		buf_put(&c->input, p, n);
		return n;
	}
	receive_message(c, p, (size_t)length);
	return (size_t)length;
}

// The same when c->input holds the beginning of a message.
static size_t take_more(struct conn *c, const uint8_t *p, size_t n)
{
	struct fault f = {0};
	uint32_t life = c->life;
	int length = frame_length(c->input.data, c->input.len, c->max_input, &f);
	size_t want = length > 0 ? (size_t)length : BGP_HEADER, used = 0;

	if (c->input.len < want) {
		used = want - c->input.len < n ? want - c->input.len : n;
		buf_put(&c->input, p, used);
		length = frame_length(c->input.data, c->input.len, c->max_input, &f);
	}
	if (length < 0)
		receive_broken(c, &f, c->input.data, c->input.len);
	else if (length && c->input.len >= (size_t)length)
		receive_message(c, c->input.data, (size_t)length);
	else
		return used;
	if (c->life == life)
		buf_clear(&c->input);
	return used;
}

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	struct conn *c = arg;
	uint32_t life = c->life;

	sess_enter(c->sess);
	while (n && c->life == life) {
		size_t used = c->input.len ? take_more(c, p, n) : take(c, p, n);
		p += used;
		n -= used;
	}
	sess_leave(c->sess);
}

// --- life of the stream ------------------------------------------------------------------------------------

static void fails(struct conn *c, int error)
{
	struct fsm_event e = {.type = EVENT_TCP_FAILS};

	e.text = error ? strerror(-error) : "the peer closed the connection";
	fsm_event(c, &e);
}

static void on_connected(void *arg, int error)
{
	struct conn *c = arg;

	sess_enter(c->sess);
	if (error)
		fails(c, error);
	else
		fsm_simple(c, EVENT_TCP_CR_ACKED);
	sess_leave(c->sess);
}

static void on_closed(void *arg, int error)
{
	struct conn *c = arg;

	sess_enter(c->sess);
	fails(c, error);
	sess_leave(c->sess);
}

static void on_drained(void *arg)
{
	struct conn *c = arg;
	struct sess *s = c->sess;

	sess_enter(s);
	send_measure(c);
	if (c->state == SESS_ESTABLISHED && s->ops->on_drained)
		s->ops->on_drained(s->arg, s);
	sess_leave(s);
}

static const struct stream_ops stream_events = {
	.on_connected = on_connected,
	.on_read = on_read,
	.on_closed = on_closed,
	.on_drained = on_drained,
};

// GTSM (RFC 5082): we send 255, and what comes from further away than so many hops is dropped.
static void fill_limits(const struct sess_config *cf, struct tcp_options *o)
{
	if (cf->gtsm_hops) {
		o->ttl = 255;
		o->min_ttl = (uint8_t)(256 - cf->gtsm_hops);
	} else if (cf->ttl) {
		o->ttl = cf->ttl;
	} else if (!cf->internal) {
		o->ttl = 1;
	}
}

int transport_dial(struct conn *c)
{
	const struct sess_config *cf = &c->sess->config;
	struct tcp_options o = {
		.local = cf->local,
		.remote = cf->remote,
		.port = cf->remote_port ? cf->remote_port : BGP_PORT,
		.md5_password = cf->password[0] ? cf->password : NULL,
	};
	int error = 0;

	memcpy(o.interface, cf->interface, sizeof(o.interface));
	fill_limits(cf, &o);
	c->outgoing = true;
	c->written = 0;
	c->stream = stream_connect(c->sess->loop, &o, &stream_events, c, &error);
	if (c->stream)
		return 0;
	log_info("peer %s: cannot connect: %s", c->sess->name, strerror(-error));
	return error;
}

int transport_adopt(struct conn *c, struct stream *stream)
{
	struct tcp_options o = {.remote = c->sess->config.remote};
	int error;

	fill_limits(&c->sess->config, &o);
	error = o.ttl || o.min_ttl ? stream_set_limits(stream, &o) : 0;
	if (error) {
		log_warning("peer %s: cannot limit the TTL of a connection: %s", c->sess->name,
			    strerror(-error));
		return error;
	}
	c->outgoing = false;
	c->written = 0;
	c->stream = stream;
	stream_set_ops(stream, &stream_events, c);
	return 0;
}

void transport_close(struct conn *c, bool finish)
{
	struct stream *stream = c->stream;

	c->stream = NULL;
	if (!stream)
		return;
	if (finish)
		stream_finish(stream);
	else
		stream_free(stream);
}

void transport_write(struct conn *c, const void *p, size_t n)
{
	stream_write(c->stream, p, n);
	c->written += n;
}
