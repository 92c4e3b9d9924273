// Rehearsals in the simulation: what a change is foretold to do, of each kind of change; that the process
// itself notices nothing; and that the commit then does just that. Neighbours are the law's scripted
// ones (test/law/player.h), configurations are made by the law's state.
#include "speaker/rehearsal.h"

#include "law.h"

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

enum { TOLD_ROWS, TOLD_WORDS }; // kinds of what the copy tells

static struct loop *loop, *there;
static struct speaker *speaker;
static struct policy_store *store;
static struct law_state state;
static struct player peer[LAW_PEERS];
static uint32_t generation;
static struct ledger_options options;
static struct measure foretold, *done;
static struct buf words; // what else the copy told
static unsigned ends, percent;
static bool good;

static void silent(enum log_level level, const char *line, void *arg)
{
}

static void set(enum step_kind kind, long a, long b, long c, long d)
{
	struct law_step step = {kind, {a, b, c, d}};

	state_step(&state, &step);
}

static void settle(void)
{
	sim_run_for(20 * SIM_SECOND);
	sim_settle(SIM_SECOND);
}

static void neighbour(unsigned i, uint32_t as, long flags, uint16_t families)
{
	char address[IP_TEXT_MAX];

	set(STEP_PEER, i, as, flags, families);
	law_address(i, address);
	player_init(&peer[i], there, address, HERE);
	peer[i].as = as;
	peer[i].peer_as = LAW_AS;
	peer[i].refresh = flags & PEER_REFRESH;
	peer[i].enhanced = flags & PEER_ENHANCED;
	peer[i].families = families;
	player_connect(&peer[i]);
}

static const struct af *classic(void)
{
	return af_classic();
}

static void announce(unsigned i, const struct af *af, unsigned n, uint32_t variant)
{
	struct af_key key = {0};

	law_key(af, n, &key);
	player_announce(&peer[i], af, &key, variant);
}

static struct speaker_config *config(void)
{
	return state_config(&state, store, ++generation);
}

static void take_over(struct speaker_config *c)
{
	speaker_apply(speaker, c, NULL);
	speaker_config_unref(c);
}

static int begin_with(unsigned shards)
{
	struct speaker_options o = {.port = 179, .inline_shards = shards};

	log_set_sink(silent, NULL);
	sim_new(1);
	loop = loop_new();
	there = loop_new();
	sim_set_address(loop, HERE);
	store = policy_store_new();
	speaker = speaker_new(loop, &o);
	assert_int_equal(speaker_listen(speaker), 0);
	state_init(&state);
	generation = ends = 0;
	options = (struct ledger_options){0};
	memset(peer, 0, sizeof(peer));
	return 0;
}

static int begin(void **unused)
{
	return begin_with(1);
}

static int begin_sharded(void **unused)
{
	return begin_with(3);
}

static int end(void **unused)
{
	speaker_free(speaker);
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		assert_null(peer[i].complaint);
		if (peer[i].loop)
			player_free(&peer[i]);
	}
	mem_free(foretold.rows);
	foretold = (struct measure){0};
	measure_free(done);
	done = NULL;
	buf_free(&words);
	sim_run_for(2 * SIM_SECOND);
	policy_store_free(store);
	loop_free(loop);
	loop_free(there);
	assert_int_equal(sim_free(), 0);
	return 0;
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

static void view_write(struct buf *b, uint16_t instance, const struct rib_query *q)
{
	speaker_read_start(speaker, instance, q, NULL, rows_write, read_done, b);
	if (loop_detached())
		rehearsal_settle(speaker);
	else
		sim_settle(SIM_SECOND);
}

