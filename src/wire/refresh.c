// ROUTE-REFRESH (RFC 2918, RFC 7313): AFI, one octet, SAFI. The octet is reserved, or the subtype when
// enhanced refresh was negotiated; only then do its subtypes and their error exist.
#include "wire/wire_private.h"

#define BODY                   4
#define REFRESH_INVALID_LENGTH 1 // RFC 7313 5

void refresh_encode(struct buf *b, const struct af *af, enum refresh_subtype subtype)
{
	size_t begin = b->len;

	message_begin(b, BGP_ROUTE_REFRESH);
	buf_u16(b, af->afi);
	buf_u8(b, (uint8_t)subtype);
	buf_u8(b, af->safi);
	message_end(b, begin);
}

bool refresh_decode(const uint8_t *p, size_t n, bool enhanced, struct refresh *ret,
		    struct fault *ret_fault)
{
	struct cursor c = cursor_of(p, n);
	struct refresh r = {0};

	cursor_take(&c, BGP_HEADER);
	r.afi = cursor_u16(&c);
	uint8_t subtype = cursor_u8(&c);
	if (enhanced && !c.error && (subtype == REFRESH_BEGIN || subtype == REFRESH_END) &&
	    n != BGP_HEADER + BODY) {
		*ret_fault =
			(struct fault){.code = BGP_ERROR_REFRESH,
				       .subcode = REFRESH_INVALID_LENGTH,
				       .data = {.p = p, .len = n},
				       .text = "ROUTE-REFRESH of a subtype with a wrong length"};
		return false;
	}
	r.safi = cursor_u8(&c);
	if (c.error) {
		*ret_fault = fault_bad_length(p);
		return false;
	}
	r.subtype = enhanced ? subtype : REFRESH_REQUEST;
	r.af = af_by_code(r.afi, r.safi);
	r.rest = span_of(c.p, c.end);
	*ret = r;
	return true;
}
