// What taking over a configuration would do, per peer and family, without doing anything. Compared
// is what the shards and the session were really given with what they would be given: programs are
// interned by content, so a name that moved or a filter that was rewritten to the same effect is no
// difference, and an edit of anything that a policy uses, at any depth, is one.
//
// The means of an import change, in this order:
//   all routes are stored                        -> walk over them
//   the peer has route refresh                   -> walk over the accepted ones, and ask for the rest
//   nothing that is missing could come in now    -> walk over the accepted ones
//   else                                         -> the same, and pending: needs a new session
#include "speaker/private.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

// --- sessions -------------------------------------------------------------------------------------------
static const char *timers_cause(const struct sess_config *a, const struct sess_config *b)
{
	if (a->hold_time != b->hold_time || a->keepalive != b->keepalive ||
	    a->min_hold_time != b->min_hold_time)
		return "timer keepalive hold";
	if (a->ttl != b->ttl)
		return "ebgp-max-hop";
	if (a->gtsm_hops != b->gtsm_hops)
		return "valid-ttl-hops";
	if (strcmp(a->password, b->password))
		return "password";
	return NULL;
}

static const char *capability_cause(const struct sess_config *a, const struct sess_config *b)
{
	if (a->families != b->families)
		return "address families";
	if (a->refresh != b->refresh)
		return "capability route-refresh";
	if (a->as4 != b->as4)
		return "capability 4-byte-as";
	if (a->conventional != b->conventional)
		return "capability conventional";
	if (a->graceful_restart != b->graceful_restart)
		return "graceful-restart";
	if (a->extended_message != b->extended_message ||
	    a->enhanced_refresh != b->enhanced_refresh)
		return "capabilities";
	return NULL;
}

// The statement that makes a new session necessary.
static const char *session_cause(const struct sess_config *a, const struct sess_config *b)
{
	const char *cause;

	if (a->shutdown != b->shutdown)
		return "ignore";
	if (a->router_id != b->router_id)
		return "router-id";
	if (a->local_as != b->local_as || a->real_local_as != b->real_local_as)
		return "local AS number";
	if (a->remote_as != b->remote_as || a->internal != b->internal || a->confed != b->confed)
		return "as-number";
	cause = capability_cause(a, b);
	if (!cause)
		cause = timers_cause(a, b);
	if (cause)
		return cause;
	if (!ip_equal(&a->local, &b->local) || strcmp(a->interface, b->interface))
		return "connect-interface";
	return "session parameters";
}

static struct soft_step step_of(const struct speaker_peer *p, const struct af *af)
{
	struct soft_step step = {
		.peer = p->number,
		.instance = p->instance,
		.address = p->address,
		.af = af,
	};

	snprintf(step.instance_name, sizeof(step.instance_name), "%s",
		 speaker_instance_name(p->speaker, p->instance));
	return step;
}

static void step_session(struct soft_plan *plan, const struct speaker_peer *p, const char *why)
{
	struct soft_step step = step_of(p, NULL);

	step.effects = EFFECT_SESSION;
	snprintf(step.why, sizeof(step.why), "%s", why);
	soft_plan_add(plan, &step);
}

// --- import ---------------------------------------------------------------------------------------------
static const char *import_cause(const struct rib_import *a, const struct rib_import *b)
{
	if (a->program != b->program)
		return "import policy";
	if (a->preferred_value != b->preferred_value)
		return "preferred-value";
	if (a->allow_as_loop != b->allow_as_loop)
		return "allow-as-loop";
	if (a->check_first_as != b->check_first_as)
		return "check-first-as";
	if (a->discard_ext_community != b->discard_ext_community)
		return "discard-ext-community";
	if (a->public_as_only != b->public_as_only)
		return "public-as-only import";
	return "import";
}

// Whether what was turned away before could come in now. Loops are kept and marked by the rib.
static bool import_may_miss(const struct peer_run *r, const struct rib_import *next)
{
	return r->lossy || import_is_lossy(&r->import) ||
	       (r->import.check_first_as && !next->check_first_as) ||
	       next->allow_as_loop > r->import.allow_as_loop;
}

static bool can_ask(const struct speaker_peer *p)
{
	const struct sess_negotiated *n = sess_get_negotiated(p->session);

	return n && n->refresh;
}

