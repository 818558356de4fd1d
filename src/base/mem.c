#include "base/mem.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VEC_FIRST 8

/* calloc goes past the blocks that malloc keeps at hand: what is small is had sooner without it. */
#define SMALL 1024

void *mem_must_have(void *p)
{
	if (!p) {
		(void)fputs("error: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	size = size ? size : 1;
	if (size > SMALL)
		return mem_must_have(calloc(1, size));
	void *p = mem_must_have(malloc(size));
	memset(p, 0, size);
	return p;
}

void *mem_resize(void *p, size_t n, size_t each)
{
	size_t size;

	CHECK(!__builtin_mul_overflow(n, each, &size));
	return mem_must_have(realloc(p, size ? size : 1));
}

char *mem_strdup(const char *s)
{
	return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
	size_t len = n ? strnlen(s, n) : 0; /* an empty text may have no address */
	char *p = mem_must_have(malloc(len + 1));

	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	return mem_must_have(n < 0 ? NULL : p);
}

void *vec_room(void **items, size_t *n, size_t *cap, size_t each)
{
	CHECK(*n <= *cap);
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : VEC_FIRST;

		CHECK(more > *cap);
		*items = mem_resize(*items, more, each);
		*cap = more;
	}
	return (char *)*items + (*n)++ * each;
}

void *vec_add(void **items, size_t *n, size_t *cap, size_t each)
{
	return memset(vec_room(items, n, cap, each), 0, each);
}
