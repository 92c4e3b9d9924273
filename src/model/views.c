// The views, and the statements that enter those of the families. One view per family is made from
// the family's own words, so that a new family needs no line here. Views of families carry tags by
// what the family is, which is how rows say where they are valid:
//   af           every family
//   af-narrow    prefixes of 32 bits       af-wide  of 128
//   af-originate network, aggregate, default route; with -narrow or -wide behind it
#include "model/private.h"

#include <string.h>

#include "base/mem.h"
#include "model/peer.h"

static const struct view fixed[] = {
	{.name = "bgp", .prompt = "-bgp"},
	{.name = "route-policy", .prompt = "-route-policy"},
	{.name = "acl", .prompt = "-acl4-basic-{acl-number}"},
	{.name = "acl-named", .prompt = "-acl4-basic-{acl-name}"},
	{.name = "acl6", .prompt = "-acl6-basic-{acl-number}"},
	{.name = "acl6-named", .prompt = "-acl6-basic-{acl-name}"},
	{.name = "community-list", .prompt = "-community-list-{community-list-name}"},
	{.name = "large-community-list",
	 .prompt = "-large-community-list-{large-community-list-name}"},
};
#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

static const char *family_view_name(const struct af *af)
{
	return mem_format("bgp-%s", af->prompt);
}

static const char *family_tags(const struct af *af)
{
	const char *width = af->prefix_bits == 32 ? "narrow" : "wide";
	char *own, *tags;

	if (!(af->props & AF_PREFIX))
		return "af";
	own = af->props & AF_ORIGINATE ? mem_format(" af-originate af-originate-%s", width)
				       : mem_text("");
	tags = mem_format("af af-%s%s", width, own);
	mem_free(own);
	return tags;
}

// Made once and kept as long as the process: grammars point into it.
const struct view *model_views(unsigned *ret_count)
{
	static struct view *views;

	*ret_count = FIXED + af_count;
	if (views)
		return views;
	views = mem_zero(*ret_count * sizeof(*views));
	memcpy(views, fixed, sizeof(fixed));
	for (unsigned i = 0; i < af_count; i++) {
		const struct af *af = af_list[i];
		views[FIXED + i] = (struct view){
			.name = family_view_name(af),
			.parent = "bgp",
			.prompt = mem_format("-bgp-%s", af->prompt),
			.tags = family_tags(af),
		};
	}
	// The BGP view takes in the statements of the classic family.
	views[0].also = views[FIXED + af_index(af_classic())].name;
	views[0].also_line = af_classic()->view;
	return views;
}

// --- statements that are made per family --------------------------------------------------------
// Unicast is meant where nothing is said: `ipv4-family` stores `ipv4-family unicast`.
// What peers speak by themselves they speak still when the view is emptied.
static bool apply_family(struct conf_edit *e)
{
	const struct af *af = meaning_of(e->line->row)->af;

	if (!e->undo)
		return conf_edit_type(e, af->view);
	if (!conf_edit_default(e))
		return false;
	peers_enable_again(e);
	return true;
}

static const char *ask_family(struct conf_edit *e)
{
	return e->undo && conf_find(conf_edit_view(e), e->line)
		       ? "Warning: All the configurations in the address family will be deleted. "
			 "Continue? [Y/N]:"
		       : NULL;
}

static struct row entry_row(const struct af *af)
{
	struct meaning *m = MEM_NEW(struct meaning);
	const char *last = strrchr(af->view, ' ');
	bool short_form = af->props & AF_UNICAST && last;

	m->af = af;
	return (struct row){
		.views = "bgp",
		.grammar = short_form ? mem_format("%.*s [ %s ]", (int)(last - af->view), af->view,
						   last + 1)
				      : af->view,
		.value = short_form ? last + 1 : NULL,
		.enters = family_view_name(af),
		.help = mem_format("Enters the view of the address family %s.", af->title),
		.order = (uint16_t)(ORDER_FAMILY + af->order),
		.level = 2,
		.flags = ROW_BLOCK,
		.effect = EFFECT_SESSION,
		.question = ask_family,
		.apply = apply_family,
		.more = m,
	};
}

static void take_default_family(struct taking *t, const struct conf_line *l)
{
	t->build->off_by_default[af_index(meaning_of(l->row)->af)] = l->undo;
}

// It holds for peers that are made from now on: those without a word of their own stay as they are.
static bool apply_default(struct conf_edit *e)
{
	if (!e->undo)
		peers_stay_off(e, meaning_of(e->line->row)->af);
	return conf_edit_default(e);
}

static struct row default_row(const struct af *af)
{
	struct meaning *m = MEM_NEW(struct meaning);

	m->af = af;
	m->take = take_default_family;
	return (struct row){
		.views = "bgp",
		.grammar = mem_format("default %s", af->name),
		.help = mem_format(
			"Lets a new peer speak %s without a statement, if its address is of "
			"the same kind.",
			af->title),
		.order = ORDER_INSTANCE,
		.rank = 5,
		.level = 2,
		.flags = ROW_DEFAULT_ON,
		.apply = apply_default,
		.more = m,
	};
}

void family_entry_rows(struct row_table *ret)
{
	static struct row *rows;
	static unsigned count;

	if (!rows) {
		rows = mem_zero(2 * af_count * sizeof(*rows));
		for (unsigned i = 0; i < af_count; i++) {
			rows[count++] = entry_row(af_list[i]);
			if (af_list[i]->props & AF_DEFAULT_ON)
				rows[count++] = default_row(af_list[i]);
		}
	}
	*ret = (struct row_table){rows, count};
}
