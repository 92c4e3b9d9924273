// Instances as the control side sees them: each shard has a rib for every one of them. A new one is
// made by its options, the first message that names it; what ties it to the VPN tables (its link)
// is given next, so that routes meet it from then on, and what stands there already is brought in
// by a walk. One that is gone goes with a single message, after its peers: what it lent to the
// VPN tables goes with it.
#include "speaker/private.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const struct instance_config *near(const struct speaker_config *c, uint16_t number,
					  unsigned place)
{
	return c ? speaker_config_instance_near(c, number, place) : NULL;
}

const char *speaker_instance_name(const struct speaker *s, uint16_t number)
{
	const struct instance_config *c = near(s->config, number, 0);

	return c ? c->name : "";
}

// --- options ----------------------------------------------------------------------------------------
static void options_give(struct speaker *s, uint16_t instance, unsigned i,
			 const struct rib_options *o, uint32_t generation)
{
	for (unsigned k = 0; k < s->shard_count; k++) {
		struct shard_message *m = shard_message_new(SHARD_OPTIONS);
		size_t size = o->confederation_member_count * sizeof(uint32_t);

		m->instance = instance;
		m->af = af_list[i];
		m->number = generation;
		m->options = *o;
		m->options.confederation_members =
			size ? mem_copy(o->confederation_members, size) : NULL;
		shard_send(s->shards[k], m);
	}
}

static void options_change(struct speaker *s, const struct instance_config *old,
			   const struct instance_config *next, uint32_t generation)
{
	for (unsigned i = 0; i < af_count; i++) {
		const struct rib_options *o = &next->family[i].options;

		if (!old || options_difference(&old->family[i].options, o))
			options_give(s, next->number, i, o, generation);
	}
}

// --- links ------------------------------------------------------------------------------------------
static void link_give(struct speaker *s, uint16_t instance, unsigned i, const struct vpn_link *link)
{
	for (unsigned k = 0; k < s->shard_count; k++) {
		struct shard_message *m = shard_message_new(SHARD_LINK);

		m->instance = instance;
		m->af = af_list[i];
		vpn_link_copy(&m->tie, link);
		shard_send(s->shards[k], m);
	}
}

static void links_change(struct speaker *s, const struct instance_config *old,
			 const struct instance_config *next)
{
	static const struct vpn_link none;

	for (unsigned i = 0; i < af_count; i++) {
		const struct vpn_link *a = old ? &old->link[i] : &none, *b = &next->link[i];

		if (!vpn_link_import_equal(a, b) || !vpn_link_export_equal(a, b))
			link_give(s, next->number, i, b);
	}
}

void instances_change(struct speaker *s, const struct speaker_config *old,
		      const struct speaker_config *next)
{
	for (unsigned i = 0; i < next->instance_count; i++) {
		const struct instance_config *n = &next->instances[i];
		const struct instance_config *o = near(old, n->number, i);

		options_change(s, o, n, next->generation);
		links_change(s, o, n);
		limits_change(s, n);
	}
}

void instances_remove(struct speaker *s, const struct speaker_config *old,
		      const struct speaker_config *next)
{
	for (unsigned i = 0; old && i < old->instance_count; i++) {
		uint16_t number = old->instances[i].number;

		if (near(next, number, i))
			continue;
		originate_nothing(s, &old->instances[i]);
		soft_instance_gone(s->soft, number);
		limits_forget(s, number);
		for (unsigned k = 0; k < s->shard_count; k++) {
			struct shard_message *m = shard_message_new(SHARD_INSTANCE_GONE);

			m->instance = number;
			shard_send(s->shards[k], m);
			shard_forget_instance(s->shards[k], number);
		}
	}
}

// --- the plan -----------------------------------------------------------------------------------------
static void why_add(struct soft_step *step, const char *why)
{
	size_t len = strlen(step->why);

	snprintf(step->why + len, sizeof(step->why) - len, "%s%s", len ? ", " : "", why);
}

static bool targets_equal(const struct vpn_link *a, const struct vpn_link *b)
{
	return a->target_count == b->target_count &&
	       (!a->target_count ||
		!memcmp(a->targets, b->targets, a->target_count * sizeof(*a->targets)));
}

static bool communities_equal(const struct vpn_link *a, const struct vpn_link *b)
{
	return a->community_count == b->community_count &&
	       (!a->community_count || !memcmp(a->communities, b->communities,
					       a->community_count * sizeof(*a->communities)));
}

static void link_why(struct soft_step *step, const struct vpn_link *a, const struct vpn_link *b)
{
	if (a->present != b->present)
		why_add(step, b->present ? "vpn-instance added" : "vpn-instance taken away");
	else if (memcmp(a->rd, b->rd, sizeof(a->rd)))
		why_add(step, "route-distinguisher changed");
	if (a->present != b->present)
		return;
	if (!targets_equal(a, b) || !communities_equal(a, b))
		why_add(step, "vpn-target changed");
	if (a->import != b->import)
		why_add(step, "import policy of the instance changed");
	if (a->export != b->export)
		why_add(step, "export policy of the instance changed");
	if (a->label != b->label || a->label_per_route != b->label_per_route)
		why_add(step, "apply-label changed");
	if (!step->why[0])
		why_add(step, "import of the instance changed");
}

// Routes that a walk would look at: what the tables hold on its side.
static uint64_t link_routes(struct speaker *s, const struct instance_config *next, unsigned i,
			    bool import)
{
	const struct af *outer = af_outer(af_list[i]);
	struct rib_totals t = {0};

	if (!import)
		speaker_totals(s, next->number, af_list[i], &t);
	else if (outer)
		speaker_totals(s, INSTANCE_PUBLIC, outer, &t);
	return t.paths;
}

static void plan_link(struct soft_plan *plan, struct speaker *s, const struct instance_config *old,
		      const struct instance_config *next, unsigned i)
{
	static const struct vpn_link none;
	const struct vpn_link *a = old ? &old->link[i] : &none, *b = &next->link[i];
	struct soft_step step = {
		.peer = RIB_NO_PEER,
		.instance = next->number,
		.af = af_list[i],
		.means = MEANS_RETAINED,
	};

	// Where no BGP ran there is nothing that it could take in: what comes meets the link.
	if (!vpn_link_import_equal(a, b) && s->config && s->config->present)
		step.effects |= EFFECT_IMPORT;
	if (!vpn_link_export_equal(a, b) && old)
		step.effects |= EFFECT_EXPORT; // a new one has no routes yet
	if (!step.effects)
		return;
	step.routes = link_routes(s, next, i, step.effects & EFFECT_IMPORT);
	snprintf(step.instance_name, sizeof(step.instance_name), "%s", next->name);
	link_why(&step, a, b);
	soft_plan_add(plan, &step);
}

void plan_instances(struct soft_plan *plan, struct speaker *s, const struct speaker_config *next)
{
	for (unsigned i = 0; i < next->instance_count; i++) {
		const struct instance_config *n = &next->instances[i];
		const struct instance_config *o = near(s->config, n->number, i);

		for (unsigned k = 0; k < af_count; k++) {
			if (o)
				plan_options(plan, s, n, k,
					     options_difference(&o->family[k].options,
								&n->family[k].options));
			plan_link(plan, s, o, n, k);
			plan_limits(plan, s, n, k);
		}
	}
}
