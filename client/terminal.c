// The terminal: libedit edits the line; Tab, `?`, Ctrl+C and Ctrl+Z are keys of their own. While a
// command runs the terminal is in its ordinary mode, where Ctrl+C is a signal that goes to the daemon
// as an interrupt: the command's display ends, work that it started goes on.
#include "client.h"

#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum key { KEY_NONE, KEY_INTERRUPT, KEY_RETURN };

struct terminal {
	struct connection *connection;
	struct pager pager;
	EditLine *editor;
	History *history;
	char *prompt;              // owned
	enum key key;              // that ended the line instead of Enter
	bool over, lost, progress; // progress: the last line is to be wiped
};

static struct terminal *terminal_of(EditLine *editor)
{
	struct terminal *t = NULL;

	el_get(editor, EL_CLIENTDATA, &t);
	return t;
}

static char *show_prompt(EditLine *editor)
{
	return terminal_of(editor)->prompt;
}

// Text before the cursor; the caller's.
static char *text_before(EditLine *editor)
{
	const LineInfo *line = el_line(editor);

	return mem_text_n(line->buffer, (size_t)(line->cursor - line->buffer));
}

// Waits for one answer, which is all that can come while a line is being edited.
static char *ask_daemon(struct terminal *t, enum frame_type ask, const char *line,
			enum frame_type answer)
{
	struct frame_view f;

	if (!connection_send_text(t->connection, ask, line))
		return NULL;
	while (connection_next(t->connection, &f))
		if (f.type == answer)
			return frame_copy(&f);
	t->lost = true;
	return NULL;
}

static bool in_quotes(const char *text)
{
	bool quoted = false;

	for (; *text; text++)
		quoted ^= *text == '"';
	return quoted;
}

static unsigned char on_help(EditLine *editor, int character)
{
	struct terminal *t = terminal_of(editor);
	char *before = text_before(editor);
	unsigned char what = CC_REDISPLAY;

	if (in_quotes(before)) {
		what = el_insertstr(editor, "?") == 0 ? CC_REFRESH : CC_ERROR;
	} else {
		char *text = ask_daemon(t, FRAME_HELP, before, FRAME_HELP_TEXT);
		if (text) {
			printf("?\n");
			pager_start(&t->pager);
			pager_write(&t->pager, text, strlen(text));
			pager_end(&t->pager);
		}
		mem_free(text);
	}
	mem_free(before);
	return t->lost ? CC_EOF : what;
}

// Adds what all the words have in common; one word alone is finished with a blank.
static unsigned char take_words(EditLine *editor, char *words, size_t typed)
{
	char *rest = strchr(words, '\n');
	size_t common;

	if (!rest)
		return CC_ERROR;
	*rest++ = '\0';
	common = strlen(words);
	for (char *other = rest; *other; other = strchr(other, '\n') + 1) {
		size_t same = 0;
		while (same < common && other[same] == words[same])
			same++;
		common = same;
	}
	if (common < typed)
		return CC_ERROR;
	words[common] = '\0';
	// The typed part is replaced: it may differ in case.
	el_deletestr(editor, (int)typed);
	if (el_insertstr(editor, words) != 0)
		return CC_ERROR;
	if (!*rest && el_insertstr(editor, " ") != 0)
		return CC_ERROR;
	return CC_REFRESH;
}

static unsigned char on_tab(EditLine *editor, int character)
{
	struct terminal *t = terminal_of(editor);
	char *before = text_before(editor);
	char *answer = ask_daemon(t, FRAME_COMPLETE, before, FRAME_COMPLETIONS);
	unsigned char what = CC_ERROR;

	if (answer) {
		char *words;
		size_t begin = strtoul(answer, &words, 10);
		if (*words == '\n' && begin <= strlen(before))
			what = take_words(editor, words + 1, strlen(before) - begin);
	}
	mem_free(answer);
	mem_free(before);
	return t->lost ? CC_EOF : what;
}

static unsigned char on_interrupt(EditLine *editor, int character)
{
	terminal_of(editor)->key = KEY_INTERRUPT;
	return CC_NEWLINE;
}

static unsigned char on_return(EditLine *editor, int character)
{
	terminal_of(editor)->key = KEY_RETURN;
	return CC_NEWLINE;
}

