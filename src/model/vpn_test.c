// VPN instances and VPN routes: the statements as they are typed, with their prompts and refusals, and
// what is compiled from them: links, programs behind route targets, memberships, multicast routes.
#include "model/fixture.h"

#include <string.h>

#include "af/rd.h"
#include "base/mem.h"

static int setup(void **state)
{
	*state = fixture_new();
	return 0;
}

static int teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

static void refused(struct fixture *f, const char *line, const char *error)
{
	assert_int_equal(fixture_type(f, line), 1);
	assert_string_equal(buf_cstr(&f->output), error);
}

static void taken(struct fixture *f, const char *lines)
{
	if (fixture_type(f, lines) != 0 || f->output.len)
		fail_msg("%s: %s", lines, buf_cstr(&f->output));
}

static const struct af *family(const char *name)
{
	const struct af *af = af_by_name(name);

	assert_non_null(af);
	return af;
}

static const struct instance_config *instance(const struct fixture *f, const char *name)
{
	const struct instance_config *c = speaker_config_instance(f->config, name);

	assert_non_null(c);
	return c;
}

static const struct peer_config *peer_in(const struct fixture *f, const char *name,
					 const char *address)
{
	struct ip ip;

	assert_true(ip_parse(address, &ip));
	const struct peer_config *p =
		speaker_config_peer(f->config, instance(f, name)->number, &ip);
	assert_non_null(p);
	return p;
}

// --- the example of the manual for peer keep-all-routes in a VPN instance -------------------------------
static void step(struct fixture *f, const char *prompt, const char *line)
{
	assert_string_equal(buf_cstr(&f->prompt), prompt);
	taken(f, line);
}

static void test_example(void **state)
{
	struct fixture *f = fixture_terminal();
	const unsigned v4 = af_index(af_classic());

	(void)state;
	assert_int_equal(fixture_type(f, "system-view"), 0); // tells how to leave it
	step(f, "[~Test]", "ip vpn-instance vpna");
	step(f, "[*Test-vpn-instance-vpna]", "ipv4-family");
	step(f, "[*Test-vpn-instance-vpna-af-ipv4]", "route-distinguisher 100:1");
	step(f, "[*Test-vpn-instance-vpna-af-ipv4]", "quit");
	step(f, "[*Test-vpn-instance-vpna]", "quit");
	step(f, "[*Test]", "bgp 100");
	step(f, "[*Test-bgp]", "ipv4-family vpn-instance vpna");
	step(f, "[*Test-bgp-vpna]", "peer 1.1.1.1 as-number 100");
	step(f, "[*Test-bgp-vpna]", "peer 1.1.1.1 keep-all-routes");
	assert_string_equal(fixture_candidate(f),
			    "#\nip vpn-instance vpna\n ipv4-family\n  route-distinguisher 100:1\n"
			    "#\nbgp 100\n #\n ipv4-family vpn-instance vpna\n"
			    "  peer 1.1.1.1 as-number 100\n  peer 1.1.1.1 keep-all-routes\n"
			    "#\nreturn\n");
	fixture_good(f, fixture_candidate(f));
	const struct instance_config *c = instance(f, "vpna");
	assert_int_equal(c->number, 1);
	assert_int_equal(c->families, af_bit(af_classic()));
	assert_true(c->link[v4].present);
	assert_int_equal(c->link[v4].label, 17);
	const struct peer_config *p = peer_in(f, "vpna", "1.1.1.1");
	assert_true(p->session.internal);
	assert_int_equal(p->session.families, af_bit(af_classic()));
	assert_true(p->family[v4].enabled && p->family[v4].keep_own);
	assert_true(p->family[v4].import.keep_all);
	assert_int_equal(f->config->peer_count, 1);
	fixture_free(f);
}

static void test_prompts(void **state)
{
	struct fixture *f = fixture_terminal();

	(void)state;
	fixture_type(f, "system-view\nip vpn-instance vpna\nquit\nbgp 100");
	step(f, "[*Test-bgp]", "ipv6-family vpn-instance vpna");
	step(f, "[*Test-bgp-6-vpna]", "vpn-instance vpna"); // views are tried outwards
	step(f, "[*Test-bgp-instance-vpna]", "ipv4-multicast vpn-instance vpna");
	step(f, "[*Test-bgp-multicast-vpna]", "ipv4-family vpnv4 unicast");
	step(f, "[*Test-bgp-af-vpnv4]", "ipv6-family vpnv6");
	step(f, "[*Test-bgp-af-vpnv6]", "ipv4-family vpn-target");
	step(f, "[*Test-bgp-af-vpn-target]", "ipv4-family mvpn");
	step(f, "[*Test-bgp-af-mvpn]", "ip vpn-instance vpna");
	step(f, "[*Test-vpn-instance-vpna]", "ipv6-family unicast");
	step(f, "[*Test-vpn-instance-vpna-af-ipv6]", "ipv4-family");
	step(f, "[*Test-vpn-instance-vpna-af-ipv4]", "bgp 100");
	step(f, "[*Test-bgp]", "ipv4-family multicast");
	step(f, "[*Test-bgp-af-multicast]", "quit");
	fixture_free(f);
}

