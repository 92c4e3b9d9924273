// The guard as an operator meets it: each limit with its figures, what stands and what overrides it,
// two operators at once, Ctrl+C, rollback, stages, and a trial that it goes on watching.
#include "box/box.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "conf/history.h"

static struct box *a, *feeder, *second, *listener;
static struct buf terminal_text; // file-scope: what the terminal below shows
static int terminal_status;

static const char ours[] =
	"ip ip-prefix ONE permit 10.1.0.0 16\nip ip-prefix BIG permit 10.0.0.0 8 less-equal 16\n"
	"route-policy IN permit node 10\nquit\nroute-policy NONE deny node 10\nquit\n"
	"bgp 100\npeer 10.0.0.2 as-number 200\npeer 10.0.0.3 as-number 300\n"
	"peer 10.0.0.4 as-number 400\npeer 10.0.0.2 route-policy IN import";

static int set_up(void **state)
{
	sim_new(7);
	a = box_new("10.0.0.1");
	feeder = box_new("10.0.0.2");
	second = box_new("10.0.0.3");
	listener = box_new("10.0.0.4");
	box_configure(a, ours);
	box_configure(feeder, "bgp 200\npeer 10.0.0.1 as-number 100\nnetwork 10.1.0.0 16\n"
			      "network 10.2.0.0 16\nnetwork 10.3.0.0 16\nnetwork 10.4.0.0 16");
	// A longer path to one of them.
	box_configure(second, "route-policy P permit node 10\napply as-path 300 additive\nquit\n"
			      "bgp 300\npeer 10.0.0.1 as-number 100\nnetwork 10.2.0.0 16\n"
			      "peer 10.0.0.1 route-policy P export");
	box_configure(listener, "bgp 400\npeer 10.0.0.1 as-number 100");
	sim_run_for(120 * SIM_SECOND);
	return 0;
}

static int tear_down(void **state)
{
	box_free(feeder);
	box_free(second);
	box_free(listener);
	box_free(a);
	buf_free(&terminal_text);
	assert_int_equal(sim_free(), 0);
	return 0;
}

static void on_output(void *arg, const char *text, size_t n)
{
	buf_put(&terminal_text, text, n);
}

static void on_text(void *arg, const char *text)
{
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
	const struct cli_session_mode mode = {.user = "other", .level = 3, .script = true};
	struct cli_session *s = cli_session_new(a->app.cli, &mode, &ops, NULL);

	cli_session_start(s);
	return s;
}

// Begins; what it has printed until now.
static const char *terminal_begin(struct cli_session *s, const char *line)
{
	buf_clear(&terminal_text);
	terminal_status = 0;
	cli_session_line(s, line);
	return buf_cstr(&terminal_text);
}

static const char *terminal_end(struct cli_session *s)
{
	for (unsigned i = 0; i < 1000 && cli_session_busy(s); i++)
		sim_run_for(10 * SIM_MS);
	assert_false(cli_session_busy(s));
	return buf_cstr(&terminal_text);
}

static const char *terminal_type(struct cli_session *s, const char *line)
{
	terminal_begin(s, line);
	return terminal_end(s);
}

static uint32_t number(void)
{
	return conf_store_number(a->app.store);
}

static void lines(const char *text)
{
	char *copy = mem_text(text), *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		box_run(a, l);
		if (a->status)
			fail_msg("%s: %s", l, buf_cstr(&a->out));
	}
	mem_free(copy);
}

// A policy by which all of the feeder's routes are lost.
static void edit_all(void)
{
	lines("system-view\nbgp 100\npeer 10.0.0.2 route-policy NONE import");
}

// 10.1.0.0/16 alone.
static void edit_one(void)
{
	lines("system-view\nroute-policy IN deny node 5\nif-match ip-prefix ONE");
}

static void refuses(const char *line, const char *figures)
{
	uint32_t before = number();

	box_refuses(a, line,
		    "Error: Commit canceled, its impact passes the limits of the guard:\n");
	if (!strstr(buf_cstr(&a->out), figures))
		fail_msg("%s: no \"%s\" in\n%s", line, figures, buf_cstr(&a->out));
	assert_non_null(strstr(buf_cstr(&a->out), "Nothing has changed."));
	assert_int_equal(number(), before);
	assert_true(conf_candidate_dirty(cli_session_candidate(a->session)));
}

