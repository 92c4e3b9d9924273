// The memo against the plain run: for random configurations, attribute sets and keys both give the
// same verdict, also when memos take over others; two memos that agree give the same verdict for
// every key; references balance. The seed is printed by a failure; POLICY_SEED and POLICY_ROUNDS choose others.
#include "policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/difference.h"

static struct fixture f;

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *v = getenv(variable);

	return v ? strtoull(v, NULL, 10) : otherwise;
}

// --- random configurations
static void line(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void line(const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fixture_lines(&f, text);
}

static const char *verdict(struct random *r)
{
	return random_below(r, 3) ? "permit" : "deny";
}

static void random_filters(struct random *r)
{
	static const char *const regexes[] = {"^1_", "_2_", "3$", "^$", ".*", "[12] 3"};

	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 1 + random_below(r, 3); k-- > 0;) {
			unsigned length = random_below(r, 4);
			line("ip ip-prefix l%u %s %u.0.0.0 %u greater-equal %u less-equal %u", i,
			     verdict(r), random_below(r, 8) << 5, length, length,
			     length + random_below(r, 4));
			line("ip ip-prefix h%u %s 10.0.0.%u 32", i, verdict(r), random_below(r, 3));
			line("acl 200%u rule %u %s %u.0.0.0 %u.255.255.255", i, k, verdict(r),
			     random_below(r, 8) << 5, random_below(r, 2) ? 31 : 127);
			line("ip as-path-filter %u %s \"%s\"", i, verdict(r),
			     regexes[random_below(r, 6)]);
			line("ip community-filter basic c%u %s %u:1", i, verdict(r),
			     random_below(r, 3));
			line("ip rd-filter %u %s %u:*", i, verdict(r), random_below(r, 3));
			line("ip ext-community-filter basic e%u %s %u:1", i, verdict(r),
			     random_below(r, 3));
		}
}

static void random_match(struct random *r)
{
	switch (random_below(r, 15)) {
	case 0:
	case 1:
	case 2:
		line("if-match ip-prefix l%u", random_below(r, 3));
		break;
	case 3:
		line("if-match acl 200%u", random_below(r, 4)); // 2003 is not there
		break;
	case 4:
		line("if-match as-path-filter %u", random_below(r, 3));
		break;
	case 5:
		line("if-match community-filter c%u%s", random_below(r, 3),
		     random_below(r, 2) ? " whole-match" : "");
		break;
	case 6:
		line("if-match cost greater-equal %u less-equal 3", random_below(r, 3));
		break;
	case 7:
		line("if-match ip next-hop ip-prefix h%u", random_below(r, 3));
		break;
	case 8:
		line("if-match ip route-source ip-prefix h%u", random_below(r, 3));
		break;
	case 9:
		line("if-match route-type %s", random_below(r, 2) ? "ebgp" : "ibgp");
		break;
	case 10:
		line("if-match tag %u", random_below(r, 2));
		break;
	case 11:
	case 12:
		line("if-match rd-filter %u", random_below(r, 3));
		break;
	case 13:
		line("if-match route-type mvpn %u %u", 1 + random_below(r, 4),
		     1 + random_below(r, 4));
		break;
	case 14:
		line("if-match as-path length %u", random_below(r, 4));
		break;
	}
}

static void random_apply(struct random *r)
{
	unsigned n = random_below(r, 3);

	switch (random_below(r, 9)) {
	case 0:
		line("apply cost %s%u", random_below(r, 2) ? "+ " : "", n);
		break;
	case 1:
		line("apply local-preference %s%u", random_below(r, 2) ? "- " : "", n);
		break;
	case 2:
		line("apply community %u:1%s", n, random_below(r, 2) ? " additive" : "");
		break;
	case 3:
		line("apply comm-filter c%u delete", n);
		break;
	case 4:
		line("apply as-path %u%s", n + 1, random_below(r, 2) ? " additive" : " delete");
		break;
	case 5:
		line("apply tag %u", n);
		break;
	case 6:
		line("apply ip-address next-hop 10.0.0.%u", n);
		break;
	case 7:
		line("apply ip-address next-hop peer-address");
		break;
	case 8:
		line("apply preferred-value %u", n);
		break;
	}
}

