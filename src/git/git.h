#ifndef GIT_GIT_H
#define GIT_GIT_H

#include "base/child.h"
#include "base/err.h"
#include "port/git.h"

#include <stdbool.h>

/* The oldest git this works with: merge-tree --write-tree came with 2.38. */
#define GIT_MAJOR_MIN 2
#define GIT_MINOR_MIN 38

/* Where a repository is and what it is called. Texts are owned; git_place_done() frees them. */
struct git_place {
	char *root;          /* top of the worktree it was looked for in; NULL: bare */
	char *git_dir;       /* absolute; private to that worktree */
	char *common_dir;    /* absolute, links resolved; what all its worktrees share */
	char *name;          /* the repository's: the folder name of its main worktree */
	char *state_name;    /* "<name>-<12 hex of common_dir>", safe as a file name */
	char *branch;        /* checked out in root, without refs/heads/; NULL: detached */
	char *remote;        /* the branch's remote, else "origin", else the only one; NULL: none */
	char *remote_branch; /* that remote's default branch, as known here; NULL: not known */
	char *config;        /* what 'git config -z --list' says, n_config bytes */
	size_t n_config;
	bool bare;
	bool unborn;             /* HEAD names no commit yet */
	int major, minor, patch; /* of git itself */
};

/*
 * Look at the repository that dir is in. Reads only, three git processes. Takes the variables by
 * which git hands a repository to its children (GIT_DIR, GIT_INDEX_FILE, …) out of account.
 *
 * env       how helpers are started; NULL: directly
 * ret       git_place_done()
 * e         NOT_FOUND no repository there, or no git on PATH; INVALID git is too old, or the
 *           repository is of a kind that cannot be worked in; IO
 */
int git_discover(const char *dir, const struct child_env *env, struct git_place *ret, struct err *e)
	MUST_CHECK;
void git_place_done(struct git_place *p);

/* A configured value ("user.email": section and key in lower case); NULL: not set. Borrowed. */
const char *git_place_config(const struct git_place *p, const char *key);

/*
 * Git for one epic (port/git.h), by git's own program.
 *
 * root      the user's checkout, or any folder in it
 * spec      borrowed until free
 * env       copied; what it points to is borrowed until free; NULL: programs run directly
 * ret       (*ret)->ops->free(*ret)
 * e         as git_discover
 */
int git_new(const char *root,
	    const struct git_epic_spec *spec,
	    const struct child_env *env,
	    struct git **ret,
	    struct err *e) MUST_CHECK;

/* Git processes started so far for this object, to hold the costs in README.md to account. */
unsigned git_process_count(const struct git *g);

#endif
