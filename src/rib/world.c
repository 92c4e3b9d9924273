// A rib and peers that believe what it sends, for tests (rib/world.h).
#include "rib/world.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// --- believing ------------------------------------------------------------------------------------
static void route_name(char *out, size_t size, const struct af *af, const struct af_key *key)
{
	struct buf b = {0};

	af->text_put(&b, key);
	snprintf(out, size, "%s %s", af->name, buf_cstr(&b));
	buf_free(&b);
}

static void forget_all(struct believer *p)
{
	struct map_iter it = map_iter(&p->routes);

	while (map_next(&it))
		mem_free(it.value);
	map_free(&p->routes);
	map_init_text(&p->routes);
}

static void believe(struct believer *p, const struct af *af, const struct af_key *key,
		    const char *attrs)
{
	char name[128];

	route_name(name, sizeof(name), af, key);
	char *old =
		attrs ? map_put(&p->routes, name, mem_text(attrs)) : map_remove(&p->routes, name);
	if (attrs) {
		p->announced++;
		p->repeated += old && !strcmp(old, attrs);
	} else {
		p->withdrawn++;
		p->idle += !old;
	}
	mem_free(old);
}

static void attrs_text(struct buf *b, const struct attrs *as)
{
	struct buf bytes = {0};

	attrs_encode(&bytes, as);
	buf_hex(b, bytes.data, bytes.len);
	buf_free(&bytes);
}

// The label behind the attributes, as set_text writes it.
static void label_text(struct buf *b, const struct af *af, uint32_t label)
{
	if (af->props & AF_LABELED)
		buf_format(b, " label %u", label);
}

static void read_run(struct believer *p, const struct update *u, const struct nlri_run *run)
{
	struct cursor c = cursor_of(run->bytes.p, run->bytes.len);
	struct attrs as = u->attrs;
	bool labeled = run->af->props & AF_LABELED;
	struct buf text = {0};
	struct af_key key;

	if (!run->withdrawn)
		attrs_put(&as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, run->next_hop.p, run->next_hop.len);
	while (cursor_left(&c)) {
		uint32_t label = labeled ? run->af->label_get(c.p) : 0;
		memset(&key, 0, sizeof(key));
		assert_true(run->af->nlri_get(&c, &key));
		assert_true(!labeled || !run->withdrawn || label == 0x80000);
		buf_clear(&text);
		if (!run->withdrawn) {
			attrs_text(&text, &as);
			label_text(&text, run->af, label);
		}
		believe(p, run->af, &key, run->withdrawn ? NULL : buf_cstr(&text));
	}
	buf_free(&text);
}

static void read_message(struct believer *p, const uint8_t *bytes, size_t n)
{
	const struct update_context x = {
		.attr = {.as4 = p->traits.as4,
			 .internal = p->kind == SOURCE_IBGP || p->kind == SOURCE_IBGP_CLIENT,
			 .confed = p->kind != SOURCE_EBGP},
		.families = p->traits.families,
		.extended_next_hop = p->traits.extended_next_hop,
		.local = p->traits.remote,
		.remote = p->traits.local};
	struct update u;

	arena_reset(&p->world->arena);
	update_decode(bytes, n, &x, &p->world->arena, &u);
	if (u.verdict != UPDATE_OK || u.trouble)
		fail_msg("peer %u does not like a message: %s", p->number, u.trouble);
	for (unsigned i = 0; i < u.run_count; i++)
		read_run(p, &u, &u.runs[i]);
	p->updates++;
}

static void read_bytes(struct believer *p, const uint8_t *bytes, size_t n)
{
	struct fault fault;

	p->bytes += n;
	while (n) {
		int length = frame_length(bytes, n, p->traits.max_message, &fault);
		assert_true(length > 0 && (size_t)length <= n);
		read_message(p, bytes, (size_t)length);
		bytes += length;
		n -= (size_t)length;
	}
}

