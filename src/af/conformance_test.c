// What every address family promises, asked of each in af_list: a new family is under test as soon
// as its word stands in the list. Sample keys come from a random generator with a fixed seed,
// through nlri_get itself, so that nothing here knows a family's bytes: octets at random where
// those are mostly sound, else the family's own samples with a few octets changed.
#include "af/af.h"

#include "base/mem.h"
#include "base/random.h"
#include "af/rd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLES   500
#define NLRI_SIZE 128 // octets, more than any NLRI has

// Octets of an NLRI in front of its prefix (AF_PREFIX): the length, and whatever else.
static unsigned front(const struct af *af)
{
	const struct ip zero = {.bits = (uint8_t)af->prefix_bits};
	struct af_key key;

	af->from_prefix(&zero, 0, &key);
	return af->nlri_size(&key);
}

// Octets to try: the number of those that a sample would have.
static void fill(const struct af *af, struct random *r, uint8_t bytes[NLRI_SIZE])
{
	struct buf b = {0};
	struct af_key key;
	unsigned count = 0;

	for (unsigned i = 0; i < NLRI_SIZE; i++)
		bytes[i] = (uint8_t)random_next(r);
	if (af->props & AF_PREFIX)
		bytes[0] = (uint8_t)((front(af) - 1) * 8 + random_below(r, af->prefix_bits + 1u));
	if (!af->samples)
		return;
	while (af->samples[count])
		count++;
	assert_true(af->text_get(af->samples[random_below(r, count)], &key));
	af->nlri_put(&b, &key);
	memcpy(bytes, b.data, b.len);
	for (unsigned i = (unsigned)random_below(r, 6); i; i--)
		bytes[random_below(r, b.len)] = (uint8_t)random_next(r);
	buf_free(&b);
}

static bool known(const struct af *af, const struct af_key *key)
{
	return !af->route_type || af->route_type(key);
}

// Random octets that nlri_get takes; the number of octets it used.
static size_t sample(const struct af *af, struct random *r, uint8_t bytes[NLRI_SIZE],
		     struct af_key *ret)
{
	for (;;) {
		fill(af, r, bytes);
		struct cursor c = cursor_of(bytes, NLRI_SIZE);
		if (af->nlri_get(&c, ret) && known(af, ret))
			return (size_t)(c.p - bytes);
	}
}

static void each(void (*test)(const struct af *af, struct random *r))
{
	for (unsigned i = 0; i < af_count; i++) {
		struct random r;

		random_seed(&r, 7 + i);
		test(af_list[i], &r);
	}
}

static void one_round_trip(const struct af *af, struct random *r)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint8_t bytes[NLRI_SIZE];
		struct af_key key, again;
		struct buf b = {0};
		size_t used = sample(af, r, bytes, &key);

		af->nlri_put(&b, &key);
		assert_int_equal(b.len, used);
		assert_int_equal(af->nlri_size(&key), used);
		struct cursor c = cursor_of(b.data, b.len);
		assert_true(af->nlri_get(&c, &again));
		assert_int_equal(cursor_left(&c), 0);
		assert_memory_equal(&key, &again, sizeof(key));
		for (unsigned k = af->key_size; k < AF_KEY_MAX; k++)
			assert_int_equal(key.b[k], 0);
		buf_free(&b);
	}
}

static void test_round_trip(void **state)
{
	each(one_round_trip);
}

static void one_truncation(const struct af *af, struct random *r)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint8_t bytes[NLRI_SIZE];
		struct af_key key;
		struct af_check check;
		size_t used = sample(af, r, bytes, &key);

		for (size_t n = 0; n < used; n++) {
			struct cursor c = cursor_of(bytes, n);
			assert_false(af->nlri_get(&c, &key));
			assert_true(c.p <= c.end);
			if (n)
				assert_false(af->nlri_check(bytes, n, &check));
		}
		assert_true(af->nlri_check(bytes, used, &check));
		assert_int_equal(check.count, 1);
	}
}

static void test_truncation(void **state)
{
	each(one_truncation);
}

// A prefix's text in the family: behind a distinguisher where there is one.
static bool prefix_text_get(const struct af *af, const char *text, struct af_key *ret)
{
	char *whole = mem_format("%s%s", af->rd ? "0:0 " : "", text);
	bool done = af->text_get(whole, ret);

	mem_free(whole);
	return done;
}

