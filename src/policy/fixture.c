// Reading configurations and routes from text for tests, and writing results.
#include "policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "af/rd.h"
#include "base/text.h"

const struct policy_context fixture_context = {.peer = {32, {192, 0, 2, 1}},
					       .local = {32, {192, 0, 2, 2}},
					       .peer_as = 65001,
					       .local_as = 65000};

void fixture_open(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->store = policy_store_new();
	f->source = policy_source_new();
	arena_init(&f->arena, 65536);
}

void fixture_close(struct fixture *f)
{
	policy_snapshot_unref(f->snapshot);
	policy_source_free(f->source);
	policy_store_free(f->store);
	arena_free(&f->arena);
}

// --- lines -------------------------------------------------------------------------------------
struct words {
	struct text_word *word;
	int count, at;
	const char *line;
};

static const char *peek(const struct words *w)
{
	return w->at < w->count ? w->word[w->at].text : "";
}

static const char *take(struct words *w)
{
	if (w->at >= w->count)
		fail_msg("line ends early: %s", w->line);
	return w->word[w->at++].text;
}

static bool accept(struct words *w, const char *word)
{
	if (strcmp(peek(w), word) != 0)
		return false;
	w->at++;
	return true;
}

static uint32_t take_number(struct words *w)
{
	uint64_t v;

	if (!text_number(take(w), 0, UINT32_MAX, &v))
		fail_msg("no number: %s", w->line);
	return (uint32_t)v;
}

static struct ip take_ip(struct words *w)
{
	struct ip ip = {0};

	if (!ip_parse(take(w), &ip))
		fail_msg("no address: %s", w->line);
	return ip;
}

static bool take_permit(struct words *w)
{
	if (accept(w, "permit"))
		return true;
	if (!accept(w, "deny"))
		fail_msg("neither permit nor deny: %s", w->line);
	return false;
}

static void take_rest(struct fixture *f, struct words *w, struct source_words *ret)
{
	while (w->at < w->count)
		policy_source_word(f->source, ret, take(w));
}

static struct source_rule *take_rule(struct fixture *f, struct words *w, struct source_filter *s,
				     const char *word)
{
	uint32_t index = accept(w, word) ? take_number(w) : 10 * (s->count + 1);

	return policy_source_rule(f->source, s, index, take_permit(w));
}

static void prefix_line(struct fixture *f, struct words *w, enum filter_kind kind)
{
	struct source_filter *s = policy_source_filter(f->source, kind, take(w));
	struct source_rule *r = take_rule(f, w, s, "index");

	r->address = take_ip(w);
	r->length = (uint8_t)take_number(w);
	r->match_network = accept(w, "match-network");
	if (accept(w, "greater-equal"))
		r->greater_equal = (int16_t)take_number(w);
	if (accept(w, "less-equal"))
		r->less_equal = (int16_t)take_number(w);
}

static void acl_line(struct fixture *f, struct words *w, enum filter_kind kind)
{
	struct source_filter *s = policy_source_filter(f->source, kind, take(w));

	if (w->at == w->count)
		return; // a list without rules
	struct source_rule *r = take_rule(f, w, s, "rule");
	if (w->at < w->count) {
		r->address = take_ip(w);
		r->wildcard = take_ip(w);
	}
}

static void value_line(struct fixture *f, struct words *w, enum filter_kind kind)
{
	bool advanced = accept(w, "advanced");

	if (!advanced)
		accept(w, "basic");
	struct source_filter *s = policy_source_filter(f->source, kind, take(w));
	s->advanced = advanced;
	struct source_rule *r = take_rule(f, w, s, "index");
	if (advanced)
		r->regex = policy_source_text(f->source, take(w));
	while (w->at < w->count) {
		if (accept(w, "strict-match"))
			r->strict = true;
		else
			policy_source_word(f->source, &r->words, take(w));
	}
}

static void path_line(struct fixture *f, struct words *w)
{
	struct source_filter *s = policy_source_filter(f->source, FILTER_PATH, take(w));
	struct source_rule *r = take_rule(f, w, s, "index");

	r->regex = policy_source_text(f->source, take(w));
}

