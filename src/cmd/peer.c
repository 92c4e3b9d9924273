// display bgp [...] peer, peer X log-info, all summary: what the speaker knows of its neighbours, in
// VRP's layout. One record a peer; text and JSON are printed from it.
#include "cmd/peer.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

void peer_record_fill(struct app *a, struct speaker_peer *p, const struct place *place,
		      struct peer_record *r)
{
	const struct af *af = place->af;
	memset(r, 0, sizeof *r);
	r->place = place;
	r->config = speaker_peer_config(p);
	r->session = speaker_peer_session(p);
	r->negotiated = sess_get_negotiated(r->session);
	r->counters = sess_get_counters(r->session);
	r->af = af;
	r->number = speaker_peer_number(p);
	speaker_peer_counts(a->speaker, r->number, af, &r->routes);
	ip_text(&r->config->address, r->address);
	r->as = r->negotiated ? r->negotiated->remote_as : r->config->session.remote_as;
	enum sess_state state = sess_get_state(r->session);
	const char *text = sess_state_text(state);
	if (r->config->session.shutdown)
		text = "Idle(Admin)";
	else if (state == SESS_ESTABLISHED && !(r->negotiated->families & af_bit(af)))
		text = "No neg";
	snprintf(r->state, sizeof r->state, "%s", text);
}

json_t *peer_json(const struct peer_record *r)
{
	json_t *o =
		json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "peer",
			  r->address, "as", (json_int_t)r->as, "state", r->state, "family",
			  r->af->name, "messages_received", (json_int_t)r->counters->in[0],
			  "messages_sent", (json_int_t)r->counters->out[0], "up_seconds",
			  (json_int_t)(sess_up_time(r->session) / 1000000), "established_count",
			  (json_int_t)r->counters->established_count, "routes_received",
			  (json_int_t)r->routes.received, "routes_accepted",
			  (json_int_t)r->routes.accepted, "routes_advertised",
			  (json_int_t)r->routes.advertised, "dynamic", (int)r->config->dynamic);
	if (!place_is_public(r->place))
		json_object_set_new(o, "instance", json_string(r->place->name));
	return o;
}

void peer_row_head(struct buf *b)
{
	buf_text(
		b,
		"  Peer            V         AS  MsgRcvd  MsgSent  OutQ  Up/Down       State  PrefRcv\n");
}

void peer_row(struct buf *b, const struct peer_record *r)
{
	struct buf up = {0};
	show_duration(&up, sess_up_time(r->session));
	buf_format(b, " %c%-15s 4 %10u %8" PRIu64 " %8" PRIu64 " %5u %8s %11s %8u\n",
		   r->config->dynamic ? '*' : ' ', r->address, r->as, r->counters->in[0],
		   r->counters->out[0], 0u, buf_cstr(&up), r->state, r->routes.received);
	buf_free(&up);
}

// --- tables --------------------------------------------------------------------------------------------
struct peers_table {
	struct app *app;
	peer_want *want;
	const void *arg;
	unsigned total, up, dynamic;
	json_t *list;
};

