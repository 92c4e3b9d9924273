// The store: the running tree and what stands on disk for it.
//
//   STATE-DIR/running.cfg   a heading line, then the text of the configuration as last committed
//     !afresh commit 12 from 0123456789abcdef text 89abcdef01234567
//   CONFIG (the -f file)    the text as last saved, or as written by hand
//
// `from` is the hash of CONFIG as it was when this running.cfg was written, `text` that of what
// follows the heading: a file that does not match its own heading is not believed. The rule at
// start stands in conf.h. A running.cfg that loses against a CONFIG edited by hand is kept as
// running.cfg.old, so that commits which were never saved can still be found.
#include "conf/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/file.h"
#include "conf/key.h"

struct conf_store {
	char *running_path, *config_path; // owned; NULL: none
	const struct file_ops *ops;
	struct conf_tree running;
	uint32_t number;
	uint64_t from; // hash of the configuration file that the next running.cfg belongs to
};

struct conf_store *conf_store_open(const char *state_dir, const char *config_file)
{
	struct conf_store *s = MEM_NEW(struct conf_store);

	if (state_dir)
		s->running_path = mem_format("%s/running.cfg", state_dir);
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
	mem_free(s->running_path);
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

static void keep_old(struct conf_store *s)
{
	char *old = mem_format("%s.old", s->running_path);

	if (s->ops->rename(s->running_path, old) != 0)
		log_warning("configuration: %s cannot be kept as %s", s->running_path, old);
	mem_free(old);
}

// Which of the two is it to be? running: whole, with its heading cut off.
static bool running_wins(const struct conf_store *s, const struct heading *h, bool config_missing,
			 const struct buf *config)
{
	return config_missing || h->from == hash_bytes(config->data, config->len);
}

bool conf_store_startup(struct conf_store *s, struct buf *ret_text, const char **ret_name,
			struct buf *error)
{
	struct buf config = {0}, running = {0};
	bool config_missing = true, missing = true, whole;
	struct heading h;

	*ret_name = s->config_path ? s->config_path : "configuration";
	if (s->config_path && !file_read(s->config_path, &config, &config_missing, error) &&
	    !config_missing)
		return false;
	whole = s->running_path && file_read(s->running_path, &running, &missing, error) &&
		heading_take(&running, &h);
	if (!whole && !missing && error->len) {
		buf_free(&config);
		return false;
	}
	if (whole) {
		s->number = h.number;
	} else if (!missing) {
		log_warning("configuration: %s is not whole and not used", s->running_path);
		keep_old(s);
	}
	if (whole && running_wins(s, &h, config_missing, &config)) {
		s->from = h.from;
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

void conf_store_start(struct conf_store *s, const struct conf_tree *t)
{
	take_over(s, t);
}

const struct conf_tree *conf_store_running(const struct conf_store *s)
{
	return &s->running;
}

uint32_t conf_store_number(const struct conf_store *s)
{
	return s->number;
}

static enum file_result write_running(struct conf_store *s, const struct buf *text, uint32_t number,
				      struct buf *error)
{
	struct buf file = {0};

	if (!s->running_path)
		return FILE_NEW;
	buf_format(&file, "!afresh commit %" PRIu32 " from %016" PRIx64 " text %016" PRIx64 "\n",
		   number, s->from, hash_bytes(text->data, text->len));
	buf_put(&file, text->data, text->len);
	enum file_result result = file_replace(s->ops, s->running_path, &file, error);
	buf_free(&file);
	return result;
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

bool conf_store_commit(struct conf_store *s, const struct conf_tree *next, struct buf *error)
{
	struct buf text = {0};

	conf_print(next, &text);
	enum file_result result = write_running(s, &text, s->number + 1, error);
	buf_free(&text);
	if (result == FILE_UNCERTAIN)
		take_back(s);
	if (result != FILE_NEW)
		return false;
	s->number++;
	take_over(s, next);
	return true;
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
		// file just saved wins at the next start: it has the same content.
		s->from = hash_bytes(text.data, text.len);
		done = write_running(s, &text, s->number, error) == FILE_NEW;
	}
	buf_free(&text);
	return done;
}
