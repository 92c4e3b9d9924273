// Each rule of the exchange on its own: RFC 4364 (K1 to K4, K8, K9 of the list of rules), RFC 6514
// import by target (F17), what walks touch and count, and what becomes of everything when links and
// instances change under it.
#include "vpn/town.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct town town;
static const char *const v4 = "ipv4-unicast";
static const char *const vpn = "vpnv4";

enum { PE = 0, CE1 = 1 * TOWN_PEERS, CE2 = 2 * TOWN_PEERS, CE3 = 3 * TOWN_PEERS };

static const struct town_link link1 = {
	.rd = "100:1", .targets = "1:1", .communities = "1:1", .takes_own = true, .label = 17};
static const struct town_link link2 = {
	.rd = "100:2", .targets = "1:1 2:2", .communities = "2:2", .takes_own = true, .label = 18};

static void instance(unsigned n, const struct town_link *l)
{
	town_build(&town, n);
	town_peer(&town, n, 0, SOURCE_EBGP);
	town_peer(&town, n, 1, SOURCE_EBGP);
	town_link(&town, n, v4, l);
	town_walk(&town, n, v4, true, NULL);
	town_walk(&town, n, v4, false, NULL);
}

static int open_town(void **state)
{
	town_open(&town);
	town_peer(&town, 0, 0, SOURCE_IBGP);
	town_peer(&town, 0, 1, SOURCE_IBGP);
	fixture_config(&town.policy, "route-policy refuse deny node 10\n"
				     "route-policy lift permit node 10\n"
				     "apply local-preference 200\n"
				     "route-policy mark permit node 10\napply cost 77\n"
				     "route-policy other permit node 10\napply rt 9:9\n"
				     "route-policy more permit node 10\n"
				     "apply rt 9:9 additive\n");
	instance(1, &link1);
	instance(2, &link2);
	return 0;
}

static int close_town(void **state)
{
	town_close(&town);
	return 0;
}

#define assert_has(text, word)     assert_non_null(strstr(text, word))
#define assert_has_not(text, word) assert_null(strstr(text, word))

static void tell_vpn(const char *rd_prefix, const char *targets)
{
	char attrs[128];

	snprintf(attrs, sizeof(attrs), "origin=0 path= nh=10.9.9.9 lp=100 rt=%s label=300",
		 targets);
	town_tell(&town, PE, vpn, rd_prefix, attrs);
}

static void tell_ce(unsigned ce, const char *prefix, const char *more)
{
	char attrs[128];

	snprintf(attrs, sizeof(attrs), "origin=0 path=65001 nh=10.1.0.1 %s", more);
	town_tell(&town, ce, v4, prefix, attrs);
}

// --- import -----------------------------------------------------------------------------------------
static void k1_same_prefix_under_two_distinguishers(void **state)
{
	tell_vpn("7:1 10.0.0.0/8", "1:1");
	tell_vpn("7:2 10.0.0.0/8", "1:1");
	assert_int_equal(town_count(&town, 0, vpn), 2);
	assert_int_equal(town_count(&town, 1, v4), 2);
	town_tell(&town, PE, vpn, "7:1 10.0.0.0/8", NULL);
	assert_has(town_best(&town, 1, v4, "10.0.0.0/8"), "lent 7:2");
	assert_int_equal(town_count(&town, 1, v4), 1);
}

static void k2_into_every_matching_instance_and_no_other(void **state)
{
	tell_vpn("7:1 10.0.0.0/8", "1:1");
	tell_vpn("7:1 11.0.0.0/8", "2:2;5:5");
	tell_vpn("7:1 12.0.0.0/8", "5:5");
	assert_has(town_best(&town, 1, v4, "10.0.0.0/8"), "lent 7:1");
	assert_has(town_best(&town, 2, v4, "10.0.0.0/8"), "lent 7:1");
	assert_int_equal(town_count(&town, 1, v4), 1);
	assert_int_equal(town_count(&town, 2, v4), 2);
	tell_vpn("7:1 10.0.0.0/8", "2:2"); // another target: leaves the one, stays in the other
	assert_string_equal(town_best(&town, 1, v4, "10.0.0.0/8"), "");
	assert_has(town_best(&town, 2, v4, "10.0.0.0/8"), "RT <2 : 2>");
	town_tell(&town, PE, vpn, "7:1 10.0.0.0/8", NULL);
	town_tell(&town, PE, vpn, "7:1 11.0.0.0/8", NULL);
	assert_int_equal(town_count(&town, 2, v4), 0);
}