static void rd_line(struct fixture *f, struct words *w)
{
	struct source_filter *s = policy_source_filter(f->source, FILTER_RD, take(w));

	take_rest(f, w, &take_rule(f, w, s, "index")->words);
}

static void list_line(struct fixture *f, struct words *w, enum filter_kind kind)
{
	struct source_filter *s = policy_source_filter(f->source, kind, take(w));

	take_rest(f, w, &policy_source_rule(f->source, s, s->count, true)->words);
}

static void ip_line(struct fixture *f, struct words *w)
{
	if (accept(w, "ip-prefix"))
		prefix_line(f, w, FILTER_PREFIX);
	else if (accept(w, "ipv6-prefix"))
		prefix_line(f, w, FILTER_PREFIX_WIDE);
	else if (accept(w, "as-path-filter"))
		path_line(f, w);
	else if (accept(w, "community-filter"))
		value_line(f, w, FILTER_COMMUNITY);
	else if (accept(w, "large-community-filter"))
		value_line(f, w, FILTER_LARGE_COMMUNITY);
	else if (accept(w, "ext-community-filter"))
		value_line(f, w, FILTER_EXT_COMMUNITY);
	else if (accept(w, "soo-filter"))
		value_line(f, w, FILTER_SOO);
	else if (accept(w, "rd-filter"))
		rd_line(f, w);
	else if (accept(w, "community-list"))
		list_line(f, w, SET_COMMUNITY);
	else if (accept(w, "large-community-list"))
		list_line(f, w, SET_LARGE_COMMUNITY);
	else
		fail_msg("unknown: %s", w->line);
}

// --- clauses -----------------------------------------------------------------------------------
static struct source_match *match_new(struct fixture *f, enum match_kind kind)
{
	return policy_source_match(f->source, f->node, kind);
}

static void match_address(struct fixture *f, struct words *w, enum match_kind kind, bool wide)
{
	struct source_match *m = match_new(f, kind);

	m->wide = wide;
	m->acl = accept(w, "acl");
	if (!m->acl && !accept(w, "ip-prefix") && !accept(w, "prefix-list"))
		fail_msg("unknown: %s", w->line);
	take_rest(f, w, &m->names);
}

static void match_named(struct fixture *f, struct words *w, enum match_kind kind)
{
	struct source_match *m = match_new(f, kind);

	while (w->at < w->count) {
		if (accept(w, "whole-match"))
			m->whole = true;
		else if (accept(w, "sort-match"))
			m->sort = true;
		else
			policy_source_word(f->source, &m->names, take(w));
	}
}

static void match_range(struct fixture *f, struct words *w, enum match_kind kind)
{
	struct source_match *m = match_new(f, kind);

	if (accept(w, "greater-equal")) {
		m->low = take_number(w);
		m->high = accept(w, "less-equal") ? take_number(w) : UINT32_MAX;
	} else {
		m->low = m->high = take_number(w);
	}
}

static void match_number(struct fixture *f, enum match_kind kind, uint32_t number)
{
	struct source_match *m = match_new(f, kind);

	m->low = m->high = number;
}

static void match_ip(struct fixture *f, struct words *w, bool wide)
{
	if (accept(w, "next-hop"))
		match_address(f, w, MATCH_NEXT_HOP, wide);
	else if (accept(w, "route-source"))
		match_address(f, w, MATCH_ROUTE_SOURCE, wide);
	else if (accept(w, "group-address"))
		match_address(f, w, MATCH_GROUP_ADDRESS, wide);
	else if (accept(w, "address"))
		match_address(f, w, MATCH_PREFIX, wide);
	else
		fail_msg("unknown: %s", w->line);
}

