// Statements as they are typed: what is refused, what is asked, what else changes with them; and
// what a configuration is compiled to, by inheritance and by default.
#include "model/fixture.h"

#include <string.h>

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

static void test_names_must_exist(void **state)
{
	struct fixture *f = *state;

	fixture_type(f, "system-view\nbgp 100\npeer 10.0.0.1 as-number 200\ngroup g");
	refused(f, "peer 10.0.0.2 route-policy p import", "Error: The peer does not exist.\n");
	refused(f, "peer h route-policy p import", "Error: The peer group does not exist.\n");
	refused(f, "peer 10.0.0.1 route-policy p import",
		"Error: The route-policy p does not exist.\n");
	refused(f, "peer 10.0.0.1 ip-prefix p import",
		"Error: The address prefix list p does not exist.\n");
	refused(f, "peer 10.0.0.1 as-path-filter 1 import",
		"Error: The AS_Path filter 1 does not exist.\n");
	refused(f, "undo peer 10.0.0.2", "Error: The peer does not exist.\n");
	refused(f, "undo peer 10.0.0.2 keep-all-routes", "Error: The peer does not exist.\n");
	taken(f, "peer 10.0.0.1 filter-policy 2000 import"); // an ACL need not exist
	taken(f, "quit\nroute-policy nonexistent-config-check disable\nbgp 100");
	taken(f, "peer 10.0.0.1 route-policy p import");
}

static void test_peer_kinds(void **state)
{
	struct fixture *f = *state;

	fixture_type(f, "system-view\nbgp 100\ngroup in\ngroup ex external");
	refused(f, "bgp 200", "Error: BGP is already running, and its AS number is 100.\n");
	refused(f, "group in external",
		"Error: The peer group in already exists with another type.\n");
	refused(f, "peer 10.0.0.1 group ex",
		"Error: The peer has no AS number, and neither has the peer group.\n");
	refused(f, "peer in as-number 200",
		"Error: The AS number does not fit the type of the peer group.\n");
	taken(f, "peer ex as-number 200\npeer 10.0.0.1 group ex\npeer 10.0.0.2 group in");
	refused(f, "peer 10.0.0.1 as-number 300",
		"Error: The AS number of the peer does not fit the peer group.\n");
	refused(f, "peer 10.0.0.9 group no", "Error: The peer group does not exist.\n");
	taken(f, "peer 10.0.0.3 as-number 300");
	refused(f, "undo peer 10.0.0.3 as-number",
		"Error: A peer cannot be without an AS number: use undo peer.\n");
	refused(f, "peer 10.0.0.3 timer keepalive 20 hold 30",
		"Error: The hold time must be at least three times the keepalive time.\n");
	refused(f, "timer keepalive 0 hold 2",
		"Error: The hold time is 0, or 3 seconds at least.\n");
	taken(f, "peer 10.0.0.3 ebgp-max-hop 3");
	refused(f, "peer 10.0.0.3 valid-ttl-hops 3",
		"Error: The configuration conflicts with peer ebgp-max-hop.\n");
}

static void test_default_family(void **state)
{
	struct fixture *f = *state;

	taken(f,
	      "system-view\nbgp 100\npeer 10.0.0.1 as-number 200\npeer 2001:db8::1 as-number 200");
	assert_string_equal(fixture_candidate(f),
			    "#\nbgp 100\n peer 10.0.0.1 as-number 200\n"
			    " peer 2001:DB8::1 as-number 200\n #\n ipv4-family unicast\n"
			    "  peer 10.0.0.1 enable\n#\nreturn\n");
	taken(f,
	      "undo peer 10.0.0.1 enable\nundo default ipv4-unicast\npeer 10.0.0.2 as-number 200");
	assert_string_equal(fixture_candidate(f),
			    "#\nbgp 100\n undo default ipv4-unicast\n peer 10.0.0.1 as-number 200\n"
			    " peer 10.0.0.2 as-number 200\n peer 2001:DB8::1 as-number 200\n #\n"
			    " ipv4-family unicast\n  undo peer 10.0.0.1 enable\n#\nreturn\n");
	fixture_good(f, fixture_candidate(f));
	assert_false(fixture_peer(f, "10.0.0.1")->family[af_index(af_classic())].enabled);
	assert_false(fixture_peer(f, "10.0.0.2")->family[af_index(af_classic())].enabled);
	fixture_good(f, "bgp 100\n peer 10.0.0.1 as-number 200\n");
	assert_true(fixture_peer(f, "10.0.0.1")->family[af_index(af_classic())].enabled);
	assert_int_equal(fixture_peer(f, "10.0.0.1")->session.families, af_bit(af_classic()));
}

