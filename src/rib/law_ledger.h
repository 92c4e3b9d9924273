// The law's question to the ledger: are its figures the difference between all that stood before and
// all that stands now. Part of no program.
#pragma once

#include "base/map.h"
#include "rib/law_state.h"

// Opens one, or closes the one that is open: at once and compared, or in slices between whatever
// happens next; or begins another one on top.
void law_ledger_event(struct law *l);
// At rest: one that is open is closed in slices and compared.
void law_ledger_end(struct law *l);
