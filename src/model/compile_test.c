// Whole configurations: those that must work, and what is compiled from them.
#include "model/fixture.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

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

// What the bench gives to the daemon.
static const char bench[] =
	"sysname dut\n#\n"
	"ip ip-prefix block index 10 permit 44.0.0.0 8 greater-equal 8 less-equal 24\n#\n"
	"ip community-filter 1 index 10 permit 64999:77\n#\n"
	"route-policy IMP-A permit node 10\n apply community 65000:1 additive\n#\n"
	"route-policy IMP-P permit node 1\n if-match ip-prefix block\n"
	" apply community 65000:1 65000:3 additive\n#\n"
	"route-policy IMP-P permit node 10\n apply community 65000:1 additive\n#\n"
	"route-policy IMP-C permit node 1\n if-match community-filter 1\n"
	" apply community 65000:1 65000:4 additive\n#\n"
	"route-policy IMP-C permit node 10\n apply community 65000:1 additive\n#\n"
	"route-policy IMP-R deny node 1\n if-match ip-prefix block\n#\n"
	"route-policy IMP-R permit node 10\n apply community 65000:1 additive\n#\n"
	"route-policy NONE deny node 10\n#\n"
	"bgp 65000\n router-id 127.9.0.1\n timer keepalive 60 hold 180\n"
	" peer 127.9.1.1 as-number 65001\n peer 127.9.1.1 listen-only\n"
	" peer 127.9.2.1 as-number 65002\n peer 127.9.2.1 listen-only\n"
	" #\n ipv4-family unicast\n"
	"  peer 127.9.1.1 enable\n  peer 127.9.1.1 route-policy IMP-A import\n"
	"  peer 127.9.1.1 route-policy NONE export\n  peer 127.9.1.1 keep-all-routes\n"
	"  peer 127.9.2.1 enable\n  peer 127.9.2.1 route-policy NONE import\n"
	"  peer 127.9.2.1 advertise-community\n  peer 127.9.2.1 advertise-large-community\n"
	"  peer 127.9.2.1 route-update-interval 0\n"
	"#\nreturn\n";

static void test_bench(void **state)
{
	struct fixture *f = *state;
	unsigned v4 = af_index(af_classic());

	fixture_good(f, bench);
	assert_true(f->config->present);
	assert_int_equal(f->config->as, 65000);
	assert_int_equal(f->config->router_id, 0x7f090001);
	assert_int_equal(f->config->peer_count, 2);
	const struct peer_config *feeder = fixture_peer(f, "127.9.1.1");
	assert_true(feeder->session.passive);
	assert_int_equal(feeder->session.families, af_bit(af_classic()));
	assert_int_equal(feeder->session.remote_as, 65001);
	assert_true(feeder->family[v4].enabled);
	assert_true(feeder->family[v4].import.keep_all);
	assert_string_equal(feeder->family[v4].import_policy, "IMP-A");
	assert_false(policy_program_is_open(feeder->family[v4].import.program));
	const struct peer_config *sink = fixture_peer(f, "127.9.2.1");
	assert_true(sink->family[v4].export.community);
	assert_true(sink->family[v4].export.large_community);
	assert_true(policy_program_is_open(sink->family[v4].export.program));
	assert_false(sink->family[v4].import.keep_all);
}

static void test_print_parse_print(void **state)
{
	struct fixture *f = *state;
	struct buf once = {0}, twice = {0};

	fixture_good(f, bench);
	conf_print(&f->tree, &once);
	fixture_good(f, buf_cstr(&once));
	conf_print(&f->tree, &twice);
	assert_string_equal(buf_cstr(&once), buf_cstr(&twice));
	buf_free(&once);
	buf_free(&twice);
}

// The procedures of the seed documents, typed.
static void test_seeds(void **state)
{
	struct fixture *f = *state;

	fixture_type(f, "system-view\nbgp 100\npeer 2001:db8::2 as-number 200\n"
			"peer 2001:db8::2 capability-advertise route-refresh\n"
			"ipv6-family unicast\npeer 2001:db8::2 enable\n"
			"peer 2001:db8::2 keep-all-routes\nipv4-family multicast\n"
			"peer 10.1.1.1 keep-all-routes\n");
	assert_string_equal(buf_cstr(&f->output), "Error: The peer does not exist.\n");
	assert_int_equal(fixture_type(f,
				      "quit\npeer 10.1.1.1 as-number 100\nipv4-family multicast\n"
				      "peer 10.1.1.1 enable\npeer 10.1.1.1 keep-all-routes\n"),
			 0);
	assert_string_equal(fixture_candidate(f),
			    "#\nbgp 100\n peer 10.1.1.1 as-number 100\n"
			    " peer 2001:DB8::2 as-number 200\n #\n ipv4-family unicast\n"
			    "  peer 10.1.1.1 enable\n #\n ipv4-family multicast\n"
			    "  peer 10.1.1.1 enable\n  peer 10.1.1.1 keep-all-routes\n #\n"
			    " ipv6-family unicast\n  peer 2001:DB8::2 enable\n"
			    "  peer 2001:DB8::2 keep-all-routes\n#\nreturn\n");
}

// Large prefix lists must not make a commit a wait. Measured is processor time of compiling alone.
static clock_t compile_time(struct fixture *f, unsigned entries)
{
	struct buf text = {0};

	for (unsigned i = 0; i < entries; i++)
		buf_format(&text, "ip ip-prefix l%u index %u permit %u.%u.%u.0 24 less-equal 32\n",
			   i / (entries / 20), i % (entries / 20) + 1, 1 + (i >> 16), i >> 8 & 255,
			   i & 255);
	buf_text(&text, "route-policy p permit node 10\n if-match ip-prefix l7\n");
	conf_tree_free(&f->tree);
	assert_int_equal(
		cli_load(f->grammar, buf_cstr(&text), text.len, "text", f, &f->tree, &f->errors),
		0);
	clock_t begin = clock();
	struct speaker_config *c = model_compile(f->host.model, &f->tree, 1, &f->errors);
	begin = clock() - begin;
	assert_non_null(c);
	speaker_config_unref(c);
	buf_free(&text);
	return begin;
}

// Ten times as much takes about ten times as long, and not a hundred times, whatever the machine.
static void test_large(void **state)
{
	clock_t few = compile_time(*state, 20000), many = compile_time(*state, 200000);

	assert_true(many < 40 * few + CLOCKS_PER_SEC / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bench, setup, teardown),
		cmocka_unit_test_setup_teardown(test_print_parse_print, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seeds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
