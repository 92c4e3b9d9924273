// The invariants of soft/ (soft.h), each under its number, on a real rib with fake ports.
#include "soft/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sim/sim.h"

static struct rig g;

// Peer 0 tells routes, peer 1 hears them.
static int begin(void **state)
{
	sim_new(1);
	rig_open(&g);
	rig_import(&g, 0, PROGRAM_OPEN, true, 1);
	rig_export(&g, 0, PROGRAM_NONE, 1);
	rig_import(&g, 1, PROGRAM_OPEN, false, 1);
	rig_export(&g, 1, PROGRAM_OPEN, 1);
	rig_up(&g, 0);
	rig_up(&g, 1);
	for (unsigned i = 0; i < RIG_ROUTES; i++)
		rig_announce(&g, 0, i, 0);
	rig_run(&g);
	assert_int_equal(g.announced[1], RIG_ROUTES);
	rig_forget(&g);
	return 0;
}

static int end(void **state)
{
	assert_false(g.wrong_session);
	rig_close(&g);
	assert_int_equal(sim_free(), 0);
	return 0;
}

static void walk(uint16_t peer, bool import, uint32_t generation)
{
	struct soft_request r =
		rig_request(&g, peer, import, import ? MEANS_RETAINED : MEANS_EXPORT, generation);

	soft_start(g.soft, &r);
}

static void ask(bool enhanced, uint32_t generation)
{
	struct soft_request r = rig_request(&g, 0, true, MEANS_REFRESH, generation);

	r.walk = false;
	r.ask = true;
	r.enhanced = enhanced;
	soft_start(g.soft, &r);
}

// The peer sends the first n routes again.
static void send_again(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		rig_announce(&g, 0, i, 0);
		soft_update(g.soft, 0, g.af, 1);
	}
}

static void send_begin(void)
{
	soft_refresh_begin(g.soft, 0, g.af);
	rib_refresh_begin(g.rib, 0, g.af);
}

static void send_end(void)
{
	soft_refresh_end(g.soft, 0, g.af);
	soft_swept(g.soft, 0, g.af, rib_refresh_end(g.rib, 0, g.af));
}

// 1. No soft work changes a session's state: the ports have no way to, and a hundred of every kind
// leave both sessions as they were (what is delivered carries the same session number throughout).
static void invariant_1(void **state)
{
	for (unsigned i = 0; i < 100; i++) {
		rig_import(&g, 0, i % 2 ? PROGRAM_HALF : PROGRAM_PREFER, true, 2 + i);
		walk(0, true, 2 + i);
		walk(1, false, 2 + i);
		rig_step(&g);
	}
	rig_run(&g);
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
	assert_int_equal(rig_job(&g, 0)->sessions_reset, 0);
	assert_true(g.updates[1] > 0);
	assert_false(g.wrong_session);
}

// 2. Each stored verdict carries the generation that gave it.
static void invariant_2(void **state)
{
	struct rig_table t = rig_read(&g, 0);

	assert_int_equal(t.of[1], RIG_ROUTES);
	rig_import(&g, 0, PROGRAM_HALF, true, 2);
	rig_announce(&g, 0, 0, 1);
	t = rig_read(&g, 0);
	assert_int_equal(t.of[1], RIG_ROUTES - 1);
	assert_int_equal(t.of[2], 1);
	walk(0, true, 2);
	rig_run(&g);
	t = rig_read(&g, 0);
	assert_int_equal(t.of[2], RIG_ROUTES);
}

// 3. A route learned during a walk is judged by the newest program only, and the walk passes it by.
static void invariant_3(void **state)
{
	struct rig_table t;

	rig_import(&g, 0, PROGRAM_HALF, true, 2);
	walk(0, true, 2);
	rig_step(&g);
	rig_step(&g);
	assert_int_equal(rig_job(&g, 0)->state, JOB_RUNNING);
	for (unsigned i = 0; i < RIG_ROUTES; i++)
		rig_announce(&g, 0, i, 1);
	t = rig_read(&g, 0);
	assert_int_equal(t.of[2], RIG_ROUTES);
	assert_int_equal(t.accepted, RIG_ROUTES / 2);
	rig_run(&g);
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
	assert_true(rig_job(&g, 0)->counts.seen < RIG_ROUTES);
	assert_int_equal(rig_read(&g, 0).accepted, RIG_ROUTES / 2);
}

