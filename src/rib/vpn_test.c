// Families of VPNs: labels, next hops, sites of origin (RFC 4364, 4659, 6514), memberships (RFC 4684),
// dumps that wait. What is said about a family here is said by its property bits.
#include "rib/inside.h"
#include "rib/label.h"
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct world w;
static const char *const v4 = "ipv4-unicast", *const vpn4 = "vpnv4", *const vpn6 = "vpnv6",
			 *const rtc = "vpn-target", *const mvpn = "mvpn";
static const char *const net = "100:1 10.0.0.0/8";

static int open_world(void **state)
{
	world_open(&w);
	return 0;
}

static int close_world(void **state)
{
	struct buf trouble = {0};

	world_work(&w);
	world_check(&w, &trouble);
	inside_check(w.rib, &trouble);
	assert_string_equal(buf_cstr(&trouble), "");
	buf_free(&trouble);
	world_close(&w);
	return 0;
}

static void told(uint16_t peer, const char *af, const char *key, const char *what)
{
	world_work(&w);
	const char *belief = world_belief(&w, peer, af, key);
	if (!strstr(belief, what))
		fail_msg("peer %u believes '%s', not '%s'", peer, belief, what);
}

static void not_told(uint16_t peer, const char *af, const char *key)
{
	world_work(&w);
	assert_string_equal(world_belief(&w, peer, af, key), "");
}

static void configure(uint16_t peer, const char *af, const struct rib_import *in,
		      const struct rib_export *out)
{
	w.generation++;
	if (in)
		rib_peer_import(w.rib, peer, world_af(af), in, w.generation);
	if (out)
		rib_peer_export(w.rib, peer, world_af(af), out, w.generation);
	world_sweep(&w, SWEEP_IMPORT, af, 0, NULL);
	world_sweep(&w, SWEEP_EXPORT, af, 0, NULL);
}

// --- labels ---------------------------------------------------------------------------------------
// K5, K6; RFC 4364 10 b: who puts its next hop on a route puts a label of its own on it.
static void test_labels(void **state)
{
	world_peer(&w, 0, SOURCE_IBGP_CLIENT);
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_peer(&w, 2, SOURCE_EBGP);
	world_tell(&w, 0, vpn4, net, "path= nh=10.0.0.1 rt=1:1 label=1000");
	told(1, vpn4, net, "nh=10.0.0.1");
	assert_int_equal(world_label(&w, 1, vpn4, net), 1000);
	told(2, vpn4, net, "nh=10.0.0.254");
	long ours = world_label(&w, 2, vpn4, net);
	assert_true(ours >= 1 << 18 && ours < 1 << 19);
	// another label is another path for packets
	world_tell(&w, 0, vpn4, net, "path= nh=10.0.0.1 rt=1:1 label=1001");
	world_work(&w);
	assert_int_equal(world_label(&w, 1, vpn4, net), 1001);
	assert_true(world_label(&w, 2, vpn4, net) != ours);
	assert_int_equal(label_count(w.rib), 2);
	// the same pair has the same label
	world_tell(&w, 0, vpn4, "100:2 10.0.0.0/8,100:3 10.1.0.0/16",
		   "path= nh=10.0.0.1 rt=1:1 label=1000");
	world_work(&w);
	assert_int_equal(world_label(&w, 2, vpn4, "100:2 10.0.0.0/8"), ours);
	assert_int_equal(world_label(&w, 2, vpn4, "100:3 10.1.0.0/16"), ours);
	// only what differs is told
	world_reset_counts(&w);
	world_tell(&w, 0, vpn4, "100:2 10.0.0.0/8", "path= nh=10.0.0.1 rt=1:1 label=1000");
	world_work(&w);
	assert_int_equal(w.peers[2].announced, 0);
	world_tell(&w, 0, vpn4, net, NULL);
	not_told(2, vpn4, net);
}

// One field of NLRI may hold several labels.
static void test_labels_of_one_update(void **state)
{
	static const char *const keys[] = {"1:1 10.0.0.0/8", "1:1 11.0.0.0/8", "1:1 12.0.0.0/8"};
	const struct af *af = world_af(vpn4);
	struct buf nlri = {0}, attributes = {0};
	struct attrs as;

	world_peer(&w, 0, SOURCE_IBGP_CLIENT);
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	for (unsigned i = 0; i < 3; i++) {
		struct af_key key;
		assert_true(af->text_get(keys[i], &key));
		af->nlri_put(&nlri, &key);
		af->label_put(nlri.data + nlri.len - af->nlri_size(&key), i == 1 ? 51 : 50);
	}
	fixture_attrs(&w.policy, "origin=0 path= nh=10.0.0.1 rt=1:1", &as);
	attrs_encode(&attributes, &as);
	rib_update(w.rib, 0, af, &(struct span){attributes.data, attributes.len},
		   &(struct span){nlri.data, nlri.len});
	world_work(&w);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(world_label(&w, 1, vpn4, keys[i]), i == 1 ? 51 : 50);
	// labels do not part what may go together
	assert_int_equal(w.peers[1].updates, 1);
	buf_free(&nlri);
	buf_free(&attributes);
}

