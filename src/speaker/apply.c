// Takes a configuration over. The order matters: first the shards learn the new programs, so that
// live routes meet the newest from then on; then sessions whose change needs it are reset; then
// soft/ brings up to date what is stored. All of it happens in one turn of the control loop, and
// every shard sees it as one stretch of messages: no half of a change is ever seen.
#include "speaker/private.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

// --- peers ------------------------------------------------------------------------------------------
static void peer_remove(struct speaker_peer *p)
{
	sess_stop(p->session, CEASE_DECONFIGURED, "");
	peer_free(p);
}

static struct peer_config *dynamic_config(const struct speaker_config *next,
					  const struct speaker_peer *p)
{
	const struct group_config *g = speaker_config_group_in(next, p->instance, p->config->group);

	if (!next->present || !g || !group_accepts(g, &p->address))
		return NULL;
	return group_member(g, &p->address);
}

static void password_change(struct speaker_peer *p, const struct peer_config *c)
{
	if (strcmp(p->config->session.password, c->session.password))
		door_password(p, c->session.password);
}

// The new configuration of one peer. Its session is reset here if that is what the change means.
static void peer_change(struct speaker_peer *p, const struct peer_config *c, uint32_t generation)
{
	struct sess_config session;
	bool anew, shutdown = c->session.shutdown;

	peer_session_of(p, c, &session);
	anew = !sess_config_equal(&session, sess_get_config(p->session));
	password_change(p, c);
	if (p->own && p->own != c) {
		peer_config_release(p->own);
		mem_free(p->own);
		p->own = c->dynamic ? (struct peer_config *)c : NULL;
	}
	p->config = c;
	sess_configure(p->session, &session);
	for (unsigned i = 0; i < af_count; i++) {
		if (c->family[i].enabled)
			peer_give(p, i, generation);
	}
	if (anew)
		sess_reset(p->session, shutdown ? CEASE_SHUTDOWN : CEASE_CONFIG_CHANGE, "");
}

static void peers_change(struct speaker *s, struct speaker_config *next)
{
	for (size_t i = s->peers.count; i--;) {
		struct speaker_peer *p = s->peers.item[i];
		const struct peer_config *c = speaker_config_peer(next, p->instance, &p->address);

		if (!c && p->own && !p->gone)
			c = dynamic_config(next, p);
		if (c)
			peer_change(p, c, next->generation);
		else
			peer_remove(p);
	}
	for (unsigned i = 0; i < next->peer_count; i++) {
		const struct peer_config *c = &next->peers[i];
		struct speaker_peer *p = peer_lookup(s, c->instance, &c->address);

		if (p)
			continue;
		p = peer_new(s, &c->address, c, false);
		if (p)
			sess_start(p->session);
	}
}

// --- the plan's steps ---------------------------------------------------------------------------------
static void start_import(struct speaker *s, const struct soft_step *step, struct soft_request *r)
{
	struct speaker_peer *p = s->by_number[step->peer];
	struct peer_run *run;
	const struct sess_negotiated *n;

	if (!p || !peer_established(p))
		return;
	run = &p->run[af_index(step->af)];
	n = sess_get_negotiated(p->session);
	r->import = true;
	r->means = step->means;
	r->walk = step->effects & EFFECT_IMPORT;
	r->again = step->effects & EFFECT_AGAIN;
	r->ask = step->effects & EFFECT_ASK;
	r->enhanced = n && n->enhanced_refresh;
	soft_start(s->soft, r);
	// What is asked for now will be stored, if it is to be; what is not kept may be missing later.
	run->complete = run->import.keep_all && (run->complete || r->ask);
}

// What is lent: the links that the routes meet are in the shards already.
static void lent_start(struct speaker *s, const struct soft_step *step, struct soft_request r)
{
	r.lent = r.walk = true;
	if (step->effects & EFFECT_IMPORT) {
		r.again = step->effects & EFFECT_AGAIN;
		r.import = true;
		r.means = MEANS_RETAINED;
		soft_start(s->soft, &r);
	}
	if (step->effects & EFFECT_EXPORT) {
		r.import = r.again = false;
		r.means = MEANS_EXPORT;
		soft_start(s->soft, &r);
	}
}

static void step_start(struct speaker *s, const struct soft_step *step, const char *origin,
		       bool quiet)
{
	struct soft_request r = {
		.peer = step->peer,
		.address = step->address,
		.instance = step->instance,
		.instance_name = step->instance_name,
		.af = step->af,
		.generation = s->config->generation,
		.origin = origin,
		.quiet = quiet,
	};

	if (step->peer == RIB_NO_PEER)
		lent_start(s, step, r);
	else if (step->effects & (EFFECT_IMPORT | EFFECT_ASK | EFFECT_PENDING))
		start_import(s, step, &r);
	if (step->effects & EFFECT_EXPORT && step->peer != RIB_NO_PEER) {
		r.import = r.ask = r.again = false;
		r.walk = true;
		r.means = MEANS_EXPORT;
		soft_start(s->soft, &r);
	}
	if (step->effects & EFFECT_DECIDE) {
		r.walk = true;
		r.means = MEANS_DECIDE;
		soft_start(s->soft, &r);
	}
}

static void session_reset(struct speaker *s, const struct soft_step *step)
{
	struct speaker_peer *p = step->peer < RIB_PEERS_MAX ? s->by_number[step->peer] : NULL;

	// A change of the session's parameters has reset it already.
	if (p && peer_established(p))
		sess_reset(p->session, CEASE_CONFIG_CHANGE, "");
}

void plan_start(struct speaker *s, const struct soft_plan *plan, const char *origin, bool quiet)
{
	for (unsigned i = 0; i < plan->count; i++) {
		if (plan->steps[i].effects & EFFECT_SESSION)
			session_reset(s, &plan->steps[i]);
	}
	for (unsigned i = 0; i < plan->count; i++) {
		if (!(plan->steps[i].effects & EFFECT_SESSION))
			step_start(s, &plan->steps[i], origin, quiet);
	}
}

void speaker_apply(struct speaker *s, struct speaker_config *next, const struct soft_plan *plan)
{
	struct speaker_config *old = s->config;
	struct soft_plan own = {0};
	char origin[32];

	if (!plan) {
		speaker_plan(s, next, &own);
		plan = &own;
	}
	s->config = speaker_config_ref(next);
	snprintf(origin, sizeof(origin), "commit %u", next->generation);
	snprintf(s->doing, sizeof(s->doing), "%s", origin);
	soft_set_limit(s->soft, next->stale_limit);
	instances_change(s, old, next);
	peers_change(s, next);
	instances_remove(s, old, next);
	devices_look(s);
	speaker_originate(s, old, next);
	plan_start(s, plan, origin, false);
	s->doing[0] = '\0';
	soft_plan_free(&own);
	speaker_config_unref(old);
}
