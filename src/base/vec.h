// A growing array of pointers.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct vec {
	void **item; // owned; what the pointers point at is not
	size_t count, cap;
};

void vec_add(struct vec *v, void *item);
void vec_insert(struct vec *v, size_t at, void *item);
void vec_remove(struct vec *v, size_t at);      // keeps the order
bool vec_drop(struct vec *v, const void *item); // first that equals; false: not there
void *vec_pop(struct vec *v);                   // NULL when empty
void vec_clear(struct vec *v);
void vec_free(struct vec *v);