static void on_deliver(void *arg, struct rib_delivery *d)
{
	struct world *w = arg;
	struct believer *p = &w->peers[d->peer];
	uint64_t updates = p->updates, announced = p->announced, withdrawn = p->withdrawn;
	size_t n;
	const uint8_t *bytes = rib_chunk_bytes(d->chunk, &n);

	assert_true(p->up);
	assert_int_equal(d->session, p->session);
	for (unsigned i = 0; i < d->part_count; i++) {
		assert_true(d->parts[i].from < d->parts[i].to && d->parts[i].to <= n);
		read_bytes(p, bytes + d->parts[i].from, d->parts[i].to - d->parts[i].from);
	}
	if (!d->parts)
		read_bytes(p, bytes, n);
	assert_int_equal(d->updates, p->updates - updates);
	assert_int_equal(d->announced, p->announced - announced);
	assert_int_equal(d->withdrawn, p->withdrawn - withdrawn);
	p->deliveries++;
	w->chunks += d->chunk != w->last_chunk;
	rib_chunk_unref(w->last_chunk);
	w->last_chunk = d->chunk;
	mem_free(d->parts);
}

static void on_mark(void *arg, uint16_t peer, uint32_t session, const struct af *af,
		    enum rib_mark mark)
{
	static const char *const names[] = {"end-of-rib", "begin", "end"};
	struct world *w = arg;

	assert_int_equal(session, w->peers[peer].session);
	buf_format(&w->peers[peer].marks, "%s %s\n", af->name, names[mark]);
}

static void on_moved(void *arg, const struct af *af, const struct rib_move *m)
{
	struct world *w = arg;

	if (w->moved)
		w->moved(w, af, m);
}

static void on_ledger(void *arg, struct ledger_report *report)
{
	struct world *w = arg;

	ledger_report_free(w->report);
	w->report = report;
}

// Each call has to be news.
static void on_member(void *arg, uint16_t peer, const struct af *af, const struct af_key *key,
		      bool counts)
{
	struct world *w = arg;
	struct map *all = &w->peers[peer].memberships;
	char name[128];

	route_name(name, sizeof(name), af, key);
	if (!map_get(all, name) == !counts)
		fail_msg("peer %u: %s %s already", peer, name,
			 counts ? "counts" : "does not count");
	if (counts)
		map_put(all, name, w);
	else
		map_remove(all, name);
}

// --- world ----------------------------------------------------------------------------------------
struct rib *world_rib(struct world *w)
{
	const struct rib_ops ops = {.deliver = on_deliver,
				    .mark = on_mark,
				    .moved = on_moved,
				    .member = on_member,
				    .ledger = on_ledger,
				    .arg = w};

	rib_free(w->rib);
	w->rib = rib_new(&ops);
	rib_set_options(w->rib, NULL, &w->options);
	for (unsigned i = 0; i < WORLD_PEERS; i++) {
		forget_all(&w->peers[i]);
		map_free(&w->peers[i].memberships);
		map_init_text(&w->peers[i].memberships);
		w->peers[i].up = false;
	}
	return w->rib;
}

void world_open(struct world *w)
{
	const struct policy_binding open_to_all = {.af = af_classic()};

	memset(w, 0, sizeof(*w));
	fixture_open(&w->policy);
	arena_init(&w->arena, 8192);
	w->options = (struct rib_options){.local_as = 65000,
					  .router_id = 0x0a0000fe,
					  .reflect_between_clients = true,
					  .default_local_pref = 100,
					  .max_paths = 1};
	w->generation = 1;
	w->open = policy_program(w->policy.store, NULL, &open_to_all);
	for (unsigned i = 0; i < WORLD_PEERS; i++) {
		w->peers[i].world = w;
		w->peers[i].number = (uint16_t)i;
		map_init_text(&w->peers[i].routes);
		map_init_text(&w->peers[i].memberships);
	}
	world_rib(w);
}

void world_close(struct world *w)
{
	rib_free(w->rib);
	ledger_report_free(w->report);
	rib_chunk_unref(w->last_chunk);
	for (unsigned i = 0; i < WORLD_PEERS; i++) {
		forget_all(&w->peers[i]);
		map_free(&w->peers[i].routes);
		map_free(&w->peers[i].memberships);
		buf_free(&w->peers[i].marks);
	}
	policy_program_unref(w->open);
	fixture_close(&w->policy);
	arena_free(&w->arena);
}

