// Cursors, buffers, hashes, the generator of random numbers, the log's escaping.
#include "base/buf.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void cursor_reads(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct cursor c = cursor_of(bytes, sizeof(bytes));
	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_u16(&c), 0x0203);
	assert_int_equal(cursor_u32(&c), 0x04050607);
	assert_int_equal(cursor_left(&c), 3);
	assert_false(c.error);
	struct cursor inner = cursor_cut(&c, 2);
	assert_int_equal(cursor_u16(&inner), 0x0809);
	assert_int_equal(cursor_u8(&inner), 0);
	assert_true(inner.error);
	assert_false(c.error);
	assert_int_equal(cursor_u8(&c), 10);
	assert_non_null(cursor_take(&c, 0));
}

static void cursor_error_sticks(void **state)
{
	// On the heap, where a sanitizer sees a read past the end and the compiler does not guess.
	uint8_t *bytes = mem_copy("\1\2\3", 3);
	for (size_t n = 0; n <= 3; n++) {
		struct cursor c = cursor_of(bytes, n);
		assert_int_equal(cursor_u32(&c), 0);
		assert_true(c.error);
		assert_int_equal(cursor_left(&c), n); // nothing moved
		assert_int_equal(cursor_u8(&c), 0);   // though a byte may be there
		assert_null(cursor_take(&c, SIZE_MAX));
	}
	struct cursor c = cursor_of(bytes, 3);
	struct cursor inner = cursor_cut(&c, 4);
	assert_true(c.error && inner.error);
	assert_int_equal(cursor_left(&inner), 0);
	mem_free(bytes);
}

static void buf_bytes(void **state)
{
	struct buf b = {0};
	assert_string_equal(buf_cstr(&b), "");
	buf_u8(&b, 1);
	buf_u16(&b, 0x0203);
	buf_u32(&b, 0x04050607);
	buf_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
	assert_int_equal(b.len, 15);
	for (size_t i = 0; i < 15; i++)
		assert_int_equal(b.data[i], i + 1);
	assert_int_equal(b.data[15], 0);
	buf_set_u16(&b, 13, 0xaabb);
	buf_set_u8(&b, 0, 0xcc);
	assert_int_equal(b.data[14], 0xbb);
	buf_clear(&b);
	buf_hex(&b, "\x00\x7f\xff", 3);
	assert_string_equal(buf_cstr(&b), "007fff");
	buf_put(&b, NULL, 0);
	memset(buf_room(&b, 1000), 'x', 1000);
	assert_int_equal(b.len, 6);
	uint8_t *p = buf_extend(&b, 1000);
	assert_int_equal(p[999], 'x');
	assert_int_equal(b.data[b.len], 0);
	buf_free(&b);
	buf_u8(&b, 5);
	buf_free(&b);
}

static void buf_texts(void **state)
{
	struct buf b = {0};
	char *empty = buf_steal(&b);
	assert_string_equal(empty, "");
	mem_free(empty);
	buf_text(&b, "one\ntwo");
	buf_pad(&b, 6);
	buf_text(&b, "|");
	buf_pad(&b, 3);
	assert_string_equal(buf_cstr(&b), "one\ntwo   |");
	buf_clear(&b);
	for (int i = 0; i < 300; i++)
		buf_format(&b, "%d:%0*d ", i, i, i);
	assert_int_equal(strlen(buf_cstr(&b)), b.len);
	assert_non_null(strstr(buf_cstr(&b), " 5:00005 "));
	char *text = buf_steal(&b);
	assert_int_equal(b.len, 0);
	assert_null(b.data);
	mem_free(text);
}

static void hashes(void **state)
{
	assert_int_equal(hash_bytes("abc", 3), hash_bytes("abc", 3));
	assert_int_not_equal(hash_bytes("abc", 3), hash_bytes("abd", 3));
	assert_int_not_equal(hash_more(1, "abc", 3), hash_more(2, "abc", 3));
	struct hash128 a = hash_wide("abc", 3), b = hash_wide("abd", 3);
	assert_true(a.lo != b.lo && a.hi != b.hi);
	assert_int_not_equal(hash_number(1), hash_number(2));
}

static void random_numbers(void **state)
{
	struct random a, b;
	unsigned count[10] = {0};
	random_seed(&a, 1);
	random_seed(&b, 1);
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(random_next(&a), random_next(&b));
		count[random_below(&a, 10)]++;
		random_below(&b, 10);
	}
	for (int i = 0; i < 10; i++)
		assert_in_range(count[i], 800, 1200);
	random_seed(&b, 2);
	assert_int_not_equal(random_next(&a), random_next(&b));
}

static char last_line[8192];
static enum log_level last_level;

static void keep_line(enum log_level level, const char *line, void *arg)
{
	assert_ptr_equal(arg, last_line);
	last_level = level;
	strcpy(last_line, line);
}

static void log_escapes(void **state)
{
	static char huge[10000];
	log_set_sink(keep_line, last_line);
	log_warning("peer %s says %s", "10.0.0.1", "a\nb\x1b[2J\x7f");
	assert_int_equal(last_level, LOG_LEVEL_WARNING);
	assert_string_equal(last_line, "peer 10.0.0.1 says a\\x0ab\\x1b[2J\\x7f");
	log_error("%s", "gr\xc3\xbc\xc3\x9f \xc2\x85 \xff \xe2\x82");
	assert_string_equal(last_line, "gr\xc3\xbc\xc3\x9f \\xc2\\x85 \\xff \\xe2\\x82");
	memset(huge, '\n', sizeof(huge) - 1);
	log_info("%s", huge);
	assert_true(strlen(last_line) < 4096);
	last_line[0] = '\0';
	log_debug("not shown");
	assert_string_equal(last_line, "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("shown");
	assert_string_equal(last_line, "shown");
	log_set_level(LOG_LEVEL_INFO);
	log_set_sink(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cursor_reads), cmocka_unit_test(cursor_error_sticks),
		cmocka_unit_test(buf_bytes),    cmocka_unit_test(buf_texts),
		cmocka_unit_test(hashes),       cmocka_unit_test(random_numbers),
		cmocka_unit_test(log_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
