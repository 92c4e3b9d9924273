// `bgp AS`, and what its view says about the instance as a whole.
#include "model/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/peer.h"

// --- bgp AS -----------------------------------------------------------------------------------------
static bool check_bgp(struct conf_edit *e)
{
	const struct conf_node *bgp = bgp_node(e->tree);
	const char *typed = conf_value(e->line, "as-number");
	uint32_t old = 0, as = 0;

	if (!bgp)
		return !e->undo || conf_refuse(e, "Error: BGP is not configured.");
	text_as_number(conf_value(bgp->line, "as-number"), &old);
	if (typed && text_as_number(typed, &as) && as != old)
		return conf_refuse(e, "Error: BGP is already running, and its AS number is %u.",
				   old);
	return true;
}

static const char *ask_bgp(struct conf_edit *e)
{
	return e->undo ? "Warning: All BGP configurations will be deleted. Continue? [Y/N]:" : NULL;
}

static void take_bgp(struct taking *t, const struct conf_line *l)
{
	struct build *b = t->build;

	b->config->present = true;
	text_as_number(conf_value(l, "as-number"), &b->config->as);
}

// --- the instance -----------------------------------------------------------------------------------
static void take_router_id(struct taking *t, const struct conf_line *l)
{
	ip_parse(conf_value(l, "ipv4-address"), &t->build->router_id);
}

static void take_path_limit(struct taking *t, const struct conf_line *l)
{
	t->build->options.as_path_limit = (unsigned)conf_number(l, "path-limit", 255);
}

static void take_check_first_as(struct taking *t, const struct conf_line *l)
{
	t->build->check_first_as = !l->undo;
}

static void take_shutdown(struct taking *t, const struct conf_line *l)
{
	t->build->shutdown = true;
}

static void take_keep_all(struct taking *t, const struct conf_line *l)
{
	t->build->keep_all = true;
}

