// display bgp [...] peer, peer verbose, peer X verbose, peer X log-info, group: what the speaker
// knows of its neighbours, in VRP's layout. One record a peer; text and JSON are printed from it.
#include "cmd/app.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

struct peer_record {
	const struct peer_config *config;
	struct sess *session;
	const struct sess_negotiated *negotiated; // NULL unless Established
	const struct sess_counters *counters;
	struct rib_counts routes;
	const struct af *af;
	uint16_t number;
	char address[IP_TEXT_MAX];
	char state[24];
	uint32_t as;
};

static void peer_record_fill(struct app *a, struct speaker_peer *p, const struct af *af,
			     struct peer_record *r)
{
	memset(r, 0, sizeof *r);
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

static bool peer_in_family(const struct speaker_peer *p, const struct af *af)
{
	return speaker_peer_config(p)->family[af_index(af)].enabled;
}

static json_t *peer_json(const struct peer_record *r)
{
	return json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "peer",
			 r->address, "as", (json_int_t)r->as, "state", r->state, "family",
			 r->af->name, "messages_received", (json_int_t)r->counters->in[0],
			 "messages_sent", (json_int_t)r->counters->out[0], "up_seconds",
			 (json_int_t)(sess_up_time(r->session) / 1000000), "established_count",
			 (json_int_t)r->counters->established_count, "routes_received",
			 (json_int_t)r->routes.received, "routes_accepted",
			 (json_int_t)r->routes.accepted, "routes_advertised",
			 (json_int_t)r->routes.advertised, "dynamic", (int)r->config->dynamic);
}

static void peer_row(struct buf *b, const struct peer_record *r)
{
	struct buf up = {0};
	show_duration(&up, sess_up_time(r->session));
	buf_format(b, " %c%-15s 4 %10u %8" PRIu64 " %8" PRIu64 " %5u %8s %11s %8u\n",
		   r->config->dynamic ? '*' : ' ', r->address, r->as, r->counters->in[0],
		   r->counters->out[0], 0u, buf_cstr(&up), r->state, r->routes.received);
	buf_free(&up);
}

static void peers_head(struct buf *b, const struct speaker_config *c, unsigned total, unsigned up,
		       unsigned dynamic, bool classic)
{
	if (classic)
		buf_text(b, " Status codes: * - Dynamic\n");
	buf_text(b, " BGP local router ID : ");
	show_router_id(b, c->router_id);
	buf_format(b, "\n Local AS number : %u\n", c->as);
	if (classic)
		buf_format(b,
			   " Total number of peers : %u\n Peers in established state : %u\n"
			   " Total number of dynamic peers : %u\n",
			   total, up, dynamic);
	else
		buf_format(b, " Total number of peers : %-17u Peers in established state : %u\n",
			   total, up);
	buf_text(
		b,
		"\n  Peer            V         AS  MsgRcvd  MsgSent  OutQ  Up/Down       State  PrefRcv\n");
}

static bool bgp_runs(struct cli_call *c)
{
	if (speaker_running(app_of(c)->speaker) && speaker_running(app_of(c)->speaker)->present)
		return true;
	cli_error(c, "BGP is not configured.");
	return false;
}

static void peers_list(struct cli_call *c,
		       bool (*want)(const struct speaker_peer *p, const void *arg), const void *arg)
{
	struct app *a = app_of(c);
	const struct af *af = call_family(c);
	struct buf rows = {0}, out = {0};
	json_t *list = json_array();
	unsigned total = 0, up = 0, dynamic = 0;
	for (unsigned i = 0; i < speaker_peer_count(a->speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(a->speaker, i);
		if (!peer_in_family(p, af) || (want && !want(p, arg)))
			continue;
		struct peer_record r;
		peer_record_fill(a, p, af, &r);
		total++;
		up += r.negotiated != NULL;
		dynamic += r.config->dynamic;
		peer_row(&rows, &r);
		json_array_append_new(list, peer_json(&r));
	}
	const struct speaker_config *config = speaker_running(a->speaker);
	if (c->json) {
		struct buf id = {0};
		show_router_id(&id, config->router_id);
		show_json(&out, json_pack("{s:s, s:I, s:i, s:i, s:O}", "router_id", buf_cstr(&id),
					  "as", (json_int_t)config->as, "peers_total", (int)total,
					  "peers_established", (int)up, "peers", list));
		buf_u8(&out, '\n');
		buf_free(&id);
	} else {
		peers_head(&out, config, total, up, dynamic, (af->props & AF_CLASSIC) != 0);
		buf_put(&out, rows.data, rows.len);
	}
	json_decref(list);
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&rows);
	buf_free(&out);
}

