#ifndef GIT_CMD_H
#define GIT_CMD_H

#include "base/child.h"
#include "base/err.h"
#include "base/oid.h"
#include "base/str.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Deadlines of one git process. Checking out or hashing a large tree is the slow one. */
#define CMD_LOCAL_MS  (10 * 60 * 1000)
#define CMD_REMOTE_MS (5 * 60 * 1000)

/*
 * How a git process is run. Every call of git in this folder goes through cmd_run(). The
 * repository is always named, never searched for: where an agent took away the '.git' of its
 * folder, git would walk up and work on the user's own checkout.
 */
struct cmd {
	const struct child_env *env;
	const char *git_dir;     /* NULL: searched from cwd (git_discover alone) */
	const char *work_tree;   /* NULL: none is needed */
	const char *cwd;         /* NULL: work_tree, else git_dir */
	const char *index;       /* an index file other than the worktree's own */
	const char *const *set;  /* further "NAME=value" */
	const char *const *config; /* further settings, "key=value" */
	const char *const *also; /* and further still: the stand-in identity */
	const char *ssh;         /* ssh command for a remote; NULL: none is run */
	bool hooks;              /* the user's hooks run; else none does */
	bool sparse;             /* the worktree's sparse patterns are in force */
	int64_t timeout_ms;      /* 0: CMD_LOCAL_MS */
	struct str input;
	size_t out_max; /* as of struct child_spec */
	atomic_uint *count; /* processes are counted here, but for those that stay; may be NULL */
};

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * Run git with these arguments.
 *
 * ret       child_result_done(); filled whatever the exit code
 * Returns 0 when it ran (see ret->exit_code); NOT_FOUND, LIMIT, IO as child_run().
 */
int cmd_run(const struct cmd *c, const char *const *args, struct child_result *ret, struct err *e)
	MUST_CHECK;

/* As cmd_run(), but a non-zero exit is an error (cmd_error()). */
int cmd_ok(const struct cmd *c, const char *const *args, struct child_result *ret, struct err *e)
	MUST_CHECK;

/* As cmd_ok(), for what it prints: one line, which is trimmed and appended to ret (NULL: none). */
int cmd_line(const struct cmd *c, const char *const *args, struct buf *ret, struct err *e)
	MUST_CHECK;

/* As cmd_line(), where the line is an object's name. */
int cmd_oid(const struct cmd *c, const char *const *args, struct oid *ret, struct err *e)
	MUST_CHECK;

/*
 * A git that stays and is asked many times ('… --stdin'). It is made anew once it is CMD_STAY_MS old:
 * what it read of settings and the clock is never older.
 */
#define CMD_STAY_MS 1000
struct cmd_stay {
	pthread_mutex_t mutex;    /* one asks at a time */
	struct child_stay *child; /* NULL: none yet */
	int64_t born_ms;
};
void cmd_stay_init(struct cmd_stay *h);
void cmd_stay_done(struct cmd_stay *h);

/*
 * Ask it what c->input says. c and args are the same each time: they start it. One that has gone
 * before it said a word is started again. Thread-safe.
 *
 * end       the last of its answer, and of nothing before that
 * ret       child_result_done()
 * Returns 0 when it has answered; where it ended instead, as cmd_ok().
 */
int cmd_ask(struct cmd_stay *h,
	    const struct cmd *c,
	    const char *const *args,
	    struct str end,
	    struct child_result *ret,
	    struct err *e) MUST_CHECK;

/*
 * Make an error of what git said: BUSY somebody holds a lock; LIMIT no room; else INVALID.
 */
int cmd_error(const char *const *args, const struct child_result *r, struct err *e);

/* The line of git's complaint that says most, without its "fatal: "; borrowed from r. */
struct str cmd_reason(const struct child_result *r);

#endif
