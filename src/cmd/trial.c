// commit trial: a commit that is taken back unless a second one confirms it in time. It is taken
// back, by soft reset like any commit, when the time is over, when the session that made it ends
// (unless it was given a persist word), by `abort trial`, and after a restart of the daemon: the
// record in the history says that it waits, and so does each later one of the same trial.
//
// A commit in stages (staged.c) is one too as long as it is on its way: it is taken back in the same
// ways but for the time.
//
//   commit trial ──► waits ──commit──► confirmed
//        ▲             │ time, session, abort, restart
//        └─commit trial┴──► rolled back to what ran before the first of them
#include "cmd/trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/guard.h"

#define TRIAL_SECONDS 600
#define RETRY_SECONDS 10 // a rollback that the disk refused

// Which of the two it is, in messages.
static const char *noun(const struct trial *t)
{
	return t->staged ? "staged" : "trial";
}

bool trial_active(const struct app *a)
{
	return a->trial;
}

static bool persist_agrees(const struct trial *t, const char *word)
{
	return t->persist && word && strcmp(t->persist, word) == 0;
}

bool trial_is_ours(const struct cli_call *c)
{
	const struct trial *t = app_of(c)->trial;

	return t && (t->session == cli_session_number(c->session) ||
		     persist_agrees(t, conf_value(c->line, "persist-id")));
}

char *trial_words(const struct cli_call *c)
{
	const char *persist = conf_value(c->line, "persist-id");

	if (!conf_has(c->line, "trial"))
		return NULL;
	return mem_format("%" PRIu64 "%s%s", conf_number(c->line, "trial-time", TRIAL_SECONDS),
			  persist ? " persist " : "", persist ? persist : "");
}

void trial_free(struct app *a)
{
	struct trial *t = a->trial;

	if (!t)
		return;
	a->trial = NULL;
	staged_free(t->staged);
	watch_free(t->watch);
	timer_free(t->timer);
	mem_free(t->user);
	mem_free(t->persist);
	mem_free(t->ending);
	mem_free(t);
}

// --- the way back -----------------------------------------------------------------------------------
struct way_back {
	uint32_t before; // number of the commit to go to
	bool staged;
	const char *user, *why;
};

static struct way_back way_back(const struct trial *t, const char *user, const char *why)
{
	return (struct way_back){t->before, t->staged, user, why};
}

static bool roll_back(struct app *a, const struct way_back *w, struct buf *out)
{
	struct conf_commit record = {0};
	struct conf_tree tree;

	if (!conf_history_tree(conf_store_history(a->store), w->before, &tree, out))
		return false;
	record.word[COMMIT_USER] = (char *)w->user;
	record.word[COMMIT_TYPE] = w->staged ? "STAGED-ROLLBACK" : "TRIAL-ROLLBACK";
	record.word[COMMIT_DESCRIPTION] = (char *)w->why;
	bool done = commit_make(a, &tree, &record, out);
	conf_tree_free(&tree);
	return done;
}

void trial_end(struct app *a, const char *why)
{
	struct trial *t = a->trial;
	const struct way_back w = way_back(t, t->user, why);
	struct buf out = {0};

	if (roll_back(a, &w, &out)) {
		log_info("%s configuration rolled back: %s", noun(t), why);
		trial_free(a);
	} else {
		log_error("the %s configuration cannot be rolled back: %.*s", noun(t),
			  (int)strcspn(buf_cstr(&out), "\n"), buf_cstr(&out));
		char *copy = mem_text(why); // it may be the one from before
		mem_free(t->ending);
		t->ending = copy;
		timer_start(t->timer, RETRY_SECONDS * UINT64_C(1000000));
	}
	buf_free(&out);
}

static void on_time(void *arg)
{
	struct trial *t = arg;

	if (t->staged && !t->ending)
		staged_due(t->app);
	else
		trial_end(t->app, t->ending ? t->ending : "it was not confirmed in time");
}

