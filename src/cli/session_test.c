// Sessions, as transcripts: what an operator types and what comes back, prompts and echo included,
// so that carets can be seen to stand where they should. Then two sessions at once, long commands,
// help and completion.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/test_world.h"

static void test_moving(void **state)
{
	struct world w;
	struct terminal t;

	world_init(&w);
	terminal_open(&t, &w, false);
	assert_int_equal(t.page, 24);
	type_all(&t, "system-view\nbgp 100\npeer 10.1.1.2 as-number 200\nipv6-family unicast\n"
		     "ipv4-family\npeer 10.1.1.2 enable\nrouter\nquit\n# comment\n! too\n"
		     "ip vpn-instance vpna\nquit\nquit\nc\nquit\nno\n");
	check(&t, "<HUAWEI>system-view\n"
		  "Enter system view, return user view with return command.\n"
		  "[~HUAWEI]bgp 100\n"
		  "[*HUAWEI-bgp]peer 10.1.1.2 as-number 200\n"
		  "[*HUAWEI-bgp]ipv6-family unicast\n"
		  "[*HUAWEI-bgp-af-ipv6]ipv4-family\n"
		  "[*HUAWEI-bgp-af-ipv4]peer 10.1.1.2 enable\n"
		  "[*HUAWEI-bgp-af-ipv4]router\n"
		  "                     ^\n"
		  "Error: Unrecognized command found at '^' position.\n"
		  "[*HUAWEI-bgp-af-ipv4]quit\n"
		  "[*HUAWEI-bgp]# comment\n"
		  "[*HUAWEI-bgp]! too\n"
		  "[*HUAWEI-bgp]ip vpn-instance vpna\n"
		  "[*HUAWEI-vpn-instance-vpna]quit\n"
		  "[*HUAWEI]quit\n"
		  "Warning: Uncommitted configurations found, commit them before exiting? "
		  "[Y(yes)/N(no)/C(cancel)]:c\n"
		  "[*HUAWEI]quit\n"
		  "Warning: Uncommitted configurations found, commit them before exiting? "
		  "[Y(yes)/N(no)/C(cancel)]:no\n"
		  "<HUAWEI>");
	type(&t, "quit");
	assert_true(t.closed);
	terminal_close(&t);
	world_free(&w);
}

static void test_carets(void **state)
{
	struct world w;
	struct terminal t;

	world_init(&w);
	terminal_open(&t, &w, false);
	type(&t, "system-view");
	buf_clear(&t.out);
	buf_text(&t.out, "[~HUAWEI]");
	type_all(&t, "bgpp 100\nbgp\nbgp 100 1\nbgp x\ndisplay bgp peer 10.0.0.300\n");
	check(&t, "[~HUAWEI]bgpp 100\n"
		  "         ^\n"
		  "Error: Unrecognized command found at '^' position.\n"
		  "[~HUAWEI]bgp\n"
		  "            ^\n"
		  "Error: Incomplete command found at '^' position.\n"
		  "[~HUAWEI]bgp 100 1\n"
		  "                 ^\n"
		  "Error:Too many parameters found at '^' position.\n"
		  "[~HUAWEI]bgp x\n"
		  "             ^\n"
		  "Error: Wrong parameter found at '^' position.\n"
		  "[~HUAWEI]display bgp peer 10.0.0.300\n"
		  "                          ^\n"
		  "Error: Wrong parameter found at '^' position.\n"
		  "[~HUAWEI]");
	assert_int_equal(t.status, 1);
	terminal_close(&t);
	// A script gets the line and a caret below it.
	terminal_open(&t, &w, true);
	buf_clear(&t.out);
	cli_session_line(t.session, "refresh bgp all both");
	check(&t, "refresh bgp all both\n                ^\n"
		  "Error: Unrecognized command found at '^' position.\n<HUAWEI>");
	cli_session_line(t.session, "display secrets");
	assert_non_null(strstr(buf_cstr(&t.out), "Error: No permission to run the command.\n"));
	terminal_close(&t);
	world_free(&w);
}

