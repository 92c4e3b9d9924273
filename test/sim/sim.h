// The simulation: a second implementation of loop/loop.h. All loops that loop_new makes stand in
// one world with one clock, one random seed and one network. Nothing happens by itself: a test
// moves the clock, and the same seed gives the same run to the byte. Single-threaded.
//
// A test links sim_dep in place of loop_uv_dep, makes a world, starts what it tests, and says
//	sim_run_for(3 * SIM_SECOND);
// Time passes in waiting, in each round of tasks, and a little with each loop_clock(), so that
// slices that are measured with it come to an end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "base/ip.h"

#define SIM_MS     1000ull
#define SIM_SECOND 1000000ull

// --- the world ----------------------------------------------------------------------------------
void sim_new(uint64_t seed); // frees the world before it, if there is one
unsigned sim_free(
	void); // returns the number of timers, tasks, streams, listeners, channels left over
uint64_t sim_now(void); // microseconds; a new world begins at one second
void sim_run_until(uint64_t us);
void sim_run_for(uint64_t us);
bool sim_idle(void);               // nothing to be done but timers in the future
bool sim_settle(uint64_t at_most); // runs until idle; false: not within so many microseconds
// No timer comes due until they are let go again; those that should have do then.
void sim_freeze_timers(bool freeze);
void sim_signal(struct loop *l, int number); // as if the process had received it
void sim_set_slice(uint64_t us);      // least time that a round of tasks takes; 100 by default
void sim_set_clock_cost(uint64_t us); // time that passes with each loop_clock(); 20 by default

// --- the network -----------------------------------------------------------------------------------
// Every address is reachable from every other. A connection leaves from the address it is bound to,
// else from that of its loop. A listener on all addresses takes connections to its loop's address;
// to any address if its loop was given none.
void sim_set_address(struct loop *l, const char *address); // at most one of each version

// One VRF device of the loop: connections to its address reach only listeners that are bound to it,
// and those of sockets bound to it leave from there. NULL: it is gone.
void sim_set_device(struct loop *l, const char *name, const char *address);

// What lies between two addresses, for both directions. Fields may be changed at any time; after
// `down`, `deaf` or `window` was changed on a living connection, call sim_link_changed.
struct sim_link {
	struct ip a, b;
	uint64_t latency;          // one way, microseconds; 1000 by default, at least 1
	uint64_t jitter;           // added at random from 0 to this; order is kept
	uint64_t bytes_per_second; // 0: no limit
	size_t window; // bytes on their way or unread, per direction; the rest waits with the writer
	uint8_t hops;  // routers between: each takes one off the TTL
	bool down;     // everything is held back; connecting times out
	struct ip deaf;       // what goes to this end is held back; bits 0: nothing is
	bool refuse;          // connecting is refused
	bool whole;           // bytes arrive as they were sent, not cut and joined at random
	uint64_t bytes;       // that have been sent so far, both directions
	uint64_t connections; // that have been established so far
};
struct sim_link *sim_link_default(void); // new links are copies of it; Unix sockets use it too
struct sim_link *sim_link(const char *a, const char *b); // made when it is first asked for
void sim_link_changed(void);
void sim_set_latency(const char *a, const char *b, uint64_t us);
void sim_set_window(const char *a, const char *b, size_t bytes);
void sim_set_down(const char *a, const char *b, bool down);
unsigned sim_reset(const char *a,
		   const char *b); // breaks the connections between them; returns how many
unsigned sim_connections(const char *a, const char *b); // established at this moment

// Sees all bytes that leave, when they leave. from and to have bits 0 for Unix sockets.
typedef void sim_tap(void *arg, const struct ip *from, const struct ip *to, const uint8_t *p,
		     size_t n);
void sim_set_tap(sim_tap *tap, void *arg); // NULL: none
