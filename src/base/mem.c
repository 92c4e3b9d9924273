// Allocation that cannot fail. Every room allocates through here, so that no caller has a branch
// for a null pointer: a router that is out of memory has no honest way to go on, it restarts.
// Limits that protect from a hostile peer are counted where the peer is known, not here.
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static void *checked(void *p, size_t size)
{
	if (!p)
		die("memory: %zu bytes wanted, none left", size);
	return p;
}

// malloc(0) may give NULL, which would look like a failure: one byte instead.
static size_t at_least_one(size_t size)
{
	return size ? size : 1;
}

void *mem_alloc(size_t size)
{
	return checked(malloc(at_least_one(size)), size);
}

void *mem_zero(size_t size)
{
	return checked(calloc(1, at_least_one(size)), size);
}

void *mem_resize(void *p, size_t size)
{
	return checked(realloc(p, at_least_one(size)), size);
}

void *mem_copy(const void *p, size_t size)
{
	void *copy = mem_alloc(size);
	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *mem_text(const char *s)
{
	return s ? mem_copy(s, strlen(s) + 1) : NULL;
}

char *mem_text_n(const char *s, size_t n)
{
	char *copy = mem_alloc(n + 1);
	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *mem_format(const char *format, ...)
{
	char *text;
	va_list ap;
	va_start(ap, format);
	int n = vasprintf(&text, format, ap);
	va_end(ap);
	return checked(n < 0 ? NULL : text, 0);
}

void mem_free(void *p)
{
	free(p);
}