void trial_session_ended(void *app, struct cli_session *s)
{
	struct app *a = app;

	if (a->trial && !a->trial->persist && a->trial->session == cli_session_number(s))
		trial_end(a, "its session has ended");
}

void trial_resume(struct app *a)
{
	struct conf_history *h = conf_store_history(a->store);
	const struct conf_commit *c = conf_history_get(h, 0);
	struct buf out = {0};
	uint32_t before = 0;
	unsigned i;

	for (i = 0; c && c->word[COMMIT_TRIAL]; c = conf_history_get(h, ++i))
		before = c->number - 1;
	if (!i)
		return;
	c = conf_history_get(h, 0);
	char *user = mem_text(c->word[COMMIT_USER]); // of a list that will change
	const struct way_back w = {before, strncmp(c->word[COMMIT_TRIAL], "staged", 6) == 0, user,
				   "the daemon was restarted"};
	if (roll_back(a, &w, &out))
		log_info("trial configuration rolled back: the daemon was restarted");
	else
		log_error("the trial configuration cannot be rolled back: %s", buf_cstr(&out));
	mem_free(user);
	buf_free(&out);
}

// --- its life ---------------------------------------------------------------------------------------
struct trial *trial_take(struct cli_call *c, uint32_t before)
{
	struct app *a = app_of(c);
	const char *persist = conf_value(c->line, "persist-id");
	struct trial *t = a->trial;

	if (!t) {
		t = a->trial = MEM_NEW(struct trial);
		t->app = a;
		t->before = before;
		t->timer = timer_new(a->loop, on_time, t);
	}
	t->session = cli_session_number(c->session);
	mem_free(t->user);
	t->user = mem_text(cli_session_user(c->session));
	if (persist) {
		char *copy = mem_text(persist);
		mem_free(t->persist);
		t->persist = copy;
	}
	return t;
}

void trial_begin(struct cli_call *c, uint32_t before, struct watch *watch)
{
	uint64_t seconds = conf_number(c->line, "trial-time", TRIAL_SECONDS);
	struct trial *t = trial_take(c, before);

	timer_start(t->timer, seconds * 1000000);
	// One that watches already compares with what was before the first of them.
	if (t->watch)
		watch_free(watch);
	else if (watch)
		watch_start(t->watch = watch);
	cli_print(c,
		  "Info: The system enters the trial configuration mode.\n"
		  "The system will revert to previous configuration if the trial configuration is "
		  "not confirmed in %" PRIu64 " seconds.\n",
		  seconds);
}

bool trial_settle(struct app *a, struct buf *error)
{
	struct conf_history *h = conf_store_history(a->store);
	const struct conf_commit *one;
	bool done = true;

	// The newest first: a restart in between finds a last commit that does not wait.
	for (unsigned i = 0;
	     done && (one = conf_history_get(h, i)) && one->number > a->trial->before; i++)
		if (one->word[COMMIT_TRIAL])
			done = conf_history_amend(h, one->number, COMMIT_TRIAL, NULL, error);
	if (done)
		trial_free(a);
	return done;
}

bool trial_confirm(struct cli_call *c)
{
	struct buf error = {0};
	bool done = trial_settle(app_of(c), &error);

	if (done) {
		log_info("trial configuration confirmed by %s", cli_session_user(c->session));
	} else {
		cli_write(c, buf_cstr(&error), error.len);
		cli_error(c, "The trial configuration has not been confirmed.");
	}
	buf_free(&error);
	return done;
}

// --- commands ---------------------------------------------------------------------------------------
static void abort_answered(struct cli_call *c, bool yes)
{
	struct app *a = app_of(c);
	struct buf out = {0};

	if (!yes || !a->trial) {
		cli_done(c);
		return;
	}
	const char *what = noun(a->trial);
	const struct way_back w =
		way_back(a->trial, cli_session_user(c->session), "it was aborted");
	if (roll_back(a, &w, &out)) {
		trial_free(a);
		cli_write(c, buf_cstr(&out), out.len);
		if (cli_candidate(c) && !conf_candidate_dirty(cli_candidate(c)))
			cli_candidate_restart(c);
		cli_print(c, "Info: The %s configuration rollback succeeded.\n", what);
	} else {
		cli_write(c, buf_cstr(&out), out.len);
		cli_failed(c);
	}
	buf_free(&out);
	cli_done(c);
}

