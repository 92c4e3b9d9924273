// The side of an audit that is made anew. Fresh workers get from the speaker's own code what a start
// would give them, then the sessions that are up, and then all that the standing ribs hold as received.
// What they have to say goes nowhere, but for the memberships that count: those narrow the exports,
// which therefore come last. That is also the cheapest order, since an Adj-RIB-Out is made in place then,
// with no log.
//
// Limits are not given: their rooms are shared, and what stands in them is not to be counted twice.
// Where one turns routes away, the table is exempt.
#include "speaker/audit_private.h"

#include "base/mem.h"
#include "rib/replay.h"
#include "speaker/worker.h"

// --- what the fresh workers say -----------------------------------------------------------------------
static struct membership *asked_of(struct audit_run *r, uint16_t peer)
{
	if (!r->asked[peer])
		r->asked[peer] = membership_new();
	return r->asked[peer];
}

static void hear(void *arg, struct shard_message *m)
{
	struct audit_run *r = arg;

	if (m->kind == SHARD_MEMBER && m->peer < RIB_PEERS_MAX)
		membership_set(asked_of(r, m->peer), m->af, &m->member.key, m->member.counts);
	shard_message_free(m);
}

static void work(struct audit_run *r)
{
	for (unsigned i = 0; i < r->speaker->shard_count; i++)
		worker_finish(r->anew[i]);
}

// --- what they are given ------------------------------------------------------------------------------
static void introduce(struct audit_run *r, struct speaker_peer *p)
{
	const struct sess_negotiated *n = sess_get_negotiated(p->session);
	struct rib_import in;

	for (unsigned i = 0; i < af_count; i++) {
		if (!p->config->family[i].enabled)
			continue;
		peer_import_of(p, p->config, i, &in);
		peer_give_import(p, i, &in, r->speaker->config->generation);
		if (p->run[i].up && !(p->run[i].given && rib_import_equal(&in, &p->run[i].import)))
			audit_given(r, AUDIT_IMPORT, p, i);
	}
	peer_give_up(p, n, p->waiting);
}

static void export_to(struct audit_run *r, struct speaker_peer *p, unsigned i)
{
	struct membership *own = p->membership;
	struct rib_export out;

	p->membership = asked_of(r, p->number);
	peer_export_of(p, r->speaker->config, p->config, i, &out);
	p->membership = own;
	peer_give_export(p, i, &out, r->speaker->config->generation);
	if (p->run[i].up && !(p->waiting >> i & 1) &&
	    !(p->run[i].given && rib_export_equal(&out, &p->run[i].export)))
		audit_given(r, AUDIT_EXPORT, p, i);
	peer_export_drop(&out);
}

static void peers_give(struct audit_run *r, bool exports)
{
	struct speaker *s = r->speaker;

	for (size_t k = 0; k < s->peers.count; k++) {
		struct speaker_peer *p = s->peers.item[k];

		if (!peer_established(p) || !sess_get_negotiated(p->session))
			continue;
		if (!exports)
			introduce(r, p);
		for (unsigned i = 0; i < af_count && exports; i++)
			if (p->config->family[i].enabled && r->families >> i & 1)
				export_to(r, p, i);
	}
}

// --- what peers have sent -----------------------------------------------------------------------------
static void replay_table(struct audit_run *r, struct rib *from, struct rib *to, const struct af *af)
{
	struct replay *p = replay_new(from, to, af);
	uint32_t left = rib_numbers(from, af);

	while (replay_step(p, AUDIT_STEP))
		audit_passed(r, &left);
	audit_passed(r, &left);
	r->ret->replayed += replay_routes(p);
	replay_free(p);
}

static void replay_all(struct audit_run *r)
{
	struct speaker *s = r->speaker;

	for (unsigned k = 0; k < s->shard_count; k++) {
		for (unsigned number = 0; number < INSTANCES_MAX; number++) {
			struct rib *from = worker_rib(s->shards[k]->worker, (uint16_t)number);
			struct rib *to = worker_rib(r->anew[k], (uint16_t)number);

			for (unsigned i = 0; from && to && i < af_count; i++)
				if (r->families >> i & 1 && rib_has_family(from, af_list[i]))
					replay_table(r, from, to, af_list[i]);
		}
	}
}

// --- all of it ----------------------------------------------------------------------------------------
static void divert(struct audit_run *r, bool yes)
{
	for (unsigned i = 0; i < r->speaker->shard_count; i++)
		shard_divert(r->speaker->shards[i], yes ? r->anew[i] : NULL);
}

void audit_build(struct audit_run *r)
{
	struct speaker *s = r->speaker;
	struct worker_options o = {.count = s->shard_count, .send = hear, .arg = r};

	r->anew = mem_zero(s->shard_count * sizeof(*r->anew));
	for (unsigned i = 0; i < s->shard_count; i++) {
		o.index = i;
		r->anew[i] = worker_new(s->loop, &o);
	}
	divert(r, true);
	instances_change(s, NULL, s->config);
	speaker_originate(s, NULL, s->config);
	peers_give(r, false);
	work(r);
	replay_all(r);
	work(r);
	peers_give(r, true);
	work(r);
	divert(r, false);
}
