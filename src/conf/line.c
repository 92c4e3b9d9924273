// Lines: one statement as it is stored. A line is one block of memory: the names of the parameters,
// the key, then the words, each behind a byte that says whether it is printed in quotes. Lines are
// immutable, so candidates, the running tree and differences share them by count.
//
// The key puts a statement in its place and identifies it: order of the row, object, rank, then all
// words that are not value. Every part is written so that bytewise order is the order wanted: names
// before numbers before addresses, numbers and addresses by value.
#include "conf/conf.h"

#include <string.h>

#include "base/ip.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/key.h"

enum word_flag { WORD_QUOTED = 1, WORD_VALUE = 2 };
enum key_tag { KEY_NAME = 1, KEY_NUMBER, KEY_ADDRESS };

void conf_key_word(struct buf *key, const char *text, bool keyword)
{
	uint64_t number;
	struct ip ip;

	// A number with leading zeros is another text than the number: a name.
	if (!keyword && text_number(text, 0, UINT64_MAX, &number) && (text[0] != '0' || !text[1])) {
		buf_u8(key, KEY_NUMBER);
		buf_u64(key, number);
	} else if (!keyword && ip_parse(text, &ip)) {
		buf_u8(key, KEY_ADDRESS);
		buf_u8(key, ip.bits);
		buf_put(key, ip.b, ip.bits / 8);
	} else {
		buf_u8(key, KEY_NAME);
		buf_put(key, text, strlen(text) + 1);
	}
}

void conf_key_object(struct buf *key, unsigned order, const char *object)
{
	buf_u16(key, (uint16_t)order);
	conf_key_word(key, object, false);
}

static void key_make(struct buf *key, const struct row *row, const struct conf_word *words,
		     unsigned n)
{
	const char *object = "";

	for (unsigned i = n; i-- > 0;)
		if (words[i].param && !words[i].value)
			object = words[i].text;
	conf_key_object(key, row->order, object);
	buf_u16(key, row->rank);
	for (unsigned i = 0; i < n; i++)
		if (!words[i].value)
			conf_key_word(key, words[i].text, !words[i].param);
}

const uint8_t *conf_line_key(const struct conf_line *l)
{
	return (const uint8_t *)&l->param[l->words];
}

struct conf_line *conf_line_new(const struct row *row, bool undo, const struct conf_word *words,
				unsigned n)
{
	struct buf key = {0};
	size_t text = 0;

	key_make(&key, row, words, n);
	for (unsigned i = 0; i < n; i++)
		text += strlen(words[i].text) + 2;
	if (n > UINT16_MAX || key.len > UINT16_MAX)
		die("statement: %u words with a key of %zu bytes", n, key.len);
	struct conf_line *l = mem_alloc(sizeof(*l) + n * sizeof(l->param[0]) + key.len + text);
	*l = (struct conf_line){.row = row,
				.refs = 1,
				.words = (uint16_t)n,
				.key_size = (uint16_t)key.len,
				.undo = undo};
	char *p = (char *)&l->param[n];
	memcpy(p, key.data, key.len);
	p += key.len;
	for (unsigned i = 0; i < n; i++) {
		size_t size = strlen(words[i].text) + 1;
		l->param[i] = words[i].param;
		*p++ = (char)(words[i].quoted * WORD_QUOTED | words[i].value * WORD_VALUE);
		memcpy(p, words[i].text, size);
		p += size;
	}
	buf_free(&key);
	return l;
}

struct conf_line *conf_line_ref(const struct conf_line *l)
{
	// Counting is the one thing that changes in a line.
	struct conf_line *counted = (struct conf_line *)l;
	counted->refs++;
	return counted;
}

void conf_line_unref(struct conf_line *l)
{
	if (l && !--l->refs)
		mem_free(l);
}

