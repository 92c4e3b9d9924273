// Stream sockets, TCP and Unix: their life and their reading side.
//
// A stream that is freed is closed at once and its memory goes when libuv has let go of it; its
// flag says so to callbacks that are still under way. All reads of a loop go to one large buffer,
// and a stream reads once in a round: a peer that sends without end must not hold up the others.
//
// stream_finish ends politely: what waits is written, our side is shut, and the stream is closed
// when the other side has closed too or after a second. Closing at once, with bytes of the peer
// unread, would make the kernel send a reset, which can destroy the NOTIFICATION on its way.
#include "loop/loop.h"
#include "loop/private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define PATIENCE_US 1000000

// --- making ------------------------------------------------------------------------------------

static struct stream *stream_new(struct loop *l, bool is_local, int family)
{
	struct stream *s = MEM_NEW(struct stream);
	int error = loop_detached() ? 0
		    : is_local      ? uv_pipe_init(&l->uv, &s->uv.pipe, 0)
				    : uv_tcp_init_ex(&l->uv, &s->uv.tcp, (unsigned)family);

	if (error) {
		mem_free(s);
		errno = -error;
		return NULL;
	}
	s->loop = l;
	s->is_local = is_local;
	list_init(&s->queue);
	list_init(&s->flight);
	list_init(&s->dirty);
	list_init(&s->finishing);
	return s;
}

static int descriptor(const struct stream *s)
{
	uv_os_fd_t fd;
	return uv_fileno(&s->uv.handle, &fd) ? -1 : fd;
}

static int family_of(const struct ip *ip)
{
	return ip->bits == 128 ? AF_INET6 : AF_INET;
}

static void learn_addresses(struct stream *s)
{
	struct sockaddr_storage a;
	int n = sizeof(a);

	if (s->is_local)
		return;
	if (!uv_tcp_getsockname(&s->uv.tcp, (struct sockaddr *)&a, &n))
		s->local = ip_of_address(&a, &s->local_port);
	n = sizeof(a);
	if (!uv_tcp_getpeername(&s->uv.tcp, (struct sockaddr *)&a, &n))
		s->remote = ip_of_address(&a, &s->remote_port);
}

struct stream *stream_accepted(struct loop *l, uv_stream_t *listener, bool local)
{
	struct stream *s = stream_new(l, local, AF_UNSPEC);

	if (!s)
		return NULL;
	if (uv_accept(listener, &s->uv.stream)) {
		stream_free(s);
		return NULL;
	}
	if (!local)
		uv_tcp_nodelay(&s->uv.tcp, 1);
	s->connected = true;
	learn_addresses(s);
	return s;
}

struct stream *stream_of_pipe(struct loop *l, int fd)
{
	struct stream *s = stream_new(l, true, AF_UNSPEC);

	if (!s || uv_pipe_open(&s->uv.pipe, fd))
		die("loop: a pipe of our own cannot be read");
	s->connected = true;
	return s;
}

static void on_connect(uv_connect_t *request, int status)
{
	struct stream *s = LIST_ENTRY(request, struct stream, connect);

	turn_take(s->loop);
	if (s->closing)
		return;
	if (status) {
		s->ended = true;
	} else {
		s->connected = true;
		learn_addresses(s);
		output_mark(s);
		stream_read_update(s);
	}
	if (s->ops && s->ops->on_connected)
		s->ops->on_connected(s->arg, status);
}

// Everything that must be so before the first segment leaves.
static int prepare(struct stream *s, const struct tcp_options *o)
{
	struct sockaddr_storage a;

	if (loop_detached())
		return 0;
	int fd = descriptor(s), family = family_of(&o->remote), on = 1, error = 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)); // ports are scarce
	if (!ip_is_link_local(&o->remote))
		error = socket_set_interface(fd, o->interface);
	if (!error)
		error = socket_set_ttl(fd, family, o->ttl);
	if (!error && o->min_ttl)
		error = socket_set_min_ttl(fd, family, o->min_ttl);
	if (!error && o->local.bits) {
		error = address_of_ip(&o->local, 0, o->interface, &a);
		if (!error)
			error = uv_tcp_bind(&s->uv.tcp, (struct sockaddr *)&a, 0);
	}
	if (!error)
		error = address_of_ip(&o->remote, o->port, o->interface, &a);
	if (!error && o->md5_password && *o->md5_password)
		error = socket_set_md5(fd, &a, o->md5_password);
	if (!error)
		error = uv_tcp_nodelay(&s->uv.tcp, 1);
	if (!error)
		error = uv_tcp_connect(&s->connect, &s->uv.tcp, (struct sockaddr *)&a, on_connect);
	return error;
}

struct stream *stream_connect(struct loop *l, const struct tcp_options *o,
			      const struct stream_ops *ops, void *arg, int *ret_error)
{
	struct stream *s = stream_new(l, false, family_of(&o->remote));

	if (!s) {
		*ret_error = -errno;
		return NULL;
	}
	bool mixed = !o->remote.bits || (o->local.bits && o->local.bits != o->remote.bits);
	int error = mixed ? -EAFNOSUPPORT : prepare(s, o);
	if (error) {
		stream_free(s);
		*ret_error = error;
		return NULL;
	}
	s->remote = o->remote;
	s->remote_port = o->port;
	s->ops = ops;
	s->arg = arg;
	return s;
}

