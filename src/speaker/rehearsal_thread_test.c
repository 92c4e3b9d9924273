// Rehearsals of a speaker with rib threads, over libuv and loopback: the copy is made while the threads
// are at work, drives their loops itself, and what it foretells comes true. A second speaker is the
// neighbour.
#include "speaker/rehearsal.h"

#include "law.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "speaker/audit.h"

#define ROUTES     5000u
#define PATIENCE   (20 * UINT64_C(1000000))
#define HERE       "127.0.0.1"
#define THERE      "127.0.0.2"
#define THEIR_AS   65101
#define REHEARSALS 6

static struct loop *loop;
static struct timer *beat;
static struct speaker *here, *there;
static struct policy_store *store;
static struct law_state state;
static uint32_t generation;
static struct measure foretold, *effect;
static unsigned ends;
static bool good;

static void silent(enum log_level level, const char *line, void *arg)
{
}

static void nothing(void *arg)
{
}

static struct speaker *speaker_at(const char *address, uint16_t port, unsigned threads)
{
	struct speaker_options o = {.port = port, .rib_threads = threads};
	struct speaker *s;

	ip_parse(address, &o.listen);
	s = speaker_new(loop, &o);
	if (!speaker_listen(s))
		return s;
	speaker_free(s);
	return NULL;
}

// Some port that both can have.
static uint16_t speakers_start(void)
{
	for (unsigned i = 0; i < 50; i++) {
		uint16_t port = (uint16_t)(20000 + ((unsigned)getpid() * 50 + i) % 20000);

		here = speaker_at(HERE, port, 2);
		there = here ? speaker_at(THERE, port, 0) : NULL;
		if (there)
			return port;
		speaker_free(here);
	}
	fail_msg("no port");
	return 0;
}

static struct af_key key(unsigned i)
{
	struct ip ip = {.bits = 32, .b = {(uint8_t)(1 + i % 199), (uint8_t)(i >> 8), (uint8_t)i}};
	struct af_key k = {0};

	af_classic()->from_prefix(&ip, 24, &k);
	return k;
}

static void session_patch(struct peer_config *c, const char *to, const char *from, uint16_t port,
			  bool passive)
{
	struct sess_config *s = &c->session;

	ip_parse(to, &c->address);
	ip_parse(from, &s->local);
	s->remote = c->address;
	s->remote_port = s->listen_port = port;
	s->passive = passive;
	s->connect_retry = 1;
	s->ttl = 1;
}

// The neighbour: a peer and many networks.
static void there_configure(uint16_t port)
{
	struct law_state s;
	struct law_step step = {STEP_PEER, {0, LAW_AS, PEER_REFRESH, af_bit(af_classic())}};
	struct speaker_config *c;
	struct family_config *f;

	state_init(&s);
	state_step(&s, &step);
	c = state_config(&s, store, 1);
	c->as = THEIR_AS;
	c->router_id = 0x0a000002;
	session_patch(&c->peers[0], HERE, THERE, port, false);
	c->peers[0].session.local_as = c->peers[0].session.real_local_as = THEIR_AS;
	c->peers[0].session.router_id = c->router_id;
	c->peers[0].session.internal = false;
	f = &c->instances[0].family[af_index(af_classic())];
	f->options.local_as = THEIR_AS;
	f->options.router_id = c->router_id;
	c->peers[0].family[af_index(af_classic())].import.source = SOURCE_EBGP;
	c->peers[0].family[af_index(af_classic())].export.kind = SOURCE_EBGP;
	c->peers[0].family[af_index(af_classic())].export.local_as = THEIR_AS;
	f->networks = mem_resize(f->networks, ROUTES * sizeof(*f->networks));
	memset(f->networks, 0, ROUTES * sizeof(*f->networks));
	f->network_count = ROUTES;
	for (unsigned i = 0; i < ROUTES; i++)
		f->networks[i].key = key(i);
	speaker_apply(there, c, NULL);
	speaker_config_unref(c);
}

static uint16_t the_port;

static struct speaker_config *config(void)
{
	struct speaker_config *c = state_config(&state, store, ++generation);

	session_patch(&c->peers[0], THERE, HERE, the_port, true);
	return c;
}

static void set(enum step_kind kind, long a, long b, long c, long d)
{
	struct law_step step = {kind, {a, b, c, d}};

	state_step(&state, &step);
}

