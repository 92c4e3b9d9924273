// as-path-filters: rules by index, each a regular expression over the AS path as it is shown. The
// first rule that matches decides; none: denied.
#include "policy/filter.h"

#include <string.h>

#include "base/mem.h"

struct path_rule {
	bool permit;
	struct regex *regex; // owned
};

struct path_filter {
	struct object object;
	unsigned count;
	struct path_rule rules[];
};

void match_scratch_free(struct match_scratch *s)
{
	buf_free(&s->text);
	regex_scratch_free(&s->regex);
	s->path = NULL;
}

bool path_filter_permits(const struct object *o, struct span path, struct match_scratch *s)
{
	const struct path_filter *f = (const struct path_filter *)o;

	// The same path is usually asked several times in a row; its text is made once.
	if (!s->path || s->path != path.p || s->path_size != path.len) {
		buf_clear(&s->text);
		as_path_text(&s->text, path.p, path.len);
		s->path = path.p;
		s->path_size = path.len;
	}
	for (unsigned i = 0; i < f->count; i++)
		if (regex_matches(f->rules[i].regex, buf_cstr(&s->text), s->text.len, &s->regex))
			return f->rules[i].permit;
	return false;
}

static void path_filter_destroy(struct object *o)
{
	struct path_filter *f = (struct path_filter *)o;

	for (unsigned i = 0; i < f->count; i++)
		regex_free(f->rules[i].regex);
	mem_free(f);
}

static struct path_filter *path_filter_build(struct compile *c, struct source_rule **rules,
					     unsigned count)
{
	struct path_filter *f = mem_zero(sizeof(*f) + count * sizeof(struct path_rule));
	char why[POLICY_WHY_MAX];

	f->count = count;
	for (unsigned i = 0; i < count; i++) {
		f->rules[i].permit = rules[i]->permit;
		f->rules[i].regex =
			regex_new(rules[i]->regex ? rules[i]->regex : "", why, sizeof(why));
		if (!f->rules[i].regex)
			compile_complain(c, "index %u: regular expression: %s", rules[i]->index,
					 why);
	}
	return f;
}

struct object *path_filter_compile(struct compile *c, const struct source_filter *f)
{
	struct arena a;
	struct buf b = {0};
	unsigned count;

	arena_init(&a, 4096);
	struct source_rule **rules = rules_sorted(f, &a, &count);
	buf_u32(&b, OBJECT_PATH_FILTER);
	for (unsigned i = 0; i < count; i++) {
		const char *regex = rules[i]->regex ? rules[i]->regex : "";
		buf_u8(&b, rules[i]->permit);
		buf_put(&b, regex, strlen(regex) + 1);
	}
	struct hash128 content = hash_wide(b.data, b.len);
	buf_free(&b);

	struct object *o = object_find(c->store, content);
	if (!o) {
		struct path_filter *built = path_filter_build(c, rules, count);
		o = &built->object;
		if (!c->failed) {
			object_add(c->store, o, OBJECT_PATH_FILTER, content, path_filter_destroy);
		} else {
			path_filter_destroy(o);
			o = NULL;
		}
	}
	arena_free(&a);
	return o;
}
