// PE Distinguisher Labels (RFC 6514 8): addresses of PEs, all of one width, each with a label of 3
// octets. The width is told by the length alone, so a mixture, or a piece of an entry, is a length
// that fits neither: treat-as-withdraw.
#include "attr/rows.h"

#define LABEL_SIZE 3
#define NARROW     (4 + LABEL_SIZE)
#define WIDE       (16 + LABEL_SIZE)

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	if (!a->len || (a->len % NARROW && a->len % WIDE))
		return ATTR_FAULT_WITHDRAW;
	return ATTR_FAULT_NONE;
}

static void text(struct buf *b, const struct attr *a)
{
	struct cursor c = cursor_of(a->value, a->len);
	unsigned size = a->len % NARROW ? 16 : 4;

	while (cursor_left(&c) >= size + LABEL_SIZE) {
		struct ip ip = ip_from_bytes(cursor_take(&c, size), size * 8);
		uint32_t label = (uint32_t)cursor_u16(&c) << 4;

		label |= cursor_u8(&c) >> 4;
		if (c.p - a->value > (ptrdiff_t)(size + LABEL_SIZE))
			buf_text(b, ", ");
		ip_put(b, &ip);
		buf_format(b, " label %u", label);
	}
}

const struct attr_row attr_row_pe_distinguisher_labels = {
	.type = ATTR_PE_DISTINGUISHER_LABELS,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.name = "PE_DISTINGUISHER_LABELS",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.text = text,
	.rfc = "RFC 6514 8",
};
