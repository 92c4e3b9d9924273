// What comes back from the shards: encoded messages go to the sessions, marks become End-of-RIB,
// BoRR and EoRR on the wire, answers go to soft/, rows to readers.
//
// Credit: a shard produces for a peer only what it was granted, and it is granted what the session
// will take (sess_room), so a slow peer costs a position in the rib and no queue here. A new grant
// is made when half of the last one has been delivered, or when the session has drained.
//
// Marks with more than one shard: BoRR goes out when the first shard begins, EoRR and End-of-RIB
// when the last has ended. One answer to ROUTE-REFRESH runs at a time per peer and family; one that
// is asked for meanwhile begins when it is over. A refresh that the peer sends is over when the last
// shard has removed what it left stale.
#include "speaker/private.h"
#include "speaker/proof_private.h"

#include "base/log.h"
#include "base/mem.h"

#define GRANT_LEAST 1
#define BURST_US    100000

// --- credit -----------------------------------------------------------------------------------------
static void grant(struct speaker_peer *p, unsigned shard, size_t bytes)
{
	struct shard_message *m = peer_message(SHARD_CREDIT, p, NULL);

	m->bytes_count = bytes;
	p->grants[shard] = (struct peer_grant){.granted = bytes};
	shard_send(p->speaker->shards[shard], m);
}

static size_t grant_size(const struct speaker_peer *p)
{
	size_t room = p->held ? 0 : sess_room(p->session);

	if (!room)
		return 0;
	room /= p->speaker->shard_count;
	return room > GRANT_LEAST ? room : GRANT_LEAST;
}

void peer_credit(struct speaker_peer *p)
{
	size_t bytes = grant_size(p);

	if (!bytes)
		return;
	for (unsigned i = 0; i < p->speaker->shard_count; i++)
		grant(p, i, bytes);
}

void peer_credit_end(struct speaker_peer *p)
{
	p->held = true;
	for (unsigned i = 0; i < p->speaker->shard_count; i++)
		grant(p, i, 0);
}

// route-update-interval: what is ready goes out in one burst, then nothing until the interval is
// over. Times run from the first message of the burst.
static unsigned interval_seconds(const struct speaker_peer *p)
{
	unsigned seconds = 0;

	for (unsigned i = 0; i < af_count; i++) {
		const struct peer_family *f = &p->config->family[i];

		if (p->run[i].up && p->run[i].eor_sent && f->update_interval > seconds)
			seconds = f->update_interval;
	}
	return seconds;
}

static void interval_start(struct speaker_peer *p)
{
	if (p->held || timer_running(p->interval_timer) || !interval_seconds(p))
		return;
	timer_start(p->interval_timer, BURST_US);
}

void peer_interval_over(struct speaker_peer *p)
{
	unsigned seconds = interval_seconds(p);

	p->held = !p->held && seconds;
	if (!p->held) {
		peer_credit(p);
		return;
	}
	for (unsigned i = 0; i < p->speaker->shard_count; i++)
		grant(p, i, 0);
	timer_start(p->interval_timer, seconds * UINT64_C(1000000) - BURST_US);
}

// --- deliveries ---------------------------------------------------------------------------------------
// One chunk may go out in several stretches: its reference is given back when the last has left.
struct chunk_hold {
	struct rib_chunk *chunk;
	unsigned refs;
};

static void hold_release(void *arg)
{
	struct chunk_hold *h = arg;

	if (--h->refs)
		return;
	rib_chunk_unref(h->chunk);
	mem_free(h);
}

static void chunk_release(void *arg)
{
	rib_chunk_unref(arg);
}

static size_t send_parts(struct speaker_peer *p, struct rib_delivery *d)
{
	struct chunk_hold *h = MEM_NEW(struct chunk_hold);
	size_t size, sum = 0;
	const uint8_t *bytes = rib_chunk_bytes(d->chunk, &size);

	h->chunk = d->chunk;
	h->refs = d->part_count + 1;
	for (unsigned i = 0; i < d->part_count; i++) {
		const struct rib_part *part = &d->parts[i];

		sum += part->to - part->from;
		sess_send_shared(p->session, bytes + part->from, part->to - part->from,
				 i ? 0 : d->updates, hold_release, h);
	}
	hold_release(h);
	return sum;
}

static void on_delivery(struct speaker *s, unsigned shard, struct shard_message *m)
{
	struct speaker_peer *p = s->by_number[m->peer];
	struct rib_delivery *d = &m->delivery;
	struct peer_grant *g;
	size_t size;

	if (!p || !p->session_number || p->session_number != m->number)
		return; // of a session that is no more: dropped with its message
	g = &p->grants[shard];
	if (d->parts) {
		size = send_parts(p, d);
	} else {
		const uint8_t *bytes = rib_chunk_bytes(d->chunk, &size);

		sess_send_shared(p->session, bytes, size, d->updates, chunk_release, d->chunk);
	}
	d->chunk = NULL; // the session's now
	soft_sent(s->soft, p->number, d->updates);
	proofs_updates(s, d->updates, 0);
	if (!peer_established(p))
		return; // sending has ended it
	g->delivered += size;
	if (g->delivered >= g->granted / 2) {
		size = grant_size(p);
		if (size)
			grant(p, shard, size);
	}
	interval_start(p);
}

