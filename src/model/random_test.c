// Random configurations, right and wrong, out of the examples: words exchanged, left out and
// inserted. Whatever comes of them, printing and reading it again gives the same text and the same
// compiled configuration, and nothing breaks. The seed is printed; `model_random_test SEED CASES`
// runs others.
#include "model/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/vec.h"
#include "model/examples.h"

struct source {
	struct vec lines, words; // texts, owned
	struct random random;
	struct buf text;
};

static unsigned pick(struct source *p, size_t n)
{
	return random_below(&p->random, (uint32_t)n);
}

static void add_lines(struct source *p, const char *text)
{
	char *copy = mem_text(text), *save = NULL, *inner;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *words = mem_text(l);
		vec_add(&p->lines, mem_text(l));
		for (char *w = strtok_r(words, " ", &inner); w; w = strtok_r(NULL, " ", &inner))
			vec_add(&p->words, mem_text(w));
		mem_free(words);
	}
	mem_free(copy);
}

static void source_fill(struct source *p)
{
	for (unsigned i = 0; i < example_count; i++)
		add_lines(p, examples[i]);
	for (unsigned i = 0; i < family_example_count; i++)
		add_lines(p, family_examples[i].lines);
	add_lines(p, "default ipv4-unicast\nundo default ipv4-unicast");
}

static void source_free(struct source *p)
{
	for (size_t i = 0; i < p->lines.count; i++)
		mem_free(p->lines.item[i]);
	for (size_t i = 0; i < p->words.count; i++)
		mem_free(p->words.item[i]);
	vec_free(&p->lines);
	vec_free(&p->words);
	buf_free(&p->text);
}

// A line of the examples, now and then with a word changed.
static void put_line(struct source *p)
{
	char *line = mem_text(p->lines.item[pick(p, p->lines.count)]), *save = NULL;
	unsigned words = 1, kind = pick(p, 8), at, i = 0;

	for (const char *c = line; *c; c++)
		words += *c == ' ';
	at = pick(p, words);
	if (kind == 3 && strncmp(line, "undo ", 5) != 0)
		buf_text(&p->text, "undo ");
	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save), i++) {
		const char *other = p->words.item[pick(p, p->words.count)];
		if (i == at && kind == 0)
			w = (char *)other;
		if (i == at && kind == 1)
			continue;
		if (i == at && kind == 2)
			buf_format(&p->text, "%s ", other);
		buf_format(&p->text, "%s ", w);
	}
	buf_text(&p->text, "\n");
	mem_free(line);
}

static void put_view(struct source *p, const struct af *af)
{
	if (af->props & AF_INSTANCE && pick(p, 2))
		buf_format(&p->text, "bgp 100\n%s vpna\n", af->instance_view);
	else
		buf_format(&p->text, "bgp 100\n%s\n", af->view);
}

static void put_configuration(struct source *p)
{
	static const char *const views[] = {"bgp 100\n", "route-policy rp permit node 10\n",
					    "acl 2000\n", "ip vpn-instance vpna\nipv4-family\n",
					    "bgp 100\nvpn-instance vpna\n"};
	unsigned lines = 20 + pick(p, 150);

	buf_clear(&p->text);
	buf_text(
		&p->text,
		"ip vpn-instance vpna\nbgp 100\nvpn-instance vpna\n"
		"peer 10.1.1.2 as-number 200\nbgp 100\ngroup in\ngroup ex external\npeer ex as-number 200\n"
		"peer 10.1.1.2 as-number 200\npeer 2001:db8::3 as-number 100\n");
	while (lines--) {
		if (pick(p, 6) == 0)
			buf_text(&p->text, views[pick(p, 5)]);
		if (pick(p, 6) == 0)
			put_view(p, af_list[pick(p, af_count)]);
		put_line(p);
	}
}

static void load(struct fixture *f, const char *text, struct conf_tree *ret, struct buf *printed)
{
	struct buf errors = {0};

	cli_load(f->grammar, text, strlen(text), "text", f, ret, &errors);
	conf_print(ret, printed);
	buf_free(&errors);
}

// The first line in which the texts differ, with what was typed to come to it.
static void compare(const struct source *p, const struct buf *once, const struct buf *twice)
{
	const char *a = buf_cstr(once), *b = buf_cstr(twice);
	size_t line = 0, i;

	for (i = 0; a[i] && a[i] == b[i]; i++) {
		if (a[i] == '\n')
			line = i + 1;
	}
	if (a[i] != b[i])
		fail_msg("typed:\n%s\nprinted: %.*s\nread again: %.*s", buf_cstr(&p->text),
			 (int)strcspn(a + line, "\n"), a + line, (int)strcspn(b + line, "\n"),
			 b + line);
}

