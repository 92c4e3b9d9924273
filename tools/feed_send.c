// What a peer sends: its table, changes to it, answers to ROUTE-REFRESH. See feed_peer.h.
//
// Order on the wire: `out` is written between chunks, never inside one. A change made while a pass
// is under way goes to `out`; a chunk not yet sent is encoded from the changed state, and one sent
// before is corrected by the change behind it. So the receiver always ends in the present state.
#include "feed_peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/mem.h"

enum { CHUNK_BYTES = 32 * 1024, TURN_BYTES = 256 * 1024, OUT_HIGH = 1 << 20 };

// --- chunks -------------------------------------------------------------------------------------

static void chunks_divide(struct peer *p, struct sender *s, const struct table *t)
{
	uint64_t groups = t->group_count, slices = p->o.slices ? p->o.slices : 1;
	uint32_t cap = 0, end = (uint32_t)(groups * (p->o.slice + 1) / slices);
	for (uint32_t g = (uint32_t)(groups * p->o.slice / slices); g < end;) {
		if (s->chunk_count == cap) {
			cap = cap ? cap * 2 : 64;
			s->chunks = mem_resize(s->chunks, cap * sizeof(*s->chunks));
		}
		struct chunk *c = &s->chunks[s->chunk_count++];
		*c = (struct chunk){.first_group = g};
		for (size_t size = 0; g < end && size < CHUNK_BYTES; g++, c->group_count++)
			size += 100 + t->groups[g].count * (t->bytes == 4 ? 4 : 7);
	}
}

static struct wire_set table_set(const struct feed *f, uint32_t attr)
{
	struct wire_set set = {.salt = attr};
	set.attributes = blob_get(&f->blobs, attr, &set.len);
	return set;
}

static void chunk_build(struct peer *p, int family, struct chunk *c)
{
	struct table *t = &p->feed->tables[family];
	const struct overlay *o = &p->sender[family].overlay;
	buf_clear(&c->bytes);
	c->updates = c->routes = 0;
	for (uint32_t g = c->first_group; g < c->first_group + c->group_count; g++) {
		const struct group *group = &t->groups[g];
		struct wire_set set = table_set(p->feed, group->attr);
		const uint8_t *skip =
			o->size > group->first + group->count ? o->hidden + group->first : NULL;
		c->updates += wire_announce(
			&c->bytes, &p->style, family, &set,
			(struct wire_prefixes){t->dict.keys + group->first, skip, group->count});
		c->routes += group->count;
		for (uint32_t k = 0; skip && k < group->count; k++)
			c->routes -= skip[k];
	}
	c->built = true;
}

static void chunk_spoil(struct peer *p, int family, uint32_t id)
{
	struct sender *s = &p->sender[family];
	uint32_t group = p->feed->tables[family].group_of[id];
	uint32_t low = 0, high = s->chunk_count;
	while (low + 1 < high) {
		uint32_t middle = (low + high) / 2;
		if (s->chunks[middle].first_group <= group)
			low = middle;
		else
			high = middle;
	}
	if (low < s->chunk_count && group - s->chunks[low].first_group < s->chunks[low].group_count)
		s->chunks[low].built = false; // others are of somebody else's slice
}

// --- passes -------------------------------------------------------------------------------------

static void style_set(struct peer *p)
{
	struct wire_style style;
	memset(&style, 0, sizeof(style)); // padding too: it is compared
	style.as = p->o.as;
	style.ibgp = p->remote_as == p->o.as;
	style.as4 = p->as4;
	style.variant = p->o.variant;
	style.max = p->extended ? WIRE_MAX_EXTENDED : WIRE_MAX;
	style.blobs = &p->feed->blobs;
	memcpy(style.next_hop4, p->o.next_hop4, 4);
	memcpy(style.next_hop6, p->o.next_hop6, 16);
	if (memcmp(&style, &p->style, sizeof(style)) == 0)
		return;
	p->style = style;
	for (int f = 0; f < FEED_FAMILIES; f++)
		for (uint32_t i = 0; i < p->sender[f].chunk_count; i++)
			p->sender[f].chunks[i].built = false;
}

void sender_prepare(struct peer *p)
{
	if (p->state != PEER_ESTABLISHED)
		style_set(p);
	for (int f = 0; f < FEED_FAMILIES; f++) {
		struct sender *s = &p->sender[f];
		if (!p->o.feed || !(p->o.families & 1u << f))
			continue;
		if (!s->chunks)
			chunks_divide(p, s, &p->feed->tables[f]);
		for (uint32_t i = 0; i < s->chunk_count; i++)
			if (!s->chunks[i].built)
				chunk_build(p, f, &s->chunks[i]);
	}
}