// --- limits -------------------------------------------------------------------------------------------
static void test_limits(void **state)
{
	edit_all();
	// To the listener all four; to the second one three, and one more that comes from the feeder
	// alone is what it told itself.
	refuses("commit guard max-rejected 3",
		"\n  accepted routes lost: 4 of 5 (80%), allowed 3\n");
	refuses("commit guard max-rejected 79%", "4 of 5 (80%), allowed 79%\n");
	refuses("commit guard max-moved 3",
		"\n  best paths gone or moved: 4 of 4 (100%), allowed 3\n");
	refuses("commit guard max-withdrawn 0 max-moved 4", "\n  announcements withdrawn: ");
	refuses("commit guard max-moved 0 max-rejected 0",
		"\n  accepted routes lost: 4 of 5 (80%), allowed 0\n"
		"  best paths gone or moved: 4 of 4 (100%), allowed 0\n");
	box_expect(a, "commit guard max-rejected 80% max-moved 4 no-session-reset",
		   "Info: Guard: within its limits: accepted routes lost: 4 of 5 (80%); best paths "
		   "gone or moved: 4 of 4 (100%); sessions reset: 0.\nInfo: Plan: 1 step",
		   NULL);
	box_run(a, "return");
	box_expect(a, "display configuration commit list verbose 1",
		   "Guard: accepted routes lost: 4 of 5 (80%); best", NULL);
	sim_run_for(5 * SIM_SECOND);
	assert_null(strstr(box_run(a, "display bgp routing-table"), "10.1.0.0"));
}

static void test_sessions(void **state)
{
	lines("system-view\nbgp 100\npeer 10.0.0.3 timer keepalive 10 hold 30");
	refuses("commit guard no-session-reset",
		"\n  sessions reset: 1, allowed 0\n    peer 10.0.0.3 [timer keepalive hold]\n");
	lines("clear configuration candidate");
}

static void test_protected(void **state)
{
	lines("system-view\nip ip-prefix TWO permit 10.2.0.0 16\ncommit\nreturn");
	edit_one();
	refuses("commit guard protect-prefix ONE",
		"\n  best paths of protected prefixes gone or moved, allowed 0 (prefix list ONE)\n"
		"    10.1.0.0/16, IPv4 Unicast: gone\n");
	box_refuses(a, "commit guard protect-prefix NO",
		    "Error: The address prefix list NO does not exist in what runs.");
	box_expect(a, "commit guard protect-prefix TWO",
		   "Info: Guard: within its limits: protected prefixes: none lost.\n", NULL);
	box_run(a, "return");
	// The list as it runs counts: it cannot be emptied by the same commit.
	edit_all();
	lines("quit\nundo ip ip-prefix TWO\nip ip-prefix TWO deny 10.2.0.0 16");
	refuses("commit guard protect-prefix TWO", "    10.2.0.0/16, IPv4 Unicast: moved\n");
}

static void test_no_limits(void **state)
{
	uint32_t before = number();

	edit_all();
	box_refuses(a, "commit guard", "Error: A guard needs a limit: max-withdrawn, max-rejected");
	box_refuses(a, "commit trial guard", "Error: A guard needs a limit: ");
	box_refuses(a, "commit guard max-moved 101%", "Error: ");
	box_refuses(a, "commit guard max-moved x", "Error: ");
	assert_int_equal(number(), before);
	// A candidate that does not hold together says so, guard or not.
	lines("quit\nundo route-policy NONE node 10");
	box_refuses(a, "commit guard max-moved 5",
		    "Error: The route-policy NONE does not exist, but is used by: bgp 100");
	assert_int_equal(number(), before);
}

