// Differences of programs: what lies outside gets the same verdict from both, for random policies
// and small edits of them; memos that stand one below the other say what a plain run says. And
// that the difference of usual edits is as small as it should be. POLICY_SEED and POLICY_ROUNDS
// choose other cases.
#include "policy/difference.h"

#include "policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SETS    12
#define TARGETS 24 // that a draft may ask for

static struct fixture f;

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *v = getenv(variable);

	return v ? strtoull(v, NULL, 10) : otherwise;
}

// --- configurations that are edited ------------------------------------------------------------
static void rule(struct buf *b, const char *name, unsigned index, uint64_t seed)
{
	struct random r;

	random_seed(&r, seed);
	unsigned length = random_below(&r, 5), more = random_below(&r, 3);
	if (!random_below(&r, 3))
		length = more = 0;
	buf_format(b, "ip ip-prefix %s index %u %s %u.0.0.0 %u greater-equal %u less-equal %u\n",
		   name, index, random_below(&r, 3) ? "permit" : "deny",
		   length ? random_below(&r, 16) << 4 : 0, length, length + more,
		   length + more + random_below(&r, 4));
}

static void applies(struct buf *b, struct random *r)
{
	static const char *const choice[] = {
		"apply cost + 1",
		"apply local-preference 7",
		"apply community 1:1 additive",
		"apply as-path 1 additive",
		"apply tag 1",
		"apply preferred-value 2",
	};

	for (unsigned i = random_below(r, 3); i--;)
		buf_format(b, "%s\n", choice[random_below(r, 6)]);
	if (!random_below(r, 4))
		buf_format(b, "goto next-node %u\n", 10 + 10 * random_below(r, 6));
}

static void node(struct buf *b, unsigned number, uint64_t seed)
{
	static const char *const beside[] = {
		"if-match community-filter c",
		"if-match as-path-filter 1",
		"if-match tag 1",
		"if-match cost 2",
		"if-match acl 2000",
		"if-match acl 2009",
	};
	struct random r;

	random_seed(&r, seed);
	buf_format(b, "route-policy p %s node %u\n", random_below(&r, 3) ? "permit" : "deny",
		   number);
	for (unsigned i = random_below(&r, 4) ? 1 + !random_below(&r, 4) : 0; i--;)
		buf_format(b, "if-match ip-prefix l%u\n", random_below(&r, 2));
	if (!random_below(&r, 2))
		buf_format(b, "%s\n", beside[random_below(&r, 6)]);
	applies(b, &r);
}

// Seeds of what a program is made of; 0: that piece is not there.
struct draft {
	uint64_t nodes[6], rules[2][4], acl;
	bool list, acl_bound;
	bool constrained;
	uint8_t targets[TARGETS]; // bits that count; 0: is not asked for
};

static void draft_edit(struct draft *d, struct random *r, unsigned percent)
{
	for (unsigned i = 0; i < 6; i++)
		if (random_below(r, 100) < percent)
			d->nodes[i] = random_below(r, 3) ? 1 + random_below(r, 1000000) : 0;
	for (unsigned l = 0; l < 2; l++)
		for (unsigned i = 0; i < 4; i++)
			if (random_below(r, 100) < percent)
				d->rules[l][i] =
					random_below(r, 2) ? 1 + random_below(r, 1000000) : 0;
	if (random_below(r, 100) < percent)
		d->acl = random_below(r, 16);
	if (random_below(r, 100) < percent)
		d->list = !random_below(r, 3);
	if (random_below(r, 100) < percent)
		d->acl_bound = !random_below(r, 3);
	if (random_below(r, 100) < percent)
		d->constrained = random_below(r, 4);
	for (unsigned i = 0; i < TARGETS; i++)
		if (random_below(r, 100) < percent)
			d->targets[i] = random_below(r, 2) ? 64 - !random_below(r, 6) : 0;
}

// A change of nothing else.
static void draft_retarget(struct draft *d, struct random *r)
{
	for (unsigned i = 1 + random_below(r, 3); i--;)
		d->targets[random_below(r, TARGETS)] = random_below(r, 2) ? 64 : 0;
}

// Some of them are neighbours.
static struct policy_target target_of(unsigned i, unsigned bits)
{
	return (struct policy_target){.target = {0, 2, 0, 1 + (i & 1), 0, 0, 0, 3 * (i >> 1)},
				      .bits = (uint8_t)bits};
}

