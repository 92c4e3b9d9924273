// What the files of speaker/ share: the instance and its peers. See speaker.h for the outside.
//
//   sess --(peer.c, update.c)--> batches --> shards (shard*.c)
//   sess <--(outbox.c)---------- deliveries, marks <-- shards
//   model --(plan.c, apply.c, originate.c)--> shards, sessions, soft/
//   cmd --(refresh.c, read.c)--> soft/, shards
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "soft/engine.h"
#include "speaker/shard.h"
#include "speaker/speaker.h"
#include "vpn/membership.h"

#define PEER_EVENTS 16

// One peer in one family, as it runs.
struct peer_run {
	struct rib_import import; // as the shards have it; programs counted
	struct rib_export export;
	bool given;    // the shards have them
	bool up;       // negotiated in the present session
	bool complete; // all that the peer sent in this session is stored
	bool lossy;    // a policy that can reject was in force while nothing rejected was kept
	bool eor_received, eor_sent;
	bool answering, answer_again; // ROUTE-REFRESH being answered; asked for meanwhile
	bool limit_warned;
	uint16_t begins, ends; // shards that have given the mark
	uint16_t swept;        // shards that have removed what a refresh left stale,
	unsigned swept_routes; // so many routes,
	uint32_t swept_in;     // in this session
};

struct peer_grant {
	size_t granted, delivered; // bytes, since the last grant
};

struct speaker_peer {
	struct speaker *speaker;
	uint16_t number;
	uint16_t instance;
	char device[16]; // VRF device of the instance that its sockets are bound to; "" none
	struct ip address;
	const struct peer_config *config; // in the running snapshot, or own
	struct peer_config *own;          // of a dynamic peer
	struct sess *session;
	uint32_t session_number; // as given to the shards; 0: not Established
	struct peer_run run[AF_MAX];
	struct peer_grant *grants; // by shard
	struct peer_event events[PEER_EVENTS];
	unsigned event_count;
	struct timer *idle_timer;      // after route-limit: back to life
	struct timer *interval_timer;  // route-update-interval
	struct membership *membership; // what it announced, as the shards have it
	struct timer *wait_timer;      // for the End-of-RIB of memberships
	uint16_t waiting;              // families whose first dump waits for it
	uint16_t fences;               // that have not come back
	bool member_moved;             // in this turn
	bool held;                     // no credit until interval_timer is over
	bool limited;                  // stopped by route-limit
	bool gone;                     // a dynamic peer about to be removed
};

// Where connections come in: from anywhere, or through the VRF device of one instance.
struct speaker_door {
	struct speaker *speaker;
	uint16_t instance;
	char device[16]; // "": none
	struct sess_door *door;
};

struct speaker {
	struct loop *loop;
	struct speaker_options options;
	struct speaker_config *config; // counted; NULL: none yet
	struct shard **shards;
	unsigned shard_count;
	struct soft *soft;
	struct speaker_door *door;  // NULL: does not listen
	struct vec device_doors;    // struct speaker_door, of instances with a VRF device
	struct timer *device_timer; // looks whether there are such devices now
	struct vec peers;           // struct speaker_peer, ascending by address
	struct speaker_peer *by_number[RIB_PEERS_MAX];
	uint16_t next_number;
	uint32_t last_session, last_read;
	struct vec reads;    // struct speaker_read
	struct vec explains; // struct speaker_explain
	struct vec measures; // struct measuring (measure.c); only the last one may be open
	uint32_t last_measure;
	struct vec limits;   // struct instance_limits (limit.c), of instances that have a limit
	struct map limit_of; // the same by number of the instance
	struct timer *limit_timer; // what was turned away may be brought back then
	struct task *flusher;      // hands over batches at the end of a round
	struct arena scratch;      // one UPDATE, one origin
	struct buf scratch_buf;
	bool paused;       // reading of sockets: shards are behind
	bool reap;         // a dynamic peer is gone
	bool member_moved; // of some peer, in this turn
	bool closing;
	struct list proofs;        // struct proof, under way
	struct proof *proof;       // what starts now is its; NULL: nobody's
	struct timer *proof_timer; // looks whether one is over
	char doing[32];            // what ends sessions now: "commit 12"; "": nothing of ours
};

