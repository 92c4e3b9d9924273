// The simulated network: streams in pairs.
//
// What is written waits in the writer's queue. As far as the link's window allows it becomes
// segments that stand with the receiver from the beginning, each with the time of its arrival; they
// are handed to the reader cut and joined at random, as TCP may. A reader that pauses keeps its
// segments, the window fills, and the writer's queue grows. The end of a connection is a segment
// too, so it comes after all that was sent before it.
#include "sim/sim.h"
#include "sim/network.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

#define SEGMENT_MAX 65536
#define PATIENCE    SIM_SECOND

// --- life of a stream -----------------------------------------------------------------------------

static void on_flush(struct event *e);
static void on_patience(struct event *e);
static void on_deliver(struct event *e);

struct stream *stream_new(struct sim_link *path)
{
	struct stream *s = MEM_NEW(struct stream);

	s->path = path;
	s->connect.fn = stream_connect_event;
	s->flush.fn = on_flush;
	s->patience.fn = on_patience;
	s->deliver.fn = on_deliver;
	s->patience.idle = true;
	s->ttl = s->peer_ttl = DEFAULT_TTL;
	list_init(&s->queue);
	list_init(&s->segments);
	list_add(&world()->streams, &s->link);
	world()->objects++;
	return s;
}

static void release_all(struct stream *s)
{
	s->queued = 0;
	while (!list_empty(&s->queue)) {
		struct chunk *c = LIST_ENTRY(s->queue.next, struct chunk, link);
		list_remove(&c->link);
		if (c->release)
			c->release(c->arg);
		mem_free(c);
	}
}

static void segment_free(struct segment *g)
{
	list_remove(&g->link);
	mem_free(g->data);
	mem_free(g);
}

static void drop_segments(struct stream *s)
{
	s->backlog = 0;
	while (!list_empty(&s->segments)) {
		struct segment *g = LIST_ENTRY(s->segments.next, struct segment, link);
		segment_free(g);
	}
}

static void hold(struct stream *s)
{
	s->holds++;
}

void stream_let_go(struct stream *s)
{
	if (--s->holds || !s->freed)
		return;
	mem_free(s->password);
	mem_free(s->address_path);
	mem_free(s);
}

static void schedule_delivery(struct stream *s)
{
	struct world *w = world();
	bool dropped = s->min_ttl && s->peer_ttl - s->path->hops < s->min_ttl;

	if (list_empty(&s->segments) || !s->established || !s->ops || s->paused || s->ended ||
	    s->path->down || (s->path->deaf.bits && ip_equal(&s->path->deaf, &s->local)) ||
	    dropped) {
		event_drop(&s->deliver);
		return;
	}
	uint64_t due = LIST_ENTRY(s->segments.next, struct segment, link)->due;
	event_queue(&s->deliver, due > w->now ? due : w->now + 1);
}

static struct segment *segment_send(struct stream *from, uint8_t *data, size_t n)
{
	struct stream *to = from->peer;
	struct sim_link *path = from->path;
	struct world *w = world();
	struct segment *g = MEM_NEW(struct segment);

	list_init(&g->link);
	g->data = data;
	g->n = n;
	if (from->line_free < w->now)
		from->line_free = w->now;
	if (path->bytes_per_second)
		from->line_free += n * SIM_SECOND / path->bytes_per_second;
	g->due = from->line_free + latency_of(path);
	if (g->due < to->last_due)
		g->due = to->last_due;
	to->last_due = g->due;
	to->backlog += n;
	list_add(&to->segments, &g->link);
	return g;
}

void stream_part(struct stream *s, int error)
{
	struct stream *to = s->peer;

	if (!to)
		return;
	struct segment *g = segment_send(s, NULL, 0);
	g->end = true;
	g->error = error;
	s->peer = to->peer = NULL;
	schedule_delivery(to);
}

void stream_end(struct stream *s)
{
	hold(s);
	s->freed = s->ended = true;
	s->ops = NULL;
	event_drop(&s->connect);
	event_drop(&s->flush);
	event_drop(&s->patience);
	event_drop(&s->deliver);
	list_remove(&s->link);
	drop_segments(s);
	release_all(s);
	stream_let_go(s);
}