static struct policy_program *draft_program(const struct draft *d)
{
	struct policy_target targets[TARGETS];
	struct buf b = {0};

	buf_text(&b, "ip community-filter basic c permit 1:1\nip as-path-filter 1 permit _1_\n"
		     "ip ip-prefix l0 index 90 permit 224.0.0.0 4\n"
		     "ip ip-prefix l1 index 90 permit 0.0.0.0 0 less-equal 32\n");
	buf_format(&b,
		   "acl 2000 rule 1 deny %u.0.0.0 15.255.255.255\n"
		   "acl 2000 rule 2 permit 0.0.0.0 255.255.255.255\n",
		   (unsigned)d->acl << 4);
	for (unsigned l = 0; l < 2; l++)
		for (unsigned i = 0; i < 4; i++)
			if (d->rules[l][i])
				rule(&b, l ? "l1" : "l0", 10 * (i + 1), d->rules[l][i]);
	buf_text(&b, "route-policy p deny node 1000\n");
	for (unsigned i = 0; i < 6; i++)
		if (d->nodes[i])
			node(&b, 10 * (i + 1), d->nodes[i]);
	fixture_config(&f, buf_cstr(&b));
	buf_free(&b);
	struct policy_binding bind = {.af = fixture_af("ipv4-unicast"),
				      .import = true,
				      .acl = d->acl_bound ? "2000" : NULL,
				      .prefix_list = d->list ? "l1" : NULL,
				      .constrained = d->constrained,
				      .targets = targets,
				      .route_policy = "p"};
	for (unsigned i = 0; i < TARGETS; i++)
		if (d->targets[i])
			targets[bind.target_count++] = target_of(i, d->targets[i]);
	return policy_program(f.store, f.snapshot, &bind);
}

// --- routes --------------------------------------------------------------------------------------
static void random_key(struct random *r, struct af_key *key)
{
	struct ip ip = ip_from_u32(random_below(r, 16) << 28 | random_below(r, 2) << 24);

	fixture_af("ipv4-unicast")->from_prefix(&ip, random_below(r, 10), key);
}

struct bench {
	struct attr_table table;
	struct memo *memo;
	uint32_t ids[SETS];
	unsigned carried_out;
};

static bool before(void *arg, const struct attr_set *set, struct attrs *inout, struct arena *a)
{
	struct bench *b = arg;

	b->carried_out++;
	inout->local.preferred_value = 9;
	return set->path_length < 3;
}

static void forget(void *arg, uint32_t id)
{
	struct bench *b = arg;

	if (b->memo)
		memo_forget(b->memo, id);
}

static void put_targets(struct attrs *as, struct random *r)
{
	uint8_t *v = arena_alloc(&f.arena, 3 * 8);
	unsigned count = random_below(r, 4);

	for (unsigned i = 0; i < count; i++) {
		struct policy_target t = target_of(8 * i + random_below(r, 8), 64);
		memcpy(v + 8 * i, t.target, 8);
		v[8 * i + 1] += !random_below(r, 6); // a site of origin
	}
	if (count)
		attrs_put(as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, v, 8 * count);
}

static void bench_open(struct bench *b, struct random *r)
{
	*b = (struct bench){0};
	attr_table_init(&b->table);
	b->table.on_free = forget;
	b->table.on_free_arg = b;
	for (unsigned i = 0; i < SETS; i++) {
		struct attrs as;
		char text[128];
		snprintf(text, sizeof(text), "nh=10.0.0.1 med=%u comm=%u:1 path=%s",
			 random_below(r, 3), random_below(r, 2),
			 (const char *[]){"1", "2,1", "3", "1,2,3"}[random_below(r, 4)]);
		fixture_attrs(&f, text, &as);
		put_targets(&as, r);
		b->ids[i] = attr_intern(&b->table, &as);
	}
}

static void bench_close(struct bench *b)
{
	struct memo *m = b->memo;

	b->memo = NULL;
	memo_free(m);
	for (unsigned i = 0; i < SETS; i++)
		attr_unref(&b->table, b->ids[i]);
	assert_int_equal(b->table.count, 0);
	attr_table_free(&b->table);
}

