#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* Allocation that does not return without memory: out of memory ends the program with a message.
 * A supervisor that dies loses nothing, by design; one that limps on might. */
void *mem_alloc(size_t size);                       /* zeroed */
void *mem_resize(void *p, size_t n, size_t each);   /* n * each, checked */
char *mem_strdup(const char *s);                    /* NULL gives NULL */
void *mem_must_have(void *p); /* what a library allocated: NULL ends it, too */
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * A growing array: struct { T *items; size_t n, cap; }. VEC_ADD returns a pointer to
 * the new, zeroed item; it is valid until the next VEC_ADD.
 */
#define VEC(T)                                                                                     \
	struct {                                                                                   \
		T *items;                                                                          \
		size_t n, cap;                                                                     \
	}
#define VEC_ADD(v)                                                                                 \
	((__typeof__((v)->items))vec_add((void **)&(v)->items, &(v)->n, &(v)->cap, sizeof(*(v)->items)))
#define VEC_PUSH(v, x)                                                                             \
	(*(__typeof__((v)->items))vec_room((void **)&(v)->items, &(v)->n, &(v)->cap,               \
					   sizeof(*(v)->items)) = (x))
#define VEC_DONE(v) (free((v)->items), (v)->items = NULL, (v)->n = (v)->cap = 0)
void *vec_add(void **items, size_t *n, size_t *cap, size_t each);
void *vec_room(void **items, size_t *n, size_t *cap, size_t each); /* not zeroed */

#endif
