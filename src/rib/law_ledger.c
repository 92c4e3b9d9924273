// See law_ledger.h. All views are written down when a ledger is opened and when it is closed, and
// the two compared without any notes. Whether a route that is not stored has been turned away or
// taken back is known from what the peers say.
#include "rib/law_ledger.h"

#include "base/mem.h"
#include "rib/ledger_note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// --- facts ----------------------------------------------------------------------------------------
struct fact {
	unsigned f;
	struct af_key key;
	uint16_t row, peer;   // whose figure it is; whose path
	struct attr_set *set; // NULL: rejected
};

static void drop_facts(struct map *facts)
{
	struct map_iter it = map_iter(facts);

	while (map_next(&it)) {
		struct fact *x = it.value;
		mem_free(x->set);
		mem_free(x);
	}
	map_free(facts);
}

// kind: v verdict, b best path, t what is told.
static const char *name_of(char kind, unsigned f, uint16_t row, const struct af_key *key)
{
	static char name[2 * AF_KEY_MAX + 32];
	int at = snprintf(name, sizeof(name), "%c %u %u ", kind, f, row);

	for (unsigned i = 0; i < law_family(f)->key_size; i++)
		at += snprintf(name + at, sizeof(name) - (size_t)at, "%02x", key->b[i]);
	return name;
}

static void write_down(struct map *facts, char kind, const struct fact *x, const struct family *f,
		       uint32_t attr)
{
	const struct attr_set *set = attr ? attr_at(&f->attrs, attr) : NULL;
	struct fact *copy = mem_copy(x, sizeof(*x));

	copy->set = set ? mem_copy(set, sizeof(*set) + set->len) : NULL;
	assert_null(map_put(facts, name_of(kind, x->f, x->row, &x->key), copy));
}

static void write_told(struct map *facts, struct law *l, struct fact *x, const struct family *f,
		       uint32_t n)
{
	for (uint16_t i = 0; i < l->peers; i++) {
		struct member *m = rib_member(l->w.rib, i, f->af);
		if (!m || !m->group)
			continue;
		const struct adj_out_entry *e = adj_out_find(&m->group->out, n);
		if (!e || !member_wants(m, e))
			continue;
		x->row = i;
		x->peer = e->peer;
		write_down(facts, 't', x, f, e->attr);
	}
}

static void write_destination(struct map *facts, struct law *l, unsigned number, uint32_t n)
{
	const struct family *f = rib_family(l->w.rib, law_family(number));
	const struct destination *d = table_at(&f->table, n);
	const struct path *best = table_best(&f->table, d);
	struct fact x = {.f = number};

	memcpy(x.key.b, d->key, f->af->key_size);
	for (uint32_t p = d->first; p; p = table_path(&f->table, p)->next) {
		const struct path *path = table_path(&f->table, p);
		x.row = x.peer = path->peer;
		if (path->peer < RIB_PEERS_MAX)
			write_down(facts, 'v', &x, f, path->attr);
	}
	if (best) {
		x.row = RIB_NO_PEER;
		x.peer = best->peer;
		write_down(facts, 'b', &x, f, best->attr);
	}
	write_told(facts, l, &x, f, n);
}

static void write_all(struct map *facts, struct law *l)
{
	map_init_text(facts);
	for (unsigned i = 0; i < LAW_FAMILIES; i++) {
		const struct family *f = rib_family(l->w.rib, law_family(i));
		for (uint32_t n = 1; n < f->table.destinations.end; n++)
			if (table_at(&f->table, n)->info & DESTINATION_LIVE)
				write_destination(facts, l, i, n);
	}
}

// --- what the difference is -----------------------------------------------------------------------
struct difference_of_facts {
	struct law *law;
	const struct law_ledger *ledger;
	struct map *before, *after;
	struct ledger_row rows[LAW_FAMILIES][WORLD_PEERS + 1];
};

static uint64_t traits_of(const struct attr_set *a, const struct attr_set *b)
{
	struct attrs x, y;
	uint64_t traits = 0;

	attr_open(a, &x);
	attr_open(b, &y);
	for (unsigned type = 1; type < 256; type++) {
		const struct attr *p = attrs_find(&x, (uint8_t)type);
		const struct attr *q = attrs_find(&y, (uint8_t)type);
		if (!p != !q || (p && (p->flags != q->flags || p->len != q->len ||
				       memcmp(p->value, q->value, p->len) != 0)))
			traits |= UINT64_C(1) << (type < 63 ? type : 63);
	}
	traits |= a->local.preferred_value != b->local.preferred_value;
	if (a->local.label != b->local.label)
		traits |= 1 << 14;
	return traits;
}

static bool sets_equal(const struct attr_set *a, const struct attr_set *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len) &&
	       !memcmp(&a->local, &b->local, sizeof(a->local));
}