static void imported_routes_stay_what_they_are(void **state)
{
	town_tell(&town, PE, vpn, "7:1 10.0.0.0/8",
		  "origin=0 path=65009 nh=10.9.9.9 lp=100 comm=65535:65281 rt=1:1;5:5 label=300");
	const char *best = town_best(&town, 1, v4, "10.0.0.0/8");
	assert_has(best, "comm=no-export");
	assert_has(best, "RT <1 : 1>;RT <5 : 5>");
	assert_has(best, "source=ibgp");
	assert_has(best, "originator=0a000001");
	assert_has(best, "nh=10.9.9.9");
}

static void import_policy_is_asked(void **state)
{
	struct town_link l = link1;

	l.import = "mark";
	town_link(&town, 1, v4, &l);
	tell_vpn("7:1 10.0.0.0/8", "1:1");
	assert_has(town_best(&town, 1, v4, "10.0.0.0/8"), "med=77");
	l.import = "refuse";
	town_link(&town, 1, v4, &l);
	struct sweep_counts c;
	town_walk(&town, 1, v4, true, &c);
	assert_int_equal(c.seen, 1);
	assert_int_equal(c.newly_rejected, 1);
	assert_int_equal(c.best_moved, 1);
	assert_int_equal(town_count(&town, 1, v4), 0);
}

// --- export -----------------------------------------------------------------------------------------
static void k3_export_targets_are_put_on(void **state)
{
	tell_ce(CE1, "10.0.0.0/8", "");
	const char *best = town_best(&town, 0, vpn, "100:1 10.0.0.0/8");
	assert_has(best, "lent 100:1");
	assert_has(best, "RT <1 : 1>");
	assert_has(best, "source=local");
	assert_has(best, "label=17");
	assert_has_not(best, "originator");
	assert_has(town_best(&town, 2, v4, "10.0.0.0/8"), "lent 100:1"); // by way of the VPN table
	assert_int_equal(town_count(&town, 1, v4), 1);                   // and never back
	town_tell(&town, CE1, v4, "10.0.0.0/8", NULL);
	assert_int_equal(town_count(&town, 0, vpn), 0);
	assert_int_equal(town_count(&town, 2, v4), 0);
}

static void k4_targets_of_a_ce_are_taken_off(void **state)
{
	tell_ce(CE1, "10.0.0.0/8", "rt=2:2;5:5 soo=8:8");
	const char *best = town_best(&town, 0, vpn, "100:1 10.0.0.0/8");
	assert_has(best, "RT <1 : 1>");
	assert_has_not(best, "<2 : 2>");
	assert_has_not(best, "<5 : 5>");
	assert_has(best, "<8 : 8>");
}

// A join that the configuration names goes to the one PE that its target means (RFC 6514 11.1.3).
static void own_routes_keep_their_targets(void **state)
{
	struct town_link l = link1;

	l.communities = "1:1 0x010b0a0000010001";
	town_link(&town, 1, v4, &l);
	town_originate(&town, 1, v4, "10.0.0.0/8", "origin=0 path= nh=0.0.0.0 rt=5:5");
	const char *best = town_best(&town, 0, vpn, "100:1 10.0.0.0/8");
	assert_has(best, "RT <5 : 5>");
	assert_has_not(best, "RT <1 : 1>");
	assert_has(best, "<10.0.0.1 : 1>");
}

