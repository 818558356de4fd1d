#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/* Bytes of the well-formed character (RFC 3629) that p starts with, 1-4; 0 where there is none. */
size_t utf8_length(const char *p, size_t n);

#endif
