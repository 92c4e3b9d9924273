// The pool of routes of the law's cases (rib/law_pool.h).
#include "rib/law_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

const struct af *law_family(unsigned f)
{
	if (f == 0)
		return af_classic();
	if (f == LAW_LABELED)
		return af_outer(af_classic());
	if (f == 3)
		return af_memberships();
	for (unsigned i = 0; i < af_count; i++)
		if (af_list[i]->props & (f == 4 ? AF_TYPED : AF_WIDE))
			return af_list[i];
	return NULL;
}

static void make_set(struct law_pool *pool, struct random *r, unsigned family, unsigned n)
{
	static const char *const paths[] = {"65001",
					    "65002",
					    "65001,65010",
					    "65003,65010,65020",
					    "65002,{65010,65020}",
					    "65001,65000,65030",
					    "65004",
					    "65010"};
	static const char *const comms[] = {"",
					    " comm=65535:65281",
					    " comm=65535:65282",
					    " comm=1:1",
					    " comm=1:1;2:2",
					    " comm=65535:65283",
					    "",
					    ""};
	static const char *const more[] = {"",        " med=10",        " med=20",
					   " lp=150", " med=10 lp=150", " large=1:2:3",
					   " rt=1:1", " soo=1:1"};
	static const uint8_t sources[] = {SOURCE_EBGP, SOURCE_IBGP, SOURCE_LOCAL};
	char text[256], hop[64];
	struct attrs *lent = &pool->lent_sets[family][n];

	if (family != 1)
		snprintf(hop, sizeof(hop), "10.0.0.%u", 1 + random_below(r, 8));
	else
		snprintf(hop, sizeof(hop), "2001:db8::%u", 1 + random_below(r, 4));
	snprintf(text, sizeof(text), "origin=%s path=%s nh=%s%s%s", random_below(r, 3) ? "0" : "2",
		 paths[random_below(r, 8)], hop, comms[random_below(r, 8)],
		 more[random_below(r, 8)]);
	fixture_attrs(&pool->fixture, text, lent);
	attrs_encode(&pool->sets[family][n], lent);
	pool->labels[n] = 100 + n % 3;
	lent->local = (struct attr_local){.source = sources[n % 3],
					  .originator = 0x09000000 + n % 4,
					  .preference = 255,
					  .label = family == LAW_LABELED ? 17 + n % 4 : 0};
	snprintf(text, sizeof(text), "origin=0 path= med=%u%s", random_below(r, 2),
		 comms[random_below(r, 8)]);
	fixture_attrs(&pool->fixture, text, &pool->own_sets[family][n]);
}

static void make_key(struct law_pool *pool, unsigned family, unsigned n)
{
	char text[64];

	if (family == 0)
		snprintf(text, sizeof(text), "10.%u.%u.0/%u", n / 8, n % 8 * 32, n % 8 ? 24 : 16);
	else if (family == 1)
		snprintf(text, sizeof(text), "2001:db8:%u::/48", n + 1);
	else if (family == LAW_LABELED)
		snprintf(text, sizeof(text), "100:%u 10.%u.%u.0/%u", n % 3, n / 8, n % 8 / 2 * 64,
			 n % 8 ? 24 : 16);
	else if (family == 3)
		snprintf(text, sizeof(text), n ? "100 RT<1:%u>" : "default", n);
	else
		snprintf(text, sizeof(text), n % 2 ? "5 100:1 10.1.1.1 225.1.1.%u" : "2 100:1 %u",
			 n + 1);
	assert_true(law_family(family)->text_get(text, &pool->keys[family][n]));
}

void law_pool_make(struct law_pool *pool)
{
	struct random r;

	fixture_open(&pool->fixture);
	random_seed(&r, 1);
	for (unsigned f = 0; f < LAW_FAMILIES; f++) {
		for (unsigned i = 0; i < LAW_SETS; i++)
			make_set(pool, &r, f, i);
		for (unsigned i = 0; i < LAW_PREFIXES; i++)
			make_key(pool, f, i);
	}
}

void law_pool_drop(struct law_pool *pool)
{
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (unsigned i = 0; i < LAW_SETS; i++)
			buf_free(&pool->sets[f][i]);
	fixture_close(&pool->fixture);
}
