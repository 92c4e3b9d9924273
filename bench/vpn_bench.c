// Times the exchange between a VPN table and instances alone, in one thread, without sessions: one
// internal peer sends VPN routes, a target for each instance and a distinguisher for each sender.
// Arguments: routes (1000000), instances (1000), routes per attribute set (8).
// Figures are CPU seconds of this process; memory is what malloc holds.
#include "af/rd.h"
#include "base/mem.h"
#include "vpn/exchange.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench;
struct side { // a rib and its instance
	struct bench *bench;
	uint16_t number;
	struct rib *rib;
};

struct bench {
	const struct af *outer, *inner;
	struct exchange *exchange;
	struct policy_store *store;
	struct policy_program *open, *refuse;
	struct side *sides;
	unsigned routes, instances, per_set;
	uint64_t slices;
	double slice, longest;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t held(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

static void deliver(void *arg, struct rib_delivery *d)
{
	rib_chunk_unref(d->chunk);
	mem_free(d->parts);
}

static void mark(void *arg, uint16_t peer, uint32_t session, const struct af *af, enum rib_mark m)
{
}

static void moved(void *arg, const struct af *af, const struct rib_move *m)
{
	struct side *s = arg;

	exchange_moved(s->bench->exchange, s->number, af, m);
}

static bool never(void *arg)
{
	return false;
}

// Slices of two milliseconds, as the speaker gives them.
static bool over(void *arg)
{
	struct bench *b = arg;

	return now() - b->slice > 0.002;
}

// --- setting up -------------------------------------------------------------------------------------
static void target_of(unsigned n, uint8_t ret[8])
{
	char text[32];

	snprintf(text, sizeof(text), "65000:%u", n);
	ext_community_parse_rt(text, ret);
}

static struct policy_program *refusing(struct bench *b)
{
	struct policy_source *s = policy_source_new();
	const struct policy_binding bind = {
		.af = b->inner, .import = true, .route_policy = "refuse"};

	policy_source_node(s, policy_source_policy(s, "refuse"), 10, false);
	struct policy_snapshot *n = policy_compile(b->store, s, NULL, NULL);
	struct policy_program *p = policy_program(b->store, n, &bind);
	policy_snapshot_unref(n);
	policy_source_free(s);
	return p;
}

static void link_set(struct bench *b, unsigned n, unsigned extra, struct policy_program *import)
{
	uint8_t targets[2][8], export[1][8];
	char rd[32];
	struct vpn_link l = {.present = true,
			     .takes_own = true,
			     .label = 16 + n,
			     .targets = targets,
			     .target_count = extra && extra != n ? 2 : 1,
			     .communities = export,
			     .community_count = 1,
			     .import = import};

	snprintf(rd, sizeof(rd), "65000:%u", n);
	rd_get(rd, l.rd);
	target_of(n, targets[0]);
	target_of(n, export[0]);
	if (l.target_count == 2)
		target_of(extra, targets[1]);
	if (l.target_count == 2 && memcmp(targets[0], targets[1], 8) > 0) {
		target_of(extra, targets[0]);
		target_of(n, targets[1]);
	}
	exchange_link(b->exchange, (uint16_t)n, b->inner, &l);
}

static void side_new(struct bench *b, unsigned n)
{
	static const struct rib_options options = {
		.local_as = 65000, .router_id = 1, .default_local_pref = 100, .max_paths = 1};
	struct side *s = &b->sides[n];
	const struct rib_ops ops = {.deliver = deliver, .mark = mark, .moved = moved, .arg = s};

	*s = (struct side){.bench = b, .number = (uint16_t)n, .rib = rib_new(&ops)};
	rib_set_options(s->rib, NULL, &options);
	exchange_rib(b->exchange, (uint16_t)n, s->rib);
	if (n)
		link_set(b, n, 0, NULL);
}

static void peer_up(struct bench *b)
{
	const struct rib_import in = {
		.program = b->open, .source = SOURCE_IBGP, .keep_all = true, .peer_as = 65000};
	const struct rib_session s = {.families = af_bit(b->outer),
				      .as4 = true,
				      .max_message = 4096,
				      .router_id = 2,
				      .remote = ip_from_u32(0x0a000001)};

	rib_peer_import(b->sides[0].rib, 0, b->outer, &in, 1);
	rib_peer_up(b->sides[0].rib, 0, 1, &s);
}

// --- routes -----------------------------------------------------------------------------------------
static void make_attrs(struct buf *out, unsigned set, unsigned instance)
{
	static const uint8_t igp = 0, local_pref[4] = {0, 0, 0, 100};
	uint8_t hop[4] = {10, 0, 0, 1}, target[8], med[4];
	struct attrs as = {0};

	for (unsigned i = 0; i < 4; i++)
		med[i] = (uint8_t)(set >> (24 - 8 * i));
	target_of(instance, target);
	attrs_put(&as, ATTR_ORIGIN, ATTR_TRANSITIVE, &igp, 1);
	attrs_put(&as, ATTR_AS_PATH, ATTR_TRANSITIVE, &igp, 0);
	attrs_put(&as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, hop, 4);
	attrs_put(&as, ATTR_MED, ATTR_OPTIONAL, med, 4);
	attrs_put(&as, ATTR_LOCAL_PREF, ATTR_TRANSITIVE, local_pref, 4);
	attrs_put(&as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, target, 8);
	buf_clear(out);
	attrs_encode(out, &as);
}

// Route i is instance i modulo instances: what carries one target lies scattered over the table.
static void load(struct bench *b)
{
	struct buf attributes = {0}, nlri = {0};
	unsigned each = b->routes / b->instances, made = 0;

	for (unsigned i = 0; i < each; i += b->per_set) {
		for (unsigned n = 1; n <= b->instances; n++, made++) {
			char rd[32];
			uint8_t bytes[8];
			snprintf(rd, sizeof(rd), "65001:%u", n);
			rd_get(rd, bytes);
			make_attrs(&attributes, made, n);
			buf_clear(&nlri);
			for (unsigned k = i; k < i + b->per_set && k < each; k++) {
				struct ip ip = ip_from_u32((10u << 24) + k * 256u);
				struct af_key inner, key;
				b->inner->from_prefix(&ip, 24, &inner);
				b->outer->from_inner(&inner, bytes, &key);
				size_t at = nlri.len;
				b->outer->nlri_put(&nlri, &key);
				b->outer->label_put(nlri.data + at, 100000 + n);
			}
			struct span a = {attributes.data, attributes.len},
				    s = {nlri.data, nlri.len};
			rib_update(b->sides[0].rib, 0, b->outer, &a, &s);
		}
	}
	buf_free(&attributes);
	buf_free(&nlri);
}

// --- steps ------------------------------------------------------------------------------------------
static double report(struct bench *b, const char *what, double from, const struct sweep_counts *c)
{
	double t = now() - from;

	printf("%-44s %9.4f s", what, t);
	if (c)
		printf("  %8lu seen %8lu changed", (unsigned long)c->seen,
		       (unsigned long)c->changed);
	if (b->slices)
		printf("  %5lu slices, longest %.2f ms", (unsigned long)b->slices,
		       b->longest * 1e3);
	printf("\n");
	b->slices = 0;
	b->longest = 0;
	return t;
}

static void walk(struct bench *b, unsigned n, bool again, struct sweep_counts *sum)
{
	struct exchange_walk *w =
		exchange_walk_new(b->exchange, (uint16_t)n, b->inner, true, again);
	struct sweep_counts c;
	bool more = true;

	while (more) {
		b->slice = now();
		more = exchange_walk_step(w, over, b);
		double t = now() - b->slice;
		b->longest = t > b->longest ? t : b->longest;
		b->slices++;
	}
	exchange_walk_counts(w, &c);
	exchange_walk_free(w);
	sum->seen += c.seen;
	sum->changed += c.changed;
}

static double walk_all(struct bench *b, const char *what, struct policy_program *import)
{
	struct sweep_counts c = {0};
	double t = now();

	for (unsigned n = 1; n <= b->instances; n++) {
		link_set(b, n, 0, import);
		walk(b, n, true, &c);
	}
	return report(b, what, t, &c);
}

static double walk_one(struct bench *b, const char *what, unsigned extra)
{
	struct sweep_counts c = {0};
	double t = now();

	link_set(b, 1, extra, NULL);
	walk(b, 1, false, &c);
	return report(b, what, t, &c);
}

static void sizes(struct bench *b, size_t base)
{
	struct rib_totals outer, inner = {0}, one;
	struct exchange_totals x;

	rib_totals(b->sides[0].rib, b->outer, &outer);
	for (unsigned n = 1; n <= b->instances; n++) {
		rib_totals(b->sides[n].rib, b->inner, &one);
		inner.paths += one.paths;
		inner.bytes_routes += one.bytes_routes;
		inner.bytes_sets += one.bytes_sets;
	}
	exchange_totals(b->exchange, &x);
	double r = outer.paths ? outer.paths : 1;
	printf("%u VPN routes, %u imported; bytes per VPN route: VPN table %.1f + sets %.1f, "
	       "instances %.1f + sets %.1f, index %.1f; all of malloc %.1f\n",
	       outer.paths, inner.paths, (double)outer.bytes_routes / r,
	       (double)outer.bytes_sets / r, (double)inner.bytes_routes / r,
	       (double)inner.bytes_sets / r, (double)x.bytes / r, (double)(held() - base) / r);
}

static void run(struct bench *b)
{
	size_t base = held();
	double t = now();

	b->exchange = exchange_new(0, 1);
	for (unsigned n = 0; n <= b->instances; n++)
		side_new(b, n);
	peer_up(b);
	report(b, "instances", t, NULL);
	printf("%.1f KB per empty instance\n", (double)(held() - base) / 1e3 / b->instances);
	t = now();
	load(b);
	report(b, "load and import", t, NULL);
	sizes(b, base);
	t = now();
	load(b);
	report(b, "all sent again, nothing new", t, NULL);
	double all = walk_all(b, "import again, all instances, nothing new", NULL);
	walk_all(b, "import policy refuses, all instances", b->refuse);
	double back = walk_all(b, "import policy gone, all instances", NULL);
	double one = walk_one(b, "one instance takes another's target too", 2);
	double less = walk_one(b, "and no more", 0);
	printf("one target against all again: %.0f times faster to come (everything comes: %.0f), "
	       "%.0f to go\n",
	       all / one, back / one, all / less);
	t = now();
	rib_peer_down(b->sides[0].rib, 0);
	while (rib_work(b->sides[0].rib, never, NULL))
		;
	report(b, "the peer goes", t, NULL);
}

int main(int argc, char **argv)
{
	struct bench b = {.store = policy_store_new(),
			  .routes = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000,
			  .instances = argc > 2 ? (unsigned)atoi(argv[2]) : 1000,
			  .per_set = argc > 3 ? (unsigned)atoi(argv[3]) : 8};

	// families by what they are: the first whose routes go by target and have a label
	for (unsigned i = 0; i < af_count && !b.outer; i++)
		if (af_list[i]->props & AF_TARGETED && af_list[i]->props & AF_LABELED)
			b.outer = af_list[i];
	b.inner = b.outer->inner;
	const struct policy_binding open_bind = {.af = b.outer, .import = true};
	b.open = policy_program(b.store, NULL, &open_bind);
	b.refuse = refusing(&b);
	b.sides = mem_zero((b.instances + 1) * sizeof(*b.sides));
	run(&b);
	exchange_free(b.exchange);
	for (unsigned n = 0; n <= b.instances; n++)
		rib_free(b.sides[n].rib);
	mem_free(b.sides);
	policy_program_unref(b.open);
	policy_program_unref(b.refuse);
	policy_store_free(b.store);
	return 0;
}
