// An audit's two halves (rib/replay.h, rib/compare.h): a rib that was told the routes of another one
// is equal to it, whatever the order was; and each thing that somebody damages inside one of them is
// found, named, and the only thing that is found.
#include "rib/compare.h"

#include "rib/group.h"
#include "rib/replay.h"
#include "rib/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct world stands, ought;
static const char *const v4 = "ipv4-unicast", *const vpn4 = "vpnv4", *const rtc = "vpn-target";

static int open_worlds(void **state)
{
	world_open(&stands);
	world_open(&ought);
	return 0;
}

static int close_worlds(void **state)
{
	world_close(&stands);
	world_close(&ought);
	return 0;
}

static void peers(struct world *w)
{
	world_peer(w, 0, SOURCE_EBGP);
	world_peer(w, 1, SOURCE_EBGP);
	world_peer(w, 2, SOURCE_IBGP);
	world_peer(w, 3, SOURCE_IBGP_CLIENT);
	world_peer(w, 4, SOURCE_IBGP_CLIENT);
}

static void routes(struct world *w)
{
	world_tell(w, 1, v4, "10.2.0.0/16", "path=65002,7 nh=10.9.9.9");
	world_tell(w, 0, v4, "10.1.0.0/16 10.2.0.0/16 10.3.0.0/16", "path=65001,7,8 nh=10.9.9.9");
	world_tell(w, 3, v4, "10.3.0.0/16 10.4.0.0/16", "path=65009 nh=10.9.9.8 lp=100");
	world_tell(w, 1, v4, "10.1.0.0/16", "path=65002,7,8,9 nh=10.9.9.9");
	world_tell(w, 2, vpn4, "100:1 10.0.0.0/8", "path=65009 nh=10.9.9.8 rt=1:1 label=1000");
	world_tell(w, 3, vpn4, "100:1 10.0.0.0/8", "path=65009 nh=10.9.9.7 rt=1:1 label=300001");
	world_tell(w, 0, rtc, "65001 RT<100:1>", "path=65001 nh=10.0.0.1");
	world_tell(w, 3, rtc, "65000 RT<100:1>", "path= nh=10.0.0.4");
	world_tell(w, 4, rtc, "65000 RT<100:1>", "path= nh=10.0.0.5");
}

// What is no peer's.
static void own_routes(struct world *w)
{
	world_originate(w, v4, "10.5.0.0/16", "path= nh=0.0.0.0");
	world_lend(w, v4, "10.3.0.0/16", 7,
		   "path=65010 nh=10.9.0.1 source=ibgp originator=9.9.9.2");
	world_lend(w, v4, "10.3.0.0/16", 8,
		   "path=65010 nh=10.9.0.1 source=ibgp originator=9.9.9.2");
	world_lend(w, v4, "10.6.0.0/16", 7,
		   "path=65010 nh=10.9.0.1 source=ibgp originator=9.9.9.2");
	world_work(w);
}

// --- finding --------------------------------------------------------------------------------------
static const char *const kinds[] = {"verdict", "best", "select", "suppressed", "counts", "told"};

struct found {
	struct buf text; // "verdict 10.1.0.0/16 0\n" ...
	struct compare_counts counts;
};
static struct found found;

static void note(void *arg, const struct compare_difference *d)
{
	buf_format(&found.text, "%s ", kinds[d->kind]);
	d->af->text_put(&found.text, d->key);
	buf_format(&found.text, " %u", d->peer == RIB_LENT ? 100u + d->rd[7] : d->peer);
	if (d->kind == COMPARE_VERDICT || d->kind == COMPARE_TOLD)
		buf_format(&found.text, " %s",
			   !d->stands.set  ? "missing"
			   : !d->ought.set ? "too much"
					   : "other");
	buf_text(&found.text, "\n");
}

static void replay(const char *af)
{
	struct replay *p = replay_new(stands.rib, ought.rib, world_af(af));

	while (replay_step(p, 3)) {
	}
	replay_free(p);
}

static const char *compare(const char *af, const struct compare_options *more)
{
	struct compare_options o = more ? *more : (struct compare_options){0};

	o.found = note;
	o.free_labels = 1u << 18;
	buf_clear(&found.text);
	struct comparison *c = comparison_new(stands.rib, ought.rib, world_af(af), &o);
	while (comparison_step(c, 2)) {
	}
	comparison_counts(c, &found.counts);
	comparison_free(c);
	return buf_cstr(&found.text);
}

static void both(void)
{
	peers(&stands);
	routes(&stands);
	own_routes(&stands);
	peers(&ought);
	own_routes(&ought);
	replay(v4);
	replay(vpn4);
	replay(rtc);
	world_work(&stands);
	world_work(&ought);
}

static void test_equal(void **state)
{
	both();
	assert_string_equal(compare(v4, NULL), "");
	assert_int_equal(found.counts.destinations, 6);
	assert_int_equal(found.counts.paths, 11);
	assert_true(found.counts.announcements >= 6 * 3);
	assert_string_equal(compare(vpn4, NULL), "");
	assert_string_equal(compare(rtc, NULL), "");
	assert_int_equal(found.counts.paths, 3);
}

