// The rows themselves: that the grammar compiles, that everything has help, that the statements of
// the manuals are understood in their views, and that the reference is up to date.
//
// With the argument `print` the program writes the reference instead:
//   build/src/model/model_rows_test print >doc/reference.md
#include "model/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/param.h"
#include "model/examples.h"

static bool helped(const struct cli_schema *s, const char *word)
{
	for (unsigned i = 0; i < s->help_count; i++) {
		if (strcmp(s->helps[i].word, word) == 0)
			return s->helps[i].help[0] != '\0';
	}
	for (unsigned i = 0; i < s->param_count; i++) {
		if (strcmp(s->params[i].name, word) == 0)
			return s->params[i].help[0] != '\0';
	}
	return param_builtin(word) != NULL;
}

static void check_words(const struct cli_schema *s, const char *grammar)
{
	char *text = mem_text(grammar), *save = NULL;

	for (char *w = strtok_r(text, " ;|{}[]", &save); w; w = strtok_r(NULL, " ;|{}[]", &save)) {
		w += strspn(w, "*");
		w[strcspn(w, "*<&")] = '\0';
		if (*w && !helped(s, w))
			fail_msg("\"%s\" in \"%s\" has no help", w, grammar);
	}
	mem_free(text);
}

static void test_help(void **state)
{
	struct cli_schema s;

	(void)state;
	model_schema(&s);
	for (unsigned t = 0; t < s.table_count; t++) {
		for (unsigned i = 0; i < s.tables[t].count; i++) {
			const struct row *r = &s.tables[t].rows[i];
			if (!r->help || !r->help[0] || !r->more || !r->level)
				fail_msg("row \"%s\" lacks help, meaning or level", r->grammar);
			check_words(&s, r->grammar);
			check_words(&s, r->undo ? r->undo : "");
		}
	}
}

static void type_each(struct fixture *f, const char *lines)
{
	char *copy = mem_text(lines), *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (fixture_type(f, l) != 0 || strstr(buf_cstr(&f->output), "Error"))
			fail_msg("%s: %s", l, buf_cstr(&f->output));
	}
	mem_free(copy);
}

// Does something with the lines that are meant for each view of the family.
static void in_views(struct fixture *f, const struct af *af,
		     void (*what)(struct fixture *f, const char *lines))
{
	struct view_example views[2];
	unsigned n = example_views(&f->schema, af, views);

	for (unsigned i = 0; i < n; i++) {
		assert_non_null(views[i].view);
		type_each(f, views[i].line);
		for (unsigned k = 0; k < family_example_count; k++) {
			if (view_has_tag(views[i].view, family_examples[k].tag))
				what(f, family_examples[k].lines);
		}
		mem_free((char *)views[i].line);
	}
}

static void type_examples(struct fixture *f)
{
	type_each(f, "system-view");
	for (unsigned i = 0; i < example_count; i++)
		type_each(f,
			  examples[i]); // from wherever the last one led: views above are tried too
	type_each(f, "bgp 100");
	for (unsigned i = 0; i < af_count; i++)
		in_views(f, af_list[i], type_each);
}

static void test_examples(void **state)
{
	struct fixture *f = fixture_new();
	struct buf once = {0}, twice = {0};

	(void)state;
	type_examples(f);
	buf_text(&once, fixture_candidate(f));
	struct conf_tree tree;
	struct buf errors = {0};
	assert_int_equal(cli_load(f->grammar, buf_cstr(&once), once.len, "text", f, &tree, &errors),
			 0);
	conf_print(&tree, &twice);
	assert_string_equal(buf_cstr(&once), buf_cstr(&twice));
	conf_tree_free(&tree);
	buf_free(&errors);
	buf_free(&once);
	buf_free(&twice);
	fixture_free(f);
}

// What was typed can be undone in the same words, and nothing else goes with it.
static void undo_each(struct fixture *f, const char *lines)
{
	char *copy = mem_text(lines), *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *before = mem_text(fixture_candidate(f)), *undo = mem_format("undo %s", l);
		if (strncmp(l, "undo ", 5) != 0) {
			type_each(f, l);
			if (strcmp(before, fixture_candidate(f)) != 0)
				type_each(f, undo);
			if (strcmp(before, fixture_candidate(f)) != 0)
				fail_msg("%s: left is\n%s", undo, fixture_candidate(f));
		}
		mem_free(before);
		mem_free(undo);
	}
	mem_free(copy);
}

static const char ground[] =
	"system-view\nip ip-prefix p1 permit 10.0.0.0 8\nip ipv6-prefix p6 permit :: 0\n"
	"ip as-path-filter 1 permit ^1_\nip as-path-filter long-paths permit .*\n"
	"route-policy rp permit node 10\nquit\nbgp 100\ngroup ex external\n"
	"peer 10.1.1.2 as-number 200\npeer 2001:db8::3 as-number 200";
static const char vpn_ground[] =
	"quit\nip extcommunity-filter 1 permit rt 1:1\nip extcommunity-filter basic e1 permit rt 1:1\n"
	"ip vpn-instance vpna\nquit\nbgp 100\nvpn-instance vpna\ngroup ex external\n"
	"peer 10.1.1.2 as-number 200\npeer 2001:db8::3 as-number 200\nquit";

