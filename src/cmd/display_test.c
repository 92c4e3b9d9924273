// Displays of the VPN families (vrp-cli 1.7, 3.5): two PEs with VPN instances, what each shows of
// itself and of the other. Lines are compared where clients read them; widths of columns are part
// of it.
#include "box/box.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"

static struct box *a, *b;

static const char ours[] =
	"sysname A\n"
	"ip vpn-instance red\n"
	"description customers\n"
	"ipv4-family\nroute-distinguisher 100:1\nvpn-target 1:1\nmvpn\n"
	"mvpn source-active 10.1.1.1 group 225.1.1.1\n"
	"mvpn join source-tree 10.1.2.1 group 225.1.1.2 route-distinguisher 200:1 source-as 100 "
	"route-target 10.0.0.2:1\nquit\n"
	"ipv6-family\nroute-distinguisher 100:1\nvpn-target 6:1\nquit\nquit\n"
	"ip vpn-instance blue\nipv4-family\nroute-distinguisher 100:2\n"
	"vpn-target 1:1 import-extcommunity\nquit\nquit\n"
	"bgp 100\nrouter-id 10.0.0.1\npeer 10.0.0.2 as-number 100\n"
	"ipv4-family vpnv4\npeer 10.0.0.2 enable\n"
	"ipv6-family vpnv6\npeer 10.0.0.2 enable\n"
	"ipv4-family vpn-target\npeer 10.0.0.2 enable\n"
	"ipv4-family mvpn\npeer 10.0.0.2 enable\n"
	"ipv4-family vpn-instance red\nnetwork 10.1.0.0 16\nnetwork 10.1.0.0 20\n"
	"peer 10.9.0.1 as-number 65001\n"
	"ipv4-multicast vpn-instance red\nnetwork 10.7.0.0 16\n"
	"ipv6-family vpn-instance red\nnetwork 2001:db8:1:: 48";
static const char theirs[] =
	"sysname B\n"
	"ip vpn-instance red\n"
	"ipv4-family\nroute-distinguisher 200:1\nvpn-target 1:1\nmvpn\nquit\nquit\n"
	"bgp 100\nrouter-id 10.0.0.2\npeer 10.0.0.1 as-number 100\n"
	"ipv4-family vpnv4\npeer 10.0.0.1 enable\n"
	"ipv4-family vpn-target\npeer 10.0.0.1 enable\n"
	"ipv4-family mvpn\npeer 10.0.0.1 enable\n"
	"ipv4-family vpn-instance red\nnetwork 10.1.0.0 16\nnetwork 10.3.0.0 16";

static int set_up(void **state)
{
	sim_new(3);
	a = box_new("10.0.0.1");
	b = box_new("10.0.0.2");
	box_configure(a, ours);
	box_configure(b, theirs);
	sim_run_for(120 * SIM_SECOND);
	return 0;
}

static int tear_down(void **state)
{
	box_free(a);
	box_free(b);
	assert_int_equal(sim_free(), 0);
	return 0;
}

// --- tables -----------------------------------------------------------------------------------------
static void test_all_tables(void **state)
{
	box_expect(a, "display bgp vpnv4 all routing-table", " BGP Local router ID is 10.0.0.1\n",
		   " RPKI validation codes: V - valid, I - invalid, N - not-found\n",
		   " Total number of routes from all PE: 4\n\n Route Distinguisher: 100:1\n"
		   "        Network            NextHop                       MED        LocPrf    "
		   "PrefVal Path/Ogn\n\n",
		   " *>     10.1.0.0/16        0.0.0.0 ", " *>     10.1.0.0/20        0.0.0.0 ",
		   "\n\n Route Distinguisher: 200:1\n",
		   " *>i    10.1.0.0/16        10.0.0.2                                 100      "
		   "        0      i\n",
		   " *>i    10.3.0.0/16        10.0.0.2 ",
		   "\n Total routes of vpn-instance blue: 4\n",
		   "\n Total routes of vpn-instance red: 4\n",
		   // The second path of a prefix leaves the column blank.
		   " *>     10.1.0.0/16        0.0.0.0 ", "\n * i                       10.0.0.2 ",
		   NULL);
}

