// Instances and memberships over the simulated loop and network: routes between the tables, plans of
// changed targets, what memberships narrow and what waits for them. Neighbours are the law's scripted
// ones (test/law/player.h), configurations are made by the law's state.
#include "law.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "sim/sim.h"

#define HERE "10.0.0.1"

static struct loop *loop, *there;
static struct speaker *speaker;
static struct policy_store *store;
static struct law_state state;
static struct player peer[LAW_PEERS];
static uint32_t generation;
static struct soft_plan plan; // of the last commit
static struct {
	uint32_t most[LIMIT_KINDS];
	uint8_t percent;
	bool keeps;
} limit; // of instance 1

static const struct af *inner(void)
{
	return af_classic();
}

static const struct af *outer(void)
{
	return af_outer(af_classic());
}

static void silent(enum log_level level, const char *line, void *arg)
{
}

static void commit(void)
{
	struct speaker_config *c = state_config(&state, store, ++generation);

	if (c->instance_count > 1) {
		struct instance_config *i = &c->instances[1];

		i->route_limit[af_index(inner())] = limit.most[LIMIT_ROUTES];
		i->prefix_limit[af_index(inner())] = limit.most[LIMIT_PREFIXES];
		i->route_limit_percent[af_index(inner())] = limit.percent;
		i->prefix_limit_percent[af_index(inner())] = limit.percent;
		i->prefix_limit_keeps[af_index(inner())] = limit.keeps;
	}
	soft_plan_free(&plan);
	speaker_plan(speaker, c, &plan);
	speaker_apply(speaker, c, &plan);
	speaker_config_unref(c);
}

static void settle(void)
{
	sim_run_for(20 * SIM_SECOND);
	sim_settle(SIM_SECOND);
}

static void set(enum step_kind kind, long a, long b, long c, long d)
{
	struct law_step step = {kind, {a, b, c, d}};

	state_step(&state, &step);
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
	peer[i].silent = flags & PEER_SILENT;
	peer[i].families = families;
	player_connect(&peer[i]);
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
	memset(&limit, 0, sizeof(limit));
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

// A variant of attributes whose route targets are exactly these (bits).
static uint32_t variant_with(unsigned targets)
{
	struct arena a;
	uint32_t v = 0;
	unsigned set;

	arena_init(&a, 4096);
	do {
		struct attrs as;
		struct span hop;
		const struct attr *x;

		player_attrs(&peer[0], outer(), ++v, &as, &hop, &a);
		x = attrs_find(&as, ATTR_EXT_COMMUNITY);
		set = attrs_find(&as, ATTR_COMMUNITY) || hop.p[0] == 10 ? 1u << 15 : 0;
		for (unsigned i = 0; x && i < x->len; i += 8)
			set |= 1u << (x->value[i + 1] == 2 ? x->value[i + 7] - 1 : 14);
	} while (set != targets);
	arena_free(&a);
	return v;
}

static void announce(unsigned i, const struct af *af, unsigned index, unsigned targets)
{
	struct af_key key = {0};

	law_key(af, index, &key);
	player_announce(&peer[i], af, &key, variant_with(targets));
}

static void withdraw(unsigned i, const struct af *af, unsigned index)
{
	struct af_key key = {0};

	law_key(af, index, &key);
	player_withdraw(&peer[i], af, &key);
}

// Memberships: index 1 is our AS and target 0, and so on (law_key).
static void member(unsigned i, unsigned index, bool wanted)
{
	struct af_key key = {0};

	law_key(af_memberships(), index, &key);
	if (wanted)
		player_announce(&peer[i], af_memberships(), &key, 1);
	else
		player_withdraw(&peer[i], af_memberships(), &key);
}

static unsigned told(unsigned i, const struct af *af)
{
	return peer[i].told_count[af_index(af)];
}

static const struct soft_step *step_why(const char *why)
{
	for (unsigned i = 0; i < plan.count; i++) {
		if (strstr(plan.steps[i].why, why))
			return &plan.steps[i];
	}
	return NULL;
}

static const struct soft_job *job_lent(bool import)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(speaker, &jobs);

	for (unsigned i = 0; i < n; i++) {
		if (jobs[i]->lent && jobs[i]->import == import)
			return jobs[i];
	}
	return NULL;
}

