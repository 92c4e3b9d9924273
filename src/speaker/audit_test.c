// The audit over the simulated loop and network, with VPN instances, memberships and two shards: it
// finds nothing where all is well, changes nothing, and finds and names what somebody damages in the
// tables or in what the control thread keeps. Neighbours are the law's scripted ones
// (test/law/player.h), configurations are made by the law's state.
#include "speaker/audit.h"

#include "theatre.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "rib/group.h"
#include "sim/sim.h"
#include "speaker/private.h"
#include "speaker/worker.h"
#include "vpn/exchange.h"

static struct theatre t;
static uint32_t route_limit; // of instance 1; 0: none

static const struct af *inner(void)
{
	return af_classic();
}

static const struct af *outer(void)
{
	return af_outer(af_classic());
}

static void commit(void)
{
	struct speaker_config *c = theatre_config(&t);

	for (unsigned i = 1; route_limit && i < c->instance_count; i++) {
		if (c->instances[i].number != 1)
			continue;
		c->instances[i].route_limit[af_index(inner())] = route_limit;
		c->instances[i].route_limit_percent[af_index(inner())] = 80;
	}
	theatre_commit(&t, c);
}

static void settle(void)
{
	theatre_settle(&t);
}

static void set(enum step_kind kind, long a, long b, long c, long d)
{
	theatre_set(&t, kind, a, b, c, d);
}

static void neighbour(unsigned i, uint32_t as, long flags, uint16_t families)
{
	theatre_neighbour(&t, i, as, flags, families);
}

static void begin_with(unsigned shards)
{
	theatre_open(&t, shards);
	route_limit = 0;
}

static int begin(void **unused)
{
	begin_with(1);
	return 0;
}

static int begin_two(void **unused)
{
	begin_with(2);
	return 0;
}

static int end(void **unused)
{
	theatre_close(&t);
	return 0;
}

// --- a town -----------------------------------------------------------------------------------------
static const uint8_t *target_of(unsigned i)
{
	static uint8_t target[8] = {0, 2, 0, 100, 0, 0, 0, 0};

	target[7] = (uint8_t)(1 + i);
	return target;
}

// A variant of attributes that carries target 0 and that everybody may be told of.
static uint32_t good_variant(const struct player *p, const struct af *af)
{
	struct arena a;
	uint32_t v = 0;
	bool good;

	arena_init(&a, 4096);
	do {
		struct attrs as;
		struct span hop;
		const struct attr *x;

		player_attrs(p, af, ++v, &as, &hop, &a);
		x = attrs_find(&as, ATTR_EXT_COMMUNITY);
		good = hop.p[0] != 10 && !attrs_find(&as, ATTR_COMMUNITY) &&
		       (!(af->props & AF_TARGETED) ||
			(x && communities_have(x, 8, target_of(0)) && x->len == 8));
	} while (!good);
	arena_free(&a);
	return v;
}

static void announce(unsigned i, const struct af *af, unsigned index)
{
	struct af_key key = {0};

	law_key(af, index, &key);
	player_announce(&t.peer[i], af, &key, good_variant(&t.peer[i], af));
}

// A PE, an external neighbour, a CE in each of two instances that take from each other.
static void town(void)
{
	struct af_key wish = {0};

	set(STEP_GLOBAL, GLOBAL_CONSTRAIN, 1, 0, 0);
	neighbour(0, LAW_AS, PEER_REFRESH | PEER_ENHANCED,
		  af_bit(inner()) | af_bit(outer()) | af_bit(af_memberships()));
	neighbour(1, 65101, PEER_REFRESH | PEER_INSTANCE, af_bit(inner()));
	neighbour(2, 65102, PEER_REFRESH, af_bit(inner()));
	neighbour(3, 65103, PEER_REFRESH | 2 * PEER_INSTANCE, af_bit(inner()));
	for (unsigned i = 1; i <= 2; i++) {
		set(STEP_INSTANCE, i, af_bit(inner()), 0, 0);
		set(STEP_TARGETS, i, 1, 1, 0);
		set(STEP_TARGETS, i, 0, 1, 0);
	}
	set(STEP_NETWORK, af_index(inner()), 3, 0, 0);
	for (unsigned k = 4; k < 8; k++) {
		announce(0, inner(), k);
		announce(2, inner(), k - 1);
		announce(1, inner(), k);
		announce(3, inner(), k + 2);
	}
	announce(0, outer(), 7);
	law_key(af_memberships(), 1, &wish);
	player_announce(&t.peer[0], af_memberships(), &wish, 1);
	commit();
	settle();
}