// All paths of all tables, and what each neighbour is to believe.
static void tables_write(struct buf *b)
{
	const struct speaker_config *c = speaker_running(speaker);

	for (unsigned i = 0; i < c->instance_count; i++) {
		for (unsigned k = 0; k < af_count; k++) {
			struct rib_query q = {.af = af_list[k], .view = RIB_VIEW_ALL};

			view_write(b, c->instances[i].number, &q);
		}
	}
	for (unsigned i = 0; i < speaker_peer_count(speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(speaker, i);

		buf_format(b, "peer %u\n", i);
		for (unsigned k = 0; k < af_count; k++) {
			struct rib_query q = {.af = af_list[k],
					      .view = RIB_VIEW_ADVERTISED,
					      .peer = speaker_peer_number(p)};

			view_write(b, speaker_peer_config(p)->instance, &q);
		}
	}
}

static void jobs_write(struct buf *b)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(speaker, &jobs);

	for (unsigned i = 0; i < n; i++)
		buf_format(b, "job %u state %d\n", jobs[i]->number, jobs[i]->state);
}

static void all_write(struct buf *b)
{
	tables_write(b);
	jobs_write(b);
	for (unsigned i = 0; i < LAW_PEERS; i++)
		buf_format(b, "%u %u %u\n", peer[i].established_count, peer[i].updates_in,
			   peer[i].refresh_in);
}

// --- rehearsals ---------------------------------------------------------------------------------------
static void tell(void *arg, struct speaker *s, const struct measure *m)
{
	struct buf b = {0};

	tables_write(&b);
	rehearsal_tell(TOLD_WORDS, b.data, b.len);
	buf_free(&b);
	if (m)
		rehearsal_tell(TOLD_ROWS, m->rows, m->row_count * sizeof(*m->rows));
}

static void heard(void *arg, uint8_t kind, const uint8_t *p, size_t n)
{
	if (kind == TOLD_WORDS) {
		buf_put(&words, p, n);
		return;
	}
	assert_int_equal(kind, TOLD_ROWS);
	foretold.row_count = (unsigned)(n / sizeof(*foretold.rows));
	foretold.rows = n ? mem_copy(p, n) : NULL;
}

static void progress(void *arg, unsigned now)
{
	assert_true(now >= percent && now <= 100);
	percent = now;
}

static void ended(void *arg, bool well)
{
	good = well;
	ends++;
}

static struct rehearsal *start(struct speaker_config *next)
{
	struct rehearsal_want w = {.next = next,
				   .options = options,
				   .tell = tell,
				   .progress = progress,
				   .heard = heard,
				   .done = ended};
	struct rehearsal *r;
	int error = 0;

	mem_free(foretold.rows);
	foretold = (struct measure){0};
	buf_clear(&words);
	percent = 0;
	r = rehearsal_start(speaker, &w, &error);
	assert_non_null(r);
	return r;
}

// The process notices nothing.
static void foretell(struct speaker_config *next)
{
	struct buf before = {0}, after = {0};
	unsigned so_far = ends;

	all_write(&before);
	start(next);
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(ends, so_far + 1);
	assert_true(good);
	assert_true(percent >= 95);
	all_write(&after);
	assert_string_equal(buf_cstr(&before), buf_cstr(&after));
	buf_free(&before);
	buf_free(&after);
}

static void measured(void *arg, struct measure *m)
{
	measure_free(done);
	done = m;
}

static void print(const char *title, const struct measure *m)
{
	static const char *const names[LEDGER_CLASSES] = {
		"accepted", "rejected", "changed",   "lost",        "new",       "gone",
		"moved",    "best ch.", "announced", "reannounced", "withdrawn",
	};
	char text[IP_TEXT_MAX];

	print_message("%s\n", title);
	for (unsigned i = 0; i < m->row_count; i++) {
		const struct measure_row *r = &m->rows[i];

		print_message("  %u %s %s", r->instance, af_list[r->row.family]->name,
			      r->address.bits ? ip_text(&r->address, text) : "table");
		for (unsigned k = 0; k < LEDGER_CLASSES; k++) {
			if (r->row.count[k])
				print_message(" %s %llu", names[k],
					      (unsigned long long)r->row.count[k]);
		}
		print_message("\n");
	}
}

