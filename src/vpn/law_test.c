// The law of this room: whatever happened, in whatever order, when the walks are through the tables
// are those of an exchange that was built anew with the same links and fed the same routes in another
// order. Random VPN routes, routes of CEs and of our own, instances that come and go, targets,
// distinguishers, labels and policies that change, walks cut in slices with all of that between.
//
// VPN_LAW_SEED and VPN_LAW_CASES choose other cases; a failure prints the seed of its case, which
// with VPN_LAW_CASES=1 runs it alone.
#include "base/mem.h"
#include "vpn/town.h"
#include "vpn/town_explain.h"

#include "af/rd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FAMILIES  2
#define INSTANCES 4 // 1 ... 4
#define PEERS     2 // of each rib
#define PREFIXES  5
#define RDS       7 // the last two are nobody's
#define KEYS      (RDS * PREFIXES)
#define SETS      24
#define TARGETS   5
#define POLICIES  5
#define NO_ROUTE  (-1)

static const char *const inner_names[FAMILIES] = {"ipv4-unicast", "mvpn"};
static const char *const outer_names[FAMILIES] = {"vpnv4", "mvpn"};

// Made once.
struct law_pool {
	const struct af *inner[FAMILIES], *outer[FAMILIES];
	uint8_t rd[RDS][8], target[TARGETS][8];
	struct af_key inner_key[FAMILIES][PREFIXES], outer_key[FAMILIES][KEYS];
	struct buf sets[SETS]; // canonical bytes
	struct attrs own_set[SETS];
	struct policy_program *import[FAMILIES][POLICIES], *export[FAMILIES][POLICIES];
};

struct tie_truth {
	bool present, takes_own, label_per_route;
	unsigned rd, targets, communities; // number; bits of targets
	unsigned import, export;           // policies
};

struct truth {
	bool built[INSTANCES + 1];
	struct tie_truth tie[INSTANCES + 1][FAMILIES];
	int vpn[FAMILIES][PEERS][KEYS];
	int ce[INSTANCES + 1][PEERS][PREFIXES]; // of the first family
	int own[INSTANCES + 1][FAMILIES][PREFIXES];
};

struct walking {
	struct exchange_walk *walk;
	bool wanted;
};

struct law {
	struct town town, fresh;
	struct law_pool pool;
	struct truth truth;
	struct walking walks[INSTANCES + 1][FAMILIES][2];
	struct random r;
	uint64_t seed;
	uint64_t words; // of explanations
};

static unsigned below(struct law *l, unsigned n)
{
	return random_below(&l->r, n);
}

static bool chance(struct law *l, unsigned percent)
{
	return below(l, 100) < percent;
}

static int some_set(struct law *l)
{
	return chance(l, 65) ? (int)below(l, SETS) : NO_ROUTE;
}

// --- the pool ---------------------------------------------------------------------------------------
static void make_sets(struct law *l)
{
	static const char *const more[] = {"",         " med=10",          " lp=150", " path=65009",
					   " soo=8:8", " comm=65535:65281"};
	struct fixture *f = &l->town.policy;

	for (unsigned i = 0; i < SETS; i++) {
		char text[256];
		struct attrs as;
		unsigned bits = below(l, 1 << TARGETS) & below(l, 1 << TARGETS);
		int n = snprintf(text, sizeof(text), "origin=0 path=65001 nh=10.0.0.1%s",
				 more[below(l, 6)]);
		for (unsigned t = 0, first = 1; t < TARGETS; t++)
			if (bits >> t & 1) {
				n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%u:%u",
					      first ? " rt=" : ";", t + 1, t + 1);
				first = 0;
			}
		fixture_attrs(f, text, &as);
		attrs_encode(&l->pool.sets[i], &as);
		l->pool.own_set[i] = as;
	}
}

