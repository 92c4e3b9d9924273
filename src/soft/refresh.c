// ROUTE-REFRESH as seen by the one who asks (RFC 2918, RFC 7313).
//
// A job that asks is over when
//  - the peer has enhanced refresh: EoRR came for a BoRR that came after the request;
//  - else nobody marks the end: no UPDATE came for QUIET_US, and some route came if the peer is known
//    to have any; or the time limit passed. The note of the job says that the end was inferred.
// A request made while one is being answered is sent when that one is over (invariant 9), because
// its first half may have been judged by the older policy and many speakers lose a second request.
//
// Arrivals: every BoRR, asked for or not, starts the time limit; if it passes, the ribs remove
// what was not sent again, as if EoRR had come (invariant 8, RFC 7313 section 4 allows the bound).
#include "soft/private.h"

#include "base/mem.h"

static void quiet_check(void *arg);

void refresh_ask(struct job *j)
{
	struct soft *s = j->soft;
	s->ports.counts(s->ports.arg, j->pub.peer, j->pub.af, &j->before);
	j->asked = true;
	j->begun = false;
	j->asked_at = j->update_at = loop_now(s->loop);
	j->expected = j->before.received;
	j->seen = 0;
	if (!j->timer)
		j->timer = timer_new(s->loop, quiet_check, j);
	timer_start(j->timer, QUIET_CHECK_US);
	s->ports.ask(s->ports.arg, j->pub.peer, j->pub.af);
}

static void add_since(struct sweep_counts *to, const struct sweep_counts *now,
		      const struct sweep_counts *before)
{
	to->seen += now->seen - before->seen;
	to->changed += now->changed - before->changed;
	to->newly_accepted += now->newly_accepted - before->newly_accepted;
	to->newly_rejected += now->newly_rejected - before->newly_rejected;
	to->best_moved += now->best_moved - before->best_moved;
}

// What the ribs judged on arrival since the peer was asked. They count anew with each generation,
// and may not have told us about the job's yet when it began. What a walk of the job judged comes
// up again as "again"; without a walk that is what the answer changed.
static void arrivals_account(struct job *j)
{
	static const struct sweep_counts none;
	struct rib_counts now = {0};

	j->soft->ports.counts(j->soft->ports.arg, j->pub.peer, j->pub.af, &now);
	bool same = now.generation == j->before.generation;
	add_since(&j->base, &now.fresh, same ? &j->before.fresh : &none);
	if (!j->walks)
		add_since(&j->base, &now.again, same ? &j->before.again : &none);
	j->before = now;
}

void refresh_outdate(struct job *j, uint32_t generation)
{
	if (j->asked && generation != j->pub.generation)
		arrivals_account(j);
}

static void ask_over(struct job *j)
{
	arrivals_account(j);
	if (j->seen > j->answered)
		j->answered = j->seen;
	j->seen = 0;
	j->asked = false;
	timer_stop(j->timer);
	if (j->ask_again) {
		j->ask_again = false;
		j->unanswered = false;
		refresh_ask(j);
	}
	job_settle(j);
}

static bool limit_passed(const struct job *j, uint64_t now)
{
	return j->soft->limit && now - j->asked_at >= j->soft->limit * UINT64_C(1000000);
}

static void quiet_check(void *arg)
{
	struct job *j = arg;
	uint64_t now = loop_now(j->soft->loop);

	if (!j->enhanced && now - j->update_at >= QUIET_US && (j->seen || !j->expected)) {
		job_note(j, "the peer does not mark the end: inferred from silence");
		ask_over(j);
	} else if (limit_passed(j, now)) {
		j->unanswered = !j->begun && !j->seen;
		if (j->unanswered)
			job_note(j, "the peer did not answer within %u s", j->soft->limit);
		else
			job_note(j, "the end did not come within %u s", j->soft->limit);
		ask_over(j);
	} else {
		timer_start(j->timer, QUIET_CHECK_US);
	}
}

void soft_update(struct soft *s, uint16_t peer, const struct af *af, unsigned routes)
{
	struct job *j;

	if (list_empty(&s->active))
		return;
	j = job_find(s, peer, af, true);
	if (!j || !j->asked)
		return;
	j->seen += routes;
	j->pub.messages++;
	j->update_at = loop_now(s->loop);
	job_settle(j);
}

// --- arrivals -----------------------------------------------------------------------------------
static struct arrival *arrival_find(struct soft *s, uint16_t peer, const struct af *af)
{
	for (struct list *l = s->arrivals.next; l != &s->arrivals; l = l->next) {
		struct arrival *a = LIST_ENTRY(l, struct arrival, link);

		if (a->peer == peer && a->af == af)
			return a;
	}
	return NULL;
}

static void arrival_free(struct arrival *a)
{
	list_remove(&a->link);
	timer_free(a->timer);
	mem_free(a);
}

static void arrival_expired(void *arg)
{
	struct arrival *a = arg;
	struct soft *s = a->soft;
	uint16_t peer = a->peer;
	const struct af *af = a->af;
	struct job *j = job_find(s, peer, af, true);

	arrival_free(a);
	if (j && j->asked && j->begun)
		job_note(j, "EoRR did not come within %u s", s->limit);
	s->ports.expire(s->ports.arg, peer, af); // soft_swept follows and ends the job
}

void soft_refresh_begin(struct soft *s, uint16_t peer, const struct af *af)
{
	struct arrival *a = arrival_find(s, peer, af);
	struct job *j = job_find(s, peer, af, true);

	if (!a) {
		a = MEM_NEW(struct arrival);
		a->soft = s;
		a->peer = peer;
		a->af = af;
		a->timer = timer_new(s->loop, arrival_expired, a);
		list_add(&s->arrivals, &a->link);
	}
	if (s->limit)
		timer_start(a->timer, s->limit * UINT64_C(1000000));
	if (j && j->asked)
		j->begun = true;
}

void soft_refresh_end(struct soft *s, uint16_t peer, const struct af *af)
{
	struct arrival *a = arrival_find(s, peer, af);

	if (a)
		arrival_free(a);
}

void soft_swept(struct soft *s, uint16_t peer, const struct af *af, unsigned removed)
{
	struct job *j = job_find(s, peer, af, true);

	if (!j || !j->asked || !j->begun)
		return;
	j->base.changed += removed;
	if (!j->walks)
		j->seen += removed; // it was stored and has not come
	ask_over(j);
}

void refresh_cancel_peer(struct soft *s, uint16_t peer)
{
	for (struct list *l = s->arrivals.next, *next; l != &s->arrivals; l = next) {
		struct arrival *a = LIST_ENTRY(l, struct arrival, link);

		next = l->next;
		if (a->peer == peer)
			arrival_free(a);
	}
}

void refresh_free_all(struct soft *s)
{
	while (!list_empty(&s->arrivals))
		arrival_free(LIST_ENTRY(s->arrivals.next, struct arrival, link));
}
