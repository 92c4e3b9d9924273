// Boxes in a simulated network (box.h): the way of main/ from rows to a running command line, with
// the configuration in memory.
#include "box/box.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

static void silent(enum log_level level, const char *line, void *arg)
{
}

static void on_output(void *arg, const char *text, size_t n)
{
	buf_put(&((struct box *)arg)->out, text, n);
}

static void on_prompt(void *arg, const char *prompt)
{
}

static void on_status(void *arg, int status)
{
	((struct box *)arg)->status = status;
}

static void on_closed(void *arg)
{
}

static struct cli_session *session_new(struct box *b, bool json)
{
	static const struct cli_session_ops ops = {.output = on_output,
						   .prompt = on_prompt,
						   .question = on_prompt,
						   .status = on_status,
						   .closed = on_closed};
	const struct cli_session_mode mode = {
		.user = "tester", .script = true, .json = json, .level = 3};
	struct cli_session *s = cli_session_new(b->app.cli, &mode, &ops, b);

	cli_session_start(s);
	return s;
}

static void start(struct box *b)
{
	struct buf errors = {0};
	struct soft_plan plan = {0};
	struct conf_tree tree;

	conf_tree_init(&tree);
	struct speaker_config *config = model_compile(b->app.model, &tree, 0, &errors);
	assert_non_null(config);
	conf_store_start(b->app.store, &tree);
	speaker_plan(b->app.speaker, config, &plan);
	speaker_apply(b->app.speaker, config, &plan);
	assert_int_equal(speaker_listen(b->app.speaker), 0);
	soft_plan_free(&plan);
	speaker_config_unref(config);
	conf_tree_free(&tree);
	buf_free(&errors);
}

struct box *box_new(const char *address)
{
	struct box *b = MEM_NEW(struct box);
	struct app *a = &b->app;
	struct speaker_options options = {.port = 179};
	struct cli_setup setup;

	log_set_sink(silent, NULL);
	ip_parse(address, &options.listen);
	a->model = model_new();
	a->host = (struct model_host){.model = a->model};
	cmd_schema(&b->schema);
	a->grammar = grammar_new(&b->schema);
	a->store = conf_store_open(NULL, NULL);
	b->loop = loop_new();
	sim_set_address(b->loop, address);
	a->loop = b->loop;
	cmd_setup(a, &setup);
	a->cli = cli_new(&setup);
	a->speaker = speaker_new(b->loop, &options);
	start(b);
	b->session = session_new(b, false);
	b->json = session_new(b, true);
	return b;
}

void box_free(struct box *b)
{
	cmd_stop(&b->app);
	cli_session_free(b->session);
	cli_session_free(b->json);
	cli_free(b->app.cli);
	speaker_free(b->app.speaker);
	sim_run_for(SIM_SECOND);
	loop_free(b->loop);
	conf_store_free(b->app.store);
	grammar_free(b->app.grammar);
	cmd_schema_free(&b->schema);
	model_free(b->app.model);
	buf_free(&b->out);
	mem_free(b);
}

static const char *type(struct box *b, struct cli_session *s, const char *line)
{
	buf_clear(&b->out);
	b->status = 0;
	cli_session_line(s, line);
	for (unsigned i = 0; i < 1000 && cli_session_busy(s); i++)
		sim_run_for(10 * SIM_MS);
	assert_false(cli_session_busy(s));
	return buf_cstr(&b->out);
}

const char *box_run(struct box *b, const char *line)
{
	return type(b, b->session, line);
}

const char *box_json(struct box *b, const char *line)
{
	return type(b, b->json, line);
}

void box_configure(struct box *b, const char *lines)
{
	char *copy = mem_text(lines), *save = NULL;

	box_run(b, "system-view");
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		box_run(b, l);
		if (b->status)
			fail_msg("%s: %s", l, buf_cstr(&b->out));
	}
	box_run(b, "commit");
	if (b->status)
		fail_msg("commit: %s", buf_cstr(&b->out));
	box_run(b, "return");
	mem_free(copy);
}

const char *box_help(struct box *b, const char *line)
{
	buf_clear(&b->out);
	cli_session_help(b->session, line, &b->out);
	return buf_cstr(&b->out);
}

void box_expect(struct box *b, const char *line, ...)
{
	const char *at = box_run(b, line), *want;
	va_list ap;

	va_start(ap, line);
	while ((want = va_arg(ap, const char *))) {
		const char *found = strstr(at, want);
		if (!found)
			fail_msg("%s: no \"%s\" in\n%s", line, want, at);
		at = found + strlen(want);
	}
	va_end(ap);
}

void box_refuses(struct box *b, const char *line, const char *error)
{
	box_run(b, line);
	if (!b->status || !strstr(buf_cstr(&b->out), error))
		fail_msg("%s: %d, %s", line, b->status, buf_cstr(&b->out));
}
