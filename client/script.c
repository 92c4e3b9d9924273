// Scripts: commands one per line or with `;` between them (outside double quotes), no prompts,
// questions answered with yes by the daemon. Lines are sent ahead of the answers, so that a long
// script is not slowed down by the way to and fro; the daemon discards what follows an error.
//
// Everything that the commands print, errors included, goes to standard output; where it
// stopped goes to standard error.
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define AHEAD_MAX 64 // lines under way

struct script {
	struct connection *connection;
	bool from_text;   // -c
	struct buf input; // what was read of the source
	size_t at;        // in input: behind what was taken
	bool input_ended;
	unsigned number; // of the line (of -c: command) taken last
	struct {
		char *text;
		unsigned number;
	} ahead[AHEAD_MAX];
	unsigned ahead_count;
	bool answered; // the status of the oldest of them is here
	bool ended;    // the source, and all of it is sent
	bool over;     // the conversation
	int status;
	char *prompt; // the last one
};

// Length of the command at the beginning of text: to a line end, or to a `;` outside quotes.
static size_t command_length(const char *text, size_t n)
{
	bool quoted = false,
	     comment = text[strspn(text, " \t")] == '#' || text[strspn(text, " \t")] == '!';

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		if (text[i] == '\n' || (text[i] == ';' && !quoted && !comment))
			return i;
	}
	return n;
}

// The next command, the caller's; NULL: more input is needed, or (s->ended) there is none.
static char *next_command(struct script *s)
{
	while (s->at < s->input.len) {
		const char *text = (const char *)s->input.data + s->at;
		size_t left = s->input.len - s->at;
		size_t n = command_length(text, left);
		if (n == left && !s->input_ended)
			return NULL;
		if (s->from_text || s->number == 0 || text[-1] == '\n')
			s->number++;
		s->at += n + (n < left);
		size_t blanks = strspn(text, " \t\r");
		// Blanks in front mean something in a difference (load configuration terminal).
		if (blanks < n && text[blanks] != '#' && text[blanks] != '!')
			return s->from_text ? mem_text_n(text + blanks, n - blanks)
					    : mem_text_n(text, n);
	}
	s->ended = s->input_ended;
	return NULL;
}

static void send_ahead(struct script *s)
{
	while (!s->ended && !s->over && s->ahead_count < AHEAD_MAX) {
		char *command = next_command(s);
		if (!command)
			return;
		s->ahead[s->ahead_count].text = command;
		s->ahead[s->ahead_count++].number = s->number;
		if (!connection_send_text(s->connection, FRAME_LINE, command))
			s->over = true;
	}
}

static void read_input(struct script *s)
{
	// What was taken is not needed; one byte stays, to know a line's beginning by.
	if (s->at > (1 << 16)) {
		size_t drop = s->at - 1;
		memmove(s->input.data, s->input.data + drop, s->input.len - drop + 1);
		s->input.len -= drop;
		s->at = 1;
	}
	ssize_t n = read(STDIN_FILENO, buf_room(&s->input, 1 << 14), 1 << 14);
	if (n > 0)
		buf_extend(&s->input, (size_t)n);
	else if (n == 0 || errno != EINTR)
		s->input_ended = true;
}

static void line_done(struct script *s, bool failed)
{
	if (!s->ahead_count)
		return;
	if (failed) {
		fflush(stdout);
		fprintf(stderr, "afresh: stopped at %s %u: %s\n", s->from_text ? "command" : "line",
			s->ahead[0].number, s->ahead[0].text + strspn(s->ahead[0].text, " \t\r"));
		s->status = 1;
		s->over = true;
	}
	mem_free(s->ahead[0].text);
	memmove(&s->ahead[0], &s->ahead[1], --s->ahead_count * sizeof(s->ahead[0]));
}

static void take_frame(struct script *s)
{
	struct frame_view f;

	if (!connection_next(s->connection, &f)) {
		fflush(stdout);
		fprintf(stderr, "afresh: the daemon has closed the connection\n");
		s->status = 1;
		s->over = true;
		return;
	}
	switch (f.type) {
	case FRAME_OUTPUT:
		fwrite(f.p, 1, f.n, stdout);
		break;
	case FRAME_STATUS:
		s->answered = true;
		if (f.n && f.p[0])
			line_done(s, true);
		break;
	case FRAME_PROMPT: // the line is done when the prompt behind its status is here
		mem_free(s->prompt);
		s->prompt = frame_copy(&f);
		if (s->answered)
			line_done(s, false);
		s->answered = false;
		break;
	case FRAME_CLOSED:
		s->over = true;
		break;
	default:
		break;
	}
}

// Waits for an answer, or for more of the script.
static void await(struct script *s)
{
	struct pollfd fds[2] = {{.fd = s->connection->fd, .events = POLLIN},
				{.fd = STDIN_FILENO, .events = POLLIN}};
	bool want_input = !s->input_ended && s->ahead_count < AHEAD_MAX;

	if (connection_ready(s->connection)) {
		take_frame(s);
		return;
	}
	fflush(stdout);
	if (poll(fds, want_input ? 2 : 1, -1) < 0)
		return;
	if (fds[0].revents)
		take_frame(s);
	else if (want_input && fds[1].revents)
		read_input(s);
}

int script_run(struct connection *c, const struct script_source *source)
{
	struct script s = {.connection = c, .from_text = source->text != NULL};

	if (source->text) {
		buf_text(&s.input, source->text);
		s.input_ended = true;
	}
	for (send_ahead(&s); !s.over && (!s.ended || s.ahead_count); send_ahead(&s))
		await(&s);
	if (s.prompt && strncmp(s.prompt, "[*", 2) == 0 && !s.status)
		fprintf(stderr, "afresh: changes that were not committed are dropped\n");
	while (s.ahead_count)
		mem_free(s.ahead[--s.ahead_count].text);
	fflush(stdout);
	mem_free(s.prompt);
	buf_free(&s.input);
	return s.status;
}
