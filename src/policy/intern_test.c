// Identity: programs that do the same are the same pointer, and a change of anything that a program
// reaches, at any depth, makes another. Nothing is left over when the last reference goes.
#include "policy/fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "policy/object.h"

static struct fixture f;

// Everything that a program can reach, by every kind of edge.
static const char *const base[] = {
	"ip ip-prefix ten index 10 permit 10.0.0.0 8 less-equal 24",
	"ip ip-prefix ten index 20 deny 11.0.0.0 8",
	"ip ip-prefix hop permit 10.0.0.1 32",
	"ip ip-prefix src permit 192.0.2.1 32",
	"ip ip-prefix stage permit 0.0.0.0 0 less-equal 32",
	"ip ipv6-prefix six permit 2001:db8:: 32",
	"acl 2000 rule 5 permit 10.0.0.0 0.255.255.255",
	"acl 2001 rule 5 permit 10.0.0.0 0.255.255.255",
	"acl 2002 rule 5 permit",
	"ip as-path-filter 1 index 10 permit ^100",
	"ip as-path-filter 2 index 10 permit ^200",
	"ip as-path-filter 3 permit .*",
	"ip community-filter basic c permit 1:1",
	"ip community-filter advanced ca permit ^2",
	"ip community-filter basic del permit 3:3",
	"ip large-community-filter basic l permit 1:1:1",
	"ip ext-community-filter basic e permit 1:1",
	"ip soo-filter basic s permit 1:1",
	"ip community-list cl 5:5",
	"ip large-community-list ll 5:5:5",
	"route-policy p permit node 10",
	"if-match ip-prefix ten",
	"if-match ip next-hop ip-prefix hop",
	"if-match ip route-source ip-prefix src",
	"if-match ipv6 address prefix-list six",
	"if-match as-path-filter 1 2",
	"if-match community-filter c ca",
	"if-match large-community-filter l",
	"if-match ext-community-filter e",
	"if-match soo-filter s",
	"if-match cost 5",
	"apply comm-filter del delete",
	"apply community list cl additive",
	"apply large-community list ll additive",
	"apply as-path 1 2 additive",
	"apply rt 1:1",
	"apply local-preference 100",
	"apply ip-address next-hop 10.0.0.9",
	"goto next-node 30",
	"route-policy p deny node 20",
	"if-match acl 2000",
	"route-policy p permit node 30",
	"if-match acl 2001",
	"apply cost + 5",
	"route-policy other permit node 10",
	"if-match as-path-filter 2",
};
enum { LINES = sizeof(base) / sizeof(*base) };