static struct speaker_peer *at(unsigned i)
{
	uint16_t instance = (uint16_t)law_instance(t.state.peer[i].flags);

	return speaker_peer_find(t.speaker, instance, &t.peer[i].address);
}

// --- finding ----------------------------------------------------------------------------------------
static struct buf found;
static struct audit last;

static void note(void *arg, const struct audit_difference *d)
{
	char text[IP_TEXT_MAX];

	buf_format(&found, "%s of %s in %u", audit_kind_name(d->kind), d->af->name, d->instance);
	if (d->route) {
		buf_text(&found, ": ");
		d->af->text_put(&found, d->route->key);
	}
	if (d->peer)
		buf_format(&found, ", %s", ip_text(&speaker_peer_config(d->peer)->address, text));
	buf_text(&found, "\n");
}

static const char *audit_of(uint16_t families)
{
	struct audit_options o = {.families = families, .found = note};

	buf_clear(&found);
	audit_free(&last);
	speaker_audit(t.speaker, &o, &last);
	return buf_cstr(&found);
}

static const char *audit(void)
{
	return audit_of(UINT16_MAX);
}

static const struct audit_row *row(unsigned instance, const struct af *af)
{
	for (unsigned i = 0; i < last.row_count; i++)
		if (last.rows[i].instance == instance && last.rows[i].family == af_index(af))
			return &last.rows[i];
	return NULL;
}

#define assert_has(text, word) assert_non_null(strstr(text, word))

static void finds_nothing(void **unused)
{
	unsigned updates[4];

	town();
	for (unsigned i = 0; i < 4; i++)
		updates[i] = t.peer[i].updates_in;
	assert_string_equal(audit(), "");
	assert_int_equal(audit_differences(&last), 0);
	assert_int_equal(last.replayed, 4 * 4 + 2);
	assert_int_equal(row(0, inner())->counts.paths, 9);
	assert_true(row(0, inner())->counts.announcements);
	assert_int_equal(row(0, outer())->counts.paths, 9);
	assert_int_equal(row(1, inner())->counts.paths, 9);
	assert_true(row(1, inner())->counts.announcements >= 2);
	assert_int_equal(row(0, af_memberships())->counts.paths, 2);
	settle();
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(t.peer[i].updates_in, updates[i]);
	assert_string_equal(audit(), "");
}

static void some_families(void **unused)
{
	town();
	assert_string_equal(audit_of(af_bit(outer())), "");
	assert_int_equal(last.row_count, 1);
	assert_int_equal(row(0, outer())->counts.paths, 9);
	assert_int_equal(last.replayed, 4 * 4 + 2); // what it depends on
	assert_string_equal(audit_of(af_bit(af_memberships())), "");
	assert_int_equal(last.replayed, 1);
}

// Between BoRR and EoRR what is stale counts.
static void stale_counts(void **unused)
{
	struct af_key key = {0};

	town();
	speaker_send_peer(t.speaker, SHARD_REFRESH_BEGIN, at(0), inner());
	law_key(inner(), 4, &key);
	player_announce(&t.peer[0], inner(), &key, 77);
	settle();
	struct rib_counts c;
	speaker_peer_counts(t.speaker, at(0)->number, inner(), &c);
	assert_true(c.stale > 0);
	assert_string_equal(audit(), "");
}

static void session_gone(void **unused)
{
	town();
	t.peer[0].wanted = t.peer[3].wanted = false;
	player_disconnect(&t.peer[0]);
	player_disconnect(&t.peer[3]);
	settle();
	assert_string_equal(audit(), "");
	assert_int_equal(row(0, af_memberships())->counts.paths, 1); // ours
}

// --- damage -----------------------------------------------------------------------------------------
struct spot {
	struct rib *rib;
	struct family *family;
	struct destination *destination;
	uint32_t number;
};

