// The history in memory and on disk (history.h). Entries stand in the order of their commits. Each
// has its words, and as long as it is kept a body in the file, a tree in memory, or both:
//
//   words only ... words only | whole  change  change  change ... change (the last commit)
//                               ▲ the base: where reading begins
//
// What could not be written at start waits in `unsaved` and goes out ahead of the next record, so
// the file never lacks the base of a difference. Once there are twice as many as are to be kept,
// the file is written anew, beside the old one: what is left of the older half are its words.
#include "conf/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"
#include "conf/file.h"
#include "conf/record.h"

struct entry {
	struct conf_commit commit;
	enum record_kind kind;
	struct conf_tree tree; // root NULL: not read yet
	size_t body_at, body_size;
};
struct conf_history {
	char *path;         // owned; NULL: in memory
	struct vec entries; // struct entry *, oldest first
	size_t size;        // of the file, as far as it counts
	size_t size_before; // the last record: see history_withdraw
	struct buf unsaved; // goes out first
	struct conf_reader reader;
	const struct file_ops *ops;
};

#define SETTLE_COUNT (2 * CONF_HISTORY_KEPT)
#define SETTLE_BYTES (1u << 26)

struct conf_history *history_new(const char *path)
{
	struct conf_history *h = MEM_NEW(struct conf_history);

	h->path = mem_text(path);
	h->ops = &file_ops_system;
	return h;
}

static void entry_forget(struct entry *e)
{
	if (e->tree.root)
		conf_tree_free(&e->tree);
	e->tree.root = NULL;
}

static void entry_free(struct entry *e)
{
	entry_forget(e);
	commit_free(&e->commit);
	mem_free(e);
}

void history_free(struct conf_history *h)
{
	for (size_t i = 0; i < h->entries.count; i++)
		entry_free(h->entries.item[i]);
	vec_free(&h->entries);
	buf_free(&h->unsaved);
	mem_free(h->path);
	mem_free(h);
}

void conf_history_set_reader(struct conf_history *h, const struct conf_reader *r)
{
	h->reader = *r;
}

static struct entry *entry_at(const struct conf_history *h, size_t i)
{
	return h->entries.item[i];
}

static struct entry *entry_last(const struct conf_history *h)
{
	return h->entries.count ? entry_at(h, h->entries.count - 1) : NULL;
}

