// Ribs wired by an exchange, for tests (vpn/town.h).
#include "vpn/town.h"

#include "af/rd.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LABEL_SINGLE (1u << 19)

static void on_deliver(void *arg, struct rib_delivery *d)
{
	rib_chunk_unref(d->chunk);
	mem_free(d->parts);
}

static void on_mark(void *arg, uint16_t peer, uint32_t session, const struct af *af,
		    enum rib_mark mark)
{
}

static void on_moved(void *arg, const struct af *af, const struct rib_move *m)
{
	struct house *h = arg;

	h->lent++;
	exchange_moved(h->town->exchange, h->number, af, m);
}

void town_build(struct town *t, unsigned n)
{
	static const struct rib_options options = {.local_as = 65000,
						   .router_id = 0x0a0000fe,
						   .reflect_between_clients = true,
						   .default_local_pref = 100,
						   .max_paths = 1};
	struct house *h = &t->houses[n];
	const struct rib_ops ops = {
		.deliver = on_deliver, .mark = on_mark, .moved = on_moved, .arg = h};

	*h = (struct house){.town = t, .number = (uint16_t)n, .rib = rib_new(&ops)};
	rib_set_options(h->rib, NULL, &options);
	exchange_rib(t->exchange, (uint16_t)n, h->rib);
}

void town_demolish(struct town *t, unsigned n)
{
	exchange_rib(t->exchange, (uint16_t)n, NULL);
	rib_free(t->houses[n].rib);
	t->houses[n].rib = NULL;
}

void town_found(struct town *t)
{
	t->exchange = exchange_new(1, 4);
	town_build(t, 0);
}

void town_raze(struct town *t)
{
	exchange_free(t->exchange);
	for (unsigned n = 0; n < TOWN_RIBS; n++) {
		rib_free(t->houses[n].rib);
		t->houses[n].rib = NULL;
	}
}

void town_open(struct town *t)
{
	const struct policy_binding open_to_all = {.af = af_classic()};

	*t = (struct town){0};
	fixture_open(&t->policy);
	t->open = policy_program(t->policy.store, NULL, &open_to_all);
	town_found(t);
}

void town_close(struct town *t)
{
	town_raze(t);
	policy_program_unref(t->open);
	fixture_close(&t->policy);
}

