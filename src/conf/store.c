// The store: the running tree and what stands on disk for it.
//
//   STATE-DIR/running.cfg      a heading line, then the text of a configuration that ran
//     !afresh commit 12 from 0123456789abcdef text 89abcdef01234567
//   STATE-DIR/commits.journal  the commits since, as differences (journal.c)
//   STATE-DIR/history.journal  who committed what, when and why (history.h)
//   CONFIG (the -f file)       the text as last saved, or as written by hand
//
// `from` is the hash of CONFIG as it was when this running.cfg was written, `text` that of what
// follows the heading: a file that does not match its own heading is not believed. The rule at
// start stands in conf.h. What loses against a CONFIG edited by hand is kept as running.cfg.old
// and commits.journal.old, so that commits which were never saved can still be found.
//
// running.cfg is written as a whole at start, by save, and by a commit that finds none to add to,
// or a journal that has grown larger than it is worth.
#include "conf/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/file.h"
#include "conf/journal.h"
#include "conf/key.h"
#include "conf/record.h"

struct conf_store {
	char *running_path, *config_path; // owned; NULL: none
	const struct file_ops *ops;
	struct conf_tree running;
	uint32_t number;
	uint64_t from; // hash of the configuration file that the next running.cfg belongs to
	struct journal journal;
	struct conf_history *history;
	bool based; // running.cfg is there for the journal to add to
};

#define JOURNAL_KEPT (1u << 20) // bytes that are taken over at start rather than written anew
#define JOURNAL_MAX  (1u << 26)

struct conf_store *conf_store_open(const char *state_dir, const char *config_file)
{
	struct conf_store *s = MEM_NEW(struct conf_store);

	if (state_dir)
		s->running_path = mem_format("%s/running.cfg", state_dir);
	if (state_dir)
		s->journal.path = mem_format("%s/commits.journal", state_dir);
	char *history = state_dir ? mem_format("%s/history.journal", state_dir) : NULL;
	s->history = history_new(history);
	mem_free(history);
	s->config_path = mem_text(config_file);
	s->ops = &file_ops_system;
	conf_tree_init(&s->running);
	s->from = hash_bytes("", 0);
	return s;
}

void conf_store_free(struct conf_store *s)
{
	if (!s)
		return;
	conf_tree_free(&s->running);
	history_free(s->history);
	mem_free(s->running_path);
	mem_free(s->journal.path);
	mem_free(s->config_path);
	mem_free(s);
}

void conf_store_set_ops(struct conf_store *s, const struct file_ops *ops)
{
	s->ops = ops;
}

struct heading {
	uint32_t number;
	uint64_t from, text;
};

// Reads and checks the heading, and cuts it off. false: this is no whole running.cfg of ours.
static bool heading_take(struct buf *file, struct heading *ret)
{
	const char *text = buf_cstr(file);
	const char *end = memchr(text, '\n', file->len);
	int used = -1;

	if (!end ||
	    sscanf(text, "!afresh commit %" SCNu32 " from %16" SCNx64 " text %16" SCNx64 "%n",
		   &ret->number, &ret->from, &ret->text, &used) != 3)
		return false;
	size_t heading = (size_t)(end - text) + 1;
	if (used < 0 || text + used != end || hash_bytes(end + 1, file->len - heading) != ret->text)
		return false;
	file->len -= heading;
	memmove(file->data, file->data + heading, file->len + 1);
	return true;
}

static void keep_one(struct conf_store *s, const char *path)
{
	char *old = mem_format("%s.old", path);

	if (s->ops->rename(path, old) != 0 && errno != ENOENT)
		log_warning("configuration: %s cannot be kept as %s", path, old);
	mem_free(old);
}

static void keep_old(struct conf_store *s)
{
	keep_one(s, s->running_path);
	keep_one(s, s->journal.path);
}

// Which of the two is it to be? running: whole, with its heading cut off.
static bool running_wins(const struct conf_store *s, const struct heading *h, bool config_missing,
			 const struct buf *config)
{
	return config_missing || h->from == hash_bytes(config->data, config->len);
}

// running.cfg with the commits since. false: there is none to be had, or (error) it cannot be read.
static bool read_running(struct conf_store *s, struct buf *ret, struct heading *h,
			 struct buf *error)
{
	bool missing = true;

	if (!s->running_path || !file_read(s->running_path, ret, &missing, error))
		return false;
	if (!heading_take(ret, h)) {
		log_warning("configuration: %s is not whole and not used", s->running_path);
		keep_old(s);
		return false;
	}
	s->number = h->number;
	return journal_read(&s->journal, h->text, ret, &s->number, error);
}

bool conf_store_startup(struct conf_store *s, struct buf *ret_text, const char **ret_name,
			struct buf *error)
{
	struct buf config = {0}, running = {0};
	bool config_missing = true, whole;
	struct heading h;

	*ret_name = s->config_path ? s->config_path : "configuration";
	if (s->config_path && !file_read(s->config_path, &config, &config_missing, error) &&
	    !config_missing)
		return false;
	whole = read_running(s, &running, &h, error);
	if (error->len) {
		buf_free(&config);
		buf_free(&running);
		return false;
	}
	if (whole && running_wins(s, &h, config_missing, &config)) {
		s->from = h.from;
		s->based = true;
		*ret_name = s->running_path;
		*ret_text = running;
		buf_free(&config);
		return true;
	}
	if (whole && (running.len != config.len || memcmp(running.data, config.data, config.len)))
		keep_old(s);
	s->from = hash_bytes(config.data, config.len);
	*ret_text = config;
	buf_free(&running);
	return true;
}