static void test_label_room(void **state)
{
	char text[128];

	rib_set_labels(w.rib, 5000, 2);
	world_peer(&w, 0, SOURCE_IBGP_CLIENT);
	world_peer(&w, 2, SOURCE_EBGP);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "path= nh=10.0.0.1 rt=1:1 label=%u", 100 + i);
		world_tell(&w, 0, vpn4, i ? i == 1 ? "1:2 1.0.0.0/8" : "1:3 1.0.0.0/8" : net, text);
	}
	world_work(&w);
	assert_int_equal(world_believed(&w, 2), 2); // there is no label for the third
	assert_int_equal(label_count(w.rib), 2);
}

// Ours: the label of the instance, whatever the next hop.
static void test_lent_label(void **state)
{
	world_peer(&w, 0, SOURCE_IBGP);
	world_peer(&w, 2, SOURCE_EBGP);
	world_lend(&w, vpn4, net, 1, "path=65009 nh=192.0.2.1 rt=1:1 source=local label=17");
	told(0, vpn4, net, "nh=10.0.0.254");
	told(2, vpn4, net, "nh=10.0.0.254");
	assert_int_equal(world_label(&w, 0, vpn4, net), 17);
	assert_int_equal(world_label(&w, 2, vpn4, net), 17);
	// next-hop-invariable does not mean next hops of another table
	struct rib_export out = world_export(&w, 0, SOURCE_IBGP);
	out.next_hop = NEXT_HOP_INVARIABLE;
	configure(0, vpn4, NULL, &out);
	told(0, vpn4, net, "nh=10.0.0.254");
}

static void test_next_hop_local(void **state)
{
	struct rib_export out = world_export(&w, 1, SOURCE_IBGP);

	world_peer(&w, 1, SOURCE_IBGP);
	world_peer(&w, 2, SOURCE_EBGP);
	world_tell(&w, 2, vpn4, net, "path=65003 nh=10.0.0.3 rt=1:1 label=99");
	told(1, vpn4, net, "nh=10.0.0.3");
	assert_int_equal(world_label(&w, 1, vpn4, net), 99);
	out.next_hop = NEXT_HOP_LOCAL;
	configure(1, vpn4, NULL, &out);
	told(1, vpn4, net, "nh=10.0.0.254");
	assert_true(world_label(&w, 1, vpn4, net) >= 1 << 18);
}

// --- next hops ------------------------------------------------------------------------------------
// K10.
static void test_mapped_next_hop(void **state)
{
	static const char *const net6 = "100:1 2001:DB8::/32";

	world_peer(&w, 0, SOURCE_IBGP_CLIENT);
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_peer(&w, 2, SOURCE_EBGP);
	world_tell(&w, 0, vpn6, net6, "path= nh=::FFFF:10.0.0.1 rt=1:1 label=5");
	told(1, vpn6, net6, "nh=::FFFF:10.0.0.1");
	told(2, vpn6, net6, "nh=::FFFF:10.0.0.254");
}

// F12, F14.
static void test_typed_next_hop(void **state)
{
	static const char *const two = "2 100:1 65000", *const one = "1 100:1 10.9.9.9";
	struct rib_export out = world_export(&w, 1, SOURCE_IBGP_CLIENT);

	world_peer(&w, 0, SOURCE_IBGP_CLIENT);
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_peer(&w, 2, SOURCE_EBGP);
	out.next_hop = NEXT_HOP_LOCAL;
	configure(1, mvpn, NULL, &out);
	world_tell(&w, 0, mvpn, two, "path= nh=10.0.0.1 rt=1:1");
	told(1, mvpn, two, "nh=10.0.0.1");
	told(2, mvpn, two, "nh=10.0.0.254");
	world_lend(&w, mvpn, one, 1, "path= nh=10.9.9.9 rt=1:1 source=local");
	told(0, mvpn, one, "nh=10.9.9.9");
	world_originate(&w, mvpn, "5 100:1 10.1.1.1 225.1.1.1", "path= rt=1:1");
	told(0, mvpn, "5 100:1 10.1.1.1 225.1.1.1", "nh=10.0.0.254");
}

// What another table lends has next hops that mean nothing to a client in this one.
static void test_lent_next_hop(void **state)
{
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_lend(&w, v4, "10.0.0.0/8", 1, "path= nh=10.7.7.7 source=ibgp originator=7.7.7.7");
	told(1, v4, "10.0.0.0/8", "nh=10.0.0.254");
}