static void one_text(const struct af *af, struct random *r)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint8_t bytes[NLRI_SIZE];
		struct af_key key, again;
		struct buf b = {0};

		sample(af, r, bytes, &key);
		af->text_put(&b, &key);
		assert_true(af->text_get(buf_cstr(&b), &again));
		assert_memory_equal(&key, &again, sizeof(key));
		buf_free(&b);
	}
	struct af_key key;
	assert_false(af->text_get("", &key));
	assert_false(af->text_get("nonsense", &key));
	for (const char *const *text = af->samples; text && *text; text++) {
		struct buf b = {0};

		assert_true(af->text_get(*text, &key));
		af->text_put(&b, &key);
		assert_string_equal(buf_cstr(&b), *text);
		buf_free(&b);
	}
	if (!(af->props & AF_PREFIX))
		return;
	bool wide = af->props & AF_WIDE;
	assert_false(prefix_text_get(af, "10.0.0.0/33", &key) && !wide);
	assert_false(prefix_text_get(af, "2001:db8::/129", &key));
	assert_false(prefix_text_get(af, "10.0.0.0", &key));
	assert_false(prefix_text_get(af, "/8", &key));
	assert_int_equal(prefix_text_get(af, "10.0.0.0/8", &key), !wide);
	assert_int_equal(prefix_text_get(af, "2001:db8::/32", &key), wide);
	assert_int_equal(af->text_get("10.0.0.0/8", &key), !wide && !af->rd);
}

// No beginning of a key's text makes it read over the end.
static void one_text_cut(const struct af *af, struct random *r)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint8_t bytes[NLRI_SIZE];
		struct af_key key;
		struct buf b = {0};

		sample(af, r, bytes, &key);
		af->text_put(&b, &key);
		for (size_t n = 0; n < b.len; n++) {
			char *cut = mem_format("%.*s", (int)n, buf_cstr(&b));

			af->text_get(cut, &key);
			mem_free(cut);
		}
		buf_free(&b);
	}
}

static void test_text_cut(void **state)
{
	each(one_text_cut);
}