// One of the nodes has one more clause; 0: none.
static void random_policy(struct random *r, const char *name, unsigned edited)
{
	unsigned nodes = 1 + random_below(r, 5);

	for (unsigned i = 1; i <= nodes; i++) {
		line("route-policy %s %s node %u", name, verdict(r), i);
		for (unsigned k = random_below(r, 4); k-- > 0;)
			random_match(r);
		if (i == edited)
			line("if-match ip-prefix l%u", i % 3);
		for (unsigned k = random_below(r, 3); k-- > 0;)
			random_apply(r);
		if (random_below(r, 3) == 0)
			random_below(r, 2) ? line("goto next-node %u", i + random_below(r, 3))
					   : line("goto next-node");
	}
}

// Most cases are of plain prefixes, some of keys that hold more, or no prefix.
static const struct af *family_of(uint64_t seed)
{
	return fixture_af(seed % 4 == 1 ? "vpnv4" : seed % 8 == 3 ? "mvpn" : "ipv4-unicast");
}

// The same numbers give the same configuration but for one policy, made from another seed, and for
// an edit of it: a node, or a clause in one; 0: none.
static struct policy_program *random_edit(uint64_t seed, uint64_t policy_seed, uint64_t node_seed)
{
	struct policy_target targets[2];
	struct random r;
	char text[8];

	random_seed(&r, seed);
	random_filters(&r);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "%u:1", random_below(&r, 3));
		ext_community_parse_rt(text, targets[i].target);
		targets[i].bits = random_below(&r, 8) ? 64 : (uint8_t)(8 * random_below(&r, 9));
	}
	struct policy_binding b = {.af = family_of(seed),
				   .import = random_below(&r, 2),
				   .targets = targets,
				   .target_count = random_below(&r, 3),
				   .constrained = !random_below(&r, 5),
				   .ext_community_filter = random_below(&r, 8) ? NULL : "e0",
				   .acl = random_below(&r, 5) ? NULL : "2000",
				   .prefix_list = random_below(&r, 5) ? NULL : "l0",
				   .path_filter = random_below(&r, 5) ? NULL : "0",
				   .route_policy = random_below(&r, 5) ? "p" : NULL,
				   .view_route_policy = random_below(&r, 4) ? NULL : "q"};
	random_policy(&r, "q", 0);
	random_seed(&r, policy_seed);
	random_policy(&r, "p", node_seed % 8);
	if (node_seed % 3 == 1) {
		random_seed(&r, node_seed);
		line("route-policy p %s node %u", verdict(&r), random_below(&r, 6));
		for (unsigned k = random_below(&r, 4); k-- > 0;)
			random_match(&r);
		if (random_below(&r, 2))
			random_apply(&r);
	}
	if (!fixture_compile(&f))
		fail_msg("%s", f.complaint);
	return policy_program(f.store, f.snapshot, &b);
}

static struct policy_program *random_program(uint64_t seed, uint64_t policy_seed)
{
	return random_edit(seed, policy_seed, 0);
}

static void random_attrs(struct random *r, struct attrs *as)
{
	static const char *const sources[] = {"ebgp", "ibgp", "client", "local"};
	char text[256];
	int n = snprintf(text, sizeof(text), "nh=10.0.0.%u med=%u source=%s originator=10.0.0.%u",
			 random_below(r, 3), random_below(r, 4), sources[random_below(r, 4)],
			 random_below(r, 3));

	for (unsigned i = random_below(r, 4); i-- > 0;)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " comm=%u:1", random_below(r, 3));
	if (random_below(r, 4))
		n += snprintf(text + n, sizeof(text) - (size_t)n, " rt=%u:1;%u:1",
			      random_below(r, 3), random_below(r, 3));
	n += snprintf(text + n, sizeof(text) - (size_t)n, " path=");
	for (unsigned i = random_below(r, 4); i-- > 0;)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%u,", 1 + random_below(r, 3));
	fixture_attrs(&f, text, as);
}