// The default is for peers to come.
static void test_default_later(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nbgp 100\nundo default ipv4-unicast\npeer 10.0.0.1 as-number 200\n"
		 "default ipv4-unicast\npeer 10.0.0.2 as-number 200\nundo ipv4-family unicast");
	assert_string_equal(fixture_candidate(f),
			    "#\nbgp 100\n peer 10.0.0.1 as-number 200\n"
			    " peer 10.0.0.2 as-number 200\n #\n ipv4-family unicast\n"
			    "  peer 10.0.0.1 enable\n  peer 10.0.0.2 enable\n#\nreturn\n");
	taken(f, "undo default ipv4-unicast\npeer 10.0.0.3 as-number 200\ndefault ipv4-unicast");
	assert_non_null(strstr(fixture_candidate(f), "  undo peer 10.0.0.3 enable\n"));
}

static void test_forget(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nbgp 100\ngroup g external\npeer g as-number 200\n"
		 "peer 10.0.0.1 group g\npeer 10.0.0.2 as-number 300\npeer 10.0.0.2 ignore\n"
		 "ipv4-family multicast\npeer 10.0.0.2 enable\npeer g enable\n"
		 "peer 10.0.0.1 keep-all-routes\nquit\nundo peer 10.0.0.2");
	assert_string_equal(fixture_candidate(f),
			    "#\nbgp 100\n group g external\n peer g as-number 200\n"
			    " peer 10.0.0.1 group g\n #\n ipv4-family unicast\n"
			    "  peer 10.0.0.1 enable\n #\n ipv4-family multicast\n  peer g enable\n"
			    "  peer 10.0.0.1 keep-all-routes\n#\nreturn\n");
	taken(f, "undo group g\nundo ipv4-family multicast");
	assert_string_equal(fixture_candidate(f),
			    "#\nbgp 100\n #\n ipv4-family unicast\n#\nreturn\n");
	taken(f, "quit\nundo bgp 100");
	assert_string_equal(fixture_candidate(f), "#\nreturn\n");
	refused(f, "undo bgp", "Error: BGP is not configured.\n");
}

// A peer with the group's AS number only goes when it leaves the group.
static void test_leave_group(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nbgp 100\ngroup g external\npeer g as-number 200\n"
		 "peer 10.0.0.1 group g\npeer 10.0.0.2 as-number 200\npeer 10.0.0.2 group g\n"
		 "undo peer 10.0.0.1 group\nundo peer 10.0.0.2 group g");
	assert_string_equal(fixture_candidate(f),
			    "#\nbgp 100\n group g external\n peer g as-number 200\n"
			    " peer 10.0.0.2 as-number 200\n #\n ipv4-family unicast\n"
			    "  peer 10.0.0.2 enable\n#\nreturn\n");
}

