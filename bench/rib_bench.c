// Times one rib alone, in one thread, without sessions: load, dump to a listener, policy changes,
// refreshes. Arguments: routes (1000000), routes per attribute set (8), feeders (1), and 1: with a ledger
// open during each change of policy (0).
// Figures are CPU seconds of this process; memory is what malloc holds.
#include "base/mem.h"
#include "base/random.h"
#include "policy/source.h"
#include "rib/ledger.h"
#include "rib/rib.h"
#include "rib/sweep.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench {
	struct rib *rib;
	const struct af *af;
	struct policy_store *store;
	unsigned routes, per_set, feeders;
	uint64_t bytes, updates, announced, withdrawn, chunks;
	bool ledgers;
	uint64_t figures; // in the last ledger
	uint32_t generation;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void deliver(void *arg, struct rib_delivery *d)
{
	struct bench *b = arg;
	size_t n;

	rib_chunk_bytes(d->chunk, &n);
	for (unsigned i = 0; i < d->part_count; i++)
		b->bytes += d->parts[i].to - d->parts[i].from;
	b->bytes += d->parts ? 0 : n;
	b->updates += d->updates;
	b->announced += d->announced;
	b->withdrawn += d->withdrawn;
	b->chunks++;
	rib_chunk_unref(d->chunk);
	mem_free(d->parts);
}

static void mark(void *arg, uint16_t peer, uint32_t session, const struct af *af, enum rib_mark m)
{
}

static void tell_ledger(void *arg, struct ledger_report *r)
{
	struct bench *b = arg;

	b->figures = 0;
	for (unsigned i = 0; i < r->row_count; i++)
		for (unsigned c = 0; c < LEDGER_CLASSES; c++)
			b->figures += r->rows[i].count[c];
	ledger_report_free(r);
}

static bool never(void *arg)
{
	return false;
}

static void drain(struct bench *b)
{
	while (rib_work(b->rib, never, NULL))
		;
}

// --- policies -------------------------------------------------------------------------------------
static void add_apply(struct policy_source *s, struct source_node *n, const char *community)
{
	struct source_apply *a = policy_source_apply(s, n, APPLY_COMMUNITY);

	a->mode = MODE_ADDITIVE;
	policy_source_word(s, &a->words, community);
}

// what: as the workloads of bench are named: A, B, P (1 % by prefix), C (1 % by community), R.
static struct policy_program *program(struct bench *b, char what, bool import)
{
	struct policy_source *s = policy_source_new();
	struct source_policy *p = policy_source_policy(s, "x");
	const struct policy_binding bind = {.af = b->af, .import = import, .route_policy = "x"};

	if (what == 'P' || what == 'R') {
		struct source_filter *f = policy_source_filter(s, FILTER_PREFIX, "l");
		struct source_rule *r = policy_source_rule(s, f, 10, true);
		ip_parse("44.0.0.0", &r->address);
		r->length = 8;
		r->greater_equal = 8;
		r->less_equal = 32;
		struct source_node *n = policy_source_node(s, p, 5, what == 'P');
		policy_source_word(s, &policy_source_match(s, n, MATCH_PREFIX)->names, "l");
		if (what == 'P') {
			add_apply(s, n, "65000:1");
			add_apply(s, n, "65000:3");
		}
	}
	if (what == 'C') {
		struct source_filter *f = policy_source_filter(s, FILTER_COMMUNITY, "10");
		struct source_rule *r = policy_source_rule(s, f, 10, true);
		policy_source_word(s, &r->words, "64999:77");
		struct source_node *n = policy_source_node(s, p, 5, true);
		policy_source_word(s, &policy_source_match(s, n, MATCH_COMMUNITY)->names, "10");
		add_apply(s, n, "65000:1");
		add_apply(s, n, "65000:4");
	}
	add_apply(s, policy_source_node(s, p, 10, true), what == 'B' ? "65000:2" : "65000:1");
	struct policy_snapshot *n = policy_compile(b->store, s, NULL, NULL);
	struct policy_program *out = policy_program(b->store, n, &bind);
	policy_snapshot_unref(n);
	policy_source_free(s);
	return out;
}

// --- routes ---------------------------------------------------------------------------------------
static void put_u32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void make_attrs(struct buf *out, unsigned set, unsigned feeder)
{
	uint8_t path[2 + 4 * 6], hop[4], communities[8];
	static const uint8_t igp = 0;
	struct random r;
	struct attrs as = {0};

	random_seed(&r, set * 64u + feeder + 1);
	unsigned n = 2 + random_below(&r, 4);
	path[0] = AS_SEQUENCE;
	path[1] = (uint8_t)(n + 1);
	put_u32(path + 2, 64512 + feeder);
	for (unsigned i = 0; i < n; i++)
		put_u32(path + 6 + 4 * i, 1000 + random_below(&r, 60000));
	put_u32(hop, 0x0a000001 + feeder);
	put_u32(communities, 64999u << 16 | (set % 100 == 0 ? 77 : 1000 + set % 3000));
	put_u32(communities + 4, 65001u << 16 | random_below(&r, 500));
	attrs_put(&as, ATTR_ORIGIN, ATTR_TRANSITIVE, &igp, 1);
	attrs_put(&as, ATTR_AS_PATH, ATTR_TRANSITIVE, path, 2 + 4 * (n + 1));
	attrs_put(&as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, hop, 4);
	attrs_put(&as, ATTR_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, communities, 8);
	buf_clear(out);
	attrs_encode(out, &as);
}