// --- refusals ----------------------------------------------------------------------------------------
static void test_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const views[] = {
		"ipv4-family vpn-instance vpna",
		"ipv6-family vpn-instance vpna",
		"ipv4-multicast vpn-instance vpna",
		"vpn-instance vpna",
	};

	fixture_type(f, "system-view\nbgp 100");
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		refused(f, views[i], "Error: The VPN instance does not exist.\n");
	refused(f, "ip vpn-instance _public_",
		"Error: A VPN instance cannot have the name _public_.\n");
	refused(f, "undo ip vpn-instance vpna", "Error: The VPN instance does not exist.\n");
	assert_int_equal(fixture_type(f, "ip vpn-instance a2345678901234567890123456789012"), 1);
	taken(f, "quit\nip vpn-instance vpna\nipv4-family\nroute-distinguisher 100:1\n"
		 "route-distinguisher 100:2\nipv6-family\nroute-distinguisher 100:2\n"
		 "ip vpn-instance VPNA\nipv6-family");
	refused(f, "route-distinguisher 100:2",
		"Error: The route distinguisher already exists in the VPN instance vpna.\n");
	assert_int_equal(fixture_type(f, "vpn-target 65536:65536"), 1);
	assert_int_equal(fixture_type(f, "vpn-target 65535:4294967296"), 1);
	assert_int_equal(fixture_type(f, "route-distinguisher 10.0.0.1:65536"), 1);
	assert_int_equal(fixture_type(f, "route-distinguisher 100"), 1);
	refused(f, "import route-policy p", "Error: The route-policy p does not exist.\n");
	fixture_type(f, "bgp 100\nipv4-family vpn-instance vpna");
	refused(f, "peer 1.1.1.1 keep-all-routes", "Error: The peer does not exist.\n");
	refused(f, "peer g enable", "Error: The peer group does not exist.\n");
	refused(f, "peer 1.1.1.1 group g", "Error: The peer group does not exist.\n");
}

// Peers of the wrong place: the public ones, those of another instance.
static void test_wrong_place(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nip vpn-instance a\nip vpn-instance b\nbgp 100\n"
		 "peer 10.0.0.1 as-number 200\nipv4-family vpn-instance a\n"
		 "peer 10.0.0.2 as-number 200\nipv4-family vpn-instance b");
	refused(f, "peer 10.0.0.1 enable", "Error: The peer does not exist.\n");
	refused(f, "peer 10.0.0.2 enable", "Error: The peer does not exist.\n");
	fixture_type(f, "ipv4-multicast vpn-instance b");
	refused(f, "peer 10.0.0.2 enable", "Error: The peer does not exist.\n");
	fixture_type(f, "ipv4-family vpnv4");
	refused(f, "peer 10.0.0.2 enable", "Error: The peer does not exist.\n");
	fixture_type(f, "vpn-instance a");
	refused(f, "peer 10.0.0.2 as-number 300",
		"Error: The peer already exists with the AS number 200.\n");
	taken(f, "ipv4-multicast vpn-instance a\npeer 10.0.0.2 enable\npeer 10.0.0.2 "
		 "keep-all-routes\nvpn-instance b\npeer 10.0.0.2 as-number 400");
	fixture_good(f, fixture_candidate(f));
	assert_int_equal(peer_in(f, "a", "10.0.0.2")->session.remote_as, 200);
	assert_int_equal(peer_in(f, "b", "10.0.0.2")->session.remote_as, 400);
	assert_true(peer_in(f, "b", "10.0.0.2")->session.shutdown); // speaks no family
}

// Statements that VRP's tables keep out of a view.
static void test_not_there(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[][2] = {
		{"ipv4-family mvpn", "peer 10.0.0.1 keep-all-routes"},
		{"ipv4-family vpn-target", "peer 10.0.0.1 keep-all-routes"},
		{"ipv4-family vpn-target", "peer 10.0.0.1 next-hop-local"},
		{"ipv4-family vpn-target", "peer 10.0.0.1 default-route-advertise route-policy p"},
		{"ipv4-family vpn-target", "peer 10.0.0.1 update-group-independent"},
		{"ipv4-family vpn-target", "policy vpn-target"},
		{"ipv4-family vpnv4", "peer 10.0.0.1 advertise-ext-community"},
		{"ipv4-family vpnv4", "peer 10.0.0.1 default-route-advertise"},
		{"ipv4-family vpnv4", "vpn-orf enable"},
		{"ipv4-family mvpn", "peer 10.0.0.1 preferred-value 3"},
		{"ipv4-family unicast", "peer 10.0.0.1 soo 1:1"},
		{"ipv4-family unicast", "policy vpn-target"},
		{"vpn-instance a", "peer 10.0.0.2 enable"},
		{"ipv4-multicast vpn-instance a", "peer 10.0.0.2 timer connect-retry 3"},
		{"ipv4-multicast vpn-instance a", "peer 10.0.0.3 as-number 300"},
		{"ipv4-family vpn-instance a", "peer 10.0.0.2 next-hop-invariable"},
		{"ipv4-family vpn-instance a", "group g listen external"},
	};

	taken(f, "system-view\nip vpn-instance a\nroute-policy p permit node 1\nbgp 100\n"
		 "undo default ipv4-unicast\npeer 10.0.0.1 as-number 200\nvpn-instance a\n"
		 "peer 10.0.0.2 as-number 200");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *text = mem_format("bgp 100\n%s", lines[i][0]);
		taken(f, text);
		mem_free(text);
		text = mem_text(fixture_candidate(f));
		fixture_type(f, lines[i][1]);
		if (strcmp(text, fixture_candidate(f)) != 0)
			fail_msg("%s: %s was taken", lines[i][0], lines[i][1]);
		mem_free(text);
	}
}

