// The writing side of streams. What is written becomes chunks in a queue: small writes are copied
// and put together, shared bytes are only pointed at. The queue is flushed before the loop waits,
// or at once when it has grown: to the kernel as much as it takes, the rest as one request of
// libuv's, which tells when it has left. So at most one request is under way per stream.
//
// A failed write is remembered and the queue dropped. It is the reading side that reports it,
// since what the peer sent before it closed (a NOTIFICATION, say) is still to be read; only a
// stream that does not read at that time is reported from here.
#include "loop/loop.h"
#include "loop/private.h"

#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

#define CHUNK_MIN   4096
#define CHUNK_MAX   (64 * 1024)
#define FLUSH_EARLY (128 * 1024)

static void chunk_free(struct chunk *c)
{
	list_remove(&c->link);
	if (c->release)
		c->release(c->arg);
	mem_free(c);
}

static void drop(struct list *chunks)
{
	while (!list_empty(chunks))
		chunk_free(LIST_ENTRY(chunks->next, struct chunk, link));
}

void output_discard(struct stream *s)
{
	s->queued = 0;
	drop(&s->queue);
	drop(&s->flight);
}

void output_mark(struct stream *s)
{
	if (s->closing || loop_detached())
		return;
	if (list_empty(&s->dirty))
		list_add(&s->loop->dirty, &s->dirty);
	loop_idle_update(s->loop);
}

static void failed(struct stream *s, int error)
{
	uv_os_fd_t fd;

	if (s->closing)
		return;
	if (!s->write_error)
		s->write_error = error;
	if (!uv_fileno(&s->uv.handle, &fd))
		shutdown(fd, SHUT_RD); // what came in can be read, then comes the end for certain
	output_discard(s);
	output_mark(s);
}

// --- from the queue to the kernel --------------------------------------------------------------

static unsigned gather(struct stream *s, uv_buf_t bufs[FLIGHT_MAX])
{
	unsigned n = 0;

	for (struct list *l = s->queue.next; l != &s->queue && n < FLIGHT_MAX; l = l->next) {
		struct chunk *c = LIST_ENTRY(l, struct chunk, link);
		bufs[n++] = (uv_buf_t){.base = (char *)c->p, .len = c->n};
	}
	return n;
}

static void consume(struct stream *s, size_t n)
{
	s->queued -= n;
	while (n && !list_empty(&s->queue)) { // a release may free the stream
		struct chunk *c = LIST_ENTRY(s->queue.next, struct chunk, link);
		if (n < c->n) {
			c->p += n;
			c->n -= n;
			return;
		}
		n -= c->n;
		chunk_free(c);
	}
}

static void on_written(uv_write_t *request, int status)
{
	struct stream *s = LIST_ENTRY(request, struct stream, write);

	turn_take(s->loop);
	if (s->closing)
		return;
	drop(&s->flight);
	if (status < 0)
		failed(s, status);
	else
		output_mark(s);
}

static void request_write(struct stream *s)
{
	uv_buf_t bufs[FLIGHT_MAX];
	unsigned n = gather(s, bufs);

	for (unsigned i = 0; i < n; i++) {
		struct list *first = s->queue.next;
		s->queued -= bufs[i].len;
		list_remove(first);
		list_add(&s->flight, first);
	}
	int error = uv_write(&s->write, &s->uv.stream, bufs, n, on_written);
	if (error)
		failed(s, error);
}

void output_flush(struct stream *s)
{
	uv_buf_t bufs[FLIGHT_MAX];

	if (!s->connected || s->write_error || loop_detached())
		return;
	while (list_empty(&s->flight) && !list_empty(&s->queue)) {
		int n = uv_try_write(&s->uv.stream, bufs, gather(s, bufs));
		if (n > 0)
			consume(s, (size_t)n);
		else if (n == UV_EAGAIN)
			request_write(s);
		else
			failed(s, n);
	}
}

static void settle(struct stream *s)
{
	output_flush(s);
	if (s->write_error && !s->reading && s->connected)
		stream_report(s, s->write_error);
	else if (s->undrained && s->connected && !stream_unsent(s)) {
		s->undrained = false;
		stream_drained(s);
	}
}

// What becomes dirty meanwhile waits a round: a stream that is refilled as fast as it drains must
// not keep the others waiting.
void streams_flush(struct loop *l)
{
	struct list now;

	list_init(&now);
	list_move_all(&l->dirty, &now);
	while (!list_empty(&now)) {
		struct stream *s = LIST_ENTRY(now.next, struct stream, dirty);
		list_remove(&s->dirty);
		settle(s);
	}
}

// --- from the user to the queue ----------------------------------------------------------------

static void add_chunk(struct stream *s, struct chunk *c)
{
	list_add(&s->queue, &c->link);
	s->queued += c->n;
	s->undrained = true;
	output_mark(s);
	if (s->queued >= FLUSH_EARLY)
		output_flush(s);
}

// The part of the last chunk's room that takes the first of n bytes. Bytes are appended only.
static size_t append(struct stream *s, const uint8_t *p, size_t n)
{
	if (list_empty(&s->queue))
		return 0;
	struct chunk *c = LIST_ENTRY(s->queue.prev, struct chunk, link);
	size_t used = c->cap ? (size_t)(c->p + c->n - c->own) : 0;
	size_t room = c->cap - used;
	if (n > room)
		n = room;
	if (n)
		memcpy(c->own + used, p, n);
	c->n += n;
	s->queued += n;
	return n;
}

static size_t chunk_size(const struct stream *s, size_t n)
{
	size_t size = s->queued < CHUNK_MIN ? CHUNK_MIN : s->queued; // a long queue: larger chunks
	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	return size < n ? n : size;
}

void stream_write(struct stream *s, const void *p, size_t n)
{
	if (s->ended || s->write_error || !n)
		return;
	if (loop_detached()) { // it counts, and that is all
		s->queued += n;
		return;
	}
	size_t appended = append(s, p, n);
	n -= appended;
	if (!n)
		return;
	size_t cap = chunk_size(s, n);
	struct chunk *c = mem_alloc(sizeof(*c) + cap);
	*c = (struct chunk){.p = c->own, .n = n, .cap = cap};
	memcpy(c->own, (const uint8_t *)p + appended, n);
	list_init(&c->link);
	add_chunk(s, c);
}

void stream_write_shared(struct stream *s, const void *p, size_t n, loop_fn *release, void *arg)
{
	bool dead = s->ended || s->write_error;
	if (dead || !n || loop_detached()) {
		s->queued += dead ? 0 : n;
		release(arg);
		return;
	}
	struct chunk *c = mem_alloc(sizeof(*c));
	*c = (struct chunk){.p = p, .n = n, .release = release, .arg = arg};
	list_init(&c->link);
	add_chunk(s, c);
}

size_t stream_unsent(const struct stream *s)
{
	if (list_empty(&s->flight))
		return s->queued;
	return s->queued + uv_stream_get_write_queue_size(&s->uv.stream);
}
