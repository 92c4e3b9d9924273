// The way of a display of routes: counts each section, prints the numbers, then prints each. A
// section in detail is followed by the question to every peer of its instance whether it has been
// told the prefix. What collects (a prefix in the table of VPN routes) becomes as many sections as
// there are destinations that match.
#include "cmd/show.h"

#include <string.h>

#include <jansson.h>

#include "base/mem.h"

struct show *show_new(struct cli_call *c)
{
	struct show *s = MEM_NEW(struct show);

	s->call = c;
	map_init_number(&s->seen);
	if (scope_read(c, &s->scope))
		return s;
	show_free(s);
	return NULL;
}

void show_free(struct show *s)
{
	scope_free(&s->scope);
	mem_free(s->sections);
	route_filter_free(s->filter);
	explain_ask_free(s->explain);
	map_free(&s->seen);
	buf_free(&s->last);
	buf_free(&s->group);
	buf_free(&s->out);
	mem_free(s);
}

void show_add(struct show *s, const struct place *place)
{
	s->sections = mem_resize(s->sections, (s->section_count + 1) * sizeof *s->sections);
	s->sections[s->section_count++] = (struct section){
		.place = *place, .view = RIB_VIEW_LOC, .peer = RIB_NO_PEER, .shorter = -1};
}

unsigned show_total(const struct show *s, unsigned *ret_best)
{
	unsigned count = 0;

	*ret_best = 0;
	for (unsigned i = 0; i < s->section_count; i++) {
		count += s->sections[i].count;
		*ret_best += s->sections[i].best;
	}
	return count;
}

static struct section *show_here(struct show *s)
{
	return &s->sections[s->at];
}

static void show_flush(struct show *s)
{
	cli_write(s->call, buf_cstr(&s->out), s->out.len);
	buf_clear(&s->out);
}

// --- what is meant ----------------------------------------------------------------------------------
static bool covers(const struct show_want *w, const struct rib_route *route)
{
	unsigned bits;
	const uint8_t *p = route->af->prefix(&route->key, &bits);

	return bits_equal(p, w->address.b, bits) && (w->bits < 0 || bits == (unsigned)w->bits);
}

static bool has_target(const struct show_want *w, const struct rib_route *route)
{
	uint8_t target[8];
	unsigned bits;
	uint32_t as;

	route->af->target(&route->key, target, &bits, &as);
	return (!w->by_as || as == w->as) &&
	       (!w->by_target || (bits == 64 && memcmp(target, w->target, 8) == 0));
}

static bool has_fields(const struct show_want *w, const struct rib_route *route)
{
	struct buf fields = {0};
	route_fields(&fields, route->af, &route->key);
	bool same = strcmp(buf_cstr(&fields), w->fields) == 0;
	buf_free(&fields);
	return same;
}

bool show_wants(const struct show *s, const struct rib_route *route)
{
	const struct show_want *w = &s->want;
	const struct af *af = route->af;

	if (w->by_rd && af->rd && memcmp(af->rd(&route->key), w->rd, RD_SIZE) != 0)
		return false;
	if (w->type && af->route_type(&route->key) != w->type)
		return false;
	if ((w->by_as || w->by_target) && !has_target(w, route))
		return false;
	if (w->fields && !has_fields(w, route))
		return false;
	return !w->covering || !af->rd || covers(w, route);
}

// --- rows -----------------------------------------------------------------------------------------
static void show_route(struct show *s, const struct rib_route *route)
{
	const struct section *x = show_here(s);
	struct route_record r;

	route_record_fill(app_of(s->call), &x->place, &r, route, x->view);
	if (s->call->json) {
		buf_text(&s->out, s->first ? "\n" : ",\n");
		show_json(&s->out, route_json(&r));
	} else if (s->detail) {
		route_detail(&s->out, &r);
	} else {
		head_group(s, x, &r);
		r.same_prefix = !strcmp(buf_cstr(&s->last), buf_cstr(&r.prefix));
		route_row(&s->out, &r);
		buf_clear(&s->last);
		buf_text(&s->last, buf_cstr(&r.prefix));
	}
	s->first = false;
	route_record_free(&r);
}

static bool same_group(const struct af *af, const struct af_key *a, const struct af_key *b)
{
	return memcmp(af->rd(a), af->rd(b), RD_SIZE) == 0;
}

