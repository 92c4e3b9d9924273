// ROUTE-REFRESH: a known family and subtype comes back from what is written of it.
#include "message.h"

#include "base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_message m;
	struct fault fault = {0};
	struct refresh r, again;

	if (!fuzz_message_take(data, size, BGP_ROUTE_REFRESH, &m))
		return 0;
	if (!refresh_decode(m.bytes, m.n, m.options.enhanced, &r, &fault)) {
		if (!fault.code)
			die("refresh: refused without a fault");
	} else if (r.af) {
		struct buf b = {0};

		refresh_encode(&b, r.af, r.subtype);
		if (!refresh_decode(b.data, b.len, true, &again, &fault) || again.af != r.af ||
		    again.subtype != r.subtype || b.len != BGP_HEADER + 4)
			die("refresh: written anew it is another");
		buf_free(&b);
	}
	fuzz_message_free(&m);
	return 0;
}
