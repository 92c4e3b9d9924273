// The history: records and trees survive a restart, a torn end and a record ahead of its commit are
// cut off, a full disk at any step leaves history and store in agreement, and it stays bounded.
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
#include "conf/file.h"
#include "conf/history.h"
#include "conf/test_rows.h"

static const struct row name_row = {.views = "system", .grammar = "sysname", .order = 10};

static char dir[64], path[96]; // file-scope: set-up and tests share them

static int set_up(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/conf_history_test.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/history.journal", dir);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"running.cfg", "commits.journal", "history.journal"};
	char name[200];

	for (unsigned i = 0; i < 9; i++) {
		static const char *const ends[] = {"", ".old", ".new"};
		snprintf(name, sizeof(name), "%s/%s%s", dir, names[i / 3], ends[i % 3]);
		unlink(name);
	}
	return rmdir(dir);
}

static void no_log(enum log_level level, const char *line, void *arg)
{
}

// --- configurations of one name --------------------------------------------------------------------
static void name_set(struct conf_tree *t, const char *name)
{
	struct conf_path top = {0};
	char word[64];

	snprintf(word, sizeof(word), "~name:%s", name);
	struct conf_line *l = LINE(&name_row, "sysname", word);
	conf_set(t, &top, l);
	conf_line_unref(l);
}

static const char *name_of(const struct conf_tree *t)
{
	const struct conf_node *n = conf_find_row(t->root, &name_row);

	return n ? conf_line_word(n->line, 1) : "";
}

static bool read_text(void *arg, const struct buf *text, bool difference, struct conf_tree *t,
		      struct buf *errors)
{
	const char *found = strstr(buf_cstr(text), difference ? "+ sysname " : "sysname ");
	char name[64] = "";

	if (strstr(buf_cstr(text), "sysname unreadable")) {
		buf_text(errors, "line 2: Error: Unrecognized command.\n");
		return false;
	}
	if (found && sscanf(strstr(found, "sysname "), "sysname %63s", name) == 1)
		name_set(t, name);
	return true;
}

static int no_fsync(int fd) // nobody pulls the plug here, and disks are slow
{
	return 0;
}

static int plain_open(const char *name, int flags, mode_t mode)
{
	return open(name, flags, mode);
}

static const struct file_ops quick_ops = {plain_open, write,  ftruncate, no_fsync,
					  close,      rename, unlink};

static const struct file_ops *start_ops = &quick_ops; // file-scope: for the starts of one test

static struct conf_store *start(void)
{
	static const struct conf_reader reader = {.read = read_text};
	struct conf_store *s = conf_store_open(dir, NULL);
	struct buf text = {0}, error = {0};
	struct conf_tree t;
	const char *at, *name;

	conf_store_set_ops(s, start_ops);
	assert_true(conf_store_startup(s, &text, &name, &error));
	conf_tree_init(&t);
	for (at = buf_cstr(&text); (at = strstr(at, "sysname ")); at++) {
		char word[64];
		if ((at == buf_cstr(&text) || at[-1] == '\n' || at[-2] == '+') &&
		    sscanf(at, "sysname %63s", word) == 1)
			name_set(&t, word);
	}
	conf_history_set_reader(conf_store_history(s), &reader);
	conf_store_start(s, &t);
	conf_tree_free(&t);
	buf_free(&text);
	buf_free(&error);
	return s;
}

static bool commit(struct conf_store *s, const char *name, const char *description,
		   struct buf *error)
{
	struct conf_commit c = {.time = 1700000000000000};
	struct conf_tree t = conf_tree_clone(conf_store_running(s));

	c.word[COMMIT_USER] = "tester";
	c.word[COMMIT_DESCRIPTION] = (char *)description;
	c.word[COMMIT_PLAN] = "first line\nsecond line\n";
	name_set(&t, name);
	bool done = conf_store_commit_as(s, &t, &c, error);
	conf_tree_free(&t);
	return done;
}

static void commit_well(struct conf_store *s, const char *name)
{
	struct buf error = {0};

	assert_true(commit(s, name, name, &error));
	buf_free(&error);
}

