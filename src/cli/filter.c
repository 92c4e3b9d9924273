// Output filters. Text is cut into lines; every line runs through the chain until a filter drops it.
#include "cli/filter.h"

#include <stdio.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "base/text.h"

enum filter_kind { FILTER_INCLUDE, FILTER_EXCLUDE, FILTER_BEGIN, FILTER_COUNT, FILTER_NO_MORE };
static const char *const names[] = {"include", "exclude", "begin", "count", "no-more"};

struct filter {
	enum filter_kind kind;
	pcre2_code *code; // NULL: the kind has no expression
	pcre2_match_data *data;
	bool begun;
	size_t lines;
};

// The filter word at p (abbreviated or not) ends at *ret_end; -1: none.
static int read_name(const char *p, const char **ret_end)
{
	char word[16];
	size_t size = strcspn(p, " \t|");

	if (!size || size >= sizeof(word))
		return -1;
	memcpy(word, p, size);
	word[size] = '\0';
	*ret_end = p + size;
	for (int i = 0; i <= FILTER_NO_MORE; i++)
		if (text_is_prefix_nocase(word, names[i]))
			return i;
	return -1;
}

const char *filter_find(const char *line)
{
	bool quoted = false;

	for (const char *p = line; *p; p++) {
		const char *end;
		if (*p == '"')
			quoted = !quoted;
		if (*p == '|' && !quoted && p > line && strchr(" \t", p[-1]) &&
		    read_name(p + 1 + strspn(p + 1, " \t"), &end) >= 0)
			return p;
	}
	return NULL;
}

static struct filter *filter_new(enum filter_kind kind, const char *expression, size_t size)
{
	struct filter *f = MEM_NEW(struct filter);
	int error;
	size_t at;

	f->kind = kind;
	if (kind == FILTER_COUNT)
		return f;
	f->code = pcre2_compile((PCRE2_SPTR)expression, size, 0, &error, &at, NULL);
	if (!f->code) {
		mem_free(f);
		return NULL;
	}
	f->data = pcre2_match_data_create_from_pattern(f->code, NULL);
	return f;
}

// The expression goes to the end of the line or to the next filter, without quotes around it.
static const char *read_expression(const char *p, const char **ret_end, size_t *ret_size)
{
	p += strspn(p, " \t");
	const char *next = filter_find(p);
	size_t size = next ? (size_t)(next - p) : strlen(p);
	*ret_end = p + size;
	while (size && strchr(" \t", p[size - 1]))
		size--;
	if (size >= 2 && p[0] == '"' && p[size - 1] == '"') {
		p++;
		size -= 2;
	}
	*ret_size = size;
	return p;
}

bool filter_parse(const char *text, struct filter_chain *ret, size_t *ret_column)
{
	const char *p = text;

	*ret = (struct filter_chain){0};
	while (*p) {
		const char *end, *expression;
		size_t size = 0;
		p++; // the bar
		p += strspn(p, " \t");
		*ret_column = (size_t)(p - text);
		int kind = read_name(p, &end);
		if (kind < 0 || ret->count == FILTER_MAX)
			break;
		p = end + strspn(end, " \t");
		if (kind == FILTER_NO_MORE) {
			ret->no_more = true;
		} else {
			expression = p;
			if (kind != FILTER_COUNT)
				expression = read_expression(p, &p, &size);
			*ret_column = (size_t)(expression - text);
			if (kind != FILTER_COUNT && !size)
				break;
			struct filter *f = filter_new((enum filter_kind)kind, expression, size);
			if (!f)
				break;
			ret->filter[ret->count++] = f;
		}
		*ret_column = (size_t)(p - text);
		if (*p && *p != '|')
			break;
		if (!*p)
			return true;
	}
	filter_free(ret);
	return false;
}

static bool filter_pass(struct filter *f, const char *line, size_t n)
{
	bool found = f->code && pcre2_match(f->code, (PCRE2_SPTR)line, n, 0, 0, f->data, NULL) >= 0;

	switch (f->kind) {
	case FILTER_INCLUDE:
		return found;
	case FILTER_EXCLUDE:
		return !found;
	case FILTER_BEGIN:
		f->begun |= found;
		return f->begun;
	case FILTER_COUNT:
		f->lines++;
		return false;
	case FILTER_NO_MORE:
		break;
	}
	return true;
}

static void filter_line(struct filter_chain *c, unsigned from, const char *line, size_t n,
			struct buf *out)
{
	for (unsigned i = from; i < c->count; i++)
		if (!filter_pass(c->filter[i], line, n))
			return;
	buf_put(out, line, n);
	buf_u8(out, '\n');
}

void filter_write(struct filter_chain *c, const char *text, size_t n, struct buf *out)
{
	if (!c->count) {
		buf_put(out, text, n);
		return;
	}
	while (n) {
		const char *end = memchr(text, '\n', n);
		if (!end) {
			buf_put(&c->partial, text, n);
			return;
		}
		size_t size = (size_t)(end - text);
		if (c->partial.len) {
			buf_put(&c->partial, text, size);
			filter_line(c, 0, (char *)c->partial.data, c->partial.len, out);
			buf_clear(&c->partial);
		} else {
			filter_line(c, 0, text, size, out);
		}
		text = end + 1;
		n -= size + 1;
	}
}

void filter_end(struct filter_chain *c, struct buf *out)
{
	if (c->partial.len)
		filter_line(c, 0, (char *)c->partial.data, c->partial.len, out);
	buf_clear(&c->partial);
	for (unsigned i = 0; i < c->count; i++) {
		char text[48];
		if (c->filter[i]->kind != FILTER_COUNT)
			continue;
		int n = snprintf(text, sizeof(text), "Total lines: %zu.", c->filter[i]->lines);
		filter_line(c, i + 1, text, (size_t)n, out);
	}
}

void filter_free(struct filter_chain *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		pcre2_match_data_free(c->filter[i]->data);
		pcre2_code_free(c->filter[i]->code);
		mem_free(c->filter[i]);
	}
	c->count = 0;
	buf_free(&c->partial);
}
