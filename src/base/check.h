#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <assert.h>

/*
 * CHECK(x) holds for our own mistakes only, never for input; it stays in release
 * builds, since going on with a broken invariant could lose somebody's work.
 */
#define CHECK(x) ((x) ? (void)0 : check_broken(#x, __FILE__, __LINE__))

/* Print which check broke where, and abort. */
_Noreturn void check_broken(const char *what, const char *file, int line);

/* A result that is ignored on purpose; a comment beside it says why. */
#define IGNORE(x) ((void)!(x))

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
