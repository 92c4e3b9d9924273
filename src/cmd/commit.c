// commit: the candidate becomes what runs. The way: merge with what others committed meanwhile ->
// compile -> plan -> written to disk -> applied -> the plan printed. Whatever goes wrong before
// "applied" leaves the running configuration and the disk as they were.
#include "cmd/app.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

static const struct {
	unsigned effect;
	const char *text;
} effects[] = {
	{EFFECT_SESSION, "session will be reset"},
	{EFFECT_ASK, "asked by ROUTE-REFRESH"},
	{EFFECT_IMPORT, "import run again"},
	{EFFECT_EXPORT, "export run again"},
	{EFFECT_DECIDE, "best paths chosen again"},
	{EFFECT_PENDING, "pending: needs a new session"},
};

// A step of a VPN instance that concerns no peer of it is about its exchange with the tables of VPN
// routes.
static bool step_is_exchange(const struct soft_step *s)
{
	return s->peer == RIB_NO_PEER && !s->address.bits && s->instance_name[0];
}

static void step_subject(struct buf *b, const struct soft_step *s)
{
	char address[IP_TEXT_MAX];
	if (step_is_exchange(s))
		buf_format(b, "Info:   VPN instance %s", s->instance_name);
	else if (s->peer == RIB_NO_PEER && !s->address.bits)
		buf_text(b, "Info:   all peers");
	else
		buf_format(b, "Info:   peer %s", ip_text(&s->address, address));
	if (s->instance_name[0] && !step_is_exchange(s))
		buf_format(b, " of VPN instance %s", s->instance_name);
	if (s->af)
		buf_format(b, ", %s", s->af->title);
}

static const char *step_means(const struct soft_step *s)
{
	if (step_is_exchange(s))
		return "VPN routes";
	return soft_means_text(s->means == MEANS_PENDING ? MEANS_ACCEPTED : s->means);
}

static void step_text(struct buf *b, const struct soft_step *s)
{
	step_subject(b, s);
	const char *join = ": ";
	for (unsigned i = 0; i < sizeof effects / sizeof *effects; i++)
		if (s->effects & effects[i].effect) {
			buf_format(b, "%s%s", join, effects[i].text);
			if (effects[i].effect == EFFECT_IMPORT)
				buf_format(b, " (%s, %" PRIu64 " routes)", step_means(s),
					   s->routes);
			join = "; ";
		}
	if (s->why[0])
		buf_format(b, " [%s]", s->why);
	buf_u8(b, '\n');
}

#define PLAN_LINES 20

static void plan_text(struct buf *b, const struct soft_plan *p)
{
	unsigned resets = 0, shown = 0, work = 0;
	for (unsigned i = 0; i < p->count; i++) {
		resets += (p->steps[i].effects & EFFECT_SESSION) != 0;
		work += p->steps[i].effects != EFFECT_NONE;
	}
	if (!work) {
		buf_text(b, "Info: Plan: no route is affected; no session will be reset.\n");
		return;
	}
	buf_format(b, "Info: Plan: %u step%s; sessions that will be reset: %u.\n", work,
		   work == 1 ? "" : "s", resets);
	for (unsigned i = 0; i < p->count; i++) {
		if (!p->steps[i].effects)
			continue;
		// Every session that will be reset is named, whatever else is left out.
		if (shown++ < PLAN_LINES || p->steps[i].effects & EFFECT_SESSION)
			step_text(b, &p->steps[i]);
	}
	if (shown > PLAN_LINES)
		buf_format(b, "Info:   ... %u steps in all; display bgp refresh shows each.\n",
			   shown);
}

// Who, when (the log's own time) and why.
static void commit_log(const struct cli_call *c)
{
	// One-stage mode and `quit` commit too, with lines of their own.
	const char *why =
		conf_has(c->line, "commit") ? conf_value(c->line, "description-text") : NULL;
	log_info("commit %u by %s%s%s", conf_store_number(app_of(c)->store),
		 cli_session_user(c->session), why ? ": " : "", why ? why : "");
}

static void commit_apply(struct cli_call *c, struct speaker_config *next,
			 const struct conf_tree *tree)
{
	struct app *a = app_of(c);
	struct soft_plan plan = {0};
	struct buf text = {0};
	speaker_plan(a->speaker, next, &plan);
	if (!conf_store_commit(a->store, tree, &text)) {
		cli_write(c, buf_cstr(&text), text.len);
		cli_failed(c);
	} else {
		commit_log(c);
		buf_clear(&text);
		plan_text(&text, &plan);
		cli_write(c, buf_cstr(&text), text.len);
		speaker_apply(a->speaker, next, &plan);
		cli_candidate_restart(c);
	}
	buf_free(&text);
	soft_plan_free(&plan);
}

void commit_run(struct cli_call *c)
{
	struct app *a = app_of(c);
	struct conf_candidate *candidate = cli_candidate(c);
	struct conf_tree merged;
	struct buf errors = {0};
	if (!candidate || !conf_candidate_dirty(candidate))
		return;
	if (!conf_candidate_merge(candidate, conf_store_running(a->store), &merged, &errors)) {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_print(
			c,
			"Error: Commit canceled, the configuration conflicted with other user, you can modify \n"
			"the configuration and commit again.\n");
		cli_failed(c);
		buf_free(&errors);
		return;
	}
	struct speaker_config *next =
		model_compile(a->model, &merged, conf_store_number(a->store) + 1, &errors);
	if (next) {
		commit_apply(c, next, &merged);
		speaker_config_unref(next);
	} else {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_failed(c);
	}
	conf_tree_free(&merged);
	buf_free(&errors);
}

// display configuration candidate plan: what commit would do, without doing it.
static void display_plan(struct cli_call *c)
{
	struct app *a = app_of(c);
	struct conf_candidate *candidate = cli_candidate(c);
	struct conf_tree merged;
	struct buf text = {0};
	if (!candidate) {
		cli_error(c, "There is no candidate configuration.");
		return;
	}
	if (!conf_candidate_merge(candidate, conf_store_running(a->store), &merged, &text)) {
		cli_write(c, buf_cstr(&text), text.len);
		cli_failed(c);
		buf_free(&text);
		return;
	}
	struct speaker_config *next =
		model_compile(a->model, &merged, conf_store_number(a->store) + 1, &text);
	if (next) {
		struct soft_plan plan = {0};
		speaker_plan(a->speaker, next, &plan);
		plan_text(&text, &plan);
		soft_plan_free(&plan);
		speaker_config_unref(next);
	} else {
		cli_failed(c);
	}
	cli_write(c, buf_cstr(&text), text.len);
	conf_tree_free(&merged);
	buf_free(&text);
}

static const struct row rows[] = {
	{.views = "config",
	 .grammar = "commit [ description description-text ];commit comment description-text",
	 .help = "Makes the candidate the running configuration, after its plan.",
	 .level = 2,
	 .run = commit_run},
	{.views = "config",
	 .grammar = "display configuration candidate plan",
	 .help = "Shows what commit would do, without doing it.",
	 .level = 2,
	 .flags = ROW_EXTENSION,
	 .run = display_plan},
};
const struct row_table commit_table = {rows, sizeof rows / sizeof *rows};
