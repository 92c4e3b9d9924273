// Filters and sets of communities in all their widths: community-filter, large-community-filter,
// extcommunity-filter (route targets) and extcommunity-list soo, basic and advanced, and the
// community-lists whose values apply clauses take. RFC 1997, 4360, 8092.
//
// Rules by index; the first that matches decides; none: denied. A basic rule matches when the
// route carries all its values (whole-match: those and no other); `internet` is what every route
// has, unless strict-match asks for the value itself. An advanced rule is a regular expression over
// the values as they are shown, sorted, with a blank between them.
#include "policy/filter.h"

#include <string.h>

#include "base/mem.h"

struct value_rule {
	bool permit;
	struct span values;  // sorted; in the filter's arena
	struct regex *regex; // advanced; owned
};

struct value_filter {
	struct object object;
	enum filter_kind kind;
	struct arena arena;
	unsigned count;
	struct value_rule rules[];
};

struct value_set {
	struct object object;
	struct span values;
	uint8_t bytes[];
};

unsigned value_width(enum filter_kind kind)
{
	switch (kind) {
	case FILTER_EXT_COMMUNITY:
	case FILTER_SOO:
		return 8;
	case FILTER_LARGE_COMMUNITY:
	case SET_LARGE_COMMUNITY:
		return 12;
	default:
		return 4;
	}
}

uint8_t value_attribute(enum filter_kind kind)
{
	unsigned width = value_width(kind);

	return width == 8    ? ATTR_EXT_COMMUNITY
	       : width == 12 ? ATTR_LARGE_COMMUNITY
			     : ATTR_COMMUNITY;
}

static bool value_parse(enum filter_kind kind, const char *text, uint8_t *ret)
{
	switch (kind) {
	case FILTER_EXT_COMMUNITY:
		return ext_community_parse_rt(text, ret);
	case FILTER_SOO:
		return ext_community_parse_soo(text, ret);
	case FILTER_LARGE_COMMUNITY:
	case SET_LARGE_COMMUNITY:
		return large_community_parse(text, ret);
	default:
		return community_parse(text, ret);
	}
}

static void value_text(enum filter_kind kind, struct buf *b, const uint8_t *value)
{
	switch (value_width(kind)) {
	case 8:
		ext_community_text(b, value);
		break;
	case 12:
		large_community_text(b, value);
		break;
	default:
		community_text(b, value);
	}
}

bool values_parse(struct compile *c, enum filter_kind kind, const struct source_words *w,
		  struct arena *a, struct span *ret)
{
	unsigned width = value_width(kind);
	uint8_t *bytes = arena_zero(a, (size_t)w->count * width + 1);

	for (unsigned i = 0; i < w->count; i++)
		if (!value_parse(kind, w->word[i], bytes + (size_t)i * width)) {
			compile_complain(c, "\"%s\" is no such value", w->word[i]);
			return false;
		}
	*ret = communities_sorted(a, bytes, (size_t)w->count * width, width);
	return true;
}

// --- matching ----------------------------------------------------------------------------------
// An extended community is asked about only by a filter of its kind.
static bool value_concerns(enum filter_kind kind, const uint8_t *v)
{
	if (kind != FILTER_EXT_COMMUNITY && kind != FILTER_SOO)
		return true;
	return kind == FILTER_SOO ? is_site_of_origin(v) : is_route_target(v);
}

static bool rule_basic(enum filter_kind kind, const struct value_rule *r, struct span values,
		       bool whole)
{
	unsigned width = value_width(kind);
	struct attr held = {.len = (uint16_t)values.len, .value = values.p};
	size_t concerned = 0;

	for (size_t i = 0; i < r->values.len; i += width)
		if (!communities_have(&held, width, r->values.p + i))
			return false;
	if (!whole)
		return true;
	for (size_t i = 0; i + width <= values.len; i += width)
		concerned += value_concerns(kind, values.p + i);
	return concerned == r->values.len / width;
}

static void values_text(enum filter_kind kind, struct span values, struct buf *b)
{
	unsigned width = value_width(kind);

	buf_clear(b);
	for (size_t i = 0; i + width <= values.len; i += width) {
		if (!value_concerns(kind, values.p + i))
			continue;
		if (b->len)
			buf_u8(b, ' ');
		value_text(kind, b, values.p + i);
	}
}

bool value_filter_permits(const struct object *o, struct span values, bool whole,
			  struct match_scratch *s)
{
	const struct value_filter *f = (const struct value_filter *)o;
	bool text = false;

