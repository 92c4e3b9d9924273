// The socket to the daemon. Blocking: the program has nothing else to do than to wait for an
// answer, except for Ctrl+C, which cuts the wait short and goes to the daemon as a frame.
#include "client.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

volatile sig_atomic_t interrupted;

bool connection_open(struct connection *c, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*c = (struct connection){.fd = -1};
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, path, strlen(path));
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	return connect(c->fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

void connection_close(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	buf_free(&c->in);
}

bool connection_send(struct connection *c, enum frame_type type, const void *p, size_t n)
{
	struct buf frame = {0};
	size_t at = 0;

	frame_put(&frame, type, p, n);
	while (at < frame.len) {
		ssize_t sent = send(c->fd, frame.data + at, frame.len - at, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR)
			break;
		if (sent > 0)
			at += (size_t)sent;
	}
	bool done = at == frame.len;
	buf_free(&frame);
	return done;
}

bool connection_send_text(struct connection *c, enum frame_type type, const char *text)
{
	return connection_send(c, type, text, strlen(text));
}

static bool connection_read(struct connection *c)
{
	// What was handed out is not needed any more.
	if (c->at) {
		memmove(c->in.data, c->in.data + c->at, c->in.len - c->at + 1);
		c->in.len -= c->at;
		c->at = 0;
	}
	uint8_t *room = buf_room(&c->in, 1 << 16);
	ssize_t n = read(c->fd, room, 1 << 16);
	if (n > 0)
		buf_extend(&c->in, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

bool connection_ready(const struct connection *c)
{
	struct frame_view f;
	size_t at = c->at;

	return frame_take(&c->in, &at, FRAME_MAX_RESPONSE, &f) != 0;
}

bool connection_next(struct connection *c, struct frame_view *ret)
{
	for (;;) {
		if (interrupted) {
			interrupted = 0;
			connection_send(c, FRAME_INTERRUPT, NULL, 0);
		}
		int got = frame_take(&c->in, &c->at, FRAME_MAX_RESPONSE, ret);
		if (got)
			return got > 0;
		if (!connection_read(c))
			return false;
	}
}

bool connection_hello(struct connection *c, bool script, bool json)
{
	const struct passwd *who = getpwuid(getuid());
	struct buf text = {0};

	buf_format(&text, "user=%s\nscript=%d\njson=%d\n", who ? who->pw_name : "", script, json);
	bool sent = connection_send(c, FRAME_HELLO, text.data, text.len);
	buf_free(&text);
	return sent;
}

char *frame_copy(const struct frame_view *f)
{
	return mem_text_n((const char *)f->p, f->n);
}