static void check_tree(struct conf_store *s, uint32_t number, const char *name)
{
	struct buf error = {0};
	struct conf_tree t;

	if (!conf_history_tree(conf_store_history(s), number, &t, &error))
		fail_msg("%u: %s", number, buf_cstr(&error));
	assert_string_equal(name_of(&t), name);
	conf_tree_free(&t);
}

static void refuse_tree(struct conf_store *s, uint32_t number, const char *why)
{
	struct buf error = {0};
	struct conf_tree t;

	assert_false(conf_history_tree(conf_store_history(s), number, &t, &error));
	if (!strstr(buf_cstr(&error), why))
		fail_msg("%s", buf_cstr(&error));
	buf_free(&error);
}

// The last record is of what runs, and each before it is one less.
static void check_consistent(struct conf_store *s)
{
	struct conf_history *h = conf_store_history(s);
	unsigned count = conf_history_count(h);

	assert_int_equal(count, conf_store_number(s));
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(conf_history_get(h, i)->number, count - i);
	check_tree(s, count, name_of(conf_store_running(s)));
}

// In haste: nothing need be durable here.
static void put_bytes(const char *name, const struct buf *b, size_t n)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(buf_cstr(b), 1, n, f), n);
	fclose(f);
}

// --- tests ------------------------------------------------------------------------------------------
static void test_restart(void **state)
{
	struct buf error = {0};
	struct conf_store *s = start();

	commit_well(s, "one");
	commit_well(s, "two");
	assert_true(conf_history_amend(conf_store_history(s), 1, COMMIT_LABEL, "good", &error));
	assert_false(conf_history_amend(conf_store_history(s), 9, COMMIT_LABEL, "x", &error));
	conf_store_free(s);
	s = start();
	commit_well(s, "three");
	check_consistent(s);
	const struct conf_commit *c = conf_history_labelled(conf_store_history(s), "good");
	assert_int_equal(c->number, 1);
	assert_int_equal(c->time, 1700000000000000);
	assert_string_equal(c->word[COMMIT_USER], "tester");
	assert_string_equal(c->word[COMMIT_PLAN], "first line\nsecond line");
	assert_null(c->word[COMMIT_REPORT]);
	static const char *const names[] = {"", "one", "two", "three"};
	for (unsigned i = 4; i-- > 0;)
		check_tree(s, i, names[i]);
	refuse_tree(s, 4, "is not kept");
	assert_true(conf_history_amend(conf_store_history(s), 1, COMMIT_LABEL, NULL, &error));
	conf_store_free(s);
	s = start();
	assert_null(conf_history_labelled(conf_store_history(s), "good"));
	conf_store_free(s);
	buf_free(&error);
}

// Wherever the power went: what is whole counts, what is not has never been.
static void test_torn(void **state)
{
	struct buf error = {0}, file = {0}, journal = {0};
	struct conf_store *s = start();
	char journal_path[96];

	snprintf(journal_path, sizeof(journal_path), "%s/commits.journal", dir);
	commit_well(s, "one");
	commit_well(s, "two");
	conf_store_free(s);
	assert_true(conf_read_file(journal_path, &journal, &error));
	s = start();
	commit_well(s, "three");
	conf_store_free(s);
	assert_true(conf_read_file(path, &file, &error));
	// The record was written, the commit was not.
	put_bytes(journal_path, &journal, journal.len);
	s = start();
	check_consistent(s);
	assert_string_equal(name_of(conf_store_running(s)), "two");
	commit_well(s, "other");
	check_consistent(s);
	conf_store_free(s);
	// Torn in the middle of anything, it begins anew with what runs.
	for (size_t cut = 0; cut < file.len; cut += 7) {
		put_bytes(path, &file, cut);
		s = start();
		assert_int_equal(conf_store_number(s), 3);
		check_tree(s, 3, "other");
		commit_well(s, "other");
		check_tree(s, 4, "other");
		conf_store_free(s);
		put_bytes(journal_path, &journal, journal.len);
		put_bytes(path, &file, file.len);
		s = start();
		commit_well(s, "other");
		conf_store_free(s);
	}
	buf_free(&file);
	buf_free(&journal);
	buf_free(&error);
}

