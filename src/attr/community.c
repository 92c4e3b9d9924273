// COMMUNITIES (RFC 1997): values of 4 octets. Errors: RFC 7606 7.8, treat-as-withdraw.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	return parse_values(a, arena, 4);
}

static void one(struct buf *b, const uint8_t *value)
{
	buf_u8(b, '<');
	community_text(b, value);
	buf_u8(b, '>');
}

static void text(struct buf *b, const struct attr *a)
{
	text_values(b, a, 4, one);
}

const struct attr_row attr_row_community = {
	.type = ATTR_COMMUNITY,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.size = 4,
	.multiple = true,
	.name = "COMMUNITIES",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.text = text,
	.rfc = "RFC 1997, RFC 7606 7.8",
};
