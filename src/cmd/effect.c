// The effect of a commit, beside what was foretold of it. When the impact of just this commit is known,
// ledgers are opened ahead of it and closed when its walks have ended and the tables are at rest: what
// ROUTE-REFRESH brings later is arrival and no effect of the commit, what it brought earlier counts,
// like any route that came meanwhile.
//
//   effect_begin ──► open ──walks ended──► closing ──all shards have told──► known ──effect_put──► told
//        another commit, before it is known: not measured
//
// Those that are known wait in a list, the newest first, until their commit's jobs have ended too.
#include "cmd/commit.h"
#include "cmd/impact.h"

#include <string.h>

#include "base/mem.h"

enum effect_state { EFFECT_OPEN, EFFECT_CLOSING, EFFECT_KNOWN, EFFECT_SPOILED };

struct effect {
	struct effect *next; // older
	uint32_t number;     // of the commit
	enum effect_state state;
	struct measure foretold; // its rows are ours
	struct measure *came;
	bool asked; // ROUTE-REFRESH was sent
};

static bool is_open(const struct effect *e)
{
	return e && (e->state == EFFECT_OPEN || e->state == EFFECT_CLOSING);
}

// The newest alone can be open.
static void spoil(struct app *a)
{
	if (!is_open(a->effect))
		return;
	speaker_measure_cancel(a->speaker);
	a->effect->state = EFFECT_SPOILED;
}

static struct effect **effect_of(struct app *a, uint32_t number)
{
	struct effect **e = &a->effect;

	while (*e && (*e)->number != number)
		e = &(*e)->next;
	return e;
}

static void drop(struct effect **at)
{
	struct effect *e = *at;

	*at = e->next;
	measure_free(e->came);
	mem_free(e->foretold.rows);
	mem_free(e);
}

void effect_free(struct app *a)
{
	spoil(a);
	while (a->effect)
		drop(&a->effect);
}

static bool asks(const struct impact *i)
{
	for (unsigned k = 0; k < i->plan.count; k++)
		if (i->plan.steps[k].effects & EFFECT_ASK)
			return true;
	return false;
}

static void begin(struct app *a, uint32_t number, const struct impact *i)
{
	const struct ledger_options plain = {0};
	struct effect *e = MEM_NEW(struct effect);

	e->next = a->effect;
	a->effect = e;
	e->number = number;
	e->asked = asks(i);
	e->foretold.row_count = i->row_count;
	if (i->row_count)
		e->foretold.rows = mem_copy(i->rows, i->row_count * sizeof *i->rows);
	speaker_measure_begin(a->speaker, &plain);
}

void effect_begin(struct app *a, uint32_t number, const struct impact *known)
{
	spoil(a); // what comes now is of both
	if (known)
		begin(a, number, known);
}

bool effect_pending(const struct app *a)
{
	return is_open(a->effect);
}

bool effect_waits(struct app *a, uint32_t number)
{
	return is_open(*effect_of(a, number));
}

static void on_measure(void *arg, struct measure *m)
{
	struct effect *e = arg;

	e->came = m;
	e->state = m->overtaken ? EFFECT_SPOILED : EFFECT_KNOWN;
}

static bool walks_run(struct app *a)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(a->speaker, &jobs);

	for (unsigned i = 0; i < n; i++)
		if (jobs[i]->state == JOB_WAITING || jobs[i]->state == JOB_RUNNING)
			return true;
	return false;
}

void effect_look(struct app *a)
{
	struct effect *e = a->effect;

	if (!e || e->state != EFFECT_OPEN || walks_run(a))
		return;
	e->state = EFFECT_CLOSING;
	if (!speaker_measure_end(a->speaker, on_measure, e))
		e->state = EFFECT_SPOILED;
}

// --- words ------------------------------------------------------------------------------------------
static void put_figures(struct buf *out, const char *title, const struct measure *m)
{
	uint64_t total[LEDGER_CLASSES];
	struct buf text = {0};

	measure_total(m, total);
	impact_summary(&text, total);
	buf_format(out, "%s:\n", title);
	for (const char *p = buf_cstr(&text); *p; p += strcspn(p, "\n") + 1)
		buf_format(out, "  %.*s\n", (int)strcspn(p, "\n"), p);
	buf_free(&text);
}

void effect_put(struct app *a, uint32_t number, struct buf *out)
{
	struct effect **at = effect_of(a, number), *e = *at;

	if (!e || is_open(e))
		return;
	put_figures(out, "Foretold", &e->foretold);
	if (e->state == EFFECT_SPOILED) {
		buf_text(out, "What came was not measured: another commit followed at once.\n");
	} else {
		put_figures(out, "Came", e->came);
		if (e->came->lost)
			buf_text(out, "Equal: not known, figures of a VPN instance are missing.\n");
		else if (measure_equal(&e->foretold, e->came))
			buf_text(out, "Equal: yes, in every table and for every peer.\n");
		else
			buf_format(out, "Equal: no; routes came meanwhile%s.\n",
				   e->asked ? " (answers to ROUTE-REFRESH among them)" : "");
	}
	drop(at);
}