static void take_confederation_id(struct taking *t, const struct conf_line *l)
{
	text_as_number(conf_value(l, "as-number"), &t->build->options.confederation_id);
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void take_confederation_peers(struct taking *t, const struct conf_line *l)
{
	struct build *b = t->build;
	const char *words[32];
	unsigned n = conf_values(l, "as-number", words, 32);

	b->members = mem_zero(32 * sizeof(uint32_t));
	b->member_count = n < 32 ? n : 32;
	for (unsigned i = 0; i < b->member_count; i++)
		text_as_number(words[i], &b->members[i]);
	qsort(b->members, b->member_count, sizeof(uint32_t), compare_numbers);
}

static void take_timer(struct taking *t, const struct conf_line *l)
{
	struct sess_config *c = &t->build->defaults.config.session;

	c->keepalive = (uint16_t)conf_number(l, "keepalive-time", 60);
	c->hold_time = (uint16_t)conf_number(l, "hold-time", 180);
	c->min_hold_time = (uint16_t)conf_number(l, "min-hold-time", 0);
}

static void take_connect_retry(struct taking *t, const struct conf_line *l)
{
	t->build->defaults.config.session.connect_retry =
		(uint16_t)conf_number(l, "connect-retry-time", 32);
}

static void take_policy_required(struct taking *t, const struct conf_line *l)
{
	t->build->config->policy_required = true;
}

static void take_stale_limit(struct taking *t, const struct conf_line *l)
{
	t->build->config->stale_limit = (uint32_t)conf_number(l, "stale-time", 360);
}

static void take_session_limit(struct taking *t, const struct conf_line *l)
{
	t->build->config->dynamic_session_limit = (uint32_t)conf_number(l, "session-limit", 100);
}

// A statement of the instance. The rank is the place among them.
#define INSTANCE(place, ...)                                                                    \
	{                                                                                       \
		.views = "bgp", .order = ORDER_INSTANCE, .rank = place, .level = 2, __VA_ARGS__ \
	}

static const struct row rows[] = {
	{.views = "system",
	 .grammar = "bgp as-number",
	 .value = "as-number",
	 .enters = "bgp",
	 .help = "Starts BGP in that AS and enters its view.",
	 .order = ORDER_BGP,
	 .level = 2,
	 .effect = EVERYTHING,
	 .check = check_bgp,
	 .question = ask_bgp,
	 .more = MEANS(.take = take_bgp)},
	INSTANCE(10, .grammar = "router-id ipv4-address", .value = "ipv4-address",
		 .help = "Sets the router ID of this instance.", .effect = EVERYTHING,
		 .check = check_not_zero, .question = ask_any,
		 .more = MEANS(.take = take_router_id)),
	INSTANCE(20, .grammar = "as-path-limit [ path-limit<1-2000> ]", .value = "path-limit",
		 .help = "Rejects routes with more AS numbers in the path than that; 255 when no "
			 "number is given. Without the statement there is no limit.",
		 .effect = EFFECT_IMPORT | EFFECT_ASK | EFFECT_PENDING,
		 .more = MEANS(.take = take_path_limit)),
	INSTANCE(30, .grammar = "check-first-as",
		 .help = "Requires routes of an EBGP peer to begin with its AS number.",
		 .flags = ROW_DEFAULT_ON, .effect = EFFECT_IMPORT | EFFECT_ASK | EFFECT_PENDING,
		 .more = MEANS(.take = take_check_first_as)),
	INSTANCE(40, .grammar = "private-4-byte-as enable",
		 .help = "Accepted and not kept: private AS numbers of 4 bytes always count as "
			 "private here.",
		 .flags = ROW_IGNORED, .more = MEANS(0)),
	INSTANCE(50, .grammar = "shutdown", .help = "Keeps all sessions down.",
		 .effect = EFFECT_SESSION, .question = ask_any,
		 .more = MEANS(.take = take_shutdown)),
	INSTANCE(60, .grammar = "keep-all-routes",
		 .help = "Keeps all routes of all peers in all address families, those too that "
			 "the import policies reject.",
		 .effect = EFFECT_SESSION | EFFECT_ASK | EFFECT_IMPORT,
		 .more = MEANS(.take = take_keep_all)),
	INSTANCE(70, .grammar = "confederation id as-number", .value = "as-number",
		 .help = "Makes this AS a member of a confederation that shows that AS number to "
			 "others.",
		 .effect = EVERYTHING, .question = ask_any,
		 .more = MEANS(.take = take_confederation_id)),
	INSTANCE(71, .grammar = "confederation peer-as as-number&<1-32>", .value = "as-number",
		 .help = "Names the other member ASs of the confederation.", .effect = EVERYTHING,
		 .question = ask_any, .more = MEANS(.take = take_confederation_peers)),
	INSTANCE(
		80,
		.grammar = "timer keepalive keepalive-time<0-21845> hold hold-time<0-65535> [ "
			   "min-holdtime min-hold-time<20-65535> ]",
		.value = "keepalive-time hold hold-time min-holdtime min-hold-time",
		.undo = "timer keepalive [ keepalive-time<0-21845> ] hold [ hold-time<0-65535> ] [ "
			"min-holdtime [ min-hold-time<20-65535> ] ]",
		.help = "Sets the keepalive and hold times of all peers in seconds, and the least "
			"hold time that is taken from a peer.",
		.effect = EFFECT_SESSION, .check = check_timer_values, .question = ask_any,
		.more = MEANS(.take = take_timer)),
	INSTANCE(81, .grammar = "timer connect-retry connect-retry-time<1-65535>",
		 .value = "connect-retry-time", .standard = "32",
		 .help = "Sets the time between attempts to connect, in seconds.",
		 .more = MEANS(.take = take_connect_retry)),
	INSTANCE(82, .grammar = "timer refresh-stale stale-time<1-65535>", .value = "stale-time",
		 .standard = "360", .flags = ROW_EXTENSION,
		 .help = "Sets how long routes stay that a peer has not sent again in a refresh "
			 "whose end is missing, in seconds.",
		 .more = MEANS(.take = take_stale_limit)),
	INSTANCE(90, .grammar = "ebgp-policy-required", .flags = ROW_EXTENSION,
		 .help = "Rejects and sends nothing where an EBGP peer has no policy in that "
			 "direction (RFC 8212).",
		 .effect = EFFECT_IMPORT | EFFECT_EXPORT | EFFECT_ASK | EFFECT_PENDING,
		 .more = MEANS(.take = take_policy_required)),
	INSTANCE(91, .grammar = "bgp dynamic-session-limit session-limit<1-4000>",
		 .value = "session-limit", .standard = "100",
		 .help = "Sets how many dynamic peers there may be.",
		 .more = MEANS(.take = take_session_limit)),
};
const struct row_table bgp_rows = {rows, sizeof(rows) / sizeof(rows[0])};
