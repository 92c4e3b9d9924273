// ORIGINATOR_ID (RFC 4456 8): 4 octets, only inside the AS. Errors: RFC 7606 7.9: ignored from an
// external neighbour, treat-as-withdraw from an internal one.
#include "attr/rows.h"

static void text(struct buf *b, const struct attr *a)
{
	if (a->len == 4)
		text_address(b, a->value);
}

const struct attr_row attr_row_originator_id = {
	.type = ATTR_ORIGINATOR_ID,
	.flags = ATTR_OPTIONAL,
	.scope = ATTR_SCOPE_AS,
	.size = 4,
	.name = "ORIGINATOR_ID",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.text = text,
	.rfc = "RFC 4456 8, RFC 7606 7.9",
};
