// Rehearsals (speaker/rehearsal.h) of each kind of change of the public tables: the figures are right,
// the process itself notices nothing, and the commit then does just that.
#include "theatre.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "sim/sim.h"

#define SHARDS 3

static struct theatre t;

static int begin(void **unused)
{
	theatre_open(&t, 1);
	return 0;
}

static int begin_sharded(void **unused)
{
	theatre_open(&t, SHARDS);
	return 0;
}

static int end(void **unused)
{
	theatre_close(&t);
	return 0;
}

static const struct af *classic(void)
{
	return af_classic();
}

#define ROW(i, class) theatre_row(&t, INSTANCE_PUBLIC, classic(), i)->count[class]

// --- routes -----------------------------------------------------------------------------------------
// Two feeders with the same ten routes, the first one better, and a listener.
static void neighbours(long flags)
{
	uint16_t families = af_bit(classic());

	theatre_neighbour(&t, 0, 65101, flags, families);
	theatre_neighbour(&t, 1, 65102, flags, families);
	theatre_neighbour(&t, 2, 65103, flags, families);
	theatre_set(&t, STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 100, 0);
	for (unsigned i = 0; i < LAW_KEYS; i++) {
		theatre_announce(&t, 0, classic(), i, 9);
		theatre_announce(&t, 1, classic(), i, 9);
	}
}

static void up(void)
{
	theatre_commit(&t, theatre_config(&t));
	theatre_settle(&t);
	assert_int_equal(t.peer[2].told_count[af_index(classic())], LAW_KEYS);
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
		struct law_state s = t.state;
		struct speaker_config *c;
		bool any = false;

		s.object[OBJECT_PREFIX][0] = seed;
		s.peer[0].bind[1][OBJECT_PREFIX] = 0;
		c = state_config(&s, t.store, 1);
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
	theatre_set(&t, STEP_OBJECT, OBJECT_PREFIX, 0, refusing_list(), 0);
	theatre_set(&t, STEP_BIND, i, import, OBJECT_PREFIX, 0);
}

static void import_refused(void **unused)
{
	feeders(PEER_REFRESH);
	refuse(0, true);
	theatre_change(&t);
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
	theatre_set(&t, STEP_BIND, 0, 1, OBJECT_PREFIX, -1);
	struct speaker_config *next = theatre_config(&t);
	theatre_foretell(&t, next);
	assert_int_equal(t.foretold.row_count, 0);
	theatre_measure(&t, next);
	assert_false(measure_equal(&t.foretold, t.came));
	assert_int_equal(t.peer[0].refresh_in, 1);
	speaker_config_unref(next);
}

static void import_retained(void **unused)
{
	neighbours(0);
	refuse(0, true);
	theatre_set(&t, STEP_KEEP, 0, 1, 0, 0);
	up();
	theatre_set(&t, STEP_BIND, 0, 1, OBJECT_PREFIX, -1);
	theatre_change(&t);
	assert_int_equal(ROW(0, LEDGER_ACCEPTED), LAW_KEYS);
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), LAW_KEYS);
}

static void import_changed(void **unused)
{
	feeders(PEER_REFRESH);
	theatre_set(&t, STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 200, 0);
	theatre_change(&t);
	assert_int_equal(ROW(0, LEDGER_CHANGED), LAW_KEYS);
	assert_int_equal(theatre_row(&t, INSTANCE_PUBLIC, classic(), 0)->changed_by[0], LAW_KEYS);
	assert_int_equal(ROW(-1, LEDGER_BEST_CHANGED), LAW_KEYS);
	assert_int_equal(ROW(2, LEDGER_REANNOUNCED), 0);
}

static void export_refused(void **unused)
{
	feeders(PEER_REFRESH);
	refuse(2, false);
	theatre_change(&t);
	assert_int_equal(ROW(2, LEDGER_WITHDRAWN), LAW_KEYS);
	assert_int_equal(t.foretold.row_count, 1);
	theatre_set(&t, STEP_BIND, 2, 0, OBJECT_PREFIX, -1);
	theatre_change(&t);
	assert_int_equal(ROW(2, LEDGER_ANNOUNCED), LAW_KEYS);
	assert_int_equal(t.foretold.row_count, 1);
}

// An equal configuration does nothing.
static void nothing(void **unused)
{
	feeders(PEER_REFRESH);
	theatre_change(&t);
	assert_int_equal(t.foretold.row_count, 0);
}

static void peer_removed(void **unused)
{
	feeders(PEER_REFRESH);
	theatre_set(&t, STEP_PRESENT, 0, 0, 0, 0);
	theatre_change(&t);
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
	assert_int_equal(ROW(0, LEDGER_WITHDRAWN), 0);
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), LAW_KEYS);
	assert_int_equal(ROW(2, LEDGER_REANNOUNCED), LAW_KEYS);
	assert_int_equal(ROW(1, LEDGER_WITHDRAWN), LAW_KEYS);
}

