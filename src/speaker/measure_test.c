// Measures with made-up reports of two shards: adding, names, order, samples, what is overtaken and
// what comes too late.
#include "speaker/measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "sim/sim.h"
#include "speaker/private.h"

#define SHARDS 2

static struct loop *loop;
static struct speaker *speaker;
static struct measure *got;
static unsigned got_count;

static void silent(enum log_level level, const char *line, void *arg)
{
}

static int begin(void **unused)
{
	struct speaker_options o = {.port = 179, .inline_shards = SHARDS};

	log_set_sink(silent, NULL);
	sim_new(1);
	loop = loop_new();
	speaker = speaker_new(loop, &o);
	got = NULL;
	got_count = 0;
	return 0;
}

static int end(void **unused)
{
	measure_free(got);
	speaker_free(speaker);
	loop_free(loop);
	assert_int_equal(sim_free(), 0);
	return 0;
}

static void take(void *arg, struct measure *m)
{
	measure_free(got);
	got = m;
	got_count++;
}

static void peers(unsigned n)
{
	struct speaker_config *c = speaker_config_new();

	c->present = true;
	c->generation = 1;
	c->peers = mem_zero(n * sizeof(*c->peers));
	c->peer_count = n;
	for (unsigned i = 0; i < n; i++) {
		struct ip *ip = &c->peers[i].address;

		ip_parse("10.0.0.1", ip);
		ip->b[3] = (uint8_t)(i + 1);
		c->peers[i].session.remote = *ip;
		c->peers[i].session.passive = true;
	}
	speaker_apply(speaker, c, NULL);
	speaker_config_unref(c);
}

static uint16_t number(unsigned i)
{
	return speaker_peer_number(speaker_peer_at(speaker, i));
}

// --- reports ----------------------------------------------------------------------------------------
static struct ledger_report *report(void)
{
	struct ledger_report *r = MEM_NEW(struct ledger_report);

	arena_init(&r->arena, 4096);
	r->rows = arena_zero(&r->arena, 8 * sizeof(*r->rows));
	r->samples = arena_zero(&r->arena, 8 * sizeof(*r->samples));
	return r;
}

static struct ledger_row *row(struct ledger_report *r, uint16_t peer, uint8_t family)
{
	struct ledger_row *to = &r->rows[r->row_count++];

	to->peer = peer;
	to->family = family;
	return to;
}

static void sample(struct ledger_report *r, uint16_t peer, enum ledger_class class, uint8_t last)
{
	struct ledger_sample *to = &r->samples[r->sample_count++];
	struct ip ip;

	ip_parse("10.9.0.0", &ip);
	ip.b[2] = last;
	to->class = class;
	to->peer = peer;
	to->af = af_classic();
	to->af->from_prefix(&ip, 24, &to->key);
}

// As if it came from a shard.
static void tell(uint32_t measure, uint16_t instance, struct ledger_report *r, bool lost)
{
	struct shard_message *m = shard_message_new(SHARD_LEDGER);

	m->number = measure;
	m->ledgers.lost = lost;
	if (r) {
		m->ledgers.list = MEM_NEW(struct shard_ledger);
		m->ledgers.list[0] = (struct shard_ledger){instance, r};
		m->ledgers.count = 1;
	}
	speaker_received(speaker, speaker->shards[0], m);
	shard_message_free(m);
}

static void open_one(unsigned samples)
{
	struct ledger_options o = {.samples = samples};

	speaker_measure_begin(speaker, &o);
}

static void close_one(void)
{
	assert_true(speaker_measure_end(speaker, take, NULL));
}

// --- tests ------------------------------------------------------------------------------------------
static void adds_up(void **unused)
{
	struct ledger_report *a = report(), *b = report();
	uint64_t total[LEDGER_CLASSES];

	peers(2);
	open_one(0);
	close_one();
	row(a, RIB_NO_PEER, 0)->count[LEDGER_BEST_MOVED] = 3;
	row(a, number(1), 0)->count[LEDGER_ANNOUNCED] = 5;
	row(b, number(0), 0)->count[LEDGER_REJECTED] = 7;
	struct ledger_row *r = row(b, number(1), 0);
	r->count[LEDGER_ANNOUNCED] = 6;
	r->reannounced_by[5] = 2;
	row(b, RIB_NO_PEER, 0)->count[LEDGER_BEST_MOVED] = 4;
	tell(1, INSTANCE_PUBLIC, a, false);
	assert_int_equal(got_count, 0);
	tell(1, INSTANCE_PUBLIC, b, false);
	assert_int_equal(got_count, 1);
	assert_int_equal(got->row_count, 3);
	assert_int_equal(got->rows[0].row.peer, RIB_NO_PEER); // the table first
	assert_int_equal(got->rows[0].address.bits, 0);
	assert_int_equal(got->rows[0].row.count[LEDGER_BEST_MOVED], 7);
	assert_int_equal(got->rows[1].address.b[3], 1);
	assert_int_equal(got->rows[1].row.count[LEDGER_REJECTED], 7);
	assert_int_equal(got->rows[2].address.b[3], 2);
	assert_int_equal(got->rows[2].row.count[LEDGER_ANNOUNCED], 11);
	assert_int_equal(got->rows[2].row.reannounced_by[5], 2);
	measure_total(got, total);
	assert_int_equal(total[LEDGER_ANNOUNCED], 11);
	assert_int_equal(total[LEDGER_WITHDRAWN], 0);
	assert_false(got->overtaken || got->lost);
}

