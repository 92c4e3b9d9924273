// ATOMIC_AGGREGATE (RFC 4271 5.1.6): no octets. Errors: RFC 7606 3 (f) and 7.6, attribute discard.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	return a->len ? ATTR_FAULT_DISCARD : ATTR_FAULT_NONE;
}

static void text(struct buf *b, const struct attr *a)
{
	buf_text(b, "atomic-aggregate");
}

const struct attr_row attr_row_atomic_aggregate = {
	.type = ATTR_ATOMIC_AGGREGATE,
	.flags = ATTR_WELL_KNOWN,
	.subcode = SUBCODE_LENGTH,
	.name = "ATOMIC_AGGREGATE",
	.on_flags = ATTR_FAULT_DISCARD,
	.on_length = ATTR_FAULT_DISCARD,
	.parse = parse,
	.text = text,
	.rfc = "RFC 4271 5.1.6, RFC 7606 7.6",
};
