// The reference in doc/, written from the rows: nothing in it is kept by hand, and a test compares
// the file with what stands here.
#include "model/private.h"

#include <string.h>

static const char *const titles[] = {
	"System",
	"Limits of commits",
	"ACLs",
	"Address prefix lists",
	"Attribute filters and sets",
	"Route-policies",
	"VPN instances",
	"BGP",
	"Peer groups",
	"Peers: session",
	"Peers: address families",
	"Address families",
	"VPN routes and memberships",
	"Address families: views and defaults",
};

static const struct {
	unsigned effect;
	const char *text;
} effects[] = {
	{EFFECT_SESSION, "resets the sessions that it concerns"},
	{EFFECT_ASK, "may ask peers by ROUTE-REFRESH"},
	{EFFECT_IMPORT, "runs import again"},
	{EFFECT_DECIDE, "chooses best paths again"},
	{EFFECT_EXPORT, "runs export again"},
	{EFFECT_PENDING, "may leave work pending until a peer's next session"},
};

static void put_effects(const struct row *row, struct buf *out)
{
	const char *join = "- A change ";

	if (row->flags & ROW_IGNORED) {
		buf_text(out, "- A change has no effect.\n");
		return;
	}
	if (!row->effect) {
		buf_text(out, "- A change neither resets sessions nor runs policies again.\n");
		return;
	}
	if (row->enters && row->effect == EFFECT_SESSION) {
		buf_text(out, "- Entering it changes nothing. `undo` deletes what it holds, which "
			      "resets the sessions that it concerns.\n");
		return;
	}
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		if (!(row->effect & effects[i].effect))
			continue;
		buf_format(out, "%s%s", join, effects[i].text);
		join = ", ";
	}
	buf_text(out, ".\n");
}

// One line for each grammar of a row; `**word**` and `*word*` are notation, not text.
static void put_grammars(const char *prefix, const char *grammar, struct buf *out)
{
	const char *p = grammar;

	while (*p) {
		size_t size = strcspn(p, ";");
		buf_text(out, prefix);
		for (size_t i = 0; i < size; i++) {
			bool star = p[i] == '*' && (!i || !strchr("}]", p[i - 1]));
			if (!star)
				buf_u8(out, (uint8_t)p[i]);
		}
		buf_text(out, "\n");
		p += size + (p[size] == ';');
		p += strspn(p, " ");
	}
}

static bool view_has_tag(const struct view *v, const char *word, size_t size)
{
	for (const char *t = v->tags; t && *t; t += strcspn(t, " "), t += strspn(t, " ")) {
		if (strcspn(t, " ") == size && memcmp(t, word, size) == 0)
			return true;
	}
	return strlen(v->name) == size && memcmp(v->name, word, size) == 0;
}

// Tags are written out as the views that carry them.
static void put_views(const struct cli_schema *s, const struct row *row, struct buf *out)
{
	const char *join = "- Views: ";

	for (const char *w = row->views; *w; w += strcspn(w, " "), w += strspn(w, " ")) {
		size_t size = strcspn(w, " ");
		unsigned found = 0;
		for (unsigned i = 0; i < s->view_count; i++) {
			if (!view_has_tag(&s->views[i], w, size))
				continue;
			buf_format(out, "%s%s", join, s->views[i].name);
			join = ", ";
			found++;
		}
		if (!found)
			buf_format(out, "%s%.*s", join, (int)size, w);
		join = ", ";
	}
	buf_text(out, "\n");
}

static void put_row(const struct cli_schema *s, const struct row *row, struct buf *out)
{
	buf_text(out, "```\n");
	put_grammars("", row->grammar, out);
	if (row->undo && *row->undo)
		put_grammars("undo ", row->undo, out);
	buf_format(out, "```\n%s%s\n\n", row->help,
		   row->flags & ROW_EXTENSION ? " *An extension: VRP does not have it.*" : "");
	put_views(s, row, out);
	if (row->flags & ROW_DEFAULT_ON)
		buf_text(out, "- Holds by default; `undo` is what is stored.\n");
	if (row->standard)
		buf_format(out, "- Default: %s\n", row->standard);
	put_effects(row, out);
	buf_text(out, "\n");
}

static const char intro[] =
	"# Configuration statements\n\n"
	"This file is written from the rows in `src/model/`; `make test` compares the two.\n\n"
	"Notation: words stand for themselves or, where they are names of parameters, for a value;\n"
	"`{ a | b }` one of, `[ a | b ]` one or none, with `*` behind it one or more (none or more) in "
	"any order;\n"
	"`x&<1-8>` up to eight of them; `number<1-10>` a whole number in that range.\n"
	"`undo` in front of a statement removes it; values may be left out then. Where a different "
	"form of `undo` is\n"
	"possible it is shown.\n\n";

// The statements that enter it, without what can be left out.
static void put_entries(const struct cli_schema *s, const struct view *v, struct buf *out)
{
	const char *join = "; entered by ";

	for (unsigned t = 0; t < s->table_count; t++) {
		for (unsigned i = 0; i < s->tables[t].count; i++) {
			const struct row *row = &s->tables[t].rows[i];
			if (!row->enters || strcmp(row->enters, v->name) != 0)
				continue;
			buf_format(out, "%s`%s`", join, row->grammar);
			join = ", ";
		}
	}
}

static void put_view_list(const struct cli_schema *s, struct buf *out)
{
	buf_text(out, "## Views\n\n- `system`: entered by `system-view`\n");
	for (unsigned i = 0; i < s->view_count; i++) {
		buf_format(out, "- `%s`: prompt `%s`", s->views[i].name, s->views[i].prompt);
		put_entries(s, &s->views[i], out);
		buf_text(out, "\n");
	}
	buf_text(out, "\n");
}

static void put_params(const struct cli_schema *s, struct buf *out)
{
	buf_text(out, "## Parameters of these statements\n\n");
	for (unsigned i = 0; i < s->param_count; i++) {
		const struct param *p = &s->params[i];
		buf_format(out, "- `%s`%s%s: %s\n", p->name, p->shape ? " " : "",
			   p->shape ? p->shape : "", p->help);
	}
}

void model_reference(struct buf *out)
{
	struct cli_schema s;

	model_schema(&s);
	buf_text(out, intro);
	put_view_list(&s, out);
	for (unsigned t = 0; t < s.table_count; t++) {
		buf_format(out, "## %s\n\n", titles[t]);
		for (unsigned i = 0; i < s.tables[t].count; i++)
			put_row(&s, &s.tables[t].rows[i], out);
	}
	put_params(&s, out);
}
