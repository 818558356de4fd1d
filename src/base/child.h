#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Helpers: short programs (git and the like) that we wait for, off the loop's thread. The kernel
 * ends them when the thread that waits dies, and those of a supervisor hold helpers.lock shared,
 * so that recovery can wait until none of an earlier one is left (DESIGN 6).
 */
struct child_env {
	int lock_fd; /* helpers.lock, inherited; -1 none */
};

/*
 * Open helpers.lock, wait until no helper of an earlier process holds it, and hold it shared
 * from then on. The caller closes the descriptor. BUSY after CHILD_LOCK_WAIT_MS.
 */
#define CHILD_LOCK_WAIT_MS 30000
#define CHILD_LOCK_POLL_MS 5
int child_lock(const char *path, int *ret_fd, struct err *e) MUST_CHECK;

struct child_spec {
	const struct child_env *env; /* may be NULL */
	const char *cwd;             /* NULL: ours */
	const char *const *argv;     /* NULL-terminated; argv[0] is looked up on PATH */
	const char *const *set;      /* extra "NAME=value", NULL-terminated; may be NULL. "NAME": unset */
	bool only_set;               /* nothing of our environment but that */
	struct str input;            /* standard input; empty: /dev/null */
	int64_t timeout_ms;          /* 0: none */
	size_t out_max;              /* bytes of output kept; 0: BUF_MAX_DEFAULT */
};

struct child_result {
	int exit_code;   /* 0-255, or 128 + signal */
	bool timed_out;
	struct buf out;  /* standard output */
	struct buf errout; /* standard error, first 64 KiB */
};

/*
 * Run a helper to its end and collect what it printed. Thread-safe.
 *
 * ret       filled also when the exit code is not 0; child_result_done()
 * Returns 0 when the program ran (whatever its exit code), ERR_NOT_FOUND where there is no
 * such program, ERR_LIMIT when the deadline passed (it and its group were killed), ERR_IO.
 */
int child_run(const struct child_spec *s, struct child_result *ret, struct err *e) MUST_CHECK;
void child_result_done(struct child_result *r);

/* As child_run, but a non-zero exit is ERR_INVALID with the program's own first words. */
int child_ok(const struct child_spec *s, struct child_result *ret, struct err *e) MUST_CHECK;

/*
 * A helper that stays, and is asked one thing after another: a program that reads requests from its
 * standard input and answers each at once. One asks at a time, from any thread. It ends when its input
 * does, and so after us: what it was told whole is done even so, and it holds helpers.lock until then.
 */
struct child_stay;

/* s: its input, timeout_ms and out_max count for nothing. ret: child_stay_free(), which ends it. */
int child_stay_new(const struct child_spec *s, struct child_stay **ret, struct err *e) MUST_CHECK;
void child_stay_free(struct child_stay *h);

struct child_question {
	struct str request;
	struct str end;     /* the last of its answer, and of nothing before that */
	int64_t timeout_ms; /* 0: none */
};

/*
 * ret       what it printed, and complained of; child_result_done()
 * ret_gone  it has ended instead (see exit_code), by itself or as the deadline passed: it is only
 *           to be freed
 * Returns 0; ERR_LIMIT when the deadline passed, ERR_IO.
 */
int child_stay_ask(struct child_stay *h,
		   const struct child_question *q,
		   struct child_result *ret,
		   bool *ret_gone,
		   struct err *e) MUST_CHECK;

#endif