// --- speaker.c ------------------------------------------------------------------------------------
struct speaker_peer *peer_lookup(const struct speaker *s, uint16_t instance,
				 const struct ip *address);
void speaker_send(struct speaker *s, struct shard_message *(*make)(void *arg),
		  void *arg); // one message of a kind to each shard
struct shard_message *peer_message(enum shard_kind kind, const struct speaker_peer *p,
				   const struct af *af);
void speaker_send_peer(struct speaker *s, enum shard_kind kind, const struct speaker_peer *p,
		       const struct af *af); // without contents, to each shard
unsigned speaker_shard_of(const struct speaker *s, const struct af *af, const struct af_key *key);
void speaker_pace(struct speaker *s); // stops or resumes reading of sockets

// --- peer.c ---------------------------------------------------------------------------------------
struct speaker_peer *peer_new(struct speaker *s, const struct ip *address,
			      const struct peer_config *c, bool dynamic);
void peer_free(
	struct speaker_peer *p); // silently: the session is stopped by the caller, if need be
void peer_limits(struct speaker_peer *p); // looks at route limits
bool peer_established(const struct speaker_peer *p);
// Import and export as configured, to the shards. True: the export is another one.
bool peer_give(struct speaker_peer *p, unsigned i, uint32_t generation);
// Of that family, and that the session is up, to the shards; nothing is noted here.
void peer_give_import(const struct speaker_peer *p, unsigned i, const struct rib_import *in,
		      uint32_t generation);
void peer_give_export(const struct speaker_peer *p, unsigned i, const struct rib_export *out,
		      uint32_t generation);
void peer_give_up(const struct speaker_peer *p, const struct sess_negotiated *n, uint16_t waiting);
void peer_revive(struct speaker_peer *p); // after route-limit: starts it again
// What the shards would be given: the configured values with what the session has taught us.
// The session as it is run: without an address of its own it takes the one that `-l` names, and
// without an interface of its own the VRF device of its instance.
void peer_session_of(const struct speaker_peer *p, const struct peer_config *c,
		     struct sess_config *ret);
void peer_import_of(const struct speaker_peer *p, const struct peer_config *c, unsigned i,
		    struct rib_import *ret);
// With a reference on both programs for the caller (peer_export_drop).
void peer_export_of(const struct speaker_peer *p, const struct speaker_config *config,
		    const struct peer_config *c, unsigned i, struct rib_export *ret);
void peer_export_drop(struct rib_export *out);
bool import_is_lossy(const struct rib_import *in);

// --- update.c -------------------------------------------------------------------------------------
void peer_update(struct speaker_peer *p, const uint8_t *bytes, size_t n);

// --- outbox.c -------------------------------------------------------------------------------------
void speaker_received(void *speaker, struct shard *shard, struct shard_message *m);
void peer_credit(struct speaker_peer *p); // grants every shard its part of what the session takes
void peer_credit_end(struct speaker_peer *p);    // and nothing any more
void peer_interval_over(struct speaker_peer *p); // a step of route-update-interval
void peer_answer(struct speaker_peer *p,
		 const struct af *af); // ROUTE-REFRESH: send everything again
void read_received(struct speaker *s, unsigned shard, struct shard_message *m); // read.c
void explain_received(struct speaker *s, const struct shard_message *m);        // explain.c
void measure_received(struct speaker *s, struct shard_message *m);              // measure.c
void measure_meet(struct speaker *s, const struct speaker_peer *p);             // a new peer
void measures_free(struct speaker *s);

// --- door.c ---------------------------------------------------------------------------------------
void door_password(const struct speaker_peer *p, const char *password); // NULL: none
bool door_is_bound(const struct speaker *s, uint16_t instance);         // has one of its own
void peer_find_device(struct speaker_peer *p);
void devices_look(struct speaker *s); // opens and shuts doors; binds what is not Established
void devices_due(void *speaker);      // the timer's
void doors_free(struct speaker *s);

