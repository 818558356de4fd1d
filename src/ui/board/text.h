#ifndef UI_BOARD_TEXT_H
#define UI_BOARD_TEXT_H

#include "base/str.h"

/*
 * Text from outside on a terminal: measured in columns, control bytes as \xNN. Widths are
 * those of the C library; text_wide() must be in force for anything but ASCII.
 */
struct text_locale {
	void *wide, *before;
};
/* Measure as UTF-8 terminals do, whatever the locale of the program, until text_narrow(). */
struct text_locale text_wide(void);
void text_narrow(struct text_locale l);

/* Columns it takes in full. */
int text_cols(struct str s, bool utf8);
/* Add what fits in cols, with an ellipsis where something is left out. Returns columns used. */
int text_cut(struct buf *b, struct str s, int cols, bool utf8);
/* Cut off *rest what fits in cols, at the last space in it where there is one; never nothing. */
struct str text_next(struct str *rest, int cols, bool utf8);

/*
 * A line of a log as it would stand on a terminal: without escape sequences, and of what
 * was overwritten with a carriage return the last part. Trim it before: its end may be one.
 */
void text_plain(struct buf *b, struct str s);

#endif
