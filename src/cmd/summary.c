// display bgp all summary: every peer in every family that it has, the VPN instances' peers behind
// those of the family that exchanges routes with them. display bgp [...] network: what network
// statements there are.
#include "cmd/peer.h"

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "base/mem.h"

// --- summary ----------------------------------------------------------------------------------------
struct summary {
	struct app *app;
	json_t *families;
};

static void summary_head(struct buf *b)
{
	buf_text(
		b,
		"  Peer                                      AS  MsgRcvd  MsgSent  OutQ  Up/Down       State    RtRcv    RtAdv\n");
}

static void summary_row(struct buf *b, const struct peer_record *r)
{
	struct buf up = {0};
	show_duration(&up, sess_up_time(r->session));
	buf_format(b, "  %-33s %10u %8" PRIu64 " %8" PRIu64 " %5u %8s %11s %8u %8u\n", r->address,
		   r->as, r->counters->in[0], r->counters->out[0], 0u, buf_cstr(&up), r->state,
		   r->routes.received, r->routes.advertised);
	buf_free(&up);
}

struct summary_family {
	struct buf rows;
	json_t *list;
	unsigned total, up;
	bool headed; // "Peer of IPv4-family for vpn instance"
};

static void summary_place(struct app *a, const struct place *place, struct summary_family *f)
{
	bool named = place_is_public(place);
	for (unsigned i = 0; i < speaker_peer_count(a->speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(a->speaker, i);
		struct peer_record r;
		if (!place_has_peer(place, p))
			continue;
		peer_record_fill(a, p, place, &r);
		if (!named && !f->headed) {
			buf_text(&f->rows, "\n  Peer of ");
			place_kind(&f->rows, place->af);
			buf_text(&f->rows, " for vpn instance :\n");
			f->headed = true;
		}
		if (!named) {
			buf_u8(&f->rows, '\n');
			place_head(&f->rows, place);
			summary_head(&f->rows);
		}
		named = true;
		f->total++;
		f->up += r.negotiated != NULL;
		summary_row(&f->rows, &r);
		json_array_append_new(f->list, peer_json(&r));
	}
}

static void summary_family(struct summary *s, const struct af *af, struct buf *out)
{
	struct scope scope;
	struct summary_family f = {.list = json_array()};
	scope_of_family(s->app, af, &scope);
	for (unsigned i = 0; i < scope.count; i++)
		summary_place(s->app, &scope.places[i], &f);
	if (f.total) {
		buf_format(
			out,
			"\n Address Family:%s\n"
			" --------------------------------------------------------------------------------------------\n"
			" Total number of peers : %-17u Peers in established state : %u\n\n",
			af->title, f.total, f.up);
		summary_head(out);
		buf_put(out, f.rows.data, f.rows.len);
		json_array_append_new(s->families,
				      json_pack("{s:s, s:i, s:i, s:O}", "family", af->name,
						"peers_total", (int)f.total, "peers_established",
						(int)f.up, "peers", f.list));
	}
	json_decref(f.list);
	buf_free(&f.rows);
	scope_free(&scope);
}

// The families by their order, whatever that of the list is.
static const struct af *family_after(const struct af *last)
{
	const struct af *next = NULL;
	for (unsigned i = 0; i < af_count; i++)
		if ((!last || af_list[i]->order > last->order) &&
		    (!next || af_list[i]->order < next->order))
			next = af_list[i];
	return next;
}

static void display_summary(struct cli_call *c)
{
	struct summary s = {.app = app_of(c), .families = json_array()};
	struct buf out = {0}, id = {0};
	if (call_bgp_runs(c)) {
		const struct speaker_config *config = speaker_running(s.app->speaker);
		show_router_id(&id, config->router_id);
		buf_format(&out, " BGP local router ID : %s\n Local AS number : %u\n",
			   buf_cstr(&id), config->as);
		for (const struct af *af = family_after(NULL); af; af = family_after(af))
			summary_family(&s, af, &out);
		if (c->json) {
			buf_clear(&out);
			show_json(&out,
				  json_pack("{s:s, s:I, s:O}", "router_id", buf_cstr(&id), "as",
					    (json_int_t)config->as, "families", s.families));
			buf_u8(&out, '\n');
		}
	}
	json_decref(s.families);
	cli_write(c, buf_cstr(&out), out.len);
	buf_free(&out);
	buf_free(&id);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "display bgp all summary",
	 .help = "Shows the peers of all address families.",
	 .level = 1,
	 .run = display_summary},
};
const struct row_table summary_table = {rows, sizeof rows / sizeof *rows};

// --- network statements -----------------------------------------------------------------------------
static void network_row(struct buf *b, json_t *list, const struct place *place,
			const struct af_key *key)
{
	unsigned bits;
	const uint8_t *p = place->af->prefix(key, &bits);
	struct ip ip = ip_from_bytes(p, place->af->prefix_bits), mask = {0};
	char address[IP_TEXT_MAX], length[IP_TEXT_MAX];
	snprintf(length, sizeof length, "%u", bits);
	if (ip.bits == 32) {
		mask = ip_from_u32(UINT32_MAX);
		ip_mask(&mask, bits);
		ip_text(&mask, length);
	}
	ip_text(&ip, address);
	buf_format(b, " %-39s %s\n", address, length);
	char *prefix = mem_format("%s/%u", address, bits);
	json_t *o = json_pack("{s:s, s:s}", "family", place->af->name, "prefix", prefix);
	if (!place_is_public(place))
		json_object_set_new(o, "instance", json_string(place->name));
	json_array_append_new(list, o);
	mem_free(prefix);
}

static void network_place(struct cli_call *c, const struct place *place, struct buf *out,
			  json_t *list)
{
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	const struct instance_config *i = speaker_config_instance_numbered(config, place->instance);
	if (!i || !(place->af->props & AF_ORIGINATE))
		return;
	const struct family_config *f = &i->family[af_index(place->af)];
	if (!place_is_public(place)) {
		buf_u8(out, '\n');
		place_head(out, place);
	}
	buf_format(out, " %-39s %s\n", "Network",
		   place->af->props & AF_WIDE ? "Prefix-length" : "Mask");
	for (unsigned n = 0; n < f->network_count; n++)
		network_row(out, list, place, &f->networks[n].key);
}

static void display_networks(struct cli_call *c)
{
	struct scope s;
	if (!scope_read_peers(c, &s))
		return;
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	struct buf out = {0};
	json_t *list = json_array();
	buf_text(&out, " BGP Local Router ID is ");
	show_router_id(&out, config->router_id);
	buf_format(&out, "\n Local AS Number is %u\n", config->as);
	for (unsigned i = 0; i < s.count; i++)
		network_place(c, &s.places[i], &out, list);
	show_answer(c, &out, "networks", list);
	scope_free(&s);
}

static bool has_networks(const struct af *af)
{
	return (af->inner ? af->inner : af)->props & AF_ORIGINATE;
}

static const struct row_template templates[] = {
	{.row = {.views = "*",
		 .grammar = "display bgp @tables network",
		 .help = "Shows the network statements.",
		 .level = 1,
		 .run = display_networks},
	 .fits = has_networks},
};
const struct template_table network_templates = {templates, sizeof templates / sizeof *templates};
