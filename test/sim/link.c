// The links of the simulated network, and the hands that a test lays on them.
#include "sim/sim.h"
#include "sim/network.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

void network_init(struct world *w)
{
	w->link = (struct sim_link){.latency = SIM_MS, .window = 256 * 1024};
	w->next_port = 32768;
	list_init(&w->streams);
	list_init(&w->listeners);
}

void network_free(struct world *w)
{
	for (struct list *l = w->streams.next; l != &w->streams; l = l->next)
		LIST_ENTRY(l, struct stream, link)->peer = NULL;
	while (!list_empty(&w->streams))
		stream_end(LIST_ENTRY(w->streams.next, struct stream, link));
	while (!list_empty(&w->listeners)) {
		listener_free(LIST_ENTRY(w->listeners.next, struct listener, link));
		w->objects++; // nobody else has freed it
	}
	while (w->links.count)
		mem_free(vec_pop(&w->links));
	vec_free(&w->links);
}

uint64_t latency_of(const struct sim_link *path)
{
	uint64_t jitter = path->jitter ? random_next(&world()->network) % (path->jitter + 1) : 0;
	return (path->latency ? path->latency : 1) + jitter;
}

static bool links(const struct sim_link *link, const struct ip *a, const struct ip *b)
{
	return (ip_equal(&link->a, a) && ip_equal(&link->b, b)) ||
	       (ip_equal(&link->a, b) && ip_equal(&link->b, a));
}

struct sim_link *link_between(const struct ip *a, const struct ip *b)
{
	struct world *w = world();

	for (size_t i = 0; i < w->links.count; i++)
		if (links(w->links.item[i], a, b))
			return w->links.item[i];
	struct sim_link *link = mem_copy(&w->link, sizeof(w->link));
	link->a = *a;
	link->b = *b;
	link->bytes = link->connections = 0;
	vec_add(&w->links, link);
	return link;
}

static struct ip address(const char *text)
{
	struct ip ip;

	if (!ip_parse(text, &ip))
		die("simulation: \"%s\" is no address", text);
	return ip;
}

struct sim_link *sim_link_default(void)
{
	return &world()->link;
}

struct sim_link *sim_link(const char *a, const char *b)
{
	struct ip ip_a = address(a), ip_b = address(b);
	return link_between(&ip_a, &ip_b);
}

void sim_set_address(struct loop *l, const char *text)
{
	struct ip ip = address(text);

	if (ip.bits == 128)
		l->address6 = ip;
	else
		l->address4 = ip;
}

void sim_set_device(struct loop *l, const char *name, const char *text)
{
	memset(l->device, 0, sizeof(l->device));
	l->device_address = (struct ip){0};
	if (!text)
		return;
	snprintf(l->device, sizeof(l->device), "%s", name);
	l->device_address = address(text);
}

void sim_link_changed(void)
{
	struct vec now = {0}; // sending may run functions that free streams
	struct world *w = world();

	for (struct list *l = w->streams.next; l != &w->streams; l = l->next) {
		struct stream *s = LIST_ENTRY(l, struct stream, link);
		s->holds++;
		vec_add(&now, s);
	}
	for (size_t i = 0; i < now.count; i++) {
		struct stream *s = now.item[i];
		if (!s->freed)
			stream_resume(s);
		stream_let_go(s);
	}
	vec_free(&now);
}

void sim_set_latency(const char *a, const char *b, uint64_t us)
{
	sim_link(a, b)->latency = us;
}

void sim_set_window(const char *a, const char *b, size_t bytes)
{
	sim_link(a, b)->window = bytes;
	sim_link_changed();
}

void sim_set_down(const char *a, const char *b, bool down)
{
	sim_link(a, b)->down = down;
	sim_link_changed();
}

unsigned sim_connections(const char *a, const char *b)
{
	struct world *w = world();
	struct ip ip_a = address(a), ip_b = address(b);
	unsigned n = 0;

	for (struct list *l = w->streams.next; l != &w->streams; l = l->next) {
		struct stream *s = LIST_ENTRY(l, struct stream, link);
		n += s->established && s->peer && ip_equal(&s->local, &ip_a) &&
		     ip_equal(&s->remote, &ip_b);
	}
	return n;
}

unsigned sim_reset(const char *a, const char *b)
{
	struct world *w = world();
	struct ip ip_a = address(a), ip_b = address(b);
	unsigned n = 0;

	for (struct list *l = w->streams.next; l != &w->streams; l = l->next) {
		struct stream *s = LIST_ENTRY(l, struct stream, link);
		if (!s->established || !s->peer || !ip_equal(&s->local, &ip_a) ||
		    !ip_equal(&s->remote, &ip_b))
			continue;
		stream_break(s);
		n++;
	}
	return n;
}

void sim_set_tap(sim_tap *tap, void *arg)
{
	world()->tap = tap;
	world()->tap_arg = arg;
}
