// Routes in tables, in VRP's forms: a row for 32-bit prefixes and memberships, a block for wide
// prefixes, key and next hop for routes that have types.
#include "cmd/route.h"

#include <stdio.h>
#include <string.h>

static const char origin_letter[] = {'i', 'e', '?'};

static void status_put(struct buf *b, const struct route_record *r)
{
	buf_format(b, " %c%c%c%c", r->valid ? '*' : ' ', r->best ? '>' : ' ',
		   r->internal ? 'i' : ' ',
		   r->stale        ? 'S'
		   : r->suppressed ? 's'
				   : ' ');
}

static const char *number_or(char *out, size_t n, bool has, uint32_t v)
{
	if (has)
		snprintf(out, n, "%u", v);
	else
		out[0] = 0;
	return out;
}

void route_row_head(struct buf *b, const struct af *af, unsigned type)
{
	const struct af_type *t = route_type_row(af, type);
	char title[80];
	if (t) {
		snprintf(title, sizeof title, "Network(%s)", t->fields);
		buf_format(b, "        %-55s NextHop\n", title);
	} else if (!(af->props & AF_WIDE)) {
		buf_text(
			b,
			"        Network            NextHop                       MED        LocPrf    PrefVal Path/Ogn\n\n");
	}
}

// Routes without a metric worth a column: the key may be long.
static void typed_row(struct buf *b, const struct route_record *r)
{
	status_put(b, r);
	buf_format(b, "   %-55s %s\n", r->same_prefix ? "" : buf_cstr(&r->prefix),
		   buf_cstr(&r->next_hop));
}

static void narrow_row(struct buf *b, const struct route_record *r)
{
	char med[16], pref[16];
	number_or(med, sizeof med, r->has_med, r->med);
	number_or(pref, sizeof pref, r->has_local_pref, r->local_pref);
	status_put(b, r);
	buf_format(b, "   %-18s %-29s %-10s %-12s %5u      %s%c\n",
		   r->same_prefix ? "" : buf_cstr(&r->prefix), buf_cstr(&r->next_hop), med, pref,
		   r->preferred, buf_cstr(&r->path), origin_letter[r->origin > 2 ? 2 : r->origin]);
}

static void wide_row(struct buf *b, const struct route_record *r)
{
	char med[16], pref[16], label[16];
	number_or(med, sizeof med, r->has_med, r->med);
	number_or(pref, sizeof pref, r->has_local_pref, r->local_pref);
	number_or(label, sizeof label, r->labeled, r->label);
	const char *prefix = buf_cstr(&r->prefix), *slash = strchr(prefix, '/');
	int length = slash ? (int)(slash - prefix) : (int)strlen(prefix);
	status_put(b, r);
	buf_format(b, " Network  : %-41.*s PrefixLen : %s\n", length, prefix,
		   slash ? slash + 1 : "");
	buf_format(b, "     NextHop  : %-41s LocPrf    : %s\n", buf_cstr(&r->next_hop), pref);
	buf_format(b, "     MED      : %-41s PrefVal   : %u\n     Label    : %s\n", med,
		   r->preferred, label);
	buf_format(b, "     Path/Ogn : %s%s%c\n", buf_cstr(&r->path), r->path.len ? " " : "",
		   origin_letter[r->origin > 2 ? 2 : r->origin]);
}

void route_row(struct buf *b, const struct route_record *r)
{
	if (r->af->types)
		typed_row(b, r);
	else if (r->af->props & AF_WIDE)
		wide_row(b, r);
	else
		narrow_row(b, r);
}
