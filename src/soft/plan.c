// The plan of a change: a list of steps, one per peer and family. Steps of the same peer and family
// are added up: effects are a set, so the order of adding does not matter; the first reason stays,
// further ones are put behind it. Also the words for means and states, which plan, jobs and
// displays share.
#include "soft/soft.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static struct soft_step *plan_find(struct soft_plan *p, const struct soft_step *step)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->steps[i].peer == step->peer && p->steps[i].af == step->af &&
		    p->steps[i].instance == step->instance &&
		    ip_equal(&p->steps[i].address, &step->address))
			return &p->steps[i];
	}
	return NULL;
}

// Of two means of one import part the one that needs more wins: retained < accepted < ask < pending.
static void step_merge(struct soft_step *to, const struct soft_step *from)
{
	const unsigned import = EFFECT_IMPORT | EFFECT_ASK | EFFECT_PENDING;
	size_t len = strlen(to->why);

	if ((from->effects & import) && (!(to->effects & import) || from->means > to->means))
		to->means = from->means;
	to->effects |= from->effects;
	if (from->routes > to->routes)
		to->routes = from->routes;
	if (from->why[0] && !strstr(to->why, from->why) && len + 3 < sizeof(to->why))
		snprintf(to->why + len, sizeof(to->why) - len, "%s%s", len ? ", " : "", from->why);
}

void soft_plan_add(struct soft_plan *p, const struct soft_step *step)
{
	struct soft_step *old = plan_find(p, step);

	if (old) {
		step_merge(old, step);
		return;
	}
	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 16;
		p->steps = mem_resize(p->steps, p->cap * sizeof(*p->steps));
	}
	p->steps[p->count++] = *step;
}

void soft_plan_free(struct soft_plan *p)
{
	mem_free(p->steps);
	*p = (struct soft_plan){0};
}

const char *soft_means_text(enum soft_means m)
{
	switch (m) {
	case MEANS_RETAINED:
		return "retained routes";
	case MEANS_ACCEPTED:
		return "accepted routes";
	case MEANS_REFRESH:
		return "ROUTE-REFRESH";
	case MEANS_PENDING:
		return "new session";
	case MEANS_EXPORT:
		return "export";
	case MEANS_DECIDE:
		return "decision";
	}
	return "-";
}

const char *soft_state_text(enum soft_state s)
{
	switch (s) {
	case JOB_WAITING:
		return "waiting";
	case JOB_ASKED:
		return "asked";
	case JOB_RUNNING:
		return "running";
	case JOB_DONE:
		return "done";
	case JOB_PENDING:
		return "pending";
	case JOB_CANCELLED:
		return "cancelled";
	}
	return "-";
}
