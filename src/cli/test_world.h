// For the tests of cli/: a store, a command line, and terminals on it. What commit does here is what
// cmd/ does, without a speaker. Terminals write down what they show; prompts and echo are in it.
#pragma once

#include "base/mem.h"
#include "cli/session.h"
#include "cli/test_schema.h"

static struct grammar *g; // file-scope: made once per test program

struct world {
	struct conf_store *store;
	struct cli *cli;
};
struct terminal {
	struct world *world;
	struct cli_session *session;
	struct buf out;
	unsigned page;
	int status;
	bool closed, full;
};

static const char *host_name(void *app)
{
	const struct world *w = app;
	const struct conf_node *n =
		conf_find_row(conf_store_running(w->store)->root, &test_rows[0]);

	return n ? conf_value(n->line, "host-name") : "HUAWEI";
}

static inline void commit(struct cli_call *c)
{
	struct conf_store *store = cli_store(cli_session_cli(c->session));
	struct buf text = {0};
	struct conf_tree next;

	if (!conf_candidate_merge(cli_candidate(c), conf_store_running(store), &next, &text)) {
		cli_write(c, (char *)text.data, text.len);
		cli_error(c, "Commit canceled, the configuration conflicted with other user.");
	} else {
		conf_store_commit(store, &next, &text);
		conf_tree_free(&next);
		cli_candidate_restart(c);
	}
	buf_free(&text);
}

static inline void world_init(struct world *w)
{
	const struct cli_setup setup = {.grammar = g,
					.store = conf_store_open(NULL, NULL),
					.app = w,
					.host_name = host_name,
					.commit = commit};
	w->store = setup.store;
	w->cli = cli_new(&setup);
}

static inline void world_free(struct world *w)
{
	cli_free(w->cli);
	conf_store_free(w->store);
}

static inline void on_output(void *arg, const char *text, size_t n)
{
	buf_put(&((struct terminal *)arg)->out, text, n);
}

static inline void on_prompt(void *arg, const char *prompt)
{
	buf_text(&((struct terminal *)arg)->out, prompt);
}

static inline void on_status(void *arg, int status)
{
	((struct terminal *)arg)->status = status;
}

static inline void on_page(void *arg, unsigned lines)
{
	((struct terminal *)arg)->page = lines;
}

static inline bool on_full(void *arg)
{
	return ((struct terminal *)arg)->full;
}

static inline void on_closed(void *arg)
{
	((struct terminal *)arg)->closed = true;
}

static const struct cli_session_ops ops = {.output = on_output,
					   .prompt = on_prompt,
					   .question = on_prompt,
					   .status = on_status,
					   .page = on_page,
					   .full = on_full,
					   .closed = on_closed};

static inline void terminal_open(struct terminal *t, struct world *w, bool script)
{
	const struct cli_session_mode mode = {.user = "tester", .script = script, .level = 2};

	*t = (struct terminal){.world = w};
	t->session = cli_session_new(w->cli, &mode, &ops, t);
	cli_session_start(t->session);
}

static inline void terminal_close(struct terminal *t)
{
	cli_session_free(t->session);
	buf_free(&t->out);
}

static inline void type(struct terminal *t, const char *line)
{
	buf_format(&t->out, "%s\n", line);
	cli_session_line(t->session, line);
}

static inline void check(struct terminal *t, const char *expected)
{
	assert_string_equal(buf_cstr(&t->out), expected);
	buf_clear(&t->out);
}

static inline void type_all(struct terminal *t, const char *lines)
{
	char *text = mem_text(lines), *save = NULL;

	for (char *one = strtok_r(text, "\n", &save); one; one = strtok_r(NULL, "\n", &save))
		type(t, one);
	mem_free(text);
}

static inline int set_up(void **state)
{
	g = grammar_new(&test_schema);
	return 0;
}

static inline int tear_down(void **state)
{
	grammar_free(g);
	return 0;
}