// The newest entry whose number is not above; its place + 1, 0: none.
static size_t place_of(const struct conf_history *h, uint32_t number)
{
	size_t low = 0, high = h->entries.count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (entry_at(h, middle)->commit.number <= number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *entry_find(const struct conf_history *h, uint32_t number)
{
	size_t place = place_of(h, number);
	struct entry *e = place ? entry_at(h, place - 1) : NULL;

	return e && e->commit.number == number ? e : NULL;
}

// --- what is listed ---------------------------------------------------------------------------------
// Number 0 is what the very first commit began from.
static bool is_listed(const struct entry *e)
{
	return e->commit.number && !e->commit.word[COMMIT_CLEARED];
}

unsigned conf_history_count(const struct conf_history *h)
{
	unsigned count = 0;

	for (size_t i = 0; i < h->entries.count; i++)
		count += is_listed(entry_at(h, i));
	return count;
}

const struct conf_commit *conf_history_get(const struct conf_history *h, unsigned i)
{
	for (size_t at = h->entries.count; at-- > 0;)
		if (is_listed(entry_at(h, at)) && i-- == 0)
			return &entry_at(h, at)->commit;
	return NULL;
}

const struct conf_commit *conf_history_find(const struct conf_history *h, uint32_t number)
{
	const struct entry *e = entry_find(h, number);

	return e && is_listed(e) ? &e->commit : NULL;
}

const struct conf_commit *conf_history_labelled(const struct conf_history *h, const char *label)
{
	for (size_t at = h->entries.count; at-- > 0;) {
		const struct entry *e = entry_at(h, at);
		const char *has = e->commit.word[COMMIT_LABEL];
		if (is_listed(e) && has && strcmp(has, label) == 0)
			return &e->commit;
	}
	return NULL;
}

// --- trees ------------------------------------------------------------------------------------------
static bool read_body(struct conf_history *h, const struct entry *e, const struct buf *file,
		      struct conf_tree *t, struct buf *error)
{
	struct buf text = {0};

	if (!h->reader.read || e->body_at + e->body_size > file->len) {
		buf_text(error, "Error: The configuration of that commit cannot be read.\n");
		return false;
	}
	buf_put(&text, file->data + e->body_at, e->body_size);
	bool done = h->reader.read(h->reader.arg, &text, e->kind == RECORD_CHANGE, t, error);
	buf_free(&text);
	return done;
}

// From the newest tree at hand that is not behind the wanted one, on to it. On the way each version
// is kept.
static bool read_on(struct conf_history *h, size_t from, size_t to, struct buf *error)
{
	struct buf file = {0};
	bool missing, done = true;

	if (!h->path || !file_read(h->path, &file, &missing, error)) {
		if (!error->len)
			buf_text(error, "Error: The configuration of that commit is not kept.\n");
		return false;
	}
	for (size_t i = from; done && i <= to; i++) {
		struct entry *e = entry_at(h, i);
		struct conf_tree t;
		if (e->tree.root)
			continue;
		if (e->kind == RECORD_WHOLE)
			conf_tree_init(&t);
		else
			t = conf_tree_clone(&entry_at(h, i - 1)->tree);
		done = read_body(h, e, &file, &t, error);
		if (done)
			e->tree = t;
		else
			conf_tree_free(&t);
	}
	buf_free(&file);
	return done;
}

// The place from which differences alone lead back to the one at `to`; 0: there is none.
static size_t place_behind(const struct conf_history *h, size_t to)
{
	for (size_t i = to + 1; h->reader.read_difference && i < h->entries.count; i++) {
		if (entry_at(h, i)->kind != RECORD_CHANGE)
			return 0;
		if (entry_at(h, i)->tree.root)
			return i;
	}
	return 0;
}

static bool step_back(struct conf_history *h, size_t from, const struct buf *file)
{
	const struct entry *e = entry_at(h, from);
	struct entry *older = entry_at(h, from - 1);
	struct buf text = {0}, error = {0};
	struct conf_diff d;

	if (e->body_at + e->body_size > file->len)
		return false;
	buf_put(&text, file->data + e->body_at, e->body_size);
	bool done = h->reader.read_difference(h->reader.arg, &text, &d, &error);
	if (done) {
		conf_diff_turn(&d);
		older->tree = conf_tree_clone(&e->tree);
		conf_diff_apply(&d, &older->tree);
	}
	conf_diff_free(&d);
	buf_free(&text);
	buf_free(&error);
	return done;
}

// From a newer tree back to the wanted one. false: not all the way.
static bool read_back(struct conf_history *h, size_t from, size_t to)
{
	struct buf file = {0}, error = {0};
	bool missing, done = h->path && file_read(h->path, &file, &missing, &error);

	while (done && from > to) {
		done = step_back(h, from, &file);
		from -= done;
	}
	buf_free(&file);
	buf_free(&error);
	return done;
}

// The place of the nearest older tree, or of a whole configuration in the file. false: none.
static bool place_before(const struct conf_history *h, size_t to, size_t *ret)
{
	for (size_t i = to + 1; i-- > 0;) {
		const struct entry *one = entry_at(h, i);
		*ret = i;
		if (one->tree.root || one->kind == RECORD_WHOLE)
			return true;
		if (one->kind == RECORD_WORDS)
			return false;
	}
	return false;
}

// By the shorter way; that from a whole configuration is always the longer one.
static bool read_tree(struct conf_history *h, size_t to, struct buf *error)
{
	size_t behind = place_behind(h, to), before = 0;
	bool on = place_before(h, to, &before);
	bool near = on && entry_at(h, before)->tree.root && to - before <= behind - to;

	if (behind && !near && read_back(h, behind, to))
		return true;
	if (on)
		return read_on(h, before, to, error);
	buf_text(error, "Error: The configuration of that commit is not kept.\n");
	return false;
}

bool conf_history_tree(struct conf_history *h, uint32_t number, struct conf_tree *ret,
		       struct buf *error)
{
	size_t place = place_of(h, number);
	struct entry *e = place ? entry_at(h, place - 1) : NULL;

	if (!e || e->commit.number != number || e->kind == RECORD_WORDS) {
		buf_text(error, "Error: The configuration of that commit is not kept.\n");
		return false;
	}
	if (!e->tree.root && !read_tree(h, place - 1, error))
		return false;
	*ret = conf_tree_clone(&e->tree);
	return true;
}

// --- on disk ----------------------------------------------------------------------------------------
static bool write_out(struct conf_history *h, const struct buf *text, struct buf *error)
{
	enum file_result result;

	if (!h->path)
		return true;
	if (h->size)
		return file_append(h->ops, h->path, &h->size, text, error);
	result = file_replace(h->ops, h->path, text, error);
	if (result == FILE_UNCERTAIN)
		h->ops->unlink(h->path);
	if (result == FILE_NEW)
		h->size = text->len;
	return result == FILE_NEW;
}

static bool save_unsaved(struct conf_history *h, struct buf *error)
{
	if (h->unsaved.len && !write_out(h, &h->unsaved, error))
		return false;
	buf_free(&h->unsaved);
	return true;
}

static unsigned words_of(const struct conf_commit *c)
{
	unsigned words = 0;

	for (unsigned i = 0; i < COMMIT_WORDS; i++)
		words |= c->word[i] ? 1u << i : 0;
	return words;
}

static struct entry *entry_new(struct conf_history *h, const struct record *r)
{
	struct entry *e = MEM_NEW(struct entry);

	e->commit.number = r->commit.number;
	e->commit.time = r->commit.time;
	for (unsigned i = 0; i < COMMIT_WORDS; i++)
		e->commit.word[i] = mem_text(r->commit.word[i]);
	e->kind = r->kind;
	e->body_size = r->body_size;
	vec_add(&h->entries, e);
	return e;
}

static void amend(struct conf_commit *c, const struct conf_commit *by, unsigned words)
{
	for (unsigned i = 0; i < COMMIT_WORDS; i++) {
		if (!(words & 1u << i))
			continue;
		mem_free(c->word[i]);
		c->word[i] = by->word[i] && *by->word[i] ? mem_text(by->word[i]) : NULL;
	}
}

static void take_record(struct conf_history *h, const struct record *r, unsigned words,
			const struct buf *file)
{
	struct entry *e;

	if (r->kind == RECORD_AMENDMENT) {
		e = entry_find(h, r->commit.number);
		if (e)
			amend(&e->commit, &r->commit, words);
		return;
	}
	e = entry_new(h, r);
	e->body_at = (size_t)(r->body - (const char *)file->data);
}

static void keep_unreadable(struct conf_history *h)
{
	char *old = mem_format("%s.old", h->path);

	log_warning("configuration: %s is no history; it is kept as %s", h->path, old);
	h->ops->rename(h->path, old);
	mem_free(old);
}

uint32_t history_open(struct conf_history *h, const struct file_ops *ops, uint32_t last)
{
	struct buf file = {0}, error = {0};
	struct record r;
	unsigned words;
	size_t size, at = 0;
	bool missing;

	h->ops = ops;
	if (!h->path)
		return 0;
	if (!file_read(h->path, &file, &missing, &error) && !missing)
		log_warning("configuration: %.*s", (int)strcspn(buf_cstr(&error), "\n"),
			    buf_cstr(&error));
	while (at < file.len && record_read(&file, at, &r, &words, &size)) {
		struct entry *newest = entry_last(h);
		bool good = r.commit.number <= last && (r.kind == RECORD_AMENDMENT || !newest ||
							r.commit.number > newest->commit.number);
		if (good)
			take_record(h, &r, words, &file);
		commit_free(&r.commit);
		if (!good)
			break;
		at += size;
	}
	h->size = at;
	if (!at && file.len)
		keep_unreadable(h);
	else if (at < file.len)
		log_warning("configuration: %s ends in a record that is not used", h->path);
	buf_free(&file);
	buf_free(&error);
	return h->entries.count ? entry_last(h)->commit.number : 0;
}

bool history_empty(const struct conf_history *h)
{
	return !h->entries.count;
}

void history_running(struct conf_history *h, const struct conf_tree *t)
{
	struct entry *e = entry_last(h);

	if (e && !e->tree.root && e->kind != RECORD_WORDS)
		e->tree = conf_tree_clone(t);
}

void history_begin(struct conf_history *h, const struct file_ops *ops, uint32_t number,
		   const struct conf_tree *t)
{
	struct record r = {.kind = RECORD_WHOLE};
	struct buf text = {0}, error = {0};

	h->ops = ops;
	conf_print(t, &text);
	r.commit.number = number;
	r.commit.time = (int64_t)time(NULL) * 1000000;
	r.commit.word[COMMIT_TYPE] = "STARTUP";
	r.commit.word[COMMIT_DESCRIPTION] = "what the daemon was started with";
	r.body = buf_cstr(&text);
	r.body_size = text.len;
	struct entry *e = entry_new(h, &r);
	e->tree = conf_tree_clone(t);
	e->body_at = h->size + record_write(&r, words_of(&r.commit), &h->unsaved);
	if (!save_unsaved(h, &error))
		log_warning("configuration: %.*s", (int)strcspn(buf_cstr(&error), "\n"),
			    buf_cstr(&error));
	buf_free(&text);
	buf_free(&error);
}

bool history_append(struct conf_history *h, const struct file_ops *ops, const struct conf_commit *c,
		    const struct conf_tree *t, const struct buf *difference, struct buf *error)
{
	struct record r = {.kind = RECORD_CHANGE,
			   .commit = *c,
			   .body = buf_cstr(difference),
			   .body_size = difference->len};
	struct buf text = {0};

	h->ops = ops;
	if (!save_unsaved(h, error))
		return false;
	h->size_before = h->size;
	size_t body_at = h->size + record_write(&r, words_of(c), &text);
	bool done = write_out(h, &text, error);
	buf_free(&text);
	if (!done)
		return false;
	struct entry *e = entry_new(h, &r);
	e->tree = conf_tree_clone(t);
	e->body_at = body_at;
	return true;
}

void history_withdraw(struct conf_history *h, const struct file_ops *ops)
{
	entry_free(vec_pop(&h->entries));
	if (h->path)
		file_cut(ops, h->path, h->size_before); // what stays is cut off at start
	h->size = h->size_before;
}

bool conf_history_amend(struct conf_history *h, uint32_t number, enum conf_commit_word what,
			const char *text, struct buf *error)
{
	struct entry *e = entry_find(h, number);
	struct record r = {.kind = RECORD_AMENDMENT};
	struct buf out = {0};

	if (!e) {
		buf_text(error, "Error: The commit does not exist.\n");
		return false;
	}
	r.commit.number = number;
	r.commit.time = e->commit.time;
	r.commit.word[what] = (char *)text;
	record_write(&r, 1u << what, &out);
	bool done = save_unsaved(h, error) && write_out(h, &out, error);
	if (done)
		amend(&e->commit, &r.commit, 1u << what);
	buf_free(&out);
	return done;
}

// --- what is too old --------------------------------------------------------------------------------
// The place of the entry that is to be the base; 0: there is nothing to do.
static size_t choose_base(const struct conf_history *h)
{
	size_t first = h->entries.count;

	while (first && entry_at(h, first - 1)->kind != RECORD_WORDS)
		first--;
	size_t bodies = h->entries.count - first;
	if (bodies > SETTLE_COUNT)
		return h->entries.count - CONF_HISTORY_KEPT - 1; // it is what the oldest began from
	return h->size > SETTLE_BYTES && bodies > 1 ? first + bodies / 2 : 0;
}

static bool read_all(struct conf_history *h, size_t base)
{
	struct buf error = {0};
	bool done = true;

	for (size_t i = base; done && i < h->entries.count; i++) {
		struct conf_tree t;
		done = conf_history_tree(h, entry_at(h, i)->commit.number, &t, &error);
		if (done)
			conf_tree_free(&t);
	}
	if (!done)
		log_warning(
			"configuration: what is kept of the commits before %u is their records: %.*s",
			CONF_COMMIT_FIRST + entry_last(h)->commit.number,
			(int)strcspn(buf_cstr(&error), "\n"), buf_cstr(&error));
	buf_free(&error);
	return done;
}

static void put_entry(const struct conf_history *h, size_t i, size_t base, struct buf *out,
		      size_t *ret_body_at, size_t *ret_body_size)
{
	const struct entry *e = entry_at(h, i);
	struct record r = {.commit = e->commit,
			   .kind = i < base    ? RECORD_WORDS
				   : i == base ? RECORD_WHOLE
					       : RECORD_CHANGE};
	struct buf body = {0};
	struct conf_diff d;

	if (i == base) {
		conf_print(&e->tree, &body);
	} else if (i > base) {
		conf_diff(&entry_at(h, i - 1)->tree, &e->tree, &d);
		conf_diff_text(&d, &body);
		conf_diff_free(&d);
	}
	r.body = buf_cstr(&body);
	r.body_size = body.len;
	*ret_body_at = record_write(&r, words_of(&r.commit), out);
	*ret_body_size = body.len;
	buf_free(&body);
}

static void drop_oldest(struct conf_history *h)
{
	while (h->entries.count > CONF_HISTORY_LISTED && entry_at(h, 0)->kind == RECORD_WORDS) {
		entry_free(entry_at(h, 0));
		vec_remove(&h->entries, 0);
	}
}

// The file as it is to be, put in place of the old one. false: the old one stays.
static bool write_anew(struct conf_history *h, size_t base)
{
	size_t count = h->entries.count;
	size_t *at = mem_zero(count * sizeof(*at)), *size = mem_zero(count * sizeof(*size));
	struct buf text = {0}, error = {0};

	for (size_t i = 0; i < count; i++)
		put_entry(h, i, base, &text, &at[i], &size[i]);
	bool done = !h->path || file_replace(h->ops, h->path, &text, &error) != FILE_OLD;
	if (!done)
		log_warning("configuration: %.*s", (int)strcspn(buf_cstr(&error), "\n"),
			    buf_cstr(&error));
	for (size_t i = 0; done && i < count; i++) {
		struct entry *e = entry_at(h, i);
		e->kind = i < base ? RECORD_WORDS : i == base ? RECORD_WHOLE : RECORD_CHANGE;
		e->body_at = at[i];
		e->body_size = size[i];
		if (i < base)
			entry_forget(e);
	}
	if (done && h->path)
		h->size = text.len;
	buf_free(&text);
	buf_free(&error);
	mem_free(at);
	mem_free(size);
	return done;
}

void history_settle(struct conf_history *h, const struct file_ops *ops)
{
	size_t base = choose_base(h);

	if (!base || h->unsaved.len)
		return;
	h->ops = ops;
	if (!read_all(h, base))
		base = h->entries.count - 1;
	if (write_anew(h, base))
		drop_oldest(h);
}