static void random_key(struct random *r, const struct af *af, struct af_key *key)
{
	unsigned length = random_below(r, 7), n = random_below(r, 3);
	struct ip ip = ip_from_u32(random_below(r, 16) << 28);
	static const char *const typed[] = {"1 %u:1 10.0.0.1", "2 %u:1 65000",
					    "3 %u:1 10.1.1.1 225.1.1.1 10.0.0.1"};
	struct af_key prefix;
	char text[64];

	if (!af->prefix_bits) {
		snprintf(text, sizeof(text), typed[random_below(r, 3)], n);
		assert_true(af->text_get(text, key));
	} else if (af->inner) {
		const uint8_t rd[8] = {0, 0, 0, (uint8_t)n};
		af->inner->from_prefix(&ip, length, &prefix);
		af->from_inner(&prefix, rd, key);
	} else {
		af->from_prefix(&ip, length, key);
	}
}

// --- frames
// Before: refuses long paths, marks the rest; after: refuses one cost, sets a preference.
struct frame {
	unsigned path_limit;
	uint32_t local_pref;
};

static bool before(void *arg, const struct attr_set *set, struct attrs *inout, struct arena *a)
{
	const struct frame *x = arg;

	(void)a;
	if (set->path_length > x->path_limit)
		return false;
	inout->local.aggregated = 1;
	return true;
}

static bool after(void *arg, const struct attr_set *set, struct attrs *inout, struct arena *a)
{
	const struct frame *x = arg;
	uint32_t med = 0;

	(void)set;
	attrs_u32(inout, ATTR_MED, &med);
	inout->local.aggregated = 0;
	if (med == 2)
		return false;
	attrs_put_u32(inout, a, ATTR_LOCAL_PREF, x->local_pref);
	return true;
}

static struct frame usual = {2, 7};
static const struct memo_ops frame = {before, after, &usual, 0};

struct bench {
	struct attr_table table;
	struct memo *memos[2];
	uint32_t ids[16];
};

static void forget_all(void *arg, uint32_t id)
{
	struct bench *b = arg;

	for (unsigned i = 0; i < 2; i++)
		if (b->memos[i])
			memo_forget(b->memos[i], id);
}

static void bench_open(struct bench *b, struct random *r)
{
	memset(b, 0, sizeof(*b));
	attr_table_init(&b->table);
	b->table.on_free = forget_all;
	b->table.on_free_arg = b;
	for (unsigned i = 0; i < 16; i++) {
		struct attrs as;
		random_attrs(r, &as);
		b->ids[i] = attr_intern(&b->table, &as);
	}
}

static void bench_close(struct bench *b)
{
	for (unsigned i = 0; i < 2; i++) {
		struct memo *m = b->memos[i];
		b->memos[i] = NULL;
		memo_free(m);
	}
	for (unsigned i = 0; i < 16; i++)
		attr_unref(&b->table, b->ids[i]);
	assert_int_equal(b->table.count, 0);
	attr_table_free(&b->table);
}

// What the route's way is without a memo; the set is given back at once.
static uint32_t plain_verdict(struct bench *b, const struct policy_program *p,
			      const struct memo_ops *ops, uint32_t id, const struct af_key *key)
{
	const struct attr_set *set = attr_at(&b->table, id);
	struct attrs as;

	attr_open(set, &as);
	if (ops && !ops->before(ops->arg, set, &as, &f.arena))
		return MEMO_REJECT;
	if (!policy_run_route(p, &fixture_context, key, &as, &f.arena))
		return MEMO_REJECT;
	if (ops && !ops->after(ops->arg, set, &as, &f.arena))
		return MEMO_REJECT;
	uint32_t result = attr_intern(&b->table, &as);
	attr_unref(&b->table, result);
	return result;
}

