// The parts of the simulated network: streams and listeners as its files see them.
#pragma once

#include "sim/world.h"

#define CONNECT_TIMEOUT (127 * SIM_SECOND) // Linux: 6 repetitions
#define DEFAULT_TTL     64

struct chunk {
	struct list link; // in stream.queue; owned
	const uint8_t *p;
	size_t n;
	loop_fn *release;
	void *arg;
	uint8_t own[];
};

struct segment {
	struct list link; // in stream.segments; owned
	uint64_t due;
	size_t at, n; // bytes that were read, and all of them
	bool end;
	int error;     // of the end
	uint8_t *data; // owned
};

enum stream_stage {
	STREAM_ASKING,    // on the way to the listener
	STREAM_ANSWERED,  // on the way back
	STREAM_ACCEPTED,  // the listener's side, until its owner has it
	STREAM_CONNECTED, // or failed
};

struct stream {
	struct list link;    // in world.streams
	struct stream *peer; // the other end; NULL: none yet, or gone
	struct sim_link *path;
	const struct stream_ops *ops;
	void *arg;
	struct ip local, remote;
	uint16_t local_port, remote_port;
	uint8_t ttl, min_ttl, peer_ttl;
	bool established, paused, ended, freed, finishing;
	unsigned holds; // callbacks under way: memory stays
	// connecting
	struct event connect;
	enum stream_stage stage;
	int outcome;
	char *address_path;        // of a Unix socket; owned
	char *password;            // owned
	struct listener *listener; // of an accepted one until its owner has it
	// writing
	struct list queue;
	size_t queued;
	bool undrained;
	uint64_t line_free; // when the last segment has left, with a limited rate
	struct event flush, patience;
	// reading
	struct list segments;
	size_t backlog; // bytes in segments
	uint64_t last_due;
	struct event deliver;
};

struct key {
	struct list link; // in listener.keys; owned
	struct ip peer;
	char *password;
};

struct listener {
	struct list link; // in world.listeners
	struct loop *loop;
	struct ip local;
	uint16_t port;
	char *path; // of a Unix socket, or NULL
	char interface[16];
	uint8_t ttl, min_ttl;
	struct list keys;
	accept_fn *fn;
	void *arg;
};

uint64_t latency_of(const struct sim_link *path); // of one segment, jitter included
struct sim_link *link_between(const struct ip *a, const struct ip *b);

// stream.c
struct stream *stream_new(struct sim_link *path);
void stream_part(struct stream *s, int error); // the other end will hear of it; both are alone then
void stream_end(struct stream *s);             // without telling anybody
void stream_break(struct stream *s);           // both ends get a reset, what is on its way is lost
void stream_let_go(struct stream *s);          // after holds was raised
void stream_resume(struct stream *s);          // after the path has changed: sends and delivers
void stream_connect_event(struct event *e);    // connect.c: one more trip of the connecting is over
