// For the tests of cli/: a small schema of VRP's shape, with one row of every kind.
#pragma once

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define PEER "peer { ipv4-address | ipv6-address | group-name } "
#define AF   "bgp-af-ipv4 bgp-af-ipv6"

static inline bool test_check_peer(struct conf_edit *e)
{
	const struct conf_node *bgp = conf_edit_parent(e, 1);
	const char *peer = conf_line_word(e->line, 1);
	struct conf_iter it;

	if (conf_first_object(&it, bgp, 500, peer))
		return true;
	return conf_refuse(e, "Error: The peer does not exist.");
}

static inline const char *test_ask_enable(struct conf_edit *e)
{
	return e->undo ? "Warning: This operation will reset the peer session. Continue? [Y/N]:"
		       : NULL;
}

// An entry without an index gets the next multiple of ten.
static inline bool test_apply_prefix(struct conf_edit *e)
{
	char line[400], *p = line;
	const char *name = conf_value(e->line, "ip-prefix-name");
	const struct conf_node *last;

	if (e->undo || conf_has(e->line, "index"))
		return conf_edit_default(e);
	last = conf_last_object(conf_edit_view(e), 100, name);
	unsigned index =
		last ? (unsigned)conf_number(last->line, "index-number", 0) / 10 * 10 + 10 : 10;
	p += sprintf(p, "ip ip-prefix %s index %u", name, index);
	for (unsigned i = 3; i < e->line->words; i++)
		p += sprintf(p, " %s", conf_line_word(e->line, i));
	return conf_edit_type(e, line);
}

static inline bool test_is_peer(void *arg, const struct conf_node *n)
{
	return strcmp(conf_line_word(n->line, 0), "peer") == 0 &&
	       strcmp(conf_line_word(n->line, 1), arg) == 0;
}

static inline bool test_apply_undo_peer(struct conf_edit *e)
{
	conf_remove_if(e->tree, e->path, test_is_peer, (void *)conf_line_word(e->line, 2));
	return true;
}

static inline const char *test_ask_undo_peer(struct conf_edit *e)
{
	return "Warning: All the configurations related to the BGP peer will be deleted. Continue? [Y/N]:";
}

static inline void test_run_refresh(struct cli_call *c)
{
	struct buf text = {0};

	conf_line_text(c->line, &text);
	cli_print(c, "%s\n", buf_cstr(&text));
	buf_free(&text);
}

static inline void test_run_numbers(struct cli_call *c)
{
	for (unsigned i = 1; i <= conf_number(c->line, "count", 0); i++)
		cli_print(c, "%sline %u\n", c->json ? "json " : "", i);
}

