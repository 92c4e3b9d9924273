// Parameters: what a typed word must look like to be one, how it is stored, what `?` shows.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "conf/row.h"

// Those that every schema has. NULL: unknown.
const struct param *param_builtin(const char *name);
// Is the word (of PARAM_TEXT: the rest of the line) a value of p? If so its stored form is put at
// the end of ret_stored.
bool param_accept(const struct param *p, const char *word, struct buf *ret_stored);
// INTEGER<1-35791>, STRING<1-47>, X.X.X.X: what stands in the left column of help.
void param_shape(const struct param *p, struct buf *out);
