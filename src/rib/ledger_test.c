// The ledger by cases: what counts, what does not, and for whom.
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static const char *const v4 = "ipv4-unicast";

#define A "origin=0 path=65001 nh=10.9.9.9"
#define B "origin=0 path=65001 nh=10.9.9.9 med=7"

static int setup(void **state)
{
	world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	return 0;
}

// Peers 0, 1, ... accept and are told everything.
static void peers(unsigned count)
{
	world_rib(&w);
	for (unsigned i = 0; i < count; i++)
		world_peer(&w, (uint16_t)i, SOURCE_EBGP);
}

static void tell(uint16_t peer, const char *prefixes, const char *attrs)
{
	world_tell(&w, peer, v4, prefixes, attrs);
}

static void open_with(unsigned samples)
{
	const struct ledger_options o = {.samples = samples};

	world_work(&w);
	rib_ledger_open(w.rib, &o);
}

static const struct ledger_row *row(const struct ledger_report *r, uint16_t peer)
{
	static const struct ledger_row none;

	assert_non_null(r);
	for (unsigned i = 0; i < r->row_count; i++)
		if (r->rows[i].peer == peer && r->rows[i].family == af_index(world_af(v4)))
			return &r->rows[i];
	return &none;
}

// Figures as text: those that are not zero.
static void is(const struct ledger_report *r, uint16_t peer, const char *expected)
{
	static const char *const words[] = {
		"accepted",   "rejected",     "changed",   "lost",        "best-new", "best-gone",
		"best-moved", "best-changed", "announced", "reannounced", "withdrawn"};
	char text[256] = "";

	for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
		unsigned long n = (unsigned long)row(r, peer)->count[i];
		size_t at = strlen(text);
		if (n)
			snprintf(text + at, sizeof(text) - at, "%s%s %lu", at ? " " : "", words[i],
				 n);
	}
	assert_string_equal(text, expected);
}

static void import_with(uint16_t peer, const char *policy, bool keep_all)
{
	struct rib_import in = world_import(&w, peer, SOURCE_EBGP);

	in.keep_all = keep_all;
	in.program = fixture_program(&w.policy, v4, true, policy);
	w.generation++;
	rib_peer_import(w.rib, peer, world_af(v4), &in, w.generation);
	policy_program_unref(in.program);
	world_sweep(&w, SWEEP_IMPORT, v4, UINT64_C(1) << peer, NULL);
}

static void export_with(uint16_t peer, const char *policy)
{
	struct rib_export out = world_export(&w, peer, SOURCE_EBGP);

	out.program = fixture_program(&w.policy, v4, false, policy);
	w.generation++;
	rib_peer_export(w.rib, peer, world_af(v4), &out, w.generation);
	policy_program_unref(out.program);
	world_sweep(&w, SWEEP_EXPORT, v4, UINT64_C(1) << peer, NULL);
}

static void policies(void)
{
	fixture_config(&w.policy, "ip ip-prefix l permit 10.1.0.0 16 less-equal 32\n"
				  "route-policy no-l deny node 10\nif-match ip-prefix l\n"
				  "route-policy no-l permit node 20\n"
				  "route-policy med permit node 10\nif-match ip-prefix l\n"
				  "apply cost 50\n"
				  "route-policy med permit node 20\n"
				  "route-policy none deny node 10\n");
}

// --- what counts ----------------------------------------------------------------------------------
static void test_nothing(void **state)
{
	peers(2);
	tell(0, "10.1.0.0/16", A);
	assert_null(world_ledger(&w));
	open_with(0);
	const struct ledger_report *r = world_ledger(&w);
	assert_non_null(r);
	assert_int_equal(r->row_count, 0);
	assert_null(world_ledger(&w));
}

