// A run of an impact: the configuration is compiled and planned here, a copy of the process rehearses
// it, and what the copy tells is gathered:
//
//   in the copy   rows of figures -> TOLD_ROWS, samples in words -> TOLD_SAMPLE, want.tell -> TOLD_MORE
//   here          struct impact, which the caller gets when the copy has ended well
//
// A run belongs to itself from impact_start until it calls done or is cancelled. Nothing of it
// touches what runs.
#include "cmd/impact.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

enum { TOLD_ROWS = 1, TOLD_SAMPLE, TOLD_MORE };

#define ROWS_AT_ONCE 64

struct impact_run {
	struct app *app;
	struct impact_want want; // tree is not looked at any more
	struct impact_ops ops;
	struct impact *impact; // as far as it is known
	struct rehearsal *rehearsal;
	uint64_t began;
};

void impact_free(struct impact *i)
{
	if (!i)
		return;
	conf_tree_free(&i->tree);
	speaker_config_unref(i->config);
	soft_plan_free(&i->plan);
	for (unsigned k = 0; k < i->sample_count; k++)
		impact_sample_free(&i->samples[k]);
	mem_free(i->samples);
	mem_free(i->unknown);
	mem_free(i->rows);
	buf_free(&i->protected_lost);
	mem_free(i);
}

static void run_free(struct impact_run *r)
{
	impact_free(r->impact);
	mem_free(r);
}

// --- what there is now ------------------------------------------------------------------------------
static void note_peer(struct impact_run *r, struct speaker_peer *p)
{
	struct impact *i = r->impact;
	struct rib_counts counts;

	for (unsigned f = 0; f < af_count; f++) {
		speaker_peer_counts(r->app->speaker, speaker_peer_number(p), af_list[f], &counts);
		i->accepted += counts.accepted;
		i->advertised += counts.advertised;
	}
}

static void note_totals(struct impact_run *r)
{
	const struct speaker_config *running = speaker_running(r->app->speaker);
	struct rib_totals totals;

	for (unsigned k = 0; running && k < running->instance_count; k++)
		for (unsigned f = 0; f < af_count; f++) {
			speaker_totals(r->app->speaker, running->instances[k].number, af_list[f],
				       &totals);
			r->impact->best += totals.best;
		}
}

static void note_unknown(struct impact_run *r, const struct soft_step *s)
{
	struct impact *i = r->impact;
	struct rib_counts counts;

	if (s->peer == RIB_NO_PEER || !(s->effects & (EFFECT_ASK | EFFECT_PENDING)))
		return;
	speaker_peer_counts(r->app->speaker, s->peer, s->af, &counts);
	if (!counts.unkept)
		return;
	i->unknown = mem_resize(i->unknown, (i->unknown_count + 1) * sizeof *i->unknown);
	i->unknown[i->unknown_count++] = (struct impact_unknown){
		.instance = s->instance,
		.address = s->address,
		.af = s->af,
		.unkept = counts.unkept,
		.asked = s->effects & EFFECT_ASK,
	};
}

static void note_present(struct impact_run *r)
{
	struct speaker *s = r->app->speaker;
	unsigned n = speaker_peer_count(s);

	for (unsigned k = 0; k < n; k++)
		note_peer(r, speaker_peer_at(s, k));
	note_totals(r);
	for (unsigned k = 0; k < r->impact->plan.count; k++)
		note_unknown(r, &r->impact->plan.steps[k]);
}

// --- in the copy ------------------------------------------------------------------------------------
static void tell_sample(const struct buf *sample)
{
	rehearsal_tell(TOLD_SAMPLE, sample->data, sample->len);
}

static void tell(void *arg, struct speaker *s, const struct measure *m)
{
	struct impact_run *r = arg;
	struct buf more = {0};

	for (unsigned at = 0; at < m->row_count; at += ROWS_AT_ONCE) {
		unsigned n = m->row_count - at < ROWS_AT_ONCE ? m->row_count - at : ROWS_AT_ONCE;
		rehearsal_tell(TOLD_ROWS, &m->rows[at], n * sizeof *m->rows);
	}
	impact_samples_tell(m, &r->want, tell_sample);
	if (r->want.tell)
		r->want.tell(r->want.tell_arg, s, m, &more);
	if (more.len)
		rehearsal_tell(TOLD_MORE, more.data, more.len);
	buf_free(&more);
}

