// Fixtures of the tests of model/; see fixture.h.
#include "model/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

// --- a terminal -----------------------------------------------------------------------------------
static void on_output(void *arg, const char *text, size_t n)
{
	struct fixture *f = arg;

	buf_put(&f->output, text, n);
}

static void on_prompt(void *arg, const char *prompt)
{
	struct fixture *f = arg;

	buf_clear(&f->prompt);
	buf_text(&f->prompt, prompt);
}

static void on_question(void *arg, const char *question)
{
	struct fixture *f = arg;

	buf_format(&f->output, "%s\n", question);
}

static void on_status(void *arg, int status)
{
	struct fixture *f = arg;

	f->status = status;
}

static void on_page(void *arg, unsigned lines)
{
	(void)arg;
	(void)lines;
}

static void on_closed(void *arg)
{
	(void)arg;
}

static const struct cli_session_ops session_ops = {
	.output = on_output,
	.prompt = on_prompt,
	.question = on_question,
	.status = on_status,
	.page = on_page,
	.closed = on_closed,
};

static const char *host_name(void *app)
{
	(void)app;
	return "Test";
}

static void commit(struct cli_call *c)
{
	(void)c;
}

static struct fixture *make(bool script)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct cli_setup setup = {.app = f, .host_name = host_name, .commit = commit};
	struct cli_session_mode mode = {.user = "test", .script = script, .level = 3};

	f->host.model = model_new();
	model_schema(&f->schema);
	f->grammar = grammar_new(&f->schema);
	f->store = conf_store_open(NULL, NULL);
	conf_tree_init(&f->tree);
	conf_store_start(f->store, &f->tree);
	setup.grammar = f->grammar;
	setup.store = f->store;
	f->cli = cli_new(&setup);
	f->session = cli_session_new(f->cli, &mode, &session_ops, f);
	cli_session_start(f->session);
	return f;
}

struct fixture *fixture_new(void)
{
	return make(true);
}

struct fixture *fixture_terminal(void)
{
	return make(false);
}

void fixture_free(struct fixture *f)
{
	cli_session_free(f->session);
	cli_free(f->cli);
	conf_store_free(f->store);
	speaker_config_unref(f->config);
	conf_tree_free(&f->tree);
	grammar_free(f->grammar);
	model_free(f->host.model);
	buf_free(&f->errors);
	buf_free(&f->output);
	buf_free(&f->candidate);
	buf_free(&f->prompt);
	mem_free(f);
}

bool fixture_load(struct fixture *f, const char *text)
{
	speaker_config_unref(f->config);
	f->config = NULL;
	conf_tree_free(&f->tree);
	buf_clear(&f->errors);
	if (!cli_load(f->grammar, text, strlen(text), "text", f, &f->tree, &f->errors))
		f->config = model_compile(f->host.model, &f->tree, 1, &f->errors);
	return f->config != NULL;
}

void fixture_good(struct fixture *f, const char *text)
{
	if (!fixture_load(f, text))
		fail_msg("%s", buf_cstr(&f->errors));
}

const struct peer_config *fixture_peer(struct fixture *f, const char *address)
{
	struct ip ip;

	assert_true(ip_parse(address, &ip));
	const struct peer_config *p = speaker_config_peer(f->config, INSTANCE_PUBLIC, &ip);
	assert_non_null(p);
	return p;
}

int fixture_type(struct fixture *f, const char *lines)
{
	char *copy = mem_text(lines), *save = NULL;

	buf_clear(&f->output);
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		cli_session_line(f->session, l);
	mem_free(copy);
	return f->status;
}

const char *fixture_candidate(struct fixture *f)
{
	struct conf_candidate *c = cli_session_candidate(f->session);

	buf_clear(&f->candidate);
	if (c)
		conf_print(&c->tree, &f->candidate);
	return buf_cstr(&f->candidate);
}