static const char vpn_lines[] =
	"route-distinguisher 100:1\nvpn-target 100:1 200:1\nvpn-target 100:1 both\n"
	"vpn-target 100:1 export-extcommunity\nimport route-policy rp\nexport route-policy rp\n"
	"apply-label per-route\nprefix limit 1000 80\nprefix limit 100 simply-alert\n"
	"routing-table limit 1000 80\nrouting-table limit 100 simply-alert\nmvpn\n"
	"mvpn join source-tree 10.1.1.1 group 225.1.1.1 route-distinguisher 2:1 source-as 65000 "
	"route-target 10.0.0.9:3\nmvpn join shared-tree 10.2.2.2 group 225.1.1.1 "
	"route-distinguisher 2:1 source-as 1.1 route-target 10.0.0.9:3\n"
	"mvpn source-active 10.1.1.1 group 225.1.1.1";

static void test_undo(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	type_each(f, ground);
	type_each(f, vpn_ground);
	for (unsigned i = 0; i < af_count; i++)
		in_views(f, af_list[i], undo_each);
	type_each(f, "quit\nip vpn-instance vpna\nipv4-family");
	undo_each(f, vpn_lines);
	fixture_free(f);
}

// VRP's short forms: without the value.
static const char *const short_forms[][2] = {
	{"peer 10.1.1.2 connect-interface lo 10.1.1.1", "undo peer 10.1.1.2 connect-interface"},
	{"peer 10.1.1.2 ebgp-max-hop 4", "undo peer 10.1.1.2 ebgp-max-hop"},
	{"peer 10.1.1.2 valid-ttl-hops 4", "undo peer 10.1.1.2 valid-ttl-hops"},
	{"peer 10.1.1.2 password cipher x", "undo peer 10.1.1.2 password"},
	{"peer 10.1.1.2 description x y", "undo peer 10.1.1.2 description"},
	{"peer 10.1.1.2 timer keepalive 1 hold 3", "undo peer 10.1.1.2 timer keepalive hold"},
	{"peer 10.1.1.2 timer connect-retry 3", "undo peer 10.1.1.2 timer connect-retry"},
	{"peer 10.1.1.2 fake-as 9", "undo peer 10.1.1.2 fake-as"},
	{"peer 10.1.1.2 check-first-as enable", "undo peer 10.1.1.2 check-first-as"},
	{"peer 10.1.1.2 route-policy rp import", "undo peer 10.1.1.2 route-policy import"},
	{"peer 10.1.1.2 as-path-filter 1 import", "undo peer 10.1.1.2 as-path-filter import"},
	{"peer 10.1.1.2 filter-policy 2000 import", "undo peer 10.1.1.2 filter-policy import"},
	{"peer 10.1.1.2 ip-prefix p1 export", "undo peer 10.1.1.2 ip-prefix export"},
	{"peer 10.1.1.2 preferred-value 9", "undo peer 10.1.1.2 preferred-value"},
	{"peer 10.1.1.2 allow-as-loop 2", "undo peer 10.1.1.2 allow-as-loop"},
	{"peer 10.1.1.2 route-limit 9", "undo peer 10.1.1.2 route-limit"},
	{"peer 10.1.1.2 public-as-only force", "undo peer 10.1.1.2 public-as-only"},
	{"peer 10.1.1.2 default-route-advertise route-policy rp",
	 "undo peer 10.1.1.2 default-route-advertise"},
	{"timer keepalive 1 hold 3", "undo timer keepalive hold"},
	{"router-id 1.1.1.1", "undo router-id"},
	{"as-path-limit 9", "undo as-path-limit"},
	{"confederation id 9", "undo confederation id"},
	{"confederation peer-as 9 10", "undo confederation peer-as"},
	{"default med 9", "undo default med"},
	{"maximum load-balancing 9", "undo maximum load-balancing"},
	{"filter-policy ip-prefix p1 import", "undo filter-policy import"},
	{"reflector cluster-id 9", "undo reflector cluster-id"},
	{"network 10.0.0.0 8 route-policy rp", "undo network 10.0.0.0"},
	{"aggregate 10.0.0.0 8 as-set", "undo aggregate 10.0.0.0 8"},
};

static void test_short_undo(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	type_each(f, ground);
	for (size_t i = 0; i < sizeof(short_forms) / sizeof(short_forms[0]); i++) {
		char *before = mem_text(fixture_candidate(f));
		type_each(f, short_forms[i][0]);
		assert_string_not_equal(before, fixture_candidate(f));
		type_each(f, short_forms[i][1]);
		assert_string_equal(before, fixture_candidate(f));
		mem_free(before);
	}
	fixture_free(f);
}

static void test_reference(void **state)
{
	struct buf want = {0}, have = {0};
	FILE *file = fopen(REFERENCE, "r");

	(void)state;
	model_reference(&want);
	assert_non_null(file);
	for (size_t n = 1; n;) {
		n = fread(buf_room(&have, 4096), 1, 4096, file);
		have.len += n;
	}
	fclose(file);
	buf_u8(&have, 0);
	have.len--;
	assert_string_equal(buf_cstr(&want), buf_cstr(&have));
	buf_free(&want);
	buf_free(&have);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help),      cmocka_unit_test(test_examples),
		cmocka_unit_test(test_undo),      cmocka_unit_test(test_short_undo),
		cmocka_unit_test(test_reference),
	};
	struct buf text = {0};

	if (argc > 1 && strcmp(argv[1], "print") == 0) {
		model_reference(&text);
		fputs(buf_cstr(&text), stdout);
		buf_free(&text);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
