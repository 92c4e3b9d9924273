// display bgp [...] routing-table ... in all its forms: the grammar, and what the words ask for. How
// it is read and printed stands in show.c.
#include "cmd/route.h"

#include "cmd/show.h"

#include "base/text.h"

#include <string.h>

static enum rib_view view_of(const struct conf_line *l)
{
	static const struct {
		const char *word;
		enum rib_view view;
	} views[] = {{"received-routes", RIB_VIEW_RECEIVED},
		     {"accepted-routes", RIB_VIEW_ACCEPTED},
		     {"not-accepted-routes", RIB_VIEW_NOT_ACCEPTED},
		     {"advertised-routes", RIB_VIEW_ADVERTISED}};
	for (unsigned i = 0; i < sizeof views / sizeof *views; i++)
		if (conf_has(l, views[i].word))
			return views[i].view;
	return RIB_VIEW_LOC;
}

// What a peer sent or was told: one table, that of the first place that has the peer.
static bool add_peer(struct show *s, enum rib_view view)
{
	const struct place *place;
	const struct speaker_peer *p = scope_peer(s->call, &s->scope, &place);
	if (!p)
		return false;
	show_add(s, place);
	s->by_peer = true;
	s->sections[0].view = view;
	s->sections[0].peer = speaker_peer_number(p);
	return true;
}

// The tables of the line. false after cli_error.
static bool add_tables(struct show *s)
{
	enum rib_view view = view_of(s->call->line);
	s->want.by_rd = s->scope.by_rd;
	memcpy(s->want.rd, s->scope.rd, RD_SIZE);
	if (view != RIB_VIEW_LOC)
		return add_peer(s, view);
	for (unsigned i = 0; i < s->scope.count; i++)
		show_add(s, &s->scope.places[i]);
	return true;
}

static struct show *table_new(struct cli_call *c)
{
	struct show *s = show_new(c);
	if (!s)
		return NULL;
	s->statistics = conf_has(c->line, "statistics");
	if (add_tables(s) && route_filter_new(c, &s->filter))
		return s;
	show_free(s);
	return NULL;
}

static void display_table(struct cli_call *c)
{
	struct show *s = table_new(c);
	if (s)
		show_begin(s);
}

static void display_brief(struct cli_call *c)
{
	struct show *s = table_new(c);
	if (!s)
		return;
	s->brief = true;
	show_begin(s);
}

// --- one prefix -------------------------------------------------------------------------------------
static void want_inside(struct show *s, unsigned bits)
{
	for (unsigned i = 0; i < s->section_count; i++) {
		struct section *x = &s->sections[i];
		x->inside = true;
		x->place.af->from_prefix(&s->want.address, bits, &x->within);
	}
}

// The most specific prefix of the table that contains an address typed without a length is what
// VRP looks up; a typed length means exactly that prefix. Under distinguishers there may be many.
static void want_prefix(struct show *s, int bits)
{
	s->detail = true;
	s->want.bits = bits;
	for (unsigned i = 0; i < s->section_count; i++) {
		struct section *x = &s->sections[i];
		const struct af *af = x->place.af;
		unsigned most = bits < 0 ? af->prefix_bits : (unsigned)bits;
		x->collect = af->rd;
		x->one = !af->rd;
		s->want.covering |= x->collect;
		if (x->one && bits < 0)
			x->shorter = af->prefix_bits - 1;
		if (x->one)
			af->from_prefix(&s->want.address, most, &x->exact);
		if (x->collect && bits >= 0) {
			x->inside = true;
			af->from_prefix(&s->want.address, most, &x->within);
		}
	}
}

static void display_prefix(struct cli_call *c)
{
	struct ip address;
	int bits;
	struct show *s = table_new(c);
	if (!s)
		return;
	if (!call_prefix(c, call_family(c), &address, &bits)) {
		show_free(s);
		return;
	}
	s->want.address = address;
	if (conf_has(c->line, "longer-prefixes"))
		want_inside(s, bits < 0 ? call_family(c)->prefix_bits : (unsigned)bits);
	else
		want_prefix(s, bits);
	show_begin(s);
}

// --- why -----------------------------------------------------------------------------------------------
// true: the show owns what asks from now on.
static bool want_explained(struct show *s)
{
	s->explain = explain_ask_new(s->call, &s->scope);
	for (unsigned i = 0; i < s->section_count; i++)
		s->sections[i].view = RIB_VIEW_ALL;
	return s->explain;
}

static void explain_prefix(struct cli_call *c)
{
	int bits;
	struct show *s = table_new(c);
	if (!s)
		return;
	if (!call_prefix(c, call_family(c), &s->want.address, &bits) || !want_explained(s)) {
		show_free(s);
		return;
	}
	want_prefix(s, bits);
	show_begin(s);
}

// --- types of routes, memberships -------------------------------------------------------------------
static void want_detail(struct show *s)
{
	s->detail = !s->statistics;
	for (unsigned i = 0; i < s->section_count && s->detail; i++)
		s->sections[i].collect = true;
}

static void display_types(struct cli_call *c)
{
	struct show *s = table_new(c);
	if (!s)
		return;
	s->want.type = (unsigned)conf_number_after(c->line, "type", 0);
	s->want.fields = conf_value(c->line, "route-key");
	if (s->want.fields)
		want_detail(s);
	show_begin(s);
}

static bool want_memberships(struct show *s)
{
	struct cli_call *c = s->call;
	const char *as = conf_value(c->line, "as-number"),
		   *target = conf_value(c->line, "route-target");
	s->want.by_as = as && text_as_number(as, &s->want.as);
	s->want.by_target = target;
	if (target && !ext_community_parse_rt(target, s->want.target)) {
		cli_error(c, "The route target is not valid.");
		return false;
	}
	if (target)
		want_detail(s);
	return true;
}

