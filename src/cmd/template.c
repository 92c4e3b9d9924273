// Rows that stand for one row per family: a template's grammar has words with an @ in front, which
// are written out from what the family says of itself. So a new family has all its commands without
// a line here.
#include "cmd/app.h"

#include <string.h>

#include "base/mem.h"

#define BOTH   "{ ipv4-address | ipv6-address }"
#define SCOPED "vpn-instance vpn-instance-name | **route-distinguisher** *route-distinguisher*"

static void put_selector(struct buf *b, const struct af *af)
{
	buf_text(b, af->selector);
}

static void put_instance(struct buf *b, const struct af *af)
{
	buf_text(b, af->instance_selector);
}

// Inside braces with other words: one or two alternatives.
static void put_address(struct buf *b, const struct af *af)
{
	buf_text(b, af->props & AF_SELECT_NARROW ? "ipv4-address" : "ipv4-address | ipv6-address");
}

static void put_instance_address(struct buf *b, const struct af *af)
{
	buf_text(b, af->props & AF_SELECT_NARROW_INSTANCE ? "ipv4-address"
							  : "ipv4-address | ipv6-address");
}

static void put_prefix(struct buf *b, const struct af *af)
{
	buf_text(b, af->prefix_bits == 32 ? "ipv4-address [ mask-length ]"
					  : "ipv6-address [ prefix-length ]");
}

// A family that exchanges routes with tables of VPN instances shows those too; one that instances
// have for themselves is asked for by its own selector.
static void put_tables(struct buf *b, const struct af *af)
{
	put_selector(b, af);
	if (af->inner)
		buf_text(b, " { all | " SCOPED " }");
	else if (af->props & AF_INSTANCE && !af_outer(af))
		buf_text(b, " [ vpn-instance vpn-instance-name ]");
}

static void put_peers(struct buf *b, const struct af *af)
{
	if (!af->inner || af->inner->props & AF_INSTANCE)
		put_tables(b, af);
	else
		buf_format(b, "%s all", af->selector);
}

static void put_types(struct buf *b, const struct af *af)
{
	buf_text(b, "{ all-type | type {");
	for (const struct af_type *t = af->types; t && t->title; t++)
		buf_format(b, "%s %u", t == af->types ? "" : " |", t->type);
	buf_text(b, " } [ route-key ] }");
}

static void put_reset(struct buf *b, const struct af *af)
{
	buf_text(b, af->reset_word);
}

static const struct {
	const char *word;
	void (*put)(struct buf *b, const struct af *af);
} marks[] = {
	// A word that begins another stands behind it.
	{"@af", put_selector},
	{"@address", put_address},
	{"@instance-address", put_instance_address},
	{"@instance", put_instance},
	{"@prefix", put_prefix},
	{"@tables", put_tables},
	{"@peers", put_peers},
	{"@types", put_types},
	{"@reset", put_reset},
};

static char *grammar_for(const char *grammar, const struct af *af)
{
	struct buf b = {0};

	for (const char *p = grammar; *p;) {
		size_t n = 0;
		for (unsigned i = 0; !n && i < sizeof marks / sizeof *marks; i++) {
			n = strlen(marks[i].word);
			if (strncmp(p, marks[i].word, n) != 0)
				n = 0;
			else
				marks[i].put(&b, af);
		}
		if (!n)
			buf_u8(&b, (uint8_t)p[n++]);
		p += n;
	}
	return buf_steal(&b);
}

static bool fits(const struct row_template *t, const struct af *af)
{
	return (af->props & t->needs) == t->needs && !(af->props & t->lacks) &&
	       (!t->fits || t->fits(af));
}

void template_expand(const struct template_table *t, struct row_table *ret)
{
	struct row *rows = mem_zero(sizeof *rows * t->count * af_count);
	unsigned n = 0;

	for (unsigned i = 0; i < t->count; i++)
		for (unsigned f = 0; f < af_count; f++) {
			if (!fits(&t->rows[i], af_list[f]))
				continue;
			rows[n] = t->rows[i].row;
			rows[n].grammar = grammar_for(t->rows[i].row.grammar, af_list[f]);
			rows[n].more = af_list[f];
			n++;
		}
	*ret = (struct row_table){rows, n};
}

void template_free(struct row_table *expanded)
{
	for (unsigned i = 0; i < expanded->count; i++)
		mem_free((void *)expanded->rows[i].grammar);
	mem_free((void *)expanded->rows);
}
