// The session's own commands: moving between views, the candidate, how the terminal behaves.
#include "cli/builtin.h"

#include <string.h>

#include "base/mem.h"
#include "cli/session.h"

// --- moving -------------------------------------------------------------------------------------
static void run_system_view(struct cli_call *c)
{
	struct cli_session *s = c->session;

	if (!s->mode.script)
		cli_print(c, "Enter system view, return user view with return command.\n");
	session_enter_config(s, conf_has(c->line, "immediately") || s->silent);
}

static void after_leave(struct cli_session *s, bool failed)
{
	session_leave_config(s);
}

static void after_close(struct cli_session *s, bool failed)
{
	session_close(s);
}

static void run_quit(struct cli_call *c)
{
	struct cli_session *s = c->session;

	if (!s->config)
		((struct running *)c)->after = after_close;
	else if (s->place.depth > 1)
		place_leave(&s->place, s->place.depth - 1);
	else
		((struct running *)c)->after = after_leave;
}

static void run_return(struct cli_call *c)
{
	if (c->session->config)
		((struct running *)c)->after = after_leave;
}

// `run display ...`: a command of the user view from here.
static void run_run(struct cli_call *c)
{
	struct grammar *g = c->session->cli->setup.grammar;
	struct match m;

	if (!match_line(g, g->user, conf_value(c->line, "text"), MATCH_ALL, &m)) {
		cli_error(c, "The command cannot be run in the user view.");
		return;
	}
	if (m.entry->row->run == run_run || m.entry->row->run == run_quit ||
	    m.entry->row->run == run_system_view || m.entry->row->level > c->session->mode.level) {
		conf_line_unref(m.line);
		cli_error(c, "The command cannot be run from here.");
		return;
	}
	conf_line_unref((struct conf_line *)c->line);
	c->line = m.line;
	c->row = m.entry->row;
	c->undo = m.entry->undo;
	c->row->run(c);
}

// --- looking at configurations --------------------------------------------------------------------
struct listing {
	struct conf_printer printer;
	char *type, *instance; // owned; NULL: all
};

static bool listing_wants(void *arg, const struct conf_node *n)
{
	const struct listing *l = arg;

	if (l->type && strcmp(conf_line_word(n->line, 0), l->type) != 0)
		return false;
	for (unsigned i = 1; l->instance && i < n->line->words; i++)
		if (strcmp(conf_line_word(n->line, i), l->instance) == 0)
			return true;
	return !l->instance;
}

static void listing_free(struct cli_call *c)
{
	struct listing *l = c->data;

	conf_printer_end(&l->printer);
	mem_free(l->type);
	mem_free(l->instance);
	mem_free(l);
}

static void listing_go_on(struct cli_call *c)
{
	struct listing *l = c->data;
	struct buf out = {0};
	bool more = true;

	while (more && !cli_full(c)) {
		buf_clear(&out);
		more = conf_printer_some(&l->printer, 1 << 16, &out);
		cli_write(c, (char *)out.data, out.len);
	}
	buf_free(&out);
	if (more)
		return;
	listing_free(c);
	cli_done(c);
}

static void listing_start(struct cli_call *c, const struct conf_tree *t)
{
	struct listing *l = MEM_NEW(struct listing);

	conf_printer_begin(&l->printer, t);
	l->type = mem_text(conf_value(c->line, "configuration-type"));
	l->instance = mem_text(conf_value(c->line, "configuration-instance"));
	l->printer.want = listing_wants;
	l->printer.arg = l;
	c->data = l;
	c->resume = listing_go_on;
	cli_later(c, listing_free);
	listing_go_on(c);
}

static void run_display_current(struct cli_call *c)
{
	listing_start(c, conf_store_running(cli_store(c->session->cli)));
}

static void run_display_this(struct cli_call *c)
{
	const struct place *p = &c->session->place;
	const struct conf_tree *running = conf_store_running(cli_store(c->session->cli));
	const struct conf_node *view = conf_at(running, &p->path);
	struct buf out = {0};
	struct conf_iter it;

	buf_text(&out, "#\n");
	if (p->depth > 1) {
		if (view)
			conf_print_view(view, p->depth - 2, &out);
	} else {
		for (const struct conf_node *n = conf_first(&it, view); n; n = conf_next(&it))
			if (!n->line->row->enters)
				conf_print_view(n, 0, &out);
	}
	buf_text(&out, "#\nreturn\n");
	cli_write(c, (char *)out.data, out.len);
	buf_free(&out);
}