static void match_enumerated(struct fixture *f, struct words *w)
{
	if (accept(w, "protocol")) {
		match_number(f, MATCH_PROTOCOL,
			     strcmp(take(w), "bgp") == 0 ? PROTOCOL_BGP | PROTOCOL_RIP
							 : PROTOCOL_OSPF);
	} else if (accept(w, "route-type")) {
		const char *t = take(w);
		if (!strcmp(t, "mvpn")) {
			struct source_match *m = match_new(f, MATCH_KEY_TYPE);
			while (w->at < w->count)
				m->low |= 1u << take_number(w);
			return;
		}
		match_number(f, MATCH_ROUTE_TYPE,
			     strcmp(t, "ibgp") == 0   ? ROUTE_TYPE_IBGP
			     : strcmp(t, "ebgp") == 0 ? ROUTE_TYPE_EBGP
						      : ROUTE_TYPE_OTHER);
	} else if (accept(w, "rpki")) {
		match_number(f, MATCH_RPKI,
			     strcmp(take(w), "not-found") == 0 ? RPKI_NOT_FOUND : RPKI_VALID);
	} else if (accept(w, "mpls-label")) {
		match_number(f, MATCH_MPLS_LABEL, 0);
	} else {
		fail_msg("unknown: %s", w->line);
	}
}

static void match_line(struct fixture *f, struct words *w)
{
	if (accept(w, "ip"))
		match_ip(f, w, false);
	else if (accept(w, "ipv6"))
		match_ip(f, w, true);
	else if (!strcmp(peek(w), "acl") || !strcmp(peek(w), "ip-prefix"))
		match_address(f, w, MATCH_PREFIX, false);
	else if (accept(w, "as-path-filter"))
		match_named(f, w, MATCH_PATH_FILTER);
	else if (accept(w, "as-path"))
		accept(w, "length"), match_range(f, w, MATCH_PATH_LENGTH);
	else if (accept(w, "community-filter"))
		match_named(f, w, MATCH_COMMUNITY);
	else if (accept(w, "large-community-filter"))
		match_named(f, w, MATCH_LARGE_COMMUNITY);
	else if (accept(w, "ext-community-filter"))
		match_named(f, w, MATCH_EXT_COMMUNITY);
	else if (accept(w, "soo-filter"))
		match_named(f, w, MATCH_SOO);
	else if (accept(w, "rd-filter"))
		match_named(f, w, MATCH_RD);
	else if (accept(w, "interface"))
		match_named(f, w, MATCH_INTERFACE);
	else if (accept(w, "cost"))
		match_range(f, w, MATCH_COST);
	else if (accept(w, "preference"))
		match_range(f, w, MATCH_PREFERENCE);
	else if (accept(w, "tag"))
		match_range(f, w, MATCH_TAG);
	else
		match_enumerated(f, w);
}

static struct source_apply *apply_new(struct fixture *f, enum apply_kind kind, enum apply_mode mode)
{
	struct source_apply *a = policy_source_apply(f->source, f->node, kind);

	a->mode = mode;
	return a;
}

// Values up to a word of mode.
static void apply_values(struct fixture *f, struct words *w, enum apply_kind kind)
{
	struct source_apply *a = apply_new(f, kind, MODE_SET);

	while (w->at < w->count) {
		if (accept(w, "additive"))
			a->mode = MODE_ADDITIVE;
		else if (accept(w, "overwrite"))
			a->mode = a->mode == MODE_NONE ? MODE_NONE : MODE_OVERWRITE;
		else if (accept(w, "delete"))
			a->mode = MODE_DELETE;
		else if (accept(w, "none"))
			a->mode = MODE_NONE;
		else if (accept(w, "list"))
			policy_source_word(f->source, &a->lists, take(w));
		else if (kind == APPLY_PATH)
			policy_source_number(f->source, a, take_number(w));
		else
			policy_source_word(f->source, &a->words, take(w));
	}
}

static void apply_number(struct fixture *f, struct words *w, enum apply_kind kind)
{
	enum apply_mode mode = accept(w, "+")         ? MODE_PLUS
			       : accept(w, "-")       ? MODE_MINUS
			       : accept(w, "inherit") ? MODE_INHERIT
			       : accept(w, "none")    ? MODE_NONE
						      : MODE_SET;
	struct source_apply *a = apply_new(f, kind, mode);

	if (w->at < w->count)
		a->number = take_number(w);
}

static void apply_next_hop(struct fixture *f, struct words *w, bool wide)
{
	accept(w, "next-hop");
	enum apply_mode mode = accept(w, "peer-address") ? MODE_PEER
			       : accept(w, "blackhole")  ? MODE_BLACKHOLE
							 : MODE_SET;
	struct source_apply *a = apply_new(f, APPLY_NEXT_HOP, mode);

	a->wide = wide;
	if (mode == MODE_SET)
		a->address = take_ip(w);
}

