#ifndef RUN_REPORT_H
#define RUN_REPORT_H

#include "base/str.h"
#include "core/core.h"
#include "run/paths.h"

/* What happened, for a person in the morning; also in mid-run. Markdown that reads as text. */
struct report_spec {
	const struct core *core;
	const char *title; /* of the epic */
	const char *epic_branch;
	const char *task_pattern; /* git.task_branch */
	const struct paths *paths;
	bool untested;    /* no queue.check */
	int batch;        /* queue.batch */
	bool running;     /* a supervisor is at it */
	const char *found; /* as found.h has it; NULL: nothing */
	const char *push; /* git.push in force: "never", "epic", "all" */
};

void report_build(struct buf *b, const struct report_spec *s);

/* The same for what stopped the run as a whole: its log, and how to go on. */
void report_run_step(struct buf *b, const struct report_spec *s);

/*
 * The commands by which a person brings this task on, one a line and fit for sh (what only they
 * can do is a comment); nothing where none is needed. They hold anywhere in the checkout, and
 * where no supervisor is at it, 'ganger run' comes after them.
 */
void report_next_step(struct buf *b, const struct report_spec *s, const struct task *t);

#endif
