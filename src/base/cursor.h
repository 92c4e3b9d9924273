// Reading untrusted bytes: a cursor whose error sticks. A read past the end sets the error once,
// yields zero and moves nothing, so a decoder is straight code with one check at its end.
// Integers are in network byte order.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *p;
	size_t len;
};

struct cursor {
	const uint8_t *p, *end;
	bool error;
};

static inline struct cursor cursor_of(const void *p, size_t len)
{
	const uint8_t *b = p;
	return (struct cursor){.p = b, .end = len ? b + len : b}; // b may be NULL when len is 0
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

// n bytes at the cursor, or NULL with the error set; the cursor moves past them.
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	if (c->error || cursor_left(c) < n) {
		c->error = true;
		return NULL;
	}
	const uint8_t *p = c->p;
	c->p += n;
	return p;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);
	return p ? p[0] : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

// The next n bytes as a cursor of their own, cut out before anything inside is parsed: no parser
// of the inside can run over. On error both carry the error.
static inline struct cursor cursor_cut(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_take(c, n);
	struct cursor inner = cursor_of(p, p ? n : 0);
	inner.error = !p;
	return inner;
}
