// The law of this room: whatever happened before, in whatever order, when all is done the tables and
// what each peer has been told are those of a rib that was fed the final state afresh, in another
// order. Random peers, policies, updates, refreshes, sweeps cut in slices, readers that stall,
// sessions that come and go, exports that change for one or for all.
//
// RIB_LAW_SEED and RIB_LAW_CASES choose other cases; a failure prints the seed of its case, which
// with RIB_LAW_CASES=1 runs it alone.
#include "base/mem.h"
#include "rib/inside.h"
#include "rib/law_explain.h"
#include "rib/law_ledger.h"
#include "rib/law_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// --- sweeps ---------------------------------------------------------------------------------------
static bool countdown(void *arg)
{
	return (*(int *)arg)-- <= 0;
}

static void sweep_some(struct law *l, struct sweep **s, int steps)
{
	if (!*s || sweep_step(*s, countdown, &steps))
		return;
	sweep_free(*s);
	*s = NULL;
}

static void start_sweep(struct law *l, enum sweep_kind kind, unsigned f, uint64_t peers, bool all)
{
	uint64_t mask[RIB_PEERS_MAX / 64] = {peers};
	struct sweep **s = &l->sweeps[below(l, SWEEPS)];

	while (*s)
		sweep_some(l, s, 1000000);
	*s = sweep_new(l->w.rib, kind, law_family(f), mask, all ? 0 : l->w.generation);
}

// --- events ---------------------------------------------------------------------------------------
static unsigned some_peer(struct law *l)
{
	return below(l, l->peers);
}

static void event_update(struct law *l)
{
	unsigned peer = some_peer(l), f = chance(l, 60) ? 0 : below(l, LAW_FAMILIES);
	struct truth *t = &l->peer[peer];
	int set = chance(l, 70) ? (int)below(l, LAW_SETS) : NO_ROUTE;

	for (unsigned n = 1 + below(l, 4); t->up && n > 0; n--) {
		unsigned prefix = below(l, l->prefixes);
		t->route[f][prefix] = set;
		t->again[f][prefix] = true;
		law_tell(l, peer, f, prefix);
	}
}

static void event_own(struct law *l)
{
	unsigned f = below(l, LAW_FAMILIES), prefix = below(l, l->prefixes);

	l->own[f][prefix] = chance(l, 50) ? (int)below(l, LAW_SETS) : NO_ROUTE;
	law_tell_own(l, f, prefix);
}

static void event_lend(struct law *l)
{
	unsigned f = chance(l, 50) ? 0 : below(l, LAW_FAMILIES), prefix = below(l, l->prefixes);
	unsigned lender = below(l, LENDERS);

	l->lent[f][prefix][lender] = chance(l, 60) ? (int)below(l, LAW_SETS) : NO_ROUTE;
	law_tell_lent(l, f, prefix, lender);
}

static void event_begin(struct law *l)
{
	unsigned peer = some_peer(l);

	l->peer[peer].traits.waiting = 0;
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		rib_peer_begin(l->w.rib, (uint16_t)peer, law_family(f));
}

static void event_import(struct law *l)
{
	unsigned f = below(l, LAW_FAMILIES);
	uint64_t peers = 0;

	l->w.generation++;
	for (unsigned n = 1 + below(l, 3); n > 0; n--) {
		unsigned peer = some_peer(l);
		struct truth *t = &l->peer[peer];
		t->import_policy[f] = below(l, POLICIES);
		t->in[f].keep_all = chance(l, 70) || (t->in[f].keep_all && chance(l, 80));
		t->in[f].allow_as_loop = chance(l, 20);
		t->in[f].check_first_as = chance(l, 20);
		t->in[f].preferred_value = chance(l, 10) ? 7 : 0;
		t->in[f].has_site = chance(l, 10);
		assert_true(ext_community_parse_soo("1:2", t->in[f].site));
		law_tell_import(l, peer, f);
		peers |= UINT64_C(1) << peer;
	}
	start_sweep(l, SWEEP_IMPORT, f, peers, false);
}

