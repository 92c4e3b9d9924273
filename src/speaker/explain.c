// Questions for explanations, on the control thread: the candidate is turned into what the shards
// would be given (peer_import_of, peer_export_of), the shard that has the destination is asked, and
// its answer handed on. Nothing of the speaker changes.
#include "speaker/explain.h"

#include "speaker/private.h"

#include "base/mem.h"

struct speaker_explain {
	struct speaker *speaker;
	uint32_t id;
	void (*done)(void *arg, const struct explanation *e);
	void *arg;
};

// --- the candidate ----------------------------------------------------------------------------------
static struct policy_program *hold(struct policy_program *p)
{
	return p ? policy_program_ref(p) : NULL;
}

// What the peer would have; NULL: it would not be there. Dynamic ones follow their group.
static const struct peer_config *peer_next(const struct speaker_peer *p,
					   const struct speaker_config *next)
{
	const struct peer_config *c = speaker_config_peer(next, p->instance, &p->address);
	const struct group_config *g = NULL;

	if (!c && p->own)
		g = speaker_config_group_in(next, p->instance, p->own->group);
	return g ? group_template(g, &p->address) : c;
}

static void order_peer(struct explain_order *o, const struct speaker_peer *p,
		       const struct speaker_config *next, unsigned i)
{
	const struct peer_config *c = peer_next(p, next);
	struct rib_explain_peer *to;

	if (!c || !c->family[i].enabled)
		return;
	o->peers = mem_resize(o->peers, (o->config.count + 1) * sizeof(*o->peers));
	to = &o->peers[o->config.count++];
	to->peer = p->number;
	peer_import_of(p, c, i, &to->in);
	hold(to->in.program);
	peer_export_of(p, next, c, i, &to->out);
}

// Numbers of instances are given when a configuration is compiled, and stay with their names.
static void order_links(struct explain_order *o, const struct speaker_config *next, unsigned inner)
{
	o->links = mem_zero((next->instance_count + 1) * sizeof(*o->links));
	for (unsigned i = 0; i < next->instance_count; i++) {
		const struct instance_config *n = &next->instances[i];
		if (n->number == INSTANCE_PUBLIC || !n->link[inner].present)
			continue;
		struct candidate_link *to = &o->links[o->link_count++];
		to->instance = n->number;
		vpn_link_copy(&to->link, &n->link[inner]);
	}
}

static void order_options(struct explain_order *o, const struct instance_config *n, unsigned i)
{
	struct rib_options *to = &o->config.options;

	if (!n)
		return;
	*to = n->family[i].options;
	size_t size = to->confederation_member_count * sizeof(uint32_t);
	to->confederation_members = size ? mem_copy(to->confederation_members, size) : NULL;
}

static void order_candidate(struct explain_order *o, const struct speaker *s,
			    const struct explain_question *q)
{
	const struct speaker_config *next = q->candidate;
	unsigned i = af_index(q->af);

	order_options(o, speaker_config_instance_numbered(next, q->instance), i);
	for (size_t k = 0; k < s->peers.count; k++) {
		const struct speaker_peer *p = s->peers.item[k];
		if (p->instance == q->instance)
			order_peer(o, p, next, i);
	}
	order_links(o, next, q->af->inner ? af_index(q->af->inner) : i);
	o->config.peers = o->peers;
	o->want.candidate = &o->config;
}

// --- question and answer --------------------------------------------------------------------------
struct speaker_explain *speaker_explain_start(struct speaker *s, const struct explain_question *q,
					      void (*done)(void *arg, const struct explanation *e),
					      void *arg)
{
	struct speaker_explain *e = MEM_NEW(struct speaker_explain);
	struct shard_message *m = shard_message_new(SHARD_EXPLAIN);
	struct explain_order *o = MEM_NEW(struct explain_order);

	*e = (struct speaker_explain){.speaker = s, .id = ++s->last_read, .done = done, .arg = arg};
	vec_add(&s->explains, e);
	o->want = (struct rib_explain_want){.af = q->af, .key = q->key, .peer = q->peer};
	if (q->candidate)
		order_candidate(o, s, q);
	m->instance = q->instance;
	m->number = e->id;
	m->explain = o;
	shard_send(s->shards[speaker_shard_of(s, q->af, &q->key)], m);
	return e;
}

void speaker_explain_cancel(struct speaker_explain *e)
{
	if (!e)
		return;
	vec_drop(&e->speaker->explains, e);
	mem_free(e);
}

void explain_received(struct speaker *s, const struct shard_message *m)
{
	for (size_t i = 0; i < s->explains.count; i++) {
		struct speaker_explain *e = s->explains.item[i];
		if (e->id != m->number)
			continue;
		vec_remove(&s->explains, i);
		e->done(e->arg, m->explanation);
		mem_free(e);
		return;
	}
}
