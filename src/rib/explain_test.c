// What an explanation says, word by word, of small tables; that it is true of all is the law's
// matter (law_explain.c).
#include "rib/explain.h"
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define V4 "ipv4-unicast"

struct told {
	struct world w;
	struct buf text;
};

static void put_policy(struct buf *b, const struct rib_explain_item *i)
{
	if (i->kind == EXPLAIN_APPLY)
		buf_format(b, "  apply node %u: %s\n", i->step.node, i->text);
	else if (i->step.end)
		buf_format(b, "  %s: %s\n", i->step.stage, i->step.permit ? "permit" : "deny");
	else
		buf_format(b, "  node %u %s: %s\n", i->step.node,
			   i->step.clause ? i->step.clause : "all",
			   i->step.matched ? "matched" : "not matched");
}

static void hear(void *arg, const struct rib_explain_item *i)
{
	struct buf *b = arg;

	switch (i->kind) {
	case EXPLAIN_PATH:
		buf_format(b, "path %u: %s\n", i->peer, i->text);
		break;
	case EXPLAIN_CHECK:
		buf_format(b, "  check: %s %s\n", rib_bar_word(i->bar), i->text);
		break;
	case EXPLAIN_STEP:
	case EXPLAIN_APPLY:
		put_policy(b, i);
		break;
	case EXPLAIN_VERDICT:
		buf_format(b, "  verdict: %s %s\n", rib_bar_word(i->bar), i->text);
		break;
	case EXPLAIN_UNKNOWN:
		buf_format(b, "unknown %u\n", i->peer);
		break;
	case EXPLAIN_BEST:
		buf_format(b, "best %u of %u\n", i->peer, i->number);
		break;
	case EXPLAIN_LOSS:
		buf_format(b, "%u beats %u: %s, %s against %s\n", i->other, i->peer, i->name,
			   i->text, i->second);
		break;
	case EXPLAIN_TOLD:
		buf_format(b, "told %u: %s\n", i->peer, rib_bar_word(i->bar));
		break;
	default:
		break;
	}
}

static const char *explain(struct told *t, uint16_t peer, const struct rib_explain_config *c)
{
	struct rib_explain_want want = {.af = world_af(V4), .peer = peer, .candidate = c};

	assert_true(want.af->text_get("10.0.0.0/8", &want.key));
	buf_clear(&t->text);
	rib_explain(t->w.rib, &want, hear, &t->text);
	return buf_cstr(&t->text);
}

static void expect(const char *text, const char *line)
{
	bool found = strstr(text, line);

	if (!found)
		print_error("not in this: %s\n%s", line, text);
	assert_true(found);
}

static void expect_not(const char *text, const char *line)
{
	bool found = strstr(text, line);

	if (found)
		print_error("in this: %s\n%s", line, text);
	assert_false(found);
}

static int set_up(void **state)
{
	struct told *t = calloc(1, sizeof(*t));

	world_open(&t->w);
	for (uint16_t i = 0; i < 3; i++) {
		world_peer(&t->w, i, SOURCE_EBGP);
		world_up(&t->w, i, V4);
	}
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct told *t = *state;

	world_close(&t->w);
	buf_free(&t->text);
	free(t);
	return 0;
}

static void test_decision_and_neighbors(void **state)
{
	struct told *t = *state;

	world_tell(&t->w, 0, V4, "10.0.0.0/8", "path=65001 nh=10.0.0.1");
	world_tell(&t->w, 1, V4, "10.0.0.0/8", "path=65002,7 nh=10.0.0.2");
	world_work(&t->w);
	const char *text = explain(t, RIB_NO_PEER, NULL);
	expect(text, "best 0 of 2");
	expect(text, "0 beats 1: as-path-length, length 1 against length 2");
	expect(text, "told 0: split-horizon");
	expect(text, "told 1: none");
	expect(text, "told 2: none");
	text = explain(t, 2, NULL);
	expect(text, "told 2: none");
	expect_not(text, "told 1");
}

