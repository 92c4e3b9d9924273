// Arenas: a list of blocks, newest first, of which only the newest is being filled. What does not
// fit an ordinary block gets one of its own that is hung behind the newest, so that the room left
// there is not lost. Reset keeps one ordinary block: a loop that handles message after message
// does not touch malloc.
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define ARENA_ALIGN 16

struct arena_block {
	struct arena_block *next; // older
	size_t size;              // of data
	_Alignas(ARENA_ALIGN) uint8_t data[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b = mem_alloc(sizeof(*b) + size);
	b->size = size;
	b->next = NULL;
	return b;
}

void arena_init(struct arena *a, size_t block_size)
{
	*a = (struct arena){.block_size = block_size < 256 ? 256 : block_size};
}

static void *alloc_slow(struct arena *a, size_t size)
{
	struct arena_block *b = block_new(size > a->block_size ? size : a->block_size);

	if (a->head && size > a->block_size) {
		b->next = a->head->next;
		a->head->next = b;
		return b->data;
	}
	b->next = a->head;
	a->head = b;
	a->used = size;
	a->size = b->size;
	return b->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > SIZE_MAX / 2)
		die("arena: %zu bytes wanted at once", size);
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (!a->head || a->size - a->used < size)
		return alloc_slow(a, size);
	void *p = a->head->data + a->used;
	a->used += size;
	return p;
}

void *arena_zero(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

void *arena_copy(struct arena *a, const void *p, size_t size)
{
	void *copy = arena_alloc(a, size);
	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *arena_text(struct arena *a, const char *s)
{
	return arena_copy(a, s, strlen(s) + 1);
}

char *arena_format(struct arena *a, const char *format, ...)
{
	va_list ap, again;
	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		die("arena: format \"%s\" cannot be printed", format);
	char *text = arena_alloc(a, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}

static void free_list(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;
		mem_free(b);
		b = next;
	}
}

void arena_reset(struct arena *a)
{
	struct arena_block *kept = a->head;

	if (!kept)
		return;
	free_list(kept->next);
	kept->next = NULL;
	if (kept->size > a->block_size) {
		mem_free(kept);
		kept = NULL;
	}
	a->head = kept;
	a->used = 0;
	a->size = kept ? kept->size : 0;
}

void arena_free(struct arena *a)
{
	free_list(a->head);
	arena_init(a, a->block_size);
}
