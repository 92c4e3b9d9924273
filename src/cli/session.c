// Sessions: lines in, text and prompts out. One line at a time: while a command runs or a question
// stands, the next line is not taken (the transport waits for the prompt).
//
// A session that enters the configuration views begins a candidate from what runs. As long as it
// has changed nothing, its candidate follows the running configuration line by line.
#include "cli/session.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define LEAVE_QUESTION                                                            \
	"Warning: Uncommitted configurations found, commit them before exiting? " \
	"[Y(yes)/N(no)/C(cancel)]:"

struct cli *cli_new(const struct cli_setup *setup)
{
	struct cli *c = MEM_NEW(struct cli);

	c->setup = *setup;
	return c;
}

void cli_free(struct cli *c)
{
	mem_free(c);
}

struct cli_session *cli_session_new(struct cli *c, const struct cli_session_mode *mode,
				    const struct cli_session_ops *ops, void *arg)
{
	struct cli_session *s = MEM_NEW(struct cli_session);

	s->cli = c;
	s->ops = *ops;
	s->arg = arg;
	s->mode = *mode;
	s->user = mem_text(mode->user ? mode->user : "");
	s->mode.user = s->user;
	s->number = ++c->next_number;
	s->screen_length = 24;
	history_limit(&s->history, 10);
	return s;
}

static void drop_question(struct cli_session *s)
{
	if (s->asking == ASKING_STATEMENT)
		statement_end(&s->pending);
	s->asking = ASKING_NOTHING;
	mem_free(s->question);
	s->question = NULL;
}

static void end_config(struct cli_session *s)
{
	if (!s->config)
		return;
	s->config = s->immediate = false;
	conf_candidate_free(&s->candidate);
	place_free(&s->place);
}

void cli_session_free(struct cli_session *s)
{
	if (!s)
		return;
	s->closing = true;
	drop_question(s);
	call_cancel(s);
	if (s->cli->exclusive == s)
		s->cli->exclusive = NULL;
	if (s->cli->setup.session_ended)
		s->cli->setup.session_ended(s->cli->setup.app, s);
	end_config(s);
	history_limit(&s->history, 0);
	buf_free(&s->message);
	mem_free(s->user);
	mem_free(s);
}

bool session_interactive(const struct cli_session *s)
{
	return !s->mode.script && !s->silent;
}

void session_put(struct cli_session *s, const char *format, ...)
{
	struct buf text = {0};
	va_list ap;

	va_start(ap, format);
	buf_vformat(&text, format, ap);
	va_end(ap);
	if (text.len)
		s->ops.output(s->arg, (char *)text.data, text.len);
	buf_free(&text);
}

void session_prompt_text(const struct cli_session *s, struct buf *out)
{
	const struct cli_setup *setup = &s->cli->setup;
	const char *name = setup->host_name ? setup->host_name(setup->app) : "Afresh";

	if (!s->config) {
		buf_format(out, "<%s>", name);
		return;
	}
	buf_text(out, "[");
	if (!s->immediate)
		buf_text(out, conf_candidate_dirty(&s->candidate) ? "*" : "~");
	buf_text(out, name);
	if (s->asking == ASKING_LINES)
		buf_format(out, "-%s", s->question);
	else
		place_prompt(&s->place, out);
	buf_text(out, "]");
}

static void put_prompt(struct cli_session *s)
{
	struct buf prompt = {0};

	session_prompt_text(s, &prompt);
	s->ops.prompt(s->arg, buf_cstr(&prompt));
	buf_free(&prompt);
}

void session_finish(struct cli_session *s, int status)
{
	s->ops.status(s->arg, status);
	put_prompt(s);
}

void session_close(struct cli_session *s)
{
	s->closing = true;
	s->ops.status(s->arg, 0);
	s->ops.closed(s->arg);
}

void cli_session_start(struct cli_session *s)
{
	if (s->ops.page)
		s->ops.page(s->arg, s->screen_length);
	put_prompt(s);
}

void session_ask(struct cli_session *s, enum asking what, const char *question)
{
	char *copy = mem_text(question);

	mem_free(s->question);
	s->question = copy;
	s->asking = what;
	s->ops.question(s->arg, s->question);
}

// --- configuration views ----------------------------------------------------------------------------
void session_enter_config(struct cli_session *s, bool immediate)
{
	if (s->config)
		return;
	s->config = true;
	s->immediate = immediate;
	conf_candidate_begin(&s->candidate, conf_store_running(s->cli->setup.store));
	place_init(&s->place, s->cli->setup.grammar);
}

void session_restart_candidate(struct cli_session *s)
{
	if (!s->config)
		return;
	conf_candidate_free(&s->candidate);
	conf_candidate_begin(&s->candidate, conf_store_running(s->cli->setup.store));
}

