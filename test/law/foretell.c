// Impact equals effect: a commit is rehearsed in a copy of the process, then made, and what the copy
// foretold must have come: the same figures, and the same tables to the letter.
//
// Both begin at rest, or in the middle of whatever happens: then what has been received is worked off
// first. While the commit takes effect nothing reaches us and no timer comes due, so that no
// neighbour answers a ROUTE-REFRESH or connects again: what they say then is news, which nobody has
// foretold. When all has been compared time goes on.
//
// That both say the same does not make it true, so the figures are held against the tables too.
#include "game.h"

#include <string.h>

#include "base/mem.h"
#include "figures.h"
#include "sim/sim.h"
#include "speaker/rehearsal.h"

#define REST_US    (3 * SIM_SECOND) // nothing that a new session waits for takes longer
#define LIMIT_US   (600 * SIM_SECOND)
#define JOBS_TRIES 1000000
#define SOON_US    100

enum { TOLD_ROWS, TOLD_TABLES, TOLD_COMPLAINT };

struct foretelling {
	struct game *game;
	struct measure foretold, *came;
	struct ledger_options options;
	struct buf before, tables; // all tables: as they were, as they were foretold
	struct buf complaint;
	unsigned sessions[LAW_PEERS]; // of those that are up, how many they have had
	bool early; // the measure ends when no job is left, however much of their work
	int done;   // 1: good; -1: it died
};

// --- in the copy --------------------------------------------------------------------------------------
static void tell(void *arg, struct speaker *s, const struct measure *m)
{
	struct foretelling *f = arg;
	struct outcome *out = f->game->out;

	buf_clear(&out->tables);
	buf_clear(&out->complaint);
	write_tables(f->game);
	rehearsal_tell(TOLD_ROWS, m->rows, m->row_count * sizeof(*m->rows));
	rehearsal_tell(TOLD_TABLES, out->tables.data, out->tables.len);
	rehearsal_tell(TOLD_COMPLAINT, out->complaint.data, out->complaint.len);
}

// --- in the parent ------------------------------------------------------------------------------------
static void heard(void *arg, uint8_t kind, const uint8_t *p, size_t n)
{
	struct foretelling *f = arg;

	if (kind == TOLD_ROWS && n) {
		f->foretold.rows = mem_copy(p, n);
		f->foretold.row_count = (unsigned)(n / sizeof(*f->foretold.rows));
	}
	if (kind == TOLD_TABLES)
		buf_put(&f->tables, p, n);
	if (kind == TOLD_COMPLAINT)
		buf_put(&f->complaint, p, n);
}

static void done(void *arg, bool good)
{
	struct foretelling *f = arg;

	f->done = good ? 1 : -1;
}

static void measured(void *arg, struct measure *m)
{
	struct foretelling *f = arg;

	f->came = m;
}

static bool rehearse(struct foretelling *f, struct speaker_config *c)
{
	struct rehearsal_want w = {.next = c,
				   .options = f->options,
				   .tell = tell,
				   .heard = heard,
				   .done = done,
				   .arg = f};
	struct game *g = f->game;
	int error = 0;

	if (!rehearsal_start(g->speaker, &w, &error)) {
		complain(g, "no rehearsal: %s", strerror(-error));
		return false;
	}
	sim_settle(LIMIT_US);
	buf_put(&g->out->complaint, f->complaint.data, f->complaint.len);
	if (f->done < 1)
		complain(g, "the copy of the process %s", f->done ? "died" : "does not end");
	return f->done == 1;
}

static bool any_job(struct game *g)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(g->speaker, &jobs);

	for (unsigned i = 0; i < n; i++) {
		if (jobs[i]->state == JOB_WAITING || jobs[i]->state == JOB_RUNNING)
			return true;
	}
	return false;
}

static void wait_for_jobs(struct game *g)
{
	for (unsigned i = 0; i < JOBS_TRIES && any_job(g); i++)
		sim_run_for(100);
}

