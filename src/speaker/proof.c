// Proofs under way (proof.h): they stand in a list of the speaker, and what happens to sessions and
// jobs is told to each of them. Whether one is over is looked at ten times a second, since what it
// waits for has ended by then, and the round of the loop that did the work can be measured.
#include "speaker/proof.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "speaker/proof_private.h"

#define LOOK_EVERY UINT64_C(100000) // microseconds

const char *proof_fate_text(enum proof_fate f)
{
	static const char *const texts[PROOF_FATES] = {
		[PROOF_KEPT] = "the same",
		[PROOF_RESET] = "reset by it",
		[PROOF_LOST] = "lost",
		[PROOF_NEW] = "new",
	};
	return texts[f];
}

static struct proof *proof_at(struct list *l)
{
	return LIST_ENTRY(l, struct proof, link);
}

// --- sessions -----------------------------------------------------------------------------------------
static struct proof_identity identity_of(const struct speaker_peer *p)
{
	const struct sess_negotiated *n = p->session ? sess_get_negotiated(p->session) : NULL;
	const struct sess_counters *c = p->session ? sess_get_counters(p->session) : NULL;

	if (!n || !peer_established(p))
		return (struct proof_identity){0};
	return (struct proof_identity){
		.number = p->session_number,
		.router_id = n->remote_router_id,
		.local_port = n->local_port,
		.remote_port = n->remote_port,
		.established = c->established_at,
		.since = c->up_since,
	};
}

static bool identity_equal(const struct proof_identity *a, const struct proof_identity *b)
{
	return a->number == b->number && a->local_port == b->local_port &&
	       a->remote_port == b->remote_port && a->since == b->since &&
	       a->router_id == b->router_id;
}

// By number, for a look at all peers: thousands of them may stand in thousands of instances. The
// caller frees the array.
static const char **instance_names(const struct speaker *s)
{
	const char **names = mem_zero(INSTANCES_MAX * sizeof(*names));

	for (unsigned i = 0; s->config && i < s->config->instance_count; i++)
		names[s->config->instances[i].number] = s->config->instances[i].name;
	return names;
}

static struct proof_session session_of(const struct speaker_peer *p, const char *const *names)
{
	struct proof_session x = {.instance = p->instance, .address = p->address};
	const char *name = names[p->instance];

	snprintf(x.instance_name, sizeof(x.instance_name), "%s", name ? name : "");
	return x;
}

static int session_compare(const struct proof_session *a, const struct proof_session *b)
{
	if (a->instance != b->instance)
		return a->instance < b->instance ? -1 : 1;
	return ip_compare(&a->address, &b->address);
}

static void sessions_before(struct proof *p)
{
	const struct vec *peers = &p->speaker->peers;
	const char **names = instance_names(p->speaker);

	p->sessions = mem_zero((peers->count + 1) * sizeof(*p->sessions));
	for (size_t i = 0; i < peers->count; i++) {
		struct proof_identity x = identity_of(peers->item[i]);

		if (!x.number)
			continue;
		p->sessions[p->session_count] = session_of(peers->item[i], names);
		p->sessions[p->session_count++].before = x;
	}
	mem_free(names);
}

// The one of that peer, among those of when it began.
static struct proof_session *session_find(const struct proof *p, uint16_t instance,
					  const struct ip *address)
{
	const struct proof_session key = {.instance = instance, .address = *address};
	unsigned low = 0, high = p->session_count;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = session_compare(&p->sessions[middle], &key);

		if (!order)
			return &p->sessions[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

// Both lists are in the same order: one pass makes one of them.
static void sessions_after(struct proof *p)
{
	const struct vec *peers = &p->speaker->peers;
	struct proof_session *all = mem_zero((peers->count + p->session_count + 1) * sizeof(*all));
	const char **names = instance_names(p->speaker);
	unsigned n = 0, old = 0;

	for (size_t i = 0; i < peers->count; i++) {
		struct proof_session x = session_of(peers->item[i], names);

		x.after = identity_of(peers->item[i]);
		while (old < p->session_count && session_compare(&p->sessions[old], &x) < 0)
			all[n++] = p->sessions[old++];
		if (old < p->session_count && !session_compare(&p->sessions[old], &x))
			x.before = p->sessions[old].before, x.end = p->sessions[old++].end;
		if (x.before.number || x.after.number)
			all[n++] = x;
	}
	while (old < p->session_count)
		all[n++] = p->sessions[old++];
	mem_free(names);
	mem_free(p->sessions);
	p->sessions = all;
	p->session_count = n;
}

enum proof_fate proof_fate(const struct proof_session *x)
{
	if (!x->before.number)
		return PROOF_NEW;
	if (identity_equal(&x->before, &x->after))
		return PROOF_KEPT;
	return x->end && x->end->mine ? PROOF_RESET : PROOF_LOST;
}

unsigned proof_count(const struct proof *p, enum proof_fate f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->session_count; i++)
		n += proof_fate(&p->sessions[i]) == f;
	return n;
}

unsigned proof_peers(const struct proof *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PEER_WORDS; i++)
		n += (unsigned)__builtin_popcountll(p->peers[i]);
	return n;
}