// --- damage ---------------------------------------------------------------------------------------
struct spot {
	struct family *family;
	struct destination *destination;
	uint32_t number;
};

static struct spot spot(struct world *w, const char *af, const char *key)
{
	struct af_key k = {0};
	struct spot s = {.family = rib_family(w->rib, world_af(af))};

	assert_true(world_af(af)->text_get(key, &k));
	s.number = rib_number(w->rib, world_af(af), &k);
	assert_true(s.number);
	s.destination = table_at(&s.family->table, s.number);
	return s;
}

static struct path *path_of(const struct spot *s, uint16_t peer)
{
	uint32_t prev, n = destination_path(s->family, s->destination, peer, &prev);

	assert_true(n);
	return table_path(&s->family->table, n);
}

// Another set in its place, as nothing in the rib would put it there.
static void swap_attr(const struct spot *s, uint32_t *at, uint32_t attr)
{
	attr_ref(&s->family->attrs, attr);
	attr_unref(&s->family->attrs, *at);
	*at = attr;
}

static void test_verdict(void **state)
{
	both();
	struct spot s = spot(&stands, v4, "10.1.0.0/16");
	uint32_t other = path_of(&s, 0)->attr, *attr = &path_of(&s, 1)->attr, own = *attr;
	attr_ref(&s.family->attrs, own);
	swap_attr(&s, attr, other);
	assert_string_equal(compare(v4, NULL), "verdict 10.1.0.0/16 1 other\n");
	swap_attr(&s, attr, 0);
	assert_string_equal(compare(v4, NULL), "verdict 10.1.0.0/16 1 missing\n");
	swap_attr(&s, attr, own);
	assert_string_equal(compare(v4, NULL), "");
	s = spot(&ought, v4, "10.1.0.0/16");
	attr = &path_of(&s, 1)->attr;
	own = attr_ref(&s.family->attrs, *attr);
	swap_attr(&s, attr, 0);
	assert_string_equal(compare(v4, NULL), "verdict 10.1.0.0/16 1 too much\n");
	swap_attr(&s, attr, own);
}

static void test_best(void **state)
{
	both();
	struct spot s = spot(&stands, v4, "10.1.0.0/16");
	uint32_t first = s.destination->first;
	struct path *a = table_path(&s.family->table, first);
	uint32_t second = a->next;
	struct path *b = table_path(&s.family->table, second);
	a->next = b->next;
	b->next = first;
	s.destination->first = second;
	assert_string_equal(compare(v4, NULL), "best 10.1.0.0/16 1\n");
	assert_int_equal(found.counts.differences[COMPARE_BEST], 1);
}

static void test_suppressed(void **state)
{
	both();
	struct spot s = spot(&stands, v4, "10.2.0.0/16");
	s.destination->info |= DESTINATION_SUPPRESSED;
	assert_string_equal(compare(v4, NULL), "suppressed 10.2.0.0/16 1\n");
	s.destination->info &= ~(uint32_t)DESTINATION_SUPPRESSED;
}

static void test_select(void **state)
{
	both();
	stands.options.max_paths = 4;
	world_tell(&stands, 1, v4, "10.1.0.0/16", "path=65002,7,8 nh=10.9.9.9");
	replay(v4);
	assert_string_equal(compare(v4, NULL), "");
	rib_set_options(stands.rib, NULL, &stands.options);
	world_work(&stands);
	assert_non_null(strstr(compare(v4, NULL), "select 10.1.0.0/16"));
}

static struct adj_out_entry *entry(const struct spot *s, uint16_t peer)
{
	struct member *m = rib_member(s->family->rib, peer, s->family->af);
	struct adj_out_entry *e = adj_out_find(&m->group->out, s->number);

	assert_true(e && e->attr);
	return e;
}

static void test_told(void **state)
{
	both();
	struct spot s = spot(&stands, v4, "10.5.0.0/16"), t = spot(&stands, v4, "10.4.0.0/16");
	struct adj_out_entry *e = entry(&s, 3), own = *e;
	// clients share one
	e->attr = entry(&t, 3)->attr;
	assert_string_equal(compare(v4, NULL),
			    "told 10.5.0.0/16 3 other\ntold 10.5.0.0/16 4 other\n");
	e->attr = 0;
	assert_string_equal(compare(v4, NULL),
			    "told 10.5.0.0/16 3 missing\ntold 10.5.0.0/16 4 missing\n");
	*e = own;
	e->peer = 4; // as if it had come from there: not for that one
	assert_string_equal(compare(v4, NULL), "told 10.5.0.0/16 4 missing\n");
	*e = own;
	s = spot(&ought, v4, "10.5.0.0/16");
	e = entry(&s, 0);
	own = *e;
	e->attr = 0;
	const char *text = compare(v4, NULL);
	assert_non_null(strstr(text, "told 10.5.0.0/16 0 too much\n"));
	*e = own;
	assert_string_equal(compare(v4, NULL), "");
}