// 4. An equal outcome sends nothing: other words, same meaning; and the same import once more.
static void invariant_4(void **state)
{
	rig_import(&g, 0, PROGRAM_PREFER, true, 2);
	walk(0, true, 2);
	rig_run(&g);
	assert_int_equal(g.announced[1], RIG_ROUTES);
	rig_forget(&g);
	rig_import(&g, 0, PROGRAM_SAME, true, 3);
	walk(0, true, 3);
	rig_run(&g);
	rig_export(&g, 1, PROGRAM_SAME, 4);
	walk(1, false, 4);
	rig_run(&g);
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
	assert_int_equal(rig_job(&g, 1)->counts.changed, 0);
	assert_int_equal(g.updates[1], 0);
	assert_int_equal(rig_job(&g, 0)->messages, 0);
}

// 5. When a job reports done, no verdict of an older generation is reachable in its scope, and what
// it caused has been sent.
static void invariant_5(void **state)
{
	rig_import(&g, 0, PROGRAM_HALF, true, 2);
	walk(0, true, 2);
	while (rig_job(&g, 0)->state != JOB_DONE)
		rig_step(&g);
	assert_int_equal(rig_read(&g, 0).oldest, 2);
	assert_int_equal(g.withdrawn[1], RIG_ROUTES / 2);
	assert_int_equal(rig_job(&g, 0)->counts.newly_rejected, RIG_ROUTES / 2);
	assert_int_equal(rig_job(&g, 0)->counts.newly_accepted, 0);
	assert_int_equal(rig_job(&g, 0)->counts.best_moved, RIG_ROUTES / 2);
	assert_int_equal(rig_job(&g, 0)->percent, 100);
}

// 6. Stopping between two slices, at any point, leaves valid tables: every verdict is one of the
// two programs', what the other peer was told follows from the verdicts, and another walk finishes.
static void invariant_6(void **state)
{
	for (unsigned stop = 0; stop < 12; stop++) {
		struct rig_table t;
		struct rib_counts c;

		if (stop) {
			end(NULL);
			begin(NULL);
		}
		rig_import(&g, 0, PROGRAM_HALF, true, 2);
		walk(0, true, 2);
		for (unsigned i = 0; i < stop; i++)
			rig_step(&g);
		soft_free(g.soft);
		drive_free(g.drive);
		g.drive = drive_new(g.rib, NULL, &g);
		g.soft = soft_new(g.loop, &(struct soft_ports){0}, 1);
		rig_run(&g);
		t = rig_read(&g, 0);
		rib_peer_counts(g.rib, 1, g.af, &c);
		assert_int_equal(t.of[1] + t.of[2], RIG_ROUTES);
		assert_int_equal(c.advertised, t.accepted);
		assert_int_equal(RIG_ROUTES - g.withdrawn[1], t.accepted);
	}
}

// 7. Two changes in a row end as if only the last had happened; requests merge: whatever their
// number, at most one walk is under way and one waits.
static void invariant_7(void **state)
{
	struct rig_table t;

	rig_import(&g, 0, PROGRAM_HALF, true, 2);
	walk(0, true, 2);
	rig_step(&g);
	rig_step(&g);
	for (uint32_t i = 3; i < 20; i++) {
		rig_import(&g, 0, i % 2 ? PROGRAM_NONE : PROGRAM_PREFER, true, i);
		walk(0, true, i);
	}
	rig_import(&g, 0, PROGRAM_PREFER, true, 20);
	walk(0, true, 20);
	rig_run(&g);
	t = rig_read(&g, 0);
	assert_int_equal(t.oldest, 20);
	assert_int_equal(t.accepted, RIG_ROUTES);
	assert_int_equal(t.preferred, RIG_ROUTES);
	assert_int_equal(g.orders, 2);
	assert_int_equal(rig_job(&g, 0)->merged, 18);
	assert_int_equal(soft_running(g.soft), 0);
}

// 8. A refresh whose end marker is missing ends by its time limit, and removes only what was not
// sent again; one whose beginning never comes ends too, and removes nothing.
static void invariant_8(void **state)
{
	soft_set_limit(g.soft, 60);
	ask(true, 2);
	assert_int_equal(g.asks, 1);
	send_begin();
	send_again(1500);
	sim_run_for(59 * SIM_SECOND);
	assert_int_equal(g.expired, 0);
	assert_int_equal(rig_read(&g, 0).received, RIG_ROUTES);
	sim_run_for(2 * SIM_SECOND);
	assert_int_equal(g.expired, 1);
	rig_run(&g);
	assert_int_equal(rig_read(&g, 0).received, 1500);
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
	assert_non_null(strstr(rig_job(&g, 0)->note, "60 s"));
	ask(true, 3);
	sim_run_for(70 * SIM_SECOND);
	assert_int_equal(rig_job(&g, 0)->state, JOB_CANCELLED);
	assert_int_equal(rig_read(&g, 0).received, 1500);
}

