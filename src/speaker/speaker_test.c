// The instance over the simulated loop and network: plans and what comes of them, refresh and reset,
// dynamic neighbours, limits, slow readers, reads. Neighbours are the law's scripted ones
// (test/law/player.h), configurations are made by the law's state.
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

static struct loop *loop, *there;
static struct speaker *speaker;
static struct policy_store *store;
static struct law_state state;
static struct player peer[LAW_PEERS];
static uint32_t generation;
static struct soft_plan plan; // of the last commit

static void silent(enum log_level level, const char *line, void *arg)
{
}

static struct af_key key(unsigned i)
{
	struct af_key k = {0};

	law_key(af_classic(), i, &k);
	return k;
}

static struct speaker_config *config(void)
{
	return state_config(&state, store, ++generation);
}

static void take_over(struct speaker_config *c)
{
	soft_plan_free(&plan);
	speaker_plan(speaker, c, &plan);
	speaker_apply(speaker, c, &plan);
	speaker_config_unref(c);
}

static void commit(void)
{
	take_over(config());
}

static void settle(void)
{
	sim_run_for(20 * SIM_SECOND);
	sim_settle(SIM_SECOND);
}

// Neighbour i: AS, PEER_* flags. All speak the classic family only.
static void neighbour(unsigned i, uint32_t as, long flags)
{
	char address[IP_TEXT_MAX];
	struct law_step step = {STEP_PEER, {(long)i, as, flags, af_bit(af_classic())}};

	state_step(&state, &step);
	law_address(i, address);
	player_init(&peer[i], there, address, HERE);
	peer[i].as = as;
	peer[i].peer_as = LAW_AS;
	peer[i].refresh = flags & PEER_REFRESH;
	peer[i].enhanced = flags & PEER_ENHANCED;
	peer[i].families = af_bit(af_classic());
	player_connect(&peer[i]);
}

static void set(enum step_kind kind, long a, long b, long c, long d)
{
	struct law_step step = {kind, {a, b, c, d}};

	state_step(&state, &step);
}

static int begin(void **unused)
{
	struct speaker_options o = {.port = 179};

	log_set_sink(silent, NULL);
	sim_new(1);
	loop = loop_new();
	there = loop_new();
	sim_set_address(loop, HERE);
	store = policy_store_new();
	speaker = speaker_new(loop, &o);
	assert_int_equal(speaker_listen(speaker), 0);
	state_init(&state);
	generation = 0;
	memset(peer, 0, sizeof(peer));
	return 0;
}

static int end(void **unused)
{
	speaker_free(speaker);
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		assert_null(peer[i].complaint);
		if (peer[i].loop)
			player_free(&peer[i]);
	}
	soft_plan_free(&plan);
	sim_run_for(2 * SIM_SECOND);
	policy_store_free(store);
	loop_free(loop);
	loop_free(there);
	assert_int_equal(sim_free(), 0);
	return 0;
}

static struct speaker_peer *at(unsigned i)
{
	return speaker_peer_find(speaker, INSTANCE_PUBLIC, &peer[i].address);
}

static struct rib_counts counts(unsigned i)
{
	struct rib_counts c;

	speaker_peer_counts(speaker, speaker_peer_number(at(i)), af_classic(), &c);
	return c;
}

static const struct soft_job *job(unsigned i)
{
	const struct soft_job **jobs;

	assert_true(i < speaker_jobs(speaker, &jobs));
	return jobs[i];
}

static const struct soft_step *step_of(unsigned i)
{
	for (unsigned k = 0; k < plan.count; k++) {
		if (ip_equal(&plan.steps[k].address, &peer[i].address))
			return &plan.steps[k];
	}
	return NULL;
}

