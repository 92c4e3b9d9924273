// What the attribute files share: text of the common shapes of values, and the parses that several
// attributes have in common. Private to the room.
#pragma once

#include "attr/attr.h"

#define ATTR_WELL_KNOWN          ATTR_TRANSITIVE
#define ATTR_OPTIONAL_TRANSITIVE (ATTR_OPTIONAL | ATTR_TRANSITIVE)

// RFC 4271 6.3 subcodes that rows name.
enum attr_subcode {
	SUBCODE_FLAGS = 4,
	SUBCODE_LENGTH = 5,
	SUBCODE_ORIGIN = 6,
	SUBCODE_OPTIONAL = 9,
	SUBCODE_AS_PATH = 11,
};

// Sorted and unique values of the width: the parse of every community attribute.
enum attr_fault parse_values(struct attr *a, struct arena *arena, unsigned width);
// Values between commas, each by its own printer.
void text_values(struct buf *b, const struct attr *a, unsigned width,
		 void (*one)(struct buf *b, const uint8_t *value));

void text_number_u32(struct buf *b, const struct attr *a);
void text_address(struct buf *b, const uint8_t *value);    // of 4 octets
void text_aggregator(struct buf *b, const struct attr *a); // of the 8-octet form
