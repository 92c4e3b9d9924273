// Pools, arenas, vectors, rings, maps.
#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void pool_numbers(void **state)
{
	struct pool p;
	pool_init(&p, 10);
	assert_int_equal(p.size, 12);
	assert_int_equal(pool_take(&p), 1);
	uint8_t *one = pool_at(&p, 1);
	for (uint32_t n = 2; n <= 3 * POOL_CHUNK; n++) {
		assert_int_equal(pool_take(&p), n);
		memset(pool_at(&p, n), (int)n & 0xff, 10);
	}
	assert_ptr_equal(one, pool_at(&p, 1)); // chunks never move
	assert_int_equal(p.used, 3 * POOL_CHUNK);
	for (uint32_t n = 2; n <= 3 * POOL_CHUNK; n++)
		assert_int_equal(((uint8_t *)pool_at(&p, n))[9], n & 0xff);
	pool_give(&p, 7);
	pool_give(&p, 5000);
	assert_int_equal(pool_take(&p), 5000); // last freed first
	assert_int_equal(pool_take(&p), 7);
	assert_int_equal(pool_take(&p), 3 * POOL_CHUNK + 1);
	static const uint8_t zero[12];
	assert_memory_equal(pool_at(&p, 7), zero, 12);
	assert_memory_equal(pool_at(&p, 5000), zero, 12);
	assert_true(pool_bytes(&p) >= (size_t)4 * POOL_CHUNK * 12);
	pool_free_all(&p);
	assert_int_equal(pool_take(&p), 1);
	pool_free_all(&p);
}

static void pool_at_random(void **state)
{
	struct random r;
	struct pool p;
	uint32_t held[500] = {0};
	random_seed(&r, 7);
	pool_init(&p, sizeof(uint64_t));
	for (int i = 0; i < 100000; i++) {
		uint32_t slot = random_below(&r, 500);
		if (held[slot]) {
			uint64_t *v = pool_at(&p, held[slot]);
			assert_int_equal(*v, slot + 1);
			pool_give(&p, held[slot]);
			held[slot] = 0;
		} else {
			held[slot] = pool_take(&p);
			uint64_t *v = pool_at(&p, held[slot]);
			assert_int_equal(*v, 0);
			*v = slot + 1;
		}
	}
	assert_true(p.end <= 501);
	pool_free_all(&p);
}

static void arenas(void **state)
{
	struct arena a;
	arena_init(&a, 1024);
	for (int round = 0; round < 3; round++) {
		char *first = arena_text(&a, "first");
		for (size_t i = 0; i < 100; i++) {
			uint8_t *p = arena_zero(&a, i * 7);
			assert_int_equal((uintptr_t)p % 16, 0);
			for (size_t j = 0; j < i * 7; j++)
				assert_int_equal(p[j], 0);
			memset(p, 0xff, i * 7);
		}
		uint8_t *large = arena_alloc(&a, 100000);
		memset(large, 0xee, 100000);
		char *text = arena_format(&a, "%s-%d", first, round);
		assert_string_equal(first, "first");
		assert_int_equal(strlen(text), 7);
		assert_memory_equal(arena_copy(&a, "ab", 2), "ab", 2);
		arena_reset(&a);
	}
	arena_alloc(&a, 5000); // the first one is too large for a block
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 0));
	arena_free(&a);
	assert_non_null(arena_alloc(&a, 1));
	arena_free(&a);
}

static void vectors(void **state)
{
	struct vec v = {0};
	int items[100];
	for (int i = 0; i < 100; i++)
		vec_add(&v, &items[i]);
	vec_insert(&v, 0, &items[50]);
	vec_insert(&v, 101, &items[51]);
	assert_int_equal(v.count, 102);
	assert_ptr_equal(v.item[0], &items[50]);
	assert_ptr_equal(v.item[1], &items[0]);
	vec_remove(&v, 0);
	assert_true(vec_drop(&v, &items[3]));
	assert_false(vec_drop(&v, &items[3]));
	assert_ptr_equal(v.item[3], &items[4]);
	assert_ptr_equal(vec_pop(&v), &items[51]);
	vec_clear(&v);
	assert_null(vec_pop(&v));
	vec_free(&v);
	assert_false(vec_drop(&v, &v));
}

struct member {
	int n;
	struct list link;
};

