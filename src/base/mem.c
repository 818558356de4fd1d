#include "base/mem.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VEC_FIRST 8

static void *must_have(void *p)
{
	if (!p) {
		(void)fputs("error: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return must_have(calloc(1, size ? size : 1));
}

void *mem_resize(void *p, size_t n, size_t each)
{
	size_t size;

	CHECK(!__builtin_mul_overflow(n, each, &size));
	return must_have(realloc(p, size ? size : 1));
}

char *mem_strdup(const char *s)
{
	return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = mem_alloc(len + 1);

	memcpy(p, s, len);
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
	return must_have(n < 0 ? NULL : p);
}

void *vec_add(void **items, size_t *n, size_t *cap, size_t each)
{
	char *item;

	CHECK(*n <= *cap);
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : VEC_FIRST;

		CHECK(more > *cap);
		*items = mem_resize(*items, more, each);
		*cap = more;
	}
	item = (char *)*items + *n * each;
	memset(item, 0, each);
	(*n)++;
	return item;
}
