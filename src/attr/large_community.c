// LARGE_COMMUNITY (RFC 8092): values of 12 octets, duplicates removed on receipt (section 3).
// Errors: section 6, treat-as-withdraw; any administrator is valid.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	return parse_values(a, arena, 12);
}

static void one(struct buf *b, const uint8_t *value)
{
	buf_u8(b, '<');
	large_community_text(b, value);
	buf_u8(b, '>');
}

static void text(struct buf *b, const struct attr *a)
{
	text_values(b, a, 12, one);
}

const struct attr_row attr_row_large_community = {
	.type = ATTR_LARGE_COMMUNITY,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.size = 12,
	.multiple = true,
	.name = "LARGE_COMMUNITY",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.text = text,
	.rfc = "RFC 8092",
};
