// What two texts of all tables differ in, as a measure would count it (figures.c).
#pragma once

#include "law.h"
#include "rib/ledger.h"

struct figures {
	// LEDGER_LOST is counted as LEDGER_REJECTED: a table does not say why a route is not there.
	uint64_t peer[LAW_PEERS][AF_MAX][LEDGER_CLASSES];
	uint64_t table[1 + LAW_INSTANCES][AF_MAX][LEDGER_CLASSES];
};

void figures_between(const char *before, const char *after, struct figures *ret);
