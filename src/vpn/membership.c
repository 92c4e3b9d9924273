// What one peer has announced as memberships in route targets (RFC 4684 section 4), by key of the
// membership family: the same target may be announced under several origin AS numbers, and stands
// while one of them does (section 6: origin AS numbers make no difference to what is sent).
// The list of targets is made when it is asked for. Entries that a shorter one covers are left out.
#include "vpn/membership.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	struct policy_target target; // bits behind the first target.bits are zero
	uint32_t as;
};

struct membership {
	struct entry *entries; // owned; sorted by target, bits and AS number
	unsigned count, cap;
	struct policy_target *list; // owned; made by membership_targets
	unsigned list_count;
};

struct membership *membership_new(void)
{
	return MEM_NEW(struct membership);
}

void membership_clear(struct membership *m)
{
	mem_free(m->entries);
	mem_free(m->list);
	*m = (struct membership){0};
}

void membership_free(struct membership *m)
{
	if (!m)
		return;
	membership_clear(m);
	mem_free(m);
}

// --- entries ----------------------------------------------------------------------------------------
// A shorter one comes before all that it covers.
static int compare_targets(const struct policy_target *a, const struct policy_target *b)
{
	int order = memcmp(a->target, b->target, sizeof(a->target));

	return order ? order : (int)a->bits - (int)b->bits;
}

static int compare_entries(const struct entry *a, const struct entry *b)
{
	int order = compare_targets(&a->target, &b->target);

	return order ? order : (a->as > b->as) - (a->as < b->as);
}

static bool covers(const struct policy_target *a, const struct policy_target *b)
{
	unsigned bytes = a->bits / 8, rest = a->bits % 8;

	if (a->bits > b->bits || memcmp(a->target, b->target, bytes) != 0)
		return false;
	return !rest || !((a->target[bytes] ^ b->target[bytes]) >> (8 - rest));
}

static struct entry entry_of(const struct af *af, const struct af_key *key)
{
	struct entry e = {0};
	unsigned bits;

	af->target(key, e.target.target, &bits, &e.as);
	bits = bits > 64 ? 64 : bits;
	e.target.bits = (uint8_t)bits;
	for (unsigned i = bits; i < 64; i++)
		e.target.target[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	return e;
}

// Place of the first entry that is not less.
static unsigned place_of(const struct membership *m, const struct entry *e)
{
	unsigned low = 0, high = m->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (compare_entries(&m->entries[middle], e) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void entry_insert(struct membership *m, unsigned at, const struct entry *e)
{
	if (m->count == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 16;
		m->entries = mem_resize(m->entries, m->cap * sizeof(*m->entries));
	}
	memmove(&m->entries[at + 1], &m->entries[at], (m->count - at) * sizeof(*e));
	m->entries[at] = *e;
	m->count++;
}

static void entry_remove(struct membership *m, unsigned at)
{
	m->count--;
	memmove(&m->entries[at], &m->entries[at + 1], (m->count - at) * sizeof(*m->entries));
}

// Whether an entry other than that at `at` covers it: the list would be the same without it. What
// covers it stands before it, or beside it with another AS number.
static bool is_covered(const struct membership *m, unsigned at)
{
	const struct policy_target *t = &m->entries[at].target;

	for (unsigned bits = 0; bits < t->bits; bits++) {
		struct entry e = {.target = {.bits = (uint8_t)bits}};
		for (unsigned i = 0; i < bits; i++)
			e.target.target[i / 8] |= t->target[i / 8] & (uint8_t)(0x80u >> i % 8);
		unsigned place = place_of(m, &e);
		if (place < m->count && !compare_targets(&m->entries[place].target, &e.target))
			return true;
	}
	return (at && !compare_targets(&m->entries[at - 1].target, t)) ||
	       (at + 1 < m->count && !compare_targets(&m->entries[at + 1].target, t));
}

bool membership_set(struct membership *m, const struct af *af, const struct af_key *key,
		    bool counts)
{
	struct entry e = entry_of(af, key);
	unsigned at = place_of(m, &e);
	bool there = at < m->count && !compare_entries(&m->entries[at], &e);

	if (there == counts)
		return false;
	if (counts)
		entry_insert(m, at, &e);
	bool covered = is_covered(m, at);
	if (!counts)
		entry_remove(m, at);
	return !covered;
}

// --- the list ---------------------------------------------------------------------------------------
unsigned membership_targets(struct membership *m, const struct policy_target **ret)
{
	m->list = mem_resize(m->list, (m->count + 1) * sizeof(*m->list));
	m->list_count = 0;
	for (unsigned i = 0; i < m->count; i++) {
		const struct policy_target *t = &m->entries[i].target;
		if (!m->list_count || !covers(&m->list[m->list_count - 1], t))
			m->list[m->list_count++] = *t;
	}
	*ret = m->list;
	return m->list_count;
}