static void test_commit_and_display(void **state)
{
	struct world w;
	struct terminal t;

	world_init(&w);
	terminal_open(&t, &w, true);
	type_all(&t, "system-view\nsysname R1\nbgp 100\npeer 10.1.1.2 as-number 200\n"
		     "network 10.1.0.0 16\npeer 10.1.1.2 enable\nquit");
	buf_clear(&t.out);
	type_all(&t, "display configuration candidate changes");
	check(&t, "display configuration candidate changes\n"
		  "+ sysname R1\n"
		  "+ bgp 100\n"
		  "+  peer 10.1.1.2 as-number 200\n"
		  "+  ipv4-family unicast\n"
		  "+   network 10.1.0.0 255.255.0.0\n"
		  "+   peer 10.1.1.2 enable\n"
		  "  #\n"
		  "[*HUAWEI]");
	type(&t, "return"); // in a script the question is answered with yes
	check(&t, "return\n<R1>");
	type_all(&t, "display current-configuration");
	check(&t, "display current-configuration\n"
		  "#\n"
		  "sysname R1\n"
		  "#\n"
		  "bgp 100\n"
		  " peer 10.1.1.2 as-number 200\n"
		  " #\n"
		  " ipv4-family unicast\n"
		  "  network 10.1.0.0 255.255.0.0\n"
		  "  peer 10.1.1.2 enable\n"
		  "#\n"
		  "return\n"
		  "<R1>");
	type_all(&t, "display current-configuration configuration bgp | include peer");
	check(&t, "display current-configuration configuration bgp | include peer\n"
		  " peer 10.1.1.2 as-number 200\n  peer 10.1.1.2 enable\n<R1>");
	type_all(&t, "sys\nbgp 100\nipv4-family unicast");
	buf_clear(&t.out);
	type(&t, "display this");
	check(&t, "display this\n#\n ipv4-family unicast\n  network 10.1.0.0 255.255.0.0\n"
		  "  peer 10.1.1.2 enable\n#\nreturn\n[~R1-bgp-af-ipv4]");
	type_all(&t, "undo network 10.1.0.0\nclear configuration candidate");
	check(&t, "undo network 10.1.0.0\n[*R1-bgp-af-ipv4]clear configuration candidate\n[~R1]");
	terminal_close(&t);
	world_free(&w);
}

static void test_statements(void **state)
{
	struct world w;
	struct terminal t;

	world_init(&w);
	terminal_open(&t, &w, true);
	type_all(&t,
		 "system-view\nip ip-prefix P permit 10.0.0.0 8\nip ip-prefix P deny 0.0.0.0 0\n"
		 "ip ip-prefix P index 15 permit 11.0.0.0 8\nip ip-prefix Q permit 1.0.0.0 8\n"
		 "bgp 100\npeer 10.1.1.2 as-number 200\npeer 10.1.1.2 as-number 300\n"
		 "peer 10.1.1.2 timer keepalive 10 hold 30\n"
		 "undo peer 10.1.1.2 capability-advertise route-refresh\n"
		 "peer 10.1.1.2 route-policy in import\npeer 10.1.1.2 route-policy out export\n"
		 "undo synchronization");
	buf_clear(&t.out);
	type(&t, "peer 10.1.1.9 enable");
	assert_string_equal(buf_cstr(&t.out),
			    "peer 10.1.1.9 enable\nError: The peer does not exist.\n[*HUAWEI-bgp]");
	type(&t, "undo peer 10.1.1.2 route-policy other import");
	assert_non_null(strstr(buf_cstr(&t.out), "does not exist"));
	buf_clear(&t.out);
	type(&t, "display configuration candidate");
	check(&t, "display configuration candidate\n"
		  "#\n"
		  "ip ip-prefix P index 10 permit 10.0.0.0 8\n"
		  "ip ip-prefix P index 15 permit 11.0.0.0 8\n"
		  "ip ip-prefix P index 20 deny 0.0.0.0 0\n"
		  "ip ip-prefix Q index 10 permit 1.0.0.0 8\n"
		  "#\n"
		  "bgp 100\n"
		  " peer 10.1.1.2 as-number 300\n"
		  " peer 10.1.1.2 timer keepalive 10 hold 30\n"
		  " undo peer 10.1.1.2 capability-advertise route-refresh\n"
		  " #\n"
		  " ipv4-family unicast\n"
		  "  peer 10.1.1.2 route-policy out export\n"
		  "  peer 10.1.1.2 route-policy in import\n"
		  "#\n"
		  "return\n"
		  "[*HUAWEI-bgp]");
	type_all(&t, "peer 10.1.1.2 timer keepalive 60 hold 180\n" // the default: not stored
		     "peer 10.1.1.2 capability-advertise route-refresh\n"
		     "undo peer 10.1.1.2 route-policy import\nundo ip ip-prefix P");
	buf_clear(&t.out);
	type(&t, "display configuration candidate | exclude #");
	check(&t, "display configuration candidate | exclude #\n"
		  "ip ip-prefix Q index 10 permit 1.0.0.0 8\n"
		  "bgp 100\n"
		  " peer 10.1.1.2 as-number 300\n"
		  " ipv4-family unicast\n"
		  "  peer 10.1.1.2 route-policy out export\n"
		  "return\n"
		  "[*HUAWEI]");
	type_all(&t, "bgp 100\nundo peer 10.1.1.2");
	buf_clear(&t.out);
	type(&t, "display configuration candidate | count");
	check(&t, "display configuration candidate | count\nTotal lines: 8.\n[*HUAWEI-bgp]");
	terminal_close(&t);
	world_free(&w);
}

