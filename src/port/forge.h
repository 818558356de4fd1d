#ifndef PORT_FORGE_H
#define PORT_FORGE_H

#include "base/err.h"
#include "base/oid.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Where pull requests live. Calls block, are made off the loop's thread, and are idempotent. */

enum pull_state { PULL_OPEN = 1, PULL_MERGED, PULL_CLOSED };

struct pull {
	int64_t number;
	char *head, *base; /* branch names */
	char *head_sha;
	char *title, *body;
	char *task;
	enum pull_state state;
	char *merged_sha;  /* empty until merged */
};
void pull_done(struct pull *p);

struct pull_spec {
	const char *head, *base, *head_sha, *title, *body, *task;
	const char *labels_of; /* an issue of the forge itself, whose labels it gets; NULL: none */
};

/* Landing by the forge itself, in place of a push. */
enum forge_merged {
	FORGE_MERGED = 1, /* now or from before; the commit is 'sha' */
	FORGE_MOVED,      /* the base is not what it was merged onto, or does not merge any more */
};

struct forge_merge_spec {
	int64_t number;
	const char *head_sha;        /* what was tested: it merges this or nothing */
	const char *method;          /* "merge", "squash", "rebase" */
	const char *title, *message; /* of the commit */
};

struct forge_merge {
	enum forge_merged result;
	struct oid sha; /* of MERGED: the commit of the base; empty: the forge does not say */
};

/* How something gets into a branch. */
enum forge_way { FORGE_BY_PUSH = 1, FORGE_BY_PULL };

/* How a merge there looks, as a set. */
enum forge_method {
	FORGE_MERGE = 1,
	FORGE_SQUASH = 2,
	FORGE_REBASE = 4,
	FORGE_ANY = FORGE_MERGE | FORGE_SQUASH | FORGE_REBASE,
};

struct forge;

struct forge_ops {
	const char *name;
	/* Find the open pull request of this head and base, or open it; the head's commit, title and
	 * body are brought up to date. At most one open one a head and base, whatever happens.
	 * Number 0: there is nothing in the head that the base has not. */
	int (*ensure)(struct forge *f, const struct pull_spec *s, int64_t *ret_number, struct err *e);
	/* It is merged, by this commit of the base (landing by push), or closed unmerged (NULL).
	 * CONFLICT: it ended otherwise already, by us; what people did to it stays as it is. */
	int (*finish)(struct forge *f, int64_t number, const char *merged_sha, struct err *e);
	/*
	 * Merge it there. NULL: this kind cannot. BUSY: it is not to be merged yet (checks, reviews,
	 * the forge's queue), e->until_ms says when to ask again; CONFLICT: its head is not what
	 * was tested, or it was closed; INVALID: the forge refuses.
	 */
	int (*merge)(struct forge *f,
		     const struct forge_merge_spec *s,
		     struct forge_merge *ret,
		     struct err *e);
	/* What it asks of a change to this branch that a push, or a pull request, alone has not: "a pull
	 * request, the check 'ci'", "1 approving review"; empty: nothing that is known. Who changes it
	 * may be let through all the same. NULL: this kind asks for nothing. */
	int (*asks)(struct forge *f,
		    const char *branch,
		    enum forge_way way,
		    struct buf *ret,
		    struct err *e);
	/* What an open pull request lacks of that as it is now, and that it is no draft; the rest as of
	 * asks(). */
	int (*waits)(struct forge *f, int64_t number, struct buf *ret, struct err *e);
	/* The set of methods by which merge() may be asked to merge into this branch, as far as it is told.
	 * NULL: any. */
	int (*methods)(struct forge *f, const char *branch, unsigned *ret, struct err *e);
	/* The commit of the base as which a pull request of exactly this head was merged, by whomever: it may
	 * have been squashed. ret: empty where none was. NULL: this kind only merges what stays in sight. */
	int (*merged_as)(struct forge *f,
			 const struct pull_spec *s,
			 struct oid *ret,
			 struct err *e);
	int (*get)(struct forge *f, int64_t number, struct pull *ret, struct err *e);
	/* As of a tracker. */
	void (*hurry)(struct forge *f, int64_t each_ms);
	void (*free)(struct forge *f);
};

struct forge {
	const struct forge_ops *ops;
};

#endif
