#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/*
 * Included by force in front of every source under src/. The headers come first, since
 * a poisoned word may not appear in them either.
 */
#include <alloca.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Some are macros of the system's headers; a poisoned word may not be one. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef stpcpy
#undef sprintf
#undef vsprintf
#undef setjmp
#undef sigsetjmp

/* No bound: use struct buf, snprintf, mem_strdup. */
#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets
/* No error: use str_i64, str_next. */
#pragma GCC poison strtok atoi atol atoll strtol strtoul
/* Shared buffers: use buf_time, gmtime_r. */
#pragma GCC poison gmtime localtime asctime ctime
/* Shells and races: use child_run, mkostemp. */
#pragma GCC poison popen mktemp tmpnam tempnam
/* Jumps and unbounded stack. 'system' and 'alloca' are left to the linter: headers name them. */
#pragma GCC poison setjmp longjmp sigsetjmp siglongjmp

#endif
