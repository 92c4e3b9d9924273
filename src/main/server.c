// Terminals connect to a Unix socket; the conversation itself is cli/link's. A connection that has
// ended is freed in a later round of the loop, never inside a callback of its own.
#include "main/server.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/link.h"

struct server {
	struct loop *loop;
	struct cli *cli;
	struct listener *listener;
	struct list terminals;
	struct task *reaper; // frees what has ended
};

struct terminal {
	struct list link; // of server.terminals
	struct server *server;
	struct stream *stream;
	struct cli_link *talk;
	bool ended;
};

static void terminal_end(struct terminal *t)
{
	t->ended = true;
	task_start(t->server->reaper);
}

static void terminal_write(void *arg, const void *p, size_t n)
{
	struct terminal *t = arg;
	if (t->stream)
		stream_write(t->stream, p, n);
}

static size_t terminal_unsent(void *arg)
{
	struct terminal *t = arg;
	return t->stream ? stream_unsent(t->stream) : 0;
}

static void terminal_finish(void *arg)
{
	struct terminal *t = arg;
	if (t->stream)
		stream_finish(t->stream);
	t->stream = NULL;
	terminal_end(t);
}

static void terminal_pause(void *arg, bool pause)
{
	struct terminal *t = arg;
	if (t->stream)
		stream_pause(t->stream, pause);
}

static const struct cli_link_ops link_ops = {.write = terminal_write,
					     .unsent = terminal_unsent,
					     .finish = terminal_finish,
					     .pause = terminal_pause};

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	struct terminal *t = arg;
	if (!t->ended && !cli_link_read(t->talk, p, n))
		terminal_end(t);
}

static void on_closed(void *arg, int error)
{
	terminal_end(arg);
}

static void on_drained(void *arg)
{
	struct terminal *t = arg;
	if (!t->ended)
		cli_link_drained(t->talk);
}

static void terminal_free(struct terminal *t)
{
	cli_link_free(t->talk);
	if (t->stream)
		stream_free(t->stream);
	list_remove(&t->link);
	mem_free(t);
}

static bool reap(void *arg)
{
	struct server *s = arg;
	for (struct list *l = s->terminals.next, *next; l != &s->terminals; l = next) {
		struct terminal *t = LIST_ENTRY(l, struct terminal, link);
		next = l->next;
		if (t->ended)
			terminal_free(t);
	}
	return false;
}

static void on_accept(void *arg, struct stream *stream)
{
	static const struct stream_ops ops = {
		.on_read = on_read, .on_closed = on_closed, .on_drained = on_drained};
	struct server *s = arg;
	struct terminal *t = MEM_NEW(struct terminal);
	t->server = s;
	t->stream = stream;
	list_add(&s->terminals, &t->link);
	t->talk = cli_link_new(s->cli, &link_ops, t);
	stream_set_ops(stream, &ops, t);
}

// A socket file that a daemon left behind when it was killed is in the way; one that answers is not ours to take.
static bool socket_is_dead(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct stat st;
	if (stat(path, &st) || !S_ISSOCK(st.st_mode) ||
	    snprintf(a.sun_path, sizeof a.sun_path, "%s", path) >= (int)sizeof a.sun_path)
		return false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool dead =
		fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) && errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return dead;
}

struct server *server_new(struct loop *l, struct cli *cli, const char *path, int *ret_error)
{
	struct server *s = MEM_NEW(struct server);
	s->loop = l;
	s->cli = cli;
	list_init(&s->terminals);
	if (socket_is_dead(path))
		unlink(path);
	s->listener = listener_local(l, path, on_accept, s, ret_error);
	if (!s->listener) {
		mem_free(s);
		return NULL;
	}
	s->reaper = task_new(l, reap, s);
	return s;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	while (!list_empty(&s->terminals))
		terminal_free(LIST_ENTRY(s->terminals.next, struct terminal, link));
	task_free(s->reaper);
	listener_free(s->listener);
	mem_free(s);
}