// --- in the process ---------------------------------------------------------------------------------
static void take_rows(struct impact *i, const uint8_t *p, size_t n)
{
	unsigned count = (unsigned)(n / sizeof *i->rows);

	i->rows = mem_resize(i->rows, (i->row_count + count) * sizeof *i->rows);
	memcpy(&i->rows[i->row_count], p, count * sizeof *i->rows);
	i->row_count += count;
}

static void take_sample(struct impact *i, const uint8_t *p, size_t n)
{
	struct impact_sample one;

	if (!impact_sample_read(p, n, &one))
		return;
	i->samples = mem_resize(i->samples, (i->sample_count + 1) * sizeof one);
	i->samples[i->sample_count++] = one;
}

static void heard(void *arg, uint8_t kind, const uint8_t *p, size_t n)
{
	struct impact_run *r = arg;

	if (kind == TOLD_ROWS)
		take_rows(r->impact, p, n);
	else if (kind == TOLD_SAMPLE)
		take_sample(r->impact, p, n);
	else if (kind == TOLD_MORE)
		buf_put(&r->impact->protected_lost, p, n);
}

static void progress(void *arg, unsigned percent)
{
	struct impact_run *r = arg;

	if (r->ops.progress)
		r->ops.progress(r->ops.arg, percent);
}

static void done(void *arg, bool good)
{
	struct impact_run *r = arg;
	struct impact_ops ops = r->ops;
	struct impact *i = r->impact;

	if (!good) {
		run_free(r);
		ops.done(ops.arg, NULL,
			 "Error: The copy of the process that works out the impact has ended early "
			 "(is there memory?). Nothing has changed.");
		return;
	}
	impact_total(i, &(struct impact_filter){0}, i->total);
	i->microseconds = loop_clock() - r->began;
	r->impact = NULL;
	run_free(r);
	ops.done(ops.arg, i, NULL);
}

static bool rehearse(struct impact_run *r, struct buf *errors)
{
	const struct rehearsal_want w = {.next = r->impact->config,
					 .options = r->want.options,
					 .tell = tell,
					 .progress = progress,
					 .heard = heard,
					 .done = done,
					 .arg = r};
	int error = 0;

	r->rehearsal = rehearsal_start(r->app->speaker, &w, &error);
	if (!r->rehearsal)
		buf_format(
			errors,
			"Error: The impact cannot be worked out: no copy of the process can be made "
			"(%s).\nFree memory or raise the limit on processes; display configuration "
			"candidate plan needs none.\n",
			strerror(-error));
	return r->rehearsal;
}

struct impact_run *impact_start(struct app *a, const struct impact_want *w,
				const struct impact_ops *ops, struct buf *errors)
{
	uint32_t upon = conf_store_number(a->store);
	struct speaker_config *next = model_compile(a->model, w->tree, upon + 1, errors);

	if (!next)
		return NULL;
	struct impact_run *r = MEM_NEW(struct impact_run);
	struct impact *i = r->impact = MEM_NEW(struct impact);
	r->app = a;
	r->want = *w;
	r->want.tree = NULL;
	r->ops = *ops;
	r->began = loop_clock();
	i->tree = conf_tree_clone(w->tree);
	i->config = next;
	i->upon = upon;
	i->options = w->options;
	speaker_plan(a->speaker, next, &i->plan);
	note_present(r);
	if (rehearse(r, errors))
		return r;
	run_free(r);
	return NULL;
}

void impact_cancel(struct impact_run *r)
{
	if (!r)
		return;
	rehearsal_cancel(r->rehearsal);
	run_free(r);
}

// --- remembering ------------------------------------------------------------------------------------
void impact_forget(struct app *a)
{
	impact_free(a->impact);
	a->impact = NULL;
}

void impact_remember(struct app *a, struct impact *i)
{
	impact_forget(a);
	a->impact = i;
}

const struct impact *impact_known(const struct app *a, const struct conf_tree *tree)
{
	const struct impact *i = a->impact;

	if (!i || i->upon != conf_store_number(a->store) || i->options.within.bits)
		return NULL;
	return conf_tree_equal(&i->tree, tree) ? i : NULL;
}
