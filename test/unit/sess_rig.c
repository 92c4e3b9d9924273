// See sess_rig.h. The peer keeps each connection in a line and reads its messages as they come; it
// answers nothing by itself.
#include "unit/sess_rig.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static void silent(enum log_level level, const char *line, void *arg)
{
}

// --- the peer ---------------------------------------------------------------------------------------

static void note_keepalive(struct line *l)
{
	uint64_t gap = sim_now() - l->last_keepalive;

	if (l->last_keepalive && l->in_type[BGP_KEEPALIVE] > 2) {
		if (gap > l->longest)
			l->longest = gap;
		if (!l->shortest || gap < l->shortest)
			l->shortest = gap;
	}
	l->last_keepalive = sim_now();
}

static void line_message_in(struct line *l, const uint8_t *p, size_t n)
{
	struct arena a;
	struct fault f;
	struct notification note;

	l->in_type[0]++;
	l->in_type[p[18]]++;
	buf_clear(&l->last);
	buf_put(&l->last, p, n);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(p[i], 0xff); // G1
	if (p[18] == BGP_OPEN) {
		arena_init(&a, 1024);
		assert_true(open_decode(p, n, &a, &l->open, &f));
		arena_free(&a);
	} else if (p[18] == BGP_NOTIFICATION) {
		assert_true(notification_decode(p, n, &note));
		l->code = note.code;
		l->subcode = note.subcode;
		buf_put(&l->data, note.data.p, note.data.len);
	} else if (p[18] == BGP_KEEPALIVE) {
		note_keepalive(l);
	}
}

static void on_connected(void *arg, int error)
{
	struct line *l = arg;

	l->connected = !error;
	if (error) {
		l->closed = true;
		stream_free(l->stream);
		l->stream = NULL;
	}
}

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	struct line *l = arg;
	struct fault f;
	int length;

	l->bytes += n;
	if (l->quiet)
		return;
	buf_put(&l->in, p, n);
	size_t at = 0;
	while ((length = frame_length(l->in.data + at, l->in.len - at, BGP_MAX_EXTENDED, &f)) > 0 &&
	       at + (size_t)length <= l->in.len) {
		line_message_in(l, l->in.data + at, (size_t)length);
		at += (size_t)length;
	}
	assert_true(length >= 0);
	memmove(l->in.data, l->in.data + at, l->in.len - at);
	l->in.len -= at;
}

static void on_closed(void *arg, int error)
{
	struct line *l = arg;

	l->closed = true;
	stream_free(l->stream);
	l->stream = NULL;
}

static const struct stream_ops peer_events = {
	.on_connected = on_connected,
	.on_read = on_read,
	.on_closed = on_closed,
};

static struct line *line_new(struct rig *r)
{
	assert_true(r->line_count < RIG_LINES);
	return &r->lines[r->line_count++];
}

static void on_accept(void *arg, struct stream *stream)
{
	struct line *l = line_new(arg);

	l->stream = stream;
	l->connected = true;
	stream_set_ops(stream, &peer_events, l);
}

void rig_listen(struct rig *r)
{
	struct tcp_options o = {.port = 179, .local = {.bits = r->config.remote.bits}};
	int error = 0;

	r->listener = listener_tcp(r->far, &o, on_accept, r, &error);
	assert_int_equal(error, 0);
}

struct line *rig_dial(struct rig *r)
{
	struct tcp_options o = {.port = 179, .ttl = 255, .local = r->config.remote};
	struct line *l = line_new(r);
	int error = 0;

	o.remote = r->config.remote.bits == 32 ? ip_from_u32(0x0a000001) : r->config.local;
	l->stream = stream_connect(r->far, &o, &peer_events, l, &error);
	assert_non_null(l->stream);
	return l;
}

struct line *rig_line(struct rig *r)
{
	assert_true(r->line_count > 0);
	return &r->lines[r->line_count - 1];
}