static void commit_measured(struct speaker_config *next)
{
	speaker_measure_begin(speaker, &(struct ledger_options){0});
	speaker_apply(speaker, next, NULL);
	settle();
	assert_true(speaker_measure_end(speaker, measured, NULL));
	assert_true(sim_settle(SIM_SECOND));
	assert_non_null(done);
}

// Foretells the change, makes it, and compares.
static void change(void)
{
	struct speaker_config *next = config();
	struct buf tables = {0};

	foretell(next);
	commit_measured(next);
	if (!measure_equal(&foretold, done)) {
		print("foretold", &foretold);
		print("done", done);
	}
	assert_true(measure_equal(&foretold, done));
	tables_write(&tables);
	assert_string_equal(buf_cstr(&tables), buf_cstr(&words));
	buf_free(&tables);
	speaker_config_unref(next);
}

// i: the neighbour's number, or -1: the table.
static const struct ledger_row *row_of(unsigned instance, const struct af *af, int i)
{
	static const struct ledger_row none;

	for (unsigned k = 0; k < foretold.row_count; k++) {
		const struct measure_row *r = &foretold.rows[k];

		if (r->instance == instance && r->row.family == af_index(af) &&
		    (i < 0 ? r->row.peer == RIB_NO_PEER
			   : r->row.peer != RIB_NO_PEER && ip_equal(&r->address, &peer[i].address)))
			return &r->row;
	}
	return &none;
}

#define ROW(i, class) row_of(INSTANCE_PUBLIC, classic(), i)->count[class]

// --- the classic family -------------------------------------------------------------------------------
// Two feeders with the same ten routes, the first one better, and a listener.
static void neighbours(long flags)
{
	uint16_t families = af_bit(classic());

	neighbour(0, 65101, flags, families);
	neighbour(1, 65102, flags, families);
	neighbour(2, 65103, flags, families);
	set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 100, 0);
	for (unsigned i = 0; i < LAW_KEYS; i++) {
		announce(0, classic(), i, 9);
		announce(1, classic(), i, 9);
	}
}

static void up(void)
{
	take_over(config());
	settle();
	assert_int_equal(peer[2].told_count[af_index(classic())], LAW_KEYS);
}

static void feeders(long flags)
{
	neighbours(flags);
	up();
}

// A prefix list that only denies: what it is bound to rejects everything.
static long refusing_list(void)
{
	for (long seed = 1;; seed++) {
		struct law_state s = state;
		struct speaker_config *c;
		bool any = false;

		s.object[OBJECT_PREFIX][0] = seed;
		s.peer[0].bind[1][OBJECT_PREFIX] = 0;
		c = state_config(&s, store, 1);
		for (unsigned i = 0; i < LAW_KEYS && !any; i++) {
			struct af_key key = {0};
			struct attrs as = {0};
			struct arena a;

			law_key(classic(), i, &key);
			arena_init(&a, 4096);
			any = policy_run_route(
				c->peers[0].family[af_index(classic())].import.program,
				&(struct policy_context){0}, &key, &as, &a);
			arena_free(&a);
		}
		speaker_config_unref(c);
		if (!any)
			return seed;
	}
}

static void refuse(unsigned i, bool import)
{
	set(STEP_OBJECT, OBJECT_PREFIX, 0, refusing_list(), 0);
	set(STEP_BIND, i, import, OBJECT_PREFIX, 0);
}

static void import_refused(void **unused)
{
	feeders(PEER_REFRESH);
	refuse(0, true);
	change();
	assert_int_equal(ROW(0, LEDGER_REJECTED), LAW_KEYS);
	assert_int_equal(ROW(0, LEDGER_ACCEPTED), 0);
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), LAW_KEYS);
	assert_int_equal(ROW(2, LEDGER_REANNOUNCED), LAW_KEYS);
	assert_int_equal(ROW(0, LEDGER_ANNOUNCED), LAW_KEYS); // those of the other one
	assert_int_equal(ROW(1, LEDGER_WITHDRAWN), LAW_KEYS);
}

