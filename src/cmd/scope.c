// The places of a display, from its words and the running configuration. Which family an instance's
// table has follows from the families: one that exchanges routes with instances (struct af, inner)
// shows their inner tables, any other its own.
#include "cmd/scope.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static void scope_add(struct scope *s, const struct instance_config *i, const struct af *af)
{
	struct place *p;

	s->places = mem_resize(s->places, (s->count + 1) * sizeof *s->places);
	p = &s->places[s->count++];
	*p = (struct place){.instance = i->number, .router_id = i->router_id, .af = af};
	snprintf(p->name, sizeof p->name, "%s", i->name);
}

static void scope_add_public(struct app *a, struct scope *s, const struct af *af)
{
	const struct speaker_config *config = speaker_running(a->speaker);
	struct instance_config public = {.number = INSTANCE_PUBLIC,
					 .router_id = config ? config->router_id : 0};

	scope_add(s, &public, af);
}

static const struct af *inner_of(const struct af *af)
{
	return af->inner ? af->inner : af;
}

static void scope_add_instances(struct app *a, struct scope *s, const struct af *af)
{
	const struct speaker_config *config = speaker_running(a->speaker);

	for (unsigned i = 0; config && i < config->instance_count; i++) {
		const struct instance_config *instance = &config->instances[i];
		if (instance->number != INSTANCE_PUBLIC && instance->families & af_bit(af))
			scope_add(s, instance, af);
	}
}

static bool scope_named(struct cli_call *c, struct scope *s, const char *name)
{
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	const struct instance_config *i = speaker_config_instance(config, name);

	if (!i) {
		cli_error(c, "The VPN instance does not exist.");
		return false;
	}
	scope_add(s, i, inner_of(call_family(c)));
	return true;
}

bool scope_read(struct cli_call *c, struct scope *ret)
{
	const struct af *af = call_family(c);
	const char *name = conf_value(c->line, "vpn-instance-name");
	const char *rd = conf_value(c->line, "route-distinguisher");

	*ret = (struct scope){0};
	if (!call_bgp_runs(c))
		return false;
	if (name)
		return scope_named(c, ret, name);
	if (rd && !rd_get(rd, ret->rd)) {
		cli_error(c, "The route distinguisher is not valid.");
		return false;
	}
	ret->by_rd = rd;
	ret->all = !rd && af->inner;
	scope_add_public(app_of(c), ret, af);
	if (ret->all)
		scope_add_instances(app_of(c), ret, af->inner);
	return true;
}

void scope_of_family(struct app *a, const struct af *af, struct scope *ret)
{
	*ret = (struct scope){.all = true};
	scope_add_public(a, ret, af);
	if (af->inner || (af->props & AF_INSTANCE && !af_outer(af)))
		scope_add_instances(a, ret, inner_of(af));
}

static bool scope_of_distinguisher(struct cli_call *c, struct scope *s)
{
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	const struct af *inner = inner_of(call_family(c));

	s->count = 0;
	for (unsigned i = 0; i < config->instance_count; i++) {
		const struct instance_config *instance = &config->instances[i];
		const struct vpn_link *link = &instance->link[af_index(inner)];
		if (instance->number != INSTANCE_PUBLIC && link->present &&
		    memcmp(link->rd, s->rd, RD_SIZE) == 0)
			scope_add(s, instance, inner);
	}
	if (!s->count)
		cli_error(c, "The VPN instance does not exist.");
	return s->count;
}

bool scope_read_peers(struct cli_call *c, struct scope *ret)
{
	if (!scope_read(c, ret))
		return false;
	if (ret->by_rd && !scope_of_distinguisher(c, ret)) {
		scope_free(ret);
		return false;
	}
	return true;
}

void scope_free(struct scope *s)
{
	mem_free(s->places);
	*s = (struct scope){0};
}

struct speaker_peer *scope_peer(struct cli_call *c, const struct scope *s,
				const struct place **ret_place)
{
	struct ip address = {0};

	call_peer_address(c, &address);
	for (unsigned i = 0; i < s->count; i++) {
		struct speaker_peer *p =
			speaker_peer_find(app_of(c)->speaker, s->places[i].instance, &address);
		*ret_place = &s->places[i];
		if (p)
			return p;
	}
	cli_error(c, "The peer does not exist.");
	return NULL;
}

bool place_has_peer(const struct place *p, const struct speaker_peer *peer)
{
	const struct peer_config *config = speaker_peer_config(peer);

	return config->instance == p->instance && config->family[af_index(p->af)].enabled;
}

void place_head(struct buf *b, const struct place *p)
{
	buf_format(b, " VPN-Instance %s, Router ID ", p->name);
	show_router_id(b, p->router_id);
	buf_text(b, ":\n");
}

void place_kind(struct buf *b, const struct af *af)
{
	const char *end = af->title + strlen(af->title), *last = strrchr(af->title, ' ');

	if (af->props & AF_UNICAST && last)
		end = last;
	for (const char *p = af->title; p < end; p++)
		buf_u8(b, *p == ' ' ? '-' : (uint8_t)*p);
	buf_text(b, "-family");
}
