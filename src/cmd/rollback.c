// Going back to an earlier configuration, or to that of a file: at once, as a commit of its own, once
// its impact has been shown, or into the candidate. What cannot be read leaves everything as it is.
#include "cmd/guard.h"

#include <string.h>

#include <jansson.h>

#include "base/mem.h"

#define PASTE_MOST (16u << 20) // bytes

// --- files ------------------------------------------------------------------------------------------
// The configuration in a file, or (merge) its lines upon t. false after the errors.
static bool read_file(struct cli_call *c, const char *name, bool merge, struct conf_tree *t)
{
	struct app *a = app_of(c);
	struct buf text = {0}, errors = {0};
	bool done = conf_read_file(name, &text, &errors);

	if (!merge)
		conf_tree_init(t);
	done = done && !cli_load_merge(a->grammar, &text, name, a, t, &errors);
	if (!done) {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_error(c, "The file %s cannot be loaded.", name);
		conf_tree_free(t);
	}
	buf_free(&text);
	buf_free(&errors);
	return done;
}

// --- rollback configuration -------------------------------------------------------------------------
static bool target_number(struct cli_call *c, uint32_t *ret)
{
	if (conf_has(c->line, "last"))
		return commit_before_last(c, ret);
	const struct conf_commit *r = commit_named(c);
	if (r)
		*ret = r->number;
	return r;
}

static bool target_tree(struct cli_call *c, struct conf_tree *ret)
{
	const char *file = conf_value(c->line, "file-name");
	uint32_t number;

	if (file)
		return read_file(c, file, false, ret);
	return target_number(c, &number) && commit_tree(c, number, ret);
}

static char *rollback_note(struct cli_call *c)
{
	struct buf text = {0};

	conf_line_text(c->line, &text);
	return buf_steal(&text);
}

static bool rollback_commit(struct cli_call *c, const struct conf_tree *tree, const char *words)
{
	struct app *a = app_of(c);
	struct conf_commit record;
	struct buf out = {0};
	bool done = true;

	if (!conf_tree_equal(tree, conf_store_running(a->store))) {
		commit_words(c, "ROLLBACK", &record);
		record.word[COMMIT_DESCRIPTION] = rollback_note(c);
		record.word[COMMIT_GUARD] = mem_text(words);
		done = commit_make(a, tree, &record, &out);
		commit_words_free(&record);
	}
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
	return done;
}

// A trial is ended by its own commands; a rollback in the middle of it would be rolled back too.
static bool rollback_barred(struct cli_call *c)
{
	if (commit_barred(c))
		return true;
	if (!trial_active(app_of(c)))
		return false;
	cli_error(
		c,
		staged_active(app_of(c))
			? "A staged commit is under way: finish it by commit, or use abort staged."
			: "A trial configuration waits: confirm it by commit, or use abort trial.");
	return true;
}

// One rollback on its way: from its impact to the answer.
struct rollback {
	struct conf_tree tree; // to be made the running one
	struct impact_ask *ask;
};

static void rollback_end(struct cli_call *c)
{
	struct rollback *r = c->data;

	c->data = NULL;
	impact_ask_cancel(r->ask);
	conf_tree_free(&r->tree);
	mem_free(r);
}

static void rollback_go(struct cli_call *c, const struct conf_tree *tree, const char *words)
{
	if (rollback_commit(c, tree, words))
		cli_print(c, "Check rollback result\n"
			     "Configuration rollback succeeded.\n"
			     "Please use 'display configuration commit changes last 1' to "
			     "view the changes.\n");
	else
		cli_error(c, "Configuration rollback failed; nothing has changed.");
}

// What somebody else has committed meanwhile is rolled back with the rest.
static bool rollback_renew(struct cli_call *c, struct conf_tree *ret)
{
	const struct rollback *r = c->data;

	*ret = conf_tree_clone(&r->tree);
	return true;
}

static void rollback_answered(struct cli_call *c, bool yes)
{
	static const struct guarded ops = {.barred = rollback_barred,
					   .renew = rollback_renew,
					   .go = rollback_go,
					   .end = rollback_end};
	struct rollback *r = c->data;
	struct conf_tree tree;

	if (yes && !rollback_barred(c)) {
		cli_print(c, "Loading rollback changes\nCommitting\n");
		tree = conf_tree_clone(&r->tree);
		if (guard_run(c, &tree, &ops))
			return;
	} else {
		rollback_end(c);
	}
	cli_done(c);
}

static void rollback_ask(struct cli_call *c)
{
	cli_ask(c,
		"Warning: This operation will revert configuration changes to the previous status. "
		"Continue? [Y/N]:",
		rollback_answered);
}

