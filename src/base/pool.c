// Pools of numbered objects. A chunk is not written to before its objects are taken, so that a small
// table costs a few pages and not a chunk. A freed object's first word links the free list; taking
// clears an object.
#include "base/pool.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

void pool_init(struct pool *p, size_t size)
{
	if (size > UINT32_MAX / 2)
		die("pool: objects of %zu bytes", size);
	size = size < 4 ? 4 : (size + 3) & ~(size_t)3;
	*p = (struct pool){.size = (uint32_t)size, .end = 1};
}

void pool_free_all(struct pool *p)
{
	for (uint32_t i = 0; i < p->chunk_count; i++)
		mem_free(p->chunks[i]);
	mem_free(p->chunks);
	pool_init(p, p->size);
}

static void add_chunk(struct pool *p)
{
	if (p->chunk_count == p->chunk_cap) {
		p->chunk_cap = p->chunk_cap ? p->chunk_cap * 2 : 8;
		p->chunks = mem_resize(p->chunks, p->chunk_cap * sizeof(*p->chunks));
	}
	p->chunks[p->chunk_count++] = mem_alloc((size_t)POOL_CHUNK * p->size);
}

// Objects are small: two stores of one width that overlap clear most of them.
static inline void clear(uint8_t *object, uint32_t size)
{
	if (size >= 16 && size <= 32) {
		memset(object, 0, 16);
		memset(object + size - 16, 0, 16);
	} else if (size >= 8 && size < 16) {
		memset(object, 0, 8);
		memset(object + size - 8, 0, 8);
	} else {
		memset(object, 0, size);
	}
}

uint32_t pool_take(struct pool *p)
{
	uint32_t n = p->free_head;

	if (n) {
		memcpy(&p->free_head, pool_at(p, n), 4);
	} else {
		n = p->end;
		if (n == UINT32_MAX)
			die("pool: all numbers for objects of %u bytes are in use", p->size);
		if (n >> POOL_CHUNK_BITS >= p->chunk_count)
			add_chunk(p);
		p->end++;
	}
	clear(pool_at(p, n), p->size);
	p->used++;
	return n;
}

void pool_give(struct pool *p, uint32_t n)
{
	if (!n || n >= p->end || !p->used)
		die("pool: object %u given back, numbers end at %u", n, p->end);
	memcpy(pool_at(p, n), &p->free_head, 4);
	p->free_head = n;
	p->used--;
}

size_t pool_bytes(const struct pool *p)
{
	return (size_t)p->chunk_count * POOL_CHUNK * p->size + p->chunk_cap * sizeof(*p->chunks);
}
