#ifndef EXEC_START_H
#define EXEC_START_H

#include "port/executor.h"

/* What every start of an executor has in common; borrowed. */
struct start_env {
	const char *shim;
	const char *cgroup_base; /* NULL: no cgroups */
	int ready_fd;            /* writing end of the ready pipe */
	int64_t bound_ms;
};

/*
 * Make the job's folder and status file, and start its shim.
 *
 * ret_pid   of the shim, a child of ours that nobody else waits for
 * e         CONFLICT the status file was there already: the job is started; IO, LIMIT and
 *           others: nothing runs and nothing is left behind
 */
int start_job(const struct start_env *env, const struct job_spec *s, pid_t *ret_pid, struct err *e)
	MUST_CHECK;

/* Let the program find its job, and a sweep find the program. */
#define START_JOB_VARIABLE "GANGER_JOB"

#endif
