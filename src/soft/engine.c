// Requests, jobs and walks. A request either begins a job or merges into the one that is already
// on its way for the same peer, family and direction; its walk joins the waiting run of its kind
// and family. A run starts when the one before it has ended in every shard, so that any number of
// requests in a row costs at most two walks (invariant 7): the one that is on its way, which judges
// by the newest programs anyway, and one more behind it, which skips what that has judged.
//
// A job ends when neither a walk, nor an answer to its ROUTE-REFRESH, nor the sending again that it
// wanted is outstanding (invariant 5).
#include "soft/engine.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "soft/private.h"

void counts_add(struct sweep_counts *to, const struct sweep_counts *c)
{
	to->seen += c->seen;
	to->changed += c->changed;
	to->newly_accepted += c->newly_accepted;
	to->newly_rejected += c->newly_rejected;
	to->best_moved += c->best_moved;
	to->passed += c->passed;
}

// --- runs ---------------------------------------------------------------------------------------
static enum sweep_kind request_kind(const struct soft_request *r)
{
	if (r->means == MEANS_DECIDE)
		return SWEEP_DECIDE;
	return r->import ? SWEEP_IMPORT : SWEEP_EXPORT;
}

static struct run *run_like(const struct list *runs, const struct soft_order *o)
{
	for (struct list *l = runs->next; l != runs; l = l->next) {
		struct run *r = LIST_ENTRY(l, struct run, link);

		if (r->order.instance == o->instance && r->order.af == o->af &&
		    r->order.kind == o->kind && r->order.lent == o->lent)
			return r;
	}
	return NULL;
}

static struct run *run_wanted(struct soft *s, const struct soft_request *q)
{
	struct soft_order o = {
		.instance = q->instance,
		.lent = q->lent,
		.import = q->import,
		.kind = request_kind(q),
		.af = q->af,
		.generation = UINT32_MAX, // none joined yet
	};
	struct run *r = run_like(&s->waiting, &o);

	if (r)
		return r;
	r = MEM_NEW(struct run);
	r->order = o;
	r->behind = run_like(&s->running, &o);
	r->words = mem_zero(s->shards * sizeof(struct shard_word));
	list_add(&s->waiting, &r->link);
	return r;
}

static void run_free(struct soft *s, struct run *r)
{
	for (struct list *l = s->waiting.next; l != &s->waiting; l = l->next) {
		struct run *other = LIST_ENTRY(l, struct run, link);

		if (other->behind == r)
			other->behind = NULL;
	}
	list_remove(&r->link);
	for (unsigned i = 0; i < s->shards; i++)
		mem_free(r->words[i].peers);
	mem_free(r->words);
	mem_free(r);
}

// Judging too much is harmless, so the joint generation is what spares least: 0 if anybody wants
// everything judged again, else the newest.
static void run_join(struct run *r, const struct soft_request *q)
{
	uint32_t generation = q->again ? 0 : q->generation;

	if (r->order.generation == UINT32_MAX)
		r->order.generation = generation;
	else if (!r->order.generation || !generation)
		r->order.generation = 0;
	else if (generation > r->order.generation)
		r->order.generation = generation;
	if (q->peer != RIB_NO_PEER)
		peer_bit_set(r->order.peers, q->peer);
}

static struct sweep_counts job_sum(const struct job *j)
{
	struct sweep_counts sum = j->base;
	const struct run *r = j->run;

	for (unsigned i = 0; r && i < j->soft->shards; i++) {
		const struct shard_word *w = &r->words[i];

		if (j->pub.peer == RIB_NO_PEER)
			counts_add(&sum, &w->total);
		for (unsigned k = 0; k < w->peer_count; k++) {
			if (w->peers[k].peer == j->pub.peer)
				counts_add(&sum, &w->peers[k].counts);
		}
	}
	return sum;
}

// Routes that were judged and routes that the peer sent again are largely the same ones.
static void job_counts(struct job *j)
{
	const struct run *r = j->run;
	uint64_t sent = j->seen > j->answered ? j->seen : j->answered;

	j->pub.counts = job_sum(j);
	if (sent > j->pub.counts.seen)
		j->pub.counts.seen = sent;
	if (j->pub.counts.changed > j->pub.counts.seen) // by the walk, and again by what followed
		j->pub.counts.changed = j->pub.counts.seen;
	if (r && r->longest_slice > j->pub.longest_slice)
		j->pub.longest_slice = r->longest_slice;
}

