#ifndef PORT_EXECUTOR_H
#define PORT_EXECUTOR_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Where jobs run. A job is one process with everything that descends from it; it has a
 * journal-unique number and outlives the supervisor (DESIGN 6). All calls are made on the
 * loop's thread and return at once; how a job ended arrives through job_end_fn.
 */

struct job_limits {
	int64_t timeout_ms; /* 0: none */
	int64_t silence_ms; /* 0: none; output and changes below 'watch' count as life */
	int64_t grace_ms;   /* from asking to killing */
	int64_t log_bytes;  /* over it, the oldest part of the log becomes a hole; 0: none */
};

struct job_spec {
	uint64_t number;
	const char *dir;  /* job/<n>; made by the executor, absolute */
	const char *cwd;  /* absolute; must exist */
	const char *const *argv;
	const char *const *envp; /* the whole environment; the executor adds GANGER_JOB=<dir> */
	const char *stdin_path;  /* a file; NULL: /dev/null */
	const char *log_path;    /* opened for append, made 0600; stdout and stderr of the job */
	const char *errors_path; /* the same for stderr alone; NULL: that goes into the log too */
	bool talks; /* its input comes by say(), and its output is told; no stdin_path */
	const char *watch;       /* worktree whose changes count as life, or NULL */
	/* Another job works for it there: with its end, what stands in 'watch' and is not older ends. */
	bool sweeps;
	struct job_limits limits;
};

enum job_how {
	JOB_EXITED = 1, /* by itself; code is the exit code */
	JOB_SIGNALED,   /* a signal that was not ours; code is its number */
	JOB_TIMEOUT,    /* ended by limits.timeout */
	JOB_SILENCE,    /* ended by limits.silence */
	JOB_STOPPED,    /* ended because we asked */
	JOB_LOST, /* the shim died; everything of the job was swept. code 1: with the machine, perhaps */
	JOB_NOT_STARTED, /* could not be started; nothing ran; text says why */
	JOB_HOW_COUNT,
};

struct job_end {
	uint64_t number;
	enum job_how how;
	int code;
	int64_t started_ms, ended_ms; /* wall clock; 0 unknown */
	int left_over;                /* processes it left behind, which were ended */
	int unkillable;               /* processes that could not be ended; 0 is the rule */
	char text[256];               /* for a person; may be empty */
};

struct job_started {
	uint64_t number;
	pid_t pid;           /* of the program (not of the shim) */
	uint64_t start_time; /* of pid, /proc/<pid>/stat field 22 */
	bool adopted;        /* it was running already */
};

enum job_stop {
	JOB_ASK,  /* SIGTERM to the program's group and all descendants, grace, then SIGKILL */
	JOB_KILL, /* SIGKILL now */
};

/* The longest input of one say(). */
#define EXECUTOR_SAY_MAX (16u << 20)

struct executor;

struct executor_events {
	void *ctx;
	void (*started)(void *ctx, const struct job_started *s);
	/*
	 * Of a job that talks: its log, from the first byte on, in order and each byte once an
	 * ensure(); all of it before ended(). Pieces end anywhere; borrowed until return.
	 */
	void (*output)(void *ctx, uint64_t number, struct str piece);
	void (*ended)(void *ctx, const struct job_end *end);
	/*
	 * How a job goes on cannot be seen, for want of something of ours: descriptors, memory. It is
	 * tried again until it can, and said once until then. why has a hint; borrowed. May be NULL.
	 */
	void (*waits)(void *ctx, const struct err *why);
};

struct executor_ops {
	const char *name;
	/*
	 * Make it true that job s->number runs or has run: start it if its status file was
	 * never made; adopt it if it is alive; report its end (again, if need be) if it ended;
	 * sweep and report JOB_LOST if its shim is dead without an end record. Idempotent.
	 * Exactly one ended() follows for each ensure(); started() at most once before it.
	 * Nothing but a programming mistake fails here: what cannot start is JOB_NOT_STARTED.
	 */
	void (*ensure)(struct executor *x, const struct job_spec *s);
	/*
	 * More input for a job that talks, as one whole; empty: the end of its input. Numbers go
	 * up from 1 without a gap, for the whole life of the job: what was said under a number
	 * before, also by an earlier supervisor, is not said again. Copied. May be called from
	 * output(); of a job that has ended or does not talk, nothing.
	 */
	void (*say)(struct executor *x, uint64_t number, uint64_t nth, struct str input);
	/* Ask a live job to end; ended() follows as always. Absent or ended: nothing. */
	void (*stop)(struct executor *x, uint64_t number, enum job_stop how);
	/* Forget a job whose end is committed, and remove its folder. */
	void (*forget)(struct executor *x, uint64_t number, const char *dir);
	void (*free)(struct executor *x);
};

struct executor {
	const struct executor_ops *ops;
};

#endif
