// Hash maps: open addressing with linear probing, at most three quarters full. A removal moves the
// followers back into the gap, so there are no tombstones and look-ups never grow slower.
// A slot is in use when its key is set; maps by number set it to a mark that nobody reads.
#include "base/map.h"

#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

struct map_slot {
	uint64_t number; // the key, or the hash of the text
	char *key;       // owned by maps by text
	void *value;
};

static char number_mark[1]; // only its address is used

static void init(struct map *m, bool text)
{
	*m = (struct map){.text = text};
}

void map_init_text(struct map *m)
{
	init(m, true);
}

void map_init_number(struct map *m)
{
	init(m, false);
}

void map_free(struct map *m)
{
	if (m->text)
		for (uint32_t i = 0; i < m->cap; i++)
			mem_free(m->slots[i].key);
	mem_free(m->slots);
	init(m, m->text);
}

static uint32_t home(const struct map *m, uint64_t number)
{
	return (uint32_t)(m->text ? number : hash_number(number)) & (m->cap - 1);
}

// The slot that holds the key, or the free one where it belongs. The map is never full.
static struct map_slot *find(const struct map *m, uint64_t number, const char *key)
{
	for (uint32_t i = home(m, number);; i = (i + 1) & (m->cap - 1)) {
		struct map_slot *s = &m->slots[i];
		if (!s->key || (s->number == number && (!m->text || !strcmp(s->key, key))))
			return s;
	}
}

static void grow(struct map *m)
{
	struct map_slot *old = m->slots;
	uint32_t old_cap = m->cap;

	if (m->cap > UINT32_MAX / 4)
		die("map: %u entries", m->count);
	m->cap = m->cap ? m->cap * 2 : 16;
	m->slots = mem_zero(m->cap * sizeof(*m->slots));
	for (uint32_t i = 0; i < old_cap; i++)
		if (old[i].key)
			*find(m, old[i].number, old[i].key) = old[i];
	mem_free(old);
}

static void *get(const struct map *m, uint64_t number, const char *key)
{
	return m->count ? find(m, number, key)->value : NULL;
}

static void *put(struct map *m, uint64_t number, const char *key, void *value)
{
	if (m->count >= m->cap / 4 * 3)
		grow(m);
	struct map_slot *s = find(m, number, key);
	void *before = s->value;
	if (!s->key) {
		s->number = number;
		s->key = m->text ? mem_text(key) : number_mark;
		m->count++;
	}
	s->value = value;
	return before;
}

// Closes the gap at i: whatever follows without a break moves back if its home allows it.
static void close_gap(struct map *m, uint32_t i)
{
	uint32_t mask = m->cap - 1;

	for (uint32_t j = (i + 1) & mask; m->slots[j].key; j = (j + 1) & mask) {
		uint32_t distance = (j - home(m, m->slots[j].number)) & mask;
		if (distance >= ((j - i) & mask)) {
			m->slots[i] = m->slots[j];
			i = j;
		}
	}
	m->slots[i] = (struct map_slot){0};
}

static void *take_out(struct map *m, uint64_t number, const char *key)
{
	struct map_slot *s = m->count ? find(m, number, key) : NULL;

	if (!s || !s->key)
		return NULL;
	void *value = s->value;
	if (m->text)
		mem_free(s->key);
	close_gap(m, (uint32_t)(s - m->slots));
	m->count--;
	return value;
}

static uint64_t text_hash(const char *key)
{
	return hash_bytes(key, strlen(key));
}

void *map_get(const struct map *m, const char *key)
{
	return get(m, text_hash(key), key);
}

void *map_put(struct map *m, const char *key, void *value)
{
	return put(m, text_hash(key), key, value);
}

void *map_remove(struct map *m, const char *key)
{
	return take_out(m, text_hash(key), key);
}

void *map_get_number(const struct map *m, uint64_t key)
{
	return get(m, key, NULL);
}

void *map_put_number(struct map *m, uint64_t key, void *value)
{
	return put(m, key, NULL, value);
}

void *map_remove_number(struct map *m, uint64_t key)
{
	return take_out(m, key, NULL);
}

struct map_iter map_iter(const struct map *m)
{
	return (struct map_iter){.map = m};
}

bool map_next(struct map_iter *it)
{
	while (it->at < it->map->cap) {
		const struct map_slot *s = &it->map->slots[it->at++];
		if (!s->key)
			continue;
		it->key = it->map->text ? s->key : NULL;
		it->number = it->map->text ? 0 : s->number;
		it->value = s->value;
		return true;
	}
	return false;
}
