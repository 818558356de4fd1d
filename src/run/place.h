#ifndef RUN_PLACE_H
#define RUN_PLACE_H

#include "base/err.h"

#include <stdbool.h>

/* Where a command acts: a repository, as Git sees it, and our folder for it. Texts are owned. */
struct place {
	char *root;          /* top of the checkout that the command ran in; absolute */
	char *common_dir;    /* of the repository, the same for all its worktrees; absolute */
	char *name;          /* the repository's, for people */
	char *state_name;    /* "<name>-<hash of common_dir>", safe as a file name */
	char *branch;        /* checked out in root; NULL: none is */
	char *remote;        /* the branch's, else "origin", else the only one; NULL: none */
	char *remote_url;    /* its address, as configured; NULL: no remote */
	char *remote_branch; /* the remote's default branch; NULL: not known */
	char *user_name, *user_email; /* who commits, as configured; NULL: not set */
	bool unborn;                  /* there is no commit yet */
	char git_version[32];
	char *state_dir; /* <state>/<state_name>, from place_set_state; may not exist yet */
};

/*
 * Work out state_dir.
 *
 * state_home  the key 'state_dir', or NULL for $XDG_STATE_HOME/ganger
 * e           INVALID: state_home is not absolute; NOT_FOUND: there is no home
 */
int place_set_state(struct place *p, const char *state_home, struct err *e) MUST_CHECK;
/* Write down in its state folder, which must be there, whose it is; 'gc' reads it. */
int place_note(const struct place *p, struct err *e) MUST_CHECK;
/* What is written there; the caller owns it. NULL: nothing is. */
char *place_noted(const char *state_dir);
/* What an epic of here comes from where none has begun: the key 'base' (or NULL), the remote's default
 * branch, the one that is checked out; NULL: none of them is known. Borrowed. */
const char *place_base(const struct place *p, const char *base);
void place_done(struct place *p);

#endif