static int begin(void **unused)
{
	log_set_sink(silent, NULL);
	loop = loop_new();
	beat = timer_new(loop, nothing, NULL);
	store = policy_store_new();
	the_port = speakers_start();
	state_init(&state);
	set(STEP_PEER, 0, THEIR_AS, PEER_REFRESH, af_bit(af_classic()));
	generation = ends = 0;
	there_configure(the_port);
	return 0;
}

static int end(void **unused)
{
	speaker_free(there);
	speaker_free(here);
	policy_store_free(store);
	timer_free(beat);
	loop_free(loop);
	mem_free(foretold.rows);
	foretold = (struct measure){0};
	measure_free(effect);
	effect = NULL;
	return 0;
}

static void round_of_loop(void)
{
	timer_start(beat, 5000); // no round waits for ever
	loop_run_once(loop);
}

static uint64_t accepted(void)
{
	struct speaker_peer *p = speaker_peer_at(here, 0);
	struct rib_counts c = {0};

	if (p)
		speaker_peer_counts(here, speaker_peer_number(p), af_classic(), &c);
	return c.accepted;
}

static void wait_for_routes(unsigned n)
{
	uint64_t until = loop_clock() + PATIENCE;

	while (accepted() < n) {
		assert_true(loop_clock() < until);
		round_of_loop();
	}
}

static void settle(void)
{
	uint64_t until = loop_clock() + PATIENCE;

	do {
		assert_true(loop_clock() < until);
		round_of_loop();
	} while (!speaker_quiet(here));
}

// --- rehearsals ---------------------------------------------------------------------------------------
static void tell(void *arg, struct speaker *s, const struct measure *m)
{
	rehearsal_tell(1, m->rows, m->row_count * sizeof(*m->rows));
}

static void heard(void *arg, uint8_t kind, const uint8_t *p, size_t n)
{
	mem_free(foretold.rows);
	foretold.rows = n ? mem_copy(p, n) : NULL;
	foretold.row_count = (unsigned)(n / sizeof(*foretold.rows));
}

static void ended(void *arg, bool well)
{
	ends++;
	good = well;
}

static struct rehearsal *start(struct speaker_config *next)
{
	struct rehearsal_want w = {.next = next, .tell = tell, .heard = heard, .done = ended};
	struct rehearsal *r;
	int error = 0;

	r = rehearsal_start(here, &w, &error);
	assert_non_null(r);
	return r;
}

static void foretell(struct speaker_config *next)
{
	uint64_t until = loop_clock() + PATIENCE;

	ends = 0;
	start(next);
	while (!ends) {
		assert_true(loop_clock() < until);
		round_of_loop();
	}
	assert_true(good);
}

static void measured(void *arg, struct measure *m)
{
	measure_free(effect);
	effect = m;
}

static void commit_measured(struct speaker_config *next)
{
	uint64_t until = loop_clock() + PATIENCE;

	measure_free(effect);
	effect = NULL;
	speaker_measure_begin(here, &(struct ledger_options){0});
	speaker_apply(here, next, NULL);
	settle();
	assert_true(speaker_measure_end(here, measured, NULL));
	while (!effect) {
		assert_true(loop_clock() < until);
		round_of_loop();
	}
}

static uint64_t total(enum ledger_class class)
{
	uint64_t sum[LEDGER_CLASSES];

	measure_total(&foretold, sum);
	return sum[class];
}

static void comes_true(void)
{
	struct speaker_config *next = config();

	foretell(next);
	commit_measured(next);
	assert_true(measure_equal(&foretold, effect));
	speaker_config_unref(next);
}

// --- tests --------------------------------------------------------------------------------------------
static void up(void)
{
	struct speaker_config *c = config();

	speaker_apply(here, c, NULL);
	speaker_config_unref(c);
	wait_for_routes(ROUTES);
	settle();
}

