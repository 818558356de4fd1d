#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include "base/check.h"
#include "base/clean.h"
#include "base/mem.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A target is one file here that defines this: feed the bytes to a parser and CHECK what must hold
 * of whatever comes out. libFuzzer calls it ('make fuzz'), and replay.c does with the corpus.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline struct str fuzz_text(const uint8_t *data, size_t n)
{
	return n ? (struct str){(const char *)data, n} : STR("");
}

/* Cut the next piece off, which ends at byte 'end' or with the input; empty where nothing is left. */
static inline struct str fuzz_piece(struct str *rest, char end)
{
	struct str piece = STR("");

	(void)str_next(rest, end, &piece);
	return piece;
}

/* The same as a terminated text; the caller owns it. A NUL ends it early. */
static inline char *fuzz_cstr(struct str *rest, char end)
{
	struct str piece = fuzz_piece(rest, end);

	return mem_strndup(piece.p, piece.n);
}

/* Cut one byte off; 0 where nothing is left. */
static inline unsigned fuzz_byte(struct str *rest)
{
	unsigned c = 0;

	if (rest->n) {
		c = (unsigned char)*rest->p;
		*rest = (struct str){rest->p + 1, rest->n - 1};
	}
	return c;
}

/* One line of text that may go to a terminal. */
static inline void fuzz_check_line(struct str s)
{
	CHECK(str_utf8(s));
	for (size_t i = 0; i < s.n; i++)
		CHECK((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
}

#endif
