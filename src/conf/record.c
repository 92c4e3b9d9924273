// Records of the history: a heading with its own sizes and hash, the words, the body.
//
//   !afresh record change 13 time 1700000000000000 words 42 body 57 hash 0123456789abcdef
//   user admin
//   from VTY 3
//   plan Info: Plan: 1 step; sessions that will be reset: 0.
//   plan Info:   peer 10.1.1.2: import run again
//     bgp 100
//   -  peer 10.1.1.2 route-policy in import
//     #
//
// A word of several lines stands once for each. A record that was not written to its end does not
// match its hash. The hash covers the heading's numbers too.
#include "conf/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

static const char *const kinds[] = {"change", "whole", "words", "amendment"};
static const char *const names[COMMIT_WORDS] = {
	[COMMIT_USER] = "user",       [COMMIT_FROM] = "from",        [COMMIT_TYPE] = "type",
	[COMMIT_LABEL] = "label",     [COMMIT_DESCRIPTION] = "note", [COMMIT_PLAN] = "plan",
	[COMMIT_IMPACT] = "impact",   [COMMIT_REPORT] = "report",    [COMMIT_TRIAL] = "trial",
	[COMMIT_CLEARED] = "cleared", [COMMIT_GUARD] = "guard",
};

void commit_free(struct conf_commit *c)
{
	for (unsigned i = 0; i < COMMIT_WORDS; i++) {
		mem_free(c->word[i]);
		c->word[i] = NULL;
	}
}

static void put_word(struct buf *out, const char *name, const char *text)
{
	do {
		size_t size = strcspn(text, "\n");
		buf_format(out, "%s %.*s\n", name, (int)size, text);
		text += size;
		text += *text == '\n';
	} while (*text);
}

static uint64_t record_hash(const struct record *r, const char *words, size_t words_size)
{
	char numbers[80];
	int n = snprintf(numbers, sizeof(numbers), "%s %" PRIu32 " %" PRId64, kinds[r->kind],
			 r->commit.number, r->commit.time);
	uint64_t h = hash_more(0, numbers, (size_t)n);

	h = hash_more(h, words, words_size);
	return hash_more(h, r->body ? r->body : "", r->body_size);
}

size_t record_write(const struct record *r, unsigned words, struct buf *out)
{
	struct buf text = {0};

	for (unsigned i = 0; i < COMMIT_WORDS; i++)
		if (words & 1u << i)
			put_word(&text, names[i], r->commit.word[i] ? r->commit.word[i] : "");
	buf_format(out,
		   "!afresh record %s %" PRIu32 " time %" PRId64
		   " words %zu body %zu hash %016" PRIx64 "\n",
		   kinds[r->kind], r->commit.number, r->commit.time, text.len, r->body_size,
		   record_hash(r, buf_cstr(&text), text.len));
	buf_put(out, buf_cstr(&text), text.len);
	size_t at = out->len;
	if (r->body_size)
		buf_put(out, r->body, r->body_size);
	buf_free(&text);
	return at;
}

static void take_word(struct conf_commit *c, unsigned i, const char *text, size_t size)
{
	char *line = mem_text_n(text, size);

	if (c->word[i]) {
		char *all = mem_format("%s\n%s", c->word[i], line);
		mem_free(c->word[i]);
		mem_free(line);
		line = all;
	}
	c->word[i] = line;
}

// Words of a later version are passed by.
static unsigned take_words(struct conf_commit *c, const char *text, const char *end)
{
	unsigned words = 0;

	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		const char *blank = memchr(text, ' ', (size_t)(end - text));
		if (!line_end || !blank || blank > line_end)
			return words;
		for (unsigned i = 0; i < COMMIT_WORDS; i++) {
			if (strlen(names[i]) != (size_t)(blank - text) ||
			    memcmp(names[i], text, strlen(names[i])) != 0)
				continue;
			words |= 1u << i;
			take_word(c, i, blank + 1, (size_t)(line_end - blank) - 1);
		}
		text = line_end + 1;
	}
	return words;
}

static bool read_kind(const char *word, enum record_kind *ret)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], word) == 0) {
			*ret = (enum record_kind)i;
			return true;
		}
	return false;
}

bool record_read(const struct buf *file, size_t at, struct record *ret, unsigned *ret_words,
		 size_t *ret_size)
{
	const char *text = buf_cstr(file) + at;
	size_t words, left = file->len - at;
	char line[200], kind[16];
	uint64_t hash;
	int used = -1;

	*ret = (struct record){0};
	snprintf(line, sizeof(line), "%.*s", (int)(left < sizeof(line) ? left : sizeof(line) - 1),
		 text);
	if (sscanf(line,
		   "!afresh record %15s %" SCNu32 " time %" SCNd64
		   " words %zu body %zu hash %16" SCNx64 "%n",
		   kind, &ret->commit.number, &ret->commit.time, &words, &ret->body_size, &hash,
		   &used) != 6 ||
	    used < 0 || (size_t)used >= left || text[used] != '\n' || !read_kind(kind, &ret->kind))
		return false;
	size_t heading = (size_t)used + 1;
	left -= heading;
	if (words > left || ret->body_size > left - words)
		return false;
	ret->body = text + heading + words;
	if (record_hash(ret, text + heading, words) != hash)
		return false;
	*ret_words = take_words(&ret->commit, text + heading, text + heading + words);
	*ret_size = heading + words + ret->body_size;
	return true;
}