const struct af *world_af(const char *name)
{
	const struct af *af = af_by_name(name);

	assert_non_null(af);
	return af;
}

struct ip world_address(uint16_t peer)
{
	return ip_from_u32(0x0a000001u + peer);
}

// --- configuration --------------------------------------------------------------------------------
struct rib_import world_import(const struct world *w, uint16_t peer, uint8_t kind)
{
	bool internal = kind == SOURCE_IBGP || kind == SOURCE_IBGP_CLIENT;

	return (struct rib_import){.program = w->open,
				   .source = kind,
				   .keep_all = true,
				   .peer_as = internal ? w->options.local_as : 65001u + peer};
}

struct rib_export world_export(const struct world *w, uint16_t peer, uint8_t kind)
{
	bool internal = kind == SOURCE_IBGP || kind == SOURCE_IBGP_CLIENT;
	uint32_t id = w->options.confederation_id;

	return (struct rib_export){.program = w->open,
				   .kind = kind,
				   .community = true,
				   .large_community = true,
				   .ext_community = true,
				   .local_as = kind == SOURCE_EBGP && id ? id : w->options.local_as,
				   .peer_as = internal ? w->options.local_as : 65001u + peer};
}

void world_up(struct world *w, uint16_t peer, const char *families)
{
	struct believer *p = &w->peers[peer];
	struct rib_session *s = &p->traits;

	if (!s->max_message)
		*s = (struct rib_session){.as4 = true,
					  .refresh = true,
					  .enhanced_refresh = true,
					  .max_message = 4096};
	s->families = 0;
	for (unsigned i = 0; i < af_count; i++)
		if (!families || !strcmp(families, af_list[i]->name))
			s->families |= af_bit(af_list[i]);
	s->router_id = 0x0a000001u + peer;
	s->remote = world_address(peer);
	s->local = ip_from_u32(0x0a0000fe);
	p->up = true;
	p->session = ++w->sessions;
	forget_all(p);
	buf_clear(&p->marks);
	rib_peer_up(w->rib, peer, p->session, s);
	rib_credit(w->rib, peer, SIZE_MAX);
}

void world_down(struct world *w, uint16_t peer)
{
	rib_peer_down(w->rib, peer);
	w->peers[peer].up = false;
	forget_all(&w->peers[peer]);
}

void world_peer(struct world *w, uint16_t peer, uint8_t kind)
{
	struct rib_import in = world_import(w, peer, kind);
	struct rib_export out = world_export(w, peer, kind);

	w->peers[peer].kind = kind;
	for (unsigned i = 0; i < af_count; i++) {
		rib_peer_import(w->rib, peer, af_list[i], &in, w->generation);
		rib_peer_export(w->rib, peer, af_list[i], &out, w->generation);
	}
	world_up(w, peer, NULL);
	world_work(w);
}

// --- routes ---------------------------------------------------------------------------------------
static void put_prefixes(struct buf *b, const struct af *af, const char *prefixes, uint32_t label)
{
	const char *between = af->rd || !(af->props & AF_PREFIX) ? "," : " ";
	char *copy = mem_text(prefixes), *rest = copy, *word;

	while ((word = strsep(&rest, between))) {
		struct af_key key = {0};
		if (!*word)
			continue;
		if (!af->text_get(word, &key))
			fail_msg("no prefix: %s", word);
		af->nlri_put(b, &key);
		if (af->props & AF_LABELED)
			af->label_put(b->data + b->len - af->nlri_size(&key), label);
	}
	mem_free(copy);
}