// 9. A refresh asked for during a refresh is not lost: it follows when the first is over. Before the
// peer has begun with the first, one answer serves both.
static void invariant_9(void **state)
{
	ask(true, 2);
	ask(true, 3);
	assert_int_equal(g.asks, 1);
	send_begin();
	ask(true, 4);
	ask(true, 5);
	assert_int_equal(g.asks, 1);
	send_again(RIG_ROUTES);
	send_end();
	assert_int_equal(g.asks, 2);
	assert_int_equal(rig_job(&g, 0)->state, JOB_ASKED);
	send_begin();
	send_again(RIG_ROUTES);
	send_end();
	assert_int_equal(g.asks, 2);
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
	assert_int_equal(rig_job(&g, 0)->counts.seen, RIG_ROUTES);
	assert_int_equal(rig_job(&g, 0)->counts.changed, 0);
}

static void send_some(unsigned from, unsigned to, unsigned variant)
{
	for (unsigned i = from; i < to; i++) {
		rig_announce(&g, 0, i, variant);
		soft_update(g.soft, 0, g.af, 1);
	}
}

static void check_counts(unsigned seen, unsigned changed, unsigned accepted, unsigned rejected)
{
	const struct soft_job *j = rig_job(&g, 0);

	assert_int_equal(j->state, JOB_DONE);
	assert_int_equal(j->counts.seen, seen);
	assert_int_equal(j->counts.changed, changed);
	assert_int_equal(j->counts.newly_accepted, accepted);
	assert_int_equal(j->counts.newly_rejected, rejected);
	assert_int_equal(j->counts.best_moved, changed);
}

// Takes another program over; the answer begins to come after so many slices of the walk.
static void walk_and_ask(enum rig_program program, uint32_t generation, unsigned slices)
{
	struct soft_request r = rig_request(&g, 0, true, MEANS_REFRESH, generation);

	rig_import(&g, 0, program, false, generation);
	r.ask = r.enhanced = true;
	soft_start(g.soft, &r);
	for (unsigned i = 0; i < slices; i++)
		rig_step(&g);
	send_begin();
	send_some(0, RIG_ROUTES / 4, 0);
	rig_step(&g);
	send_some(RIG_ROUTES / 2, RIG_ROUTES, 0);
	rig_step(&g);
	send_some(RIG_ROUTES / 4, RIG_ROUTES / 2, 0);
	rig_run(&g);
	send_end();
	rig_run(&g);
}

// A job that walks and asks counts each route once, whichever of the two judged it first.
static void counted_once(void **state)
{
	for (unsigned slices = 0; slices < 12; slices += 2) {
		if (slices) {
			end(NULL);
			begin(NULL);
		}
		rig_import(&g, 0, PROGRAM_OPEN, false, 2);
		walk_and_ask(PROGRAM_HALF, 3, slices);
		check_counts(RIG_ROUTES, RIG_ROUTES / 2, 0, RIG_ROUTES / 2);
		walk_and_ask(PROGRAM_OPEN, 4, slices);
		check_counts(RIG_ROUTES, RIG_ROUTES / 2, RIG_ROUTES / 2, 0);
		walk_and_ask(PROGRAM_PREFER, 5, slices);
		check_counts(RIG_ROUTES, RIG_ROUTES, 0, 0);
	}
}

// A job that only asks: what the peer sent otherwise, or no more.
static void counted_asked(void **state)
{
	ask(true, 1);
	send_begin();
	send_some(0, 10, 1);
	send_some(10, RIG_ROUTES - 5, 0);
	send_end();
	rig_run(&g);
	assert_int_equal(rig_job(&g, 0)->counts.seen, RIG_ROUTES);
	assert_int_equal(rig_job(&g, 0)->counts.changed, 15);
	assert_int_equal(rig_job(&g, 0)->counts.newly_accepted, 0);
}

