// Basic ACLs, as filters of routes: `acl [ number ] 2000`, `acl name N basic`, and the same for
// IPv6. Each is a view of rules.
#include "model/private.h"

#include <inttypes.h>
#include <string.h>

#define RULE_STEP 5
#define RULE_MAX  4294967294u

static const char *acl_name(const struct conf_line *l)
{
	const char *name = conf_value(l, "acl-number");

	return name ? name : conf_value(l, "acl-name");
}

static void take_acl(struct taking *t, const struct conf_line *l)
{
	t->filter = policy_source_filter(
		t->source, conf_has(l, "ipv6") ? FILTER_ACL_WIDE : FILTER_ACL, acl_name(l));
}

// `acl 2000` is `acl number 2000`.
static bool apply_acl(struct conf_edit *e)
{
	struct buf line = {0};

	if (e->undo || conf_value(e->line, "acl-name"))
		return conf_edit_default(e);
	buf_format(&line, "acl %snumber %s", conf_has(e->line, "ipv6") ? "ipv6 " : "",
		   acl_name(e->line));
	bool done = conf_edit_type(e, buf_cstr(&line));
	buf_free(&line);
	return done;
}

// --- rules ------------------------------------------------------------------------------------------
static void source_narrow(const struct conf_line *l, struct source_rule *r)
{
	const char *wildcard = conf_value(l, "wildcard");

	ip_parse(conf_value(l, "ipv4-address"), &r->address);
	if (!wildcard || strcmp(wildcard, "0") == 0 || !ip_parse(wildcard, &r->wildcard))
		r->wildcard = ip_from_u32(0);
}

static void source_wide(const struct conf_line *l, struct source_rule *r)
{
	unsigned length = (unsigned)conf_number(l, "prefix-length", 128);

	ip_parse(conf_value(l, "ipv6-address"), &r->address);
	r->wildcard.bits = 128;
	for (unsigned i = length; i < 128; i++)
		r->wildcard.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

static void take_rule(struct taking *t, const struct conf_line *l)
{
	struct source_rule *r =
		policy_source_rule(t->source, t->filter, (uint32_t)conf_number(l, "rule-id", 0),
				   conf_has(l, "permit"));

	if (conf_value(l, "ipv4-address"))
		source_narrow(l, r);
	else if (conf_value(l, "ipv6-address"))
		source_wide(l, r);
}

// A rule without a number comes behind the last, at the next multiple of five.
static bool apply_rule(struct conf_edit *e)
{
	const struct conf_node *last = NULL, *n;
	struct conf_iter it;
	uint64_t id = RULE_STEP;
	struct buf line = {0}, whole = {0};

	if (e->undo || conf_value(e->line, "rule-id"))
		return conf_edit_default(e);
	for (n = conf_first_order(&it, conf_edit_view(e), e->line->row->order); n;
	     n = conf_next(&it))
		last = n;
	if (last)
		id = (conf_number(last->line, "rule-id", 0) / RULE_STEP + 1) * RULE_STEP;
	if (id > RULE_MAX)
		return conf_refuse(e, "Error: There is no rule number left.");
	conf_line_text(e->line, &whole);
	buf_format(&line, "rule %" PRIu64 "%s", id, buf_cstr(&whole) + strlen("rule"));
	bool done = conf_edit_type(e, buf_cstr(&line));
	buf_free(&line);
	buf_free(&whole);
	return done;
}

// A statement that enters an ACL.
#define ACL(place, view, ...)                                                                  \
	{                                                                                      \
		.views = "system", .order = place, .enters = view, .level = 2,                 \
		.effect = POLICY_EFFECTS, .apply = apply_acl, .more = MEANS(.take = take_acl), \
		__VA_ARGS__                                                                    \
	}

static const struct row rows[] = {
	ACL(ORDER_ACL, "acl", .grammar = "acl [ number ] acl-number<2000-2999>", .value = "number",
	    .help = "Enters a basic ACL."),
	ACL(ORDER_ACL, "acl-named", .grammar = "acl name acl-name basic", .value = "basic",
	    .help = "Enters a basic ACL by name."),
	ACL(ORDER_ACL_WIDE, "acl6", .grammar = "acl ipv6 [ number ] acl-number<2000-2999>",
	    .value = "number", .help = "Enters a basic IPv6 ACL."),
	ACL(ORDER_ACL_WIDE, "acl6-named", .grammar = "acl ipv6 name acl-name basic",
	    .value = "basic", .help = "Enters a basic IPv6 ACL by name."),
	{.views = "acl acl-named acl6 acl6-named",
	 .grammar = "description description-text",
	 .value = "description-text",
	 .help = "Describes the ACL.",
	 .order = 10,
	 .level = 2,
	 .more = MEANS(0)},
	{.views = "acl acl-named",
	 .grammar = "rule [ rule-id<0-4294967294> ] { permit | deny } [ source { ipv4-address "
		    "wildcard | any } ]",
	 .value = "permit deny source ipv4-address wildcard any",
	 .help = "Adds a rule: routes whose address agrees with the source are permitted or denied.",
	 .order = 20,
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .apply = apply_rule,
	 .more = MEANS(.take = take_rule)},
	{.views = "acl6 acl6-named",
	 .grammar = "rule [ rule-id<0-4294967294> ] { permit | deny } [ source { ipv6-address "
		    "prefix-length | any } ]",
	 .value = "permit deny source ipv6-address prefix-length any",
	 .help = "Adds a rule: routes whose address lies in the source are permitted or denied.",
	 .order = 20,
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .apply = apply_rule,
	 .more = MEANS(.take = take_rule)},
};
const struct row_table acl_rows = {rows, sizeof(rows) / sizeof(rows[0])};