static void event_export(struct law *l)
{
	unsigned f = below(l, LAW_FAMILIES), policy = below(l, POLICIES);
	bool all = chance(l, 30);
	uint64_t peers = 0;

	l->w.generation++;
	for (unsigned i = 0; i < l->peers; i++) {
		struct truth *t = &l->peer[i];
		if (!all && !chance(l, 30))
			continue;
		t->export_policy[f] = policy;
		if (chance(l, 20))
			t->out[f].next_hop = (uint8_t)below(l, 3);
		if (chance(l, 20))
			t->out[f].community = chance(l, 70);
		if (chance(l, 10))
			t->out[f].default_route = chance(l, 50);
		t->out[f].has_site = chance(l, 10);
		assert_true(ext_community_parse_soo(chance(l, 50) ? "1:1" : "1:2", t->out[f].site));
		if (chance(l, 5))
			t->out[f].independent = chance(l, 50);
		law_tell_export(l, i, f);
		peers |= UINT64_C(1) << i;
	}
	start_sweep(l, SWEEP_EXPORT, f, peers, false);
}

static void tell_aggregates(struct law *l);

// A commit that changes filters: whoever uses one of them gets another program.
static void event_policies(struct law *l)
{
	uint64_t imports[LAW_FAMILIES] = {0}, exports[LAW_FAMILIES] = {0};

	l->w.generation++;
	law_compile_policies(l);
	law_bind_programs(l);
	for (unsigned i = 0; i < l->peers; i++)
		for (unsigned f = 0; f < LAW_FAMILIES; f++) {
			struct truth *t = &l->peer[i];
			if (t->in[f].program != l->program[0][f][t->import_policy[f]]) {
				law_tell_import(l, i, f);
				imports[f] |= UINT64_C(1) << i;
			}
			if (t->out[f].program != l->program[1][f][t->export_policy[f]]) {
				law_tell_export(l, i, f);
				exports[f] |= UINT64_C(1) << i;
			}
		}
	tell_aggregates(l);
	for (unsigned f = 0; f < LAW_FAMILIES; f++) {
		if (imports[f])
			start_sweep(l, SWEEP_IMPORT, f, imports[f], false);
		if (exports[f])
			start_sweep(l, SWEEP_EXPORT, f, exports[f], false);
	}
}

static void event_session(struct law *l)
{
	unsigned peer = some_peer(l);
	struct truth *t = &l->peer[peer];

	if (!t->up) {
		t->up = true;
		law_tell_up(l, peer);
		return;
	}
	t->up = false;
	world_down(&l->w, (uint16_t)peer);
	memset(t->refreshing, 0, sizeof(t->refreshing));
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (unsigned p = 0; p < LAW_PREFIXES; p++)
			t->route[f][p] = NO_ROUTE;
	if (chance(l, 60)) {
		t->traits.as4 = chance(l, 70);
		t->traits.waiting = chance(l, 30) ? af_bit(law_family(LAW_LABELED)) : 0;
		t->up = true;
		law_tell_up(l, peer);
	}
}

static void end_refresh(struct law *l, unsigned peer, unsigned f)
{
	struct truth *t = &l->peer[peer];

	rib_refresh_end(l->w.rib, (uint16_t)peer, law_family(f));
	for (unsigned p = 0; p < LAW_PREFIXES; p++)
		if (!t->again[f][p])
			t->route[f][p] = NO_ROUTE;
	t->refreshing[f] = false;
}

static void event_refresh(struct law *l)
{
	unsigned peer = some_peer(l), f = below(l, LAW_FAMILIES);
	struct truth *t = &l->peer[peer];

	if (!t->up)
		return;
	if (t->refreshing[f] && chance(l, 70)) {
		for (unsigned p = 0; p < l->prefixes; p++)
			if (t->route[f][p] != NO_ROUTE && chance(l, 70)) {
				t->again[f][p] = true;
				law_tell(l, peer, f, p);
			}
		end_refresh(l, peer, f);
		return;
	}
	rib_refresh_begin(l->w.rib, (uint16_t)peer, law_family(f));
	t->refreshing[f] = true;
	memset(t->again[f], 0, sizeof(t->again[f]));
}

static void event_ask(struct law *l)
{
	unsigned peer = some_peer(l);

	if (l->peer[peer].up)
		rib_refresh_answer(l->w.rib, (uint16_t)peer, law_family(below(l, LAW_FAMILIES)));
}

static void event_credit(struct law *l)
{
	unsigned peer = some_peer(l);

	if (l->peer[peer].up)
		rib_credit(l->w.rib, (uint16_t)peer,
			   chance(l, 50)   ? SIZE_MAX
			   : chance(l, 50) ? 0
					   : below(l, 400));
}

