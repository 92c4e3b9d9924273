// display route-policy, ip ip-prefix and the other filters: what is configured, in VRP's order,
// printed from the running configuration's statements.
#include "cmd/usage.h"

#include <string.h>

#include <jansson.h>

// Text of a line from its word number `from` on.
static void words_put(struct buf *b, const struct conf_line *l, unsigned from)
{
	for (unsigned i = from; i < l->words; i++)
		buf_format(b, "%s%s", i > from ? " " : "", conf_line_word(l, i));
}

static bool line_begins(const struct conf_line *l, const char *const *words, unsigned n)
{
	if (l->words < n || l->undo)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (strcmp(conf_line_word(l, i), words[i]))
			return false;
	return true;
}

// --- route-policies ---------------------------------------------------------------------------------
static void node_clauses(struct buf *b, const struct conf_node *node, const char *title,
			 const char *first)
{
	struct conf_iter it;
	buf_format(b, "    %s :\n", title);
	for (const struct conf_node *n = conf_first(&it, node); n; n = conf_next(&it)) {
		if (strcmp(conf_line_word(n->line, 0), first))
			continue;
		buf_text(b, "    ");
		conf_line_text(n->line, b);
		buf_u8(b, '\n');
	}
}

// counts: " (matched counts: 3)", "" where they are not known.
void policy_node_show(struct buf *b, const struct conf_node *n, const char *counts)
{
	const struct conf_line *l = n->line;
	buf_format(b, "%s : %s%s\n", conf_has(l, "deny") ? "deny" : "permit", conf_after(l, "node"),
		   counts);
	node_clauses(b, n, "Match clauses", "if-match");
	node_clauses(b, n, "Apply clauses", "apply");
	struct conf_iter it;
	for (const struct conf_node *child = conf_first(&it, n); child; child = conf_next(&it))
		if (!strcmp(conf_line_word(child->line, 0), "goto")) {
			buf_text(b, "    ");
			conf_line_text(child->line, b);
			buf_u8(b, '\n');
		}
}

json_t *policy_node_json(const struct conf_node *n)
{
	json_t *clauses = json_array();
	struct conf_iter it;
	for (const struct conf_node *child = conf_first(&it, n); child; child = conf_next(&it)) {
		struct buf text = {0};
		conf_line_text(child->line, &text);
		json_array_append_new(clauses, json_string(buf_cstr(&text)));
		buf_free(&text);
	}
	return json_pack("{s:s, s:s, s:I, s:o}", "name", conf_line_word(n->line, 1), "action",
			 conf_has(n->line, "deny") ? "deny" : "permit", "node",
			 (json_int_t)conf_number_after(n->line, "node", 0), "clauses", clauses);
}

static void display_route_policy(struct cli_call *c)
{
	static const char *const head[] = {"route-policy"};
	const char *only = conf_value(c->line, "policy-name");
	struct conf_tree tree = conf_tree_clone(conf_store_running(app_of(c)->store));
	struct conf_iter it;
	struct buf out = {0}, last = {0};
	json_t *list = json_array();
	for (const struct conf_node *n = conf_first(&it, tree.root); n; n = conf_next(&it)) {
		if (!line_begins(n->line, head, 1) || !conf_after(n->line, "node") ||
		    (only && strcmp(only, conf_line_word(n->line, 1))))
			continue;
		if (strcmp(buf_cstr(&last), conf_line_word(n->line, 1))) {
			buf_clear(&last);
			buf_text(&last, conf_line_word(n->line, 1));
			buf_format(&out, "Route-policy : %s\n", conf_line_word(n->line, 1));
		}
		policy_node_show(&out, n, "");
		json_array_append_new(list, policy_node_json(n));
	}
	if (only && !last.len) {
		cli_error(c, "The route-policy does not exist.");
	} else if (c->json) {
		buf_clear(&out);
		show_json(&out, json_pack("{s:O}", "nodes", list));
		buf_u8(&out, '\n');
		cli_write(c, buf_cstr(&out), out.len);
	} else {
		cli_write(c, buf_cstr(&out), out.len);
	}
	json_decref(list);
	conf_tree_free(&tree);
	buf_free(&out);
	buf_free(&last);
}

