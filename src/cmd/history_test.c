// The history's commands, rollback, load, the lock and trials (vrp-cli 1.3, 3.3, 3.4), on whole boxes
// in simulated time. Lines are compared where automation reads them.
#include "box/box.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/mem.h"
#include "conf/history.h"

static struct box *a;
static struct buf terminal_text; // file-scope: what the terminal below shows
static int terminal_status;

static int set_up(void **state)
{
	sim_new(7);
	a = box_new("10.0.0.1");
	box_configure(a, "sysname A\nroute-policy IN permit node 10\nbgp 100\n"
			 "peer 10.0.0.2 as-number 200\npeer 10.0.0.2 route-policy IN import");
	box_configure(a, "sysname B\nroute-policy IN deny node 10\napply cost 5");
	box_configure(a, "bgp 100\npeer 10.0.0.2 description hello");
	return 0;
}

static int tear_down(void **state)
{
	box_free(a);
	buf_free(&terminal_text);
	assert_int_equal(sim_free(), 0);
	return 0;
}

// --- a terminal: it is asked --------------------------------------------------------------------------
static void on_output(void *arg, const char *text, size_t n)
{
	buf_put(&terminal_text, text, n);
}

static void on_text(void *arg, const char *text)
{
	buf_text(&terminal_text, text);
}

static void on_status(void *arg, int status)
{
	terminal_status = status;
}

static void on_closed(void *arg)
{
}

static struct cli_session *terminal_new(void)
{
	static const struct cli_session_ops ops = {.output = on_output,
						   .prompt = on_text,
						   .question = on_text,
						   .status = on_status,
						   .closed = on_closed};
	const struct cli_session_mode mode = {.user = "other", .level = 3};
	struct cli_session *s = cli_session_new(a->app.cli, &mode, &ops, NULL);

	cli_session_start(s);
	return s;
}

static const char *terminal_type(struct cli_session *s, const char *line)
{
	buf_clear(&terminal_text);
	cli_session_line(s, line);
	for (unsigned i = 0;
	     i < 100 && cli_session_busy(s) && !strstr(buf_cstr(&terminal_text), "Continue?"); i++)
		sim_run_for(10 * SIM_MS);
	return buf_cstr(&terminal_text);
}

static void expect_name(const char *name)
{
	char line[80];

	snprintf(line, sizeof line, "\nsysname %s\n", name);
	box_expect(a, "display current-configuration", line, NULL);
}

// --- lists and differences ----------------------------------------------------------------------------
static void test_list(void **state)
{
	box_expect(
		a, "display configuration commit list", "-----",
		"\nNo.  CommitId     Label                       User                TimeStamp\n",
		"\n1    1000000003   -                           tester              ",
		"\n2    1000000002   - ", "\n3    1000000001   - ", "+00:00\n-----", NULL);
	assert_null(strstr(box_run(a, "display configuration commit list 1"), "1000000002"));
	box_expect(a, "display configuration commit list verbose 1", "1) CommitId: 1000000003\n",
		   "        Label: -\n", "        User: tester\n", "        User-Intf: VTY 1\n",
		   "        Type: CLI\n", "        TimeStamp: ", "        Description: \n",
		   "        Plan:\n", "          Info: Plan: ", NULL);
	box_expect(a, "display configuration commit list | include 1000000002", "2    1000000002",
		   NULL);
	json_t *o = json_loads(box_json(a, "display configuration commit list"), 0, NULL);
	json_t *list = json_object_get(o, "commits");
	assert_int_equal(json_array_size(list), 3);
	json_t *first = json_array_get(list, 0);
	assert_int_equal(json_integer_value(json_object_get(first, "id")), 1000000003);
	assert_string_equal(json_string_value(json_object_get(first, "user")), "tester");
	json_decref(o);
}

static void test_changes(void **state)
{
	box_expect(a, "display configuration commit changes at 1000000002",
		   "Building configuration\n- sysname A\n+ sysname B\n",
		   "- route-policy IN permit node 10\n+ route-policy IN deny node 10\n"
		   "+  apply cost 5\n  #\n",
		   NULL);
	box_expect(a, "display configuration commit changes last 1",
		   "Building configuration\n  bgp 100\n+  peer 10.0.0.2 description hello\n  #\n",
		   NULL);
	box_expect(a, "display configuration commit changes since 1000000001", "- sysname A\n",
		   "+  peer 10.0.0.2 description hello\n", NULL);
	assert_null(strstr(box_run(a, "display configuration commit changes"), "- "));
	box_expect(a, "display configuration commit at 1000000001", "\nsysname A\n",
		   "\nroute-policy IN permit node 10\n", "\nreturn\n", NULL);
	box_refuses(a, "display configuration commit at 1000000009",
		    "Error: The commit ID does not exist.");
	box_refuses(a, "display configuration commit changes last 9",
		    "Error: There are not so many commits.");
	json_t *o = json_loads(box_json(a, "display configuration commit changes last 1"), 0, NULL);
	assert_non_null(strstr(json_string_value(json_object_get(o, "changes")), "+  peer"));
	json_decref(o);
}