static void test_text(void **state)
{
	each(one_text);
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void one_order(const struct af *af, struct random *r)
{
	struct af_key k[64];
	uint8_t bytes[NLRI_SIZE];

	for (unsigned i = 0; i < 64; i++)
		sample(af, r, bytes, &k[i]);
	for (unsigned i = 0; i < 64; i++) {
		for (unsigned j = 0; j < 64; j++) {
			int ij = sign(af->compare(&k[i], &k[j]));

			assert_int_equal(ij, -sign(af->compare(&k[j], &k[i])));
			assert_int_equal(!ij, !memcmp(&k[i], &k[j], sizeof(k[i])));
			for (unsigned m = 0; m < 64 && ij < 0; m++)
				if (af->compare(&k[j], &k[m]) < 0)
					assert_true(af->compare(&k[i], &k[m]) < 0);
		}
	}
}

static void test_order(void **state)
{
	each(one_order);
}

// RFC 7606 5.3: a length beyond the family's is malformed; both ends of the range are not.
static void one_boundary(const struct af *af, struct random *r)
{
	uint8_t bytes[NLRI_SIZE] = {0};
	struct af_key key;
	struct af_check check;

	if (!(af->props & AF_PREFIX))
		return;
	assert_int_equal(af->prefix_bits, af->props & AF_WIDE ? 128 : 32);
	unsigned least = (front(af) - 1) * 8;
	for (unsigned length = 0; length < 256; length++) {
		struct cursor c = cursor_of(bytes, sizeof(bytes));
		bool fits = length >= least && length <= least + af->prefix_bits;
		unsigned bits = 999;

		bytes[0] = (uint8_t)length;
		assert_int_equal(af->nlri_get(&c, &key), fits);
		assert_int_equal(af->nlri_check(bytes, 1 + (length + 7) / 8, &check), fits);
		if (!fits)
			continue;
		assert_non_null(af->prefix(&key, &bits));
		assert_int_equal(bits, length - least);
		assert_int_equal(c.p - bytes, 1 + (length + 7) / 8);
	}
}

static void test_boundary_lengths(void **state)
{
	each(one_boundary);
}

// RFC 4271 4.3: bits behind the length are irrelevant, so two NLRI that differ there are one route.
static void one_mask(const struct af *af, struct random *r)
{
	if (!(af->props & AF_PREFIX))
		return;
	unsigned at = front(af), labels = af->label_get ? 3 : 0;
	for (unsigned length = 0; length <= af->prefix_bits; length++) {
		uint8_t ones[NLRI_SIZE], zeroes[NLRI_SIZE];
		struct af_key a, b, c;
		unsigned bits;

		memset(ones, 0xff, sizeof(ones));
		memset(zeroes, 0, sizeof(zeroes));
		for (unsigned i = 0; i < length; i++)
			zeroes[at + i / 8] |= (uint8_t)(0x80 >> i % 8);
		ones[0] = zeroes[0] = (uint8_t)((at - 1) * 8 + length);
		memset(ones + 1 + labels, 0, at - 1 - labels); // the distinguisher
		struct cursor x = cursor_of(ones, sizeof(ones)),
			      y = cursor_of(zeroes, sizeof(zeroes));
		assert_true(af->nlri_get(&x, &a));
		assert_true(af->nlri_get(&y, &b));
		assert_memory_equal(&a, &b, sizeof(a));
		struct ip address = ip_from_bytes(ones + at, af->prefix_bits);
		af->from_prefix(&address, length, &c);
		assert_memory_equal(&a, &c, sizeof(a));
		assert_true(bits_equal(af->prefix(&c, &bits), zeroes + at, af->prefix_bits));
	}
}

static void test_mask(void **state)
{
	each(one_mask);
}

// The check of a whole field agrees with reading it one by one, and a field cut anywhere fails
// exactly when the last NLRI is cut.
static void one_field(const struct af *af, struct random *r)
{
	struct buf b = {0};
	bool ends[2048] = {[0] = true};
	unsigned count = 0;
	bool senseless = false;

	while (b.len < 1500) {
		uint8_t bytes[NLRI_SIZE];
		struct af_key key;

		buf_put(&b, bytes, sample(af, r, bytes, &key));
		senseless |= af->senseless(&key);
		ends[b.len] = true;
		count++;
	}
	struct af_check check;
	assert_true(af->nlri_check(b.data, b.len, &check));
	assert_int_equal(check.count, count);
	assert_int_equal(check.senseless, senseless);
	for (size_t n = 0; n <= b.len; n++)
		assert_int_equal(af->nlri_check(b.data, n, &check), ends[n]);
	buf_free(&b);
}

static void test_field(void **state)
{
	each(one_field);
}

static void test_G28_multicast_is_senseless_in_unicast(void **state)
{
	static const struct {
		const char *prefix;
		bool senseless;
	} cases[] = {
		{"224.0.0.0/4", true},  {"239.1.1.1/32", true}, {"224.0.0.0/3", false},
		{"0.0.0.0/0", false},   {"10.0.0.0/8", false},  {"223.255.255.0/24", false},
		{"240.0.0.0/4", false}, {"FF02::/16", true},    {"FE80::/10", true},
		{"FE00::/9", false},    {"::/0", false},        {"2001:DB8::/32", false},
		{"FF00::/8", true},     {"FE00::/7", false},
	};

	for (unsigned i = 0; i < af_count; i++) {
		for (unsigned k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
			const struct af *af = af_list[i];
			struct af_key key;

			if (!(af->props & AF_PREFIX) || !prefix_text_get(af, cases[k].prefix, &key))
				continue;
			assert_int_equal(af->senseless(&key),
					 cases[k].senseless && af->props & AF_UNICAST);
		}
	}
}

// --- what only some families have ---------------------------------------------------------------

// RFC 8277 2.2: the label is no part of the key, is written with bottom of stack, and read without
// a look at it.
static void one_label(const struct af *af, struct random *r)
{
	assert_int_equal(!!(af->props & AF_LABELED), af->label_get && af->label_put);
	for (unsigned i = 0; af->label_get && i < SAMPLES; i++) {
		uint8_t bytes[NLRI_SIZE];
		struct af_key key, again;
		struct buf b = {0};
		uint32_t label = (uint32_t)random_below(r, 1 << 20);

		sample(af, r, bytes, &key);
		af->nlri_put(&b, &key);
		assert_int_equal(af->label_get(b.data), 0);
		af->label_put(b.data, label);
		assert_int_equal(af->label_get(b.data), label);
		assert_int_equal(b.data[3] & 1, 1);
		b.data[3] &= 0xf0;
		assert_int_equal(af->label_get(b.data), label);
		for (unsigned round = 0; round < 2; round++) {
			struct cursor c = cursor_of(b.data, b.len);

			assert_true(af->nlri_get(&c, &again));
			assert_memory_equal(&key, &again, sizeof(key));
			af->label_withdraw(b.data);
		}
		assert_int_equal(af->label_get(b.data), 0x80000);
		assert_int_equal(b.data[3], 0);
		buf_free(&b);
	}
}

static void test_labels(void **state)
{
	each(one_label);
}

// K1: keys differ when their distinguishers do; displays go by distinguisher first. What goes to an
// instance's table and back under the same distinguisher is the same key.
static void one_exchange(const struct af *af, struct random *r)
{
	assert_int_equal(!!(af->props & AF_TARGETED), af->inner && af->to_inner && af->from_inner);
	if (!af->inner)
		return;
	assert_non_null(af->rd);
	assert_ptr_equal(af_outer(af->inner), af);
	assert_int_equal(af->prefix_bits, af->inner->prefix_bits);
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint8_t bytes[NLRI_SIZE], rd[RD_SIZE];
		struct af_key key, inner, again;
		unsigned bits, inner_bits;

		sample(af, r, bytes, &key);
		memcpy(rd, af->rd(&key), RD_SIZE);
		af->to_inner(&key, &inner);
		for (unsigned k = af->inner->key_size; k < AF_KEY_MAX; k++)
			assert_int_equal(inner.b[k], 0);
		af->from_inner(&inner, rd, &again);
		assert_memory_equal(&key, &again, sizeof(key));
		assert_memory_equal(af->rd(&again), rd, RD_SIZE);
		if (!(af->props & AF_PREFIX))
			continue;
		const uint8_t *p = af->prefix(&key, &bits);
		const uint8_t *q = af->inner->prefix(&inner, &inner_bits);
		assert_int_equal(bits, inner_bits);
		assert_true(bits_equal(p, q, bits));
		rd[random_below(r, RD_SIZE)] ^= 1;
		af->from_inner(&inner, rd, &again);
		assert_int_equal(sign(af->compare(&again, &key)),
				 sign(memcmp(rd, af->rd(&key), RD_SIZE)));
	}
}

