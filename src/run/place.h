#ifndef RUN_PLACE_H
#define RUN_PLACE_H

#include "base/err.h"

/* What Git says of the folder that a command runs in; all absolute, owned. */
struct place_git {
	char *root;       /* top of the checkout */
	char *common_dir; /* of the repository, the same for all its worktrees */
};
void place_git_done(struct place_git *p);

/* Where a command acts: a repository, and the folder in which we keep what belongs to it. */
struct place {
	char *root; /* top of the checkout the command ran in */
	char *common_dir;
	char *name;      /* the repository's, for people and folders; safe as a file name */
	char *state_dir; /* <state>/<name>-<hash of common_dir>; may not exist yet */
};

/*
 * Work out the place from what Git found; takes over the texts of git.
 *
 * state_home  the key 'state_dir', or NULL for $XDG_STATE_HOME/ganger
 * ret         place_done()
 * e           INVALID: state_home is not absolute; NOT_FOUND: there is no home
 */
int place_find(struct place_git *git, const char *state_home, struct place *ret, struct err *e)
	MUST_CHECK;
void place_done(struct place *p);

#endif
