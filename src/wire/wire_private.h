// What the files of the room share. Private to it.
#pragma once

#include "wire/wire.h"

// RFC 4271 6.1, 6.2, 6.3: subcodes that the codec itself decides on.
enum header_error { HEADER_NOT_SYNCHRONISED = 1, HEADER_BAD_LENGTH, HEADER_BAD_TYPE };

enum open_error {
	OPEN_UNSPECIFIC,
	OPEN_UNSUPPORTED_VERSION,
	OPEN_BAD_PEER_AS,
	OPEN_BAD_IDENTIFIER,
	OPEN_UNSUPPORTED_PARAMETER,
	OPEN_BAD_HOLD_TIME = 6,
};

enum update_error {
	UPDATE_MALFORMED_LIST = 1,
	UPDATE_UNKNOWN_WELL_KNOWN = 2,
	UPDATE_BAD_OPTIONAL = 9,
	UPDATE_BAD_NETWORK = 10,
};

// Octets of the route distinguisher in front of each address of a next hop (AF_NH_RD).
#define NEXT_HOP_RD 8

static inline struct span span_of(const uint8_t *p, const uint8_t *end)
{
	return (struct span){.p = p, .len = (size_t)(end - p)};
}

// Wrong length in a header: the length field itself is the data (RFC 4271 6.1).
struct fault fault_bad_length(const uint8_t *message);

// --- capabilities (capability.c) ----------------------------------------------------------------------
// The capabilities of one parameter's value; false: *ret_fault. Codes that we do not know are
// appended to unknown.
bool capabilities_decode(struct cursor c, struct capabilities *ret, struct buf *unknown,
			 struct fault *ret_fault);
void capabilities_encode(struct buf *b, const struct open *o);
// The optional parameters of an OPEN, length octet(s) included, around capabilities.
void parameters_encode(struct buf *b, struct span capabilities);
