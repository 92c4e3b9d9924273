// The conversation in frames: byte by byte, ahead of the answers, interrupts that overtake, nonsense.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/link.h"
#include "cli/protocol.h"
#include "cli/test_world.h"

struct wire {
	struct buf out;
	size_t unsent;
	bool finished;
};

static void wire_write(void *arg, const void *p, size_t n)
{
	buf_put(&((struct wire *)arg)->out, p, n);
}

static size_t wire_unsent(void *arg)
{
	return ((struct wire *)arg)->unsent;
}

static void wire_finish(void *arg)
{
	((struct wire *)arg)->finished = true;
}

static const struct cli_link_ops link_ops = {wire_write, wire_unsent, wire_finish, NULL};

static void put_text(struct buf *b, enum frame_type type, const char *text)
{
	frame_put(b, type, text, strlen(text));
}

// All frames written, as "type:payload" lines.
static char *frames(struct wire *w)
{
	struct buf text = {0};
	struct frame_view f;
	size_t at = 0;

	while (frame_take(&w->out, &at, FRAME_MAX_RESPONSE, &f) > 0) {
		buf_format(&text, "%u:", f.type);
		if (f.type == FRAME_STATUS || f.type == FRAME_PAGE)
			buf_hex(&text, f.p, f.n);
		else
			buf_put(&text, f.p, f.n);
		buf_text(&text, "\n");
	}
	assert_int_equal(at, w->out.len);
	buf_clear(&w->out);
	return buf_steal(&text);
}

static void check_frames(struct wire *w, const char *expected)
{
	char *text = frames(w);

	assert_string_equal(text, expected);
	mem_free(text);
}

static void test_link(void **state)
{
	struct world w;
	struct wire wire = {0};
	struct buf in = {0};

	world_init(&w);
	struct cli_link *l = cli_link_new(w.cli, &link_ops, &wire);
	put_text(&in, FRAME_HELLO, "user=me\nscript=1\nnonsense\njson=1\n");
	put_text(&in, FRAME_LINE, "display numbers 2");
	put_text(&in, FRAME_HELP, "display numbers ");
	put_text(&in, FRAME_COMPLETE, "  dis num");
	put_text(&in, FRAME_LINE, "nonsense");
	put_text(&in, FRAME_LINE, "display numbers 9"); // after the error: discarded
	for (size_t i = 0; i < in.len; i++)             // byte by byte
		assert_true(cli_link_read(l, in.data + i, 1));
	check_frames(&wire, "71:0018\n66:<HUAWEI>\n"
			    "65:json line 1\n\n65:json line 2\n\n70:00\n66:<HUAWEI>\n"
			    "68:  INTEGER<1-1000000>\n\n"
			    "69:6\nnumbers\n\n"
			    "65:nonsense\n\n65:^\n\n"
			    "65:Error: Unrecognized command found at '^' position.\n\n"
			    "70:01\n66:<HUAWEI>\n");
	assert_string_equal(cli_session_user(cli_link_session(l)), "me");
	cli_link_free(l);
	// A terminal: many lines at once, quit.
	l = cli_link_new(w.cli, &link_ops, &wire);
	buf_clear(&in);
	put_text(&in, FRAME_HELLO, "script=0\n");
	put_text(&in, FRAME_LINE, "system-view");
	put_text(&in, FRAME_RETURN, "");
	put_text(&in, FRAME_LINE, "quit");
	put_text(&in, FRAME_LINE, "too late");
	assert_true(cli_link_read(l, in.data, in.len));
	check_frames(&wire, "71:0018\n66:<HUAWEI>\n"
			    "65:Enter system view, return user view with return command.\n\n"
			    "70:00\n66:[~HUAWEI]\n70:00\n66:<HUAWEI>\n70:00\n72:\n");
	assert_true(wire.finished);
	cli_link_free(l);
	buf_free(&in);
	buf_free(&wire.out);
	world_free(&w);
}

static void test_link_nonsense(void **state)
{
	static const uint8_t cases[][8] = {{0, 0, 0, 0, 2},             // empty frame
					   {0xff, 0xff, 0xff, 0xff, 2}, // too long
					   {0, 0, 0, 1, 2},             // a line before the hello
					   {0, 0, 0, 1, 99}};           // unknown
	struct world w;
	struct wire wire = {0};

	world_init(&w);
	for (unsigned i = 0; i < 4; i++) {
		struct cli_link *l = cli_link_new(w.cli, &link_ops, &wire);
		assert_false(cli_link_read(l, cases[i], 5));
		assert_false(cli_link_read(l, "more", 4));
		cli_link_free(l);
	}
	buf_free(&wire.out);
	world_free(&w);
}

static void test_link_interrupt(void **state)
{
	struct world w;
	struct wire wire = {0};
	struct buf in = {0};

	world_init(&w);
	struct cli_link *l = cli_link_new(w.cli, &link_ops, &wire);
	put_text(&in, FRAME_HELLO, "script=0\n");
	put_text(&in, FRAME_LINE, "display current-configuration");
	put_text(&in, FRAME_LINE, "display numbers 1");
	wire.unsent = 1 << 20; // nobody reads
	assert_true(cli_link_read(l, in.data, in.len));
	check_frames(&wire, "71:0018\n66:<HUAWEI>\n");
	buf_clear(&in);
	put_text(&in, FRAME_INTERRUPT, "");
	assert_true(cli_link_read(l, in.data, in.len));
	check_frames(&wire, "70:01\n66:<HUAWEI>\n"); // the line that waited is gone too
	buf_clear(&in);
	put_text(&in, FRAME_LINE, "display current-configuration");
	assert_true(cli_link_read(l, in.data, in.len));
	wire.unsent = 0;
	cli_link_drained(l);
	check_frames(&wire, "65:#\nreturn\n\n70:00\n66:<HUAWEI>\n");
	cli_link_free(l);
	buf_free(&in);
	buf_free(&wire.out);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_link_nonsense),
		cmocka_unit_test(test_link_interrupt),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