struct stream *stream_connect_local(struct loop *l, const char *path, const struct stream_ops *ops,
				    void *arg, int *ret_error)
{
	int error = local_path_check(path);
	struct stream *s = error ? NULL : stream_new(l, true, AF_UNSPEC);

	if (!s) {
		*ret_error = error ? error : -errno;
		return NULL;
	}
	s->ops = ops;
	s->arg = arg;
	if (!loop_detached())
		uv_pipe_connect(&s->connect, &s->uv.pipe, path, on_connect);
	return s;
}

// --- reading -----------------------------------------------------------------------------------

void stream_report(struct stream *s, int error)
{
	if (s->ended)
		return;
	s->ended = true;
	stream_read_update(s);
	if (s->patience && !error && stream_unsent(s))
		return; // the other side sends no more, but may still read: stream_drained ends it
	output_discard(s);
	if (s->patience)
		stream_free(s);
	else if (s->ops && s->ops->on_closed)
		s->ops->on_closed(s->arg, error);
}

// No buffer means: not again in this round. The kernel reminds libuv of it in the next one.
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct stream *s = LIST_ENTRY(handle, struct stream, uv);
	struct loop *l = s->loop;

	turn_take(l);
	if (!l->read_buffer)
		l->read_buffer = mem_alloc(READ_BUFFER);
	buf->base = (char *)l->read_buffer;
	buf->len = s->round == l->round ? 0 : READ_BUFFER;
	s->round = l->round;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct stream *s = LIST_ENTRY(stream, struct stream, uv);

	turn_take(s->loop);
	if (s->closing || n == 0 || n == UV_ENOBUFS)
		return;
	if (n == UV_EOF)
		stream_report(s, s->write_error);
	else if (n < 0)
		stream_report(s, (int)n);
	else if (s->ops && s->ops->on_read)
		s->ops->on_read(s->arg, (const uint8_t *)buf->base, (size_t)n);
}

void stream_read_update(struct stream *s)
{
	// Without ops nobody takes the bytes yet, except that a finishing stream throws them away.
	bool want = s->connected && !s->paused && !s->ended && (s->ops || s->patience);

	if (want == s->reading || loop_detached())
		return;
	s->reading = want;
	if (want)
		uv_read_start(&s->uv.stream, on_alloc, on_read);
	else
		uv_read_stop(&s->uv.stream);
}

void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
	stream_read_update(s);
}

void stream_pause(struct stream *s, bool pause)
{
	s->paused = pause;
	stream_read_update(s);
	if (s->write_error)
		output_mark(s); // nobody else would report it now
}

// --- ending ------------------------------------------------------------------------------------

static void on_close(uv_handle_t *handle)
{
	mem_free(LIST_ENTRY(handle, struct stream, uv));
}

void stream_free(struct stream *s)
{
	if (!s || s->closing)
		return;
	s->ended = s->closing = true;
	s->ops = NULL;
	timer_free(s->patience);
	list_remove(&s->dirty);
	list_remove(&s->finishing);
	if (!loop_detached()) // there the memory stays: who frees one twice must find it
		uv_close(&s->uv.handle, on_close); // the descriptor is closed here
	output_discard(s);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	struct stream *s = LIST_ENTRY(request, struct stream, shutdown);

	turn_take(s->loop);
	if (!s->closing && status)
		stream_free(s);
}

void stream_drained(struct stream *s)
{
	if (s->ops && s->ops->on_drained)
		s->ops->on_drained(s->arg);
	else if (s->patience && !s->shut) {
		s->shut = true;
		if (s->ended || uv_shutdown(&s->shutdown, &s->uv.stream, on_shutdown))
			stream_free(s);
	}
}

static void on_patience(void *arg)
{
	stream_free(arg);
}

void stream_finish(struct stream *s)
{
	if (!s)
		return;
	if (s->ended || s->write_error || !s->connected || loop_detached()) {
		stream_free(s);
		return;
	}
	s->ops = NULL;
	s->patience = timer_new(s->loop, on_patience, s);
	timer_start(s->patience, PATIENCE_US);
	list_add(&s->loop->finishing, &s->finishing);
	s->paused = false;
	s->undrained = true;
	stream_read_update(s);
	output_flush(s);
	output_mark(s);
}

// --- facts -------------------------------------------------------------------------------------

struct ip stream_local(const struct stream *s, uint16_t *ret_port)
{
	if (ret_port)
		*ret_port = s->local_port;
	return s->local;
}

struct ip stream_remote(const struct stream *s, uint16_t *ret_port)
{
	if (ret_port)
		*ret_port = s->remote_port;
	return s->remote;
}

int stream_set_limits(struct stream *s, const struct tcp_options *o)
{
	if (s->is_local)
		return -ENOTSUP;
	if (loop_detached())
		return 0;
	int family = family_of(&s->remote), fd = descriptor(s);
	if (fd < 0)
		return -ENOTSUP;
	int error = socket_set_ttl(fd, family, o->ttl);
	return error ? error : socket_set_min_ttl(fd, family, o->min_ttl);
}