// --- vpn-target and route-distinguisher ---------------------------------------------------------------
static void test_targets(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nip vpn-instance a\nipv4-family\nroute-distinguisher 100:1\n"
		 "vpn-target 1:1 2:2\nvpn-target 3:3 export-extcommunity\n"
		 "vpn-target 1:1 4:4 import-extcommunity");
	assert_string_equal(fixture_candidate(f),
			    "#\nip vpn-instance a\n ipv4-family\n  route-distinguisher 100:1\n"
			    "  vpn-target 1:1 export-extcommunity\n"
			    "  vpn-target 1:1 import-extcommunity\n"
			    "  vpn-target 2:2 export-extcommunity\n"
			    "  vpn-target 2:2 import-extcommunity\n"
			    "  vpn-target 3:3 export-extcommunity\n"
			    "  vpn-target 4:4 import-extcommunity\n#\nreturn\n");
	taken(f, "undo vpn-target 1:1 3:3\nundo vpn-target 2:2 export-extcommunity");
	assert_string_equal(fixture_candidate(f),
			    "#\nip vpn-instance a\n ipv4-family\n  route-distinguisher 100:1\n"
			    "  vpn-target 2:2 import-extcommunity\n"
			    "  vpn-target 4:4 import-extcommunity\n#\nreturn\n");
	taken(f, "undo vpn-target all");
	assert_null(strstr(fixture_candidate(f), "vpn-target"));
	taken(f, "vpn-target 1:1\nundo route-distinguisher");
	assert_string_equal(fixture_candidate(f),
			    "#\nip vpn-instance a\n ipv4-family\n#\nreturn\n");
}

static void test_questions(void **state)
{
	struct fixture *f = fixture_terminal();

	(void)state;
	fixture_type(f, "system-view");
	fixture_type(f, "ip vpn-instance a\nipv4-family\nroute-distinguisher 100:1\n"
			"vpn-target 1:1\nipv6-family\nroute-distinguisher 100:1\n"
			"undo route-distinguisher");
	assert_string_equal(buf_cstr(&f->output),
			    "Warning: All the VPN targets in the VPN instance IPv6 address family "
			    "will be deleted. Continue? [Y/N]:\n");
	fixture_type(f, "y\nipv4-family\nundo route-distinguisher");
	assert_string_equal(buf_cstr(&f->output),
			    "Warning: All the VPN targets in the VPN instance IPv4 address family "
			    "will be deleted. Continue? [Y/N]:\n");
	fixture_type(f, "n");
	assert_non_null(strstr(fixture_candidate(f), "vpn-target 1:1 import-extcommunity"));
	fixture_free(f);
}

static bool up_in_two(struct model_host *host, uint16_t number, const struct ip *peer)
{
	return number == 2 && peer->b[3] == 1;
}

// A question is asked when the peer of this instance is Established, not one of its address.
static void test_live(void **state)
{
	struct fixture *f = fixture_terminal();

	(void)state;
	fixture_type(f, "system-view\nip vpn-instance a\nip vpn-instance b\nbgp 100\n"
			"peer 10.0.0.1 as-number 200\nipv4-family vpn-instance a\n"
			"peer 10.0.0.1 as-number 200\nipv4-family vpn-instance b\n"
			"peer 10.0.0.1 as-number 200\ngroup g external\npeer 10.0.0.1 group g");
	fixture_good(f, fixture_candidate(f));
	f->host.peer_established = up_in_two;
	fixture_type(f, "peer 10.0.0.1 ebgp-max-hop");
	assert_string_equal(buf_cstr(&f->output), "Warning: This operation will reset the peer "
						  "session. Continue? [Y/N]:\n");
	fixture_type(f, "n\nundo peer 10.0.0.1 enable");
	assert_non_null(strstr(buf_cstr(&f->output), "[Y/N]"));
	fixture_type(f, "n\npeer g ebgp-max-hop 3");
	assert_non_null(strstr(buf_cstr(&f->output), "[Y/N]"));
	fixture_type(f, "n\nrouter-id 1.1.1.1");
	assert_non_null(strstr(buf_cstr(&f->output), "[Y/N]"));
	fixture_type(f, "n\nquit\ntimer keepalive 1 hold 3");
	assert_non_null(strstr(buf_cstr(&f->output), "[Y/N]"));
	fixture_type(f, "n\nipv4-family vpn-instance a\npeer 10.0.0.1 ebgp-max-hop");
	assert_string_equal(buf_cstr(&f->output), "");
	fixture_type(f, "router-id 1.1.1.1\npeer 10.0.0.1 enable\nquit\npeer 10.0.0.1 ignore");
	assert_string_equal(buf_cstr(&f->output), "");
	fixture_free(f);
}