static void test_memo_equals_plain_run(void **state)
{
	uint64_t first = number_of("POLICY_SEED", 1), rounds = number_of("POLICY_ROUNDS", 400);
	unsigned tests = 0;

	for (uint64_t seed = first; seed < first + rounds; seed++) {
		const struct af *af = family_of(seed);
		struct bench b;
		struct random r;
		fixture_open(&f);
		struct policy_program *p = random_program(seed, seed);
		random_seed(&r, seed ^ 0x5555);
		bench_open(&b, &r);
		const struct memo_ops *ops = random_below(&r, 2) ? &frame : NULL;
		b.memos[0] = memo_new(&b.table, p, &fixture_context, ops);
		for (unsigned i = 0; i < 64; i++) {
			uint32_t id = b.ids[random_below(&r, 16)];
			struct af_key key;
			random_key(&r, af, &key);
			uint32_t got = memo_verdict(b.memos[0], id, af, &key);
			uint32_t expected = plain_verdict(&b, p, ops, id, &key);
			if (got != expected || memo_verdict(b.memos[0], id, af, &key) != got)
				fail_msg("POLICY_SEED=%llu route %u: %u instead of %u",
					 (unsigned long long)seed, i, got, expected);
			tests += got != MEMO_REJECT;
		}
		assert_true(memo_bytes(b.memos[0]) > 0);
		bench_close(&b);
		policy_program_unref(p);
		fixture_close(&f);
	}
	assert_true(tests > rounds * 4); // the programs are not all walls
}

static void test_memos_that_agree(void **state)
{
	uint64_t first = number_of("POLICY_SEED", 1), rounds = number_of("POLICY_ROUNDS", 400);
	unsigned agreed = 0;

	for (uint64_t seed = first; seed < first + rounds; seed++) {
		const struct af *af = family_of(seed);
		struct bench b;
		struct random r;
		fixture_open(&f);
		struct policy_program *p = random_program(seed, seed);
		struct policy_program *q = random_program(seed, seed + seed % 2 * 100000);
		random_seed(&r, seed ^ 0x7777);
		bench_open(&b, &r);
		struct memo_ops other = frame;
		struct frame unusual = {2 + random_below(&r, 2), 7 + random_below(&r, 2)};
		other.arg = &unusual;
		b.memos[0] = memo_new(&b.table, p, &fixture_context, &frame);
		b.memos[1] = memo_new(&b.table, q, &fixture_context, &other);
		for (unsigned i = 0; i < 16; i++) {
			if (!memo_agree(b.memos[0], b.memos[1], b.ids[i]))
				continue;
			agreed++;
			for (unsigned k = 0; k < 32; k++) {
				struct af_key key;
				random_key(&r, af, &key);
				if (memo_verdict(b.memos[0], b.ids[i], af, &key) !=
				    memo_verdict(b.memos[1], b.ids[i], af, &key))
					fail_msg("POLICY_SEED=%llu", (unsigned long long)seed);
			}
		}
		bench_close(&b);
		policy_program_unref(p);
		policy_program_unref(q);
		fixture_close(&f);
	}
	assert_true(agreed > rounds * 4);
}

// A policy is edited twice; each memo takes over the one before. Where the text of two programs
// says that a key is not concerned, no list of attributes meets another verdict.
static void inherited(uint64_t seed, unsigned *partial)
{
	const struct af *af = family_of(seed);
	struct policy_program *p[3];
	struct bench b;
	struct random r;

	fixture_open(&f);
	for (unsigned i = 0; i < 3; i++)
		p[i] = random_edit(seed, seed, i ? seed * 2 + i : 0);
	random_seed(&r, seed ^ 0x3333);
	bench_open(&b, &r);
	const struct memo_ops *ops = random_below(&r, 2) ? &frame : NULL;
	b.memos[0] = memo_new(&b.table, p[0], &fixture_context, ops);
	for (unsigned i = 0; i < 3; i++) {
		struct difference d;
		if (i) {
			struct memo *older = b.memos[0];
			b.memos[0] = memo_new(&b.table, p[i], &fixture_context, ops);
			memo_inherit(b.memos[0], older);
			difference_of(p[i - 1], p[i], &d);
			*partial += d.count && !difference_is_everywhere(&d);
		}
		for (unsigned k = 0; k < 64; k++) {
			uint32_t id = b.ids[random_below(&r, 16)];
			struct af_key key;
			random_key(&r, af, &key);
			uint32_t expected = plain_verdict(&b, p[i], ops, id, &key);
			if (memo_verdict(b.memos[0], id, af, &key) != expected)
				fail_msg("POLICY_SEED=%llu edit %u", (unsigned long long)seed, i);
			if (i && !difference_has(&d, af, &key) &&
			    plain_verdict(&b, p[i - 1], ops, id, &key) != expected)
				fail_msg("POLICY_SEED=%llu: not told apart",
					 (unsigned long long)seed);
		}
	}
	bench_close(&b);
	for (unsigned i = 0; i < 3; i++)
		policy_program_unref(p[i]);
	fixture_close(&f);
}