static void place_rows(struct peers_table *t, const struct place *place, struct buf *out)
{
	for (unsigned i = 0; i < speaker_peer_count(t->app->speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(t->app->speaker, i);
		if (!place_has_peer(place, p) || (t->want && !t->want(p, t->arg)))
			continue;
		struct peer_record r;
		peer_record_fill(t->app, p, place, &r);
		t->total++;
		t->up += r.negotiated != NULL;
		t->dynamic += r.config->dynamic;
		peer_row(out, &r);
		json_array_append_new(t->list, peer_json(&r));
	}
}

static void totals_put(struct buf *b, const struct peers_table *t, bool apart)
{
	if (apart)
		buf_format(b,
			   " Total number of peers : %u\n Peers in established state : %u\n"
			   " Total number of dynamic peers : %u\n",
			   t->total, t->up, t->dynamic);
	else
		buf_format(b, " Total number of peers : %-17u Peers in established state : %u\n",
			   t->total, t->up);
}

static void identity_put(struct buf *b, const struct speaker_config *c)
{
	buf_text(b, " BGP local router ID : ");
	show_router_id(b, c->router_id);
	buf_format(b, "\n Local AS number : %u\n", c->as);
}

// Blocks of the instances behind the rows of the family itself, with a line in front of them all.
static void instance_rows(struct peers_table *t, const struct scope *s, struct buf *rows)
{
	bool headed = false;
	for (unsigned i = 0; i < s->count; i++) {
		struct buf block = {0};
		if (place_is_public(&s->places[i]))
			continue;
		place_rows(t, &s->places[i], &block);
		if (block.len && !headed) {
			buf_text(rows, "\n  Peer of ");
			place_kind(rows, s->places[i].af);
			buf_text(rows, " for vpn instance :\n");
		}
		headed |= block.len > 0;
		if (block.len) {
			buf_u8(rows, '\n');
			place_head(rows, &s->places[i]);
			peer_row_head(rows);
			buf_put(rows, block.data, block.len);
		}
		buf_free(&block);
	}
}

// One instance by itself: its name stands in front of the numbers.
static void scope_rows(struct peers_table *t, const struct scope *s, struct buf *out)
{
	struct buf rows = {0};
	bool one = s->count == 1 && !place_is_public(&s->places[0]);
	place_rows(t, &s->places[0], &rows);
	if (!one)
		instance_rows(t, s, &rows);
	if (one) {
		buf_u8(out, '\n');
		place_head(out, &s->places[0]);
	}
	totals_put(out, t, !one && s->places[0].af->props & AF_CLASSIC);
	buf_u8(out, '\n');
	peer_row_head(out);
	buf_put(out, rows.data, rows.len);
	buf_free(&rows);
}

void peers_show(struct cli_call *c, const struct scope *s, peer_want *want, const void *arg)
{
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	struct peers_table t = {.app = app_of(c), .want = want, .arg = arg, .list = json_array()};
	struct buf out = {0}, id = {0};
	if (s->places[0].af->props & AF_CLASSIC && place_is_public(&s->places[0]))
		buf_text(&out, " Status codes: * - Dynamic\n");
	identity_put(&out, config);
	scope_rows(&t, s, &out);
	if (c->json) {
		show_router_id(&id, config->router_id);
		buf_clear(&out);
		show_json(&out, json_pack("{s:s, s:I, s:i, s:i, s:O}", "router_id", buf_cstr(&id),
					  "as", (json_int_t)config->as, "peers_total", (int)t.total,
					  "peers_established", (int)t.up, "peers", t.list));
		buf_u8(&out, '\n');
		buf_free(&id);
	}
	json_decref(t.list);
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

static void display_peers(struct cli_call *c)
{
	struct scope s;
	if (!scope_read_peers(c, &s))
		return;
	peers_show(c, &s, NULL, NULL);
	scope_free(&s);
}

// --- log-info ----------------------------------------------------------------------------------------
static void display_log(struct cli_call *c)
{
	struct scope s;
	const struct place *of;
	if (!scope_read_peers(c, &s))
		return;
	struct speaker_peer *p = scope_peer(c, &s, &of);
	scope_free(&s);
	if (!p)
		return;
	const struct peer_event *events;
	unsigned n = speaker_peer_events(p, &events);
	struct buf out = {0};
	json_t *list = json_array();
	for (unsigned i = 0; i < n; i++) {
		const struct peer_event *e = &events[i];
		if (c->json) {
			json_array_append_new(
				list,
				json_pack("{s:I, s:s, s:i, s:i, s:b}", "at", (json_int_t)e->at,
					  "state", e->up ? "Up" : "Down", "code", (int)e->code,
					  "subcode", (int)e->subcode, "sent", (int)e->sent));
			continue;
		}
		buf_text(&out, " Date/Time     : ");
		show_time(&out, e->at);
		buf_format(&out, "\n State         : %s\n", e->up ? "Up" : "Down");
		if (!e->up && e->code)
			buf_format(
				&out,
				" Error Code    : %u(%s)\n Error Subcode : %u(%s)\n Notification  : %s Notification\n",
				e->code, bgp_error_text(e->code), e->subcode,
				bgp_suberror_text(e->code, e->subcode),
				e->sent ? "Send" : "Receive");
		buf_u8(&out, '\n');
	}
	show_answer(c, &out, "events", list);
}

static const struct row_template templates[] = {
	{.row = {.views = "*",
		 .grammar = "display bgp @peers peer",
		 .help = "Shows the peers of the address family.",
		 .level = 1,
		 .run = display_peers}},
	{.row = {.views = "*",
		 .grammar = "display bgp @peers peer verbose",
		 .help = "Shows every peer in detail.",
		 .level = 1,
		 .run = display_verbose}},
	{.row = {.views = "*",
		 .grammar = "display bgp @peers peer { ipv4-address | ipv6-address } verbose",
		 .help = "Shows one peer in detail.",
		 .level = 1,
		 .run = display_verbose}},
	{.row = {.views = "*",
		 .grammar = "display bgp @peers peer { ipv4-address | ipv6-address } log-info",
		 .help = "Shows when the session of a peer went up and down, and why.",
		 .level = 1,
		 .run = display_log}},
};
const struct template_table peer_templates = {templates, sizeof templates / sizeof *templates};