static void test_labels(void **state)
{
	box_run(a, "set configuration commit 1000000001 label golden");
	assert_int_equal(a->status, 0);
	box_refuses(a, "set configuration commit 1000000002 label golden",
		    "Error: The label already exists.");
	box_refuses(a, "set configuration commit 1000000002 label 77",
		    "Error: The label must not consist of digits only.");
	box_run(a, "system-view");
	box_run(a, "sysname C");
	box_refuses(a, "commit label golden", "Error: The label already exists.");
	box_run(a, "commit label new description \"why\" not");
	box_run(a, "return");
	box_expect(a, "display configuration commit list label", "\n1    1000000004   new ",
		   "\n2    1000000001   golden ", NULL);
	box_expect(a, "display configuration commit list verbose 1", "Description: \"why\" not\n",
		   NULL);
	box_run(a, "clear configuration commit label golden");
	box_run(a, "clear configuration commit 1000000004 label");
	box_refuses(a, "clear configuration commit 1000000004 label",
		    "Error: The commit has no label.");
	box_refuses(a, "clear configuration commit label golden",
		    "Error: The label does not exist.");
	box_run(a, "clear configuration commit oldest 2");
	assert_null(strstr(box_run(a, "display configuration commit list"), "1000000002"));
	box_refuses(a, "rollback configuration to commit-id 1000000002",
		    "Error: The commit ID does not exist.");
}

// --- rollback -----------------------------------------------------------------------------------------
#define SUCCEEDED                                                    \
	"Check rollback result\nConfiguration rollback succeeded.\n" \
	"Please use 'display configuration commit changes last 1' to view the changes.\n"

static void test_rollback(void **state)
{
	box_expect(a, "rollback configuration last 2",
		   "Loading rollback changes\nCommitting\nInfo: Plan: ", SUCCEEDED, NULL);
	expect_name("A");
	assert_null(strstr(box_run(a, "display current-configuration"), "hello"));
	box_expect(a, "display configuration commit list verbose 1", "CommitId: 1000000004\n",
		   "Type: ROLLBACK\n", "Description: rollback configuration last 2\n", NULL);
	box_expect(a, "display configuration rollback result", "CommitId: 1000000004\n", NULL);
	box_expect(a, "rollback configuration to commit-id 1000000003", SUCCEEDED, NULL);
	box_expect(a, "display current-configuration", "\nsysname B\n", " apply cost 5\n", "hello",
		   NULL);
	box_refuses(a, "rollback configuration to label none", "Error: The label does not exist.");
	// To what runs already: it succeeds, and there is no commit.
	box_expect(a, "rollback configuration to commit-id 1000000005", SUCCEEDED, NULL);
	assert_int_equal(conf_store_number(a->app.store), 5);
}

static void test_rollback_asks(void **state)
{
	struct cli_session *s = terminal_new();

	assert_non_null(strstr(terminal_type(s, "rollback configuration last 1"),
			       "Warning: This operation will revert configuration changes to the "
			       "previous status. Continue? [Y/N]:"));
	assert_string_equal(terminal_type(s, "n"), "<B>");
	assert_int_equal(conf_store_number(a->app.store), 3);
	terminal_type(s, "rollback configuration last 1");
	assert_non_null(strstr(terminal_type(s, "y"), SUCCEEDED));
	assert_int_equal(conf_store_number(a->app.store), 4);
	cli_session_free(s);
}

// --- files --------------------------------------------------------------------------------------------
static void write_file(const char *path, const char *text)
{
	struct buf error = {0};

	assert_true(conf_write_file(path, text, strlen(text), &error));
}