// --- what stands --------------------------------------------------------------------------------------
static void test_standing(void **state)
{
	lines("system-view\ncommit-guard max-rejected 50%\ncommit-guard no-session-reset\n"
	      "commit-guard protect-prefix ONE");
	box_refuses(a, "commit-guard protect-prefix NO",
		    "Error: The address prefix list NO does not exist.");
	lines("commit\nreturn");
	box_expect(a, "display current-configuration",
		   "\ncommit-guard max-rejected 50%\ncommit-guard no-session-reset\n"
		   "commit-guard protect-prefix ONE\n",
		   NULL);
	edit_all();
	// One cannot lift it by the commit that it would refuse.
	lines("quit\nundo commit-guard max-rejected\nundo commit-guard protect-prefix");
	refuses("commit",
		"\n  accepted routes lost: 4 of 5 (80%), allowed 50% [commit-guard]\n"
		"  best paths of protected prefixes gone or moved, allowed 0 (prefix list "
		"ONE) [commit-guard]\n    10.1.0.0/16, IPv4 Unicast: gone\n");
	refuses("commit guard", "allowed 50% [commit-guard]\n");
	refuses("commit guard max-moved 1",
		"\n  best paths gone or moved: 4 of 4 (100%), allowed 1\n"
		"  accepted routes lost: 4 of 5 (80%), allowed 50% [commit-guard]\n");
	box_expect(a, "commit force description I know", "Info: Plan: ", NULL);
	box_run(a, "return");
	box_expect(a, "display configuration commit list verbose 1", "Description: I know\n",
		   "Guard: forced\n", NULL);
	assert_null(strstr(box_run(a, "display current-configuration"), "max-rejected"));
	// The list is used.
	lines("system-view\ncommit-guard protect-prefix BIG\ncommit\nundo ip ip-prefix BIG");
	box_refuses(a, "commit",
		    "Error: The address prefix list BIG does not exist, but is used by: "
		    "commit-guard protect-prefix BIG\n");
}

static void test_other_ways(void **state)
{
	lines("system-view\ncommit-guard max-rejected 0\ncommit\nreturn");
	// One line at a time.
	box_run(a, "system-view immediately");
	lines("bgp 100");
	uint32_t before = number();
	box_refuses(a, "peer 10.0.0.2 route-policy NONE import", "allowed 0 [commit-guard]\n");
	assert_int_equal(number(), before);
	box_run(a, "return");
	// Rollback to where it denies.
	edit_all();
	lines("commit force\npeer 10.0.0.2 route-policy IN import\ncommit\nreturn");
	sim_run_for(5 * SIM_SECOND);
	before = number();
	box_refuses(a, "rollback configuration last 1", "accepted routes lost: 4 of 5");
	assert_int_equal(number(), before);
	box_expect(a, "rollback configuration last 1 force", "Configuration rollback succeeded.\n",
		   NULL);
	box_expect(a, "display configuration commit list verbose 1", "Type: ROLLBACK\n",
		   "Guard: forced\n", NULL);
	lines("rollback configuration last 1");
	sim_run_for(5 * SIM_SECOND);
	// Stages are judged as a whole before the first of them.
	edit_all();
	refuses("commit staged percent 50", "accepted routes lost: 4 of 5");
	box_expect(a, "commit staged percent 50 force", "Info: All of 1 peers", NULL);
	box_run(a, "return");
}

// --- two at once, and none ----------------------------------------------------------------------------
static void test_two_operators(void **state)
{
	struct cli_session *s = terminal_new();
	uint32_t before = number();

	terminal_type(s, "system-view");
	terminal_type(s, "sysname OTHER");
	edit_one();
	lines("quit\nsysname MINE");
	terminal_begin(s, "commit guard max-moved 5");
	assert_true(cli_session_busy(s));
	box_refuses(a, "commit", "Error: A commit of another user is under way. [Session ID = ");
	box_refuses(a, "run rollback configuration last 1", "Error: A commit of another user");
	terminal_end(s);
	assert_int_equal(terminal_status, 0);
	assert_int_equal(number(), before + 1);
	// It has the name now; nothing of ours is lost, and the conflict is told.
	box_refuses(a, "commit", "Error: Commit canceled, the configuration conflicted with other");
	lines("undo sysname\nclear configuration candidate\nreturn");
	cli_session_free(s);
}

// What is forced in between is not lost either: the guard begins again upon it.
static void test_overtaken(void **state)
{
	struct cli_session *s = terminal_new();
	uint32_t before = number();

	terminal_type(s, "system-view");
	terminal_type(s, "router id 1.1.1.1");
	edit_one();
	terminal_begin(s, "commit guard max-moved 5");
	lines("commit force");
	assert_true(cli_session_busy(s));
	terminal_end(s);
	if (terminal_status)
		fail_msg("%s", buf_cstr(&terminal_text));
	assert_int_equal(number(), before + 2);
	box_run(a, "return");
	box_expect(a, "display current-configuration", "\nrouter id 1.1.1.1\n",
		   "route-policy IN deny node 5\n", NULL);
	// The same statement: told, and nothing changes.
	terminal_type(s, "sysname OTHER");
	lines("system-view\nsysname MINE");
	terminal_begin(s, "commit guard max-moved 5");
	lines("commit force\nreturn");
	terminal_end(s);
	assert_int_equal(terminal_status, 1);
	assert_non_null(strstr(buf_cstr(&terminal_text), "Error: Commit canceled, the "
							 "configuration conflicted"));
	assert_int_equal(number(), before + 3);
	cli_session_free(s);
}