static void make_keys(struct law *l)
{
	struct law_pool *p = &l->pool;
	char text[64];

	for (unsigned i = 0; i < RDS; i++) {
		snprintf(text, sizeof(text), "100:%u", i + 1);
		assert_true(rd_get(text, p->rd[i]));
	}
	for (unsigned i = 0; i < TARGETS; i++) {
		snprintf(text, sizeof(text), "%u:%u", i + 1, i + 1);
		assert_true(ext_community_parse_rt(text, p->target[i]));
	}
	for (unsigned i = 0; i < PREFIXES; i++) {
		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		assert_true(p->inner[0]->text_get(text, &p->inner_key[0][i]));
		snprintf(text, sizeof(text), "7 100:%u 65000 10.1.1.1 225.1.1.%u", i + 1, i);
		assert_true(p->inner[1]->text_get(text, &p->inner_key[1][i]));
	}
	for (unsigned i = 0; i < KEYS; i++)
		for (unsigned f = 0; f < FAMILIES; f++)
			p->outer[f]->from_inner(&p->inner_key[f][i % PREFIXES], p->rd[i / PREFIXES],
						&p->outer_key[f][i]);
}

static void make_policies(struct law *l)
{
	static const char *const names[POLICIES] = {NULL, "mark", "split", "targets", "refuse"};
	struct fixture *f = &l->town.policy;

	fixture_config(f,
		       "ip ip-prefix l permit 10.0.0.0 15 greater-equal 15 less-equal 32\n"
		       "route-policy mark permit node 10\napply cost 77\n"
		       "route-policy split deny node 10\nif-match ip-prefix l\n"
		       "route-policy split permit node 20\napply local-preference 120\n"
		       "route-policy targets permit node 10\nif-match ip-prefix l\napply rt 4:4\n"
		       "route-policy targets permit node 20\napply rt 5:5 additive\n"
		       "route-policy refuse deny node 10\n");
	for (unsigned i = 0; i < FAMILIES; i++)
		for (unsigned n = 1; n < POLICIES; n++) {
			l->pool.import[i][n] = fixture_program(f, inner_names[i], true, names[n]);
			l->pool.export[i][n] = fixture_program(f, inner_names[i], false, names[n]);
		}
}

static void pool_make(struct law *l)
{
	random_seed(&l->r, 1);
	for (unsigned f = 0; f < FAMILIES; f++) {
		l->pool.inner[f] = fixture_af(inner_names[f]);
		l->pool.outer[f] = fixture_af(outer_names[f]);
	}
	make_keys(l);
	make_policies(l);
	make_sets(l);
	for (unsigned i = 0; i < SETS; i++) { // values that last
		struct attrs *as = &l->pool.own_set[i];
		for (unsigned a = 0; a < as->count; a++)
			if (as->a[a].len)
				as->a[a].value = mem_copy(as->a[a].value, as->a[a].len);
	}
}

static void pool_drop(struct law *l)
{
	for (unsigned i = 0; i < SETS; i++) {
		buf_free(&l->pool.sets[i]);
		for (unsigned a = 0; a < l->pool.own_set[i].count; a++)
			if (l->pool.own_set[i].a[a].len)
				mem_free((void *)l->pool.own_set[i].a[a].value);
	}
	for (unsigned i = 0; i < FAMILIES; i++)
		for (unsigned n = 1; n < POLICIES; n++) {
			policy_program_unref(l->pool.import[i][n]);
			policy_program_unref(l->pool.export[i][n]);
		}
}

// --- telling a town ---------------------------------------------------------------------------------
static void tell(struct law *l, struct town *t, unsigned peer, const struct af *af,
		 const struct af_key *key, int set)
{
	struct buf nlri = {0};

	af->nlri_put(&nlri, key);
	if (af->label_put && set != NO_ROUTE)
		af->label_put(nlri.data, 1000 + peer);
	struct span n = {nlri.data, nlri.len}, a = {0};
	if (set != NO_ROUTE)
		a = (struct span){l->pool.sets[set].data, l->pool.sets[set].len};
	rib_update(t->houses[peer / TOWN_PEERS].rib, (uint16_t)peer, af,
		   set == NO_ROUTE ? NULL : &a, &n);
	buf_free(&nlri);
}

