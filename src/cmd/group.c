// display bgp [...] group [ NAME ]: peer groups, what they give to their members, and those.
#include "cmd/peer.h"

#include <string.h>

#include <jansson.h>

// Groups are of the view in which they were made: of one instance.
static bool scope_has_group(const struct scope *s, const struct group_config *g)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->places[i].instance == g->template_peer.instance)
			return true;
	return false;
}

static bool is_member(const struct speaker_peer *p, const struct group_config *g)
{
	const struct peer_config *c = speaker_peer_config(p);
	return c->instance == g->template_peer.instance && !strcmp(c->group, g->name);
}

static bool peer_of_group(const struct speaker_peer *p, const void *group)
{
	return is_member(p, group);
}

static void group_show(struct cli_call *c, const struct scope *s, const struct group_config *g)
{
	const struct sess_config *session = &g->template_peer.session;
	const struct peer_family *f = &g->template_peer.family[af_index(s->places[0].af)];
	cli_print(c, " BGP peer-group: %s\n", g->name);
	if (g->as)
		cli_print(c, " Remote AS: %u\n", g->as);
	else
		cli_print(c, " Remote AS number isn't specified\n");
	cli_print(c, " Type : %s\n", g->listen ? "listen" : g->external ? "external" : "internal");
	cli_print(c, " Configured hold timer value: %u\n Keepalive timer value: %u\n",
		  session->hold_time, session->keepalive);
	cli_print(c, " Minimum route advertisement interval is %u seconds\n PeerSession Members:\n",
		  f->update_interval);
	struct app *a = app_of(c);
	bool any = false;
	for (unsigned i = 0; i < speaker_peer_count(a->speaker); i++) {
		struct speaker_peer *p = speaker_peer_at(a->speaker, i);
		if (!is_member(p, g))
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
	peers_show(c, s, peer_of_group, g);
	cli_print(c, "\n");
}

static json_t *group_json(const struct group_config *g)
{
	return json_pack("{s:s, s:I, s:s}", "group", g->name, "as", (json_int_t)g->as, "type",
			 g->external ? "external" : "internal");
}

static void groups_json(struct cli_call *c, json_t *list)
{
	struct buf out = {0};
	show_json(&out, json_pack("{s:O}", "groups", list));
	cli_print(c, "%s\n", buf_cstr(&out));
	buf_free(&out);
}

static void groups_show(struct cli_call *c, const struct scope *s, const char *name)
{
	const struct speaker_config *config = speaker_running(app_of(c)->speaker);
	json_t *list = json_array();
	unsigned shown = 0;
	for (unsigned i = 0; i < config->group_count; i++) {
		const struct group_config *g = &config->groups[i];
		if (!scope_has_group(s, g) || (name && strcmp(name, g->name)))
			continue;
		shown++;
		if (c->json)
			json_array_append_new(list, group_json(g));
		else
			group_show(c, s, g);
	}
	if (name && !shown)
		cli_error(c, "The peer group does not exist.");
	else if (c->json)
		groups_json(c, list);
	else if (!shown)
		cli_print(c, " No such a peer-group \n");
	json_decref(list);
}

static void display_group(struct cli_call *c)
{
	struct scope s;
	if (!scope_read_peers(c, &s))
		return;
	groups_show(c, &s, conf_value(c->line, "group-name"));
	scope_free(&s);
}

static const struct row_template templates[] = {
	{.row = {.views = "*",
		 .grammar = "display bgp @peers group [ group-name ]",
		 .help = "Shows peer groups and their members.",
		 .level = 1,
		 .run = display_group}},
};
const struct template_table group_templates = {templates, sizeof templates / sizeof *templates};