static void run_display_candidate(struct cli_call *c)
{
	const struct conf_candidate *candidate = cli_candidate(c);
	struct conf_diff diff;
	struct buf out = {0};

	if (!conf_has(c->line, "changes")) {
		listing_start(c, &candidate->tree);
		return;
	}
	conf_diff(&candidate->base, &candidate->tree, &diff);
	conf_diff_text(&diff, &out);
	if (!diff.count)
		buf_text(&out, "Info: No configuration changes.\n");
	cli_write(c, (char *)out.data, out.len);
	conf_diff_free(&diff);
	buf_free(&out);
}

static void run_clear_candidate(struct cli_call *c)
{
	cli_candidate_restart(c);
	cli_view_reset(c);
}

// Brings what others have committed meanwhile under our own changes.
static void run_refresh_candidate(struct cli_call *c)
{
	const struct conf_tree *running = conf_store_running(cli_store(c->session->cli));
	struct conf_candidate *candidate = cli_candidate(c), next;
	struct buf conflict = {0};

	if (conf_candidate_merge(candidate, running, &next.tree, &conflict)) {
		next.base = conf_tree_clone(running);
		conf_candidate_free(candidate);
		*candidate = next;
	} else {
		cli_write(c, (char *)conflict.data, conflict.len);
		cli_error(c, "The configuration conflicts with that of another user.");
	}
	buf_free(&conflict);
}

// One session alone may change the configuration, until it says so or ends.
static void run_exclusive(struct cli_call *c)
{
	struct cli *cli = c->session->cli;
	unsigned other = cli_locked(c->session);

	if (other)
		cli_error(c, CLI_LOCKED, other);
	else
		cli->exclusive = c->undo ? NULL : c->session;
}

// --- the terminal -----------------------------------------------------------------------------------
static void run_screen_length(struct cli_call *c)
{
	struct cli_session *s = c->session;

	s->screen_length = c->undo ? 24 : (unsigned)conf_number(c->line, "screen-length", 24);
	if (s->ops.page)
		s->ops.page(s->arg, s->screen_length);
	if (!s->mode.script)
		cli_print(c, "Info: The configuration takes effect on the current user terminal "
			     "interface only.\n");
}

static void run_display_history(struct cli_call *c)
{
	const struct history *h = &c->session->history;

	for (unsigned i = 0; i < h->count; i++)
		cli_print(c, "  %s\n", h->line[i]);
}

static void run_history_size(struct cli_call *c)
{
	history_limit(&c->session->history,
		      c->undo ? 10 : (unsigned)conf_number(c->line, "size-value", 10));
}

static void run_mmi_mode(struct cli_call *c)
{
	struct cli_session *s = c->session;

	s->silent = !c->undo;
	if (s->ops.page)
		s->ops.page(s->arg, s->silent ? 0 : s->screen_length);
}

static void run_nothing(struct cli_call *c)
{
}

#define DISPLAY_CURRENT                                                                        \
	"display current-configuration [ all | inactive | configuration [ configuration-type " \
	"[ configuration-instance ] ] ] [ include-default ]"
#define DISPLAY_CANDIDATE "display configuration candidate [ merge | changes ]"
#define TERMINAL                                                         \
	"terminal { monitor | logging | debugging | alarm | trapping };" \
	"terminal command forward matched upper-view"

static bool accept_word(const char *word, struct buf *out)
{
	buf_text(out, word);
	return *word;
}

const struct param builtin_params[] = {
	{.name = "configuration-type",
	 .kind = PARAM_CUSTOM,
	 .accept = accept_word,
	 .shape = "STRING",
	 .help = "First word of the statements wanted"},
	{.name = "configuration-instance",
	 .kind = PARAM_CUSTOM,
	 .accept = accept_word,
	 .shape = "STRING",
	 .help = "One of their other words"},
	{.name = NULL},
};

