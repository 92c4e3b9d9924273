// UPDATE messages of a peer: decoded and graded by wire/, cut by shard, put into the shards'
// batches. Attributes go as canonical bytes with the next hop among them; each run of NLRI is a
// record of its own, since the next hop may differ between runs. A verdict of RFC 7606 becomes
// withdrawals (treat-as-withdraw) or the end of the session; the message is logged whole.
#include "speaker/private.h"

#include "base/log.h"
#include "base/mem.h"

#include <string.h>

// The NLRI of a run that belong to one shard.
static struct span run_part(struct speaker *s, const struct nlri_run *run, unsigned shard)
{
	struct cursor c = cursor_of(run->bytes.p, run->bytes.len);
	uint8_t *out = arena_alloc(&s->scratch, run->bytes.len + 1);
	size_t len = 0;

	while (cursor_left(&c)) {
		const uint8_t *begin = c.p;
		struct af_key key = {0};

		if (!run->af->nlri_get(&c, &key))
			break;
		if (speaker_shard_of(s, run->af, &key) != shard)
			continue;
		memcpy(out + len, begin, (size_t)(c.p - begin));
		len += (size_t)(c.p - begin);
	}
	return (struct span){out, len};
}

static void run_put(struct speaker_peer *p, const struct nlri_run *run,
		    const struct span *attributes)
{
	struct speaker *s = p->speaker;
	struct batch_record head = {
		.peer = p->number,
		.af = (uint8_t)af_index(run->af),
		.withdrawn = !attributes,
		.attributes = attributes ? (uint32_t)attributes->len : 0,
	};

	for (unsigned i = 0; i < s->shard_count; i++) {
		struct span nlri = s->shard_count == 1 ? run->bytes : run_part(s, run, i);

		head.nlri = (uint32_t)nlri.len;
		if (nlri.len)
			shard_routes(s->shards[i], &head, attributes, &nlri);
	}
}

static void run_announce(struct speaker_peer *p, const struct nlri_run *run, struct attrs *as)
{
	struct speaker *s = p->speaker;
	struct span attributes;

	attrs_drop(as, ATTR_NEXT_HOP);
	if (run->next_hop.len)
		attrs_put(as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, run->next_hop.p, run->next_hop.len);
	buf_clear(&s->scratch_buf);
	attrs_encode(&s->scratch_buf, as);
	attributes = (struct span){s->scratch_buf.data, s->scratch_buf.len};
	run_put(p, run, &attributes);
}

static void runs_put(struct speaker_peer *p, struct update *u)
{
	for (unsigned i = 0; i < u->run_count; i++) {
		const struct nlri_run *run = &u->runs[i];

		if (!run->count || !p->run[af_index(run->af)].up)
			continue;
		if (run->withdrawn || u->verdict == UPDATE_WITHDRAW)
			run_put(p, run, NULL);
		else
			run_announce(p, run, &u->attrs);
		soft_update(p->speaker->soft, p->number, run->af, run->withdrawn ? 0 : run->count);
	}
}

void peer_update(struct speaker_peer *p, const uint8_t *bytes, size_t n)
{
	struct speaker *s = p->speaker;
	struct update_context x;
	struct update u;

	arena_reset(&s->scratch);
	sess_update_context(p->session, &x);
	update_decode(bytes, n, &x, &s->scratch, &u);
	if (u.trouble)
		sess_log_message(p->session, u.trouble, bytes, n);
	if (u.verdict == UPDATE_RESET) {
		sess_fail(p->session, &u.fault);
		return;
	}
	if (u.end_of_rib) {
		p->run[af_index(u.end_of_rib)].eor_received = true;
		sess_end_of_rib(p->session, u.end_of_rib);
		constrain_end_of_rib(p, u.end_of_rib);
		return;
	}
	runs_put(p, &u);
	task_start(s->flusher);
}