static void k8_export_policy_of_an_instance(void **state)
{
	struct town_link l = link1;
	struct sweep_counts c;

	tell_ce(CE1, "10.0.0.0/8", "");
	tell_ce(CE1, "11.0.0.0/8", "");
	l.export = "mark";
	town_link(&town, 1, v4, &l);
	town_walk(&town, 1, v4, false, &c);
	assert_int_equal(c.seen, 2);
	assert_int_equal(c.changed, 2);
	assert_int_equal(c.newly_accepted, 0);
	assert_has(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "med=77");
	assert_has(town_best(&town, 2, v4, "10.0.0.0/8"), "med=77");
	town_walk(&town, 1, v4, false, &c); // nothing differs any more
	assert_int_equal(c.seen, 2);
	assert_int_equal(c.changed, 0);
	l.export = "refuse";
	town_link(&town, 1, v4, &l);
	town_walk(&town, 1, v4, false, &c);
	assert_int_equal(c.newly_rejected, 2);
	assert_int_equal(town_count(&town, 0, vpn), 0);
}

static void targets_of_the_export_policy(void **state)
{
	struct town_link l = link1;

	l.communities = "1:1 0x010b0a0000010001"; // and a VRF Route Import community
	l.export = "other";
	town_link(&town, 1, v4, &l);
	tell_ce(CE1, "10.0.0.0/8", "");
	const char *best = town_best(&town, 0, vpn, "100:1 10.0.0.0/8");
	assert_has(best, "<9 : 9>");
	assert_has_not(best, "RT <1 : 1>");
	assert_has(best, "<10.0.0.1 : 1>");
	l.export = "more";
	town_link(&town, 1, v4, &l);
	tell_ce(CE1, "11.0.0.0/8", "");
	assert_has(town_best(&town, 0, vpn, "100:1 11.0.0.0/8"), "RT <1 : 1>;RT <9 : 9>");
}

static void a_lent_route_is_not_lent_on(void **state)
{
	instance(3, &(struct town_link){.rd = "100:3", .targets = "2:2", .communities = "3:3"});
	tell_vpn("7:1 10.0.0.0/8", "1:1"); // into 2, which gives 2:2 to its own
	assert_int_equal(town_count(&town, 2, v4), 1);
	assert_int_equal(town_count(&town, 3, v4), 0);
	assert_int_equal(town_count(&town, 0, vpn), 1);
}

// A better lent route does not keep the instance from giving its own, so no two of them wait for
// each other.
static void own_routes_leave_beside_better_lent_ones(void **state)
{
	town_tell(&town, PE, vpn, "7:1 10.0.0.0/8", "origin=0 path= nh=10.9.9.9 lp=500 rt=1:1");
	tell_ce(CE1, "10.0.0.0/8", "");
	assert_has(town_best(&town, 1, v4, "10.0.0.0/8"), "lent 7:1");
	assert_has(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "lent 100:1");
	tell_ce(CE1, "10.0.0.0/8", "med=5"); // the best path stays, the one behind it changes
	assert_has(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "med=5");
	town_tell(&town, CE1, v4, "10.0.0.0/8", NULL);
	assert_string_equal(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "");
	assert_int_equal(town_count(&town, 1, v4), 1);
}

static void ones_own_distinguisher_from_elsewhere(void **state)
{
	struct town_link l = link1;

	tell_vpn("100:1 10.0.0.0/8", "1:1");
	assert_has(town_best(&town, 1, v4, "10.0.0.0/8"), "lent 100:1");
	l.takes_own = false;
	town_link(&town, 1, v4, &l);
	town_walk(&town, 1, v4, true, NULL);
	assert_int_equal(town_count(&town, 1, v4), 0);
	assert_int_equal(town_count(&town, 2, v4), 1);
	tell_ce(CE1, "10.0.0.0/8", ""); // ours is the best now: that never comes back either
	l.takes_own = true;
	town_link(&town, 1, v4, &l);
	town_walk(&town, 1, v4, true, NULL);
	assert_int_equal(town_count(&town, 1, v4), 1);
	assert_has(town_best(&town, 1, v4, "10.0.0.0/8"), "16 ");
}

static bool never(void *arg)
{
	return false;
}

static void work(unsigned n)
{
	while (rib_work(town.houses[n].rib, never, NULL))
		;
}

