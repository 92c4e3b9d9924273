// commit: the candidate becomes what runs. The way: merge with what others committed meanwhile ->
// compile -> plan -> written to disk -> applied -> the plan printed. Whatever goes wrong before
// "applied" leaves the running configuration and the disk as they were.
#include "cmd/commit.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/guard.h"
#include "cmd/proof.h"

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

void commit_words(const struct cli_call *c, const char *type, struct conf_commit *ret)
{
	*ret = (struct conf_commit){0};
	ret->word[COMMIT_USER] = mem_text(cli_session_user(c->session));
	ret->word[COMMIT_FROM] = mem_format("VTY %u", cli_session_number(c->session));
	ret->word[COMMIT_TYPE] = mem_text(type);
}

void commit_words_free(struct conf_commit *r)
{
	for (unsigned i = 0; i < COMMIT_WORDS; i++)
		mem_free(r->word[i]);
}

bool commit_barred(struct cli_call *c)
{
	unsigned other = cli_locked(c->session);

	if (other)
		cli_error(c, CLI_LOCKED, other);
	else if (trial_active(app_of(c)) && !trial_is_ours(c))
		cli_error(c,
			  staged_active(app_of(c))
				  ? "A staged commit of another user is under way."
				  : "A trial configuration of another user waits to be confirmed.");
	else
		return guard_barred(c);
	return true;
}

// Who, when (the log's own time) and why.
static void commit_log(const struct app *a, const struct conf_commit *r)
{
	const char *why = r->word[COMMIT_DESCRIPTION];
	bool forced = r->word[COMMIT_GUARD] && strcmp(r->word[COMMIT_GUARD], "forced") == 0;

	log_info("commit %u by %s%s%s%s", conf_store_number(a->store),
		 r->word[COMMIT_USER] ? r->word[COMMIT_USER] : "nobody",
		 forced ? ", forced past the guard" : "", why ? ": " : "", why ? why : "");
}

bool commit_take_over(struct app *a, struct speaker_config *next, const struct conf_tree *tree,
		      const struct conf_commit *record, struct buf *out)
{
	struct conf_commit full = *record; // borrows the words
	const struct impact *known = impact_known(a, tree);
	struct soft_plan plan = {0};
	struct buf text = {0}, impact = {0};

	speaker_plan(a->speaker, next, &plan);
	plan_text(&text, &plan);
	if (known)
		impact_summary(&impact, known->total);
	full.time = loop_wall(a->loop);
	full.word[COMMIT_PLAN] = (char *)buf_cstr(&text);
	full.word[COMMIT_IMPACT] = known ? (char *)buf_cstr(&impact) : NULL;
	bool done = conf_store_commit_as(a->store, tree, &full, out);
	if (done) {
		commit_log(a, &full);
		buf_put(out, buf_cstr(&text), text.len);
		effect_begin(a, conf_store_number(a->store), known);
		proof_commit(a, &full, buf_cstr(&text));
		speaker_apply(a->speaker, next, &plan);
		proof_started(a, NULL);
		report_expect(a, conf_store_number(a->store));
		impact_forget(a);
	}
	buf_free(&text);
	buf_free(&impact);
	soft_plan_free(&plan);
	return done;
}

bool commit_make(struct app *a, const struct conf_tree *tree, const struct conf_commit *record,
		 struct buf *out)
{
	struct speaker_config *next =
		model_compile(a->model, tree, conf_store_number(a->store) + 1, out);

	if (!next)
		return false;
	bool done = commit_take_over(a, next, tree, record, out);
	speaker_config_unref(next);
	return done;
}

static bool commit_merge(struct cli_call *c, struct conf_tree *ret)
{
	struct buf errors = {0};
	bool done = conf_candidate_merge(cli_candidate(c), conf_store_running(app_of(c)->store),
					 ret, &errors);

	if (!done) {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_print(
			c,
			"Error: Commit canceled, the configuration conflicted with other user, you can modify \n"
			"the configuration and commit again.\n");
		cli_failed(c);
	}
	buf_free(&errors);
	return done;
}

// One-stage mode and `quit` commit too, with lines of their own.
static void commit_words_typed(const struct cli_call *c, struct conf_commit *ret)
{
	bool typed = conf_has(c->line, "commit");

	commit_words(c, typed && conf_has(c->line, "staged") ? "STAGED" : "CLI", ret);
	if (!typed)
		return;
	ret->word[COMMIT_LABEL] = mem_text(conf_value(c->line, "label"));
	ret->word[COMMIT_DESCRIPTION] = mem_text(conf_value(c->line, "description-text"));
	ret->word[COMMIT_TRIAL] = trial_words(c);
}

// `commit trial ... guard`: what the tables hold now is what they are compared with afterwards.
static struct watch *watch_of(const struct cli_call *c)
{
	struct guard_limits_pair limits;

	if (!conf_has(c->line, "trial") || !conf_has(c->line, "guard"))
		return NULL;
	guard_limits_of(c, &limits);
	return watch_new(app_of(c), &limits);
}