static void load(struct bench *b, unsigned feeder)
{
	struct buf attributes = {0}, nlri = {0};
	unsigned made = 0;

	for (unsigned set = 0; made < b->routes; set++) {
		make_attrs(&attributes, set, feeder);
		buf_clear(&nlri);
		for (unsigned i = 0; i < b->per_set && made < b->routes; i++, made++) {
			uint32_t address = (1u << 24) + (made * 17u % 14000000u) * 256u;
			buf_u8(&nlri, 24);
			buf_u8(&nlri, (uint8_t)(address >> 24));
			buf_u8(&nlri, (uint8_t)(address >> 16));
			buf_u8(&nlri, (uint8_t)(address >> 8));
		}
		struct span a = {attributes.data, attributes.len}, n = {nlri.data, nlri.len};
		rib_update(b->rib, (uint16_t)feeder, b->af, &a, &n);
		if (set % 128 == 0)
			rib_work(b->rib, never, NULL);
	}
	drain(b);
	buf_free(&attributes);
	buf_free(&nlri);
}

static void import(struct bench *b, struct policy_program *p, bool keep)
{
	b->generation++;
	for (unsigned i = 0; i < b->feeders; i++) {
		struct rib_import in = {.program = p,
					.source = SOURCE_EBGP,
					.keep_all = keep,
					.check_first_as = true,
					.peer_as = 64512 + i};
		rib_peer_import(b->rib, (uint16_t)i, b->af, &in, b->generation);
	}
}

static void up(struct bench *b, uint16_t peer, struct policy_program *out)
{
	struct rib_export e = {
		.program = out, .kind = SOURCE_EBGP, .community = true, .local_as = 65000};
	struct rib_session s = {.families = af_bit(b->af),
				.as4 = true,
				.refresh = true,
				.enhanced_refresh = true,
				.max_message = 4096,
				.router_id = 0x0a000000u + peer,
				.local = ip_from_u32(0x7f000001),
				.remote = ip_from_u32(0x0a000001u + peer)};

	rib_peer_export(b->rib, peer, b->af, &e, 1);
	rib_peer_up(b->rib, peer, 1, &s);
	rib_credit(b->rib, peer, SIZE_MAX);
	drain(b);
}

// --- ledger ---------------------------------------------------------------------------------------
static void open_ledger(struct bench *b)
{
	const struct ledger_options o = {.samples = 10};

	if (b->ledgers)
		rib_ledger_open(b->rib, &o);
}

static void close_ledger(struct bench *b)
{
	double t = now();

	if (!b->ledgers)
		return;
	rib_ledger_close(b->rib);
	drain(b);
	printf("%34s %7.3f s sums of the ledger: %lu figures\n", "", now() - t,
	       (unsigned long)b->figures);
}

// --- steps ----------------------------------------------------------------------------------------
static double begin(struct bench *b)
{
	b->bytes = b->updates = b->announced = b->withdrawn = b->chunks = 0;
	return now();
}

static void report(struct bench *b, const char *what, double from)
{
	printf("%-34s %7.3f s  %8.1f MB  %7lu updates  %8lu announced %7lu withdrawn %5lu chunks\n",
	       what, now() - from, (double)b->bytes / 1e6, (unsigned long)b->updates,
	       (unsigned long)b->announced, (unsigned long)b->withdrawn, (unsigned long)b->chunks);
}

static void change(struct bench *b, const char *name, char what)
{
	uint64_t peers[RIB_PEERS_MAX / 64] = {0};
	struct policy_program *p = program(b, what, true);

	for (unsigned i = 0; i < b->feeders; i++)
		peers[i / 64] |= UINT64_C(1) << i % 64;
	open_ledger(b);
	double t = begin(b);
	import(b, p, true);
	struct sweep *s = sweep_new(b->rib, SWEEP_IMPORT, b->af, peers, b->generation);
	while (sweep_step(s, never, NULL))
		;
	double swept = now();
	drain(b);
	report(b, name, t);
	struct sweep_counts c;
	sweep_counts(s, &c);
	printf("%34s %7.3f s sweep alone: %lu seen, %lu changed\n", "", swept - t,
	       (unsigned long)c.seen, (unsigned long)c.changed);
	close_ledger(b);
	sweep_free(s);
	policy_program_unref(p);
}