static uint32_t plain_verdict(struct bench *b, const struct policy_program *p, uint32_t id,
			      const struct af_key *key)
{
	const struct attr_set *set = attr_at(&b->table, id);
	struct attrs as;

	attr_open(set, &as);
	if (!before(b, set, &as, &f.arena) ||
	    !policy_run_route(p, &fixture_context, key, &as, &f.arena))
		return MEMO_REJECT;
	uint32_t result = attr_intern(&b->table, &as);
	attr_unref(&b->table, result);
	return result;
}

// --- random edits --------------------------------------------------------------------------------
static void test_nothing_differs_outside(void **state)
{
	uint64_t first = number_of("POLICY_SEED", 1), rounds = number_of("POLICY_ROUNDS", 1500);
	const struct af *af = fixture_af("ipv4-unicast");
	unsigned partial = 0, outside = 0, inside = 0, by_target = 0;

	for (uint64_t seed = first; seed < first + rounds; seed++) {
		struct draft d = {0};
		struct difference x;
		struct random r;
		struct bench b;
		fixture_open(&f);
		random_seed(&r, seed);
		draft_edit(&d, &r, 70);
		struct policy_program *p = draft_program(&d);
		if (random_below(&r, 3))
			draft_edit(&d, &r, 4 + random_below(&r, 20));
		else
			draft_retarget(&d, &r);
		struct policy_program *q = draft_program(&d);
		bench_open(&b, &r);
		difference_of(p, q, &x);
		partial += !difference_is_nowhere(&x) && !difference_is_everywhere(&x);
		struct difference_scan scan = difference_scan(&x, af, &b.table);
		for (unsigned i = 0; i < 60; i++) {
			uint32_t id = b.ids[random_below(&r, SETS)];
			struct af_key key;
			random_key(&r, &key);
			bool at = difference_has(&x, af, &key);
			bool carries = difference_has_set(&x, &b.table, id), has = at || carries;
			bool same =
				plain_verdict(&b, p, id, &key) == plain_verdict(&b, q, id, &key);
			if (at != difference_scan_has(&scan, &key) ||
			    carries != difference_scan_has_set(&scan, id) || (!has && !same))
				fail_msg("POLICY_SEED=%llu route %u", (unsigned long long)seed, i);
			outside += !has && !difference_is_nowhere(&x);
			inside += has && !same;
			by_target += !at && !same;
		}
		bench_close(&b);
		policy_program_unref(p);
		policy_program_unref(q);
		fixture_close(&f);
	}
	assert_true(partial > rounds / 6);
	assert_true(outside > rounds);
	assert_true(inside > rounds);
	assert_true(by_target > rounds / 8);
}

// One memo after the other takes over, is asked, is interrupted; sets come and go.
static void test_memos_in_a_row(void **state)
{
	uint64_t first = number_of("POLICY_SEED", 1), rounds = number_of("POLICY_ROUNDS", 600);
	const struct af *af = fixture_af("ipv4-unicast");

	for (uint64_t seed = first; seed < first + rounds; seed++) {
		struct draft d = {0}, before_that;
		struct random r;
		struct bench b;
		const struct memo_ops ops = {.before = before, .arg = &b};
		fixture_open(&f);
		random_seed(&r, seed);
		draft_edit(&d, &r, 70);
		bench_open(&b, &r);
		before_that = d;
		for (unsigned step = 0; step < 8; step++) {
			struct policy_program *p = draft_program(&d);
			struct memo *older = b.memo;
			b.memo = memo_new(&b.table, p, &fixture_context, &ops);
			if (older)
				memo_inherit(b.memo, older);
			for (unsigned i = random_below(&r, 40); i--;) {
				uint32_t id = b.ids[random_below(&r, SETS)], final;
				struct af_key key;
				random_key(&r, &key);
				uint32_t expected = plain_verdict(&b, p, id, &key);
				if (memo_verdict(b.memo, id, af, &key) != expected ||
				    (memo_final(b.memo, id, &final) && final != expected))
					fail_msg("POLICY_SEED=%llu", (unsigned long long)seed);
			}
			if (!random_below(&r, 3))
				memo_forget(b.memo, b.ids[random_below(&r, SETS)]);
			for (unsigned i = random_below(&r, 4); i && memo_shed(b.memo); i--)
				;
			struct draft last = d;
			unsigned what = random_below(&r, 4);
			if (what < 2)
				draft_edit(&d, &r, 5 + random_below(&r, 10));
			else if (what < 3)
				draft_retarget(&d, &r);
			else
				d = before_that;
			before_that = last;
			policy_program_unref(p);
		}
		assert_true(memo_bytes(b.memo) > 0);
		bench_close(&b);
		fixture_close(&f);
	}
}

