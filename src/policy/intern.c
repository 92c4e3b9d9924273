// The store of interned objects: a hash table by content under one lock.
//
// Making objects happens on the control thread only; dropping the last reference may happen on any.
// A reference that is not the last is given back without the lock: the count is lowered by
// compare-and-swap as long as it stays above zero. The last one is given back under the lock, so
// that a look-up, which holds it too, never returns an object on its way out.
#include "policy/object.h"

#include <pthread.h>

#include "base/mem.h"
#include "policy/policy.h"

struct policy_store {
	pthread_mutex_t lock;
	struct object **buckets;
	uint32_t bucket_count, object_count;
	uint64_t last_number;
	bool abandoned; // freed by its owner; the last object frees it
};

struct policy_store *policy_store_new(void)
{
	struct policy_store *s = MEM_NEW(struct policy_store);

	pthread_mutex_init(&s->lock, NULL);
	s->bucket_count = 256;
	s->buckets = mem_zero(s->bucket_count * sizeof(struct object *));
	return s;
}

static void store_destroy(struct policy_store *s)
{
	pthread_mutex_destroy(&s->lock);
	mem_free(s->buckets);
	mem_free(s);
}

void policy_store_free(struct policy_store *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->abandoned = true;
	bool empty = !s->object_count;
	pthread_mutex_unlock(&s->lock);
	if (empty)
		store_destroy(s);
}

uint32_t store_object_count(struct policy_store *s)
{
	pthread_mutex_lock(&s->lock);
	uint32_t n = s->object_count;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static struct object **bucket_of(struct policy_store *s, struct hash128 content)
{
	return &s->buckets[content.lo & (s->bucket_count - 1)];
}

struct object *object_find(struct policy_store *s, struct hash128 content)
{
	pthread_mutex_lock(&s->lock);
	struct object *o = *bucket_of(s, content);
	while (o && (o->content.lo != content.lo || o->content.hi != content.hi))
		o = o->next;
	if (o)
		atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&s->lock);
	return o;
}

static void store_grow(struct policy_store *s)
{
	uint32_t old_count = s->bucket_count;
	struct object **old = s->buckets;

	s->bucket_count *= 2;
	s->buckets = mem_zero(s->bucket_count * sizeof(struct object *));
	for (uint32_t i = 0; i < old_count; i++) {
		for (struct object *o = old[i], *next; o; o = next) {
			struct object **b = bucket_of(s, o->content);
			next = o->next;
			o->next = *b;
			*b = o;
		}
	}
	mem_free(old);
}

void object_add(struct policy_store *s, struct object *o, enum object_kind kind,
		struct hash128 content, void (*destroy)(struct object *o))
{
	o->store = s;
	o->content = content;
	o->kind = kind;
	o->destroy = destroy;
	atomic_init(&o->refs, 1);
	pthread_mutex_lock(&s->lock);
	if (s->object_count >= s->bucket_count)
		store_grow(s);
	o->number = ++s->last_number;
	struct object **b = bucket_of(s, content);
	o->next = *b;
	*b = o;
	s->object_count++;
	pthread_mutex_unlock(&s->lock);
}

void *object_ref(void *p)
{
	struct object *o = p;

	if (o)
		atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

// Takes the object out of the store if the reference is the last; true: the caller destroys it.
static bool object_leave(struct object *o)
{
	struct policy_store *s = o->store;
	bool last = false;

	pthread_mutex_lock(&s->lock);
	if (atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1) {
		struct object **at = bucket_of(s, o->content);
		while (*at != o)
			at = &(*at)->next;
		*at = o->next;
		last = true;
	}
	pthread_mutex_unlock(&s->lock);
	return last;
}

// The object's memory is gone: it counts no longer. Only now may an abandoned store go, since
// destroying an object gives back references on others of the same store.
static void store_forget(struct policy_store *s)
{
	pthread_mutex_lock(&s->lock);
	bool over = !--s->object_count && s->abandoned;
	pthread_mutex_unlock(&s->lock);
	if (over)
		store_destroy(s);
}

void object_unref(void *p)
{
	struct object *o = p;

	if (!o)
		return;
	uint_least32_t refs = atomic_load_explicit(&o->refs, memory_order_relaxed);
	while (refs > 1)
		if (atomic_compare_exchange_weak_explicit(
			    &o->refs, &refs, refs - 1, memory_order_release, memory_order_relaxed))
			return;
	if (object_leave(o)) {
		struct policy_store *s = o->store;
		o->destroy(o);
		store_forget(s);
	}
}