static void expect(const struct list *l, const char *expected)
{
	char text[32] = "";
	size_t at = 0;
	for (const struct list *i = l->next; i != l; i = i->next)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%d",
				       LIST_ENTRY(i, struct member, link)->n);
	assert_string_equal(text, expected);
}

static void rings(void **state)
{
	struct list l, other;
	struct member m[6];
	list_init(&l);
	list_init(&other);
	list_move_all(&other, &l);
	assert_true(list_empty(&l));
	for (int i = 0; i < 6; i++) {
		m[i].n = i;
		list_init(&m[i].link);
		list_add(i < 4 ? &l : &other, &m[i].link);
	}
	expect(&l, "0123");
	list_remove(&m[1].link);
	list_remove(&m[1].link); // alone: no effect
	assert_true(list_empty(&m[1].link));
	list_add(l.next, &m[1].link);
	expect(&l, "1023");
	list_move_all(&other, &l);
	expect(&l, "102345");
	assert_true(list_empty(&other));
}

static void maps_by_text(void **state)
{
	struct map m;
	map_init_text(&m);
	char key[32] = "soon overwritten";
	assert_null(map_get(&m, "nothing"));
	assert_null(map_remove(&m, "nothing"));
	assert_null(map_put(&m, key, "one"));
	key[0] = '\0';
	assert_string_equal(map_put(&m, "soon overwritten", "two"), "one");
	assert_string_equal(map_get(&m, "soon overwritten"), "two");
	assert_int_equal(m.count, 1);
	assert_null(map_put(&m, "", "empty key"));
	assert_string_equal(map_get(&m, ""), "empty key");
	assert_string_equal(map_remove(&m, "soon overwritten"), "two");
	assert_int_equal(m.count, 1);
	map_free(&m);
	assert_null(map_get(&m, ""));
	map_free(&m);
}

static void maps_at_random(void **state)
{
	struct random r;
	struct map text, number;
	uint8_t there[1000] = {0};
	unsigned count = 0;
	random_seed(&r, 11);
	map_init_text(&text);
	map_init_number(&number);
	for (int i = 0; i < 100000; i++) {
		uint32_t n = random_below(&r, 1000);
		uint64_t key = (uint64_t)n << 32; // a bad hash would put them all into one place
		char name[16];
		snprintf(name, sizeof(name), "key%u", n);
		void *expected = there[n] ? &there[n] : NULL;
		assert_ptr_equal(map_get(&text, name), expected);
		assert_ptr_equal(map_get_number(&number, key), expected);
		if (random_below(&r, 2)) {
			assert_ptr_equal(map_put(&text, name, &there[n]), expected);
			assert_ptr_equal(map_put_number(&number, key, &there[n]), expected);
			count += !there[n];
			there[n] = 1;
		} else {
			assert_ptr_equal(map_remove(&text, name), expected);
			assert_ptr_equal(map_remove_number(&number, key), expected);
			count -= there[n];
			there[n] = 0;
		}
		assert_int_equal(text.count, count);
		assert_int_equal(number.count, count);
	}
	struct map_iter it = map_iter(&number);
	unsigned walked = 0;
	while (map_next(&it)) {
		assert_ptr_equal(it.value, &there[it.number >> 32]);
		assert_null(it.key);
		walked++;
	}
	assert_int_equal(walked, count);
	it = map_iter(&text);
	for (walked = 0; map_next(&it); walked++)
		assert_ptr_equal(map_get(&text, it.key), it.value);
	assert_int_equal(walked, count);
	map_free(&text);
	map_free(&number);
}

static void texts_of_mem(void **state)
{
	char *s = mem_format("%s %d", "text", 5);
	assert_string_equal(s, "text 5");
	char *t = mem_text_n(s, 4);
	assert_string_equal(t, "text");
	assert_null(mem_text(NULL));
	s = mem_resize(s, 100);
	assert_string_equal(s, "text 5");
	mem_free(s);
	mem_free(t);
	mem_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_numbers),   cmocka_unit_test(pool_at_random),
		cmocka_unit_test(arenas),         cmocka_unit_test(vectors),
		cmocka_unit_test(rings),          cmocka_unit_test(maps_by_text),
		cmocka_unit_test(maps_at_random), cmocka_unit_test(texts_of_mem),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