static void follow_running(struct cli_session *s)
{
	if (s->config &&
	    !conf_tree_same(&s->candidate.base, conf_store_running(s->cli->setup.store)) &&
	    !conf_candidate_dirty(&s->candidate))
		session_restart_candidate(s);
}

static void left_after_commit(struct cli_session *s, bool failed)
{
	if (!failed)
		end_config(s);
	session_finish(s, failed);
}

void session_leave_config(struct cli_session *s)
{
	if (!conf_candidate_dirty(&s->candidate)) {
		end_config(s);
		session_finish(s, 0);
	} else if (session_interactive(s)) {
		session_ask(s, ASKING_LEAVE, LEAVE_QUESTION);
	} else {
		call_commit(s, left_after_commit);
	}
}

// --- statements ---------------------------------------------------------------------------------------
static void committed_at_once(struct cli_session *s, bool failed)
{
	// What cannot be committed must not wait for the next line to fail with it.
	if (failed)
		session_restart_candidate(s);
	session_finish(s, failed);
}

static void statement_finish(struct cli_session *s, bool done)
{
	if (s->message.len)
		s->ops.output(s->arg, (char *)s->message.data, s->message.len);
	else if (!done)
		session_put(s, "Error: The statement was refused.\n");
	buf_clear(&s->message);
	if (done && s->immediate && conf_candidate_dirty(&s->candidate))
		call_commit(s, committed_at_once);
	else
		session_finish(s, !done);
}

unsigned cli_locked(const struct cli_session *s)
{
	const struct cli_session *holder = s->cli->exclusive;

	return holder && holder != s ? holder->number : 0;
}

static void run_statement(struct cli_session *s, const struct match *m, unsigned depth)
{
	struct statement_context c = {.grammar = s->cli->setup.grammar,
				      .place = &s->place,
				      .tree = &s->candidate.tree,
				      .message = &s->message,
				      .app = s->cli->setup.app};
	const struct row *row = m->entry->row;
	const char *question = NULL;

	buf_clear(&s->message);
	if (cli_locked(s)) {
		conf_line_unref(m->line);
		session_put(s, "Error: " CLI_LOCKED "\n", cli_locked(s));
		session_finish(s, 1);
		return;
	}
	bool done = statement_begin(&s->pending, &c, m, depth);
	if (done && row->question && session_interactive(s))
		question = row->question(&s->pending.edit);
	if (question) {
		session_ask(s, ASKING_STATEMENT, question);
		return;
	}
	done = done && statement_apply(&s->pending);
	statement_end(&s->pending);
	statement_finish(s, done);
}

// --- answers ------------------------------------------------------------------------------------------
enum answer { ANSWER_BAD, ANSWER_YES, ANSWER_NO, ANSWER_CANCEL };

static enum answer read_answer(const char *line, bool may_cancel)
{
	static const char *const words[] = {"yes", "no", "cancel"};
	char word[16];

	line += strspn(line, " \t");
	size_t n = strcspn(line, " \t\r\n");
	if (!n || n >= sizeof(word))
		return ANSWER_BAD;
	memcpy(word, line, n);
	word[n] = '\0';
	for (unsigned i = 0; i < (may_cancel ? 3U : 2U); i++)
		if (text_is_prefix_nocase(word, words[i]))
			return (enum answer)(ANSWER_YES + i);
	return ANSWER_BAD;
}

static void answer_leave(struct cli_session *s, enum answer answer)
{
	if (answer == ANSWER_YES) {
		call_commit(s, left_after_commit);
	} else if (answer == ANSWER_NO) {
		end_config(s);
		session_finish(s, 0);
	} else {
		session_finish(s, 0);
	}
}

static void answer_statement(struct cli_session *s, bool yes)
{
	struct statement pending = s->pending;
	bool done = !yes || statement_apply(&pending);

	statement_end(&pending);
	statement_finish(s, done);
}

static void take_answer(struct cli_session *s, const char *line)
{
	enum asking asking = s->asking;
	enum answer answer = read_answer(line, asking == ASKING_LEAVE);

	if (answer == ANSWER_BAD) {
		char *question = mem_format(
			"%s",
			asking == ASKING_LEAVE
				? "Error: Please choose 'YES', 'NO' or 'CANCEL' first before pressing "
				  "'Enter'. [Y/N/C]:"
				: "Error: Please choose 'YES' or 'NO' first before pressing 'Enter'. [Y/N]:");
		session_ask(s, asking, question);
		mem_free(question);
		return;
	}
	s->asking = ASKING_NOTHING;
	if (asking == ASKING_LEAVE)
		answer_leave(s, answer);
	else if (asking == ASKING_STATEMENT)
		answer_statement(s, answer == ANSWER_YES);
	else
		call_answer(s, answer == ANSWER_YES);
}