// Policy 0 refuses everything: a seed whose policy has one node that denies. Found by trying.
static long refusing_seed(void)
{
	static long seed;

	while (!seed) {
		static long next = 1;
		struct law_state s = state;
		struct speaker_config *c;
		struct attrs as;
		struct arena a;
		bool any = false;

		s.object[OBJECT_POLICY][0] = next;
		for (unsigned i = 0; i < LAW_PEERS; i++)
			s.peer[i].bind[1][OBJECT_POLICY] = s.peer[i].known ? 0 : -1;
		c = state_config(&s, store, 1);
		arena_init(&a, 4096);
		for (uint32_t v = 1; v < 20 && !any; v++) {
			struct span hop;
			struct af_key k = key(v % LAW_KEYS);

			player_attrs(&peer[0], af_classic(), v, &as, &hop, &a);
			any = policy_run_route(c->peers[0].family[0].import.program,
					       &(struct policy_context){0}, &k, &as, &a);
		}
		arena_free(&a);
		speaker_config_unref(c);
		if (!any)
			seed = next;
		next++;
	}
	return seed;
}

static void refuse_import(unsigned i)
{
	set(STEP_OBJECT, OBJECT_POLICY, 0, refusing_seed(), 0);
	set(STEP_BIND, i, 1, OBJECT_POLICY, 0);
}

static void accept_import(unsigned i)
{
	set(STEP_BIND, i, 1, OBJECT_POLICY, -1);
}

static enum speaker_answer refresh(long i, bool import, struct buf *notes)
{
	struct speaker_selector sel = {.families = UINT16_MAX};

	if (i >= 0) {
		sel.kind = SELECT_PEER;
		sel.peer = peer[i].address;
	}
	return speaker_refresh(speaker, &sel, import, "refresh bgp", notes);
}

// One feeder with three routes, one listener.
static void feeder_and_listener(long flags)
{
	neighbour(0, 65101, flags);
	neighbour(1, 65102, PEER_REFRESH | PEER_ENHANCED);
	for (unsigned i = 1; i <= 3; i++) {
		struct af_key k = key(i);

		player_announce(&peer[0], af_classic(), &k, 9);
	}
	commit();
	settle();
	assert_int_equal(counts(0).accepted, 3);
	assert_int_equal(peer[1].told_count[0], 3);
}

// --- plans and their effects ------------------------------------------------------------------------
// A6, A20, A23: a peer with route refresh and a changed policy: the stored routes follow at once,
// one ROUTE-REFRESH leaves by itself, no session is touched.
static void import_with_refresh(void **unused)
{
	feeder_and_listener(PEER_REFRESH | PEER_ENHANCED);
	refuse_import(0);
	commit();
	assert_int_equal(plan.count, 1);
	assert_int_equal(step_of(0)->effects, EFFECT_IMPORT | EFFECT_ASK);
	assert_int_equal(step_of(0)->means, MEANS_REFRESH);
	assert_int_equal(step_of(0)->routes, 3);
	settle();
	assert_int_equal(peer[0].refresh_in, 1);
	assert_int_equal(peer[1].told_count[0], 0);
	assert_int_equal(peer[1].withdrawn_in, 3);
	accept_import(0);
	commit();
	settle();
	assert_int_equal(peer[0].refresh_in, 2);
	assert_int_equal(peer[1].told_count[0], 3);
	assert_int_equal(job(0)->state, JOB_DONE);
	assert_int_equal(job(0)->counts.newly_accepted, 3);
	assert_int_equal(peer[0].established_count, 1);
	assert_int_equal(peer[1].established_count, 1);
}

// A2, A7: all routes kept: nothing goes to the peer, at commit or by command.
static void import_retained(void **unused)
{
	struct buf notes = {0};

	set(STEP_KEEP, 0, 1, 0, 0);
	feeder_and_listener(0);
	refuse_import(0);
	commit();
	assert_int_equal(step_of(0)->effects, EFFECT_IMPORT);
	assert_int_equal(step_of(0)->means, MEANS_RETAINED);
	settle();
	assert_int_equal(counts(0).received, 3);
	assert_int_equal(counts(0).accepted, 0);
	accept_import(0);
	commit();
	settle();
	assert_int_equal(peer[1].told_count[0], 3);
	assert_int_equal(refresh(0, true, &notes), ANSWER_OK);
	assert_non_null(strstr(buf_cstr(&notes), "Info:"));
	buf_free(&notes);
	settle();
	assert_int_equal(peer[0].refresh_in, 0);
	assert_int_equal(peer[0].established_count, 1);
}