static void test_questions(void **state)
{
	struct world w;
	struct terminal t;

	world_init(&w);
	terminal_open(&t, &w, false);
	type_all(&t, "system-view\nbgp 100\npeer 10.1.1.2 as-number 200\npeer 10.1.1.2 enable");
	buf_clear(&t.out);
	type_all(&t, "undo peer 10.1.1.2 enable\nperhaps\nn");
	check(&t, "undo peer 10.1.1.2 enable\n"
		  "Warning: This operation will reset the peer session. Continue? [Y/N]:perhaps\n"
		  "Error: Please choose 'YES' or 'NO' first before pressing 'Enter'. [Y/N]:n\n"
		  "[*HUAWEI-bgp]");
	type_all(&t, "undo peer 10.1.1.2");
	cli_session_interrupt(t.session); // leaves the question
	type_all(&t, "display configuration candidate | count");
	assert_non_null(strstr(buf_cstr(&t.out), "Total lines: 8."));
	type_all(&t, "undo peer 10.1.1.2\nY");
	buf_clear(&t.out);
	type_all(&t, "display configuration candidate | count");
	check(&t, "display configuration candidate | count\nTotal lines: 6.\n[*HUAWEI-bgp]");
	type_all(&t, "mmi-mode enable\npeer 10.1.1.3 as-number 1\nundo peer 10.1.1.3");
	assert_null(strstr(buf_cstr(&t.out), "Warning"));
	assert_int_equal(t.page, 0);
	type(&t, "undo peer 10.1.1.4"); // a session may end with a question open
	type(&t, "undo mmi-mode enable");
	type(&t, "undo peer 10.1.1.4");
	terminal_close(&t);
	world_free(&w);
}

static void test_two_terminals(void **state)
{
	struct world w;
	struct terminal a, b;

	world_init(&w);
	terminal_open(&a, &w, true);
	terminal_open(&b, &w, true);
	type_all(&a, "system-view\nbgp 100\npeer 10.1.1.2 as-number 200");
	type_all(&b, "system-view\nsysname R2");
	type(&a, "return");
	type(&b, "return");
	assert_int_equal(a.status | b.status, 0);
	type_all(&a, "system-view\nbgp 100\npeer 10.1.1.2 as-number 300");
	type_all(&b, "system-view\nbgp 100\npeer 10.1.1.2 as-number 400");
	type(&a, "return");
	assert_int_equal(a.status, 0);
	buf_clear(&b.out);
	type(&b, "return");
	check(&b, "return\n"
		  "bgp 100\n"
		  " peer 10.1.1.2 as-number 400\n"
		  "Error: Commit canceled, the configuration conflicted with other user.\n"
		  "[*R2-bgp]");
	type_all(&b, "refresh configuration candidate");
	assert_int_equal(b.status, 1);
	type_all(&b, "peer 10.1.1.2 as-number 300\nrefresh configuration candidate\nreturn");
	assert_int_equal(b.status, 0);
	// A candidate without changes follows what runs.
	type_all(&b, "system-view");
	type_all(&a, "system-view\nsysname R3\nreturn");
	buf_clear(&b.out);
	type(&b, "display configuration candidate | include sysname");
	check(&b, "display configuration candidate | include sysname\nsysname R3\n[~R3]");
	terminal_close(&a);
	terminal_close(&b);
	world_free(&w);
}

static void test_immediate(void **state)
{
	struct world w;
	struct terminal t;

	world_init(&w);
	terminal_open(&t, &w, false);
	type_all(&t, "system-view immediately\nsysname R9\nbgp 100\nreturn");
	check(&t, "<HUAWEI>system-view immediately\n"
		  "Enter system view, return user view with return command.\n"
		  "[HUAWEI]sysname R9\n"
		  "[R9]bgp 100\n"
		  "[R9-bgp]return\n"
		  "<R9>");
	terminal_close(&t);
	world_free(&w);
}

