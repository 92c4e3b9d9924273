// The notation, matching, abbreviations, errors with their columns, stored forms, undo forms.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cli/match.h"
#include "cli/param.h"
#include "cli/test_schema.h"

static struct grammar *g;

// What a line is stored as in a view, or "column: error".
static char *stored(const char *view, const char *line)
{
	struct buf out = {0};
	struct match m;

	if (match_line(g, grammar_view(g, view), line, MATCH_ALL, &m)) {
		buf_text(&out, m.entry->undo ? "-" : "");
		conf_line_text(m.line, &out);
		conf_line_unref(m.line);
	} else {
		const char *error = match_error(m.status) + strlen("Error:");
		error += *error == ' ';
		buf_format(&out, "%u: %.11s", m.column, error);
	}
	return buf_steal(&out);
}

static void check(const char *view, const char *line, const char *expected)
{
	char *text = stored(view, line);

	assert_string_equal(text, expected);
	mem_free(text);
}

static void test_stored(void **state)
{
	check("system", "bgp 100", "bgp 100");
	check("system", "  BGP\t65000.1 ", "bgp 65000.1");
	check("system", "ip ip-prefix P index 10 permit 10.0.0.0 255.0.0.0 less-equal 24",
	      "ip ip-prefix P index 10 permit 10.0.0.0 8 less-equal 24");
	check("bgp", "peer 2001:db8::1 as-number 1", "peer 2001:DB8::1 as-number 1");
	check("bgp", "peer \"my group\" as-number 1", "peer \"my group\" as-number 1");
	check("bgp", "peer \"group\" as-number 1", "peer group as-number 1");
	check("bgp", "peer 1.1.1.1 description it's \"mine\" alone",
	      "peer 1.1.1.1 description it's \"mine\" alone");
	check("bgp", "peer 1.1.1.1 description a lone \" quote",
	      "peer 1.1.1.1 description a lone \" quote");
	check("bgp", "peer 1.1.1.1 description \" all in quotes \"",
	      "peer 1.1.1.1 description all in quotes");
	check("bgp-af-ipv4", "network 10.1.0.0 16", "network 10.1.0.0 255.255.0.0");
	check("bgp-af-ipv4", "aggregate 10.0.0.0 8 attribute-policy P as-set",
	      "aggregate 10.0.0.0 255.0.0.0 as-set attribute-policy P");
	check("route-policy", "apply community 65536 no-export 1:2 additive",
	      "apply community 1:0 no-export 1:2 additive");
}

static void test_abbreviations(void **state)
{
	check("user", "dis b p", "display bgp peer");
	check("user", "dis bgp peer 1.1.1.1 v", "display bgp peer 1.1.1.1 verbose");
	check("user", "ref bgp ext imp", "refresh bgp external import");
	check("user", "refresh bgp i import", "refresh bgp internal import");
}

static void test_errors(void **state)
{
	check("system", "bgpp 100", "0: Unrecognize");
	check("system", "bgp", "3: Incomplete ");
	check("system", "bgp ", "3: Incomplete ");
	check("system", "bgp 0", "4: Wrong param");
	check("system", "bgp 100 200", "8: Too many pa");
	check("user", "refresh bgp ex", "14: Incomplete ");
	check("user", "refresh bgp all both", "16: Unrecognize");
	check("user", "re bgp all import", "0: Ambiguous c");
	check("system", "ip ip-prefix P permit 10.0.0.0/8", "22: Wrong param");
	check("system", "ip ip-prefix P permit 10.0.0.0 33", "31: Wrong param");
	check("bgp", "peer 1.1.1.1 timer keepalive 60 hold 65536", "37: Wrong param");
	check("bgp-af-ipv4", "aggregate 10.0.0.0 8 as-set as-set", "28: Unrecognize");
	check("system", "sysname \"open", "0: The line is");
	check("system", "sysname a\x01", "0: The line is");
	check("system", "", "0: Incomplete ");
	check("system", "undo", "4: Incomplete ");
	check("system", "undo nothing", "5: Unrecognize");
}

static void test_undo(void **state)
{
	check("system", "undo bgp", "-bgp");
	check("system", "undo bgp 100", "-bgp 100");
	check("system", "undo ip ip-prefix P", "-ip ip-prefix P");
	check("system", "undo ip ip-prefix P index 5", "-ip ip-prefix P index 5");
	check("bgp", "undo peer 1.1.1.1 timer keepalive", "-peer 1.1.1.1 timer keepalive");
	check("bgp", "undo peer 1.1.1.1 timer keepalive 60 hold 180",
	      "-peer 1.1.1.1 timer keepalive 60 hold 180");
	check("bgp", "undo peer 1.1.1.1", "undo peer 1.1.1.1");
	check("bgp", "und pe 1.1.1.1 as", "-peer 1.1.1.1 as-number");
	check("bgp-af-ipv4", "undo peer 1.1.1.1 route-policy import",
	      "-peer 1.1.1.1 route-policy import");
	check("bgp-af-ipv4", "undo peer 1.1.1.1 route-policy P import",
	      "-peer 1.1.1.1 route-policy P import");
	check("bgp-af-ipv4", "undo synchronization", "undo synchronization");
	check("user", "undo terminal monitor", "-terminal monitor");
}

