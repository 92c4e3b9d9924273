// Connecting and listening in the simulated network.
//
// Connecting takes three trips: asked (the listener decides), answered (the caller is connected),
// acknowledged (the listener's owner gets its stream). What a kernel drops silently, because of a
// wrong RFC 2385 key, a TTL below the least or a link that is down, ends in a time-out.
#include "sim/sim.h"
#include "sim/network.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

#define PASSWORD_MAX 80 // as in Linux

// --- listeners -------------------------------------------------------------------------------------

static const struct ip *address_of(const struct loop *l, unsigned bits)
{
	return bits == 128 ? &l->address6 : &l->address4;
}

// Whether a segment to this address reaches the listener.
static bool takes(const struct listener *n, const struct ip *to, uint16_t port)
{
	if (n->path || n->port != port || n->local.bits != to->bits)
		return false;
	if (ip_equal(&n->loop->device_address, to) || n->interface[0])
		return ip_equal(&n->loop->device_address, to) &&
		       !strcmp(n->interface, n->loop->device);
	if (!ip_is_zero(&n->local))
		return ip_equal(&n->local, to);
	const struct ip *own = address_of(n->loop, to->bits);
	return !own->bits || ip_equal(own, to);
}

static struct listener *listener_find(const struct stream *s)
{
	struct world *w = world();

	for (struct list *l = w->listeners.next; l != &w->listeners; l = l->next) {
		struct listener *n = LIST_ENTRY(l, struct listener, link);
		if (s->address_path ? n->path && !strcmp(n->path, s->address_path)
				    : takes(n, &s->remote, s->remote_port))
			return n;
	}
	return NULL;
}

static bool in_use(const struct loop *l, const struct ip *local, uint16_t port,
		   const char *interface)
{
	struct world *w = world();

	for (struct list *i = w->listeners.next; i != &w->listeners; i = i->next) {
		struct listener *n = LIST_ENTRY(i, struct listener, link);
		if (n->path || n->port != port || !ip_equal(&n->local, local) ||
		    strcmp(n->interface, interface))
			continue;
		if (!ip_is_zero(local) || n->loop == l ||
		    ip_equal(address_of(n->loop, local->bits), address_of(l, local->bits)))
			return true;
	}
	return false;
}

static struct listener *listener_new(struct loop *l, accept_fn *fn, void *arg)
{
	struct listener *n = MEM_NEW(struct listener);

	n->loop = l;
	n->fn = fn;
	n->arg = arg;
	list_init(&n->keys);
	list_add(&world()->listeners, &n->link);
	world()->objects++;
	return n;
}

static uint16_t port_next(void)
{
	struct world *w = world();

	if (w->next_port < 32768)
		w->next_port = 32768;
	return w->next_port++;
}

struct listener *listener_tcp(struct loop *l, const struct tcp_options *o, accept_fn *fn, void *arg,
			      int *ret_error)
{
	struct ip local = o->local.bits ? o->local : ip_from_u32(0);
	uint16_t port = o->port ? o->port : port_next();

	if (!loop_detached() && in_use(l, &local, port, o->interface)) {
		*ret_error = -EADDRINUSE;
		return NULL;
	}
	struct listener *n = listener_new(l, fn, arg);
	n->local = local;
	n->port = port;
	n->ttl = o->ttl ? o->ttl : DEFAULT_TTL;
	n->min_ttl = o->min_ttl;
	memcpy(n->interface, o->interface, sizeof(n->interface));
	return n;
}

struct listener *listener_local(struct loop *l, const char *path, accept_fn *fn, void *arg,
				int *ret_error)
{
	struct stream probe = {.address_path = (char *)path};

	if (!loop_detached() && listener_find(&probe)) {
		*ret_error = -EADDRINUSE;
		return NULL;
	}
	struct listener *n = listener_new(l, fn, arg);
	n->path = mem_text(path);
	n->ttl = DEFAULT_TTL;
	return n;
}

uint16_t listener_port(const struct listener *n)
{
	return n->port;
}

static struct key *key_find(struct listener *n, const struct ip *peer)
{
	for (struct list *l = n->keys.next; l != &n->keys; l = l->next) {
		struct key *k = LIST_ENTRY(l, struct key, link);
		if (ip_equal(&k->peer, peer))
			return k;
	}
	return NULL;
}

static void key_free(struct key *k)
{
	list_remove(&k->link);
	mem_free(k->password);
	mem_free(k);
}

int listener_set_md5(struct listener *n, const struct ip *peer, const char *password)
{
	struct key *k = key_find(n, peer);

	if (password && strlen(password) > PASSWORD_MAX)
		return -EINVAL;
	if (k)
		key_free(k);
	if (!password || !*password)
		return 0;
	k = MEM_NEW(struct key);
	k->peer = *peer;
	k->password = mem_text(password);
	list_add(&n->keys, &k->link);
	return 0;
}

