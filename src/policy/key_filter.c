// Tests of what a key has besides a prefix: rd-filters, which ask for the route distinguisher, and
// types of routes (RFC 4364 4.2, RFC 6514 4).
//
// An rd-filter's rules hold patterns, each a route distinguisher or a part of one: in `100:*` the
// number does not count, in `*:*` nothing does. The lowest index with a pattern that fits decides;
// none: denied. A pattern means one form of distinguisher: `100:*` no 0.100:1.
#include "policy/filter.h"

#include <string.h>

#include "af/rd.h"
#include "base/mem.h"

struct rd_pattern {
	uint64_t value, mask;
	uint64_t permit; // as wide as the others: patterns are compared by their bytes
};

struct rd_filter {
	struct key_test test;
	unsigned count;
	struct rd_pattern patterns[];
};

struct type_test {
	struct key_test test;
	uint32_t types; // bit n: type n
};

static uint64_t number_of(const uint8_t rd[RD_SIZE])
{
	uint64_t n = 0;

	for (unsigned i = 0; i < RD_SIZE; i++)
		n = n << 8 | rd[i];
	return n;
}

// --- patterns ----------------------------------------------------------------------------------
// ret_rd: the distinguisher with 0 for what does not count.
static bool pattern_parse(const char *text, uint8_t ret_rd[RD_SIZE], unsigned *ret_bits)
{
	size_t n = strlen(text);
	char fixed[RD_TEXT_MAX];

	memset(ret_rd, 0, RD_SIZE);
	*ret_bits = 0;
	if (!strcmp(text, "*:*"))
		return true;
	if (n < 3 || n >= sizeof(fixed) || strcmp(text + n - 2, ":*") != 0) {
		*ret_bits = 64;
		return rd_get(text, ret_rd);
	}
	memcpy(fixed, text, n + 1);
	fixed[n - 1] = '0';
	bool good = rd_get(fixed, ret_rd);
	*ret_bits = ret_rd[1] ? 48 : 32; // the number of the first form is of four octets
	return good;
}

bool source_rd_pattern(const char *text, struct buf *out)
{
	uint8_t rd[RD_SIZE];
	struct buf b = {0};
	unsigned bits;

	if (!pattern_parse(text, rd, &bits))
		return false;
	rd_put(&b, rd);
	if (!bits)
		buf_text(out, "*:*");
	else if (bits < 64) // in place of the zero
		buf_format(out, "%.*s*", (int)b.len - 1, buf_cstr(&b));
	else
		buf_put(out, b.data, b.len);
	buf_free(&b);
	return true;
}

// --- asking ------------------------------------------------------------------------------------
static bool patterns_permit(const struct rd_filter *f, uint64_t rd)
{
	for (unsigned i = 0; i < f->count; i++)
		if ((rd & f->patterns[i].mask) == f->patterns[i].value)
			return f->patterns[i].permit;
	return false;
}

static bool rd_filter_test(const struct key_test *t, const struct prefix_words *p)
{
	const uint8_t *rd = p->af->rd ? p->af->rd(p->key) : NULL;

	return rd && patterns_permit((const struct rd_filter *)t, number_of(rd));
}

bool rd_filter_permits(const struct object *o, const uint8_t rd[RD_SIZE])
{
	return patterns_permit((const struct rd_filter *)o, number_of(rd));
}

static bool type_test_permits(const struct key_test *t, const struct prefix_words *p)
{
	unsigned type = p->af->route_type ? p->af->route_type(p->key) : 0;

	return type < 32 && ((const struct type_test *)t)->types >> type & 1;
}

// --- compiling ---------------------------------------------------------------------------------
static void test_destroy(struct object *o)
{
	mem_free(o);
}

static bool rule_compile(struct compile *c, const struct source_rule *r, struct rd_pattern *ret)
{
	uint8_t rd[RD_SIZE];
	unsigned bits;

	for (unsigned i = 0; i < r->words.count; i++) {
		if (!pattern_parse(r->words.word[i], rd, &bits)) {
			compile_complain(c, "\"%s\" is no such value", r->words.word[i]);
			return false;
		}
		ret[i].mask = bits ? UINT64_MAX << (64 - bits) : 0;
		ret[i].value = number_of(rd) & ret[i].mask;
		ret[i].permit = r->permit;
	}
	return true;
}

struct object *rd_filter_compile(struct compile *c, const struct source_filter *s)
{
	unsigned rule_count, count = 0;
	struct arena a;

	arena_init(&a, 4096);
	struct source_rule **rules = rules_sorted(s, &a, &rule_count);
	for (unsigned i = 0; i < rule_count; i++)
		count += rules[i]->words.count;
	struct rd_filter *f = mem_zero(sizeof(*f) + count * sizeof(struct rd_pattern));
	f->test.permits = rd_filter_test;
	for (unsigned i = 0; i < rule_count; i++) {
		if (!rule_compile(c, rules[i], &f->patterns[f->count]))
			break;
		f->count += rules[i]->words.count;
	}
	arena_free(&a);

	struct hash128 content = hash_wide(f->patterns, f->count * sizeof(struct rd_pattern));
	content.lo ^= hash_number(OBJECT_RD_FILTER);
	struct object *o = c->failed ? NULL : object_find(c->store, content);
	if (o || c->failed) {
		mem_free(f);
		return o;
	}
	object_add(c->store, &f->test.object, OBJECT_RD_FILTER, content, test_destroy);
	return &f->test.object;
}

struct object *type_test_compile(struct policy_store *s, uint32_t types)
{
	struct hash128 content = hash_wide(&types, sizeof(types));

	content.lo ^= hash_number(OBJECT_TYPE_TEST);
	struct object *o = object_find(s, content);
	if (o)
		return o;
	struct type_test *t = MEM_NEW(struct type_test);
	t->test.permits = type_test_permits;
	t->types = types;
	object_add(s, &t->test.object, OBJECT_TYPE_TEST, content, test_destroy);
	return &t->test.object;
}
