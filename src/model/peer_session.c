// Statements about a peer's session: AS number, transport, timers, capabilities. They stand in the
// BGP view, for a peer or for a group whose members inherit them. Nearly all of them are settled
// when a session is made, so that a change resets the session of a live peer: the question says so,
// and the commit's plan names the peer.
#include "model/peer.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static struct sess_config *session_of(const struct taking *t)
{
	return &t->peer->config.session;
}

static void take_description(struct taking *t, const struct conf_line *l)
{
	struct peer_config *c = &t->peer->config;

	snprintf(c->description, sizeof(c->description), "%s", conf_value(l, "description-text"));
}

// --- as-number ------------------------------------------------------------------------------------
static void take_as(struct taking *t, const struct conf_line *l)
{
	text_as_number(conf_value(l, "as-number"), &t->peer->as);
	if (t->group)
		t->group->as = t->peer->as;
}
const struct meaning means_as = {.take = take_as, .session = true};

static bool check_group_as(struct conf_edit *e, const struct scope *s, uint32_t as)
{
	const struct conf_node *g = scope_group_node(s, line_peer(e->line));
	uint32_t ours = 0;

	if (!g)
		return conf_refuse(e, "Error: The peer group does not exist.");
	text_as_number(conf_value(s->bgp->line, "as-number"), &ours);
	if (!e->undo && conf_has(g->line, "internal") != (as == ours))
		return conf_refuse(e, "Error: The AS number does not fit the type of the peer "
				      "group.");
	return true;
}

// A member's AS number is the group's, or that of the kind of peers that the group is of.
static bool check_member_as(struct conf_edit *e, const struct scope *s, const char *group,
			    uint32_t as)
{
	const struct conf_line *of_group = scope_line(s, group, &means_as);
	const struct conf_node *g = scope_group_node(s, group);
	uint32_t ours = 0, theirs = 0;

	text_as_number(conf_value(s->bgp->line, "as-number"), &ours);
	if (of_group)
		text_as_number(conf_value(of_group, "as-number"), &theirs);
	if ((of_group && as != theirs) || (g && conf_has(g->line, "internal") != (as == ours)))
		return conf_refuse(e, "Error: The AS number of the peer does not fit the peer "
				      "group.");
	return true;
}

// Another view of the VPN instance says something else.
static bool check_same_as(struct conf_edit *e, const struct scope *s, uint32_t as)
{
	const struct conf_node *here = conf_edit_view(e);
	uint32_t other;

	for (unsigned i = 0; i < SCOPE_VIEWS; i++) {
		const struct conf_node *view = scope_peers(s, i);
		const struct conf_line *l =
			view == here ? NULL : peer_line(view, line_peer(e->line), &means_as);
		if (l && text_as_number(conf_value(l, "as-number"), &other) && other != as)
			return conf_refuse(e,
					   "Error: The peer already exists with the AS number "
					   "%s.",
					   conf_value(l, "as-number"));
	}
	return true;
}

static bool check_as(struct conf_edit *e)
{
	const char *name = line_peer(e->line), *group;
	struct scope s = edit_scope(e);
	uint32_t as = 0;

	if (e->loading)
		return true;
	group = scope_group(&s, name);
	if (!e->undo)
		text_as_number(conf_value(e->line, "as-number"), &as);
	if (!name_is_address(name))
		return check_group_as(e, &s, as);
	if (!e->undo)
		return check_same_as(e, &s, as) && (!group || check_member_as(e, &s, group, as));
	if (!scope_has(&s, name))
		return conf_refuse(e, "Error: The peer does not exist.");
	return group ||
	       conf_refuse(e, "Error: A peer cannot be without an AS number: use undo peer.");
}

static bool apply_as(struct conf_edit *e)
{
	const char *name = line_peer(e->line);
	struct scope s = edit_scope(e);
	bool was = scope_has(&s, name);

	if (!conf_edit_default(e))
		return false;
	if (!was && !e->undo && name_is_address(name))
		peer_enable_new(e, name);
	return true;
}

// --- undo peer X ------------------------------------------------------------------------------------
static bool check_undo_peer(struct conf_edit *e)
{
	struct scope s = edit_scope(e);

	return e->loading || scope_has(&s, conf_line_word(e->line, 2)) ||
	       conf_refuse(e, "Error: The peer does not exist.");
}

