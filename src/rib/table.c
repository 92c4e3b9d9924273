// The index of destinations: open addressing with linear probing in many small parts. A slot holds
// the destination's number and, above it, six bits of the hash: a probe reads the destination only
// when they agree. Parts grow by half when three quarters of their slots are taken, each on its
// own, so no update ever pays for the growth of the whole. A removed slot is marked and used
// again; marks vanish when the part is rebuilt.
#include "rib/table.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define SLOT_REMOVED UINT32_MAX
#define SLOT_NUMBER  ((1u << TABLE_NUMBER_BITS) - 1)
#define PART_MIN     8u

void table_init(struct table *t, const struct af *af)
{
	*t = (struct table){.af = af};
	pool_init(&t->destinations, sizeof(struct destination) + af->key_size);
	pool_init(&t->paths, sizeof(struct path));
}

void table_free(struct table *t)
{
	for (unsigned i = 0; i < TABLE_PARTS; i++)
		mem_free(t->part[i].slots);
	pool_free_all(&t->destinations);
	pool_free_all(&t->paths);
}

size_t table_bytes(const struct table *t)
{
	size_t n = pool_bytes(&t->destinations) + pool_bytes(&t->paths);

	for (unsigned i = 0; i < TABLE_PARTS; i++)
		n += t->part[i].cap * sizeof(uint32_t);
	return n;
}

static uint32_t slot_of(uint64_t hash, uint32_t number)
{
	return (uint32_t)(hash >> 58) << TABLE_NUMBER_BITS | number;
}

static bool slot_is(const struct table *t, uint32_t slot, uint64_t hash, const struct af_key *key)
{
	if ((slot ^ slot_of(hash, 0)) >> TABLE_NUMBER_BITS || slot == SLOT_REMOVED)
		return false;
	return !memcmp(table_at(t, slot & SLOT_NUMBER)->key, key->b, t->af->key_size);
}

uint32_t table_find(const struct table *t, const struct af_key *key, uint64_t hash)
{
	const struct table_part *p = table_part(t, hash);

	if (!p->cap)
		return 0;
	for (uint32_t at = table_home(p, hash); p->slots[at]; at = at + 1 == p->cap ? 0 : at + 1)
		if (slot_is(t, p->slots[at], hash, key))
			return p->slots[at] & SLOT_NUMBER;
	return 0;
}

void table_prefetch_destination(const struct table *t, uint64_t hash)
{
	const struct table_part *p = table_part(t, hash);
	uint32_t slot = p->cap ? p->slots[table_home(p, hash)] : 0;

	if (slot && slot != SLOT_REMOVED)
		__builtin_prefetch(table_at(t, slot & SLOT_NUMBER));
}

static void part_rebuild(struct table *t, struct table_part *p)
{
	struct table_part old = *p;
	uint32_t cap = old.used * 4 >= old.cap * 2 ? old.cap + old.cap / 2 : old.cap;

	p->cap = cap < PART_MIN ? PART_MIN : cap;
	p->slots = mem_zero(p->cap * sizeof(*p->slots));
	p->removed = 0;
	for (uint32_t i = 0; i < old.cap; i++) {
		if (!old.slots[i] || old.slots[i] == SLOT_REMOVED)
			continue;
		const struct destination *d = table_at(t, old.slots[i] & SLOT_NUMBER);
		uint32_t at = table_home(p, af_key_hash(t->af, destination_key(d)));
		while (p->slots[at])
			at = at + 1 == p->cap ? 0 : at + 1;
		p->slots[at] = old.slots[i];
	}
	mem_free(old.slots);
}

uint32_t table_add(struct table *t, const struct af_key *key, uint64_t hash)
{
	struct table_part *p = table_part(t, hash);

	if ((p->used + p->removed + 1) * 4 > p->cap * 3)
		part_rebuild(t, p);
	uint32_t at = table_home(p, hash), hole = UINT32_MAX;
	for (; p->slots[at]; at = at + 1 == p->cap ? 0 : at + 1) {
		if (slot_is(t, p->slots[at], hash, key))
			return p->slots[at] & SLOT_NUMBER;
		if (p->slots[at] == SLOT_REMOVED && hole == UINT32_MAX)
			hole = at;
	}
	if (hole != UINT32_MAX) {
		at = hole;
		p->removed--;
	}
	uint32_t n = pool_take(&t->destinations);
	if (n > TABLE_NUMBER_MAX)
		die("rib: more than %u destinations in one table", TABLE_NUMBER_MAX);
	struct destination *d = table_at(t, n);
	d->info = DESTINATION_LIVE;
	memcpy(d->key, key->b, t->af->key_size);
	p->slots[at] = slot_of(hash, n);
	p->used++;
	return n;
}

void table_remove(struct table *t, uint32_t n)
{
	struct destination *d = table_at(t, n);
	uint64_t hash = af_key_hash(t->af, destination_key(d));
	struct table_part *p = table_part(t, hash);
	uint32_t at = table_home(p, hash);

	while (p->slots[at] != slot_of(hash, n))
		at = at + 1 == p->cap ? 0 : at + 1;
	p->slots[at] = SLOT_REMOVED;
	p->used--;
	p->removed++;
	d->info = 0;
	pool_give(&t->destinations, n);
}