static void test_one_instance(void **state)
{
	box_expect(a, "display bgp vpnv4 vpn-instance red routing-table",
		   " VPN-Instance red, Router ID 10.0.0.1:\n\n Total Number of Routes: 4\n",
		   " *>i    10.3.0.0/16        10.0.0.2 ", NULL);
	assert_null(strstr(box_run(a, "display bgp vpnv4 vpn-instance red routing-table"),
			   "Route Distinguisher"));
	box_expect(a, "display bgp vpnv4 route-distinguisher 200:1 routing-table",
		   " Total Number of Routes: 2\n\n Route Distinguisher: 200:1\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "100:1"));
	box_refuses(a, "display bgp vpnv4 vpn-instance none routing-table",
		    "Error: The VPN instance does not exist.");
}

static void test_wide(void **state)
{
	box_expect(a, "display bgp vpnv6 all routing-table", "\n Route Distinguisher: 100:1\n",
		   " *>   Network  : 2001:DB8:1::                              PrefixLen : 48\n"
		   "     NextHop  : ::                                        LocPrf    : \n"
		   "     MED      :                                           PrefVal   : 0\n"
		   "     Label    : ",
		   "\n     Path/Ogn : i\n", " Total routes of vpn-instance red: 1\n", NULL);
}

static void test_own_tables(void **state)
{
	box_expect(a, "display bgp multicast vpn-instance red routing-table",
		   " VPN-Instance red, Router ID 10.0.0.1:\n", " Total Number of Routes: 1\n",
		   " *>     10.7.0.0/16 ", NULL);
	box_expect(a, "display bgp multicast routing-table", " Total Number of Routes: 0\n", NULL);
	box_expect(a, "display bgp routing-table", " Total Number of Routes: 0\n", NULL);
}

static void test_per_peer(void **state)
{
	box_expect(a, "display bgp vpnv4 all routing-table peer 10.0.0.2 received-routes",
		   " Received routes total: 2\n", " Route Distinguisher: 200:1\n", NULL);
	box_expect(a, "display bgp vpnv4 all routing-table peer 10.0.0.2 advertised-routes",
		   " Advertised routes total: 2\n", " Route Distinguisher: 100:1\n",
		   " *>     10.1.0.0/16        10.0.0.1 ", NULL);
	box_expect(
		a,
		"display bgp vpnv4 all routing-table peer 10.0.0.2 advertised-routes 10.1.0.0 20",
		" Total routes of Route Distinguisher(100:1): 1\n", " of 10.1.0.0/20:\n",
		" Original nexthop: 10.0.0.1\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "dvertised to"));
	box_expect(a, "display bgp vpnv4 all routing-table peer 10.0.0.2 received-routes 10.3.1.1",
		   " of 10.3.0.0/16:\n", NULL);
	box_expect(a, "display bgp vpnv4 all routing-table peer 10.0.0.2 not-accepted-routes",
		   " Received routes total: 0\n", NULL);
	box_expect(a,
		   "display bgp vpnv4 vpn-instance red routing-table peer 10.9.0.1 accepted-routes",
		   " VPN-Instance red, Router ID", " Received routes total: 0\n", NULL);
	box_refuses(
		a, "display bgp vpnv4 vpn-instance red routing-table peer 10.0.0.2 accepted-routes",
		"Error: The peer does not exist.");
}

static void test_numbers(void **state)
{
	box_expect(a, "display bgp vpnv4 all routing-table statistics",
		   " Total number of routes from all PE: 4\n", " vpn-instance blue: 4\n",
		   " vpn-instance red: 4\n", NULL);
	box_expect(a, "display bgp vpnv4 all brief",
		   "\nVPNV4:\n  RD Num              Peer Num            Route Num\n"
		   "  2                   1                   4\n",
		   "\nVPN-Instance(IPv4-family):\n",
		   "\n  blue                            0                   4\n"
		   "  red                             1                   4\n",
		   NULL);
	box_expect(a, "display bgp mvpn all brief", "\nMVPN:\n", "\n  2                   1     ",
		   "VPN-Instance(IPv4-MVPN-family):\n", NULL);
}

// --- details ----------------------------------------------------------------------------------------
static void test_detail(void **state)
{
	box_expect(a, "display bgp vpnv4 all routing-table 10.1.0.0 16",
		   "\n BGP local router ID : 10.0.0.1\n Local AS number : 100\n",
		   " Total routes of Route Distinguisher(100:1): 1\n"
		   " BGP routing table entry information of 10.1.0.0/16:\n"
		   " Label information (Received/Applied): NULL/",
		   " Ext-Community: RT <1 : 1>", " Advertised to such 1 peers:\n    10.0.0.2\n",
		   " Total routes of Route Distinguisher(200:1): 1\n",
		   " Label information (Received/Applied): ",
		   "/NULL\n From: 10.0.0.2 (10.0.0.2)\n Route Duration: 0d00h",
		   " Not advertised to any peer yet\n",
		   // blue takes in routes of red: a local instance's and another PE's.
		   " VPN-Instance blue, Router ID 10.0.0.1:\n\n Total Number of Routes: 2\n",
		   " Route Distinguisher: 100:1\n Local-Cross route\n",
		   " Route Distinguisher: 200:1\n Remote-Cross route\n",
		   " VPN-Instance red, Router ID", NULL);
	assert_null(strstr(buf_cstr(&a->out), "10.1.0.0/20"));
}

// Without a length: the longest prefix of each distinguisher and each instance.
static void test_longest(void **state)
{
	box_expect(a, "display bgp vpnv4 all routing-table 10.1.1.1",
		   " Total routes of Route Distinguisher(100:1): 1\n", " of 10.1.0.0/20:\n",
		   " Total routes of Route Distinguisher(200:1): 1\n", " of 10.1.0.0/16:\n",
		   " VPN-Instance blue", " of 10.1.0.0/20:\n", NULL);
	box_expect(a, "display bgp vpnv4 vpn-instance red routing-table 10.3.3.3",
		   " of 10.3.0.0/16:\n", NULL);
	box_expect(a, "display bgp vpnv4 all routing-table 10.1.0.0 16 longer-prefixes",
		   " Total number of routes from all PE: 3\n", "10.1.0.0/16", "10.1.0.0/20",
		   " Route Distinguisher: 200:1\n", NULL);
	box_expect(a, "display bgp vpnv4 all routing-table 10.99.0.0 16",
		   "Info: The network does not exist.\n", NULL);
	box_expect(a, "display bgp vpnv4 route-distinguisher 200:1 routing-table 10.1.1.1",
		   "Distinguisher(200:1): 1\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "100:1"));
}

// --- types, memberships -----------------------------------------------------------------------------
static void test_types(void **state)
{
	box_expect(a, "display bgp mvpn all routing-table all-type",
		   " Total number of routes from all PE: 4\n"
		   "    Number of Intra-AS I-PMSI A-D Routes: 2\n\n Route Distinguisher: 100:1\n"
		   "        Network(Originator IP Addr)                             NextHop\n"
		   " *>     10.0.0.1                                                ",
		   "\n\n Route Distinguisher: 200:1\n",
		   " *>i    10.0.0.2                                                10.0.0.2\n"
		   "    Number of Source Active A-D Routes: 1\n\n Route Distinguisher: 100:1\n",
		   "        Network(C-S:C-G) ", " *>     10.1.1.1:225.1.1.1 ",
		   "    Number of Source Tree Join Routes: 1\n\n Route Distinguisher: 200:1\n"
		   "        Network(AS Number:C-S:C-G)                              NextHop\n"
		   " *>     100:10.1.2.1:225.1.1.2 ",
		   " Total number of routes of IPv4-MVPN-family for vpn-instance red: 4\n"
		   "    Number of Intra-AS I-PMSI A-D Routes: 2\n"
		   "        Network(Originator IP Addr) ",
		   NULL);
	box_expect(a, "display bgp mvpn all routing-table type 7",
		   " Total number of routes from all PE: 1\n", "100:10.1.2.1:225.1.1.2", NULL);
	box_expect(a, "display bgp mvpn all routing-table all-type statistics",
		   "    Number of Intra-AS I-PMSI A-D Routes: 2\n"
		   "    Number of Inter-AS I-PMSI A-D Routes: 0\n"
		   "    Number of S-PMSI A-D Routes: 0\n    Number of Leaf A-D Routes: 0\n"
		   "    Number of Source Active A-D Routes: 1\n"
		   "    Number of Shared Tree Join Routes: 0\n"
		   "    Number of Source Tree Join Routes: 1\n",
		   NULL);
}

static void test_type_detail(void **state)
{
	box_expect(a, "display bgp mvpn all routing-table type 1 10.0.0.2",
		   " Total routes of Route Distinguisher(200:1): 1\n",
		   " Route Type: 1 (Intra-AS I-PMSI A-D)\n", " Ext-Community: RT <1 : 1>\n",
		   " PMSI: ingress replication", NULL);
	// mvpn's tables need the word for all types or one.
	box_refuses(a, "display bgp mvpn all routing-table", "Error: Incomplete command");
	box_refuses(a, "display bgp mvpn peer", "Error:");
	box_refuses(a, "display bgp mvpn all routing-table type 8", "Error:");
}

static void test_memberships(void **state)
{
	box_expect(a, "display bgp vpn-target routing-table", " Origin AS: 100\n",
		   "        Network            NextHop ", " *>     RT<1:1>            0.0.0.0 ",
		   "\n * i                       10.0.0.2 ", NULL);
	assert_null(strstr(buf_cstr(&a->out), "RPKI"));
	box_expect(a, "display bgp vpn-target routing-table 1:1", "\n Origin AS: 100\n",
		   " BGP routing table entry information of RT<1:1>/96:\n",
		   " Advertised to such 1 peers:\n    10.0.0.2\n", NULL);
	box_expect(a, "display bgp vpn-target routing-table origin-as 200",
		   " Total Number of Routes: 0\n", NULL);
	box_expect(a, "display bgp vpn-target rt-filter peer 10.0.0.2", "\n Peer 10.0.0.2\n",
		   "     RT<1:1>\n", NULL);
}

// --- peers, instances -------------------------------------------------------------------------------
static void test_peers(void **state)
{
	box_expect(a, "display bgp vpnv4 all peer",
		   " BGP local router ID : 10.0.0.1\n Local AS number : 100\n"
		   " Total number of peers : 2                 Peers in established state : 1\n\n"
		   "  Peer            V         AS  MsgRcvd ",
		   "\n  10.0.0.2        4        100 ", " Established        2\n",
		   "\n  Peer of IPv4-family for vpn instance :\n\n"
		   " VPN-Instance red, Router ID 10.0.0.1:\n  Peer ",
		   "\n  10.9.0.1        4      65001 ", NULL);
	box_expect(a, "display bgp vpnv4 vpn-instance red peer",
		   " VPN-Instance red, Router ID 10.0.0.1:\n Total number of peers : 1  ", NULL);
	box_expect(a, "display bgp vpnv4 route-distinguisher 100:1 peer",
		   " VPN-Instance red, Router ID", NULL);
	box_expect(a, "display bgp mvpn all peer 10.0.0.2 verbose", "BGP Peer is 10.0.0.2",
		   "Address family IPv4 MVPN: advertised and received", NULL);
	box_expect(a, "display bgp vpn-target peer", " Total number of peers : 1  ", NULL);
	box_expect(a, "display bgp peer", " Total number of peers : 1\n",
		   NULL); // not those of instances
	assert_null(strstr(buf_cstr(&a->out), "10.9.0.1"));
	box_expect(a, "display bgp all summary", " Address Family:IPv4 Unicast\n",
		   " Address Family:VPNv4 Unicast\n", " VPN-Instance red, Router ID",
		   " Address Family:VPN-Target\n", " Address Family:IPv4 MVPN\n", NULL);
}

static void test_instances(void **state)
{
	box_expect(a, "display ip vpn-instance",
		   " Total VPN-Instances configured      : 2\n"
		   " Total IPv4 VPN-Instances configured : 2\n"
		   " Total IPv6 VPN-Instances configured : 1\n\n"
		   "  VPN-Instance Name               RD                    Address-family\n"
		   "  blue                            100:2                 IPv4\n"
		   "  red                             100:1                 IPv4\n"
		   "  red                             100:1                 IPv6\n",
		   NULL);
	box_expect(a, "display ip vpn-instance verbose red", " VPN-Instance Name and ID : red, ",
		   "  Description : customers\n Address family ipv4\n",
		   "  Route Distinguisher : 100:1\n  Export VPN Targets : 1:1\n"
		   "  Import VPN Targets : 1:1\n  Label Policy : label per instance\n"
		   "  Per-Instance Label : ",
		   " Address family ipv6\n", NULL);
	box_refuses(a, "display ip vpn-instance none", "Error: The VPN instance does not exist.");
	box_expect(a, "display bgp vpnv4 vpn-instance red network",
		   "10.1.0.0                                255.255.0.0\n", "255.255.240.0\n",
		   NULL);
}

// --- JSON -------------------------------------------------------------------------------------------
static json_t *json(const char *line)
{
	const char *text = box_json(a, line);
	json_error_t error;
	json_t *o = json_loads(text, 0, &error);

	if (!o)
		fail_msg("%s: %s in %s", line, error.text, text);
	return o;
}

static const char *at(json_t *list, unsigned i, const char *name)
{
	const char *text = json_string_value(json_object_get(json_array_get(list, i), name));

	return text ? text : "";
}

static void test_json(void **state)
{
	json_t *o = json("display bgp vpnv4 all routing-table"), *routes;

	assert_int_equal(json_integer_value(json_object_get(o, "total")), 12);
	routes = json_object_get(o, "routes");
	assert_int_equal(json_array_size(routes), 12);
	assert_string_equal(at(routes, 0, "route_distinguisher"), "100:1");
	assert_string_equal(at(routes, 0, "prefix"), "10.1.0.0/16");
	assert_non_null(json_object_get(json_array_get(routes, 0), "label"));
	assert_string_equal(at(routes, 4, "instance"), "blue");
	assert_string_equal(at(routes, 4, "peer"), "imported");
	json_decref(o);
	o = json("display bgp mvpn all routing-table type 7");
	routes = json_object_get(o, "routes");
	assert_string_equal(at(routes, 0, "prefix"), "7 200:1 100 10.1.2.1 225.1.1.2");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(routes, 0), "type")), 7);
	json_decref(o);
}

