#ifndef AGENT_LOGTEXT_H
#define AGENT_LOGTEXT_H

#include "base/str.h"

/*
 * What a terminal program wrote, as a person would read it: no escape sequences, no NUL (a log
 * over its cap has a hole), a new line where it returned to the start of the line.
 */
void log_clean(struct buf *out, struct str raw);

/* The last line that holds more than white space, trimmed; empty where there is none. */
struct str log_last_line(struct str text);

/* At most max bytes of text as one safe line, cut between characters, with "..." where cut. */
void log_quote(struct buf *out, struct str text, size_t max);

/*
 * The last max bytes of a regular file; a link, a pipe or a device is NOT_FOUND as an absent
 * one is, so that what an agent put in a file's place cannot hold us up.
 */
int log_read_tail(const char *path, size_t max, struct buf *out, struct err *e) MUST_CHECK;
/* The same for all of it, piece by piece. */
int log_read(const char *path, void (*take)(void *ctx, struct str piece), void *ctx, struct err *e)
	MUST_CHECK;

#endif
