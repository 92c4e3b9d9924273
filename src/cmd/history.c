// What was committed: lists, differences, labels. Commits are shown by their ids, CONF_COMMIT_FIRST
// and the number of the commit.
#include "cmd/commit.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"

static struct conf_history *history_of(const struct cli_call *c)
{
	return conf_store_history(app_of(c)->store);
}

static const char *word_or(const struct conf_commit *r, enum conf_commit_word what,
			   const char *otherwise)
{
	return r->word[what] ? r->word[what] : otherwise;
}

// --- display configuration commit list --------------------------------------------------------------
#define RULE                                                                                    \
	"-------------------------------------------------------------------------------------" \
	"---------\n"

static void list_row(struct buf *out, unsigned no, const struct conf_commit *r)
{
	char id[16];

	snprintf(id, sizeof id, "%u%s", CONF_COMMIT_FIRST + r->number,
		 r->word[COMMIT_TRIAL] ? "*" : "");
	buf_format(out, "%-4u %-12s %-27s %-19s ", no, id, word_or(r, COMMIT_LABEL, "-"),
		   word_or(r, COMMIT_USER, "-"));
	show_time(out, r->time);
	buf_u8(out, '\n');
}

static void list_lines(struct buf *out, const char *title, const char *text)
{
	if (!text)
		return;
	buf_format(out, "        %s:\n", title);
	for (size_t size; *text; text += size + (text[size] == '\n')) {
		size = strcspn(text, "\n");
		buf_format(out, "          %.*s\n", (int)size, text);
	}
}

static void list_verbose(struct buf *out, unsigned no, const struct conf_commit *r)
{
	buf_format(out, "%u) CommitId: %u\n", no, CONF_COMMIT_FIRST + r->number);
	buf_format(out, "        Label: %s\n", word_or(r, COMMIT_LABEL, "-"));
	buf_format(out, "        User: %s\n", word_or(r, COMMIT_USER, "-"));
	buf_format(out, "        User-Intf: %s\n", word_or(r, COMMIT_FROM, "-"));
	buf_format(out, "        Type: %s\n        TimeStamp: ", word_or(r, COMMIT_TYPE, "CLI"));
	show_time(out, r->time);
	buf_format(out, "\n        Description: %s\n", word_or(r, COMMIT_DESCRIPTION, ""));
	if (r->word[COMMIT_TRIAL])
		buf_format(out, "        Trial: not confirmed (%s)\n", r->word[COMMIT_TRIAL]);
	list_lines(out, "Plan", r->word[COMMIT_PLAN]);
	if (r->word[COMMIT_GUARD])
		buf_format(out, "        Guard: %s\n", r->word[COMMIT_GUARD]);
	list_lines(out, "Impact", r->word[COMMIT_IMPACT]);
	list_lines(out, "Report", r->word[COMMIT_REPORT]);
}

static json_t *list_json(const struct conf_commit *r)
{
	static const char *const names[COMMIT_WORDS] = {
		[COMMIT_USER] = "user",     [COMMIT_FROM] = "from",
		[COMMIT_TYPE] = "type",     [COMMIT_LABEL] = "label",
		[COMMIT_PLAN] = "plan",     [COMMIT_DESCRIPTION] = "description",
		[COMMIT_IMPACT] = "impact", [COMMIT_REPORT] = "report",
		[COMMIT_TRIAL] = "trial",   [COMMIT_GUARD] = "guard",
	};
	struct buf time = {0};
	json_t *o = json_pack("{s:I}", "id", (json_int_t)CONF_COMMIT_FIRST + r->number);

	show_time(&time, r->time);
	json_object_set_new(o, "time", json_string(buf_cstr(&time)));
	for (unsigned i = 0; i < COMMIT_WORDS; i++)
		if (names[i])
			json_object_set_new(o, names[i],
					    r->word[i] ? json_string(r->word[i]) : json_null());
	buf_free(&time);
	return o;
}