// Each replaces the line of that text; NULL: the line is left out.
static const struct {
	const char *line, *by;
} edges[] = {
	{"ip ip-prefix ten index 20 deny 11.0.0.0 8", NULL},
	{"ip ip-prefix ten index 20 deny 11.0.0.0 8",
	 "ip ip-prefix ten index 20 permit 11.0.0.0 8"},
	{"ip ip-prefix ten index 20 deny 11.0.0.0 8", "ip ip-prefix ten index 20 deny 11.0.0.0 9"},
	{"ip ip-prefix ten index 20 deny 11.0.0.0 8", "ip ip-prefix ten index 5 deny 11.0.0.0 8"},
	{"ip ip-prefix ten index 10 permit 10.0.0.0 8 less-equal 24",
	 "ip ip-prefix ten index 10 permit 10.0.0.0 8 less-equal 25"},
	{"ip ip-prefix hop permit 10.0.0.1 32", "ip ip-prefix hop permit 10.0.0.2 32"},
	{"ip ip-prefix src permit 192.0.2.1 32", "ip ip-prefix src permit 192.0.2.2 32"},
	{"ip ip-prefix stage permit 0.0.0.0 0 less-equal 32",
	 "ip ip-prefix stage permit 0.0.0.0 0 less-equal 31"},
	{"ip ipv6-prefix six permit 2001:db8:: 32", "ip ipv6-prefix six permit 2001:db8:: 33"},
	{"acl 2000 rule 5 permit 10.0.0.0 0.255.255.255",
	 "acl 2000 rule 5 permit 10.0.0.0 0.0.255.255"},
	{"acl 2001 rule 5 permit 10.0.0.0 0.255.255.255",
	 "acl 2001 rule 5 deny 10.0.0.0 0.255.255.255"},
	{"acl 2001 rule 5 permit 10.0.0.0 0.255.255.255", "acl 2001"},
	{"acl 2001 rule 5 permit 10.0.0.0 0.255.255.255", NULL},
	{"acl 2002 rule 5 permit", "acl 2002 rule 5 deny"},
	{"ip as-path-filter 1 index 10 permit ^100", "ip as-path-filter 1 index 10 deny ^100"},
	{"ip as-path-filter 2 index 10 permit ^200", "ip as-path-filter 2 index 10 permit ^201"},
	{"ip as-path-filter 3 permit .*", "ip as-path-filter 3 permit ."},
	{"ip community-filter basic c permit 1:1", "ip community-filter basic c permit 1:2"},
	{"ip community-filter advanced ca permit ^2", "ip community-filter advanced ca permit ^3"},
	{"ip community-filter basic del permit 3:3", "ip community-filter basic del deny 3:3"},
	{"ip large-community-filter basic l permit 1:1:1",
	 "ip large-community-filter basic l permit 1:1:2"},
	{"ip ext-community-filter basic e permit 1:1",
	 "ip ext-community-filter basic e permit 1:2"},
	{"ip soo-filter basic s permit 1:1", "ip soo-filter basic s permit 1:2"},
	{"ip community-list cl 5:5", "ip community-list cl 5:6"},
	{"ip large-community-list ll 5:5:5", "ip large-community-list ll 5:5:6"},
	{"route-policy p permit node 10", "route-policy p deny node 10"},
	{"if-match ip-prefix ten", "if-match ip-prefix hop"},
	{"if-match as-path-filter 1 2", "if-match as-path-filter 1"},
	{"if-match community-filter c ca", "if-match community-filter c ca whole-match"},
	{"if-match cost 5", "if-match cost 6"},
	{"if-match cost 5", NULL},
	{"apply community list cl additive", "apply community list cl"},
	{"apply as-path 1 2 additive", "apply as-path 2 1 additive"},
	{"apply as-path 1 2 additive", "apply as-path 1 2 overwrite"},
	{"apply rt 1:1", "apply rt 1:2"},
	{"apply rt 1:1", "apply soo 1:1"},
	{"apply local-preference 100", "apply local-preference 101"},
	{"apply ip-address next-hop 10.0.0.9", "apply ip-address next-hop 10.0.0.8"},
	{"apply ip-address next-hop 10.0.0.9", "apply ip-address next-hop peer-address"},
	{"goto next-node 30", "goto next-node 20"},
	{"goto next-node 30", NULL},
	{"route-policy p deny node 20", "route-policy p permit node 20"},
	{"apply cost + 5", "apply cost - 5"},
	{"apply cost + 5", "apply cost 5"},
};

static void config_with(const char *line, const char *by)
{
	bool found = !line;

	for (unsigned i = 0; i < LINES; i++) {
		const char *use = base[i];
		if (line && !strcmp(use, line)) {
			use = by;
			found = true;
		}
		if (use)
			fixture_lines(&f, use);
	}
	if (!found)
		fail_msg("no such line: %s", line);
	if (!fixture_compile(&f))
		fail_msg("%s", f.complaint);
}

static struct policy_program *whole_program(void)
{
	struct policy_binding b = {.af = fixture_af("ipv4-unicast"),
				   .import = true,
				   .acl = "2002",
				   .prefix_list = "stage",
				   .path_filter = "3",
				   .route_policy = "p"};

	return policy_program(f.store, f.snapshot, &b);
}

static void test_same_content_same_program(void **state)
{
	fixture_open(&f);
	config_with(NULL, NULL);
	struct policy_program *p = whole_program(), *q;

	for (unsigned i = 0; i < 3; i++) {
		config_with(NULL, NULL);
		q = whole_program();
		assert_ptr_equal(p, q);
		policy_program_unref(q);
	}
	// What cannot make a difference: distances of indexes, order of typing, names.
	config_with("ip ip-prefix ten index 20 deny 11.0.0.0 8",
		    "ip ip-prefix ten index 4000 deny 11.0.0.0 8");
	q = whole_program();
	assert_ptr_equal(p, q);
	policy_program_unref(q);
	config_with("ip ip-prefix ten index 20 deny 11.0.0.0 8",
		    "ip ip-prefix ten index 20 deny 11.9.9.9 8");
	q = whole_program();
	assert_ptr_equal(p, q);
	policy_program_unref(q);
	for (unsigned i = LINES; i-- > 0;)
		if (!strncmp(base[i], "ip ", 3) || !strncmp(base[i], "acl", 3))
			fixture_lines(&f, base[i]);
	for (unsigned i = 0; i < LINES; i++)
		if (strncmp(base[i], "ip ", 3) != 0 && strncmp(base[i], "acl", 3) != 0)
			fixture_lines(&f, base[i]);
	assert_true(fixture_compile(&f));
	q = whole_program();
	assert_ptr_equal(p, q);
	policy_program_unref(q);
	policy_program_unref(p);
	fixture_close(&f);
}