static bool same_instances(const struct speaker_config *a, const struct speaker_config *b)
{
	if (a->instance_count != b->instance_count || a->constrain != b->constrain)
		return false;
	for (unsigned i = 0; i < a->instance_count; i++) {
		const struct instance_config *x = &a->instances[i], *y = &b->instances[i];
		if (x->number != y->number || x->families != y->families ||
		    x->router_id != y->router_id)
			return false;
		for (unsigned k = 0; k < af_count; k++) {
			if (x->family[k].network_count != y->family[k].network_count ||
			    x->family[k].constrained != y->family[k].constrained ||
			    !vpn_link_import_equal(&x->link[k], &y->link[k]) ||
			    !vpn_link_export_equal(&x->link[k], &y->link[k]))
				return false;
		}
	}
	return true;
}

// What the peers and families would be given.
static bool same(const struct speaker_config *a, const struct speaker_config *b)
{
	if (!a || !b)
		return !a && !b;
	if (a->peer_count != b->peer_count || a->group_count != b->group_count ||
	    a->policy != b->policy || !same_instances(a, b))
		return false;
	for (unsigned i = 0; i < a->peer_count; i++) {
		const struct peer_config *x = &a->peers[i], *y = &b->peers[i];
		if (!sess_config_equal(&x->session, &y->session))
			return false;
		for (unsigned k = 0; k < af_count; k++) {
			if (x->family[k].enabled != y->family[k].enabled ||
			    !rib_import_equal(&x->family[k].import, &y->family[k].import) ||
			    !rib_export_equal(&x->family[k].export, &y->family[k].export))
				return false;
		}
	}
	return true;
}

// A difference as text leads there, and turned round back again, whatever the two are.
static void check_difference(struct fixture *f, const struct conf_tree *a,
			     const struct conf_tree *b)
{
	struct buf text = {0}, errors = {0};
	struct conf_diff d, read;
	struct conf_tree t = conf_tree_clone(a);

	conf_diff(a, b, &d);
	conf_diff_text(&d, &text);
	assert_int_equal(cli_load_difference(f->grammar, &text, "x", &read, &errors), 0);
	assert_int_equal(read.count, d.count);
	conf_diff_apply(&read, &t);
	assert_true(conf_tree_equal(&t, b));
	conf_diff_turn(&read);
	conf_diff_apply(&read, &t);
	assert_true(conf_tree_equal(&t, a));
	assert_int_equal(cli_load_changes(f->grammar, &text, "x", &t, &errors), 0);
	assert_true(conf_tree_equal(&t, b));
	conf_diff_free(&d);
	conf_diff_free(&read);
	conf_tree_free(&t);
	buf_free(&text);
	buf_free(&errors);
}

static struct conf_tree last; // file-scope: the case before

// Returns whether it holds together as a configuration.
static bool check_case(struct fixture *f, struct source *p)
{
	struct conf_tree first, second;
	struct buf once = {0}, twice = {0}, errors = {0};

	put_configuration(p);
	load(f, buf_cstr(&p->text), &first, &once);
	load(f, buf_cstr(&once), &second, &twice);
	compare(p, &once, &twice);
	assert_true(conf_tree_equal(&first, &second));
	struct speaker_config *a = model_compile(f->host.model, &first, 1, &errors);
	struct speaker_config *b = model_compile(f->host.model, &second, 1, &errors);
	assert_true(same(a, b));
	bool good = a != NULL;
	if (last.root) {
		check_difference(f, &last, &first);
		conf_tree_free(&last);
	}
	last = conf_tree_clone(&first);
	speaker_config_unref(a);
	speaker_config_unref(b);
	conf_tree_free(&first);
	conf_tree_free(&second);
	buf_free(&once);
	buf_free(&twice);
	buf_free(&errors);
	return good;
}

static uint64_t seed = 1;
static unsigned cases = 150;

static void test_random(void **state)
{
	struct fixture *f = fixture_new();
	struct source p = {0};
	unsigned good = 0;

	(void)state;
	random_seed(&p.random, seed);
	source_fill(&p);
	for (unsigned i = 0; i < cases; i++)
		good += check_case(f, &p);
	print_message("seed %llu: %u of %u configurations hold together\n",
		      (unsigned long long)seed, good, cases);
	conf_tree_free(&last);
	source_free(&p);
	fixture_free(f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		cases = (unsigned)strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
