// Routes of our own: `network` statements and aggregates. (A default route toward single peers is
// part of rib_export.) A network's attributes are what RFC 4271 gives a route of the AS itself,
// run through the statement's route-policy; the policy's refusal means that it is not originated.
#include "speaker/private.h"

#include <string.h>

#include "attr/set.h"
#include "base/map.h"
#include "base/mem.h"

static const uint8_t no_address[16];

static struct shard_message *network_message(uint16_t instance, const struct af *af,
					     const struct af_key *key)
{
	struct shard_message *m = shard_message_new(SHARD_ORIGINATE);

	m->instance = instance;
	m->af = af;
	m->origin = MEM_NEW(struct shard_origin);
	m->origin->key = *key;
	m->origin->withdrawn = true;
	return m;
}

static void network_attrs(const struct af *af, struct attrs *ret, struct arena *a)
{
	attrs_clear(ret);
	attrs_put_u8(ret, a, ATTR_ORIGIN, ORIGIN_IGP);
	attrs_put(ret, ATTR_AS_PATH, ATTR_TRANSITIVE, no_address, 0);
	attrs_put(ret, ATTR_NEXT_HOP, ATTR_TRANSITIVE, no_address, af->props & AF_WIDE ? 16 : 4);
	ret->local.source = SOURCE_LOCAL;
}

// What else the route carries, in the place of what a network has where the type is the same.
static void attributes_put(struct attrs *as, const struct origin_config *n, struct arena *a)
{
	struct attr_set *set = arena_zero(a, sizeof(*set) + n->attributes_size);
	struct attrs own;

	set->len = (uint32_t)n->attributes_size;
	memcpy(set->bytes, n->attributes, n->attributes_size);

	attr_open(set, &own);
	for (unsigned i = 0; i < own.count; i++)
		attrs_put(as, own.a[i].type, own.a[i].flags, own.a[i].value, own.a[i].len);
}

// Values move into the message, which outlives the arena.
static void origin_fill(struct shard_origin *o, const struct attrs *as)
{
	size_t at = 0, size = 0;

	for (unsigned i = 0; i < as->count; i++)
		size += as->a[i].len;
	buf_room(&o->bytes, size + 1);
	for (unsigned i = 0; i < as->count; i++)
		buf_put(&o->bytes, as->a[i].value, as->a[i].len);
	o->attrs = *as;
	for (unsigned i = 0; i < as->count; i++) {
		o->attrs.a[i].value = o->bytes.data + at;
		at += as->a[i].len;
	}
	o->withdrawn = false;
}

static void network_send(struct speaker *s, uint16_t instance, const struct af *af,
			 const struct origin_config *n)
{
	struct shard_message *m = network_message(instance, af, &n->key);
	struct policy_context x = {.local_as = s->config->as};
	struct attrs as;

	arena_reset(&s->scratch);
	network_attrs(af, &as, &s->scratch);
	if (n->attributes_size)
		attributes_put(&as, n, &s->scratch);
	if (!n->program || policy_run_route(n->program, &x, &n->key, &as, &s->scratch))
		origin_fill(m->origin, &as);
	shard_send(s->shards[speaker_shard_of(s, af, &n->key)], m);
}

static void network_withdraw(struct speaker *s, uint16_t instance, const struct af *af,
			     const struct af_key *key)
{
	shard_send(s->shards[speaker_shard_of(s, af, key)], network_message(instance, af, key));
}

// --- difference -----------------------------------------------------------------------------------------
static const struct origin_config *network_find(const struct family_config *f,
						const struct map *index, const struct af *af,
						const struct af_key *key)
{
	uintptr_t at = (uintptr_t)map_get_number(index, af_key_hash(af, key));

	for (; at && at <= f->network_count; at++) {
		const struct origin_config *n = &f->networks[at - 1];

		if (!memcmp(n->key.b, key->b, af->key_size))
			return n;
	}
	return NULL;
}

// First place of each hash: later ones of an equal hash stand behind it, found by walking on.
static void network_index(const struct family_config *f, const struct af *af, struct map *ret)
{
	map_init_number(ret);
	for (unsigned i = f->network_count; i--;)
		map_put_number(ret, af_key_hash(af, &f->networks[i].key),
			       (void *)(uintptr_t)(i + 1));
}