// What is not retained is asked for, and nobody answers in the copy.
static void import_let_in(void **unused)
{
	neighbours(PEER_REFRESH);
	refuse(0, true);
	up();
	set(STEP_BIND, 0, 1, OBJECT_PREFIX, -1);
	struct speaker_config *next = config();
	foretell(next);
	assert_int_equal(foretold.row_count, 0);
	commit_measured(next);
	assert_false(measure_equal(&foretold, done));
	assert_int_equal(peer[0].refresh_in, 1);
	speaker_config_unref(next);
}

static void import_retained(void **unused)
{
	neighbours(0);
	refuse(0, true);
	set(STEP_KEEP, 0, 1, 0, 0);
	up();
	set(STEP_BIND, 0, 1, OBJECT_PREFIX, -1);
	change();
	assert_int_equal(ROW(0, LEDGER_ACCEPTED), LAW_KEYS);
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), LAW_KEYS);
}

static void import_changed(void **unused)
{
	feeders(PEER_REFRESH);
	set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 200, 0);
	change();
	assert_int_equal(ROW(0, LEDGER_CHANGED), LAW_KEYS);
	assert_int_equal(row_of(INSTANCE_PUBLIC, classic(), 0)->changed_by[0], LAW_KEYS);
	assert_int_equal(ROW(-1, LEDGER_BEST_CHANGED), LAW_KEYS);
	assert_int_equal(ROW(2, LEDGER_REANNOUNCED), 0);
}

static void export_refused(void **unused)
{
	feeders(PEER_REFRESH);
	refuse(2, false);
	change();
	assert_int_equal(ROW(2, LEDGER_WITHDRAWN), LAW_KEYS);
	assert_int_equal(foretold.row_count, 1);
	set(STEP_BIND, 2, 0, OBJECT_PREFIX, -1);
	change();
	assert_int_equal(ROW(2, LEDGER_ANNOUNCED), LAW_KEYS);
	assert_int_equal(foretold.row_count, 1);
}

// An equal configuration does nothing.
static void nothing(void **unused)
{
	feeders(PEER_REFRESH);
	change();
	assert_int_equal(foretold.row_count, 0);
}

static void peer_removed(void **unused)
{
	feeders(PEER_REFRESH);
	set(STEP_PRESENT, 0, 0, 0, 0);
	change();
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
	assert_int_equal(ROW(0, LEDGER_WITHDRAWN), 0);
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), LAW_KEYS);
	assert_int_equal(ROW(2, LEDGER_REANNOUNCED), LAW_KEYS);
	assert_int_equal(ROW(1, LEDGER_WITHDRAWN), LAW_KEYS);
}

static void peer_added(void **unused)
{
	feeders(PEER_REFRESH);
	set(STEP_PEER, 3, 65104, 0, af_bit(classic()));
	change();
	assert_int_equal(foretold.row_count, 0);
}

static void networks_and_aggregates(void **unused)
{
	neighbours(PEER_REFRESH);
	set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 0, 0);
	up();
	set(STEP_NETWORK, af_index(classic()), 5, 1, 0);
	set(STEP_AGGREGATE, af_index(classic()), 0, 0, 0);
	change();
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), 2);
	set(STEP_NETWORK, af_index(classic()), 5, -1, 0);
	set(STEP_AGGREGATE, af_index(classic()), 0, -1, 0);
	change();
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), 2);
}

static void options_of_the_instance(void **unused)
{
	feeders(PEER_REFRESH);
	set(STEP_GLOBAL, GLOBAL_LOCAL_PREF, 200, 0, 0);
	change();
	set(STEP_GLOBAL, GLOBAL_PATH_LIMIT, 1, 0, 0);
	change();
}

static void keep_switched(void **unused)
{
	feeders(PEER_REFRESH);
	set(STEP_KEEP, 0, 1, 0, 0);
	change();
	set(STEP_KEEP, 0, 0, 0, 0);
	refuse(0, true);
	change();
	assert_int_equal(ROW(0, LEDGER_REJECTED), LAW_KEYS);
}

