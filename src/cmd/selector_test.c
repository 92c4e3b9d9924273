// refresh bgp and reset bgp: which selectors each family's form has (vrp-cli 1.2, the formats of the
// two command references), what they select, and how a wrong one is refused.
#include "box/box.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const char pe[] = "bgp 100\n"
			 "router-id 1.1.1.1\n"
			 "peer 10.0.0.2 as-number 100\n"
			 "group inner internal\n"
			 "ipv4-family vpnv4\npeer 10.0.0.2 enable\n"
			 "ipv6-family vpnv6\npeer 10.0.0.2 enable\n"
			 "ipv4-family vpn-target\npeer 10.0.0.2 enable\n"
			 "ipv4-family mvpn\npeer 10.0.0.2 enable";
static const char customers[] =
	"ip vpn-instance a\nipv4-family\nroute-distinguisher 100:1\nvpn-target 1:1\nipv6-family\n"
	"route-distinguisher 100:1\nquit\nquit\n"
	"bgp 100\nipv4-family vpn-instance a\npeer 10.9.0.1 as-number 65001\n"
	"ipv6-family vpn-instance a\nipv4-multicast vpn-instance a";

static int set_up(void **state)
{
	sim_new(7);
	*state = box_new("10.0.0.1");
	return 0;
}

static int tear_down(void **state)
{
	box_free(*state);
	assert_int_equal(sim_free(), 0);
	return 0;
}

// Every form of both commands, and which addresses name a peer in it.
static const struct {
	const char *words;
	bool ipv4, ipv6;
} forms[] = {
	{"", true, true},
	{"ipv6 ", true, true},
	{"multicast ", true, false},
	{"vpnv4 ", true, true},
	{"vpnv6 ", true, false},
	{"vpn-target ", true, true},
	{"mvpn ", true, false},
	{"vpn-instance a ipv4-family ", true, false},
	{"vpn-instance a ipv6-family ", true, true},
	{"vpn-instance a multicast ", true, false},
};

static bool parses(struct box *b, const char *verb, const char *words, const char *selector)
{
	char *line = mem_format("%s %s%s", verb, words, selector);
	bool good = !strstr(box_run(b, line), "found at '^' position");

	mem_free(line);
	return good;
}

static void check_form(struct box *b, const char *verb, const char *end, unsigned i)
{
	static const char *const always[] = {"all", "group g", "external", "internal"};
	const char *words = forms[i].words;
	char text[80];

	for (unsigned k = 0; k < 4; k++) {
		snprintf(text, sizeof text, "%s%s", always[k], end);
		if (!parses(b, verb, words, text))
			fail_msg("%s %s%s is not understood", verb, words, text);
	}
	snprintf(text, sizeof text, "10.0.0.2%s", end);
	assert_int_equal(parses(b, verb, words, text), forms[i].ipv4);
	snprintf(text, sizeof text, "2001:db8::2%s", end);
	assert_int_equal(parses(b, verb, words, text), forms[i].ipv6);
}

static void test_refresh_forms(void **state)
{
	struct box *b = *state;

	box_configure(b, pe);
	box_configure(b, customers);
	for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
		check_form(b, "refresh bgp", " import", i);
		check_form(b, "refresh bgp", " export", i);
		assert_false(parses(b, "refresh bgp", forms[i].words, "all")); // no direction
		assert_false(parses(b, "refresh bgp", forms[i].words, "100 import"));
		assert_false(parses(b, "refresh bgp", forms[i].words, "import all"));
	}
}

static void test_reset_forms(void **state)
{
	struct box *b = *state;

	box_configure(b, pe);
	box_configure(b, customers);
	for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
		check_form(b, "reset bgp", "", i);
		assert_true(parses(b, "reset bgp", forms[i].words, "65001"));
		assert_false(parses(b, "reset bgp", forms[i].words, "all import"));
	}
	assert_true(parses(b, "reset bgp", "ipv4 ", "all"));
}

static void test_refused(void **state)
{
	struct box *b = *state;

	box_refuses(b, "refresh bgp mvpn all export", "Error: BGP is not configured.");
	box_refuses(b, "reset bgp all", "Error: BGP is not configured.");
	box_configure(b, pe);
	box_refuses(b, "refresh bgp vpn-target 10.0.0.9 import", "Error: The peer does not exist.");
	box_refuses(b, "refresh bgp mvpn group none import",
		    "Error: The peer group does not exist.");
	box_refuses(b, "refresh bgp vpn-instance a ipv4-family all import",
		    "Error: The VPN instance does not exist.");
	box_configure(b, customers);
	// Peers and groups of one instance mean nothing in another.
	box_refuses(b, "refresh bgp vpn-instance a ipv4-family 10.0.0.2 import",
		    "Error: The peer does not exist.");
	box_refuses(b, "refresh bgp vpn-instance a ipv4-family group inner import",
		    "Error: The peer group does not exist.");
	box_refuses(b, "refresh bgp 10.9.0.1 import", "Error: The peer does not exist.");
	box_expect(b, "refresh bgp vpn-instance a ipv4-family 10.9.0.1 import",
		   "not established: nothing was done", NULL);
}

