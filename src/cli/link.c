// A link ties the frames of one connection to a session. Frames are handled in order; one that needs an
// idle session (a line) waits in the buffer while a command runs. Interrupts do not wait: they
// are looked for ahead of everything else.
#include "cli/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/protocol.h"

#define UNSENT_HIGH  (256u << 10) // commands pause above this
#define WAITING_HIGH (1u << 20)   // reading pauses above this

struct cli_link {
	struct cli *cli;
	struct cli_link_ops ops;
	void *arg;
	struct cli_session *session; // NULL before the hello
	struct buf in;
	size_t at; // in `in`: what is handled already
	bool idle; // the session waits for a line or an answer
	bool busy; // link_run is on the stack
	bool script, failed, over, bad, paused;
};

static void link_send(struct cli_link *l, enum frame_type type, const void *p, size_t n)
{
	struct buf frame = {0};

	frame_put(&frame, type, p, n);
	l->ops.write(l->arg, frame.data, frame.len);
	buf_free(&frame);
}

// --- what the session says -------------------------------------------------------------------------
static void on_output(void *arg, const char *text, size_t n)
{
	while (n) {
		size_t part = n < FRAME_MAX_RESPONSE / 16 ? n : FRAME_MAX_RESPONSE / 16;
		link_send(arg, FRAME_OUTPUT, text, part);
		text += part;
		n -= part;
	}
}

static void link_run(struct cli_link *l);

static void on_prompt(void *arg, const char *prompt)
{
	struct cli_link *l = arg;

	link_send(l, FRAME_PROMPT, prompt, strlen(prompt));
	l->idle = true;
	link_run(l);
}

static void on_question(void *arg, const char *question)
{
	struct cli_link *l = arg;

	link_send(l, FRAME_QUESTION, question, strlen(question));
	l->idle = true;
	link_run(l);
}

static void on_status(void *arg, int status)
{
	struct cli_link *l = arg;
	uint8_t byte = (uint8_t)status;

	link_send(l, FRAME_STATUS, &byte, 1);
	l->failed |= status != 0;
}

static void on_page(void *arg, unsigned lines)
{
	uint8_t bytes[2] = {(uint8_t)(lines >> 8), (uint8_t)lines};

	link_send(arg, FRAME_PAGE, bytes, 2);
}

static bool on_full(void *arg)
{
	struct cli_link *l = arg;

	return l->ops.unsent(l->arg) > UNSENT_HIGH;
}

static void on_progress(void *arg, const char *text)
{
	link_send(arg, FRAME_PROGRESS, text, strlen(text));
}

static void on_closed(void *arg)
{
	struct cli_link *l = arg;

	link_send(l, FRAME_CLOSED, NULL, 0);
	l->over = true;
	l->idle = false;
	l->ops.finish(l->arg);
}

static const struct cli_session_ops session_ops = {.output = on_output,
						   .prompt = on_prompt,
						   .question = on_question,
						   .status = on_status,
						   .page = on_page,
						   .full = on_full,
						   .closed = on_closed,
						   .progress = on_progress};

// --- what the client says -----------------------------------------------------------------------------
static void take_hello(struct cli_link *l, char *text)
{
	struct cli_session_mode mode = {.user = "", .level = 3};
	char *save = NULL;

	for (char *one = strtok_r(text, "\n", &save); one; one = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(one, '=');
		if (!value)
			continue;
		*value++ = '\0';
		if (strcmp(one, "user") == 0)
			mode.user = value;
		else if (strcmp(one, "script") == 0)
			mode.script = *value == '1';
		else if (strcmp(one, "json") == 0)
			mode.json = *value == '1';
	}
	l->script = mode.script;
	l->session = cli_session_new(l->cli, &mode, &session_ops, l);
	cli_session_start(l->session);
}

static void take_complete(struct cli_link *l, const char *line)
{
	struct buf words = {0}, answer = {0};
	size_t begin = 0;

	cli_session_complete(l->session, line, &words, &begin);
	buf_format(&answer, "%zu\n", begin);
	buf_put(&answer, words.data, words.len);
	link_send(l, FRAME_COMPLETIONS, answer.data, answer.len);
	buf_free(&words);
	buf_free(&answer);
}

