// Copies of the process.
//
//   parent:  child_new -> fork between turns -> pipe -> on_read ... end of file -> waitpid -> on_end
//   copy:    detach -> fn(arg), which turns the loops itself and tells -> _exit
//
// The copy shares the open files of the parent, the epoll sets of libuv among them: a handle that it
// closed would be taken out of the parent's set. So nothing of libuv's is called there any more,
// which all files of this room see to by asking loop_detached, and all files are closed first of
// all: a connection that the parent closes must be closed for its other end too. Standard error
// stays, for what a dying process says (an assertion, the C library); the log says errors only.
//
// Who ends a child does not wait for it: a large process takes some milliseconds to vanish. What is
// left of it waits in loop.dying until waitpid has seen it.
#include "loop/loop.h"
#include "loop/private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define TELL_FD    3    // the copy's way back
#define NICE       5    // live traffic comes first
#define REAP_AGAIN 1000 // microseconds

struct child {
	struct list link; // in loop.dying
	struct loop *loop;
	const struct child_ops *ops;
	void *arg;
	pid_t pid; // 0: it has been waited for
	bool freed;
	struct stream *stream; // NULL: it has told all
	struct timer *again;
};

// --- in the copy -------------------------------------------------------------------------------

static void detach(struct loop *l)
{
	tasks_detach(l);
	for (struct list *i = l->dirty.next; i != &l->dirty; i = l->dirty.next)
		list_remove(i);
	if (l->delivering)
		channel_detach(l->delivering);
	l->delivering = NULL;
}

// A signal ends the copy; the loops that handled it are out of service.
static void restore_signals(void)
{
	sigset_t none;

	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	for (struct list *l = all_loops()->next; l != all_loops(); l = l->next)
		loop_reset_signals(LIST_ENTRY(l, struct loop, link));
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

// The first to go when memory is short, and gone when its parent is.
static void stand_back(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	prctl(PR_SET_NAME, "afresh copy");
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = write(fd, "1000", 4); // best effort: some systems forbid it
		(void)n;
		close(fd);
	}
	setpriority(PRIO_PROCESS, 0, NICE);
}

static void close_files(int tell)
{
	if (tell != TELL_FD)
		dup2(tell, TELL_FD);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (!close_range(TELL_FD + 1, ~0u, 0))
		return;
	for (long fd = TELL_FD + 1, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
		close((int)fd);
}

static void log_errors(enum log_level level, const char *line, void *arg)
{
	if (level == LOG_LEVEL_ERROR)
		dprintf(STDERR_FILENO, "copy of the process: %s\n", line);
}

static void copy_run(int tell, pid_t parent, loop_fn *fn, void *arg)
{
	log_set_sink(log_errors, NULL);
	stand_back(parent);
	close_files(tell);
	for (struct list *l = all_loops()->next; l != all_loops(); l = l->next)
		detach(LIST_ENTRY(l, struct loop, link));
	restore_signals();
	fn(arg);
	_exit(0);
}

void child_tell(const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n && loop_detached()) {
		ssize_t some = write(TELL_FD, from, n);
		if (some < 0 && errno != EINTR)
			_exit(1); // nobody listens any more
		if (some > 0) {
			from += some;
			n -= (size_t)some;
		}
	}
}

// A function may free its loop: the members stand in a second ring until all have had their turn.
bool child_turn(void)
{
	struct list *all = all_loops(), done;
	bool more = false;

	list_init(&done);
	while (!list_empty(all)) {
		struct loop *l = LIST_ENTRY(all->next, struct loop, link);
		list_remove(&l->link);
		list_add(&done, &l->link);
		posts_turn(l);
	}
	list_move_all(&done, all);
	while (!list_empty(all)) {
		struct loop *l = LIST_ENTRY(all->next, struct loop, link);
		list_remove(&l->link);
		list_add(&done, &l->link);
		tasks_run(l);
	}
	list_move_all(&done, all);
	for (struct list *i = all->next; i != all; i = i->next) {
		struct loop *l = LIST_ENTRY(i, struct loop, link);
		more |= !list_empty(&l->posts) || !list_empty(&l->tasks);
	}
	return more;
}

// --- in the parent -----------------------------------------------------------------------------

static void release(struct child *c)
{
	timer_free(c->again);
	mem_free(c);
}

static void reap(void *arg)
{
	struct child *c = arg;
	int status = 0;
	pid_t pid = waitpid(c->pid, &status, WNOHANG);

	if (!pid || (pid < 0 && errno == EINTR)) {
		timer_start(c->again, REAP_AGAIN);
		return;
	}
	c->pid = 0;
	list_remove(&c->link);
	if (c->freed)
		release(c);
	else
		c->ops->on_end(c->arg, pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status));
}

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	struct child *c = arg;
	c->ops->on_read(c->arg, p, n);
}

static void on_closed(void *arg, int error)
{
	struct child *c = arg;

	stream_free(c->stream);
	c->stream = NULL;
	if (error)
		kill(c->pid, SIGKILL);
	reap(c);
}

static struct child *child_open(struct loop *l, pid_t pid, int heard)
{
	static const struct stream_ops ops = {.on_read = on_read, .on_closed = on_closed};
	struct child *c = MEM_NEW(struct child);

	list_init(&c->link);
	c->loop = l;
	c->pid = pid;
	c->again = timer_new(l, reap, c);
	c->stream = stream_of_pipe(l, heard);
	stream_set_ops(c->stream, &ops, c);
	return c;
}

struct child *child_new(struct loop *l, loop_fn *fn, void *fn_arg, const struct child_ops *ops,
			void *arg, int *ret_error)
{
	pid_t parent = getpid();
	int ends[2];

	if (loop_detached() || pipe2(ends, O_CLOEXEC)) {
		*ret_error = loop_detached() ? -ENOTSUP : -errno;
		return NULL;
	}
	fcntl(ends[0], F_SETPIPE_SZ, READ_BUFFER); // fewer rounds where it is allowed
	pid_t pid = turn_fork();
	if (!pid)
		copy_run(ends[1], parent, fn, fn_arg);
	*ret_error = -errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return NULL;
	}
	struct child *c = child_open(l, pid, ends[0]);
	c->ops = ops;
	c->arg = arg;
	return c;
}

void child_free(struct child *c)
{
	if (!c || c->freed || loop_detached()) // in a copy it is another's
		return;
	stream_free(c->stream);
	c->stream = NULL;
	if (!c->pid) {
		release(c);
		return;
	}
	c->freed = true;
	list_add(&c->loop->dying, &c->link);
	kill(c->pid, SIGKILL);
	reap(c);
}