static bool apply_undo_peer(struct conf_edit *e)
{
	peer_forget(e, conf_line_word(e->line, 2));
	return true;
}

static const char *ask_undo_peer(struct conf_edit *e)
{
	return "Warning: All the configurations related to the BGP peer will be deleted. Continue? "
	       "[Y/N]:";
}

// --- transport --------------------------------------------------------------------------------------
static bool check_interface(struct conf_edit *e)
{
	const char *name = conf_value(e->line, "interface-name");

	if (name && strlen(name) >= sizeof(((struct sess_config *)NULL)->interface))
		return conf_refuse(e, "Error: No interface has such a long name.");
	return check_peer(e);
}

static void take_interface(struct taking *t, const struct conf_line *l)
{
	struct sess_config *c = session_of(t);
	const char *name = conf_value(l, "interface-name");
	const char *address = conf_value(l, "source-ipv4-address");

	if (!address)
		address = conf_value(l, "source-ipv6-address");
	memset(c->interface, 0, sizeof(c->interface));
	c->local = (struct ip){0};
	if (name)
		snprintf(c->interface, sizeof(c->interface), "%s", name);
	if (address)
		ip_parse(address, &c->local);
}

static void take_ebgp_max_hop(struct taking *t, const struct conf_line *l)
{
	session_of(t)->ttl = (uint8_t)conf_number(l, "hop-count", 255);
	session_of(t)->gtsm_hops = 0;
}

static void take_valid_ttl_hops(struct taking *t, const struct conf_line *l)
{
	session_of(t)->gtsm_hops = (uint8_t)conf_number(l, "valid-hops", 255);
	session_of(t)->ttl = 0;
}

// The two contradict each other: one wants small, the other large values on the wire.
static bool check_hops(struct conf_edit *e)
{
	const char *other = conf_has(e->line, "ebgp-max-hop") ? "valid-ttl-hops" : "ebgp-max-hop";
	struct conf_iter it;
	const struct conf_node *n;

	if (!check_peer(e))
		return false;
	n = conf_first_object(&it, conf_edit_view(e), ORDER_PEER, line_peer(e->line));
	for (; n && !e->undo; n = conf_next(&it)) {
		if (conf_has(n->line, other))
			return conf_refuse(e, "Error: The configuration conflicts with peer %s.",
					   other);
	}
	return true;
}

static void take_password(struct taking *t, const struct conf_line *l)
{
	struct sess_config *c = session_of(t);

	snprintf(c->password, sizeof(c->password), "%s", conf_value(l, "password"));
}

// TCP takes keys of at most 80 bytes.
static bool check_password(struct conf_edit *e)
{
	const char *word = conf_value(e->line, "password");

	if (!e->undo && word && strlen(word) > 80)
		return conf_refuse(e, "Error: The password is longer than 80 characters.");
	return check_peer(e);
}

static void take_port(struct taking *t, const struct conf_line *l)
{
	session_of(t)->remote_port = (uint16_t)conf_number(l, "port-number", 179);
}

static void take_listen_only(struct taking *t, const struct conf_line *l)
{
	session_of(t)->passive = true;
	session_of(t)->active_only = false;
}

static void take_connect_only(struct taking *t, const struct conf_line *l)
{
	session_of(t)->passive = false;
	session_of(t)->active_only = true;
}

static bool check_direction(struct conf_edit *e)
{
	const char *other = conf_has(e->line, "listen-only") ? "connect-only" : "listen-only";
	struct conf_iter it;
	const struct conf_node *n;

	if (!check_peer(e))
		return false;
	n = conf_first_object(&it, conf_edit_view(e), ORDER_PEER, line_peer(e->line));
	for (; n && !e->undo; n = conf_next(&it)) {
		if (conf_has(n->line, other))
			return conf_refuse(e, "Error: The configuration conflicts with peer %s.",
					   other);
	}
	return true;
}

// --- timers -------------------------------------------------------------------------------------------
static void take_timer(struct taking *t, const struct conf_line *l)
{
	struct sess_config *c = session_of(t);

	c->keepalive = (uint16_t)conf_number(l, "keepalive-time", 60);
	c->hold_time = (uint16_t)conf_number(l, "hold-time", 180);
	c->min_hold_time = (uint16_t)conf_number(l, "min-hold-time", 0);
}

static void take_connect_retry(struct taking *t, const struct conf_line *l)
{
	session_of(t)->connect_retry = (uint16_t)conf_number(l, "connect-retry-time", 32);
}