static void test_interrupted(void **state)
{
	struct cli_session *s = terminal_new();
	uint32_t before = number();

	terminal_type(s, "system-view");
	terminal_type(s, "sysname OTHER");
	terminal_begin(s, "commit guard max-moved 5");
	assert_true(cli_session_busy(s));
	cli_session_interrupt(s);
	terminal_end(s);
	sim_run_for(10 * SIM_SECOND);
	assert_int_equal(number(), before);
	lines("system-view\nsysname MINE\ncommit\nreturn"); // nobody is under way
	terminal_begin(s, "commit force");
	terminal_end(s);
	terminal_type(s, "clear configuration candidate");
	terminal_type(s, "sysname THIRD");
	terminal_begin(s, "commit guard max-moved 5");
	cli_session_free(s); // the terminal is lost
	sim_run_for(10 * SIM_SECOND);
	assert_int_equal(number(), before + 1);
	lines("system-view\nsysname LAST\ncommit\nreturn");
}

// --- a trial ------------------------------------------------------------------------------------------
static void begin_trial(const char *line)
{
	lines("system-view\nroute-policy IN permit node 10\napply local-preference 300");
	box_expect(a, line, "Info: Guard: within its limits: ",
		   "Info: The system enters the trial configuration mode.\n", NULL);
	box_run(a, "return");
	sim_run_for(10 * SIM_SECOND);
	box_expect(a, "display configuration trial status", "ACTIVE", NULL);
}

static void expect_rolled_back(const char *why)
{
	char description[200];

	sim_run_for(10 * SIM_SECOND);
	snprintf(description, sizeof description,
		 "Description: a limit of the guard was passed: %s\n", why);
	box_expect(a, "display configuration commit list verbose 1", "Type: TRIAL-ROLLBACK\n",
		   description, NULL);
	box_expect(a, "display configuration trial status", "INACTIVE", NULL);
	assert_null(strstr(box_run(a, "display current-configuration"), "local-preference 300"));
}

static void test_trial_watches(void **state)
{
	begin_trial("commit trial 600 guard max-rejected 1");
	box_configure(feeder, "bgp 200\nundo network 10.1.0.0 16");
	sim_run_for(10 * SIM_SECOND);
	box_expect(a, "display configuration trial status", "ACTIVE", NULL);
	box_configure(feeder, "bgp 200\nundo network 10.3.0.0 16");
	expect_rolled_back("accepted routes lost: 2 of 5 (40%), allowed 1");
	begin_trial("commit trial 600 guard no-session-reset");
	box_run(feeder, "reset bgp all");
	expect_rolled_back("sessions lost: 1, allowed 0");
	// Without the word nobody watches.
	lines("system-view\ncommit-guard max-rejected 0\ncommit\nsysname T\ncommit trial\nreturn");
	box_configure(feeder, "bgp 200\nundo network 10.2.0.0 16");
	sim_run_for(10 * SIM_SECOND);
	box_expect(a, "display configuration trial status", "ACTIVE", NULL);
	lines("system-view\ncommit\nreturn");
	// What stands is watched with it.
	lines("system-view\nsysname U\ncommit trial 600 guard\nreturn");
	box_configure(feeder, "bgp 200\nundo network 10.4.0.0 16");
	sim_run_for(10 * SIM_SECOND);
	box_expect(a, "display configuration trial status", "INACTIVE", NULL);
	box_expect(a, "display configuration commit list verbose 1",
		   "Description: a limit of the guard was passed: accepted routes lost: 1 of 2 "
		   "(50%), allowed 0 [commit-guard]\n",
		   NULL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_limits),        CASE(test_sessions),  CASE(test_protected),
		CASE(test_no_limits),     CASE(test_standing),  CASE(test_other_ways),
		CASE(test_two_operators), CASE(test_overtaken), CASE(test_interrupted),
		CASE(test_trial_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
