// The page of an impact:
//
//   sessions, totals -> a table for each family of each instance: from peers, best paths, to peers
//                    -> what cannot be known -> samples
//
// Rows come ascending by instance and family, the table's before its peers'.
#include "cmd/impact.h"

#include "conf/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS_WIDTH 15 // at least; IPv6 addresses make a table wider
#define CAUSES_SHOWN  4  // attributes behind a row
#define LINE_WIDTH    100

struct page {
	struct buf *out;
	struct app *app;
	const struct impact *impact;
	const struct impact_view *view;
};

static bool shows(const struct page *p, const struct measure_row *r)
{
	return impact_filter_has(&p->view->filter, r->instance, r->row.family, &r->address);
}

static void put_place(struct buf *b, const struct page *p, uint16_t instance, const struct af *af)
{
	const char *name = impact_instance(p->impact, p->app, instance);

	if (af)
		buf_text(b, af->title);
	if (instance != INSTANCE_PUBLIC)
		buf_format(b, "%sVPN instance %s", af ? ", " : "", name);
}

// --- the head ---------------------------------------------------------------------------------------
static void put_reset(const struct page *p, const struct soft_step *s)
{
	char address[IP_TEXT_MAX];
	struct buf who = {0};

	buf_text(&who, ip_text(&s->address, address));
	if (s->instance != INSTANCE_PUBLIC) {
		buf_text(&who, ", ");
		put_place(&who, p, s->instance, NULL);
	}
	buf_format(p->out, "    %-30s %s\n", buf_cstr(&who), s->why);
	buf_free(&who);
}

static void put_resets(const struct page *p)
{
	const struct soft_plan *plan = &p->impact->plan;
	unsigned n = 0, back = 0; // come back

	for (unsigned i = 0; i < plan->count; i++) {
		const struct soft_step *s = &plan->steps[i];
		if (!(s->effects & EFFECT_SESSION))
			continue;
		n++;
		back += speaker_config_peer(p->impact->config, s->instance, &s->address) != NULL;
	}
	if (!n) {
		buf_text(p->out, "  Sessions reset : none\n");
		return;
	}
	buf_format(p->out, "  Sessions reset : %u%s\n", n,
		   back ? ", and what the new ones bring is not counted" : "");
	for (unsigned i = 0; i < plan->count; i++)
		if (plan->steps[i].effects & EFFECT_SESSION)
			put_reset(p, &plan->steps[i]);
}

static void put_shown(const struct page *p)
{
	const struct impact_filter *f = &p->view->filter;
	const char *join = "  Shown          : ";

	if (f->has_peer) {
		buf_format(p->out, "%speer ", join);
		ip_put(p->out, &f->peer);
		join = ", ";
	}
	for (unsigned i = 0; f->has_family && i < af_count; i++)
		if (f->families >> i & 1) {
			buf_format(p->out, "%s%s", join, af_list[i]->title);
			join = ", ";
		}
	if (f->has_instance && f->instance != INSTANCE_PUBLIC) {
		buf_format(p->out, "%sVPN instance %s", join,
			   impact_instance(p->impact, p->app, f->instance));
		join = ", ";
	}
	if (*join == ',')
		buf_u8(p->out, '\n');
}

static void put_within(const struct page *p)
{
	const struct ledger_options *o = &p->impact->options;

	if (!o->within.bits)
		return;
	buf_text(p->out, "  Within         : ");
	ip_put(p->out, &o->within);
	buf_format(p->out, "/%u\n", o->within_bits);
}

static void put_totals(const struct page *p)
{
	uint64_t t[LEDGER_CLASSES];

	impact_total(p->impact, &p->view->filter, t);
	buf_format(p->out,
		   "  Routes         : %" PRIu64 " newly accepted, %" PRIu64
		   " newly rejected, %" PRIu64 " changed, %" PRIu64 " lost\n",
		   t[LEDGER_ACCEPTED], t[LEDGER_REJECTED], t[LEDGER_CHANGED], t[LEDGER_LOST]);
	if (!p->view->filter.has_peer)
		buf_format(p->out,
			   "  Best paths     : %" PRIu64 " new, %" PRIu64 " gone, %" PRIu64
			   " moved, %" PRIu64 " changed\n",
			   t[LEDGER_BEST_NEW], t[LEDGER_BEST_GONE], t[LEDGER_BEST_MOVED],
			   t[LEDGER_BEST_CHANGED]);
	buf_format(p->out,
		   "  To peers       : %" PRIu64 " announced, %" PRIu64 " announced again, %" PRIu64
		   " withdrawn\n",
		   t[LEDGER_ANNOUNCED], t[LEDGER_REANNOUNCED], t[LEDGER_WITHDRAWN]);
}