bool check_timer_values(struct conf_edit *e)
{
	uint64_t keepalive = conf_number(e->line, "keepalive-time", 0);
	uint64_t hold = conf_number(e->line, "hold-time", 0);

	if (e->undo)
		return true;
	if (hold == 1 || hold == 2)
		return conf_refuse(e, "Error: The hold time is 0, or 3 seconds at least.");
	if (keepalive * 3 > hold)
		return conf_refuse(e, "Error: The hold time must be at least three times the "
				      "keepalive time.");
	return true;
}

static bool check_timer(struct conf_edit *e)
{
	return check_peer(e) && check_timer_values(e);
}

// --- identity and state ---------------------------------------------------------------------------------
static void take_ignore(struct taking *t, const struct conf_line *l)
{
	session_of(t)->shutdown = true;
}

static void take_log_change(struct taking *t, const struct conf_line *l)
{
	t->peer->config.log_changes = !l->undo;
}

static void take_fake_as(struct taking *t, const struct conf_line *l)
{
	text_as_number(conf_value(l, "as-number"), &t->peer->fake_as);
	t->peer->prepend_own = conf_has(l, "prepend-global-as");
}

static void take_check_first_as(struct taking *t, const struct conf_line *l)
{
	t->peer->check_first_as = conf_has(l, "enable");
}

// --- capabilities ---------------------------------------------------------------------------------------
static void take_capability(struct taking *t, const struct conf_line *l)
{
	struct sess_config *c = session_of(t);

	if (conf_has(l, "route-refresh"))
		c->refresh = !l->undo;
	if (conf_has(l, "4-byte-as"))
		c->as4 = !l->undo;
	if (conf_has(l, "enhanced-route-refresh"))
		c->enhanced_refresh = !l->undo;
	if (conf_has(l, "extended-message"))
		c->extended_message = !l->undo;
	if (conf_has(l, "conventional"))
		c->conventional = true;
}

// On by default: a member whose group has it off can only have it on by saying so.
static bool apply_capability(struct conf_edit *e)
{
	struct scope s = edit_scope(e);
	const char *group = scope_group(&s, line_peer(e->line)), *word = conf_line_word(e->line, 3);
	const struct conf_node *n = NULL;
	struct conf_iter it;

	for (unsigned i = 0; i < SCOPE_VIEWS && group && !e->undo && !n; i++) {
		n = conf_first_object(&it, scope_peers(&s, i), ORDER_PEER, group);
		while (n &&
		       !(n->line->row == e->line->row && n->line->undo && conf_has(n->line, word)))
			n = conf_next(&it);
	}
	if (!n)
		return conf_edit_default(e);
	conf_set(e->tree, e->path, e->line);
	return true;
}

// --- listen ranges --------------------------------------------------------------------------------------
static void take_listen_net(struct taking *t, const struct conf_line *l)
{
	struct group_config *g = t->group;
	const char *net = conf_value(l, "ipv4-address");
	struct ip ip;

	if (!g)
		return;
	if (g->listen_net_count == sizeof(g->listen_net) / sizeof(g->listen_net[0])) {
		build_error(t->build, "The peer group %s has more than %u listen ranges.", g->name,
			    g->listen_net_count);
		return;
	}
	if (!net)
		net = conf_value(l, "ipv6-address");
	if (!ip_parse(net, &ip))
		return;
	g->listen_net[g->listen_net_count].length =
		(uint8_t)conf_number(l, ip.bits == 32 ? "mask-length" : "prefix-length", ip.bits);
	ip_mask(&ip, g->listen_net[g->listen_net_count].length);
	g->listen_net[g->listen_net_count++].net = ip;
}

static void take_listen_as(struct taking *t, const struct conf_line *l)
{
	struct group_config *g = t->group;
	const char *words[32];

	if (!g)
		return;
	g->listen_as_count = conf_values(l, "as-number", words, 32);
	for (unsigned i = 0; i < g->listen_as_count; i++)
		text_as_number(words[i], &g->listen_as[i]);
}

static void take_listen_segment(struct taking *t, const struct conf_line *l)
{
	if (!t->group)
		return;
	text_as_number(conf_value(l, "begin-as-number"), &t->group->listen_as_from);
	text_as_number(conf_value(l, "end-as-number"), &t->group->listen_as_to);
}