static void take_help(struct cli_link *l, const char *line)
{
	struct buf text = {0};

	cli_session_help(l->session, line, &text);
	link_send(l, FRAME_HELP_TEXT, text.data, text.len);
	buf_free(&text);
}

static void take_line(struct cli_link *l, const char *line)
{
	if (l->script && l->failed)
		return; // the script has stopped at the error
	l->idle = false;
	cli_session_line(l->session, line);
}

// Text of a frame; zero bytes inside become a control character, which no line may hold.
static char *frame_text(const struct frame_view *f)
{
	char *text = mem_text_n((const char *)f->p, f->n);

	for (size_t i = 0; i < f->n; i++)
		if (!text[i])
			text[i] = '\x01';
	return text;
}

static bool link_take(struct cli_link *l, const struct frame_view *f)
{
	char *text = frame_text(f);
	bool known = (f->type == FRAME_HELLO) == !l->session;

	if (known) {
		switch (f->type) {
		case FRAME_HELLO:
			take_hello(l, text);
			break;
		case FRAME_LINE:
			take_line(l, text);
			break;
		case FRAME_HELP:
			take_help(l, text);
			break;
		case FRAME_COMPLETE:
			take_complete(l, text);
			break;
		case FRAME_INTERRUPT: // there was nothing to interrupt any more, or link_interrupts has
			break;
		case FRAME_RETURN:
			l->idle = false;
			cli_session_return(l->session);
			break;
		default:
			known = false;
		}
	}
	mem_free(text);
	return known;
}

// Handles what has come, as far as the session is ready for it. Not entered twice: a line that is
// done at once brings the prompt while this loop still runs, and the loop goes on by itself.
static void link_run(struct cli_link *l)
{
	struct frame_view f;
	int got = 0;

	if (l->busy || l->bad)
		return;
	l->busy = true;
	while (!l->over && (l->idle || !l->session) &&
	       (got = frame_take(&l->in, &l->at, FRAME_MAX_REQUEST, &f)) > 0) {
		if (!link_take(l, &f)) {
			got = -1;
			break;
		}
	}
	l->bad = got < 0;
	if (l->at) {
		size_t left = l->in.len - l->at;
		memmove(l->in.data, l->in.data + l->at, left + 1);
		l->in.len = left;
		l->at = 0;
	}
	l->busy = false;
	if (l->ops.pause && l->paused != (l->in.len > WAITING_HIGH)) {
		l->paused = !l->paused;
		l->ops.pause(l->arg, l->paused);
	}
}

// Ctrl+C overtakes the lines that were sent before it, and discards them.
static void link_interrupts(struct cli_link *l)
{
	struct frame_view f;
	size_t at = 0, behind = 0;

	while (frame_take(&l->in, &at, FRAME_MAX_REQUEST, &f) > 0)
		if (f.type == FRAME_INTERRUPT)
			behind = at;
	if (!behind || !l->session)
		return;
	memmove(l->in.data, l->in.data + behind, l->in.len - behind + 1);
	l->in.len -= behind;
	cli_session_interrupt(l->session);
}

struct cli_link *cli_link_new(struct cli *c, const struct cli_link_ops *ops, void *arg)
{
	struct cli_link *l = MEM_NEW(struct cli_link);

	l->cli = c;
	l->ops = *ops;
	l->arg = arg;
	return l;
}

void cli_link_free(struct cli_link *l)
{
	if (!l)
		return;
	l->over = true;
	cli_session_free(l->session);
	buf_free(&l->in);
	mem_free(l);
}

bool cli_link_read(struct cli_link *l, const void *p, size_t n)
{
	if (l->over)
		return true;
	buf_put(&l->in, p, n);
	if (!l->busy)
		link_interrupts(l);
	link_run(l);
	return !l->bad;
}

void cli_link_drained(struct cli_link *l)
{
	if (l->session && !l->over)
		cli_session_drained(l->session);
}

struct cli_session *cli_link_session(struct cli_link *l)
{
	return l->session;
}
