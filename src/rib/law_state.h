// What the cases of the law share: the state that a rib is to show, and how it is told. Part of no
// program.
#pragma once

#include "rib/law_pool.h"
#include "rib/world.h"

#define POLICIES 13
#define SWEEPS   4
#define LENDERS  3
#define NO_ROUTE (-1)

struct truth { // what a peer is and says
	bool used, up;
	uint8_t kind;
	unsigned import_policy[LAW_FAMILIES], export_policy[LAW_FAMILIES];
	struct rib_import in[LAW_FAMILIES];
	struct rib_export out[LAW_FAMILIES];
	int route[LAW_FAMILIES][LAW_PREFIXES];
	bool again[LAW_FAMILIES][LAW_PREFIXES]; // said since the last BoRR
	bool refreshing[LAW_FAMILIES];
	struct rib_session traits;
};

struct law_ledger {
	bool open;
	struct ledger_options options;
	struct map before;                        // what stood when it was opened
	bool eligible[LAW_FAMILIES][WORLD_PEERS]; // has figures of what it is told
	uint32_t session[WORLD_PEERS];
};

struct law {
	struct world w;
	struct law_pool pool;
	struct random r;
	struct truth peer[WORLD_PEERS];
	unsigned peers, prefixes;
	bool checking; // the inside after each event
	int own[LAW_FAMILIES][LAW_PREFIXES];
	int lent[LAW_FAMILIES][LAW_PREFIXES][LENDERS];
	bool exchanging; // between the classic family and its outer one, as an instance would
	struct policy_program *program[2][LAW_FAMILIES][POLICIES]; // by direction; counted
	struct sweep *sweeps[SWEEPS];
	struct rib_aggregate aggregates[2];
	unsigned aggregate_policy[2][3]; // attribute, origin, suppress; 0: none
	unsigned aggregate_count;
	uint64_t case_seed;
	struct law_ledger ledger;
};

static inline unsigned below(struct law *l, unsigned n)
{
	return random_below(&l->r, n);
}

static inline bool chance(struct law *l, unsigned percent)
{
	return below(l, 100) < percent;
}

void law_compile_policies(struct law *l);
void law_bind_programs(struct law *l);
void law_tell(struct law *l, unsigned peer, unsigned f, unsigned prefix);
void law_tell_own(struct law *l, unsigned f, unsigned prefix);
void law_tell_lent(struct law *l, unsigned f, unsigned prefix, unsigned lender);
void law_exchange(struct world *w, const struct af *af, const struct rib_move *m);
void law_tell_import(struct law *l, unsigned peer, unsigned f);
void law_tell_export(struct law *l, unsigned peer, unsigned f);
void law_tell_up(struct law *l, unsigned peer);