void sender_open(struct peer *p)
{
	style_set(p);
	for (int f = 0; f < FEED_FAMILIES; f++) {
		struct sender *s = &p->sender[f];
		s->active = s->again = s->answer = s->held = false;
		if (!(p->families & 1u << f))
			continue;
		if (p->o.feed && p->o.held_start)
			s->held = true;
		else
			sender_pass(p, f, false);
	}
}

void sender_pass(struct peer *p, int family, bool answer)
{
	struct sender *s = &p->sender[family];
	if (s->active) { // what was asked for meanwhile is answered by one more pass
		s->again = true;
		return;
	}
	if (s->held && answer)
		return;
	s->held = false;
	s->active = true;
	s->answer = answer;
	s->next = 0;
	s->started = feed_clock();
	s->passes++;
	if (p->o.feed && !s->chunks)
		chunks_divide(p, s, &p->feed->tables[family]);
	if (answer && p->enhanced) {
		wire_refresh(&p->out, family, REFRESH_BORR);
		p->sent.borr++;
	}
}

static void sent_update(struct peer *p, unsigned updates, uint64_t announced, uint64_t withdrawn)
{
	p->sent.updates += updates;
	p->sent.announced += announced;
	p->sent.withdrawn += withdrawn;
}

static struct wire_prefixes one(const struct prefix *p)
{
	return (struct wire_prefixes){.item = p, .count = 1};
}

static void own_announce(struct peer *p, int family, uint32_t id)
{
	const struct sender *s = &p->sender[family];
	struct wire_set set = {.verbatim = true};
	set.attributes = blob_get(&p->feed->blobs, s->overlay.own[id], &set.len);
	unsigned n = wire_announce(&p->out, &p->style, family, &set,
				   one(&p->feed->tables[family].dict.keys[id]));
	sent_update(p, n, n, 0);
}

static void pass_end(struct peer *p, int family)
{
	struct sender *s = &p->sender[family];
	for (uint32_t id = 0; id < s->overlay.size; id++)
		if (s->overlay.own[id])
			own_announce(p, family, id);
	if (s->answer && p->enhanced) {
		wire_refresh(&p->out, family, REFRESH_EORR);
		p->sent.eorr++;
	} else if (!s->answer && p->o.end_of_rib) {
		wire_end_of_rib(&p->out, family);
		p->sent.end_of_rib++;
		p->sent.updates++;
	}
	s->active = false;
	s->ended = feed_clock();
	if (s->again) {
		s->again = false;
		sender_pass(p, family, true);
	}
}

// Finds the next chunk to send, or ends passes (which may fill `out`). False: nothing to do.
static bool pass_step(struct peer *p)
{
	for (int f = 0; f < FEED_FAMILIES; f++) {
		struct sender *s = &p->sender[f];
		if (!s->active)
			continue;
		if (!p->o.feed || s->next == s->chunk_count) {
			pass_end(p, f);
			return true;
		}
		struct chunk *c = &s->chunks[s->next++];
		if (!c->built)
			chunk_build(p, f, c);
		p->chunk = c;
		p->chunk_at = 0;
		sent_update(p, c->updates, c->routes, 0);
		return true;
	}
	return false;
}

bool sender_busy(const struct peer *p)
{
	if (p->chunk || p->out_at < p->out.len)
		return true;
	for (int f = 0; f < FEED_FAMILIES; f++)
		if (p->sender[f].active)
			return true;
	return false;
}