static void test_index(void **state)
{
	struct fixture *f = *state;

	taken(f,
	      "system-view\nip ip-prefix p permit 10.0.0.0 8\nip ip-prefix p index 25 deny "
	      "11.0.0.0 8\nip ip-prefix p permit 12.0.0.0 8\nip ip-prefix \"a b\" deny 0.0.0.0 0\n"
	      "ip as-path-filter x permit .*\nip community-filter basic b permit 1:1\n"
	      "acl 2000\nrule permit\nrule 12 deny\nrule permit source 10.0.0.0 0.0.0.255");
	assert_string_equal(fixture_candidate(f),
			    "#\nacl number 2000\n rule 5 permit\n rule 12 deny\n"
			    " rule 15 permit source 10.0.0.0 0.0.0.255\n#\n"
			    "ip ip-prefix \"a b\" index 10 deny 0.0.0.0 0\n"
			    "ip ip-prefix p index 10 permit 10.0.0.0 8\n"
			    "ip ip-prefix p index 25 deny 11.0.0.0 8\n"
			    "ip ip-prefix p index 35 permit 12.0.0.0 8\n#\n"
			    "ip as-path-filter x index 10 permit .*\n#\n"
			    "ip community-filter basic b index 10 permit 1:1\n#\nreturn\n");
	refused(f, "ip ip-prefix p permit 10.0.0.1 8",
		"Error: Failed to add the address prefix list 10.0.0.1/8, because the destination "
		"address and mask do not match.\n");
	refused(f, "ip ip-prefix p permit 10.0.0.0 8 greater-equal 7",
		"Error: The lengths must satisfy 8 <= greater-equal <= less-equal <= 32.\n");
	refused(f, "ip community-filter advanced b permit .*",
		"Error: The filter already exists with another type.\n");
	taken(f, "undo ip ip-prefix p index 25\nundo ip ip-prefix \"a b\"\nundo acl 2000\n"
		 "undo ip as-path-filter x\nundo ip community-filter basic b\n"
		 "ip ip-prefix z permit 1.0.0.0 8\nip ip-prefix z description of z\n"
		 "undo ip ip-prefix z");
	assert_string_equal(fixture_candidate(f),
			    "#\nip ip-prefix p index 10 permit 10.0.0.0 8\n"
			    "ip ip-prefix p index 35 permit 12.0.0.0 8\n#\nreturn\n");
}

static void test_nodes(void **state)
{
	struct fixture *f = *state;

	taken(f, "system-view\nip ip-prefix p permit 10.0.0.0 8\nip ip-prefix q permit 11.0.0.0 8\n"
		 "route-policy r permit node 10\nif-match ip-prefix p\nif-match ip-prefix q\n"
		 "if-match cost 5\napply cost 7\napply community 1:1 additive\n"
		 "apply community 2:2\nroute-policy r deny node 10\nroute-policy r permit node 5");
	assert_string_equal(fixture_candidate(f),
			    "#\nip ip-prefix p index 10 permit 10.0.0.0 8\n"
			    "ip ip-prefix q index 10 permit 11.0.0.0 8\n#\n"
			    "route-policy r permit node 5\n#\nroute-policy r deny node 10\n"
			    " if-match ip-prefix q\n if-match cost 5\n apply community 2:2\n"
			    " apply cost 7\n#\nreturn\n");
	taken(f, "route-policy r permit node 10\nundo if-match ip-prefix\nundo apply community\n"
		 "undo apply cost 7\nundo if-match cost");
	refused(f, "goto next-node 10",
		"Error: The next node must have a larger number than this.\n");
	taken(f, "quit\nundo ip ip-prefix p\nundo ip ip-prefix q\nundo route-policy r node 5");
	assert_string_equal(fixture_candidate(f), "#\nroute-policy r permit node 10\n#\nreturn\n");
	taken(f, "undo route-policy r");
	assert_string_equal(fixture_candidate(f), "#\nreturn\n");
}

// Policies and filters that are in use cannot go.
static void test_in_use(void **state)
{
	struct fixture *f = *state;

	assert_false(fixture_load(f, "route-policy r permit node 10\n if-match ip-prefix p\n"
				     " if-match as-path-filter 7\n#\nbgp 100\n"
				     " peer 10.0.0.1 as-number 200\n #\n ipv4-family unicast\n"
				     "  peer 10.0.0.1 route-policy s import\n"));
	assert_string_equal(
		buf_cstr(&f->errors),
		"Error: The address prefix list p does not exist, but is used by: route-policy r "
		"permit node 10, if-match ip-prefix p\n"
		"Error: The AS_Path filter 7 does not exist, but is used by: route-policy r permit "
		"node 10, if-match as-path-filter 7\n"
		"Error: The route-policy s does not exist, but is used by: bgp 100, ipv4-family "
		"unicast, peer 10.0.0.1 route-policy s import\n");
	assert_false(fixture_load(f, "bgp 100\n peer 10.0.0.1 ignore\n peer g ignore\n"
				     " peer 10.0.0.2 group h\n"));
	assert_string_equal(
		buf_cstr(&f->errors),
		"Error: The peer group g does not exist, but is named by: peer g ignore\n"
		"Error: The peer 10.0.0.1 does not exist, but is named by: peer 10.0.0.1 "
		"ignore\n"
		"Error: The peer group h does not exist, but peer 10.0.0.2 is a member of "
		"it.\nError: The peer 10.0.0.2 has no AS number.\n");
	assert_true(fixture_load(f,
				 "route-policy nonexistent-config-check disable\n"
				 "bgp 100\n peer 10.0.0.1 as-number 200\n #\n"
				 " ipv4-family unicast\n  peer 10.0.0.1 route-policy s import\n"));
}

