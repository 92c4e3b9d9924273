// The instance: makes shards, engine and peers and holds them together. It starts with no
// configuration: speaker_apply brings the first one like any other.
#include "speaker/speaker.h"

#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "speaker/explain.h"
#include "speaker/private.h"
#include "speaker/proof_private.h"

// Bytes of batches toward one shard: beyond HIGH sockets rest until LOW. What is in flight is what a
// peer's UPDATE waits behind (some 40 ms for a megabyte), whatever else arrives.
#define IN_FLIGHT_HIGH (256u << 10)
#define IN_FLIGHT_LOW  (128u << 10)

// Of a prefix, what decides on its shard. Shorter aggregates than this see only part of their routes
// when there is more than one shard.
#define SHARD_BITS      8
#define SHARD_BITS_WIDE 16

// --- ports of soft/ -------------------------------------------------------------------------------
static void port_order(void *arg, const struct soft_order *o)
{
	struct speaker *s = arg;

	for (unsigned i = 0; i < s->shard_count; i++) {
		struct shard_message *m = shard_message_new(SHARD_ORDER);

		m->order = mem_copy(o, sizeof(*o));
		shard_send(s->shards[i], m);
	}
}

static void port_ask(void *arg, uint16_t peer, const struct af *af)
{
	struct speaker *s = arg;
	struct speaker_peer *p = s->by_number[peer];

	if (p && peer_established(p))
		sess_send_refresh(p->session, af, REFRESH_REQUEST);
}

static void port_resend(void *arg, uint16_t peer, const struct af *af)
{
	struct speaker *s = arg;
	struct speaker_peer *p = s->by_number[peer];

	if (p && peer_established(p))
		peer_answer(p, af);
}

static void port_expire(void *arg, uint16_t peer, const struct af *af)
{
	struct speaker *s = arg;
	struct speaker_peer *p = s->by_number[peer];
	char text[IP_TEXT_MAX];

	if (!p || !peer_established(p))
		return;
	log_warning(
		"peer %s: the end of the %s refresh did not come in time: what was not sent again goes",
		ip_text(&p->address, text), af->title);
	speaker_send_peer(s, SHARD_REFRESH_END, p, af);
}

static void port_counts(void *arg, uint16_t peer, const struct af *af, struct rib_counts *ret)
{
	speaker_peer_counts(arg, peer, af, ret);
}

// --- shards -----------------------------------------------------------------------------------------
struct shard_message *peer_message(enum shard_kind kind, const struct speaker_peer *p,
				   const struct af *af)
{
	struct shard_message *m = shard_message_new(kind);

	m->instance = p->instance;
	m->peer = p->number;
	m->af = af;
	m->number = p->session_number;
	return m;
}

void speaker_send(struct speaker *s, struct shard_message *(*make)(void *arg), void *arg)
{
	for (unsigned i = 0; i < s->shard_count; i++)
		shard_send(s->shards[i], make(arg));
}

void speaker_send_peer(struct speaker *s, enum shard_kind kind, const struct speaker_peer *p,
		       const struct af *af)
{
	for (unsigned i = 0; i < s->shard_count; i++)
		shard_send(s->shards[i], peer_message(kind, p, af));
}

// By the leading bits of the prefix alone: one destination's forms in different tables meet in one
// shard, and so do the routes that an aggregate is made of.
unsigned speaker_shard_of(const struct speaker *s, const struct af *af, const struct af_key *key)
{
	struct ip ip = {0};
	const uint8_t *p;
	unsigned bits, most = af->props & AF_WIDE ? SHARD_BITS_WIDE : SHARD_BITS;

	if (s->shard_count == 1)
		return 0;
	if (!(af->props & AF_PREFIX))
		return (unsigned)(af_key_hash(af, key) % s->shard_count);
	p = af->prefix(key, &bits);
	if (bits > most)
		bits = most;
	memcpy(ip.b, p, (bits + 7) / 8);
	ip_mask(&ip, bits);
	return (unsigned)(hash_more(bits, ip.b, (most + 7) / 8) % s->shard_count);
}

