// display bgp [...] peer [ X ] verbose: one peer in detail, in VRP's layout.
#include "cmd/peer.h"

#include <inttypes.h>

#include <jansson.h>

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

static void verbose_place(struct cli_call *c, const struct place *place,
			  const struct speaker_peer *only, struct buf *out, json_t *list)
{
	struct app *a = app_of(c);
	bool headed = place_is_public(place);
	for (unsigned i = 0; i < speaker_peer_count(a->speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(a->speaker, i);
		if (!place_has_peer(place, p) || (only && p != only))
			continue;
		struct peer_record r;
		peer_record_fill(a, p, place, &r);
		if (!headed) {
			buf_u8(out, '\n');
			place_head(out, place);
		}
		headed = true;
		if (c->json)
			json_array_append_new(list, verbose_json(&r));
		else
			verbose_text(out, &r);
	}
}

void display_verbose(struct cli_call *c)
{
	struct scope s;
	struct ip address;
	const struct place *of;
	struct speaker_peer *only = NULL;
	if (!scope_read_peers(c, &s))
		return;
	if (call_peer_address(c, &address)) {
		only = scope_peer(c, &s, &of);
		if (!only) {
			scope_free(&s);
			return;
		}
	}
	struct buf out = {0};
	json_t *list = json_array();
	for (unsigned i = 0; i < s.count; i++)
		verbose_place(c, &s.places[i], only, &out, list);
	show_answer(c, &out, "peers", list);
	scope_free(&s);
}