static void test_terminal_words(void **state)
{
	struct world w;
	struct terminal t;

	world_init(&w);
	terminal_open(&t, &w, false);
	type_all(&t, "screen-length 0 temporary\nundo terminal monitor\nundo terminal logging\n"
		     "terminal echo-mode line\ntimestamp disable\nhistory-command max-size 2\n"
		     "display numbers 3 | no-more\ndisplay history-command");
	assert_int_equal(t.page, 0);
	assert_int_equal(t.status, 0);
	assert_null(strstr(buf_cstr(&t.out), "Error"));
	assert_non_null(strstr(buf_cstr(&t.out),
			       "Info: The configuration takes effect on the current "
			       "user terminal interface only.\n"));
	assert_non_null(strstr(buf_cstr(&t.out), "display history-command\n"
						 "  display numbers 3 | no-more\n"
						 "  display history-command\n<HUAWEI>"));
	type_all(&t, "sys\nrun refresh bgp all import");
	assert_non_null(strstr(buf_cstr(&t.out), "\nrefresh bgp all import\n[~HUAWEI]"));
	type(&t, "run quit");
	assert_int_equal(t.status, 1);
	terminal_close(&t);
	world_free(&w);
}

static void test_filters(void **state)
{
	struct world w;
	struct terminal t;

	world_init(&w);
	terminal_open(&t, &w, true);
	buf_clear(&t.out);
	type(&t, "display numbers 12 | begin 10 | exclude 11 | count");
	type(&t, "display numbers 30 | inc \"line [23]$\"");
	type(&t, "display numbers 3 | include (");
	type(&t, "display numbers 3 | wrong");
	check(&t, "display numbers 12 | begin 10 | exclude 11 | count\nTotal lines: 2.\n"
		  "<HUAWEI>display numbers 30 | inc \"line [23]$\"\nline 2\nline 3\n"
		  "<HUAWEI>display numbers 3 | include (\n"
		  "display numbers 3 | include (\n"
		  "                            ^\n"
		  "Error: Wrong parameter found at '^' position.\n"
		  "<HUAWEI>display numbers 3 | wrong\n"
		  "display numbers 3 | wrong\n"
		  "                  ^\n"
		  "Error:Too many parameters found at '^' position.\n"
		  "<HUAWEI>");
	// In a description a bar is a bar.
	type_all(&t, "system-view\nbgp 1\npeer 1.1.1.1 description a | include b");
	buf_clear(&t.out);
	type(&t, "display configuration candidate | include desc");
	check(&t, "display configuration candidate | include desc\n"
		  " peer 1.1.1.1 description a | include b\n[*HUAWEI-bgp]");
	terminal_close(&t);
	world_free(&w);
}

static void test_help(void **state)
{
	struct world w;
	struct terminal t;
	struct buf out = {0};
	size_t begin;

	world_init(&w);
	terminal_open(&t, &w, false);
	cli_session_help(t.session, "", &out);
	assert_memory_equal(buf_cstr(&out), "User view commands:\n", 20);
	assert_non_null(strstr(buf_cstr(&out), "\n  display          Display information\n"));
	assert_null(strstr(buf_cstr(&out), "mmi-mode"));
	buf_clear(&out);
	cli_session_help(t.session, "refresh bgp ", &out);
	assert_string_equal(buf_cstr(&out), "  all       All\n"
					    "  external\n"
					    "  group\n"
					    "  internal\n"
					    "  X.X.X.X   IPv4 address\n");
	buf_clear(&out);
	cli_session_help(t.session, "refresh bgp all i", &out);
	assert_string_equal(buf_cstr(&out), "  import  Routes received\n");
	buf_clear(&out);
	cli_session_help(t.session, "refresh bgp group ", &out);
	assert_string_equal(buf_cstr(&out), "  STRING<1-47>  Name of a peer group\n");
	buf_clear(&out);
	cli_session_help(t.session, "display bgp peer 1.1.1.1 verbose ", &out);
	assert_string_equal(buf_cstr(&out), "  <cr>\n");
	buf_clear(&out);
	cli_session_help(t.session, "display bgp peer | ", &out);
	assert_non_null(strstr(buf_cstr(&out), "  include  Lines that match\n"));
	buf_clear(&out);
	cli_session_help(t.session, "display no", &out);
	assert_string_equal(buf_cstr(&out), "                ^\n"
					    "Error: Unrecognized command found at '^' position.\n");
	buf_clear(&out);
	cli_session_complete(t.session, "dis b", &out, &begin);
	assert_string_equal(buf_cstr(&out), "bgp\n");
	assert_int_equal(begin, 4);
	buf_clear(&out);
	cli_session_complete(t.session, "re", &out, &begin);
	assert_string_equal(buf_cstr(&out), "refresh\nreturn\n");
	buf_clear(&out);
	type_all(&t, "system-view\nbgp 1\nipv6-family unicast");
	cli_session_complete(t.session, "undo peer 1.1.1.1 ro", &out, &begin);
	assert_string_equal(buf_cstr(&out), "route-policy\n");
	buf_clear(&out);
	cli_session_complete(t.session, "ipv4", &out, &begin); // of the view above
	assert_string_equal(buf_cstr(&out), "ipv4-family\n");
	buf_free(&out);
	terminal_close(&t);
	world_free(&w);
}

