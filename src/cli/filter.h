// Inside cli/: output filters: `| include RE`, `| exclude RE`, `| begin RE`, `| count`,
// `| no-more`.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define FILTER_MAX 4
struct filter;
struct filter_chain {
	struct filter *filter[FILTER_MAX]; // owned
	unsigned count;
	struct buf partial; // a line that has no end yet
	bool no_more;       // do not page
};
// Where the filters of a line begin (at their first `|`); NULL: it has none.
const char *filter_find(const char *line);
// Reads what filter_find found. false: *ret_column is where it is wrong, counted from text.
bool filter_parse(const char *text, struct filter_chain *ret, size_t *ret_column);
void filter_write(struct filter_chain *c, const char *text, size_t n, struct buf *out);
void filter_end(struct filter_chain *c, struct buf *out); // what is left, and counts
void filter_free(struct filter_chain *c);
