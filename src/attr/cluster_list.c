// CLUSTER_LIST (RFC 4456 8): identifiers of 4 octets, only inside the AS; order has a meaning.
// Errors: RFC 7606 7.10: ignored from an external neighbour, treat-as-withdraw from an internal
// one.
#include "attr/rows.h"

static void text(struct buf *b, const struct attr *a)
{
	text_values(b, a, 4, text_address);
}

const struct attr_row attr_row_cluster_list = {
	.type = ATTR_CLUSTER_LIST,
	.flags = ATTR_OPTIONAL,
	.scope = ATTR_SCOPE_AS,
	.size = 4,
	.multiple = true,
	.name = "CLUSTER_LIST",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.text = text,
	.rfc = "RFC 4456 8, RFC 7606 7.10",
};
