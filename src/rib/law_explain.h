// The law's question to explanations: does each tell what is. Part of no program.
#pragma once

#include "rib/law_state.h"

// At rest: every explained verdict, best path and word to a neighbour is what the tables hold and
// what the neighbour believes. Appends what is not.
void law_explain(struct law *l, struct buf *trouble);

// Of a candidate: policies and words of some peers are drawn anew in one family, without being told;
// what is answered then has to be answered of what runs when they have been.
#define LAW_CANDIDATE_FAMILY 1 // nothing in it is made of other routes
void law_explain_draw(struct law *l);
void law_explain_all(struct law *l, bool candidate, struct buf *answers);