static bool check_listen(struct conf_edit *e)
{
	struct scope s = edit_scope(e);
	const struct conf_node *g = scope_group_node(&s, line_peer(e->line));

	if (e->loading)
		return true;
	if (!g)
		return conf_refuse(e, "Error: The peer group does not exist.");
	return e->undo || conf_has(g->line, "listen") ||
	       conf_refuse(e, "Error: The peer group does not take dynamic peers.");
}

// A statement about a peer's or group's session, where those are made.
#define PEERS "bgp bgp-instance af-peers"
#define SESSION_IN(where, ...)                                                                  \
	{                                                                                       \
		.views = where, .order = ORDER_PEER, .rank = RANK_REST, .level = 2, __VA_ARGS__ \
	}
#define SESSION(...) SESSION_IN(PEERS, __VA_ARGS__)

static const struct row rows[] = {
	{.views = PEERS,
	 .grammar = PEER "**as-number** as-number",
	 .value = "as-number",
	 .help = "Creates a peer in that AS, or gives a group the AS number of its members.",
	 .order = ORDER_PEER,
	 .rank = RANK_AS,
	 .level = 2,
	 .effect = EFFECT_SESSION,
	 .check = check_as,
	 .question = ask_reset,
	 .apply = apply_as,
	 .more = &means_as},
	{.views = PEERS,
	 .grammar = "undo peer { ipv4-address | ipv6-address }",
	 .help = "Removes a peer with everything that is said about it.",
	 .order = ORDER_PEER,
	 .level = 2,
	 .effect = EFFECT_SESSION,
	 .check = check_undo_peer,
	 .question = ask_undo_peer,
	 .apply = apply_undo_peer,
	 .more = MEANS(0)},
	SESSION(.grammar = PEER "description description-text", .value = "description-text",
		.help = "Describes a peer or a group.", .check = check_peer,
		.more = MEANS(.session = true, .take = take_description)),
	SESSION(.grammar =
			PEER "connect-interface { interface-name [ source-ipv4-address | "
			     "source-ipv6-address ] | source-ipv4-address | source-ipv6-address }",
		.value = "interface-name source-ipv4-address source-ipv6-address",
		.help = "Sets the interface or the source address of the TCP connection.",
		.effect = EFFECT_SESSION, .check = check_interface, .question = ask_reset,
		.more = MEANS(.session = true, .take = take_interface)),
	SESSION(.grammar = PEER "ebgp-max-hop [ hop-count<1-255> ]", .value = "hop-count",
		.help = "Lets an EBGP peer be that many hops away; 255 when no number is given, 1 "
			"without the statement.",
		.effect = EFFECT_SESSION, .check = check_hops, .question = ask_reset,
		.more = MEANS(.session = true, .take = take_ebgp_max_hop)),
	SESSION(.grammar = PEER "valid-ttl-hops [ valid-hops<1-255> ]", .value = "valid-hops",
		.help = "Accepts packets only from that many hops away at most (GTSM).",
		.effect = EFFECT_SESSION, .check = check_hops, .question = ask_reset,
		.more = MEANS(.session = true, .take = take_valid_ttl_hops)),
	SESSION(.grammar = PEER "**password** { cipher | simple } password",
		.value = "cipher simple password",
		.help = "Signs the TCP segments with MD5 (RFC 2385). The password is stored as "
			"typed.",
		.effect = EFFECT_SESSION, .check = check_password, .question = ask_reset,
		.more = MEANS(.session = true, .take = take_password)),
	SESSION(.grammar = PEER "port port-number<1-65535>", .value = "port-number",
		.help = "Connects to that TCP port of the peer.", .flags = ROW_EXTENSION,
		.effect = EFFECT_SESSION, .check = check_peer, .question = ask_reset,
		.more = MEANS(.session = true, .take = take_port)),
	SESSION(.grammar = PEER "listen-only",
		.help = "Waits for the peer to connect, and never connects.",
		.check = check_direction, .more = MEANS(.session = true, .take = take_listen_only)),
	SESSION(.grammar = PEER "connect-only",
		.help = "Connects to the peer, and does not take its connections.",
		.check = check_direction,
		.more = MEANS(.session = true, .take = take_connect_only)),
	SESSION(.grammar = PEER "timer keepalive keepalive-time<0-21845> hold hold-time<0-65535> [ "
				"min-holdtime min-hold-time<20-65535> ]",
		.value = "keepalive-time hold hold-time min-holdtime min-hold-time",
		.undo = PEER
		"timer keepalive [ keepalive-time<0-21845> ] hold [ hold-time<0-65535> "
		"] [ min-holdtime [ min-hold-time<20-65535> ] ]",
		.help = "Sets the keepalive and hold times in seconds, and the least hold time that "
			"is taken from the peer.",
		.effect = EFFECT_SESSION, .check = check_timer, .question = ask_parameter,
		.more = MEANS(.session = true, .take = take_timer)),
	SESSION(.grammar = PEER "timer connect-retry connect-retry-time<1-65535>",
		.value = "connect-retry-time",
		.help = "Sets the time between attempts to connect, in seconds.",
		.check = check_peer, .more = MEANS(.session = true, .take = take_connect_retry)),
	SESSION(.grammar = PEER "ignore", .help = "Keeps the session down.",
		.effect = EFFECT_SESSION, .check = check_peer, .question = ask_reset,
		.more = MEANS(.session = true, .take = take_ignore)),
	SESSION(.grammar = PEER "log-change", .help = "Logs when the session comes and goes.",
		.flags = ROW_DEFAULT_ON, .check = check_peer,
		.more = MEANS(.session = true, .take = take_log_change)),
	SESSION(.grammar = PEER "fake-as as-number [ prepend-global-as ]",
		.value = "as-number prepend-global-as",
		.help = "Shows the peer that AS number in place of our own; prepend-global-as puts "
			"our own behind it in the AS path.",
		.effect = EFFECT_SESSION | EFFECT_EXPORT, .check = check_peer,
		.question = ask_reset, .more = MEANS(.session = true, .take = take_fake_as)),
	SESSION(.grammar = PEER "check-first-as { enable | disable }", .value = "enable disable",
		.help = "Requires routes of an EBGP peer to begin with its AS number, or does not, "
			"whatever the BGP view says.",
		.effect = EFFECT_IMPORT | EFFECT_ASK | EFFECT_PENDING, .check = check_peer,
		.more = MEANS(.session = true, .take = take_check_first_as)),
	SESSION(.grammar = PEER "capability-advertise { route-refresh | 4-byte-as }",
		.help = "Offers a capability to the peer.", .flags = ROW_DEFAULT_ON,
		.effect = EFFECT_SESSION, .check = check_peer, .question = ask_reset,
		.apply = apply_capability, .more = MEANS(.session = true, .take = take_capability)),
	SESSION(.grammar =
			PEER "capability-advertise { enhanced-route-refresh | extended-message }",
		.help = "Offers a capability to the peer (RFC 7313, RFC 8654).",
		.flags = ROW_DEFAULT_ON | ROW_EXTENSION, .effect = EFFECT_SESSION,
		.check = check_peer, .question = ask_reset, .apply = apply_capability,
		.more = MEANS(.session = true, .take = take_capability)),
	SESSION(.grammar = PEER "capability-advertise conventional",
		.help = "Offers no capability at all, for peers of the old kind.",
		.effect = EFFECT_SESSION, .check = check_peer, .question = ask_reset,
		.more = MEANS(.session = true, .take = take_capability)),
	SESSION_IN(
		"bgp bgp-instance",
		.grammar = "peer group-name listen-net { ipv4-address mask-length | ipv6-address "
			   "prefix-length }",
		.help = "Takes peers from that range of addresses as dynamic members of the group.",
		.effect = EFFECT_SESSION, .check = check_listen,
		.more = MEANS(.session = true, .take = take_listen_net)),
	SESSION_IN("bgp bgp-instance", .grammar = "peer group-name listen-as as-number&<1-6>",
		   .value = "as-number",
		   .help = "Names the AS numbers that dynamic members may have.",
		   .check = check_listen, .more = MEANS(.session = true, .take = take_listen_as)),
	SESSION_IN("bgp bgp-instance",
		   .grammar = "peer group-name listen-as-segment begin-as begin-as-number end-as "
			      "end-as-number",
		   .value = "begin-as begin-as-number end-as end-as-number",
		   .undo = "peer group-name listen-as-segment [ begin-as begin-as-number end-as "
			   "end-as-number ]",
		   .help = "Names a range of AS numbers that dynamic members may have.",
		   .check = check_listen,
		   .more = MEANS(.session = true, .take = take_listen_segment)),
};
const struct row_table peer_session_rows = {rows, sizeof(rows) / sizeof(rows[0])};
