// PMSI_TUNNEL (RFC 6514 5): flags, tunnel type, label, identifier. Malformed when too short for
// these, of an undefined type, or with an identifier that is none of that type's:
// treat-as-withdraw.
#include "attr/rows.h"

// Octets an identifier must have at least, by tunnel type (RFC 6514 5, RFC 7524, RFC 8556): RSVP-TE
// P2MP 12 or 24, mLDP any opaque FEC, PIM trees two addresses, ingress replication one address.
static const uint8_t identifier_min[] = {0, 12, 4, 8, 8, 8, 4, 4, 4, 0, 4, 5, 4};

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	struct cursor c = cursor_of(a->value, a->len);

	cursor_u8(&c);
	unsigned type = cursor_u8(&c);
	cursor_take(&c, 3);
	if (c.error)
		return ATTR_FAULT_WITHDRAW;
	if (type >= 0x7b && type <= 0x7e)
		return ATTR_FAULT_NONE; // experimental (RFC 7385)
	if (type >= sizeof(identifier_min) || cursor_left(&c) < identifier_min[type])
		return ATTR_FAULT_WITHDRAW;
	return ATTR_FAULT_NONE;
}

const struct attr_row attr_row_pmsi_tunnel = {
	.type = ATTR_PMSI_TUNNEL,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.name = "PMSI_TUNNEL",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.rfc = "RFC 6514 5",
};