// The same toward a peer that marks nothing: the end is inferred from silence, and said to be.
static void without_marks(void **state)
{
	ask(false, 2);
	sim_run_for(20 * SIM_SECOND); // known to have routes: silence alone is no answer
	assert_int_equal(rig_job(&g, 0)->state, JOB_ASKED);
	send_again(10);
	ask(false, 3);
	sim_run_for(3 * SIM_SECOND);
	send_again(RIG_ROUTES);
	assert_int_equal(g.asks, 1);
	sim_run_for(7 * SIM_SECOND);
	assert_int_equal(g.asks, 2);
	send_again(RIG_ROUTES);
	sim_run_for(7 * SIM_SECOND);
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
	assert_non_null(strstr(rig_job(&g, 0)->note, "silence"));
	assert_int_equal(rig_read(&g, 0).received, RIG_ROUTES);
}

// BoRR before our request, its EoRR after it: that is not the answer.
static void unasked_refresh(void **state)
{
	send_begin();
	ask(true, 2);
	send_again(RIG_ROUTES);
	send_end();
	assert_int_equal(rig_job(&g, 0)->state, JOB_ASKED);
	send_begin();
	send_again(RIG_ROUTES);
	send_end();
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
}

// Peers of one family in one commit share one walk.
static void shared_walk(void **state)
{
	rig_import(&g, 0, PROGRAM_HALF, true, 2);
	rig_import(&g, 1, PROGRAM_HALF, false, 2);
	walk(0, true, 2);
	walk(1, true, 2);
	rig_run(&g);
	assert_int_equal(g.orders, 1);
	assert_int_equal(rig_job(&g, 0)->counts.seen, 0);
	assert_int_equal(rig_job(&g, 1)->counts.seen, RIG_ROUTES);
	assert_int_equal(rig_job(&g, 0)->counts.best_moved, 0);
	assert_int_equal(rig_job(&g, 1)->counts.best_moved, RIG_ROUTES / 2);
}

// An export soft reset by command sends everything again, once per request that was not merged.
static void resend(void **state)
{
	struct soft_request r = rig_request(&g, 1, false, MEANS_EXPORT, 1);

	r.again = r.resend = true;
	soft_start(g.soft, &r);
	soft_start(g.soft, &r);
	soft_start(g.soft, &r);
	rig_run(&g);
	assert_int_equal(g.resends, 2);
	assert_int_equal(g.marks[1], 2);
	assert_int_equal(g.announced[1], 2 * RIG_ROUTES);
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
	assert_int_equal(rig_job(&g, 0)->messages, g.updates[1]);
}

// A pending job waits for the session; a later change takes it over; a new session settles it.
static void pending(void **state)
{
	struct soft_request r = rig_request(&g, 0, true, MEANS_PENDING, 2);

	soft_start(g.soft, &r);
	rig_run(&g);
	assert_int_equal(rig_job(&g, 0)->state, JOB_PENDING);
	r.generation = 3;
	soft_start(g.soft, &r);
	rig_run(&g);
	assert_int_equal(rig_job(&g, 0)->state, JOB_PENDING);
	assert_int_equal(rig_job(&g, 1)->state, JOB_CANCELLED);
	soft_peer_down(g.soft, 0);
	assert_int_equal(rig_job(&g, 0)->state, JOB_DONE);
}

static void session_down(void **state)
{
	ask(true, 2);
	send_begin();
	soft_peer_down(g.soft, 0);
	assert_int_equal(rig_job(&g, 0)->state, JOB_CANCELLED);
	sim_run_for(3600 * SIM_SECOND); // no late purge (C21)
	assert_int_equal(g.expired, 0);
}

static void plan_adds_up(void **state)
{
	struct soft_plan p = {0};
	struct soft_step step = {
		.peer = 1,
		.af = g.af,
		.effects = EFFECT_IMPORT,
		.means = MEANS_ACCEPTED,
		.routes = 5,
		.why = "a",
	};

	soft_plan_add(&p, &step);
	step.effects = EFFECT_ASK;
	step.means = MEANS_REFRESH;
	memcpy(step.why, "b", 2);
	soft_plan_add(&p, &step);
	step.peer = 2;
	soft_plan_add(&p, &step);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.steps[0].effects, EFFECT_IMPORT | EFFECT_ASK);
	assert_int_equal(p.steps[0].means, MEANS_REFRESH);
	assert_string_equal(p.steps[0].why, "a, b");
	soft_plan_free(&p);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(invariant_1),  CASE(invariant_2),   CASE(invariant_3),     CASE(invariant_4),
		CASE(invariant_5),  CASE(invariant_6),   CASE(invariant_7),     CASE(invariant_8),
		CASE(invariant_9),  CASE(without_marks), CASE(unasked_refresh), CASE(shared_walk),
		CASE(resend),       CASE(pending),       CASE(session_down),    CASE(plan_adds_up),
		CASE(counted_once), CASE(counted_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