static bool start_runs(void *arg)
{
	struct soft *s = arg;

	for (struct list *l = s->waiting.next, *next; l != &s->waiting; l = next) {
		struct run *r = LIST_ENTRY(l, struct run, link);

		next = l->next;
		if (r->behind)
			continue;
		list_remove(&r->link);
		list_add(&s->running, &r->link);
		r->order.number = ++s->last_order;
		r->sent = true;
		s->ports.order(s->ports.arg, &r->order);
	}
	for (struct list *l = s->active.next; l != &s->active; l = l->next)
		job_settle(LIST_ENTRY(l, struct job,
				      link)); // none ends here: each waits for something
	return false;
}

static unsigned run_percent(const struct soft *s, const struct run *r)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < s->shards; i++)
		sum += r->words[i].done ? 100 : r->words[i].percent;
	return sum / s->shards;
}

// --- jobs ---------------------------------------------------------------------------------------
static unsigned ask_percent(const struct job *j)
{
	uint64_t p = j->expected ? j->seen * 100 / j->expected : 0;

	return p > 99 ? 99 : (unsigned)p;
}

static void job_finish(struct job *j)
{
	if (j->unanswered)
		job_end(j, JOB_CANCELLED, NULL);
	else
		job_end(j, j->pending ? JOB_PENDING : JOB_DONE, NULL);
}

void job_settle(struct job *j)
{
	job_counts(j);
	if (j->run && j->run->sent) {
		j->pub.state = JOB_RUNNING;
		j->pub.percent = run_percent(j->soft, j->run);
	} else if (j->run) {
		j->pub.state = JOB_WAITING;
	} else if (j->asked) {
		j->pub.state = JOB_ASKED;
		j->pub.percent = ask_percent(j);
	} else if (j->resending) {
		j->pub.state = JOB_RUNNING;
	} else {
		job_finish(j);
	}
}

static void job_walk(struct soft *s, struct job *j, const struct soft_request *r)
{
	struct run *run = run_wanted(s, r);

	run_join(run, r);
	j->walks = true;
	if (!j->run)
		j->run = run;
	else if (j->run != run)
		j->next = run;
	task_start(s->starter);
}

// RFC 7313 lets us tell a refresh that began after the request from one before: when none has
// begun yet, all that the first request brings will be judged by what stands now.
static void job_ask(struct job *j, const struct soft_request *r)
{
	j->enhanced = r->enhanced;
	if (!j->asked)
		refresh_ask(j);
	else if (!j->enhanced || j->begun)
		j->ask_again = true;
}

static void job_resend(struct job *j)
{
	if (j->resending) {
		j->resend_again = true;
		return;
	}
	j->resending = true;
	j->soft->ports.resend(j->soft->ports.arg, j->pub.peer, j->pub.af);
}

void soft_start(struct soft *s, const struct soft_request *r)
{
	struct job *j = job_find_like(s, r);
	struct job *old = r->import && !r->lent ? job_find_pending(s, r->peer, r->af) : NULL;

	if (j) {
		j->pub.merged++;
		refresh_outdate(j, r->generation);
		j->pub.generation = r->generation;
		if (r->means > j->pub.means)
			j->pub.means = r->means;
		if (j->quiet && !r->quiet)
			job_rename(j, r->origin);
	} else {
		j = job_new(s, r);
	}
	if (s->ports.started)
		s->ports.started(s->ports.arg, &j->pub);
	if (old) {
		old->pub.state = JOB_CANCELLED;
		job_note(old, "taken over by job %u", j->pub.number);
		j->pending = true;
	}
	if (r->means == MEANS_PENDING) {
		j->pending = true;
		job_note(j, "what was rejected before can return only with a new session");
	}
	if (r->walk)
		job_walk(s, j, r);
	if (r->ask)
		job_ask(j, r);
	if (r->resend)
		job_resend(j);
	job_settle(j);
}

// --- what happened ------------------------------------------------------------------------------
static struct run *run_by_number(const struct soft *s, uint32_t number)
{
	for (struct list *l = s->running.next; l != &s->running; l = l->next) {
		struct run *r = LIST_ENTRY(l, struct run, link);

		if (r->order.number == number)
			return r;
	}
	return NULL;
}

static void word_take(struct shard_word *w, const struct soft_answer *a)
{
	mem_free(w->peers);
	w->percent = a->percent;
	w->done = a->done;
	w->total = a->total;
	w->peer_count = a->peer_count;
	w->peers = a->peer_count ? mem_copy(a->peers, a->peer_count * sizeof(*a->peers)) : NULL;
}

