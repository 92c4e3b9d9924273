// display bgp [...] routing-table ...: reads the tables through the speaker, in batches sorted by
// key, and prints them as they come: memory does not grow with the table, a slow terminal holds the
// reading back, and Ctrl+C leaves it. VRP puts the number of routes first, so a filtered display
// reads twice: once to count, once to print.
#include "cmd/route.h"

#include <string.h>

#include <jansson.h>

#include "base/mem.h"

enum show_phase { SHOW_COUNT, SHOW_PRINT, SHOW_TOLD };

struct show {
	struct cli_call *call;
	enum show_phase phase;
	struct rib_query query;
	struct af_key exact, within;
	struct route_filter *filter;
	struct speaker_read *read;
	bool statistics, detail, first, stopped;
	unsigned count, best;
	unsigned asked, told; // detail: peers looked at, and those that have been told the prefix
	struct ip address;    // typed without a length: looked up from the longest prefix down
	int shorter;          // length to try when there is nothing; -1: no more
	struct buf last;      // prefix of the row before
	struct buf out;
};

static void show_free(struct show *s)
{
	route_filter_free(s->filter);
	buf_free(&s->last);
	buf_free(&s->out);
	mem_free(s);
}

static void show_flush(struct show *s)
{
	cli_write(s->call, buf_cstr(&s->out), s->out.len);
	buf_clear(&s->out);
}

static void show_route(struct show *s, const struct rib_route *route)
{
	struct route_record r;
	route_record_fill(app_of(s->call), &r, route, s->query.view);
	if (s->call->json) {
		buf_text(&s->out, s->first ? "\n" : ",\n");
		show_json(&s->out, route_json(&r));
	} else if (s->detail) {
		route_detail(&s->out, &r);
	} else {
		r.same_prefix = !strcmp(buf_cstr(&s->last), buf_cstr(&r.prefix));
		route_row(&s->out, &r);
		buf_clear(&s->last);
		buf_text(&s->last, buf_cstr(&r.prefix));
	}
	s->first = false;
	route_record_free(&r);
}

// A peer that has the prefix in its Adj-RIB-Out.
static void show_told_peer(struct show *s)
{
	struct speaker_peer *p = speaker_peer_by_number(app_of(s->call)->speaker, s->query.peer);
	if (!p)
		return;
	s->told++;
	buf_text(&s->out, "    ");
	ip_put(&s->out, &speaker_peer_config(p)->address);
	buf_u8(&s->out, '\n');
}

static bool show_rows(void *arg, const struct rib_route *routes, unsigned n)
{
	struct show *s = arg;
	if (s->phase == SHOW_TOLD) {
		if (n)
			show_told_peer(s);
		return true;
	}
	for (unsigned i = 0; i < n; i++) {
		if (!route_filter_matches(s->filter, &routes[i], s->query.view))
			continue;
		if (s->phase == SHOW_COUNT) {
			s->count++;
			s->best += routes[i].best;
		} else {
			show_route(s, &routes[i]);
		}
	}
	show_flush(s);
	if (cli_full(s->call))
		speaker_read_pause(s->read, true);
	return true;
}

static void show_start(struct show *s);
static void show_end(void *arg, bool complete);

// An address without a length: the next shorter prefix that could contain it.
static bool show_shorter(struct show *s)
{
	if (s->count || s->shorter < 0)
		return false;
	s->query.af->from_prefix(&s->address, (unsigned)s->shorter--, &s->exact);
	show_start(s);
	return true;
}

// Detail: asks for the next peer's Adj-RIB-Out. false: all have been asked, and the answer is printed.
static bool show_next_peer(struct show *s)
{
	struct speaker *speaker = app_of(s->call)->speaker;
	s->phase = SHOW_TOLD;
	s->query.view = RIB_VIEW_ADVERTISED;
	while (s->asked < speaker_peer_count(speaker)) {
		const struct speaker_peer *p = speaker_peer_at(speaker, s->asked++);
		const struct sess_negotiated *n = sess_get_negotiated(speaker_peer_session(p));
		if (!n || !(n->families & af_bit(s->query.af)))
			continue;
		s->query.peer = speaker_peer_number(p);
		s->read = speaker_read_start(speaker, INSTANCE_PUBLIC, &s->query, NULL, show_rows,
					     show_end, s);
		return true;
	}
	if (s->told)
		cli_print(s->call, " Advertised to such %u peers:\n", s->told);
	else
		cli_print(s->call, " Not advertised to any peer yet\n");
	show_flush(s);
	return false;
}

