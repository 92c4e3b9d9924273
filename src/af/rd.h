// Route distinguishers (RFC 4364 4.2): 8 octets, of which the first two are a type that says how the
// rest reads. Opaque in comparison; the text is for people.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;

#define RD_SIZE     8
#define RD_TEXT_MAX 24

// "100:1" (type 0), "10.0.0.1:1" (type 1), "65536:1" (type 2; "0.100:1" where the number alone would
// be one of type 0), "0x" and 16 hex digits for any other. The text tells them all apart.
void rd_put(struct buf *b, const uint8_t rd[RD_SIZE]);
bool rd_has_form(const uint8_t rd[RD_SIZE]); // is it shown otherwise than as hex?
// Reads what rd_put writes, and 4-byte AS numbers in the form x.y. The whole text must be the value;
// false leaves *ret alone.
bool rd_get(const char *text, uint8_t ret[RD_SIZE]);