// --- usual edits ---------------------------------------------------------------------------------
static char shown[1024];

static void show(const struct difference *x)
{
	size_t n = 0;

	shown[0] = 0;
	for (unsigned i = 0; i < x->count; i++) {
		const struct difference_block *b = &x->blocks[i];
		n += (size_t)snprintf(shown + n, sizeof(shown) - n, "%s%u.%u-%u.%u/%u-%u",
				      n ? " " : "", (unsigned)(b->first >> 56),
				      (unsigned)(b->first >> 48 & 255), (unsigned)(b->last >> 56),
				      (unsigned)(b->last >> 48 & 255), b->low, b->high);
	}
	if (difference_is_everywhere(x))
		strcpy(shown, "everywhere");
}

// The first two bytes of the blocks' addresses, and their lengths.
static const char *difference(const char *from, const char *to)
{
	struct difference x, back;

	fixture_open(&f);
	fixture_config(&f, from);
	struct policy_binding b = {
		.af = fixture_af("ipv4-unicast"),
		.import = true,
		.prefix_list = policy_snapshot_has(f.snapshot, FILTER_PREFIX, "b") ? "b" : NULL,
		.route_policy = "p"};
	struct policy_program *p = policy_program(f.store, f.snapshot, &b);
	fixture_config(&f, to);
	b.prefix_list = policy_snapshot_has(f.snapshot, FILTER_PREFIX, "b") ? "b" : NULL;
	struct policy_program *q = policy_program(f.store, f.snapshot, &b);
	difference_of(p, q, &x);
	difference_of(q, p, &back);
	char other[sizeof(shown)];
	show(&back);
	memcpy(other, shown, sizeof(shown));
	show(&x);
	if (x.count < DIFFERENCE_BLOCKS)
		assert_string_equal(shown, other);
	policy_program_unref(p);
	policy_program_unref(q);
	fixture_close(&f);
	return shown;
}

#define LIST "ip ip-prefix l permit 44.0.0.0 8 greater-equal 8 less-equal 24\n"
#define LAST "route-policy p permit node 50\napply cost 5\n"

static void test_nodes(void **state)
{
	const char *const front =
		LIST "route-policy p permit node 5\nif-match ip-prefix l\napply cost 7\n" LAST;

	assert_string_equal(difference(LAST, LAST), "");
	assert_string_equal(difference(LAST, front), "44.0-44.255/8-24");
	assert_string_equal(difference(front, LIST "route-policy p deny node 5\n"
						   "if-match ip-prefix l\n" LAST),
			    "44.0-44.255/8-24");
	assert_string_equal(difference(front, LIST "route-policy p permit node 5\n"
						   "if-match ip-prefix l\napply cost 7\n"
						   "goto next-node\n" LAST),
			    "44.0-44.255/8-24");
	assert_string_equal(difference(LAST, "route-policy p permit node 50\napply cost 6\n"),
			    "everywhere");
	assert_string_equal(difference(LAST, LAST "route-policy p deny node 40\n"), "everywhere");
	// another name and another place in the numbers of a node that is gone
	assert_string_equal(difference(front, "ip ip-prefix m permit 0.0.0.0 1\n"
					      "route-policy p permit node 7\n"
					      "if-match ip-prefix m\n" LAST),
			    "0.0-255.255/1-24");
	assert_string_equal(difference(LIST "route-policy p permit node 50\nif-match ip-prefix l\n"
					    "apply cost 5\n",
				       LAST),
			    "everywhere");
	assert_string_equal(difference("ip ip-prefix b deny 44.0.0.0 8 less-equal 32\n"
				       "ip ip-prefix b permit 0.0.0.0 0 less-equal 32\n" LAST,
				       LAST),
			    "44.0-44.255/8-128");
	assert_string_equal(difference(LIST "ip ip-prefix b permit 44.0.0.0 8\n" LAST, LAST),
			    "everywhere");
}

