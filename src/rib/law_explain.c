// See law_explain.h.
#include "rib/law_explain.h"

#include "base/mem.h"
#include "rib/explain.h"

#include <stdlib.h>
#include <string.h>

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

// --- candidates -----------------------------------------------------------------------------------
void law_explain_draw(struct law *l)
{
	const unsigned f = LAW_CANDIDATE_FAMILY;

	for (unsigned i = 0; i < l->peers; i++) {
		struct truth *t = &l->peer[i];
		if (chance(l, 40))
			t->import_policy[f] = below(l, POLICIES);
		if (chance(l, 40))
			t->export_policy[f] = below(l, POLICIES);
		if (chance(l, 20))
			t->in[f].preferred_value = (uint16_t)below(l, 3);
		if (chance(l, 20))
			t->in[f].check_first_as = chance(l, 50);
		if (chance(l, 20))
			t->out[f].next_hop = (uint8_t)below(l, 3);
		if (chance(l, 20))
			t->out[f].default_route = chance(l, 50);
	}
}

// What the truth would be told as.
static struct rib_explain_peer peer_as_drawn(const struct law *l, unsigned peer)
{
	const unsigned f = LAW_CANDIDATE_FAMILY;
	const struct truth *t = &l->peer[peer];
	struct rib_explain_peer p = {.peer = (uint16_t)peer, .in = t->in[f], .out = t->out[f]};

	p.in.program = l->program[0][f][t->import_policy[f]];
	p.out.program = l->program[1][f][t->export_policy[f]];
	return p;
}

static void write_down(void *arg, const struct rib_explain_item *i)
{
	struct buf *b = arg;

	if (i->kind == EXPLAIN_UNKNOWN || i->kind == EXPLAIN_SAME || i->kind == EXPLAIN_DEFAULT)
		return;
	if (i->kind == EXPLAIN_CHECK || i->kind == EXPLAIN_STEP || i->kind == EXPLAIN_APPLY)
		return; // groups may be others: who stands for them differs
	buf_format(b, "%u: %u %u %s %s %s\n", i->kind, i->peer,
		   i->kind == EXPLAIN_LOSS ? i->other : 0, rib_bar_word(i->bar),
		   i->text ? i->text : "", i->second ? i->second : "");
}

static int line_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// The best path stands first, so that their order is another one when another is best.
static void add_sorted(struct buf *text, struct buf *answers)
{
	char *lines[256], *rest = buf_steal(text), *at = rest;
	unsigned n = 0;

	while (at && *at && n < 256)
		lines[n++] = strsep(&at, "\n");
	qsort(lines, n, sizeof(*lines), line_order);
	for (unsigned i = 0; i < n; i++)
		buf_format(answers, "%s\n", lines[i]);
	mem_free(rest);
}

void law_explain_all(struct law *l, bool candidate, struct buf *answers)
{
	struct rib_explain_peer peers[WORLD_PEERS];
	const struct rib_explain_config next = {
		.options = l->w.options, .peers = peers, .count = l->peers};

	for (unsigned i = 0; i < l->peers; i++)
		peers[i] = peer_as_drawn(l, i);
	for (unsigned p = 0; p < l->prefixes; p++) {
		const struct rib_explain_want want = {.af = law_family(LAW_CANDIDATE_FAMILY),
						      .key = l->pool.keys[LAW_CANDIDATE_FAMILY][p],
						      .peer = RIB_NO_PEER,
						      .candidate = candidate ? &next : NULL};
		buf_format(answers, "prefix %u\n", p);
		struct buf text = {0};
		rib_explain(l->w.rib, &want, write_down, &text);
		add_sorted(&text, answers);
	}
}