static const struct {
	const char *word;
	enum apply_kind kind;
	void (*read)(struct fixture *f, struct words *w, enum apply_kind kind);
} apply_words[] = {
	{"as-path", APPLY_PATH, apply_values},
	{"comm-filter", APPLY_COMMUNITY_DELETE, apply_values},
	{"community", APPLY_COMMUNITY, apply_values},
	{"large-community", APPLY_LARGE_COMMUNITY, apply_values},
	{"rt", APPLY_ROUTE_TARGET, apply_values},
	{"soo", APPLY_SOO, apply_values},
	{"cost", APPLY_COST, apply_number},
	{"local-preference", APPLY_LOCAL_PREF, apply_number},
	{"preferred-value", APPLY_PREFERRED_VALUE, apply_number},
	{"preference", APPLY_PREFERENCE, apply_number},
	{"origin", APPLY_ORIGIN, apply_number},
	{"tag", APPLY_TAG, apply_number},
	{"mpls-label", APPLY_MPLS_LABEL, apply_number},
	{"dampening", APPLY_DAMPENING, apply_number},
	{"cost-type", APPLY_COST_TYPE, apply_values},
};

static void apply_line(struct fixture *f, struct words *w)
{
	if (accept(w, "ip-address")) {
		apply_next_hop(f, w, false);
		return;
	}
	if (accept(w, "ipv6")) {
		apply_next_hop(f, w, true);
		return;
	}
	for (unsigned i = 0; i < sizeof(apply_words) / sizeof(*apply_words); i++)
		if (accept(w, apply_words[i].word)) {
			apply_words[i].read(f, w, apply_words[i].kind);
			return;
		}
	fail_msg("unknown: %s", w->line);
}

static void line_read(struct fixture *f, struct words *w)
{
	if (accept(w, "ip")) {
		ip_line(f, w);
	} else if (accept(w, "acl")) {
		acl_line(f, w, FILTER_ACL);
	} else if (accept(w, "acl6")) {
		acl_line(f, w, FILTER_ACL_WIDE);
	} else if (accept(w, "route-policy")) {
		f->policy = policy_source_policy(f->source, take(w));
		bool permit = take_permit(w);
		accept(w, "node");
		f->node = policy_source_node(f->source, f->policy, take_number(w), permit);
	} else if (accept(w, "if-match")) {
		match_line(f, w);
	} else if (accept(w, "apply")) {
		apply_line(f, w);
	} else if (accept(w, "goto")) {
		accept(w, "next-node");
		f->node->go = w->at < w->count ? GOTO_NODE : GOTO_NEXT;
		f->node->go_number = w->at < w->count ? take_number(w) : 0;
	} else {
		fail_msg("unknown: %s", w->line);
	}
}

void fixture_lines(struct fixture *f, const char *lines)
{
	char *copy = arena_text(&f->arena, lines), *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		struct words w = {.line = line};
		w.count = text_split(&f->arena, line, &w.word);
		if (w.count > 0)
			line_read(f, &w);
	}
}

static void complaint(void *arg, const char *object, const char *text)
{
	struct fixture *f = arg;

	f->complaints++;
	snprintf(f->complaint, sizeof(f->complaint), "%s: %s", object, text);
}

bool fixture_compile(struct fixture *f)
{
	f->complaints = 0;
	struct policy_snapshot *n = policy_compile(f->store, f->source, complaint, f);

	assert_true((n == NULL) == (f->complaints > 0));
	policy_source_free(f->source);
	f->source = policy_source_new();
	f->node = NULL;
	if (!n)
		return false;
	policy_snapshot_unref(f->snapshot);
	f->snapshot = n;
	return true;
}

void fixture_config(struct fixture *f, const char *lines)
{
	fixture_lines(f, lines);
	if (!fixture_compile(f))
		fail_msg("%s", f->complaint);
}

// --- routes ------------------------------------------------------------------------------------
const struct af *fixture_af(const char *name)
{
	const struct af *af = af_by_name(name);

	assert_non_null(af);
	return af;
}