static void test_lists(void **state)
{
	const char *const policy = "route-policy p deny node 5\nif-match ip-prefix l\n" LAST;
	char from[2048], to[2048];

	snprintf(from, sizeof(from),
		 "ip ip-prefix l index 10 permit 1.0.0.0 8\n"
		 "ip ip-prefix l index 20 permit 2.0.0.0 8\n"
		 "ip ip-prefix l index 30 permit 3.0.0.0 8\n%s",
		 policy);
	snprintf(to, sizeof(to),
		 "ip ip-prefix l index 10 permit 1.0.0.0 8\n"
		 "ip ip-prefix l index 20 permit 2.0.0.0 8\n"
		 "ip ip-prefix l index 25 deny 3.1.0.0 16\n"
		 "ip ip-prefix l index 30 permit 3.0.0.0 8\n%s",
		 policy);
	assert_string_equal(difference(from, to), "3.1-3.1/16-16");
	snprintf(to, sizeof(to),
		 "ip ip-prefix l index 10 permit 1.0.0.0 8\n"
		 "ip ip-prefix l index 20 permit 2.0.0.0 8\n"
		 "ip ip-prefix l index 30 permit 3.0.0.0 8\n"
		 "ip ip-prefix l index 40 permit 9.0.0.0 8\n"
		 "ip ip-prefix l index 50 deny 8.0.0.0 8\n%s",
		 policy);
	assert_string_equal(difference(from, to), "9.0-9.255/8-8"); // the rest is denied anyway
	// more rules than there are blocks: those that lie nearest are drawn together
	int n = 0;
	for (unsigned i = 0; i < DIFFERENCE_BLOCKS + 1; i++)
		n += snprintf(to + n, sizeof(to) - (size_t)n,
			      "ip ip-prefix l index %u permit %u.0.0.0 8\n", 100 + i,
			      i == 3 ? 31 : 10 * (i + 1));
	snprintf(to + n, sizeof(to) - (size_t)n, "%s", policy);
	const char *all = difference("route-policy p deny node 5\n" LAST, to);
	assert_string_equal(all, "everywhere");
	all = difference(LAST, to);
	assert_non_null(strstr(all, "20.0-20.255/8-8 30.0-31.255/8-8 50.0-50.255/8-8"));
	assert_non_null(strstr(all, "170.0-170.255/8-8"));
}

// The block that a list's rule is in covers exactly what it should at both ends, in both widths.
static void test_edges(void **state)
{
	const struct af *narrow = fixture_af("ipv4-unicast"), *wide = fixture_af("ipv6-unicast");
	struct difference x = {
		.count = 2,
		.blocks = {{UINT64_C(0x0a00000000000000), UINT64_C(0x0affffffffffffff), 8, 24},
			   {UINT64_C(0x2001000000000000), UINT64_C(0x2001ffffffffffff), 0, 128}}};
	static const char *const keys[][2] = {
		{"10.0.0.0/8", "y"},         {"10.255.255.0/24", "y"}, {"10.0.0.0/25", "n"},
		{"8.0.0.0/7", "n"},          {"11.0.0.0/8", "n"},      {"9.255.255.255/32", "n"},
		{"32.1.0.0/16", "y"},        {"32.2.0.0/16", "n"},     {"0.0.0.0/0", "n"},
		{"255.255.255.255/32", "n"},
	};
	struct difference_scan scan = difference_scan(&x, narrow, NULL);

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			struct af_key key = fixture_key("ipv4-unicast", keys[i][0]);
			assert_int_equal(difference_has(&x, narrow, &key), *keys[i][1] == 'y');
			assert_int_equal(difference_scan_has(&scan, &key), *keys[i][1] == 'y');
		}
	scan = difference_scan(&x, wide, NULL);
	struct af_key in = fixture_key("ipv6-unicast", "2001:ffff::/32");
	struct af_key out = fixture_key("ipv6-unicast", "2002::/16");
	assert_true(difference_scan_has(&scan, &in));
	assert_false(difference_scan_has(&scan, &out));
	assert_true(difference_has(&x, wide, &in));
	x = (struct difference){0};
	scan = difference_scan(&x, wide, NULL);
	assert_false(difference_scan_has(&scan, &in));
	difference_everywhere(&x);
	scan = difference_scan(&x, wide, NULL);
	assert_true(difference_scan_has(&scan, &out));
}

