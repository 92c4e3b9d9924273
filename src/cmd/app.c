// The command line's schema put together: the statements of model/ and the commands of this room,
// with one row per family where a template stands for all of them.
#include "cmd/app.h"

#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd/audit.h"
#include "cmd/commit.h"
#include "cmd/impact.h"
#include "cmd/proof.h"

// Numbers, addresses and wildcards: a word without any of them is a keyword.
static bool accept_key(const char *word, struct buf *ret_stored)
{
	buf_text(ret_stored, word);
	return strlen(word) <= 200 && strpbrk(word, "0123456789*");
}

// Parameters that only commands have.
static const struct param own_params[] = {
	{"filter-name", PARAM_NAME, 1, 200, "Name or number of a filter"},
	{"file-name", PARAM_NAME, 1, 255, "Name of a file"},
	{"commit-id", PARAM_INTEGER, CONF_COMMIT_FIRST + 1, 1999999999, "Number of a commit"},
	{"persist-id", PARAM_NAME, 1, 64, "Word that other sessions confirm the trial with"},
	{"route-key", PARAM_CUSTOM, 1, 200,
	 "What a route has behind its distinguisher, joined by colons", "KEY", accept_key},
};

static void params_add(struct cli_schema *s)
{
	unsigned own = sizeof own_params / sizeof *own_params;
	struct param *all = mem_zero(sizeof *all * (s->param_count + own));
	if (s->param_count)
		memcpy(all, s->params, sizeof *all * s->param_count);
	memcpy(all + s->param_count, own_params, sizeof own_params);
	s->params = all;
	s->param_count += own;
}

// Tables that are made here, with one row per family: the first ones behind model's.
static const struct template_table *const templates[] = {
	&peer_templates,    &group_templates,     &route_templates,  &reset_templates,
	&network_templates, &rt_filter_templates, &impact_templates, &audit_templates};
#define EXPANDED (sizeof templates / sizeof *templates)

static const struct row_table *const fixed[] = {
	&commit_table,   &policy_table,  &job_table,     &system_table,     &reset_table,
	&instance_table, &summary_table, &history_table, &rollback_table,   &trial_table,
	&staged_table,   &impact_table,  &audit_table,   &audit_show_table, &proof_table};
#define FIXED (sizeof fixed / sizeof *fixed)

void cmd_schema(struct cli_schema *ret)
{
	model_schema(ret);
	params_add(ret);
	struct row_table *all = mem_zero(sizeof *all * (ret->table_count + EXPANDED + FIXED));
	unsigned n = ret->table_count;
	memcpy(all, ret->tables, sizeof *all * n);
	for (unsigned i = 0; i < EXPANDED; i++)
		template_expand(templates[i], &all[n++]);
	for (unsigned i = 0; i < FIXED; i++)
		all[n++] = *fixed[i];
	ret->tables = all;
	ret->table_count = n;
}

void cmd_schema_free(struct cli_schema *s)
{
	struct cli_schema of_model;
	struct row_table *all = (struct row_table *)s->tables;
	model_schema(&of_model);
	for (unsigned t = 0; t < EXPANDED; t++)
		template_free(&all[of_model.table_count + t]);
	mem_free(all);
	mem_free((void *)s->params);
}

static const char *host_name(void *app)
{
	struct app *a = app;
	return model_host_name(conf_store_running(a->store));
}

// How the history reads its configurations.
static bool read_configuration(void *arg, const struct buf *text, bool difference,
			       struct conf_tree *t, struct buf *errors)
{
	struct app *a = arg;
	const char *name = "history";

	if (difference)
		return !cli_load_changes(a->grammar, text, name, t, errors);
	return !cli_load_merge(a->grammar, text, name, a, t, errors);
}

static bool read_difference(void *arg, const struct buf *text, struct conf_diff *ret,
			    struct buf *errors)
{
	struct app *a = arg;

	return !cli_load_difference(a->grammar, text, "history", ret, errors);
}

void cmd_start(struct app *a)
{
	trial_resume(a);
}

void cmd_stop(struct app *a)
{
	trial_free(a);
	report_free(a);
	impact_forget(a);
	audits_free(a);
	proofs_free(a);
}

void cmd_setup(struct app *a, struct cli_setup *ret)
{
	const struct conf_reader reader = {
		.read = read_configuration, .read_difference = read_difference, .arg = a};

	conf_history_set_reader(conf_store_history(a->store), &reader);
	*ret = (struct cli_setup){
		.grammar = a->grammar,
		.store = a->store,
		.app = a,
		.host_name = host_name,
		.commit = commit_run,
		.session_ended = trial_session_ended,
	};
}

bool call_peer_address(const struct cli_call *c, struct ip *ret)
{
	const char *text = conf_after(c->line, "peer"); // a prefix may stand behind it
	if (text && ip_parse(text, ret))
		return true;
	text = conf_value(c->line, "ipv4-address");
	if (!text)
		text = conf_value(c->line, "ipv6-address");
	return text && ip_parse(text, ret);
}

bool call_bgp_runs(struct cli_call *c)
{
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	if (config && config->present)
		return true;
	cli_error(c, "BGP is not configured.");
	return false;
}

bool call_prefix(struct cli_call *c, const struct af *af, struct ip *ret, int *ret_bits)
{
	const char *word[4];
	unsigned n = conf_values(c->line, af->prefix_bits == 32 ? "ipv4-address" : "ipv6-address",
				 word, 4);
	*ret_bits = -1;
	// A peer's comes before, or behind `explain`.
	unsigned at = conf_has(c->line, "explain") || !n ? 0 : n - 1;
	if (!n || n > 4 || !ip_parse(word[at], ret)) {
		cli_error(c, "The address is not of this address family.");
		return false;
	}
	const char *length =
		conf_value(c->line, af->prefix_bits == 32 ? "mask-length" : "prefix-length");
	if (length)
		*ret_bits = (int)conf_number(
			c->line, af->prefix_bits == 32 ? "mask-length" : "prefix-length", 0);
	return true;
}

void show_duration(struct buf *b, uint64_t us)
{
	uint64_t s = us / 1000000, h = s / 3600;
	if (h < 24)
		buf_format(b, "%02u:%02u:%02u", (unsigned)h, (unsigned)(s / 60 % 60),
			   (unsigned)(s % 60));
	else if (h <= 9999)
		buf_format(b, "%04uh%02um", (unsigned)h, (unsigned)(s / 60 % 60));
	else
		buf_format(b, "****h%02um", (unsigned)(s / 60 % 60));
}

void show_duration_long(struct buf *b, uint64_t us)
{
	uint64_t s = us / 1000000;
	buf_format(b, "%02uh%02um%02us", (unsigned)(s / 3600), (unsigned)(s / 60 % 60),
		   (unsigned)(s % 60));
}

void show_time(struct buf *b, int64_t wall_us)
{
	time_t t = (time_t)(wall_us / 1000000);
	struct tm tm;
	char text[40];
	gmtime_r(&t, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S+00:00", &tm);
	buf_text(b, text);
}

void show_router_id(struct buf *b, uint32_t id)
{
	struct ip ip = ip_from_u32(id);
	ip_put(b, &ip);
}

void show_json(struct buf *b, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
	buf_text(b, text);
	free(text);
	json_decref(value);
}

void show_answer(struct cli_call *c, struct buf *text, const char *key, json_t *list)
{
	if (c->json) {
		buf_clear(text);
		show_json(text, json_pack("{s:O}", key, list));
		buf_u8(text, '\n');
	}
	json_decref(list);
	cli_write(c, buf_cstr(text), text->len);
	buf_free(text);
}
