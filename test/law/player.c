// See player.h.
#include "player.h"

#include <string.h>

#include "base/mem.h"
#include "base/random.h"

#define RETRY_US 300000

// --- attributes -----------------------------------------------------------------------------------
static void put_path(const struct player *p, struct random *r, struct attrs *as, struct arena *a)
{
	static const uint32_t pool[] = {65101, 65102, 65103, 7, 64512, 100};
	uint32_t numbers[6];
	unsigned n = 0, extra = random_below(r, 4);
	uint8_t *out = arena_zero(a, 2 + sizeof(numbers));

	if (p->as != p->peer_as)
		numbers[n++] = p->as;
	while (extra--)
		numbers[n++] = pool[random_below(r, random_below(r, 8) ? 4 : 6)];
	out[0] = AS_SEQUENCE;
	out[1] = (uint8_t)n;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 4; k++)
			out[2 + i * 4 + k] = (uint8_t)(numbers[i] >> (24 - 8 * k));
	}
	attrs_put(as, ATTR_AS_PATH, ATTR_TRANSITIVE, out, n ? 2 + n * 4 : 0);
}

static void put_communities(struct random *r, struct attrs *as, struct arena *a)
{
	unsigned set = random_below(r, 16);
	uint8_t *out = arena_zero(a, 4 * 5);
	size_t n = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (!(set >> i & 1))
			continue;
		out[n + 1] = 100;
		out[n + 3] = (uint8_t)(i + 1);
		n += 4;
	}
	if (!random_below(r, 12)) {
		const uint8_t no_export[4] = {0xff, 0xff, 0xff, 0x01};

		memcpy(out + n, no_export, 4);
		n += 4;
	}
	if (n)
		attrs_put(as, ATTR_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, out, n);
}

// Route targets 100:1 to 100:4 and a site of origin, each or none.
static void put_targets(struct random *r, struct attrs *as, struct arena *a)
{
	unsigned set = random_below(r, 32);
	uint8_t *out = arena_zero(a, 8 * 5);
	size_t n = 0;

	for (unsigned i = 0; i < 5; i++) {
		const uint8_t value[8] = {0, i < 4 ? 2 : 3,
					  0, i < 4 ? 100 : 0,
					  0, 0,
					  0, (uint8_t)(i < 4 ? i + 1 : 1)};

		if (!(set >> i & 1) || (i == 4 && random_below(r, 3)))
			continue;
		memcpy(out + n, value, 8);
		n += 8;
	}
	if (n)
		attrs_put(as, ATTR_EXT_COMMUNITY, ATTR_OPTIONAL | ATTR_TRANSITIVE, out, n);
}

// Another neighbour's address, mapped for wide families: it is not told such a route.
static void hop_of_neighbour(uint8_t *hop, unsigned n, struct random *r)
{
	const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 10,
				    0,           1,           (uint8_t)(1 + random_below(r, 5))};

	memcpy(hop, mapped + 16 - n, n);
}

void player_attrs(const struct player *p, const struct af *af, uint32_t variant, struct attrs *ret,
		  struct span *ret_next_hop, struct arena *a)
{
	struct random r;
	unsigned n = af->props & AF_WIDE ? 16 : 4;
	uint8_t *hop = arena_zero(a, 16);

	random_seed(&r, variant);
	attrs_clear(ret);
	attrs_put_u8(ret, a, ATTR_ORIGIN, (uint8_t)random_below(&r, 3));
	put_path(p, &r, ret, a);
	if (random_below(&r, 2))
		attrs_put_u32(ret, a, ATTR_MED, random_below(&r, 3) * 10);
	if (p->as == p->peer_as)
		attrs_put_u32(ret, a, ATTR_LOCAL_PREF, 100 + random_below(&r, 2) * 50);
	put_communities(&r, ret, a);
	if (n == 16) {
		hop[0] = 0x20;
		hop[1] = 0x01;
		hop[2] = 0x0d;
		hop[3] = 0xb8;
	} else {
		hop[0] = 192;
		hop[2] = 2;
	}
	hop[n - 1] = (uint8_t)(1 + random_below(&r, 2));
	if (!random_below(&r, 4))
		hop_of_neighbour(hop, n, &r);
	if (af->props & AF_TARGETED || p->targets)
		put_targets(&r, ret, a);
	*ret_next_hop = (struct span){hop, n};
}

