// Allocation that cannot fail: out of memory ends the process with one clear line
// (a router restarts; limits per peer are explicit and never left to malloc).
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size);
void *mem_zero(size_t size);            // zeroed
void *mem_resize(void *p, size_t size); // p may be NULL
void *mem_copy(const void *p, size_t size);
char *mem_text(const char *s);             // strdup; NULL stays NULL
char *mem_text_n(const char *s, size_t n); // first n bytes, zero-terminated
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mem_free(void *p); // NULL is allowed

#define MEM_NEW(type) ((type *)mem_zero(sizeof(type)))
