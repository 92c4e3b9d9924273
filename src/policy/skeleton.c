// Flattening outlines. Leaves with the same effects share a slot; nodes stand in the order of a
// walk that takes the yes-branch first, so equal trees become equal arrays.
#include "policy/skeleton.h"

#include <string.h>

#include "base/mem.h"

struct flattening {
	struct arena *scratch;
	struct skeleton_node *nodes;
	struct skeleton_slot *slots;
	struct hash128 *effects; // of each slot
	unsigned node_count, slot_count;
};

void skeleton_table_init(struct skeleton_table *t)
{
	memset(t, 0, sizeof(*t));
	arena_init(&t->arena, 4096);
}

void skeleton_table_free(struct skeleton_table *t)
{
	arena_free(&t->arena);
	mem_free(t->numbered);
}

static unsigned outline_size(const struct outline *o)
{
	return o->test ? 1 + outline_size(o->yes) + outline_size(o->no) : 0;
}

static int32_t slot_of(struct flattening *f, const struct effect *e)
{
	struct skeleton_slot slot;
	slot.nodes = effects_list(e, f->scratch, &slot.count);
	struct hash128 h = {0};

	for (unsigned i = 0; i < slot.count; i++) {
		struct hash128 both[2] = {h, slot.nodes[i]->effect};
		h = hash_wide(both, sizeof(both));
	}
	unsigned at = 0;
	while (at < f->slot_count && (f->effects[at].lo != h.lo || f->effects[at].hi != h.hi))
		at++;
	if (at == f->slot_count) {
		slot.effects = h;
		f->slots[at] = slot;
		f->effects[at] = h;
		f->slot_count++;
	}
	return ~(int32_t)at;
}

static int32_t flatten(struct flattening *f, const struct outline *o)
{
	if (!o->test)
		return o->accept ? slot_of(f, o->effects) : SKELETON_REJECT;
	unsigned at = f->node_count++;
	f->nodes[at].test = o->test;
	f->nodes[at].yes = flatten(f, o->yes);
	f->nodes[at].no = flatten(f, o->no);
	return (int32_t)at;
}

static struct hash128 content_of(const struct flattening *f, const struct policy_program *p,
				 int32_t root)
{
	struct buf b = {0};

	buf_u32(&b, (uint32_t)root);
	buf_u8(&b, p->uses_peer ? 1 + p->import : 0); // what `peer-address` means
	for (unsigned i = 0; i < f->node_count; i++) {
		buf_u64(&b, f->nodes[i].test->object.number);
		buf_u32(&b, (uint32_t)f->nodes[i].yes);
		buf_u32(&b, (uint32_t)f->nodes[i].no);
	}
	buf_put(&b, f->effects, f->slot_count * sizeof(*f->effects));
	struct hash128 h = hash_wide(b.data, b.len);
	buf_free(&b);
	return h;
}

static struct skeleton *skeleton_copy(struct skeleton_table *t, const struct flattening *f)
{
	struct arena *a = &t->arena;
	struct skeleton *s = arena_zero(a, sizeof(*s));

	s->node_count = f->node_count;
	s->slot_count = f->slot_count;
	s->nodes = arena_copy(a, f->nodes, f->node_count * sizeof(*s->nodes));
	s->slots = arena_copy(a, f->slots, f->slot_count * sizeof(*s->slots));
	t->bytes += sizeof(*s) + f->node_count * sizeof(*s->nodes);
	for (unsigned i = 0; i < s->slot_count; i++) {
		size_t size = s->slots[i].count * sizeof(*s->slots[i].nodes);
		s->slots[i].nodes = arena_copy(a, f->slots[i].nodes, size);
		t->bytes += sizeof(*s->slots) + size;
	}
	return s;
}

struct skeleton *skeleton_of(struct skeleton_table *t, const struct policy_program *p,
			     const struct outline *o, struct arena *scratch)
{
	unsigned size = outline_size(o);
	struct flattening f = {.scratch = scratch};

	f.nodes = arena_alloc(scratch, (size + 1) * sizeof(*f.nodes));
	f.slots = arena_alloc(scratch, (size + 1) * sizeof(*f.slots));
	f.effects = arena_alloc(scratch, (size + 1) * sizeof(*f.effects));
	int32_t root = flatten(&f, o);
	struct hash128 content = content_of(&f, p, root);

	struct skeleton **bucket = &t->buckets[content.lo & 255];
	for (struct skeleton *s = *bucket; s; s = s->next)
		if (s->content.lo == content.lo && s->content.hi == content.hi)
			return s;
	struct skeleton *s = skeleton_copy(t, &f);
	s->content = content;
	s->number = ++t->count;
	if (!(t->count & (t->count - 1))) // room up to the next power of two
		t->numbered = mem_resize(t->numbered, 2 * t->count * sizeof(*t->numbered));
	t->numbered[t->count - 1] = s;
	s->root = root;
	s->next = *bucket;
	*bucket = s;
	return s;
}
