#ifndef UI_CLI_ENTRY_H
#define UI_CLI_ENTRY_H

#include "base/oid.h"
#include "base/str.h"
#include "ui/cli/cli.h"

/* A branch on its way into an epic's merge queue; shared by 'submit' and 'finish'. */
struct entry {
	const char *epic, *id, *title;
	const char *branch; /* its name, for the pull request */
	struct oid head;    /* the commit it is pinned to */
	bool tracked;       /* an issue stands behind it */
};

/* The commit a ref names, in the epic's repository. NOT_FOUND says which. */
int entry_resolve(struct cli *c, const char *epic, const char *ref, struct oid *ret, struct err *e)
	MUST_CHECK;

/* Is a in b? */
int entry_contains(struct cli *c,
		   const char *epic,
		   const struct oid *a,
		   const struct oid *b,
		   bool *ret,
		   struct err *e) MUST_CHECK;

/* Keep the commit, open the pull request, and queue it: with the supervisor, or in the journal. */
int entry_send(struct cli *c, const struct entry *entry, struct buf *said, struct err *e) MUST_CHECK;

#endif
