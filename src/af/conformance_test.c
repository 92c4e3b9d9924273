// What every address family promises, asked of each in af_list: a new family is under test as soon
// as its word stands in the list. Sample keys come from a random generator with a fixed seed,
// through nlri_get itself, so that nothing here knows a family's bytes.
#include "af/af.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLES 500

// Random octets that nlri_get takes; the number of octets it used.
static size_t sample(const struct af *af, struct random *r, uint8_t bytes[64], struct af_key *ret)
{
	for (;;) {
		for (unsigned i = 0; i < 64; i++)
			bytes[i] = (uint8_t)random_next(r);
		if (af->props & AF_PREFIX)
			bytes[0] = (uint8_t)random_below(r, af->prefix_bits + 1u);
		struct cursor c = cursor_of(bytes, 64);
		if (af->nlri_get(&c, ret))
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
		uint8_t bytes[64];
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
		uint8_t bytes[64];
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

static void one_text(const struct af *af, struct random *r)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		uint8_t bytes[64];
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
	if (!(af->props & AF_PREFIX))
		return;
	assert_false(af->text_get("10.0.0.0/33", &key) && !(af->props & AF_WIDE));
	assert_false(af->text_get("2001:db8::/129", &key));
	assert_false(af->text_get("10.0.0.0", &key));
	assert_false(af->text_get("/8", &key));
	assert_int_equal(af->text_get("10.0.0.0/8", &key), !(af->props & AF_WIDE));
	assert_int_equal(af->text_get("2001:db8::/32", &key), !!(af->props & AF_WIDE));
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
	uint8_t bytes[64];

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
	uint8_t bytes[64] = {0};
	struct af_key key;
	struct af_check check;

	if (!(af->props & AF_PREFIX))
		return;
	assert_int_equal(af->prefix_bits, af->props & AF_WIDE ? 128 : 32);
	for (unsigned length = 0; length < 256; length++) {
		struct cursor c = cursor_of(bytes, sizeof(bytes));
		bool fits = length <= af->prefix_bits;
		unsigned bits = 999;

		bytes[0] = (uint8_t)length;
		assert_int_equal(af->nlri_get(&c, &key), fits);
		assert_int_equal(af->nlri_check(bytes, 1 + (length + 7) / 8, &check), fits);
		if (!fits)
			continue;
		assert_non_null(af->prefix(&key, &bits));
		assert_int_equal(bits, length);
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
	for (unsigned length = 0; length <= af->prefix_bits; length++) {
		uint8_t ones[64], zeroes[64];
		struct af_key a, b, c;
		unsigned bits;

		memset(ones, 0xff, sizeof(ones));
		memset(zeroes, 0, sizeof(zeroes));
		for (unsigned i = 0; i < length; i++)
			zeroes[1 + i / 8] |= (uint8_t)(0x80 >> i % 8);
		ones[0] = zeroes[0] = (uint8_t)length;
		struct cursor x = cursor_of(ones, sizeof(ones)),
			      y = cursor_of(zeroes, sizeof(zeroes));
		assert_true(af->nlri_get(&x, &a));
		assert_true(af->nlri_get(&y, &b));
		assert_memory_equal(&a, &b, sizeof(a));
		struct ip address = ip_from_bytes(ones + 1, af->prefix_bits);
		af->from_prefix(&address, length, &c);
		assert_memory_equal(&a, &c, sizeof(a));
		assert_true(bits_equal(af->prefix(&c, &bits), zeroes + 1, af->prefix_bits));
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
		uint8_t bytes[64];
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

			if (!(af->props & AF_PREFIX) || !af->text_get(cases[k].prefix, &key))
				continue;
			assert_int_equal(af->senseless(&key),
					 cases[k].senseless && af->props & AF_UNICAST);
		}
	}
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
		uint8_t bytes[64];
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
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_boundary_lengths),
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_G28_multicast_is_senseless_in_unicast),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_hash_spreads),
	};

	return cmocka_run_group_tests_name("af", tests, NULL, NULL);
}
