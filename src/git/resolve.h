#ifndef GIT_RESOLVE_H
#define GIT_RESOLVE_H

#include "base/map.h"
#include "git/leftovers.h"

/*
 * Begin the merge of the epic's head in a worktree that is at the work: what conflicts has its
 * markers (zdiff3), what was resolved like this before is resolved. A merge without a conflict
 * is left uncommitted too.
 */
int resolve_begin(struct git_repo *g, const struct slot *s, const struct oid *epic_head, struct err *e);

/* How the files are now is how this conflict is resolved, where no marker is left in one. */
void resolve_remember(struct git_repo *g, const struct slot *s);

/* What an agent made of a conflict. resolution_done(). */
struct resolution {
	struct tree_merge merge; /* of the work and the epic's head, as git made it */
	struct oid base;         /* a tree: what its files are to be compared with */
	struct map allowed;      /* paths that it may change */
	struct buf changed;      /* paths that differ from the merge as git made it */
	bool goes_on;            /* the merge is in progress; else the agent committed it */
	bool forget;             /* how it was resolved is not to be remembered */
	char problem[512];       /* why it is none; empty: it is */
};
void resolution_done(struct resolution *r);

/* head: where HEAD is. Fills merge, base, goes_on; a problem where the merge was given up. */
int resolution_look(struct git_repo *g,
		    const struct slot *s,
		    const struct job *j,
		    const struct oid *head,
		    struct resolution *r,
		    struct err *e);

/* The files of the conflict are the agent's, whatever they are called and whoever brought them. */
void resolution_claim(const struct resolution *r, struct leftovers *l);

/*
 * Is this tree the merge, resolved? problem: markers are left, a file is as the conflict left it,
 * or one was touched that is neither in conflict nor the task's. Five processes.
 */
int resolution_check(struct git_repo *g,
		     const struct job *j,
		     const struct oid *tree,
		     struct resolution *r,
		     struct err *e);

/* The merge, on the epic's head and on what the agent left: a landing by rebase takes its first. */
int resolution_commit(struct git_repo *g,
		      const struct job *j,
		      const struct oid *head,
		      const struct oid *tree,
		      struct oid *ret,
		      struct err *e);

#endif