static void display_list(struct cli_call *c)
{
	struct conf_history *h = history_of(c);
	const struct conf_commit *r;
	uint64_t most = conf_number(c->line, "commit-count", UINT64_MAX);
	bool verbose = conf_has(c->line, "verbose"), labelled = conf_has(c->line, "label");
	json_t *list = json_array();
	struct buf out = {0};
	unsigned no = 0;

	if (!verbose)
		buf_text(&out, RULE "No.  CommitId     Label                       User"
				    "                TimeStamp\n" RULE);
	for (unsigned i = 0; no < most && (r = conf_history_get(h, i)); i++) {
		if (labelled && !r->word[COMMIT_LABEL])
			continue;
		no++;
		if (c->json)
			json_array_append_new(list, list_json(r));
		else if (verbose)
			list_verbose(&out, no, r);
		else
			list_row(&out, no, r);
	}
	if (!verbose)
		buf_text(&out, RULE);
	if (c->json) {
		buf_clear(&out);
		show_json(&out, json_pack("{s:O}", "commits", list));
		buf_u8(&out, '\n');
	}
	cli_write(c, buf_cstr(&out), out.len);
	json_decref(list);
	buf_free(&out);
}

// --- which commit -----------------------------------------------------------------------------------
const struct conf_commit *commit_named(struct cli_call *c)
{
	struct conf_history *h = history_of(c);
	const struct conf_commit *r;

	if (conf_value(c->line, "commit-id")) {
		uint64_t id = conf_number(c->line, "commit-id", 0);
		r = conf_history_find(h, (uint32_t)(id - CONF_COMMIT_FIRST));
		if (!r)
			cli_error(c, "The commit ID does not exist.");
	} else {
		r = conf_history_labelled(h, conf_value(c->line, "label"));
		if (!r)
			cli_error(c, "The label does not exist.");
	}
	return r;
}

bool commit_tree(struct cli_call *c, uint32_t number, struct conf_tree *ret)
{
	struct buf error = {0};
	bool done = conf_history_tree(history_of(c), number, ret, &error);

	if (!done) {
		cli_write(c, buf_cstr(&error), error.len);
		cli_failed(c);
	}
	buf_free(&error);
	return done;
}

bool commit_before_last(struct cli_call *c, uint32_t *ret)
{
	struct conf_history *h = history_of(c);
	uint64_t n = conf_number(c->line, "commit-count", 1);
	const struct conf_commit *r = conf_history_get(h, (unsigned)n - 1);

	if (r)
		*ret = r->number - 1;
	else
		cli_error(c, "There are not so many commits.");
	return r;
}

// --- differences ------------------------------------------------------------------------------------
void show_changes(struct cli_call *c, const struct conf_tree *before, const struct conf_tree *after)
{
	struct conf_diff diff;
	struct buf out = {0};

	if (!c->json)
		cli_print(c, "Building configuration\n");
	conf_diff(before, after, &diff);
	conf_diff_text(&diff, &out);
	if (c->json) {
		json_t *o = json_pack("{s:s}", "changes", buf_cstr(&out));
		buf_clear(&out);
		show_json(&out, o);
		buf_u8(&out, '\n');
	} else if (!diff.count) {
		buf_text(&out, "Info: No configuration changes.\n");
	}
	cli_write(c, buf_cstr(&out), out.len);
	conf_diff_free(&diff);
	buf_free(&out);
}

// at: what that commit changed; since: all behind it; last N; without: all that is kept.
static bool changes_range(struct cli_call *c, uint32_t *ret_from, uint32_t *ret_to)
{
	const struct conf_commit *r;

	*ret_to = conf_store_number(app_of(c)->store);
	if (conf_value(c->line, "commit-id")) {
		r = commit_named(c);
		if (!r)
			return false;
		*ret_from = r->number - conf_has(c->line, "at");
		if (conf_has(c->line, "at"))
			*ret_to = r->number;
		return true;
	}
	if (conf_has(c->line, "last"))
		return commit_before_last(c, ret_from);
	unsigned count = conf_history_count(history_of(c));
	r = conf_history_get(history_of(c),
			     count > CONF_HISTORY_KEPT ? CONF_HISTORY_KEPT - 1 : count - 1);
	*ret_from = r ? r->number - 1 : *ret_to;
	return true;
}