static void impact_is_effect(void **unused)
{
	up();
	set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 100, 0);
	comes_true();
	assert_int_equal(total(LEDGER_CHANGED), ROUTES);
	assert_int_equal(total(LEDGER_BEST_CHANGED), ROUTES);
	set(STEP_NETWORK, af_index(af_classic()), 1, 1, 0);
	set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 0, 0);
	comes_true();
	assert_int_equal(total(LEDGER_BEST_NEW), 1);
	assert_int_equal(total(LEDGER_ANNOUNCED), 1);
	comes_true();
	assert_int_equal(foretold.row_count, 0);
	set(STEP_INSTANCE, 1, af_bit(af_classic()), 0, 0);
	set(STEP_NETWORK, af_index(af_classic()), 1, 1, 1);
	comes_true();
	set(STEP_INSTANCE, 1, 0, 0, 0);
	comes_true();
	assert_true(total(LEDGER_BEST_GONE) >= 1);
	set(STEP_PRESENT, 0, 0, 0, 0);
	state.peer[0].known = false;
	struct speaker_config *none = state_config(&state, store, ++generation);
	foretell(none);
	assert_int_equal(total(LEDGER_LOST), ROUTES);
	commit_measured(none);
	assert_true(measure_equal(&foretold, effect));
	speaker_config_unref(none);
}

// The threads take in routes, walk and deliver while one copy after the other is made.
static void busy_threads(void **unused)
{
	struct speaker_config *c = config();

	speaker_apply(here, c, NULL);
	speaker_config_unref(c);
	for (unsigned i = 0; i < REHEARSALS; i++) {
		struct speaker_config *next;

		wait_for_routes(i * ROUTES / REHEARSALS);
		set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 10 + i, 0);
		next = config();
		foretell(next);
		speaker_apply(here, next, NULL);
		speaker_config_unref(next);
	}
	wait_for_routes(ROUTES);
	settle();
	assert_int_equal(accepted(), ROUTES);
	set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 1, 0);
	comes_true();
	assert_int_equal(total(LEDGER_CHANGED), ROUTES);
}

// --- audits: a copy that takes over nothing -----------------------------------------------------------
static struct {
	uint64_t routes, announcements, differences;
} audited;

static void audit_in_copy(void *arg, struct speaker *s, const struct measure *m)
{
	struct audit_options o = {.families = UINT16_MAX};
	struct audit a;

	speaker_audit(s, &o, &a);
	audited.routes = a.replayed;
	audited.announcements = 0;
	for (unsigned i = 0; i < a.row_count; i++)
		audited.announcements += a.rows[i].counts.announcements;
	audited.differences = audit_differences(&a);
	audit_free(&a);
	rehearsal_tell(1, &audited, sizeof(audited));
}

static void audit_heard(void *arg, uint8_t kind, const uint8_t *p, size_t n)
{
	assert_int_equal(n, sizeof(audited));
	memcpy(&audited, p, n);
}

static void audit(void)
{
	struct rehearsal_want w = {.tell = audit_in_copy, .heard = audit_heard, .done = ended};
	uint64_t until = loop_clock() + PATIENCE;
	int error = 0;

	ends = 0;
	assert_non_null(rehearsal_start(here, &w, &error));
	while (!ends) {
		assert_true(loop_clock() < until);
		round_of_loop();
	}
	assert_true(good);
	assert_int_equal(audited.differences, 0);
}

// While routes come in, while a walk is under way, and at rest.
static void audits(void **unused)
{
	struct speaker_config *c = config();

	speaker_apply(here, c, NULL);
	speaker_config_unref(c);
	for (unsigned i = 0; i < REHEARSALS; i++) {
		wait_for_routes(i * ROUTES / REHEARSALS);
		set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 10 + i, 0);
		set(STEP_NETWORK, af_index(af_classic()), 1 + i, 1, 0);
		c = config();
		speaker_apply(here, c, NULL);
		speaker_config_unref(c);
		audit();
	}
	wait_for_routes(ROUTES);
	settle();
	audit();
	assert_int_equal(audited.routes, ROUTES);
	assert_int_equal(audited.announcements, REHEARSALS);
}

static void cancelled(void **unused)
{
	struct speaker_config *next;

	up();
	set(STEP_OPTION, 0, OPTION_PREFERRED_VALUE, 100, 0);
	next = config();
	ends = 0;
	for (unsigned i = 0; i < REHEARSALS; i++) {
		struct rehearsal *r = start(next);

		for (unsigned k = 0; k < i; k++)
			round_of_loop();
		if (!ends)
			rehearsal_cancel(r);
		ends = 0;
	}
	speaker_config_unref(next);
	comes_true();
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(impact_is_effect),
		CASE(busy_threads),
		CASE(audits),
		CASE(cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
