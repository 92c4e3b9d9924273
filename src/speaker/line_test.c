// Whole speakers that talk BGP with each other over the simulated network: a line of three, of which
// the first originates and the last learns through the second.
#include "speaker/speaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "policy/source.h"
#include "sim/sim.h"

#define LINE   3
#define ROUTES 3

static const char *const address[LINE] = {"10.0.2.1", "10.0.2.2", "10.0.2.3"};
static const uint32_t number[LINE] = {65201, 65202, 65203};
static struct loop *loop[LINE];
static struct speaker *speaker[LINE];
static struct policy_store *store;

static void silent(enum log_level level, const char *line, void *arg)
{
}

static void fill_session(struct sess_config *s, unsigned from, unsigned to)
{
	*s = (struct sess_config){
		.remote_port = 179,
		.listen_port = 179,
		.local_as = number[from],
		.real_local_as = number[from],
		.remote_as = number[to],
		.router_id = from + 1,
		.families = af_bit(af_classic()),
		.hold_time = 180,
		.keepalive = 60,
		.connect_retry = 5,
		.refresh = true,
		.enhanced_refresh = true,
		.as4 = true,
	};
	ip_parse(address[from], &s->local);
	ip_parse(address[to], &s->remote);
}

static void fill_peer(struct speaker_config *c, unsigned from, unsigned to)
{
	struct peer_config *p = &c->peers[c->peer_count++];
	struct peer_family *f = &p->family[af_index(af_classic())];
	struct policy_binding b = {.af = af_classic()};

	fill_session(&p->session, from, to);
	p->address = p->session.remote;
	f->enabled = true;
	f->export = (struct rib_export){
		.program = policy_program(store, c->policy, &b),
		.kind = SOURCE_EBGP,
		.community = true,
		.local_as = number[from],
		.peer_as = number[to],
	};
	b.import = true;
	f->import = (struct rib_import){
		.program = policy_program(store, c->policy, &b),
		.source = SOURCE_EBGP,
		.check_first_as = true,
		.peer_as = number[to],
	};
}

static void fill_networks(struct family_config *f)
{
	f->networks = mem_zero(ROUTES * sizeof(*f->networks));
	for (unsigned i = 0; i < ROUTES; i++) {
		struct ip ip = {.bits = 32, .b = {10, 9, (uint8_t)i}};

		af_classic()->from_prefix(&ip, 24, &f->networks[f->network_count++].key);
	}
}

static struct speaker_config *configuration(unsigned i)
{
	struct speaker_config *c = speaker_config_new();
	struct policy_source *src = policy_source_new();

	c->generation = 1;
	c->present = true;
	c->as = number[i];
	c->router_id = i + 1;
	c->store = store;
	c->policy = policy_compile(store, src, NULL, NULL);
	policy_source_free(src);
	c->peers = mem_zero(2 * sizeof(*c->peers));
	if (i > 0)
		fill_peer(c, i, i - 1);
	if (i + 1 < LINE)
		fill_peer(c, i, i + 1);
	for (unsigned k = 0; k < af_count; k++)
		c->instances[0].family[k].options = (struct rib_options){
			.local_as = number[i],
			.router_id = i + 1,
			.default_local_pref = 100,
			.max_paths = 1,
		};
	if (!i)
		fill_networks(&c->instances[0].family[af_index(af_classic())]);
	return c;
}

static int begin(void **unused)
{
	log_set_sink(silent, NULL);
	sim_new(1);
	store = policy_store_new();
	for (unsigned i = 0; i < LINE; i++) {
		struct speaker_options o = {.port = 179};
		struct speaker_config *c = configuration(i);

		loop[i] = loop_new();
		sim_set_address(loop[i], address[i]);
		ip_parse(address[i], &o.listen);
		speaker[i] = speaker_new(loop[i], &o);
		assert_int_equal(speaker_listen(speaker[i]), 0);
		speaker_apply(speaker[i], c, NULL);
		speaker_config_unref(c);
	}
	sim_run_for(60 * SIM_SECOND);
	return 0;
}

static int end(void **unused)
{
	for (unsigned i = 0; i < LINE; i++)
		speaker_free(speaker[i]);
	sim_run_for(5 * SIM_SECOND);
	for (unsigned i = 0; i < LINE; i++)
		loop_free(loop[i]);
	policy_store_free(store);
	assert_int_equal(sim_free(), 0);
	return 0;
}

static unsigned destinations(unsigned i)
{
	struct rib_totals t;

	speaker_totals(speaker[i], INSTANCE_PUBLIC, af_classic(), &t);
	return t.destinations;
}

// Both directions refreshed in the middle: the last one keeps its routes, no session is made anew,
// BoRR and EoRR go both ways.
static void refreshed(void **unused)
{
	struct sess *x = speaker_peer_session(speaker_peer_at(speaker[1], 0));
	struct speaker_selector all = {.families = UINT16_MAX};
	struct buf notes = {0};
	uint64_t before;

	assert_int_equal(destinations(2), ROUTES);
	assert_int_equal(sess_get_state(x), SESS_ESTABLISHED);
	before = sess_get_counters(x)->in[BGP_UPDATE];
	speaker_refresh(speaker[1], &all, true, "refresh bgp", &notes);
	speaker_refresh(speaker[1], &all, false, "refresh bgp", &notes);
	assert_int_equal(notes.len, 0);
	sim_run_for(60 * SIM_SECOND);
	assert_true(sess_get_counters(x)->in[BGP_UPDATE] > before);
	assert_int_equal(sess_get_counters(x)->borr_in, 1);
	assert_int_equal(sess_get_counters(x)->eorr_in, 1);
	assert_int_equal(sess_get_counters(x)->borr_out, 1);
	assert_int_equal(sess_get_counters(x)->eorr_out, 1);
	assert_int_equal(sess_get_counters(x)->established_count, 1);
	assert_int_equal(destinations(2), ROUTES);
}

// The first one goes: its routes go everywhere.
static void first_gone(void **unused)
{
	assert_int_equal(destinations(2), ROUTES);
	speaker_free(speaker[0]);
	speaker[0] = NULL;
	sim_run_for(5 * SIM_SECOND);
	assert_int_equal(destinations(1), 0);
	assert_int_equal(destinations(2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refreshed, begin, end),
		cmocka_unit_test_setup_teardown(first_gone, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
