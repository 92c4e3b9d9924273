// Commits in stages: whom they concern, what cannot be staged, dynamic members, and the law for the
// mixture: after stages tables are what they would be had all begun with it.
#include "law.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "sim/sim.h"
#include "speaker/stage.h"

#define HERE  "10.0.0.1"
#define CASES 300

static struct loop *loop, *there; // file-scope: one world a test
static struct speaker *speaker;
static struct policy_store *store;
static struct law_state state;
static struct player peer[LAW_PEERS];
static uint32_t generation;

static void silent(enum log_level level, const char *line, void *arg)
{
}

static void set(enum step_kind kind, long a, long b, long c, long d)
{
	struct law_step step = {kind, {a, b, c, d}};

	state_step(&state, &step);
}

static struct speaker_config *config(const struct law_state *s)
{
	return state_config(s, store, ++generation);
}

static void take_over(struct speaker_config *c)
{
	speaker_apply(speaker, c, NULL);
	speaker_config_unref(c);
}

static void settle(void)
{
	sim_run_for(20 * SIM_SECOND);
	sim_settle(SIM_SECOND);
}

static void neighbour(unsigned i, long flags)
{
	char address[IP_TEXT_MAX];

	set(STEP_PEER, (long)i, 65101 + (long)i, flags, af_bit(af_classic()));
	law_address(i, address);
	player_init(&peer[i], there, address, HERE);
	peer[i].as = 65101 + i;
	peer[i].peer_as = LAW_AS;
	peer[i].refresh = flags & PEER_REFRESH;
	peer[i].enhanced = flags & PEER_ENHANCED;
	peer[i].families = af_bit(af_classic());
	player_connect(&peer[i]);
}

static void world_begin(void)
{
	struct speaker_options o = {.port = 179};

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
}

static void world_end(void)
{
	speaker_free(speaker);
	for (unsigned i = 0; i < LAW_PEERS; i++) {
		assert_null(peer[i].complaint);
		if (peer[i].loop)
			player_free(&peer[i]);
	}
	sim_run_for(2 * SIM_SECOND);
	policy_store_free(store);
	loop_free(loop);
	loop_free(there);
	assert_int_equal(sim_free(), 0);
}

static int begin(void **unused)
{
	log_set_sink(silent, NULL);
	world_begin();
	for (unsigned i = 0; i < 3; i++)
		neighbour(i, PEER_REFRESH | PEER_ENHANCED);
	take_over(config(&state));
	settle();
	return 0;
}

static int end(void **unused)
{
	world_end();
	return 0;
}

static void choose(struct stage_peer *list, unsigned n, unsigned bits)
{
	for (unsigned i = 0; i < n; i++)
		list[i].chosen = bits >> i & 1;
}

// --- whom it concerns ---------------------------------------------------------------------------------
static void concerned(void **unused)
{
	const struct speaker_config *running = speaker_running(speaker);
	struct speaker_config *next = config(&state), *again = config(&state);
	struct stage_peer *list;

	assert_int_equal(stage_peers(speaker, next, &list), 0);
	mem_free(list);
	next->peers[0].family[0].import.preferred_value = 7;
	next->peers[2].family[0].export.community ^= true;
	assert_int_equal(stage_peers(speaker, next, &list), 2);
	assert_true(ip_equal(&list[0].address, &running->peers[0].address));
	assert_true(ip_equal(&list[1].address, &running->peers[2].address));
	choose(list, 2, 2);
	stage_hold_back(next, running, list, 2);
	assert_int_equal(next->peers[0].family[0].import.preferred_value, 0);
	assert_true(next->peers[2].family[0].export.community !=
		    running->peers[2].family[0].export.community);
	// And the other way round.
	again->peers[0].family[0].import.preferred_value = 7;
	again->peers[2].family[0].export.community ^= true;
	choose(list, 2, 1);
	stage_hold_back(again, running, list, 2);
	assert_int_equal(again->peers[0].family[0].import.preferred_value, 7);
	assert_true(again->peers[2].family[0].export.community ==
		    running->peers[2].family[0].export.community);
	mem_free(list);
	speaker_config_unref(again);
	speaker_config_unref(next);
}