// --- sessions -----------------------------------------------------------------------------------------
// In the copy it stays down, and what comes next does not happen.
static void session_reset(void **unused)
{
	struct speaker_config *next;

	feeders(PEER_REFRESH);
	next = config();
	for (unsigned i = 0; i < next->peer_count; i++)
		next->peers[i].session.hold_time = 90;
	foretell(next);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ROW(i, LEDGER_LOST), LAW_KEYS);
	assert_int_equal(ROW(-1, LEDGER_BEST_GONE), LAW_KEYS);
	assert_int_equal(ROW(2, LEDGER_WITHDRAWN), 0); // nobody is told anything
	take_over(next);
	settle();
	assert_int_equal(peer[0].established_count, 2);
}

static void route_limit(void **unused)
{
	struct speaker_config *next;

	feeders(PEER_REFRESH);
	next = config();
	next->peers[0].family[af_index(classic())].route_limit = 2;
	next->peers[0].family[af_index(classic())].route_limit_idle_forever = true;
	foretell(next);
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
	take_over(next);
	announce(0, classic(), 1, 10); // it is looked at when something is counted
	settle();
	assert_false(peer[0].established);
}

// Whatever touches sockets does no harm in a copy, which has none.
static void sockets(void **unused)
{
	struct speaker_config *next;

	feeders(PEER_REFRESH);
	set(STEP_PEER, 3, 65104, 0, af_bit(classic()));
	next = config();
	for (unsigned i = 0; i < next->peer_count; i++) {
		struct sess_config *s = &next->peers[i].session;

		memcpy(s->password, "secret", 7);
		s->passive = false;
		s->gtsm_hops = i == 1;
		s->shutdown = i == 2;
	}
	foretell(next);
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
	speaker_config_unref(next);
	next = config();
	next->present = false;
	next->peer_count = 0;
	foretell(next);
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
	speaker_config_unref(next);
}

// Routes that are on their way, walks that are half way, a peer that takes nothing, a read and a measure
// that are under way: the copy settles first, and none of it is the change's.
static void in_the_middle(void **unused)
{
	struct rib_query q = {.af = classic(), .view = RIB_VIEW_ALL};
	struct buf read = {0};
	struct speaker_config *next;

	sim_link_default()->window = 3000;
	feeders(PEER_REFRESH);
	player_pause(&peer[2], true);
	player_bulk(&peer[0], classic(), 5000, 9);
	sim_run_for(40 * SIM_MS);
	refuse(1, true);
	take_over(config());
	speaker_measure_begin(speaker, &(struct ledger_options){0});
	speaker_read_start(speaker, INSTANCE_PUBLIC, &q, NULL, rows_write, read_done, &read);
	set(STEP_OPTION, 2, OPTION_COMMUNITY, 0, 0);
	refuse(2, false);
	next = config();
	start(next);
	settle();
	assert_true(ends == 1 && good);
	assert_int_equal(ROW(1, LEDGER_REJECTED), 0); // of the commit before
	assert_true(ROW(2, LEDGER_WITHDRAWN) >= LAW_KEYS);
	assert_true(read.len > 0);
	assert_true(speaker_measure_end(speaker, measured, NULL));
	sim_settle(SIM_SECOND);
	assert_non_null(done);
	player_pause(&peer[2], false);
	settle();
	buf_free(&read);
	speaker_config_unref(next);
}

static void without_a_change(void **unused)
{
	feeders(PEER_REFRESH);
	start(NULL);
	sim_settle(SIM_SECOND);
	assert_true(ends == 1 && good);
	assert_true(words.len > 0);
	assert_null(foretold.rows);
}

static void cancelled(void **unused)
{
	struct speaker_config *next;

	feeders(PEER_REFRESH);
	next = config();
	rehearsal_cancel(start(next));
	settle();
	assert_int_equal(ends, 0);
	speaker_config_unref(next);
	rehearsal_cancel(NULL);
}

// --- between tables -------------------------------------------------------------------------------------
static const struct af *outer(void)
{
	return af_outer(classic());
}

