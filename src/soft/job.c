// The registry of jobs: those on their way, newest first, and the last 256 finished ones. A job
// belongs to the registry from job_new until it falls out of the ring of finished ones.
#include "soft/private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct job *job_new(struct soft *s, const struct soft_request *r)
{
	struct job *j = MEM_NEW(struct job);

	j->soft = s;
	j->pub = (struct soft_job){
		.number = ++s->last_job,
		.peer = r->peer,
		.address = r->address,
		.lent = r->lent,
		.instance = r->instance,
		.af = r->af,
		.import = r->import,
		.means = r->means,
		.state = JOB_WAITING,
		.generation = r->generation,
		.started = (uint64_t)loop_wall(s->loop),
	};
	snprintf(j->pub.origin, sizeof(j->pub.origin), "%s", r->origin ? r->origin : "");
	j->quiet = r->quiet;
	snprintf(j->pub.instance_name, sizeof(j->pub.instance_name), "%s",
		 r->instance_name ? r->instance_name : "");
	list_add(s->active.next, &j->link); // in front
	return j;
}

struct job *job_find(struct soft *s, uint16_t peer, const struct af *af, bool import)
{
	for (struct list *l = s->active.next; l != &s->active; l = l->next) {
		struct job *j = LIST_ENTRY(l, struct job, link);

		if (j->pub.peer == peer && j->pub.af == af && j->pub.import == import)
			return j;
	}
	return NULL;
}

// Numbers of peers are unique; what is of no peer is of an instance.
struct job *job_find_like(struct soft *s, const struct soft_request *r)
{
	for (struct list *l = s->active.next; l != &s->active; l = l->next) {
		struct job *j = LIST_ENTRY(l, struct job, link);

		if (j->pub.peer == r->peer && j->pub.af == r->af && j->pub.import == r->import &&
		    j->pub.instance == r->instance && j->pub.lent == r->lent)
			return j;
	}
	return NULL;
}

struct job *job_find_pending(struct soft *s, uint16_t peer, const struct af *af)
{
	for (unsigned i = 0; i < s->finished_count; i++) {
		unsigned at = (s->finished_end + JOBS_KEPT - 1 - i) % JOBS_KEPT;
		struct job *j = s->finished[at];

		if (j->pub.state == JOB_PENDING && j->pub.peer == peer && (!af || j->pub.af == af))
			return j;
	}
	return NULL;
}

void job_note(struct job *j, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(j->pub.note, sizeof(j->pub.note), format, ap);
	va_end(ap);
}

void job_rename(struct job *j, const char *origin)
{
	j->quiet = false;
	snprintf(j->pub.origin, sizeof(j->pub.origin), "%s", origin ? origin : "");
}

void job_free(struct job *j)
{
	if (!j)
		return;
	timer_free(j->timer);
	mem_free(j);
}

static struct job **finished_quiet(struct soft *s, const struct job *j)
{
	for (unsigned i = 0; j->quiet && i < JOBS_KEPT; i++) {
		const struct job *old = s->finished[i];

		if (old && old->quiet && old->pub.peer == j->pub.peer && old->pub.af == j->pub.af &&
		    old->pub.import == j->pub.import && old->pub.instance == j->pub.instance)
			return &s->finished[i];
	}
	return NULL;
}

static void finished_put(struct soft *s, struct job *j)
{
	struct job **quiet = finished_quiet(s, j);

	if (quiet) {
		j->pub.merged += (*quiet)->pub.merged + 1;
		job_free(*quiet);
		*quiet = j;
		return;
	}
	job_free(s->finished[s->finished_end]);
	s->finished[s->finished_end] = j;
	s->finished_end = (s->finished_end + 1) % JOBS_KEPT;
	if (s->finished_count < JOBS_KEPT)
		s->finished_count++;
}

void job_end(struct job *j, enum soft_state state, const char *note)
{
	struct soft *s = j->soft;

	j->pub.state = state;
	j->pub.ended = (uint64_t)loop_wall(s->loop);
	if (state != JOB_CANCELLED)
		j->pub.percent = 100;
	if (note)
		job_note(j, "%s", note);
	timer_free(j->timer);
	j->timer = NULL;
	j->run = j->next = NULL;
	list_remove(&j->link);
	if (s->ports.ended)
		s->ports.ended(s->ports.arg, &j->pub);
	finished_put(s, j);
}

static int newer_first(const void *a, const void *b)
{
	const struct soft_job *x = *(const struct soft_job *const *)a;
	const struct soft_job *y = *(const struct soft_job *const *)b;

	return x->number > y->number ? -1 : x->number < y->number;
}

unsigned soft_jobs(struct soft *s, const struct soft_job ***ret)
{
	vec_clear(&s->shown);
	for (struct list *l = s->active.next; l != &s->active; l = l->next)
		vec_add(&s->shown, &LIST_ENTRY(l, struct job, link)->pub);
	for (unsigned i = 0; i < JOBS_KEPT; i++) {
		if (s->finished[i])
			vec_add(&s->shown, &s->finished[i]->pub);
	}
	if (s->shown.count)
		qsort(s->shown.item, s->shown.count, sizeof(*s->shown.item), newer_first);
	*ret = (const struct soft_job **)s->shown.item;
	return (unsigned)s->shown.count;
}

unsigned soft_running(const struct soft *s)
{
	unsigned n = 0;

	for (struct list *l = s->active.next; l != &s->active; l = l->next)
		n++;
	return n;
}