static void tell_vpn(struct law *l, struct town *t, unsigned f, unsigned peer, unsigned key)
{
	tell(l, t, peer, l->pool.outer[f], &l->pool.outer_key[f][key], l->truth.vpn[f][peer][key]);
}

static void tell_ce(struct law *l, struct town *t, unsigned n, unsigned peer, unsigned prefix)
{
	tell(l, t, n * TOWN_PEERS + peer, l->pool.inner[0], &l->pool.inner_key[0][prefix],
	     l->truth.ce[n][peer][prefix]);
}

static void tell_own(struct law *l, struct town *t, unsigned n, unsigned f, unsigned prefix)
{
	int set = l->truth.own[n][f][prefix];

	rib_originate(t->houses[n].rib, l->pool.inner[f], &l->pool.inner_key[f][prefix],
		      set == NO_ROUTE ? NULL : &l->pool.own_set[set]);
}

static unsigned fill(const struct law *l, unsigned bits, uint8_t (*list)[8])
{
	unsigned n = 0;

	for (unsigned i = 0; i < TARGETS; i++)
		if (bits >> i & 1)
			memcpy(list[n++], l->pool.target[i], 8);
	return n;
}

static void tell_link(struct law *l, struct town *t, unsigned n, unsigned f)
{
	const struct tie_truth *tie = &l->truth.tie[n][f];
	uint8_t targets[TARGETS][8], communities[TARGETS][8];
	struct vpn_link link = {.present = tie->present,
				.takes_own = tie->takes_own,
				.label = 16 + n,
				.label_per_route = tie->label_per_route,
				.targets = targets,
				.communities = communities,
				.import = l->pool.import[f][tie->import],
				.export = l->pool.export[f][tie->export]};

	memcpy(link.rd, l->pool.rd[tie->rd], 8);
	link.target_count = fill(l, tie->targets, targets);
	link.community_count = fill(l, tie->communities, communities);
	exchange_link(t->exchange, (uint16_t)n, l->pool.inner[f], tie->present ? &link : NULL);
}

static void build(struct law *l, struct town *t, unsigned n)
{
	town_build(t, n);
	for (unsigned i = 0; i < PEERS; i++)
		town_peer(t, n, i, i ? SOURCE_IBGP : SOURCE_EBGP);
}

// --- walks ------------------------------------------------------------------------------------------
static bool countdown(void *arg)
{
	return (*(int *)arg)-- <= 0;
}

static bool never(void *arg)
{
	return false;
}

static unsigned lent_paths(struct law *l, unsigned n, unsigned f)
{
	return town_lent(&l->town, n, l->pool.inner[f]);
}

static struct exchange_walk *walk_new(struct law *l, unsigned n, unsigned f, bool import)
{
	return exchange_walk_new(l->town.exchange, (uint16_t)n, l->pool.inner[f], import,
				 chance(l, 10));
}

// One without interruption: its counts are what has changed.
static void walk_whole(struct law *l, unsigned n, unsigned f)
{
	struct exchange_walk *w = walk_new(l, n, f, true);
	unsigned before = lent_paths(l, n, f);
	struct sweep_counts c;

	while (exchange_walk_step(w, never, NULL))
		;
	exchange_walk_counts(w, &c);
	exchange_walk_free(w);
	assert_int_equal(lent_paths(l, n, f), before + c.newly_accepted - c.newly_rejected);
	assert_true(c.changed <= c.seen && c.newly_accepted + c.newly_rejected <= c.changed);
	assert_true(c.best_moved <= c.changed);
	w = walk_new(l, n, f, true);
	while (exchange_walk_step(w, never, NULL))
		;
	exchange_walk_counts(w, &c);
	exchange_walk_free(w);
	assert_int_equal(c.changed, 0);
}

static void walk_some(struct law *l, unsigned n, unsigned f, unsigned d, int steps)
{
	struct walking *w = &l->walks[n][f][d];

	if (!w->walk && w->wanted) {
		w->wanted = false;
		w->walk = walk_new(l, n, f, d == 0);
	}
	if (!w->walk || exchange_walk_step(w->walk, countdown, &steps))
		return;
	exchange_walk_free(w->walk);
	w->walk = NULL;
}