static void all_swept(struct law *l)
{
	for (unsigned f = 0; f < LAW_FAMILIES; f++) {
		start_sweep(l, SWEEP_IMPORT, f, UINT64_MAX, true);
		start_sweep(l, SWEEP_EXPORT, f, UINT64_MAX, true);
		start_sweep(l, SWEEP_DECIDE, f, UINT64_MAX, true);
	}
}

static void event_options(struct law *l)
{
	struct rib_options *o = &l->w.options;

	o->as_path_ignore = chance(l, 20);
	o->med_none_as_maximum = chance(l, 30);
	o->compare_different_as_med = chance(l, 30);
	o->router_id_ignore = chance(l, 20);
	o->reflect_between_clients = chance(l, 70);
	o->cluster_id = chance(l, 30) ? 77 : 0;
	o->default_local_pref = chance(l, 30) ? 120 : 100;
	o->as_path_limit = chance(l, 20) ? 2 : 0;
	o->external_paths = below(l, 3);
	l->w.generation++;
	rib_set_options(l->w.rib, NULL, o);
	all_swept(l);
}

static struct policy_program *aggregate_program(struct law *l, unsigned n, unsigned which)
{
	unsigned policy = l->aggregate_policy[n][which];

	return policy ? l->program[0][0][policy] : NULL;
}

static void tell_aggregates(struct law *l)
{
	for (unsigned i = 0; i < l->aggregate_count; i++) {
		l->aggregates[i].attribute_policy = aggregate_program(l, i, 0);
		l->aggregates[i].origin_policy = aggregate_program(l, i, 1);
		l->aggregates[i].suppress_policy = aggregate_program(l, i, 2);
	}
	rib_set_aggregates(l->w.rib, law_family(0), l->aggregates, l->aggregate_count);
}

// None, one, or two of which one lies within the other.
static void event_aggregates(struct law *l)
{
	static const char *const texts[] = {"10.0.0.0/8", "10.1.0.0/16"};
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct rib_aggregate *a = &l->aggregates[n];
		if (!chance(l, 60))
			continue;
		*a = (struct rib_aggregate){.as_set = chance(l, 50),
					    .detail_suppressed = chance(l, 30)};
		assert_true(law_family(0)->text_get(texts[i], &a->key));
		l->aggregate_policy[n][0] = chance(l, 20) ? 2 : 0;
		l->aggregate_policy[n][1] = chance(l, 40) ? 2 + 2 * below(l, 2) : 0;
		l->aggregate_policy[n][2] = chance(l, 30) ? 4 : 0;
		n++;
	}
	l->aggregate_count = n;
	tell_aggregates(l);
}

static void event_work(struct law *l)
{
	int steps = (int)below(l, 6);

	rib_work(l->w.rib, countdown, &steps);
	for (unsigned i = 0; i < SWEEPS; i++)
		if (chance(l, 50))
			sweep_some(l, &l->sweeps[i], (int)below(l, 2));
}

static void event_kind(struct law *l) // reflect-client on or off
{
	unsigned peer = some_peer(l);
	struct truth *t = &l->peer[peer];

	if (t->kind != SOURCE_IBGP && t->kind != SOURCE_IBGP_CLIENT)
		return;
	t->kind = t->kind == SOURCE_IBGP ? SOURCE_IBGP_CLIENT : SOURCE_IBGP;
	l->w.peers[peer].kind = t->kind;
	l->w.generation++;
	for (unsigned f = 0; f < LAW_FAMILIES; f++) {
		law_tell_import(l, peer, f);
		law_tell_export(l, peer, f);
		start_sweep(l, SWEEP_IMPORT, f, UINT64_C(1) << peer, false);
		start_sweep(l, SWEEP_EXPORT, f, UINT64_C(1) << peer, false);
	}
}

static void check_inside(struct law *l)
{
	struct buf trouble = {0};

	inside_check(l->w.rib, &trouble);
	if (trouble.len)
		fail_msg("RIB_LAW_SEED=%llu RIB_LAW_CASES=1: %s", (unsigned long long)l->case_seed,
			 buf_cstr(&trouble));
	buf_free(&trouble);
}