static void test_new_and_gone(void **state)
{
	peers(3);
	tell(0, "10.1.0.0/16 10.2.0.0/16", A);
	open_with(0);
	tell(0, "10.1.0.0/16", NULL);
	tell(0, "10.2.0.0/16", B);
	tell(0, "10.3.0.0/16", A);
	const struct ledger_report *r = world_ledger(&w);
	is(r, 0, "accepted 1 changed 1 lost 1");
	is(r, RIB_NO_PEER, "best-new 1 best-gone 1 best-changed 1");
	is(r, 1, "announced 1 withdrawn 1"); // MED does not leave
	is(r, 2, "announced 1 withdrawn 1");
	assert_int_equal(row(r, 0)->changed_by[ATTR_MED], 1);
	assert_int_equal(row(r, 0)->changed_by[ATTR_AS_PATH], 0);
	assert_int_equal(row(r, RIB_NO_PEER)->changed_by[ATTR_MED], 1);
}

// Whatever was there in between.
static void test_net(void **state)
{
	peers(2);
	tell(0, "10.1.0.0/16", A);
	open_with(0);
	tell(0, "10.1.0.0/16 10.2.0.0/16", B);
	world_work(&w);
	tell(0, "10.1.0.0/16 10.2.0.0/16", NULL);
	world_work(&w);
	tell(0, "10.1.0.0/16", A);
	const struct ledger_report *r = world_ledger(&w);
	assert_int_equal(r->row_count, 0);
}

// The route goes to another peer: the old source is told, the new one is not any more.
static void test_split_horizon(void **state)
{
	peers(4);
	tell(0, "10.1.0.0/16", A);
	tell(1, "10.1.0.0/16", "origin=0 path=65002,9 nh=10.9.9.8");
	open_with(4);
	tell(0, "10.1.0.0/16", NULL);
	const struct ledger_report *r = world_ledger(&w);
	is(r, RIB_NO_PEER, "best-moved 1");
	is(r, 0, "lost 1 announced 1");
	is(r, 1, "withdrawn 1");
	is(r, 2, "reannounced 1");
	is(r, 3, "reannounced 1");
	assert_int_equal(row(r, 2)->reannounced_by[ATTR_AS_PATH], 1);
	assert_int_equal(row(r, 1)->reannounced_by[ATTR_AS_PATH], 0);
	for (unsigned i = 0; i < r->sample_count; i++) {
		const struct ledger_sample *s = &r->samples[i];
		if (s->peer == RIB_NO_PEER) {
			assert_int_equal(s->peer_before, 0);
			assert_int_equal(s->peer_after, 1);
		}
		assert_int_equal(!s->before, s->class == LEDGER_ANNOUNCED);
		assert_int_equal(!s->after,
				 s->class == LEDGER_WITHDRAWN || s->class == LEDGER_LOST);
	}
	assert_int_equal(r->sample_count, 6);
}

// Same words from another peer: only the two of them hear of it.
static void test_change_of_source(void **state)
{
	peers(0);
	for (uint16_t i = 0; i < 3; i++)
		world_peer(&w, i, SOURCE_IBGP_CLIENT);
	world_peer(&w, 3, SOURCE_EBGP);
	world_peer(&w, 4, SOURCE_EBGP);
	tell(3, "10.1.0.0/16", A " med=5");
	tell(4, "10.1.0.0/16", A " med=6");
	open_with(0);
	tell(3, "10.1.0.0/16", A " med=7");
	const struct ledger_report *r = world_ledger(&w);
	is(r, RIB_NO_PEER, "best-moved 1");
	is(r, 3, "changed 1 announced 1");
	is(r, 4, "withdrawn 1");
}

// --- policies -------------------------------------------------------------------------------------
static void test_import(void **state)
{
	peers(2);
	policies();
	tell(0, "10.1.0.0/24 10.1.1.0/24 10.2.0.0/16", A);
	open_with(1);
	import_with(0, "no-l", true);
	const struct ledger_report *r = world_ledger(&w);
	is(r, 0, "rejected 2");
	is(r, RIB_NO_PEER, "best-gone 2");
	is(r, 1, "withdrawn 2");
	assert_int_equal(r->sample_count, 3);
	open_with(0);
	import_with(0, "med", true);
	r = world_ledger(&w);
	is(r, 0, "accepted 2");
	is(r, RIB_NO_PEER, "best-new 2");
	is(r, 1, "announced 2");
	open_with(0);
	import_with(0, NULL, true);
	r = world_ledger(&w);
	is(r, 0, "changed 2");
	is(r, RIB_NO_PEER, "best-changed 2");
	is(r, 1, "");
}