// --- links ------------------------------------------------------------------------------------------
static int compare_values(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

static unsigned read_targets(struct town *t, const char *text, uint8_t (**ret)[8])
{
	char *rest = text ? arena_text(&t->policy.arena, text) : NULL, *word;
	uint8_t(*list)[8] = NULL;
	unsigned n = 0;

	while (rest && (word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		list = mem_resize(list, (n + 1) * sizeof(*list));
		if (!strncmp(word, "0x", 2)) {
			uint64_t v = strtoull(word, NULL, 16);
			for (unsigned i = 0; i < 8; i++)
				list[n][i] = (uint8_t)(v >> (56 - 8 * i));
		} else {
			assert_true(ext_community_parse_rt(word, list[n]));
		}
		n++;
	}
	if (n)
		qsort(list, n, sizeof(*list), compare_values);
	*ret = list;
	return n;
}

void town_link(struct town *t, unsigned n, const char *inner, const struct town_link *l)
{
	const struct af *af = fixture_af(inner);
	struct vpn_link link = {.present = true};

	if (!l) {
		exchange_link(t->exchange, (uint16_t)n, af, NULL);
		return;
	}
	assert_true(rd_get(l->rd, link.rd));
	link.takes_own = l->takes_own;
	link.label = l->label;
	link.label_per_route = l->label_per_route;
	link.target_count = read_targets(t, l->targets, &link.targets);
	link.community_count = read_targets(t, l->communities, &link.communities);
	if (l->import)
		link.import = fixture_program(&t->policy, inner, true, l->import);
	if (l->export)
		link.export = fixture_program(&t->policy, inner, false, l->export);
	exchange_link(t->exchange, (uint16_t)n, af, &link);
	vpn_link_clear(&link);
}

static bool never(void *arg)
{
	return false;
}

void town_work(struct town *t)
{
	for (unsigned n = 0; n < TOWN_RIBS; n++)
		while (t->houses[n].rib && rib_work(t->houses[n].rib, never, NULL))
			;
}

void town_walk(struct town *t, unsigned n, const char *inner, bool import, struct sweep_counts *ret)
{
	struct exchange_walk *w =
		exchange_walk_new(t->exchange, (uint16_t)n, fixture_af(inner), import, false);
	struct sweep_counts counts;

	while (exchange_walk_step(w, never, NULL))
		;
	assert_int_equal(exchange_walk_percent(w), 100);
	exchange_walk_counts(w, ret ? ret : &counts);
	exchange_walk_free(w);
}

// --- routes -----------------------------------------------------------------------------------------
void town_peer(struct town *t, unsigned n, unsigned peer, uint8_t source)
{
	uint16_t number = (uint16_t)(n * TOWN_PEERS + peer);
	const struct rib_import in = {.program = t->open,
				      .source = source,
				      .keep_all = true,
				      .peer_as = source == SOURCE_EBGP ? 65001 : 65000};
	struct rib_session s = {.families = UINT16_MAX,
				.as4 = true,
				.max_message = 4096,
				.router_id = 0x0a000001u + number,
				.local = ip_from_u32(0x0a0000fe),
				.remote = ip_from_u32(0x0a000001u + number)};

	for (unsigned i = 0; i < af_count; i++)
		rib_peer_import(t->houses[n].rib, number, af_list[i], &in, 1);
	rib_peer_up(t->houses[n].rib, number, 1, &s);
}

void town_tell(struct town *t, unsigned peer, const char *family, const char *prefix,
	       const char *attrs)
{
	const struct af *af = fixture_af(family);
	struct rib *r = t->houses[peer / TOWN_PEERS].rib;
	struct af_key key = {0};
	struct buf nlri = {0}, bytes = {0};
	struct attrs as;

	if (!af->text_get(prefix, &key))
		fail_msg("no prefix: %s", prefix);
	af->nlri_put(&nlri, &key);
	if (attrs) {
		fixture_attrs(&t->policy, attrs, &as);
		if (af->label_put)
			af->label_put(nlri.data, as.local.label);
		attrs_encode(&bytes, &as);
	}
	const struct span a = {bytes.data, bytes.len}, n = {nlri.data, nlri.len};
	rib_update(r, (uint16_t)peer, af, attrs ? &a : NULL, &n);
	buf_free(&nlri);
	buf_free(&bytes);
}

void town_originate(struct town *t, unsigned n, const char *family, const char *prefix,
		    const char *attrs)
{
	const struct af *af = fixture_af(family);
	struct af_key key = {0};
	struct attrs as;

	assert_true(af->text_get(prefix, &key));
	if (attrs)
		fixture_attrs(&t->policy, attrs, &as);
	rib_originate(t->houses[n].rib, af, &key, attrs ? &as : NULL);
}

// --- questions --------------------------------------------------------------------------------------
struct lines {
	struct town *town;
	struct vec vec;
	bool exact; // labels
	unsigned count, lent;
	struct map labels;
	const char *best;
};

static void path_text(struct town *t, const struct rib_route *r, bool exact, struct buf *b)
{
	static const char *const sources[] = {"none", "ebgp", "confed", "ibgp", "client", "local"};
	struct attrs as;

	if (r->peer == RIB_LENT) {
		buf_text(b, "lent ");
		rd_put(b, r->installed->local.rd);
	} else if (r->peer == RIB_NO_PEER) {
		buf_text(b, "own");
	} else {
		buf_format(b, "%u", r->peer);
	}
	attr_open(r->installed, &as);
	buf_format(b, " %s source=%s value=%u", fixture_text(&t->policy, &as),
		   sources[as.local.source], as.local.preferred_value);
	if (as.local.originator)
		buf_format(b, " originator=%08x", as.local.originator);
	buf_format(b, " label=%u",
		   exact || as.local.label < LABEL_SINGLE ? as.local.label : LABEL_SINGLE);
}

static bool add_line(void *arg, const struct rib_route *r)
{
	struct lines *l = arg;
	struct buf b = {0};

	r->af->text_put(&b, &r->key);
	buf_text(&b, r->best ? " > " : "   ");
	path_text(l->town, r, l->exact, &b);
	vec_add(&l->vec, buf_steal(&b));
	return true;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void dump(struct town *t, unsigned n, const struct af *af, struct buf *b)
{
	struct lines l = {.town = t};
	const struct rib_query q = {.af = af, .view = RIB_VIEW_LOC};

	rib_read(t->houses[n].rib, &q, add_line, &l);
	if (l.vec.count)
		qsort(l.vec.item, l.vec.count, sizeof(void *), compare_lines);
	for (size_t i = 0; i < l.vec.count; i++) {
		buf_format(b, "%u %s\n", n, (char *)l.vec.item[i]);
		mem_free(l.vec.item[i]);
	}
	vec_free(&l.vec);
}

void town_dump_all(struct town *t, struct buf *b)
{
	for (unsigned n = 0; n < TOWN_RIBS; n++)
		for (unsigned i = 0; i < af_count && t->houses[n].rib; i++)
			dump(t, n, af_list[i], b);
}

static bool note_best(void *arg, const struct rib_route *r)
{
	struct lines *l = arg;
	struct buf b = {0};

	l->count++;
	if (r->best && !l->best) {
		path_text(l->town, r, l->exact, &b);
		l->best = arena_text(&l->town->policy.arena, buf_cstr(&b));
	}
	buf_free(&b);
	return true;
}

const char *town_best(struct town *t, unsigned n, const char *family, const char *prefix)
{
	struct af_key key = {0};
	struct lines l = {.town = t, .exact = true};
	const struct rib_query q = {.af = fixture_af(family), .view = RIB_VIEW_LOC, .exact = &key};

	assert_true(q.af->text_get(prefix, &key));
	rib_read(t->houses[n].rib, &q, note_best, &l);
	return l.best ? l.best : "";
}

unsigned town_count(struct town *t, unsigned n, const char *family)
{
	struct lines l = {.town = t};
	const struct rib_query q = {.af = fixture_af(family), .view = RIB_VIEW_LOC};

	rib_read(t->houses[n].rib, &q, note_best, &l);
	return l.count;
}

static bool count_lent(void *arg, const struct rib_route *r)
{
	struct lines *l = arg;

	l->lent += r->peer == RIB_LENT;
	return true;
}

unsigned town_lent(struct town *t, unsigned n, const struct af *af)
{
	struct lines l = {.town = t};
	const struct rib_query q = {.af = af, .view = RIB_VIEW_LOC};

	rib_read(t->houses[n].rib, &q, count_lent, &l);
	return l.lent;
}

static bool note_label(void *arg, const struct rib_route *r)
{
	struct lines *l = arg;

	if (r->peer == RIB_LENT && r->installed->local.label >= LABEL_SINGLE)
		assert_null(map_put_number(&l->labels, r->installed->local.label, l));
	return true;
}

void town_check_labels(struct town *t)
{
	struct lines l = {.town = t};

	map_init_number(&l.labels);
	for (unsigned i = 0; i < af_count; i++) {
		const struct rib_query q = {.af = af_list[i], .view = RIB_VIEW_LOC};
		rib_read(t->houses[0].rib, &q, note_label, &l);
	}
	map_free(&l.labels);
}
