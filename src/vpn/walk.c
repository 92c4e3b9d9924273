// Walks: what stands lent is made what the present link would lend (vpn/exchange.h).
//
// Import: the numbers of the destinations that carry a target in which old and new link differ are
// put into a set of bits, target by target, and then visited in the order of memory. A number is
// looked at again then: it may stand for another destination by now. Routes that came since met the
// newest link as they moved, and so did those that changed or went, so they may be left out or
// visited as well. Export: the destinations of the instance by number.
//
// A link that changes while a walk is on its way makes nothing wrong: the walk goes on by the newest
// one, and nothing of what was in doubt is settled before a walk has passed without such a change.
#include "vpn/private.h"

#include <string.h>

#include "base/mem.h"

#define WORDS_BETWEEN 512u // of the set of bits, between two looks at the clock

struct exchange_walk {
	struct exchange *exchange;
	uint16_t instance;
	const struct af *inner;
	bool import, over;
	uint64_t serial;  // of the tie
	uint32_t version; // of its link, when the walk began
	struct vpn_targets concerned;
	unsigned collected; // of them are in the bits
	uint64_t *bits;
	uint32_t words, at; // word, or number of destination
	struct sweep_counts counts;
};

struct exchange_walk *exchange_walk_new(struct exchange *x, uint16_t instance,
					const struct af *inner, bool import, bool again)
{
	struct exchange_walk *w = MEM_NEW(struct exchange_walk);
	const struct tie *t = exchange_tie(x, instance, inner);

	w->exchange = x;
	w->instance = instance;
	w->inner = inner;
	w->import = import;
	w->at = import ? 0 : 1;
	w->over = !t || !t->rib || !exchange_public(x);
	if (w->over)
		return w;
	w->serial = t->serial;
	w->version = t->version;
	if (import) {
		const struct vpn_targets *concerned = again ? &t->reach : &t->doubt;
		vpn_targets_add(&w->concerned, concerned->list, concerned->count);
		w->words =
			w->concerned.count ? rib_numbers(exchange_public(x), t->outer) / 64 + 1 : 0;
		w->bits = w->words ? mem_zero(w->words * sizeof(*w->bits)) : NULL;
	}
	return w;
}

void exchange_walk_free(struct exchange_walk *w)
{
	mem_free(w->concerned.list);
	mem_free(w->bits);
	mem_free(w);
}

// --- import -----------------------------------------------------------------------------------------
static void collect(struct exchange_walk *w, const struct tie *t)
{
	const uint8_t *target = w->concerned.list[w->collected++];
	const struct target *entry =
		target_find(exchange_index(w->exchange, t->outer), target_value(target));

	for (uint32_t i = 0; entry && i < entry->cap; i++) {
		uint32_t n = entry->slots[i];
		if (n && n / 64 < w->words)
			w->bits[n / 64] |= UINT64_C(1) << n % 64;
	}
}

static void count(struct exchange_walk *w, enum rib_lending lending)
{
	w->counts.seen++;
	w->counts.changed += lending != LENDING_EQUAL;
	w->counts.newly_accepted += lending == LENDING_NEW;
	w->counts.newly_rejected += lending == LENDING_GONE;
}

static void take_number(struct exchange_walk *w, struct tie *t, uint32_t n)
{
	struct vpn_route r;
	struct af_key key;

	r.key = &key;
	r.set = rib_best(exchange_public(w->exchange), t->outer, n, &key, &r.peer);
	if (!r.set || !vpn_targets_meet(&w->concerned, r.set))
		return;
	count(w, tie_take(t, &r));
	arena_reset(&w->exchange->arena);
}

static bool import_step(struct exchange_walk *w, struct tie *t, rib_deadline *over, void *arg)
{
	while (w->collected < w->concerned.count) {
		collect(w, t);
		if (over(arg))
			return true;
	}
	while (w->at < w->words) {
		uint64_t *word = &w->bits[w->at];
		if (*word) {
			uint32_t n = w->at * 64 + (unsigned)__builtin_ctzll(*word);
			*word &= *word - 1;
			take_number(w, t, n);
		} else if (++w->at % WORDS_BETWEEN) {
			continue;
		}
		if (over(arg))
			return true;
	}
	if (t->version == w->version)
		tie_settle_targets(t);
	return false;
}

// --- export -----------------------------------------------------------------------------------------
static bool export_step(struct exchange_walk *w, struct tie *t, rib_deadline *over, void *arg)
{
	struct af_key key;
	uint16_t peer;

	for (; w->at < rib_numbers(t->rib, t->inner); w->at++) {
		if (over(arg))
			return true;
		const struct attr_set *own = rib_best_own(t->rib, t->inner, w->at, &key, &peer);
		if (!own)
			continue;
		count(w, tie_give(t, &key, own));
		arena_reset(&w->exchange->arena);
	}
	if (t->version == w->version)
		tie_settle_rds(t);
	return false;
}

// --- both -------------------------------------------------------------------------------------------
// The tie that it began with; NULL: it is gone, and there is nothing left to do.
static struct tie *tie_of(const struct exchange_walk *w)
{
	struct tie *t = exchange_tie(w->exchange, w->instance, w->inner);

	return t && t->serial == w->serial && t->rib && exchange_public(w->exchange) ? t : NULL;
}

bool exchange_walk_step(struct exchange_walk *w, rib_deadline *over, void *arg)
{
	struct tie *t = w->over ? NULL : tie_of(w);

	if (!t) {
		w->over = true;
		return false;
	}
	uint64_t moved = w->import ? t->best_moved : w->exchange->best_moved;
	bool more = w->import ? import_step(w, t, over, arg) : export_step(w, t, over, arg);
	w->counts.best_moved += (w->import ? t->best_moved : w->exchange->best_moved) - moved;
	w->over = !more;
	return more;
}

void exchange_walk_counts(const struct exchange_walk *w, struct sweep_counts *ret)
{
	*ret = w->counts;
}

unsigned exchange_walk_percent(const struct exchange_walk *w)
{
	const struct tie *t = w->over ? NULL : tie_of(w);
	uint64_t all = 0;

	if (!t)
		return 100;
	all = w->import ? w->words : rib_numbers(t->rib, t->inner);
	return w->at < all ? (unsigned)(w->at * UINT64_C(100) / all) : 100;
}