// Every display of these families gives JSON, or an error.
static void test_json_everywhere(void **state)
{
	static const char *const lines[] = {
		"display bgp vpnv4 all peer",
		"display bgp vpnv4 all peer verbose",
		"display bgp vpnv4 vpn-instance red peer 10.9.0.1 verbose",
		"display bgp vpnv4 vpn-instance red peer 10.9.0.1 log-info",
		"display bgp vpnv4 all group",
		"display bgp vpnv4 all brief",
		"display bgp vpnv4 all network",
		"display bgp vpnv4 all routing-table statistics",
		"display bgp vpnv4 all routing-table 10.1.0.0 16",
		"display bgp vpnv4 all routing-table 10.99.0.0 16",
		"display bgp vpnv6 vpn-instance red routing-table",
		"display bgp vpn-target routing-table",
		"display bgp vpn-target rt-filter",
		"display bgp mvpn vpn-instance red routing-table all-type statistics",
		"display bgp mvpn all routing-table peer 10.0.0.2 advertised-routes all-type",
		"display bgp all summary",
		"display ip vpn-instance verbose",
		"display bgp refresh",
		"display bgp memory",
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		json_decref(json(lines[i]));
}

// --- jobs -------------------------------------------------------------------------------------------
static void test_jobs(void **state)
{
	box_run(a, "system-view");
	box_run(a, "ip vpn-instance red");
	box_run(a, "ipv4-family");
	box_run(a, "vpn-target 3:3 import-extcommunity");
	box_expect(a, "commit", "Info:   VPN instance red, IPv4 Unicast: ", NULL);
	box_run(a, "return");
	sim_run_for(5 * SIM_SECOND);
	box_expect(a, "display bgp refresh",
		   ": VPN routes into VPN instance red, IPv4 Unicast, import, by commit", NULL);
	json_t *o = json("display bgp refresh"), *jobs = json_object_get(o, "jobs");
	bool found = false;
	for (unsigned i = 0; i < json_array_size(jobs); i++)
		found |= !strcmp(at(jobs, i, "instance"), "red") &&
			 json_is_true(json_object_get(json_array_get(jobs, i), "exchange"));
	assert_true(found);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_tables),
		cmocka_unit_test(test_one_instance),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_own_tables),
		cmocka_unit_test(test_per_peer),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_type_detail),
		cmocka_unit_test(test_memberships),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_everywhere),
		cmocka_unit_test(test_jobs),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