static void apply(struct foretelling *f, struct speaker_config *c)
{
	struct game *g = f->game;
	struct soft_plan plan;

	speaker_measure_begin(g->speaker, &f->options);
	speaker_plan(g->speaker, c, &plan);
	allow_planned(g, &plan);
	speaker_apply(g->speaker, c, &plan);
	soft_plan_free(&plan);
	g->out->commits++;
	if (f->early)
		wait_for_jobs(g);
	else
		sim_settle(LIMIT_US);
	speaker_measure_end(g->speaker, measured, f);
	if (f->early) // what is left is waited for, but not for ever
		sim_set_clock_cost(SOON_US);
	sim_settle(LIMIT_US);
	sim_set_clock_cost(g->clock_cost);
	if (!f->came)
		complain(g, "a measure does not end");
}

// --- comparing ----------------------------------------------------------------------------------------
static void put_row(struct buf *b, const struct measure_row *r)
{
	char text[IP_TEXT_MAX];

	buf_format(b, "%u %s %s:", r->instance, af_list[r->row.family]->name,
		   r->address.bits ? ip_text(&r->address, text) : "table");
	for (unsigned i = 0; i < LEDGER_CLASSES; i++)
		buf_format(b, " %llu", (unsigned long long)r->row.count[i]);
	for (unsigned i = 0; i < LEDGER_TRAITS; i++) {
		if (r->row.changed_by[i] || r->row.reannounced_by[i])
			buf_format(b, " by %u: %u %u", i, r->row.changed_by[i],
				   r->row.reannounced_by[i]);
	}
	buf_text(b, "\n");
}

static void put_rows(struct buf *b, const char *title, const struct measure *m)
{
	buf_format(b, "%s\n", title);
	for (unsigned i = 0; i < m->row_count; i++)
		put_row(b, &m->rows[i]);
}

// Steps that change the configuration.
#define EDITS                                                                                  \
	(1u << STEP_OBJECT | 1u << STEP_BIND | 1u << STEP_KEEP | 1u << STEP_OPTION |           \
	 1u << STEP_GLOBAL | 1u << STEP_NETWORK | 1u << STEP_AGGREGATE | 1u << STEP_INSTANCE | \
	 1u << STEP_TARGETS | 1u << STEP_LINK | 1u << STEP_PRESENT)

static void tally(struct game *g)
{
	uint64_t edits = g->touched & EDITS;

	g->out->changes++;
	for (unsigned i = 0; i < STEP_KINDS; i++)
		g->out->after[i] += edits >> i & 1;
	g->out->lists += edits == 1u << STEP_OBJECT && g->lists_only;
}

static void compare_figures(struct foretelling *f)
{
	struct buf *b = &f->game->out->complaint;

	if (f->came->row_count)
		tally(f->game);
	if (measure_equal(&f->foretold, f->came))
		return;
	put_rows(b, "foretold:", &f->foretold);
	put_rows(b, "came:", f->came);
}

static void compare_tables(struct foretelling *f)
{
	struct game *g = f->game;
	const char *a, *b;

	buf_clear(&g->out->tables);
	write_tables(g);
	a = buf_cstr(&f->tables);
	b = buf_cstr(&g->out->tables);
	while (*a && *b) {
		size_t x = strcspn(a, "\n"), y = strcspn(b, "\n");
		if (x != y || memcmp(a, b, x))
			break;
		a += x + (a[x] == '\n');
		b += y + (b[y] == '\n');
	}
	if (*a || *b)
		complain(g, "foretold: %.*s\ncame: %.*s", (int)strcspn(a, "\n"), a,
			 (int)strcspn(b, "\n"), b);
}

static const struct measure_row *find_row(const struct measure *m, unsigned instance,
					  const struct ip *address, unsigned family)
{
	static const struct measure_row none;

	for (unsigned i = 0; i < m->row_count; i++) {
		const struct measure_row *r = &m->rows[i];
		if (r->instance == instance && r->row.family == family &&
		    (address ? ip_equal(&r->address, address) : !r->address.bits))
			return r;
	}
	return &none;
}