static void want(struct law *l, unsigned n, unsigned f)
{
	l->walks[n][f][0].wanted = true;
	l->walks[n][f][1].wanted = true;
}

// --- events -----------------------------------------------------------------------------------------
static void event_vpn(struct law *l)
{
	unsigned f = chance(l, 75) ? 0 : 1, peer = below(l, PEERS);

	for (unsigned n = 1 + below(l, 3); n > 0; n--) {
		unsigned key = below(l, KEYS);
		if (f == 1)
			key %= PREFIXES; // the same whatever the distinguisher
		l->truth.vpn[f][peer][key] = some_set(l);
		tell_vpn(l, &l->town, f, peer, key);
	}
}

static void event_ce(struct law *l)
{
	unsigned n = 1 + below(l, INSTANCES), peer = below(l, PEERS), prefix = below(l, PREFIXES);

	if (!l->truth.built[n])
		return;
	l->truth.ce[n][peer][prefix] = some_set(l);
	tell_ce(l, &l->town, n, peer, prefix);
}

static void event_own(struct law *l)
{
	unsigned n = 1 + below(l, INSTANCES), f = below(l, FAMILIES), prefix = below(l, PREFIXES);

	if (!l->truth.built[n])
		return;
	l->truth.own[n][f][prefix] = some_set(l);
	tell_own(l, &l->town, n, f, prefix);
}

static bool rd_taken(const struct law *l, unsigned n, unsigned f, unsigned rd)
{
	for (unsigned i = 1; i <= INSTANCES; i++)
		if (i != n && l->truth.built[i] && l->truth.tie[i][f].present &&
		    l->truth.tie[i][f].rd == rd)
			return true;
	return false;
}

static void change_link(struct law *l, unsigned n, unsigned f)
{
	struct tie_truth *t = &l->truth.tie[n][f];
	bool all = chance(l, 10);

	if (all || !t->present || chance(l, 5))
		t->present = !t->present || chance(l, 50);
	if (all || chance(l, 40))
		t->targets = below(l, 1 << TARGETS) & below(l, 1 << TARGETS);
	if (all || chance(l, 20))
		t->communities = below(l, 1 << TARGETS) & below(l, 1 << TARGETS);
	if (all || chance(l, 15))
		t->import = below(l, POLICIES);
	if (all || chance(l, 15))
		t->export = below(l, POLICIES);
	if (all || chance(l, 10))
		t->takes_own = chance(l, 50);
	if (all || chance(l, 10))
		t->label_per_route = chance(l, 50);
	if (all || chance(l, 15))
		t->rd = below(l, RDS - 2);
	while (rd_taken(l, n, f, t->rd))
		t->rd = (t->rd + 1) % (RDS - 2);
	tell_link(l, &l->town, n, f);
	want(l, n, f);
}

// Two instances get each other's distinguisher, in one commit.
static void event_swap(struct law *l)
{
	unsigned a = 1 + below(l, INSTANCES), b = 1 + below(l, INSTANCES), f = below(l, FAMILIES);
	struct tie_truth *x = &l->truth.tie[a][f], *y = &l->truth.tie[b][f];
	unsigned rd = x->rd;

	if (a == b || !l->truth.built[a] || !l->truth.built[b] || !x->present || !y->present)
		return;
	x->rd = y->rd;
	y->rd = rd;
	tell_link(l, &l->town, a, f);
	tell_link(l, &l->town, b, f);
	want(l, a, f);
	want(l, b, f);
}

static void event_link(struct law *l)
{
	unsigned n = 1 + below(l, INSTANCES);

	if (l->truth.built[n])
		change_link(l, n, below(l, FAMILIES));
}

static void forget(struct law *l, unsigned n)
{
	for (unsigned i = 0; i < PREFIXES; i++) {
		for (unsigned p = 0; p < PEERS; p++)
			l->truth.ce[n][p][i] = NO_ROUTE;
		for (unsigned f = 0; f < FAMILIES; f++)
			l->truth.own[n][f][i] = NO_ROUTE;
	}
	for (unsigned f = 0; f < FAMILIES; f++)
		l->truth.tie[n][f] = (struct tie_truth){.rd = n};
}

