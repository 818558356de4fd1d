#ifndef BASE_CHILD_IMPL_H
#define BASE_CHILD_IMPL_H

/* What the files of helpers share; child.h is for everybody else. */

#include "base/child.h"

#include <sys/types.h>

#define CHILD_ERROUT_MAX 65536u

/* A helper under way. Descriptors are -1 where closed. */
struct child {
	const char *name; /* argv[0], for messages; borrowed */
	pid_t pid;        /* 0: none any more */
	int pid_fd;
	int out_fd, err_fd;   /* our ends, non-blocking */
	int in_fd;            /* its standard input; -1 as it starts: made of the spec's */
	int out_its, err_its; /* its ends */
	int64_t deadline_ms;  /* monotonic; 0: none */
	bool stays;           /* its end is that of its input, not of this thread */
};

#define CHILD_INIT                                                                                 \
	{                                                                                          \
		.pid_fd = -1, .out_fd = -1, .err_fd = -1, .in_fd = -1, .out_its = -1,              \
		.err_its = -1                                                                      \
	}

/* Start the program; child_done() closes what is open, whatever this returned. */
int child_start(struct child *c, const struct child_spec *s, struct err *e) MUST_CHECK;
void child_done(struct child *c);
/* End the program and its group where asked for, wait for it. Its status; -1: not known. */
int child_reap(struct child *c, bool kill_first);

/* What is said to a helper that stays, and what ends its answer. */
struct child_talk {
	int fd; /* its standard input, our end */
	struct str request, end;
};

/*
 * Collect output until the program is gone, or (t, which may be NULL) its answer is whole.
 *
 * ret_gone   it has ended, and is still to be reaped
 * Returns 0, ERR_LIMIT when its deadline has passed, ERR_IO.
 */
int child_collect(struct child *c,
		  struct child_talk *t,
		  struct child_result *ret,
		  bool *ret_gone,
		  struct err *e) MUST_CHECK;
/* Reap it, take what is left in its pipes, and say how it ended. */
int child_finish(struct child *c, bool kill_first, struct child_result *ret, struct err *e)
	MUST_CHECK;

#endif