void stream_break(struct stream *s)
{
	struct stream *t = s->peer;

	drop_segments(s);
	drop_segments(t);
	struct segment *g =
		segment_send(t, NULL, 0); // for this end, like stream_part for the other
	g->end = true;
	g->error = -ECONNRESET;
	stream_part(s, -ECONNRESET);
	schedule_delivery(s);
}

void stream_free(struct stream *s)
{
	if (!s || s->freed)
		return;
	// Like the kernel: what was not read turns the end into a reset.
	stream_part(s, s->backlog ? -ECONNRESET : 0);
	world()->objects--;
	stream_end(s);
}

void stream_finish(struct stream *s)
{
	if (!s || s->freed)
		return;
	if (s->ended || !s->established || loop_detached()) {
		stream_free(s);
		return;
	}
	s->finishing = true;
	s->ops = NULL;
	schedule_delivery(s);
	world()->objects--;
	event_queue(&s->flush, world()->now);
	event_queue(&s->patience, world()->now + PATIENCE);
}

static void on_patience(struct event *e)
{
	struct stream *s = LIST_ENTRY(e, struct stream, patience);

	stream_part(s, 0);
	stream_end(s);
}

// --- writing ---------------------------------------------------------------------------------------

// The first n bytes of the queue, or fewer if a release function frees the stream.
static uint8_t *take(struct stream *s, size_t n)
{
	uint8_t *bytes = mem_zero(n), *to = bytes;

	s->queued -= n;
	while (n && !list_empty(&s->queue)) {
		struct chunk *c = LIST_ENTRY(s->queue.next, struct chunk, link);
		size_t some = n < c->n ? n : c->n;
		memcpy(to, c->p, some);
		to += some;
		c->p += some;
		c->n -= some;
		n -= some;
		if (c->n)
			break;
		list_remove(&c->link);
		if (c->release)
			c->release(c->arg);
		mem_free(c);
	}
	return bytes;
}

static size_t window_room(const struct stream *s)
{
	if (!s->established || !s->peer || s->path->down || s->peer->backlog >= s->path->window)
		return 0;
	return s->path->window - s->peer->backlog;
}

static void send_bytes(struct stream *s, size_t n)
{
	struct world *w = world();
	uint8_t *bytes = take(s, n);

	if (!s->peer) { // a release function freed one of the two
		mem_free(bytes);
		return;
	}
	s->path->bytes += n;
	segment_send(s, bytes, n);
	schedule_delivery(s->peer);
	if (w->tap)
		w->tap(w->tap_arg, &s->local, &s->remote, bytes, n);
}

static void transmit(struct stream *s)
{
	size_t n;

	hold(s);
	while (s->queued && (n = window_room(s))) {
		n = n < s->queued ? n : s->queued;
		send_bytes(s, n < SEGMENT_MAX ? n : SEGMENT_MAX);
	}
	if (s->established && !s->peer)
		release_all(s);
	if (!s->queued && !s->freed && (s->undrained || s->finishing))
		event_queue(&s->flush, world()->now);
	stream_let_go(s);
}

static void on_flush(struct event *e)
{
	struct stream *s = LIST_ENTRY(e, struct stream, flush);

	hold(s);
	if (s->queued)
		transmit(s);
	if (!s->freed && !s->queued && s->established) {
		if (s->finishing) {
			stream_part(s, 0);
			stream_end(s);
		} else if (s->undrained) {
			s->undrained = false;
			if (s->ops && s->ops->on_drained)
				s->ops->on_drained(s->arg);
		}
	}
	stream_let_go(s);
}

static void add_chunk(struct stream *s, struct chunk *c)
{
	list_init(&c->link);
	list_add(&s->queue, &c->link);
	s->queued += c->n;
	s->undrained = true;
	if (s->established && !s->flush.at)
		event_queue(&s->flush, world()->now);
}

