// Targets by value, and the destinations of each (vpn/target_index.h). Removal closes the gap by
// moving what follows back towards its home, so a set never needs sweeping.
#include "vpn/target_index.h"

#include "base/hash.h"
#include "base/mem.h"

#define SLOTS_LEAST 2u

void target_index_init(struct target_index *x)
{
	*x = (struct target_index){0};
	map_init_number(&x->targets);
}

static void target_free(struct target *t)
{
	mem_free(t->slots);
	mem_free(t->takers);
	mem_free(t);
}

void target_index_free(struct target_index *x)
{
	struct map_iter it = map_iter(&x->targets);

	while (map_next(&it))
		target_free(it.value);
	map_free(&x->targets);
}

struct target *target_find(const struct target_index *x, uint64_t value)
{
	return map_get_number(&x->targets, value);
}

static struct target *target_make(struct target_index *x, uint64_t value)
{
	struct target *t = target_find(x, value);

	if (t)
		return t;
	t = MEM_NEW(struct target);
	t->value = value;
	map_put_number(&x->targets, value, t);
	return t;
}

static void target_drop(struct target_index *x, struct target *t)
{
	if (t->count || t->taker_count)
		return;
	x->slots -= t->cap;
	map_remove_number(&x->targets, t->value);
	target_free(t);
}

// --- destinations -----------------------------------------------------------------------------------
static uint32_t home_of(const struct target *t, uint32_t number)
{
	return (uint32_t)((hash_number(number) >> 32) * t->cap >> 32);
}

static uint32_t next_of(const struct target *t, uint32_t slot)
{
	return slot + 1 < t->cap ? slot + 1 : 0;
}

// The slot of the number, or the empty one where it belongs.
static uint32_t slot_of(const struct target *t, uint32_t number)
{
	uint32_t slot = home_of(t, number);

	while (t->slots[slot] && t->slots[slot] != number)
		slot = next_of(t, slot);
	return slot;
}

static void resize(struct target_index *x, struct target *t, uint32_t cap)
{
	uint32_t *old = t->slots, old_cap = t->cap;

	t->slots = mem_zero(cap * sizeof(*t->slots));
	t->cap = cap;
	x->slots += cap;
	x->slots -= old_cap;
	for (uint32_t i = 0; i < old_cap; i++)
		if (old[i])
			t->slots[slot_of(t, old[i])] = old[i];
	mem_free(old);
}

void target_add(struct target_index *x, uint64_t value, uint32_t number)
{
	struct target *t = target_make(x, value);

	if ((uint64_t)(t->count + 1) * 100 > (uint64_t)t->cap * 85)
		resize(x, t, t->cap < SLOTS_LEAST ? SLOTS_LEAST : t->cap + t->cap / 2);
	uint32_t slot = slot_of(t, number);
	if (t->slots[slot])
		return;
	t->slots[slot] = number;
	t->count++;
	x->places++;
}

// Whether a number at `slot` may move back to `gap`: its home does not lie between the two.
static bool may_move(const struct target *t, uint32_t gap, uint32_t slot)
{
	uint32_t home = home_of(t, t->slots[slot]);

	return gap <= slot ? home <= gap || home > slot : home <= gap && home > slot;
}

static void close_gap(struct target *t, uint32_t gap)
{
	for (uint32_t slot = next_of(t, gap); t->slots[slot]; slot = next_of(t, slot)) {
		if (!may_move(t, gap, slot))
			continue;
		t->slots[gap] = t->slots[slot];
		gap = slot;
	}
	t->slots[gap] = 0;
}

void target_remove(struct target_index *x, uint64_t value, uint32_t number)
{
	struct target *t = target_find(x, value);
	uint32_t slot = t && t->cap ? slot_of(t, number) : 0;

	if (!t || !t->cap || !t->slots[slot])
		return;
	close_gap(t, slot);
	t->count--;
	x->places--;
	if (t->cap > 16 && t->count < t->cap / 4)
		resize(x, t, t->cap / 2);
	target_drop(x, t);
}

// --- takers -----------------------------------------------------------------------------------------
static uint32_t taker_at(const struct target *t, const struct tie *tie)
{
	uint32_t i = 0;

	while (i < t->taker_count && t->takers[i].tie != tie)
		i++;
	return i;
}

void target_take(struct target_index *x, uint64_t value, const struct taker *taker)
{
	struct target *t = target_make(x, value);
	uint32_t at = taker_at(t, taker->tie);

	if (at == t->taker_cap) {
		t->taker_cap = t->taker_cap ? t->taker_cap * 2 : 1;
		t->takers = mem_resize(t->takers, t->taker_cap * sizeof(*t->takers));
	}
	t->takers[at] = *taker;
	t->taker_count += at == t->taker_count;
}

void target_leave(struct target_index *x, uint64_t value, const struct tie *tie)
{
	struct target *t = target_find(x, value);
	uint32_t at = t ? taker_at(t, tie) : 0;

	if (!t || at == t->taker_count)
		return;
	t->takers[at] = t->takers[--t->taker_count];
	target_drop(x, t);
}

size_t target_index_bytes(const struct target_index *x)
{
	return x->slots * sizeof(uint32_t) +
	       x->targets.count * (sizeof(struct target) + sizeof(struct taker)) +
	       (size_t)x->targets.cap * 3 * sizeof(uint64_t); // a slot of the map: three words
}
