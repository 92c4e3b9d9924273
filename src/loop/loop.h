// Time and input/output for one thread: clock, timers, sliced tasks, stream sockets, channels
// between loops. Implemented over libuv (loop/*.c); test/sim links its own implementation of this
// header, with a simulated clock and network, in its place.
//
// Everything belongs to the loop that made it and is used from that loop's thread only, except
// channel_send and loop_post. Callbacks may free the object that called them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

struct loop;
struct loop *loop_new(void);
void loop_free(struct loop *l);     // all objects of it must be gone, or leak
void loop_run(struct loop *l);      // until loop_stop
void loop_run_once(struct loop *l); // waits for at most one round of events
void loop_stop(struct loop *l);
uint64_t loop_now(struct loop *l); // microseconds, monotonic, as of this round
uint64_t loop_clock(void);         // microseconds, monotonic, right now (measuring)
int64_t loop_wall(struct loop *l); // microseconds since 1970, UTC
// The longest round since the last such call: microseconds, at most one millisecond too many, for which
// whatever else was due had to wait. The round that is on its way counts when it is over. Any thread.
uint64_t loop_longest_round(struct loop *l);
uint64_t loop_random(struct loop *l); // deterministic in the simulation

// --- timers -----------------------------------------------------------------------------------
typedef void loop_fn(void *arg);
struct timer;
struct timer *timer_new(struct loop *l, loop_fn *fn, void *arg);
void timer_free(struct timer *t); // NULL is allowed
void timer_start(struct timer *t,
		 uint64_t us); // once, from now; a running one starts anew. At least 1 ms.
void timer_stop(struct timer *t);
bool timer_running(const struct timer *t);
uint64_t timer_left(const struct timer *t); // microseconds; 0 when not running

// --- tasks: long work in slices of a few milliseconds, between input and output -----------------
// fn is called once per round of the loop until it returns false; then the task sleeps until
// task_start. Implemented with idle and check handles (libuv 1.44 starves on zero-time timers).
typedef bool task_fn(void *arg); // true: more to do
struct task;
struct task *task_new(struct loop *l, task_fn *fn, void *arg);
void task_free(struct task *t);
void task_start(
	struct
	task *t); // no effect while running; within its own function: called once more in any case
void task_stop(struct task *t);
bool task_running(const struct task *t);

// --- stream sockets ------------------------------------------------------------------------------
struct stream;
struct stream_ops {
	void (*on_connected)(void *arg, int error); // outgoing only; error: 0 or a negative errno
	void (*on_read)(void *arg, const uint8_t *p,
			size_t n); // bytes are the stream's; copy what must stay
	void (*on_closed)(
		void *arg,
		int error); // the other side ended it (0) or it broke (-errno); free it then
	void (*on_drained)(void *arg); // everything written has left (optional)
};
struct tcp_options {
	struct ip
		local; // bind to; bits 0: any (a listener then takes IPv4; for IPv6 open one on ::)
	struct ip remote;         // of an outgoing connection
	uint16_t port;            // remote port, or the one to listen on
	const char *md5_password; // RFC 2385; NULL: none
	uint8_t ttl;              // 0: system default; 255 for GTSM
	uint8_t min_ttl; // GTSM (RFC 5082): smaller received TTLs are dropped by the kernel; 0: off
	char interface[16]; // for link-local addresses and binding; "" none
};
struct stream *stream_connect(
	struct loop *l, const struct tcp_options *o, const struct stream_ops *ops, void *arg,
	int *ret_error); // NULL with *ret_error = -errno when it cannot even start
void stream_set_ops(struct stream *s, const struct stream_ops *ops,
		    void *arg); // hand over, also of accepted ones
void stream_write(struct stream *s, const void *p,
		  size_t n); // copies what the kernel does not take at once
// Writes shared bytes without copying: release(arg) is called when they have left or the stream
// died, which may be before this returns, or within stream_free.
void stream_write_shared(struct stream *s, const void *p, size_t n, loop_fn *release, void *arg);
size_t stream_unsent(const struct stream *s);    // bytes still waiting in this process
void stream_pause(struct stream *s, bool pause); // stop or resume reading: TCP pushes back
void stream_free(struct stream *s); // closes, unsent bytes are lost; no callback afterwards
void stream_finish(
	struct stream *
		s); // sends what waits (a NOTIFICATION, say; at most a second), then frees; no callback
