// The terminal program: what its parts know of each other.
//
//   afresh.c      options; chooses between a terminal and a script
//   connection.c  the socket, as frames (cli/protocol.h)
//   script.c      lines from -c or standard input, to the first error
//   terminal.c    line editing, `?`, Tab, questions
//   pager.c       output, a screen at a time
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "cli/protocol.h"

// --- connection.c --------------------------------------------------------------------------------
struct connection {
	int fd;
	struct buf in;
	size_t at; // in `in`: what was handed out
};
extern volatile sig_atomic_t
	interrupted; // SIGINT came; set by the handler, cleared by whoever acts on it

bool connection_open(struct connection *c, const char *path); // false: the reason is in errno
void connection_close(struct connection *c);
bool connection_send(struct connection *c, enum frame_type type, const void *p,
		     size_t n); // false: lost
bool connection_send_text(struct connection *c, enum frame_type type, const char *text);
// The next frame, valid until the call after it. Waits; with a SIGINT meanwhile it sends the
// interrupt and waits on. false: the daemon has gone.
bool connection_next(struct connection *c, struct frame_view *ret);
bool connection_ready(const struct connection *c); // a whole frame is here already
bool connection_hello(struct connection *c, bool script, bool json);
char *frame_copy(const struct frame_view *f); // payload as text; the caller's

// --- script.c ------------------------------------------------------------------------------------
struct script_source {
	const char *text; // of -c; NULL: standard input
};
int script_run(struct connection *c, const struct script_source *source); // exit status

// --- pager.c -------------------------------------------------------------------------------------
struct pager {
	struct connection *connection;
	unsigned lines; // per screen; 0: no paging
	unsigned shown; // lines since the last key
	unsigned column;
	bool skip;                   // the rest of this command's output is not wanted
	struct pager_filter *filter; // NULL: none
	struct buf partial;          // a line without its end, kept for the filter
};
void pager_start(struct pager *p); // a new command
void pager_write(struct pager *p, const char *text, size_t n);
void pager_end(struct pager *p);

// --- terminal.c ----------------------------------------------------------------------------------
int terminal_run(struct connection *c); // exit status
