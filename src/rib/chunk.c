// Encoded messages on their way to the owner: a chunk of bytes that many peers share, counted
// atomically because the last receiver may sit in another thread, and the delivery that says which
// parts of it are for one peer.
#include "rib/encode.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "rib/group.h"

struct rib_chunk {
	atomic_uint refs;
	size_t size;
	uint8_t bytes[];
};

struct rib_chunk *rib_chunk_new(const uint8_t *p, size_t n)
{
	struct rib_chunk *c = mem_alloc(sizeof(*c) + n);

	atomic_init(&c->refs, 1);
	c->size = n;
	memcpy(c->bytes, p, n);
	return c;
}

struct rib_chunk *rib_chunk_ref(struct rib_chunk *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void rib_chunk_unref(struct rib_chunk *c)
{
	if (c && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
		mem_free(c);
}

const uint8_t *rib_chunk_bytes(const struct rib_chunk *c, size_t *ret_size)
{
	*ret_size = c->size;
	return c->bytes;
}

// The stretches between those that are not for the peer. Returns the bytes that remain.
static size_t cut_parts(const struct parcel *p, uint16_t peer, struct rib_delivery *d)
{
	uint32_t at = 0, size = (uint32_t)p->chunk->size;
	size_t left = 0;

	d->parts = mem_alloc((p->stretch_count + 1) * sizeof(*d->parts));
	for (unsigned i = 0; i <= p->stretch_count; i++) {
		const struct stretch *s = i < p->stretch_count ? &p->stretches[i] : NULL;
		if (s && s->peer != peer)
			continue;
		uint32_t end = s ? s->from : size;
		if (end > at) {
			d->parts[d->part_count++] = (struct rib_part){.from = at, .to = end};
			left += end - at;
		}
		if (!s)
			break;
		at = s->to;
		d->updates -= s->updates;
		d->announced -= s->announced;
		d->withdrawn -= s->withdrawn;
	}
	return left;
}

static bool has_stretch(const struct parcel *p, uint16_t peer)
{
	for (unsigned i = 0; i < p->stretch_count; i++)
		if (p->stretches[i].peer == peer)
			return true;
	return false;
}

void parcel_deliver(const struct parcel *p, struct member *m)
{
	struct rib *r = m->family->rib;
	struct rib_delivery d = {.peer = m->peer->number,
				 .session = m->peer->session_number,
				 .chunk = p->chunk,
				 .updates = p->updates,
				 .announced = p->announced,
				 .withdrawn = p->withdrawn};

	if (!p->chunk)
		return;
	size_t size = p->chunk->size;
	if (has_stretch(p, d.peer))
		size = cut_parts(p, d.peer, &d);
	if (!size) {
		mem_free(d.parts);
		return;
	}
	rib_chunk_ref(p->chunk);
	m->peer->credit -= (int64_t)size;
	r->ops.deliver(r->ops.arg, &d);
}
