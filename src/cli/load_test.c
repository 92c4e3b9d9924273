// Whole files: all errors with their places, what the journal adds to them, and that whatever was
// typed prints, reads and prints the same, from memory and from disk.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/random.h"
#include "cli/test_world.h"

static void test_load_errors(void **state)
{
	static const char text[] = "!Software Version\n#\nsysname R1\n#\nbgp 100\n"
				   " peer 10.1.1.2 as-number 200\n"
				   " peer 10.1.1.2 as-numbr 200\n" // 7
				   " #\n"
				   " ipv4-family unicast\n"
				   "  undo synchronization\n"
				   "  peer 10.1.1.3 enable\n" // 11
				   "  peer 10.1.1.2 enable\r\n"
				   "#\n"
				   "display bgp peer\n"     // 14
				   "  network 10.0.0.0 8\n" // 15: not in the system view
				   "route-policy P permit node 99999\n" // 16
				   "return\n";
	struct conf_tree t;
	struct buf errors = {0}, out = {0};

	assert_int_equal(cli_load(g, text, sizeof(text) - 1, "x.cfg", NULL, &t, &errors), 5);
	assert_string_equal(buf_cstr(&errors),
			    "x.cfg:7:16: Error: Unrecognized command.\n"
			    "x.cfg:11:3: Error: The peer does not exist.\n"
			    "x.cfg:14:1: Error: This command is not part of a configuration.\n"
			    "x.cfg:15:3: Error: Unrecognized command.\n"
			    "x.cfg:16:28: Error: Wrong parameter.\n");
	conf_print(&t, &out);
	assert_string_equal(buf_cstr(&out),
			    "#\nsysname R1\n#\nbgp 100\n peer 10.1.1.2 as-number 200\n #\n"
			    " ipv4-family unicast\n  peer 10.1.1.2 enable\n#\nreturn\n");
	buf_free(&errors);
	buf_free(&out);
	conf_tree_free(&t);
	// Zero bytes, and no line end at the end.
	assert_int_equal(cli_load(g, "sysname a\0b\nbgp 1", 17, "y", NULL, &t, &errors), 1);
	assert_non_null(strstr(buf_cstr(&errors), "control characters"));
	assert_non_null(t.root->children);
	buf_free(&errors);
	conf_tree_free(&t);
}

static void test_load_changes(void **state)
{
	static const char text[] = "#\nsysname R1\n#\nbgp 100\n peer 10.1.1.2 as-number 200\n"
				   " peer 10.1.1.3 as-number 300\n#\nreturn\n"
				   "!afresh commit 2 size 1 hash 0\n"
				   "+ sysname R2\n"
				   "  bgp 100\n"
				   "+  undo peer 10.1.1.2 capability-advertise route-refresh\n"
				   "-  peer 10.1.1.3 as-number 300\n"
				   "+  ipv4-family unicast\n"
				   "+   peer 10.1.1.2 enable\n"
				   "  #\n"
				   "!afresh commit 3 size 1 hash 0\n"
				   "+ ip ip-prefix P index 10 permit 10.0.0.0 8\n"
				   "  bgp 100\n"
				   "   ipv4-family unicast\n"
				   "+   network 10.0.0.0 255.0.0.0\n"
				   "  #\n";
	struct conf_tree t;
	struct buf errors = {0}, out = {0};

	assert_int_equal(cli_load(g, text, sizeof(text) - 1, "x", NULL, &t, &errors), 0);
	conf_print(&t, &out);
	assert_string_equal(
		buf_cstr(&out),
		"#\nsysname R2\n#\nip ip-prefix P index 10 permit 10.0.0.0 8\n#\nbgp 100\n"
		" peer 10.1.1.2 as-number 200\n"
		" undo peer 10.1.1.2 capability-advertise route-refresh\n #\n"
		" ipv4-family unicast\n  network 10.0.0.0 255.0.0.0\n"
		"  peer 10.1.1.2 enable\n#\nreturn\n");
	conf_tree_free(&t);
	buf_free(&out);
	static const char bad[] = "\n!afresh commit 1 x\n+\nx\n+  peer\n";
	assert_int_equal(cli_load(g, bad, sizeof(bad) - 1, "x", NULL, &t, &errors), 3);
	conf_tree_free(&t);
	buf_free(&errors);
}

