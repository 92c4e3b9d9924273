// Growing byte runs. One rule carries the file: after every call data is NULL or data[len] is zero,
// which is why every reservation asks for one byte more than the caller did.
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

void buf_free(struct buf *b)
{
	mem_free(b->data);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = 0;
}

uint8_t *buf_room(struct buf *b, size_t n)
{
	if (n > SIZE_MAX / 4)
		die("buffer: %zu bytes wanted at once", n);
	size_t need = b->len + n + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 64;
		while (cap < need)
			cap *= 2;
		b->data = mem_resize(b->data, cap);
		b->cap = cap;
		b->data[b->len] = 0;
	}
	return b->data + b->len;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *to = buf_extend(b, n);
	if (n)
		memcpy(to, p, n);
}

void buf_u8(struct buf *b, uint8_t v)
{
	*buf_extend(b, 1) = v;
}

static void store_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void buf_u16(struct buf *b, uint16_t v)
{
	store_u16(buf_extend(b, 2), v);
}

void buf_u32(struct buf *b, uint32_t v)
{
	uint8_t *p = buf_extend(b, 4);
	store_u16(p, (uint16_t)(v >> 16));
	store_u16(p + 2, (uint16_t)v);
}

void buf_u64(struct buf *b, uint64_t v)
{
	buf_u32(b, (uint32_t)(v >> 32));
	buf_u32(b, (uint32_t)v);
}

// Overwriting is done at places the program itself has written: anything else is a bug of ours.
static uint8_t *written(struct buf *b, size_t at, size_t n)
{
	if (at > b->len || b->len - at < n)
		die("buffer: %zu bytes at %zu of %zu to overwrite", n, at, b->len);
	return b->data + at;
}

void buf_set_u16(struct buf *b, size_t at, uint16_t v)
{
	store_u16(written(b, at, 2), v);
}

void buf_set_u8(struct buf *b, size_t at, uint8_t v)
{
	*written(b, at, 1) = v;
}

void buf_text(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_vformat(struct buf *b, const char *format, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	uint8_t *p = buf_room(b, 120); // enough for most, so that most are formatted once
	size_t room = b->cap - b->len;
	int n = vsnprintf((char *)p, room, format, ap);
	if (n < 0)
		die("buffer: format \"%s\" cannot be printed", format);
	if ((size_t)n >= room) {
		p = buf_room(b, (size_t)n);
		vsnprintf((char *)p, (size_t)n + 1, format, again);
	}
	va_end(again);
	b->len += (size_t)n;
}

void buf_format(struct buf *b, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	buf_vformat(b, format, ap);
	va_end(ap);
}

void buf_pad(struct buf *b, size_t column)
{
	const uint8_t *newline = b->len ? memrchr(b->data, '\n', b->len) : NULL;
	size_t now = newline ? b->len - (size_t)(newline - b->data) - 1 : b->len;

	if (now < column)
		memset(buf_extend(b, column - now), ' ', column - now);
}

void buf_hex(struct buf *b, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = p;
	uint8_t *to = buf_extend(b, n * 2);

	for (size_t i = 0; i < n; i++) {
		*to++ = (uint8_t)digits[from[i] >> 4];
		*to++ = (uint8_t)digits[from[i] & 15];
	}
}

const char *buf_cstr(const struct buf *b)
{
	return b->data ? (const char *)b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *text = b->data ? (char *)b->data : mem_text("");
	*b = (struct buf){0};
	return text;
}
