// PMSI_TUNNEL (RFC 6514 5): flags, tunnel type, label, identifier. Malformed when too short for
// these, of an undefined type, or with an identifier that is none of that type's:
// treat-as-withdraw.
#include "attr/rows.h"

#define FLAG_LEAF_INFORMATION 1 // required: the receivers answer with leaves

// What the identifier of a tunnel type is (RFC 6514 5, RFC 7524 9, RFC 8556 2): of one width when
// its addresses are IPv4, of another when they are IPv6. No widths: an opaque value of at
// least so many octets.
static const struct tunnel {
	const char *name; // NULL: no type has that number
	uint8_t least, narrow, wide;
} tunnels[] = {
	[0] = {"none"},
	[1] = {"RSVP-TE P2MP", .narrow = 12, .wide = 24},
	[2] = {"mLDP P2MP", .least = 4},
	[3] = {"PIM-SSM", .narrow = 8, .wide = 32},
	[4] = {"PIM-SM", .narrow = 8, .wide = 32},
	[5] = {"BIDIR-PIM", .narrow = 8, .wide = 32},
	[6] = {"ingress replication", .narrow = 4, .wide = 16},
	[7] = {"mLDP MP2MP", .least = 4},
	[8] = {"transport tunnel", .least = 8},
	[10] = {"assisted replication", .narrow = 4, .wide = 16},
	[11] = {"BIER", .narrow = 7, .wide = 19},
	[12] = {"SR-MPLS P2MP", .least = 4},
};
#define TUNNEL_COUNT (sizeof(tunnels) / sizeof(tunnels[0]))

// RFC 7385: numbers for experiments have no meaning that could be checked.
static bool is_experimental(unsigned type)
{
	return type >= 0x7b && type <= 0x7e;
}

static enum attr_fault parse(const struct attr_context *x, struct attr *a, struct arena *arena)
{
	struct cursor c = cursor_of(a->value, a->len);

	cursor_u8(&c);
	unsigned type = cursor_u8(&c);
	cursor_take(&c, 3);
	if (c.error)
		return ATTR_FAULT_WITHDRAW;
	if (is_experimental(type))
		return ATTR_FAULT_NONE;
	if (type >= TUNNEL_COUNT || !tunnels[type].name)
		return ATTR_FAULT_WITHDRAW;
	const struct tunnel *t = &tunnels[type];
	size_t n = cursor_left(&c);
	bool fits = t->narrow ? n == t->narrow || n == t->wide : n >= t->least;
	return fits ? ATTR_FAULT_NONE : ATTR_FAULT_WITHDRAW;
}

// "PIM-SSM label 16 leaf-information 0a000001e8010101": of an identifier that is one address, the address.
static void text(struct buf *b, const struct attr *a)
{
	struct cursor c = cursor_of(a->value, a->len);
	unsigned flags = cursor_u8(&c), type = cursor_u8(&c);
	uint32_t label = (uint32_t)cursor_u16(&c) << 4;
	struct ip ip;

	label |= cursor_u8(&c) >> 4;
	if (type < TUNNEL_COUNT && tunnels[type].name)
		buf_text(b, tunnels[type].name);
	else
		buf_format(b, "type %u", type);
	if (label)
		buf_format(b, " label %u", label);
	if (flags & FLAG_LEAF_INFORMATION)
		buf_text(b, " leaf-information");
	if (!cursor_left(&c))
		return;
	buf_u8(b, ' ');
	if (type < TUNNEL_COUNT && tunnels[type].narrow == 4) {
		ip = ip_from_bytes(c.p, (unsigned)cursor_left(&c) * 8);
		ip_put(b, &ip);
	} else {
		buf_hex(b, c.p, cursor_left(&c));
	}
}

const struct attr_row attr_row_pmsi_tunnel = {
	.type = ATTR_PMSI_TUNNEL,
	.flags = ATTR_OPTIONAL_TRANSITIVE,
	.subcode = SUBCODE_OPTIONAL,
	.name = "PMSI_TUNNEL",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.parse = parse,
	.text = text,
	.rfc = "RFC 6514 5",
};
