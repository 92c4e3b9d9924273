// The door: which session an incoming connection belongs to. A configured peer's, or one that is
// made for the occasion when the address lies in a listen range of a group (dynamic neighbours):
// such a peer has a configuration of its own, copied from the group's template, and goes when its
// session ends.
#include "speaker/private.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define DYNAMIC_LIMIT_DEFAULT 100

bool group_accepts(const struct group_config *g, const struct ip *address)
{
	if (!g->listen)
		return false;
	for (unsigned i = 0; i < g->listen_net_count; i++) {
		if (g->listen_net[i].net.bits == address->bits &&
		    bits_equal(g->listen_net[i].net.b, address->b, g->listen_net[i].length))
			return true;
	}
	return false;
}

bool group_accepts_as(const struct group_config *g, uint32_t as)
{
	if (g->as)
		return as == g->as;
	for (unsigned i = 0; i < g->listen_as_count; i++) {
		if (g->listen_as[i] == as)
			return true;
	}
	return g->listen_as_to && as >= g->listen_as_from && as <= g->listen_as_to;
}

const struct peer_config *group_template(const struct group_config *g, const struct ip *address)
{
	for (unsigned i = 0; i < g->ahead_count; i++) {
		if (ip_equal(&g->ahead_members[i], address))
			return g->ahead;
	}
	return &g->template_peer;
}

struct peer_config *group_member(const struct group_config *g, const struct ip *address)
{
	struct peer_config *c = mem_copy(group_template(g, address), sizeof(*c));

	peer_config_hold(c);
	c->dynamic = true;
	c->address = c->session.remote = *address;
	c->session.passive = true;
	memcpy(c->group, g->name, sizeof(c->group));
	for (unsigned i = 0; i < AF_MAX; i++) {
		struct peer_family *f = &c->family[i];

		if (f->import.program && policy_program_uses_peer(f->import.program))
			f->import.peer = *address;
		if (f->export.program && policy_program_uses_peer(f->export.program))
			f->export.peer = *address;
	}
	return c;
}

static unsigned dynamic_count(const struct speaker *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->peers.count; i++) {
		const struct speaker_peer *p = s->peers.item[i];

		n += p->own != NULL;
	}
	return n;
}

static struct sess *dynamic_peer(struct speaker *s, const struct group_config *g,
				 const struct ip *remote)
{
	uint32_t limit = s->config->dynamic_session_limit;
	char text[IP_TEXT_MAX];
	struct peer_config *c;
	struct speaker_peer *p;

	if (dynamic_count(s) >= (limit ? limit : DYNAMIC_LIMIT_DEFAULT)) {
		log_warning("peer %s: refused, the limit of dynamic sessions is reached",
			    ip_text(remote, text));
		return NULL;
	}
	c = group_member(g, remote);
	p = peer_new(s, remote, c, true);
	if (!p) {
		peer_config_release(c);
		mem_free(c);
		return NULL;
	}
	sess_start(p->session);
	return p->session;
}

// instance NULL: of any that has no device of its own.
static struct sess *dynamic_find(struct speaker *s, const uint16_t *instance,
				 const struct ip *remote)
{
	if (!s->config || !s->config->present)
		return NULL;
	for (unsigned i = 0; i < s->config->group_count; i++) {
		const struct group_config *g = &s->config->groups[i];
		uint16_t number = g->template_peer.instance;

		if (instance ? number != *instance : door_is_bound(s, number))
			continue;
		if (group_accepts(g, remote))
			return dynamic_peer(s, g, remote);
	}
	return NULL;
}

// Of the peers with that address the one whose own address is the one that was called.
static struct speaker_peer *find_anywhere(const struct speaker *s, const struct ip *remote,
					  const struct ip *local)
{
	struct speaker_peer *found = NULL;

	for (size_t i = 0; i < s->peers.count; i++) {
		struct speaker_peer *p = s->peers.item[i];

		if (p->gone || !ip_equal(&p->address, remote) || p->device[0])
			continue;
		if (ip_equal(&p->config->session.local, local))
			return p;
		if (!found)
			found = p;
	}
	return found;
}

// Through the socket that is bound to no device come the peers of the public tables first, then
// those of instances that have no device of their own.
struct sess *speaker_find(void *door, const struct ip *remote, const struct ip *local)
{
	struct speaker_door *d = door;
	struct speaker *s = d->speaker;
	struct speaker_peer *p = peer_lookup(s, d->instance, remote);
	struct sess *made;

	if (p)
		return p->gone ? NULL : p->session;
	made = dynamic_find(s, &d->instance, remote);
	if (made || d->instance != INSTANCE_PUBLIC)
		return made;
	p = find_anywhere(s, remote, local);
	return p ? p->session : dynamic_find(s, NULL, remote);
}

void speaker_reap(struct speaker *s)
{
	s->reap = false;
	for (size_t i = s->peers.count; i--;) {
		struct speaker_peer *p = s->peers.item[i];

		if (p->gone)
			peer_free(p);
	}
}