static void happen(struct law *l)
{
	static const struct {
		unsigned weight;
		void (*event)(struct law *l);
		const char *name;
	} events[] = {{40, event_update, "update"},
		      {4, event_own, "own"},
		      {8, event_lend, "lend"},
		      {2, event_begin, "begin"},
		      {4, event_import, "import"},
		      {4, event_export, "export"},
		      {2, event_policies, "policies"},
		      {3, event_session, "session"},
		      {4, event_refresh, "refresh"},
		      {3, event_ask, "ask"},
		      {5, event_credit, "credit"},
		      {1, event_options, "options"},
		      {2, event_aggregates, "aggregates"},
		      {25, event_work, "work"},
		      {1, event_kind, "kind"},
		      {4, law_ledger_event, "ledger"}};
	unsigned all = 0, n = sizeof(events) / sizeof(events[0]), i = 0;

	for (unsigned k = 0; k < n; k++)
		all += events[k].weight;
	unsigned at = below(l, all);
	while (at >= events[i].weight)
		at -= events[i++].weight;
	if (getenv("RIB_LAW_TRACE"))
		fprintf(stderr, "%s\n", events[i].name);
	events[i].event(l);
	if (l->checking)
		check_inside(l);
}

// --- a case ---------------------------------------------------------------------------------------
static void setup_peer(struct law *l, unsigned i)
{
	static const uint8_t kinds[] = {SOURCE_EBGP, SOURCE_EBGP, SOURCE_IBGP, SOURCE_IBGP_CLIENT,
					SOURCE_CONFED};
	struct truth *t = &l->peer[i];

	memset(t, 0, sizeof(*t));
	t->kind = kinds[below(l, 5)];
	t->traits = (struct rib_session){.families = 3,
					 .as4 = chance(l, 70),
					 .refresh = true,
					 .enhanced_refresh = chance(l, 70),
					 .max_message = 4096};
	for (unsigned f = 0; f < LAW_FAMILIES; f++) {
		t->import_policy[f] = below(l, POLICIES);
		t->export_policy[f] = chance(l, 60) ? 0 : below(l, POLICIES);
		t->in[f] = world_import(&l->w, (uint16_t)i, t->kind);
		t->in[f].keep_all = chance(l, 70);
		t->out[f] = world_export(&l->w, (uint16_t)i, t->kind);
		if (chance(l, 50))
			t->out[f].peer_as = 0;
		for (unsigned p = 0; p < LAW_PREFIXES; p++)
			t->route[f][p] = NO_ROUTE;
		law_tell_import(l, i, f);
		law_tell_export(l, i, f);
	}
	if (chance(l, 80)) {
		t->up = true;
		law_tell_up(l, i);
	}
}

static void setup(struct law *l, uint64_t seed)
{
	l->case_seed = seed;
	random_seed(&l->r, seed);
	l->checking = seed % 4 == 0 || getenv("RIB_LAW_CHECK");
	l->peers = 2 + below(l, 5);
	l->prefixes = 4 + below(l, LAW_PREFIXES - 4);
	l->w.options = (struct rib_options){.local_as = 65000,
					    .router_id = 0x0a0000fe,
					    .reflect_between_clients = true,
					    .default_local_pref = 100,
					    .max_paths = 1,
					    .confederation_id = chance(l, 20) ? 64900 : 0};
	l->aggregate_count = 0;
	l->exchanging = chance(l, 50);
	l->w.moved = law_exchange;
	world_rib(&l->w);
	if (l->exchanging)
		rib_set_instance(l->w.rib);
	law_compile_policies(l);
	law_bind_programs(l);
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (unsigned p = 0; p < LAW_PREFIXES; p++) {
			l->own[f][p] = NO_ROUTE;
			for (unsigned i = 0; i < LENDERS; i++)
				l->lent[f][p][i] = NO_ROUTE;
		}
	for (unsigned i = 0; i < l->peers; i++)
		setup_peer(l, i);
}

static void finish_sweeps(struct law *l)
{
	for (unsigned i = 0; i < SWEEPS; i++)
		while (l->sweeps[i])
			sweep_some(l, &l->sweeps[i], 1000000);
}

struct presence {
	struct law *law;
	unsigned f;
	bool there[LAW_PREFIXES];
};

static bool note_presence(void *arg, const struct rib_route *r)
{
	struct presence *p = arg;

	for (unsigned i = 0; i < p->law->prefixes; i++)
		if (!memcmp(&p->law->pool.keys[p->f][i], &r->key, sizeof(r->key)))
			p->there[i] = true;
	return true;
}

