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
	bool untested; /* no queue.check */
	bool running;  /* a supervisor is at it */
};

void report_build(struct buf *b, const struct report_spec *s);

/* The commands by which a person brings this task on, one a line; nothing where none is needed. */
void report_next_step(struct buf *b, const struct report_spec *s, const struct task *t);

#endif