static void suppressed_routes_stay(void **state)
{
	struct rib_aggregate all = {.detail_suppressed = true};

	tell_ce(CE1, "10.1.0.0/16", "");
	all.key = fixture_key(v4, "10.0.0.0/8");
	rib_set_aggregates(town.houses[1].rib, fixture_af(v4), &all, 1);
	work(1);
	assert_has(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "lent 100:1");
	assert_int_equal(town_count(&town, 0, vpn), 1);
	tell_ce(CE1, "10.2.0.0/16", "");
	work(1);
	assert_int_equal(town_count(&town, 0, vpn), 1);
	rib_set_aggregates(town.houses[1].rib, fixture_af(v4), NULL, 0);
	work(1);
	assert_int_equal(town_count(&town, 0, vpn), 2);
	assert_int_equal(town_count(&town, 2, v4), 2);
}

// --- what changes -----------------------------------------------------------------------------------
static void k9_a_new_target_touches_its_routes_only(void **state)
{
	struct town_link l = link1;
	struct sweep_counts c;
	char prefix[32];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(prefix, sizeof(prefix), "7:1 10.%u.0.0/16", i);
		tell_vpn(prefix, i % 10 ? "1:1" : "6:6");
	}
	assert_int_equal(town_count(&town, 1, v4), 90);
	l.targets = "1:1 6:6";
	town_link(&town, 1, v4, &l);
	town_walk(&town, 1, v4, true, &c);
	assert_int_equal(c.seen, 10);
	assert_int_equal(c.newly_accepted, 10);
	assert_int_equal(c.best_moved, 10);
	assert_int_equal(town_count(&town, 1, v4), 100);
	l.targets = "6:6";
	town_link(&town, 1, v4, &l);
	town_walk(&town, 1, v4, true, &c);
	assert_int_equal(c.seen, 90);
	assert_int_equal(c.newly_rejected, 90);
	town_walk(&town, 1, v4, true, &c);
	assert_int_equal(c.seen, 0);
	struct exchange_totals totals;
	exchange_totals(town.exchange, &totals);
	assert_int_equal(totals.places, 100);
	assert_true(totals.bytes < 4096);
}

// What goes before the walk comes to it is found under the link of before.
static void routes_that_go_before_the_walk(void **state)
{
	struct town_link l = link1;

	tell_vpn("7:1 10.0.0.0/8", "1:1");
	tell_vpn("7:1 11.0.0.0/8", "1:1");
	tell_ce(CE1, "12.0.0.0/8", "");
	l.targets = "6:6";
	l.rd = "100:9";
	town_link(&town, 1, v4, &l);
	town_tell(&town, PE, vpn, "7:1 10.0.0.0/8", NULL);
	tell_vpn("7:1 11.0.0.0/8", "5:5");
	assert_int_equal(town_count(&town, 1, v4), 1);
	town_tell(&town, CE1, v4, "12.0.0.0/8", NULL);
	assert_int_equal(town_count(&town, 0, vpn), 1);
}

static void a_new_distinguisher(void **state)
{
	struct town_link l = link1;
	struct sweep_counts c;

	tell_ce(CE1, "10.0.0.0/8", "");
	l.rd = "100:9";
	town_link(&town, 1, v4, &l);
	town_walk(&town, 1, v4, false, &c);
	assert_int_equal(c.seen, 1);
	assert_int_equal(c.changed, 1);
	assert_int_equal(town_count(&town, 0, vpn), 1);
	assert_has(town_best(&town, 0, vpn, "100:9 10.0.0.0/8"), "lent 100:9");
	assert_has(town_best(&town, 2, v4, "10.0.0.0/8"), "lent 100:9");
}

// What stood under the older distinguisher becomes the best path, comes in as if it were another's,
// and is taken back at that: whoever was to take it next must see that it is gone.
static void taken_back_while_it_is_taken_in(void **state)
{
	struct town_link l = link1;

	town_tell(&town, PE, vpn, "100:1 10.0.0.0/8", "origin=0 path= nh=10.9.9.9 lp=500 rt=5:5");
	tell_ce(CE1, "10.0.0.0/8", "");
	l.rd = "100:9";
	l.import = "lift";
	town_link(&town, 1, v4, &l);
	town_tell(&town, PE, vpn, "100:1 10.0.0.0/8", NULL);
	town_walk(&town, 1, v4, true, NULL);
	town_walk(&town, 1, v4, false, NULL);
	assert_int_equal(town_count(&town, 0, vpn), 1);
	assert_int_equal(town_count(&town, 1, v4), 1);
	assert_int_equal(town_count(&town, 2, v4), 1);
	assert_has(town_best(&town, 2, v4, "10.0.0.0/8"), "lent 100:9");
}