// Neither: accepted routes are judged again; what was refused stays away until a new session, and
// nobody makes one but the operator.
static void import_pending(void **unused)
{
	struct speaker_selector sel = {.kind = SELECT_PEER, .families = UINT16_MAX};
	struct buf notes = {0};

	feeder_and_listener(0);
	refuse_import(0);
	commit();
	assert_int_equal(step_of(0)->effects, EFFECT_IMPORT); // nothing was refused before
	settle();
	assert_int_equal(counts(0).received, 0);
	accept_import(0);
	commit();
	assert_int_equal(step_of(0)->effects, EFFECT_IMPORT | EFFECT_PENDING);
	settle();
	assert_int_equal(counts(0).accepted, 0);
	assert_int_equal(job(0)->state, JOB_PENDING);
	assert_int_equal(peer[0].established_count, 1);
	sel.peer = peer[0].address;
	assert_int_equal(speaker_reset(speaker, &sel, &notes), ANSWER_OK);
	settle();
	assert_int_equal(peer[0].established_count, 2);
	assert_int_equal(counts(0).accepted, 3);
	assert_int_equal(job(0)->state, JOB_DONE);
	buf_free(&notes);
}

// A8, A9, A16.
static void keep_switched(void **unused)
{
	refuse_import(0);
	neighbour(1, 65102, 0);
	neighbour(0, 65101, PEER_REFRESH);
	refuse_import(1);
	for (unsigned i = 1; i <= 3; i++) {
		struct af_key k = key(i);

		player_announce(&peer[0], af_classic(), &k, 9);
		player_announce(&peer[1], af_classic(), &k, 10);
	}
	commit();
	settle();
	assert_int_equal(counts(0).received + counts(1).received, 0);
	set(STEP_KEEP, -1, 1, 0, 0);
	commit();
	assert_int_equal(step_of(0)->effects, EFFECT_ASK);
	assert_int_equal(step_of(1)->effects, EFFECT_SESSION);
	assert_non_null(strstr(step_of(1)->why, "keep-all-routes"));
	settle();
	assert_int_equal(peer[0].established_count, 1);
	assert_int_equal(peer[0].refresh_in, 1);
	assert_int_equal(peer[1].established_count, 2);
	assert_int_equal(counts(0).received, 3);
	assert_int_equal(counts(1).received, 3);
	assert_int_equal(counts(1).accepted, 0);
	set(STEP_KEEP, -1, 0, 0, 0);
	commit();
	settle();
	assert_int_equal(counts(0).received + counts(1).received, 0);
	assert_int_equal(peer[1].established_count, 2);
	assert_int_equal(peer[0].refresh_in, 1);
}

// A changed export policy: its reason is put well when the policy has no name, and the job counts
// what was sent because of it.
static void export_changed(void **unused)
{
	unsigned updates;

	feeder_and_listener(PEER_REFRESH);
	set(STEP_OBJECT, OBJECT_POLICY, 0, refusing_seed(), 0);
	set(STEP_BIND, 1, 0, OBJECT_POLICY, 0);
	commit();
	assert_int_equal(plan.count, 1);
	assert_int_equal(step_of(1)->effects, EFFECT_EXPORT);
	assert_string_equal(step_of(1)->why, "export policy");
	updates = peer[1].updates_in;
	settle();
	assert_int_equal(peer[1].told_count[0], 0);
	assert_true(peer[1].updates_in > updates);
	assert_int_equal(job(0)->messages, peer[1].updates_in - updates);
}

// The same content under the same names: no plan, no message.
static void equal_commit(void **unused)
{
	unsigned updates;

	feeder_and_listener(PEER_REFRESH);
	updates = peer[1].updates_in;
	commit();
	assert_int_equal(plan.count, 0);
	settle();
	assert_int_equal(peer[1].updates_in, updates);
	assert_int_equal(peer[0].refresh_in, 0);
}

