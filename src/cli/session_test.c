// Sessions, as transcripts: what an operator types and what comes back, prompts and echo included,
// so that carets can be seen to stand where they should. Then two sessions at once, long
// commands, help and completion, whole files, and the conversation in frames.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "cli/link.h"
#include "cli/protocol.h"
#include "cli/session.h"
#include "cli/test_schema.h"

static struct grammar *g;

struct world {
	struct conf_store *store;
	struct cli *cli;
};
struct terminal {
	struct world *world;
	struct cli_session *session;
	struct buf out;
	unsigned page;
	int status;
	bool closed, full;
};

// --- a world: what commit does here is what cmd/ does without a speaker ---------------------------
static const char *host_name(void *app)
{
	const struct world *w = app;
	const struct conf_node *n =
		conf_find_row(conf_store_running(w->store)->root, &test_rows[0]);

	return n ? conf_value(n->line, "host-name") : "HUAWEI";
}

static void commit(struct cli_call *c)
{
	struct conf_store *store = cli_store(cli_session_cli(c->session));
	struct buf text = {0};
	struct conf_tree next;

	if (!conf_candidate_merge(cli_candidate(c), conf_store_running(store), &next, &text)) {
		cli_write(c, (char *)text.data, text.len);
		cli_error(c, "Commit canceled, the configuration conflicted with other user.");
	} else {
		conf_store_commit(store, &next, &text);
		conf_tree_free(&next);
		cli_candidate_restart(c);
	}
	buf_free(&text);
}

static void world_init(struct world *w)
{
	const struct cli_setup setup = {.grammar = g,
					.store = conf_store_open(NULL, NULL),
					.app = w,
					.host_name = host_name,
					.commit = commit};
	w->store = setup.store;
	w->cli = cli_new(&setup);
}

static void world_free(struct world *w)
{
	cli_free(w->cli);
	conf_store_free(w->store);
}

static void on_output(void *arg, const char *text, size_t n)
{
	buf_put(&((struct terminal *)arg)->out, text, n);
}

static void on_prompt(void *arg, const char *prompt)
{
	buf_text(&((struct terminal *)arg)->out, prompt);
}

static void on_status(void *arg, int status)
{
	((struct terminal *)arg)->status = status;
}

static void on_page(void *arg, unsigned lines)
{
	((struct terminal *)arg)->page = lines;
}

static bool on_full(void *arg)
{
	return ((struct terminal *)arg)->full;
}

static void on_closed(void *arg)
{
	((struct terminal *)arg)->closed = true;
}

static const struct cli_session_ops ops = {.output = on_output,
					   .prompt = on_prompt,
					   .question = on_prompt,
					   .status = on_status,
					   .page = on_page,
					   .full = on_full,
					   .closed = on_closed};

static void terminal_open(struct terminal *t, struct world *w, bool script)
{
	const struct cli_session_mode mode = {.user = "tester", .script = script, .level = 2};

	*t = (struct terminal){.world = w};
	t->session = cli_session_new(w->cli, &mode, &ops, t);
	cli_session_start(t->session);
}

static void terminal_close(struct terminal *t)
{
	cli_session_free(t->session);
	buf_free(&t->out);
}

static void type(struct terminal *t, const char *line)
{
	buf_format(&t->out, "%s\n", line);
	cli_session_line(t->session, line);
}

static void check(struct terminal *t, const char *expected)
{
	assert_string_equal(buf_cstr(&t->out), expected);
	buf_clear(&t->out);
}

static void type_all(struct terminal *t, const char *lines)
{
	char *text = mem_text(lines), *save = NULL;

	for (char *one = strtok_r(text, "\n", &save); one; one = strtok_r(NULL, "\n", &save))
		type(t, one);
	mem_free(text);
}

// --- transcripts -------------------------------------------------------------------------------------
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

// --- whole files --------------------------------------------------------------------------------------------
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
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, i ? "running.cfg" : "commits.journal");
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

// --- frames ---------------------------------------------------------------------------------------------------
struct wire {
	struct buf out;
	size_t unsent;
	bool finished;
};

static void wire_write(void *arg, const void *p, size_t n)
{
	buf_put(&((struct wire *)arg)->out, p, n);
}

static size_t wire_unsent(void *arg)
{
	return ((struct wire *)arg)->unsent;
}

static void wire_finish(void *arg)
{
	((struct wire *)arg)->finished = true;
}

static const struct cli_link_ops link_ops = {wire_write, wire_unsent, wire_finish, NULL};

static void put_text(struct buf *b, enum frame_type type, const char *text)
{
	frame_put(b, type, text, strlen(text));
}

// All frames written, as "type:payload" lines.
static char *frames(struct wire *w)
{
	struct buf text = {0};
	struct frame_view f;
	size_t at = 0;

	while (frame_take(&w->out, &at, FRAME_MAX_RESPONSE, &f) > 0) {
		buf_format(&text, "%u:", f.type);
		if (f.type == FRAME_STATUS || f.type == FRAME_PAGE)
			buf_hex(&text, f.p, f.n);
		else
			buf_put(&text, f.p, f.n);
		buf_text(&text, "\n");
	}
	assert_int_equal(at, w->out.len);
	buf_clear(&w->out);
	return buf_steal(&text);
}