static void abort_run(struct cli_call *c)
{
	struct trial *t = app_of(c)->trial;
	bool named = conf_has(c->line, "session") && t &&
		     conf_number(c->line, "session-id", 0) == t->session;

	bool staged = conf_has(c->line, "staged"), trial = conf_has(c->line, "trial");

	if (!t || (staged && !t->staged) || (trial && t->staged))
		cli_error(c, staged ? "No staged commit is under way."
				    : "The system is not in the trial configuration mode.");
	else if (!named && !trial_is_ours(c))
		cli_error(c, "The %s configuration is that of another user.", noun(t));
	else
		cli_ask(c,
			t->staged ? "Warning: The staged configuration will be rolled back. "
				    "Continue? [Y/N]:"
				  : "Warning: The trial configuration will be rolled back. "
				    "Continue? [Y/N]:",
			abort_answered);
}

static const struct trial *trial_of(const struct app *a)
{
	return a->trial && !a->trial->staged ? a->trial : NULL;
}

static void show_status_json(struct cli_call *c, const struct trial *t)
{
	struct buf out = {0};
	json_t *o = json_pack("{s:s}", "status", t ? "ACTIVE" : "INACTIVE");

	if (t) {
		json_object_set_new(o, "seconds_left",
				    json_integer((json_int_t)(timer_left(t->timer) / 1000000)));
		json_object_set_new(o, "session", json_integer(t->session));
		json_object_set_new(o, "user", json_string(t->user));
		json_object_set_new(o, "persist", json_boolean(t->persist));
		json_object_set_new(o, "returns_to", json_integer(CONF_COMMIT_FIRST + t->before));
	}
	show_json(&out, o);
	cli_print(c, "%s\n", buf_cstr(&out));
	buf_free(&out);
}

static void display_status(struct cli_call *c)
{
	const struct trial *t = trial_of(app_of(c));

	if (c->json) {
		show_status_json(c, t);
		return;
	}
	cli_print(c, "Trial status: %s\n", t ? "ACTIVE" : "INACTIVE");
	if (t)
		cli_print(c, "Trial time left (sec): %" PRIu64 "\n",
			  timer_left(t->timer) / 1000000);
}

static void display_sessions(struct cli_call *c)
{
	const struct trial *t = trial_of(app_of(c));

	if (c->json) {
		show_status_json(c, t);
		return;
	}
	if (!t) {
		cli_print(c, "Info: No trial configuration.\n");
		return;
	}
	cli_print(c, "Session ID: %u\n  User: %s\n  Trial time left (sec): %" PRIu64 "\n",
		  t->session, t->user, timer_left(t->timer) / 1000000);
	if (conf_has(c->line, "verbose"))
		cli_print(c, "  Persist: %s\n  Returns to: %u\n", t->persist ? "yes" : "no",
			  CONF_COMMIT_FIRST + t->before);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "abort [ trial | staged ] [ session session-id<1-4294967295> | persist "
		    "persist-id ]",
	 .help = "Takes a trial configuration, or a commit in stages, back at once.",
	 .level = 2,
	 .run = abort_run},
	{.views = "*",
	 .grammar = "display configuration trial status",
	 .help = "Shows whether a trial configuration waits to be confirmed, and for how long.",
	 .level = 1,
	 .run = display_status},
	{.views = "*",
	 .grammar = "display configuration trial sessions [ verbose ]",
	 .help = "Shows whose trial configuration it is.",
	 .level = 1,
	 .run = display_sessions},
};
const struct row_table trial_table = {rows, sizeof rows / sizeof *rows};
