// Output on a terminal, a screen at a time, as VRP does it: `  ---- More ----`, then a blank for
// the next screen, Enter for the next line, `/re`, `+re`, `-re` to begin at, keep or drop lines
// from here on, and any other key to stop. What stands in the socket meanwhile waits: the
// daemon's command pauses, nothing is lost.
#include "client.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"

struct pager_filter {
	char kind; // '/', '+' or '-'
	regex_t expression;
	bool begun;
};

#define MORE  "  ---- More ----"
#define ERASE "\033[16D                \033[16D"

static unsigned screen_lines(const struct pager *p)
{
	struct winsize size;

	// The default of 24 stands for the screen as it is; any other number was asked for.
	if (p->lines == 24 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 2)
		return size.ws_row;
	return p->lines;
}

// Shows the question and takes one key. The terminal is switched first: a Ctrl+C in between would be
// a signal that nobody waits for.
static int read_key(const char *question)
{
	struct termios before, raw;
	char key = 0;

	fputs(question, stdout);
	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return ' ';
	raw = before;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fflush(stdout);
	ssize_t n = read(STDIN_FILENO, &key, 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return n == 1 ? key : 3;
}

static void filter_free(struct pager *p)
{
	if (!p->filter)
		return;
	regfree(&p->filter->expression);
	mem_free(p->filter);
	p->filter = NULL;
}

static void read_filter(struct pager *p, char kind)
{
	char line[256];

	printf(ERASE "%c", kind);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return;
	line[strcspn(line, "\n")] = '\0';
	filter_free(p);
	p->filter = MEM_NEW(struct pager_filter);
	p->filter->kind = kind;
	if (regcomp(&p->filter->expression, line, REG_EXTENDED | REG_NOSUB) != 0) {
		printf("Error: This is no regular expression.\n");
		mem_free(p->filter);
		p->filter = NULL;
	}
}

// The screen is full: what does the operator want?
static void ask_more(struct pager *p)
{
	int key = read_key(MORE);
	if (key == '/' || key == '+' || key == '-') {
		read_filter(p, (char)key);
		p->shown = 0;
		return;
	}
	fputs(ERASE, stdout);
	if (key == ' ') {
		p->shown = 0;
	} else if (key == '\r' || key == '\n') {
		p->shown--;
	} else {
		p->skip = true;
		connection_send(p->connection, FRAME_INTERRUPT, NULL, 0);
	}
}

static bool wanted(struct pager *p, const char *line)
{
	struct pager_filter *f = p->filter;

	if (!f)
		return true;
	bool found = regexec(&f->expression, line, 0, NULL, 0) == 0;
	if (f->kind == '/')
		return f->begun |= found;
	return found == (f->kind == '+');
}

static void show_line(struct pager *p, const char *line)
{
	unsigned lines = screen_lines(p);

	if (!wanted(p, line))
		return;
	if (lines > 1 && p->shown >= lines - 1)
		ask_more(p);
	if (p->skip || !wanted(p, line))
		return;
	fputs(line, stdout);
	fputc('\n', stdout);
	p->shown++;
}

void pager_start(struct pager *p)
{
	p->shown = 0;
	p->skip = false;
	filter_free(p);
}

void pager_write(struct pager *p, const char *text, size_t n)
{
	while (n && !p->skip) {
		const char *end = memchr(text, '\n', n);
		size_t size = end ? (size_t)(end - text) : n;
		buf_put(&p->partial, text, size);
		if (!end)
			return;
		show_line(p, buf_cstr(&p->partial));
		buf_clear(&p->partial);
		text = end + 1;
		n -= size + 1;
	}
}

void pager_end(struct pager *p)
{
	if (p->partial.len && !p->skip)
		fputs(buf_cstr(&p->partial), stdout);
	buf_clear(&p->partial);
	filter_free(p);
	fflush(stdout);
}
