// AS4_PATH (RFC 6793): the true path, carried across speakers of 2-byte numbers. It never stands in
// an interned set: the message reader merges it into AS_PATH, or drops it on a 4-byte session.
// Errors: section 6, attribute discard; AS 0 is one (RFC 7607). Confederation segments are left
// out.
#include "attr/rows.h"

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	bool confed;

	if (!a->len || !as_path_valid(a->value, a->len, 4, &confed))
		return ATTR_FAULT_DISCARD;
	if (confed) {
		struct span plain = as_path_without_confed(arena, a->value, a->len);
		if (!plain.len)
			return ATTR_FAULT_DISCARD; // nothing left to say
		a->value = plain.p;
		a->len = (uint16_t)plain.len;
	}
	return ATTR_FAULT_NONE;
}

static void text(struct buf *b, const struct attr *a)
{
	as_path_text(b, a->value, a->len);
}

const struct attr_row attr_row_as4_path = {
	.type = ATTR_AS4_PATH,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.name = "AS4_PATH",
	.on_flags = ATTR_FAULT_DISCARD,
	.on_length = ATTR_FAULT_DISCARD,
	.parse = parse,
	.text = text,
	.rfc = "RFC 6793 4.2, 6, RFC 7607",
};
