#ifndef UI_CLI_EPIC_H
#define UI_CLI_EPIC_H

#include "run/session.h"
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

/*
 * What an operand ID names: a session, or a task, which is of the epic named with --epic, else of
 * the one that has it. e as view_epic_of(). session_id_done() in any case.
 *
 * ret       attempt 0: it is no session's
 */
int epic_of_id(struct cli *c, const char *id, struct session_id *ret, struct err *e) MUST_CHECK;

/* What a command finds of a task: its epic's journal, and where it is in it. */
struct found_task {
	struct view view;
	int at;
	int64_t attempt; /* a session was named: its own; else 0 */
};
/* found_task_done() in any case. */
int epic_find_task(struct cli *c, const char *id, struct found_task *ret, struct err *e) MUST_CHECK;
/* As epic_find_task(), where another session than the one at hand is NOT_FOUND. */
int epic_find_present(struct cli *c, const char *id, struct found_task *ret, struct err *e)
	MUST_CHECK;
/* What has been found, as it is by now. */
int epic_look_again(struct cli *c,
		    const struct found_task *before,
		    struct found_task *ret,
		    struct err *e) MUST_CHECK;
void found_task_done(struct found_task *f);

/* Is this process still the one that was started then (/proc/<pid>/stat, field 22)? */
bool process_lives(int64_t pid, int64_t start);

/* --attempt, or the session's, else the latest; INVALID, NOT_FOUND where there was none of it. */
int epic_attempt(struct cli *c, const struct found_task *f, int64_t *ret, struct err *e) MUST_CHECK;

/* Is somebody at this attempt: its agent, or a supervisor on the way to it? */
bool epic_attempt_runs(const struct found_task *f, int64_t attempt);

#endif
