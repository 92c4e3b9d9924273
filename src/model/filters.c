// Named filters of what routes have besides a prefix: AS paths, communities of all kinds, route
// distinguishers; and the sets of communities that route-policies apply. One statement is one entry,
// found by its index, as in prefix_list.c. A filter is basic (values) or advanced (regular
// expressions); by its number, or by the word. Entries of an rd-filter are values.
#include "model/private.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define INDEX_STEP 10

// --- entries without an index --------------------------------------------------------------------
// Where in the text of a line its word number n begins.
static size_t word_offset(const char *text, unsigned n)
{
	const char *p = text;

	while (n--) {
		if (*p == '"')
			p = strchr(p + 1, '"') + 1;
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	return (size_t)(p - text);
}

static unsigned verdict_word(const struct conf_line *l)
{
	unsigned i = 0;
	const char *word;

	while ((word = conf_line_word(l, i)) &&
	       (l->param[i] || (strcmp(word, "permit") != 0 && strcmp(word, "deny") != 0)))
		i++;
	return i;
}

bool apply_indexed(struct conf_edit *e, const char *name)
{
	const struct conf_node *last;
	uint64_t index = 0;
	struct buf whole = {0}, line = {0};

	if (e->undo || conf_value(e->line, "index-number"))
		return conf_edit_default(e);
	last = conf_last_object(conf_edit_view(e), e->line->row->order, name);
	if (last)
		index = conf_number(last->line, "index-number", 0);
	if (index > UINT32_MAX - INDEX_STEP)
		return conf_refuse(e, "Error: There is no index left behind %" PRIu64 ".", index);
	conf_line_text(e->line, &whole);
	size_t at = word_offset(buf_cstr(&whole), verdict_word(e->line));
	buf_put(&line, whole.data, at);
	buf_format(&line, "index %" PRIu64 " %s", index + INDEX_STEP, buf_cstr(&whole) + at);
	bool done = conf_edit_type(e, buf_cstr(&line));
	buf_free(&line);
	buf_free(&whole);
	return done;
}

// --- names -----------------------------------------------------------------------------------------
// A name has something besides digits, which would be a number.
static bool accept_filter_name(const char *word, struct buf *out)
{
	size_t n = strlen(word);
	struct ip ip;

	if (!n || n > 51 || strspn(word, "0123456789") == n || ip_parse(word, &ip))
		return false;
	buf_put(out, word, n);
	return true;
}

static const char *const name_params[] = {
	"as-path-filter-name",
	"as-path-filter-number",
	"community-filter-name",
	"basic-number",
	"advanced-number",
	"extcommunity-filter-name",
	"large-community-filter-name",
	"soo-list-name",
	"rd-filter-number",
};

static const char *filter_name(const struct conf_line *l)
{
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(name_params) / sizeof(name_params[0]) && !name; i++)
		name = conf_value(l, name_params[i]);
	return name;
}

static bool is_advanced(const struct conf_line *l)
{
	return conf_has(l, "advanced") || conf_value(l, "advanced-number");
}

// A name stands for a basic or for an advanced filter, not for both.
static bool check_filter(struct conf_edit *e)
{
	struct conf_iter it;
	const struct conf_node *n = conf_first_object(&it, conf_edit_view(e), e->line->row->order,
						      filter_name(e->line));

	if (!e->undo && n && is_advanced(n->line) != is_advanced(e->line))
		return conf_refuse(e, "Error: The filter already exists with another type.");
	return true;
}

static bool check_regex(struct conf_edit *e)
{
	const char *regex = conf_value(e->line, "regular-expression");
	char why[POLICY_WHY_MAX];

	if (!e->undo && regex && !source_regex_check(regex, why, sizeof(why)))
		return conf_refuse(e, "Error: Wrong regular expression: %s.", why);
	return check_filter(e);
}

static bool apply_filter(struct conf_edit *e)
{
	return apply_indexed(e, filter_name(e->line));
}

// --- compiling ----------------------------------------------------------------------------------
static struct source_rule *take_rule(struct taking *t, const struct conf_line *l,
				     enum filter_kind kind)
{
	struct source_filter *f = policy_source_filter(t->source, kind, filter_name(l));
	struct source_rule *r = policy_source_rule(
		t->source, f, (uint32_t)conf_number(l, "index-number", 0), conf_has(l, "permit"));

	f->advanced = is_advanced(l);
	r->regex = policy_source_text(t->source, conf_value(l, "regular-expression"));
	return r;
}

// All words behind permit or deny, but those that only lead a value in.
void take_values(struct taking *t, const struct conf_line *l, unsigned from,
		 struct source_words *to)
{
	const char *word;

	for (unsigned i = from; (word = conf_line_word(l, i)); i++) {
		if (l->param[i] || strcmp(word, "internet") == 0 || strncmp(word, "no-", 3) == 0)
			policy_source_word(t->source, to, word);
	}
}

