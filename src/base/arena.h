#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

/* Memory with one lifetime: given out piece by piece, given back all at once. */
struct arena {
	struct arena_chunk *chunks;
	size_t used; /* bytes given out of the first chunk */
};

void *arena_alloc(struct arena *a, size_t n_bytes); /* zeroed, aligned; never NULL */
char *arena_strdup(struct arena *a, const char *s); /* NULL gives "" */
/* Room for 'cap' items where there were 'old' ones; the old block stays until arena_done. */
void *arena_grow(struct arena *a, const void *items, size_t old, size_t cap, size_t each);
void arena_done(struct arena *a);

#endif
