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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