static void test_inheritance(void **state)
{
	struct fixture *f = *state;
	unsigned v4 = af_index(af_classic());

	fixture_good(
		f, "route-policy a permit node 10\n#\nroute-policy b deny node 10\n#\n"
		   "bgp 100\n timer keepalive 20 hold 60\n timer connect-retry 7\n"
		   " group g external\n peer g as-number 200\n peer g ebgp-max-hop 4\n"
		   " peer g timer keepalive 10 hold 30\n"
		   " undo peer g capability-advertise route-refresh\n"
		   " peer 10.0.0.1 group g\n peer 10.0.0.2 group g\n peer 10.0.0.2 ebgp-max-hop 9\n"
		   " peer 10.0.0.2 capability-advertise route-refresh\n"
		   " peer 10.0.0.3 as-number 100\n #\n ipv4-family unicast\n"
		   "  peer g route-policy a import\n  peer g keep-all-routes\n"
		   "  peer g preferred-value 5\n  peer 10.0.0.2 route-policy b import\n"
		   "  peer 10.0.0.2 preferred-value 6\n  peer 10.0.0.3 reflect-client\n #\n"
		   " ipv6-family unicast\n  peer g enable\n  undo peer 10.0.0.2 enable\n");
	const struct peer_config *one = fixture_peer(f, "10.0.0.1"),
				 *two = fixture_peer(f, "10.0.0.2");
	const struct peer_config *three = fixture_peer(f, "10.0.0.3");
	unsigned v6 = af_index(af_by_name("ipv6-unicast"));
	assert_int_equal(one->session.ttl, 4);
	assert_int_equal(two->session.ttl, 9);
	assert_int_equal(one->session.hold_time, 30);
	assert_int_equal(three->session.hold_time, 60);
	assert_int_equal(three->session.connect_retry, 7);
	assert_false(one->session.refresh);
	assert_true(two->session.refresh);
	assert_true(three->session.internal);
	assert_string_equal(one->group, "g");
	assert_true(one->family[v4].import.keep_all && two->family[v4].import.keep_all);
	assert_false(three->family[v4].import.keep_all);
	assert_int_equal(one->family[v4].import.preferred_value, 5);
	assert_int_equal(two->family[v4].import.preferred_value, 6);
	assert_string_equal(one->family[v4].import_policy, "a");
	assert_string_equal(two->family[v4].import_policy, "b");
	assert_true(one->family[v6].enabled);
	assert_false(two->family[v6].enabled);
	assert_int_equal(three->family[v4].import.source, SOURCE_IBGP_CLIENT);
	assert_int_equal(one->family[v4].export.kind, SOURCE_EBGP);
	assert_int_equal(one->family[v4].export.local_as, 100);
}

static void test_keep_all(void **state)
{
	struct fixture *f = *state;
	unsigned v4 = af_index(af_classic());

	taken(f,
	      "system-view\nbgp 100\npeer 10.0.0.1 as-number 200\npeer 10.0.0.2 as-number 200\n"
	      "peer 10.0.0.1 keep-all-routes\nkeep-all-routes\nundo peer 10.0.0.2 keep-all-routes");
	fixture_good(f, fixture_candidate(f));
	assert_true(f->config->keep_all);
	assert_true(fixture_peer(f, "10.0.0.2")->family[v4].import.keep_all);
	assert_false(fixture_peer(f, "10.0.0.2")->family[v4].keep_own);
	taken(f, "undo keep-all-routes");
	fixture_good(f, fixture_candidate(f));
	assert_true(fixture_peer(f, "10.0.0.1")->family[v4].import.keep_all);
	assert_false(fixture_peer(f, "10.0.0.2")->family[v4].import.keep_all);
}