// Whether more than the preferred value differs: that one is given after the verdict.
static bool verdicts_differ(const struct rib_import *old, const struct rib_import *next)
{
	struct rib_import same = *next;

	same.keep_all = old->keep_all;
	same.preferred_value = old->preferred_value;
	return !rib_import_equal(&same, old);
}

// Fewer route targets, and nothing else: nothing can come in that was turned away.
static bool only_narrows(const struct rib_import *old, const struct rib_import *next)
{
	struct rib_import same = *next;

	same.program = old->program;
	return old->program && next->program && !verdicts_differ(old, &same) &&
	       policy_program_narrows(old->program, next->program);
}

// Import changed (keep-all-routes apart).
static void step_policy(const struct speaker_peer *p, const struct peer_run *r,
			const struct rib_import *next, struct soft_step *step)
{
	bool differ = verdicts_differ(&r->import, next) && !only_narrows(&r->import, next);
	bool miss = differ && import_may_miss(r, next);
	bool asks = (differ && r->import.program != next->program) || miss;

	step->effects |= EFFECT_IMPORT;
	if (r->import.keep_all && r->complete) {
		step->means = MEANS_RETAINED;
	} else if (asks && can_ask(p)) {
		step->effects |= EFFECT_ASK;
		step->means = MEANS_REFRESH;
	} else if (!can_ask(p) && miss) {
		step->effects |= EFFECT_PENDING;
		step->means = MEANS_PENDING;
	} else {
		step->means = MEANS_ACCEPTED;
	}
}

static bool only_targets_differ(const struct policy_program *a, const struct policy_program *b)
{
	return a && b && a != b && policy_programs_kindred(a, b);
}

static void why_import(struct soft_step *step, const struct rib_import *old,
		       const struct rib_import *next, const struct peer_family *f)
{
	const char *cause = import_cause(old, next);

	if (only_targets_differ(old->program, next->program))
		snprintf(step->why, sizeof(step->why), "vpn-target changed");
	else if (old->program != next->program && f->import_policy[0])
		snprintf(step->why, sizeof(step->why), "%s %.60s", cause, f->import_policy);
	else
		snprintf(step->why, sizeof(step->why), "%s", cause);
}

static void plan_import(struct soft_plan *plan, const struct speaker_peer *p,
			const struct speaker_config *config, const struct peer_config *c,
			unsigned i)
{
	const struct peer_run *r = &p->run[i];
	struct soft_step step = step_of(p, af_list[i]);
	struct rib_import next, same;
	bool on, off;

	peer_import_of(p, c, i, &next);
	on = next.keep_all && !r->import.keep_all;
	off = !next.keep_all && r->import.keep_all;
	same = next;
	same.keep_all = r->import.keep_all;
	same.route_limit = r->import.route_limit; // counted here, no matter of a route's fate
	if (!rib_import_equal(&same, &r->import)) {
		step_policy(p, r, &next, &step);
		why_import(&step, &r->import, &next, &c->family[i]);
	}
	if (on && !can_ask(p)) {
		step_session(plan, p, "keep-all-routes without route refresh");
		return;
	}
	if (on) {
		step.effects |= EFFECT_ASK;
		step.means = MEANS_REFRESH;
	} else if (off) {
		step.effects |= EFFECT_IMPORT;
		step.means = MEANS_RETAINED;
	}
	if ((on || off) && !step.why[0])
		snprintf(step.why, sizeof(step.why), "%skeep-all-routes", off ? "undo " : "");
	if (!step.effects)
		return;
	struct rib_counts counts;
	speaker_peer_counts(p->speaker, p->number, af_list[i], &counts);
	step.routes = counts.received;
	soft_plan_add(plan, &step);
}

