#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/check.h"

#include <stdint.h>

/* What the caller can do about it decides the code; the text is for a person. */
enum err_code {
	ERR_NONE = 0,
	ERR_INVALID = -1,   /* input or request is wrong; trying again changes nothing */
	ERR_NOT_FOUND = -2, /* what was named is not there */
	ERR_BUSY = -3,      /* somebody holds it; try again later */
	ERR_IO = -4,        /* the system refused; errno is in sys */
	ERR_LIMIT = -5,     /* a named limit was reached, or a deadline passed */
	ERR_CONFLICT = -6,  /* the world is not as expected: look again */
	ERR_CORRUPT = -7,   /* stored data does not hold together: a person must look */
};

#define ERR_TEXT_MAX 1024

/* An error on its way up; lives on the caller's stack. Zero-initialised means none. */
struct err {
	enum err_code code;
	int sys;                /* errno, 0 where none */
	int64_t until_ms;       /* of BUSY: wall clock, no use in trying before; 0 unknown */
	char msg[ERR_TEXT_MAX]; /* "could not ...: reason", no full stop; always terminated */
	char hint[512];         /* what to do, or empty */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = ERR_NONE                                                                   \
	}

/* Set e (NULL is allowed) and return code, so that 'return err_set(...)' is one line. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set with ERR_IO: keeps errno and appends ": <strerror>". */
int err_sys(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put "<text>: " in front of the message in e; returns e->code. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Say what to do about it; returns e->code. */
int err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
