// Regular expressions of as-path-filters and advanced community filters, over PCRE2.
//
// The language is VRP's: . * + ? | ^ $ ( ) [ ] { } with a backslash to take the next character
// literally, and `_`, which stands for a border: start, end, blank, comma, brace, parenthesis or
// bracket.
// Constructions of Perl that are more than regular expressions are refused, so that an answer
// can always be had in time that grows with the length of the text only (see regex.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct regex;
// Working memory of matching: one per unit of work and thread. Starts zeroed.
struct regex_scratch {
	void *match;
};

struct regex *regex_new(const char *pattern, char *why, size_t why_size); // NULL: why says why not
void regex_free(struct regex *r);
bool regex_matches(const struct regex *r, const char *text, size_t size, struct regex_scratch *s);
void regex_scratch_free(struct regex_scratch *s);
