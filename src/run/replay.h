#ifndef RUN_REPLAY_H
#define RUN_REPLAY_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Step a fresh core through the trace of a journal, and compare what comes of it with the rows
 * that are stored there.
 */
struct replay {
	int64_t events;
	bool equal;
	struct buf difference; /* the first, for a person */
	struct buf version;    /* of the ganger that wrote last */
};

/*
 * path      of a journal.db; read only
 * ret       replay_done()
 * e         as store_open(); INVALID: its trace does not begin with its beginning; CORRUPT
 */
int replay_journal(const char *path, struct replay *ret, struct err *e) MUST_CHECK;
void replay_done(struct replay *r);

#endif
