// The store: which file wins at start, commits and saves that fail at every possible step, and
// files that are torn. Every system call of a write is made to fail once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/file.h"
#include "conf/test_rows.h"

static const struct row name_row = {.views = "system", .grammar = "sysname", .order = 10};

static char dir[64], state_dir[80], config_path[96], running_path[96];

static int set_up(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/conf_store_test.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
	snprintf(config_path, sizeof(config_path), "%s/afresh.cfg", dir);
	snprintf(running_path, sizeof(running_path), "%s/running.cfg", state_dir);
	return mkdir(state_dir, 0700);
}

static int tear_down(void **state)
{
	static const char *const names[] = {
		"state/running.cfg",     "state/running.cfg.old",     "state/running.cfg.new",
		"state/commits.journal", "state/commits.journal.old", "state/commits.journal.new",
		"state/history.journal", "state/history.journal.new", "afresh.cfg",
		"afresh.cfg.new"};
	char path[200];

	for (unsigned i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(state_dir);
	return rmdir(dir);
}

static struct conf_tree tree_named(const char *name)
{
	struct conf_path top = {0};
	struct conf_tree t;
	char word[64];

	snprintf(word, sizeof(word), "~name:%s", name);
	conf_tree_init(&t);
	if (!*name)
		return t;
	struct conf_line *l = LINE(&name_row, "sysname", word);
	conf_set(&t, &top, l);
	conf_line_unref(l);
	return t;
}

static bool commit(struct conf_store *s, const char *name, struct buf *error)
{
	struct conf_tree t = tree_named(name);
	bool done = conf_store_commit(s, &t, error);

	conf_tree_free(&t);
	return done;
}

static void put_bytes(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

static void put_file(const char *path, const char *text)
{
	struct buf error = {0};

	assert_true(conf_write_file(path, text, strlen(text), &error));
	assert_int_equal(error.len, 0);
}

// The name that a daemon started now would have; differences are read as cli_load does.
static void read_name(const char *text, char name[64])
{
	name[0] = '\0';
	for (const char *p = text; (p = strstr(p, "sysname ")); p++)
		if (p == text || p[-1] == '\n' || p[-2] == '+')
			sscanf(p, "sysname %63s", name);
}

static void no_log(enum log_level level, const char *line, void *arg)
{
}

static void check_startup(const char *expected, const char *expected_path, uint32_t number)
{
	struct conf_store *s = conf_store_open(state_dir, config_path);
	struct buf text = {0}, error = {0};
	const char *name;
	char found[64];

	assert_true(conf_store_startup(s, &text, &name, &error));
	read_name(buf_cstr(&text), found);
	assert_string_equal(found, expected);
	if (expected_path) {
		assert_string_equal(name, expected_path);
		assert_int_equal(conf_store_number(s), number);
	}
	assert_int_equal(error.len, 0);
	buf_free(&text);
	conf_store_free(s);
}

// What main/ does at start.
static struct conf_store *start(void)
{
	struct conf_store *s = conf_store_open(state_dir, config_path);
	struct buf text = {0}, error = {0};
	const char *name;
	char found[64];

	assert_true(conf_store_startup(s, &text, &name, &error));
	read_name(buf_cstr(&text), found);
	struct conf_tree t = tree_named(found);
	conf_store_start(s, &t);
	conf_tree_free(&t);
	buf_free(&text);
	buf_free(&error);
	return s;
}

static void test_which_wins(void **state)
{
	struct buf error = {0};
	struct conf_store *s;

	check_startup("", config_path, 0); // nothing at all is no error
	put_file(config_path, "#\nsysname hand\n#\nreturn\n");
	check_startup("hand", config_path, 0);
	// A commit that was not saved survives.
	s = start();
	assert_true(commit(s, "one", &error));
	assert_int_equal(conf_store_number(s), 1);
	conf_store_free(s);
	check_startup("one", running_path, 1);
	// Saved: both say the same, and further commits count on.
	s = start();
	assert_true(conf_store_save(s, NULL, &error));
	assert_true(commit(s, "two", &error));
	conf_store_free(s);
	check_startup("two", running_path, 2);
	// The file is edited by hand: it wins, and the lost commits can be found.
	put_file(config_path, "#\nsysname new\n#\nreturn\n");
	check_startup("new", config_path, 2);
	char old[120];
	snprintf(old, sizeof(old), "%s.old", running_path);
	assert_int_equal(access(old, F_OK), 0);
	assert_int_equal(error.len, 0);
	buf_free(&error);
}

static void test_torn_running(void **state)
{
	struct buf error = {0}, file = {0};
	struct conf_store *s;
	bool missing;

	put_file(config_path, "sysname hand\n");
	s = start();
	assert_true(commit(s, "one", &error));
	conf_store_free(s);
	check_startup("one", running_path, 1);
	assert_true(file_read(running_path, &file, &missing, &error));
	for (size_t cut = 0; cut < file.len; cut++) {
		put_bytes(running_path, file.data, cut);
		check_startup("hand", config_path, 0);
	}
	file.data[file.len - 3] ^= 1;
	put_bytes(running_path, file.data, file.len);
	check_startup("hand", config_path, 0);
	buf_free(&file);
	buf_free(&error);
}

static void test_torn_journal(void **state)
{
	struct buf error = {0}, file = {0};
	struct conf_store *s = start();
	size_t ends[4] = {0};
	bool missing;
	char path[120];

	snprintf(path, sizeof(path), "%s/commits.journal", state_dir);
	static const char *const names[] = {"", "one", "two", "three"};
	for (unsigned i = 1; i < 4; i++) {
		assert_true(commit(s, names[i], &error));
		buf_clear(&file);
		assert_true(file_read(path, &file, &missing, &error));
		ends[i] = file.len;
	}
	conf_store_free(s);
	check_startup("three", running_path, 3);
	for (size_t cut = 0; cut <= file.len; cut++) {
		unsigned whole = 0;
		while (whole < 3 && cut >= ends[whole + 1])
			whole++;
		put_bytes(path, file.data, cut);
		check_startup(names[whole], running_path, whole);
	}
	// What follows a torn end is written over it, also when it is shorter.
	put_bytes(path, file.data, file.len - 1);
	s = start();
	assert_int_equal(conf_store_number(s), 2);
	assert_true(commit(s, "x", &error));
	conf_store_free(s);
	check_startup("x", running_path, 3);
	for (size_t at = 0; at < ends[1]; at++) { // any bit that is wrong ends it
		file.data[at] ^= 4;
		put_bytes(path, file.data, file.len);
		s = conf_store_open(state_dir, config_path);
		struct buf text = {0};
		const char *name;
		assert_true(conf_store_startup(s, &text, &name, &error));
		conf_store_free(s);
		buf_free(&text);
		file.data[at] ^= 4;
	}
	buf_free(&file);
	buf_free(&error);
}

// --- failure injection ------------------------------------------------------------------------------
static int calls_left; // file-scope: system calls carry no context

static bool now_fails(void)
{
	errno = ENOSPC;
	return calls_left-- == 0;
}

static int failing_open(const char *path, int flags, mode_t mode)
{
	return now_fails() ? -1 : open(path, flags, mode);
}

static ssize_t failing_write(int fd, const void *p, size_t n)
{
	return now_fails() ? -1 : write(fd, p, n > 7 ? 7 : n); // short writes too
}

static int failing_fsync(int fd)
{
	return now_fails() ? -1 : 0; // nobody pulls the plug here, and disks are slow
}

static int failing_close(int fd)
{
	int done = close(fd);
	return now_fails() ? -1 : done;
}

static int failing_rename(const char *from, const char *to)
{
	return now_fails() ? -1 : rename(from, to);
}

static int failing_truncate(int fd, off_t size)
{
	return now_fails() ? -1 : ftruncate(fd, size);
}

static const struct file_ops failing_ops = {failing_open,  failing_write, failing_truncate,
					    failing_fsync, failing_close, failing_rename,
					    unlink};

// Commits with every system call failing in turn, until one gets through.
static void fail_commits(struct conf_store *s, const char *from, const char *to, unsigned at_least)
{
	struct buf error = {0};
	uint32_t number = conf_store_number(s);
	unsigned refused = 0;

	conf_store_set_ops(s, &failing_ops);
	for (int i = 0;; i++) {
		calls_left = i;
		buf_clear(&error);
		if (commit(s, to, &error))
			break;
		refused++;
		assert_memory_equal(buf_cstr(&error), "Error: Failed to ", 17);
		assert_non_null(strstr(buf_cstr(&error), "No space left on device"));
		assert_int_equal(conf_store_number(s), number);
		check_startup(from, running_path, number);
		char beside[120];
		snprintf(beside, sizeof(beside), "%s.new", running_path);
		assert_int_equal(access(beside, F_OK), -1);
	}
	assert_true(refused >= at_least);
	check_startup(to, running_path, number + 1);
	conf_store_set_ops(s, &file_ops_system);
	buf_free(&error);
}

static void test_failures(void **state)
{
	struct buf error = {0};
	struct conf_store *s = start();
	char path[120];

	snprintf(path, sizeof(path), "%s/commits.journal", state_dir);
	fail_commits(s, "", "a", 10); // the journal's first record
	assert_int_equal(access(path, F_OK), 0);
	fail_commits(s, "a", "b", 10); // a record more
	conf_store_free(s);
	// The state directory cannot be written at start: the first commit writes all of it.
	tear_down(NULL);
	set_up(NULL);
	s = conf_store_open(state_dir, config_path);
	conf_store_set_ops(s, &failing_ops);
	struct conf_tree t = tree_named("c");
	calls_left = 0;
	conf_store_start(s, &t);
	conf_tree_free(&t);
	for (int i = 0;; i++) {
		calls_left = i;
		if (commit(s, "d", &error))
			break;
		assert_int_equal(conf_store_number(s), 0);
	}
	check_startup("d", running_path, 1);
	conf_store_free(s);
	buf_free(&error);
}

static void test_save_failures(void **state)
{
	struct buf error = {0};
	struct conf_store *s = start();

	assert_false(conf_store_save(s, "/nowhere/at/all.cfg", &error));
	assert_string_equal(buf_cstr(&error), "Error: Failed to create /nowhere/at/all.cfg.new: No "
					      "such file or directory.\n");
	buf_clear(&error);
	assert_true(commit(s, "old", &error));
	assert_true(conf_store_save(s, NULL, &error));
	assert_true(commit(s, "new", &error));
	conf_store_set_ops(s, &failing_ops);
	for (int i = 0;; i++) {
		calls_left = i;
		buf_clear(&error);
		if (conf_store_save(s, NULL, &error))
			break;
		// The file that was saved may win by now, and says the same.
		check_startup("new", NULL, 2);
	}
	conf_store_free(s);
	s = conf_store_open(NULL, NULL);
	assert_true(commit(s, "memory", &error));
	assert_false(conf_store_save(s, NULL, &error));
	conf_store_free(s);
	buf_free(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_which_wins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn_running, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn_journal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_save_failures, set_up, tear_down),
	};

	log_set_sink(no_log, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
