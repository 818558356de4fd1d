#ifndef BASE_CLEAN_H
#define BASE_CLEAN_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Cleanup attributes: a local that owns something says so where it is declared,
 * and every way out of the function gives it back. TAKE() hands it over instead.
 */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) take_ = (p);                                                         \
		(p) = (__typeof__(p))0;                                                            \
		take_;                                                                             \
	})

/* Free what a local pointer owns: char *s CLEANUP(freep) = NULL; */
static inline void freep(void *p)
{
	void *owned;

	memcpy(&owned, p, sizeof(owned)); /* whatever its type: no alias of it is read */
	free(owned);
}

/* Close a local descriptor; -1 means none. TAKE() does not fit descriptors: set to -1. */
static inline void closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing to be done: what had to be durable was synced */
}

#endif
