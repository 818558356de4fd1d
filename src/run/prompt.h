#ifndef RUN_PROMPT_H
#define RUN_PROMPT_H

#include "base/err.h"
#include "base/str.h"

/* Of what an earlier try left, as much as this is put into the prompt; the rest is in its file. */
#define PROMPT_FEEDBACK_MAX 16384u

/* Of what an earlier try changed, as much as this from its beginning. */
#define PROMPT_DIFF_MAX 16384u

/* Of an epic's body, as much as this from its beginning. */
#define PROMPT_EPIC_MAX 16384u

/* A task that this one depended on and whose work is in the branch. */
struct prompt_landed {
	const char *id, *title;
};

#define PROMPT_TEMPLATE_MAX (1u << 20)

/* Of one of prompt.files, as much as this is put into the prompt. */
#define PROMPT_FILE_MAX 65536u

/* A file of the repository that every agent is to read. */
struct prompt_file {
	const char *name;
	struct str text;
};

/* All borrowed. NULL and empty mean none. */
struct prompt_spec {
	const char *epic, *epic_body; /* its title; NULL: there is no epic */
	const char *task, *title, *body, *comments;
	const char *worktree, *branch;
	const char *check;                  /* queue.check, which its work must pass */
	const struct prompt_landed *landed; /* n_landed of them */
	int n_landed;
	const struct prompt_file *files; /* n_files of them */
	int n_files;
	const struct prompt_file *instructions; /* those that the agent does not read by itself */
	int attempt;
	bool continues;            /* the worktree holds what the last try left */
	const char *feedback_path; /* file that says why the last try did not land */
	struct str feedback;       /* its text */
	struct str diff;           /* what the tries so far changed; at most PROMPT_DIFF_MAX is used */
	const char *diff_command;  /* that shows all of it */
	const char *conflicts;     /* for a resolver: the files in conflict, one a line */
	const char *ours, *theirs; /* and the log of each side */
	const char *touching;      /* of theirs, the commits to these files */
};

/* What an agent is told: the task in its author's words first, then the rules (CONTRACT.md). */
void prompt_build(struct buf *out, const struct prompt_spec *s);

/*
 * The same by a template: "{{name}}" becomes what it names, everything else stays.
 *
 * whole parts   task context done conflicts retry instructions files rules
 * single texts  id title body comments epic epic_body branch worktree attempt check feedback diff
 * e             INVALID: there is no such field, or a "{{" is not closed; names it
 */
int prompt_expand(struct buf *out, struct str text, const struct prompt_spec *s, struct err *e)
	MUST_CHECK;

#endif
