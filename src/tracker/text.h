#ifndef TRACKER_TEXT_H
#define TRACKER_TEXT_H

#include "base/str.h"

/* Text from outside as the port promises it: well-formed UTF-8, what is not becomes U+FFFD. */
char *text_clean(struct str s);
/* As text_clean, on one line: control bytes become spaces, those at the ends go. */
char *text_line(struct str s);
/* "a, b" or one a line, to one a line without empty ones and repetitions. */
char *text_labels(struct str s);

#endif
