#ifndef SHIM_JOB_H
#define SHIM_JOB_H

#include <stdint.h>
#include <sys/types.h>

/*
 * One job: the program, everything that descends from it, its limits and its status file. Given
 * at start: standard input, output and error of the program as 0, 1 and 2 (1 and 2 being the
 * log, opened for append), and the status file with its lock.
 */
struct job_options {
	uint64_t number;
	int status_fd;      /* the status file, locked; closes with our exit */
	int ready_fd;       /* where to say that the program runs, and that it ended; -1: nowhere */
	int input_fd;       /* a listening socket: the program's input comes by it; -1: none */
	int64_t timeout_ms; /* 0: none; time the machine sleeps does not count */
	int64_t silence_ms; /* 0: none */
	int64_t grace_ms;   /* from asking to killing */
	int64_t bound_ms;   /* from killing to giving a process up as unkillable */
	int64_t log_bytes;  /* 0: no cap */
	const char *cwd;    /* of the program */
	const char *watch;  /* folder whose changes count as life; NULL: none */
	const char *cgroup; /* an empty leaf for this job alone; NULL: none */
	char **argv;        /* of the program; looked up on PATH */
};

/*
 * Run it to its end, with nothing left behind. Signals: SIGUSR2 asks it to end (however often),
 * SIGTERM asks the first time and kills the second, SIGUSR1 kills; all others are ignored.
 *
 * Returns the exit status of the shim, which nobody needs: what happened is in the status file.
 */
int job_run(const struct job_options *o);

/* Milliseconds of the clock that limits use: monotonic, standing still while the machine sleeps. */
int64_t job_now_ms(void);
/* Milliseconds of wall clock since 1970. */
int64_t job_wall_ms(void);

#endif
