// UPDATE: whatever comes in, what is accepted can be interned, sent and read again as the same.
#include "dump.h"
#include "message.h"

#include "base/log.h"
#include "attr/set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_interned(const struct update *u)
{
	struct attr_table t;
	struct attrs open;

	attr_table_init(&t);
	uint32_t id = attr_intern(&t, &u->attrs);
	attr_open(attr_at(&t, id), &open);
	if (attr_intern(&t, &open) != id)
		die("update: its attributes are not canonical");
	attr_table_free(&t);
}

static void check_accepted(const struct update *u, const struct update_context *x, struct arena *a)
{
	struct buf b = {0};

	check_interned(u);
	const char *problem = update_round_trip(u, x, BGP_MAX_EXTENDED, a);
	if (problem)
		die("update: %s", problem);
	update_rewrite(&b, u, false, BGP_MAX_EXTENDED); // to an old speaker
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_message m;
	struct arena a;
	struct update u;
	struct buf b = {0};

	if (!fuzz_message_take(data, size, BGP_UPDATE, &m))
		return 0;
	struct update_context x = wire_options_context(&m.options);
	arena_init(&a, 4096);
	update_decode(m.bytes, m.n, &x, &a, &u);
	dump_update(&b, &u);
	if ((u.verdict == UPDATE_RESET) != (u.fault.code != 0))
		die("update: verdict %u with fault %u/%u", u.verdict, u.fault.code,
		    u.fault.subcode);
	if (u.verdict != UPDATE_OK && !u.trouble)
		die("update: verdict %u without a reason", u.verdict);
	// Twice as wide numbers must fit a message again.
	if (u.verdict == UPDATE_OK && m.n <= BGP_MAX)
		check_accepted(&u, &x, &a);
	buf_free(&b);
	arena_free(&a);
	fuzz_message_free(&m);
	return 0;
}