static uint64_t unkept(uint16_t peer)
{
	struct rib_counts c;

	rib_peer_counts(w.rib, peer, world_af(v4), &c);
	return c.unkept;
}

// What is turned away without being stored is rejected, until the peer takes it back itself.
static void test_not_kept(void **state)
{
	peers(2);
	policies();
	import_with(0, NULL, false);
	tell(0, "10.1.0.0/24 10.1.1.0/24 10.1.2.0/24", A);
	assert_int_equal(unkept(0), 0);
	open_with(0);
	import_with(0, "no-l", false);
	assert_int_equal(unkept(0), 3);
	tell(0, "10.1.9.0/24", A); // was never accepted
	tell(0, "10.1.2.0/24", NULL);
	assert_int_equal(unkept(0), 4);
	is(world_ledger(&w), 0, "rejected 2 lost 1");
}

// A refresh tells which of them are still there.
static void test_not_kept_and_refreshed(void **state)
{
	const struct af *af = world_af(v4);

	peers(2);
	policies();
	import_with(0, NULL, false);
	tell(0, "10.1.0.0/24 10.1.1.0/24", A);
	open_with(0);
	import_with(0, "no-l", false);
	rib_refresh_begin(w.rib, 0, af);
	assert_int_equal(unkept(0), 0);
	tell(0, "10.1.0.0/24", A);
	assert_int_equal(unkept(0), 1);
	rib_refresh_end(w.rib, 0, af);
	assert_int_equal(unkept(0), 1);
	is(world_ledger(&w), 0, "rejected 1 lost 1");
}

static void test_session_down(void **state)
{
	peers(3);
	tell(0, "10.1.0.0/16 10.2.0.0/16", A);
	open_with(0);
	world_down(&w, 0);
	const struct ledger_report *r = world_ledger(&w);
	is(r, 0, "lost 2");
	is(r, RIB_NO_PEER, "best-gone 2");
	is(r, 1, "withdrawn 2");
}

// Who was not there all the time has no figures of what it is told.
static void test_session_up(void **state)
{
	peers(3);
	tell(0, "10.1.0.0/16", A);
	open_with(0);
	world_down(&w, 1);
	world_up(&w, 1, v4);
	tell(0, "10.2.0.0/16", A);
	const struct ledger_report *r = world_ledger(&w);
	is(r, 1, "");
	is(r, 2, "announced 1");
}

// The one who goes takes a copy of the group along, with what was noted of it.
static void test_group_is_left(void **state)
{
	peers(4);
	policies();
	tell(0, "10.1.0.0/16 10.2.0.0/16 10.4.0.0/16", A);
	open_with(0);
	tell(0, "10.1.0.0/16 10.4.0.0/16", NULL);
	tell(0, "10.1.1.0/24", A);
	export_with(1, "no-l");
	const struct ledger_report *r = world_ledger(&w);
	is(r, 1, "withdrawn 2");
	is(r, 2, "announced 1 withdrawn 2");
	is(r, 3, "announced 1 withdrawn 2");
	open_with(0);
	export_with(1, NULL);
	r = world_ledger(&w);
	is(r, 1, "announced 1");
	is(r, 2, "");
	tell(0, "10.3.0.0/16", A);
	world_work(&w);
	struct rib_totals t;
	rib_totals(w.rib, world_af(v4), &t);
	assert_int_equal(t.groups, 1); // brought together after the close
}

