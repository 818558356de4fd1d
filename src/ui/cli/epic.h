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

/* Is this process still the one that was started then (/proc/<pid>/stat, field 22)? */
bool process_lives(int64_t pid, int64_t start);

/* --attempt, else the latest; INVALID, NOT_FOUND where there was none of that number. */
int epic_attempt(struct cli *c, const struct task *t, int64_t *ret, struct err *e) MUST_CHECK;

/* Is somebody at this attempt: its agent, or a supervisor on the way to it? */
bool epic_attempt_runs(const struct found_task *f, int64_t attempt);

#endif