// --- listen.c -------------------------------------------------------------------------------------
struct sess *speaker_find(void *door, const struct ip *remote,
			  const struct ip *local); // sess_find; of a struct speaker_door
bool group_accepts(const struct group_config *g, const struct ip *address);
bool group_accepts_as(const struct group_config *g, uint32_t as);
const struct peer_config *group_template(const struct group_config *g, const struct ip *address);
struct peer_config *group_member(
	const struct group_config *g,
	const struct ip *address);    // config of a dynamic member; caller owns
void speaker_reap(struct speaker *s); // removes dynamic peers whose session is over

// --- originate.c ----------------------------------------------------------------------------------
void speaker_originate(struct speaker *s, const struct speaker_config *old,
		       const struct speaker_config *next);
void originate_nothing(struct speaker *s, const struct instance_config *old); // it goes
bool origin_attributes_equal(const struct origin_config *a, const struct origin_config *b);
bool aggregates_equal(const struct af *af, const struct family_config *a, // NULL: none
		      const struct family_config *b);

// --- constrain.c ----------------------------------------------------------------------------------
bool peer_constrained(const struct speaker_peer *p, const struct speaker_config *config,
		      unsigned i); // family i, in the present session
struct policy_program *peer_constrain(const struct speaker_peer *p,
				      const struct speaker_config *config,
				      struct policy_program *program); // a reference for the caller
void constrain_member(struct speaker_peer *p, const struct af *af, const struct af_key *key,
		      bool counts);
void constrain_turn(struct speaker *s);          // what came in this turn takes effect
uint16_t constrain_wait(struct speaker_peer *p); // a session begins: families that wait
void constrain_end_of_rib(struct speaker_peer *p, const struct af *af); // received
void constrain_fence(struct speaker_peer *p);                           // came back from a shard
void constrain_begin(struct speaker_peer *p);                           // waited long enough

// --- instance.c -----------------------------------------------------------------------------------
const char *speaker_instance_name(const struct speaker *s, uint16_t number); // "": public, or gone
// Options and links; before any peer. Then what is no more, after its peers.
void instances_change(struct speaker *s, const struct speaker_config *old,
		      const struct speaker_config *next);
void instances_remove(struct speaker *s, const struct speaker_config *old,
		      const struct speaker_config *next);
void plan_instances(struct soft_plan *plan, struct speaker *s, const struct speaker_config *next);

// --- limit.c --------------------------------------------------------------------------------------
void limits_change(struct speaker *s, const struct instance_config *next); // tells the shards
void limits_forget(struct speaker *s, uint16_t number);                    // the instance has gone
void limits_free_all(struct speaker *s);
void limits_look(void *speaker);    // what has come of them; also the timer's
void limits_due(struct speaker *s); // the same, as if the time were over that they wait for
void plan_limits(struct soft_plan *plan, struct speaker *s, const struct instance_config *next,
		 unsigned i); // what a limit that is raised or taken away lets in

// --- apply.c --------------------------------------------------------------------------------------
// quiet: jobs of which only the last of its kind is remembered.
void plan_start(struct speaker *s, const struct soft_plan *plan, const char *origin, bool quiet);

// --- plan.c ---------------------------------------------------------------------------------------
#define OPTIONS_DECIDE 1u
#define OPTIONS_EXPORT 2u
#define OPTIONS_IMPORT 4u
#define OPTIONS_ASK    8u // what was turned away before could come in now
unsigned options_difference(const struct rib_options *a,
			    const struct rib_options *b); // which of them must run again
// Everything that import let in and that the table has not got: what is lent, and what peers have
// sent, by the best means that each has.
void plan_again(struct soft_plan *plan, struct speaker *s, const struct instance_config *n,
		unsigned i, const char *why);
void plan_options(struct soft_plan *plan, struct speaker *s, const struct instance_config *n,
		  unsigned i, unsigned what);
