// Listening sockets, TCP and Unix. IPv6 ones take IPv6 only, so that one of each version can stand
// on the same port. Keys of RFC 2385 belong to the listener, one a peer, and connections inherit
// theirs from it.
#include "loop/loop.h"
#include "loop/private.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define BACKLOG 1024

struct listener {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct loop *loop;
	accept_fn *fn;
	void *arg;
	bool is_local, closing;
	uint16_t port;
	char interface[16];
};

static void on_connection(uv_stream_t *stream, int status)
{
	struct listener *n = LIST_ENTRY(stream, struct listener, uv);

	turn_take(n->loop);
	if (n->closing)
		return;
	if (status) {
		log_warning("listener: a connection could not be accepted: %s",
			    uv_strerror(status));
		return;
	}
	struct stream *s = stream_accepted(n->loop, stream, n->is_local);
	if (s)
		n->fn(n->arg, s);
}

static int listen_tcp(struct listener *n, const struct tcp_options *o, const struct ip *local)
{
	int family = local->bits == 128 ? AF_INET6 : AF_INET;
	struct sockaddr_storage a;
	uv_os_fd_t fd;
	int error = uv_fileno(&n->uv.handle, &fd);

	if (!error && !ip_is_link_local(local))
		error = socket_set_interface(fd, o->interface);
	if (!error)
		error = socket_set_ttl(fd, family, o->ttl);
	if (!error && o->min_ttl)
		error = socket_set_min_ttl(fd, family, o->min_ttl);
	if (!error)
		error = address_of_ip(local, o->port, o->interface, &a);
	if (!error)
		error = uv_tcp_bind(&n->uv.tcp, (struct sockaddr *)&a,
				    family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
	return error ? error : uv_listen(&n->uv.stream, BACKLOG, on_connection);
}

static uint16_t port_of(const struct listener *n)
{
	struct sockaddr_storage a;
	int size = sizeof(a);
	uint16_t port = 0;

	if (!uv_tcp_getsockname(&n->uv.tcp, (struct sockaddr *)&a, &size))
		ip_of_address(&a, &port);
	return port;
}

static struct listener *listener_new(struct loop *l, accept_fn *fn, void *arg)
{
	struct listener *n = MEM_NEW(struct listener);

	n->loop = l;
	n->fn = fn;
	n->arg = arg;
	return n;
}

struct listener *listener_tcp(struct loop *l, const struct tcp_options *o, accept_fn *fn, void *arg,
			      int *ret_error)
{
	struct listener *n = listener_new(l, fn, arg);
	struct ip local = o->local.bits ? o->local : ip_from_u32(0);

	memcpy(n->interface, o->interface, sizeof(n->interface));
	n->port = o->port;
	if (loop_detached())
		return n;
	int error = uv_tcp_init_ex(&l->uv, &n->uv.tcp, local.bits == 128 ? AF_INET6 : AF_INET);
	if (error) {
		mem_free(n);
		*ret_error = error;
		return NULL;
	}
	error = listen_tcp(n, o, &local);
	if (error) {
		listener_free(n);
		*ret_error = error;
		return NULL;
	}
	n->port = port_of(n);
	return n;
}

int listener_set_md5(struct listener *n, const struct ip *peer, const char *password)
{
	struct sockaddr_storage a;
	uv_os_fd_t fd;

	if (loop_detached())
		return 0;
	int error = uv_fileno(&n->uv.handle, &fd);
	if (!error)
		error = address_of_ip(peer, 0, n->interface, &a);
	return error ? error : socket_set_md5(fd, &a, password);
}

uint16_t listener_port(const struct listener *n)
{
	return n->port;
}

// Removes the socket file of a process that died. One that answers, or is no socket, stays.
static void remove_stale(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || lstat(path, &st) || !S_ISSOCK(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) && errno == ECONNREFUSED)
		unlink(path);
	close(fd);
}

struct listener *listener_local(struct loop *l, const char *path, accept_fn *fn, void *arg,
				int *ret_error)
{
	int error = local_path_check(path);

	if (error) {
		*ret_error = error;
		return NULL;
	}
	struct listener *n = listener_new(l, fn, arg);
	n->is_local = true;
	if (loop_detached())
		return n;
	uv_pipe_init(&l->uv, &n->uv.pipe, 0);
	remove_stale(path);
	error = uv_pipe_bind(&n->uv.pipe, path);
	if (!error)
		error = uv_listen(&n->uv.stream, BACKLOG, on_connection);
	if (error) {
		listener_free(n);
		*ret_error = error;
		return NULL;
	}
	return n;
}

static void on_close(uv_handle_t *handle)
{
	mem_free(LIST_ENTRY(handle, struct listener, uv));
}

void listener_free(struct listener *n)
{
	if (!n || n->closing)
		return;
	n->closing = true;
	if (!loop_detached()) // there the memory stays: who frees one twice must find it
		uv_close(&n->uv.handle, on_close); // removes the file of a Unix socket
}
