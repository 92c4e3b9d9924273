// Copies of the process in the simulation. The process is copied in earnest; the parent listens until
// the copy has ended, and what it heard reaches the loop some simulated milliseconds later, in
// pieces. So the same seed gives the same run, however long the copy really took.
#include "sim/sim.h"
#include "sim/world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

#define TELL_FD 3 // of the copy; other files of a test stay open, as they harm nobody
#define TAKES   (2 * SIM_MS)

struct child {
	struct event event;
	const struct child_ops *ops;
	void *arg;
	struct buf told;
	size_t at; // heard up to here
	bool good;
};

bool loop_detached(void)
{
	return world()->detached;
}

// --- in the copy ---------------------------------------------------------------------------------------

static void log_errors(enum log_level level, const char *line, void *arg)
{
	if (level == LOG_LEVEL_ERROR)
		dprintf(STDERR_FILENO, "copy of the process: %s\n", line);
}

static void copy_run(int tell, loop_fn *fn, void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	log_set_sink(log_errors, NULL);
	dup2(tell, TELL_FD);
	world_detach();
	fn(arg);
	_exit(0);
}

void child_tell(const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n && loop_detached()) {
		ssize_t some = write(TELL_FD, from, n);
		if (some < 0 && errno != EINTR)
			_exit(1);
		if (some > 0) {
			from += some;
			n -= (size_t)some;
		}
	}
}

bool child_turn(void)
{
	struct world *w = world();

	messages_run();
	loops_run_tasks(w);
	if (messages_waiting())
		return true;
	for (struct list *l = w->loops.next; l != &w->loops; l = l->next)
		if (!list_empty(&LIST_ENTRY(l, struct loop, link)->tasks))
			return true;
	return false;
}

// --- in the parent -------------------------------------------------------------------------------------

static void hear(struct child *c)
{
	struct random *r = &world()->network;
	size_t left = c->told.len - c->at,
	       n = random_below(r, 3) ? 1 + random_below(r, (uint32_t)left) : left;
	uint8_t *bytes = mem_copy(c->told.data + c->at, n);

	c->at += n;
	event_queue(&c->event, world()->now + 1);
	c->ops->on_read(c->arg, bytes, n);
	mem_free(bytes);
}

static void on_event(struct event *e)
{
	struct child *c = LIST_ENTRY(e, struct child, event);

	if (c->at < c->told.len)
		hear(c);
	else
		c->ops->on_end(c->arg, c->good);
}

static void listen_to(struct child *c, int heard, pid_t pid)
{
	uint8_t bytes[65536];
	ssize_t n;
	int status = 0;

	while ((n = read(heard, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_put(&c->told, bytes, (size_t)n);
	close(heard);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	c->good = WIFEXITED(status) && !WEXITSTATUS(status);
}

struct child *child_new(struct loop *l, loop_fn *fn, void *fn_arg, const struct child_ops *ops,
			void *arg, int *ret_error)
{
	int ends[2];

	if (loop_detached() || pipe2(ends, O_CLOEXEC)) {
		*ret_error = loop_detached() ? -ENOTSUP : -errno;
		return NULL;
	}
	pid_t pid = fork();
	if (!pid)
		copy_run(ends[1], fn, fn_arg);
	*ret_error = -errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return NULL;
	}
	struct child *c = MEM_NEW(struct child);
	c->ops = ops;
	c->arg = arg;
	c->event.fn = on_event;
	listen_to(c, ends[0], pid);
	world()->objects++;
	event_queue(&c->event, world()->now + TAKES);
	return c;
}

void child_free(struct child *c)
{
	if (!c)
		return;
	event_drop(&c->event);
	world()->objects--;
	buf_free(&c->told);
	mem_free(c);
}
