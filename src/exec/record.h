#ifndef EXEC_RECORD_H
#define EXEC_RECORD_H

#include "port/executor.h"
#include "shim/status.h"

/* The status file of a job (shim/status.h), as the supervisor makes and reads it. */

struct record {
	bool held; /* the lock is held: the shim is alive */
	bool has_start, has_child, has_end;
	bool damaged; /* something is written where no valid record is */
	struct status_start start;
	struct status_child child;
	struct status_end end;
};

/*
 * Make the status file in folder dir with its room on disk, and take its lock.
 *
 * ret_fd    owned by the caller; the lock goes when it and all copies of it are closed
 * e         CONFLICT it is there already; IO, with nothing left behind
 */
int record_create(const char *dir, int *ret_fd, struct err *e) MUST_CHECK;

/*
 * Move a descriptor above the standard ones, so that in a spawn putting one in its place never
 * covers another; -1 gives -1. The given one is closed if it was moved.
 */
int fd_above_standard(int fd);

/* Read it, and ask for its lock without ever taking it. e: NOT_FOUND; IO */
int record_read(const char *dir, uint64_t number, struct record *ret, struct err *e) MUST_CHECK;

/* The end of a job from its end record, which must be there. */
void record_end(const struct record *r, struct job_end *ret);

/* Was it written in this boot of the machine? Where it cannot be told, it was. */
bool record_is_of_this_boot(const struct record *r);

#endif