	for (unsigned i = 0; i < f->count; i++) {
		const struct value_rule *r = &f->rules[i];
		if (r->regex && !text) {
			s->path = NULL; // the buffer serves for both
			values_text(f->kind, values, &s->text);
			text = true;
		}
		bool hit = r->regex ? regex_matches(r->regex, buf_cstr(&s->text), s->text.len,
						    &s->regex)
				    : rule_basic(f->kind, r, values, whole);
		if (hit)
			return r->permit;
	}
	return false;
}

// --- compiling ---------------------------------------------------------------------------------
// The words of a rule without `internet`, which demands nothing unless it is meant strictly.
static struct source_words words_demanded(enum filter_kind kind, const struct source_rule *r,
					  struct arena *a)
{
	struct source_words w = {.word = arena_alloc(a, (r->words.count + 1) * sizeof(char *))};

	for (unsigned i = 0; i < r->words.count; i++) {
		uint8_t v[4];
		bool internet = kind == FILTER_COMMUNITY && !r->strict &&
				community_parse(r->words.word[i], v) && !memcmp(v, "\0\0\0\0", 4);
		if (!internet)
			w.word[w.count++] = r->words.word[i];
	}
	return w;
}

static void rule_compile(struct compile *c, struct value_filter *f, const struct source_filter *s,
			 const struct source_rule *r, struct value_rule *ret)
{
	char why[POLICY_WHY_MAX];

	ret->permit = r->permit;
	if (!s->advanced) {
		struct source_words w = words_demanded(s->kind, r, &f->arena);
		values_parse(c, s->kind, &w, &f->arena, &ret->values);
		return;
	}
	ret->regex = regex_new(r->regex ? r->regex : "", why, sizeof(why));
	if (!ret->regex)
		compile_complain(c, "index %u: regular expression: %s", r->index, why);
}

static void value_filter_destroy(struct object *o)
{
	struct value_filter *f = (struct value_filter *)o;

	for (unsigned i = 0; i < f->count; i++)
		regex_free(f->rules[i].regex);
	arena_free(&f->arena);
	mem_free(f);
}

struct object *value_filter_compile(struct compile *c, const struct source_filter *s)
{
	struct arena a;
	struct buf b = {0};
	unsigned count;

	arena_init(&a, 4096);
	struct source_rule **rules = rules_sorted(s, &a, &count);
	struct value_filter *f = mem_zero(sizeof(*f) + count * sizeof(struct value_rule));
	arena_init(&f->arena, 1024);
	f->kind = s->kind;
	f->count = count;
	buf_u32(&b, OBJECT_VALUE_FILTER);
	buf_u8(&b, (uint8_t)s->kind);
	for (unsigned i = 0; i < count; i++) {
		rule_compile(c, f, s, rules[i], &f->rules[i]);
		buf_u8(&b, f->rules[i].permit);
		buf_u8(&b, s->advanced);
		const char *regex = rules[i]->regex ? rules[i]->regex : "";
		struct span v = s->advanced ? (struct span){(const uint8_t *)regex, strlen(regex)}
					    : f->rules[i].values;
		buf_u32(&b, (uint32_t)v.len);
		buf_put(&b, v.p, v.len);
	}
	struct hash128 content = hash_wide(b.data, b.len);
	buf_free(&b);
	arena_free(&a);

	struct object *o = c->failed ? NULL : object_find(c->store, content);
	if (o || c->failed) {
		value_filter_destroy(&f->object);
		return o;
	}
	object_add(c->store, &f->object, OBJECT_VALUE_FILTER, content, value_filter_destroy);
	return &f->object;
}

static void value_set_destroy(struct object *o)
{
	mem_free(o);
}

struct span value_set_values(const struct object *o)
{
	return ((const struct value_set *)o)->values;
}

struct object *value_set_compile(struct compile *c, const struct source_filter *s)
{
	unsigned width = value_width(s->kind);
	struct arena a;
	struct span all = {0};

	arena_init(&a, 1024);
	for (const struct source_rule *r = s->first; r; r = r->next) {
		struct span values;
		if (values_parse(c, s->kind, &r->words, &a, &values))
			all = communities_union(&a, all, values, width);
	}
	struct hash128 content = hash_wide(all.p, all.len);
	content.lo ^= hash_number(OBJECT_VALUE_SET + width * 256);
	struct object *o = c->failed ? NULL : object_find(c->store, content);
	if (!o && !c->failed) {
		struct value_set *v = mem_zero(sizeof(*v) + all.len + 1);
		if (all.len)
			memcpy(v->bytes, all.p, all.len);
		v->values = (struct span){v->bytes, all.len};
		o = &v->object;
		object_add(c->store, o, OBJECT_VALUE_SET, content, value_set_destroy);
	}
	arena_free(&a);
	return o;
}
