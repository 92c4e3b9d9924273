// VPN routes go to a peer only where it has asked for them (RFC 4684 section 6). What a peer has
// announced comes from the shards, one membership at a time (SHARD_MEMBER), and is kept here as they
// have it, for as long as they have it: routes of a session that is over go when the shard removes
// them. Out of it comes a list of targets, and out of that the export program of the peer in each family that
// goes by route targets. Changes are gathered for a turn of the loop, then each such family gets
// its new program and a walk; other routes do not move.
//
// A new session tells its memberships before its VPN routes are begun (section 6): its families
// wait until the peer's End-of-RIB of the memberships, and then for a fence to come back from every
// shard, behind which all that the peer announced is known here; or until the time is over.
#include "speaker/private.h"

#include "base/mem.h"

// --- who is constrained -------------------------------------------------------------------------------
bool peer_constrained(const struct speaker_peer *p, const struct speaker_config *config, unsigned i)
{
	const struct sess_negotiated *n = p->session ? sess_get_negotiated(p->session) : NULL;
	const struct instance_config *c;

	if (!config || !config->constrain || !n || !(af_list[i]->props & AF_TARGETED) ||
	    !af_memberships() || !(n->families & af_bit(af_memberships())))
		return false;
	c = speaker_config_instance_numbered(config, p->instance);
	return c && c->family[i].constrained;
}

struct policy_program *peer_constrain(const struct speaker_peer *p,
				      const struct speaker_config *config,
				      struct policy_program *program)
{
	const struct policy_target *targets;
	unsigned n = membership_targets(p->membership, &targets);

	return policy_program_constrain(config->store, program, targets, n);
}

// --- changes ----------------------------------------------------------------------------------------
void constrain_member(struct speaker_peer *p, const struct af *af, const struct af_key *key,
		      bool counts)
{
	struct speaker *s = p->speaker;

	if (!membership_set(p->membership, af, key, counts))
		return;
	p->member_moved = s->member_moved = true;
	task_start(s->flusher);
}

static void export_again(struct speaker_peer *p, unsigned i)
{
	struct soft_request r = {
		.peer = p->number,
		.address = p->address,
		.instance = p->instance,
		.instance_name = speaker_instance_name(p->speaker, p->instance),
		.af = af_list[i],
		.means = MEANS_EXPORT,
		.walk = true,
		.quiet = true,
		.generation = p->speaker->config->generation,
		.origin = "membership",
	};

	soft_start(p->speaker->soft, &r);
}

// What waits gets its program when it is begun.
static void constrain_peer(struct speaker_peer *p)
{
	const struct speaker_config *c = p->speaker->config;

	p->member_moved = false;
	for (unsigned i = 0; i < af_count; i++) {
		if (!p->run[i].given || p->waiting >> i & 1 || !peer_constrained(p, c, i))
			continue;
		if (peer_give(p, i, c->generation) && p->run[i].up)
			export_again(p, i);
	}
}

void constrain_turn(struct speaker *s)
{
	s->member_moved = false;
	for (size_t i = 0; i < s->peers.count; i++) {
		struct speaker_peer *p = s->peers.item[i];

		if (p->member_moved)
			constrain_peer(p);
	}
}

// --- waiting ------------------------------------------------------------------------------------------
uint16_t constrain_wait(struct speaker_peer *p)
{
	const struct speaker_config *c = p->speaker->config;

	p->waiting = 0;
	p->fences = 0;
	timer_stop(p->wait_timer);
	for (unsigned i = 0; c && i < af_count; i++) {
		if (p->run[i].up && peer_constrained(p, c, i))
			p->waiting |= af_bit(af_list[i]);
	}
	if (!p->waiting)
		return 0;
	timer_start(p->wait_timer, c->membership_wait * UINT64_C(1000000));
	return p->waiting;
}

void constrain_begin(struct speaker_peer *p)
{
	uint16_t families = p->waiting;

	timer_stop(p->wait_timer);
	p->waiting = 0;
	p->fences = 0;
	for (unsigned i = 0; i < af_count; i++) {
		if (!(families >> i & 1))
			continue;
		peer_give(p, i, p->speaker->config->generation);
		speaker_send_peer(p->speaker, SHARD_BEGIN, p, af_list[i]);
	}
}

void constrain_end_of_rib(struct speaker_peer *p, const struct af *af)
{
	if (!(af->props & AF_MEMBERSHIP) || !p->waiting || p->fences)
		return;
	p->fences = (uint16_t)p->speaker->shard_count;
	speaker_send_peer(p->speaker, SHARD_FENCE, p, af);
}

void constrain_fence(struct speaker_peer *p)
{
	if (p->fences && !--p->fences)
		constrain_begin(p);
}
