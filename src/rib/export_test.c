// What leaves towards which kind of peer: every rule of export, with what a neighbour would believe.
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static const char *const v4 = "ipv4-unicast", *const v6 = "ipv6-unicast";

enum { FEED, EBGP, IBGP, CLIENT, CLIENT2, CONFED, INTERNAL_FEED };

static int setup(void **state)
{
	world_open(&w);
	world_peer(&w, FEED, SOURCE_EBGP);
	world_peer(&w, EBGP, SOURCE_EBGP);
	world_peer(&w, IBGP, SOURCE_IBGP);
	world_peer(&w, CLIENT, SOURCE_IBGP_CLIENT);
	world_peer(&w, CLIENT2, SOURCE_IBGP_CLIENT);
	world_peer(&w, CONFED, SOURCE_CONFED);
	world_peer(&w, INTERNAL_FEED, SOURCE_IBGP);
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	return 0;
}

static void tell(uint16_t peer, const char *attrs)
{
	world_tell(&w, peer, v4, "10.0.0.0/8", attrs);
	world_work(&w);
}

static const char *belief(uint16_t peer)
{
	return world_belief(&w, peer, v4, "10.0.0.0/8");
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" has no \"%s\"", text, part);
}

static void has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" has \"%s\"", text, part);
}

static void change_export(uint16_t peer, const struct rib_export *out)
{
	for (unsigned i = 0; i < af_count; i++)
		rib_peer_export(w.rib, peer, af_list[i], out, ++w.generation);
	world_sweep(&w, SWEEP_EXPORT, v4, 0, NULL);
	world_sweep(&w, SWEEP_EXPORT, v6, 0, NULL);
}

static void test_ebgp(void **state)
{
	tell(FEED, "origin=1 path=65001,7 nh=10.0.0.1 med=5 comm=1:1");
	has(belief(EBGP), "path=65000 65001 7");
	has(belief(EBGP), "nh=10.0.0.254");
	has(belief(EBGP), "origin=1"); // G13
	has_not(belief(EBGP), "med="); // G18
	has_not(belief(EBGP), "lp=");  // G20
	has(belief(EBGP), "comm=1:1");
	assert_string_equal(belief(FEED), ""); // not back to where it came from
	tell(FEED, NULL);
	assert_string_equal(belief(EBGP), "");
}

static void test_ibgp(void **state)
{
	tell(FEED, "origin=0 path=65001,7 nh=10.9.9.9 med=5");
	has(belief(IBGP), "path=65001 7"); // G14
	has(belief(IBGP), "nh=10.9.9.9");  // G15
	has(belief(IBGP), "med=5");
	has(belief(IBGP), "lp=100"); // G20
	struct rib_export out = world_export(&w, IBGP, SOURCE_IBGP);
	out.next_hop = NEXT_HOP_LOCAL;
	change_export(IBGP, &out);
	has(belief(IBGP), "nh=10.0.0.254");
	out.next_hop = NEXT_HOP_DEFAULT;
	change_export(IBGP, &out);
	has(belief(IBGP), "nh=10.9.9.9");
	tell(FEED, NULL);
}

static void test_confederation(void **state)
{
	tell(FEED, "origin=0 path=65001,7 nh=10.9.9.9 med=5");
	has(belief(CONFED), "path=(65000) 65001 7");
	has(belief(CONFED), "lp=100");
	has(belief(CONFED), "med=5");
	has(belief(CONFED), "nh=10.9.9.9");
	tell(FEED, NULL);
	tell(CONFED, "origin=0 path=7 confed=65006 nh=10.9.9.9 lp=100");
	has(belief(EBGP), "path=65000 7"); // confederation segments do not leave
	has(belief(IBGP), "path=(65006) 7");
	tell(CONFED, NULL);
}