// --- export ---------------------------------------------------------------------------------------------
static void plan_export(struct soft_plan *plan, const struct speaker_peer *p,
			const struct speaker_config *config, const struct peer_config *c,
			unsigned i)
{
	const struct peer_run *r = &p->run[i];
	struct soft_step step = step_of(p, af_list[i]);
	struct rib_export next;

	step.effects = EFFECT_EXPORT;
	peer_export_of(p, config, c, i, &next);
	if (next.program == r->export.program)
		snprintf(step.why, sizeof(step.why), "export");
	else if (only_targets_differ(next.program, r->export.program))
		snprintf(step.why, sizeof(step.why), "constraint of route targets");
	else
		snprintf(step.why, sizeof(step.why), "export policy%s%.60s",
			 c->family[i].export_policy[0] ? " " : "", c->family[i].export_policy);
	if (!rib_export_equal(&next, &r->export))
		soft_plan_add(plan, &step);
	peer_export_drop(&next);
}

// --- options ----------------------------------------------------------------------------------------------
static bool members_equal(const struct rib_options *a, const struct rib_options *b)
{
	return a->confederation_member_count == b->confederation_member_count &&
	       (!a->confederation_member_count ||
		!memcmp(a->confederation_members, b->confederation_members,
			a->confederation_member_count * sizeof(uint32_t)));
}

unsigned options_difference(const struct rib_options *a, const struct rib_options *b)
{
	unsigned what = 0;

	if (a->as_path_ignore != b->as_path_ignore ||
	    a->med_none_as_maximum != b->med_none_as_maximum ||
	    a->compare_different_as_med != b->compare_different_as_med ||
	    a->med_confederation != b->med_confederation ||
	    a->router_id_ignore != b->router_id_ignore || a->max_paths != b->max_paths ||
	    a->external_paths != b->external_paths)
		what |= OPTIONS_DECIDE;
	if (a->default_local_pref != b->default_local_pref)
		what |= OPTIONS_IMPORT | OPTIONS_DECIDE | OPTIONS_EXPORT;
	if (a->default_med != b->default_med)
		what |= OPTIONS_EXPORT;
	if (a->reflect_between_clients != b->reflect_between_clients)
		what |= OPTIONS_EXPORT;
	if (a->as_path_limit != b->as_path_limit)
		what |= OPTIONS_IMPORT;
	if (a->as_path_limit && (!b->as_path_limit || b->as_path_limit > a->as_path_limit))
		what |= OPTIONS_ASK;
	if (a->local_as != b->local_as || a->router_id != b->router_id ||
	    a->cluster_id != b->cluster_id || a->confederation_id != b->confederation_id ||
	    !members_equal(a, b))
		what |= OPTIONS_IMPORT | OPTIONS_DECIDE | OPTIONS_EXPORT | OPTIONS_ASK;
	return what;
}

static void step_options(struct soft_plan *plan, const struct speaker_peer *p, unsigned i,
			 unsigned what)
{
	struct soft_step step = step_of(p, af_list[i]);
	bool stored = p->run[i].import.keep_all && p->run[i].complete;

	if (what & OPTIONS_EXPORT)
		step.effects |= EFFECT_EXPORT;
	if (what & OPTIONS_IMPORT) {
		step.effects |= EFFECT_IMPORT;
		step.means = stored ? MEANS_RETAINED : MEANS_ACCEPTED;
	}
	if (what & OPTIONS_ASK && !stored) {
		step.effects |= can_ask(p) ? EFFECT_ASK : EFFECT_PENDING;
		step.means = can_ask(p) ? MEANS_REFRESH : MEANS_PENDING;
	}
	snprintf(step.why, sizeof(step.why), "options of the instance");
	if (step.effects)
		soft_plan_add(plan, &step);
}

void plan_options(struct soft_plan *plan, struct speaker *s, const struct instance_config *n,
		  unsigned i, unsigned what)
{
	struct soft_step step = {
		.peer = RIB_NO_PEER,
		.instance = n->number,
		.af = af_list[i],
		.effects = EFFECT_DECIDE,
		.means = MEANS_DECIDE,
		.why = "rules of the decision",
	};

	snprintf(step.instance_name, sizeof(step.instance_name), "%s", n->name);
	if (what & OPTIONS_DECIDE)
		soft_plan_add(plan, &step);
	for (size_t k = 0; k < s->peers.count && what; k++) {
		const struct speaker_peer *p = s->peers.item[k];

		if (p->instance == n->number && p->run[i].up)
			step_options(plan, p, i, what);
	}
}