static void display_memberships(struct cli_call *c)
{
	struct show *s = table_new(c);
	if (!s)
		return;
	if (want_memberships(s))
		show_begin(s);
	else
		show_free(s);
}

static void explain_types(struct cli_call *c)
{
	struct show *s = table_new(c);
	if (!s)
		return;
	s->want.type = (unsigned)conf_number_after(c->line, "type", 0);
	s->want.fields = conf_value(c->line, "route-key");
	if (!s->want.fields)
		cli_error(c, "The key of a route is needed: type TYPE KEY explain.");
	if (!s->want.fields || !want_explained(s)) {
		show_free(s);
		return;
	}
	want_detail(s);
	show_begin(s);
}

static void explain_memberships(struct cli_call *c)
{
	struct show *s = table_new(c);
	if (!s)
		return;
	if (want_memberships(s) && want_explained(s))
		show_begin(s);
	else
		show_free(s);
}

static bool has_types(const struct af *af)
{
	return af->types;
}

static bool exchanges(const struct af *af)
{
	return af->inner;
}

#define PEER_VIEWS                                                                    \
	"peer { ipv4-address | ipv6-address } { received-routes | accepted-routes | " \
	"not-accepted-routes | advertised-routes }"

#define EXPLAINED "[ peer { ipv4-address | ipv6-address } ] [ candidate ]"

static const struct row_template templates[] = {
	{.row = {.views = "*",
		 .grammar = "display bgp @tables routing-table [ statistics ]",
		 .help = "Shows the routes of the address family.",
		 .level = 1,
		 .run = display_table},
	 .lacks = AF_TYPED | AF_MEMBERSHIP},
	{.row = {.views = "*",
		 .grammar =
			 "display bgp @tables routing-table [ statistics ] { as-path-filter filter-name | "
			 "**regular-expression** *regular-expression* | community-filter filter-name [ whole-match ] }",
		 .help = "Shows the routes that a filter matches.",
		 .level = 1,
		 .run = display_table},
	 .lacks = AF_TYPED | AF_MEMBERSHIP},
	{.row = {.views = "*",
		 .grammar =
			 "display bgp @tables routing-table [ statistics ] community { community-number | internet | "
			 "no-advertise | no-export | no-export-subconfed }&<1-16> [ whole-match ]",
		 .help = "Shows the routes that carry communities.",
		 .level = 1,
		 .run = display_table},
	 .lacks = AF_TYPED | AF_MEMBERSHIP},
	{.row = {.views = "*",
		 .grammar = "display bgp @tables routing-table " PEER_VIEWS " [ statistics ]",
		 .help = "Shows what a peer sent, what of it the import policy accepted or rejected, or what it was told.",
		 .level = 1,
		 .run = display_table},
	 .lacks = AF_TYPED | AF_MEMBERSHIP},
	{.row = {.views = "*",
		 .grammar = "display bgp @tables routing-table @prefix [ longer-prefixes ]",
		 .help = "Shows one prefix in detail, or all that it contains.",
		 .level = 1,
		 .run = display_prefix},
	 .needs = AF_PREFIX},
	{.row = {.views = "*",
		 .grammar = "display bgp @tables routing-table @prefix explain " EXPLAINED,
		 .help = "Shows why the routes of a prefix are as they are.",
		 .level = 1,
		 .flags = ROW_EXTENSION,
		 .run = explain_prefix},
	 .needs = AF_PREFIX},
	{.row = {.views = "*",
		 .grammar = "display bgp @tables routing-table " PEER_VIEWS
			    " @prefix [ longer-prefixes ]",
		 .help = "Shows one prefix as a peer sent it or was told it, or all that it contains.",
		 .level = 1,
		 .run = display_prefix},
	 .needs = AF_PREFIX},
	{.row = {.views = "*",
		 .grammar = "display bgp @tables routing-table @types [ statistics ]",
		 .help = "Shows the routes of all types, or of one.",
		 .level = 1,
		 .run = display_types},
	 .fits = has_types},
	{.row = {.views = "*",
		 .grammar = "display bgp @tables routing-table @types explain " EXPLAINED,
		 .help = "Shows why a route is as it is.",
		 .level = 1,
		 .flags = ROW_EXTENSION,
		 .run = explain_types},
	 .fits = has_types},
	{.row = {.views = "*",
		 .grammar =
			 "display bgp @tables routing-table " PEER_VIEWS " @types [ statistics ]",
		 .help = "Shows what a peer sent, what of it the import policy accepted or rejected, or what it was told.",
		 .level = 1,
		 .run = display_types},
	 .fits = has_types},
	{.row = {.views = "*",
		 .grammar = "display bgp @tables routing-table [ " PEER_VIEWS
			    " ] [ origin-as as-number ] "
			    "[ route-target ] [ statistics ]",
		 .help = "Shows memberships in route targets.",
		 .level = 1,
		 .run = display_memberships},
	 .needs = AF_MEMBERSHIP},
	{.row = {.views = "*",
		 .grammar =
			 "display bgp @tables routing-table [ origin-as as-number ] route-target explain " EXPLAINED,
		 .help = "Shows why a membership in a route target is as it is.",
		 .level = 1,
		 .flags = ROW_EXTENSION,
		 .run = explain_memberships},
	 .needs = AF_MEMBERSHIP},
	{.row = {.views = "*",
		 .grammar = "display bgp @tables brief",
		 .help = "Shows the number of peers and of routes in each table.",
		 .level = 1,
		 .run = display_brief},
	 .fits = exchanges},
};
const struct template_table route_templates = {templates, sizeof templates / sizeof *templates};