// --- instances that go --------------------------------------------------------------------------------
static void test_in_use(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nip vpn-instance a\nip vpn-instance b\nbgp 100\n"
		 "ipv4-family vpn-instance a\npeer 10.0.0.2 as-number 200\nvpn-instance b\nquit\n"
		 "quit\nundo ip vpn-instance a\nundo ip vpn-instance b");
	assert_false(fixture_load(f, fixture_candidate(f)));
	assert_string_equal(
		buf_cstr(&f->errors),
		"Error: The VPN instance b does not exist, but is used by: bgp 100, vpn-instance b\n"
		"Error: The VPN instance a does not exist, but is used by: bgp 100, ipv4-family "
		"vpn-instance a\n");
	taken(f, "bgp 100\nundo ipv4-family vpn-instance a\nundo vpn-instance b");
	fixture_good(f, fixture_candidate(f));
	assert_int_equal(f->config->instance_count, 1);
}

// All that is wrong in a file is told at once, what is no statement with its place.
static void test_errors_of_a_file(void **state)
{
	struct fixture *f = *state;

	assert_false(fixture_load(f, "ip vpn-instance a\n ipv4-family\n"
				     "  vpn-target 70000:70000\n  route-distinguisher 1:1\n#\n"
				     "ip vpn-instance _public_\n#\n"
				     "bgp 100\n #\n ipv4-family mvpn\n"
				     "  peer 10.0.0.1 keep-all-routes\n"));
	assert_string_equal(buf_cstr(&f->errors),
			    "text:3:14: Error: Wrong parameter.\n"
			    "text:6:1: Error: A VPN instance cannot have the name _public_.\n"
			    "text:11:17: Error: Unrecognized command.\n");
	assert_false(fixture_load(f, "ip vpn-instance a\n ipv4-family\n"
				     "  route-distinguisher 1:1\n#\nip vpn-instance b\n"
				     " ipv6-family\n  route-distinguisher 1:1\n"
				     "  export route-policy p\n#\nbgp 100\n"
				     " ipv4-family vpn-instance c\n"
				     " ipv4-family vpn-instance a\n  peer 10.0.0.1 enable\n"
				     " ipv4-family vpnv4\n  rr-filter 3\n"));
	assert_string_equal(
		buf_cstr(&f->errors),
		"Error: The route-policy p does not exist, but is used by: ip vpn-instance b, "
		"ipv6-family, export route-policy p\n"
		"Error: The extended community filter 3 does not exist, but is used by: bgp 100, "
		"ipv4-family vpnv4, rr-filter 3\n"
		"Error: The VPN instances a and b have the same route distinguisher 1:1.\n"
		"Error: The VPN instance c does not exist, but is used by: bgp 100, ipv4-family "
		"vpn-instance c\n"
		"Error: The peer 10.0.0.1 does not exist, but is named by: peer 10.0.0.1 enable\n");
}

// A number stays with its name while the process lives.
static void test_numbers(void **state)
{
	struct fixture *f = *state;

	fixture_good(f, "ip vpn-instance a\n#\nip vpn-instance b\n");
	assert_int_equal(instance(f, "a")->number, 1);
	assert_int_equal(instance(f, "b")->number, 2);
	fixture_good(f, "ip vpn-instance A\n#\nip vpn-instance b\n");
	assert_int_equal(instance(f, "A")->number, 3);
	assert_int_equal(instance(f, "b")->number, 2);
	fixture_good(f, "ip vpn-instance a\n#\nip vpn-instance b\n");
	assert_int_equal(instance(f, "a")->number, 1);
	assert_ptr_equal(speaker_config_instance_numbered(f->config, 2), instance(f, "b"));
}

// When all are given out, that of the name goes which has been gone for longest.
static void test_many(void **state)
{
	struct fixture *f = *state;
	struct buf text = {0};

	for (unsigned i = 0; i < INSTANCES_MAX - 1; i++)
		buf_format(&text, "ip vpn-instance v%u\n", i);
	fixture_good(f, buf_cstr(&text));
	assert_int_equal(f->config->instance_count, INSTANCES_MAX);
	uint16_t number = instance(f, "v17")->number;
	fixture_good(f, "ip vpn-instance x\n#\nip vpn-instance v17\n");
	assert_int_equal(instance(f, "v17")->number, number);
	assert_int_not_equal(instance(f, "x")->number, number);
	buf_format(&text, "ip vpn-instance y\n");
	assert_false(fixture_load(f, buf_cstr(&text)));
	assert_string_equal(buf_cstr(&f->errors),
			    "Error: There are more than 4095 VPN instances.\n");
	buf_free(&text);
}