static bool is_counted(const struct law_ledger *x, const struct fact *a, char kind)
{
	const struct af *af = law_family(a->f);
	const struct ip *within = &x->options.within;
	unsigned bits;

	if (kind == 't' && !x->eligible[a->f][a->row])
		return false;
	if (!within->bits)
		return true;
	if (!(af->props & AF_PREFIX) || af->prefix_bits != within->bits)
		return false;
	const uint8_t *p = af->prefix(&a->key, &bits);
	return bits >= x->options.within_bits && bits_equal(p, within->b, x->options.within_bits);
}

// Whether the peer still says what is not stored.
static bool is_said(const struct law *l, const struct fact *a)
{
	for (unsigned p = 0; p < LAW_PREFIXES; p++)
		if (!memcmp(&l->pool.keys[a->f][p], &a->key, sizeof(a->key)))
			return l->peer[a->row].route[a->f][p] != NO_ROUTE;
	return false;
}

static enum ledger_class class_of(const struct law *l, char kind, const struct fact *a,
				  const struct fact *b)
{
	const struct attr_set *was = a ? a->set : NULL, *is = b ? b->set : NULL;
	bool same = was && is && sets_equal(was, is);
	static const enum ledger_class classes[3][3] = {
		{LEDGER_ACCEPTED, LEDGER_LOST, LEDGER_CHANGED},
		{LEDGER_BEST_NEW, LEDGER_BEST_GONE, LEDGER_BEST_CHANGED},
		{LEDGER_ANNOUNCED, LEDGER_WITHDRAWN, LEDGER_REANNOUNCED}};
	unsigned row = kind == 'v' ? 0 : kind == 'b' ? 1 : 2;

	if (!was && !is)
		return LEDGER_CLASSES;
	if (kind == 'v' && was && !is && (b || is_said(l, a)))
		return LEDGER_REJECTED;
	if (!was || !is)
		return classes[row][!is];
	if (kind == 'b' && a->peer != b->peer)
		return LEDGER_BEST_MOVED;
	return same ? LEDGER_CLASSES : classes[row][2];
}

static struct ledger_row *row_of(struct difference_of_facts *x, unsigned f, uint16_t row)
{
	return &x->rows[f][row < WORLD_PEERS ? row : WORLD_PEERS];
}

static void account(struct difference_of_facts *x, char kind, const struct fact *a,
		    const struct fact *b)
{
	const struct fact *any = a ? a : b;
	struct ledger_row *row = row_of(x, any->f, any->row);
	enum ledger_class class = class_of(x->law, kind, a, b);

	if (class == LEDGER_CLASSES || !is_counted(x->ledger, any, kind))
		return;
	row->count[class]++;
	if (class != LEDGER_CHANGED && class != LEDGER_BEST_CHANGED && class != LEDGER_REANNOUNCED)
		return;
	for (uint64_t t = traits_of(a->set, b->set); t; t &= t - 1) {
		unsigned i = (unsigned)__builtin_ctzll(t);
		(class == LEDGER_REANNOUNCED ? row->reannounced_by : row->changed_by)[i]++;
	}
}

static void account_all(struct difference_of_facts *x)
{
	struct map_iter it = map_iter(x->before);

	while (map_next(&it))
		account(x, it.key[0], it.value, map_get(x->after, it.key));
	it = map_iter(x->after);
	while (map_next(&it))
		if (!map_get(x->before, it.key))
			account(x, it.key[0], NULL, it.value);
}

// --- comparing ------------------------------------------------------------------------------------
static void wrong(struct law *l, const char *what, unsigned f, uint16_t peer)
{
	fail_msg("RIB_LAW_SEED=%llu RIB_LAW_CASES=1: the ledger's %s, family %u, peer %u",
		 (unsigned long long)l->case_seed, what, f, peer);
}

static unsigned family_number(unsigned index)
{
	unsigned f = 0;

	while (f < LAW_FAMILIES && af_index(law_family(f)) != index)
		f++;
	return f;
}

static bool row_equal(struct ledger_row *expected, const struct ledger_row *told)
{
	expected->peer = told->peer;
	expected->family = told->family;
	return !memcmp(expected->count, told->count, sizeof(told->count)) &&
	       !memcmp(expected->changed_by, told->changed_by, sizeof(told->changed_by)) &&
	       !memcmp(expected->reannounced_by, told->reannounced_by,
		       sizeof(told->reannounced_by));
}

static void print_row(const char *who, const struct ledger_row *row)
{
	fprintf(stderr, "%s:", who);
	for (unsigned i = 0; i < LEDGER_CLASSES; i++)
		fprintf(stderr, " %llu", (unsigned long long)row->count[i]);
	fprintf(stderr, "\n");
}

static void compare_rows(struct difference_of_facts *x, const struct ledger_report *r)
{
	static const struct ledger_row none;

	for (unsigned i = 0; i < r->row_count; i++) {
		unsigned f = family_number(r->rows[i].family);
		struct ledger_row *mine = row_of(x, f, r->rows[i].peer);
		if (!row_equal(mine, &r->rows[i])) {
			print_row("told", &r->rows[i]);
			print_row("true", mine);
			wrong(x->law, "figures", f, r->rows[i].peer);
		}
		*mine = none;
	}
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (unsigned i = 0; i <= WORLD_PEERS; i++)
			for (unsigned c = 0; c < LEDGER_CLASSES; c++)
				if (x->rows[f][i].count[c])
					wrong(x->law, "silence", f, (uint16_t)i);
}