// A view whose own line gets another value keeps what is inside it.
static void test_load_replaced_view(void **state)
{
	static const char text[] =
		"bgp 100\n peer 10.1.1.2 as-number 200\n peer 10.1.1.3 as-number 300\n#\n";
	static const char change[] = "- bgp 100\n+ bgp 200\n-  peer 10.1.1.3 as-number 300\n  #\n";
	struct buf changes = {0}, errors = {0}, out = {0};
	struct conf_tree t;

	assert_int_equal(cli_load(g, text, sizeof(text) - 1, "x", NULL, &t, &errors), 0);
	buf_text(&changes, change);
	assert_int_equal(cli_load_changes(g, &changes, "y", &t, &errors), 0);
	conf_print(&t, &out);
	assert_string_equal(buf_cstr(&out),
			    "#\nbgp 200\n peer 10.1.1.2 as-number 200\n#\nreturn\n");
	// Taken out without another in its place, it is gone with all of it; also at the end.
	buf_clear(&changes);
	buf_text(&changes, "- bgp 200\n-  peer 10.1.1.2 as-number 200\n+ sysname x\n- sysname x");
	assert_int_equal(cli_load_changes(g, &changes, "y", &t, &errors), 0);
	assert_ptr_equal(t.root->children, NULL);
	// Merged: as if typed there.
	buf_clear(&changes);
	buf_text(&changes, "#\nbgp 300\n peer 10.1.1.9 as-number 9\n#\nreturn\n");
	assert_int_equal(cli_load_merge(g, &changes, "y", NULL, &t, &errors), 0);
	buf_clear(&out);
	conf_print(&t, &out);
	assert_string_equal(buf_cstr(&out), "#\nbgp 300\n peer 10.1.1.9 as-number 9\n#\nreturn\n");
	conf_tree_free(&t);
	buf_free(&changes);
	buf_free(&errors);
	buf_free(&out);
}

// What a start reads from the directory is what runs.
static void check_restart(const char *dir, const struct conf_tree *expected)
{
	struct conf_store *s = conf_store_open(dir, NULL);
	struct buf text = {0}, errors = {0};
	struct conf_tree t;
	const char *name;

	assert_true(conf_store_startup(s, &text, &name, &errors));
	assert_int_equal(cli_load(g, buf_cstr(&text), text.len, name, NULL, &t, &errors), 0);
	assert_true(conf_tree_equal(&t, expected));
	conf_tree_free(&t);
	buf_free(&text);
	conf_store_free(s);
}

static const char *const pieces[] = {"sysname R%u",
				     "ip ip-prefix P%u index %u permit 10.%u.0.0 16 less-equal 24",
				     "ip ip-prefix \"a list\" index %u deny 0.0.0.0 0",
				     "ip vpn-instance vpn%u",
				     "bgp 100",
				     "peer 10.1.1.%u as-number %u",
				     "peer 10.1.1.%u description text %u; \"quoted\" | count",
				     "peer 10.1.1.%u description semi;colon",
				     "peer 2001:db8::%u as-number 5.%u",
				     "peer \"group %u\" as-number 7",
				     "undo peer 10.1.1.%u capability-advertise route-refresh",
				     "peer 10.1.1.%u timer keepalive %u hold 180",
				     "ipv4-family unicast",
				     "ipv6-family unicast",
				     "peer 10.1.1.%u enable",
				     "peer 10.1.1.%u route-policy P%u import",
				     "network 10.%u.0.0 16",
				     "network 2001:DB8:%u:: 48",
				     "aggregate 10.%u.0.0 16 attribute-policy A as-set",
				     "route-policy P%u permit node %u",
				     "if-match cost %u",
				     "apply community 100:%u no-export %u additive",
				     "description what # ever ! %u",
				     "undo ip ip-prefix P%u",
				     "undo peer 10.1.1.%u"};

