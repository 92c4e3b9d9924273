// The listening sockets, one of each IP version, and what becomes of a connection: the finder names
// the peer's session, which takes or refuses it. Strangers are closed without a word, since a flood
// of them must cost nothing. Keys of RFC 2385 stand on the listener from before a connection comes.
#include "sess/sess_private.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

struct sess_door {
	struct loop *loop;
	struct listener *listeners[2]; // IPv4, IPv6; NULL: none
	sess_find *find;
	void *arg;
	uint64_t strangers, told_at; // not told of yet; when the log was told last
};

static void turn_away(struct sess_door *d, const struct ip *remote)
{
	char text[IP_TEXT_MAX];
	uint64_t now = loop_now(d->loop);

	d->strangers++;
	if (d->told_at && now - d->told_at < SECOND)
		return;
	log_info("connection from %s refused: no such peer (%llu since the last line)",
		 ip_text(remote, text), (unsigned long long)d->strangers);
	d->strangers = 0;
	d->told_at = now;
}

static void on_accept(void *arg, struct stream *stream)
{
	struct sess_door *d = arg;
	struct ip remote = stream_remote(stream, NULL), local = stream_local(stream, NULL);
	struct sess *s = d->find(d->arg, &remote, &local);

	if (!s)
		turn_away(d, &remote);
	if (!s || !sess_accept(s, stream))
		stream_free(stream);
}

static struct listener *open_one(struct sess_door *d, const struct ip *local,
				 const struct sess_place *at, int *ret_error)
{
	// A neighbour with GTSM (RFC 5082) sees the answer to its SYN before anybody knows that it is its.
	struct tcp_options o = {.local = *local, .port = at->port, .ttl = 255};

	memcpy(o.interface, at->interface, sizeof(o.interface));
	return listener_tcp(d->loop, &o, on_accept, d, ret_error);
}

struct sess_door *sess_door_new(struct loop *l, const struct sess_place *at, sess_find *find,
				void *arg, int *ret_error)
{
	struct sess_door *d = MEM_NEW(struct sess_door);
	struct ip any4 = {.bits = 32}, any6 = {.bits = 128};
	int error = 0, error6 = 0;

	d->loop = l;
	d->find = find;
	d->arg = arg;
	if (at->local.bits) {
		d->listeners[at->local.bits == 128] = open_one(d, &at->local, at, &error);
	} else {
		d->listeners[0] = open_one(d, &any4, at, &error);
		if (!error)
			d->listeners[1] = open_one(d, &any6, at, &error6);
		if (error6 && error6 != -EAFNOSUPPORT && error6 != -EADDRNOTAVAIL)
			error = error6;
	}
	if (!error)
		return d;
	*ret_error = error;
	sess_door_free(d);
	return NULL;
}

int sess_door_password(struct sess_door *d, const struct ip *peer, const char *password)
{
	struct listener *n = d->listeners[peer->bits == 128];

	if (!n)
		return -EAFNOSUPPORT;
	return listener_set_md5(n, peer, password && *password ? password : NULL);
}

void sess_door_free(struct sess_door *d)
{
	if (!d)
		return;
	listener_free(d->listeners[0]);
	listener_free(d->listeners[1]);
	mem_free(d);
}