// --- route targets -------------------------------------------------------------------------------
// Programs that ask for 0:2:0:1 and one of these numbers each; "~": any.
static struct policy_program *asking(const char *numbers)
{
	struct policy_target t[64];
	struct policy_binding b = {.constrained = *numbers != '~', .targets = t};
	char *next;

	for (const char *at = numbers; b.constrained && *at; at = next) {
		unsigned long n = strtoul(at, &next, 10);
		t[b.target_count] = (struct policy_target){.target = {0, 2, 0, 1}, .bits = 64};
		t[b.target_count].target[6] = (uint8_t)(n >> 8);
		t[b.target_count++].target[7] = (uint8_t)n;
		if (*next == '/')
			t[b.target_count - 1].bits = (uint8_t)strtoul(next + 1, &next, 10);
		next += strspn(next, " ");
	}
	return policy_program(f.store, NULL, &b);
}

static const char *target_difference(const char *from, const char *to, struct difference *ret)
{
	struct policy_program *p = asking(from), *q = asking(to);
	size_t n = 0;

	difference_of(p, q, ret);
	shown[0] = 0;
	for (unsigned i = 0; i < ret->target_count; i++) {
		const struct difference_range *r = &ret->targets[i];
		n += (size_t)snprintf(shown + n, sizeof(shown) - n, "%s%u-%u", n ? " " : "",
				      (unsigned)r->first & 0xffff, (unsigned)r->last & 0xffff);
	}
	if (difference_is_everywhere(ret))
		strcpy(shown, "everywhere");
	policy_program_unref(p);
	policy_program_unref(q);
	return shown;
}

static bool meets(const struct difference *x, const char *attrs)
{
	struct attr_table t;
	struct attrs as;

	attr_table_init(&t);
	fixture_attrs(&f, attrs, &as);
	uint32_t id = attr_intern(&t, &as);
	struct difference_scan scan = difference_scan(x, fixture_af("ipv4-unicast"), &t);
	bool has = difference_has_set(x, &t, id);
	assert_int_equal(difference_scan_has_set(&scan, id), has);
	assert_int_equal(difference_scan_has_set(&scan, id), has);
	attr_unref(&t, id);
	attr_table_free(&t);
	return has;
}

static void test_targets(void **state)
{
	struct difference x, y;
	char many[256];
	size_t n = 0;

	fixture_open(&f);
	assert_string_equal(target_difference("1 2 3", "1 3", &x), "2-2");
	assert_true(meets(&x, "rt=1:2"));
	assert_true(meets(&x, "rt=1:1;1:2;9:9"));
	assert_false(meets(&x, "rt=1:1"));
	assert_false(meets(&x, "rt=1:3 soo=1:2"));
	assert_false(meets(&x, "med=1"));
	assert_string_equal(target_difference("1 3", "1 2 3", &x), "2-2");
	assert_string_equal(target_difference("1 5 9", "5 7", &x), "1-1 7-7 9-9");
	assert_string_equal(target_difference("", "5 6 7", &x), "5-7");
	assert_string_equal(target_difference("8 9 10", "9", &x), "8-8 10-10");
	assert_string_equal(target_difference("0/48", "0 1 77", &x), "2-76 78-65535");
	assert_true(meets(&x, "rt=1:500"));
	assert_false(meets(&x, "rt=1:77"));
	assert_false(meets(&x, "rt=2:500"));
	assert_string_equal(target_difference("~", "1", &x), "everywhere");
	assert_string_equal(target_difference("4 5", "5 4", &x), "");
	assert_true(difference_is_nowhere(&x));
	// more than there is room for: those that lie nearest are drawn together
	for (unsigned i = 0; i <= DIFFERENCE_TARGETS; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "%u ", 10 * i + (i == 6));
	assert_string_equal(target_difference("", many, &x),
			    "0-0 10-10 20-20 30-30 40-40 50-50 61-70 80-80 90-90 100-100 110-110 "
			    "120-120 130-130 140-140 150-150 160-160");
	assert_true(meets(&x, "rt=1:65"));
	assert_false(meets(&x, "rt=1:155"));
	// both together, joined
	target_difference("", "1 2 4 6", &x);
	target_difference("", "3 5 9", &y);
	difference_add(&x, &y);
	assert_int_equal(x.target_count, 2);
	assert_true(meets(&x, "rt=1:5"));
	assert_true(meets(&x, "rt=1:9"));
	assert_false(meets(&x, "rt=1:8"));
	fixture_close(&f);
}

