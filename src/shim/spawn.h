#ifndef SHIM_SPAWN_H
#define SHIM_SPAWN_H

#include "shim/job.h"

/* The step of a start that failed, and why. */
struct spawn_failure {
	const char *step; /* "run" or "enter folder" */
	const char *name; /* of what; borrowed from the options */
	int sys;          /* errno */
};

/*
 * Start the program: in a session of its own, with default signals and no descriptor but 0, 1
 * and 2, to be killed by the kernel when we die. Returns its number once its exec succeeded, or
 * -1 with nothing left running.
 */
pid_t spawn_program(const struct job_options *o, struct spawn_failure *ret);

#endif
