// Reading small values out of text, strictly: the whole text must be the value.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_number(const char *s, uint64_t min, uint64_t max, uint64_t *ret); // decimal, no sign
bool text_as_number(const char *s, uint32_t *ret); // plain 1-4294967295 or dotted x.y (RFC 5396)
bool text_is_prefix_nocase(const char *prefix, const char *whole);
bool text_equal_nocase(const char *a, const char *b);
bool text_is_utf8(const uint8_t *p, size_t n);
// Bytes (1 to 4) of the well-formed UTF-8 character at p, of which n bytes may be read; 0: none.
size_t text_utf8_length(const uint8_t *p, size_t n);
// Splits a line into words at blanks; double quotes keep blanks in a word. Words are copied into
// the arena. Returns their number, or -1 for a quote without its end.
struct arena;
struct text_word {
	char *text;      // without quotes
	unsigned column; // of the first character in the line, from 0
	bool quoted;
};
int text_split(struct arena *a, const char *line, struct text_word **ret_words);