static void test_confederation(void **state)
{
	struct fixture *f = *state;
	unsigned v4 = af_index(af_classic());

	fixture_good(f, "bgp 65001\n confederation id 100\n confederation peer-as 65003 65002\n"
			" peer 10.0.0.1 as-number 65001\n peer 10.0.0.2 as-number 65002\n"
			" peer 10.0.0.3 as-number 300\n peer 10.0.0.4 as-number 300\n"
			" peer 10.0.0.4 fake-as 777 prepend-global-as\n");
	const struct peer_config *in = fixture_peer(f, "10.0.0.1"),
				 *con = fixture_peer(f, "10.0.0.2");
	const struct peer_config *out = fixture_peer(f, "10.0.0.3");
	const struct peer_config *fake = fixture_peer(f, "10.0.0.4");
	assert_true(in->session.internal && in->session.confed);
	assert_true(!con->session.internal && con->session.confed);
	assert_int_equal(con->session.local_as, 65001);
	assert_int_equal(con->family[v4].import.source, SOURCE_CONFED);
	assert_false(out->session.confed);
	assert_int_equal(out->session.local_as, 100);
	assert_int_equal(out->session.real_local_as, 65001);
	assert_int_equal(out->family[v4].export.local_as, 100);
	assert_int_equal(fake->session.local_as, 777);
	assert_int_equal(fake->family[v4].export.local_as, 777);
	assert_int_equal(fake->family[v4].export.prepend_too, 100);
	assert_int_equal(f->config->instances[0].family[v4].options.confederation_member_count, 2);
	assert_int_equal(f->config->instances[0].family[v4].options.confederation_members[0],
			 65002);
}

static void test_listen(void **state)
{
	struct fixture *f = *state;

	fixture_good(f, "bgp 100\n group d listen external\n peer d listen-net 10.0.0.0 8\n"
			" peer d listen-net 11.0.0.0 16\n peer d listen-as 200 300\n"
			" peer d listen-as-segment begin-as 1000 end-as 2000\n"
			" bgp dynamic-session-limit 7\n peer d timer keepalive 1 hold 3\n");
	const struct group_config *g = speaker_config_group(f->config, "d");
	assert_true(g && g->listen && g->external && !g->internal);
	assert_int_equal(g->listen_net_count, 2);
	assert_int_equal(g->listen_as_count, 2);
	assert_int_equal(g->listen_as_to, 2000);
	assert_int_equal(g->template_peer.session.hold_time, 3);
	assert_int_equal(g->template_peer.session.families, af_bit(af_classic()));
	assert_int_equal(g->template_peer.family[af_index(af_classic())].import.source,
			 SOURCE_EBGP);
	assert_int_equal(f->config->dynamic_session_limit, 7);
}

static void test_policy_required(void **state)
{
	struct fixture *f = *state;
	unsigned v4 = af_index(af_classic());

	fixture_good(f, "route-policy all permit node 10\n#\nbgp 100\n ebgp-policy-required\n"
			" peer 10.0.0.1 as-number 200\n peer 10.0.0.2 as-number 100\n #\n"
			" ipv4-family unicast\n  peer 10.0.0.1 route-policy all export\n");
	const struct peer_family *external = &fixture_peer(f, "10.0.0.1")->family[v4];
	assert_false(policy_program_is_open(external->import.program));
	assert_ptr_not_equal(external->import.program, external->export.program);
	assert_true(policy_program_is_open(fixture_peer(f, "10.0.0.2")->family[v4].import.program));
}

