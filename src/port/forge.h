#ifndef PORT_FORGE_H
#define PORT_FORGE_H

#include "base/err.h"
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
};

struct forge;

struct forge_ops {
	const char *name;
	/* Find the open pull request of this head and base, or open it; the head's commit, title and
	 * body are brought up to date. At most one open one a head and base, whatever happens. */
	int (*ensure)(struct forge *f, const struct pull_spec *s, int64_t *ret_number, struct err *e);
	/* It is merged, by this commit of the base (landing by push), or closed unmerged (NULL). */
	int (*finish)(struct forge *f, int64_t number, const char *merged_sha, struct err *e);
	int (*get)(struct forge *f, int64_t number, struct pull *ret, struct err *e);
	void (*free)(struct forge *f);
};

struct forge {
	const struct forge_ops *ops;
};

#endif