bool origin_attributes_equal(const struct origin_config *a, const struct origin_config *b)
{
	return a->attributes_size == b->attributes_size &&
	       (!a->attributes_size || !memcmp(a->attributes, b->attributes, a->attributes_size));
}

static void networks_change(struct speaker *s, uint16_t instance, const struct af *af,
			    const struct family_config *old, const struct family_config *next)
{
	static const struct family_config none;
	struct map old_index, next_index;

	old = old ? old : &none;
	network_index(old, af, &old_index);
	network_index(next, af, &next_index);
	for (unsigned i = 0; i < old->network_count; i++) {
		if (!network_find(next, &next_index, af, &old->networks[i].key))
			network_withdraw(s, instance, af, &old->networks[i].key);
	}
	for (unsigned i = 0; i < next->network_count; i++) {
		const struct origin_config *n = &next->networks[i];
		const struct origin_config *o = network_find(old, &old_index, af, &n->key);

		if (!o || o->program != n->program || !origin_attributes_equal(o, n))
			network_send(s, instance, af, n);
	}
	map_free(&old_index);
	map_free(&next_index);
}

static bool aggregate_equal(const struct af *af, const struct rib_aggregate *a,
			    const struct rib_aggregate *b)
{
	return !memcmp(a->key.b, b->key.b, af->key_size) && a->as_set == b->as_set &&
	       a->detail_suppressed == b->detail_suppressed &&
	       a->attribute_policy == b->attribute_policy && a->origin_policy == b->origin_policy &&
	       a->suppress_policy == b->suppress_policy;
}

bool aggregates_equal(const struct af *af, const struct family_config *a,
		      const struct family_config *b)
{
	if ((a ? a->aggregate_count : 0) != b->aggregate_count)
		return false;
	for (unsigned i = 0; i < b->aggregate_count; i++) {
		if (!aggregate_equal(af, &a->aggregates[i], &b->aggregates[i]))
			return false;
	}
	return true;
}

static struct policy_program *counted(struct policy_program *p)
{
	return p ? policy_program_ref(p) : NULL;
}

// Each shard gets those whose routes it holds.
static struct shard_message *aggregates_message(const struct speaker *s, unsigned shard,
						uint16_t instance, const struct af *af,
						const struct family_config *next)
{
	struct shard_message *m = shard_message_new(SHARD_AGGREGATES);
	unsigned n = next->aggregate_count;

	m->instance = instance;
	m->af = af;
	m->aggregates.list = n ? mem_zero(n * sizeof(*next->aggregates)) : NULL;
	for (unsigned i = 0; i < n; i++) {
		const struct rib_aggregate *a = &next->aggregates[i];

		if (speaker_shard_of(s, af, &a->key) != shard)
			continue;
		m->aggregates.list[m->aggregates.count++] = *a;
		counted(a->attribute_policy);
		counted(a->origin_policy);
		counted(a->suppress_policy);
	}
	return m;
}

static void aggregates_send(struct speaker *s, uint16_t instance, const struct af *af,
			    const struct family_config *next)
{
	for (unsigned i = 0; i < s->shard_count; i++)
		shard_send(s->shards[i], aggregates_message(s, i, instance, af, next));
}

static void family_originate(struct speaker *s, uint16_t instance, const struct af *af,
			     const struct family_config *old, const struct family_config *next)
{
	networks_change(s, instance, af, old, next);
	if (af->props & AF_ORIGINATE && !aggregates_equal(af, old, next))
		aggregates_send(s, instance, af, next);
}

static void instance_originate(struct speaker *s, const struct instance_config *old,
			       const struct instance_config *next)
{
	for (unsigned i = 0; i < af_count; i++)
		family_originate(s, next->number, af_list[i], old ? &old->family[i] : NULL,
				 &next->family[i]);
}

void originate_nothing(struct speaker *s, const struct instance_config *old)
{
	static const struct family_config none;

	for (unsigned i = 0; i < af_count; i++)
		family_originate(s, old->number, af_list[i], &old->family[i], &none);
}

void speaker_originate(struct speaker *s, const struct speaker_config *old,
		       const struct speaker_config *next)
{
	for (unsigned i = 0; i < next->instance_count; i++) {
		const struct instance_config *n = &next->instances[i];

		instance_originate(s, old ? speaker_config_instance_near(old, n->number, i) : NULL,
				   n);
	}
}