static void take_path(struct taking *t, const struct conf_line *l)
{
	take_rule(t, l, FILTER_PATH);
}

static void take_basic(struct taking *t, const struct conf_line *l, enum filter_kind kind)
{
	struct source_rule *r = take_rule(t, l, kind);

	if (!r->regex)
		take_values(t, l, verdict_word(l) + 1, &r->words);
	r->strict = conf_has(l, "strict-match");
}

static void take_community_filter(struct taking *t, const struct conf_line *l)
{
	take_basic(t, l, FILTER_COMMUNITY);
}

static void take_large_filter(struct taking *t, const struct conf_line *l)
{
	take_basic(t, l, FILTER_LARGE_COMMUNITY);
}

static void take_ext_filter(struct taking *t, const struct conf_line *l)
{
	take_basic(t, l, FILTER_EXT_COMMUNITY);
}

static void take_rd(struct taking *t, const struct conf_line *l)
{
	take_basic(t, l, FILTER_RD);
}

static void take_soo(struct taking *t, const struct conf_line *l)
{
	take_basic(t, l, FILTER_SOO);
}

// --- sets: views of their own ------------------------------------------------------------------------
static void take_community_list(struct taking *t, const struct conf_line *l)
{
	t->filter = policy_source_filter(t->source, SET_COMMUNITY,
					 conf_value(l, "community-list-name"));
}

static void take_large_list(struct taking *t, const struct conf_line *l)
{
	t->filter = policy_source_filter(t->source, SET_LARGE_COMMUNITY,
					 conf_value(l, "large-community-list-name"));
}

static void take_set_values(struct taking *t, const struct conf_line *l)
{
	struct source_rule *r = policy_source_rule(t->source, t->filter, t->filter->count, true);

	take_values(t, l, 1, &r->words);
}

#define INDEX      " [ index index-number<1-4294967295> ] { permit | deny } "
#define WELL_KNOWN "no-advertise | no-export | no-export-subconfed"
// An entry of a filter in the system view.
#define ENTRY(place, checker, taker, ...)                                                          \
	{                                                                                          \
		.views = "system", .order = place, .level = 2, .effect = POLICY_EFFECTS,           \
		.check = checker, .apply = apply_filter, .more = MEANS(.take = taker), __VA_ARGS__ \
	}

static const struct row rows[] = {
	ENTRY(ORDER_PATH, check_regex, take_path,
	      .grammar =
		      "ip as-path-filter { as-path-filter-number<1-256> | as-path-filter-name }" INDEX
		      "regular-expression",
	      .value = "permit deny regular-expression",
	      .help = "Adds an entry to an AS_Path filter: a regular expression over AS paths."),
	ENTRY(ORDER_COMMUNITY, check_filter, take_community_filter,
	      .grammar =
		      "ip community-filter { basic-number<1-99> | basic community-filter-name }" INDEX
		      "[ { community-number | internet [ strict-match ] | " WELL_KNOWN
		      " }&<1-20> ]",
	      .value = "permit deny community-number internet strict-match no-advertise no-export "
		       "no-export-subconfed",
	      .help = "Adds an entry to a basic community filter: communities that a route must all "
		      "have."),
	ENTRY(ORDER_COMMUNITY, check_regex, take_community_filter,
	      .grammar = "ip community-filter { advanced-number<100-199> | advanced "
			 "community-filter-name }" INDEX "regular-expression",
	      .value = "permit deny regular-expression",
	      .help = "Adds an entry to an advanced community filter: a regular expression over the "
		      "communities of a route."),
	ENTRY(ORDER_EXT_COMMUNITY, check_filter, take_ext_filter,
	      .grammar = "ip extcommunity-filter { basic-number<1-199> | basic "
			 "extcommunity-filter-name }" INDEX "{ rt route-target }&<1-16>",
	      .value = "permit deny rt route-target",
	      .help = "Adds an entry to a basic extended community filter: route targets."),
	ENTRY(ORDER_EXT_COMMUNITY, check_regex, take_ext_filter,
	      .grammar = "ip extcommunity-filter { advanced-number<200-399> | advanced "
			 "extcommunity-filter-name }" INDEX "regular-expression",
	      .value = "permit deny regular-expression",
	      .help = "Adds an entry to an advanced extended community filter."),
	ENTRY(ORDER_SOO, check_filter, take_soo,
	      .grammar =
		      "ip extcommunity-list soo basic soo-list-name" INDEX "site-of-origin&<1-16>",
	      .value = "permit deny site-of-origin",
	      .help = "Adds an entry to a basic list of sites of origin."),
	ENTRY(ORDER_SOO, check_regex, take_soo,
	      .grammar =
		      "ip extcommunity-list soo advanced soo-list-name" INDEX "regular-expression",
	      .value = "permit deny regular-expression",
	      .help = "Adds an entry to an advanced list of sites of origin."),
	ENTRY(ORDER_LARGE_COMMUNITY, check_filter, take_large_filter,
	      .grammar = "ip large-community-filter basic large-community-filter-name" INDEX
			 "large-community&<1-16>",
	      .value = "permit deny large-community",
	      .help = "Adds an entry to a basic large community filter."),
	ENTRY(ORDER_LARGE_COMMUNITY, check_regex, take_large_filter,
	      .grammar = "ip large-community-filter advanced large-community-filter-name" INDEX
			 "regular-expression",
	      .value = "permit deny regular-expression",
	      .help = "Adds an entry to an advanced large community filter."),
	ENTRY(ORDER_RD, NULL, take_rd,
	      .grammar = "ip rd-filter rd-filter-number<1-1024>" INDEX "rd-pattern&<1-10>",
	      .value = "permit deny rd-pattern",
	      .help = "Adds an entry to an RD filter: route distinguishers of which a route must have "
		      "one. In ASN:* and IP-address:* the number does not count, in *:* nothing "
		      "does."),
	{.views = "system",
	 .grammar = "ip community-list community-list-name",
	 .enters = "community-list",
	 .help = "Enters a set of communities for apply clauses.",
	 .order = ORDER_COMMUNITY_LIST,
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .more = MEANS(.take = take_community_list)},
	{.views = "community-list",
	 .grammar = "community { community-number | internet | " WELL_KNOWN " }&<1-16>",
	 .help = "Adds communities to the set.",
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .more = MEANS(.take = take_set_values)},
	{.views = "system",
	 .grammar = "ip large-community-list large-community-list-name",
	 .enters = "large-community-list",
	 .help = "Enters a set of large communities for apply clauses.",
	 .order = ORDER_LARGE_COMMUNITY_LIST,
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .more = MEANS(.take = take_large_list)},
	{.views = "large-community-list",
	 .grammar = "**large-community** large-community&<1-16>",
	 .help = "Adds large communities to the set.",
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .more = MEANS(.take = take_set_values)},
};
const struct row_table filter_rows = {rows, sizeof(rows) / sizeof(rows[0])};