// Two instances exchange their distinguishers: nobody takes away what is the other's by now.
static void distinguishers_change_sides(void **state)
{
	struct town_link a = link1, b = link2;

	tell_ce(CE1, "10.0.0.0/8", "med=1");
	tell_ce(CE1, "11.0.0.0/8", "med=1");
	tell_ce(CE2, "10.0.0.0/8", "med=2");
	tell_ce(CE2, "12.0.0.0/8", "med=2");
	a.rd = "100:2";
	b.rd = "100:1";
	town_link(&town, 1, v4, &a);
	town_link(&town, 2, v4, &b);
	town_walk(&town, 1, v4, false, NULL);
	town_walk(&town, 2, v4, false, NULL);
	assert_int_equal(town_count(&town, 0, vpn), 4);
	assert_has(town_best(&town, 0, vpn, "100:2 10.0.0.0/8"), "med=1");
	assert_has(town_best(&town, 0, vpn, "100:2 11.0.0.0/8"), "med=1");
	assert_has(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "med=2");
	assert_has(town_best(&town, 0, vpn, "100:1 12.0.0.0/8"), "med=2");
}

static void an_instance_goes_with_all_it_lent(void **state)
{
	tell_ce(CE1, "10.0.0.0/8", "");
	tell_ce(CE1, "11.0.0.0/8", "");
	tell_vpn("7:1 12.0.0.0/8", "1:1");
	town_demolish(&town, 1);
	assert_int_equal(town_count(&town, 0, vpn), 1);
	assert_int_equal(town_count(&town, 2, v4), 1);
	tell_vpn("7:1 13.0.0.0/8", "1:1");
	instance(1, &link1);
	assert_int_equal(town_count(&town, 1, v4), 2);
}

static void a_link_goes_and_the_rib_stays(void **state)
{
	tell_ce(CE1, "10.0.0.0/8", "");
	tell_vpn("7:1 12.0.0.0/8", "1:1");
	town_link(&town, 1, v4, NULL);
	town_walk(&town, 1, v4, true, NULL);
	town_walk(&town, 1, v4, false, NULL);
	assert_int_equal(town_count(&town, 1, v4), 1);
	assert_int_equal(town_count(&town, 0, vpn), 1);
}

static void walks_outlive_what_they_walk(void **state)
{
	struct exchange_walk *in, *out;

	tell_ce(CE1, "10.0.0.0/8", "");
	tell_vpn("7:1 12.0.0.0/8", "1:1");
	in = exchange_walk_new(town.exchange, 1, fixture_af(v4), true, true);
	out = exchange_walk_new(town.exchange, 1, fixture_af(v4), false, true);
	town_demolish(&town, 1);
	instance(1, &link1);
	assert_false(exchange_walk_step(in, NULL, NULL));
	assert_false(exchange_walk_step(out, NULL, NULL));
	exchange_walk_free(in);
	exchange_walk_free(out);
	in = exchange_walk_new(town.exchange, 5, fixture_af(v4), true, true); // never was
	assert_false(exchange_walk_step(in, NULL, NULL));
	exchange_walk_free(in);
}

// --- labels -----------------------------------------------------------------------------------------
static void labels_of_single_routes(void **state)
{
	struct town_link l = link1;

	l.label_per_route = true;
	town_link(&town, 1, v4, &l);
	tell_ce(CE1, "10.0.0.0/8", "");
	tell_ce(CE1, "11.0.0.0/8", "");
	assert_has(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "label=524289");
	assert_has(town_best(&town, 0, vpn, "100:1 11.0.0.0/8"), "label=524293");
	tell_ce(CE1, "10.0.0.0/8", "med=9"); // the same route keeps its label
	assert_has(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "label=524289");
	town_tell(&town, CE1, v4, "10.0.0.0/8", NULL);
	tell_ce(CE1, "10.0.0.0/8", "");
	assert_has(town_best(&town, 0, vpn, "100:1 10.0.0.0/8"), "label=524297");
	town_link(&town, 1, v4, &link1);
	town_walk(&town, 1, v4, false, NULL);
	assert_has(town_best(&town, 0, vpn, "100:1 11.0.0.0/8"), "label=17");
}