static const struct row rows[] = {
	{.views = "user",
	 .grammar = "system-view [ immediately ]",
	 .run = run_system_view,
	 .level = 2,
	 .help = "Enters the system view, where the configuration is edited."},
	{.views = "*", .grammar = "quit", .run = run_quit, .help = "Leaves the view."},
	{.views = "*", .grammar = "return", .run = run_return, .help = "Returns to the user view."},
	{.views = "config",
	 .grammar = "run text",
	 .run = run_run,
	 .help = "Runs a command of the user view."},
	{.views = "*",
	 .grammar = DISPLAY_CURRENT,
	 .run = run_display_current,
	 .level = 1,
	 .help = "Shows the configuration that runs."},
	{.views = "config",
	 .grammar = "display this [ include-default ]",
	 .run = run_display_this,
	 .level = 1,
	 .help = "Shows what runs of this view."},
	{.views = "config",
	 .grammar = DISPLAY_CANDIDATE,
	 .run = run_display_candidate,
	 .level = 1,
	 .help = "Shows the configuration as edited, or what was edited."},
	{.views = "config",
	 .grammar = "clear configuration candidate",
	 .run = run_clear_candidate,
	 .level = 2,
	 .help = "Drops what was edited and returns to the system view."},
	{.views = "config",
	 .grammar = "refresh configuration candidate",
	 .run = run_refresh_candidate,
	 .level = 2,
	 .help = "Takes over what others have committed since the candidate began."},
	{.views = "*",
	 .grammar = "configuration exclusive",
	 .undo = "configuration exclusive",
	 .run = run_exclusive,
	 .level = 2,
	 .help = "Lets nobody else change the configuration while this session lasts."},
	{.views = "*",
	 .grammar = "screen-length screen-length<0-512> [ temporary ]",
	 .undo = "screen-length [ temporary ]",
	 .run = run_screen_length,
	 .help = "Sets the number of lines per screen; 0 shows everything at once."},
	{.views = "*",
	 .grammar = "display history-command [ all-users ]",
	 .run = run_display_history,
	 .help = "Shows the last commands."},
	{.views = "*",
	 .grammar = "history-command max-size size-value<0-256>",
	 .undo = "history-command max-size",
	 .run = run_history_size,
	 .help = "Sets how many commands are remembered."},
	{.views = "*",
	 .grammar = TERMINAL,
	 .undo = TERMINAL,
	 .run = run_nothing,
	 .help = "Accepted; changes nothing."},
	{.views = "*",
	 .grammar = "terminal echo-mode { line | character }",
	 .run = run_nothing,
	 .help = "Accepted; changes nothing."},
	{.views = "*",
	 .grammar = "timestamp { enable | disable }",
	 .run = run_nothing,
	 .help = "Accepted; changes nothing."},
	{.views = "*",
	 .grammar = "mmi-mode enable",
	 .undo = "mmi-mode enable",
	 .run = run_mmi_mode,
	 .flags = ROW_HIDDEN,
	 .help = "No questions, no paging, every statement committed at once."},
};
static const struct row_table table = {rows, sizeof(rows) / sizeof(rows[0])};

const struct row_table *builtin_rows(void)
{
	return &table;
}

static const struct word_help helps[] = {
	{"undo", "Removes a setting or restores its default"},
	{"system-view", "Enter the system view"},
	{"immediately", "Commit every statement at once"},
	{"quit", "Leave the view"},
	{"return", "Return to the user view"},
	{"run", "Run a command of the user view"},
	{"display", "Display information"},
	{"this", "What runs of this view"},
	{"current-configuration", "Configuration that runs"},
	{"configuration", "Configuration"},
	{"candidate", "Configuration as edited"},
	{"changes", "What was edited"},
	{"merge", "The whole of it"},
	{"exclusive", "For this session alone"},
	{"list", "List"},
	{"verbose", "With all details"},
	{"at", "Of one commit"},
	{"since", "Behind a commit"},
	{"last", "Of the last ones"},
	{"to", "As it was then"},
	{"label", "Label of a commit"},
	{"commit-id", "Number of a commit"},
	{"file", "A file"},
	{"oldest", "The oldest ones"},
	{"rollback", "Return to an earlier configuration"},
	{"load", "Take a configuration into the candidate"},
	{"replace", "In place of what is there"},
	{"trial", "Until confirmed by another commit"},
	{"guard", "Unless the impact passes a limit"},
	{"force", "Ask no guard"},
	{"staged", "For some peers first"},
	{"percent", "Share of the peers concerned, each time"},
	{"stage-percent", "Percent"},
	{"interval", "Goes on by itself"},
	{"stage-interval", "Seconds between two stages"},
	{"persist", "Also without this session"},
	{"abort", "End it"},
	{"set", "Set"},
	{"clear", "Clear"},
	{"refresh", "Refresh"},
	{"screen-length", "Number of lines per screen"},
	{"temporary", "For this session"},
	{"history-command", "Last commands"},
	{"max-size", "How many of them"},
	{"all-users", "Of all users"},
	{"terminal", "Terminal"},
	{"timestamp", "Time stamps before outputs"},
	{"include-default", "Also what holds by default"},
	{"all", "All"},
	{"commit", "Commit what was edited"},
	{"save", "Save the configuration"},
	{"reset", "Reset sessions or counters"},
	{"statistics", "Counters"},
	{"memory", "Memory"},
	{"enable", "Enable"},
	{"disable", "Disable"},
};

const char *builtin_help(const char *word)
{
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++)
		if (strcmp(helps[i].word, word) == 0)
			return helps[i].help;
	return "";
}