static void session_change(void **unused)
{
	struct speaker_config *c;

	feeder_and_listener(PEER_REFRESH);
	c = config();
	c->peers[0].session.hold_time = 90;
	take_over(c);
	assert_int_equal(plan.count, 1);
	assert_int_equal(step_of(0)->effects, EFFECT_SESSION);
	assert_string_equal(step_of(0)->why, "timer keepalive hold");
	settle();
	assert_int_equal(peer[0].established_count, 2);
	assert_int_equal(peer[1].established_count, 1);
	assert_int_equal(peer[1].told_count[0], 3);
}

static void peer_removed(void **unused)
{
	feeder_and_listener(PEER_REFRESH);
	set(STEP_PRESENT, 0, 0, 0, 0);
	commit();
	assert_int_equal(step_of(0)->effects, EFFECT_SESSION);
	settle();
	assert_null(at(0));
	assert_false(peer[0].established);
	assert_int_equal(peer[1].told_count[0], 0);
	set(STEP_PRESENT, 0, 1, 0, 0);
	commit();
	settle();
	assert_int_equal(peer[1].told_count[0], 3);
}

// --- refresh ------------------------------------------------------------------------------------------
// A5, C2, C3: an export soft reset sends everything again, between BoRR and EoRR.
static void refresh_export(void **unused)
{
	struct buf notes = {0};
	unsigned announced;

	feeder_and_listener(PEER_REFRESH);
	announced = peer[1].announced_in;
	assert_int_equal(refresh(1, false, &notes), ANSWER_OK);
	settle();
	assert_int_equal(peer[1].announced_in, announced + 3);
	assert_int_equal(peer[1].borr_in, 1);
	assert_int_equal(peer[1].eorr_in, 1);
	assert_int_equal(peer[1].told_count[0], 3);
	assert_int_equal(job(0)->state, JOB_DONE);
	assert_true(job(0)->messages > 0);
	assert_int_equal(notes.len, 0);
	buf_free(&notes);
}

// B6, B9, B13: ten requests in a row: everything is sent, the last request included, not ten times
// at once.
static void refresh_asked(void **unused)
{
	feeder_and_listener(PEER_REFRESH);
	for (unsigned i = 0; i < 10; i++)
		player_ask(&peer[1], af_classic());
	settle();
	assert_true(peer[1].borr_in >= 1 && peer[1].borr_in <= 10);
	assert_int_equal(peer[1].borr_in, peer[1].eorr_in);
	assert_int_equal(peer[1].told_count[0], 3);
	assert_int_equal(peer[1].redundant_in, 0);
}

// A21: a peer that is not Established: a note, nothing remembered.
static void refresh_idle(void **unused)
{
	struct buf notes = {0};

	feeder_and_listener(PEER_REFRESH);
	peer[0].wanted = false;
	player_disconnect(&peer[0]);
	settle();
	assert_int_equal(refresh(0, true, &notes), ANSWER_OK);
	assert_non_null(strstr(buf_cstr(&notes), "not established"));
	player_connect(&peer[0]);
	settle();
	assert_true(peer[0].established);
	assert_int_equal(peer[0].refresh_in, 0);
	buf_free(&notes);
}

static void refresh_refused(void **unused)
{
	struct speaker_selector sel = {.kind = SELECT_PEER, .families = UINT16_MAX};
	struct buf notes = {0};

	assert_int_equal(speaker_refresh(speaker, &sel, true, "", &notes), ANSWER_NO_BGP);
	neighbour(0, 65101, PEER_REFRESH);
	commit();
	assert_int_equal(speaker_refresh(speaker, &sel, true, "", &notes), ANSWER_NO_PEER);
	sel.kind = SELECT_GROUP;
	assert_int_equal(speaker_refresh(speaker, &sel, true, "", &notes), ANSWER_NO_GROUP);
	sel.kind = SELECT_INTERNAL;
	assert_int_equal(speaker_refresh(speaker, &sel, true, "", &notes), ANSWER_OK);
	settle();
	assert_int_equal(peer[0].refresh_in, 0); // it is external
	assert_int_equal(notes.len, 0);
}

