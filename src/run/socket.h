#ifndef RUN_SOCKET_H
#define RUN_SOCKET_H

#include "base/err.h"

/* A Unix socket by its path, however long that is. Both give a descriptor that the caller owns. */

/* Connected; 1 where nobody listens. */
int socket_connect(const char *path, int *ret, struct err *e) MUST_CHECK;
/* Bound and open to its owner alone, in place of one that a dead process left; non-blocking. */
int socket_bind(const char *path, int *ret, struct err *e) MUST_CHECK;

#endif