static void test_reflection(void **state)
{
	tell(INTERNAL_FEED, "origin=0 path=7 nh=10.9.9.9 lp=150 med=3");
	assert_string_equal(belief(IBGP), ""); // G42
	has(belief(CLIENT), "9=0a000007");     // L1
	has(belief(CLIENT), "10=0a0000fe");    // L3
	has(belief(CLIENT), "nh=10.9.9.9 ");   // L6
	has(belief(CLIENT), "lp=150");
	has(belief(CLIENT), "med=3");
	has_not(belief(EBGP), " 9="); // L8
	has_not(belief(EBGP), " 10=");
	tell(INTERNAL_FEED, NULL);
	tell(CLIENT,
	     "origin=0 path=7 nh=10.9.9.9 lp=150 originator-id=4.4.4.4 cluster-list=1.1.1.1");
	has(belief(IBGP), "9=04040404"); // L5, never changed
	has(belief(IBGP), "10=0a0000fe01010101");
	has(belief(CLIENT2), "9=04040404");
	assert_string_equal(belief(CLIENT), "");
	struct rib_options o = w.options;
	o.reflect_between_clients = false;
	w.generation++;
	rib_set_options(w.rib, NULL, &o);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	world_sweep(&w, SWEEP_EXPORT, v4, 0, NULL);
	assert_string_equal(belief(CLIENT2), "");
	has(belief(IBGP), "lp=150");
	w.generation++;
	rib_set_options(w.rib, NULL, &w.options);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	world_sweep(&w, SWEEP_EXPORT, v4, 0, NULL);
	tell(CLIENT, NULL);
}

static void test_reflection_loops(void **state)
{
	struct rib_counts c;

	tell(IBGP, "origin=0 path=7 nh=10.9.9.9 lp=150 originator-id=10.0.0.254"); // L2
	rib_peer_counts(w.rib, IBGP, world_af(v4), &c);
	assert_int_equal(c.received, 1);
	assert_int_equal(c.accepted, 0);
	tell(IBGP, "origin=0 path=7 nh=10.9.9.9 lp=150 cluster-list=3.3.3.3,10.0.0.254"); // L4
	rib_peer_counts(w.rib, IBGP, world_af(v4), &c);
	assert_int_equal(c.accepted, 0);
	tell(IBGP, "origin=0 path=7 nh=10.9.9.9 lp=150 cluster-list=3.3.3.3");
	rib_peer_counts(w.rib, IBGP, world_af(v4), &c);
	assert_int_equal(c.accepted, 1);
	tell(IBGP, NULL);
}

