// Lines and trees: order, replacing, clones that do not see each other, walks, differences against
// a plain model, candidates and their conflicts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/random.h"
#include "conf/conf.h"
#include "conf/test_rows.h"

static const struct row prefix_row = {.views = "system", .grammar = "ip ip-prefix", .order = 100};
static const struct row bgp_row = {
	.views = "system", .grammar = "bgp", .order = 300, .enters = "bgp"};
static const struct row peer_row = {.views = "bgp", .grammar = "peer", .order = 500};
static const struct row peer_first_row = {
	.views = "bgp", .grammar = "peer", .order = 500, .rank = 0};
static const struct row peer_late_row = {
	.views = "bgp", .grammar = "peer", .order = 500, .rank = 9};
static const struct row family_row = {
	.views = "bgp", .grammar = "family", .order = 900, .enters = "af", .flags = ROW_BLOCK};

static void set(struct conf_tree *t, const struct conf_path *p, struct conf_line *l)
{
	conf_set(t, p, l);
	conf_line_unref(l);
}

static struct conf_path bgp_path(const char *as)
{
	struct conf_path p = {0};
	char word[32];

	snprintf(word, sizeof(word), "~as:%s", as);
	struct conf_line *l = LINE(&bgp_row, "bgp", word);
	conf_path_enter(&p, l);
	conf_line_unref(l);
	return p;
}