// --- peers --------------------------------------------------------------------------------------------
static const char peers[] =
	"ip vpn-instance a\n ipv4-family\n  route-distinguisher 1:1\n ipv6-family\n"
	"  route-distinguisher 1:1\n#\nip vpn-instance b\n#\n"
	"bgp 100\n router-id 10.9.9.9\n timer keepalive 20 hold 60\n"
	" peer 10.0.0.1 as-number 200\n group g external\n peer g as-number 900\n #\n"
	" vpn-instance a\n  router-id 10.7.7.7\n  group g external\n  peer g as-number 300\n"
	"  peer g ebgp-max-hop 7\n  peer 10.0.0.1 as-number 100\n"
	"  peer 10.0.0.1 description in a\n  group d listen external\n"
	"  peer d listen-net 10.5.0.0 16\n #\n"
	" ipv4-family vpn-instance a\n  peer 10.0.0.1 enable\n  peer 10.0.0.1 soo 100:7\n"
	"  peer 10.0.0.1 reflect-client\n  peer 10.0.0.2 group g\n  peer 10.0.0.3 group g\n"
	"  peer 10.0.0.3 ebgp-max-hop 9\n  undo peer 10.0.0.3 enable\n  peer g preferred-value 5\n"
	"  peer g timer keepalive 1 hold 3\n  peer d enable\n"
	"  network 10.0.0.0 8\n  default med 7\n #\n"
	" ipv4-multicast vpn-instance a\n  peer 10.0.0.3 enable\n  peer 10.0.0.3 keep-all-routes\n"
	" ipv6-family vpn-instance a\n  peer 2001:db8::1 as-number 500\n"
	" ipv4-family vpn-instance b\n  peer 10.0.0.1 as-number 400\n";

static void test_peers(void **state)
{
	struct fixture *f = *state;
	unsigned v4 = af_index(af_classic()), mc = af_index(family("ipv4-multicast"));
	unsigned v6 = af_index(family("ipv6-unicast"));
	uint8_t site[8];

	fixture_good(f, peers);
	assert_int_equal(f->config->peer_count, 6);
	assert_int_equal(fixture_peer(f, "10.0.0.1")->session.remote_as, 200);
	assert_int_equal(fixture_peer(f, "10.0.0.1")->session.router_id, 0x0a090909);
	assert_int_equal(peer_in(f, "b", "10.0.0.1")->session.remote_as, 400);
	const struct peer_config *one = peer_in(f, "a", "10.0.0.1");
	assert_string_equal(one->description, "in a");
	assert_int_equal(one->session.router_id, 0x0a070707);
	assert_int_equal(one->session.hold_time, 60);
	assert_int_equal(one->family[v4].import.source, SOURCE_IBGP_CLIENT);
	assert_true(ext_community_parse_soo("100:7", site));
	assert_true(one->family[v4].import.has_site && one->family[v4].export.has_site);
	assert_memory_equal(one->family[v4].import.site, site, 8);
	const struct peer_config *two = peer_in(f, "a", "10.0.0.2");
	assert_int_equal(two->session.remote_as, 300);
	assert_int_equal(two->session.ttl, 7);
	assert_int_equal(two->session.hold_time, 3);
	assert_int_equal(two->family[v4].import.preferred_value, 5);
	assert_int_equal(two->session.families, 1u << v4);
	const struct peer_config *three = peer_in(f, "a", "10.0.0.3");
	assert_int_equal(three->session.ttl, 9); // its own, though its group's line stands later
	assert_int_equal(three->session.families, 1u << mc);
	assert_true(three->family[mc].import.keep_all);
	assert_int_equal(peer_in(f, "a", "2001:db8::1")->session.families, 1u << v6);
	const struct instance_config *a = instance(f, "a");
	assert_int_equal(a->families, 1u << v4 | 1u << mc | 1u << v6);
	assert_int_equal(a->family[v4].network_count, 1);
	assert_int_equal(a->family[v4].options.default_med, 7);
	assert_int_equal(a->family[v4].options.router_id, 0x0a070707);
	assert_int_equal(instance(f, "")->family[v4].network_count, 0);
	assert_int_equal(instance(f, "")->family[v4].options.default_med, 0);
	assert_int_equal(f->config->group_count, 3);
	assert_int_equal(f->config->groups[0].as, 900);
	assert_int_equal(f->config->groups[0].template_peer.instance, 0);
	assert_int_equal(f->config->groups[1].template_peer.instance, a->number);
	assert_int_equal(f->config->groups[1].template_peer.session.families, 1u << v4);
}

