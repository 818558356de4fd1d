#ifndef WIRE_FRAMES_H
#define WIRE_FRAMES_H

#include "base/str.h"

/*
 * Messages cut out of a stream that arrives in pieces. Two ways of framing: a message a line, and
 * "Content-Length: N", further header lines, an empty line, N bytes (Language Server Protocol,
 * "Base Protocol"). What is neither (a warning on the same stream, the hole of a log over its cap)
 * is stepped over, and so is a message that is longer than the maximum.
 */
enum frames_how { FRAMES_LINES = 1, FRAMES_LENGTHS };

struct frames {
	enum frames_how how;
	size_t max;
	struct buf held; /* bytes that are no whole message yet, and those before 'at' that are */
	size_t at;
	size_t skip;      /* LENGTHS: bytes of a message too long */
	bool is_skipping; /* LINES: within a line too long */
};

/* frames_done() gives back what it holds. */
void frames_init(struct frames *f, enum frames_how how, size_t max);
void frames_done(struct frames *f);
void frames_add(struct frames *f, struct str piece);
/* The next message; false where there is none yet. Borrowed until the next add. */
bool frames_next(struct frames *f, struct str *ret);
/* Append a message framed. */
void frames_put(struct buf *out, enum frames_how how, struct str message);

#endif
