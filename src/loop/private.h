// What the files of this room share: the loop's state and the socket options. Nobody outside the
// room includes it.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "loop/loop.h"
#include "base/list.h"
#include "base/random.h"

struct post {
	struct list link; // in loop.posts or loop.posts_now; alone: not queued
	loop_fn *fn;
	void *arg;
	bool owned; // by the queue: freed before fn runs
};

struct loop {
	struct list link; // in all_loops
	uv_loop_t uv;
	uv_async_t async;           // somebody posted
	uv_prepare_t prepare;       // before waiting: dirty streams are flushed
	uv_check_t check;           // after input and output: every running task gets one slice
	uv_idle_t idle;             // active while work is left: the loop does not wait then
	pthread_mutex_t lock;       // guards both lists of posts
	struct list posts;          // come from any thread
	struct list posts_now;      // being run in this round
	struct list tasks;          // running ones
	struct list tasks_now;      // running ones that await their turn in this round
	struct task *current;       // the task whose function runs; NULL once it is freed
	struct list dirty;          // streams with something to flush or to report
	struct list finishing;      // streams that live on after stream_finish
	struct list dying;          // children that were freed and have not been seen to end
	struct list signals;        // owned
	uint64_t round;             // counts the rounds
	uint64_t waited_at;         // loop_clock when the last wait began,
	uint64_t woke_at;           // and when it was over; 0: none yet
	_Atomic uint64_t longest;   // round, since somebody asked
	bool in_turn;               // callbacks may run (turn.c)
	struct channel *delivering; // whose function runs
	struct random random;
	uint8_t *read_buffer; // READ_BUFFER bytes; made when the first stream reads
};

// Bytes that wait to be written. Those of stream_write lie behind the struct, up to cap of them.
struct chunk {
	struct list link;
	const uint8_t *p;
	size_t n, cap;    // cap 0: shared bytes
	loop_fn *release; // of shared bytes
	void *arg;
	uint8_t own[];
};

#define FLIGHT_MAX 64 // chunks in one system call

struct stream {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct loop *loop;
	const struct stream_ops *ops; // NULL: nobody listens
	void *arg;
	struct ip local, remote; // bits 0 for Unix sockets
	uint16_t local_port, remote_port;
	bool is_local;  // a Unix socket
	bool connected; // until then writes wait
	bool paused;
	bool reading;    // libuv reads
	bool ended;      // on_closed or a failed on_connected has been called, or freed
	bool closing;    // freed: only libuv's close is awaited
	uint64_t round;  // in which it has read last
	int write_error; // 0, or what the first failed write said
	// output.c
	struct list queue;  // chunks not yet given to libuv
	struct list flight; // chunks of the request under way
	size_t queued;      // bytes in queue
	bool undrained;     // on_drained is owed when all has left
	struct list dirty;  // in loop.dirty
	uv_write_t write;
	uv_connect_t connect;
	// stream_finish
	struct list finishing; // in loop.finishing
	struct timer *patience;
	uv_shutdown_t shutdown;
	bool shut;
};

#define READ_BUFFER (256 * 1024)

void loop_idle_update(struct loop *l);           // after a change of tasks or dirty
void tasks_run(struct loop *l);                  // one slice for each
void streams_flush(struct loop *l);              // all dirty ones
void post_queue(struct loop *l, struct post *p); // no effect while it is queued; any thread
void post_remove(struct loop *l, struct post *p);

// Turns (turn.c): callbacks run within one, copies of the process are made when nobody has one.
void turn_enter(void); // for anything that must not be copied half-done; may be nested
void turn_leave(void);
void turn_take(struct loop *l); // each callback of libuv's, first of all
void turn_drop(struct loop *l); // before the loop waits
pid_t turn_fork(void);          // in the copy the lists of loops are nobody's but the caller's
void all_loops_add(struct loop *l);
void all_loops_remove(struct loop *l);
struct list *all_loops(void); // of this process; in a copy only

// In a copy of the process.
uint64_t detached_clock(void);           // loop_clock as of the copying
void posts_turn(struct loop *l);         // runs what has been posted
void loop_reset_signals(struct loop *l); // what it handled has its default effect
void tasks_detach(struct loop *l);       // those that ran are stopped
void channel_detach(struct channel *c);  // it was delivering

struct stream *stream_of_pipe(struct loop *l, int fd); // its reading end; takes the descriptor
struct stream *stream_accepted(struct loop *l, uv_stream_t *listener, bool local); // NULL: failed
void stream_report(struct stream *s, int error); // on_closed, once; the stream may be gone then
void stream_read_update(struct stream *s);       // starts or stops reading as the flags say
void stream_drained(struct stream *s);           // all has left: tells, or ends the stream
void output_flush(struct stream *s);   // writes what the kernel takes, leaves the rest to libuv
void output_discard(struct stream *s); // releases all that waits
void output_mark(struct stream *s);    // to be flushed before the loop waits

// Socket options and addresses (socket.c). All return 0 or -errno.
int address_of_ip(const struct ip *ip, uint16_t port, const char *interface,
		  struct sockaddr_storage *ret);
struct ip ip_of_address(const struct sockaddr_storage *address, uint16_t *ret_port);
int socket_set_md5(int fd, const struct sockaddr_storage *peer, const char *password);
int socket_set_ttl(int fd, int family, uint8_t ttl);
int socket_set_min_ttl(int fd, int family, uint8_t min_ttl);
int socket_set_interface(int fd, const char *interface);
int local_path_check(const char *path);
