// AGGREGATOR (RFC 4271 5.1.7): AS number of the session's width and an address; 8 octets in a list.
// Errors: RFC 7606 3 (f) and 7.7, attribute discard; AS 0 is one (RFC 7607).
#include "attr/rows.h"

#include <string.h>

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	struct cursor c = cursor_of(a->value, a->len);

	if (a->len != (x->as4 ? 8 : 6))
		return ATTR_FAULT_DISCARD;
	if (!(x->as4 ? cursor_u32(&c) : cursor_u16(&c)))
		return ATTR_FAULT_DISCARD;
	if (x->as4)
		return ATTR_FAULT_NONE;
	uint8_t *wide = arena_zero(arena, 8);
	memcpy(wide + 2, a->value, 6);
	a->value = wide;
	a->len = 8;
	return ATTR_FAULT_NONE;
}

const struct attr_row attr_row_aggregator = {
	.type = ATTR_AGGREGATOR,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_LENGTH,
	.name = "AGGREGATOR",
	.on_flags = ATTR_FAULT_DISCARD,
	.on_length = ATTR_FAULT_DISCARD,
	.parse = parse,
	.text = text_aggregator,
	.rfc = "RFC 4271 5.1.7, RFC 7606 7.7, RFC 7607",
};
