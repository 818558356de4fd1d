#ifndef RUN_GC_H
#define RUN_GC_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

/*
 * What ganger left in a repository that nobody needs any more. What is proven to be merged, or
 * to be named by nothing, goes; everything else stays and is listed with the reason.
 */
struct config;
struct parts;
struct place;

struct gc_spec {
	const struct place *place;
	const struct config *config;
	const struct parts *parts;
	bool dry_run; /* the same list, and nothing is done */
};

enum gc_result {
	GC_REMOVED = 1, /* or would be */
	GC_KEPT,        /* for a reason */
	GC_FAILED,      /* it should have gone, but could not be removed */
};

struct gc_item {
	enum gc_result result;
	const char *kind; /* "worktree", "branch", …; static */
	char *epic;       /* its id; NULL: none */
	char *name;       /* a path or a ref */
	char *why;        /* KEPT, FAILED */
	char *look;       /* a command that looks at it; NULL: none would help */
};
struct gc {
	VEC(struct gc_item) items;
};

/*
 * Each epic is locked while it is worked on; one that is being run is left as it is. What goes
 * wrong with one thing is said of it, and the others are gone on with.
 *
 * ret       gc_done()
 * e         IO: the state folder cannot be read
 */
int gc_run(const struct gc_spec *s, struct gc *ret, struct err *e) MUST_CHECK;
void gc_done(struct gc *g);

#endif