static bool commit_whole(struct cli_call *c, const struct conf_tree *tree,
			 const struct conf_commit *record)
{
	struct app *a = app_of(c);
	uint32_t before = conf_store_number(a->store);
	struct watch *watch = watch_of(c);
	struct buf out = {0};
	bool done = commit_make(a, tree, record, &out);

	cli_write(c, buf_cstr(&out), out.len);
	if (!done) {
		watch_free(watch);
		cli_failed(c);
	} else if (record->word[COMMIT_TRIAL]) {
		trial_begin(c, before, watch);
	} else if (trial_active(a)) {
		trial_confirm(c);
	}
	buf_free(&out);
	return done;
}

static void commit_go(struct cli_call *c, const struct conf_tree *tree, const char *words)
{
	struct conf_commit record;
	bool done;

	commit_words_typed(c, &record);
	record.word[COMMIT_GUARD] = mem_text(words);
	if (conf_has(c->line, "staged"))
		done = staged_begin(c, tree, &record);
	else
		done = commit_whole(c, tree, &record);
	if (done)
		cli_candidate_restart(c);
	commit_words_free(&record);
}

static bool label_is_free(struct cli_call *c)
{
	const char *label = conf_has(c->line, "commit") ? conf_value(c->line, "label") : NULL;

	return !label || label_is_good(c, label);
}

// `commit persist WORD`: of something that waits.
static bool persist_is_alone(const struct cli_call *c)
{
	return conf_has(c->line, "persist") && !conf_has(c->line, "trial") &&
	       !conf_has(c->line, "staged");
}

static bool commit_renew(struct cli_call *c, struct conf_tree *ret)
{
	return label_is_free(c) && commit_merge(c, ret);
}

static void commit_candidate(struct cli_call *c)
{
	static const struct guarded ops = {
		.barred = commit_barred, .renew = commit_renew, .go = commit_go};
	struct conf_tree merged;

	if (commit_merge(c, &merged))
		guard_run(c, &merged, &ops);
}

void commit_run(struct cli_call *c)
{
	struct conf_candidate *candidate = cli_candidate(c);

	if (!candidate || commit_barred(c) || staged_barred(c) || !label_is_free(c))
		return;
	if (persist_is_alone(c) && !trial_active(app_of(c)))
		cli_error(c, "The system is not in the trial configuration mode.");
	else if (staged_active(app_of(c)))
		staged_go_on(c);
	else if (conf_candidate_dirty(candidate))
		commit_candidate(c);
	else if (trial_active(app_of(c)) && !conf_has(c->line, "trial"))
		trial_confirm(c);
}

bool commit_candidate_tree(struct cli_call *c, struct conf_tree *ret)
{
	struct conf_candidate *candidate = cli_candidate(c);
	struct buf errors = {0};

	if (!candidate) {
		cli_error(c, "There is no candidate configuration.");
		return false;
	}
	bool merged =
		conf_candidate_merge(candidate, conf_store_running(app_of(c)->store), ret, &errors);
	if (!merged) {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_error(c, "The configuration conflicts with what another user has committed.");
	}
	buf_free(&errors);
	return merged;
}

// display configuration candidate plan: what commit would do, without doing it.
static void display_plan(struct cli_call *c)
{
	struct app *a = app_of(c);
	struct conf_tree merged;
	struct buf text = {0};

	if (!commit_candidate_tree(c, &merged))
		return;
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

#define GUARD                                                                       \
	"guard [ max-withdrawn guard-limit | max-rejected guard-limit | max-moved " \
	"guard-limit | no-session-reset | protect-prefix prefix-list-name ]* "
#define COMMIT_GRAMMAR                                                                      \
	"commit [ persist persist-id ] [ description description-text ];"                   \
	"commit comment description-text;"                                                  \
	"commit **label** label [ description description-text ];"                          \
	"commit trial [ trial-time<60-65535> ] [ **label** label ] [ persist persist-id ] " \
	"[ force | " GUARD "] [ description description-text ]"
#define GUARD_GRAMMAR                                                           \
	"commit " GUARD "[ **label** label ] [ description description-text ];" \
	"commit force [ **label** label ] [ description description-text ]"
#define STAGED_GRAMMAR                                                                     \
	"commit staged { peer { ipv4-address | ipv6-address }&<1-32> | percent "           \
	"stage-percent<1-100> } [ interval stage-interval<1-86400> ] [ **label** label ] " \
	"[ persist persist-id ] [ force ] [ description description-text ]"

static const struct row rows[] = {
	{.views = "config",
	 .grammar = COMMIT_GRAMMAR,
	 .help = "Makes the candidate the running configuration, after its plan; on trial until it is "
		 "committed again.",
	 .level = 2,
	 .run = commit_run},
	{.views = "config",
	 .grammar = GUARD_GRAMMAR,
	 .help = "Commits unless the impact passes a limit, of the line or of commit-guard; force "
		 "asks no guard.",
	 .level = 2,
	 .flags = ROW_EXTENSION,
	 .run = commit_run},
	{.views = "config",
	 .grammar = STAGED_GRAMMAR,
	 .help = "Gives the candidate's policies to some peers first, then to the rest, by further "
		 "commits or by itself.",
	 .level = 2,
	 .flags = ROW_EXTENSION,
	 .run = commit_run},
	{.views = "config",
	 .grammar = "display configuration candidate plan",
	 .help = "Shows what commit would do, without doing it.",
	 .level = 2,
	 .flags = ROW_EXTENSION,
	 .run = display_plan},
};
const struct row_table commit_table = {rows, sizeof rows / sizeof *rows};
