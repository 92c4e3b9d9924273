// AS_PATH (RFC 4271 5.1.2). Errors: RFC 7606 7.2, treat-as-withdraw; AS 0 is one (RFC 7607), and so
// are confederation segments from outside the confederation (RFC 5065 5). A 2-byte path becomes a
// 4-byte one here; what AS4_PATH adds is the message reader's business, which sees both.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	bool confed;

	if (!as_path_valid(a->value, a->len, x->as4 ? 4 : 2, &confed))
		return ATTR_FAULT_WITHDRAW;
	if (confed && !x->confed)
		return ATTR_FAULT_WITHDRAW;
	if (x->as4 || !a->len)
		return ATTR_FAULT_NONE;
	struct span wide = as_path_widen(arena, a->value, a->len);
	if (wide.len > UINT16_MAX)
		return ATTR_FAULT_WITHDRAW; // more than 16,000 hops of a message of 65,535 octets
	a->value = wide.p;
	a->len = (uint16_t)wide.len;
	return ATTR_FAULT_NONE;
}

static void text(struct buf *b, const struct attr *a)
{
	as_path_text(b, a->value, a->len);
}

const struct attr_row attr_row_as_path = {
	.type = ATTR_AS_PATH,
	.flags = ATTR_WELL_KNOWN,
	.subcode = SUBCODE_AS_PATH,
	.name = "AS_PATH",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.text = text,
	.rfc = "RFC 4271 5.1.2, RFC 7606 7.2, RFC 7607",
};