void stream_write(struct stream *s, const void *p, size_t n)
{
	if (s->ended || !n)
		return;
	if (loop_detached()) { // it counts, and that is all
		s->queued += n;
		return;
	}
	struct chunk *c = mem_alloc(sizeof(*c) + n);
	*c = (struct chunk){.p = c->own, .n = n};
	memcpy(c->own, p, n);
	add_chunk(s, c);
}

void stream_write_shared(struct stream *s, const void *p, size_t n, loop_fn *release, void *arg)
{
	if (s->ended || !n || loop_detached()) {
		s->queued += s->ended ? 0 : n;
		release(arg);
		return;
	}
	struct chunk *c = mem_alloc(sizeof(*c));
	*c = (struct chunk){.p = p, .n = n, .release = release, .arg = arg};
	add_chunk(s, c);
}

size_t stream_unsent(const struct stream *s)
{
	return s->queued;
}

// --- reading ---------------------------------------------------------------------------------------

// How many of the bytes at hand one read gets: all, some, or a few.
static size_t read_size(const struct stream *s, size_t ready)
{
	struct random *r = &world()->network;

	if (s->path->whole)
		return LIST_ENTRY(s->segments.next, struct segment, link)->n;
	switch (random_below(r, 4)) {
	case 0:
		return 1 + random_below(r, ready < 64 ? (uint32_t)ready : 64);
	case 1:
		return 1 + random_below(r, (uint32_t)ready);
	default:
		return ready;
	}
}

static size_t ready_bytes(const struct stream *s)
{
	uint64_t now = world()->now;
	size_t n = 0;

	for (struct list *l = s->segments.next; l != &s->segments; l = l->next) {
		const struct segment *g = LIST_ENTRY(l, struct segment, link);
		if (g->end || g->due > now || n > SEGMENT_MAX)
			break;
		n += g->n - g->at;
	}
	return n;
}

static void read_bytes(struct stream *s, uint8_t *to, size_t n)
{
	s->backlog -= n;
	while (n) {
		struct segment *g = LIST_ENTRY(s->segments.next, struct segment, link);
		size_t some = n < g->n - g->at ? n : g->n - g->at;
		memcpy(to, g->data + g->at, some);
		to += some;
		n -= some;
		g->at += some;
		if (g->at == g->n) {
			segment_free(g);
		}
	}
}

static void deliver_end(struct stream *s)
{
	int error = LIST_ENTRY(s->segments.next, struct segment, link)->error;

	drop_segments(s);
	s->ended = true;
	release_all(s);
	if (s->ops && s->ops->on_closed)
		s->ops->on_closed(s->arg, error);
}

static void deliver_bytes(struct stream *s, size_t ready)
{
	size_t n = read_size(s, ready);
	uint8_t *bytes = mem_alloc(n);

	read_bytes(s, bytes, n);
	schedule_delivery(s);
	if (s->ops->on_read)
		s->ops->on_read(s->arg, bytes, n);
	mem_free(bytes);
	if (!s->freed && s->peer)
		transmit(s->peer); // there is room again
}

static void on_deliver(struct event *e)
{
	struct stream *s = LIST_ENTRY(e, struct stream, deliver);
	size_t ready = ready_bytes(s);

	hold(s);
	if (ready)
		deliver_bytes(s, ready);
	else
		deliver_end(s);
	stream_let_go(s);
}

void stream_resume(struct stream *s)
{
	hold(s);
	if (s->queued)
		transmit(s);
	if (!s->freed)
		schedule_delivery(s);
	stream_let_go(s);
}

void stream_set_ops(struct stream *s, const struct stream_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
	schedule_delivery(s);
}

void stream_pause(struct stream *s, bool pause)
{
	s->paused = pause;
	schedule_delivery(s);
}

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
	if (!s->local.bits)
		return -ENOTSUP;
	if (o->ttl)
		s->ttl = o->ttl;
	s->min_ttl = o->min_ttl;
	if (s->peer) {
		s->peer->peer_ttl = s->ttl;
		schedule_delivery(s->peer);
	}
	schedule_delivery(s);
	return 0;
}