static void test_checks(void **state)
{
	struct told *t = *state;

	struct rib_import in = world_import(&t->w, 0, SOURCE_EBGP);
	in.keep_all = true;
	rib_peer_import(t->w.rib, 0, world_af(V4), &in, ++t->w.generation);
	world_tell(&t->w, 0, V4, "10.0.0.0/8", "path=65001,65000 nh=10.0.0.1");
	world_work(&t->w);
	const char *text = explain(t, RIB_NO_PEER, NULL);
	expect(text, "check: as-loop");
	expect(text, "verdict: as-loop");
	expect(text, "told 1: no-path");
	world_tell(&t->w, 0, V4, "10.0.0.0/8", "path=65001 nh=10.0.0.1 comm=no-advertise");
	world_work(&t->w);
	text = explain(t, RIB_NO_PEER, NULL);
	expect(text, "told 1: no-advertise");
	world_down(&t->w, 2);
	world_work(&t->w);
	expect(explain(t, RIB_NO_PEER, NULL), "told 2: no-session");
}

static const char policies[] = "ip ip-prefix ten permit 10.0.0.0 8\n"
			       "route-policy p deny node 10\n"
			       "if-match cost 5\n"
			       "route-policy p permit node 20\n"
			       "if-match ip-prefix ten\n"
			       "apply local-preference 200\n";

static void test_policy_and_candidate(void **state)
{
	struct told *t = *state;
	struct rib_explain_peer next[] = {{.peer = 0,
					   .in = world_import(&t->w, 0, SOURCE_EBGP),
					   .out = world_export(&t->w, 0, SOURCE_EBGP)},
					  {.peer = 1,
					   .in = world_import(&t->w, 1, SOURCE_EBGP),
					   .out = world_export(&t->w, 1, SOURCE_EBGP)}};
	const struct rib_explain_config candidate = {
		.options = t->w.options, .peers = next, .count = 2};

	fixture_config(&t->w.policy, policies);
	struct policy_program *p = fixture_program(&t->w.policy, V4, true, "p");
	next[0].in.program = p;
	world_tell(&t->w, 0, V4, "10.0.0.0/8", "path=65001 nh=10.0.0.1 med=5");
	world_tell(&t->w, 1, V4, "10.0.0.0/8", "path=65002 nh=10.0.0.2");
	world_work(&t->w);
	expect(explain(t, RIB_NO_PEER, NULL), "best 0 of 2");
	const char *text = explain(t, RIB_NO_PEER, &candidate);
	expect(text, "node 10 cost: matched\n  node 10 all: matched\n  route-policy: deny\n"
		     "  verdict: policy");
	expect(text, "best 1 of 1");
	expect(text, "told 2: not-configured"); // of the candidate it is no peer
	expect(text, "told 0: none");

	world_tell(&t->w, 0, V4, "10.0.0.0/8", "path=65001,7 nh=10.0.0.1 med=6");
	world_work(&t->w);
	text = explain(t, RIB_NO_PEER, &candidate);
	expect(text, "node 10 cost: not matched");
	expect(text, "node 20 ip-prefix: matched");
	expect(text, "apply node 20: LOCAL_PREF none -> 200");
	expect(text, "0 beats 1: local-preference, LOCAL_PREF 200 against LOCAL_PREF 100");
	expect(explain(t, RIB_NO_PEER, NULL), "best 1 of 2"); // nothing has changed
	policy_program_unref(p);
}

static void test_not_kept(void **state)
{
	struct told *t = *state;
	struct rib_import in = world_import(&t->w, 0, SOURCE_EBGP);

	fixture_config(&t->w.policy, policies);
	in.program = fixture_program(&t->w.policy, V4, true, "p");
	in.keep_all = false;
	rib_peer_import(t->w.rib, 0, world_af(V4), &in, ++t->w.generation);
	world_tell(&t->w, 0, V4, "10.0.0.0/8", "path=65001 nh=10.0.0.1 med=5");
	world_work(&t->w);
	expect(explain(t, RIB_NO_PEER, NULL), "unknown 0");
	policy_program_unref(in.program);
}

static void test_no_path(void **state)
{
	const char *text = explain(*state, RIB_NO_PEER, NULL);

	expect(text, "best 65535 of 0");
	expect(text, "told 1: no-path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_decision_and_neighbors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_checks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_policy_and_candidate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_path, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