// --- parameters of all topics ----------------------------------------------------------------------
static bool accept_wildcard(const char *word, struct buf *out)
{
	char text[IP_TEXT_MAX];
	struct ip ip;

	if (strcmp(word, "0") == 0) {
		buf_text(out, "0");
		return true;
	}
	if (!ip_parse(word, &ip) || ip.bits != 32)
		return false;
	buf_text(out, ip_is_zero(&ip) ? "0" : ip_text(&ip, text));
	return true;
}

#define FILTER_NAME(word, text)                                                     \
	{                                                                           \
		word, PARAM_CUSTOM, 1, 51, text, "STRING<1-51>", accept_filter_name \
	}
const struct param model_params[] = {
	FILTER_NAME("as-path-filter-name", "Name of an AS_Path filter"),
	FILTER_NAME("community-filter-name", "Name of a community filter"),
	FILTER_NAME("extcommunity-filter-name", "Name of an extended community filter"),
	FILTER_NAME("large-community-filter-name", "Name of a large community filter"),
	FILTER_NAME("soo-list-name", "Name of a list of sites of origin"),
	FILTER_NAME("community-list-name", "Name of a set of communities"),
	FILTER_NAME("large-community-list-name", "Name of a set of large communities"),
	{"rd-pattern", PARAM_CUSTOM, 0, 0, "Route distinguisher, with * for any number",
	 "ASN:nn or IP-address:nn or with * for nn", source_rd_pattern},
	{"site-of-origin", PARAM_RT, 0, 0, "Site of origin", NULL, NULL},
	{"source-ipv4-address", PARAM_IPV4, 0, 0, "Source address", NULL, NULL},
	{"source-ipv6-address", PARAM_IPV6, 0, 0, "Source address", NULL, NULL},
	{"begin-as-number", PARAM_AS, 0, 0, "First AS number of the range", NULL, NULL},
	{"end-as-number", PARAM_AS, 0, 0, "Last AS number of the range", NULL, NULL},
	{"prefix-list-name", PARAM_NAME, 1, 169, "Name of an address prefix list", NULL, NULL},
	{"guard-limit", PARAM_CUSTOM, 0, 0, "A number, or a percentage of what there is",
	 "INTEGER<0-4294967295> or P%", accept_guard_limit},
	{"wildcard", PARAM_CUSTOM, 0, 0, "Wildcard: bits that are not compared; 0: none",
	 "X.X.X.X or 0", accept_wildcard},
};
const unsigned model_param_count = sizeof(model_params) / sizeof(model_params[0]);