// --- its end ------------------------------------------------------------------------------------------
static void still_busy(struct proof *p)
{
	p->ended = loop_wall(p->speaker->loop);
	p->ended_clock = loop_clock();
}

// A session that the change has reset and that is to come up again.
static bool waits_for(const struct proof *p, const struct proof_end *e)
{
	const struct proof_session *x = &p->sessions[e->session];
	const struct speaker_peer *peer = peer_lookup(p->speaker, x->instance, &x->address);

	return e->mine && peer && !peer_established(peer) && !peer->config->session.shutdown &&
	       !peer->limited;
}

static bool sessions_pending(const struct proof *p)
{
	uint64_t limit = p->began_clock + PROOF_WAIT * UINT64_C(1000000);

	for (size_t i = 0; loop_clock() < limit && i < p->ends.count; i++)
		if (waits_for(p, p->ends.item[i]))
			return true;
	return false;
}

static void late(struct proof *p, const struct speaker_peer *peer, uint64_t us, bool left)
{
	uint64_t *worst = left ? &p->keepalive_left : &p->keepalive_delay;

	if (us <= *worst)
		return;
	*worst = us;
	p->keepalive_peer = peer->address;
}

// The rounds since somebody looked last belong to all that are under way.
static void rounds_take(struct speaker *s)
{
	uint64_t control = loop_longest_round(s->loop), rib = 0;

	for (unsigned i = 0; i < s->shard_count; i++) {
		uint64_t one = s->shards[i]->threaded ? loop_longest_round(s->shards[i]->loop) : 0;

		rib = one > rib ? one : rib;
	}
	for (struct list *l = s->proofs.next; l != &s->proofs; l = l->next) {
		struct proof *p = proof_at(l);

		if (control > p->control_round)
			p->control_round = control;
		if (rib > p->rib_round)
			p->rib_round = rib;
	}
}

static void proof_finish(struct proof *p)
{
	struct speaker *s = p->speaker;

	for (size_t i = 0; i < s->peers.count; i++) {
		const struct speaker_peer *peer = s->peers.item[i];
		uint64_t owed = sess_keepalive_owed(peer->session);

		late(p, peer, owed, false);
		late(p, peer, owed, true);
	}
	sessions_after(p);
	list_remove(&p->link);
	p->over = true;
	p->speaker = NULL;
	map_free(&p->open);
}

void proofs_look(void *speaker)
{
	struct speaker *s = speaker;

	rounds_take(s);
	for (struct list *l = s->proofs.next, *next; l != &s->proofs; l = next) {
		struct proof *p = proof_at(l);

		next = l->next;
		if (p->started && !p->open.count && !sessions_pending(p))
			proof_finish(p);
	}
	if (!list_empty(&s->proofs))
		timer_start(s->proof_timer, LOOK_EVERY);
}

void proofs_forget(struct speaker *s)
{
	while (!list_empty(&s->proofs)) {
		struct proof *p = proof_at(s->proofs.next);

		list_remove(&p->link);
		p->speaker = NULL;
	}
}

// --- what happens -------------------------------------------------------------------------------------
static void put_notification(char *to, size_t size, const char *direction,
			     const struct sess_down *d)
{
	const char *name = bgp_suberror_text(d->code, d->subcode);

	snprintf(to, size, "NOTIFICATION %s %u/%u (%s%s%s)", direction, d->code, d->subcode,
		 bgp_error_text(d->code), name && *name ? ", " : "", name ? name : "");
}

static void put_why(char *to, size_t size, const struct sess_down *d)
{
	if (d->cause == DOWN_NOTIFICATION_SENT)
		put_notification(to, size, "sent", d);
	else if (d->cause == DOWN_NOTIFICATION_RECEIVED)
		put_notification(to, size, "received", d);
	else
		snprintf(to, size, "%s", d->text ? d->text : "");
}

static void session_ended(struct proof *p, const struct speaker_peer *peer,
			  const struct sess_down *d)
{
	struct speaker *s = peer->speaker;
	struct proof_session *x = session_find(p, peer->instance, &peer->address);
	struct proof_end *e;

	if (!x || x->before.number != peer->session_number) {
		p->flapped++;
		return;
	}
	e = MEM_NEW(struct proof_end);
	e->at = loop_wall(s->loop);
	e->session = (unsigned)(x - p->sessions);
	e->mine = s->proof == p && s->doing[0];
	memcpy(e->by, s->doing, sizeof(e->by));
	put_why(e->why, sizeof(e->why), d);
	x->end = e;
	vec_add(&p->ends, e);
	if (e->mine)
		still_busy(p);
}

void proofs_down(const struct speaker_peer *peer, const struct sess_down *d)
{
	struct list *all = &peer->speaker->proofs;

	for (struct list *l = all->next; l != all; l = l->next)
		session_ended(proof_at(l), peer, d);
}

