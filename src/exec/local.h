#ifndef EXEC_LOCAL_H
#define EXEC_LOCAL_H

#include "port/executor.h"

struct uv_loop_s;

struct executor_local_options {
	const char *shim; /* ganger-shim, absolute */
	bool cgroup;      /* a cgroup for each job, where this truly works; else do without */
	int64_t bound_ms; /* from killing to giving a process up as unkillable; 0: 10 s */
};

/*
 * Jobs as processes of this machine, each under a ganger-shim of its own (src/exec/README.md).
 *
 * loop      outlives the executor
 * o         borrowed until return
 * ev        copied; called from the loop, never from within a call to the executor
 * ret       owned by the caller; ops->free(), after which nothing is called any more and the
 *           loop must run once more to let go of its handles. Jobs under way live on.
 * e         IO no descriptor or pipe left
 * Returns 0, or e->code.
 */
int executor_local_new(struct uv_loop_s *loop,
		       const struct executor_local_options *o,
		       const struct executor_events *ev,
		       struct executor **ret,
		       struct err *e) MUST_CHECK;

/* How jobs are held together here, in a few words for 'doctor'; borrowed from x. */
const char *executor_local_describe(const struct executor *x);

#endif
