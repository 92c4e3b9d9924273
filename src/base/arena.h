// A region that is filled by small allocations and emptied at once: memory for one unit of work
// (one message, one command). No single free; contents are not zeroed unless asked for.
#pragma once

#include <stddef.h>

struct arena {
	struct arena_block *head; // newest block; owned
	size_t used, size;        // within head
	size_t block_size;        // of ordinary blocks
};

void arena_init(struct arena *a, size_t block_size);
void *arena_alloc(struct arena *a, size_t size); // 16-byte aligned
void *arena_zero(struct arena *a, size_t size);
void *arena_copy(struct arena *a, const void *p, size_t size);
char *arena_text(struct arena *a, const char *s);
char *arena_format(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *a); // keeps one block for the next unit of work
void arena_free(struct arena *a);
