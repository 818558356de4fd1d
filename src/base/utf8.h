#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/* Bytes of the well-formed character (RFC 3629) that p starts with, 1-4; 0 where there is none. */
size_t utf8_length(const char *p, size_t n);

/*
 * Take the beginning of a character off the end of a terminated text, where a limit cut it in
 * the middle of one.
 */
void utf8_mend(char *s);

#endif