// One PE that we speak VPN routes with, one CE in instance 1, which takes and gives target 0.
static void a_pe_and_a_ce(void)
{
	neighbour(0, LAW_AS, PEER_REFRESH | PEER_ENHANCED, af_bit(outer()));
	neighbour(1, 65101, PEER_REFRESH | PEER_INSTANCE, af_bit(inner()));
	set(STEP_INSTANCE, 1, af_bit(inner()), 0, 0);
	set(STEP_TARGETS, 1, 1, 1, 0);
	set(STEP_TARGETS, 1, 0, 1, 0);
	announce(0, outer(), 7, 1);
	announce(0, outer(), 8, 2);
	announce(1, inner(), 1, 0);
	commit();
	settle();
}

static void there_and_back(void **unused)
{
	a_pe_and_a_ce();
	assert_int_equal(told(0, outer()), 1);
	assert_int_equal(told(1, inner()), 1);
	set(STEP_INSTANCE, 1, 0, 0, 0);
	commit();
	assert_non_null(step_why("peer removed"));
	settle();
	assert_int_equal(told(0, outer()), 0);
	assert_false(peer[1].established);
	assert_int_equal(peer[0].established_count, 1);
	set(STEP_INSTANCE, 1, af_bit(inner()), 0, 0);
	commit();
	assert_non_null(step_why("vpn-instance added"));
	settle();
	assert_int_equal(told(0, outer()), 1);
	assert_int_equal(told(1, inner()), 1);
}

// What is taken in changes by targets alone: the peer that has the rest is asked, nobody is reset.
static void targets_changed(void **unused)
{
	a_pe_and_a_ce();
	set(STEP_TARGETS, 1, 1, 2, 0);
	commit();
	const struct soft_step *step = step_why("vpn-target changed");
	assert_non_null(step);
	assert_string_equal(plan.steps[0].why, "vpn-target changed");
	assert_int_equal(plan.steps[0].means, MEANS_REFRESH);
	settle();
	assert_int_equal(peer[0].refresh_in, 1);
	assert_int_equal(told(1, inner()), 1);
	assert_int_equal(peer[1].withdrawn_in, 1);
	assert_int_equal(job_lent(true)->state, JOB_DONE);
	assert_int_equal(job_lent(true)->instance, 1);
	assert_string_equal(job_lent(true)->instance_name, "vpn1");
	assert_null(job_lent(false));
	set(STEP_TARGETS, 1, 0, 6, 0);
	commit();
	settle();
	assert_int_equal(job_lent(false)->state, JOB_DONE);
	assert_int_equal(job_lent(false)->counts.changed, 1);
	assert_int_equal(peer[0].established_count, 1);
	assert_int_equal(peer[1].established_count, 1);
}

static void members(long flags)
{
	uint16_t both = af_bit(outer()) | af_bit(af_memberships());

	set(STEP_GLOBAL, GLOBAL_CONSTRAIN, 1, 0, 0);
	set(STEP_GLOBAL, GLOBAL_VPN_TARGET, 0, 0, 0);
	neighbour(0, 65101, PEER_REFRESH, af_bit(outer()));
	neighbour(1, LAW_AS, PEER_REFRESH | flags, both);
	announce(0, outer(), 1, 1);
	announce(0, outer(), 2, 1);
	announce(0, outer(), 3, 2);
	member(1, 1, true);
	commit();
	sim_run_for(SIM_SECOND);
}

// RFC 4684 section 6: the routes concerned move, and nothing else.
static void membership_narrows(void **unused)
{
	members(0);
	settle();
	assert_int_equal(told(1, outer()), 2);
	assert_int_equal(peer[1].withdrawn_in, 0); // they were narrowed from the beginning
	member(1, 2, true);
	settle();
	assert_int_equal(told(1, outer()), 3);
	assert_int_equal(peer[1].announced_in, 3);
	member(1, 1, false);
	settle();
	assert_int_equal(told(1, outer()), 1);
	assert_int_equal(peer[1].announced_in, 3);
	assert_int_equal(peer[1].withdrawn_in, 2);
	const struct soft_job **jobs;
	assert_int_equal(speaker_jobs(speaker, &jobs), 1); // one for the peer, quietly
	assert_string_equal(jobs[0]->origin, "membership");
}

static void constraint_switched(void **unused)
{
	members(0);
	settle();
	set(STEP_GLOBAL, GLOBAL_CONSTRAIN, 0, 0, 0);
	commit();
	assert_non_null(step_why("constraint of route targets"));
	settle();
	assert_int_equal(told(1, outer()), 3);
	assert_int_equal(peer[1].established_count, 1);
}