static void test_origination(void **state)
{
	struct fixture *f = *state;
	struct buf text = {0};

	taken(f, "system-view\nroute-policy p permit node 10\nquit\nbgp 100\nnetwork 10.0.0.0\n"
		 "network 10.1.0.0 16 route-policy p\nnetwork 192.0.2.0\n"
		 "aggregate 10.0.0.0 8 suppress-policy p as-set\n"
		 "ipv6-family\nnetwork 2001:db8:: 32");
	refused(f, "network 2001:db8::1 32",
		"Error: The destination address and mask do not match.\n");
	fixture_good(f, fixture_candidate(f));
	const struct family_config *c = &f->config->instances[0].family[af_index(af_classic())];
	assert_int_equal(c->network_count, 3);
	assert_int_equal(c->aggregate_count, 1);
	assert_true(c->aggregates[0].as_set && c->aggregates[0].suppress_policy);
	af_classic()->text_put(&text, &c->networks[2].key);
	assert_string_equal(buf_cstr(&text), "192.0.2.0/24");
	assert_null(c->networks[0].program);
	assert_non_null(c->networks[1].program);
	buf_free(&text);
	taken(f,
	      "quit\nundo network 10.0.0.0\nundo aggregate 10.0.0.0 8\nundo network 10.1.0.0 16");
	fixture_good(f, fixture_candidate(f));
	assert_int_equal(f->config->instances[0].family[af_index(af_classic())].network_count, 1);
	assert_int_equal(f->config->instances[0].family[af_index(af_classic())].aggregate_count, 0);
}

// An edit that touches no policy does not compile the policies again; one that does, does.
static void test_policies_kept(void **state)
{
	struct fixture *f = *state;
	const char *common = "ip ip-prefix p index 10 permit 10.0.0.0 8\n#\n"
			     "route-policy r permit node 10\n if-match ip-prefix p\n#\n";
	struct buf text = {0};

	fixture_good(f, common);
	struct policy_snapshot *first = policy_snapshot_ref(f->config->policy);
	buf_format(&text, "%sbgp 100\n peer 10.0.0.1 as-number 200\n", common);
	fixture_good(f, buf_cstr(&text));
	assert_ptr_equal(first, f->config->policy);
	buf_format(&text, "#\nip ip-prefix p index 20 permit 11.0.0.0 8\n");
	fixture_good(f, buf_cstr(&text));
	assert_ptr_not_equal(first, f->config->policy);
	policy_snapshot_unref(first);
	buf_free(&text);
}

static bool always_up(struct model_host *host, uint16_t instance, const struct ip *peer)
{
	(void)host;
	(void)instance;
	(void)peer;
	return true;
}

static void test_questions(void **state)
{
	struct fixture *f = fixture_terminal();

	(void)state;
	fixture_type(f, "system-view\nbgp 100\npeer 10.0.0.1 as-number 200");
	f->host.peer_established = always_up;
	fixture_type(f, "ipv4-family multicast\npeer 10.0.0.1 enable");
	assert_string_equal(buf_cstr(&f->output), "Warning: This operation will reset the peer "
						  "session. Continue? [Y/N]:\n");
	fixture_type(f, "n");
	assert_null(strstr(fixture_candidate(f), "multicast\n  peer"));
	fixture_type(f, "peer 10.0.0.1 enable\ny");
	assert_non_null(strstr(fixture_candidate(f), "multicast\n  peer 10.0.0.1 enable"));
	fixture_type(f, "quit\npeer 10.0.0.1 timer keepalive 10 hold 30");
	assert_string_equal(buf_cstr(&f->output),
			    "Warning: Changing the parameter in this command resets the peer "
			    "session. Continue? [Y/N]:\n");
	fixture_type(f, "n\nundo peer 10.0.0.1");
	assert_string_equal(buf_cstr(&f->output),
			    "Warning: All the configurations related to the BGP peer will be "
			    "deleted. Continue? [Y/N]:\n");
	fixture_type(f, "n\npeer 10.0.0.1 capability-advertise route-refresh");
	assert_string_equal(buf_cstr(&f->output), ""); // it is on already
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_must_exist, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peer_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default_family, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leave_group, setup, teardown),
		cmocka_unit_test_setup_teardown(test_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inheritance, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keep_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_confederation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policy_required, setup, teardown),
		cmocka_unit_test_setup_teardown(test_origination, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policies_kept, setup, teardown),
		cmocka_unit_test(test_questions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