// Any byte may be wrong: what runs stands, and the history goes on from what is believed.
static void test_damaged(void **state)
{
	struct buf error = {0}, file = {0}, running = {0}, journal = {0};
	struct conf_store *s = start();
	char running_path[96], journal_path[96];

	snprintf(running_path, sizeof(running_path), "%s/running.cfg", dir);
	snprintf(journal_path, sizeof(journal_path), "%s/commits.journal", dir);
	commit_well(s, "one");
	commit_well(s, "two");
	assert_true(conf_history_amend(conf_store_history(s), 1, COMMIT_LABEL, "good", &error));
	conf_store_free(s);
	assert_true(conf_read_file(path, &file, &error));
	assert_true(conf_read_file(running_path, &running, &error));
	assert_true(conf_read_file(journal_path, &journal, &error));
	for (size_t at = 0; at < file.len; at += 2) {
		file.data[at] ^= 1u << at % 8;
		put_bytes(path, &file, file.len);
		file.data[at] ^= 1u << at % 8;
		s = start();
		assert_int_equal(conf_store_number(s), 2);
		check_tree(s, 2, "two");
		const struct conf_commit *c = conf_history_find(conf_store_history(s), 1);
		if (c)
			assert_int_equal(c->time, 1700000000000000);
		commit_well(s, "three");
		conf_store_free(s);
		s = start();
		check_tree(s, 3, "three");
		check_tree(s, 2, "two");
		conf_store_free(s);
		put_bytes(running_path, &running, running.len);
		put_bytes(journal_path, &journal, journal.len);
	}
	buf_free(&file);
	buf_free(&running);
	buf_free(&journal);
	buf_free(&error);
}

// A record that came before is none that comes now.
static void test_out_of_order(void **state)
{
	struct buf error = {0}, file = {0};
	struct conf_store *s = start();

	commit_well(s, "one");
	commit_well(s, "two");
	conf_store_free(s);
	assert_true(conf_read_file(path, &file, &error));
	const char *one = strstr(buf_cstr(&file), "!afresh record change 1 ");
	const char *two = strstr(buf_cstr(&file), "!afresh record change 2 ");
	assert_true(one && one < two);
	struct buf twice = {0};
	buf_put(&twice, file.data, file.len);
	buf_put(&twice, one, (size_t)(two - one));
	put_bytes(path, &twice, twice.len);
	s = start();
	check_consistent(s);
	assert_int_equal(conf_history_count(conf_store_history(s)), 2);
	conf_store_free(s);
	buf_free(&twice);
	buf_free(&file);
	buf_free(&error);
}

static void test_unreadable(void **state)
{
	struct conf_store *s = start();

	commit_well(s, "one");
	commit_well(s, "unreadable");
	commit_well(s, "three");
	conf_store_free(s);
	s = start();
	refuse_tree(s, 2, "line 2: Error: Unrecognized command.");
	check_tree(s, 1, "one");
	check_tree(s, 3, "three");
	conf_store_free(s);
}

static void test_bounded(void **state)
{
	struct conf_store *s = start();
	struct stat st;
	char name[16];

	for (unsigned i = 1; i <= 1300; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		commit_well(s, name);
		snprintf(name, sizeof(name), "n%u", i - CONF_HISTORY_KEPT);
		if (i > CONF_HISTORY_KEPT) // what the oldest one that can be taken back began from
			check_tree(s, i - CONF_HISTORY_KEPT, name);
		if (i == 250 || i == 900) {
			conf_store_free(s);
			s = start();
		}
	}
	for (unsigned twice = 0; twice < 2; twice++) {
		for (unsigned i = 1300 - CONF_HISTORY_KEPT; i <= 1300; i++) {
			snprintf(name, sizeof(name), "n%u", i);
			check_tree(s, i, name);
		}
		refuse_tree(s, 1000, "is not kept");
		unsigned count = conf_history_count(conf_store_history(s));
		assert_in_range(count, CONF_HISTORY_LISTED,
				CONF_HISTORY_LISTED + 2 * CONF_HISTORY_KEPT);
		assert_int_equal(conf_history_get(conf_store_history(s), 0)->number, 1300);
		conf_store_free(s);
		s = start();
	}
	conf_store_free(s);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 1, 300 * 1300);
}