// One peer with two numbers is one row, and its name outlives it.
static void names(void **unused)
{
	struct ledger_report *a = report(), *b = report();
	uint16_t before, after;

	peers(2);
	before = number(1);
	open_one(0);
	peers(1);
	peers(2);
	after = number(1);
	assert_int_not_equal(before, after);
	peers(1);
	close_one();
	row(a, before, 0)->count[LEDGER_LOST] = 1;
	row(b, after, 0)->count[LEDGER_ACCEPTED] = 2;
	tell(1, INSTANCE_PUBLIC, a, false);
	tell(1, INSTANCE_PUBLIC, b, true);
	assert_int_equal(got->row_count, 1);
	assert_int_equal(got->rows[0].address.b[3], 2);
	assert_int_equal(got->rows[0].row.count[LEDGER_LOST], 1);
	assert_int_equal(got->rows[0].row.count[LEDGER_ACCEPTED], 2);
	assert_int_equal(measure_name(got, before)->address.b[3], 2);
	assert_null(measure_name(got, 77));
	assert_null(measure_name(got, RIB_NO_PEER));
	assert_true(got->lost);
}

static void instances_apart(void **unused)
{
	struct ledger_report *a = report(), *b = report();

	open_one(0);
	close_one();
	row(a, RIB_NO_PEER, 1)->count[LEDGER_BEST_NEW] = 1;
	row(a, RIB_NO_PEER, 0)->count[LEDGER_BEST_NEW] = 2;
	row(b, RIB_NO_PEER, 0)->count[LEDGER_BEST_NEW] = 3;
	tell(1, 9, a, false);
	tell(1, 2, b, false);
	assert_int_equal(got->row_count, 3);
	assert_int_equal(got->rows[0].instance, 2);
	assert_int_equal(got->rows[1].instance, 9);
	assert_int_equal(got->rows[1].row.family, 0);
	assert_int_equal(got->rows[2].row.family, 1);
}

static void samples(void **unused)
{
	struct ledger_report *a = report(), *b = report();
	unsigned bits;

	peers(1);
	open_one(2);
	close_one();
	sample(a, number(0), LEDGER_REJECTED, 9);
	sample(a, number(0), LEDGER_REJECTED, 3);
	sample(a, RIB_NO_PEER, LEDGER_BEST_GONE, 1);
	sample(b, number(0), LEDGER_REJECTED, 5);
	sample(b, number(0), LEDGER_ACCEPTED, 8);
	tell(1, INSTANCE_PUBLIC, a, false);
	tell(1, INSTANCE_PUBLIC, b, false);
	assert_int_equal(got->sample_count, 4);
	assert_int_equal(got->samples[0].sample.class, LEDGER_BEST_GONE);
	assert_int_equal(got->samples[1].sample.class, LEDGER_ACCEPTED);
	for (unsigned i = 2; i < 4; i++) {
		const struct ledger_sample *s = &got->samples[i].sample;

		assert_int_equal(s->class, LEDGER_REJECTED);
		assert_int_equal(s->af->prefix(&s->key, &bits)[2], i == 2 ? 3 : 5);
		assert_int_equal(got->samples[i].address.b[3], 1);
	}
	assert_int_equal(got->report_count, 2);
}

static struct measure *measure_of(uint16_t peer, uint64_t count, uint32_t by)
{
	struct measure *m = MEM_NEW(struct measure);

	m->rows = MEM_NEW(struct measure_row);
	m->row_count = 1;
	m->rows[0].row.peer = peer;
	m->rows[0].row.count[LEDGER_CHANGED] = count;
	m->rows[0].row.changed_by[8] = by;
	ip_parse("10.0.0.1", &m->rows[0].address);
	return m;
}

static void equality(void **unused)
{
	struct measure *a = measure_of(1, 5, 5), *same = measure_of(7, 5, 5);
	struct measure *count = measure_of(1, 6, 5), *by = measure_of(1, 5, 4);
	struct measure *table = measure_of(RIB_NO_PEER, 5, 5);

	assert_true(measure_equal(a, same)); // another number, the same peer
	assert_false(measure_equal(a, count));
	assert_false(measure_equal(a, by));
	assert_false(measure_equal(a, table));
	same->row_count = 0;
	assert_false(measure_equal(a, same));
	measure_free(a);
	measure_free(same);
	measure_free(count);
	measure_free(by);
	measure_free(table);
}

static void overtaken(void **unused)
{
	open_one(0);
	open_one(0);
	close_one();
	assert_false(speaker_measure_end(speaker, take, NULL)); // it was one
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(got_count, 1);
	assert_true(got->overtaken);
	assert_int_equal(got->row_count, 0);
}

// The next one may begin while the shards add up.
static void one_behind_another(void **unused)
{
	open_one(0);
	close_one();
	open_one(0);
	close_one();
	open_one(0);
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(got_count, 2);
	assert_false(got->overtaken);
	close_one();
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(got_count, 3);
}

static void cancelled(void **unused)
{
	open_one(0);
	close_one();
	open_one(0);
	speaker_measure_cancel(speaker);
	assert_false(speaker_measure_end(speaker, take, NULL));
	tell(1, INSTANCE_PUBLIC, report(), false);
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(got_count, 0);
	open_one(0);
	close_one();
	assert_true(sim_settle(SIM_SECOND));
	assert_int_equal(got_count, 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(adds_up),  CASE(names),     CASE(instances_apart),    CASE(samples),
		CASE(equality), CASE(overtaken), CASE(one_behind_another), CASE(cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