static void show_counted(struct show *s)
{
	s->stopped = s->detail && !s->count && !s->call->json;
	if (s->stopped)
		cli_print(s->call, "Info: The network does not exist.\n");
}

static void show_end(void *arg, bool complete)
{
	struct show *s = arg;
	struct cli_call *c = s->call;
	s->read = NULL;
	if (complete && s->phase == SHOW_COUNT) {
		if (show_shorter(s))
			return;
		show_counted(s);
		if (!s->statistics && !s->stopped) {
			s->phase = SHOW_PRINT;
			show_start(s);
			return;
		}
	}
	if (complete && s->detail && !s->stopped && !c->json && s->phase != SHOW_COUNT &&
	    show_next_peer(s))
		return;
	if (c->json && !s->stopped)
		cli_print(c, s->statistics ? "{\"routes\":%u,\"best\":%u}\n" : "\n]}\n", s->count,
			  s->best);
	else if (s->statistics)
		cli_print(c, " Total Number of Routes: %u\n", s->count);
	show_free(s);
	c->data = NULL;
	cli_done(c);
}

static void show_cancel(struct cli_call *c)
{
	struct show *s = c->data;
	if (!s)
		return;
	if (s->read)
		speaker_read_cancel(s->read);
	show_free(s);
	c->data = NULL;
}

static void show_resume(struct cli_call *c)
{
	struct show *s = c->data;
	if (s && s->read)
		speaker_read_pause(s->read, false);
}

static void show_legend(struct show *s)
{
	struct cli_call *c = s->call;
	struct buf b = {0};
	buf_text(&b, " BGP Local router ID is ");
	show_router_id(&b, speaker_running(app_of(c)->speaker)->router_id);
	buf_text(
		&b,
		"\n Status codes: * - valid, > - best, d - damped, x - best external, a - add path,\n"
		"               h - history,  i - internal, s - suppressed, S - Stale\n"
		"               Origin : i - IGP, e - EGP, ? - incomplete\n"
		" RPKI validation codes: V - valid, I - invalid, N - not-found\n\n");
	if (s->query.view == RIB_VIEW_ADVERTISED)
		buf_format(&b, " Advertised routes total: %u\n", s->count);
	else if (s->query.peer != RIB_NO_PEER)
		buf_format(&b, " Received routes total: %u\n", s->count);
	else
		buf_format(&b, " Total Number of Routes: %u\n", s->count);
	route_row_head(&b, s->query.af);
	cli_write(c, buf_cstr(&b), b.len);
	buf_free(&b);
}

static void show_detail_head(struct show *s)
{
	struct buf b = {0};
	const struct speaker_config *config = speaker_running(app_of(s->call)->speaker);
	buf_text(&b, "\n BGP local router ID : ");
	show_router_id(&b, config->router_id);
	buf_format(
		&b,
		"\n Local AS number : %u\n Paths:   %u available, %u best, %u select, 0 best-external, 0 add-path\n",
		config->as, s->count, s->best, s->best);
	cli_write(s->call, buf_cstr(&b), b.len);
	buf_free(&b);
}

static void show_start(struct show *s)
{
	if (s->phase == SHOW_PRINT && s->call->json)
		cli_print(s->call, "{\"total\":%u,\"routes\":[", s->count);
	else if (s->phase == SHOW_PRINT && s->detail && s->count)
		show_detail_head(s);
	else if (s->phase == SHOW_PRINT && !s->detail)
		show_legend(s);
	s->first = true;
	s->read = speaker_read_start(app_of(s->call)->speaker, INSTANCE_PUBLIC, &s->query, NULL,
				     show_rows, show_end, s);
}