// --- commands that take their time ----------------------------------------------------------------------
static struct cli_call *waiting; // file-scope: stands for what a command would have started
static unsigned cancelled;

static void cancel_wait(struct cli_call *c)
{
	cancelled++;
	waiting = NULL;
}

static void run_wait(struct cli_call *c)
{
	waiting = c;
	cli_print(c, "started\n");
	cli_later(c, cancel_wait);
}

static void answered(struct cli_call *c, bool yes)
{
	cli_print(c, yes ? "yes\n" : "no\n");
	cli_done(c);
}

static void run_ask(struct cli_call *c)
{
	cli_ask(c, "Continue? [Y/N]:", answered);
}

static void test_long_commands(void **state)
{
	static const struct row rows[] = {{.views = "user", .grammar = "wait", .run = run_wait},
					  {.views = "user", .grammar = "ask", .run = run_ask}};
	static const struct row_table table = {rows, 2};
	static const struct cli_schema schema = {.tables = &table, .table_count = 1};
	struct grammar *own = grammar_new(&schema);
	struct cli_setup setup = {.grammar = own};
	struct cli *cli = cli_new(&setup);
	struct world w = {.cli = cli};
	struct terminal t;

	terminal_open(&t, &w, false);
	type(&t, "wait");
	assert_true(cli_session_busy(t.session));
	type(&t, "wait"); // not taken
	cli_print(waiting, "half");
	cli_done(waiting);
	check(&t, "<Afresh>wait\nstarted\nwait\nhalf<Afresh>");
	type(&t, "wait");
	cli_session_interrupt(t.session);
	assert_int_equal(cancelled, 1);
	assert_int_equal(t.status, 1);
	type_all(&t, "ask\nyes");
	assert_int_equal(t.status, 0);
	buf_clear(&t.out);
	type(&t, "ask");
	cli_session_interrupt(t.session);
	type(&t, "wait");
	terminal_close(&t); // with a command running
	assert_int_equal(cancelled, 2);
	terminal_open(&t, &w, true);
	buf_clear(&t.out);
	type(&t, "ask");
	check(&t, "ask\nyes\n<Afresh>");
	terminal_close(&t);
	cli_free(cli);
	grammar_free(own);
}

static void test_backpressure(void **state)
{
	struct world w;
	struct terminal t;
	struct buf line = {0};

	world_init(&w);
	terminal_open(&t, &w, true);
	type(&t, "system-view");
	for (unsigned i = 1; i < 3000; i++) {
		buf_clear(&line);
		buf_format(&line, "ip ip-prefix P index %u permit 10.0.0.0 8", i);
		cli_session_line(t.session, buf_cstr(&line));
	}
	buf_clear(&t.out);
	t.full = true;
	cli_session_line(t.session, "display configuration candidate");
	assert_true(cli_session_busy(t.session));
	assert_int_equal(t.out.len, 0);
	t.full = false;
	cli_session_drained(t.session);
	assert_false(cli_session_busy(t.session));
	assert_true(t.out.len > 100000);
	buf_free(&line);
	terminal_close(&t);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_carets),
		cmocka_unit_test(test_commit_and_display),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_two_terminals),
		cmocka_unit_test(test_immediate),
		cmocka_unit_test(test_terminal_words),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_long_commands),
		cmocka_unit_test(test_backpressure),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
