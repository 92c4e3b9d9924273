// Command lines: a terminal that types anything, through the frames of its connection. The first
// character of a line of the input says what is done with the rest: `?` help, `>` completion, `^`
// interrupt, `~` Ctrl+Z, `%` raw bytes for the connection; anything else types the line. The first
// byte of all says whether it is a script.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/link.h"
#include "cli/protocol.h"
#include "cli/test_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct wire {
	size_t bytes, frames;
};

static void wire_write(void *arg, const void *p, size_t n)
{
	struct wire *w = arg;

	w->bytes += n;
	w->frames++;
}

static size_t wire_unsent(void *arg)
{
	const struct wire *w = arg;

	return w->frames % 7 ? 0 : 1u << 30; // slow now and then
}

static void wire_finish(void *arg)
{
}

static const char *host_name(void *app)
{
	return "fuzz";
}

static void commit(struct cli_call *c)
{
	struct conf_store *store = cli_store(cli_session_cli(c->session));
	struct buf text = {0};
	struct conf_tree next;

	if (conf_candidate_merge(cli_candidate(c), conf_store_running(store), &next, &text)) {
		conf_store_commit(store, &next, &text);
		conf_tree_free(&next);
		cli_candidate_restart(c);
	} else {
		cli_error(c, "%s", "conflict");
	}
	buf_free(&text);
}

static bool send_one(struct cli_link *l, const uint8_t *p, size_t n)
{
	enum frame_type type = FRAME_LINE;
	struct buf frame = {0};

	if (n && p[0] == '%')
		return cli_link_read(l, p + 1, n - 1);
	if (n && strchr("?>^~", p[0])) {
		type = p[0] == '?'   ? FRAME_HELP
		       : p[0] == '>' ? FRAME_COMPLETE
		       : p[0] == '^' ? FRAME_INTERRUPT
				     : FRAME_RETURN;
		p++;
		n--;
	}
	frame_put(&frame, type, p, n);
	bool done = cli_link_read(l, frame.data, frame.len);
	buf_free(&frame);
	cli_link_drained(l);
	return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cli_link_ops ops = {wire_write, wire_unsent, wire_finish, NULL};
	static struct grammar *g; // made once: the fuzzer runs this a million times
	struct wire w = {0};
	struct buf hello = {0}, frame = {0};

	if (!g)
		g = grammar_new(&test_schema);
	struct cli_setup setup = {.grammar = g,
				  .store = conf_store_open(NULL, NULL),
				  .host_name = host_name,
				  .commit = commit};
	struct cli *cli = cli_new(&setup);
	struct cli_link *l = cli_link_new(cli, &ops, &w);
	buf_format(&hello, "user=fuzz\nscript=%d\n", size && data[0] & 1);
	frame_put(&frame, FRAME_HELLO, hello.data, hello.len);
	cli_link_read(l, frame.data, frame.len);
	for (size_t at = 1; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t n = end ? (size_t)(end - data) - at : size - at;
		if (n < FRAME_MAX_REQUEST && !send_one(l, data + at, n))
			break;
		at += n + 1;
	}
	cli_link_free(l);
	cli_free(cli);
	conf_store_free(setup.store);
	buf_free(&hello);
	buf_free(&frame);
	return 0;
}
