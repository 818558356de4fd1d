#include "base/arena.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* bytes of data */
	alignas(max_align_t) unsigned char data[];
};

static void chunk_add(struct arena *a, size_t at_least)
{
	size_t size = at_least > CHUNK_BYTES ? at_least : CHUNK_BYTES;
	struct arena_chunk *c = mem_resize(NULL, 1, sizeof(*c) + size);
	c->size = size;
	c->next = a->chunks;
	a->chunks = c;
	a->used = 0;
}

/* Not zeroed. */
static void *give(struct arena *a, size_t n_bytes)
{
	size_t align = alignof(max_align_t);
	CHECK(n_bytes < SIZE_MAX / 2);
	n_bytes = (n_bytes + align - 1) / align * align;
	if (!a->chunks || a->chunks->size - a->used < n_bytes)
		chunk_add(a, n_bytes);
	void *p = a->chunks->data + a->used;
	a->used += n_bytes;
	return p;
}

void *arena_alloc(struct arena *a, size_t n_bytes)
{
	return memset(give(a, n_bytes), 0, n_bytes);
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = s ? strlen(s) : 0;
	char *p = give(a, n + 1);
	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void *arena_grow(struct arena *a, const void *items, size_t old, size_t cap, size_t each)
{
	CHECK(cap >= old && cap <= SIZE_MAX / 2 / (each ? each : 1));
	void *p = arena_alloc(a, cap * each);
	if (old)
		memcpy(p, items, old * each);
	return p;
}

void arena_done(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;
		free(a->chunks);
		a->chunks = next;
	}
	a->used = 0;
}