static void change_export(struct bench *b, const char *name, char what)
{
	uint64_t peers[RIB_PEERS_MAX / 64] = {0};
	struct policy_program *p = program(b, what, false);
	struct rib_export e = {
		.program = p, .kind = SOURCE_EBGP, .community = true, .local_as = 65000};
	uint16_t listener = (uint16_t)b->feeders;

	peers[listener / 64] |= UINT64_C(1) << listener % 64;
	open_ledger(b);
	double t = begin(b);
	rib_peer_export(b->rib, listener, b->af, &e, ++b->generation);
	struct sweep *s = sweep_new(b->rib, SWEEP_EXPORT, b->af, peers, b->generation);
	while (sweep_step(s, never, NULL))
		;
	drain(b);
	report(b, name, t);
	close_ledger(b);
	sweep_free(s);
	policy_program_unref(p);
}

static void sizes(struct bench *b, size_t base)
{
	struct rib_totals t;
	struct mallinfo2 m = mallinfo2();
	size_t all = m.uordblks + m.hblkhd - base;

	rib_totals(b->rib, b->af, &t);
	printf("%u destinations, %u paths, %u sets; bytes per path: routes %.1f sets %.1f out %.1f "
	       "memo %.1f, all of malloc %.1f\n",
	       t.destinations, t.paths, t.attribute_sets, (double)t.bytes_routes / t.paths,
	       (double)t.bytes_sets / t.paths, (double)t.bytes_out / t.paths,
	       (double)t.bytes_memo / t.paths, (double)all / t.paths);
}

int main(int argc, char **argv)
{
	struct bench b = {.af = af_classic(),
			  .store = policy_store_new(),
			  .routes = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000,
			  .per_set = argc > 2 ? (unsigned)atoi(argv[2]) : 8,
			  .feeders = argc > 3 ? (unsigned)atoi(argv[3]) : 1,
			  .ledgers = argc > 4 && atoi(argv[4])};
	const struct rib_ops ops = {
		.deliver = deliver, .mark = mark, .ledger = tell_ledger, .arg = &b};
	const struct rib_options options = {
		.local_as = 65000, .router_id = 1, .default_local_pref = 100, .max_paths = 1};
	const struct policy_binding open_bind = {.af = b.af};
	struct policy_program *open = policy_program(b.store, NULL, &open_bind);
	struct policy_program *a = program(&b, 'A', true);
	struct mallinfo2 m = mallinfo2();
	size_t base = m.uordblks + m.hblkhd;

	b.rib = rib_new(&ops);
	rib_set_options(b.rib, NULL, &options);
	import(&b, a, true);
	for (unsigned i = 0; i < b.feeders; i++)
		up(&b, (uint16_t)i, NULL); // feeders are told nothing
	up(&b, (uint16_t)b.feeders, open);
	double t = begin(&b);
	for (unsigned i = 0; i < b.feeders; i++)
		load(&b, i);
	report(&b, "W1 load, one listener", t);
	sizes(&b, base);
	t = begin(&b);
	up(&b, (uint16_t)(b.feeders + 1), open);
	report(&b, "W1b another listener", t);
	t = begin(&b);
	rib_refresh_answer(b.rib, (uint16_t)b.feeders, b.af);
	drain(&b);
	report(&b, "W4 answer to a ROUTE-REFRESH", t);
	rib_peer_remove(b.rib, (uint16_t)(b.feeders + 1));
	drain(&b);
	change(&b, "W2 every route changes, A to B", 'B');
	change(&b, "W2 every route changes, B to A", 'A');
	change(&b, "W2bp 1 % by prefix, A to P", 'P');
	change(&b, "W2bp' P to A", 'A');
	change(&b, "W2bc 1 % by community, A to C", 'C');
	change(&b, "W2bc' C to A", 'A');
	change(&b, "W2br 1 % rejected, A to R", 'R');
	change(&b, "W2br' R to A", 'A');
	change_export(&b, "export: every route changes", 'B');
	change_export(&b, "export: every route changes", 'A');
	change_export(&b, "export: 1 % by prefix, A to P", 'P');
	change_export(&b, "export: P to A", 'A');
	t = begin(&b);
	for (unsigned i = 0; i < b.feeders; i++)
		rib_refresh_begin(b.rib, (uint16_t)i, b.af);
	for (unsigned i = 0; i < b.feeders; i++)
		load(&b, i);
	for (unsigned i = 0; i < b.feeders; i++)
		rib_refresh_end(b.rib, (uint16_t)i, b.af);
	drain(&b);
	report(&b, "W3 all sent again, nothing new", t);
	t = begin(&b);
	for (unsigned i = 0; i < b.feeders; i++)
		rib_peer_down(b.rib, (uint16_t)i);
	drain(&b);
	report(&b, "feeders down", t);
	sizes(&b, base);
	rib_free(b.rib);
	policy_program_unref(a);
	policy_program_unref(open);
	policy_store_free(b.store);
	return 0;
}