// E8: without the End-of-RIB of its memberships a peer waits for the time that is set, two seconds
// here; then it gets what it is entitled to.
static void silent_waits(void **unused)
{
	members(PEER_SILENT);
	assert_true(peer[1].established);
	assert_true(peer[1].end_of_rib & af_bit(af_memberships()));
	assert_int_equal(peer[1].announced_in, 0);
	assert_false(peer[1].end_of_rib & af_bit(outer()));
	settle();
	assert_int_equal(told(1, outer()), 2);
	assert_true(peer[1].end_of_rib & af_bit(outer()));
}

// With it there is no waiting.
static void end_of_rib_begins(void **unused)
{
	members(0);
	assert_int_equal(told(1, outer()), 2);
}

// Incoming connections find their peer in whatever instance.
static void refresh_of_an_instance(void **unused)
{
	struct speaker_selector sel = {.families = UINT16_MAX};
	struct buf notes = {0};

	a_pe_and_a_ce();
	speaker_refresh(speaker, &sel, true, "refresh bgp", &notes);
	settle();
	assert_int_equal(peer[0].refresh_in, 1);
	assert_int_equal(peer[1].refresh_in, 0);
	sel.instance = 1;
	speaker_refresh(speaker, &sel, true, "refresh bgp", &notes);
	settle();
	assert_int_equal(peer[0].refresh_in, 1);
	assert_int_equal(peer[1].refresh_in, 1);
	sel.instance = 0;
	speaker_reset(speaker, &sel, &notes);
	settle();
	assert_int_equal(peer[0].established_count, 2);
	assert_int_equal(peer[1].established_count, 1);
	buf_free(&notes);
}

// Neighbours of the same address: one of the public tables, one behind the VRF device of an instance
// that comes up later. Each finds its own.
static void behind_a_device(void **unused)
{
	struct speaker_peer *p;

	neighbour(0, 65101, PEER_REFRESH, af_bit(inner()));
	neighbour(1, 65102, PEER_REFRESH | PEER_INSTANCE, af_bit(inner()));
	set(STEP_INSTANCE, 1, af_bit(inner()), 0, 0);
	peer[1].address = peer[0].address;
	ip_parse("10.0.9.1", &peer[1].remote);
	state.peer[1].alias = 1; // both configured as 10.0.1.1
	announce(0, inner(), 1, 0);
	announce(1, inner(), 2, 0);
	commit();
	settle();
	assert_true(peer[0].established);
	assert_false(peer[1].established);
	sim_set_device(loop, "vpn1", "10.0.9.1");
	settle();
	assert_true(peer[1].established);
	p = speaker_peer_find(speaker, 1, &peer[1].address);
	assert_string_equal(sess_get_config(speaker_peer_session(p))->interface, "vpn1");
	assert_int_equal(told(0, inner()), 0);
	assert_int_equal(told(1, inner()), 0);
	commit();
	assert_int_equal(plan.count, 0);
	settle();
	assert_int_equal(peer[0].established_count, 1);
	assert_int_equal(peer[1].established_count, 1);
	sim_set_device(loop, "", NULL);
	player_disconnect(&peer[1]);
	settle();
	assert_false(peer[1].established);
	assert_true(peer[0].established);
}

// --- limits -----------------------------------------------------------------------------------------
static void limit_is(enum rib_limit_kind kind, uint32_t held, uint64_t refused, bool full)
{
	struct speaker_limit l;

	assert_true(speaker_limit(speaker, 1, inner(), kind, &l));
	assert_int_equal(l.held, held);
	assert_int_equal(l.refused, refused);
	assert_int_equal(l.full, full);
}

static void limit_set(enum rib_limit_kind kind, uint32_t most)
{
	limit.most[kind] = most;
	limit.percent = 80;
	commit();
	settle();
}

static unsigned jobs_by(const char *origin)
{
	const struct soft_job **jobs;
	unsigned n = speaker_jobs(speaker, &jobs), count = 0;

	for (unsigned i = 0; i < n; i++) {
		count += !strcmp(jobs[i]->origin, origin);
		assert_int_equal(jobs[i]->state, JOB_DONE);
		assert_int_equal(jobs[i]->sessions_reset, 0);
	}
	return count;
}

