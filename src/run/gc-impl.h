#ifndef RUN_GC_IMPL_H
#define RUN_GC_IMPL_H

#include "base/child.h"
#include "base/clean.h"
#include "base/str.h"
#include "core/core.h"
#include "port/git.h"
#include "run/gc.h"
#include "run/paths.h"

/* One epic being looked at, with its lock held unless it is a dry run. */
struct gc_epic {
	const struct gc_spec *spec;
	struct gc *gc;
	struct core core;
	struct paths paths;
	char *epic_branch;
	struct child_env env;
	struct git_epic_spec git_spec;
	struct git *git;
	int lock_fd;
	bool ended; /* the run; else the next one goes on from what is there */
	bool alive; /* a job lives, or may have left processes */
};

/* Where a removal that does not fail is carried out, and either way noted. */
typedef int gc_remove(struct gc_epic *x, const char *name, const void *arg, struct err *e);

void gc_removed(
	struct gc_epic *x, const char *kind, const char *name, gc_remove *remove, const void *arg);
/* look: a command up to what it is about, which 'on' is, quoted; on NULL: it is whole. */
void gc_kept(struct gc_epic *x,
	     const char *kind,
	     const char *name,
	     const char *why,
	     const char *look,
	     const char *on);

/* gc_refs.c: branches of tasks, and the attempts' refs. */
void gc_branches(struct gc_epic *x);
void gc_refs(struct gc_epic *x);

#endif