static void test_as_loop(void **state) // G38
{
	struct rib_import in = world_import(&w, FEED, SOURCE_EBGP);
	struct rib_counts c;

	tell(FEED, "origin=0 path=65001,65000 nh=10.9.9.9");
	assert_string_equal(belief(EBGP), "");
	rib_peer_counts(w.rib, FEED, world_af(v4), &c);
	assert_int_equal(c.received, 1);
	in.allow_as_loop = 1;
	rib_peer_import(w.rib, FEED, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	has(belief(EBGP), "path=65000 65001 65000");
	in.allow_as_loop = 0;
	rib_peer_import(w.rib, FEED, world_af(v4), &in, ++w.generation);
	world_sweep(&w, SWEEP_IMPORT, v4, 0, NULL);
	assert_string_equal(belief(EBGP), "");
	tell(FEED, NULL);
}

static void test_first_as(void **state)
{
	struct rib_import in = world_import(&w, FEED, SOURCE_EBGP);

	in.check_first_as = true;
	rib_peer_import(w.rib, FEED, world_af(v4), &in, ++w.generation);
	tell(FEED, "origin=0 path=7 nh=10.9.9.9");
	assert_string_equal(belief(EBGP), "");
	tell(FEED, "origin=0 path=65001,7 nh=10.9.9.9");
	has(belief(EBGP), "65001 7");
	tell(FEED, NULL);
	in.check_first_as = false;
	rib_peer_import(w.rib, FEED, world_af(v4), &in, ++w.generation);
}

static void test_well_known_communities(void **state) // P1
{
	tell(FEED, "origin=0 path=65001 nh=10.9.9.9 comm=65535:65281");
	assert_string_equal(belief(EBGP), "");
	has(belief(IBGP), "path=65001");
	has(belief(CONFED), "path=(65000) 65001");
	tell(FEED, "origin=0 path=65001 nh=10.9.9.9 comm=65535:65282");
	assert_string_equal(belief(IBGP), "");
	assert_string_equal(belief(CONFED), "");
	tell(FEED, "origin=0 path=65001 nh=10.9.9.9 comm=65535:65283");
	assert_string_equal(belief(EBGP), "");
	assert_string_equal(belief(CONFED), "");
	has(belief(IBGP), "path=65001");
	tell(FEED, NULL);
}

static void test_communities_are_sent_when_asked_for(void **state)
{
	struct rib_export out = world_export(&w, EBGP, SOURCE_EBGP);

	tell(FEED, "origin=0 path=65001 nh=10.9.9.9 comm=1:1 large=1:2:3 rt=1:1");
	has(belief(EBGP), "comm=1:1");
	has(belief(EBGP), "large=1:2:3");
	has(belief(EBGP), "ext=RT <1 : 1>");
	out.community = out.large_community = out.ext_community = false;
	change_export(EBGP, &out);
	has_not(belief(EBGP), "comm=");
	has_not(belief(EBGP), "large=");
	has_not(belief(EBGP), "ext=");
	out = world_export(&w, EBGP, SOURCE_EBGP);
	change_export(EBGP, &out);
	tell(FEED, NULL);
}

static void test_own_routes(void **state)
{
	world_originate(&w, v4, "10.0.0.0/8", "origin=0 path= med=9");
	world_work(&w);
	has(belief(EBGP), "path=65000");
	has(belief(EBGP), "med=9");
	has(belief(EBGP), "nh=10.0.0.254");
	has(belief(IBGP), "path= ");
	has(belief(IBGP), "nh=10.0.0.254");
	has(belief(IBGP), "lp=100");
	world_originate(&w, v4, "10.0.0.0/8", NULL);
	world_work(&w);
	assert_string_equal(belief(IBGP), "");
}

static void test_route_server_and_invariable(void **state)
{
	struct rib_export out = world_export(&w, EBGP, SOURCE_EBGP);

	tell(FEED, "origin=0 path=65001,7 nh=10.9.9.9 med=5");
	out.route_server = true;
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65001 7");
	has(belief(EBGP), "nh=10.9.9.9");
	has(belief(EBGP), "med=5");
	out.route_server = false;
	out.next_hop = NEXT_HOP_INVARIABLE;
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65000 65001 7");
	has(belief(EBGP), "nh=10.9.9.9");
	out.next_hop = NEXT_HOP_DEFAULT;
	change_export(EBGP, &out);
	tell(FEED, NULL);
}

static void test_as_numbers_on_the_way_out(void **state)
{
	struct rib_export out = world_export(&w, EBGP, SOURCE_EBGP);

	tell(FEED, "origin=0 path=64600,65002,7,64601 nh=10.9.9.9");
	out.substitute_as = true;
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65000 64600 65000 7 64601");
	out.substitute_as = false;
	out.public_as_only = RIB_PUBLIC_AS_PLAIN; // there is a public one
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65000 64600 65002 7 64601");
	out.public_as_only = RIB_PUBLIC_AS_FORCE; // the peer's own is spared
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65000 65002 7 ");
	out.public_as_only = RIB_PUBLIC_AS_FORCE | RIB_PUBLIC_AS_PEER_TOO;
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65000 7 ");
	out.public_as_only = RIB_PUBLIC_AS_LIMITED | RIB_PUBLIC_AS_PEER_TOO;
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65000 7 64601");
	out.public_as_only = RIB_PUBLIC_AS_FORCE | RIB_PUBLIC_AS_REPLACE;
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65000 65000 65002 7 65000");
	out.public_as_only = 0;
	out.prepend_too = 64999;
	change_export(EBGP, &out);
	has(belief(EBGP), "path=65000 64999 64600");
	out.prepend_too = 0;
	change_export(EBGP, &out);
	tell(FEED, NULL);
}

static void test_policy_sets_med_and_next_hop(void **state)
{
	struct rib_export out = world_export(&w, EBGP, SOURCE_EBGP);

	fixture_config(&w.policy, "route-policy p permit node 10\napply cost 77\n"
				  "apply ip-address next-hop 10.5.5.5\n");
	out.program = fixture_program(&w.policy, v4, false, "p");
	tell(FEED, "origin=0 path=65001,7 nh=10.9.9.9 med=77");
	rib_peer_export(w.rib, EBGP, world_af(v4), &out, ++w.generation);
	world_sweep(&w, SWEEP_EXPORT, v4, 0, NULL);
	has(belief(EBGP), "med=77"); // set to the very same value, and yet set
	has(belief(EBGP), "nh=10.5.5.5");
	policy_program_unref(out.program);
	out = world_export(&w, EBGP, SOURCE_EBGP);
	change_export(EBGP, &out);
	has_not(belief(EBGP), "med=");
	tell(FEED, NULL);
}

// RFC 4271 5.1.3: not to the peer that is the next hop; others of its group are told.
static void test_next_hop_is_a_member(void **state)
{
	tell(INTERNAL_FEED, "origin=0 path=7 nh=10.0.0.4"); // CLIENT's address
	assert_string_equal(belief(CLIENT), "");
	has(belief(CLIENT2), "nh=10.0.0.4");
	tell(INTERNAL_FEED, "origin=0 path=7 nh=10.0.0.5"); // now CLIENT2's
	assert_string_equal(belief(CLIENT2), "");
	has(belief(CLIENT), "nh=10.0.0.5");
	tell(INTERNAL_FEED, "origin=0 path=7 nh=10.9.9.9");
	has(belief(CLIENT), "nh=10.9.9.9");
	has(belief(CLIENT2), "nh=10.9.9.9");
	tell(INTERNAL_FEED, NULL);
	assert_string_equal(belief(CLIENT), "");
}

static void test_wide_family(void **state)
{
	world_tell(&w, FEED, v6, "2001:DB8::/32", "origin=0 path=65001 nh=2001:db8::1");
	world_work(&w);
	has(world_belief(&w, EBGP, v6, "2001:DB8::/32"), "nh=::FFFF:10.0.0.254");
	has(world_belief(&w, IBGP, v6, "2001:DB8::/32"), "nh=2001:DB8::1");
	world_tell(&w, FEED, v6, "2001:DB8::/32", NULL);
	world_work(&w);
	assert_string_equal(world_belief(&w, IBGP, v6, "2001:DB8::/32"), "");
}

static void test_default_route(void **state)
{
	struct rib_export out = world_export(&w, EBGP, SOURCE_EBGP);
	struct rib_totals t;

	out.default_route = true;
	change_export(EBGP, &out);
	has(world_belief(&w, EBGP, v4, "0.0.0.0/0"), "path=65000");
	has(world_belief(&w, EBGP, v4, "0.0.0.0/0"), "nh=10.0.0.254");
	assert_string_equal(world_belief(&w, IBGP, v4, "0.0.0.0/0"), "");
	out.default_route = false;
	change_export(EBGP, &out);
	assert_string_equal(world_belief(&w, EBGP, v4, "0.0.0.0/0"), "");
	rib_totals(w.rib, world_af(v4), &t);
	assert_int_equal(t.destinations, 0);
}

static void test_two_byte_peer(void **state) // M4
{
	world_down(&w, EBGP);
	w.peers[EBGP].traits.as4 = false;
	world_up(&w, EBGP, NULL);
	tell(FEED, "origin=0 path=65001,70000 nh=10.9.9.9");
	has(belief(EBGP), "path=65000 65001 70000"); // out of AS_PATH and AS4_PATH
	tell(FEED, NULL);
	world_down(&w, EBGP);
	w.peers[EBGP].traits.as4 = true;
	world_up(&w, EBGP, NULL);
}

static void test_too_long_is_not_sent(void **state) // G44
{
	static char text[20000];
	size_t at =
		(size_t)snprintf(text, sizeof(text), "origin=0 path=65001 nh=10.9.9.9 comm=1:1");

	tell(FEED, "origin=0 path=65001 nh=10.9.9.9");
	has(belief(EBGP), "path=65000 65001");
	for (unsigned i = 2; i < 1100; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, ";1:%u", i);
	tell(FEED, text);
	assert_string_equal(belief(EBGP), ""); // withdrawn, since it had been sent
	tell(FEED, "origin=0 path=65001 nh=10.9.9.9");
	has(belief(EBGP), "path=65000 65001");
	tell(FEED, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ebgp),
		cmocka_unit_test(test_ibgp),
		cmocka_unit_test(test_confederation),
		cmocka_unit_test(test_reflection),
		cmocka_unit_test(test_reflection_loops),
		cmocka_unit_test(test_as_loop),
		cmocka_unit_test(test_first_as),
		cmocka_unit_test(test_well_known_communities),
		cmocka_unit_test(test_communities_are_sent_when_asked_for),
		cmocka_unit_test(test_own_routes),
		cmocka_unit_test(test_route_server_and_invariable),
		cmocka_unit_test(test_as_numbers_on_the_way_out),
		cmocka_unit_test(test_policy_sets_med_and_next_hop),
		cmocka_unit_test(test_next_hop_is_a_member),
		cmocka_unit_test(test_wide_family),
		cmocka_unit_test(test_default_route),
		cmocka_unit_test(test_two_byte_peer),
		cmocka_unit_test(test_too_long_is_not_sent),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
