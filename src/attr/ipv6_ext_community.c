// IPv6 Address Specific Extended Community (RFC 5701): values of 20 octets. Errors: RFC 7606 7.15,
// treat-as-withdraw.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	return parse_values(a, arena, 20);
}

static void one(struct buf *b, const uint8_t *value)
{
	buf_hex(b, value, 20);
}

static void text(struct buf *b, const struct attr *a)
{
	text_values(b, a, 20, one);
}

const struct attr_row attr_row_ipv6_ext_community = {
	.type = ATTR_IPV6_EXT_COMMUNITY,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.size = 20,
	.multiple = true,
	.name = "IPV6_EXTENDED_COMMUNITIES",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.text = text,
	.rfc = "RFC 5701, RFC 7606 7.15",
};
