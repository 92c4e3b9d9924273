// display configuration candidate impact: the candidate as commit would make it is rehearsed, and the
// page or its JSON printed. What was worked out for all prefixes is remembered for the commit.
#include "cmd/commit.h"
#include "cmd/impact.h"

#include <jansson.h>

#include "base/mem.h"

// --- a run behind a command -------------------------------------------------------------------------
struct impact_ask {
	struct cli_call *call;
	struct impact_run *run;
	impact_answer *done;
	unsigned percent;
};

static void on_progress(void *arg, unsigned percent)
{
	struct impact_ask *a = arg;

	if (percent == a->percent)
		return;
	a->percent = percent;
	cli_progress(a->call, "Working out the impact: %u%%", percent);
}

static void on_done(void *arg, struct impact *i, const char *error)
{
	struct impact_ask *a = arg;
	struct cli_call *c = a->call;
	impact_answer *done = a->done;

	cli_progress(c, "%s", "");
	mem_free(a);
	done(c, i, error);
}

struct impact_ask *impact_ask_start(struct cli_call *c, const struct impact_want *w,
				    impact_answer *done, struct buf *errors)
{
	struct impact_ask *a = MEM_NEW(struct impact_ask);
	const struct impact_ops ops = {.progress = on_progress, .done = on_done, .arg = a};

	a->call = c;
	a->done = done;
	a->percent = UINT32_MAX;
	a->run = impact_start(app_of(c), w, &ops, errors);
	if (a->run)
		return a;
	mem_free(a);
	return NULL;
}

void impact_ask_cancel(struct impact_ask *a)
{
	if (!a)
		return;
	impact_cancel(a->run);
	mem_free(a);
}

// --- the line's words -------------------------------------------------------------------------------
static bool read_instance(struct cli_call *c, struct impact_filter *f)
{
	const char *name = conf_value(c->line, "vpn-instance-name");
	const struct speaker_config *running = speaker_running(app_of(c)->speaker);
	const struct instance_config *i;

	if (!name)
		return true;
	i = running ? speaker_config_instance(running, name) : NULL;
	f->has_instance = true;
	f->instance = i ? i->number : 0;
	if (!i)
		cli_error(c, "The VPN instance does not exist.");
	return i;
}

static bool read_peer(struct cli_call *c, struct impact_filter *f)
{
	if (!conf_has(c->line, "peer"))
		return true;
	f->has_peer = call_peer_address(c, &f->peer);
	if (f->has_peer && speaker_peer_find(app_of(c)->speaker, f->instance, &f->peer))
		return true;
	cli_error(c, "The peer does not exist.");
	return false;
}

static void read_prefix(const struct cli_call *c, struct ledger_options *o)
{
	const char *address = conf_has(c->line, "prefix") ? conf_after(c->line, "prefix") : NULL;

	if (!address || !ip_parse(address, &o->within))
		return;
	o->within_bits = (uint8_t)conf_number(
		c->line, o->within.bits == 32 ? "mask-length" : "prefix-length", o->within.bits);
	ip_mask(&o->within, o->within_bits);
}

static bool read_want(struct cli_call *c, struct impact_want *w)
{
	*w = (struct impact_want){0};
	w->shown = (unsigned)conf_number(c->line, "sample-count", IMPACT_SAMPLES);
	w->options.samples = w->shown;
	read_prefix(c, &w->options);
	if (call_family(c)) {
		w->filter.has_family = true;
		w->filter.families = af_bit(call_family(c));
	}
	return read_instance(c, &w->filter) && read_peer(c, &w->filter);
}

// --- the command ------------------------------------------------------------------------------------
struct showing {
	struct impact_ask *ask;
	struct impact_filter filter;
	unsigned samples;
};

static void show_cancel(struct cli_call *c)
{
	struct showing *s = c->data;

	impact_ask_cancel(s->ask);
	mem_free(s);
	c->data = NULL;
}

static void print(struct cli_call *c, const struct impact *i, const struct showing *s)
{
	const struct impact_view v = {.impact = i, .filter = s->filter, .samples = s->samples};
	struct buf out = {0};

	if (c->json) {
		show_json(&out, impact_json(app_of(c), &v));
		buf_u8(&out, '\n');
	} else {
		impact_text(&out, app_of(c), &v);
	}
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

static void answered(struct cli_call *c, struct impact *i, const char *error)
{
	struct showing *s = c->data;

	if (i) {
		print(c, i, s);
		if (i->options.within.bits) // says nothing of the rest
			impact_free(i);
		else
			impact_remember(app_of(c), i);
	} else {
		cli_print(c, "%s\n", error);
		cli_failed(c);
	}
	mem_free(s);
	c->data = NULL;
	cli_done(c);
}

static void show_start(struct cli_call *c, const struct impact_want *w)
{
	struct showing *s = MEM_NEW(struct showing);
	struct buf errors = {0};

	s->filter = w->filter;
	s->samples = w->shown;
	c->data = s;
	cli_later(c, show_cancel);
	s->ask = impact_ask_start(c, w, answered, &errors);
	if (!s->ask) {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_failed(c);
		mem_free(s);
		c->data = NULL;
		cli_done(c);
	}
	buf_free(&errors);
}

static void display_impact(struct cli_call *c)
{
	struct impact_want w;
	struct conf_tree tree;

	if (!read_want(c, &w) || !commit_candidate_tree(c, &tree))
		return;
	w.tree = &tree;
	if (!c->json && conf_tree_equal(&tree, conf_store_running(app_of(c)->store)))
		cli_print(c, "Info: No configuration changes.\n");
	else
		show_start(c, &w);
	conf_tree_free(&tree);
}

static bool has_selector(const struct af *af)
{
	return af->selector[0];
}

static bool has_reset_word(const struct af *af)
{
	return af->reset_word;
}

#define HELP "Shows what commit would do to routes, best paths and neighbors, without doing it."
#define REST                                                                              \
	" [ vpn-instance vpn-instance-name ] [ sample sample-count<0-1000> ] [ prefix { " \
	"ipv4-address mask-length | ipv6-address prefix-length } ]"

static const struct row_template templates[] = {
	{.row = {.views = "config",
		 .grammar = "display configuration candidate impact @af" REST,
		 .help = HELP,
		 .level = 2,
		 .flags = ROW_EXTENSION,
		 .run = display_impact},
	 .fits = has_selector},
	{.row = {.views = "config",
		 .grammar = "display configuration candidate impact @reset" REST,
		 .help = HELP,
		 .level = 2,
		 .flags = ROW_EXTENSION,
		 .run = display_impact},
	 .fits = has_reset_word},
};
const struct template_table impact_templates = {templates, sizeof templates / sizeof *templates};

static const struct row rows[] = {
	{.views = "config",
	 .grammar =
		 "display configuration candidate impact [ peer { ipv4-address | ipv6-address } ]" REST,
	 .help = HELP,
	 .level = 2,
	 .flags = ROW_EXTENSION,
	 .run = display_impact},
};
const struct row_table impact_table = {rows, sizeof rows / sizeof *rows};