static void display_peers(struct cli_call *c)
{
	if (bgp_runs(c))
		peers_list(c, NULL, NULL);
}

// --- verbose ------------------------------------------------------------------------------------------
static void verbose_timers(struct buf *b, const struct peer_record *r)
{
	const struct sess_config *s = &r->config->session;
	buf_format(b, "         Configured: Connect-retry Time: %u sec\n", s->connect_retry);
	buf_format(b, "         Configured: Active Hold Time: %u sec   Keepalive Time:%u sec\n",
		   s->hold_time, s->keepalive);
	if (r->negotiated) {
		buf_format(b, "         Received  : Active Hold Time: %u sec\n",
			   r->negotiated->hold_time);
		buf_format(
			b,
			"         Negotiated: Active Hold Time: %u sec   Keepalive Time:%u sec\n",
			r->negotiated->hold_time, r->negotiated->keepalive);
	}
}

static void verbose_capabilities(struct buf *b, const struct peer_record *r)
{
	if (!r->negotiated)
		return;
	const struct capabilities *in = &r->negotiated->received, *out = &r->negotiated->sent;
	buf_text(b, "         Peer optional capabilities:\n");
	if (in->multiprotocol)
		buf_text(b, "         Peer supports bgp multi-protocol extension\n");
	if (in->refresh)
		buf_text(b, "         Peer supports bgp route refresh capability\n");
	if (in->enhanced_refresh)
		buf_text(b, "         Peer supports bgp enhanced route refresh capability\n");
	if (in->as4)
		buf_text(b, "         Peer supports bgp 4-byte-as capability\n");
	if (in->extended_message)
		buf_text(b, "         Peer supports bgp extended message capability\n");
	for (unsigned i = 0; i < af_count; i++) {
		bool sent = (out->families & af_bit(af_list[i])) != 0,
		     got = (in->families & af_bit(af_list[i])) != 0;
		if (sent || got)
			buf_format(b, "         Address family %s: %s\n", af_list[i]->title,
				   sent && got ? "advertised and received"
				   : sent      ? "advertised"
					       : "received");
	}
}

static void verbose_messages(struct buf *b, const char *title, const uint64_t n[6])
{
	static const char *const names[] = {NULL,
					    "Open messages",
					    "Update messages",
					    "Notification messages",
					    "KeepAlive messages",
					    "Refresh messages"};
	static const enum bgp_type order[] = {BGP_UPDATE, BGP_OPEN, BGP_KEEPALIVE, BGP_NOTIFICATION,
					      BGP_ROUTE_REFRESH};
	buf_format(b, " %s: Total %" PRIu64 " messages\n", title, n[0]);
	for (unsigned i = 0; i < sizeof order / sizeof *order; i++)
		buf_format(b, "                  %-30s %" PRIu64 "\n", names[order[i]],
			   n[order[i]]);
}

static void verbose_moment(struct buf *b, const char *title, int64_t at, const char *never)
{
	if (at) {
		buf_format(b, " %s: ", title);
		show_time(b, at);
		buf_u8(b, '\n');
	} else if (never) {
		buf_format(b, " %s\n", never);
	}
}

static void verbose_options(struct buf *b, const struct peer_record *r)
{
	const struct peer_family *f = &r->config->family[af_index(r->af)];
	buf_format(b, " Minimum route advertisement interval is %u seconds\n", f->update_interval);
	buf_text(b, " Optional capabilities:\n");
	if (r->config->session.refresh)
		buf_text(b, " Route refresh capability has been enabled\n");
	if (r->config->session.as4)
		buf_text(b, " 4-byte-as capability has been enabled\n");
	if (f->import.keep_all)
		buf_text(b, " Keep-all-routes has been enabled\n");
	buf_format(b, " Peer Preferred Value: %u\n", f->import.preferred_value);
	buf_text(b, " Routing policy configured:\n");
	if (!f->import_policy[0] && !f->export_policy[0])
		buf_text(b, " No routing policy is configured\n");
	if (f->import_policy[0])
		buf_format(b, " Import route policy is %s\n", f->import_policy);
	if (f->export_policy[0])
		buf_format(b, " Export route policy is %s\n", f->export_policy);
}

