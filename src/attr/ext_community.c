// EXTENDED_COMMUNITIES (RFC 4360): values of 8 octets, of any type: an unknown one is no error.
// Errors: RFC 7606 7.14, treat-as-withdraw.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	return parse_values(a, arena, 8);
}

static void text(struct buf *b, const struct attr *a)
{
	text_values(b, a, 8, ext_community_text);
}

const struct attr_row attr_row_ext_community = {
	.type = ATTR_EXT_COMMUNITY,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.size = 8,
	.multiple = true,
	.name = "EXTENDED_COMMUNITIES",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.text = text,
	.rfc = "RFC 4360, RFC 7606 7.14",
};
