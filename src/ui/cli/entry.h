#ifndef UI_CLI_ENTRY_H
#define UI_CLI_ENTRY_H

#include "base/child.h"
#include "base/oid.h"
#include "base/str.h"
#include "port/git.h"
#include "run/paths.h"
#include "run/view.h"
#include "ui/cli/cli.h"

/* Git for an epic, opened at the first call that takes it; c and epic are the caller's. */
struct entry_git {
	struct cli *c;
	const char *epic;
	/* of entry.c */
	struct paths paths;
	char *epic_branch;
	struct git_epic_spec spec;
	struct child_env env;
	struct git *git;
	struct view view; /* what is known of the run, at the first entry */
	bool viewed;
};
void entry_git_done(struct entry_git *g);
/* Opens it where nobody has yet; the calls below do so by themselves. */
int entry_open(struct entry_git *g, struct err *e) MUST_CHECK;

/* A branch on its way into an epic's merge queue; shared by 'submit' and 'finish'. */
struct entry {
	const char *id, *title;
	const char *branch; /* its name, for the pull request */
	struct oid head;    /* the commit it is pinned to */
	bool tracked;       /* an issue stands behind it */
};

/* The commit a ref names, in the epic's repository. NOT_FOUND says which. */
int entry_resolve(struct entry_git *g, const char *ref, struct oid *ret, struct err *e) MUST_CHECK;

/* Is a in b? */
int entry_contains(struct entry_git *g,
		   const struct oid *a,
		   const struct oid *b,
		   bool *ret,
		   struct err *e) MUST_CHECK;

/* Has what was submitted by this issue landed, as the journal has it? Then the next has another. */
bool entry_is_over(struct entry_git *g, const char *id);

/* Keep the commit, open the pull request, and queue it: with the supervisor, or in the journal. */
int entry_send(struct entry_git *g, const struct entry *entry, struct buf *said, struct err *e)
	MUST_CHECK;

#endif
