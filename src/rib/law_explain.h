// The law's question to explanations: does each tell what is. Part of no program.
#pragma once

#include "rib/law_state.h"

// At rest: every explained verdict, best path and word to a neighbour is what the tables hold and
// what the neighbour believes. Appends what is not.
void law_explain(struct law *l, struct buf *trouble);