static void test_instance_without_family(void **state)
{
	struct box *b = *state;

	box_configure(b, pe);
	box_configure(b, "ip vpn-instance a\nipv4-family\nroute-distinguisher 100:1");
	box_expect(b, "refresh bgp vpn-instance a ipv6-family all import",
		   "Info: VPN instance a does not have IPv6 Unicast.", NULL);
}

// --- what they do -----------------------------------------------------------------------------------
static unsigned ups(struct box *b, uint16_t instance, const char *address)
{
	struct ip ip;

	ip_parse(address, &ip);
	struct speaker_peer *p = speaker_peer_find(b->app.speaker, instance, &ip);
	assert_non_null(p);
	return sess_get_counters(speaker_peer_session(p))->established_count;
}

static unsigned asked(struct box *b, uint16_t instance, const char *address)
{
	struct ip ip;

	ip_parse(address, &ip);
	return (unsigned)sess_get_counters(
		       speaker_peer_session(speaker_peer_find(b->app.speaker, instance, &ip)))
		->refresh_out;
}

static void run(struct box *b, const char *line)
{
	box_run(b, line);
	assert_int_equal(b->status, 0);
	sim_run_for(120 * SIM_SECOND);
}

// A peer of the public instance and one of a VPN instance: each command reaches its own.
static void test_reach(void **state)
{
	struct box *b = *state, *other = box_new("10.0.0.2"), *customer = box_new("10.9.0.1");

	box_configure(b, pe);
	box_configure(b, customers);
	box_configure(other, "bgp 100\nrouter-id 2.2.2.2\npeer 10.0.0.1 as-number 100\n"
			     "ipv4-family vpnv4\npeer 10.0.0.1 enable\n"
			     "ipv4-family mvpn\npeer 10.0.0.1 enable");
	box_configure(customer, "bgp 65001\nrouter-id 9.9.9.9\npeer 10.0.0.1 as-number 100");
	sim_run_for(120 * SIM_SECOND);
	uint16_t red = speaker_config_instance(speaker_running(b->app.speaker), "a")->number;
	unsigned first = ups(b, 0, "10.0.0.2"), second = ups(b, red, "10.9.0.1");
	assert_true(first && second);
	unsigned outer = asked(b, 0, "10.0.0.2"), inner = asked(b, red, "10.9.0.1");

	run(b, "refresh bgp vpn-instance a ipv4-family all import");
	assert_int_equal(asked(b, red, "10.9.0.1"), inner + 1);
	assert_int_equal(asked(b, 0, "10.0.0.2"), outer);
	run(b, "refresh bgp vpnv4 internal import");
	run(b, "refresh bgp vpnv4 external import");
	run(b, "refresh bgp mvpn 10.0.0.2 import");
	assert_int_equal(asked(b, red, "10.9.0.1"), inner + 1);
	assert_int_equal(asked(b, 0, "10.0.0.2"), outer + 2);
	run(b, "refresh bgp all import"); // public IPv4 only
	assert_int_equal(asked(b, red, "10.9.0.1"), inner + 1);
	assert_int_equal(asked(b, 0, "10.0.0.2"), outer + 3);

	run(b, "reset bgp vpn-instance a ipv4-family 65001");
	assert_int_equal(ups(b, red, "10.9.0.1"), second + 1);
	assert_int_equal(ups(b, 0, "10.0.0.2"), first);
	run(b, "reset bgp vpnv6 all"); // enabled here
	run(b, "reset bgp vpn-instance a ipv6-family all");
	assert_int_equal(ups(b, red, "10.9.0.1"), second + 1);
	assert_int_equal(ups(b, 0, "10.0.0.2"), first + 1);
	run(b, "reset bgp all");
	assert_int_equal(ups(b, red, "10.9.0.1"), second + 2);
	assert_int_equal(ups(b, 0, "10.0.0.2"), first + 2);
	box_free(other);
	box_free(customer);
}

static void test_help(void **state)
{
	struct box *b = *state;
	const char *text = box_help(b, "refresh bgp mvpn ");

	assert_non_null(strstr(text, "X.X.X.X"));
	assert_null(strstr(text, "X:X::X:X"));
	text = box_help(b, "refresh bgp vpn-target ");
	assert_non_null(strstr(text, "X:X::X:X"));
	text = box_help(b, "refresh bgp ");
	assert_non_null(strstr(text, "vpn-instance"));
	assert_non_null(strstr(text, "vpnv6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refresh_forms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reset_forms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_instance_without_family, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reach, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_help, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