void listener_free(struct listener *n)
{
	struct world *w = world();
	struct list *next;

	if (!n)
		return;
	for (struct list *l = w->streams.next; l != &w->streams; l = next) {
		struct stream *s = LIST_ENTRY(l, struct stream, link);
		next = l->next;
		if (s->listener == n) // accepted, but its owner will never have it
			stream_free(s);
	}
	while (!list_empty(&n->keys))
		key_free(LIST_ENTRY(n->keys.next, struct key, link));
	list_remove(&n->link);
	w->objects--;
	mem_free(n->path);
	mem_free(n);
}

// --- connecting -----------------------------------------------------------------------------------

static struct stream *connecting_new(struct sim_link *path, const struct stream_ops *ops, void *arg)
{
	struct stream *s = stream_new(path);

	s->ops = ops;
	s->arg = arg;
	s->stage = STREAM_ASKING;
	return s;
}

struct stream *stream_connect(struct loop *l, const struct tcp_options *o,
			      const struct stream_ops *ops, void *arg, int *ret_error)
{
	static const uint8_t localhost6[16] = {[15] = 1};
	bool bound = l->device[0] && !strcmp(o->interface, l->device);
	struct ip local = o->local.bits ? o->local
			  : bound       ? l->device_address
					: *address_of(l, o->remote.bits);

	if (!o->remote.bits || (local.bits && local.bits != o->remote.bits)) {
		*ret_error = -EAFNOSUPPORT;
		return NULL;
	}
	if (o->md5_password && strlen(o->md5_password) > PASSWORD_MAX) {
		*ret_error = -EINVAL;
		return NULL;
	}
	if (!local.bits)
		local = o->remote.bits == 128 ? ip_from_bytes(localhost6, 128)
					      : ip_from_u32(0x7f000001);
	struct stream *s = connecting_new(link_between(&local, &o->remote), ops, arg);
	s->local = local;
	s->local_port = port_next();
	s->remote = o->remote;
	s->remote_port = o->port;
	s->ttl = o->ttl ? o->ttl : DEFAULT_TTL;
	s->min_ttl = o->min_ttl;
	s->password = mem_text(o->md5_password && *o->md5_password ? o->md5_password : NULL);
	event_queue(&s->connect, world()->now + latency_of(s->path));
	return s;
}

struct stream *stream_connect_local(struct loop *l, const char *path, const struct stream_ops *ops,
				    void *arg, int *ret_error)
{
	struct stream *s = connecting_new(&world()->link, ops, arg);

	s->address_path = mem_text(path);
	event_queue(&s->connect, world()->now + latency_of(s->path));
	return s;
}

static void answer(struct stream *s, int outcome, uint64_t after)
{
	s->stage = STREAM_ANSWERED;
	s->outcome = outcome;
	s->connect.idle = outcome == -ETIMEDOUT; // a wait like a timer's
	event_queue(&s->connect, world()->now + after);
}

static bool same_key(const struct stream *s, struct listener *n)
{
	struct key *k = key_find(n, &s->local);

	if (!k || !s->password)
		return !k && !s->password;
	return !strcmp(k->password, s->password);
}

// What the kernels on both sides drop without a word.
static bool is_dropped(const struct stream *s, struct listener *n)
{
	return s->ttl - s->path->hops < n->min_ttl || n->ttl - s->path->hops < s->min_ttl ||
	       !same_key(s, n);
}

static void accepted_new(struct stream *s, struct listener *n)
{
	struct stream *t = stream_new(s->path);

	t->stage = STREAM_ACCEPTED;
	t->listener = n;
	t->established = true;
	t->local = s->remote;
	t->local_port = s->remote_port;
	t->remote = s->local;
	t->remote_port = s->local_port;
	t->ttl = s->peer_ttl = n->ttl;
	t->min_ttl = n->min_ttl;
	t->peer_ttl = s->ttl;
	t->peer = s;
	s->peer = t;
	s->path->connections++;
	event_queue(&t->connect, world()->now + 2 * latency_of(s->path));
}

// The question has arrived.
static void asked(struct stream *s)
{
	struct listener *n = listener_find(s);
	uint64_t back = latency_of(s->path);

	if (s->path->down) {
		answer(s, -ETIMEDOUT, CONNECT_TIMEOUT);
	} else if (!n || s->path->refuse) {
		answer(s, s->address_path && !n ? -ENOENT : -ECONNREFUSED, back);
	} else if (is_dropped(s, n)) {
		answer(s, -ETIMEDOUT, CONNECT_TIMEOUT);
	} else {
		accepted_new(s, n);
		answer(s, 0, back);
	}
}

static void answered(struct stream *s)
{
	s->stage = STREAM_CONNECTED;
	if (s->outcome)
		s->ended = true;
	else
		s->established = true;
	stream_resume(s);
	if (s->ops && s->ops->on_connected)
		s->ops->on_connected(s->arg, s->outcome);
}

static void acknowledged(struct stream *s)
{
	struct listener *n = s->listener;

	s->stage = STREAM_CONNECTED;
	s->listener = NULL;
	n->fn(n->arg, s);
}

void stream_connect_event(struct event *e)
{
	struct stream *s = LIST_ENTRY(e, struct stream, connect);

	if (s->stage == STREAM_ASKING)
		asked(s);
	else if (s->stage == STREAM_ANSWERED)
		answered(s);
	else if (s->stage == STREAM_ACCEPTED)
		acknowledged(s);
}