static void verbose_text(struct buf *b, const struct peer_record *r)
{
	const struct sess_config *s = &r->config->session;
	buf_format(b, "\n         BGP Peer is %s,  remote AS %u\n         Type: %s link\n",
		   r->address, r->as, s->internal ? "IBGP" : "EBGP");
	buf_text(b, "         BGP version 4, Remote router ID ");
	show_router_id(b, r->negotiated ? r->negotiated->remote_router_id : 0);
	buf_format(b, "\n         Update-group ID: %u\n", r->routes.group);
	buf_format(b, "         BGP current state: %s, Up for ", r->state);
	show_duration_long(b, sess_up_time(r->session));
	buf_format(b, "\n         BGP current event: %s\n         BGP last state: %s\n",
		   sess_last_event(r->session), sess_state_text(sess_last_state(r->session)));
	buf_format(b, "         BGP Peer Up count: %u\n", r->counters->established_count);
	buf_format(
		b,
		"         Received total routes: %u\n         Received active routes total: %u\n         Advertised total routes: %u\n",
		r->routes.received, r->routes.best, r->routes.advertised);
	if (r->negotiated)
		buf_format(b, "         Port: Local - %u        Remote - %u\n",
			   r->negotiated->local_port, r->negotiated->remote_port);
	verbose_timers(b, r);
	verbose_capabilities(b, r);
	verbose_messages(b, "Received", r->counters->in);
	verbose_messages(b, "Sent", r->counters->out);
	verbose_moment(b, "Last keepalive received", r->counters->last_keepalive_in, NULL);
	verbose_moment(b, "Last update    received", r->counters->last_update_in, NULL);
	verbose_moment(b, "Last update    sent    ", r->counters->last_update_out, NULL);
	verbose_moment(b, "Last refresh received  ", r->counters->last_refresh_in,
		       "No refresh received since peer has been configured");
	verbose_moment(b, "Last refresh sent      ", r->counters->last_refresh_out,
		       "No refresh sent since peer has been configured");
	if (r->config->description[0])
		buf_format(b, " Peer's description: \"%s\"\n", r->config->description);
	verbose_options(b, r);
}

static json_t *verbose_json(const struct peer_record *r)
{
	json_t *o = peer_json(r);
	const struct peer_family *f = &r->config->family[af_index(r->af)];
	json_t *more =
		json_pack("{s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "type",
			  r->config->session.internal ? "ibgp" : "ebgp", "keep_all_routes",
			  (int)f->import.keep_all, "route_refresh",
			  (int)(r->negotiated && r->negotiated->refresh), "enhanced_route_refresh",
			  (int)(r->negotiated && r->negotiated->enhanced_refresh),
			  "refresh_received", (json_int_t)r->counters->refresh_in, "refresh_sent",
			  (json_int_t)r->counters->refresh_out, "routes_rejected",
			  (json_int_t)r->routes.rejected, "routes_best", (json_int_t)r->routes.best,
			  "update_group", (json_int_t)r->routes.group, "worst_keepalive_delay_us",
			  (json_int_t)r->counters->worst_keepalive_delay, "import_policy",
			  f->import_policy, "export_policy", f->export_policy);
	json_object_update(o, more);
	json_decref(more);
	return o;
}