// --- failure injection ------------------------------------------------------------------------------
static int calls_left; // file-scope: system calls carry no context

static bool now_fails(void)
{
	errno = ENOSPC;
	return calls_left-- == 0;
}

static int failing_open(const char *name, int flags, mode_t mode)
{
	return now_fails() ? -1 : open(name, flags, mode);
}

static ssize_t failing_write(int fd, const void *p, size_t n)
{
	return now_fails() ? -1 : write(fd, p, n > 100 ? 100 : n);
}

static int failing_fsync(int fd)
{
	return now_fails() ? -1 : 0;
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

static void test_full_disk(void **state)
{
	struct buf error = {0};
	struct conf_store *s = start();

	for (unsigned round = 0; round < 3; round++) {
		const char *name = round % 2 ? "odd" : "even";
		uint32_t number = conf_store_number(s);
		for (int i = 0;; i++) {
			conf_store_set_ops(s, &failing_ops);
			calls_left = i;
			buf_clear(&error);
			if (commit(s, name, "a note", &error))
				break;
			assert_memory_equal(buf_cstr(&error), "Error: Failed to ", 17);
			assert_int_equal(conf_store_number(s), number);
			check_consistent(s);
			conf_store_set_ops(s, &quick_ops);
			conf_store_free(s);
			s = start(); // a crash now
			assert_int_equal(conf_store_number(s), number);
			check_consistent(s);
		}
		conf_store_set_ops(s, &quick_ops);
		check_consistent(s);
	}
	conf_store_free(s);
	buf_free(&error);
}

// --- the way back -----------------------------------------------------------------------------------
static unsigned whole_reads; // file-scope: what the readers below did

static bool read_counted(void *arg, const struct buf *text, bool difference, struct conf_tree *t,
			 struct buf *errors)
{
	whole_reads += !difference;
	return read_text(arg, text, difference, t, errors);
}

static bool read_difference(void *arg, const struct buf *text, struct conf_diff *ret,
			    struct buf *errors)
{
	const struct conf_path top = {0};
	const char *at = buf_cstr(text);
	char sign, name[64], word[80];

	*ret = (struct conf_diff){0};
	for (; sscanf(at, "%c sysname %63s", &sign, name) == 2; at = strchr(at, '\n') + 1) {
		snprintf(word, sizeof(word), "~name:%s", name);
		struct conf_line *l = LINE(&name_row, "sysname", word);
		conf_diff_add(ret, &top, sign == '-' ? l : NULL, sign == '-' ? NULL : l);
		conf_line_unref(l);
	}
	return !strstr(buf_cstr(text), "+ sysname unreadable");
}

static struct conf_store *start_with_way_back(void)
{
	static const struct conf_reader reader = {.read = read_counted,
						  .read_difference = read_difference};
	struct conf_store *s = start();

	conf_history_set_reader(conf_store_history(s), &reader);
	whole_reads = 0;
	return s;
}

// From what runs, differences lead back: no whole configuration is read. Where one of them cannot be,
// the way on from the beginning is taken.
static void test_way_back(void **state)
{
	static const char *const names[] = {"", "one", "two", "three", "unreadable", "five", "six"};
	struct conf_store *s = start();

	for (unsigned i = 1; i <= 6; i++)
		commit_well(s, names[i]);
	conf_store_free(s);
	s = start_with_way_back();
	check_tree(s, 5, "five");
	check_tree(s, 4, "unreadable");
	assert_int_equal(whole_reads, 0);
	check_tree(s, 3, "three");
	assert_int_equal(whole_reads, 1);
	check_tree(s, 0, "");
	check_tree(s, 1, "one");
	assert_int_equal(whole_reads, 1);
	for (unsigned i = 0; i <= 6; i++)
		check_tree(s, i, names[i]);
	conf_store_free(s);
	s = start_with_way_back();
	commit_well(s, "seven");
	commit_well(s, "seven");
	check_tree(s, 8, "seven");
	check_tree(s, 5, "five");
	conf_store_free(s);
	s = start_with_way_back();
	check_tree(s, 7, "seven"); // nothing was changed from this one to the next
	check_tree(s, 6, "six");
	assert_int_equal(whole_reads, 0);
	conf_store_free(s);
}

// A configuration that came from elsewhere follows from nothing: there is no way back across it.
static void test_no_way_back(void **state)
{
	char name[96];
	struct conf_store *s = start();

	commit_well(s, "one");
	commit_well(s, "two");
	conf_store_free(s);
	snprintf(name, sizeof(name), "%s/running.cfg", dir);
	assert_int_equal(unlink(name), 0);
	snprintf(name, sizeof(name), "%s/commits.journal", dir);
	assert_int_equal(unlink(name), 0);
	s = start_with_way_back();
	commit_well(s, "four");
	conf_store_free(s);
	s = start_with_way_back();
	check_tree(s, 3, "");
	assert_int_equal(whole_reads, 0);
	check_tree(s, 2, "two");
	check_tree(s, 1, "one");
	assert_int_equal(whole_reads, 1);
	conf_store_free(s);
}

// The disk refuses once, and the next commit takes the place of the one that was refused.
static void test_refused_once(void **state)
{
	struct buf error = {0};
	struct conf_store *s = start();
	unsigned refused = 0;

	commit_well(s, "first");
	for (int i = 0; i < 30; i++) { // more calls than a commit makes
		char name[16];
		snprintf(name, sizeof(name), "n%d", i);
		conf_store_set_ops(s, &failing_ops);
		calls_left = i;
		refused += !commit(s, "refused", "a note", &error);
		conf_store_set_ops(s, &quick_ops);
		uint32_t number = conf_store_number(s);
		commit_well(s, name);
		conf_store_free(s);
		s = start();
		check_consistent(s);
		check_tree(s, number + 1, name);
		const struct conf_commit *c = conf_history_get(conf_store_history(s), 0);
		assert_string_equal(c->word[COMMIT_DESCRIPTION], name);
	}
	assert_in_range(refused, 8,
			29); // by the history and by the journal; a failing close is none
	conf_store_free(s);
	buf_free(&error);
}

// What could not be written at start goes out ahead of the first record, or the commit is refused.
static void test_full_disk_at_start(void **state)
{
	struct buf error = {0};
	bool good = false;

	for (int later = 0; !good; later++) {
		tear_down(NULL);
		set_up(NULL);
		start_ops = &failing_ops;
		calls_left = 0; // the history's beginning
		struct conf_store *s = start();
		start_ops = &quick_ops;
		conf_store_set_ops(s, &failing_ops);
		calls_left = later;
		good = commit(s, "one", "a note", &error);
		conf_store_set_ops(s, &quick_ops);
		if (!good)
			commit_well(s, "one");
		conf_store_free(s);
		s = start();
		check_consistent(s);
		check_tree(s, 0, "");
		check_tree(s, 1, "one");
		conf_store_free(s);
	}
	buf_free(&error);
}

static void test_amended_or_not(void **state)
{
	struct buf error = {0};
	struct conf_store *s = start();
	struct conf_history *h = conf_store_history(s);
	unsigned refused = 0;

	conf_store_set_ops(s, &failing_ops);
	calls_left = 1000;
	commit_well(s, "one"); // the history now writes by these, too
	for (calls_left = 0; !conf_history_amend(h, 1, COMMIT_LABEL, "good", &error);
	     calls_left = (int)++refused) {
		assert_memory_equal(buf_cstr(&error), "Error: Failed to ", 17);
		assert_null(conf_history_labelled(h, "good"));
		buf_clear(&error);
	}
	assert_true(refused);
	assert_non_null(conf_history_labelled(h, "good"));
	conf_store_free(s);
	buf_free(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_out_of_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_way_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_way_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk_at_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_amended_or_not, set_up, tear_down),
	};

	log_set_sink(no_log, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
