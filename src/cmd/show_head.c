// What stands above the rows of a display of routes, in VRP's forms: the legend, the title and the
// numbers of each table, headings between groups of rows (distinguisher, origin AS, type of route),
// and the displays that are nothing but numbers.
#include "cmd/show.h"

#include <string.h>

#include <jansson.h>

static void put_identity(struct buf *b, const struct speaker_config *config)
{
	buf_text(b, "\n BGP local router ID : ");
	show_router_id(b, config->router_id);
	buf_format(b, "\n Local AS number : %u\n", config->as);
}

static void put_legend(struct buf *b, const struct speaker_config *config, const struct af *af)
{
	buf_text(b, " BGP Local router ID is ");
	show_router_id(b, config->router_id);
	buf_text(
		b,
		"\n Status codes: * - valid, > - best, d - damped, x - best external, a - add path,\n"
		"               h - history,  i - internal, s - suppressed, S - Stale\n"
		"               Origin : i - IGP, e - EGP, ? - incomplete\n");
	if (!(af->props & AF_MEMBERSHIP))
		buf_text(b, " RPKI validation codes: V - valid, I - invalid, N - not-found\n");
	buf_u8(b, '\n');
}

void head_all(struct show *s)
{
	const struct speaker_config *config = speaker_running(app_of(s->call)->speaker);

	if (s->detail)
		put_identity(&s->out, config);
	else
		put_legend(&s->out, config, call_family(s->call));
}

// Is the section one of those that stand behind the family's own table?
static bool is_behind(const struct show *s, const struct section *x)
{
	return s->scope.all && !place_is_public(&x->place);
}

static void put_count(struct buf *b, const struct show *s, const struct section *x)
{
	if (x->view == RIB_VIEW_ADVERTISED) {
		buf_format(b, " Advertised routes total: %u\n", x->count);
	} else if (x->peer != RIB_NO_PEER) {
		buf_format(b, " Received routes total: %u\n", x->count);
	} else if (!place_is_public(&x->place) && x->place.af->types) {
		buf_text(b, " Total number of routes of ");
		place_kind(b, x->place.af);
		buf_format(b, " for vpn-instance %s: %u\n", x->place.name, x->count);
	} else if (is_behind(s, x)) {
		buf_format(b, " Total routes of vpn-instance %s: %u\n", x->place.name, x->count);
	} else if (s->scope.all) {
		buf_format(b, " Total number of routes from all PE: %u\n", x->count);
	} else {
		buf_format(b, " Total Number of Routes: %u\n", x->count);
	}
}

static void put_distinguisher(struct buf *b, const struct section *x)
{
	buf_text(b, "\n Total routes of Route Distinguisher(");
	rd_put(b, x->place.af->rd(&x->exact));
	buf_format(b, "): %u\n", x->count);
}

static void detail_section(struct show *s, const struct section *x)
{
	struct buf *b = &s->out;

	if (!place_is_public(&x->place)) {
		buf_u8(b, '\n');
		place_head(b, &x->place);
		buf_format(b, "\n Total Number of Routes: %u\n", x->count);
	} else if (x->place.af->rd) {
		put_distinguisher(b, x);
	} else if (x->place.af->target) {
		uint8_t target[8];
		unsigned bits;
		uint32_t as;
		x->place.af->target(&x->exact, target, &bits, &as);
		buf_format(b, "\n Origin AS: %u\n", as);
	} else {
		buf_format(
			b,
			" Paths:   %u available, %u best, %u select, 0 best-external, 0 add-path\n",
			x->count, x->best, x->best);
	}
}

// Rows of this table stand under headings of their own, each with its columns.
static bool is_grouped(const struct section *x)
{
	const struct af *af = x->place.af;

	return af->types || af->target || (af->rd && place_is_public(&x->place));
}

void head_section(struct show *s, const struct section *x)
{
	if (s->detail) {
		detail_section(s, x);
		return;
	}
	if (is_behind(s, x)) {
		buf_u8(&s->out, '\n');
	} else if (!place_is_public(&x->place)) {
		place_head(&s->out, &x->place);
		buf_u8(&s->out, '\n');
	}
	put_count(&s->out, s, x);
	if (!is_grouped(x))
		route_row_head(&s->out, x->place.af, 0);
}

static void put_type(struct buf *b, const struct section *x, unsigned type)
{
	const struct af_type *t = route_type_row(x->place.af, type);

	if (t)
		buf_format(b, "    Number of %s Routes: %u\n", t->title,
			   x->types[type < SHOW_TYPES ? type : 0]);
}

