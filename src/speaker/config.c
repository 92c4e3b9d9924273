// Configuration snapshots: making, counting, finding. A snapshot is filled once by model/, then only
// read; when the last reference goes, so do its lists and its references on programs. Counted on
// the control thread alone: what rib threads need of it is copied into messages.
#include "speaker/config.h"

#include <string.h>

#include "base/mem.h"

#define STALE_LIMIT_DEFAULT     360 // seconds
#define MEMBERSHIP_WAIT_DEFAULT 60  // RFC 4684 section 6

struct speaker_config *speaker_config_new(void)
{
	struct speaker_config *c = MEM_NEW(struct speaker_config);

	c->refs = 1;
	c->stale_limit = STALE_LIMIT_DEFAULT;
	c->membership_wait = MEMBERSHIP_WAIT_DEFAULT;
	c->instances = MEM_NEW(struct instance_config);
	c->instance_count = 1;
	return c;
}

struct speaker_config *speaker_config_ref(struct speaker_config *c)
{
	c->refs++;
	return c;
}

static void program_hold(struct policy_program *p)
{
	if (p)
		policy_program_ref(p);
}

static void program_release(struct policy_program **p)
{
	if (*p)
		policy_program_unref(*p);
	*p = NULL;
}

void peer_config_hold(struct peer_config *c)
{
	for (unsigned i = 0; i < AF_MAX; i++) {
		program_hold(c->family[i].import.program);
		program_hold(c->family[i].export.program);
		program_hold(c->family[i].export.default_route_program);
	}
}

void peer_config_release(struct peer_config *c)
{
	for (unsigned i = 0; i < AF_MAX; i++) {
		program_release(&c->family[i].import.program);
		program_release(&c->family[i].export.program);
		program_release(&c->family[i].export.default_route_program);
	}
}

static void family_release(struct family_config *f)
{
	for (unsigned i = 0; i < f->network_count; i++) {
		program_release(&f->networks[i].program);
		mem_free(f->networks[i].attributes);
	}
	for (unsigned i = 0; i < f->aggregate_count; i++) {
		program_release(&f->aggregates[i].attribute_policy);
		program_release(&f->aggregates[i].origin_policy);
		program_release(&f->aggregates[i].suppress_policy);
	}
	mem_free(f->networks);
	mem_free(f->aggregates);
}

static void group_release(struct group_config *g)
{
	peer_config_release(&g->template_peer);
	if (g->ahead)
		peer_config_release(g->ahead);
	mem_free(g->ahead);
	mem_free(g->ahead_members);
}

static void instance_release(struct instance_config *c)
{
	for (unsigned i = 0; i < AF_MAX; i++) {
		family_release(&c->family[i]);
		vpn_link_clear(&c->link[i]);
	}
}

void speaker_config_unref(struct speaker_config *c)
{
	if (!c || --c->refs)
		return;
	for (unsigned i = 0; i < c->peer_count; i++)
		peer_config_release(&c->peers[i]);
	for (unsigned i = 0; i < c->group_count; i++)
		group_release(&c->groups[i]);
	for (unsigned i = 0; i < c->instance_count; i++)
		instance_release(&c->instances[i]);
	mem_free(c->instances);
	mem_free(c->peers);
	mem_free(c->groups);
	mem_free(c->confederation_members);
	if (c->policy)
		policy_snapshot_unref(c->policy);
	mem_free(c);
}

static int peer_order(const struct peer_config *p, uint16_t instance, const struct ip *address)
{
	if (p->instance != instance)
		return p->instance < instance ? -1 : 1;
	return ip_compare(&p->address, address);
}

const struct peer_config *speaker_config_peer(const struct speaker_config *c, uint16_t instance,
					      const struct ip *address)
{
	unsigned low = 0, high = c->peer_count;

	while (low < high) {
		unsigned mid = (low + high) / 2;
		int order = peer_order(&c->peers[mid], instance, address);

		if (!order)
			return &c->peers[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct group_config *speaker_config_group_in(const struct speaker_config *c,
						   uint16_t instance, const char *name)
{
	for (unsigned i = 0; i < c->group_count; i++) {
		if (c->groups[i].template_peer.instance == instance &&
		    !strcmp(c->groups[i].name, name))
			return &c->groups[i];
	}
	return NULL;
}

const struct group_config *speaker_config_group(const struct speaker_config *c, const char *name)
{
	return speaker_config_group_in(c, INSTANCE_PUBLIC, name);
}

const struct instance_config *speaker_config_instance(const struct speaker_config *c,
						      const char *name)
{
	for (unsigned i = 0; i < c->instance_count; i++) {
		if (!strcmp(c->instances[i].name, name))
			return &c->instances[i];
	}
	return NULL;
}

const struct instance_config *speaker_config_instance_numbered(const struct speaker_config *c,
							       uint16_t number)
{
	for (unsigned i = 0; i < c->instance_count; i++) {
		if (c->instances[i].number == number)
			return &c->instances[i];
	}
	return NULL;
}

const struct instance_config *speaker_config_instance_near(const struct speaker_config *c,
							   uint16_t number, unsigned place)
{
	unsigned below = place < c->instance_count ? place : c->instance_count, above = below;

	while (below || above < c->instance_count) {
		if (above < c->instance_count && c->instances[above++].number == number)
			return &c->instances[above - 1];
		if (below && c->instances[--below].number == number)
			return &c->instances[below];
	}
	return NULL;
}