static struct spot spot_of(uint16_t instance, const struct af *af, const struct af_key *key)
{
	struct spot s = {0};

	for (unsigned i = 0; i < t.speaker->shard_count && !s.number; i++) {
		s.rib = worker_rib(t.speaker->shards[i]->worker, instance);
		s.number = rib_number(s.rib, af, key);
	}
	assert_true(s.number);
	s.family = rib_family(s.rib, af);
	s.destination = table_at(&s.family->table, s.number);
	return s;
}

static struct spot spot(uint16_t instance, const struct af *af, unsigned index)
{
	struct af_key key = {0};

	law_key(af, index, &key);
	return spot_of(instance, af, &key);
}

static void verdict_damaged(void **unused)
{
	town();
	struct spot s = spot(0, inner(), 5);
	uint32_t prev, n = destination_path(s.family, s.destination, at(2)->number, &prev);
	struct path *p = table_path(&s.family->table, n);
	uint32_t own = p->attr;
	p->attr = 0;
	assert_has(audit(), "verdict of ipv4-unicast in 0: 13.3.5.0/24, 10.0.1.3\n");
	assert_int_equal(last.differences[COMPARE_VERDICT], 1);
	p->attr = own;
	assert_string_equal(audit(), "");
}

static void best_damaged(void **unused)
{
	town();
	struct spot s = spot(0, inner(), 5);
	uint32_t first = s.destination->first;
	struct path *a = table_path(&s.family->table, first);
	uint32_t second = a->next;
	struct path *b = table_path(&s.family->table, second);
	assert_true(second);
	a->next = b->next;
	b->next = first;
	s.destination->first = second;
	assert_has(audit(), "best path of ipv4-unicast in 0: 13.3.5.0/24");
	assert_int_equal(audit_differences(&last), 1);
	b->next = a->next;
	a->next = second;
	s.destination->first = first;
	assert_string_equal(audit(), "");
}

static void announcement_damaged(void **unused)
{
	town();
	struct spot s = spot(1, inner(), 9); // CE 1 is told what CE 3 has sent
	struct member *m = rib_member(s.rib, at(1)->number, inner());
	struct adj_out_entry *e = adj_out_find(&m->group->out, s.number);
	uint32_t own = e->attr;
	assert_true(own);
	e->attr = 0;
	assert_string_equal(audit(), "announcement of ipv4-unicast in 1: 11.1.9.0/24, 10.0.1.2\n");
	e->attr = own;
	assert_string_equal(audit(), "");
}

static void loan_damaged(void **unused)
{
	town();
	struct spot s = spot(1, inner(), 9);
	const struct path *p = table_path(&s.family->table, s.destination->first);
	struct attrs as;
	uint8_t rd[8];
	assert_int_equal(p->peer, RIB_LENT);
	attr_open(attr_at(&s.family->attrs, p->attr), &as);
	memcpy(rd, as.local.rd, 8);
	struct af_key key = {0};
	law_key(inner(), 9, &key);
	rd[7] ^= 64; // one too many
	rib_lend(s.rib, inner(), &key, rd, &as);
	settle();
	assert_has(audit(), "verdict of ipv4-unicast in 1: 11.1.9.0/24\n");
	rib_lend(s.rib, inner(), &key, rd, NULL);
	settle();
	assert_string_equal(audit(), "");
	rd[7] ^= 64; // one is missing, and with it what CE 1 is told
	rib_lend(s.rib, inner(), &key, rd, NULL);
	settle();
	assert_has(audit(), "verdict of ipv4-unicast in 1: 11.1.9.0/24\n");
	assert_has(audit(), "best path of ipv4-unicast in 1: 11.1.9.0/24\n");
	assert_has(audit(), "announcement of ipv4-unicast in 1: 11.1.9.0/24, 10.0.1.2\n");
}