// --- what was turned away -----------------------------------------------------------------------------
static void step_again(struct soft_plan *plan, const struct speaker_peer *p, unsigned i,
		       const char *why)
{
	struct soft_step step = step_of(p, af_list[i]);
	struct rib_counts counts;

	if (p->run[i].import.keep_all && p->run[i].complete) {
		step.effects = EFFECT_IMPORT | EFFECT_AGAIN;
		step.means = MEANS_RETAINED;
	} else if (can_ask(p)) {
		step.effects = EFFECT_ASK;
		step.means = MEANS_REFRESH;
	} else {
		step.effects = EFFECT_PENDING;
		step.means = MEANS_PENDING;
	}
	speaker_peer_counts(p->speaker, p->number, af_list[i], &counts);
	step.routes = counts.received;
	snprintf(step.why, sizeof(step.why), "%s", why);
	soft_plan_add(plan, &step);
}

void plan_again(struct soft_plan *plan, struct speaker *s, const struct instance_config *n,
		unsigned i, const char *why)
{
	const struct af *outer = af_outer(af_list[i]);
	struct soft_step step = {
		.peer = RIB_NO_PEER,
		.instance = n->number,
		.af = af_list[i],
		.effects = EFFECT_IMPORT | EFFECT_AGAIN,
		.means = MEANS_RETAINED,
	};
	struct rib_totals totals;

	if (outer && n->link[i].present) {
		speaker_totals(s, INSTANCE_PUBLIC, outer, &totals);
		step.routes = totals.paths;
		snprintf(step.instance_name, sizeof(step.instance_name), "%s", n->name);
		snprintf(step.why, sizeof(step.why), "%s", why);
		soft_plan_add(plan, &step);
	}
	for (size_t k = 0; k < s->peers.count; k++) {
		const struct speaker_peer *p = s->peers.item[k];

		if (p->instance == n->number && peer_established(p) && p->run[i].up)
			step_again(plan, p, i, why);
	}
}

// --- all of it ----------------------------------------------------------------------------------------------
static void plan_peer(struct soft_plan *plan, const struct speaker_peer *p,
		      const struct speaker_config *config, const struct peer_config *c)
{
	struct sess_config session;

	if (!peer_established(p))
		return;
	if (!c) {
		step_session(plan, p, "peer removed");
		return;
	}
	peer_session_of(p, c, &session);
	if (!sess_config_equal(&session, sess_get_config(p->session))) {
		step_session(plan, p, session_cause(sess_get_config(p->session), &session));
		return;
	}
	for (unsigned i = 0; i < af_count; i++) {
		if (!p->run[i].up || !c->family[i].enabled)
			continue;
		plan_import(plan, p, config, c, i);
		plan_export(plan, p, config, c, i);
	}
}

// A session that is to be reset gets everything anew: what else was planned for it is void.
static void plan_prune(struct soft_plan *plan)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < plan->count; i++) {
		struct soft_step *step = &plan->steps[i];
		bool reset = false;

		for (unsigned k = 0; k < plan->count && step->af; k++)
			reset |= plan->steps[k].peer == step->peer &&
				 plan->steps[k].effects & EFFECT_SESSION;
		if (!reset)
			plan->steps[kept++] = *step;
	}
	plan->count = kept;
}

static void plan_dynamic(struct soft_plan *plan, const struct speaker_peer *p,
			 const struct speaker_config *next)
{
	const struct group_config *g = speaker_config_group_in(next, p->instance, p->config->group);
	struct peer_config *c;

	if (!g || !group_accepts(g, &p->address)) {
		plan_peer(plan, p, next, NULL);
		return;
	}
	c = group_member(g, &p->address);
	plan_peer(plan, p, next, c);
	peer_config_release(c);
	mem_free(c);
}

void speaker_plan(struct speaker *s, const struct speaker_config *next, struct soft_plan *ret)
{
	*ret = (struct soft_plan){0};
	for (size_t i = 0; i < s->peers.count; i++) {
		const struct speaker_peer *p = s->peers.item[i];
		const struct peer_config *c = speaker_config_peer(next, p->instance, &p->address);

		if (!c && p->own)
			plan_dynamic(ret, p, next);
		else
			plan_peer(ret, p, next, c);
	}
	plan_instances(ret, s, next);
	plan_prune(ret);
}