// Jobs of a run show its progress; when it is over they go on to the next one, or end.
static void run_tell(struct soft *s, struct run *r, bool over)
{
	for (struct list *l = s->active.next, *next; l != &s->active; l = next) {
		struct job *j = LIST_ENTRY(l, struct job, link);

		next = l->next;
		if (j->run != r)
			continue;
		if (over) {
			job_counts(j);
			j->base = job_sum(j);
			j->run = j->next;
			j->next = NULL;
		}
		job_settle(j);
	}
}

void soft_answered(struct soft *s, const struct soft_answer *a)
{
	struct run *r = run_by_number(s, a->order);

	if (!r || a->shard >= s->shards || r->words[a->shard].done)
		return;
	word_take(&r->words[a->shard], a);
	if (a->longest_slice > r->longest_slice)
		r->longest_slice = a->longest_slice;
	if (a->done)
		r->done++;
	if (r->done < s->shards) {
		run_tell(s, r, false);
		return;
	}
	run_tell(s, r, true);
	run_free(s, r);
	task_start(s->starter);
}

void soft_sent(struct soft *s, uint16_t peer, unsigned updates)
{
	for (struct list *l = s->active.next; l != &s->active; l = l->next) {
		struct job *j = LIST_ENTRY(l, struct job, link);

		// what an export job sends goes to its peer; what an import job causes, to all
		if (j->pub.import ? j->run != NULL
				  : j->pub.peer == peer || j->pub.peer == RIB_NO_PEER)
			j->pub.messages += updates;
	}
}

void soft_resent(struct soft *s, uint16_t peer, const struct af *af)
{
	struct job *j = job_find(s, peer, af, false);

	if (!j || !j->resending)
		return;
	j->resending = false;
	if (j->resend_again) {
		j->resend_again = false;
		job_resend(j);
	}
	job_settle(j);
}

// A new session brings everything anew: what waited for it is settled.
static void pending_over(struct soft *s, uint16_t peer)
{
	struct job *j;

	while ((j = job_find_pending(s, peer, NULL))) {
		j->pub.state = JOB_DONE;
		j->pub.ended = (uint64_t)loop_wall(s->loop);
		job_note(j, "settled by a new session");
	}
}

void soft_peer_down(struct soft *s, uint16_t peer)
{
	refresh_cancel_peer(s, peer);
	pending_over(s, peer);
	for (struct list *l = s->active.next, *next; l != &s->active; l = next) {
		struct job *j = LIST_ENTRY(l, struct job, link);

		next = l->next;
		if (j->pub.peer == peer)
			job_end(j, JOB_CANCELLED, "the session has gone down");
	}
}

// All of them, or those of one instance.
static void runs_free(struct soft *s, struct list *runs, const uint16_t *instance)
{
	for (struct list *l = runs->next, *next; l != runs; l = next) {
		struct run *r = LIST_ENTRY(l, struct run, link);

		next = l->next;
		if (!instance || r->order.instance == *instance)
			run_free(s, r);
	}
}

void soft_instance_gone(struct soft *s, uint16_t instance)
{
	for (struct list *l = s->active.next, *next; l != &s->active; l = next) {
		struct job *j = LIST_ENTRY(l, struct job, link);

		next = l->next;
		if (j->pub.instance == instance)
			job_end(j, JOB_CANCELLED, "the instance has gone");
	}
	runs_free(s, &s->waiting, &instance);
	runs_free(s, &s->running, &instance);
}

struct soft *soft_new(struct loop *l, const struct soft_ports *ports, unsigned shards)
{
	struct soft *s = MEM_NEW(struct soft);

	s->loop = l;
	s->ports = *ports;
	s->shards = shards;
	s->limit = 360;
	s->starter = task_new(l, start_runs, s);
	list_init(&s->running);
	list_init(&s->waiting);
	list_init(&s->active);
	list_init(&s->arrivals);
	return s;
}

void soft_free(struct soft *s)
{
	if (!s)
		return;
	refresh_free_all(s);
	while (!list_empty(&s->active))
		job_end(LIST_ENTRY(s->active.next, struct job, link), JOB_CANCELLED, NULL);
	for (unsigned i = 0; i < JOBS_KEPT; i++)
		job_free(s->finished[i]);
	runs_free(s, &s->waiting, NULL);
	runs_free(s, &s->running, NULL);
	vec_free(&s->shown);
	task_free(s->starter);
	mem_free(s);
}

void soft_wake(struct soft *s)
{
	task_start(s->starter);
}

void soft_set_limit(struct soft *s, uint32_t seconds)
{
	s->limit = seconds;
}
