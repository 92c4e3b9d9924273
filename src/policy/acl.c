// Basic access lists as route filters: a rule compares the route's network address (not its
// length) with a source and a wildcard whose set bits do not count. The lowest rule number that
// fits decides; none: denied, and so is everything by a list without rules.
#include "policy/filter.h"

#include <string.h>

#include "base/mem.h"

struct acl_rule {
	uint64_t hi, lo, mask_hi, mask_lo;
	uint64_t permit; // as wide as the others: rules are compared by their bytes
};

struct acl {
	struct key_test test;
	unsigned count;
	struct acl_rule rules[];
};

static bool acl_permits(const struct key_test *t, const struct prefix_words *p)
{
	const struct acl *l = (const struct acl *)t;

	for (unsigned i = 0; i < l->count; i++) {
		const struct acl_rule *r = &l->rules[i];
		if ((p->hi & r->mask_hi) == r->hi && (p->lo & r->mask_lo) == r->lo)
			return r->permit;
	}
	return false;
}

static struct prefix_rule acl_rule_at(const struct key_test *t, uint32_t i)
{
	const struct acl_rule *r = &((const struct acl *)t)->rules[i];

	return (struct prefix_rule){.hi = r->hi,
				    .lo = r->lo,
				    .mask_hi = r->mask_hi,
				    .mask_lo = r->mask_lo,
				    .high = UINT8_MAX,
				    .permit = r->permit};
}

static struct acl_rule acl_rule_of(const struct source_rule *s, unsigned bits)
{
	struct acl_rule r = {.permit = s->permit};

	if (s->wildcard.bits) {
		struct prefix_words a = prefix_words_of(s->address.b, bits, 0);
		struct prefix_words w = prefix_words_of(s->wildcard.b, bits, 0);
		r.mask_hi = ~w.hi;
		r.mask_lo = ~w.lo;
		if (bits == 32) {
			r.mask_hi &= UINT64_C(0xFFFFFFFF00000000);
			r.mask_lo = 0;
		}
		r.hi = a.hi & r.mask_hi;
		r.lo = a.lo & r.mask_lo;
	}
	return r;
}

static void acl_destroy(struct object *o)
{
	mem_free(o);
}

struct object *acl_compile(struct compile *c, const struct source_filter *f)
{
	unsigned bits = f->kind == FILTER_ACL_WIDE ? 128 : 32, count;
	struct arena a;

	arena_init(&a, 4096);
	struct source_rule **rules = rules_sorted(f, &a, &count);
	struct acl *l = mem_zero(sizeof(*l) + count * sizeof(struct acl_rule));
	l->count = count;
	l->test.permits = acl_permits;
	l->test.rules = count;
	l->test.rule = acl_rule_at;
	for (unsigned i = 0; i < count; i++) {
		if (rules[i]->wildcard.bits &&
		    (rules[i]->wildcard.bits != bits || rules[i]->address.bits != bits))
			compile_complain(c, "rule %u: the address is of the other version",
					 rules[i]->index);
		l->rules[i] = acl_rule_of(rules[i], bits);
	}
	arena_free(&a);

	struct hash128 content = hash_wide(l->rules, count * sizeof(struct acl_rule));
	content.lo ^= hash_number(OBJECT_ACL + bits * 256);
	struct object *o = c->failed ? NULL : object_find(c->store, content);
	if (o || c->failed) {
		mem_free(l);
		return o;
	}
	object_add(c->store, &l->test.object, OBJECT_ACL, content, acl_destroy);
	return &l->test.object;
}
