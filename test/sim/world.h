// What the files of the simulation share: the world, its events and its loops.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "base/list.h"
#include "base/random.h"
#include "base/vec.h"
#include "sim/sim.h"

#define NEVER (UINT64_C(1) << 62) // added to the time of what does not happen for now

// Something that will happen. It stands inside the object that it happens to.
struct event {
	uint64_t due, order; // microseconds; among equals the one queued first
	size_t at;           // place in the heap, from 1; 0: not queued
	bool idle;           // a timer: sim_idle does not count it
	bool message;        // a post or a channel's: comes true in a copy of the process too
	void (*fn)(struct event *e);
};

struct world {
	uint64_t now, round; // round: when this round began
	uint64_t order;
	struct vec heap; // events; not owned
	size_t busy;     // of them those that are not idle
	struct random network, program;
	uint64_t slice, clock_cost;
	unsigned objects; // alive
	struct list loops;
	struct list loops_done;     // those whose tasks have run in this round
	struct channel *delivering; // whose function runs
	bool detached;              // this process is a copy
	bool frozen;                // timers do not come due
	struct list posts;          // on their way to loops; owned
	// network.c
	struct sim_link link; // default
	struct vec links;     // struct sim_link; owned
	struct list streams;  // all but those freed with nothing on their way
	struct list listeners;
	uint16_t next_port;
	sim_tap *tap;
	void *tap_arg;
};

struct loop {
	struct list link; // in world.loops
	struct list tasks, tasks_now;
	struct task *current;
	uint64_t longest; // time that a round of tasks took, since somebody asked
	struct list signals;
	struct ip address4, address6; // bits 0: none
	char device[16];              // VRF device; "" none
	struct ip device_address;     // what reaches sockets that are bound to it
	bool stopped;
};

struct world *world(void); // the present one; made with seed 1 if there is none
void network_init(struct world *w);
void network_free(struct world *w);
void event_queue(struct event *e, uint64_t due); // moves it when it is queued already
void event_drop(struct event *e);
void world_detach(void); // in a copy: only messages happen from now on
void messages_run(void); // those that have been sent before this moment
bool messages_waiting(void);
bool loops_run_tasks(struct world *w); // one slice of each running task; false: there is none
bool tasks_run(struct loop *l);        // one slice of each running task; false: there is none
void tasks_detach(struct loop *l);
void channel_detach(struct channel *c);
void posts_free(struct world *w, const struct loop *l); // those to the loop; NULL: all
