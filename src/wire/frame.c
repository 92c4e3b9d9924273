// Framing: where a message ends and whether its header can be trusted (RFC 4271 4.1, 6.1; RFC 8654).
// The stream belongs to the session; this file looks at its first 19 bytes and keeps nothing.
#include "wire/wire_private.h"

#include <string.h>

#define MARKER 16

struct fault fault_bad_length(const uint8_t *message)
{
	return (struct fault){.code = BGP_ERROR_HEADER,
			      .subcode = HEADER_BAD_LENGTH,
			      .data = {.p = message + MARKER, .len = 2},
			      .text = "bad message length"};
}

// The shortest a message of the type can be. ROUTE-REFRESH is not judged here: with RFC 7313 a wrong
// length of it has an error of its own.
static unsigned length_min(uint8_t type)
{
	switch (type) {
	case BGP_OPEN:
		return BGP_HEADER + 10;
	case BGP_UPDATE:
		return BGP_HEADER + 4;
	case BGP_NOTIFICATION:
		return BGP_HEADER + 2;
	default:
		return BGP_HEADER;
	}
}

static unsigned length_max(uint8_t type, unsigned max)
{
	if (type == BGP_KEEPALIVE)
		return BGP_HEADER;
	return type == BGP_OPEN && max > BGP_MAX ? BGP_MAX : max; // RFC 8654 4
}

int frame_length(const uint8_t *p, size_t n, unsigned max, struct fault *ret_fault)
{
	if (n < BGP_HEADER)
		return 0;
	for (unsigned i = 0; i < MARKER; i++) {
		if (p[i] == 0xff)
			continue;
		*ret_fault = (struct fault){.code = BGP_ERROR_HEADER,
					    .subcode = HEADER_NOT_SYNCHRONISED,
					    .text = "marker is not all ones"};
		return -1;
	}
	unsigned length = (unsigned)p[MARKER] << 8 | p[MARKER + 1];
	uint8_t type = p[MARKER + 2];
	if (length < BGP_HEADER || length > max) {
		*ret_fault = fault_bad_length(p);
		return -1;
	}
	if (type < BGP_OPEN || type > BGP_ROUTE_REFRESH) {
		*ret_fault = (struct fault){.code = BGP_ERROR_HEADER,
					    .subcode = HEADER_BAD_TYPE,
					    .data = {.p = p + MARKER + 2, .len = 1},
					    .text = "unknown message type"};
		return -1;
	}
	if (length < length_min(type) || length > length_max(type, max)) {
		*ret_fault = fault_bad_length(p);
		return -1;
	}
	return (int)length;
}

void message_begin(struct buf *b, enum bgp_type type)
{
	uint8_t *p = buf_extend(b, BGP_HEADER);

	memset(p, 0xff, MARKER);
	p[MARKER] = p[MARKER + 1] = 0;
	p[MARKER + 2] = (uint8_t)type;
}

void message_end(struct buf *b, size_t begin)
{
	buf_set_u16(b, begin + MARKER, (uint16_t)(b->len - begin));
}

void keepalive_encode(struct buf *b)
{
	size_t begin = b->len;

	message_begin(b, BGP_KEEPALIVE);
	message_end(b, begin);
}