static const struct view test_views[] = {
	{.name = "bgp",
	 .prompt = "-bgp",
	 .also = "bgp-af-ipv4",
	 .also_line = "ipv4-family unicast"},
	{.name = "bgp-af-ipv4", .parent = "bgp", .prompt = "-bgp-af-ipv4", .tags = "af"},
	{.name = "bgp-af-ipv6", .parent = "bgp", .prompt = "-bgp-af-ipv6", .tags = "af"},
	{.name = "route-policy", .prompt = "-route-policy"},
	{.name = "vpn", .prompt = "-vpn-instance-{vpn-instance-name}"},
};
static const struct row test_rows[] = {
	{.views = "system", .grammar = "sysname host-name", .value = "host-name", .order = 10},
	{.views = "system",
	 .grammar =
		 "ip ip-prefix ip-prefix-name [ index index-number<1-4294967295> ] { permit | deny } "
		 "ipv4-address mask-length [ match-network ] [ greater-equal ge<0-32> ] "
		 "[ less-equal le<0-32> ]",
	 .value =
		 "permit deny ipv4-address mask-length match-network greater-equal ge less-equal le",
	 .undo = "ip ip-prefix ip-prefix-name [ index index-number<1-4294967295> ]",
	 .order = 100,
	 .apply = test_apply_prefix},
	{.views = "system",
	 .grammar = "ip vpn-instance vpn-instance-name",
	 .enters = "vpn",
	 .order = 200},
	{.views = "system",
	 .grammar = "bgp as-number",
	 .value = "as-number",
	 .enters = "bgp",
	 .order = 300},
	{.views = "system",
	 .grammar = "route-policy policy-name { permit | deny } node node-number<0-65535>",
	 .value = "permit deny",
	 .undo = "route-policy policy-name [ node node-number<0-65535> ]",
	 .enters = "route-policy",
	 .order = 400},
	{.views = "route-policy",
	 .grammar = "if-match cost cost-value<0-4294967295>",
	 .value = "cost-value",
	 .order = 10},
	{.views = "route-policy",
	 .grammar =
		 "apply community { community-number | internet | no-export }&<1-32> [ additive ]",
	 .value = "community-number internet no-export additive",
	 .order = 20},
	{.views = "route-policy",
	 .grammar = "apply local-preference preference<0-4294967295>",
	 .value = "preference",
	 .order = 30},
	{.views = "route-policy",
	 .grammar = "description description-text",
	 .value = "description-text",
	 .order = 5},
	{.views = "bgp",
	 .grammar = PEER "**as-number** *as-number*",
	 .value = "*as-number*",
	 .order = 500,
	 .rank = 0},
	{.views = "bgp",
	 .grammar = PEER "description description-text",
	 .value = "description-text",
	 .order = 500,
	 .rank = 10},
	{.views = "bgp",
	 .grammar = PEER "timer keepalive keepalive-time<0-21845> hold hold-time<0-65535> "
			 "[ min-holdtime min<20-65535> ]",
	 .value = "keepalive-time hold hold-time min-holdtime min",
	 .standard = "60 hold 180",
	 .order = 500,
	 .rank = 20},
	{.views = "bgp",
	 .grammar = PEER "capability-advertise { route-refresh | 4-byte-as }",
	 .order = 500,
	 .rank = 30,
	 .flags = ROW_DEFAULT_ON},
	{.views = "bgp",
	 .grammar = "undo " PEER,
	 .apply = test_apply_undo_peer,
	 .question = test_ask_undo_peer},
	{.views = "bgp",
	 .grammar = "ipv4-family [ unicast ]",
	 .enters = "bgp-af-ipv4",
	 .order = 900,
	 .flags = ROW_BLOCK,
	 .undo = "ipv4-family unicast"},
	{.views = "bgp",
	 .grammar = "ipv6-family unicast",
	 .enters = "bgp-af-ipv6",
	 .order = 910,
	 .flags = ROW_BLOCK},
	{.views = "af", .grammar = "undo synchronization", .flags = ROW_IGNORED},
	{.views = "af",
	 .grammar = PEER "enable",
	 .check = test_check_peer,
	 .question = test_ask_enable,
	 .order = 500},
	{.views = "af",
	 .grammar = PEER "route-policy policy-name { import | export }",
	 .value = "policy-name",
	 .order = 500,
	 .rank = 10,
	 .check = test_check_peer},
	{.views = "af",
	 .grammar = PEER "keep-all-routes",
	 .order = 500,
	 .rank = 20,
	 .check = test_check_peer},
	{.views = "bgp-af-ipv4",
	 .grammar = "network ipv4-address [ mask ]",
	 .value = "mask",
	 .order = 100},
	{.views = "bgp-af-ipv4",
	 .grammar = "aggregate ipv4-address mask [ as-set | detail-suppressed | attribute-policy "
		    "policy-name ]*",
	 .value = "mask as-set detail-suppressed attribute-policy policy-name",
	 .order = 110},
	{.views = "bgp-af-ipv6",
	 .grammar = "network ipv6-address prefix-length",
	 .value = "prefix-length",
	 .order = 100},
	{.views = "user",
	 .grammar = "refresh bgp { all | ipv4-address | external | internal | group group-name } "
		    "{ import | export }",
	 .run = test_run_refresh,
	 .level = 2},
	{.views = "*",
	 .grammar = "display bgp peer [ ipv4-address ] [ verbose ]",
	 .run = test_run_refresh},
	{.views = "*", .grammar = "display numbers count<1-1000000>", .run = test_run_numbers},
	{.views = "user",
	 .grammar = "display secrets",
	 .run = test_run_numbers,
	 .level = 3,
	 .flags = ROW_HIDDEN},
};
static const struct row_table test_table = {test_rows, sizeof(test_rows) / sizeof(test_rows[0])};
static const struct word_help test_helps[] = {{"peer", "BGP peer"}, {"import", "Routes received"}};
static const struct cli_schema test_schema = {.tables = &test_table,
					      .table_count = 1,
					      .views = test_views,
					      .view_count =
						      sizeof(test_views) / sizeof(test_views[0]),
					      .helps = test_helps,
					      .help_count = 2};
