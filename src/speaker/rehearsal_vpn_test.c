// Rehearsals (speaker/rehearsal.h) of changes between tables: instances that come and go, targets,
// distinguishers, memberships, limits.
#include "theatre.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

static const struct af *outer(void)
{
	return af_outer(classic());
}

// A provider's neighbour with VPN routes of four targets, one that listens, and an instance with a
// neighbour of its own, whose prefixes are others than those of the VPN routes.
#define OWN_KEYS (LAW_KEYS / 2)
static void vpn(void)
{
	uint16_t both = af_bit(outer()) | af_bit(classic());

	theatre_neighbour(&t, 0, 65101, PEER_REFRESH, both);
	theatre_neighbour(&t, 1, 65102, PEER_REFRESH, both);
	theatre_neighbour(&t, 2, 65103, PEER_REFRESH | PEER_INSTANCE, af_bit(classic()));
	t.peer[0].targets = true;
	theatre_set(&t, STEP_INSTANCE, 1, af_bit(classic()), 0, 0);
	theatre_set(&t, STEP_TARGETS, 1, 1, 3, 0);
	theatre_set(&t, STEP_TARGETS, 1, 0, 1, 0);
	for (unsigned i = 0; i < LAW_KEYS; i++) {
		theatre_announce(&t, 0, outer(), i, 9 + i);
		if (i % 2)
			theatre_announce(&t, 2, classic(), i, 9);
	}
	theatre_commit(&t, theatre_config(&t));
	theatre_settle(&t);
}

static void targets_changed(void **unused)
{
	vpn();
	theatre_set(&t, STEP_TARGETS, 1, 0, 2, 0);
	theatre_change(&t);
	assert_true(t.foretold.row_count > 0);
	theatre_set(&t, STEP_TARGETS, 1, 1, 1, 0);
	theatre_change(&t);
	assert_true(t.foretold.row_count > 0);
}

static void instance_added(void **unused)
{
	vpn();
	theatre_set(&t, STEP_INSTANCE, 2, af_bit(classic()), 0, 0);
	theatre_set(&t, STEP_TARGETS, 2, 1, 3, 0);
	theatre_set(&t, STEP_TARGETS, 2, 0, 4, 0);
	theatre_set(&t, STEP_NETWORK, af_index(classic()), 2, 1, 2);
	theatre_change(&t);
	assert_true(theatre_row(&t, 2, classic(), -1)->count[LEDGER_BEST_NEW] > 0);
	assert_true(theatre_row(&t, INSTANCE_PUBLIC, outer(), -1)->count[LEDGER_BEST_NEW] > 0);
}

static void instance_removed(void **unused)
{
	uint64_t before;
	struct rib_totals totals;

	// VPN routes stay, whoever imports them.
	theatre_set(&t, STEP_GLOBAL, GLOBAL_VPN_TARGET, 0, 0, 0);
	vpn();
	theatre_set(&t, STEP_NETWORK, af_index(classic()), 2, 1, 1);
	theatre_set(&t, STEP_AGGREGATE, af_index(classic()), 1, 0, 1);
	theatre_commit(&t, theatre_config(&t));
	theatre_settle(&t);
	speaker_totals(t.speaker, 1, classic(), &totals);
	before = totals.destinations;
	assert_true(before > OWN_KEYS + 1); // and some that are lent
	theatre_set(&t, STEP_INSTANCE, 1, 0, 0, 0);
	theatre_set(&t, STEP_PRESENT, 2, 0, 0, 0);
	theatre_change(&t);
	assert_int_equal(theatre_row(&t, 1, classic(), -1)->count[LEDGER_BEST_GONE], before);
	assert_int_equal(theatre_row(&t, 1, classic(), 2)->count[LEDGER_LOST], OWN_KEYS);
	assert_true(theatre_row(&t, INSTANCE_PUBLIC, outer(), -1)->count[LEDGER_BEST_GONE] > 0);
}

static void distinguisher_changed(void **unused)
{
	vpn();
	theatre_set(&t, STEP_LINK, 1, LINK_RD, 1, 0);
	theatre_change(&t);
	assert_true(theatre_row(&t, INSTANCE_PUBLIC, outer(), -1)->count[LEDGER_BEST_NEW] > 0);
	assert_true(theatre_row(&t, INSTANCE_PUBLIC, outer(), -1)->count[LEDGER_BEST_GONE] > 0);
}

// --- what an instance has ---------------------------------------------------------------------------
// It comes back before its tables have been taken down: what it held is in no measure, which says so.
static void measured(void *arg, struct measure *m)
{
	measure_free(t.came);
	t.came = m;
}