static void peer_added(void **unused)
{
	feeders(PEER_REFRESH);
	theatre_set(&t, STEP_PEER, 3, 65104, 0, af_bit(classic()));
	theatre_change(&t);
	assert_int_equal(t.foretold.row_count, 0);
}

static void networks_and_aggregates(void **unused)
{
	neighbours(PEER_REFRESH);
	theatre_set(&t, STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 0, 0);
	up();
	theatre_set(&t, STEP_NETWORK, af_index(classic()), 5, 1, 0);
	theatre_set(&t, STEP_AGGREGATE, af_index(classic()), 0, 0, 0);
	theatre_change(&t);
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), 2);
	theatre_set(&t, STEP_NETWORK, af_index(classic()), 5, -1, 0);
	theatre_set(&t, STEP_AGGREGATE, af_index(classic()), 0, -1, 0);
	theatre_change(&t);
	assert_int_equal(ROW(-1, LEDGER_BEST_MOVED), 2);
}

static void options_of_the_instance(void **unused)
{
	feeders(PEER_REFRESH);
	theatre_set(&t, STEP_GLOBAL, GLOBAL_LOCAL_PREF, 200, 0, 0);
	theatre_change(&t);
	theatre_set(&t, STEP_GLOBAL, GLOBAL_PATH_LIMIT, 1, 0, 0);
	theatre_change(&t);
}

static void keep_switched(void **unused)
{
	feeders(PEER_REFRESH);
	theatre_set(&t, STEP_KEEP, 0, 1, 0, 0);
	theatre_change(&t);
	theatre_set(&t, STEP_KEEP, 0, 0, 0, 0);
	refuse(0, true);
	theatre_change(&t);
	assert_int_equal(ROW(0, LEDGER_REJECTED), LAW_KEYS);
}

// --- sessions -----------------------------------------------------------------------------------------
// In the copy it stays down, and what comes next does not happen.
static void session_reset(void **unused)
{
	struct speaker_config *next;

	feeders(PEER_REFRESH);
	next = theatre_config(&t);
	for (unsigned i = 0; i < next->peer_count; i++)
		next->peers[i].session.hold_time = 90;
	theatre_foretell(&t, next);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ROW(i, LEDGER_LOST), LAW_KEYS);
	assert_int_equal(ROW(-1, LEDGER_BEST_GONE), LAW_KEYS);
	assert_int_equal(ROW(2, LEDGER_WITHDRAWN), 0); // nobody is told anything
	theatre_commit(&t, next);
	theatre_settle(&t);
	assert_int_equal(t.peer[0].established_count, 2);
}

static void route_limit(void **unused)
{
	struct speaker_config *next;

	feeders(PEER_REFRESH);
	next = theatre_config(&t);
	next->peers[0].family[af_index(classic())].route_limit = 2;
	next->peers[0].family[af_index(classic())].route_limit_idle_forever = true;
	theatre_foretell(&t, next);
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
	theatre_commit(&t, next);
	theatre_announce(&t, 0, classic(), 1, 10); // it is looked at when something is counted
	theatre_settle(&t);
	assert_false(t.peer[0].established);
}

// Whatever touches sockets does no harm in a copy, which has none.
static void sockets(void **unused)
{
	struct speaker_config *next;

	feeders(PEER_REFRESH);
	theatre_set(&t, STEP_PEER, 3, 65104, 0, af_bit(classic()));
	next = theatre_config(&t);
	for (unsigned i = 0; i < next->peer_count; i++) {
		struct sess_config *s = &next->peers[i].session;

		memcpy(s->password, "secret", 7);
		s->passive = false;
		s->gtsm_hops = i == 1;
		s->shutdown = i == 2;
	}
	theatre_foretell(&t, next);
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
	speaker_config_unref(next);
	next = theatre_config(&t);
	next->present = false;
	while (next->peer_count)
		peer_config_release(&next->peers[--next->peer_count]);
	theatre_foretell(&t, next);
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
	speaker_config_unref(next);
}

static bool rows_count(void *arg, const struct rib_route *r, unsigned n)
{
	*(unsigned *)arg += n;
	return true;
}

static void read_done(void *arg, bool complete)
{
	assert_true(complete);
}

static void measured(void *arg, struct measure *m)
{
	t.came = m;
}