static void test_K1_exchange(void **state)
{
	each(one_exchange);
}

// E1, E2, E16: every length is refused or stands for that many bits of AS and target.
static void one_membership(const struct af *af, struct random *r)
{
	assert_int_equal(!!(af->props & AF_MEMBERSHIP), af->target && af->from_target);
	for (unsigned length = 0; af->target && length < 256; length++) {
		uint8_t bytes[NLRI_SIZE], target[8] = {0};
		struct af_key key, again;
		struct af_check check;
		bool sound = !length || (length >= 32 && length <= 96);
		unsigned bits = 999;
		uint32_t as = 999;

		memset(bytes, 0xff, sizeof(bytes));
		bytes[0] = (uint8_t)length;
		struct cursor c = cursor_of(bytes, sizeof(bytes));
		assert_int_equal(af->nlri_get(&c, &key), sound);
		assert_int_equal(af->nlri_check(bytes, 1 + (length + 7) / 8, &check), sound);
		if (!sound)
			continue;
		af->target(&key, target, &bits, &as);
		assert_int_equal(bits, length ? length - 32 : 0);
		assert_int_equal(as, length ? UINT32_MAX : 0);
		for (unsigned i = 0; i < 64; i++)
			assert_int_equal(target[i / 8] >> (7 - i % 8) & 1, i < bits);
		memset(target, 0xff, sizeof(target));
		af->from_target(target, bits, as, &again);
		assert_memory_equal(&key, &again, sizeof(key));
	}
}

