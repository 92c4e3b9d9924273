// See theatre.h.
#include "theatre.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "sim/sim.h"

#define HERE "10.0.0.1"

enum { TOLD_ROWS, TOLD_TABLES }; // kinds of what the copy tells

// --- making and ending --------------------------------------------------------------------------------
static void silent(enum log_level level, const char *line, void *arg)
{
}

void theatre_open(struct theatre *t, unsigned shards)
{
	struct speaker_options o = {.port = 179, .inline_shards = shards};

	*t = (struct theatre){0};
	log_set_sink(silent, NULL);
	sim_new(1);
	t->loop = loop_new();
	t->there = loop_new();
	sim_set_address(t->loop, HERE);
	t->store = policy_store_new();
	t->speaker = speaker_new(t->loop, &o);
	assert_int_equal(speaker_listen(t->speaker), 0);
	state_init(&t->state);
}

void theatre_close(struct theatre *t)
{
	speaker_free(t->speaker);
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		assert_null(t->peer[i].complaint);
		if (t->peer[i].loop)
			player_free(&t->peer[i]);
	}
	mem_free(t->foretold.rows);
	measure_free(t->came);
	buf_free(&t->tables);
	sim_run_for(2 * SIM_SECOND);
	policy_store_free(t->store);
	loop_free(t->loop);
	loop_free(t->there);
	assert_int_equal(sim_free(), 0);
}

void theatre_set(struct theatre *t, enum step_kind kind, long a, long b, long c, long d)
{
	struct law_step step = {kind, {a, b, c, d}};

	state_step(&t->state, &step);
}

struct speaker_config *theatre_config(struct theatre *t)
{
	return state_config(&t->state, t->store, ++t->generation);
}

void theatre_neighbour(struct theatre *t, unsigned i, uint32_t as, long flags, uint16_t families)
{
	struct player *p = &t->peer[i];
	char address[IP_TEXT_MAX];

	theatre_set(t, STEP_PEER, i, as, flags, families);
	law_address(i, address);
	player_init(p, t->there, address, HERE);
	p->as = as;
	p->peer_as = LAW_AS;
	p->refresh = flags & PEER_REFRESH;
	p->enhanced = flags & PEER_ENHANCED;
	p->families = families;
	player_connect(p);
}

void theatre_announce(struct theatre *t, unsigned i, const struct af *af, unsigned n,
		      uint32_t variant)
{
	struct af_key key = {0};

	law_key(af, n, &key);
	player_announce(&t->peer[i], af, &key, variant);
}

void theatre_commit(struct theatre *t, struct speaker_config *next)
{
	speaker_apply(t->speaker, next, NULL);
	speaker_config_unref(next);
}

void theatre_settle(struct theatre *t)
{
	sim_run_for(20 * SIM_SECOND);
	sim_settle(SIM_SECOND);
}

// --- tables as text -----------------------------------------------------------------------------------
static bool rows_write(void *arg, const struct rib_route *r, unsigned n)
{
	struct buf *b = arg;

	for (unsigned i = 0; i < n; i++) {
		const struct attr_set *sets[] = {r[i].received, r[i].installed, r[i].sent};

		buf_format(b, "%s ", r[i].af->name);
		buf_hex(b, r[i].key.b, r[i].af->key_size);
		buf_format(b, " %u %d%d%d%d", r[i].peer, r[i].best, r[i].select, r[i].stale,
			   r[i].suppressed);
		for (unsigned k = 0; k < 3; k++) {
			buf_text(b, " ");
			if (sets[k])
				buf_hex(b, sets[k]->bytes, sets[k]->len);
		}
		buf_text(b, "\n");
	}
	return true;
}

static void read_done(void *arg, bool complete)
{
}

static void view_write(struct theatre *t, struct buf *b, uint16_t instance,
		       const struct rib_query *q)
{
	speaker_read_start(t->speaker, instance, q, NULL, rows_write, read_done, b);
	if (loop_detached())
		rehearsal_settle(t->speaker);
	else
		sim_settle(SIM_SECOND);
}