static void put_head(const struct page *p)
{
	uint64_t ms = p->impact->microseconds / 1000;

	buf_format(p->out, " Impact upon commit %u, worked out in %" PRIu64 ".%03" PRIu64 " s\n",
		   CONF_COMMIT_FIRST + p->impact->upon, ms / 1000, ms % 1000);
	put_shown(p);
	put_within(p);
	put_resets(p);
	put_totals(p);
}

// --- tables -----------------------------------------------------------------------------------------
// "localpref 34, community 10": by which attributes, those that stand first.
static void put_causes(struct buf *b, const uint32_t by[LEDGER_TRAITS])
{
	unsigned shown = 0;

	for (unsigned i = 0; i < LEDGER_TRAITS; i++) {
		if (!by[i])
			continue;
		if (shown++ == CAUSES_SHOWN) {
			buf_text(b, ", ...");
			break;
		}
		buf_text(b, shown == 1 ? "   " : ", ");
		if (impact_trait(i))
			buf_format(b, "%s %u", impact_trait(i), by[i]);
		else
			buf_format(b, "attribute %u %u", i, by[i]);
	}
	buf_u8(b, '\n');
}

// What a table shows of a row: up to four classes in a stretch, and by which attributes.
struct columns {
	const char *title, *head;
	enum ledger_class first, last;
	bool of_table;
};

static const struct columns tables[] = {
	{"From peer", "   Accepted   Rejected    Changed       Lost   Changed by\n",
	 LEDGER_ACCEPTED, LEDGER_LOST, false},
	{"Best paths", "        New       Gone      Moved    Changed   Changed by\n",
	 LEDGER_BEST_NEW, LEDGER_BEST_CHANGED, true},
	{"To peer", "  Announced      Again  Withdrawn   Again for\n", LEDGER_ANNOUNCED,
	 LEDGER_WITHDRAWN, false},
};
#define TABLES (sizeof tables / sizeof *tables)

static bool has_figures(const struct columns *c, const struct measure_row *r)
{
	uint64_t sum = 0;

	for (unsigned i = c->first; i <= c->last; i++)
		sum += r->row.count[i];
	return sum && c->of_table == !r->address.bits;
}

static void put_row(const struct page *p, const struct columns *c, const struct measure_row *r,
		    unsigned width)
{
	char address[IP_TEXT_MAX] = "";

	if (!c->of_table)
		ip_text(&r->address, address);
	buf_format(p->out, "   %-*s", (int)width, address);
	for (unsigned i = c->first; i <= c->last; i++)
		buf_format(p->out, " %10" PRIu64, r->row.count[i]);
	put_causes(p->out, c->last == LEDGER_WITHDRAWN ? r->row.reannounced_by : r->row.changed_by);
}

// Rows of one family of one instance, and the samples of them.
struct stretch {
	const struct measure_row *rows;
	unsigned count;
	unsigned width; // of addresses
	const struct impact_sample *samples;
	unsigned sample_count;
};

static void put_table(const struct page *p, const struct columns *c, const struct stretch *s)
{
	bool headed = false;

	for (unsigned i = 0; i < s->count; i++) {
		const struct measure_row *r = &s->rows[i];
		if (!shows(p, r) || !has_figures(c, r))
			continue;
		if (!headed)
			buf_format(p->out, "  %-*s%s", (int)s->width + 1, c->title, c->head);
		headed = true;
		put_row(p, c, r, s->width);
	}
}

static void put_stretch(const struct page *p, const struct stretch *s)
{
	const struct page inner = {.out = &(struct buf){0}, p->app, p->impact, p->view};

	for (unsigned i = 0; i < TABLES; i++)
		put_table(&inner, &tables[i], s);
	if (inner.out->len) {
		buf_text(p->out, "\n ");
		put_place(p->out, p, s->rows->instance, af_list[s->rows->row.family]);
		buf_text(p->out, ":\n");
		buf_put(p->out, inner.out->data, inner.out->len);
	}
	buf_free(inner.out);
}

// --- what cannot be known ---------------------------------------------------------------------------
static void put_unknown(const struct page *p)
{
	bool headed = false;

	for (unsigned i = 0; i < p->impact->unknown_count; i++) {
		const struct impact_unknown *u = &p->impact->unknown[i];
		char address[IP_TEXT_MAX];
		struct buf who = {0};
		if (!impact_filter_has(&p->view->filter, u->instance, af_index(u->af), &u->address))
			continue;
		if (!headed)
			buf_text(
				p->out,
				"\n Not known: routes turned away before, and not kept\n"
				"  From peer                              Turned away   Will come by\n");
		headed = true;
		buf_format(&who, "%s, ", ip_text(&u->address, address));
		put_place(&who, p, u->instance, u->af);
		buf_format(p->out, "   %-38s %10" PRIu64 "   %s\n", buf_cstr(&who), u->unkept,
			   u->asked ? "ROUTE-REFRESH, at commit" : "a new session (reset bgp)");
		buf_free(&who);
	}
}