static bool terminal_start(struct terminal *t)
{
	HistEvent event;

	t->editor = el_init("afresh", stdin, stdout, stderr);
	if (!t->editor)
		return false;
	t->history = history_init();
	history(t->history, &event, H_SETSIZE, 256);
	history(t->history, &event, H_SETUNIQUE, 1);
	el_set(t->editor, EL_CLIENTDATA, t);
	el_set(t->editor, EL_PROMPT, show_prompt);
	el_set(t->editor, EL_EDITOR, "emacs");
	el_set(t->editor, EL_HIST, history, t->history);
	el_set(t->editor, EL_SIGNAL, 0);
	el_set(t->editor, EL_ADDFN, "afresh-help", "What can come here", on_help);
	el_set(t->editor, EL_ADDFN, "afresh-complete", "Complete the word", on_tab);
	el_set(t->editor, EL_ADDFN, "afresh-interrupt", "Drop the line", on_interrupt);
	el_set(t->editor, EL_ADDFN, "afresh-return", "Return to the user view", on_return);
	el_set(t->editor, EL_BIND, "?", "afresh-help", NULL);
	el_set(t->editor, EL_BIND, "\t", "afresh-complete", NULL);
	// While a line is edited Ctrl+C and Ctrl+Z are characters, not signals.
	el_set(t->editor, EL_SETTY, "-d", "-isig", NULL);
	el_set(t->editor, EL_BIND, "^C", "afresh-interrupt", NULL);
	el_set(t->editor, EL_BIND, "^Z", "afresh-return", NULL);
	return true;
}

static void terminal_end(struct terminal *t)
{
	history_end(t->history);
	el_end(t->editor);
	mem_free(t->prompt);
	buf_free(&t->pager.partial);
}

// How far a command is: gone with whatever comes next.
static void show_progress(struct terminal *t, const struct frame_view *f)
{
	bool shown = f->type == FRAME_PROGRESS && f->n;

	if (shown || t->progress)
		printf("\r\033[K%.*s", shown ? (int)f->n : 0, (const char *)f->p);
	if (shown)
		fflush(stdout);
	t->progress = shown;
}

static void set_prompt(struct terminal *t, const struct frame_view *f)
{
	mem_free(t->prompt);
	t->prompt = frame_copy(f);
}

// Shows what comes until the daemon wants a line again. *ret_question: it is an answer.
static void await_turn(struct terminal *t, bool *ret_question)
{
	struct frame_view f;

	*ret_question = false;
	pager_start(&t->pager);
	while (!t->over) {
		if (!connection_next(t->connection, &f)) {
			t->lost = t->over = true;
			break;
		}
		show_progress(t, &f);
		if (f.type == FRAME_OUTPUT) {
			pager_write(&t->pager, (const char *)f.p, f.n);
		} else if (f.type == FRAME_PAGE && f.n == 2) {
			t->pager.lines = (unsigned)(f.p[0] << 8 | f.p[1]);
		} else if (f.type == FRAME_CLOSED) {
			t->over = true;
		} else if (f.type == FRAME_PROMPT || f.type == FRAME_QUESTION) {
			*ret_question = f.type == FRAME_QUESTION;
			pager_end(&t->pager);
			set_prompt(t, &f);
			return;
		}
	}
	pager_end(&t->pager);
}

// An answer needs no editing, and questions are wider than what an editor likes as a prompt.
static void take_answer(struct terminal *t)
{
	char answer[256];

	fputs(t->prompt, stdout);
	fflush(stdout);
	ssize_t n = read(STDIN_FILENO, answer, sizeof(answer) - 1);
	if (n < 0 && errno == EINTR) {
		putchar('\n');
		return; // the interrupt is sent by who waits next
	}
	if (n <= 0) {
		t->over = true;
		return;
	}
	answer[n] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	if (!connection_send_text(t->connection, FRAME_LINE, answer))
		t->lost = t->over = true;
}

// Reads one line and sends it, or what a key stands for.
static void take_line(struct terminal *t)
{
	HistEvent event;
	int n;

	t->key = KEY_NONE;
	// Before the prompt is seen, so that no key typed at it still means what it means to the shell.
	el_set(t->editor, EL_PREP_TERM, 1);
	const char *text = el_gets(t->editor, &n);
	interrupted = 0; // what was typed too early is not meant for what comes now
	if (t->key == KEY_INTERRUPT) {
		printf("^C\n");
		connection_send_text(t->connection, FRAME_LINE, "");
		return;
	}
	if (t->key == KEY_RETURN) {
		printf("^Z\n");
		connection_send(t->connection, FRAME_RETURN, NULL, 0);
		return;
	}
	if (!text || n <= 0) {
		t->over = true;
		return;
	}
	char *line = mem_text_n(text, (size_t)n);
	line[strcspn(line, "\r\n")] = '\0';
	if (*line)
		history(t->history, &event, H_ENTER, line);
	if (!connection_send_text(t->connection, FRAME_LINE, line))
		t->lost = t->over = true;
	mem_free(line);
}

int terminal_run(struct connection *c)
{
	struct terminal t = {.connection = c, .pager = {.connection = c}};
	bool question;

	if (!terminal_start(&t)) {
		fprintf(stderr, "afresh: the terminal cannot be edited on\n");
		return 1;
	}
	for (await_turn(&t, &question); !t.over; await_turn(&t, &question)) {
		if (question)
			take_answer(&t);
		else
			take_line(&t);
	}
	if (t.lost)
		fprintf(stderr, "\nafresh: the daemon has closed the connection\n");
	terminal_end(&t);
	return t.lost;
}