static void test_inherited_equals_plain_run(void **state)
{
	uint64_t first = number_of("POLICY_SEED", 1), rounds = number_of("POLICY_ROUNDS", 400);
	unsigned partial = 0;

	for (uint64_t seed = first; seed < first + rounds; seed++)
		inherited(seed, &partial);
	assert_true(partial > rounds / 8);
}

// --- particular cases
static struct policy_program *open_program(const char *lines, struct bench *b)
{
	struct random r;

	fixture_open(&f);
	fixture_config(&f, lines);
	random_seed(&r, 1);
	bench_open(b, &r);
	return fixture_program(&f, "ipv4-unicast", true, "p");
}

static void test_unchanged_is_the_same_number(void **state)
{
	const struct af *af = fixture_af("ipv4-unicast");
	struct bench b;
	struct policy_program *p =
		open_program("ip ip-prefix l permit 10.0.0.0 8 less-equal 32\n"
			     "route-policy p permit node 10\nif-match ip-prefix l\n"
			     "route-policy p permit node 20\napply preferred-value 0",
			     &b);
	struct af_key in = fixture_key("ipv4-unicast", "10.0.0.0/8");
	struct af_key out = fixture_key("ipv4-unicast", "11.0.0.0/8");
	uint32_t count = b.table.count;

	b.memos[0] = memo_new(&b.table, p, &fixture_context, NULL);
	assert_int_equal(memo_verdict(b.memos[0], b.ids[0], af, &in), b.ids[0]);
	assert_int_equal(memo_verdict(b.memos[0], b.ids[0], af, &out), b.ids[0]);
	assert_int_equal(b.table.count, count);
	// Forgetting and the end of a set.
	memo_forget(b.memos[0], b.ids[0]);
	memo_forget(b.memos[0], 4000000);
	assert_int_equal(memo_verdict(b.memos[0], b.ids[0], af, &in), b.ids[0]);
	bench_close(&b);
	policy_program_unref(p);
	fixture_close(&f);
}

static void test_leaves_are_made_when_reached(void **state)
{
	const struct af *af = fixture_af("ipv4-unicast");
	struct bench b;
	struct policy_program *p =
		open_program("ip ip-prefix l permit 10.0.0.0 8 less-equal 32\n"
			     "route-policy p permit node 10\nif-match ip-prefix l\napply cost 77\n"
			     "route-policy p permit node 20",
			     &b);
	struct af_key in = fixture_key("ipv4-unicast", "10.0.0.0/8");
	struct af_key out = fixture_key("ipv4-unicast", "11.0.0.0/8");
	uint32_t count = b.table.count;

	b.memos[0] = memo_new(&b.table, p, &fixture_context, NULL);
	memo_verdict(b.memos[0], b.ids[0], af, &out);
	assert_int_equal(b.table.count, count);
	uint32_t changed = memo_verdict(b.memos[0], b.ids[0], af, &in);
	assert_int_equal(b.table.count, count + 1);
	assert_int_equal(attr_at(&b.table, changed)->med, 77);
	memo_forget(b.memos[0], b.ids[0]);
	assert_int_equal(b.table.count, count);
	bench_close(&b);
	policy_program_unref(p);
	fixture_close(&f);
}

