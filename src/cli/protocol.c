// Frames: see protocol.h.
#include "cli/protocol.h"

#include "base/cursor.h"

void frame_put(struct buf *out, enum frame_type type, const void *p, size_t n)
{
	buf_u32(out, (uint32_t)(n + 1));
	buf_u8(out, (uint8_t)type);
	buf_put(out, p, n);
}

int frame_take(const struct buf *b, size_t *at, size_t max, struct frame_view *ret)
{
	struct cursor c = cursor_of(b->data + *at, b->len - *at);
	uint32_t size = cursor_u32(&c);

	if (c.error)
		return 0;
	if (!size || size > max)
		return -1;
	ret->type = (enum frame_type)cursor_u8(&c);
	ret->p = cursor_take(&c, size - 1);
	ret->n = size - 1;
	if (c.error)
		return 0;
	*at += 4 + (size_t)size;
	return 1;
}