// --- sending --------------------------------------------------------------------------------------
static void send_out(struct player *p)
{
	if (p->stream && p->out.len)
		stream_write(p->stream, p->out.data, p->out.len);
	buf_clear(&p->out);
}

static void put_route(struct player *p, const struct af *af, const struct player_route *route)
{
	struct update_writer w;
	struct attrs as;
	struct span hop;
	struct buf attributes = {0};

	arena_reset(&p->scratch);
	player_attrs(p, af, route->variant, &as, &hop, &p->scratch);
	attributes_encode(&attributes, &as, true, &p->scratch);
	update_begin(&w, &p->out, af, BGP_MAX, (af->props & AF_CLASSIC) != 0);
	update_set(&w, (struct span){attributes.data, attributes.len}, hop);
	w.label = 100 + route->variant % 7;
	update_key(&w, &route->key);
	update_end(&w);
	buf_free(&attributes);
}

static void put_withdrawal(struct player *p, const struct af *af, const struct af_key *key)
{
	struct update_writer w;

	update_begin(&w, &p->out, af, BGP_MAX, (af->props & AF_CLASSIC) != 0);
	update_set_withdraw(&w);
	update_key(&w, key);
	update_end(&w);
}

// Apart from every other key of a case: 172.16.x.y/32, 2001:DBA:0:x::/64.
void player_bulk_key(const struct af *af, unsigned index, struct af_key *ret)
{
	struct ip ip = {.bits = af->prefix_bits};
	bool wide = af->prefix_bits == 128;

	if (af->inner && af->inner != af) {
		const uint8_t rd[8] = {0, 0, 0, 100, 0, 0, 0, 7};
		struct af_key inner = {0};

		player_bulk_key(af->inner, index, &inner);
		af->from_inner(&inner, rd, ret);
		return;
	}
	const uint8_t low[] = {172, 16, (uint8_t)(index >> 8), (uint8_t)index};
	const uint8_t high[] = {0x20, 1, 0x0d, 0xba, 0, 0, (uint8_t)(index >> 8), (uint8_t)index};

	memcpy(ip.b, wide ? high : low, wide ? 8 : 4);
	af->from_prefix(&ip, wide ? 64 : 32, ret);
}

static void put_bulk(struct player *p, const struct af *af, unsigned from, unsigned to,
		     uint32_t variant)
{
	struct update_writer w;
	struct attrs as;
	struct span hop;
	struct buf attributes = {0};

	arena_reset(&p->scratch);
	update_begin(&w, &p->out, af, BGP_MAX, (af->props & AF_CLASSIC) != 0);
	if (variant) {
		player_attrs(p, af, variant, &as, &hop, &p->scratch);
		attributes_encode(&attributes, &as, true, &p->scratch);
		update_set(&w, (struct span){attributes.data, attributes.len}, hop);
		w.label = 100;
	} else {
		update_set_withdraw(&w);
	}
	for (unsigned i = from; i < to; i++) {
		struct af_key key = {0};

		player_bulk_key(af, i, &key);
		update_key(&w, &key);
	}
	update_end(&w);
	buf_free(&attributes);
}

static bool speaks(const struct player *p, const struct af *af)
{
	return p->established && p->families & af_bit(af);
}

static struct player_route *route_find(struct player *p, const struct af *af,
				       const struct af_key *key, bool make)
{
	struct player_route *all = p->route[af_index(af)], *empty = NULL;

	for (unsigned i = 0; i < PLAYER_ROUTES; i++) {
		if (all[i].used && !memcmp(all[i].key.b, key->b, af->key_size))
			return &all[i];
		if (!all[i].used && !empty)
			empty = &all[i];
	}
	return make ? empty : NULL;
}

void player_announce(struct player *p, const struct af *af, const struct af_key *key,
		     uint32_t variant)
{
	struct player_route *r = route_find(p, af, key, true);

	if (!r)
		return;
	*r = (struct player_route){true, *key, variant};
	if (speaks(p, af)) {
		put_route(p, af, r);
		send_out(p);
	}
}