// Fourteen lists with goto: sixteen thousand leaves. The program runs for each route instead.
static void test_too_large_a_tree(void **state)
{
	const struct af *af = fixture_af("ipv4-unicast");
	struct bench b;
	struct buf lines = {0};

	for (unsigned i = 0; i < 14; i++)
		buf_format(&lines,
			   "ip ip-prefix l%u permit 0.0.0.0 0 greater-equal %u less-equal %u\n"
			   "route-policy p permit node %u\nif-match ip-prefix l%u\n"
			   "apply cost + %u\ngoto next-node\n",
			   i, i % 5, 2 + i, i, i, 1u << i);
	buf_text(&lines, "route-policy p permit node 100");
	struct policy_program *p = open_program(buf_cstr(&lines), &b);
	buf_free(&lines);
	struct attrs as;
	attr_open(attr_at(&b.table, b.ids[0]), &as);
	assert_int_equal(policy_run(p, &fixture_context, &as, &f.arena)->kind, RESIDUAL_ROUTE);
	b.memos[0] = memo_new(&b.table, p, &fixture_context, NULL);
	b.memos[1] = memo_new(&b.table, p, &fixture_context, &frame);
	for (unsigned length = 0; length <= 32; length++)
		for (unsigned i = 0; i < 16; i++) {
			struct ip ip = ip_from_u32(0);
			struct af_key key;
			af->from_prefix(&ip, length, &key);
			assert_int_equal(memo_verdict(b.memos[0], b.ids[i], af, &key),
					 plain_verdict(&b, p, NULL, b.ids[i], &key));
			assert_int_equal(memo_verdict(b.memos[1], b.ids[i], af, &key),
					 plain_verdict(&b, p, &frame, b.ids[i], &key));
		}
	assert_false(memo_agree(b.memos[0], b.memos[1], b.ids[0]));
	bench_close(&b);
	policy_program_unref(p);
	fixture_close(&f);
}

// A changed list concerns the sets that are asked about it, and no others.
static void test_agreement_is_fine_grained(void **state)
{
	const char *const tail = "ip as-path-filter 1 permit ^1\n"
				 "route-policy p permit node 10\nif-match as-path-filter 1\n"
				 "if-match ip-prefix l\napply cost 77\n"
				 "route-policy p permit node 20\n"
				 "route-policy p permit node 30\napply cost 1\n";
	struct bench b;
	char lines[512];
	struct attrs as;

	snprintf(lines, sizeof(lines), "ip ip-prefix l permit 10.0.0.0 8\n%s", tail);
	struct policy_program *p = open_program(lines, &b);
	snprintf(lines, sizeof(lines), "ip ip-prefix l permit 10.0.0.0 9\n%s", tail);
	fixture_config(&f, lines);
	struct policy_program *q = fixture_program(&f, "ipv4-unicast", true, "p");
	snprintf(lines, sizeof(lines), "ip ip-prefix l permit 10.0.0.0 8\n%sapply cost 2", tail);
	fixture_config(&f, lines); // a node that no route comes to
	struct policy_program *s = fixture_program(&f, "ipv4-unicast", true, "p");
	assert_ptr_not_equal(p, q);
	assert_ptr_not_equal(p, s);

	fixture_attrs(&f, "path=1", &as);
	uint32_t asked = attr_intern(&b.table, &as);
	fixture_attrs(&f, "path=2", &as);
	uint32_t spared = attr_intern(&b.table, &as);
	b.memos[0] = memo_new(&b.table, p, &fixture_context, NULL);
	b.memos[1] = memo_new(&b.table, q, &fixture_context, NULL);
	assert_false(memo_agree(b.memos[0], b.memos[1], asked));
	assert_true(memo_agree(b.memos[0], b.memos[1], spared));
	memo_free(b.memos[1]);
	struct memo_ops named = frame;
	named.number = 5;
	b.memos[1] = memo_new(&b.table, s, &fixture_context, &named);
	struct memo *third = memo_new(&b.table, p, &fixture_context, &named);
	uint32_t count = b.table.count;
	assert_true(memo_agree(third, b.memos[1], asked)); // by number: nothing carried out
	assert_int_equal(b.table.count, count);
	memo_free(third);
	attr_unref(&b.table, asked);
	attr_unref(&b.table, spared);
	bench_close(&b);
	policy_program_unref(p);
	policy_program_unref(q);
	policy_program_unref(s);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memo_equals_plain_run),
		cmocka_unit_test(test_memos_that_agree),
		cmocka_unit_test(test_inherited_equals_plain_run),
		cmocka_unit_test(test_unchanged_is_the_same_number),
		cmocka_unit_test(test_leaves_are_made_when_reached),
		cmocka_unit_test(test_too_large_a_tree),
		cmocka_unit_test(test_agreement_is_fine_grained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