// What was rejected when it came and not kept can only come again from the peer.
static void ask_for_missing(struct law *l, unsigned peer, unsigned f)
{
	struct presence here = {.law = l, .f = f};
	const struct rib_query q = {
		.af = law_family(f), .view = RIB_VIEW_RECEIVED, .peer = (uint16_t)peer};

	rib_read(l->w.rib, &q, note_presence, &here);
	for (unsigned p = 0; p < l->prefixes; p++)
		if (l->peer[peer].route[f][p] != NO_ROUTE && !here.there[p])
			law_tell(l, peer, f, p);
}

static void settle(struct law *l)
{
	finish_sweeps(l);
	for (unsigned i = 0; i < l->peers; i++) {
		l->peer[i].traits.waiting = 0;
		rib_peer_begin(l->w.rib, (uint16_t)i, law_family(LAW_LABELED));
		for (unsigned f = 0; f < LAW_FAMILIES && l->peer[i].up; f++) {
			if (l->peer[i].refreshing[f])
				end_refresh(l, i, f);
			ask_for_missing(l, i, f);
		}
		if (l->peer[i].up)
			rib_credit(l->w.rib, (uint16_t)i, SIZE_MAX);
	}
	world_work(&l->w);
}

static void start_afresh(struct law *l)
{
	unsigned order[WORLD_PEERS];

	world_rib(&l->w);
	if (l->exchanging)
		rib_set_instance(l->w.rib);
	for (unsigned f = LAW_FAMILIES; f-- > 0;)
		for (unsigned p = l->prefixes; p-- > 0;)
			for (unsigned i = LENDERS; i-- > 0;)
				if (l->lent[f][p][i] != NO_ROUTE)
					law_tell_lent(l, f, p, i);
	for (unsigned i = 0; i < l->peers; i++) {
		unsigned at = below(l, i + 1);
		order[i] = order[at];
		order[at] = i;
	}
	tell_aggregates(l);
	for (unsigned i = 0; i < l->peers; i++)
		for (unsigned f = 0; f < LAW_FAMILIES; f++) {
			law_tell_import(l, order[i], f);
			law_tell_export(l, order[i], f);
		}
	for (unsigned i = 0; i < l->peers; i++) {
		unsigned peer = order[i];
		if (!l->peer[peer].up)
			continue;
		law_tell_up(l, peer);
		for (unsigned f = 0; f < LAW_FAMILIES; f++)
			for (unsigned p = l->prefixes; p-- > 0;)
				if (l->peer[peer].route[f][p] != NO_ROUTE)
					law_tell(l, peer, f, p);
	}
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (unsigned p = 0; p < l->prefixes; p++)
			if (l->own[f][p] != NO_ROUTE)
				law_tell_own(l, f, p);
	world_work(&l->w);
}

static void first_difference(const char *a, const char *b)
{
	while (*a && *b) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
		if (n != m || memcmp(a, b, n) != 0)
			break;
		a += n + 1;
		b += m + 1;
	}
	print_error("after all:  %.*s\nafresh:     %.*s\n", (int)strcspn(a, "\n"), a,
		    (int)strcspn(b, "\n"), b);
}

static void no_trouble(struct law *l, const struct buf *trouble)
{
	if (!trouble->len)
		return;
	fputs(buf_cstr(trouble), stderr);
	fail_msg("RIB_LAW_SEED=%llu RIB_LAW_CASES=1: views and beliefs differ",
		 (unsigned long long)l->case_seed);
}

static void compare(struct law *l, const char *was)
{
	struct buf now = {0}, trouble = {0};

	world_check(&l->w, &trouble);
	law_explain(l, &trouble);
	world_dump(&l->w, &now);
	if (strcmp(was, buf_cstr(&now)) != 0) {
		first_difference(was, buf_cstr(&now));
		fail_msg("RIB_LAW_SEED=%llu RIB_LAW_CASES=1: tables differ from fresh ones",
			 (unsigned long long)l->case_seed);
	}
	no_trouble(l, &trouble);
	buf_free(&now);
	buf_free(&trouble);
}

