// Address prefix lists: `ip ip-prefix` and `ip ipv6-prefix`. One statement is one entry, found by
// its index; an entry typed without one comes behind the last, ten further on.
#include "model/private.h"

static const char *list_name(const struct conf_line *l, bool *ret_wide)
{
	const char *name = conf_value(l, "ip-prefix-name");

	*ret_wide = !name;
	return name ? name : conf_value(l, "ipv6-prefix-name");
}

static bool entry_address(const struct conf_line *l, struct ip *ret, unsigned *ret_length)
{
	const char *text = conf_value(l, "ipv4-address");

	if (text)
		*ret_length = (unsigned)conf_number(l, "mask-length", 0);
	else if ((text = conf_value(l, "ipv6-address")))
		*ret_length = (unsigned)conf_number(l, "prefix-length", 0);
	return text && ip_parse(text, ret);
}

static bool check_entry(struct conf_edit *e)
{
	struct ip ip, masked;
	unsigned length = 0;
	char text[IP_TEXT_MAX];

	if (e->undo || !entry_address(e->line, &ip, &length))
		return true;
	masked = ip;
	ip_mask(&masked, length);
	if (!ip_equal(&ip, &masked))
		return conf_refuse(
			e,
			"Error: Failed to add the address prefix list %s/%u, because the "
			"destination address and mask do not match.",
			ip_text(&ip, text), length);
	uint64_t ge = conf_number(e->line, "least-length", length);
	uint64_t le = conf_number(e->line, "most-length", ip.bits);
	if (ge < length || le < ge || le > ip.bits)
		return conf_refuse(e,
				   "Error: The lengths must satisfy %u <= greater-equal <= "
				   "less-equal <= %u.",
				   length, ip.bits);
	return true;
}

// The description goes with the last entry.
static bool undo_entry(struct conf_edit *e, const char *name, bool wide)
{
	struct buf line = {0};

	if (!conf_edit_default(e))
		return false;
	if (name_exists(e->tree, wide ? FILTER_PREFIX_WIDE : FILTER_PREFIX, name))
		return true;
	buf_format(&line, "undo ip %s ", wide ? "ipv6-prefix" : "ip-prefix");
	text_name(&line, name);
	buf_text(&line, " description");
	conf_edit_type(e, buf_cstr(&line));
	buf_free(&line);
	return true;
}

static bool apply_entry(struct conf_edit *e)
{
	bool wide;
	const char *name = list_name(e->line, &wide);

	return e->undo ? undo_entry(e, name, wide) : apply_indexed(e, name);
}

static void take_entry(struct taking *t, const struct conf_line *l)
{
	bool wide;
	const char *name = list_name(l, &wide);
	struct source_filter *f =
		policy_source_filter(t->source, wide ? FILTER_PREFIX_WIDE : FILTER_PREFIX, name);
	struct source_rule *r = policy_source_rule(
		t->source, f, (uint32_t)conf_number(l, "index-number", 0), conf_has(l, "permit"));
	unsigned length = 0;

	entry_address(l, &r->address, &length);
	r->length = (uint8_t)length;
	r->match_network = conf_has(l, "match-network");
	r->greater_equal = (int16_t)conf_number(l, "least-length", UINT64_MAX);
	r->less_equal = (int16_t)conf_number(l, "most-length", UINT64_MAX);
}

static const struct row rows[] = {
	{.views = "system",
	 .grammar = "ip ip-prefix ip-prefix-name [ index index-number<1-4294967295> ] { permit | "
		    "deny } ipv4-address mask-length [ match-network ] [ greater-equal "
		    "least-length<0-32> ] [ less-equal most-length<0-32> ]",
	 .value = "permit deny ipv4-address mask-length match-network greater-equal least-length "
		  "less-equal most-length",
	 .help = "Adds an entry to an address prefix list, or replaces the one of that index.",
	 .order = ORDER_PREFIX,
	 .rank = 1,
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .check = check_entry,
	 .apply = apply_entry,
	 .more = MEANS(.take = take_entry)},
	{.views = "system",
	 .grammar = "ip ip-prefix ip-prefix-name description description-text",
	 .value = "description-text",
	 .help = "Describes an address prefix list.",
	 .order = ORDER_PREFIX,
	 .level = 2,
	 .more = MEANS(0)},
	{.views = "system",
	 .grammar = "ip ipv6-prefix ipv6-prefix-name [ index index-number<1-4294967295> ] { permit "
		    "| deny } ipv6-address prefix-length [ match-network ] [ greater-equal "
		    "least-length<0-128> ] [ less-equal most-length<0-128> ]",
	 .value = "permit deny ipv6-address prefix-length match-network greater-equal least-length "
		  "less-equal most-length",
	 .help = "Adds an entry to an IPv6 address prefix list, or replaces the one of that index.",
	 .order = ORDER_PREFIX_WIDE,
	 .rank = 1,
	 .level = 2,
	 .effect = POLICY_EFFECTS,
	 .check = check_entry,
	 .apply = apply_entry,
	 .more = MEANS(.take = take_entry)},
	{.views = "system",
	 .grammar = "ip ipv6-prefix ipv6-prefix-name description description-text",
	 .value = "description-text",
	 .help = "Describes an IPv6 address prefix list.",
	 .order = ORDER_PREFIX_WIDE,
	 .level = 2,
	 .more = MEANS(0)},
};
const struct row_table prefix_list_rows = {rows, sizeof(rows) / sizeof(rows[0])};