// Made-up labels are not written down: what changes with them is not seen.
static void check(struct foretelling *f, const struct measure_row *r, unsigned family,
		  const uint64_t *seen, unsigned classes)
{
	static const unsigned unsure = 1u << LEDGER_CHANGED | 1u << LEDGER_BEST_CHANGED |
				       1u << LEDGER_BEST_MOVED | 1u << LEDGER_REANNOUNCED;
	const struct af *af = af_list[family];
	uint64_t n[LEDGER_CLASSES];

	memcpy(n, r->row.count, sizeof(n));
	n[LEDGER_REJECTED] += n[LEDGER_LOST];
	n[LEDGER_LOST] = 0;
	if (af->props & (AF_LABELED | AF_INSTANCE) || af->inner == af)
		classes &= ~unsure;
	for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
		if (classes >> i & 1 && n[i] != seen[i])
			complain(f->game, "%s: class %u of %s is %llu, the tables say %llu",
				 af->name, i, r->address.bits ? "a peer" : "the table",
				 (unsigned long long)n[i], (unsigned long long)seen[i]);
	}
}

#define OF_PEERS ((1u << LEDGER_BEST_NEW) - 1)
#define OF_TABLE (15u << LEDGER_BEST_NEW)
#define OF_TOLD  (7u << LEDGER_ANNOUNCED)

static void compare_with_tables(struct foretelling *f)
{
	struct figures *seen = MEM_NEW(struct figures);
	struct game *g = f->game;

	figures_between(buf_cstr(&f->before), buf_cstr(&g->out->tables), seen);
	for (unsigned i = 0; i < af_count; i++) {
		for (unsigned k = 0; k <= LAW_INSTANCES; k++)
			check(f, find_row(f->came, k, NULL, i), i, seen->table[k][i], OF_TABLE);
		for (unsigned k = 0; k < LAW_PEERS; k++) {
			const struct player *p = player_of(g, k);
			if (!p)
				continue;
			bool up = f->sessions[k] && p->established &&
				  p->established_count == f->sessions[k];
			check(f, find_row(f->came, instance_of_player(g, k), &p->address, i), i,
			      seen->peer[k][i], up ? OF_PEERS | OF_TOLD : OF_PEERS);
		}
	}
	mem_free(seen);
}

// Nothing reaches us and no timer comes due, or all that has waited does.
static void hold(struct game *g, bool held)
{
	char address[IP_TEXT_MAX];

	sim_freeze_timers(held);
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		law_address(i, address);
		struct sim_link *link = sim_link(SPEAKER, address);
		link->deaf = (struct ip){0};
		if (held)
			ip_parse(SPEAKER, &link->deaf);
	}
	sim_link_changed();
}

static void rest(struct game *g)
{
	come_to_rest(g);
	sim_run_for(REST_US);
	sim_settle(LIMIT_US);
}

// By the number of the commit: how it is rehearsed. Once in a while only what lies within one nest of
// prefixes counts.
static void choose(struct foretelling *f, unsigned number)
{
	struct af_key key = {0};
	unsigned bits;

	f->options.samples = number % 3;
	f->early = number % 4 == 1 || number % 4 == 2;
	if (number % 5 != 4)
		return;
	law_key(af_list[0], 1, &key);
	f->options.within.bits = af_list[0]->prefix_bits;
	memcpy(f->options.within.b, af_list[0]->prefix(&key, &bits), 4);
	f->options.within_bits = (uint8_t)bits;
}

static void note_before(struct foretelling *f)
{
	struct game *g = f->game;

	buf_clear(&g->out->tables);
	write_tables(g);
	buf_put(&f->before, g->out->tables.data, g->out->tables.len);
	for (unsigned i = 0; i < LAW_PEERS; i++)
		f->sessions[i] = is_up(peer_of(g, i)) ? g->player[i].established_count : 0;
}

static void foretelling_free(struct foretelling *f)
{
	mem_free(f->foretold.rows);
	measure_free(f->came);
	buf_free(&f->before);
	buf_free(&f->tables);
	buf_free(&f->complaint);
}

void foretell(struct game *g)
{
	struct foretelling f = {.game = g};

	choose(&f, g->generation);
	if (g->generation % 2)
		rest(g);
	else
		listen_all(g);
	hold(g, true);
	struct speaker_config *c = state_config(&g->state, g->store, ++g->generation);
	g->out->rehearsals++;
	if (rehearse(&f, c)) {
		note_before(&f);
		apply(&f, c);
		compare_tables(&f);
		if (f.came)
			compare_figures(&f);
		if (f.came && !f.options.within.bits)
			compare_with_tables(&f);
	}
	speaker_config_unref(c);
	hold(g, false);
	g->touched = 0;
	foretelling_free(&f);
}