static void nobody_was_reset(void)
{
	assert_int_equal(peer[0].established_count, 1);
	assert_int_equal(peer[1].established_count, 1);
}

// What is beyond the limit waits until it is raised: the peer is asked, VPN routes are looked
// through again, and both are in the plan.
static void limit_raised(void **unused)
{
	a_pe_and_a_ce();
	limit_set(LIMIT_ROUTES, 2);
	limit_is(LIMIT_ROUTES, 2, 0, true);
	announce(1, inner(), 2, 0);
	announce(0, outer(), 9, 1);
	settle();
	limit_is(LIMIT_ROUTES, 2, 2, true);
	assert_int_equal(told(1, inner()), 1);
	limit_set(LIMIT_ROUTES, 3);
	assert_non_null(step_why("routing-table limit raised"));
	assert_int_equal(plan.count, 2);
	assert_int_equal(peer[1].refresh_in, 1);
	limit_is(LIMIT_ROUTES, 3, 1, true);
	limit_set(LIMIT_ROUTES, 0);
	assert_non_null(step_why("routing-table limit lifted"));
	assert_int_equal(told(1, inner()), 2);
	assert_int_equal(told(0, outer()), 2);
	limit_set(LIMIT_ROUTES, 4);
	assert_int_equal(plan.count, 0);
	limit_is(LIMIT_ROUTES, 4, 0, true);
	assert_int_equal(peer[1].refresh_in, 2);
	assert_int_equal(jobs_by("limit"), 0);
	nobody_was_reset();
}

// A route goes, another one takes its place, but not for every route that goes at once.
static void limit_has_room(void **unused)
{
	a_pe_and_a_ce();
	limit_set(LIMIT_PREFIXES, 2);
	announce(1, inner(), 2, 0);
	announce(0, outer(), 9, 1);
	settle();
	limit_is(LIMIT_PREFIXES, 2, 2, true);
	withdraw(1, inner(), 1);
	settle();
	limit_is(LIMIT_PREFIXES, 2, 1, true);
	assert_int_equal(jobs_by("limit"), 2); // what is lent, what the peer is asked for
	assert_int_equal(peer[1].refresh_in, 1);
	withdraw(0, outer(), 7);
	withdraw(0, outer(), 9);
	withdraw(1, inner(), 2);
	settle();
	announce(1, inner(), 3, 0);
	settle();
	limit_is(LIMIT_PREFIXES, 1, 0, false);
	nobody_was_reset();
}

// Routes that are kept come back without asking.
static void limit_of_kept_routes(void **unused)
{
	neighbour(1, 65101, PEER_REFRESH | PEER_INSTANCE, af_bit(inner()));
	set(STEP_KEEP, 1, 1, 0, 0);
	set(STEP_INSTANCE, 1, af_bit(inner()), 0, 0);
	limit.most[LIMIT_PREFIXES] = 2;
	limit.percent = 80;
	commit();
	settle();
	for (unsigned i = 1; i < 6; i++)
		announce(1, inner(), i, 0);
	settle();
	limit_is(LIMIT_PREFIXES, 2, 3, true);
	limit_set(LIMIT_PREFIXES, 5);
	assert_int_equal(step_why("prefix limit raised")->means, MEANS_RETAINED);
	limit_is(LIMIT_PREFIXES, 5, 0, true);
	assert_int_equal(peer[1].refresh_in, 0);
	limit.keeps = true;
	limit_set(LIMIT_PREFIXES, 3);
	limit_is(LIMIT_PREFIXES, 5, 0, true);
	limit.keeps = false;
	limit_set(LIMIT_PREFIXES, 3);
	limit_is(LIMIT_PREFIXES, 3, 2, true);
	limit.percent = 0; // simply-alert
	limit.most[LIMIT_PREFIXES] = 4;
	commit();
	assert_non_null(step_why("prefix limit lifted"));
	settle();
	limit_is(LIMIT_PREFIXES, 5, 0, true);
	assert_int_equal(peer[1].established_count, 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(there_and_back),         CASE(targets_changed),      CASE(membership_narrows),
		CASE(constraint_switched),    CASE(silent_waits),         CASE(end_of_rib_begins),
		CASE(refresh_of_an_instance), CASE(behind_a_device),      CASE(limit_raised),
		CASE(limit_has_room),         CASE(limit_of_kept_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
