// The command line's schema put together: the statements of model/ and the commands of this room,
// with one row per family where a template stands for all of them.
#include "cmd/app.h"

#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/text.h"

// Replaces @af and @prefix in a grammar; the text lives as long as the process.
static char *grammar_for(const char *grammar, const struct af *af)
{
	struct buf b = {0};
	for (const char *p = grammar; *p;) {
		if (!strncmp(p, "@af ", 4)) {
			if (af->selector[0])
				buf_format(&b, "%s ", af->selector);
			p += 4;
		} else if (!strncmp(p, "@prefix", 7)) {
			buf_text(&b, af->prefix_bits == 32 ? "ipv4-address [ mask-length ]"
							   : "ipv6-address [ prefix-length ]");
			p += 7;
		} else {
			buf_u8(&b, (uint8_t)*p++);
		}
	}
	return buf_steal(&b);
}

void template_expand(const struct row_template *t, unsigned count, struct row_table *ret)
{
	struct row *rows = mem_zero(sizeof *rows * count * af_count);
	unsigned n = 0;
	for (unsigned i = 0; i < count; i++)
		for (unsigned f = 0; f < af_count; f++) {
			if ((af_list[f]->props & t[i].needs) != t[i].needs)
				continue;
			rows[n] = t[i].row;
			rows[n].grammar = grammar_for(t[i].row.grammar, af_list[f]);
			rows[n].more = af_list[f];
			n++;
		}
	*ret = (struct row_table){rows, n};
}

// Parameters that only commands have.
static const struct param own_params[] = {
	{"filter-name", PARAM_NAME, 1, 200, "Name or number of a filter"},
	{"file-name", PARAM_NAME, 1, 255, "Name of a file"},
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

#define EXPANDED 3 // tables of cmd_schema that are made here: the first ones behind model's

void cmd_schema(struct cli_schema *ret)
{
	model_schema(ret);
	params_add(ret);
	struct row_table *all = mem_zero(sizeof *all * (ret->table_count + 8));
	unsigned n = ret->table_count;
	memcpy(all, ret->tables, sizeof *all * n);
	template_expand(peer_templates, peer_template_count, &all[n++]);
	template_expand(route_templates, route_template_count, &all[n++]);
	template_expand(reset_templates, reset_template_count, &all[n++]);
	all[n++] = commit_table;
	all[n++] = policy_table;
	all[n++] = job_table;
	all[n++] = system_table;
	ret->tables = all;
	ret->table_count = n;
}

void cmd_schema_free(struct cli_schema *s)
{
	struct cli_schema of_model;
	model_schema(&of_model);
	for (unsigned t = of_model.table_count; t < of_model.table_count + EXPANDED; t++) {
		for (unsigned i = 0; i < s->tables[t].count; i++)
			mem_free((void *)s->tables[t].rows[i].grammar);
		mem_free((void *)s->tables[t].rows);
	}
	mem_free((void *)s->tables);
	mem_free((void *)s->params);
}

static const char *host_name(void *app)
{
	struct app *a = app;
	return model_host_name(conf_store_running(a->store));
}

void cmd_setup(struct app *a, struct cli_setup *ret)
{
	*ret = (struct cli_setup){
		.grammar = a->grammar,
		.store = a->store,
		.app = a,
		.host_name = host_name,
		.commit = commit_run,
	};
}

bool call_peer_address(const struct cli_call *c, struct ip *ret)
{
	const char *text = conf_value(c->line, "ipv4-address");
	if (!text)
		text = conf_value(c->line, "ipv6-address");
	return text && ip_parse(text, ret);
}

bool call_prefix(struct cli_call *c, const struct af *af, struct ip *ret, int *ret_bits)
{
	*ret_bits = -1;
	if (!call_peer_address(c, ret) || ret->bits != af->prefix_bits) {
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
