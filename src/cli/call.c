// Running commands: the life of a call, its output through the filters, its questions. A call ends
// when run() returns without cli_later, at cli_done, or by cancel; whoever of them comes first
// while a callback of the command is on the stack only marks it, and call_leave ends it.
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "cli/session.h"

static const struct row commit_row = {.views = "", .grammar = "commit"};

static struct running *running_of(struct cli_call *c)
{
	return (struct running *)c;
}

static void call_emit(struct cli_session *s, struct buf *out)
{
	if (out->len)
		s->ops.output(s->arg, (char *)out->data, out->len);
	buf_free(out);
}

static void call_end(struct running *r)
{
	struct cli_session *s = r->call.session;
	struct buf out = {0};
	bool failed = r->failed, cancelled = r->cancelled;
	void (*after)(struct cli_session *, bool) = r->after;

	if (!cancelled)
		filter_end(&r->filters, &out);
	call_emit(s, &out);
	if (r->filters.no_more && s->ops.page)
		s->ops.page(s->arg, s->screen_length);
	filter_free(&r->filters);
	conf_line_unref((struct conf_line *)r->call.line);
	s->running = NULL;
	if (s->asking == ASKING_LINES)
		s->asking = ASKING_NOTHING;
	mem_free(r);
	if (s->closing)
		return;
	if (after)
		after(s, failed);
	else
		session_finish(s, failed);
}

// Behind every call of the command's code.
static void call_leave(struct running *r)
{
	r->inside = false;
	if (r->done || !r->later)
		call_end(r);
	else if (r->call.session->asking == ASKING_LINES)
		session_finish(r->call.session, 0); // ready for the first of them
}

static void call_begin(struct cli_session *s, const struct row *row, struct conf_line *line,
		       void (*after)(struct cli_session *s, bool failed))
{
	struct running *r = MEM_NEW(struct running);

	r->call = (struct cli_call){.session = s,
				    .row = row,
				    .line = line,
				    .json = s->mode.json,
				    .app = s->cli->setup.app};
	r->after = after;
	r->inside = true;
	s->running = r;
}

void call_start(struct cli_session *s, const struct row *row, struct conf_line *line, bool undo,
		struct filter_chain *filters, void (*after)(struct cli_session *s, bool failed))
{
	call_begin(s, row, line, after);
	struct running *r = s->running;
	r->call.undo = undo;
	r->filters = *filters;
	*filters = (struct filter_chain){0};
	if (r->filters.no_more && s->ops.page)
		s->ops.page(s->arg, 0);
	row->run(&r->call);
	call_leave(r);
}

void call_commit(struct cli_session *s, void (*after)(struct cli_session *s, bool failed))
{
	call_begin(s, &commit_row, conf_line_new(&commit_row, false, NULL, 0), after);
	struct running *r = s->running;
	if (s->cli->setup.commit)
		s->cli->setup.commit(&r->call);
	call_leave(r);
}

void call_cancel(struct cli_session *s)
{
	struct running *r = s->running;

	if (!r)
		return;
	r->cancelled = r->failed = r->done = true;
	if (r->call.cancel)
		r->call.cancel(&r->call);
	if (!r->inside)
		call_end(r);
}

void call_answer(struct cli_session *s, bool yes)
{
	struct running *r = s->running;
	void (*answered)(struct cli_call *, bool) = r->answered;

	r->answered = NULL;
	r->inside = true;
	answered(&r->call, yes);
	call_leave(r);
}

void call_line(struct cli_session *s, const char *text)
{
	struct running *r = s->running;

	r->inside = true;
	r->line(&r->call, text);
	r->inside = false;
	if (r->done)
		call_end(r);
	else
		session_finish(s, 0);
}

void call_resume(struct cli_session *s)
{
	struct running *r = s->running;

	if (!r || r->inside || !r->call.resume)
		return;
	r->inside = true;
	r->call.resume(&r->call);
	call_leave(r);
}

void cli_write(struct cli_call *c, const char *text, size_t n)
{
	struct running *r = running_of(c);
	struct buf out = {0};

	if (r->cancelled)
		return;
	if (!r->filters.count) {
		if (n)
			c->session->ops.output(c->session->arg, text, n);
		return;
	}
	filter_write(&r->filters, text, n, &out);
	call_emit(c->session, &out);
}

void cli_print(struct cli_call *c, const char *format, ...)
{
	struct buf text = {0};
	va_list ap;

	va_start(ap, format);
	buf_vformat(&text, format, ap);
	va_end(ap);
	cli_write(c, (char *)text.data, text.len);
	buf_free(&text);
}

void cli_error(struct cli_call *c, const char *format, ...)
{
	struct buf text = {0};
	va_list ap;

	buf_text(&text, "Error: ");
	va_start(ap, format);
	buf_vformat(&text, format, ap);
	va_end(ap);
	buf_text(&text, "\n");
	// Errors are not for the filters: `| include x` must not swallow them.
	c->session->ops.output(c->session->arg, (char *)text.data, text.len);
	buf_free(&text);
	cli_failed(c);
}

void cli_progress(struct cli_call *c, const char *format, ...)
{
	const struct cli_session *s = c->session;
	struct buf text = {0};
	va_list ap;

	if (!s->ops.progress || !session_interactive(s) || c->json || running_of(c)->cancelled)
		return;
	va_start(ap, format);
	buf_vformat(&text, format, ap);
	va_end(ap);
	s->ops.progress(s->arg, buf_cstr(&text));
	buf_free(&text);
}

void cli_failed(struct cli_call *c)
{
	running_of(c)->failed = true;
}

void cli_later(struct cli_call *c, void (*cancel)(struct cli_call *c))
{
	c->cancel = cancel;
	running_of(c)->later = true;
}

void cli_done(struct cli_call *c)
{
	struct running *r = running_of(c);

	r->done = true;
	if (!r->inside)
		call_end(r);
}

bool cli_full(const struct cli_call *c)
{
	const struct cli_session *s = c->session;

	return s->ops.full && s->ops.full(s->arg);
}

bool cli_interactive(const struct cli_call *c)
{
	return session_interactive(c->session);
}

void cli_ask(struct cli_call *c, const char *question, void (*done)(struct cli_call *c, bool yes))
{
	struct running *r = running_of(c);

	r->later = true;
	if (!session_interactive(c->session)) {
		done(c, true);
		return;
	}
	r->answered = done;
	session_ask(c->session, ASKING_CALL, question);
}

void cli_take_lines(struct cli_call *c, const char *name,
		    void (*line)(struct cli_call *c, const char *text),
		    void (*cancel)(struct cli_call *c))
{
	struct cli_session *s = c->session;

	cli_later(c, cancel);
	running_of(c)->line = line;
	mem_free(s->question);
	s->question = mem_text(name);
	s->asking = ASKING_LINES;
}

struct conf_candidate *cli_candidate(struct cli_call *c)
{
	return c->session->config ? &c->session->candidate : NULL;
}

void cli_candidate_restart(struct cli_call *c)
{
	session_restart_candidate(c->session);
}

void cli_view_reset(struct cli_call *c)
{
	place_leave(&c->session->place, 1);
}
