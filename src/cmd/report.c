// Reports: when the jobs of a commit have ended, what they found goes into its record, and what was
// foretold of it beside what came (effect.c). Looked for once a second while a commit has none yet,
// and oftener while its effect is measured; a job that stands as pending counts as ended. A request
// that a job of an earlier commit took along is told there, as merged.
#include "cmd/commit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define REPORT_LINES 20
#define LOOK_EVERY   UINT64_C(1000000) // microseconds
#define LOOK_OFTEN   UINT64_C(10000)   // while an effect is measured

struct report {
	struct app *app;
	struct timer *timer;
	uint32_t first, last; // commits that still have none
};

static bool job_runs(const struct soft_job *j)
{
	return j->state == JOB_WAITING || j->state == JOB_ASKED || j->state == JOB_RUNNING;
}

void report_job(struct buf *out, const struct soft_job *j)
{
	char address[IP_TEXT_MAX];

	if (j->lent)
		buf_text(out, "VPN routes");
	else
		buf_format(out, "peer %s",
			   j->peer == RIB_NO_PEER ? "all" : ip_text(&j->address, address));
	if (j->instance_name[0])
		buf_format(out, " of VPN instance %s", j->instance_name);
	buf_format(out, ", %s, %s: %s, %s; routes: %" PRIu64 " seen, %" PRIu64 " changed, ",
		   j->af->title,
		   j->means == MEANS_DECIDE ? "decision"
		   : j->import              ? "import"
					    : "export",
		   soft_state_text(j->state), soft_means_text(j->means), j->counts.seen,
		   j->counts.changed);
	buf_format(out, "%" PRIu64 " accepted, %" PRIu64 " rejected; messages: %" PRIu64,
		   j->counts.newly_accepted, j->counts.newly_rejected, j->messages);
	if (j->merged)
		buf_format(out, "; merged requests: %u", j->merged);
	if (j->ended)
		buf_format(out, "; %" PRIu64 " ms", (j->ended - j->started) / 1000);
	buf_text(out, "\n");
}

// false: some of its jobs still run.
static bool report_text(struct app *a, uint32_t number, struct buf *out)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(a->speaker, &jobs), found = 0, resets = 0;
	struct buf lines = {0};
	char origin[32];
	bool ended = true;

	snprintf(origin, sizeof origin, "commit %" PRIu32, number);
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(jobs[i]->origin, origin) != 0)
			continue;
		ended = ended && !job_runs(jobs[i]);
		resets += jobs[i]->sessions_reset;
		if (found++ < REPORT_LINES)
			report_job(&lines, jobs[i]);
	}
	ended = ended && !effect_waits(a, number);
	if (ended)
		effect_put(a, number, out);
	if (ended && found)
		buf_format(out, "Jobs: %u; sessions reset: %u\n%s", found, resets,
			   buf_cstr(&lines));
	buf_free(&lines);
	return ended;
}

static void on_time(void *arg)
{
	struct report *r = arg;
	struct app *a = r->app;
	struct buf text = {0}, error = {0};

	effect_look(a);
	while (r->first <= r->last && report_text(a, r->first, &text)) {
		if (text.len && !conf_history_amend(conf_store_history(a->store), r->first,
						    COMMIT_REPORT, buf_cstr(&text), &error))
			log_warning("the report of commit %" PRIu32 " is not kept: %.*s", r->first,
				    (int)strcspn(buf_cstr(&error), "\n"), buf_cstr(&error));
		buf_clear(&text);
		buf_clear(&error);
		r->first++;
	}
	if (r->first <= r->last)
		timer_start(r->timer, effect_pending(a) ? LOOK_OFTEN : LOOK_EVERY);
	buf_free(&text);
	buf_free(&error);
}

void report_expect(struct app *a, uint32_t number)
{
	struct report *r = a->report;

	if (!r) {
		r = a->report = MEM_NEW(struct report);
		r->app = a;
		r->timer = timer_new(a->loop, on_time, r);
		r->first = number;
	}
	if (!timer_running(r->timer))
		r->first = number;
	if (!timer_running(r->timer) || effect_pending(a))
		timer_start(r->timer, effect_pending(a) ? LOOK_OFTEN : LOOK_EVERY);
	r->last = number;
}

void report_free(struct app *a)
{
	effect_free(a);
	if (a->report)
		timer_free(a->report->timer);
	mem_free(a->report);
	a->report = NULL;
}