static void check_print(const struct conf_tree *t, const char *expected)
{
	struct buf out = {0};

	conf_print(t, &out);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void test_line(void **state)
{
	struct conf_word words[] = {
		{"peer", NULL, false, false},      {"10.1.1.2", "address", false, false},
		{"timer", NULL, false, false},     {"hold", NULL, false, true},
		{"180", "hold-time", false, true}, {"my name", "name", true, true}};
	struct conf_line *l = conf_line_new(&peer_row, false, words, 6);
	struct buf out = {0};
	const char *values[2];

	assert_string_equal(conf_value(l, "address"), "10.1.1.2");
	assert_null(conf_value(l, "nothing"));
	assert_true(conf_has(l, "hold"));
	assert_false(conf_has(l, "10.1.1.2"));
	assert_int_equal(conf_number(l, "hold-time", 1), 180);
	assert_int_equal(conf_number(l, "keepalive-time", 60), 60);
	assert_int_equal(conf_number_after(l, "hold", 1), 180);
	assert_null(conf_after(l, "180"));
	assert_int_equal(conf_values(l, "address", values, 2), 1);
	assert_null(conf_line_word(l, 6));
	assert_true(conf_line_is_value(l, 4));
	assert_false(conf_line_is_value(l, 2));
	conf_line_text(l, &out);
	assert_string_equal(buf_cstr(&out), "peer 10.1.1.2 timer hold 180 \"my name\"");
	buf_free(&out);
	conf_line_unref(l);
}

static void test_order(void **state)
{
	struct conf_tree t;
	struct conf_path top = {0}, bgp = bgp_path("100");

	conf_tree_init(&t);
	set(&t, &bgp, LINE(&peer_late_row, "peer", "=peer:10.1.1.10", "description", "~text:x"));
	set(&t, &bgp, LINE(&peer_first_row, "peer", "=peer:10.1.1.10", "as-number", "~as:1"));
	set(&t, &bgp, LINE(&peer_first_row, "peer", "=peer:10.1.1.9", "as-number", "~as:1"));
	set(&t, &bgp, LINE(&peer_first_row, "peer", "=peer:2001:DB8::1", "as-number", "~as:1"));
	set(&t, &bgp, LINE(&peer_first_row, "peer", "=peer:group", "as-number", "~as:1"));
	set(&t, &bgp, LINE(&family_row, "family", "unicast"));
	set(&t, &top, LINE(&prefix_row, "ip", "ip-prefix", "=name:p", "index", "=index:100"));
	set(&t, &top, LINE(&prefix_row, "ip", "ip-prefix", "=name:p", "index", "=index:20"));
	set(&t, &top, LINE(&prefix_row, "ip", "ip-prefix", "=name:b", "index", "=index:30"));
	check_print(&t, "#\n"
			"ip ip-prefix b index 30\n"
			"ip ip-prefix p index 20\n"
			"ip ip-prefix p index 100\n"
			"#\n"
			"bgp 100\n"
			" peer group as-number 1\n"
			" peer 10.1.1.9 as-number 1\n"
			" peer 10.1.1.10 as-number 1\n"
			" peer 10.1.1.10 description x\n"
			" peer 2001:DB8::1 as-number 1\n"
			" #\n"
			" family unicast\n"
			"#\n"
			"return\n");
	conf_path_leave(&bgp, 0);
	conf_tree_free(&t);
}

static void test_replace_and_clone(void **state)
{
	struct conf_tree t, clone;
	struct conf_path bgp = bgp_path("100"), other = bgp_path("200"), top = {0};

	conf_tree_init(&t);
	set(&t, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:in"));
	clone = conf_tree_clone(&t);
	assert_true(conf_tree_same(&t, &clone));
	set(&clone, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:out"));
	conf_set(&clone, &top,
		 other.at[0]); // another value, the same statement: keeps what is below
	assert_false(conf_tree_equal(&t, &clone));
	check_print(&t, "#\nbgp 100\n peer 10.1.1.1 policy in\n#\nreturn\n");
	check_print(&clone, "#\nbgp 200\n peer 10.1.1.1 policy out\n#\nreturn\n");
	struct conf_line *same = LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:out");
	assert_false(conf_set(&clone, &bgp, same));
	assert_true(conf_remove(&clone, &bgp, same));
	assert_false(conf_remove(&clone, &bgp, same));
	conf_line_unref(same);
	check_print(&clone, "#\nbgp 200\n#\nreturn\n");
	conf_path_leave(&bgp, 0);
	conf_path_leave(&other, 0);
	conf_tree_free(&t);
	check_print(&clone, "#\nbgp 200\n#\nreturn\n");
	conf_tree_free(&clone);
}

static void add_index(struct conf_tree *t, const char *name, unsigned index)
{
	struct conf_path top = {0};
	char n[40], i[40];

	snprintf(n, sizeof(n), "=name:%s", name);
	snprintf(i, sizeof(i), "=index:%u", index);
	set(t, &top, LINE(&prefix_row, "ip", "ip-prefix", n, "index", i));
}

static void test_walks(void **state)
{
	struct conf_tree t;
	struct conf_iter it;
	unsigned seen = 0, last = 0;

	conf_tree_init(&t);
	for (unsigned i = 1; i <= 500; i++)
		add_index(&t, i % 5 ? "many" : "few", i * 7 % 501);
	for (const struct conf_node *n = conf_first_object(&it, t.root, 100, "few"); n;
	     n = conf_next(&it)) {
		unsigned index = (unsigned)conf_number(n->line, "index", 0);
		assert_true(index > last);
		assert_string_equal(conf_value(n->line, "name"), "few");
		last = index;
		seen++;
	}
	assert_int_equal(seen, 100);
	assert_int_equal(conf_number(conf_last_object(t.root, 100, "few")->line, "index", 0), last);
	assert_null(conf_first_object(&it, t.root, 100, "fe"));
	assert_null(conf_last_object(t.root, 100, "nobody"));
	assert_null(conf_first_order(&it, t.root, 101));
	assert_ptr_equal(conf_find_row(t.root, &prefix_row)->line->row, &prefix_row);
	assert_null(conf_find_row(t.root, &bgp_row));
	seen = 0;
	for (const struct conf_node *n = conf_first(&it, t.root); n; n = conf_next(&it))
		seen++;
	assert_int_equal(seen, t.root->children->count);
	conf_tree_free(&t);
}

// Priorities that descend with the keys make a treap that is one long chain.
static void test_deep_walk(void **state)
{
	struct conf_node chain[500] = {{0}}, root = {.children = &chain[0]};
	struct conf_iter it;
	unsigned seen = 0;

	for (unsigned i = 0; i < 500; i++) {
		char word[32];
		snprintf(word, sizeof(word), "=index:%u", 500 - i);
		chain[i].line = LINE(&prefix_row, "x", word);
		chain[i].left = i + 1 < 500 ? &chain[i + 1] : NULL;
	}
	for (const struct conf_node *n = conf_first(&it, &root); n; n = conf_next(&it))
		assert_int_equal(conf_number(n->line, "index", 0), ++seen);
	assert_int_equal(seen, 500);
	for (unsigned i = 0; i < 500; i++)
		conf_line_unref((struct conf_line *)chain[i].line);
}

static void test_diff_text(void **state)
{
	struct conf_tree a, b;
	struct conf_path bgp = bgp_path("100"), family, top = {0};
	struct conf_diff d;
	struct buf out = {0};

	conf_tree_init(&a);
	add_index(&a, "p", 10);
	set(&a, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:in"));
	set(&a, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.2", "policy", "~name:in"));
	b = conf_tree_clone(&a);
	conf_path_copy(&family, &bgp);
	struct conf_line *l = LINE(&family_row, "family", "unicast");
	conf_path_enter(&family, l);
	conf_line_unref(l);
	l = LINE(&prefix_row, "ip", "ip-prefix", "=name:p", "index", "=index:10");
	conf_remove(&b, &top, l);
	conf_line_unref(l);
	set(&b, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:out"));
	set(&b, &family, LINE(&peer_row, "peer", "=peer:10.1.1.1", "enable"));
	conf_diff(&a, &b, &d);
	assert_int_equal(d.count, 4);
	conf_diff_text(&d, &out);
	assert_string_equal(buf_cstr(&out), "- ip ip-prefix p index 10\n"
					    "  #\n"
					    "  bgp 100\n"
					    "-  peer 10.1.1.1 policy in\n"
					    "+  peer 10.1.1.1 policy out\n"
					    "+  family unicast\n"
					    "+   peer 10.1.1.1 enable\n"
					    "  #\n");
	conf_diff_free(&d);
	buf_free(&out);
	conf_path_leave(&bgp, 0);
	conf_path_leave(&family, 0);
	conf_tree_free(&a);
	conf_tree_free(&b);
}

// A random change at the top or in one of eight views.
static void change(struct random *r, struct conf_tree *t)
{
	struct conf_path p = {0};
	struct conf_line *l;
	char a[40], b[40];

	if (random_below(r, 3)) {
		snprintf(a, sizeof(a), "=view:%u", (unsigned)random_below(r, 8));
		l = LINE(&family_row, "family", a);
		conf_path_enter(&p, l);
		conf_line_unref(l);
	}
	snprintf(a, sizeof(a), "=name:%u", (unsigned)random_below(r, 40));
	snprintf(b, sizeof(b), "~value:%u", (unsigned)random_below(r, 3));
	l = LINE(&prefix_row, "ip", a, b);
	if (random_below(r, 3))
		conf_set(t, &p, l);
	else
		conf_remove(t, &p, l);
	if (p.depth && !random_below(r, 20)) {
		struct conf_path top = {0};
		conf_remove(t, &top, p.at[0]);
	}
	conf_line_unref(l);
	conf_path_leave(&p, 0);
}

// The difference, laid upon the one, is the other; and no step touches an older version.
static void test_diff_random(void **state)
{
	struct random r;

	random_seed(&r, 7);
	for (unsigned round = 0; round < 200; round++) {
		struct conf_tree a, b, c;
		struct conf_diff d;
		struct buf before = {0}, after = {0}, x = {0};
		conf_tree_init(&a);
		for (unsigned i = 0; i < 100; i++)
			change(&r, &a);
		conf_print(&a, &before);
		b = conf_tree_clone(&a);
		for (uint64_t n = random_below(&r, 30); n; n--)
			change(&r, &b);
		conf_print(&b, &after);
		conf_diff(&a, &b, &d);
		c = conf_tree_clone(&a);
		conf_diff_apply(&d, &c);
		conf_print(&c, &x);
		assert_string_equal(buf_cstr(&x), buf_cstr(&after));
		assert_true(conf_tree_equal(&b, &c));
		assert_int_equal(conf_tree_equal(&a, &b), d.count == 0);
		buf_clear(&x);
		conf_print(&a, &x);
		assert_string_equal(buf_cstr(&x), buf_cstr(&before));
		conf_diff_free(&d);
		conf_tree_free(&a);
		conf_tree_free(&b);
		conf_tree_free(&c);
		buf_free(&before);
		buf_free(&after);
		buf_free(&x);
	}
}

static void test_merge(void **state)
{
	struct conf_tree running, merged;
	struct conf_candidate c;
	struct conf_path bgp = bgp_path("100"), top = {0};
	struct buf conflict = {0};

	conf_tree_init(&running);
	set(&running, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:in"));
	conf_candidate_begin(&c, &running);
	assert_false(conf_candidate_dirty(&c));
	set(&c.tree, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:ours"));
	assert_true(conf_candidate_dirty(&c));
	// Somebody adds another statement: both stand.
	set(&running, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.2", "policy", "~name:in"));
	assert_true(conf_candidate_merge(&c, &running, &merged, &conflict));
	check_print(&merged, "#\nbgp 100\n peer 10.1.1.1 policy ours\n peer 10.1.1.2 policy in\n"
			     "#\nreturn\n");
	conf_tree_free(&merged);
	// Somebody changes the same statement to the same: no conflict; to something else: conflict.
	set(&running, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:ours"));
	assert_true(conf_candidate_merge(&c, &running, &merged, &conflict));
	conf_tree_free(&merged);
	set(&running, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:theirs"));
	assert_false(conf_candidate_merge(&c, &running, &merged, &conflict));
	assert_string_equal(buf_cstr(&conflict), "bgp 100\n peer 10.1.1.1 policy ours\n");
	buf_clear(&conflict);
	// Somebody removes the view.
	conf_remove(&running, &top, bgp.at[0]);
	assert_false(conf_candidate_merge(&c, &running, &merged, &conflict));
	buf_free(&conflict);
	conf_candidate_free(&c);
	// We remove a view to which somebody adds.
	set(&running, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:in"));
	conf_candidate_begin(&c, &running);
	conf_remove(&c.tree, &top, bgp.at[0]);
	set(&running, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.3", "policy", "~name:in"));
	assert_false(conf_candidate_merge(&c, &running, &merged, &conflict));
	assert_string_equal(buf_cstr(&conflict), "bgp 100\n peer 10.1.1.3 policy in\n");
	buf_free(&conflict);
	conf_candidate_free(&c);
	conf_path_leave(&bgp, 0);
	conf_tree_free(&running);
}

static bool is_peer_1(void *arg, const struct conf_node *n)
{
	const char *peer = conf_value(n->line, "peer");
	return peer && strcmp(peer, "10.1.1.1") == 0;
}

static void test_remove_if(void **state)
{
	struct conf_path bgp = bgp_path("100"), top = {0};
	struct conf_tree t;

	conf_tree_init(&t);
	set(&t, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "policy", "~name:in"));
	set(&t, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.1", "enable"));
	set(&t, &bgp, LINE(&peer_row, "peer", "=peer:10.1.1.2", "enable"));
	assert_int_equal(conf_remove_if(&t, &top, is_peer_1, NULL), 2);
	check_print(&t, "#\nbgp 100\n peer 10.1.1.2 enable\n#\nreturn\n");
	conf_path_leave(&bgp, 0);
	conf_tree_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_replace_and_clone),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_deep_walk),
		cmocka_unit_test(test_diff_text),
		cmocka_unit_test(test_diff_random),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_remove_if),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
