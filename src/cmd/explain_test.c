// `explain` as an operator reads it: policies by their clauses, the decision, neighbours, tables, and
// the candidate beside what runs. That it is true is checked in rib/ and vpn/.
#include "box/box.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

static struct box *a, *b, *c;

static const char ours[] = "sysname A\n"
			   "ip ip-prefix ten index 10 permit 10.0.0.0 8 less-equal 24\n"
			   "ip ip-prefix two index 10 permit 10.2.0.0 16\n"
			   "ip vpn-instance red\nipv4-family\nroute-distinguisher 100:1\n"
			   "vpn-target 1:1\nmvpn\nmvpn source-active 10.1.1.1 group 225.1.1.1\n"
			   "quit\nquit\n"
			   "ip vpn-instance blue\nipv4-family\nroute-distinguisher 100:2\n"
			   "vpn-target 2:2\nquit\nquit\n"
			   "route-policy in deny node 10\nif-match ip-prefix two\nquit\n"
			   "route-policy in permit node 20\nif-match ip-prefix ten\n"
			   "if-match cost 0\napply local-preference 200\nquit\n"
			   "route-policy out deny node 10\nquit\n"
			   "bgp 100\nrouter-id 10.0.0.1\npeer 10.0.0.2 as-number 200\n"
			   "peer 10.0.0.3 as-number 300\npeer 10.0.0.9 as-number 900\n"
			   "ipv4-family unicast\npeer 10.0.0.2 route-policy in import\n"
			   "peer 10.0.0.2 keep-all-routes\nquit\n"
			   "ipv4-family vpn-target\npeer 10.0.0.2 enable\nquit\n"
			   "ipv4-family vpnv4\npeer 10.0.0.2 enable\nquit\n"
			   "ipv4-family mvpn\npeer 10.0.0.2 enable\nquit\n"
			   "ipv4-family vpn-instance red\nnetwork 10.8.0.0 16";
static const char theirs[] = "sysname B\nbgp 200\nrouter-id 10.0.0.2\npeer 10.0.0.1 as-number 100\n"
			     "ipv4-family unicast\nnetwork 10.1.0.0 16\nnetwork 10.2.0.0 16";
static const char others[] = "sysname C\nbgp 300\nrouter-id 10.0.0.3\npeer 10.0.0.1 as-number 100\n"
			     "ipv4-family unicast\nnetwork 10.1.0.0 16";

static int set_up(void **state)
{
	sim_new(3);
	a = box_new("10.0.0.1");
	b = box_new("10.0.0.2");
	c = box_new("10.0.0.3");
	box_configure(a, ours);
	box_configure(b, theirs);
	box_configure(c, others);
	sim_run_for(120 * SIM_SECOND);
	return 0;
}

static int tear_down(void **state)
{
	box_free(a);
	box_free(b);
	box_free(c);
	assert_int_equal(sim_free(), 0);
	return 0;
}

