// NEXT_HOP (RFC 4271 5.1.3): 4 octets on the wire (RFC 7606 7.3: else treat-as-withdraw). In a list
// it also holds the next hops that came in MP_REACH_NLRI: 16 octets, or 32 with a link-local one.
// Whether an address makes sense is asked per session, by the message reader.
#include "attr/rows.h"

static void text(struct buf *b, const struct attr *a)
{
	struct ip ip;

	if (a->len != 4 && a->len != 16 && a->len != 32)
		return;
	ip = ip_from_bytes(a->value, a->len == 4 ? 32 : 128);
	ip_put(b, &ip);
	if (a->len != 32)
		return;
	buf_u8(b, ' ');
	ip = ip_from_bytes(a->value + 16, 128);
	ip_put(b, &ip);
}

const struct attr_row attr_row_next_hop = {
	.type = ATTR_NEXT_HOP,
	.flags = ATTR_WELL_KNOWN,
	.size = 4,
	.name = "NEXT_HOP",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.text = text,
	.rfc = "RFC 4271 5.1.3, RFC 7606 7.3",
};