static void take_over(struct conf_store *s, const struct conf_tree *next)
{
	struct conf_tree old = s->running;

	s->running = conf_tree_clone(next);
	conf_tree_free(&old);
}

const struct conf_tree *conf_store_running(const struct conf_store *s)
{
	return &s->running;
}

struct conf_history *conf_store_history(struct conf_store *s)
{
	return s->history;
}

uint32_t conf_store_number(const struct conf_store *s)
{
	return s->number;
}

static enum file_result write_running(struct conf_store *s, const struct buf *text, uint32_t number,
				      struct buf *error)
{
	struct buf file = {0};
	uint64_t hash = hash_bytes(text->data, text->len);

	if (!s->running_path)
		return FILE_NEW;
	buf_format(&file, "!afresh commit %" PRIu32 " from %016" PRIx64 " text %016" PRIx64 "\n",
		   number, s->from, hash);
	buf_put(&file, text->data, text->len);
	enum file_result result = file_replace(s->ops, s->running_path, &file, error);
	buf_free(&file);
	if (result != FILE_OLD)
		journal_reset(&s->journal, s->ops, hash);
	s->based = result == FILE_NEW;
	return result;
}

// The history's last record is of what runs. Where it is not (the configuration file was edited by
// hand, the history got lost) there is one more, with all of the configuration.
static void start_history(struct conf_store *s)
{
	uint32_t last = history_open(s->history, s->ops, s->based ? s->number : UINT32_MAX);
	bool whole = !history_empty(s->history) && last == s->number;

	if (s->based && whole) {
		history_running(s->history, &s->running);
		return;
	}
	if (last > s->number)
		s->number = last;
	if (!history_empty(s->history) && !s->based)
		s->number++;
	history_begin(s->history, s->ops, s->number, &s->running);
}

void conf_store_start(struct conf_store *s, const struct conf_tree *t)
{
	struct buf text = {0}, error = {0};

	take_over(s, t);
	start_history(s);
	if (!s->running_path || (s->based && s->journal.size < JOURNAL_KEPT))
		return;
	// Nobody waits for this yet. If it cannot be written, the first commit will say so.
	conf_print(t, &text);
	if (write_running(s, &text, s->number, &error) != FILE_NEW)
		log_warning("configuration: %.*s", (int)strcspn(buf_cstr(&error), "\n"),
			    buf_cstr(&error));
	buf_free(&text);
	buf_free(&error);
}

// A commit that is refused must not come back after a crash: puts the old text in place again, as
// well as the disk still can.
static void take_back(struct conf_store *s)
{
	struct buf text = {0}, ignored = {0};

	conf_print(&s->running, &text);
	if (write_running(s, &text, s->number, &ignored) == FILE_OLD)
		log_error("configuration: %s holds a commit that was refused", s->running_path);
	buf_free(&text);
	buf_free(&ignored);
}

static bool commit_whole(struct conf_store *s, const struct conf_tree *next, struct buf *error)
{
	struct buf text = {0};

	conf_print(next, &text);
	enum file_result result = write_running(s, &text, s->number + 1, error);
	buf_free(&text);
	if (result == FILE_UNCERTAIN)
		take_back(s);
	return result == FILE_NEW;
}

static bool commit_on_disk(struct conf_store *s, const struct conf_tree *next,
			   const struct buf *difference, struct buf *error)
{
	if (s->based && s->journal.size < JOURNAL_MAX)
		return journal_add(&s->journal, s->ops, s->number + 1, difference, error);
	return s->running_path ? commit_whole(s, next, error) : true;
}

bool conf_store_commit_as(struct conf_store *s, const struct conf_tree *next,
			  const struct conf_commit *record, struct buf *error)
{
	struct conf_commit numbered = *record;
	struct buf difference = {0};
	struct conf_diff d;

	conf_diff(&s->running, next, &d);
	conf_diff_text(&d, &difference);
	conf_diff_free(&d);
	numbered.number = s->number + 1;
	// The record comes first: one whose commit never came to be is cut off at start.
	bool done = history_append(s->history, s->ops, &numbered, next, &difference, error);
	if (done && !commit_on_disk(s, next, &difference, error)) {
		history_withdraw(s->history, s->ops);
		done = false;
	}
	buf_free(&difference);
	if (!done)
		return false;
	s->number++;
	take_over(s, next);
	history_settle(s->history, s->ops);
	return true;
}

bool conf_store_commit(struct conf_store *s, const struct conf_tree *next, struct buf *error)
{
	return conf_store_commit_as(s, next, &(struct conf_commit){0}, error);
}

bool conf_store_save(struct conf_store *s, const char *path, struct buf *error)
{
	struct buf text = {0};
	bool own = !path || (s->config_path && strcmp(path, s->config_path) == 0);
	bool done = false;

	if (own)
		path = s->config_path;
	if (!path) {
		buf_text(error, "Error: No configuration file was named at start.\n");
		return false;
	}
	conf_print(&s->running, &text);
	done = file_replace(s->ops, path, &text, error) == FILE_NEW;
	if (done && own) {
		// From here on running.cfg belongs to the new file. Should this second step fail, the
		// file just saved wins at the next start: it has the same content. The journal is
		// then no place to commit to any more.
		s->based = false;
		s->from = hash_bytes(text.data, text.len);
		done = write_running(s, &text, s->number, error) == FILE_NEW;
	}
	buf_free(&text);
	return done;
}