// --- other families ---------------------------------------------------------------------------------
static void wide_prefixes(void **state)
{
	town_link(&town, 1, "ipv6-unicast", &link1);
	town_link(&town, 2, "ipv6-unicast", &link2);
	town_tell(&town, CE1, "ipv6-unicast", "2001:db8::/32",
		  "origin=0 path=65001 nh=2001:db8::1 rt=5:5");
	assert_has(town_best(&town, 0, "vpnv6", "100:1 2001:db8::/32"), "RT <1 : 1>");
	assert_has(town_best(&town, 2, "ipv6-unicast", "2001:db8::/32"), "lent 100:1");
	town_tell(&town, PE, "vpnv6", "7:1 2001:db8:1::/48",
		  "origin=0 path= nh=::ffff:10.9.9.9 lp=100 rt=1:1 label=301");
	assert_has(town_best(&town, 1, "ipv6-unicast", "2001:db8:1::/48"), "lent 7:1");
}

static void f17_multicast_routes_by_target(void **state)
{
	const char *mvpn = "mvpn";

	town_link(&town, 1, mvpn, &link1);
	town_link(&town, 2, mvpn, &link2);
	town_tell(&town, PE, mvpn, "1 7:1 10.9.9.9", "origin=0 path= nh=10.9.9.9 lp=100 rt=1:1");
	town_tell(&town, PE, mvpn, "5 7:1 10.1.1.1 225.1.1.1",
		  "origin=0 path= nh=10.9.9.9 lp=100 rt=5:5");
	assert_has(town_best(&town, 1, mvpn, "1 7:1 10.9.9.9"), "lent 7:1");
	assert_int_equal(town_count(&town, 1, mvpn), 1);
	// a join toward a source behind the other instance: under that one's distinguisher
	town_originate(&town, 1, mvpn, "7 100:2 65000 10.1.1.1 225.1.1.1",
		       "origin=0 path= nh=0.0.0.0");
	assert_has(town_best(&town, 0, mvpn, "7 100:2 65000 10.1.1.1 225.1.1.1"), "lent 100:1");
	assert_has(town_best(&town, 2, mvpn, "7 100:2 65000 10.1.1.1 225.1.1.1"), "lent");
	assert_int_equal(town_count(&town, 1, mvpn), 2);
	town_originate(&town, 1, mvpn, "7 100:2 65000 10.1.1.1 225.1.1.1", NULL);
	assert_int_equal(town_count(&town, 2, mvpn), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_town, close_town)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(k1_same_prefix_under_two_distinguishers),
		TEST(k2_into_every_matching_instance_and_no_other),
		TEST(imported_routes_stay_what_they_are),
		TEST(import_policy_is_asked),
		TEST(k3_export_targets_are_put_on),
		TEST(k4_targets_of_a_ce_are_taken_off),
		TEST(own_routes_keep_their_targets),
		TEST(k8_export_policy_of_an_instance),
		TEST(targets_of_the_export_policy),
		TEST(a_lent_route_is_not_lent_on),
		TEST(own_routes_leave_beside_better_lent_ones),
		TEST(suppressed_routes_stay),
		TEST(ones_own_distinguisher_from_elsewhere),
		TEST(k9_a_new_target_touches_its_routes_only),
		TEST(routes_that_go_before_the_walk),
		TEST(a_new_distinguisher),
		TEST(taken_back_while_it_is_taken_in),
		TEST(distinguishers_change_sides),
		TEST(an_instance_goes_with_all_it_lent),
		TEST(a_link_goes_and_the_rib_stays),
		TEST(walks_outlive_what_they_walk),
		TEST(labels_of_single_routes),
		TEST(wide_prefixes),
		TEST(f17_multicast_routes_by_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