static void refuses(struct speaker_config *next, const char *what)
{
	struct buf why = {0};

	assert_false(stage_possible(speaker_running(speaker), next, &why));
	assert_string_equal(buf_cstr(&why), what);
	buf_free(&why);
	speaker_config_unref(next);
}

static void not_possible(void **unused)
{
	struct speaker_config *c = config(&state);
	struct buf why = {0};

	assert_true(stage_possible(speaker_running(speaker), c, &why));
	c->peers[1].session.hold_time++;
	refuses(c, "the session of peer 10.0.1.2");
	c = config(&state);
	c->peers[1].family[0].import.keep_all = true;
	refuses(c, "keep-all-routes of peer 10.0.1.2");
	c = config(&state);
	peer_config_release(&c->peers[--c->peer_count]);
	refuses(c, "the removal of peer 10.0.1.3");
	c = config(&state);
	c->router_id++;
	refuses(c, "the router ID");
	c = config(&state);
	c->instances[0].family[0].options.as_path_ignore ^= true;
	refuses(c, "an option of IPv4 Unicast");
	set(STEP_NETWORK, 0, 1, 3, 0);
	refuses(config(&state), "a network of IPv4 Unicast");
	set(STEP_NETWORK, 0, 1, -1, 0);
	set(STEP_AGGREGATE, 0, 1, 1, 0);
	refuses(config(&state), "an aggregate of IPv4 Unicast");
	set(STEP_AGGREGATE, 0, 1, -1, 0);
	neighbour(3, 0);
	refuses(config(&state), "the new peer 10.0.1.4");
}

// --- dynamic members ------------------------------------------------------------------------------------
static struct speaker_config *grouped(uint16_t preferred)
{
	struct speaker_config *c = config(&state);
	struct group_config *g = mem_zero(sizeof(*g));

	*g = (struct group_config){.name = "G", .external = true, .listen = true};
	ip_parse("10.0.1.0", &g->listen_net[0].net);
	g->listen_net[0].length = 24;
	g->listen_net_count = 1;
	g->listen_as_from = 65101;
	g->listen_as_to = 65109;
	g->template_peer = c->peers[0];
	peer_config_hold(&g->template_peer);
	g->template_peer.session.remote_as = 0;
	g->template_peer.family[0].import.peer_as = g->template_peer.family[0].export.peer_as = 0;
	g->template_peer.family[0].import.preferred_value = preferred;
	for (unsigned i = 0; i < c->peer_count; i++)
		peer_config_release(&c->peers[i]);
	c->peer_count = 0;
	c->groups = g;
	c->group_count = 1;
	return c;
}

static unsigned preferred(unsigned i)
{
	struct speaker_peer *p = speaker_peer_find(speaker, INSTANCE_PUBLIC, &peer[i].address);

	return speaker_peer_config(p)->family[0].import.preferred_value;
}

static void dynamic_members(void **unused)
{
	struct speaker_config *before = speaker_config_ref(grouped(1)), *next;
	struct stage_peer *list;
	struct buf why = {0};

	take_over(before);
	settle();
	for (unsigned i = 0; i < 3; i++)
		assert_true(peer[i].established);
	next = grouped(2);
	assert_true(stage_possible(before, next, &why));
	assert_int_equal(stage_peers(speaker, next, &list), 3);
	choose(list, 3, 2);
	stage_hold_back(next, before, list, 3);
	unsigned sessions = peer[1].established_count;
	take_over(next);
	settle();
	assert_int_equal(preferred(0), 1);
	assert_int_equal(preferred(1), 2);
	assert_int_equal(preferred(2), 1);
	take_over(grouped(2));
	settle();
	assert_int_equal(preferred(0), 2);
	assert_int_equal(preferred(1), 2);
	assert_int_equal(peer[1].established_count, sessions);
	mem_free(list);
	speaker_config_unref(before);
}