static void random_line(struct random *r, struct buf *line)
{
	const char *piece = pieces[random_below(r, sizeof(pieces) / sizeof(pieces[0]))];

	buf_clear(line);
	for (const char *p = piece; *p; p++) {
		if (*p == '%')
			buf_format(line, "%u", random_below(r, 9) + 1);
		else if (p == piece || p[-1] != '%')
			buf_put(line, p, 1);
	}
}

// A state directory through a random history of commits.
static void test_history_on_disk(void **state)
{
	char dir[] = "/tmp/cli_session_test.XXXXXX", path[80];
	struct buf line = {0}, errors = {0};
	struct conf_tree empty;
	struct random r;
	struct world w;
	struct terminal t;
	const char *name;

	random_seed(&r, 3);
	assert_non_null(mkdtemp(dir));
	world_init(&w);
	conf_store_free(w.store);
	w.store = w.cli->setup.store = conf_store_open(dir, NULL);
	assert_true(conf_store_startup(w.store, &line, &name, &errors));
	conf_tree_init(&empty);
	conf_store_start(w.store, &empty);
	conf_tree_free(&empty);
	terminal_open(&t, &w, true);
	type(&t, "system-view");
	for (unsigned i = 0; i < 40; i++) {
		for (uint32_t n = random_below(&r, 20); n; n--) {
			random_line(&r, &line);
			cli_session_line(t.session, buf_cstr(&line));
		}
		type_all(&t, "return\nsystem-view"); // commits
		check_restart(dir, conf_store_running(w.store));
	}
	terminal_close(&t);
	world_free(&w);
	buf_free(&line);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const names[] = {"running.cfg", "commits.journal",
						    "history.journal"};
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

// Whatever was typed: its printed form, read again, prints the same.
static void test_print_parse_print(void **state)
{
	struct random r;

	random_seed(&r, 11);
	for (unsigned round = 0; round < 60; round++) {
		struct buf line = {0}, first = {0}, second = {0}, errors = {0};
		struct conf_tree t;
		struct world w;
		struct terminal terminal;
		world_init(&w);
		terminal_open(&terminal, &w, true);
		type(&terminal, "system-view");
		for (unsigned i = 0; i < 150; i++) {
			random_line(&r, &line);
			cli_session_line(terminal.session, buf_cstr(&line));
		}
		conf_print(&cli_session_candidate(terminal.session)->tree, &first);
		unsigned n = cli_load(g, (char *)first.data, first.len, "z", NULL, &t, &errors);
		assert_string_equal(buf_cstr(&errors), "");
		assert_int_equal(n, 0);
		conf_print(&t, &second);
		assert_string_equal(buf_cstr(&first), buf_cstr(&second));
		assert_true(conf_tree_equal(&t, &cli_session_candidate(terminal.session)->tree));
		conf_tree_free(&t);
		terminal_close(&terminal);
		world_free(&w);
		buf_free(&line);
		buf_free(&first);
		buf_free(&second);
	}
}

static void test_large_file(void **state)
{
	struct buf text = {0}, errors = {0}, out = {0};
	struct conf_tree t;

	for (unsigned i = 0; i < 20000; i++)
		buf_format(&text, "ip ip-prefix P index %u permit 10.%u.%u.0 24\n", i + 1,
			   i >> 8 & 255, i & 255);
	assert_int_equal(cli_load(g, (char *)text.data, text.len, "big", NULL, &t, &errors), 0);
	conf_print(&t, &out);
	assert_int_equal(out.len, text.len + 2 + 9);
	conf_tree_free(&t);
	buf_free(&text);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_errors),        cmocka_unit_test(test_load_changes),
		cmocka_unit_test(test_load_replaced_view), cmocka_unit_test(test_history_on_disk),
		cmocka_unit_test(test_print_parse_print),  cmocka_unit_test(test_large_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