static void test_order(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nip vpn-instance b\nip vpn-instance a\nbgp 100\n"
		 "ipv4-multicast vpn-instance a\nipv6-family vpn-instance a\n"
		 "ipv4-family vpn-instance b\nipv4-family vpn-instance a\nvpn-instance b\n"
		 "ipv6-family vpnv6\nipv6-family\nipv4-family mvpn\nipv4-family vpn-target\n"
		 "ipv4-family vpnv4\nipv4-family multicast\nipv4-family");
	assert_string_equal(fixture_candidate(f),
			    "#\nip vpn-instance a\n#\nip vpn-instance b\n#\nbgp 100\n #\n"
			    " ipv4-family unicast\n #\n ipv4-family multicast\n #\n"
			    " ipv4-family vpnv4\n #\n ipv4-family vpn-target\n #\n"
			    " ipv4-family mvpn\n #\n ipv6-family unicast\n #\n"
			    " ipv6-family vpnv6\n #\n vpn-instance b\n #\n"
			    " ipv4-family vpn-instance a\n #\n ipv4-family vpn-instance b\n #\n"
			    " ipv4-multicast vpn-instance a\n #\n ipv6-family vpn-instance a\n"
			    "#\nreturn\n");
}

// A peer, and a group with its members, go with all that the views of the instance say about them,
// and with nothing that others say.
static void test_forget(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nip vpn-instance a\nip vpn-instance b\nbgp 100\n"
		 "peer 10.0.0.1 as-number 200\nvpn-instance b\npeer 10.0.0.1 as-number 200\n"
		 "vpn-instance a\ngroup g external\npeer g as-number 200\n"
		 "peer 10.0.0.1 as-number 200\nipv4-family vpn-instance a\n"
		 "peer 10.0.0.1 enable\npeer 10.0.0.2 group g\npeer g enable\n"
		 "ipv4-multicast vpn-instance a\npeer 10.0.0.1 enable\npeer 10.0.0.2 enable\n"
		 "ipv4-family vpn-instance a\nundo peer 10.0.0.1\nvpn-instance a\nundo group g");
	assert_string_equal(
		fixture_candidate(f),
		"#\nip vpn-instance a\n#\nip vpn-instance b\n#\nbgp 100\n"
		" peer 10.0.0.1 as-number 200\n #\n ipv4-family unicast\n  peer 10.0.0.1 enable\n"
		" #\n vpn-instance a\n #\n vpn-instance b\n  peer 10.0.0.1 as-number 200\n #\n"
		" ipv4-family vpn-instance a\n #\n ipv4-multicast vpn-instance a\n#\nreturn\n");
	taken(f, "quit\nundo peer 10.0.0.1");
	assert_non_null(strstr(fixture_candidate(f), " vpn-instance b\n  peer 10.0.0.1"));
	assert_null(strstr(fixture_candidate(f), "\n peer 10.0.0.1"));
}

// --- links --------------------------------------------------------------------------------------------
static bool has_value(const uint8_t (*list)[8], unsigned count, const char *hex)
{
	for (unsigned i = 0; i < count; i++) {
		struct buf text = {0};
		buf_hex(&text, list[i], 8);
		bool same = strcmp(buf_cstr(&text), hex) == 0;
		buf_free(&text);
		if (same)
			return true;
	}
	return false;
}
#define TAKES(l, hex) has_value((const uint8_t(*)[8])(l)->targets, (l)->target_count, hex)
#define PUTS(l, hex)  has_value((const uint8_t(*)[8])(l)->communities, (l)->community_count, hex)

static void test_links(void **state)
{
	struct fixture *f = *state;
	unsigned v4 = af_index(af_classic()), v6 = af_index(family("ipv6-unicast"));
	uint8_t rd[8];

	fixture_good(
		f,
		"route-policy p permit node 10\n apply cost 1\n#\n"
		"ip vpn-instance a\n ipv4-family\n  route-distinguisher 100:1\n"
		"  vpn-target 7:7 1:1 export-extcommunity\n"
		"  vpn-target 10.0.0.1:5 2:2 70000:3 import-extcommunity\n"
		"  vpn-target 1.4464:3 import-extcommunity\n"
		"  import route-policy p\n  apply-label per-route\n"
		"  prefix limit 1000 80 route-unchanged\n  routing-table limit 500 simply-alert\n"
		" ipv6-family\n  vpn-target 1:1\n#\nbgp 65000\n");
	const struct instance_config *a = instance(f, "a");
	const struct vpn_link *l = &a->link[v4];
	assert_true(l->present && l->takes_own && l->label_per_route);
	assert_true(rd_get("100:1", rd));
	assert_memory_equal(l->rd, rd, 8);
	assert_int_equal(l->community_count, 2);
	assert_true(PUTS(l, "0002000100000001") && PUTS(l, "0002000700000007"));
	assert_int_equal(l->target_count, 3); // 1.4464 is 70000
	assert_true(TAKES(l, "0002000200000002") && TAKES(l, "01020a0000010005") &&
		    TAKES(l, "0202000111700003"));
	assert_non_null(l->import);
	assert_null(l->export);
	assert_int_equal(a->prefix_limit[v4], 1000);
	assert_int_equal(a->prefix_limit_percent[v4], 80);
	assert_true(a->prefix_limit_keeps[v4]);
	assert_int_equal(a->route_limit[v4], 500);
	assert_int_equal(a->route_limit_percent[v4], 0);
	assert_false(a->link[v6].present); // no distinguisher
}