static void display_changes(struct cli_call *c)
{
	struct conf_tree before, after;
	uint32_t from, to;

	if (!changes_range(c, &from, &to) || !commit_tree(c, from, &before))
		return;
	if (commit_tree(c, to, &after)) {
		show_changes(c, &before, &after);
		conf_tree_free(&after);
	}
	conf_tree_free(&before);
}

static void display_at(struct cli_call *c)
{
	const struct conf_commit *r = commit_named(c);
	struct conf_tree tree;
	struct buf out = {0};

	if (!r || !commit_tree(c, r->number, &tree))
		return;
	conf_print(&tree, &out);
	if (c->json) {
		json_t *o = json_pack("{s:I, s:s}", "id", (json_int_t)CONF_COMMIT_FIRST + r->number,
				      "configuration", buf_cstr(&out));
		buf_clear(&out);
		show_json(&out, o);
		buf_u8(&out, '\n');
	}
	cli_write(c, buf_cstr(&out), out.len);
	conf_tree_free(&tree);
	buf_free(&out);
}

// --- labels -----------------------------------------------------------------------------------------
static bool amend(struct cli_call *c, uint32_t number, enum conf_commit_word what, const char *text)
{
	struct buf error = {0};
	bool done = conf_history_amend(history_of(c), number, what, text, &error);

	if (!done) {
		cli_write(c, buf_cstr(&error), error.len);
		cli_failed(c);
	}
	buf_free(&error);
	return done;
}

bool label_is_good(struct cli_call *c, const char *label)
{
	if (!label[strspn(label, "0123456789")])
		cli_error(c, "The label must not consist of digits only.");
	else if (conf_history_labelled(history_of(c), label))
		cli_error(c, "The label already exists.");
	else
		return true;
	return false;
}

static void set_label(struct cli_call *c)
{
	const struct conf_commit *r = commit_named(c);
	const char *label = conf_value(c->line, "label");

	if (r && label_is_good(c, label))
		amend(c, r->number, COMMIT_LABEL, label);
}

static void clear_oldest(struct cli_call *c)
{
	struct conf_history *h = history_of(c);
	uint64_t n = conf_number(c->line, "commit-count", 1);
	const struct conf_commit *r;

	while (n-- && (r = conf_history_get(h, conf_history_count(h) - 1)) &&
	       amend(c, r->number, COMMIT_CLEARED, "yes"))
		;
}

static void clear_commit(struct cli_call *c)
{
	const struct conf_commit *r;

	if (conf_has(c->line, "oldest")) {
		clear_oldest(c);
		return;
	}
	r = commit_named(c);
	if (r && !r->word[COMMIT_LABEL])
		cli_error(c, "The commit has no label.");
	else if (r)
		amend(c, r->number, COMMIT_LABEL, NULL);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar =
		 "display configuration commit list [ verbose ] [ commit-count<1-1000> | **label** ]",
	 .help = "Shows the commits, the newest first.",
	 .level = 1,
	 .run = display_list},
	{.views = "*",
	 .grammar = "display configuration commit changes [ at commit-id | since commit-id | "
		    "last commit-count<1-80> ] [ with-tag ]",
	 .help = "Shows what a commit changed, or all that were made since.",
	 .level = 1,
	 .run = display_changes},
	{.views = "*",
	 .grammar = "display configuration commit at commit-id",
	 .help = "Shows the configuration as a commit left it.",
	 .level = 1,
	 .run = display_at},
	{.views = "user",
	 .grammar = "set configuration commit commit-id **label** label",
	 .help = "Gives a commit a label.",
	 .level = 2,
	 .run = set_label},
	{.views = "user",
	 .grammar =
		 "clear configuration commit { commit-id **label** | oldest commit-count<1-80> | "
		 "**label** label }",
	 .help = "Takes a label away, or the oldest commits from the list.",
	 .level = 2,
	 .run = clear_commit},
};
const struct row_table history_table = {rows, sizeof rows / sizeof *rows};