void player_forget(struct player *p, const struct af *af, const struct af_key *key)
{
	struct player_route *r = route_find(p, af, key, false);

	if (r)
		r->used = false;
}

void player_withdraw(struct player *p, const struct af *af, const struct af_key *key)
{
	player_forget(p, af, key);
	if (speaks(p, af)) {
		put_withdrawal(p, af, key);
		send_out(p);
	}
}

void player_bulk(struct player *p, const struct af *af, unsigned count, uint32_t variant)
{
	struct player_bulk *b = &p->bulk[af_index(af)];
	unsigned before = b->count;

	*b = (struct player_bulk){count, variant};
	if (!speaks(p, af))
		return;
	if (count)
		put_bulk(p, af, 0, count, variant);
	if (before > count)
		put_bulk(p, af, count, before, 0);
	send_out(p);
}

static void put_table(struct player *p, const struct af *af)
{
	const struct player_bulk *b = &p->bulk[af_index(af)];

	if (b->count)
		put_bulk(p, af, 0, b->count, b->variant);
	for (unsigned i = 0; i < PLAYER_ROUTES; i++) {
		if (p->route[af_index(af)][i].used)
			put_route(p, af, &p->route[af_index(af)][i]);
	}
}

void player_refresh(struct player *p, const struct af *af)
{
	if (!speaks(p, af))
		return;
	if (p->enhanced)
		refresh_encode(&p->out, af, REFRESH_BEGIN);
	put_table(p, af);
	if (p->enhanced)
		refresh_encode(&p->out, af, REFRESH_END);
	send_out(p);
}

void player_ask(struct player *p, const struct af *af)
{
	if (!speaks(p, af))
		return;
	refresh_encode(&p->out, af, REFRESH_REQUEST);
	send_out(p);
}

static void answer_due(void *arg)
{
	struct player *p = arg;
	uint16_t families = p->answers;

	p->answers = 0;
	for (unsigned i = 0; i < af_count; i++) {
		if (families >> i & 1)
			player_refresh(p, af_list[i]);
	}
}

bool player_wants_answering(const struct player *p)
{
	return p->answers != 0;
}

// --- what it is told ------------------------------------------------------------------------------
static struct player_told *told_find(struct player *p, const struct af *af,
				     const struct af_key *key)
{
	unsigned i = af_index(af);
	uintptr_t place = (uintptr_t)map_get_number(&p->told_places[i], af_key_hash(af, key));

	return place ? &p->told[i][place - 1] : NULL;
}

static void told_place(struct player *p, const struct af *af, const struct player_told *t)
{
	unsigned i = af_index(af);

	map_put_number(&p->told_places[i], af_key_hash(af, &t->key),
		       (void *)(uintptr_t)(t - p->told[i] + 1));
}

const struct player_told *player_find_told(const struct player *p, const struct af *af,
					   const struct af_key *key)
{
	return told_find((struct player *)p, af, key);
}

static void told_remove(struct player *p, const struct af *af, struct player_told *t)
{
	struct player_told *last = &p->told[af_index(af)][--p->told_count[af_index(af)]];

	map_remove_number(&p->told_places[af_index(af)], af_key_hash(af, &t->key));
	buf_free(&t->attrs);
	if (t != last) {
		*t = *last;
		told_place(p, af, t);
	}
	*last = (struct player_told){0};
}

static void told_put(struct player *p, const struct af *af, const struct af_key *key,
		     const struct buf *attrs)
{
	struct player_told *t = told_find(p, af, key);

	if (!t) {
		unsigned i = af_index(af);

		if (p->told_count[i] == p->told_cap[i]) {
			p->told_cap[i] = p->told_cap[i] ? p->told_cap[i] * 2 : 32;
			p->told[i] = mem_resize(p->told[i], p->told_cap[i] * sizeof(*p->told[i]));
		}
		t = &p->told[i][p->told_count[i]++];
		*t = (struct player_told){0};
		t->key = *key;
		told_place(p, af, t);
	} else if (t->attrs.len == attrs->len && !memcmp(t->attrs.data, attrs->data, attrs->len) &&
		   !(p->refreshing & af_bit(af))) {
		p->redundant_in++;
	}
	t->stale = false;
	buf_clear(&t->attrs);
	buf_put(&t->attrs, attrs->data, attrs->len);
}