static void display_verbose(struct cli_call *c)
{
	struct app *a = app_of(c);
	struct ip only = {0};
	bool one = call_peer_address(c, &only);
	if (!bgp_runs(c))
		return;
	if (one && !speaker_peer_find(a->speaker, INSTANCE_PUBLIC, &only)) {
		cli_error(c, "The peer does not exist.");
		return;
	}
	struct buf out = {0};
	json_t *list = json_array();
	for (unsigned i = 0; i < speaker_peer_count(a->speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(a->speaker, i);
		const struct peer_config *config = speaker_peer_config(p);
		if (!peer_in_family(p, call_family(c)) ||
		    (one && !ip_equal(&config->address, &only)))
			continue;
		struct peer_record r;
		peer_record_fill(a, p, call_family(c), &r);
		if (c->json)
			json_array_append_new(list, verbose_json(&r));
		else
			verbose_text(&out, &r);
	}
	if (c->json) {
		show_json(&out, json_pack("{s:O}", "peers", list));
		buf_u8(&out, '\n');
	}
	json_decref(list);
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

// --- log-info ----------------------------------------------------------------------------------------
static void display_log(struct cli_call *c)
{
	struct app *a = app_of(c);
	struct ip address = {0};
	call_peer_address(c, &address);
	struct speaker_peer *p = speaker_peer_find(a->speaker, INSTANCE_PUBLIC, &address);
	if (!p) {
		cli_error(c, "The peer does not exist.");
		return;
	}
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
	if (c->json) {
		show_json(&out, json_pack("{s:O}", "events", list));
		buf_u8(&out, '\n');
	}
	json_decref(list);
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
}

// --- groups ------------------------------------------------------------------------------------------
static bool peer_of_group(const struct speaker_peer *p, const void *group)
{
	return !strcmp(speaker_peer_config(p)->group, group);
}

static void group_show(struct cli_call *c, const struct group_config *g)
{
	const struct sess_config *s = &g->template_peer.session;
	const struct peer_family *f = &g->template_peer.family[af_index(call_family(c))];
	cli_print(c, " BGP peer-group: %s\n", g->name);
	if (g->as)
		cli_print(c, " Remote AS: %u\n", g->as);
	else
		cli_print(c, " Remote AS number isn't specified\n");
	cli_print(c, " Type : %s\n", g->listen ? "listen" : g->external ? "external" : "internal");
	cli_print(c, " Configured hold timer value: %u\n Keepalive timer value: %u\n", s->hold_time,
		  s->keepalive);
	cli_print(c, " Minimum route advertisement interval is %u seconds\n PeerSession Members:\n",
		  f->update_interval);
	struct app *a = app_of(c);
	bool any = false;
	for (unsigned i = 0; i < speaker_peer_count(a->speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(a->speaker, i);
		if (!peer_of_group(p, g->name))
			continue;
		char text[IP_TEXT_MAX];
		cli_print(c, "  %s", ip_text(&speaker_peer_config(p)->address, text));
		any = true;
	}
	cli_print(c, any ? "\n" : "  No Peer Exists\n");
	cli_print(c, " Peer Preferred Value: %u\n", f->import.preferred_value);
	if (!f->import_policy[0] && !f->export_policy[0])
		cli_print(c, " No routing policy is configured\n");
	if (f->import_policy[0])
		cli_print(c, " Import route policy is %s\n", f->import_policy);
	if (f->export_policy[0])
		cli_print(c, " Export route policy is %s\n", f->export_policy);
	cli_print(c, " Peer Members:\n");
	peers_list(c, peer_of_group, g->name);
	cli_print(c, "\n");
}

static void display_group(struct cli_call *c)
{
	if (!bgp_runs(c))
		return;
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	const char *name = conf_value(c->line, "group-name");
	if (name && !speaker_config_group(config, name)) {
		cli_error(c, "The peer group does not exist.");
		return;
	}
	if (c->json) {
		struct buf out = {0};
		json_t *list = json_array();
		for (unsigned i = 0; i < config->group_count; i++)
			if (!name || !strcmp(name, config->groups[i].name))
				json_array_append_new(
					list, json_pack("{s:s, s:I, s:s}", "group",
							config->groups[i].name, "as",
							(json_int_t)config->groups[i].as, "type",
							config->groups[i].external ? "external"
										   : "internal"));
		show_json(&out, json_pack("{s:o}", "groups", list));
		cli_print(c, "%s\n", buf_cstr(&out));
		buf_free(&out);
		return;
	}
	for (unsigned i = 0; i < config->group_count; i++)
		if (!name || !strcmp(name, config->groups[i].name))
			group_show(c, &config->groups[i]);
	if (!config->group_count)
		cli_print(c, " No such a peer-group \n");
}

const struct row_template peer_templates[] = {
	{{.views = "*",
	  .grammar = "display bgp @af peer",
	  .help = "Shows the peers of the address family.",
	  .level = 1,
	  .run = display_peers},
	 0},
	{{.views = "*",
	  .grammar = "display bgp @af peer verbose",
	  .help = "Shows every peer in detail.",
	  .level = 1,
	  .run = display_verbose},
	 0},
	{{.views = "*",
	  .grammar = "display bgp @af peer { ipv4-address | ipv6-address } verbose",
	  .help = "Shows one peer in detail.",
	  .level = 1,
	  .run = display_verbose},
	 0},
	{{.views = "*",
	  .grammar = "display bgp @af peer { ipv4-address | ipv6-address } log-info",
	  .help = "Shows when the session of a peer went up and down, and why.",
	  .level = 1,
	  .run = display_log},
	 0},
	{{.views = "*",
	  .grammar = "display bgp @af group [ group-name ]",
	  .help = "Shows peer groups and their members.",
	  .level = 1,
	  .run = display_group},
	 0},
};
const unsigned peer_template_count = sizeof peer_templates / sizeof *peer_templates;
