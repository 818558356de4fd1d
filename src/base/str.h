#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/check.h"
#include "base/err.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view of bytes that somebody else owns; not terminated. */
struct str {
	const char *p;
	size_t n;
};

#define STR(lit)                                                                                   \
	((struct str){(lit), sizeof(lit) - 1})

struct str str_of(const char *s); /* NULL gives the empty view */
bool str_eq(struct str a, struct str b);
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
struct str str_trim(struct str s);
/* Cut the next piece up to sep off *rest; false when nothing is left. */
bool str_next(struct str *rest, char sep, struct str *ret);
/* Whole text as a number; false for anything else, also overflow. */
bool str_i64(struct str s, int64_t *ret);
/* Well-formed UTF-8 (RFC 3629). */
bool str_utf8(struct str s);
bool streq(const char *a, const char *b); /* NULL equals only NULL */

/*
 * A text under construction: owns its memory, is always terminated, and has a
 * mandatory maximum. What does not fit is cut, and 'full' says so.
 */
struct buf {
	char *p;
	size_t n, cap;
	size_t max; /* bytes; set at init */
	bool full;  /* something was cut */
};

#define BUF_MAX_DEFAULT (64u << 20)
#define BUF_INIT                                                                                   \
	{                                                                                          \
		.max = BUF_MAX_DEFAULT                                                             \
	}

void buf_done(struct buf *b);
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
const char *buf_cstr(const struct buf *b); /* borrowed until the next change; never NULL */
struct str buf_str(const struct buf *b);
char *buf_take(struct buf *b); /* the caller owns it; b is empty after */

/*
 * Text from outside, made safe for one place of output.
 * shell: one word for sh, quoted only where needed. line: one line, control bytes as
 * \xNN, for terminals and logs. name: a file or ref component: everything but
 * [A-Za-z0-9_-] and inner dots becomes %XX; never empty, never "." or "..", no ".lock" end, no "..".
 */
void buf_shell(struct buf *b, const char *s);
char *shell_word(const char *s); /* the same alone; the caller owns it */
void buf_line(struct buf *b, struct str s);
void buf_name(struct buf *b, const char *s);
/*
 * The same for a forge, where words act: names of people and issues of other repositories in it call nobody, and
 * it has no hidden comment; 'own': nor do issues of the repository itself, which a title or a commit may close.
 * Bytes that are no UTF-8 become U+FFFD. At most about 'max' bytes are added; false: it is longer.
 */
enum mute { MUTE_OTHERS = 1, MUTE_ALL };
bool buf_mute(struct buf *b, struct str s, enum mute what, size_t max);

/* What buf_name() made of it; false, with b as it was: it made no such name. */
bool buf_unname(struct buf *b, struct str name);

/* "2h", "90s", "15m", "500ms", "1d", "off"(0), plain numbers are seconds -> milliseconds. */
int duration_parse(struct str s, int64_t *ret_ms, struct err *e) MUST_CHECK;
/* "64MiB", "5MB", "1GiB", "512" -> bytes. */
int size_parse(struct str s, int64_t *ret_bytes, struct err *e) MUST_CHECK;
/* "1h 5m", "42s", "0.3s" for people. */
void buf_duration(struct buf *b, int64_t ms);
/* "2.5", "1000000": at most six places, never an exponent, which no setting may have. */
void buf_amount(struct buf *b, double amount);

#endif