static void told_clear(struct player *p)
{
	for (unsigned i = 0; i < af_count; i++) {
		while (p->told_count[i])
			told_remove(p, af_list[i], &p->told[i][0]);
	}
}

// Labels that are made up in the order of need are all alike.
static uint32_t label_meant(const struct nlri_run *run, const uint8_t *nlri)
{
	uint32_t label = run->af->props & AF_LABELED ? run->af->label_get(nlri) : 0;

	return label < 1000 ? label : UINT32_MAX;
}

static void take_run(struct player *p, const struct nlri_run *run, struct attrs *as)
{
	struct cursor c = cursor_of(run->bytes.p, run->bytes.len);
	struct buf attrs = {0};

	if (!run->withdrawn) {
		attrs_drop(as, ATTR_NEXT_HOP);
		attrs_put(as, ATTR_NEXT_HOP, ATTR_TRANSITIVE, run->next_hop.p, run->next_hop.len);
		attrs_encode(&attrs, as);
	}
	size_t len = attrs.len;
	while (cursor_left(&c)) {
		uint32_t label = label_meant(run, c.p);
		struct af_key key = {0};
		struct player_told *t;

		attrs.len = len;
		if (label)
			buf_u32(&attrs, label);
		if (!run->af->nlri_get(&c, &key))
			break;
		t = told_find(p, run->af, &key);
		if (!run->withdrawn) {
			p->announced_in++;
			told_put(p, run->af, &key, &attrs);
		} else {
			p->withdrawn_in++;
			if (t)
				told_remove(p, run->af, t);
		}
	}
	buf_free(&attrs);
}

static void take_update(struct player *p, const uint8_t *bytes, size_t n)
{
	struct update_context x = {
		.attr = {.as4 = true, .internal = p->as == p->peer_as},
		.families = p->families,
		.local = p->address,
		.remote = p->remote,
	};
	struct update u;

	arena_reset(&p->scratch);
	update_decode(bytes, n, &x, &p->scratch, &u);
	p->updates_in++;
	if (u.verdict != UPDATE_OK || u.trouble)
		p->complaint = u.trouble ? u.trouble : "malformed UPDATE";
	if (u.verdict == UPDATE_RESET)
		return;
	if (u.end_of_rib) {
		p->end_of_rib |= af_bit(u.end_of_rib);
		return;
	}
	for (unsigned i = 0; i < u.run_count; i++)
		take_run(p, &u.runs[i], &u.attrs);
}

static void take_mark(struct player *p, const struct refresh *r)
{
	unsigned i = af_index(r->af);

	if (r->subtype == REFRESH_BEGIN) {
		p->borr_in++;
		p->refreshing |= af_bit(r->af);
		for (unsigned k = 0; k < p->told_count[i]; k++)
			p->told[i][k].stale = true;
		return;
	}
	p->eorr_in++;
	p->refreshing &= (uint16_t)~af_bit(r->af);
	for (unsigned k = p->told_count[i]; k--;) {
		if (p->told[i][k].stale)
			told_remove(p, r->af, &p->told[i][k]);
	}
}

static void take_refresh(struct player *p, const uint8_t *bytes, size_t n)
{
	struct refresh r;
	struct fault f;

	if (!refresh_decode(bytes, n, p->enhanced, &r, &f) || !r.af) {
		p->complaint = "malformed ROUTE-REFRESH";
		return;
	}
	if (r.subtype != REFRESH_REQUEST) {
		if (!p->enhanced)
			p->complaint = "BoRR or EoRR without capability";
		take_mark(p, &r);
		return;
	}
	p->refresh_in++;
	if (!p->refresh)
		p->complaint = "ROUTE-REFRESH without capability";
	p->answers |= af_bit(r.af);
	timer_start(p->answer, p->answer_delay + 1000);
}

