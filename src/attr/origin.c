// ORIGIN (RFC 4271 5.1.1): one octet of 0, 1 or 2. Errors: RFC 7606 7.1, treat-as-withdraw.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	return a->value[0] <= ORIGIN_INCOMPLETE ? ATTR_FAULT_NONE : ATTR_FAULT_WITHDRAW;
}

static void text(struct buf *b, const struct attr *a)
{
	static const char *const words[] = {"igp", "egp", "incomplete"};

	buf_text(b, a->len && a->value[0] <= ORIGIN_INCOMPLETE ? words[a->value[0]] : "?");
}

const struct attr_row attr_row_origin = {
	.type = ATTR_ORIGIN,
	.flags = ATTR_WELL_KNOWN,
	.subcode = SUBCODE_ORIGIN,
	.size = 1,
	.name = "ORIGIN",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.text = text,
	.rfc = "RFC 4271 5.1.1, RFC 7606 7.1",
};