int conf_line_compare(const struct conf_line *a, const uint8_t *key, size_t size)
{
	size_t shorter = a->key_size < size ? a->key_size : size;
	int order = memcmp(conf_line_key(a), key, shorter);
	return order ? order : (a->key_size > size) - (a->key_size < size);
}

// The first word's text; the next stands two bytes behind the end of this one.
static const char *words_of(const struct conf_line *l)
{
	return (const char *)conf_line_key(l) + l->key_size + 1;
}

static const char *word_next(const char *word)
{
	return word + strlen(word) + 2;
}

const char *conf_line_word(const struct conf_line *l, unsigned i)
{
	if (i >= l->words)
		return NULL;
	const char *word = words_of(l);
	while (i--)
		word = word_next(word);
	return word;
}

bool conf_line_is_value(const struct conf_line *l, unsigned i)
{
	const char *word = conf_line_word(l, i);
	return word && word[-1] & WORD_VALUE;
}

bool conf_line_equal(const struct conf_line *a, const struct conf_line *b)
{
	if (a == b)
		return true;
	if (a->row != b->row || a->undo != b->undo || a->words != b->words)
		return false;
	const char *x = words_of(a), *y = words_of(b);
	for (unsigned i = 0; i < a->words; i++, x = word_next(x), y = word_next(y))
		if (strcmp(x, y) != 0 || !a->param[i] != !b->param[i])
			return false;
	return true;
}

void conf_line_text(const struct conf_line *l, struct buf *out)
{
	const char *word = words_of(l);

	if (l->undo)
		buf_put(out, "undo ", 5);
	for (unsigned i = 0; i < l->words; i++) {
		size_t size = strlen(word), quote = word[-1] & WORD_QUOTED;
		if (i)
			buf_put(out, " ", 1);
		buf_put(out, "\"", quote);
		buf_put(out, word, size);
		buf_put(out, "\"", quote);
		word += size + 2;
	}
}

bool conf_has(const struct conf_line *l, const char *keyword)
{
	const char *word = words_of(l);

	for (unsigned i = 0; i < l->words; i++, word = word_next(word))
		if (!l->param[i] && strcmp(word, keyword) == 0)
			return true;
	return false;
}

unsigned conf_values(const struct conf_line *l, const char *param, const char **ret, unsigned max)
{
	const char *word = words_of(l);
	unsigned count = 0;

	for (unsigned i = 0; i < l->words; i++, word = word_next(word)) {
		if (!l->param[i] || strcmp(l->param[i], param) != 0)
			continue;
		if (count < max)
			ret[count] = word;
		count++;
	}
	return count;
}

const char *conf_value(const struct conf_line *l, const char *param)
{
	const char *value = NULL;

	conf_values(l, param, &value, 1);
	return value;
}

const char *conf_after(const struct conf_line *l, const char *keyword)
{
	const char *word = words_of(l);

	for (unsigned i = 0; i + 1 < l->words; i++, word = word_next(word))
		if (!l->param[i] && strcmp(word, keyword) == 0)
			return word_next(word);
	return NULL;
}

uint64_t conf_number(const struct conf_line *l, const char *param, uint64_t otherwise)
{
	const char *word = conf_value(l, param);
	uint64_t number;

	return word && text_number(word, 0, UINT64_MAX, &number) ? number : otherwise;
}

uint64_t conf_number_after(const struct conf_line *l, const char *keyword, uint64_t otherwise)
{
	const char *word = conf_after(l, keyword);
	uint64_t number;

	return word && text_number(word, 0, UINT64_MAX, &number) ? number : otherwise;
}

struct conf_line *conf_line_undone(const struct conf_line *l)
{
	const char *end =
		words_of(l); // in the end: one behind the line, after the last word's zero

	for (unsigned i = 0; i < l->words; i++)
		end = word_next(end);
	struct conf_line *copy = mem_copy(l, (size_t)(end - 1 - (const char *)l));
	copy->refs = 1;
	copy->undo = true;
	return copy;
}