// --- the law ----------------------------------------------------------------------------------------------
static void policies_change(struct random *r)
{
	for (unsigned i = 0; i < 4; i++)
		set(STEP_OBJECT, random_below(r, OBJECT_KINDS), random_below(r, LAW_OBJECTS),
		    1 + random_below(r, 1000), 0);
	for (unsigned i = 0; i < 4; i++)
		set(STEP_BIND, random_below(r, 4), random_below(r, 2),
		    random_below(r, OBJECT_KINDS), (long)random_below(r, LAW_OBJECTS + 1) - 1);
}

static void tables_put(struct buf *out)
{
	for (unsigned i = 0; i < 4; i++) {
		struct rib_counts c;
		struct speaker_peer *p =
			speaker_peer_find(speaker, INSTANCE_PUBLIC, &peer[i].address);

		assert_int_equal(peer[i].established_count, 1);
		speaker_peer_counts(speaker, speaker_peer_number(p), af_classic(), &c);
		buf_format(out, "%u: %u\n", i, (unsigned)c.accepted);
		for (unsigned k = 0; k < LAW_KEYS; k++) {
			struct af_key key = {0};

			law_key(af_classic(), k, &key);
			const struct player_told *t =
				player_find_told(&peer[i], af_classic(), &key);
			if (!t)
				continue;
			buf_format(out, " %u ", k);
			buf_hex(out, t->attrs.data, t->attrs.len);
			buf_u8(out, '\n');
		}
	}
}

// The mixture at the end of `stages` (sets of peers, one more each time), or from the start.
static void play(unsigned seed, bool from_start, struct buf *out)
{
	struct random r;
	unsigned chosen = 0;

	world_begin();
	random_seed(&r, seed);
	for (unsigned i = 0; i < 4; i++) {
		neighbour(i, i & 1 ? PEER_REFRESH : PEER_REFRESH | PEER_ENHANCED);
		set(STEP_KEEP, i, random_below(&r, 2), 0, 0);
	}
	policies_change(&r);
	struct speaker_config *before = config(&state);
	policies_change(&r);
	for (unsigned i = 0; i < 12; i++) {
		struct af_key key = {0};

		law_key(af_classic(), random_below(&r, LAW_KEYS), &key);
		player_announce(&peer[random_below(&r, 4)], af_classic(), &key,
				1 + random_below(&r, 30));
	}
	unsigned stages = 1 + random_below(&r, 3);
	if (!from_start) {
		speaker_apply(speaker, before, NULL);
		settle();
	}
	for (unsigned i = 0; i < stages; i++) {
		struct stage_peer list[4];
		struct speaker_config *next = config(&state);

		bool rest = random_below(&r, 2);
		chosen |= 1u << random_below(&r, 4);
		for (unsigned k = 0; k < 4; k++)
			list[k] = (struct stage_peer){0, peer[k].address, chosen >> k & 1};
		stage_hold_back(next, before, list, 4);
		if (from_start && i + 1 < stages) {
			speaker_config_unref(next);
			continue;
		}
		take_over(next);
		if (rest || i + 1 == stages)
			settle();
	}
	tables_put(out);
	speaker_config_unref(before);
	world_end();
}

static void soft_equals_hard(void **unused)
{
	unsigned full = 0;

	log_set_sink(silent, NULL);
	for (unsigned seed = 1; seed <= CASES; seed++) {
		struct buf soft = {0}, hard = {0};

		play(seed, false, &soft);
		play(seed, true, &hard);
		if (strcmp(buf_cstr(&soft), buf_cstr(&hard)) != 0)
			printf("case %u\n", seed);
		assert_string_equal(buf_cstr(&soft), buf_cstr(&hard));
		full += soft.len > 100;
		buf_free(&soft);
		buf_free(&hard);
	}
	assert_true(full > CASES / 4); // not all of them empty tables
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(concerned),
		CASE(not_possible),
		CASE(dynamic_members),
		cmocka_unit_test(soft_equals_hard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