// Routes that are on their way, walks that are half way, a peer that takes nothing, a read and a measure
// that are under way: the copy settles first, and none of it is the change's.
static void in_the_middle(void **unused)
{
	struct rib_query q = {.af = classic(), .view = RIB_VIEW_ALL};
	const unsigned many = 60000; // more than a session takes
	unsigned rows = 0;
	struct speaker_config *next;

	sim_link_default()->window = 3000;
	feeders(PEER_REFRESH);
	player_pause(&t.peer[2], true);
	player_bulk(&t.peer[0], classic(), many, 9);
	theatre_settle(&t);
	assert_true(t.peer[2].told_count[af_index(classic())] < many);
	player_bulk(&t.peer[0], classic(), many, 10);
	sim_run_for(40 * SIM_MS);
	refuse(1, true);
	theatre_commit(&t, theatre_config(&t));
	speaker_measure_begin(t.speaker, &(struct ledger_options){0});
	speaker_read_start(t.speaker, INSTANCE_PUBLIC, &q, NULL, rows_count, read_done, &rows);
	theatre_set(&t, STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 50, 0); // the next walk of its kind
	refuse(2, false);
	next = theatre_config(&t);
	theatre_start(&t, next);
	theatre_settle(&t);
	assert_true(t.ends == 1 && t.good);
	assert_int_equal(ROW(1, LEDGER_REJECTED), 0); // of the commit before
	assert_true(ROW(2, LEDGER_WITHDRAWN) >= LAW_KEYS);
	assert_true(ROW(0, LEDGER_CHANGED) >= LAW_KEYS);
	assert_true(rows > 0);
	assert_true(speaker_measure_end(t.speaker, measured, NULL));
	sim_settle(SIM_SECOND);
	assert_non_null(t.came);
	player_pause(&t.peer[2], false);
	theatre_settle(&t);
	speaker_config_unref(next);
}

// A session's routes go in slices, for which no job stands: the end of a measure waits for them.
static void ends_at_rest(void **unused)
{
	const unsigned many = 30000;
	uint64_t total[LEDGER_CLASSES];

	feeders(PEER_REFRESH);
	player_bulk(&t.peer[0], classic(), many, 9);
	theatre_settle(&t);
	theatre_set(&t, STEP_PRESENT, 0, 0, 0, 0);
	speaker_measure_begin(t.speaker, &(struct ledger_options){0});
	theatre_commit(&t, theatre_config(&t));
	assert_true(speaker_measure_end(t.speaker, measured, NULL));
	theatre_settle(&t);
	assert_non_null(t.came);
	measure_total(t.came, total);
	assert_int_equal(total[LEDGER_LOST], many + LAW_KEYS);
	assert_int_equal(total[LEDGER_BEST_GONE], many);
}

// --- dynamic neighbours -------------------------------------------------------------------------------
// The first neighbour is a member of a group that listens.
static struct speaker_config *listening_config(void)
{
	struct speaker_config *c = theatre_config(&t);
	struct group_config *g = mem_zero(sizeof(*g));

	*g = (struct group_config){.name = "G", .external = true, .listen = true};
	ip_parse("10.0.1.0", &g->listen_net[0].net);
	g->listen_net[0].length = 24;
	g->listen_net_count = 1;
	g->as = 65101;
	g->template_peer = c->peers[0];
	g->template_peer.session.remote_as = 0;
	c->peer_count--;
	memmove(c->peers, c->peers + 1, c->peer_count * sizeof(*c->peers));
	c->groups = g;
	c->group_count = 1;
	return c;
}

static void dynamic_neighbour(void **unused)
{
	struct speaker_config *next;

	neighbours(PEER_REFRESH);
	theatre_commit(&t, listening_config());
	theatre_settle(&t);
	assert_true(t.peer[0].established);
	refuse(0, true);
	next = listening_config();
	theatre_compare(&t, next);
	speaker_config_unref(next);
	assert_int_equal(ROW(0, LEDGER_REJECTED), LAW_KEYS);
	theatre_set(&t, STEP_BIND, 0, 1, OBJECT_PREFIX, -1);
	theatre_commit(&t, listening_config());
	theatre_settle(&t);
	theatre_set(&t, STEP_PRESENT, 0, 0, 0, 0);
	theatre_change(&t); // the group is gone, and its member with it
	assert_int_equal(ROW(0, LEDGER_LOST), LAW_KEYS);
}

// --- rehearsals ---------------------------------------------------------------------------------------
static void without_a_change(void **unused)
{
	feeders(PEER_REFRESH);
	theatre_start(&t, NULL);
	sim_settle(SIM_SECOND);
	assert_true(t.ends == 1 && t.good);
	assert_true(t.tables.len > 0);
	assert_null(t.foretold.rows);
}

static void cancelled(void **unused)
{
	struct speaker_config *next;

	feeders(PEER_REFRESH);
	next = theatre_config(&t);
	rehearsal_cancel(theatre_start(&t, next));
	theatre_settle(&t);
	assert_int_equal(t.ends, 0);
	speaker_config_unref(next);
	rehearsal_cancel(NULL);
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
		CASE(ends_at_rest),
		CASE(dynamic_neighbour),
		CASE(without_a_change),
		CASE(cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