// --- lines ----------------------------------------------------------------------------------------------
static void report(struct cli_session *s, const char *line, size_t column, const char *error)
{
	struct buf prompt = {0};

	// A script does not see its lines echoed, so the caret needs the line above it.
	if (s->mode.script)
		session_put(s, "%s\n", line);
	else
		session_prompt_text(s, &prompt);
	if (strchr(error, '^'))
		session_put(s, "%*s^\n", (int)(prompt.len + column), "");
	session_put(s, "%s\n", error);
	buf_free(&prompt);
	session_finish(s, 1);
}

static bool match_here(struct cli_session *s, const char *line, struct match *m,
		       unsigned *ret_depth)
{
	struct grammar *g = s->cli->setup.grammar;

	if (s->config)
		return place_match(g, &s->place, line, m, ret_depth);
	*ret_depth = 0;
	return match_line(g, g->user, line, MATCH_ALL, m);
}

// Matches with the output filters cut off. *ret_filters: where they begin; NULL: none, or the
// line has a meaning with its bars (a description).
static bool match_with_filters(struct cli_session *s, const char *line, struct match *m,
			       unsigned *ret_depth, const char **ret_filters)
{
	struct match cut;
	unsigned depth;

	*ret_filters = NULL;
	if (match_here(s, line, m, ret_depth))
		return true;
	const char *filters = filter_find(line);
	if (!filters)
		return false;
	char *command = mem_text_n(line, (size_t)(filters - line));
	bool matched = match_here(s, command, &cut, &depth);
	mem_free(command);
	if (!matched || cut.entry->row->run) {
		*m = cut;
		*ret_depth = depth;
		*ret_filters = filters;
		return matched;
	}
	conf_line_unref(cut.line); // statements have no output
	return false;
}

static void run_line(struct cli_session *s, const char *line)
{
	struct filter_chain filters = {0};
	const char *filter_text;
	unsigned depth;
	struct match m;
	size_t column;

	if (!match_with_filters(s, line, &m, &depth, &filter_text)) {
		report(s, line, m.column, match_error(m.status));
		return;
	}
	const struct row *row = m.entry->row;
	if (filter_text && !filter_parse(filter_text, &filters, &column)) {
		conf_line_unref(m.line);
		report(s, line, (size_t)(filter_text - line) + column, match_error(MATCH_WRONG));
	} else if (row->level > s->mode.level) {
		conf_line_unref(m.line);
		filter_free(&filters);
		report(s, line, 0, "Error: No permission to run the command.");
	} else if (row->run) {
		call_start(s, row, m.line, m.entry->undo, &filters, NULL);
	} else {
		run_statement(s, &m, depth);
	}
}

void cli_session_line(struct cli_session *s, const char *line)
{
	if (s->asking == ASKING_LINES) {
		call_line(s, line);
		return;
	}
	if (s->asking != ASKING_NOTHING) {
		take_answer(s, line);
		return;
	}
	if (s->running || s->closing)
		return;
	const char *text = line + strspn(line, " \t\r\n");
	if (!*text || *text == '#' || *text == '!') {
		session_finish(s, 0);
		return;
	}
	history_add(&s->history, text);
	follow_running(s);
	run_line(s, line);
}

void cli_session_interrupt(struct cli_session *s)
{
	if (s->asking == ASKING_STATEMENT || s->asking == ASKING_LEAVE) {
		drop_question(s);
		session_finish(s, 1);
		return;
	}
	s->asking = ASKING_NOTHING;
	call_cancel(s);
}

void cli_session_return(struct cli_session *s)
{
	if (s->running || s->asking != ASKING_NOTHING)
		return;
	if (s->config)
		session_leave_config(s);
	else
		session_finish(s, 0);
}

void cli_session_drained(struct cli_session *s)
{
	if (s->asking == ASKING_NOTHING)
		call_resume(s);
}

bool cli_session_busy(const struct cli_session *s)
{
	return s->running != NULL;
}

struct conf_candidate *cli_session_candidate(struct cli_session *s)
{
	return s->config ? &s->candidate : NULL;
}

struct cli *cli_session_cli(struct cli_session *s)
{
	return s->cli;
}

const char *cli_session_user(const struct cli_session *s)
{
	return s->user;
}

unsigned cli_session_number(const struct cli_session *s)
{
	return s->number;
}

struct conf_store *cli_store(struct cli *c)
{
	return c->setup.store;
}

void *cli_app(struct cli *c)
{
	return c->setup.app;
}

struct grammar *cli_grammar(struct cli *c)
{
	return c->setup.grammar;
}