// A provider's neighbour with VPN routes of four targets, one that listens, and an instance with a
// neighbour of its own.
static void vpn(void)
{
	uint16_t both = af_bit(outer()) | af_bit(classic());

	neighbour(0, 65101, PEER_REFRESH, both);
	neighbour(1, 65102, PEER_REFRESH, both);
	neighbour(2, 65103, PEER_REFRESH | PEER_INSTANCE, af_bit(classic()));
	peer[0].targets = true;
	set(STEP_INSTANCE, 1, af_bit(classic()), 0, 0);
	set(STEP_TARGETS, 1, 1, 3, 0);
	set(STEP_TARGETS, 1, 0, 1, 0);
	for (unsigned i = 0; i < LAW_KEYS; i++) {
		announce(0, outer(), i, 9 + i);
		announce(2, classic(), i, 9);
	}
	take_over(config());
	settle();
}

static void targets_changed(void **unused)
{
	vpn();
	set(STEP_TARGETS, 1, 0, 2, 0);
	change();
	assert_true(foretold.row_count > 0);
	set(STEP_TARGETS, 1, 1, 1, 0);
	change();
	assert_true(foretold.row_count > 0);
}

static void instance_added(void **unused)
{
	vpn();
	set(STEP_INSTANCE, 2, af_bit(classic()), 0, 0);
	set(STEP_TARGETS, 2, 1, 3, 0);
	set(STEP_TARGETS, 2, 0, 4, 0);
	set(STEP_NETWORK, af_index(classic()), 2, 1, 2);
	change();
	assert_true(row_of(2, classic(), -1)->count[LEDGER_BEST_NEW] > 0);
	assert_true(row_of(INSTANCE_PUBLIC, outer(), -1)->count[LEDGER_BEST_NEW] > 0);
}

static void instance_removed(void **unused)
{
	uint64_t before;
	struct rib_totals totals;

	vpn();
	set(STEP_NETWORK, af_index(classic()), 2, 1, 1);
	set(STEP_AGGREGATE, af_index(classic()), 1, 0, 1);
	take_over(config());
	settle();
	speaker_totals(speaker, 1, classic(), &totals);
	before = totals.destinations;
	assert_true(before >= LAW_KEYS);
	set(STEP_INSTANCE, 1, 0, 0, 0);
	set(STEP_PRESENT, 2, 0, 0, 0);
	change();
	assert_int_equal(row_of(1, classic(), -1)->count[LEDGER_BEST_GONE], before);
	assert_int_equal(row_of(1, classic(), 2)->count[LEDGER_LOST], LAW_KEYS);
	assert_true(row_of(INSTANCE_PUBLIC, outer(), -1)->count[LEDGER_BEST_GONE] > 0);
}

static void distinguisher_changed(void **unused)
{
	vpn();
	set(STEP_LINK, 1, LINK_RD, 1, 0);
	change();
	assert_true(row_of(INSTANCE_PUBLIC, outer(), -1)->count[LEDGER_BEST_NEW] > 0);
	assert_true(row_of(INSTANCE_PUBLIC, outer(), -1)->count[LEDGER_BEST_GONE] > 0);
}

#define CASE(f)    cmocka_unit_test_setup_teardown(f, begin, end)
#define SHARDED(f) cmocka_unit_test_setup_teardown(f, begin_sharded, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(import_refused),
		SHARDED(import_refused),
		CASE(import_let_in),
		CASE(import_retained),
		CASE(import_changed),
		CASE(export_refused),
		SHARDED(export_refused),
		CASE(nothing),
		CASE(peer_removed),
		SHARDED(peer_removed),
		CASE(peer_added),
		CASE(networks_and_aggregates),
		CASE(options_of_the_instance),
		CASE(keep_switched),
		CASE(session_reset),
		CASE(route_limit),
		CASE(sockets),
		CASE(in_the_middle),
		CASE(without_a_change),
		CASE(cancelled),
		CASE(targets_changed),
		SHARDED(targets_changed),
		CASE(instance_added),
		SHARDED(instance_added),
		CASE(instance_removed),
		SHARDED(instance_removed),
		CASE(distinguisher_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