static void check_counts(unsigned seen, unsigned changed, unsigned accepted, unsigned rejected)
{
	assert_int_equal(job(0)->state, JOB_DONE);
	assert_int_equal(job(0)->counts.seen, seen);
	assert_int_equal(job(0)->counts.changed, changed);
	assert_int_equal(job(0)->counts.newly_accepted, accepted);
	assert_int_equal(job(0)->counts.newly_rejected, rejected);
}

// The figures of a refresh are those of all shards, each route once.
static void figures_in_shards(void **unused)
{
	struct speaker_options o = {.port = 179, .inline_shards = 3};
	struct buf notes = {0};
	const unsigned many = 3000;
	struct af_key k = key(1);

	speaker_free(speaker);
	speaker = speaker_new(loop, &o);
	assert_int_equal(speaker_listen(speaker), 0);
	neighbour(0, 65101, PEER_REFRESH | PEER_ENHANCED);
	neighbour(1, 65102, PEER_REFRESH);
	player_bulk(&peer[0], af_classic(), many, 9);
	player_announce(&peer[0], af_classic(), &k, 9);
	commit();
	settle();
	assert_int_equal(counts(0).accepted, many + 1);
	refuse_import(0);
	commit();
	settle();
	check_counts(many + 1, many + 1, 0, many + 1);
	accept_import(0);
	commit();
	settle();
	check_counts(many + 1, many + 1, many + 1, 0);
	player_forget(&peer[0], af_classic(), &k);
	assert_int_equal(refresh(0, true, &notes), ANSWER_OK);
	settle();
	check_counts(many + 1, 1, 0, 0);
	assert_int_equal(counts(0).accepted, many);
	buf_free(&notes);
}

// --- limits, dynamic neighbours ---------------------------------------------------------------------
static void route_limit(void **unused)
{
	struct speaker_config *c;
	const struct peer_event *events;

	feeder_and_listener(PEER_REFRESH);
	c = config();
	c->peers[0].family[0].route_limit = 2;
	c->peers[0].family[0].route_limit_percent = 75;
	c->peers[0].family[0].route_limit_idle_forever = true;
	take_over(c);
	assert_null(step_of(0)); // no change of the session
	sim_run_for(SIM_SECOND);
	struct af_key k = key(4);
	player_announce(&peer[0], af_classic(), &k, 9);
	settle();
	assert_int_equal(peer[0].established_count, 1);
	assert_false(peer[0].established);
	assert_int_equal(peer[1].told_count[0], 0);
	assert_true(speaker_peer_events(at(0), &events) >= 2);
	assert_false(events[0].up);
	assert_int_equal(events[0].code, BGP_ERROR_CEASE);
	assert_int_equal(events[0].subcode, CEASE_MAX_PREFIXES);
	assert_true(events[0].sent);
}

static struct speaker_config *listening_config(void)
{
	struct speaker_config *c = config();
	struct group_config *g = mem_zero(sizeof(*g));

	*g = (struct group_config){.name = "G", .external = true, .listen = true};
	ip_parse("10.0.1.0", &g->listen_net[0].net);
	g->listen_net[0].length = 24;
	g->listen_net_count = 1;
	g->listen_as[0] = 65101;
	g->listen_as_count = 1;
	g->template_peer = c->peers[0];
	g->template_peer.session.remote_as = 0;
	g->template_peer.family[0].import.peer_as = g->template_peer.family[0].export.peer_as = 0;
	c->peer_count--;
	memmove(c->peers, c->peers + 1, c->peer_count * sizeof(*c->peers));
	c->groups = g;
	c->group_count = 1;
	return c;
}

static void dynamic_neighbour(void **unused)
{
	neighbour(0, 65101, PEER_REFRESH);
	neighbour(1, 65102, PEER_REFRESH);
	struct af_key k = key(1);
	player_announce(&peer[0], af_classic(), &k, 9);
	take_over(listening_config());
	settle();
	assert_true(peer[0].established);
	assert_true(speaker_peer_config(at(0))->dynamic);
	assert_string_equal(speaker_peer_config(at(0))->group, "G");
	assert_int_equal(peer[1].told_count[0], 1);
	take_over(listening_config()); // the same again: it stays
	assert_int_equal(plan.count, 0);
	settle();
	assert_int_equal(peer[0].established_count, 1);
	peer[0].wanted = false;
	player_disconnect(&peer[0]);
	settle();
	assert_null(at(0));
	assert_int_equal(peer[1].told_count[0], 0);
	peer[0].as = 65109; // none of the group's
	player_connect(&peer[0]);
	settle();
	assert_int_equal(peer[0].established_count, 1);
}