// --- filters ----------------------------------------------------------------------------------------
// row.more: the title; the words behind `display` are those of the statements.
static void display_filter(struct cli_call *c)
{
	const char *words[4] = {conf_line_word(c->line, 1), conf_line_word(c->line, 2)};
	const char *only = conf_value(c->line, "filter-name");
	struct conf_tree tree = conf_tree_clone(conf_store_running(app_of(c)->store));
	struct conf_iter it;
	struct buf out = {0}, last = {0}, entry = {0};
	json_t *list = json_array();
	for (const struct conf_node *n = conf_first(&it, tree.root); n; n = conf_next(&it)) {
		if (!line_begins(n->line, words, 2))
			continue;
		// `basic NAME` and `advanced NAME`: the name is one word further on.
		bool kind = !strcmp(conf_line_word(n->line, 2), "basic") ||
			    !strcmp(conf_line_word(n->line, 2), "advanced");
		unsigned at = kind ? 3 : 2;
		if (at >= n->line->words || (only && strcmp(only, conf_line_word(n->line, at))))
			continue;
		if (strcmp(buf_cstr(&last), conf_line_word(n->line, at))) {
			buf_clear(&last);
			buf_text(&last, conf_line_word(n->line, at));
			buf_format(&out, "%s : %s\n", (const char *)c->row->more,
				   conf_line_word(n->line, at));
		}
		buf_clear(&entry);
		words_put(&entry, n->line, at + 1);
		buf_format(&out, "        %s\n", buf_cstr(&entry));
		json_array_append_new(list,
				      json_pack("{s:s, s:s}", "name", conf_line_word(n->line, at),
						"rule", buf_cstr(&entry)));
	}
	if (only && !last.len) {
		cli_error(c, "The filter does not exist.");
	} else {
		if (c->json) {
			buf_clear(&out);
			show_json(&out, json_pack("{s:O}", "rules", list));
			buf_u8(&out, '\n');
		}
		cli_write(c, buf_cstr(&out), out.len);
	}
	json_decref(list);
	conf_tree_free(&tree);
	buf_free(&out);
	buf_free(&last);
	buf_free(&entry);
}

#define FILTER_ROW(words, title, text)                                                      \
	{                                                                                   \
		.views = "*", .grammar = "display " words " [ filter-name ]", .help = text, \
		.level = 1, .more = title, .run = display_filter                            \
	}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "display route-policy",
	 .help = "Shows route-policies.",
	 .level = 1,
	 .run = display_route_policy},
	{.views = "*",
	 .grammar = "display route-policy policy-name",
	 .help = "Shows a route-policy, and how many routes each node matches.",
	 .level = 1,
	 .run = display_policy_counted},
	{.views = "*",
	 .grammar = "display route-policy policy-name usage",
	 .help = "Shows who uses a route-policy, how many routes each node matches, and nodes that never can.",
	 .level = 1,
	 .flags = ROW_EXTENSION,
	 .run = display_policy_usage},
	FILTER_ROW("ip ip-prefix", "Prefix-list", "Shows IPv4 prefix lists."),
	FILTER_ROW("ip ipv6-prefix", "Prefix-list6", "Shows IPv6 prefix lists."),
	FILTER_ROW("ip as-path-filter", "As path filter", "Shows AS path filters."),
	FILTER_ROW("ip community-filter", "Community filter", "Shows community filters."),
	FILTER_ROW("ip extcommunity-filter", "Extended community filter",
		   "Shows extended community filters."),
	FILTER_ROW("ip rd-filter", "Route distinguisher filter", "Shows RD filters."),
	FILTER_ROW("ip large-community-filter", "Large community filter",
		   "Shows large community filters."),
};
const struct row_table policy_table = {rows, sizeof rows / sizeof *rows};