static void membership_damaged(void **unused)
{
	struct af_key key = {0};

	town();
	struct spot s = spot(0, af_memberships(), 1);
	uint32_t prev, n = destination_path(s.family, s.destination, at(0)->number, &prev);
	struct path *p = table_path(&s.family->table, n);
	p->flags ^= PATH_COUNTS;
	assert_string_equal(audit(), "membership of vpn-target in 0: 65000 RT<100:1>, 10.0.1.1\n");
	p->flags ^= PATH_COUNTS;
	// the control thread believes something else
	law_key(af_memberships(), 2, &key);
	membership_set(at(0)->membership, af_memberships(), &key, true);
	assert_string_equal(audit(), "targets asked for of vpn-target in 0, 10.0.1.1\n");
	membership_set(at(0)->membership, af_memberships(), &key, false);
	assert_string_equal(audit(), "");
	law_key(af_memberships(), 1, &key);
	membership_set(at(0)->membership, af_memberships(), &key, false);
	constrain_member(at(0), af_memberships(), &key, true);
	membership_set(at(0)->membership, af_memberships(), &key, false);
	settle();
	assert_has(audit(), "export given of vpnv4 in 0, 10.0.1.1\n");
	assert_has(audit(), "announcement of vpnv4 in 0");
}

static void given_damaged(void **unused)
{
	town();
	struct peer_run *run = &at(2)->run[af_index(inner())];
	run->import.preferred_value++;
	assert_string_equal(audit(), "import given of ipv4-unicast in 0, 10.0.1.3\n");
	assert_int_equal(row(0, inner())->differences, 1);
	run->import.preferred_value--;
	run->export.community = !run->export.community;
	assert_string_equal(audit(), "export given of ipv4-unicast in 0, 10.0.1.3\n");
}

static void counters_damaged(void **unused)
{
	town();
	struct spot s = spot(0, inner(), 5);
	struct member *m = rib_member(s.rib, at(2)->number, inner());
	m->accepted--;
	assert_string_equal(audit(), "counters of ipv4-unicast in 0, 10.0.1.3\n");
	m->accepted++;
	assert_string_equal(audit(), "");
}

// A program that the shards alone got wrong.
static void program_damaged(void **unused)
{
	town();
	struct rib_import in = at(2)->run[af_index(inner())].import;
	in.preferred_value = 7;
	peer_give_import(at(2), af_index(inner()), &in, t.generation);
	announce(2, inner(), 8);
	settle();
	assert_has(audit(), "verdict of ipv4-unicast in 0: 13.3.8.0/24, 10.0.1.3\n");
}

// --- what is exempt -----------------------------------------------------------------------------------
static void limit_exempts(void **unused)
{
	town();
	route_limit = 2;
	commit();
	settle();
	announce(1, inner(), 8); // instance 1 holds more than that already: turned away
	settle();
	assert_string_equal(audit(), "");
	assert_true(row(1, inner())->exempt);
	assert_int_equal(row(1, inner())->counts.paths, 0);
	assert_false(row(0, outer())->exempt);
	assert_true(row(0, outer())->counts.exempt > 0); // what instance 1 lends
	assert_true(row(0, outer())->counts.destinations > 0);
	assert_true(row(2, inner())->counts.exempt > 0);
	// what is not exempt is found
	struct spot s = spot(2, inner(), 9);
	struct path *p = table_path(&s.family->table, s.destination->first);
	uint32_t own = p->attr;
	p->attr = 0;
	assert_has(audit(), "verdict of ipv4-unicast in 2: 11.1.9.0/24, 10.0.1.4\n");
	p->attr = own;
}

static void not_configured(void **unused)
{
	assert_string_equal(audit(), "");
	assert_int_equal(last.row_count, 0);
}

int main(void)
{
#define IN_TOWN(test)                                      \
	cmocka_unit_test_setup_teardown(test, begin, end), \
		cmocka_unit_test_setup_teardown(test, begin_two, end)
	const struct CMUnitTest tests[] = {
		IN_TOWN(finds_nothing),        IN_TOWN(some_families),
		IN_TOWN(stale_counts),         IN_TOWN(session_gone),
		IN_TOWN(verdict_damaged),      IN_TOWN(best_damaged),
		IN_TOWN(announcement_damaged), IN_TOWN(loan_damaged),
		IN_TOWN(membership_damaged),   IN_TOWN(given_damaged),
		IN_TOWN(program_damaged),      IN_TOWN(counters_damaged),
		IN_TOWN(limit_exempts),        IN_TOWN(not_configured),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_free(&found);
	audit_free(&last);
	return failed;
}
