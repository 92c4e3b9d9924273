// ATTR_SET (RFC 6368): the attributes of a customer's route, whole, behind the customer's AS
// number. Malformed when shorter than that number or when the attributes in it do not end with it;
// then RFC 7606 7.16 wants treat-as-withdraw. Their contents are for the one who unpacks them.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	struct cursor c = cursor_of(a->value, a->len);

	cursor_u32(&c);
	while (!c.error && cursor_left(&c)) {
		uint8_t flags = cursor_u8(&c), type = cursor_u8(&c);
		size_t len = flags & ATTR_EXTENDED ? cursor_u16(&c) : cursor_u8(&c);

		cursor_take(&c, len);
		if (type == ATTR_MP_REACH || type == ATTR_MP_UNREACH)
			return ATTR_FAULT_WITHDRAW; // no NLRI in here
	}
	return c.error ? ATTR_FAULT_WITHDRAW : ATTR_FAULT_NONE;
}

const struct attr_row attr_row_attr_set = {
	.type = ATTR_ATTR_SET,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.name = "ATTR_SET",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.rfc = "RFC 6368 5, RFC 7606 7.16",
};