void line_send(struct line *l, const void *p, size_t n)
{
	if (l->stream)
		stream_write(l->stream, p, n);
}

static void send_and_free(struct line *l, struct buf *b)
{
	line_send(l, b->data, b->len);
	buf_free(b);
}

void line_open(struct line *l, const struct open *o)
{
	struct buf b = {0};

	open_encode(&b, o);
	send_and_free(l, &b);
}

void line_message(struct line *l, uint8_t type, const void *body, size_t n)
{
	struct buf b = {0};

	message_begin(&b, type);
	if (n)
		buf_put(&b, body, n);
	message_end(&b, 0);
	send_and_free(l, &b);
}

void line_keepalive(struct line *l)
{
	line_message(l, BGP_KEEPALIVE, NULL, 0);
}

void line_update(struct line *l)
{
	static const uint8_t nothing[4];

	line_message(l, BGP_UPDATE, nothing, sizeof(nothing));
}

void line_notify(struct line *l, uint8_t code, uint8_t subcode)
{
	uint8_t body[] = {code, subcode};

	line_message(l, BGP_NOTIFICATION, body, sizeof(body));
}

void line_refresh(struct line *l, uint16_t afi, uint8_t subtype, uint8_t safi, size_t more)
{
	struct buf b = {0};

	message_begin(&b, BGP_ROUTE_REFRESH);
	buf_u16(&b, afi);
	buf_u8(&b, subtype);
	buf_u8(&b, safi);
	for (size_t i = 0; i < more; i++)
		buf_u8(&b, 0);
	message_end(&b, 0);
	send_and_free(l, &b);
}

void line_close(struct line *l)
{
	if (l->stream)
		stream_free(l->stream);
	l->stream = NULL;
}

void line_assert_notified(struct rig *r, const struct line *l, uint8_t code, uint8_t subcode)
{
	assert_int_equal(l->in_type[BGP_NOTIFICATION], 1);
	assert_int_equal(l->code, code);
	assert_int_equal(l->subcode, subcode);
	assert_true(l->closed);
}

// --- the owner ---------------------------------------------------------------------------------------------

static void owner_established(void *arg, struct sess *s, const struct sess_negotiated *n)
{
	struct rig *r = arg;

	r->established++;
	r->negotiated = *n;
	assert_ptr_equal(sess_get_negotiated(s), n);
}

static void owner_update(void *arg, struct sess *s, const uint8_t *p, size_t n)
{
	struct rig *r = arg;

	r->updates++;
	r->update_bytes += n;
	if (r->during_update)
		r->during_update(r);
}

static void owner_refresh(void *arg, struct sess *s, const struct refresh *refresh)
{
	struct rig *r = arg;

	r->refreshes++;
	r->refresh = *refresh;
}

static void owner_down(void *arg, struct sess *s, const struct sess_down *d)
{
	struct rig *r = arg;

	r->downs++;
	r->down = *d;
	snprintf(r->down_text, sizeof(r->down_text), "%s", d->text);
	if (r->during_down)
		r->during_down(r);
}

static void owner_drained(void *arg, struct sess *s)
{
	struct rig *r = arg;

	r->drained++;
}

static void owner_state(void *arg, struct sess *s, enum sess_state from, enum sess_state to)
{
	struct rig *r = arg;

	assert_int_equal(sess_get_state(s), to);
	buf_text(&r->trace, sess_state_text(to));
	buf_u8(&r->trace, ' ');
}

static bool owner_accept_as(void *arg, struct sess *s, uint32_t as)
{
	struct rig *r = arg;

	r->asked_as++;
	return as == r->allowed_as;
}

static const struct sess_ops owner = {
	.on_established = owner_established,
	.on_update = owner_update,
	.on_refresh = owner_refresh,
	.on_down = owner_down,
	.on_drained = owner_drained,
	.on_state = owner_state,
	.accept_as = owner_accept_as,
};