// A peer of which the one side knows and the other does not.
static void test_told_nobody(void **state)
{
	both();
	world_down(&ought, 4);
	world_work(&ought);
	const char *text = compare(v4, NULL);
	assert_non_null(strstr(text, "told 10.5.0.0/16 4 too much\n"));
	assert_null(strstr(text, " 3 "));
}

static void test_lent(void **state)
{
	both();
	world_lend(&stands, v4, "10.6.0.0/16", 7, NULL);
	assert_non_null(strstr(compare(v4, NULL), "verdict 10.6.0.0/16 107 missing\n"));
	assert_non_null(strstr(compare(v4, NULL), "best 10.6.0.0/16 65535\n"));
	world_lend(&ought, v4, "10.6.0.0/16", 7, NULL);
	assert_string_equal(compare(v4, NULL), "");
	world_lend(&stands, v4, "10.3.0.0/16", 9, "path=65010,65011,65012 nh=10.9.0.1 source=ibgp");
	assert_string_equal(compare(v4, NULL), "verdict 10.3.0.0/16 109 too much\n");
	// what a table at its limit lends
	uint8_t exempt[][8] = {{[7] = 5}, {[7] = 9}};
	const struct compare_options o = {.exempt = exempt, .exempt_count = 2};
	assert_string_equal(compare(v4, &o), "");
	assert_int_equal(found.counts.exempt, 1);
	assert_int_equal(found.counts.destinations, 4);
}

static void test_membership(void **state)
{
	both();
	struct spot s = spot(&stands, rtc, "65000 RT<100:1>");
	path_of(&s, 4)->flags ^= PATH_COUNTS;
	assert_string_equal(compare(rtc, NULL), "counts 65000 RT<100:1> 4\n");
}

// A route that the rib has lost or made up: the one is nothing that a replay could tell of.
static void test_made_up(void **state)
{
	both();
	world_tell(&ought, 1, v4, "10.7.0.0/16", "path=65002,7 nh=10.9.9.9");
	world_work(&ought);
	const char *text = compare(v4, NULL);
	assert_non_null(strstr(text, "verdict 10.7.0.0/16 1 missing\n"));
	assert_non_null(strstr(text, "best 10.7.0.0/16"));
	assert_non_null(strstr(text, "told 10.7.0.0/16 3 missing\n"));
}

// What was turned away may be stored or not.
static void test_rejected(void **state)
{
	struct rib_import in;

	both();
	for (unsigned i = 0; i < 2; i++) {
		struct world *w = i ? &ought : &stands;
		in = world_import(w, 1, SOURCE_EBGP);
		in.program = NULL;
		in.keep_all = !i;
		rib_peer_import(w->rib, 1, world_af(v4), &in, ++w->generation);
		world_sweep(w, SWEEP_IMPORT, v4, 0, NULL);
		world_work(w);
	}
	assert_string_equal(compare(v4, NULL), "");
}

// Few labels, so that who comes first takes another's: what stands for what is all that counts.
static void test_labels(void **state)
{
	static const char *const keys[] = {"100:1 10.0.0.0/8", "100:1 11.0.0.0/8",
					   "100:1 12.0.0.0/8", "100:1 13.0.0.0/8"};
	char attrs[64];

	for (unsigned i = 0; i < 2; i++) {
		struct world *w = i ? &ought : &stands;
		rib_set_labels(w->rib, 1u << 18, 5);
		peers(w);
		for (unsigned k = 0; k < 4; k++) {
			unsigned n = i ? 3 - k : k;
			snprintf(attrs, sizeof(attrs), "path= nh=10.0.0.3 rt=1:1 label=%u",
				 500 + n);
			world_tell(w, 2, vpn4, keys[n], attrs);
		}
		world_work(w);
	}
	bool other = false;
	for (unsigned k = 0; k < 4; k++)
		other |= world_label(&stands, 0, vpn4, keys[k]) !=
			 world_label(&ought, 0, vpn4, keys[k]);
	assert_true(other); // or nothing has been tested
	assert_string_equal(compare(vpn4, NULL), "");
	// two routes with one label of ours
	struct spot s = spot(&stands, vpn4, keys[0]), t = spot(&stands, vpn4, keys[1]);
	entry(&s, 0)->attr = entry(&t, 0)->attr;
	assert_non_null(strstr(compare(vpn4, NULL), "told"));
}

int main(void)
{
#define WITH_WORLDS(test) cmocka_unit_test_setup_teardown(test, open_worlds, close_worlds)
	const struct CMUnitTest tests[] = {
		WITH_WORLDS(test_equal),       WITH_WORLDS(test_verdict),
		WITH_WORLDS(test_best),        WITH_WORLDS(test_suppressed),
		WITH_WORLDS(test_select),      WITH_WORLDS(test_told),
		WITH_WORLDS(test_told_nobody), WITH_WORLDS(test_lent),
		WITH_WORLDS(test_membership),  WITH_WORLDS(test_made_up),
		WITH_WORLDS(test_rejected),    WITH_WORLDS(test_labels),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&found.text);
	return failed;
}
