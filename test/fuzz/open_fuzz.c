// OPEN: what is read, written and read again says the same of what a speaker of ours can say.
#include "message.h"

#include "base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct open *o, struct arena *a)
{
	struct buf b = {0};
	struct fault fault;
	struct open again;

	open_encode(&b, o);
	if (frame_length(b.data, b.len, BGP_MAX, &fault) != (int)b.len)
		die("open: written anew it is no message");
	if (!open_decode(b.data, b.len, a, &again, &fault))
		die("open: written anew it is refused: %s", fault.text);
	if (again.hold_time != o->hold_time || again.router_id != o->router_id)
		die("open: written anew it has other numbers");
	if (o->caps.as4 && again.as != o->as)
		die("open: AS %u was %u", again.as, o->as);
	if (again.caps.families != o->caps.families || again.caps.refresh != o->caps.refresh)
		die("open: written anew it has other capabilities");
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_message m;
	struct arena a;
	struct fault fault;
	struct open o;

	if (!fuzz_message_take(data, size, BGP_OPEN, &m))
		return 0;
	arena_init(&a, 1024);
	if (open_decode(m.bytes, m.n, &a, &o, &fault))
		check_again(&o, &a);
	else if (!fault.code)
		die("open: refused without a fault");
	arena_free(&a);
	fuzz_message_free(&m);
	return 0;
}