static void test_every_edge_counts(void **state)
{
	fixture_open(&f);
	config_with(NULL, NULL);
	struct policy_program *p = whole_program();
	struct policy_program *other = fixture_program(&f, "ipv4-unicast", true, "other");

	for (unsigned i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		config_with(edges[i].line, edges[i].by);
		struct policy_program *q = whole_program();
		if (q == p)
			fail_msg("not seen: %s -> %s", edges[i].line,
				 edges[i].by ? edges[i].by : "(gone)");
		struct policy_program *o = fixture_program(&f, "ipv4-unicast", true, "other");
		bool touches = !strcmp(edges[i].line, "ip as-path-filter 2 index 10 permit ^200");
		if ((o == other) == touches)
			fail_msg("another policy: %s", edges[i].line);
		policy_program_unref(o);
		policy_program_unref(q);
		config_with(NULL, NULL);
		q = whole_program();
		assert_ptr_equal(q, p);
		policy_program_unref(q);
	}
	policy_program_unref(other);
	policy_program_unref(p);
	fixture_close(&f);
}

static void test_programs_are_shared_where_they_can(void **state)
{
	fixture_open(&f);
	fixture_config(&f, "route-policy p permit node 10\napply cost 5\n"
			   "route-policy q permit node 10\napply cost 5\n"
			   "ip ip-prefix l permit 10.0.0.0 8\n"
			   "route-policy s permit node 10\nif-match ip route-source ip-prefix l\n");
	struct policy_program *p = fixture_program(&f, "ipv4-unicast", true, "p");
	struct policy_program *q = fixture_program(&f, "ipv4-unicast", false, "q");
	struct policy_program *s = fixture_program(&f, "ipv4-unicast", true, "s");
	struct policy_program *t = fixture_program(&f, "ipv4-unicast", false, "s");
	struct policy_program *none = fixture_program(&f, "ipv4-unicast", true, NULL);
	struct policy_program *same = fixture_program(&f, "ipv6-unicast", false, NULL);

	assert_ptr_equal(p, q);
	assert_false(policy_program_uses_peer(p));
	assert_ptr_not_equal(s, t);
	assert_true(policy_program_uses_peer(s));
	assert_false(policy_program_uses_peer(t));
	assert_ptr_equal(none, same);
	assert_true(policy_program_is_open(none));
	assert_false(policy_program_is_open(p));
	assert_int_not_equal(policy_program_number(p), policy_program_number(s));
	policy_program_unref(p);
	policy_program_unref(q);
	policy_program_unref(s);
	policy_program_unref(t);
	policy_program_unref(none);
	policy_program_unref(same);
	fixture_close(&f);
}

static void test_nothing_is_left_over(void **state)
{
	fixture_open(&f);
	config_with(NULL, NULL);
	struct policy_program *p = whole_program();
	policy_snapshot_unref(policy_snapshot_ref(f.snapshot));
	policy_snapshot_unref(f.snapshot);
	f.snapshot = NULL;
	// The program holds what it reaches, and only that: itself, the policy, 16 filters (the two
	// equal access lists are one); not the sets, whose values the policy has taken over.
	assert_int_equal(store_object_count(f.store), 18);
	policy_program_unref(policy_program_ref(p));
	policy_program_unref(p);
	assert_int_equal(store_object_count(f.store), 0);

	// A failed compilation leaves nothing either.
	for (unsigned i = 0; i < LINES; i++)
		fixture_lines(&f, base[i]);
	fixture_lines(&f, "route-policy p permit node 40\nif-match ip-prefix missing");
	assert_false(fixture_compile(&f));
	assert_int_equal(store_object_count(f.store), 0);

	// A program may outlive the store's owner.
	config_with(NULL, NULL);
	p = whole_program();
	fixture_close(&f);
	policy_program_unref(p);
}

static void *drop_many(void *arg)
{
	for (unsigned i = 0; i < 20000; i++) {
		policy_program_ref(arg);
		policy_program_unref(arg);
	}
	policy_program_unref(arg);
	return NULL;
}

static void test_references_go_on_any_thread(void **state)
{
	pthread_t threads[3];

	fixture_open(&f);
	for (unsigned round = 0; round < 20; round++) {
		fixture_config(&f, "ip ip-prefix l permit 10.0.0.0 8\n"
				   "route-policy p permit node 10\nif-match ip-prefix l");
		struct policy_program *p = fixture_program(&f, "ipv4-unicast", true, "p");
		for (unsigned i = 0; i < 3; i++)
			pthread_create(&threads[i], NULL, drop_many, policy_program_ref(p));
		policy_program_unref(p);
		fixture_config(&f, "");
		for (unsigned i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(store_object_count(f.store), 0);
	}
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_content_same_program),
		cmocka_unit_test(test_every_edge_counts),
		cmocka_unit_test(test_programs_are_shared_where_they_can),
		cmocka_unit_test(test_nothing_is_left_over),
		cmocka_unit_test(test_references_go_on_any_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