// --- programs behind route targets --------------------------------------------------------------------
#define PROVIDER                                                                                     \
	"ip extcommunity-filter 1 index 10 permit rt 1:1\n#\n"                                       \
	"ip vpn-instance a\n ipv4-family\n  route-distinguisher 100:1\n  vpn-target 1:1\n#\n"        \
	"bgp 100\n router-id 10.9.9.9\n peer 10.0.0.2 as-number 100\n peer 10.0.0.3 as-number 100\n" \
	" #\n ipv4-family vpnv4\n  peer 10.0.0.2 enable\n"

static const struct peer_family *provider(struct fixture *f, const char *more)
{
	char *text = mem_format("%s%s", PROVIDER, more);

	fixture_good(f, text);
	mem_free(text);
	return &fixture_peer(f, "10.0.0.2")->family[af_index(family("vpnv4"))];
}

static void test_policy_of_targets(void **state)
{
	struct fixture *f = *state;

	const struct peer_family *p = provider(f, "");
	struct policy_program *first = policy_program_ref(p->import.program);
	assert_false(policy_program_is_open(first));
	assert_true(policy_program_is_open(p->export.program));
	assert_true(p->export.ext_community); // VPN routes always carry them
	p = provider(f, "ip vpn-instance b\n ipv4-family\n  route-distinguisher 100:2\n"
			"  vpn-target 1:1\n");
	assert_ptr_equal(p->import.program, first); // nothing new is asked for
	p = provider(f, "ip vpn-instance b\n ipv4-family\n  route-distinguisher 100:2\n"
			"  vpn-target 2:2\n");
	assert_ptr_not_equal(p->import.program, first);
	p = provider(f, "  undo policy vpn-target\n");
	assert_true(policy_program_is_open(p->import.program));
	p = provider(f, "  peer 10.0.0.3 reflect-client\n");
	assert_true(policy_program_is_open(p->import.program));
	p = provider(f, "  undo policy vpn-target\n  rr-filter 1\n");
	assert_false(policy_program_is_open(p->import.program));
	policy_program_unref(first);
}

// --- memberships --------------------------------------------------------------------------------------
static bool originates(const struct family_config *c, const struct af *af, const char *key,
		       const char *hex)
{
	for (unsigned i = 0; i < c->network_count; i++) {
		const struct origin_config *o = &c->networks[i];
		struct buf text = {0}, bytes = {0};
		af->text_put(&text, &o->key);
		buf_hex(&bytes, o->attributes, o->attributes_size);
		bool same = strcmp(buf_cstr(&text), key) == 0;
		if (same)
			assert_string_equal(buf_cstr(&bytes), hex);
		buf_free(&text);
		buf_free(&bytes);
		if (same)
			return true;
	}
	return false;
}

static void test_memberships(void **state)
{
	struct fixture *f = *state;
	const struct af *af = family("vpn-target");

	provider(f, "");
	assert_false(f->config->constrain);
	assert_int_equal(instance(f, "")->family[af_index(af)].network_count, 0);
	provider(f,
		 " #\n ipv4-family vpn-target\n  peer 10.0.0.2 enable\n"
		 "  timer wait-for-eor 20\n  external-path 3\n"
		 "  peer 10.0.0.3 default-route-advertise\n  peer 10.0.0.2 allow-cluster-loop\n");
	assert_true(f->config->constrain);
	assert_int_equal(f->config->membership_wait, 20);
	const struct family_config *c = &instance(f, "")->family[af_index(af)];
	assert_int_equal(c->network_count, 1);
	assert_int_equal(c->options.external_paths, 3);
	assert_true(originates(c, af, "100 RT<1:1>", ""));
	assert_true(fixture_peer(f, "10.0.0.3")->family[af_index(af)].export.default_route);
	assert_int_equal(
		fixture_peer(f, "10.0.0.2")->family[af_index(af)].import.allow_cluster_loop, 1);
	assert_true(instance(f, "")->family[af_index(family("vpnv4"))].constrained);
	assert_false(instance(f, "")->family[af_index(family("mvpn"))].constrained);
	provider(f, " #\n ipv4-family vpn-target\n  constraint-rt-filter disable\n"
		    " ipv4-family mvpn\n  vpn-orf enable\n");
	assert_false(f->config->constrain);
	assert_true(instance(f, "")->family[af_index(family("mvpn"))].constrained);
}

// Keeping all routes of all peers holds in the families too where it cannot be said of one.
static void test_keep_all(void **state)
{
	struct fixture *f = *state;

	fixture_good(f, "bgp 100\n keep-all-routes\n peer 10.0.0.2 as-number 100\n");
	assert_true(fixture_peer(f, "10.0.0.2")->family[af_index(family("mvpn"))].import.keep_all);
	assert_true(fixture_peer(f, "10.0.0.2")
			    ->family[af_index(family("vpn-target"))]
			    .import.keep_all);
}