// All paths of all tables, and what each neighbour is to believe.
static void tables_write(struct theatre *t, struct buf *b)
{
	const struct speaker_config *c = speaker_running(t->speaker);

	for (unsigned i = 0; i < c->instance_count; i++) {
		for (unsigned k = 0; k < af_count; k++) {
			struct rib_query q = {.af = af_list[k], .view = RIB_VIEW_ALL};

			view_write(t, b, c->instances[i].number, &q);
		}
	}
	for (unsigned i = 0; i < speaker_peer_count(t->speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(t->speaker, i);

		buf_format(b, "peer %u\n", i);
		for (unsigned k = 0; k < af_count; k++) {
			struct rib_query q = {.af = af_list[k],
					      .view = RIB_VIEW_ADVERTISED,
					      .peer = speaker_peer_number(p)};

			view_write(t, b, speaker_peer_config(p)->instance, &q);
		}
	}
}

// With what else could give away that something happened: jobs, messages to neighbours.
static void all_write(struct theatre *t, struct buf *b)
{
	const struct soft_job **jobs;
	unsigned n;

	tables_write(t, b);
	n = speaker_jobs(t->speaker, &jobs);
	for (unsigned i = 0; i < n; i++)
		buf_format(b, "job %u state %d\n", jobs[i]->number, jobs[i]->state);
	for (unsigned i = 0; i < LAW_PEERS; i++)
		buf_format(b, "%u %u %u\n", t->peer[i].established_count, t->peer[i].updates_in,
			   t->peer[i].refresh_in);
}

// --- foretelling ----------------------------------------------------------------------------------------
static void tell(void *arg, struct speaker *s, const struct measure *m)
{
	struct buf b = {0};

	tables_write(arg, &b);
	rehearsal_tell(TOLD_TABLES, b.data, b.len);
	buf_free(&b);
	if (m)
		rehearsal_tell(TOLD_ROWS, m->rows, m->row_count * sizeof(*m->rows));
}

static void heard(void *arg, uint8_t kind, const uint8_t *p, size_t n)
{
	struct theatre *t = arg;

	if (kind == TOLD_TABLES) {
		buf_put(&t->tables, p, n);
		return;
	}
	assert_int_equal(kind, TOLD_ROWS);
	t->foretold.row_count = (unsigned)(n / sizeof(*t->foretold.rows));
	t->foretold.rows = n ? mem_copy(p, n) : NULL;
}

static void progress(void *arg, unsigned percent)
{
	struct theatre *t = arg;

	assert_true(percent >= t->percent && percent <= 100);
	t->percent = percent;
}

static void ended(void *arg, bool good)
{
	struct theatre *t = arg;

	t->good = good;
	t->ends++;
}

struct rehearsal *theatre_start(struct theatre *t, struct speaker_config *next)
{
	struct rehearsal_want w = {.next = next,
				   .options = t->options,
				   .tell = tell,
				   .progress = progress,
				   .heard = heard,
				   .done = ended,
				   .arg = t};
	struct rehearsal *r;
	int error = 0;

	mem_free(t->foretold.rows);
	t->foretold = (struct measure){0};
	buf_clear(&t->tables);
	t->percent = t->ends = 0;
	r = rehearsal_start(t->speaker, &w, &error);
	assert_non_null(r);
	return r;
}

void theatre_foretell(struct theatre *t, struct speaker_config *next)
{
	struct buf before = {0}, after = {0};

	all_write(t, &before);
	theatre_start(t, next);
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(t->ends, 1);
	assert_true(t->good);
	assert_true(t->percent >= 95);
	all_write(t, &after);
	assert_string_equal(buf_cstr(&before), buf_cstr(&after));
	buf_free(&before);
	buf_free(&after);
}

// --- what comes -----------------------------------------------------------------------------------------
static void measured(void *arg, struct measure *m)
{
	struct theatre *t = arg;

	measure_free(t->came);
	t->came = m;
}

void theatre_measure(struct theatre *t, struct speaker_config *next)
{
	measured(t, NULL);
	speaker_measure_begin(t->speaker, &(struct ledger_options){0});
	speaker_apply(t->speaker, next, NULL);
	theatre_settle(t);
	assert_true(speaker_measure_end(t->speaker, measured, t));
	assert_true(sim_settle(SIM_SECOND));
	assert_non_null(t->came);
}

static void print(const char *title, const struct measure *m)
{
	char text[IP_TEXT_MAX];

	print_message("%s\n", title);
	for (unsigned i = 0; i < m->row_count; i++) {
		const struct measure_row *r = &m->rows[i];

		print_message("  %u %s %s:", r->instance, af_list[r->row.family]->name,
			      r->address.bits ? ip_text(&r->address, text) : "table");
		for (unsigned k = 0; k < LEDGER_CLASSES; k++)
			print_message(" %llu", (unsigned long long)r->row.count[k]);
		print_message("\n");
	}
}

void theatre_compare(struct theatre *t, struct speaker_config *next)
{
	struct buf tables = {0};

	theatre_foretell(t, next);
	theatre_measure(t, next);
	if (!measure_equal(&t->foretold, t->came)) {
		print("foretold", &t->foretold);
		print("came", t->came);
	}
	assert_true(measure_equal(&t->foretold, t->came));
	tables_write(t, &tables);
	assert_string_equal(buf_cstr(&tables), buf_cstr(&t->tables));
	buf_free(&tables);
}

void theatre_change(struct theatre *t)
{
	struct speaker_config *next = theatre_config(t);

	theatre_compare(t, next);
	speaker_config_unref(next);
}

const struct ledger_row *theatre_row(const struct theatre *t, unsigned instance,
				     const struct af *af, int i)
{
	static const struct ledger_row none;

	for (unsigned k = 0; k < t->foretold.row_count; k++) {
		const struct measure_row *r = &t->foretold.rows[k];

		if (r->instance == instance && r->row.family == af_index(af) &&
		    (i < 0 ? r->row.peer == RIB_NO_PEER
			   : r->row.peer != RIB_NO_PEER &&
				     ip_equal(&r->address, &t->peer[i].address)))
			return &r->row;
	}
	return &none;
}
