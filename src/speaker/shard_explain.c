// The shard's side of an explanation: everything is told in one go and copied, texts included, for
// the control thread. One destination has as many paths as neighbours at most, and what groups of
// neighbours share is told once, so an answer is short work.
#include "speaker/shard_explain.h"

#include "base/mem.h"
#include "vpn/explain.h"

static void drop(struct policy_program *p)
{
	if (p)
		policy_program_unref(p);
}

void explain_order_free(struct explain_order *o)
{
	if (!o)
		return;
	for (unsigned i = 0; i < o->config.count; i++) {
		drop(o->peers[i].in.program);
		drop(o->peers[i].out.program);
		drop(o->peers[i].out.default_route_program);
	}
	for (unsigned i = 0; i < o->link_count; i++)
		vpn_link_clear(&o->links[i].link);
	mem_free((void *)o->config.options.confederation_members);
	mem_free(o->links);
	mem_free(o->peers);
	mem_free(o);
}

void explanation_free(struct explanation *e)
{
	if (!e)
		return;
	mem_free(e->items);
	arena_free(&e->arena);
	mem_free(e);
}

static const char *keep(struct explanation *e, const char *text)
{
	return text ? arena_text(&e->arena, text) : NULL;
}

static void note(void *arg, const struct rib_explain_item *item)
{
	struct explanation *e = arg;

	if (e->count == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 64;
		e->items = mem_resize(e->items, e->cap * sizeof(*e->items));
	}
	struct rib_explain_item *to = &e->items[e->count++];
	*to = *item;
	to->text = keep(e, item->text);
	to->second = keep(e, item->second);
}

static const struct vpn_link *candidate_link(void *arg, uint16_t instance, const struct af *inner)
{
	const struct explain_order *o = arg;

	for (unsigned i = 0; i < o->link_count; i++)
		if (o->links[i].instance == instance)
			return &o->links[i].link;
	return NULL;
}

struct explanation *explain_carry_out(const struct explain_order *o, struct rib *rib,
				      struct exchange *x, uint16_t instance)
{
	const struct exchange_candidate candidate = {candidate_link, (void *)o};
	struct explanation *e;

	if (!rib)
		return NULL;
	e = MEM_NEW(struct explanation);
	arena_init(&e->arena, 16 * 1024);
	rib_explain(rib, &o->want, note, e);
	exchange_explain(x, instance, &o->want, o->want.candidate ? &candidate : NULL, note, e);
	return e;
}
