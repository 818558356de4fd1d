#ifndef EXEC_SWEEP_H
#define EXEC_SWEEP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Ending what is left of jobs whose shim died. A process belongs to a job when its environment
 * names the job's folder, or it stands in the job's worktree, or it descends from one that does.
 * Standing in the worktree does not count for a process with a terminal (a person's shell) or
 * one that is older than the job. Process 1, ourselves and our ancestors are never touched.
 */
struct sweep_target {
	/* in; strings owned by the caller */
	uint64_t number;
	const char *dir;      /* the job's folder */
	const char *worktree; /* its worktree, if it is ours alone; NULL: not looked at */
	const char *cgroup;   /* its leaf; NULL: none */
	uint64_t since;       /* start time of its shim; 0: unknown */
	/* out */
	int n_found;      /* processes that were ended */
	int n_unkillable; /* processes that could not be */
	char text[256];   /* which, for a person */
};

/*
 * Sweep them all at once, until two looks at all processes have found nothing, or bound_ms have
 * passed. Blocks; any thread, one at a time.
 */
void sweep_run(struct sweep_target *targets, size_t n_targets, int64_t bound_ms);

#endif
