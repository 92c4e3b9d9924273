// Sessions: TCP connections and as much of the state machine of RFC 4271 section 8 as a neighbour in a
// test needs: one connection per peer, opened or accepted, OPEN, KEEPALIVE, hold time, NOTIFICATION,
// and a new attempt after a while.
#include "feed_peer.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "feed_text.h"

enum { IN_BYTES = 256 * 1024, CONNECT_TIME_US = 3000000 };

uint64_t feed_clock(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

struct peer *feed_peer(struct feed *f, const char *name)
{
	for (unsigned i = 0; i < f->peer_count; i++)
		if (strcmp(f->peers[i]->o.name, name) == 0)
			return f->peers[i];
	return NULL;
}

bool peer_named(const struct peer *p, const char *name)
{
	size_t n = strcspn(name, "*");
	return name[n] ? strncmp(p->o.name, name, n) == 0 : strcmp(p->o.name, name) == 0;
}

static socklen_t address_size(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

// Level-triggered; the listening socket's pointer is told from the session's by its lowest bit.
void peer_watch(struct peer *p)
{
	uint32_t events = 0;
	if (p->fd < 0)
		return;
	if (!p->paused && p->state != PEER_CONNECT)
		events |= EPOLLIN;
	if (p->want_write || p->state == PEER_CONNECT)
		events |= EPOLLOUT;
	if (events == p->watched)
		return;
	struct epoll_event e = {.events = events, .data.ptr = p};
	if (epoll_ctl(p->feed->epoll, EPOLL_CTL_MOD, p->fd, &e) < 0)
		give_up("epoll_ctl: %s", strerror(errno));
	p->watched = events;
}

struct peer *peer_new(struct feed *f, const struct peer_options *o)
{
	struct peer *p = MEM_NEW(struct peer);
	p->o = *o;
	p->feed = f;
	p->fd = p->listen_fd = -1;
	p->in = mem_alloc(IN_BYTES);
	random_seed(&p->churn_random, f->peer_count + 1);
	f->peers = mem_resize(f->peers, (f->peer_count + 1) * sizeof(*f->peers));
	f->peers[f->peer_count++] = p;
	return p;
}

const char *peer_state_text(const struct peer *p)
{
	static const char *const names[] = {"down",      "idle",         "connect",
					    "open-sent", "open-confirm", "established"};
	return names[p->state];
}

void peer_drop(struct peer *p, uint64_t retry_us, const char *why, ...)
{
	va_list ap;
	va_start(ap, why);
	vsnprintf(p->last_error, sizeof(p->last_error), why, ap);
	va_end(ap);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->state == PEER_ESTABLISHED) {
		p->drop_count++;
		receive_closed(p);
	}
	p->state = PEER_IDLE;
	p->retry_at = p->feed->now + (retry_us ? retry_us : (uint64_t)p->o.retry_ms * 1000);
	p->chunk = NULL;
	p->in_len = 0;
	p->want_write = false;
	buf_clear(&p->out);
	p->out_at = 0;
	for (int f = 0; f < FEED_FAMILIES; f++)
		p->sender[f].active = false;
}

void peer_notify(struct peer *p, uint8_t code, uint8_t subcode, const void *data, size_t n)
{
	if (p->fd < 0)
		return;
	struct buf b = {0};
	wire_notification(&b, code, subcode, data, n);
	if ((!p->chunk || p->chunk_at == 0) && p->out_at == 0) // never inside another message
		(void)!send(p->fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_free(&b);
	p->sent.notifications++;
	peer_drop(p, 0, "NOTIFICATION %u/%u sent", code, subcode);
}

void peer_down(struct peer *p)
{
	peer_drop(p, 0, "down by command");
	if (p->listen_fd >= 0)
		close(p->listen_fd);
	p->listen_fd = -1;
	p->state = PEER_DOWN;
}

// --- coming up ----------------------------------------------------------------------------------

static void socket_ready(struct peer *p, int fd)
{
	if (p->o.receive_buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &p->o.receive_buffer,
			   sizeof(p->o.receive_buffer));
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	p->fd = fd;
	p->hold_at = p->feed->now + 60 * 1000000;
	struct epoll_event e = {.events = 0, .data.ptr = p};
	epoll_ctl(p->feed->epoll, EPOLL_CTL_ADD, fd, &e);
	p->watched = 0;
}

static void open_send(struct peer *p)
{
	struct wire_open o = {
		.as = p->o.as,
		.router_id = p->o.router_id,
		.hold = p->o.hold,
		.families = p->o.families,
		.capabilities = p->o.capabilities,
		.refresh = p->o.refresh,
		.enhanced = p->o.enhanced,
		.as4 = p->o.as4,
		.extended = p->o.extended,
	};
	p->state = PEER_OPEN_SENT;
	p->hold_at = p->feed->now + 60 * 1000000;
	p->families = 0;
	wire_open(&p->out, &o);
	p->sent.opens++;
	peer_send(p);
}

static void connect_start(struct peer *p)
{
	int fd = socket(p->o.remote.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    one = 1;
	if (fd < 0)
		give_up("socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (p->o.local.sa.sa_family && bind(fd, &p->o.local.sa, address_size(&p->o.local.sa)) < 0) {
		peer_drop(p, 0, "bind: %s", strerror(errno));
		close(fd);
		return;
	}
	p->state = PEER_CONNECT;
	if (connect(fd, &p->o.remote.sa, address_size(&p->o.remote.sa)) < 0 &&
	    errno != EINPROGRESS) {
		peer_drop(p, 0, "connect: %s", strerror(errno));
		close(fd);
		return;
	}
	socket_ready(p, fd);
	p->hold_at = p->feed->now + CONNECT_TIME_US;
}

static void listen_start(struct peer *p)
{
	int one = 1,
	    fd = socket(p->o.local.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, &p->o.local.sa, address_size(&p->o.local.sa)) < 0 ||
	    listen(fd, 8) < 0)
		give_up("%s: cannot listen: %s", p->o.name, strerror(errno));
	p->listen_fd = fd;
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = (char *)p + 1};
	epoll_ctl(p->feed->epoll, EPOLL_CTL_ADD, fd, &e);
}

void peer_up(struct peer *p)
{
	if (p->state != PEER_DOWN)
		return;
	p->state = PEER_IDLE;
	p->retry_at = 0;
	if (p->o.passive)
		listen_start(p);
	else
		connect_start(p);
}

void peer_accept(struct peer *p)
{
	struct sockaddr_in6 from;
	socklen_t size = sizeof(from);
	int fd = accept4(p->listen_fd, (struct sockaddr *)&from, &size,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	bool ours = from.sin6_family == p->o.remote.sa.sa_family;
	if (ours && from.sin6_family == AF_INET)
		ours = ((struct sockaddr_in *)&from)->sin_addr.s_addr ==
		       p->o.remote.in4.sin_addr.s_addr;
	else if (ours)
		ours = memcmp(&from.sin6_addr, &p->o.remote.in6.sin6_addr, 16) == 0;
	if (!ours || p->fd >= 0) {
		close(fd);
		return;
	}
	socket_ready(p, fd);
	open_send(p);
}

// --- messages -----------------------------------------------------------------------------------

static void capability_take(struct peer *p, uint8_t code, struct cursor v)
{
	if (code == 1) {
		unsigned afi = cursor_u16(&v);
		cursor_u8(&v);
		int family = family_by_code(afi, cursor_u8(&v));
		if (!v.error && family >= 0)
			p->families |= 1u << family;
	} else if (code == 2) {
		p->refresh = true;
	} else if (code == 70) {
		p->enhanced = p->o.enhanced;
	} else if (code == 6) {
		p->extended = p->o.extended;
	} else if (code == 65) {
		uint32_t as = cursor_u32(&v);
		p->as4 = p->o.as4 && !v.error;
		p->remote_as = v.error ? p->remote_as : as;
	}
}

static bool open_take(struct peer *p, const uint8_t *body, size_t n)
{
	struct cursor c = cursor_of(body, n);
	if (cursor_u8(&c) != 4)
		return false;
	p->remote_as = cursor_u16(&c);
	unsigned hold = cursor_u16(&c);
	cursor_u32(&c);
	struct cursor parameters = cursor_cut(&c, cursor_u8(&c));
	p->refresh = p->enhanced = p->as4 = p->extended = false;
	while (cursor_left(&parameters)) {
		uint8_t kind = cursor_u8(&parameters);
		struct cursor v = cursor_cut(&parameters, cursor_u8(&parameters));
		while (kind == 2 && cursor_left(&v)) {
			uint8_t code = cursor_u8(&v);
			struct cursor value = cursor_cut(&v, cursor_u8(&v));
			if (v.error)
				return false;
			capability_take(p, code, value);
		}
	}
	if (c.error || parameters.error)
		return false;
	if (!p->families)
		p->families = 1;
	p->families &= p->o.families;
	p->hold = (uint16_t)(hold < p->o.hold ? hold : p->o.hold);
	return true;
}

static void established(struct peer *p)
{
	p->state = PEER_ESTABLISHED;
	p->established_at = p->feed->now;
	p->established_count++;
	p->keepalive_gap.last = p->feed->now;
	sender_open(p);
}

static void notification_take(struct peer *p, const uint8_t *body, size_t n)
{
	struct buf b = {0};
	p->received.notifications++;
	if (n >= 2) {
		buf_format(&b, "%u/%u ", body[0], body[1]);
		buf_hex(&b, body + 2, n - 2 < 40 ? n - 2 : 40);
	}
	snprintf(p->last_notification, sizeof(p->last_notification), "%s", buf_cstr(&b));
	buf_free(&b);
	peer_drop(p, 0, "NOTIFICATION %s", p->last_notification);
}

static void keepalive_take(struct peer *p)
{
	uint64_t gap = p->feed->now - p->keepalive_gap.last;
	p->received.keepalives++;
	if (p->state == PEER_OPEN_CONFIRM) {
		established(p);
		return;
	}
	if (gap > p->keepalive_gap.longest)
		p->keepalive_gap.longest = gap;
	p->keepalive_gap.last = p->feed->now;
}

static void message_take(struct peer *p, uint8_t type, const uint8_t *body, size_t n)
{
	p->received.bytes += n + WIRE_HEADER;
	switch (type) {
	case MSG_OPEN:
		p->received.opens++;
		if (p->state != PEER_OPEN_SENT || !open_take(p, body, n)) {
			peer_notify(p, 2, 0, NULL, 0);
			return;
		}
		p->state = PEER_OPEN_CONFIRM;
		wire_keepalive(&p->out);
		p->sent.keepalives++;
		break;
	case MSG_KEEPALIVE:
		keepalive_take(p);
		break;
	case MSG_UPDATE:
		if (p->state != PEER_ESTABLISHED)
			peer_notify(p, 5, 0, NULL, 0);
		else if (!receive_update(p, body, n))
			peer_notify(p, 3, 1, NULL, 0);
		break;
	case MSG_REFRESH:
		receive_refresh(p, body, n);
		break;
	case MSG_NOTIFICATION:
		notification_take(p, body, n);
		break;
	default:
		p->received.malformed++;
		peer_notify(p, 1, 3, &type, 1);
	}
}

static void messages_take(struct peer *p)
{
	size_t at = 0;
	while (p->fd >= 0 && p->in_len - at >= WIRE_HEADER) {
		const uint8_t *m = p->in + at;
		size_t n = (size_t)(m[16] << 8 | m[17]);
		if (n < WIRE_HEADER || n > (p->extended ? WIRE_MAX_EXTENDED : WIRE_MAX) ||
		    m[0] != 0xff) {
			p->received.malformed++;
			peer_notify(p, 1, 2, m + 16, 2);
			return;
		}
		if (p->in_len - at < n)
			break;
		at += n;
		message_take(p, m[18], m + WIRE_HEADER, n - WIRE_HEADER);
	}
	if (p->fd < 0)
		return;
	p->in_len -= at;
	memmove(p->in, p->in + at, p->in_len);
	p->hold_at = p->feed->now + (p->hold ? (uint64_t)p->hold * 1000000 : UINT64_MAX / 2);
}

static void bytes_take(struct peer *p)
{
	ssize_t n = recv(p->fd, p->in + p->in_len, IN_BYTES - p->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		peer_drop(p, 0, n < 0 ? "receive: %s" : "closed by the other side",
			  strerror(errno));
		return;
	}
	// Where stalls are measured, an acknowledgement that TCP holds back must not count as one.
	int one = 1;
	if (p->feed->probe_hash && n < WIRE_MAX)
		setsockopt(p->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
	p->feed->now = feed_clock();
	p->in_len += (size_t)n;
	messages_take(p);
}

// --- events -------------------------------------------------------------------------------------

static void connected(struct peer *p)
{
	int error = 0;
	socklen_t size = sizeof(error);
	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error)
		peer_drop(p, 0, "connect: %s", strerror(error));
	else
		open_send(p);
}

void peer_event(struct peer *p, uint32_t events)
{
	if (p->fd < 0)
		return;
	if (p->state == PEER_CONNECT) {
		if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			connected(p);
		return;
	}
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP) && !p->paused)
		bytes_take(p);
	if (p->fd >= 0)
		peer_send(p);
}

void peer_pause(struct peer *p, bool pause)
{
	p->paused = pause;
}

void peer_timers(struct peer *p)
{
	uint64_t now = p->feed->now;
	if (p->state == PEER_IDLE && !p->o.passive && now >= p->retry_at)
		connect_start(p);
	if (p->fd < 0)
		return;
	if (now >= p->hold_at && !p->paused) {
		if (p->state == PEER_CONNECT)
			peer_drop(p, 0, "connect: no answer");
		else
			peer_notify(p, 4, 0, NULL, 0);
		return;
	}
	if (p->state == PEER_ESTABLISHED && p->hold && now >= p->keepalive_at) {
		p->keepalive_at = now + (uint64_t)p->hold * 1000000 / 3;
		wire_keepalive(&p->out);
		p->sent.keepalives++;
	}
	sender_churn(p);
	if (!p->want_write && sender_busy(p))
		peer_send(p);
}