static void event_instance(struct law *l)
{
	unsigned n = 1 + below(l, INSTANCES);

	if (!l->truth.built[n]) {
		l->truth.built[n] = true;
		build(l, &l->town, n);
		for (unsigned f = 0; f < FAMILIES; f++)
			change_link(l, n, f);
	} else if (chance(l, 30)) {
		l->truth.built[n] = false;
		forget(l, n);
		town_demolish(&l->town, n);
	}
}

static void event_session(struct law *l)
{
	unsigned n = below(l, INSTANCES + 1), peer = below(l, PEERS);
	uint16_t number = (uint16_t)(n * TOWN_PEERS + peer);

	if (n && !l->truth.built[n])
		return;
	rib_peer_down(l->town.houses[n].rib, number);
	for (unsigned i = 0; i < KEYS; i++)
		for (unsigned f = 0; f < FAMILIES && !n; f++)
			l->truth.vpn[f][peer][i] = NO_ROUTE;
	for (unsigned i = 0; i < PREFIXES && n; i++)
		l->truth.ce[n][peer][i] = NO_ROUTE;
	town_peer(&l->town, n, peer, n && !peer ? SOURCE_EBGP : SOURCE_IBGP);
}

static void event_work(struct law *l)
{
	unsigned n = below(l, INSTANCES + 1);
	int steps = (int)below(l, 20);

	if (l->town.houses[n].rib)
		rib_work(l->town.houses[n].rib, countdown, &steps);
}

static void event_walk(struct law *l)
{
	unsigned n = 1 + below(l, INSTANCES), f = below(l, FAMILIES);

	// no export walk to come: what goes by the way when an older distinguisher does is not counted
	if (chance(l, 5) && l->truth.built[n] && !l->walks[n][f][0].walk &&
	    !l->walks[n][f][1].walk && !l->walks[n][f][1].wanted) {
		l->walks[n][f][0].wanted = false;
		walk_whole(l, n, f);
		return;
	}
	walk_some(l, n, f, below(l, 2), (int)below(l, 6));
}

static void play(struct law *l)
{
	static void (*const events[])(struct law *) = {
		event_vpn,  event_vpn,  event_vpn,  event_ce,       event_ce,
		event_own,  event_link, event_link, event_instance, event_session,
		event_work, event_walk, event_walk, event_walk,     event_swap};

	for (unsigned n = 10 + below(l, 60); n > 0; n--)
		events[below(l, sizeof(events) / sizeof(events[0]))](l);
	for (unsigned n = 1; n <= INSTANCES; n++)
		for (unsigned f = 0; f < FAMILIES; f++)
			for (unsigned d = 0; d < 2; d++)
				while (l->walks[n][f][d].walk || l->walks[n][f][d].wanted)
					walk_some(l, n, f, d, 1000);
	town_work(&l->town);
}

// --- the same, built anew ---------------------------------------------------------------------------
static void tell_routes(struct law *l, struct town *t, bool vpn)
{
	for (unsigned f = 0; f < FAMILIES && vpn; f++)
		for (unsigned p = 0; p < PEERS; p++)
			for (unsigned i = KEYS; i-- > 0;)
				if (l->truth.vpn[f][p][i] != NO_ROUTE)
					tell_vpn(l, t, f, p, i);
	for (unsigned n = 1; n <= INSTANCES && !vpn; n++) {
		for (unsigned i = 0; i < PREFIXES && l->truth.built[n]; i++) {
			for (unsigned p = PEERS; p-- > 0;)
				if (l->truth.ce[n][p][i] != NO_ROUTE)
					tell_ce(l, t, n, p, i);
			for (unsigned f = 0; f < FAMILIES; f++)
				if (l->truth.own[n][f][i] != NO_ROUTE)
					tell_own(l, t, n, f, i);
		}
	}
}

