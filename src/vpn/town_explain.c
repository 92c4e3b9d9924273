// See town_explain.h.
#include "vpn/town_explain.h"

#include "vpn/explain.h"

struct hearing {
	const struct rib_explain_want *want;
	unsigned house, words;
	struct buf *trouble;
};

static void hear(void *arg, const struct rib_explain_item *item)
{
	struct hearing *h = arg;

	if (item->kind != EXPLAIN_TABLE)
		return;
	h->words++;
	if (item->stands)
		return;
	h->want->af->text_put(h->trouble, &h->want->key);
	buf_format(h->trouble, " of table %u toward table %u: %s\n", h->house, item->number,
		   rib_bar_word(item->bar));
}

static unsigned explain_table(struct town *t, unsigned house, const struct af *af,
			      struct buf *trouble)
{
	struct rib *r = t->houses[house].rib;
	struct rib_explain_want want = {.af = af, .peer = RIB_NO_PEER};
	struct hearing h = {.want = &want, .house = house, .trouble = trouble};
	uint16_t peer;

	for (uint32_t n = 1; n < rib_numbers(r, af); n++)
		if (rib_best(r, af, n, &want.key, &peer))
			exchange_explain(t->exchange, (uint16_t)house, &want, NULL, hear, &h);
	return h.words;
}

unsigned town_explain_all(struct town *t, struct buf *trouble)
{
	unsigned words = 0;

	for (unsigned i = 0; i < TOWN_RIBS; i++)
		for (unsigned f = 0; f < af_count && t->houses[i].rib; f++)
			words += explain_table(t, i, af_list[f], trouble);
	return words;
}