static void test_taken_in(void **state)
{
	// The BGP view accepts what the IPv4 unicast family does.
	struct match m;

	assert_true(match_line(g, grammar_view(g, "bgp"), "network 10.0.0.0 8", MATCH_ALL, &m));
	assert_true(m.entry->outer);
	conf_line_unref(m.line);
	assert_false(match_line(g, grammar_view(g, "bgp"), "network 10.0.0.0 8", MATCH_OWN, &m));
	assert_true(match_line(g, grammar_view(g, "bgp"), "peer a as-number 1", MATCH_ALL, &m));
	assert_false(m.entry->outer);
	conf_line_unref(m.line);
}

static void test_limits(void **state)
{
	struct buf line = {0};
	struct match m;

	buf_text(&line, "apply community");
	for (unsigned i = 0; i < 32; i++)
		buf_format(&line, " 1:%u", i);
	assert_true(match_line(g, grammar_view(g, "route-policy"), buf_cstr(&line), MATCH_ALL, &m));
	assert_int_equal(m.line->words, 34);
	conf_line_unref(m.line);
	buf_text(&line, " 1:32");
	assert_false(
		match_line(g, grammar_view(g, "route-policy"), buf_cstr(&line), MATCH_ALL, &m));
	assert_int_equal(m.status, MATCH_UNRECOGNIZED);
	buf_clear(&line);
	buf_text(&line, "bgp ");
	for (unsigned i = 0; i < 4000; i++)
		buf_u8(&line, '1');
	assert_false(match_line(g, g->system, buf_cstr(&line), MATCH_ALL, &m));
	assert_int_equal(m.status, MATCH_UNREADABLE);
	buf_free(&line);
}

// Rows with mistakes end the program; here only the notation's shape is looked at.
static void test_notation(void **state)
{
	const struct row row = {.views = "system", .grammar = "x", .value = "b"};
	struct gnode *n = notation_parse(g, &row, "a { b | c [ d ] }* group-name&<1-8> n<1-5>");

	assert_int_equal(n->kind, G_SEQUENCE);
	assert_int_equal(n->children, 4);
	assert_int_equal(n->child[1]->kind, G_ANY);
	assert_int_equal(n->child[1]->min, 1);
	assert_true(n->child[1]->child[0]->child[0]->value);
	assert_int_equal(n->child[2]->kind, G_REPEAT);
	assert_int_equal(n->child[2]->max, 8);
	assert_int_equal(n->child[3]->param->max, 5);
	assert_false(n->empty);
	assert_true(notation_parse(g, &row, "[ a | b ] [ c ]*")->empty);
	assert_int_equal(notation_parse(g, &row, "**group-name**")->child[0]->kind, G_KEYWORD);
}

static void test_params(void **state)
{
	static const char *const cases[][3] = {
		{"community-number", "65535:65535", "65535:65535"},
		{"community-number", "4294967295", "65535:65535"},
		{"community-number", "65536:1", NULL},
		{"community-number", "1:2:3", NULL},
		{"large-community", "1:2:4294967295", "1:2:4294967295"},
		{"large-community", "1:2", NULL},
		{"route-target", "100:4294967295", "100:4294967295"},
		{"route-target", "70000:65536", NULL},
		{"route-target", "70000:65535", "70000:65535"},
		{"route-target", "1.1:5", "1.1:5"},
		{"route-target", "10.1.1.1:5", "10.1.1.1:5"},
		{"mask", "255.0.255.0", NULL},
		{"mask", "0.0.0.0", "0.0.0.0"},
		{"mask-length", "255.255.255.255", "32"},
		{"as-number", "0", NULL},
		{"as-number", "4294967296", NULL},
		{"group-name", "10.1.1.1", NULL},
		{"group-name", "fe80::1", NULL},
		{"group-name", "", NULL},
		{"regular-expression", "^100_(200|300)$", "^100_(200|300)$"},
		{"regular-expression", "(", NULL},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0};
		bool taken = param_accept(grammar_param(g, cases[i][0]), cases[i][1], &out);
		assert_int_equal(taken, cases[i][2] != NULL);
		if (taken)
			assert_string_equal(buf_cstr(&out), cases[i][2]);
		buf_free(&out);
	}
}

static int set_up(void **state)
{
	g = grammar_new(&test_schema);
	return 0;
}

static int tear_down(void **state)
{
	grammar_free(g);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stored),   cmocka_unit_test(test_abbreviations),
		cmocka_unit_test(test_errors),   cmocka_unit_test(test_undo),
		cmocka_unit_test(test_taken_in), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_notation), cmocka_unit_test(test_params),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
