// Commits in stages: whom they concern, what cannot be staged, dynamic members, and the law for the
// mixture: after stages tables are what they would be had all begun with it.
#include "theatre.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "sim/sim.h"
#include "speaker/stage.h"

#define CASES 300

static struct theatre t;

static void set(enum step_kind kind, long a, long b, long c, long d)
{
	theatre_set(&t, kind, a, b, c, d);
}

static struct speaker_config *config(const struct law_state *s)
{
	return state_config(s, t.store, ++t.generation);
}

static void take_over(struct speaker_config *c)
{
	theatre_commit(&t, c);
}

static void settle(void)
{
	theatre_settle(&t);
}

static void neighbour(unsigned i, long flags)
{
	theatre_neighbour(&t, i, 65101 + i, flags, af_bit(af_classic()));
}

static void world_begin(void)
{
	theatre_open(&t, 1);
}

static void world_end(void)
{
	theatre_close(&t);
}

static int begin(void **unused)
{
	world_begin();
	for (unsigned i = 0; i < 3; i++)
		neighbour(i, PEER_REFRESH | PEER_ENHANCED);
	take_over(config(&t.state));
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
	const struct speaker_config *running = speaker_running(t.speaker);
	struct speaker_config *next = config(&t.state), *again = config(&t.state);
	struct stage_peer *list;

	assert_int_equal(stage_peers(t.speaker, next, &list), 0);
	mem_free(list);
	next->peers[0].family[0].import.preferred_value = 7;
	next->peers[2].family[0].export.community ^= true;
	assert_int_equal(stage_peers(t.speaker, next, &list), 2);
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

	assert_false(stage_possible(speaker_running(t.speaker), next, &why));
	assert_string_equal(buf_cstr(&why), what);
	buf_free(&why);
	speaker_config_unref(next);
}

static void not_possible(void **unused)
{
	struct speaker_config *c = config(&t.state);
	struct buf why = {0};

	assert_true(stage_possible(speaker_running(t.speaker), c, &why));
	c->peers[1].session.hold_time++;
	refuses(c, "the session of peer 10.0.1.2");
	c = config(&t.state);
	c->peers[1].family[0].import.keep_all = true;
	refuses(c, "keep-all-routes of peer 10.0.1.2");
	c = config(&t.state);
	peer_config_release(&c->peers[--c->peer_count]);
	refuses(c, "the removal of peer 10.0.1.3");
	c = config(&t.state);
	c->router_id++;
	refuses(c, "the router ID");
	c = config(&t.state);
	c->instances[0].family[0].options.as_path_ignore ^= true;
	refuses(c, "an option of IPv4 Unicast");
	set(STEP_NETWORK, 0, 1, 3, 0);
	refuses(config(&t.state), "a network of IPv4 Unicast");
	set(STEP_NETWORK, 0, 1, -1, 0);
	set(STEP_AGGREGATE, 0, 1, 1, 0);
	refuses(config(&t.state), "an aggregate of IPv4 Unicast");
	set(STEP_AGGREGATE, 0, 1, -1, 0);
	neighbour(3, 0);
	refuses(config(&t.state), "the new peer 10.0.1.4");
}

// --- dynamic members ------------------------------------------------------------------------------------
static struct speaker_config *grouped(uint16_t preferred)
{
	struct speaker_config *c = config(&t.state);
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
	struct speaker_peer *p = speaker_peer_find(t.speaker, INSTANCE_PUBLIC, &t.peer[i].address);

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
		assert_true(t.peer[i].established);
	next = grouped(2);
	assert_true(stage_possible(before, next, &why));
	assert_int_equal(stage_peers(t.speaker, next, &list), 3);
	choose(list, 3, 2);
	stage_hold_back(next, before, list, 3);
	unsigned sessions = t.peer[1].established_count;
	take_over(next);
	settle();
	assert_int_equal(preferred(0), 1);
	assert_int_equal(preferred(1), 2);
	assert_int_equal(preferred(2), 1);
	take_over(grouped(2));
	settle();
	assert_int_equal(preferred(0), 2);
	assert_int_equal(preferred(1), 2);
	assert_int_equal(t.peer[1].established_count, sessions);
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
			speaker_peer_find(t.speaker, INSTANCE_PUBLIC, &t.peer[i].address);

		assert_int_equal(t.peer[i].established_count, 1);
		speaker_peer_counts(t.speaker, speaker_peer_number(p), af_classic(), &c);
		buf_format(out, "%u: %u\n", i, (unsigned)c.accepted);
		for (unsigned k = 0; k < LAW_KEYS; k++) {
			struct af_key key = {0};

			law_key(af_classic(), k, &key);
			const struct player_told *told =
				player_find_told(&t.peer[i], af_classic(), &key);
			if (!told)
				continue;
			buf_format(out, " %u ", k);
			buf_hex(out, told->attrs.data, told->attrs.len);
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
	struct speaker_config *before = config(&t.state);
	policies_change(&r);
	for (unsigned i = 0; i < 12; i++) {
		struct af_key key = {0};

		law_key(af_classic(), random_below(&r, LAW_KEYS), &key);
		player_announce(&t.peer[random_below(&r, 4)], af_classic(), &key,
				1 + random_below(&r, 30));
	}
	unsigned stages = 1 + random_below(&r, 3);
	if (!from_start) {
		speaker_apply(t.speaker, before, NULL);
		settle();
	}
	for (unsigned i = 0; i < stages; i++) {
		struct stage_peer list[4];
		struct speaker_config *next = config(&t.state);

		bool rest = random_below(&r, 2);
		chosen |= 1u << random_below(&r, 4);
		for (unsigned k = 0; k < 4; k++)
			list[k] = (struct stage_peer){0, t.peer[k].address, chosen >> k & 1};
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
