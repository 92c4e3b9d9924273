// Pieces of attribute rows that more than one of them uses.
#include "attr/rows.h"

enum attr_fault parse_values(struct attr *a, struct arena *arena, unsigned width)
{
	struct span sorted = communities_sorted(arena, a->value, a->len, width);

	a->value = sorted.p;
	a->len = (uint16_t)sorted.len;
	return ATTR_FAULT_NONE;
}

void text_values(struct buf *b, const struct attr *a, unsigned width,
		 void (*one)(struct buf *b, const uint8_t *value))
{
	for (size_t at = 0; at + width <= a->len; at += width) {
		if (at)
			buf_text(b, ", ");
		one(b, a->value + at);
	}
}

void text_number_u32(struct buf *b, const struct attr *a)
{
	struct cursor c = cursor_of(a->value, a->len);

	buf_format(b, "%u", cursor_u32(&c));
}

void text_address(struct buf *b, const uint8_t *value)
{
	struct ip ip = ip_from_bytes(value, 32);

	ip_put(b, &ip);
}

void text_aggregator(struct buf *b, const struct attr *a)
{
	struct cursor c = cursor_of(a->value, a->len);
	uint32_t as = cursor_u32(&c);
	const uint8_t *address = cursor_take(&c, 4);

	if (!address)
		return;
	buf_format(b, "%u ", as);
	text_address(b, address);
}