// What cannot be foretold can be rolled back all the same.
static void rollback_foretold(struct cli_call *c, struct impact *i, const char *error)
{
	struct rollback *r = c->data;
	const struct impact_view v = {.impact = i, .samples = IMPACT_SAMPLES};
	struct buf out = {0};

	r->ask = NULL;
	if (i)
		impact_text(&out, app_of(c), &v);
	else
		buf_format(&out, "%s\n", error);
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
	if (i)
		impact_remember(app_of(c), i);
	rollback_ask(c);
}

static bool compiles(struct app *a, const struct conf_tree *tree)
{
	struct buf errors = {0};
	struct speaker_config *next =
		model_compile(a->model, tree, conf_store_number(a->store) + 1, &errors);

	speaker_config_unref(next);
	buf_free(&errors);
	return next;
}

static void rollback_foretell(struct cli_call *c)
{
	struct rollback *r = c->data;
	const struct impact_want w = {
		.tree = &r->tree, .options.samples = IMPACT_SAMPLES, .shown = IMPACT_SAMPLES};
	struct buf errors = {0};

	r->ask = impact_ask_start(c, &w, rollback_foretold, &errors);
	if (r->ask)
		return;
	cli_write(c, buf_cstr(&errors), errors.len);
	buf_free(&errors);
	if (compiles(app_of(c), &r->tree)) {
		rollback_ask(c);
		return;
	}
	cli_error(c, "Configuration rollback failed; nothing has changed.");
	rollback_end(c);
	cli_done(c);
}

static void rollback_run(struct cli_call *c)
{
	struct conf_tree tree;

	if (rollback_barred(c) || !target_tree(c, &tree))
		return;
	struct rollback *r = c->data = MEM_NEW(struct rollback);
	r->tree = tree;
	cli_later(c, rollback_end);
	// `force`: nothing is waited for.
	if (conf_has(c->line, "force") ||
	    conf_tree_equal(&tree, conf_store_running(app_of(c)->store)))
		rollback_ask(c);
	else
		rollback_foretell(c);
}