// What was reset by the change and comes up again is part of it.
void proofs_up(const struct speaker_peer *peer)
{
	struct list *all = &peer->speaker->proofs;

	for (struct list *l = all->next; l != all; l = l->next) {
		struct proof *p = proof_at(l);
		const struct proof_session *x = session_find(p, peer->instance, &peer->address);

		if (x && x->end && x->end->mine)
			still_busy(p);
	}
}

void proofs_notification(const struct speaker_peer *peer, bool sent, uint8_t code, uint8_t subcode)
{
	struct speaker *s = peer->speaker;

	for (struct list *l = s->proofs.next; l != &s->proofs; l = l->next) {
		struct proof *p = proof_at(l);
		uint64_t n = p->sent + p->received;

		if (!p->notifications)
			p->notifications =
				mem_zero(PROOF_NOTIFICATIONS * sizeof(*p->notifications));
		if (n < PROOF_NOTIFICATIONS)
			p->notifications[n] = (struct proof_notification){
				.at = loop_wall(s->loop),
				.instance = peer->instance,
				.address = peer->address,
				.sent = sent,
				.code = code,
				.subcode = subcode,
			};
		p->sent += sent;
		p->received += !sent;
	}
}

void proofs_updates(struct speaker *s, unsigned sent, unsigned received)
{
	for (struct list *l = s->proofs.next; l != &s->proofs; l = l->next) {
		proof_at(l)->updates_sent += sent;
		proof_at(l)->updates_received += received;
	}
}

void proofs_keepalive(const struct speaker_peer *peer, uint64_t us, bool left)
{
	struct list *all = &peer->speaker->proofs;

	for (struct list *l = all->next; l != all; l = l->next) {
		struct proof *p = proof_at(l);

		p->keepalives += !left;
		late(p, peer, us, left);
	}
}

// --- jobs ---------------------------------------------------------------------------------------------
void proofs_job_started(void *speaker, const struct soft_job *j)
{
	struct speaker *s = speaker;
	struct proof *p = s->proof;

	if (!p || map_put_number(&p->open, j->number, p))
		return;
	p->job_count++;
	if (j->peer < RIB_PEERS_MAX)
		peer_bit_set(p->peers, j->peer);
}

static void job_take(struct proof *p, const struct soft_job *j)
{
	still_busy(p);
	p->jobs_pending += j->state == JOB_PENDING;
	p->jobs_cancelled += j->state == JOB_CANCELLED;
	p->counts.seen += j->counts.seen;
	p->counts.changed += j->counts.changed;
	p->counts.newly_accepted += j->counts.newly_accepted;
	p->counts.newly_rejected += j->counts.newly_rejected;
	p->counts.best_moved += j->counts.best_moved;
	if (j->longest_slice > p->longest_slice)
		p->longest_slice = j->longest_slice;
	if (p->jobs_kept == PROOF_JOBS)
		return;
	if (!(p->jobs_kept & (p->jobs_kept - 1))) // full: room doubles
		p->jobs = mem_resize(p->jobs,
				     (p->jobs_kept ? 2 * p->jobs_kept : 1) * sizeof(*p->jobs));
	p->jobs[p->jobs_kept++] = *j;
}

void proofs_job_ended(void *speaker, const struct soft_job *j)
{
	struct speaker *s = speaker;

	for (struct list *l = s->proofs.next; l != &s->proofs; l = l->next)
		if (map_remove_number(&proof_at(l)->open, j->number))
			job_take(proof_at(l), j);
}

// --- life ---------------------------------------------------------------------------------------------
struct proof *speaker_proof_begin(struct speaker *s, const char *origin)
{
	struct proof *p = MEM_NEW(struct proof);

	rounds_take(s);
	p->speaker = s;
	snprintf(p->origin, sizeof(p->origin), "%s", origin);
	still_busy(p);
	p->began = p->ended;
	p->began_clock = p->ended_clock;
	map_init_number(&p->open);
	sessions_before(p);
	list_add(&s->proofs, &p->link);
	s->proof = p;
	return p;
}

void speaker_proof_started(struct proof *p)
{
	struct speaker *s = p->speaker;

	p->started = true;
	if (!s)
		return;
	if (s->proof == p)
		s->proof = NULL;
	if (!timer_running(s->proof_timer))
		timer_start(s->proof_timer, LOOK_EVERY);
}

void speaker_proof_free(struct proof *p)
{
	if (!p)
		return;
	if (p->speaker && p->speaker->proof == p)
		p->speaker->proof = NULL;
	if (p->speaker)
		list_remove(&p->link);
	for (size_t i = 0; i < p->ends.count; i++)
		mem_free(p->ends.item[i]);
	vec_free(&p->ends);
	map_free(&p->open);
	mem_free(p->sessions);
	mem_free(p->notifications);
	mem_free(p->jobs);
	mem_free(p);
}