// Destinations that match stand behind the section that collects, until it ends. Of prefixes that
// cover an address the longest counts.
static void show_collect(struct show *s, const struct rib_route *route)
{
	struct section *from = show_here(s);
	struct section *last = s->section_count > s->at + 1 && from->groups
				       ? &s->sections[s->at + from->groups]
				       : NULL;

	if (last && memcmp(&last->exact, &route->key, sizeof route->key) == 0) {
		last->count++;
		last->best += route->best;
		return;
	}
	struct section one = *from;
	one.one = true;
	one.collect = false;
	one.groups = 0;
	one.exact = route->key;
	one.count = 1;
	one.best = route->best;
	if (last && s->want.covering && same_group(route->af, &last->exact, &route->key)) {
		unsigned have, now;
		route->af->prefix(&last->exact, &have);
		route->af->prefix(&route->key, &now);
		if (now > have)
			*last = one;
		return;
	}
	s->sections = mem_resize(s->sections, (s->section_count + 1) * sizeof one);
	from = show_here(s);
	unsigned to = s->at + ++from->groups;
	memmove(&s->sections[to + 1], &s->sections[to], (s->section_count - to) * sizeof one);
	s->sections[to] = one;
	s->section_count++;
}

// Is its distinguisher one that the section has not had yet? Where types come first in the order of
// keys, distinguishers come again.
static bool is_new_group(struct show *s, const struct section *x, const struct rib_route *route)
{
	uint64_t number;

	if (!route->af->types)
		return x->count == 1 || !same_group(route->af, &x->exact, &route->key);
	memcpy(&number, route->af->rd(&route->key), sizeof number);
	return !map_put_number(&s->seen, number, s);
}

static void section_count_route(struct show *s, struct section *x, const struct rib_route *route)
{
	const struct af *af = route->af;

	x->count++;
	x->best += route->best;
	if (af->types) {
		unsigned type = af->route_type(&route->key);
		x->types[type < SHOW_TYPES ? type : 0]++;
	}
	if (af->rd)
		x->groups += is_new_group(s, x, route);
	if (!x->one)
		x->exact = route->key;
}

// A peer that has the prefix in its Adj-RIB-Out.
static void show_told_peer(struct show *s)
{
	struct speaker_peer *p = speaker_peer_by_number(app_of(s->call)->speaker, s->asking);

	if (!p)
		return;
	s->told++;
	buf_text(&s->out, "    ");
	ip_put(&s->out, &speaker_peer_config(p)->address);
	buf_u8(&s->out, '\n');
}

static void show_one(struct show *s, const struct rib_route *route)
{
	struct section *x = show_here(s);

	if (!show_wants(s, route) || !route_filter_matches(s->filter, route, x->view))
		return;
	if (s->phase == SHOW_PRINT)
		show_route(s, route);
	else if (x->collect)
		show_collect(s, route);
	else
		section_count_route(s, x, route);
}

static bool show_rows(void *arg, const struct rib_route *routes, unsigned n)
{
	struct show *s = arg;

	if (s->phase == SHOW_TOLD) {
		if (n)
			show_told_peer(s);
		return true;
	}
	for (unsigned i = 0; i < n; i++)
		show_one(s, &routes[i]);
	show_flush(s);
	if (cli_full(s->call))
		speaker_read_pause(s->read, true);
	return true;
}

// --- steps ----------------------------------------------------------------------------------------
static void show_end(void *arg, bool complete);

static void show_read(struct show *s)
{
	const struct section *x = show_here(s);
	struct rib_query q = {.af = x->place.af,
			      .view = x->view,
			      .peer = x->peer,
			      .exact = x->one ? &x->exact : NULL,
			      .within = x->inside && !x->one ? &x->within : NULL};

	s->read = speaker_read_start(app_of(s->call)->speaker, x->place.instance, &q, NULL,
				     show_rows, show_end, s);
}

static void show_ask(struct show *s, const struct speaker_peer *p)
{
	const struct section *x = show_here(s);
	struct rib_query q = {.af = x->place.af,
			      .view = RIB_VIEW_ADVERTISED,
			      .peer = speaker_peer_number(p),
			      .exact = &x->exact};

	s->asking = q.peer;
	s->read = speaker_read_start(app_of(s->call)->speaker, x->place.instance, &q, NULL,
				     show_rows, show_end, s);
}

// Detail: asks for the next peer's Adj-RIB-Out. false: all have been asked, and the answer is printed.
static bool show_next_peer(struct show *s)
{
	struct speaker *speaker = app_of(s->call)->speaker;
	const struct section *x = show_here(s);

	while (s->asked < speaker_peer_count(speaker)) {
		const struct speaker_peer *p = speaker_peer_at(speaker, s->asked++);
		const struct sess_negotiated *n = sess_get_negotiated(speaker_peer_session(p));
		if (!n || !(n->families & af_bit(x->place.af)) || !place_has_peer(&x->place, p))
			continue;
		show_ask(s, p);
		return true;
	}
	if (s->told)
		cli_print(s->call, " Advertised to such %u peers:\n", s->told);
	else
		cli_print(s->call, " Not advertised to any peer yet\n");
	show_flush(s);
	return false;
}