// --- communities ----------------------------------------------------------------------------------
static void test_targets_always_go(void **state)
{
	struct rib_export out = world_export(&w, 1, SOURCE_EBGP);

	world_peer(&w, 0, SOURCE_EBGP);
	world_peer(&w, 1, SOURCE_EBGP);
	out.ext_community = false;
	configure(1, vpn4, NULL, &out);
	configure(1, v4, NULL, &out);
	world_tell(&w, 0, vpn4, net, "path=65001 nh=10.0.0.1 rt=1:1 label=4");
	world_tell(&w, 0, v4, "10.0.0.0/8", "path=65001 nh=10.0.0.1 rt=1:1");
	told(1, vpn4, net, "ext=");
	told(1, v4, "10.0.0.0/8", "nh=");
	assert_null(strstr(world_belief(&w, 1, v4, "10.0.0.0/8"), "ext="));
}

static void test_site_of_origin(void **state)
{
	struct rib_import in = world_import(&w, 0, SOURCE_EBGP);
	struct rib_export out = world_export(&w, 1, SOURCE_EBGP);

	world_peer(&w, 0, SOURCE_EBGP);
	world_peer(&w, 1, SOURCE_EBGP);
	world_peer(&w, 2, SOURCE_EBGP);
	assert_true(ext_community_parse_soo("100:7", in.site));
	memcpy(out.site, in.site, sizeof(out.site));
	world_tell(&w, 0, v4, "10.0.0.0/8 11.0.0.0/8", "path=65001 nh=10.0.0.1 rt=1:1");
	in.has_site = out.has_site = true;
	configure(0, v4, &in, NULL);
	told(1, v4, "10.0.0.0/8", "100");
	told(2, v4, "10.0.0.0/8", "SoO");
	configure(1, v4, NULL, &out);
	not_told(1, v4, "10.0.0.0/8");
	told(2, v4, "10.0.0.0/8", "SoO");
	out.site[7] ^= 1;
	configure(1, v4, NULL, &out);
	told(1, v4, "10.0.0.0/8", "SoO");
}

static void test_cluster_loop(void **state)
{
	struct rib_import in = world_import(&w, 0, SOURCE_IBGP);

	world_peer(&w, 0, SOURCE_IBGP);
	world_peer(&w, 1, SOURCE_EBGP);
	world_tell(&w, 0, v4, "10.0.0.0/8",
		   "path= nh=10.0.0.1 originator-id=9.9.9.9 cluster-list=10.0.0.254");
	world_tell(
		&w, 0, v4, "11.0.0.0/8",
		"path= nh=10.0.0.1 originator-id=9.9.9.9 cluster-list=10.0.0.254,1.1.1.1,10.0.0.254");
	not_told(1, v4, "10.0.0.0/8");
	in.allow_cluster_loop = 1;
	configure(0, v4, &in, NULL);
	told(1, v4, "10.0.0.0/8", "path=");
	not_told(1, v4, "11.0.0.0/8");
}

// --- dumps that wait ------------------------------------------------------------------------------
static void test_waiting(void **state)
{
	world_peer(&w, 0, SOURCE_IBGP_CLIENT);
	world_tell(&w, 0, vpn4, net, "path= nh=10.0.0.1 rt=1:1 label=7");
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_down(&w, 1);
	w.peers[1].traits.waiting = af_bit(world_af(vpn4));
	world_up(&w, 1, NULL);
	not_told(1, vpn4, net);
	assert_null(strstr(buf_cstr(&w.peers[1].marks), "vpnv4"));
	assert_non_null(strstr(buf_cstr(&w.peers[1].marks), "vpnv6 end-of-rib"));
	rib_refresh_answer(w.rib, 1, world_af(vpn4)); // the first dump will be the answer
	rib_peer_begin(w.rib, 1, world_af(rtc));      // does not wait
	not_told(1, vpn4, net);
	rib_peer_begin(w.rib, 1, world_af(vpn4));
	told(1, vpn4, net, "nh=10.0.0.1");
	assert_non_null(strstr(buf_cstr(&w.peers[1].marks), "vpnv4 end-of-rib"));
	world_down(&w, 1);
	rib_peer_begin(w.rib, 1, world_af(vpn4));
	w.peers[1].traits.waiting = 0;
	world_up(&w, 1, NULL);
	told(1, vpn4, net, "nh=10.0.0.1");
}

// --- memberships ----------------------------------------------------------------------------------
static const char *const wish = "100 RT<1:1>";

static bool counts(uint16_t peer)
{
	char name[128];

	world_work(&w);
	snprintf(name, sizeof(name), "%s %s", rtc, wish);
	return map_get(&w.peers[peer].memberships, name) != NULL;
}

