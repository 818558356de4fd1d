#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 64

void buf_done(struct buf *b)
{
	if (!b)
		return;
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

/* Make room for n more bytes and the terminator; returns how many of them fit under the maximum. */
static size_t buf_room(struct buf *b, size_t n)
{
	size_t left, need, cap = b->cap ? b->cap : BUF_FIRST;

	CHECK(b->max > 0 && b->max < SIZE_MAX / 4);
	CHECK(b->n <= b->max);
	left = b->max - b->n;
	if (n > left) {
		b->full = true;
		n = left;
	}
	need = b->n + n + 1;
	while (cap < need)
		cap *= 2;
	if (cap != b->cap) {
		b->p = mem_resize(b->p, cap, 1);
		b->cap = cap;
	}
	return n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	n = buf_room(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	if (s)
		buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	char small[256];
	char *large;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	CHECK(n >= 0);
	if ((size_t)n < sizeof(small)) {
		buf_add(b, small, (size_t)n);
	} else {
		large = mem_alloc((size_t)n + 1);
		(void)vsnprintf(large, (size_t)n + 1, fmt, again); /* the same length again */
		buf_add(b, large, (size_t)n);
		free(large);
	}
	va_end(again);
}

const char *buf_cstr(const struct buf *b)
{
	return b->p ? b->p : "";
}

struct str buf_str(const struct buf *b)
{
	return (struct str){buf_cstr(b), b->n};
}

char *buf_take(struct buf *b)
{
	char *p = b->p ? b->p : mem_strdup("");

	*b = (struct buf){.max = b->max};
	return p;
}
