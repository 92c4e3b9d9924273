// Single destinations that one member is owed: a bit each, by number, with a hold on the
// destination, so that its number means the same until it has been told. Memory is given back
// when nothing is owed any more.
#include "rib/group.h"

#include <string.h>

#include "base/mem.h"

void member_owe(struct member *m, uint32_t n)
{
	struct owed *o = &m->owed;
	uint32_t chunk = n >> ADJ_OUT_CHUNK_BITS;

	// messages made before leave the destination out, or do not
	group_cache_clear(m->group);
	if (m->dump.active && m->dump.first && chunk < m->dump.range && !m->dump.sent_at[chunk])
		return; // has been told nothing of it, and the dump will tell
	if (n / 64 >= o->words) {
		uint32_t words = m->family->table.destinations.end / 64 + 1;

		o->bits = mem_resize(o->bits, words * sizeof(*o->bits));
		memset(o->bits + o->words, 0, (words - o->words) * sizeof(*o->bits));
		o->words = words;
	}
	if (o->bits[n / 64] >> n % 64 & 1)
		return;
	o->bits[n / 64] |= UINT64_C(1) << n % 64;
	o->count++;
	destination_hold(m->family, n);
	m->group->busy = true;
	rib_wake(m->family->rib);
}

void owed_done(struct member *m, uint32_t n)
{
	m->owed.bits[n / 64] &= ~(UINT64_C(1) << n % 64);
	m->owed.count--;
	destination_release(m->family, n);
}

// The lowest number that is owed, from the last one onwards.
uint32_t owed_next(struct member *m)
{
	struct owed *o = &m->owed;

	if (!o->count) {
		mem_free(o->bits);
		*o = (struct owed){0};
		return 0;
	}
	while (!o->bits[o->next])
		o->next = o->next + 1 < o->words ? o->next + 1 : 0;
	return o->next * 64 + (uint32_t)__builtin_ctzll(o->bits[o->next]);
}

void owed_clear(struct member *m)
{
	uint32_t n;

	while ((n = owed_next(m)))
		owed_done(m, n);
}