// Words that policy/fixture.h does not know: originator-id=ADDRESS cluster-list=ADDRESS,ADDRESS
// confed=AS (an AS_CONFED_SEQUENCE in front of the path) label=NUMBER.
static void read_attrs(struct world *w, const char *text, struct attrs *as)
{
	struct arena *a = &w->policy.arena;
	char *rest = arena_text(a, text), *word;
	struct buf b = {0};
	struct ip ip;

	fixture_attrs(&w->policy, "", as);
	while ((word = strsep(&rest, " "))) {
		struct attrs one;
		char *value = strchr(word, '=');
		buf_clear(&b);
		if (!strncmp(word, "originator-id=", 14)) {
			assert_true(ip_parse(value + 1, &ip));
			attrs_put_u32(as, a, ATTR_ORIGINATOR_ID, ip_to_u32(&ip));
		} else if (!strncmp(word, "cluster-list=", 13)) {
			for (char *list = value + 1, *id; (id = strsep(&list, ","));) {
				assert_true(ip_parse(id, &ip));
				buf_u32(&b, ip_to_u32(&ip));
			}
			attrs_put(as, ATTR_CLUSTER_LIST, ATTR_OPTIONAL,
				  arena_copy(a, b.data, b.len), b.len);
		} else if (!strncmp(word, "label=", 6)) {
			as->local.label = (uint32_t)strtoul(value + 1, NULL, 10);
		} else if (!strncmp(word, "confed=", 7)) {
			const struct attr *path = attrs_find(as, ATTR_AS_PATH);
			struct span p = as_path_prepend(a, path->value, path->len,
							(uint32_t)strtoul(value + 1, NULL, 10), 1,
							AS_CONFED_SEQUENCE);
			attrs_put(as, ATTR_AS_PATH, ATTR_TRANSITIVE, p.p, p.len);
		} else {
			fixture_attrs(&w->policy, word, &one);
			if (!strncmp(word, "source=", 7))
				as->local.source = one.local.source;
			if (!strncmp(word, "originator=", 11))
				as->local.originator = one.local.originator;
			for (unsigned i = 0; i < one.count; i++)
				attrs_put(as, one.a[i].type, one.a[i].flags, one.a[i].value,
					  one.a[i].len);
		}
	}
	buf_free(&b);
}

void world_tell(struct world *w, uint16_t peer, const char *af, const char *prefixes,
		const char *attrs)
{
	struct buf nlri = {0}, bytes = {0};
	struct attrs as;

	if (attrs)
		read_attrs(w, attrs, &as);
	put_prefixes(&nlri, world_af(af), prefixes, attrs ? as.local.label : 0);
	struct span n = {nlri.data, nlri.len};
	if (attrs) {
		attrs_encode(&bytes, &as);
		struct span a = {bytes.data, bytes.len};
		rib_update(w->rib, peer, world_af(af), &a, &n);
	} else {
		rib_update(w->rib, peer, world_af(af), NULL, &n);
	}
	buf_free(&nlri);
	buf_free(&bytes);
}

void world_originate(struct world *w, const char *af, const char *prefix, const char *attrs)
{
	struct af_key key = {0};
	struct attrs as;

	assert_true(world_af(af)->text_get(prefix, &key));
	if (attrs)
		read_attrs(w, attrs, &as);
	rib_originate(w->rib, world_af(af), &key, attrs ? &as : NULL);
}

void world_lend(struct world *w, const char *af, const char *prefix, unsigned rd, const char *attrs)
{
	const uint8_t bytes[8] = {[7] = (uint8_t)rd};
	struct af_key key = {0};
	struct attrs as;

	assert_true(world_af(af)->text_get(prefix, &key));
	if (attrs)
		read_attrs(w, attrs, &as);
	rib_lend(w->rib, world_af(af), &key, bytes, attrs ? &as : NULL);
}

static bool never(void *arg)
{
	return false;
}

const struct ledger_report *world_ledger(struct world *w)
{
	ledger_report_free(w->report);
	w->report = NULL;
	world_work(w);
	rib_ledger_close(w->rib);
	world_work(w);
	return w->report;
}

void world_work(struct world *w)
{
	while (rib_work(w->rib, never, NULL))
		;
}

void world_sweep(struct world *w, enum sweep_kind kind, const char *af, uint64_t peers,
		 struct sweep_counts *ret)
{
	uint64_t mask[RIB_PEERS_MAX / 64] = {peers ? peers : UINT64_MAX};
	struct sweep *s = sweep_new(w->rib, kind, world_af(af), mask, 0);