// What the words ask for: view, peer, prefix. false after cli_error.
static bool show_query(struct cli_call *c, struct show *s)
{
	static const struct {
		const char *word;
		enum rib_view view;
	} views[] = {{"received-routes", RIB_VIEW_RECEIVED},
		     {"accepted-routes", RIB_VIEW_ACCEPTED},
		     {"not-accepted-routes", RIB_VIEW_NOT_ACCEPTED},
		     {"advertised-routes", RIB_VIEW_ADVERTISED}};
	s->query =
		(struct rib_query){.af = call_family(c), .view = RIB_VIEW_LOC, .peer = RIB_NO_PEER};
	for (unsigned i = 0; i < sizeof views / sizeof *views; i++) {
		if (!conf_has(c->line, views[i].word))
			continue;
		struct ip address = {0};
		call_peer_address(c, &address);
		struct speaker_peer *p =
			speaker_peer_find(app_of(c)->speaker, INSTANCE_PUBLIC, &address);
		if (!p) {
			cli_error(c, "The peer does not exist.");
			return false;
		}
		s->query.view = views[i].view;
		s->query.peer = speaker_peer_number(p);
	}
	return true;
}

static void show_begin(struct cli_call *c, struct show *s)
{
	s->call = c;
	c->data = s;
	s->phase = SHOW_COUNT;
	s->statistics = conf_has(c->line, "statistics");
	c->resume = show_resume;
	cli_later(c, show_cancel);
	show_start(s);
}

static bool bgp_runs(struct cli_call *c)
{
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	if (config && config->present)
		return true;
	cli_error(c, "BGP is not configured.");
	return false;
}

static void display_table(struct cli_call *c)
{
	struct show *s = MEM_NEW(struct show);
	s->shorter = -1;
	if (!bgp_runs(c) || !show_query(c, s) || !route_filter_new(c, &s->filter)) {
		show_free(s);
		return;
	}
	show_begin(c, s);
}

// The most specific prefix of the table that contains an address typed without a length is what
// VRP looks up; a typed length means exactly that prefix.
static void display_prefix(struct cli_call *c)
{
	struct show *s = MEM_NEW(struct show);
	s->shorter = -1;
	struct ip address;
	int bits;
	const struct af *af = call_family(c);
	if (!bgp_runs(c) || !call_prefix(c, af, &address, &bits)) {
		show_free(s);
		return;
	}
	s->query = (struct rib_query){.af = af, .view = RIB_VIEW_LOC, .peer = RIB_NO_PEER};
	if (conf_has(c->line, "longer-prefixes")) {
		af->from_prefix(&address, bits < 0 ? af->prefix_bits : (unsigned)bits, &s->within);
		s->query.within = &s->within;
		show_begin(c, s);
		return;
	}
	s->address = address;
	s->shorter = bits < 0 ? af->prefix_bits - 1 : -1;
	af->from_prefix(&address, bits < 0 ? af->prefix_bits : (unsigned)bits, &s->exact);
	s->query.exact = &s->exact;
	s->detail = true;
	show_begin(c, s);
}

const struct row_template route_templates[] = {
	{{.views = "*",
	  .grammar = "display bgp @af routing-table [ statistics ]",
	  .help = "Shows the routes of the address family.",
	  .level = 1,
	  .run = display_table},
	 0},
	{{.views = "*",
	  .grammar =
		  "display bgp @af routing-table [ statistics ] { as-path-filter filter-name | "
		  "**regular-expression** *regular-expression* | community-filter filter-name [ whole-match ] }",
	  .help = "Shows the routes that a filter matches.",
	  .level = 1,
	  .run = display_table},
	 0},
	{{.views = "*",
	  .grammar =
		  "display bgp @af routing-table [ statistics ] community { community-number | internet | "
		  "no-advertise | no-export | no-export-subconfed }&<1-16> [ whole-match ]",
	  .help = "Shows the routes that carry communities.",
	  .level = 1,
	  .run = display_table},
	 0},
	{{.views = "*",
	  .grammar =
		  "display bgp @af routing-table peer { ipv4-address | ipv6-address } { received-routes | "
		  "accepted-routes | not-accepted-routes | advertised-routes } [ statistics ]",
	  .help = "Shows what a peer sent, what of it the import policy accepted or rejected, or what it was told.",
	  .level = 1,
	  .run = display_table},
	 0},
	{{.views = "*",
	  .grammar = "display bgp @af routing-table @prefix [ longer-prefixes ]",
	  .help = "Shows one prefix in detail, or all that it contains.",
	  .level = 1,
	  .run = display_prefix},
	 AF_PREFIX},
};
const unsigned route_template_count = sizeof route_templates / sizeof *route_templates;
