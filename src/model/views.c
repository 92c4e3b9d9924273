// The views, and the statements that enter those of the families. One view per family is made from
// the family's own words, and one more where a VPN instance can have it, so that a new family needs
// no line here. Views of families carry tags by what the family is, which is how rows say where they
// are valid:
//   af           every family; af-public: not of a VPN instance
//   af-peers     peers of a VPN instance are made here; af-member: they are made elsewhere
//   af-prefix    keys are prefixes: af-narrow of 32 bits, af-wide of 128; af-prefix-public
//   af-plain     neither VPN routes nor memberships
//   af-originate network, aggregate, default route; with -narrow or -wide behind it
//   af-targeted, af-membership, af-typed, af-labeled  as the property bits say
// The families' views of `ip vpn-instance` carry vpn-af, and vpn-af-typed where there is a family of
// several types of routes (multicast) beside the unicast one.
#include "model/private.h"

#include <string.h>

#include "base/mem.h"
#include "model/peer.h"

static const struct view fixed[] = {
	{.name = "bgp", .prompt = "-bgp"},
	{.name = "bgp-instance",
	 .parent = "bgp",
	 .prompt = "-bgp-instance-{vpn-instance-name}",
	 .stays = "peer group"},
	{.name = "vpn-instance", .prompt = "-vpn-instance-{vpn-instance-name}"},
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

enum family_view { VIEW_PUBLIC, VIEW_INSTANCE, VIEW_VPN }; // BGP: public, instance; ip vpn-instance

// Of an instance's family the statements stand in `ip vpn-instance` if its routes become VPN routes.
static bool has_view(const struct af *af, enum family_view kind)
{
	if (kind == VIEW_PUBLIC)
		return true;
	return af->props & AF_INSTANCE && (kind == VIEW_INSTANCE || af_outer(af));
}

static const char *family_view_name(const struct af *af, enum family_view kind)
{
	static const char *const begin[] = {"bgp-", "bgp-vpn-", "vpn-instance-"};

	return mem_format("%s%s", begin[kind], kind == VIEW_INSTANCE ? af->name : af->prompt);
}

static const char *width_of(const struct af *af)
{
	return af->prefix_bits == 32 ? "narrow" : "wide";
}

static void put_bgp_tags(const struct af *af, bool public, struct buf *out)
{
	const char *own = af->props & AF_UNICAST ? "af-peers" : "af-member";

	buf_format(out, "af %s", public ? "af-public af-member" : own);
	if (af->props & AF_PREFIX)
		buf_format(out, " af-prefix af-%s%s", width_of(af),
			   public ? " af-prefix-public" : "");
	if (af->props & AF_ORIGINATE)
		buf_format(out, " af-originate af-originate-%s", width_of(af));
	if (!(af->props & (AF_TARGETED | AF_MEMBERSHIP)))
		buf_text(out, " af-plain");
	if (af->props & AF_TARGETED)
		buf_text(out, " af-targeted");
	if (af->props & AF_MEMBERSHIP)
		buf_text(out, " af-membership");
	if (af->props & AF_TYPED)
		buf_text(out, " af-typed");
	if (af->props & AF_LABELED)
		buf_text(out, " af-labeled");
}

static const char *family_tags(const struct af *af, enum family_view kind)
{
	struct buf tags = {0};

	if (kind != VIEW_VPN)
		put_bgp_tags(af, kind == VIEW_PUBLIC, &tags);
	else if (typed_family(af))
		buf_text(&tags, "vpn-af vpn-af-typed");
	else
		buf_text(&tags, "vpn-af");
	char *text = mem_text(buf_cstr(&tags));
	buf_free(&tags);
	return text;
}

static struct view family_view(const struct af *af, enum family_view kind)
{
	static const char name[] = "{vpn-instance-name}";
	const char *prompt;

	if (kind == VIEW_PUBLIC)
		prompt = mem_format("-bgp-%s", af->prompt);
	else if (kind == VIEW_INSTANCE)
		prompt = mem_format("%s%s", af->instance_prompt, name);
	else
		prompt = mem_format("-vpn-instance-%s-%s", name, af->prompt);
	return (struct view){
		.name = family_view_name(af, kind),
		.parent = kind == VIEW_VPN ? "vpn-instance" : "bgp",
		.prompt = prompt,
		.tags = family_tags(af, kind),
		.stays = kind == VIEW_INSTANCE ? "peer group" : NULL,
	};
}

// Made once and kept as long as the process: grammars point into it.
const struct view *model_views(unsigned *ret_count)
{
	static struct view *views;
	static unsigned count;

	if (views) {
		*ret_count = count;
		return views;
	}
	views = mem_zero((FIXED + 3 * af_count) * sizeof(*views));
	memcpy(views, fixed, sizeof(fixed));
	count = FIXED;
	for (enum family_view kind = VIEW_PUBLIC; kind <= VIEW_VPN; kind++) {
		for (unsigned i = 0; i < af_count; i++) {
			if (has_view(af_list[i], kind))
				views[count++] = family_view(af_list[i], kind);
		}
	}
	// The BGP view takes in the statements of the classic family.
	views[0].also = views[FIXED + af_index(af_classic())].name;
	views[0].also_line = af_classic()->view;
	*ret_count = count;
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

static bool ends_in_unicast(const struct af *af)
{
	const char *last = strrchr(af->view, ' ');

	return last && strcmp(last + 1, "unicast") == 0;
}

// `ipv4-family [ unicast ]`, `ipv4-family vpnv4 [ unicast ]`; *ret_value: the word left out at will.
static const char *entry_grammar(const struct af *af, const char **ret_value)
{
	size_t size = strlen(af->view);

	*ret_value = af->props & AF_UNICAST ? "unicast" : NULL;
	if (!*ret_value)
		return af->view;
	if (ends_in_unicast(af))
		size -= strlen(" unicast");
	return mem_format("%.*s [ unicast ]", (int)size, af->view);
}

static struct row entry_row(const struct af *af)
{
	struct meaning *m = MEM_NEW(struct meaning);
	const char *value, *grammar = entry_grammar(af, &value);

	m->af = af;
	return (struct row){
		.views = "bgp",
		.grammar = grammar,
		.value = value,
		.enters = family_view_name(af, VIEW_PUBLIC),
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

static struct row instance_row(const struct af *af)
{
	struct meaning *m = MEM_NEW(struct meaning);

	m->af = af;
	return (struct row){
		.views = "bgp",
		.grammar = mem_format("%s vpn-instance-name", af->instance_view),
		.enters = family_view_name(af, VIEW_INSTANCE),
		.help = mem_format("Enters the view of the address family %s in a VPN instance.",
				   af->title),
		.order = (uint16_t)(ORDER_VPN_FAMILY + af->order),
		.level = 2,
		.flags = ROW_BLOCK,
		.effect = EFFECT_SESSION,
		.check = check_instance,
		.question = ask_family,
		.more = m,
	};
}

// Stored is the short form, as VRP shows it.
static bool apply_vpn(struct conf_edit *e)
{
	const struct af *af = meaning_of(e->line->row)->af;

	if (e->undo || !conf_has(e->line, "unicast"))
		return conf_edit_default(e);
	char *line = mem_text_n(af->view, strlen(af->view) - strlen(" unicast"));
	bool done = conf_edit_type(e, line);
	mem_free(line);
	return done;
}

static struct row vpn_row(const struct af *af)
{
	struct meaning *m = MEM_NEW(struct meaning);
	const char *value, *grammar = entry_grammar(af, &value);

	m->af = af;
	return (struct row){
		.views = "vpn-instance",
		.grammar = grammar,
		.value = value,
		.enters = family_view_name(af, VIEW_VPN),
		.help = mem_format(
			"Gives the VPN instance the address family %s and enters its view.",
			af->title),
		.order = (uint16_t)(ORDER_VPN_AF + af->order),
		.level = 2,
		.effect = IMPORTS | EFFECT_EXPORT,
		.question = ask_family,
		.apply = apply_vpn,
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

	unsigned first = rows ? af_count : 0;

	if (!rows)
		rows = mem_zero(4 * af_count * sizeof(*rows));
	for (unsigned i = first; i < af_count; i++) {
		const struct af *af = af_list[i];
		rows[count++] = entry_row(af);
		if (af->props & AF_DEFAULT_ON)
			rows[count++] = default_row(af);
		if (has_view(af, VIEW_INSTANCE))
			rows[count++] = instance_row(af);
		if (has_view(af, VIEW_VPN))
			rows[count++] = vpn_row(af);
	}
	*ret = (struct row_table){rows, count};
}
