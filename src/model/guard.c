// commit-guard: limits of what a commit may do. Each is a statement of its own, so that it can be
// taken away by itself. They mean nothing to the speaker: `commit` asks for those of the
// configuration that runs, which therefore cannot be lifted by the commit that they would refuse.
#include "model/guard.h"

#include <string.h>

#include "base/text.h"
#include "model/private.h"

#define PERCENT_MAX 100

// --- limits -----------------------------------------------------------------------------------------
// Hundredths: "5", "0.25".
static bool percent_parse(const char *text, size_t size, uint64_t *ret)
{
	uint64_t whole = 0, part = 0, unit = 100;
	size_t i = 0;

	for (; i < size && text[i] >= '0' && text[i] <= '9' && whole <= PERCENT_MAX; i++)
		whole = whole * 10 + (uint64_t)(text[i] - '0');
	if (!i)
		return false;
	if (i + 1 < size && text[i] == '.')
		for (i++; i < size && text[i] >= '0' && text[i] <= '9' && unit > 1; i++) {
			unit /= 10;
			part += unit * (uint64_t)(text[i] - '0');
		}
	*ret = whole * 100 + part;
	return i == size && *ret <= PERCENT_MAX * 100;
}

bool guard_limit_parse(const char *text, struct guard_limit *ret)
{
	size_t size = strlen(text);

	*ret = (struct guard_limit){.set = true};
	if (!size || text[size - 1] != '%')
		return text_number(text, 0, UINT32_MAX, &ret->value);
	ret->percent = true;
	return percent_parse(text, size - 1, &ret->value);
}

bool accept_guard_limit(const char *word, struct buf *ret_stored)
{
	struct guard_limit limit;

	if (!guard_limit_parse(word, &limit))
		return false;
	buf_text(ret_stored, word);
	return true;
}

static void read_limit(const struct conf_line *l, const char *word, struct guard_limit *ret)
{
	const char *text = conf_has(l, word) ? conf_after(l, word) : NULL;

	if (text)
		guard_limit_parse(text, ret);
}

static void read_limits(const struct conf_line *l, struct guard_limits *ret)
{
	read_limit(l, "max-withdrawn", &ret->withdrawn);
	read_limit(l, "max-rejected", &ret->rejected);
	read_limit(l, "max-moved", &ret->moved);
	if (conf_has(l, "no-session-reset"))
		ret->no_session_reset = true;
	if (conf_has(l, "protect-prefix"))
		ret->protect = conf_value(l, "prefix-list-name");
}

bool guard_limits_any(const struct guard_limits *g)
{
	return g->withdrawn.set || g->rejected.set || g->moved.set || g->no_session_reset ||
	       g->protect;
}

bool guard_limits_line(const struct conf_line *l, struct guard_limits *ret)
{
	*ret = (struct guard_limits){0};
	read_limits(l, ret);
	return guard_limits_any(ret);
}

bool guard_limits_standing(const struct conf_tree *t, struct guard_limits *ret)
{
	struct conf_iter it;

	*ret = (struct guard_limits){0};
	for (const struct conf_node *n = conf_first_order(&it, t->root, ORDER_GUARD); n;
	     n = conf_next(&it))
		read_limits(n->line, ret);
	return guard_limits_any(ret);
}

// --- the list that is protected ------------------------------------------------------------------------
bool guard_list_exists(const struct conf_tree *t, const char *name)
{
	return name_exists(t, FILTER_PREFIX, name) || name_exists(t, FILTER_PREFIX_WIDE, name);
}

static bool check_list(struct conf_edit *e)
{
	const char *name = conf_value(e->line, "prefix-list-name");

	return e->undo || e->loading || !names_checked(e->tree) ||
	       guard_list_exists(e->tree, name) ||
	       conf_refuse(e, "Error: The address prefix list %s does not exist.", name);
}

void build_check_guard(struct build *b)
{
	struct guard_limits g;

	guard_limits_standing(b->tree, &g);
	if (g.protect && !guard_list_exists(b->tree, g.protect))
		build_error(b,
			    "The address prefix list %s does not exist, but is used by: "
			    "commit-guard protect-prefix %s",
			    g.protect, g.protect);
}

#define GUARD(place, ...)                                                           \
	{                                                                           \
		.views = "system", .order = ORDER_GUARD, .rank = place, .level = 2, \
		.flags = ROW_EXTENSION, .more = MEANS(0), __VA_ARGS__               \
	}

static const struct row rows[] = {
	GUARD(1, .grammar = "commit-guard max-withdrawn guard-limit", .value = "guard-limit",
	      .help = "Refuses a commit by which neighbors would lose more announcements than that: "
		      "a number, or a percentage of those that they have."),
	GUARD(2, .grammar = "commit-guard max-rejected guard-limit", .value = "guard-limit",
	      .help = "Refuses a commit by which more accepted routes would be lost than that: a "
		      "number, or a percentage of those that are accepted."),
	GUARD(3, .grammar = "commit-guard max-moved guard-limit", .value = "guard-limit",
	      .help = "Refuses a commit by which more best paths would go or move to another peer "
		      "than that: a number, or a percentage of those that there are."),
	GUARD(4, .grammar = "commit-guard no-session-reset",
	      .help = "Refuses a commit that would reset a session."),
	GUARD(5, .grammar = "commit-guard protect-prefix prefix-list-name",
	      .value = "prefix-list-name", .check = check_list,
	      .help = "Refuses a commit by which the best path of a prefix that the list permits "
		      "would go or move to another peer."),
};
const struct row_table guard_rows = {rows, sizeof(rows) / sizeof(rows[0])};
