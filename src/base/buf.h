// A growing run of bytes, for messages and for text alike. data is always followed by a zero byte
// that len does not count, so that text needs no extra step. Integers go in network byte order.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; // owned; NULL while empty
	size_t len, cap;
};

void buf_free(struct buf *b);               // leaves an empty, usable buffer
void buf_clear(struct buf *b);              // keeps the memory
uint8_t *buf_room(struct buf *b, size_t n); // n bytes writable at the end; len unchanged
void buf_put(struct buf *b, const void *p, size_t n);
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_set_u16(struct buf *b, size_t at, uint16_t v); // overwrites 2 bytes written before
void buf_set_u8(struct buf *b, size_t at, uint8_t v);
void buf_text(struct buf *b, const char *s);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vformat(struct buf *b, const char *format, va_list ap);
void buf_pad(struct buf *b,
	     size_t column); // blanks until len counts column bytes since the last newline
void buf_hex(struct buf *b, const void *p, size_t n); // lower-case, no blanks
const char *buf_cstr(const struct buf *b);            // never NULL
char *buf_steal(struct buf *b);                       // caller owns; b is empty afterwards

// As buf_room, and len += n.
static inline uint8_t *buf_extend(struct buf *b, size_t n)
{
	uint8_t *p = n < b->cap - b->len ? b->data + b->len : buf_room(b, n);

	b->len += n;
	b->data[b->len] = 0;
	return p;
}