static void display_result(struct cli_call *c)
{
	struct conf_history *h = conf_store_history(app_of(c)->store);
	const struct conf_commit *r;
	struct buf out = {0};
	unsigned i = 0;

	while ((r = conf_history_get(h, i)) &&
	       !(r->word[COMMIT_TYPE] && strstr(r->word[COMMIT_TYPE], "ROLLBACK")))
		i++;
	if (c->json) {
		show_json(&out,
			  json_pack("{s:o, s:s*}", "id",
				    r ? json_integer(CONF_COMMIT_FIRST + r->number) : json_null(),
				    "description", r ? r->word[COMMIT_DESCRIPTION] : NULL));
		buf_u8(&out, '\n');
	} else if (!r) {
		buf_text(&out, "Info: No configuration rollback has been done.\n");
	} else {
		buf_format(&out, "CommitId: %u\nUser: %s\nRollback: %s\nTimeStamp: ",
			   CONF_COMMIT_FIRST + r->number,
			   r->word[COMMIT_USER] ? r->word[COMMIT_USER] : "-",
			   r->word[COMMIT_DESCRIPTION] ? r->word[COMMIT_DESCRIPTION] : "-");
		show_time(&out, r->time);
		buf_text(&out, "\nResult: succeeded, all of the configuration was restored.\n");
	}
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

// --- into the candidate -----------------------------------------------------------------------------
static void candidate_take(struct cli_call *c, struct conf_tree *tree)
{
	struct conf_candidate *candidate = cli_candidate(c);

	conf_tree_free(&candidate->tree);
	candidate->tree = *tree;
	cli_view_reset(c); // the view where we stood may be gone
	if (cli_interactive(c))
		cli_print(c, "Info: display configuration candidate impact shows what commit would "
			     "do to routes.\n");
}

static bool candidate_barred(struct cli_call *c)
{
	unsigned other = cli_locked(c->session);

	if (other)
		cli_error(c, CLI_LOCKED, other);
	return other;
}

static void load_file(struct cli_call *c)
{
	bool merge = conf_has(c->line, "merge");
	struct conf_tree tree;

	if (candidate_barred(c))
		return;
	if (merge)
		tree = conf_tree_clone(&cli_candidate(c)->tree);
	if (read_file(c, conf_value(c->line, "file-name"), merge, &tree))
		candidate_take(c, &tree);
}

// --- a difference that is pasted --------------------------------------------------------------------
static void paste_cancelled(struct cli_call *c)
{
	struct buf *text = c->data;

	buf_free(text);
	mem_free(text);
}

static void paste_take(struct cli_call *c, const struct buf *text)
{
	struct conf_tree tree = conf_tree_clone(&cli_candidate(c)->tree);
	struct buf errors = {0};

	if (!cli_load_pasted(app_of(c)->grammar, text, "terminal", app_of(c), &tree, &errors)) {
		candidate_take(c, &tree);
	} else {
		cli_write(c, buf_cstr(&errors), errors.len);
		cli_error(c, "The differences cannot be loaded; the candidate is as it was.");
		conf_tree_free(&tree);
	}
	buf_free(&errors);
}

// Blank lines, and the heading that displays of differences have, are pasted along with them.
static void paste_line(struct cli_call *c, const char *line)
{
	struct buf *text = c->data;
	size_t blanks = strspn(line, " \t\r"), size = strcspn(line + blanks, "\t\r") + blanks;

	while (size > blanks && line[size - 1] == ' ')
		size--;
	const char *word = line + blanks;
	size_t length = size - blanks;
	bool ends = length == 8 && strncmp(word, "end-diff", 8) == 0;

	if (ends)
		paste_take(c, text);
	if (ends || (length == 5 && strncmp(word, "abort", 5) == 0)) {
		paste_cancelled(c);
		cli_done(c);
	} else if (text->len > PASTE_MOST) {
		paste_cancelled(c);
		cli_error(c, "The differences are too long.");
		cli_done(c);
	} else {
		// A line that says nothing keeps its number for the errors.
		if (length && strncmp(word, "Building configuration", 22) != 0)
			buf_put(text, line, size);
		else
			buf_text(text, "  #");
		buf_u8(text, '\n');
	}
}

static void load_terminal(struct cli_call *c)
{
	if (candidate_barred(c))
		return;
	c->data = MEM_NEW(struct buf);
	cli_print(c,
		  "Info: Paste differences as they are displayed, then type end-diff to take them "
		  "into the candidate, or abort.\n");
	cli_take_lines(c, "diff", paste_line, paste_cancelled);
}

// Of one commit what it did is undone; otherwise what has been done since.
static void load_changes(struct cli_call *c)
{
	bool one = conf_has(c->line, "at");
	struct conf_tree from, to, tree;
	struct conf_diff diff;
	uint32_t number;

	if (candidate_barred(c) || !target_number(c, &number) ||
	    !commit_tree(c, one ? number - 1 : number, &to))
		return;
	bool done = true;
	if (one)
		done = commit_tree(c, number, &from);
	else
		from = conf_tree_clone(conf_store_running(app_of(c)->store));
	if (done) {
		conf_diff(&from, &to, &diff);
		tree = conf_tree_clone(&cli_candidate(c)->tree);
		conf_diff_apply(&diff, &tree);
		candidate_take(c, &tree);
		conf_diff_free(&diff);
		conf_tree_free(&from);
	}
	conf_tree_free(&to);
}

// --- differences between what runs and something else -----------------------------------------------
static void display_changes(struct cli_call *c)
{
	const struct conf_tree *running = conf_store_running(app_of(c)->store);
	const char *file = conf_value(c->line, "file-name");
	struct conf_tree other;

	if (!file && !conf_value(c->line, "label")) {
		const struct conf_candidate *candidate = cli_candidate(c);
		show_changes(c, running, candidate ? &candidate->tree : running);
		return;
	}
	if (!target_tree(c, &other))
		return;
	if (strcmp(conf_line_word(c->line, 3), "running") == 0)
		show_changes(c, running, &other);
	else
		show_changes(c, &other, running);
	conf_tree_free(&other);
}

#define CHANGES                                                                       \
	"display configuration changes running { file file-name | **label** label } " \
	"[ with-tag ];"                                                               \
	"display configuration changes { file file-name | **label** label } running " \
	"[ with-tag ];display configuration changes"

static const struct row rows[] = {
	{.views = "user",
	 .grammar = "rollback configuration { to { **commit-id** commit-id | **label** label | "
		    "file file-name } | last commit-count<1-80> } [ force ]",
	 .help = "Makes an earlier configuration, or that of a file, the running one, as a commit "
		 "of its own.",
	 .level = 2,
	 .run = rollback_run},
	{.views = "*",
	 .grammar = "display configuration rollback result",
	 .help = "Shows what the last rollback did.",
	 .level = 1,
	 .run = display_result},
	{.views = "config",
	 .grammar = "load configuration file file-name { merge | replace } [ relative ]",
	 .help = "Takes the lines of a file into the candidate, or all of it in its place.",
	 .level = 2,
	 .run = load_file},
	{.views = "config",
	 .grammar = "load configuration terminal",
	 .help = "Takes differences that are pasted, as displays show them, into the candidate.",
	 .level = 2,
	 .run = load_terminal},
	{.views = "config",
	 .grammar =
		 "load configuration rollback changes { at commit-id | to **commit-id** commit-id | "
		 "last commit-count<1-80> | to **label** label }",
	 .help = "Takes back in the candidate what a commit changed, or all since one.",
	 .level = 2,
	 .run = load_changes},
	{.views = "*",
	 .grammar = CHANGES,
	 .help = "Shows the difference from the first that is named to the second.",
	 .level = 1,
	 .run = display_changes},
};
const struct row_table rollback_table = {rows, sizeof rows / sizeof *rows};