static struct sess *find(void *arg, const struct ip *remote, const struct ip *local)
{
	struct rig *r = arg;

	return r->s && ip_equal(remote, &r->config.remote) ? r->s : NULL;
}

void rig_door(struct rig *r)
{
	struct ip any = {0};
	int error = 0;

	r->door = sess_door_new(r->near, &(struct sess_place){.local = any, .port = 179}, find, r,
				&error);
	assert_int_equal(error, 0);
}

// --- both ------------------------------------------------------------------------------------------------

struct rig *rig_new(bool passive)
{
	struct rig *r = MEM_NEW(struct rig);

	log_set_sink(silent, NULL);
	sim_new(42);
	arena_init(&r->arena, 1024);
	r->near = loop_new();
	r->far = loop_new();
	sim_set_address(r->near, "10.0.0.1");
	sim_set_address(r->far, "10.0.0.2");
	sim_set_address(r->near, "fd00::1");
	sim_set_address(r->far, "fd00::2");
	r->config = (struct sess_config){
		.remote = ip_from_u32(0x0a000002),
		.remote_port = 179,
		.listen_port = 179,
		.local_as = 65001,
		.real_local_as = 65001,
		.remote_as = 65002,
		.router_id = 0x0a000001,
		.families = af_bit(af_classic()),
		.hold_time = 180,
		.keepalive = 60,
		.connect_retry = 32,
		.refresh = true,
		.as4 = true,
		.extended_message = true,
		.enhanced_refresh = true,
		.passive = passive,
	};
	rig_rebuild(r);
	return r;
}

void rig_rebuild(struct rig *r)
{
	sess_free(r->s);
	r->s = sess_new(r->near, &r->config, &owner, r);
}

void rig_free(struct rig *r)
{
	for (unsigned i = 0; i < r->line_count; i++) {
		struct line *l = &r->lines[i];
		line_close(l);
		buf_free(&l->in);
		buf_free(&l->data);
		buf_free(&l->last);
	}
	if (r->listener)
		listener_free(r->listener);
	sess_free(r->s);
	sess_door_free(r->door);
	sim_run_for(2 * SIM_SECOND); // streams that finish
	loop_free(r->near);
	loop_free(r->far);
	assert_int_equal(sim_free(), 0);
	buf_free(&r->trace);
	arena_free(&r->arena);
	mem_free(r);
	log_set_sink(NULL, NULL);
}

void rig_settle(struct rig *r)
{
	sim_run_for(100 * SIM_MS);
}

struct open rig_open(const struct rig *r)
{
	return (struct open){
		.version = 4,
		.as = 65002,
		.hold_time = 90,
		.router_id = 0x0a000002,
		.caps = {.families = r->config.families,
			 .multiprotocol = true,
			 .refresh = true,
			 .enhanced_refresh = true,
			 .extended_message = true,
			 .as4 = true,
			 .as4_number = 65002},
	};
}

void rig_assert(struct rig *r, enum sess_state state)
{
	assert_string_equal(sess_state_text(sess_get_state(r->s)), sess_state_text(state));
}

struct line *rig_to(struct rig *r, enum sess_state state)
{
	struct open o = rig_open(r);

	if (!r->listener)
		rig_listen(r);
	sess_start(r->s);
	rig_settle(r);
	struct line *l = rig_line(r);
	rig_assert(r, SESS_OPENSENT);
	assert_int_equal(l->in_type[BGP_OPEN], 1);
	if (state >= SESS_OPENCONFIRM) {
		line_open(l, &o);
		rig_settle(r);
		rig_assert(r, SESS_OPENCONFIRM);
		assert_int_equal(l->in_type[BGP_KEEPALIVE], 1);
	}
	if (state >= SESS_ESTABLISHED) {
		line_keepalive(l);
		rig_settle(r);
		rig_assert(r, SESS_ESTABLISHED);
	}
	return l;
}
