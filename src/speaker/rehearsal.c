// The rehearsal (speaker/rehearsal.h). What the copy tells comes through child_tell as frames: length,
// whose (the rehearsal's own, or the caller's), kind, bytes. The parent puts them together again.
//
//   parent                        copy
//   rehearsal_start -- fork ----> rehearse: quieten, settle, measure, apply, settle, measure
//   heard, progress <-- frames -- want.tell, rehearsal_percent
//   done            <-- end ----- returns
#include "speaker/rehearsal.h"

#include "speaker/private.h"

#include <string.h>

#include "base/mem.h"
#include "speaker/explain.h"

#define FRAME_HEAD 6 // length of what follows (4), whose, kind

// Of the time that it takes, roughly.
#define PERCENT_RECEIVED 5
#define PERCENT_JOBS     95
#define LOOK_EVERY_US    20000

enum frame_of { FRAME_PERCENT, FRAME_CALLER };

struct rehearsal {
	struct speaker *speaker;
	struct rehearsal_want want;
	struct child *child;
	struct buf in;  // frames that are not whole yet
	bool calling;   // the caller is being told something
	bool cancelled; // meanwhile
};

// --- in the copy --------------------------------------------------------------------------------------
static void frame_tell(enum frame_of of, uint8_t kind, const void *p, size_t n)
{
	uint32_t size = (uint32_t)n;
	uint8_t head[FRAME_HEAD];

	memcpy(head, &size, sizeof(size));
	head[4] = of;
	head[5] = kind;
	child_tell(head, sizeof(head));
	if (n)
		child_tell(p, n);
}

void rehearsal_tell(uint8_t kind, const void *p, size_t n)
{
	frame_tell(FRAME_CALLER, kind, p, n);
}

void rehearsal_percent(unsigned percent)
{
	frame_tell(FRAME_PERCENT, (uint8_t)percent, NULL, 0);
}

// Tasks were stopped with the copy's making; those that had nothing to do go to sleep again.
static void tasks_wake(struct speaker *s)
{
	task_start(s->flusher);
	soft_wake(s->soft);
	for (unsigned i = 0; i < s->shard_count; i++)
		shard_wake(s->shards[i]);
}

// Whoever reads or measures in the process waits there for its answer, not here. And nobody takes
// what is sent, so it is not made.
static void quieten(struct speaker *s)
{
	while (s->reads.count)
		speaker_read_cancel(s->reads.item[0]);
	while (s->explains.count)
		speaker_explain_cancel(s->explains.item[0]);
	speaker_measure_cancel(s);
	for (size_t i = 0; i < s->peers.count; i++)
		peer_credit_end(s->peers.item[i]);
	tasks_wake(s);
}

// Of the jobs of one commit, those it merged with included.
static unsigned jobs_percent(struct speaker *s, uint32_t generation)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(s, &jobs), sum = 0, count = 0;

	for (unsigned i = 0; i < n; i++) {
		if (jobs[i]->generation != generation)
			continue;
		count++;
		sum += jobs[i]->state == JOB_WAITING || jobs[i]->state == JOB_RUNNING
			       ? jobs[i]->percent
			       : 100;
	}
	return count ? sum / count : 0;
}

static void settle_telling(struct speaker *s, uint32_t generation)
{
	uint64_t looked = loop_clock();
	unsigned told = 0, percent;

	while (child_turn()) {
		if (loop_clock() - looked < LOOK_EVERY_US)
			continue;
		looked = loop_clock();
		percent = jobs_percent(s, generation);
		if (percent > told)
			rehearsal_percent(PERCENT_RECEIVED +
					  percent * (PERCENT_JOBS - PERCENT_RECEIVED) / 100);
		told = percent > told ? percent : told;
	}
}

void rehearsal_settle(struct speaker *s)
{
	while (child_turn())
		;
}

// What waits for counters to be told, or for its time, comes now; what comes of that is the last.
static void limits_settle(struct speaker *s)
{
	for (size_t i = 0; i < s->peers.count; i++)
		peer_limits(s->peers.item[i]);
	limits_due(s);
	rehearsal_settle(s);
}

static void measured(void *arg, struct measure *m)
{
	struct measure **ret = arg;

	*ret = m;
}

static struct measure *change(struct speaker *s, struct rehearsal_want *w)
{
	struct measure *m = NULL;
	struct soft_plan plan;

	speaker_measure_begin(s, &w->options);
	speaker_plan(s, w->next, &plan);
	speaker_apply(s, w->next, &plan);
	soft_plan_free(&plan);
	settle_telling(s, w->next->generation);
	limits_settle(s);
	rehearsal_percent(PERCENT_JOBS);
	speaker_measure_end(s, measured, &m);
	rehearsal_settle(s);
	return m;
}

static void rehearse(void *arg)
{
	struct rehearsal *r = arg;
	struct measure *m = NULL;

	quieten(r->speaker);
	rehearsal_settle(r->speaker);
	rehearsal_percent(PERCENT_RECEIVED);
	if (r->want.next)
		m = change(r->speaker, &r->want);
	r->want.tell(r->want.arg, r->speaker, m);
	measure_free(m);
}

// --- in the parent --------------------------------------------------------------------------------
static void rehearsal_free(struct rehearsal *r)
{
	child_free(r->child);
	buf_free(&r->in);
	speaker_config_unref(r->want.next);
	mem_free(r);
}

static void frame_heard(struct rehearsal *r, const uint8_t *head, size_t n)
{
	const struct rehearsal_want *w = &r->want;

	if (head[4] == FRAME_CALLER)
		w->heard(w->arg, head[5], head + FRAME_HEAD, n);
	else if (w->progress)
		w->progress(w->arg, head[5]);
}

// Length of the frame in front, head included; 0: it is not whole.
static size_t frame_size(const uint8_t *p, size_t n)
{
	uint32_t size;

	if (n < FRAME_HEAD)
		return 0;
	memcpy(&size, p, sizeof(size));
	return size <= n - FRAME_HEAD ? FRAME_HEAD + (size_t)size : 0;
}

static void on_read(void *arg, const uint8_t *p, size_t n)
{
	struct rehearsal *r = arg;
	size_t at = 0, size;

	buf_put(&r->in, p, n);
	r->calling = true;
	while (!r->cancelled && (size = frame_size(r->in.data + at, r->in.len - at))) {
		frame_heard(r, r->in.data + at, size - FRAME_HEAD);
		at += size;
	}
	r->calling = false;
	if (r->cancelled) {
		rehearsal_free(r);
		return;
	}
	memmove(r->in.data, r->in.data + at, r->in.len - at);
	r->in.len -= at;
}

static void on_end(void *arg, bool good)
{
	struct rehearsal *r = arg;

	r->calling = true;
	r->want.done(r->want.arg, good && !r->in.len);
	rehearsal_free(r);
}

static const struct child_ops ops = {.on_read = on_read, .on_end = on_end};

struct rehearsal *rehearsal_start(struct speaker *s, const struct rehearsal_want *w, int *ret_error)
{
	struct rehearsal *r = MEM_NEW(struct rehearsal);

	r->speaker = s;
	r->want = *w;
	if (w->next)
		speaker_config_ref(w->next);
	r->child = child_new(s->loop, rehearse, r, &ops, r, ret_error);
	if (r->child)
		return r;
	rehearsal_free(r);
	return NULL;
}

void rehearsal_cancel(struct rehearsal *r)
{
	if (!r)
		return;
	r->cancelled = true;
	if (!r->calling)
		rehearsal_free(r);
}