struct ip stream_local(const struct stream *s, uint16_t *ret_port);
struct ip stream_remote(const struct stream *s, uint16_t *ret_port);
int stream_set_limits(struct stream *s,
		      const struct tcp_options *o); // ttl and min_ttl of an accepted connection

// Which of so many names are those of VRF devices. The simulation has one at most.
void loop_vrf_devices(struct loop *l, const char *const *names, unsigned count, bool *ret);
static inline bool loop_vrf_device(struct loop *l, const char *name)
{
	bool is_vrf;

	loop_vrf_devices(l, &name, 1, &is_vrf);
	return is_vrf;
}

struct listener;
typedef void accept_fn(void *arg, struct stream *s); // caller's from then on; set its ops at once
struct listener *listener_tcp(struct loop *l, const struct tcp_options *o, accept_fn *fn, void *arg,
			      int *ret_error);
int listener_set_md5(struct listener *n, const struct ip *peer,
		     const char *password); // NULL: remove; 0 or -errno
struct listener *listener_local(struct loop *l, const char *path, accept_fn *fn, void *arg,
				int *ret_error); // Unix socket
struct stream *stream_connect_local(struct loop *l, const char *path, const struct stream_ops *ops,
				    void *arg, int *ret_error);
uint16_t listener_port(const struct listener *n); // the one in use, where port 0 was asked for
void listener_free(struct listener *n);           // a Unix socket's file goes with it

// --- channels: messages from one loop to another, in order, none lost ----------------------------
// Messages are pointers whose owner becomes the receiver. Where both ends are one loop, they are
// delivered in a later round of it. full() asks the sender to hold back: bounded by courtesy.
struct channel;
typedef void channel_fn(void *arg, void *message);
struct channel *channel_new(struct loop *receiver, size_t high_water, channel_fn *fn, void *arg);
void channel_send(struct channel *c, void *message); // any thread
bool channel_full(const struct channel *c);          // any thread; more than high_water are waiting
size_t channel_waiting(const struct channel *c);
void channel_free(
	struct channel *
		c); // from the receiver's thread, when nobody sends any more; messages in it are lost

void loop_post(struct loop *l, loop_fn *fn, void *arg); // any thread: fn runs in l's thread, soon

// --- children: a copy of this process that thinks, tells, and touches nothing ----------------------
// fork(), at a moment when no loop of this process is within a callback. The copy has the calling
// thread alone, and everything as it stood at that moment. Its loops are detached: all files but
// the way back to the parent and standard error are closed, and the log says errors only; streams
// take what is written and never drain, nothing is read, connected, accepted or due, and loop_now
// stands still; tasks that ran have been stopped (their owners may start them again); posts, channels
// and tasks work, in child_turn. fn runs in the copy, which ends when it returns (or at SIGTERM, or
// with the parent) and never comes back here. Threads that run no loop must be quiet while it is made,
// but for channel_send and loop_post. Memory is shared with the parent until one of the two writes.
struct child;
struct child_ops {
	void (*on_read)(void *arg, const uint8_t *p, size_t n); // what it told
	void (*on_end)(void *arg,
		       bool good); // it has told everything, or (false) it died; free it then
};
struct child *child_new(struct loop *l, loop_fn *fn, void *fn_arg, const struct child_ops *ops,
			void *arg, int *ret_error); // NULL with *ret_error = -errno
void child_free(struct child *c); // ends it, if need be; no callback afterwards; NULL is allowed
// In the copy:
void child_tell(const void *p, size_t n); // to the parent's on_read; waits until it has been taken
bool child_turn(
	void); // one round of posts and tasks of all its loops; false: nothing is left to do
bool loop_detached(void); // this process is such a copy

// --- signals ----------------------------------------------------------------------------------------
void loop_on_signal(struct loop *l, int number, loop_fn *fn, void *arg); // for the life of the loop
