// Routes before and after, in words: written in the copy of the process, where the measure is, and
// read in the process. The attributes as displays of routes name them, and what differs of them; in
// JSON all of them, before and after.
#include "cmd/impact.h"

#include <limits.h>
#include <string.h>

#include <jansson.h>

#include "base/cursor.h"
#include "base/mem.h"

#define VALUE_SHOWN 60 // characters; a longer value is cut at a blank

// --- attributes -------------------------------------------------------------------------------------
static void put_name(struct buf *b, unsigned type)
{
	const char *word = impact_trait(type);

	if (word)
		buf_text(b, word);
	else
		buf_format(b, "attribute %u", type);
}

static bool is_flag(const struct attr *a)
{
	return !a->len;
}

// Next hops are addresses; everything else as its row has it.
static void value_text(struct buf *b, const struct attr *a)
{
	if (a->type == ATTR_NEXT_HOP) {
		struct ip hop = ip_from_bytes(a->value, a->len == 4 ? 32 : 128);
		ip_put(b, &hop);
	} else if (!is_flag(a)) {
		attr_text(b, a);
	}
}

static void put_value(struct buf *b, const struct attr *a)
{
	struct buf text = {0};
	size_t cut = VALUE_SHOWN;

	value_text(&text, a);
	const char *p = buf_cstr(&text);
	if (!text.len) {
		buf_text(b, a->type == ATTR_AS_PATH ? "Nil" : "set");
	} else if (text.len <= VALUE_SHOWN) {
		buf_text(b, p);
	} else {
		while (cut && p[cut] != ' ')
			cut--;
		buf_put(b, p, cut ? cut : VALUE_SHOWN);
		buf_text(b, " ...");
	}
	buf_free(&text);
}

static void separate(struct buf *b)
{
	if (b->len)
		buf_text(b, ", ");
}

static void put_number(struct buf *b, const char *name, uint32_t v)
{
	if (!v)
		return;
	separate(b);
	buf_format(b, "%s %u", name, v);
}

static void put_attributes(struct buf *b, const struct attr_set *set)
{
	struct attrs as;

	attr_open(set, &as);
	for (unsigned i = 0; i < as.count; i++) {
		separate(b);
		put_name(b, as.a[i].type);
		if (!is_flag(&as.a[i]) || as.a[i].type == ATTR_AS_PATH) {
			buf_u8(b, ' ');
			put_value(b, &as.a[i]);
		}
	}
	put_number(b, "pref-val", as.local.preferred_value);
	put_number(b, "label", as.local.label);
}

static void put_side(struct buf *b, const struct attr *a)
{
	if (a)
		put_value(b, a);
	else
		buf_text(b, "none");
}

static void put_numbers(struct buf *b, const char *name, uint32_t was, uint32_t is)
{
	if (was == is)
		return;
	separate(b);
	buf_format(b, "%s %u -> %u", name, was, is);
}

static void put_difference(struct buf *b, const struct attr_set *before,
			   const struct attr_set *after)
{
	struct attrs old, new;

	attr_open(before, &old);
	attr_open(after, &new);
	for (unsigned type = 0; type < 256; type++) {
		const struct attr *was = attrs_find(&old, (uint8_t)type);
		const struct attr *is = attrs_find(&new, (uint8_t)type);
		if ((!was && !is) ||
		    (was && is && was->len == is->len && !memcmp(was->value, is->value, is->len)))
			continue;
		separate(b);
		put_name(b, type);
		buf_u8(b, ' ');
		put_side(b, was);
		buf_text(b, " -> ");
		put_side(b, is);
	}
	put_numbers(b, "pref-val", old.local.preferred_value, new.local.preferred_value);
	put_numbers(b, "label", old.local.label, new.local.label);
}

// --- as JSON ----------------------------------------------------------------------------------------
static json_t *value_json(const struct attr *a)
{
	struct buf text = {0};
	json_t *v;

	if (is_flag(a) && a->type != ATTR_AS_PATH)
		return json_true();
	if ((a->type == ATTR_MED || a->type == ATTR_LOCAL_PREF) && a->len == 4)
		return json_integer((json_int_t)(uint32_t)(a->value[0] << 24 | a->value[1] << 16 |
							   a->value[2] << 8 | a->value[3]));
	value_text(&text, a);
	v = json_string(buf_cstr(&text));
	buf_free(&text);
	return v;
}

static json_t *set_json(const struct attr_set *set)
{
	struct attrs as;
	json_t *o;

	if (!set)
		return json_null();
	o = json_object();
	attr_open(set, &as);
	for (unsigned i = 0; i < as.count; i++) {
		const char *name = impact_trait_name(as.a[i].type);
		char other[24];
		snprintf(other, sizeof other, "attribute_%u", as.a[i].type);
		json_object_set_new(o, name ? name : other, value_json(&as.a[i]));
	}
	if (as.local.preferred_value)
		json_object_set_new(o, "preferred_value", json_integer(as.local.preferred_value));
	if (as.local.label)
		json_object_set_new(o, "label", json_integer(as.local.label));
	return o;
}

