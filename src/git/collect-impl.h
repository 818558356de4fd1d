#ifndef GIT_COLLECT_IMPL_H
#define GIT_COLLECT_IMPL_H

#include "git/impl.h"

/* One worktree being looked through. */
struct collection {
	struct git_repo *g;
	const struct slot *s;
	const struct job *j;
	struct git_work work;
	struct oid rest;   /* what was not committed, on top of the work; empty: nothing */
	struct oid branch; /* the task branch where HEAD left it behind; empty: it did not */
	bool has_folder, has_books;
	bool no_head;      /* HEAD named no commit: work.head is what was found instead */
	bool replaced_git; /* '.git' in the folder is a repository of the agent's making */
	struct err unread; /* why it is not known where the work is; code 0: it is */
};

/* Keep the answer. */
int collection_write(const struct collection *c, struct err *e) MUST_CHECK;

/* The answer given for this attempt before; false: none. What could not be read is in c->unread. */
bool collection_read(struct collection *c);

/* As ref_read(), but what could not be read is not forgotten: c->unread. */
bool collection_find(struct collection *c, const char *ref, struct oid *ret);

#endif