static void tell_links(struct law *l, struct town *t)
{
	for (unsigned n = INSTANCES; n > 0; n--)
		for (unsigned f = 0; f < FAMILIES && l->truth.built[n]; f++)
			tell_link(l, t, n, f);
}

static void build_anew(struct law *l)
{
	bool vpn_first = chance(l, 50);

	town_found(&l->fresh);
	for (unsigned i = 0; i < PEERS; i++)
		town_peer(&l->fresh, 0, i, SOURCE_IBGP);
	for (unsigned n = INSTANCES; n > 0; n--)
		if (l->truth.built[n])
			build(l, &l->fresh, n);
	tell_links(l, &l->fresh);
	tell_routes(l, &l->fresh, vpn_first);
	tell_routes(l, &l->fresh, !vpn_first);
	town_work(&l->fresh);
}

// Lines of the one text that are not in the other.
static void print_missing(const char *where, const char *text, const char *other)
{
	char *copy = mem_text(text), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (!strstr(other, line))
			fprintf(stderr, "%s: %s\n", where, line);
	mem_free(copy);
}

static void compare(struct law *l)
{
	struct buf a = {0}, b = {0};
	struct exchange_totals x, y;

	town_dump_all(&l->town, &a);
	town_dump_all(&l->fresh, &b);
	if (strcmp(buf_cstr(&a), buf_cstr(&b)) != 0) {
		print_missing("there", buf_cstr(&a), buf_cstr(&b));
		print_missing("anew", buf_cstr(&b), buf_cstr(&a));
		fail_msg("case of seed %lu", (unsigned long)l->seed);
	}
	exchange_totals(l->town.exchange, &x);
	exchange_totals(l->fresh.exchange, &y);
	if (x.places != y.places || x.targets != y.targets)
		fail_msg("case of seed %lu: index of %u targets, %u places; anew %u, %u",
			 (unsigned long)l->seed, x.targets, x.places, y.targets, y.places);
	town_check_labels(&l->town);
	buf_free(&a);
	buf_free(&b);
}

static void explain_some(struct law *l)
{
	struct buf trouble = {0};

	if (l->seed % 4)
		return;
	l->words += town_explain_all(&l->town, &trouble);
	if (trouble.len)
		fail_msg("case of seed %lu, explained otherwise:\n%s", (unsigned long)l->seed,
			 buf_cstr(&trouble));
	buf_free(&trouble);
}

static void run_case(struct law *l, uint64_t seed)
{
	l->seed = seed;
	random_seed(&l->r, seed);
	memset(&l->truth, 0xff, sizeof(l->truth)); // NO_ROUTE
	memset(l->truth.built, 0, sizeof(l->truth.built));
	memset(l->walks, 0, sizeof(l->walks));
	for (unsigned n = 1; n <= INSTANCES; n++)
		forget(l, n);
	town_found(&l->town);
	for (unsigned i = 0; i < PEERS; i++)
		town_peer(&l->town, 0, i, SOURCE_IBGP);
	play(l);
	build_anew(l);
	compare(l);
	explain_some(l);
	town_raze(&l->town);
	town_raze(&l->fresh);
	arena_reset(&l->town.policy.arena);
	arena_reset(&l->fresh.policy.arena);
}

static void soft_equals_anew(void **state)
{
	static struct law l;
	const char *cases = getenv("VPN_LAW_CASES"), *seed = getenv("VPN_LAW_SEED");
	unsigned long first = seed ? strtoul(seed, NULL, 10) : 1;
	unsigned long count = cases ? strtoul(cases, NULL, 10) : 10000;

	town_open(&l.town);
	town_open(&l.fresh);
	town_raze(&l.town);
	town_raze(&l.fresh);
	pool_make(&l);
	for (unsigned long i = 0; i < count; i++)
		run_case(&l, first + i);
	assert_true(l.words > count); // somebody has been listened to
	pool_drop(&l);
	town_found(&l.town);
	town_found(&l.fresh);
	town_close(&l.town);
	town_close(&l.fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(soft_equals_anew)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