// With everything gone nothing may be left: no destination, no set.
static void take_all_down(struct law *l)
{
	struct rib_totals t;

	rib_set_aggregates(l->w.rib, law_family(0), NULL, 0);
	for (unsigned i = 0; i < l->peers; i++)
		if (l->w.peers[i].up)
			world_down(&l->w, (uint16_t)i);
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (unsigned p = 0; p < l->prefixes; p++) {
			rib_originate(l->w.rib, law_family(f), &l->pool.keys[f][p], NULL);
			for (unsigned i = 0; i < LENDERS; i++) {
				const uint8_t rd[8] = {[7] = (uint8_t)(1 + i)};
				rib_lend(l->w.rib, law_family(f), &l->pool.keys[f][p], rd, NULL);
			}
		}
	world_work(&l->w);
	for (unsigned f = 0; f < LAW_FAMILIES; f++) {
		rib_totals(l->w.rib, law_family(f), &t);
		if (t.destinations || t.paths || t.attribute_sets || t.groups)
			fail_msg("RIB_LAW_SEED=%llu RIB_LAW_CASES=1: left over: %u destinations, "
				 "%u paths, %u sets, %u groups",
				 (unsigned long long)l->case_seed, t.destinations, t.paths,
				 t.attribute_sets, t.groups);
	}
}

// Everything is kept from here on, so that nothing can come in that was not there to be asked about.
static void keep_everything(struct law *l)
{
	for (unsigned i = 0; i < l->peers; i++) {
		l->peer[i].in[LAW_CANDIDATE_FAMILY].keep_all = true;
		law_tell_import(l, i, LAW_CANDIDATE_FAMILY);
	}
	settle(l);
}

static void test_candidate_of(struct law *l)
{
	const unsigned f = LAW_CANDIDATE_FAMILY;
	struct buf foretold = {0}, then = {0};

	keep_everything(l);
	law_explain_draw(l);
	law_explain_all(l, true, &foretold);
	l->w.generation++;
	for (unsigned i = 0; i < l->peers; i++) {
		law_tell_import(l, i, f);
		law_tell_export(l, i, f);
	}
	start_sweep(l, SWEEP_IMPORT, f, UINT64_MAX, true);
	start_sweep(l, SWEEP_EXPORT, f, UINT64_MAX, true);
	settle(l);
	law_explain_all(l, false, &then);
	if (strcmp(buf_cstr(&foretold), buf_cstr(&then)) != 0) {
		first_difference(buf_cstr(&then), buf_cstr(&foretold));
		fail_msg("RIB_LAW_SEED=%llu RIB_LAW_CASES=1: a candidate was explained otherwise",
			 (unsigned long long)l->case_seed);
	}
	buf_free(&foretold);
	buf_free(&then);
}

static void run_case(struct law *l, uint64_t seed)
{
	struct buf was = {0}, trouble = {0};

	setup(l, seed);
	for (unsigned n = 20 + below(l, 100); n > 0; n--)
		happen(l);
	settle(l);
	law_ledger_end(l);
	if (chance(l, 25))
		test_candidate_of(l);
	world_check(&l->w, &trouble);
	law_explain(l, &trouble);
	no_trouble(l, &trouble);
	world_dump(&l->w, &was);
	if (chance(l, 20))
		take_all_down(l);
	start_afresh(l);
	compare(l, buf_cstr(&was));
	buf_free(&was);
	buf_free(&trouble);
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *v = getenv(variable);

	return v ? strtoull(v, NULL, 10) : otherwise;
}

static void test_soft_equals_fresh(void **state)
{
	uint64_t seed = number_of("RIB_LAW_SEED", 1), cases = number_of("RIB_LAW_CASES", 1500);
	struct law *l = mem_zero(sizeof(*l));
	uint64_t repeated = 0, announced = 0;

	world_open(&l->w);
	law_pool_make(&l->pool);
	for (uint64_t i = 0; i < cases; i++) {
		run_case(l, seed + i);
		for (unsigned p = 0; p < WORLD_PEERS; p++) {
			repeated += l->w.peers[p].repeated;
			announced += l->w.peers[p].announced;
		}
		world_reset_counts(&l->w);
	}
	print_message("%llu cases from seed %llu, %llu announcements, %llu repeated\n",
		      (unsigned long long)cases, (unsigned long long)seed,
		      (unsigned long long)announced, (unsigned long long)repeated);
	for (unsigned d = 0; d < 2; d++)
		for (unsigned f = 0; f < LAW_FAMILIES; f++)
			for (unsigned i = 0; i < POLICIES; i++)
				policy_program_unref(l->program[d][f][i]);
	law_pool_drop(&l->pool);
	world_close(&l->w);
	mem_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_soft_equals_fresh)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