struct af_key fixture_key(const char *af, const char *prefix)
{
	struct af_key key;

	memset(&key, 0, sizeof(key));
	assert_true(fixture_af(af)->text_get(prefix, &key));
	return key;
}

struct policy_program *fixture_program(struct fixture *f, const char *af, bool import,
				       const char *route_policy)
{
	struct policy_binding b = {
		.af = fixture_af(af), .import = import, .route_policy = route_policy};

	return policy_program(f->store, f->snapshot, &b);
}

// "100,200,{300,400}"
static void path_read(struct fixture *f, const char *text, struct attrs *as)
{
	struct buf b = {0};
	size_t head = 0;
	uint8_t open = 0;

	while (*text) {
		if (*text == '{' || *text == '}' || *text == ',') {
			if (*text != ',')
				open = 0;
			if (*text == '{') {
				buf_u8(&b, AS_SET);
				open = AS_SET;
			}
			if (*text == '{') {
				head = b.len;
				buf_u8(&b, 0);
			}
			text++;
			continue;
		}
		if (!open) {
			buf_u8(&b, AS_SEQUENCE);
			open = AS_SEQUENCE;
			head = b.len;
			buf_u8(&b, 0);
		}
		char *end;
		buf_u32(&b, (uint32_t)strtoul(text, &end, 10));
		buf_set_u8(&b, head, b.data[head] + 1);
		text = end;
	}
	attrs_put(as, ATTR_AS_PATH, ATTR_TRANSITIVE, arena_copy(&f->arena, b.data, b.len), b.len);
	buf_free(&b);
}

static void values_read(struct fixture *f, char *text, struct attrs *as, uint8_t type,
			unsigned width, bool (*parse)(const char *text, uint8_t *ret))
{
	const struct attr *old = attrs_find(as, type);
	uint8_t value[12];
	struct span all = {0};
	char *word;

	if (old)
		all = (struct span){old->value, old->len};
	while ((word = strsep(&text, ";"))) {
		assert_true(parse(word, value));
		struct span one = {arena_copy(&f->arena, value, width), width};
		all = communities_union(&f->arena, all, one, width);
	}
	attrs_put(as, type, ATTR_OPTIONAL | ATTR_TRANSITIVE, all.p, all.len);
}

static void local_read(const char *name, const char *value, struct attrs *as)
{
	static const char *const sources[] = {"none", "ebgp", "confed", "ibgp", "client", "local"};
	struct ip ip = {0};

	if (!strcmp(name, "source")) {
		for (unsigned i = 0; i < 6; i++)
			if (!strcmp(sources[i], value))
				as->local.source = (uint8_t)i;
	} else if (!strcmp(name, "originator")) {
		ip_parse(value, &ip);
		as->local.originator = ip_to_u32(&ip);
	} else if (!strcmp(name, "pref")) {
		as->local.preference = (uint32_t)atoi(value);
	} else if (!strcmp(name, "value")) {
		as->local.preferred_value = (uint16_t)atoi(value);
	} else if (!strcmp(name, "label")) {
		as->local.label = (uint32_t)atoi(value);
	} else if (!strcmp(name, "rd")) {
		assert_true(rd_get(value, as->local.rd));
	} else {
		fail_msg("unknown: %s", name);
	}
}

static void attr_read(struct fixture *f, const char *name, char *value, struct attrs *as)
{
	struct arena *a = &f->arena;
	struct ip ip = {0};

	if (!strcmp(name, "path")) {
		path_read(f, value, as);
	} else if (!strcmp(name, "nh")) {
		assert_true(ip_parse(value, &ip));
		attrs_put(as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, arena_copy(a, ip.b, 16), ip.bits / 8);
	} else if (!strcmp(name, "med")) {
		attrs_put_u32(as, a, ATTR_MED, (uint32_t)strtoul(value, NULL, 10));
	} else if (!strcmp(name, "lp")) {
		attrs_put_u32(as, a, ATTR_LOCAL_PREF, (uint32_t)strtoul(value, NULL, 10));
	} else if (!strcmp(name, "origin")) {
		attrs_put_u8(as, a, ATTR_ORIGIN, (uint8_t)atoi(value));
	} else if (!strcmp(name, "comm")) {
		values_read(f, value, as, ATTR_COMMUNITY, 4, community_parse);
	} else if (!strcmp(name, "large")) {
		values_read(f, value, as, ATTR_LARGE_COMMUNITY, 12, large_community_parse);
	} else if (!strcmp(name, "rt")) {
		values_read(f, value, as, ATTR_EXT_COMMUNITY, 8, ext_community_parse_rt);
	} else if (!strcmp(name, "soo")) {
		values_read(f, value, as, ATTR_EXT_COMMUNITY, 8, ext_community_parse_soo);
	} else {
		local_read(name, value, as);
	}
}

