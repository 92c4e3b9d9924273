// display bgp vpn-target rt-filter [ peer X ]: to which route targets the VPN routes of each peer are
// narrowed, by the memberships that it announced (RFC 4684).
#include "cmd/scope.h"

#include <string.h>

#include <jansson.h>

#include "vpn/membership.h"

// As displays of memberships have it, without an AS number: RT<1:1>.
static void target_text(struct buf *b, const struct af *af, const struct policy_target *t)
{
	struct buf text = {0};
	struct af_key key;
	af->from_target(t->target, t->bits, 0, &key);
	af->text_put(&text, &key);
	const char *blank = strchr(buf_cstr(&text), ' ');
	buf_text(b, t->bits && blank ? blank + 1 : "all");
	buf_free(&text);
}

static json_t *targets_json(const struct af *af, struct membership *m)
{
	json_t *list = json_array();
	const struct policy_target *targets;
	unsigned n = m ? membership_targets(m, &targets) : 0;
	for (unsigned i = 0; i < n; i++) {
		struct buf text = {0};
		target_text(&text, af, &targets[i]);
		json_array_append_new(list, json_string(buf_cstr(&text)));
		buf_free(&text);
	}
	return list;
}

static json_t *filter_json(const struct af *af, const struct speaker_peer *p)
{
	char address[IP_TEXT_MAX];
	return json_pack("{s:s, s:o}", "peer", ip_text(&speaker_peer_config(p)->address, address),
			 "targets", targets_json(af, speaker_peer_membership(p)));
}

static void filter_text(struct buf *b, const json_t *o, bool statistics)
{
	const json_t *targets = json_object_get(o, "targets");
	buf_format(b, "\n Peer %s\n Total number of route targets: %zu\n",
		   json_string_value(json_object_get(o, "peer")), json_array_size(targets));
	for (size_t i = 0; i < json_array_size(targets) && !statistics; i++)
		buf_format(b, "     %s\n", json_string_value(json_array_get(targets, i)));
}

// A peer whose session speaks the family.
static bool speaks(const struct speaker_peer *p, const struct af *af)
{
	const struct sess_negotiated *n = sess_get_negotiated(speaker_peer_session(p));
	return n && n->families & af_bit(af);
}

static void filters_show(struct cli_call *c, const struct scope *s, const struct speaker_peer *only)
{
	struct app *a = app_of(c);
	struct buf out = {0};
	json_t *list = json_array();
	for (unsigned i = 0; i < speaker_peer_count(a->speaker); i++) {
		const struct speaker_peer *p = speaker_peer_at(a->speaker, i);
		if (!place_has_peer(&s->places[0], p) || !speaks(p, call_family(c)) ||
		    (only && p != only))
			continue;
		json_t *o = filter_json(call_family(c), p);
		filter_text(&out, o, conf_has(c->line, "statistics"));
		json_array_append_new(list, o);
	}
	show_answer(c, &out, "peers", list);
}

static void display_filters(struct cli_call *c)
{
	struct scope s;
	struct ip address;
	const struct place *place;
	const struct speaker_peer *only = NULL;
	if (!scope_read(c, &s))
		return;
	bool one = call_peer_address(c, &address);
	if (one)
		only = scope_peer(c, &s, &place);
	if (!one || only)
		filters_show(c, &s, only);
	scope_free(&s);
}

static const struct row_template templates[] = {
	{.row = {.views = "*",
		 .grammar = "display bgp @af rt-filter [ peer { ipv4-address | ipv6-address } ] "
			    "[ statistics ]",
		 .help = "Shows the route targets to which the VPN routes of peers are narrowed.",
		 .level = 1,
		 .run = display_filters},
	 .needs = AF_MEMBERSHIP},
};
const struct template_table rt_filter_templates = {templates, sizeof templates / sizeof *templates};