// E9, E12, E13.
static void test_which_count(void **state)
{
	struct rib_import in = world_import(&w, 0, SOURCE_IBGP);

	world_peer(&w, 0, SOURCE_IBGP);
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_peer(&w, 2, SOURCE_EBGP);
	world_peer(&w, 3, SOURCE_EBGP);
	world_peer(&w, 4, SOURCE_CONFED);
	for (uint16_t i = 0; i < 5; i++)
		world_tell(&w, i, rtc, wish,
			   i == 2 ? "path=65003,65004 nh=10.0.0.9" : "path=65001 nh=10.0.0.9");
	assert_true(counts(0) && counts(1) && counts(4));
	assert_true(counts(3) && !counts(2)); // the shorter path
	world_tell(&w, 3, rtc, wish, NULL);
	assert_true(counts(2) && !counts(3));
	world_tell(&w, 3, rtc, wish, "path=65001 nh=10.0.0.9");
	assert_true(!counts(2) && counts(3));
	w.options.external_paths = 2;
	w.generation++;
	rib_set_options(w.rib, NULL, &w.options);
	world_sweep(&w, SWEEP_DECIDE, rtc, 0, NULL);
	assert_true(counts(2) && counts(3));
	// policy, and back
	in.program = NULL;
	configure(0, rtc, &in, NULL);
	assert_true(!counts(0) && counts(1));
	in = world_import(&w, 0, SOURCE_IBGP);
	configure(0, rtc, &in, NULL);
	assert_true(counts(0));
	// sessions: what is told again before the old has been cleared away counts anew
	world_down(&w, 0);
	world_up(&w, 0, NULL);
	world_tell(&w, 0, rtc, wish, "path=65001 nh=10.0.0.9");
	assert_true(counts(0));
	world_down(&w, 0);
	assert_false(counts(0));
	// refreshes
	rib_refresh_begin(w.rib, 1, world_af(rtc));
	rib_refresh_end(w.rib, 1, world_af(rtc));
	assert_false(counts(1));
}

// E10: also to the client that it came from.
static void test_to_clients(void **state)
{
	world_peer(&w, 0, SOURCE_IBGP_CLIENT);
	world_peer(&w, 1, SOURCE_IBGP_CLIENT);
	world_tell(&w, 0, rtc, wish, "path= nh=10.0.0.1");
	told(1, rtc, wish, "nh=10.0.0.254");
	told(1, rtc, wish, "9=0a0000fe");
	told(0, rtc, wish, "nh=10.0.0.254");
	world_tell(&w, 1, rtc, wish, "path= nh=10.0.0.2");
	world_tell(&w, 0, rtc, wish, NULL);
	told(0, rtc, wish, "nh=10.0.0.254");
	world_tell(&w, 1, rtc, wish, NULL);
	not_told(0, rtc, wish);
	not_told(1, rtc, wish);
}

// E11.
static void test_to_non_clients(void **state)
{
	world_peer(&w, 0, SOURCE_IBGP);
	world_peer(&w, 1, SOURCE_IBGP);
	world_peer(&w, 2, SOURCE_IBGP_CLIENT);
	world_peer(&w, 3, SOURCE_IBGP_CLIENT);
	world_tell(&w, 0, rtc, wish, "path= nh=10.0.0.1 lp=200");
	not_told(1, rtc, wish);
	world_tell(&w, 3, rtc, wish, "path= nh=10.0.0.4");
	told(1, rtc, wish, "nh=10.0.0.4");
	told(0, rtc, wish, "nh=10.0.0.4");
	world_tell(&w, 2, rtc, wish, "path= nh=10.0.0.3 lp=150");
	told(1, rtc, wish, "nh=10.0.0.3");
	world_tell(&w, 2, rtc, wish, NULL);
	world_tell(&w, 3, rtc, wish, NULL);
	not_told(1, rtc, wish);
}

static void test_default_membership(void **state)
{
	struct rib_export out = world_export(&w, 0, SOURCE_IBGP_CLIENT);

	world_peer(&w, 0, SOURCE_IBGP_CLIENT);
	out.default_route = true;
	configure(0, rtc, NULL, &out);
	told(0, rtc, "default", "nh=10.0.0.254");
	out.default_route = false;
	configure(0, rtc, NULL, &out);
	not_told(0, rtc, "default");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_labels_of_one_update), TEST(test_labels),
		TEST(test_label_room),           TEST(test_lent_label),
		TEST(test_next_hop_local),       TEST(test_mapped_next_hop),
		TEST(test_typed_next_hop),       TEST(test_lent_next_hop),
		TEST(test_targets_always_go),    TEST(test_site_of_origin),
		TEST(test_cluster_loop),         TEST(test_waiting),
		TEST(test_which_count),          TEST(test_to_clients),
		TEST(test_to_non_clients),       TEST(test_default_membership)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
