#ifndef EXEC_CGROUP_H
#define EXEC_CGROUP_H

#include "base/err.h"

/*
 * Cgroups (v2) as a second hold on the processes of a job: they go by one write, however they
 * fork. Used where a folder of the hierarchy was delegated to us, and never needed.
 */

/*
 * The folder in which we may make leaves, tried out with the shim as the process that moves; NULL
 * where there is none, with the reason in why. Owned by the caller.
 */
char *cgroup_find(const char *shim, struct err *why);

/* Make the leaf of the job in folder job_dir. Owned by the caller; NULL: do without. */
char *cgroup_leaf_make(const char *base, const char *job_dir);

/* End everything in a leaf; where it is gone there is nothing. */
void cgroup_leaf_kill(const char *leaf);

/* Remove a leaf that is empty by now; NULL is fine. */
void cgroup_leaf_remove(const char *leaf);

#endif