// True: all of it is gone; false: the socket is full (errno EAGAIN) or broken.
static bool bytes_send(struct peer *p, const struct buf *b, size_t *at, size_t *budget)
{
	while (*at < b->len) {
		ssize_t n = send(p->fd, b->data + *at, b->len - *at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		*at += (size_t)n;
		p->sent.bytes += (uint64_t)n;
		*budget -= *budget < (size_t)n ? *budget : (size_t)n;
	}
	return true;
}

void peer_send(struct peer *p)
{
	size_t budget = TURN_BYTES;
	bool good = true;
	p->want_write = false;
	while (good && p->fd >= 0 && budget) {
		if (p->chunk) {
			good = bytes_send(p, &p->chunk->bytes, &p->chunk_at, &budget);
			if (good)
				p->chunk = NULL;
		} else if (p->out_at < p->out.len) {
			good = bytes_send(p, &p->out, &p->out_at, &budget);
			if (good) {
				buf_clear(&p->out);
				p->out_at = 0;
			}
		} else if (p->state != PEER_ESTABLISHED || !pass_step(p)) {
			return;
		}
	}
	p->want_write = true;
	if (!good && errno != EAGAIN)
		peer_drop(p, 0, "send: %s", strerror(errno));
}

// --- changes ------------------------------------------------------------------------------------

static struct overlay *overlay_at(struct peer *p, int family, uint32_t id)
{
	struct overlay *o = &p->sender[family].overlay;
	uint32_t size = o->size ? o->size : p->feed->tables[family].routes + 1024;
	while (size <= id)
		size *= 2;
	if (size != o->size) {
		o->hidden = mem_resize(o->hidden, size);
		o->own = mem_resize(o->own, size * sizeof(*o->own));
		memset(o->hidden + o->size, 0, size - o->size);
		memset(o->own + o->size, 0, (size - o->size) * sizeof(*o->own));
		o->size = size;
	}
	return o;
}

static bool in_table(const struct peer *p, int family, uint32_t id)
{
	return p->o.feed && id < p->feed->tables[family].routes;
}

static void hide(struct peer *p, int family, uint32_t id, bool hidden)
{
	struct overlay *o = overlay_at(p, family, id);
	if (o->hidden[id] == hidden)
		return;
	o->hidden[id] = hidden;
	chunk_spoil(p, family, id);
}

static bool can_send(const struct peer *p, int family)
{
	return p->state == PEER_ESTABLISHED && p->families & 1u << family &&
	       !p->sender[family].held;
}

static uint32_t prefix_number(struct peer *p, int family, const struct prefix *prefix)
{
	return dict_add(&p->feed->tables[family].dict, prefix, prefix_hash(prefix));
}

bool sender_announce(struct peer *p, int family, const struct prefix *prefix, uint32_t attr)
{
	uint32_t id = prefix_number(p, family, prefix);
	struct overlay *o = overlay_at(p, family, id);
	bool table = in_table(p, family, id);
	if (!attr && !table)
		return false;
	if (table)
		hide(p, family, id, attr != 0);
	o->own[id] = attr;
	if (!can_send(p, family))
		return true;
	if (attr) {
		own_announce(p, family, id);
		return true;
	}
	const struct table *t = &p->feed->tables[family];
	struct wire_set set = table_set(p->feed, t->groups[t->group_of[id]].attr);
	unsigned n = wire_announce(&p->out, &p->style, family, &set, one(prefix));
	sent_update(p, n, n, 0);
	return true;
}

void sender_withdraw(struct peer *p, int family, const struct prefix *prefix)
{
	uint32_t id = prefix_number(p, family, prefix);
	overlay_at(p, family, id)->own[id] = 0;
	if (in_table(p, family, id))
		hide(p, family, id, true);
	if (can_send(p, family))
		sent_update(p, wire_withdraw(&p->out, &p->style, family, prefix, 1), 0, 1);
}

// Takes the attributes of another group, with the peer's own AS in front, as a changed path.
static uint32_t churn_attributes(struct peer *p, int family)
{
	const struct table *t = &p->feed->tables[family];
	uint32_t attr = t->groups[random_below(&p->churn_random, t->group_count)].attr;
	struct wire_set set = table_set(p->feed, attr);
	struct buf b = {0};
	struct wire_style style = p->style;
	style.as4 = true;
	// One UPDATE with one prefix, of which the attributes are taken; family 0 has them plain.
	struct prefix any = {.len = 0};
	wire_announce(&b, &style, 0, &set, one(&any));
	size_t n = (size_t)(b.data[21] << 8 | b.data[22]);
	struct buf clean = {0};
	for (size_t at = 23; at < 23 + n;) {
		size_t head = b.data[at] & 0x10 ? 4 : 3;
		size_t len = head + (head == 4 ? (size_t)(b.data[at + 2] << 8 | b.data[at + 3])
					       : b.data[at + 2]);
		if (b.data[at + 1] != 3)
			buf_put(&clean, b.data + at, len);
		at += len;
	}
	attr = blob_add(&p->feed->blobs, clean.data, clean.len);
	buf_free(&b);
	buf_free(&clean);
	return attr;
}

static void churn_one(struct peer *p)
{
	int family = 0;
	for (unsigned i = random_below(&p->churn_random, FEED_FAMILIES), k = 0; k < FEED_FAMILIES;
	     k++) {
		int f = (int)((i + k) % FEED_FAMILIES);
		if (can_send(p, f) && p->feed->tables[f].routes)
			family = f;
	}
	struct table *t = &p->feed->tables[family];
	if (!t->routes || !can_send(p, family))
		return;
	uint32_t id = random_below(&p->churn_random, t->routes);
	struct prefix prefix = t->dict.keys[id];
	const struct overlay *o = overlay_at(p, family, id);
	if (o->hidden[id])
		sender_announce(p, family, &prefix, 0);
	else if (random_below(&p->churn_random, 2))
		sender_withdraw(p, family, &prefix);
	else
		sender_announce(p, family, &prefix, churn_attributes(p, family));
}

void sender_churn(struct peer *p)
{
	if (!p->churn_per_second || p->state != PEER_ESTABLISHED)
		return;
	uint64_t step = 1000000 / p->churn_per_second;
	if (p->churn_due + 1000000 < p->feed->now)
		p->churn_due = p->feed->now;
	for (; p->churn_due <= p->feed->now; p->churn_due += step ? step : 1)
		if (p->out.len < OUT_HIGH)
			churn_one(p);
}