// An address without a length: the next shorter prefix that could contain it.
static bool show_shorter(struct show *s)
{
	struct section *x = show_here(s);

	if (x->count || x->shorter < 0)
		return false;
	x->place.af->from_prefix(&s->want.address, (unsigned)x->shorter--, &x->exact);
	show_read(s);
	return true;
}

static void show_collected(struct show *s)
{
	unsigned n = show_here(s)->groups;

	s->section_count--;
	memmove(show_here(s), show_here(s) + 1, (s->section_count - s->at) * sizeof *s->sections);
	s->at += n;
}

static void show_finish(struct show *s)
{
	struct cli_call *c = s->call;

	if (c->json && s->phase != SHOW_COUNT)
		cli_print(c, "\n]}\n");
	show_free(s);
	c->data = NULL;
	cli_done(c);
}

static void show_next(struct show *s);

// A prefix that nobody has announced, or of which nothing was kept: why nobody is told of it can be
// said too, where there is one table to ask.
static bool explains_nothing(const struct show *s)
{
	return s->explain && s->want.bits >= 0 && s->section_count == 1 && s->sections[0].one;
}

static void show_counted(struct show *s)
{
	unsigned best, count = show_total(s, &best);

	if (s->statistics) {
		head_statistics(s);
	} else if (s->brief) {
		head_brief(s);
	} else if (s->detail && !count && !s->call->json && !explains_nothing(s)) {
		cli_print(s->call, "Info: The network does not exist.\n");
	} else {
		s->phase = SHOW_PRINT;
		s->at = 0;
		s->first = true;
		if (s->call->json)
			cli_print(s->call, "{\"total\":%u,\"%s\":[", count,
				  s->explain ? "explanations" : "routes");
		else if (!s->explain)
			head_all(s);
		show_next(s);
		return;
	}
	show_finish(s);
}

static void show_explained(void *arg)
{
	struct show *s = arg;

	s->at++;
	if (cli_full(s->call))
		s->waiting = true;
	else
		show_next(s);
}

// One destination a section.
static void show_explain(struct show *s)
{
	const struct section *x;

	while (s->at < s->section_count && !show_here(s)->count && !explains_nothing(s))
		s->at++;
	if (s->at == s->section_count) {
		show_finish(s);
		return;
	}
	x = show_here(s);
	explain_ask_start(s->explain, &x->place, &x->exact, show_explained, s);
}

// Reads the next section of this phase.
static void show_next(struct show *s)
{
	if (s->phase == SHOW_COUNT) {
		map_free(&s->seen);
		map_init_number(&s->seen);
		if (s->at < s->section_count)
			show_read(s);
		else
			show_counted(s);
		return;
	}
	if (s->explain) {
		show_explain(s);
		return;
	}
	for (; s->at < s->section_count; s->at++) {
		const struct section *x = show_here(s);
		buf_clear(&s->last);
		buf_clear(&s->group);
		s->type = 0;
		if (!s->call->json && (x->count || !s->detail))
			head_section(s, x);
		show_flush(s);
		if (x->count)
			break;
	}
	if (s->at < s->section_count)
		show_read(s);
	else
		show_finish(s);
}

// true: something else is under way before the section is over.
static bool show_goes_on(struct show *s)
{
	if (s->phase == SHOW_COUNT)
		return show_shorter(s);
	if (!s->detail || s->call->json || s->by_peer)
		return false;
	if (s->phase == SHOW_PRINT)
		s->asked = s->told = 0;
	s->phase = SHOW_TOLD;
	if (show_next_peer(s))
		return true;
	s->phase = SHOW_PRINT;
	return false;
}

static void show_end(void *arg, bool complete)
{
	struct show *s = arg;

	s->read = NULL;
	if (!complete) { // the instance went away: what came has been shown
		show_finish(s);
		return;
	}
	if (show_goes_on(s))
		return;
	if (s->phase == SHOW_COUNT && show_here(s)->collect)
		show_collected(s);
	else
		s->at++;
	show_next(s);
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

	if (s && s->waiting) {
		s->waiting = false;
		show_next(s);
	} else if (s && s->read) {
		speaker_read_pause(s->read, false);
	}
}

void show_begin(struct show *s)
{
	struct cli_call *c = s->call;

	c->data = s;
	c->resume = show_resume;
	cli_later(c, show_cancel);
	s->phase = SHOW_COUNT;
	s->at = 0;
	show_next(s);
}