// --- marks ----------------------------------------------------------------------------------------------
static void answer_start(struct speaker_peer *p, const struct af *af)
{
	struct peer_run *r = &p->run[af_index(af)];

	r->answering = true;
	r->begins = r->ends = 0;
	speaker_send_peer(p->speaker, SHARD_RESEND, p, af);
}

void peer_answer(struct speaker_peer *p, const struct af *af)
{
	struct peer_run *r = &p->run[af_index(af)];

	if (!r->up)
		return;
	if (r->answering || !r->eor_sent)
		r->answer_again = true;
	else
		answer_start(p, af);
}

static void answer_next(struct speaker_peer *p, const struct af *af)
{
	struct peer_run *r = &p->run[af_index(af)];

	if (!r->answer_again)
		return;
	r->answer_again = false;
	answer_start(p, af);
}

static bool enhanced(const struct speaker_peer *p)
{
	const struct sess_negotiated *n = sess_get_negotiated(p->session);

	return n && n->enhanced_refresh;
}

static void end_of_rib(struct speaker_peer *p, const struct af *af)
{
	struct speaker *s = p->speaker;
	struct peer_run *r = &p->run[af_index(af)];

	if (++r->ends < s->shard_count)
		return;
	r->ends = 0;
	r->eor_sent = true;
	buf_clear(&s->scratch_buf);
	end_of_rib_encode(&s->scratch_buf, af);
	sess_send(p->session, s->scratch_buf.data, s->scratch_buf.len);
	answer_next(p, af);
}

static void refresh_end(struct speaker_peer *p, const struct af *af)
{
	struct speaker *s = p->speaker;
	struct peer_run *r = &p->run[af_index(af)];

	if (!r->answering || ++r->ends < s->shard_count)
		return;
	r->answering = false;
	if (enhanced(p))
		sess_send_refresh(p->session, af, REFRESH_END);
	soft_resent(s->soft, p->number, af);
	if (peer_established(p) && !r->answering)
		answer_next(p, af);
}

static void on_mark(struct speaker *s, struct shard_message *m)
{
	struct speaker_peer *p = s->by_number[m->peer];
	struct peer_run *r;

	if (!p || !p->session_number || p->session_number != m->number)
		return;
	r = &p->run[af_index(m->af)];
	if (!r->up)
		return;
	switch (m->mark) {
	case RIB_MARK_END_OF_RIB:
		end_of_rib(p, m->af);
		break;
	case RIB_MARK_REFRESH_BEGIN:
		if (r->answering && !r->begins++ && enhanced(p))
			sess_send_refresh(p->session, m->af, REFRESH_BEGIN);
		break;
	case RIB_MARK_REFRESH_END:
		refresh_end(p, m->af);
		break;
	}
}

// --- all of it --------------------------------------------------------------------------------------------
static void on_taken(struct speaker *s, struct shard *shard, const struct shard_message *m)
{
	shard->in_flight -= m->bytes_count;
	speaker_pace(s);
}

static void on_swept(struct speaker *s, const struct shard_message *m)
{
	struct speaker_peer *p = s->by_number[m->peer];
	struct peer_run *r;

	if (!p || !p->session_number || p->session_number != m->number)
		return;
	r = &p->run[af_index(m->af)];
	if (r->swept_in != m->number)
		r->swept = r->swept_routes = 0;
	r->swept_in = m->number;
	r->swept_routes += (unsigned)m->bytes_count;
	if (++r->swept < s->shard_count)
		return;
	unsigned routes = r->swept_routes;
	r->swept = r->swept_routes = 0;
	soft_swept(s->soft, m->peer, m->af, routes);
}

static void on_member(struct speaker *s, const struct shard_message *m)
{
	struct speaker_peer *p = s->by_number[m->peer];

	if (p)
		constrain_member(p, m->af, &m->member.key, m->member.counts);
}

static void on_fence(struct speaker *s, const struct shard_message *m)
{
	struct speaker_peer *p = s->by_number[m->peer];

	if (p && p->session_number && p->session_number == m->number)
		constrain_fence(p);
}

static void on_counts(struct speaker *s, struct shard *shard, const struct shard_message *m)
{
	shard_take_counts(shard, m->counts);
	for (size_t i = 0; i < s->peers.count; i++)
		peer_limits(s->peers.item[i]);
	limits_look(s);
}

void speaker_received(void *speaker, struct shard *shard, struct shard_message *m)
{
	struct speaker *s = speaker;

	if (s->closing)
		return;
	switch (m->kind) {
	case SHARD_TAKEN:
		on_taken(s, shard, m);
		break;
	case SHARD_DELIVERY:
		on_delivery(s, shard->index, m);
		break;
	case SHARD_MARK:
		on_mark(s, m);
		break;
	case SHARD_ANSWER:
		soft_answered(s->soft, &m->answer);
		break;
	case SHARD_MEMBER:
		on_member(s, m);
		break;
	case SHARD_FENCE:
		on_fence(s, m);
		break;
	case SHARD_SWEPT:
		on_swept(s, m);
		break;
	case SHARD_ROWS:
		read_received(s, shard->index, m);
		break;
	case SHARD_EXPLAINED:
		explain_received(s, m);
		break;
	case SHARD_COUNTS:
		on_counts(s, shard, m);
		break;
	case SHARD_LEDGER:
		measure_received(s, m);
		break;
	default:
		break;
	}
}