	while (sweep_step(s, never, NULL))
		;
	if (ret)
		sweep_counts(s, ret);
	sweep_free(s);
	world_work(w);
}

// --- questions ------------------------------------------------------------------------------------
const char *world_belief(struct world *w, uint16_t peer, const char *af, const char *prefix)
{
	char name[128];

	snprintf(name, sizeof(name), "%s %s", af, prefix);
	const char *hex = map_get(&w->peers[peer].routes, name);
	if (!hex)
		return "";
	// back to attributes, in the fixture's words
	size_t n = strcspn(hex, " ") / 2;
	struct attr_set *set = arena_zero(&w->policy.arena, sizeof(*set) + n);
	struct attrs as;
	set->len = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		char byte[3] = {hex[2 * i], hex[2 * i + 1], 0};
		set->bytes[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	attr_open(set, &as);
	return fixture_text(&w->policy, &as);
}

long world_label(struct world *w, uint16_t peer, const char *af, const char *prefix)
{
	char name[128];

	snprintf(name, sizeof(name), "%s %s", af, prefix);
	const char *text = map_get(&w->peers[peer].routes, name);
	const char *label = text ? strstr(text, " label ") : NULL;
	return label ? strtol(label + 7, NULL, 10) : -1;
}

unsigned world_believed(const struct world *w, uint16_t peer)
{
	return w->peers[peer].routes.count;
}

void world_reset_counts(struct world *w)
{
	for (unsigned i = 0; i < WORLD_PEERS; i++) {
		struct believer *p = &w->peers[i];
		p->updates = p->announced = p->withdrawn = p->repeated = p->idle = 0;
		p->bytes = p->deliveries = 0;
	}
	rib_chunk_unref(w->last_chunk);
	w->last_chunk = NULL;
	w->chunks = 0;
}

// --- dumps ----------------------------------------------------------------------------------------
struct lines {
	struct vec vec;
	enum rib_view view;
	unsigned peer, count, best;
};

static void set_text(struct buf *b, const struct attr_set *s)
{
	buf_text(b, s ? " " : " -");
	if (s)
		buf_hex(b, s->bytes, s->len);
}

static bool add_line(void *arg, const struct rib_route *r)
{
	struct lines *l = arg;
	struct buf b = {0};
	char name[128];

	route_name(name, sizeof(name), r->af, &r->key);
	if (l->view == RIB_VIEW_LOC) {
		buf_format(&b, "loc %s path %u/%u from %u%s%s", name, r->path_index, r->path_count,
			   r->peer, r->best ? " best" : "", r->suppressed ? " suppressed" : "");
		set_text(&b, r->installed);
		if (r->installed)
			buf_format(&b, " source %u value %u originator %u lent %u label %u",
				   r->installed->local.source, r->installed->local.preferred_value,
				   r->installed->originator, r->installed->local.rd[7],
				   r->installed->local.label);
	} else if (l->view == RIB_VIEW_ADVERTISED) {
		buf_format(&b, "peer %u advertised %s", l->peer, name);
		set_text(&b, r->sent);
		label_text(&b, r->af, r->sent->local.label);
	} else {
		buf_format(&b, "peer %u received %s%s%s", l->peer, name, r->best ? " best" : "",
			   r->installed ? "" : " rejected");
		set_text(&b, r->received);
		set_text(&b, r->installed);
	}
	vec_add(&l->vec, buf_steal(&b));
	l->count++;
	l->best += r->best;
	return true;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void flush_lines(struct lines *l, struct buf *b)
{
	if (l->vec.count)
		qsort(l->vec.item, l->vec.count, sizeof(void *), compare_lines);
	for (size_t i = 0; i < l->vec.count; i++) {
		buf_text(b, l->vec.item[i]);
		buf_text(b, "\n");
		mem_free(l->vec.item[i]);
	}
	vec_free(&l->vec);
}

static unsigned view(struct world *w, const struct af *af, enum rib_view v, unsigned peer,
		     struct buf *b)
{
	struct lines l = {.view = v, .peer = peer};
	const struct rib_query q = {.af = af, .view = v, .peer = (uint16_t)peer};

	rib_read(w->rib, &q, add_line, &l);
	flush_lines(&l, b);
	return l.count;
}

static void beliefs(struct world *w, unsigned peer, struct buf *b)
{
	struct map_iter it = map_iter(&w->peers[peer].routes);
	struct lines l = {0};

	while (map_next(&it)) {
		struct buf line = {0};
		buf_format(&line, "peer %u advertised %s %s", peer, it.key, (char *)it.value);
		vec_add(&l.vec, buf_steal(&line));
	}
	flush_lines(&l, b);
}

static void memberships(struct world *w, unsigned peer, struct buf *b)
{
	struct map_iter it = map_iter(&w->peers[peer].memberships);
	struct lines l = {0};

	while (map_next(&it)) {
		struct buf line = {0};
		buf_format(&line, "peer %u counts in %s", peer, it.key);
		vec_add(&l.vec, buf_steal(&line));
	}
	flush_lines(&l, b);
}

void world_dump(struct world *w, struct buf *b)
{
	for (unsigned f = 0; f < af_count; f++) {
		view(w, af_list[f], RIB_VIEW_LOC, 0, b);
		for (unsigned i = 0; i < WORLD_PEERS; i++) {
			if (!w->peers[i].up)
				continue;
			view(w, af_list[f], RIB_VIEW_RECEIVED, i, b);
			view(w, af_list[f], RIB_VIEW_ADVERTISED, i, b);
		}
	}
	for (unsigned i = 0; i < WORLD_PEERS; i++) {
		beliefs(w, i, b);
		memberships(w, i, b);
	}
}

static void check_count(struct buf *trouble, unsigned peer, const char *what, unsigned count,
			unsigned seen)
{
	if (count != seen)
		buf_format(trouble, "peer %u: %s counts %u, but there are %u\n", peer, what, count,
			   seen);
}

static void check_peer(struct world *w, const struct af *af, unsigned peer, struct buf *told,
		       struct buf *trouble)
{
	struct rib_counts c;
	struct buf b = {0};

	rib_peer_counts(w->rib, (uint16_t)peer, af, &c);
	check_count(trouble, peer, "received", c.received,
		    view(w, af, RIB_VIEW_RECEIVED, peer, &b));
	check_count(trouble, peer, "accepted", c.accepted,
		    view(w, af, RIB_VIEW_ACCEPTED, peer, &b));
	unsigned advertised = view(w, af, RIB_VIEW_ADVERTISED, peer, told);
	if (c.advertised < advertised) // next hops that are a member's are not counted
		check_count(trouble, peer, "advertised", c.advertised, advertised);
	buf_clear(&b);
	struct lines l = {.view = RIB_VIEW_ACCEPTED, .peer = peer};
	const struct rib_query q = {.af = af, .view = RIB_VIEW_ACCEPTED, .peer = (uint16_t)peer};
	rib_read(w->rib, &q, add_line, &l);
	check_count(trouble, peer, "best", c.best, l.best);
	flush_lines(&l, &b);
	buf_free(&b);
}

void world_check(struct world *w, struct buf *trouble)
{
	for (unsigned i = 0; i < WORLD_PEERS; i++) {
		struct buf told = {0}, believed = {0};
		for (unsigned f = 0; f < af_count; f++)
			if (w->peers[i].up && w->peers[i].traits.families & af_bit(af_list[f]))
				check_peer(w, af_list[f], i, &told, trouble);
		beliefs(w, i, &believed);
		// both are sorted within a family, and a family's name comes first in a line's rest
		struct lines l = {0};
		for (char *s = told.data ? strtok((char *)told.data, "\n") : NULL; s;
		     s = strtok(NULL, "\n"))
			vec_add(&l.vec, mem_text(s));
		struct buf sorted = {0};
		flush_lines(&l, &sorted);
		if (strcmp(buf_cstr(&sorted), buf_cstr(&believed)) != 0)
			buf_format(trouble, "peer %u is told\n%sbut believes\n%s", i,
				   buf_cstr(&sorted), buf_cstr(&believed));
		buf_free(&sorted);
		buf_free(&told);
		buf_free(&believed);
	}
}
