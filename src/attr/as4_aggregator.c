// AS4_AGGREGATOR (RFC 6793): AS number of 4 octets and an address, carried across speakers of
// 2-byte numbers; like AS4_PATH it never stands in an interned set. Errors: section 6, attribute
// discard.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	struct cursor c = cursor_of(a->value, a->len);

	return cursor_u32(&c) ? ATTR_FAULT_NONE : ATTR_FAULT_DISCARD;
}

const struct attr_row attr_row_as4_aggregator = {
	.type = ATTR_AS4_AGGREGATOR,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.size = 8,
	.name = "AS4_AGGREGATOR",
	.on_flags = ATTR_FAULT_DISCARD,
	.on_length = ATTR_FAULT_DISCARD,
	.parse = parse,
	.text = text_aggregator,
	.rfc = "RFC 6793 4.2, 6, RFC 7607",
};