static void test_E2_memberships(void **state)
{
	each(one_membership);
}

// H15, F2: an NLRI of an unknown type is stepped over by its length, whatever is in it.
static void one_typed(const struct af *af, struct random *r)
{
	assert_int_equal(!!(af->props & AF_TYPED), !!af->route_type);
	for (unsigned length = 0; af->route_type && length < 256; length++) {
		uint8_t bytes[2 + 255];
		struct af_key key;
		struct af_check check;

		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)random_next(r);
		bytes[0] |= 0x80;
		bytes[1] = (uint8_t)length;
		struct cursor c = cursor_of(bytes, sizeof(bytes));
		assert_true(af->nlri_get(&c, &key));
		assert_int_equal(c.p - bytes, 2 + length);
		assert_int_equal(af->route_type(&key), 0);
		assert_true(af->nlri_check(bytes, 2 + length, &check));
		assert_true(check.unknown);
		assert_int_equal(check.count, 1);
		assert_false(af->nlri_check(bytes, 1 + length, &check));
	}
}

static void test_H15_unknown_types(void **state)
{
	each(one_typed);
}

// Mutilated octets, whatever they are, never yield what cannot be written, shown and read again.
static void one_hostile(const struct af *af, struct random *r)
{
	for (unsigned i = 0; i < 20 * SAMPLES; i++) {
		uint8_t bytes[NLRI_SIZE];
		struct af_key key, again;
		struct af_check check;
		struct buf b = {0};

		fill(af, r, bytes);
		size_t n = random_below(r, NLRI_SIZE);
		uint8_t *exact = mem_copy(bytes, n);
		struct cursor c = cursor_of(exact, n);
		bool got = af->nlri_get(&c, &key);
		if (got)
			assert_true(af->nlri_check(exact, (size_t)(c.p - exact), &check));
		if (got && known(af, &key)) {
			af->text_put(&b, &key);
			assert_true(af->text_get(buf_cstr(&b), &again));
			assert_memory_equal(&key, &again, sizeof(key));
		}
		mem_free(exact);
		buf_free(&b);
	}
}

static void test_hostile(void **state)
{
	each(one_hostile);
}

static void test_list(void **state)
{
	unsigned classics = 0;

	for (unsigned i = 0; i < af_count; i++) {
		const struct af *af = af_list[i];

		assert_int_equal(af_index(af), i);
		assert_int_equal(af_bit(af), 1 << i);
		assert_ptr_equal(af_by_code(af->afi, af->safi), af);
		assert_ptr_equal(af_by_name(af->name), af);
		assert_ptr_equal(af_by_selector(af->selector), af);
		assert_int_equal(af->key_size % 4, 0);
		assert_true(af->key_size <= AF_KEY_MAX);
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(af_list[k]->order, af->order);
		classics += !!(af->props & AF_CLASSIC);
	}
	assert_int_equal(classics, 1);
	assert_ptr_equal(af_classic(), af_by_selector(""));
	assert_null(af_by_code(9999, 77));
	assert_null(af_by_name("no-such-family"));
	assert_null(af_by_selector("no-such-family"));
	assert_int_equal(af_address_bits(af_address_code(32)), 32);
	assert_int_equal(af_address_bits(af_address_code(128)), 128);
	assert_int_equal(af_address_bits(3), 0);
}

static void one_hash(const struct af *af, struct random *r)
{
	unsigned buckets[256] = {0};

	for (unsigned i = 0; i < 256 * 64; i++) {
		uint8_t bytes[NLRI_SIZE];
		struct af_key key;

		sample(af, r, bytes, &key);
		buckets[af_key_hash(af, &key) & 255]++;
	}
	// Short prefixes repeat, so a bucket may be high; none may be empty.
	for (unsigned i = 0; i < 256; i++)
		assert_in_range(buckets[i], 16, 1000);
}

static void test_hash_spreads(void **state)
{
	each(one_hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_cut),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_boundary_lengths),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_G28_multicast_is_senseless_in_unicast),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_K1_exchange),
		cmocka_unit_test(test_E2_memberships),
		cmocka_unit_test(test_H15_unknown_types),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_hash_spreads),
	};

	return cmocka_run_group_tests_name("af", tests, NULL, NULL);
}