static void test_files(void **state)
{
	char path[64], line[160];

	snprintf(path, sizeof path, "/tmp/cmd_history_test.%d", (int)getpid());
	write_file(path, "#\nsysname F\n#\nroute-policy F permit node 10\n#\nreturn\n");
	snprintf(line, sizeof line, "display configuration changes running file %s", path);
	box_expect(a, line, "- sysname B\n+ sysname F\n", "+ route-policy F permit node 10\n",
		   "- bgp 100\n", NULL);
	snprintf(line, sizeof line, "display configuration changes file %s running", path);
	box_expect(a, line, "- sysname F\n+ sysname B\n", NULL);
	box_run(a, "system-view");
	snprintf(line, sizeof line, "load configuration file %s merge", path);
	box_run(a, line);
	box_expect(a, "display configuration candidate changes", "+ sysname F\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "- bgp"));
	snprintf(line, sizeof line, "load configuration file %s replace", path);
	box_run(a, line);
	box_expect(a, "display configuration candidate changes", "- bgp 100\n", NULL);
	box_run(a, "clear configuration candidate");
	box_run(a, "load configuration rollback changes last 1");
	box_expect(a, "display configuration candidate changes",
		   "  bgp 100\n-  peer 10.0.0.2 description hello\n", NULL);
	box_run(a, "clear configuration candidate");
	box_run(a, "load configuration rollback changes at 1000000002");
	box_expect(a, "display configuration changes", "- sysname B\n+ sysname A\n", NULL);
	assert_null(strstr(buf_cstr(&a->out), "hello")); // what came after it stays
	box_run(a, "clear configuration candidate");
	// What cannot be read changes nothing.
	write_file(path, "sysname G\nnonsense\n");
	snprintf(line, sizeof line, "load configuration file %s merge", path);
	box_run(a, line);
	assert_int_equal(a->status, 1);
	box_expect(a, "display configuration candidate changes", "Info: No configuration changes.",
		   NULL);
	box_run(a, "return");
	snprintf(line, sizeof line, "rollback configuration to file %s", path);
	box_run(a, line);
	assert_int_equal(a->status, 1);
	assert_non_null(strstr(buf_cstr(&a->out), ":2:1: Error: Unrecognized command.\n"));
	box_refuses(a, "rollback configuration to file /nowhere/at/all",
		    "Error: Failed to read /nowhere/at/all: No such file or directory.");
	write_file(path, "sysname F\n");
	box_expect(a, line, SUCCEEDED, NULL);
	expect_name("F");
	unlink(path);
}

// --- the lock -----------------------------------------------------------------------------------------
static void test_exclusive(void **state)
{
	struct cli_session *s = terminal_new();
	static const char locked[] =
		"Error: The configuration is locked by other user. [Session ID = ";

	terminal_type(s, "configuration exclusive");
	assert_int_equal(terminal_status, 0);
	box_refuses(a, "configuration exclusive", locked);
	box_refuses(a, "undo configuration exclusive", locked);
	box_refuses(a, "rollback configuration last 1", locked);
	box_run(a, "system-view");
	box_refuses(a, "sysname X", locked);
	box_refuses(a, "load configuration rollback changes last 1", locked);
	terminal_type(s, "system-view");
	terminal_type(s, "sysname Y");
	terminal_type(s, "commit");
	expect_name("Y");
	cli_session_free(s); // and the lock with it
	box_run(a, "sysname X");
	box_run(a, "commit");
	box_run(a, "return");
	expect_name("X");
}

// --- trials -------------------------------------------------------------------------------------------
static void begin_trial(const char *line)
{
	box_run(a, "system-view");
	box_run(a, "sysname T");
	box_expect(a, line, "Info: The system enters the trial configuration mode.\n",
		   "The system will revert to previous configuration if the trial configuration is "
		   "not confirmed in ",
		   " seconds.\n", NULL);
	box_run(a, "return");
	expect_name("T");
}

static void test_trial_ends(void **state)
{
	begin_trial("commit trial 120");
	sim_run_for(69 * SIM_SECOND);
	box_expect(a, "display configuration trial status",
		   "Trial status: ACTIVE\nTrial time left (sec): ", NULL);
	box_expect(a, "display configuration commit list 1", "1000000004* ", NULL);
	expect_name("T");
	sim_run_for(60 * SIM_SECOND);
	expect_name("B");
	box_expect(a, "display configuration trial status", "Trial status: INACTIVE\n", NULL);
	box_expect(a, "display configuration commit list verbose 1", "Type: TRIAL-ROLLBACK\n",
		   "Description: it was not confirmed in time\n", NULL);
}

static void test_trial_confirmed(void **state)
{
	struct cli_session *s = terminal_new();

	begin_trial("commit trial 60 label tried");
	terminal_type(s, "system-view");
	terminal_type(s, "sysname Z");
	assert_non_null(strstr(terminal_type(s, "commit"), "Error: A trial configuration of "));
	cli_session_free(s);
	box_run(a, "system-view");
	box_run(a, "sysname U"); // goes with the confirmation
	box_run(a, "commit");
	box_run(a, "return");
	sim_run_for(200 * SIM_SECOND);
	expect_name("U");
	box_expect(a, "display configuration trial status", "Trial status: INACTIVE\n", NULL);
	assert_null(strstr(box_run(a, "display configuration commit list"), "*"));
}

static void test_trial_of_a_session(void **state)
{
	struct cli_session *s = terminal_new();

	terminal_type(s, "system-view");
	terminal_type(s, "sysname T");
	terminal_type(s, "commit trial");
	expect_name("T");
	box_refuses(a, "abort trial", "Error: The trial configuration is that of another user.");
	cli_session_free(s);
	expect_name("B");
	// With a persist word it outlives its session, and who knows the word confirms.
	s = terminal_new();
	terminal_type(s, "system-view");
	terminal_type(s, "sysname T");
	terminal_type(s, "commit trial 600 persist word");
	cli_session_free(s);
	expect_name("T");
	box_run(a, "system-view");
	box_refuses(a, "commit persist another", "Error: A trial configuration of another user");
	box_run(a, "commit persist word");
	assert_int_equal(a->status, 0);
	box_refuses(a, "commit persist word", "Error: The system is not in the trial");
	sim_run_for(700 * SIM_SECOND);
	expect_name("T");
}

static void test_trial_aborted(void **state)
{
	begin_trial("commit trial");
	box_run(a, "system-view");
	box_run(a, "sysname V");
	box_run(a, "commit trial 100"); // on and on: back to before the first
	expect_name("V");
	box_refuses(
		a, "run rollback configuration last 1",
		"Error: A trial configuration waits: confirm it by commit, or use abort trial.");
	box_expect(a, "abort trial", "Info: The trial configuration rollback succeeded.\n", NULL);
	expect_name("B");
	box_refuses(a, "abort trial", "Error: The system is not in the trial configuration mode.");
}

static void test_trial_restart(void **state)
{
	begin_trial("commit trial");
	box_run(a, "system-view");
	box_run(a, "sysname V");
	box_run(a, "commit trial");
	box_run(a, "return");
	cmd_stop(&a->app); // as when the process ends
	expect_name("V");
	cmd_start(&a->app);
	expect_name("B");
	cmd_start(&a->app);
	assert_int_equal(conf_store_number(a->app.store), 6);
}

// What the jobs of a commit found is told by its record.
static void test_report(void **state)
{
	struct box *b = box_new("10.0.0.2");

	box_configure(b, "bgp 200\npeer 10.0.0.1 as-number 100\nnetwork 10.1.0.0 16");
	sim_run_for(120 * SIM_SECOND);
	box_configure(a, "route-policy IN permit node 10\napply preferred-value 7");
	assert_null(strstr(box_run(a, "display configuration commit list verbose 1"), "Report:"));
	sim_run_for(5 * SIM_SECOND);
	box_expect(a, "display configuration commit list verbose 1", "        Plan:\n",
		   "        Report:\n          Jobs: 1; sessions reset: 0\n",
		   "          peer 10.0.0.2, IPv4 Unicast, import: ", "routes: 1 seen, ",
		   "1 accepted", NULL);
	box_free(b);
}

// --- load configuration terminal ----------------------------------------------------------------------
static struct cli_session *paste_begin(void)
{
	struct cli_session *s = terminal_new();

	terminal_type(s, "system-view");
	assert_non_null(strstr(terminal_type(s, "load configuration terminal"), "[~B-diff]"));
	return s;
}

// Types each line of a text; what the last one printed.
static const char *paste(struct cli_session *s, const char *text)
{
	char *copy = mem_text(text), *at = copy, *line;
	const char *last = "";

	while ((line = strsep(&at, "\n")))
		last = terminal_type(s, line);
	mem_free(copy);
	return last;
}

static void paste_refused(const char *text, const char *error)
{
	struct cli_session *s = paste_begin();

	paste(s, text);
	const char *shown = terminal_type(s, "end-diff");
	if (!strstr(shown, error) || !terminal_status)
		fail_msg("%s: %s", text, shown);
	assert_non_null(strstr(
		shown, "Error: The differences cannot be loaded; the candidate is as it was."));
	assert_non_null(strstr(shown, "[~B]")); // nothing of it stays
	cli_session_free(s);
}

// What a display of changes shows takes another device there, and what it shows the other way round back.
static void test_paste(void **state)
{
	char *there = mem_text(box_run(a, "display configuration commit changes since 1000000001"));

	box_run(a, "rollback configuration to commit-id 1000000001");
	expect_name("A");
	struct cli_session *s = terminal_new();
	terminal_type(s, "system-view");
	terminal_type(s, "load configuration terminal");
	assert_non_null(strstr(paste(s, there), "[~A-diff]"));
	assert_non_null(strstr(terminal_type(s, "end-diff"), "[*A]"));
	assert_int_equal(terminal_status, 0);
	terminal_type(s, "commit");
	assert_non_null(strstr(box_run(a, "display configuration commit changes since 1000000003"),
			       "Info: No configuration changes."));
	char *back = mem_text(box_run(a, "display configuration commit changes last 2"));
	assert_non_null(strstr(back, "Info: No configuration changes."));
	mem_free(back);
	mem_free(there);
	cli_session_free(s);
}

static void test_paste_ends(void **state)
{
	struct cli_session *s = paste_begin();

	terminal_type(s, "- sysname B");
	terminal_type(s, "+ sysname C");
	assert_non_null(strstr(terminal_type(s, " abort "), "[~B]")); // without a trace
	terminal_type(s, "load configuration terminal");
	terminal_type(s, "+ sysname C");
	cli_session_interrupt(s);
	assert_int_equal(terminal_status, 1);
	assert_non_null(strstr(terminal_type(s, "end-diff"), "Error: "));
	terminal_type(s, "load configuration terminal");
	assert_non_null(strstr(terminal_type(s, "return"), "[~B-diff]")); // a line like any other
	cli_session_return(s);
	assert_non_null(strstr(terminal_type(s, "abort"), "[~B]"));
	terminal_type(s, "load configuration terminal");
	cli_session_free(s); // the terminal is lost
	expect_name("B");
}

static void test_paste_keeps_what_is_below(void **state)
{
	struct cli_session *s = paste_begin();

	paste(s,
	      "- route-policy IN deny node 10\n+ route-policy IN permit node 10\n+  apply preferred-value 3\n  #");
	assert_non_null(strstr(terminal_type(s, "end-diff"), "[*B]"));
	const char *shown = terminal_type(s, "display configuration candidate");
	assert_non_null(strstr(
		shown,
		"route-policy IN permit node 10\n apply cost 5\n apply preferred-value 3\n"));
	cli_session_free(s);
}

// What is put in is entered as if typed; the last line counts like any other.
static void test_paste_is_entered(void **state)
{
	struct cli_session *s = paste_begin();

	paste(s, "+ ip ip-prefix TEN permit 10.0.0.0 8\n- sysname B");
	terminal_type(s, "end-diff");
	const char *shown = terminal_type(s, "display configuration candidate");
	assert_non_null(strstr(shown, "\nip ip-prefix TEN index 10 permit 10.0.0.0 8\n"));
	assert_null(strstr(shown, "sysname"));
	cli_session_free(s);
}

static void test_paste_refuses(void **state)
{
	paste_refused("+ sysnome C", "terminal:1:3: Error: ");
	paste_refused("+ sysname C\nnonsense",
		      "terminal:2:1: Error: This is no line of a difference.");
	paste_refused("+ commit",
		      "terminal:1:3: Error: This command is not part of a configuration.");
	paste_refused("- display version", "Error: This command is not part of a configuration.");
	paste_refused("+ return", "Error: This command is not part of a configuration.");
	paste_refused("  route-policy OUT permit node 10\n+  apply cost 1",
		      "terminal:1:3: Error: There is no such view.");
	paste_refused("  sysname B", "Error: This is no line of a difference.");
	paste_refused("+  apply cost 1", "Error: This is no line of a difference.");
	paste_refused("  bgp 100\n+  peer 10.0.0.2 as-number 0", "terminal:2:");
	paste_refused("+", "Error: This is no line of a difference.");
	paste_refused("+ ", "Error: This is no line of a difference.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_labels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rollback, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rollback_asks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_exclusive, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trial_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trial_confirmed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trial_of_a_session, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trial_aborted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trial_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_report, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paste, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paste_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paste_keeps_what_is_below, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paste_is_entered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paste_refuses, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
