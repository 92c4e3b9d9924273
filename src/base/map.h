// Hash maps with open addressing. Two kinds: by text (keys are copied) and by 64-bit number.
// Values are pointers that the map does not own. Not thread-safe.
// A map must not be changed while it is walked. Order of iteration is undefined: what the user sees is sorted by the caller.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot;
struct map {
	struct map_slot *slots; // owned
	uint32_t count, cap;
	bool text;
};

void map_init_text(struct map *m);
void map_init_number(struct map *m);
void map_free(struct map *m); // not the values

void *map_get(const struct map *m, const char *key);
void *map_put(struct map *m, const char *key, void *value); // returns the value replaced, or NULL
void *map_remove(struct map *m, const char *key);           // returns the value removed, or NULL
void *map_get_number(const struct map *m, uint64_t key);
void *map_put_number(struct map *m, uint64_t key, void *value);
void *map_remove_number(struct map *m, uint64_t key);

struct map_iter {
	const struct map *map;
	uint32_t at;
	const char *key;
	uint64_t number;
	void *value;
};
struct map_iter map_iter(const struct map *m);
bool map_next(struct map_iter *it); // fills key or number, and value
