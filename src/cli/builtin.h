// Inside cli/: the commands that concern nothing but the session and its configuration trees.
#pragma once

#include "cli/cli.h"

extern const struct param builtin_params[]; // the last has no name
const struct row_table *builtin_rows(void);
const char *builtin_help(const char *word); // "" for an unknown one