// --- multicast ----------------------------------------------------------------------------------------
static void test_multicast(void **state)
{
	struct fixture *f = *state;
	const struct af *af = family("mvpn");
	unsigned m = af_index(af), v4 = af_index(af_classic());

	fixture_good(f,
		     "ip vpn-instance a\n ipv4-family\n  route-distinguisher 100:1\n"
		     "  vpn-target 1:1\n  mvpn\n"
		     "  mvpn join source-tree 10.1.1.1 group 225.1.1.1 route-distinguisher 200:1 "
		     "source-as 65000 route-target 10.0.0.9:3\n"
		     "  mvpn join shared-tree 10.2.2.2 group 225.1.1.1 route-distinguisher 200:1 "
		     "source-as 1.1 route-target 10.0.0.9:3\n"
		     "  mvpn source-active 10.1.1.1 group 225.1.1.1\n#\n"
		     "bgp 65000\n router-id 10.9.9.9\n");
	const struct instance_config *a = instance(f, "a");
	assert_true(a->families & af_bit(af));
	assert_true(a->link[m].present);
	assert_int_equal(a->link[m].label, 0);
	assert_true(TAKES(&a->link[m], "0002000100000001"));
	assert_true(TAKES(&a->link[m], "01020a0909090001")); // where joins come to
	assert_false(TAKES(&a->link[v4], "01020a0909090001"));
	assert_true(PUTS(&a->link[v4], "010b0a0909090001")); // VRF Route Import
	assert_true(PUTS(&a->link[v4], "0009fde800000000")); // Source AS
	assert_int_equal(a->link[m].community_count, 1);
	const struct family_config *c = &a->family[m];
	assert_int_equal(c->network_count, 4);
	assert_true(originates(c, af, "1 100:1 10.9.9.9",
			       "4003040a090909c016090006000110"
			       "0a090909"));
	assert_true(
		originates(c, af, "7 200:1 65000 10.1.1.1 225.1.1.1", "c0100801020a0000090003"));
	assert_true(
		originates(c, af, "6 200:1 65537 10.2.2.2 225.1.1.1", "c0100801020a0000090003"));
	assert_true(originates(c, af, "5 100:1 10.1.1.1 225.1.1.1", ""));
	fixture_good(f, "ip vpn-instance a\n ipv4-family\n  route-distinguisher 100:1\n"
			"  mvpn source-active 10.1.1.1 group 225.1.1.1\n#\nbgp 70000\n");
	assert_int_equal(instance(f, "a")->family[m].network_count, 0); // mvpn is not said
	assert_int_equal(instance(f, "a")->families, af_bit(af_classic()));
}

// The same where there is a family of multicast VPN routes beside the other unicast one.
static void test_multicast_wide(void **state)
{
	struct fixture *f = *state;
	const struct af *af = NULL, *inner = family("ipv6-unicast");

	for (unsigned i = 0; i < af_count; i++) {
		if (af_list[i]->props & AF_TYPED && af_list[i]->afi == inner->afi)
			af = af_list[i];
	}
	if (!af)
		skip();
	fixture_good(f, "ip vpn-instance a\n ipv6-family\n  route-distinguisher 100:1\n"
			"  vpn-target 1:1\n  mvpn\n"
			"  mvpn join source-tree 2001:db8::1 group ff05::1 route-distinguisher "
			"200:1 source-as 65000 route-target 10.0.0.9:3\n"
			"  mvpn source-active 2001:db8::1 group ff05::1\n#\n"
			"bgp 65000\n router-id 10.9.9.9\n");
	const struct instance_config *a = instance(f, "a");
	assert_int_equal(a->families, af_bit(af) | af_bit(inner));
	assert_true(TAKES(&a->link[af_index(af)], "01020a0909090001"));
	const struct family_config *c = &a->family[af_index(af)];
	assert_int_equal(c->network_count, 3);
	assert_true(
		originates(c, af, "7 200:1 65000 2001:DB8::1 FF05::1", "c0100801020a0000090003"));
	assert_true(originates(c, af, "5 100:1 2001:DB8::1 FF05::1", ""));
}

static void test_multicast_addresses(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nip vpn-instance a\nipv4-family");
	refused(f, "mvpn source-active 10.1.1.1 group 10.2.2.2",
		"Error: The group address is not a multicast address.\n");
	refused(f, "mvpn source-active 10.1.1.1 group 232.1.1.1",
		"Error: There are no Source Active routes for groups of source-specific "
		"multicast.\n");
	refused(f, "mvpn source-active 2001:db8::1 group ff05::1",
		"Error: The addresses are not of this address family.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_prompts),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_targets, setup, teardown),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_live),
		cmocka_unit_test_setup_teardown(test_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors_of_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policy_of_targets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memberships, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keep_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multicast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multicast_wide, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multicast_addresses, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
