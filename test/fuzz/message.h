// What the targets of the wire room share: an input is an octet of circumstances (test/wire/options)
// and a message, whose header is put right so that the fuzzer's work goes into the contents.
#pragma once

#include "options.h"

struct fuzz_message {
	struct wire_options options;
	uint8_t *bytes; // owned; of exactly n octets
	size_t n;
};

// False: too short or too long to be a message. The frame is read as it is first.
bool fuzz_message_take(const uint8_t *data, size_t size, enum bgp_type type,
		       struct fuzz_message *ret);
void fuzz_message_free(struct fuzz_message *m);