// All go: the group itself changes.
static void test_group_changes(void **state)
{
	peers(0);
	policies();
	for (uint16_t i = 0; i < 3; i++)
		world_peer(&w, i, SOURCE_IBGP_CLIENT);
	tell(0, "10.1.0.0/16 10.2.0.0/16", "origin=0 path= nh=10.9.9.9 lp=100");
	open_with(9);
	for (uint16_t i = 0; i < 3; i++) {
		struct rib_export out = world_export(&w, i, SOURCE_IBGP_CLIENT);
		out.program = fixture_program(&w.policy, v4, false, "med");
		rib_peer_export(w.rib, i, world_af(v4), &out, ++w.generation);
		policy_program_unref(out.program);
	}
	world_sweep(&w, SWEEP_EXPORT, v4, 7, NULL);
	const struct ledger_report *r = world_ledger(&w);
	is(r, 0, "");
	is(r, 1, "reannounced 1");
	is(r, 2, "reannounced 1");
	assert_int_equal(row(r, 1)->reannounced_by[ATTR_MED], 1);
	assert_int_equal(r->sample_count, 2);
	assert_true(r->samples[0].before != r->samples[0].after);
	assert_true(r->samples[0].after == r->samples[1].after); // one copy for both
}

// --- options --------------------------------------------------------------------------------------
static void test_within(void **state)
{
	struct ledger_options o = {.samples = 9, .within_bits = 16};

	peers(2);
	assert_true(ip_parse("10.1.0.0", &o.within));
	rib_ledger_open(w.rib, &o);
	tell(0, "10.0.0.0/8 10.1.0.0/16 10.1.2.0/24 10.2.0.0/16", A);
	const struct ledger_report *r = world_ledger(&w);
	is(r, 0, "accepted 2");
	is(r, RIB_NO_PEER, "best-new 2");
	is(r, 1, "announced 2");
	assert_int_equal(r->sample_count, 6);
}

static void test_samples(void **state)
{
	peers(4);
	open_with(2);
	tell(1, "10.9.0.0/16 10.8.0.0/16 10.7.0.0/16", A);
	tell(0, "10.3.0.0/16 10.4.0.0/16", A);
	const struct ledger_report *r = world_ledger(&w);
	unsigned told[4] = {0};
	for (unsigned i = 0; i < r->sample_count; i++) {
		const struct ledger_sample *s = &r->samples[i];
		if (s->class == LEDGER_ANNOUNCED)
			told[s->peer]++;
		assert_non_null(s->after);
		assert_int_equal(s->after->local.label, 0);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(told[i], 2);
	assert_int_equal(row(r, 1)->count[LEDGER_ANNOUNCED], 2);
	assert_int_equal(row(r, 2)->count[LEDGER_ANNOUNCED], 5);
}

// A second one begins where the first one was; one that is closed is told of though another begins.
static void test_one_after_another(void **state)
{
	peers(2);
	open_with(0);
	tell(0, "10.1.0.0/16", A);
	open_with(0);
	tell(0, "10.2.0.0/16", A);
	world_work(&w);
	assert_true(rib_ledger_close(w.rib));
	open_with(0);
	tell(0, "10.1.0.0/16 10.2.0.0/16", NULL);
	world_work(&w);
	is(w.report, 0, "accepted 1");
	is(world_ledger(&w), 0, "lost 2");
}

static void test_freed_while_open(void **state)
{
	peers(2);
	open_with(1);
	tell(0, "10.1.0.0/16", A);
	world_rib(&w);
	peers(2);
	open_with(1);
	tell(0, "10.1.0.0/16", A);
	rib_ledger_close(w.rib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_new_and_gone),
		cmocka_unit_test(test_net),
		cmocka_unit_test(test_split_horizon),
		cmocka_unit_test(test_change_of_source),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_not_kept_and_refreshed),
		cmocka_unit_test(test_session_down),
		cmocka_unit_test(test_session_up),
		cmocka_unit_test(test_group_is_left),
		cmocka_unit_test(test_group_changes),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_one_after_another),
		cmocka_unit_test(test_freed_while_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