// --- writing, in the copy ---------------------------------------------------------------------------
struct telling {
	const struct impact_want *want;
	const struct measure *measure;
	void (*tell)(const struct buf *sample);
	uint16_t instance;
	unsigned family;
	unsigned shown[LEDGER_CLASSES]; // of this table
	unsigned told;
};

static void put_who(struct buf *b, const struct telling *t, uint16_t peer)
{
	const struct measure_name *name = measure_name(t->measure, peer);

	if (name)
		ip_put(b, &name->address);
	else
		buf_text(b, peer == RIB_LENT ? "another table" : "local");
}

static void put_owner(struct buf *b, const struct telling *t, const struct measure_sample *m)
{
	const struct ledger_sample *s = &m->sample;

	if (m->address.bits) {
		ip_put(b, &m->address);
		return;
	}
	if (s->before)
		put_who(b, t, s->peer_before);
	if (s->class == LEDGER_BEST_MOVED)
		buf_text(b, " -> ");
	if (s->after && (!s->before || s->class == LEDGER_BEST_MOVED))
		put_who(b, t, s->peer_after);
}

static void put_text(struct buf *b, struct buf *text)
{
	buf_put(b, buf_cstr(text), text->len + 1);
	buf_free(text);
}

static void put_what(struct buf *b, const struct ledger_sample *s)
{
	struct buf what = {0};

	if (s->before && s->after)
		put_difference(&what, s->before, s->after);
	else if (s->before || s->after)
		put_attributes(&what, s->before ? s->before : s->after);
	put_text(b, &what);
}

static void put_json(struct buf *b, const struct ledger_sample *s)
{
	struct buf text = {0};

	show_json(&text, json_pack("{s:o, s:o}", "before", set_json(s->before), "after",
				   set_json(s->after)));
	put_text(b, &text);
}

static void tell_one(struct telling *t, const struct measure_sample *m)
{
	struct buf b = {0}, text = {0};

	buf_u16(&b, m->instance);
	buf_u8(&b, (uint8_t)af_index(m->sample.af));
	buf_u8(&b, (uint8_t)m->sample.class);
	buf_put(&b, &m->address, sizeof m->address);
	m->sample.af->text_put(&text, &m->sample.key);
	put_text(&b, &text);
	put_owner(&text, t, m);
	put_text(&b, &text);
	put_what(&b, &m->sample);
	put_json(&b, &m->sample);
	t->tell(&b);
	buf_free(&b);
}

void impact_samples_tell(const struct measure *m, const struct impact_want *w,
			 void (*tell)(const struct buf *sample))
{
	struct telling t = {.want = w, .measure = m, .tell = tell, .family = UINT_MAX};

	for (unsigned i = 0; i < m->sample_count && t.told < IMPACT_SAMPLES_MOST; i++) {
		const struct measure_sample *s = &m->samples[i];
		unsigned family = af_index(s->sample.af);
		if (!impact_filter_has(&w->filter, s->instance, family, &s->address))
			continue;
		if (s->instance != t.instance || family != t.family)
			memset(t.shown, 0, sizeof t.shown);
		t.instance = s->instance;
		t.family = family;
		if (t.shown[s->sample.class]++ >= w->shown)
			continue;
		tell_one(&t, s);
		t.told++;
	}
}

// --- reading, in the process ------------------------------------------------------------------------
static char *take_text(struct cursor *c)
{
	const uint8_t *end = memchr(c->p, '\0', cursor_left(c));
	const uint8_t *p = cursor_take(c, end ? (size_t)(end - c->p) + 1 : SIZE_MAX);

	return p ? mem_text((const char *)p) : NULL;
}

bool impact_sample_read(const uint8_t *p, size_t n, struct impact_sample *ret)
{
	struct cursor c = cursor_of(p, n);

	*ret = (struct impact_sample){0};
	ret->instance = cursor_u16(&c);
	ret->family = cursor_u8(&c);
	ret->class = cursor_u8(&c);
	const uint8_t *address = cursor_take(&c, sizeof ret->address);
	if (!address || ret->family >= af_count || ret->class >= LEDGER_CLASSES)
		return false;
	memcpy(&ret->address, address, sizeof ret->address);
	ret->prefix = take_text(&c);
	ret->who = take_text(&c);
	ret->what = take_text(&c);
	ret->json = take_text(&c);
	if (ret->json)
		return true;
	impact_sample_free(ret);
	return false;
}

void impact_sample_free(struct impact_sample *s)
{
	mem_free(s->prefix);
	mem_free(s->who);
	mem_free(s->what);
	mem_free(s->json);
}
