// Inputs of the fuzz targets as messages.
#include "message.h"

#include "base/mem.h"

#include <string.h>

bool fuzz_message_take(const uint8_t *data, size_t size, enum bgp_type type,
		       struct fuzz_message *ret)
{
	struct fault fault;

	if (size < 1 + BGP_HEADER || size - 1 > BGP_MAX_EXTENDED)
		return false;
	*ret = (struct fuzz_message){.options = wire_options_unpack(data[0]), .n = size - 1};
	ret->bytes = mem_copy(data + 1, ret->n);
	frame_length(ret->bytes, ret->n, ret->options.max, &fault);

	memset(ret->bytes, 0xff, 16);
	ret->bytes[16] = (uint8_t)(ret->n >> 8);
	ret->bytes[17] = (uint8_t)ret->n;
	ret->bytes[18] = (uint8_t)type;
	if (frame_length(ret->bytes, ret->n, ret->options.max, &fault) == (int)ret->n)
		return true;
	fuzz_message_free(ret);
	return false;
}

void fuzz_message_free(struct fuzz_message *m)
{
	mem_free(m->bytes);
	m->bytes = NULL;
}