static void test_policy_decision_and_neighbors(void **state)
{
	box_expect(a, "display bgp routing-table 10.1.0.0 16 explain",
		   " Explanation of 10.1.0.0/16:\n",
		   " Path from 10.0.0.2:\n"
		   "   received: ORIGIN igp, AS_PATH 200, NEXT_HOP 10.0.0.2\n"
		   "   node 10 deny: if-match ip-prefix two: not matched\n"
		   "   node 10 deny: not matched\n"
		   "   node 20 permit: if-match ip-prefix ten: matched\n"
		   "   node 20 permit: if-match cost 0: matched\n"
		   "   node 20 permit: matched\n"
		   "     applied: LOCAL_PREF none -> 200\n"
		   "   route-policy in: permit\n"
		   "   accepted: ORIGIN igp, AS_PATH 200, NEXT_HOP 10.0.0.2, LOCAL_PREF 200\n",
		   " Best path: from 10.0.0.2, of 2 that are accepted\n",
		   "   that from 10.0.0.2 beats that from 10.0.0.3 by local-preference (higher "
		   "LOCAL_PREF): LOCAL_PREF 200 against LOCAL_PREF 100\n",
		   " To 10.0.0.2:\n", "   not advertised: it came from this peer\n",
		   " To 10.0.0.3:\n   as to 10.0.0.2 (one update group)\n   advertised: ",
		   " To 10.0.0.9:\n   not advertised: the session is not established\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "a walk has yet"));
}

static void test_rejected(void **state)
{
	box_expect(a, "display bgp routing-table 10.2.0.0 16 explain",
		   "   node 10 deny: if-match ip-prefix two: matched\n   node 10 deny: matched\n"
		   "   route-policy in: deny\n   rejected: the policy rejects it\n",
		   "\n Best path: none\n", " To 10.0.0.3:\n",
		   "   not advertised: there is no path to tell of\n", NULL);
	// Nobody has announced it, or nothing was kept.
	box_expect(a, "display bgp routing-table 10.7.0.0 16 explain",
		   " No path stored of these, whose import may have rejected one", "   10.0.0.3\n",
		   " Best path: none\n", NULL);
}

static void test_one_peer(void **state)
{
	box_expect(a, "display bgp routing-table 10.1.0.0 16 explain peer 10.0.0.3",
		   " Path from 10.0.0.2:\n", " To 10.0.0.3:\n", "   advertised: ", NULL);
	assert_null(strstr(buf_cstr(&a->out), " To 10.0.0.2:"));
	box_refuses(a, "display bgp routing-table 10.1.0.0 16 explain peer 10.0.0.77",
		    "Error: The peer does not exist.");
}

static void test_candidate(void **state)
{
	box_refuses(a, "display bgp routing-table 10.2.0.0 16 explain candidate",
		    "Error: There is no candidate configuration.");
	box_run(a, "system-view");
	box_run(a, "undo route-policy in node 10");
	box_run(a, "bgp 100");
	box_run(a, "ipv4-family unicast");
	box_run(a, "peer 10.0.0.3 route-policy out export");
	box_expect(a, "display bgp routing-table 10.2.0.0 16 explain candidate",
		   " Explanation of 10.2.0.0/16 by the candidate configuration:\n",
		   "   route-policy in: permit\n   accepted: ", "   differs from what runs\n",
		   " Best path: from 10.0.0.2, of 1 that is accepted\n", " To 10.0.0.3:\n",
		   "   node 10 deny: matched\n   route-policy out: deny\n"
		   "   not advertised: the policy rejects it\n",
		   NULL);
	box_expect(a, "display bgp routing-table 10.2.0.0 16 explain", " Best path: none\n", NULL);
	box_run(a, "commit");
	sim_run_for(10 * SIM_SECOND);
	box_expect(a, "display bgp routing-table 10.2.0.0 16 explain",
		   " Best path: from 10.0.0.2, of 1 that is accepted\n",
		   "   route-policy out: deny\n   not advertised: the policy rejects it\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "a walk has yet"));
	box_run(a, "return");
}

static void test_tables(void **state)
{
	box_expect(a, "display bgp vpnv4 all routing-table 10.8.0.0 16 explain",
		   " Explanation of 100:1 10.8.0.0/16:\n Path from another table:\n",
		   " VPN instance blue:\n   not taken: it carries none of the instance's import "
		   "targets\n VPN instance red:\n   not taken: the instance gave it itself\n",
		   " VPN-Instance red, Router ID 10.0.0.1:\n Explanation of 10.8.0.0/16:\n"
		   " Path from this speaker:\n",
		   " The VPN tables:\n   taken: ", NULL);
	box_expect(a, "display bgp vpnv4 vpn-instance red routing-table 10.8.0.0 explain",
		   " Explanation of 10.8.0.0/16:\n", NULL);
}

static void test_other_families(void **state)
{
	box_expect(a, "display bgp vpn-target routing-table", "1:1", NULL);
	box_expect(a, "display bgp vpn-target routing-table 1:1 explain", " Explanation of ",
		   " Best path: from this speaker", NULL);
	box_expect(
		a,
		"display bgp mvpn all routing-table type 5 10.1.1.1:225.1.1.1 explain peer 10.0.0.2",
		" Explanation of ", " Best path: from another table, of 1 that is accepted\n",
		" To 10.0.0.2:\n",
		" VPN instance red:\n   not taken: the instance gave it itself\n",
		" The VPN tables:\n   taken: ", NULL);
	box_refuses(a, "display bgp mvpn all routing-table all-type explain",
		    "Error: The key of a route is needed");
}

static void test_policy_counts(void **state)
{
	// 10.1/16 and 10.2/16 came from the one peer that has it.
	box_expect(a, "display route-policy in",
		   "Route-policy : in\ndeny : 10 (matched counts: 1)\n    Match clauses :\n"
		   "    if-match ip-prefix two\n",
		   "permit : 20 (matched counts: 1)\n", NULL);
	box_expect(
		a, "display route-policy in usage", "  Named by:\n",
		"bgp 100 / ipv4-family unicast / peer 10.0.0.2 route-policy in import\n",
		"  In force: import of 1 peer and family (2 routes judged), export of 0 in 0 update "
		"groups (0 routes judged)\n",
		"  deny : 10 (matched counts: 1), import 1, export 0\n", NULL);
	box_expect(a, "display route-policy out usage", "    nothing\n",
		   "  deny : 10 (matched counts: 0)", NULL);
	box_refuses(a, "display route-policy none usage",
		    "Error: The route-policy does not exist.");
	json_t *all = json_loads(box_json(a, "display route-policy in usage"), 0, NULL);
	assert_int_equal(json_array_size(json_object_get(all, "nodes")), 2);
	assert_int_equal(json_array_size(json_object_get(all, "named_by")), 1);
	json_decref(all);
}

static void test_shadowed_nodes(void **state)
{
	box_configure(a, "route-policy out permit node 20\nquit\n"
			 "route-policy in permit node 30\nif-match cost 0\nif-match ip-prefix ten\n"
			 "if-match tag 5\nquit\n"
			 "route-policy in permit node 40\nif-match ip-prefix ten\nquit\n"
			 "bgp 100\nipv4-family unicast\npeer 10.0.0.3 route-policy out export");
	sim_run_for(10 * SIM_SECOND);
	box_expect(a, "display route-policy in usage",
		   "  permit : 30 (matched counts: 0), import 0, export 0\n"
		   "    never matches: node 20 comes first for every such route\n"
		   "  permit : 40 ",
		   NULL);
	assert_null(strstr(strstr(buf_cstr(&a->out), "permit : 40"), "never"));
	box_expect(a, "display route-policy out usage",
		   "export of 1 in 1 update group (1 routes judged)\n",
		   "  deny : 10 (matched counts: 1), import 0, export 1\n",
		   "    never matches: node 10 comes first for every such route\n", NULL);
}

static void test_json(void **state)
{
	json_t *all =
		json_loads(box_json(a, "display bgp routing-table 10.1.0.0 16 explain"), 0, NULL);
	json_t *one = json_array_get(json_object_get(all, "explanations"), 0);
	json_t *path = json_array_get(json_object_get(one, "paths"), 0);
	json_t *lost = json_array_get(json_object_get(one, "decision"), 0);

	assert_non_null(one);
	assert_string_equal(json_string_value(json_object_get(one, "prefix")), "10.1.0.0/16");
	assert_int_equal(json_array_size(json_object_get(one, "paths")), 2);
	assert_int_equal(json_array_size(json_object_get(one, "neighbors")), 3);
	assert_true(json_is_true(json_object_get(path, "accepted")));
	assert_true(json_array_size(json_object_get(path, "steps")) >= 6 ||
		    json_array_size(json_object_get(
			    json_array_get(json_object_get(one, "paths"), 1), "steps")) >= 6);
	assert_string_equal(json_string_value(json_object_get(lost, "step")), "local-preference");
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_policy_decision_and_neighbors, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_rejected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_peer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_candidate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_families, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_policy_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shadowed_nodes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
