// See law_explain.h.
#include "rib/law_explain.h"

#include "rib/explain.h"

struct listener {
	struct law *law;
	unsigned f, prefix;
	struct buf *trouble;
	unsigned paths, neighbors;
};

static void complain(struct listener *x, const char *what, uint16_t peer)
{
	buf_format(x->trouble, "explained otherwise: %s, family %u, prefix %u, peer %u\n", what,
		   x->f, x->prefix, peer);
}

static const char *belief(struct listener *x, uint16_t peer)
{
	const struct af *af = law_family(x->f);
	struct buf text = {0};

	af->text_put(&text, &x->law->pool.keys[x->f][x->prefix]);
	const char *b = world_belief(&x->law->w, peer, af->name, buf_cstr(&text));
	buf_free(&text);
	return b;
}

static void hear_told(struct listener *x, const struct rib_explain_item *item)
{
	bool up = x->law->w.peers[item->peer].up;

	x->neighbors++;
	if (up && !item->bar != !!*belief(x, item->peer))
		complain(x, rib_bar_word(item->bar), item->peer);
	if (up == (item->bar == BAR_NO_SESSION))
		complain(x, "session", item->peer);
	if (up && item->waits)
		complain(x, "waits", item->peer);
}

static void hear(void *arg, const struct rib_explain_item *item)
{
	struct listener *x = arg;

	x->paths += item->kind == EXPLAIN_PATH;
	if (item->kind == EXPLAIN_VERDICT && !item->stands)
		complain(x, "verdict", item->peer);
	if (item->kind == EXPLAIN_BEST && !item->stands)
		complain(x, "best", item->peer);
	if (item->kind == EXPLAIN_TOLD && !item->stands)
		complain(x, "told", item->peer);
	if (item->kind == EXPLAIN_TOLD)
		hear_told(x, item);
}

static bool count_path(void *arg, const struct rib_route *route)
{
	++*(unsigned *)arg;
	return true;
}

static unsigned paths_stored(struct listener *x)
{
	unsigned count = 0;
	struct rib_query q = {.af = law_family(x->f),
			      .view = RIB_VIEW_LOC,
			      .exact = &x->law->pool.keys[x->f][x->prefix]};

	rib_read(x->law->w.rib, &q, count_path, &count);
	q.view = RIB_VIEW_NOT_ACCEPTED;
	for (q.peer = 0; q.peer < x->law->peers; q.peer++)
		rib_read(x->law->w.rib, &q, count_path, &count);
	return count;
}

void law_explain(struct law *l, struct buf *trouble)
{
	for (unsigned f = 0; f < LAW_FAMILIES; f++)
		for (unsigned p = 0; p < l->prefixes; p++) {
			struct listener x = {.law = l, .f = f, .prefix = p, .trouble = trouble};
			const struct rib_explain_want want = {.af = law_family(f),
							      .key = l->pool.keys[f][p],
							      .peer = RIB_NO_PEER};
			rib_explain(l->w.rib, &want, hear, &x);
			if (x.paths != paths_stored(&x))
				complain(&x, "number of paths", RIB_NO_PEER);
			if (x.neighbors != l->peers)
				complain(&x, "number of neighbours", RIB_NO_PEER);
		}
}
