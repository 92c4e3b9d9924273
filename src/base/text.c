// Strict readers of small values: what a user typed is either the value from its first to its last
// character or not the value at all. No locale, no blanks skipped, no silent overflow.
// AS numbers in text: RFC 5396. UTF-8: RFC 3629 (no overlong forms, no surrogates).
#include "base/text.h"

#include <string.h>

#include "base/arena.h"

bool text_number(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		uint64_t digit = (uint64_t)(*s - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (v < min || v > max)
		return false;
	*ret = v;
	return true;
}

bool text_as_number(const char *s, uint32_t *ret)
{
	const char *dot = strchr(s, '.');
	char high_text[8];
	uint64_t high, low;

	if (!dot) {
		if (!text_number(s, 1, UINT32_MAX, &low))
			return false;
		*ret = (uint32_t)low;
		return true;
	}
	size_t n = (size_t)(dot - s);
	if (n >= sizeof(high_text))
		return false;
	memcpy(high_text, s, n);
	high_text[n] = '\0';
	if (!text_number(high_text, 1, UINT16_MAX, &high) ||
	    !text_number(dot + 1, 0, UINT16_MAX, &low))
		return false;
	*ret = (uint32_t)(high << 16 | low);
	return true;
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool text_is_prefix_nocase(const char *prefix, const char *whole)
{
	for (; *prefix; prefix++, whole++)
		if (lower(*prefix) != lower(*whole))
			return false;
	return true;
}

bool text_equal_nocase(const char *a, const char *b)
{
	return text_is_prefix_nocase(a, b) && text_is_prefix_nocase(b, a);
}

size_t text_utf8_length(const uint8_t *p, size_t n)
{
	uint8_t low = 0x80, high = 0xbf; // allowed range of the second byte
	size_t length;

	if (!n)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < length)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0; // shorter forms exist
	else if (p[0] == 0xed)
		high = 0x9f; // surrogates
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f; // beyond U+10FFFF
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

bool text_is_utf8(const uint8_t *p, size_t n)
{
	while (n) {
		size_t length = text_utf8_length(p, n);
		if (!length)
			return false;
		p += length;
		n -= length;
	}
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Reads the word at s into out (as long as the rest of the line). Returns what follows it, or
// NULL when a quote has no end.
static const char *word_read(const char *s, char *out, bool *ret_quoted)
{
	bool inside = false;

	*ret_quoted = false;
	for (; *s && (inside || !is_blank(*s)); s++) {
		if (*s == '"') {
			inside = !inside;
			*ret_quoted = true;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
	return inside ? NULL : s;
}

int text_split(struct arena *a, const char *line, struct text_word **ret_words)
{
	// No line has more words than half its characters, and no word more characters than it.
	size_t length = strlen(line);
	struct text_word *words = arena_alloc(a, (length / 2 + 1) * sizeof(*words));
	char *copy = arena_alloc(a, length * 2 + 1);
	int count = 0;

	for (const char *s = line;;) {
		while (is_blank(*s))
			s++;
		if (!*s)
			break;
		struct text_word *w = &words[count++];
		w->text = copy;
		w->column = (unsigned)(s - line);
		s = word_read(s, copy, &w->quoted);
		if (!s)
			return -1;
		copy += strlen(copy) + 1;
	}
	*ret_words = words;
	return count;
}
