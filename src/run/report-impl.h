#ifndef RUN_REPORT_IMPL_H
#define RUN_REPORT_IMPL_H

#include "run/report.h"

/* Shared by the files of the report: one command for sh, with its line's end, each. */

/* "ganger COMMAND ID" */
void step_ganger(struct buf *b, const char *command, const char *id);
/* Of a task. Its epic may have it beside another: the base's news, and what is dispatched. */
void step_of_task(struct buf *b,
		  const char *command,
		  const struct report_spec *s,
		  const struct task *t);
/* Of a task, with the name of the question that it answers; NULL: it has none. */
void step_answer(struct buf *b,
		 const char *command,
		 const struct report_spec *s,
		 const struct task *t,
		 const char *question);
/* To read a file; nothing where there is none. */
void step_path(struct buf *b, const char *path);

#endif