void head_group(struct show *s, const struct section *x, const struct route_record *r)
{
	bool new_type = r->type != s->type;
	bool same = !strcmp(buf_cstr(&s->group), buf_cstr(&r->group)) && s->last.len;

	if (!is_grouped(x) || (same && !new_type))
		return;
	if (new_type)
		put_type(&s->out, x, r->type);
	// The tables of an instance have no distinguishers of their own.
	if (place_is_public(&x->place))
		buf_format(&s->out, "\n %s: %s\n",
			   r->af->target ? "Origin AS" : "Route Distinguisher",
			   buf_cstr(&r->group));
	if (place_is_public(&x->place) || new_type)
		route_row_head(&s->out, x->place.af, r->type);
	buf_clear(&s->group);
	buf_text(&s->group, buf_cstr(&r->group));
	buf_clear(&s->last);
	s->type = r->type;
}

// --- numbers ----------------------------------------------------------------------------------------
static json_t *types_json(const struct section *x)
{
	json_t *o = json_object();

	for (const struct af_type *t = x->place.af->types; t && t->title; t++)
		if (t->type < SHOW_TYPES)
			json_object_set_new(o, t->title, json_integer(x->types[t->type]));
	return o;
}

static json_t *section_json(const struct section *x)
{
	json_t *o = json_pack("{s:s, s:s, s:I, s:I}", "instance", x->place.name, "family",
			      x->place.af->name, "routes", (json_int_t)x->count, "best",
			      (json_int_t)x->best);

	if (x->place.af->types)
		json_object_set_new(o, "types", types_json(x));
	if (x->place.af->rd && place_is_public(&x->place))
		json_object_set_new(o, "route_distinguishers", json_integer(x->groups));
	return o;
}

static void print_json(struct show *s, json_t *o)
{
	show_json(&s->out, o);
	buf_u8(&s->out, '\n');
	cli_write(s->call, buf_cstr(&s->out), s->out.len);
	buf_clear(&s->out);
}

static json_t *numbers_json(const struct show *s)
{
	unsigned best, count = show_total(s, &best);
	json_t *o = json_pack("{s:I, s:I}", "routes", (json_int_t)count, "best", (json_int_t)best);

	if (!call_family(s->call)->inner)
		return o;
	json_t *tables = json_array();
	for (unsigned i = 0; i < s->section_count; i++)
		json_array_append_new(tables, section_json(&s->sections[i]));
	json_object_set_new(o, "tables", tables);
	return o;
}

void head_statistics(struct show *s)
{
	if (s->call->json) {
		print_json(s, numbers_json(s));
		return;
	}
	for (unsigned i = 0; i < s->section_count; i++) {
		const struct section *x = &s->sections[i];
		if (i)
			buf_u8(&s->out, '\n');
		// How many routes there are is all that this display says, whoever sent them.
		if (x->peer != RIB_NO_PEER && !x->place.af->inner)
			buf_format(&s->out, " Total Number of Routes: %u\n", x->count);
		else
			put_count(&s->out, s, x);
		for (const struct af_type *t = x->place.af->types; !s->want.type && t && t->title;
		     t++)
			put_type(&s->out, x, t->type);
	}
	cli_write(s->call, buf_cstr(&s->out), s->out.len);
	buf_clear(&s->out);
}

static unsigned count_peers(struct show *s, const struct place *p)
{
	struct speaker *speaker = app_of(s->call)->speaker;
	unsigned n = 0;

	for (unsigned i = 0; i < speaker_peer_count(speaker); i++)
		n += place_has_peer(p, speaker_peer_at(speaker, i));
	return n;
}

static void brief_json(struct show *s)
{
	json_t *tables = json_array();

	for (unsigned i = 0; i < s->section_count; i++) {
		json_t *o = section_json(&s->sections[i]);
		json_object_set_new(o, "peers",
				    json_integer(count_peers(s, &s->sections[i].place)));
		json_array_append_new(tables, o);
	}
	print_json(s, json_pack("{s:o}", "tables", tables));
}

void head_brief(struct show *s)
{
	struct buf *b = &s->out;
	bool headed = false;

	if (s->call->json) {
		brief_json(s);
		return;
	}
	for (unsigned i = 0; i < s->section_count; i++) {
		const struct section *x = &s->sections[i];
		if (place_is_public(&x->place)) {
			buf_u8(b, '\n');
			for (const char *p = call_family(s->call)->selector; *p; p++)
				buf_u8(b, (uint8_t)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p));
			buf_format(b, ":\n  %-19s %-19s %s\n  %-19u %-19u %u\n", "RD Num",
				   "Peer Num", "Route Num", x->groups, count_peers(s, &x->place),
				   x->count);
			continue;
		}
		if (!headed) {
			buf_text(b, "\nVPN-Instance(");
			place_kind(b, x->place.af);
			buf_format(b, "):\n  %-31s %-19s %s\n", "VPN-Instance Name", "Peer Num",
				   "Route Num");
		}
		headed = true;
		buf_format(b, "  %-31s %-19u %u\n", x->place.name, count_peers(s, &x->place),
			   x->count);
	}
	cli_write(s->call, buf_cstr(b), b->len);
	buf_clear(b);
}