void speaker_pace(struct speaker *s)
{
	size_t most = 0;

	for (unsigned i = 0; i < s->shard_count; i++) {
		if (s->shards[i]->in_flight > most)
			most = s->shards[i]->in_flight;
	}
	if (s->paused ? most >= IN_FLIGHT_LOW : most <= IN_FLIGHT_HIGH)
		return;
	s->paused = !s->paused;
	for (size_t i = 0; i < s->peers.count; i++) {
		struct speaker_peer *p = s->peers.item[i];

		sess_pause_reading(p->session, s->paused);
	}
}

static bool flush(void *arg)
{
	struct speaker *s = arg;

	for (unsigned i = 0; i < s->shard_count; i++)
		shard_flush(s->shards[i]);
	speaker_pace(s);
	if (s->member_moved)
		constrain_turn(s);
	if (s->reap)
		speaker_reap(s);
	return false;
}

// --- making and ending --------------------------------------------------------------------------------
struct speaker *speaker_new(struct loop *l, const struct speaker_options *o)
{
	struct speaker *s = MEM_NEW(struct speaker);
	struct soft_ports ports = {.order = port_order,
				   .ask = port_ask,
				   .resend = port_resend,
				   .expire = port_expire,
				   .counts = port_counts,
				   .arg = s,
				   .started = proofs_job_started,
				   .ended = proofs_job_ended};

	s->loop = l;
	s->options = *o;
	arena_init(&s->scratch, 64 * 1024);
	s->flusher = task_new(l, flush, s);
	s->device_timer = timer_new(l, devices_due, s);
	s->limit_timer = timer_new(l, limits_look, s);
	s->proof_timer = timer_new(l, proofs_look, s);
	list_init(&s->proofs);
	map_init_number(&s->limit_of);
	s->shard_count = o->rib_threads ? o->rib_threads : o->inline_shards ? o->inline_shards : 1;
	s->shards = mem_zero(s->shard_count * sizeof(*s->shards));
	for (unsigned i = 0; i < s->shard_count; i++)
		s->shards[i] =
			shard_new(l, i, s->shard_count, o->rib_threads != 0, speaker_received, s);
	s->soft = soft_new(l, &ports, s->shard_count);
	return s;
}

void speaker_free(struct speaker *s)
{
	if (!s)
		return;
	s->closing = true;
	doors_free(s);
	timer_free(s->device_timer);
	s->device_timer = NULL;
	while (s->reads.count)
		speaker_read_cancel(s->reads.item[0]);
	vec_free(&s->reads);
	while (s->explains.count)
		speaker_explain_cancel(s->explains.item[0]);
	vec_free(&s->explains);
	measures_free(s);
	limits_free_all(s);
	timer_free(s->limit_timer);
	s->limit_timer = NULL;
	proofs_forget(s);
	timer_free(s->proof_timer);
	while (s->peers.count) {
		struct speaker_peer *p = s->peers.item[s->peers.count - 1];

		sess_stop(p->session, CEASE_SHUTDOWN, "the speaker is being stopped");
		peer_free(p);
	}
	for (unsigned i = 0; i < s->shard_count; i++)
		shard_free(s->shards[i]);
	soft_free(s->soft);
	mem_free(s->shards);
	vec_free(&s->peers);
	task_free(s->flusher);
	arena_free(&s->scratch);
	buf_free(&s->scratch_buf);
	speaker_config_unref(s->config);
	mem_free(s);
}

struct loop *speaker_loop(struct speaker *s)
{
	return s->loop;
}

const struct speaker_config *speaker_running(const struct speaker *s)
{
	return s->config;
}