static void check_frames(struct wire *w, const char *expected)
{
	char *text = frames(w);

	assert_string_equal(text, expected);
	mem_free(text);
}

static void test_link(void **state)
{
	struct world w;
	struct wire wire = {0};
	struct buf in = {0};

	world_init(&w);
	struct cli_link *l = cli_link_new(w.cli, &link_ops, &wire);
	put_text(&in, FRAME_HELLO, "user=me\nscript=1\nnonsense\njson=1\n");
	put_text(&in, FRAME_LINE, "display numbers 2");
	put_text(&in, FRAME_HELP, "display numbers ");
	put_text(&in, FRAME_COMPLETE, "  dis num");
	put_text(&in, FRAME_LINE, "nonsense");
	put_text(&in, FRAME_LINE, "display numbers 9"); // after the error: discarded
	for (size_t i = 0; i < in.len; i++)             // byte by byte
		assert_true(cli_link_read(l, in.data + i, 1));
	check_frames(&wire, "71:0018\n66:<HUAWEI>\n"
			    "65:json line 1\n\n65:json line 2\n\n70:00\n66:<HUAWEI>\n"
			    "68:  INTEGER<1-1000000>\n\n"
			    "69:6\nnumbers\n\n"
			    "65:nonsense\n\n65:^\n\n"
			    "65:Error: Unrecognized command found at '^' position.\n\n"
			    "70:01\n66:<HUAWEI>\n");
	assert_string_equal(cli_session_user(cli_link_session(l)), "me");
	cli_link_free(l);
	// A terminal: many lines at once, quit.
	l = cli_link_new(w.cli, &link_ops, &wire);
	buf_clear(&in);
	put_text(&in, FRAME_HELLO, "script=0\n");
	put_text(&in, FRAME_LINE, "system-view");
	put_text(&in, FRAME_RETURN, "");
	put_text(&in, FRAME_LINE, "quit");
	put_text(&in, FRAME_LINE, "too late");
	assert_true(cli_link_read(l, in.data, in.len));
	check_frames(&wire, "71:0018\n66:<HUAWEI>\n"
			    "65:Enter system view, return user view with return command.\n\n"
			    "70:00\n66:[~HUAWEI]\n70:00\n66:<HUAWEI>\n70:00\n72:\n");
	assert_true(wire.finished);
	cli_link_free(l);
	buf_free(&in);
	buf_free(&wire.out);
	world_free(&w);
}

static void test_link_nonsense(void **state)
{
	static const uint8_t cases[][8] = {{0, 0, 0, 0, 2},             // empty frame
					   {0xff, 0xff, 0xff, 0xff, 2}, // too long
					   {0, 0, 0, 1, 2},             // a line before the hello
					   {0, 0, 0, 1, 99}};           // unknown
	struct world w;
	struct wire wire = {0};

	world_init(&w);
	for (unsigned i = 0; i < 4; i++) {
		struct cli_link *l = cli_link_new(w.cli, &link_ops, &wire);
		assert_false(cli_link_read(l, cases[i], 5));
		assert_false(cli_link_read(l, "more", 4));
		cli_link_free(l);
	}
	buf_free(&wire.out);
	world_free(&w);
}

static void test_link_interrupt(void **state)
{
	struct world w;
	struct wire wire = {0};
	struct buf in = {0};

	world_init(&w);
	struct cli_link *l = cli_link_new(w.cli, &link_ops, &wire);
	put_text(&in, FRAME_HELLO, "script=0\n");
	put_text(&in, FRAME_LINE, "display current-configuration");
	put_text(&in, FRAME_LINE, "display numbers 1");
	wire.unsent = 1 << 20; // nobody reads
	assert_true(cli_link_read(l, in.data, in.len));
	check_frames(&wire, "71:0018\n66:<HUAWEI>\n");
	buf_clear(&in);
	put_text(&in, FRAME_INTERRUPT, "");
	assert_true(cli_link_read(l, in.data, in.len));
	check_frames(&wire, "70:01\n66:<HUAWEI>\n"); // the line that waited is gone too
	buf_clear(&in);
	put_text(&in, FRAME_LINE, "display current-configuration");
	assert_true(cli_link_read(l, in.data, in.len));
	wire.unsent = 0;
	cli_link_drained(l);
	check_frames(&wire, "65:#\nreturn\n\n70:00\n66:<HUAWEI>\n");
	cli_link_free(l);
	buf_free(&in);
	buf_free(&wire.out);
	world_free(&w);
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
		cmocka_unit_test(test_load_errors),
		cmocka_unit_test(test_load_changes),
		cmocka_unit_test(test_history_on_disk),
		cmocka_unit_test(test_print_parse_print),
		cmocka_unit_test(test_large_file),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_link_nonsense),
		cmocka_unit_test(test_link_interrupt),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
