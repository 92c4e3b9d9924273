// Labels of single routes (apply-label per-route), from 2^19 upwards: below lie those of instances and
// those that the rib takes. A shard's are those that are its number modulo the count of shards. A
// route keeps its label while it is given; a label that came back is the last to be used again.
// RFC 4364 section 4.3.2.
#include "vpn/private.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"

#define LABEL_FIRST (1u << 19)
#define LABEL_END   (1u << 20)

struct label_entry {
	struct label_entry *next; // of the same hash
	uint32_t label;
	struct af_key key;
};

struct label_book {
	struct map entries; // by hash of the key: struct label_entry, owned
};

static uint32_t label_take(struct exchange *x)
{
	uint32_t fresh = LABEL_FIRST + x->shard + x->labels_taken * x->shards;

	if (fresh < LABEL_END) {
		x->labels_taken++;
		return fresh;
	}
	if (!x->labels_free_count)
		return 0;
	uint32_t label = x->labels_free[0];
	memmove(x->labels_free, x->labels_free + 1, --x->labels_free_count * sizeof(label));
	return label;
}

static void label_give_back(struct exchange *x, uint32_t label)
{
	if (x->labels_free_count == x->labels_free_cap) {
		x->labels_free_cap = x->labels_free_cap ? x->labels_free_cap * 2 : 64;
		x->labels_free =
			mem_resize(x->labels_free, x->labels_free_cap * sizeof(*x->labels_free));
	}
	x->labels_free[x->labels_free_count++] = label;
}

static struct label_entry *entry_find(struct tie *t, const struct af_key *key)
{
	struct label_entry *e =
		t->labels ? map_get_number(&t->labels->entries, af_key_hash(t->inner, key)) : NULL;

	while (e && memcmp(e->key.b, key->b, t->inner->key_size) != 0)
		e = e->next;
	return e;
}

uint32_t label_of(struct tie *t, const struct af_key *key)
{
	struct label_entry *e = entry_find(t, key);

	if (e)
		return e->label;
	uint32_t label = label_take(t->exchange);
	if (!label)
		return 0;
	if (!t->labels) {
		t->labels = MEM_NEW(struct label_book);
		map_init_number(&t->labels->entries);
	}
	e = MEM_NEW(struct label_entry);
	e->label = label;
	e->key = *key;
	e->next = map_put_number(&t->labels->entries, af_key_hash(t->inner, key), e);
	return label;
}

void label_release(struct tie *t, const struct af_key *key)
{
	struct label_entry *e = entry_find(t, key);

	if (!e)
		return;
	uint64_t hash = af_key_hash(t->inner, key);
	struct label_entry *first = map_get_number(&t->labels->entries, hash), *before = first;
	if (first == e && e->next)
		map_put_number(&t->labels->entries, hash, e->next);
	else if (first == e)
		map_remove_number(&t->labels->entries, hash);
	else {
		while (before->next != e)
			before = before->next;
		before->next = e->next;
	}
	label_give_back(t->exchange, e->label);
	mem_free(e);
}

void label_book_free(struct tie *t)
{
	if (!t->labels)
		return;
	struct map_iter it = map_iter(&t->labels->entries);
	while (map_next(&it)) {
		for (struct label_entry *e = it.value, *next; e; e = next) {
			next = e->next;
			label_give_back(t->exchange, e->label);
			mem_free(e);
		}
	}
	map_free(&t->labels->entries);
	mem_free(t->labels);
	t->labels = NULL;
}
