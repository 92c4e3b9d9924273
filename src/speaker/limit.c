// Limits of the tables of VPN instances: `routing-table limit` and `prefix limit`. Counting and
// turning away is the shards' (rib/limit.h); here the room is made that they share, the log is told
// when it gets narrow, when it is full and when there is a place again, and what was turned
// away is brought back by soft means: VPN routes by a walk of what is lent, routes of peers from
// what is retained or by ROUTE-REFRESH. No session is ever reset for it.
//
// The room is full from the moment when the limit is reached until less than 95 percent of it is
// taken, or the limit is raised. What was turned away comes back then, at most once in ten
// seconds, so that a table at its limit does not ask its peers for every route that goes. A commit
// that raises a limit or takes it away does so at once, and its plan says so.
#include "speaker/private.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"

#define ROOMY_PERCENT 95u
#define AGAIN_US      10000000u

enum limit_level { LEVEL_ROOMY, LEVEL_NEAR, LEVEL_FULL };

struct family_limits {
	struct rib_room *room;         // counted; NULL: never limited
	struct rib_limit given;        // to the shards
	uint64_t settled[LIMIT_KINDS]; // so many times of turning away have been made up for
	uint8_t level[LIMIT_KINDS];
	uint64_t brought_at; // monotonic; 0: never
};

struct instance_limits {
	uint16_t number;
	struct family_limits family[AF_MAX];
};

static const char *const kind_names[] = {"routes", "prefixes"};
static const char *const statements[] = {"routing-table limit", "prefix limit"};

static struct instance_limits *limits_find(const struct speaker *s, uint16_t number)
{
	return map_get_number(&s->limit_of, number);
}

static struct instance_limits *limits_of(struct speaker *s, uint16_t number)
{
	struct instance_limits *l = limits_find(s, number);

	if (l)
		return l;
	l = MEM_NEW(struct instance_limits);
	l->number = number;
	vec_add(&s->limits, l);
	map_put_number(&s->limit_of, number, l);
	return l;
}

static void limits_free(struct instance_limits *l)
{
	for (unsigned i = 0; i < AF_MAX; i++)
		rib_room_unref(l->family[i].room);
	mem_free(l);
}

void limits_forget(struct speaker *s, uint16_t number)
{
	struct instance_limits *l = limits_find(s, number);

	if (!l)
		return;
	vec_drop(&s->limits, l);
	map_remove_number(&s->limit_of, number);
	limits_free(l);
}

void limits_free_all(struct speaker *s)
{
	while (s->limits.count)
		limits_free(vec_pop(&s->limits));
	vec_free(&s->limits);
	map_free(&s->limit_of);
}

// --- what is configured -----------------------------------------------------------------------------
static uint32_t configured(const struct instance_config *c, unsigned i, enum rib_limit_kind kind,
			   uint8_t *ret_percent)
{
	bool routes = kind == LIMIT_ROUTES;

	*ret_percent = routes ? c->route_limit_percent[i] : c->prefix_limit_percent[i];
	return routes ? c->route_limit[i] : c->prefix_limit[i];
}

// With `simply-alert` nothing is turned away: 0.
static uint32_t effective(const struct instance_config *c, unsigned i, enum rib_limit_kind kind)
{
	uint8_t percent;
	uint32_t most = configured(c, i, kind, &percent);

	return percent ? most : 0;
}

// Was something turned away that could come in under the next configuration?
static bool is_loosened(const struct family_limits *f, const struct instance_config *next,
			unsigned i, enum rib_limit_kind kind)
{
	struct rib_room_counts counts;
	uint32_t most = effective(next, i, kind);

	if (!f->given.most[kind] || (most && most <= f->given.most[kind]))
		return false;
	rib_room_read(f->room, &counts);
	return counts.refused[kind] > f->settled[kind];
}

void plan_limits(struct soft_plan *plan, struct speaker *s, const struct instance_config *next,
		 unsigned i)
{
	const struct instance_limits *l = limits_find(s, next->number);
	char why[48];

	for (unsigned k = 0; l && k < LIMIT_KINDS; k++) {
		if (!is_loosened(&l->family[i], next, i, k))
			continue;
		snprintf(why, sizeof(why), "%s %s", statements[k],
			 effective(next, i, k) ? "raised" : "lifted");
		plan_again(plan, s, next, i, why);
	}
}

static void limit_give(struct speaker *s, uint16_t instance, unsigned i, const struct rib_limit *l)
{
	for (unsigned k = 0; k < s->shard_count; k++) {
		struct shard_message *m = shard_message_new(SHARD_LIMIT);

		m->instance = instance;
		m->af = af_list[i];
		m->limit = *l;
		rib_room_ref(l->room);
		shard_send(s->shards[k], m);
	}
}

static bool limits_equal(const struct rib_limit *a, const struct rib_limit *b)
{
	return a->room == b->room && a->trim == b->trim &&
	       a->most[LIMIT_ROUTES] == b->most[LIMIT_ROUTES] &&
	       a->most[LIMIT_PREFIXES] == b->most[LIMIT_PREFIXES];
}

static void limit_change(struct speaker *s, const struct instance_config *next, unsigned i)
{
	struct family_limits *f = &limits_of(s, next->number)->family[i];
	struct rib_limit l = {.trim = !next->prefix_limit_keeps[i]};
	struct rib_room_counts counts;

	if (next->route_limit[i] || next->prefix_limit[i]) {
		if (!f->room)
			f->room = rib_room_new();
		l.room = f->room;
	}
	for (unsigned k = 0; k < LIMIT_KINDS; k++)
		l.most[k] = effective(next, i, k);
	if (limits_equal(&l, &f->given))
		return;
	for (unsigned k = 0; f->room && k < LIMIT_KINDS; k++) {
		rib_room_read(f->room, &counts);
		if (is_loosened(f, next, i, k)) // the plan brings it back
			f->settled[k] = counts.refused[k];
	}
	f->given = l;
	limit_give(s, next->number, i, &l);
}