// A peer that does not read: what it is owed waits in the rib, not in memory of its session; when it
// reads again it gets the present state.
static void slow_reader(void **unused)
{
	const unsigned many = 60000;
	struct sess *x;

	sim_link_default()->window = 3000;
	neighbour(0, 65101, PEER_REFRESH);
	neighbour(1, 65102, PEER_REFRESH);
	commit();
	settle();
	player_pause(&peer[1], true);
	player_bulk(&peer[0], af_classic(), many, 9);
	settle();
	assert_int_equal(counts(0).accepted, many);
	x = speaker_peer_session(at(1));
	assert_int_equal(sess_room(x), 0);
	player_bulk(&peer[0], af_classic(), many, 10);
	settle();
	player_bulk(&peer[0], af_classic(), many / 2, 9);
	settle();
	assert_true(peer[1].announced_in < many);
	player_pause(&peer[1], false);
	settle();
	assert_int_equal(peer[1].told_count[0], many / 2);
	assert_true(peer[1].announced_in < 2 * many); // not all that was ever true
	assert_int_equal(peer[1].established_count, 1);
}

// --- reads --------------------------------------------------------------------------------------------
struct reader {
	unsigned rows, batches, stop_at;
	bool done, complete, ordered;
	struct af_key last;
};

static bool read_rows(void *arg, const struct rib_route *r, unsigned n)
{
	struct reader *x = arg;

	x->batches++;
	for (unsigned i = 0; i < n; i++) {
		if (x->rows && r[i].af->compare(&x->last, &r[i].key) > 0)
			x->ordered = false;
		x->last = r[i].key;
		x->rows++;
	}
	return !x->stop_at || x->rows < x->stop_at;
}

static void read_done(void *arg, bool complete)
{
	struct reader *x = arg;

	x->done = true;
	x->complete = complete;
}

static bool odd_only(void *arg, const struct rib_route *r)
{
	unsigned bits;

	return r->af->prefix(&r->key, &bits)[3] & 1;
}

static void reads(void **unused)
{
	struct rib_query q = {.af = af_classic(), .view = RIB_VIEW_LOC};
	struct reader all = {.ordered = true}, odd = {.ordered = true}, some = {.stop_at = 300};

	neighbour(0, 65101, PEER_REFRESH);
	player_bulk(&peer[0], af_classic(), 5000, 9);
	commit();
	settle();
	speaker_read_start(speaker, INSTANCE_PUBLIC, &q, NULL, read_rows, read_done, &all);
	speaker_read_start(speaker, INSTANCE_PUBLIC, &q, odd_only, read_rows, read_done, &odd);
	speaker_read_start(speaker, INSTANCE_PUBLIC, &q, NULL, read_rows, read_done, &some);
	struct speaker_read *r =
		speaker_read_start(speaker, INSTANCE_PUBLIC, &q, NULL, read_rows, read_done, &some);
	speaker_read_cancel(r);
	settle();
	assert_true(all.done && all.complete && all.ordered);
	assert_int_equal(all.rows, 5000);
	assert_true(odd.done && odd.complete && odd.ordered);
	assert_int_equal(odd.rows, 2500);
	assert_true(some.done && !some.complete);
	assert_true(some.rows >= 300 && some.rows < 600);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(import_with_refresh),
		CASE(import_retained),
		CASE(import_pending),
		CASE(keep_switched),
		CASE(figures_in_shards),
		CASE(equal_commit),
		CASE(export_changed),
		CASE(session_change),
		CASE(peer_removed),
		CASE(refresh_export),
		CASE(refresh_asked),
		CASE(refresh_idle),
		CASE(refresh_refused),
		CASE(route_limit),
		CASE(dynamic_neighbour),
		CASE(slow_reader),
		CASE(reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
