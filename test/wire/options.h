// The circumstances of a session that a decoder is told about, as words of the vectors and as one
// octet in front of a fuzz seed.
#pragma once

#include "wire/wire.h"

struct wire_options {
	bool as4, internal, confed, enhanced;
	uint16_t families, extended_next_hop;
	unsigned max; // octets of a message
};

struct wire_options wire_options_default(void); // eBGP between new speakers, every family
bool wire_options_set(struct wire_options *o, const char *word);
struct update_context wire_options_context(const struct wire_options *o);
uint8_t wire_options_pack(const struct wire_options *o);
struct wire_options wire_options_unpack(uint8_t octet);