// --- samples ----------------------------------------------------------------------------------------
static bool sample_fits(const struct page *p, const struct impact_sample *s, unsigned class)
{
	return s->class == class &&
	       impact_filter_has(&p->view->filter, s->instance, s->family, &s->address);
}

static uint64_t class_count(const struct page *p, const struct stretch *st, unsigned class)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < st->count; i++)
		if (shows(p, &st->rows[i]))
			sum += st->rows[i].row.count[class];
	return sum;
}

// Wide enough for each of those that are shown.
struct widths {
	unsigned shown, prefix, who;
};

static void widen(unsigned *width, const char *text)
{
	if (strlen(text) > *width)
		*width = (unsigned)strlen(text);
}

static struct widths class_widths(const struct page *p, const struct stretch *st, unsigned class)
{
	struct widths w = {.prefix = 18, .who = ADDRESS_WIDTH};

	for (unsigned i = 0; i < st->sample_count && w.shown < p->view->samples; i++) {
		const struct impact_sample *s = &st->samples[i];
		if (!sample_fits(p, s, class))
			continue;
		widen(&w.prefix, s->prefix);
		widen(&w.who, s->who);
		w.shown++;
	}
	return w;
}

// Attributes in lines of their own where one is too narrow, below each other.
static void put_wrapped(struct buf *b, const char *text, size_t column)
{
	size_t used = column;

	while (*text) {
		const char *end = strstr(text, ", ");
		size_t n = end ? (size_t)(end - text) + 1 : strlen(text);
		if (used > column && used + 1 + n > LINE_WIDTH) {
			buf_format(b, "\n%*s", (int)column, "");
			used = column;
		} else if (used > column) {
			buf_u8(b, ' ');
			used++;
		}
		buf_put(b, text, n);
		used += n;
		text += n + (end ? 1 : 0);
	}
	buf_u8(b, '\n');
}

// Those of one class, which stand apart by peer.
static void put_class(const struct page *p, const struct stretch *st, unsigned class)
{
	struct widths w = class_widths(p, st, class);

	if (!w.shown)
		return;
	buf_text(p->out, "\n ");
	put_place(p->out, p, st->rows->instance, af_list[st->rows->row.family]);
	buf_format(p->out, ", %s (%u of %" PRIu64 "):\n", impact_class(class), w.shown,
		   class_count(p, st, class));
	for (unsigned i = 0; i < st->sample_count && w.shown; i++) {
		const struct impact_sample *s = &st->samples[i];
		if (!sample_fits(p, s, class))
			continue;
		buf_format(p->out, "   %-*s  %-*s  ", (int)w.prefix, s->prefix, (int)w.who, s->who);
		put_wrapped(p->out, s->what, 3 + w.prefix + 2 + w.who + 2);
		w.shown--;
	}
}

static void put_samples(const struct page *p, const struct stretch *s)
{
	for (unsigned class = 0; class < LEDGER_CLASSES; class ++)
		put_class(p, s, class);
}

// --- all of it --------------------------------------------------------------------------------------
static bool same_table(const struct measure_row *a, const struct measure_row *b)
{
	return a->instance == b->instance && a->row.family == b->row.family;
}

// The next stretch behind s, which begins at the ends of the lists before it.
static bool stretch_next(const struct impact *i, struct stretch *s)
{
	const struct measure_row *end = i->rows + i->row_count;
	const struct impact_sample *last = i->samples + i->sample_count;
	char address[IP_TEXT_MAX];

	*s = (struct stretch){.rows = s->rows + s->count,
			      .samples = s->samples + s->sample_count,
			      .width = ADDRESS_WIDTH};
	for (const struct measure_row *r = s->rows; r < end && same_table(r, s->rows); r++) {
		size_t n = strlen(ip_text(&r->address, address));
		if (n > s->width)
			s->width = (unsigned)n;
		s->count++;
	}
	for (const struct impact_sample *k = s->samples;
	     k < last && s->count && k->instance == s->rows->instance &&
	     k->family == s->rows->row.family;
	     k++)
		s->sample_count++;
	return s->count;
}

static void each_stretch(const struct page *p,
			 void (*put)(const struct page *p, const struct stretch *s))
{
	struct stretch s = {.rows = p->impact->rows, .samples = p->impact->samples};

	while (p->impact->row_count && stretch_next(p->impact, &s))
		put(p, &s);
}

void impact_text(struct buf *out, struct app *a, const struct impact_view *v)
{
	const struct page p = {.out = out, .app = a, .impact = v->impact, .view = v};

	put_head(&p);
	each_stretch(&p, put_stretch);
	put_unknown(&p);
	if (v->samples)
		each_stretch(&p, put_samples);
	if (v->samples && v->impact->sample_count == IMPACT_SAMPLES_MOST)
		buf_format(
			out,
			"\n Samples of further tables are left out: name a family, a peer or a VPN "
			"instance.\n");
}