// --- looking ------------------------------------------------------------------------------------------
static size_t peer_place(const struct speaker *s, uint16_t instance, const struct ip *address,
			 bool *ret_found)
{
	size_t low = 0, high = s->peers.count;

	*ret_found = false;
	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct speaker_peer *p = s->peers.item[mid];
		int order = p->instance != instance ? (p->instance < instance ? -1 : 1)
						    : ip_compare(&p->address, address);

		if (!order) {
			*ret_found = true;
			return mid;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct speaker_peer *peer_lookup(const struct speaker *s, uint16_t instance,
				 const struct ip *address)
{
	bool found;
	size_t at = peer_place(s, instance, address, &found);

	return found ? s->peers.item[at] : NULL;
}

unsigned speaker_peer_count(const struct speaker *s)
{
	return (unsigned)s->peers.count;
}

struct speaker_peer *speaker_peer_at(struct speaker *s, unsigned i)
{
	return i < s->peers.count ? s->peers.item[i] : NULL;
}

struct speaker_peer *speaker_peer_find(struct speaker *s, uint16_t instance,
				       const struct ip *address)
{
	return peer_lookup(s, instance, address);
}

struct speaker_peer *speaker_peer_by_number(struct speaker *s, uint16_t number)
{
	return number < RIB_PEERS_MAX ? s->by_number[number] : NULL;
}

static void judged_add(struct sweep_counts *to, const struct sweep_counts *c)
{
	to->seen += c->seen;
	to->changed += c->changed;
	to->newly_accepted += c->newly_accepted;
	to->newly_rejected += c->newly_rejected;
	to->best_moved += c->best_moved;
}

// Those of an older generation than another shard's are old news: they begin anew with it.
static void counts_add_judged(struct rib_counts *to, const struct rib_counts *c)
{
	if (c->generation > to->generation) {
		to->generation = c->generation;
		to->fresh = to->again = (struct sweep_counts){0};
	}
	if (c->generation == to->generation) {
		judged_add(&to->fresh, &c->fresh);
		judged_add(&to->again, &c->again);
	}
}

static void counts_add(struct rib_counts *to, const struct rib_counts *c)
{
	to->received += c->received;
	to->accepted += c->accepted;
	to->rejected += c->rejected;
	to->best += c->best;
	to->advertised += c->advertised;
	to->stale += c->stale;
	to->withdrawn_by_sweep += c->withdrawn_by_sweep;
	to->unkept += c->unkept;
	to->group = c->group;
	counts_add_judged(to, c);
}

static bool shard_counts_of(const struct speaker *s, const struct shard *shard, uint16_t peer,
			    const struct af *af, struct rib_counts *ret)
{
	const struct speaker_peer *p = s->by_number[peer];
	struct rib *rib;

	if (!p)
		return false;
	if (shard->threaded) {
		if (shard->rows[peer])
			*ret = shard->rows[peer]->counts[af_index(af)];
		return shard->rows[peer];
	}
	rib = worker_rib(shard->worker, p->instance);
	if (rib)
		rib_peer_counts(rib, peer, af, ret);
	return rib;
}

void speaker_peer_counts(struct speaker *s, uint16_t peer, const struct af *af,
			 struct rib_counts *ret)
{
	*ret = (struct rib_counts){0};
	for (unsigned i = 0; peer < RIB_PEERS_MAX && i < s->shard_count; i++) {
		const struct shard *shard = s->shards[i];
		struct rib_counts now;

		if (shard_counts_of(s, shard, peer, af, &now))
			counts_add(ret, &now);
	}
}

static void totals_add(struct rib_totals *to, const struct rib_totals *t)
{
	to->destinations += t->destinations;
	to->best += t->best;
	to->paths += t->paths;
	to->attribute_sets += t->attribute_sets;
	to->groups = t->groups > to->groups ? t->groups : to->groups;
	to->bytes_routes += t->bytes_routes;
	to->bytes_sets += t->bytes_sets;
	to->bytes_out += t->bytes_out;
	to->bytes_memo += t->bytes_memo;
}

void speaker_totals(struct speaker *s, uint16_t instance, const struct af *af,
		    struct rib_totals *ret)
{
	*ret = (struct rib_totals){0};
	for (unsigned i = 0; i < s->shard_count; i++) {
		const struct shard *shard = s->shards[i];
		struct rib *rib;
		struct rib_totals now;

		if (shard->threaded) {
			if (shard->totals[instance])
				totals_add(ret, &shard->totals[instance]->totals[af_index(af)]);
			continue;
		}
		rib = worker_rib(shard->worker, instance);
		if (!rib)
			continue;
		rib_totals(rib, af, &now);
		totals_add(ret, &now);
	}
}

unsigned speaker_jobs(struct speaker *s, const struct soft_job ***ret)
{
	return soft_jobs(s->soft, ret);
}

bool speaker_quiet(const struct speaker *s)
{
	for (unsigned i = 0; i < s->shard_count; i++) {
		const struct shard *shard = s->shards[i];

		if (shard->batch.len || shard->in_flight || !list_empty(&shard->returned) ||
		    (!shard->threaded && !worker_idle(shard->worker)))
			return false;
	}
	return !soft_running(s->soft);
}