void fixture_attrs(struct fixture *f, const char *text, struct attrs *ret)
{
	char *copy = arena_text(&f->arena, text), *rest = copy, *word;

	attrs_clear(ret);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');
		if (!value)
			continue;
		*value++ = 0;
		attr_read(f, word, value, ret);
	}
}

static void values_write(struct buf *b, const struct attr *a, unsigned width,
			 void (*text)(struct buf *b, const uint8_t *value))
{
	for (unsigned i = 0; i < a->len; i += width) {
		if (i)
			buf_u8(b, ';');
		text(b, a->value + i);
	}
}

static void attr_write(struct buf *b, const struct attrs *as, const struct attr *a)
{
	uint32_t v = 0;
	struct ip ip;

	switch (a->type) {
	case ATTR_ORIGIN:
		buf_format(b, "origin=%u", a->value[0]);
		break;
	case ATTR_AS_PATH:
		buf_text(b, "path=");
		as_path_text(b, a->value, a->len);
		break;
	case ATTR_NEXT_HOP:
		ip = ip_from_bytes(a->value, a->len == 4 ? 32 : 128);
		buf_text(b, "nh=");
		ip_put(b, &ip);
		break;
	case ATTR_MED:
	case ATTR_LOCAL_PREF:
		attrs_u32(as, a->type, &v);
		buf_format(b, "%s=%u", a->type == ATTR_MED ? "med" : "lp", v);
		break;
	case ATTR_COMMUNITY:
		buf_text(b, "comm=");
		values_write(b, a, 4, community_text);
		break;
	case ATTR_LARGE_COMMUNITY:
		buf_text(b, "large=");
		values_write(b, a, 12, large_community_text);
		break;
	case ATTR_EXT_COMMUNITY:
		buf_text(b, "ext=");
		values_write(b, a, 8, ext_community_text);
		break;
	default:
		buf_format(b, "%u=", a->type);
		buf_hex(b, a->value, a->len);
	}
}

const char *fixture_text(struct fixture *f, const struct attrs *as)
{
	struct buf b = {0};

	for (unsigned i = 0; i < as->count; i++) {
		if (b.len)
			buf_u8(&b, ' ');
		attr_write(&b, as, &as->a[i]);
	}
	if (as->local.preference)
		buf_format(&b, " pref=%u", as->local.preference);
	if (as->local.preferred_value)
		buf_format(&b, " value=%u", as->local.preferred_value);
	const char *text = arena_text(&f->arena, buf_cstr(&b));
	buf_free(&b);
	return text;
}

const char *fixture_run(struct fixture *f, const char *policy, const char *af, const char *prefix,
			const char *attrs)
{
	struct policy_program *p = fixture_program(f, af, true, policy);
	struct af_key key = fixture_key(af, prefix);
	struct attrs in, out;

	fixture_attrs(f, attrs, &in);
	out = in;
	const char *text = policy_run_route(p, &fixture_context, &key, &out, &f->arena)
				   ? fixture_text(f, &out)
				   : "rejected";
	const struct residual *r = policy_run(p, &fixture_context, &in, &f->arena);
	while (r->kind == RESIDUAL_TEST)
		r = key_test_matches(r->test, fixture_af(af), &key) ? r->yes : r->no;
	assert_string_equal(text,
			    r->kind == RESIDUAL_ACCEPT ? fixture_text(f, r->attrs) : "rejected");
	policy_program_unref(p);
	return text;
}