// --- memos ---------------------------------------------------------------------------------------
static struct policy_program *program(const char *lines)
{
	fixture_config(&f, lines);
	return fixture_program(&f, "ipv4-unicast", true, "p");
}

static void ask_all(struct bench *b, const char *prefix)
{
	struct af_key key = fixture_key("ipv4-unicast", prefix);

	for (unsigned i = 0; i < SETS; i++)
		memo_verdict(b->memo, b->ids[i], fixture_af("ipv4-unicast"), &key);
}

static void succeed(struct bench *b, struct policy_program *p)
{
	const struct memo_ops ops = {.before = before, .arg = b};
	struct memo *older = b->memo;

	b->memo = memo_new(&b->table, p, &fixture_context, &ops);
	if (older)
		memo_inherit(b->memo, older);
	b->carried_out = 0;
}

// A node in front and taken back: what is known of the rest is never asked again, even when all
// has been shed that can be. Another policy inherits leaves that do the same, until they are shed.
static void test_what_stands_is_not_asked_again(void **state)
{
	struct random r;
	struct bench b;

	fixture_open(&f);
	random_seed(&r, 1);
	bench_open(&b, &r);
	struct policy_program *a = program(LAST);
	struct policy_program *p = program(
		LIST "route-policy p permit node 5\nif-match ip-prefix l\napply cost 7\n" LAST);
	struct policy_program *c = program("ip community-filter basic c permit 1:1\n"
					   "route-policy p deny node 5\n"
					   "if-match community-filter c\n" LAST);
	succeed(&b, a);
	ask_all(&b, "9.0.0.0/8");
	ask_all(&b, "44.0.0.0/8");
	succeed(&b, p);
	ask_all(&b, "9.0.0.0/8");
	assert_int_equal(b.carried_out, 0);
	ask_all(&b, "44.0.0.0/8");
	assert_true(b.carried_out > 0);
	assert_false(memo_shed(b.memo));
	succeed(&b, a);
	while (memo_shed(b.memo))
		;
	ask_all(&b, "9.0.0.0/8");
	ask_all(&b, "44.0.0.0/8");
	assert_int_equal(b.carried_out, 0);
	uint32_t count = b.table.count;
	succeed(&b, c);
	while (memo_shed(b.memo))
		;
	assert_true(b.table.count < count); // nobody holds what the older one yielded
	ask_all(&b, "9.0.0.0/8");
	assert_true(b.carried_out > 0);
	bench_close(&b);
	policy_program_unref(a);
	policy_program_unref(p);
	policy_program_unref(c);
	fixture_close(&f);
}

// A target goes and comes: sets that do not carry it are not carried out again.
static void test_other_targets_are_not_asked_again(void **state)
{
	struct random r;
	struct bench b;
	unsigned carry = 0;

	fixture_open(&f);
	random_seed(&r, 3);
	bench_open(&b, &r);
	struct policy_target all[TARGETS];
	for (unsigned i = 0; i < TARGETS; i++)
		all[i] = target_of(i, 64);
	struct policy_binding bind = {.constrained = true, .targets = all, .target_count = TARGETS};
	struct policy_program *p = policy_program(f.store, NULL, &bind);
	bind.targets = all + 4;
	bind.target_count -= 4;
	struct policy_program *q = policy_program(f.store, NULL, &bind);
	struct difference x;
	difference_of(p, q, &x);
	for (unsigned i = 0; i < SETS; i++)
		carry += difference_has_set(&x, &b.table, b.ids[i]);
	assert_in_range(carry, 1, SETS / 2);
	succeed(&b, p);
	ask_all(&b, "9.0.0.0/8");
	assert_true(b.carried_out > carry);
	succeed(&b, q);
	ask_all(&b, "9.0.0.0/8");
	assert_in_range(b.carried_out, 1, carry);
	assert_false(memo_shed(b.memo)); // what stands below is kept
	succeed(&b, p);
	while (memo_shed(b.memo))
		;
	ask_all(&b, "9.0.0.0/8");
	assert_int_equal(b.carried_out, 0);
	bench_close(&b);
	policy_program_unref(p);
	policy_program_unref(q);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_differs_outside),
		cmocka_unit_test(test_memos_in_a_row),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_what_stands_is_not_asked_again),
		cmocka_unit_test(test_other_targets_are_not_asked_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