static char kind_of(enum ledger_class class)
{
	return class < LEDGER_BEST_NEW ? 'v' : class < LEDGER_ANNOUNCED ? 'b' : 't';
}

static bool sample_set_is(const struct fact *fact, const struct attr_set *set)
{
	const struct attr_set *expected = fact ? fact->set : NULL;

	return expected && set ? sets_equal(expected, set) : !expected == !set;
}

static void compare_sample(struct difference_of_facts *x, const struct ledger_sample *s)
{
	unsigned f = family_number(af_index(s->af));
	char kind = kind_of(s->class);
	const struct fact *a = map_get(x->before, name_of(kind, f, s->peer, &s->key));
	const struct fact *b = map_get(x->after, name_of(kind, f, s->peer, &s->key));

	if (class_of(x->law, kind, a, b) != s->class || !sample_set_is(a, s->before) ||
	    !sample_set_is(b, s->after))
		wrong(x->law, "sample", f, s->peer);
	if (kind == 'b' && ((a && a->peer != s->peer_before) || (b && b->peer != s->peer_after)))
		wrong(x->law, "sample's peers", f, s->peer);
}

// As many as there are, or as were asked for.
static void compare_samples(struct difference_of_facts *x, const struct ledger_report *r)
{
	for (unsigned i = 0; i < r->sample_count; i++)
		compare_sample(x, &r->samples[i]);
	for (unsigned i = 0; i < r->row_count; i++)
		for (unsigned c = 0; c < LEDGER_CLASSES; c++) {
			uint64_t n = 0, all = r->rows[i].count[c],
				 most = x->ledger->options.samples;
			for (unsigned k = 0; k < r->sample_count; k++)
				n += r->samples[k].peer == r->rows[i].peer &&
				     r->samples[k].class == c &&
				     af_index(r->samples[k].af) == r->rows[i].family;
			if (n != (all < most ? all : most))
				wrong(x->law, "number of samples", r->rows[i].family,
				      r->rows[i].peer);
		}
}

static void compare(struct law *l, struct map *after)
{
	struct difference_of_facts *x = mem_zero(sizeof(*x));

	*x = (struct difference_of_facts){
		.law = l, .ledger = &l->ledger, .before = &l->ledger.before, .after = after};
	if (!l->w.report)
		wrong(l, "report", 0, 0);
	account_all(x);
	compare_samples(x, l->w.report);
	compare_rows(x, l->w.report);
	mem_free(x);
}

// --- events ---------------------------------------------------------------------------------------
static void open_ledger(struct law *l)
{
	struct law_ledger *x = &l->ledger;

	x->options = (struct ledger_options){.samples = below(l, 4)};
	if (chance(l, 20)) {
		assert_true(ip_parse("10.1.0.0", &x->options.within));
		x->options.within_bits = (uint8_t)(8 + below(l, 17));
	}
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (uint16_t i = 0; i < l->peers; i++) {
			const struct member *m = rib_member(l->w.rib, i, law_family(f));
			x->eligible[f][i] = m && m->group && !m->group->filling;
			x->session[i] = l->w.peers[i].session;
		}
	rib_ledger_open(l->w.rib, &x->options);
	write_all(&x->before, l);
	x->open = true;
}

static void forget(struct law *l)
{
	drop_facts(&l->ledger.before);
	l->ledger.open = false;
}

static bool countdown(void *arg)
{
	return (*(int *)arg)-- <= 0;
}

// at_rest: the rib has nothing else to do, so that what stands does not change during the sums.
static void close_and_compare(struct law *l, bool at_rest)
{
	struct map after;

	if (at_rest)
		world_work(&l->w);
	write_all(&after, l);
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (uint16_t i = 0; i < l->peers; i++) {
			const struct member *m = rib_member(l->w.rib, i, law_family(f));
			if (!m->group || l->ledger.session[i] != l->w.peers[i].session)
				l->ledger.eligible[f][i] = false;
		}
	ledger_report_free(l->w.report);
	l->w.report = NULL;
	assert_true(rib_ledger_close(l->w.rib));
	if (!at_rest)
		ledger_finish(l->w.rib);
	for (int steps = 0; !l->w.report; steps = (int)below(l, 3))
		rib_work(l->w.rib, countdown, &steps);
	compare(l, &after);
	drop_facts(&after);
	forget(l);
}

void law_ledger_event(struct law *l)
{
	if (!l->ledger.open) {
		open_ledger(l);
		return;
	}
	if (chance(l, 10)) {
		forget(l);
		open_ledger(l);
	} else if (chance(l, 20)) {
		rib_ledger_close(l->w.rib);
		forget(l);
	} else {
		close_and_compare(l, chance(l, 30));
	}
}

void law_ledger_end(struct law *l)
{
	if (l->ledger.open)
		close_and_compare(l, true);
}
