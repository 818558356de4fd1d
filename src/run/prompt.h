#ifndef RUN_PROMPT_H
#define RUN_PROMPT_H

#include "base/str.h"

/* Of what an earlier try left, as much as this is put into the prompt; the rest is in its file. */
#define PROMPT_FEEDBACK_MAX 16384u

/* A task that this one depended on and whose work is in the branch. */
struct prompt_landed {
	const char *id, *title;
};

/* All borrowed. NULL and empty mean none. */
struct prompt_spec {
	const char *epic, *task, *title, *body, *comments;
	const char *worktree, *branch;
	const char *check;                  /* queue.check, which its work must pass */
	const struct prompt_landed *landed; /* n_landed of them */
	int n_landed;
	int attempt;
	bool continues;            /* the worktree holds what the last try left */
	const char *feedback_path; /* file that says why the last try did not land */
	struct str feedback;       /* its text */
	const char *conflicts;     /* for a resolver: the files in conflict, one a line */
};

/* What an agent is told: the task in its author's words first, then the rules (CONTRACT.md). */
void prompt_build(struct buf *out, const struct prompt_spec *s);

#endif
