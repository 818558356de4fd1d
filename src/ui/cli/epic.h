#ifndef UI_CLI_EPIC_H
#define UI_CLI_EPIC_H

#include "run/view.h"
#include "ui/cli/cli.h"

/* Which epic is meant, for the commands that look at runs or ask something of them. */

/*
 * The one named, else the one that changed last of those with a run here.
 *
 * ret       owned by the caller
 * e         NOT_FOUND: there was no run here yet
 */
int epic_latest(struct cli *c, const char *named, char **ret, struct err *e) MUST_CHECK;

/* As epic_latest, and its journal; view_done() in any case. */
int epic_view(struct cli *c, const char *named, struct view *ret, struct err *e) MUST_CHECK;

/* The one named with --epic, else the one that has this task. e as view_epic_of(). */
int epic_of_task(struct cli *c, const char *task, char **ret, struct err *e) MUST_CHECK;

/* What a command finds of a task: its epic's journal, and where it is in it. */
struct found_task {
	struct view view;
	int at;
};
/* found_task_done() in any case. */
int epic_find_task(struct cli *c, const char *task, struct found_task *ret, struct err *e)
	MUST_CHECK;
void found_task_done(struct found_task *f);

#endif