static void instance_comes_back(void **unused)
{
	vpn();
	speaker_measure_begin(t.speaker, &(struct ledger_options){0});
	theatre_set(&t, STEP_INSTANCE, 1, 0, 0, 0);
	theatre_set(&t, STEP_PRESENT, 2, 0, 0, 0);
	theatre_commit(&t, theatre_config(&t));
	theatre_set(&t, STEP_INSTANCE, 1, af_bit(classic()), 0, 0);
	theatre_commit(&t, theatre_config(&t));
	assert_true(speaker_measure_end(t.speaker, measured, NULL));
	theatre_settle(&t);
	assert_non_null(t.came);
	assert_true(t.came->lost);
	theatre_set(&t, STEP_TARGETS, 1, 1, 1, 0);
	theatre_change(&t);
	assert_false(t.came->lost);
}

// Doors open and shut with devices, and their peers' connections go through them.
static void devices(void **unused)
{
	vpn();
	sim_set_device(t.loop, "vpn1", "10.0.7.1");
	theatre_set(&t, STEP_OPTION, 0, OPTION_COMMUNITY, 0, 0);
	theatre_change(&t);
	sim_set_device(t.loop, NULL, NULL);
	theatre_set(&t, STEP_INSTANCE, 1, 0, 0, 0);
	theatre_set(&t, STEP_PRESENT, 2, 0, 0, 0);
	theatre_change(&t);
}

// --- memberships --------------------------------------------------------------------------------------
// The listener asks for one target and gets no more; then nobody has to ask.
static void memberships(void **unused)
{
	const struct af *members = af_memberships();
	uint16_t families = af_bit(outer()) | af_bit(members);

	theatre_set(&t, STEP_GLOBAL, GLOBAL_CONSTRAIN, 1, 0, 0);
	theatre_neighbour(&t, 0, 65101, PEER_REFRESH, families);
	theatre_neighbour(&t, 1, 65102, PEER_REFRESH, families);
	theatre_set(&t, STEP_GLOBAL, GLOBAL_VPN_TARGET, 0, 0, 0);
	for (unsigned i = 0; i < LAW_KEYS; i++)
		theatre_announce(&t, 0, outer(), i, 9 + i);
	theatre_announce(&t, 1, members, 5, 9);
	theatre_commit(&t, theatre_config(&t));
	theatre_settle(&t);
	theatre_set(&t, STEP_GLOBAL, GLOBAL_CONSTRAIN, 0, 0, 0);
	theatre_change(&t);
	assert_true(theatre_row(&t, INSTANCE_PUBLIC, outer(), 1)->count[LEDGER_ANNOUNCED] > 0);
	theatre_set(&t, STEP_GLOBAL, GLOBAL_CONSTRAIN, 1, 0, 0);
	theatre_change(&t);
	assert_true(theatre_row(&t, INSTANCE_PUBLIC, outer(), 1)->count[LEDGER_WITHDRAWN] > 0);
}

// --- limits -------------------------------------------------------------------------------------------
static struct speaker_config *limited(uint32_t prefixes)
{
	struct speaker_config *c = theatre_config(&t);

	c->instances[1].prefix_limit[af_index(classic())] = prefixes;
	c->instances[1].prefix_limit_percent[af_index(classic())] = 80;
	return c;
}

// A limit that is lowered trims the table; one that is lifted brings back what it had turned away.
static void limits(void **unused)
{
	const struct ledger_row *row;
	struct speaker_config *next;
	struct rib_totals totals;

	theatre_set(&t, STEP_KEEP, 2, 1, 0, 0);
	vpn();
	speaker_totals(t.speaker, 1, classic(), &totals);
	next = limited(3);
	theatre_compare(&t, next);
	speaker_config_unref(next);
	row = theatre_row(&t, 1, classic(), -1);
	assert_int_equal(row->count[LEDGER_BEST_GONE], totals.destinations - 3);
	next = limited(0);
	theatre_compare(&t, next);
	speaker_config_unref(next);
	row = theatre_row(&t, 1, classic(), -1);
	assert_int_equal(row->count[LEDGER_BEST_NEW], totals.destinations - 3);
}

#define CASE(f)    cmocka_unit_test_setup_teardown(f, begin, end)
#define SHARDED(f) cmocka_unit_test_setup_teardown(f, begin_sharded, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(targets_changed),       SHARDED(targets_changed),  CASE(instance_added),
		SHARDED(instance_added),     CASE(instance_removed),    SHARDED(instance_removed),
		CASE(distinguisher_changed), CASE(instance_comes_back), CASE(devices),
		CASE(memberships),           SHARDED(memberships),      CASE(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
