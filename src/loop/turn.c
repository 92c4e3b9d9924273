// Turns, and the register of all loops of the process.
//
// A loop runs callbacks within its turn only, and gives it back before it waits. Turns are shared:
// any number of loops have theirs at a time. Copying the process takes the lock for itself, so at
// that moment no loop is in the middle of something: no list half linked, no lock of theirs held.
// Whoever wants to copy comes before those that want their next turn, or two busy threads would
// keep it waiting for ever. A round costs one lock that nobody else wants.
//
// Threads without a loop take a turn for each post and message that they send.
//
// State at file scope is unavoidable: a process is copied as a whole, whatever loops it has.
#include "loop/loop.h"
#include "loop/private.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static pthread_rwlock_t turns = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static _Thread_local unsigned depth; // of turns within turns of this thread; the outermost counts
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards loops
static struct list loops = {&loops, &loops};
static uint64_t detached_at; // 0: this process is no copy

bool loop_detached(void)
{
	return detached_at != 0;
}

uint64_t detached_clock(void)
{
	return detached_at;
}

void turn_enter(void)
{
	if (!depth++ && !detached_at)
		pthread_rwlock_rdlock(&turns);
}

void turn_leave(void)
{
	if (!--depth && !detached_at)
		pthread_rwlock_unlock(&turns);
}

void turn_take(struct loop *l)
{
	if (l->in_turn)
		return;
	l->in_turn = true;
	turn_enter();
}

void turn_drop(struct loop *l)
{
	if (!l->in_turn)
		return;
	l->in_turn = false;
	turn_leave();
}

// The caller's own turn is given back for the moment: it has come to rest here. In the copy the lock
// remains as it is and nobody uses it. Signals wait until the copy has handlers of its own, for those
// of libuv would write to the parent's loop.
pid_t turn_fork(void)
{
	sigset_t all, before;
	int error;

	if (depth)
		pthread_rwlock_unlock(&turns);
	pthread_rwlock_wrlock(&turns);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (!pid) {
		detached_at = loop_clock();
		return 0;
	}
	error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_rwlock_unlock(&turns);
	if (depth)
		pthread_rwlock_rdlock(&turns);
	errno = error;
	return pid;
}

void all_loops_add(struct loop *l)
{
	pthread_mutex_lock(&lock);
	list_add(&loops, &l->link);
	pthread_mutex_unlock(&lock);
}

void all_loops_remove(struct loop *l)
{
	pthread_mutex_lock(&lock);
	list_remove(&l->link);
	pthread_mutex_unlock(&lock);
}

struct list *all_loops(void)
{
	return &loops;
}