// --- the session ----------------------------------------------------------------------------------
static void send_open(struct player *p)
{
	struct open o = {
		.version = 4,
		.as = p->as,
		.router_id = p->router_id,
		.caps =
			{
				.families = p->families,
				.multiprotocol = true,
				.refresh = p->refresh,
				.enhanced_refresh = p->enhanced,
				.as4 = true,
				.as4_number = p->as,
			},
	};

	open_encode(&p->out, &o);
	send_out(p);
}

static void session_up(struct player *p)
{
	p->established = true;
	p->established_count++;
	p->end_of_rib = p->refreshing = p->answers = 0;
	for (unsigned i = 0; i < af_count; i++) {
		if (!(p->families >> i & 1))
			continue;
		put_table(p, af_list[i]);
		if (!p->silent || !(af_list[i]->props & AF_MEMBERSHIP))
			end_of_rib_encode(&p->out, af_list[i]);
	}
	send_out(p);
}

static void take_message(struct player *p, const uint8_t *bytes, size_t n)
{
	switch (bytes[18]) {
	case BGP_OPEN:
		keepalive_encode(&p->out);
		send_out(p);
		break;
	case BGP_KEEPALIVE:
		if (!p->established)
			session_up(p);
		break;
	case BGP_UPDATE:
		take_update(p, bytes, n);
		break;
	case BGP_ROUTE_REFRESH:
		take_refresh(p, bytes, n);
		break;
	default:
		p->notifications_in++;
		break;
	}
}

static void on_connected(void *arg, int error)
{
	struct player *p = arg;

	if (error) {
		stream_free(p->stream);
		p->stream = NULL;
		return;
	}
	send_open(p);
}

static void on_read(void *arg, const uint8_t *bytes, size_t n)
{
	struct player *p = arg;
	struct fault f;
	size_t at = 0;
	int len;

	buf_put(&p->in, bytes, n);
	while (p->stream &&
	       (len = frame_length(p->in.data + at, p->in.len - at, BGP_MAX, &f)) > 0 &&
	       (size_t)len <= p->in.len - at) {
		take_message(p, p->in.data + at, (size_t)len);
		at += (size_t)len;
	}
	if (p->stream) {
		memmove(p->in.data, p->in.data + at, p->in.len - at);
		p->in.len -= at;
	}
}

static void session_over(struct player *p)
{
	stream_free(p->stream);
	p->stream = NULL;
	p->established = false;
	p->paused = false;
	p->answers = 0;
	timer_stop(p->answer);
	buf_clear(&p->in);
	told_clear(p);
}

static void on_closed(void *arg, int error)
{
	session_over(arg);
}

static const struct stream_ops stream_events = {on_connected, on_read, on_closed, NULL};

static void try_connect(void *arg)
{
	struct player *p = arg;
	struct tcp_options o = {.local = p->address, .remote = p->remote, .port = 179};
	int error;

	timer_start(p->retry, RETRY_US);
	if (!p->stream && p->wanted)
		p->stream = stream_connect(p->loop, &o, &stream_events, p, &error);
}

void player_init(struct player *p, struct loop *l, const char *address, const char *remote)
{
	*p = (struct player){.loop = l};
	ip_parse(address, &p->address);
	ip_parse(remote, &p->remote);
	p->router_id = ip_to_u32(&p->address);
	for (unsigned i = 0; i < AF_MAX; i++)
		map_init_number(&p->told_places[i]);
	p->retry = timer_new(l, try_connect, p);
	p->answer = timer_new(l, answer_due, p);
	arena_init(&p->scratch, 16384);
}

void player_connect(struct player *p)
{
	p->wanted = true;
	timer_start(p->retry, 1000);
}

void player_disconnect(struct player *p)
{
	if (p->stream)
		session_over(p);
}

void player_pause(struct player *p, bool pause)
{
	if (!p->stream || p->paused == pause)
		return;
	p->paused = pause;
	stream_pause(p->stream, pause);
}

void player_free(struct player *p)
{
	if (p->stream)
		session_over(p);
	told_clear(p);
	for (unsigned i = 0; i < AF_MAX; i++) {
		mem_free(p->told[i]);
		map_free(&p->told_places[i]);
	}
	timer_free(p->retry);
	timer_free(p->answer);
	buf_free(&p->in);
	buf_free(&p->out);
	arena_free(&p->scratch);
}
