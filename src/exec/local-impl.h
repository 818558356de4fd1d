#ifndef EXEC_LOCAL_IMPL_H
#define EXEC_LOCAL_IMPL_H

#include "base/mem.h"
#include "exec/local.h"
#include "exec/record.h"
#include "exec/start.h"

#include <uv.h>

/* Inside of the executor 'local': local.c watches and adopts, lost.c ends what shims left. */

enum job_state {
	JOB_FOUND = 1, /* its status file exists: looked at in the next turn of the loop */
	JOB_LOOKING,   /* its lock is held, or it could not be read: looked at again by timer */
	JOB_WATCHED,   /* its shim's end arrives by pidfd */
	JOB_SWEPT,     /* what it left, or had done by another, is being ended */
	JOB_ENDED,     /* 'end' is told in the next turn of the loop */
};

/* The eye on a shim; lives until the loop has let go of it. */
struct watch {
	uv_poll_t poll;
	struct executor_local *x;
	struct job *job; /* NULL once its end is known */
	int pid_fd;
};

struct job {
	struct executor_local *x;
	uint64_t number;
	enum job_state state;
	char *dir;
	char *worktree;        /* ours alone, so that a sweep may look for it; or NULL */
	bool adopted;          /* not started by us */
	bool told_started;     /* once at most */
	bool is_asked;         /* stop() came; sent once, or when the shim is found */
	bool is_killed;        /* the same */
	bool sweeps;           /* as in its spec */
	bool is_sweeping;      /* JOB_SWEPT: with the worker thread */
	int64_t look_until_ms; /* JOB_LOOKING: its bound */
	struct watch *watch;   /* JOB_WATCHED */
	struct talk *talk;     /* NULL: it does not talk */
	struct record record;  /* as last read */
	struct job_end end;    /* JOB_SWEPT: its text so far; JOB_ENDED: all of it */
};

struct executor_local {
	struct executor base; /* first: see local() */
	struct executor_events ev;
	uv_loop_t *loop;
	struct start_env env;
	char *shim;
	char *cgroup_base; /* NULL: none */
	char *description;
	int ready_in, ready_out; /* the ready pipe */
	VEC(struct job *) jobs;
	uv_poll_t ready;  /* shims say that a program runs, or has ended */
	uv_timer_t look;  /* active only while a job is JOB_LOOKING */
	uv_idle_t turn;   /* active only while a job is JOB_FOUND or JOB_ENDED */
	size_t n_handles; /* on the loop, not closed yet */
	bool is_sweeping; /* a batch is with the worker thread */
	bool is_freeing;
	bool told_waits; /* of this shortage */
};

/* The job of that number in the table, or NULL. */
struct job *exec_job_find(const struct executor_local *x, uint64_t number);

/* Its end is known, in j->end. Told from the loop and never from within a call to us. */
void exec_job_ended(struct job *j);

/*
 * Its shim died without a word, as j->record says: end what it left, off the loop's thread, and
 * then say that it is lost, and why.
 */
void exec_job_lost(struct job *j, const char *why);

/* It ended, as j->end says: what is left of it is ended, off the loop's thread, before that is told. */
void exec_job_sweep(struct job *j);

/* Free the executor once ops->free() was called and neither the loop nor a thread knows of it. */
void exec_free_if_unused(struct executor_local *x);

#endif