void limits_change(struct speaker *s, const struct instance_config *next)
{
	for (unsigned i = 0; i < af_count; i++) {
		if (next->route_limit[i] || next->prefix_limit[i] || limits_find(s, next->number))
			limit_change(s, next, i);
	}
}

// --- what has come of it ----------------------------------------------------------------------------
static bool is_roomy(uint32_t held, uint32_t most)
{
	return !most || (uint64_t)held * 100 < (uint64_t)most * ROOMY_PERCENT;
}

static enum limit_level level_of(const struct speaker_limit *l, enum limit_level was)
{
	if (!l->most)
		return LEVEL_ROOMY;
	if (l->alert_only)
		return l->held > l->most ? LEVEL_FULL : LEVEL_ROOMY;
	if (l->held >= l->most ||
	    ((was == LEVEL_FULL || l->refused) && !is_roomy(l->held, l->most)))
		return LEVEL_FULL;
	return l->held * UINT64_C(100) >= (uint64_t)l->most * l->percent ? LEVEL_NEAR : LEVEL_ROOMY;
}

static void limit_say(const struct instance_config *c, unsigned i, enum rib_limit_kind kind,
		      const struct speaker_limit *l, enum limit_level was, enum limit_level now)
{
	char what[INSTANCE_NAME_MAX + 80];

	snprintf(what, sizeof(what), "vpn-instance %s: %u %s of %s", c->name, l->held,
		 kind_names[kind], af_list[i]->title);
	if (now == LEVEL_FULL && l->alert_only)
		log_warning("%s, more than the limit of %u", what, l->most);
	else if (now == LEVEL_FULL)
		log_warning("%s, the limit of %u: no more are taken in", what, l->most);
	else if (was == LEVEL_FULL && l->most && !l->alert_only)
		log_info("%s, there is room again: the limit is %u", what, l->most);
	else if (now == LEVEL_NEAR)
		log_warning("%s, near the limit of %u", what, l->most);
}

// Is what this limit has turned away to be brought back now? Beyond what a commit's plan does.
static bool is_wanted(const struct family_limits *f, const struct speaker_limit *l,
		      enum rib_limit_kind kind)
{
	return l->refused && f->level[kind] != LEVEL_FULL &&
	       is_roomy(l->held, l->alert_only ? 0 : l->most);
}

static void bring_back(struct speaker *s, const struct instance_config *c, unsigned i)
{
	struct soft_plan plan = {0};

	plan_again(&plan, s, c, i, "");
	plan_start(s, &plan, "limit", true);
	soft_plan_free(&plan);
}

static void limit_look(struct speaker *s, const struct instance_config *c, struct family_limits *f,
		       unsigned i)
{
	struct speaker_limit now[LIMIT_KINDS];
	uint64_t due = f->brought_at ? f->brought_at + AGAIN_US : 0;
	bool wanted = false;

	for (unsigned k = 0; k < LIMIT_KINDS; k++) {
		speaker_limit(s, c->number, af_list[i], k, &now[k]);
		enum limit_level level = level_of(&now[k], f->level[k]);
		if (level != f->level[k])
			limit_say(c, i, k, &now[k], f->level[k], level);
		f->level[k] = level;
		wanted |= is_wanted(f, &now[k], k);
	}
	if (!wanted)
		return;
	if (loop_now(s->loop) < due) {
		if (!timer_running(s->limit_timer))
			timer_start(s->limit_timer, due - loop_now(s->loop));
		return;
	}
	f->brought_at = loop_now(s->loop);
	for (unsigned k = 0; k < LIMIT_KINDS; k++)
		if (is_wanted(f, &now[k], k))
			f->settled[k] += now[k].refused;
	bring_back(s, c, i);
}

void limits_look(void *speaker)
{
	struct speaker *s = speaker;

	for (size_t n = 0; s->config && n < s->limits.count; n++) {
		struct instance_limits *l = s->limits.item[n];
		const struct instance_config *c =
			speaker_config_instance_numbered(s->config, l->number);

		for (unsigned i = 0; c && i < af_count; i++)
			if (l->family[i].room)
				limit_look(s, c, &l->family[i], i);
	}
}

void limits_due(struct speaker *s)
{
	for (size_t n = 0; n < s->limits.count; n++) {
		struct instance_limits *l = s->limits.item[n];

		for (unsigned i = 0; i < af_count; i++)
			l->family[i].brought_at = 0;
	}
	limits_look(s);
}

bool speaker_limit(const struct speaker *s, uint16_t instance, const struct af *af,
		   enum rib_limit_kind kind, struct speaker_limit *ret)
{
	const struct instance_limits *l = limits_find(s, instance);
	const struct instance_config *c =
		s->config ? speaker_config_instance_numbered(s->config, instance) : NULL;
	unsigned i = af_index(af);
	struct rib_room_counts counts;

	*ret = (struct speaker_limit){0};
	if (!l || !c || !l->family[i].room)
		return false;
	rib_room_read(l->family[i].room, &counts);
	ret->most = configured(c, i, kind, &ret->percent);
	ret->alert_only = ret->most && !ret->percent;
	ret->held = counts.held[kind];
	ret->refused = counts.refused[kind] - l->family[i].settled[kind];
	ret->full = l->family[i].level[kind] == LEVEL_FULL;
	return ret->most != 0;
}
