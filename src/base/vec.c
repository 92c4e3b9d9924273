// Growing arrays of pointers; growth by doubling.
#include "base/vec.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

void vec_insert(struct vec *v, size_t at, void *item)
{
	if (at > v->count)
		die("vector: insert at %zu of %zu", at, v->count);
	if (v->count == v->cap) {
		v->cap = v->cap ? v->cap * 2 : 8;
		v->item = mem_resize(v->item, v->cap * sizeof(*v->item));
	}
	memmove(v->item + at + 1, v->item + at, (v->count - at) * sizeof(*v->item));
	v->item[at] = item;
	v->count++;
}

void vec_add(struct vec *v, void *item)
{
	vec_insert(v, v->count, item);
}

void vec_remove(struct vec *v, size_t at)
{
	if (at >= v->count)
		die("vector: remove at %zu of %zu", at, v->count);
	v->count--;
	memmove(v->item + at, v->item + at + 1, (v->count - at) * sizeof(*v->item));
}

bool vec_drop(struct vec *v, const void *item)
{
	for (size_t i = 0; i < v->count; i++) {
		if (v->item[i] == item) {
			vec_remove(v, i);
			return true;
		}
	}
	return false;
}

void *vec_pop(struct vec *v)
{
	return v->count ? v->item[--v->count] : NULL;
}

void vec_clear(struct vec *v)
{
	v->count = 0;
}

void vec_free(struct vec *v)
{
	mem_free(v->item);
	*v = (struct vec){0};
}
